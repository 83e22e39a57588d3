// What is asked of the bucket before --object-lock and --no-overwrite are promised. Main thread.
#ifndef CLI_PROBE_ONCE_H
#define CLI_PROBE_ONCE_H

#include "cli/connect.h"

// A bucket without object lock takes no retention: -EINVAL. Whether it has may be hidden from the
// role: then the first object tells.
int probe_object_lock(struct connection *c, const struct source *source) MUST_CHECK;
// Finds out, with an object at key, whether the server lets a name be taken only once, and tells
// the volume; a warning where a race is left.
int probe_write_once(struct connection *c, const struct source *source, const char *key) MUST_CHECK;

#endif
