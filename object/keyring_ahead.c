// Data keys asked for ahead; see keyring_ahead.h. Entered by any thread; threads of its own ask.
#include "object/keyring_ahead.h"
#include "common/clock.h"
#include "common/lock.h"
#include "common/log.h"

#include <assert.h>
#include <signal.h>
#include <string.h>

#define READY_MAX   16 // keys asked for ahead, under way or ready
#define THREADS     4  // that ask
#define BURST_MIN   4  // uses within BURST_MS from which on it asks ahead
#define BURST_MS    1000
#define LIFE_MS     10000 // of a ready key: as long as an open may wait for one
#define USES_STORED READY_MAX

struct ready_key {
    struct envelope envelope; // owned
    struct secret *key;       // owned
    int64_t made_ms;          // before it was asked for
};

struct keyring_ahead {
    struct keyring base;
    struct keyring *inner;

    struct lock lock; // rank QUEUE; not held while asking
    pthread_cond_t changed;
    // guarded by lock
    const struct format *format;       // what was asked for last
    struct ready_key ready[READY_MAX]; // oldest first
    size_t ready_count;
    size_t asking;                // under way
    int64_t uses_ms[USES_STORED]; // when keys were used last, a ring
    size_t uses_next;
    bool failed; // asking ahead: not again before a direct one went well
    bool stopping;

    // the owner's
    pthread_t threads[THREADS];
    unsigned threads_count;
};

static struct keyring_ahead *self(struct keyring *k)
{
    return (struct keyring_ahead *)k;
}

// ---- what is ready ----

static void ready_clear(struct ready_key *ready)
{
    envelope_clear(&ready->envelope);
    secret_release(ready->key);
    *ready = (struct ready_key){0};
}

static void take_first_locked(struct keyring_ahead *a, struct ready_key *out)
{
    assert(a->ready_count > 0);
    *out = a->ready[0];
    a->ready_count--;
    memmove(a->ready, a->ready + 1, a->ready_count * sizeof a->ready[0]);
}

static void drop_old_locked(struct keyring_ahead *a)
{
    int64_t now = clock_ms();
    while (a->ready_count > 0 && now - a->ready[0].made_ms >= LIFE_MS) {
        struct ready_key old;
        take_first_locked(a, &old);
        ready_clear(&old);
    }
}

// How many keys there should be, ready or under way.
static size_t wanted_locked(const struct keyring_ahead *a)
{
    int64_t now = clock_ms();
    size_t recent = 0;
    for (size_t i = 0; i < USES_STORED; i++)
        recent += a->uses_ms[i] != 0 && now - a->uses_ms[i] < BURST_MS;
    return recent >= BURST_MIN && !a->failed ? recent : 0;
}

// ---- asking ahead ----

static void keep_locked(struct keyring_ahead *a, struct ready_key *made)
{
    size_t at = a->ready_count;
    while (at > 0 && a->ready[at - 1].made_ms > made->made_ms)
        at--;
    memmove(a->ready + at + 1, a->ready + at, (a->ready_count - at) * sizeof a->ready[0]);
    a->ready[at] = *made;
    a->ready_count++;
}

static void ask_one_locked(struct keyring_ahead *a)
{
    const struct format *format = a->format;
    struct ready_key made = {.made_ms = clock_ms()};
    a->asking++;
    lock_give(&a->lock);
    int rc = a->inner->ops->generate(a->inner, format, &made.envelope, &made.key);
    if (rc < 0)
        log_debug("no data key could be had ahead: %s", err_text());
    lock_take(&a->lock);
    a->asking--;
    a->failed |= rc < 0;
    if (rc == 0 && format == a->format && !a->stopping)
        keep_locked(a, &made);
    else
        ready_clear(&made);
}

static void *ask_ahead(void *arg)
{
    struct keyring_ahead *a = arg;
    lock_take(&a->lock);
    while (!a->stopping) {
        drop_old_locked(a);
        if (a->ready_count + a->asking < wanted_locked(a))
            ask_one_locked(a);
        else
            cond_wait_ms(&a->changed, &a->lock,
                         a->ready_count > 0 ? a->ready[0].made_ms + LIFE_MS - clock_ms() + 1 : -1);
    }
    lock_give(&a->lock);
    return NULL;
}

// ---- the keyring ----

static bool take_ready(struct keyring_ahead *a, const struct format *format, struct envelope *e,
                       struct secret **key)
{
    struct ready_key first;
    WITH_LOCK(&a->lock);
    a->uses_ms[a->uses_next++ % USES_STORED] = clock_ms();
    if (format != a->format) {
        while (a->ready_count > 0) {
            take_first_locked(a, &first);
            ready_clear(&first);
        }
    }
    a->format = format;
    drop_old_locked(a);
    bool found = a->ready_count > 0;
    if (found) {
        take_first_locked(a, &first);
        *e = first.envelope;
        *key = first.key;
    }
    if (a->ready_count + a->asking < wanted_locked(a))
        pthread_cond_broadcast(&a->changed);
    return found;
}

static int generate(struct keyring *k, const struct format *format, struct envelope *e,
                    struct secret **key)
{
    struct keyring_ahead *a = self(k);
    if (take_ready(a, format, e, key))
        return 0;
    int rc = a->inner->ops->generate(a->inner, format, e, key);
    WITH_LOCK(&a->lock);
    a->failed = rc < 0;
    return rc;
}

static int unwrap(struct keyring *k, const struct envelope *e, struct secret **key)
{
    struct keyring *inner = self(k)->inner;
    return inner->ops->unwrap(inner, e, key);
}

static bool is_current(struct keyring *k, const struct envelope *e)
{
    struct keyring *inner = self(k)->inner;
    return inner->ops->is_current(inner, e);
}

static void release(struct keyring *k)
{
    struct keyring_ahead *a = self(k);
    lock_take(&a->lock);
    a->stopping = true;
    pthread_cond_broadcast(&a->changed);
    lock_give(&a->lock);
    for (unsigned i = 0; i < a->threads_count; i++)
        pthread_join(a->threads[i], NULL);
    for (size_t i = 0; i < a->ready_count; i++)
        ready_clear(&a->ready[i]);
    lock_destroy(&a->lock);
    pthread_cond_destroy(&a->changed);
    free(a);
}

static const struct keyring_ops KEYRING_AHEAD_OPS = {
    .generate = generate,
    .unwrap = unwrap,
    .is_current = is_current,
    .free = release,
};

static int start_threads(struct keyring_ahead *a)
{
    sigset_t all, before;
    int rc = 0;
    sigfillset(&all); // signals belong to others
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (rc == 0 && a->threads_count < THREADS) {
        rc = pthread_create(&a->threads[a->threads_count], NULL, ask_ahead, a);
        if (rc == 0)
            pthread_setname_np(a->threads[a->threads_count++], "rdsbak-keys");
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0 ? 0 : err_set(-ENOMEM, "cannot start a thread: %s", strerror(rc));
}

int keyring_ahead_new(struct keyring **out, struct keyring *inner)
{
    struct keyring_ahead *a = calloc(1, sizeof *a);
    if (a == NULL)
        return err_set(-ENOMEM, "out of memory");
    a->base.ops = &KEYRING_AHEAD_OPS;
    a->inner = inner;
    lock_init(&a->lock, LOCK_RANK_QUEUE);
    cond_init(&a->changed);
    int rc = start_threads(a);
    if (rc < 0) {
        release(&a->base);
        return rc;
    }
    *out = &a->base;
    return 0;
}
