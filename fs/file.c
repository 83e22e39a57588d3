// Open files: handles, reading, writing, sizes. Handles that may write bypass the page cache
// (direct_io), so that every write is answered by the writer; reading handles are cached by the
// kernel under the version that they opened.
#include "fs/fs_internal.h"
#include "common/err.h"
#include "common/harden.h"
#include "common/log.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>

static bool wants_to_write(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY;
}

// ---- open for reading ----

// What is being written there, by its serial; 0: nothing.
static uint64_t written_now(struct mount *m, struct node *node)
{
    struct writer_status status;
    writing_await_release(m, node);
    WITH_LOCK(&m->lock);
    return live_writing_locked(node, &status) ? node->writing->serial : 0;
}

static bool path_has_changed(struct mount *m, struct node *node, const char *path)
{
    WITH_LOCK(&m->lock);
    return node->path == NULL || strcmp(node->path, path) != 0;
}

static int open_reader(struct mount *m, struct node *node, char **path, struct reader **out)
{
    AUTO_FREE char *key = NULL;
    int rc = node_path(m, node, path);
    if (rc == 0)
        rc = path_key(m, *path, &key);
    return rc < 0 ? rc : reader_open(m->volume, key, NULL, out);
}

// Makes the reader the handle's, from when on a rename tells it; false: the name has changed since
// it was opened, or there is one already.
static bool adopt_reader(struct mount *m, struct handle *h, const char *path, struct reader *reader)
{
    WITH_LOCK(&m->lock);
    if (h->reader != NULL || h->node->path == NULL || strcmp(h->node->path, path) != 0)
        return false;
    h->reader = reader;
    return true;
}

static int open_handle_reader(struct mount *m, struct handle *h)
{
    for (int tries = 0; tries < FS_OPEN_TRIES; tries++) {
        AUTO_FREE char *path = NULL;
        struct reader *reader = NULL;
        int rc = open_reader(m, h->node, &path, &reader);
        if (rc < 0 && (path == NULL || !path_has_changed(m, h->node, path)))
            return rc;
        if (rc == 0 && adopt_reader(m, h, path, reader))
            return 0;
        reader_free(reader);
    }
    return err_set(-ESTALE, "it is being renamed again and again");
}

static bool is_proved_locked(const struct node *node, struct reader *reader)
{
    return reader_is_proved(reader) || strcmp(node->proved_etag, reader_etag(reader)) == 0;
}

// What the kernel may keep of the pages and the size that it has. Its pages are of one version at a
// time: handles of another go by them. What comes from pages the reader does not see, and what it
// does not see it cannot prove (a copy that failed at its end would succeed when it is tried
// again): until a version is proved, its pages serve the handle that brought them only.
static void settle_cache(struct mount *m, struct handle *h, struct fuse_file_info *fi)
{
    struct node *node = h->node;
    const char *etag = reader_etag(h->reader);
    lock_take(&m->lock);
    bool size_known = node->seen.valid && strcmp(node->seen.etag, etag) == 0 &&
                      node->seen.size == reader_size(h->reader) &&
                      node->told_size == reader_size(h->reader);
    bool same = strcmp(node->cached_etag, etag) == 0 && is_proved_locked(node, h->reader);
    node_saw_locked(node, reader_info(h->reader));
    // A size that was wrong until now is still in the kernel, too.
    h->cached = size_known && (same || node->cached_readers == 0);
    if (h->cached) {
        node->cache_settled = node->cache_settled && same;
        memcpy(node->cached_etag, etag, sizeof node->cached_etag);
        node->cached_readers++;
    }
    fi->direct_io = !h->cached;
    fi->keep_cache = h->cached && node->cache_settled;
    lock_give(&m->lock);
    if (!size_known) // the attributes only: pages may be waiting for a read
        fuse_lowlevel_notify_inval_inode(m->session, node->ino, -1, 0);
}

static int check_not_lost(struct mount *m, struct node *node)
{
    WITH_LOCK(&m->lock);
    return node->path != NULL ? lost_check_locked(m, node->path) : 0;
}

