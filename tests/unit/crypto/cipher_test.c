// What must hold of the content cipher: the bytes are those of Amazon's clients, every way of
// cutting a stream gives the same bytes, every range equals the whole, and a wrong padding says
// nothing but that it is wrong.
#include "common/err.h"
#include "crypto/cipher_internal.h"
#include "tests/unit/crypto/vectors_read.h"

#include <stdbool.h>

// Every test below main's table runs for each of them.
static enum content_alg alg;

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
    uint8_t iv[CIPHER_IV_MAX];
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
    assert_ok(sealer_new(&s, alg, key, iv));
    o.cipher_len = seal(s, plain, len, 4096, o.cipher);
    assert_int_equal(o.cipher_len, content_cipher_size(alg, len));
    return o;
}

static struct object object_random(size_t len)
{
    uint8_t *plain = malloc(len + 1);
    uint8_t iv[CIPHER_IV_MAX];
    struct secret *key = NULL;
    assert_non_null(plain);
    from_label("plain", plain, len);
    from_label("iv", iv, sizeof iv);
    assert_ok(secret_random(&key, CIPHER_KEY_SIZE));
    return object_of(key, iv, plain, len);
}

// The IV's length tells: 16 CBC, 12 GCM; with commitment there is none.
static bool is_of_cipher(const struct vector *v)
{
    enum content_alg has = v->message_id_hex != NULL     ? CONTENT_GCM_COMMITTED
                           : strlen(v->iv_hex) == 2 * 12 ? CONTENT_GCM
                                                         : CONTENT_CBC;
    return v->refused == NULL && has == alg;
}

static struct object object_of_vector(const struct vector *v)
{
    uint8_t iv[CIPHER_IV_MAX];
    const char *hex = alg == CONTENT_GCM_COMMITTED ? v->message_id_hex : v->iv_hex;
    assert_int_equal(from_hex(hex, iv, sizeof iv), content_iv_size(alg));
    return object_of(vector_key(v), iv, vector_plain(v), v->plain_len);
}

