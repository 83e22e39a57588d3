// AWS Signature Version 4. The only file of s3/ that uses OpenSSL (SHA-256 and HMAC).
#include "s3/sigv4.h"
#include "common/codec.h"
#include "common/err.h"

#include <assert.h>
#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SHA256_BYTES   32
#define CANONICAL_MAX  (256 * 1024) // a session token of 64 KiB, metadata, escaped key and query
#define SECRET_KEY_MAX 1024
#define READ_PIECE     (32 * 1024) // on the stack

static int digest_failed(void)
{
    return err_set(-EIO, "OpenSSL could not compute a SHA-256");
}

CLEANUP_POINTER(evp_md_ctx_st, EVP_MD_CTX_free)

int sigv4_sha256(const struct iovec *iov, size_t count, char out[static 65])
{
    CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t digest[SHA256_BYTES];
    if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
        return digest_failed();
    for (size_t i = 0; i < count; i++) {
        if (EVP_DigestUpdate(ctx, iov[i].iov_base, iov[i].iov_len) != 1)
            return digest_failed();
    }
    if (EVP_DigestFinal_ex(ctx, digest, NULL) != 1)
        return digest_failed();
    hex_encode(out, digest, sizeof digest);
    return 0;
}

int sigv4_sha256_read(int (*read)(void *context, uint64_t offset, void *out, size_t len),
                      void *context, uint64_t size, char out[static 65])
{
    CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t digest[SHA256_BYTES], piece[READ_PIECE];
    if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
        return digest_failed();
    for (uint64_t at = 0; at < size;) {
        size_t len = size - at < sizeof piece ? (size_t)(size - at) : sizeof piece;
        int rc = read(context, at, piece, len);
        if (rc < 0)
            return rc;
        if (EVP_DigestUpdate(ctx, piece, len) != 1)
            return digest_failed();
        at += len;
    }
    if (EVP_DigestFinal_ex(ctx, digest, NULL) != 1)
        return digest_failed();
    hex_encode(out, digest, sizeof digest);
    return 0;
}

static int text_sha256(const struct buf *text, char out[static 65])
{
    const struct iovec iov = {text->data, text->len};
    return sigv4_sha256(&iov, 1, out);
}

static int hmac(uint8_t out[static SHA256_BYTES], const void *key, size_t key_len, const char *text)
{
    unsigned len = 0;
    if (HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, strlen(text), out,
             &len) == NULL ||
        len != SHA256_BYTES)
        return digest_failed();
    return 0;
}

// ---- the canonical request

static int kv_escaped(struct kv *out, const struct kv *in)
{
    KV_EACH (in, pair) {
        AUTO_BUF struct buf name, value;
        buf_init(&name, CANONICAL_MAX);
        buf_init(&value, CANONICAL_MAX);
        int rc = uri_escape(&name, pair->name, false);
        if (rc == 0)
            rc = uri_escape(&value, pair->value, false);
        if (rc == 0)
            rc = kv_set(out, buf_str(&name), buf_str(&value));
        if (rc < 0)
            return rc;
    }
    return 0;
}

int sigv4_query(struct buf *out, const struct kv *query)
{
    AUTO_KV struct kv escaped = {0};
    int rc = kv_escaped(&escaped, query); // sorted by the escaped name, as the rule is
    kv_sort(&escaped);
    for (size_t i = 0; i < escaped.count && rc == 0; i++)
        rc = buf_addf(out, "%s%s=%s", i > 0 ? "&" : "", escaped.pairs[i].name,
                      escaped.pairs[i].value);
    return rc;
}

// Outer white space goes, inner runs become one space.
static int add_header_value(struct buf *out, const char *value)
{
    bool pending = false;
    int rc = 0;
    while (isspace((unsigned char)*value))
        value++;
    for (; *value != '\0' && rc == 0; value++) {
        if (isspace((unsigned char)*value)) {
            pending = true;
            continue;
        }
        if (pending)
            rc = buf_add(out, " ", 1);
        pending = false;
        if (rc == 0)
            rc = buf_add(out, value, 1);
    }
    return rc;
}

static int add_signed_names(struct buf *out, const struct kv *headers)
{
    int rc = 0;
    for (size_t i = 0; i < headers->count && rc == 0; i++)
        rc = buf_addf(out, "%s%s", i > 0 ? ";" : "", headers->pairs[i].name);
    return rc;
}

