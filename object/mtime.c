#include "object/mtime.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define METADATA_MTIME "mtime"

int64_t object_mtime_s(const struct store_object *object)
{
    const char *text = kv_get(&object->metadata, METADATA_MTIME);
    char *end = NULL;
    long long value = text != NULL ? strtoll(text, &end, 10) : 0;
    // rclone writes a fraction behind the seconds.
    bool sound = text != NULL && end != text && (*end == '\0' || *end == '.') && value >= 0 &&
                 value < (1ll << 40);
    return sound ? value : object->mtime_s;
}

int object_mtime_set(struct kv *metadata, int64_t mtime_s)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, mtime_s);
    return kv_set(metadata, METADATA_MTIME, text);
}
