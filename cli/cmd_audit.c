// audit: every object under a prefix, whether it is encrypted, how and under which key. A page of
// the listing at a time is asked with HEADs in parallel and printed, so memory does not grow with
// the bucket. What finds the facts of one is audit_look.c, what judges and prints is audit.c.
#include "cli/audit_look.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/interrupt.h"
#include "cli/shown.h"
#include "common/clock.h"
#include "object/parallel.h"
#include "s3/kms.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BATCH_MAX   1000 // a page of LIST
#define THREADS_MAX 32   // HEADs at once; S3 answers each in about 20 ms

struct audit {
    struct connection *connection;
    const struct options *options;
    struct audit_look look; // look.skip: bytes of the key that every line would repeat
    int64_t now_s;
    struct audit_entry *batch; // owned by cmd_audit; BATCH_MAX
    size_t batch_count;
    uint64_t seen;
    bool printed_item; // of the JSON list
    bool moving_line;  // stderr is a terminal and stdout is not
    struct audit_tally tally;
};

// Several threads, an entry each.
static int ask(void *context, size_t index)
{
    struct audit *a = context;
    int rc = interrupt_check();
    if (rc == 0)
        audit_look(&a->look, &a->batch[index]);
    return rc;
}

// ---- printing ----

static int print_item(struct audit *a, struct json_t *item)
{
    fputs(a->printed_item ? ",\n    " : "\n    ", stdout);
    a->printed_item = true;
    int rc = json_print_item(stdout, item);
    json_free(item);
    return rc;
}

static int print_entry(struct audit *a, struct audit_entry *e)
{
    const struct option_list *allowed = &a->options->allow_keys;
    audit_count(&a->tally, &e->finding, allowed);
    if (a->options->json)
        return print_item(a, audit_json(&e->finding, allowed, a->now_s));
    audit_print(stdout, &e->finding, allowed, a->now_s);
    return 0;
}

static void show_moving_line(const struct audit *a, bool last)
{
    if (!a->moving_line)
        return;
    fputs("\r\033[K", stderr);
    if (!last)
        fprintf(stderr, "audit: %" PRIu64 " objects, %" PRIu64 " not proved", a->seen,
                a->tally.failed);
}

static int flush_batch(struct audit *a)
{
    unsigned threads = a->connection->endpoint.connections_max;
    if (threads > THREADS_MAX)
        threads = THREADS_MAX;
    int rc = parallel_run(threads, a->batch_count, ask, a);
    for (size_t i = 0; i < a->batch_count; i++) {
        if (rc == 0)
            rc = print_entry(a, &a->batch[i]);
        audit_entry_clear(&a->batch[i]);
    }
    a->batch_count = 0;
    show_moving_line(a, false);
    if (rc == 0 && ferror(stdout))
        rc = err_set(-EPIPE, "stdout: cannot be written");
    return rc;
}

static int take_listed(void *context, const struct store_listed *listed)
{
    struct audit *a = context;
    struct audit_entry *e = &a->batch[a->batch_count];
    if (strlen(listed->key) > STORE_KEY_MAX)
        return err_set(-EIO, "a listed key is longer than S3's %d bytes", STORE_KEY_MAX);
    *e = (struct audit_entry){0};
    memcpy(e->key, listed->key, strlen(listed->key) + 1);
    e->finding = (struct audit_finding){.name = e->key + a->look.skip,
                                        .size = listed->size,
                                        .mtime_s = listed->mtime_s,
                                        .storage_class = ""};
    a->seen++;
    return ++a->batch_count == BATCH_MAX ? flush_batch(a) : 0;
}

static int take_upload(void *context, const struct store_upload_listed *upload)
{
    struct audit *a = context;
    const char *name = upload->key + a->look.skip;
    char stamp[32], age[24];
    int64_t age_s = a->now_s - upload->initiated_s;
    audit_count_upload(&a->tally, age_s);
    audit_stamp(stamp, upload->initiated_s);
    audit_age(age, upload->initiated_s, a->now_s);
    if (!a->options->json) {
        printf("%-11s  %15s  %20s  %6s  %-12s  -  -  ", "unfinished", "-", stamp, age, "-");
        shown_print(stdout, name);
        putchar('\n');
        return 0;
    }
    struct json_t *item = json_new();
    json_add_text(item, "name", name);
    json_add_text(item, "upload_id", upload->upload_id);
    json_add_text(item, "initiated", stamp);
    json_add_number(item, "age_s", age_s > 0 ? (uint64_t)age_s : 0);
    return print_item(a, item);
}

