// What must hold of reading content that carries a tag: who reads all of it hears when it is not
// what was sealed, at the latest by the last read; who reads parts of it is not held up; and what
// is proved at open is proved before the first byte. For every format with a tag.
#include "object/reader_internal.h"
#include "tests/unit/object/harness.h"

#include <pthread.h>

#define SIZE (3 * 1024 * KIB + 77) // a dozen spans

static const char *format_name;

static void start_with(struct rig *rig, uint64_t verify_before_read, uint64_t memory_limit)
{
    struct volume_config config;
    rig_config(&config);
    assert_ok(format_find(format_name, &config.format));
    config.read_formats = format_set_default(config.format, false);
    config.verify_before_read = verify_before_read;
    config.memory_limit = memory_limit;
    config.window = memory_limit / 2;
    rig_start_config(rig, &config);
}

static void write_object(struct rig *rig, uint64_t size)
{
    struct writer *w = NULL;
    assert_ok(writer_create(rig->volume, KEY, &w));
    for (uint64_t at = 0; at < size; at += 64 * KIB)
        assert_ok(write_pattern(w, at, size - at < 64 * KIB ? size - at : 64 * KIB, 1));
    assert_ok(writer_commit(w, WRITER_CLOSE, NULL));
    writer_free(w);
}

// Flips a bit of the stored object.
static void damage(struct rig *rig, uint64_t offset)
{
    uint64_t size = 0;
    const struct kv *stored = NULL;
    AUTO_KV struct kv metadata = {0};
    const uint8_t *object = store_memory_object(rig->store, KEY, &size, &stored);
    uint8_t *copy = malloc(size);
    memcpy(copy, object, size);
    copy[offset] ^= 0x10;
    assert_ok(kv_copy(&metadata, stored));
    store_memory_plant(rig->store, KEY, copy, size, &metadata);
    free(copy);
}

// Reads all of it in pieces; how far it came before the first error, and that error.
static int read_all(struct reader *r, size_t piece, uint64_t *came)
{
    uint8_t *out = malloc(piece);
    int rc = 0;
    size_t got = 1;
    for (*came = 0; rc == 0 && got > 0; *came += got) {
        rc = reader_read(r, *came, out, piece, &got);
        uint8_t *expected = make_bytes(*came, got, 1);
        bool same = memcmp(out, expected, got) == 0;
        free(expected);
        if (rc == 0 && !same)
            break; // what is damaged is given out, until the end tells
    }
    while (rc == 0 && *came < reader_size(r)) {
        rc = reader_read(r, *came, out, piece, &got);
        *came += rc == 0 ? got : 0;
    }
    free(out);
    return rc;
}

static const size_t PIECES[] = {777, 4096, 100000, 1 << 20, 2 * SIZE};
#define PIECES_COUNT (sizeof PIECES / sizeof *PIECES)

static void a_whole_read_of_a_sound_object_succeeds(void **state)
{
    (void)state;
    static const uint64_t SIZES[] = {0, 1, 16, 1000, 200 * KIB, 256 * KIB, SIZE};
    for (size_t n = 0; n < sizeof SIZES / sizeof *SIZES; n++) {
        struct rig rig;
        start_with(&rig, 0, 4096 * KIB);
        write_object(&rig, SIZES[n]);
        for (size_t i = 0; i < PIECES_COUNT; i++) {
            struct reader *r = NULL;
            uint64_t came = 0;
            assert_ok(reader_open(rig.volume, KEY, NULL, &r));
            assert_ok(read_all(r, PIECES[i], &came));
            assert_int_equal(came, SIZES[n]);
            reader_free(r);
        }
        rig_stop(&rig);
    }
}

