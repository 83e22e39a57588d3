// 64 files of one backup at once, the most that SQL Server writes to: each finishes or is refused
// before its first byte, none starves, and memory stays within its limit.
//
// Everything is 1/256 of the real size: chunks of 4 KiB for 1 MiB, the smallest part 20 KiB for
// 5 MiB, a limit of 2 MiB for 512 MiB. The program deals its buffers out in turn, so a stripe that
// stands still holds up the others.
#include "common/clock.h"
#include "object/parts.h"
#include "tests/unit/object/harness.h"

#include <inttypes.h>

#define HANGS_S   280
#define SCALE     256
#define MIB       (KIB * KIB / SCALE) // a scaled one: the chunk
#define GB        (1000000000ull / SCALE)
#define STRIPES   64
#define HEAD      64 // the small writes in front of the buffers, 16 KiB
#define LEAD      8  // buffers that a stripe may be ahead of the slowest one
#define DEPTH_MAX 16

// What one backup does.
struct plan {
    uint64_t memory_limit;
    uint64_t hint;     // the size that each stripe is given before its data; HINT_MOST: what fits
    unsigned buffers;  // of MIB, for each stripe
    unsigned depth;    // of them are outstanding, and come in any order; 1: in order
    bool hint_at_open; // each file gets its size before the next one is opened
    bool stalls;       // now and then a part takes longer than the patience with a gap
};
#define HINT_MOST UINT64_MAX

struct backup {
    struct rig rig;
    struct plan plan;
    struct stripe {
        struct backup *backup;
        struct writer *writer; // NULL: refused
        unsigned number;
        bool hinted;
        int rc;
        pthread_t thread;
    } stripes[STRIPES];
    uint64_t limit_named; // by the last refusal
    struct lock lock;
    pthread_cond_t moved;
    unsigned done[STRIPES]; // buffers; guarded by lock
    unsigned opened, hinted, failed;
};

static void stall(void *context, enum memory_op op, uint64_t at)
{
    (void)context, (void)at;
    static atomic_uint parts;
    struct timespec pause = {.tv_sec = 2, .tv_nsec = 600000000};
    if (op == MEMORY_PART && atomic_fetch_add(&parts, 1) % 300 == 299)
        nanosleep(&pause, NULL);
}

static void start(struct backup *b, const struct plan *plan)
{
    struct volume_config config;
    *b = (struct backup){.plan = *plan};
    rig_config(&config);
    config.part_min = 5 * MIB;
    config.part_size = 8 * MIB;
    config.hold_size = 64 * MIB;
    config.window = 256 * MIB;
    config.memory_limit = plan->memory_limit;
    config.connections = 8;
    rig_start_config(&b->rig, &config);
    store_memory_delay(b->rig.store, 2000);
    if (plan->stalls)
        store_memory_hook(b->rig.store, stall, NULL);
    lock_init(&b->lock, LOCK_RANK_MOUNT);
    cond_init(&b->moved);
}

static void stop(struct backup *b)
{
    struct volume_memory memory;
    volume_memory(b->rig.volume, &memory);
    assert_true(memory.peak <= memory.limit);
    rig_stop(&b->rig);
    lock_destroy(&b->lock);
    pthread_cond_destroy(&b->moved);
}

static void stripe_key(char key[32], unsigned number)
{
    snprintf(key, 32, "stripe-%u.bak", number);
}

// ---- before the first byte ----

static void give_hint(struct backup *b, struct stripe *stripe)
{
    struct volume *v = b->rig.volume;
    struct parts_plan parts = {8 * MIB, MIB, volume_part_cap(v), 0};
    uint64_t most = parts_capacity(&parts, 1);
    int rc = writer_truncate(stripe->writer, b->plan.hint == HINT_MOST ? most : b->plan.hint);
    stripe->hinted = rc == 0;
    b->hinted += rc == 0;
    if (rc == 0)
        return;
    // Refused, and not for good: SQL Server goes on with a file that grows.
    assert_int_equal(rc, -ENOSPC);
    assert_non_null(strstr(err_text(), "--memory-limit"));
}

