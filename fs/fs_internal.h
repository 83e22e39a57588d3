// The inside of the mount, shared by the files of fs/ only.
//
//   mount.c    the session: mounting, the loop, signals, the end
//   node.c     the table of inodes, in-memory directories
//   attr.c     lookup and attributes
//   file.c     open files: reading, writing, sizes
//   writing.c  what is written through a name: sharing it, the last close, what is lost
//   commit.c   when an open file is committed: flush, fsync, release
//   listing.c  what a directory holds
//   dir.c      directories
//   names.c    unlink and rename; of directories: names_tree.c
//   process.c  who is calling
//   outcome.c  what became of files that are closed
//   control.c  the socket that rdsbak status asks
//
// A node is a name that the kernel knows or that is open. Its path is relative to the mount's
// prefix, "" for the root, without slashes at the ends; the object's key is prefix + path.
//
// Locks: mount->lock (rank MOUNT) guards the tables and every field of every node; it is never held
// over a request, a writer's or a reader's call. A node lives while the kernel remembers it or
// somebody holds a pin.
#ifndef FS_FS_INTERNAL_H
#define FS_FS_INTERNAL_H

#define FUSE_USE_VERSION 312

#include "common/audit.h"
#include "common/lock.h"
#include "fs/mount.h"
#include "fs/process.h"
#include "object/reader.h"
#include "object/writer.h"

#include <fuse_lowlevel.h>
#include <signal.h>
#include <uthash.h>

#define FS_NAME_MAX     255
#define FS_ATTR_SECONDS 1.0 // how long the kernel may believe what another host could change
#define FS_RELEASE_WAIT_MS                                                                         \
    8000 // an open waits so long for the last close of the same file: below the 10 s of CREATE
#define FS_DIR_RENAME_MAX 1000    // objects that one rename of a directory moves
#define FS_LOST_MAX       1000    // names remembered as lost
#define FS_OUTCOMES_MAX   64      // closed files that status tells of, of each kind
#define FS_OPEN_TRIES     8       // opens of a file that is renamed meanwhile
#define FS_LISTING_MAX    1000000 // entries of a directory that can be listed
// Attributes read with names: how many before the kernel knows that they are wanted, how many at
// most in one answer, and how many at once.
#define FS_PLUS_FIRST           24
#define FS_PLUS_MAX             512
#define FS_PLUS_THREADS         24
#define FS_TOLD_MAX             1000 // names that the log had its warning of
#define FS_WRITERS_PER_FILE_MAX 64   // processes remembered as writers of one open file

// The object behind a name, as last seen.
struct seen {
    bool valid;
    char etag[STORE_ETAG_MAX];
    uint64_t size; // plaintext
    bool size_exact;
    int64_t mtime_s;
};

// What is written through a name: shared by all handles of the process that opened it.
struct writing {
    struct writer *writer;
    struct process opener;
    struct process writers[FS_WRITERS_PER_FILE_MAX]; // who wrote; guarded by mount->lock
    unsigned writers_count;
    pid_t tids[FS_WRITERS_PER_FILE_MAX]; // threads already looked up, by number modulo
    unsigned handles;                    // open for writing
    unsigned unclosed; // of these, whose descriptors were used since one was closed
    unsigned refs;     // of any kind; the last one frees
    bool releasing;    // the last one is being closed
    bool unlinked;     // nobody wants it any more
    bool heard;        // a caller was told that it failed
    bool given_up;     // at the end of the mount
    bool mtime_set;    // by utimens while it was written; else what a commit changes has a new one
    uint64_t serial;   // never used again
    uid_t uid;
    int64_t opened_ms;                // milliseconds since 1970
    char logged_etag[STORE_ETAG_MAX]; // the commit that the log knows of
    char warned_etag[STORE_ETAG_MAX]; // the commit that the log calls unfinished
};

struct node {
    fuse_ino_t ino;
    char *path;       // owned; NULL once the name is gone (unlinked, replaced)
    uint64_t lookups; // the kernel's references
    unsigned pins;    // ours
    bool is_dir;
    struct seen seen;
    // Somebody opens it for writing, moves or removes it: others wait.
    bool claimed;
    struct writing *writing; // NULL: not open for writing
    // What was last written, and what it became: those who read it on the way read on in that.
    uint64_t released_serial;
    char released_etag[STORE_ETAG_MAX];
    // The size that the kernel was last told, or made itself by writing: reads through its pages
    // that end before it would be filled up with zeros.
    uint64_t told_size;
    // The version whose pages the kernel keeps, and how many handles read through them.
    char cached_etag[STORE_ETAG_MAX];
    unsigned cached_readers;
    bool cache_settled;               // the kernel has dropped what it had of the version before
    char proved_etag[STORE_ETAG_MAX]; // the version that was proved by its tag, all of it
    int64_t seen_ms;                  // when S3 was last asked
    bool listed; // a listing asked, and the kernel's next question is about that answer
    bool has_mode, has_mtime;
    mode_t mode; // as chmod left it, within what the mount allows
    int64_t mtime_s;
    UT_hash_handle by_ino, by_path;
};

