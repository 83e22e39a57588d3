// Many files at once on a slow store and little memory: all finish, hold what was written, and stay
// within the limit; what cannot be is refused with a reason.
#include "tests/unit/object/harness.h"

#define HANGS_S 250 // of a test, on a machine that is busy with other things
#define CHUNK   (8 * KIB)
#define PIECE   (64 * KIB)

static void start_small(struct rig *rig, unsigned chunks, uint64_t hold_size)
{
    struct volume_config config;
    rig_config(&config);
    config.memory_limit = chunks * CHUNK;
    config.part_size = 32 * KIB;
    config.window = config.memory_limit / 2;
    config.hold_size = hold_size;
    rig_start_config(rig, &config);
}

static void stop_within_limit(struct rig *rig)
{
    struct volume_memory memory;
    volume_memory(rig->volume, &memory);
    assert_true(memory.peak <= memory.limit);
    rig_stop(rig);
}

static void pause_ms(unsigned ms)
{
    struct timespec pause = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

// One thread's part in a file: pieces of PIECE bytes, by a list.
struct job {
    struct rig *rig;
    struct writer *writer;
    char key[32];
    unsigned seed;
    uint64_t size;
    const unsigned *order; // piece numbers; shared by the threads of a file
    atomic_uint *next;     // index into order
    int rc;
    pthread_t thread;
};

static void *write_in_order(void *arg)
{
    struct job *job = arg;
    for (uint64_t at = 0; at < job->size && job->rc == 0; at += 20000)
        job->rc = write_pattern(job->writer, at, job->size - at < 20000 ? job->size - at : 20000,
                                job->seed);
    if (job->rc == 0)
        job->rc = writer_commit(job->writer, WRITER_CLOSE, NULL);
    return NULL;
}

static void *write_by_order(void *arg)
{
    struct job *job = arg;
    unsigned pieces = (unsigned)(job->size / PIECE), i;
    while (job->rc == 0 && (i = atomic_fetch_add(job->next, 1)) < pieces)
        job->rc = write_pattern(job->writer, job->order[i] * PIECE, PIECE, job->seed);
    return NULL;
}

static void *read_again_and_again(void *arg)
{
    struct job *job = arg;
    uint8_t *bytes = make_bytes(0, job->size, job->seed);
    for (int i = 0; i < 3; i++)
        assert_read_back(job->rig, job->key, bytes, job->size);
    free(bytes);
    return NULL;
}

static void assert_written(struct rig *rig, const struct job *job)
{
    uint8_t *bytes = make_bytes(0, job->size, job->seed);
    assert_stored(rig, job->key, bytes, job->size);
    free(bytes);
}

// ---- many at once
// -----------------------------------------------------------------------------------------------

#define WRITERS 16
#define READERS 4

static void sixteen_writers_and_four_readers_in_little_memory(void **state)
{
    (void)state;
    struct rig rig;
    struct job jobs[WRITERS] = {0}, readers[READERS] = {0};
    start_small(&rig, WRITERS * 6 + 30, 0);
    store_memory_delay(rig.store, 2000);
    for (unsigned i = 0; i < WRITERS; i++) {
        jobs[i] = (struct job){.rig = &rig, .seed = i, .size = 400 * KIB + i * 1001};
        snprintf(jobs[i].key, sizeof jobs[i].key, "file-%u", i);
        assert_ok(writer_create(rig.volume, jobs[i].key, &jobs[i].writer));
    }
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_create(&jobs[i].thread, NULL, write_in_order, &jobs[i]);
    for (unsigned i = 0; i < WRITERS; i++) {
        pthread_join(jobs[i].thread, NULL);
        assert_ok(jobs[i].rc);
        writer_free(jobs[i].writer);
        assert_written(&rig, &jobs[i]);
        if (i >= READERS)
            continue;
        readers[i] = jobs[i];
        pthread_create(&readers[i].thread, NULL, read_again_and_again, &readers[i]);
    }
    for (unsigned i = 0; i < READERS; i++)
        pthread_join(readers[i].thread, NULL);
    stop_within_limit(&rig);
}

// An order in which no piece comes more than `within` places early.
static unsigned *shuffled(unsigned count, unsigned within)
{
    unsigned *order = malloc(count * sizeof *order);
    for (unsigned i = 0; i < count; i++)
        order[i] = i;
    for (unsigned begin = 0; begin < count; begin += within) {
        unsigned some = count - begin < within ? count - begin : within;
        for (unsigned i = some - 1; i > 0; i--) {
            unsigned j = (unsigned)rand() % (i + 1), kept = order[begin + i];
            order[begin + i] = order[begin + j];
            order[begin + j] = kept;
        }
    }
    return order;
}

#define FILES    3
#define PER_FILE 4

static void several_threads_per_file_deliver_shuffled_pieces(void **state)
{
    (void)state;
    struct rig rig;
    struct job jobs[FILES][PER_FILE] = {0};
    atomic_uint next[FILES] = {0};
    unsigned *order[FILES];
    struct writer *w[FILES];
    srand(8);
    rig_start_with(&rig, 0, 8192 * KIB, 64 * KIB);
    store_memory_delay(rig.store, 2000);
    for (unsigned f = 0; f < FILES; f++) {
        char key[32];
        snprintf(key, sizeof key, "file-%u", f);
        assert_ok(writer_create(rig.volume, key, &w[f]));
        order[f] = shuffled(40, 8);
        for (unsigned t = 0; t < PER_FILE; t++) {
            jobs[f][t] = (struct job){
                .writer = w[f], .seed = f, .size = 40 * PIECE, .order = order[f], .next = &next[f]};
            memcpy(jobs[f][t].key, key, sizeof key);
            pthread_create(&jobs[f][t].thread, NULL, write_by_order, &jobs[f][t]);
        }
    }
    for (unsigned f = 0; f < FILES; f++) {
        for (unsigned t = 0; t < PER_FILE; t++) {
            pthread_join(jobs[f][t].thread, NULL);
            assert_ok(jobs[f][t].rc);
        }
        assert_ok(writer_commit(w[f], WRITER_CLOSE, NULL));
        writer_free(w[f]);
        assert_written(&rig, &jobs[f][0]);
        free(order[f]);
    }
    stop_within_limit(&rig);
}

// Their windows do not fit together: a gap may be closed early, and what comes late is then refused
// for good; else the file is right.
static void two_files_out_of_order_whose_windows_do_not_fit(void **state)
{
    (void)state;
    struct rig rig;
    struct job jobs[2][2] = {0};
    atomic_uint next[2] = {0};
    unsigned *order[2];
    struct writer *w[2];
    srand(9);
    start_small(&rig, 60, 0);
    assert_ok(writer_create(rig.volume, "file-0", &w[0]));
    assert_ok(writer_create(rig.volume, "file-1", &w[1]));
    for (unsigned f = 0; f < 2; f++) {
        order[f] = shuffled(16, 8);
        for (unsigned t = 0; t < 2; t++) {
            jobs[f][t] = (struct job){
                .writer = w[f], .seed = f, .size = 16 * PIECE, .order = order[f], .next = &next[f]};
            snprintf(jobs[f][t].key, sizeof jobs[f][t].key, "file-%u", f);
            pthread_create(&jobs[f][t].thread, NULL, write_by_order, &jobs[f][t]);
        }
    }
    for (unsigned f = 0; f < 2; f++) {
        int rc = 0;
        for (unsigned t = 0; t < 2; t++) {
            pthread_join(jobs[f][t].thread, NULL);
            rc = rc != 0 ? rc : jobs[f][t].rc;
        }
        int committed = writer_commit(w[f], WRITER_CLOSE, NULL);
        assert_int_equal(committed, rc);
        writer_free(w[f]);
        if (rc == 0) {
            assert_written(&rig, &jobs[f][0]);
        } else {
            assert_int_equal(rc, -EOPNOTSUPP);
            assert_null(store_memory_object(rig.store, jobs[f][0].key, &(uint64_t){0}, NULL));
        }
        free(order[f]);
    }
    stop_within_limit(&rig);
}

// ---- memory that others hold
// --------------------------------------------------------------------------------------

static void a_writer_too_many_is_refused_with_the_limit_that_would_do(void **state)
{
    (void)state;
    struct rig rig;
    struct writer *w[3] = {NULL};
    start_small(&rig, 16, 0);
    assert_ok(writer_create(rig.volume, "a", &w[0]));
    assert_ok(writer_create(rig.volume, "b", &w[1]));
    assert_int_equal(writer_create(rig.volume, "c", &w[2]), -ENOMEM);
    assert_non_null(strstr(err_text(), "--memory-limit"));
    writer_free(w[0]);
    assert_ok(writer_create(rig.volume, "c", &w[2]));
    writer_free(w[1]);
    writer_free(w[2]);
    stop_within_limit(&rig);
}

static void slow_part(void *context, enum memory_op op, uint64_t at)
{
    (void)at;
    if (op == MEMORY_PART)
        pause_ms(atomic_load((atomic_uint *)context));
}

static void a_file_can_be_opened_while_another_uses_all_memory(void **state)
{
    (void)state;
    struct rig rig;
    atomic_uint slow_ms = 100;
    struct job job = {.seed = 1, .size = 1000 * KIB, .key = "a"};
    start_small(&rig, 24, 0);
    store_memory_hook(rig.store, slow_part, &slow_ms);
    assert_ok(writer_create(rig.volume, job.key, &job.writer));
    pthread_create(&job.thread, NULL, write_in_order, &job);
    pause_ms(150);
    struct writer *w = NULL;
    assert_ok(writer_create(rig.volume, "b", &w));
    assert_ok(write_pattern(w, 0, 100 * KIB, 2));
    assert_ok(writer_commit(w, WRITER_CLOSE, NULL));
    writer_free(w);
    pthread_join(job.thread, NULL);
    assert_ok(job.rc);
    writer_free(job.writer);
    assert_written(&rig, &job);
    stop_within_limit(&rig);
}

static void *write_last_chunks(void *arg)
{
    struct job *job = arg;
    job->rc = write_pattern(job->writer, 13 * CHUNK, 3 * CHUNK, job->seed);
    return NULL;
}

static void a_slow_upload_closes_no_gap(void **state)
{
    (void)state;
    struct rig rig;
    atomic_uint slow_ms = 3500; // longer than the patience with a gap
    struct job job = {.seed = 1, .size = 16 * CHUNK, .key = KEY};
    start_small(&rig, 13, 0);
    store_memory_hook(rig.store, slow_part, &slow_ms);
    assert_ok(writer_create(rig.volume, KEY, &job.writer));
    assert_ok(write_pattern(job.writer, 0, 8 * CHUNK, 1)); // two parts, on the wire
    assert_ok(write_pattern(job.writer, 8 * CHUNK + 4096, 5 * CHUNK - 4096, 1));
    // What comes behind waits for the memory on the wire; then the missing half chunk arrives.
    pthread_create(&job.thread, NULL, write_last_chunks, &job);
    pause_ms(2600);
    assert_ok(write_pattern(job.writer, 8 * CHUNK, 4096, 1));
    pthread_join(job.thread, NULL);
    assert_ok(job.rc);
    atomic_store(&slow_ms, 0);
    assert_ok(writer_commit(job.writer, WRITER_CLOSE, NULL));
    assert_written(&rig, &job);
    writer_free(job.writer);
    stop_within_limit(&rig);
}

static void a_commit_does_not_wait_for_memory_that_an_idle_file_holds(void **state)
{
    (void)state;
    struct rig rig;
    struct writer *idle = NULL, *w = NULL;
    struct volume_config config;
    rig_config(&config);
    config.memory_limit = 30 * CHUNK;
    config.part_size = 80 * KIB;
    config.progress_timeout_ms = 2 * HANGS_S * 1000; // who waits, waits too long
    rig_start_config(&rig, &config);
    assert_ok(writer_create(rig.volume, "idle", &idle));
    assert_ok(writer_create(rig.volume, KEY, &w));
    // Behind a gap, within the window: all of the shared memory.
    assert_ok(write_pattern(idle, 1, 24 * CHUNK - 1, 1));
    // A tail of zeros that takes more chunks than the writer's own.
    uint8_t *bytes = make_bytes(0, 75 * KIB, 2);
    memset(bytes + 100, 0, 75 * KIB - 100);
    assert_ok(write_pattern(w, 0, 100, 2));
    assert_ok(writer_truncate(w, 75 * KIB));
    assert_ok(writer_commit(w, WRITER_CLOSE, NULL));
    assert_stored(&rig, KEY, bytes, 75 * KIB);
    writer_free(w);
    writer_free(idle);
    free(bytes);
    stop_within_limit(&rig);
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sixteen_writers_and_four_readers_in_little_memory, watch),
        cmocka_unit_test_setup(several_threads_per_file_deliver_shuffled_pieces, watch),
        cmocka_unit_test_setup(two_files_out_of_order_whose_windows_do_not_fit, watch),
        cmocka_unit_test_setup(a_writer_too_many_is_refused_with_the_limit_that_would_do, watch),
        cmocka_unit_test_setup(a_file_can_be_opened_while_another_uses_all_memory, watch),
        cmocka_unit_test_setup(a_slow_upload_closes_no_gap, watch),
        cmocka_unit_test_setup(a_commit_does_not_wait_for_memory_that_an_idle_file_holds, watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
