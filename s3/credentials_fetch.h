// What every asking for credentials over a network has in common: how long, when to give up, and
// how what was got is called. Of one thread.
#ifndef S3_CREDENTIALS_FETCH_H
#define S3_CREDENTIALS_FETCH_H

#include "s3/credentials.h"
#include "s3/http.h"
#include "s3/profile.h"

struct credentials_fetch {
    const char *region;    // of STS; NULL: not known
    const char *ca_bundle; // or NULL
    bool allow_http;
    int64_t deadline_ms; // on clock_ms(), for all of it
    const atomic_bool *cancel;
    char source[256]; // what the credentials come from, for people
};

struct fetch_request {
    const char *what;
    const char *method;
    const struct endpoint *server;
    const char *path;         // with its query, from '/'
    const struct kv *headers; // host is added by HTTP
    const struct buf *body;   // or NULL
    bool no_proxy;
    int64_t timeout_ms, connect_timeout_ms; // of one attempt
};

// One answer of any status, in *answer (secret). Tried up to three times while it is lost, or the
// server is in trouble (5xx, 429). -EIO, -ECANCELED, -ENOMEM.
int fetch_send(const struct credentials_fetch *f, const struct fetch_request *r, struct buf *answer,
               struct http_response *out) MUST_CHECK;

// From the time of the answer's maker to this machine's; date_s 0: unknown.
void fetch_adjust_expiry(struct credentials *c, int64_t date_s);

// A file with a token, of one line, into a secret buffer without the white space around it.
// -EACCES names it.
int fetch_token_file(const char *path, struct buf *out) MUST_CHECK;

#endif