static int open_for_reading(struct mount *m, struct handle *h, struct fuse_file_info *fi)
{
    int rc = check_not_lost(m, h->node);
    if (rc < 0)
        return rc;
    h->follows = written_now(m, h->node);
    if (h->follows != 0) {
        fi->direct_io = 1; // each read finds out where the bytes are
        return 0;
    }
    rc = open_handle_reader(m, h);
    if (rc == 0)
        settle_cache(m, h, fi);
    return rc;
}

// ---- open, create ----

static void note_told_size(struct mount *m, struct node *node, uint64_t size)
{
    WITH_LOCK(&m->lock);
    node->told_size = size;
}

static int open_for_writing(fuse_req_t req, struct handle *h, bool create,
                            struct fuse_file_info *fi)
{
    struct mount *m = mount_of(req);
    if (m->config.read_only)
        return err_set(-EROFS, "the mount is read-only");
    struct writing_request request = {
        .create = create || (fi->flags & O_TRUNC) != 0,
        .is_new = create,
        .append = (fi->flags & O_APPEND) != 0,
        .tid = fuse_req_ctx(req)->pid,
        .uid = fuse_req_ctx(req)->uid,
    };
    fi->direct_io = 1;
    int rc = writing_open(m, h->node, &request, &h->writing);
    if (rc == 0 && (fi->flags & O_TRUNC) != 0)
        note_told_size(m, h->node, 0); // the kernel cuts it, too
    return rc;
}

// Takes over the node's pin.
static int handle_new(struct mount *m, struct node *node, struct handle **out)
{
    struct handle *h = calloc(1, sizeof *h);
    if (h == NULL) {
        node_unpin(m, node);
        return err_set(-ENOMEM, "out of memory");
    }
    h->node = node;
    WITH_LOCK(&m->lock);
    h->next = m->handles;
    if (h->next != NULL)
        h->next->prev = h;
    m->handles = h;
    *out = h;
    return 0;
}

static void handle_unlist_locked(struct mount *m, struct handle *h)
{
    if (h->prev != NULL)
        h->prev->next = h->next;
    else
        m->handles = h->next;
    if (h->next != NULL)
        h->next->prev = h->prev;
    if (h->cached) {
        h->node->cached_readers--;
        h->node->cache_settled = true;
    }
    if (h->reader != NULL && reader_is_proved(h->reader))
        memcpy(h->node->proved_etag, reader_etag(h->reader), sizeof h->node->proved_etag);
}

void handle_close(struct mount *m, struct handle *h)
{
    bool unheard = false;
    int rc = h->writing != NULL ? writing_close(m, h->node, h->writing, h->flushed, &unheard) : 0;
    if (unheard)
        writing_remember_lost(m, h->node, rc);
    lock_take(&m->lock);
    handle_unlist_locked(m, h);
    lock_give(&m->lock);
    reader_free(h->reader);
    node_unpin(m, h->node);
    free(h);
}

static int open_node(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct handle **out)
{
    struct mount *m = mount_of(req);
    struct node *node = node_pin(m, ino);
    int rc = node != NULL ? handle_new(m, node, out) : err_set(-ESTALE, "unknown inode");
    if (rc < 0)
        return rc;
    if (wants_to_write(fi->flags) || (fi->flags & O_TRUNC) != 0)
        return open_for_writing(req, *out, false, fi);
    return open_for_reading(m, *out, fi);
}

void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    AUDIT_SCOPE(by, audit_by_caller(fuse_req_ctx(req)->uid, fuse_req_ctx(req)->pid));
    struct mount *m = mount_of(req);
    struct handle *h = NULL;
    int rc = open_node(req, ino, fi, &h);
    if (rc == 0) {
        fi->fh = (uint64_t)(uintptr_t)h;
        // -ENOENT: the open was interrupted, and no release will come.
        if (fuse_reply_open(req, fi) != -ENOENT)
            return;
    } else {
        reply_node_error(req, rc, "open", h != NULL ? h->node : NULL);
    }
    if (h != NULL)
        handle_close(m, h);
}

