// The calls of writer.h: life, writes, reads, truncation. Entered by any thread.
#include "object/writer_internal.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

// ---- helpers for all ----

bool writer_interrupted(const atomic_bool *interrupted)
{
    return interrupted != NULL && atomic_load(interrupted);
}

uint64_t writer_size_locked(const struct writer *w)
{
    return w->declared > w->hwm ? w->declared : w->hwm;
}

void writer_begin_busy_locked(struct writer *w)
{
    assert(lock_is_mine(&w->lock) && !w->busy);
    w->busy = true;
    w->epoch++;
    while (w->pins > 0)
        cond_wait_ms(&w->changed, &w->lock, -1); // copies of memory: short
}

void writer_end_busy_locked(struct writer *w)
{
    w->busy = false;
    pthread_cond_broadcast(&w->changed);
}

int writer_wait_turn_locked(struct writer *w, const atomic_bool *interrupted)
{
    // Whatever makes it busy ends by itself: every request has a deadline.
    while (w->busy) {
        if (writer_interrupted(interrupted))
            return err_set(-EINTR, "interrupted; the commit goes on");
        cond_wait_ms(&w->changed, &w->lock, interrupted != NULL ? WRITER_MEMORY_POLL_MS : -1);
    }
    return w->failure.code != 0 ? err_restore(&w->failure) : 0;
}

// ---- life ----

// The memory that a new file needs may be in use by the data of others: they are asked to send it.
static int reserve_memory(struct volume *v, struct budget_account *account)
{
    if (budget_reserve(v->budget, account, v->writer_slots, 0) == 0)
        return 0;
    volume_relieve(v);
    return budget_reserve(v->budget, account, v->writer_slots, WRITER_RESERVE_WAIT_MS);
}

static int writer_new(struct volume *v, const char *key, struct writer **out)
{
    if (strlen(key) > STORE_KEY_MAX)
        return err_set(-ENAMETOOLONG, "the key is longer than %d bytes", STORE_KEY_MAX);
    if (v->config.read_only)
        return err_set(-EROFS, "%s: this volume is read-only", key);
    struct writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return err_set(-ENOMEM, "out of memory");
    w->volume = v;
    memcpy(w->key, key, strlen(key) + 1);
    w->mtime_s = -1;
    audit_actor_now(&w->actor);
    w->seal_work.run = seal_run;
    w->gen.next_number = 1;
    int rc = reserve_memory(v, &w->account);
    if (rc < 0) {
        free(w);
        return err_prefix(rc, "%s", key);
    }
    lock_init(&w->lock, LOCK_RANK_WRITER);
    cond_init(&w->changed);
    volume_add_writer(v, w);
    *out = w;
    return 0;
}

int writer_create(struct volume *v, const char *key, struct writer **out)
{
    CLEANUP(writer_freep) struct writer *w = NULL;
    AUDIT_SCOPE(about, audit_about(v->config.bucket, key));
    int rc = writer_new(v, key, &w);
    if (rc < 0)
        return rc;
    rc =
        v->keyring->ops->generate(v->keyring, v->config.format, &w->gen.envelope, &w->gen.data_key);
    if (rc < 0)
        return err_prefix(rc, "%s", key);
    lock_take(&w->lock);
    w->gen.has_key = true;
    generation_start_locked(w, 0);
    lock_give(&w->lock);
    *out = TAKE(w);
    return 0;
}

int writer_open(struct volume *v, const char *key, const struct object_info *info,
                struct writer **out)
{
    CLEANUP(writer_freep) struct writer *w = NULL;
    if (v->config.no_overwrite)
        return err_set(-EEXIST, "%s: is in S3, and --no-overwrite changes nothing that is", key);
    int rc = writer_new(v, key, &w);
    if (rc == 0)
        rc = reader_open(v, key, info, &w->reader);
    if (rc == 0)
        rc = object_info_copy(&w->committed, reader_info(w->reader));
    if (rc < 0)
        return rc;
    w->has_committed = true;
    if (reader_data_key(w->reader) != NULL)
        w->committed_key = secret_acquire(reader_data_key(w->reader));
    w->hwm = reader_size(w->reader);
    *out = TAKE(w);
    return 0;
}

