// Content ciphers over OpenSSL's EVP: the table of algorithms and the streams over it.
//
// A row of CONTENT says what an algorithm is called, how its sizes relate, and which functions
// start, feed and end a stream of it. The streams below the table know no algorithm by name. A
// sealer or opener is owned by its creator and used by one thread at a time; the key lives only in
// the EVP context, which OpenSSL wipes when it is freed.
//
// CBC (NIST SP 800-38A, PKCS#7 padding of RFC 5652 section 6.3): the padding is made and checked
// here rather than by EVP, so that sealing never holds a block back (in == out, in place), an
// opener gives its bytes out as they come, and a wrong padding is found in constant time and told
// in one way (Amazon's advisory CVE-2020-8911: a reader that tells padding errors apart decrypts
// for an attacker).
#include "crypto/cipher.h"

#include "common/err.h"

#include <assert.h>
#include <openssl/evp.h>
#include <string.h>

// EVP counts in int; large pieces keep the per-call cost out of sight.
#define PIECE_MAX ((size_t)1 << 30)

// Above this the 2^48 blocks that one CBC key may carry are used up (as Amazon's clients limit it).
#define CBC_CIPHER_SIZE_MAX ((uint64_t)1 << 52)

struct sealer {
    const struct content *content;
    EVP_CIPHER_CTX *evp;
    uint64_t plain_sealed; // since sealer_new or sealer_resume
    bool spent;            // finished or failed
};

struct opener {
    const struct content *content;
    EVP_CIPHER_CTX *evp;
    struct cipher_range range;
    bool to_end;                           // the range holds the object's last block
    uint8_t iv[CIPHER_IV_MAX];             // the object's
    uint64_t cipher_taken;                 // bytes of the range seen
    uint8_t lead[CIPHER_BLOCK_SIZE];       // CBC in the middle: the block before, it serves as IV
    uint8_t last_plain[CIPHER_BLOCK_SIZE]; // the newest plaintext block: in the end the padding
};

struct content {
    const char *name;
    size_t iv_size;
    uint64_t plain_size_max;
    bool resumable;
    uint64_t (*cipher_size)(uint64_t plain_size); // plain_size <= plain_size_max
    bool (*cipher_size_valid)(uint64_t cipher_size);
    uint64_t (*plain_size)(uint64_t cipher_size, bool *exact);
    struct cipher_range (*range)(uint64_t plain_offset, uint64_t plain_end, bool to_end,
                                 uint64_t cipher_size);
    int (*seal_start)(struct sealer *s, const uint8_t *key, const uint8_t *iv);
    int (*seal_finish)(struct sealer *s, const uint8_t *tail, size_t tail_len, uint8_t *out,
                       size_t *out_len);
    int (*open_start)(struct opener *o, const uint8_t *key); // key NULL: again under the same
    int (*open_update)(struct opener *o, const uint8_t *in, size_t len, uint8_t *out,
                       size_t *out_len);
    int (*open_finish)(struct opener *o, size_t *pad_len);
};

// ---- CBC ----

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

static uint64_t block_floor(uint64_t offset)
{
    return offset - offset % CIPHER_BLOCK_SIZE;
}

