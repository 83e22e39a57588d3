// get: an object's content into a file. It is written beside its place as NAME.part-XXXXXX, made
// durable, then renamed: the name never shows half a file, and an old file stays until then.
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/copy_out.h"
#include "cli/interrupt.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct output {
    const char *name;
    int fd;
    char *part; // owned; the name until the rename, or NULL (stdout, a device, a fifo)
};

static void output_clear(struct output *out)
{
    cleanup_fd(&out->fd);
    if (out->part != NULL)
        unlink(out->part);
    free(out->part);
}

static int failed(const struct output *out, const char *what)
{
    return err_set(errno == ENOSPC ? -ENOSPC : -EIO, "%s: cannot be %s: %s", out->name, what,
                   strerror(errno));
}

// Readable by its owner alone (mkostemp): it is the plaintext of something that was encrypted.
static int open_part(struct output *out)
{
    if (asprintf(&out->part, "%s.part-XXXXXX", out->name) < 0) {
        out->part = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    out->fd = mkostemp(out->part, O_CLOEXEC);
    if (out->fd < 0) {
        int rc = failed(out, "created");
        free(TAKE(out->part));
        return rc;
    }
    return 0;
}

static int output_open(struct output *out, const char *name)
{
    struct stat st;
    bool is_stdout = strcmp(name, "-") == 0;
    *out = (struct output){.name = is_stdout ? "stdout" : name, .fd = -1};
    if (is_stdout) {
        out->fd = dup(STDOUT_FILENO);
        return out->fd < 0 ? failed(out, "opened") : 0;
    }
    bool there = stat(name, &st) == 0;
    if (there && S_ISDIR(st.st_mode))
        return err_set(-EISDIR, "%s: is a directory; name the file to write", name);
    if (!there || S_ISREG(st.st_mode))
        return open_part(out);
    out->fd = open(name, O_WRONLY | O_CLOEXEC);
    return out->fd < 0 ? failed(out, "opened") : 0;
}

// Finds a full disk before hours of download. Filesystems without fallocate are not asked twice.
static int reserve(const struct output *out, uint64_t size)
{
    if (out->part == NULL || size == 0 || fallocate(out->fd, 0, 0, (off_t)size) == 0)
        return 0;
    return errno == ENOSPC ? failed(out, "given its size") : 0;
}

static int sync_directory(const struct output *out)
{
    AUTO_FREE char *copy = strdup(out->name);
    if (copy == NULL)
        return err_set(-ENOMEM, "out of memory");
    AUTO_CLOSE int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    // EINVAL: a filesystem that cannot sync directories has no such promise to keep.
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        return failed(out, "made durable");
    return 0;
}

static int output_finish(struct output *out)
{
    if (out->part == NULL)
        return 0;
    if (fsync(out->fd) != 0)
        return failed(out, "made durable");
    if (rename(out->part, out->name) != 0)
        return failed(out, "put in place");
    free(TAKE(out->part));
    return sync_directory(out);
}

static int fetch(struct connection *c, const struct source *source, struct output *out)
{
    CLEANUP(reader_freep) struct reader *r = NULL;
    struct progress p;
    int rc = reader_open(c->volume, source->key, NULL, &r);
    if (rc == 0)
        rc = reserve(out, reader_size(r));
    if (rc < 0)
        return rc;
    progress_start(&p, source->key, reader_size(r));
    rc = copy_out(r, 0, reader_size(r), out->fd, out->name, &p);
    if (rc == 0)
        rc = output_finish(out);
    if (rc == 0)
        progress_finish(&p, "");
    return rc;
}

int cmd_get(const struct options *o)
{
    CLEANUP(output_clear) struct output out = {.fd = -1};
    AUTO_CONNECTION struct connection c = {0};
    struct source source;
    int rc = source_parse(o->arguments[0], &source);
    if (rc == 0)
        rc = source_need_key(&source, false);
    if (rc == 0)
        rc = connection_open(&c, o, &source, CONNECTION_READ);
    if (rc < 0)
        return rc;
    interrupt_catch();
    rc = output_open(&out, o->arguments[1]);
    return rc < 0 ? rc : fetch(&c, &source, &out);
}
