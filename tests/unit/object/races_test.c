// Calls of several threads on one writer, brought to meet at the worst moment: hooks of the store
// and the keyring hold one while the other comes.
#include "tests/unit/object/harness.h"

#define HANGS_S 250 // of a test, on a machine that is busy with other things

// Holds the first caller that passes until it is opened; the others pass.
struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int op;        // of the store; -1: any
    uint64_t from; // offset of a GET
    bool reached, open;
};

static void gate_init(struct gate *g, int op)
{
    *g = (struct gate){.op = op};
    pthread_mutex_init(&g->mutex, NULL);
    pthread_cond_init(&g->changed, NULL);
}

static void gate_pass(struct gate *g)
{
    pthread_mutex_lock(&g->mutex);
    bool first = !g->reached;
    g->reached = true;
    pthread_cond_broadcast(&g->changed);
    while (first && !g->open)
        pthread_cond_wait(&g->changed, &g->mutex);
    pthread_mutex_unlock(&g->mutex);
}

static void gate_store(void *context, enum memory_op op, uint64_t at)
{
    struct gate *g = context;
    if (op == (enum memory_op)g->op && at >= g->from)
        gate_pass(g);
}

static void gate_keyring(void *context)
{
    gate_pass(context);
}

static void gate_await(struct gate *g)
{
    pthread_mutex_lock(&g->mutex);
    while (!g->reached)
        pthread_cond_wait(&g->changed, &g->mutex);
    pthread_mutex_unlock(&g->mutex);
}

static void gate_open(struct gate *g)
{
    pthread_mutex_lock(&g->mutex);
    g->open = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->mutex);
}

// One call on a thread of its own.
enum call_kind { CALL_COMMIT, CALL_CLOSE, CALL_READ, CALL_TRUNCATE, CALL_WRITE };
struct call {
    struct writer *writer;
    enum call_kind kind;
    uint64_t offset;
    size_t len;
    unsigned seed;
    const atomic_bool *interrupted;
    int rc;
    uint8_t *out;
    pthread_t thread;
};

static void *call_run(void *arg)
{
    struct call *c = arg;
    size_t got = 0;
    switch (c->kind) {
    case CALL_COMMIT:
        c->rc = writer_commit(c->writer, WRITER_FSYNC, c->interrupted);
        break;
    case CALL_CLOSE:
        c->rc = writer_commit(c->writer, WRITER_CLOSE, c->interrupted);
        break;
    case CALL_READ:
        c->rc = writer_read(c->writer, c->offset, c->out, c->len, &got);
        break;
    case CALL_TRUNCATE:
        c->rc = writer_truncate(c->writer, c->offset);
        break;
    case CALL_WRITE:
        c->rc = write_pattern(c->writer, c->offset, c->len, c->seed);
        break;
    }
    return NULL;
}

static void call_start(struct call *c)
{
    if (c->kind == CALL_READ)
        c->out = malloc(c->len);
    pthread_create(&c->thread, NULL, call_run, c);
}

static int call_end(struct call *c)
{
    pthread_join(c->thread, NULL);
    return c->rc;
}

