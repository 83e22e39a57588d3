// What must hold of the content cipher: the bytes are those of Amazon's clients, every way of
// cutting a stream gives the same bytes, every range equals the whole, and a wrong padding says
// nothing but that it is wrong.
#include "common/err.h"
#include "crypto/cipher.h"
#include "tests/unit/crypto/vectors_read.h"

#include <stdbool.h>

#define ALG CONTENT_CBC

// Deterministic, so that a failure can be repeated.
static uint64_t random_state = 88172645463325252u;
static size_t random_below(size_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)(random_state % bound);
}

struct object {
    struct secret *key;
    uint8_t iv[CIPHER_BLOCK_SIZE];
    uint8_t *plain;
    size_t plain_len;
    uint8_t *cipher;
    size_t cipher_len;
};

static void object_free(struct object *o)
{
    secret_release(o->key);
    free(o->plain);
    free(o->cipher);
}
#define AUTO_OBJECT CLEANUP(object_free)

// Seals plain in pieces of at most piece_max bytes (a multiple of the block).
static size_t seal(struct sealer *s, const uint8_t *plain, size_t len, size_t piece_max,
                   uint8_t *out)
{
    size_t whole = len - len % CIPHER_BLOCK_SIZE;
    memcpy(out, plain, whole);
    for (size_t done = 0; done < whole;) {
        size_t blocks = random_below(piece_max / CIPHER_BLOCK_SIZE) + 1;
        size_t piece = blocks * CIPHER_BLOCK_SIZE;
        piece = piece < whole - done ? piece : whole - done;
        assert_ok(sealer_update(s, out + done, piece));
        done += piece;
    }
    uint8_t end[CIPHER_FINISH_MAX];
    size_t end_len = 0;
    assert_ok(sealer_finish(s, plain + whole, len - whole, end, &end_len));
    memcpy(out + whole, end, end_len);
    return whole + end_len;
}

static struct object object_of(struct secret *key, const uint8_t *iv, uint8_t *plain, size_t len)
{
    struct object o = {.key = key, .plain = plain, .plain_len = len};
    memcpy(o.iv, iv, sizeof o.iv);
    o.cipher = malloc(len + CIPHER_FINISH_MAX);
    assert_non_null(o.cipher);
    CLEANUP(sealer_freep) struct sealer *s = NULL;
    assert_ok(sealer_new(&s, ALG, key, iv));
    o.cipher_len = seal(s, plain, len, 4096, o.cipher);
    assert_int_equal(o.cipher_len, content_cipher_size(ALG, len));
    return o;
}

static struct object object_random(size_t len)
{
    uint8_t *plain = malloc(len + 1);
    uint8_t iv[CIPHER_BLOCK_SIZE];
    struct secret *key = NULL;
    assert_non_null(plain);
    from_label("plain", plain, len);
    from_label("iv", iv, sizeof iv);
    assert_ok(secret_random(&key, CIPHER_KEY_SIZE));
    return object_of(key, iv, plain, len);
}

static struct object object_of_vector(const struct vector *v)
{
    uint8_t iv[CIPHER_BLOCK_SIZE];
    assert_int_equal(from_hex(v->iv_hex, iv, sizeof iv), sizeof iv);
    return object_of(vector_key(v), iv, vector_plain(v), v->plain_len);
}

// Opens a range in random pieces; out must hold its plaintext exactly.
static int open_range(const struct object *o, const struct cipher_range *r, size_t piece_max,
                      uint8_t *out, size_t *out_len, size_t *pad_len)
{
    CLEANUP(opener_freep) struct opener *op = NULL;
    assert_ok(opener_new(&op, ALG, o->key, o->iv, r, o->cipher_len));
    *out_len = 0;
    for (size_t done = 0; done < r->cipher_len;) {
        size_t piece = random_below(piece_max) + 1;
        size_t left = (size_t)r->cipher_len - done;
        piece = piece < left ? piece : left;
        size_t got = 0;
        assert_ok(
            opener_update(op, o->cipher + r->cipher_offset + done, piece, out + *out_len, &got));
        assert_true(got < piece + CIPHER_BLOCK_SIZE);
        *out_len += got;
        done += piece;
    }
    return opener_finish(op, pad_len);
}

