// sqlread: reads files as SQL Server does with RESTORE and its relatives: O_DIRECT, 4096 bytes at
// 0, 4096, 8192 and before the end, then everything in big buffers with several outstanding through
// Linux AIO; the last ones lie past the end. Compares with reference files or the seed of sqlwrite,
// and prints the SHA-256.
//
// One thread a file; a struct source belongs to its thread until that ends.
#include "tests/tools/toolkit.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX    64
#define DEPTH_MAX    256
#define TRANSFER_MAX (64u << 20)
#define HEADER_LEN   4096
#define PAST_END     2 // requests that begin at or pass the end of the file

struct source {
    const char *path;
    const char *reference; // NULL: none
    int fd, reference_fd;
    uint64_t size, seed, done;
    EVP_MD_CTX *digest;
    char sha256[65];
    char error[300]; // "" if none
    pthread_t thread;
};

static struct {
    uint64_t transfer, seed;
    unsigned depth;
    bool header_only, no_direct, check_seed;
} options = {.transfer = 1u << 20, .depth = 4};

static struct source sources[FILES_MAX];
static int sources_count;

static void PRINTF_LIKE(2, 3) fail(struct source *source, const char *format, ...)
{
    if (source->error[0])
        return; // the first cause
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(source->error, sizeof source->error, format, arguments);
    va_end(arguments);
}

static uint64_t expected_at(const struct source *source, uint64_t offset, uint64_t len)
{
    if (offset >= source->size)
        return 0;
    return source->size - offset < len ? source->size - offset : len;
}

// Compares len bytes at offset with what they must be.
static void compare(struct source *source, const unsigned char *data, size_t len, uint64_t offset)
{
    if (!len || (source->reference_fd < 0 && !options.check_seed))
        return;
    AUTO_FREE unsigned char *wanted = aligned_buffer(len);
    if (source->reference_fd < 0)
        content_fill(wanted, len, offset, source->seed, 0);
    else if (read_all(source->reference_fd, wanted, len, offset) != (ssize_t)len)
        fail(source, "the reference %s is shorter", source->reference);
    size_t at = first_difference(data, wanted, len);
    if (at < len)
        fail(source, "differs at %" PRIu64 ": 0x%02x instead of 0x%02x", offset + at, data[at],
             wanted[at]);
}

static void read_header(struct source *source, uint64_t offset)
{
    AUTO_FREE unsigned char *buffer = aligned_buffer(HEADER_LEN);
    ssize_t n = pread(source->fd, buffer, HEADER_LEN, (off_t)offset);
    uint64_t expected = expected_at(source, offset, HEADER_LEN);
    if (n < 0)
        fail(source, "read of the header at %" PRIu64 ": %s", offset, errno_name(errno));
    else if ((uint64_t)n != expected)
        fail(source, "read of the header at %" PRIu64 " gave %zd of %" PRIu64, offset, n, expected);
    else
        compare(source, buffer, (size_t)n, offset);
}

static void read_headers(struct source *source)
{
    uint64_t end = source->size > HEADER_LEN ? source->size - HEADER_LEN : 0;
    const uint64_t places[] = {0, 4096, 8192, end / DIRECT_UNIT * DIRECT_UNIT};
    for (size_t i = 0; i < sizeof places / sizeof places[0] && !source->error[0]; i++)
        read_header(source, places[i]);
}

// ---- everything ----

struct slot {
    struct iocb request;
    unsigned char *buffer;
    int64_t result;
    bool busy, ready;
};

struct ring {
    aio_context_t context;
    struct slot slots[DEPTH_MAX]; // request number n uses slot n % depth
    unsigned outstanding;
};

static void submit(struct source *source, struct ring *ring, uint64_t number)
{
    struct slot *slot = &ring->slots[number % options.depth];
    struct iocb *request = &slot->request;
    uint64_t offset = number * options.transfer;
    aio_prepare(request, false, source->fd, slot->buffer, options.transfer, offset,
                number % options.depth);
    slot->ready = false;
    int n = aio_submit(ring->context, &request, 1);
    if (n != 1) {
        fail(source, "submit of a read at %" PRIu64 ": %s", offset,
             errno_name(n < 0 ? -n : EAGAIN));
        return;
    }
    slot->busy = true;
    ring->outstanding++;
}

