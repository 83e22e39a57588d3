// Unlink and rename. A rename is a copy that S3 makes, then a removal: the target appears whole,
// then the source goes. The kernel holds both directories meanwhile. Directories: names_tree.c.
#include "fs/fs_internal.h"
#include "common/err.h"
#include "common/log.h"
#include "object/object_copy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define METADATA_MTIME "mtime"

int keep_parent_locked(struct mount *m, const char *path)
{
    AUTO_FREE char *parent = path_parent(path);
    return parent != NULL ? dir_know_locked(m, parent) : err_set(-ENOMEM, "out of memory");
}

// ---- unlink ----

// The node of a path, pinned and claimed; *node is NULL if the name has none.
static int claim_path(struct mount *m, const char *path, struct node **out)
{
    lock_take(&m->lock);
    struct node *node = node_find_path_locked(m, path);
    if (node != NULL)
        node->pins++;
    int rc = node != NULL ? node_claim_locked(m, node) : 0;
    lock_give(&m->lock);
    if (rc < 0)
        node_unpin(m, node);
    else
        *out = node;
    return rc;
}

static void unclaim(struct mount *m, struct node *node)
{
    if (node == NULL)
        return;
    lock_take(&m->lock);
    node_unclaim_locked(m, node);
    lock_give(&m->lock);
    node_unpin(m, node);
}

static int remove_claimed(struct mount *m, const char *path, struct node *node)
{
    AUTO_FREE char *key = NULL;
    struct store *store = volume_store(m->volume);
    int rc = path_key(m, path, &key);
    if (rc == 0 && write_once(m))
        rc = write_once_unlink(m, path, node);
    else if (rc == 0 && node != NULL)
        rc = writing_unlink(m, node); // before the removal: a commit must not bring it back
    if (rc == 0 && !write_once(m))
        rc = store->ops->remove(store, key);
    if (rc < 0)
        return rc;
    WITH_LOCK(&m->lock);
    if (node != NULL)
        node_detach_locked(m, node);
    lost_forget_locked(m, path);
    outcome_forget_locked(m, path);
    return keep_parent_locked(m, path);
}

static int remove_file(struct mount *m, const char *path)
{
    struct node *node = NULL;
    if (m->config.read_only)
        return err_set(-EROFS, "the mount is read-only");
    int rc = claim_path(m, path, &node);
    if (rc == 0)
        rc = remove_claimed(m, path, node);
    unclaim(m, node);
    return rc;
}

void fs_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    AUDIT_SCOPE(by, audit_by_caller(fuse_req_ctx(req)->uid, fuse_req_ctx(req)->pid));
    struct mount *m = mount_of(req);
    AUTO_FREE char *path = NULL;
    int rc = path_of_child(m, parent, name, &path);
    if (rc == 0)
        rc = remove_file(m, path);
    if (rc < 0)
        reply_error(req, rc, "unlink", path != NULL ? path : name);
    else
        fuse_reply_err(req, 0);
}

// ---- rename of a file ----

int rename_refuse_large(const struct mount *m, const char *key, uint64_t size)
{
    log_info("%s: %" PRIu64 " bytes are more than --rename-copy-max (%" PRIu64
             "): rename answers EXDEV, so mv copies",
             key, size, m->config.rename_copy_max);
    return err_set(-EXDEV, "%s is larger than --rename-copy-max", key);
}

int rename_copy_object(const struct renaming *r, const char *from, const char *to,
                       const int64_t *mtime_s, struct moved *moved)
{
    AUTO_STORE_OBJECT struct store_object object = {0};
    struct store *store = volume_store(r->mount->volume);
    struct store_result result;
    char mtime[24];
    int rc = store->ops->head(store, from, &object);
    if (rc == 0 && object.size > r->mount->config.rename_copy_max)
        rc = rename_refuse_large(r->mount, from, object.size);
    if (rc == 0 && mtime_s != NULL) {
        snprintf(mtime, sizeof mtime, "%" PRId64, *mtime_s);
        rc = kv_set(&object.metadata, METADATA_MTIME, mtime);
    }
    const struct object_copy copy = {
        .from_key = from,
        .to_key = to,
        .source = &object,
        .metadata = mtime_s != NULL ? &object.metadata : NULL,
        .cancel = r->canceled,
    };
    if (rc == 0)
        rc = object_copy(r->mount->volume, &copy, &result);
    if (rc < 0)
        return rc;
    memcpy(moved->from_etag, object.etag, sizeof object.etag);
    memcpy(moved->to_etag, result.etag, sizeof result.etag);
    return 0;
}

