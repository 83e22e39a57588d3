// --no-overwrite: what is there is never replaced, whether the server heeds that or not.
#include "object/object_copy.h"
#include "object/write_once.h"
#include "tests/unit/object/harness.h"

#define SMALL (20 * KIB)  // one PUT
#define LARGE (300 * KIB) // parts

static void start(struct rig *rig, bool heeded)
{
    struct volume_config config;
    rig_config(&config);
    config.no_overwrite = true;
    rig_start_config(rig, &config);
    const struct write_once_heeded both = {.put = true, .complete = true};
    if (heeded)
        write_once_set_heeded(rig->volume, &both);
    else
        store_memory_ignore_only_new(rig->store);
}

static struct writer *create(struct rig *rig, size_t len)
{
    struct writer *w = NULL;
    assert_ok(writer_create(rig->volume, KEY, &w));
    assert_ok(write_pattern(w, 0, len, 1));
    return w;
}

static void plant(struct rig *rig)
{
    const struct kv none = {0};
    store_memory_plant(rig->store, KEY, "theirs", 6, &none);
}

static void assert_theirs(struct rig *rig)
{
    uint64_t size = 0;
    const struct kv *metadata;
    const uint8_t *data = store_memory_object(rig->store, KEY, &size, &metadata);
    assert_int_equal(size, 6);
    assert_memory_equal(data, "theirs", 6);
}

static void assert_ours(struct rig *rig, size_t len)
{
    uint8_t *bytes = make_bytes(0, len, 1);
    assert_stored(rig, KEY, bytes, len);
    free(bytes);
}

static void a_name_taken_meanwhile_is_eexist_for_good(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct rig rig;
        start(&rig, i % 2 == 0);
        struct writer *w = create(&rig, i < 2 ? SMALL : LARGE);
        plant(&rig);
        assert_int_equal(writer_commit(w, WRITER_FSYNC, NULL), -EEXIST);
        assert_int_equal(writer_commit(w, WRITER_CLOSE, NULL), -EEXIST);
        assert_int_equal(write_pattern(w, 0, 1, 1), -EEXIST);
        writer_free(w);
        assert_theirs(&rig);
        rig_stop(&rig);
    }
}

static void the_name_is_looked_at_only_where_the_server_does_not(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct rig rig;
        start(&rig, i == 0);
        struct writer *w = create(&rig, LARGE);
        assert_ok(writer_commit(w, WRITER_CLOSE, NULL));
        // The result is looked at in any case.
        assert_int_equal(store_memory_calls_of(rig.store, MEMORY_HEAD), i == 0 ? 1 : 2);
        writer_free(w);
        assert_ours(&rig, LARGE);
        rig_stop(&rig);
    }
}

// The answer was lost, and asked again the server says that there is an object: it is this one.
static void our_own_object_is_nobody_elses(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, true);
    struct writer *w = create(&rig, SMALL);
    store_memory_fail(rig.store, 1, FAULT_AFTER, -EEXIST);
    assert_ok(writer_commit(w, WRITER_CLOSE, NULL));
    assert_int_equal(store_memory_failed(rig.store), MEMORY_PUT);
    writer_free(w);
    assert_ours(&rig, SMALL);
    rig_stop(&rig);
}

// AWS may give an upload up when it conflicts with another writer.
static void an_upload_that_is_gone_while_the_name_was_taken_is_eexist(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, true);
    struct writer *w = create(&rig, LARGE);
    plant(&rig);
    store_memory_break(rig.store, MEMORY_COMPLETE, -ENOENT);
    assert_int_equal(writer_commit(w, WRITER_CLOSE, NULL), -EEXIST);
    writer_free(w);
    assert_theirs(&rig);
    rig_stop(&rig);
}

static void a_file_goes_on_after_its_own_commit_and_not_after_anothers(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct rig rig;
        size_t len = i < 2 ? SMALL : LARGE;
        start(&rig, i % 2 == 0);
        struct writer *w = create(&rig, len);
        assert_ok(writer_commit(w, WRITER_FSYNC, NULL));
        assert_ok(write_pattern(w, len, 100, 1));
        assert_ok(writer_commit(w, WRITER_FSYNC, NULL));
        assert_ours(&rig, len + 100);
        assert_ok(write_pattern(w, len + 100, 100, 1));
        plant(&rig);
        assert_int_equal(writer_commit(w, WRITER_CLOSE, NULL), -ESTALE);
        writer_free(w);
        assert_theirs(&rig);
        rig_stop(&rig);
    }
}

static void what_is_there_is_not_opened(void **state)
{
    (void)state;
    struct rig rig;
    struct writer *w = NULL;
    start(&rig, true);
    assert_ok(write_once_check(rig.volume, KEY));
    plant(&rig);
    assert_int_equal(writer_open(rig.volume, KEY, NULL, &w), -EEXIST);
    assert_int_equal(write_once_check(rig.volume, KEY), -EEXIST);
    rig_stop(&rig);
}

// A role that may not look at objects may list their names.
static void the_name_is_found_in_a_list(void **state)
{
    (void)state;
    struct rig rig;
    const struct kv none = {0};
    start(&rig, true);
    store_memory_break(rig.store, MEMORY_HEAD, -EACCES);
    store_memory_plant(rig.store, KEY ".2", "x", 1, &none); // another that begins so
    assert_ok(write_once_check(rig.volume, KEY));
    plant(&rig);
    assert_int_equal(write_once_check(rig.volume, KEY), -EEXIST);
    rig_stop(&rig);
}

