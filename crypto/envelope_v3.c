// The envelope's version 3, with key commitment: parser and writer. See envelope.h for the fields.
// Any thread.
#include "crypto/envelope_fields.h"

#include "common/err.h"

#include <assert.h>
#include <string.h>

static const struct {
    const char *name;
    enum wrap_alg wrap;
} WRAPS[] = {
    {"12", WRAP_KMS_CONTEXT},
    {"02", WRAP_AES_GCM},
    {"22", WRAP_RSA_OAEP_SHA1},
};
#define WRAPS_COUNT (sizeof WRAPS / sizeof *WRAPS)

static int cipher_parse(const struct fields *fields, struct envelope *e)
{
    const char *name = fields->value[FIELD_V3_CIPHER];
    if (name == NULL)
        return err_set(-EIO, "incomplete envelope: x-amz-c is missing");
    if (strcmp(name, content_alg_name(CONTENT_GCM_COMMITTED)) != 0)
        return err_set(-EIO, "damaged envelope: unknown x-amz-c '%.64s'", name);
    e->content = CONTENT_GCM_COMMITTED;
    return 0;
}

static int wrap_parse(const struct fields *fields, struct envelope *e)
{
    const char *name = fields->value[FIELD_V3_WRAP];
    if (name == NULL)
        return err_set(-EIO, "incomplete envelope: x-amz-w is missing");
    for (size_t i = 0; i < WRAPS_COUNT; i++) {
        if (strcmp(WRAPS[i].name, name) == 0) {
            e->wrap = WRAPS[i].wrap;
            return 0;
        }
    }
    return err_set(-EIO, "damaged envelope: unknown x-amz-w '%.64s'", name);
}

static int message_id_check(const struct envelope *e)
{
    static const uint8_t ZERO[CIPHER_MESSAGE_ID_SIZE];
    return memcmp(e->iv, ZERO, sizeof ZERO) != 0
               ? 0
               : err_set(-EIO, "damaged envelope: x-amz-i is all zeros");
}

// With a KMS key the encryption context, with a raw key a description; never both.
static int context_parse(const struct fields *fields, struct envelope *e)
{
    bool kms = e->wrap == WRAP_KMS_CONTEXT;
    enum field mine = kms ? FIELD_V3_CONTEXT : FIELD_V3_MATDESC;
    enum field other = kms ? FIELD_V3_MATDESC : FIELD_V3_CONTEXT;
    if (fields->value[other] != NULL)
        return err_set(-EIO, "damaged envelope: %s stands beside x-amz-w %s", field_name(other),
                       fields->value[FIELD_V3_WRAP]);
    int rc = field_description(fields, mine, true, &e->context);
    return rc == 0 && kms ? context_names_cipher(&e->context, e->content) : rc;
}

int envelope_v3_parse(const struct fields *fields, struct envelope *e)
{
    e->version = ENVELOPE_V3;
    int rc = cipher_parse(fields, e);
    if (rc == 0)
        rc = wrap_parse(fields, e);
    if (rc == 0)
        rc = field_base64_exact(fields, FIELD_V3_COMMITMENT, e->commitment, sizeof e->commitment);
    if (rc == 0)
        rc = field_base64_exact(fields, FIELD_V3_MESSAGE_ID, e->iv, CIPHER_MESSAGE_ID_SIZE);
    if (rc == 0)
        rc = message_id_check(e);
    if (rc == 0)
        rc = field_base64(fields, FIELD_KEY_V3, e->wrapped, sizeof e->wrapped, &e->wrapped_len);
    return rc == 0 ? context_parse(fields, e) : rc;
}

static const char *wrap_name(enum wrap_alg wrap)
{
    for (size_t i = 0; i < WRAPS_COUNT; i++) {
        if (WRAPS[i].wrap == wrap)
            return WRAPS[i].name;
    }
    assert(!"a wrapping that version 3 does not have");
    return NULL;
}

int envelope_v3_write(const struct envelope *e, struct kv *metadata)
{
    assert(e->content == CONTENT_GCM_COMMITTED);
    AUTO_FREE char *context = NULL;
    enum field description = e->wrap == WRAP_KMS_CONTEXT ? FIELD_V3_CONTEXT : FIELD_V3_MATDESC;
    int rc = description_write(&e->context, &context);
    if (rc == 0)
        rc = kv_set(metadata, field_name(FIELD_V3_CIPHER), content_alg_name(e->content));
    if (rc == 0)
        rc = kv_set(metadata, field_name(FIELD_V3_WRAP), wrap_name(e->wrap));
    if (rc == 0)
        rc = field_set_base64(metadata, FIELD_KEY_V3, e->wrapped, e->wrapped_len);
    if (rc == 0)
        rc = field_set_base64(metadata, FIELD_V3_COMMITMENT, e->commitment, sizeof e->commitment);
    if (rc == 0)
        rc = field_set_base64(metadata, FIELD_V3_MESSAGE_ID, e->iv, CIPHER_MESSAGE_ID_SIZE);
    return rc == 0 ? kv_set(metadata, field_name(description), context) : rc;
}
