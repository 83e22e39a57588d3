// cat: an object's content, or a range of it, to stdout.
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/copy_out.h"
#include "cli/interrupt.h"

static int write_range(struct connection *c, const struct options *o, const struct source *source)
{
    CLEANUP(reader_freep) struct reader *r = NULL;
    struct progress p;
    int rc = reader_open(c->volume, source->key, NULL, &r);
    if (rc < 0)
        return rc;
    uint64_t size = reader_size(r);
    if (o->offset > size)
        return err_set(-EINVAL, "--offset: beyond the end of s3://%s/%s (%llu bytes)",
                       source->bucket, source->key, (unsigned long long)size);
    uint64_t len = size - o->offset < o->length ? size - o->offset : o->length;
    progress_start(&p, source->key, len);
    p.terminal = p.terminal && !isatty(STDOUT_FILENO); // not into the content itself
    rc = copy_out(r, o->offset, len, STDOUT_FILENO, "stdout", &p);
    if (rc == 0)
        progress_clear(&p);
    return rc;
}

int cmd_cat(const struct options *o)
{
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
    return write_range(&c, o, &source);
}
