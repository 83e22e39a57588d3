// Tells envelope versions apart and hands each to its own file. Any thread; the caller owns every
// struct.
//
// Version by the key that is there, as Amazon's clients of 2025 do it (older ones took the first
// they knew, which lets a bucket writer show two readers two different objects):
//   x-amz-key V1 | x-amz-key-v2 V2 | x-amz-3 V3 | x-amz-key-<else> a version yet to come
// and a second such key, or a field of V3 beside another version's key, is an error.
#include "crypto/envelope_fields.h"

#include "common/err.h"

#include <assert.h>
#include <string.h>

// The fields of V3 beside its key, and those that V1 and V2 have and V3 must not.
static const enum field V3_FIELDS[] = {FIELD_V3_CIPHER,     FIELD_V3_WRAP,    FIELD_V3_COMMITMENT,
                                       FIELD_V3_MESSAGE_ID, FIELD_V3_CONTEXT, FIELD_V3_MATDESC};
// The length last: it is the first that is present only if it is the only one.
static const enum field V2_FIELDS[] = {FIELD_IV,      FIELD_CEK_ALG, FIELD_WRAP_ALG,
                                       FIELD_MATDESC, FIELD_TAG_LEN, FIELD_PLAIN_LENGTH};
#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

// The first of these fields that is there, or FIELD_COUNT.
static enum field first_present(const struct fields *fields, const enum field *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fields->value[list[i]] != NULL)
            return list[i];
    }
    return FIELD_COUNT;
}

// The one key that is there, FIELD_COUNT for none.
static int key_find(const struct fields *fields, enum field *key)
{
    *key = FIELD_COUNT;
    for (enum field f = FIELD_KEY_V1; f <= FIELD_KEY_OTHER; f++) {
        if (fields->value[f] == NULL)
            continue;
        if (*key != FIELD_COUNT)
            return err_set(-EIO, "damaged envelope: both %s and %s stand there", field_name(*key),
                           field_name(f));
        *key = f;
    }
    return 0;
}

// What clients leave with an object whose envelope is in an instruction file: of V3 all but the
// wrapped key and how it is wrapped, else the length at most.
static bool is_left_behind(const struct fields *fields, enum field v2)
{
    if (v2 == FIELD_COUNT)
        return fields->value[FIELD_V3_CIPHER] != NULL &&
               fields->value[FIELD_V3_COMMITMENT] != NULL &&
               fields->value[FIELD_V3_MESSAGE_ID] != NULL;
    return v2 == FIELD_PLAIN_LENGTH &&
           first_present(fields, V3_FIELDS, COUNT_OF(V3_FIELDS)) == FIELD_COUNT;
}

static int without_key(const struct fields *fields, enum envelope_found *found)
{
    enum field v3 = first_present(fields, V3_FIELDS, COUNT_OF(V3_FIELDS));
    enum field v2 = first_present(fields, V2_FIELDS, COUNT_OF(V2_FIELDS));
    if (v3 == FIELD_COUNT && v2 == FIELD_COUNT) {
        *found = ENVELOPE_NONE;
        return 0;
    }
    if (is_left_behind(fields, v2)) {
        *found = ENVELOPE_ELSEWHERE;
        return 0;
    }
    return err_set(-EIO,
                   "incomplete envelope: %s stands there without a wrapped key (x-amz-key-v2)",
                   field_name(v2 != FIELD_COUNT ? v2 : v3));
}

static int mixed(const struct fields *fields, enum field key, const enum field *others,
                 size_t count)
{
    enum field other = first_present(fields, others, count);
    if (other == FIELD_COUNT)
        return 0;
    return err_set(-EIO, "damaged envelope: %s stands beside %s, which is another version's",
                   field_name(other), field_name(key));
}

static int parse_version(const struct fields *fields, enum field key, struct envelope *e)
{
    int rc;
    switch (key) {
    case FIELD_KEY_V1:
        rc = mixed(fields, key, V3_FIELDS, COUNT_OF(V3_FIELDS));
        return rc < 0 ? rc : envelope_v1_parse(fields, e);
    case FIELD_KEY_V2:
        rc = mixed(fields, key, V3_FIELDS, COUNT_OF(V3_FIELDS));
        return rc < 0 ? rc : envelope_v2_parse(fields, e);
    case FIELD_KEY_V3:
        rc = mixed(fields, key, V2_FIELDS, COUNT_OF(V2_FIELDS));
        return rc < 0 ? rc : envelope_v3_parse(fields, e);
    default:
        return err_set(-EACCES,
                       "the object has an envelope of an unknown version (%.64s): it is "
                       "not supported by this version",
                       fields->other_name);
    }
}