// The directory may be renamed at any time: under the lock its name and the new node agree, and
// from then on they move together.
static int make_node(struct mount *m, fuse_ino_t parent, const char *name, struct node **node)
{
    AUTO_FREE char *path = NULL;
    WITH_LOCK(&m->lock);
    int rc = path_of_child_locked(m, parent, name, &path);
    return rc < 0 ? rc : node_obtain_locked(m, path, false, node);
}

static int create_file(fuse_req_t req, fuse_ino_t parent, const char *name,
                       struct fuse_file_info *fi, struct handle **out)
{
    struct mount *m = mount_of(req);
    struct node *node = NULL;
    int rc = make_node(m, parent, name, &node);
    if (rc == 0)
        rc = handle_new(m, node, out);
    return rc < 0 ? rc : open_for_writing(req, *out, true, fi);
}

void fs_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
               struct fuse_file_info *fi)
{
    AUDIT_SCOPE(by, audit_by_caller(fuse_req_ctx(req)->uid, fuse_req_ctx(req)->pid));
    struct mount *m = mount_of(req);
    struct fuse_entry_param entry = {.entry_timeout = FS_ATTR_SECONDS};
    struct handle *h = NULL;
    int rc = create_file(req, parent, name, fi, &h);
    if (rc < 0) {
        reply_error(req, rc, "create", name);
        if (h != NULL)
            handle_close(m, h);
        return;
    }
    lock_take(&m->lock);
    h->node->mode = mode & 07777;
    h->node->has_mode = true;
    h->node->has_mtime = false;
    attr_of_locked(m, h->node, &entry.attr, &entry.attr_timeout);
    entry.ino = h->node->ino;
    node_remember_locked(h->node);
    lock_give(&m->lock);
    fi->fh = (uint64_t)(uintptr_t)h;
    if (fuse_reply_create(req, &entry, fi) == -ENOENT) {
        handle_close(m, h);
        node_forget(m, entry.ino, 1);
    }
}

// ---- read ----

// A reader for a handle that was opened while the file was being written: of what that became.
static int late_reader(struct mount *m, struct handle *h)
{
    AUTO_FREE char *path = NULL;
    struct reader *reader = NULL;
    int rc = open_reader(m, h->node, &path, &reader);
    if (rc < 0)
        return rc;
    lock_take(&m->lock);
    bool same = h->node->released_serial == h->follows &&
                strcmp(h->node->released_etag, reader_etag(reader)) == 0;
    if (same && h->reader == NULL)
        h->reader = TAKE(reader);
    lock_give(&m->lock);
    reader_free(reader);
    return same ? 0 : err_set(-ESTALE, "it was replaced while it was open");
}

static int gone_while_open(int rc)
{
    return rc == -ENOENT ? err_set(-ESTALE, "it was removed or renamed while it was open") : rc;
}

// Through the kernel's pages a short read would be filled up with zeros, if the kernel knows of a
// longer file: one that another handle writes, wrote, or gave up. What was told last is what it
// has: it drops an answer that was overtaken by a later one.
static int check_end(struct mount *m, struct handle *h, uint64_t end)
{
    WITH_LOCK(&m->lock);
    if (h->cached && h->node->told_size > end)
        return err_set(-ESTALE, "it was replaced while it was open");
    return 0;
}

static int read_followed(struct mount *m, struct handle *h, uint64_t offset, void *out, size_t size,
                         size_t *got)
{
    struct writing *writing = writing_pin(m, h->node);
    int rc = writing != NULL && writing->serial != h->follows
                 ? err_set(-ESTALE, "it was replaced while it was open")
                 : 0;
    if (rc == 0 && writing != NULL)
        rc = writer_read(writing->writer, offset, out, size, got);
    else if (rc == 0)
        rc = late_reader(m, h);
    bool released = writing == NULL;
    writing_unpin(m, writing);
    return rc == 0 && released ? reader_read(h->reader, offset, out, size, got) : rc;
}

static int read_somewhere(struct mount *m, struct handle *h, uint64_t offset, void *out,
                          size_t size, size_t *got)
{
    if (h->writing != NULL)
        return writer_read(h->writing->writer, offset, out, size, got);
    lock_take(&m->lock);
    struct reader *reader = h->reader; // once set it stays until the release
    if (h->cached)
        h->node->cache_settled = true; // opening has dropped what was there
    lock_give(&m->lock);
    int rc = reader != NULL ? reader_read(reader, offset, out, size, got)
                            : read_followed(m, h, offset, out, size, got);
    return rc == 0 && *got < size ? check_end(m, h, offset + *got) : gone_while_open(rc);
}

