// Envelopes in instruction files. See envelope.h. Any thread.
//
// Who can write the bucket can change such a file apart from its object, which is how advisory
// AWS-2025-032 swaps keys: so of V3, what the commitment stands on must be the object's own, and of
// V1 and V2 nothing of the envelope may be in two places.
#include "crypto/envelope_fields.h"

#include "common/err.h"

static const enum field OBJECTS_OWN[] = {FIELD_V3_CIPHER, FIELD_V3_COMMITMENT, FIELD_V3_MESSAGE_ID};

static bool is_objects_own(enum field f)
{
    for (size_t i = 0; i < sizeof OBJECTS_OWN / sizeof *OBJECTS_OWN; i++) {
        if (OBJECTS_OWN[i] == f)
            return true;
    }
    return false;
}

// The file's fields join what the object has; of each field there is one.
static int join(const struct kv *file, const struct kv *metadata, struct kv *out)
{
    int rc = kv_copy(out, metadata);
    KV_EACH (file, pair) {
        enum field f;
        if (rc < 0)
            return rc;
        if (!field_is(pair->name, &f))
            continue;
        if (is_objects_own(f))
            return err_set(-EIO, "damaged envelope: %s stands in the instruction file",
                           field_name(f));
        rc = kv_set(out, pair->name, pair->value);
    }
    return rc;
}

// Of V1 and V2 the object may have its length at most, of V3 its own three.
static int check_metadata(const struct kv *metadata)
{
    struct fields fields;
    int rc = fields_pick(metadata, &fields);
    if (rc < 0)
        return rc;
    for (enum field f = 0; f < FIELD_COUNT; f++) {
        if (fields.value[f] != NULL && !is_objects_own(f) && f != FIELD_PLAIN_LENGTH &&
            f != FIELD_PLAIN_MD5)
            return err_set(-EIO,
                           "damaged envelope: %s stands in the metadata of an object that has "
                           "an instruction file",
                           field_name(f));
    }
    return 0;
}

int envelope_parse_instruction(const struct kv *metadata, const char *json, size_t len,
                               struct envelope *e)
{
    AUTO_KV struct kv file = {0};
    AUTO_KV struct kv joined = {0};
    enum envelope_found found = ENVELOPE_NONE;
    int rc = instruction_parse(json, len, &file);
    if (rc == 0)
        rc = check_metadata(metadata);
    if (rc == 0)
        rc = join(&file, metadata, &joined);
    if (rc == 0)
        rc = envelope_parse(&joined, e, &found);
    if (rc == 0 && found != ENVELOPE_PRESENT)
        rc = err_set(-EIO, "it holds no wrapped key");
    return rc < 0 ? err_prefix(rc, "instruction file") : 0;
}
