// A fixed scenario again and again, each time with another call of the store or the keyring
// failing, until none fails any more. Whatever happens: a commit tells the truth, errors stay,
// nothing is left behind, nothing hangs.
#include "tests/unit/object/harness.h"

#define SMALL    "dir/small"
#define SPACE    (600 * KIB)
#define HANGS_S  250
#define RUNS_MAX 300 // the scenario makes some 60 calls

// What a key must hold: `size` bytes as of the last commit, and what the next would make of it.
struct state {
    const char *key;
    uint8_t *committed, *next;
    uint64_t committed_size, next_size;
    bool exists;
    bool committing;
};

struct scenario {
    struct rig rig;
    struct state big, small;
    struct writer *writer;
    int failed; // first error
};

struct fault {
    enum memory_fault kind;
    int code;
    bool of_keyring, no_abort;
};

// ---- steps of a writer
// ------------------------------------------------------------------------------------------

static void put(struct scenario *s, struct state *state, uint64_t offset, size_t len, unsigned seed)
{
    if (s->failed != 0)
        return;
    for (size_t i = 0; i < len; i++)
        state->next[offset + i] = pattern(offset + i, seed);
    if (offset + len > state->next_size)
        state->next_size = offset + len;
    s->failed = write_pattern(s->writer, offset, len, seed);
}

static void cut(struct scenario *s, struct state *state, uint64_t size)
{
    if (s->failed != 0)
        return;
    memset(state->next + size, 0, SPACE - size);
    state->next_size = size;
    s->failed = writer_truncate(s->writer, size);
}

static void commit(struct scenario *s, struct state *state, enum writer_commit_kind kind)
{
    if (s->failed != 0)
        return;
    state->committing = true;
    s->failed = writer_commit(s->writer, kind, NULL);
    if (s->failed != 0)
        return;
    state->committing = false;
    state->exists = true;
    memcpy(state->committed, state->next, SPACE);
    state->committed_size = state->next_size;
    assert_stored(&s->rig, state->key, state->committed, state->committed_size);
}

static void assert_sticky(struct scenario *s)
{
    struct writer_status status;
    writer_status(s->writer, &status);
    assert_int_equal(status.failure.code, s->failed);
    assert_int_equal(write_pattern(s->writer, 0, 10, 1), s->failed);
    assert_string_equal(err_text(), status.failure.text);
    assert_int_equal(writer_commit(s->writer, WRITER_FSYNC, NULL), s->failed);
    assert_string_equal(err_text(), status.failure.text);
    assert_int_equal(writer_truncate(s->writer, 5), s->failed);
    assert_int_equal(writer_drain(s->writer), s->failed);
    assert_int_equal(writer_commit(s->writer, WRITER_CLOSE, NULL), s->failed);
    assert_string_equal(err_text(), status.failure.text);
}

static void close_writer(struct scenario *s)
{
    if (s->writer != NULL && s->failed != 0)
        assert_sticky(s);
    writer_free(TAKE(s->writer));
}

static void create(struct scenario *s, struct state *state)
{
    if (s->failed == 0)
        s->failed = writer_create(s->rig.volume, state->key, &s->writer);
    if (s->failed == 0)
        state->next_size = 0;
}

static void open_writer(struct scenario *s, struct state *state)
{
    if (s->failed == 0)
        s->failed = writer_open(s->rig.volume, state->key, NULL, &s->writer);
}

// ---- the scenario
// -----------------------------------------------------------------------------------------------

static void stream_and_append(struct scenario *s)
{
    static const unsigned ORDER[] = {1, 0, 3, 5, 2, 4, 7, 6, 9, 8};
    create(s, &s->big);
    for (size_t i = 0; i < sizeof ORDER / sizeof *ORDER; i++)
        put(s, &s->big, ORDER[i] * 30 * KIB, 30 * KIB, 1);
    commit(s, &s->big, WRITER_FSYNC);
    put(s, &s->big, 300 * KIB, 70007, 2);
    commit(s, &s->big, WRITER_CLOSE);
    close_writer(s);
}

