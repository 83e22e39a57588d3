// See keyring_raw.h. Immutable once it is shared; any thread. A wrapped key that does not open is
// told in one way, whatever was wrong with it.
#include "crypto/keyring_raw.h"

#include "common/err.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#define GCM_IV_SIZE    12
#define GCM_WRAP_SIZE  (GCM_IV_SIZE + CIPHER_KEY_SIZE + CIPHER_TAG_SIZE)
#define KW_WRAP_SIZE   (CIPHER_KEY_SIZE + 8)
#define ECB_WRAP_SIZE  (CIPHER_KEY_SIZE + CIPHER_BLOCK_SIZE)
#define UNWRAPPED_MAX  2048 // bytes of an RSA modulus
#define RSA_BITS_LEAST 2048

CLEANUP_POINTER(evp_cipher_ctx_st, EVP_CIPHER_CTX_free)
CLEANUP_POINTER(evp_pkey_ctx_st, EVP_PKEY_CTX_free)
CLEANUP_POINTER(bio_st, BIO_free_all)

struct raw_key {
    struct secret *aes; // either this ...
    EVP_PKEY *rsa;      // ... or this; owned
};

struct keyring_raw {
    struct keyring base;
    struct keyring *next; // borrowed
    size_t count;
    struct raw_key keys[KEYRING_RAW_KEYS_MAX];
};

static struct keyring_raw *self(struct keyring *k)
{
    return (struct keyring_raw *)k;
}

// ---- AES ----

// Each writes CIPHER_KEY_SIZE bytes to out (room for two blocks more) if the wrapped key opens.

static bool open_gcm(const uint8_t *key, const struct envelope *e, uint8_t *out)
{
    const uint8_t *iv = e->wrapped, *sealed = iv + GCM_IV_SIZE;
    const char *aad = content_alg_name(e->content);
    uint8_t tag[CIPHER_TAG_SIZE];
    int len = 0, rest = 0;
    if (e->wrapped_len != GCM_WRAP_SIZE)
        return false;
    memcpy(tag, sealed + CIPHER_KEY_SIZE, sizeof tag);
    CLEANUP(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    return ctx != NULL && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv) == 1 &&
           EVP_DecryptUpdate(ctx, NULL, &len, (const uint8_t *)aad, (int)strlen(aad)) == 1 &&
           EVP_DecryptUpdate(ctx, out, &len, sealed, CIPHER_KEY_SIZE) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) == 1 &&
           EVP_DecryptFinal_ex(ctx, out + len, &rest) == 1 && len + rest == CIPHER_KEY_SIZE;
}

static bool open_with(const EVP_CIPHER *cipher, size_t wrapped_len, const uint8_t *key,
                      const struct envelope *e, uint8_t *out)
{
    int len = 0, rest = 0;
    if (e->wrapped_len != wrapped_len)
        return false;
    CLEANUP(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL)
        return false;
    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    return EVP_DecryptInit_ex(ctx, cipher, NULL, key, NULL) == 1 &&
           EVP_DecryptUpdate(ctx, out, &len, e->wrapped, (int)e->wrapped_len) == 1 &&
           EVP_DecryptFinal_ex(ctx, out + len, &rest) == 1 && len + rest == CIPHER_KEY_SIZE;
}

static bool open_aes(const struct raw_key *k, const struct envelope *e, uint8_t *out)
{
    const uint8_t *key = secret_bytes(k->aes);
    switch (e->wrap) {
    case WRAP_AES_GCM:
        return open_gcm(key, e, out);
    case WRAP_AES_KW:
        return open_with(EVP_aes_256_wrap(), KW_WRAP_SIZE, key, e, out);
    case WRAP_AES_ECB:
        return open_with(EVP_aes_256_ecb(), ECB_WRAP_SIZE, key, e, out);
    default:
        return false;
    }
}

// ---- RSA ----

static bool open_oaep(EVP_PKEY *key, const EVP_MD *digest, const struct envelope *e, uint8_t *out,
                      size_t *len)
{
    *len = UNWRAPPED_MAX;
    CLEANUP(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    return ctx != NULL && EVP_PKEY_decrypt_init(ctx) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(ctx, digest) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha1()) == 1 &&
           (size_t)EVP_PKEY_get_size(key) <= UNWRAPPED_MAX &&
           EVP_PKEY_decrypt(ctx, out, len, e->wrapped, e->wrapped_len) == 1;
}

// length(1) || key || the content cipher's name, to the key alone.
static bool take_bound_key(uint8_t *out, size_t len, const struct envelope *e)
{
    const char *name = content_alg_name(e->content);
    size_t name_len = strlen(name);
    if (len != 1 + CIPHER_KEY_SIZE + name_len || out[0] != CIPHER_KEY_SIZE ||
        memcmp(out + 1 + CIPHER_KEY_SIZE, name, name_len) != 0)
        return false;
    memmove(out, out + 1, CIPHER_KEY_SIZE);
    return true;
}

