// See digest.h. OpenSSL's implementation uses the processor's instructions for it, libsodium's does
// not.
#include "crypto/digest.h"
#include "common/err.h"

#include <assert.h>
#include <openssl/evp.h>

struct digest {
    EVP_MD_CTX *ctx; // owned; NULL when finished
};

static int failed(void)
{
    return err_set(-EIO, "OpenSSL could not compute SHA-256");
}

int digest_new(struct digest **out)
{
    CLEANUP(digest_freep) struct digest *d = calloc(1, sizeof *d);
    if (d == NULL || (d->ctx = EVP_MD_CTX_new()) == NULL)
        return err_set(-ENOMEM, "out of memory");
    if (EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) != 1)
        return failed();
    *out = TAKE(d);
    return 0;
}

int digest_add(struct digest *d, const void *data, size_t len)
{
    assert(d->ctx != NULL);
    return EVP_DigestUpdate(d->ctx, data, len) == 1 ? 0 : failed();
}

int digest_finish(struct digest *d, uint8_t out[static DIGEST_SIZE])
{
    assert(d->ctx != NULL);
    int done = EVP_DigestFinal_ex(d->ctx, out, NULL);
    EVP_MD_CTX_free(TAKE(d->ctx));
    return done == 1 ? 0 : failed();
}

void digest_free(struct digest *d)
{
    if (d == NULL)
        return;
    EVP_MD_CTX_free(d->ctx);
    free(d);
}
