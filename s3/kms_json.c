#include "s3/kms_json.h"
#include "common/codec.h"
#include "common/err.h"

#include <assert.h>
#include <jansson.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>

// Works for memory that plain malloc gave too, so other users of jansson do not mind.
static void wiping_free(void *memory)
{
    if (memory != NULL)
        explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

static void set_allocator(void)
{
    json_set_alloc_funcs(malloc, wiping_free);
}

static void prepare(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_allocator);
}

void kms_json_free(struct json_t *json)
{
    json_decref(json);
}

const char KMS_JSON_TRUE[] = "true";

static json_t *map_to_json(const struct kv *map)
{
    AUTO_KMS_JSON json_t *object = json_object();
    KV_EACH (map, pair) {
        if (object == NULL || json_object_set_new(object, pair->name, json_string(pair->value)) < 0)
            return NULL;
    }
    return TAKE(object);
}

static int on_dump(const char *text, size_t len, void *out)
{
    return buf_add(out, text, len) < 0 ? -1 : 0;
}

static json_t *field_to_json(const struct kms_field *f)
{
    if (f->text == KMS_JSON_TRUE)
        return json_true();
    return f->text != NULL ? json_string(f->text) : map_to_json(f->map);
}

int kms_json_format(struct buf *out, const struct kms_field *fields, size_t count)
{
    prepare();
    AUTO_KMS_JSON json_t *object = json_object();
    if (object == NULL)
        return err_set(-ENOMEM, "out of memory for JSON");
    for (size_t i = 0; i < count; i++) {
        const struct kms_field *f = &fields[i];
        if (f->text == NULL && f->map == NULL)
            continue;
        if (json_object_set_new(object, f->name, field_to_json(f)) < 0)
            return err_set(-EIO, "%s cannot be written as JSON: it is not UTF-8", f->name);
    }
    if (json_dump_callback(object, on_dump, out, JSON_COMPACT) < 0)
        return err_set(-EIO, "a KMS request of more than %zu bytes", out->max);
    return 0;
}

int kms_json_parse(struct json_t **out, const char *text, size_t len)
{
    prepare();
    json_error_t error;
    if (len == 0)
        return err_set(-EIO, "the answer is empty");
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) // not error.text: it quotes the input
        return err_set(-EIO, "the answer is malformed JSON (line %d, column %d)", error.line,
                       error.column);
    if (!json_is_object(json)) {
        json_decref(json);
        return err_set(-EIO, "the answer is no JSON object");
    }
    *out = json;
    return 0;
}

static const json_t *member(const struct json_t *json, const char *group, const char *name)
{
    if (group != NULL)
        json = json_object_get(json, group);
    return json_object_get(json, name);
}

const char *kms_json_text(const struct json_t *json, const char *group, const char *name)
{
    return json_string_value(member(json, group, name));
}

bool kms_json_true(const struct json_t *json, const char *group, const char *name)
{
    return json_is_true(member(json, group, name));
}

bool kms_json_has(const struct json_t *json, const char *name)
{
    const json_t *found = json_object_get(json, name);
    return found != NULL && !json_is_null(found);
}

bool kms_json_is_number(const struct json_t *json, const char *name, int64_t number)
{
    const json_t *found = json_object_get(json, name);
    return json_is_integer(found) && json_integer_value(found) == number;
}

// Bytes that the padded base64 text stands for; 0 if it cannot be.
static size_t decoded_size(const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;
    if (len == 0 || len % 4 != 0)
        return 0;
    return len / 4 * 3 - (text[len - 1] == '=') - (text[len - 2] == '=');
}

int kms_json_secret(const struct json_t *json, const char *name, size_t max, struct secret **out)
{
    const char *text = kms_json_text(json, NULL, name);
    size_t size = decoded_size(text), len = 0;
    if (size == 0 || size > max)
        return err_set(-EIO, "the answer's %s is missing, malformed or over %zu bytes", name, max);
    AUTO_SECRET struct secret *secret = NULL;
    int rc = secret_new(&secret, size);
    if (rc == 0)
        rc = base64_decode(text, strlen(text), secret_fill(secret), size, &len);
    if (rc < 0 || len != size)
        return rc == -ENOMEM ? rc : err_set(-EIO, "the answer's %s is not base64", name);
    *out = TAKE(secret);
    return 0;
}

int kms_json_bytes(const struct json_t *json, const char *name, size_t max, struct buf *out)
{
    const char *text = kms_json_text(json, NULL, name);
    size_t size = decoded_size(text), len = 0;
    if (size == 0 || size > max)
        return err_set(-EIO, "the answer's %s is missing, malformed or over %zu bytes", name, max);
    AUTO_FREE uint8_t *bytes = malloc(size);
    if (bytes == NULL)
        return err_set(-ENOMEM, "out of memory");
    if (base64_decode(text, strlen(text), bytes, size, &len) < 0)
        return err_set(-EIO, "the answer's %s is not base64", name);
    return buf_add(out, bytes, len);
}
