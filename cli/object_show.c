// See object_show.h.
#include "cli/object_show.h"

#include "cli/backup_show.h"
#include "common/codec.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define UTC_TEXT 32

unsigned etag_parts(const char *etag)
{
    const char *dash = strrchr(etag, '-');
    uint64_t parts = 0;
    if (dash == NULL || dash[1] == '\0' || dash[1] == '0' ||
        decimal_parse(dash + 1, STORE_PART_NUMBER_MAX, &parts) < 0)
        return 0;
    return (unsigned)parts;
}

static void utc_format(int64_t at_s, char out[static UTC_TEXT])
{
    struct tm utc;
    time_t at = (time_t)at_s;
    gmtime_r(&at, &utc);
    strftime(out, UTC_TEXT, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static const char *class_of(const struct object_info *info)
{
    return info->object.storage_class[0] != '\0' ? info->object.storage_class : "STANDARD";
}

// NULL: a combination that no client writes.
static const char *format_name_of(const struct envelope *e)
{
    const struct format *format = format_of(e);
    return format != NULL ? format->name : NULL;
}

// Beside a wrapping that is not KMS's the context is only a remark: it names no key.
static const char *key_of(const struct envelope *e)
{
    return wrap_alg_is_kms(e->wrap) ? kv_get(&e->context, ENVELOPE_KMS_CMK_ID) : NULL;
}

static const char *kind_of(const struct object_info *info)
{
    switch (info->kind) {
    case OBJECT_PLAINTEXT:
        return "plaintext";
    case OBJECT_ENCRYPTED:
        return "encrypted";
    case OBJECT_DAMAGED:
        break;
    }
    return "damaged";
}

// ---- lines ----

void show_address(FILE *out, const char *bucket, const char *key)
{
    fprintf(out, "s3://%s/", bucket);
    shown_print(out, key);
}

static void show_part(const char *name, const char *value)
{
    printf(", %s ", name);
    shown_print(stdout, value);
}

static void show_store(const struct object_info *info)
{
    const struct store_object *object = &info->object;
    char changed[UTC_TEXT];
    unsigned parts = etag_parts(object->etag);
    utc_format(object->mtime_s, changed);
    show_label("object");
    printf("%" PRIu64 " bytes, changed %s", object->size, changed);
    show_part("class", class_of(info));
    show_part("etag", object->etag);
    if (object->version_id[0] != '\0')
        show_part("version", object->version_id);
    if (parts > 0)
        printf(", %u part%s", parts, parts == 1 ? "" : "s");
    putchar('\n');
}

static void show_envelope(const struct object_info *info)
{
    const struct envelope *e = &info->envelope;
    const char *format = format_name_of(e), *key = key_of(e);
    show_label("encryption");
    printf("%s: envelope version %d, content %s, key wrapped by %s\n",
           format != NULL ? format : "(no format)", (int)e->version, content_alg_name(e->content),
           wrap_alg_name(e->wrap));
    show_label("key");
    shown_print(stdout, key != NULL ? key : "the envelope does not name it");
    putchar('\n');
    KV_EACH (&e->context, pair) {
        show_label("context");
        shown_print(stdout, pair->name);
        fputs(" = ", stdout);
        shown_print(stdout, pair->value);
        putchar('\n');
    }
    show_label("content");
    printf("%s%" PRIu64 " bytes%s\n", info->plain_size_exact ? "" : "at most ", info->plain_size,
           info->plain_size_exact ? "" : ", known exactly once it is read");
}

void show_object(const char *bucket, const char *key, const struct object_info *info)
{
    show_address(stdout, bucket, key);
    putchar('\n');
    show_store(info);
    switch (info->kind) {
    case OBJECT_ENCRYPTED:
        show_envelope(info);
        return;
    case OBJECT_PLAINTEXT:
        show_label("encryption");
        puts("PLAINTEXT: the object has no envelope, whoever may read the bucket reads it");
        return;
    case OBJECT_DAMAGED:
        show_label("encryption");
        fputs("damaged or not supported: ", stdout);
        shown_print(stdout, info->defect.text);
        putchar('\n');
        return;
    }
}

// ---- JSON ----

static struct json_t *json_store(const struct object_info *info)
{
    const struct store_object *object = &info->object;
    struct json_t *json = json_new();
    char changed[UTC_TEXT];
    unsigned parts = etag_parts(object->etag);
    utc_format(object->mtime_s, changed);
    json_add_number(json, "bytes", object->size);
    json_add_text(json, "changed", changed);
    json_add_text(json, "class", class_of(info));
    json_add_text(json, "etag", object->etag);
    json_add_text(json, "version", object->version_id[0] != '\0' ? object->version_id : NULL);
    json_add_text(json, "content_type", object->content_type);
    if (parts > 0)
        json_add_number(json, "parts", parts);
    else
        json_add_null(json, "parts");
    return json;
}

static struct json_t *json_envelope(const struct object_info *info)
{
    const struct envelope *e = &info->envelope;
    struct json_t *json = json_new(), *context = json_new();
    KV_EACH (&e->context, pair)
        json_add_text(context, pair->name, pair->value);
    json_add_number(json, "version", (uint64_t)e->version);
    json_add_text(json, "format", format_name_of(e));
    json_add_text(json, "wrap", wrap_alg_name(e->wrap));
    json_add_text(json, "content", content_alg_name(e->content));
    json_add_text(json, "key", key_of(e));
    json_add(json, "context", context);
    return json;
}

struct json_t *json_object_info(const char *bucket, const char *key, const struct object_info *info)
{
    struct json_t *json = json_new();
    json_add_text(json, "bucket", bucket);
    json_add_text(json, "key", key);
    json_add_text(json, "encryption", kind_of(info));
    json_add(json, "object", json_store(info));
    if (info->kind == OBJECT_ENCRYPTED)
        json_add(json, "envelope", json_envelope(info));
    else
        json_add_null(json, "envelope");
    if (info->kind == OBJECT_DAMAGED) {
        json_add_text(json, "defect", info->defect.text);
        return json;
    }
    json_add_number(json, "content_bytes", info->plain_size);
    json_add_bool(json, "content_bytes_exact", info->plain_size_exact);
    return json;
}
