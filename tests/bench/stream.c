// bench_stream write|read FILE BYTES [--block BYTES] [--buffered 1]: one stream of O_DIRECT
// transfers, as a backup makes, through open to close. The content is a pattern of its offsets
// that does not compress; `read` compares all of it. Prints seconds and the time in open and at the
// end (fsync, close) as JSON.
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STAMP_EVERY 4096

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fill_random(uint8_t *block, size_t len)
{
    uint64_t x = 0x9e3779b97f4a7c15;
    for (size_t i = 0; i < len; i += sizeof x) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        memcpy(block + i, &x, sizeof x);
    }
}

// Every page of the file differs from all others, at little cost for the processor.
static void stamp(uint8_t *block, size_t len, uint64_t offset)
{
    for (size_t i = 0; i < len; i += STAMP_EVERY) {
        uint64_t value = offset + i;
        memcpy(block + i, &value, sizeof value);
    }
}

static void write_all(int fd, const uint8_t *block, size_t len)
{
    while (len > 0) {
        ssize_t done = write(fd, block, len);
        if (done <= 0)
            control_die("write");
        block += done;
        len -= (size_t)done;
    }
}

static void read_all(int fd, uint8_t *block, size_t len)
{
    while (len > 0) {
        ssize_t done = read(fd, block, len);
        if (done == 0)
            errno = ENODATA;
        if (done <= 0)
            control_die("read");
        block += done;
        len -= (size_t)done;
    }
}

static uint8_t *block_new(size_t len)
{
    uint8_t *block = aligned_alloc(4096, len);
    if (block == NULL)
        control_die("memory");
    memset(block, 0, len);
    return block;
}

static void transfer(int fd, bool writing, uint64_t size, size_t block_size)
{
    uint8_t *pattern = block_new(block_size), *got = block_new(block_size);
    fill_random(pattern, block_size);
    for (uint64_t offset = 0; offset < size; offset += block_size) {
        size_t len = size - offset < block_size ? (size_t)(size - offset) : block_size;
        stamp(pattern, len, offset);
        if (writing) {
            write_all(fd, pattern, len);
            continue;
        }
        read_all(fd, got, len);
        if (memcmp(got, pattern, len) != 0) {
            fprintf(stderr, "the bytes at %" PRIu64 " are not those written\n", offset);
            exit(1);
        }
    }
    free(pattern);
    free(got);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fputs("usage: bench_stream write|read FILE BYTES [--block BYTES] [--buffered 1]\n", stderr);
        return 2;
    }
    bool writing = strcmp(argv[1], "write") == 0;
    uint64_t size = strtoull(argv[3], NULL, 10);
    size_t block_size = (size_t)control_option(argc, argv, "--block", 1 << 20);
    int flags = control_option(argc, argv, "--buffered", 0) != 0 ? 0 : O_DIRECT;
    double begin = now_s();
    int fd = open(argv[2], flags | (writing ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY), 0600);
    if (fd < 0)
        control_die(argv[2]);
    double opened = now_s();
    transfer(fd, writing, size, block_size);
    double moved = now_s();
    if (writing && fsync(fd) < 0)
        control_die("fsync");
    if (close(fd) < 0)
        control_die("close");
    double end = now_s();
    printf("{\"seconds\": %.6f, \"open_s\": %.6f, \"end_s\": %.6f}\n", end - begin, opened - begin,
           end - moved);
    return 0;
}