static void open_stripes(struct backup *b)
{
    for (unsigned i = 0; i < STRIPES; i++) {
        struct stripe *stripe = &b->stripes[i];
        char key[32];
        stripe_key(key, i);
        *stripe = (struct stripe){.backup = b, .number = i};
        int rc = writer_create(b->rig.volume, key, &stripe->writer);
        if (rc < 0) {
            assert_int_equal(rc, -ENOMEM);
            const char *named = strstr(err_text(), "--memory-limit ");
            assert_non_null(named);
            b->limit_named = strtoull(named + strlen("--memory-limit "), NULL, 10) << 20;
            continue;
        }
        b->opened++;
        if (b->plan.hint_at_open && b->plan.hint > 0)
            give_hint(b, stripe);
    }
    for (unsigned i = 0; i < STRIPES && !b->plan.hint_at_open && b->plan.hint > 0; i++) {
        if (b->stripes[i].writer != NULL)
            give_hint(b, &b->stripes[i]);
    }
}

// ---- data ----

// True once every stripe has done all but LEAD of the buffers before this one.
static bool is_its_turn_locked(const struct backup *b, unsigned buffer)
{
    for (unsigned i = 0; i < STRIPES; i++) {
        if (b->stripes[i].writer != NULL && b->done[i] + LEAD + DEPTH_MAX < buffer)
            return false;
    }
    return true;
}

static void wait_turn(struct backup *b, unsigned buffer)
{
    WITH_LOCK(&b->lock);
    while (!is_its_turn_locked(b, buffer))
        cond_wait_ms(&b->moved, &b->lock, -1);
}

static void note_done(struct stripe *stripe, unsigned buffers)
{
    struct backup *b = stripe->backup;
    WITH_LOCK(&b->lock);
    b->done[stripe->number] = buffers;
    pthread_cond_broadcast(&b->moved);
}

// `depth` buffers arrive in any order, one at a time: the kernel's inode lock lets one through.
static int write_group(struct stripe *stripe, unsigned first, unsigned count, unsigned *random)
{
    unsigned order[DEPTH_MAX];
    for (unsigned i = 0; i < count; i++) {
        unsigned j = (unsigned)rand_r(random) % (i + 1);
        order[i] = order[j];
        order[j] = first + i;
    }
    int rc = 0;
    for (unsigned i = 0; i < count && rc == 0; i++)
        rc = write_pattern(stripe->writer, HEAD + order[i] * MIB, MIB, stripe->number);
    return rc;
}

static void *write_stripe(void *arg)
{
    struct stripe *stripe = arg;
    const struct plan *plan = &stripe->backup->plan;
    unsigned random = stripe->number;
    stripe->rc = write_pattern(stripe->writer, 0, HEAD, stripe->number);
    for (unsigned at = 0; at < plan->buffers && stripe->rc == 0; at += plan->depth) {
        unsigned count = plan->buffers - at < plan->depth ? plan->buffers - at : plan->depth;
        wait_turn(stripe->backup, at + count);
        stripe->rc = write_group(stripe, at, count, &random);
        note_done(stripe, at + count);
    }
    note_done(stripe, UINT32_MAX / 2); // also one that failed holds nobody up
    if (stripe->rc == 0)
        stripe->rc = writer_truncate(stripe->writer, HEAD + plan->buffers * MIB);
    if (stripe->rc == 0)
        stripe->rc = writer_commit(stripe->writer, WRITER_FSYNC, NULL);
    return NULL;
}

