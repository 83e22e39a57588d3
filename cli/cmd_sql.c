// sql backup|restore OBJECT...: the T-SQL, after holding the objects, their names, the key and the
// regions against RDS's rules. Asks S3 and KMS unless --offline, changes nothing. What judges and
// writes is sql_check.c, sql_script.c and sql_policy.c.
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/shown.h"
#include "cli/sql_check.h"
#include "cli/sql_policy.h"
#include "object/parallel.h"
#include "s3/kms.h"
#include "common/harmless.h"

#include <stdio.h>
#include <string.h>

#define MOUNT_DEFAULT "/mnt/rdsbak"
#define THREADS_MAX   16

struct sql { // zero at first; owns what is in it
    const struct options *options;
    struct source *objects;
    size_t count;
    struct sql_mount mount;
    struct sql_plan plan;
    struct sql_facts facts;
    struct sql_object_facts *object_facts;
    // What the facts point into.
    struct object_info *infos; // count
    struct err_saved *failures;
    char *intruder;
    char *key_arn; // as an envelope names it
    struct kms_key_info key_info;
    struct err_saved key_failure;
    struct err_saved connect_failure;
    struct kms_arn arn;
    struct connection connection;
};

static void sql_free(struct sql *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->count && s->infos != NULL; i++)
        object_info_clear(&s->infos[i]);
    connection_close(&s->connection);
    sql_mount_clear(&s->mount);
    free(s->objects);
    free(s->object_facts);
    free(s->infos);
    free(s->failures);
    free(s->intruder);
    free(s->key_arn);
    free(s);
}
CLEANUP_POINTER(sql, sql_free)

// ---- what was asked for ----

static int parse_objects(struct sql *s)
{
    const struct options *o = s->options;
    s->count = o->argument_count - 1;
    s->objects = calloc(s->count, sizeof *s->objects);
    s->object_facts = calloc(s->count, sizeof *s->object_facts);
    s->infos = calloc(s->count, sizeof *s->infos);
    s->failures = calloc(s->count, sizeof *s->failures);
    if (s->objects == NULL || s->object_facts == NULL || s->infos == NULL || s->failures == NULL)
        return err_set(-ENOMEM, "out of memory");
    for (size_t i = 0; i < s->count; i++) {
        int rc = source_parse(o->arguments[i + 1], &s->objects[i]);
        if (rc == 0)
            rc = source_need_key(&s->objects[i], !s->plan.restore);
        if (rc == 0)
            rc = sql_check_text("object", s->objects[i].key);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int parse_word(const char *word, bool *restore)
{
    *restore = strcmp(word, "restore") == 0;
    return *restore || strcmp(word, "backup") == 0
               ? 0
               : err_set(-EINVAL, "sql: '%s' is neither backup nor restore", word);
}

static int parse_key(struct sql *s, const char *arn, const char *where)
{
    int rc = sql_check_text(where, arn);
    if (rc == 0 && (rc = kms_arn_parse(arn, &s->arn)) < 0)
        err_prefix(rc, "%s", where);
    if (rc < 0)
        return rc;
    s->plan.key_arn = arn;
    s->plan.partition = s->arn.partition;
    s->facts.key_region = s->arn.region;
    return 0;
}

static unsigned files_of(const struct sql *s)
{
    uint64_t given = s->options->number_of_files;
    return given != OPTION_UNSET ? (unsigned)given : (unsigned)s->count;
}

static int parse_all(struct sql *s)
{
    const struct options *o = s->options;
    if (o->database == NULL)
        return err_set(-EINVAL, "--database: missing; give the database's name");
    int rc = parse_word(o->arguments[0], &s->plan.restore);
    if (rc == 0)
        rc = sql_type_parse(o->sql_type, &s->plan.type);
    if (rc == 0)
        rc = sql_check_database(o->database);
    if (rc == 0)
        rc = parse_objects(s);
    if (rc == 0)
        rc = sql_mount_parse(o->mountpoint != NULL ? o->mountpoint : MOUNT_DEFAULT, &s->objects[0],
                             &s->mount);
    if (rc == 0 && o->kms_key_id != NULL)
        rc = parse_key(s, o->kms_key_id, "--kms-key-id");
    else if (rc == 0 && !s->plan.restore)
        rc = err_set(-EINVAL, "--kms-key-id: missing: RDS would write the backup unencrypted; give "
                              "the key's ARN");
    if (rc == 0 && s->plan.restore && o->number_of_files != OPTION_UNSET)
        rc = err_set(-EINVAL, "--number-of-files: is for backup; RDS finds the files of a restore");
    s->plan.database = o->database;
    s->plan.objects = s->objects;
    s->plan.count = s->count;
    s->plan.mount = &s->mount;
    s->plan.files = rc == 0 ? files_of(s) : 1;
    s->plan.norecovery = o->norecovery;
    s->facts.instance_region = o->instance_region;
    s->facts.bucket_region = o->region;
    return rc;
}

// ---- asking ----

static void judge(struct sql_object_facts *f, const struct object_info *info)
{
    f->size = info->object.size;
    f->storage_class = info->object.storage_class;
    if (info->kind == OBJECT_PLAINTEXT) {
        f->state = SQL_OBJECT_PLAINTEXT;
    } else if (info->kind == OBJECT_DAMAGED) {
        f->state = SQL_OBJECT_UNREADABLE;
        f->reason = info->defect.text;
    } else {
        const struct format *format = format_of(&info->envelope);
        f->state = SQL_OBJECT_ENCRYPTED;
        f->format = format != NULL ? format->name : NULL;
        f->key = kv_get(&info->envelope.context, ENVELOPE_KMS_CMK_ID);
    }
}

static int ask_object(void *context, size_t index)
{
    struct sql *s = context;
    struct sql_object_facts *f = &s->object_facts[index];
    // Of another bucket nothing can be said; that it is another is an error already.
    if (strcmp(s->objects[index].bucket, s->objects[0].bucket) != 0)
        return 0;
    int rc = object_info_get(s->connection.volume, s->objects[index].key, &s->infos[index]);
    err_save(&s->failures[index], rc);
    if (rc == 0) {
        judge(f, &s->infos[index]);
    } else {
        f->state = rc == -ENOENT ? SQL_OBJECT_MISSING : SQL_OBJECT_FAILED;
        f->reason = s->failures[index].text;
    }
    return 0;
}

static int note_intruder(void *context, const struct store_listed *listed)
{
    struct sql *s = context;
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->objects[i].key, listed->key) == 0)
            return 0;
    }
    if (s->intruder == NULL && (s->intruder = strdup(listed->key)) == NULL)
        return err_set(-ENOMEM, "out of memory");
    return 0;
}

