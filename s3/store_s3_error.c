// What an answer of S3 means: accepted, or which errno, whether to try again, and what to tell.
#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"
#include "s3/clock_offset.h"
#include "s3/store_s3_internal.h"
#include "s3/xml.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct meaning {
    const char *code; // S3's
    int rc;
    enum retry_kind kind;
    bool credentials_refused;
    const char *hint; // what to do; may be NULL
};

static const char EXPIRED[] =
    "the session's credentials have expired: put new ones where these came "
    "from; a role or a credential_process renews them";
static const char FULL[] = "no room is left, or a quota is used up: free some, or have it raised";

static const struct meaning MEANINGS[] = {
    {"NoSuchKey", -ENOENT, RETRY_NEVER, false, NULL},
    {"NoSuchVersion", -ENOENT, RETRY_NEVER, false, NULL},
    {"NoSuchUpload", -ENOENT, RETRY_NEVER, false, NULL},
    {"NoSuchBucket", -ENOENT, RETRY_NEVER, false,
     "there is no such bucket: check its name, the endpoint and the region"},
    {"AccessDenied", -EACCES, RETRY_NEVER, false,
     "the credentials may not do this: see the IAM policy and the bucket's policy"},
    {"AllAccessDisabled", -EACCES, RETRY_NEVER, false, NULL},
    {"AccountProblem", -EACCES, RETRY_NEVER, false, NULL},
    {"InvalidAccessKeyId", -EACCES, RETRY_NEVER, true, "the server does not know this access key"},
    {"SignatureDoesNotMatch", -EACCES, RETRY_NEVER, false,
     "the secret key is not the one of this access key"},
    {"ExpiredToken", -EACCES, RETRY_NEVER, true, EXPIRED},
    {"TokenRefreshRequired", -EACCES, RETRY_NEVER, true, EXPIRED},
    {"InvalidToken", -EACCES, RETRY_NEVER, true, "the session token is not valid here"},
    {"AuthorizationHeaderMalformed", -EACCES, RETRY_NEVER, false, "is --region the bucket's?"},
    {"InvalidObjectState", -EIO, RETRY_NEVER, false,
     "the object is archived: restore it to a readable class first"},
    {"PreconditionFailed", -ESTALE, RETRY_NEVER, false, "the object was replaced meanwhile"},
    {"EntityTooLarge", -ENOSPC, RETRY_NEVER, false,
     "the server takes no object or part of this size"},
    {"QuotaExceeded", -ENOSPC, RETRY_NEVER, false, FULL},
    {"KeyTooLongError", -ENAMETOOLONG, RETRY_NEVER, false, NULL},
    {"SlowDown", -EIO, RETRY_THROTTLED, false, NULL},
    {"ServiceUnavailable", -EIO, RETRY_THROTTLED, false, NULL},
    {"Throttling", -EIO, RETRY_THROTTLED, false, NULL},
    {"ThrottlingException", -EIO, RETRY_THROTTLED, false, NULL},
    {"RequestLimitExceeded", -EIO, RETRY_THROTTLED, false, NULL},
    {"TooManyRequests", -EIO, RETRY_THROTTLED, false, NULL},
    {"InternalError", -EIO, RETRY_SERVER, false, NULL},
    {"RequestTimeout", -EIO, RETRY_TRANSIENT, false, NULL},
    {"IncompleteBody", -EIO, RETRY_TRANSIENT, false, NULL},
    {"OperationAborted", -EIO, RETRY_TRANSIENT, false, NULL},
    {"ConditionalRequestConflict", -EIO, RETRY_TRANSIENT, false, NULL},
    // The body was damaged on its way: it is sent again, a few times.
    {"BadDigest", -EIO, RETRY_SERVER, false, NULL},
    {"XAmzContentSHA256Mismatch", -EIO, RETRY_SERVER, false, NULL},
    {"XAmzContentChecksumMismatch", -EIO, RETRY_SERVER, false, NULL},
};

struct s3_error { // of an answer's body and headers
    char root[XML_NAME_MAX + 1];
    bool names_etag; // an ETag element is in the body ...
    bool has_etag;   // ... and is not empty
    char code[64];
    char message[256];
    char region[40];
    char request_id[96];
};

static int on_error_xml(void *context, enum xml_event event, const char *path, const char *text)
{
    struct s3_error *e = context;
    if (event == XML_OPEN) {
        if (strchr(path + 1, '/') == NULL)
            snprintf(e->root, sizeof e->root, "%s", path + 1);
        return 0;
    }
    const char *name = strrchr(path, '/') + 1;
    if (strcmp(name, "ETag") == 0) {
        e->names_etag = true;
        e->has_etag |= *text != '\0';
    }
    // ErrorResponse/Error is what STS-like services and some gateways answer.
    if (strstr(path, "/Error/") != path && strstr(path, "/ErrorResponse/") != path)
        return 0;
    if (strcmp(name, "Code") == 0)
        snprintf(e->code, sizeof e->code, "%s", text);
    else if (strcmp(name, "Message") == 0)
        snprintf(e->message, sizeof e->message, "%s", text);
    else if (strcmp(name, "Region") == 0)
        snprintf(e->region, sizeof e->region, "%s", text);
    else if (strcmp(name, "RequestId") == 0)
        snprintf(e->request_id, sizeof e->request_id, "%s", text);
    return 0;
}

