// sqlwrite: writes files as SQL Server does with BACKUP ... TO DISK on Linux: O_DIRECT, sized
// before the data, small writes first, then big buffers with several outstanding through Linux AIO,
// small writes last, trimmed, fsynced, closed; several files at once for stripes.
//
// The main thread opens, sizes, finishes and closes; between that one thread a file writes its
// data. A struct stripe belongs to its thread while that runs.
#include "tests/tools/toolkit.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define STRIPES_MAX  64
#define DEPTH_MAX    256
#define TRANSFER_MAX (64u << 20)
#define DELETE_ERROR "and the file could not be deleted"

// Media header, filemark, set, volume, description; and at the end logs, end of set, filemark.
static const uint64_t FILE_START[] = {4096, 4096, 1024, 1024, 4096, 2048};
static const uint64_t FILE_END[] = {65536, 1024, 4096};

enum presize { PRESIZE_NONE, PRESIZE_EXACT, PRESIZE_TRIPLE, PRESIZE_THIRD, PRESIZE_BYTES };

struct stripe {
    const char *path;
    const char *input; // NULL: content from the seed
    int input_fd;
    int fd;
    bool created;
    uint64_t seed;
    uint64_t base; // where writing begins: 0, or the old end with --append
    uint64_t size; // bytes to write
    double finish_s;
    char error[300]; // "" if none
    pthread_t thread;
};

static struct {
    uint64_t transfer, size, seed, presize_bytes;
    unsigned depth;
    enum presize presize;
    bool use_fallocate, fsync_first, no_fsync, no_direct, append, format, keep_failed;
} options = {.transfer = 1u << 20, .depth = 4, .seed = 1, .presize = PRESIZE_EXACT};

static struct stripe stripes[STRIPES_MAX];
static int stripes_count;

static void PRINTF_LIKE(3, 4) fail(struct stripe *stripe, int error, const char *format, ...)
{
    if (stripe->error[0])
        return; // the first cause
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(stripe->error, sizeof stripe->error, format, arguments);
    va_end(arguments);
    if (len >= 0 && len < (int)sizeof stripe->error)
        snprintf(stripe->error + len, sizeof stripe->error - (size_t)len, ": %s",
                 errno_name(error));
}

// ---- content ----

// Fills buffer with the bytes that belong at `at` of the backup (counted from base).
static bool fill(struct stripe *stripe, void *buffer, size_t len, uint64_t at)
{
    if (stripe->input_fd < 0) {
        content_fill(buffer, len, stripe->base + at, stripe->seed, 0);
        return true;
    }
    ssize_t n = read_all(stripe->input_fd, buffer, len, at);
    if (n == (ssize_t)len)
        return true;
    fail(stripe, n < 0 ? (int)-n : EIO, "read of the input %s at %" PRIu64, stripe->input, at);
    return false;
}

// ---- writing ----

static bool write_small(struct stripe *stripe, uint64_t at, uint64_t len)
{
    AUTO_FREE void *buffer = aligned_buffer(len);
    if (!fill(stripe, buffer, len, at))
        return false;
    uint64_t offset = stripe->base + at;
    bool direct = !options.no_direct && (offset % DIRECT_UNIT || len % DIRECT_UNIT);
    if (direct && !set_direct(stripe->fd, false)) {
        fail(stripe, errno, "O_DIRECT cannot be switched off");
        return false;
    }
    ssize_t n = write_all(stripe->fd, buffer, len, offset);
    if (n < 0)
        fail(stripe, (int)-n, "write of %" PRIu64 " at %" PRIu64, len, offset);
    if (direct && !set_direct(stripe->fd, true))
        fail(stripe, errno, "O_DIRECT cannot be switched on");
    return n >= 0;
}

struct ring {
    aio_context_t context;
    struct iocb requests[DEPTH_MAX];
    void *buffers[DEPTH_MAX];
    bool busy[DEPTH_MAX];
    unsigned outstanding;
};

// Waits for one or more transfers and checks them.
static bool reap(struct stripe *stripe, struct ring *ring)
{
    struct io_event events[DEPTH_MAX];
    int n = aio_wait(ring->context, 1, DEPTH_MAX, events);
    if (n < 0)
        fail(stripe, -n, "waiting for asynchronous writes");
    for (int i = 0; i < n; i++) {
        const struct iocb *request = &ring->requests[events[i].data];
        ring->busy[events[i].data] = false;
        ring->outstanding--;
        if (events[i].res < 0)
            fail(stripe, (int)-events[i].res, "write of %" PRIu64 " at %" PRIi64,
                 (uint64_t)request->aio_nbytes, (int64_t)request->aio_offset);
        else if ((uint64_t)events[i].res != request->aio_nbytes)
            fail(stripe, EIO, "short write of %" PRIi64 " instead of %" PRIu64 " at %" PRIi64,
                 (int64_t)events[i].res, (uint64_t)request->aio_nbytes,
                 (int64_t)request->aio_offset);
    }
    return n >= 0;
}

