#include "object/envelope_move.h"
#include "common/err.h"

#include <assert.h>
#include <string.h>

const struct format *envelope_move_format(const struct envelope *from)
{
    static const char *const BY_CIPHER[] = {
        [CONTENT_CBC] = "rds", [CONTENT_GCM] = "gcm", [CONTENT_GCM_COMMITTED] = "commit"};
    const struct format *own = format_of(from), *found = NULL;
    if (own != NULL && own->is_written)
        return own;
    int rc = format_find(BY_CIPHER[from->content], &found);
    assert(rc == 0);
    return found;
}

int envelope_move_check(const struct envelope *from, const struct format *to)
{
    if (to->content == from->content)
        return 0;
    return err_set(-EINVAL,
                   "--format %s: the content is %s and is not encrypted anew: leave --server-side "
                   "out, or give a format of that cipher (%s)",
                   to->name, content_alg_name(from->content), envelope_move_format(from)->name);
}

static int check(const struct envelope_move *m, const struct envelope *from)
{
    if (!wrap_alg_is_kms(from->wrap))
        return err_set(-EACCES,
                       "its data key is wrapped with %s, which KMS cannot unwrap: leave "
                       "--server-side out and give --key-file",
                       wrap_alg_name(from->wrap));
    if (!envelope_context_is(from, m->context))
        return err_set(-EACCES, "its encryption context is another than was asked for: give all of "
                                "it, and nothing else, with --encryption-context NAME=VALUE");
    return envelope_move_check(from, m->to);
}

// The key that the envelope names, or NULL.
static const char *named_key(const struct envelope *e)
{
    struct kms_arn parts;
    const char *named = envelope_key_named(e);
    return named != NULL && kms_arn_parse(named, &parts) == 0 ? named : NULL;
}

static int none_fits(const char *named)
{
    return named != NULL ? err_set(-EACCES,
                                   "it is encrypted under key %s, which is not among those given: "
                                   "give --decrypt-key %s",
                                   named, named)
                         : err_set(-EACCES, "it is encrypted under none of the keys given");
}

// An envelope that names no key is tried with each: KMS refuses all but its own.
static int wrap_anew(const struct envelope_move *m, const struct envelope *from,
                     const struct envelope *made, struct buf *blob)
{
    const char *named = named_key(from);
    struct err_saved denied = {0};
    struct kms_move move = {.from_context = envelope_kms_context(from),
                            .blob = from->wrapped,
                            .blob_len = from->wrapped_len,
                            .to_key_id = m->to_arn,
                            .to_context = envelope_kms_context(made)};
    for (size_t i = 0; i < m->from_count; i++) {
        bool wrong_key = false;
        if (named != NULL && strcmp(named, m->from_arns[i]) != 0)
            continue;
        move.from_key_id = m->from_arns[i];
        int rc = kms_reencrypt(m->kms, &move, blob, &wrong_key);
        if (rc != -EACCES)
            return rc;
        if (denied.code == 0 || !wrong_key) // a denial tells more than another key does
            err_save(&denied, rc);
    }
    return denied.code != 0 ? err_restore(&denied) : none_fits(named);
}

static int fill(const struct envelope_move *m, const struct envelope *from, struct envelope *made)
{
    AUTO_BUF struct buf blob;
    buf_init(&blob, sizeof made->wrapped);
    int rc = envelope_context(m->to, m->to_arn, m->context, &made->context);
    if (rc == 0)
        rc = wrap_anew(m, from, made, &blob);
    if (rc < 0)
        return rc;
    memcpy(made->wrapped, blob.data, blob.len);
    made->wrapped_len = blob.len;
    return 0;
}

int envelope_move(const struct envelope_move *m, const struct envelope *from, struct envelope *out)
{
    int rc = check(m, from);
    if (rc < 0)
        return rc;
    struct envelope made = *from; // cipher, IV, commitment and length stay
    made.context = (struct kv){0};
    made.version = m->to->version;
    made.wrap = m->to->wrap;
    rc = fill(m, from, &made);
    if (rc < 0)
        envelope_clear(&made);
    else
        *out = made;
    return rc;
}
