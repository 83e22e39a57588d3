// replay: runs a trace in a directory of a mount and in a plain directory at the same time, and
// compares every result, every byte read, every size, and at the end every file.
//
// The content of a write depends on the seed, its place and its number in the trace, so every write
// is told from every other. Operations that are outstanding together go to the mount really at
// once, in an order that the seed shuffles. The main thread runs the trace; operations of several
// issuing threads, and of a group, get threads of their own that end before it goes on. Handles and
// files change only in the main thread.
#include "tests/tools/toolkit.h"
#include "tests/tools/trace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define FILES_MAX       256
#define ALLOWED_MAX     64
#define DIFFERENCES_MAX 20 // then it stops
#define COMPARE_PIECE   (1u << 20)
#define SKIPPED         INT64_MIN // the mount's handle never opened: nothing to compare
#define PATH_ROOM       4096

enum side { MOUNT, PLAIN, SIDES };
enum delivery { THREADS, AIO, SERIAL };
enum corruption { CORRUPT_NOTHING, CORRUPT_WRITE, CORRUPT_READ, CORRUPT_UNLINK, CORRUPT_SIZE };

struct file {
    const char *path;    // its present name; NULL: removed or replaced
    int preexisting;     // index of the operation that made it, or -1
    uint64_t old_size;   // of the preexisting file
    atomic_bool refused; // the mount gave an allowed error for its data
};

struct handle {
    int fd[SIDES]; // -1: not open
    int file;
};

struct allowed {
    enum trace_kind kind;
    int number; // errno
};

static struct {
    const char *root[SIDES];
    const char *after_command;
    uint64_t seed;
    enum delivery delivery;
    enum corruption corruption;
    bool shuffle, keep, direct_optional, expect_refused, verbose;
    struct allowed allowed[ALLOWED_MAX];
    int allowed_count;
} options = {.seed = 1, .shuffle = true};

static struct trace trace;
static struct file files[FILES_MAX];
static int files_count;
static struct handle handles[TRACE_HANDLES_MAX];
static int corrupt_index = -1; // the operation to spoil
static atomic_int differences;
static atomic_int allowed_seen;

// ---- what was found ----

static void PRINTF_LIKE(2, 3) differ(const struct trace_op *op, const char *format, ...)
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

