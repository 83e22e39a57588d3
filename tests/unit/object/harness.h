// A volume over the memory store, small enough that every file crosses many parts, and helpers
// around it.
#ifndef TESTS_UNIT_OBJECT_HARNESS_H
#define TESTS_UNIT_OBJECT_HARNESS_H

#include "common/err.h"
#include "common/log.h"
#include "object/reader.h"
#include "object/volume_internal.h"
#include "object/writer.h"
#include "tests/unit/object/keyring_test.h"
#include "tests/unit/object/store_memory.h"
#include "tests/unit/test.h"

#define KIB 1024ull
#define KEY "dir/x.bak"

// What every program begins with. TEST_FILTER in the environment chooses tests by name, as in
// "a_*", TEST_LOG the level of the log, TEST_FORMAT the format of new objects.
static inline void begin_tests(void)
{
    if (secret_init() < 0)
        exit(1);
    enum log_level level = LOG_LEVEL_ERROR;
    const char *wanted = getenv("TEST_LOG");
    if (wanted != NULL && log_level_parse(wanted, &level) < 0)
        exit(1);
    log_init(level, LOG_SINK_STDERR);
    cmocka_set_test_filter(getenv("TEST_FILTER"));
}

struct rig {
    struct store *store;
    struct keyring *keyring;
    struct volume *volume;
};

static inline void rig_config(struct volume_config *config)
{
    volume_config_defaults(config);
    config->part_min = 32 * KIB; // chunks of 8 KiB
    config->part_size = 64 * KIB;
    config->hold_size = 0;
    config->memory_limit = 4096 * KIB;
    config->window = config->memory_limit / 2;
    config->copy_range = 96 * KIB;
    config->zero_tail_max = 1 << 20;
    config->connections = 4;
    config->progress_timeout_ms = 60000; // of what moves, on a busy machine
    const char *format = getenv("TEST_FORMAT");
    assert_ok(format_find(format != NULL ? format : "rds", &config->format));
    config->read_formats = format_set_default(config->format, false);
}

static inline void rig_start_config(struct rig *rig, const struct volume_config *config)
{
    rig->store = store_memory_new(config->part_min);
    rig->keyring = keyring_test_new();
    assert_ok(volume_new(&rig->volume, rig->store, rig->keyring, config));
}

static inline void rig_start_with(struct rig *rig, uint64_t hold_size, uint64_t memory_limit,
                                  uint64_t part_size)
{
    struct volume_config config;
    rig_config(&config);
    config.part_size = part_size;
    config.hold_size = hold_size;
    config.memory_limit = memory_limit;
    config.window = memory_limit / 2;
    rig_start_config(rig, &config);
}

static inline void rig_start(struct rig *rig, uint64_t hold_size)
{
    rig_start_with(rig, hold_size, 4096 * KIB, 64 * KIB);
}

static inline void rig_stop(struct rig *rig)
{
    struct volume_memory memory;
    volume_memory(rig->volume, &memory);
    assert_int_equal(memory.used, 0); // every chunk came back
    volume_free(rig->volume);
    assert_int_equal(store_memory_uploads(rig->store), 0); // nothing left behind
    store_free(rig->store);
    keyring_free(rig->keyring);
}

// The byte that belongs at an offset, by a seed.
static inline uint8_t pattern(uint64_t offset, unsigned seed)
{
    uint64_t x = (offset + 1) * 0x9E3779B97F4A7C15ull + seed * 0xD1B54A32D192ED03ull;
    return (uint8_t)((x ^ (x >> 29)) >> 24);
}

static inline uint8_t *make_bytes(uint64_t offset, size_t len, unsigned seed)
{
    uint8_t *bytes = malloc(len + 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = pattern(offset + i, seed);
    return bytes;
}

static inline int write_pattern(struct writer *w, uint64_t offset, size_t len, unsigned seed)
{
    uint8_t *bytes = make_bytes(offset, len, seed);
    int rc = writer_write(w, offset, bytes, len, NULL);
    free(bytes);
    return rc;
}

// The stored object, opened by the independent reader, equals expected.
static inline void assert_stored(struct rig *rig, const char *key, const uint8_t *expected,
                                 uint64_t size)
{
    uint64_t cipher_size = 0;
    const struct kv *metadata = NULL;
    const uint8_t *cipher = store_memory_object(rig->store, key, &cipher_size, &metadata);
    assert_non_null(cipher);
    uint8_t *plain = NULL;
    int64_t plain_size = keyring_test_decrypt(cipher, cipher_size, metadata, &plain);
    assert_int_equal(plain_size, size);
    if (size > 0)
        assert_memory_equal(plain, expected, size);
    free(plain);
}

// The same through our reader, in pieces of odd sizes.
static inline void assert_read_back(struct rig *rig, const char *key, const uint8_t *expected,
                                    uint64_t size)
{
    struct reader *r = NULL;
    assert_ok(reader_open(rig->volume, key, NULL, &r));
    assert_int_equal(reader_size(r), size);
    uint8_t *out = malloc(size + 100);
    for (uint64_t at = 0; at <= size;) {
        size_t len = 1 + (size_t)(rand() % 50000), got = 0;
        assert_ok(
            reader_read(r, at, out + at, len < size + 100 - at ? len : size + 100 - at, &got));
        if (got == 0)
            break;
        at += got;
    }
    if (size > 0)
        assert_memory_equal(out, expected, size);
    free(out);
    reader_free(r);
}

#endif
