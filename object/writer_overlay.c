// What was there before: the committed object, and what an upload had sealed that was given up.
//
// Overlay. A generation that changes an object in the middle begins with what is committed beneath
// it; holes of the window are filled with that when they are sealed, a chunk at a time, so neither
// the whole file nor the part that stays is ever in memory. Going back. A write below what this
// generation has sealed cannot change what is on its way: the upload is given up and a new
// generation begins under a new data key, above what the spool kept of the old one. It is deferred:
// a program that went back once will do so again, so nothing is sealed before the commit.
#include "object/writer_internal.h"
#include "common/log.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define FILL_PIECE (256u << 10) // bytes read at once to fill a hole

// What is needed to read it without the lock; it stays while the writer is pinned or sealing.
struct before {
    struct reader *reader;
    uint64_t end;
    struct spool_stream earlier; // borrowed
};

uint64_t overlay_end_locked(const struct writer *w)
{
    uint64_t earlier = w->gen.earlier.spool != NULL ? w->gen.earlier.end : 0;
    return w->gen.before_end > earlier ? w->gen.before_end : earlier;
}

static struct before before_locked(const struct writer *w)
{
    return (struct before){w->reader, w->gen.before_end, w->gen.earlier};
}

static int read_committed(const struct before *b, uint64_t offset, uint8_t *out, size_t len)
{
    size_t got = 0;
    int rc = reader_read(b->reader, offset, out, len, &got);
    return rc == 0 && got < len ? err_set(-EIO, "the committed object is shorter than it was") : rc;
}

// One source's bytes from offset on: *piece of them. No lock held.
static int read_source(const struct before *b, uint64_t offset, uint8_t *out, size_t len,
                       size_t *piece, struct writer_cost *cost)
{
    const struct spool_stream *earlier = &b->earlier;
    bool has_earlier = earlier->spool != NULL && earlier->end > earlier->begin;
    uint64_t stop = offset + len;
    if (has_earlier && offset >= earlier->begin && offset < earlier->end) {
        *piece = (size_t)((stop < earlier->end ? stop : earlier->end) - offset);
        cost->read_back += *piece;
        return spool_stream_read(earlier, offset, out, *piece);
    }
    if (has_earlier && offset < earlier->begin && stop > earlier->begin)
        stop = earlier->begin;
    bool committed = offset < b->end;
    if (committed && stop > b->end)
        stop = b->end;
    *piece = (size_t)(stop - offset);
    if (committed) {
        cost->fetched += *piece;
        return read_committed(b, offset, out, *piece);
    }
    memset(out, 0, *piece);
    return 0;
}

static int read_before(const struct before *b, uint64_t offset, uint8_t *out, size_t len,
                       struct writer_cost *cost)
{
    for (size_t done = 0; done < len;) {
        size_t piece = 0;
        int rc = read_source(b, offset + done, out + done, len - done, &piece, cost);
        if (rc < 0)
            return rc;
        done += piece;
    }
    return 0;
}

int overlay_read_locked(struct writer *w, uint64_t offset, uint8_t *out, size_t len)
{
    if (offset >= overlay_end_locked(w)) {
        memset(out, 0, len);
        return 0;
    }
    struct before before = before_locked(w);
    struct writer_cost cost = {0};
    uint64_t epoch = w->epoch, cuts = w->gen.cuts;
    writer_pin_locked(w);
    lock_give(&w->lock);
    int rc = read_before(&before, offset, out, len, &cost);
    lock_take(&w->lock);
    writer_unpin_locked(w);
    w->cost.fetched += cost.fetched;
    w->cost.read_back += cost.read_back;
    if (rc == 0 && (w->epoch != epoch || w->gen.cuts != cuts))
        return -EAGAIN;
    return rc;
}

// ---- filling holes ----

struct fill {
    uint8_t *chunk;
    const uint8_t *piece; // what belongs at `begin`
    uint32_t begin;
};

static void fill_hole(void *context, uint32_t begin, uint32_t end)
{
    struct fill *f = context;
    memcpy(f->chunk + begin, f->piece + (begin - f->begin), end - begin);
}

static void zero_hole(void *context, uint32_t begin, uint32_t end)
{
    uint8_t *chunk = context;
    memset(chunk + begin, 0, end - begin);
}

// Bytes [begin, begin + len) of the chunk, where they are still holes.
static int fill_piece_locked(struct writer *w, struct window_chunk *chunk, uint32_t begin,
                             uint32_t len, uint8_t *piece)
{
    int rc = overlay_read_locked(w, chunk->index * w->volume->chunk_size + begin, piece, len);
    if (rc == -EAGAIN)
        return 0;                         // the hole is still there: it is met again
    while (chunk->copying > 0 && rc == 0) // a write may be filling the very hole: short
        cond_wait_ms(&w->changed, &w->lock, -1);
    if (rc < 0)
        return rc;
    struct fill fill = {chunk->memory.data, piece, begin};
    extents_each_hole(&chunk->written, begin, begin + len, fill_hole, &fill);
    return extents_add(&chunk->written, begin, begin + len);
}

