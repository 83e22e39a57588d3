// The window: chunks of plaintext ahead of the sealed mark. Entered by the threads that write, and
// by sealing.
//
// Memory. A chunk near the front, within as many chunks as it has slots of the start of the part
// being gathered, may take one of the writer's own slots; one farther ahead must come from the
// shared rest, whose last chunks are one file's at a time (object/budget.h). So there is always a
// slot for the bytes that the sealer waits for, and a file written in order never depends on
// another one. A write that finds no memory waits for chunks that come back from the wire, never
// for an earlier write: the kernel's inode lock may hold that one behind this one.
#include "object/writer_internal.h"
#include "common/clock.h"
#include "common/log.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

struct window_chunk *window_find_locked(struct writer *w, uint64_t index)
{
    assert(lock_is_mine(&w->lock));
    struct window_chunk *chunk;
    HASH_FIND(hh, w->window, &index, sizeof index, chunk);
    return chunk;
}

bool window_is_near_locked(const struct writer *w, uint64_t index)
{
    return index < w->gen.part_begin / w->volume->chunk_size + w->account.slots;
}

static size_t count_far_locked(const struct writer *w)
{
    size_t count = 0;
    for (const struct window_chunk *chunk = w->window; chunk != NULL; chunk = chunk->hh.next)
        count += !chunk->spilled && !window_is_near_locked(w, chunk->index);
    return count;
}

static bool take_locked(struct writer *w, uint64_t index, struct budget_chunk *out)
{
    struct budget *b = w->volume->budget;
    if (window_is_near_locked(w, index))
        return budget_take(b, &w->account, out);
    size_t far = count_far_locked(w) + 1;
    if (!budget_take_far(b, &w->account, far, out))
        return false;
    w->far = far;
    return true;
}

bool window_tell_far_locked(struct writer *w)
{
    w->far = count_far_locked(w);
    return budget_set_far(w->volume->budget, &w->account, w->far);
}

static int window_new_locked(struct writer *w, uint64_t index, struct budget_chunk *memory,
                             struct window_chunk **out)
{
    struct window_chunk *chunk = calloc(1, sizeof *chunk);
    if (chunk == NULL) {
        budget_give(w->volume->budget, memory);
        return err_set(-ENOMEM, "out of memory");
    }
    uint64_t chunk_size = w->volume->chunk_size;
    chunk->index = index;
    chunk->memory = *memory;
    chunk->begin = index == w->gen.base / chunk_size ? (uint32_t)(w->gen.base % chunk_size) : 0;
    HASH_ADD(hh, w->window, index, sizeof chunk->index, chunk);
    w->window_bytes += chunk_size;
    *out = chunk;
    return 0;
}

int window_try_locked(struct writer *w, uint64_t index, struct window_chunk **out)
{
    struct window_chunk *chunk = window_find_locked(w, index);
    struct budget_chunk memory;
    *out = NULL;
    if (chunk != NULL && chunk->moving)
        return 0;
    if (chunk != NULL && !chunk->spilled) {
        *out = chunk;
        return 0;
    }
    if (!take_locked(w, index, &memory))
        return 0;
    if (chunk == NULL)
        return window_new_locked(w, index, &memory, out);
    int rc = spill_load_locked(w, chunk, &memory);
    *out = rc == 0 ? chunk : NULL;
    return rc;
}

struct budget_chunk window_detach_locked(struct writer *w, struct window_chunk *chunk)
{
    assert(lock_is_mine(&w->lock) && chunk->pins == 0);
    struct budget_chunk memory = chunk->memory;
    HASH_DEL(w->window, chunk);
    if (!chunk->spilled)
        w->window_bytes -= w->volume->chunk_size;
    extents_clear(&chunk->written);
    free(chunk);
    return memory;
}

void window_drop_locked(struct writer *w, struct window_chunk *chunk)
{
    struct budget_chunk memory = window_detach_locked(w, chunk);
    if (memory.data != NULL) // not in the spool
        budget_give(w->volume->budget, &memory);
}

