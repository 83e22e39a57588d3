// Sending: parts on the wire, server-side copies, failure and abort. Entered by the send workers.
#include "object/writer_internal.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "object/mtime.h"
#include "s3/call.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void end_task_locked(struct writer *w)
{
    atomic_fetch_sub(&w->tasks, 1);
    pthread_cond_broadcast(&w->changed);
}

int send_build_metadata_locked(struct writer *w, bool with_plain_size, uint64_t plain_size,
                               struct kv *out)
{
    struct envelope envelope = w->gen.envelope; // borrowed: nothing of it is changed
    envelope.has_plain_size = with_plain_size;
    envelope.plain_size = plain_size;
    int rc = kv_copy(out, &w->metadata);
    if (rc == 0)
        rc = envelope_write(&envelope, out);
    return rc == 0 && w->mtime_s >= 0 ? object_mtime_set(out, w->mtime_s) : rc;
}

// ---- the upload ----

static int create_upload_locked(struct writer *w)
{
    AUTO_KV struct kv metadata = {0};
    char key[STORE_KEY_MAX + 1];
    char upload_id[STORE_UPLOAD_ID_MAX] = "";
    struct store *store = w->volume->store;
    int rc = send_build_metadata_locked(w, false, 0, &metadata);
    if (rc < 0)
        return rc;
    w->gen.creating_upload = true;
    memcpy(key, w->key, sizeof key);
    lock_give(&w->lock);
    rc = store->ops->upload_create(store, key, &metadata, upload_id);
    lock_take(&w->lock);
    w->gen.creating_upload = false;
    if (rc == 0) {
        memcpy(w->gen.upload_id, upload_id, sizeof upload_id);
        metric_move(METRIC_UPLOADS, 1);
    }
    pthread_cond_broadcast(&w->changed);
    return rc;
}

// The first part to arrive makes the upload, the others wait for it.
static int ensure_upload_locked(struct writer *w)
{
    while (w->gen.creating_upload)
        cond_wait_ms(&w->changed, &w->lock, -1); // upload_create has a deadline
    if (w->failure.code != 0)
        return err_restore(&w->failure);
    if (atomic_load(&w->cancel))
        return err_set(-ECANCELED, "%s: given up", w->key);
    return w->gen.upload_id[0] != '\0' ? 0 : create_upload_locked(w);
}

static int record_result_locked(struct writer *w, const struct store_part *result)
{
    struct writer_generation *gen = &w->gen;
    if (result->number > gen->parts_room) {
        size_t room = gen->parts_room == 0 ? 64 : gen->parts_room * 2;
        while (room < result->number)
            room *= 2;
        struct store_part *parts = reallocarray(gen->parts, room, sizeof *parts);
        if (parts == NULL)
            return err_set(-ENOMEM, "out of memory");
        memset(parts + gen->parts_room, 0, (room - gen->parts_room) * sizeof *parts);
        gen->parts = parts;
        gen->parts_room = room;
    }
    gen->parts[result->number - 1] = *result;
    return 0;
}

// ---- parts ----

static int read_spooled(void *context, uint64_t offset, void *out, size_t len)
{
    const struct writer_part *part = context;
    return spool_read(part->writer->gen.stream.spool, part->offset + offset, out, len);
}

struct store_body send_body(struct writer_part *part)
{
    struct store_body body = {
        .size = part->size,
        .crc32c = part->crc32c,
        .cancel = &part->writer->cancel,
    };
    if (part->spooled) {
        body.read = read_spooled;
        body.read_context = part;
    } else {
        body.iov = part->iov;
        body.iov_count = part->count + (part->finish_len > 0);
    }
    return body;
}

// No lock held. The upload id, the key and the spool are fixed while parts are on the wire.
static int transfer(struct writer *w, struct writer_part *part, struct store_part *result)
{
    struct store *store = w->volume->store;
    if (part->is_copy)
        return store->ops->upload_part_copy(store, w->key, w->gen.upload_id, part->number, NULL,
                                            w->key, w->committed.object.etag, part->offset,
                                            part->size, result);
    struct store_body body = send_body(part);
    return store->ops->upload_part(store, w->key, w->gen.upload_id, part->number, &body, result);
}

