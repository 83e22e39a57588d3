// When what is written is committed: fsync, and the close that the file's opener makes. Not every
// FLUSH is one: the kernel sends it for each descriptor that is closed, also for a dup, by a child,
// and before the first byte. The rules are in docs/SEMANTICS.md, "The commit".
#include "fs/fs_internal.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// ---- interruption ----

static void raise_flag(fuse_req_t req, void *data)
{
    (void)req;
    atomic_store(&((struct interruption *)data)->raised, true);
}

void interruption_begin(struct interruption *i, fuse_req_t req)
{
    i->req = req;
    atomic_init(&i->raised, false);
    fuse_req_interrupt_func(req, raise_flag, i);
}

void interruption_end(struct interruption *i)
{
    fuse_req_interrupt_func(i->req, NULL, NULL);
}

// ---- replies ----

void writing_reply_error(fuse_req_t req, struct writing *writing, int code, const char *what)
{
    struct writer_status status;
    writer_status(writing->writer, &status);
    if (status.failure.code == 0) {
        reply_error(req, code, what, NULL);
        return;
    }
    log_debug("%s: %s", what, err_text());
    fuse_reply_err(req, err_for_mount(code));
}

// ---- references ----

struct writing *writing_pin(struct mount *m, struct node *node)
{
    WITH_LOCK(&m->lock);
    if (node->writing != NULL)
        node->writing->refs++;
    return node->writing;
}

void writing_unpin(struct mount *m, struct writing *writing)
{
    if (writing == NULL)
        return;
    lock_take(&m->lock);
    assert(writing->refs > 0);
    bool last = --writing->refs == 0;
    lock_give(&m->lock);
    if (!last)
        return;
    writer_free(writing->writer); // may abort an upload: no lock
    free(writing);
}

// ---- opening ----

static bool will_be_released_locked(const struct writing *writing)
{
    return writing->releasing || writing->flushed || writing->handles == 0 ||
           process_has_ended(&writing->opener);
}

bool writing_wait_released_locked(struct mount *m, struct node *node)
{
    // close() has returned before the kernel sends RELEASE: who opens the file next must not be
    // told that it is busy.
    int64_t until = clock_ms() + FS_RELEASE_WAIT_MS;
    while (node->writing != NULL && will_be_released_locked(node->writing)) {
        int64_t left = until - clock_ms();
        if (left <= 0)
            break;
        cond_wait_ms(&m->changed, &m->lock, left);
    }
    return node->writing == NULL;
}

static bool may_share_locked(const struct writing *writing, const struct process *who)
{
    return !writing->releasing && !writing->unlinked && process_same(&writing->opener, who);
}

static int check_lost_locked(struct mount *m, const char *path)
{
    struct lost_file *lost;
    HASH_FIND_STR(m->lost, path, lost);
    if (lost == NULL)
        return 0;
    int rc = err_set(-EIO, "%s: what was last written to it was lost when it was closed: %s", path,
                     lost->failure.text);
    HASH_DEL(m->lost, lost);
    free(lost->path);
    free(lost);
    return rc;
}

// Waits for its turn at the node. 0: *shared is the one to share, or NULL and node->opening is
// ours.
static int claim_locked(struct mount *m, struct node *node, const char *path,
                        const struct process *who, struct writing **shared)
{
    while (node->opening)
        cond_wait_ms(&m->changed, &m->lock, -1); // KMS and S3 answer within their deadlines
    int rc = check_lost_locked(m, path);
    if (rc < 0)
        return rc;
    if (m->stopping)
        return err_set(-EBUSY, "%s: the mount is being stopped", path);
    *shared = node->writing;
    if (node->writing != NULL && may_share_locked(node->writing, who))
        return 0;
    if (node->writing != NULL && !writing_wait_released_locked(m, node))
        return err_set(-EBUSY, "%s is being written by %s (pid %d)", path,
                       node->writing->opener.name, (int)node->writing->opener.tgid);
    if (node->opening)
        return claim_locked(m, node, path, who, shared);
    *shared = NULL;
    node->opening = true;
    return 0;
}

static int make_writing(struct mount *m, const struct writing_request *request,
                        const struct process *who, struct writing **out)
{
    AUTO_FREE char *key = NULL;
    AUTO_FREE struct writing *writing = calloc(1, sizeof *writing);
    if (writing == NULL)
        return err_set(-ENOMEM, "out of memory");
    int rc = path_key(m, request->path, &key);
    if (rc == 0)
        rc = request->create ? writer_create(m->volume, key, &writing->writer)
                             : writer_open(m->volume, key, NULL, &writing->writer);
    if (rc < 0)
        return rc;
    writing->opener = *who;
    writing->uid = request->uid;
    *out = TAKE(writing);
    return 0;
}

