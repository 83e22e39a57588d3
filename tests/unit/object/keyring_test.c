#include "tests/unit/object/keyring_test.h"
#include "common/codec.h"
#include "common/err.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdatomic.h>
#include <string.h>

#define KEY_ARN "arn:aws:kms:us-east-1:111122223333:key/test"
#define MASK    0x5a
// As long as no real wrapping is: of V1 the length tells which one it is.
#define WRAPPED_SIZE 33

struct keyring_test {
    struct keyring base;
    atomic_int broken;
    atomic_uint generated, calls;
    atomic_int fail_in, fail_code;
    void (*hook)(void *context);
    void *hook_context;
    atomic_bool foreign;
};

static int enter(struct keyring_test *t)
{
    if (t->hook != NULL)
        t->hook(t->hook_context);
    t->calls++;
    if (t->broken)
        return err_set(t->broken, "scripted: KMS is down");
    if (t->fail_in > 0 && atomic_fetch_sub(&t->fail_in, 1) == 1)
        return err_set(t->fail_code, "scripted: KMS failed");
    return 0;
}

static int generate(struct keyring *k, const struct format *f, struct envelope *e,
                    struct secret **key)
{
    struct keyring_test *t = (struct keyring_test *)k;
    int rc = enter(t);
    if (rc == 0)
        rc = secret_random(key, CIPHER_KEY_SIZE);
    if (rc < 0)
        return rc;
    t->generated++;
    *e = (struct envelope){
        .version = f->version, .wrap = f->wrap, .content = f->content, .wrapped_len = WRAPPED_SIZE};
    for (int i = 0; i < CIPHER_KEY_SIZE; i++)
        e->wrapped[i] = secret_bytes(*key)[i] ^ MASK;
    rc = envelope_set_key(e, *key);
    return rc < 0 ? rc : envelope_context(f, KEY_ARN, NULL, &e->context);
}

static int unwrap(struct keyring *k, const struct envelope *e, struct secret **key)
{
    struct keyring_test *t = (struct keyring_test *)k;
    int rc = enter(t);
    if (rc < 0)
        return rc;
    uint8_t bytes[CIPHER_KEY_SIZE];
    for (int i = 0; i < CIPHER_KEY_SIZE; i++)
        bytes[i] = e->wrapped[i] ^ MASK;
    return secret_from(key, bytes, sizeof bytes);
}

static bool is_current(struct keyring *k, const struct envelope *e)
{
    if (atomic_load(&((struct keyring_test *)k)->foreign))
        return false;
    const char *id = kv_get(&e->context, ENVELOPE_KMS_CMK_ID);
    return e->wrap == WRAP_KMS_BLOB || (id != NULL && strcmp(id, KEY_ARN) == 0);
}

static void release(struct keyring *k)
{
    free(k);
}

static const struct keyring_ops OPS = {generate, unwrap, is_current, release};

void keyring_test_make_foreign(struct keyring *k)
{
    atomic_store(&((struct keyring_test *)k)->foreign, true);
}

struct keyring *keyring_test_new(void)
{
    struct keyring_test *t = calloc(1, sizeof *t);
    assert(t != NULL);
    t->base.ops = &OPS;
    return &t->base;
}

void keyring_test_break(struct keyring *k, int code)
{
    ((struct keyring_test *)k)->broken = code;
}

void keyring_test_fail(struct keyring *k, unsigned n, int code)
{
    struct keyring_test *t = (struct keyring_test *)k;
    t->fail_code = code;
    t->fail_in = (int)n;
}

void keyring_test_hook(struct keyring *k, void (*fn)(void *context), void *context)
{
    ((struct keyring_test *)k)->hook = fn;
    ((struct keyring_test *)k)->hook_context = context;
}

unsigned keyring_test_calls(struct keyring *k)
{
    return ((struct keyring_test *)k)->calls;
}

unsigned keyring_test_generated(struct keyring *k)
{
    return ((struct keyring_test *)k)->generated;
}

// ---- the independent reader: OpenSSL and the formats' description alone ----

struct stored {
    uint8_t key[64], iv[64], commitment[64];
    size_t key_len, iv_len, commitment_len;
};

static bool take(const struct kv *metadata, const char *name, uint8_t out[static 64], size_t *len)
{
    const char *text = kv_get(metadata, name);
    return text != NULL && base64_decode(text, strlen(text), out, 64, len) == 0;
}

static bool is(const struct kv *metadata, const char *name, const char *wanted)
{
    const char *text = kv_get(metadata, name);
    return text != NULL && strcmp(text, wanted) == 0;
}

static bool take_key(const struct kv *metadata, const char *name, struct stored *s)
{
    if (!take(metadata, name, s->key, &s->key_len) || s->key_len != WRAPPED_SIZE)
        return false;
    for (int i = 0; i < 32; i++)
        s->key[i] ^= MASK;
    return true;
}

