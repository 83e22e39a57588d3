// rewrap: the data keys of objects put under another KMS key; no content is moved. A few objects at
// a time, printed in their order; one that fails keeps no other from being done. What is said of
// them is rewrap_report.c's.
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/interrupt.h"
#include "cli/rewrap_report.h"
#include "object/parallel.h"
#include "s3/kms.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define AT_ONCE_MAX 8 // objects; each is a few short requests, or a long one that waits

struct rewrap_run {
    const struct options *options;
    struct connection connection; // owned
    struct kms *kms;              // owned
    const struct format *format;  // --format, or NULL
    struct source *sources;       // owned, as many as arguments; all of one bucket
    struct rewrap_config config;
    struct rewrap_item *items; // owned; AT_ONCE_MAX, the batch under way
    size_t first;              // the batch's first argument
    struct rewrap_tally tally;
    struct json_t *list; // owned; with --json
    bool moving_line;    // stderr is a terminal and stdout is not
};

static void run_clear(struct rewrap_run *r)
{
    json_free(r->list);
    kms_free(r->kms);
    connection_close(&r->connection);
    free(r->items);
    free(r->sources);
}

// ---- what is wanted ----

static int check_source(const struct rewrap_run *r, size_t index)
{
    const struct source *s = &r->sources[index];
    if (strcmp(s->bucket, r->sources[0].bucket) != 0)
        return err_set(-EINVAL, "%s: in another bucket than %s; run rewrap once for each bucket",
                       r->options->arguments[index], r->options->arguments[0]);
    for (size_t i = 0; i < index; i++) {
        if (strcmp(r->sources[i].key, s->key) == 0)
            return err_set(-EINVAL, "%s: named twice", r->options->arguments[index]);
    }
    return source_need_key(s, false);
}

