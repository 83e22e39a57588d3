// Copies on the server: by parts above the limit of one request, whole or not at all.
#include "object/object_copy.h"
#include "tests/unit/object/harness.h"

#define COPY_KEY "dir/copy.bak"
#define SIZE     (1000 * KIB + 7)

static void start(struct rig *rig)
{
    struct volume_config config;
    rig_config(&config);
    config.copy_object_max = 200 * KIB;
    rig_start_config(rig, &config);
}

static void plant(struct rig *rig, const char *key, uint64_t size, unsigned seed)
{
    AUTO_KV struct kv metadata = {0};
    uint8_t *bytes = make_bytes(0, size, seed);
    assert_ok(kv_set(&metadata, "seed", seed == 1 ? "1" : "other"));
    store_memory_plant(rig->store, key, bytes, size, &metadata);
    free(bytes);
}

static int copy_with(struct rig *rig, const struct kv *metadata, const atomic_bool *cancel)
{
    AUTO_STORE_OBJECT struct store_object source = {0};
    struct store_result result;
    int rc = rig->store->ops->head(rig->store, KEY, &source);
    const struct object_copy copy = {.from_key = KEY,
                                     .to_key = COPY_KEY,
                                     .source = &source,
                                     .metadata = metadata,
                                     .cancel = cancel};
    return rc == 0 ? object_copy(rig->volume, &copy, &result) : rc;
}

static bool holds(struct rig *rig, const char *key, uint64_t size, unsigned seed)
{
    uint64_t found = 0;
    const struct kv *metadata = NULL;
    const uint8_t *data = store_memory_object(rig->store, key, &found, &metadata);
    if (data == NULL)
        return false;
    uint8_t *expected = make_bytes(0, size, seed);
    assert_int_equal(found, size);
    assert_memory_equal(data, expected, size);
    free(expected);
    return true;
}

static const char *metadata_of(struct rig *rig, const char *key, const char *name)
{
    uint64_t size = 0;
    const struct kv *metadata = NULL;
    assert_non_null(store_memory_object(rig->store, key, &size, &metadata));
    return kv_get(metadata, name);
}

static void a_copy_above_the_limit_of_one_request_is_made_of_parts(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig);
    plant(&rig, KEY, SIZE, 1);
    assert_ok(copy_with(&rig, NULL, NULL));
    assert_true(holds(&rig, COPY_KEY, SIZE, 1));
    assert_true(holds(&rig, KEY, SIZE, 1));
    assert_string_equal(metadata_of(&rig, COPY_KEY, "seed"), "1");
    assert_int_equal(store_memory_calls_of(rig.store, MEMORY_COPY), 0);
    assert_true(store_memory_calls_of(rig.store, MEMORY_PART_COPY) > 10);
    rig_stop(&rig);
}

static void a_copy_up_to_the_limit_is_one_request(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig);
    plant(&rig, KEY, 200 * KIB, 1);
    assert_ok(copy_with(&rig, NULL, NULL));
    assert_true(holds(&rig, COPY_KEY, 200 * KIB, 1));
    assert_int_equal(store_memory_calls_of(rig.store, MEMORY_COPY), 1);
    assert_int_equal(store_memory_calls_of(rig.store, MEMORY_PART_COPY), 0);
    rig_stop(&rig);
}

static void metadata_given_replaces_the_sources(void **state)
{
    (void)state;
    struct rig rig;
    AUTO_KV struct kv metadata = {0};
    start(&rig);
    assert_ok(kv_set(&metadata, "mtime", "5"));
    plant(&rig, KEY, SIZE, 1);
    assert_ok(copy_with(&rig, &metadata, NULL));
    assert_string_equal(metadata_of(&rig, COPY_KEY, "mtime"), "5");
    assert_null(metadata_of(&rig, COPY_KEY, "seed"));
    rig_stop(&rig);
}

// An object of the same key stands in the target's store: it is not the one that is meant.
static void a_copy_from_another_bucket_reads_there_and_writes_here(void **state)
{
    (void)state;
    const uint64_t sizes[] = {100 * KIB, SIZE};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct rig here, there;
        AUTO_STORE_OBJECT struct store_object source = {0};
        struct store_result result;
        start(&here);
        start(&there);
        plant(&here, KEY, sizes[i], 2);
        plant(&there, KEY, sizes[i], 1);
        assert_ok(there.store->ops->head(there.store, KEY, &source));
        const struct object_copy copy = {
            .from_store = there.store, .from_key = KEY, .to_key = COPY_KEY, .source = &source};
        assert_ok(object_copy(here.volume, &copy, &result));
        assert_true(holds(&here, COPY_KEY, sizes[i], 1));
        assert_true(holds(&here, KEY, sizes[i], 2));
        assert_false(holds(&there, COPY_KEY, sizes[i], 1));
        rig_stop(&here);
        rig_stop(&there);
    }
}

