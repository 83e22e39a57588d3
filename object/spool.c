#include "object/spool.h"
#include "common/err.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PIECE_SIZE (64u << 10) // decrypted at once

struct spool {
    int fd;
};

// Where files without a name are not supported, one with a name that is removed at once.
static int open_and_remove(const char *dir)
{
    AUTO_FREE char *path = NULL;
    if (asprintf(&path, "%s/rdsbak-spool-XXXXXX", dir) < 0) {
        path = NULL;
        errno = ENOMEM;
        return -1;
    }
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static int errno_of_spool(int error)
{
    switch (error) {
    case ENOSPC:
    case EFBIG:
    case EDQUOT:
        return -ENOSPC;
    case EACCES:
    case EPERM:
    case EROFS:
        return -EACCES;
    case ENOENT:
    case ENOTDIR:
        return -ENOENT;
    default:
        return -EIO;
    }
}

int spool_new(const char *dir, struct spool **out)
{
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        fd = open_and_remove(dir);
    if (fd < 0)
        return err_set(errno_of_spool(errno), "--spool-dir %s: no file can be made there: %s", dir,
                       strerror(errno));
    struct spool *s = malloc(sizeof *s);
    if (s == NULL) {
        close(fd);
        return err_set(-ENOMEM, "out of memory");
    }
    s->fd = fd;
    *out = s;
    return 0;
}

void spool_free(struct spool *s)
{
    if (s == NULL)
        return;
    close(s->fd);
    free(s);
}

int spool_write(struct spool *s, uint64_t offset, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    while (len > 0) {
        ssize_t done = pwrite(s->fd, bytes, len, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return err_set(errno_of_spool(done < 0 ? errno : EIO),
                           "--spool-dir: writing %zu bytes at %" PRIu64 " failed: %s", len, offset,
                           strerror(errno));
        bytes += done;
        offset += (uint64_t)done;
        len -= (size_t)done;
    }
    return 0;
}

int spool_read(struct spool *s, uint64_t offset, void *out, size_t len)
{
    uint8_t *bytes = out;
    while (len > 0) {
        ssize_t done = pread(s->fd, bytes, len, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return err_set(-EIO, "--spool-dir: reading %zu bytes at %" PRIu64 " failed: %s", len,
                           offset, done < 0 ? strerror(errno) : "the file ends there");
        bytes += done;
        offset += (uint64_t)done;
        len -= (size_t)done;
    }
    return 0;
}

// ---- what was sealed ----

void spool_stream_clear(struct spool_stream *s)
{
    spool_free(s->spool);
    secret_release(s->key);
    *s = (struct spool_stream){0};
}

// Feeds the opener the range and takes the wanted part of what it gives.
static int open_range(const struct spool_stream *s, struct opener *opener,
                      const struct cipher_range *range, uint64_t offset, uint8_t *out, size_t len)
{
    uint8_t *cipher = malloc(2 * PIECE_SIZE + CIPHER_BLOCK_SIZE);
    if (cipher == NULL)
        return err_set(-ENOMEM, "out of memory");
    uint8_t *plain = cipher + PIECE_SIZE;
    uint64_t at = range->plain_offset, done = 0;
    int rc = 0;
    while (rc == 0 && done < range->cipher_len) {
        uint64_t left = range->cipher_len - done;
        size_t piece = left < PIECE_SIZE ? (size_t)left : PIECE_SIZE, got = 0;
        rc = spool_read(s->spool, s->begin + range->cipher_offset + done, cipher, piece);
        if (rc == 0)
            rc = opener_update(opener, cipher, piece, plain, &got);
        done += piece;
        // What came out is [at, at + got); [offset, offset + len) is wanted.
        uint64_t skip = offset > at ? offset - at : 0;
        uint64_t stop = at + got < offset + len ? got : offset + len - at;
        if (rc == 0 && skip < stop)
            memcpy(out + (at + skip - offset), plain + skip, stop - skip);
        at += got;
    }
    secret_wipe(plain, PIECE_SIZE + CIPHER_BLOCK_SIZE);
    free(cipher);
    return rc;
}

int spool_stream_read(const struct spool_stream *s, uint64_t offset, uint8_t *out, size_t len)
{
    assert(offset >= s->begin && offset + len <= s->end);
    if (len == 0)
        return 0;
    // As an object that begins here and ends one block later, so that no padding is looked for.
    uint64_t plain_end = s->end - s->begin + CIPHER_BLOCK_SIZE;
    uint64_t cipher_size = content_cipher_size(s->content, plain_end);
    struct cipher_range range =
        content_range(s->content, offset - s->begin, len, plain_end, cipher_size);
    CLEANUP(opener_freep) struct opener *opener = NULL;
    int rc = opener_new(&opener, s->content, s->key, s->iv, &range, cipher_size);
    return rc < 0 ? rc : open_range(s, opener, &range, offset - s->begin, out, len);
}
