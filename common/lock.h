// Mutexes with a rank, conditions on the monotonic clock, and a scoped lock.
//
// Ranks (a thread may take a lock only of a higher rank than any it holds; checked by assert in
// every build):
//   mount < node < writer < reader < budget < queue < store < audit
#ifndef COMMON_LOCK_H
#define COMMON_LOCK_H

#include "common/cleanup.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum lock_rank {
    LOCK_RANK_MOUNT = 1,
    LOCK_RANK_NODE,
    LOCK_RANK_WRITER,
    LOCK_RANK_READER,
    LOCK_RANK_BUDGET,
    LOCK_RANK_QUEUE,
    LOCK_RANK_STORE, // credentials, connections, caches: leaves
    LOCK_RANK_AUDIT, // a line is written wherever something happens
};

struct lock {
    pthread_mutex_t mutex;
    enum lock_rank rank;
    pthread_t owner; // valid while held
    bool held;
};

void lock_init(struct lock *l, enum lock_rank rank);
void lock_destroy(struct lock *l);
void lock_take(struct lock *l);
void lock_give(struct lock *l);
// True if this thread holds it: assert(lock_is_mine(&x->lock)) at the head of every _locked
// function.
bool lock_is_mine(const struct lock *l);

// A condition variable on CLOCK_MONOTONIC.
void cond_init(pthread_cond_t *c);
// Waits with the lock held (it is released meanwhile). False if ms passed without a signal; ms < 0
// waits without end.
bool cond_wait_ms(pthread_cond_t *c, struct lock *l, int64_t ms);

static inline void lock_cleanup(struct lock **l)
{
    if (*l != NULL)
        lock_give(*l);
}
// Holds the lock until the end of the scope.
#define WITH_LOCK(l)                                                                               \
    CLEANUP(lock_cleanup) struct lock *with_lock_ = (l);                                           \
    lock_take(with_lock_)

#endif
