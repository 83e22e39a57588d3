// What the test tools share: messages, sizes, content that can be computed again, and Linux AIO.
// Any thread may call any function; nothing here keeps state.
#ifndef TESTS_TOOLS_TOOLKIT_H
#define TESTS_TOOLS_TOOLKIT_H

#include "common/cleanup.h"

#include <linux/aio_abi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DIRECT_ALIGNMENT 4096 // memory alignment of every buffer; enough for any O_DIRECT
#define DIRECT_UNIT      512  // offsets and lengths that are multiples of it may go O_DIRECT

// Prints "PROGRAM: text" to standard error and exits with status 2 (wrong use, or the test itself
// cannot work).
_Noreturn void die(const char *format, ...) PRINTF_LIKE(1, 2);

// "EIO" for 5; a number for what has no name. The text is static or the thread's own.
const char *errno_name(int number);

// The errno of a name ("EIO"), or 0 if there is none.
int errno_of_name(const char *name);

// "4096", "64K", "1M", "3G" to bytes; false if it is not a size.
MUST_CHECK bool parse_size(const char *text, uint64_t *size);

// The same, but dies with the option's name.
uint64_t size_or_die(const char *option, const char *text);

// "RDWR|CREAT|DIRECT" to open(2)'s flags; false if a word is unknown.
MUST_CHECK bool parse_open_flags(const char *text, int *flags);

// Aligned, zeroed memory; dies if there is none. free() releases it.
void *aligned_buffer(size_t size);

// Bytes that depend only on (seed, generation, position in the file): the same range filled in
// pieces gives the same bytes. Two generations differ everywhere.
void content_fill(void *buffer, size_t len, uint64_t offset, uint64_t seed, uint64_t generation);

// Index of the first byte where a and b differ, or len if they do not.
size_t first_difference(const void *a, const void *b, size_t len);

// Sets or clears O_DIRECT of an open file; false if the file system refuses.
bool set_direct(int fd, bool direct);

// pread/pwrite of everything. Gives the bytes done (less than len only at the end of the file), or
// a negative errno. Unlike the system calls they go on after a short result.
ssize_t read_all(int fd, void *buffer, size_t len, uint64_t offset);
ssize_t write_all(int fd, const void *buffer, size_t len, uint64_t offset);

// fsync of a directory: 0 or a negative errno.
int sync_directory(const char *path);

// fsync of the directory that holds path: 0 or a negative errno.
int sync_parent(const char *path);

double seconds_now(void); // monotonic

// The system calls of Linux AIO: results as the system calls', errors as a negative errno.
int aio_setup(unsigned depth, aio_context_t *context);
int aio_submit(aio_context_t context, struct iocb **requests, long count);
int aio_wait(aio_context_t context, long at_least, long at_most, struct io_event *events);
void aio_destroy(aio_context_t context);

// Fills in one request; tag comes back in the event's data.
void aio_prepare(struct iocb *request, bool write, int fd, void *buffer, size_t len,
                 uint64_t offset, uint64_t tag);

#endif
