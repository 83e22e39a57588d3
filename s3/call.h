// One signed call to an AWS service: sign, send, judge the answer, perhaps wait and do it again.
// What S3 and KMS share. Any thread; blocks.
#ifndef S3_CALL_H
#define S3_CALL_H

#include "s3/credentials.h"
#include "s3/endpoint.h"
#include "s3/http.h"
#include "s3/retry.h"

struct call_place { // where requests go, and for which region they are signed
    char region[40];
    struct endpoint server; // the whole host, bucket included if virtual-hosted
};

struct caller { // immutable after its making but for what is atomic, and one move
    struct http *http;
    struct credentials_source *credentials;
    const char *service;                // "s3", "kms"
    bool content_sha256;                // send x-amz-content-sha256 (S3)
    struct call_place first, moved;     // as configured; where the service has sent us since
    atomic_int moves;                   // enum call_moves
    atomic_int_fast64_t clock_offset_s; // what it takes to be signed in the server's time
    atomic_bool accepted; // the server took the credentials once: that they expire may mend itself
    atomic_uint_fast64_t requests, retries, sent_bytes, received_bytes;
};

enum call_moves { CALL_NOT_MOVED, CALL_MOVING, CALL_MOVED };

struct call_failure { // how to go on after an answer that was not accepted
    enum retry_kind kind;
    bool credentials_refused; // expired or unknown: look for new ones, try once more
    bool credentials_expired; // ... and as long as the call may take: new ones may come
    bool clock_skewed;        // refused for the time it was signed at
};

struct call;
// 0: the answer is accepted; else a negative errno with the whole text set, and *f filled.
typedef int (*call_judge_fn)(struct call *c, const struct http_response *r, struct call_failure *f);

struct call {
    const char *what;         // "UploadPart 3 of 'a/b.bak'": begins every error text
    const char *path;         // escaped once, from '/'
    struct kv query;          // unescaped; owned
    struct kv headers;        // lower-case names; owned; the signature's are added per attempt
    struct buf answer;        // of the last attempt; owned; the maker gives its maximum
    struct http_request http; // method, body, deadlines, sink; url and headers are filled in
    struct retry retry;       // limits
    bool retry_lost;          // false: an attempt whose answer was lost is final
    const char
        *payload_sha256; // NULL: of the body, computed once; over TLS a bulk body goes unsigned
    call_judge_fn judge;
    void *judge_context;
    const struct call_place *place; // where the last attempt went, ...
    char access_key_id[129];        // that the last attempt was signed with, ...
    int64_t credentials_expire_s;   // ... until when they were good (0: unknown), ...
    int64_t clock_offset_s;         // ... and in what time
    int64_t sent_ms;                // when it went out, on clock_ms()
    bool no_credentials;            // there were none: it was not sent
    bool renewed;                   // credentials were already looked for again
    bool was_lost; // some attempt may have been done by the server without our hearing of it
};

// Zeroes and sets the maxima, defaults for a small call.
void call_init(struct call *c, const char *what, const char *method, const char *path,
               size_t answer_max);
void call_clear(struct call *c);
#define AUTO_CALL CLEANUP(call_clear)

// On success *out has the accepted answer (cleared by the caller either way).
int call_perform(struct caller *caller, struct call *c, struct http_response *out) MUST_CHECK;

// Where requests go now. Of all that a caller was told, one move is believed: its first. False: it
// has moved before, and caller_place tells where. Any thread.
const struct call_place *caller_place(const struct caller *caller);
bool caller_move(struct caller *caller, const struct call_place *to);

// Of this thread's last call: how often it was sent, and the id that the server gave to the last
// answer, "" if none came. For the audit and for counting; valid until the thread's next call.
struct call_trace {
    char request_id[128];
    unsigned attempts;
};
const struct call_trace *call_last(void);

// A header with "%..." text.
int call_header(struct call *c, const char *name, const char *format, ...) MUST_CHECK
    PRINTF_LIKE(3, 4);
int call_query(struct call *c, const char *name, const char *format, ...) MUST_CHECK
    PRINTF_LIKE(3, 4);
// The whole body in one piece, borrowed.
void call_body(struct call *c, struct iovec *iov, void *bytes, size_t len);

#endif
