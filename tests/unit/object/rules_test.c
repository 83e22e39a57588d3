// The rules of docs/SEMANTICS.md that live in object/, one test each: sizes, gaps, limits,
// replacement by others, reading, keys.
#include "common/codec.h"
#include "tests/unit/object/harness.h"

static void write_ok(struct writer *w, uint64_t offset, size_t len, unsigned seed)
{
    assert_ok(write_pattern(w, offset, len, seed));
}

static void commit_ok(struct writer *w, enum writer_commit_kind kind)
{
    assert_ok(writer_commit(w, kind, NULL));
}

static struct writer *create_with(struct rig *rig, size_t len, unsigned seed)
{
    struct writer *w = NULL;
    assert_ok(writer_create(rig->volume, KEY, &w));
    if (len > 0)
        write_ok(w, 0, len, seed);
    return w;
}

static struct writer *reopen(struct rig *rig)
{
    struct writer *w = NULL;
    assert_ok(writer_open(rig->volume, KEY, NULL, &w));
    return w;
}

// A committed object of `len` bytes.
static void put_file(struct rig *rig, size_t len, unsigned seed)
{
    struct writer *w = create_with(rig, len, seed);
    commit_ok(w, WRITER_CLOSE);
    writer_free(w);
}

// The object holds the pattern up to `data`, zeros up to `size`.
static void assert_file(struct rig *rig, uint64_t data, uint64_t size, unsigned seed)
{
    uint8_t *bytes = make_bytes(0, size, seed);
    for (uint64_t i = data; i < size; i++)
        bytes[i] = 0;
    assert_stored(rig, KEY, bytes, size);
    free(bytes);
}

static void await_calls(struct rig *rig, enum memory_op op, unsigned count)
{
    struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 120000 && store_memory_calls_of(rig->store, op) < count; i++)
        nanosleep(&pause, NULL);
    assert_true(store_memory_calls_of(rig->store, op) >= count);
}

static uint64_t size_of(struct writer *w)
{
    struct writer_status status;
    writer_status(w, &status);
    return status.size;
}

static bool is_stored(struct rig *rig)
{
    return store_memory_object(rig->store, KEY, &(uint64_t){0}, NULL) != NULL;
}

static const char *metadata_of(struct rig *rig, const char *name)
{
    const struct kv *metadata = NULL;
    assert_non_null(store_memory_object(rig->store, KEY, &(uint64_t){0}, &metadata));
    return kv_get(metadata, name);
}

// Somebody else's bytes under the same metadata.
static void plant(struct rig *rig, const uint8_t *bytes, uint64_t size, const char *name,
                  const char *value)
{
    AUTO_KV struct kv metadata = {0};
    const struct kv *before = NULL;
    store_memory_object(rig->store, KEY, &(uint64_t){0}, &before);
    assert_ok(kv_copy(&metadata, before));
    if (name != NULL)
        assert_ok(kv_set(&metadata, name, value));
    store_memory_plant(rig->store, KEY, bytes, size, &metadata);
}

static uint8_t *ciphertext(struct rig *rig, uint64_t *size)
{
    const uint8_t *bytes = store_memory_object(rig->store, KEY, size, NULL);
    uint8_t *copy = malloc(*size);
    memcpy(copy, bytes, *size);
    return copy;
}

// ---- declared sizes
// ---------------------------------------------------------------------------------------------

static void a_presized_file_trimmed_before_the_commit_has_its_data(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 0);
    struct writer *w = create_with(&rig, 0, 1);
    assert_ok(writer_truncate(w, 900 * KIB));
    assert_int_equal(size_of(w), 900 * KIB);
    write_ok(w, 0, 200 * KIB, 1);
    assert_int_equal(size_of(w), 900 * KIB);
    assert_ok(writer_truncate(w, 200 * KIB));
    commit_ok(w, WRITER_CLOSE);
    assert_file(&rig, 200 * KIB, 200 * KIB, 1);
    writer_free(w);
    rig_stop(&rig);
}

static void fsync_sends_no_declared_tail_and_a_trim_after_it_sends_nothing(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 0);
    struct writer *w = create_with(&rig, 0, 1);
    assert_ok(writer_truncate(w, 900 * KIB));
    write_ok(w, 0, 200 * KIB, 1);
    commit_ok(w, WRITER_FSYNC);
    assert_file(&rig, 200 * KIB, 200 * KIB, 1);
    assert_int_equal(size_of(w), 900 * KIB);
    unsigned calls = store_memory_calls(rig.store);
    assert_ok(writer_truncate(w, 200 * KIB));
    commit_ok(w, WRITER_CLOSE);
    commit_ok(w, WRITER_FSYNC); // with nothing new it is free
    assert_int_equal(store_memory_calls(rig.store), calls);
    writer_free(w);
    rig_stop(&rig);
}

