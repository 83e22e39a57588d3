// What must hold of whole objects, from metadata to plaintext: each of the vectors, of every
// envelope, wrapping and cipher, is read; each negative one is refused where it must be; and an
// envelope that is written again is the same.
#include "common/err.h"
#include "crypto/envelope_fields.h"
#include "crypto/keyring_raw.h"
#include "tests/unit/crypto/vectors_read.h"

#include <stdio.h>

// What stands in for KMS: it has the vector's data key, under the context that it was made with.
struct kms {
    struct keyring base;
    const struct vector *vector;
};

static int kms_unwrap(struct keyring *k, const struct envelope *e, struct secret **key)
{
    const struct vector *v = ((struct kms *)k)->vector;
    assert_string_equal(v->wrapping, "kms");
    AUTO_KV struct kv context = {0};
    static const struct kv NONE = {0};
    assert_ok(description_parse(v->context, &context));
    // V1 has a description that is no context.
    assert_true(kv_equal(&context, e->wrap == WRAP_KMS_BLOB ? &NONE : &e->context));
    *key = vector_key(v);
    return 0;
}

static const struct keyring_ops KMS_OPS = {.unwrap = kms_unwrap};

// A keyring with the vectors' own AES and RSA keys in front of `kms`.
static struct keyring *raw_keyring(struct kms *kms)
{
    struct keyring *raw = NULL;
    char pem[4096];
    AUTO_SECRET struct secret *aes = NULL;
    AUTO_SECRET struct secret *rsa = NULL;
    FILE *file = fopen(VECTOR_RSA_KEY_FILE, "re");
    assert_non_null(file);
    size_t len = fread(pem, 1, sizeof pem, file);
    fclose(file);
    assert_ok(secret_from(&aes, VECTOR_AES_KEY_HEX "\n", strlen(VECTOR_AES_KEY_HEX) + 1));
    assert_ok(secret_from(&rsa, pem, len));
    assert_ok(keyring_raw_new(&raw, &kms->base));
    assert_ok(keyring_raw_add(raw, aes, "aes"));
    assert_ok(keyring_raw_add(raw, rsa, "rsa"));
    return raw;
}

static int parse(const struct vector *v, struct kv *metadata, struct envelope *e)
{
    enum envelope_found found = ENVELOPE_NONE;
    for (size_t i = 0; i < VECTOR_FIELDS_MAX && v->metadata[i].name != NULL; i++)
        assert_ok(kv_set(metadata, v->metadata[i].name, v->metadata[i].value));
    int rc = envelope_parse(metadata, e, &found);
    if (v->instruction == NULL) {
        assert_true(rc < 0 || found == ENVELOPE_PRESENT);
        return rc;
    }
    assert_ok(rc);
    assert_int_not_equal(found, ENVELOPE_PRESENT);
    assert_true(v->message_id_hex == NULL || found == ENVELOPE_ELSEWHERE);
    return envelope_parse_instruction(metadata, v->instruction, strlen(v->instruction), e);
}

struct ciphertext {
    uint8_t *bytes;
    size_t len;
};

// The stored bytes; long ones are sealed again and held against their digest.
static struct ciphertext ciphertext_of(const struct vector *v, const struct envelope *e,
                                       const struct secret *key)
{
    size_t whole = v->plain_len - v->plain_len % CIPHER_BLOCK_SIZE, end_len = 0;
    struct ciphertext c = {malloc(v->plain_len + CIPHER_FINISH_MAX), 0};
    assert_non_null(c.bytes);
    if (v->cipher_hex != NULL) {
        c.len = from_hex(v->cipher_hex, c.bytes, v->plain_len + CIPHER_FINISH_MAX);
        return c;
    }
    AUTO_FREE uint8_t *plain = vector_plain(v);
    CLEANUP(sealer_freep) struct sealer *s = NULL;
    uint8_t end[CIPHER_FINISH_MAX];
    char digest[65];
    memcpy(c.bytes, plain, whole);
    assert_ok(sealer_new(&s, e->content, key, e->iv));
    assert_ok(sealer_update(s, c.bytes, whole));
    assert_ok(sealer_finish(s, plain + whole, v->plain_len - whole, end, &end_len));
    memcpy(c.bytes + whole, end, end_len);
    c.len = whole + end_len;
    sha256_hex(c.bytes, c.len, digest);
    assert_string_equal(digest, v->cipher_sha256);
    return c;
}

