// One profile as the shared AWS files have it, read anew when a file changed. For credentials.c:
// not safe for several threads at once (its user holds a lock).
#ifndef S3_PROFILE_H
#define S3_PROFILE_H

#include "common/kv.h"

#include <stdint.h>
#include <sys/types.h>

struct profile_stamp { // tells one state of a file from another
    int64_t mtime_ns;
    uint64_t inode;
    uint64_t size;
    int exists;
};

struct profile {
    char *name;             // owned
    char *credentials_path; // owned; NULL: no home directory is known
    char *config_path;      // owned; likewise
    struct kv settings;     // of the profile, then "services.NAME"; wiped when dropped
    int found;              // the profile stands in a file
    unsigned loads;         // how often the files were found changed
    struct profile_stamp credentials_stamp, config_stamp; // of what settings hold
    struct profile_stamp credentials_seen, config_seen;   // also where it could not be read
};

int profile_init(struct profile *p, const char *name) MUST_CHECK;
void profile_clear(struct profile *p);
// Reads the files if they are new or changed (or force). -EIO names file and line.
int profile_refresh(struct profile *p, int force) MUST_CHECK;
// NULL if it is not set. The profile's.
const char *profile_get(const struct profile *p, const char *name);

#endif
