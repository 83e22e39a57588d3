#include "cli/key_file.h"

#include "common/err.h"
#include "common/log.h"
#include "crypto/keyring_raw.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int cannot(const char *path, const char *why)
{
    return err_set(-EINVAL, "--key-file %s: %s", path, why);
}

static int check(const char *path, int fd, size_t *size)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return cannot(path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return cannot(path, "not a regular file");
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        log_warn("--key-file %s: other users may read or change it: chmod 600", path);
    if (st.st_size <= 0 || st.st_size > KEYRING_RAW_FILE_MAX)
        return cannot(path, "empty, or too large for a key");
    *size = (size_t)st.st_size;
    return 0;
}

// Straight into guarded memory.
static int load(const char *path, int fd, size_t size, struct secret **out)
{
    AUTO_SECRET struct secret *content = NULL;
    int rc = secret_new(&content, size);
    for (size_t done = 0; rc == 0 && done < size;) {
        ssize_t n = read(fd, secret_fill(content) + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            rc = cannot(path, n < 0 ? strerror(errno) : "it became shorter while it was read");
        else
            done += (size_t)n;
    }
    if (rc == 0)
        *out = TAKE(content);
    return rc;
}

int key_file_add(struct keyring *raw, const char *path)
{
    AUTO_SECRET struct secret *content = NULL;
    size_t size = 0;
    // Not blocking: a FIFO would wait for its writer. Of a regular file it changes nothing.
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return cannot(path, strerror(errno));
    int rc = check(path, fd, &size);
    if (rc == 0)
        rc = load(path, fd, size, &content);
    return rc == 0 ? keyring_raw_add(raw, content, path) : rc;
}
