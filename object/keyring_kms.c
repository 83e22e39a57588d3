// The KMS keyring. Immutable after creation but for what kms.c guards itself; any thread.
#include "object/keyring_kms.h"
#include "common/err.h"
#include "s3/kms.h"

#include <assert.h>
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
};

static struct keyring_kms *self(struct keyring *k)
{
    return (struct keyring_kms *)k;
}

static int generate(struct keyring *k, const struct format *format, struct envelope *e,
                    struct secret **key)
{
    struct keyring_kms *ring = self(k);
    if (!ring->can_write)
        return err_set(-EACCES, "no key to write under: mount with --kms-key-id");
    struct envelope made = {
        .version = format->version, .wrap = format->wrap, .content = format->content};
    AUTO_BUF struct buf blob;
    buf_init(&blob, sizeof made.wrapped);
    int rc = envelope_context(format, ring->keys[0].arn, &made.context);
    if (rc == 0)
        rc = kms_generate_data_key(ring->keys[0].kms, ring->keys[0].arn, &made.context, key, &blob);
    if (rc < 0) {
        envelope_clear(&made);
        return rc;
    }
    memcpy(made.wrapped, blob.data, blob.len);
    made.wrapped_len = blob.len;
    secret_random_bytes(made.iv, content_iv_size(made.content));
    *e = made;
    return 0;
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

// With wrap "kms" the object usually names its key, so one call does; else the keys are tried in
// turn.
static int unwrap(struct keyring *k, const struct envelope *e, struct secret **key)
{
    struct keyring_kms *ring = self(k);
    const char *named = kv_get(&e->context, ENVELOPE_KMS_CMK_ID);
    bool by_name = named != NULL && is_key_arn(named);
    for (size_t i = 0; i < ring->count; i++) {
        if (by_name && strcmp(named, ring->keys[i].arn) != 0)
            continue;
        bool wrong_key = false;
        int rc = kms_decrypt(ring->keys[i].kms, ring->keys[i].arn, &e->context, e->wrapped,
                             e->wrapped_len, key, &wrong_key);
        if (rc == 0 && secret_size(*key) != CIPHER_KEY_SIZE) {
            secret_release(TAKE(*key));
            return err_set(-EIO, "its data key is not 256 bits long");
        }
        if (rc == 0 || !wrong_key)
            return rc;
    }
    return no_key_for(ring, named);
}

static bool is_current(struct keyring *k, const struct envelope *e)
{
    struct keyring_kms *ring = self(k);
    const char *named = kv_get(&e->context, ENVELOPE_KMS_CMK_ID);
    return ring->can_write && named != NULL && strcmp(named, ring->keys[0].arn) == 0;
}

static void release(struct keyring *k)
{
    struct keyring_kms *ring = self(k);
    for (size_t i = 0; i < ring->count; i++) {
        kms_free(ring->keys[i].kms);
        free(ring->keys[i].arn);
    }
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

int keyring_kms_new(struct keyring **out, const char *key_arn, const char *const *decrypt_arns,
                    size_t decrypt_count, const struct endpoint_config *config,
                    struct credentials_source *credentials)
{
    struct keyring_kms *ring = calloc(1, sizeof *ring);
    if (ring == NULL)
        return err_set(-ENOMEM, "out of memory");
    ring->base.ops = &KEYRING_KMS_OPS;
    ring->can_write = key_arn != NULL;
    int rc = key_arn != NULL ? add_key(ring, key_arn, config, credentials) : 0;
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

static int probe_generate(struct keyring_kms *ring)
{
    const struct format *format = NULL;
    AUTO_ENVELOPE struct envelope e = {0};
    AUTO_SECRET struct secret *key = NULL;
    int rc = format_find("rds", &format);
    return rc < 0 ? rc : generate(&ring->base, format, &e, &key);
}

int keyring_kms_probe(struct keyring *k, bool need_write)
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
    if (rc == 0 && need_write)
        rc = probe_generate(ring);
    return rc;
}