void window_clear_locked(struct writer *w)
{
    struct window_chunk *chunk, *next;
    HASH_ITER (hh, w->window, chunk, next) {
        if (chunk->pins == 0)
            window_drop_locked(w, chunk);
    }
}

void writer_pin_locked(struct writer *w)
{
    w->pins++;
}

void writer_unpin_locked(struct writer *w)
{
    assert(w->pins > 0);
    if (--w->pins == 0)
        pthread_cond_broadcast(&w->changed);
}

void window_pin_locked(struct writer *w, struct window_chunk *chunk)
{
    chunk->pins++;
    writer_pin_locked(w);
}

void window_unpin_locked(struct writer *w, struct window_chunk *chunk)
{
    assert(chunk->pins > 0);
    chunk->pins--;
    writer_unpin_locked(w);
    if (chunk->pins == 0)
        pthread_cond_broadcast(&w->changed);
}

void window_begin_copy_locked(struct window_chunk *chunk)
{
    assert(chunk->pins > 0);
    chunk->copying++;
}

void window_end_copy_locked(struct writer *w, struct window_chunk *chunk)
{
    if (--chunk->copying == 0)
        pthread_cond_broadcast(&w->changed);
}

void window_cut_locked(struct writer *w, uint64_t size)
{
    uint64_t chunk_size = w->volume->chunk_size;
    struct window_chunk *chunk, *next;
    HASH_ITER (hh, w->window, chunk, next) {
        uint64_t begin = chunk->index * chunk_size;
        if (begin >= size && chunk->pins == 0)
            window_drop_locked(w, chunk);
        else if (begin + chunk_size > size)
            extents_cut(&chunk->written, size > begin ? (uint32_t)(size - begin) : 0);
    }
}

// The end of the gap in front, or the sealed mark if the sealer has work: then there is none.
static uint64_t gap_end_locked(struct writer *w)
{
    uint32_t chunk_size = (uint32_t)w->volume->chunk_size;
    uint64_t front = w->gen.sealed / chunk_size;
    struct window_chunk *chunk = window_find_locked(w, front);
    if (chunk != NULL && extents_cover(&chunk->written, chunk->begin, chunk_size))
        return w->gen.sealed;
    if (chunk != NULL)
        return (front + 1) * chunk_size; // partly there: it ends its own gap
    uint64_t nearest = UINT64_MAX;
    struct window_chunk *next;
    HASH_ITER (hh, w->window, chunk, next) {
        if (chunk->index > front && chunk->index < nearest)
            nearest = chunk->index;
    }
    return nearest == UINT64_MAX ? w->gen.sealed : nearest * chunk_size;
}

// Below the mean of the window: what is behind many gaps is not freed one by one.
static uint64_t middle_locked(struct writer *w)
{
    struct window_chunk *chunk, *next;
    uint64_t sum = 0, count = 0;
    HASH_ITER (hh, w->window, chunk, next) {
        sum += chunk->index;
        count++;
    }
    return count == 0 ? 0 : sum / count * w->volume->chunk_size;
}

// What is missing in front has not come in time: from now on it is what was there before. False:
// there is no gap.
static bool close_gap_locked(struct writer *w)
{
    uint64_t until = gap_end_locked(w), chunk_size = w->volume->chunk_size;
    // The chunk that the file ends in is not closed: it may be the last.
    if (until > w->hwm)
        until = w->hwm / chunk_size * chunk_size;
    if (until <= w->gen.sealed || until <= w->gen.closed_until || w->gen.deferred)
        return false;
    if (until > overlay_end_locked(w))
        log_info("%s: bytes %" PRIu64 " to %" PRIu64
                 " were not written while the window or the memory ran out behind them: taken for "
                 "zeros",
                 w->key, w->gen.sealed, until);
    else if (middle_locked(w) > until)
        until = middle_locked(w);
    w->gen.gaps_closed = until <= overlay_end_locked(w);
    w->gen.closed_until = until;
    w->hold_given_up = true;
    return true;
}

