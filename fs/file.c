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

static bool is_being_written(struct mount *m, struct node *node)
{
    struct writing *writing = writing_pin(m, node);
    struct writer_status status = {0};
    if (writing != NULL)
        writer_status(writing->writer, &status);
    writing_unpin(m, writing);
    return writing != NULL && status.failure.code == 0 && status.dirty;
}

static int open_reader(struct mount *m, struct node *node, struct reader **out)
{
    AUTO_FREE char *path = NULL;
    AUTO_FREE char *key = NULL;
    int rc = node_path(m, node, &path);
    if (rc == 0)
        rc = path_key(m, path, &key);
    return rc < 0 ? rc : reader_open(m->volume, key, NULL, out);
}

// What the kernel may keep of the pages and the size that it has.
static void settle_cache(struct mount *m, struct node *node, const struct reader *reader,
                         struct fuse_file_info *fi)
{
    lock_take(&m->lock);
    bool same = node->seen.valid && strcmp(node->seen.etag, reader_etag(reader)) == 0;
    bool size_known = same && node->seen.size == reader_size(reader);
    bool was_exact = node->seen.size_exact;
    seen_from_info(&node->seen, reader_info(reader));
    lock_give(&m->lock);
    fi->keep_cache = same && size_known;
    // A size that was wrong until now is still in the kernel: reads of this handle go by ours.
    fi->direct_io = !size_known && !was_exact;
    if (!size_known)
        fuse_lowlevel_notify_inval_inode(m->session, node->ino, 0, 0);
}

static int open_for_reading(struct mount *m, struct handle *h, struct fuse_file_info *fi)
{
    if (is_being_written(m, h->node)) {
        fi->direct_io = 1; // each read finds out where the bytes are
        return 0;
    }
    int rc = open_reader(m, h->node, &h->reader);
    if (rc == 0)
        settle_cache(m, h->node, h->reader, fi);
    return rc;
}

// ---- open, create ----

static int open_for_writing(fuse_req_t req, struct handle *h, bool create,
                            struct fuse_file_info *fi)
{
    struct mount *m = mount_of(req);
    AUTO_FREE char *path = NULL;
    int rc = m->config.read_only ? err_set(-EROFS, "the mount is read-only")
                                 : node_path(m, h->node, &path);
    if (rc < 0)
        return rc;
    struct writing_request request = {
        .path = path,
        .create = create || (fi->flags & O_TRUNC) != 0,
        .tid = fuse_req_ctx(req)->pid,
        .uid = fuse_req_ctx(req)->uid,
    };
    fi->direct_io = 1;
    return writing_open(m, h->node, &request, &h->writing);
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

int handle_close(struct mount *m, struct handle *h, bool *unheard)
{
    *unheard = false;
    int rc = h->writing != NULL ? writing_close(m, h->node, h->writing, unheard) : 0;
    lock_take(&m->lock);
    if (h->prev != NULL)
        h->prev->next = h->next;
    else
        m->handles = h->next;
    if (h->next != NULL)
        h->next->prev = h->prev;
    lock_give(&m->lock);
    reader_free(h->reader);
    node_unpin(m, h->node);
    free(h);
    return rc;
}

// An open that failed, or whose caller has gone.
static void handle_drop(struct mount *m, struct handle *h)
{
    bool unheard;
    if (h != NULL && handle_close(m, h, &unheard) < 0)
        log_debug("open: %s", err_text());
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
    struct mount *m = mount_of(req);
    struct handle *h = NULL;
    int rc = open_node(req, ino, fi, &h);
    if (rc == 0) {
        fi->fh = (uint64_t)(uintptr_t)h;
        // -ENOENT: the open was interrupted, and no release will come.
        if (fuse_reply_open(req, fi) != -ENOENT)
            return;
    } else {
        reply_error(req, rc, "open", h != NULL && h->node->path != NULL ? h->node->path : "");
    }
    handle_drop(m, h);
}

static int make_node(struct mount *m, const char *path, struct node **node)
{
    WITH_LOCK(&m->lock);
    return node_obtain_locked(m, path, false, node);
}

static int create_file(fuse_req_t req, const char *path, struct fuse_file_info *fi,
                       struct handle **out)
{
    struct mount *m = mount_of(req);
    struct node *node = NULL;
    int rc = make_node(m, path, &node);
    if (rc == 0)
        rc = handle_new(m, node, out);
    return rc < 0 ? rc : open_for_writing(req, *out, true, fi);
}

void fs_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
               struct fuse_file_info *fi)
{
    struct mount *m = mount_of(req);
    AUTO_FREE char *path = NULL;
    struct fuse_entry_param entry = {.entry_timeout = FS_ATTR_SECONDS};
    struct handle *h = NULL;
    int rc = path_of_child(m, parent, name, &path);
    if (rc == 0)
        rc = create_file(req, path, fi, &h);
    if (rc < 0) {
        reply_error(req, rc, "create", path != NULL ? path : name);
        handle_drop(m, h);
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
        handle_drop(m, h);
        node_forget(m, entry.ino, 1);
    }
}

