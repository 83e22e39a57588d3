// The volume: what readers and writers share. See volume.h.
#include "object/volume_internal.h"
#include "object/parts.h"
#include "object/writer_internal.h"

#include "common/clock.h"
#include "common/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CHUNK_SIZE_MAX  (1u << 20)
#define CHUNK_SIZE_MIN  4096u
#define SEALERS_MAX     4 // threads; a file seals on one at a time
#define PART_SHARE      3 // a part is at most this fraction of a file's share of the memory
#define PARTS_IN_FLIGHT 4 // what the largest file is promised with
#define CONNECTIONS_MAX 256
#define KEYS_MAX        256
#define KEY_LIFE_MS     (5 * 60 * 1000) // an unwrapped key is asked of KMS again after this

struct key_cache_entry {
    char etag[STORE_ETAG_MAX];
    struct envelope envelope; // owned
    struct secret *key;
    int64_t expires_ms;
    UT_hash_handle hh;
};

void volume_config_defaults(struct volume_config *c)
{
    *c = (struct volume_config){
        .part_size = 8ull << 20,
        .part_min = STORE_PART_SIZE_MIN,
        .hold_size = 64ull << 20,
        .window = 256ull << 20,
        .memory_limit = 512ull << 20,
        .zero_tail_max = 1ull << 30,
        .copy_range = 1ull << 30,
        .copy_object_max = STORE_COPY_SIZE_MAX,
        .connections = 8,
        .progress_timeout_ms = 5 * 60 * 1000,
        .file_size_max = UINT64_MAX,
    };
}

// A power of two that goes at least four times into the smallest part, so that parts end near where
// they should.
static size_t chunk_size_for(uint64_t part_min)
{
    size_t size = CHUNK_SIZE_MAX;
    while (size > CHUNK_SIZE_MIN && size * 4 > part_min)
        size /= 2;
    return size;
}

static uint64_t writer_slots_for(uint64_t part_min, size_t chunk_size)
{
    return (part_min + chunk_size - 1) / chunk_size + WRITER_SPARE_CHUNKS;
}

int volume_config_check(const struct volume_config *c)
{
    size_t chunk = chunk_size_for(c->part_min);
    uint64_t least = writer_slots_for(c->part_min, chunk) * chunk * 2;
    if (c->part_min < CHUNK_SIZE_MIN || c->part_min > STORE_PART_SIZE_MAX)
        return err_set(-EINVAL, "--part-min must be between 4KiB and 5GiB");
    if (c->part_size < c->part_min)
        return err_set(-EINVAL,
                       "--part-size %" PRIu64 " is below the smallest part that S3 takes (%" PRIu64
                       " bytes)",
                       c->part_size, c->part_min);
    if (c->part_size > STORE_PART_SIZE_MAX)
        return err_set(-EINVAL, "--part-size is above S3's largest part of 5GiB");
    if (c->memory_limit < least)
        return err_set(
            -EINVAL,
            "--memory-limit is too small for one writer and one reader: at least %" PRIu64 "MiB",
            (least + (1 << 20) - 1) >> 20);
    if (c->part_size > c->memory_limit / PART_SHARE)
        return err_set(
            -EINVAL,
            "--part-size must not be over a third of --memory-limit: lower one or raise the other");
    if (c->copy_object_max < c->part_min || c->copy_object_max > STORE_COPY_SIZE_MAX)
        return err_set(-EINVAL, "--copy-object-max must be between --part-min and 5GiB");
    if (c->connections < 1 || c->connections > CONNECTIONS_MAX)
        return err_set(-EINVAL, "--connections must be between 1 and %d", CONNECTIONS_MAX);
    return 0;
}

static int start_pools(struct volume *v)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned sealers = processors < 1             ? 1
                       : processors > SEALERS_MAX ? SEALERS_MAX
                                                  : (unsigned)processors;
    int rc = work_pool_new(&v->sealers, "rdsbak-seal", sealers);
    if (rc == 0)
        rc = work_pool_new(&v->senders, "rdsbak-send", v->config.connections);
    if (rc == 0)
        rc = work_pool_new(&v->fetchers, "rdsbak-fetch", v->config.connections);
    return rc;
}

// Better now than in the middle of a backup.
static int check_spool(const char *dir)
{
    CLEANUP(spool_freep) struct spool *spool = NULL;
    int rc = spool_new(dir, &spool);
    return rc == 0 ? spool_write(spool, 0, "", 1) : rc;
}