static int parse_sources(struct rewrap_run *r)
{
    const struct options *o = r->options;
    r->sources = calloc(o->argument_count, sizeof *r->sources);
    r->items = calloc(AT_ONCE_MAX, sizeof *r->items);
    if (r->sources == NULL || r->items == NULL)
        return err_set(-ENOMEM, "out of memory");
    for (size_t i = 0; i < o->argument_count; i++) {
        int rc = source_parse(o->arguments[i], &r->sources[i]);
        if (rc == 0)
            rc = check_source(r, i);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int parse_format(struct rewrap_run *r)
{
    if (r->options->format == NULL)
        return 0;
    int rc = format_find(r->options->format, &r->format);
    if (rc < 0)
        return err_prefix(rc, "--format");
    if (r->format->content != CONTENT_CBC)
        return err_set(-EINVAL,
                       "--format %s: rewrapping leaves the content as it is, so only rds and "
                       "rds-v1 can become one another; rdsbak copy encrypts anew",
                       r->format->name);
    return 0;
}

// KMS rewraps within one region.
static int check_region_of(const struct kms_arn *to, const char *from)
{
    struct kms_arn parts;
    int rc = kms_arn_parse(from, &parts);
    if (rc < 0)
        return err_prefix(rc, "--decrypt-key");
    if (strcmp(parts.region, to->region) == 0)
        return 0;
    return err_set(-EINVAL,
                   "--to-key is in %s and --decrypt-key %s in %s: KMS rewraps only within one "
                   "region; rdsbak copy encrypts anew, under a key of any",
                   to->region, from, parts.region);
}

static int check_keys(const struct options *o, struct kms_arn *to)
{
    if (o->to_key == NULL)
        return err_set(-EINVAL, "--to-key: missing; give the ARN of the key that the objects' data "
                                "keys shall be under");
    int rc = kms_arn_parse(o->to_key, to);
    if (rc < 0)
        return err_prefix(rc, "--to-key");
    for (size_t i = 0; i < o->decrypt_keys.count && rc == 0; i++)
        rc = check_region_of(to, o->decrypt_keys.items[i]);
    return rc;
}

static int prepare(struct rewrap_run *r)
{
    struct kms_arn to;
    const struct options *o = r->options;
    int rc = parse_sources(r);
    if (rc == 0)
        rc = parse_format(r);
    if (rc == 0)
        rc = check_keys(o, &to);
    if (rc == 0)
        rc = connection_open(&r->connection, o, &r->sources[0], CONNECTION_REWRAP);
    if (rc == 0)
        rc = kms_new(&r->kms, to.region, &r->connection.endpoint,
                     connection_kms_credentials(&r->connection));
    if (rc < 0)
        return rc;
    r->config = (struct rewrap_config){.kms = r->kms,
                                       .to_key = o->to_key,
                                       .from_keys = (const char *const *)o->decrypt_keys.items,
                                       .from_count = o->decrypt_keys.count,
                                       .format = r->format,
                                       .dry_run = o->dry_run,
                                       .cancel = interrupt_flag()};
    return 0;
}

// ---- the work ----

static int rewrap_one(void *context, size_t index)
{
    struct rewrap_run *r = context;
    struct rewrap_item *item = &r->items[index];
    int rc = interrupt_check();
    if (rc == 0)
        rc = rewrap_object(r->connection.volume, &r->config, item->key, &item->result);
    err_save(&item->failure, rc);
    return 0; // the others are done all the same
}

static void show_moving_line(const struct rewrap_run *r, bool last)
{
    if (!r->moving_line)
        return;
    fputs("\r\033[K", stderr);
    if (!last)
        fprintf(stderr, "rewrap: %zu of %zu objects, %" PRIu64 " failed", r->first,
                r->options->argument_count, r->tally.failed);
}

static int run_batch(struct rewrap_run *r, size_t count)
{
    for (size_t i = 0; i < count; i++)
        r->items[i] = (struct rewrap_item){.bucket = r->sources[0].bucket,
                                           .key = r->sources[r->first + i].key};
    show_moving_line(r, false);
    int rc = parallel_run(AT_ONCE_MAX, count, rewrap_one, r);
    for (size_t i = 0; i < count && rc == 0; i++) {
        rewrap_count(&r->tally, &r->items[i]);
        if (r->options->json)
            json_append(r->list, rewrap_json(&r->items[i], r->options->to_key));
        else
            rewrap_print(stdout, &r->items[i], r->options->to_key);
    }
    if (rc == 0 && !r->options->json && fflush(stdout) != 0)
        rc = err_set(-EIO, "stdout: cannot be written: %s", strerror(errno));
    return rc;
}

static int report(struct rewrap_run *r)
{
    const struct options *o = r->options;
    show_moving_line(r, true);
    if (!o->json) {
        rewrap_print_summary(stdout, &r->tally);
        return fflush(stdout) == 0
                   ? 0
                   : err_set(-EIO, "stdout: cannot be written: %s", strerror(errno));
    }
    AUTO_JSON struct json_t *whole =
        rewrap_summary_json(&r->tally, TAKE(r->list), o->to_key, o->dry_run);
    return json_print(whole);
}

static int rewrap_all(struct rewrap_run *r)
{
    size_t count = r->options->argument_count;
    int rc = 0;
    for (r->first = 0; r->first < count && rc == 0; r->first += AT_ONCE_MAX) {
        size_t rest = count - r->first;
        rc = run_batch(r, rest < AT_ONCE_MAX ? rest : AT_ONCE_MAX);
    }
    if (rc == 0)
        rc = report(r);
    if (rc == 0)
        rc = interrupt_check();
    if (rc == 0 && r->tally.failed > 0)
        rc = err_set(-EIO, "%" PRIu64 " of %zu objects failed", r->tally.failed, count);
    return rc;
}

int cmd_rewrap(const struct options *o)
{
    CLEANUP(run_clear) struct rewrap_run r = {.options = o, .list = json_list()};
    int rc = prepare(&r);
    if (rc < 0)
        return rc;
    interrupt_catch();
    r.moving_line = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
    return rewrap_all(&r);
}
