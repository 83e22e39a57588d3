// The model: a few names that one thread owns, what must be behind each, and random operations on
// them whose every result is foretold by docs/SEMANTICS.md. Several worlds may share a mount.
//
//   world.c        life, the trace, names, inodes, what the bucket must hold
//   world_files.c  open files
//   world_names.c  names and directories
//
// A result that differs ends the program with the seed and the last operations.
#ifndef TESTS_UNIT_FS_WORLD_H
#define TESTS_UNIT_FS_WORLD_H

#include "tests/unit/fs/rig.h"

#define WORLD_FILE_MAX (320 * KIB)
#define WORLD_CHUNK    (8 * KIB) // of the volume: see harness.h
#define WORLD_NAMES    8
#define WORLD_HANDLES  8
#define WORLD_PROCS    3
#define WORLD_DIRS     4 // the root, one shared by all worlds, two of its own
#define WORLD_INODES   256
#define WORLD_TRACE    400 // operations shown when one is wrong

// What is behind a name in the bucket. Immutable, counted; another object is another content.
struct content {
    unsigned refs;
    uint64_t size;
    uint8_t bytes[];
};

// What is written through a name, by the rules of object/writer.h and fs/writing.c.
struct live {
    unsigned refs;
    unsigned serial;
    struct name *name; // NULL: unlinked
    unsigned proc;     // who opened it
    unsigned handles, unclosed;
    bool wrote[WORLD_PROCS];
    uint8_t *bytes;  // WORLD_FILE_MAX, zeros beyond hwm
    uint8_t *filled; // by byte: written in this generation
    uint64_t prefix; // all below is filled
    uint64_t hwm, declared;
    bool tail_is_content;
    bool open; // uncommitted changes
    bool has_committed;
    bool may_be_sealed; // more than the hold allows: what is filled in order may be on its way
    int failure;        // sticky
    bool heard, unlinked;
    struct content *left; // what it last committed, or began with
};

struct name {
    unsigned dir;
    char base[16];
    struct content *content; // NULL: no object
    bool exact;              // its size is known here
    uint64_t ino;            // 0: not looked up
    struct live *live;
    bool lost; // the last close failed with nobody to hear
};

struct dir {
    char base[24];
    bool exists;
    uint64_t ino;
    unsigned generation;
};

struct open_file {
    uint64_t fh, ino; // ino 0: free
    unsigned proc;
    struct name *opened; // the name at open: where a reader looks
    struct live *live;   // of a writing handle, or followed by a reading one
    bool writes, reads, flushed;
    struct content *content; // what a reading handle reads; NULL: it follows
    bool cached;
    unsigned touched; // of the inode, when it was opened
};

struct inode {
    uint64_t ino, lookups;
    unsigned touched;  // its size may have been told larger since
    unsigned released; // the serial of the last one that was released
    bool overtold;     // a write failed: the mount may think that the kernel counts it
    uint64_t told;     // the size that the kernel believes in: an append goes there
};

struct world_rules {
    uint64_t hold_size;
    uint64_t zero_tail_max;
    bool tight; // memory may be short: the hold may be given up at any time
    bool spool; // what is sealed of unfinished uploads can be read and changed
};

struct world {
    struct vfs *vfs;
    struct wire *wire;
    struct world_rules rules;
    unsigned number;
    uint64_t seed, random;
    unsigned operations;
    unsigned last_serial;
    pid_t procs[WORLD_PROCS];
    struct dir dirs[WORLD_DIRS];
    struct name names[WORLD_NAMES];
    struct open_file files[WORLD_HANDLES];
    struct inode inodes[WORLD_INODES];
    char trace[WORLD_TRACE][120];
    unsigned traced;
};

// ---- world.c ----
void world_start(struct world *w, struct vfs *vfs, const struct world_rules *rules, unsigned number,
                 uint64_t seed);
void world_run(struct world *w, unsigned operations);
// Closes, removes and forgets everything.
void world_end(struct world *w);

uint64_t pick(struct world *w, uint64_t below);
pid_t pick_pid(struct world *w);
void note(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void differs(struct world *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#define expect(w, condition, ...)                                                                  \
    do {                                                                                           \
        if (!(condition))                                                                          \
            differs(w, __VA_ARGS__);                                                               \
    } while (0)
void expect_result(struct world *w, int got, int wanted);

struct content *content_new(const uint8_t *bytes, uint64_t size);
struct content *content_ref(struct content *c);
void content_unref(struct content *c);
void content_set(struct content **at, struct content *c); // takes c over
void live_unref(struct live *live);
uint64_t live_size(const struct live *live);

const char *path_of(struct world *w, const struct name *n); // in a buffer of the thread's
bool visible(const struct name *n, uint64_t *size);
// A lookup of the name, checked. True: there is something.
bool look(struct world *w, struct name *n);
// The same, or what the kernel remembers.
bool look_or_remember(struct world *w, struct name *n);
uint64_t look_dir(struct world *w, unsigned dir);
void inode_note(struct world *w, uint64_t ino, uint64_t size); // one more lookup
struct inode *inode_of(struct world *w, uint64_t ino);
void inode_forget(struct world *w, uint64_t ino);
void inode_touch(struct world *w, uint64_t ino);
void inode_tell(struct world *w, uint64_t ino, uint64_t size);
struct name *name_of_inode(struct world *w, uint64_t ino);
bool is_open(const struct world *w, uint64_t ino);
bool is_closing(const struct name *n); // its release is awaited: others would wait for it
void check_size(struct world *w, const struct name *n, uint64_t size);
void check_bucket(struct world *w, const struct name *n);

// ---- world_files.c ----
void open_to_write(struct world *w);
void open_to_read(struct world *w);
void write_somewhere(struct world *w);
void write_swapped(struct world *w);
void read_somewhere(struct world *w);
void truncate_somewhere(struct world *w);
void allocate_somewhere(struct world *w);
void sync_some(struct world *w);
void flush_some(struct world *w);
void close_some(struct world *w);
void kill_some(struct world *w);
void close_all(struct world *w);

// ---- world_names.c ----
void rename_some(struct world *w);
void unlink_some(struct world *w);
void look_at_some(struct world *w);
void list_some(struct world *w);
void forget_some(struct world *w);
void change_dirs(struct world *w);
void remove_all(struct world *w);

#endif