void fs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
    (void)ino;
    struct mount *m = mount_of(req);
    struct handle *h = (struct handle *)(uintptr_t)fi->fh;
    size_t got = 0;
    AUTO_FREE char *out = malloc(size + 1);
    int rc = out != NULL ? read_somewhere(m, h, (uint64_t)off, out, size, &got)
                         : err_set(-ENOMEM, "out of memory");
    if (rc < 0)
        reply_node_error(req, rc, "read", h->node);
    else
        fuse_reply_buf(req, out, got);
    if (out != NULL)
        secret_wipe(out, got); // plaintext
}

// ---- write, sizes ----

// The kernel makes the file longer when it hears of success, whatever it was told meanwhile.
static void note_told_end(struct mount *m, struct node *node, uint64_t end)
{
    WITH_LOCK(&m->lock);
    if (node->told_size < end)
        node->told_size = end;
}

// What arrives lies in a buffer of libfuse's, one a thread for its whole life, and it is plaintext:
// the pages are marked when they are first met.
static void keep_out_of_dumps(const char *buf, size_t size)
{
    static _Thread_local const char *known;
    static _Thread_local size_t known_size;
    if (buf == known && size <= known_size)
        return;
    harden_dontdump(buf, size);
    known = buf;
    known_size = size;
}

void fs_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
              struct fuse_file_info *fi)
{
    (void)ino;
    struct mount *m = mount_of(req);
    struct handle *h = (struct handle *)(uintptr_t)fi->fh;
    struct interruption interruption;
    keep_out_of_dumps(buf, size);
    if (h->writing == NULL) {
        reply_error(req, err_set(-EACCES, "the file is open for reading only"), "write", NULL);
        return;
    }
    handle_note_write(m, h, fuse_req_ctx(req)->pid, (uint64_t)off + size);
    interruption_begin(&interruption, req);
    size_t taken = 0;
    int rc = writer_write_some(h->writing->writer, (uint64_t)off, buf, size, &interruption.raised,
                               &taken);
    interruption_end(&interruption);
    if (rc < 0) {
        writing_reply_error(req, h, rc, "write");
        return;
    }
    note_told_end(m, h->node, (uint64_t)off + taken);
    fuse_reply_write(req, taken);
}

static int allocate(struct mount *m, struct handle *h, uint64_t end, bool keep_size)
{
    int rc = writer_allocate(h->writing->writer, end, keep_size);
    if (rc == 0 && !keep_size)
        note_told_end(m, h->node, end);
    return rc;
}

void fs_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
                  struct fuse_file_info *fi)
{
    (void)ino;
    struct handle *h = (struct handle *)(uintptr_t)fi->fh;
    int rc;
    if ((mode & ~FALLOC_FL_KEEP_SIZE) != 0)
        rc = err_set(-EOPNOTSUPP, "fallocate mode %d: only reserving space is supported", mode);
    else if (h->writing == NULL)
        rc = err_set(-EACCES, "the file is open for reading only");
    else
        rc = allocate(mount_of(req), h, (uint64_t)(offset + length),
                      (mode & FALLOC_FL_KEEP_SIZE) != 0);
    if (rc < 0)
        reply_node_error(req, rc, "fallocate", h->node);
    else
        fuse_reply_err(req, 0);
}

int file_truncate(struct mount *m, struct node *node, uint64_t size)
{
    struct writing_request request = {.create = size == 0, .momentary = true, .tid = getpid()};
    struct writing *writing = writing_hold(m, node);
    bool unheard;
    int rc = 0;
    if (writing == NULL) // nobody has it open: opened, cut and committed at once
        rc = writing_open(m, node, &request, &writing);
    if (rc < 0)
        return rc;
    rc = writer_truncate(writing->writer, size);
    int closed = writing_close(m, node, writing, true, &unheard);
    return rc < 0 ? rc : closed;
}
