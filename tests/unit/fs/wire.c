#include "tests/unit/fs/wire.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX (1u << 20)
#define ARGUMENT(value)                                                                            \
    (struct iovec)                                                                                 \
    {                                                                                              \
        &(value), sizeof(value)                                                                    \
    }

struct wire {
    int fd;
    pthread_t receiver;
    pthread_mutex_t lock; // guards all below
    pthread_cond_t answered;
    uint64_t last_unique;
    struct wire_call *calls; // outstanding
    unsigned notifications;
    bool refuse_next;
};

// Answers to this request are refused; the session's side of the socket knows of no struct wire.
static _Atomic uint64_t refused_unique;

// ---- the session's side ----

static ssize_t session_read(int fd, void *buf, size_t size, void *userdata)
{
    (void)userdata;
    ssize_t len = recv(fd, buf, size, 0);
    if (len != 0)
        return len;
    errno = ENODEV; // unmounted
    return -1;
}

static ssize_t session_write(int fd, struct iovec *iov, int count, void *userdata)
{
    (void)userdata;
    const struct fuse_out_header *header = iov[0].iov_base;
    uint64_t unique = header->unique;
    struct fuse_out_header refusal = {
        .len = sizeof refusal, .error = -EINTR, .unique = header->unique};
    struct iovec refusal_iov = ARGUMENT(refusal);
    bool refused = unique != 0 && atomic_compare_exchange_strong(&refused_unique, &unique, 0);
    struct msghdr message = {.msg_iov = iov, .msg_iovlen = (size_t)count};
    if (refused)
        message = (struct msghdr){.msg_iov = &refusal_iov, .msg_iovlen = 1};
    ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (refused || (sent < 0 && errno == EPIPE)) {
        errno = ENOENT;
        return -1;
    }
    return sent;
}

const struct fuse_custom_io WIRE_IO = {.read = session_read, .writev = session_write};

// ---- calls ----

static void take_answer(struct wire *w, const char *answer, size_t len)
{
    const struct fuse_out_header *header = (const void *)answer;
    assert(len >= sizeof *header && header->len == len);
    pthread_mutex_lock(&w->lock);
    if (header->unique == 0)
        w->notifications++;
    struct wire_call **at = &w->calls;
    while (*at != NULL && (*at)->unique != header->unique)
        at = &(*at)->next;
    struct wire_call *call = *at; // NULL: a notification, or the answer to an INTERRUPT
    if (call != NULL) {
        *at = call->next;
        call->got = len - sizeof *header;
        assert(call->got <= call->out_size);
        if (call->got > 0)
            memcpy(call->out, answer + sizeof *header, call->got);
        call->error = header->error;
        call->done = true;
        pthread_cond_broadcast(&w->answered);
    }
    pthread_mutex_unlock(&w->lock);
}

static void *receive(void *arg)
{
    struct wire *w = arg;
    char *answer = malloc(ANSWER_MAX);
    ssize_t len;
    while ((len = recv(w->fd, answer, ANSWER_MAX, 0)) > 0)
        take_answer(w, answer, (size_t)len);
    free(answer);
    return NULL;
}

static void send_request(struct wire *w, const struct wire_call *call, uint64_t unique)
{
    struct fuse_in_header header = {
        .opcode = call->opcode,
        .unique = unique,
        .nodeid = call->node,
        .pid = (uint32_t)call->pid,
    };
    struct iovec iov[5] = {ARGUMENT(header)};
    header.len = sizeof header;
    for (int i = 0; i < call->in_count; i++) {
        iov[i + 1] = call->in[i];
        header.len += (uint32_t)call->in[i].iov_len;
    }
    struct msghdr message = {.msg_iov = iov, .msg_iovlen = (size_t)call->in_count + 1};
    ssize_t sent = sendmsg(w->fd, &message, MSG_NOSIGNAL);
    if (sent != (ssize_t)header.len) {
        perror("sending a request");
        abort();
    }
}

void wire_begin(struct wire *w, struct wire_call *call)
{
    pthread_mutex_lock(&w->lock);
    call->unique = w->last_unique += 2;
    call->done = false;
    call->got = 0;
    call->next = w->calls;
    w->calls = call;
    if (w->refuse_next)
        atomic_store(&refused_unique, call->unique);
    w->refuse_next = false;
    pthread_mutex_unlock(&w->lock);
    send_request(w, call, call->unique);
}

