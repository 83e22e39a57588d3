// The KMS keyring. Immutable after creation but for what kms.c guards itself; any thread.
#include "object/keyring_kms.h"
#include "common/err.h"
#include "s3/call.h"
#include "s3/kms.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define KEYS_MAX 64 // --kms-key-id and --decrypt-key together

struct kms_key {
    char *arn;       // as given: it goes into the envelope verbatim
    struct kms *kms; // of the key's region
};

struct keyring_kms {
    struct keyring base;
    bool can_write; // keys[0] is --kms-key-id
    size_t count;
    struct kms_key keys[KEYS_MAX];
    struct kv context; // the caller's, of formats that have one
};

static struct keyring_kms *self(struct keyring *k)
{
    return (struct keyring_kms *)k;
}

static const struct kv *none_if_empty(const struct kv *context)
{
    return context->count > 0 ? context : NULL;
}

static int generate_into(struct keyring_kms *ring, const struct format *format,
                         struct envelope *made, struct secret **key)
{
    AUTO_BUF struct buf blob;
    buf_init(&blob, sizeof made->wrapped);
    int rc = envelope_context(format, ring->keys[0].arn, &ring->context, &made->context);
    if (rc == 0)
        rc = kms_generate_data_key(ring->keys[0].kms, ring->keys[0].arn,
                                   none_if_empty(&made->context), key, &blob);
    if (rc < 0)
        return rc;
    snprintf(made->key_request_id, sizeof made->key_request_id, "%s", call_last()->request_id);
    memcpy(made->wrapped, blob.data, blob.len);
    made->wrapped_len = blob.len;
    rc = envelope_set_key(made, *key);
    if (rc < 0)
        secret_release(TAKE(*key));
    return rc;
}

static int generate(struct keyring *k, const struct format *format, struct envelope *e,
                    struct secret **key)
{
    struct keyring_kms *ring = self(k);
    if (!ring->can_write)
        return err_set(-EACCES, "no key to write under: mount with --kms-key-id");
    struct envelope made = {
        .version = format->version, .wrap = format->wrap, .content = format->content};
    int rc = generate_into(ring, format, &made, key);
    if (rc < 0)
        envelope_clear(&made);
    else
        *e = made;
    return rc;
}

static bool is_key_arn(const char *id)
{
    struct kms_arn arn;
    return kms_arn_parse(id, &arn) == 0;
}

static int no_key_for(const struct keyring_kms *ring, const char *named)
{
    const char *held = ring->count > 0 ? ring->keys[0].arn : "none";
    if (named != NULL)
        return err_set(-EACCES,
                       "it is encrypted under key %s, which this mount may not use (it has %s%s): "
                       "give --decrypt-key %s",
                       named, held, ring->count > 1 ? " and others" : "", named);
    return err_set(-EACCES,
                   "it is encrypted under a key that this mount does not have (it has %s%s): give "
                   "its key by --decrypt-key",
                   held, ring->count > 1 ? " and others" : "");
}

static int check_context(const struct keyring_kms *ring, const struct envelope *e)
{
    if (envelope_context_is(e, &ring->context))
        return 0;
    return err_set(-EACCES,
                   "its encryption context is another than was asked for: give all of it, and "
                   "nothing else, with --encryption-context NAME=VALUE (rdsbak info shows it)");
}

static int unwrap_with(const struct kms_key *with, const struct envelope *e, struct secret **key,
                       bool *wrong_key)
{
    int rc = kms_decrypt(with->kms, with->arn, envelope_kms_context(e), e->wrapped, e->wrapped_len,
                         key, wrong_key);
    if (rc == 0 && secret_size(*key) != CIPHER_KEY_SIZE) {
        secret_release(TAKE(*key));
        return err_set(-EIO, "its data key is not 256 bits long");
    }
    return rc;
}

// With wrap "kms" the object usually names its key, so one call does; else the keys are tried in
// turn. KMS is told which key is meant, so that it cannot be another one's blob. A key that denies
// is no reason not to try the next.
static int unwrap(struct keyring *k, const struct envelope *e, struct secret **key)
{
    struct keyring_kms *ring = self(k);
    const char *named = envelope_key_named(e);
    bool by_name = named != NULL && is_key_arn(named);
    struct err_saved denied = {0};
    if (!wrap_alg_is_kms(e->wrap))
        return err_set(-EACCES,
                       "its data key is wrapped with %s, under a key that KMS does not hold: give "
                       "that one with --key-file",
                       wrap_alg_name(e->wrap));
    int rc = check_context(ring, e);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < ring->count; i++) {
        if (by_name && strcmp(named, ring->keys[i].arn) != 0)
            continue;
        bool wrong_key = false;
        rc = unwrap_with(&ring->keys[i], e, key, &wrong_key);
        if (rc == 0 || (!wrong_key && rc != -EACCES))
            return rc;
        if (!wrong_key && denied.code == 0)
            err_save(&denied, rc);
    }
    return denied.code != 0 ? err_restore(&denied) : no_key_for(ring, named);
}

