// One object's way to another key. See rewrap.h. Stateless; any thread.
#include "object/rewrap.h"

#include "common/err.h"
#include "object/object_copy.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

// What stays what while an object is rewrapped.
struct rewrap {
    struct volume *volume;
    const struct rewrap_config *config;
    const char *key;
    struct object_info before; // owned, as below
    struct envelope moved;
    struct kv metadata; // of the copy
};

static void rewrap_clear(struct rewrap *r)
{
    object_info_clear(&r->before);
    envelope_clear(&r->moved);
    kv_clear(&r->metadata);
}

// ---- what cannot be rewrapped ----

// An envelope in an instruction file looks from here like none.
static int refuse_plaintext(const struct rewrap *r)
{
    AUTO_STORE_OBJECT struct store_object beside = {0};
    struct store *store = volume_store(r->volume);
    char name[STORE_KEY_MAX + 1];
    int len = snprintf(name, sizeof name, "%s" ENVELOPE_INSTRUCTION_SUFFIX, r->key);
    if (len < (int)sizeof name && store->ops->head(store, name, &beside) == 0)
        return err_set(-EACCES,
                       "it has no envelope itself but an instruction file beside it, and those "
                       "are read, never written: rdsbak copy makes an object that carries its own");
    return err_set(-EACCES, "it is not encrypted, so there is no key to be wrapped: rdsbak encrypt "
                            "makes an encrypted object of it");
}

static int refuse_damaged(const struct err_saved *defect)
{
    int rc = err_restore(defect);
    if (rc == -EACCES) // an envelope of a kind that is not read
        return rc;
    return err_set(-EIO, "%.700s: nothing of it is changed; restore an intact copy or version",
                   defect->text);
}

static int check_kind(const struct rewrap *r)
{
    if (r->before.kind == OBJECT_PLAINTEXT)
        return refuse_plaintext(r);
    return r->before.kind == OBJECT_DAMAGED ? refuse_damaged(&r->before.defect) : 0;
}

// ---- the copy ----

// After the copy, also one whose answer was lost: whether the object has the new envelope and its
// old size. A fresh wrapped key is nobody else's, so the envelope is as good as a signature.
static int check_after(const struct rewrap *r, struct object_info *after)
{
    int rc = object_info_get(r->volume, r->key, after);
    if (rc < 0)
        return err_prefix(rc, "the copy was made, but the object cannot be looked at");
    if (after->kind == OBJECT_ENCRYPTED && envelope_equal(&after->envelope, &r->moved) &&
        after->object.size == r->before.object.size)
        return 0;
    if (strcmp(after->object.etag, r->before.object.etag) == 0 &&
        kv_equal(&after->object.metadata, &r->before.object.metadata))
        return err_set(-EIO, "the server says that it copied the object, but it is as it was");
    return err_set(-ESTALE, "somebody else rewrote the object meanwhile, and theirs is what is "
                            "there: look at it, and run rewrap again");
}

// A copy that failed, as far as was heard, may have been done.
static int after_failure(const struct rewrap *r, const struct err_saved *failure,
                         struct object_info *after)
{
    if (check_after(r, after) == 0)
        return 0;
    bool unchanged = strcmp(after->object.etag, r->before.object.etag) == 0 &&
                     kv_equal(&after->object.metadata, &r->before.object.metadata);
    if (failure->code == -ESTALE)
        return err_set(-ESTALE,
                       "%.600s: theirs stays, and nothing of it was changed; run rewrap again",
                       failure->text);
    err_restore(failure);
    return err_prefix(failure->code, unchanged ? "the object is as it was"
                                               : "what the object is now is not known");
}

static int copy_onto_itself(const struct rewrap *r, struct object_info *after)
{
    const struct object_copy copy = {.from_key = r->key,
                                     .to_key = r->key,
                                     .source = &r->before.object,
                                     .metadata = &r->metadata,
                                     .cancel = r->config->cancel};
    struct store_result result = {0};
    struct err_saved failure;
    err_save(&failure, object_copy(r->volume, &copy, &result));
    return failure.code == 0 ? check_after(r, after) : after_failure(r, &failure, after);
}

static void note_versions(const struct rewrap *r, const struct object_info *after,
                          struct rewrap_result *out)
{
    const char *old = r->before.object.version_id, *new = after->object.version_id;
    snprintf(out->new_version, sizeof out->new_version, "%s", new);
    if (new[0] != '\0' && strcmp(old, new) != 0) // "null": from before the bucket had versions
        snprintf(out->old_version, sizeof out->old_version, "%s", old[0] != '\0' ? old : "null");
}

static int replace_envelope(struct rewrap *r, struct rewrap_result *out)
{
    AUTO_OBJECT_INFO struct object_info after = {0};
    int rc = kv_copy(&r->metadata, &r->before.object.metadata);
    if (rc == 0)
        rc = envelope_write(&r->moved, &r->metadata);
    if (rc == 0)
        rc = copy_onto_itself(r, &after);
    if (rc < 0)
        return rc;
    note_versions(r, &after, out);
    out->outcome = REWRAP_DONE;
    return 0;
}

// ---- all together ----

static void note_formats(const struct rewrap *r, struct rewrap_result *out)
{
    const struct format *from = format_of(&r->before.envelope), *to = format_of(&r->moved);
    const char *named = envelope_key_named(&r->before.envelope);
    out->from_format = from != NULL ? from->name : NULL;
    out->to_format = to != NULL ? to->name : NULL;
    snprintf(out->from_key, sizeof out->from_key, "%s", named != NULL ? named : "");
}

static int rewrap(struct rewrap *r, struct rewrap_result *out)
{
    const struct rewrap_config *config = r->config;
    bool already = false;
    int rc = check_kind(r);
    if (rc == 0)
        rc = envelope_rewrap(&r->before.envelope, config->format, config->to_key, &r->moved);
    if (rc < 0)
        return rc;
    note_formats(r, out);
    rc = rewrap_key(config, &r->before.envelope, &r->moved, out, &already);
    if (rc < 0)
        return rc;
    if (already) {
        out->outcome = REWRAP_NOTHING;
        return 0;
    }
    if (!config->dry_run)
        return replace_envelope(r, out);
    out->outcome = REWRAP_WOULD;
    if (strcmp(r->before.object.version_id, "null") !=
        0) // a bucket that keeps none says "null" too
        snprintf(out->old_version, sizeof out->old_version, "%s", r->before.object.version_id);
    return 0;
}

int rewrap_object(struct volume *v, const struct rewrap_config *config, const char *key,
                  struct rewrap_result *out)
{
    assert(config->kms != NULL && config->to_key != NULL);
    CLEANUP(rewrap_clear) struct rewrap r = {.volume = v, .config = config, .key = key};
    *out = (struct rewrap_result){0};
    int rc = object_info_get(v, key, &r.before);
    if (rc < 0)
        return rc;
    out->size = r.before.object.size;
    return rewrap(&r, out);
}
