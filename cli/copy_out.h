// From an object to a file descriptor, for get and cat. One thread; the reader fetches ahead by
// itself.
#ifndef CLI_COPY_OUT_H
#define CLI_COPY_OUT_H

#include "cli/progress.h"
#include "object/reader.h"

// Writes plaintext [offset, offset + len) of r to fd, less at its end. name is for error texts. 0,
// -EINTR after a signal, -EPIPE when nobody reads any more, the reader's errors, -EIO.
int copy_out(struct reader *r, uint64_t offset, uint64_t len, int fd, const char *name,
             struct progress *p) MUST_CHECK;

#endif
