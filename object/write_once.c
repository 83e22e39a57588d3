// See write_once.h.
#include "object/write_once.h"
#include "common/codec.h"
#include "common/log.h"
#include "object/volume_internal.h"

#include <assert.h>
#include <string.h>

static int there_is(const char *key)
{
    return err_set(-EEXIST, "%s: there is an object of that name, and --no-overwrite replaces none",
                   key);
}

struct first_key {
    const char *key;
    bool same;
};

static int note_first(void *context, const struct store_listed *entry)
{
    struct first_key *first = context;
    first->same |= strcmp(entry->key, first->key) == 0;
    return 0;
}

// Of all keys that begin so the key itself is the first in order.
static int look_in_list(struct store *store, const char *key)
{
    struct first_key first = {.key = key};
    int rc = store->ops->list(store, key, '\0', 1, note_first, &first);
    return rc == 0 && first.same ? there_is(key) : rc;
}

int write_once_check(struct volume *v, const char *key)
{
    AUTO_STORE_OBJECT struct store_object object = {0};
    int rc = v->store->ops->head(v->store, key, &object);
    if (rc == -EACCES)
        return look_in_list(v->store, key);
    return rc == 0 ? there_is(key) : rc == -ENOENT ? 0 : rc;
}

void write_once_set_heeded(struct volume *v, const struct write_once_heeded *heeded)
{
    v->heeded = *heeded;
}

// ---- finding out ----

static int put_probe(struct store *store, const char *key)
{
    static char text[] = "rdsbak: made to see whether If-None-Match is heeded; may be deleted";
    const struct kv no_metadata = {0};
    struct iovec iov = {text, sizeof text - 1};
    struct store_body body = {.iov = &iov,
                              .iov_count = 1,
                              .size = iov.iov_len,
                              .crc32c = crc32c_extend(0, text, iov.iov_len),
                              .only_new = true};
    struct store_result result;
    return store->ops->put(store, key, &no_metadata, &body, &result);
}

// The object is there already: 0 is not heeded, -EEXIST is.
static int complete_probe(struct store *store, const char *key)
{
    char upload_id[STORE_UPLOAD_ID_MAX], text[] = "rdsbak";
    const struct kv no_metadata = {0};
    struct iovec iov = {text, sizeof text - 1};
    struct store_body body = {.iov = &iov,
                              .iov_count = 1,
                              .size = iov.iov_len,
                              .crc32c = crc32c_extend(0, text, iov.iov_len)};
    struct store_part part;
    struct store_result result;
    struct err_saved cause;
    int rc = store->ops->upload_create(store, key, &no_metadata, upload_id);
    if (rc < 0)
        return rc;
    rc = store->ops->upload_part(store, key, upload_id, 1, &body, &part);
    if (rc == 0)
        rc = store->ops->upload_complete(store, key, upload_id, &part, 1, true, &result);
    err_save(&cause, rc);
    if (rc < 0 && store->ops->upload_abort(store, key, upload_id) < 0)
        log_warn("%s: an unfinished upload was left: %s", key, err_text());
    return rc < 0 ? err_restore(&cause) : 0;
}

static int take_verdict(int rc, bool *heeded)
{
    *heeded = rc == -EEXIST;
    return *heeded ? 0 : rc;
}

int write_once_probe(struct volume *v, const char *key, struct write_once_heeded *out,
                     bool *removed)
{
    struct store *store = v->store;
    struct err_saved cause;
    *out = (struct write_once_heeded){0};
    *removed = true;
    int rc = put_probe(store, key);
    if (rc < 0 && rc != -EEXIST) // nobody else has the name: it is ours, and the answer was lost
        return rc;
    rc = take_verdict(put_probe(store, key), &out->put);
    if (rc == 0)
        rc = take_verdict(complete_probe(store, key), &out->complete);
    err_save(&cause, rc);
    *removed = store->ops->remove(store, key) == 0;
    return rc < 0 ? err_restore(&cause) : 0;
}