static struct cipher_range whole(const struct object *o)
{
    return content_range(ALG, 0, UINT64_MAX, o->plain_len, o->cipher_len);
}

static void sealing_gives_the_bytes_of_the_vectors(void **state)
{
    (void)state;
    VECTOR_EACH(v)
    {
        AUTO_OBJECT struct object o = object_of_vector(v);
        if (v->cipher_hex != NULL) {
            AUTO_FREE uint8_t *expected = malloc(o.cipher_len);
            assert_int_equal(from_hex(v->cipher_hex, expected, o.cipher_len), o.cipher_len);
            assert_memory_equal(o.cipher, expected, o.cipher_len);
        }
        char digest[65];
        sha256_hex(o.cipher, o.cipher_len, digest);
        if (v->cipher_sha256[0] != '\0')
            assert_string_equal(digest, v->cipher_sha256);
    }
}

static void opening_gives_the_plaintext_of_the_vectors(void **state)
{
    (void)state;
    VECTOR_EACH(v)
    {
        AUTO_OBJECT struct object o = object_of_vector(v);
        AUTO_FREE uint8_t *out = malloc(o.cipher_len);
        size_t len = 0, pad = 0;
        struct cipher_range r = whole(&o);
        assert_int_equal(r.cipher_offset, 0);
        assert_int_equal(r.cipher_len, o.cipher_len);
        assert_ok(open_range(&o, &r, 100, out, &len, &pad));
        assert_int_equal(len, o.cipher_len);
        assert_int_equal(len - pad, v->plain_len);
        assert_memory_equal(out, o.plain, v->plain_len);
    }
}

static void pieces_of_any_size_give_the_same_bytes(void **state)
{
    (void)state;
    AUTO_OBJECT struct object o = object_random(70007);
    AUTO_FREE uint8_t *out = malloc(o.cipher_len + 1);
    AUTO_FREE uint8_t *cipher = malloc(o.cipher_len);
    static const size_t SIZES[] = {1, 15, 16, 17, 31, 33, 1000, 4096, 100000};
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        CLEANUP(sealer_freep) struct sealer *s = NULL;
        assert_ok(sealer_new(&s, ALG, o.key, o.iv));
        size_t blocks = SIZES[i] / CIPHER_BLOCK_SIZE + 1;
        assert_int_equal(seal(s, o.plain, o.plain_len, blocks * CIPHER_BLOCK_SIZE, cipher),
                         o.cipher_len);
        assert_memory_equal(cipher, o.cipher, o.cipher_len);
        size_t len = 0, pad = 0;
        struct cipher_range r = whole(&o);
        out[o.cipher_len] = 0x5a;
        assert_ok(open_range(&o, &r, SIZES[i], out, &len, &pad));
        assert_int_equal(len - pad, o.plain_len);
        assert_memory_equal(out, o.plain, o.plain_len);
        assert_int_equal(out[o.cipher_len], 0x5a); // nothing beyond the range's own
    }
}