static void a_file_may_outgrow_its_declared_size(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 0);
    struct writer *w = create_with(&rig, 0, 1);
    assert_ok(writer_truncate(w, 100 * KIB));
    write_ok(w, 0, 300 * KIB, 1);
    assert_int_equal(size_of(w), 300 * KIB);
    commit_ok(w, WRITER_CLOSE);
    assert_file(&rig, 300 * KIB, 300 * KIB, 1);
    writer_free(w);
    rig_stop(&rig);
}

static void a_tail_declared_last_is_content(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 0);
    struct writer *w = create_with(&rig, 50 * KIB, 1);
    assert_ok(writer_truncate(w, 1700 * KIB)); // more than zero_tail_max behind the data
    commit_ok(w, WRITER_CLOSE);
    assert_file(&rig, 50 * KIB, 1700 * KIB, 1);
    // Also behind what is committed already.
    assert_ok(writer_truncate(w, 3000 * KIB));
    commit_ok(w, WRITER_CLOSE);
    assert_file(&rig, 50 * KIB, 3000 * KIB, 1);
    writer_free(w);
    rig_stop(&rig);
}

static void a_presized_file_never_trimmed_is_an_error_beyond_zero_tail_max(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 0);
    put_file(&rig, 70 * KIB, 9);
    struct writer *w = create_with(&rig, 0, 1);
    assert_ok(writer_truncate(w, 2000 * KIB));
    write_ok(w, 0, 200 * KIB, 1);
    assert_int_equal(writer_commit(w, WRITER_CLOSE, NULL), -EIO);
    assert_non_null(strstr(err_text(), "--zero-tail-max"));
    assert_int_equal(writer_commit(w, WRITER_CLOSE, NULL), -EIO);
    writer_free(w);
    assert_file(&rig, 70 * KIB, 70 * KIB, 9);
    w = create_with(&rig, 0, 1);
    assert_ok(writer_truncate(w, 1000 * KIB)); // within zero_tail_max: zeros
    write_ok(w, 0, 200 * KIB, 1);
    commit_ok(w, WRITER_CLOSE);
    assert_file(&rig, 200 * KIB, 1000 * KIB, 1);
    writer_free(w);
    rig_stop(&rig);
}

static void fallocate_keeping_the_size_is_a_hint_only(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 0);
    struct writer *w = create_with(&rig, 0, 1);
    assert_ok(writer_allocate(w, 2000 * KIB, true));
    assert_int_equal(size_of(w), 0);
    write_ok(w, 0, 100 * KIB, 1);
    assert_int_equal(size_of(w), 100 * KIB);
    commit_ok(w, WRITER_CLOSE);
    assert_file(&rig, 100 * KIB, 100 * KIB, 1);
    writer_free(w);
    w = create_with(&rig, 0, 1);
    assert_ok(writer_allocate(w, 200 * KIB, false));
    assert_int_equal(size_of(w), 200 * KIB);
    commit_ok(w, WRITER_CLOSE);
    assert_file(&rig, 0, 200 * KIB, 1);
    writer_free(w);
    rig_stop(&rig);
}

static void a_file_never_written_is_an_empty_object(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 0);
    put_file(&rig, 0, 1);
    assert_file(&rig, 0, 0, 1);
    rig_stop(&rig);
}

// ---- gaps
// -------------------------------------------------------------------------------------------------------

static void start_with_window(struct rig *rig, uint64_t window)
{
    struct volume_config config;
    rig_config(&config);
    config.window = window;
    rig_start_config(rig, &config);
}

static void a_gap_stays_open_within_the_window(void **state)
{
    (void)state;
    struct rig rig;
    start_with_window(&rig, 256 * KIB);
    struct writer *w = create_with(&rig, 10 * KIB, 1);
    write_ok(w, 20 * KIB, 220 * KIB, 1);
    write_ok(w, 10 * KIB, 10 * KIB, 1); // late, and in time
    commit_ok(w, WRITER_CLOSE);
    assert_file(&rig, 240 * KIB, 240 * KIB, 1);
    writer_free(w);
    rig_stop(&rig);
}

static void a_gap_beyond_the_window_is_zeros(void **state)
{
    (void)state;
    struct rig rig;
    start_with_window(&rig, 256 * KIB);
    struct writer *w = create_with(&rig, 10 * KIB, 1);
    write_ok(w, 20 * KIB, 600 * KIB, 1);
    commit_ok(w, WRITER_CLOSE);
    uint8_t *bytes = make_bytes(0, 620 * KIB, 1);
    memset(bytes + 10 * KIB, 0, 10 * KIB);
    assert_stored(&rig, KEY, bytes, 620 * KIB);
    free(bytes);
    writer_free(w);
    rig_stop(&rig);
}