static int open_all(const struct envelope *e, const struct secret *key, const struct ciphertext *c,
                    uint8_t *out, size_t *pad_len)
{
    size_t len = 0;
    struct cipher_range r = {.cipher_len = c->len};
    CLEANUP(opener_freep) struct opener *o = NULL;
    assert_ok(opener_new(&o, e->content, key, e->iv, &r, c->len));
    assert_ok(opener_update(o, c->bytes, c->len, out, &len));
    return opener_finish(o, pad_len);
}

static void check_rewritten(const struct envelope *e)
{
    AUTO_KV struct kv metadata = {0};
    AUTO_ENVELOPE struct envelope again = {0};
    enum envelope_found found = ENVELOPE_NONE;
    assert_ok(envelope_write(e, &metadata));
    assert_ok(envelope_parse(&metadata, &again, &found));
    assert_true(again.version == e->version && again.wrap == e->wrap &&
                again.content == e->content);
    assert_int_equal(again.wrapped_len, e->wrapped_len);
    assert_memory_equal(again.wrapped, e->wrapped, e->wrapped_len);
    assert_memory_equal(again.iv, e->iv, sizeof e->iv);
    assert_memory_equal(again.commitment, e->commitment, sizeof e->commitment);
    assert_true(kv_equal(&again.context, &e->context));
}

// Not read by design: the reason is in the text.
static bool refused_by_design(const struct vector *v, int rc)
{
    if (strcmp(v->family, "v1-rsa-cbc") == 0) {
        assert_int_equal(rc, -EACCES);
        assert_non_null(strstr(err_text(), "PKCS#1 v1.5"));
        return true;
    }
    return false;
}

static void check_object(const struct vector *v)
{
    AUTO_KV struct kv metadata = {0};
    AUTO_ENVELOPE struct envelope e = {0};
    AUTO_SECRET struct secret *key = NULL;
    struct kms kms = {.base = {.ops = &KMS_OPS}, .vector = v};
    size_t pad_len = 0;
    int rc = parse(v, &metadata, &e);
    if (refused_by_design(v, rc))
        return;
    if (rc < 0)
        fail_msg("%s: %s", v->name, err_text());
    const struct format *f = format_of(&e);
    if (f == NULL)
        fail_msg("%s: no format", v->name);
    format_set all = 0;
    assert_ok(format_set_parse("all", &all));
    assert_ok(format_set_check(all, &e));
    assert_int_equal(format_set_check(0, &e), -EACCES);
    assert_non_null(strstr(err_text(), f->name));
    struct keyring *raw = raw_keyring(&kms);
    assert_ok(raw->ops->unwrap(raw, &e, &key));
    keyring_free(raw);
    AUTO_SECRET struct secret *expected = vector_key(v);
    assert_memory_equal(secret_bytes(key), secret_bytes(expected), CIPHER_KEY_SIZE);
    assert_ok(envelope_check_key(&e, key));
    struct ciphertext c = ciphertext_of(v, &e, key);
    AUTO_FREE uint8_t *plain = vector_plain(v);
    AUTO_FREE uint8_t *out = malloc(c.len + CIPHER_BLOCK_SIZE);
    assert_ok(open_all(&e, key, &c, out, &pad_len));
    assert_int_equal(c.len - pad_len, v->plain_len);
    assert_memory_equal(out, plain, v->plain_len);
    if (content_authenticated(e.content)) {
        c.bytes[c.len / 2] ^= 1;
        assert_int_equal(open_all(&e, key, &c, out, &pad_len), -EIO);
    }
    free(c.bytes);
    check_rewritten(&e);
}

static void every_object_is_read(void **state)
{
    (void)state;
    VECTOR_EVERY(v)
    {
        if (v->refused == NULL)
            check_object(v);
    }
}

static void what_must_be_refused_is(void **state)
{
    (void)state;
    size_t count = 0;
    VECTOR_EVERY(v)
    {
        if (v->refused == NULL)
            continue;
        AUTO_KV struct kv metadata = {0};
        AUTO_ENVELOPE struct envelope e = {0};
        int rc = parse(v, &metadata, &e);
        count++;
        if (strcmp(v->refused, "envelope") == 0) {
            assert_true(rc == -EIO || rc == -EACCES);
            continue;
        }
        // "key": a data key of 128 bits, which is for who unwraps it to refuse.
        if (refused_by_design(v, rc))
            continue;
        assert_ok(rc);
        if (strcmp(v->refused, "commitment") == 0) {
            AUTO_SECRET struct secret *key = NULL; // any key: it commits to none of them
            assert_ok(secret_random(&key, CIPHER_KEY_SIZE));
            assert_int_equal(envelope_check_key(&e, key), -EIO);
        }
    }
    assert_true(count >= 3);
}

