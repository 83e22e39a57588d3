// doctor: one thing after the other is looked at, and what can be done is said beside it. What
// fails does not end it: whatever can still be asked is.
#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/interrupt.h"
#include "common/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PATIENCE_MS    10000 // bodies are tried again for so long: somebody waits
#define EXPIRES_SOON_S 3600

static void doctor_clear(struct doctor *d)
{
    connection_close(&d->connection);
    doctor_report_clear(&d->report);
}

void doctor_say_failed(struct doctor *d, const char *what, const char *remedy)
{
    doctor_say(&d->report, DOCTOR_FAIL, what, remedy, "%s", err_text());
}

static const char *credentials_from(const struct options *o)
{
    if (o->profile == NULL && getenv("AWS_ACCESS_KEY_ID") != NULL)
        return "the environment";
    return "the profile";
}

static void say_credentials(struct doctor *d, const struct credentials *c)
{
    int64_t left = c->expires_s - clock_wall_s();
    const char *from = credentials_from(d->options);
    const char *kind = c->session_token != NULL ? "temporary" : "long-lived";
    if (c->expires_s == 0)
        doctor_say(&d->report, DOCTOR_OK, "credentials", NULL, "%s, from %s, %s", c->access_key_id,
                   from, kind);
    else
        doctor_say(&d->report, left > EXPIRES_SOON_S ? DOCTOR_OK : DOCTOR_WARN, "credentials",
                   left > EXPIRES_SOON_S ? NULL : "renew them",
                   "%s, from %s, expire in %" PRId64 " min", c->access_key_id, from, left / 60);
}

static bool look_at_credentials(struct doctor *d)
{
    CLEANUP(credentials_clear) struct credentials c = {0};
    struct credentials_source *source = NULL;
    int rc = secret_init();
    if (rc == 0)
        rc = credentials_source_new(&source, d->options->profile);
    if (rc == 0)
        rc = credentials_get(source, &c);
    if (rc == 0)
        say_credentials(d, &c);
    else
        doctor_say_failed(d, "credentials",
                          "give a profile (--profile), or AWS_ACCESS_KEY_ID and "
                          "AWS_SECRET_ACCESS_KEY");
    if (source != NULL)
        credentials_source_free(source);
    return rc == 0;
}

static bool connect_all(struct doctor *d)
{
    int rc = connection_open(&d->connection, d->options, &d->source, CONNECTION_LIST);
    if (rc < 0) {
        doctor_say_failed(d, "settings", NULL);
        return false;
    }
    d->connection.endpoint.retry_total_ms = PATIENCE_MS;
    return true;
}

static void examine(struct doctor *d)
{
    static const char WHY[] = "not asked: see the line before";
    doctor_look_at_host(d);
    if (!look_at_credentials(d) || !connect_all(d)) {
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