bool wire_is_done(struct wire *w, const struct wire_call *call)
{
    pthread_mutex_lock(&w->lock);
    bool done = call->done;
    pthread_mutex_unlock(&w->lock);
    return done;
}

int wire_end(struct wire *w, struct wire_call *call)
{
    pthread_mutex_lock(&w->lock);
    while (!call->done)
        pthread_cond_wait(&w->answered, &w->lock);
    int error = call->error;
    pthread_mutex_unlock(&w->lock);
    return error;
}

int wire_do(struct wire *w, struct wire_call *call)
{
    wire_begin(w, call);
    return wire_end(w, call);
}

void wire_interrupt(struct wire *w, const struct wire_call *call)
{
    struct fuse_interrupt_in in = {.unique = call->unique};
    struct wire_call interrupt = {
        .opcode = FUSE_INTERRUPT, .node = call->node, .in = {ARGUMENT(in)}, .in_count = 1};
    send_request(w, &interrupt, call->unique | 1);
}

void wire_refuse_next(struct wire *w)
{
    pthread_mutex_lock(&w->lock);
    w->refuse_next = true;
    pthread_mutex_unlock(&w->lock);
}

unsigned wire_notifications(struct wire *w)
{
    pthread_mutex_lock(&w->lock);
    unsigned count = w->notifications;
    pthread_mutex_unlock(&w->lock);
    return count;
}

// ---- life ----

int wire_socket(int fds[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        return -errno;
    int size = 1 << 20;
    for (int i = 0; i < 2; i++)
        setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    return 0;
}

static void initialise(struct wire *w)
{
    struct fuse_init_in in = {
        .major = FUSE_KERNEL_VERSION,
        .minor = FUSE_KERNEL_MINOR_VERSION,
        .max_readahead = 1 << 17,
        .flags = FUSE_ASYNC_READ | FUSE_ATOMIC_O_TRUNC | FUSE_BIG_WRITES | FUSE_AUTO_INVAL_DATA |
                 FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES,
    };
    struct fuse_init_out out;
    struct wire_call call = {
        .opcode = FUSE_INIT,
        .in = {ARGUMENT(in)},
        .in_count = 1,
        .out = &out,
        .out_size = sizeof out,
    };
    int rc = wire_do(w, &call);
    if (rc != 0 || out.major != FUSE_KERNEL_VERSION || out.max_write < WIRE_DATA_MAX) {
        fprintf(stderr, "INIT: %d\n", rc);
        abort();
    }
}

struct wire *wire_start(int fd)
{
    struct wire *w = calloc(1, sizeof *w);
    w->fd = fd;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->answered, NULL);
    if (pthread_create(&w->receiver, NULL, receive, w) != 0)
        abort();
    initialise(w);
    return w;
}

void wire_stop(struct wire *w)
{
    shutdown(w->fd, SHUT_RDWR);
    pthread_join(w->receiver, NULL);
    assert(w->calls == NULL);
    close(w->fd);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->answered);
    free(w);
}

// ---- one function a request ----

static struct iovec string(const char *text)
{
    return (struct iovec){(void *)(uintptr_t)text, strlen(text) + 1};
}

int wire_lookup(struct wire *w, pid_t pid, uint64_t parent, const char *name,
                struct fuse_entry_out *entry)
{
    return wire_do(w, &(struct wire_call){
                          .opcode = FUSE_LOOKUP,
                          .pid = pid,
                          .node = parent,
                          .in = {string(name)},
                          .in_count = 1,
                          .out = entry,
                          .out_size = sizeof *entry,
                      });
}

void wire_forget(struct wire *w, uint64_t node, uint64_t lookups)
{
    struct fuse_forget_in in = {.nlookup = lookups};
    pthread_mutex_lock(&w->lock);
    uint64_t unique = w->last_unique += 2;
    pthread_mutex_unlock(&w->lock);
    send_request(w,
                 &(struct wire_call){
                     .opcode = FUSE_FORGET, .node = node, .in = {ARGUMENT(in)}, .in_count = 1},
                 unique);
}

void wire_forget_many(struct wire *w, const struct fuse_forget_one *list, uint32_t count)
{
    struct fuse_batch_forget_in in = {.count = count};
    struct iovec all = {(void *)(uintptr_t)list, count * sizeof *list};
    pthread_mutex_lock(&w->lock);
    uint64_t unique = w->last_unique += 2;
    pthread_mutex_unlock(&w->lock);
    send_request(
        w,
        &(struct wire_call){.opcode = FUSE_BATCH_FORGET, .in = {ARGUMENT(in), all}, .in_count = 2},
        unique);
}

