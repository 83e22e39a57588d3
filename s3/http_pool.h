// The idle connections of an HTTP client and who may start a request now. Bodies are bounded apart
// from short calls, so that a HEAD never waits behind parts, and each way apart, so that a restore
// goes on while a backup fills its line. Any thread.
//
// How many bodies may be under way is adapted: halved when the server asks for fewer requests, one
// more after each round that it has served (as TCP does it, and for the same reason: a storm ends
// only if everybody holds back, and nobody can know how much is enough).
#ifndef S3_HTTP_POOL_H
#define S3_HTTP_POOL_H

#include "common/cleanup.h"
#include "common/lock.h"

#include <stdatomic.h>

enum http_lane {
    HTTP_LANE_SHORT, // small either way
    HTTP_LANE_UP,    // sends a large body
    HTTP_LANE_DOWN,  // receives one
    HTTP_LANES
};

struct http_pool_entry { // first member of http.c's connections
    struct http_pool_entry *next;
};

struct http_pool {
    unsigned bulk_max, short_max; // immutable; bulk_max is for each way
    struct lock lock;
    pthread_cond_t changed;
    struct http_pool_entry *idle; // guarded by lock, as all below
    unsigned idle_count;
    unsigned active[HTTP_LANES];
    unsigned bulk_allowed;   // each way; 1..bulk_max
    unsigned bulk_served;    // since bulk_allowed was changed ...
    int64_t bulk_changed_ms; // ... which was then, on clock_ms()
};

struct http_pace { // what was allowed before and is now; the same: nothing has changed
    unsigned before, now, max;
};

void http_pool_init(struct http_pool *p, unsigned bulk_max, unsigned short_max);
// Nothing may be active; the idle ones must have been taken.
void http_pool_destroy(struct http_pool *p);

// Waits for a turn; *out is an idle connection, or NULL: make one. -ECANCELED when the flag (may be
// NULL) is raised, -ETIMEDOUT at deadline_ms of clock_ms(): then there is no turn to give back.
int http_pool_enter(struct http_pool *p, enum http_lane lane, const atomic_bool *cancel,
                    int64_t deadline_ms, struct http_pool_entry **out) MUST_CHECK;
// Gives the turn back and the connection (or NULL) with it. What is returned is the caller's to
// free.
struct http_pool_entry *http_pool_leave(struct http_pool *p, enum http_lane lane,
                                        struct http_pool_entry *entry) MUST_CHECK;
// The server asked for fewer requests in answer to one that began at started_ms. Those that were
// under way together count once.
struct http_pace http_pool_slow_down(struct http_pool *p, int64_t started_ms, int64_t now_ms);
// The server has served a body.
struct http_pace http_pool_served(struct http_pool *p, int64_t now_ms);
// Any idle one, for the end; NULL if none.
struct http_pool_entry *http_pool_take_idle(struct http_pool *p);

#endif
