// The mount against arrays, without the kernel: random operations of several processes on several
// handles, names and directories, whose every result is foretold (world.h); the bucket is compared
// after each commit.
//
// MODEL_SEED chooses another seed than the clock's, MODEL_OPERATIONS another number of operations
// (of all worlds and kinds of volume together).
#include "tests/unit/fs/world.h"

#define SEGMENT 1500 // operations on one mount
#define KINDS   6

static uint64_t environment_number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

struct kind {
    const char *name;
    uint64_t hold_size, memory_limit;
    bool tight, spool;
    unsigned delay_us;
    unsigned worlds;
};

static void make_shared_dir(struct vfs *v)
{
    struct fuse_entry_out entry;
    assert_ok(wire_mkdir(v->wire, getpid(), FUSE_ROOT_ID, "shared", &entry));
    wire_forget(v->wire, entry.nodeid, 1);
}

static const char *spool_dir(void)
{
    const char *dir = getenv("TMPDIR");
    return dir != NULL ? dir : "/tmp";
}

static void start(struct vfs *v, const struct kind *kind)
{
    struct volume_config config;
    rig_config(&config);
    config.hold_size = kind->hold_size;
    config.memory_limit = kind->memory_limit;
    config.window = kind->memory_limit / 2;
    config.zero_tail_max = 64 * KIB;
    config.failures_told = true;
    config.spool_dir = kind->spool ? spool_dir() : NULL;
    vfs_start(v, &config);
    store_memory_delay(v->rig.store, kind->delay_us);
    make_shared_dir(v);
}

struct runner {
    struct world world;
    pthread_t thread;
    struct vfs *vfs;
    const struct world_rules *rules;
    unsigned number, operations;
    uint64_t seed;
};

static void *run_world(void *arg)
{
    struct runner *r = arg;
    // All on this thread: its end is the end of the processes that it has started.
    world_start(&r->world, r->vfs, r->rules, r->number, r->seed);
    world_run(&r->world, r->operations);
    world_end(&r->world);
    return NULL;
}

// One mount, from its start to its end.
static void run_segment(const struct kind *kind, uint64_t seed, unsigned operations)
{
    struct world_rules rules = {
        .hold_size = kind->hold_size,
        .zero_tail_max = 64 * KIB,
        .tight = kind->tight,
        .spool = kind->spool,
    };
    struct runner *runners = calloc(kind->worlds, sizeof *runners);
    struct vfs vfs;
    start(&vfs, kind);
    for (unsigned i = 0; i < kind->worlds; i++) {
        struct runner *r = &runners[i];
        r->vfs = &vfs;
        r->rules = &rules;
        r->number = i;
        r->operations = operations / kind->worlds;
        r->seed = seed;
        assert_int_equal(pthread_create(&r->thread, NULL, run_world, r), 0);
    }
    for (unsigned i = 0; i < kind->worlds; i++)
        pthread_join(runners[i].thread, NULL);
    vfs_stop(&vfs);
    free(runners);
}

// One kind's share of all operations.
static void run_kind(const struct kind *kind)
{
#ifdef RDSBAK_SANITIZED
    unsigned otherwise = 12000;
#else
    unsigned otherwise = 100000;
#endif
    uint64_t operations = environment_number("MODEL_OPERATIONS", otherwise) / KINDS;
    uint64_t seed = environment_number("MODEL_SEED", (uint64_t)time(NULL) % 1000000);
    printf("%s: MODEL_SEED=%llu, %llu operations\n", kind->name, (unsigned long long)seed,
           (unsigned long long)operations);
    fflush(stdout);
    for (uint64_t done = 0; done < operations; done += SEGMENT) {
        uint64_t left = operations - done;
        run_segment(kind, seed++, left < SEGMENT ? (unsigned)left : SEGMENT);
    }
}

static void held_files_take_any_pattern(void **state)
{
    (void)state;
    run_kind(&(struct kind){"held", 1024 * KIB, 8192 * KIB, false, false, 0, 1});
}

static void streamed_files_take_what_backup_tools_write(void **state)
{
    (void)state;
    run_kind(&(struct kind){"streamed", 0, 4096 * KIB, false, false, 100, 1});
}

static void streamed_files_take_any_pattern_with_a_spool(void **state)
{
    (void)state;
    run_kind(&(struct kind){"spooled", 0, 4096 * KIB, false, true, 100, 1});
}

static void threads_share_a_mount(void **state)
{
    (void)state;
    run_kind(&(struct kind){"threads", 100 * KIB, 16384 * KIB, false, false, 200, 4});
}

static void threads_share_little_memory(void **state)
{
    (void)state;
    run_kind(&(struct kind){"little memory", 100 * KIB, 2048 * KIB, true, false, 200, 3});
}

static void threads_share_little_memory_and_a_spool(void **state)
{
    (void)state;
    run_kind(&(struct kind){"little memory, spooled", 50 * KIB, 1536 * KIB, true, true, 200, 3});
}

int main(void)
{
    begin_tests();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(held_files_take_any_pattern),
        cmocka_unit_test(streamed_files_take_what_backup_tools_write),
        cmocka_unit_test(streamed_files_take_any_pattern_with_a_spool),
        cmocka_unit_test(threads_share_a_mount),
        cmocka_unit_test(threads_share_little_memory),
        cmocka_unit_test(threads_share_little_memory_and_a_spool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