static void cut_back_and_write(struct scenario *s)
{
    open_writer(s, &s->big);
    cut(s, &s->big, 123457);
    put(s, &s->big, 123457, 5000, 3);
    commit(s, &s->big, WRITER_CLOSE);
    close_writer(s);
}

static void load_and_rewrite(struct scenario *s)
{
    create(s, &s->small);
    put(s, &s->small, 0, 20001, 4);
    commit(s, &s->small, WRITER_CLOSE);
    close_writer(s);
    open_writer(s, &s->small);
    put(s, &s->small, 5000, 3000, 5);
    put(s, &s->small, 20001, 777, 5);
    commit(s, &s->small, WRITER_FSYNC);
    put(s, &s->small, 30000, 1, 6);
    commit(s, &s->small, WRITER_CLOSE);
    close_writer(s);
}

// A failed read may be tried again; what succeeds is right.
static int read_twice(struct reader *r, uint64_t offset, size_t len, const uint8_t *expected)
{
    uint8_t *out = malloc(len);
    size_t got = 0;
    int failed = reader_read(r, offset, out, len, &got);
    if (failed != 0)
        assert_ok(reader_read(r, offset, out, len, &got));
    assert_int_equal(got, len);
    assert_memory_equal(out, expected + offset, len);
    free(out);
    return failed;
}

static void read_back(struct scenario *s)
{
    const struct state *state = &s->big;
    struct reader *r = NULL;
    if (s->failed == 0)
        s->failed = reader_open(s->rig.volume, state->key, NULL, &r);
    if (s->failed != 0)
        return;
    assert_int_equal(reader_size(r), state->committed_size);
    int failed = read_twice(r, 70001, 1234, state->committed);
    for (uint64_t at = 0; at < state->committed_size; at += 30000) {
        uint64_t rest = state->committed_size - at;
        int rc = read_twice(r, at, rest < 30000 ? rest : 30000, state->committed);
        failed = failed != 0 ? failed : rc;
    }
    reader_free(r);
    s->failed = failed;
}

// ---- what must hold
// ------------------------------------------------------------------------------------------------

static bool stored_equals(struct rig *rig, const char *key, const uint8_t *bytes, uint64_t size)
{
    uint64_t cipher_size = 0;
    const struct kv *metadata = NULL;
    const uint8_t *cipher = store_memory_object(rig->store, key, &cipher_size, &metadata);
    uint8_t *plain = NULL;
    if (cipher == NULL)
        return false;
    int64_t got = keyring_test_decrypt(cipher, cipher_size, metadata, &plain);
    assert_true(got >= 0); // half of something is never there
    bool equal = (uint64_t)got == size && memcmp(plain, bytes, size) == 0;
    free(plain);
    return equal;
}

static void assert_truth(struct scenario *s, const struct state *state)
{
    uint64_t size = 0;
    const uint8_t *object = store_memory_object(s->rig.store, state->key, &size, NULL);
    bool old = state->exists
                   ? stored_equals(&s->rig, state->key, state->committed, state->committed_size)
                   : object == NULL;
    if (old)
        return;
    // Only when it is all there and could not be looked at is the new one seen after an error.
    assert_true(state->committing && store_memory_failed(s->rig.store) == MEMORY_HEAD);
    assert_true(stored_equals(&s->rig, state->key, state->next, state->next_size));
}

static struct state state_new(const char *key)
{
    return (struct state){.key = key, .committed = calloc(1, SPACE), .next = calloc(1, SPACE)};
}

static void state_clear(struct state *state)
{
    free(state->committed);
    free(state->next);
}

static void start(struct scenario *s)
{
    struct volume_config config;
    rig_config(&config);
    config.hold_size = 40 * KIB;
    srand(1);
    *s = (struct scenario){.big = state_new(KEY), .small = state_new(SMALL)};
    rig_start_config(&s->rig, &config);
}

