// The vectors and what tests do with them: bytes of hex, plaintexts of labels, digests.
#ifndef TESTS_UNIT_CRYPTO_VECTORS_READ_H
#define TESTS_UNIT_CRYPTO_VECTORS_READ_H

#include "common/secret.h"
#include "tests/unit/test.h"

#include <openssl/sha.h>

#define VECTOR_FIELDS_MAX 8

// One object. Its data key is given: `kms` cases need no KMS, the other wraps can be undone with
// VECTOR_AES_KEY_HEX or the RSA key in VECTOR_RSA_KEY_FILE and must give key_hex.
struct vector {
    const char *name;        // "v2-kms-cbc-17"
    const char *family;      // "v2-kms-cbc"
    const char *refused;     // NULL; else where it must fail: "envelope", "key", "commitment"
    const char *plain_label; // the plaintext is made of it (NULL: it is plain_hex)
    size_t plain_len;
    const char *plain_hex;
    const char *cipher_hex;    // NULL for long ones
    const char *cipher_sha256; // "" for the quoted ones
    const char *key_hex;       // the data key
    const char *wrapping;      // "kms", "aes", "rsa": whose key wraps the data key
    const char *context;       // kms: the encryption context as JSON, "{}" for none; else NULL
    const char *iv_hex;        // V1, V2
    const char *message_id_hex, *commitment_hex; // V3
    const char *instruction; // body of the instruction file, NULL: there is none
    struct {
        const char *name;
        const char *value;
    } metadata[VECTOR_FIELDS_MAX]; // the object's own, in the order of the writer; then NULL
};

// V3: what is derived from a data key and a message id.
struct kdf_vector {
    const char *name, *data_key_hex, *message_id_hex, *content_key_hex, *commitment_hex;
};

// AES-GCM alone; the first three keys have 128 bits.
struct gcm_vector {
    const char *name, *key_hex, *iv_hex, *aad_hex, *plaintext_hex, *ciphertext_hex, *tag_hex;
};

#include "tests/unit/crypto/vectors.h"

#define VECTORS_COUNT   (sizeof VECTORS / sizeof *VECTORS)
#define VECTOR_EVERY(v) for (const struct vector *v = VECTORS; v < VECTORS + VECTORS_COUNT; v++)
#define VECTOR_OF(v, f)                                                                            \
    VECTOR_EVERY(v)                                                                                \
    if (strcmp(v->family, f) == 0 && v->refused == NULL)
// V2 `kms` AES-CBC, the format "rds".
#define VECTOR_EACH(v) VECTOR_OF(v, "v2-kms-cbc")

static inline size_t from_hex(const char *hex, uint8_t *out, size_t max)
{
    size_t len = strlen(hex) / 2;
    assert_true(len <= max);
    for (size_t i = 0; i < len; i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
    return len;
}

// Bytes that depend on a label only: digests of "bakfs-s3ec/<label>/<counter>" one after another.
static inline void from_label(const char *label, uint8_t *out, size_t len)
{
    for (size_t done = 0, i = 0; done < len; i++) {
        char text[80];
        uint8_t digest[SHA256_DIGEST_LENGTH];
        snprintf(text, sizeof text, "bakfs-s3ec/%s/%zu", label, i);
        SHA256((const uint8_t *)text, strlen(text), digest);
        size_t piece = len - done < sizeof digest ? len - done : sizeof digest;
        memcpy(out + done, digest, piece);
        done += piece;
    }
}

static inline void sha256_hex(const uint8_t *data, size_t len, char out[static 65])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(data, len, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static inline uint8_t *vector_plain(const struct vector *v)
{
    uint8_t *plain = malloc(v->plain_len + 1);
    assert_non_null(plain);
    if (v->plain_hex != NULL)
        from_hex(v->plain_hex, plain, v->plain_len);
    else
        from_label(v->plain_label, plain, v->plain_len);
    return plain;
}

static inline struct secret *vector_key(const struct vector *v)
{
    uint8_t key[32];
    struct secret *secret = NULL;
    assert_int_equal(from_hex(v->key_hex, key, sizeof key), sizeof key);
    assert_int_equal(secret_from(&secret, key, sizeof key), 0);
    return secret;
}

#endif
