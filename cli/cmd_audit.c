// audit: every object under a prefix, whether it is encrypted, how and under which key. A page of
// the listing at a time is asked with HEADs in parallel and printed, so memory does not grow with
// the bucket. What judges and prints is audit.c.
//
// An object without an envelope may have one in an instruction file beside it (KEY.instruction), so
// that is looked for before PLAINTEXT is said. A name that ends so excuses nothing by itself: the
// file must hold an envelope.
#include "cli/audit.h"
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

#define BATCH_MAX            1000 // a page of LIST
#define THREADS_MAX          32   // HEADs at once; S3 answers each in about 20 ms
#define INSTRUCTION          ".instruction"
#define INSTRUCTION_SIZE_MAX (64 << 10) // such files have 1 KiB; S3's metadata have 2

struct entry {
    char key[STORE_KEY_MAX + 1];
    struct audit_finding finding; // its texts point into what follows
    struct object_info info;
    bool has_info;
    struct envelope aside; // from the instruction file; owned
    struct kv aside_fields;
    struct err_saved failure;
    char whose[STORE_KEY_MAX + 32];
};

struct audit {
    struct connection *connection;
    const struct options *options;
    size_t skip; // bytes of the key that every line would repeat
    int64_t now_s;
    struct entry *batch; // owned by cmd_audit; BATCH_MAX
    size_t batch_count;
    uint64_t seen;
    bool printed_item; // of the JSON list
    bool moving_line;  // stderr is a terminal and stdout is not
    struct audit_tally tally;
};

// ---- asking (several threads, an entry each) ----

static struct store *store_of(const struct audit *a)
{
    return a->connection->store;
}

static int note_listed(void *context, const struct store_listed *listed)
{
    struct entry *e = context;
    if (strcmp(listed->key, e->key) == 0)
        e->finding.state = AUDIT_UNKNOWN;
    return 0;
}

// A key that HEAD does not find may have been deleted meanwhile, or the server is wrong about it.
static void ask_whether_gone(const struct audit *a, struct entry *e)
{
    e->finding.state = AUDIT_GONE;
    struct store *store = store_of(a);
    if (store->ops->list(store, e->key, '\0', 1, note_listed, e) < 0)
        e->finding.state = AUDIT_UNKNOWN;
    if (e->finding.state == AUDIT_UNKNOWN)
        e->finding.reason = e->failure.text;
}

static int begin_body(void *context)
{
    buf_reset(context);
    return 0;
}

static int take_body(void *context, const void *bytes, size_t len)
{
    return buf_add(context, bytes, len);
}

// The fields of the instruction file of that key. -ENOENT: there is none; -EIO: it is no such file.
static int read_instruction(const struct audit *a, const char *key, struct kv *fields)
{
    CLEANUP(store_object_clear) struct store_object object = {0};
    AUTO_BUF struct buf body;
    struct store *store = store_of(a);
    buf_init(&body, INSTRUCTION_SIZE_MAX);
    int rc = store->ops->head(store, key, &object);
    if (rc < 0)
        return rc;
    if (object.size == 0 || object.size > INSTRUCTION_SIZE_MAX)
        return err_set(-EIO, "%" PRIu64 " bytes are no instruction file", object.size);
    const struct store_sink sink = {begin_body, take_body, &body, NULL};
    rc = store->ops->get(store, key, object.etag, 0, object.size, &sink);
    return rc < 0 ? rc : json_read_map(body.data, body.len, fields);
}

// Whether fields are an envelope, one that this version reads (*e is then the caller's) or not.
// 0, else what is wrong with them; ENVELOPE_NONE is -EIO.
static int parse_aside(const struct kv *fields, struct envelope *e)
{
    enum envelope_found found = ENVELOPE_NONE;
    int rc = envelope_parse(fields, e, &found);
    if (rc == 0 && found == ENVELOPE_NONE)
        return err_set(-EIO, "no envelope");
    return rc;
}