static void stop(struct scenario *s, const struct fault *fault)
{
    struct volume_memory memory;
    volume_memory(s->rig.volume, &memory);
    assert_int_equal(memory.used, 0);
    volume_free(s->rig.volume);
    bool nameless =
        store_memory_failed(s->rig.store) == MEMORY_CREATE && fault->kind == FAULT_AFTER;
    if (!nameless && !fault->no_abort)
        assert_int_equal(store_memory_uploads(s->rig.store), 0);
    store_free(s->rig.store);
    keyring_free(s->rig.keyring);
    state_clear(&s->big);
    state_clear(&s->small);
}

// An answer that is lost after the work was done is found out; and nothing else is swallowed.
static void assert_error_is_the_faults(struct scenario *s, const struct fault *fault, bool hit)
{
    enum memory_op op = store_memory_failed(s->rig.store);
    bool lost = fault->kind == FAULT_AFTER && (op == MEMORY_COMPLETE || op == MEMORY_PUT);
    if (!hit || lost)
        assert_int_equal(s->failed, 0);
    if (s->failed != 0)
        assert_int_equal(s->failed, fault->code);
}

// False: the scenario ended without reaching the n-th call.
static bool run(unsigned n, const struct fault *fault)
{
    struct scenario s;
    start(&s);
    alarm(HANGS_S);
    if (fault->no_abort)
        store_memory_break(s.rig.store, MEMORY_ABORT, -EIO);
    if (fault->of_keyring)
        keyring_test_fail(s.rig.keyring, n, fault->code);
    else
        store_memory_fail(s.rig.store, n, fault->kind, fault->code);
    stream_and_append(&s);
    cut_back_and_write(&s);
    load_and_rewrite(&s);
    read_back(&s);
    assert_truth(&s, &s.big);
    assert_truth(&s, &s.small);
    bool hit = fault->of_keyring ? keyring_test_calls(s.rig.keyring) >= n
                                 : store_memory_failed(s.rig.store) != MEMORY_OPS;
    assert_error_is_the_faults(&s, fault, hit);
    alarm(0);
    stop(&s, fault);
    return hit;
}

static void sweep(const struct fault *fault, unsigned least)
{
    unsigned n = 1;
    while (n < RUNS_MAX && run(n, fault))
        n++;
    assert_in_range(n, least, RUNS_MAX - 1);
}

static void every_call_that_fails_before_it_did_anything(void **state)
{
    (void)state;
    sweep(&(struct fault){.kind = FAULT_BEFORE, .code = -EIO}, 30);
    sweep(&(struct fault){.kind = FAULT_BEFORE, .code = -ENOENT}, 30);
}

static void every_call_that_is_denied(void **state)
{
    (void)state;
    // A role that may write but not look: a commit that cannot be verified is taken at its word.
    sweep(&(struct fault){.kind = FAULT_BEFORE, .code = -EACCES}, 30);
}

static void every_call_whose_answer_is_lost(void **state)
{
    (void)state;
    sweep(&(struct fault){.kind = FAULT_AFTER, .code = -EIO}, 30);
    // The same call made again finds nothing any more.
    sweep(&(struct fault){.kind = FAULT_AFTER, .code = -ENOENT}, 30);
}

static void every_call_that_fails_while_nothing_can_be_aborted(void **state)
{
    (void)state;
    sweep(&(struct fault){.kind = FAULT_BEFORE, .code = -EIO, .no_abort = true}, 30);
}

static void every_call_of_the_keyring_that_fails(void **state)
{
    (void)state;
    sweep(&(struct fault){.code = -EIO, .of_keyring = true}, 4);
    sweep(&(struct fault){.code = -EACCES, .of_keyring = true}, 4);
}

int main(void)
{
    begin_tests();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_that_fails_before_it_did_anything),
        cmocka_unit_test(every_call_that_is_denied),
        cmocka_unit_test(every_call_whose_answer_is_lost),
        cmocka_unit_test(every_call_that_fails_while_nothing_can_be_aborted),
        cmocka_unit_test(every_call_of_the_keyring_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