static void finish_stripe(struct backup *b, struct stripe *stripe)
{
    char key[32];
    uint64_t size = HEAD + b->plan.buffers * MIB;
    stripe_key(key, stripe->number);
    if (stripe->rc == 0)
        stripe->rc = writer_commit(stripe->writer, WRITER_CLOSE, NULL);
    writer_free(TAKE(stripe->writer));
    if (stripe->rc == 0) {
        uint8_t *bytes = make_bytes(0, size, stripe->number);
        assert_stored(&b->rig, key, bytes, size);
        free(bytes);
        return;
    }
    b->failed++;
    assert_null(store_memory_object(b->rig.store, key, &(uint64_t){0}, NULL));
}

static void write_stripes(struct backup *b)
{
    for (unsigned i = 0; i < STRIPES; i++) {
        if (b->stripes[i].writer != NULL)
            pthread_create(&b->stripes[i].thread, NULL, write_stripe, &b->stripes[i]);
    }
    for (unsigned i = 0; i < STRIPES; i++) {
        if (b->stripes[i].writer != NULL)
            pthread_join(b->stripes[i].thread, NULL);
    }
    for (unsigned i = 0; i < STRIPES; i++) {
        if (b->stripes[i].writer != NULL)
            finish_stripe(b, &b->stripes[i]);
    }
}

static void report(const struct backup *b, int64_t began_ms)
{
    struct volume_memory memory;
    volume_memory(b->rig.volume, &memory);
    print_message("%u MiB, hint %.1f GB, depth %u: %u open, %u sizes taken, %u failed; "
                  "peak %u MiB, %u parts, %.1f s\n",
                  (unsigned)(memory.limit / MIB),
                  b->plan.hint == HINT_MOST ? 0.0 : (double)(b->plan.hint / GB), b->plan.depth,
                  b->opened, b->hinted, b->failed, (unsigned)(memory.peak / MIB),
                  store_memory_calls_of(b->rig.store, MEMORY_PART),
                  (double)(clock_ms() - began_ms) / 1000);
}

// Runs the backup; what became of it is left in *b.
static void run(struct backup *b, const struct plan *plan)
{
    int64_t began = clock_ms();
    start(b, plan);
    open_stripes(b);
    write_stripes(b);
    report(b, began);
    stop(b);
}

static void run_all_finish(const struct plan *plan)
{
    struct backup b;
    run(&b, plan);
    assert_int_equal(b.opened, STRIPES);
    assert_int_equal(b.hinted, plan->hint > 0 ? STRIPES : 0);
    assert_int_equal(b.failed, 0);
}

static void sixty_four_stripes_of_4_gb_in_512_mib(void **state)
{
    (void)state;
    struct plan plan = {.memory_limit = 512 * MIB, .hint = 4 * GB, .buffers = 60, .depth = 1};
    run_all_finish(&plan);
    plan.hint_at_open = true;
    run_all_finish(&plan);
    // What each file's own slots hold beside a part that is too small to be sent.
    plan.depth = 3;
    run_all_finish(&plan);
}

// Through Samba several transfers of a file are outstanding and come in any order. Together they
// want more than there is; one file after the other gets it.
static void stripes_out_of_order_do_not_starve_each_other(void **state)
{
    (void)state;
    struct plan plan = {.memory_limit = 512 * MIB, .hint = 4 * GB, .buffers = 60};
    for (plan.depth = 4; plan.depth <= DEPTH_MAX; plan.depth += 4)
        run_all_finish(&plan);
}

static void sixty_four_stripes_of_100_gb_in_3_gib(void **state)
{
    (void)state;
    struct plan plan = {.memory_limit = 3072 * MIB, .hint = 100 * GB, .buffers = 60, .depth = 1};
    run_all_finish(&plan);
    plan.depth = DEPTH_MAX;
    run_all_finish(&plan);
    plan.hint_at_open = true;
    run_all_finish(&plan);
}

