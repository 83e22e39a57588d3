// The formats that can be written and read: a table, and sets of its rows. Any thread.
#include "crypto/envelope.h"

#include "common/buf.h"
#include "common/err.h"

#include <assert.h>
#include <string.h>

#define NAMES_MAX 256

// A row's index is its bit in a format_set.
static const struct format FORMATS[] = {
    // V2 `kms` AES-256-CBC, what Amazon RDS for SQL Server restores.
    {"rds", ENVELOPE_V2, WRAP_KMS, CONTENT_CBC},
};
#define FORMATS_COUNT (sizeof FORMATS / sizeof *FORMATS)
_Static_assert(FORMATS_COUNT < 8 * sizeof(format_set), "a bit for every format");

static const struct format *find(const char *name, size_t len)
{
    for (size_t i = 0; i < FORMATS_COUNT; i++) {
        if (strlen(FORMATS[i].name) == len && memcmp(FORMATS[i].name, name, len) == 0)
            return &FORMATS[i];
    }
    return NULL;
}

static int unknown(const char *name, size_t len)
{
    AUTO_BUF struct buf names;
    buf_init(&names, NAMES_MAX);
    for (size_t i = 0; i < FORMATS_COUNT; i++) {
        int rc = buf_addf(&names, "%s%s", i > 0 ? ", " : "", FORMATS[i].name);
        if (rc < 0)
            return rc;
    }
    return err_set(-EINVAL, "there is no format '%.*s'; this version knows: %s",
                   (int)(len < 64 ? len : 64), name, buf_str(&names));
}

int format_find(const char *name, const struct format **out)
{
    const struct format *f = find(name, strlen(name));
    if (f == NULL)
        return unknown(name, strlen(name));
    *out = f;
    return 0;
}

static format_set bit(const struct format *f)
{
    return 1u << (f - FORMATS);
}

int format_set_parse(const char *list, format_set *out)
{
    if (strcmp(list, "all") == 0) {
        *out = (1u << FORMATS_COUNT) - 1;
        return 0;
    }
    format_set set = 0;
    for (;;) {
        size_t len = strcspn(list, ",");
        const struct format *f = find(list, len);
        if (f == NULL)
            return unknown(list, len);
        set |= bit(f);
        if (list[len] == '\0')
            break;
        list += len + 1;
    }
    *out = set;
    return 0;
}

format_set format_set_default(const struct format *writing)
{
    return bit(writing);
}

const struct format *format_of(const struct envelope *e)
{
    for (size_t i = 0; i < FORMATS_COUNT; i++) {
        const struct format *f = &FORMATS[i];
        if (f->version == e->version && f->wrap == e->wrap && f->content == e->content)
            return f;
    }
    return NULL;
}

int format_set_check(format_set set, const struct envelope *e)
{
    const struct format *f = format_of(e);
    if (f == NULL)
        return err_set(-EACCES, "the object's format is not supported by this version");
    if ((set & bit(f)) == 0)
        return err_set(-EACCES,
                       "the object is in format %s, which is not among those to be read: add %s to "
                       "--read-formats to allow it",
                       f->name, f->name);
    return 0;
}

int envelope_context(const struct format *f, const char *key_id, struct kv *context)
{
    assert(f->wrap == WRAP_KMS && key_id[0] != '\0');
    kv_clear(context);
    // Exactly the key as the user named it: restoring compares it byte for byte.
    return kv_set(context, ENVELOPE_KMS_CMK_ID, key_id);
}
