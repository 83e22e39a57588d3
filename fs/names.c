// Unlink and rename. A rename is a copy that S3 makes, then a removal: the target appears whole,
// then the source goes. The kernel holds both directories meanwhile.
#include "fs/fs_internal.h"
#include "common/err.h"
#include "common/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define METADATA_MTIME "mtime"

// A directory that loses its last object is still there for those who look through this mount.
static int keep_parent_locked(struct mount *m, const char *path)
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
    if (rc == 0 && node != NULL)
        rc = writing_unlink(m, node); // before the removal: a commit must not bring it back
    if (rc == 0)
        rc = store->ops->remove(store, key);
    if (rc < 0)
        return rc;
    WITH_LOCK(&m->lock);
    if (node != NULL)
        node_detach_locked(m, node);
    lost_forget_locked(m, path);
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

// The ETags of what was moved, before and after.
struct moved {
    char from_etag[STORE_ETAG_MAX], to_etag[STORE_ETAG_MAX];
};

static int copy_object(struct mount *m, const char *from, const char *to, bool has_mtime,
                       int64_t mtime_s, struct moved *moved)
{
    AUTO_STORE_OBJECT struct store_object object = {0};
    struct store *store = volume_store(m->volume);
    struct store_result result;
    char mtime[24];
    int rc = store->ops->head(store, from, &object);
    if (rc < 0)
        return rc;
    if (object.size > STORE_COPY_SIZE_MAX) {
        log_info("%s: %" PRIu64
                 " bytes are more than S3 copies in one step: rename answers EXDEV, so mv copies",
                 from, object.size);
        return err_set(-EXDEV, "objects above 5 GiB are not renamed in S3");
    }
    snprintf(mtime, sizeof mtime, "%" PRId64, mtime_s);
    rc = has_mtime ? kv_set(&object.metadata, METADATA_MTIME, mtime) : 0;
    if (rc == 0)
        rc = store->ops->copy(store, from, object.etag, to, has_mtime ? &object.metadata : NULL,
                              &result);
    if (rc < 0)
        return rc;
    memcpy(moved->from_etag, object.etag, sizeof object.etag);
    memcpy(moved->to_etag, result.etag, sizeof result.etag);
    return 0;
}

static int move_object(struct mount *m, const char *from_path, const char *to_path, bool has_mtime,
                       int64_t mtime_s, struct moved *moved)
{
    AUTO_FREE char *from = NULL;
    AUTO_FREE char *to = NULL;
    struct store *store = volume_store(m->volume);
    int rc = path_key(m, from_path, &from);
    if (rc == 0)
        rc = path_key(m, to_path, &to);
    if (rc == 0)
        rc = copy_object(m, from, to, has_mtime, mtime_s, moved);
    return rc < 0 ? rc : store->ops->remove(store, from);
}

// A file that is still being written moves by changing the key, as long as no upload has begun.
static int rekey(struct mount *m, struct writing *writing, const char *to_path)
{
    AUTO_FREE char *key = NULL;
    int rc = path_key(m, to_path, &key);
    return rc < 0 ? rc : writer_rekey(writing->writer, key);
}

// What was known of the version that moved, its exact size above all, is known of the copy.
static void carry_seen_locked(struct node *node, const struct moved *moved)
{
    if (strcmp(node->seen.etag, moved->from_etag) == 0)
        memcpy(node->seen.etag, moved->to_etag, sizeof moved->to_etag);
    else
        node->seen.valid = false;
    if (strcmp(node->cached_etag, moved->from_etag) == 0)
        memcpy(node->cached_etag, moved->to_etag, sizeof moved->to_etag);
}

