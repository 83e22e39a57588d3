// The kernel's table of mounts (/proc/self/mountinfo, proc(5)): what is mounted where, without
// touching it. A mount whose server hangs can be asked for here.
#ifndef COMMON_MOUNTINFO_H
#define COMMON_MOUNTINFO_H

#include "common/cleanup.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct mountinfo {
    unsigned major, minor; // st_dev of everything in it
    char point[PATH_MAX];  // as the kernel has it: absolute, no links
    char type[64];         // "fuse.rdsbak"
    uid_t user;            // of a FUSE mount: who mounted; else (uid_t)-1
};

// The last one on that point, which hides the others. False: there is none.
bool mountinfo_find(const char *point, struct mountinfo *out);
// One of that device.
bool mountinfo_find_device(unsigned major, unsigned minor, struct mountinfo *out);
// For its test: one line of the table.
bool mountinfo_parse(const char *line, struct mountinfo *out);

#endif
