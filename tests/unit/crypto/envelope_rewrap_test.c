// What an envelope becomes under another key: its data key's wrapping changes and nothing else.
#include "common/err.h"
#include "crypto/envelope.h"
#include "tests/unit/test.h"

#include <string.h>

#define OLD "arn:aws:kms:us-east-1:111122223333:key/old"
#define NEW "arn:aws:kms:us-east-1:111122223333:key/new"

static const struct format *format(const char *name)
{
    const struct format *f = NULL;
    assert_ok(format_find(name, &f));
    return f;
}

// An envelope of that kind with something in every field.
static void make(struct envelope *e, enum envelope_version version, enum wrap_alg wrap,
                 enum content_alg content)
{
    *e = (struct envelope){.version = version,
                           .wrap = wrap,
                           .content = content,
                           .wrapped_len = 184,
                           .has_plain_size = true,
                           .plain_size = 77};
    memset(e->wrapped, 'w', e->wrapped_len);
    memset(e->iv, 'i', sizeof e->iv);
    if (version == ENVELOPE_V3)
        memset(e->commitment, 'd', sizeof e->commitment);
}

static void make_of(struct envelope *e, const char *name)
{
    const struct format *f = format(name);
    make(e, f->version, f->wrap, f->content);
    assert_ok(envelope_context(f, OLD, NULL, &e->context));
}

static void assert_content_is_the_same(const struct envelope *a, const struct envelope *b)
{
    assert_int_equal(a->content, b->content);
    assert_memory_equal(a->iv, b->iv, sizeof a->iv);
    assert_memory_equal(a->commitment, b->commitment, sizeof a->commitment);
    assert_true(b->has_plain_size && b->plain_size == 77);
}

static void every_format_stays_what_it_is(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"rds", "rds-v1", "gcm", "commit"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        AUTO_ENVELOPE struct envelope e = {0};
        AUTO_ENVELOPE struct envelope moved = {0};
        make_of(&e, NAMES[i]);
        assert_ok(envelope_rewrap(&e, NULL, NEW, &moved));
        assert_ptr_equal(format_of(&moved), format(NAMES[i]));
        assert_content_is_the_same(&e, &moved);
        assert_int_equal(kv_equal(&e.context, &moved.context), strcmp(NAMES[i], "rds") != 0);
    }
}

static void what_names_the_old_key_names_the_new_one(void **state)
{
    (void)state;
    AUTO_ENVELOPE struct envelope e = {0};
    AUTO_ENVELOPE struct envelope moved = {0};
    make_of(&e, "rds");
    assert_ok(kv_set(&e.context, "owner", "dba"));
    assert_string_equal(envelope_key_named(&e), OLD);
    assert_ok(envelope_rewrap(&e, NULL, NEW, &moved));
    assert_string_equal(envelope_key_named(&moved), NEW);
    assert_string_equal(kv_get(&moved.context, "owner"), "dba");
    assert_int_equal(moved.context.count, 2);
    assert_string_equal(envelope_key_named(&e), OLD); // and the old one is left alone
}

// Description of V1: no context, but it must not claim a key that is not so.
static void a_remark_of_version_1_names_the_new_key_too(void **state)
{
    (void)state;
    AUTO_ENVELOPE struct envelope e = {0};
    AUTO_ENVELOPE struct envelope moved = {0};
    make_of(&e, "rds-v1");
    assert_ok(kv_set(&e.context, ENVELOPE_KMS_CMK_ID, OLD));
    assert_null(envelope_key_named(&e));
    assert_null(envelope_kms_context(&e));
    assert_ok(envelope_rewrap(&e, NULL, NEW, &moved));
    assert_string_equal(kv_get(&moved.context, ENVELOPE_KMS_CMK_ID), NEW);
    assert_null(envelope_kms_context(&moved));
}

static void a_callers_context_is_kept_verbatim(void **state)
{
    (void)state;
    AUTO_KV struct kv callers = {0};
    AUTO_ENVELOPE struct envelope e = {0};
    AUTO_ENVELOPE struct envelope moved = {0};
    assert_ok(kv_set(&callers, "db", "shop"));
    assert_ok(kv_set(&callers, ENVELOPE_KMS_CMK_ID, OLD)); // some clients leave it there
    make(&e, ENVELOPE_V2, WRAP_KMS_CONTEXT, CONTENT_GCM);
    assert_ok(envelope_context(format("gcm"), OLD, &callers, &e.context));
    assert_ok(envelope_rewrap(&e, NULL, NEW, &moved));
    assert_true(kv_equal(&moved.context, &e.context));
    assert_true(envelope_kms_context(&moved) == &moved.context);
}