// One more than the set has tells whether there is another.
static int ask_prefix(struct sql *s)
{
    AUTO_BUF struct buf key;
    buf_init(&key, SOURCE_KEY_MAX + 2);
    bool is_set = s->plan.restore ? s->count > 1 && s->plan.type != SQL_LOG : s->plan.files > 1;
    int rc = is_set ? sql_add_rds_key(&key, &s->plan) : 0;
    if (rc < 0 || !is_set || buf_str(&key)[0] == '*')
        return rc;
    AUTO_FREE char *prefix = strndup(buf_str(&key), strcspn(buf_str(&key), "*"));
    if (prefix == NULL)
        return err_set(-ENOMEM, "out of memory");
    struct store *store = s->connection.store;
    rc = store->ops->list(store, prefix, '\0', (unsigned)s->count + 1, note_intruder, s);
    s->facts.intruder = s->intruder;
    return rc;
}

// A restore without --kms-key-id is under the key that the envelopes name. One that is no ARN (an
// alias, another program's name for it) is told with the objects.
static int take_named_key(struct sql *s)
{
    const char *named = NULL;
    for (size_t i = 0; i < s->count && named == NULL; i++)
        named = s->object_facts[i].key;
    if (s->plan.key_arn != NULL || named == NULL)
        return 0;
    if ((s->key_arn = strdup(named)) == NULL)
        return err_set(-ENOMEM, "out of memory");
    int rc = parse_key(s, s->key_arn, "the envelope's key");
    return rc == -EINVAL ? 0 : rc;
}

static void ask_key(struct sql *s)
{
    struct kms *kms = NULL;
    if (s->plan.key_arn == NULL)
        return;
    int rc = kms_new(&kms, s->arn.region, &s->connection.endpoint,
                     connection_kms_credentials(&s->connection));
    if (rc == 0)
        rc = kms_describe_key(kms, s->plan.key_arn, &s->key_info);
    kms_free(kms);
    err_save(&s->key_failure, rc);
    if (rc < 0) {
        s->facts.key_failure = s->key_failure.text;
        return;
    }
    s->facts.key_spec = s->key_info.spec;
    s->facts.key_state = s->key_info.state;
}

static int connect_all(struct sql *s)
{
    struct options asked = *s->options;  // borrows its texts
    asked.allow_cross_region_key = true; // it is a finding among others
    int rc = connection_open(&s->connection, &asked, &s->objects[0], CONNECTION_LIST);
    if (rc < 0)
        return rc;
    s->facts.bucket_region = s->connection.region;
    if (s->plan.key_arn == NULL)
        s->plan.partition = sql_partition_of(s->connection.region);
    return 0;
}

