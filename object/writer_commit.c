// The commit: seal what is left, send it, complete, and look at the result from outside. It runs on
// a thread of its own, so that an interrupted fsync can return while it goes on; meanwhile the
// writer is busy and changes wait.
#include "object/writer_internal.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "s3/call.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct commit {
    struct writer *writer;
    uint64_t size; // of the file, decided before
};

// ---- write-once ----

// Nothing may be replaced, but for what this writer has made itself.
static bool only_new(const struct writer *w)
{
    return w->volume->config.no_overwrite && !w->has_committed;
}

// Some servers ignore If-Match on copies, and what goes on after an fsync has no condition to send:
// the object must still be the one that this writer opened or made.
static int check_still_ours(struct writer *w)
{
    AUTO_STORE_OBJECT struct store_object now = {0};
    struct store *store = w->volume->store;
    int rc = store->ops->head(store, w->key, &now);
    if (rc == 0 && strcmp(now.etag, w->committed.object.etag) != 0)
        rc = err_set(-ESTALE, "%s was replaced by somebody else while it was being written on",
                     w->key);
    return rc;
}

// Right before the object is made. No lock held; busy is the caller's.
static int check_before(struct writer *w, bool heeded)
{
    if (w->gen.base > 0 || (w->volume->config.no_overwrite && w->has_committed))
        return check_still_ours(w);
    return only_new(w) && !heeded ? write_once_check(w->volume, w->key) : 0;
}

// ---- what was committed ----

// What HEAD would say, for a role that may write but not look.
static int info_without_looking(struct writer *w, const struct store_result *result, uint64_t size,
                                struct object_info *info)
{
    *info = (struct object_info){.kind = OBJECT_ENCRYPTED};
    memcpy(info->object.etag, result->etag, sizeof result->etag);
    memcpy(info->object.version_id, result->version_id, sizeof result->version_id);
    info->object.size = content_cipher_size(w->gen.envelope.content, size);
    info->object.mtime_s = clock_wall_s();
    return envelope_copy(&info->envelope, &w->gen.envelope);
}

static bool has_our_envelope(const struct writer *w, const struct object_info *seen)
{
    const struct envelope *ours = &w->gen.envelope;
    return seen->kind == OBJECT_ENCRYPTED && seen->envelope.wrapped_len == ours->wrapped_len &&
           memcmp(seen->envelope.wrapped, ours->wrapped, ours->wrapped_len) == 0 &&
           memcmp(seen->envelope.iv, ours->iv, content_iv_size(ours->content)) == 0;
}

static bool is_ours(const struct writer *w, const struct object_info *seen, uint64_t size)
{
    return has_our_envelope(w, seen) &&
           seen->object.size == content_cipher_size(w->gen.envelope.content, size) &&
           (!w->has_committed || strcmp(seen->object.etag, w->committed.object.etag) != 0);
}

// No lock held. The object is there as it was sent, by its own word.
static int look_at_result(struct writer *w, const struct store_result *result, uint64_t size,
                          struct object_info *info)
{
    int rc = object_info_get(w->volume, w->key, info);
    if (rc == -EACCES) {
        log_debug(
            "%s: committed, but the credentials may not look at it (s3:GetObject): not verified",
            w->key);
        return info_without_looking(w, result, size, info);
    }
    if (rc < 0)
        return err_prefix(rc, "the upload was completed but looking at the object failed");
    uint64_t cipher_size = content_cipher_size(w->gen.envelope.content, size);
    if (info->object.size == cipher_size &&
        (result->etag[0] == '\0' || strcmp(info->object.etag, result->etag) == 0))
        return 0;
    rc = err_set(-EIO,
                 "the upload was completed but the object is another one: %" PRIu64
                 " bytes, ETag %s, where %" PRIu64
                 " bytes, ETag %s were sent: somebody else writes this key",
                 info->object.size, info->object.etag, cipher_size, result->etag);
    object_info_clear(info);
    return rc;
}