static void pause_ms(unsigned ms)
{
    struct timespec pause = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

static void reads_of_the_committed_object_that_open_it_at_once(void **state)
{
    (void)state;
    struct rig rig;
    struct writer *w = NULL;
    struct gate getting;
    rig_start(&rig, 0);
    uint8_t *bytes = make_bytes(0, 200 * KIB, 1);
    assert_ok(writer_create(rig.volume, KEY, &w));
    assert_ok(write_pattern(w, 0, 150 * KIB, 1));
    assert_ok(writer_commit(w, WRITER_FSYNC, NULL));
    gate_init(&getting, MEMORY_GET);
    store_memory_hook(rig.store, gate_store, &getting);
    struct call first = {.writer = w, .kind = CALL_READ, .offset = 1000, .len = 5000};
    struct call second = {.writer = w, .kind = CALL_READ, .offset = 70000, .len = 5000};
    struct call append = {
        .writer = w, .kind = CALL_WRITE, .offset = 150 * KIB, .len = 50 * KIB, .seed = 1};
    call_start(&first); // opens the object, and is held while it reads
    gate_await(&getting);
    call_start(&second); // would open it too
    pause_ms(50);
    call_start(&append);
    pause_ms(50);
    gate_open(&getting);
    int rc = call_end(&first);
    assert_true(rc == 0 || rc == -EBUSY);
    if (rc == 0)
        assert_memory_equal(first.out, bytes + 1000, 5000);
    rc = call_end(&second);
    assert_true(rc == 0 || rc == -EBUSY);
    if (rc == 0)
        assert_memory_equal(second.out, bytes + 70000, 5000);
    assert_ok(call_end(&append));
    assert_ok(writer_commit(w, WRITER_CLOSE, NULL));
    assert_stored(&rig, KEY, bytes, 200 * KIB);
    writer_free(w);
    free(first.out);
    free(second.out);
    free(bytes);
    rig_stop(&rig);
}

// The key of a generation that truncate(0) begins is asked for when sealing begins: the gate holds
// the sealer there.
static void hold_the_sealer(struct rig *rig, struct gate *gate, struct writer **w)
{
    rig_start(rig, 0);
    gate_init(gate, -1);
    assert_ok(writer_create(rig->volume, KEY, w));
    assert_ok(writer_truncate(*w, 100));
    assert_ok(write_pattern(*w, 0, 100, 1));
    assert_ok(writer_commit(*w, WRITER_FSYNC, NULL));
    assert_ok(writer_truncate(*w, 0));
    keyring_test_hook(rig->keyring, gate_keyring, gate);
    assert_ok(write_pattern(*w, 0, 100 * KIB, 2));
    gate_await(gate);
}

static void a_truncation_that_waits_for_the_sealer_does_not_cut_into_a_commit(void **state)
{
    (void)state;
    struct rig rig;
    struct writer *w = NULL;
    struct gate gate;
    hold_the_sealer(&rig, &gate, &w);
    uint8_t *bytes = make_bytes(0, 100 * KIB, 2);
    struct call truncate = {.writer = w, .kind = CALL_TRUNCATE, .offset = 99 * KIB};
    struct call commit = {.writer = w, .kind = CALL_COMMIT};
    call_start(&truncate);
    pause_ms(30);
    call_start(&commit);
    pause_ms(30);
    gate_open(&gate);
    assert_ok(call_end(&commit));
    assert_ok(call_end(&truncate));
    assert_ok(writer_commit(w, WRITER_CLOSE, NULL));
    assert_stored(&rig, KEY, bytes, 99 * KIB);
    writer_free(w);
    free(bytes);
    rig_stop(&rig);
}

static void what_is_given_up_while_it_is_sealed_gives_its_memory_back_at_once(void **state)
{
    (void)state;
    struct rig rig;
    struct writer *w = NULL;
    struct gate gate;
    struct volume_memory memory = {.used = 1};
    hold_the_sealer(&rig, &gate, &w);
    writer_abort(w, -ECANCELED, "the test gives up");
    gate_open(&gate);
    for (int i = 0; i < 6000 && memory.used > 0; i++) {
        pause_ms(10);
        volume_memory(rig.volume, &memory);
    }
    assert_int_equal(memory.used, 0);
    assert_int_equal(writer_commit(w, WRITER_CLOSE, NULL), -ECANCELED);
    writer_free(w);
    rig_stop(&rig);
}

struct hammer {
    struct writer *writer;
    uint64_t offset;
    atomic_bool *stop;
};

static void *write_a_quarter_of_a_chunk(void *arg)
{
    struct hammer *h = arg;
    uint8_t *bytes = make_bytes(h->offset, 2 * KIB, 2);
    int rc = 0;
    while (rc == 0 && !atomic_load(h->stop))
        rc = writer_write(h->writer, h->offset, bytes, 2 * KIB, NULL);
    assert_true(rc == 0 || rc == -EOPNOTSUPP); // until it is sealed
    free(bytes);
    return NULL;
}

static void writes_into_the_chunk_that_the_sealer_asks_a_key_for(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct rig rig;
        struct gate gate;
        struct writer *w = NULL;
        struct hammer hammers[4];
        atomic_bool stop = false;
        pthread_t threads[4];
        hold_the_sealer(&rig, &gate, &w);
        for (unsigned i = 0; i < 4; i++) {
            hammers[i] = (struct hammer){w, i * 2 * KIB, &stop};
            pthread_create(&threads[i], NULL, write_a_quarter_of_a_chunk, &hammers[i]);
        }
        pause_ms(2);
        gate_open(&gate);
        pause_ms(5);
        atomic_store(&stop, true);
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
        writer_free(w);
        rig_stop(&rig);
    }
}