int writing_open(struct mount *m, struct node *node, const struct writing_request *request,
                 struct writing **out)
{
    struct process who;
    struct writing *writing = NULL;
    process_of_thread(request->tid, &who);
    lock_take(&m->lock);
    int rc = claim_locked(m, node, request->path, &who, &writing);
    bool shared = rc == 0 && writing != NULL;
    if (rc == 0 && !shared) {
        lock_give(&m->lock);
        rc = make_writing(m, request, &who, &writing);
        lock_take(&m->lock);
        node->opening = false;
        if (rc == 0) {
            node->writing = writing;
            m->writings++;
            writing->refs++; // the node's own
        }
        pthread_cond_broadcast(&m->changed);
    }
    if (rc == 0) {
        writing->handles++;
        writing->refs++;
        writing->flushed = false;
        *out = writing;
    }
    lock_give(&m->lock);
    if (rc == 0 && shared && request->create) { // O_TRUNC
        rc = writer_truncate(writing->writer, 0);
        bool unheard;
        if (rc < 0 && writing_close(m, node, writing, &unheard) < 0)
            log_debug("%s: %s", request->path, err_text());
    }
    return rc;
}

// ---- the commit and its line in the log ----

static void log_commit(struct mount *m, struct node *node, struct writing *writing)
{
    struct writer_status s;
    AUTO_FREE char *path = NULL;
    writer_status(writing->writer, &s);
    lock_take(&m->lock);
    bool news =
        s.has_committed && !s.dirty && s.parts > 0 && strcmp(writing->logged_etag, s.etag) != 0;
    if (news) {
        memcpy(writing->logged_etag, s.etag, sizeof s.etag);
        node->seen = (struct seen){
            .valid = true, .size = s.bytes, .size_exact = true, .mtime_s = clock_wall_s()};
        memcpy(node->seen.etag, s.etag, sizeof s.etag);
        path = node->path != NULL ? strdup(node->path) : NULL;
    }
    lock_give(&m->lock);
    if (path == NULL)
        return;
    log_info("%s%s: committed %" PRIu64
             " bytes in %u part%s, %.1f s, %.1f MB/s, version %s, written by %s (pid %d, uid %u)",
             m->config.prefix, path, s.bytes, s.parts, s.parts == 1 ? "" : "s", s.seconds,
             s.seconds > 0 ? (double)s.bytes / 1e6 / s.seconds : 0.0,
             s.version_id[0] != '\0' ? s.version_id : "-",
             writing->opener.name[0] != '\0' ? writing->opener.name : "?",
             (int)writing->opener.tgid, (unsigned)writing->uid);
}

int writing_commit(struct mount *m, struct node *node, struct writing *writing,
                   enum writer_commit_kind kind, const atomic_bool *interrupted)
{
    int rc = writer_commit(writing->writer, kind, interrupted);
    if (rc == 0)
        log_commit(m, node, writing);
    return rc;
}

// ---- who wrote ----

void writing_note_writer(struct mount *m, struct writing *writing, pid_t tid)
{
    unsigned slot = (unsigned)tid % FS_WRITERS_PER_FILE_MAX;
    lock_take(&m->lock);
    bool known = writing->tids[slot] == tid;
    writing->flushed = false;
    lock_give(&m->lock);
    if (known || tid == 0)
        return;
    struct process who;
    process_of_thread(tid, &who);
    WITH_LOCK(&m->lock);
    writing->tids[slot] = tid;
    for (unsigned i = 0; i < writing->writers_count; i++) {
        if (process_same(&writing->writers[i], &who))
            return;
    }
    if (writing->writers_count < FS_WRITERS_PER_FILE_MAX)
        writing->writers[writing->writers_count++] = who;
}

static bool has_written(struct mount *m, struct writing *writing, const struct process *who)
{
    WITH_LOCK(&m->lock);
    for (unsigned i = 0; i < writing->writers_count; i++) {
        if (process_same(&writing->writers[i], who))
            return true;
    }
    return false;
}

// ---- flush ----

enum flush_meaning {
    FLUSH_CLOSES, // the file's opener closes it: commit
    FLUSH_PASSES, // somebody else closes a copy of the descriptor: send on, and say what went wrong
                  // so far
    FLUSH_KILLED, // a writer is being killed: nothing of it may be published
};

static enum flush_meaning meaning_of(struct mount *m, struct writing *writing,
                                     const struct process *who, pid_t tid)
{
    bool is_opener = process_same(&writing->opener, who);
    bool opener_gone = process_has_ended(&writing->opener);
    if (who->dying_signal != 0 && (is_opener || opener_gone || has_written(m, writing, who)))
        return FLUSH_KILLED;
    // Without a pid (a foreign pid namespace) nothing can be told apart: better committed early
    // than late.
    if (tid == 0 || who->tgid == 0 || writing->opener.tgid == 0 || is_opener || opener_gone)
        return FLUSH_CLOSES;
    return FLUSH_PASSES;
}

static void abort_killed(struct writing *writing, const struct process *who)
{
    struct writer_status status;
    char why[160];
    writer_status(writing->writer, &status);
    if (!status.dirty || status.failure.code != 0)
        return;
    snprintf(why, sizeof why, "its writer %s (pid %d) was killed by signal %d", who->name,
             (int)who->tgid, who->dying_signal);
    writer_abort(writing->writer, -EIO, why);
}

