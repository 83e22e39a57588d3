// AWS Signature Version 4, header form, as S3 wants it: the path is not normalised and is escaped
// once. Pure functions, any thread.
#ifndef S3_SIGV4_H
#define S3_SIGV4_H

#include "common/buf.h"
#include "common/kv.h"
#include "s3/credentials.h"

#include <sys/uio.h>

#define SIGV4_UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"
#define SIGV4_EMPTY_SHA256     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct sigv4_request {
    const char *method;
    const char *path;           // as sent: escaped once, at least "/"
    const char *query;          // as sent: sigv4_query's
    struct kv *headers;         // lower-case names; all are signed; the signature's own are added
    const char *payload_sha256; // lower-case hex, or SIGV4_UNSIGNED_PAYLOAD
    const char *region;
    const char *service;
    int64_t now_s; // wall clock
};

struct sigv4_trace { // what the published test suite lets one compare
    char canonical_sha256[65];
    char signature[65];
};

// Appends the query in canonical form (escaped, sorted, "name=" for a missing value), which is also
// the form that is sent. Names and values are given unescaped.
int sigv4_query(struct buf *out, const struct kv *query) MUST_CHECK;

// Adds x-amz-date, x-amz-security-token (if there is one) and authorization to the headers. trace
// may be NULL.
int sigv4_sign(const struct sigv4_request *r, const struct credentials *c,
               struct sigv4_trace *trace) MUST_CHECK;

// Lower-case hex SHA-256 of a body in pieces.
int sigv4_sha256(const struct iovec *iov, size_t count, char out[static 65]) MUST_CHECK;
// The same of size bytes that `read` gives piece by piece.
int sigv4_sha256_read(int (*read)(void *context, uint64_t offset, void *out, size_t len),
                      void *context, uint64_t size, char out[static 65]) MUST_CHECK;

#endif
