// Finds out which key an envelope's data key is under and has KMS put it under another. See
// rewrap.h. Stateless; any thread.
#include "object/rewrap.h"

#include "common/err.h"

#include <stdio.h>
#include <string.h>

#define CANDIDATES_MAX 66 // --decrypt-key's 64 and the new key

struct candidates {
    const char *keys[CANDIDATES_MAX]; // borrowed
    size_t count;
};

static void add(struct candidates *c, const char *key)
{
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->keys[i], key) == 0)
            return;
    }
    if (c->count < CANDIDATES_MAX)
        c->keys[c->count++] = key;
}

static bool is_given(const struct rewrap_config *config, const char *key)
{
    for (size_t i = 0; i < config->from_count; i++) {
        if (strcmp(config->from_keys[i], key) == 0)
            return true;
    }
    return strcmp(config->to_key, key) == 0;
}

// ReEncrypt is one call to one region's KMS.
static int check_region(const struct rewrap_config *config, const char *from)
{
    struct kms_arn here, there;
    if (kms_arn_parse(config->to_key, &there) < 0 || kms_arn_parse(from, &here) < 0 ||
        strcmp(here.region, there.region) == 0)
        return 0; // of what is no ARN, KMS will tell
    return err_set(-EACCES,
                   "it is under key %.200s in %s, and KMS rewraps only within one region, not to "
                   "%s: copy it with rdsbak copy, which encrypts it anew",
                   from, here.region, there.region);
}

// Whoever can write the bucket can plant an object under a key of their own, which their policy
// lets us use: under our key it would look like one of ours. So keys of other accounts must be
// given.
static bool is_foreign(const struct rewrap_config *config, const char *named)
{
    struct kms_arn ours, theirs;
    if (strncmp(named, "arn:", 4) != 0)
        return false; // KMS looks for it in our account
    return kms_arn_parse(named, &theirs) < 0 || kms_arn_parse(config->to_key, &ours) < 0 ||
           strcmp(theirs.account, ours.account) != 0;
}

static int find_candidates(const struct rewrap_config *config, const struct envelope *e,
                           struct candidates *out)
{
    const char *named = envelope_key_named(e);
    if (named != NULL && config->from_count > 0 && !is_given(config, named))
        return err_set(-EACCES,
                       "it is under key %.200s, which is not among those given with "
                       "--decrypt-key: add it, or leave the object out",
                       named);
    if (named != NULL && config->from_count == 0 && is_foreign(config, named))
        return err_set(-EACCES,
                       "it is under key %.200s, of another account than --to-key: if that is as it "
                       "should be, give it with --decrypt-key",
                       named);
    if (named == NULL && config->from_count == 0)
        return err_set(-EACCES, "its envelope does not name the key it is under: say which it may "
                                "be with --decrypt-key ARN");
    if (named != NULL) {
        add(out, named);
        return check_region(config, named);
    }
    for (size_t i = 0; i < config->from_count; i++)
        add(out, config->from_keys[i]);
    add(out, config->to_key); // last: it is the one that most objects are not under yet
    return 0;
}

static struct kms_move move_of(const struct rewrap_config *config, const char *from,
                               const struct envelope *e, const struct envelope *moved)
{
    return (struct kms_move){.from_key_id = from,
                             .from_context = envelope_kms_context(e),
                             .blob = e->wrapped,
                             .blob_len = e->wrapped_len,
                             .to_key_id = config->to_key,
                             .to_context = envelope_kms_context(moved)};
}

// It says that it is under the new key, in the wanted form: KMS is asked whether that is so. Not
// to be allowed to ask is no reason to doubt it.
static int check_already(const struct rewrap_config *config, const struct kms_move *move,
                         const char *named, struct rewrap_result *out, bool *wrong_key)
{
    int rc = kms_reencrypt(config->kms, move, NULL, wrong_key);
    if (rc == -EACCES && *wrong_key && named != NULL) {
        *wrong_key = false; // no other will be it
        return err_set(-EIO,
                       "damaged envelope: it names key %.200s, but KMS says that its data key is "
                       "not under that one",
                       named);
    }
    if (rc == -EACCES && !*wrong_key && named != NULL) {
        out->unproved = true;
        return 0;
    }
    return rc;
}

static int move_wrapped(const struct rewrap_config *config, const struct kms_move *move,
                        struct envelope *moved, bool *wrong_key)
{
    AUTO_BUF struct buf blob;
    buf_init(&blob, sizeof moved->wrapped);
    int rc = kms_reencrypt(config->kms, move, config->dry_run ? NULL : &blob, wrong_key);
    if (rc < 0 || config->dry_run)
        return rc;
    memcpy(moved->wrapped, blob.data, blob.len);
    moved->wrapped_len = blob.len;
    return 0;
}

static int try_key(const struct rewrap_config *config, const char *from, const struct envelope *e,
                   struct envelope *moved, struct rewrap_result *out, bool *already,
                   bool *wrong_key)
{
    const struct kms_move move = move_of(config, from, e, moved);
    bool same_form = e->version == moved->version && e->wrap == moved->wrap;
    bool would_be_same = same_form && strcmp(from, config->to_key) == 0;
    int rc = would_be_same ? check_already(config, &move, envelope_key_named(e), out, wrong_key)
                           : move_wrapped(config, &move, moved, wrong_key);
    *already = rc == 0 && would_be_same;
    if (rc == 0)
        snprintf(out->from_key, sizeof out->from_key, "%s", from);
    return rc;
}

static int under_none(const struct candidates *c)
{
    if (c->count == 1)
        return err_set(-EACCES,
                       "its data key is not under key %.200s: name the one it is under with "
                       "--decrypt-key",
                       c->keys[0]);
    return err_set(-EACCES,
                   "its data key is under none of the %zu keys that were tried, of which the first "
                   "is %.200s: name the one it is under with --decrypt-key",
                   c->count, c->keys[0]);
}

// Where the envelope names no key, those given are tried in turn. One that denies is no reason not
// to try the next.
int rewrap_key(const struct rewrap_config *config, const struct envelope *e, struct envelope *moved,
               struct rewrap_result *out, bool *already)
{
    struct candidates c = {0};
    struct err_saved denied = {0};
    int rc = find_candidates(config, e, &c);
    *already = false;
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < c.count; i++) {
        bool wrong_key = false;
        rc = try_key(config, c.keys[i], e, moved, out, already, &wrong_key);
        if (rc == 0 || (!wrong_key && rc != -EACCES))
            return rc;
        if (!wrong_key && denied.code == 0)
            err_save(&denied, rc);
    }
    return denied.code != 0 ? err_restore(&denied) : under_none(&c);
}