static const char *header(const struct http_response *r, const char *name)
{
    const char *value = kv_get(&r->headers, name);
    return value != NULL ? value : "";
}

static void read_error(const struct call *c, const struct http_response *r, struct s3_error *e)
{
    *e = (struct s3_error){0};
    if (c->answer.len > 0 && xml_parse(c->answer.data, c->answer.len, on_error_xml, e) < 0)
        log_debug("%s: an answer that is no XML: %s", c->what, err_text());
    if (*header(r, "x-amz-bucket-region") != '\0')
        snprintf(e->region, sizeof e->region, "%s", header(r, "x-amz-bucket-region"));
    if (*header(r, "x-amz-request-id") != '\0')
        snprintf(e->request_id, sizeof e->request_id, "%s", header(r, "x-amz-request-id"));
}

static struct meaning meaning_of(const struct http_response *r, const struct s3_error *e)
{
    for (size_t i = 0; i < sizeof MEANINGS / sizeof *MEANINGS; i++) {
        if (strcmp(MEANINGS[i].code, e->code) == 0)
            return MEANINGS[i];
    }
    struct meaning m = {.rc = -EIO, .kind = retry_kind_of_status(r->status)};
    switch (r->status) {
    case 404:
        m.rc = -ENOENT;
        break;
    case 401:
    case 403:
        m.rc = -EACCES;
        m.hint = "denied: see the IAM policy, the bucket's policy and the credentials";
        break;
    case 412:
        m.rc = -ESTALE;
        m.hint = "the object was replaced meanwhile";
        break;
    case 413:
        m.rc = -ENOSPC;
        break;
    case 507:
        m.rc = -ENOSPC;
        m.hint = FULL;
        break;
    default:
        break;
    }
    return m;
}

// The clock of RequestTimeTooSkewed: by how much, as the answer's Date tells.
static int skewed_clock(const struct call *c, const struct http_response *r,
                        const struct s3_error *e)
{
    int64_t off = r->date_s != 0 ? clock_wall_s() + c->clock_offset_s - r->date_s : 0;
    char by[64] = "by more than the server allows";
    if (off != 0)
        snprintf(by, sizeof by, "%" PRId64 " s %s the server's", off < 0 ? -off : off,
                 off < 0 ? "behind" : "ahead of");
    return err_set(-EACCES, "%s: %d %s: this machine's clock is off, %s: set it (request id %s)",
                   c->what, r->status, e->code, by, e->request_id);
}

static int wrong_region(const struct call *c, const struct http_response *r,
                        const struct s3_error *e)
{
    return err_set(-EIO,
                   "%s: %d %s: the bucket is in another region%s%s, or behind another endpoint: "
                   "give --region (and --endpoint-url, if it is not AWS's) (request id %s)",
                   c->what, r->status, e->code, *e->region != '\0' ? ", " : "", e->region,
                   e->request_id);
}

// A HEAD's answer has no body, so a 400 does not say why: most often the session has expired.
static bool is_bare_400(const struct call *c, const struct http_response *r)
{
    return r->status == 400 && strcmp(c->http.method, "HEAD") == 0;
}

// A redirect, or a signature that is for another region than the bucket's; a HEAD's answer has no
// body that says so. What they name besides the region is not looked at (never a host).
static bool is_elsewhere(const struct call *c, const struct http_response *r,
                         const struct s3_error *e)
{
    if (r->status / 100 == 3 || strcmp(e->code, "PermanentRedirect") == 0 ||
        strcmp(e->code, "TemporaryRedirect") == 0)
        return true;
    return *e->region != '\0' && strcmp(e->region, c->place->region) != 0 &&
           (is_bare_400(c, r) || strcmp(e->code, "AuthorizationHeaderMalformed") == 0);
}

static bool is_mute_skew(const struct call *c, const struct http_response *r)
{
    int64_t off_s = r->date_s != 0 ? clock_wall_s() + c->clock_offset_s - r->date_s : 0;
    return r->status == 403 && strcmp(c->http.method, "HEAD") == 0 &&
           (off_s > CLOCK_WARN_S || off_s < -CLOCK_WARN_S);
}

// 501 or 400 that names the checksum: then this server shall get none any more.
static bool refuses_checksum(const struct http_response *r, const struct s3_error *e)
{
    if (r->status == 501)
        return true;
    return r->status == 400 &&
           (strcasestr(e->message, "checksum") != NULL ||
            strcasestr(e->code, "checksum") != NULL) &&
           strcasestr(e->code, "mismatch") == NULL && strcasestr(e->code, "digest") == NULL;
}

