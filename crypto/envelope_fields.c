// Picks an envelope's fields out of user metadata and decodes their values. The metadata comes from
// whoever may write the bucket: everything is bounded and nothing is guessed. Any thread.
#include "crypto/envelope_fields.h"

#include "common/codec.h"
#include "common/err.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

// S3 holds 2 KB of user metadata in all; it also bounds how deep the JSON parser can be led.
#define DESCRIPTION_MAX 2048

#define KEY_OTHER_PREFIX "x-amz-key-"

static const char *const NAMES[FIELD_COUNT] = {
    [FIELD_KEY_V1] = "x-amz-key",
    [FIELD_KEY_V2] = "x-amz-key-v2",
    [FIELD_KEY_V3] = "x-amz-3",
    [FIELD_KEY_OTHER] = NULL,
    [FIELD_IV] = "x-amz-iv",
    [FIELD_CEK_ALG] = "x-amz-cek-alg",
    [FIELD_WRAP_ALG] = "x-amz-wrap-alg",
    [FIELD_MATDESC] = "x-amz-matdesc",
    [FIELD_TAG_LEN] = "x-amz-tag-len",
    [FIELD_PLAIN_LENGTH] = ENVELOPE_PLAIN_LENGTH,
    [FIELD_PLAIN_MD5] = "x-amz-unencrypted-content-md5",
    [FIELD_V3_CIPHER] = "x-amz-c",
    [FIELD_V3_WRAP] = "x-amz-w",
    [FIELD_V3_COMMITMENT] = "x-amz-d",
    [FIELD_V3_MESSAGE_ID] = "x-amz-i",
    [FIELD_V3_CONTEXT] = "x-amz-t",
    [FIELD_V3_MATDESC] = "x-amz-m",
};

const char *field_name(enum field f)
{
    return f == FIELD_KEY_OTHER ? KEY_OTHER_PREFIX "*" : NAMES[f];
}

// ASCII only, whatever the locale says about letters.
static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

// Whether name starts with prefix (lower case), without regard to case.
static bool starts_with(const char *name, const char *prefix)
{
    while (*prefix != '\0' && lower(*name) == *prefix) {
        name++;
        prefix++;
    }
    return *prefix == '\0';
}

bool field_is(const char *name, enum field *f)
{
    for (enum field i = 0; i < FIELD_COUNT; i++) {
        if (NAMES[i] != NULL && starts_with(name, NAMES[i]) && name[strlen(NAMES[i])] == '\0') {
            *f = i;
            return true;
        }
    }
    *f = FIELD_KEY_OTHER;
    return starts_with(name, KEY_OTHER_PREFIX);
}

int fields_pick(const struct kv *metadata, struct fields *out)
{
    *out = (struct fields){0};
    KV_EACH (metadata, pair) {
        enum field f;
        if (pair->value[0] == '\0' || !field_is(pair->name, &f))
            continue;
        if (f == FIELD_KEY_OTHER)
            out->other_name = pair->name;
        else if (out->value[f] != NULL)
            return err_set(-EIO, "damaged envelope: %s stands there twice", field_name(f));
        out->value[f] = pair->value;
    }
    return 0;
}

int field_base64(const struct fields *fields, enum field f, uint8_t *out, size_t max, size_t *len)
{
    const char *text = fields->value[f];
    if (text == NULL)
        return err_set(-EIO, "incomplete envelope: %s is missing", field_name(f));
    int rc = base64_decode(text, strlen(text), out, max, len);
    if (rc < 0)
        return err_prefix(rc, "damaged envelope: %s", field_name(f));
    if (*len == 0)
        return err_set(-EIO, "damaged envelope: %s is empty", field_name(f));
    return 0;
}

int field_base64_exact(const struct fields *fields, enum field f, uint8_t *out, size_t size)
{
    uint8_t bytes[64]; // longer than any, so that the text can name a length that is wrong
    size_t len = 0;
    assert(size <= sizeof bytes);
    int rc = field_base64(fields, f, bytes, sizeof bytes, &len);
    if (rc < 0)
        return rc;
    if (len != size)
        return err_set(-EIO, "damaged envelope: %s has %zu bytes instead of %zu", field_name(f),
                       len, size);
    memcpy(out, bytes, size);
    return 0;
}

