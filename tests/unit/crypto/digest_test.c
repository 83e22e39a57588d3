// SHA-256 against the vectors of FIPS 180 (NIST's examples, and SHAVS' long message), however the
// bytes are cut.
#include "common/codec.h"
#include "common/err.h"
#include "crypto/digest.h"
#include "tests/unit/test.h"

#include <string.h>

static void assert_digest(const void *data, size_t len, size_t piece, const char *expected)
{
    CLEANUP(digest_freep) struct digest *d = NULL;
    uint8_t found[DIGEST_SIZE];
    char hex[DIGEST_HEX_SIZE];
    assert_ok(digest_new(&d));
    for (size_t at = 0; at < len; at += piece)
        assert_ok(digest_add(d, (const char *)data + at, len - at < piece ? len - at : piece));
    assert_ok(digest_finish(d, found));
    hex_encode(hex, found, sizeof found);
    assert_string_equal(hex, expected);
}

static void published_vectors(void **state)
{
    (void)state;
    static const char TWO_BLOCKS[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    for (size_t piece = 1; piece < 70; piece += 7) {
        assert_digest("", 0, piece,
                      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_digest("abc", 3, piece,
                      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_digest(TWO_BLOCKS, strlen(TWO_BLOCKS), piece,
                      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    }
}

static void a_million_bytes(void **state)
{
    (void)state;
    char *data = malloc(1000000);
    assert_non_null(data);
    memset(data, 'a', 1000000);
    assert_digest(data, 1000000, 4096 + 1,
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(a_million_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
