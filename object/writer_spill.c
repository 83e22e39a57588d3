// The window's way out of memory: with a spool, chunks of a deferred generation that do not fit the
// budget lie encrypted in a file without a name (object/spool.h) until they are written into again,
// read or sealed. Entered by the threads that write and read, and by sealing; while a chunk moves
// it is pinned and everybody who wants it waits.
#include "object/writer_internal.h"

#include <assert.h>

static int ensure_pages_locked(struct writer *w)
{
    int rc = 0;
    if (w->gen.page_cipher == NULL)
        rc = page_cipher_new(&w->gen.page_cipher);
    if (rc == 0 && w->gen.pages == NULL)
        rc = spool_new(w->volume->config.spool_dir, &w->gen.pages);
    return rc;
}

// The chunks that came first go first. The sealer needs those near the front next.
static struct window_chunk *find_victim_locked(struct writer *w, uint64_t keep)
{
    struct window_chunk *chunk, *next;
    HASH_ITER (hh, w->window, chunk, next) {
        if (!chunk->spilled && !chunk->moving && chunk->pins == 0 && chunk->index != keep &&
            !(w->committing && window_is_near_locked(w, chunk->index)))
            return chunk;
    }
    return NULL;
}

static void begin_move_locked(struct writer *w, struct window_chunk *chunk)
{
    chunk->moving = true;
    window_pin_locked(w, chunk);
}

static void end_move_locked(struct writer *w, struct window_chunk *chunk)
{
    chunk->moving = false;
    window_unpin_locked(w, chunk);
    pthread_cond_broadcast(&w->changed);
}

int spill_one_locked(struct writer *w, uint64_t keep)
{
    if (!w->gen.deferred)
        return -EAGAIN;
    struct window_chunk *chunk = find_victim_locked(w, keep);
    if (chunk == NULL)
        return -EAGAIN;
    size_t size = (size_t)w->volume->chunk_size;
    int rc = ensure_pages_locked(w);
    if (rc == 0) {
        begin_move_locked(w, chunk);
        lock_give(&w->lock);
        rc = page_seal(w->gen.page_cipher, chunk->memory.data, size, &chunk->seal);
        if (rc == 0)
            rc = spool_write(w->gen.pages, chunk->index * size, chunk->memory.data, size);
        lock_take(&w->lock);
        budget_give(w->volume->budget, &chunk->memory); // ciphertext now, whatever came of it
        chunk->spilled = true;
        w->window_bytes -= size;
        end_move_locked(w, chunk);
    }
    if (rc < 0)
        writer_fail_locked(w, rc);
    return w->failure.code != 0 ? err_restore(&w->failure) : 0;
}

int spill_load_locked(struct writer *w, struct window_chunk *chunk, struct budget_chunk *memory)
{
    assert(chunk->spilled && !chunk->moving);
    size_t size = (size_t)w->volume->chunk_size;
    begin_move_locked(w, chunk);
    chunk->memory = *memory;
    *memory = (struct budget_chunk){0};
    chunk->spilled = false;
    w->window_bytes += size;
    HASH_DEL(w->window, chunk); // the last to go again
    HASH_ADD(hh, w->window, index, sizeof chunk->index, chunk);
    lock_give(&w->lock);
    int rc = spool_read(w->gen.pages, chunk->index * size, chunk->memory.data, size);
    if (rc == 0)
        rc = page_open(w->gen.page_cipher, chunk->memory.data, size, &chunk->seal);
    lock_take(&w->lock);
    end_move_locked(w, chunk);
    if (rc < 0)
        writer_fail_locked(w, rc);
    return w->failure.code != 0 ? err_restore(&w->failure) : 0;
}

void spill_for_relief_locked(struct writer *w)
{
    // Counted beforehand: whoever writes on meanwhile brings chunks back.
    uint64_t count = w->window_bytes / w->volume->chunk_size / 2;
    for (uint64_t i = 0; i < count; i++) {
        if (spill_one_locked(w, UINT64_MAX) < 0)
            return;
    }
}
