// The parsers and tables of s3/ that need no server: ~/.aws files, XML, JSON, URLs, ARNs, retries.
#include "common/clock.h"
#include "common/err.h"
#include "s3/config.h"
#include "s3/endpoint.h"
#include "s3/http.h"
#include "s3/ini.h"
#include "s3/kms.h"
#include "s3/kms_json.h"
#include "s3/retry.h"
#include "s3/store_s3_internal.h"
#include "s3/xml.h"
#include "tests/unit/test.h"

// ---- ini

static int note_setting(void *context, const char *section, const char *name, const char *value)
{
    return buf_addf(context, "%s|%s|%s\n", section, name, value);
}

static int parse_ini(const char *text, struct buf *out)
{
    buf_init(out, 200000);
    return ini_parse(text, strlen(text), note_setting, out);
}

static void ini_files_are_read_as_aws_tools_read_them(void **state)
{
    (void)state;
    AUTO_BUF struct buf out = {0};
    assert_ok(parse_ini("\xef\xbb\xbf# a comment\r\n"
                        "[default]\r\n"
                        "aws_access_key_id=AKIA # behind it\r\n"
                        "AWS_Secret_Access_Key = abc/d+e#f;g==\r\n"
                        "\r\n"
                        "; another\n"
                        "[profile \"with blanks\" ] # so\n"
                        "s3 =\n"
                        "  endpoint_url = http://localhost:9000/?a=b\n"
                        "\tmax = 3\n"
                        "region = eu-central-1\n"
                        "[  services   x ]\n"
                        "kms = \n"
                        "  endpoint_url=https://k\n"
                        "note = first\n"
                        "  and more = of it\n"
                        "last = one",
                        &out));
    assert_string_equal(buf_str(&out), "default|aws_access_key_id|AKIA\n"
                                       "default|aws_secret_access_key|abc/d+e#f;g==\n"
                                       "profile with blanks|s3|\n"
                                       "profile with blanks|s3.endpoint_url|"
                                       "http://localhost:9000/?a=b\n"
                                       "profile with blanks|s3.max|3\n"
                                       "profile with blanks|region|eu-central-1\n"
                                       "services x|kms|\n"
                                       "services x|kms.endpoint_url|https://k\n"
                                       "services x|note|first\n"
                                       "services x|last|one\n");
}

static void malformed_ini_names_the_line_and_not_its_content(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "[a]\nb = c\nSECRET\n",       "[a]\n\n[SECRET\n",    "[a]\n[]\n\n= SECRET\n",
        "\n\nSECRET = before\n[a]\n", "[a]\nb=c\n=SECRET\n",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        AUTO_BUF struct buf out = {0};
        assert_int_equal(parse_ini(BAD[i], &out), -EIO);
        assert_non_null(strstr(err_text(), "line "));
        assert_null(strstr(err_text(), "SECRET"));
    }
    AUTO_BUF struct buf zero = {0};
    buf_init(&zero, 100);
    assert_int_equal(ini_parse("[a]\nb=\0c\n", 9, note_setting, &zero), -EIO);
    assert_non_null(strstr(err_text(), "line 2"));
}

static void a_session_token_of_64_kib_is_read_whole(void **state)
{
    (void)state;
    static char text[INI_LINE_MAX + 100] = "[a]\naws_session_token = ";
    AUTO_BUF struct buf out = {0};
    size_t at = strlen(text);
    memset(text + at, 'T', 65536);
    assert_ok(parse_ini(text, &out));
    assert_int_equal(out.len, strlen("a|aws_session_token|\n") + 65536);
    memset(text + at, 'T', INI_LINE_MAX);
    buf_clear(&out);
    assert_int_equal(parse_ini(text, &out), -EIO);
}

// ---- XML

static int note_xml(void *context, enum xml_event event, const char *path, const char *text)
{
    return event == XML_OPEN ? 0 : buf_addf(context, "%s=%s\n", path, text);
}

