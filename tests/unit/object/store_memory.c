#include "tests/unit/object/store_memory.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/err.h"
#include "common/lock.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define OBJECTS_MAX 64
#define UPLOADS_MAX 64

struct blob {
    uint8_t *data;
    uint64_t size;
};

struct object {
    char key[STORE_KEY_MAX + 1];
    char etag[STORE_ETAG_MAX];
    struct blob body;
    struct kv metadata;
};

struct upload {
    char id[32]; // "" : free
    char key[STORE_KEY_MAX + 1];
    struct kv metadata;
    struct blob parts[STORE_PART_NUMBER_MAX + 1];
    char etags[STORE_PART_NUMBER_MAX + 1][24];
};

struct store_memory {
    struct store base;
    uint64_t part_min;
    struct lock lock; // guards all below
    struct object objects[OBJECTS_MAX];
    struct upload *uploads[UPLOADS_MAX];
    unsigned serial, calls, calls_of[MEMORY_OPS], fail_in, delay_us;
    enum memory_fault fault;
    int fail_code, broken[MEMORY_OPS];
    enum memory_op failed;
    bool copy_conditions_ignored, only_new_ignored;
    uint64_t sent, fetched;
    store_memory_hook_fn hook;
    void *hook_context;
};

static struct store_memory *self(struct store *s)
{
    return (struct store_memory *)s;
}

// ---- faults ----

struct verdict {
    int before, after;
};

static struct verdict enter_at(struct store *s, enum memory_op op, uint64_t at)
{
    struct store_memory *m = self(s);
    struct verdict v = {0};
    lock_take(&m->lock);
    unsigned delay_us = m->delay_us;
    store_memory_hook_fn hook = m->hook;
    void *context = m->hook_context;
    lock_give(&m->lock);
    if (delay_us > 0) {
        struct timespec pause = {.tv_nsec = (long)(rand() % (int)delay_us) * 1000};
        nanosleep(&pause, NULL);
    }
    if (hook != NULL)
        hook(context, op, at);
    lock_take(&m->lock);
    m->calls++;
    m->calls_of[op]++;
    if (m->broken[op] != 0)
        v.before = m->broken[op];
    if (m->fail_in > 0 && --m->fail_in == 0) {
        *(m->fault == FAULT_BEFORE ? &v.before : &v.after) = m->fail_code;
        m->failed = op;
    }
    return v;
}

static struct verdict enter(struct store *s, enum memory_op op)
{
    return enter_at(s, op, 0);
}

static int leave(struct store *s, int rc, struct verdict v)
{
    lock_give(&self(s)->lock);
    if (rc == 0 && v.after != 0)
        return err_set(v.after, "scripted: the answer is lost");
    return rc;
}

static int scripted(int code)
{
    return err_set(code, "scripted failure");
}

// ---- objects ----

static struct object *find(struct store_memory *m, const char *key)
{
    for (int i = 0; i < OBJECTS_MAX; i++) {
        if (m->objects[i].body.data != NULL && strcmp(m->objects[i].key, key) == 0)
            return &m->objects[i];
    }
    return NULL;
}

static void drop(struct object *o)
{
    free(o->body.data);
    kv_clear(&o->metadata);
    *o = (struct object){0};
}

static struct object *place(struct store_memory *m, const char *key, struct blob body,
                            const struct kv *metadata)
{
    struct object *o = find(m, key);
    if (o != NULL)
        drop(o);
    for (o = m->objects; o->body.data != NULL; o++)
        assert(o < m->objects + OBJECTS_MAX - 1);
    snprintf(o->key, sizeof o->key, "%s", key);
    snprintf(o->etag, sizeof o->etag, "etag-%u", ++m->serial);
    o->body = body;
    int rc = metadata != NULL ? kv_copy(&o->metadata, metadata) : 0;
    assert(rc == 0);
    return o;
}

static struct blob blob_new(uint64_t size)
{
    struct blob b = {malloc(size + 1), size};
    assert(b.data != NULL);
    return b;
}

static struct blob gather(const struct store_body *body)
{
    struct blob b = blob_new(body->size);
    uint64_t at = 0;
    if (body->read != NULL) {
        int rc = body->read(body->read_context, 0, b.data, body->size);
        assert(rc == 0);
        at = body->size;
    }
    for (size_t i = 0; i < body->iov_count; i++) {
        memcpy(b.data + at, body->iov[i].iov_base, body->iov[i].iov_len);
        at += body->iov[i].iov_len;
    }
    assert(at == body->size);
    assert(crc32c_extend(0, b.data, b.size) == body->crc32c); // as a server would check it
    return b;
}

