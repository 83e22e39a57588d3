// Which addresses are taken, and what is said about the others.
#include "cli/source.h"
#include "common/err.h"
#include "tests/unit/test.h"

static void addresses_are_split(void **state)
{
    (void)state;
    struct source s;
    assert_ok(source_parse("s3://my-bucket/sql/full.bak", &s));
    assert_string_equal(s.bucket, "my-bucket");
    assert_string_equal(s.key, "sql/full.bak");
    assert_ok(source_parse("s3://my.bucket.2", &s));
    assert_string_equal(s.key, "");
    assert_ok(source_parse("s3://abc/", &s));
    assert_string_equal(s.key, "");
    // The longest name, and a key that S3 allows though no path could.
    assert_ok(source_parse(
        "s3://a23456789012345678901234567890123456789012345678901234567890bcd//x", &s));
    assert_string_equal(s.key, "/x");
}

static void bad_buckets_are_refused_with_the_rule(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *reason;
    } BAD[] = {
        {"my-bucket/x", "write s3://BUCKET"},
        {"S3://bucket", "write s3://BUCKET"},
        {"s3:bucket", "write s3://BUCKET"},
        {"", "write s3://BUCKET"},
        {"s3://", "no bucket"},
        {"s3:///x", "no bucket"},
        {"s3://ab", "3 to 63"},
        {"s3://a23456789012345678901234567890123456789012345678901234567890bcde", "3 to 63"},
        {"s3://MyBucket", "upper-case"},
        {"s3://my_bucket", "underscore"},
        {"s3://my bucket", "other characters"},
        {"s3://b\xc3\xbc"
         "cket",
         "other characters"},
        {"s3://-bucket", "begin and end"},
        {"s3://bucket-", "begin and end"},
        {"s3://.bucket", "begin and end"},
        {"s3://a..b", "two dots"},
        {"s3://192.168.5.4", "IP address"},
        {"s3://xn--bucket", "reserves"},
        {"s3://name-s3alias", "access point"},
        {"s3://base--euc1-az1--x-s3", "directory bucket"},
        {"s3://arn:aws:s3:::bucket", "ARN"},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct source s;
        assert_int_equal(source_parse(BAD[i].url, &s), -EINVAL);
        if (strstr(err_text(), BAD[i].reason) == NULL)
            fail_msg("%s: '%s' is not in '%s'", BAD[i].url, BAD[i].reason, err_text());
    }
}

static void prefixes_end_in_one_slash(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {{"s3://bkt", ""},          {"s3://bkt/", ""},
                                           {"s3://bkt/a", "a/"},      {"s3://bkt/a/", "a/"},
                                           {"s3://bkt/a/b", "a/b/"},  {"s3://bkt/...", ".../"},
                                           {"s3://bkt/.hid", ".hid/"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct source s;
        assert_ok(source_parse(CASES[i][0], &s));
        assert_ok(source_need_prefix(&s));
        assert_string_equal(s.key, CASES[i][1]);
    }
}

static void prefixes_no_path_can_hold_are_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {"s3://bkt//",   "s3://bkt//a", "s3://bkt/a//b",
                                      "s3://bkt/a//", "s3://bkt/.",  "s3://bkt/../a",
                                      "s3://bkt/a/.."};
    struct source s;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_ok(source_parse(BAD[i], &s));
        assert_int_equal(source_need_prefix(&s), -EINVAL);
    }
}

static void lengths_are_limited(void **state)
{
    (void)state;
    struct source s;
    char url[1200] = "s3://bkt/";
    memset(url + 9, 'a', 1024);
    assert_ok(source_parse(url, &s));
    url[9 + 1024] = 'a';
    assert_int_equal(source_parse(url, &s), -EINVAL);
    // One segment of 256 bytes, then many short ones up to the prefix's limit.
    url[9 + 256] = '\0';
    assert_ok(source_parse(url, &s));
    assert_int_equal(source_need_prefix(&s), -EINVAL);
    for (size_t i = 0; i < SOURCE_PREFIX_MAX; i++)
        url[9 + i] = i % 100 == 99 ? '/' : 'a';
    url[9 + SOURCE_PREFIX_MAX] = '\0';
    assert_ok(source_parse(url, &s));
    assert_int_equal(source_need_prefix(&s), -EINVAL);
    url[9 + SOURCE_PREFIX_MAX - 1] = '\0';
    assert_ok(source_parse(url, &s));
    assert_ok(source_need_prefix(&s));
    assert_int_equal(strlen(s.key), SOURCE_PREFIX_MAX);
}

static void objects_need_a_key_and_new_ones_a_path(void **state)
{
    (void)state;
    struct source s;
    assert_ok(source_parse("s3://bkt/", &s));
    assert_int_equal(source_need_key(&s, false), -EINVAL);
    assert_ok(source_parse("s3://bkt//odd//key", &s));
    assert_ok(source_need_key(&s, false));
    assert_int_equal(source_need_key(&s, true), -EINVAL);
    assert_ok(source_parse("s3://bkt/dir/", &s));
    assert_int_equal(source_need_key(&s, true), -EINVAL);
    assert_ok(source_parse("s3://bkt/dir/a.bak", &s));
    assert_ok(source_need_key(&s, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_split),
        cmocka_unit_test(bad_buckets_are_refused_with_the_rule),
        cmocka_unit_test(prefixes_end_in_one_slash),
        cmocka_unit_test(prefixes_no_path_can_hold_are_refused),
        cmocka_unit_test(lengths_are_limited),
        cmocka_unit_test(objects_need_a_key_and_new_ones_a_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