static void a_write_into_a_closed_gap_is_refused_for_good_and_the_old_object_stays(void **state)
{
    (void)state;
    struct rig rig;
    start_with_window(&rig, 256 * KIB);
    put_file(&rig, 70 * KIB, 9);
    unsigned parts = store_memory_calls_of(rig.store, MEMORY_PART);
    struct writer *w = create_with(&rig, 10 * KIB, 1);
    write_ok(w, 20 * KIB, 600 * KIB, 1);
    await_calls(&rig, MEMORY_PART, parts + 1); // sealing has passed it
    assert_int_equal(write_pattern(w, 10 * KIB, 10 * KIB, 1), -EOPNOTSUPP);
    assert_non_null(strstr(err_text(), "--hold-size"));
    assert_int_equal(write_pattern(w, 700 * KIB, 10, 1), -EOPNOTSUPP);
    assert_int_equal(writer_commit(w, WRITER_FSYNC, NULL), -EOPNOTSUPP);
    assert_int_equal(writer_commit(w, WRITER_CLOSE, NULL), -EOPNOTSUPP);
    writer_free(w);
    assert_file(&rig, 70 * KIB, 70 * KIB, 9);
    rig_stop(&rig);
}

static void holes_hold_nothing_of_what_the_memory_held_before(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 1024 * KIB);
    put_file(&rig, 300 * KIB, 9); // leaves its bytes in the pool
    struct writer *w = create_with(&rig, 0, 1);
    uint8_t *bytes = calloc(1, 64 * KIB), *out = malloc(64 * KIB);
    size_t got = 0;
    for (uint64_t at = 0; at < 64 * KIB; at += 5 + at % 7) { // more holes than are kept
        bytes[at] = pattern(at, 1);
        write_ok(w, at, 1, 1);
    }
    uint64_t size = size_of(w);
    assert_ok(writer_read(w, 0, out, 64 * KIB, &got));
    assert_int_equal(got, size);
    assert_memory_equal(out, bytes, size);
    commit_ok(w, WRITER_CLOSE);
    assert_stored(&rig, KEY, bytes, size);
    writer_free(w);
    free(bytes);
    free(out);
    rig_stop(&rig);
}

// ---- limits
// -----------------------------------------------------------------------------------------------------

static void a_hint_that_does_not_fit_is_enospc_and_nothing_else_happens(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 0);
    struct writer *w = create_with(&rig, 10 * KIB, 1);
    assert_int_equal(writer_truncate(w, 1ull << 50), -ENOSPC);
    assert_int_equal(writer_allocate(w, 1ull << 50, false), -ENOSPC);
    assert_int_equal(writer_allocate(w, 1ull << 50, true), -ENOSPC);
    assert_int_equal(writer_truncate(w, volume_file_size_max(rig.volume) * 64), -ENOSPC);
    assert_int_equal(size_of(w), 10 * KIB);
    write_ok(w, 10 * KIB, 10 * KIB, 1);
    commit_ok(w, WRITER_CLOSE);
    assert_file(&rig, 20 * KIB, 20 * KIB, 1);
    writer_free(w);
    rig_stop(&rig);
}

static void a_write_too_far_ahead_is_enospc_for_good_and_the_old_object_stays(void **state)
{
    (void)state;
    for (uint64_t hold = 0; hold <= 64 * KIB; hold += 64 * KIB) {
        struct rig rig;
        rig_start(&rig, hold);
        put_file(&rig, 20 * KIB, 1);
        struct writer *w = create_with(&rig, 10 * KIB, 2);
        assert_int_equal(write_pattern(w, 1ull << 50, 7, 2), -ENOSPC);
        assert_int_equal(size_of(w), 10 * KIB);
        assert_int_equal(writer_commit(w, WRITER_CLOSE, NULL), -ENOSPC);
        assert_file(&rig, 20 * KIB, 20 * KIB, 1);
        writer_free(w);
        rig_stop(&rig);
    }
}

// Parts of 8 KiB, once the size is declared: ten thousand of them hold 78 MiB.
static void start_with_smallest_parts(struct rig *rig)
{
    struct volume_config config;
    rig_config(&config);
    config.part_min = config.part_size = 4 * KIB;
    config.memory_limit = 24 * KIB;
    config.window = 8 * KIB;
    config.connections = 2;
    rig_start_config(rig, &config);
}

#define SMALLEST_PARTS_HOLD (10000 * 8 * KIB)

static int write_all(struct writer *w, uint64_t size)
{
    static uint8_t bytes[64 * KIB];
    int rc = 0;
    for (uint64_t at = 0; at < size && rc == 0; at += sizeof bytes)
        rc = writer_write(w, at, bytes, size - at < sizeof bytes ? size - at : sizeof bytes, NULL);
    return rc;
}

