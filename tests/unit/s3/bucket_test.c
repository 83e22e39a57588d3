// A bucket's settings out of S3's documents. The documents are those of the Amazon S3 API Reference
// (GetBucketVersioning, GetObjectLockConfiguration).
#include "common/err.h"
#include "s3/bucket_ask.h"
#include "tests/unit/test.h"

#define NS " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

static void versioning_is_enabled_suspended_or_never_set(void **state)
{
    (void)state;
    static const struct {
        const char *xml, *status;
    } CASES[] = {
        {"<VersioningConfiguration" NS "/>", ""},
        {"<VersioningConfiguration" NS "><Status>Enabled</Status>"
         "<MfaDelete>Disabled</MfaDelete></VersioningConfiguration>",
         "Enabled"},
        {"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>",
         "Suspended"},
        {"<Other><Status>Enabled</Status></Other>", ""},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char status[16] = "before";
        assert_ok(bucket_versioning_parse(CASES[i].xml, strlen(CASES[i].xml), status));
        assert_string_equal(status, CASES[i].status);
    }
}

static void lock_has_a_default_or_none(void **state)
{
    (void)state;
    struct bucket_lock lock;
    const char *bare = "<ObjectLockConfiguration" NS "><ObjectLockEnabled>Enabled"
                       "</ObjectLockEnabled></ObjectLockConfiguration>";
    assert_ok(bucket_lock_parse(bare, strlen(bare), &lock));
    assert_true(lock.enabled);
    assert_string_equal(lock.mode, "");
    const char *years = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
                        "<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Years>7</Years>"
                        "</DefaultRetention></Rule></ObjectLockConfiguration>";
    assert_ok(bucket_lock_parse(years, strlen(years), &lock));
    assert_string_equal(lock.mode, "GOVERNANCE");
    assert_string_equal(lock.period, "7 years");
}

static void long_texts_are_cut_and_broken_ones_are_errors(void **state)
{
    (void)state;
    char status[16];
    struct bucket_lock lock;
    const char *endless = "<VersioningConfiguration><Status>EnabledEnabledEnabledEnabledEnabled"
                          "</Status></VersioningConfiguration>";
    assert_ok(bucket_versioning_parse(endless, strlen(endless), status));
    assert_int_equal(strlen(status), sizeof status - 1);
    const char *open_end = "<ObjectLockConfiguration><Rule>";
    assert_int_equal(bucket_lock_parse(open_end, strlen(open_end), &lock), -EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versioning_is_enabled_suspended_or_never_set),
        cmocka_unit_test(lock_has_a_default_or_none),
        cmocka_unit_test(long_texts_are_cut_and_broken_ones_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