static void rds_and_rds_v1_become_one_another(void **state)
{
    (void)state;
    AUTO_ENVELOPE struct envelope e = {0};
    AUTO_ENVELOPE struct envelope first = {0};
    AUTO_ENVELOPE struct envelope second = {0};
    make_of(&e, "rds");
    assert_ok(envelope_rewrap(&e, format("rds-v1"), NEW, &first));
    assert_ptr_equal(format_of(&first), format("rds-v1"));
    assert_int_equal(first.context.count, 0);
    assert_content_is_the_same(&e, &first);
    assert_ok(envelope_rewrap(&first, format("rds"), NEW, &second));
    assert_ptr_equal(format_of(&second), format("rds"));
    assert_string_equal(envelope_key_named(&second), NEW);
    assert_content_is_the_same(&e, &second);
}

static void other_contents_stand_in_no_envelope_of_rds(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"gcm", "commit"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        AUTO_ENVELOPE struct envelope e = {0};
        AUTO_ENVELOPE struct envelope moved = {0};
        make_of(&e, NAMES[i]);
        assert_int_equal(envelope_rewrap(&e, format("rds"), NEW, &moved), -EACCES);
        assert_non_null(strstr(err_text(), NAMES[i]));
        assert_int_equal(moved.wrapped_len, 0);
    }
}

static void keys_that_kms_does_not_hold_are_refused(void **state)
{
    (void)state;
    static const struct {
        enum envelope_version version;
        enum wrap_alg wrap;
        enum content_alg content;
    } KINDS[] = {
        {ENVELOPE_V1, WRAP_AES_ECB, CONTENT_CBC},
        {ENVELOPE_V2, WRAP_AES_KW, CONTENT_GCM},
        {ENVELOPE_V2, WRAP_RSA_OAEP_SHA1, CONTENT_GCM},
        {ENVELOPE_V3, WRAP_AES_GCM, CONTENT_GCM_COMMITTED},
    };
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        AUTO_ENVELOPE struct envelope e = {0};
        AUTO_ENVELOPE struct envelope moved = {0};
        make(&e, KINDS[i].version, KINDS[i].wrap, KINDS[i].content);
        assert_int_equal(envelope_rewrap(&e, NULL, NEW, &moved), -EACCES);
        assert_non_null(strstr(err_text(), "--key-file"));
    }
}

static void a_pair_that_no_client_writes_is_refused(void **state)
{
    (void)state;
    AUTO_ENVELOPE struct envelope e = {0};
    AUTO_ENVELOPE struct envelope moved = {0};
    make(&e, ENVELOPE_V1, WRAP_KMS_BLOB, CONTENT_GCM);
    assert_int_equal(envelope_rewrap(&e, NULL, NEW, &moved), -EACCES);
    assert_non_null(strstr(err_text(), "no client writes"));
}

static void envelopes_are_equal_only_in_everything(void **state)
{
    (void)state;
    AUTO_ENVELOPE struct envelope a = {0};
    AUTO_ENVELOPE struct envelope b = {0};
    make_of(&a, "commit");
    assert_ok(envelope_copy(&b, &a));
    assert_true(envelope_equal(&a, &b));
    uint8_t *const BYTES[] = {&b.wrapped[183], &b.iv[content_iv_size(b.content) - 1],
                              &b.commitment[sizeof b.commitment - 1]};
    for (size_t i = 0; i < sizeof BYTES / sizeof *BYTES; i++) {
        *BYTES[i] ^= 1;
        assert_false(envelope_equal(&a, &b));
        *BYTES[i] ^= 1;
    }
    b.wrapped_len--;
    assert_false(envelope_equal(&a, &b));
    b.wrapped_len++;
    assert_ok(kv_set(&b.context, "more", ""));
    assert_false(envelope_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_stays_what_it_is),
        cmocka_unit_test(what_names_the_old_key_names_the_new_one),
        cmocka_unit_test(a_remark_of_version_1_names_the_new_key_too),
        cmocka_unit_test(a_callers_context_is_kept_verbatim),
        cmocka_unit_test(rds_and_rds_v1_become_one_another),
        cmocka_unit_test(other_contents_stand_in_no_envelope_of_rds),
        cmocka_unit_test(keys_that_kms_does_not_hold_are_refused),
        cmocka_unit_test(a_pair_that_no_client_writes_is_refused),
        cmocka_unit_test(envelopes_are_equal_only_in_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
