#include "s3/state_dir.h"

#include "common/err.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static const char ROOT_DIR[] = "/var/lib/rdsbak";

// Those whose locks are another machine's business (of a virtual machine's host, too), or may be
// ours to serve.
static const uint32_t REFUSED_FILESYSTEMS[] = {
    NFS_SUPER_MAGIC,  SMB_SUPER_MAGIC,  CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC,
    AFS_FS_MAGIC,     FUSE_SUPER_MAGIC, CEPH_SUPER_MAGIC, V9FS_MAGIC,
    CODA_SUPER_MAGIC, 0x0bd00bd0, // Lustre, by default without flock, or with a local one
    0x786f4256,                   // VirtualBox's shared folders
    0xbacbacbc,                   // VMware's
};

static bool is_path(const char *text)
{
    return text != NULL && *text == '/';
}

static int make_text(char **out, int printed)
{
    if (printed >= 0)
        return 0;
    *out = NULL;
    return err_set(-ENOMEM, "out of memory");
}

int state_dir_default(char **out)
{
    const char *given = getenv("STATE_DIRECTORY"), *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (is_path(given)) // a list with ':', as systemd.exec(5) has it
        return make_text(out, asprintf(out, "%.*s", (int)strcspn(given, ":"), given));
    if (geteuid() == 0)
        return make_text(out, asprintf(out, "%s", ROOT_DIR));
    if (is_path(state))
        return make_text(out, asprintf(out, "%s/rdsbak", state));
    if (is_path(home))
        return make_text(out, asprintf(out, "%s/.local/state/rdsbak", home));
    return err_set(-EINVAL, "there is no directory for what the next start must know: neither "
                            "XDG_STATE_HOME nor HOME is set; give --state-dir");
}

// ---- opening ----

// What leads there and is missing: as private as the directory itself.
static int make_path(const char *path)
{
    AUTO_FREE char *copy = strdup(path);
    if (copy == NULL)
        return err_set(-ENOMEM, "out of memory");
    for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(copy, 0700); // the last one tells
        *slash = '/';
    }
    if (mkdir(copy, 0700) != 0 && errno != EEXIST)
        return err_set(-EACCES, "%s cannot be made: %s", path, strerror(errno));
    return 0;
}

static int check_filesystem(const char *path, int fd)
{
    struct statfs fs;
    if (fstatfs(fd, &fs) != 0)
        return err_set(-EIO, "%s: %s", path, strerror(errno));
    for (size_t i = 0; i < sizeof REFUSED_FILESYSTEMS / sizeof *REFUSED_FILESYSTEMS; i++) {
        if ((uint32_t)fs.f_type == REFUSED_FILESYSTEMS[i])
            return err_set(-EOPNOTSUPP,
                           "%s is on a network or FUSE file system, whose locks do not tell which "
                           "process lives; give a --state-dir on a local disk",
                           path);
    }
    return 0;
}

static int check_owner(const char *path, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_set(-EIO, "%s: %s", path, strerror(errno));
    if (st.st_uid != geteuid())
        return err_set(-EACCES,
                       "%s belongs to user %u, not to this one (%u); give another "
                       "--state-dir",
                       path, (unsigned)st.st_uid, (unsigned)geteuid());
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return err_set(-EACCES,
                       "%s may be written by others, who could choose what the next start "
                       "ends; chmod go-w %s",
                       path, path);
    return 0;
}

int state_dir_open(const char *path, int *out)
{
    *out = -1;
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        int rc = make_path(path);
        if (rc < 0)
            return rc;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (fd < 0)
        return err_set(-EACCES, "%s cannot be opened: %s", path, strerror(errno));
    int rc = check_filesystem(path, fd);
    if (rc == 0)
        rc = check_owner(path, fd);
    if (rc < 0)
        return rc;
    *out = fd;
    fd = -1;
    return 0;
}
