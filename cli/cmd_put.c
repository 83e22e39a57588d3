// put: one file or a pipe into one encrypted object. The object appears whole or not at all.
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/interrupt.h"
#include "cli/probe_once.h"
#include "cli/progress.h"
#include "object/write_once.h"
#include "cli/upkeep.h"
#include "object/writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK_SIZE (1u << 20) // a chunk of the writer's window

struct input {
    const char *name;
    int fd;
    bool is_file;  // its size is known before it is read
    uint64_t size; // then
};

static int input_open(struct input *in, const char *name)
{
    struct stat st;
    bool is_stdin = strcmp(name, "-") == 0;
    *in = (struct input){.name = is_stdin ? "stdin" : name};
    in->fd = is_stdin ? dup(STDIN_FILENO) : open(name, O_RDONLY | O_CLOEXEC);
    if (in->fd < 0 || fstat(in->fd, &st) != 0)
        return err_set(-EIO, "%s: cannot be read: %s", in->name, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return err_set(-EISDIR, "%s: is a directory; put takes one file", in->name);
    in->is_file = S_ISREG(st.st_mode) && lseek(in->fd, 0, SEEK_CUR) == 0;
    in->size = in->is_file ? (uint64_t)st.st_size : PROGRESS_TOTAL_UNKNOWN;
    if (in->is_file)
        posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return 0;
}

static void input_close(struct input *in)
{
    cleanup_fd(&in->fd);
}

// The next bytes; *got 0 at the end.
static int read_block(const struct input *in, void *block, size_t *got)
{
    for (;;) {
        int rc = interrupt_check();
        if (rc < 0)
            return rc;
        ssize_t n = read(in->fd, block, BLOCK_SIZE);
        if (n >= 0) {
            *got = (size_t)n;
            return 0;
        }
        if (errno != EINTR)
            return err_set(-EIO, "%s: cannot be read: %s", in->name, strerror(errno));
    }
}

static int copy_blocks(const struct input *in, struct writer *w, void *block, struct progress *p)
{
    uint64_t offset = 0;
    for (;;) {
        size_t got = 0;
        int rc = read_block(in, block, &got);
        if (rc == 0 && got > 0)
            rc = writer_write(w, offset, block, got, interrupt_flag());
        if (rc < 0)
            return rc;
        if (got == 0)
            break;
        offset += got;
        progress_move(p, got);
    }
    // A backup that is still being written would be stored torn.
    if (in->is_file && offset != in->size)
        return err_set(-EIO, "%s: changed its size while it was read; put it when it is complete",
                       in->name);
    return 0;
}

static int copy_in(const struct input *in, struct writer *w, struct progress *p)
{
    void *block = malloc(BLOCK_SIZE);
    if (block == NULL)
        return err_set(-ENOMEM, "out of memory");
    int rc = copy_blocks(in, w, block, p);
    secret_wipe(block, BLOCK_SIZE);
    free(block);
    return rc;
}

static int give_up(struct writer *w, const struct source *target, int code)
{
    struct err_saved cause;
    err_save(&cause, code);
    writer_abort(w, code, cause.text);
    err_restore(&cause);
    return err_prefix(code, "s3://%s/%s: the upload was aborted", target->bucket, target->key);
}

static void finish(struct writer *w, struct progress *p)
{
    struct writer_status status;
    char note[64 + STORE_VERSION_MAX];
    writer_status(w, &status);
    snprintf(note, sizeof note, "%u part%s%s%s", status.parts, status.parts == 1 ? "" : "s",
             status.version_id[0] != '\0' ? ", version " : "", status.version_id);
    progress_finish(p, note);
}

static int store_input(struct connection *c, const struct source *target, const struct input *in)
{
    CLEANUP(writer_freep) struct writer *w = NULL;
    struct progress p;
    int rc = c->config.no_overwrite ? write_once_check(c->volume, target->key) : 0;
    if (rc == 0)
        rc = writer_create(c->volume, target->key, &w);
    if (rc < 0)
        return rc;
    progress_start(&p, in->name, in->size);
    if (in->is_file && in->size > 0)
        rc = writer_allocate(w, in->size, true); // the size decides how large parts must be
    if (rc == 0)
        rc = copy_in(in, w, &p);
    if (rc == 0)
        rc = writer_commit(w, WRITER_CLOSE, interrupt_flag());
    if (rc < 0) {
        progress_clear(&p);
        return give_up(w, target, rc);
    }
    finish(w, &p);
    return 0;
}

int cmd_put(const struct options *o)
{
    CLEANUP(input_close) struct input in = {.fd = -1};
    AUTO_CONNECTION struct connection c = {0};
    struct source target;
    int rc = source_parse(o->arguments[1], &target);
    if (rc == 0)
        rc = source_need_key(&target, true);
    if (rc == 0)
        rc = input_open(&in, o->arguments[0]);
    if (rc == 0)
        rc = connection_open(&c, o, &target, CONNECTION_PUT);
    if (rc == 0)
        rc = probe_object_lock(&c, &target);
    if (rc < 0)
        return rc;
    interrupt_catch();
    upkeep_sweep(&c, o, &target);
    return store_input(&c, &target, &in);
}
