// replay: the comparison after the trace, in the main thread.
#include "tests/tools/replay.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

// ---- the end ----

// The operation that wrote this byte last, for the message.
static const struct trace_op *writer_of(int file, uint64_t offset)
{
    const struct trace_op *last = &trace.ops[trace.count - 1];
    for (size_t i = 0; i < trace.count; i++) {
        const struct trace_op *op = &trace.ops[i];
        bool wrote = op->kind == TRACE_WRITE && offset - op->offset < op->len;
        bool made = op->kind == TRACE_PREEXISTING && offset < op->size;
        if (op->file == file && offset >= op->offset && (wrote || made))
            last = op;
    }
    return last;
}

static void compare_pieces(int file, int mount_fd, int plain_fd)
{
    AUTO_FREE unsigned char *mount = aligned_buffer(COMPARE_PIECE);
    AUTO_FREE unsigned char *plain = aligned_buffer(COMPARE_PIECE);
    for (uint64_t at = 0;; at += COMPARE_PIECE) {
        ssize_t got = read_all(mount_fd, mount, COMPARE_PIECE, at);
        ssize_t wanted = read_all(plain_fd, plain, COMPARE_PIECE, at);
        if (got != wanted) {
            differ(writer_of(file, at), "%s read back at %" PRIu64 ": mount %zd, plain %zd",
                   files[file].path, at, got, wanted);
            return;
        }
        size_t different = wanted > 0 ? first_difference(mount, plain, (size_t)wanted) : 0;
        if (wanted > 0 && different < (size_t)wanted) {
            differ(writer_of(file, at + different),
                   "%s read back at %" PRIu64 ": mount 0x%02x, plain 0x%02x", files[file].path,
                   at + different, mount[different], plain[different]);
            return;
        }
        if (wanted < (ssize_t)COMPARE_PIECE)
            return;
    }
}

static void compare_file(int file)
{
    char mount[PATH_ROOM], plain[PATH_ROOM];
    const struct trace_op *last = writer_of(file, UINT64_MAX);
    int64_t got = side_file_size(side_path(MOUNT, files[file].path, mount));
    int64_t wanted = side_file_size(side_path(PLAIN, files[file].path, plain));
    if (got != wanted)
        differ(last, "%s at the end: size %" PRId64 " on the mount, %" PRId64 " in plain",
               files[file].path, got, wanted);
    if (got < 0 || wanted < 0)
        return;
    AUTO_CLOSE int mount_fd = open(mount, O_RDONLY | O_CLOEXEC);
    int error = errno;
    AUTO_CLOSE int plain_fd = open(plain, O_RDONLY | O_CLOEXEC);
    if (mount_fd < 0 || plain_fd < 0)
        differ(last, "%s at the end cannot be opened: %s", files[file].path, errno_name(error));
    else
        compare_pieces(file, mount_fd, plain_fd);
}

static int names_in(const char *root, struct dirent ***names)
{
    int count = scandir(root, names, NULL, alphasort);
    if (count < 0)
        die("%s: %s", root, strerror(errno));
    return count;
}

bool directory_is_empty(const char *root)
{
    struct dirent **names = NULL;
    int count = names_in(root, &names);
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return count <= 2;
}

// Names in one directory and not in the other.
static void compare_names(enum side side, const char *where)
{
    struct dirent **names = NULL;
    int count = names_in(replay_options.root[side], &names);
    for (int i = 0; i < count; i++) {
        char full[PATH_ROOM];
        side_path(side == MOUNT ? PLAIN : MOUNT, names[i]->d_name, full);
        if (side_file_size(full) == -ENOENT)
            differ(&trace.ops[trace.count - 1], "%s is in the %s directory only", names[i]->d_name,
                   where);
        free(names[i]);
    }
    free(names);
}

static void corrupt_size(void)
{
    for (int i = 0; i < files_count; i++) {
        char full[PATH_ROOM];
        if (files[i].path && side_file_size(side_path(MOUNT, files[i].path, full)) >= 0 &&
            truncate(full, side_file_size(full) + 1) == 0)
            return;
    }
}

void replay_compare(bool names)
{
    if (replay_options.corruption == CORRUPT_SIZE)
        corrupt_size();
    for (int i = 0; i < files_count; i++) {
        if (files[i].path)
            compare_file(i);
    }
    if (names) {
        compare_names(MOUNT, "mount's");
        compare_names(PLAIN, "plain");
    }
}

void replay_clean(void)
{
    for (int i = 0; i < files_count; i++) {
        for (int side = 0; files[i].path && side < SIDES; side++) {
            char full[PATH_ROOM];
            unlink(side_path((enum side)side, files[i].path, full));
        }
    }
}

int refused_count(void)
{
    int count = 0;
    for (int i = 0; i < files_count; i++)
        count += atomic_load(&files[i].refused) || atomic_load(&files[i].restored);
    return count;
}
