// What must hold of the envelope: what Amazon's clients write is read, what we write is theirs
// byte for byte, and everything else is refused with its defect named.
#include "common/err.h"
#include "crypto/envelope.h"
#include "tests/unit/crypto/vectors_read.h"

#define KEY_ARN "arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-444444444444"

// A valid V2 envelope to spoil.
static void valid(struct kv *m)
{
    kv_clear(m);
    assert_ok(kv_set(m, "x-amz-key-v2", "d3JhcHBlZCBrZXk="));
    assert_ok(kv_set(m, "x-amz-iv", "AAECAwQFBgcICQoLDA0ODw=="));
    assert_ok(kv_set(m, "x-amz-cek-alg", "AES/CBC/PKCS5Padding"));
    assert_ok(kv_set(m, "x-amz-wrap-alg", "kms"));
    assert_ok(kv_set(m, "x-amz-matdesc", "{\"kms_cmk_id\":\"" KEY_ARN "\"}"));
}

static int parse(const struct kv *m)
{
    AUTO_ENVELOPE struct envelope e = {0};
    enum envelope_found found = ENVELOPE_NONE;
    int rc = envelope_parse(m, &e, &found);
    assert_true(rc == 0 || e.context.pairs == NULL);
    assert_true(rc < 0 || found == ENVELOPE_PRESENT);
    return rc;
}

static void the_vectors_are_read(void **state)
{
    (void)state;
    VECTOR_EACH(v)
    {
        AUTO_KV struct kv m = {0};
        for (size_t i = 0; i < 6 && v->metadata[i].name != NULL; i++)
            assert_ok(kv_set(&m, v->metadata[i].name, v->metadata[i].value));
        AUTO_ENVELOPE struct envelope e;
        enum envelope_found found = ENVELOPE_NONE;
        assert_ok(envelope_parse(&m, &e, &found));
        assert_int_equal(found, ENVELOPE_PRESENT);
        assert_true(e.version == ENVELOPE_V2 && e.wrap == WRAP_KMS && e.content == CONTENT_CBC);
        uint8_t iv[CIPHER_BLOCK_SIZE];
        from_hex(v->iv_hex, iv, sizeof iv);
        assert_memory_equal(e.iv, iv, sizeof iv);
        if (v->plain_label == NULL)
            continue;
        assert_int_equal(e.wrapped_len, 184);
        assert_int_equal(e.context.count, 1);
        assert_string_equal(kv_get(&e.context, ENVELOPE_KMS_CMK_ID), KEY_ARN);
        assert_true(e.has_plain_size && e.plain_size == v->plain_len);
        AUTO_KV struct kv again = {0};
        assert_ok(envelope_write(&e, &again));
        assert_true(kv_equal(&m, &again));
    }
}

static void what_is_written_is_exactly_the_clients_form(void **state)
{
    (void)state;
    const struct format *f = NULL;
    assert_ok(format_find("rds", &f));
    AUTO_ENVELOPE struct envelope e = {
        .version = f->version, .wrap = f->wrap, .content = f->content, .wrapped_len = 3};
    memcpy(e.wrapped, "\xff\xfe\xfd", 3);
    assert_ok(envelope_context(f, KEY_ARN, NULL, &e.context));
    AUTO_KV struct kv m = {0};
    assert_ok(kv_set(&m, "owner", "dba"));
    assert_ok(kv_set(&m, "X-Amz-Key-V2", "old"));
    assert_ok(kv_set(&m, "x-amz-3", "older"));
    assert_ok(kv_set(&m, "x-amz-unencrypted-content-length", "77"));
    assert_ok(kv_set(&m, "x-amz-unencrypted-content-md5", "77"));
    assert_ok(envelope_write(&e, &m));
    assert_int_equal(m.count, 6); // no stale length, no digest, no second key
    assert_string_equal(kv_get(&m, "owner"), "dba");
    assert_string_equal(kv_get(&m, "x-amz-key-v2"), "//79");
    assert_string_equal(kv_get(&m, "x-amz-iv"), "AAAAAAAAAAAAAAAAAAAAAA==");
    assert_string_equal(kv_get(&m, "x-amz-cek-alg"), "AES/CBC/PKCS5Padding");
    assert_string_equal(kv_get(&m, "x-amz-wrap-alg"), "kms");
    assert_string_equal(kv_get(&m, "x-amz-matdesc"), "{\"kms_cmk_id\":\"" KEY_ARN "\"}");
    e.has_plain_size = true;
    e.plain_size = 5497558138879;
    assert_ok(envelope_write(&e, &m));
    assert_string_equal(kv_get(&m, ENVELOPE_PLAIN_LENGTH), "5497558138879");
    assert_int_equal(m.count, 7);
}