static int fill_from_before_locked(struct writer *w, struct window_chunk *chunk, uint32_t end)
{
    struct extent hole;
    int rc = 0;
    uint8_t *piece = malloc(FILL_PIECE);
    if (piece == NULL)
        return err_set(-ENOMEM, "out of memory");
    while (rc == 0 && extents_first_hole(&chunk->written, chunk->begin, end, &hole)) {
        uint32_t len = hole.end - hole.begin < FILL_PIECE ? hole.end - hole.begin : FILL_PIECE;
        if (w->failure.code != 0)
            rc = err_restore(&w->failure);
        else if (atomic_load(&w->cancel))
            rc = err_set(-ECANCELED, "%s: given up", w->key);
        else
            rc = fill_piece_locked(w, chunk, hole.begin, len, piece);
    }
    secret_wipe(piece, FILL_PIECE);
    free(piece);
    return rc;
}

int overlay_fill_locked(struct writer *w, struct window_chunk *chunk, uint32_t end)
{
    if (extents_cover(&chunk->written, chunk->begin, end))
        return 0;
    if (chunk->index * w->volume->chunk_size < overlay_end_locked(w))
        return fill_from_before_locked(w, chunk, end);
    extents_each_hole(&chunk->written, chunk->begin, end, zero_hole, chunk->memory.data);
    return extents_add(&chunk->written, chunk->begin, end);
}

void overlay_cut_locked(struct writer *w, uint64_t size)
{
    struct writer_generation *gen = &w->gen;
    gen->cuts++;
    if (gen->before_end > size)
        gen->before_end = size;
    if (gen->earlier.end > size)
        gen->earlier.end = size > gen->earlier.begin ? size : gen->earlier.begin;
}

// ---- going back ----

static int refuse_sealed(const struct writer *w, uint64_t offset)
{
    return err_set(-EOPNOTSUPP,
                   "a change at %" PRIu64 ", behind the %" PRIu64
                   " bytes that are encrypted and on their way: the program goes back over what it "
                   "wrote. Mount with --spool-dir, or raise --hold-size above the size of the file",
                   offset, w->gen.sealed);
}

// The window as it is, in a generation that begins at 0. The slots are for what is near the front
// now. False: there is no room for the rest, so nothing could ever be sealed.
static bool keep_window_locked(struct writer *w)
{
    struct window_chunk *chunk, *next;
    HASH_ITER (hh, w->window, chunk, next) {
        chunk->begin = 0;
    }
    return window_tell_far_locked(w);
}

int overlay_go_back_locked(struct writer *w, uint64_t offset)
{
    assert(w->busy && w->open);
    bool lost = w->gen.first_changed < w->gen.sealed;
    if (lost && w->gen.stream.spool == NULL)
        return refuse_sealed(w, offset);
    send_abandon_locked(w);
    if (w->failure.code != 0)
        return err_restore(&w->failure);
    struct writer_generation *gen = &w->gen;
    assert(gen->before_end == 0 || w->reader != NULL); // sealing goes on, and reads it
    assert(gen->earlier.spool == NULL); // where it is set, nothing is sealed before the commit
    uint64_t before_end = gen->before_end, first_changed = gen->first_changed;
    struct spool_stream earlier = {0};
    log_info("%s: a change at %" PRIu64 " goes back over the %" PRIu64
             " bytes sealed so far: what was sent of them was in vain%s",
             w->key, offset, gen->sealed,
             lost ? ", and all is sealed again from the spool at the commit" : "");
    if (lost) {
        earlier = gen->stream;
        gen->stream = (struct spool_stream){0};
    }
    w->cost.given_up += w->cost.sent;
    w->cost.sent = 0;
    w->cost.rewrite = true;
    generation_clear(w);
    generation_start_locked(w, 0);
    gen->before_end = before_end;
    gen->first_changed = first_changed;
    gen->earlier = earlier;
    gen->deferred = w->volume->config.spool_dir != NULL;
    if (!keep_window_locked(w) && !gen->deferred)
        return err_set(-EOPNOTSUPP,
                       "a change at %" PRIu64 ", while the memory is full of changes behind it: "
                       "mount with --spool-dir, or raise --memory-limit",
                       offset);
    return 0;
}

// The same bytes again, as a repeated request brings them: read back and compared.
static int compare_locked(struct writer *w, uint64_t offset, const uint8_t *data, size_t len,
                          bool *same)
{
    struct spool_stream stream = w->gen.stream; // borrowed
    if (stream.spool == NULL || offset < stream.begin)
        return 0;
    if (offset + len > stream.end) { // just being written
        cond_wait_ms(&w->changed, &w->lock, WRITER_MEMORY_POLL_MS);
        return -EAGAIN;
    }
    uint8_t *there = malloc(len);
    if (there == NULL)
        return err_set(-ENOMEM, "out of memory");
    writer_pin_locked(w);
    lock_give(&w->lock);
    int rc = spool_stream_read(&stream, offset, there, len);
    *same = rc == 0 && memcmp(there, data, len) == 0;
    secret_wipe(there, len);
    free(there);
    lock_take(&w->lock);
    writer_unpin_locked(w);
    return rc;
}

int overlay_rewrite_locked(struct writer *w, uint64_t offset, const uint8_t *data, size_t len,
                           bool *same)
{
    *same = false;
    uint64_t epoch = w->epoch;
    int rc = compare_locked(w, offset, data, len, same);
    if (rc < 0 || *same)
        return rc;
    if (w->epoch != epoch || w->busy || w->failure.code != 0)
        return -EAGAIN;
    return writer_exclusively_locked(w, overlay_go_back_locked, offset);
}
