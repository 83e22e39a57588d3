// The calls of s3/kms.h against a server that speaks KMS. Not run by CTest alone: a script starts
// the server and makes two symmetric keys.
//   KMS_ENDPOINT=http://127.0.0.1:PORT KMS_KEY=ARN KMS_OTHER_KEY=ARN AWS_ACCESS_KEY_ID=...
//   AWS_SECRET_ACCESS_KEY=... test_kms_live
// KMS_LAX=1 for moto, which answers AccessDeniedException where KMS says IncorrectKeyException.
#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"
#include "s3/kms.h"
#include "tests/unit/test.h"

static struct kms *kms;
static struct endpoint_config config;
static struct credentials_source *credentials;
static const char *key_arn, *other_arn;

static void context_of(struct kv *out, const char *arn)
{
    assert_ok(kv_set(out, "kms_cmk_id", arn));
}

static void assert_same(const struct secret *a, const struct secret *b)
{
    assert_int_equal(secret_size(a), secret_size(b));
    assert_true(secret_equal(secret_bytes(a), secret_bytes(b), secret_size(a)));
}

static void a_data_key_comes_back_from_its_blob(void **state)
{
    (void)state;
    AUTO_KV struct kv context = {0};
    AUTO_SECRET struct secret *made = NULL;
    AUTO_SECRET struct secret *opened = NULL;
    AUTO_BUF struct buf blob;
    bool wrong_key = true;
    context_of(&context, key_arn);
    buf_init(&blob, KMS_BLOB_MAX);
    assert_ok(kms_generate_data_key(kms, key_arn, &context, &made, &blob));
    assert_int_equal(secret_size(made), 32);
    assert_ok(kms_decrypt(kms, key_arn, &context, blob.data, blob.len, &opened, &wrong_key));
    assert_false(wrong_key);
    assert_same(made, opened);
}

static void another_context_key_or_blob_is_refused(void **state)
{
    (void)state;
    AUTO_KV struct kv context = {0};
    AUTO_KV struct kv other = {0};
    AUTO_SECRET struct secret *made = NULL;
    struct secret *none = NULL;
    AUTO_BUF struct buf blob;
    bool wrong_key = false;
    context_of(&context, key_arn);
    context_of(&other, other_arn);
    buf_init(&blob, KMS_BLOB_MAX);
    assert_ok(kms_generate_data_key(kms, key_arn, &context, &made, &blob));
    assert_int_equal(kms_decrypt(kms, key_arn, &other, blob.data, blob.len, &none, &wrong_key),
                     -EIO);
    assert_non_null(strstr(err_text(), "InvalidCiphertextException"));
    assert_int_equal(kms_decrypt(kms, key_arn, NULL, blob.data, blob.len, &none, &wrong_key), -EIO);
    assert_int_equal(kms_decrypt(kms, other_arn, &context, blob.data, blob.len, &none, &wrong_key),
                     -EACCES);
    assert_int_equal(wrong_key, getenv("KMS_LAX") == NULL);
    blob.data[blob.len - 1] ^= 1;
    assert_int_equal(kms_decrypt(kms, key_arn, &context, blob.data, blob.len, &none, &wrong_key),
                     -EIO);
    assert_null(none);
}

static void keys_are_encrypted_and_moved_to_another_key(void **state)
{
    (void)state;
    AUTO_KV struct kv from = {0};
    AUTO_KV struct kv to = {0};
    AUTO_SECRET struct secret *plain = NULL;
    AUTO_SECRET struct secret *opened = NULL;
    AUTO_BUF struct buf blob, moved;
    bool wrong_key = false;
    context_of(&from, key_arn);
    context_of(&to, other_arn);
    buf_init(&blob, KMS_BLOB_MAX);
    buf_init(&moved, KMS_BLOB_MAX);
    assert_ok(secret_random(&plain, 32));
    assert_ok(kms_encrypt(kms, key_arn, &from, plain, &blob));
    const struct kms_move move = {.from_key_id = key_arn,
                                  .from_context = &from,
                                  .blob = blob.data,
                                  .blob_len = blob.len,
                                  .to_key_id = other_arn,
                                  .to_context = &to};
    assert_ok(kms_reencrypt(kms, &move, NULL, &wrong_key));
    assert_ok(kms_reencrypt(kms, &move, &moved, &wrong_key));
    assert_ok(kms_decrypt(kms, other_arn, &to, moved.data, moved.len, &opened, &wrong_key));
    assert_same(plain, opened);
    assert_ok(kms_decrypt_try(kms, other_arn, &to, moved.data, moved.len, &wrong_key));
    assert_int_equal(kms_decrypt_try(kms, key_arn, &to, moved.data, moved.len, &wrong_key),
                     -EACCES);
    assert_int_equal(wrong_key, getenv("KMS_LAX") == NULL);
}