static bool submit(struct stripe *stripe, struct ring *ring, uint64_t at, size_t len)
{
    unsigned slot = 0;
    while (ring->busy[slot])
        slot++;
    if (!fill(stripe, ring->buffers[slot], len, at))
        return false;
    struct iocb *request = &ring->requests[slot];
    aio_prepare(request, true, stripe->fd, ring->buffers[slot], len, stripe->base + at, slot);
    int n = aio_submit(ring->context, &request, 1);
    if (n != 1) {
        fail(stripe, n < 0 ? -n : EAGAIN, "submit of a write of %zu at %" PRIu64, len,
             stripe->base + at);
        return false;
    }
    ring->busy[slot] = true;
    ring->outstanding++;
    return true;
}

// Big buffers from `at` to `end`, up to `depth` outstanding; issued at increasing offsets.
static void write_buffers(struct stripe *stripe, struct ring *ring, uint64_t at, uint64_t end)
{
    while (at < end && !stripe->error[0]) {
        size_t len = end - at < options.transfer ? end - at : options.transfer;
        if (ring->outstanding == options.depth && !reap(stripe, ring))
            break;
        if (stripe->error[0] || !submit(stripe, ring, at, len))
            break;
        at += len;
    }
    while (ring->outstanding && reap(stripe, ring))
        ;
}

static void write_middle(struct stripe *stripe, uint64_t at, uint64_t end)
{
    AUTO_FREE struct ring *ring = calloc(1, sizeof *ring);
    if (!ring)
        die("no memory");
    int error = aio_setup(options.depth, &ring->context);
    if (error) {
        fail(stripe, -error, "io_setup");
        return;
    }
    for (unsigned i = 0; i < options.depth; i++)
        ring->buffers[i] = aligned_buffer(options.transfer);
    write_buffers(stripe, ring, at, end);
    aio_destroy(ring->context);
    for (unsigned i = 0; i < options.depth; i++)
        free(ring->buffers[i]);
}

static uint64_t sum(const uint64_t *values, size_t count)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += values[i];
    return total;
}

// The small writes at one end of the data; gives where they stop.
static uint64_t write_list(struct stripe *stripe, uint64_t at, const uint64_t *lens, size_t count)
{
    for (size_t i = 0; i < count && at < stripe->size && !stripe->error[0]; i++) {
        uint64_t len = stripe->size - at < lens[i] ? stripe->size - at : lens[i];
        if (!write_small(stripe, at, len))
            break;
        at += len;
    }
    return at;
}

static void *write_stripe(void *argument)
{
    struct stripe *stripe = argument;
    const size_t start_count = sizeof FILE_START / sizeof FILE_START[0];
    const size_t end_count = sizeof FILE_END / sizeof FILE_END[0];
    uint64_t at = write_list(stripe, 0, FILE_START, start_count);
    uint64_t tail = sum(FILE_END, end_count);
    // The small writes at the end take what does not fill whole sectors, too.
    uint64_t middle = stripe->size > at + tail ? stripe->size - at - tail : 0;
    middle -= middle % DIRECT_UNIT;
    if (middle && !stripe->error[0])
        write_middle(stripe, at, at + middle);
    at = write_list(stripe, at + middle, FILE_END, end_count);
    while (at < stripe->size && !stripe->error[0])
        at = write_list(stripe, at, FILE_END, 1);
    return NULL;
}

// ---- before and after ----

static bool open_input(struct stripe *stripe)
{
    struct stat status;
    stripe->input_fd = -1;
    stripe->size = options.size;
    if (!stripe->input)
        return true;
    stripe->input_fd = open(stripe->input, O_RDONLY | O_CLOEXEC);
    if (stripe->input_fd < 0 || fstat(stripe->input_fd, &status))
        die("%s: %s", stripe->input, strerror(errno));
    stripe->size = (uint64_t)status.st_size;
    return true;
}

