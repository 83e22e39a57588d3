// Reading what is being written: from the window, the spool and what was there before. What is
// sealed and nowhere readable is -EBUSY.
#include "object/writer_internal.h"

#include <inttypes.h>
#include <string.h>

// ---- one source each ----

// The whole of it is committed, or a declared tail.
static int read_committed_locked(struct writer *w, uint64_t offset, uint8_t *out, size_t len)
{
    size_t got = 0;
    writer_begin_busy_locked(w); // what is committed, and its reader, must stay
    int rc = writer_ensure_reader_locked(w);
    if (rc == 0) {
        struct reader *reader = w->reader;
        lock_give(&w->lock);
        rc = reader_read(reader, offset, out, len, &got);
        lock_take(&w->lock);
    }
    writer_end_busy_locked(w);
    if (rc == 0 && got < len)
        memset(out + got, 0, len - got);
    return rc;
}

// What this generation has sealed, from its spool. -EAGAIN: it waited, start over.
static int read_stream_locked(struct writer *w, uint64_t offset, uint8_t *out, size_t len)
{
    struct spool_stream stream = w->gen.stream; // borrowed
    if (offset + len > stream.end) {            // just being written there
        cond_wait_ms(&w->changed, &w->lock, WRITER_MEMORY_POLL_MS);
        return -EAGAIN;
    }
    writer_pin_locked(w);
    lock_give(&w->lock);
    int rc = spool_stream_read(&stream, offset, out, len);
    lock_take(&w->lock);
    writer_unpin_locked(w);
    return rc;
}

static int read_sealed_locked(struct writer *w, uint64_t offset, uint8_t *out, size_t len)
{
    if (w->gen.stream.spool != NULL)
        return read_stream_locked(w, offset, out, len);
    uint64_t changed = w->gen.first_changed;
    if (w->reader != NULL && (changed >= w->gen.sealed || changed >= offset + len))
        return overlay_read_locked(w, offset, out, len); // nothing of it was changed
    return err_set(-EBUSY,
                   "%s: bytes at %" PRIu64
                   " are on their way to S3 and not readable before it is closed",
                   w->key, offset);
}

// ---- the window ----

struct written_copy {
    uint8_t *out; // plaintext of the chunk's [begin, ...)
    const uint8_t *chunk;
    uint32_t begin;
};

static void copy_written(void *context, uint32_t begin, uint32_t end)
{
    struct written_copy *copy = context;
    memcpy(copy->out + (begin - copy->begin), copy->chunk + begin, end - begin);
}

// What was written of a chunk, over what was there before. -EAGAIN: it waited, or what was read is
// void: start over.
static int read_window_locked(struct writer *w, uint64_t offset, uint8_t *out, size_t len)
{
    uint64_t chunk_size = w->volume->chunk_size, index = offset / chunk_size;
    uint32_t begin = (uint32_t)(offset % chunk_size), end = begin + (uint32_t)len;
    struct window_chunk *chunk = window_find_locked(w, index);
    if (chunk == NULL || !extents_cover(&chunk->written, begin, end)) {
        int rc = overlay_read_locked(w, offset, out, len);
        if (rc < 0)
            return rc;
        if (offset < w->gen.sealed)
            return -EAGAIN;
        chunk = window_find_locked(w, index);
    }
    if (chunk == NULL)
        return 0;
    if (chunk->copying > 0) {
        cond_wait_ms(&w->changed, &w->lock, WRITER_MEMORY_POLL_MS);
        return -EAGAIN;
    }
    if (chunk->spilled || chunk->moving) { // back into memory first
        int rc = window_obtain_locked(w, index, NULL, &chunk);
        return rc == 0 ? -EAGAIN : rc;
    }
    struct written_copy copy = {out, chunk->memory.data, begin};
    extents_each_written(&chunk->written, begin, end, copy_written, &copy);
    return 0;
}

// ---- reading ----

static int read_piece_locked(struct writer *w, uint64_t offset, uint8_t *out, size_t len)
{
    if (!w->open || offset + len <= w->gen.base)
        return read_committed_locked(w, offset, out, len);
    if (offset < w->gen.sealed)
        return read_sealed_locked(w, offset, out, len);
    return read_window_locked(w, offset, out, len);
}

// How far one source reaches from offset.
static size_t piece_len_locked(const struct writer *w, uint64_t offset, size_t len)
{
    uint64_t end = offset + len;
    uint64_t chunk_size = w->volume->chunk_size;
    uint64_t stop = (offset / chunk_size + 1) * chunk_size;
    if (!w->open || end <= w->gen.base)
        return len;
    if (offset < w->gen.base)
        return (size_t)(w->gen.base - offset);
    return (size_t)((stop < end ? stop : end) - offset);
}

int writer_read(struct writer *w, uint64_t offset, void *out, size_t len, size_t *got)
{
    WITH_LOCK(&w->lock);
    *got = 0;
    for (;;) {
        int rc = writer_wait_turn_locked(w, NULL);
        if (rc < 0)
            return rc;
        uint64_t size = writer_size_locked(w);
        if (*got == len || offset + *got >= size)
            return 0;
        uint64_t at = offset + *got;
        size_t rest = len - *got < size - at ? len - *got : (size_t)(size - at);
        size_t piece = piece_len_locked(w, at, rest);
        rc = read_piece_locked(w, at, (uint8_t *)out + *got, piece);
        if (rc == -EAGAIN)
            continue;
        if (rc < 0)
            return rc;
        *got += piece;
    }
}