static void a_context_beyond_ascii_goes_through_a_header(void **state)
{
    (void)state;
    AUTO_ENVELOPE struct envelope e = {.version = ENVELOPE_V2, .wrapped_len = 1};
    assert_ok(kv_set(&e.context, "b/\"\\",
                     "Gr\xc3\xbc\xc3\x9f"
                     "e \xf0\x9f\x98\x80\n"));
    assert_ok(kv_set(&e.context, "a", ""));
    AUTO_KV struct kv m = {0};
    assert_ok(envelope_write(&e, &m));
    assert_string_equal(kv_get(&m, "x-amz-matdesc"),
                        "{\"b/\\\"\\\\\":\"Gr\\u00FC\\u00DFe \\uD83D\\uDE00\\n\",\"a\":\"\"}");
    AUTO_ENVELOPE struct envelope back;
    enum envelope_found found;
    assert_ok(envelope_parse(&m, &back, &found));
    assert_true(kv_equal(&e.context, &back.context));
    assert_string_equal(back.context.pairs[0].name, "b/\"\\"); // in their order

    assert_ok(kv_set(&e.context, "a", "\xff"));
    size_t count = m.count;
    assert_int_equal(envelope_write(&e, &m), -EIO);
    assert_int_equal(m.count, count); // untouched
}

static void names_count_in_any_case_and_empty_values_do_not(void **state)
{
    (void)state;
    AUTO_KV struct kv m = {0};
    assert_ok(kv_set(&m, "X-Amz-Key-V2", "d3JhcHBlZCBrZXk="));
    assert_ok(kv_set(&m, "X-AMZ-IV", "AAECAwQFBgcICQoLDA0ODw=="));
    assert_ok(kv_set(&m, "X-Amz-Cek-Alg", "AES/CBC/PKCS7Padding"));
    assert_ok(kv_set(&m, "x-amz-Wrap-Alg", "kms"));
    assert_ok(kv_set(&m, "X-Amz-Matdesc", "{ \"kms_cmk_id\" : \"k\" , \"team\" : \"a\" }"));
    static const char *const EMPTY[] = {
        "x-amz-m",   "x-amz-t",      "x-amz-3",
        "x-amz-key", "x-amz-key-v9", "x-amz-tag-len",
        "x-amz-c",   "x-amz-key-V2", "x-amz-unencrypted-content-length"};
    for (size_t i = 0; i < sizeof EMPTY / sizeof *EMPTY; i++)
        assert_ok(kv_set(&m, EMPTY[i], ""));
    AUTO_ENVELOPE struct envelope e;
    enum envelope_found found = ENVELOPE_NONE;
    assert_ok(envelope_parse(&m, &e, &found));
    assert_int_equal(found, ENVELOPE_PRESENT);
    assert_int_equal(e.context.count, 2);
    assert_false(e.has_plain_size);
    envelope_strip(&m);
    assert_int_equal(m.count, 0);
}

static void an_object_without_any_key_is_plaintext(void **state)
{
    (void)state;
    AUTO_KV struct kv m = {0};
    AUTO_ENVELOPE struct envelope e = {0};
    enum envelope_found found = ENVELOPE_PRESENT;
    assert_ok(envelope_parse(&m, &e, &found));
    assert_int_equal(found, ENVELOPE_NONE);
    assert_ok(kv_set(&m, "mtime", "1"));
    assert_ok(kv_set(&m, "x-amz-key", ""));
    assert_ok(kv_set(&m, "x-amz-keys", "1"));
    assert_ok(kv_set(&m, "x-amz-unencrypted-content-md5", "1"));
    found = ENVELOPE_PRESENT;
    assert_ok(envelope_parse(&m, &e, &found));
    assert_int_equal(found, ENVELOPE_NONE);
}

// One change to a valid envelope, and what must come of it.
struct change {
    const char *name;
    const char *value; // NULL: removed
    int rc;
    const char *says;
};

