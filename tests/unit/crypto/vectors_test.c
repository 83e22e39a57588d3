// The vectors themselves, by OpenSSL alone: every object is what its data key, IV and algorithm
// make of its plaintext, so that a failure elsewhere is never the table's. No code of ours is in
// between.
#include "common/err.h"
#include "tests/unit/crypto/vectors_read.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdbool.h>

#define TAG_SIZE 16

static const uint8_t SUITE[2] = {0x00, 0x73};

// One block of HKDF-Expand (RFC 5869): HMAC-SHA512(prk, suite || label || 1).
static void expand(const uint8_t *prk, const char *label, uint8_t out[static 64])
{
    uint8_t info[2 + 9 + 1] = {SUITE[0], SUITE[1]};
    assert_int_equal(strlen(label), 9);
    memcpy(info + 2, label, 9);
    info[11] = 1;
    assert_non_null(HMAC(EVP_sha512(), prk, 64, info, sizeof info, out, NULL));
}

static void derive(const uint8_t *key, const uint8_t *message_id, uint8_t content_key[static 64],
                   uint8_t commitment[static 64])
{
    uint8_t prk[64];
    assert_non_null(HMAC(EVP_sha512(), message_id, 28, key, 32, prk, NULL));
    expand(prk, "DERIVEKEY", content_key);
    expand(prk, "COMMITKEY", commitment);
}

struct sealing {
    const EVP_CIPHER *cipher;
    const uint8_t *key, *iv, *aad;
    size_t aad_len;
    bool tagged;
};

// The length of out: padded for CBC, with the tag behind it for GCM.
static size_t seal(const struct sealing *s, const uint8_t *plain, size_t len, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int piece = 0;
    size_t total = 0;
    assert_non_null(ctx);
    assert_int_equal(EVP_EncryptInit_ex(ctx, s->cipher, NULL, s->key, s->iv), 1);
    if (s->aad_len > 0)
        assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &piece, s->aad, (int)s->aad_len), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, out, &piece, plain, (int)len), 1);
    total = (size_t)piece;
    assert_int_equal(EVP_EncryptFinal_ex(ctx, out + total, &piece), 1);
    total += (size_t)piece;
    if (s->tagged) {
        assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, out + total), 1);
        total += TAG_SIZE;
    }
    EVP_CIPHER_CTX_free(ctx);
    return total;
}

static size_t seal_v3(const struct vector *v, const uint8_t *key, const uint8_t *plain,
                      uint8_t *out)
{
    uint8_t message_id[28], commitment[28], content_key[64], derived[64], iv[12];
    assert_int_equal(from_hex(v->message_id_hex, message_id, 28), 28);
    assert_int_equal(from_hex(v->commitment_hex, commitment, 28), 28);
    derive(key, message_id, content_key, derived);
    assert_memory_equal(derived, commitment, 28);
    memset(iv, 1, sizeof iv);
    const struct sealing s = {EVP_aes_256_gcm(), content_key, iv, SUITE, sizeof SUITE, true};
    return seal(&s, plain, v->plain_len, out);
}

static size_t seal_vector(const struct vector *v, const uint8_t *plain, uint8_t *out)
{
    uint8_t key[32], iv[16];
    assert_int_equal(from_hex(v->key_hex, key, sizeof key), sizeof key);
    if (v->message_id_hex != NULL)
        return seal_v3(v, key, plain, out);
    bool gcm = from_hex(v->iv_hex, iv, sizeof iv) == 12;
    const struct sealing s = {gcm ? EVP_aes_256_gcm() : EVP_aes_256_cbc(), key, iv, NULL, 0, gcm};
    return seal(&s, plain, v->plain_len, out);
}

static void check_cipher(const struct vector *v, const uint8_t *cipher, size_t len)
{
    char digest[65];
    sha256_hex(cipher, len, digest);
    if (v->cipher_sha256[0] != '\0')
        assert_string_equal(digest, v->cipher_sha256);
    if (v->cipher_hex == NULL)
        return;
    uint8_t *expected = malloc(len);
    assert_non_null(expected);
    assert_int_equal(from_hex(v->cipher_hex, expected, len), len);
    assert_memory_equal(cipher, expected, len);
    free(expected);
}

static void every_object_is_its_plaintext_sealed(void **state)
{
    (void)state;
    size_t count = 0;
    VECTOR_EVERY(v)
    {
        if (v->refused != NULL)
            continue;
        uint8_t *plain = vector_plain(v);
        uint8_t *cipher = malloc(v->plain_len + TAG_SIZE);
        assert_non_null(cipher);
        check_cipher(v, cipher, seal_vector(v, plain, cipher));
        free(cipher);
        free(plain);
        count++;
    }
    assert_int_equal(count, 72 + 6 + 42); // own, quoted, further ones
}

static void keys_and_commitments_are_derived_as_published(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof KDF_VECTORS / sizeof *KDF_VECTORS; i++) {
        const struct kdf_vector *v = &KDF_VECTORS[i];
        uint8_t key[32], id[28], content[64], commitment[64], expected[32];
        assert_int_equal(from_hex(v->data_key_hex, key, 32), 32);
        assert_int_equal(from_hex(v->message_id_hex, id, 28), 28);
        derive(key, id, content, commitment);
        assert_int_equal(from_hex(v->content_key_hex, expected, 32), 32);
        assert_memory_equal(content, expected, 32);
        assert_int_equal(from_hex(v->commitment_hex, expected, 32), 28);
        assert_memory_equal(commitment, expected, 28);
    }
}

static void gcm_alone_is_as_published(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof GCM_VECTORS / sizeof *GCM_VECTORS; i++) {
        const struct gcm_vector *v = &GCM_VECTORS[i];
        uint8_t key[32], iv[12], aad[64], plain[64], out[64 + TAG_SIZE], expected[64 + TAG_SIZE];
        bool small = from_hex(v->key_hex, key, sizeof key) == 16;
        assert_int_equal(from_hex(v->iv_hex, iv, sizeof iv), 12);
        size_t aad_len = from_hex(v->aad_hex, aad, sizeof aad);
        size_t plain_len = from_hex(v->plaintext_hex, plain, sizeof plain);
        size_t len = from_hex(v->ciphertext_hex, expected, 64);
        len += from_hex(v->tag_hex, expected + len, TAG_SIZE);
        const struct sealing s = {
            small ? EVP_aes_128_gcm() : EVP_aes_256_gcm(), key, iv, aad, aad_len, true};
        assert_int_equal(seal(&s, plain, plain_len, out), len);
        assert_memory_equal(out, expected, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_object_is_its_plaintext_sealed),
        cmocka_unit_test(keys_and_commitments_are_derived_as_published),
        cmocka_unit_test(gcm_alone_is_as_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
