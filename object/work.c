#include "object/work.h"
#include "common/err.h"
#include "common/lock.h"

#include <assert.h>
#include <signal.h>
#include <string.h>

struct work_pool {
    struct lock lock;
    pthread_cond_t changed;
    // guarded by lock
    struct work *head, **tail;
    bool stopping;
    // the owner's
    unsigned threads_count;
    pthread_t threads[];
};

static void *worker(void *arg)
{
    struct work_pool *p = arg;
    lock_take(&p->lock);
    for (;;) {
        struct work *work = p->head;
        if (work == NULL) {
            if (p->stopping)
                break;
            cond_wait_ms(&p->changed, &p->lock, -1);
            continue;
        }
        p->head = work->next;
        if (p->head == NULL)
            p->tail = &p->head;
        lock_give(&p->lock);
        work->run(work);
        lock_take(&p->lock);
    }
    lock_give(&p->lock);
    return NULL;
}

static int start_thread(struct work_pool *p, const char *name)
{
    // Signals belong to the main thread.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&p->threads[p->threads_count], NULL, worker, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0)
        return err_set(-ENOMEM, "cannot start a thread: %s", strerror(rc));
    pthread_setname_np(p->threads[p->threads_count], name);
    p->threads_count++;
    return 0;
}

int work_pool_new(struct work_pool **out, const char *name, unsigned threads)
{
    assert(threads > 0);
    struct work_pool *p = calloc(1, sizeof *p + threads * sizeof p->threads[0]);
    if (p == NULL)
        return err_set(-ENOMEM, "out of memory");
    lock_init(&p->lock, LOCK_RANK_QUEUE);
    cond_init(&p->changed);
    p->tail = &p->head;
    for (unsigned i = 0; i < threads; i++) {
        int rc = start_thread(p, name);
        if (rc < 0) {
            work_pool_free(p);
            return rc;
        }
    }
    *out = p;
    return 0;
}

void work_pool_free(struct work_pool *p)
{
    if (p == NULL)
        return;
    lock_take(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->changed);
    lock_give(&p->lock);
    for (unsigned i = 0; i < p->threads_count; i++)
        pthread_join(p->threads[i], NULL);
    assert(p->head == NULL);
    lock_destroy(&p->lock);
    pthread_cond_destroy(&p->changed);
    free(p);
}

void work_submit(struct work_pool *p, struct work *work)
{
    WITH_LOCK(&p->lock);
    work->next = NULL;
    *p->tail = work;
    p->tail = &work->next;
    pthread_cond_signal(&p->changed);
}