static void commitments_are_as_published(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof KDF_VECTORS / sizeof *KDF_VECTORS; i++) {
        const struct kdf_vector *v = &KDF_VECTORS[i];
        uint8_t bytes[CIPHER_KEY_SIZE], id[CIPHER_MESSAGE_ID_SIZE];
        uint8_t made[CIPHER_COMMITMENT_SIZE], expected[CIPHER_COMMITMENT_SIZE];
        AUTO_SECRET struct secret *key = NULL;
        assert_int_equal(from_hex(v->data_key_hex, bytes, sizeof bytes), sizeof bytes);
        assert_int_equal(from_hex(v->message_id_hex, id, sizeof id), sizeof id);
        assert_int_equal(from_hex(v->commitment_hex, expected, sizeof expected), sizeof expected);
        assert_ok(secret_from(&key, bytes, sizeof bytes));
        assert_ok(content_commitment(key, id, made));
        assert_memory_equal(made, expected, sizeof made);
    }
}

// ---- raw keys ----

static const struct vector *vector_named(const char *name)
{
    VECTOR_EVERY(v)
    {
        if (strcmp(v->name, name) == 0)
            return v;
    }
    fail_msg("no vector %s", name);
    return NULL;
}

static void a_wrapped_key_that_was_touched_does_not_open(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"v2-aesgcm-gcm-16", "v2-aeswrap-gcm-16", "v3-aesgcm-kc-16"};
    for (size_t n = 0; n < sizeof NAMES / sizeof *NAMES; n++) {
        const struct vector *v = vector_named(NAMES[n]);
        struct kms kms = {.base = {.ops = &KMS_OPS}, .vector = v};
        AUTO_KV struct kv metadata = {0};
        AUTO_ENVELOPE struct envelope e = {0};
        assert_ok(parse(v, &metadata, &e));
        struct keyring *raw = raw_keyring(&kms);
        struct secret *key = NULL;
        for (size_t bit = 0; bit < e.wrapped_len * 8; bit++) {
            e.wrapped[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(raw->ops->unwrap(raw, &e, &key), -EACCES);
            e.wrapped[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        e.wrapped_len--;
        assert_int_equal(raw->ops->unwrap(raw, &e, &key), -EACCES);
        assert_null(key);
        keyring_free(raw);
    }
}

// The content cipher is part of what AES/GCM and OAEP wrap.
static void an_object_relabelled_to_another_cipher_does_not_open(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"v2-aesgcm-gcm-16", "v3-aesgcm-kc-16"};
    for (size_t n = 0; n < sizeof NAMES / sizeof *NAMES; n++) {
        const struct vector *v = vector_named(NAMES[n]);
        struct kms kms = {.base = {.ops = &KMS_OPS}, .vector = v};
        AUTO_KV struct kv metadata = {0};
        AUTO_ENVELOPE struct envelope e = {0};
        assert_ok(parse(v, &metadata, &e));
        e.content = CONTENT_CBC;
        struct keyring *raw = raw_keyring(&kms);
        struct secret *key = NULL;
        assert_int_equal(raw->ops->unwrap(raw, &e, &key), -EACCES);
        keyring_free(raw);
    }
}

static void what_is_no_key_is_refused_as_key_file(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "x", "0123456789abcdef0123456789abcde",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"};
    struct kms kms = {.base = {.ops = &KMS_OPS}};
    struct keyring *raw = NULL;
    assert_ok(keyring_raw_new(&raw, &kms.base));
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        AUTO_SECRET struct secret *content = NULL;
        assert_ok(secret_from(&content, BAD[i], strlen(BAD[i])));
        assert_int_equal(keyring_raw_add(raw, content, "k.pem"), -EINVAL);
        assert_non_null(strstr(err_text(), "k.pem"));
    }
    keyring_free(raw);
}

static int start(void **state)
{
    (void)state;
    return secret_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_object_is_read),
        cmocka_unit_test(what_must_be_refused_is),
        cmocka_unit_test(commitments_are_as_published),
        cmocka_unit_test(a_wrapped_key_that_was_touched_does_not_open),
        cmocka_unit_test(an_object_relabelled_to_another_cipher_does_not_open),
        cmocka_unit_test(what_is_no_key_is_refused_as_key_file),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
