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
        uint8_t iv[CIPHER_IV_MAX];
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
    assert_ok(envelope_context(f, KEY_ARN, &e.context));
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
    {"x-amz-cek-alg", "AES/GCM/NoPadding", -EACCES, "AES/GCM/NoPadding"},
    {"x-amz-cek-alg", "aes/cbc/pkcs5padding", -EIO, "'aes/cbc/pkcs5padding'"},
    {"x-amz-cek-alg", "AES/CTR/NoPadding", -EIO, "unknown x-amz-cek-alg 'AES/CTR/NoPadding'"},
    {"x-amz-cek-alg", NULL, -EIO, "x-amz-cek-alg is missing"},
    {"x-amz-wrap-alg", "kms+context", -EACCES, "not supported by this version"},
    {"x-amz-wrap-alg", "AESWrap", -EACCES, "AESWrap"},
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

static void other_versions_are_known_but_not_read(void **state)
{
    (void)state;
    static const struct {
        const char *names[8];
        int rc;
        const char *says;
    } OBJECTS[] = {
        {{"x-amz-key", "x-amz-iv", "x-amz-matdesc"}, -EACCES, "version 1"},
        {{"x-amz-key"}, -EACCES, "version 1"},
        {{"x-amz-key", "x-amz-iv", "x-amz-c"}, -EIO, "x-amz-c stands beside x-amz-key"},
        {{"x-amz-c", "x-amz-3", "x-amz-w", "x-amz-d", "x-amz-i", "x-amz-t"}, -EACCES, "version 3"},
        {{"x-amz-c", "x-amz-3", "x-amz-w", "x-amz-d", "x-amz-i", "x-amz-iv"}, -EIO, "x-amz-iv"},
        {{"x-amz-c", "x-amz-3", "x-amz-d", "x-amz-i", ENVELOPE_PLAIN_LENGTH}, -EIO, "length"},
        {{"x-amz-c", "x-amz-d", "x-amz-i"}, -EACCES, "instruction file"},
        {{"x-amz-c", "x-amz-d"}, -EIO, "without a wrapped key"},
        {{"x-amz-key-v4", "x-amz-iv"}, -EACCES, "x-amz-key-v4"},
        {{"X-Amz-Key-Cubed"}, -EACCES, "X-Amz-Key-Cubed"},
        {{"x-amz-key", "x-amz-3"}, -EIO, "both"},
        {{"x-amz-iv"}, -EIO, "x-amz-iv stands there without a wrapped key"},
        {{ENVELOPE_PLAIN_LENGTH}, -EIO, "without a wrapped key"},
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
    static const char *const BAD[] = {"", "RDS", "rd", "rdsx", "gcm", "all"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_int_equal(format_find(BAD[i], &f), -EINVAL);
        assert_non_null(strstr(err_text(), "rds"));
    }
}

static void format_sets_allow_what_they_list(void **state)
{
    (void)state;
    const struct format *f = NULL;
    format_set set = 0;
    AUTO_ENVELOPE struct envelope e = {
        .version = ENVELOPE_V2, .wrap = WRAP_KMS, .content = CONTENT_CBC};
    assert_ok(format_find("rds", &f));
    assert_ok(format_set_check(format_set_default(f), &e));
    assert_ok(format_set_parse("rds", &set));
    assert_ok(format_set_check(set, &e));
    assert_ok(format_set_parse("all", &set));
    assert_ok(format_set_check(set, &e));
    assert_ok(format_set_parse("rds,rds", &set));
    assert_int_equal(format_set_check(0, &e), -EACCES);
    assert_non_null(strstr(err_text(), "add rds to --read-formats"));
    static const char *const BAD[] = {"", ",", "rds,", ",rds", "rds,gcm", "all,rds", "rds, rds"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_int_equal(format_set_parse(BAD[i], &set), -EINVAL);
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
        cmocka_unit_test(other_versions_are_known_but_not_read),
        cmocka_unit_test(a_failed_parse_leaves_the_envelope_alone),
        cmocka_unit_test(copies_stand_alone),
        cmocka_unit_test(formats_are_found_by_name),
        cmocka_unit_test(format_sets_allow_what_they_list),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
