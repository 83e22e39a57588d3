// The envelope's version 1: parser and writer. See envelope.h for the fields. Any thread.
#include "crypto/envelope_fields.h"

#include "common/err.h"

#include <assert.h>

#define AES_ECB_LEN 48 // a key of 32 bytes and a block of padding

// Fields that version 2 brought: beside x-amz-key two readers would see two different objects.
static const enum field NOT_V1[] = {FIELD_CEK_ALG, FIELD_WRAP_ALG, FIELD_TAG_LEN};

// Nothing in the envelope says how the key is wrapped: its length does.
static int wrap_of_length(size_t len, enum wrap_alg *wrap)
{
    if (len == 128 || len == 256 || len == 384 || len == 512)
        return err_set(-EACCES,
                       "the object's key is wrapped with RSA PKCS#1 v1.5 (envelope version 1, %zu "
                       "bytes): that is not supported, for telling its padding errors apart "
                       "decrypts for an attacker",
                       len);
    *wrap = len == AES_ECB_LEN ? WRAP_AES_ECB : WRAP_KMS_BLOB;
    return 0;
}

int envelope_v1_parse(const struct fields *fields, struct envelope *e)
{
    for (size_t i = 0; i < sizeof NOT_V1 / sizeof *NOT_V1; i++) {
        if (fields->value[NOT_V1[i]] != NULL)
            return err_set(-EIO,
                           "damaged envelope: %s stands beside x-amz-key, which is another "
                           "version's",
                           field_name(NOT_V1[i]));
    }
    e->version = ENVELOPE_V1;
    e->content = CONTENT_CBC;
    int rc = field_base64(fields, FIELD_KEY_V1, e->wrapped, sizeof e->wrapped, &e->wrapped_len);
    if (rc == 0)
        rc = wrap_of_length(e->wrapped_len, &e->wrap);
    if (rc == 0)
        rc = field_base64_exact(fields, FIELD_IV, e->iv, content_iv_size(e->content));
    if (rc == 0)
        rc = field_plain_length(fields, e);
    return rc == 0 ? field_description(fields, FIELD_MATDESC, true, &e->context) : rc;
}

int envelope_v1_write(const struct envelope *e, struct kv *metadata)
{
    assert(e->content == CONTENT_CBC);
    AUTO_FREE char *matdesc = NULL;
    enum wrap_alg seen = e->wrap;
    int rc = wrap_of_length(e->wrapped_len, &seen);
    if (rc < 0 || seen != e->wrap)
        return err_set(-EIO,
                       "a wrapped key of %zu bytes would be taken for another kind's in "
                       "envelope version 1",
                       e->wrapped_len);
    rc = description_write(&e->context, &matdesc);
    if (rc == 0)
        rc = field_set_base64(metadata, FIELD_KEY_V1, e->wrapped, e->wrapped_len);
    if (rc == 0)
        rc = field_set_base64(metadata, FIELD_IV, e->iv, content_iv_size(e->content));
    if (rc == 0)
        rc = kv_set(metadata, field_name(FIELD_MATDESC), matdesc);
    if (rc == 0 && e->has_plain_size)
        rc = field_set_plain_length(metadata, e->plain_size);
    return rc;
}
