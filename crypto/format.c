// The formats that can be written and read: a table, and sets of its rows. Any thread.
#include "crypto/envelope.h"

#include "common/buf.h"
#include "common/err.h"

#include <assert.h>
#include <string.h>

#define NAMES_MAX   512
#define ALL         "all"
#define INSTRUCTION "instruction"

// A row, and for which mounts it is read without being asked for.
struct row {
    struct format format;
    int weakest; // enum content_alg of what the mount writes, at most; NEVER
};
#define NEVER -1

// A row's index is its bit in a format_set. Whoever wants authentication must not be given CBC, and
// whoever wants commitment nothing without: the bucket's writer chooses the envelope.
static const struct row FORMATS[] = {
    // What Amazon RDS for SQL Server restores ("Encryption-Only" mode).
    {{"rds", ENVELOPE_V2, WRAP_KMS, CONTENT_CBC, true}, CONTENT_CBC},
    // The .NET form that a published walk-through restored into RDS.
    {{"rds-v1", ENVELOPE_V1, WRAP_KMS_BLOB, CONTENT_CBC, true}, NEVER},
    {{"gcm", ENVELOPE_V2, WRAP_KMS_CONTEXT, CONTENT_GCM, true}, CONTENT_GCM},
    {{"commit", ENVELOPE_V3, WRAP_KMS_CONTEXT, CONTENT_GCM_COMMITTED, true}, CONTENT_GCM_COMMITTED},
    // Written by others; the cipher is not bound to the wrapped key (CVE-2020-8912).
    {{"kms-gcm", ENVELOPE_V2, WRAP_KMS, CONTENT_GCM, false}, CONTENT_CBC},
    {{"kms-context-cbc", ENVELOPE_V2, WRAP_KMS_CONTEXT, CONTENT_CBC, false}, NEVER},
    // Under raw keys: with --key-file only.
    {{"aes-gcm", ENVELOPE_V2, WRAP_AES_GCM, CONTENT_GCM, false}, CONTENT_GCM},
    {{"aes-wrap", ENVELOPE_V2, WRAP_AES_KW, CONTENT_GCM, false}, CONTENT_GCM},
    {{"rsa-oaep", ENVELOPE_V2, WRAP_RSA_OAEP_SHA1, CONTENT_GCM, false}, CONTENT_GCM},
    {{"rsa-oaep-sha256", ENVELOPE_V2, WRAP_RSA_OAEP_SHA256, CONTENT_GCM, false}, CONTENT_GCM},
    {{"v1-aes", ENVELOPE_V1, WRAP_AES_ECB, CONTENT_CBC, false}, CONTENT_CBC},
    {{"commit-aes", ENVELOPE_V3, WRAP_AES_GCM, CONTENT_GCM_COMMITTED, false},
     CONTENT_GCM_COMMITTED},
    {{"commit-rsa", ENVELOPE_V3, WRAP_RSA_OAEP_SHA1, CONTENT_GCM_COMMITTED, false},
     CONTENT_GCM_COMMITTED},
};
#define FORMATS_COUNT (sizeof FORMATS / sizeof *FORMATS)
_Static_assert(FORMATS_COUNT < 8 * sizeof(format_set) - 1, "a bit for every format");

_Static_assert(CONTENT_CBC < CONTENT_GCM && CONTENT_GCM < CONTENT_GCM_COMMITTED,
               "in the order of strength");

static const struct format *find(const char *name, size_t len)
{
    for (size_t i = 0; i < FORMATS_COUNT; i++) {
        const struct format *f = &FORMATS[i].format;
        if (strlen(f->name) == len && memcmp(f->name, name, len) == 0)
            return f;
    }
    return NULL;
}

static int unknown(const char *name, size_t len, bool written_only)
{
    AUTO_BUF struct buf names;
    buf_init(&names, NAMES_MAX);
    for (size_t i = 0; i < FORMATS_COUNT; i++) {
        const struct format *f = &FORMATS[i].format;
        if (written_only && !f->is_written)
            continue;
        int rc = buf_addf(&names, "%s%s", i > 0 ? ", " : "", f->name);
        if (rc < 0)
            return rc;
    }
    return err_set(-EINVAL, "there is no format '%.*s'%s; there are: %s%s",
                   (int)(len < 64 ? len : 64), name, written_only ? " to write" : "",
                   buf_str(&names), written_only ? "" : ", " INSTRUCTION ", " ALL);
}