static int ask_all(struct sql *s)
{
    int rc = connect_all(s);
    if (rc == -EACCES) { // no credentials: what needs none is still worth saying
        err_save(&s->connect_failure, rc);
        return 0;
    }
    if (rc == 0)
        rc = parallel_run(THREADS_MAX, s->count, ask_object, s);
    s->facts.objects = s->object_facts;
    if (rc == 0)
        rc = ask_prefix(s);
    if (rc == 0 && s->plan.restore)
        rc = take_named_key(s);
    if (rc == 0)
        ask_key(s);
    return rc;
}

// ---- answering ----

static void report_findings(const struct sql *s, const struct sql_findings *f)
{
    char why[4 * ERR_TEXT_MAX];
    harmless_copy(why, sizeof why, s->connect_failure.text);
    if (s->connect_failure.code != 0)
        fprintf(stderr, "rdsbak: warning: neither S3 nor KMS was asked: %s\n", why);
    for (size_t i = 0; i < f->count; i++)
        fprintf(stderr, "rdsbak: %s: %s\n", f->items[i].is_error ? "error" : "warning",
                f->items[i].text);
}

// Every line of a text as a comment: a policy may stand in a script, whatever names it holds.
static void print_comment(const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        printf("-- %.*s\n", (int)len, text);
        text += text[len] == '\n' ? len + 1 : len;
    }
}

static int print_text(const struct sql *s, const char *server, const char *rds)
{
    AUTO_JSON struct json_t *policy = sql_policy(&s->plan);
    AUTO_FREE char *policy_text = json_text(policy);
    if (policy_text == NULL)
        return err_set(-ENOMEM, "out of memory");
    printf("%s\n", server);
    if (rds == NULL) {
        puts("-- On RDS: nothing, until the errors above are put right.");
        return 0;
    }
    printf("%s\n-- What the IAM role of the instance's option SQLSERVER_BACKUP_RESTORE needs:\n",
           rds);
    print_comment(policy_text);
    return 0;
}

static int print_json(const struct sql *s, const struct sql_findings *f, const char *server,
                      const char *rds)
{
    AUTO_JSON struct json_t *json = json_new();
    struct json_t *findings = json_list();
    for (size_t i = 0; i < f->count; i++) {
        struct json_t *finding = json_new();
        json_add_text(finding, "level", f->items[i].is_error ? "error" : "warning");
        json_add_text(finding, "text", f->items[i].text);
        json_append(findings, finding);
    }
    json_add_bool(json, "asked", s->facts.objects != NULL);
    json_add_text(json, "not_asked_because",
                  s->connect_failure.code != 0 ? s->connect_failure.text : NULL);
    json_add(json, "findings", findings);
    json_add_text(json, "key", s->plan.key_arn);
    json_add_text(json, "sql_server", server);
    json_add_text(json, "rds", rds);
    json_add(json, "policy", sql_policy(&s->plan));
    return json_print(json);
}

static int answer(const struct sql *s, const struct sql_findings *f)
{
    AUTO_BUF struct buf server;
    AUTO_BUF struct buf rds;
    buf_init(&server, SQL_SCRIPT_MAX);
    buf_init(&rds, SQL_SCRIPT_MAX);
    int rc = sql_add_server_script(&server, &s->plan);
    if (rc == 0)
        rc = sql_add_rds_script(&rds, &s->plan);
    const char *rds_text = f->errors == 0 ? buf_str(&rds) : NULL;
    if (rc == 0 && !s->options->json)
        report_findings(s, f);
    if (rc == 0)
        rc = s->options->json ? print_json(s, f, buf_str(&server), rds_text)
                              : print_text(s, buf_str(&server), rds_text);
    if (rc == 0 && fflush(stdout) != 0)
        rc = err_set(-EIO, "stdout: cannot be written: %s", strerror(errno));
    if (rc == 0 && f->errors > 0)
        rc = err_set(-EPERM, "sql %s: RDS would refuse this, for %zu reason%s",
                     s->options->arguments[0], f->errors, f->errors > 1 ? "s" : "");
    return rc;
}

int cmd_sql(const struct options *o)
{
    CLEANUP(sql_freep) struct sql *s = calloc(1, sizeof *s);
    AUTO_SQL_FINDINGS struct sql_findings findings = {0};
    if (s == NULL)
        return err_set(-ENOMEM, "out of memory");
    s->options = o;
    s->plan.partition = sql_partition_of(o->region);
    int rc = parse_all(s);
    if (rc == 0 && !o->offline)
        rc = ask_all(s);
    if (rc == 0)
        rc = sql_check(&s->plan, &s->facts, &findings);
    return rc == 0 ? answer(s, &findings) : rc;
}