void writer_free(struct writer *w)
{
    if (w == NULL)
        return;
    volume_remove_writer(w->volume, w); // nobody relieves it any more
    lock_take(&w->lock);
    while (w->busy)
        cond_wait_ms(&w->changed, &w->lock, -1);
    if (w->open && w->failure.code == 0)
        err_save(&w->failure, err_set(-ECANCELED, "%s: given up before it was committed", w->key));
    if (w->failure.code != 0)
        writer_fail_locked(w, w->failure.code);
    while (atomic_load(&w->tasks) > 0)
        cond_wait_ms(&w->changed, &w->lock, -1);
    if (w->failure.code != 0)
        writer_fail_locked(w, w->failure.code); // what a running seal kept
    while (atomic_load(&w->tasks) > 0)
        cond_wait_ms(&w->changed, &w->lock, -1);
    lock_give(&w->lock);
    writer_audit_failure(w);
    lock_take(&w->lock);
    window_clear_locked(w);
    generation_clear(w);
    lock_give(&w->lock);
    budget_unreserve(w->volume->budget, &w->account);
    reader_free(w->reader);
    object_info_clear(&w->committed);
    kv_clear(&w->metadata);
    secret_release(w->committed_key);
    lock_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
    free(w);
}

void writer_abort(struct writer *w, int code, const char *why)
{
    WITH_LOCK(&w->lock);
    if (w->open || w->busy || w->declared > w->hwm)
        writer_fail_locked(w, err_set(code, "%s", why));
}

int writer_discard(struct writer *w, int64_t wait_ms)
{
    static const char *const WHY = "the file was removed";
    int64_t until = clock_ms() + wait_ms;
    WITH_LOCK(&w->lock);
    w->unwanted = true;
    // A request that makes the object visible is never cut off: the server might carry it out after
    // the removal.
    if (w->open && !(w->busy && (w->gen.completing || w->gen.single)))
        writer_fail_locked(w, err_set(-ESTALE, "%s", WHY));
    while (w->busy) {
        int64_t left = until - clock_ms();
        if (left <= 0)
            return err_set(-EBUSY, "%s is being committed", w->key);
        cond_wait_ms(&w->changed, &w->lock, left);
    }
    if (w->open)
        writer_fail_locked(w, err_set(-ESTALE, "%s", WHY));
    else if (w->failure.code == 0)
        err_save(&w->failure, err_set(-ESTALE, "%s", WHY));
    return 0;
}

// ---- writing ----

// Keeps the list of what was written short. A hole over nothing becomes zeros, but not while a copy
// is in progress, which may be filling it; one over something that was there before is filled with
// that, with the lock released.
static int shorten_locked(struct writer *w, struct window_chunk *chunk)
{
    uint64_t chunk_size = w->volume->chunk_size;
    if (!extents_is_long(&chunk->written))
        return 0;
    if (chunk->index * chunk_size < overlay_end_locked(w)) {
        window_pin_locked(w, chunk);
        int rc = overlay_fill_locked(w, chunk, (uint32_t)chunk_size);
        window_unpin_locked(w, chunk);
        return rc;
    }
    while (chunk->copying == 0 && extents_is_long(&chunk->written)) {
        struct extent hole = extents_close_smallest(&chunk->written);
        memset(chunk->memory.data + hole.begin, 0, hole.end - hole.begin);
    }
    return 0;
}

// The piece of a write that lies in one chunk. -EAGAIN: things changed while waiting, start over.
static int write_piece_locked(struct writer *w, uint64_t offset, const uint8_t *data, size_t len,
                              const atomic_bool *interrupted)
{
    uint64_t chunk_size = w->volume->chunk_size;
    struct window_chunk *chunk = NULL;
    int rc = window_obtain_locked(w, offset / chunk_size, interrupted, &chunk);
    if (rc < 0)
        return rc;
    uint32_t begin = (uint32_t)(offset % chunk_size);
    window_pin_locked(w, chunk);
    window_begin_copy_locked(chunk);
    lock_give(&w->lock);
    memcpy(chunk->memory.data + begin, data, len);
    lock_take(&w->lock);
    window_end_copy_locked(w, chunk);
    window_unpin_locked(w, chunk);
    if (w->failure.code != 0) {
        if (chunk->pins == 0 && !w->sealing)
            window_drop_locked(w, chunk);
        return err_restore(&w->failure);
    }
    rc = extents_add(&chunk->written, begin, begin + (uint32_t)len);
    if (rc == 0 && offset + len > w->hwm)
        w->hwm = offset + len;
    return rc == 0 ? shorten_locked(w, chunk) : rc;
}

// Makes the file ready for a piece: its turn, a generation, not behind what is sealed. *same: the
// bytes are there already.
static int prepare_write_locked(struct writer *w, uint64_t offset, const uint8_t *data, size_t len,
                                const atomic_bool *interrupted, bool *same)
{
    *same = false;
    int rc = writer_wait_turn_locked(w, interrupted);
    if (rc == 0 && !w->open)
        rc = reopen_for_write_locked(w, offset);
    if (rc == 0 && offset < w->gen.sealed)
        rc = overlay_rewrite_locked(w, offset, data, len, same);
    if (rc < 0 || *same)
        return rc;
    if (w->gen.keep_envelope &&
        offset < w->committed.plain_size / CIPHER_BLOCK_SIZE * CIPHER_BLOCK_SIZE)
        w->gen.keep_envelope = false; // not a continuation any more: a new key
    if (offset < w->gen.first_changed)
        w->gen.first_changed = offset;
    return 0;
}

