// bench_fusecopy MOUNTPOINT --to PORT: the least that a mount to a server can cost. One endless
// file "f"; each WRITE goes as it is down one connection to the sink (a PUT without end), each READ
// takes its bytes from another (a GET without end). No second copy, no buffer, no answer waited
// for. One thread; ends when it is unmounted.
#define FUSE_USE_VERSION 312
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FILE_INO   2
#define ENDLESS    (1ull << 50)
#define WRITE_MAX  (1u << 20)
#define HEADER_MAX 4096

static uint16_t sink_port;
static int upload = -1, download = -1;
static char *block; // of a READ: one thread

static int begin_request(const char *method, const char *header)
{
    char text[256];
    int fd = control_connect(sink_port);
    int len = snprintf(text, sizeof text, "%s /raw/f HTTP/1.1\r\nHost: sink\r\n%s%llu\r\n\r\n",
                       method, header, ENDLESS);
    if (fd < 0 || control_send(fd, text, (size_t)len, 0) < 0)
        control_die("sink");
    return fd;
}

static void skip_header(int fd)
{
    char text[HEADER_MAX];
    for (size_t len = 0; len < sizeof text; len++) {
        if (recv(fd, text + len, 1, 0) != 1)
            control_die("sink's answer");
        if (len >= 3 && memcmp(text + len - 3, "\r\n\r\n", 4) == 0)
            return;
    }
}

static void attributes(fuse_ino_t ino, struct stat *st)
{
    *st = (struct stat){.st_ino = ino, .st_nlink = 1, .st_mode = S_IFDIR | 0700};
    if (ino == FILE_INO) {
        st->st_mode = S_IFREG | 0600;
        st->st_size = (off_t)ENDLESS;
    }
}

static void on_init(void *data, struct fuse_conn_info *conn)
{
    (void)data;
    conn->max_write = WRITE_MAX;
    conn->want &= ~(unsigned)FUSE_CAP_SPLICE_READ; // as the program: bytes are to be touched
}

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct fuse_entry_param entry = {.ino = FILE_INO};
    (void)parent;
    if (strcmp(name, "f") != 0) {
        fuse_reply_err(req, ENOENT);
        return;
    }
    attributes(FILE_INO, &entry.attr);
    fuse_reply_entry(req, &entry);
}

static void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct stat st;
    (void)fi;
    attributes(ino, &st);
    fuse_reply_attr(req, &st, 0);
}

static void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    if ((fi->flags & O_ACCMODE) == O_WRONLY) {
        upload = begin_request("PUT", "Content-Length: ");
    } else {
        download = begin_request("GET", "Range: bytes=0-");
        skip_header(download);
    }
    fi->direct_io = 1;
    fuse_reply_open(req, fi);
}

static void on_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
                     struct fuse_file_info *fi)
{
    (void)ino, (void)offset, (void)fi;
    if (control_send(upload, bytes, size, 0) < 0) {
        fuse_reply_err(req, EIO);
        return;
    }
    fuse_reply_write(req, size);
}

static void on_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                    struct fuse_file_info *fi)
{
    (void)ino, (void)offset, (void)fi;
    ssize_t got = recv(download, block, size < WRITE_MAX ? size : WRITE_MAX, MSG_WAITALL);
    if (got < 0)
        fuse_reply_err(req, EIO);
    else
        fuse_reply_buf(req, block, (size_t)got);
}

static void on_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
    (void)ino, (void)datasync, (void)fi;
    fuse_reply_err(req, 0);
}

static const struct fuse_lowlevel_ops OPS = {
    .init = on_init,
    .lookup = on_lookup,
    .getattr = on_getattr,
    .open = on_open,
    .write = on_write,
    .read = on_read,
    .fsync = on_fsync,
};

int main(int argc, char **argv)
{
    char *fuse_argv[] = {argv[0], NULL};
    struct fuse_args args = FUSE_ARGS_INIT(1, fuse_argv);
    if (argc < 2)
        return 2;
    sink_port = (uint16_t)control_option(argc, argv, "--to", 0);
    block = aligned_alloc(4096, WRITE_MAX);
    struct fuse_session *session = fuse_session_new(&args, &OPS, sizeof OPS, NULL);
    if (block == NULL || session == NULL || fuse_set_signal_handlers(session) != 0 ||
        fuse_session_mount(session, argv[1]) != 0)
        control_die("mount");
    signal(SIGPIPE, SIG_IGN);
    int rc = fuse_session_loop(session);
    fuse_session_unmount(session);
    fuse_session_destroy(session);
    return rc != 0;
}
