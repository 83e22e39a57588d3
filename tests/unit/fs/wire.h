// The kernel's side of FUSE, without the kernel: requests as it makes them, over a socket, to the
// real session. Any number of threads may have requests outstanding; one thread takes the answers.
//
// Source: include/uapi/linux/fuse.h. Results are 0 or -errno, as the session answered.
#ifndef TESTS_UNIT_FS_WIRE_H
#define TESTS_UNIT_FS_WIRE_H

#include "fs/fs_internal.h"

#include <linux/fuse.h>

#define WIRE_DATA_MAX 98304 // bytes of one WRITE or READ: what a socket takes at once

struct wire;

// The session's side of the socket.
extern const struct fuse_custom_io WIRE_IO;
int wire_socket(int fds[2]); // [0] for the session, [1] for wire_start; 0 or -errno
// The server must be running or start soon: INIT is answered before this returns. Ends the program
// on failure.
struct wire *wire_start(int fd);
// The session sees the end of the connection.
void wire_stop(struct wire *w);

// One request and where its answer goes. The caller's until wire_end.
struct wire_call {
    uint32_t opcode;
    pid_t pid;
    uint64_t node;
    struct iovec in[4];
    int in_count;
    void *out;
    size_t out_size;
    // result
    size_t got;
    // inside
    uint64_t unique;
    int error;
    bool done;
    struct wire_call *next;
};
void wire_begin(struct wire *w, struct wire_call *call);
bool wire_is_done(struct wire *w, const struct wire_call *call);
int wire_end(struct wire *w, struct wire_call *call);
int wire_do(struct wire *w, struct wire_call *call); // both
void wire_interrupt(struct wire *w, const struct wire_call *call);
// The answer to the call is refused with ENOENT, as the kernel does when nobody waits any more: to
// be called before wire_begin of the next request, which is the one.
void wire_refuse_next(struct wire *w);
unsigned wire_notifications(struct wire *w);

// ---- one function a request ----
// pid: the calling thread, as the kernel names it. *entry and *open are filled on success.

int wire_lookup(struct wire *w, pid_t pid, uint64_t parent, const char *name,
                struct fuse_entry_out *entry);
void wire_forget(struct wire *w, uint64_t node, uint64_t lookups);
void wire_forget_many(struct wire *w, const struct fuse_forget_one *list, uint32_t count);
int wire_getattr(struct wire *w, pid_t pid, uint64_t node, struct fuse_attr *attr);
int wire_truncate(struct wire *w, pid_t pid, uint64_t node, uint64_t size, struct fuse_attr *attr);
int wire_create(struct wire *w, pid_t pid, uint64_t parent, const char *name, int flags,
                struct fuse_entry_out *entry, struct fuse_open_out *open);
int wire_open(struct wire *w, pid_t pid, uint64_t node, int flags, struct fuse_open_out *open);
int wire_read(struct wire *w, pid_t pid, uint64_t node, uint64_t fh, uint64_t offset, void *out,
              size_t size, size_t *got);
int wire_write(struct wire *w, pid_t pid, uint64_t node, uint64_t fh, uint64_t offset,
               const void *data, size_t size);
int wire_flush(struct wire *w, pid_t pid, uint64_t node, uint64_t fh);
int wire_fsync(struct wire *w, pid_t pid, uint64_t node, uint64_t fh);
int wire_release(struct wire *w, uint64_t node, uint64_t fh);
int wire_fallocate(struct wire *w, pid_t pid, uint64_t node, uint64_t fh, uint32_t mode,
                   uint64_t offset, uint64_t length);
int wire_rename(struct wire *w, pid_t pid, uint64_t from_dir, const char *from, uint64_t to_dir,
                const char *to);
int wire_unlink(struct wire *w, pid_t pid, uint64_t parent, const char *name);
int wire_mkdir(struct wire *w, pid_t pid, uint64_t parent, const char *name,
               struct fuse_entry_out *entry);
int wire_rmdir(struct wire *w, pid_t pid, uint64_t parent, const char *name);
// Calls fn for each name of the directory but "." and "..".
int wire_list(struct wire *w, pid_t pid, uint64_t dir, void (*fn)(void *context, const char *name),
              void *context);

#endif
