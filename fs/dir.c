// Directories: a listing of S3 by '/', together with the directories and files that exist only
// here. A listing is taken once, at opendir, so that what readdir gives is one state.
#include "fs/fs_internal.h"
#include "common/codec.h"
#include "common/err.h"
#include "common/log.h"

#include <stdio.h>
#include <string.h>

struct entry {
    char *name;
    bool is_dir;
};

// An open directory (fi->fh), used by one thread at a time: the kernel serialises readdir of one
// handle.
struct listing {
    struct entry *entries;
    size_t count, room;
    size_t prefix_len;  // of the keys
    size_t hidden;      // keys that are the name of no file
    char *hidden_first; // owned
};

static void listing_free(struct listing *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->count; i++)
        free(l->entries[i].name);
    free(l->entries);
    free(l->hidden_first);
    free(l);
}
CLEANUP_POINTER(listing, listing_free)

static int listing_add(struct listing *l, const char *name, size_t len, bool is_dir)
{
    if (l->count == l->room) {
        size_t room = l->room == 0 ? 64 : l->room * 2;
        struct entry *entries = reallocarray(l->entries, room, sizeof *entries);
        if (entries == NULL)
            return err_set(-ENOMEM, "out of memory for a directory of more than %zu entries",
                           l->count);
        l->entries = entries;
        l->room = room;
    }
    char *copy = strndup(name, len);
    if (copy == NULL)
        return err_set(-ENOMEM, "out of memory");
    l->entries[l->count++] = (struct entry){copy, is_dir};
    return 0;
}

static bool is_usable_name(const char *name, size_t len)
{
    bool dots = (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
    return len > 0 && len <= FS_NAME_MAX && !dots && utf8_valid(name);
}

static int add_listed(void *context, const struct store_listed *listed)
{
    struct listing *l = context;
    const char *name = listed->key + l->prefix_len;
    size_t len = strlen(name);
    if (listed->is_prefix && len > 0)
        len--; // the '/'
    if (*name == '\0')
        return 0; // a marker object of the directory itself
    if (!is_usable_name(name, len)) {
        if (l->hidden++ == 0)
            l->hidden_first = strdup(listed->key); // NULL: the log does without
        return 0;
    }
    return listing_add(l, name, len, listed->is_prefix);
}

// Adds path if it is directly in dir ("" the root).
static int add_child(struct listing *l, const char *dir, const char *path, bool is_dir)
{
    size_t len = strlen(dir);
    if (*path == '\0' || strncmp(path, dir, len) != 0)
        return 0;
    const char *name = path + len;
    if (len > 0 && *name++ != '/')
        return 0;
    const char *slash = strchr(name, '/');
    // A directory that is known deeper shows as its first part.
    return slash == NULL ? listing_add(l, name, strlen(name), is_dir)
                         : listing_add(l, name, (size_t)(slash - name), true);
}

static bool is_visible_locked(struct node *node)
{
    struct writer_status status;
    return node->path != NULL && live_writing_locked(node, &status);
}

static int add_ours(struct mount *m, struct listing *l, const char *dir)
{
    WITH_LOCK(&m->lock);
    int rc = 0;
    struct known_dir *known, *next_known;
    HASH_ITER (hh, m->dirs, known, next_known) {
        if (rc == 0)
            rc = add_child(l, dir, known->path, true);
    }
    struct node *node, *next;
    HASH_ITER (by_ino, m->nodes_by_ino, node, next) {
        if (rc == 0 && is_visible_locked(node))
            rc = add_child(l, dir, node->path, false);
    }
    return rc;
}

// By name, the directory first where both exist.
static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : (int)y->is_dir - (int)x->is_dir;
}

static void sort_and_merge(struct listing *l)
{
    if (l->count == 0)
        return;
    qsort(l->entries, l->count, sizeof *l->entries, compare_entries);
    size_t kept = 1;
    for (size_t i = 1; i < l->count; i++) {
        if (strcmp(l->entries[i].name, l->entries[kept - 1].name) == 0)
            free(l->entries[i].name);
        else
            l->entries[kept++] = l->entries[i];
    }
    l->count = kept;
}

// "a//b", "./a", "../a", names that are too long: S3 has them, a file system cannot.
static void tell_hidden(struct mount *m, const struct listing *l, const char *prefix)
{
    if (l->hidden > 0 && l->hidden_first != NULL && tell_once(m, l->hidden_first))
        log_warn(
            "%s: %zu that S3 has here are not shown, because no file can have such a name: %s%s",
            prefix, l->hidden, l->hidden_first, l->hidden > 1 ? " ..." : "");
}

static int list_dir(struct mount *m, const char *path, struct listing **out)
{
    CLEANUP(listing_freep) struct listing *l = calloc(1, sizeof *l);
    AUTO_FREE char *prefix = NULL;
    if (l == NULL ||
        asprintf(&prefix, "%s%s%s", m->config.prefix, path, *path != '\0' ? "/" : "") < 0) {
        prefix = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    l->prefix_len = strlen(prefix);
    struct store *store = volume_store(m->volume);
    int rc = listing_add(l, ".", 1, true);
    if (rc == 0)
        rc = listing_add(l, "..", 2, true);
    if (rc == 0)
        rc = store->ops->list(store, prefix, '/', 0, add_listed, l);
    if (rc == 0)
        rc = add_ours(m, l, path);
    if (rc < 0)
        return rc;
    sort_and_merge(l);
    tell_hidden(m, l, prefix);
    *out = TAKE(l);
    return 0;
}

void fs_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct mount *m = mount_of(req);
    AUTO_FREE char *path = NULL;
    struct listing *listing = NULL;
    struct node *node = node_pin(m, ino);
    int rc = node != NULL ? node_path(m, node, &path) : err_set(-ESTALE, "unknown inode");
    if (rc == 0)
        rc = list_dir(m, path, &listing);
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
    int rc = list_dir(m, path, &listing);
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