int wire_getattr(struct wire *w, pid_t pid, uint64_t node, struct fuse_attr *attr)
{
    struct fuse_getattr_in in = {0};
    struct fuse_attr_out out;
    int rc = wire_do(w, &(struct wire_call){
                            .opcode = FUSE_GETATTR,
                            .pid = pid,
                            .node = node,
                            .in = {ARGUMENT(in)},
                            .in_count = 1,
                            .out = &out,
                            .out_size = sizeof out,
                        });
    if (rc == 0)
        *attr = out.attr;
    return rc;
}

int wire_truncate(struct wire *w, pid_t pid, uint64_t node, uint64_t size, struct fuse_attr *attr)
{
    struct fuse_setattr_in in = {.valid = FATTR_SIZE, .size = size};
    struct fuse_attr_out out;
    int rc = wire_do(w, &(struct wire_call){
                            .opcode = FUSE_SETATTR,
                            .pid = pid,
                            .node = node,
                            .in = {ARGUMENT(in)},
                            .in_count = 1,
                            .out = &out,
                            .out_size = sizeof out,
                        });
    if (rc == 0)
        *attr = out.attr;
    return rc;
}

int wire_create(struct wire *w, pid_t pid, uint64_t parent, const char *name, int flags,
                struct fuse_entry_out *entry, struct fuse_open_out *open)
{
    struct fuse_create_in in = {.flags = (uint32_t)(flags | O_CREAT), .mode = 0100600};
    struct {
        struct fuse_entry_out entry;
        struct fuse_open_out open;
    } out;
    int rc = wire_do(w, &(struct wire_call){
                            .opcode = FUSE_CREATE,
                            .pid = pid,
                            .node = parent,
                            .in = {ARGUMENT(in), string(name)},
                            .in_count = 2,
                            .out = &out,
                            .out_size = sizeof out,
                        });
    if (rc == 0) {
        *entry = out.entry;
        *open = out.open;
    }
    return rc;
}

int wire_open(struct wire *w, pid_t pid, uint64_t node, int flags, struct fuse_open_out *open)
{
    struct fuse_open_in in = {.flags = (uint32_t)flags};
    return wire_do(w, &(struct wire_call){
                          .opcode = FUSE_OPEN,
                          .pid = pid,
                          .node = node,
                          .in = {ARGUMENT(in)},
                          .in_count = 1,
                          .out = open,
                          .out_size = sizeof *open,
                      });
}

int wire_read(struct wire *w, pid_t pid, uint64_t node, uint64_t fh, uint64_t offset, void *out,
              size_t size, size_t *got)
{
    struct fuse_read_in in = {.fh = fh, .offset = offset, .size = (uint32_t)size};
    struct wire_call call = {
        .opcode = FUSE_READ,
        .pid = pid,
        .node = node,
        .in = {ARGUMENT(in)},
        .in_count = 1,
        .out = out,
        .out_size = size,
    };
    int rc = wire_do(w, &call);
    *got = call.got;
    return rc;
}

int wire_write(struct wire *w, pid_t pid, uint64_t node, uint64_t fh, uint64_t offset,
               const void *data, size_t size)
{
    struct fuse_write_in in = {.fh = fh, .offset = offset, .size = (uint32_t)size};
    struct fuse_write_out out = {0};
    int rc = wire_do(w, &(struct wire_call){
                            .opcode = FUSE_WRITE,
                            .pid = pid,
                            .node = node,
                            .in = {ARGUMENT(in), {(void *)(uintptr_t)data, size}},
                            .in_count = 2,
                            .out = &out,
                            .out_size = sizeof out,
                        });
    assert(rc != 0 || out.size == size);
    return rc;
}

int wire_flush(struct wire *w, pid_t pid, uint64_t node, uint64_t fh)
{
    struct fuse_flush_in in = {.fh = fh};
    return wire_do(w, &(struct wire_call){
                          .opcode = FUSE_FLUSH,
                          .pid = pid,
                          .node = node,
                          .in = {ARGUMENT(in)},
                          .in_count = 1,
                      });
}

int wire_fsync(struct wire *w, pid_t pid, uint64_t node, uint64_t fh)
{
    struct fuse_fsync_in in = {.fh = fh};
    return wire_do(w, &(struct wire_call){
                          .opcode = FUSE_FSYNC,
                          .pid = pid,
                          .node = node,
                          .in = {ARGUMENT(in)},
                          .in_count = 1,
                      });
}