// An existing file is tried first, as SQL Server does, and created if it is absent.
static void open_stripe(struct stripe *stripe)
{
    struct stat status;
    int direct = options.no_direct ? 0 : O_DIRECT;
    open_input(stripe);
    stripe->created = stat(stripe->path, &status) != 0;
    if (stripe->created && errno != ENOENT) {
        fail(stripe, errno, "stat");
        return;
    }
    int flags = O_RDWR | O_CLOEXEC | direct | (stripe->created ? O_CREAT | O_EXCL : 0);
    stripe->fd = open(stripe->path, flags, 0660);
    if (stripe->fd < 0) {
        stripe->created = false; // nothing of ours to delete
        fail(stripe, errno, "open");
        return;
    }
    if (!stripe->created && options.append)
        stripe->base = (uint64_t)status.st_size;
    else if (!stripe->created && !options.format)
        fail(stripe, EEXIST, "the file is there; --append or --format");
    int error = stripe->created ? sync_parent(stripe->path) : 0;
    if (error)
        fail(stripe, -error, "fsync of the directory");
}

static void presize_stripe(struct stripe *stripe)
{
    uint64_t size = stripe->size + (2u << 20); // as seen: a little above the final size
    if (options.presize == PRESIZE_NONE || stripe->error[0])
        return;
    if (options.presize == PRESIZE_TRIPLE)
        size = stripe->size * 3;
    if (options.presize == PRESIZE_THIRD)
        size = stripe->size / 3 / 4096 * 4096;
    if (options.presize == PRESIZE_BYTES)
        size = options.presize_bytes;
    size += stripe->base;
    if (options.use_fallocate && fallocate(stripe->fd, 0, 0, (off_t)size))
        fail(stripe, errno, "fallocate of %" PRIu64, size);
    if (!options.use_fallocate && ftruncate(stripe->fd, (off_t)size))
        fail(stripe, errno, "ftruncate to %" PRIu64, size);
}

static void trim(struct stripe *stripe)
{
    struct stat status;
    uint64_t end = stripe->base + stripe->size;
    if (fstat(stripe->fd, &status))
        fail(stripe, errno, "fstat");
    else if ((options.presize != PRESIZE_NONE || (uint64_t)status.st_size != end) &&
             ftruncate(stripe->fd, (off_t)end))
        fail(stripe, errno, "ftruncate to %" PRIu64, end);
}

static void finish_stripe(struct stripe *stripe)
{
    double start = seconds_now();
    if (!options.fsync_first && !stripe->error[0])
        trim(stripe);
    if (!options.no_fsync && !stripe->error[0] && fsync(stripe->fd))
        fail(stripe, errno, "fsync");
    if (options.fsync_first && !stripe->error[0])
        trim(stripe);
    stripe->finish_s = seconds_now() - start;
}

static void close_stripe(struct stripe *stripe)
{
    if (stripe->fd >= 0 && close(stripe->fd))
        fail(stripe, errno, "close");
    if (stripe->input_fd >= 0)
        close(stripe->input_fd);
}

// A failed new file is deleted, as SQL Server does.
static void delete_failed(struct stripe *stripe)
{
    if (stripe->created && !options.keep_failed && unlink(stripe->path) && errno != ENOENT)
        fprintf(stderr, "sqlwrite: %s: %s: %s\n", stripe->path, DELETE_ERROR, errno_name(errno));
}

static bool any_error(void)
{
    for (int i = 0; i < stripes_count; i++) {
        if (stripes[i].error[0])
            return true;
    }
    return false;
}

static void each(void (*step)(struct stripe *))
{
    for (int i = 0; i < stripes_count; i++)
        step(&stripes[i]);
}

static void write_all_stripes(void)
{
    for (int i = 0; i < stripes_count; i++) {
        if (pthread_create(&stripes[i].thread, NULL, write_stripe, &stripes[i]))
            die("cannot start a thread");
    }
    for (int i = 0; i < stripes_count; i++)
        pthread_join(stripes[i].thread, NULL);
}

static int report(double seconds, double finish_s)
{
    uint64_t bytes = 0;
    bool failed = any_error();
    for (int i = 0; i < stripes_count; i++) {
        bytes += stripes[i].size;
        if (stripes[i].error[0])
            fprintf(stderr, "sqlwrite: %s: %s\n", stripes[i].path, stripes[i].error);
    }
    printf("{\"ok\": %s, \"files\": %d, \"bytes\": %" PRIu64 ", \"seconds\": %.3f, "
           "\"finish_seconds\": %.3f, \"mb_per_second\": %.1f}\n",
           failed ? "false" : "true", stripes_count, bytes, seconds, finish_s,
           seconds > 0 ? (double)bytes / seconds / 1e6 : 0.0);
    return failed ? 1 : 0;
}

static int run(void)
{
    double start = seconds_now();
    each(open_stripe);
    if (!any_error())
        each(presize_stripe);
    if (!any_error())
        write_all_stripes();
    double finish = seconds_now();
    if (!any_error())
        each(finish_stripe);
    double finish_s = seconds_now() - finish;
    each(close_stripe);
    if (any_error())
        each(delete_failed);
    return report(seconds_now() - start, finish_s);
}