static void a_read_beside_a_write_into_the_same_chunk(void **state)
{
    (void)state;
    struct rig rig;
    atomic_bool stop = false;
    struct hammer hammer = {.offset = 2 * KIB, .stop = &stop};
    pthread_t thread;
    uint8_t out[100];
    size_t got = 0;
    rig_start(&rig, 100 * KIB);
    assert_ok(writer_create(rig.volume, KEY, &hammer.writer));
    assert_ok(write_pattern(hammer.writer, 0, 8 * KIB, 2));
    pthread_create(&thread, NULL, write_a_quarter_of_a_chunk, &hammer);
    for (int i = 0; i < 2000; i++) {
        assert_ok(writer_read(hammer.writer, 4000, out, sizeof out, &got));
        assert_int_equal(out[0], pattern(4000, 2));
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    writer_free(hammer.writer);
    rig_stop(&rig);
}

// A small file is continued, and streams before its commit: a write may still change what is not
// sealed, and two versions that differ before the end must not be under one key and IV.
static void a_continued_file_that_streams_before_its_commit_takes_a_new_key(void **state)
{
    (void)state;
    struct rig rig;
    struct writer *w = NULL;
    const struct kv *metadata = NULL;
    struct volume_config config;
    rig_config(&config);
    config.hold_size = 20 * KIB;
    config.window = 8 * KIB;
    rig_start_config(&rig, &config);
    assert_ok(writer_create(rig.volume, KEY, &w));
    assert_ok(write_pattern(w, 0, 16 * KIB, 1));
    assert_ok(writer_commit(w, WRITER_FSYNC, NULL));
    assert_non_null(store_memory_object(rig.store, KEY, &(uint64_t){0}, &metadata));
    char *key = strdup(kv_get(metadata, "x-amz-key-v2"));
    assert_ok(write_pattern(w, 16 * KIB, 24 * KIB, 1)); // more than is held, and than the window
    pause_ms(50);                                       // sealed, the old bytes too
    assert_ok(write_pattern(w, 40 * KIB, 1, 1));
    assert_ok(writer_commit(w, WRITER_CLOSE, NULL));
    assert_non_null(store_memory_object(rig.store, KEY, &(uint64_t){0}, &metadata));
    assert_string_not_equal(kv_get(metadata, "x-amz-key-v2"), key);
    writer_free(w);
    free(key);
    rig_stop(&rig);
}

static void relieve_at_abort(void *context, enum memory_op op, uint64_t at)
{
    (void)at;
    if (op == MEMORY_ABORT)
        volume_relieve(context); // another file needs memory just now
}

// A file that starts over while parts of it are sealed and sent.
static void truncation_to_nothing_in_full_flight(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, 0);
    store_memory_hook(rig.store, relieve_at_abort, rig.volume);
    for (unsigned round = 0; round < 300; round++) {
        struct writer *w = NULL;
        size_t len = 104 * KIB + round; // a part, and enough for a short one
        store_memory_delay(rig.store, round % 2 == 0 ? 0 : 1000);
        assert_ok(writer_create(rig.volume, KEY, &w));
        for (unsigned i = 0; i < 3; i++) {
            assert_ok(write_pattern(w, 0, len, i));
            if (round % 3 == 0)
                pause_ms(1);
            assert_ok(writer_truncate(w, 0));
        }
        assert_ok(write_pattern(w, 0, len, round));
        assert_ok(writer_commit(w, WRITER_CLOSE, NULL));
        writer_free(w);
        uint8_t *bytes = make_bytes(0, len, round);
        assert_stored(&rig, KEY, bytes, len);
        free(bytes);
    }
    rig_stop(&rig);
}

