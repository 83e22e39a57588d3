// The inside of the cipher files: the table's row, and what a stream carries from call to call. Not
// for use outside crypto/cipher*.c.
//
//   cipher.c      the table, and the streams over it, which know no algorithm by name
//   cipher_cbc.c  AES-256-CBC
//   cipher_gcm.c  AES-256-GCM, and the same with key commitment
#ifndef CRYPTO_CIPHER_INTERNAL_H
#define CRYPTO_CIPHER_INTERNAL_H

#include "crypto/cipher.h"

#include <openssl/evp.h>

// EVP counts in int; large pieces keep the per-call cost out of sight.
#define CIPHER_PIECE_MAX ((size_t)1 << 30)

struct content;

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
    uint64_t cipher_size;            // of the object
    bool to_end;                     // the range holds the object's last byte
    bool whole;                      // and its first: what is opened can be authenticated
    uint8_t iv[CIPHER_IV_MAX];       // the object's
    uint64_t cipher_taken;           // bytes of the range seen
    uint8_t lead[CIPHER_BLOCK_SIZE]; // CBC in the middle: the block before, it serves as IV
    uint8_t
        last_plain[CIPHER_BLOCK_SIZE]; // CBC: the newest plaintext block, in the end the padding
    uint8_t tag[CIPHER_TAG_SIZE];      // GCM: as far as the object's has come
};

struct content {
    const char *name;
    size_t iv_size;
    uint64_t plain_size_max;
    bool resumable;
    bool authenticated;
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

extern const struct content CIPHER_CBC, CIPHER_GCM, CIPHER_GCM_COMMITTED;

static inline uint64_t cipher_block_floor(uint64_t offset)
{
    return offset - offset % CIPHER_BLOCK_SIZE;
}

// EVP_EncryptUpdate and EVP_DecryptUpdate over any length, for modes that give every byte (or every
// whole block) out at once.
int cipher_seal_pieces(EVP_CIPHER_CTX *evp, uint8_t *data, size_t len) MUST_CHECK; // in place
int cipher_open_pieces(EVP_CIPHER_CTX *evp, const uint8_t *in, size_t len, uint8_t *out,
                       size_t *out_len) MUST_CHECK;

#endif