static int add_canonical(struct buf *out, const struct sigv4_request *r, const char *names)
{
    int rc = buf_addf(out, "%s\n%s\n%s\n", r->method, r->path, r->query);
    for (size_t i = 0; i < r->headers->count && rc == 0; i++) {
        rc = buf_addf(out, "%s:", r->headers->pairs[i].name);
        if (rc == 0)
            rc = add_header_value(out, r->headers->pairs[i].value);
        if (rc == 0)
            rc = buf_add(out, "\n", 1);
    }
    if (rc == 0)
        rc = buf_addf(out, "\n%s\n%s", names, r->payload_sha256);
    return rc;
}

// ---- the signature

// AWS4 + secret key -> date -> region -> service -> aws4_request.
static int signing_key(const struct sigv4_request *r, const struct credentials *c, const char *day,
                       uint8_t key[static SHA256_BYTES])
{
    uint8_t start[4 + SECRET_KEY_MAX] = "AWS4";
    size_t size = secret_size(c->secret_key);
    if (size > SECRET_KEY_MAX)
        return err_set(-EACCES, "the secret access key is longer than %d bytes", SECRET_KEY_MAX);
    memcpy(start + 4, secret_bytes(c->secret_key), size);
    int rc = hmac(key, start, 4 + size, day);
    secret_wipe(start, sizeof start);
    const char *const steps[] = {r->region, r->service, "aws4_request"};
    for (size_t i = 0; i < 3 && rc == 0; i++) {
        uint8_t next[SHA256_BYTES];
        rc = hmac(next, key, SHA256_BYTES, steps[i]);
        memcpy(key, next, SHA256_BYTES);
        secret_wipe(next, sizeof next);
    }
    return rc;
}

static int set_signature(const struct sigv4_request *r, const struct credentials *c,
                         const char *stamp, const char *hash, char out[static 65])
{
    char day[9];
    AUTO_BUF struct buf text;
    uint8_t key[SHA256_BYTES], mac[SHA256_BYTES];
    buf_init(&text, 1024);
    snprintf(day, sizeof day, "%.8s", stamp);
    int rc = buf_addf(&text, "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s", stamp, day,
                      r->region, r->service, hash);
    if (rc == 0)
        rc = signing_key(r, c, day, key);
    if (rc == 0)
        rc = hmac(mac, key, sizeof key, buf_str(&text));
    secret_wipe(key, sizeof key);
    if (rc == 0)
        hex_encode(out, mac, sizeof mac);
    return rc;
}

static int add_own_headers(const struct sigv4_request *r, const struct credentials *c,
                           const char *stamp)
{
    int rc = kv_set(r->headers, "x-amz-date", stamp);
    if (rc < 0 || c->session_token == NULL)
        return rc;
    AUTO_BUF struct buf token;
    buf_init_secret(&token, secret_size(c->session_token) + 1);
    rc = buf_add(&token, secret_bytes(c->session_token), secret_size(c->session_token));
    return rc < 0 ? rc : kv_set(r->headers, "x-amz-security-token", buf_str(&token));
}

int sigv4_sign(const struct sigv4_request *r, const struct credentials *c,
               struct sigv4_trace *trace)
{
    assert(r->path[0] == '/' && r->headers != NULL && c->secret_key != NULL);
    assert(kv_get(r->headers, "authorization") == NULL);
    struct sigv4_trace own;
    if (trace == NULL)
        trace = &own;
    char stamp[17];
    struct tm utc;
    time_t now = (time_t)r->now_s;
    if (gmtime_r(&now, &utc) == NULL || strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc) != 16)
        return err_set(-EIO, "the system's clock cannot be told as a date");
    AUTO_BUF struct buf names, text, authorization;
    buf_init(&names, CANONICAL_MAX);
    buf_init_secret(&text, CANONICAL_MAX);
    buf_init(&authorization, CANONICAL_MAX);
    int rc = add_own_headers(r, c, stamp);
    kv_sort(r->headers);
    if (rc == 0)
        rc = add_signed_names(&names, r->headers);
    if (rc == 0)
        rc = add_canonical(&text, r, buf_str(&names));
    if (rc == 0)
        rc = text_sha256(&text, trace->canonical_sha256);
    if (rc == 0)
        rc = set_signature(r, c, stamp, trace->canonical_sha256, trace->signature);
    if (rc == 0)
        rc = buf_addf(&authorization,
                      "AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/%s/aws4_request, "
                      "SignedHeaders=%s, Signature=%s",
                      c->access_key_id, stamp, r->region, r->service, buf_str(&names),
                      trace->signature);
    return rc < 0 ? rc : kv_set(r->headers, "authorization", buf_str(&authorization));
}
