// What must hold of the small parts everything stands on: strict codecs, bounded buffers, ranked
// locks, log lines.
#include "common/buf.h"
#include "common/codec.h"
#include "common/err.h"
#include "common/kv.h"
#include "common/lock.h"
#include "common/secret.h"
#include "tests/unit/test.h"

static void base64_is_strict(void **state)
{
    (void)state;
    AUTO_BUF struct buf b;
    buf_init(&b, 100);
    assert_ok(base64_encode(&b, "\0\xff rds", 6));
    assert_string_equal(buf_str(&b), "AP8gcmRz");
    uint8_t out[16];
    size_t len = 0;
    assert_ok(base64_decode("AP8gcmRz", 8, out, sizeof out, &len));
    assert_int_equal(len, 6);
    assert_memory_equal(out, "\0\xff rds", 6);
    static const char *const BAD[] = {"AP8gcmR", "AP8g cmRz", "AP8gcmRz\n",  "AP8gcm==x",  "A===",
                                      "AP9=",    "____",      "AP8gcm\xafz", "AP8gcm\xabz"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_int_equal(base64_decode(BAD[i], strlen(BAD[i]), out, sizeof out, &len), -EIO);
    assert_int_equal(base64_decode("AP8gcmRz", 8, out, 5, &len), -EIO);
}

static void sizes_have_units_and_limits(void **state)
{
    (void)state;
    uint64_t v = 0;
    assert_ok(size_parse("8MiB", &v));
    assert_int_equal(v, 8 << 20);
    assert_ok(size_parse("3G", &v));
    assert_int_equal(v, 3ull << 30);
    assert_ok(size_parse("0", &v));
    static const char *const BAD[] = {
        "", "MiB", "-1", "8 MiB", "8mb", "8MB", "99999999999999999999", "99999999TiB", "1e3"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_int_equal(size_parse(BAD[i], &v), -EINVAL);
    assert_int_equal(decimal_parse("10001", 10000, &v), -EINVAL);
    assert_ok(decimal_parse("10000", 10000, &v));
}

static void uri_escapes_round_trip_every_byte(void **state)
{
    (void)state;
    char all[256];
    for (int i = 1; i < 256; i++)
        all[i - 1] = (char)i;
    all[255] = '\0';
    AUTO_BUF struct buf escaped, back;
    buf_init(&escaped, 1000);
    buf_init(&back, 1000);
    assert_ok(uri_escape(&escaped, all, false));
    assert_null(strchr(buf_str(&escaped), '/'));
    assert_ok(uri_unescape(&back, escaped.data, escaped.len));
    assert_string_equal(buf_str(&back), all);
    static const char *const BAD[] = {"%", "%4", "%zz", "a%0", "%00"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_int_equal(uri_unescape(&back, BAD[i], strlen(BAD[i])), -EIO);
}

static void only_well_formed_utf8_is_valid(void **state)
{
    (void)state;
    static const char *const GOOD[] = {"",
                                       "a\x01\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const BAD[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc3",
                                      "\xc3(",
                                      "\xe0\x9f\xbf",
                                      "\xe2\x82",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "a\xfe"};
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
        assert_true(utf8_valid(GOOD[i]));
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_false(utf8_valid(BAD[i]));
}

static void crc32c_matches_rfc3720(void **state)
{
    (void)state;
    uint8_t zeros[32] = {0}, ones[32], ascending[32];
    memset(ones, 0xff, sizeof ones);
    for (uint8_t i = 0; i < 32; i++)
        ascending[i] = i;
    // RFC 3720, appendix B.4.
    assert_int_equal(crc32c_extend(0, zeros, 32), 0x8A9136AA);
    assert_int_equal(crc32c_extend(0, ones, 32), 0x62A8AB43);
    assert_int_equal(crc32c_extend(0, ascending, 32), 0x46DD794E);
    assert_int_equal(crc32c_extend(crc32c_extend(0, ascending, 13), ascending + 13, 19),
                     0x46DD794E);
}

static void a_buffer_never_passes_its_maximum(void **state)
{
    (void)state;
    AUTO_BUF struct buf b;
    buf_init(&b, 10);
    assert_ok(buf_add(&b, "0123456789", 10));
    assert_int_equal(buf_add(&b, "x", 1), -EIO);
    assert_string_equal(buf_str(&b), "0123456789");
}

static void only_the_listed_errnos_leave_the_mount(void **state)
{
    (void)state;
    assert_int_equal(err_for_mount(-EINVAL), EIO);
    assert_int_equal(err_for_mount(-ETIMEDOUT), EIO);
    assert_int_equal(err_for_mount(-ENOSPC), ENOSPC);
    assert_int_equal(err_for_mount(0), 0);
}

static void error_texts_cross_threads_and_gain_context(void **state)
{
    (void)state;
    struct err_saved saved;
    err_save(&saved, err_set(-EIO, "part %d", 7));
    err_set(-ENOENT, "other");
    assert_int_equal(err_restore(&saved), -EIO);
    err_prefix(-EIO, "file %s", "x");
    assert_string_equal(err_text(), "file x: part 7");
}

static void maps_keep_order_and_compare_by_content(void **state)
{
    (void)state;
    AUTO_KV struct kv a = {0}, b = {0};
    assert_ok(kv_set(&a, "x", "1"));
    assert_ok(kv_set(&a, "y", "2"));
    assert_ok(kv_set(&b, "y", "2"));
    assert_false(kv_equal(&a, &b));
    assert_ok(kv_set(&b, "x", "1"));
    assert_true(kv_equal(&a, &b));
    kv_sort(&b);
    assert_string_equal(b.pairs[0].name, "x");
    kv_remove(&b, "x");
    assert_null(kv_get(&b, "x"));
    assert_string_equal(kv_get(&b, "y"), "2");
}

static void locks_of_rising_rank_nest(void **state)
{
    (void)state;
    struct lock node, queue;
    lock_init(&node, LOCK_RANK_NODE);
    lock_init(&queue, LOCK_RANK_QUEUE);
    {
        WITH_LOCK(&node);
        assert_true(lock_is_mine(&node));
        lock_take(&queue);
        lock_give(&queue);
    }
    assert_false(lock_is_mine(&node));
    lock_destroy(&node);
    lock_destroy(&queue);
}

int main(void)
{
    if (secret_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(sizes_have_units_and_limits),
        cmocka_unit_test(uri_escapes_round_trip_every_byte),
        cmocka_unit_test(only_well_formed_utf8_is_valid),
        cmocka_unit_test(crc32c_matches_rfc3720),
        cmocka_unit_test(a_buffer_never_passes_its_maximum),
        cmocka_unit_test(only_the_listed_errnos_leave_the_mount),
        cmocka_unit_test(error_texts_cross_threads_and_gain_context),
        cmocka_unit_test(maps_keep_order_and_compare_by_content),
        cmocka_unit_test(locks_of_rising_rank_nest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
