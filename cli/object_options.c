// See object_options.h. Source of the limits: Amazon S3 User Guide, "Categorizing your storage
// using tags", "Object Lock considerations".
#include "cli/object_options.h"

#include "cli/option_values.h"
#include "common/codec.h"
#include "common/err.h"
#include "s3/config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define LOCK_DAYS_MAX       36500 // S3's: 100 years
#define TAGS_COUNT_MAX      10    // of one object
#define TAG_KEY_CHARS_MAX   128
#define TAG_VALUE_CHARS_MAX 256
#define CLASS_LEN_MAX       31 // what struct store_object keeps; AWS's longest has 19

// ---- class ----

int option_storage_class(const char *value, void *field)
{
    size_t good = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    if (good == 0 || value[good] != '\0' || good > CLASS_LEN_MAX)
        return err_set(-EINVAL, "'%.60s' is no storage class; write for example STANDARD_IA",
                       value);
    return option_text(value, field);
}

// ---- encryption by the server ----

// How much of it is the algorithm; 0: none that is known. The longest first.
static size_t sse_algorithm(const char *value)
{
    static const char *const ALGORITHMS[] = {"aws:kms:dsse", "aws:kms", "AES256"};
    for (size_t i = 0; i < sizeof ALGORITHMS / sizeof *ALGORITHMS; i++) {
        size_t len = strlen(ALGORITHMS[i]);
        if (strncmp(value, ALGORITHMS[i], len) == 0 && (value[len] == '\0' || value[len] == ':'))
            return len;
    }
    return 0;
}

int option_sse(const char *value, void *field)
{
    size_t len = sse_algorithm(value);
    if (len == 0)
        return err_set(-EINVAL,
                       "'%.80s' is unknown: use AES256, aws:kms[:KEYID] or "
                       "aws:kms:dsse[:KEYID]",
                       value);
    if (value[len] == ':' && value[0] == 'A')
        return err_set(-EINVAL, "AES256 has no key of yours; use aws:kms:KEYID");
    if (value[len] == ':' && value[len + 1] == '\0')
        return err_set(-EINVAL, "'%s' ends before the key's id", value);
    return option_text(value, field);
}

// ---- tags ----

struct tag {
    const char *key, *value;
    size_t key_len, value_len;
};

// *at moves behind the tag. False: there is no '='.
static bool next_tag(const char **at, struct tag *tag)
{
    size_t len = strcspn(*at, "&");
    const char *equals = memchr(*at, '=', len);
    if (equals == NULL)
        return false;
    tag->key = *at;
    tag->key_len = (size_t)(equals - *at);
    tag->value = equals + 1;
    tag->value_len = len - tag->key_len - 1;
    *at += len + ((*at)[len] == '&' ? 1 : 0);
    return true;
}

static size_t count_chars(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80; // not one that continues
    return count;
}

// Letters of other scripts are allowed too; whether it is one is left to S3.
static bool is_tag_text(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x80 && isalnum(c) == 0 && (c == '\0' || strchr(" +-=._:/@", c) == NULL))
            return false;
    }
    return true;
}

static int check_tag(const struct tag *tag)
{
    int shown = tag->key_len < 60 ? (int)tag->key_len : 60;
    if (tag->key_len == 0)
        return err_set(-EINVAL, "a tag without a key; write KEY=VALUE&KEY2=VALUE2");
    if (count_chars(tag->key, tag->key_len) > TAG_KEY_CHARS_MAX)
        return err_set(-EINVAL, "the key '%.*s...' is longer than S3's %d characters", shown,
                       tag->key, TAG_KEY_CHARS_MAX);
    if (count_chars(tag->value, tag->value_len) > TAG_VALUE_CHARS_MAX)
        return err_set(-EINVAL, "the value of '%.*s' is longer than S3's %d characters", shown,
                       tag->key, TAG_VALUE_CHARS_MAX);
    if (!is_tag_text(tag->key, tag->key_len) || !is_tag_text(tag->value, tag->value_len))
        return err_set(-EINVAL,
                       "'%.*s' or its value has a character that S3 does not take; there are "
                       "letters, digits, space and + - = . _ : / @",
                       shown, tag->key);
    if (tag->key_len >= 4 && strncasecmp(tag->key, "aws:", 4) == 0)
        return err_set(-EINVAL, "'%.*s': keys that begin with aws: are AWS's own", shown, tag->key);
    return 0;
}

static bool same_key(const struct tag *a, const struct tag *b)
{
    size_t len = a->key_len;
    return len == b->key_len && memcmp(a->key, b->key, len) == 0;
}

