// The inside of the mount, shared by the files of fs/ only.
//
//   mount.c    the session: mounting, the loop, signals, the end
//   node.c     the table of inodes, in-memory directories
//   attr.c     lookup and attributes
//   file.c     open files: reading, writing, sizes
//   commit.c   when an open file is committed: flush, release, fsync
//   dir.c      directories
//   names.c    unlink and rename
//   process.c  who is calling
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

#include "common/lock.h"
#include "fs/mount.h"
#include "fs/process.h"
#include "object/reader.h"
#include "object/writer.h"

#include <fuse_lowlevel.h>
#include <uthash.h>

#define FS_NAME_MAX     255
#define FS_ATTR_SECONDS 1.0 // how long the kernel may believe what another host could change
#define FS_RELEASE_WAIT_MS                                                                         \
    8000 // an open waits so long for the last close of the same file: below the 10 s of CREATE
#define FS_DIR_RENAME_MAX       1000 // objects that one rename of a directory moves
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
    unsigned refs;                       // of any kind; the last one frees
    bool releasing;                      // the last one is being closed
    bool unlinked;                       // nobody wants it any more
    bool flushed;                        // its opener closed it, the release will follow
    uid_t uid;
    char logged_etag[STORE_ETAG_MAX]; // the commit that the log knows of
};

struct node {
    fuse_ino_t ino;
    char *path;       // owned; NULL once the name is gone (unlinked, replaced)
    uint64_t lookups; // the kernel's references
    unsigned pins;    // ours
    bool is_dir;
    struct seen seen;
    bool opening;            // somebody is making `writing`: others wait
    struct writing *writing; // NULL: not open for writing
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

struct mount {
    // immutable
    struct volume *volume;
    struct mount_config config; // strings owned
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
    struct lost_file *lost;
    unsigned writings; // open for writing, or being released
    bool stopping;     // new opens are refused
    bool aborting;     // stop waiting for writers
    unsigned lost_count;
};

static inline struct mount *mount_of(fuse_req_t req)
{
    return fuse_req_userdata(req);
}

// ---- mount.c ----
// Logs the text at the level that fits and answers the request with what may leave the mount.
void reply_error(fuse_req_t req, int code, const char *what, const char *path);

// ---- node.c ----
int node_table_init(struct mount *m) MUST_CHECK;
void node_table_free(struct mount *m);
// Pinned, or NULL (-ENOENT) if the kernel's number is unknown.
struct node *node_pin(struct mount *m, fuse_ino_t ino);
void node_unpin(struct mount *m, struct node *node);
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

// parent's path + "/" + name; -ENAMETOOLONG, -ENOENT for names that no key can be.
int path_join(struct mount *m, const char *parent, const char *name, char **out) MUST_CHECK;
int path_key(struct mount *m, const char *path, char **out) MUST_CHECK; // prefix + path
char *path_parent(const char *path); // malloc'ed; "" for names in the root
// The path of a pinned node, copied (it may be renamed meanwhile); -ESTALE if its name is gone.
int node_path(struct mount *m, struct node *node, char **out) MUST_CHECK;
// parent's inode and a name to a path.
int path_of_child(struct mount *m, fuse_ino_t parent, const char *name, char **out) MUST_CHECK;

// ---- attr.c ----
void attr_of_locked(struct mount *m, struct node *node, struct stat *st, double *timeout);
void seen_from_info(struct seen *seen, const struct object_info *info);
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
// its pin.
int handle_close(struct mount *m, struct handle *h, bool *unheard) MUST_CHECK;
// truncate(2) of a file: through what is being written, or with a commit of its own.
int file_truncate(struct mount *m, struct node *node, uint64_t size) MUST_CHECK;

// ---- commit.c ----
// reply_error for what is written: a failure that is already sticky was logged with its cause,
// once.
void writing_reply_error(fuse_req_t req, struct writing *writing, int code, const char *what);
void fs_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
// Remembers that the calling process wrote.
void writing_note_writer(struct mount *m, struct writing *writing, pid_t tid);
// A commit, with its line in the log.
int writing_commit(struct mount *m, struct node *node, struct writing *writing,
                   enum writer_commit_kind kind, const atomic_bool *interrupted) MUST_CHECK;
// Waits a bounded time for a file that was closed to be released. True if nothing is open for
// writing there.
bool writing_wait_released_locked(struct mount *m, struct node *node);
// The file being written behind a node, with one more reference, or NULL.
struct writing *writing_pin(struct mount *m, struct node *node);
void writing_unpin(struct mount *m, struct writing *writing);
// Makes or shares what is written through a name, for the process of thread tid: one handle and one
// reference more.
struct writing_request {
    const char *path;
    bool create; // there is nothing, or what is there is to be replaced
    pid_t tid;
    uid_t uid;
};
int writing_open(struct mount *m, struct node *node, const struct writing_request *request,
                 struct writing **out) MUST_CHECK;
// One handle less, and the reference. The last one commits what is left: its result, and *unheard
// if nobody was told before.
int writing_close(struct mount *m, struct node *node, struct writing *writing,
                  bool *unheard) MUST_CHECK;
// Nobody wants it any more: the upload is given up.
void writing_unlink(struct mount *m, struct node *node);

// A flag that the kernel raises when the caller is interrupted, for the length of a scope.
struct interruption {
    fuse_req_t req;
    atomic_bool raised;
};
void interruption_begin(struct interruption *i, fuse_req_t req);
void interruption_end(struct interruption *i); // before the reply

// ---- dir.c ----
void fs_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void fs_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void fs_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void fs_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);

// ---- names.c ----
void fs_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void fs_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
               const char *new_name, unsigned flags);

#endif
