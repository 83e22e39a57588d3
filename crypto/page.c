// See page.h. One EVP context a call: the calls come from several threads and are large.
#include "crypto/page.h"
#include "common/err.h"
#include "common/secret.h"

#include <assert.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <string.h>

#define PAGE_KEY_SIZE 32
#define NONCE_SIZE    12

struct page_cipher {
    struct secret *key;
    atomic_uint_fast64_t next; // nonce
};

CLEANUP_POINTER(evp_cipher_ctx_st, EVP_CIPHER_CTX_free)

int page_cipher_new(struct page_cipher **out)
{
    CLEANUP(page_cipher_freep) struct page_cipher *c = calloc(1, sizeof *c);
    if (c == NULL)
        return err_set(-ENOMEM, "out of memory");
    int rc = secret_random(&c->key, PAGE_KEY_SIZE);
    if (rc == 0)
        *out = TAKE(c);
    return rc;
}

void page_cipher_free(struct page_cipher *c)
{
    if (c == NULL)
        return;
    secret_release(c->key);
    free(c);
}

static int failed(void)
{
    return err_set(-EIO, "OpenSSL could not encrypt for the spool");
}

static EVP_CIPHER_CTX *start(struct page_cipher *c, uint64_t number, int encrypt)
{
    CLEANUP(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t nonce[NONCE_SIZE] = {0};
    memcpy(nonce, &number, sizeof number);
    if (ctx == NULL ||
        EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, secret_bytes(c->key), nonce, encrypt) != 1)
        return NULL;
    return TAKE(ctx);
}

int page_seal(struct page_cipher *c, uint8_t *data, size_t len, struct page_seal *out)
{
    assert(len <= INT_MAX);
    int done = 0, rest = 0;
    out->number = atomic_fetch_add(&c->next, 1);
    CLEANUP(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *ctx = start(c, out->number, 1);
    if (ctx == NULL || EVP_CipherUpdate(ctx, data, &done, data, (int)len) != 1 ||
        EVP_CipherFinal_ex(ctx, data + done, &rest) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, PAGE_TAG_SIZE, out->tag) != 1)
        return failed();
    return 0;
}

int page_open(struct page_cipher *c, uint8_t *data, size_t len, const struct page_seal *seal)
{
    assert(len <= INT_MAX);
    int done = 0, rest = 0;
    uint8_t tag[PAGE_TAG_SIZE];
    memcpy(tag, seal->tag, sizeof tag);
    CLEANUP(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *ctx = start(c, seal->number, 0);
    if (ctx != NULL && EVP_CipherUpdate(ctx, data, &done, data, (int)len) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, PAGE_TAG_SIZE, tag) == 1 &&
        EVP_CipherFinal_ex(ctx, data + done, &rest) == 1)
        return 0;
    secret_wipe(data, len);
    return err_set(-EIO, "the spool gave back other bytes than were written to it");
}