// 501, or 400 that names the header: then this server shall get none any more.
static bool refuses_condition(const struct http_response *r, const struct s3_error *e)
{
    return r->status == 501 || (r->status == 400 && strcasestr(e->message, "none-match") != NULL);
}

// What s3_call_set_defaults has set; servers say little about what they do not like of it.
static bool asks_for_more(const struct kv *headers)
{
    return kv_get(headers, "x-amz-storage-class") != NULL ||
           kv_get(headers, "x-amz-server-side-encryption") != NULL ||
           kv_get(headers, "x-amz-object-lock-mode") != NULL ||
           kv_get(headers, "x-amz-tagging") != NULL;
}

// What a retry may leave out because the server does not know it.
static bool drop_what_is_refused(struct s3_call *s, const struct http_response *r,
                                 const struct s3_error *e)
{
    if (s->only_new && refuses_condition(r, e) && s3_call_drop_only_new(s))
        return true;
    if (!s->had_checksum || !refuses_checksum(r, e))
        return false;
    if (!atomic_exchange(&s->store->checksums_refused, true))
        log_warn("%s: the server takes no checksums (%d %s): going on without",
                 caller_place(&s->store->caller)->server.authority, r->status, e->code);
    s3_call_drop_checksum(s);
    return true;
}

static int judge_refusal(struct s3_call *s, const struct http_response *r, const struct s3_error *e,
                         struct call_failure *f)
{
    struct call *c = &s->call;
    struct meaning m = meaning_of(r, e);
    f->kind = m.kind;
    f->credentials_refused = m.credentials_refused || is_bare_400(c, r);
    f->credentials_expired =
        strcmp(e->code, "ExpiredToken") == 0 || strcmp(e->code, "TokenRefreshRequired") == 0;
    if (drop_what_is_refused(s, r, e))
        f->kind = RETRY_AT_ONCE;
    if (s->only_new && m.rc == -ESTALE) {
        s3_call_heeded_only_new(s);
        m.rc = -EEXIST;
        m.hint = "there is an object of that name, and --no-overwrite replaces none";
    }
    // A HEAD's answer does not say why: if the clock is off, that is why.
    f->clock_skewed = strcmp(e->code, "RequestTimeTooSkewed") == 0 || is_mute_skew(c, r);
    if (strcmp(e->code, "RequestTimeTooSkewed") == 0)
        return skewed_clock(c, r, e);
    if (is_elsewhere(c, r, e)) {
        if (*e->region != '\0' && s3_move_to_region(s->store, c->place, e->region)) {
            f->kind = RETRY_AT_ONCE;
            f->credentials_refused = false;
        }
        return wrong_region(c, r, e);
    }
    if (r->status == 403 && strcmp(c->http.method, "HEAD") == 0)
        m.hint = "denied, or missing while s3:ListBucket is not allowed: see the policies";
    if (r->status == 400 && m.hint == NULL && asks_for_more(&c->headers))
        m.hint = "does this server know what --storage-class, --sse, --object-lock and --tags ask "
                 "for?";
    const char *hint =
        is_bare_400(c, r) ? "expired credentials or another region than the bucket's?" : m.hint;
    return err_set(m.rc, "%s: %d%s%s%s%s%s%s%s (request id %s)", c->what, r->status,
                   *e->code != '\0' ? " " : "", e->code, *e->message != '\0' ? ": " : "",
                   e->message, hint != NULL ? " (" : "", hint != NULL ? hint : "",
                   hint != NULL ? ")" : "", *e->request_id != '\0' ? e->request_id : "none");
}

// Complete and copies answer 200 at once and find out later whether it went well.
static int judge_result(struct s3_call *s, const struct http_response *r, struct call_failure *f)
{
    struct s3_error e;
    read_error(&s->call, r, &e);
    if (strcmp(e.root, "Error") == 0)
        return judge_refusal(s, r, &e, f);
    bool is_root = strcmp(e.root, s->result_root) == 0;
    if (is_root && e.has_etag)
        return 0;
    // Ceph RGW 16.2 completes an upload and leaves the ETag empty; asked again, it tells it.
    f->kind = is_root && e.names_etag ? RETRY_AT_ONCE : RETRY_SERVER;
    return err_set(-EIO, "%s: 200, but without a result in it (request id %s)", s->call.what,
                   *e.request_id != '\0' ? e.request_id : "none");
}

int s3_judge(struct call *c, const struct http_response *r, struct call_failure *f)
{
    struct s3_call *s = c->judge_context;
    assert(&s->call == c);
    if (r->status >= 200 && r->status < 300)
        return s->result_in_body ? judge_result(s, r, f) : 0;
    struct s3_error e;
    read_error(c, r, &e);
    return judge_refusal(s, r, &e, f);
}
