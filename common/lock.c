#include "common/lock.h"
#include "common/clock.h"

#include <assert.h>
#include <errno.h>

#define LOCK_DEPTH_MAX 8

static _Thread_local enum lock_rank held_ranks[LOCK_DEPTH_MAX];
static _Thread_local unsigned held_count;

static void rank_push(enum lock_rank rank)
{
    assert(held_count < LOCK_DEPTH_MAX);
    assert(held_count == 0 || held_ranks[held_count - 1] < rank);
    held_ranks[held_count++] = rank;
}

// Locks may be given back in any order; the ranks stay sorted.
static void rank_pop(enum lock_rank rank)
{
    unsigned at = held_count;
    while (at > 0 && held_ranks[at - 1] != rank)
        at--;
    assert(at > 0);
    for (; at < held_count; at++)
        held_ranks[at - 1] = held_ranks[at];
    held_count--;
}

void lock_init(struct lock *l, enum lock_rank rank)
{
    int rc = pthread_mutex_init(&l->mutex, NULL);
    assert(rc == 0);
    (void)rc;
    l->rank = rank;
    l->held = false;
}

void lock_destroy(struct lock *l)
{
    assert(!l->held);
    pthread_mutex_destroy(&l->mutex);
}

void lock_take(struct lock *l)
{
    rank_push(l->rank);
    int rc = pthread_mutex_lock(&l->mutex);
    assert(rc == 0);
    (void)rc;
    l->owner = pthread_self();
    __atomic_store_n(&l->held, true, __ATOMIC_RELAXED);
}

void lock_give(struct lock *l)
{
    assert(lock_is_mine(l));
    enum lock_rank rank = l->rank; // once unlocked, another thread may free the lock
    __atomic_store_n(&l->held, false, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&l->mutex);
    rank_pop(rank);
}

bool lock_is_mine(const struct lock *l)
{
    return __atomic_load_n(&l->held, __ATOMIC_RELAXED) && pthread_equal(l->owner, pthread_self());
}

void cond_init(pthread_cond_t *c)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(c, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool cond_wait_ms(pthread_cond_t *c, struct lock *l, int64_t ms)
{
    assert(lock_is_mine(l));
    __atomic_store_n(&l->held, false, __ATOMIC_RELAXED);
    int rc;
    if (ms < 0) {
        rc = pthread_cond_wait(c, &l->mutex);
    } else {
        struct timespec until = clock_deadline(ms);
        rc = pthread_cond_timedwait(c, &l->mutex, &until);
    }
    l->owner = pthread_self();
    __atomic_store_n(&l->held, true, __ATOMIC_RELAXED);
    assert(rc == 0 || rc == ETIMEDOUT);
    return rc == 0;
}