static void carry_seen_locked(struct node *node, const struct moved *moved)
{
    if (strcmp(node->seen.etag, moved->from_etag) == 0)
        memcpy(node->seen.etag, moved->to_etag, sizeof moved->to_etag);
    else
        node->seen.valid = false;
    if (strcmp(node->cached_etag, moved->from_etag) == 0)
        memcpy(node->cached_etag, moved->to_etag, sizeof moved->to_etag);
    if (strcmp(node->proved_etag, moved->from_etag) == 0)
        memcpy(node->proved_etag, moved->to_etag, sizeof moved->to_etag);
    if (strcmp(node->released_etag, moved->from_etag) == 0)
        memcpy(node->released_etag, moved->to_etag, sizeof moved->to_etag);
}

// In one step: a reader that is opened at this very time sees that the name is another, or is told.
int rename_carry(struct mount *m, const char *from, const char *to, const struct moved *moved)
{
    AUTO_FREE char *key = NULL;
    int rc = path_key(m, to, &key);
    if (rc < 0)
        return rc;
    WITH_LOCK(&m->lock);
    struct node *node = node_find_path_locked(m, from);
    outcome_rename_locked(m, from, to);
    if (node == NULL)
        return 0;
    carry_seen_locked(node, moved);
    for (struct handle *h = m->handles; h != NULL; h = h->next) {
        if (h->node == node && h->reader != NULL)
            reader_follow(h->reader, moved->from_etag, key, moved->to_etag);
    }
    return node_rename_locked(m, node, to);
}

static int move_object(const struct renaming *r, const int64_t *mtime_s, struct moved *moved)
{
    AUTO_FREE char *from = NULL;
    AUTO_FREE char *to = NULL;
    struct store *store = volume_store(r->mount->volume);
    int rc = path_key(r->mount, r->from, &from);
    if (rc == 0)
        rc = path_key(r->mount, r->to, &to);
    if (rc == 0)
        rc = rename_copy_object(r, from, to, mtime_s, moved);
    if (rc < 0)
        return rc;
    rc = rename_carry(r->mount, r->from, r->to, moved);
    return rc < 0 ? rc : store->ops->remove(store, from);
}

// The object that a file being written is going to replace would be left under the old name.
static int check_replaces_nothing(const struct renaming *r)
{
    AUTO_FREE char *key = NULL;
    AUTO_STORE_OBJECT struct store_object object = {0};
    struct store *store = volume_store(r->mount->volume);
    int rc = path_key(r->mount, r->from, &key);
    if (rc == 0)
        rc = store->ops->head(store, key, &object);
    if (rc == 0)
        return err_set(-EBUSY, "%s is being overwritten: it keeps its name until it is closed",
                       r->from);
    return rc == -ENOENT ? 0 : rc;
}

// A file that is still being written moves by changing the key, as long as no upload has begun.
static int rekey(const struct renaming *r, struct writing *writing)
{
    AUTO_FREE char *key = NULL;
    int rc = path_key(r->mount, r->to, &key);
    if (rc == 0)
        rc = check_replaces_nothing(r);
    return rc < 0 ? rc : writer_rekey(writing->writer, key);
}

// Moves what the claimed source (or NULL: the kernel has forgotten it) is: an object, or a file
// that is being written.
static int move_claimed(const struct renaming *r, struct node *source, struct moved *moved)
{
    struct mount *m = r->mount;
    struct writing *writing = source != NULL ? writing_pin(m, source) : NULL;
    int64_t mtime_s = source != NULL ? source->mtime_s : 0;
    bool has_mtime = source != NULL && source->has_mtime;
    // What was being written when that was checked may be closed, and in S3, by now.
    int rc = writing != NULL ? rekey(r, writing) : write_once_check_path(m, r->from);
    if (rc == 0 && writing == NULL)
        rc = move_object(r, has_mtime ? &mtime_s : NULL, moved);
    writing_unpin(m, writing);
    return rc;
}

