// See harden.h. Called by one thread at start; harden_dontdump by any.
//
// mlockall with MCL_FUTURE under a finite RLIMIT_MEMLOCK is a trap: it succeeds while the process
// is small, and then every mmap, thread stack and malloc beyond the limit fails. So it is used only
// where no limit applies: an unlimited one, or CAP_IPC_LOCK, which is found out by trying (inside a
// user namespace the capability is listed but does not count).
#include "common/harden.h"

#include "common/err.h"
#include "common/log.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define REMEDY "allow it with 'ulimit -l unlimited' or LimitMEMLOCK=infinity in the systemd unit"

static int no_core_dumps(void)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0)
        return err_set(-EIO, "core dumps cannot be turned off: %s", strerror(errno));
#ifndef RDSBAK_SANITIZED // the leak checker attaches to its own process
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return err_set(-EIO, "core dumps cannot be turned off: %s", strerror(errno));
#endif
    return 0;
}

// Whether size bytes can be locked; nothing of them is touched.
static bool can_lock(size_t size)
{
    void *probe = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (probe == MAP_FAILED)
        return false;
    bool can = mlock2(probe, size, MLOCK_ONFAULT) == 0;
    munmap(probe, size);
    return can;
}

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

#ifndef RDSBAK_SANITIZED

// Raises the limit as far as this user may.
static bool lock_is_unlimited(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
        return false;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0)
        return false;
    if (limit.rlim_cur == RLIM_INFINITY)
        return true;
    return limit.rlim_cur < SIZE_MAX / 4 && can_lock((size_t)limit.rlim_cur + page_size());
}

// What the kernel says is locked: it, not a return value, decides.
static unsigned long locked_kib(void)
{
    unsigned long kib = 0;
    char line[256];
    FILE *status = fopen("/proc/self/status", "re");
    if (status == NULL)
        return 0;
    while (fgets(line, sizeof line, status) != NULL && sscanf(line, "VmLck: %lu", &kib) != 1)
        ;
    fclose(status);
    return kib;
}

static bool lock_all(void)
{
    // ONFAULT: what is never touched (stacks, reserves) takes no memory.
    return lock_is_unlimited() && mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0 &&
           locked_kib() > 0;
}

bool harden_can_lock_all(void)
{
    return lock_is_unlimited();
}

#else

// mlockall would lock terabytes of the sanitizer's shadow memory.
static bool lock_all(void)
{
    return false;
}

bool harden_can_lock_all(void)
{
    return false;
}

#endif

int harden_process(bool require_mlock)
{
    int rc = no_core_dumps();
    if (rc < 0 || lock_all())
        return rc;
    // Keys are in guarded pages that are locked one by one; a page or two suffice for each.
    const char *unlocked = can_lock(4 * page_size())
                               ? "file data may be swapped to disk in the clear; keys are locked"
                               : "file data and keys may be swapped to disk in the clear";
    if (require_mlock)
        return err_set(-EPERM, "memory cannot be locked (%s): %s", unlocked, REMEDY);
    log_warn("memory is not locked, %s: %s", unlocked, REMEDY);
    return 0;
}

void harden_dontdump(const void *buffer, size_t size)
{
    if (size == 0)
        return;
    uintptr_t start = (uintptr_t)buffer & ~(uintptr_t)(page_size() - 1);
    size_t len = (size_t)((uintptr_t)buffer + size - start);
    if (madvise((void *)start, len, MADV_DONTDUMP) != 0)
        log_debug("a buffer may be part of core dumps: %s", strerror(errno));
}