// The answer may be lost though the work was done: then the object tells. rc is what the store
// said. An answer that was not lost, but says that another content was stored, stands.
static int believe_or_look(struct writer *w, int rc, uint64_t size, struct store_result *result)
{
    if (rc == 0 || rc == -EBADMSG)
        return rc;
    struct err_saved cause;
    err_save(&cause, rc);
    AUTO_OBJECT_INFO struct object_info seen = {0};
    int looked = object_info_get(w->volume, w->key, &seen);
    bool ours = looked == 0 && is_ours(w, &seen, size);
    if (looked == 0 && !ours && only_new(w)) // whatever the server made of it, as of an upload gone
        return err_set(-EEXIST, "%s: there is an object of that name, of somebody else: %s", w->key,
                       cause.text);
    if (!ours)
        return err_restore(&cause);
    log_info("%s: the commit failed (%s), but the object is there, whole", w->key, cause.text);
    memcpy(result->etag, seen.object.etag, sizeof result->etag);
    memcpy(result->version_id, seen.object.version_id, sizeof result->version_id);
    return 0;
}

// ---- the two ways to send ----

// Of the request that this thread has just made. Busy is ours; no part is on its way.
static void note_request(struct writer *w)
{
    const struct call_trace *last = call_last();
    snprintf(w->s3_request_id, sizeof w->s3_request_id, "%s", last->request_id);
    w->retries += last->attempts > 1 ? last->attempts - 1 : 0;
}

static int put_single_locked(struct writer *w, uint64_t size, struct store_result *result)
{
    AUTO_KV struct kv metadata = {0};
    if (w->failure.code != 0) // given up while the last bytes were sealed
        return err_restore(&w->failure);
    int rc = send_build_metadata_locked(w, true, size, &metadata);
    if (rc < 0)
        return rc;
    struct writer_part *part = TAKE(w->gen.gathering); // out of reach of a failure elsewhere
    struct store_body body = send_body(part);
    struct store *store = w->volume->store;
    atomic_fetch_add(&w->volume->sending, 1);
    w->cost.sent += part->size;
    lock_give(&w->lock);
    body.only_new = only_new(w);
    rc = check_before(w, w->volume->heeded.put);
    if (rc == 0) {
        rc = store->ops->put(store, w->key, &metadata, &body, result);
        note_request(w);
        rc = believe_or_look(w, rc, size, result);
    }
    part_free(w, part);
    atomic_fetch_sub(&w->volume->sending, 1);
    lock_take(&w->lock);
    return rc;
}

static int complete(struct writer *w, unsigned count, uint64_t size, struct store_result *result)
{
    struct store *store = w->volume->store;
    int rc = check_before(w, w->volume->heeded.complete);
    if (rc == 0 && atomic_load(&w->cancel)) // from here on it cannot be called back
        rc = err_set(-ECANCELED, "%s: given up", w->key);
    if (rc < 0)
        return rc;
    rc = store->ops->upload_complete(store, w->key, w->gen.upload_id, w->gen.parts, count,
                                     only_new(w), result);
    note_request(w);
    return believe_or_look(w, rc, size, result);
}

static int finish_upload_locked(struct writer *w, uint64_t size, struct store_result *result)
{
    while (w->gen.in_flight > 0 && w->failure.code == 0)
        cond_wait_ms(&w->changed, &w->lock, -1); // every request has a deadline
    if (w->failure.code != 0)
        return err_restore(&w->failure);
    unsigned count = w->gen.next_number - 1;
    for (unsigned i = 0; i < count; i++)
        assert(w->gen.parts[i].number == i + 1);
    w->gen.completing = true;
    lock_give(&w->lock);
    int rc = complete(w, count, size, result);
    lock_take(&w->lock);
    w->gen.completing = false;
    if (rc < 0)
        return rc;
    w->gen.completed = true;
    w->gen.upload_id[0] = '\0';
    metric_move(METRIC_UPLOADS, -1);
    w->committed_parts = count;
    struct store *store = w->volume->store;
    lock_give(&w->lock);
    rc = store->ops->assure(store, w->key, result->version_id);
    lock_take(&w->lock);
    return rc;
}

// ---- the commit ----

