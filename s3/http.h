// One HTTP request at a time over a pool of libcurl connections: bodies streamed from the caller's
// memory, answers into a bounded buffer or a sink, every wait with a deadline. Knows nothing of S3.
// Any thread; a call blocks its thread.
//
// TLS >= 1.2 with certificates and names verified; HTTP/1.1; redirects are answers, not followed;
// proxies as curl takes them from the environment, never for loopback.
#ifndef S3_HTTP_H
#define S3_HTTP_H

#include "common/buf.h"
#include "common/kv.h"
#include "s3/endpoint.h"
#include "s3/http_pool.h"

#include <stdatomic.h>
#include <sys/uio.h>

struct http;

// small: for answers of a few KiB (small buffers). config is borrowed.
int http_new(struct http **out, const struct endpoint_config *config, bool small) MUST_CHECK;
void http_free(struct http *h); // no call may be running
CLEANUP_POINTER(http, http_free)

// Gives the bytes [offset, offset + len) of a body, all of them; negative ends the call with that
// code.
typedef int (*http_body_fn)(void *context, uint64_t offset, void *out, size_t len);

enum http_failure {
    HTTP_OK,
    HTTP_FAILED_TURN,    // nothing was sent: a body's turn did not come in turn_timeout_ms
    HTTP_FAILED_CONNECT, // nothing was sent: no name, no connection
    HTTP_FAILED_TLS,     // certificate or handshake refused
    HTTP_FAILED_LOST, // the connection broke, stalled or ran out of time: the server may have acted
    HTTP_FAILED_LOCAL, // canceled, sink refused, answer beyond its bound, no memory
};

struct http_response {
    enum http_failure failure;
    int status;        // 0: no status line came
    struct kv headers; // lower-case names; repeated ones joined by ','
    size_t headers_bytes;
    int64_t date_s;      // the server's Date, seconds since 1970; 0 unknown
    uint64_t sent_bytes; // on the wire without TLS: request line, headers, body
    uint64_t received_bytes;
    int64_t started_ms; // on clock_ms(): its turn came; 0: it never did
    int64_t waited_ms;  // ... after so long
};
void http_response_clear(struct http_response *r);
#define AUTO_HTTP_RESPONSE CLEANUP(http_response_clear)
// For http.c: one header line as it came. -EIO beyond the bounds.
int http_response_take_header(struct http_response *r, const char *line, size_t len) MUST_CHECK;

struct http_request {
    const char *method;
    const char *url;          // whole, escaped; sent as it is
    const struct kv *headers; // Content-Length is added
    bool loopback;            // never through a proxy
    bool bulk; // a large body either way: at most connections_max of these at once each way,
               // fewer while the server asks for that (http_slow_down)
    bool fresh_connection; // not a kept one: curl would silently repeat a request on its loss

    bool has_body;           // sends Content-Length even for an empty body
    const struct iovec *iov; // the body; or
    size_t iov_count;
    http_body_fn body_read; // NULL: iov
    void *body_context;
    uint64_t size;

    int64_t timeout_ms;        // in all; bulk: without the wait for its turn, which may be as long
    int64_t stall_timeout_ms;  // without a byte either way
    const atomic_bool *cancel; // may be NULL

    // Answers 200..206 go to the sink if there is one; all others to `answer`, which is reset
    // first.
    struct buf *answer;
    int (*sink_begin)(void *context,
                      const struct http_response *r);          // headers are there; may be NULL
    int (*sink)(void *context, const void *bytes, size_t len); // < 0 ends the call with it
    void *sink_context;
};

// 0: a whole answer of any status. Else *out says how it failed and the text what was wrong:
// -ECANCELED, -ETIMEDOUT, -EIO, -ENOMEM or the sink's code. *out is cleared by the caller.
int http_send(struct http *h, const struct http_request *request,
              struct http_response *out) MUST_CHECK;

// What the caller found the answer to be, after http_send: that the server wants fewer requests, or
// that it has served a body. *r is that answer.
struct http_pace http_slow_down(struct http *h, const struct http_response *r);
struct http_pace http_served(struct http *h);

// "Sun, 06 Nov 1994 08:49:37 GMT" to seconds since 1970; 0 if it is no date.
int64_t http_date_parse(const char *text);

#endif