int field_set_base64(struct kv *metadata, enum field f, const uint8_t *bytes, size_t len)
{
    AUTO_BUF struct buf text;
    buf_init(&text, (size_t)2 * ENVELOPE_WRAPPED_MAX);
    int rc = base64_encode(&text, bytes, len);
    return rc < 0 ? rc : kv_set(metadata, field_name(f), buf_str(&text));
}

int field_plain_length(const struct fields *fields, struct envelope *e)
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

int field_set_plain_length(struct kv *metadata, uint64_t plain_size)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, plain_size);
    return kv_set(metadata, ENVELOPE_PLAIN_LENGTH, text);
}

int field_description(const struct fields *fields, enum field f, bool optional, struct kv *out)
{
    const char *json = fields->value[f];
    if (json == NULL)
        return optional ? 0 : err_set(-EIO, "incomplete envelope: %s is missing", field_name(f));
    int rc = description_parse(json, out);
    return rc < 0 ? err_prefix(rc, "damaged envelope: %s", field_name(f)) : 0;
}

int context_names_cipher(const struct kv *context, enum content_alg content)
{
    const char *named = kv_get(context, ENVELOPE_CEK_ALG);
    if (named != NULL && strcmp(named, content_alg_name(content)) == 0)
        return 0;
    return err_set(
        -EIO,
        "damaged envelope: its encryption context names the cipher '%.64s', the envelope "
        "%s",
        named != NULL ? named : "(none)", content_alg_name(content));
}

// ---- descriptions ----

static void json_release(json_t **json)
{
    json_decref(*json);
}
#define AUTO_JSON CLEANUP(json_release)

static int collect_member(struct kv *out, const char *name, const json_t *value, bool numbers)
{
    char text[24];
    const char *string = json_string_value(value);
    if (numbers && json_is_integer(value)) {
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        string = text;
    }
    if (string == NULL)
        return err_set(-EIO, "its entry '%.64s' is not a string", name);
    return kv_set(out, name, string);
}

static int collect(json_t *object, bool numbers, struct kv *out)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        int rc = collect_member(out, name, value, numbers);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int object_parse(const char *json, size_t len, bool numbers, struct kv *out)
{
    json_error_t error;
    // Strict by default: UTF-8, no NUL within a string, nothing after the value.
    AUTO_JSON json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        return err_set(-EIO, "it is not JSON: %s", error.text);
    if (!json_is_object(root))
        return err_set(-EIO, "it is not a JSON object");
    AUTO_KV struct kv map = {0};
    int rc = collect(root, numbers, &map);
    if (rc < 0)
        return rc;
    kv_clear(out);
    *out = map;
    map = (struct kv){0};
    return 0;
}

int description_parse(const char *json, struct kv *out)
{
    size_t len = strnlen(json, DESCRIPTION_MAX + 1);
    if (len > DESCRIPTION_MAX)
        return err_set(-EIO, "it is longer than %d bytes", DESCRIPTION_MAX);
    return object_parse(json, len, false, out);
}

int instruction_parse(const char *json, size_t len, struct kv *out)
{
    if (len > ENVELOPE_INSTRUCTION_MAX)
        return err_set(-EIO, "it is longer than %d bytes", ENVELOPE_INSTRUCTION_MAX);
    return object_parse(json, len, true, out);
}

int description_write(const struct kv *map, char **json)
{
    AUTO_JSON json_t *root = json_object();
    if (root == NULL)
        return err_set(-ENOMEM, "out of memory");
    KV_EACH (map, pair) {
        json_t *value = json_string(pair->value); // NULL also for what is not UTF-8
        if (value == NULL || json_object_set_new(root, pair->name, value) < 0)
            return err_set(-EIO, "the encryption context's entry '%.64s' is not UTF-8 text",
                           pair->name);
    }
    // A header carries ASCII only; '/' stays as it is, ARNs are compared byte for byte.
    AUTO_FREE char *text = json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (text == NULL)
        return err_set(-ENOMEM, "out of memory");
    if (strlen(text) > DESCRIPTION_MAX)
        return err_set(-EIO, "the encryption context is longer than %d bytes", DESCRIPTION_MAX);
    *json = TAKE(text);
    return 0;
}
