// replay: what a successful fsync or close has promised, whether it is kept outside, and the way
// back after a refusal. Several threads may call, but one at a time for a file.
#include "tests/tools/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RESTORE_TRIES 300 // of 10 ms each: the mount gives an upload up after the last close

// ---- the judge outside ----

static pthread_mutex_t judge_lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *judge_in, *judge_out; // what it reads, what it writes
static pid_t judge_pid;

void judge_start(void)
{
    int in[2], out[2];
    if (!replay_options.judge_command)
        return;
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
        die("no pipes: %s", strerror(errno));
    signal(SIGPIPE, SIG_IGN); // if it ends early that is said in words
    judge_pid = fork();
    if (judge_pid < 0)
        die("no process: %s", strerror(errno));
    if (judge_pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execl("/bin/sh", "sh", "-c", replay_options.judge_command, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    judge_in = fdopen(in[1], "w");
    judge_out = fdopen(out[0], "r");
}

void judge_stop(void)
{
    if (!judge_pid)
        return;
    int status = 0;
    fclose(judge_in);
    fclose(judge_out);
    if (waitpid(judge_pid, &status, 0) != judge_pid || status)
        die("--judge's command failed");
}

static void ask(const struct trace_op *op, const struct file *file)
{
    char plain[PATH_ROOM], answer[512];
    if (!judge_pid)
        return;
    pthread_mutex_lock(&judge_lock);
    fprintf(judge_in, "%s\t%s\t%" PRIu64 "\n", file->path, side_path(PLAIN, file->path, plain),
            file->end);
    if (fflush(judge_in) || !fgets(answer, sizeof answer, judge_out))
        die("line %d: --judge's command is gone", op->line);
    pthread_mutex_unlock(&judge_lock);
    answer[strcspn(answer, "\n")] = '\0';
    if (strcmp(answer, "ok") != 0)
        differ(op, "%s outside: %s", file->path, answer);
}

// ---- promises ----

static void take_down(struct file *file, uint64_t size)
{
    char plain[PATH_ROOM];
    free(file->promise.bytes);
    file->promise = (struct promise){.made = true, .size = size, .least = file->end};
    if (!replay_options.allowed_count)
        return;
    AUTO_CLOSE int fd = open(side_path(PLAIN, file->path, plain), O_RDONLY | O_CLOEXEC);
    file->promise.bytes = malloc(size + 1);
    if (fd < 0 || !file->promise.bytes ||
        read_all(fd, file->promise.bytes, size, 0) != (ssize_t)size)
        die("%s: cannot be kept", plain);
}

// Everything written so far is in S3; closed: what was only declared too.
static void promised(const struct trace_op *op, struct file *file, bool closed)
{
    char plain[PATH_ROOM];
    if (!file->path)
        return;
    int64_t size = side_file_size(side_path(PLAIN, file->path, plain));
    if (size < 0)
        die("%s: %s", plain, errno_name((int)-size));
    // A flush or close of what is empty now publishes nothing: shells do that before their first
    // byte. The end of the last handle makes it empty, unheard.
    if (size == 0 && (op->kind == TRACE_FLUSH || op->kind == TRACE_RELEASE))
        return;
    if (closed)
        file->end = (uint64_t)size;
    take_down(file, (uint64_t)size);
    ask(op, file);
}

void promise_follow(const struct trace_op *op, const int64_t result[SIDES])
{
    struct file *file = op->file >= 0 ? &files[op->file] : NULL;
    if (!file || result[MOUNT] < 0 || result[PLAIN] < 0)
        return;
    bool nobody = atomic_load(&file->open) == 0;
    switch (op->kind) {
    case TRACE_OPEN:
        file->end = op->flags & O_TRUNC ? 0 : file->end;
        break;
    case TRACE_WRITE:
        file->end = op->offset + op->len > file->end ? op->offset + op->len : file->end;
        break;
    case TRACE_TRUNC:
        file->end = op->size < file->end ? op->size : file->end;
        if (op->handle < 0 && nobody)
            promised(op, file, true);
        break;
    case TRACE_PREEXISTING:
        promised(op, file, true);
        break;
    case TRACE_FSYNC:
    case TRACE_FDATASYNC:
    case TRACE_FLUSH:
    case TRACE_RELEASE:
        if (handles[op->handle].writes)
            promised(op, file, op->kind == TRACE_RELEASE && nobody);
        break;
    case TRACE_UNLINK:
        file->promise.made = false;
        break;
    default:
        break;
    }
}

// ---- the way back ----

static bool all_zero(const unsigned char *bytes, uint64_t len)
{
    for (uint64_t i = 0; i < len; i++) {
        if (bytes[i])
            return false;
    }
    return true;
}

// The size of the promised state that the mount shows, -ENOENT if nothing is there and nothing was
// promised; else *what says what is wrong, if anything.
static int64_t promised_state(const struct file *file, const char **what)
{
    char full[PATH_ROOM];
    const struct promise *promise = &file->promise;
    int64_t size = side_file_size(side_path(MOUNT, file->path, full));
    *what = NULL;
    if (size < 0) {
        if (promise->made && promise->least)
            *what = "the old file is not there";
        return -ENOENT;
    }
    if (!promise->made) {
        *what = "is there";
        return size;
    }
    AUTO_FREE unsigned char *got = malloc((size_t)size + 1);
    AUTO_CLOSE int fd = open(full, O_RDONLY | O_CLOEXEC);
    if (!got)
        die("no memory");
    if ((uint64_t)size < promise->least || (uint64_t)size > promise->size)
        *what = "the old file has another size";
    else if (fd < 0 || read_all(fd, got, (size_t)size, 0) != size)
        *what = "the old file cannot be read";
    else if (memcmp(got, promise->bytes, (size_t)size) != 0 ||
             !all_zero(promise->bytes + size, promise->size - (uint64_t)size))
        *what = "the old file changed";
    return size;
}

static void restore_plain(const struct file *file, int64_t size)
{
    char plain[PATH_ROOM];
    side_path(PLAIN, file->path, plain);
    if (size < 0) {
        if (unlink(plain) && errno != ENOENT)
            die("%s: %s", plain, strerror(errno));
        return;
    }
    AUTO_CLOSE int fd = open(plain, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write_all(fd, file->promise.bytes, (size_t)size, 0) != size)
        die("%s: cannot be restored", plain);
}

void promise_restore(const struct trace_op *op)
{
    struct file *file = op->file >= 0 ? &files[op->file] : NULL;
    const char *what = NULL;
    if (!file || !atomic_load(&file->refused) || atomic_load(&file->open))
        return;
    int64_t size = promised_state(file, &what);
    for (int i = 0; what && i < RESTORE_TRIES; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        size = promised_state(file, &what);
    }
    if (what)
        differ(op, "%s was refused, but %s (size %" PRId64 ")", file->path, what, size);
    if (!what || !file->promise.made)
        restore_plain(file, what ? -ENOENT : size);
    file->end = size < 0 ? 0 : (uint64_t)size;
    atomic_store(&file->refused, false);
    atomic_store(&file->restored, true);
}
