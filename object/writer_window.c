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

static bool is_near_locked(const struct writer *w, uint64_t index)
{
    return index < w->gen.part_begin / w->volume->chunk_size + w->account.slots;
}

static size_t count_far_locked(const struct writer *w)
{
    size_t count = 0;
    for (const struct window_chunk *chunk = w->window; chunk != NULL; chunk = chunk->hh.next)
        count += !is_near_locked(w, chunk->index);
    return count;
}

static bool take_locked(struct writer *w, uint64_t index, struct budget_chunk *out)
{
    struct budget *b = w->volume->budget;
    if (is_near_locked(w, index))
        return budget_take(b, &w->account, out);
    size_t far = count_far_locked(w) + 1;
    if (!budget_take_far(b, &w->account, far, out))
        return false;
    w->far = far;
    return true;
}

void window_tell_far_locked(struct writer *w)
{
    if (w->far == 0)
        return;
    w->far = count_far_locked(w);
    budget_set_far(w->volume->budget, &w->account, w->far);
}

struct window_chunk *window_try_locked(struct writer *w, uint64_t index)
{
    struct window_chunk *chunk = window_find_locked(w, index);
    if (chunk != NULL)
        return chunk;
    chunk = calloc(1, sizeof *chunk);
    if (chunk == NULL)
        return NULL;
    if (!take_locked(w, index, &chunk->memory)) {
        free(chunk);
        return NULL;
    }
    uint64_t chunk_size = w->volume->chunk_size;
    chunk->index = index;
    chunk->begin = index == w->gen.base / chunk_size ? (uint32_t)(w->gen.base % chunk_size) : 0;
    HASH_ADD(hh, w->window, index, sizeof chunk->index, chunk);
    w->window_bytes += chunk_size;
    return chunk;
}

struct budget_chunk window_detach_locked(struct writer *w, struct window_chunk *chunk)
{
    assert(lock_is_mine(&w->lock) && chunk->pins == 0);
    struct budget_chunk memory = chunk->memory;
    HASH_DEL(w->window, chunk);
    w->window_bytes -= w->volume->chunk_size;
    extents_clear(&chunk->written);
    free(chunk);
    return memory;
}

void window_drop_locked(struct writer *w, struct window_chunk *chunk)
{
    struct budget_chunk memory = window_detach_locked(w, chunk);
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

void window_pin_locked(struct writer *w, struct window_chunk *chunk)
{
    chunk->pins++;
    w->pins++;
}

void window_unpin_locked(struct writer *w, struct window_chunk *chunk)
{
    assert(chunk->pins > 0 && w->pins > 0);
    w->pins--;
    if (--chunk->pins == 0)
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

static void fill_zeros(void *context, uint32_t begin, uint32_t end)
{
    uint8_t *data = context;
    memset(data + begin, 0, end - begin);
}

void window_fill_holes(struct window_chunk *chunk, uint32_t end)
{
    extents_each_hole(&chunk->written, chunk->begin, end, fill_zeros, chunk->memory.data);
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

// What is missing in front has not come in time: it is zeros from now on. False: there is no gap.
static bool close_gap_locked(struct writer *w)
{
    uint64_t until = gap_end_locked(w);
    if (until <= w->gen.sealed || until <= w->gen.zeros_until)
        return false;
    log_info(
        "%s: bytes %" PRIu64 " to %" PRIu64
        " were not written while the window or the memory ran out behind them: taken for zeros",
        w->key, w->gen.sealed, until);
    w->gen.zeros_until = until;
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
    if (!w->sealing && now - wait->moved_ms >= WRITER_GAP_PATIENCE_MS)
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
    return w->window_bytes > w->volume->config.window && !writer_holding_locked(w);
}

bool window_keep_to_limit_locked(struct writer *w)
{
    return is_over_window_locked(w) && close_gap_locked(w);
}

int window_obtain_locked(struct writer *w, uint64_t index, const atomic_bool *interrupted,
                         struct window_chunk **out)
{
    struct memory_wait wait = {0};
    uint64_t epoch = w->epoch;
    for (;;) {
        if (is_over_window_locked(w))
            writer_kick(w); // sealing closes the gap
        *out = window_try_locked(w, index);
        if (*out != NULL)
            return 0;
        int rc = window_wait_locked(w, &wait, interrupted);
        if (rc < 0)
            return rc;
        if (w->epoch != epoch || (index + 1) * w->volume->chunk_size <= w->gen.sealed)
            return -EAGAIN;
    }
}
