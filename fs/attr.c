// Lookup and attributes. A name costs one HEAD and, for a name that might be a directory, one LIST
// of a single key, at the same time. Neither ever asks KMS, and neither fails because an envelope
// is damaged: such a file can be seen and removed.
#include "fs/fs_internal.h"
#include "common/clock.h"
#include "common/err.h"
#include "object/mtime.h"
#include "object/parallel.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define STATFS_BLOCK_SIZE 4096
#define STATFS_BLOCKS     (1ull << 38) // 1 PiB: S3 tells no end

// ---- attributes ----

bool live_writing_locked(struct node *node, struct writer_status *out)
{
    if (node == NULL || node->writing == NULL || node->writing->unlinked)
        return false;
    writer_status(node->writing->writer, out); // takes the writer's lock: a higher rank
    // A failed one shows what it left: the old object, or nothing.
    return out->failure.code == 0;
}

void node_saw_locked(struct node *node, const struct object_info *info)
{
    struct seen *seen = &node->seen;
    // What was learnt about this very version at an open stays known.
    bool same = seen->valid && strcmp(seen->etag, info->object.etag) == 0;
    if (seen->valid && !same)
        node->has_mtime = false; // it was another file's
    if (!(same && seen->size_exact && !info->plain_size_exact)) {
        seen->size = info->plain_size;
        seen->size_exact = info->plain_size_exact;
    }
    node->seen_ms = clock_ms();
    node->listed = false;
    seen->valid = true;
    memcpy(seen->etag, info->object.etag, sizeof seen->etag);
    seen->mtime_s = object_mtime_s(&info->object);
}

bool node_is_fresh_locked(const struct node *node)
{
    return node->seen.valid && clock_ms() - node->seen_ms < (int64_t)(FS_ATTR_SECONDS * 1000);
}

static mode_t mode_of(const struct mount *m, const struct node *node)
{
    mode_t allowed = node->is_dir ? m->config.dir_mode : m->config.file_mode;
    return (node->is_dir ? S_IFDIR : S_IFREG) | (node->has_mode ? node->mode & allowed : allowed);
}

void attr_of_locked(struct mount *m, struct node *node, struct stat *st, double *timeout)
{
    assert(lock_is_mine(&m->lock));
    struct writer_status status;
    *st = (struct stat){
        .st_ino = node->ino,
        .st_mode = mode_of(m, node),
        .st_nlink = node->path == NULL ? 0 : (node->is_dir ? 2 : 1),
        .st_uid = m->config.uid,
        .st_gid = m->config.gid,
        .st_blksize = STATFS_BLOCK_SIZE,
    };
    st->st_mtim.tv_sec = node->is_dir ? m->started_s : node->seen.mtime_s;
    *timeout = FS_ATTR_SECONDS;
    if (live_writing_locked(node, &status)) {
        st->st_size = (off_t)status.size;
        st->st_mtim.tv_sec = (time_t)clock_wall_s();
        *timeout = 0;
    } else if (!node->is_dir) {
        st->st_size = node->seen.valid ? (off_t)node->seen.size : 0;
        if (!node->seen.size_exact)
            *timeout = 0;
    }
    if (node->has_mtime)
        st->st_mtim.tv_sec = (time_t)node->mtime_s;
    st->st_atim = st->st_ctim = st->st_mtim;
    st->st_blocks = (st->st_size + 511) / 512;
    node->told_size = (uint64_t)st->st_size;
}

// ---- lookup ----

static int any_entry(void *context, const struct store_listed *entry)
{
    (void)entry;
    *(bool *)context = true;
    return 0;
}