// An open file (fi->fh), in the mount's list of them.
struct handle {
    struct handle *prev, *next; // guarded by mount->lock
    struct node *node;          // pinned
    struct reader *reader; // of a handle that only reads; made late if the file was being written;
                           // guarded by mount->lock
    struct writing *writing; // of a handle that may write: one reference
    uint64_t follows;        // what is being written that it reads from; 0: nothing
    bool cached;             // reads through the kernel's pages
    bool flushed;            // guarded by mount->lock: a descriptor was closed, none used since
};

// A directory that exists in memory only, or is known to be one.
struct known_dir {
    char *path;
    UT_hash_handle hh;
};

// A file whose last close failed with nobody listening: its next open hears of it.
struct lost_file {
    char *path;
    struct err_saved failure;
    UT_hash_handle hh;
};

// What became of a file that was written and closed.
struct outcome {
    char *path;   // owned
    int code;     // 0: it is in S3
    char *reason; // owned
    bool heard;   // a program was told of the failure
    uint64_t bytes, in_s3;
    int64_t opened_ms, closed_ms; // since 1970
    uid_t uid;
    struct process writer;
};
struct outcomes { // the last ones, the oldest first
    struct outcome items[FS_OUTCOMES_MAX];
    unsigned count;
};

// A directory that is being renamed: nothing is opened for writing below either name.
struct moving {
    const char *from, *to;
    struct moving *next;
};

struct mount {
    // immutable
    struct volume *volume;
    struct mount_config config; // strings owned
    char *real_mountpoint;      // owned: as the kernel names it
    struct serve *control;      // or NULL
    struct fuse_session *session;
    bool mounted;
    time_t started_s;

    struct lock lock;
    pthread_cond_t changed;
    // guarded by lock
    struct node *nodes_by_ino, *nodes_by_path;
    fuse_ino_t next_ino;
    struct handle *handles; // what the end must close if the kernel cannot
    struct known_dir *dirs;
    struct known_dir *told; // names that the log has had its warning of
    struct lost_file *lost;
    struct outcomes committed, failed;
    struct moving *moving;
    uint64_t last_serial;
    unsigned writings; // open for writing, or being released
    bool stopping;     // new opens are refused
    bool aborting;     // stop waiting for writers
    bool gave_up;      // on all that is not committed, also on what is just being closed
    unsigned lost_count;
    pthread_t loop_thread;
    atomic_bool loop_ended;
    atomic_uint events;   // bits of those that were told
    sigset_t mask_before; // of the thread that made the mount
};

static inline struct mount *mount_of(fuse_req_t req)
{
    return fuse_req_userdata(req);
}

// ---- mount.c ----
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 13)
#define FS_MOUNT_ON
// Instead of mount_new, for tests: no mount point, the session speaks the kernel's protocol with
// whoever has the other end of fd. mount_run ends when io->read fails with ENODEV; mount_free
// closes fd.
int mount_new_on(struct mount **out, struct volume *v, const struct mount_config *config,
                 const struct fuse_custom_io *io, int fd) MUST_CHECK;
#endif
// Logs the text at the level that fits and answers the request with what may leave the mount.
void reply_error(fuse_req_t req, int code, const char *what, const char *path);
// The same for a pinned node, or NULL.
void reply_node_error(fuse_req_t req, int code, const char *what, struct node *node);

// ---- node.c ----
int node_table_init(struct mount *m) MUST_CHECK;
void node_table_free(struct mount *m);
// Pinned, or NULL (-ENOENT) if the kernel's number is unknown.
struct node *node_pin(struct mount *m, fuse_ino_t ino);
void node_unpin(struct mount *m, struct node *node);
void node_unpin_locked(struct mount *m, struct node *node);
struct node *node_find_path_locked(struct mount *m, const char *path);
// The node of a path, made if need be, pinned.
int node_obtain_locked(struct mount *m, const char *path, bool is_dir,
                       struct node **out) MUST_CHECK;