int window_wait_locked(struct writer *w, struct memory_wait *wait, const atomic_bool *interrupted)
{
    struct volume *v = w->volume;
    int64_t now = clock_ms();
    if (wait->began_ms == 0)
        wait->began_ms = wait->moved_ms = now;
    uint64_t seen = budget_given(v->budget);
    lock_give(&w->lock);
    volume_relieve(v);
    bool moved = budget_wait_given(v->budget, seen, WRITER_MEMORY_POLL_MS);
    lock_take(&w->lock);
    now = clock_ms();
    if (w->failure.code != 0)
        return err_restore(&w->failure);
    if (writer_interrupted(interrupted))
        return err_set(-EINTR, "interrupted while waiting for memory");
    // What is being sent gives its memory back, however slow the network: every request has a
    // deadline.
    if (moved || atomic_load(&v->sending) > 0)
        wait->moved_ms = now;
    int64_t patience = w->gen.gaps_closed ? WRITER_GAP_PATIENCE_AGAIN_MS : WRITER_GAP_PATIENCE_MS;
    if (!w->sealing && now - wait->moved_ms >= patience)
        close_gap_locked(w);
    if (now - wait->moved_ms >= v->config.progress_timeout_ms) {
        writer_fail_locked(
            w, err_set(-EIO, "no memory came free for %" PRId64 " s: nothing is being uploaded",
                       v->config.progress_timeout_ms / 1000));
        return err_restore(&w->failure);
    }
    return 0;
}

static bool is_over_window_locked(const struct writer *w)
{
    return w->window_bytes > w->volume->config.window && !writer_holding_locked(w) &&
           !w->gen.deferred;
}

static bool is_contiguous_locked(struct writer *w)
{
    struct window_chunk *chunk, *next;
    uint64_t least = UINT64_MAX, most = 0, count = 0;
    HASH_ITER (hh, w->window, chunk, next) {
        least = chunk->index < least ? chunk->index : least;
        most = chunk->index > most ? chunk->index : most;
        count++;
    }
    return count > 0 && most - least + 1 == count;
}

// A gap in a new file is data that has not come. In a file that is changed here and there it may
// be written at any time, and without a spool not after it is sealed: while there is memory it is
// kept open, unless all that was written is one stretch.
static bool is_worth_waiting_locked(struct writer *w)
{
    return w->gen.sealed < overlay_end_locked(w) && w->volume->config.spool_dir == NULL &&
           !is_contiguous_locked(w);
}

bool window_keep_to_limit_locked(struct writer *w)
{
    return is_over_window_locked(w) && !is_worth_waiting_locked(w) && close_gap_locked(w);
}

// One step towards a chunk that window_try did not give.
static int make_room_locked(struct writer *w, uint64_t index, struct memory_wait *wait,
                            const atomic_bool *interrupted)
{
    struct window_chunk *chunk = window_find_locked(w, index);
    if (chunk != NULL && chunk->moving) {
        cond_wait_ms(&w->changed, &w->lock, WRITER_MEMORY_POLL_MS); // for the disk only
        return 0;
    }
    int rc = spill_one_locked(w, index);
    return rc == -EAGAIN ? window_wait_locked(w, wait, interrupted) : rc;
}

int window_obtain_locked(struct writer *w, uint64_t index, const atomic_bool *interrupted,
                         struct window_chunk **out)
{
    struct memory_wait wait = {0};
    uint64_t epoch = w->epoch;
    for (;;) {
        if (is_over_window_locked(w))
            writer_kick(w); // sealing closes the gap
        int rc = window_try_locked(w, index, out);
        if (rc == 0 && *out == NULL)
            rc = make_room_locked(w, index, &wait, interrupted);
        if (rc < 0)
            return rc;
        if (w->epoch != epoch || (index + 1) * w->volume->chunk_size <= w->gen.sealed)
            return -EAGAIN;
        if (*out != NULL)
            return 0;
    }
}
