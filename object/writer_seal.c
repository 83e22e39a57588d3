// Sealing: chunks are encrypted in place, strictly in order, by one thread at a time per file, and
// gathered into parts. Entered by the seal workers and by the thread that commits.
#include "object/writer_internal.h"
#include "common/codec.h"
#include "common/log.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

bool writer_holding_locked(const struct writer *w)
{
    if (w->hold_given_up || writer_size_locked(w) > w->volume->config.hold_size)
        return false;
    if (w->gen.base > 0) // the server copies the rest meanwhile
        return w->gen.sealed == w->gen.base;
    return w->gen.upload_id[0] == '\0' && w->gen.next_number == 1 && !w->gen.creating_upload;
}

void writer_kick(struct writer *w)
{
    if (atomic_exchange(&w->seal_queued, true))
        return;
    atomic_fetch_add(&w->tasks, 1);
    work_submit(w->volume->sealers, &w->seal_work);
}

void writer_relieve(struct writer *w)
{
    atomic_store(&w->relief_wanted, true);
    writer_kick(w);
}

// ---- generations ----

void generation_start_locked(struct writer *w, uint64_t base)
{
    assert(w->gen.gathering == NULL && w->gen.in_flight == 0 && w->gen.upload_id[0] == '\0');
    w->gen.base = w->gen.sealed = w->gen.part_begin = base;
    w->gen.closed_until = 0;
    w->gen.next_number = 1;
    w->gen.single = false;
    w->gen.before_end = 0;
    w->gen.first_changed = UINT64_MAX;
    w->gen.deferred = w->gen.gaps_closed = false;
    w->open = true;
    if (base == 0)
        w->content = (struct mtf_summary){0};
    else
        mtf_summary_forget_tail(&w->content);
    w->hold_given_up = false;
    atomic_store(&w->relief_wanted, false); // it was the last generation's
}

void generation_clear(struct writer *w)
{
    struct writer_generation *gen = &w->gen;
    assert(gen->in_flight == 0);
    if (gen->gathering != NULL)
        part_free(w, TAKE(gen->gathering));
    envelope_clear(&gen->envelope);
    secret_release(gen->data_key);
    sealer_free(gen->sealer);
    free(gen->parts);
    spool_stream_clear(&gen->stream);
    spool_stream_clear(&gen->earlier);
    spool_free(gen->pages);
    page_cipher_free(gen->page_cipher);
    *gen = (struct writer_generation){.next_number = 1};
}

// The key under which this generation is sealed. Asked for at the latest moment when a file is
// rewritten: only then is it known whether it goes on from what is committed (same envelope) or
// differs (new key).
static int choose_key(struct writer *w, bool keep, struct envelope *envelope, struct secret **key)
{
    struct volume *v = w->volume;
    if (!keep)
        return v->keyring->ops->generate(v->keyring, v->config.format, envelope, key);
    int rc = writer_committed_key(w, key);
    return rc < 0 ? rc : envelope_copy(envelope, &w->committed.envelope);
}

static int ensure_key_locked(struct writer *w)
{
    if (w->gen.has_key)
        return 0;
    struct envelope envelope = {0};
    struct secret *key = NULL;
    // Before the commit a write may still change what is not sealed, and two versions that differ
    // before the end must not be under one key and IV.
    bool keep = w->gen.keep_envelope && w->committing;
    // `sealing` keeps everyone else from changing the generation meanwhile.
    lock_give(&w->lock);
    AUDIT_SCOPE(by, audit_by(&w->actor));
    AUDIT_SCOPE(about, audit_about(w->volume->config.bucket, w->key));
    int rc = choose_key(w, keep, &envelope, &key);
    lock_take(&w->lock);
    if (rc < 0) {
        secret_release(key);
        return err_prefix(rc, "%s", w->key);
    }
    w->gen.envelope = envelope;
    w->gen.data_key = key;
    w->gen.has_key = true;
    return 0;
}

static int ensure_sealer_locked(struct writer *w)
{
    if (w->gen.sealer != NULL)
        return 0;
    int rc = ensure_key_locked(w);
    if (rc == 0)
        rc = sealer_new(&w->gen.sealer, w->gen.envelope.content, w->gen.data_key,
                        w->gen.envelope.iv);
    if (rc == 0)
        memcpy(w->gen.stream.iv, w->gen.envelope.iv, content_iv_size(w->gen.envelope.content));
    return rc;
}

// ---- the spool ----

// What is sealed before the commit may have to be read again; during the commit nothing changes any
// more, and only a part that is sent from the spool needs it.
static bool wants_spool_locked(const struct writer *w, const struct writer_part *part)
{
    return w->volume->config.spool_dir != NULL && (!w->committing || part->spooled);
}

