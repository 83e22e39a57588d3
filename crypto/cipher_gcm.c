// AES-256-GCM (NIST SP 800-38D), plain and with key commitment. Any thread, one a stream.
//
// The object is ciphertext and a tag of 16 bytes. Only a stream that is opened from its first to
// its last byte can be authenticated; a range of it is opened with the counter mode that GCM is
// made of: the first block of the payload has counter 2 (counter 1 is the tag's). An object may
// hold 2^32
// - 2 blocks, so the 32-bit counter never wraps and a 128-bit one counts alike.
//
// With key commitment (Amazon's S3 encryption clients, algorithm 115): the data key gives, by HKDF
// with SHA-512 (RFC 5869) and the object's message id as salt, the content key and a commitment to
// it, which the envelope holds: no second key opens the same object to other content. IV and
// additional data are constant then; the message id makes the key unique.
#include "crypto/cipher_internal.h"

#include "common/err.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#define GCM_IV_SIZE        12
#define GCM_PLAIN_SIZE_MAX (((uint64_t)1 << 36) - 32) // SP 800-38D section 5.2.1.1
#define GCM_FIRST_COUNTER  2

// ---- sizes ----

static uint64_t gcm_cipher_size(uint64_t plain_size)
{
    return plain_size + CIPHER_TAG_SIZE;
}

static bool gcm_cipher_size_valid(uint64_t cipher_size)
{
    return cipher_size >= CIPHER_TAG_SIZE && cipher_size <= GCM_PLAIN_SIZE_MAX + CIPHER_TAG_SIZE;
}

static uint64_t gcm_plain_size(uint64_t cipher_size, bool *exact)
{
    *exact = true;
    return cipher_size - CIPHER_TAG_SIZE;
}

static struct cipher_range gcm_range(uint64_t plain_offset, uint64_t plain_end, bool to_end,
                                     uint64_t cipher_size)
{
    uint64_t start = cipher_block_floor(plain_offset);
    uint64_t payload_end = cipher_size - CIPHER_TAG_SIZE;
    uint64_t end = to_end ? cipher_size : cipher_block_floor(plain_end - 1) + CIPHER_BLOCK_SIZE;
    if (!to_end && end > payload_end)
        end = payload_end;
    return (struct cipher_range){
        .cipher_offset = start, .cipher_len = end - start, .plain_offset = start};
}

// ---- sealing ----

static int failed_to_start(void)
{
    return err_set(-EIO, "OpenSSL cannot start AES-256-GCM");
}

// aad NULL: none. key NULL: the same again.
static int seal_init(EVP_CIPHER_CTX *evp, const uint8_t *key, const uint8_t *iv, const uint8_t *aad,
                     int aad_len)
{
    int len = 0;
    if (EVP_EncryptInit_ex(evp, EVP_aes_256_gcm(), NULL, key, iv) != 1)
        return failed_to_start();
    if (aad != NULL && EVP_EncryptUpdate(evp, NULL, &len, aad, aad_len) != 1)
        return failed_to_start();
    return 0;
}

static int gcm_seal_start(struct sealer *s, const uint8_t *key, const uint8_t *iv)
{
    return seal_init(s->evp, key, iv, NULL, 0);
}

static int gcm_seal_finish(struct sealer *s, const uint8_t *tail, size_t tail_len, uint8_t *out,
                           size_t *out_len)
{
    int len = 0;
    if (tail_len > 0)
        memcpy(out, tail, tail_len);
    int rc = cipher_seal_pieces(s->evp, out, tail_len);
    if (rc == 0 &&
        (EVP_EncryptFinal_ex(s->evp, out + tail_len, &len) != 1 ||
         EVP_CIPHER_CTX_ctrl(s->evp, EVP_CTRL_AEAD_GET_TAG, CIPHER_TAG_SIZE, out + tail_len) != 1))
        rc = err_set(-EIO, "OpenSSL failed to encrypt");
    if (rc < 0)
        secret_wipe(out, tail_len);
    *out_len = tail_len + CIPHER_TAG_SIZE;
    return rc;
}

// ---- opening ----

// From the first to the last byte: GCM itself.
static int open_whole(struct opener *o, const uint8_t *key, const uint8_t *iv, const uint8_t *aad,
                      int aad_len)
{
    int len = 0;
    const EVP_CIPHER *cipher = key != NULL ? EVP_aes_256_gcm() : NULL;
    if (EVP_DecryptInit_ex(o->evp, cipher, NULL, key, iv) != 1)
        return failed_to_start();
    if (aad != NULL && EVP_DecryptUpdate(o->evp, NULL, &len, aad, aad_len) != 1)
        return failed_to_start();
    return 0;
}

static int open_range(struct opener *o, const uint8_t *key, const uint8_t *iv)
{
    uint8_t block[CIPHER_BLOCK_SIZE];
    uint64_t counter = GCM_FIRST_COUNTER + o->range.cipher_offset / CIPHER_BLOCK_SIZE;
    assert(o->range.cipher_offset % CIPHER_BLOCK_SIZE == 0 && counter <= UINT32_MAX);
    memcpy(block, iv, GCM_IV_SIZE);
    for (int i = 0; i < 4; i++)
        block[GCM_IV_SIZE + i] = (uint8_t)(counter >> (24 - 8 * i));
    const EVP_CIPHER *cipher = key != NULL ? EVP_aes_256_ctr() : NULL;
    return EVP_DecryptInit_ex(o->evp, cipher, NULL, key, block) == 1 ? 0 : failed_to_start();
}