static void what_the_server_heeds_is_found_out(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct rig rig;
        struct write_once_heeded heeded;
        bool removed;
        start(&rig, i == 0);
        assert_ok(write_once_probe(rig.volume, "probe", &heeded, &removed));
        assert_true(removed);
        assert_int_equal(heeded.put, i == 0);
        assert_int_equal(heeded.complete, i == 0);
        assert_null(
            store_memory_object(rig.store, "probe", &(uint64_t){0}, &(const struct kv *){0}));
        store_memory_break(rig.store, MEMORY_REMOVE, -EACCES);
        assert_ok(write_once_probe(rig.volume, "probe", &heeded, &removed));
        assert_false(removed);
        store_memory_break(rig.store, MEMORY_PUT, -EACCES);
        assert_int_equal(write_once_probe(rig.volume, "other", &heeded, &removed), -EACCES);
        rig_stop(&rig);
    }
}

// The first object was made, its answer was lost, and asked again the server has it already.
static void a_lost_answer_to_the_first_trial_is_its_success(void **state)
{
    (void)state;
    struct rig rig;
    struct write_once_heeded heeded;
    bool removed;
    start(&rig, true);
    store_memory_fail(rig.store, 1, FAULT_AFTER, -EEXIST);
    assert_ok(write_once_probe(rig.volume, "probe", &heeded, &removed));
    assert_true(removed && heeded.put && heeded.complete);
    assert_null(store_memory_object(rig.store, "probe", &(uint64_t){0}, &(const struct kv *){0}));
    rig_stop(&rig);
}

static void a_copy_replaces_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct rig rig;
        AUTO_STORE_OBJECT struct store_object source = {0};
        struct store_result result;
        const struct kv none = {0};
        start(&rig, i == 0);
        uint8_t *bytes = make_bytes(0, LARGE, 1);
        store_memory_plant(rig.store, "source", bytes, LARGE, &none);
        free(bytes);
        assert_ok(rig.store->ops->head(rig.store, "source", &source));
        const struct object_copy copy = {
            .from_key = "source", .to_key = KEY, .source = &source, .only_new = true};
        assert_ok(object_copy(rig.volume, &copy, &result));
        plant(&rig);
        assert_int_equal(object_copy(rig.volume, &copy, &result), -EEXIST);
        assert_theirs(&rig);
        rig_stop(&rig);
    }
}

// A file that is committed twice, with the n-th call of the store failing, for every n: a commit
// that returned 0 is whole, and whatever failed, nothing else than ours or nothing is there.
static unsigned commit_twice(struct rig *rig)
{
    struct writer *w = NULL;
    unsigned done = 0;
    assert_ok(writer_create(rig->volume, KEY, &w));
    for (; done < 2; done++) {
        if (write_pattern(w, done * LARGE, LARGE, 1) < 0 ||
            writer_commit(w, done == 0 ? WRITER_FSYNC : WRITER_CLOSE, NULL) < 0)
            break;
        assert_ours(rig, (done + 1) * LARGE);
    }
    writer_free(w);
    return done;
}

// An upload that could not be aborted stays.
static unsigned no_abort(struct rig *rig)
{
    return store_memory_failed(rig->store) == MEMORY_ABORT ? 1 : 0;
}

static void commits_tell_the_truth_whatever_call_fails(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 4; kind++) {
        bool failed = true;
        for (unsigned n = 1; failed; n++) {
            struct rig rig;
            start(&rig, kind % 2 == 0);
            store_memory_fail(rig.store, n, kind < 2 ? FAULT_BEFORE : FAULT_AFTER, -EIO);
            unsigned done = commit_twice(&rig);
            failed = store_memory_failed(rig.store) != MEMORY_OPS;
            if (!failed)
                assert_int_equal(done, 2);
            uint64_t size = 0;
            const struct kv *metadata;
            if (store_memory_object(rig.store, KEY, &size, &metadata) == NULL)
                assert_int_equal(done, 0);
            else
                assert_ours(&rig, size > LARGE + KIB ? 2 * LARGE : LARGE);
            assert_true(n < 200);
            // Of an upload whose creation was not heard of nobody knows the name.
            bool nameless = kind >= 2 && store_memory_failed(rig.store) == MEMORY_CREATE;
            volume_free(rig.volume);
            assert_true(nameless || store_memory_uploads(rig.store) <= no_abort(&rig));
            store_free(rig.store);
            keyring_free(rig.keyring);
        }
    }
}

int main(void)
{
    begin_tests();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_taken_meanwhile_is_eexist_for_good),
        cmocka_unit_test(the_name_is_looked_at_only_where_the_server_does_not),
        cmocka_unit_test(our_own_object_is_nobody_elses),
        cmocka_unit_test(an_upload_that_is_gone_while_the_name_was_taken_is_eexist),
        cmocka_unit_test(a_file_goes_on_after_its_own_commit_and_not_after_anothers),
        cmocka_unit_test(what_is_there_is_not_opened),
        cmocka_unit_test(the_name_is_found_in_a_list),
        cmocka_unit_test(what_the_server_heeds_is_found_out),
        cmocka_unit_test(a_lost_answer_to_the_first_trial_is_its_success),
        cmocka_unit_test(a_copy_replaces_nothing),
        cmocka_unit_test(commits_tell_the_truth_whatever_call_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