int format_find(const char *name, const struct format **out)
{
    const struct format *f = find(name, strlen(name));
    if (f == NULL || !f->is_written)
        return unknown(name, strlen(name), true);
    *out = f;
    return 0;
}

static format_set bit(const struct format *f)
{
    size_t index = (size_t)((const struct row *)(const void *)f - FORMATS); // its first member
    return 1u << index;
}

static int set_add(format_set *set, const char *name, size_t len)
{
    const struct format *f = find(name, len);
    if (f != NULL)
        *set |= bit(f);
    else if (len == strlen(INSTRUCTION) && memcmp(name, INSTRUCTION, len) == 0)
        *set |= FORMAT_SET_INSTRUCTION;
    else
        return unknown(name, len, false);
    return 0;
}

int format_set_parse(const char *list, format_set *out)
{
    format_set set = 0;
    if (strcmp(list, ALL) == 0) {
        *out = ((1u << FORMATS_COUNT) - 1) | FORMAT_SET_INSTRUCTION;
        return 0;
    }
    for (;;) {
        size_t len = strcspn(list, ",");
        int rc = set_add(&set, list, len);
        if (rc < 0)
            return rc;
        if (list[len] == '\0')
            break;
        list += len + 1;
    }
    *out = set;
    return 0;
}

format_set format_set_default(const struct format *writing, bool raw_keys)
{
    format_set set = bit(writing);
    for (size_t i = 0; i < FORMATS_COUNT; i++) {
        const struct row *row = &FORMATS[i];
        bool has_key = raw_keys || wrap_alg_is_kms(row->format.wrap);
        if (has_key && row->weakest != NEVER && (int)writing->content <= row->weakest)
            set |= bit(&row->format);
    }
    return set;
}

const struct format *format_of(const struct envelope *e)
{
    for (size_t i = 0; i < FORMATS_COUNT; i++) {
        const struct format *f = &FORMATS[i].format;
        if (f->version == e->version && f->wrap == e->wrap && f->content == e->content)
            return f;
    }
    return NULL;
}

int format_set_check(format_set set, const struct envelope *e)
{
    const struct format *f = format_of(e);
    if (f == NULL)
        return err_set(-EACCES,
                       "the object's envelope pairs the wrapping %s with the cipher %s in version "
                       "%d, which no client writes: it is not read",
                       wrap_alg_name(e->wrap), content_alg_name(e->content), (int)e->version);
    if ((set & bit(f)) == 0)
        return err_set(-EACCES,
                       "the object is in format %s, which is not among those to be read: add %s to "
                       "--read-formats to allow it",
                       f->name, f->name);
    return 0;
}

// ---- contexts ----

int envelope_context(const struct format *f, const char *key_id, const struct kv *callers,
                     struct kv *context)
{
    kv_clear(context);
    switch (f->wrap) {
    case WRAP_KMS:
        assert(key_id[0] != '\0');
        // Exactly the key as the user named it: restoring compares it byte for byte.
        return kv_set(context, ENVELOPE_KMS_CMK_ID, key_id);
    case WRAP_KMS_CONTEXT: {
        int rc = callers != NULL ? kv_copy(context, callers) : 0;
        return rc < 0 ? rc : kv_set(context, ENVELOPE_CEK_ALG, content_alg_name(f->content));
    }
    default:
        return 0;
    }
}

bool envelope_context_is(const struct envelope *e, const struct kv *callers)
{
    static const struct kv NONE = {0};
    if (e->wrap != WRAP_KMS_CONTEXT)
        return true;
    AUTO_KV struct kv stored = {0};
    if (kv_copy(&stored, &e->context) < 0)
        return false;
    kv_remove(&stored, ENVELOPE_CEK_ALG);
    kv_remove(&stored, ENVELOPE_KMS_CMK_ID); // some clients leave it there
    return kv_equal(&stored, callers != NULL ? callers : &NONE);
}