static int open_either(struct opener *o, const uint8_t *key, const uint8_t *iv, const uint8_t *aad,
                       int aad_len)
{
    return o->whole ? open_whole(o, key, iv, aad, aad_len) : open_range(o, key, iv);
}

static int gcm_open_start(struct opener *o, const uint8_t *key)
{
    return open_either(o, key, o->iv, NULL, 0);
}

// The last bytes of the object are its tag, also of a range that reaches them.
static int gcm_open_update(struct opener *o, const uint8_t *in, size_t len, uint8_t *out,
                           size_t *out_len)
{
    uint64_t at = o->range.cipher_offset + o->cipher_taken;
    uint64_t payload_end = o->cipher_size - CIPHER_TAG_SIZE;
    size_t payload = at >= payload_end        ? 0
                     : len < payload_end - at ? len
                                              : (size_t)(payload_end - at);
    if (payload < len)
        memcpy(o->tag + (at + payload - payload_end), in + payload, len - payload);
    return cipher_open_pieces(o->evp, in, payload, out, out_len);
}

static int gcm_open_finish(struct opener *o, size_t *pad_len)
{
    uint8_t none[CIPHER_BLOCK_SIZE];
    int len = 0;
    *pad_len = 0;
    if (o->whole &&
        (EVP_CIPHER_CTX_ctrl(o->evp, EVP_CTRL_AEAD_SET_TAG, CIPHER_TAG_SIZE, o->tag) != 1 ||
         EVP_DecryptFinal_ex(o->evp, none, &len) != 1))
        return cipher_content_error();
    *pad_len = o->to_end ? CIPHER_TAG_SIZE : 0;
    return 0;
}

#define GCM_SIZES                                                                                  \
    .plain_size_max = GCM_PLAIN_SIZE_MAX, .resumable = false, .authenticated = true,               \
    .cipher_size = gcm_cipher_size, .cipher_size_valid = gcm_cipher_size_valid,                    \
    .plain_size = gcm_plain_size, .range = gcm_range, .seal_finish = gcm_seal_finish,              \
    .open_update = gcm_open_update, .open_finish = gcm_open_finish

const struct content CIPHER_GCM = {
    .name = "AES/GCM/NoPadding",
    .iv_size = GCM_IV_SIZE,
    .seal_start = gcm_seal_start,
    .open_start = gcm_open_start,
    GCM_SIZES,
};

// ---- with key commitment ----

// The algorithm's number in the info strings and as additional data.
static const uint8_t SUITE[2] = {0x00, 0x73};
static const uint8_t COMMITTED_IV[GCM_IV_SIZE] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

#define LABEL_SIZE 9 // of both labels
#define INFO_SIZE  (sizeof SUITE + LABEL_SIZE)

static int derive(const uint8_t *key, const uint8_t *message_id, const char *label, uint8_t *out,
                  size_t len)
{
    char digest[] = "SHA512";
    uint8_t info[INFO_SIZE];
    memcpy(info, SUITE, sizeof SUITE);
    memcpy(info + sizeof SUITE, label, LABEL_SIZE);
    // OpenSSL's parameters want pointers that may be written through; it only reads these.
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key,
                                          CIPHER_KEY_SIZE),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)message_id,
                                          CIPHER_MESSAGE_ID_SIZE),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, sizeof info),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    bool ok = ctx != NULL && EVP_KDF_derive(ctx, out, len, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return ok ? 0 : err_set(-EIO, "OpenSSL failed to derive a key (HKDF)");
}

int content_commitment(const struct secret *key, const uint8_t *message_id,
                       uint8_t out[static CIPHER_COMMITMENT_SIZE])
{
    assert(secret_size(key) == CIPHER_KEY_SIZE);
    return derive(secret_bytes(key), message_id, "COMMITKEY", out, CIPHER_COMMITMENT_SIZE);
}

static int committed_seal_start(struct sealer *s, const uint8_t *key, const uint8_t *message_id)
{
    uint8_t derived[CIPHER_KEY_SIZE];
    int rc = derive(key, message_id, "DERIVEKEY", derived, sizeof derived);
    if (rc == 0)
        rc = seal_init(s->evp, derived, COMMITTED_IV, SUITE, sizeof SUITE);
    secret_wipe(derived, sizeof derived);
    return rc;
}

static int committed_open_start(struct opener *o, const uint8_t *key)
{
    uint8_t derived[CIPHER_KEY_SIZE];
    int rc = 0;
    if (key != NULL)
        rc = derive(key, o->iv, "DERIVEKEY", derived, sizeof derived);
    if (rc == 0)
        rc = open_either(o, key != NULL ? derived : NULL, COMMITTED_IV, SUITE, sizeof SUITE);
    secret_wipe(derived, sizeof derived);
    return rc;
}

const struct content CIPHER_GCM_COMMITTED = {
    .name = "115",
    .iv_size = CIPHER_MESSAGE_ID_SIZE,
    .seal_start = committed_seal_start,
    .open_start = committed_open_start,
    GCM_SIZES,
};