static void a_file_of_exactly_ten_thousand_parts(void **state)
{
    (void)state;
    struct rig rig;
    start_with_smallest_parts(&rig);
    struct writer *w = create_with(&rig, 0, 1);
    assert_ok(writer_truncate(w, SMALLEST_PARTS_HOLD));
    assert_ok(write_all(w, SMALLEST_PARTS_HOLD));
    commit_ok(w, WRITER_CLOSE);
    struct writer_status status;
    writer_status(w, &status);
    assert_int_equal(status.parts, 10000);
    assert_int_equal(status.bytes, SMALLEST_PARTS_HOLD);
    uint64_t size = 0;
    assert_non_null(store_memory_object(rig.store, KEY, &size, NULL));
    assert_int_equal(size, SMALLEST_PARTS_HOLD + 16);
    writer_free(w);
    rig_stop(&rig);
}

static void more_than_ten_thousand_parts_hold_is_enospc(void **state)
{
    (void)state;
    struct rig rig;
    start_with_smallest_parts(&rig);
    struct writer *w = create_with(&rig, 0, 1);
    assert_int_equal(writer_truncate(w, SMALLEST_PARTS_HOLD + 1), -ENOSPC);
    assert_ok(writer_truncate(w, SMALLEST_PARTS_HOLD));
    int rc = write_all(w, SMALLEST_PARTS_HOLD + 4 * KIB);
    if (rc == 0)
        rc = writer_commit(w, WRITER_CLOSE, NULL);
    assert_int_equal(rc, -ENOSPC);
    assert_int_equal(writer_commit(w, WRITER_CLOSE, NULL), -ENOSPC);
    writer_free(w);
    assert_false(is_stored(&rig));
    rig_stop(&rig);
}

// ---- replaced by others
// -----------------------------------------------------------------------------------------

static void an_append_to_an_object_that_was_replaced_fails(void **state)
{
    (void)state;
    struct rig rig;
    for (int ignored = 0; ignored < 2; ignored++) {
        rig_start(&rig, 0);
        put_file(&rig, 200 * KIB, 1);
        struct writer *w = reopen(&rig);
        uint64_t size = 0;
        uint8_t *bytes = ciphertext(&rig, &size);
        if (ignored)
            store_memory_ignore_copy_conditions(rig.store);
        else
            plant(&rig, bytes, size, NULL, NULL); // another ETag
        int rc = write_pattern(w, 200 * KIB, 100 * KIB, 1);
        if (ignored)
            plant(&rig, bytes, size, NULL, NULL); // copied already: seen before Complete
        if (rc == 0)
            rc = writer_commit(w, WRITER_CLOSE, NULL);
        assert_int_equal(rc, -ESTALE);
        writer_free(w);
        assert_file(&rig, 200 * KIB, 200 * KIB, 1); // theirs, as it was planted
        free(bytes);
        rig_stop(&rig);
    }
}

static void a_rewrite_of_a_small_object_that_was_replaced_fails(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 100 * KIB);
    put_file(&rig, 20 * KIB, 1);
    struct writer *w = reopen(&rig);
    uint64_t size = 0;
    uint8_t *bytes = ciphertext(&rig, &size);
    plant(&rig, bytes, size, NULL, NULL);
    assert_ok(write_pattern(w, 10, 10, 2)); // the rest is fetched when it is needed
    assert_int_equal(writer_commit(w, WRITER_CLOSE, NULL), -ESTALE);
    writer_free(w);
    assert_file(&rig, 20 * KIB, 20 * KIB, 1);
    free(bytes);
    rig_stop(&rig);
}

static void a_reader_never_mixes_two_versions(void **state)
{
    (void)state;
    struct rig rig;
    struct reader *r = NULL;
    uint8_t out[1000];
    size_t got = 0;
    rig_start(&rig, 0);
    put_file(&rig, 200 * KIB, 1);
    assert_ok(reader_open(rig.volume, KEY, NULL, &r));
    assert_ok(reader_read(r, 0, out, sizeof out, &got));
    put_file(&rig, 200 * KIB, 2);
    assert_int_equal(reader_read(r, 1000, out, sizeof out, &got), -ESTALE);
    assert_int_equal(got, 0);
    reader_free(r);
    rig_stop(&rig);
}

// ---- reading
// ----------------------------------------------------------------------------------------------------

static int read_whole(struct rig *rig)
{
    struct reader *r = NULL;
    uint8_t out[5000];
    size_t got = 1;
    int rc = reader_open(rig->volume, KEY, NULL, &r);
    for (uint64_t at = 0; rc == 0 && got > 0; at += got)
        rc = reader_read(r, at, out, sizeof out, &got);
    reader_free(r);
    return rc;
}

