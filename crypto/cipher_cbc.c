// AES-256-CBC (NIST SP 800-38A) with PKCS#7 padding (RFC 5652 section 6.3). Any thread, one a
// stream.
//
// The padding is made and checked here rather than by EVP, so that sealing never holds a block back
// (in == out, in place), an opener gives its bytes out as they come, and a wrong padding is found
// in constant time and told in one way (Amazon's advisory CVE-2020-8911: a reader that tells
// padding errors apart decrypts for an attacker).
#include "crypto/cipher_internal.h"

#include "common/err.h"

#include <assert.h>
#include <string.h>

// Above this the 2^48 blocks that one CBC key may carry are used up (as Amazon's clients limit it).
#define CBC_CIPHER_SIZE_MAX ((uint64_t)1 << 52)

static uint64_t cbc_cipher_size(uint64_t plain_size)
{
    return (plain_size / CIPHER_BLOCK_SIZE + 1) * CIPHER_BLOCK_SIZE;
}

static bool cbc_cipher_size_valid(uint64_t cipher_size)
{
    return cipher_size > 0 && cipher_size <= CBC_CIPHER_SIZE_MAX &&
           cipher_size % CIPHER_BLOCK_SIZE == 0;
}

static uint64_t cbc_plain_size(uint64_t cipher_size, bool *exact)
{
    *exact = false;
    return cipher_size - CIPHER_BLOCK_SIZE;
}

static struct cipher_range cbc_range(uint64_t plain_offset, uint64_t plain_end, bool to_end,
                                     uint64_t cipher_size)
{
    uint64_t start = cipher_block_floor(plain_offset);
    // The last byte wanted is plain_end - 1; its block ends here.
    uint64_t end = to_end ? cipher_size : cipher_block_floor(plain_end - 1) + CIPHER_BLOCK_SIZE;
    uint64_t cipher_offset = start > 0 ? start - CIPHER_BLOCK_SIZE : 0;
    return (struct cipher_range){
        .cipher_offset = cipher_offset, .cipher_len = end - cipher_offset, .plain_offset = start};
}

static int cbc_seal_start(struct sealer *s, const uint8_t *key, const uint8_t *iv)
{
    if (EVP_EncryptInit_ex(s->evp, EVP_aes_256_cbc(), NULL, key, iv) != 1 ||
        EVP_CIPHER_CTX_set_padding(s->evp, 0) != 1)
        return err_set(-EIO, "OpenSSL cannot start AES-256-CBC");
    return 0;
}

static int cbc_seal_finish(struct sealer *s, const uint8_t *tail, size_t tail_len, uint8_t *out,
                           size_t *out_len)
{
    uint8_t pad = (uint8_t)(CIPHER_BLOCK_SIZE - tail_len); // 1..16
    memset(out, pad, CIPHER_BLOCK_SIZE);
    if (tail_len > 0)
        memcpy(out, tail, tail_len);
    int sealed = 0;
    if (EVP_EncryptUpdate(s->evp, out, &sealed, out, CIPHER_BLOCK_SIZE) != 1 ||
        sealed != CIPHER_BLOCK_SIZE) {
        secret_wipe(out, CIPHER_BLOCK_SIZE);
        return err_set(-EIO, "OpenSSL failed to encrypt");
    }
    *out_len = CIPHER_BLOCK_SIZE;
    return 0;
}

// A new chaining value; the key schedule stays unless a key is given.
static int cbc_open_init(struct opener *o, const uint8_t *key, const uint8_t *iv)
{
    const EVP_CIPHER *cipher = key != NULL ? EVP_aes_256_cbc() : NULL;
    if (EVP_DecryptInit_ex(o->evp, cipher, NULL, key, iv) != 1 ||
        EVP_CIPHER_CTX_set_padding(o->evp, 0) != 1)
        return err_set(-EIO, "OpenSSL cannot start AES-256-CBC");
    return 0;
}

static int cbc_open_start(struct opener *o, const uint8_t *key)
{
    // In the middle of an object this IV is replaced as soon as the leading block has come.
    return cbc_open_init(o, key, o->iv);
}

// Takes what is still missing of the block before the range; tells how much of in it was.
static int cbc_open_lead(struct opener *o, const uint8_t *in, size_t len, size_t *used)
{
    *used = 0;
    bool has_lead = o->range.plain_offset > o->range.cipher_offset;
    if (!has_lead || o->cipher_taken >= CIPHER_BLOCK_SIZE)
        return 0;
    size_t have = (size_t)o->cipher_taken;
    size_t missing = CIPHER_BLOCK_SIZE - have;
    *used = len < missing ? len : missing;
    memcpy(o->lead + have, in, *used);
    return *used == missing ? cbc_open_init(o, NULL, o->lead) : 0;
}

static int cbc_open_update(struct opener *o, const uint8_t *in, size_t len, uint8_t *out,
                           size_t *out_len)
{
    size_t used = 0;
    *out_len = 0;
    int rc = cbc_open_lead(o, in, len, &used);
    if (rc < 0)
        return rc;
    rc = cipher_open_pieces(o->evp, in + used, len - used, out, out_len);
    if (rc < 0)
        return rc;
    // Without padding EVP gives every whole block out at once.
    assert(*out_len % CIPHER_BLOCK_SIZE == 0 && *out_len < len - used + CIPHER_BLOCK_SIZE);
    if (*out_len > 0)
        memcpy(o->last_plain, out + *out_len - CIPHER_BLOCK_SIZE, CIPHER_BLOCK_SIZE);
    return 0;
}

// 1 if a < b, else 0, without a branch; both below 2^31.
static uint32_t ct_less(uint32_t a, uint32_t b)
{
    return (a - b) >> 31;
}

// The padding's length in 1..16, or 0 if it is wrong; the time tells nothing about the block.
static size_t cbc_padding(const uint8_t block[static CIPHER_BLOCK_SIZE])
{
    uint32_t pad = block[CIPHER_BLOCK_SIZE - 1];
    uint32_t bad = ct_less(pad, 1) | ct_less(CIPHER_BLOCK_SIZE, pad);
    for (uint32_t i = 0; i < CIPHER_BLOCK_SIZE; i++) {
        uint32_t inside = 0 - ct_less(i, pad); // all ones within the padding
        bad |= inside & (block[CIPHER_BLOCK_SIZE - 1 - i] ^ pad);
    }
    uint32_t good = 0 - ct_less(bad, 1);
    return pad & good;
}

static int cbc_open_finish(struct opener *o, size_t *pad_len)
{
    *pad_len = 0;
    if (!o->to_end)
        return 0;
    size_t pad = cbc_padding(o->last_plain);
    if (pad == 0)
        return cipher_content_error();
    *pad_len = pad;
    return 0;
}

const struct content CIPHER_CBC = {
    .name = "AES/CBC/PKCS5Padding", // Java's name of PKCS#7, as the envelopes have it
    .iv_size = CIPHER_BLOCK_SIZE,
    .plain_size_max = CBC_CIPHER_SIZE_MAX - 1,
    .resumable = true,
    .authenticated = false,
    .cipher_size = cbc_cipher_size,
    .cipher_size_valid = cbc_cipher_size_valid,
    .plain_size = cbc_plain_size,
    .range = cbc_range,
    .seal_start = cbc_seal_start,
    .seal_finish = cbc_seal_finish,
    .open_start = cbc_open_start,
    .open_update = cbc_open_update,
    .open_finish = cbc_open_finish,
};
