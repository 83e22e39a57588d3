// KMS's JSON both ways. Memory that held JSON is wiped when it is freed: it may be a data key. The
// only files of s3/ that know jansson are kms_json.c and this header's forward declaration.
#ifndef S3_KMS_JSON_H
#define S3_KMS_JSON_H

#include "common/buf.h"
#include "common/kv.h"
#include "common/secret.h"

struct json_t;
void kms_json_free(struct json_t *json);
CLEANUP_POINTER(json_t, kms_json_free)
#define AUTO_KMS_JSON CLEANUP(kms_json_freep)

// As the text of a field: the member is true, the boolean.
extern const char KMS_JSON_TRUE[];

struct kms_field {
    const char *name;
    const char *text;     // either a string ...
    const struct kv *map; // ... or an object of strings; both NULL: left out
};
// {"name": "text", ...} appended to out, which should be a secret buffer.
int kms_json_format(struct buf *out, const struct kms_field *fields, size_t count) MUST_CHECK;

// A JSON object, strictly: no duplicate names, nothing behind it. -EIO (without its content).
int kms_json_parse(struct json_t **out, const char *text, size_t len) MUST_CHECK;
// A string member, of a member object if group is not NULL; NULL if it is not there. The json's.
const char *kms_json_text(const struct json_t *json, const char *group, const char *name);
bool kms_json_true(const struct json_t *json, const char *group, const char *name);
// Whether there is such a member that is not null; whether it is this integer.
bool kms_json_has(const struct json_t *json, const char *name);
bool kms_json_is_number(const struct json_t *json, const char *name, int64_t number);

// The base64 member decoded: into a new secret / appended to out. -EIO if missing, malformed, empty
// or longer than max bytes.
int kms_json_secret(const struct json_t *json, const char *name, size_t max,
                    struct secret **out) MUST_CHECK;
int kms_json_bytes(const struct json_t *json, const char *name, size_t max,
                   struct buf *out) MUST_CHECK;

#endif