static bool is_twice(const struct tag *tags, size_t count, const struct tag *tag)
{
    for (size_t i = 0; i < count; i++) {
        if (same_key(&tags[i], tag))
            return true;
    }
    return false;
}

static int read_tags(const char *text, struct tag tags[static TAGS_COUNT_MAX], size_t *count)
{
    for (*count = 0; *text != '\0'; ++*count) {
        struct tag tag;
        if (*count == TAGS_COUNT_MAX)
            return err_set(-EINVAL, "more than the %d tags that S3 lets an object have",
                           TAGS_COUNT_MAX);
        if (!next_tag(&text, &tag))
            return err_set(-EINVAL, "'%.60s' is not of the form KEY=VALUE&KEY2=VALUE2", text);
        int rc = check_tag(&tag);
        if (rc < 0)
            return rc;
        if (is_twice(tags, *count, &tag))
            return err_set(-EINVAL, "the key '%.*s' stands there twice", (int)tag.key_len, tag.key);
        tags[*count] = tag;
    }
    return 0;
}

int option_tags(const char *value, void *field)
{
    struct tag tags[TAGS_COUNT_MAX];
    size_t count = 0;
    if (!utf8_valid(value))
        return err_set(-EINVAL, "is not UTF-8, as S3's tags are");
    int rc = read_tags(value, tags, &count);
    return rc < 0 ? rc : option_text(value, field);
}

static int add_escaped(struct buf *out, const char *text, size_t len)
{
    AUTO_FREE char *copy = strndup(text, len);
    return copy != NULL ? uri_escape(out, copy, false) : err_set(-ENOMEM, "out of memory");
}

static int escape_tags(const char *text, struct buf *out)
{
    struct tag tags[TAGS_COUNT_MAX];
    size_t count = 0;
    int rc = read_tags(text, tags, &count);
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = i > 0 ? buf_add_str(out, "&") : 0;
        if (rc == 0)
            rc = add_escaped(out, tags[i].key, tags[i].key_len);
        if (rc == 0)
            rc = buf_add_str(out, "=");
        if (rc == 0)
            rc = add_escaped(out, tags[i].value, tags[i].value_len);
    }
    return rc;
}

// ---- retention ----

static int read_lock(const char *value, size_t *mode_len, uint64_t *days)
{
    *mode_len = strcspn(value, ":");
    bool known = (*mode_len == 10 && (strncmp(value, "GOVERNANCE", 10) == 0 ||
                                      strncmp(value, "COMPLIANCE", 10) == 0)) &&
                 value[*mode_len] == ':';
    if (!known || decimal_parse(value + *mode_len + 1, LOCK_DAYS_MAX, days) < 0 || *days == 0)
        return err_set(-EINVAL,
                       "'%.60s' is not GOVERNANCE:DAYS or COMPLIANCE:DAYS with 1 to %d days", value,
                       LOCK_DAYS_MAX);
    return 0;
}

int option_object_lock(const char *value, void *field)
{
    size_t mode_len;
    uint64_t days;
    int rc = read_lock(value, &mode_len, &days);
    return rc < 0 ? rc : option_text(value, field);
}

// ---- all together ----

static int make_sse(struct object_options *x, const char *value)
{
    size_t len = sse_algorithm(value);
    x->sse = strndup(value, len);
    if (x->sse == NULL)
        return err_set(-ENOMEM, "out of memory");
    x->defaults.sse = x->sse;
    x->defaults.sse_key_id = value[len] == ':' ? value + len + 1 : NULL;
    return 0;
}

static int make_lock(struct object_options *x, const char *value)
{
    size_t mode_len;
    uint64_t days;
    int rc = read_lock(value, &mode_len, &days);
    if (rc < 0)
        return rc;
    x->lock_mode = strndup(value, mode_len);
    if (x->lock_mode == NULL)
        return err_set(-ENOMEM, "out of memory");
    x->defaults.lock_mode = x->lock_mode;
    x->defaults.lock_days = (unsigned)days;
    return 0;
}

int object_options_make(struct object_options *out, const struct options *o)
{
    *out = (struct object_options){.defaults = {.storage_class = o->storage_class}};
    buf_init(&out->tags, TAGS_MAX);
    int rc = o->sse != NULL ? make_sse(out, o->sse) : 0;
    if (rc == 0 && o->object_lock != NULL)
        rc = make_lock(out, o->object_lock);
    if (rc == 0 && o->tags != NULL)
        rc = escape_tags(o->tags, &out->tags);
    if (rc == 0 && o->tags != NULL)
        out->defaults.tags = buf_str(&out->tags);
    return rc;
}

void object_options_clear(struct object_options *x)
{
    free(x->sse);
    free(x->lock_mode);
    buf_clear(&x->tags);
    *x = (struct object_options){0};
}
