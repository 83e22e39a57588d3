// KMS calls. Any thread; nothing is shared but immutable settings and the HTTP pool. Requests and
// answers live in secret buffers; the plaintext of a data key goes from there into a struct secret.
#include "s3/kms.h"
#include "common/clock.h"
#include "common/audit.h"
#include "common/codec.h"
#include "common/err.h"
#include "common/metrics.h"
#include "s3/call.h"
#include "s3/config.h"
#include "s3/kms_error.h"
#include "s3/kms_json.h"
#include "s3/sigv4.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define DATA_KEY_BYTES  32
#define KMS_PLAIN_MAX   4096 // Encrypt's documented limit
#define KMS_REQUEST_MAX (64 * 1024)

struct kms {
    struct caller caller;
};

int kms_new(struct kms **out, const char *region, const struct endpoint_config *config,
            struct credentials_source *credentials)
{
    assert(region != NULL && config != NULL && credentials != NULL);
    AUTO_FREE struct kms *k = calloc(1, sizeof *k);
    if (k == NULL)
        return err_set(-ENOMEM, "out of memory");
    struct caller *c = &k->caller;
    c->credentials = credentials;
    c->service = "kms";
    snprintf(c->first.region, sizeof c->first.region, "%s", region);
    int rc = config->kms_url != NULL
                 ? endpoint_parse(config->kms_url, config->allow_http, &c->first.server)
                 : endpoint_aws("kms", region, &c->first.server);
    if (rc == 0)
        rc = http_new(&c->http, config, true);
    if (rc == 0)
        *out = TAKE(k);
    return rc;
}

void kms_free(struct kms *k)
{
    if (k == NULL)
        return;
    http_free(k->caller.http);
    free(k);
}

// ---- one call

static int prepare(struct call *c, const char *operation, const struct kms_field *fields,
                   size_t count, struct buf *request)
{
    int rc = call_header(c, "x-amz-target", "TrentService.%s", operation);
    if (rc == 0)
        rc = call_header(c, "content-type", "application/x-amz-json-1.1");
    return rc == 0 ? kms_json_format(request, fields, count) : rc;
}

// key_id is for texts; outcome may be NULL.
static int perform(struct kms *k, const char *operation, const char *key_id,
                   const struct kms_field *fields, size_t count, struct kms_outcome *outcome,
                   struct json_t **reply)
{
    AUTO_CALL struct call c;
    AUTO_BUF struct buf request;
    AUTO_HTTP_RESPONSE struct http_response response = {0};
    struct kms_outcome own = {0};
    struct iovec body;
    char what[CALL_KEY_SHOWN_MAX + 64];
    snprintf(what, sizeof what, "kms:%s with key %.*s", operation, CALL_KEY_SHOWN_MAX, key_id);
    buf_init_secret(&request, KMS_REQUEST_MAX);
    call_init(&c, what, "POST", "/", KMS_ANSWER_MAX);
    c.answer.secret = true;
    c.judge = kms_judge;
    c.judge_context = outcome != NULL ? outcome : &own;
    c.http.timeout_ms = c.http.stall_timeout_ms = CALL_KMS_TOTAL_MS / 2; // leaves time for a second
    c.retry.total_ms = CALL_KMS_TOTAL_MS;
    c.retry.deadline_ms = clock_ms() + CALL_KMS_TOTAL_MS;
    int rc = prepare(&c, operation, fields, count, &request);
    if (rc < 0)
        return err_prefix(rc, "%s", what);
    call_body(&c, &body, request.data, request.len);
    rc = call_perform(&k->caller, &c, &response);
    if (rc < 0) {
        struct kms_outcome *seen = c.judge_context;
        metric_add(METRIC_KMS_FAILED, seen->would_have_done ? 0 : 1); // a trial's success
        return rc;
    }
    rc = kms_json_parse(reply, buf_str(&c.answer), c.answer.len);
    return rc < 0 ? err_prefix(rc, "%s", what) : 0;
}

