// Preloaded into a process (LD_PRELOAD): ends it with SIGKILL at the write of the RDSBAK_KILL_AT'th
// line of a journal that begins an upload, before or after the bytes are the kernel's
// (RDSBAK_KILL_AFTER). That is, between the answer of CreateMultipartUpload and the journal, where
// no server can hold it.
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ssize_t write(int fd, const void *bytes, size_t len)
{
    static ssize_t (*_Atomic next)(int, const void *, size_t);
    static atomic_int seen;
    const char *at = getenv("RDSBAK_KILL_AT");
    if (next == NULL)
        next = (ssize_t(*)(int, const void *, size_t))(uintptr_t)dlsym(RTLD_NEXT, "write");
    bool hit = at != NULL && len > 5 && memcmp(bytes, "open ", 5) == 0 &&
               atomic_fetch_add(&seen, 1) + 1 == atoi(at);
    if (hit && getenv("RDSBAK_KILL_AFTER") == NULL)
        kill(getpid(), SIGKILL);
    ssize_t written = next(fd, bytes, len);
    if (hit)
        kill(getpid(), SIGKILL);
    return written;
}
