// replay: what was found, and which files there are. Any thread may report and judge.
#include "tests/tools/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct file files[FILES_MAX];
int files_count;
atomic_int differences;
atomic_int allowed_seen;

// ---- what was found ----

void differ(const struct trace_op *op, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printf("DIFFERENT line %d (%s): %s\n", op->line, trace_kind_name(op->kind), text);
    fflush(stdout);
    if (atomic_fetch_add(&differences, 1) + 1 >= DIFFERENCES_MAX) {
        printf("too many differences\n");
        exit(1);
    }
}

const char *result_text(int64_t result, char *text, size_t room)
{
    if (result < 0)
        snprintf(text, room, "%s", errno_name((int)-result));
    else
        snprintf(text, room, "%" PRId64, result);
    return text;
}

static bool is_allowed(enum trace_kind kind, int64_t result)
{
    if (result >= 0)
        return false;
    if (kind == TRACE_SETXATTR && result == -ENOTSUP)
        return true;
    for (int i = 0; i < replay_options.allowed_count; i++) {
        if (replay_options.allowed[i].kind == kind && replay_options.allowed[i].number == -result)
            return true;
    }
    return false;
}

// After an error in these the file's content is the mount's no longer.
static bool concerns_data(enum trace_kind kind)
{
    return kind == TRACE_OPEN || kind == TRACE_WRITE || kind == TRACE_TRUNC ||
           kind == TRACE_FSYNC || kind == TRACE_FDATASYNC || kind == TRACE_FLUSH ||
           kind == TRACE_RELEASE;
}

static bool promises_durability(enum trace_kind kind)
{
    return kind == TRACE_FSYNC || kind == TRACE_FDATASYNC || kind == TRACE_FLUSH ||
           kind == TRACE_RELEASE;
}

bool has_no_effect(const struct trace_op *op, int64_t result)
{
    return op->fails || (is_allowed(op->kind, result) && !concerns_data(op->kind));
}

// Compares the results of both sides; true if the operation's data may be compared too.
bool judge(const struct trace_op *op, const int64_t result[SIDES])
{
    struct file *file = op->file >= 0 ? &files[op->file] : NULL;
    char mount[32], plain[32];
    if (result[MOUNT] == SKIPPED)
        return false;
    if (op->fails && result[MOUNT] != -op->fails)
        differ(op, "%s, but must fail with %s", result_text(result[MOUNT], mount, sizeof mount),
               errno_name(op->fails));
    if (op->fails)
        return false;
    if (file && atomic_load(&file->refused)) {
        if (promises_durability(op->kind) && handles[op->handle].writes && result[MOUNT] >= 0 &&
            result[PLAIN] >= 0)
            differ(op, "success after an earlier operation on the file was refused");
        return false;
    }
    if (result[MOUNT] == result[PLAIN])
        return result[MOUNT] >= 0;
    if (op->kind == TRACE_UNLINK && atomic_load(&file->restored) && result[MOUNT] == 0)
        return false; // of a file that failed it says yes, whether anything is left or not
    if (is_allowed(op->kind, result[MOUNT])) {
        atomic_fetch_add(&allowed_seen, 1);
        printf("allowed line %d (%s): %s\n", op->line, trace_kind_name(op->kind),
               result_text(result[MOUNT], mount, sizeof mount));
        if (file && concerns_data(op->kind))
            atomic_store(&file->refused, true);
        return false;
    }
    differ(op, "offset %" PRIu64 " length %" PRIu64 ": mount %s, plain %s", op->offset, op->len,
           result_text(result[MOUNT], mount, sizeof mount),
           result_text(result[PLAIN], plain, sizeof plain));
    return false;
}

// ---- names and content ----

int file_of(const char *path)
{
    for (int i = 0; i < files_count; i++) {
        if (files[i].path && strcmp(files[i].path, path) == 0)
            return i;
    }
    if (files_count == FILES_MAX)
        die("more than %d files in a trace", FILES_MAX);
    files[files_count] = (struct file){.path = path};
    return files_count++;
}

void op_content(const struct trace_op *op, void *buffer, size_t len, uint64_t offset)
{
    content_fill(buffer, len, offset, replay_options.seed, (uint64_t)op->index + 1);
}
