// Inside of the envelope files: the fields of an envelope picked out of user metadata, and the
// codecs of their values. Not for use outside crypto/envelope*.c.
#ifndef CRYPTO_ENVELOPE_FIELDS_H
#define CRYPTO_ENVELOPE_FIELDS_H

#include "crypto/envelope.h"

// Every metadata key of every envelope version.
enum field {
    FIELD_KEY_V1,
    FIELD_KEY_V2,
    FIELD_KEY_V3,
    FIELD_KEY_OTHER, // x-amz-key-<anything else>: a version that nobody knows yet
    FIELD_IV,
    FIELD_CEK_ALG,
    FIELD_WRAP_ALG,
    FIELD_MATDESC,
    FIELD_TAG_LEN,
    FIELD_PLAIN_LENGTH,
    FIELD_PLAIN_MD5, // never written (CVE-2022-2582), never looked at
    FIELD_V3_CIPHER,
    FIELD_V3_WRAP,
    FIELD_V3_COMMITMENT,
    FIELD_V3_MESSAGE_ID,
    FIELD_V3_CONTEXT,
    FIELD_V3_MATDESC,
    FIELD_COUNT,
};

struct fields {
    const char *value[FIELD_COUNT]; // borrowed from the metadata; NULL where absent or empty
    const char *other_name;         // FIELD_KEY_OTHER as it is spelled there
};

const char *field_name(enum field f);
// Whether a metadata name is one of the above, in any case.
bool field_is(const char *name, enum field *f);
// -EIO if a field stands there twice (names are compared without case).
int fields_pick(const struct kv *metadata, struct fields *out) MUST_CHECK;

// The field's base64 value, 1..max bytes.
int field_base64(const struct fields *fields, enum field f, uint8_t *out, size_t max,
                 size_t *len) MUST_CHECK;
// The same of exactly size bytes.
int field_base64_exact(const struct fields *fields, enum field f, uint8_t *out,
                       size_t size) MUST_CHECK;
// A JSON object of strings, as an instruction file is one, to a map; numbers count as their decimal
// text there (Go writes lengths so).
int instruction_parse(const char *json, size_t len, struct kv *out) MUST_CHECK;
// A JSON object of strings to a map, in its order, and back: compact, ASCII. The map is replaced.
int description_parse(const char *json, struct kv *out) MUST_CHECK;
int description_write(const struct kv *map, char **json) MUST_CHECK; // *json: free()

// Sets a field to bytes in base64.
int field_set_base64(struct kv *metadata, enum field f, const uint8_t *bytes,
                     size_t len) MUST_CHECK;
int field_set_plain_length(struct kv *metadata, uint64_t plain_size) MUST_CHECK;
int field_plain_length(const struct fields *fields, struct envelope *e) MUST_CHECK;
// The description in a field, which must be there unless it is optional.
int field_description(const struct fields *fields, enum field f, bool optional,
                      struct kv *out) MUST_CHECK;
// -EIO unless a context of kms+context names this content cipher.
int context_names_cipher(const struct kv *context, enum content_alg content) MUST_CHECK;

// One file each.
int envelope_v1_parse(const struct fields *fields, struct envelope *e) MUST_CHECK;
int envelope_v1_write(const struct envelope *e, struct kv *metadata) MUST_CHECK;
int envelope_v2_parse(const struct fields *fields, struct envelope *e) MUST_CHECK;
int envelope_v2_write(const struct envelope *e, struct kv *metadata) MUST_CHECK;
int envelope_v3_parse(const struct fields *fields, struct envelope *e) MUST_CHECK;
int envelope_v3_write(const struct envelope *e, struct kv *metadata) MUST_CHECK;

#endif
