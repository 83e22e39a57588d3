#include "common/audit.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/metrics.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LINE_MAX_BYTES (32 * 1024) // two names of 1,024 bytes, escaped, an error text, a key's ARN

static struct {
    char *path; // NULL: closed; immutable once threads run
    struct audit_actor self;
    struct lock lock; // held over the disk: lines must not mix, and the descriptor not change
    int fd;           // guarded by lock, as the rest
    struct stat opened;
    bool torn; // the last line is not whole
    bool failing;
    uint64_t lost; // since it began to fail
} file = {.fd = -1};

static _Thread_local struct audit_context context;

// ---- who

static bool read_line(const char *path, char *out, size_t size)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, out, size - 1) : -1;
    out[len > 0 ? len : 0] = '\0';
    return len > 0;
}

void audit_actor_of_thread(uid_t uid, pid_t tid, struct audit_actor *out)
{
    char path[64], text[1024];
    *out = (struct audit_actor){.uid = uid, .pid = tid};
    snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
    if (tid == 0 || !read_line(path, text, sizeof text))
        return;
    const char *group = strstr(text, "\nTgid:");
    if (group != NULL)
        out->pid = (pid_t)strtol(group + 6, NULL, 10);
    snprintf(path, sizeof path, "/proc/%d/comm", (int)out->pid);
    if (read_line(path, text, sizeof text))
        snprintf(out->command, sizeof out->command, "%.*s", (int)strcspn(text, "\n"), text);
}

void audit_actor_now(struct audit_actor *out)
{
    *out = context.has_actor ? context.actor : file.self;
}

struct audit_context audit_by(const struct audit_actor *actor)
{
    struct audit_context before = context;
    context.actor = *actor;
    context.has_actor = true;
    return before;
}

struct audit_context audit_by_caller(uid_t uid, pid_t tid)
{
    struct audit_actor actor;
    if (!audit_is_open()) // no look at /proc for nothing
        return context;
    audit_actor_of_thread(uid, tid, &actor);
    return audit_by(&actor);
}

struct audit_context audit_about(const char *bucket, const char *key)
{
    struct audit_context before = context;
    context.bucket = bucket;
    context.key = key;
    return before;
}

void audit_restore(struct audit_context *before)
{
    context = *before;
}

// ---- the file

// Why the file cannot be believed to be ours; NULL: it can.
static const char *defect_of(int fd, struct stat *st)
{
    if (fstat(fd, st) != 0)
        return strerror(errno);
    if (!S_ISREG(st->st_mode))
        return "not a regular file";
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return "it belongs to another user, who can change it: chown or remove it";
    return (st->st_mode & S_IWOTH) != 0 ? "everybody may write to it: chmod o-w" : NULL;
}

// A link is not followed: whoever may write the directory could have root append to any file.
static int open_file(const char *path, int *fd, struct stat *st)
{
    *fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    int code = *fd < 0 ? errno : 0;
    const char *defect = *fd >= 0        ? defect_of(*fd, st)
                         : code == ELOOP ? "a symbolic link: give the file's own name"
                         : code == ENXIO ? "not a regular file"
                                         : strerror(code);
    if (defect == NULL)
        return 0;
    int rc = err_set(code == EACCES ? -EACCES : -EIO, "--audit-file %s: %s", path, defect);
    cleanup_fd(fd);
    *fd = -1;
    return rc;
}

int audit_open(const char *path)
{
    if (audit_is_open())
        return 0; // a verb with two connections
    int rc = open_file(path, &file.fd, &file.opened);
    if (rc < 0)
        return rc;
    lock_init(&file.lock, LOCK_RANK_AUDIT);
    audit_actor_of_thread(getuid(), getpid(), &file.self);
    file.path = strdup(path);
    return file.path != NULL ? 0 : err_set(-ENOMEM, "out of memory");
}

bool audit_is_open(void)
{
    return file.path != NULL;
}

// logrotate has moved the file away, or somebody removed it.
static int reopen_if_moved_locked(void)
{
    struct stat now;
    if (file.fd >= 0 && lstat(file.path, &now) == 0 && now.st_dev == file.opened.st_dev &&
        now.st_ino == file.opened.st_ino)
        return 0;
    cleanup_fd(&file.fd);
    file.torn = false;
    return open_file(file.path, &file.fd, &file.opened);
}

static int write_line_locked(struct buf *text, bool durable)
{
    int rc = reopen_if_moved_locked();
    if (rc < 0)
        return rc;
    // What a full disk cut off is ended first, so that only that line is lost.
    if (file.torn && write(file.fd, "\n", 1) == 1)
        file.torn = false;
    ssize_t written = file.torn ? -1 : write(file.fd, text->data, text->len);
    if (written != (ssize_t)text->len) {
        int code = written < 0 ? errno : ENOSPC;
        file.torn = file.torn || written > 0;
        return err_set(-EIO, "--audit-file %s: %s", file.path, strerror(code));
    }
    if (durable && fdatasync(file.fd) != 0)
        return err_set(-EIO, "--audit-file %s: cannot be made durable: %s", file.path,
                       strerror(errno));
    return 0;
}

static void note_result(int rc, const char *why)
{
    lock_take(&file.lock);
    bool changed = file.failing != (rc < 0);
    uint64_t lost = file.lost;
    file.failing = rc < 0;
    file.lost = rc < 0 ? file.lost + 1 : 0;
    lock_give(&file.lock);
    metric_add(rc < 0 ? METRIC_AUDIT_FAILED : METRIC_AUDIT_LINES, 1);
    if (changed && rc < 0)
        log_warn("the audit is not complete from now on; backups go on: %s", why);
    else if (changed)
        log_warn("the audit goes on; %llu of its lines were lost: %s", (unsigned long long)lost,
                 file.path);
}

// ---- lines

void audit_begin(struct audit_line *l, const char *event)
{
    char stamp[JSON_TIME_SIZE];
    struct audit_actor actor;
    buf_init(&l->text, LINE_MAX_BYTES);
    if (!audit_is_open()) {
        l->json = (struct json_line){.out = &l->text, .rc = -ENOENT}; // nothing is added
        return;
    }
    json_time(stamp, clock_wall_ms());
    audit_actor_now(&actor);
    json_line_begin(&l->json, &l->text);
    json_line_text(&l->json, "time", stamp);
    json_line_text(&l->json, "event", event);
    json_line_text(&l->json, "bucket", context.bucket);
    json_line_text(&l->json, "key", context.key);
    json_line_number(&l->json, "uid", actor.uid);
    if (actor.pid != 0)
        json_line_number(&l->json, "pid", actor.pid);
    json_line_text(&l->json, "command", actor.command[0] != '\0' ? actor.command : NULL);
}

void audit_end(struct audit_line *l, int rc, bool durable)
{
    struct err_saved cause;
    if (audit_is_open()) {
        err_save(&cause, rc != 0 ? rc : -EIO); // the text, whatever it is now
        json_line_text(&l->json, "result", rc < 0 ? "failed" : "ok");
        json_line_text(&l->json, "error", rc < 0 ? cause.text : NULL);
        int failed = json_line_end(&l->json);
        if (failed == 0) {
            lock_take(&file.lock);
            failed = write_line_locked(&l->text, durable);
            lock_give(&file.lock);
        }
        note_result(failed, err_text());
        err_restore(&cause);
    }
    buf_clear(&l->text);
}
