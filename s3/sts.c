// Requests and answers are in buffers that are wiped: they carry tokens and keys.
#include "s3/sts.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/err.h"
#include "s3/clock_offset.h"
#include "s3/config.h"
#include "s3/credentials_answer.h"
#include "s3/sigv4.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STS_VERSION "2011-06-15"

struct sts_call {
    const struct credentials_fetch *fetch;
    const char *action;
    struct endpoint server;
    const struct sts_role *role;
    const struct credentials *as; // NULL: not signed
    int64_t offset_s;             // of the clock, learnt from a refusal
    struct buf body;              // secret, as all below
    struct buf answer;
};

static void sts_call_clear(struct sts_call *c)
{
    buf_clear(&c->body);
    buf_clear(&c->answer);
}

// ---- the request

static int add_field(struct buf *body, const char *name, const char *value)
{
    if (value == NULL)
        return 0;
    int rc = buf_addf(body, "%s%s=", body->len > 0 ? "&" : "", name);
    return rc == 0 ? uri_escape(body, value, false) : rc;
}

static int add_token(struct sts_call *c)
{
    AUTO_BUF struct buf token;
    buf_init_secret(&token, TOKEN_FILE_MAX);
    int rc = fetch_token_file(c->role->token_file, &token);
    return rc == 0 ? add_field(&c->body, "WebIdentityToken", buf_str(&token)) : rc;
}

static int make_body(struct sts_call *c)
{
    const struct sts_role *r = c->role;
    char name[64], duration[24];
    snprintf(name, sizeof name, "rdsbak-%" PRId64, clock_wall_s());
    snprintf(duration, sizeof duration, "%" PRIu64, r->duration_s);
    int rc = add_field(&c->body, "Action", c->action);
    if (rc == 0)
        rc = add_field(&c->body, "Version", STS_VERSION);
    if (rc == 0)
        rc = add_field(&c->body, "RoleArn", r->arn);
    if (rc == 0)
        rc = add_field(&c->body, "RoleSessionName",
                       r->session_name != NULL ? r->session_name : name);
    if (rc == 0)
        rc = add_field(&c->body, "ExternalId", r->external_id);
    if (rc == 0)
        rc = add_field(&c->body, "DurationSeconds", r->duration_s != 0 ? duration : NULL);
    return rc == 0 && r->token_file != NULL ? add_token(c) : rc;
}

static void headers_clear(struct kv *headers)
{
    KV_EACH (headers, pair)
        secret_wipe(pair->value, strlen(pair->value));
    kv_clear(headers);
}

static int sign(const struct sts_call *c, struct kv *headers)
{
    char hash[65];
    const struct iovec iov = {c->body.data, c->body.len};
    int rc = sigv4_sha256(&iov, 1, hash);
    if (rc == 0)
        rc = kv_set(headers, "host", c->server.authority);
    const struct sigv4_request r = {.method = "POST",
                                    .path = "/",
                                    .query = "",
                                    .headers = headers,
                                    .payload_sha256 = hash,
                                    .region = c->fetch->region,
                                    .service = "sts",
                                    .now_s = clock_wall_s() + c->offset_s};
    return rc == 0 ? sigv4_sign(&r, c->as, NULL) : rc;
}

static int send_once(struct sts_call *c, struct http_response *response)
{
    CLEANUP(headers_clear) struct kv headers = {0};
    int rc = kv_set(&headers, "content-type", "application/x-www-form-urlencoded");
    if (rc == 0)
        rc = kv_set(&headers, "accept", "application/xml"); // AWS's would do without
    if (rc == 0 && c->as != NULL)
        rc = sign(c, &headers);
    const struct fetch_request r = {.what = c->action,
                                    .method = "POST",
                                    .server = &c->server,
                                    .path = "/",
                                    .headers = &headers,
                                    .body = &c->body,
                                    .timeout_ms = FETCH_TIMEOUT_MS,
                                    .connect_timeout_ms = FETCH_CONNECT_MS};
    return rc == 0 ? fetch_send(c->fetch, &r, &c->answer, response) : rc;
}

// ---- the answer

