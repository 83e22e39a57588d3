// Sweeps over valid envelopes of each version: every truncation and every flipped bit of every
// value, each placed so that the byte after its terminator is not mapped. The parser must neither
// read further nor accept what is not sound, and a change must not go unseen where it would change
// what is decrypted.
#include "common/err.h"
#include "crypto/envelope.h"
#include "tests/unit/crypto/vectors_read.h"

#include <stdbool.h>
#include <sys/mman.h>

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
    const struct vector *vector;
    size_t count;
    struct wall names[VECTOR_FIELDS_MAX], values[VECTOR_FIELDS_MAX];
    struct kv_pair pairs[VECTOR_FIELDS_MAX];
    struct kv kv;
};

static void guarded_init(struct guarded *g, const struct vector *v)
{
    g->vector = v;
    g->count = 0;
    while (g->count < VECTOR_FIELDS_MAX && v->metadata[g->count].name != NULL)
        g->count++;
    assert_true(g->count >= 3);
    g->kv = (struct kv){.pairs = g->pairs, .count = g->count};
    for (size_t i = 0; i < g->count; i++) {
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
    for (size_t i = 0; i < g->count; i++) {
        wall_free(&g->names[i]);
        wall_free(&g->values[i]);
    }
}

static const char *const SAMPLES[] = {"v2-kms-cbc-1000",    "v1-kms-cbc-1000",
                                      "v2-kmsctx-gcm-1000", "v3-kmsctx-kc-1000",
                                      "v2-aesgcm-gcm-1000", "v3-aesgcm-kc-1000"};
#define SAMPLES_COUNT (sizeof SAMPLES / sizeof *SAMPLES)

static const struct vector *sample(const char *name)
{
    VECTOR_EVERY(v)
    {
        if (strcmp(v->name, name) == 0)
            return v;
    }
    fail_msg("no vector %s", name);
    return NULL;
}

// Whether two envelopes lead to the same decryption.
static bool same(const struct envelope *a, const struct envelope *b)
{
    return a->wrapped_len == b->wrapped_len &&
           memcmp(a->wrapped, b->wrapped, a->wrapped_len) == 0 &&
           memcmp(a->iv, b->iv, sizeof a->iv) == 0 &&
           memcmp(a->commitment, b->commitment, sizeof a->commitment) == 0 &&
           a->version == b->version && a->wrap == b->wrap && a->content == b->content &&
           kv_equal(&a->context, &b->context) && a->has_plain_size == b->has_plain_size &&
           a->plain_size == b->plain_size;
}

// Parses; an accepted envelope must be sound. What it was taken for:
enum outcome {
    REFUSED,
    TAKEN_AS_BEFORE,
    TAKEN_OTHERWISE,
    TAKEN_AS_PLAINTEXT,
    SOUGHT_ELSEWHERE, // in an instruction file
};
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
    if (found == ENVELOPE_ELSEWHERE)
        return SOUGHT_ELSEWHERE;
    assert_true(e.version == before->version && e.content == before->content);
    assert_true(e.wrapped_len > 0 && e.wrapped_len <= ENVELOPE_WRAPPED_MAX);
    return same(&e, before) ? TAKEN_AS_BEFORE : TAKEN_OTHERWISE;
}

static void sweep_start(struct guarded *g, const char *name, struct envelope *before)
{
    enum envelope_found found;
    guarded_init(g, sample(name));
    assert_ok(envelope_parse(&g->kv, before, &found));
    assert_int_equal(found, ENVELOPE_PRESENT);
}

static bool is_any(const char *name, const char *a, const char *b, const char *c)
{
    return strcmp(name, a) == 0 || strcmp(name, b) == 0 || strcmp(name, c) == 0;
}

static bool is_key(const char *name)
{
    return is_any(name, "x-amz-key", "x-amz-key-v2", "x-amz-3");
}

// What may be missing: a length, and a description that is no encryption context.
static bool is_optional(const struct envelope *e, const char *name)
{
    bool description = e->version == ENVELOPE_V1 ? strcmp(name, "x-amz-matdesc") == 0
                                                 : strcmp(name, "x-amz-m") == 0;
    return description || strcmp(name, ENVELOPE_PLAIN_LENGTH) == 0;
}

// Whether a change of this field may be taken for another envelope: KMS refuses a changed key or
// context, a raw key a changed wrapping, the commitment a changed commitment or message id, and the
// length is held against the object's size; a changed IV spoils the first block, which CBC cannot
// tell.
static bool may_differ(const char *name)
{
    return !is_any(name, "x-amz-cek-alg", "x-amz-wrap-alg", "x-amz-c") &&
           strcmp(name, "x-amz-tag-len") != 0;
}

