// What the test tools share; see toolkit.h.
#include "tests/tools/toolkit.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

const char *errno_name(int number)
{
    static _Thread_local char unknown[16];
    const char *name = strerrorname_np(number);
    if (name)
        return name;
    snprintf(unknown, sizeof unknown, "%d", number);
    return unknown;
}

int errno_of_name(const char *name)
{
    if (strcmp(name, "ENOTSUP") == 0 || strcmp(name, "EOPNOTSUPP") == 0)
        return ENOTSUP;
    for (int i = 1; i < 256; i++) {
        const char *known = strerrorname_np(i);
        if (known && strcmp(known, name) == 0)
            return i;
    }
    return 0;
}

bool parse_size(const char *text, uint64_t *size)
{
    static const char UNITS[] = "KMGT";
    if (!isdigit((unsigned char)*text))
        return false;
    char *end = NULL;
    errno = 0;
    *size = strtoull(text, &end, 10);
    if (errno)
        return false;
    const char *unit = *end ? strchr(UNITS, toupper((unsigned char)*end)) : NULL;
    if (unit) {
        *size <<= 10 * (unit - UNITS + 1);
        end++;
    }
    return *end == '\0';
}

uint64_t size_or_die(const char *option, const char *text)
{
    uint64_t size = 0;
    if (!text || !parse_size(text, &size))
        die("%s: '%s' is not a size", option, text ? text : "");
    return size;
}

static bool flag_of_word(const char *word, size_t len, int *flag)
{
    static const struct {
        const char *name;
        int flag;
    } FLAGS[] = {
        {"RDONLY", O_RDONLY}, {"WRONLY", O_WRONLY}, {"RDWR", O_RDWR},
        {"CREAT", O_CREAT},   {"EXCL", O_EXCL},     {"TRUNC", O_TRUNC},
        {"APPEND", O_APPEND}, {"DIRECT", O_DIRECT}, {"NONBLOCK", O_NONBLOCK},
        {"SYNC", O_SYNC},     {"DSYNC", O_DSYNC},   {"NOFOLLOW", O_NOFOLLOW},
    };
    for (size_t i = 0; i < sizeof FLAGS / sizeof FLAGS[0]; i++) {
        if (strlen(FLAGS[i].name) == len && strncmp(FLAGS[i].name, word, len) == 0) {
            *flag = FLAGS[i].flag;
            return true;
        }
    }
    return false;
}

bool parse_open_flags(const char *text, int *flags)
{
    *flags = O_CLOEXEC;
    while (*text) {
        size_t len = strcspn(text, "|");
        int flag = 0;
        if (!flag_of_word(text, len, &flag))
            return false;
        *flags |= flag;
        text += len + (text[len] == '|');
    }
    return true;
}

void *aligned_buffer(size_t size)
{
    void *buffer = NULL;
    size_t rounded = (size + DIRECT_ALIGNMENT - 1) / DIRECT_ALIGNMENT * DIRECT_ALIGNMENT;
    if (posix_memalign(&buffer, DIRECT_ALIGNMENT, rounded ? rounded : DIRECT_ALIGNMENT))
        die("no memory for a buffer of %zu bytes", size);
    memset(buffer, 0, rounded);
    return buffer;
}

// The finaliser of splitmix64: a bijection that spreads every bit of its input.
static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xBF58476D1CE4E5B9u;
    x ^= x >> 27;
    x *= 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

void content_fill(void *buffer, size_t len, uint64_t offset, uint64_t seed, uint64_t generation)
{
    uint64_t key = mix(mix(seed + 0x9E3779B97F4A7C15u) + generation);
    unsigned char *to = buffer;
    while (len) {
        uint64_t word = mix(key + (offset / 8 + 1) * 0x9E3779B97F4A7C15u);
        size_t skip = offset % 8;
        size_t count = len < 8 - skip ? len : 8 - skip;
        memcpy(to, (const unsigned char *)&word + skip, count);
        to += count;
        offset += count;
        len -= count;
    }
}

size_t first_difference(const void *a, const void *b, size_t len)
{
    const unsigned char *left = a, *right = b;
    size_t at = 0;
    while (len - at >= 4096 && memcmp(left + at, right + at, 4096) == 0)
        at += 4096;
    while (at < len && left[at] == right[at])
        at++;
    return at;
}

bool set_direct(int fd, bool direct)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return false;
    int wanted = direct ? flags | O_DIRECT : flags & ~O_DIRECT;
    return wanted == flags || fcntl(fd, F_SETFL, wanted) == 0;
}

ssize_t read_all(int fd, void *buffer, size_t len, uint64_t offset)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(fd, (char *)buffer + done, len - done, (off_t)(offset + done));
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

ssize_t write_all(int fd, const void *buffer, size_t len, uint64_t offset)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = pwrite(fd, (const char *)buffer + done, len - done, (off_t)(offset + done));
        if (n < 0)
            return -errno;
        if (n == 0)
            return -EIO;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

int sync_directory(const char *path)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd))
        return -errno;
    return 0;
}

int sync_parent(const char *path)
{
    char copy[PATH_MAX];
    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
        return -ENAMETOOLONG;
    return sync_directory(dirname(copy));
}

double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int aio_setup(unsigned depth, aio_context_t *context)
{
    *context = 0;
    return syscall(SYS_io_setup, depth, context) ? -errno : 0;
}

int aio_submit(aio_context_t context, struct iocb **requests, long count)
{
    long n = syscall(SYS_io_submit, context, count, requests);
    return n < 0 ? -errno : (int)n;
}

int aio_wait(aio_context_t context, long at_least, long at_most, struct io_event *events)
{
    long n;
    do
        n = syscall(SYS_io_getevents, context, at_least, at_most, events, NULL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : (int)n;
}

void aio_destroy(aio_context_t context)
{
    syscall(SYS_io_destroy, context);
}

void aio_prepare(struct iocb *request, bool write, int fd, void *buffer, size_t len,
                 uint64_t offset, uint64_t tag)
{
    memset(request, 0, sizeof *request);
    request->aio_data = tag;
    request->aio_lio_opcode = write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
    request->aio_fildes = (unsigned)fd;
    request->aio_buf = (uintptr_t)buffer;
    request->aio_nbytes = len;
    request->aio_offset = (int64_t)offset;
}
