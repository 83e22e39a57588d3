// What is written through a name, from its first open to its last close: sharing by one process,
// waiting for a release under way, and what becomes of a file whose last close fails with nobody to
// hear. When it is committed: commit.c.
#include "fs/fs_internal.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"
#include "common/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

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
    if (rc == 0 && !request->is_new)
        rc = write_once_check_key(m, key);
    if (rc == 0)
        rc = request->create ? writer_create(m->volume, key, &writing->writer)
                             : writer_open(m->volume, key, NULL, &writing->writer);
    if (rc < 0)
        return rc;
    writing->opener = *who;
    writing->uid = request->uid;
    writing->opened_ms = clock_wall_ms();
    *out = TAKE(writing);
    return 0;
}

// What opening has found out: the exact size of this version.
static void note_size_locked(struct node *node, const struct writer_status *status)
{
    node->seen.valid = true;
    node->seen.size = status->size;
    node->seen.size_exact = true;
    memcpy(node->seen.etag, status->etag, sizeof status->etag);
}

// An append goes where the kernel believes the end to be: what it was told last may have been a
// guess, or the size of another host's older file. Now that the size is known it shall look again.
static int check_end_locked(const struct node *node, const struct writer_status *status)
{
    return node->told_size == status->size
               ? 0
               : err_set(-ESTALE,
                         "its size is %" PRIu64 ", the kernel was told %" PRIu64 ": it looks again",
                         status->size, node->told_size);
}

// The same for one that is being written already: what a killed or failed writer left, the kernel
// still counts.
static int check_shared_end_locked(const struct node *node, const struct writing *writing)
{
    struct writer_status status;
    writer_status(writing->writer, &status);
    return check_end_locked(node, &status);
}

static int look_at_opened_locked(struct node *node, struct writing *writing, bool append)
{
    struct writer_status status;
    writer_status(writing->writer, &status);
    note_size_locked(node, &status);
    return append ? check_end_locked(node, &status) : 0;
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
    if (rc == 0 && !request->create)
        rc = look_at_opened_locked(node, writing, request->append);
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
    if (rc == 0 && writing != NULL && request->append && !request->create)
        rc = check_shared_end_locked(node, writing);
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

// ---- the last close ----

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

static void settle_released_locked(struct mount *m, struct node *node, struct writing *writing)
{
    struct writer_status status;
    writer_status(writing->writer, &status);
    assert(node->writing == writing);
    node->writing = NULL;
    node->released_serial = writing->serial;
    memcpy(node->released_etag, status.etag, sizeof status.etag);
    outcome_note_locked(m, node, writing, &status);
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
        settle_released_locked(m, node, writing);
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
    metric_add(METRIC_FILES_LOST, 1);
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
