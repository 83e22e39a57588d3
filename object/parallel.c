#include "object/parallel.h"
#include "common/err.h"
#include "common/lock.h"

#include <assert.h>
#include <signal.h>

#define THREADS_MAX 64

struct parallel {
    // immutable
    int (*step)(void *context, size_t index);
    void *context;
    size_t count;

    struct lock lock; // rank STORE: taken alone, never over a step
    // guarded by lock
    size_t next;
    struct err_saved failure;
};

static bool take_next(struct parallel *p, size_t *index)
{
    WITH_LOCK(&p->lock);
    if (p->failure.code != 0 || p->next == p->count)
        return false;
    *index = p->next++;
    return true;
}

static void note_failure(struct parallel *p, int rc)
{
    struct err_saved failure;
    err_save(&failure, rc);
    WITH_LOCK(&p->lock);
    if (p->failure.code == 0)
        p->failure = failure;
}

static void *work_through(void *arg)
{
    struct parallel *p = arg;
    size_t index = 0;
    while (take_next(p, &index)) {
        int rc = p->step(p->context, index);
        if (rc < 0)
            note_failure(p, rc);
    }
    return NULL;
}

// As many as there are to be had: one, the caller's, does it too.
static unsigned start_threads(struct parallel *p, pthread_t *threads, unsigned wanted)
{
    unsigned started = 0;
    sigset_t all, before;
    sigfillset(&all); // signals belong to others
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started < wanted && pthread_create(&threads[started], NULL, work_through, p) == 0)
        started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

int parallel_run(unsigned threads, size_t count, int (*step)(void *context, size_t index),
                 void *context)
{
    assert(threads > 0 && threads <= THREADS_MAX && step != NULL);
    struct parallel p = {.step = step, .context = context, .count = count};
    pthread_t started[THREADS_MAX];
    unsigned wanted = count < threads ? (unsigned)count : threads;
    lock_init(&p.lock, LOCK_RANK_STORE);
    unsigned running = wanted > 1 ? start_threads(&p, started, wanted - 1) : 0;
    work_through(&p);
    for (unsigned i = 0; i < running; i++)
        pthread_join(started[i], NULL);
    lock_destroy(&p.lock);
    return p.failure.code != 0 ? err_restore(&p.failure) : 0;
}