// ---- read ----

// A reader for a handle that was opened while the file was being written.
static int late_reader(struct mount *m, struct handle *h)
{
    struct reader *reader = NULL;
    int rc = open_reader(m, h->node, &reader);
    if (rc < 0)
        return rc;
    lock_take(&m->lock);
    if (h->reader == NULL)
        h->reader = TAKE(reader);
    lock_give(&m->lock);
    reader_free(reader);
    return 0;
}

static int read_somewhere(struct mount *m, struct handle *h, uint64_t offset, void *out,
                          size_t size, size_t *got)
{
    if (h->writing != NULL)
        return writer_read(h->writing->writer, offset, out, size, got);
    lock_take(&m->lock);
    struct reader *reader = h->reader; // once set it stays until the release
    lock_give(&m->lock);
    if (reader == NULL) {
        struct writing *writing = writing_pin(m, h->node);
        int rc = writing != NULL ? writer_read(writing->writer, offset, out, size, got)
                                 : late_reader(m, h);
        writing_unpin(m, writing);
        return rc < 0 || writing != NULL ? rc : read_somewhere(m, h, offset, out, size, got);
    }
    int rc = reader_read(reader, offset, out, size, got);
    return rc == -ENOENT ? err_set(-ESTALE, "it was removed or renamed while it was open") : rc;
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
        reply_error(req, rc, "read", NULL);
    else
        fuse_reply_buf(req, out, got);
    if (out != NULL)
        secret_wipe(out, got); // plaintext
}

// ---- write, sizes ----

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
    writing_note_writer(m, h->writing, fuse_req_ctx(req)->pid);
    interruption_begin(&interruption, req);
    int rc = writer_write(h->writing->writer, (uint64_t)off, buf, size, &interruption.raised);
    interruption_end(&interruption);
    if (rc < 0)
        reply_error(req, rc, "write", NULL);
    else
        fuse_reply_write(req, size);
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
        rc = writer_allocate(h->writing->writer, (uint64_t)(offset + length),
                             (mode & FALLOC_FL_KEEP_SIZE) != 0);
    if (rc < 0)
        reply_error(req, rc, "fallocate", NULL);
    else
        fuse_reply_err(req, 0);
}

// Nobody has it open: opened, cut and committed at once.
static int truncate_closed(struct mount *m, struct node *node, uint64_t size)
{
    AUTO_FREE char *path = NULL;
    struct writing *writing = NULL;
    bool unheard;
    int rc = node_path(m, node, &path);
    if (rc < 0)
        return rc;
    struct writing_request request = {.path = path, .create = size == 0, .tid = getpid()};
    rc = writing_open(m, node, &request, &writing);
    if (rc < 0)
        return rc;
    lock_take(&m->lock);
    writing->flushed = true; // over in a moment: who opens it meanwhile may wait
    lock_give(&m->lock);
    rc = writer_truncate(writing->writer, size);
    int closed = writing_close(m, node, writing, &unheard);
    return rc < 0 ? rc : closed;
}

int file_truncate(struct mount *m, struct node *node, uint64_t size)
{
    lock_take(&m->lock);
    if (node->writing != NULL && node->writing->releasing)
        writing_wait_released_locked(m, node);
    lock_give(&m->lock);
    struct writing *writing = writing_pin(m, node);
    if (writing == NULL)
        return truncate_closed(m, node, size);
    int rc = writer_truncate(writing->writer, size);
    writing_unpin(m, writing);
    return rc;
}
