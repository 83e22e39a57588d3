// The same step for many things at once, on threads of its own: for what mostly waits for servers.
#ifndef OBJECT_PARALLEL_H
#define OBJECT_PARALLEL_H

#include "common/cleanup.h"

#include <stddef.h>

// Runs step(context, i) for every i below count, on up to `threads` threads (one of them the
// caller's), and returns when all have ended. The first failure keeps what has not begun from
// beginning; it is the result, with its text.
int parallel_run(unsigned threads, size_t count, int (*step)(void *context, size_t index),
                 void *context) MUST_CHECK;

#endif