// What a wrapping is called where people read it.
static const char *const WRAP_NAMES[WRAP_COUNT] = {
    [WRAP_KMS] = "kms",
    [WRAP_KMS_BLOB] = "KMS, without context",
    [WRAP_KMS_CONTEXT] = "kms+context",
    [WRAP_AES_GCM] = "AES/GCM",
    [WRAP_AES_KW] = "AESWrap",
    [WRAP_AES_ECB] = "AES/ECB",
    [WRAP_RSA_OAEP_SHA1] = "RSA-OAEP-SHA1",
    [WRAP_RSA_OAEP_SHA256] = "RSA-OAEP-SHA256",
};

const char *wrap_alg_name(enum wrap_alg wrap)
{
    assert((size_t)wrap < WRAP_COUNT);
    return WRAP_NAMES[wrap];
}

bool wrap_alg_is_kms(enum wrap_alg wrap)
{
    return wrap == WRAP_KMS || wrap == WRAP_KMS_BLOB || wrap == WRAP_KMS_CONTEXT;
}

int envelope_parse(const struct kv *metadata, struct envelope *e, enum envelope_found *found)
{
    struct fields fields;
    enum field key = FIELD_COUNT;
    int rc = fields_pick(metadata, &fields);
    if (rc == 0)
        rc = key_find(&fields, &key);
    if (rc < 0)
        return rc;
    if (key == FIELD_COUNT)
        return without_key(&fields, found);
    AUTO_ENVELOPE struct envelope parsed = {0};
    rc = parse_version(&fields, key, &parsed);
    if (rc < 0)
        return rc;
    *e = parsed;
    parsed.context = (struct kv){0}; // now e's
    *found = ENVELOPE_PRESENT;
    return 0;
}

static int write_version(const struct envelope *e, struct kv *metadata)
{
    assert(e->wrapped_len > 0 && e->wrapped_len <= sizeof e->wrapped);
    switch (e->version) {
    case ENVELOPE_V1:
        return envelope_v1_write(e, metadata);
    case ENVELOPE_V2:
        return envelope_v2_write(e, metadata);
    case ENVELOPE_V3:
        break;
    }
    return envelope_v3_write(e, metadata);
}

int envelope_write(const struct envelope *e, struct kv *metadata)
{
    AUTO_KV struct kv written = {0};
    int rc = kv_copy(&written, metadata);
    if (rc < 0)
        return rc;
    envelope_strip(&written);
    rc = write_version(e, &written);
    if (rc < 0)
        return rc;
    struct kv old = *metadata;
    *metadata = written;
    written = old;
    return 0;
}

// ---- keys ----

int envelope_set_key(struct envelope *e, const struct secret *key)
{
    secret_random_bytes(e->iv, content_iv_size(e->content));
    return e->content == CONTENT_GCM_COMMITTED ? content_commitment(key, e->iv, e->commitment) : 0;
}

int envelope_check_key(const struct envelope *e, const struct secret *key)
{
    uint8_t committed[CIPHER_COMMITMENT_SIZE];
    if (e->content != CONTENT_GCM_COMMITTED)
        return 0;
    int rc = content_commitment(key, e->iv, committed);
    if (rc == 0 && !secret_equal(committed, e->commitment, sizeof committed))
        rc = err_set(-EIO, "the data key is not the one that the object commits to (x-amz-d): its "
                           "envelope was changed");
    return rc;
}

// ---- the rest ----

void envelope_strip(struct kv *metadata)
{
    enum field f;
    for (size_t i = metadata->count; i-- > 0;) {
        if (field_is(metadata->pairs[i].name, &f))
            kv_remove(metadata, metadata->pairs[i].name);
    }
}

int envelope_copy(struct envelope *to, const struct envelope *from)
{
    assert(to != from);
    struct kv context = {0};
    int rc = kv_copy(&context, &from->context);
    if (rc < 0) {
        kv_clear(&context);
        return rc;
    }
    envelope_clear(to);
    *to = *from;
    to->context = context;
    return 0;
}

void envelope_clear(struct envelope *e)
{
    kv_clear(&e->context);
    *e = (struct envelope){0};
}