static int blob_to_text(struct buf *out, const void *blob, size_t len)
{
    if (len == 0 || len > KMS_BLOB_MAX)
        return err_set(-EIO, "a wrapped key of %zu bytes: KMS's have 1 to %d", len, KMS_BLOB_MAX);
    return base64_encode(out, blob, len);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- the audit

// A use of a key: what CloudTrail has under the same request id. data_key: the SHA-256 of the
// wrapped key, by which lines about one object's key find together; it opens nothing.
struct use {
    const char *operation;
    const char *key_id;
    const char *to_key_id; // or NULL
    const struct kv *context;
    const void *blob; // or NULL
    size_t blob_len;
    int64_t began_ms;
};

static void audit_use(const struct use *u, int rc)
{
    struct audit_line l;
    struct err_saved cause;
    char hash[65] = "";
    if (!audit_is_open())
        return;
    err_save(&cause, rc != 0 ? rc : -EIO);
    const struct iovec blob = {(void *)(uintptr_t)u->blob, u->blob_len};
    if (u->blob_len > 0 && sigv4_sha256(&blob, 1, hash) < 0)
        hash[0] = '\0';
    audit_begin(&l, "key");
    json_line_text(&l.json, "operation", u->operation);
    json_line_text(&l.json, "kms_key", u->key_id);
    json_line_text(&l.json, "to_kms_key", u->to_key_id);
    json_line_names(&l.json, "context", u->context);
    json_line_text(&l.json, "kms_request_id", call_last()->request_id);
    json_line_number(&l.json, "attempts", call_last()->attempts);
    json_line_text(&l.json, "data_key", hash[0] != '\0' ? hash : NULL);
    json_line_seconds(&l.json, "seconds", clock_ms() - u->began_ms);
    err_restore(&cause);
    audit_end(&l, rc, false);
}

// ---- the calls

// KMS checks the key itself, since its id is sent; this catches a stand-in that does not.
static int check_key(const struct json_t *reply, const char *member, const char *key_id,
                     bool *wrong_key)
{
    const char *used = kms_json_text(reply, NULL, member);
    if (used == NULL || strstr(key_id, ":key/") == NULL || strcmp(used, key_id) == 0)
        return 0;
    *wrong_key = true;
    return err_set(-EACCES, "asked for key %.200s, KMS used another one: %.200s", key_id, used);
}

static int generate(struct kms *k, const char *key_id, const struct kv *context,
                    struct secret **key, struct buf *blob)
{
    const struct kms_field fields[] = {{"KeyId", key_id, NULL},
                                       {"KeySpec", "AES_256", NULL},
                                       {"EncryptionContext", NULL, context}};
    AUTO_KMS_JSON struct json_t *reply = NULL;
    AUTO_SECRET struct secret *secret = NULL;
    int rc = perform(k, "GenerateDataKey", key_id, fields, COUNT(fields), NULL, &reply);
    if (rc < 0)
        return rc;
    bool wrong_key = false;
    rc = check_key(reply, "KeyId", key_id, &wrong_key);
    if (rc == 0)
        rc = kms_json_secret(reply, "Plaintext", DATA_KEY_BYTES, &secret);
    if (rc == 0 && secret_size(secret) != DATA_KEY_BYTES)
        rc = err_set(-EIO, "a data key of %zu bytes instead of %d", secret_size(secret),
                     DATA_KEY_BYTES);
    if (rc == 0)
        rc = kms_json_bytes(reply, "CiphertextBlob", KMS_BLOB_MAX, blob);
    if (rc < 0)
        return err_prefix(rc, "kms:GenerateDataKey with key %.200s", key_id);
    *key = TAKE(secret);
    return 0;
}

int kms_generate_data_key(struct kms *k, const char *key_id, const struct kv *context,
                          struct secret **key, struct buf *blob)
{
    assert(k != NULL && key_id != NULL && key != NULL && blob != NULL);
    struct use use = {.operation = "GenerateDataKey",
                      .key_id = key_id,
                      .context = context,
                      .began_ms = clock_ms()};
    size_t before = blob->len;
    int rc = generate(k, key_id, context, key, blob);
    if (rc == 0) {
        use.blob = blob->data + before;
        use.blob_len = blob->len - before;
    }
    audit_use(&use, rc);
    return rc;
}

// A call that was a trial: KMS answers those with an error, and must not do what was asked.
static int judge_trial(int rc, const struct kms_outcome *outcome, const char *operation)
{
    if (rc < 0)
        return outcome->would_have_done ? 0 : rc;
    return err_set(-EIO, "kms:%s: KMS does not know trials (DryRun)", operation);
}

static int decrypt(struct kms *k, const char *key_id, const struct kv *context, const void *blob,
                   size_t blob_len, bool is_trial, struct kms_outcome *outcome,
                   struct json_t **reply)
{
    AUTO_BUF struct buf text;
    buf_init(&text, KMS_BLOB_MAX * 2);
    int rc = blob_to_text(&text, blob, blob_len);
    if (rc < 0)
        return rc;
    const struct kms_field fields[] = {{"CiphertextBlob", buf_str(&text), NULL},
                                       {"KeyId", key_id, NULL},
                                       {"EncryptionContext", NULL, context},
                                       {"DryRun", is_trial ? KMS_JSON_TRUE : NULL, NULL}};
    return perform(k, "Decrypt", key_id, fields, COUNT(fields), outcome, reply);
}

static int unwrap(struct kms *k, const struct use *u, struct secret **key, bool *wrong_key)
{
    AUTO_KMS_JSON struct json_t *reply = NULL;
    struct kms_outcome outcome = {0};
    int rc = decrypt(k, u->key_id, u->context, u->blob, u->blob_len, false, &outcome, &reply);
    *wrong_key = outcome.wrong_key;
    if (rc < 0)
        return rc;
    rc = check_key(reply, "KeyId", u->key_id, wrong_key);
    if (rc == 0)
        rc = kms_json_secret(reply, "Plaintext", KMS_PLAIN_MAX, key);
    return rc < 0 ? err_prefix(rc, "kms:Decrypt with key %.200s", u->key_id) : 0;
}

int kms_decrypt(struct kms *k, const char *key_id, const struct kv *context, const void *blob,
                size_t blob_len, struct secret **key, bool *wrong_key)
{
    assert(k != NULL && key_id != NULL && key != NULL && wrong_key != NULL);
    const struct use use = {.operation = "Decrypt",
                            .key_id = key_id,
                            .context = context,
                            .blob = blob,
                            .blob_len = blob_len,
                            .began_ms = clock_ms()};
    int rc = unwrap(k, &use, key, wrong_key);
    audit_use(&use, rc);
    return rc;
}

int kms_decrypt_try(struct kms *k, const char *key_id, const struct kv *context, const void *blob,
                    size_t blob_len, bool *wrong_key)
{
    assert(k != NULL && key_id != NULL && wrong_key != NULL);
    AUTO_KMS_JSON struct json_t *reply = NULL; // wiped, should there be a key in it after all
    struct kms_outcome outcome = {0};
    int rc = decrypt(k, key_id, context, blob, blob_len, true, &outcome, &reply);
    *wrong_key = outcome.wrong_key;
    return judge_trial(rc, &outcome, "Decrypt");
}

static int wrap(struct kms *k, const char *key_id, const struct kv *context,
                const struct secret *plain, struct buf *blob)
{
    AUTO_BUF struct buf text;
    AUTO_KMS_JSON struct json_t *reply = NULL;
    buf_init_secret(&text, KMS_PLAIN_MAX * 2);
    int rc = base64_encode(&text, secret_bytes(plain), secret_size(plain));
    if (rc < 0)
        return rc;
    const struct kms_field fields[] = {{"KeyId", key_id, NULL},
                                       {"Plaintext", buf_str(&text), NULL},
                                       {"EncryptionContext", NULL, context}};
    rc = perform(k, "Encrypt", key_id, fields, COUNT(fields), NULL, &reply);
    if (rc < 0)
        return rc;
    rc = kms_json_bytes(reply, "CiphertextBlob", KMS_BLOB_MAX, blob);
    return rc < 0 ? err_prefix(rc, "kms:Encrypt with key %.200s", key_id) : 0;
}

int kms_encrypt(struct kms *k, const char *key_id, const struct kv *context,
                const struct secret *plain, struct buf *blob)
{
    assert(k != NULL && key_id != NULL && plain != NULL && blob != NULL);
    const struct use use = {
        .operation = "Encrypt", .key_id = key_id, .context = context, .began_ms = clock_ms()};
    int rc = wrap(k, key_id, context, plain, blob);
    audit_use(&use, rc);
    return rc;
}

static int reencrypt(struct kms *k, const struct kms_move *move, bool is_trial,
                     struct kms_outcome *outcome, struct json_t **reply)
{
    AUTO_BUF struct buf text;
    buf_init(&text, KMS_BLOB_MAX * 2);
    int rc = blob_to_text(&text, move->blob, move->blob_len);
    if (rc < 0)
        return rc;
    const struct kms_field fields[] = {{"CiphertextBlob", buf_str(&text), NULL},
                                       {"SourceKeyId", move->from_key_id, NULL},
                                       {"SourceEncryptionContext", NULL, move->from_context},
                                       {"DestinationKeyId", move->to_key_id, NULL},
                                       {"DestinationEncryptionContext", NULL, move->to_context},
                                       {"DryRun", is_trial ? KMS_JSON_TRUE : NULL, NULL}};
    rc = perform(k, "ReEncrypt", move->to_key_id, fields, COUNT(fields), outcome, reply);
    if (rc < 0 && outcome->denied)
        return err_prefix(rc,
                          "kms:ReEncryptFrom on key %.200s and kms:ReEncryptTo on key %.200s "
                          "are needed",
                          move->from_key_id, move->to_key_id);
    return rc;
}

static int move_blob(struct kms *k, const struct kms_move *move, struct buf *out, bool *wrong_key)
{
    AUTO_KMS_JSON struct json_t *reply = NULL;
    struct kms_outcome outcome = {0};
    int rc = reencrypt(k, move, out == NULL, &outcome, &reply);
    *wrong_key = outcome.wrong_key;
    if (out == NULL)
        return judge_trial(rc, &outcome, "ReEncrypt");
    if (rc < 0)
        return rc;
    rc = check_key(reply, "SourceKeyId", move->from_key_id, wrong_key);
    if (rc == 0)
        rc = check_key(reply, "KeyId", move->to_key_id, wrong_key);
    if (rc == 0)
        rc = kms_json_bytes(reply, "CiphertextBlob", KMS_BLOB_MAX, out);
    return rc < 0 ? err_prefix(rc, "kms:ReEncrypt to key %.200s", move->to_key_id) : 0;
}

int kms_reencrypt(struct kms *k, const struct kms_move *move, struct buf *out, bool *wrong_key)
{
    assert(k != NULL && move->from_key_id != NULL && move->to_key_id != NULL && wrong_key != NULL);
    const struct use use = {.operation = "ReEncrypt",
                            .key_id = move->from_key_id,
                            .to_key_id = move->to_key_id,
                            .context = move->to_context,
                            .blob = move->blob,
                            .blob_len = move->blob_len,
                            .began_ms = clock_ms()};
    int rc = move_blob(k, move, out, wrong_key);
    if (out != NULL) // a trial uses no key
        audit_use(&use, rc);
    return rc;
}

static void take_text(char *out, size_t size, const struct json_t *reply, const char *name)
{
    const char *text = kms_json_text(reply, "KeyMetadata", name);
    if (text != NULL)
        snprintf(out, size, "%s", text);
}

int kms_describe_key(struct kms *k, const char *key_id, struct kms_key_info *out)
{
    assert(k != NULL && key_id != NULL && out != NULL);
    const struct kms_field fields[] = {{"KeyId", key_id, NULL}};
    AUTO_KMS_JSON struct json_t *reply = NULL;
    *out = (struct kms_key_info){0};
    int rc = perform(k, "DescribeKey", key_id, fields, COUNT(fields), NULL, &reply);
    if (rc < 0)
        return rc;
    take_text(out->arn, sizeof out->arn, reply, "Arn");
    take_text(out->state, sizeof out->state, reply, "KeyState");
    take_text(out->usage, sizeof out->usage, reply, "KeyUsage");
    take_text(out->spec, sizeof out->spec, reply, "CustomerMasterKeySpec"); // the name before 2021
    take_text(out->spec, sizeof out->spec, reply, "KeySpec");
    out->enabled = kms_json_true(reply, "KeyMetadata", "Enabled");
    if (*out->arn == '\0')
        return err_set(-EIO, "kms:DescribeKey with key %.200s: the answer has no Arn", key_id);
    return 0;
}

// ---- ARNs

// Copies up to the next ':' (or the end for the last field) and moves behind it.
static bool take_part(const char **at, char *out, size_t size, bool last)
{
    size_t len = last ? strlen(*at) : strcspn(*at, ":");
    if (len == 0 || len >= size || (!last && (*at)[len] != ':'))
        return false;
    memcpy(out, *at, len);
    out[len] = '\0';
    *at += len + !last;
    return true;
}

static bool is_made_of(const char *text, const char *set)
{
    return text[strspn(text, set)] == '\0';
}

int kms_arn_parse(const char *arn, struct kms_arn *out)
{
    assert(arn != NULL && out != NULL);
    static const char ID[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    char service[8], resource[sizeof out->id + 4];
    const char *at = arn + 4;
    *out = (struct kms_arn){0};
    if (strncmp(arn, "arn:", 4) != 0 ||
        !take_part(&at, out->partition, sizeof out->partition, false) ||
        !take_part(&at, service, sizeof service, false) || strcmp(service, "kms") != 0 ||
        !take_part(&at, out->region, sizeof out->region, false) ||
        !take_part(&at, out->account, sizeof out->account, false))
        return err_set(-EINVAL,
                       "'%.200s' is no KMS key ARN "
                       "(arn:aws:kms:REGION:ACCOUNT:key/ID is wanted)",
                       arn);
    if (strncmp(at, "alias/", 6) == 0)
        return err_set(-EINVAL,
                       "'%.200s' is an alias: give the key's own ARN (kms describe-key "
                       "tells it), for the alias may point elsewhere when a file is read",
                       arn);
    if (strncmp(at, "key/", 4) != 0 || !take_part(&at, resource, sizeof resource, true) ||
        resource[4] == '\0' || !is_made_of(resource + 4, ID) || strlen(out->account) != 12 ||
        !is_made_of(out->account, "0123456789") ||
        !is_made_of(out->region, "abcdefghijklmnopqrstuvwxyz0123456789-"))
        return err_set(-EINVAL,
                       "'%.200s' is no KMS key ARN "
                       "(arn:aws:kms:REGION:ACCOUNT:key/ID is wanted)",
                       arn);
    snprintf(out->id, sizeof out->id, "%s", resource + 4);
    return 0;
}