static const struct change CHANGES[] = {
    // a second key, another version's fields
    {"x-amz-key", "AAAA", -EIO, "both x-amz-key and x-amz-key-v2"},
    {"x-amz-3", "AAAA", -EIO, "both x-amz-key-v2 and x-amz-3"},
    {"X-Amz-Key", "AAAA", -EIO, "both"},
    {"x-amz-key-v3", "AAAA", -EIO, "both x-amz-key-v2 and x-amz-key-*"},
    {"X-AMZ-KEY-V2", "AAAA", -EIO, "x-amz-key-v2 stands there twice"},
    {"x-amz-c", "115", -EIO, "x-amz-c stands beside x-amz-key-v2"},
    {"x-amz-w", "12", -EIO, "x-amz-w"},
    {"x-amz-d", "AAAA", -EIO, "x-amz-d"},
    {"x-amz-i", "AAAA", -EIO, "x-amz-i"},
    {"x-amz-t", "{}", -EIO, "x-amz-t"},
    {"x-amz-m", "{}", -EIO, "x-amz-m"},
    // algorithms
    {"x-amz-cek-alg", "AES/GCM/NoPadding", -EIO, "x-amz-tag-len is missing"},
    {"x-amz-cek-alg", "aes/cbc/pkcs5padding", -EIO, "'aes/cbc/pkcs5padding'"},
    {"x-amz-cek-alg", "AES/CTR/NoPadding", -EIO, "unknown x-amz-cek-alg 'AES/CTR/NoPadding'"},
    {"x-amz-cek-alg", NULL, -EIO, "x-amz-cek-alg is missing"},
    {"x-amz-wrap-alg", "kms+context", -EIO, "names the cipher '(none)'"},
    {"x-amz-wrap-alg", "AESWrap", 0, NULL}, // a pair that no client writes: format_set_check
    {"x-amz-wrap-alg", "KMS", -EIO, "unknown x-amz-wrap-alg 'KMS'"},
    {"x-amz-wrap-alg", "", -EIO, "x-amz-wrap-alg is missing"},
    {"x-amz-tag-len", "128", -EIO, "x-amz-tag-len '128'"},
    {"x-amz-tag-len", "0", 0, NULL}, // the C++ client
    // bytes
    {"x-amz-iv", "AAECAwQFBgcICQo=", -EIO, "x-amz-iv has 11 bytes instead of 16"},
    {"x-amz-iv", "AAECAwQFBgcICQoL", -EIO, "12 bytes instead of 16"}, // GCM called CBC
    {"x-amz-iv", "AAECAwQFBgcICQoLDA0O", -EIO, "15 bytes instead of 16"},
    {"x-amz-iv", "AAECAwQFBgcICQoLDA0ODxA=", -EIO, "17 bytes instead of 16"},
    {"x-amz-iv", "AAECAwQFBgcICQoLDA0ODw", -EIO, "x-amz-iv: not base64"},
    {"x-amz-iv", "AAECAwQFBgcICQoLDA0ODx==", -EIO, "x-amz-iv: not base64"}, // loose bits
    {"x-amz-iv", NULL, -EIO, "x-amz-iv is missing"},
    {"x-amz-key-v2", "d3JhcHBlZCBrZXk", -EIO, "x-amz-key-v2: not base64"},
    {"x-amz-key-v2", " d3JhcHBlZCBrZXk=", -EIO, "x-amz-key-v2: not base64"},
    {"x-amz-key-v2", "", -EIO, "without a wrapped key"},
    // the description
    {"x-amz-matdesc", NULL, -EIO, "x-amz-matdesc is missing"},
    {"x-amz-matdesc", "{}", 0, NULL}, // whether it is the key's, KMS says
    {"x-amz-matdesc", "kms_cmk_id", -EIO, "not JSON"},
    {"x-amz-matdesc", "[]", -EIO, "not a JSON object"},
    {"x-amz-matdesc", "[\"kms_cmk_id\"]", -EIO, "not a JSON object"},
    {"x-amz-matdesc", "\"kms_cmk_id\"", -EIO, "matdesc"},
    {"x-amz-matdesc", "{\"kms_cmk_id\":1}", -EIO, "'kms_cmk_id' is not a string"},
    {"x-amz-matdesc", "{\"kms_cmk_id\":null}", -EIO, "not a string"},
    {"x-amz-matdesc", "{\"kms_cmk_id\":{\"a\":\"b\"}}", -EIO, "not a string"},
    {"x-amz-matdesc", "{\"a\":\"b\",\"a\":\"c\"}", -EIO, "duplicate"},
    {"x-amz-matdesc", "{\"a\":\"b\"} ", 0, NULL},
    {"x-amz-matdesc", "{\"a\":\"b\"}x", -EIO, "not JSON"},
    {"x-amz-matdesc", "{\"a\":\"b\\u0000c\"}", -EIO, "not JSON"},
    {"x-amz-matdesc", "{\"a\":\"\xff\"}", -EIO, "not JSON"},
    {"x-amz-matdesc", "{\"a\":\"b\"", -EIO, "not JSON"},
    // the claimed length
    {"x-amz-unencrypted-content-length", "0", 0, NULL},
    {"x-amz-unencrypted-content-length", "4503599627370495", 0, NULL},
    {"x-amz-unencrypted-content-length", "4503599627370496", -EIO, "is not a size"},
    {"x-amz-unencrypted-content-length", "18446744073709551617", -EIO, "is not a size"},
    {"x-amz-unencrypted-content-length", "-1", -EIO, "'-1' is not a size"},
    {"x-amz-unencrypted-content-length", " 1", -EIO, "is not a size"},
    {"x-amz-unencrypted-content-length", "1.0", -EIO, "is not a size"},
    {"x-amz-unencrypted-content-length", "0x10", -EIO, "is not a size"},
    {"x-amz-unencrypted-content-md5", "nonsense", 0, NULL},
};

static void every_defect_is_refused_and_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CHANGES / sizeof *CHANGES; i++) {
        const struct change *c = &CHANGES[i];
        AUTO_KV struct kv m = {0};
        valid(&m);
        if (c->value == NULL)
            kv_remove(&m, c->name);
        else
            assert_ok(kv_set(&m, c->name, c->value));
        int rc = parse(&m);
        if (rc != c->rc || (rc < 0 && strstr(err_text(), c->says) == NULL))
            fail_msg("%s=%s: %d (%s)", c->name, c->value ? c->value : "(removed)", rc,
                     rc < 0 ? err_text() : "");
    }
}

