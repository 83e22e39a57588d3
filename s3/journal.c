// This process's journal. See journal.h.
#include "s3/journal.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/lock.h"
#include "common/log.h"
#include "s3/config.h"
#include "s3/state_dir.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

struct journal {
    // Held over writes to the local disk, which is what is to be in order; only by uploads that
    // begin or end.
    struct lock lock;
    char *dir; // for texts; owned
    int dir_fd;
    int fd;                    // -1: there is no file yet
    char name[96];             // of the file
    off_t size;                // of whole lines
    bool torn;                 // an unfinished line could not be taken back
    bool told;                 // that it does not work
    struct journal_text state; // what the file says
};

// ---- who this is ----

static void read_first_line(const char *path, char *out, size_t out_size)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, out, out_size - 1) : -1;
    out[got > 0 ? got : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

// Field 22 of /proc/self/stat; the second is a name in parentheses that may hold anything.
static uint64_t start_ticks(void)
{
    char line[1024];
    uint64_t ticks = 0;
    read_first_line("/proc/self/stat", line, sizeof line);
    const char *rest = strrchr(line, ')');
    if (rest == NULL ||
        sscanf(rest + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
               "%*d %" SCNu64,
               &ticks) != 1)
        return 0;
    return ticks;
}

void journal_machine(char boot[static 64], char host[static 256])
{
    read_first_line("/proc/sys/kernel/random/boot_id", boot, 64);
    memset(host, 0, 256);
    gethostname(host, 255);
}

static int fill_head(struct journal_head *h, const struct journal_place *place)
{
    char boot[64], host[256];
    journal_machine(boot, host);
    h->bucket = strdup(place->bucket);
    h->endpoint = strdup(place->endpoint);
    h->region = strdup(place->region);
    h->host = strdup(host);
    h->boot = strdup(boot);
    h->pid = (uint64_t)getpid();
    h->start = start_ticks();
    h->time_s = clock_wall_s();
    return h->bucket == NULL || h->endpoint == NULL || h->region == NULL || h->host == NULL ||
                   h->boot == NULL
               ? err_set(-ENOMEM, "out of memory")
               : 0;
}

int journal_new(struct journal **out, const char *dir, const struct journal_place *place)
{
    struct journal *j = calloc(1, sizeof *j);
    if (j == NULL)
        return err_set(-ENOMEM, "out of memory");
    lock_init(&j->lock, LOCK_RANK_STORE);
    j->fd = j->dir_fd = -1;
    j->dir = strdup(dir);
    int rc = j->dir != NULL ? fill_head(&j->state.head, place) : err_set(-ENOMEM, "out of memory");
    if (rc == 0)
        rc = state_dir_open(dir, &j->dir_fd);
    if (rc < 0) {
        journal_free(j);
        return rc;
    }
    *out = j;
    return 0;
}

// ---- its file ----

static int say(const struct journal *j, const char *what)
{
    int code = errno;
    return err_set(-EIO, "%s/%s: cannot be %s: %s", j->dir, j->name, what, strerror(code));
}

// A sweep may take a file for a dead one's between its making and its lock, and remove it.
static int lock_file(const struct journal *j, int fd, bool *lost)
{
    struct stat st;
    int rc;
    do {
        rc = flock(fd, LOCK_EX);
    } while (rc != 0 && errno == EINTR);
    if (rc != 0 || fstat(fd, &st) != 0)
        return say(j, "locked");
    *lost = st.st_nlink == 0;
    return 0;
}

static int create_file(struct journal *j, int *out)
{
    static atomic_uint number; // several stores of one process
    for (int tries = 0; tries < JOURNAL_NAME_TRIES; tries++) {
        bool lost = false;
        const struct journal_head *h = &j->state.head;
        snprintf(j->name, sizeof j->name, JOURNAL_NAME_PREFIX "%.8s.%" PRIu64 ".%" PRIu64 ".%u",
                 h->boot, h->pid, h->start, atomic_fetch_add(&number, 1));
        AUTO_CLOSE int fd =
            openat(j->dir_fd, j->name,
                   O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0 && errno == EEXIST)
            continue;
        if (fd < 0)
            return say(j, "made");
        int rc = lock_file(j, fd, &lost);
        if (rc < 0)
            unlinkat(j->dir_fd, j->name, 0);
        if (rc < 0)
            return rc;
        if (lost)
            continue;
        *out = fd;
        fd = -1;
        return 0;
    }
    return err_set(-EIO, "%s: no name for a journal is free", j->dir);
}

// All of it or nothing: half a line is taken back, or ended where it is.
static int append_locked(struct journal *j, struct buf *text, bool sync)
{
    if (j->torn && write(j->fd, "\n", 1) == 1) {
        j->torn = false;
        j->size++;
    }
    ssize_t written = write(j->fd, text->data, text->len);
    if (written == (ssize_t)text->len) {
        j->size += written;
        return sync && fdatasync(j->fd) != 0 ? say(j, "synced") : 0;
    }
    errno = written < 0 ? errno : ENOSPC;
    int rc = say(j, "written");
    if (written > 0 && ftruncate(j->fd, j->size) != 0)
        j->torn = true;
    return rc;
}

static int add_state(struct journal *j, struct buf *text)
{
    int rc = journal_add_head(text, &j->state.head);
    for (size_t i = 0; i < j->state.count && rc == 0; i++)
        rc = journal_add_open(text, &j->state.uploads[i]);
    return rc;
}

// A new file with all that is unfinished, on the disk before the old one goes.
static int begin_file_locked(struct journal *j)
{
    AUTO_BUF struct buf text;
    buf_init(&text, JOURNAL_FILE_MAX);
    char old_name[sizeof j->name];
    int old_fd = j->fd, fd = -1;
    const off_t old_size = j->size;
    const bool old_torn = j->torn;
    memcpy(old_name, j->name, sizeof old_name);
    int rc = add_state(j, &text);
    if (rc == 0)
        rc = create_file(j, &fd);
    if (rc < 0) {
        memcpy(j->name, old_name, sizeof old_name);
        return rc;
    }
    j->fd = fd;
    j->size = 0;
    j->torn = false;
    rc = append_locked(j, &text, true);
    if (rc == 0 && fsync(j->dir_fd) != 0)
        rc = say(j, "synced");
    if (rc < 0) { // the old one is as good as before
        unlinkat(j->dir_fd, j->name, 0);
        close(fd);
        j->fd = old_fd;
        j->size = old_size;
        j->torn = old_torn;
        memcpy(j->name, old_name, sizeof old_name);
        return rc;
    }
    if (old_fd >= 0) {
        unlinkat(j->dir_fd, old_name, 0);
        close(old_fd);
    }
    return 0;
}

// ---- what happens ----

static void tell_locked(struct journal *j, const char *key)
{
    if (j->told)
        log_debug("%s: not in the journal: %s", key, err_text());
    else
        log_warn("the journal of unfinished uploads cannot be kept (%s): going on without; should "
                 "this process be killed, rdsbak gc --force ends what it leaves behind",
                 err_text());
    j->told = true;
}

static int record_begin_locked(struct journal *j, const char *key, const char *upload_id)
{
    AUTO_BUF struct buf text;
    buf_init(&text, JOURNAL_LINE_MAX);
    int64_t now_s = clock_wall_s();
    int rc = journal_take_open(&j->state, key, upload_id, now_s);
    if (rc == 0 && (j->fd < 0 || j->size > JOURNAL_RENEW_BYTES))
        return begin_file_locked(j); // with this one in it
    if (rc == 0)
        rc = journal_add_open(&text, &j->state.uploads[j->state.count - 1]);
    return rc == 0 ? append_locked(j, &text, true) : rc;
}

void journal_begin(struct journal *j, const char *key, const char *upload_id)
{
    assert(key != NULL && *key != '\0' && *upload_id != '\0');
    WITH_LOCK(&j->lock);
    if (record_begin_locked(j, key, upload_id) < 0) {
        journal_take_done(&j->state, upload_id);
        tell_locked(j, key);
        return;
    }
    if (j->told)
        log_info("the journal of unfinished uploads is kept again");
    j->told = false;
}

// Without waiting for the disk: what a crash of the machine loses of these costs one request.
static void record_locked(struct journal *j, const char *upload_id,
                          int (*add)(struct buf *, int64_t, const char *))
{
    AUTO_BUF struct buf text;
    buf_init(&text, JOURNAL_LINE_MAX);
    int rc = add(&text, clock_wall_s(), upload_id);
    if (rc == 0)
        rc = append_locked(j, &text, false);
    if (rc < 0)
        log_debug("journal: %s", err_text());
}

void journal_completing(struct journal *j, const char *upload_id)
{
    WITH_LOCK(&j->lock);
    long at = journal_find(&j->state, upload_id);
    if (at < 0)
        return;
    j->state.uploads[at].completing_s = clock_wall_s();
    record_locked(j, upload_id, journal_add_complete);
}

static void remove_file_locked(struct journal *j)
{
    if (j->fd < 0)
        return;
    unlinkat(j->dir_fd, j->name, 0);
    close(j->fd);
    j->fd = -1;
}

void journal_end(struct journal *j, const char *upload_id)
{
    WITH_LOCK(&j->lock);
    if (journal_find(&j->state, upload_id) < 0)
        return;
    journal_take_done(&j->state, upload_id);
    if (j->state.count == 0 && j->size > JOURNAL_RENEW_BYTES)
        remove_file_locked(j); // the next upload begins a new one
    else
        record_locked(j, upload_id, journal_add_done);
}

void journal_free(struct journal *j)
{
    if (j == NULL)
        return;
    if (j->state.count == 0)
        remove_file_locked(j);
    if (j->fd >= 0)
        close(j->fd);
    if (j->dir_fd >= 0)
        close(j->dir_fd);
    journal_text_clear(&j->state);
    lock_destroy(&j->lock);
    free(j->dir);
    free(j);
}