int look_for_dir(struct mount *m, const char *path, bool *is_dir)
{
    AUTO_FREE char *key = NULL;
    lock_take(&m->lock);
    *is_dir = dir_known_locked(m, path);
    lock_give(&m->lock);
    if (*is_dir || !path_can_be_dir(m, path))
        return 0;
    if (asprintf(&key, "%s%s/", m->config.prefix, path) < 0) {
        key = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    struct store *store = volume_store(m->volume);
    return store->ops->list(store, key, '\0', 1, any_entry, is_dir);
}

void entry_of_locked(struct mount *m, struct node *node, struct fuse_entry_param *e)
{
    *e = (struct fuse_entry_param){.ino = node->ino, .entry_timeout = FS_ATTR_SECONDS};
    attr_of_locked(m, node, &e->attr, &e->attr_timeout);
    node_remember_locked(node);
}

// What S3 has of a name: both questions at once, since the kernel holds the directory meanwhile.
struct question {
    struct mount *mount;
    const char *path;
    struct object_info *info;
    int found; // of the object: 0, -ENOENT
    bool is_dir;
};

static int ask_one(void *context, size_t index)
{
    struct question *q = context;
    AUTO_FREE char *key = NULL;
    if (index == 0)
        return look_for_dir(q->mount, q->path, &q->is_dir);
    int rc = path_key(q->mount, q->path, &key);
    if (rc < 0)
        return rc;
    q->found = object_info_get(q->mount->volume, key, q->info);
    return q->found == -ENOENT ? 0 : q->found;
}

static int ask(struct question *q)
{
    int rc = parallel_run(2, 2, ask_one, q);
    if (rc == 0 && !q->is_dir && q->found < 0)
        rc = err_set(-ENOENT, "no such object");
    if (rc == 0 && q->is_dir && q->found == 0)
        tell_both(q->mount, "", q->path);
    return rc;
}

bool find_written(struct mount *m, const char *path, struct fuse_entry_param *entry)
{
    struct writer_status status;
    WITH_LOCK(&m->lock);
    struct node *node = node_find_path_locked(m, path);
    bool live = live_writing_locked(node, &status);
    if (live)
        entry_of_locked(m, node, entry);
    return live;
}

// What has the name. 0: *entry is filled and the kernel's reference counted.
static int find_entry(struct mount *m, const char *path, struct fuse_entry_param *entry)
{
    AUTO_OBJECT_INFO struct object_info info = {0};
    struct question q = {.mount = m, .path = path, .info = &info, .found = -ENOENT};
    struct node *node = NULL;
    if (find_written(m, path, entry))
        return 0;
    int rc = ask(&q);
    if (rc < 0)
        return rc;
    WITH_LOCK(&m->lock);
    rc = node_obtain_locked(m, path, q.is_dir, &node);
    if (rc < 0)
        return rc;
    if (!q.is_dir)
        node_saw_locked(node, &info);
    entry_of_locked(m, node, entry);
    node->pins--; // the kernel's reference holds it now
    return 0;
}

void fs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct mount *m = mount_of(req);
    AUTO_FREE char *path = NULL;
    struct fuse_entry_param entry;
    int rc = path_of_child(m, parent, name, &path);
    if (rc == 0)
        rc = find_entry(m, path, &entry);
    if (rc == -EOPNOTSUPP) // no object has such a name
        rc = err_set(-ENOENT, "no such object");
    if (rc < 0)
        reply_error(req, rc, "lookup", path != NULL ? path : name);
    else if (fuse_reply_entry(req, &entry) == -ENOENT)
        node_forget(m, entry.ino, 1); // the kernel did not take it
}

void fs_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
    node_forget(mount_of(req), ino, nlookup);
    fuse_reply_none(req);
}

void fs_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
    for (size_t i = 0; i < count; i++)
        node_forget(mount_of(req), forgets[i].ino, forgets[i].nlookup);
    fuse_reply_none(req);
}

// ---- getattr, setattr ----

