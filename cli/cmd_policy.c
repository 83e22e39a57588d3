// policy: the IAM and key policies that a role needs, printed; nobody is asked.
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/policy.h"
#include "cli/sql_text.h"
#include "crypto/envelope.h"
#include "s3/kms.h"

#include <stdio.h>
#include <string.h>

static int check_keys(const struct options *o, struct kms_arn *arn)
{
    struct kms_arn other;
    if (o->kms_key_id == NULL)
        return err_set(-EINVAL, "--kms-key-id: missing; give the key's ARN");
    int rc = kms_arn_parse(o->kms_key_id, arn);
    if (rc < 0)
        return err_prefix(rc, "--kms-key-id");
    rc = o->to_key != NULL ? kms_arn_parse(o->to_key, &other) : 0;
    if (rc < 0)
        return err_prefix(rc, "--to-key");
    for (size_t i = 0; i < o->decrypt_keys.count && rc == 0; i++)
        rc = kms_arn_parse(o->decrypt_keys.items[i], &other);
    return rc < 0 ? err_prefix(rc, "--decrypt-key") : 0;
}

// A writer writes one format. What others wrote may have another context: their readers and
// operators are held to one only when it is named.
static int make_context(const struct options *o, enum policy_role role, struct kv *context)
{
    AUTO_KV struct kv given = {0};
    const struct format *format = NULL;
    if (o->format == NULL && o->encryption_context.count == 0 && role != POLICY_WRITER)
        return 0;
    int rc = format_find(o->format != NULL ? o->format : "rds", &format);
    if (rc < 0)
        return err_prefix(rc, "--format");
    if (o->encryption_context.count > 0 && format->wrap != WRAP_KMS_CONTEXT)
        return err_set(-EINVAL,
                       "--encryption-context: objects of format %s have none of the caller's; use "
                       "--format gcm or commit, or leave it out",
                       format->name);
    rc = connection_context(o, &given);
    return rc == 0 ? envelope_context(format, o->kms_key_id, &given, context) : rc;
}

static int check_principal(const char *principal)
{
    if (strncmp(principal, "arn:", 4) != 0 || strstr(principal, ":iam::") == NULL)
        return err_set(-EINVAL,
                       "--principal: '%.80s' is no ARN of a role, user or account "
                       "(arn:aws:iam::111122223333:role/NAME)",
                       principal);
    return 0;
}

// What r is made of, beside the options.
struct parts {
    struct source place;
    struct kms_arn arn;
    struct kv context;
    char root[64]; // the account that the key is of, as a principal
};

static void parts_clear(struct parts *p)
{
    kv_clear(&p->context);
}

static int read_arguments(const struct options *o, struct policy_request *r, struct parts *p)
{
    int rc = policy_role_parse(o->arguments[0], &r->role);
    if (rc == 0)
        rc = source_parse(o->arguments[1], &p->place);
    if (rc == 0)
        rc = source_need_prefix(&p->place);
    if (rc == 0)
        rc = check_keys(o, &p->arn);
    if (rc == 0 && o->principal != NULL)
        rc = check_principal(o->principal);
    return rc == 0 ? make_context(o, r->role, &p->context) : rc;
}

static void fill_request(const struct options *o, struct parts *p, struct policy_request *r)
{
    snprintf(p->root, sizeof p->root, "arn:%s:iam::%s:root", p->arn.partition, p->arn.account);
    r->place = &p->place;
    r->partition = p->arn.partition;
    r->key_arn = o->kms_key_id;
    r->more_keys = (const char *const *)o->decrypt_keys.items;
    r->more_keys_count = o->decrypt_keys.count;
    r->to_key = o->to_key;
    r->principal = o->principal != NULL ? o->principal : p->root;
    r->context = &p->context;
    r->no_overwrite = o->no_overwrite;
    r->object_lock = o->object_lock != NULL;
    r->tags = o->tags != NULL;
}

int cmd_policy(const struct options *o)
{
    CLEANUP(parts_clear) struct parts parts = {0};
    struct policy_request r = {0};
    int rc = read_arguments(o, &r, &parts);
    if (rc < 0)
        return rc;
    fill_request(o, &parts, &r);
    AUTO_JSON struct json_t *json = policy_make(&r);
    return json_print(json);
}