// Damages of the last blocks: one error for all of them.
static void a_damaged_end_is_one_error_whatever_is_wrong(void **state)
{
    (void)state;
    struct rig rig;
    char text[ERR_TEXT_MAX] = "";
    rig_start(&rig, 0);
    put_file(&rig, 100001, 1);
    uint64_t size = 0;
    uint8_t *bytes = ciphertext(&rig, &size);
    srand(3);
    int seen = 0;
    for (int i = 0; i < 40; i++) {
        uint64_t at = size - 32 + (uint64_t)(rand() % 32);
        uint8_t bit = (uint8_t)(1 << rand() % 8);
        bytes[at] ^= bit;
        // Without the recorded length, which would tell of some damages by itself.
        plant(&rig, bytes, size, ENVELOPE_PLAIN_LENGTH, "");
        int rc = read_whole(&rig);
        bytes[at] ^= bit;
        if (rc == 0)
            continue; // the padding happens to be sound: CBC cannot know
        assert_int_equal(rc, -EIO);
        if (seen++ > 0)
            assert_string_equal(err_text(), text);
        snprintf(text, sizeof text, "%s", err_text());
    }
    assert_true(seen > 20);
    free(bytes);
    rig_stop(&rig);
}

static void a_truncated_object_is_an_error_at_open(void **state)
{
    (void)state;
    struct rig rig;
    struct reader *r = NULL;
    rig_start(&rig, 0);
    put_file(&rig, 100001, 1);
    uint64_t size = 0;
    uint8_t *bytes = ciphertext(&rig, &size);
    for (uint64_t cut = 1; cut <= 64; cut += 3) {
        plant(&rig, bytes, size - cut, NULL, NULL);
        int rc = reader_open(rig.volume, KEY, NULL, &r);
        if (cut % 16 == 0 && rc == 0)
            reader_free(TAKE(r)); // a last block that looks like padding: one in 255
        else
            assert_int_equal(rc, -EIO);
    }
    plant(&rig, bytes, 0, NULL, NULL);
    assert_int_equal(reader_open(rig.volume, KEY, NULL, &r), -EIO);
    free(bytes);
    rig_stop(&rig);
}

static void a_recorded_length_that_lies_is_found_out(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 0);
    put_file(&rig, 50001, 1); // a single PUT: the length is recorded
    assert_string_equal(metadata_of(&rig, ENVELOPE_PLAIN_LENGTH), "50001");
    uint64_t size = 0;
    uint8_t *bytes = ciphertext(&rig, &size);
    plant(&rig, bytes, size, ENVELOPE_PLAIN_LENGTH, "50000"); // possible for its size, but not so
    char text[ERR_TEXT_MAX];
    assert_int_equal(read_whole(&rig), -EIO);
    snprintf(text, sizeof text, "%s", err_text());
    bytes[size - 17] ^= 0x80; // and with padding that is broken: nobody is told which
    plant(&rig, bytes, size, ENVELOPE_PLAIN_LENGTH, "50000");
    assert_int_equal(read_whole(&rig), -EIO);
    assert_string_equal(err_text(), text);
    bytes[size - 17] ^= 0x80;
    // Impossible for its size: not believed, and the last block tells.
    static const char *const IMPOSSIBLE[] = {"0", "49000", "50016", "99999999999", "-1", "x"};
    for (size_t i = 0; i < sizeof IMPOSSIBLE / sizeof *IMPOSSIBLE; i++) {
        plant(&rig, bytes, size, ENVELOPE_PLAIN_LENGTH, IMPOSSIBLE[i]);
        struct reader *r = NULL;
        int rc = reader_open(rig.volume, KEY, NULL, &r);
        if (rc == 0)
            assert_int_equal(reader_size(r), 50001);
        else
            assert_int_equal(rc, -EIO); // not a number: a damaged envelope
        reader_free(r);
    }
    free(bytes);
    rig_stop(&rig);
}

static void an_unencrypted_object_is_refused_or_read_as_it_is(void **state)
{
    (void)state;
    struct rig rig;
    struct reader *r = NULL;
    struct volume_config config;
    uint8_t *bytes = make_bytes(0, 5000, 4);
    for (int allowed = 0; allowed < 2; allowed++) {
        rig_config(&config);
        config.plaintext_read = allowed;
        rig_start_config(&rig, &config);
        store_memory_plant(rig.store, KEY, bytes, 5000, &(struct kv){0});
        if (allowed) {
            assert_read_back(&rig, KEY, bytes, 5000);
            struct writer *w = reopen(&rig); // may be read, not continued
            assert_int_equal(write_pattern(w, 5000, 10, 1), -EACCES);
            writer_free(w);
        } else {
            assert_int_equal(reader_open(rig.volume, KEY, NULL, &r), -EACCES);
            assert_non_null(strstr(err_text(), "--plaintext=read"));
        }
        assert_int_equal(keyring_test_calls(rig.keyring), 0);
        rig_stop(&rig);
    }
    free(bytes);
}