static int parse_xml(const char *text, struct buf *out)
{
    buf_init(out, 10000);
    return xml_parse(text, strlen(text), note_xml, out);
}

static void xml_gives_paths_and_texts(void **state)
{
    (void)state;
    AUTO_BUF struct buf out = {0};
    assert_ok(parse_xml(" \r\n <?xml version=\"1.0\"?><s3:R xmlns:s3=\"http://x/\"><A>1 &amp; "
                        "&lt;2&#x41;</A><B><C/><C>x</C></B></s3:R>\n",
                        &out));
    assert_string_equal(buf_str(&out), "/R/A=1 & <2A\n/R/B/C=\n/R/B/C=x\n/R/B=\n/R=\n");
}

static void control_characters_are_taken_as_servers_write_them(void **state)
{
    (void)state;
    AUTO_BUF struct buf out = {0};
    assert_ok(parse_xml("<R><A>&#x1;b\x02&#31;&#x0D;&amp;&#x41;\x7f</A><B>\xef\xbf\xbe&#xFFFF;"
                        "\xef\xbf\xbd\xef\xb8\x8f</B></R>",
                        &out));
    assert_string_equal(buf_str(&out), "/R/A=\x01"
                                       "b\x02\x1f\r&A\x7f\n/R/B=\xef\xbf\xbe\xef\xbf\xbf"
                                       "\xef\xbf\xbd\xef\xb8\x8f\n/R=\n");
    // What is no text stays an error, and so does what uses the stand-ins itself.
    static const char *const BAD[] = {"<R>&#0;</R>",
                                      "<R>&#x;</R>",
                                      "<\x01/>",
                                      "<R>\xef\xb7\x91\x01</R>",
                                      "<R>&#xFDD1;&#1;</R>",
                                      "<R>&#x1</R>",
                                      "<R>&#x110000;\x01</R>"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        buf_clear(&out);
        assert_int_equal(parse_xml(BAD[i], &out), -EIO);
    }
    buf_clear(&out);
    assert_ok(parse_xml("<R>\xef\xb7\x91</R>", &out));
    assert_string_equal(buf_str(&out), "/R=\xef\xb7\x91\n");
}

static void bad_xml_is_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",
        "   ",
        "no xml",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
        "<a><b><c><d><e><f><g><h><i/></h></g></f></e></d></c></b></a>",
        "<a>&unknown;</a>",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        AUTO_BUF struct buf out = {0};
        assert_int_equal(parse_xml(BAD[i], &out), -EIO);
        assert_true(strlen(err_text()) > 0);
    }
    static char large[XML_TEXT_MAX + 100] = "<a>";
    memset(large + 3, 'x', XML_TEXT_MAX + 1);
    strcat(large, "</a>");
    AUTO_BUF struct buf out = {0};
    assert_int_equal(parse_xml(large, &out), -EIO);
}

// ---- KMS JSON

static void kms_json_is_strict(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",    "{", "[]", "\"x\"", "{\"a\":\"b\",\"a\":\"c\"}", "{} {}", "{\"a\":\"\\ud800\"}",
        "null"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        AUTO_KMS_JSON struct json_t *json = NULL;
        assert_int_equal(kms_json_parse(&json, BAD[i], strlen(BAD[i])), -EIO);
    }
    AUTO_KMS_JSON struct json_t *json = NULL;
    static const char GOOD[] = "{\"P\":\"AAEC\",\"Q\":\"AAECAw==\",\"E\":\"\",\"N\":7,"
                               "\"M\":{\"T\":true,\"S\":\"s\"},\"X\":\"A===\"}";
    assert_ok(kms_json_parse(&json, GOOD, strlen(GOOD)));
    assert_string_equal(kms_json_text(json, "M", "S"), "s");
    assert_true(kms_json_true(json, "M", "T"));
    assert_null(kms_json_text(json, "M", "T"));
    assert_null(kms_json_text(json, "none", "T"));
    AUTO_SECRET struct secret *secret = NULL;
    assert_ok(kms_json_secret(json, "Q", 32, &secret));
    assert_int_equal(secret_size(secret), 4);
    assert_memory_equal(secret_bytes(secret), "\0\1\2\3", 4);
    struct secret *none = NULL;
    static const char *const NOT[] = {"E", "N", "M", "X", "missing"};
    for (size_t i = 0; i < sizeof NOT / sizeof *NOT; i++)
        assert_int_equal(kms_json_secret(json, NOT[i], 32, &none), -EIO);
    assert_int_equal(kms_json_secret(json, "Q", 3, &none), -EIO);
}

