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

void writing_reply_error(fuse_req_t req, struct handle *h, int code, const char *what)
{
    struct writer_status status;
    writing_note_heard(mount_of(req), h->writing);
    writer_status(h->writing->writer, &status);
    if (status.failure.code == 0) {
        reply_node_error(req, code, what, h->node);
        return;
    }
    log_debug("%s: %s", what, err_text());
    fuse_reply_err(req, err_for_mount(code));
}

// ---- references ----

static void writing_destroy(struct writing *writing)
{
    writer_free(writing->writer); // may abort an upload: no lock
    free(writing);
}

struct writing *writing_pin(struct mount *m, struct node *node)
{
    WITH_LOCK(&m->lock);
    if (node->writing != NULL)
        node->writing->refs++;
    return node->writing;
}

struct writing *writing_hold(struct mount *m, struct node *node)
{
    WITH_LOCK(&m->lock);
    struct writing *writing = node->writing;
    if (writing == NULL || writing->releasing)
        return NULL;
    writing->refs++;
    writing->handles++;
    return writing;
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
    writing_destroy(writing);
}

// ---- opening ----

static bool will_be_released_locked(const struct writing *writing)
{
    return writing->releasing || writing->unclosed == 0 || process_has_ended(&writing->opener);
}

static bool is_moving_locked(struct mount *m, const char *path)
{
    for (struct moving *moving = m->moving; moving != NULL; moving = moving->next) {
        if (path_is_below(path, moving->from) || path_is_below(path, moving->to))
            return true;
    }
    return false;
}

void lost_forget_locked(struct mount *m, const char *path)
{
    struct lost_file *lost;
    HASH_FIND_STR(m->lost, path, lost);
    if (lost == NULL)
        return;
    HASH_DEL(m->lost, lost);
    free(lost->path);
    free(lost);
}

int lost_check_locked(struct mount *m, const char *path)
{
    struct lost_file *lost;
    HASH_FIND_STR(m->lost, path, lost);
    if (lost == NULL)
        return 0;
    int rc = err_set(-EIO, "%s: what was last written to it was lost when it was closed: %s", path,
                     lost->failure.text);
    lost_forget_locked(m, path);
    return rc;
}

static int busy_locked(const struct node *node)
{
    const struct writing *writing = node->writing;
    if (writing == NULL)
        return err_set(-EBUSY, "it is being moved, removed or opened");
    return err_set(-EBUSY, "it is being written by %s (pid %d)", writing->opener.name,
                   (int)writing->opener.tgid);
}

// Shares what is written with the process that opened it, unless that failed: 0 and *shared, or
// -EAGAIN.
static int share_locked(struct node *node, const struct process *who, struct writing **shared)
{
    struct writing *writing = node->writing;
    struct writer_status status;
    if (writing == NULL || writing->releasing || !process_same(&writing->opener, who))
        return -EAGAIN;
    writer_status(writing->writer, &status);
    if (status.failure.code != 0)
        return will_be_released_locked(writing) ? -EAGAIN : err_restore(&status.failure);
    *shared = writing;
    return 0;
}

// Waits for its turn at the node. 0: *shared is the one to share, or NULL and the claim is ours.
static int claim_locked(struct mount *m, struct node *node, const struct process *who,
                        struct writing **shared)
{
    // close() has returned before the kernel sends RELEASE: who opens the file next must not be
    // told that it is busy.
    int64_t until = clock_ms() + FS_RELEASE_WAIT_MS;
    *shared = NULL;
    for (;;) {
        if (node->path == NULL) // the kernel asks for the name again
            return err_set(-ESTALE, "it was removed or replaced");
        if (m->stopping)
            return err_set(-EBUSY, "the mount is being stopped");
        int rc = lost_check_locked(m, node->path);
        if (rc < 0)
            return rc;
        bool moves = node->claimed || is_moving_locked(m, node->path);
        rc = moves || who == NULL ? -EAGAIN : share_locked(node, who, shared);
        if (rc != -EAGAIN)
            return rc;
        if (!moves && node->writing == NULL)
            break;
        int64_t left = until - clock_ms();
        if (left <= 0 || (!moves && !will_be_released_locked(node->writing)))
            return busy_locked(node);
        cond_wait_ms(&m->changed, &m->lock, left);
    }
    node->claimed = true;
    return 0;
}

int node_claim_locked(struct mount *m, struct node *node)
{
    int64_t until = clock_ms() + FS_RELEASE_WAIT_MS;
    while (node->claimed || (node->writing != NULL && will_be_released_locked(node->writing))) {
        int64_t left = until - clock_ms();
        if (left <= 0 && node->claimed)
            return busy_locked(node);
        if (left <= 0)
            break;
        cond_wait_ms(&m->changed, &m->lock, left);
    }
    node->claimed = true;
    return 0;
}

