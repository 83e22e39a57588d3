// The modification time that an object carries for its content: user metadata "mtime", seconds
// since 1970, as s3fs and rclone write and read it.
#ifndef OBJECT_MTIME_H
#define OBJECT_MTIME_H

#include "s3/store.h"

// What the metadata say if it is sound, else when the object was stored.
int64_t object_mtime_s(const struct store_object *object);
int object_mtime_set(struct kv *metadata, int64_t mtime_s) MUST_CHECK;

#endif