static void sixty_four_stripes_of_100_gb_are_refused_in_512_mib(void **state)
{
    (void)state;
    struct plan plan = {.memory_limit = 512 * MIB, .hint = 100 * GB, .buffers = 60, .depth = 1};
    struct backup b;
    run(&b, &plan);
    assert_int_equal(b.opened, STRIPES);
    assert_int_equal(b.hinted, 0);
    assert_int_equal(b.failed, 0); // and yet they may grow
    plan.hint_at_open = true; // the first ones fit, and what they reserve is missed by the others
    run(&b, &plan);
    assert_in_range(b.hinted, 1, STRIPES - 1);
    assert_int_equal(b.failed, 0);
}

// No part may be cut short to give others memory: the numbers that are left would not do.
static void sizes_that_need_every_part_number(void **state)
{
    (void)state;
    struct plan plan = {.memory_limit = 3072 * MIB, .hint = HINT_MOST, .buffers = 60};
    for (plan.depth = 1; plan.depth <= DEPTH_MAX; plan.depth += 5)
        run_all_finish(&plan);
}

static void parts_that_stall_close_no_gap(void **state)
{
    (void)state;
    struct plan plan = {.memory_limit = 512 * MIB, .buffers = 60, .depth = 3, .stalls = true};
    run_all_finish(&plan);
}

static void stripes_too_many_are_refused_with_the_limit_that_would_do(void **state)
{
    (void)state;
    struct plan plan = {.memory_limit = 256 * MIB, .hint = 4 * GB, .buffers = 40, .depth = 1};
    struct backup b, again;
    run(&b, &plan);
    assert_in_range(b.opened, 16, STRIPES - 1);
    assert_int_equal(b.hinted, b.opened);
    assert_int_equal(b.failed, 0);
    plan.memory_limit = b.limit_named;
    run(&again, &plan);
    assert_true(again.opened > b.opened);
    assert_int_equal(again.failed, 0);
}

// A size that was taken is kept, whoever comes later: its parts stay large enough.
static void a_size_that_was_taken_is_kept_when_others_open(void **state)
{
    (void)state;
    struct rig rig;
    struct volume_config config;
    struct writer *others[60] = {NULL}, *w = NULL;
    const uint64_t size = 15000 * 4 * KIB; // parts of two chunks
    unsigned opened = 0;
    rig_config(&config);
    config.part_min = config.part_size = 4 * KIB;
    config.memory_limit = 256 * 4 * KIB;
    config.window = config.memory_limit / 2;
    rig_start_config(&rig, &config);
    assert_ok(writer_create(rig.volume, KEY, &w));
    assert_ok(writer_truncate(w, size));
    for (; opened < 60; opened++) {
        char key[32];
        stripe_key(key, opened);
        assert_ok(writer_create(rig.volume, key, &others[opened]));
    }
    uint8_t *bytes = calloc(1, 1 << 20);
    int rc = 0;
    for (uint64_t at = 0; at < size && rc == 0; at += 1 << 20)
        rc = writer_write(w, at, bytes, size - at < 1 << 20 ? size - at : 1 << 20, NULL);
    assert_ok(rc);
    assert_ok(writer_commit(w, WRITER_CLOSE, NULL));
    free(bytes);
    writer_free(w);
    while (opened > 0)
        writer_free(others[--opened]);
    rig_stop(&rig);
}

static int watch(void **state)
{
    (void)state;
    alarm(HANGS_S);
    return 0;
}

int main(void)
{
    begin_tests();
    srand(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sixty_four_stripes_of_4_gb_in_512_mib, watch),
        cmocka_unit_test_setup(stripes_out_of_order_do_not_starve_each_other, watch),
        cmocka_unit_test_setup(sixty_four_stripes_of_100_gb_in_3_gib, watch),
        cmocka_unit_test_setup(sixty_four_stripes_of_100_gb_are_refused_in_512_mib, watch),
        cmocka_unit_test_setup(sizes_that_need_every_part_number, watch),
        cmocka_unit_test_setup(parts_that_stall_close_no_gap, watch),
        cmocka_unit_test_setup(a_size_that_was_taken_is_kept_when_others_open, watch),
        cmocka_unit_test_setup(stripes_too_many_are_refused_with_the_limit_that_would_do, watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