static bool open_rsa(const struct raw_key *k, const struct envelope *e, uint8_t *out)
{
    size_t len = 0;
    if (e->wrap == WRAP_RSA_OAEP_SHA1)
        return open_oaep(k->rsa, EVP_sha1(), e, out, &len) && take_bound_key(out, len, e);
    return e->wrap == WRAP_RSA_OAEP_SHA256 && open_oaep(k->rsa, EVP_sha256(), e, out, &len) &&
           len == CIPHER_KEY_SIZE;
}

// ---- the keyring ----

static int generate(struct keyring *k, const struct format *format, struct envelope *e,
                    struct secret **key)
{
    struct keyring *next = self(k)->next;
    return next->ops->generate(next, format, e, key);
}

static bool open_under(const struct raw_key *k, const struct envelope *e, uint8_t *out)
{
    return k->aes != NULL ? open_aes(k, e, out) : open_rsa(k, e, out);
}

static int unwrap_raw(const struct keyring_raw *ring, const struct envelope *e, struct secret **key)
{
    uint8_t out[UNWRAPPED_MAX];
    bool opened = false;
    for (size_t i = 0; i < ring->count && !opened; i++)
        opened = open_under(&ring->keys[i], e, out);
    int rc = opened ? secret_from(key, out, CIPHER_KEY_SIZE) : 0;
    secret_wipe(out, sizeof out);
    ERR_clear_error(); // OpenSSL's own queue
    if (!opened)
        return err_set(-EACCES,
                       "its data key is wrapped with %s and does not open under any --key-file "
                       "given (%zu): it is another key's, or damaged",
                       wrap_alg_name(e->wrap), ring->count);
    return rc;
}

static int unwrap(struct keyring *k, const struct envelope *e, struct secret **key)
{
    struct keyring_raw *ring = self(k);
    if (!wrap_alg_is_kms(e->wrap))
        return unwrap_raw(ring, e, key);
    return ring->next->ops->unwrap(ring->next, e, key);
}

static bool is_current(struct keyring *k, const struct envelope *e)
{
    struct keyring *next = self(k)->next;
    return wrap_alg_is_kms(e->wrap) && next->ops->is_current(next, e);
}

static void release(struct keyring *k)
{
    struct keyring_raw *ring = self(k);
    for (size_t i = 0; i < ring->count; i++) {
        secret_release(ring->keys[i].aes);
        EVP_PKEY_free(ring->keys[i].rsa);
    }
    free(ring);
}

static const struct keyring_ops KEYRING_RAW_OPS = {
    .generate = generate,
    .unwrap = unwrap,
    .is_current = is_current,
    .free = release,
};

int keyring_raw_new(struct keyring **out, struct keyring *next)
{
    struct keyring_raw *ring = calloc(1, sizeof *ring);
    if (ring == NULL)
        return err_set(-ENOMEM, "out of memory");
    ring->base.ops = &KEYRING_RAW_OPS;
    ring->next = next;
    *out = &ring->base;
    return 0;
}

// ---- key files ----

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_hex(const uint8_t *text, size_t len, uint8_t out[static CIPHER_KEY_SIZE])
{
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    if (len != (size_t)2 * CIPHER_KEY_SIZE)
        return false;
    for (size_t i = 0; i < CIPHER_KEY_SIZE; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static int take_aes(const struct secret *content, struct raw_key *out, bool *found)
{
    uint8_t key[CIPHER_KEY_SIZE];
    *found = true;
    if (secret_size(content) == CIPHER_KEY_SIZE)
        memcpy(key, secret_bytes(content), sizeof key);
    else
        *found = take_hex(secret_bytes(content), secret_size(content), key);
    int rc = *found ? secret_from(&out->aes, key, sizeof key) : 0;
    secret_wipe(key, sizeof key);
    return rc;
}

static int no_password(char *buf, int size, int writing, void *context)
{
    (void)buf, (void)size, (void)writing, (void)context;
    return 0;
}

static int take_rsa(const struct secret *content, const char *name, struct raw_key *out)
{
    CLEANUP(BIO_free_allp)
    BIO *bio = BIO_new_mem_buf(secret_bytes(content), (int)secret_size(content));
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
    ERR_clear_error();
    if (key == NULL)
        return err_set(-EINVAL,
                       "%s: neither an AES-256 key (32 bytes, or 64 hexadecimal digits) nor an RSA "
                       "private key in PEM without a password",
                       name);
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) < RSA_BITS_LEAST) {
        EVP_PKEY_free(key);
        return err_set(-EINVAL, "%s: the private key is not RSA of at least %d bits", name,
                       RSA_BITS_LEAST);
    }
    out->rsa = key;
    return 0;
}

int keyring_raw_add(struct keyring *k, const struct secret *content, const char *name)
{
    struct keyring_raw *ring = self(k);
    bool is_aes = false;
    assert(k->ops == &KEYRING_RAW_OPS);
    if (ring->count == KEYRING_RAW_KEYS_MAX)
        return err_set(-EINVAL, "more than %d key files are given", KEYRING_RAW_KEYS_MAX);
    struct raw_key key = {0};
    int rc = take_aes(content, &key, &is_aes);
    if (rc == 0 && !is_aes)
        rc = take_rsa(content, name, &key);
    if (rc == 0)
        ring->keys[ring->count++] = key;
    return rc;
}
