#include "s3/call_internal.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/secret.h"
#include "s3/config.h"
#include "s3/sigv4.h"

#include <assert.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#define URL_MAX (64 * 1024) // key and query, escaped threefold, and continuation tokens

void call_init(struct call *c, const char *what, const char *method, const char *path,
               size_t answer_max)
{
    *c = (struct call){.what = what, .path = path, .retry_lost = true};
    c->http.method = method;
    c->http.timeout_ms = c->http.stall_timeout_ms = CALL_SMALL_TIMEOUT_MS;
    c->retry.total_ms = CALL_SMALL_TOTAL_MS;
    c->retry.server_errors_max = RETRY_SERVER_ERRORS_MAX;
    buf_init(&c->answer, answer_max);
}

// Headers may hold the authorization and a session token.
static void headers_clear(struct kv *headers)
{
    KV_EACH (headers, pair)
        secret_wipe(pair->value, strlen(pair->value));
    kv_clear(headers);
}

void call_clear(struct call *c)
{
    kv_clear(&c->query);
    headers_clear(&c->headers);
    buf_clear(&c->answer);
}

PRINTF_LIKE(3, 0)
static int set_formatted(struct kv *kv, const char *name, const char *format, va_list args)
{
    AUTO_FREE char *text = NULL;
    if (vasprintf(&text, format, args) < 0) {
        text = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    return kv_set(kv, name, text);
}

int call_header(struct call *c, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int rc = set_formatted(&c->headers, name, format, args);
    va_end(args);
    return rc;
}

int call_query(struct call *c, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int rc = set_formatted(&c->query, name, format, args);
    va_end(args);
    return rc;
}

void call_body(struct call *c, struct iovec *iov, void *bytes, size_t len)
{
    *iov = (struct iovec){bytes, len};
    c->http.has_body = true;
    c->http.iov = iov;
    c->http.iov_count = 1;
    c->http.size = len;
}

// Over TLS a large body goes unsigned (TLS guards it, and a CRC32C goes along); else its hash is
// signed, computed once for all attempts.
static int settle_payload(const struct caller *caller, struct call *c, char hash[static 65])
{
    if (c->payload_sha256 != NULL)
        return 0;
    c->payload_sha256 = hash;
    if (!c->http.has_body) {
        c->payload_sha256 = SIGV4_EMPTY_SHA256;
        return 0;
    }
    if (caller_place(caller)->server.tls && c->http.bulk) {
        c->payload_sha256 = SIGV4_UNSIGNED_PAYLOAD;
        return 0;
    }
    if (c->http.body_read != NULL)
        return sigv4_sha256_read(c->http.body_read, c->http.body_context, c->http.size, hash);
    return sigv4_sha256(c->http.iov, c->http.iov_count, hash);
}

const struct call_place *caller_place(const struct caller *caller)
{
    return atomic_load(&caller->moves) == CALL_MOVED ? &caller->moved : &caller->first;
}

bool caller_move(struct caller *caller, const struct call_place *to)
{
    int before = CALL_NOT_MOVED;
    if (!atomic_compare_exchange_strong(&caller->moves, &before, CALL_MOVING)) {
        while (atomic_load(&caller->moves) == CALL_MOVING) // as long as a copy takes
            sched_yield();
        return false;
    }
    caller->moved = *to;
    atomic_store(&caller->moves, CALL_MOVED);
    return true;
}

static int take_credentials(struct caller *caller, struct call *c, struct credentials *out)
{
    int rc = credentials_get(caller->credentials, out);
    if (rc < 0) {
        c->no_credentials = true;
        return rc;
    }
    memcpy(c->access_key_id, out->access_key_id, sizeof c->access_key_id);
    c->credentials_expire_s = out->expires_s;
    c->clock_offset_s = atomic_load(&caller->clock_offset_s);
    return 0;
}

static int sign(struct caller *caller, struct call *c, const struct call_place *place,
                const char *query, struct kv *headers)
{
    CLEANUP(credentials_clear) struct credentials credentials = {0};
    int rc = kv_copy(headers, &c->headers);
    if (rc == 0)
        rc = take_credentials(caller, c, &credentials);
    if (rc == 0)
        rc = kv_set(headers, "host", place->server.authority);
    if (rc == 0 && caller->content_sha256)
        rc = kv_set(headers, "x-amz-content-sha256", c->payload_sha256);
    if (rc < 0)
        return rc;
    const struct sigv4_request r = {
        .method = c->http.method,
        .path = c->path,
        .query = query,
        .headers = headers,
        .payload_sha256 = c->payload_sha256,
        .region = place->region,
        .service = caller->service,
        .now_s = clock_wall_s() + c->clock_offset_s,
    };
    return sigv4_sign(&r, &credentials, NULL);
}

static int make_url(const struct call *c, const struct call_place *place, const char *query,
                    struct buf *url)
{
    return buf_addf(url, "%s://%s%s%s%s", place->server.tls ? "https" : "http",
                    place->server.authority, c->path, *query != '\0' ? "?" : "", query);
}

// The request is signed and goes out; out->failure tells how far it came.
static int send_now(struct caller *caller, struct call *c, const char *query,
                    struct http_response *out)
{
    CLEANUP(headers_clear) struct kv headers = {0};
    AUTO_BUF struct buf url;
    const struct call_place *place = caller_place(caller);
    buf_init(&url, 2 * URL_MAX);
    c->no_credentials = false;
    int rc = make_url(c, place, query, &url);
    if (rc == 0)
        rc = sign(caller, c, place, query, &headers);
    if (rc < 0)
        return c->no_credentials ? err_prefix(rc, "%s", c->what) : rc;
    c->http.url = buf_str(&url);
    c->http.headers = &headers;
    c->place = place;
    c->http.loopback = place->server.loopback;
    c->http.answer = &c->answer;
    c->http.cancel = c->retry.cancel;
    c->sent_ms = clock_ms();
    int64_t began_us = clock_us();
    rc = http_send(caller->http, &c->http, out);
    c->http.headers = NULL;
    c->http.url = NULL;
    if (out->failure == HTTP_FAILED_TURN)
        return rc;
    atomic_fetch_add(&caller->requests, 1);
    call_trace_add(caller, c, out, clock_us() - began_us);
    atomic_fetch_add(&caller->sent_bytes, out->sent_bytes);
    atomic_fetch_add(&caller->received_bytes, out->received_bytes);
    return rc < 0 ? err_prefix(rc, "%s at %s", c->what, place->server.authority) : 0;
}

// A signature does not outlast a long wait for a turn: it is made anew, and is no attempt.
static int send_signed(struct caller *caller, struct call *c, const char *query,
                       struct http_response *out)
{
    const int64_t began_ms = clock_ms();
    int64_t waited_ms = 0;
    int rc;
    do {
        *out = (struct http_response){.failure = HTTP_FAILED_LOCAL};
        rc = send_now(caller, c, query, out);
        waited_ms += out->waited_ms;
    } while (out->failure == HTTP_FAILED_TURN && clock_ms() - began_ms < c->http.timeout_ms);
    out->waited_ms = waited_ms;
    return rc;
}

static enum retry_kind kind_without_answer(const struct call *c, const struct http_response *r)
{
    switch (r->failure) {
    case HTTP_FAILED_CONNECT:
        return RETRY_TRANSIENT;
    case HTTP_FAILED_LOST:
        return c->retry_lost ? RETRY_TRANSIENT : RETRY_NEVER;
    case HTTP_OK:
    case HTTP_FAILED_TURN:
    case HTTP_FAILED_TLS:
    case HTTP_FAILED_LOCAL:
        break;
    }
    return RETRY_NEVER;
}

// One attempt: 0, or the error and how to go on.
static int attempt(struct caller *caller, struct call *c, const char *query,
                   struct http_response *out, enum retry_kind *kind)
{
    *kind = RETRY_NEVER;
    *out = (struct http_response){.failure = HTTP_FAILED_LOCAL};
    int rc = send_signed(caller, c, query, out);
    c->retry.delay_min_ms = 0;
    c->retry.first_failed_ms += out->waited_ms; // what held it up then was not the server's failure
    if (rc < 0) {
        *kind = c->no_credentials ? RETRY_TRANSIENT : kind_without_answer(c, out);
        c->was_lost |= out->failure == HTTP_FAILED_LOST;
        return rc;
    }
    return call_judge_answer(caller, c, out, kind);
}

// The time that is left bounds each attempt too.
static void bound_by_deadline(struct call *c, int64_t timeout_ms)
{
    c->http.timeout_ms = timeout_ms;
    if (c->retry.deadline_ms == 0)
        return;
    int64_t left = c->retry.deadline_ms - clock_ms();
    if (left < 1)
        left = 1;
    if (left < timeout_ms)
        c->http.timeout_ms = left;
}

int call_perform(struct caller *caller, struct call *c, struct http_response *out)
{
    assert(c->what != NULL && c->path[0] == '/' && c->judge != NULL);
    AUTO_BUF struct buf query;
    char hash[65];
    const int64_t timeout_ms = c->http.timeout_ms;
    buf_init(&query, URL_MAX);
    *out = (struct http_response){0};
    call_trace_begin();
    int rc = settle_payload(caller, c, hash);
    if (rc == 0)
        rc = sigv4_query(&query, &c->query);
    while (rc == 0) {
        enum retry_kind kind = RETRY_NEVER;
        bound_by_deadline(c, timeout_ms);
        int failed = attempt(caller, c, buf_str(&query), out, &kind);
        if (failed == 0)
            break;
        http_response_clear(out);
        rc = retry_failed(&c->retry, failed, kind);
        if (rc == 0)
            atomic_fetch_add(&caller->retries, 1);
    }
    if (c->payload_sha256 == hash)
        c->payload_sha256 = NULL;
    return rc == -ETIMEDOUT ? -EIO : rc; // a deadline of ours is the server's failure outside
}