static void kms_is_asked_once_per_version(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 0);
    put_file(&rig, 200 * KIB, 1);
    unsigned calls = keyring_test_calls(rig.keyring);
    for (int i = 0; i < 5; i++)
        assert_ok(read_whole(&rig));
    assert_int_equal(keyring_test_calls(rig.keyring), calls + 1);
    put_file(&rig, 200 * KIB, 2);
    calls = keyring_test_calls(rig.keyring);
    for (int i = 0; i < 5; i++)
        assert_ok(read_whole(&rig));
    assert_int_equal(keyring_test_calls(rig.keyring), calls + 1);
    rig_stop(&rig);
}

// Whatever becomes of the KMS key: who has a file open has its data key.
static void who_has_a_file_open_goes_on_without_kms(void **state)
{
    (void)state;
    static const uint64_t SIZES[] = {20 * KIB, 300 * KIB}; // fetched, and copied by the server
    for (size_t i = 0; i < 4; i++) {
        struct rig rig;
        uint64_t size = SIZES[i % 2];
        uint8_t out[100];
        size_t got = 0;
        rig_start(&rig, 100 * KIB);
        put_file(&rig, size, 1);
        struct writer *w = i < 2 ? reopen(&rig) : create_with(&rig, size, 1);
        if (i >= 2)
            commit_ok(w, WRITER_FSYNC);
        unsigned calls = keyring_test_calls(rig.keyring);
        keyring_test_break(rig.keyring, -EACCES);
        assert_ok(writer_read(w, size - 50, out, sizeof out, &got));
        assert_int_equal(got, 50);
        for (uint64_t at = size; at < size + 30; at += 10) {
            assert_ok(write_pattern(w, at, 10, 1));
            commit_ok(w, WRITER_FSYNC);
        }
        assert_int_equal(keyring_test_calls(rig.keyring), calls);
        keyring_test_break(rig.keyring, 0);
        writer_free(w);
        assert_file(&rig, size + 30, size + 30, 1);
        rig_stop(&rig);
    }
}

// What else the envelope says decides whether KMS unwraps the key at all: a key that is remembered
// must not open what KMS would refuse.
static void a_key_is_remembered_for_its_very_envelope_only(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } CHANGES[] = {
        {"x-amz-matdesc", "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/other\"}"},
        {"x-amz-cek-alg", "AES/GCM/NoPadding"},
    };
    for (size_t i = 0; i < sizeof CHANGES / sizeof *CHANGES; i++) {
        struct rig rig;
        struct reader *r = NULL;
        AUTO_KV struct kv metadata = {0};
        const struct kv *stored = NULL;
        rig_start(&rig, 0);
        put_file(&rig, 200 * KIB, 1);
        assert_ok(read_whole(&rig));
        unsigned calls = keyring_test_calls(rig.keyring);
        assert_non_null(store_memory_object(rig.store, KEY, &(uint64_t){0}, &stored));
        assert_ok(kv_copy(&metadata, stored));
        assert_ok(kv_set(&metadata, CHANGES[i].name, CHANGES[i].value));
        if (i == 1) {
            assert_ok(kv_set(&metadata, "x-amz-tag-len", "128"));
            assert_ok(kv_set(&metadata, "x-amz-iv", "AAAAAAAAAAAAAAAA"));
        }
        store_memory_relabel(rig.store, KEY, &metadata);
        assert_ok(reader_open(rig.volume, KEY, NULL, &r));
        assert_int_equal(keyring_test_calls(rig.keyring), calls + 1);
        reader_free(r);
        rig_stop(&rig);
    }
}

static void a_sequential_read_fetches_every_byte_about_once(void **state)
{
    (void)state;
    struct rig rig;
    struct reader *r = NULL;
    uint64_t size = 24 * 1024 * KIB;
    static uint8_t out[128 * KIB];
    size_t got = 1;
    rig_start(&rig, 0);
    struct writer *w = create_with(&rig, 0, 1);
    assert_ok(write_all(w, size));
    commit_ok(w, WRITER_CLOSE);
    writer_free(w);
    assert_ok(reader_open(rig.volume, KEY, NULL, &r));
    uint64_t before = store_memory_fetched(rig.store);
    for (uint64_t at = 0; got > 0; at += got)
        assert_ok(reader_read(r, at, out, sizeof out, &got));
    reader_free(r);
    assert_in_range(store_memory_fetched(rig.store) - before, size, size / 100 * 102);
    rig_stop(&rig);
}

