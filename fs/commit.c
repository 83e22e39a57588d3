// When what is written is committed: fsync, and the close that the file's opener makes. Not every
// FLUSH is one: the kernel sends it for each descriptor that is closed, also for a dup, by a child,
// and before the first byte. The rules are in docs/SEMANTICS.md, "The commit".
#include "fs/fs_internal.h"
#include "mtf/mtf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"
#include "common/metrics.h"

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
    metrics_count_told(err_for_mount(code));
    fuse_reply_err(req, err_for_mount(code));
}

// ---- the commit and its line in the log ----

static char *path_locked(const struct node *node)
{
    return node->path != NULL ? strdup(node->path) : NULL;
}

// The version is there, also if the file goes on being written or has a declared tail.
static void saw_commit_locked(struct node *node, const struct writing *writing,
                              const struct writer_status *s)
{
    node->seen = (struct seen){
        .valid = true, .size = s->bytes, .size_exact = true, .mtime_s = clock_wall_s()};
    memcpy(node->seen.etag, s->etag, sizeof s->etag);
    node->has_mtime = node->has_mtime && writing->mtime_set;
}

// News of a commit: the path, NULL if there are none. free().
static char *note_commit(struct mount *m, struct node *node, struct writing *writing,
                         const struct writer_status *s)
{
    WITH_LOCK(&m->lock);
    if (!s->has_committed || s->parts == 0)
        return NULL;
    if (strcmp(node->seen.etag, s->etag) != 0)
        saw_commit_locked(node, writing, s);
    if (s->dirty || strcmp(writing->logged_etag, s->etag) == 0)
        return NULL;
    memcpy(writing->logged_etag, s->etag, sizeof s->etag);
    return path_locked(node);
}

static void log_commit(struct mount *m, struct node *node, struct writing *writing,
                       const struct writer_status *s)
{
    AUTO_FREE char *path = note_commit(m, node, writing, s);
    char content[MTF_SUMMARY_TEXT];
    if (path == NULL)
        return;
    mtf_summary_format(&s->content, content);
    log_info("%s%s: committed %" PRIu64
             " bytes in %u part%s, %.1f s, %.1f MB/s, version %s, written by %s (pid %d, uid %u)"
             "%s%s",
             m->config.prefix, path, s->bytes, s->parts, s->parts == 1 ? "" : "s", s->seconds,
             s->seconds > 0 ? (double)s->bytes / 1e6 / s->seconds : 0.0,
             s->version_id[0] != '\0' ? s->version_id : "-",
             writing->opener.name[0] != '\0' ? writing->opener.name : "?",
             (int)writing->opener.tgid, (unsigned)writing->uid, content[0] != '\0' ? ": " : "",
             content);
}

// A file that its writer closed, and that lacks the end which SQL Server gives to every backup. It
// is what the writer wanted stored, so this is no error.
static void warn_if_unfinished(struct mount *m, struct node *node, struct writing *writing,
                               const struct writer_status *s)
{
    AUTO_FREE char *path = NULL;
    if (!s->has_committed || s->dirty || !mtf_summary_is_unfinished(&s->content))
        return;
    lock_take(&m->lock);
    if (strcmp(writing->warned_etag, s->etag) != 0)
        path = path_locked(node);
    memcpy(writing->warned_etag, s->etag, sizeof s->etag);
    lock_give(&m->lock);
    if (path != NULL)
        log_warn("%s%s: looks like an unfinished SQL Server backup: it was closed without the "
                 "filemark that ends one",
                 m->config.prefix, path);
}

int writing_commit(struct mount *m, struct node *node, struct writing *writing,
                   enum writer_commit_kind kind, const atomic_bool *interrupted)
{
    struct writer_status status;
    int rc = writer_commit(writing->writer, kind, interrupted);
    if (rc < 0)
        return rc;
    writer_status(writing->writer, &status);
    log_commit(m, node, writing, &status);
    if (kind == WRITER_CLOSE)
        warn_if_unfinished(m, node, writing, &status);
    return 0;
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

void handle_note_write(struct mount *m, struct handle *h, pid_t tid, uint64_t end)
{
    lock_take(&m->lock);
    if (h->node->told_size < end)
        h->node->told_size = end;
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
    // an empty file. But a file that had been there and was made empty is, when this returns.
    if (!status.dirty || (status.size == 0 && !status.has_committed))
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

void fs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    handle_close(mount_of(req), (struct handle *)(uintptr_t)fi->fh);
    fuse_reply_err(req, 0);
}
