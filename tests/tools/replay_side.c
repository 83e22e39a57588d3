// replay: one operation of a trace on the mount or in the plain directory. Called by any thread;
// two threads never use one handle but for reads and writes.
#include "tests/tools/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

struct handle handles[TRACE_HANDLES_MAX];

char *side_path(enum side side, const char *path, char full[static PATH_ROOM])
{
    if (snprintf(full, PATH_ROOM, "%s/%s", replay_options.root[side], path) >= PATH_ROOM)
        die("%s: name too long", path);
    return full;
}

bool op_is_aligned(const struct trace_op *op)
{
    return op->offset % DIRECT_UNIT == 0 && op->len % DIRECT_UNIT == 0;
}

int side_open(enum side side, const struct trace_op *op)
{
    char full[PATH_ROOM];
    // Without an own handle for it the plain side need not be direct: its bytes are the same.
    int flags = side == PLAIN ? op->flags & ~O_DIRECT : op->flags;
    int fd = open(side_path(side, op->path, full), flags, op->mode);
    if (fd < 0 && errno == EINVAL && replay_options.direct_optional)
        fd = open(full, flags & ~O_DIRECT, op->mode);
    return fd < 0 ? -errno : fd;
}

int64_t side_transfer(int fd, const struct trace_op *op, void *buffer)
{
    if (op->kind == TRACE_WRITE)
        return write_all(fd, buffer, op->len, op->offset);
    return read_all(fd, buffer, op->len, op->offset);
}

// As dd does: what O_DIRECT cannot take goes with the flag switched off.
static int64_t transfer_alone(int fd, const struct trace_op *op, void *buffer)
{
    int flags = fcntl(fd, F_GETFL);
    bool switched = (flags & O_DIRECT) && !op_is_aligned(op);
    if (switched && !set_direct(fd, false))
        return -errno;
    int64_t result = side_transfer(fd, op, buffer);
    if (switched && !set_direct(fd, true))
        return -errno;
    return result;
}

static int64_t close_duplicate(int fd)
{
    int copy = dup(fd);
    if (copy < 0)
        return -errno;
    return close(copy) ? -errno : 0;
}

static int64_t set_attributes(const char *full, const struct trace_op *op)
{
    if (op->has_mode && chmod(full, op->mode))
        return -errno;
    if (op->has_times && utimensat(AT_FDCWD, full, NULL, 0))
        return -errno;
    if (op->has_owner && chown(full, geteuid(), getegid()))
        return -errno;
    return 0;
}

static int64_t set_xattr(const char *full, const struct trace_op *op)
{
    // A minimal valid access control list: version 2, then (tag, permissions, id -1) per entry.
    static const unsigned char ACL[] = {
        2, 0, 0,   0,   1,   0,   6,  0, 255, 255, 255, 255, 4,   0,
        4, 0, 255, 255, 255, 255, 32, 0, 4,   0,   255, 255, 255, 255,
    };
    bool acl = strcmp(op->name, "system.posix_acl_access") == 0;
    const void *value = acl ? (const void *)ACL : "0x20";
    return setxattr(full, op->name, value, acl ? sizeof ACL : 4, 0) ? -errno : 0;
}

static int64_t handle_size(int fd)
{
    struct stat status;
    return fstat(fd, &status) ? -errno : (int64_t)status.st_size;
}

int64_t side_file_size(const char *full)
{
    struct stat status;
    return lstat(full, &status) ? -errno : (int64_t)status.st_size;
}

static int64_t rename_file(enum side side, const struct trace_op *op)
{
    char from[PATH_ROOM], to[PATH_ROOM];
    return rename(side_path(side, op->path, from), side_path(side, op->to, to)) ? -errno : 0;
}

static int64_t release(int *fd)
{
    int closed = *fd;
    *fd = -1;
    return close(closed) ? -errno : 0;
}

// Operations on a path.
static int64_t perform_path(enum side side, const struct trace_op *op)
{
    char full[PATH_ROOM];
    if (op->other && side == MOUNT)
        return other_perform(op);
    side_path(side, op->path, full);
    switch (op->kind) {
    case TRACE_FSYNCDIR:
        return sync_directory(full);
    case TRACE_RENAME:
        return rename_file(side, op);
    case TRACE_UNLINK:
        if (replay_options.corruption == CORRUPT_UNLINK && side == MOUNT)
            return 0;
        return unlink(full) ? -errno : 0;
    case TRACE_MKDIR:
        return mkdir(full, 0755) ? -errno : 0;
    case TRACE_RMDIR:
        return rmdir(full) ? -errno : 0;
    case TRACE_TRUNC:
        return truncate(full, (off_t)op->size) ? -errno : 0;
    case TRACE_SETATTR:
        return set_attributes(full, op);
    case TRACE_SETXATTR:
        return set_xattr(full, op);
    case TRACE_STAT:
        return side_file_size(full);
    default:
        die("line %d: needs a handle", op->line);
    }
}

int64_t side_perform(enum side side, const struct trace_op *op, void *buffer)
{
    int fd = -1;
    if (op->handle >= 0) {
        fd = handles[op->handle].fd[side];
        if (fd < 0)
            return SKIPPED;
    } else {
        return op->kind == TRACE_FORK ? fork_and_end() : perform_path(side, op);
    }
    switch (op->kind) {
    case TRACE_WRITE:
    case TRACE_READ:
        return transfer_alone(fd, op, buffer);
    case TRACE_TRUNC:
        return ftruncate(fd, (off_t)op->size) ? -errno : 0;
    case TRACE_FALLOCATE:
        return fallocate(fd, op->falloc_mode, (off_t)op->offset, (off_t)op->len) ? -errno : 0;
    case TRACE_FSYNC:
        return fsync(fd) ? -errno : 0;
    case TRACE_FDATASYNC:
        return fdatasync(fd) ? -errno : 0;
    case TRACE_FSTAT:
        return handle_size(fd);
    case TRACE_FLUSH:
        return close_duplicate(fd);
    case TRACE_RELEASE:
        return release(&handles[op->handle].fd[side]);
    default:
        die("line %d: needs no handle", op->line);
    }
}