static void result_of(const struct object *o, struct store_result *out)
{
    memcpy(out->etag, o->etag, sizeof out->etag);
    out->version_id[0] = '\0';
}

static int head(struct store *s, const char *key, struct store_object *out)
{
    struct verdict v = enter(s, MEMORY_HEAD);
    struct object *o = find(self(s), key);
    int rc = v.before ? scripted(v.before) : o == NULL ? err_set(-ENOENT, "no such key") : 0;
    if (rc == 0) {
        *out = (struct store_object){.size = o->body.size, .mtime_s = 1};
        memcpy(out->etag, o->etag, sizeof out->etag);
        rc = kv_copy(&out->metadata, &o->metadata);
    }
    rc = leave(s, rc, v);
    if (rc < 0 && v.after != 0)
        store_object_clear(out);
    return rc;
}

// It keeps one checksum of every object: of the whole.
static int checksums(struct store *s, const char *key, const char *etag,
                     struct store_checksums *out)
{
    struct verdict v = enter(s, MEMORY_HEAD);
    struct object *o = find(self(s), key);
    int rc = v.before ? scripted(v.before) : o == NULL ? err_set(-ENOENT, "no such key") : 0;
    if (rc == 0 && strcmp(o->etag, etag) != 0)
        rc = err_set(-ESTALE, "replaced");
    *out = (struct store_checksums){0};
    if (rc == 0) {
        out->parts = calloc(1, sizeof *out->parts);
        assert(out->parts != NULL);
        out->crc32c = crc32c_extend(0, o->body.data, o->body.size);
        out->parts[0] = (struct store_part_checksum){.size = o->body.size, .crc32c = out->crc32c};
        out->count = 1;
    }
    rc = leave(s, rc, v);
    if (rc < 0)
        store_checksums_clear(out);
    return rc;
}

static int get(struct store *s, const char *key, const char *if_match, uint64_t offset,
               uint64_t len, const struct store_sink *sink)
{
    struct verdict v = enter_at(s, MEMORY_GET, offset);
    struct object *o = find(self(s), key);
    int rc = 0;
    struct blob copy = {0};
    if (v.before)
        rc = scripted(v.before);
    else if (o == NULL)
        rc = err_set(-ENOENT, "no such key");
    else if (if_match != NULL && strcmp(if_match, o->etag) != 0)
        rc = err_set(-ESTALE, "the object changed");
    else if (offset + len > o->body.size)
        rc = err_set(-EIO, "416 range");
    if (rc == 0) {
        copy = blob_new(len);
        memcpy(copy.data, o->body.data + offset, len);
        self(s)->fetched += len;
    }
    leave(s, rc, (struct verdict){0});
    if (rc == 0)
        rc = sink->begin(sink->context);
    len = v.after ? len / 2 : len;
    for (uint64_t at = 0; rc == 0 && at < len;) {
        uint64_t piece = 1 + (uint64_t)rand() % 20000; // as the network cuts it
        piece = piece < len - at ? piece : len - at;
        rc = sink->data(sink->context, copy.data + at, piece);
        at += piece;
    }
    free(copy.data);
    return rc == 0 && v.after ? err_set(v.after, "scripted: broke off") : rc;
}

// Whether only what is new may be made, and there is an object.
static int check_new(struct store_memory *m, const char *key, bool only_new)
{
    return only_new && !m->only_new_ignored && find(m, key) != NULL
               ? err_set(-EEXIST, "PreconditionFailed")
               : 0;
}

static int put(struct store *s, const char *key, const struct kv *metadata,
               const struct store_body *body, struct store_result *out)
{
    struct verdict v = enter(s, MEMORY_PUT);
    int rc = v.before ? scripted(v.before) : 0;
    if (rc == 0 && body->cancel != NULL && atomic_load(body->cancel))
        rc = err_set(-ECANCELED, "cancelled");
    if (rc == 0)
        rc = check_new(self(s), key, body->only_new);
    if (rc == 0) {
        self(s)->sent += body->size;
        result_of(place(self(s), key, gather(body), metadata), out);
    }
    return leave(s, rc, v);
}

static int remove_object(struct store *s, const char *key)
{
    struct verdict v = enter(s, MEMORY_REMOVE);
    struct object *o = find(self(s), key);
    if (o != NULL && !v.before)
        drop(o);
    return leave(s, v.before ? scripted(v.before) : 0, v);
}

// The store that a copy's source is in.
static struct store_memory *source_of(struct store *s, struct store *from)
{
    return self(from != NULL ? from : s);
}