int volume_new(struct volume **out, struct store *store, struct keyring *keyring,
               const struct volume_config *config)
{
    int rc = volume_config_check(config);
    if (rc < 0)
        return rc;
    CLEANUP(volume_freep) struct volume *v = calloc(1, sizeof *v);
    if (v == NULL)
        return err_set(-ENOMEM, "out of memory");
    v->store = store;
    v->keyring = keyring;
    v->config = *config;
    v->chunk_size = chunk_size_for(config->part_min);
    v->writer_slots = writer_slots_for(config->part_min, v->chunk_size);
    lock_init(&v->writers_lock, LOCK_RANK_BUDGET);
    lock_init(&v->keys_lock, LOCK_RANK_STORE);
    if (config->spool_dir != NULL && !config->read_only)
        rc = check_spool(config->spool_dir);
    if (rc == 0)
        rc = budget_new(&v->budget, config->memory_limit, v->chunk_size);
    if (rc == 0)
        rc = start_pools(v);
    if (rc < 0)
        return rc;
    *out = TAKE(v);
    return 0;
}

static void drop_key(struct volume *v, struct key_cache_entry *entry)
{
    HASH_DEL(v->keys, entry);
    envelope_clear(&entry->envelope);
    secret_release(entry->key);
    free(entry);
}

void volume_free(struct volume *v)
{
    if (v == NULL)
        return;
    assert(v->writers == NULL);
    // Sealing feeds sending, so it ends first.
    work_pool_free(v->sealers);
    work_pool_free(v->senders);
    work_pool_free(v->fetchers);
    budget_free(v->budget);
    struct key_cache_entry *entry, *next;
    HASH_ITER (hh, v->keys, entry, next) {
        drop_key(v, entry);
    }
    lock_destroy(&v->writers_lock);
    lock_destroy(&v->keys_lock);
    free(v);
}

struct store *volume_store(const struct volume *v)
{
    return v->store;
}

struct keyring *volume_keyring(const struct volume *v)
{
    return v->keyring;
}

const struct volume_config *volume_config(const struct volume *v)
{
    return &v->config;
}

static uint64_t round_down(uint64_t value, uint64_t unit)
{
    return value / unit * unit;
}

static uint64_t cap_for_share(const struct volume *v, uint64_t cap)
{
    uint64_t least = (v->config.part_min + v->chunk_size - 1) / v->chunk_size * v->chunk_size;
    uint64_t rounded =
        round_down(cap < STORE_PART_SIZE_MAX ? cap : STORE_PART_SIZE_MAX, v->chunk_size);
    return rounded > least ? rounded : least;
}

uint64_t volume_file_size_max(const struct volume *v)
{
    uint64_t cap = v->config.memory_limit / (PARTS_IN_FLIGHT + 1);
    if (v->config.spool_dir != NULL)
        cap = STORE_PART_SIZE_MAX;
    struct parts_plan plan = {
        .first = v->config.part_size,
        .chunk = v->chunk_size,
        .cap = cap_for_share(v, cap),
    };
    uint64_t capacity = parts_capacity(&plan, 1), most = volume_plain_size_max(v);
    return capacity < most ? capacity : most;
}

uint64_t volume_plain_size_max(const struct volume *v)
{
    uint64_t most = content_plain_size_max(v->config.format->content);
    return v->config.file_size_max < most ? v->config.file_size_max : most;
}

int volume_refuse_size(const struct volume *v, const char *key, uint64_t size)
{
    const struct format *format = v->config.format;
    uint64_t most = volume_plain_size_max(v);
    if (most < content_plain_size_max(format->content))
        return err_set(-ENOSPC,
                       "%s: %" PRIu64 " bytes are more than --file-size-max %" PRIu64
                       " allows: raise it (format %s holds %" PRIu64 "), or write several files",
                       key, size, most, format->name, content_plain_size_max(format->content));
    return err_set(-ENOSPC,
                   "%s: %" PRIu64 " bytes are more than format %s holds (%" PRIu64
                   " bytes, all that one key may encrypt with %s): write several files (BACKUP "
                   "DATABASE ... TO DISK = ..., DISK = ...), or mount with --format rds",
                   key, size, format->name, most, content_alg_name(format->content));
}

void volume_memory(const struct volume *v, struct volume_memory *out)
{
    struct budget_usage usage;
    budget_usage(v->budget, &usage);
    *out = (struct volume_memory){usage.limit, usage.used, usage.peak};
}