static void reap(struct source *source, struct ring *ring)
{
    struct io_event events[DEPTH_MAX];
    int n = aio_wait(ring->context, 1, DEPTH_MAX, events);
    if (n < 0)
        die("waiting for asynchronous reads: %s", errno_name(-n));
    for (int i = 0; i < n; i++) {
        struct slot *slot = &ring->slots[events[i].data];
        slot->result = events[i].res;
        slot->busy = false;
        slot->ready = true;
        ring->outstanding--;
        if (slot->result < 0)
            fail(source, "read of %" PRIu64 " at %" PRIi64 ": %s", options.transfer,
                 (int64_t)slot->request.aio_offset, errno_name((int)-slot->result));
    }
}

// Takes the data of request `number`, in order.
static void take(struct source *source, struct ring *ring, uint64_t number)
{
    struct slot *slot = &ring->slots[number % options.depth];
    while (!slot->ready && slot->busy)
        reap(source, ring);
    if (source->error[0])
        return;
    uint64_t offset = number * options.transfer;
    uint64_t expected = expected_at(source, offset, options.transfer);
    if ((uint64_t)slot->result != expected) {
        fail(source, "read of %" PRIu64 " at %" PRIu64 " gave %" PRIi64 " of %" PRIu64,
             options.transfer, offset, slot->result, expected);
        return;
    }
    compare(source, slot->buffer, expected, offset);
    if (!EVP_DigestUpdate(source->digest, slot->buffer, expected))
        die("SHA-256 failed");
    source->done += expected;
}

static void read_everything(struct source *source, struct ring *ring)
{
    uint64_t count = source->size / options.transfer + PAST_END;
    uint64_t sent = 0;
    for (uint64_t number = 0; number < count && !source->error[0]; number++) {
        while (sent < count && sent < number + options.depth && !source->error[0])
            submit(source, ring, sent++);
        take(source, ring, number);
    }
    while (ring->outstanding)
        reap(source, ring);
}

static void read_sequence(struct source *source)
{
    AUTO_FREE struct ring *ring = calloc(1, sizeof *ring);
    source->digest = EVP_MD_CTX_new();
    if (!ring || !source->digest || !EVP_DigestInit_ex(source->digest, EVP_sha256(), NULL))
        die("no memory");
    int error = aio_setup(options.depth, &ring->context);
    if (error)
        die("io_setup: %s", errno_name(-error));
    for (unsigned i = 0; i < options.depth; i++)
        ring->slots[i].buffer = aligned_buffer(options.transfer);
    read_everything(source, ring);
    aio_destroy(ring->context);
    for (unsigned i = 0; i < options.depth; i++)
        free(ring->slots[i].buffer);
    unsigned char hash[32];
    if (!EVP_DigestFinal_ex(source->digest, hash, NULL))
        die("SHA-256 failed");
    for (int i = 0; i < 32; i++)
        snprintf(source->sha256 + 2 * i, 3, "%02x", hash[i]);
    EVP_MD_CTX_free(source->digest);
}

static void open_source(struct source *source)
{
    struct stat status;
    source->fd = open(source->path, O_RDONLY | O_CLOEXEC | (options.no_direct ? 0 : O_DIRECT));
    if (source->fd < 0 || fstat(source->fd, &status)) {
        fail(source, "open: %s", errno_name(errno));
        return;
    }
    source->size = (uint64_t)status.st_size;
    if (!source->reference)
        return;
    source->reference_fd = open(source->reference, O_RDONLY | O_CLOEXEC);
    if (source->reference_fd < 0 || fstat(source->reference_fd, &status))
        die("%s: %s", source->reference, strerror(errno));
    if ((uint64_t)status.st_size != source->size)
        fail(source, "size %" PRIu64 " instead of %" PRIi64, source->size, (int64_t)status.st_size);
}

static void *read_source(void *argument)
{
    struct source *source = argument;
    open_source(source);
    if (!source->error[0])
        read_headers(source);
    if (!source->error[0] && !options.header_only)
        read_sequence(source);
    if (source->fd >= 0 && close(source->fd))
        fail(source, "close: %s", errno_name(errno));
    if (source->reference_fd >= 0)
        close(source->reference_fd);
    return NULL;
}

