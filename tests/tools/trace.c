// Reading of traces; see trace.h.
#include "tests/tools/trace.h"
#include "tests/tools/toolkit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *const KIND_NAMES[TRACE_KINDS] = {
    [TRACE_PREEXISTING] = "preexisting",
    [TRACE_OPEN] = "open",
    [TRACE_WRITE] = "write",
    [TRACE_READ] = "read",
    [TRACE_TRUNC] = "trunc",
    [TRACE_FALLOCATE] = "fallocate",
    [TRACE_FSYNC] = "fsync",
    [TRACE_FDATASYNC] = "fdatasync",
    [TRACE_FSYNCDIR] = "fsyncdir",
    [TRACE_FLUSH] = "flush",
    [TRACE_RELEASE] = "release",
    [TRACE_RENAME] = "rename",
    [TRACE_UNLINK] = "unlink",
    [TRACE_MKDIR] = "mkdir",
    [TRACE_RMDIR] = "rmdir",
    [TRACE_SETATTR] = "setattr",
    [TRACE_SETXATTR] = "setxattr",
    [TRACE_STAT] = "stat",
    [TRACE_FSTAT] = "fstat",
    [TRACE_FORK] = "fork",
};

const char *trace_kind_name(enum trace_kind kind)
{
    return KIND_NAMES[kind];
}

static bool number_of(const char *text, long max, long *number)
{
    char *end = NULL;
    *number = strtol(text, &end, 10);
    return end != text && *end == '\0' && *number >= 0 && *number < max;
}

static bool parse_handle(struct trace_op *op, const char *value)
{
    long number = 0;
    bool ok = number_of(value, TRACE_HANDLES_MAX, &number);
    op->handle = (int)number;
    return ok;
}

static bool parse_stat_size(struct trace_op *op, const char *value)
{
    op->has_size = true;
    op->absent = strcmp(value, "ENOENT") == 0;
    return op->absent || parse_size(value, &op->size);
}

static bool parse_mode(struct trace_op *op, const char *value)
{
    char *end = NULL;
    long mode = strtol(value, &end, 8);
    op->falloc_mode = strcmp(value, "KEEP_SIZE") == 0 ? FALLOC_FL_KEEP_SIZE : atoi(value);
    op->mode = (mode_t)mode;
    op->has_mode = true;
    return true;
}

// One key=value of a line; false if it is unknown or wrong.
static bool parse_field(struct trace_op *op, const char *key, const char *value)
{
    if (strcmp(key, "h") == 0)
        return parse_handle(op, value);
    if (strcmp(key, "path") == 0 || strcmp(key, "from") == 0)
        return (op->path = value) != NULL;
    if (strcmp(key, "to") == 0)
        return (op->to = value) != NULL;
    if (strcmp(key, "name") == 0)
        return (op->name = value) != NULL;
    if (strcmp(key, "flags") == 0)
        return parse_open_flags(value, &op->flags);
    if (strcmp(key, "mode") == 0)
        return parse_mode(op, value);
    if (strcmp(key, "off") == 0)
        return parse_size(value, &op->offset);
    if (strcmp(key, "len") == 0)
        return parse_size(value, &op->len);
    if (strcmp(key, "size") == 0)
        return parse_stat_size(op, value);
    if (strcmp(key, "fails") == 0)
        return (op->fails = errno_of_name(value)) != 0;
    if (strcmp(key, "p") == 0)
        return op->other = true;
    if (strcmp(key, "g") == 0)
        return number_of(value, INT32_MAX, &op->group);
    if (strcmp(key, "t") == 0)
        return number_of(value, INT32_MAX, &op->thread);
    if (strcmp(key, "mtime") == 0 || strcmp(key, "atime") == 0)
        return op->has_times = true;
    if (strcmp(key, "uid") == 0 || strcmp(key, "gid") == 0)
        return op->has_owner = true;
    return false;
}

static bool kind_of(const char *word, enum trace_kind *kind)
{
    for (int i = 0; i < TRACE_KINDS; i++) {
        if (strcmp(KIND_NAMES[i], word) == 0) {
            *kind = (enum trace_kind)i;
            return true;
        }
    }
    return false;
}

// What the operation cannot do without.
static bool complete(const struct trace_op *op)
{
    if (op->other && (op->handle >= 0 || !op->path))
        return false;
    switch (op->kind) {
    case TRACE_FORK:
        return op->handle < 0 && !op->path;
    case TRACE_OPEN:
        return op->handle >= 0 && op->path;
    case TRACE_WRITE:
    case TRACE_READ:
        return op->handle >= 0 && op->len > 0 && op->len <= TRACE_LEN_MAX && !op->fails;
    case TRACE_FALLOCATE:
    case TRACE_FSYNC:
    case TRACE_FDATASYNC:
    case TRACE_FSTAT:
    case TRACE_FLUSH:
    case TRACE_RELEASE:
        return op->handle >= 0;
    case TRACE_TRUNC:
        return op->handle >= 0 || op->path;
    case TRACE_RENAME:
        return op->path && op->to;
    case TRACE_SETXATTR:
        return op->path && op->name;
    default:
        return op->path != NULL;
    }
}

// Cuts the line at its blanks in place; false if it is wrong.
static bool parse_line(struct trace_op *op, char *line)
{
    char *rest = NULL;
    char *word = strtok_r(line, " \t", &rest);
    if (!kind_of(word, &op->kind))
        return false;
    while ((word = strtok_r(NULL, " \t", &rest))) {
        char *equals = strchr(word, '=');
        if (!equals)
            return false;
        *equals = '\0';
        if (!parse_field(op, word, equals + 1))
            return false;
    }
    return complete(op);
}

static char *read_text(const char *path)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status))
        die("%s: %s", path, strerror(errno));
    char *text = malloc((size_t)status.st_size + 1);
    if (!text || read_all(fd, text, (size_t)status.st_size, 0) != status.st_size)
        die("%s: cannot be read", path);
    text[status.st_size] = '\0';
    return text;
}

void trace_load(struct trace *trace, const char *path)
{
    *trace = (struct trace){.text = read_text(path)};
    size_t room = 0;
    int line_number = 0;
    for (char *line = trace->text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        line_number++;
        line += strspn(line, " \t");
        if (*line == '\0' || *line == '#')
            continue;
        if (trace->count == room) {
            room = room ? room * 2 : 1024;
            trace->ops = realloc(trace->ops, room * sizeof *trace->ops);
            if (!trace->ops)
                die("no memory for the trace");
        }
        struct trace_op *op = &trace->ops[trace->count];
        *op = (struct trace_op){.line = line_number,
                                .index = (int)trace->count,
                                .handle = -1,
                                .mode = 0644,
                                .group = -1,
                                .thread = -1,
                                .file = -1};
        if (!parse_line(op, line))
            die("%s:%d: not an operation: %s ...", path, line_number, line);
        trace->count++;
    }
}

void trace_clear(struct trace *trace)
{
    free(trace->ops);
    free(trace->text);
    *trace = (struct trace){0};
}