static void check_truncated(const struct guarded *g, size_t i, size_t len,
                            const struct envelope *before)
{
    const char *name = g->pairs[i].name;
    enum outcome o = parse(g, before);
    bool optional = is_optional(before, name);
    assert_int_not_equal(o, TAKEN_AS_PLAINTEXT);
    if (o == SOUGHT_ELSEWHERE)
        assert_true(len == 0 && strcmp(name, "x-amz-3") == 0);
    else if (o == TAKEN_AS_BEFORE) // an empty description
        assert_true(len == 0 && optional);
    else if (o == TAKEN_OTHERWISE && !optional && !(is_key(name) && len % 4 == 0 && len > 0))
        fail_msg("%s: %s cut to %zu is not seen", g->vector->name, name, len);
}

static void every_truncation_of_every_value_is_refused_or_sound(void **state)
{
    (void)state;
    for (size_t n = 0; n < SAMPLES_COUNT; n++) {
        struct guarded g;
        AUTO_ENVELOPE struct envelope before = {0};
        sweep_start(&g, SAMPLES[n], &before);
        for (size_t i = 0; i < g.count; i++) {
            const char *whole = g.vector->metadata[i].value;
            for (size_t len = 0; len < strlen(whole); len++) {
                g.pairs[i].value = wall_put(&g.values[i], whole, len);
                check_truncated(&g, i, len, &before);
            }
            g.pairs[i].value = wall_put(&g.values[i], whole, strlen(whole));
        }
        guarded_clear(&g);
    }
}

static void flip_values(struct guarded *g, const struct envelope *before, size_t *refused,
                        size_t *otherwise)
{
    for (size_t i = 0; i < g->count; i++) {
        for (size_t bit = 0; bit < 8 * strlen(g->vector->metadata[i].value); bit++) {
            g->pairs[i].value[bit / 8] ^= (char)(1 << bit % 8);
            enum outcome o = parse(g, before);
            bool alias = strcmp(g->pairs[i].value, "AES/CBC/PKCS7Padding") == 0; // 5 and 7: one bit
            g->pairs[i].value[bit / 8] ^= (char)(1 << bit % 8);
            if ((o == TAKEN_AS_BEFORE) != alias)
                fail_msg("%s: bit %zu is not seen", g->pairs[i].name, bit);
            assert_int_not_equal(o, TAKEN_AS_PLAINTEXT);
            assert_int_not_equal(o, SOUGHT_ELSEWHERE);
            if (alias)
                continue;
            assert_true(o == REFUSED || may_differ(g->pairs[i].name));
            *refused += o == REFUSED;
            *otherwise += o == TAKEN_OTHERWISE;
        }
    }
}

static void every_flipped_bit_of_every_value_is_refused_or_sound(void **state)
{
    (void)state;
    for (size_t n = 0; n < SAMPLES_COUNT; n++) {
        struct guarded g;
        AUTO_ENVELOPE struct envelope before = {0};
        size_t refused = 0, otherwise = 0;
        sweep_start(&g, SAMPLES[n], &before);
        flip_values(&g, &before, &refused, &otherwise);
        assert_true(refused > 0 && otherwise > 0);
        guarded_clear(&g);
    }
}

static void flip_names(struct guarded *g, const struct envelope *before)
{
    for (size_t i = 0; i < g->count; i++) {
        const char *name = g->vector->metadata[i].name;
        for (size_t bit = 0; bit < 8 * strlen(name); bit++) {
            g->pairs[i].name[bit / 8] ^= (char)(1 << bit % 8);
            enum outcome o = parse(g, before);
            g->pairs[i].name[bit / 8] ^= (char)(1 << bit % 8);
            // A letter's case does not matter; what is optional may go, nothing else.
            bool optional = is_optional(before, name);
            bool as_before = o == TAKEN_AS_BEFORE && (bit % 8 == 5 || optional);
            bool without_key = o == SOUGHT_ELSEWHERE && strcmp(name, "x-amz-3") == 0;
            assert_true(o == REFUSED || as_before || without_key ||
                        (o == TAKEN_OTHERWISE && optional));
        }
    }
}

static void every_flipped_bit_of_every_name_is_refused_or_ignored(void **state)
{
    (void)state;
    for (size_t n = 0; n < SAMPLES_COUNT; n++) {
        struct guarded g;
        AUTO_ENVELOPE struct envelope before = {0};
        sweep_start(&g, SAMPLES[n], &before);
        flip_names(&g, &before);
        guarded_clear(&g);
    }
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
