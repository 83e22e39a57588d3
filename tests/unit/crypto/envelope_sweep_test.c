// Sweeps over a valid envelope: every truncation and every flipped bit of every value, each placed
// so that the byte after its terminator is not mapped. The parser must neither read further nor
// accept what is not sound, and a change must not go unseen where it would change what is
// decrypted.
#include "common/err.h"
#include "crypto/envelope.h"
#include "tests/unit/crypto/vectors_read.h"

#include <stdbool.h>
#include <sys/mman.h>

#define FIELDS 6

// A page whose end is a wall.
struct wall {
    uint8_t *pages;
    size_t page;
};

static struct wall wall_new(void)
{
    struct wall w = {.page = (size_t)sysconf(_SC_PAGESIZE)};
    w.pages = mmap(NULL, 2 * w.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(w.pages != MAP_FAILED);
    assert_int_equal(mprotect(w.pages + w.page, w.page, PROT_NONE), 0);
    return w;
}

static void wall_free(struct wall *w)
{
    munmap(w->pages, 2 * w->page);
}

// The text with its terminator right before the wall.
static char *wall_put(const struct wall *w, const char *text, size_t len)
{
    char *at = (char *)w->pages + w->page - len - 1;
    memcpy(at, text, len);
    at[len] = '\0';
    return at;
}

// A vector's metadata with its strings in walls instead of on the heap.
struct guarded {
    struct wall names[FIELDS], values[FIELDS];
    struct kv_pair pairs[FIELDS];
    struct kv kv;
};

static void guarded_init(struct guarded *g, const struct vector *v)
{
    g->kv = (struct kv){.pairs = g->pairs, .count = FIELDS};
    for (size_t i = 0; i < FIELDS; i++) {
        assert_non_null(v->metadata[i].name);
        g->names[i] = wall_new();
        g->values[i] = wall_new();
        const char *name = v->metadata[i].name;
        const char *value = v->metadata[i].value;
        g->pairs[i].name = wall_put(&g->names[i], name, strlen(name));
        g->pairs[i].value = wall_put(&g->values[i], value, strlen(value));
    }
}

static void guarded_clear(struct guarded *g)
{
    for (size_t i = 0; i < FIELDS; i++) {
        wall_free(&g->names[i]);
        wall_free(&g->values[i]);
    }
}

static const struct vector *sample(void)
{
    VECTOR_EACH(v)
    {
        if (strcmp(v->name, "v2-kms-cbc-1000") == 0)
            return v;
    }
    fail();
    return NULL;
}

// Whether two envelopes lead to the same decryption.
static bool same(const struct envelope *a, const struct envelope *b)
{
    return a->wrapped_len == b->wrapped_len &&
           memcmp(a->wrapped, b->wrapped, a->wrapped_len) == 0 &&
           memcmp(a->iv, b->iv, sizeof a->iv) == 0 && kv_equal(&a->context, &b->context) &&
           a->has_plain_size == b->has_plain_size && a->plain_size == b->plain_size;
}

// Parses; an accepted envelope must be sound. What it was taken for:
enum outcome { REFUSED, TAKEN_AS_BEFORE, TAKEN_OTHERWISE, TAKEN_AS_PLAINTEXT };
static enum outcome parse(const struct guarded *g, const struct envelope *before)
{
    AUTO_ENVELOPE struct envelope e = {0};
    enum envelope_found found = ENVELOPE_NONE;
    int rc = envelope_parse(&g->kv, &e, &found);
    if (rc < 0) {
        assert_true(rc == -EIO || rc == -EACCES);
        assert_true(err_text()[0] != '\0' && e.context.pairs == NULL);
        return REFUSED;
    }
    if (found == ENVELOPE_NONE)
        return TAKEN_AS_PLAINTEXT;
    assert_true(e.version == ENVELOPE_V2 && e.wrap == WRAP_KMS && e.content == CONTENT_CBC);
    assert_true(e.wrapped_len > 0 && e.wrapped_len <= ENVELOPE_WRAPPED_MAX);
    return same(&e, before) ? TAKEN_AS_BEFORE : TAKEN_OTHERWISE;
}

static void sweep_start(struct guarded *g, struct envelope *before)
{
    enum envelope_found found;
    guarded_init(g, sample());
    assert_ok(envelope_parse(&g->kv, before, &found));
    assert_int_equal(found, ENVELOPE_PRESENT);
}

// Whether a change of this field may be taken for another envelope: KMS refuses a changed key or
// context, and the length is held against the object's size; a changed IV spoils the first block,
// which CBC cannot tell.
static bool may_differ(const char *name)
{
    return strcmp(name, "x-amz-cek-alg") != 0 && strcmp(name, "x-amz-wrap-alg") != 0;
}

static void every_truncation_of_every_value_is_refused_or_sound(void **state)
{
    (void)state;
    struct guarded g;
    AUTO_ENVELOPE struct envelope before = {0};
    sweep_start(&g, &before);
    for (size_t i = 0; i < FIELDS; i++) {
        const char *whole = sample()->metadata[i].value;
        for (size_t len = 0; len < strlen(whole); len++) {
            g.pairs[i].value = wall_put(&g.values[i], whole, len);
            enum outcome o = parse(&g, &before);
            assert_int_not_equal(o, TAKEN_AS_BEFORE);
            assert_int_not_equal(o, TAKEN_AS_PLAINTEXT);
            // Only base64 cut at a group, a shorter number and no number are still whole.
            bool length = strcmp(g.pairs[i].name, ENVELOPE_PLAIN_LENGTH) == 0;
            bool key = strcmp(g.pairs[i].name, "x-amz-key-v2") == 0;
            assert_true(o == REFUSED || length || (key && len % 4 == 0 && len > 0));
        }
        g.pairs[i].value = wall_put(&g.values[i], whole, strlen(whole));
    }
    guarded_clear(&g);
}

static void every_flipped_bit_of_every_value_is_refused_or_sound(void **state)
{
    (void)state;
    struct guarded g;
    AUTO_ENVELOPE struct envelope before = {0};
    size_t refused = 0, otherwise = 0;
    sweep_start(&g, &before);
    for (size_t i = 0; i < FIELDS; i++) {
        for (size_t bit = 0; bit < 8 * strlen(sample()->metadata[i].value); bit++) {
            g.pairs[i].value[bit / 8] ^= (char)(1 << bit % 8);
            enum outcome o = parse(&g, &before);
            bool alias = strcmp(g.pairs[i].value, "AES/CBC/PKCS7Padding") == 0; // 5 and 7: one bit
            g.pairs[i].value[bit / 8] ^= (char)(1 << bit % 8);
            if ((o == TAKEN_AS_BEFORE) != alias)
                fail_msg("%s: bit %zu is not seen", g.pairs[i].name, bit);
            assert_int_not_equal(o, TAKEN_AS_PLAINTEXT);
            if (alias)
                continue;
            assert_true(o == REFUSED || may_differ(g.pairs[i].name));
            refused += o == REFUSED;
            otherwise += o == TAKEN_OTHERWISE;
        }
    }
    assert_true(refused > 0 && otherwise > 0);
    guarded_clear(&g);
}

static void every_flipped_bit_of_every_name_is_refused_or_ignored(void **state)
{
    (void)state;
    struct guarded g;
    AUTO_ENVELOPE struct envelope before = {0};
    sweep_start(&g, &before);
    for (size_t i = 0; i < FIELDS; i++) {
        for (size_t bit = 0; bit < 8 * strlen(sample()->metadata[i].name); bit++) {
            g.pairs[i].name[bit / 8] ^= (char)(1 << bit % 8);
            enum outcome o = parse(&g, &before);
            g.pairs[i].name[bit / 8] ^= (char)(1 << bit % 8);
            // A letter's case does not matter; the length may go, nothing else.
            bool letter_case = bit % 8 == 5;
            bool optional = strcmp(g.pairs[i].name, ENVELOPE_PLAIN_LENGTH) == 0;
            assert_true(o == REFUSED || (o == TAKEN_AS_BEFORE && letter_case) ||
                        (o == TAKEN_OTHERWISE && optional));
        }
    }
    guarded_clear(&g);
}

static int start(void **state)
{
    (void)state;
    return secret_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_of_every_value_is_refused_or_sound),
        cmocka_unit_test(every_flipped_bit_of_every_value_is_refused_or_sound),
        cmocka_unit_test(every_flipped_bit_of_every_name_is_refused_or_ignored),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