static int refresh(struct mount *m, struct node *node)
{
    AUTO_FREE char *path = NULL;
    AUTO_FREE char *key = NULL;
    AUTO_OBJECT_INFO struct object_info info = {0};
    struct writer_status status;
    lock_take(&m->lock);
    bool nothing_to_ask = node->is_dir || node->path == NULL ||
                          live_writing_locked(node, &status) ||
                          (node->listed && node_is_fresh_locked(node));
    node->listed = false;
    lock_give(&m->lock);
    if (nothing_to_ask)
        return 0;
    int rc = node_path(m, node, &path);
    if (rc == 0)
        rc = path_key(m, path, &key);
    if (rc == 0)
        rc = object_info_get(m->volume, key, &info);
    WITH_LOCK(&m->lock);
    if (rc == -ENOENT && node->writing != NULL) {
        node->seen.valid = false; // a failed new file: its handle still answers
        return 0;
    }
    if (rc == 0)
        node_saw_locked(node, &info);
    return rc;
}

static void reply_attr(fuse_req_t req, struct node *node)
{
    struct mount *m = mount_of(req);
    struct stat st;
    double timeout;
    lock_take(&m->lock);
    attr_of_locked(m, node, &st, &timeout);
    lock_give(&m->lock);
    fuse_reply_attr(req, &st, timeout);
}

void fs_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)fi;
    struct mount *m = mount_of(req);
    struct node *node = node_pin(m, ino);
    int rc = node != NULL ? refresh(m, node) : err_set(-ESTALE, "unknown inode");
    if (rc < 0)
        reply_node_error(req, rc, "stat", node);
    else
        reply_attr(req, node);
    node_unpin(m, node);
}

static void set_times_locked(struct node *node, const struct stat *attr, int to_set)
{
    if ((to_set & FUSE_SET_ATTR_MTIME_NOW) != 0)
        node->mtime_s = clock_wall_s();
    else if ((to_set & FUSE_SET_ATTR_MTIME) != 0)
        node->mtime_s = attr->st_mtim.tv_sec;
    else
        return;
    node->has_mtime = true;
    if (node->writing == NULL)
        return;
    node->writing->mtime_set = true;
    writer_set_mtime(node->writing->writer, node->mtime_s);
}

// Owner and group are the mount's: chown succeeds and changes nothing, as on other file systems
// without owners.
void fs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
                struct fuse_file_info *fi)
{
    AUDIT_SCOPE(by, audit_by_caller(fuse_req_ctx(req)->uid, fuse_req_ctx(req)->pid));
    (void)fi;
    struct mount *m = mount_of(req);
    struct node *node = node_pin(m, ino);
    int rc = node != NULL ? 0 : err_set(-ESTALE, "unknown inode");
    if (rc == 0 && m->config.read_only)
        rc = err_set(-EROFS, "the mount is read-only");
    if (rc == 0 && (to_set & FUSE_SET_ATTR_SIZE) != 0)
        rc = node->is_dir ? err_set(-EISDIR, "a directory has no size")
                          : file_truncate(m, node, (uint64_t)attr->st_size);
    if (rc < 0) {
        reply_node_error(req, rc, "setattr", node);
        node_unpin(m, node);
        return;
    }
    lock_take(&m->lock);
    if ((to_set & FUSE_SET_ATTR_MODE) != 0) {
        node->mode = attr->st_mode & 07777;
        node->has_mode = true;
    }
    set_times_locked(node, attr, to_set);
    lock_give(&m->lock);
    reply_attr(req, node);
    node_unpin(m, node);
}

void fs_statfs(fuse_req_t req, fuse_ino_t ino)
{
    (void)ino;
    struct statvfs st = {
        .f_bsize = STATFS_BLOCK_SIZE,
        .f_frsize = STATFS_BLOCK_SIZE,
        .f_blocks = STATFS_BLOCKS,
        .f_bfree = STATFS_BLOCKS,
        .f_bavail = STATFS_BLOCKS,
        .f_files = 1ull << 32,
        .f_ffree = 1ull << 32,
        .f_favail = 1ull << 32,
        .f_namemax = FS_NAME_MAX,
    };
    fuse_reply_statfs(req, &st);
}
