#include "cli/sql_policy.h"

#include "common/err.h"

#include <string.h>

#define ARN_MAX (4 * SOURCE_KEY_MAX + 128) // each byte of a key may become four

int sql_add_policy_arn(struct buf *b, const char *partition, const char *bucket, const char *key,
                       size_t key_len, bool any)
{
    int rc = sql_add_arn(b, partition, bucket, "");
    for (size_t i = 0; i < key_len && rc == 0; i++)
        rc = strchr("*?$", key[i]) != NULL ? buf_addf(b, "${%c}", key[i]) : buf_add(b, key + i, 1);
    return rc == 0 && any ? buf_add_str(b, "*") : rc;
}

static struct json_t *statement(const char *const *actions, struct json_t *resources)
{
    struct json_t *json = json_new();
    struct json_t *list = json_list();
    json_add_text(json, "Effect", "Allow");
    for (; *actions != NULL; actions++)
        json_append_text(list, *actions);
    json_add(json, "Action", list);
    json_add(json, "Resource", resources);
    return json;
}

static struct json_t *bucket_statement(const struct sql_plan *p)
{
    static const char *const ACTIONS[] = {"s3:ListBucket", "s3:GetBucketLocation", NULL};
    char arn[SOURCE_BUCKET_MAX + 64];
    struct json_t *list = json_list();
    snprintf(arn, sizeof arn, "arn:%s:s3:::%s", p->partition, p->objects[0].bucket);
    json_append_text(list, arn);
    return statement(ACTIONS, list);
}

static void append_object(struct json_t *list, const struct sql_plan *p, const char *key,
                          size_t key_len, bool any)
{
    AUTO_BUF struct buf arn;
    buf_init(&arn, ARN_MAX);
    int rc = sql_add_policy_arn(&arn, p->partition, p->objects[0].bucket, key, key_len, any);
    if (rc < 0)
        json_append(list, NULL); // the document is then not printed
    else
        json_append_text(list, buf_str(&arn));
}

// Every object alone; of a set that RDS finds or names itself, what its names begin with.
static struct json_t *object_statement(const struct sql_plan *p)
{
    static const char *const RESTORE[] = {"s3:GetObject", "s3:GetObjectAttributes",
                                          "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload",
                                          NULL};
    static const char *const BACKUP[] = {"s3:GetObject",
                                         "s3:GetObjectAttributes",
                                         "s3:PutObject",
                                         "s3:ListMultipartUploadParts",
                                         "s3:AbortMultipartUpload",
                                         NULL};
    struct json_t *list = json_list();
    AUTO_BUF struct buf key;
    buf_init(&key, SOURCE_KEY_MAX + 2);
    bool is_set =
        (p->count > 1 && !(p->restore && p->type == SQL_LOG)) || (!p->restore && p->files > 1);
    if (is_set && sql_add_rds_key(&key, p) == 0) {
        append_object(list, p, buf_str(&key), strcspn(buf_str(&key), "*"), true);
    } else {
        for (size_t i = 0; i < p->count; i++)
            append_object(list, p, p->objects[i].key, strlen(p->objects[i].key), false);
    }
    return statement(p->restore ? RESTORE : BACKUP, list);
}

static struct json_t *key_statement(const struct sql_plan *p)
{
    static const char *const ACTIONS[] = {"kms:DescribeKey", "kms:GenerateDataKey", "kms:Encrypt",
                                          "kms:Decrypt", NULL};
    struct json_t *list = json_list();
    json_append_text(list, p->key_arn);
    return statement(ACTIONS, list);
}

struct json_t *sql_policy(const struct sql_plan *p)
{
    struct json_t *json = json_new();
    struct json_t *statements = json_list();
    json_append(statements, bucket_statement(p));
    json_append(statements, object_statement(p));
    if (p->key_arn != NULL)
        json_append(statements, key_statement(p));
    json_add_text(json, "Version", "2012-10-17");
    json_add(json, "Statement", statements);
    return json;
}
