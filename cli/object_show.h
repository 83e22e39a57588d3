// What S3 and the envelope tell of an object, for people and for programs. Names out of the bucket
// are made harmless. One thread.
#ifndef CLI_OBJECT_SHOW_H
#define CLI_OBJECT_SHOW_H

#include "cli/json.h"
#include "cli/shown.h"
#include "object/volume.h"

// Its address, and lines as show_label has them.
void show_object(const char *bucket, const char *key, const struct object_info *info);
// s3://bucket/key
void show_address(FILE *out, const char *bucket, const char *key);

// {"bucket": ..., "key": ..., "encryption": "encrypted", "envelope": {...}, ...}. NULL: no memory.
struct json_t *json_object_info(const char *bucket, const char *key,
                                const struct object_info *info);

// Parts of the upload, if the ETag tells ("...-12"); 0: it does not.
unsigned etag_parts(const char *etag);

#endif