// One attempt. *done: everything but the last, partial chunk is sealed and that one has memory.
static int seal_rest_now_locked(struct writer *w, uint64_t size, bool *done)
{
    uint64_t chunk_size = w->volume->chunk_size;
    struct window_chunk *last = NULL;
    *done = false;
    seal_ready_locked(w);
    if (w->failure.code != 0)
        return err_restore(&w->failure);
    if (w->gen.sealed / chunk_size < size / chunk_size)
        return 0;
    int rc = w->gen.sealed < size ? window_try_locked(w, size / chunk_size, &last) : 0;
    *done = rc == 0 && (w->gen.sealed == size || last != NULL);
    return rc;
}

// Nothing could be sealed: there is no memory. With parts, what is sealed can be sent and its
// memory comes back; nobody else's is needed.
static int make_room_locked(struct writer *w, struct memory_wait *wait)
{
    int rc = spill_one_locked(w, UINT64_MAX);
    if (rc != -EAGAIN)
        return rc;
    w->gen.single = false;
    return window_wait_locked(w, wait, NULL);
}

static int seal_rest_locked(struct writer *w, uint64_t size)
{
    struct memory_wait wait = {0};
    uint64_t chunk_size = w->volume->chunk_size;
    w->gen.closed_until = size / chunk_size * chunk_size;
    w->hold_given_up = true;
    for (;;) {
        bool done = false;
        if (w->failure.code != 0)
            return err_restore(&w->failure);
        if (w->sealing) {
            cond_wait_ms(&w->changed, &w->lock, WRITER_MEMORY_POLL_MS);
            continue;
        }
        uint64_t before = w->gen.sealed;
        int rc = seal_rest_now_locked(w, size, &done);
        if (rc < 0 || done)
            return rc;
        if (w->gen.sealed > before)
            wait = (struct memory_wait){0};
        if (w->sealing)
            continue;
        rc = make_room_locked(w, &wait);
        if (rc < 0)
            return rc;
    }
}

// What stays of the committed object gets a new tag, which says that it is sound: so it must be. A
// part of it is proved by the whole only.
static int prove_what_stays_locked(struct writer *w)
{
    struct reader *reader = w->reader;
    if (reader == NULL || w->cost.fetched == 0)
        return 0;
    lock_give(&w->lock); // busy keeps the reader
    int rc = reader_prove(reader);
    lock_take(&w->lock);
    return rc;
}

static int send_all_locked(struct writer *w, uint64_t size, struct store_result *result)
{
    uint64_t cipher_size = content_cipher_size(w->volume->config.format->content, size);
    bool nothing_sent = w->gen.next_number == 1 && w->gen.base == 0;
    w->gen.single = nothing_sent && cipher_size <= w->volume->config.part_size;
    int rc = seal_rest_locked(w, size);
    while (rc == 0 && w->sealing)
        cond_wait_ms(&w->changed, &w->lock, -1);
    if (rc == 0)
        rc = seal_finish_locked(w, size);
    if (rc == 0)
        rc = prove_what_stays_locked(w);
    if (rc < 0)
        return rc;
    if (!w->gen.single)
        return finish_upload_locked(w, size, result);
    w->committed_parts = 1;
    return put_single_locked(w, size, result);
}

static void log_cost_locked(struct writer *w)
{
    const struct writer_cost *cost = &w->cost;
    if (cost->rewrite)
        log_info("%s: changed in place: %" PRIu64 " bytes fetched, %" PRIu64
                 " read back from the spool, %" PRIu64 " sent, %" PRIu64 " sent before in vain",
                 w->key, cost->fetched, cost->read_back, cost->sent, cost->given_up);
    w->cost = (struct writer_cost){0};
}

// The key goes with the envelope that it was made with.
static void keep_key_locked(struct writer *w, const struct object_info *info)
{
    secret_release(w->committed_key);
    w->committed_key = has_our_envelope(w, info) ? secret_acquire(w->gen.data_key) : NULL;
}

static void settle_locked(struct writer *w, struct object_info *info, uint64_t size)
{
    assert(w->gen.gathering == NULL && w->pins == 0);
    window_clear_locked(w); // chunks that a failed write left empty
    info->plain_size = size;
    info->plain_size_exact = true;
    keep_key_locked(w, info);
    generation_clear(w);
    object_info_clear(&w->committed);
    w->committed = *info;
    w->has_committed = true;
    w->open = false;
    w->hwm = size;
    if (w->declared < size)
        w->declared = size;
    w->last_commit_ms = clock_ms();
    w->retries = 0;
}

