// Copies on the server; see object_copy.h.
#include "object/object_copy.h"
#include "common/audit.h"
#include "common/log.h"
#include "object/parallel.h"
#include "object/volume_internal.h"
#include "s3/call.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

// Requests at once of one copy: they only wait, and load no connection of this host.
#define COPY_THREADS 16

struct copy_parts {
    struct volume *volume;
    const struct object_copy *copy;
    uint64_t piece; // bytes of every part but the last
    size_t count;
    const struct kv *metadata; // of the copy
    struct store_part *parts;  // owned
    char upload_id[STORE_UPLOAD_ID_MAX];
};

static struct store *source_store(const struct volume *v, const struct object_copy *copy)
{
    return copy->from_store != NULL ? copy->from_store : v->store;
}

static uint64_t divide_up(uint64_t value, uint64_t by)
{
    return (value + by - 1) / by;
}

// Equal pieces, so that all threads have something to do, within what S3 takes.
static int plan(struct copy_parts *p)
{
    const struct volume_config *config = &p->volume->config;
    uint64_t size = p->copy->source->size;
    uint64_t piece = divide_up(size, COPY_THREADS);
    piece = piece < config->copy_range ? piece : config->copy_range;
    piece = piece > config->part_min ? piece : config->part_min;
    uint64_t count = divide_up(size, piece);
    if (count > STORE_PART_NUMBER_MAX)
        return err_set(-ENOSPC, "%s: too large to be copied by parts of %" PRIu64 " bytes",
                       p->copy->from_key, piece);
    p->piece = piece;
    p->count = (size_t)count;
    p->parts = calloc(p->count, sizeof *p->parts);
    return p->parts != NULL ? 0 : err_set(-ENOMEM, "out of memory");
}

static int check_cancel(const struct object_copy *copy)
{
    bool raised = copy->cancel != NULL && atomic_load(copy->cancel);
    return raised ? err_set(-EINTR, "%s: the copy was interrupted", copy->from_key) : 0;
}

static int copy_part(void *context, size_t index)
{
    struct copy_parts *p = context;
    const struct object_copy *copy = p->copy;
    struct store *store = p->volume->store;
    uint64_t offset = index * p->piece;
    uint64_t rest = copy->source->size - offset;
    int rc = check_cancel(copy);
    return rc < 0
               ? rc
               : store->ops->upload_part_copy(store, copy->to_key, p->upload_id,
                                              (unsigned)index + 1, copy->from_store, copy->from_key,
                                              copy->source->etag, offset,
                                              rest < p->piece ? rest : p->piece, &p->parts[index]);
}

// Some servers ignore If-Match on copies: all parts must be of the version that was asked for.
static int check_source(const struct copy_parts *p)
{
    AUTO_STORE_OBJECT struct store_object now = {0};
    struct store *store = source_store(p->volume, p->copy);
    int rc = store->ops->head(store, p->copy->from_key, &now);
    if (rc == 0 && strcmp(now.etag, p->copy->source->etag) != 0)
        rc = err_set(-ESTALE, "%s was replaced by somebody else while it was being copied",
                     p->copy->from_key);
    return rc;
}

// The answer may be lost though the work was done: then the copy is there, and is no other's. rc is
// what the store said.
static int believe_or_look(const struct copy_parts *p, int rc)
{
    struct err_saved cause;
    AUTO_STORE_OBJECT struct store_object made = {0};
    struct store *store = p->volume->store;
    err_save(&cause, rc);
    if (store->ops->head(store, p->copy->to_key, &made) < 0 || made.size != p->copy->source->size ||
        !kv_equal(&made.metadata, p->metadata))
        return err_restore(&cause);
    log_info("%s: the copy failed (%s), but the object is there, whole", p->copy->to_key,
             cause.text);
    return 0;
}

static int complete(struct copy_parts *p, struct store_result *out)
{
    const struct object_copy *copy = p->copy;
    struct store *store = p->volume->store;
    *out = (struct store_result){0};
    int rc = copy->only_new && !p->volume->heeded.complete
                 ? write_once_check(p->volume, copy->to_key)
                 : 0;
    if (rc < 0)
        return rc;
    rc = store->ops->upload_complete(store, copy->to_key, p->upload_id, p->parts, p->count,
                                     copy->only_new, out);
    return rc < 0 && copy->only_new ? believe_or_look(p, rc) : rc;
}

