#include "cli/copy_out.h"

#include "cli/interrupt.h"

#include <string.h>

#define BLOCK_SIZE (4u << 20) // few calls; the reader's own read-ahead keeps the network busy

static int write_all(int fd, const char *name, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) {
            int rc = interrupt_check();
            if (rc < 0)
                return rc;
            continue;
        }
        if (n < 0)
            return err_set(errno == EPIPE || errno == ENOSPC ? -errno : -EIO,
                           "%s: cannot be written: %s", name, strerror(errno));
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

static int copy_blocks(struct reader *r, uint64_t offset, uint64_t len, int fd, const char *name,
                       char *block, struct progress *p)
{
    while (len > 0) {
        size_t want = len < BLOCK_SIZE ? (size_t)len : BLOCK_SIZE;
        size_t got = 0;
        int rc = interrupt_check();
        if (rc == 0)
            rc = reader_read(r, offset, block, want, &got);
        if (rc == 0)
            rc = write_all(fd, name, block, got);
        if (rc < 0 || got == 0)
            return rc;
        offset += got;
        len -= got;
        progress_move(p, got);
    }
    return 0;
}

int copy_out(struct reader *r, uint64_t offset, uint64_t len, int fd, const char *name,
             struct progress *p)
{
    char *block = malloc(BLOCK_SIZE);
    if (block == NULL)
        return err_set(-ENOMEM, "out of memory");
    int rc = copy_blocks(r, offset, len, fd, name, block, p);
    secret_wipe(block, BLOCK_SIZE);
    free(block);
    if (rc < 0)
        progress_clear(p);
    return rc;
}