// "x-amz-wrap-alg" of V2, "x-amz-w" of V3: what the envelope itself calls its wrapping.
static const char *wrapping(const struct kv *fields)
{
    static const struct {
        const char *number, *name;
    } V3[] = {{"12", "kms+context"}, {"02", "AES/GCM"}, {"22", "RSA-OAEP-SHA1"}};
    const char *v2 = kv_get(fields, "x-amz-wrap-alg"), *v3 = kv_get(fields, "x-amz-w");
    if (v2 != NULL && *v2 != '\0')
        return v2;
    for (size_t i = 0; i < sizeof V3 / sizeof *V3 && v3 != NULL; i++) {
        if (strcmp(v3, V3[i].number) == 0)
            return V3[i].name;
    }
    return NULL;
}

static void describe(struct audit_finding *f, const struct envelope *e, const struct kv *fields)
{
    const struct format *format = format_of(e);
    f->state = AUDIT_ENCRYPTED;
    f->format = format != NULL ? format->name : NULL;
    f->version = (unsigned)e->version;
    f->cipher = content_alg_name(e->content);
    f->wrapped = wrapping(fields);
    // KMS binds the context to the wrapped key; beside any other wrapping it is only a remark.
    if (f->wrapped != NULL && strncmp(f->wrapped, "kms", 3) == 0)
        f->key = kv_get(&e->context, ENVELOPE_KMS_CMK_ID);
}

static void judge_unreadable(struct audit_finding *f, int code, const char *reason,
                             const struct kv *fields)
{
    f->state = code == -EACCES ? AUDIT_UNSUPPORTED : code == -EIO ? AUDIT_DAMAGED : AUDIT_UNKNOWN;
    f->wrapped = wrapping(fields);
    f->reason = reason;
}

// The object has no envelope itself.
static void ask_beside(const struct audit *a, struct entry *e)
{
    struct audit_finding *f = &e->finding;
    char key[STORE_KEY_MAX + sizeof INSTRUCTION];
    f->state = AUDIT_PLAINTEXT;
    if (snprintf(key, sizeof key, "%s" INSTRUCTION, e->key) > STORE_KEY_MAX)
        return;
    if (read_instruction(a, key, &e->aside_fields) < 0)
        return; // nothing there, something else of that name, or not for us to read
    int rc = parse_aside(&e->aside_fields, &e->aside);
    f->aside = true;
    err_save(&e->failure, rc);
    if (rc < 0)
        judge_unreadable(f, rc, e->failure.text, &e->aside_fields);
    else if (!content_cipher_size_valid(e->aside.content, f->size))
        judge_unreadable(f, -EIO, "its size is not that of a whole encrypted object",
                         &e->aside_fields);
    else
        describe(f, &e->aside, &e->aside_fields);
}

// An object named KEY.instruction: another object's envelope, if that is what it holds.
static bool is_instruction(const struct audit *a, struct entry *e)
{
    AUTO_KV struct kv fields = {0};
    AUTO_ENVELOPE struct envelope unused = {0};
    size_t len = strlen(e->key), end = strlen(INSTRUCTION);
    if (len <= end || strcmp(e->key + len - end, INSTRUCTION) != 0 ||
        read_instruction(a, e->key, &fields) < 0)
        return false;
    int rc = parse_aside(&fields, &unused);
    // V3 keeps a part of it with the object, so the rest alone is incomplete.
    bool v3 = kv_get(&fields, "x-amz-3") != NULL;
    if (rc < 0 && rc != -EACCES && !v3)
        return false;
    snprintf(e->whose, sizeof e->whose, "envelope of %.*s", (int)(len - end - a->skip),
             e->key + a->skip);
    return true;
}

static void judge(const struct audit *a, struct entry *e)
{
    struct audit_finding *f = &e->finding;
    const struct object_info *info = &e->info;
    f->size = info->object.size;
    f->mtime_s = info->object.mtime_s;
    f->storage_class = info->object.storage_class;
    if (info->kind == OBJECT_ENCRYPTED) {
        describe(f, &info->envelope, &info->object.metadata);
    } else if (info->kind == OBJECT_DAMAGED) {
        judge_unreadable(f, info->defect.code, info->defect.text, &info->object.metadata);
    } else if (f->size == 0 && e->key[strlen(e->key) - 1] == '/') {
        f->state = AUDIT_FOLDER;
    } else if (is_instruction(a, e)) {
        f->state = AUDIT_INSTRUCTION;
        f->reason = e->whose;
    } else {
        ask_beside(a, e);
    }
}

