// See policy.h. Sources: Service Authorization Reference, "Actions, resources, and condition keys
// for Amazon S3" and "for AWS KMS"; Amazon S3 User Guide, "Required permissions for Amazon S3 API
// operations".
//
// s3:ListBucket has no condition on the prefix: HeadObject of a missing name would then be denied
// instead of not found, and no new file could be made.
#include "cli/policy.h"

#include "cli/sql_policy.h"
#include "common/err.h"

#include <stdio.h>
#include <string.h>

#define ARN_MAX     (4 * SOURCE_KEY_MAX + 128) // each byte of a key may become four
#define ACTIONS_MAX 16
#define PROBE       ".rdsbak-probe-" // see connect.c

static const char *const ROLES[] = {
    [POLICY_WRITER] = "writer", [POLICY_READER] = "reader", [POLICY_OPERATOR] = "operator"};

int policy_role_parse(const char *word, enum policy_role *out)
{
    for (size_t i = 0; i < sizeof ROLES / sizeof *ROLES; i++) {
        if (strcmp(ROLES[i], word) == 0) {
            *out = (enum policy_role)i;
            return 0;
        }
    }
    return err_set(-EINVAL, "'%.40s' is no role: there are writer, reader and operator", word);
}

// ---- statements ----

struct actions {
    const char *names[ACTIONS_MAX];
    size_t count;
};

static void add(struct actions *a, const char *name)
{
    if (a->count < ACTIONS_MAX)
        a->names[a->count++] = name;
}

static struct json_t *statement(const char *sid, const struct actions *actions,
                                struct json_t *resources)
{
    struct json_t *json = json_new();
    struct json_t *list = json_list();
    for (size_t i = 0; i < actions->count; i++)
        json_append_text(list, actions->names[i]);
    json_add_text(json, "Sid", sid);
    json_add_text(json, "Effect", "Allow");
    json_add(json, "Action", list);
    json_add(json, "Resource", resources);
    return json;
}

static struct json_t *one(const char *text)
{
    struct json_t *list = json_list();
    json_append_text(list, text);
    return list;
}

// ---- S3 ----

static struct json_t *bucket_arn(const struct policy_request *r)
{
    char arn[SOURCE_BUCKET_MAX + 64];
    snprintf(arn, sizeof arn, "arn:%s:s3:::%s", r->partition, r->place->bucket);
    return one(arn);
}

// Of all objects whose names below the place begin so.
static struct json_t *objects_arn(const struct policy_request *r, const char *begin)
{
    AUTO_BUF struct buf key, arn;
    buf_init(&key, SOURCE_KEY_MAX + sizeof PROBE);
    buf_init(&arn, ARN_MAX);
    int rc = buf_addf(&key, "%s%s", r->place->key, begin);
    if (rc == 0)
        rc = sql_add_policy_arn(&arn, r->partition, r->place->bucket, buf_str(&key), key.len, true);
    return rc == 0 ? one(buf_str(&arn)) : NULL; // NULL: the document is not printed
}

static void add_bucket(struct json_t *list, const struct policy_request *r)
{
    struct actions a = {0};
    add(&a, "s3:ListBucket");
    if (r->role == POLICY_OPERATOR) {
        add(&a, "s3:ListBucketMultipartUploads");
        add(&a, "s3:GetBucketVersioning");
        add(&a, "s3:GetLifecycleConfiguration");
    }
    if (r->role == POLICY_OPERATOR || r->object_lock)
        add(&a, "s3:GetBucketObjectLockConfiguration");
    json_append(list, statement("Bucket", &a, bucket_arn(r)));
}

// HeadObject is s3:GetObject's: sizes, and the look at what was committed.
static void add_writing(struct actions *a, const struct policy_request *r)
{
    add(a, "s3:GetObject");
    add(a, "s3:PutObject");
    add(a, "s3:AbortMultipartUpload");
    if (!r->no_overwrite)
        add(a, "s3:DeleteObject");
    if (r->object_lock) {
        add(a, "s3:GetObjectRetention");
        add(a, "s3:PutObjectRetention");
    }
    if (r->tags) {
        add(a, "s3:GetObjectTagging");
        add(a, "s3:PutObjectTagging");
    }
}

static void add_reading(struct actions *a)
{
    add(a, "s3:GetObject");
    add(a, "s3:GetObjectAttributes");
}

// rewrap copies each object onto itself, with its tags; gc aborts.
static void add_operating(struct actions *a)
{
    add(a, "s3:GetObject");
    add(a, "s3:PutObject");
    add(a, "s3:GetObjectTagging");
    add(a, "s3:PutObjectTagging");
    add(a, "s3:AbortMultipartUpload");
}