static int fill_upload(struct copy_parts *p, struct store_result *out)
{
    int rc = parallel_run(COPY_THREADS, p->count, copy_part, p);
    if (rc == 0)
        rc = check_source(p);
    if (rc == 0)
        rc = check_cancel(p->copy);
    return rc < 0 ? rc : complete(p, out);
}

static int abort_upload(struct copy_parts *p, int rc)
{
    struct err_saved cause;
    struct store *store = p->volume->store;
    err_save(&cause, rc);
    if (store->ops->upload_abort(store, p->copy->to_key, p->upload_id) < 0)
        log_warn("%s: the unfinished upload %s could not be aborted and costs storage until it is: "
                 "%s",
                 p->copy->to_key, p->upload_id, err_text());
    return err_restore(&cause);
}

// The source may be removed next: the copy must be there, whole.
static int check_copy(const struct copy_parts *p, const struct store_result *result)
{
    AUTO_STORE_OBJECT struct store_object made = {0};
    struct store *store = p->volume->store;
    int rc = store->ops->head(store, p->copy->to_key, &made);
    bool other = result->etag[0] != '\0' && strcmp(made.etag, result->etag) != 0;
    if (rc == 0 && (made.size != p->copy->source->size || other))
        rc = err_set(-EIO,
                     "%s: the copy was completed but the object is another one: somebody else "
                     "writes this key",
                     p->copy->to_key);
    return rc;
}

static int copy_by_parts(struct volume *v, const struct object_copy *copy, struct store_result *out)
{
    struct copy_parts p = {.volume = v, .copy = copy};
    int rc = plan(&p);
    p.metadata = copy->metadata != NULL ? copy->metadata : &copy->source->metadata;
    if (rc == 0)
        rc = v->store->ops->upload_create_like(v->store, copy->to_key, copy->from_store,
                                               copy->from_key, copy->source->etag, p.metadata,
                                               p.upload_id);
    if (rc == 0) {
        rc = fill_upload(&p, out);
        rc = rc < 0 ? abort_upload(&p, rc) : check_copy(&p, out);
    }
    free(p.parts);
    return rc;
}

// A rename, a copy on the server, a new envelope: of the source there is what it was then.
static void audit_copy(struct volume *v, const struct object_copy *copy,
                       const struct store_result *result, int rc)
{
    struct audit_line l;
    if (!audit_is_open())
        return;
    AUDIT_SCOPE(about, audit_about(v->config.bucket, copy->to_key));
    audit_begin(&l, "copy");
    json_line_text(&l.json, "from", copy->from_key);
    if (copy->from_store != NULL && copy->from_store != v->store)
        json_line_bool(&l.json, "from_other_bucket", true);
    json_line_text(&l.json, "from_etag", copy->source->etag);
    json_line_number(&l.json, "object_bytes", (int64_t)copy->source->size);
    if (rc == 0) {
        json_line_text(&l.json, "etag", result->etag);
        json_line_text(&l.json, "version_id",
                       result->version_id[0] != '\0' ? result->version_id : NULL);
        // Of a copy by parts the last request was another: a look at what came of it.
        if (copy->source->size <= v->config.copy_object_max)
            json_line_text(&l.json, "s3_request_id", call_last()->request_id);
    }
    audit_end(&l, rc, true);
}

static int copy_now(struct volume *v, const struct object_copy *copy, struct store_result *out)
{
    int rc = check_cancel(copy);
    if (rc < 0)
        return rc;
    // What servers make of conditions on CopyObject differs; on Complete they are known.
    bool by_parts = copy->only_new || copy->source->size > v->config.copy_object_max;
    rc = by_parts ? copy_by_parts(v, copy, out)
                  : v->store->ops->copy(v->store, copy->from_store, copy->from_key,
                                        copy->source->etag, copy->to_key, copy->metadata, out);
    return rc == 0 ? v->store->ops->assure(v->store, copy->to_key, out->version_id) : rc;
}

int object_copy(struct volume *v, const struct object_copy *copy, struct store_result *out)
{
    assert(copy->from_key != NULL && copy->to_key != NULL && copy->source != NULL);
    int rc = copy_now(v, copy, out);
    audit_copy(v, copy, out, rc);
    return rc;
}