// One range against the plaintext it stands for.
static void range_matches(const struct object *o, size_t offset, size_t len)
{
    struct cipher_range r = content_range(ALG, offset, len, o->plain_len, o->cipher_len);
    size_t end = len < o->plain_len - offset ? offset + len : o->plain_len;
    assert_true(r.plain_offset <= offset && offset - r.plain_offset < CIPHER_BLOCK_SIZE);
    // Exactly as much as its plaintext: a heap checker sees a byte too many.
    size_t lead = r.plain_offset > r.cipher_offset ? CIPHER_BLOCK_SIZE : 0;
    size_t room = r.cipher_len > lead ? (size_t)r.cipher_len - lead : 0;
    AUTO_FREE uint8_t *out = malloc(room + 1);
    size_t got = 0, pad = 0;
    assert_ok(open_range(o, &r, 40, out, &got, &pad));
    assert_true(got == room);
    bool to_end = r.cipher_offset + r.cipher_len == o->cipher_len; // also by way of a shared block
    assert_true(to_end || end < o->plain_len || len == 0);
    if (to_end)
        assert_int_equal(r.plain_offset + got - pad, o->plain_len);
    else
        assert_int_equal(pad, 0);
    assert_true(len == 0 || r.plain_offset + got >= end);
    if (end > offset)
        assert_memory_equal(out + (offset - r.plain_offset), o->plain + offset, end - offset);
}

static void every_range_equals_that_part_of_the_whole(void **state)
{
    (void)state;
    static const size_t SIZES[] = {0, 1, 15, 16, 17, 31, 32, 33, 48, 65};
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        AUTO_OBJECT struct object o = object_random(SIZES[i]);
        for (size_t offset = 0; offset <= o.plain_len; offset++) {
            for (size_t len = 0; len <= o.plain_len - offset + 1; len++)
                range_matches(&o, offset, len);
            range_matches(&o, offset, SIZE_MAX);
        }
    }
}

static void random_ranges_of_a_large_object_equal_the_whole(void **state)
{
    (void)state;
    AUTO_OBJECT struct object o = object_random(200003);
    for (int i = 0; i < 300; i++) {
        size_t offset = random_below(o.plain_len + 1);
        range_matches(&o, offset, random_below(i % 2 ? 50 : 20000));
    }
}

static void a_range_asks_for_no_more_than_it_needs(void **state)
{
    (void)state;
    struct cipher_range r = content_range(ALG, 0, 16, 100, 112);
    assert_int_equal(r.cipher_offset, 0);
    assert_int_equal(r.cipher_len, 16);
    r = content_range(ALG, 16, 16, 100, 112); // the first block is the second one's IV
    assert_int_equal(r.cipher_offset, 0);
    assert_int_equal(r.cipher_len, 32);
    assert_int_equal(r.plain_offset, 16);
    r = content_range(ALG, 32, 16, 100, 112);
    assert_int_equal(r.cipher_offset, 16);
    assert_int_equal(r.cipher_len, 32);
    assert_int_equal(r.plain_offset, 32);
    r = content_range(ALG, 47, 2, 100, 112);
    assert_int_equal(r.cipher_offset, 16);
    assert_int_equal(r.cipher_len, 48);
    r = content_range(ALG, 95, 1, 96, 112); // the last byte: the padding block comes along
    assert_int_equal(r.cipher_offset, 64);
    assert_int_equal(r.cipher_len, 48);
    r = content_range(ALG, 50, 0, 100, 112);
    assert_int_equal(r.cipher_len, 0);
}

static void the_tail_tells_the_exact_size(void **state)
{
    (void)state;
    for (size_t size = 0; size < 50; size++) {
        AUTO_OBJECT struct object o = object_random(size);
        struct cipher_range r = content_tail_range(ALG, o.cipher_len);
        uint8_t out[CIPHER_BLOCK_SIZE];
        size_t len = 0, pad = 0;
        assert_true(r.cipher_len <= 2 * CIPHER_BLOCK_SIZE);
        assert_ok(open_range(&o, &r, 40, out, &len, &pad));
        assert_int_equal(o.cipher_len - pad, size);
    }
}

static void a_resumed_seal_equals_one_that_never_stopped(void **state)
{
    (void)state;
    AUTO_OBJECT struct object o = object_random(1003);
    AUTO_FREE uint8_t *cipher = malloc(o.cipher_len);
    for (size_t cut = CIPHER_BLOCK_SIZE; cut <= o.plain_len; cut += CIPHER_BLOCK_SIZE) {
        CLEANUP(sealer_freep) struct sealer *s = NULL;
        assert_ok(sealer_resume(&s, ALG, o.key, o.cipher + cut - CIPHER_BLOCK_SIZE));
        size_t len = seal(s, o.plain + cut, o.plain_len - cut, 4096, cipher);
        assert_int_equal(cut + len, o.cipher_len);
        assert_memory_equal(cipher, o.cipher + cut, len);
    }
}

