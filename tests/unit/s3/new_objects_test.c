// What new objects are made with, against a scripted server: the condition that they are new,
// storage class, encryption, tags and retention; and what a bucket tells of its protection.
#include "common/log.h"
#include "s3/store_s3_bucket.h"
#include "tests/unit/s3/store_fixture.h"

#include <time.h>

static int put_mode(struct fixture *f, bool only_new, struct store_result *result)
{
    static char text[] = "the body";
    static const struct iovec iov = {text, 8};
    struct store_body body = {.iov = &iov,
                              .iov_count = 1,
                              .size = 8,
                              .crc32c = crc32c_extend(0, text, 8),
                              .only_new = only_new};
    return f->store->ops->put(f->store, "a key", NULL, &body, result);
}

static void what_must_be_new_says_so_and_412_is_eexist(void **state)
{
    (void)state;
    struct store_result result;
    FIXTURE(f, {.status = "409 Conflict", .body = S3_ERROR("ConditionalRequestConflict")},
            {.status = "200 OK", .headers = OK_ETAG},
            {.status = "412 Precondition Failed", .body = S3_ERROR("PreconditionFailed")},
            {.status = "412 Precondition Failed", .body = S3_ERROR("PreconditionFailed")});
    assert_ok(put_mode(&f, true, &result)); // tried again after the conflict
    assert_int_equal(put_mode(&f, true, &result), -EEXIST);
    assert_text_has("--no-overwrite");
    for (size_t i = 0; i < 3; i++)
        assert_request(&f, i, "if-none-match: *", true);
    assert_int_equal(put(&f, &result), -ESTALE);
    assert_request(&f, 3, "if-none-match", false);
}

static void a_condition_that_is_not_known_is_left_out_from_then_on(void **state)
{
    (void)state;
    struct store_result result;
    FIXTURE(f, {.status = "501 Not Implemented", .body = S3_ERROR("NotImplemented")},
            {.status = "200 OK", .headers = OK_ETAG}, {.status = "200 OK", .headers = OK_ETAG});
    assert_ok(put_mode(&f, true, &result));
    assert_ok(put_mode(&f, true, &result));
    assert_request(&f, 0, "if-none-match: *", true);
    assert_request(&f, 1, "if-none-match", false);
    assert_request(&f, 1, "x-amz-checksum-crc32c", true); // only one thing is given up at a time
    assert_request(&f, 2, "if-none-match", false);
}

static int complete_new(struct fixture *f)
{
    const struct store_part part = {.number = 1, .etag = "p1"};
    struct store_result result;
    return f->store->ops->upload_complete(f->store, "key", "id", &part, 1, true, &result);
}

// Who was found to heed it is relied on: nothing is looked at before any more.
static void a_condition_that_is_heeded_is_never_left_out(void **state)
{
    (void)state;
    struct store_result result;
    FIXTURE(f, {.status = "412 Precondition Failed", .body = S3_ERROR("PreconditionFailed")},
            {.status = "501 Not Implemented", .body = S3_ERROR("NotImplemented")}, // of Complete
            {.status = "200 OK", .body = COMPLETED}, {.status = "200 OK", .headers = OK_ETAG},
            {.status = "200 OK", .body = COMPLETED},
            {.status = "501 Not Implemented", .body = S3_ERROR("NotImplemented")},
            {.status = "501 Not Implemented", .body = S3_ERROR("NotImplemented")});
    assert_int_equal(put_mode(&f, true, &result), -EEXIST);
    assert_ok(complete_new(&f));
    assert_request(&f, 1, "if-none-match: *", true);
    assert_request(&f, 2, "if-none-match", false);
    assert_ok(put_mode(&f, true, &result));
    assert_request(&f, 3, "if-none-match: *", true);
    assert_ok(complete_new(&f));
    assert_request(&f, 4, "if-none-match", false);
    assert_int_equal(put_mode(&f, true, &result), -EIO); // with and without a checksum
    assert_request(&f, 5, "if-none-match: *", true);
    assert_request(&f, 6, "if-none-match: *", true);
    assert_int_equal(scripted_server_requests(f.server), 7);
}

