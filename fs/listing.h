// What a directory holds: a listing of S3 by '/', together with the directories and files that
// exist only here. Taken once, so that what readdir gives is one state, whatever is removed
// meanwhile.
#ifndef FS_LISTING_H
#define FS_LISTING_H

#include "fs/fs_internal.h"

struct listing_entry {
    char *name; // owned
    bool is_dir;
};

// Used by one thread at a time: the kernel serialises readdir of one handle.
struct listing {
    struct listing_entry *entries; // owned; by name
    size_t count, room;
    size_t prefix_len;  // of the keys
    size_t hidden;      // keys that are the name of no file
    char *hidden_first; // owned
};

// Names are copied: about 50 bytes each, and not more than FS_LISTING_MAX.
int listing_new(struct mount *m, const char *path, struct listing **out) MUST_CHECK;
void listing_free(struct listing *l);
CLEANUP_POINTER(listing, listing_free)

#endif