static void kms_requests_are_json(void **state)
{
    (void)state;
    AUTO_KV struct kv context = {0};
    AUTO_BUF struct buf out;
    buf_init_secret(&out, 1000);
    assert_ok(kv_set(&context, "kms_cmk_id", "arn:\"x\\"));
    const struct kms_field fields[] = {
        {"KeyId", "true", NULL},
        {"Left", NULL, NULL},
        {"EncryptionContext", NULL, &context},
        {"DryRun", KMS_JSON_TRUE, NULL},
    };
    assert_ok(kms_json_format(&out, fields, 4));
    assert_string_equal(
        buf_str(&out),
        "{\"KeyId\":\"true\",\"EncryptionContext\":{\"kms_cmk_id\":\"arn:\\\"x\\\\\"},"
        "\"DryRun\":true}");
}

static void kms_arns_are_taken_apart(void **state)
{
    (void)state;
    struct kms_arn arn;
    assert_ok(kms_arn_parse("arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-0aB9", &arn));
    assert_string_equal(arn.partition, "aws-cn");
    assert_string_equal(arn.region, "cn-north-1");
    assert_string_equal(arn.account, "123456789012");
    assert_string_equal(arn.id, "mrk-0aB9");
    static const char *const BAD[] = {
        "",
        "arn:",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:s3:eu-central-1:123456789012:key/x",
        "arn:aws:kms:eu-central-1:123456789012:key/",
        "arn:aws:kms:eu-central-1:12345678901:key/x",
        "arn:aws:kms::123456789012:key/x",
        "arn:aws:kms:eu-central-1:123456789012:key/x y",
        "arn:aws:kms:eu-central-1:123456789012:key/x:y",
        "arn:aws:kms:eu_central/1:123456789012:key/x",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_int_equal(kms_arn_parse(BAD[i], &arn), -EINVAL);
    assert_int_equal(kms_arn_parse("arn:aws:kms:eu-central-1:123456789012:alias/x", &arn), -EINVAL);
    assert_non_null(strstr(err_text(), "alias"));
}

// ---- endpoints

static void endpoint_urls_are_taken_strictly(void **state)
{
    (void)state;
    struct endpoint e;
    assert_ok(endpoint_parse("http://127.0.0.1:9000/", false, &e));
    assert_true(e.loopback && !e.tls);
    assert_string_equal(e.authority, "127.0.0.1:9000");
    assert_ok(endpoint_parse("https://S3.example.com:443", false, &e));
    assert_true(e.tls && !e.loopback);
    assert_string_equal(e.authority, "S3.example.com");
    assert_ok(endpoint_parse("http://[::1]:80", false, &e));
    assert_true(e.loopback);
    assert_string_equal(e.authority, "[::1]");
    assert_ok(endpoint_parse("http://s3.localhost:1", false, &e));
    assert_int_equal(endpoint_parse("http://s3.example.com", false, &e), -EINVAL);
    assert_non_null(strstr(err_text(), "--allow-http"));
    assert_ok(endpoint_parse("http://s3.example.com", true, &e));
    assert_int_equal(endpoint_parse("http://127.0.0.1.example.com", false, &e), -EINVAL);
    static const char *const BAD[] = {
        "localhost:9000",  "ftp://x",
        "https://",        "https://x:0",
        "https://x:65536", "https://x:",
        "https://x/path",  "https://user:pw@x",
        "https://x?y",     "https://a b",
        "https://[::1",    "https://[x]",
        "https://x:12a",   "",
        "https://x/#frag", "https://:443",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_int_equal(endpoint_parse(BAD[i], true, &e), -EINVAL);
    assert_ok(endpoint_aws("kms", "cn-north-1", &e));
    assert_string_equal(e.host, "kms.cn-north-1.amazonaws.com.cn");
    assert_int_equal(endpoint_aws("s3", "evil.example.com/", &e), -EINVAL);
}

// ---- retries

static void pauses_grow_are_jittered_and_bounded(void **state)
{
    (void)state;
    assert_in_range(retry_delay_ms(1, RETRY_TRANSIENT, 0), 50, 50);
    assert_in_range(retry_delay_ms(1, RETRY_TRANSIENT, UINT32_MAX), 50, 100);
    assert_in_range(retry_delay_ms(4, RETRY_SERVER, 0), 400, 400);
    assert_in_range(retry_delay_ms(1, RETRY_THROTTLED, 12345), 200, 400);
    for (unsigned i = 1; i < 100; i++)
        assert_in_range(retry_delay_ms(i, RETRY_THROTTLED, i * 7919), 50, RETRY_DELAY_MAX_MS);
}

static void statuses_say_whether_to_try_again(void **state)
{
    (void)state;
    assert_int_equal(retry_kind_of_status(503), RETRY_THROTTLED);
    assert_int_equal(retry_kind_of_status(429), RETRY_THROTTLED);
    assert_int_equal(retry_kind_of_status(500), RETRY_SERVER);
    assert_int_equal(retry_kind_of_status(408), RETRY_TRANSIENT);
    static const int FINAL[] = {400, 401, 403, 404, 409, 411, 412, 416, 501, 301};
    for (size_t i = 0; i < sizeof FINAL / sizeof *FINAL; i++)
        assert_int_equal(retry_kind_of_status(FINAL[i]), RETRY_NEVER);
}

static void a_final_text_has_first_cause_last_cause_and_count(void **state)
{
    (void)state;
    struct retry r = {.total_ms = 10000, .server_errors_max = 3};
    assert_int_equal(retry_failed(&r, err_set(-EIO, "first cause"), RETRY_SERVER), 0);
    assert_int_equal(retry_failed(&r, err_set(-EIO, "middle"), RETRY_SERVER), 0);
    assert_int_equal(retry_failed(&r, err_set(-EIO, "last cause"), RETRY_SERVER), -EIO);
    assert_non_null(strstr(err_text(), "last cause"));
    assert_non_null(strstr(err_text(), "first cause"));
    assert_non_null(strstr(err_text(), "3 attempts"));
    struct retry once = {.total_ms = 10000};
    assert_int_equal(retry_failed(&once, err_set(-EACCES, "denied"), RETRY_NEVER), -EACCES);
    assert_string_equal(err_text(), "denied");
    struct retry late = {.total_ms = 10000, .deadline_ms = clock_ms() + 20};
    assert_int_equal(retry_failed(&late, err_set(-EIO, "late"), RETRY_TRANSIENT), -EIO);
    atomic_bool cancel = true;
    struct retry canceled = {.total_ms = 10000, .cancel = &cancel};
    assert_true(retry_failed(&canceled, err_set(-EIO, "x"), RETRY_TRANSIENT) < 0);
}

static void one_cause_is_told_once_whatever_its_request_was_called(void **state)
{
    (void)state;
    struct retry r = {.total_ms = 10000, .server_errors_max = 2};
    assert_int_equal(retry_failed(&r, err_set(-EIO, "x: 503 (y) (request id 1)"), RETRY_SERVER), 0);
    assert_int_equal(retry_failed(&r, err_set(-EIO, "x: 503 (y) (request id 2)"), RETRY_SERVER),
                     -EIO);
    assert_string_equal(err_text(), "x: 503 (y) (request id 2) (the same in 2 attempts over 0 s)");
    struct retry other = {.total_ms = 10000, .server_errors_max = 2};
    assert_int_equal(retry_failed(&other, err_set(-EIO, "x: 500 (request id 1)"), RETRY_SERVER), 0);
    assert_int_equal(retry_failed(&other, err_set(-EIO, "x: 503 (request id 2)"), RETRY_SERVER),
                     -EIO);
    assert_non_null(strstr(err_text(), "the first failed with: x: 500"));
}

// What a log at its default level has of a call that has failed for this long.
static void logged_of_failing(int64_t for_ms, char *out, size_t size)
{
    int ends[2], kept = dup(STDERR_FILENO);
    struct retry r = {.total_ms = 3600000, .failures = 1, .first_failed_ms = clock_ms() - for_ms};
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    int rc = retry_failed(&r, err_set(-EIO, "nobody there"), RETRY_TRANSIENT);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    close(ends[1]);
    ssize_t len = read(ends[0], out, size - 1);
    close(ends[0]);
    out[len > 0 ? len : 0] = '\0';
    assert_int_equal(rc, 0);
}

static void whoever_waits_long_is_told_why_and_not_by_every_call(void **state)
{
    (void)state;
    char text[512];
    logged_of_failing(0, text, sizeof text);
    assert_string_equal(text, "");
    logged_of_failing(RETRY_TELL_AFTER_MS, text, sizeof text);
    assert_non_null(strstr(text, "rdsbak warn: attempt 2 failed"));
    assert_non_null(strstr(text, "nobody there"));
    logged_of_failing(RETRY_TELL_AFTER_MS, text, sizeof text); // another call, at the same time
    assert_string_equal(text, "");
}

static void small_forms_are_read(void **state)
{
    (void)state;
    char etag[STORE_ETAG_MAX], text[9];
    uint32_t crc = 0;
    assert_ok(s3_etag_take(etag, "\"abc-2\""));
    assert_string_equal(etag, "abc-2");
    assert_ok(s3_etag_take(etag, "abc"));
    assert_int_equal(s3_etag_take(etag, "\"\""), -EIO);
    assert_int_equal(s3_time_parse("2024-05-01T12:00:00.000Z"), 1714564800);
    assert_int_equal(s3_time_parse("yesterday"), 0);
    assert_int_equal(http_date_parse("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
    assert_ok(s3_crc32c_format(text, 0xe3069283)); // CRC-32C of "123456789"
    assert_string_equal(text, "4waSgw==");
    assert_true(s3_crc32c_parse("4waSgw==", &crc));
    assert_int_equal(crc, 0xe3069283);
    assert_false(s3_crc32c_parse("4waSg", &crc));
    assert_false(s3_crc32c_parse("", &crc));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ini_files_are_read_as_aws_tools_read_them),
        cmocka_unit_test(malformed_ini_names_the_line_and_not_its_content),
        cmocka_unit_test(a_session_token_of_64_kib_is_read_whole),
        cmocka_unit_test(xml_gives_paths_and_texts),
        cmocka_unit_test(control_characters_are_taken_as_servers_write_them),
        cmocka_unit_test(bad_xml_is_refused),
        cmocka_unit_test(kms_json_is_strict),
        cmocka_unit_test(kms_requests_are_json),
        cmocka_unit_test(kms_arns_are_taken_apart),
        cmocka_unit_test(endpoint_urls_are_taken_strictly),
        cmocka_unit_test(pauses_grow_are_jittered_and_bounded),
        cmocka_unit_test(statuses_say_whether_to_try_again),
        cmocka_unit_test(a_final_text_has_first_cause_last_cause_and_count),
        cmocka_unit_test(one_cause_is_told_once_whatever_its_request_was_called),
        cmocka_unit_test(whoever_waits_long_is_told_why_and_not_by_every_call),
        cmocka_unit_test(small_forms_are_read),
    };
    return secret_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