static void a_restarted_opener_gives_the_range_again(void **state)
{
    (void)state;
    AUTO_OBJECT struct object o = object_random(1000);
    static const size_t OFFSETS[] = {0, 500};
    for (size_t i = 0; i < 2; i++) {
        struct cipher_range r = content_range(ALG, OFFSETS[i], 300, o.plain_len, o.cipher_len);
        const uint8_t *in = o.cipher + r.cipher_offset;
        uint8_t out[400];
        CLEANUP(opener_freep) struct opener *op = NULL;
        assert_ok(opener_new(&op, ALG, o.key, o.iv, &r, o.cipher_len));
        for (size_t broken = 0; broken < r.cipher_len; broken += 7) { // the request broke off there
            size_t len = 0, more = 0, pad = 0;
            assert_ok(opener_update(op, in, broken, out, &len));
            assert_ok(opener_restart(op));
            assert_ok(opener_update(op, in, 5, out, &len));
            assert_ok(opener_update(op, in + 5, r.cipher_len - 5, out + len, &more));
            assert_ok(opener_finish(op, &pad));
            size_t skip = OFFSETS[i] - r.plain_offset;
            assert_memory_equal(out + skip, o.plain + OFFSETS[i], 300);
            assert_ok(opener_restart(op));
        }
    }
}

static void too_few_and_too_many_bytes_are_refused(void **state)
{
    (void)state;
    AUTO_OBJECT struct object o = object_random(100);
    struct cipher_range r = whole(&o);
    uint8_t out[200];
    size_t len = 0, pad = 0;
    CLEANUP(opener_freep) struct opener *op = NULL;
    assert_ok(opener_new(&op, ALG, o.key, o.iv, &r, o.cipher_len));
    assert_ok(opener_update(op, o.cipher, 96, out, &len));
    assert_int_equal(opener_finish(op, &pad), -EIO);
    assert_non_null(strstr(err_text(), "fewer bytes"));
    assert_ok(opener_update(op, o.cipher + 96, 16, out, &len));
    assert_int_equal(opener_update(op, o.cipher, 1, out, &len), -EIO);
    assert_int_equal(len, 0);
    assert_ok(opener_finish(op, &pad));
    assert_int_equal(pad, 12);
}

// Opens an object whose last plaintext block is the given one.
static int open_block(const uint8_t block[static 16], size_t *pad_len)
{
    AUTO_OBJECT struct object o = object_random(16);
    // CBC is malleable: the first ciphertext block, taken as IV of the second, steers its
    // plaintext.
    for (size_t i = 0; i < 16; i++)
        o.cipher[i] ^= (uint8_t)(CIPHER_BLOCK_SIZE ^ block[i]);
    struct cipher_range r = whole(&o);
    uint8_t out[32];
    size_t len = 0;
    int rc = open_range(&o, &r, 32, out, &len, pad_len);
    assert_memory_equal(out + 16, block, 16);
    return rc;
}

static void every_wrong_padding_fails_in_the_same_way(void **state)
{
    (void)state;
    char text[ERR_TEXT_MAX] = "";
    uint8_t block[16];
    for (unsigned last = 0; last < 256; last++) {
        for (unsigned before = 0; before < 18; before++) {
            // The last byte as given; the `before` bytes ahead of it agree with it, the next not.
            memset(block, (int)(last ^ 0xff), sizeof block);
            for (unsigned i = 0; i <= before && i < 16; i++)
                block[15 - i] = (uint8_t)last;
            bool right = last >= 1 && last <= 16 && before + 1 >= last;
            size_t pad = 77;
            int rc = open_block(block, &pad);
            assert_int_equal(rc, right ? 0 : -EIO);
            assert_int_equal(pad, right ? last : 0);
            if (rc < 0 && text[0] == '\0')
                snprintf(text, sizeof text, "%s", err_text());
            if (rc < 0)
                assert_string_equal(err_text(), text);
        }
    }
}

