// What the parts of replay share. The main thread owns everything here and changes it only while no
// other thread runs; what other threads change as well is atomic.
#ifndef TESTS_TOOLS_REPLAY_H
#define TESTS_TOOLS_REPLAY_H

#include "tests/tools/toolkit.h"
#include "tests/tools/trace.h"

#include <stdatomic.h>

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

struct replay_options {
    const char *root[SIDES];
    const char *after_command;
    uint64_t seed;
    enum delivery delivery;
    enum corruption corruption;
    int corrupt_index; // the operation to spoil, -1: none
    bool shuffle, keep, direct_optional, expect_refused;
    struct allowed allowed[ALLOWED_MAX];
    int allowed_count;
};

extern struct replay_options replay_options;
extern struct trace trace;
extern struct file files[FILES_MAX];
extern int files_count;
extern struct handle handles[TRACE_HANDLES_MAX];
extern atomic_int differences;
extern atomic_int allowed_seen;

// ---- replay_judge.c: results, names, content ----

// Prints a difference found at op; ends the program at the last that is of use.
void differ(const struct trace_op *op, const char *format, ...) PRINTF_LIKE(2, 3);

// A number, or the error's name, into text.
const char *result_text(int64_t result, char *text, size_t room);

// Compares the results of both sides; true if the operation's data may be compared too.
bool judge(const struct trace_op *op, const int64_t result[SIDES]);

// The index of the file that has this name now; a new one if none has.
int file_of(const char *path);

// The bytes that op writes at offset.
void op_content(const struct trace_op *op, void *buffer, size_t len, uint64_t offset);

// ---- replay_side.c: one operation on one side; results are 0 or more, or a negative errno ----

char *side_path(enum side side, const char *path, char full[static PATH_ROOM]);
bool op_is_aligned(const struct trace_op *op);            // may go O_DIRECT
int side_open(enum side side, const struct trace_op *op); // gives the descriptor
int64_t side_transfer(int fd, const struct trace_op *op, void *buffer);
int64_t side_file_size(const char *full);

// Any operation but open and preexisting. buffer: the data of a write, room for that of a read.
int64_t side_perform(enum side side, const struct trace_op *op, void *buffer);

// ---- replay_group.c ----

// Gives reads or writes that are outstanding together to the mount at once; then, one after
// another, to the plain directory; and compares.
void replay_run_group(const struct trace_op **ops, size_t count);

// ---- replay_run.c ----

void replay_run(void); // the whole trace

// ---- replay_compare.c: after the trace ----

bool directory_is_empty(const char *root);

// Compares every file, and with names also which files there are.
void replay_compare(bool names);
void replay_clean(void); // removes the files of the trace
int refused_count(void);

#endif