static int64_t open_cbc(const struct stored *s, const uint8_t *cipher, int size, uint8_t *plain)
{
    int last = 0, rest = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok = s->iv_len == 16 &&
              EVP_DecryptInit_ex(ctx, EVP_aes_256_cbc(), NULL, s->key, s->iv) == 1 &&
              EVP_DecryptUpdate(ctx, plain, &last, cipher, size) == 1 &&
              EVP_DecryptFinal_ex(ctx, plain + last, &rest) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return ok ? last + rest : -1;
}

static int64_t open_gcm(const uint8_t *key, const uint8_t *iv, const char *aad, int aad_len,
                        const uint8_t *cipher, int size, uint8_t *plain)
{
    int len = 0, rest = 0, none = 0;
    uint8_t tag[16];
    if (size < 16)
        return -1;
    memcpy(tag, cipher + size - 16, 16);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok =
        EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv) == 1 &&
        (aad_len == 0 || EVP_DecryptUpdate(ctx, NULL, &none, (const uint8_t *)aad, aad_len) == 1) &&
        EVP_DecryptUpdate(ctx, plain, &len, cipher, size - 16) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, tag) == 1 &&
        EVP_DecryptFinal_ex(ctx, plain + len, &rest) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return ok ? len + rest : -1;
}

// HKDF with SHA-512 for one block of output: HMAC(HMAC(salt, key), info || 01).
static void hkdf(const struct stored *s, const char *label, uint8_t out[static 64])
{
    uint8_t prk[64], info[32] = {0x00, 0x73};
    unsigned len = 0;
    memcpy(info + 2, label, 9);
    info[11] = 1;
    HMAC(EVP_sha512(), s->iv, (int)s->iv_len, s->key, 32, prk, &len);
    HMAC(EVP_sha512(), prk, 64, info, 12, out, &len);
}

static int64_t open_committed(const struct stored *s, const uint8_t *cipher, int size,
                              uint8_t *plain)
{
    static const uint8_t IV[12] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    uint8_t key[64], commitment[64];
    hkdf(s, "COMMITKEY", commitment);
    if (s->iv_len != 28 || s->commitment_len != 28 || memcmp(commitment, s->commitment, 28) != 0)
        return -1;
    hkdf(s, "DERIVEKEY", key);
    return open_gcm(key, IV, "\0\x73", 2, cipher, size, plain);
}

static int64_t open_stored(const uint8_t *cipher, int size, const struct kv *metadata,
                           uint8_t *plain)
{
    struct stored s = {0};
    const char *matdesc = "x-amz-matdesc";
    if (kv_get(metadata, "x-amz-3") != NULL)
        return take_key(metadata, "x-amz-3", &s) && is(metadata, "x-amz-c", "115") &&
                       is(metadata, "x-amz-w", "12") &&
                       is(metadata, "x-amz-t", "{\"aws:x-amz-cek-alg\":\"115\"}") &&
                       take(metadata, "x-amz-i", s.iv, &s.iv_len) &&
                       take(metadata, "x-amz-d", s.commitment, &s.commitment_len)
                   ? open_committed(&s, cipher, size, plain)
                   : -1;
    if (!take(metadata, "x-amz-iv", s.iv, &s.iv_len))
        return -1;
    if (kv_get(metadata, "x-amz-key") != NULL)
        return take_key(metadata, "x-amz-key", &s) && is(metadata, matdesc, "{}")
                   ? open_cbc(&s, cipher, size, plain)
                   : -1;
    if (!take_key(metadata, "x-amz-key-v2", &s))
        return -1;
    if (is(metadata, "x-amz-cek-alg", "AES/CBC/PKCS5Padding"))
        return is(metadata, "x-amz-wrap-alg", "kms") &&
                       is(metadata, matdesc, "{\"kms_cmk_id\":\"" KEY_ARN "\"}")
                   ? open_cbc(&s, cipher, size, plain)
                   : -1;
    return s.iv_len == 12 && is(metadata, "x-amz-cek-alg", "AES/GCM/NoPadding") &&
                   is(metadata, "x-amz-wrap-alg", "kms+context") &&
                   is(metadata, "x-amz-tag-len", "128") &&
                   is(metadata, matdesc, "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}")
               ? open_gcm(s.key, s.iv, NULL, 0, cipher, size, plain)
               : -1;
}

int64_t keyring_test_decrypt(const uint8_t *cipher, uint64_t size, const struct kv *metadata,
                             uint8_t **plain)
{
    *plain = malloc(size + 32);
    assert(*plain != NULL);
    int64_t len = open_stored(cipher, (int)size, metadata, *plain);
    const char *claimed = kv_get(metadata, "x-amz-unencrypted-content-length");
    if (claimed != NULL && atoll(claimed) != len)
        len = -1;
    if (len < 0) {
        free(*plain);
        *plain = NULL;
    }
    return len;
}