static int commit_at_close(struct mount *m, struct node *node, struct writing *writing)
{
    struct writer_status status;
    writer_status(writing->writer, &status);
    if (status.failure.code != 0)
        return err_restore(&status.failure);
    // Nothing was written yet: dd and shells close a copy before the first byte. The release makes
    // an empty file.
    if (!status.dirty || status.size == 0)
        return 0;
    lock_take(&m->lock);
    enum writer_commit_kind kind = writing->handles > 1 ? WRITER_FSYNC : WRITER_CLOSE;
    writing->flushed = writing->handles == 1;
    lock_give(&m->lock);
    return writing_commit(m, node, writing, kind, NULL);
}

static int flush(struct mount *m, struct node *node, struct writing *writing, pid_t tid)
{
    struct process who;
    if (writing->unlinked)
        return 0;
    process_of_thread(tid, &who);
    switch (meaning_of(m, writing, &who, tid)) {
    case FLUSH_CLOSES:
        return commit_at_close(m, node, writing);
    case FLUSH_KILLED:
        abort_killed(writing, &who);
        return err_set(-EIO, "the writer was killed");
    case FLUSH_PASSES:
        break;
    }
    return writer_drain(writing->writer);
}

void fs_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    struct mount *m = mount_of(req);
    struct handle *h = (struct handle *)(uintptr_t)fi->fh;
    int rc = h->writing != NULL ? flush(m, h->node, h->writing, fuse_req_ctx(req)->pid) : 0;
    if (rc < 0)
        writing_reply_error(req, h->writing, rc, "close");
    else
        fuse_reply_err(req, 0);
}

// ---- fsync ----

void fs_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
    (void)ino, (void)datasync;
    struct mount *m = mount_of(req);
    struct handle *h = (struct handle *)(uintptr_t)fi->fh;
    struct interruption interruption;
    int rc = 0;
    if (h->writing != NULL) {
        interruption_begin(&interruption, req);
        rc = writing_commit(m, h->node, h->writing, WRITER_FSYNC, &interruption.raised);
        interruption_end(&interruption);
    }
    if (rc < 0)
        writing_reply_error(req, h->writing, rc, "fsync");
    else
        fuse_reply_err(req, 0);
}

// ---- release ----

static int commit_rest(struct mount *m, struct node *node, struct writing *writing, bool *unheard)
{
    struct writer_status status;
    writer_status(writing->writer, &status);
    *unheard = false;
    if (writing->unlinked)
        return 0;
    if (status.failure.code != 0)
        return err_restore(&status.failure); // every call since has said so
    if (!status.dirty)
        return 0;
    int rc = writing_commit(m, node, writing, WRITER_CLOSE, NULL);
    *unheard = rc < 0;
    return rc;
}

int writing_close(struct mount *m, struct node *node, struct writing *writing, bool *unheard)
{
    *unheard = false;
    lock_take(&m->lock);
    assert(writing->handles > 0);
    bool last = --writing->handles == 0;
    writing->releasing = writing->releasing || last;
    lock_give(&m->lock);
    int rc = 0;
    if (last) {
        rc = commit_rest(m, node, writing, unheard);
        lock_take(&m->lock);
        if (node->writing == writing)
            node->writing = NULL;
        lock_give(&m->lock);
        writing_unpin(m, writing); // the node's
        lock_take(&m->lock);
        m->writings--;
        pthread_cond_broadcast(&m->changed);
        lock_give(&m->lock);
    }
    writing_unpin(m, writing);
    return rc;
}

static void remember_lost(struct mount *m, struct node *node, int code)
{
    struct err_saved failure;
    err_save(&failure, code);
    log_error(
        "%s%s: LOST: the last close could not commit it, and no program was there to hear: %s",
        m->config.prefix, node->path != NULL ? node->path : "?", failure.text);
    WITH_LOCK(&m->lock);
    m->lost_count++;
    struct lost_file *lost = node->path != NULL ? calloc(1, sizeof *lost) : NULL;
    if (lost == NULL || (lost->path = strdup(node->path)) == NULL) {
        free(lost);
        return;
    }
    lost->failure = failure;
    struct lost_file *old;
    HASH_FIND_STR(m->lost, lost->path, old);
    if (old != NULL) {
        HASH_DEL(m->lost, old);
        free(old->path);
        free(old);
    }
    HASH_ADD_KEYPTR(hh, m->lost, lost->path, strlen(lost->path), lost);
}

void fs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct mount *m = mount_of(req);
    bool unheard = false;
    struct node *node = node_pin(m, ino); // for its name, after the handle's pin is gone
    int rc = handle_close(m, (struct handle *)(uintptr_t)fi->fh, &unheard);
    if (unheard)
        remember_lost(m, node, rc);
    node_unpin(m, node);
    fuse_reply_err(req, 0);
}

// ---- unlink ----

void writing_unlink(struct mount *m, struct node *node)
{
    struct writing *writing = writing_pin(m, node);
    if (writing == NULL)
        return;
    lock_take(&m->lock);
    writing->unlinked = true;
    lock_give(&m->lock);
    writer_abort(writing->writer, -EIO, "the file was removed");
    writing_unpin(m, writing);
}
