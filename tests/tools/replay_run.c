// replay: runs the operations of a trace in order, those of several issuing threads at once.
// Handles and files change in the main thread only.
#include "tests/tools/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

// ---- the other operations ----

static void run_open(const struct trace_op *op)
{
    struct handle *handle = &handles[op->handle];
    if (handle->fd[MOUNT] >= 0 || handle->fd[PLAIN] >= 0)
        die("line %d: handle %d is open already", op->line, op->handle);
    int64_t result[SIDES];
    for (int side = 0; side < SIDES; side++) {
        handle->fd[side] = side_open((enum side)side, op);
        result[side] = handle->fd[side] < 0 ? handle->fd[side] : 0;
    }
    handle->file = op->file;
    judge(op, result);
    if (result[PLAIN] < 0)
        die("line %d: %s in the plain directory: %s", op->line, op->path,
            errno_name((int)-result[PLAIN]));
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
    files[op->file].preexisting = op->index;
    files[op->file].old_size = op->size;
    judge(op, result);
}

static void run_stat(const struct trace_op *op)
{
    int64_t result[SIDES] = {side_perform(MOUNT, op, NULL), side_perform(PLAIN, op, NULL)};
    char text[32];
    if (atomic_load(&files[op->file].refused))
        return;
    int64_t expected = op->absent ? -ENOENT : (int64_t)op->size;
    if (result[PLAIN] != expected)
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

static void run_other(const struct trace_op *op)
{
    int64_t result[SIDES] = {side_perform(MOUNT, op, NULL), side_perform(PLAIN, op, NULL)};
    judge(op, result);
    if (result[PLAIN] >= 0)
        follow_names(op);
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

// Runs operations in order; neighbours of one group together.
static void run_sequence(const struct trace_op **ops, size_t count)
{
    for (size_t i = 0; i < count;) {
        const struct trace_op *op = ops[i];
        size_t end = i + 1;
        if (op->kind == TRACE_WRITE || op->kind == TRACE_READ) {
            while (op->group >= 0 && end < count && ops[end]->group == op->group &&
                   ops[end]->kind == op->kind)
                end++;
            replay_run_group(ops + i, end - i);
        } else if (op->kind == TRACE_OPEN) {
            run_open(op);
        } else if (op->kind == TRACE_PREEXISTING) {
            run_preexisting(op);
        } else if (op->kind == TRACE_STAT) {
            run_stat(op);
        } else {
            run_other(op);
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

static bool transfers(const struct trace_op *op)
{
    return op->kind == TRACE_WRITE || op->kind == TRACE_READ;
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
        while (end < trace.count && transfers(ops[end])) {
            if ((ops[end]->thread >= 0) != (ops[i]->thread >= 0))
                break;
            find_file(&trace.ops[end++]);
        }
        if (end == i)
            find_file(&trace.ops[end++]);
        if (ops[i]->thread >= 0 && transfers(ops[i]))
            run_issuers(ops + i, end - i);
        else
            run_sequence(ops + i, end - i);
        i = end;
    }
}