// Both nodes are claimed, or NULL.
static int rename_claimed(struct mount *m, const char *from, const char *to, struct node *source,
                          struct node *target)
{
    struct moved moved = {.from_etag = ""};
    struct writing *source_writing = source != NULL ? writing_pin(m, source) : NULL;
    struct writing *target_writing = target != NULL ? writing_pin(m, target) : NULL;
    int rc;
    if (target_writing != NULL)
        rc = err_set(-EBUSY, "%s is being written", to);
    else if (source_writing != NULL)
        rc = rekey(m, source_writing, to);
    else
        rc = move_object(m, from, to, source != NULL && source->has_mtime,
                         source != NULL ? source->mtime_s : 0, &moved);
    writing_unpin(m, source_writing);
    writing_unpin(m, target_writing);
    if (rc < 0)
        return rc;
    WITH_LOCK(&m->lock);
    struct node *gone = node_find_path_locked(m, to);
    if (gone != NULL && gone != source)
        node_detach_locked(m, gone);
    lost_forget_locked(m, to);
    if (source != NULL) {
        carry_seen_locked(source, &moved);
        rc = node_rename_locked(m, source, to);
    }
    return rc < 0 ? rc : keep_parent_locked(m, from);
}

static int rename_file(struct mount *m, const char *from, const char *to)
{
    struct node *source = NULL, *target = NULL;
    int rc = claim_path(m, from, &source);
    if (rc == 0)
        rc = claim_path(m, to, &target);
    if (rc == 0)
        rc = rename_claimed(m, from, to, source, target);
    unclaim(m, target);
    unclaim(m, source);
    return rc;
}

// ---- rename of a directory ----

struct tree {
    char **names; // below the directory, with what follows its '/'
    size_t count;
    size_t prefix_len;
    bool too_large;
};

static void tree_clear(struct tree *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->names[i]);
    free(t->names);
}

static int tree_add(void *context, const struct store_listed *entry)
{
    struct tree *t = context;
    if (t->count == FS_DIR_RENAME_MAX)
        return err_set(-EXDEV, "the directory holds more than %d objects", FS_DIR_RENAME_MAX);
    if (entry->size > STORE_COPY_SIZE_MAX)
        return err_set(-EXDEV, "the directory holds an object above 5 GiB");
    t->names[t->count] = strdup(entry->key + t->prefix_len);
    if (t->names[t->count] == NULL)
        return err_set(-ENOMEM, "out of memory");
    t->count++;
    return 0;
}

