#include "s3/kms_error.h"
#include "common/clock.h"
#include "common/err.h"
#include "s3/kms_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct meaning {
    const char *code; // KMS's
    int rc;
    enum retry_kind kind;
    bool credentials_refused;
    const char *text; // what it means and what to do
};

#define NEVER     RETRY_NEVER, false
#define TRANSIENT RETRY_TRANSIENT, false
#define SERVER    RETRY_SERVER, false
#define THROTTLED RETRY_THROTTLED, false
#define RENEW     RETRY_NEVER, true

static const char EXPIRED[] =
    "the session's credentials have expired: put new ones where these came "
    "from; a role or a credential_process renews them";

static const struct meaning MEANINGS[] = {
    {"AccessDeniedException", -EACCES, NEVER,
     "the credentials may not use this key: allow the action in the IAM policy and the key policy"},
    {"AccessDenied", -EACCES, NEVER,
     "the credentials may not use this key: allow the action in the IAM policy and the key policy"},
    {"DisabledException", -EACCES, NEVER, "the key is disabled: enable it (kms enable-key)"},
    {"KMSInvalidStateException", -EACCES, NEVER,
     "the key is not usable in its state: if it is pending deletion, cancel that (kms "
     "cancel-key-deletion, then enable-key)"},
    {"NotFoundException", -EACCES, NEVER,
     "there is no such key in this account and region: check the ARN; a key that was deleted "
     "cannot "
     "be had back, nor what was encrypted under it"},
    {"InvalidArnException", -EACCES, NEVER, "the key's ARN is malformed: check it"},
    {"IncorrectKeyException", -EACCES, NEVER,
     "the data was wrapped under another key: name that one with --decrypt-key"},
    {"InvalidKeyUsageException", -EACCES, NEVER,
     "the key is not for encryption: a symmetric ENCRYPT_DECRYPT key is needed"},
    {"InvalidGrantTokenException", -EACCES, NEVER, "the grant token is not valid"},
    {"InvalidCiphertextException", -EIO, NEVER,
     "the wrapped key is damaged, of another key, or its encryption context was changed"},
    {"KeyUnavailableException", -EIO, SERVER, "KMS cannot reach the key at the moment"},
    {"DependencyTimeoutException", -EIO, SERVER, "KMS timed out inside"},
    {"KMSInternalException", -EIO, SERVER, "KMS failed inside"},
    {"InternalFailure", -EIO, SERVER, "KMS failed inside"},
    {"ServiceUnavailableException", -EIO, THROTTLED, "KMS is overloaded"},
    {"ServiceUnavailable", -EIO, THROTTLED, "KMS is overloaded"},
    {"ThrottlingException", -EIO, THROTTLED,
     "too many KMS requests: ask for a higher quota, or start fewer files at once"},
    {"Throttling", -EIO, THROTTLED, "too many KMS requests"},
    {"TooManyRequestsException", -EIO, THROTTLED, "too many KMS requests"},
    {"LimitExceededException", -EIO, THROTTLED, "a KMS quota is used up"},
    {"RequestLimitExceeded", -EIO, THROTTLED, "too many KMS requests"},
    {"CloudHsmClusterInvalidConfigurationException", -EIO, NEVER,
     "the key's custom key store is not usable"},
    {"CustomKeyStoreInvalidStateException", -EIO, NEVER,
     "the key's custom key store is not connected"},
    {"ExpiredTokenException", -EACCES, RENEW, EXPIRED},
    {"ExpiredToken", -EACCES, RENEW, EXPIRED},
    {"UnrecognizedClientException", -EACCES, RENEW,
     "KMS does not know this access key or session token"},
    {"InvalidClientTokenId", -EACCES, RENEW, "KMS does not know this access key"},
    {"MissingAuthenticationTokenException", -EACCES, NEVER, "the request came without a signature"},
    {"IncompleteSignatureException", -EACCES, NEVER, "the signature is not complete"},
    {"SignatureDoesNotMatch", -EACCES, NEVER,
     "the secret key is not the one of this access key, or the region is not the key's"},
    {"InvalidSignatureException", -EACCES, NEVER,
     "the secret key is not the one of this access key, the region is not the key's, or the clock "
     "is off"},
    {"OptInRequired", -EACCES, NEVER, "the account has no KMS"},
    {"ValidationException", -EIO, NEVER, "KMS does not take this request"},
    {"DryRunOperationException", -EIO, NEVER, "only a trial was asked for"},
};