static int commit_locked(struct writer *w, uint64_t size)
{
    struct store_result result = {0};
    struct object_info info = {0};
    int rc = send_all_locked(w, size, &result);
    if (rc < 0)
        return rc;
    w->gen.completed = true;
    lock_give(&w->lock);
    rc = look_at_result(w, &result, size, &info);
    if (rc == 0)
        writer_audit_commit(w, &info, size, w->committed_parts); // before anybody hears of it
    lock_take(&w->lock);
    if (rc < 0)
        return rc;
    log_cost_locked(w);
    settle_locked(w, &info, size);
    // It waits for what it reads ahead; nobody else uses it while the writer is busy.
    struct reader *reader = TAKE(w->reader);
    lock_give(&w->lock);
    reader_free(reader);
    lock_take(&w->lock);
    return 0;
}

static void *commit_thread(void *arg)
{
    struct commit *commit = arg;
    struct writer *w = commit->writer;
    lock_take(&w->lock);
    w->committing = true;
    int rc = commit_locked(w, commit->size);
    metric_add(rc < 0 ? METRIC_COMMITS_FAILED : METRIC_COMMITS_OK, 1);
    if (rc < 0)
        writer_fail_locked(w, rc);
    w->committing = false;
    writer_end_busy_locked(w);
    atomic_fetch_sub(&w->tasks, 1);
    pthread_cond_broadcast(&w->changed);
    lock_give(&w->lock);
    free(commit);
    return NULL;
}

// busy is the caller's, and passes to the thread.
static int start_commit_locked(struct writer *w, uint64_t size)
{
    struct commit *commit = calloc(1, sizeof *commit);
    pthread_attr_t attributes;
    pthread_t thread;
    if (commit == NULL)
        return err_set(-ENOMEM, "out of memory");
    *commit = (struct commit){.writer = w, .size = size};
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    atomic_fetch_add(&w->tasks, 1);
    int rc = pthread_create(&thread, &attributes, commit_thread, commit);
    pthread_attr_destroy(&attributes);
    if (rc == 0)
        return 0;
    free(commit);
    atomic_fetch_sub(&w->tasks, 1);
    return err_set(-ENOMEM, "cannot start a thread: %s", strerror(rc));
}

// The size at which to commit; for the closing commit the declared tail is decided here.
static int decide_size_locked(struct writer *w, enum writer_commit_kind kind, uint64_t *size)
{
    *size = w->hwm;
    if (kind == WRITER_FSYNC || w->declared <= w->hwm)
        return 0;
    uint64_t tail = w->declared - w->hwm;
    if (!w->tail_is_content && tail > w->volume->config.zero_tail_max)
        return err_set(
            -EIO,
            "the file was declared %" PRIu64 " bytes long, written up to %" PRIu64
            " and closed without being trimmed: an unfinished backup? (--zero-tail-max decides)",
            w->declared, w->hwm);
    *size = w->declared;
    return 0;
}

// busy is the caller's. *started: the thread has taken it over.
static int prepare_commit_locked(struct writer *w, enum writer_commit_kind kind, bool *started)
{
    uint64_t size = 0;
    int rc = decide_size_locked(w, kind, &size);
    if (rc == 0 && !w->open && size > w->hwm) // a tail after what was committed
        rc = reopen_for_write_locked(w, w->hwm);
    if (rc == 0 && w->open) {
        rc = start_commit_locked(w, size);
        *started = rc == 0;
    }
    if (rc < 0)
        writer_fail_locked(w, rc);
    return rc;
}

int writer_commit(struct writer *w, enum writer_commit_kind kind, const atomic_bool *interrupted)
{
    WITH_LOCK(&w->lock);
    bool started = false;
    int rc = writer_wait_turn_locked(w, interrupted);
    if (rc < 0)
        return rc;
    writer_begin_busy_locked(w);
    if (w->failure.code != 0)
        rc = err_restore(&w->failure);
    else
        rc = prepare_commit_locked(w, kind, &started);
    if (!started)
        writer_end_busy_locked(w);
    return started ? writer_wait_turn_locked(w, interrupted) : rc;
}