// A blob of V1 names no key: it is the writing key's if that is the only one it can be read with.
static bool is_current(struct keyring *k, const struct envelope *e)
{
    struct keyring_kms *ring = self(k);
    if (!ring->can_write)
        return false;
    if (e->wrap == WRAP_KMS_BLOB)
        return ring->count == 1;
    const char *named = kv_get(&e->context, ENVELOPE_KMS_CMK_ID);
    return e->wrap == WRAP_KMS && named != NULL && strcmp(named, ring->keys[0].arn) == 0;
}

static void release(struct keyring *k)
{
    struct keyring_kms *ring = self(k);
    for (size_t i = 0; i < ring->count; i++) {
        kms_free(ring->keys[i].kms);
        free(ring->keys[i].arn);
    }
    kv_clear(&ring->context);
    free(ring);
}

static const struct keyring_ops KEYRING_KMS_OPS = {
    .generate = generate,
    .unwrap = unwrap,
    .is_current = is_current,
    .free = release,
};

static int add_key(struct keyring_kms *ring, const char *arn, const struct endpoint_config *config,
                   struct credentials_source *credentials)
{
    struct kms_arn parts;
    int rc = kms_arn_parse(arn, &parts);
    if (rc < 0)
        return rc;
    if (ring->count == KEYS_MAX)
        return err_set(-EINVAL, "more than %d keys are given", KEYS_MAX);
    struct kms_key *key = &ring->keys[ring->count];
    rc = kms_new(&key->kms, parts.region, config, credentials);
    if (rc < 0)
        return rc;
    ring->count++; // from here on release() sees to it
    key->arn = strdup(arn);
    return key->arn != NULL ? 0 : err_set(-ENOMEM, "out of memory");
}

static int take_context(struct keyring_kms *ring, const struct kv *context)
{
    if (context == NULL)
        return 0;
    KV_EACH (context, pair) {
        if (strncmp(pair->name, "aws:", 4) == 0 || strcmp(pair->name, ENVELOPE_KMS_CMK_ID) == 0)
            return err_set(-EINVAL, "--encryption-context: the name '%.64s' is reserved",
                           pair->name);
    }
    return kv_copy(&ring->context, context);
}

int keyring_kms_new(struct keyring **out, const char *key_arn, const char *const *decrypt_arns,
                    size_t decrypt_count, const struct kv *context,
                    const struct endpoint_config *config, struct credentials_source *credentials)
{
    struct keyring_kms *ring = calloc(1, sizeof *ring);
    if (ring == NULL)
        return err_set(-ENOMEM, "out of memory");
    ring->base.ops = &KEYRING_KMS_OPS;
    ring->can_write = key_arn != NULL;
    int rc = take_context(ring, context);
    if (rc == 0 && key_arn != NULL)
        rc = add_key(ring, key_arn, config, credentials);
    for (size_t i = 0; i < decrypt_count && rc == 0; i++)
        rc = add_key(ring, decrypt_arns[i], config, credentials);
    if (rc < 0) {
        release(&ring->base);
        return rc;
    }
    *out = &ring->base;
    return 0;
}

static int check_info(const char *arn, const struct kms_key_info *info)
{
    if (!info->enabled)
        return err_set(
            -EACCES,
            "key %s is in state %s: enable it (kms:EnableKey, or kms:CancelKeyDeletion first)", arn,
            info->state);
    if (strcmp(info->usage, "ENCRYPT_DECRYPT") != 0 || strcmp(info->spec, "SYMMETRIC_DEFAULT") != 0)
        return err_set(-EACCES,
                       "key %s is %s for %s: RDS and rdsbak need a symmetric encryption key", arn,
                       info->spec, info->usage);
    return 0;
}

static int probe_generate(struct keyring_kms *ring, const struct format *format)
{
    AUTO_ENVELOPE struct envelope e = {0};
    AUTO_SECRET struct secret *key = NULL;
    return generate(&ring->base, format, &e, &key);
}

int keyring_kms_probe(struct keyring *k, const struct format *format)
{
    struct keyring_kms *ring = self(k);
    assert(k->ops == &KEYRING_KMS_OPS);
    if (ring->count == 0)
        return 0;
    struct kms_key_info info;
    int rc = kms_describe_key(ring->keys[0].kms, ring->keys[0].arn, &info);
    if (rc == 0)
        rc = check_info(ring->keys[0].arn, &info);
    else if (rc == -EACCES)
        rc = 0; // kms:DescribeKey is not needed for the work; what is needed is tried next
    return rc == 0 && format != NULL ? probe_generate(ring, format) : rc;
}