void node_remember_locked(struct node *node); // one more lookup of the kernel's
void node_forget(struct mount *m, fuse_ino_t ino, uint64_t lookups);
void node_detach_locked(struct mount *m, struct node *node); // its name is gone
int node_rename_locked(struct mount *m, struct node *node, const char *path) MUST_CHECK;
// Moves every node below one directory to another.
int node_rename_tree_locked(struct mount *m, const char *from, const char *to) MUST_CHECK;

bool dir_known_locked(struct mount *m, const char *path);
int dir_know_locked(struct mount *m, const char *path) MUST_CHECK;
void dir_unknow_locked(struct mount *m, const char *path);

// True the first time that it is asked for a text: for warnings that are given once.
bool tell_once(struct mount *m, const char *text);
// A directory hides an object of its name.
void tell_both(struct mount *m, const char *dir, const char *name);
// Whether a key has room for the '/' of a directory behind it.
bool path_can_be_dir(struct mount *m, const char *path);

// parent's path + "/" + name; -ENAMETOOLONG, and -EOPNOTSUPP for names that no key can be.
int path_join(struct mount *m, const char *parent, const char *name, char **out) MUST_CHECK;
int path_key(struct mount *m, const char *path, char **out) MUST_CHECK; // prefix + path
char *path_parent(const char *path); // malloc'ed; "" for names in the root
// The path of a pinned node, copied (it may be renamed meanwhile); -ESTALE if its name is gone.
int node_path(struct mount *m, struct node *node, char **out) MUST_CHECK;
// Whether path is somewhere below dir.
bool path_is_below(const char *path, const char *dir);
// parent's inode and a name to a path.
int path_of_child_locked(struct mount *m, fuse_ino_t parent, const char *name,
                         char **out) MUST_CHECK;
int path_of_child(struct mount *m, fuse_ino_t parent, const char *name, char **out) MUST_CHECK;

// ---- attr.c ----
void attr_of_locked(struct mount *m, struct node *node, struct stat *st, double *timeout);
void node_saw_locked(struct node *node, const struct object_info *info);
// Whether what was seen last is as fresh as what the kernel may keep.
bool node_is_fresh_locked(const struct node *node);
// Fills the entry and counts the kernel's reference.
void entry_of_locked(struct mount *m, struct node *node, struct fuse_entry_param *e);
// The same for what is being written at a path; false: nothing is.
bool find_written(struct mount *m, const char *path, struct fuse_entry_param *entry);
// What is being written through the node and not failed: what a look at it shows.
bool live_writing_locked(struct node *node, struct writer_status *out);
// Whether there is a directory of that name: known here, or something below it in S3.
int look_for_dir(struct mount *m, const char *path, bool *is_dir) MUST_CHECK;
void fs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void fs_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
                struct fuse_file_info *fi);
void fs_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup);
void fs_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets);
void fs_statfs(fuse_req_t req, fuse_ino_t ino);

// ---- file.c ----
void fs_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
               struct fuse_file_info *fi);
void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void fs_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
              struct fuse_file_info *fi);
void fs_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
                  struct fuse_file_info *fi);
// Closes everything that the handle has: the writing handle first (see writing_close), its reader,
// its pin. What could not be committed is remembered as lost.
void handle_close(struct mount *m, struct handle *h);
// truncate(2) of a file: through what is being written, or with a commit of its own.
int file_truncate(struct mount *m, struct node *node, uint64_t size) MUST_CHECK;

// ---- commit.c ----
// reply_error for what is written: a failure that is already sticky was logged with its cause,
// once.
void writing_reply_error(fuse_req_t req, struct handle *h, int code, const char *what);
void fs_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
// A commit, with its line in the log.
int writing_commit(struct mount *m, struct node *node, struct writing *writing,
                   enum writer_commit_kind kind, const atomic_bool *interrupted) MUST_CHECK;
// A write through a handle: it is not closed, and by whom.
void handle_note_write(struct mount *m, struct handle *h, pid_t tid, uint64_t end);
// A caller is told that it failed.
void writing_note_heard(struct mount *m, struct writing *writing);
// A flag that the kernel raises when the caller is interrupted, for the length of a scope.
struct interruption {
    fuse_req_t req;
    atomic_bool raised;
};
void interruption_begin(struct interruption *i, fuse_req_t req);
void interruption_end(struct interruption *i); // before the reply

