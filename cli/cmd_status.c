// status: what of a running mount is in S3, what is on its way, and what failed. Asks its daemon by
// a socket; a mount that hangs does not hang this.
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/shown.h"
#include "cli/status_ask.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/err.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define POLL_MS 300 // --wait: how often the mount is asked

enum { STATUS_IN_S3 = 0, STATUS_FAILED = 1, STATUS_ON_ITS_WAY = 3 }; // 2 is wrong usage

static const char *text_of(const struct kv *kv, const char *name)
{
    const char *text = kv_get(kv, name);
    return text != NULL ? text : "";
}

// What is no number counts as none.
static uint64_t number_of(const struct kv *kv, const char *name)
{
    uint64_t number = 0;
    return decimal_parse(text_of(kv, name), UINT64_MAX, &number) == 0 ? number : 0;
}

static bool is_on_its_way(const struct status *s)
{
    return number_of(&s->totals, "open") + number_of(&s->totals, "committing") > 0;
}

static int verdict(const struct status *s)
{
    if (number_of(&s->totals, "failed") > 0)
        return STATUS_FAILED;
    return is_on_its_way(s) ? STATUS_ON_ITS_WAY : STATUS_IN_S3;
}

// ---- for people

static void print_size(const char *before, uint64_t bytes, const char *after)
{
    char size[32];
    size_format(size, bytes);
    printf("%s%s%s", before, size, after);
}

static void print_writer(const struct kv *file)
{
    const char *command = kv_get(file, "command");
    fputs(", by ", stdout);
    if (command != NULL) {
        shown_print(stdout, command);
        printf(" (pid %" PRIu64 ", uid %" PRIu64 ")", number_of(file, "pid"),
               number_of(file, "uid"));
    } else {
        printf("uid %" PRIu64, number_of(file, "uid"));
    }
}

static void print_times(const struct kv *file)
{
    fputs(", opened ", stdout);
    shown_print(stdout, text_of(file, "opened"));
    if (kv_get(file, "closed") != NULL) {
        fputs(", closed ", stdout);
        shown_print(stdout, text_of(file, "closed"));
    }
}

static void print_reason(const struct kv *file)
{
    fputs("\n            ", stdout);
    shown_print(stdout, text_of(file, "reason"));
    if (kv_get(file, "heard") != NULL && number_of(file, "heard") == 0)
        fputs(" (no program was there to hear it)", stdout);
}

static void print_file(const struct kv *file)
{
    bool failed = strcmp(text_of(file, "state"), "failed") == 0;
    char *state = shown_name(failed ? "FAILED" : text_of(file, "state"));
    printf("%-10s  ", state != NULL ? state : "");
    free(state);
    shown_print(stdout, text_of(file, "file"));
    print_size(": ", number_of(file, "written"), " written");
    print_size(", ", number_of(file, "in_s3"), " in S3");
    if (number_of(file, "sent") > 0)
        print_size(", ", number_of(file, "sent"), " more sent");
    print_writer(file);
    print_times(file);
    if (failed)
        print_reason(file);
    putchar('\n');
}

static void print_totals(const struct status *s)
{
    const struct kv *t = &s->totals;
    uint64_t way = number_of(t, "open") + number_of(t, "committing");
    printf("%" PRIu64 " on their way to S3, %" PRIu64 " failed, %" PRIu64 " in S3", way,
           number_of(t, "failed"), number_of(t, "committed"));
    if (number_of(t, "more") > 0)
        printf(" (%" PRIu64 " files more than are shown)", number_of(t, "more"));
    print_size("; memory ", number_of(t, "memory_used"), "");
    print_size(" of ", number_of(t, "memory_limit"), "");
    print_size(", at most ", number_of(t, "memory_peak"), "");
    printf("; %" PRIu64 " parts being sent", number_of(t, "parts"));
    if (kv_get(t, "credentials_expire") != NULL) {
        fputs("; credentials expire ", stdout);
        shown_print(stdout, text_of(t, "credentials_expire"));
    }
    putchar('\n');
}

static void print_text(const struct status *s)
{
    shown_print(stdout, text_of(&s->totals, "source"));
    fputs(" on ", stdout);
    shown_print(stdout, text_of(&s->totals, "mount"));
    printf(", pid %" PRIu64 ", since ", number_of(&s->totals, "pid"));
    shown_print(stdout, text_of(&s->totals, "started"));
    putchar('\n');
    for (size_t i = 0; i < s->count; i++)
        print_file(&s->files[i]);
    print_totals(s);
}

// ---- for programs

static struct json_t *to_json(const struct kv *kv)
{
    static const char *const TEXTS[] = {
        "file",   "state",   "reason", "command", "opened",
        "closed", "started", "mount",  "source",  "credentials_expire"};
    struct json_t *object = json_new();
    KV_EACH (kv, pair) {
        bool is_text = false;
        for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
            is_text = is_text || strcmp(TEXTS[i], pair->name) == 0;
        if (is_text)
            json_add_text(object, pair->name, pair->value);
        else if (strcmp(pair->name, "heard") == 0)
            json_add_bool(object, pair->name, strcmp(pair->value, "0") != 0);
        else if (strcmp(pair->name, "rdsbak") != 0)
            json_add_number(object, pair->name, number_of(kv, pair->name));
    }
    return object;
}

static int print_json(const struct status *s, int status)
{
    static const char *const VERDICTS[] = {
        [STATUS_IN_S3] = "in S3", [STATUS_FAILED] = "failed", [STATUS_ON_ITS_WAY] = "on its way"};
    AUTO_JSON struct json_t *document = to_json(&s->totals);
    struct json_t *files = json_list();
    json_add_text(document, "verdict", VERDICTS[status]);
    for (size_t i = 0; i < s->count; i++)
        json_append(files, to_json(&s->files[i]));
    json_add(document, "files", files);
    return json_print(document);
}

// ---- all together

static int ask_until(const struct options *o, const struct status_place *place, struct status *out)
{
    int64_t wait_ms = o->wait_s != OPTION_UNSET ? (int64_t)o->wait_s * 1000 : 0;
    int64_t until_ms = clock_ms() + wait_ms;
    for (;;) {
        int rc = status_ask(place, o->acknowledge, out);
        if (rc < 0 || !is_on_its_way(out) || clock_ms() >= until_ms)
            return rc;
        status_clear(out);
        clock_sleep_ms(POLL_MS);
    }
}

int cmd_status(const struct options *o)
{
    AUTO_STATUS_PLACE struct status_place place = {0};
    AUTO_STATUS struct status s = {0};
    if (o->acknowledge && o->wait_s != OPTION_UNSET)
        return err_set(-EINVAL, "--acknowledge: not with --wait; wait, look, then acknowledge");
    int rc = status_find(o->arguments[0], &place);
    if (rc == 0 && o->set_log_level >= 0)
        rc = status_set_log_level(&place, (enum log_level)o->set_log_level);
    if (rc == 0)
        rc = ask_until(o, &place, &s);
    if (rc < 0)
        return rc;
    int status = verdict(&s);
    if (o->json)
        rc = print_json(&s, status);
    else
        print_text(&s);
    return rc < 0 ? rc : status;
}