static struct cipher_range cbc_range(uint64_t plain_offset, uint64_t plain_end, bool to_end,
                                     uint64_t cipher_size)
{
    uint64_t start = block_floor(plain_offset);
    // The last byte wanted is plain_end - 1; its block ends here.
    uint64_t end = to_end ? cipher_size : block_floor(plain_end - 1) + CIPHER_BLOCK_SIZE;
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

static int decrypt_pieces(EVP_CIPHER_CTX *evp, const uint8_t *in, size_t len, uint8_t *out,
                          size_t *out_len)
{
    *out_len = 0;
    while (len > 0) {
        size_t piece = len < PIECE_MAX ? len : PIECE_MAX;
        int opened = 0;
        if (EVP_DecryptUpdate(evp, out + *out_len, &opened, in, (int)piece) != 1 || opened < 0)
            return err_set(-EIO, "OpenSSL failed to decrypt");
        *out_len += (size_t)opened;
        in += piece;
        len -= piece;
    }
    return 0;
}

static int cbc_open_update(struct opener *o, const uint8_t *in, size_t len, uint8_t *out,
                           size_t *out_len)
{
    size_t used = 0;
    *out_len = 0;
    int rc = cbc_open_lead(o, in, len, &used);
    if (rc < 0)
        return rc;
    rc = decrypt_pieces(o->evp, in + used, len - used, out, out_len);
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
        return err_set(-EIO, "the content does not decrypt: the object is damaged, or was not "
                             "encrypted under this key");
    *pad_len = pad;
    return 0;
}

// ---- the table ----

static const struct content CONTENT[] = {
    [CONTENT_CBC] =
        {
            .name = "AES/CBC/PKCS5Padding", // Java's name of PKCS#7, as the envelopes have it
            .iv_size = CIPHER_BLOCK_SIZE,
            .plain_size_max = CBC_CIPHER_SIZE_MAX - 1,
            .resumable = true,
            .cipher_size = cbc_cipher_size,
            .cipher_size_valid = cbc_cipher_size_valid,
            .plain_size = cbc_plain_size,
            .range = cbc_range,
            .seal_start = cbc_seal_start,
            .seal_finish = cbc_seal_finish,
            .open_start = cbc_open_start,
            .open_update = cbc_open_update,
            .open_finish = cbc_open_finish,
        },
};

static const struct content *content_of(enum content_alg alg)
{
    assert((size_t)alg < sizeof CONTENT / sizeof *CONTENT);
    return &CONTENT[alg];
}

const char *content_alg_name(enum content_alg alg)
{
    return content_of(alg)->name;
}

size_t content_iv_size(enum content_alg alg)
{
    return content_of(alg)->iv_size;
}

uint64_t content_plain_size_max(enum content_alg alg)
{
    return content_of(alg)->plain_size_max;
}

bool content_resumable(enum content_alg alg)
{
    return content_of(alg)->resumable;
}

uint64_t content_cipher_size(enum content_alg alg, uint64_t plain_size)
{
    const struct content *c = content_of(alg);
    return plain_size <= c->plain_size_max ? c->cipher_size(plain_size) : UINT64_MAX;
}

bool content_cipher_size_valid(enum content_alg alg, uint64_t cipher_size)
{
    return content_of(alg)->cipher_size_valid(cipher_size);
}

uint64_t content_plain_size(enum content_alg alg, uint64_t cipher_size, bool *exact)
{
    const struct content *c = content_of(alg);
    assert(c->cipher_size_valid(cipher_size));
    return c->plain_size(cipher_size, exact);
}

struct cipher_range content_range(enum content_alg alg, uint64_t plain_offset, uint64_t plain_len,
                                  uint64_t plain_end_exact, uint64_t cipher_size)
{
    assert(plain_offset <= plain_end_exact);
    assert(content_cipher_size(alg, plain_end_exact) == cipher_size);
    bool to_end = plain_len >= plain_end_exact - plain_offset;
    uint64_t plain_end = to_end ? plain_end_exact : plain_offset + plain_len;
    if (plain_end == plain_offset && !to_end)
        return (struct cipher_range){.plain_offset = block_floor(plain_offset)};
    struct cipher_range r = content_of(alg)->range(plain_offset, plain_end, to_end, cipher_size);
    assert(r.cipher_len > 0 && r.cipher_offset + r.cipher_len <= cipher_size);
    return r;
}

struct cipher_range content_tail_range(enum content_alg alg, uint64_t cipher_size)
{
    bool exact;
    uint64_t plain_size = content_plain_size(alg, cipher_size, &exact);
    return content_range(alg, plain_size, 0, plain_size, cipher_size);
}

// ---- sealing ----

static int sealer_start(struct sealer **out, const struct content *content,
                        const struct secret *key, const uint8_t *iv)
{
    assert(secret_size(key) == CIPHER_KEY_SIZE);
    CLEANUP(sealer_freep) struct sealer *s = calloc(1, sizeof *s);
    if (s == NULL || (s->evp = EVP_CIPHER_CTX_new()) == NULL)
        return err_set(-ENOMEM, "out of memory for a cipher");
    s->content = content;
    int rc = content->seal_start(s, secret_bytes(key), iv);
    if (rc == 0)
        *out = TAKE(s);
    return rc;
}

int sealer_new(struct sealer **out, enum content_alg alg, const struct secret *key,
               const uint8_t *iv)
{
    return sealer_start(out, content_of(alg), key, iv);
}

int sealer_resume(struct sealer **out, enum content_alg alg, const struct secret *key,
                  const uint8_t prev_block[static CIPHER_BLOCK_SIZE])
{
    assert(content_resumable(alg));
    return sealer_start(out, content_of(alg), key, prev_block);
}

static int sealer_count(struct sealer *s, size_t len)
{
    if (len > s->content->plain_size_max - s->plain_sealed) {
        s->spent = true;
        return err_set(-ENOSPC, "the file is larger than %s may encrypt under one key",
                       s->content->name);
    }
    s->plain_sealed += len;
    return 0;
}

int sealer_update(struct sealer *s, uint8_t *data, size_t len)
{
    assert(!s->spent && len % CIPHER_BLOCK_SIZE == 0);
    int rc = sealer_count(s, len);
    if (rc < 0)
        return rc;
    while (len > 0) {
        size_t piece = len < PIECE_MAX ? len : PIECE_MAX;
        int sealed = 0;
        if (EVP_EncryptUpdate(s->evp, data, &sealed, data, (int)piece) != 1) {
            s->spent = true;
            return err_set(-EIO, "OpenSSL failed to encrypt");
        }
        assert((size_t)sealed == piece); // in == out, or the object would be shifted
        data += piece;
        len -= piece;
    }
    return 0;
}

int sealer_finish(struct sealer *s, const uint8_t *tail, size_t tail_len,
                  uint8_t out[static CIPHER_FINISH_MAX], size_t *out_len)
{
    assert(!s->spent && tail_len < CIPHER_BLOCK_SIZE);
    int rc = sealer_count(s, tail_len);
    s->spent = true;
    if (rc < 0)
        return rc;
    rc = s->content->seal_finish(s, tail, tail_len, out, out_len);
    assert(rc < 0 ||
           s->content->cipher_size(s->plain_sealed) == s->plain_sealed - tail_len + *out_len);
    return rc;
}

void sealer_free(struct sealer *s)
{
    if (s == NULL)
        return;
    EVP_CIPHER_CTX_free(s->evp); // wipes the key schedule
    free(s);
}

// ---- opening ----

int opener_new(struct opener **out, enum content_alg alg, const struct secret *key,
               const uint8_t *iv, const struct cipher_range *range, uint64_t cipher_size)
{
    const struct content *content = content_of(alg);
    assert(secret_size(key) == CIPHER_KEY_SIZE && content->cipher_size_valid(cipher_size));
    assert(range->cipher_offset <= cipher_size &&
           range->cipher_len <= cipher_size - range->cipher_offset);
    CLEANUP(opener_freep) struct opener *o = calloc(1, sizeof *o);
    if (o == NULL || (o->evp = EVP_CIPHER_CTX_new()) == NULL)
        return err_set(-ENOMEM, "out of memory for a cipher");
    o->content = content;
    o->range = *range;
    o->to_end = range->cipher_offset + range->cipher_len == cipher_size;
    memcpy(o->iv, iv, content->iv_size);
    int rc = content->open_start(o, secret_bytes(key));
    if (rc == 0)
        *out = TAKE(o);
    return rc;
}

int opener_restart(struct opener *o)
{
    o->cipher_taken = 0;
    return o->content->open_start(o, NULL);
}

int opener_update(struct opener *o, const uint8_t *in, size_t len, uint8_t *out, size_t *out_len)
{
    *out_len = 0;
    if (len == 0)
        return 0;
    assert(out + len <= in || in + len <= out); // EVP reads ahead of what it writes
    if (len > o->range.cipher_len - o->cipher_taken)
        return err_set(-EIO, "the store sent more bytes than were asked for");
    int rc = o->content->open_update(o, in, len, out, out_len);
    o->cipher_taken += len;
    return rc;
}

int opener_finish(struct opener *o, size_t *pad_len)
{
    *pad_len = 0;
    if (o->cipher_taken != o->range.cipher_len)
        return err_set(-EIO, "the store sent fewer bytes than were asked for");
    return o->content->open_finish(o, pad_len);
}

void opener_free(struct opener *o)
{
    if (o == NULL)
        return;
    EVP_CIPHER_CTX_free(o->evp);
    secret_wipe(o, sizeof *o); // the last block is plaintext
    free(o);
}
