// What an envelope becomes when its data key is put under another KMS key. Pure; any thread.
#include "crypto/envelope.h"

#include "common/err.h"

#include <assert.h>
#include <string.h>

// Between these nothing differs but where the envelope's fields stand and what KMS was told.
static bool may_convert(const struct envelope *e, const struct format *format)
{
    return e->content == CONTENT_CBC && format->content == CONTENT_CBC;
}

static int check_wrapping(const struct envelope *e)
{
    format_set all = 0;
    if (!wrap_alg_is_kms(e->wrap))
        return err_set(-EACCES,
                       "its data key is wrapped with %s, under a key that KMS does not hold and "
                       "cannot wrap anew: make an object under a KMS key of it with rdsbak copy "
                       "--key-file",
                       wrap_alg_name(e->wrap));
    int rc = format_set_parse("all", &all);
    return rc < 0 ? rc : format_set_check(all, e);
}

// The context under another key: what names the old one names the new one, all else stays.
static int set_context(struct envelope *out, const struct format *from, const struct format *to,
                       const char *to_key)
{
    if (to != from)
        return envelope_context(to, to_key, NULL, &out->context);
    bool names_key = kv_get(&out->context, ENVELOPE_KMS_CMK_ID) != NULL;
    if (out->wrap == WRAP_KMS || (out->wrap == WRAP_KMS_BLOB && names_key))
        return kv_set(&out->context, ENVELOPE_KMS_CMK_ID, to_key);
    return 0;
}

int envelope_rewrap(const struct envelope *e, const struct format *format, const char *to_key,
                    struct envelope *out)
{
    assert(to_key != NULL && e != out);
    int rc = check_wrapping(e);
    if (rc < 0)
        return rc;
    const struct format *from = format_of(e), *to = format != NULL ? format : from;
    if (to != from && !may_convert(e, to))
        return err_set(-EACCES,
                       "it is in format %s, whose content (%s) cannot stand in an envelope of "
                       "format %s: leave --format out, or encrypt it anew with rdsbak copy",
                       from->name, content_alg_name(e->content), to->name);
    AUTO_ENVELOPE struct envelope made = {0};
    rc = envelope_copy(&made, e);
    if (rc == 0)
        rc = set_context(&made, from, to, to_key);
    if (rc < 0)
        return rc;
    made.version = to->version;
    made.wrap = to->wrap;
    *out = made;
    made.context = (struct kv){0}; // now out's
    return 0;
}

const struct kv *envelope_kms_context(const struct envelope *e)
{
    assert(wrap_alg_is_kms(e->wrap));
    return e->wrap == WRAP_KMS_BLOB || e->context.count == 0 ? NULL : &e->context;
}

const char *envelope_key_named(const struct envelope *e)
{
    return e->wrap == WRAP_KMS ? kv_get(&e->context, ENVELOPE_KMS_CMK_ID) : NULL;
}

bool envelope_equal(const struct envelope *a, const struct envelope *b)
{
    return a->version == b->version && a->wrap == b->wrap && a->content == b->content &&
           a->wrapped_len == b->wrapped_len &&
           memcmp(a->wrapped, b->wrapped, a->wrapped_len) == 0 &&
           memcmp(a->iv, b->iv, content_iv_size(a->content)) == 0 &&
           memcmp(a->commitment, b->commitment, sizeof a->commitment) == 0 &&
           kv_equal(&a->context, &b->context);
}
