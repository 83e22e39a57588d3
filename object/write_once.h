// --no-overwrite: an object that is there is never replaced. What makes an object says so to the
// server (If-None-Match: *, of a PUT and of a Complete), which settles all races, where it heeds
// that; where it does not, or that is not known, the name is looked at right before. Any thread.
#ifndef OBJECT_WRITE_ONCE_H
#define OBJECT_WRITE_ONCE_H

#include "object/volume.h"

// -EEXIST: there is an object of that key. Blocks: one HEAD, and a LIST for a role that may not
// look at objects.
int write_once_check(struct volume *v, const char *key) MUST_CHECK;

// What the server was found to heed.
struct write_once_heeded {
    bool put, complete;
};
// Finds it out with an object at key, a name of its own that is there only meanwhile: removed is
// false if it could not be removed again. The volume is to be told then, before it is shared.
int write_once_probe(struct volume *v, const char *key, struct write_once_heeded *out,
                     bool *removed) MUST_CHECK;
void write_once_set_heeded(struct volume *v, const struct write_once_heeded *heeded);

#endif