uint64_t volume_part_cap(struct volume *v)
{
    WITH_LOCK(&v->writers_lock);
    unsigned count = v->writers_count > 0 ? v->writers_count : 1;
    return cap_for_share(v, v->config.memory_limit / count / PART_SHARE);
}

uint64_t volume_part_max(struct volume *v)
{
    if (v->config.spool_dir == NULL)
        return volume_part_cap(v);
    return round_down(STORE_PART_SIZE_MAX, v->chunk_size);
}

void volume_add_writer(struct volume *v, struct writer *w)
{
    WITH_LOCK(&v->writers_lock);
    w->next = v->writers;
    v->writers = w;
    v->writers_count++;
    metric_move(METRIC_FILES_WRITTEN, 1);
}

void volume_remove_writer(struct volume *v, struct writer *w)
{
    WITH_LOCK(&v->writers_lock);
    struct writer **link = &v->writers;
    while (*link != w)
        link = &(*link)->next;
    *link = w->next;
    v->writers_count--;
    metric_move(METRIC_FILES_WRITTEN, -1);
}

void volume_relieve(struct volume *v)
{
    WITH_LOCK(&v->writers_lock);
    for (struct writer *w = v->writers; w != NULL; w = w->next)
        writer_relieve(w);
}

// ---- data keys ----

// Whether the keyring would have been asked the very same. Whoever can write the bucket can give an
// object another envelope under the same ETag: that its key may be had for this cipher, and under
// this context, is for the keyring to say.
static bool asks_the_same(const struct envelope *a, const struct envelope *b)
{
    return a->version == b->version && a->wrap == b->wrap && a->content == b->content &&
           a->wrapped_len == b->wrapped_len &&
           memcmp(a->wrapped, b->wrapped, a->wrapped_len) == 0 &&
           kv_equal(&a->context, &b->context);
}

static void forget_expired_locked(struct volume *v, int64_t now_ms)
{
    assert(lock_is_mine(&v->keys_lock));
    struct key_cache_entry *entry, *next;
    HASH_ITER (hh, v->keys, entry, next) {
        if (entry->expires_ms <= now_ms || HASH_COUNT(v->keys) >= KEYS_MAX)
            drop_key(v, entry);
    }
}

static struct secret *remembered_key(struct volume *v, const char *etag, const struct envelope *e)
{
    WITH_LOCK(&v->keys_lock);
    forget_expired_locked(v, clock_ms());
    struct key_cache_entry *entry;
    HASH_FIND_STR(v->keys, etag, entry);
    return entry != NULL && asks_the_same(&entry->envelope, e) ? secret_acquire(entry->key) : NULL;
}

static void remember_key(struct volume *v, const char *etag, const struct envelope *e,
                         struct secret *key)
{
    struct key_cache_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL || envelope_copy(&entry->envelope, e) < 0) {
        free(entry);
        return; // only a call to KMS more
    }
    snprintf(entry->etag, sizeof entry->etag, "%s", etag);
    entry->key = secret_acquire(key);
    entry->expires_ms = clock_ms() + KEY_LIFE_MS;
    WITH_LOCK(&v->keys_lock);
    struct key_cache_entry *old;
    HASH_FIND_STR(v->keys, entry->etag, old);
    if (old != NULL)
        drop_key(v, old);
    HASH_ADD_STR(v->keys, etag, entry);
}

int volume_unwrap(struct volume *v, const char *etag, const struct envelope *e, struct secret **key)
{
    *key = remembered_key(v, etag, e);
    bool remembered = *key != NULL;
    int rc = remembered ? 0 : v->keyring->ops->unwrap(v->keyring, e, key);
    if (rc < 0)
        return rc;
    rc = envelope_check_key(e, *key); // also then: the envelope may have been changed since
    if (rc < 0)
        secret_release(TAKE(*key));
    else if (!remembered)
        remember_key(v, etag, e, *key);
    return rc;
}

// ---- what an object is ----

void object_info_clear(struct object_info *info)
{
    store_object_clear(&info->object);
    envelope_clear(&info->envelope);
    *info = (struct object_info){0};
}

int object_info_copy(struct object_info *to, const struct object_info *from)
{
    struct object_info copy = *from;
    copy.object.metadata = (struct kv){0};
    copy.envelope.context = (struct kv){0};
    int rc = kv_copy(&copy.object.metadata, &from->object.metadata);
    if (rc == 0)
        rc = kv_copy(&copy.envelope.context, &from->envelope.context);
    if (rc < 0) {
        object_info_clear(&copy);
        return rc;
    }
    *to = copy;
    return 0;
}

