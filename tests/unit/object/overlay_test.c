// Rewriting: changes in the middle of what is committed, and going back over what is sealed of an
// unfinished upload, with and without a spool.
#include "object/writer_internal.h"
#include "tests/unit/object/harness.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char spool_dir[] = "/tmp/rdsbak-overlay-XXXXXX";

// ---- a file and what it must hold ----

struct file {
    struct rig rig;
    struct writer *writer;
    uint8_t *bytes; // expected
    uint64_t size, room;
};

static void start_config(struct file *f, const struct volume_config *config)
{
    *f = (struct file){.room = 4096 * KIB};
    rig_start_config(&f->rig, config);
    f->bytes = calloc(1, f->room);
}

static void config_of(struct volume_config *config, bool spool)
{
    rig_config(config);
    config->spool_dir = spool ? spool_dir : NULL;
}

static void start(struct file *f, bool spool)
{
    struct volume_config config;
    config_of(&config, spool);
    start_config(f, &config);
}

static void stop(struct file *f)
{
    writer_free(f->writer);
    free(f->bytes);
    rig_stop(&f->rig);
}

static uint64_t volume_used(struct file *f)
{
    struct volume_memory memory;
    volume_memory(f->rig.volume, &memory);
    return memory.used;
}

static void expect(struct file *f, uint64_t offset, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++)
        f->bytes[offset + i] = pattern(offset + i, seed);
    if (offset + len > f->size)
        f->size = offset + len;
}

static void put(struct file *f, uint64_t offset, size_t len, unsigned seed)
{
    expect(f, offset, len, seed);
    assert_ok(write_pattern(f->writer, offset, len, seed));
}

static void cut(struct file *f, uint64_t size)
{
    assert_ok(writer_truncate(f->writer, size));
    if (size < f->size)
        memset(f->bytes + size, 0, f->size - size);
    f->size = size;
}

static void commit(struct file *f, enum writer_commit_kind kind)
{
    assert_ok(writer_commit(f->writer, kind, NULL));
    assert_stored(&f->rig, KEY, f->bytes, f->size);
}

// A committed file, opened again.
static void begin_committed(struct file *f, uint64_t size)
{
    assert_ok(writer_create(f->rig.volume, KEY, &f->writer));
    put(f, 0, size, 1);
    commit(f, WRITER_CLOSE);
    writer_free(f->writer);
    assert_ok(writer_open(f->rig.volume, KEY, NULL, &f->writer));
}

static void assert_reads(struct file *f, uint64_t offset, size_t len)
{
    uint8_t *out = malloc(len);
    size_t got = 0;
    assert_ok(writer_read(f->writer, offset, out, len, &got));
    assert_int_equal(got, len);
    assert_memory_equal(out, f->bytes + offset, len);
    free(out);
}

static void await_calls(struct file *f, enum memory_op op, unsigned count)
{
    struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 120000 && store_memory_calls_of(f->rig.store, op) < count; i++)
        nanosleep(&pause, NULL);
    assert_true(store_memory_calls_of(f->rig.store, op) >= count);
}

static void await_parts(struct file *f, unsigned count)
{
    await_calls(f, MEMORY_PART, count);
}

static char *key_of(struct file *f)
{
    const struct kv *metadata = NULL;
    assert_non_null(store_memory_object(f->rig.store, KEY, &(uint64_t){0}, &metadata));
    return strdup(kv_get(metadata, "x-amz-key-v2"));
}

// ---- changes in what is committed ----

static void a_change_in_the_middle_keeps_the_rest_and_takes_a_new_key(void **state)
{
    (void)state;
    for (int spool = 0; spool < 2; spool++) {
        struct file f;
        start(&f, spool);
        begin_committed(&f, 500 * KIB + 7);
        AUTO_FREE char *before = key_of(&f);
        uint64_t fetched = store_memory_fetched(f.rig.store);
        put(&f, 50 * KIB + 3, 10, 2);
        assert_reads(&f, 50 * KIB, 100);
        assert_reads(&f, 0, 500 * KIB);
        commit(&f, WRITER_CLOSE);
        AUTO_FREE char *after = key_of(&f);
        assert_string_not_equal(before, after);
        assert_true(store_memory_fetched(f.rig.store) - fetched < 2200 * KIB);
        assert_read_back(&f.rig, KEY, f.bytes, f.size);
        stop(&f);
    }
}

