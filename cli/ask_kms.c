#include "cli/ask_kms.h"

#include "common/codec.h"
#include "common/lock.h"
#include "s3/kms.h"

#include <assert.h>
#include <string.h>

#define REMEMBERED 2048 // answers, of about 1.3 KB each; a newer one takes an older one's place

struct remembered {
    struct envelope envelope; // owned; wrapped_len 0: the place is free
    enum ask_answer answer;
    const char *key; // the list's
};

struct ask_kms {
    // immutable
    const struct option_list *keys;
    struct kms *kms[OPTIONS_LIST_MAX]; // owned; of each key's region

    struct lock lock; // rank STORE; not held while KMS is asked
    // guarded by lock
    struct remembered places[REMEMBERED];
};

static int add_key(struct ask_kms *a, size_t index, const struct endpoint_config *config,
                   struct credentials_source *credentials)
{
    struct kms_arn parts;
    int rc = kms_arn_parse(a->keys->items[index], &parts);
    return rc < 0 ? rc : kms_new(&a->kms[index], parts.region, config, credentials);
}

int ask_kms_new(struct ask_kms **out, const struct option_list *keys,
                const struct endpoint_config *config, struct credentials_source *credentials)
{
    struct ask_kms *a = calloc(1, sizeof *a);
    if (a == NULL)
        return err_set(-ENOMEM, "out of memory");
    a->keys = keys;
    lock_init(&a->lock, LOCK_RANK_STORE);
    for (size_t i = 0; i < keys->count; i++) {
        int rc = add_key(a, i, config, credentials);
        if (rc < 0) {
            ask_kms_free(a);
            return rc;
        }
    }
    *out = a;
    return 0;
}

void ask_kms_free(struct ask_kms *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < a->keys->count; i++)
        kms_free(a->kms[i]);
    for (size_t i = 0; i < REMEMBERED; i++)
        envelope_clear(&a->places[i].envelope);
    lock_destroy(&a->lock);
    free(a);
}

// ---- what was asked before ----

static struct remembered *place_of(struct ask_kms *a, const struct envelope *e)
{
    return &a->places[crc32c_extend(0, e->wrapped, e->wrapped_len) % REMEMBERED];
}

// The checksum only finds the place: an answer is another's unless all that KMS is told is the
// same.
static bool recall(struct ask_kms *a, const struct envelope *e, enum ask_answer *answer,
                   const char **key)
{
    WITH_LOCK(&a->lock);
    const struct remembered *r = place_of(a, e);
    const struct envelope *known = &r->envelope;
    if (known->wrapped_len != e->wrapped_len || known->wrap != e->wrap ||
        memcmp(known->wrapped, e->wrapped, e->wrapped_len) != 0 ||
        !kv_equal(&known->context, &e->context))
        return false;
    *answer = r->answer;
    *key = r->key;
    return true;
}

static void remember(struct ask_kms *a, const struct envelope *e, enum ask_answer answer,
                     const char *key)
{
    WITH_LOCK(&a->lock);
    struct remembered *r = place_of(a, e);
    if (envelope_copy(&r->envelope, e) < 0)
        return; // only a call to KMS more
    r->answer = answer;
    r->key = key;
}

// ---- asking ----

static enum ask_answer ask_all(struct ask_kms *a, const struct envelope *e, const char **key,
                               struct err_saved *why)
{
    const char *named = envelope_key_named(e);
    why->code = 0;
    for (size_t i = 0; i < a->keys->count; i++) {
        const char *arn = a->keys->items[i];
        bool wrong_key = false;
        if (named != NULL && strcmp(named, arn) != 0)
            continue;
        int rc = kms_decrypt_try(a->kms[i], arn, envelope_kms_context(e), e->wrapped,
                                 e->wrapped_len, &wrong_key);
        if (rc == 0) {
            *key = arn;
            return ASK_PROVED;
        }
        if (!wrong_key && why->code == 0)
            err_save(why, rc);
    }
    return why->code == 0 ? ASK_OTHER : ASK_FAILED;
}

enum ask_answer ask_kms(struct ask_kms *a, const struct envelope *e, const char **key,
                        struct err_saved *why)
{
    enum ask_answer answer;
    assert(wrap_alg_is_kms(e->wrap) && e->wrapped_len > 0);
    *key = NULL;
    if (recall(a, e, &answer, key))
        return answer;
    answer = ask_all(a, e, key, why);
    if (answer != ASK_FAILED)
        remember(a, e, answer, *key);
    return answer;
}
