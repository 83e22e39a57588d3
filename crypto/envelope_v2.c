// The envelope's version 2: parser and writer. See envelope.h for the fields. Any thread.
#include "crypto/envelope_fields.h"

#include "common/codec.h"
#include "common/err.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// The names that stand in x-amz-wrap-alg and x-amz-cek-alg. Those that this version cannot read are
// known by name all the same: such an object is whole and wants another version or reader.
struct algorithm {
    const char *name;
    bool readable;
    int value; // enum wrap_alg or enum content_alg, if readable
};

static const struct algorithm WRAPS[] = {
    {"kms", true, WRAP_KMS},     {"kms+context", false, 0},
    {"AES/GCM", false, 0},       {"AESWrap", false, 0},
    {"RSA-OAEP-SHA1", false, 0}, {"RSA/ECB/OAEPWithSHA-256AndMGF1Padding", false, 0},
};

static const struct algorithm CONTENTS[] = {
    {"AES/CBC/PKCS5Padding", true, CONTENT_CBC},
    {"AES/CBC/PKCS7Padding", true, CONTENT_CBC}, // the same; some Ruby programs name it so
    {"AES/GCM/NoPadding", false, 0},
};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static int algorithm_parse(const struct fields *fields, enum field f, const struct algorithm *rows,
                           size_t count, int *value)
{
    const char *name = fields->value[f];
    if (name == NULL)
        return err_set(-EIO, "incomplete envelope: %s is missing", field_name(f));
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, name) != 0)
            continue;
        if (!rows[i].readable)
            return err_set(-EACCES,
                           "the object is encrypted with %s '%s': this format is not supported by "
                           "this version",
                           field_name(f), name);
        *value = rows[i].value;
        return 0;
    }
    return err_set(-EIO, "damaged envelope: unknown %s '%.64s'", field_name(f), name);
}

static int tag_len_check(const struct fields *fields)
{
    const char *tag_len = fields->value[FIELD_TAG_LEN];
    if (tag_len != NULL && strcmp(tag_len, "0") != 0)
        return err_set(-EIO, "damaged envelope: x-amz-tag-len '%.64s' with AES/CBC, which has none",
                       tag_len);
    return 0;
}

static int plain_length_parse(const struct fields *fields, struct envelope *e)
{
    const char *text = fields->value[FIELD_PLAIN_LENGTH];
    if (text == NULL)
        return 0;
    if (decimal_parse(text, content_plain_size_max(e->content), &e->plain_size) < 0)
        return err_set(-EIO, "damaged envelope: %s '%.64s' is not a size", ENVELOPE_PLAIN_LENGTH,
                       text);
    e->has_plain_size = true;
    return 0;
}

static int context_parse(const struct fields *fields, struct kv *context)
{
    const char *json = fields->value[FIELD_MATDESC];
    if (json == NULL)
        return err_set(-EIO, "incomplete envelope: x-amz-matdesc is missing");
    int rc = description_parse(json, context);
    return rc < 0 ? err_prefix(rc, "damaged envelope: x-amz-matdesc") : 0;
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
    rc = tag_len_check(fields);
    if (rc == 0)
        rc = field_base64_exact(fields, FIELD_IV, e->iv, content_iv_size(e->content));
    if (rc == 0)
        rc = field_base64(fields, FIELD_KEY_V2, e->wrapped, sizeof e->wrapped, &e->wrapped_len);
    if (rc == 0)
        rc = plain_length_parse(fields, e);
    return rc == 0 ? context_parse(fields, &e->context) : rc;
}

// ---- writing ----

static int set_base64(struct kv *metadata, enum field f, const uint8_t *bytes, size_t len)
{
    AUTO_BUF struct buf text;
    buf_init(&text, (size_t)2 * ENVELOPE_WRAPPED_MAX);
    int rc = base64_encode(&text, bytes, len);
    return rc < 0 ? rc : kv_set(metadata, field_name(f), buf_str(&text));
}

static const char *wrap_name(enum wrap_alg wrap)
{
    for (size_t i = 0; i < COUNT_OF(WRAPS); i++) {
        if (WRAPS[i].readable && WRAPS[i].value == (int)wrap)
            return WRAPS[i].name;
    }
    assert(!"a wrapping without a name");
    return NULL;
}

static int set_algorithms(struct kv *metadata, const struct envelope *e)
{
    int rc = kv_set(metadata, field_name(FIELD_CEK_ALG), content_alg_name(e->content));
    return rc < 0 ? rc : kv_set(metadata, field_name(FIELD_WRAP_ALG), wrap_name(e->wrap));
}

static int set_plain_length(struct kv *metadata, uint64_t plain_size)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, plain_size);
    return kv_set(metadata, ENVELOPE_PLAIN_LENGTH, text);
}

int envelope_v2_write(const struct envelope *e, struct kv *metadata)
{
    assert(e->wrapped_len > 0 && e->wrapped_len <= sizeof e->wrapped);
    AUTO_FREE char *matdesc = NULL;
    int rc = description_write(&e->context, &matdesc);
    if (rc == 0)
        rc = set_base64(metadata, FIELD_KEY_V2, e->wrapped, e->wrapped_len);
    if (rc == 0)
        rc = set_base64(metadata, FIELD_IV, e->iv, content_iv_size(e->content));
    if (rc == 0)
        rc = set_algorithms(metadata, e);
    if (rc == 0)
        rc = kv_set(metadata, field_name(FIELD_MATDESC), matdesc);
    if (rc == 0 && e->has_plain_size)
        rc = set_plain_length(metadata, e->plain_size);
    return rc;
}