static int list_tree(struct mount *m, const char *path, struct tree *t)
{
    AUTO_FREE char *prefix = NULL;
    struct store *store = volume_store(m->volume);
    t->names = calloc(FS_DIR_RENAME_MAX, sizeof *t->names);
    if (t->names == NULL || asprintf(&prefix, "%s%s/", m->config.prefix, path) < 0) {
        prefix = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    t->prefix_len = strlen(prefix);
    int rc = store->ops->list(store, prefix, '\0', 0, tree_add, t);
    if (rc == -EXDEV)
        log_info("%s: rename answers EXDEV, so mv copies: %s", prefix, err_text());
    return rc;
}

static int check_nothing_written_below_locked(struct mount *m, const char *path)
{
    struct node *node, *next;
    HASH_ITER (by_ino, m->nodes_by_ino, node, next) {
        bool below = node->path != NULL && path_is_below(node->path, path);
        if (below && (node->writing != NULL || node->claimed))
            return err_set(-EBUSY, "%s is being written", node->path);
    }
    return 0;
}

static int begin_move(struct mount *m, struct moving *moving)
{
    WITH_LOCK(&m->lock);
    int rc = check_nothing_written_below_locked(m, moving->from);
    if (rc < 0)
        return rc;
    moving->next = m->moving;
    m->moving = moving;
    return 0;
}

static void end_move_locked(struct mount *m, struct moving *moving)
{
    struct moving **at = &m->moving;
    while (*at != moving)
        at = &(*at)->next;
    *at = moving->next;
    pthread_cond_broadcast(&m->changed);
}

// All copies first, then all removals: whatever fails, nothing is missing at the source or half at
// the target.
static int move_tree(struct mount *m, const char *from, const char *to, const struct tree *t)
{
    struct store *store = volume_store(m->volume);
    struct moved moved;
    int rc = 0;
    for (int step = 0; step < 2 && rc == 0; step++) {
        for (size_t i = 0; i < t->count && rc == 0; i++) {
            AUTO_FREE char *source = NULL;
            AUTO_FREE char *target = NULL;
            if (asprintf(&source, "%s%s/%s", m->config.prefix, from, t->names[i]) < 0 ||
                asprintf(&target, "%s%s/%s", m->config.prefix, to, t->names[i]) < 0)
                return err_set(-ENOMEM, "out of memory");
            rc = step == 0 ? copy_object(m, source, target, false, 0, &moved)
                           : store->ops->remove(store, source);
        }
    }
    return rc;
}

static int check_target_dir(struct mount *m, const char *path)
{
    struct tree target = {0};
    int rc = list_tree(m, path, &target);
    size_t count = target.count;
    bool only_marker = count == 1 && target.names[0][0] == '\0';
    tree_clear(&target);
    if (rc == -EXDEV || (rc == 0 && count > 0 && !only_marker))
        return err_set(-ENOTEMPTY, "the directory is not empty");
    return rc;
}

static int rename_known_dirs_locked(struct mount *m, const char *from, const char *to)
{
    size_t len = strlen(from);
    struct known_dir *dir, *next;
    HASH_ITER (hh, m->dirs, dir, next) {
        if (strncmp(dir->path, from, len) != 0 || (dir->path[len] != '/' && dir->path[len] != '\0'))
            continue;
        AUTO_FREE char *path = NULL;
        if (asprintf(&path, "%s%s", to, dir->path + len) < 0) {
            path = NULL;
            return err_set(-ENOMEM, "out of memory");
        }
        HASH_DEL(m->dirs, dir);
        free(dir->path);
        free(dir);
        int rc = dir_know_locked(m, path);
        if (rc < 0)
            return rc;
    }
    return dir_know_locked(m, to);
}

static int move_dir(struct mount *m, const char *from, const char *to)
{
    struct tree tree = {0};
    int rc = check_target_dir(m, to);
    if (rc == 0)
        rc = list_tree(m, from, &tree);
    if (rc == 0)
        rc = move_tree(m, from, to, &tree);
    tree_clear(&tree);
    return rc;
}

static int rename_dir(struct mount *m, const char *from, const char *to)
{
    struct moving moving = {.from = from, .to = to};
    int rc = begin_move(m, &moving);
    if (rc < 0)
        return rc;
    rc = move_dir(m, from, to);
    WITH_LOCK(&m->lock);
    if (rc == 0)
        rc = node_rename_tree_locked(m, from, to);
    if (rc == 0)
        rc = rename_known_dirs_locked(m, from, to);
    if (rc == 0)
        rc = keep_parent_locked(m, from);
    end_move_locked(m, &moving);
    return rc;
}

// ---- rename ----

static int rename_any(struct mount *m, const char *from, const char *to, unsigned flags)
{
    bool is_dir = false;
    if (m->config.read_only)
        return err_set(-EROFS, "the mount is read-only");
    if ((flags & ~(unsigned)RENAME_NOREPLACE) != 0)
        return err_set(-EOPNOTSUPP, "names cannot be exchanged in S3");
    int rc = look_for_dir(m, from, &is_dir);
    if (rc < 0)
        return rc;
    return is_dir ? rename_dir(m, from, to) : rename_file(m, from, to);
}

void fs_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
               const char *new_name, unsigned flags)
{
    struct mount *m = mount_of(req);
    AUTO_FREE char *from = NULL;
    AUTO_FREE char *to = NULL;
    int rc = path_of_child(m, parent, name, &from);
    if (rc == 0)
        rc = path_of_child(m, new_parent, new_name, &to);
    if (rc == 0)
        rc = rename_any(m, from, to, flags);
    if (rc < 0)
        reply_error(req, rc, "rename", from != NULL ? from : name);
    else
        fuse_reply_err(req, 0);
}
