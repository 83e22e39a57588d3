// replay: runs the operations of a trace in order, those of several issuing threads at once.
// Handles and files change in the main thread only.
#include "tests/tools/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

// ---- the other operations ----

static bool is_refused(int file)
{
    return file >= 0 && atomic_load(&files[file].refused);
}

// Both sides fail alike: the trace is wrong, unless something went another way before.
static void expect_openable(const struct trace_op *op, const int64_t result[SIDES])
{
    if (result[PLAIN] >= 0 || result[PLAIN] != result[MOUNT] || replay_options.allowed_count)
        return;
    die("line %d: %s in the plain directory: %s", op->line, op->path,
        errno_name((int)-result[PLAIN]));
}

static void run_open(const struct trace_op *op)
{
    struct handle *handle = &handles[op->handle];
    if (handle->fd[MOUNT] >= 0 || handle->fd[PLAIN] >= 0)
        die("line %d: handle %d is open already", op->line, op->handle);
    handle->file = op->file;
    if (is_refused(op->file))
        return;
    int64_t result[SIDES] = {SKIPPED, SKIPPED};
    for (int side = 0; side < SIDES; side++) {
        if (side == PLAIN && has_no_effect(op, result[MOUNT]))
            continue;
        handle->fd[side] = side_open((enum side)side, op);
        result[side] = handle->fd[side] < 0 ? handle->fd[side] : 0;
    }
    expect_openable(op, result);
    handle->writes = (op->flags & O_ACCMODE) != O_RDONLY;
    handle->counted = handle->fd[MOUNT] >= 0 || handle->fd[PLAIN] >= 0;
    atomic_fetch_add(&files[op->file].open, handle->counted);
    if (judge(op, result))
        promise_follow(op, result);
}

// A file of an earlier time: written in order and closed, on both sides.
static void run_preexisting(const struct trace_op *op)
{
    AUTO_FREE unsigned char *buffer = aligned_buffer(COMPARE_PIECE);
    int64_t result[SIDES] = {0};
    for (int side = 0; side < SIDES; side++) {
        char full[PATH_ROOM];
        int fd = open(side_path((enum side)side, op->path, full),
                      O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd < 0)
            die("%s: %s", full, strerror(errno));
        for (uint64_t at = 0; at < op->size && result[side] >= 0; at += COMPARE_PIECE) {
            size_t len = op->size - at < COMPARE_PIECE ? op->size - at : COMPARE_PIECE;
            op_content(op, buffer, len, at);
            result[side] = write_all(fd, buffer, len, at);
        }
        if (close(fd) && result[side] >= 0)
            result[side] = -errno;
    }
    if (judge(op, result))
        promise_follow(op, result);
}

static void run_stat(const struct trace_op *op)
{
    int64_t result[SIDES] = {side_perform(MOUNT, op, NULL), side_perform(PLAIN, op, NULL)};
    char text[32];
    int64_t expected = op->absent ? -ENOENT : (int64_t)op->size;
    if (op->has_size && result[PLAIN] != expected && !atomic_load(&files[op->file].restored))
        die("line %d: the trace is wrong: the size is %s", op->line,
            result_text(result[PLAIN], text, sizeof text));
    judge(op, result);
}

static void follow_names(const struct trace_op *op)
{
    if (op->kind == TRACE_UNLINK)
        files[op->file].path = NULL;
    if (op->kind != TRACE_RENAME)
        return;
    int replaced = file_of(op->to);
    files[replaced].path = NULL;
    files[op->file].path = op->to;
}

static void count_release(const struct trace_op *op)
{
    struct handle *handle = &handles[op->handle];
    if (handle->counted)
        atomic_fetch_sub(&files[handle->file].open, 1);
    handle->counted = false;
}

static void run_other(const struct trace_op *op)
{
    int64_t result[SIDES] = {side_perform(MOUNT, op, NULL), SKIPPED};
    if (op->kind == TRACE_RELEASE || !has_no_effect(op, result[MOUNT]))
        result[PLAIN] = side_perform(PLAIN, op, NULL);
    if (op->kind == TRACE_RELEASE)
        count_release(op);
    bool agreed = judge(op, result);
    if (agreed)
        promise_follow(op, result);
    if (agreed)
        follow_names(op);
}

static void run_one(const struct trace_op *op)
{
    bool by_path = op->handle < 0 && op->kind != TRACE_PREEXISTING;
    if (by_path && (is_refused(op->file) || (op->to && is_refused(file_of(op->to)))))
        return;
    if (op->kind == TRACE_OPEN)
        run_open(op);
    else if (op->kind == TRACE_PREEXISTING)
        run_preexisting(op);
    else if (op->kind == TRACE_STAT)
        run_stat(op);
    else
        run_other(op);
    promise_restore(op);
}