// Opens a range in random pieces; out must hold its plaintext exactly.
static int open_range(const struct object *o, const struct cipher_range *r, size_t piece_max,
                      uint8_t *out, size_t *out_len, size_t *pad_len)
{
    CLEANUP(opener_freep) struct opener *op = NULL;
    assert_ok(opener_new(&op, alg, o->key, o->iv, r, o->cipher_len));
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

// The content of what an opener gave: padding is still on it, a tag is not.
static size_t content_len(size_t got, size_t pad)
{
    return content_authenticated(alg) ? got : got - pad;
}

static struct cipher_range whole(const struct object *o)
{
    return content_range(alg, 0, UINT64_MAX, o->plain_len, o->cipher_len);
}

static void sealing_gives_the_bytes_of_the_vectors(void **state)
{
    (void)state;
    VECTOR_EVERY(v)
    {
        if (!is_of_cipher(v))
            continue;
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
    VECTOR_EVERY(v)
    {
        if (!is_of_cipher(v))
            continue;
        AUTO_OBJECT struct object o = object_of_vector(v);
        AUTO_FREE uint8_t *out = malloc(o.cipher_len);
        size_t len = 0, pad = 0;
        struct cipher_range r = whole(&o);
        assert_int_equal(r.cipher_offset, 0);
        assert_int_equal(r.cipher_len, o.cipher_len);
        assert_ok(open_range(&o, &r, 100, out, &len, &pad));
        assert_int_equal(o.cipher_len - pad, v->plain_len);
        assert_int_equal(content_len(len, pad), v->plain_len);
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
        assert_ok(sealer_new(&s, alg, o.key, o.iv));
        size_t blocks = SIZES[i] / CIPHER_BLOCK_SIZE + 1;
        assert_int_equal(seal(s, o.plain, o.plain_len, blocks * CIPHER_BLOCK_SIZE, cipher),
                         o.cipher_len);
        assert_memory_equal(cipher, o.cipher, o.cipher_len);
        size_t len = 0, pad = 0;
        struct cipher_range r = whole(&o);
        out[o.cipher_len] = 0x5a;
        assert_ok(open_range(&o, &r, SIZES[i], out, &len, &pad));
        assert_int_equal(content_len(len, pad), o.plain_len);
        assert_memory_equal(out, o.plain, o.plain_len);
        assert_int_equal(out[o.cipher_len], 0x5a); // nothing beyond the range's own
    }
}

// One range against the plaintext it stands for.
static void range_matches(const struct object *o, size_t offset, size_t len)
{
    struct cipher_range r = content_range(alg, offset, len, o->plain_len, o->cipher_len);
    size_t end = len < o->plain_len - offset ? offset + len : o->plain_len;
    assert_true(r.plain_offset <= offset && offset - r.plain_offset < CIPHER_BLOCK_SIZE);
    // Exactly as much as its plaintext: a heap checker sees a byte too many.
    size_t lead = r.plain_offset > r.cipher_offset ? CIPHER_BLOCK_SIZE : 0;
    bool to_end = r.cipher_offset + r.cipher_len == o->cipher_len; // also by way of a shared block
    size_t tag = to_end && content_authenticated(alg) ? CIPHER_TAG_SIZE : 0;
    size_t room = r.cipher_len > lead + tag ? (size_t)r.cipher_len - lead - tag : 0;
    AUTO_FREE uint8_t *out = malloc(room + 1);
    size_t got = 0, pad = 0;
    assert_ok(open_range(o, &r, 40, out, &got, &pad));
    assert_true(got == room);
    assert_true(to_end || end < o->plain_len || len == 0);
    if (to_end)
        assert_int_equal(r.plain_offset + content_len(got, pad), o->plain_len);
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
    struct cipher_range r = content_range(alg, 0, 16, 100, 112);
    assert_int_equal(r.cipher_offset, 0);
    assert_int_equal(r.cipher_len, 16);
    r = content_range(alg, 16, 16, 100, 112); // the first block is the second one's IV
    assert_int_equal(r.cipher_offset, 0);
    assert_int_equal(r.cipher_len, 32);
    assert_int_equal(r.plain_offset, 16);
    r = content_range(alg, 32, 16, 100, 112);
    assert_int_equal(r.cipher_offset, 16);
    assert_int_equal(r.cipher_len, 32);
    assert_int_equal(r.plain_offset, 32);
    r = content_range(alg, 47, 2, 100, 112);
    assert_int_equal(r.cipher_offset, 16);
    assert_int_equal(r.cipher_len, 48);
    r = content_range(alg, 95, 1, 96, 112); // the last byte: the padding block comes along
    assert_int_equal(r.cipher_offset, 64);
    assert_int_equal(r.cipher_len, 48);
    r = content_range(alg, 50, 0, 100, 112);
    assert_int_equal(r.cipher_len, 0);
}

static void the_tail_tells_the_exact_size(void **state)
{
    (void)state;
    for (size_t size = 0; size < 50; size++) {
        AUTO_OBJECT struct object o = object_random(size);
        struct cipher_range r = content_tail_range(alg, o.cipher_len);
        uint8_t out[2 * CIPHER_BLOCK_SIZE];
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
        assert_ok(sealer_resume(&s, alg, o.key, o.cipher + cut - CIPHER_BLOCK_SIZE));
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
        struct cipher_range r = content_range(alg, OFFSETS[i], 300, o.plain_len, o.cipher_len);
        const uint8_t *in = o.cipher + r.cipher_offset;
        uint8_t out[400];
        CLEANUP(opener_freep) struct opener *op = NULL;
        assert_ok(opener_new(&op, alg, o.key, o.iv, &r, o.cipher_len));
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
    assert_ok(opener_new(&op, alg, o.key, o.iv, &r, o.cipher_len));
    assert_ok(opener_update(op, o.cipher, 96, out, &len));
    assert_int_equal(opener_finish(op, &pad), -EIO);
    assert_non_null(strstr(err_text(), "fewer bytes"));
    assert_ok(opener_update(op, o.cipher + 96, o.cipher_len - 96, out, &len));
    assert_int_equal(opener_update(op, o.cipher, 1, out, &len), -EIO);
    assert_int_equal(len, 0);
    assert_ok(opener_finish(op, &pad));
    assert_int_equal(pad, o.cipher_len - 100);
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
    assert_true(failed >= (content_authenticated(alg) ? 64 : 56));
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
        assert_true(content_cipher_size(alg, SIZES[i].plain) == SIZES[i].cipher);
    static const uint64_t INVALID[] = {
        0, 1, 15, 17, 31, ((uint64_t)1 << 52) + 16, UINT64_MAX - 15, UINT64_MAX};
    for (size_t i = 0; i < sizeof INVALID / sizeof *INVALID; i++)
        assert_false(content_cipher_size_valid(alg, INVALID[i]));
    assert_true(content_cipher_size_valid(alg, (uint64_t)1 << 52));
    bool exact = true;
    assert_int_equal(content_plain_size(alg, 528, &exact), 512);
    assert_false(exact);
    assert_true(content_plain_size_max(alg) == ((uint64_t)1 << 52) - 1);
    assert_int_equal(content_iv_size(alg), 16);
    assert_true(content_resumable(alg));
    assert_string_equal(content_alg_name(alg), "AES/CBC/PKCS5Padding");

    uint64_t end = content_plain_size_max(alg);
    struct cipher_range r = content_range(alg, end - 1, UINT64_MAX, end, (uint64_t)1 << 52);
    assert_true(r.cipher_offset + r.cipher_len == (uint64_t)1 << 52);
}

// ---- with a tag ----

static void gcm_sizes_hold_up_to_the_extremes(void **state)
{
    (void)state;
    const uint64_t most = ((uint64_t)1 << 36) - 32;
    bool exact = false;
    assert_true(content_plain_size_max(alg) == most);
    assert_true(content_cipher_size(alg, 0) == 16 && content_cipher_size(alg, 1) == 17);
    assert_true(content_cipher_size(alg, most) == most + 16);
    assert_true(content_cipher_size(alg, most + 1) == UINT64_MAX);
    assert_false(content_cipher_size_valid(alg, 15));
    assert_true(content_cipher_size_valid(alg, 16) && content_cipher_size_valid(alg, most + 16));
    assert_false(content_cipher_size_valid(alg, most + 17));
    assert_true(content_plain_size(alg, 528, &exact) == 512 && exact);
    assert_false(content_resumable(alg));
    assert_true(content_authenticated(alg));
    struct cipher_range r = content_range(alg, most - 1, UINT64_MAX, most, most + 16);
    assert_true(r.cipher_offset + r.cipher_len == most + 16);
    r = content_range(alg, 0, 16, 100, 116); // no block earlier, and no tag
    assert_true(r.cipher_offset == 0 && r.cipher_len == 16);
    r = content_range(alg, 97, 2, 100, 116); // the last block is short, the tag is not touched
    assert_true(r.cipher_offset == 96 && r.cipher_len == 4);
    r = content_range(alg, 97, 3, 100, 116);
    assert_true(r.cipher_offset == 96 && r.cipher_len == 20);
}

static void the_last_counter_does_not_wrap(void **state)
{
    (void)state;
    AUTO_OBJECT struct object o = object_random(0);
    const uint64_t most = content_plain_size_max(alg);
    uint8_t cipher[32] = {0}, out[64];
    size_t len = 0;
    struct cipher_range r = content_range(alg, most - 16, 16, most, most + 16);
    assert_true(r.cipher_len == 32);
    CLEANUP(opener_freep) struct opener *op = NULL;
    assert_ok(opener_new(&op, alg, o.key, o.iv, &r, most + 16));
    assert_ok(opener_update(op, cipher, sizeof cipher, out, &len));
    assert_int_equal(len, 16);
}

static void nothing_is_sealed_beyond_what_one_key_may(void **state)
{
    (void)state;
    AUTO_OBJECT struct object o = object_random(0);
    CLEANUP(sealer_freep) struct sealer *s = NULL;
    AUTO_FREE uint8_t *piece = calloc(1, 64);
    assert_ok(sealer_new(&s, alg, o.key, o.iv));
    // The count alone: 64 GiB of encryption would tell no more.
    s->plain_sealed = content_plain_size_max(alg) - 32;
    assert_ok(sealer_update(s, piece, 32));
    assert_int_equal(sealer_update(s, piece, 16), -ENOSPC);
}

static void any_changed_bit_of_a_whole_object_is_noticed(void **state)
{
    (void)state;
    static const size_t SIZES[] = {0, 1, 16, 50};
    for (size_t n = 0; n < sizeof SIZES / sizeof *SIZES; n++) {
        AUTO_OBJECT struct object o = object_random(SIZES[n]);
        uint8_t out[100];
        size_t len = 0, pad = 0;
        struct cipher_range r = whole(&o);
        for (size_t bit = 0; bit < o.cipher_len * 8; bit++) {
            o.cipher[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(open_range(&o, &r, 40, out, &len, &pad), -EIO);
            o.cipher[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_ok(open_range(&o, &r, 40, out, &len, &pad));
        o.iv[3] ^= 1;
        assert_int_equal(open_range(&o, &r, 40, out, &len, &pad), -EIO);
    }
}

// The tag as a range that reaches the end has met it.
static void tag_of(const struct object *o, uint8_t tag[static CIPHER_TAG_SIZE])
{
    struct cipher_range r = content_tail_range(alg, o->cipher_len);
    uint8_t out[2 * CIPHER_BLOCK_SIZE];
    size_t len = 0, pad = 0;
    CLEANUP(opener_freep) struct opener *op = NULL;
    assert_ok(opener_new(&op, alg, o->key, o->iv, &r, o->cipher_len));
    assert_false(opener_tag(op, tag));
    assert_ok(opener_update(op, o->cipher + r.cipher_offset, r.cipher_len, out, &len));
    assert_ok(opener_finish(op, &pad));
    assert_true(opener_tag(op, tag));
    assert_memory_equal(tag, o->cipher + o->cipher_len - CIPHER_TAG_SIZE, CIPHER_TAG_SIZE);
}

static int check_in_pieces(const struct object *o, size_t piece_max,
                           const uint8_t tag[static CIPHER_TAG_SIZE])
{
    CLEANUP(checker_freep) struct checker *c = NULL;
    assert_ok(checker_new(&c, alg, o->key, o->iv));
    for (size_t done = 0; done < o->plain_len;) {
        size_t piece = random_below(piece_max) + 1;
        piece = piece < o->plain_len - done ? piece : o->plain_len - done;
        assert_ok(checker_update(c, o->plain + done, piece));
        done += piece;
    }
    return checker_finish(c, tag);
}

static void what_was_opened_in_ranges_is_proved_by_the_tag(void **state)
{
    (void)state;
    static const size_t SIZES[] = {0, 1, 15, 16, 17, 1000, 32767, 32768, 32769, 100003};
    for (size_t n = 0; n < sizeof SIZES / sizeof *SIZES; n++) {
        AUTO_OBJECT struct object o = object_random(SIZES[n]);
        uint8_t tag[CIPHER_TAG_SIZE];
        tag_of(&o, tag);
        assert_ok(check_in_pieces(&o, 7, tag));
        assert_ok(check_in_pieces(&o, 50000, tag));
        if (o.plain_len > 0) {
            o.plain[o.plain_len / 2] ^= 1;
            assert_int_equal(check_in_pieces(&o, 50000, tag), -EIO);
            o.plain[o.plain_len / 2] ^= 1;
        }
        tag[15] ^= 0x80;
        assert_int_equal(check_in_pieces(&o, 50000, tag), -EIO);
    }
}

static int start(void **state)
{
    (void)state;
    return secret_init();
}

// For every cipher ...
static const struct CMUnitTest COMMON[] = {
    cmocka_unit_test(sealing_gives_the_bytes_of_the_vectors),
    cmocka_unit_test(opening_gives_the_plaintext_of_the_vectors),
    cmocka_unit_test(pieces_of_any_size_give_the_same_bytes),
    cmocka_unit_test(every_range_equals_that_part_of_the_whole),
    cmocka_unit_test(random_ranges_of_a_large_object_equal_the_whole),
    cmocka_unit_test(the_tail_tells_the_exact_size),
    cmocka_unit_test(a_restarted_opener_gives_the_range_again),
    cmocka_unit_test(too_few_and_too_many_bytes_are_refused),
    cmocka_unit_test(the_wrong_key_is_a_content_error),
};
// ... for CBC, ...
static const struct CMUnitTest CBC[] = {
    cmocka_unit_test(a_range_asks_for_no_more_than_it_needs),
    cmocka_unit_test(a_resumed_seal_equals_one_that_never_stopped),
    cmocka_unit_test(every_wrong_padding_fails_in_the_same_way),
    cmocka_unit_test(sizes_hold_up_to_the_extremes),
};
// ... and for those with a tag.
static const struct CMUnitTest TAGGED[] = {
    cmocka_unit_test(gcm_sizes_hold_up_to_the_extremes),
    cmocka_unit_test(the_last_counter_does_not_wrap),
    cmocka_unit_test(nothing_is_sealed_beyond_what_one_key_may),
    cmocka_unit_test(any_changed_bit_of_a_whole_object_is_noticed),
    cmocka_unit_test(what_was_opened_in_ranges_is_proved_by_the_tag),
};

int main(void)
{
    int failed = 0;
    for (alg = CONTENT_CBC; alg <= CONTENT_GCM_COMMITTED; alg++) {
        failed += cmocka_run_group_tests_name(content_alg_name(alg), COMMON, start, NULL);
        if (content_authenticated(alg))
            failed += cmocka_run_group_tests_name("with a tag", TAGGED, start, NULL);
        else
            failed += cmocka_run_group_tests_name("CBC", CBC, start, NULL);
    }
    return failed;
}
