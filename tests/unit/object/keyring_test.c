#include "tests/unit/object/keyring_test.h"
#include "common/codec.h"
#include "common/err.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <string.h>

#define KEY_ARN "arn:aws:kms:us-east-1:111122223333:key/test"
#define MASK    0x5a

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
    *e = (struct envelope){.version = f->version,
                           .wrap = f->wrap,
                           .content = f->content,
                           .wrapped_len = CIPHER_KEY_SIZE};
    for (int i = 0; i < CIPHER_KEY_SIZE; i++)
        e->wrapped[i] = secret_bytes(*key)[i] ^ MASK;
    secret_random_bytes(e->iv, content_iv_size(e->content));
    return envelope_context(f, KEY_ARN, &e->context);
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
    return id != NULL && strcmp(id, KEY_ARN) == 0;
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

int64_t keyring_test_decrypt(const uint8_t *cipher, uint64_t size, const struct kv *metadata,
                             uint8_t **plain)
{
    const char *wrapped = kv_get(metadata, "x-amz-key-v2"), *iv_text = kv_get(metadata, "x-amz-iv");
    uint8_t key[64], iv[32];
    size_t key_len = 0, iv_len = 0;
    int last = 0, rest = 0;
    if (wrapped == NULL || iv_text == NULL ||
        strcmp(kv_get(metadata, "x-amz-cek-alg"), "AES/CBC/PKCS5Padding") != 0 ||
        strcmp(kv_get(metadata, "x-amz-matdesc"), "{\"kms_cmk_id\":\"" KEY_ARN "\"}") != 0 ||
        base64_decode(wrapped, strlen(wrapped), key, sizeof key, &key_len) < 0 || key_len != 32 ||
        base64_decode(iv_text, strlen(iv_text), iv, sizeof iv, &iv_len) < 0 || iv_len != 16)
        return -1;
    for (int i = 0; i < 32; i++)
        key[i] ^= MASK;
    *plain = malloc(size + 32);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok = EVP_DecryptInit_ex(ctx, EVP_aes_256_cbc(), NULL, key, iv) == 1 &&
              EVP_DecryptUpdate(ctx, *plain, &last, cipher, (int)size) == 1 &&
              EVP_DecryptFinal_ex(ctx, *plain + last, &rest) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!ok) {
        free(*plain);
        *plain = NULL;
        return -1;
    }
    const char *claimed = kv_get(metadata, "x-amz-unencrypted-content-length");
    if (claimed != NULL && atoll(claimed) != last + rest)
        return -1;
    return last + rest;
}
