// A growable byte buffer born with a maximum. Always NUL-terminated after its length, so text may
// be read in place. A secret buffer is wiped when it grows or is cleared. Not shared between
// threads.
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include "common/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data;  // owned; NULL until something was added
    size_t len;  // bytes used, without the terminator
    size_t cap;  // bytes allocated
    size_t max;  // len never exceeds it
    bool secret; // wiped on growth and on clear
};

void buf_init(struct buf *b, size_t max);
void buf_init_secret(struct buf *b, size_t max);
void buf_clear(struct buf *b); // releases; the buffer can be used again
void buf_reset(struct buf *b); // length 0, memory kept

// 0, -ENOMEM, or -EIO when the maximum would be exceeded (the buffer is then unchanged).
int buf_add(struct buf *b, const void *data, size_t len) MUST_CHECK;
int buf_add_str(struct buf *b, const char *text) MUST_CHECK;
int buf_addf(struct buf *b, const char *format, ...) MUST_CHECK PRINTF_LIKE(2, 3);

// The text; "" when empty. Owned by the buffer.
const char *buf_str(const struct buf *b);

#define AUTO_BUF CLEANUP(buf_clear)

#endif