static int ensure_stream_locked(struct writer *w)
{
    struct spool_stream *stream = &w->gen.stream;
    if (stream->spool != NULL)
        return 0;
    stream->key = secret_acquire(w->gen.data_key);
    stream->content = w->gen.envelope.content;
    stream->begin = stream->end = w->gen.base;
    return spool_new(w->volume->config.spool_dir, &stream->spool);
}

// ---- parts ----

void part_free(struct writer *w, struct writer_part *part)
{
    if (part == NULL)
        return;
    for (size_t i = 0; i < part->count; i++)
        budget_give(w->volume->budget, &part->chunks[i]);
    free(part->chunks);
    free(part->iov);
    free(part);
}

static struct writer_part *part_grow(struct writer_part *part)
{
    size_t room = part->room == 0 ? 8 : part->room * 2;
    struct budget_chunk *chunks = reallocarray(part->chunks, room, sizeof *chunks);
    if (chunks == NULL)
        return NULL;
    part->chunks = chunks;
    struct iovec *iov = reallocarray(part->iov, room + 1, sizeof *iov);
    if (iov == NULL)
        return NULL;
    part->iov = iov;
    part->room = room;
    return part;
}

// The largest part that its slots hold beside what is being filled.
static uint64_t own_part(const struct writer *w)
{
    return (w->account.slots - WRITER_SPARE_CHUNKS) * w->volume->chunk_size;
}

// The largest part that may be gathered in memory.
static uint64_t memory_part_locked(const struct writer *w)
{
    uint64_t cap = volume_part_cap(w->volume), own = own_part(w);
    return cap > own ? cap : own;
}

struct parts_plan writer_plan_locked(struct writer *w, uint64_t hint)
{
    uint64_t most = volume_part_max(w->volume), own = memory_part_locked(w);
    return (struct parts_plan){
        .first = w->volume->config.part_size,
        .chunk = w->volume->chunk_size,
        .cap = most > own ? most : own,
        .hint = hint,
    };
}

// A part that would take more than the file's share of the memory.
static bool belongs_in_spool_locked(struct writer *w)
{
    struct parts_plan plan = writer_plan_locked(w, w->hint);
    return w->volume->config.spool_dir != NULL && !w->gen.single &&
           w->gen.next_number <= STORE_PART_NUMBER_MAX &&
           parts_target(&plan, w->gen.next_number) > memory_part_locked(w);
}

static int gathering_locked(struct writer *w, struct writer_part **out)
{
    struct writer_part *part = w->gen.gathering;
    if (part == NULL) {
        part = w->gen.gathering = calloc(1, sizeof *part);
        if (part == NULL)
            return err_set(-ENOMEM, "out of memory");
        part->writer = w;
        part->offset = w->gen.part_begin = w->gen.sealed;
        part->spooled = belongs_in_spool_locked(w);
    }
    if (part->count == part->room && part_grow(part) == NULL)
        return err_set(-ENOMEM, "out of memory");
    *out = part;
    return 0;
}

// Whether a short part may be sent now: the numbers that are left must still hold the file as far
// as it is known. With the parts that its own slots hold, if it has slots for its size: its share
// of the memory gets smaller with every file that is opened.
static bool may_cut_short_locked(struct writer *w, const struct parts_plan *plan)
{
    struct parts_plan sure = *plan;
    if (w->hint >= w->hwm && w->hint > 0 && w->volume->config.spool_dir == NULL &&
        own_part(w) * STORE_PART_NUMBER_MAX >= w->hint)
        sure.cap = own_part(w);
    uint64_t expected = w->hint > w->hwm ? w->hint : w->hwm * 2;
    uint64_t rest = expected > w->gen.sealed ? expected - w->gen.sealed : 0;
    return w->gen.next_number < STORE_PART_NUMBER_MAX &&
           parts_capacity(&sure, w->gen.next_number + 1) >= rest;
}

static int refuse_more_parts(const struct writer *w)
{
    return err_set(-ENOSPC,
                   "%s: the file is larger than %d parts of this size hold: raise --part-size "
                   "or --memory-limit",
                   w->key, STORE_PART_NUMBER_MAX);
}

static int dispatch_locked(struct writer *w)
{
    if (w->gen.next_number > STORE_PART_NUMBER_MAX)
        return refuse_more_parts(w);
    struct writer_part *part = TAKE(w->gen.gathering);
    part->number = w->gen.next_number++;
    w->gen.part_begin = w->gen.sealed;
    send_part_locked(w, part);
    return 0;
}