static void random_small_reads_fetch_little(void **state)
{
    (void)state;
    struct rig rig;
    struct reader *r = NULL;
    uint64_t size = 64 * 1024 * KIB;
    uint8_t out[4096];
    size_t got = 0;
    rig_start(&rig, 0);
    struct writer *w = create_with(&rig, 0, 1);
    assert_ok(write_all(w, size));
    commit_ok(w, WRITER_CLOSE);
    writer_free(w);
    srand(5);
    assert_ok(reader_open(rig.volume, KEY, NULL, &r));
    uint64_t before = store_memory_fetched(rig.store);
    for (int i = 0; i < 300; i++)
        assert_ok(reader_read(r, (uint64_t)rand() % (size - sizeof out), out, sizeof out, &got));
    reader_free(r);
    assert_true(store_memory_fetched(rig.store) - before < 300 * (sizeof out + 64));
    rig_stop(&rig);
}

// ---- generations and keys
// ---------------------------------------------------------------------------------------

static void an_append_keeps_the_envelope_and_loses_the_recorded_length(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 0);
    struct writer *w = create_with(&rig, 50 * KIB, 1);
    commit_ok(w, WRITER_FSYNC);
    assert_non_null(metadata_of(&rig, ENVELOPE_PLAIN_LENGTH));
    char *key = strdup(metadata_of(&rig, "x-amz-key-v2"));
    char *iv = strdup(metadata_of(&rig, "x-amz-iv"));
    write_ok(w, 50 * KIB, 100 * KIB, 1);
    commit_ok(w, WRITER_CLOSE);
    assert_file(&rig, 150 * KIB, 150 * KIB, 1);
    assert_string_equal(metadata_of(&rig, "x-amz-key-v2"), key);
    assert_string_equal(metadata_of(&rig, "x-amz-iv"), iv);
    assert_null(metadata_of(&rig, ENVELOPE_PLAIN_LENGTH));
    assert_true(store_memory_calls_of(rig.store, MEMORY_PART_COPY) > 0);
    writer_free(w);
    free(key);
    free(iv);
    rig_stop(&rig);
}

static void a_small_append_keeps_the_envelope_and_a_rewrite_takes_a_new_key(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 100 * KIB);
    put_file(&rig, 20 * KIB, 1);
    char *key = strdup(metadata_of(&rig, "x-amz-key-v2"));
    struct writer *w = reopen(&rig);
    write_ok(w, 20 * KIB, 5 * KIB, 1);
    commit_ok(w, WRITER_CLOSE);
    assert_string_equal(metadata_of(&rig, "x-amz-key-v2"), key);
    assert_file(&rig, 25 * KIB, 25 * KIB, 1);
    write_ok(w, 10 * KIB, 1, 2);
    commit_ok(w, WRITER_CLOSE);
    assert_string_not_equal(metadata_of(&rig, "x-amz-key-v2"), key);
    writer_free(w);
    free(key);
    rig_stop(&rig);
}

static void truncation_to_nothing_and_create_take_a_new_key(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 0);
    put_file(&rig, 100 * KIB, 1);
    char *key = strdup(metadata_of(&rig, "x-amz-key-v2"));
    struct writer *w = reopen(&rig);
    assert_ok(writer_truncate(w, 0));
    write_ok(w, 0, 100 * KIB, 2);
    assert_file(&rig, 100 * KIB, 100 * KIB, 1); // until the commit
    commit_ok(w, WRITER_CLOSE);
    assert_file(&rig, 100 * KIB, 100 * KIB, 2);
    assert_string_not_equal(metadata_of(&rig, "x-amz-key-v2"), key);
    writer_free(w);
    free(key);
    rig_stop(&rig);
}

// ---- the rest
// ---------------------------------------------------------------------------------------------------

static void what_is_on_its_way_cannot_be_read(void **state)
{
    (void)state;
    struct rig rig;
    uint8_t out[100];
    size_t got = 0;
    rig_start(&rig, 0);
    struct writer *w = create_with(&rig, 300 * KIB, 1);
    await_calls(&rig, MEMORY_PART, 1);
    assert_int_equal(writer_read(w, 0, out, sizeof out, &got), -EBUSY);
    write_ok(w, 300 * KIB, 100, 1);
    assert_ok(writer_read(w, 300 * KIB, out, sizeof out, &got)); // still in the window
    assert_int_equal(got, 100);
    commit_ok(w, WRITER_FSYNC);
    assert_ok(writer_read(w, 0, out, sizeof out, &got)); // committed
    for (size_t i = 0; i < got; i++)
        assert_int_equal(out[i], pattern(i, 1));
    writer_free(w);
    rig_stop(&rig);
}