struct abort_on {
    struct writer *writer;
    enum memory_op op;
    unsigned nth;
};

static void abort_at_call(void *context, enum memory_op op, uint64_t at)
{
    (void)at;
    struct abort_on *a = context;
    if (op == a->op && a->nth > 0 && --a->nth == 0)
        writer_abort(a->writer, -ECANCELED, "the writer was killed");
}

static void a_writer_killed_just_before_complete_publishes_nothing(void **state)
{
    (void)state;
    struct rig rig;
    struct writer *w = NULL;
    rig_start(&rig, 0);
    assert_ok(writer_create(rig.volume, KEY, &w));
    assert_ok(write_pattern(w, 0, 100 * KIB, 1));
    assert_ok(writer_commit(w, WRITER_FSYNC, NULL));
    assert_ok(write_pattern(w, 100 * KIB, 100 * KIB, 1));
    struct abort_on on = {w, MEMORY_HEAD, 1}; // the look at the source, before Complete
    store_memory_hook(rig.store, abort_at_call, &on);
    assert_int_equal(writer_commit(w, WRITER_CLOSE, NULL), -ECANCELED);
    writer_free(w);
    uint8_t *bytes = make_bytes(0, 100 * KIB, 1);
    assert_stored(&rig, KEY, bytes, 100 * KIB); // the old object stays
    free(bytes);
    rig_stop(&rig);
}

static void an_interrupted_fsync_returns_while_the_commit_goes_on(void **state)
{
    (void)state;
    struct rig rig;
    struct writer *w = NULL;
    struct gate gate;
    atomic_bool interrupted = false;
    rig_start(&rig, 0);
    gate_init(&gate, MEMORY_COMPLETE);
    store_memory_hook(rig.store, gate_store, &gate);
    uint8_t *bytes = make_bytes(0, 200 * KIB, 1);
    assert_ok(writer_create(rig.volume, KEY, &w));
    assert_ok(write_pattern(w, 0, 200 * KIB, 1));
    struct call commit = {.writer = w, .kind = CALL_COMMIT, .interrupted = &interrupted};
    call_start(&commit);
    gate_await(&gate);
    atomic_store(&interrupted, true);
    assert_int_equal(call_end(&commit), -EINTR);
    assert_null(store_memory_object(rig.store, KEY, &(uint64_t){0}, NULL));
    gate_open(&gate);
    assert_ok(writer_commit(w, WRITER_FSYNC, NULL));
    assert_stored(&rig, KEY, bytes, 200 * KIB);
    assert_int_equal(store_memory_calls_of(rig.store, MEMORY_COMPLETE), 1);
    writer_free(w);
    free(bytes);
    rig_stop(&rig);
}

// The program hears how much was taken, and goes on from there.
static void an_interrupted_write_tells_how_much_was_taken(void **state)
{
    (void)state;
    struct rig rig;
    struct writer *w = NULL;
    atomic_bool raised = true; // any wait ends at once
    uint64_t at = 16 * KIB;    // behind a gap: nothing can be sent
    size_t taken = 0;
    struct volume_config config;
    rig_config(&config);
    config.memory_limit = config.window = 256 * KIB;
    rig_start_config(&rig, &config);
    assert_ok(writer_create(rig.volume, KEY, &w));
    uint8_t *bytes = make_bytes(0, 16 * KIB, 1);
    int rc;
    do {
        rc = writer_write_some(w, at, bytes, 6 * KIB, &raised, &taken);
        at += taken;
    } while (rc == 0 && taken == 6 * KIB);
    assert_int_equal(rc, taken > 0 ? 0 : -EINTR);
    assert_int_equal(at % (8 * KIB), 0); // as far as the chunks reach
    assert_int_equal(writer_write_some(w, at - 100, bytes, 200, &raised, &taken), 0);
    assert_int_equal(taken, 100);
    assert_int_equal(writer_write_some(w, at, bytes, 100, &raised, &taken), -EINTR);
    assert_int_equal(taken, 0);
    free(bytes);
    writer_abort(w, -EIO, "enough");
    writer_free(w);
    rig_stop(&rig);
}