static int ask(void *context, size_t index)
{
    struct audit *a = context;
    struct entry *e = &a->batch[index];
    int rc = interrupt_check();
    if (rc < 0)
        return rc;
    err_save(&e->failure, object_info_get(a->connection->volume, e->key, &e->info));
    e->has_info = e->failure.code == 0;
    if (e->has_info) {
        judge(a, e);
    } else if (e->failure.code == -ENOENT) {
        ask_whether_gone(a, e);
    } else {
        e->finding.state = AUDIT_UNKNOWN;
        e->finding.reason = e->failure.text;
    }
    return 0;
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

static int print_entry(struct audit *a, struct entry *e)
{
    const struct option_list *allowed = &a->options->allow_keys;
    audit_count(&a->tally, &e->finding, allowed);
    if (a->options->json)
        return print_item(a, audit_json(&e->finding, allowed, a->now_s));
    audit_print(stdout, &e->finding, allowed, a->now_s);
    return 0;
}

static void entry_clear(struct entry *e)
{
    if (e->has_info)
        object_info_clear(&e->info);
    envelope_clear(&e->aside);
    kv_clear(&e->aside_fields);
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
        entry_clear(&a->batch[i]);
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
    struct entry *e = &a->batch[a->batch_count];
    if (strlen(listed->key) > STORE_KEY_MAX)
        return err_set(-EIO, "a listed key is longer than S3's %d bytes", STORE_KEY_MAX);
    *e = (struct entry){0};
    memcpy(e->key, listed->key, strlen(listed->key) + 1);
    e->finding = (struct audit_finding){.name = e->key + a->skip,
                                        .size = listed->size,
                                        .mtime_s = listed->mtime_s,
                                        .storage_class = ""};
    a->seen++;
    return ++a->batch_count == BATCH_MAX ? flush_batch(a) : 0;
}

static int take_upload(void *context, const struct store_upload_listed *upload)
{
    struct audit *a = context;
    const char *name = upload->key + a->skip;
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
    int rc = store_of(a)->ops->list(store_of(a), source->key, '\0', 0, take_listed, a);
    return rc == 0 ? flush_batch(a) : rc;
}

// Not to be allowed to list uploads says nothing against the objects.
static int list_uploads(struct audit *a, const struct source *source)
{
    a->printed_item = false;
    if (a->options->json)
        fputs("\n  ],\n  \"unfinished_uploads\": [", stdout);
    int rc = store_of(a)->ops->upload_list(store_of(a), source->key, take_upload, a);
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
    json_add_bool(summary, "complete", rc == 0);
    json_add_text(summary, "error", rc < 0 ? failure.text : NULL);
    fputs("\n  ],\n  \"summary\": ", stdout);
    int printed = json_print_item(stdout, summary);
    fputs("\n}\n", stdout);
    return rc < 0 ? err_restore(&failure) : printed;
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
    for (size_t i = 0; i < o->allow_keys.count; i++) {
        struct kms_arn parts;
        int rc = kms_arn_parse(o->allow_keys.items[i], &parts);
        if (rc < 0)
            return err_prefix(rc, "--allow-key");
    }
    return 0;
}

int cmd_audit(const struct options *o)
{
    AUTO_CONNECTION struct connection c = {0};
    AUTO_FREE struct entry *batch = calloc(BATCH_MAX, sizeof *batch);
    AUTO_FREE struct audit *a = calloc(1, sizeof *a);
    struct source source;
    if (batch == NULL || a == NULL)
        return err_set(-ENOMEM, "out of memory");
    int rc = source_parse(o->arguments[0], &source);
    if (rc == 0)
        rc = check_allowed(o);
    if (rc == 0)
        rc = connection_open(&c, o, &source, CONNECTION_LIST);
    if (rc < 0)
        return rc;
    interrupt_catch();
    const char *slash = strrchr(source.key, '/');
    a->connection = &c;
    a->options = o;
    a->batch = batch;
    a->now_s = clock_wall_s();
    a->skip = slash != NULL ? (size_t)(slash - source.key) + 1 : 0;
    a->moving_line = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
    rc = audit(a, &source);
    if (rc == 0 && fflush(stdout) != 0)
        rc = err_set(-EIO, "stdout: cannot be written: %s", strerror(errno));
    return rc;
}
