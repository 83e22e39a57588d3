#include "s3/credentials_fetch.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"
#include "s3/clock_offset.h"
#include "s3/config.h"
#include "s3/retry.h"
#include "s3/secret_file.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static int attempt(struct http *http, const struct fetch_request *r, int64_t left_ms,
                   const atomic_bool *cancel, struct buf *answer, struct http_response *out)
{
    AUTO_FREE char *url = NULL;
    if (asprintf(&url, "%s://%s%s", r->server->tls ? "https" : "http", r->server->authority,
                 r->path) < 0) {
        url = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    struct iovec iov = {0};
    int64_t timeout_ms = r->timeout_ms < left_ms ? r->timeout_ms : left_ms;
    struct http_request request = {.method = r->method,
                                   .url = url,
                                   .headers = r->headers,
                                   .loopback = r->no_proxy || r->server->loopback,
                                   .timeout_ms = timeout_ms,
                                   .stall_timeout_ms = timeout_ms,
                                   .cancel = cancel,
                                   .answer = answer};
    if (r->body != NULL) {
        iov = (struct iovec){r->body->data, r->body->len};
        request.has_body = true;
        request.iov = &iov;
        request.iov_count = 1;
        request.size = r->body->len;
    }
    return http_send(http, &request, out);
}

static enum retry_kind kind_of(int rc, const struct http_response *r)
{
    if (rc == 0)
        return retry_kind_of_status(r->status);
    return r->failure == HTTP_FAILED_CONNECT || r->failure == HTTP_FAILED_LOST ? RETRY_TRANSIENT
                                                                               : RETRY_NEVER;
}

// Fetches are an hour apart: no connection is kept.
int fetch_send(const struct credentials_fetch *f, const struct fetch_request *r, struct buf *answer,
               struct http_response *out)
{
    assert(answer->secret && r->path[0] == '/');
    struct endpoint_config config;
    CLEANUP(http_freep) struct http *http = NULL;
    endpoint_config_defaults(&config);
    config.connections_max = 1;
    config.connect_timeout_ms = r->connect_timeout_ms;
    config.ca_bundle = f->ca_bundle;
    int rc = http_new(&http, &config, true);
    struct retry retry = {.total_ms = FETCH_TOTAL_MS,
                          .deadline_ms = f->deadline_ms,
                          .server_errors_max = FETCH_ATTEMPTS_MAX,
                          .cancel = f->cancel};
    *out = (struct http_response){0};
    while (rc == 0) {
        int64_t left_ms = f->deadline_ms - clock_ms();
        int failed = attempt(http, r, left_ms > 1 ? left_ms : 1, f->cancel, answer, out);
        enum retry_kind kind = kind_of(failed, out);
        if (failed == 0 && (kind == RETRY_NEVER || retry.failures + 1 >= FETCH_ATTEMPTS_MAX))
            break;
        if (failed == 0)
            failed = err_set(-EIO, "status %d", out->status);
        if (retry.failures + 1 >= FETCH_ATTEMPTS_MAX)
            kind = RETRY_NEVER;
        http_response_clear(out);
        rc = retry_failed(&retry, err_prefix(failed, "%s at %s", r->what, r->server->authority),
                          kind);
    }
    return rc == -ETIMEDOUT ? -EIO : rc;
}

void fetch_adjust_expiry(struct credentials *c, int64_t date_s)
{
    int64_t offset_s = date_s != 0 ? date_s - clock_wall_s() : clock_offset_s();
    if (c->expires_s != 0)
        c->expires_s -= offset_s;
}

static int read_token(const char *path, struct buf *out)
{
    int rc = secret_file_read(path, out);
    if (rc < 0)
        return rc == -ENOENT ? err_set(-EACCES, "%.300s: %s", path, strerror(ENOENT)) : rc;
    while (out->len > 0 && strchr(" \t\r\n", out->data[out->len - 1]) != NULL)
        out->data[--out->len] = '\0';
    if (out->len == 0 || strpbrk(out->data, "\r\n") != NULL || strlen(out->data) != out->len)
        return err_set(-EACCES, "%.300s is empty or has several lines", path);
    return 0;
}

int fetch_token_file(const char *path, struct buf *out)
{
    int rc = read_token(path, out);
    return rc < 0 ? err_prefix(-EACCES, "the token file") : 0;
}