static int copy_object(struct store *s, struct store *source, const char *from,
                       const char *if_match, const char *to, const struct kv *metadata,
                       struct store_result *out)
{
    struct verdict v = enter(s, MEMORY_COPY);
    struct object *o = find(source_of(s, source), from);
    int rc = v.before ? scripted(v.before) : o == NULL ? err_set(-ENOENT, "no such key") : 0;
    if (rc == 0 && if_match != NULL && strcmp(if_match, o->etag) != 0)
        rc = err_set(-ESTALE, "changed");
    if (rc == 0) {
        struct blob b = blob_new(o->body.size);
        AUTO_KV struct kv meta = {0};
        memcpy(b.data, o->body.data, b.size);
        rc = kv_copy(&meta, metadata != NULL ? metadata : &o->metadata);
        result_of(place(self(s), to, b, &meta), out);
    }
    return leave(s, rc, v);
}

struct listing {
    struct store_listed entries[OBJECTS_MAX];
    char keys[OBJECTS_MAX][STORE_KEY_MAX + 1];
    unsigned count;
};

static int compare_listed(const void *a, const void *b)
{
    return strcmp(((const struct store_listed *)a)->key, ((const struct store_listed *)b)->key);
}

static void list_one(struct listing *l, const struct object *o, size_t prefix_len, char delimiter)
{
    char *key = l->keys[l->count];
    snprintf(key, sizeof l->keys[0], "%s", o->key);
    char *end = delimiter != '\0' ? strchr(key + prefix_len, delimiter) : NULL;
    if (end != NULL)
        end[1] = '\0';
    for (unsigned i = 0; i < l->count && end != NULL; i++) {
        if (strcmp(l->keys[i], key) == 0)
            return; // one entry for all below it
    }
    l->entries[l->count++] = (struct store_listed){
        .key = key, .size = o->body.size, .mtime_s = 1, .is_prefix = end != NULL};
}

static int list(struct store *s, const char *prefix, char delimiter, unsigned limit,
                store_list_fn fn, void *context)
{
    struct verdict v = enter(s, MEMORY_LIST);
    struct store_memory *m = self(s);
    struct listing *l = calloc(1, sizeof *l);
    size_t len = strlen(prefix);
    assert(l != NULL);
    int rc = v.before ? scripted(v.before) : 0;
    for (int i = 0; i < OBJECTS_MAX && rc == 0; i++) {
        if (m->objects[i].body.data != NULL && strncmp(m->objects[i].key, prefix, len) == 0)
            list_one(l, &m->objects[i], len, delimiter);
    }
    rc = leave(s, rc, v);
    qsort(l->entries, l->count, sizeof l->entries[0], compare_listed);
    for (unsigned i = 0; i < l->count && rc == 0 && (limit == 0 || i < limit); i++)
        rc = fn(context, &l->entries[i]);
    free(l);
    return rc;
}

// ---- uploads ----

static struct upload **upload_find(struct store_memory *m, const char *key, const char *id)
{
    for (int i = 0; i < UPLOADS_MAX; i++) {
        if (m->uploads[i] != NULL && strcmp(m->uploads[i]->id, id) == 0 &&
            strcmp(m->uploads[i]->key, key) == 0)
            return &m->uploads[i];
    }
    return NULL;
}

static void upload_drop(struct upload **slot)
{
    for (int i = 0; i <= STORE_PART_NUMBER_MAX; i++)
        free((*slot)->parts[i].data);
    kv_clear(&(*slot)->metadata);
    free(*slot);
    *slot = NULL;
}

static int upload_create(struct store *s, const char *key, const struct kv *metadata,
                         char *upload_id)
{
    struct verdict v = enter(s, MEMORY_CREATE);
    struct store_memory *m = self(s);
    int rc = v.before ? scripted(v.before) : 0;
    if (rc == 0) {
        struct upload **slot = m->uploads;
        while (*slot != NULL)
            slot++;
        assert(slot < m->uploads + UPLOADS_MAX);
        *slot = calloc(1, sizeof **slot);
        snprintf((*slot)->id, sizeof(*slot)->id, "upload-%u", ++m->serial);
        snprintf((*slot)->key, sizeof(*slot)->key, "%s", key);
        rc = kv_copy(&(*slot)->metadata, metadata);
        strcpy(upload_id, (*slot)->id);
    }
    return leave(s, rc, v);
}

static int upload_create_like(struct store *s, const char *key, struct store *source,
                              const char *from, const char *if_match, const struct kv *metadata,
                              char *upload_id)
{
    struct store_memory *m = source_of(s, source);
    lock_take(&m->lock);
    struct object *o = find(m, from);
    int rc = o == NULL ? err_set(-ENOENT, "no such key") : 0;
    if (rc == 0 && if_match != NULL && strcmp(if_match, o->etag) != 0)
        rc = err_set(-ESTALE, "changed");
    lock_give(&m->lock);
    return rc == 0 ? upload_create(s, key, metadata, upload_id) : rc;
}