static void the_old_object_stays_until_the_change_is_committed(void **state)
{
    (void)state;
    struct file f;
    start(&f, false);
    begin_committed(&f, 300 * KIB);
    AUTO_FREE uint8_t *before = malloc(f.size);
    memcpy(before, f.bytes, f.size);
    put(&f, 100 * KIB, 20 * KIB, 2);
    assert_stored(&f.rig, KEY, before, 300 * KIB);
    commit(&f, WRITER_FSYNC);
    put(&f, 200 * KIB, 1, 3); // and again after it
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

// BACKUP WITH FORMAT over a longer file that nobody truncated first.
static void written_from_the_start_it_streams_and_the_old_tail_stays(void **state)
{
    (void)state;
    struct file f;
    start(&f, false);
    begin_committed(&f, 1000 * KIB);
    unsigned parts = store_memory_calls_of(f.rig.store, MEMORY_PART);
    for (uint64_t at = 0; at < 600 * KIB; at += 20 * KIB)
        put(&f, at, 20 * KIB, 2);
    await_parts(&f, parts + 5);
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

static void written_from_the_start_and_trimmed_it_is_shorter(void **state)
{
    (void)state;
    struct file f;
    start(&f, false);
    begin_committed(&f, 1000 * KIB);
    for (uint64_t at = 0; at < 600 * KIB; at += 20 * KIB)
        put(&f, at, 20 * KIB, 2);
    cut(&f, 600 * KIB);
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

// BACKUP WITH INIT: the media header stays, the rest is written anew.
static void the_head_stays_and_the_rest_is_written_in_order(void **state)
{
    (void)state;
    struct file f;
    struct volume_config config;
    config_of(&config, false);
    config.window = 64 * KIB;
    start_config(&f, &config);
    begin_committed(&f, 1000 * KIB);
    unsigned parts = store_memory_calls_of(f.rig.store, MEMORY_PART);
    for (uint64_t at = 8 * KIB - 512; at < 500 * KIB; at += 10 * KIB)
        put(&f, at, 10 * KIB, 2);
    await_parts(&f, parts + 2); // the head was closed when the window was full
    cut(&f, 8 * KIB - 512 + 500 * KIB);
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

static void truncation_and_extension_leave_no_old_bytes(void **state)
{
    (void)state;
    struct file f;
    start(&f, false);
    begin_committed(&f, 300 * KIB);
    put(&f, 10 * KIB, 10, 2);
    cut(&f, 101 * KIB);
    put(&f, 200 * KIB, 10, 3); // [101 KiB, 200 KiB) is zeros now
    assert_reads(&f, 90 * KIB, 110 * KIB);
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

static void scattered_changes_without_a_spool_stay_open_while_memory_lasts(void **state)
{
    (void)state;
    struct file f;
    struct volume_config config;
    config_of(&config, false);
    config.window = 32 * KIB;
    start_config(&f, &config);
    begin_committed(&f, 2000 * KIB);
    for (unsigned i = 0; i < 40; i++) // backwards: each is behind the one before
        put(&f, 2000 * KIB - (i + 1) * 45 * KIB, 3000, i + 2);
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

static void scattered_changes_that_fill_the_memory_are_sent_on(void **state)
{
    (void)state;
    struct file f;
    struct volume_config config;
    config_of(&config, false);
    config.memory_limit = 400 * KIB;
    config.window = 200 * KIB;
    start_config(&f, &config);
    begin_committed(&f, 4000 * KIB);
    for (unsigned i = 0; i < 250; i++)
        put(&f, i * 16 * KIB + 5, 100, i + 2);
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

static void many_small_changes_in_one_chunk(void **state)
{
    (void)state;
    struct file f;
    start(&f, false);
    begin_committed(&f, 300 * KIB);
    for (unsigned i = 0; i < 1500; i++)
        put(&f, 64 * KIB + i * 5, 2, i + 2);
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

static void an_object_that_is_replaced_meanwhile_is_stale(void **state)
{
    (void)state;
    struct file f;
    start(&f, false);
    begin_committed(&f, 300 * KIB);
    uint64_t size = 0;
    const struct kv *metadata = NULL;
    const uint8_t *cipher = store_memory_object(f.rig.store, KEY, &size, &metadata);
    AUTO_FREE uint8_t *copy = malloc(size);
    memcpy(copy, cipher, size);
    AUTO_KV struct kv kept = {0};
    assert_ok(kv_copy(&kept, metadata));
    put(&f, 100 * KIB, 10, 2);
    store_memory_plant(f.rig.store, KEY, copy, size, &kept);
    assert_int_equal(writer_commit(f.writer, WRITER_CLOSE, NULL), -ESTALE);
    stop(&f);
}

static void a_large_file_under_another_key_is_continued_under_this_one(void **state)
{
    (void)state;
    struct file f;
    start(&f, false);
    begin_committed(&f, 500 * KIB + 5);
    AUTO_FREE char *before = key_of(&f);
    keyring_test_make_foreign(f.rig.keyring);
    unsigned parts = store_memory_calls_of(f.rig.store, MEMORY_PART);
    put(&f, f.size, 10, 2);
    await_parts(&f, parts + 3); // what stays goes on its way at once
    commit(&f, WRITER_FSYNC);
    AUTO_FREE char *after = key_of(&f);
    assert_string_not_equal(before, after);
    assert_int_equal(store_memory_calls_of(f.rig.store, MEMORY_PART_COPY), 0);
    cut(&f, 333 * KIB + 1);
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

static void an_append_that_then_changes_the_old_part(void **state)
{
    (void)state;
    struct file f;
    start(&f, false);
    begin_committed(&f, 500 * KIB + 9);
    put(&f, f.size, 5, 2);
    await_calls(&f, MEMORY_PART_COPY, 5);
    put(&f, 20 * KIB, 3000, 3); // nothing beyond the copies is sealed: no spool is needed
    put(&f, f.size, 50 * KIB, 4);
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

// A file that may be held takes any pattern, also after an append that the server helps with.
static void an_append_to_a_file_that_is_held_may_go_back(void **state)
{
    (void)state;
    struct file f;
    struct volume_config config;
    config_of(&config, false);
    config.hold_size = 1024 * KIB;
    start_config(&f, &config);
    begin_committed(&f, 100 * KIB);
    put(&f, 100 * KIB, 300 * KIB, 2);
    await_calls(&f, MEMORY_PART_COPY, 1);
    usleep(50000); // were it streamed, this would be on its way now
    put(&f, 10, 10, 3);
    put(&f, 350 * KIB, 10, 4);
    assert_reads(&f, 0, f.size);
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

static void what_an_overlay_left_as_it_was_can_be_read(void **state)
{
    (void)state;
    struct file f;
    start(&f, false);
    begin_committed(&f, 500 * KIB);
    keyring_test_make_foreign(f.rig.keyring);
    unsigned parts = store_memory_calls_of(f.rig.store, MEMORY_PART);
    put(&f, f.size, 300 * KIB, 2);
    await_parts(&f, parts + 10); // of the new bytes, too
    assert_reads(&f, 0, 500 * KIB);
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

static void *raise_late(void *arg)
{
    usleep((WRITER_GAP_PATIENCE_MS + 600) * 1000);
    atomic_store((atomic_bool *)arg, true);
    return NULL;
}

// A writer waits for memory behind a gap in the chunk that the file ends in, and is interrupted.
// An append by copy of the server, to a file that this very writer has committed: what stays of the
// last block is read together with the gap behind it.
static void a_read_over_the_old_end_into_a_gap(void **state)
{
    (void)state;
    for (int spool = 0; spool < 2; spool++) {
        struct file f = {0};
        start(&f, spool != 0);
        assert_ok(writer_create(f.rig.volume, KEY, &f.writer));
        put(&f, 0, 100003, 1);
        commit(&f, WRITER_FSYNC);
        put(&f, 104000, 100, 2);
        for (uint64_t from = 100001; from >= 99990; from--)
            assert_reads(&f, from, 104050 - from);
        put(&f, 10, 20, 3); // and goes back from there
        assert_reads(&f, 0, f.size);
        commit(&f, WRITER_CLOSE);
        stop(&f);
    }
}

static void a_gap_where_the_file_ends_is_not_closed(void **state)
{
    (void)state;
    struct file f;
    struct volume_config config;
    struct writer *other = NULL;
    atomic_bool raised = true;
    config_of(&config, false);
    config.memory_limit = config.window = 256 * KIB;
    start_config(&f, &config);
    assert_ok(writer_create(f.rig.volume, KEY, &f.writer));
    assert_ok(writer_create(f.rig.volume, "other", &other));
    uint8_t *bytes = make_bytes(0, 8 * KIB, 1);
    int rc = 0;
    for (uint64_t at = 400 * KIB; rc == 0; at += 8 * KIB) // takes all memory, behind a gap
        rc = writer_write(other, at, bytes, 8 * KIB, &raised);
    assert_int_equal(rc, -EINTR);
    put(&f, 1 * KIB, 2 * KIB, 2); // a hole in front
    pthread_t thread;
    atomic_store(&raised, false);
    assert_int_equal(pthread_create(&thread, NULL, raise_late, &raised), 0);
    assert_int_equal(writer_write(f.writer, 900 * KIB, bytes, 8 * KIB, &raised), -EINTR);
    pthread_join(thread, NULL);
    put(&f, 0, 1 * KIB, 3); // not sealed
    writer_abort(other, -EIO, "enough");
    writer_free(other);
    commit(&f, WRITER_CLOSE);
    free(bytes);
    stop(&f);
}

// ---- going back over what is sealed ----

static void stream(struct file *f, uint64_t size, unsigned seed)
{
    unsigned parts = store_memory_calls_of(f->rig.store, MEMORY_PART);
    assert_ok(writer_create(f->rig.volume, KEY, &f->writer));
    for (uint64_t at = 0; at < size; at += 16 * KIB)
        put(f, at, 16 * KIB, seed);
    await_parts(f, parts + 2);
}

static void without_a_spool_it_is_refused_and_the_old_object_stays(void **state)
{
    (void)state;
    struct file f;
    start(&f, false);
    begin_committed(&f, 100 * KIB);
    writer_free(f.writer);
    AUTO_FREE uint8_t *before = malloc(f.size);
    memcpy(before, f.bytes, f.size);
    stream(&f, 512 * KIB, 2);
    assert_int_equal(write_pattern(f.writer, 134, 1900, 3), -EOPNOTSUPP);
    assert_int_equal(writer_commit(f.writer, WRITER_CLOSE, NULL), -EOPNOTSUPP);
    assert_stored(&f.rig, KEY, before, 100 * KIB);
    stop(&f);
}

// pg_dump -Fc: the header is written again at the end.
static void with_a_spool_the_header_is_written_last(void **state)
{
    (void)state;
    struct file f;
    start(&f, true);
    stream(&f, 512 * KIB, 2);
    put(&f, 134, 1900, 3);
    assert_reads(&f, 0, 512 * KIB);
    commit(&f, WRITER_CLOSE);
    assert_read_back(&f.rig, KEY, f.bytes, f.size);
    stop(&f);
}

static void what_is_sealed_can_be_read_with_a_spool(void **state)
{
    (void)state;
    struct file f;
    start(&f, true);
    stream(&f, 512 * KIB, 2);
    assert_reads(&f, 0, 512 * KIB);
    assert_reads(&f, 3, 100 * KIB);
    assert_int_equal(store_memory_calls_of(f.rig.store, MEMORY_ABORT), 0);
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

static void the_same_bytes_again_cost_nothing(void **state)
{
    (void)state;
    struct file f;
    start(&f, true);
    stream(&f, 512 * KIB, 2);
    put(&f, 100 * KIB, 60 * KIB, 2);
    put(&f, 1, 17, 2);
    commit(&f, WRITER_CLOSE);
    assert_int_equal(store_memory_calls_of(f.rig.store, MEMORY_ABORT), 0);
    stop(&f);
}

static void truncation_below_what_is_sealed(void **state)
{
    (void)state;
    struct file f;
    start(&f, true);
    stream(&f, 512 * KIB, 2);
    cut(&f, 100 * KIB + 1);
    put(&f, 300 * KIB, 100 * KIB, 3);
    assert_reads(&f, 0, f.size);
    commit(&f, WRITER_FSYNC);
    put(&f, 399 * KIB, 10 * KIB, 4);
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

static void an_append_that_goes_back_into_both_parts(void **state)
{
    (void)state;
    struct file f;
    start(&f, true);
    begin_committed(&f, 500 * KIB + 9);
    for (int i = 0; i < 20; i++)
        put(&f, f.size, 16 * KIB, 2);
    await_parts(&f, 9);
    put(&f, 600 * KIB, 10, 3); // sealed in this upload
    put(&f, 100 * KIB, 10, 3); // copied from the old object
    assert_reads(&f, 0, f.size);
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

static void a_rewrite_over_a_longer_file_that_goes_back(void **state)
{
    (void)state;
    struct file f;
    start(&f, true);
    begin_committed(&f, 1000 * KIB);
    unsigned parts = store_memory_calls_of(f.rig.store, MEMORY_PART);
    for (uint64_t at = 0; at < 500 * KIB; at += 20 * KIB)
        put(&f, at, 20 * KIB, 2);
    await_parts(&f, parts + 3);
    put(&f, 10, 10, 3);
    put(&f, 700 * KIB, 10, 4);
    assert_reads(&f, 0, f.size);
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

static void changes_that_do_not_fit_the_memory_go_to_the_spool(void **state)
{
    (void)state;
    struct file f;
    struct volume_config config;
    config_of(&config, true);
    config.memory_limit = 512 * KIB;
    config.window = 128 * KIB;
    start_config(&f, &config);
    stream(&f, 2048 * KIB, 2);
    put(&f, 5, 5, 3);
    for (unsigned i = 0; i < 400; i++) { // over twice the memory, each place several times
        uint64_t at = (uint64_t)rand() % (2040 * KIB);
        put(&f, at, 1 + (size_t)rand() % 5000, i + 4);
        if (i % 50 == 0)
            assert_reads(&f, 0, f.size);
    }
    struct volume_memory memory;
    volume_memory(f.rig.volume, &memory);
    assert_true(memory.peak <= memory.limit);
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

static void parts_beyond_the_memory_are_sent_from_the_spool(void **state)
{
    (void)state;
    struct file f;
    struct volume_config config;
    config_of(&config, true);
    config.memory_limit = 512 * KIB;
    config.window = 128 * KIB;
    start_config(&f, &config);
    assert_ok(writer_create(f.rig.volume, KEY, &f.writer));
    assert_ok(writer_truncate(f.writer, 9000 * 512 * KIB)); // parts of 512 KiB: all of the memory
    for (uint64_t at = 0; at < 3000 * KIB; at += 40 * KIB)
        put(&f, at, 40 * KIB, 2);
    put(&f, f.size, 5, 2);
    assert_ok(writer_truncate(f.writer, f.size));
    commit(&f, WRITER_CLOSE);
    assert_int_equal(store_memory_calls_of(f.rig.store, MEMORY_PART), 6);
    struct writer_status status;
    writer_status(f.writer, &status);
    assert_int_equal(status.parts, 6);
    stop(&f);
}

// Its only part was begun in the spool, because of its size to be, and goes as one PUT.
static void a_file_that_stays_small_is_put_from_the_spool(void **state)
{
    (void)state;
    struct file f;
    struct volume_config config;
    config_of(&config, true);
    config.memory_limit = 512 * KIB;
    start_config(&f, &config);
    assert_ok(writer_create(f.rig.volume, KEY, &f.writer));
    assert_ok(writer_truncate(f.writer, 9000 * 512 * KIB));
    put(&f, 0, 16 * KIB, 2);
    while (volume_used(&f) > 0)
        usleep(1000); // until it is sealed, and in the spool
    put(&f, 16 * KIB, 100, 2);
    assert_ok(writer_truncate(f.writer, f.size));
    commit(&f, WRITER_CLOSE);
    assert_int_equal(store_memory_calls_of(f.rig.store, MEMORY_PUT), 1);
    stop(&f);
}

static void a_spooled_part_is_sent_again_from_the_spool(void **state)
{
    (void)state;
    struct file f;
    struct volume_config config;
    config_of(&config, true);
    config.memory_limit = 512 * KIB;
    start_config(&f, &config);
    assert_ok(writer_create(f.rig.volume, KEY, &f.writer));
    assert_ok(writer_truncate(f.writer, 9000 * 512 * KIB));
    put(&f, 0, 1500 * KIB, 2);
    put(&f, 7, 7, 3); // back over two parts that were sent from there
    assert_ok(writer_truncate(f.writer, f.size));
    commit(&f, WRITER_CLOSE);
    stop(&f);
}

// ---- the spool ----

static unsigned spool_files(bool (*fn)(int fd))
{
    unsigned count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char target[512] = "";
        ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);
        if (len <= 0 || strstr(target, "rdsbak-overlay-") == NULL)
            continue;
        count++;
        if (fn != NULL)
            assert_true(fn(atoi(entry->d_name)));
    }
    closedir(dir);
    return count;
}

static bool holds_no_plaintext(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    AUTO_FREE uint8_t *bytes = malloc((size_t)st.st_size + 1);
    assert_int_equal(pread(fd, bytes, (size_t)st.st_size, 0), st.st_size);
    static const uint8_t needle[32] = "plaintextplaintextplaintextplain";
    return memmem(bytes, (size_t)st.st_size, needle, sizeof needle) == NULL;
}

static void the_spool_holds_no_plaintext_and_has_no_name(void **state)
{
    (void)state;
    struct file f;
    struct volume_config config;
    config_of(&config, true);
    config.memory_limit = 512 * KIB;
    config.window = 128 * KIB;
    start_config(&f, &config);
    assert_ok(writer_create(f.rig.volume, KEY, &f.writer));
    AUTO_FREE char *text = malloc(1000 * KIB);
    for (size_t i = 0; i < 1000 * KIB; i++)
        text[i] = "plaintext"[i % 9];
    assert_ok(writer_write(f.writer, 0, text, 1000 * KIB, NULL));
    await_parts(&f, 2);
    for (uint64_t at = 0; at < 990 * KIB; at += 7 * KIB) // shifted: another text
        assert_ok(writer_write(f.writer, at, text + 1, 5 * KIB, NULL));
    assert_int_equal(spool_files(holds_no_plaintext), 2); // what was sealed, and changed chunks
    DIR *dir = opendir(spool_dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        assert_int_equal(entry->d_name[0], '.');
    closedir(dir);
    assert_ok(writer_commit(f.writer, WRITER_CLOSE, NULL));
    assert_int_equal(spool_files(NULL), 0); // its place on the disk is free again
    stop(&f);
}

static void a_full_spool_fails_the_file_and_nothing_else(void **state)
{
    (void)state;
    struct file f;
    start(&f, true);
    begin_committed(&f, 100 * KIB);
    writer_free(f.writer);
    AUTO_FREE uint8_t *before = malloc(f.size);
    memcpy(before, f.bytes, f.size);
    struct rlimit old, little;
    getrlimit(RLIMIT_FSIZE, &old);
    little = (struct rlimit){200 * KIB, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &little);
    assert_ok(writer_create(f.rig.volume, KEY, &f.writer));
    int rc = 0;
    for (uint64_t at = 0; at < 1000 * KIB && rc == 0; at += 20 * KIB)
        rc = write_pattern(f.writer, at, 20 * KIB, 2);
    struct writer_status status = {.failure.code = rc};
    for (int i = 0; i < 120000 && status.failure.code == 0; i++) { // until so much is sealed
        usleep(1000);
        writer_status(f.writer, &status);
    }
    assert_int_equal(writer_commit(f.writer, WRITER_CLOSE, NULL), -ENOSPC);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_stored(&f.rig, KEY, before, 100 * KIB);
    stop(&f);
}

static void a_spool_directory_that_cannot_be_used_is_told_at_the_start(void **state)
{
    (void)state;
    struct volume_config config;
    struct volume *v = NULL;
    config_of(&config, true);
    config.spool_dir = "/nowhere/at/all";
    struct store *store = store_memory_new(config.part_min);
    struct keyring *keyring = keyring_test_new();
    assert_int_equal(volume_new(&v, store, keyring, &config), -ENOENT);
    assert_non_null(strstr(err_text(), "/nowhere/at/all"));
    store_free(store);
    keyring_free(keyring);
}

int main(void)
{
    begin_tests();
    if (mkdtemp(spool_dir) == NULL)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_in_the_middle_keeps_the_rest_and_takes_a_new_key),
        cmocka_unit_test(the_old_object_stays_until_the_change_is_committed),
        cmocka_unit_test(written_from_the_start_it_streams_and_the_old_tail_stays),
        cmocka_unit_test(written_from_the_start_and_trimmed_it_is_shorter),
        cmocka_unit_test(the_head_stays_and_the_rest_is_written_in_order),
        cmocka_unit_test(truncation_and_extension_leave_no_old_bytes),
        cmocka_unit_test(scattered_changes_without_a_spool_stay_open_while_memory_lasts),
        cmocka_unit_test(scattered_changes_that_fill_the_memory_are_sent_on),
        cmocka_unit_test(many_small_changes_in_one_chunk),
        cmocka_unit_test(an_object_that_is_replaced_meanwhile_is_stale),
        cmocka_unit_test(a_large_file_under_another_key_is_continued_under_this_one),
        cmocka_unit_test(an_append_that_then_changes_the_old_part),
        cmocka_unit_test(an_append_to_a_file_that_is_held_may_go_back),
        cmocka_unit_test(what_an_overlay_left_as_it_was_can_be_read),
        cmocka_unit_test(a_read_over_the_old_end_into_a_gap),
        cmocka_unit_test(a_gap_where_the_file_ends_is_not_closed),
        cmocka_unit_test(without_a_spool_it_is_refused_and_the_old_object_stays),
        cmocka_unit_test(with_a_spool_the_header_is_written_last),
        cmocka_unit_test(what_is_sealed_can_be_read_with_a_spool),
        cmocka_unit_test(the_same_bytes_again_cost_nothing),
        cmocka_unit_test(truncation_below_what_is_sealed),
        cmocka_unit_test(an_append_that_goes_back_into_both_parts),
        cmocka_unit_test(a_rewrite_over_a_longer_file_that_goes_back),
        cmocka_unit_test(changes_that_do_not_fit_the_memory_go_to_the_spool),
        cmocka_unit_test(parts_beyond_the_memory_are_sent_from_the_spool),
        cmocka_unit_test(a_file_that_stays_small_is_put_from_the_spool),
        cmocka_unit_test(a_spooled_part_is_sent_again_from_the_spool),
        cmocka_unit_test(the_spool_holds_no_plaintext_and_has_no_name),
        cmocka_unit_test(a_full_spool_fails_the_file_and_nothing_else),
        cmocka_unit_test(a_spool_directory_that_cannot_be_used_is_told_at_the_start),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(spool_dir);
    return failed;
}