void node_unclaim_locked(struct mount *m, struct node *node)
{
    node->claimed = false;
    pthread_cond_broadcast(&m->changed);
}

void writing_await_release(struct mount *m, struct node *node)
{
    struct writer_status status;
    int64_t until = clock_ms() + FS_RELEASE_WAIT_MS / 8;
    WITH_LOCK(&m->lock);
    while (live_writing_locked(node, &status) && !status.dirty && node->writing->unclosed == 0) {
        int64_t left = until - clock_ms();
        if (left <= 0)
            return;
        cond_wait_ms(&m->changed, &m->lock, left);
    }
}

// No lock held; the claim is ours, so the name stays.
static int make_writing(struct mount *m, const char *path, const struct writing_request *request,
                        const struct process *who, struct writing **out)
{
    AUTO_FREE char *key = NULL;
    AUTO_FREE struct writing *writing = calloc(1, sizeof *writing);
    if (writing == NULL)
        return err_set(-ENOMEM, "out of memory");
    int rc = path_key(m, path, &key);
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

// An append goes where the kernel believes the end to be: its last look may have given a guess, or
// another host's older file. Now that the size is known the kernel shall look again.
static int check_end_locked(struct node *node, const struct writing *writing)
{
    struct writer_status status;
    writer_status(writing->writer, &status);
    if (node->seen.valid && node->seen.size == status.size)
        return 0;
    node->seen.valid = true;
    node->seen.size = status.size;
    node->seen.size_exact = true;
    memcpy(node->seen.etag, status.etag, sizeof status.etag);
    return err_set(-ESTALE, "its size was not known; the kernel looks again");
}

// The claim is ours.
static int make_claimed(struct mount *m, struct node *node, const struct writing_request *request,
                        const struct process *who, struct writing **out)
{
    AUTO_FREE char *path = NULL;
    struct writing *writing = NULL;
    int rc = node_path(m, node, &path);
    if (rc == 0)
        rc = make_writing(m, path, request, who, &writing);
    lock_take(&m->lock);
    if (rc == 0 && request->append && !request->create)
        rc = check_end_locked(node, writing);
    if (rc == 0) {
        node->writing = *out = writing;
        writing->serial = ++m->last_serial;
        m->writings++;
        writing->refs = 2; // the node's own, the caller's
        writing->handles = 1;
        writing->unclosed = request->momentary ? 0 : 1;
    }
    node_unclaim_locked(m, node);
    lock_give(&m->lock);
    if (rc < 0 && writing != NULL)
        writing_destroy(writing);
    return rc;
}

int writing_open(struct mount *m, struct node *node, const struct writing_request *request,
                 struct writing **out)
{
    struct process who;
    struct writing *writing = NULL;
    process_of_thread(request->tid, &who);
    lock_take(&m->lock);
    int rc = claim_locked(m, node, request->momentary ? NULL : &who, &writing);
    if (rc == 0 && writing != NULL) {
        writing->handles++;
        writing->unclosed++;
        writing->refs++;
    }
    lock_give(&m->lock);
    if (rc < 0)
        return rc;
    if (writing == NULL)
        return make_claimed(m, node, request, &who, out);
    rc = request->create ? writer_truncate(writing->writer, 0) : 0; // O_TRUNC
    bool unheard;
    if (rc < 0 && writing_close(m, node, writing, false, &unheard) < 0)
        log_debug("open: %s", err_text());
    if (rc == 0)
        *out = writing;
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

static void note_writer(struct mount *m, struct writing *writing, pid_t tid)
{
    struct process who;
    process_of_thread(tid, &who);
    WITH_LOCK(&m->lock);
    writing->tids[(unsigned)tid % FS_WRITERS_PER_FILE_MAX] = tid;
    for (unsigned i = 0; i < writing->writers_count; i++) {
        if (process_same(&writing->writers[i], &who))
            return;
    }
    if (writing->writers_count < FS_WRITERS_PER_FILE_MAX)
        writing->writers[writing->writers_count++] = who;
}

void handle_note_write(struct mount *m, struct handle *h, pid_t tid)
{
    lock_take(&m->lock);
    bool known = h->writing->tids[(unsigned)tid % FS_WRITERS_PER_FILE_MAX] == tid;
    if (h->flushed) {
        h->flushed = false;
        h->writing->unclosed++;
    }
    lock_give(&m->lock);
    if (!known && tid != 0)
        note_writer(m, h->writing, tid);
}

void writing_note_heard(struct mount *m, struct writing *writing)
{
    struct writer_status status;
    writer_status(writing->writer, &status);
    WITH_LOCK(&m->lock);
    writing->heard = writing->heard || status.failure.code != 0;
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

static int commit_at_close(struct mount *m, struct handle *h)
{
    struct writer_status status;
    writer_status(h->writing->writer, &status);
    if (status.failure.code != 0)
        return err_restore(&status.failure);
    // Nothing was written yet: dd and shells close a copy before the first byte. The release makes
    // an empty file.
    if (!status.dirty || status.size == 0)
        return 0;
    lock_take(&m->lock);
    bool last = h->writing->unclosed == 0;
    lock_give(&m->lock);
    return writing_commit(m, h->node, h->writing, last ? WRITER_CLOSE : WRITER_FSYNC, NULL);
}

// False if nobody wants the file any more.
static bool note_flush(struct mount *m, struct handle *h)
{
    WITH_LOCK(&m->lock);
    if (!h->flushed) {
        h->flushed = true;
        h->writing->unclosed--;
    }
    return !h->writing->unlinked;
}

static int flush(struct mount *m, struct handle *h, pid_t tid)
{
    struct process who;
    if (!note_flush(m, h))
        return 0;
    process_of_thread(tid, &who);
    switch (meaning_of(m, h->writing, &who, tid)) {
    case FLUSH_CLOSES:
        return commit_at_close(m, h);
    case FLUSH_KILLED:
        abort_killed(h->writing, &who);
        return err_set(-EINTR, "the writer was killed"); // it does not hear
    case FLUSH_PASSES:
        break;
    }
    return writer_drain(h->writing->writer);
}

void fs_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    struct mount *m = mount_of(req);
    struct handle *h = (struct handle *)(uintptr_t)fi->fh;
    int rc = h->writing != NULL ? flush(m, h, fuse_req_ctx(req)->pid) : 0;
    if (rc < 0)
        writing_reply_error(req, h, rc, "close");
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
        writing_reply_error(req, h, rc, "fsync");
    else
        fuse_reply_err(req, 0);
}

// ---- release ----

static int commit_rest(struct mount *m, struct node *node, struct writing *writing, bool *unheard)
{
    struct writer_status status;
    writer_status(writing->writer, &status);
    lock_take(&m->lock);
    bool unlinked = writing->unlinked;
    *unheard = status.failure.code != 0 && !unlinked && !writing->heard && !writing->given_up;
    lock_give(&m->lock);
    if (unlinked)
        return 0;
    if (status.failure.code != 0)
        return err_restore(&status.failure);
    if (!status.dirty)
        return 0;
    int rc = writing_commit(m, node, writing, WRITER_CLOSE, NULL);
    *unheard = rc < 0;
    return rc;
}

static void settle_released_locked(struct node *node, struct writing *writing)
{
    struct writer_status status;
    writer_status(writing->writer, &status);
    assert(node->writing == writing);
    node->writing = NULL;
    node->released_serial = writing->serial;
    memcpy(node->released_etag, status.etag, sizeof status.etag);
}

int writing_close(struct mount *m, struct node *node, struct writing *writing, bool flushed,
                  bool *unheard)
{
    *unheard = false;
    lock_take(&m->lock);
    assert(writing->handles > 0);
    if (!flushed)
        writing->unclosed--;
    bool last = --writing->handles == 0;
    writing->releasing = writing->releasing || last;
    lock_give(&m->lock);
    int rc = 0;
    if (last) {
        rc = commit_rest(m, node, writing, unheard);
        lock_take(&m->lock);
        settle_released_locked(node, writing);
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

void writing_remember_lost(struct mount *m, struct node *node, int code)
{
    struct err_saved failure;
    err_save(&failure, code);
    WITH_LOCK(&m->lock);
    m->lost_count++;
    log_error(
        "%s%s: LOST: the last close could not commit it, and no program was there to hear: %s",
        m->config.prefix, node->path != NULL ? node->path : "?", failure.text);
    if (node->path == NULL || HASH_COUNT(m->lost) >= FS_LOST_MAX)
        return;
    lost_forget_locked(m, node->path);
    struct lost_file *lost = calloc(1, sizeof *lost);
    if (lost == NULL || (lost->path = strdup(node->path)) == NULL) {
        free(lost);
        return;
    }
    lost->failure = failure;
    HASH_ADD_KEYPTR(hh, m->lost, lost->path, strlen(lost->path), lost);
}

void fs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    handle_close(mount_of(req), (struct handle *)(uintptr_t)fi->fh);
    fuse_reply_err(req, 0);
}

// ---- unlink ----

int writing_unlink(struct mount *m, struct node *node)
{
    struct writing *writing = writing_pin(m, node);
    if (writing == NULL)
        return 0;
    int rc = writer_discard(writing->writer, FS_RELEASE_WAIT_MS);
    lock_take(&m->lock);
    writing->unlinked = writing->unlinked || rc == 0;
    lock_give(&m->lock);
    writing_unpin(m, writing);
    return rc;
}
