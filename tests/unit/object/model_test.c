// The writer and the reader against a plain array: random operations, every read and the final
// bytes agree, and the object is opened by an independent reader. The seed is printed; MODEL_SEED
// and MODEL_ROUNDS in the environment choose others.
#include "tests/unit/object/harness.h"

#define FILE_MAX (1024 * KIB)
#define PART_MIN (32 * KIB)

struct model {
    struct rig rig;
    struct writer *writer;
    uint8_t *bytes;     // FILE_MAX: what the file must hold
    uint64_t size;      // what stat must show
    uint64_t data_end;  // high-water mark
    uint64_t hold_size; // any pattern is allowed up to here,
    bool streaming;     // unless something of this generation was sealed or copied already
    bool committed;     // nothing was changed since the last commit
    bool anything;      // any pattern at any size, with the spool; without it some are refused,
    bool spool;         // and then the last committed version is there
    uint8_t *stored;    // that version
    uint64_t stored_size;
    bool has_stored;
    unsigned seed, refused;
};

static char spool_dir[] = "/tmp/rdsbak-model-XXXXXX";

static uint64_t pick(uint64_t below)
{
    return below == 0 ? 0 : (uint64_t)rand() % below;
}

// A change was refused: the last committed version is there, and work goes on from it.
static void accept_refusal(struct model *m, int rc)
{
    assert_int_equal(rc, -EOPNOTSUPP);
    assert_true(m->anything && !m->spool);
    m->refused++;
    assert_int_equal(writer_commit(m->writer, WRITER_CLOSE, NULL), -EOPNOTSUPP);
    writer_free(m->writer);
    memset(m->bytes, 0, FILE_MAX);
    m->size = m->data_end = m->has_stored ? m->stored_size : 0;
    m->committed = m->has_stored;
    m->streaming = false;
    if (m->has_stored) {
        memcpy(m->bytes, m->stored, m->stored_size);
        assert_stored(&m->rig, KEY, m->bytes, m->size);
        assert_ok(writer_open(m->rig.volume, KEY, NULL, &m->writer));
    } else {
        assert_null(store_memory_object(m->rig.store, KEY, &(uint64_t){0}, NULL));
        assert_ok(writer_create(m->rig.volume, KEY, &m->writer));
    }
}

static void model_put(struct model *m, uint64_t offset, size_t len)
{
    m->seed++;
    int rc = write_pattern(m->writer, offset, len, m->seed);
    if (rc < 0) {
        accept_refusal(m, rc);
        return;
    }
    // Going on after a commit copies what is there, if that is large enough for a part.
    if (m->committed && offset >= m->data_end && m->data_end >= PART_MIN)
        m->streaming = true;
    m->committed = false;
    for (size_t i = 0; i < len; i++)
        m->bytes[offset + i] = pattern(offset + i, m->seed);
    if (offset + len > m->data_end)
        m->data_end = offset + len;
    if (m->data_end > m->size)
        m->size = m->data_end;
    if (m->size > m->hold_size)
        m->streaming = true;
}

// Pieces of a stretch after the end, delivered in any order.
static void append_shuffled(struct model *m)
{
    uint64_t begin = m->data_end, end = begin + 1 + pick(200 * KIB);
    uint64_t cuts[10] = {begin};
    size_t count = 1 + pick(8);
    if (end > FILE_MAX)
        return;
    for (size_t i = 1; i < count; i++)
        cuts[i] = cuts[i - 1] + pick((end - cuts[i - 1]) / 2 + 1);
    cuts[count] = end;
    bool done[10] = {false};
    for (size_t left = count; left > 0;) {
        size_t i = pick(count);
        if (done[i])
            continue;
        done[i] = true;
        left--;
        if (cuts[i + 1] > cuts[i])
            model_put(m, cuts[i], cuts[i + 1] - cuts[i]);
    }
}

static void write_anywhere(struct model *m)
{
    uint64_t end = m->anything ? m->data_end : m->hold_size - 20 * KIB;
    uint64_t offset = pick(end < FILE_MAX - 20 * KIB ? end : FILE_MAX - 20 * KIB);
    size_t len = 1 + pick(pick(3) == 0 ? 20 * KIB : 300);
    model_put(m, offset, len);
}

