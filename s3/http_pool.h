// The idle connections of an HTTP client and who may start a request now. Bodies (bulk) are bounded
// apart from short calls, so that a HEAD never waits behind parts. Any thread.
#ifndef S3_HTTP_POOL_H
#define S3_HTTP_POOL_H

#include "common/cleanup.h"
#include "common/lock.h"

#include <stdatomic.h>

struct http_pool_entry { // first member of http.c's connections
    struct http_pool_entry *next;
};

struct http_pool {
    unsigned bulk_max, short_max; // immutable; bulk_max connections are kept idle
    struct lock lock;
    pthread_cond_t changed;
    struct http_pool_entry *idle; // guarded by lock, as all below
    unsigned idle_count;
    unsigned bulk_active, short_active;
};

void http_pool_init(struct http_pool *p, unsigned bulk_max, unsigned short_max);
// Nothing may be active; the idle ones must have been taken.
void http_pool_destroy(struct http_pool *p);

// Waits for a turn; *out is an idle connection, or NULL: make one. -ECANCELED when the flag (may be
// NULL) is raised, -ETIMEDOUT at deadline_ms of clock_ms(): then there is no turn to give back.
int http_pool_enter(struct http_pool *p, bool bulk, const atomic_bool *cancel, int64_t deadline_ms,
                    struct http_pool_entry **out) MUST_CHECK;
// Gives the turn back and the connection (or NULL) with it. What is returned is the caller's to
// free.
struct http_pool_entry *http_pool_leave(struct http_pool *p, bool bulk,
                                        struct http_pool_entry *entry) MUST_CHECK;
// Any idle one, for the end; NULL if none.
struct http_pool_entry *http_pool_take_idle(struct http_pool *p);

#endif