struct kms_error {
    char code[80];
    char message[400];
};

// "com.amazonaws.kms#NotFoundException" and "NotFoundException:http://..." are the same.
static void take_code(struct kms_error *e, const char *type)
{
    const char *hash = strrchr(type, '#');
    if (hash != NULL)
        type = hash + 1;
    snprintf(e->code, sizeof e->code, "%.*s", (int)strcspn(type, ":"), type);
}

static void read_error(const struct call *c, const struct http_response *r, struct kms_error *e)
{
    AUTO_KMS_JSON struct json_t *json = NULL;
    const char *type = kv_get(&r->headers, "x-amzn-errortype");
    *e = (struct kms_error){0};
    if (type != NULL)
        take_code(e, type);
    if (kms_json_parse(&json, buf_str(&c->answer), c->answer.len) < 0)
        return;
    type = kms_json_text(json, NULL, "__type");
    if (type != NULL)
        take_code(e, type);
    const char *message = kms_json_text(json, NULL, "message");
    if (message == NULL)
        message = kms_json_text(json, NULL, "Message");
    snprintf(e->message, sizeof e->message, "%s", message != NULL ? message : "");
}

static struct meaning meaning_of(const struct http_response *r, const struct kms_error *e)
{
    for (size_t i = 0; i < sizeof MEANINGS / sizeof *MEANINGS; i++) {
        if (strcmp(MEANINGS[i].code, e->code) == 0)
            return MEANINGS[i];
    }
    struct meaning m = {.rc = -EIO, .kind = retry_kind_of_status(r->status)};
    if (r->status == 401 || r->status == 403) {
        m.rc = -EACCES;
        m.text = "denied: see the IAM policy and the key policy";
    }
    return m;
}

// "Signature expired: ..." comes under several codes; the server's Date tells by how much.
static bool is_skew(const struct call *c, const struct http_response *r, const struct kms_error *e,
                    int64_t *off)
{
    *off = r->date_s != 0 ? clock_wall_s() + c->clock_offset_s - r->date_s : 0;
    return strstr(e->message, "Signature expired") != NULL ||
           strstr(e->message, "Signature not yet current") != NULL ||
           strcmp(e->code, "RequestTimeTooSkewed") == 0 || strcmp(e->code, "RequestExpired") == 0;
}

int kms_judge(struct call *c, const struct http_response *r, struct call_failure *f)
{
    struct kms_outcome *outcome = c->judge_context;
    struct kms_error e;
    int64_t off = 0;
    if (r->status == 200)
        return 0;
    read_error(c, r, &e);
    struct meaning m = meaning_of(r, &e);
    const char *id = kv_get(&r->headers, "x-amzn-requestid");
    f->kind = m.kind;
    f->credentials_refused = m.credentials_refused;
    f->credentials_expired = strncmp(e.code, "ExpiredToken", strlen("ExpiredToken")) == 0;
    outcome->wrong_key = strcmp(e.code, "IncorrectKeyException") == 0;
    outcome->denied = strncmp(e.code, "AccessDenied", strlen("AccessDenied")) == 0;
    outcome->would_have_done = strcmp(e.code, "DryRunOperationException") == 0;
    f->clock_skewed = is_skew(c, r, &e, &off);
    if (f->clock_skewed)
        return err_set(-EACCES,
                       "%s: %d %s: this machine's clock is off by %" PRId64
                       " s: set it (request id %s)",
                       c->what, r->status, e.code, off, id != NULL ? id : "none");
    return err_set(m.rc, "%s: %d%s%s%s%s%s%s%s (request id %s)", c->what, r->status,
                   *e.code != '\0' ? " " : "", e.code, *e.message != '\0' ? ": " : "", e.message,
                   m.text != NULL ? " (" : "", m.text != NULL ? m.text : "",
                   m.text != NULL ? ")" : "", id != NULL ? id : "none");
}
