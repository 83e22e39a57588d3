// Copies an object on the server, within its bucket or from another one that the same credentials
// may read: nothing of it passes through this host. Up to --copy-object-max in one request (5 GiB
// on S3), above by parts, many at once. The copy appears whole or not at all.
#ifndef OBJECT_OBJECT_COPY_H
#define OBJECT_OBJECT_COPY_H

#include "object/volume.h"

struct object_copy {
    struct store *from_store; // of the source's bucket, for the volume's credentials; NULL: its own
    const char *from_key, *to_key;
    const struct store_object *source; // as HEAD showed it: this version is copied, or none
    const struct kv *metadata;         // of the copy; NULL: the source's
    const atomic_bool *cancel;         // may be NULL; seen between the parts
    bool only_new;                     // -EEXIST if to_key is there; see volume.h
};

// Class, content type, the other headers and the tags are carried. -ESTALE: the source is not that
// version any more, -EINTR: cancelled, and the store's errors; nothing is left behind then, but an
// answer of the very last step that was lost may leave a whole copy.
int object_copy(struct volume *v, const struct object_copy *copy,
                struct store_result *out) MUST_CHECK;

#endif