int wire_release(struct wire *w, uint64_t node, uint64_t fh)
{
    struct fuse_release_in in = {.fh = fh};
    return wire_do(w, &(struct wire_call){
                          .opcode = FUSE_RELEASE,
                          .node = node, // the kernel names nobody
                          .in = {ARGUMENT(in)},
                          .in_count = 1,
                      });
}

int wire_fallocate(struct wire *w, pid_t pid, uint64_t node, uint64_t fh, uint32_t mode,
                   uint64_t offset, uint64_t length)
{
    struct fuse_fallocate_in in = {.fh = fh, .offset = offset, .length = length, .mode = mode};
    return wire_do(w, &(struct wire_call){
                          .opcode = FUSE_FALLOCATE,
                          .pid = pid,
                          .node = node,
                          .in = {ARGUMENT(in)},
                          .in_count = 1,
                      });
}

int wire_rename(struct wire *w, pid_t pid, uint64_t from_dir, const char *from, uint64_t to_dir,
                const char *to)
{
    struct fuse_rename2_in in = {.newdir = to_dir};
    return wire_do(w, &(struct wire_call){
                          .opcode = FUSE_RENAME2,
                          .pid = pid,
                          .node = from_dir,
                          .in = {ARGUMENT(in), string(from), string(to)},
                          .in_count = 3,
                      });
}

static int call_by_name(struct wire *w, uint32_t opcode, pid_t pid, uint64_t parent,
                        const char *name)
{
    return wire_do(w, &(struct wire_call){
                          .opcode = opcode,
                          .pid = pid,
                          .node = parent,
                          .in = {string(name)},
                          .in_count = 1,
                      });
}

int wire_unlink(struct wire *w, pid_t pid, uint64_t parent, const char *name)
{
    return call_by_name(w, FUSE_UNLINK, pid, parent, name);
}

int wire_rmdir(struct wire *w, pid_t pid, uint64_t parent, const char *name)
{
    return call_by_name(w, FUSE_RMDIR, pid, parent, name);
}

int wire_mkdir(struct wire *w, pid_t pid, uint64_t parent, const char *name,
               struct fuse_entry_out *entry)
{
    struct fuse_mkdir_in in = {.mode = 0700};
    return wire_do(w, &(struct wire_call){
                          .opcode = FUSE_MKDIR,
                          .pid = pid,
                          .node = parent,
                          .in = {ARGUMENT(in), string(name)},
                          .in_count = 2,
                          .out = entry,
                          .out_size = sizeof *entry,
                      });
}

static uint64_t tell_names(const char *list, size_t len,
                           void (*fn)(void *context, const char *name), void *context)
{
    uint64_t next = 0;
    for (size_t at = 0; at < len;) {
        const struct fuse_dirent *entry = (const void *)(list + at);
        char name[FS_NAME_MAX + 1] = "";
        memcpy(name, entry->name, entry->namelen);
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            fn(context, name);
        next = entry->off;
        at += FUSE_DIRENT_SIZE(entry);
    }
    return next;
}

int wire_list(struct wire *w, pid_t pid, uint64_t dir, void (*fn)(void *context, const char *name),
              void *context)
{
    struct fuse_open_in open_in = {0};
    struct fuse_open_out open;
    char *list = malloc(4096);
    struct fuse_read_in in = {.size = 4096};
    struct wire_call call = {
        .opcode = FUSE_OPENDIR,
        .pid = pid,
        .node = dir,
        .in = {ARGUMENT(open_in)},
        .in_count = 1,
        .out = &open,
        .out_size = sizeof open,
    };
    int rc = wire_do(w, &call);
    bool opened = rc == 0;
    in.fh = opened ? open.fh : 0;
    call = (struct wire_call){
        .opcode = FUSE_READDIR,
        .pid = pid,
        .node = dir,
        .in = {ARGUMENT(in)},
        .in_count = 1,
        .out = list,
        .out_size = 4096,
    };
    while (rc == 0 && (rc = wire_do(w, &call)) == 0 && call.got > 0)
        in.offset = tell_names(list, call.got, fn, context);
    free(list);
    struct fuse_release_in release = {.fh = in.fh};
    call = (struct wire_call){
        .opcode = FUSE_RELEASEDIR, .node = dir, .in = {ARGUMENT(release)}, .in_count = 1};
    int closed = opened ? wire_do(w, &call) : 0;
    return rc < 0 ? rc : closed;
}