static void part_run(struct work *work)
{
    struct writer_part *part =
        (struct writer_part *)((char *)work - offsetof(struct writer_part, work));
    struct writer *w = part->writer;
    struct store_part result = {0};
    lock_take(&w->lock);
    int rc = ensure_upload_locked(w);
    lock_give(&w->lock);
    unsigned attempts = 1;
    if (rc == 0) {
        rc = transfer(w, part, &result);
        attempts = call_last()->attempts;
    }
    bool is_copy = part->is_copy;
    uint64_t size = part->size;
    part_free(w, part);
    metric_move(METRIC_PARTS, -1);
    if (!is_copy)
        atomic_fetch_sub(&w->volume->sending, 1);
    lock_take(&w->lock);
    result.number = rc == 0 ? result.number : 0;
    if (rc == 0)
        rc = record_result_locked(w, &result);
    w->gen.in_flight--;
    w->retries += attempts > 1 ? attempts - 1 : 0;
    w->cost.sent += is_copy || rc < 0 ? 0 : size;
    if (rc < 0 && !(rc == -ECANCELED && atomic_load(&w->cancel)))
        writer_fail_locked(w, rc);
    else if (w->failure.code != 0)
        writer_fail_locked(w,
                           w->failure.code); // perhaps the last one: the upload can be aborted now
    else
        writer_kick(w); // memory came back
    end_task_locked(w);
    lock_give(&w->lock);
}

void send_part_locked(struct writer *w, struct writer_part *part)
{
    assert(lock_is_mine(&w->lock));
    part->work.run = part_run;
    w->gen.in_flight++;
    metric_move(METRIC_PARTS, 1);
    if (!part->is_copy)
        atomic_fetch_add(&w->volume->sending, 1);
    atomic_fetch_add(&w->tasks, 1);
    work_submit(w->volume->senders, &part->work);
}

int send_copies_locked(struct writer *w, uint64_t len)
{
    uint64_t range = w->volume->config.copy_range;
    uint64_t count = (len + range - 1) / range;
    uint64_t each = (len + count - 1) / count;
    if (count >= STORE_PART_NUMBER_MAX)
        return err_set(-ENOSPC, "%s: too large to be copied by parts of %" PRIu64 " bytes", w->key,
                       range);
    for (uint64_t offset = 0; offset < len; offset += each) {
        struct writer_part *part = calloc(1, sizeof *part);
        if (part == NULL)
            return err_set(-ENOMEM, "out of memory");
        part->writer = w;
        part->is_copy = true;
        part->number = w->gen.next_number++;
        part->offset = offset;
        part->size = len - offset < each ? len - offset : each;
        send_part_locked(w, part);
    }
    return 0;
}

// ---- failure ----

void abort_run(struct work *work)
{
    struct writer *w = (struct writer *)((char *)work - offsetof(struct writer, abort_work));
    struct store *store = w->volume->store;
    // Nobody else touches key and upload id once in_flight is 0 and aborting is set.
    int rc = store->ops->upload_abort(store, w->key, w->gen.upload_id);
    if (rc < 0)
        log_warn(
            "%s: the unfinished upload %s could not be aborted and costs storage until it is: %s",
            w->key, w->gen.upload_id, err_text());
    lock_take(&w->lock);
    w->gen.upload_id[0] = '\0';
    metric_move(METRIC_UPLOADS, -1);
    w->aborting = false;
    end_task_locked(w);
    lock_give(&w->lock);
}

static void abort_upload_if_idle_locked(struct writer *w)
{
    if (w->gen.upload_id[0] == '\0' || w->gen.in_flight > 0 || w->gen.creating_upload ||
        w->gen.completing || w->aborting)
        return;
    w->aborting = true;
    atomic_fetch_add(&w->tasks, 1);
    w->abort_work.run = abort_run;
    work_submit(w->volume->senders, &w->abort_work);
}

static const char *what_is_left_locked(const struct writer *w)
{
    if (w->gen.completed)
        return "S3 said that it is complete, but what was to follow failed";
    return w->has_committed ? "the last committed version stays" : "nothing of it is visible";
}

void writer_fail_locked(struct writer *w, int code)
{
    assert(lock_is_mine(&w->lock) && code < 0);
    if (w->failure.code == 0) {
        err_save(&w->failure, code);
        metric_add(METRIC_FILES_FAILED, w->unwanted ? 0 : 1);
        log_line(w->volume->config.failures_told ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR,
                 "%s: given up, %s: %s", w->key, what_is_left_locked(w), w->failure.text);
    }
    atomic_store(&w->cancel, true);
    if (!w->sealing) {
        window_clear_locked(w);
        if (w->gen.gathering != NULL)
            part_free(w, TAKE(w->gen.gathering));
    }
    abort_upload_if_idle_locked(w);
    pthread_cond_broadcast(&w->changed);
}

void send_abandon_locked(struct writer *w)
{
    atomic_store(&w->cancel, true);
    while (w->gen.in_flight > 0 || w->gen.creating_upload || w->sealing)
        cond_wait_ms(&w->changed, &w->lock, -1); // every request has a deadline
    abort_upload_if_idle_locked(w);
    while (w->aborting)
        cond_wait_ms(&w->changed, &w->lock, -1);
    atomic_store(&w->cancel, false);
}