#define AHEAD_S (25 * 3600)

static void retention_header(char out[static 64], time_t from)
{
    struct tm utc;
    const time_t ends = from + AHEAD_S + 86400;
    gmtime_r(&ends, &utc);
    strftime(out, 64, "x-amz-object-lock-retain-until-date: %Y-%m-%dT%H", &utc);
}

// This machine's date is 25 hours behind the server's: a retention of a day would be over.
static void a_retention_ends_by_the_servers_clock(void **state)
{
    (void)state;
    struct store_result result;
    char now[64], first[64], last[64];
    const time_t began = time(NULL), server_now = began + AHEAD_S;
    struct tm utc;
    gmtime_r(&server_now, &utc);
    strftime(now, sizeof now, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
    const struct scripted_answer answers[] = {
        {.status = "403 Forbidden", .headers = now, .body = S3_ERROR("RequestTimeTooSkewed")},
        {.status = "200 OK", .headers = OK_ETAG},
        {.status = "200 OK", .headers = OK_ETAG},
    };
    CLEANUP(fixture_stop) struct fixture f;
    fixture_start(&f, answers, sizeof answers / sizeof *answers);
    assert_ok(put(&f, &result));
    const struct store_s3_defaults defaults = {.lock_mode = "COMPLIANCE", .lock_days = 1};
    store_s3_set_defaults(f.store, &defaults);
    assert_ok(put(&f, &result));
    retention_header(first, began);
    retention_header(last, time(NULL)); // an hour may have begun meanwhile
    const char *request = scripted_server_request(f.server, 2);
    if (strstr(request, first) == NULL && strstr(request, last) == NULL)
        fail_msg("neither '%s' nor '%s' in: %s", first, last, request);
}

static void new_objects_get_what_the_store_was_told(void **state)
{
    (void)state;
    struct store_result result;
    char upload_id[STORE_UPLOAD_ID_MAX];
    const struct kv none = {0};
    static const char *const HEADERS[] = {"x-amz-storage-class: STANDARD_IA",
                                          "x-amz-server-side-encryption: aws:kms",
                                          "x-amz-server-side-encryption-aws-kms-key-id: key-1",
                                          "x-amz-tagging: a=b%20c",
                                          "x-amz-object-lock-mode: GOVERNANCE",
                                          "x-amz-object-lock-retain-until-date: 20"};
    FIXTURE(f, {.status = "200 OK", .headers = OK_ETAG},
            {.status = "200 OK",
             .body = "<InitiateMultipartUploadResult><UploadId>u</UploadId>"
                     "</InitiateMultipartUploadResult>"});
    const struct store_s3_defaults defaults = {.storage_class = "STANDARD_IA",
                                               .sse = "aws:kms",
                                               .sse_key_id = "key-1",
                                               .tags = "a=b%20c",
                                               .lock_mode = "GOVERNANCE",
                                               .lock_days = 3};
    store_s3_set_defaults(f.store, &defaults);
    assert_ok(put(&f, &result));
    assert_ok(f.store->ops->upload_create(f.store, "key", &none, upload_id));
    for (size_t i = 0; i < sizeof HEADERS / sizeof *HEADERS; i++) {
        assert_request(&f, 0, HEADERS[i], true);
        assert_request(&f, 1, HEADERS[i], true);
    }
}

static void what_a_server_forgets_of_an_upload_is_given_to_the_object(void **state)
{
    (void)state;
    FIXTURE(f, {.status = "200 OK", .headers = OK_ETAG}, {.status = "200 OK"}, {.status = "200 OK"},
            {.status = "200 OK",
             .headers = OK_ETAG "x-amz-tagging-count: 2\r\nx-amz-object-lock-mode: COMPLIANCE\r\n"},
            {.status = "200 OK", .headers = OK_ETAG}, {.status = "200 OK"},
            {.status = "403 Forbidden", .body = S3_ERROR("AccessDenied")});
    assert_ok(f.store->ops->assure(f.store, "key", "v1")); // nothing to give: nothing is asked
    assert_int_equal(scripted_server_requests(f.server), 0);
    const struct store_s3_defaults defaults = {
        .tags = "a=b%20c&d=", .lock_mode = "COMPLIANCE", .lock_days = 3};
    store_s3_set_defaults(f.store, &defaults);
    assert_ok(f.store->ops->assure(f.store, "key", "v1"));
    assert_request(&f, 0, "HEAD /bucket/key?versionId=v1", true);
    assert_request(&f, 1, "PUT /bucket/key?tagging=&versionId=v1", true);
    assert_request(
        &f, 1, "<Tag><Key>a</Key><Value>b c</Value></Tag><Tag><Key>d</Key><Value></Value>", true);
    assert_request(&f, 2, "PUT /bucket/key?retention=&versionId=v1", true);
    assert_request(&f, 2, "<Mode>COMPLIANCE</Mode><RetainUntilDate>20", true);
    assert_ok(f.store->ops->assure(f.store, "key", "v2")); // it has both
    assert_int_equal(scripted_server_requests(f.server), 4);
    assert_int_equal(f.store->ops->assure(f.store, "key", ""), -EACCES);
    assert_text_has("in S3, but without its retention");
}

static void a_buckets_lock_and_versioning_are_read(void **state)
{
    (void)state;
    struct bucket_lock lock;
    enum bucket_versioning versioning;
    FIXTURE(f,
            {.status = "200 OK",
             .body = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>"
                     "<DefaultRetention><Mode>GOVERNANCE</Mode><Years>2</Years></DefaultRetention>"
                     "</Rule></ObjectLockConfiguration>"},
            {.status = "404 Not Found", .body = S3_ERROR("ObjectLockConfigurationNotFoundError")},
            {.status = "501 Not Implemented", .body = S3_ERROR("NotImplemented")},
            {.status = "403 Forbidden", .body = S3_ERROR("AccessDenied")},
            {.status = "200 OK",
             .body = "<VersioningConfiguration><Status>Suspended</Status>"
                     "</VersioningConfiguration>"},
            {.status = "200 OK", .body = "<VersioningConfiguration/>"});
    assert_ok(store_s3_bucket_lock(f.store, &lock));
    assert_true(lock.enabled && strcmp(lock.mode, "GOVERNANCE") == 0 && lock.days == 730);
    assert_ok(store_s3_bucket_lock(f.store, &lock));
    assert_false(lock.enabled);
    assert_int_equal(store_s3_bucket_lock(f.store, &lock), -EOPNOTSUPP);
    assert_int_equal(store_s3_bucket_lock(f.store, &lock), -EACCES);
    assert_ok(store_s3_bucket_versioning(f.store, &versioning));
    assert_int_equal(versioning, VERSIONING_SUSPENDED);
    assert_ok(store_s3_bucket_versioning(f.store, &versioning));
    assert_int_equal(versioning, VERSIONING_OFF);
}

int main(void)
{
    log_init(LOG_LEVEL_ERROR, LOG_SINK_STDERR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_must_be_new_says_so_and_412_is_eexist),
        cmocka_unit_test(a_condition_that_is_not_known_is_left_out_from_then_on),
        cmocka_unit_test(a_condition_that_is_heeded_is_never_left_out),
        cmocka_unit_test(a_retention_ends_by_the_servers_clock),
        cmocka_unit_test(new_objects_get_what_the_store_was_told),
        cmocka_unit_test(what_a_server_forgets_of_an_upload_is_given_to_the_object),
        cmocka_unit_test(a_buckets_lock_and_versioning_are_read),
    };
    return secret_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