static void classify_size(struct object_info *info)
{
    enum content_alg alg = info->envelope.content;
    uint64_t cipher_size = info->object.size;
    if (!content_cipher_size_valid(alg, cipher_size)) {
        info->kind = OBJECT_DAMAGED;
        err_save(&info->defect, err_set(-EIO,
                                        "its size of %" PRIu64
                                        " bytes cannot be that of a whole %s object: truncated?",
                                        cipher_size, content_alg_name(alg)));
        return;
    }
    info->plain_size = content_plain_size(alg, cipher_size, &info->plain_size_exact);
    // A recorded length is believed only when the ciphertext's size allows it.
    if (!info->plain_size_exact && info->envelope.has_plain_size &&
        content_cipher_size(alg, info->envelope.plain_size) == cipher_size) {
        info->plain_size = info->envelope.plain_size;
        info->plain_size_exact = true;
    }
}

// ---- instruction files ----

struct instruction {
    char text[ENVELOPE_INSTRUCTION_MAX];
    size_t len;
};

static int instruction_begin(void *context)
{
    ((struct instruction *)context)->len = 0;
    return 0;
}

static int instruction_data(void *context, const void *bytes, size_t len)
{
    struct instruction *file = context;
    if (len > sizeof file->text - file->len)
        return err_set(-EIO, "the server sends more than was asked for");
    memcpy(file->text + file->len, bytes, len);
    file->len += len;
    return 0;
}

// -ENOENT: there is none.
static int instruction_get(struct volume *v, const char *key, struct instruction *file)
{
    AUTO_FREE char *name = NULL;
    AUTO_STORE_OBJECT struct store_object object = {0};
    if (asprintf(&name, "%s" ENVELOPE_INSTRUCTION_SUFFIX, key) < 0) {
        name = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    if (strlen(name) > STORE_KEY_MAX)
        return err_set(-ENOENT, "no key can be that long");
    int rc = v->store->ops->head(v->store, name, &object);
    if (rc < 0)
        return rc;
    if (object.size == 0 || object.size > sizeof file->text)
        return err_set(-EIO, "instruction file: it has %" PRIu64 " bytes, an envelope 1 to %zu",
                       object.size, sizeof file->text);
    struct store_sink sink = {
        .begin = instruction_begin, .data = instruction_data, .context = file};
    return v->store->ops->get(v->store, name, object.etag, 0, object.size, &sink);
}

// The object has no envelope of its own. *found stays as it is if there is no such file either.
static int envelope_elsewhere(struct volume *v, const char *key, struct object_info *info,
                              enum envelope_found *found)
{
    struct instruction file;
    if ((v->config.read_formats & FORMAT_SET_INSTRUCTION) == 0)
        return *found == ENVELOPE_NONE
                   ? 0
                   : err_set(-EACCES, "its key is in an instruction file, which are not among what "
                                      "is to be read: add instruction to --read-formats");
    int rc = instruction_get(v, key, &file);
    if (rc == -ENOENT)
        return *found == ENVELOPE_NONE
                   ? 0
                   : err_set(-EIO, "incomplete envelope: its instruction file is missing");
    if (rc == 0)
        rc = envelope_parse_instruction(&info->object.metadata, file.text, file.len,
                                        &info->envelope);
    if (rc == 0)
        *found = ENVELOPE_PRESENT;
    return rc;
}

int object_info_get(struct volume *v, const char *key, struct object_info *out)
{
    *out = (struct object_info){0};
    int rc = v->store->ops->head(v->store, key, &out->object);
    if (rc < 0)
        return rc;
    enum envelope_found found = ENVELOPE_NONE;
    rc = envelope_parse(&out->object.metadata, &out->envelope, &found);
    if (rc == 0 && found != ENVELOPE_PRESENT)
        rc = envelope_elsewhere(v, key, out, &found);
    if (rc < 0) {
        out->kind = OBJECT_DAMAGED;
        err_save(&out->defect, rc);
        out->plain_size = out->object.size;
    } else if (found == ENVELOPE_NONE) {
        out->kind = OBJECT_PLAINTEXT;
        out->plain_size = out->object.size;
        out->plain_size_exact = true;
    } else {
        out->kind = OBJECT_ENCRYPTED;
        classify_size(out);
    }
    return 0;
}