static int report(double seconds)
{
    uint64_t bytes = 0;
    bool failed = false;
    printf("{\"files\": [");
    for (int i = 0; i < sources_count; i++) {
        bytes += sources[i].done;
        failed = failed || sources[i].error[0];
        if (sources[i].error[0])
            fprintf(stderr, "sqlread: %s: %s\n", sources[i].path, sources[i].error);
        printf("%s{\"ok\": %s, \"size\": %" PRIu64 ", \"sha256\": \"%s\"}", i ? ", " : "",
               sources[i].error[0] ? "false" : "true", sources[i].size,
               sources[i].error[0] ? "" : sources[i].sha256);
    }
    printf("], \"ok\": %s, \"bytes\": %" PRIu64 ", \"seconds\": %.3f, \"mb_per_second\": %.1f}\n",
           failed ? "false" : "true", bytes, seconds,
           seconds > 0 ? (double)bytes / seconds / 1e6 : 0.0);
    return failed ? 1 : 0;
}

// ---- command line ----

static _Noreturn void usage(int status)
{
    fprintf(status ? stderr : stdout,
            "usage: sqlread [option...] FILE...           several files are stripes, read at once\n"
            "  --verify FILE     must have the same content; once per FILE\n"
            "  --seed N          must be what sqlwrite --seed N wrote\n"
            "  --transfer N      bytes of a big read, 64K to 64M (1M)\n"
            "  --depth N         reads outstanding (4)\n"
            "  --header-only     the four small reads only, as RESTORE HEADERONLY\n"
            "  --no-direct       without O_DIRECT\n"
            "prints one line of JSON with the SHA-256 of each; exit status: 0, 1 an error or a\n"
            "difference, 2 wrong use\n");
    exit(status);
}

static const struct option LONG_OPTIONS[] = {
    {"verify", required_argument, NULL, 'v'},   {"seed", required_argument, NULL, 'S'},
    {"transfer", required_argument, NULL, 't'}, {"depth", required_argument, NULL, 'd'},
    {"header-only", no_argument, NULL, 'H'},    {"no-direct", no_argument, NULL, 'D'},
    {"help", no_argument, NULL, 'h'},           {0},
};

static void take_option(int letter, int *references)
{
    switch (letter) {
    case 'v':
        if (*references == FILES_MAX)
            die("at most %d files", FILES_MAX);
        sources[(*references)++].reference = optarg;
        break;
    case 'S':
        options.seed = size_or_die("--seed", optarg);
        options.check_seed = true;
        break;
    case 't':
        options.transfer = size_or_die("--transfer", optarg);
        break;
    case 'd':
        options.depth = (unsigned)size_or_die("--depth", optarg);
        break;
    case 'H':
        options.header_only = true;
        break;
    case 'D':
        options.no_direct = true;
        break;
    default:
        usage(letter == 'h' ? 0 : 2);
    }
}

int main(int argc, char **argv)
{
    int letter, references = 0;
    while ((letter = getopt_long(argc, argv, "h", LONG_OPTIONS, NULL)) != -1)
        take_option(letter, &references);
    sources_count = argc - optind;
    if (sources_count < 1 || sources_count > FILES_MAX ||
        (references && references != sources_count))
        usage(2);
    if (options.depth < 1 || options.depth > DEPTH_MAX)
        die("--depth: 1 to %d", DEPTH_MAX);
    if (options.transfer < 65536 || options.transfer > TRANSFER_MAX || options.transfer % 65536)
        die("--transfer: a multiple of 64K, up to 64M");
    double start = seconds_now();
    for (int i = 0; i < sources_count; i++) {
        struct source *source = &sources[i];
        source->path = argv[optind + i];
        source->seed = options.seed + (uint64_t)i;
        source->fd = source->reference_fd = -1;
        if (pthread_create(&source->thread, NULL, read_source, source))
            die("cannot start a thread");
    }
    for (int i = 0; i < sources_count; i++)
        pthread_join(sources[i].thread, NULL);
    return report(seconds_now() - start);
}