static void the_wrong_key_is_a_content_error(void **state)
{
    (void)state;
    AUTO_OBJECT struct object o = object_random(1000);
    struct cipher_range r = whole(&o);
    AUTO_FREE uint8_t *out = malloc(o.cipher_len);
    int failed = 0;
    for (int i = 0; i < 64; i++) { // a random last block looks padded once in 255
        secret_release(o.key);
        assert_ok(secret_random(&o.key, CIPHER_KEY_SIZE));
        size_t len = 0, pad = 0;
        failed += open_range(&o, &r, 4096, out, &len, &pad) == -EIO;
    }
    assert_true(failed >= 56);
}

static void sizes_hold_up_to_the_extremes(void **state)
{
    (void)state;
    static const struct {
        uint64_t plain, cipher;
    } SIZES[] = {{0, 16},
                 {1, 16},
                 {15, 16},
                 {16, 32},
                 {17, 32},
                 {((uint64_t)5 << 40) - 16, (uint64_t)5 << 40}, // the largest S3 object
                 {((uint64_t)1 << 52) - 1, (uint64_t)1 << 52},
                 {(uint64_t)1 << 52, UINT64_MAX},
                 {UINT64_MAX - 15, UINT64_MAX},
                 {UINT64_MAX, UINT64_MAX}};
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++)
        assert_true(content_cipher_size(ALG, SIZES[i].plain) == SIZES[i].cipher);
    static const uint64_t INVALID[] = {
        0, 1, 15, 17, 31, ((uint64_t)1 << 52) + 16, UINT64_MAX - 15, UINT64_MAX};
    for (size_t i = 0; i < sizeof INVALID / sizeof *INVALID; i++)
        assert_false(content_cipher_size_valid(ALG, INVALID[i]));
    assert_true(content_cipher_size_valid(ALG, (uint64_t)1 << 52));
    bool exact = true;
    assert_int_equal(content_plain_size(ALG, 528, &exact), 512);
    assert_false(exact);
    assert_true(content_plain_size_max(ALG) == ((uint64_t)1 << 52) - 1);
    assert_int_equal(content_iv_size(ALG), 16);
    assert_true(content_resumable(ALG));
    assert_string_equal(content_alg_name(ALG), "AES/CBC/PKCS5Padding");

    uint64_t end = content_plain_size_max(ALG);
    struct cipher_range r = content_range(ALG, end - 1, UINT64_MAX, end, (uint64_t)1 << 52);
    assert_true(r.cipher_offset + r.cipher_len == (uint64_t)1 << 52);
}

static int start(void **state)
{
    (void)state;
    return secret_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealing_gives_the_bytes_of_the_vectors),
        cmocka_unit_test(opening_gives_the_plaintext_of_the_vectors),
        cmocka_unit_test(pieces_of_any_size_give_the_same_bytes),
        cmocka_unit_test(every_range_equals_that_part_of_the_whole),
        cmocka_unit_test(random_ranges_of_a_large_object_equal_the_whole),
        cmocka_unit_test(a_range_asks_for_no_more_than_it_needs),
        cmocka_unit_test(the_tail_tells_the_exact_size),
        cmocka_unit_test(a_resumed_seal_equals_one_that_never_stopped),
        cmocka_unit_test(a_restarted_opener_gives_the_range_again),
        cmocka_unit_test(too_few_and_too_many_bytes_are_refused),
        cmocka_unit_test(every_wrong_padding_fails_in_the_same_way),
        cmocka_unit_test(the_wrong_key_is_a_content_error),
        cmocka_unit_test(sizes_hold_up_to_the_extremes),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