static int dispatch_if_due_locked(struct writer *w)
{
    struct writer_part *part = w->gen.gathering;
    if (part == NULL || w->gen.single)
        return 0;
    if (w->gen.next_number > STORE_PART_NUMBER_MAX)
        return refuse_more_parts(w);
    struct parts_plan plan = writer_plan_locked(w, w->hint);
    uint64_t target = parts_target(&plan, w->gen.next_number);
    // The last number takes the end of the stream along, so it waits for it.
    if (w->gen.next_number == STORE_PART_NUMBER_MAX)
        return part->size <= target ? 0 : refuse_more_parts(w);
    bool relief = atomic_load(&w->relief_wanted) && !part->spooled &&
                  part->size >= w->volume->config.part_min && may_cut_short_locked(w, &plan);
    if (part->size < target && !relief)
        return 0;
    atomic_store(&w->relief_wanted, false);
    return dispatch_locked(w);
}

// ---- sealing ----

// Looks at a piece of plaintext before it is encrypted, in order: the first one tells what the file
// is, the last one whether it is finished. A few dozen bytes of a piece are read, more at both ends
// of a SQL Server backup.
static struct mtf_summary look_at(const struct mtf_summary *before, uint64_t offset,
                                  const uint8_t *data, size_t len)
{
    struct mtf_summary content = *before;
    if (offset == 0)
        mtf_summary_head(&content, data, len);
    mtf_summary_tail(&content, data, len, offset);
    return content;
}

// Encrypts data[begin, begin + len) of a chunk that only this thread has now, and hands it to the
// part.
static int seal_bytes_locked(struct writer *w, struct window_chunk *chunk, uint32_t len)
{
    struct writer_part *part = NULL;
    int rc = ensure_sealer_locked(w);
    if (rc == 0)
        rc = gathering_locked(w, &part);
    bool spool = rc == 0 && wants_spool_locked(w, part);
    if (spool)
        rc = ensure_stream_locked(w);
    if (rc < 0)
        return rc;
    uint32_t begin = chunk->begin;
    struct budget_chunk memory = window_detach_locked(w, chunk);
    uint8_t *data = memory.data + begin;
    uint32_t crc32c = part->crc32c;
    uint64_t offset = w->gen.sealed;
    w->gen.sealed += len; // from here on nobody reads or writes there
    lock_give(&w->lock);
    // Only the thread that seals changes these two.
    struct mtf_summary content = look_at(&w->content, w->gen.sealed - len, data, len);
    rc = len > 0 ? sealer_update(w->gen.sealer, data, len) : 0;
    crc32c = crc32c_extend(crc32c, data, len);
    if (rc == 0 && spool)
        rc = spool_write(w->gen.stream.spool, offset, data, len);
    lock_take(&w->lock);
    w->content = content;
    assert(w->gen.gathering == part);
    if (rc == 0 && spool)
        w->gen.stream.end = offset + len;
    if (part->spooled) {
        budget_give(w->volume->budget, &memory);
    } else {
        part->iov[part->count] = (struct iovec){data, len};
        part->chunks[part->count++] = memory;
    }
    part->size += len;
    part->crc32c = crc32c;
    return rc;
}

static bool hold_is_over_locked(struct writer *w)
{
    if (!writer_holding_locked(w))
        return true;
    // Giving up the hold helps others only if a part can then be sent.
    if (atomic_load(&w->relief_wanted) && w->hwm >= w->volume->config.part_min)
        w->hold_given_up = true;
    return w->hold_given_up;
}

// The next chunk in order if all of it is there, or nobody waits for what is missing; else *out is
// NULL. The lock may be released.
static int next_whole_locked(struct writer *w, struct window_chunk **out)
{
    uint32_t chunk_size = (uint32_t)w->volume->chunk_size;
    uint64_t index = w->gen.sealed / chunk_size;
    // Below open_from nobody waits for what is missing.
    uint64_t closed =
        w->gen.closed_until > index * chunk_size ? w->gen.closed_until - index * chunk_size : 0;
    uint32_t open_from = closed < chunk_size ? (uint32_t)closed : chunk_size;
    *out = NULL;
    struct window_chunk *chunk = window_find_locked(w, index);
    if (chunk == NULL && open_from < chunk_size)
        return 0;
    if (chunk == NULL || chunk->spilled) {
        int rc = window_try_locked(w, index, &chunk);
        if (rc < 0)
            return rc;
    }
    if (chunk == NULL || chunk->pins > 0)
        return 0;
    if (open_from < chunk->begin)
        open_from = chunk->begin;
    if (!extents_cover(&chunk->written, open_from, chunk_size))
        return 0;
    int rc = overlay_fill_locked(w, chunk, chunk_size);
    // It may be written into again meanwhile, and is whole all the same.
    *out = rc == 0 && chunk->pins == 0 ? chunk : NULL;
    return rc;
}

static int seal_one_locked(struct writer *w, struct window_chunk *chunk)
{
    int rc = seal_bytes_locked(w, chunk, (uint32_t)w->volume->chunk_size - chunk->begin);
    return rc < 0 ? rc : dispatch_if_due_locked(w);
}