static void a_whole_read_of_a_changed_object_fails_by_its_last_read(void **state)
{
    (void)state;
    static const uint64_t PLACES[] = {0, 5000, 200 * KIB, SIZE / 2, SIZE - 1, SIZE, SIZE + 15};
    for (size_t n = 0; n < sizeof PLACES / sizeof *PLACES; n++) {
        struct rig rig;
        start_with(&rig, 0, 4096 * KIB);
        write_object(&rig, SIZE);
        damage(&rig, PLACES[n]); // at and after SIZE: the tag
        for (size_t i = 0; i < PIECES_COUNT; i++) {
            struct reader *r = NULL;
            uint64_t came = 0;
            uint8_t byte;
            size_t got = 0;
            assert_ok(reader_open(rig.volume, KEY, NULL, &r));
            assert_int_equal(read_all(r, PIECES[i], &came), -EIO);
            assert_non_null(strstr(err_text(), CONTENT_BAD_TEXT)); // not the network's
            assert_true(came < SIZE);
            // It does not come right by asking again.
            if (PIECES[i] < SIZE)
                assert_int_equal(reader_read(r, SIZE - 1, &byte, 1, &got), -EIO);
            reader_free(r);
        }
        rig_stop(&rig);
    }
}

static void the_tag_of_an_empty_file_counts(void **state)
{
    (void)state;
    struct rig rig;
    struct reader *r = NULL;
    uint8_t byte;
    size_t got = 7;
    start_with(&rig, 0, 4096 * KIB);
    write_object(&rig, 0);
    damage(&rig, 3);
    assert_ok(reader_open(rig.volume, KEY, NULL, &r));
    assert_int_equal(reader_read(r, 0, &byte, 1, &got), -EIO);
    reader_free(r);
    rig_stop(&rig);
}

static void parts_are_read_without_the_whole(void **state)
{
    (void)state;
    struct rig rig;
    struct reader *r = NULL;
    uint8_t out[4096];
    size_t got = 0;
    start_with(&rig, 0, 4096 * KIB);
    write_object(&rig, SIZE);
    assert_ok(reader_open(rig.volume, KEY, NULL, &r));
    uint64_t before = store_memory_fetched(rig.store);
    // The two ends, as whoever looks at a backup's header does, then here and there.
    static const uint64_t PLACES[] = {0, 4096, SIZE - 4096, 1000000, 5, 2000000, 700000};
    for (size_t i = 0; i < sizeof PLACES / sizeof *PLACES; i++) {
        uint8_t *expected = make_bytes(PLACES[i], sizeof out, 1);
        assert_ok(reader_read(r, PLACES[i], out, sizeof out, &got));
        assert_int_equal(got, sizeof out);
        assert_memory_equal(out, expected, got);
        free(expected);
    }
    assert_true(store_memory_fetched(rig.store) - before < 10 * (sizeof out + 64));
    reader_free(r);
    rig_stop(&rig);
}

static void a_short_memory_does_not_hide_a_change(void **state)
{
    (void)state;
    struct rig rig;
    struct writer *others[64];
    size_t count = 0;
    start_with(&rig, 0, 1024 * KIB);
    write_object(&rig, SIZE);
    damage(&rig, SIZE / 3);
    // Writers reserve until nothing is left for spans.
    while (count < 64) {
        char key[16];
        snprintf(key, sizeof key, "w%zu", count);
        if (writer_create(rig.volume, key, &others[count]) < 0)
            break;
        count++;
    }
    assert_true(count > 0);
    for (size_t i = 0; i < PIECES_COUNT; i++) {
        struct reader *r = NULL;
        uint64_t came = 0;
        assert_ok(reader_open(rig.volume, KEY, NULL, &r));
        assert_int_equal(read_all(r, PIECES[i], &came), -EIO);
        reader_free(r);
    }
    while (count > 0)
        writer_free(others[--count]);
    rig_stop(&rig);
}

// ---- going on with an object ----

static int truncate_it(struct writer *w)
{
    return writer_truncate(w, SIZE / 2);
}

static int change_its_middle(struct writer *w)
{
    return write_pattern(w, SIZE / 2, 1000, 1);
}

static int change_its_start(struct writer *w)
{
    return write_pattern(w, 0, SIZE - 100 * KIB, 1);
}

static int append_to_it(struct writer *w)
{
    return write_pattern(w, SIZE, 1000, 1);
}

static int replace_it(struct writer *w)
{
    int rc = write_pattern(w, 0, SIZE / 2, 1);
    return rc == 0 ? writer_truncate(w, SIZE / 2) : rc;
}