// Which file an operation is about; -1 for directories. Decided before threads share it.
static void find_file(struct trace_op *op)
{
    if (op->handle >= 0 && op->kind != TRACE_OPEN)
        op->file = handles[op->handle].file;
    else if (op->path && op->kind != TRACE_FSYNCDIR && op->kind != TRACE_MKDIR &&
             op->kind != TRACE_RMDIR)
        op->file = file_of(op->path);
}

static bool transfers(const struct trace_op *op)
{
    return op->kind == TRACE_WRITE || op->kind == TRACE_READ;
}

// Runs operations in order; neighbours of one group together.
static void run_sequence(const struct trace_op **ops, size_t count)
{
    for (size_t i = 0; i < count;) {
        const struct trace_op *op = ops[i];
        size_t end = i + 1;
        if (transfers(op)) {
            while (op->group >= 0 && end < count && ops[end]->group == op->group &&
                   transfers(ops[end]))
                end++;
            replay_run_group(ops + i, end - i);
        } else {
            run_one(op);
        }
        i = end;
    }
}

// ---- issuing threads ----

struct issuer {
    pthread_t thread;
    long number;
    const struct trace_op **ops;
    size_t count;
};

#define ISSUERS_MAX 64

static void *issue(void *argument)
{
    struct issuer *issuer = argument;
    run_sequence(issuer->ops, issuer->count);
    return NULL;
}

static struct issuer *issuer_of(struct issuer *issuers, size_t *count, long number, size_t room)
{
    for (size_t i = 0; i < *count; i++) {
        if (issuers[i].number == number)
            return &issuers[i];
    }
    if (*count == ISSUERS_MAX)
        die("more than %d issuing threads", ISSUERS_MAX);
    struct issuer *issuer = &issuers[(*count)++];
    *issuer = (struct issuer){.number = number, .ops = calloc(room, sizeof *issuer->ops)};
    if (!issuer->ops)
        die("no memory for a thread");
    return issuer;
}

// Operations of several issuing threads: each thread's in order, the threads at once.
static void run_issuers(const struct trace_op **ops, size_t count)
{
    struct issuer issuers[ISSUERS_MAX];
    size_t issuers_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct issuer *issuer = issuer_of(issuers, &issuers_count, ops[i]->thread, count);
        issuer->ops[issuer->count++] = ops[i];
    }
    for (size_t i = 0; i < issuers_count; i++) {
        if (pthread_create(&issuers[i].thread, NULL, issue, &issuers[i]))
            die("cannot start a thread");
    }
    for (size_t i = 0; i < issuers_count; i++) {
        pthread_join(issuers[i].thread, NULL);
        free(issuers[i].ops);
    }
}

// What a thread may do on its own; transfers need no thread to be gathered in groups.
static bool may_be_issued(const struct trace_op *op)
{
    return transfers(op) || (op->thread >= 0 && op->handle >= 0 && op->kind != TRACE_OPEN);
}

// What is open still, at the end of a trace that closes not everything.
static void close_the_rest(void)
{
    struct trace_op last = {.kind = TRACE_RELEASE, .line = trace.ops[trace.count - 1].line};
    for (int i = 0; i < TRACE_HANDLES_MAX; i++) {
        last.handle = i;
        last.file = handles[i].file;
        if (handles[i].fd[MOUNT] >= 0 || handles[i].fd[PLAIN] >= 0)
            run_one(&last);
    }
}

void replay_run(void)
{
    AUTO_FREE const struct trace_op **ops = calloc(trace.count + 1, sizeof *ops);
    if (!ops)
        die("no memory for the trace");
    for (size_t i = 0; i < trace.count; i++)
        ops[i] = &trace.ops[i];
    for (size_t i = 0; i < trace.count;) {
        size_t end = i;
        while (end < trace.count && may_be_issued(ops[end])) {
            if ((ops[end]->thread >= 0) != (ops[i]->thread >= 0))
                break;
            find_file(&trace.ops[end++]);
        }
        if (end == i)
            find_file(&trace.ops[end++]);
        if (ops[i]->thread >= 0 && may_be_issued(ops[i]))
            run_issuers(ops + i, end - i);
        else
            run_sequence(ops + i, end - i);
        i = end;
    }
    close_the_rest();
}