static void what_is_too_long_is_refused(void **state)
{
    (void)state;
    AUTO_KV struct kv m = {0};
    valid(&m);
    char text[3000];
    memset(text, 'A', sizeof text);
    text[ENVELOPE_WRAPPED_MAX / 3 * 4] = '\0'; // 1023 bytes
    assert_ok(kv_set(&m, "x-amz-key-v2", text));
    assert_ok(parse(&m));
    memset(text, 'A', sizeof text);
    text[ENVELOPE_WRAPPED_MAX / 3 * 4 + 4] = '\0'; // 1026
    assert_ok(kv_set(&m, "x-amz-key-v2", text));
    assert_int_equal(parse(&m), -EIO);
    memset(text, 'A', sizeof text); // far more
    text[sizeof text - 1] = '\0';
    assert_ok(kv_set(&m, "x-amz-iv", text));
    assert_int_equal(parse(&m), -EIO);
    valid(&m);
    memset(text, '[', sizeof text); // would lead a parser 3000 levels down
    text[sizeof text - 1] = '\0';
    assert_ok(kv_set(&m, "x-amz-matdesc", text));
    assert_int_equal(parse(&m), -EIO);
    assert_non_null(strstr(err_text(), "longer than"));
    text[2048] = '\0';
    assert_ok(kv_set(&m, "x-amz-matdesc", text));
    assert_int_equal(parse(&m), -EIO);
}

static void keys_of_several_versions_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *names[8];
        int rc;
        const char *says;
    } OBJECTS[] = {
        {{"x-amz-key"}, -EIO, "x-amz-iv is missing"},
        {{"x-amz-key", "x-amz-iv", "x-amz-c"}, -EIO, "x-amz-c stands beside x-amz-key"},
        {{"x-amz-key", "x-amz-iv", "x-amz-cek-alg"}, -EIO, "x-amz-cek-alg stands beside x-amz-key"},
        {{"x-amz-key", "x-amz-iv", "x-amz-wrap-alg"}, -EIO, "x-amz-wrap-alg stands beside"},
        {{"x-amz-key", "x-amz-iv", "x-amz-tag-len"}, -EIO, "x-amz-tag-len stands beside"},
        {{"x-amz-c", "x-amz-3", "x-amz-w", "x-amz-d", "x-amz-i", "x-amz-t"},
         -EIO,
         "x-amz-c 'AAAA'"},
        {{"x-amz-3", "x-amz-w", "x-amz-d", "x-amz-i"}, -EIO, "x-amz-c is missing"},
        {{"x-amz-c", "x-amz-3", "x-amz-w", "x-amz-d", "x-amz-i", "x-amz-iv"}, -EIO, "x-amz-iv"},
        {{"x-amz-c", "x-amz-3", "x-amz-d", "x-amz-i", ENVELOPE_PLAIN_LENGTH}, -EIO, "length"},
        {{"x-amz-c", "x-amz-d"}, -EIO, "without a wrapped key"},
        {{"x-amz-key-v4", "x-amz-iv"}, -EACCES, "x-amz-key-v4"},
        {{"X-Amz-Key-Cubed"}, -EACCES, "X-Amz-Key-Cubed"},
        {{"x-amz-key", "x-amz-3"}, -EIO, "both"},
        {{"x-amz-iv"}, -EIO, "x-amz-iv stands there without a wrapped key"},
        {{ENVELOPE_PLAIN_LENGTH, "x-amz-iv"}, -EIO, "without a wrapped key"},
    };
    for (size_t i = 0; i < sizeof OBJECTS / sizeof *OBJECTS; i++) {
        AUTO_KV struct kv m = {0};
        for (size_t j = 0; j < 8 && OBJECTS[i].names[j] != NULL; j++)
            assert_ok(kv_set(&m, OBJECTS[i].names[j], "AAAA"));
        int rc = parse(&m);
        if (rc != OBJECTS[i].rc || strstr(err_text(), OBJECTS[i].says) == NULL)
            fail_msg("object %zu: %d (%s)", i, rc, err_text());
    }
}

// ---- version 1, version 2 with GCM, version 3 ----

#define B28      "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ==" // 28 bytes of 1
#define ZERO28   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
#define WRAPPED  "d3JhcHBlZCBrZXk="
#define CONTEXT3 "{\"aws:x-amz-cek-alg\":\"115\"}"
#define CONTEXT2 "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\",\"team\":\"dba\"}"

static const char *const V1[][2] = {
    {"x-amz-key", WRAPPED}, {"x-amz-iv", "AAECAwQFBgcICQoLDA0ODw=="}, {"x-amz-matdesc", "{}"}};
