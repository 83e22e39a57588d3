// The table of content ciphers, and the streams over it, which know no algorithm by name. A sealer
// or opener is owned by its creator and used by one thread at a time; the key lives only in the EVP
// context, which OpenSSL wipes when it is freed.
#include "crypto/cipher_internal.h"

#include "common/err.h"

#include <assert.h>
#include <string.h>

// ---- pieces ----

int cipher_content_error(void)
{
    return err_set(-EIO, CONTENT_BAD_TEXT ": the object is damaged, or was not "
                                          "encrypted under this key");
}

int cipher_seal_pieces(EVP_CIPHER_CTX *evp, uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t piece = len < CIPHER_PIECE_MAX ? len : CIPHER_PIECE_MAX;
        int sealed = 0;
        if (EVP_EncryptUpdate(evp, data, &sealed, data, (int)piece) != 1)
            return err_set(-EIO, "OpenSSL failed to encrypt");
        assert((size_t)sealed == piece); // in == out, or the object would be shifted
        data += piece;
        len -= piece;
    }
    return 0;
}

int cipher_open_pieces(EVP_CIPHER_CTX *evp, const uint8_t *in, size_t len, uint8_t *out,
                       size_t *out_len)
{
    *out_len = 0;
    while (len > 0) {
        size_t piece = len < CIPHER_PIECE_MAX ? len : CIPHER_PIECE_MAX;
        int opened = 0;
        if (EVP_DecryptUpdate(evp, out + *out_len, &opened, in, (int)piece) != 1 || opened < 0)
            return err_set(-EIO, "OpenSSL failed to decrypt");
        *out_len += (size_t)opened;
        in += piece;
        len -= piece;
    }
    return 0;
}

// ---- the table ----

static const struct content *const CONTENT[] = {
    [CONTENT_CBC] = &CIPHER_CBC,
    [CONTENT_GCM] = &CIPHER_GCM,
    [CONTENT_GCM_COMMITTED] = &CIPHER_GCM_COMMITTED,
};

static const struct content *content_of(enum content_alg alg)
{
    assert((size_t)alg < sizeof CONTENT / sizeof *CONTENT);
    return CONTENT[alg];
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

bool content_authenticated(enum content_alg alg)
{
    return content_of(alg)->authenticated;
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
        return (struct cipher_range){.plain_offset = cipher_block_floor(plain_offset)};
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
    rc = cipher_seal_pieces(s->evp, data, len);
    s->spent = rc < 0;
    return rc;
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
    o->cipher_size = cipher_size;
    o->to_end = range->cipher_offset + range->cipher_len == cipher_size;
    o->whole = o->to_end && range->cipher_offset == 0;
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

bool opener_tag(const struct opener *o, uint8_t tag[static CIPHER_TAG_SIZE])
{
    if (!o->content->authenticated || !o->to_end || o->cipher_taken != o->range.cipher_len)
        return false;
    memcpy(tag, o->tag, CIPHER_TAG_SIZE);
    return true;
}

void opener_free(struct opener *o)
{
    if (o == NULL)
        return;
    EVP_CIPHER_CTX_free(o->evp);
    secret_wipe(o, sizeof *o); // the last block is plaintext
    free(o);
}

// ---- authenticating what was opened in ranges ----

#define CHECK_PIECE (32u << 10) // small enough for the processor's first cache

struct checker {
    struct sealer *sealer;
    uint8_t scratch[CHECK_PIECE + CIPHER_BLOCK_SIZE]; // ciphertext made again; nobody wants it
    uint8_t tail[CIPHER_BLOCK_SIZE];                  // plaintext short of a block
    size_t tail_len;
};

int checker_new(struct checker **out, enum content_alg alg, const struct secret *key,
                const uint8_t *iv)
{
    assert(content_authenticated(alg));
    CLEANUP(checker_freep) struct checker *c = calloc(1, sizeof *c);
    if (c == NULL)
        return err_set(-ENOMEM, "out of memory for a cipher");
    int rc = sealer_new(&c->sealer, alg, key, iv);
    if (rc == 0)
        *out = TAKE(c);
    return rc;
}

int checker_update(struct checker *c, const uint8_t *plain, size_t len)
{
    while (len > 0) {
        memcpy(c->scratch, c->tail, c->tail_len);
        size_t room = CHECK_PIECE - c->tail_len;
        size_t piece = len < room ? len : room;
        memcpy(c->scratch + c->tail_len, plain, piece);
        size_t have = c->tail_len + piece;
        size_t whole = have - have % CIPHER_BLOCK_SIZE;
        c->tail_len = have - whole;
        memcpy(c->tail, c->scratch + whole, c->tail_len);
        int rc = sealer_update(c->sealer, c->scratch, whole);
        if (rc < 0)
            return rc;
        plain += piece;
        len -= piece;
    }
    return 0;
}

int checker_finish(struct checker *c, const uint8_t tag[static CIPHER_TAG_SIZE])
{
    uint8_t end[CIPHER_FINISH_MAX];
    size_t end_len = 0;
    int rc = sealer_finish(c->sealer, c->tail, c->tail_len, end, &end_len);
    if (rc < 0)
        return rc;
    assert(end_len == c->tail_len + CIPHER_TAG_SIZE);
    return secret_equal(end + c->tail_len, tag, CIPHER_TAG_SIZE) ? 0 : cipher_content_error();
}

void checker_free(struct checker *c)
{
    if (c == NULL)
        return;
    sealer_free(c->sealer);
    secret_wipe(c, sizeof *c);
    free(c);
}