// ---- the whole ----

static int list_objects(struct audit *a, const struct source *source)
{
    if (a->options->json)
        fputs("{\n  \"objects\": [", stdout);
    int rc =
        a->connection->store->ops->list(a->connection->store, source->key, '\0', 0, take_listed, a);
    return rc == 0 ? flush_batch(a) : rc;
}

// Not to be allowed to list uploads says nothing against the objects.
static int list_uploads(struct audit *a, const struct source *source)
{
    a->printed_item = false;
    if (a->options->json)
        fputs("\n  ],\n  \"unfinished_uploads\": [", stdout);
    int rc =
        a->connection->store->ops->upload_list(a->connection->store, source->key, take_upload, a);
    if (rc == -EACCES || rc == -EIO) {
        log_warn("unfinished uploads are not shown: %s", err_text());
        return 0;
    }
    return rc;
}

static int print_summary(struct audit *a, int rc)
{
    struct err_saved failure;
    err_save(&failure, rc);
    if (!a->options->json) {
        audit_print_summary(stdout, &a->tally, rc == 0);
        return err_restore(&failure);
    }
    AUTO_JSON struct json_t *summary = audit_summary_json(&a->tally);
    return json_print_summary(summary, rc, &failure);
}

static int verdict(const struct audit *a, const struct source *source)
{
    if (a->seen == 0 && source->key[0] != '\0')
        return err_set(-ENOENT, "s3://%s/%s: nothing is there, so nothing is proved",
                       source->bucket, source->key);
    if (a->tally.failed == 0)
        return 0;
    return err_set(
        -EPERM, "s3://%s/%s: %" PRIu64 " of %" PRIu64 " objects are not proved to be encrypted%s",
        source->bucket, source->key, a->tally.failed, a->tally.count,
        a->options->allow_keys.count > 0 ? " under an allowed key" : "");
}

static int audit(struct audit *a, const struct source *source)
{
    int rc = list_objects(a, source);
    if (rc == 0)
        rc = list_uploads(a, source);
    else if (a->options->json)
        fputs("\n  ],\n  \"unfinished_uploads\": [", stdout);
    show_moving_line(a, true);
    rc = print_summary(a, rc);
    return rc == 0 ? verdict(a, source) : rc;
}

static int check_allowed(const struct options *o)
{
    if (o->ask_kms && o->allow_keys.count == 0)
        return err_set(-EINVAL, "--ask-kms: KMS is asked about given keys: give them with "
                                "--allow-key");
    for (size_t i = 0; i < o->allow_keys.count; i++) {
        struct kms_arn parts;
        int rc = kms_arn_parse(o->allow_keys.items[i], &parts);
        if (rc < 0)
            return err_prefix(rc, "--allow-key");
    }
    return 0;
}

static int prepare(struct audit *a, struct connection *c, const struct source *source)
{
    const struct options *o = a->options;
    const char *slash = strrchr(source->key, '/');
    int rc = check_allowed(o);
    if (rc == 0)
        rc = connection_open(c, o, source, CONNECTION_LIST);
    if (rc == 0 && o->ask_kms)
        rc = ask_kms_new(&a->look.ask, &o->allow_keys, &c->endpoint, connection_kms_credentials(c));
    if (rc < 0)
        return rc;
    a->connection = c;
    a->look.volume = c->volume;
    a->look.allowed = &o->allow_keys;
    a->look.skip = slash != NULL ? (size_t)(slash - source->key) + 1 : 0;
    a->now_s = clock_wall_s();
    a->moving_line = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
    return 0;
}

int cmd_audit(const struct options *o)
{
    AUTO_CONNECTION struct connection c = {0};
    AUTO_FREE struct audit_entry *batch = calloc(BATCH_MAX, sizeof *batch);
    AUTO_FREE struct audit *a = calloc(1, sizeof *a);
    struct source source;
    if (batch == NULL || a == NULL)
        return err_set(-ENOMEM, "out of memory");
    a->options = o;
    a->batch = batch;
    int rc = source_parse(o->arguments[0], &source);
    if (rc == 0)
        rc = prepare(a, &c, &source);
    if (rc < 0)
        return rc;
    interrupt_catch();
    rc = audit(a, &source);
    ask_kms_free(a->look.ask);
    if (rc == 0 && fflush(stdout) != 0)
        rc = err_set(-EIO, "stdout: cannot be written: %s", strerror(errno));
    return rc;
}