static void leave_a_gap(struct model *m)
{
    uint64_t offset = m->data_end + pick(30 * KIB);
    size_t len = 1 + pick(5 * KIB);
    if (offset + len <= FILE_MAX)
        model_put(m, offset, len);
}

static void commit(struct model *m, enum writer_commit_kind kind)
{
    assert_ok(writer_commit(m->writer, kind, NULL));
    uint64_t end = kind == WRITER_CLOSE ? m->size : m->data_end;
    m->data_end = end;
    m->committed = true;
    m->streaming = false;
    assert_stored(&m->rig, KEY, m->bytes, end);
    memcpy(m->stored, m->bytes, FILE_MAX);
    m->stored_size = end;
    m->has_stored = true;
}

static void shrink(struct model *m, uint64_t size)
{
    int rc = writer_truncate(m->writer, size);
    if (rc < 0) {
        accept_refusal(m, rc);
        return;
    }
    if (size < m->data_end) {
        m->streaming = m->streaming || (m->committed && size >= PART_MIN);
        m->committed = false;
    }
    if (size == 0)
        m->streaming = false;
    memset(m->bytes + size, 0, FILE_MAX - size);
    m->size = size;
    if (m->data_end > size)
        m->data_end = size;
}

static void resize(struct model *m)
{
    uint64_t size = pick(3) == 0 ? m->data_end : m->data_end + pick(40 * KIB);
    if (size > FILE_MAX)
        return;
    if (size < m->size) { // within the declared tail
        shrink(m, size);
        return;
    }
    assert_ok(writer_truncate(m->writer, size));
    m->size = size;
    if (size > m->hold_size)
        m->streaming = true;
}

static void cut_back(struct model *m)
{
    // Below what is sealed only right after a commit: then it is an object, and can be reopened.
    if (!m->anything && (m->streaming || m->size > m->hold_size)) {
        assert_ok(writer_truncate(m->writer, m->data_end));
        m->size = m->data_end;
        commit(m, WRITER_FSYNC);
    }
    shrink(m, pick(8) == 0 ? 0 : pick(m->data_end + 1));
}

static void close_and_open(struct model *m)
{
    commit(m, WRITER_CLOSE);
    writer_free(m->writer);
    assert_read_back(&m->rig, KEY, m->bytes, m->size);
    if (pick(4) == 0) {
        assert_ok(writer_create(m->rig.volume, KEY, &m->writer));
        memset(m->bytes, 0, FILE_MAX);
        m->size = m->data_end = 0;
        m->committed = m->streaming = false;
    } else {
        assert_ok(writer_open(m->rig.volume, KEY, NULL, &m->writer));
    }
}

static void check_reads(struct model *m)
{
    struct writer_status status;
    writer_status(m->writer, &status);
    assert_int_equal(status.size, m->size);
    for (int i = 0; i < 3; i++) {
        uint64_t offset = pick(m->size + 1000);
        size_t len = 1 + pick(40 * KIB), got = 0;
        uint8_t *out = malloc(len);
        int rc = writer_read(m->writer, offset, out, len, &got);
        if (rc < 0) {
            assert_int_equal(rc, -EBUSY); // sealed and on its way
            assert_false(m->spool);
            assert_true(m->streaming || m->size > m->hold_size);
        } else {
            uint64_t expected = offset >= m->size        ? 0
                                : m->size - offset < len ? m->size - offset
                                                         : len;
            assert_int_equal(got, expected);
            if (got > 0)
                assert_memory_equal(out, m->bytes + offset, got);
        }
        free(out);
    }
}

static void step(struct model *m)
{
    bool small = m->hold_size > 20 * KIB && !m->streaming && m->size + 20 * KIB <= m->hold_size;
    if (m->anything)
        small = m->data_end > 0;
    switch (pick(small ? 9 : 8)) {
    case 0:
    case 1:
        append_shuffled(m);
        break;
    case 2:
        leave_a_gap(m);
        break;
    case 3:
        resize(m);
        break;
    case 4:
        commit(m, WRITER_FSYNC);
        break;
    case 5:
        if (pick(3) == 0)
            cut_back(m);
        break;
    case 6:
        if (pick(3) == 0)
            close_and_open(m);
        break;
    case 7:
        check_reads(m);
        break;
    default:
        write_anywhere(m);
    }
}