static void a_write_during_a_commit_waits_and_lands_in_the_next(void **state)
{
    (void)state;
    struct rig rig;
    struct writer *w = NULL;
    struct gate gate;
    rig_start(&rig, 0);
    gate_init(&gate, MEMORY_COMPLETE);
    store_memory_hook(rig.store, gate_store, &gate);
    uint8_t *bytes = make_bytes(0, 250 * KIB, 1);
    assert_ok(writer_create(rig.volume, KEY, &w));
    assert_ok(write_pattern(w, 0, 200 * KIB, 1));
    struct call commit = {.writer = w, .kind = CALL_COMMIT};
    struct call write = {
        .writer = w, .kind = CALL_WRITE, .offset = 200 * KIB, .len = 50 * KIB, .seed = 1};
    call_start(&commit);
    gate_await(&gate);
    call_start(&write);
    // Looking at the file does not wait, or it would for ever.
    struct writer_status status;
    writer_status(w, &status);
    assert_int_equal(status.size, 200 * KIB);
    pause_ms(30);
    gate_open(&gate);
    assert_ok(call_end(&commit));
    assert_stored(&rig, KEY, bytes, 200 * KIB);
    assert_ok(call_end(&write));
    assert_ok(writer_commit(w, WRITER_CLOSE, NULL));
    assert_stored(&rig, KEY, bytes, 250 * KIB);
    writer_free(w);
    free(bytes);
    rig_stop(&rig);
}

static void the_size_can_be_asked_while_a_commit_waits_for_reads_ahead(void **state)
{
    (void)state;
    struct rig rig;
    struct writer *w = NULL;
    struct gate gate;
    rig_start(&rig, 0);
    uint8_t *out = malloc(300 * KIB);
    size_t got = 0;
    assert_ok(writer_create(rig.volume, KEY, &w));
    assert_ok(write_pattern(w, 0, 2000 * KIB, 1));
    assert_ok(writer_commit(w, WRITER_FSYNC, NULL));
    assert_ok(writer_read(w, 0, out, 100, &got)); // opens the reader
    assert_ok(writer_read(w, 100, out, 150 * KIB, &got));
    gate_init(&gate, MEMORY_GET);
    gate.from = 400 * KIB;
    store_memory_hook(rig.store, gate_store, &gate);
    assert_ok(writer_read(w, 150 * KIB + 100, out, 60 * KIB, &got)); // begins to read ahead
    gate_await(&gate);
    struct call append = {
        .writer = w, .kind = CALL_WRITE, .offset = 2000 * KIB, .len = 100, .seed = 1};
    struct call commit = {.writer = w, .kind = CALL_COMMIT};
    call_start(&append);
    assert_ok(call_end(&append));
    call_start(&commit);
    pause_ms(100);
    struct writer_status status;
    writer_status(w, &status); // else it waits for the gate, which opens only afterwards
    gate_open(&gate);
    assert_ok(call_end(&commit));
    writer_free(w);
    free(out);
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reads_of_the_committed_object_that_open_it_at_once, watch),
        cmocka_unit_test_setup(a_truncation_that_waits_for_the_sealer_does_not_cut_into_a_commit,
                               watch),
        cmocka_unit_test_setup(what_is_given_up_while_it_is_sealed_gives_its_memory_back_at_once,
                               watch),
        cmocka_unit_test_setup(writes_into_the_chunk_that_the_sealer_asks_a_key_for, watch),
        cmocka_unit_test_setup(a_read_beside_a_write_into_the_same_chunk, watch),
        cmocka_unit_test_setup(a_continued_file_that_streams_before_its_commit_takes_a_new_key,
                               watch),
        cmocka_unit_test_setup(truncation_to_nothing_in_full_flight, watch),
        cmocka_unit_test_setup(a_writer_killed_just_before_complete_publishes_nothing, watch),
        cmocka_unit_test_setup(an_interrupted_fsync_returns_while_the_commit_goes_on, watch),
        cmocka_unit_test(an_interrupted_write_tells_how_much_was_taken),
        cmocka_unit_test_setup(a_write_during_a_commit_waits_and_lands_in_the_next, watch),
        cmocka_unit_test_setup(the_size_can_be_asked_while_a_commit_waits_for_reads_ahead, watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
