// A trace: what a program does to files, one operation a line (tests/data/traces/README.md).
#ifndef TESTS_TOOLS_TRACE_H
#define TESTS_TOOLS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TRACE_HANDLES_MAX 256 // handle numbers are below this
#define TRACE_LEN_MAX     (64u << 20)

enum trace_kind {
    TRACE_PREEXISTING,
    TRACE_OPEN,
    TRACE_WRITE,
    TRACE_READ,
    TRACE_TRUNC,
    TRACE_FALLOCATE,
    TRACE_FSYNC,
    TRACE_FDATASYNC,
    TRACE_FSYNCDIR,
    TRACE_FLUSH,
    TRACE_RELEASE,
    TRACE_RENAME,
    TRACE_UNLINK,
    TRACE_MKDIR,
    TRACE_RMDIR,
    TRACE_SETATTR,
    TRACE_SETXATTR,
    TRACE_STAT,
    TRACE_FSTAT,
    TRACE_FORK,
    TRACE_KINDS,
};

struct trace_op {
    enum trace_kind kind;
    int line;         // in the trace file, from 1
    int index;        // among the operations, from 0
    int handle;       // -1: the operation names a path
    const char *path; // rename: the old name; NULL if none
    const char *to;   // rename: the new name
    const char *name; // setxattr
    uint64_t offset;  // bytes
    uint64_t len;     // bytes
    uint64_t size;    // bytes
    bool has_size;    // stat: the size is known
    bool absent;      // stat size=ENOENT
    bool other;       // p=: done by another process (operations on a path)
    int fails;        // errno that the mount must answer; the plain directory is not asked
    int flags;        // open(2)'s
    int falloc_mode;
    mode_t mode;
    bool has_mode, has_times, has_owner;
    long group, thread; // -1: none
    int file;           // for the replayer: which file this touches
};

struct trace {
    struct trace_op *ops;
    size_t count;
    char *text; // owns the strings of the operations
};

const char *trace_kind_name(enum trace_kind kind);

// Reads a trace; dies with the line if it is not one. trace_clear releases it.
void trace_load(struct trace *trace, const char *path);
void trace_clear(struct trace *trace);

#endif