static const char *const GCM[][2] = {{"x-amz-key-v2", WRAPPED},
                                     {"x-amz-iv", "AAECAwQFBgcICQoL"},
                                     {"x-amz-cek-alg", "AES/GCM/NoPadding"},
                                     {"x-amz-wrap-alg", "kms+context"},
                                     {"x-amz-tag-len", "128"},
                                     {"x-amz-matdesc", CONTEXT2}};
static const char *const V3[][2] = {{"x-amz-c", "115"}, {"x-amz-3", WRAPPED},
                                    {"x-amz-w", "12"},  {"x-amz-d", B28},
                                    {"x-amz-i", B28},   {"x-amz-t", CONTEXT3}};

struct kind {
    const char *const (*fields)[2];
    size_t count;
    const struct change *changes;
    size_t changes_count;
};

static const struct change V1_CHANGES[] = {
    {"x-amz-matdesc", NULL, 0, NULL},
    {"x-amz-matdesc", "x", -EIO, "x-amz-matdesc"},
    {"x-amz-iv", "AAECAwQFBgcICQoL", -EIO, "12 bytes instead of 16"},
    {"x-amz-iv", NULL, -EIO, "x-amz-iv is missing"},
    {"x-amz-key", "", -EIO, "without a wrapped key"},
    {"x-amz-unencrypted-content-length", "7", 0, NULL},
    {"x-amz-unencrypted-content-length", "x", -EIO, "not a size"},
    {"x-amz-tag-len", "128", -EIO, "x-amz-tag-len stands beside x-amz-key"},
    {"x-amz-t", "{}", -EIO, "x-amz-t stands beside x-amz-key"},
    {"x-amz-key-v2", WRAPPED, -EIO, "both x-amz-key and x-amz-key-v2"},
};
static const struct change GCM_CHANGES[] = {
    {"x-amz-tag-len", NULL, -EIO, "x-amz-tag-len is missing"},
    {"x-amz-tag-len", "96", -EIO, "x-amz-tag-len '96'"},
    {"x-amz-tag-len", "120", -EIO, "x-amz-tag-len '120'"},
    {"x-amz-tag-len", "0", -EIO, "x-amz-tag-len '0'"},
    {"x-amz-iv", "AAECAwQFBgcICQo=", -EIO, "11 bytes instead of 12"},
    {"x-amz-iv", "AAECAwQFBgcICQoLDA==", -EIO, "13 bytes instead of 12"},
    {"x-amz-cek-alg", "AES/CBC/PKCS5Padding", -EIO, "x-amz-tag-len '128'"}, // relabelled
    {"x-amz-matdesc", "{\"team\":\"dba\"}", -EIO, "names the cipher '(none)'"},
    {"x-amz-matdesc", CONTEXT3, -EIO, "names the cipher '115'"},
    {"x-amz-wrap-alg", "kms", -EIO, "with the encryption context of kms+context"}, // relabelled
    {"x-amz-c", "115", -EIO, "x-amz-c stands beside"},
    {"x-amz-unencrypted-content-length", "68719476704", 0, NULL},
    {"x-amz-unencrypted-content-length", "68719476705", -EIO, "not a size"},
};
static const struct change V3_CHANGES[] = {
    {"x-amz-c", "112", -EIO, "unknown x-amz-c '112'"},
    {"x-amz-c", "114", -EIO, "unknown x-amz-c '114'"},
    {"x-amz-c", "116", -EIO, "unknown x-amz-c '116'"},
    {"x-amz-c", "abc", -EIO, "unknown x-amz-c 'abc'"},
    {"x-amz-c", NULL, -EIO, "x-amz-c is missing"},
    {"x-amz-w", "11", -EIO, "unknown x-amz-w '11'"},
    {"x-amz-w", "21", -EIO, "unknown x-amz-w '21'"},
    {"x-amz-w", "99", -EIO, "unknown x-amz-w '99'"},
    {"x-amz-w", NULL, -EIO, "x-amz-w is missing"},
    {"x-amz-w", "02", -EIO, "x-amz-t stands beside x-amz-w 02"},
    {"x-amz-d", NULL, -EIO, "x-amz-d is missing"},
    {"x-amz-d", "notvalidbase64", -EIO, "x-amz-d: not base64"},
    {"x-amz-d", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB", -EIO, "27 bytes instead of 28"},
    {"x-amz-d", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", -EIO, "29 bytes instead of 28"},
    {"x-amz-i", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB", -EIO, "27 bytes instead of 28"},
    {"x-amz-i", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", -EIO, "29 bytes instead of 28"},
    {"x-amz-i", ZERO28, -EIO, "all zeros"},
    {"x-amz-t", NULL, -EIO, "names the cipher '(none)'"},
    {"x-amz-t", "{}", -EIO, "names the cipher '(none)'"},
    {"x-amz-t", CONTEXT2, -EIO, "names the cipher 'AES/GCM/NoPadding'"},
    {"x-amz-t", "[]", -EIO, "not a JSON object"},
    {"x-amz-m", "{}", -EIO, "x-amz-m stands beside x-amz-w 12"},
    {"x-amz-m", "", 0, NULL}, // Go writes it empty
    {"x-amz-unencrypted-content-length", "", 0, NULL},
    {"x-amz-unencrypted-content-length", "5", -EIO, "length"},
    {"x-amz-iv", "AAECAwQFBgcICQoL", -EIO, "x-amz-iv stands beside x-amz-3"},
    {"x-amz-matdesc", "{}", -EIO, "x-amz-matdesc stands beside"},
    {"x-amz-key", WRAPPED, -EIO, "both x-amz-key and x-amz-3"},
    {"x-amz-3", "", -EACCES, "instruction"},
    {"x-amz-3", NULL, -EACCES, "instruction"},
};

#define KIND(fields, changes)                                                                      \
    {                                                                                              \
        fields, sizeof fields / sizeof *(fields), changes, sizeof changes / sizeof *(changes)      \
    }

static void every_defect_of_the_other_kinds_is_refused_and_named(void **state)
{
    (void)state;
    static const struct kind KINDS[] = {KIND(V1, V1_CHANGES), KIND(GCM, GCM_CHANGES),
                                        KIND(V3, V3_CHANGES)};
    for (size_t k = 0; k < sizeof KINDS / sizeof *KINDS; k++) {
        for (size_t i = 0; i < KINDS[k].changes_count; i++) {
            const struct change *c = &KINDS[k].changes[i];
            AUTO_KV struct kv m = {0};
            for (size_t f = 0; f < KINDS[k].count; f++)
                assert_ok(kv_set(&m, KINDS[k].fields[f][0], KINDS[k].fields[f][1]));
            if (c->value == NULL)
                kv_remove(&m, c->name);
            else
                assert_ok(kv_set(&m, c->name, c->value));
            AUTO_ENVELOPE struct envelope e = {0};
            enum envelope_found found = ENVELOPE_NONE;
            int rc = envelope_parse(&m, &e, &found);
            if (c->rc == -EACCES) { // with its key elsewhere
                assert_true(rc == 0 && found == ENVELOPE_ELSEWHERE);
                continue;
            }
            if (rc != c->rc || (rc < 0 && strstr(err_text(), c->says) == NULL))
                fail_msg("kind %zu, %s=%s: %d (%s)", k, c->name, c->value ? c->value : "(removed)",
                         rc, rc < 0 ? err_text() : "");
        }
    }
}

static void each_format_is_written_as_the_clients_write_it(void **state)
{
    (void)state;
    static const struct kind KINDS[] = {KIND(V1, V1_CHANGES), KIND(GCM, GCM_CHANGES),
                                        KIND(V3, V3_CHANGES)};
    static const char *const NAMES[] = {"rds-v1", "gcm", "commit"};
    for (size_t k = 0; k < sizeof KINDS / sizeof *KINDS; k++) {
        AUTO_KV struct kv m = {0}, callers = {0};
        AUTO_ENVELOPE struct envelope e = {0};
        const struct format *f = NULL;
        assert_ok(format_find(NAMES[k], &f));
        e = (struct envelope){.version = f->version, .wrap = f->wrap, .content = f->content};
        e.wrapped_len = strlen("wrapped key");
        memcpy(e.wrapped, "wrapped key", e.wrapped_len);
        for (size_t i = 0; i < CIPHER_IV_MAX; i++)
            e.iv[i] = f->version == ENVELOPE_V3 ? 1 : (uint8_t)i;
        memset(e.commitment, 1, sizeof e.commitment);
        assert_ok(kv_set(&callers, "team", "dba"));
        assert_ok(envelope_context(f, KEY_ARN, strcmp(f->name, "gcm") == 0 ? &callers : NULL,
                                   &e.context));
        assert_ok(envelope_write(&e, &m));
        assert_int_equal(m.count, KINDS[k].count);
        for (size_t i = 0; i < KINDS[k].count; i++) {
            const char *name = KINDS[k].fields[i][0];
            assert_non_null(kv_get(&m, name));
            if (strcmp(name, "x-amz-matdesc") != 0) // there the order is the caller's
                assert_string_equal(kv_get(&m, name), KINDS[k].fields[i][1]);
        }
        assert_true(envelope_context_is(&e, strcmp(f->name, "gcm") == 0 ? &callers : NULL));
        assert_int_equal(envelope_context_is(&e, NULL), strcmp(f->name, "gcm") != 0);
    }
}

static void a_wrapped_key_that_would_be_mistaken_is_not_written_as_version_1(void **state)
{
    (void)state;
    AUTO_KV struct kv m = {0};
    struct envelope e = {
        .version = ENVELOPE_V1, .wrap = WRAP_KMS_BLOB, .content = CONTENT_CBC, .wrapped_len = 256};
    assert_int_equal(envelope_write(&e, &m), -EIO);
    e.wrapped_len = 48;
    assert_int_equal(envelope_write(&e, &m), -EIO);
    e.wrapped_len = 184;
    assert_ok(envelope_write(&e, &m));
}

// ---- instruction files ----

static void instruction_files_are_held_to_their_rules(void **state)
{
    (void)state;
    static const char V2_FILE[] =
        "{\"x-amz-key-v2\":\"" WRAPPED "\",\"x-amz-iv\":\"AAECAwQFBgcICQoL\",\"x-amz-cek-alg\":"
        "\"AES/GCM/NoPadding\",\"x-amz-wrap-alg\":\"kms\",\"x-amz-tag-len\":128,"
        "\"x-amz-matdesc\":\"{}\"}";
    static const char V3_FILE[] =
        "{\"x-amz-3\":\"" WRAPPED "\",\"x-amz-w\":\"02\",\"x-amz-m\":\"{}\"}";
    static const struct {
        const char *json;
        const char *own[4]; // of the object
        int rc;
        const char *says;
    } CASES[] = {
        {V2_FILE, {NULL}, 0, NULL}, // numbers are Go's
        {V2_FILE, {ENVELOPE_PLAIN_LENGTH}, 0, NULL},
        {V2_FILE, {"x-amz-iv"}, -EIO, "x-amz-iv stands in the metadata"},
        {V2_FILE, {"x-amz-c", "x-amz-d", "x-amz-i"}, -EIO, "beside x-amz-key-v2"},
        {V3_FILE, {"x-amz-c", "x-amz-d", "x-amz-i"}, 0, NULL},
        {V3_FILE, {"x-amz-c", "x-amz-d"}, -EIO, "x-amz-i is missing"},
        {V3_FILE, {"x-amz-c", "x-amz-d", "x-amz-i", "x-amz-3"}, -EIO, "x-amz-3 stands"},
        {"{\"x-amz-3\":\"AAAA\",\"x-amz-d\":\"" B28 "\"}",
         {"x-amz-c", "x-amz-d", "x-amz-i"},
         -EIO,
         "x-amz-d stands in the instruction file"},
        {"{\"X-Amz-I\":\"" B28 "\"}", {NULL}, -EIO, "x-amz-i stands in the instruction file"},
        {"{}", {NULL}, -EIO, "no wrapped key"},
        {"{\"x-amz-key-v2\":true}", {NULL}, -EIO, "is not a string"},
        {"[]", {NULL}, -EIO, "not a JSON object"},
        {"x", {NULL}, -EIO, "not JSON"},
        {"", {NULL}, -EIO, "not JSON"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        AUTO_KV struct kv m = {0};
        AUTO_ENVELOPE struct envelope e = {0};
        for (size_t j = 0; j < 4 && CASES[i].own[j] != NULL; j++) {
            const char *name = CASES[i].own[j];
            const char *value = strcmp(name, "x-amz-c") == 0               ? "115"
                                : strcmp(name, ENVELOPE_PLAIN_LENGTH) == 0 ? "5"
                                : strcmp(name, "x-amz-3") == 0             ? WRAPPED
                                                                           : B28;
            assert_ok(kv_set(&m, name, value));
        }
        int rc = envelope_parse_instruction(&m, CASES[i].json, strlen(CASES[i].json), &e);
        if (rc != CASES[i].rc || (rc < 0 && strstr(err_text(), CASES[i].says) == NULL))
            fail_msg("case %zu: %d (%s)", i, rc, rc < 0 ? err_text() : "");
    }
    char large[ENVELOPE_INSTRUCTION_MAX + 1];
    AUTO_KV struct kv none = {0};
    AUTO_ENVELOPE struct envelope e = {0};
    memset(large, ' ', sizeof large);
    assert_int_equal(envelope_parse_instruction(&none, large, sizeof large, &e), -EIO);
    assert_non_null(strstr(err_text(), "longer than"));
}

static void a_failed_parse_leaves_the_envelope_alone(void **state)
{
    (void)state;
    AUTO_KV struct kv m = {0};
    valid(&m);
    assert_ok(kv_set(&m, "x-amz-matdesc", "{"));
    struct envelope e, before;
    memset(&e, 0x5a, sizeof e);
    before = e;
    enum envelope_found found;
    assert_int_equal(envelope_parse(&m, &e, &found), -EIO);
    assert_memory_equal(&e, &before, sizeof e);
}

static void copies_stand_alone(void **state)
{
    (void)state;
    AUTO_KV struct kv m = {0};
    valid(&m);
    struct envelope e;
    AUTO_ENVELOPE struct envelope copy = {0};
    enum envelope_found found;
    assert_ok(envelope_parse(&m, &e, &found));
    assert_ok(kv_set(&copy.context, "stale", "1"));
    assert_ok(envelope_copy(&copy, &e));
    envelope_clear(&e);
    assert_int_equal(e.wrapped_len, 0);
    assert_int_equal(copy.context.count, 1);
    assert_string_equal(kv_get(&copy.context, ENVELOPE_KMS_CMK_ID), KEY_ARN);
    assert_memory_equal(copy.wrapped, "wrapped key", copy.wrapped_len);
}

static void formats_are_found_by_name(void **state)
{
    (void)state;
    const struct format *f = NULL;
    assert_ok(format_find("rds", &f));
    assert_true(f->version == ENVELOPE_V2 && f->wrap == WRAP_KMS && f->content == CONTENT_CBC);
    static const char *const BAD[] = {"", "RDS", "rd", "rdsx", "kms-gcm", "aes-gcm", "all"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_int_equal(format_find(BAD[i], &f), -EINVAL);
        assert_non_null(strstr(err_text(), "rds"));
    }
}

static struct envelope kind_of(enum envelope_version version, enum wrap_alg wrap,
                               enum content_alg content)
{
    return (struct envelope){.version = version, .wrap = wrap, .content = content};
}

static void format_sets_allow_what_they_list(void **state)
{
    (void)state;
    struct envelope rds = kind_of(ENVELOPE_V2, WRAP_KMS, CONTENT_CBC);
    struct envelope gcm = kind_of(ENVELOPE_V2, WRAP_KMS_CONTEXT, CONTENT_GCM);
    struct envelope commit = kind_of(ENVELOPE_V3, WRAP_KMS_CONTEXT, CONTENT_GCM_COMMITTED);
    struct envelope odd = kind_of(ENVELOPE_V2, WRAP_AES_KW, CONTENT_CBC);
    format_set set = 0;
    assert_ok(format_set_parse("rds,commit", &set));
    assert_ok(format_set_check(set, &rds));
    assert_ok(format_set_check(set, &commit));
    assert_int_equal(format_set_check(set, &gcm), -EACCES);
    assert_non_null(strstr(err_text(), "add gcm to --read-formats"));
    assert_ok(format_set_parse("all", &set));
    assert_true((set & FORMAT_SET_INSTRUCTION) != 0);
    assert_ok(format_set_check(set, &gcm));
    assert_int_equal(format_set_check(set, &odd), -EACCES); // a pair that no client writes
    assert_non_null(strstr(err_text(), "AESWrap"));
    static const char *const BAD[] = {"", "rds,", ",rds", "rds,,gcm", "rds gcm", "GCM", "all,rds"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_int_equal(format_set_parse(BAD[i], &set), -EINVAL);
        assert_non_null(strstr(err_text(), "instruction"));
    }
}

// What a mount reads unasked is never weaker than what it writes.
static void a_mount_reads_what_is_no_weaker_than_what_it_writes(void **state)
{
    (void)state;
    static const struct {
        const char *writing;
        bool raw;
        const char *reads; // a list as --read-formats takes it
    } DEFAULTS[] = {
        {"rds", false, "rds,kms-gcm,gcm,commit"},
        {"rds-v1", false, "rds-v1,rds,kms-gcm,gcm,commit"},
        {"gcm", false, "gcm,commit"},
        {"commit", false, "commit"},
        {"rds", true,
         "rds,kms-gcm,gcm,commit,aes-gcm,aes-wrap,rsa-oaep,rsa-oaep-sha256,v1-aes,commit-aes,"
         "commit-rsa"},
        {"gcm", true, "gcm,commit,aes-gcm,aes-wrap,rsa-oaep,rsa-oaep-sha256,commit-aes,commit-rsa"},
        {"commit", true, "commit,commit-aes,commit-rsa"},
    };
    for (size_t i = 0; i < sizeof DEFAULTS / sizeof *DEFAULTS; i++) {
        const struct format *f = NULL;
        format_set set = 0;
        assert_ok(format_find(DEFAULTS[i].writing, &f));
        assert_ok(format_set_parse(DEFAULTS[i].reads, &set));
        assert_int_equal(format_set_default(f, DEFAULTS[i].raw), set);
    }
}

static int start(void **state)
{
    (void)state;
    return secret_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_are_read),
        cmocka_unit_test(what_is_written_is_exactly_the_clients_form),
        cmocka_unit_test(a_context_beyond_ascii_goes_through_a_header),
        cmocka_unit_test(names_count_in_any_case_and_empty_values_do_not),
        cmocka_unit_test(an_object_without_any_key_is_plaintext),
        cmocka_unit_test(every_defect_is_refused_and_named),
        cmocka_unit_test(what_is_too_long_is_refused),
        cmocka_unit_test(keys_of_several_versions_are_told_apart),
        cmocka_unit_test(every_defect_of_the_other_kinds_is_refused_and_named),
        cmocka_unit_test(each_format_is_written_as_the_clients_write_it),
        cmocka_unit_test(a_wrapped_key_that_would_be_mistaken_is_not_written_as_version_1),
        cmocka_unit_test(instruction_files_are_held_to_their_rules),
        cmocka_unit_test(a_failed_parse_leaves_the_envelope_alone),
        cmocka_unit_test(copies_stand_alone),
        cmocka_unit_test(formats_are_found_by_name),
        cmocka_unit_test(format_sets_allow_what_they_list),
        cmocka_unit_test(a_mount_reads_what_is_no_weaker_than_what_it_writes),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