static int settle_move_locked(const struct renaming *r, struct node *source)
{
    struct mount *m = r->mount;
    int rc = 0;
    struct node *gone = node_find_path_locked(m, r->to);
    if (gone != NULL && gone != source)
        node_detach_locked(m, gone);
    lost_forget_locked(m, r->to);
    if (source != NULL)
        rc = node_rename_locked(m, source, r->to);
    return rc < 0 ? rc : keep_parent_locked(m, r->from);
}

// Both nodes are claimed, or NULL.
static int rename_claimed(const struct renaming *r, struct node *source, struct node *target)
{
    struct moved moved = {.from_etag = ""};
    struct writing *writing = target != NULL ? writing_pin(r->mount, target) : NULL;
    int rc = writing != NULL ? err_set(-EBUSY, "%s is being written", r->to)
                             : move_claimed(r, source, &moved);
    writing_unpin(r->mount, writing);
    if (rc < 0)
        return rc;
    WITH_LOCK(&r->mount->lock);
    return settle_move_locked(r, source);
}

// The kernel has looked, but perhaps not just now, and others write to S3 too. Nothing can make
// sure of it in S3 to the very end.
int rename_check_nothing_there(const struct renaming *r)
{
    AUTO_FREE char *key = NULL;
    AUTO_STORE_OBJECT struct store_object object = {0};
    struct store *store = volume_store(r->mount->volume);
    bool is_dir = false;
    int rc = path_key(r->mount, r->to, &key);
    if (rc == 0)
        rc = store->ops->head(store, key, &object);
    if (rc == -ENOENT)
        rc = look_for_dir(r->mount, r->to, &is_dir);
    else if (rc == 0)
        is_dir = true;
    return rc == 0 && is_dir ? err_set(-EEXIST, "%s is there already", r->to) : rc;
}

static int rename_file(const struct renaming *r)
{
    struct node *source = NULL, *target = NULL;
    int rc = claim_path(r->mount, r->from, &source);
    if (rc == 0)
        rc = claim_path(r->mount, r->to, &target);
    if (rc == 0 && r->noreplace)
        rc = rename_check_nothing_there(r);
    if (rc == 0)
        rc = write_once_check_rename(r, source);
    if (rc == 0)
        rc = rename_claimed(r, source, target);
    unclaim(r->mount, target);
    unclaim(r->mount, source);
    return rc;
}

// ---- rename ----

static int rename_any(struct renaming *r, unsigned flags)
{
    bool is_dir = false;
    if (r->mount->config.read_only)
        return err_set(-EROFS, "the mount is read-only");
    if ((flags & ~(unsigned)RENAME_NOREPLACE) != 0)
        return err_set(-EOPNOTSUPP, "names cannot be exchanged in S3");
    r->noreplace = (flags & RENAME_NOREPLACE) != 0;
    int rc = look_for_dir(r->mount, r->from, &is_dir);
    if (rc < 0)
        return rc;
    return is_dir ? rename_dir(r) : rename_file(r);
}

void fs_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
               const char *new_name, unsigned flags)
{
    AUDIT_SCOPE(by, audit_by_caller(fuse_req_ctx(req)->uid, fuse_req_ctx(req)->pid));
    struct mount *m = mount_of(req);
    struct interruption interruption;
    AUTO_FREE char *from = NULL;
    AUTO_FREE char *to = NULL;
    int rc = path_of_child(m, parent, name, &from);
    if (rc == 0)
        rc = path_of_child(m, new_parent, new_name, &to);
    interruption_begin(&interruption, req);
    struct renaming r = {.mount = m, .from = from, .to = to, .canceled = &interruption.raised};
    if (rc == 0)
        rc = rename_any(&r, flags);
    interruption_end(&interruption);
    if (rc < 0)
        reply_error(req, rc, "rename", from != NULL ? from : name);
    else
        fuse_reply_err(req, 0);
}