// *taken: how much was written, also on an error.
static int write_all_locked(struct writer *w, uint64_t offset, const uint8_t *data, size_t len,
                            const atomic_bool *interrupted, size_t *taken)
{
    uint64_t chunk_size = w->volume->chunk_size;
    for (*taken = 0; *taken < len;) {
        uint64_t at = offset + *taken, room = chunk_size - at % chunk_size;
        size_t piece = len - *taken < room ? len - *taken : (size_t)room;
        bool same = false;
        int rc = prepare_write_locked(w, at, data + *taken, piece, interrupted, &same);
        if (rc == 0 && !same)
            rc = write_piece_locked(w, at, data + *taken, piece, interrupted);
        if (rc == -EAGAIN)
            continue;
        if (rc < 0)
            return rc;
        *taken += piece;
    }
    return 0;
}

static int check_hint_locked(struct writer *w, uint64_t size);

// A write far ahead says how long the file will be, as a declared size does: what 10,000 parts
// cannot hold is refused now, not after hours of zeros. For good: these bytes are lost.
static int check_jump_locked(struct writer *w, uint64_t end)
{
    uint64_t known = w->hint > w->hwm ? w->hint : w->hwm;
    if (end <= known || end - known <= w->volume->config.window)
        return 0;
    int rc = check_hint_locked(w, end);
    if (rc < 0) {
        writer_fail_locked(w, rc);
        return err_restore(&w->failure);
    }
    w->hint = end;
    return 0;
}

int writer_write_some(struct writer *w, uint64_t offset, const void *data, size_t len,
                      const atomic_bool *interrupted, size_t *taken)
{
    WITH_LOCK(&w->lock);
    *taken = 0;
    uint64_t most = volume_plain_size_max(w->volume);
    if (len > most || offset > most - len) {
        writer_fail_locked(w, volume_refuse_size(w->volume, w->key, offset + len));
        return err_restore(&w->failure);
    }
    if (w->first_write_ms == 0)
        w->first_write_ms = clock_ms();
    int rc = check_jump_locked(w, offset + len);
    if (rc == 0)
        rc = write_all_locked(w, offset, data, len, interrupted, taken);
    metric_add(METRIC_WRITTEN_BYTES, *taken);
    if (rc == -EINTR && *taken > 0)
        rc = 0; // it goes on from there
    if (rc < 0)
        return rc;
    w->tail_is_content = false;
    if (!writer_holding_locked(w))
        writer_kick(w);
    return 0;
}

int writer_write(struct writer *w, uint64_t offset, const void *data, size_t len,
                 const atomic_bool *interrupted)
{
    size_t taken = 0;
    int rc = writer_write_some(w, offset, data, len, interrupted, &taken);
    return rc == 0 && taken < len ? err_set(-EINTR, "interrupted while waiting for memory") : rc;
}

// ---- sizes ----

// Slots for the parts that a file of this size needs, so that the size holds whoever opens files
// after this one.
static int reserve_parts_locked(struct writer *w, const struct parts_plan *plan)
{
    if (w->volume->config.spool_dir != NULL)
        return 0; // what does not fit is gathered there
    uint64_t part = parts_for(plan->hint, plan->chunk);
    part = part < plan->cap ? part : plan->cap;
    int rc = budget_grow(w->volume->budget, &w->account, part / plan->chunk + WRITER_SPARE_CHUNKS);
    if (rc == -ENOMEM)
        return err_set(-ENOSPC,
                       "%s: a file of %" PRIu64 " bytes needs parts of %" PRIu64
                       " bytes, and the files now open have reserved the memory for theirs; raise "
                       "--memory-limit",
                       w->key, plan->hint, part);
    return 0; // -EAGAIN: it has to do with its share
}

static int check_hint_locked(struct writer *w, uint64_t size)
{
    struct parts_plan plan = writer_plan_locked(w, size);
    uint64_t room = parts_capacity(&plan, 1);
    if (size > volume_plain_size_max(w->volume))
        return volume_refuse_size(w->volume, w->key, size);
    if (size > room)
        return err_set(
            -ENOSPC,
            "%s: a file of %" PRIu64
            " bytes does not fit: with this memory limit and the files now open, 10,000 parts "
            "hold %" PRIu64 " bytes; raise --memory-limit",
            w->key, size, room);
    return reserve_parts_locked(w, &plan);
}

