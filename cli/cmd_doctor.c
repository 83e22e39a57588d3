// doctor: one thing after the other is looked at, and what can be done is said beside it. What
// fails does not end it: whatever can still be asked is.
#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/interrupt.h"
#include "common/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PATIENCE_MS 10000 // bodies are tried again for so long: somebody waits

static void doctor_clear(struct doctor *d)
{
    connection_close(&d->connection);
    doctor_report_clear(&d->report);
}

void doctor_say_failed(struct doctor *d, const char *what, const char *remedy)
{
    doctor_say(&d->report, DOCTOR_FAIL, what, remedy, "%s", err_text());
}

static void say_credentials(struct doctor *d, const char *what, struct credentials_source *source)
{
    struct credentials_description c;
    credentials_describe(source, &c);
    int64_t left = c.expires_s - clock_wall_s();
    if (!c.usable)
        doctor_say(&d->report, DOCTOR_FAIL, what, "renew them, or give others (--profile)",
                   "%s, from %s: %s", c.access_key_id, c.source,
                   *c.trouble != '\0' ? c.trouble : "expired, or refused by the server");
    else if (c.expires_s == 0)
        doctor_say(&d->report, DOCTOR_OK, what, NULL, "%s, from %s; they do not expire",
                   c.access_key_id, c.source);
    else
        doctor_say(&d->report, DOCTOR_OK, what, NULL, "%s, from %s; they expire in %" PRId64 " min",
                   c.access_key_id, c.source, left / 60);
}

// Credentials and settings are found together; what is wrong with the options is said as that.
static bool connect_all(struct doctor *d)
{
    struct connection *c = &d->connection;
    int rc = connection_open(c, d->options, &d->source, CONNECTION_LIST);
    if (rc == -EINVAL)
        doctor_say_failed(d, "settings", NULL);
    else if (rc < 0)
        doctor_say_failed(d, "credentials",
                          "give a profile (--profile), a role to the machine, or AWS_ACCESS_KEY_ID "
                          "and AWS_SECRET_ACCESS_KEY");
    if (rc < 0)
        return false;
    say_credentials(d, "credentials", c->credentials);
    if (c->kms_credentials != NULL)
        say_credentials(d, "credentials for KMS", c->kms_credentials);
    c->endpoint.retry_total_ms = PATIENCE_MS;
    return true;
}

static void examine(struct doctor *d)
{
    static const char WHY[] = "not asked: see the line before";
    doctor_look_at_host(d);
    if (!connect_all(d)) {
        doctor_say(&d->report, DOCTOR_UNCHECKED, "bucket and key", NULL, "%s", WHY);
        return;
    }
    if (doctor_look_at_bucket(d))
        doctor_look_at_rights(d);
    else
        doctor_say(&d->report, DOCTOR_UNCHECKED, "permissions", NULL, "%s", WHY);
    doctor_look_at_key(d);
}

static int report(struct doctor *d)
{
    int rc = 0;
    size_t failed = doctor_count(&d->report, DOCTOR_FAIL);
    if (d->options->json) {
        AUTO_JSON struct json_t *json = doctor_json(&d->report);
        rc = json_print(json);
    } else {
        doctor_print_summary(stdout, &d->report);
    }
    if (rc == 0 && fflush(stdout) != 0)
        rc = err_set(-EIO, "stdout: cannot be written: %s", strerror(errno));
    if (rc == 0)
        rc = interrupt_check();
    if (rc == 0 && failed > 0)
        rc = err_set(-EIO, "%zu of %zu checks failed", failed, d->report.count);
    return rc;
}

int cmd_doctor(const struct options *o)
{
    CLEANUP(doctor_clear) struct doctor d = {.options = o};
    int rc = source_parse(o->arguments[0], &d.source);
    if (rc == 0)
        rc = source_need_prefix(&d.source);
    if (rc < 0)
        return rc;
    d.report.out = o->json ? NULL : stdout;
    interrupt_catch();
    examine(&d);
    return report(&d);
}