static int set_part(struct store_memory *m, const char *key, const char *id, unsigned number,
                    struct blob body, struct store_part *out)
{
    struct upload **u = upload_find(m, key, id);
    if (u == NULL || number < 1 || number > STORE_PART_NUMBER_MAX) {
        free(body.data);
        return err_set(-ENOENT, "NoSuchUpload");
    }
    free((*u)->parts[number].data);
    (*u)->parts[number] = body;
    snprintf((*u)->etags[number], sizeof(*u)->etags[number], "part-%u", ++m->serial);
    *out = (struct store_part){.number = number};
    snprintf(out->etag, sizeof out->etag, "%s", (*u)->etags[number]);
    return 0;
}

static int upload_part(struct store *s, const char *key, const char *id, unsigned number,
                       const struct store_body *body, struct store_part *out)
{
    struct verdict v = enter_at(s, MEMORY_PART, number);
    int rc = v.before ? scripted(v.before) : 0;
    if (rc == 0 && body->cancel != NULL && atomic_load(body->cancel))
        rc = err_set(-ECANCELED, "cancelled");
    if (rc == 0) {
        self(s)->sent += body->size;
        rc = set_part(self(s), key, id, number, gather(body), out);
    }
    return leave(s, rc, v);
}

static int upload_part_copy(struct store *s, const char *key, const char *id, unsigned number,
                            struct store *source, const char *from, const char *if_match,
                            uint64_t offset, uint64_t len, struct store_part *out)
{
    struct verdict v = enter_at(s, MEMORY_PART_COPY, number);
    struct object *o = find(source_of(s, source), from);
    int rc = v.before ? scripted(v.before) : o == NULL ? err_set(-ENOENT, "no such key") : 0;
    bool conditional = if_match != NULL && !self(s)->copy_conditions_ignored;
    if (rc == 0 && conditional && strcmp(if_match, o->etag) != 0)
        rc = err_set(-ESTALE, "changed");
    if (rc == 0 && offset + len > o->body.size)
        rc = err_set(-EIO, "416");
    if (rc == 0) {
        struct blob b = blob_new(len);
        memcpy(b.data, o->body.data + offset, len);
        rc = set_part(self(s), key, id, number, b, out);
    }
    return leave(s, rc, v);
}

static int assemble(struct store_memory *m, struct upload *u, const struct store_part *parts,
                    size_t count, struct blob *body)
{
    uint64_t size = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned n = parts[i].number;
        if (i > 0 && n <= parts[i - 1].number)
            return err_set(-EIO, "InvalidPartOrder");
        if (u->parts[n].data == NULL || strcmp(u->etags[n], parts[i].etag) != 0)
            return err_set(-EIO, "InvalidPart");
        if (i + 1 < count && u->parts[n].size < m->part_min)
            return err_set(-EIO, "EntityTooSmall");
        size += u->parts[n].size;
    }
    *body = blob_new(size);
    uint64_t at = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(body->data + at, u->parts[parts[i].number].data, u->parts[parts[i].number].size);
        at += u->parts[parts[i].number].size;
    }
    return 0;
}

static int upload_complete(struct store *s, const char *key, const char *id,
                           const struct store_part *parts, size_t count, bool only_new,
                           struct store_result *out)
{
    struct verdict v = enter(s, MEMORY_COMPLETE);
    struct store_memory *m = self(s);
    struct upload **u = upload_find(m, key, id);
    struct blob body = {0};
    int rc = v.before ? scripted(v.before) : u == NULL ? err_set(-ENOENT, "NoSuchUpload") : 0;
    if (rc == 0)
        rc = check_new(m, key, only_new);
    if (rc == 0)
        rc = assemble(m, *u, parts, count, &body);
    if (rc == 0) {
        result_of(place(m, key, body, &(*u)->metadata), out);
        upload_drop(u);
    }
    return leave(s, rc, v);
}

static int assure(struct store *s, const char *key, const char *version_id)
{
    (void)s, (void)key, (void)version_id; // it has nothing to give
    return 0;
}

static int upload_abort(struct store *s, const char *key, const char *id)
{
    struct verdict v = enter(s, MEMORY_ABORT);
    struct upload **u = upload_find(self(s), key, id);
    if (u != NULL && !v.before)
        upload_drop(u);
    return leave(s, v.before ? scripted(v.before) : 0, v);
}