static void add_objects(struct json_t *list, const struct policy_request *r)
{
    struct actions a = {0}, probe = {0};
    if (r->role == POLICY_WRITER)
        add_writing(&a, r);
    else if (r->role == POLICY_READER)
        add_reading(&a);
    else
        add_operating(&a);
    json_append(list, statement("Objects", &a, objects_arn(r, "")));
    if (r->role != POLICY_WRITER || !r->no_overwrite)
        return;
    add(&probe, "s3:DeleteObject"); // of what the mount makes to try the server
    json_append(list, statement("Probe", &probe, objects_arn(r, PROBE)));
}

// ---- KMS ----

static bool is_listed(const struct policy_request *r, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(r->more_keys[i], key) == 0)
            return true;
    }
    return strcmp(r->key_arn, key) == 0;
}

// Without the writer, which has but one.
static struct json_t *known_keys(const struct policy_request *r)
{
    struct json_t *list = one(r->key_arn);
    for (size_t i = 0; i < r->more_keys_count && r->role != POLICY_WRITER; i++) {
        if (!is_listed(r, i, r->more_keys[i]))
            json_append_text(list, r->more_keys[i]);
    }
    return list;
}

static struct json_t *all_keys(const struct policy_request *r)
{
    struct json_t *list = known_keys(r);
    bool more = r->role == POLICY_OPERATOR && r->to_key != NULL &&
                !is_listed(r, r->more_keys_count, r->to_key);
    if (more)
        json_append_text(list, r->to_key);
    return list;
}

// IAM would put the caller's own name for ${aws:username} in a value.
static int add_literal(struct buf *out, const char *value)
{
    int rc = 0;
    for (const char *at = value; *at != '\0' && rc == 0; at++)
        rc = at[0] == '$' && at[1] == '{' ? buf_add_str(out, "${$}") : buf_add(out, at, 1);
    return rc;
}

// KMS compares what the caller says the context is; it must be the one of the data key, too.
static void add_condition(struct json_t *statement, const struct policy_request *r)
{
    struct json_t *tests = json_new(), *condition = json_new();
    if (r->context->count == 0) {
        json_free(tests);
        json_free(condition);
        return;
    }
    KV_EACH (r->context, pair) {
        AUTO_BUF struct buf name, value;
        buf_init(&name, 8192); // KMS's limit of a whole context
        buf_init(&value, 4 * 8192);
        if (buf_addf(&name, "kms:EncryptionContext:%s", pair->name) == 0 &&
            add_literal(&value, pair->value) == 0)
            json_add_text(tests, buf_str(&name), buf_str(&value));
        else
            json_add(tests, "", NULL); // the document is not printed
    }
    json_add(condition, "StringEquals", tests);
    json_add(statement, "Condition", condition);
}

typedef void (*take_fn)(struct json_t *list, struct json_t *statement,
                        const struct policy_request *r);

// The statements on keys, each given to `take`. resources NULL: of the key that the policy is of.
static void add_keys(struct json_t *list, const struct policy_request *r, bool of_key, take_fn take)
{
    struct actions look = {0}, work = {0};
    add(&look, "kms:DescribeKey");
    take(list, statement("Key", &look, of_key ? one("*") : all_keys(r)), r);
    if (r->role == POLICY_OPERATOR) {
        add(&work, "kms:ReEncryptFrom");
        add(&work, "kms:ReEncryptTo");
    } else {
        add(&work, r->role == POLICY_WRITER ? "kms:GenerateDataKey" : "kms:Decrypt");
    }
    struct json_t *keys = statement("DataKeys", &work, of_key ? one("*") : all_keys(r));
    add_condition(keys, r);
    take(list, keys, r);
}

static void take_plain(struct json_t *list, struct json_t *statement,
                       const struct policy_request *r)
{
    (void)r;
    json_append(list, statement);
}

static void take_with_principal(struct json_t *list, struct json_t *statement,
                                const struct policy_request *r)
{
    struct json_t *principal = json_new();
    json_add_text(principal, "AWS", r->principal);
    json_add(statement, "Principal", principal);
    json_append(list, statement);
}

// ---- the whole ----

struct json_t *policy_make(const struct policy_request *r)
{
    struct json_t *json = json_new(), *iam = json_new();
    struct json_t *statements = json_list(), *of_key = json_list();
    add_bucket(statements, r);
    add_objects(statements, r);
    add_keys(statements, r, false, take_plain);
    add_keys(of_key, r, true, take_with_principal);
    json_add_text(iam, "Version", "2012-10-17");
    json_add(iam, "Statement", statements);
    json_add_text(json, "role", ROLES[r->role]);
    json_add(json, "iam_policy", iam);
    json_add(json, "key_policy_statements", of_key);
    return json;
}