static bool may_seal_locked(struct writer *w)
{
    return w->open && !atomic_load(&w->cancel) && (!w->gen.deferred || w->committing) &&
           hold_is_over_locked(w);
}

void seal_ready_locked(struct writer *w)
{
    assert(lock_is_mine(&w->lock));
    // cancel: what is there is about to be dropped, by a failure or by starting over.
    if (w->sealing || atomic_load(&w->cancel))
        return;
    w->sealing = true;
    int rc = dispatch_if_due_locked(w); // relief may want what is gathered
    while (rc == 0 && may_seal_locked(w)) {
        struct window_chunk *chunk;
        rc = next_whole_locked(w, &chunk);
        if (rc < 0 || (chunk == NULL && !window_keep_to_limit_locked(w)))
            break;
        // Asking for a key releases the lock, and the chunk may be written into: look again.
        if (chunk != NULL)
            rc = w->gen.sealer == NULL ? ensure_sealer_locked(w) : seal_one_locked(w, chunk);
    }
    if (rc == -ECANCELED && atomic_load(&w->cancel))
        rc = 0;
    if (w->gen.deferred && !w->committing && atomic_exchange(&w->relief_wanted, false))
        spill_for_relief_locked(w);
    w->sealing = false;
    if (w->far > 0)
        window_tell_far_locked(w);
    if (rc < 0)
        writer_fail_locked(w, rc);
    else if (w->failure.code != 0)
        writer_fail_locked(w, w->failure.code); // what sealing kept from being dropped
    pthread_cond_broadcast(&w->changed);
}

void seal_run(struct work *work)
{
    struct writer *w = (struct writer *)((char *)work - offsetof(struct writer, seal_work));
    atomic_store(&w->seal_queued, false);
    lock_take(&w->lock);
    if (w->failure.code == 0 && w->open)
        seal_ready_locked(w);
    atomic_fetch_sub(&w->tasks, 1);
    pthread_cond_broadcast(&w->changed);
    lock_give(&w->lock);
}

// ---- the end of the stream ----

static int finish_stream_locked(struct writer *w, const uint8_t *tail, size_t tail_len)
{
    struct writer_part *part = NULL;
    int rc = ensure_sealer_locked(w);
    if (rc == 0)
        rc = gathering_locked(w, &part);
    if (rc == 0)
        rc = sealer_finish(w->gen.sealer, tail, tail_len, part->finish, &part->finish_len);
    if (rc < 0)
        return rc;
    if (part->spooled)
        rc = ensure_stream_locked(w);
    if (rc == 0 && part->spooled)
        rc = spool_write(w->gen.stream.spool, part->offset + part->size, part->finish,
                         part->finish_len);
    part->size += part->finish_len;
    part->crc32c = crc32c_extend(part->crc32c, part->finish, part->finish_len);
    part->iov[part->count] = (struct iovec){part->finish, part->finish_len};
    return rc;
}

int seal_finish_locked(struct writer *w, uint64_t end)
{
    uint64_t chunk_size = w->volume->chunk_size;
    assert(lock_is_mine(&w->lock) && !w->sealing && end >= w->gen.sealed &&
           end - w->gen.sealed < chunk_size);
    w->sealing = true;
    int rc = 0;
    uint8_t tail[CIPHER_BLOCK_SIZE] = {0};
    size_t tail_len = 0;
    struct window_chunk *chunk = NULL;
    if (end > w->gen.sealed) {
        do {
            rc = window_obtain_locked(w, w->gen.sealed / chunk_size, NULL, &chunk);
        } while (rc == -EAGAIN); // only this thread changes anything now
        uint32_t stop = (uint32_t)(end % chunk_size);
        if (rc == 0)
            rc = overlay_fill_locked(w, chunk, stop);
        if (rc == 0) {
            uint32_t whole = (stop - chunk->begin) / CIPHER_BLOCK_SIZE * CIPHER_BLOCK_SIZE;
            tail_len = stop - chunk->begin - whole;
            memcpy(tail, chunk->memory.data + chunk->begin + whole, tail_len);
            if (whole > 0)
                rc = seal_bytes_locked(w, chunk, whole);
            else
                window_drop_locked(w, chunk);
        }
    }
    if (tail_len > 0)
        w->content = look_at(&w->content, end - tail_len, tail, tail_len);
    if (rc == 0)
        rc = finish_stream_locked(w, tail, tail_len);
    if (rc == 0)
        w->gen.sealed = end;
    secret_wipe(tail, sizeof tail);
    if (rc == 0 && !w->gen.single)
        rc = dispatch_locked(w);
    w->sealing = false;
    return rc;
}