static int upload_list(struct store *s, const char *prefix, store_uploads_fn fn, void *context)
{
    (void)s, (void)prefix, (void)fn, (void)context;
    assert(!"not used by the tests of object/");
    return -EIO;
}

static void release(struct store *s)
{
    struct store_memory *m = self(s);
    for (int i = 0; i < OBJECTS_MAX; i++) {
        if (m->objects[i].body.data != NULL)
            drop(&m->objects[i]);
    }
    for (int i = 0; i < UPLOADS_MAX; i++) {
        if (m->uploads[i] != NULL)
            upload_drop(&m->uploads[i]);
    }
    lock_destroy(&m->lock);
    free(m);
}

static const struct store_ops STORE_MEMORY_OPS = {
    .head = head,
    .checksums = checksums,
    .get = get,
    .put = put,
    .remove = remove_object,
    .copy = copy_object,
    .list = list,
    .upload_create = upload_create,
    .upload_create_like = upload_create_like,
    .upload_part = upload_part,
    .upload_part_copy = upload_part_copy,
    .upload_complete = upload_complete,
    .assure = assure,
    .upload_abort = upload_abort,
    .upload_list = upload_list,
    .free = release,
};

// ---- the test's side ----

struct store *store_memory_new(uint64_t part_min)
{
    struct store_memory *m = calloc(1, sizeof *m);
    assert(m != NULL);
    m->base.ops = &STORE_MEMORY_OPS;
    m->part_min = part_min;
    m->failed = MEMORY_OPS;
    lock_init(&m->lock, LOCK_RANK_STORE);
    return &m->base;
}

void store_memory_fail(struct store *s, unsigned n, enum memory_fault fault, int code)
{
    WITH_LOCK(&self(s)->lock);
    self(s)->fail_in = n;
    self(s)->fault = fault;
    self(s)->fail_code = code;
}

void store_memory_break(struct store *s, enum memory_op op, int code)
{
    WITH_LOCK(&self(s)->lock);
    self(s)->broken[op] = code;
}

void store_memory_delay(struct store *s, unsigned max_us)
{
    WITH_LOCK(&self(s)->lock);
    self(s)->delay_us = max_us;
}

void store_memory_hook(struct store *s, store_memory_hook_fn fn, void *context)
{
    WITH_LOCK(&self(s)->lock);
    self(s)->hook = fn;
    self(s)->hook_context = context;
}

void store_memory_ignore_copy_conditions(struct store *s)
{
    WITH_LOCK(&self(s)->lock);
    self(s)->copy_conditions_ignored = true;
}

void store_memory_ignore_only_new(struct store *s)
{
    WITH_LOCK(&self(s)->lock);
    self(s)->only_new_ignored = true;
}

enum memory_op store_memory_failed(struct store *s)
{
    WITH_LOCK(&self(s)->lock);
    return self(s)->failed;
}

unsigned store_memory_calls(struct store *s)
{
    WITH_LOCK(&self(s)->lock);
    return self(s)->calls;
}

unsigned store_memory_calls_of(struct store *s, enum memory_op op)
{
    WITH_LOCK(&self(s)->lock);
    return self(s)->calls_of[op];
}

unsigned store_memory_uploads(struct store *s)
{
    WITH_LOCK(&self(s)->lock);
    unsigned count = 0;
    for (int i = 0; i < UPLOADS_MAX; i++)
        count += self(s)->uploads[i] != NULL;
    return count;
}

uint64_t store_memory_sent(struct store *s)
{
    WITH_LOCK(&self(s)->lock);
    return self(s)->sent;
}

uint64_t store_memory_fetched(struct store *s)
{
    WITH_LOCK(&self(s)->lock);
    return self(s)->fetched;
}

const uint8_t *store_memory_object(struct store *s, const char *key, uint64_t *size,
                                   const struct kv **metadata)
{
    WITH_LOCK(&self(s)->lock);
    struct object *o = find(self(s), key);
    if (o == NULL)
        return NULL;
    *size = o->body.size;
    if (metadata != NULL)
        *metadata = &o->metadata;
    return o->body.data;
}

void store_memory_plant(struct store *s, const char *key, const void *data, uint64_t size,
                        const struct kv *metadata)
{
    WITH_LOCK(&self(s)->lock);
    struct blob b = blob_new(size);
    memcpy(b.data, data, size);
    place(self(s), key, b, metadata);
}

void store_memory_relabel(struct store *s, const char *key, const struct kv *metadata)
{
    WITH_LOCK(&self(s)->lock);
    struct object *o = find(self(s), key);
    assert(o != NULL);
    int rc = kv_copy(&o->metadata, metadata);
    assert(rc == 0);
}
