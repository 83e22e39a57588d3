// Directories: reading, making and removing them.
#include "fs/listing.h"
#include "common/err.h"
#include "object/parallel.h"

#include <stdio.h>
#include <string.h>

void fs_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct mount *m = mount_of(req);
    AUTO_FREE char *path = NULL;
    struct listing *listing = NULL;
    struct node *node = node_pin(m, ino);
    int rc = node != NULL ? node_path(m, node, &path) : err_set(-ESTALE, "unknown inode");
    if (rc == 0)
        rc = listing_new(m, path, &listing);
    node_unpin(m, node);
    if (rc < 0) {
        reply_error(req, rc, "opendir", path);
        return;
    }
    fi->fh = (uint64_t)(uintptr_t)listing;
    if (fuse_reply_open(req, fi) == -ENOENT)
        listing_free(listing);
}

void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
    (void)ino;
    struct listing *l = (struct listing *)(uintptr_t)fi->fh;
    AUTO_FREE char *out = malloc(size);
    size_t used = 0;
    if (out == NULL) {
        reply_error(req, err_set(-ENOMEM, "out of memory"), "readdir", NULL);
        return;
    }
    for (size_t i = (size_t)off; i < l->count; i++) {
        // The kernel looks up what it wants to know more of.
        struct stat st = {.st_ino = 0xffffffff,
                          .st_mode = l->entries[i].is_dir ? S_IFDIR : S_IFREG};
        size_t need =
            fuse_add_direntry(req, out + used, size - used, l->entries[i].name, &st, (off_t)i + 1);
        if (need > size - used)
            break;
        used += need;
    }
    fuse_reply_buf(req, out, used);
}

// ---- reading with attributes ----
//
// `ls -l` asks for each name what it is: a HEAD each, one after the other. The kernel notices, and
// reads names together with attributes; then these go out many at a time.

struct plus {
    struct mount *mount;
    const char *dir; // path of the directory; NULL: it is gone
    const struct listing_entry *entries;
    struct fuse_entry_param *found; // of each; ino 0: the kernel gets the name only
};

// Nothing that fails here is told: whoever wants to know asks again, and is told then.
static int look_at_entry(void *context, size_t index)
{
    struct plus *p = context;
    struct mount *m = p->mount;
    const struct listing_entry *e = &p->entries[index];
    AUTO_FREE char *path = NULL;
    AUTO_FREE char *key = NULL;
    AUTO_OBJECT_INFO struct object_info info = {0};
    struct node *node = NULL;
    bool dots = strcmp(e->name, ".") == 0 || strcmp(e->name, "..") == 0;
    if (dots || p->dir == NULL || path_join(m, p->dir, e->name, &path) < 0 ||
        find_written(m, path, &p->found[index]))
        return 0;
    lock_take(&m->lock);
    node = node_find_path_locked(m, path);
    bool known = e->is_dir || (node != NULL && !node->is_dir && node_is_fresh_locked(node));
    lock_give(&m->lock);
    if (!known && (path_key(m, path, &key) < 0 || object_info_get(m->volume, key, &info) < 0))
        return 0;
    WITH_LOCK(&m->lock);
    if (node_obtain_locked(m, path, e->is_dir, &node) < 0)
        return 0;
    if (!known)
        node_saw_locked(node, &info);
    if (e->is_dir || node->seen.valid) {
        entry_of_locked(m, node, &p->found[index]);
        node->listed = !e->is_dir;
    }
    node_unpin_locked(m, node);
    return 0;
}

// How many entries from `first` on fit into size bytes, in the kernel's form.
static size_t count_that_fit(fuse_req_t req, const struct listing *l, size_t first, size_t size)
{
    static const struct fuse_entry_param NOTHING;
    size_t used = 0, count = 0;
    // The first ones are asked for before the kernel knows whether anybody wants to know.
    size_t most = first == 0 ? FS_PLUS_FIRST : FS_PLUS_MAX;
    while (first + count < l->count && count < most) {
        used += fuse_add_direntry_plus(req, NULL, 0, l->entries[first + count].name, &NOTHING, 0);
        if (used > size)
            break;
        count++;
    }
    return count;
}

static void forget_entries(struct mount *m, const struct plus *p, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (p->found[i].ino != 0)
            node_forget(m, p->found[i].ino, 1);
    }
}

static void reply_entries(fuse_req_t req, const struct plus *p, size_t first, size_t count,
                          size_t size)
{
    AUTO_FREE char *out = malloc(size);
    size_t used = 0;
    for (size_t i = 0; out != NULL && i < count; i++) {
        struct fuse_entry_param *found = &p->found[i];
        if (found->ino == 0) {
            found->attr.st_mode = p->entries[i].is_dir ? S_IFDIR : S_IFREG;
            found->attr.st_ino = 0xffffffff;
        }
        used += fuse_add_direntry_plus(req, out + used, size - used, p->entries[i].name, found,
                                       (off_t)(first + i + 1));
    }
    if (out == NULL)
        reply_error(req, err_set(-ENOMEM, "out of memory"), "readdir", p->dir);
    if (out == NULL || fuse_reply_buf(req, out, used) < 0)
        forget_entries(p->mount, p, count);
}

