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

// What a successful fsync or close has promised of a file, as the plain directory has it.
struct promise {
    bool made;
    unsigned char *bytes; // NULL unless refusals are allowed
    uint64_t size;
    uint64_t least; // so much was written; zeros that were only declared may follow later
};

// Changed by one thread at a time, the atomic members by any.
struct file {
    const char *path;     // its present name; NULL: removed or replaced
    uint64_t end;         // of what was written
    atomic_int open;      // handles
    atomic_bool refused;  // the mount gave an allowed error for its data; until the last close
    atomic_bool restored; // and the plain file went back to the last promise
    struct promise promise;
};

struct handle {
    int fd[SIDES]; // -1: not open
    int file;
    bool counted; // among the file's open handles
    bool writes;
};

struct allowed {
    enum trace_kind kind;
    int number; // errno
};

struct replay_options {
    const char *root[SIDES];
    const char *after_command, *judge_command;
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

// Whether the plain directory must be spared an operation that the mount answered so: it was to
// fail, or may fail and has then changed nothing.
bool has_no_effect(const struct trace_op *op, int64_t result);

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

// ---- replay_promise.c: what the mount has promised, and refusals ----

// After an operation that both sides did: notes what was written, and takes down what a successful
// fsync or close promises; with --judge, asks whether the object outside keeps the promise.
void promise_follow(const struct trace_op *op, const int64_t result[SIDES]);

// A refused file that nobody has open must be what was promised last, or absent: compares, and
// brings the plain directory back to that, so that the trace can go on.
void promise_restore(const struct trace_op *op);

// Starts --judge's command: once a line "NAME <tab> PLAIN FILE <tab> BYTES" arrives, it compares
// the object with the plain file, of which so many bytes must be there at least and the rest be
// zeros, and answers one line: "ok", or what is wrong.
void judge_start(void);
void judge_stop(void);

// ---- replay_other.c: another process, that has none of the handles ----

void other_start(void);
int64_t other_perform(const struct trace_op *op); // on the mount
void other_stop(void);
int64_t fork_and_end(void); // of a child that has all handles

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
int refused_count(void); // so many files were refused, now or earlier

#endif