struct replacement {
    struct rig *rig;
    unsigned at;
    bool done;
};

static void replace_source(void *context, enum memory_op op, uint64_t at)
{
    struct replacement *r = context;
    if (op != MEMORY_PART_COPY || at != r->at || r->done)
        return;
    r->done = true;
    plant(r->rig, KEY, SIZE, 2);
}

static void a_source_that_is_replaced_meanwhile_fails_the_copy(void **state)
{
    (void)state;
    for (int ignorant = 0; ignorant < 2; ignorant++) {
        struct rig rig;
        struct replacement replacement = {.rig = &rig, .at = 7};
        start(&rig);
        plant(&rig, KEY, SIZE, 1);
        if (ignorant)
            store_memory_ignore_copy_conditions(rig.store);
        store_memory_hook(rig.store, replace_source, &replacement);
        assert_int_equal(copy_with(&rig, NULL, NULL), -ESTALE);
        assert_true(replacement.done);
        assert_false(holds(&rig, COPY_KEY, SIZE, 1));
        assert_true(holds(&rig, KEY, SIZE, 2));
        rig_stop(&rig);
    }
}

static void cancel_at_a_part(void *context, enum memory_op op, uint64_t at)
{
    if (op == MEMORY_PART_COPY && at == 3)
        atomic_store((atomic_bool *)context, true);
}

static void a_cancelled_copy_leaves_nothing(void **state)
{
    (void)state;
    struct rig rig;
    atomic_bool cancel = false;
    start(&rig);
    plant(&rig, KEY, SIZE, 1);
    store_memory_hook(rig.store, cancel_at_a_part, &cancel);
    assert_int_equal(copy_with(&rig, NULL, &cancel), -EINTR);
    assert_false(holds(&rig, COPY_KEY, SIZE, 1));
    rig_stop(&rig);
}

// The old target stays, or the whole copy is there; the source in any case; no upload is left.
static void whatever_call_fails_the_target_is_old_or_whole(void **state)
{
    (void)state;
    for (unsigned n = 1; n < 40; n++) {
        for (int fault = 0; fault < 2; fault++) {
            struct rig rig;
            start(&rig);
            plant(&rig, KEY, SIZE, 1);
            plant(&rig, COPY_KEY, 100, 3);
            store_memory_fail(rig.store, n, fault ? FAULT_AFTER : FAULT_BEFORE, -EIO);
            int rc = copy_with(&rig, NULL, NULL);
            enum memory_op failed = store_memory_failed(rig.store);
            store_memory_fail(rig.store, 0, FAULT_BEFORE, 0);
            assert_int_equal(rc < 0, failed != MEMORY_OPS);
            assert_true(holds(&rig, KEY, SIZE, 1));
            uint64_t size = 0;
            const struct kv *metadata = NULL;
            assert_non_null(store_memory_object(rig.store, COPY_KEY, &size, &metadata));
            assert_true(holds(&rig, COPY_KEY, size == SIZE ? SIZE : 100, size == SIZE ? 1 : 3));
            // Where the answer with its name was lost, nobody can abort an upload.
            assert_int_equal(store_memory_uploads(rig.store), failed == MEMORY_CREATE && fault);
            volume_free(rig.volume);
            store_free(rig.store);
            keyring_free(rig.keyring);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_above_the_limit_of_one_request_is_made_of_parts),
        cmocka_unit_test(a_copy_up_to_the_limit_is_one_request),
        cmocka_unit_test(metadata_given_replaces_the_sources),
        cmocka_unit_test(a_copy_from_another_bucket_reads_there_and_writes_here),
        cmocka_unit_test(a_source_that_is_replaced_meanwhile_fails_the_copy),
        cmocka_unit_test(a_cancelled_copy_leaves_nothing),
        cmocka_unit_test(whatever_call_fails_the_target_is_old_or_whole),
    };
    begin_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