// What stays of it gets a new tag, which would say that it is sound.
static void what_stays_of_a_changed_object_is_not_sealed_again(void **state)
{
    (void)state;
    static int (*const WAYS[])(struct writer *) = {truncate_it, change_its_middle, change_its_start,
                                                   append_to_it, replace_it};
    for (int damaged = 0; damaged < 2; damaged++) {
        for (size_t i = 0; i < sizeof WAYS / sizeof *WAYS; i++) {
            struct rig rig;
            struct writer *w = NULL;
            start_with(&rig, 0, 4096 * KIB);
            write_object(&rig, SIZE);
            if (damaged)
                damage(&rig, SIZE / 4);
            assert_ok(writer_open(rig.volume, KEY, NULL, &w));
            int rc = WAYS[i](w);
            if (rc == 0)
                rc = writer_commit(w, WRITER_CLOSE, NULL);
            assert_int_equal(rc, damaged && WAYS[i] != replace_it ? -EIO : 0);
            writer_free(w);
            rig_stop(&rig);
        }
    }
}

static void a_look_at_the_end_does_not_spare_the_proof(void **state)
{
    (void)state;
    struct rig rig;
    struct reader *r = NULL;
    uint8_t out[512];
    size_t got = 0;
    uint64_t came = 0, size = 20 * 1024 * KIB; // the end is far from the beginning
    start_with(&rig, 0, 4096 * KIB);
    write_object(&rig, size);
    damage(&rig, size / 2);
    assert_ok(reader_open(rig.volume, KEY, NULL, &r));
    assert_ok(reader_read(r, 0, out, sizeof out, &got));
    assert_ok(reader_read(r, size - sizeof out, out, sizeof out, &got));
    assert_int_equal(read_all(r, 1 << 20, &came), -EIO);
    reader_free(r);
    rig_stop(&rig);
}

// ---- as the kernel reads ahead: several at once, in no exact order ----

#define READERS 4
#define PIECE   (128 * KIB)

struct crowd {
    struct reader *reader;
    atomic_uint next;
    atomic_int failures;
};

static void *read_pieces(void *context)
{
    struct crowd *c = context;
    uint8_t *out = malloc(PIECE);
    for (;;) {
        uint64_t at = atomic_fetch_add(&c->next, 1) * PIECE;
        size_t got = 0;
        if (at >= SIZE)
            break;
        if (reader_read(c->reader, at, out, PIECE, &got) < 0)
            atomic_fetch_add(&c->failures, 1);
    }
    free(out);
    return NULL;
}

static int read_by_a_crowd(struct rig *rig)
{
    struct crowd c = {0};
    pthread_t threads[READERS];
    assert_ok(reader_open(rig->volume, KEY, NULL, &c.reader));
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_pieces, &c), 0);
    for (size_t i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    reader_free(c.reader);
    return atomic_load(&c.failures);
}

static void reads_at_once_are_proved_too(void **state)
{
    (void)state;
    struct rig rig;
    start_with(&rig, 0, 4096 * KIB);
    write_object(&rig, SIZE);
    store_memory_delay(rig.store, 2000);
    for (int i = 0; i < 10; i++)
        assert_int_equal(read_by_a_crowd(&rig), 0);
    damage(&rig, SIZE - SIZE / 4);
    for (int i = 0; i < 10; i++)
        assert_true(read_by_a_crowd(&rig) > 0);
    rig_stop(&rig);
}

// ---- at open ----

static void what_is_verified_before_reading_gives_no_byte_of_a_changed_object(void **state)
{
    (void)state;
    struct rig rig;
    struct reader *r = NULL;
    uint8_t out[100];
    size_t got = 0;
    start_with(&rig, SIZE, 4096 * KIB);
    write_object(&rig, SIZE);
    assert_ok(reader_open(rig.volume, KEY, NULL, &r));
    uint64_t before = store_memory_fetched(rig.store);
    assert_ok(reader_read(r, SIZE - 100, out, 100, &got)); // already proved: a part costs a part
    assert_true(store_memory_fetched(rig.store) - before < 200);
    reader_free(r);
    damage(&rig, SIZE / 2);
    assert_int_equal(reader_open(rig.volume, KEY, NULL, &r), -EIO);
    rig_stop(&rig);
    start_with(&rig, SIZE - 1, 4096 * KIB); // larger ones are read as they come
    write_object(&rig, SIZE);
    damage(&rig, SIZE / 2);
    assert_ok(reader_open(rig.volume, KEY, NULL, &r));
    assert_ok(reader_read(r, 0, out, 100, &got));
    reader_free(r);
    rig_stop(&rig);
}