static const char *result_text(int64_t result, char *text, size_t room)
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
    for (int i = 0; i < options.allowed_count; i++) {
        if (options.allowed[i].kind == kind && options.allowed[i].number == -result)
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

// Compares the results of both sides; true if the operation's data may be compared too.
static bool judge(const struct trace_op *op, const int64_t result[SIDES])
{
    struct file *file = op->file >= 0 ? &files[op->file] : NULL;
    char mount[32], plain[32];
    if (result[MOUNT] == SKIPPED)
        return false;
    if (file && atomic_load(&file->refused)) {
        if (promises_durability(op->kind) && result[MOUNT] >= 0 && result[PLAIN] >= 0)
            differ(op, "success after an earlier operation on the file was refused");
        return false;
    }
    if (result[MOUNT] == result[PLAIN])
        return result[MOUNT] >= 0;
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

static char *join(enum side side, const char *path, char full[static PATH_ROOM])
{
    if (snprintf(full, PATH_ROOM, "%s/%s", options.root[side], path) >= PATH_ROOM)
        die("%s: name too long", path);
    return full;
}

static int file_of(const char *path)
{
    for (int i = 0; i < files_count; i++) {
        if (files[i].path && strcmp(files[i].path, path) == 0)
            return i;
    }
    if (files_count == FILES_MAX)
        die("more than %d files in a trace", FILES_MAX);
    files[files_count] = (struct file){.path = path, .preexisting = -1};
    return files_count++;
}

static void op_content(const struct trace_op *op, void *buffer, size_t len, uint64_t offset)
{
    content_fill(buffer, len, offset, options.seed, (uint64_t)op->index + 1);
}

// ---- one operation on one side ----

static bool aligned(const struct trace_op *op)
{
    return op->offset % DIRECT_UNIT == 0 && op->len % DIRECT_UNIT == 0;
}

static int open_file(enum side side, const struct trace_op *op)
{
    char full[PATH_ROOM];
    // Without an own handle for it the plain side need not be direct: its bytes are the same.
    int flags = side == PLAIN ? op->flags & ~O_DIRECT : op->flags;
    int fd = open(join(side, op->path, full), flags, op->mode);
    if (fd < 0 && errno == EINVAL && options.direct_optional)
        fd = open(full, flags & ~O_DIRECT, op->mode);
    return fd < 0 ? -errno : fd;
}

static int64_t transfer(int fd, const struct trace_op *op, void *buffer)
{
    if (op->kind == TRACE_WRITE)
        return write_all(fd, buffer, op->len, op->offset);
    return read_all(fd, buffer, op->len, op->offset);
}

// As dd does: what O_DIRECT cannot take goes with the flag switched off.
static int64_t transfer_alone(int fd, const struct trace_op *op, void *buffer)
{
    int flags = fcntl(fd, F_GETFL);
    bool switched = (flags & O_DIRECT) && !aligned(op);
    if (switched && !set_direct(fd, false))
        return -errno;
    int64_t result = transfer(fd, op, buffer);
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

static int64_t truncate_file(enum side side, int fd, const struct trace_op *op)
{
    char full[PATH_ROOM];
    if (op->handle >= 0)
        return ftruncate(fd, (off_t)op->size) ? -errno : 0;
    return truncate(join(side, op->path, full), (off_t)op->size) ? -errno : 0;
}

static int64_t file_size(const char *full)
{
    struct stat status;
    return lstat(full, &status) ? -errno : (int64_t)status.st_size;
}

static int64_t rename_file(enum side side, const struct trace_op *op)
{
    char from[PATH_ROOM], to[PATH_ROOM];
    return rename(join(side, op->path, from), join(side, op->to, to)) ? -errno : 0;
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
    join(side, op->path, full);
    switch (op->kind) {
    case TRACE_FSYNCDIR:
        return sync_directory(full);
    case TRACE_RENAME:
        return rename_file(side, op);
    case TRACE_UNLINK:
        if (options.corruption == CORRUPT_UNLINK && side == MOUNT)
            return 0;
        return unlink(full) ? -errno : 0;
    case TRACE_MKDIR:
        return mkdir(full, 0755) ? -errno : 0;
    case TRACE_RMDIR:
        return rmdir(full) ? -errno : 0;
    case TRACE_SETATTR:
        return set_attributes(full, op);
    case TRACE_SETXATTR:
        return set_xattr(full, op);
    case TRACE_STAT:
        return file_size(full);
    default:
        die("line %d: needs a handle", op->line);
    }
}

static int64_t perform(enum side side, const struct trace_op *op, void *buffer)
{
    int fd = -1;
    if (op->handle >= 0) {
        fd = handles[op->handle].fd[side];
        if (fd < 0)
            return SKIPPED;
    }
    switch (op->kind) {
    case TRACE_WRITE:
    case TRACE_READ:
        return transfer_alone(fd, op, buffer);
    case TRACE_TRUNC:
        return truncate_file(side, fd, op);
    case TRACE_FALLOCATE:
        return fallocate(fd, op->falloc_mode, (off_t)op->offset, (off_t)op->len) ? -errno : 0;
    case TRACE_FSYNC:
        return fsync(fd) ? -errno : 0;
    case TRACE_FDATASYNC:
        return fdatasync(fd) ? -errno : 0;
    case TRACE_FLUSH:
        return close_duplicate(fd);
    case TRACE_RELEASE:
        return release(&handles[op->handle].fd[side]);
    default:
        return perform_path(side, op);
    }
}

// ---- reads and writes, alone or together ----

struct request {
    const struct trace_op *op;
    void *buffer[SIDES];
    int64_t result[SIDES];
    pthread_barrier_t *start;
};

static void request_prepare(struct request *request, const struct trace_op *op)
{
    *request = (struct request){.op = op};
    for (int side = 0; side < SIDES; side++) {
        request->buffer[side] = aligned_buffer(op->len);
        if (op->kind == TRACE_WRITE)
            op_content(op, request->buffer[side], op->len, op->offset);
    }
    if (options.corruption == CORRUPT_WRITE && op->index == corrupt_index)
        ((unsigned char *)request->buffer[MOUNT])[op->len / 2] ^= 1;
}

static void request_finish(struct request *request)
{
    const struct trace_op *op = request->op;
    const unsigned char *mount = request->buffer[MOUNT], *plain = request->buffer[PLAIN];
    if (options.corruption == CORRUPT_READ && op->index == corrupt_index)
        ((unsigned char *)request->buffer[MOUNT])[0] ^= 1;
    if (judge(op, request->result) && op->kind == TRACE_READ) {
        size_t len = (size_t)request->result[PLAIN];
        size_t at = first_difference(mount, plain, len);
        if (at < len)
            differ(op, "read at offset %" PRIu64 ": mount 0x%02x, plain 0x%02x", op->offset + at,
                   mount[at], plain[at]);
    }
    free(request->buffer[MOUNT]);
    free(request->buffer[PLAIN]);
}

static void *deliver_one(void *argument)
{
    struct request *request = argument;
    pthread_barrier_wait(request->start);
    int fd = handles[request->op->handle].fd[MOUNT];
    request->result[MOUNT] = fd < 0 ? SKIPPED : transfer(fd, request->op, request->buffer[MOUNT]);
    return NULL;
}

static void deliver_by_threads(struct request **order, size_t count)
{
    pthread_barrier_t start;
    AUTO_FREE pthread_t *threads = calloc(count, sizeof *threads);
    if (!threads || pthread_barrier_init(&start, NULL, (unsigned)count))
        die("no memory for %zu threads", count);
    for (size_t i = 0; i < count; i++) {
        order[i]->start = &start;
        if (pthread_create(&threads[i], NULL, deliver_one, order[i]))
            die("cannot start a thread");
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&start);
}

// A short result is finished the plain way.
static int64_t finish_short(struct request *request, int64_t result)
{
    const struct trace_op *op = request->op;
    if (result < 0 || (uint64_t)result == op->len || op->kind == TRACE_READ)
        return result;
    ssize_t rest = write_all(handles[op->handle].fd[MOUNT], (char *)request->buffer[MOUNT] + result,
                             op->len - (size_t)result, op->offset + (uint64_t)result);
    return rest < 0 ? rest : (int64_t)op->len;
}

static void deliver_by_aio(struct request **order, size_t count)
{
    aio_context_t context;
    AUTO_FREE struct iocb *blocks = calloc(count, sizeof *blocks);
    AUTO_FREE struct iocb **pointers = calloc(count, sizeof *pointers);
    AUTO_FREE struct io_event *events = calloc(count, sizeof *events);
    if (!blocks || !pointers || !events || aio_setup((unsigned)count, &context))
        die("no asynchronous I/O");
    for (size_t i = 0; i < count; i++) {
        const struct trace_op *op = order[i]->op;
        aio_prepare(&blocks[i], op->kind == TRACE_WRITE, handles[op->handle].fd[MOUNT],
                    order[i]->buffer[MOUNT], op->len, op->offset, i);
        pointers[i] = &blocks[i];
    }
    size_t sent = 0;
    while (sent < count) {
        int n = aio_submit(context, pointers + sent, (long)(count - sent));
        if (n <= 0) // this one cannot even be submitted: that is its result
            order[sent++]->result[MOUNT] = n ? n : -EAGAIN;
        for (int i = 0; i < n; i++)
            order[sent++]->result[MOUNT] = SKIPPED + 1; // pending
    }
    long pending = 0;
    for (size_t i = 0; i < count; i++)
        pending += order[i]->result[MOUNT] == SKIPPED + 1;
    int n = pending ? aio_wait(context, pending, (long)count, events) : 0;
    if (n != pending)
        die("asynchronous I/O lost a request");
    for (int i = 0; i < n; i++) {
        struct request *request = order[events[i].data];
        request->result[MOUNT] = finish_short(request, events[i].res);
    }
    aio_destroy(context);
}

static void deliver_serially(struct request **order, size_t count)
{
    for (size_t i = 0; i < count; i++)
        order[i]->result[MOUNT] = perform(MOUNT, order[i]->op, order[i]->buffer[MOUNT]);
}

static uint64_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static void shuffle(struct request **order, size_t count, uint64_t state)
{
    for (int i = 0; i < 4; i++)
        random_next(&state);
    for (size_t i = count; i > 1; i--) {
        size_t j = random_next(&state) % i;
        struct request *swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
}

// Gives the whole group to the mount at once; then, one after another, to the plain directory.
static void run_group(const struct trace_op **ops, size_t count)
{
    AUTO_FREE struct request *requests = calloc(count, sizeof *requests);
    AUTO_FREE struct request **order = calloc(count, sizeof *order);
    if (!requests || !order)
        die("no memory for a group");
    bool all_aligned = true, all_open = true;
    for (size_t i = 0; i < count; i++) {
        request_prepare(&requests[i], ops[i]);
        order[i] = &requests[i];
        all_aligned = all_aligned && aligned(ops[i]);
        all_open = all_open && handles[ops[i]->handle].fd[MOUNT] >= 0;
    }
    if (options.shuffle)
        shuffle(order, count, options.seed * 1000003 + (uint64_t)ops[0]->line);
    if (options.delivery == SERIAL || !all_aligned || !all_open)
        deliver_serially(order, count);
    else if (options.delivery == AIO)
        deliver_by_aio(order, count);
    else
        deliver_by_threads(order, count);
    for (size_t i = 0; i < count; i++) {
        requests[i].result[PLAIN] = perform(PLAIN, ops[i], requests[i].buffer[PLAIN]);
        request_finish(&requests[i]);
    }
}

// ---- the other operations ----

static void run_open(const struct trace_op *op)
{
    struct handle *handle = &handles[op->handle];
    if (handle->fd[MOUNT] >= 0 || handle->fd[PLAIN] >= 0)
        die("line %d: handle %d is open already", op->line, op->handle);
    int64_t result[SIDES];
    for (int side = 0; side < SIDES; side++) {
        handle->fd[side] = open_file((enum side)side, op);
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
        int fd = open(join((enum side)side, op->path, full),
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
    int64_t result[SIDES] = {perform_path(MOUNT, op), perform_path(PLAIN, op)};
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
    int64_t result[SIDES] = {perform(MOUNT, op, NULL), perform(PLAIN, op, NULL)};
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
            run_group(ops + i, end - i);
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

static void run_trace(void)
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
    int64_t got = file_size(join(MOUNT, files[file].path, mount));
    int64_t wanted = file_size(join(PLAIN, files[file].path, plain));
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

// A refused file must be what it was before: absent, or the preexisting one; nothing half done.
static void compare_refused(int file)
{
    char full[PATH_ROOM];
    const struct trace_op *last = writer_of(file, UINT64_MAX);
    int64_t size = file_size(join(MOUNT, files[file].path, full));
    if (files[file].preexisting < 0) {
        if (size != -ENOENT)
            differ(last, "%s was refused, but is there with size %" PRId64, files[file].path, size);
        return;
    }
    AUTO_FREE unsigned char *got = aligned_buffer(COMPARE_PIECE);
    AUTO_FREE unsigned char *wanted = aligned_buffer(COMPARE_PIECE);
    AUTO_CLOSE int fd = open(full, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || size != (int64_t)files[file].old_size) {
        differ(last, "%s was refused, but the old file is not there", files[file].path);
        return;
    }
    for (uint64_t at = 0; at < files[file].old_size; at += COMPARE_PIECE) {
        ssize_t len = read_all(fd, got, COMPARE_PIECE, at);
        uint64_t left = files[file].old_size - at;
        op_content(&trace.ops[files[file].preexisting], wanted, COMPARE_PIECE, at);
        if (len != (ssize_t)(left < COMPARE_PIECE ? left : COMPARE_PIECE) ||
            memcmp(got, wanted, (size_t)len) != 0) {
            differ(last, "%s was refused, but the old file changed near %" PRIu64, files[file].path,
                   at);
            return;
        }
    }
}

static int names_in(const char *root, struct dirent ***names)
{
    int count = scandir(root, names, NULL, alphasort);
    if (count < 0)
        die("%s: %s", root, strerror(errno));
    return count;
}

static bool is_empty(const char *root)
{
    struct dirent **names = NULL;
    int count = names_in(root, &names);
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return count <= 2;
}

static bool is_refused(const char *path)
{
    for (int i = 0; i < files_count; i++) {
        if (files[i].path && strcmp(files[i].path, path) == 0)
            return atomic_load(&files[i].refused);
    }
    return false;
}

// Names in one directory and not in the other.
static void compare_names(enum side side, const char *where)
{
    struct dirent **names = NULL;
    int count = names_in(options.root[side], &names);
    for (int i = 0; i < count; i++) {
        char full[PATH_ROOM];
        join(side == MOUNT ? PLAIN : MOUNT, names[i]->d_name, full);
        if (file_size(full) == -ENOENT && !is_refused(names[i]->d_name))
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
        if (files[i].path && file_size(join(MOUNT, files[i].path, full)) >= 0 &&
            truncate(full, file_size(full) + 1) == 0)
            return;
    }
}

static void compare_all(bool names)
{
    if (options.corruption == CORRUPT_SIZE)
        corrupt_size();
    for (int i = 0; i < files_count; i++) {
        if (!files[i].path)
            continue;
        if (atomic_load(&files[i].refused))
            compare_refused(i);
        else
            compare_file(i);
    }
    if (names) {
        compare_names(MOUNT, "mount's");
        compare_names(PLAIN, "plain");
    }
}

static void clean(void)
{
    for (int i = 0; i < files_count; i++) {
        for (int side = 0; files[i].path && side < SIDES; side++) {
            char full[PATH_ROOM];
            unlink(join((enum side)side, files[i].path, full));
        }
    }
}

static int refused_count(void)
{
    int count = 0;
    for (int i = 0; i < files_count; i++)
        count += atomic_load(&files[i].refused);
    return count;
}

// ---- command line ----

static void choose_corruption(void)
{
    enum trace_kind kind = options.corruption == CORRUPT_WRITE ? TRACE_WRITE : TRACE_READ;
    for (size_t i = 0; i < trace.count; i++) {
        // A read past the end has no byte to spoil: the header reads come first, take those.
        if (trace.ops[i].kind == kind && (kind == TRACE_WRITE || corrupt_index < 0))
            corrupt_index = (int)i;
    }
}

static void add_allowed(const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals || options.allowed_count == ALLOWED_MAX)
        die("--allow-error takes OPERATION=ERRNO");
    for (int kind = 0; kind < TRACE_KINDS; kind++) {
        const char *name = trace_kind_name((enum trace_kind)kind);
        if (strlen(name) != (size_t)(equals - text) || strncmp(name, text, strlen(name)) != 0)
            continue;
        int number = errno_of_name(equals + 1);
        if (!number)
            die("--allow-error: no error is called %s", equals + 1);
        options.allowed[options.allowed_count++] =
            (struct allowed){.kind = (enum trace_kind)kind, .number = number};
        return;
    }
    die("--allow-error: no operation in '%s'", text);
}

static int word_index(const char *option, const char *word, const char *const *words)
{
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], word) == 0)
            return i;
    }
    die("%s: unknown value '%s'", option, word);
}

static _Noreturn void usage(int status)
{
    fprintf(
        status ? stderr : stdout,
        "usage: replay --mount DIR --plain DIR [option...] TRACE\n"
        "  --seed N                  content and order (1)\n"
        "  --deliver threads|aio|serial  how a group reaches the mount (threads)\n"
        "  --no-shuffle              groups in the order of the trace\n"
        "  --allow-error OP=ERRNO    the mount may refuse this; the file must then be absent or\n"
        "                            the old one, and no later fsync or close of it succeed\n"
        "  --expect-refused          fail unless the mount refused a file\n"
        "  --after-command COMMAND   run between the trace and the comparison (remount, ...)\n"
        "  --direct-optional         go on without O_DIRECT where open refuses it\n"
        "  --keep                    leave the files\n"
        "exit status: 0 all agrees, 1 differences, 2 wrong use or a broken plain directory\n");
    exit(status);
}

static const struct option LONG_OPTIONS[] = {
    {"mount", required_argument, NULL, 'm'},
    {"plain", required_argument, NULL, 'p'},
    {"seed", required_argument, NULL, 's'},
    {"deliver", required_argument, NULL, 'd'},
    {"no-shuffle", no_argument, NULL, 'n'},
    {"allow-error", required_argument, NULL, 'a'},
    {"expect-refused", no_argument, NULL, 'e'},
    {"after-command", required_argument, NULL, 'c'},
    {"direct-optional", no_argument, NULL, 'o'},
    {"keep", no_argument, NULL, 'k'},
    {"corrupt", required_argument, NULL, 'x'}, // not in the usage: proves that faults are noticed
    {"help", no_argument, NULL, 'h'},
    {0},
};

static void take_option(int letter)
{
    static const char *const DELIVERIES[] = {"threads", "aio", "serial", NULL};
    static const char *const CORRUPTIONS[] = {"nothing", "write", "read", "unlink", "size", NULL};
    switch (letter) {
    case 'm':
        options.root[MOUNT] = optarg;
        break;
    case 'p':
        options.root[PLAIN] = optarg;
        break;
    case 's':
        options.seed = size_or_die("--seed", optarg);
        break;
    case 'd':
        options.delivery = (enum delivery)word_index("--deliver", optarg, DELIVERIES);
        break;
    case 'n':
        options.shuffle = false;
        break;
    case 'a':
        add_allowed(optarg);
        break;
    case 'e':
        options.expect_refused = true;
        break;
    case 'c':
        options.after_command = optarg;
        break;
    case 'o':
        options.direct_optional = true;
        break;
    case 'k':
        options.keep = true;
        break;
    case 'x':
        options.corruption = (enum corruption)word_index("--corrupt", optarg, CORRUPTIONS);
        break;
    default:
        usage(letter == 'h' ? 0 : 2);
    }
}

int main(int argc, char **argv)
{
    int letter;
    while ((letter = getopt_long(argc, argv, "h", LONG_OPTIONS, NULL)) != -1)
        take_option(letter);
    if (optind != argc - 1 || !options.root[MOUNT] || !options.root[PLAIN])
        usage(2);
    umask(022);
    for (int i = 0; i < TRACE_HANDLES_MAX; i++)
        handles[i] = (struct handle){.fd = {-1, -1}, .file = -1};
    trace_load(&trace, argv[optind]);
    if (!trace.count)
        die("%s: no operations", argv[optind]);
    choose_corruption();
    bool names = is_empty(options.root[MOUNT]) && is_empty(options.root[PLAIN]);
    double start = seconds_now();
    run_trace();
    double replayed = seconds_now();
    if (options.after_command && system(options.after_command) != 0)
        die("the command after the trace failed");
    compare_all(names);
    int refused = refused_count();
    if (options.expect_refused && !refused)
        differ(&trace.ops[trace.count - 1], "nothing was refused");
    int count = atomic_load(&differences);
    if (!options.keep && !count)
        clean();
    printf("%s: %zu operations, %d differences, %d allowed errors, %d files refused, "
           "%.2f s + %.2f s to compare\n",
           argv[optind], trace.count, count, atomic_load(&allowed_seen), refused, replayed - start,
           seconds_now() - replayed);
    trace_clear(&trace);
    return count ? 1 : 0;
}