void fs_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                    struct fuse_file_info *fi)
{
    struct mount *m = mount_of(req);
    struct listing *l = (struct listing *)(uintptr_t)fi->fh;
    AUTO_FREE char *path = NULL;
    size_t first = (size_t)off < l->count ? (size_t)off : l->count;
    size_t count = count_that_fit(req, l, first, size);
    AUTO_FREE struct fuse_entry_param *found = calloc(count + 1, sizeof *found);
    struct node *node = node_pin(m, ino);
    int rc = found != NULL ? 0 : err_set(-ENOMEM, "out of memory");
    if (rc == 0 && (node == NULL || node_path(m, node, &path) < 0))
        path = NULL; // removed while it is read: its names are still given
    node_unpin(m, node);
    struct plus p = {.mount = m, .dir = path, .entries = l->entries + first, .found = found};
    if (rc == 0 && count > 0)
        rc = parallel_run(FS_PLUS_THREADS, count, look_at_entry, &p);
    if (rc < 0)
        reply_error(req, rc, "readdir", path);
    else
        reply_entries(req, &p, first, count, size);
}

void fs_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    listing_free((struct listing *)(uintptr_t)fi->fh);
    fuse_reply_err(req, 0);
}

void fs_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
    (void)ino, (void)datasync, (void)fi;
    fuse_reply_err(req, 0); // names are as durable as the objects
}

// ---- mkdir, rmdir ----

static int make_dir(struct mount *m, const char *path, mode_t mode, struct fuse_entry_param *entry)
{
    struct node *node = NULL;
    bool exists = false;
    if (m->config.read_only)
        return err_set(-EROFS, "the mount is read-only");
    if (!path_can_be_dir(m, path))
        return err_set(-ENAMETOOLONG, "the key of a file in it would be longer than S3's %d bytes",
                       STORE_KEY_MAX);
    int rc = look_for_dir(m, path, &exists);
    if (rc == 0 && exists)
        rc = err_set(-EEXIST, "there is such a directory");
    if (rc < 0)
        return rc;
    WITH_LOCK(&m->lock);
    rc = dir_know_locked(m, path);
    if (rc == 0)
        rc = node_obtain_locked(m, path, true, &node);
    if (rc < 0)
        return rc;
    node->mode = mode & 07777;
    node->has_mode = true;
    *entry = (struct fuse_entry_param){.ino = node->ino, .entry_timeout = FS_ATTR_SECONDS};
    attr_of_locked(m, node, &entry->attr, &entry->attr_timeout);
    node_remember_locked(node);
    node->pins--;
    return 0;
}

void fs_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
    struct mount *m = mount_of(req);
    AUTO_FREE char *path = NULL;
    struct fuse_entry_param entry;
    int rc = path_of_child(m, parent, name, &path);
    if (rc == 0)
        rc = make_dir(m, path, mode, &entry);
    if (rc < 0)
        reply_error(req, rc, "mkdir", path != NULL ? path : name);
    else if (fuse_reply_entry(req, &entry) == -ENOENT)
        node_forget(m, entry.ino, 1); // the kernel did not take it
}

static int remove_dir(struct mount *m, const char *path)
{
    struct listing *listing = NULL;
    AUTO_FREE char *marker = NULL;
    if (m->config.read_only)
        return err_set(-EROFS, "the mount is read-only");
    int rc = listing_new(m, path, &listing);
    if (rc < 0)
        return rc;
    bool empty = listing->count == 2 && listing->hidden == 0; // "." and ".."
    listing_free(listing);
    if (!empty)
        return err_set(-ENOTEMPTY, "the directory is not empty");
    if (asprintf(&marker, "%s%s/", m->config.prefix, path) < 0) {
        marker = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    // Somebody else's marker object would bring the directory back.
    struct store *store = volume_store(m->volume);
    rc = write_once_check_key(m, marker);
    if (rc == 0 && !write_once(m))
        rc = store->ops->remove(store, marker);
    if (rc < 0)
        return rc;
    WITH_LOCK(&m->lock);
    dir_unknow_locked(m, path);
    struct node *node = node_find_path_locked(m, path);
    if (node != NULL)
        node_detach_locked(m, node);
    AUTO_FREE char *parent = path_parent(path);
    return parent != NULL ? dir_know_locked(m, parent) : 0;
}

void fs_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    AUDIT_SCOPE(by, audit_by_caller(fuse_req_ctx(req)->uid, fuse_req_ctx(req)->pid));
    struct mount *m = mount_of(req);
    AUTO_FREE char *path = NULL;
    int rc = path_of_child(m, parent, name, &path);
    if (rc == 0)
        rc = remove_dir(m, path);
    if (rc < 0)
        reply_error(req, rc, "rmdir", path != NULL ? path : name);
    else
        fuse_reply_err(req, 0);
}