struct setting {
    uint64_t hold_size, memory_limit, window;
    bool anything, spool;
};

static unsigned run(const struct setting *setting, unsigned seed, int steps)
{
    struct model m = {.hold_size = setting->hold_size,
                      .seed = seed,
                      .anything = setting->anything,
                      .spool = setting->spool};
    struct volume_config config;
    rig_config(&config);
    config.hold_size = setting->hold_size;
    config.memory_limit = setting->memory_limit;
    config.window = setting->window;
    config.spool_dir = setting->spool ? spool_dir : NULL;
    srand(seed);
    rig_start_config(&m.rig, &config);
    m.bytes = calloc(1, FILE_MAX);
    m.stored = calloc(1, FILE_MAX);
    assert_ok(writer_create(m.rig.volume, KEY, &m.writer));
    for (int i = 0; i < steps; i++)
        step(&m);
    commit(&m, WRITER_CLOSE);
    writer_free(m.writer);
    assert_read_back(&m.rig, KEY, m.bytes, m.size);
    free(m.bytes);
    free(m.stored);
    rig_stop(&m.rig);
    return m.refused;
}

static int environment_number(const char *name, int otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? atoi(text) : otherwise;
}

// Fewer where everything is slow.
#if defined(__SANITIZE_THREAD__)
#define ROUNDS 5
#elif defined(__SANITIZE_ADDRESS__)
#define ROUNDS 10
#else
#define ROUNDS 25
#endif

static void run_rounds(const struct setting *setting)
{
    unsigned seed = (unsigned)environment_number("MODEL_SEED", (int)(time(NULL) % 1000000));
    int rounds = environment_number("MODEL_ROUNDS", ROUNDS), refused = 0;
    printf("MODEL_SEED=%u MODEL_ROUNDS=%d\n", seed, rounds);
    for (int i = 0; i < rounds; i++)
        refused += (int)run(setting, seed + (unsigned)i, 120);
    if (setting->anything)
        printf("%d changes refused\n", refused);
}

static void files_that_are_held_take_any_pattern(void **state)
{
    (void)state;
    run_rounds(&(struct setting){1024 * KIB, 8192 * KIB, 4096 * KIB, .anything = false});
}

static void files_that_stream_take_what_backup_tools_write(void **state)
{
    (void)state;
    run_rounds(&(struct setting){0, 4096 * KIB, 2048 * KIB, .anything = false});
}

static void files_that_outgrow_the_hold(void **state)
{
    (void)state;
    run_rounds(&(struct setting){150 * KIB, 4096 * KIB, 2048 * KIB, .anything = false});
}

static void with_a_spool_files_take_any_pattern(void **state)
{
    (void)state;
    run_rounds(&(struct setting){0, 4096 * KIB, 2048 * KIB, .anything = true, .spool = true});
    run_rounds(&(struct setting){150 * KIB, 4096 * KIB, 64 * KIB, .anything = true, .spool = true});
}

static void with_a_spool_little_memory_is_enough(void **state)
{
    (void)state;
    run_rounds(&(struct setting){0, 400 * KIB, 64 * KIB, .anything = true, .spool = true});
    run_rounds(&(struct setting){100 * KIB, 256 * KIB, 128 * KIB, .anything = true, .spool = true});
}

static void without_a_spool_a_pattern_is_right_or_refused(void **state)
{
    (void)state;
    run_rounds(&(struct setting){0, 4096 * KIB, 2048 * KIB, .anything = true});
    run_rounds(&(struct setting){100 * KIB, 1024 * KIB, 64 * KIB, .anything = true});
}

int main(void)
{
    begin_tests();
    if (mkdtemp(spool_dir) == NULL)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_are_held_take_any_pattern),
        cmocka_unit_test(files_that_stream_take_what_backup_tools_write),
        cmocka_unit_test(files_that_outgrow_the_hold),
        cmocka_unit_test(with_a_spool_files_take_any_pattern),
        cmocka_unit_test(with_a_spool_little_memory_is_enough),
        cmocka_unit_test(without_a_spool_a_pattern_is_right_or_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(spool_dir);
    return failed;
}