static const char *hint_of(const char *code)
{
    static const struct {
        const char *code, *hint;
    } HINTS[] = {
        {"AccessDenied", "the role's trust policy must let this identity assume it, and the "
                         "identity's policy must allow sts:AssumeRole"},
        {"ExpiredTokenException", "the token has expired and was not replaced in its file"},
        {"InvalidIdentityToken", "the token is not one of the role's identity provider"},
        {"ExpiredToken", "the credentials of source_profile have expired"},
        {"InvalidClientTokenId", "STS does not know the access key of source_profile"},
        {"SignatureDoesNotMatch", "the secret key is not the one of this access key"},
        {"ValidationError", "see role_arn, role_session_name and duration_seconds"},
    };
    if (*code == '\0') // AWS_ENDPOINT_URL is often an S3 gateway's, which is also asked then
        return "this is no answer of STS: AWS_ENDPOINT_URL_STS names the server that is asked";
    for (size_t i = 0; i < sizeof HINTS / sizeof *HINTS; i++) {
        if (strcmp(HINTS[i].code, code) == 0)
            return HINTS[i].hint;
    }
    return "see the role's trust policy";
}

static bool is_skew(const struct sts_error *e)
{
    return strstr(e->message, "Signature expired") != NULL ||
           strstr(e->message, "Signature not yet current") != NULL ||
           strcmp(e->code, "RequestTimeTooSkewed") == 0 || strcmp(e->code, "RequestExpired") == 0;
}

static int judge(struct sts_call *c, const struct http_response *r, bool *again)
{
    struct sts_error e;
    *again = false;
    if (r->status == 200)
        return 0;
    sts_error_parse(&e, buf_str(&c->answer), c->answer.len);
    *again = c->as != NULL && is_skew(&e) &&
             clock_offset_learn(c->server.authority, c->server.tls || c->server.loopback, r->date_s,
                                &c->offset_s);
    return err_set(r->status >= 500 || r->status == 429 ? -EIO : -EACCES,
                   "sts:%s of %.160s at %s: %d%s%s%s%.200s (%s)", c->action, c->role->arn,
                   c->server.authority, r->status, *e.code != '\0' ? " " : "", e.code,
                   *e.message != '\0' ? ": " : "", e.message, hint_of(e.code));
}

static int find_server(struct sts_call *c, const char *url)
{
    if (url != NULL)
        return endpoint_parse(url, c->fetch->allow_http, &c->server);
    if (c->fetch->region == NULL)
        return err_set(-EACCES, "no region for STS: give --region or set AWS_REGION");
    return endpoint_aws("sts", c->fetch->region, &c->server);
}

static int perform(struct sts_call *c, const char *url, struct credentials *out)
{
    AUTO_HTTP_RESPONSE struct http_response response = {0};
    bool again = true;
    buf_init_secret(&c->body, 2 * TOKEN_FILE_MAX);
    buf_init_secret(&c->answer, FETCH_ANSWER_MAX);
    int rc = find_server(c, url);
    if (rc == 0)
        rc = make_body(c);
    for (int i = 0; i < 2 && rc == 0 && again; i++) { // twice, if the clock was learnt
        http_response_clear(&response);
        rc = send_once(c, &response);
        if (rc == 0)
            rc = judge(c, &response, &again);
        if (again && i == 0)
            rc = 0;
    }
    if (rc < 0)
        return rc == -EINVAL ? err_prefix(-EACCES, "STS") : rc;
    rc = credentials_parse_sts(out, buf_str(&c->answer), c->answer.len);
    if (rc < 0)
        return err_prefix(rc, "sts:%s of %.160s", c->action, c->role->arn);
    fetch_adjust_expiry(out, response.date_s);
    return 0;
}

int sts_assume(const struct credentials_fetch *f, const char *url, const struct sts_role *role,
               const struct credentials *as, struct credentials *out)
{
    assert(role->arn != NULL && as != NULL && role->token_file == NULL);
    CLEANUP(sts_call_clear)
    struct sts_call c = {.fetch = f, .action = "AssumeRole", .role = role, .as = as};
    if (f->region == NULL)
        return err_set(-EACCES, "no region to sign for STS with: give --region or set AWS_REGION");
    return perform(&c, url, out);
}

int sts_assume_by_token(const struct credentials_fetch *f, const char *url,
                        const struct sts_role *role, struct credentials *out)
{
    assert(role->arn != NULL && role->token_file != NULL);
    CLEANUP(sts_call_clear)
    struct sts_call c = {.fetch = f, .action = "AssumeRoleWithWebIdentity", .role = role};
    return perform(&c, url, out);
}
