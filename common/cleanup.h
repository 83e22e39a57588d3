// Scope-bound release of locals: CLEANUP(buf_free) struct buf *b = NULL;
// A cleanup function `x_free(struct x *)` gets a twin `x_freep(struct x **)` by CLEANUP_POINTER(x,
// x_free).
#ifndef COMMON_CLEANUP_H
#define COMMON_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define CLEANUP(fn)       __attribute__((cleanup(fn)))

// Defines fn##p(struct type **): calls fn(*pointer). fn must accept NULL.
#define CLEANUP_POINTER(type, fn)                                                                  \
    static inline void fn##p(struct type **pointer)                                                \
    {                                                                                              \
        fn(*pointer);                                                                              \
    }

// Takes ownership out of a local that a CLEANUP would release: return TAKE(x);
#define TAKE(lvalue)                                                                               \
    __extension__({                                                                                \
        __typeof__(lvalue) taken_ = (lvalue);                                                      \
        (lvalue) = NULL;                                                                           \
        taken_;                                                                                    \
    })

static inline void cleanup_free(void *pointer)
{
    free(*(void **)pointer);
}

static inline void cleanup_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define AUTO_FREE  CLEANUP(cleanup_free)
#define AUTO_CLOSE CLEANUP(cleanup_fd)

#endif
