// --no-overwrite at the names: what is in S3 is not opened for writing, cut, removed or renamed,
// nor replaced by a rename. A file that nothing was committed of yet is only known here: it may
// still be removed, or get another name. That nobody else has made the object meanwhile is settled
// by the commit (object/write_once.h).
#include "fs/fs_internal.h"
#include "common/err.h"
#include "object/write_once.h"

bool write_once(const struct mount *m)
{
    return volume_config(m->volume)->no_overwrite;
}

// SQL Server and Samba know EACCES ("access is denied"); of EEXIST they make less.
int write_once_refuse(const char *path)
{
    return err_set(-EACCES, "%s is in S3 already, and with --no-overwrite it stays as it is", path);
}

int write_once_check_key(struct mount *m, const char *key)
{
    int rc = write_once(m) ? write_once_check(m->volume, key) : 0;
    return rc == -EEXIST ? write_once_refuse(key) : rc;
}

int write_once_check_path(struct mount *m, const char *path)
{
    AUTO_FREE char *key = NULL;
    int rc = write_once(m) ? path_key(m, path, &key) : 0;
    if (key == NULL)
        return rc;
    return write_once_check_key(m, key);
}

static bool has_committed(struct writing *writing)
{
    struct writer_status status;
    writer_status(writing->writer, &status);
    return status.has_committed;
}

// The node is claimed, or NULL. True: it is being written, and nothing of it was committed.
static bool is_only_here(struct mount *m, struct node *node)
{
    struct writing *writing = node != NULL ? writing_pin(m, node) : NULL;
    bool only_here = writing != NULL && !has_committed(writing);
    writing_unpin(m, writing);
    return only_here;
}

// A commit may end while the file is being given up: then it is in S3, and stays.
static int give_up(struct mount *m, const char *path, struct node *node)
{
    struct writing *writing = writing_pin(m, node);
    if (writing == NULL) // it was closed just now
        return write_once_check_path(m, path);
    int rc = writing_unlink(m, node);
    if (rc == 0 && has_committed(writing))
        rc = write_once_refuse(path);
    writing_unpin(m, writing);
    return rc;
}

int write_once_unlink(struct mount *m, const char *path, struct node *node)
{
    if (is_only_here(m, node))
        return give_up(m, path, node);
    return write_once_check_path(m, path);
}

int write_once_check_rename(const struct renaming *r, struct node *source)
{
    if (!write_once(r->mount))
        return 0;
    if (!is_only_here(r->mount, source))
        return write_once_refuse(r->from);
    return write_once_check_path(r->mount, r->to);
}