static void giving_up_leaves_the_old_object_and_stays(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 0);
    put_file(&rig, 100 * KIB, 1);
    struct writer *w = create_with(&rig, 300 * KIB, 2);
    writer_abort(w, -ECANCELED, "the writer was killed");
    assert_int_equal(write_pattern(w, 300 * KIB, 10, 2), -ECANCELED);
    assert_string_equal(err_text(), "the writer was killed");
    assert_int_equal(writer_commit(w, WRITER_CLOSE, NULL), -ECANCELED);
    writer_free(w);
    w = create_with(&rig, 300 * KIB, 3);
    writer_free(w); // nobody committed it
    assert_file(&rig, 100 * KIB, 100 * KIB, 1);
    rig_stop(&rig);
}

static void a_file_gets_another_name_only_while_nothing_was_sent(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 100 * KIB);
    struct writer *w = create_with(&rig, 10 * KIB, 1);
    assert_ok(writer_rekey(w, "dir/other"));
    commit_ok(w, WRITER_FSYNC);
    assert_false(is_stored(&rig));
    assert_non_null(store_memory_object(rig.store, "dir/other", &(uint64_t){0}, NULL));
    assert_int_equal(writer_rekey(w, KEY), -EBUSY);
    writer_free(w);
    w = create_with(&rig, 300 * KIB, 1);
    await_calls(&rig, MEMORY_CREATE, 1);
    assert_int_equal(writer_rekey(w, "dir/other"), -EBUSY);
    writer_free(w);
    rig_stop(&rig);
}

static void a_volume_read_only_takes_no_writer(void **state)
{
    (void)state;
    struct rig rig;
    struct writer *w = NULL;
    struct volume_config config;
    rig_config(&config);
    config.read_only = true;
    rig_start_config(&rig, &config);
    assert_int_equal(writer_create(rig.volume, KEY, &w), -EROFS);
    rig_stop(&rig);
}

int main(void)
{
    begin_tests();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_presized_file_trimmed_before_the_commit_has_its_data),
        cmocka_unit_test(fsync_sends_no_declared_tail_and_a_trim_after_it_sends_nothing),
        cmocka_unit_test(a_file_may_outgrow_its_declared_size),
        cmocka_unit_test(a_tail_declared_last_is_content),
        cmocka_unit_test(a_presized_file_never_trimmed_is_an_error_beyond_zero_tail_max),
        cmocka_unit_test(fallocate_keeping_the_size_is_a_hint_only),
        cmocka_unit_test(a_file_never_written_is_an_empty_object),
        cmocka_unit_test(a_gap_stays_open_within_the_window),
        cmocka_unit_test(a_gap_beyond_the_window_is_zeros),
        cmocka_unit_test(a_write_into_a_closed_gap_is_refused_for_good_and_the_old_object_stays),
        cmocka_unit_test(holes_hold_nothing_of_what_the_memory_held_before),
        cmocka_unit_test(a_hint_that_does_not_fit_is_enospc_and_nothing_else_happens),
        cmocka_unit_test(a_write_too_far_ahead_is_enospc_for_good_and_the_old_object_stays),
        cmocka_unit_test(a_file_of_exactly_ten_thousand_parts),
        cmocka_unit_test(more_than_ten_thousand_parts_hold_is_enospc),
        cmocka_unit_test(an_append_to_an_object_that_was_replaced_fails),
        cmocka_unit_test(a_rewrite_of_a_small_object_that_was_replaced_fails),
        cmocka_unit_test(a_reader_never_mixes_two_versions),
        cmocka_unit_test(a_damaged_end_is_one_error_whatever_is_wrong),
        cmocka_unit_test(a_truncated_object_is_an_error_at_open),
        cmocka_unit_test(a_recorded_length_that_lies_is_found_out),
        cmocka_unit_test(an_unencrypted_object_is_refused_or_read_as_it_is),
        cmocka_unit_test(kms_is_asked_once_per_version),
        cmocka_unit_test(who_has_a_file_open_goes_on_without_kms),
        cmocka_unit_test(a_key_is_remembered_for_its_very_envelope_only),
        cmocka_unit_test(a_sequential_read_fetches_every_byte_about_once),
        cmocka_unit_test(random_small_reads_fetch_little),
        cmocka_unit_test(an_append_keeps_the_envelope_and_loses_the_recorded_length),
        cmocka_unit_test(a_small_append_keeps_the_envelope_and_a_rewrite_takes_a_new_key),
        cmocka_unit_test(truncation_to_nothing_and_create_take_a_new_key),
        cmocka_unit_test(what_is_on_its_way_cannot_be_read),
        cmocka_unit_test(giving_up_leaves_the_old_object_and_stays),
        cmocka_unit_test(a_file_gets_another_name_only_while_nothing_was_sent),
        cmocka_unit_test(a_volume_read_only_takes_no_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
