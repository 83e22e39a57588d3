// s3://BUCKET[/REST] from the command line: what the verbs and the mount work on.
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include "common/cleanup.h"

#include <stdbool.h>

#define SOURCE_BUCKET_MAX 63   // S3's naming rules
#define SOURCE_KEY_MAX    1024 // bytes, S3's
// A mount's prefix leaves room for a name of 255 bytes, the longest that Linux passes.
#define SOURCE_PREFIX_MAX (SOURCE_KEY_MAX - 255)

struct source {
    char bucket[SOURCE_BUCKET_MAX + 1];
    char key[SOURCE_KEY_MAX + 1]; // what follows the bucket and its '/', verbatim; may be ""
};

// 0, or -EINVAL with a text that names the url, the rule it breaks and the form wanted.
int source_parse(const char *url, struct source *out) MUST_CHECK;

// Further, -EINVAL with a text:
// For the mount: key becomes "" or "x/y/". Empty, "." and ".." segments are refused: no path of the
// mount could reach such objects.
int source_need_prefix(struct source *s) MUST_CHECK;
// For put, get and cat: key names one object. new_object: it must also be a path that a mount
// shows.
int source_need_key(const struct source *s, bool new_object) MUST_CHECK;

#endif