static int declare_locked(struct writer *w, uint64_t size)
{
    int rc = check_hint_locked(w, size);
    if (rc < 0)
        return rc;
    w->declared = size;
    if (size > w->hint)
        w->hint = size;
    w->tail_is_content = true;
    return 0;
}

// Its turn, and nobody seals: the sealed mark stays where it is while the lock is held.
static int wait_until_still_locked(struct writer *w)
{
    for (;;) {
        int rc = writer_wait_turn_locked(w, NULL);
        if (rc < 0 || !w->sealing)
            return rc;
        cond_wait_ms(&w->changed, &w->lock, -1);
    }
}

void writer_cut_locked(struct writer *w, uint64_t size)
{
    uint64_t closed_max = size / w->volume->chunk_size * w->volume->chunk_size;
    if (w->gen.keep_envelope &&
        size < w->committed.plain_size / CIPHER_BLOCK_SIZE * CIPHER_BLOCK_SIZE)
        w->gen.keep_envelope = false;
    window_cut_locked(w, size);
    overlay_cut_locked(w, size);
    if (w->gen.closed_until > closed_max)
        w->gen.closed_until = closed_max;
    w->hwm = size;
}

static int shrink_locked(struct writer *w, uint64_t size)
{
    int rc = 0;
    if (w->open && size >= w->gen.sealed && (size > 0 || w->gen.next_number == 1))
        writer_cut_locked(w, size);
    else
        rc = reopen_at_locked(w, size);
    if (rc == 0)
        w->declared = size;
    return rc;
}

int writer_truncate(struct writer *w, uint64_t size)
{
    WITH_LOCK(&w->lock);
    int rc = writer_wait_turn_locked(w, NULL);
    if (rc == 0 && size < w->hwm)
        rc = wait_until_still_locked(w);
    if (rc < 0)
        return rc;
    if (size > writer_size_locked(w))
        return declare_locked(w, size);
    if (size < w->hwm)
        return shrink_locked(w, size);
    w->declared = size; // trimmed to the high-water mark, or to somewhere in the declared tail
    return 0;
}

int writer_allocate(struct writer *w, uint64_t size, bool keep_size)
{
    WITH_LOCK(&w->lock);
    int rc = writer_wait_turn_locked(w, NULL);
    if (rc < 0)
        return rc;
    if (!keep_size && size > writer_size_locked(w))
        return declare_locked(w, size);
    rc = check_hint_locked(w, size);
    if (rc == 0 && size > w->hint)
        w->hint = size;
    return rc;
}

// ---- the rest ----

int writer_drain(struct writer *w)
{
    WITH_LOCK(&w->lock);
    if (w->failure.code != 0)
        return err_restore(&w->failure);
    if (w->open && !writer_holding_locked(w))
        writer_kick(w);
    return 0;
}

void writer_set_mtime(struct writer *w, int64_t mtime_s)
{
    WITH_LOCK(&w->lock);
    w->mtime_s = mtime_s;
}

int writer_set_metadata(struct writer *w, const struct kv *metadata)
{
    WITH_LOCK(&w->lock);
    return kv_copy(&w->metadata, metadata);
}

void writer_status(struct writer *w, struct writer_status *out)
{
    WITH_LOCK(&w->lock);
    *out = (struct writer_status){
        .size = writer_size_locked(w),
        .dirty = w->open || w->declared > w->hwm,
        .sent_anything = w->gen.upload_id[0] != '\0' || w->gen.creating_upload || w->has_committed,
        .has_committed = w->has_committed,
        .failure = w->failure,
        .committing = w->committing,
        .written = w->hwm,
        .sent = w->open ? w->cost.sent : 0,
        .bytes = w->has_committed ? w->committed.plain_size : 0,
        .parts = w->committed_parts,
        .content = w->content,
        .seconds = w->first_write_ms > 0 && w->last_commit_ms > w->first_write_ms
                       ? (double)(w->last_commit_ms - w->first_write_ms) / 1000
                       : 0,
    };
    memcpy(out->etag, w->committed.object.etag, sizeof out->etag);
    memcpy(out->version_id, w->committed.object.version_id, sizeof out->version_id);
}

int writer_rekey(struct writer *w, const char *key)
{
    WITH_LOCK(&w->lock);
    if (strlen(key) > STORE_KEY_MAX)
        return err_set(-ENAMETOOLONG, "the key is longer than %d bytes", STORE_KEY_MAX);
    int rc = writer_wait_turn_locked(w, NULL);
    if (rc < 0)
        return rc;
    if (w->gen.upload_id[0] != '\0' || w->gen.creating_upload || w->gen.in_flight > 0 ||
        w->has_committed || w->sealing)
        return err_set(-EBUSY, "%s is being uploaded: its key is fixed until it is closed", w->key);
    memcpy(w->key, key, strlen(key) + 1);
    return 0;
}
