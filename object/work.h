// A pool of worker threads with one first-in first-out queue. A work item is embedded in its owner
// and runs once per submit.
#ifndef OBJECT_WORK_H
#define OBJECT_WORK_H

#include "common/cleanup.h"

struct work_pool;

struct work {
    void (*run)(struct work *work); // on a worker, no lock held; may free the item
    struct work *next;              // the pool's
};

// name: at most 15 characters, shown by the system for the threads.
int work_pool_new(struct work_pool **out, const char *name, unsigned threads) MUST_CHECK;
// Runs what is queued, then ends the threads.
void work_pool_free(struct work_pool *p);

// Never fails and never blocks; takes lock rank QUEUE.
void work_submit(struct work_pool *p, struct work *work);

#endif
