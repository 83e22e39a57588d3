#include "s3/secret_file.h"

#include "common/err.h"
#include "common/secret.h"

#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

int secret_file_read(const char *path, struct buf *out)
{
    assert(out->secret);
    struct stat st;
    char piece[4096];
    ssize_t len = 0;
    int rc = 0;
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return -ENOENT;
    if (fd < 0)
        return err_set(-EACCES, "%.300s cannot be opened: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return err_set(-EACCES, "%.300s is no regular file: give one", path);
    while (rc == 0 && (len = read(fd, piece, sizeof piece)) > 0)
        rc = buf_add(out, piece, (size_t)len);
    secret_wipe(piece, sizeof piece);
    if (rc < 0)
        return err_prefix(rc, "%.300s", path);
    return len == 0 ? 0 : err_set(-EIO, "%.300s cannot be read: %s", path, strerror(errno));
}