// ---- a reader that goes while a fetch is under way ----

struct hold {
    uint64_t at; // the GET that waits
    atomic_uint times;
    atomic_bool open;
};

static void hold_get(void *context, enum memory_op op, uint64_t at)
{
    struct hold *hold = context;
    if (op != MEMORY_GET || at != hold->at)
        return;
    atomic_fetch_add(&hold->times, 1);
    while (!atomic_load(&hold->open))
        usleep(1000);
}

static void *free_reader(void *reader)
{
    reader_free(reader);
    return NULL;
}

static bool has_spans(struct reader *r)
{
    WITH_LOCK(&r->lock);
    return r->spans != NULL;
}

static void nothing_is_fetched_for_a_check_that_nobody_hears(void **state)
{
    (void)state;
    struct rig rig;
    struct reader *r = NULL;
    pthread_t thread;
    static uint8_t out[64 * KIB];
    size_t got = 0;
    start_with(&rig, 0, 4096 * KIB);
    write_object(&rig, SIZE);
    assert_ok(reader_open(rig.volume, KEY, NULL, &r));
    uint64_t span = r->span_size;
    struct hold hold = {.at = 4 * span};
    store_memory_hook(rig.store, hold_get, &hold);
    for (uint64_t at = 0; at < 4 * span; at += got)
        assert_ok(reader_read(r, at, out, sizeof out, &got));
    while (atomic_load(&hold.times) == 0)
        usleep(1000);
    assert_ok(reader_read(r, 5 * span, out, sizeof out, &got)); // over the one that is held
    assert_int_equal(pthread_create(&thread, NULL, free_reader, r), 0);
    while (has_spans(r)) // it stays until the fetch has ended
        usleep(1000);
    atomic_store(&hold.open, true);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&hold.times), 1); // not once more, for the check
    rig_stop(&rig);
}

// ---- faults ----

static void a_fetch_that_fails_on_the_way_is_made_up_for(void **state)
{
    (void)state;
    struct rig rig;
    start_with(&rig, 0, 4096 * KIB);
    write_object(&rig, SIZE);
    for (unsigned n = 1; n < 16; n++) {
        struct reader *r = NULL;
        static uint8_t out[64 * KIB];
        size_t got = 1;
        unsigned failures = 0;
        assert_ok(reader_open(rig.volume, KEY, NULL, &r));
        store_memory_fail(rig.store, n, FAULT_AFTER, -EIO);
        for (uint64_t at = 0; at < SIZE;) { // a program that tries again
            if (reader_read(r, at, out, sizeof out, &got) == 0)
                at += got;
            else
                failures++;
        }
        assert_true(failures <= 2);
        reader_free(r);
        store_memory_fail(rig.store, 0, FAULT_AFTER, 0);
    }
    rig_stop(&rig);
}

static const struct CMUnitTest TESTS[] = {
    cmocka_unit_test(a_whole_read_of_a_sound_object_succeeds),
    cmocka_unit_test(a_whole_read_of_a_changed_object_fails_by_its_last_read),
    cmocka_unit_test(the_tag_of_an_empty_file_counts),
    cmocka_unit_test(parts_are_read_without_the_whole),
    cmocka_unit_test(a_look_at_the_end_does_not_spare_the_proof),
    cmocka_unit_test(a_short_memory_does_not_hide_a_change),
    cmocka_unit_test(what_stays_of_a_changed_object_is_not_sealed_again),
    cmocka_unit_test(reads_at_once_are_proved_too),
    cmocka_unit_test(what_is_verified_before_reading_gives_no_byte_of_a_changed_object),
    cmocka_unit_test(nothing_is_fetched_for_a_check_that_nobody_hears),
    cmocka_unit_test(a_fetch_that_fails_on_the_way_is_made_up_for),
};

int main(void)
{
    int failed = 0;
    begin_tests();
    static const char *const NAMES[] = {"gcm", "commit"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        format_name = NAMES[i];
        failed += cmocka_run_group_tests_name(format_name, TESTS, NULL, NULL);
    }
    return failed;
}