static void a_trial_of_another_keys_blob_fails_as_the_call_would(void **state)
{
    (void)state;
    AUTO_KV struct kv context = {0};
    AUTO_SECRET struct secret *plain = NULL;
    AUTO_BUF struct buf blob;
    bool wrong_key = false;
    context_of(&context, key_arn);
    buf_init(&blob, KMS_BLOB_MAX);
    assert_ok(secret_random(&plain, 32));
    assert_ok(kms_encrypt(kms, key_arn, &context, plain, &blob));
    struct kms_move move = {.from_key_id = other_arn,
                            .from_context = &context,
                            .blob = blob.data,
                            .blob_len = blob.len,
                            .to_key_id = key_arn};
    assert_int_equal(kms_reencrypt(kms, &move, NULL, &wrong_key), -EACCES);
    assert_int_equal(wrong_key, getenv("KMS_LAX") == NULL);
    move.from_key_id = key_arn;
    move.from_context = NULL;
    assert_int_equal(kms_reencrypt(kms, &move, NULL, &wrong_key), -EIO);
    assert_false(wrong_key);
    assert_int_equal(kms_decrypt_try(kms, key_arn, NULL, blob.data, blob.len, &wrong_key), -EIO);
}

static void a_key_is_described_or_missing(void **state)
{
    (void)state;
    struct kms_key_info info;
    assert_ok(kms_describe_key(kms, key_arn, &info));
    assert_string_equal(info.arn, key_arn);
    assert_string_equal(info.state, "Enabled");
    assert_string_equal(info.spec, "SYMMETRIC_DEFAULT");
    assert_true(info.enabled);
    char missing[KMS_KEY_ID_MAX];
    snprintf(missing, sizeof missing, "%.*skey/00000000-0000-4000-8000-000000000000",
             (int)(strstr(key_arn, "key/") - key_arn), key_arn);
    assert_int_equal(kms_describe_key(kms, missing, &info), -EACCES);
    assert_non_null(strstr(err_text(), "NotFoundException"));
}

static void kms_that_is_not_there_is_eio_within_ten_seconds(void **state)
{
    (void)state;
    struct endpoint_config dead = config;
    struct kms *other = NULL;
    struct kms_key_info info;
    dead.kms_url = "http://127.0.0.1:9";
    assert_ok(kms_new(&other, "us-east-1", &dead, credentials));
    int64_t start = clock_ms();
    assert_int_equal(kms_describe_key(other, key_arn, &info), -EIO);
    assert_in_range(clock_ms() - start, 1000, 10500);
    kms_free(other);
}

int main(void)
{
    log_init(LOG_LEVEL_WARN, LOG_SINK_STDERR);
    endpoint_config_defaults(&config);
    config.kms_url = getenv("KMS_ENDPOINT");
    key_arn = getenv("KMS_KEY");
    other_arn = getenv("KMS_OTHER_KEY");
    struct kms_arn arn;
    if (config.kms_url == NULL || key_arn == NULL || other_arn == NULL || secret_init() < 0 ||
        kms_arn_parse(key_arn, &arn) < 0 || credentials_source_new(&credentials, NULL) < 0 ||
        kms_new(&kms, arn.region, &config, credentials) < 0) {
        fprintf(stderr, "KMS_ENDPOINT, KMS_KEY, KMS_OTHER_KEY, AWS_* must be set: %s\n",
                err_text());
        return 2;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_data_key_comes_back_from_its_blob),
        cmocka_unit_test(another_context_key_or_blob_is_refused),
        cmocka_unit_test(keys_are_encrypted_and_moved_to_another_key),
        cmocka_unit_test(a_trial_of_another_keys_blob_fails_as_the_call_would),
        cmocka_unit_test(a_key_is_described_or_missing),
        cmocka_unit_test(kms_that_is_not_there_is_eio_within_ten_seconds),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    kms_free(kms);
    credentials_source_free(credentials);
    return failed;
}
