// The envelope's version 2: parser and writer. See envelope.h for the fields. Any thread.
#include "crypto/envelope_fields.h"

#include "common/err.h"

#include <assert.h>
#include <string.h>

// The names that stand in x-amz-wrap-alg and x-amz-cek-alg; of several for one the first is
// written.
struct algorithm {
    const char *name;
    int value; // enum wrap_alg or enum content_alg
};

static const struct algorithm WRAPS[] = {
    {"kms", WRAP_KMS},
    {"kms+context", WRAP_KMS_CONTEXT},
    {"AES/GCM", WRAP_AES_GCM},
    {"AESWrap", WRAP_AES_KW},
    {"RSA-OAEP-SHA1", WRAP_RSA_OAEP_SHA1},
    {"RSA/ECB/OAEPWithSHA-256AndMGF1Padding", WRAP_RSA_OAEP_SHA256},
};

static const struct algorithm CONTENTS[] = {
    {"AES/CBC/PKCS5Padding", CONTENT_CBC},
    {"AES/CBC/PKCS7Padding", CONTENT_CBC}, // the same; some Ruby programs name it so
    {"AES/GCM/NoPadding", CONTENT_GCM},
};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static int algorithm_parse(const struct fields *fields, enum field f, const struct algorithm *rows,
                           size_t count, int *value)
{
    const char *name = fields->value[f];
    if (name == NULL)
        return err_set(-EIO, "incomplete envelope: %s is missing", field_name(f));
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            *value = rows[i].value;
            return 0;
        }
    }
    return err_set(-EIO, "damaged envelope: unknown %s '%.64s'", field_name(f), name);
}

static int tag_len_check(const struct fields *fields, enum content_alg content)
{
    const char *tag_len = fields->value[FIELD_TAG_LEN];
    bool tagged = content_authenticated(content);
    if (tag_len == NULL && tagged)
        return err_set(-EIO, "incomplete envelope: x-amz-tag-len is missing");
    if (tag_len == NULL || strcmp(tag_len, tagged ? "128" : "0") == 0)
        return 0;
    return err_set(-EIO, "damaged envelope: x-amz-tag-len '%.64s' with %s, which has %s", tag_len,
                   content_alg_name(content), tagged ? "128 bits" : "none");
}

// An object of kms+context that is relabelled to kms would still be unwrapped by KMS, under the
// very same context, and then be opened with a cipher of the relabeller's choice.
static int refuse_relabelled(const struct envelope *e)
{
    if (kv_get(&e->context, ENVELOPE_CEK_ALG) == NULL)
        return 0;
    return err_set(-EIO, "damaged envelope: x-amz-wrap-alg 'kms' with the encryption context of "
                         "kms+context (" ENVELOPE_CEK_ALG ")");
}

static int context_parse(const struct fields *fields, struct envelope *e)
{
    int rc = field_description(fields, FIELD_MATDESC, false, &e->context);
    if (rc == 0 && e->wrap == WRAP_KMS_CONTEXT)
        rc = context_names_cipher(&e->context, e->content);
    else if (rc == 0 && e->wrap == WRAP_KMS)
        rc = refuse_relabelled(e);
    return rc;
}

int envelope_v2_parse(const struct fields *fields, struct envelope *e)
{
    int wrap = 0;
    int content = 0;
    e->version = ENVELOPE_V2;
    int rc = algorithm_parse(fields, FIELD_CEK_ALG, CONTENTS, COUNT_OF(CONTENTS), &content);
    if (rc == 0)
        rc = algorithm_parse(fields, FIELD_WRAP_ALG, WRAPS, COUNT_OF(WRAPS), &wrap);
    if (rc < 0)
        return rc;
    e->wrap = (enum wrap_alg)wrap;
    e->content = (enum content_alg)content;
    rc = tag_len_check(fields, e->content);
    if (rc == 0)
        rc = field_base64_exact(fields, FIELD_IV, e->iv, content_iv_size(e->content));
    if (rc == 0)
        rc = field_base64(fields, FIELD_KEY_V2, e->wrapped, sizeof e->wrapped, &e->wrapped_len);
    if (rc == 0)
        rc = field_plain_length(fields, e);
    return rc == 0 ? context_parse(fields, e) : rc;
}

// ---- writing ----

static const char *wrap_name(enum wrap_alg wrap)
{
    for (size_t i = 0; i < COUNT_OF(WRAPS); i++) {
        if (WRAPS[i].value == (int)wrap)
            return WRAPS[i].name;
    }
    assert(!"a wrapping without a name");
    return NULL;
}

static int set_algorithms(struct kv *metadata, const struct envelope *e)
{
    int rc = kv_set(metadata, field_name(FIELD_CEK_ALG), content_alg_name(e->content));
    if (rc == 0)
        rc = kv_set(metadata, field_name(FIELD_WRAP_ALG), wrap_name(e->wrap));
    if (rc == 0 && content_authenticated(e->content))
        rc = kv_set(metadata, field_name(FIELD_TAG_LEN), "128");
    return rc;
}

int envelope_v2_write(const struct envelope *e, struct kv *metadata)
{
    AUTO_FREE char *matdesc = NULL;
    int rc = description_write(&e->context, &matdesc);
    if (rc == 0)
        rc = field_set_base64(metadata, FIELD_KEY_V2, e->wrapped, e->wrapped_len);
    if (rc == 0)
        rc = field_set_base64(metadata, FIELD_IV, e->iv, content_iv_size(e->content));
    if (rc == 0)
        rc = set_algorithms(metadata, e);
    if (rc == 0)
        rc = kv_set(metadata, field_name(FIELD_MATDESC), matdesc);
    if (rc == 0 && e->has_plain_size)
        rc = field_set_plain_length(metadata, e->plain_size);
    return rc;
}