// ---- writing.c ----
// Claims the node for a move or a removal; waits a bounded time for those who have it and for a
// file that was closed to be released. -EBUSY.
int node_claim_locked(struct mount *m, struct node *node) MUST_CHECK;
void node_unclaim_locked(struct mount *m, struct node *node);
// A reader comes: a file that was closed is released in a moment.
void writing_await_release(struct mount *m, struct node *node);
// The file being written behind a node, with one more reference, or NULL.
struct writing *writing_pin(struct mount *m, struct node *node);
// The same with one more handle, so that it is not released meanwhile; NULL also if it is being
// released. It ends with writing_close.
struct writing *writing_hold(struct mount *m, struct node *node);
void writing_unpin(struct mount *m, struct writing *writing);
// Makes or shares what is written through a name, for the process of thread tid: one handle and one
// reference more.
struct writing_request {
    bool create;    // there is nothing, or what is there is to be replaced
    bool is_new;    // there is nothing: the kernel has just looked
    bool append;    // the kernel must know where the end is
    bool momentary; // opened and closed in one request
    pid_t tid;
    uid_t uid;
};
int writing_open(struct mount *m, struct node *node, const struct writing_request *request,
                 struct writing **out) MUST_CHECK;
// One handle less (flushed: see struct handle), and the reference. The last one commits what is
// left: its result, and *unheard if nobody was told before.
int writing_close(struct mount *m, struct node *node, struct writing *writing, bool flushed,
                  bool *unheard) MUST_CHECK;
// -EIO, once, for a name whose last close failed unheard.
int lost_check_locked(struct mount *m, const char *path) MUST_CHECK;
// The name is gone: nobody need hear.
void lost_forget_locked(struct mount *m, const char *path);
void writing_remember_lost(struct mount *m, struct node *node, int code);
// Nobody wants the file of a claimed node any more. -EBUSY: it is just being committed.
int writing_unlink(struct mount *m, struct node *node) MUST_CHECK;

// ---- outcome.c ----
// The last close of a file: remembers what became of it.
void outcome_note_locked(struct mount *m, const struct node *node, const struct writing *writing,
                         struct writer_status *s);
// The name is gone.
void outcome_forget_locked(struct mount *m, const char *path);
// A file has another name, and what had that one is gone.
void outcome_rename_locked(struct mount *m, const char *from, const char *to);
void outcomes_clear(struct outcomes *o);

// ---- dir.c ----
void fs_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void fs_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                    struct fuse_file_info *fi);
void fs_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void fs_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void fs_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);

// ---- names.c ----
void fs_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void fs_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
               const char *new_name, unsigned flags);
// A directory that loses its last object is still there for those who look through this mount.
int keep_parent_locked(struct mount *m, const char *path) MUST_CHECK;
// One rename.
struct renaming {
    struct mount *mount;
    const char *from, *to;       // paths
    const atomic_bool *canceled; // the caller was interrupted; seen until the first removal
    bool noreplace;
};

// The ETags of what was moved, before and after.
struct moved {
    char from_etag[STORE_ETAG_MAX], to_etag[STORE_ETAG_MAX];
};
// -EXDEV, with its line in the log.
int rename_refuse_large(const struct mount *m, const char *key, uint64_t size) MUST_CHECK;
// Keys. mtime_s: NULL keeps what the source has.
int rename_copy_object(const struct renaming *r, const char *from, const char *to,
                       const int64_t *mtime_s, struct moved *moved) MUST_CHECK;
// Between copy and removal: what is known of the source's node, its name, and those who read it go
// over to the copy. Paths.
int rename_carry(struct mount *m, const char *from, const char *to,
                 const struct moved *moved) MUST_CHECK;
// For RENAME_NOREPLACE. -EEXIST.
int rename_check_nothing_there(const struct renaming *r) MUST_CHECK;

// ---- write_once.c ----
bool write_once(const struct mount *m); // --no-overwrite
// -EACCES, with its text; path or key.
int write_once_refuse(const char *path) MUST_CHECK;
// Before an object of that key is opened for writing or removed: -EACCES if it is there, 0 without
// --no-overwrite.
int write_once_check_key(struct mount *m, const char *key) MUST_CHECK;
int write_once_check_path(struct mount *m, const char *path) MUST_CHECK;
// Instead of a removal in S3: the claimed node's file is given up if nothing of it was committed,
// else -EACCES. node may be NULL.
int write_once_unlink(struct mount *m, const char *path, struct node *node) MUST_CHECK;
// Both names are claimed; source may be NULL.
int write_once_check_rename(const struct renaming *r, struct node *source) MUST_CHECK;

// ---- names_tree.c ----
int rename_dir(const struct renaming *r) MUST_CHECK;

#endif
