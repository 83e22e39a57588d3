// See probe_once.h.
#include "cli/probe_once.h"

#include "common/err.h"
#include "common/log.h"
#include "object/write_once.h"
#include "s3/store_s3_bucket.h"

int probe_object_lock(struct connection *c, const struct source *source)
{
    struct bucket_lock lock;
    if (c->objects.defaults.lock_mode == NULL)
        return 0;
    int rc = store_s3_bucket_lock(c->store, &lock);
    if (rc == -EACCES) {
        log_warn("--object-lock: whether s3://%s has object lock is not known: allow "
                 "s3:GetBucketObjectLockConfiguration (%s)",
                 source->bucket, err_text());
        return 0;
    }
    if (rc == -EOPNOTSUPP || (rc == 0 && !lock.enabled))
        return err_set(-EINVAL,
                       "--object-lock: s3://%s has no object lock: enable it (the bucket must have "
                       "versioning), or make a bucket that has it",
                       source->bucket);
    return rc < 0 ? err_prefix(rc, "--object-lock") : 0;
}

static const char *verb(bool heeded)
{
    return heeded ? "heeds" : "ignores";
}

static void tell(const struct write_once_heeded *heeded)
{
    log_info("--no-overwrite: the server %s If-None-Match of PutObject, and %s that of "
             "CompleteMultipartUpload",
             verb(heeded->put), verb(heeded->complete));
    if (heeded->put && heeded->complete)
        return;
    log_warn(
        "--no-overwrite: this server lets %s be replaced in a race: the name is looked at right "
        "before, and who takes it after that is not seen: do not let two hosts write the same "
        "names",
        heeded->put ? "what is sent in parts" : "an object");
}

int probe_write_once(struct connection *c, const struct source *source, const char *key)
{
    struct write_once_heeded heeded;
    bool removed;
    // It goes again at once: without a retention, which would keep it, and a class with a least
    // stay.
    const struct store_s3_defaults bare = {.sse = c->objects.defaults.sse,
                                           .sse_key_id = c->objects.defaults.sse_key_id};
    store_s3_set_defaults(c->store, &bare);
    int rc = write_once_probe(c->volume, key, &heeded, &removed);
    store_s3_set_defaults(c->store, &c->objects.defaults);
    if (!removed)
        log_warn("--no-overwrite: s3://%s/%s, made to try the server, could not be deleted: allow "
                 "s3:DeleteObject on names that begin so",
                 source->bucket, key);
    if (rc < 0)
        return err_prefix(rc, "--no-overwrite: cannot try s3://%s", source->bucket);
    write_once_set_heeded(c->volume, &heeded);
    tell(&heeded);
    return 0;
}