// ---- command line ----

static _Noreturn void usage(int status)
{
    fprintf(
        status ? stderr : stdout,
        "usage: sqlwrite [option...] FILE...          several files are stripes\n"
        "  --in FILE         content; once per FILE (default: from the seed)\n"
        "  --size N          bytes of each file without --in (64M)\n"
        "  --seed N          content: FILE number i, from 0, uses N + i (1)\n"
        "  --transfer N      bytes of a big buffer, 64K to 64M (1M)\n"
        "  --depth N         buffers outstanding (4)\n"
        "  --presize exact|triple|third|none|BYTES   size set before the data (exact: a little\n"
        "                    more than the end)\n"
        "  --fallocate       set it with fallocate instead of ftruncate\n"
        "  --fsync-first     fsync before the final trim instead of after it\n"
        "  --no-fsync        neither\n"
        "  --append          write behind the content of an existing file\n"
        "  --format          write over an existing file, from 0, without O_TRUNC\n"
        "  --no-direct       without O_DIRECT\n"
        "  --keep-failed     do not delete new files after an error\n"
        "prints one line of JSON; exit status: 0 all durable, 1 an error, 2 wrong use\n");
    exit(status);
}

static const struct option LONG_OPTIONS[] = {
    {"in", required_argument, NULL, 'i'},
    {"size", required_argument, NULL, 's'},
    {"seed", required_argument, NULL, 'S'},
    {"transfer", required_argument, NULL, 't'},
    {"depth", required_argument, NULL, 'd'},
    {"presize", required_argument, NULL, 'p'},
    {"fallocate", no_argument, NULL, 'f'},
    {"fsync-first", no_argument, NULL, 'F'},
    {"no-fsync", no_argument, NULL, 'n'},
    {"append", no_argument, NULL, 'a'},
    {"format", no_argument, NULL, 'o'},
    {"no-direct", no_argument, NULL, 'D'},
    {"keep-failed", no_argument, NULL, 'k'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static void take_presize(const char *text)
{
    static const char *const WORDS[] = {"none", "exact", "triple", "third"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(text, WORDS[i]) == 0) {
            options.presize = (enum presize)i;
            return;
        }
    }
    options.presize = PRESIZE_BYTES;
    options.presize_bytes = size_or_die("--presize", text);
}

static void take_flag(int letter)
{
    switch (letter) {
    case 'f':
        options.use_fallocate = true;
        break;
    case 'F':
        options.fsync_first = true;
        break;
    case 'n':
        options.no_fsync = true;
        break;
    case 'a':
        options.append = true;
        break;
    case 'o':
        options.format = true;
        break;
    case 'D':
        options.no_direct = true;
        break;
    case 'k':
        options.keep_failed = true;
        break;
    default:
        usage(letter == 'h' ? 0 : 2);
    }
}

static void take_option(int letter, int *inputs)
{
    switch (letter) {
    case 'i':
        if (*inputs == STRIPES_MAX)
            die("at most %d files", STRIPES_MAX);
        stripes[(*inputs)++].input = optarg;
        break;
    case 's':
        options.size = size_or_die("--size", optarg);
        break;
    case 'S':
        options.seed = size_or_die("--seed", optarg);
        break;
    case 't':
        options.transfer = size_or_die("--transfer", optarg);
        break;
    case 'd':
        options.depth = (unsigned)size_or_die("--depth", optarg);
        break;
    case 'p':
        take_presize(optarg);
        break;
    default:
        take_flag(letter);
    }
}

int main(int argc, char **argv)
{
    int letter, inputs = 0;
    options.size = 64u << 20;
    while ((letter = getopt_long(argc, argv, "h", LONG_OPTIONS, NULL)) != -1)
        take_option(letter, &inputs);
    stripes_count = argc - optind;
    if (stripes_count < 1 || stripes_count > STRIPES_MAX || (inputs && inputs != stripes_count))
        usage(2);
    if (options.depth < 1 || options.depth > DEPTH_MAX)
        die("--depth: 1 to %d", DEPTH_MAX);
    if (options.transfer < 65536 || options.transfer > TRANSFER_MAX || options.transfer % 65536)
        die("--transfer: a multiple of 64K, up to 64M");
    for (int i = 0; i < stripes_count; i++) {
        stripes[i].path = argv[optind + i];
        stripes[i].seed = options.seed + (uint64_t)i;
        stripes[i].fd = stripes[i].input_fd = -1;
    }
    return run();
}
