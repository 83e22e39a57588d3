// Reading one object.
//
// Two ways. A read that is not part of a sequence is one ranged GET, decrypted straight into the
// caller's memory. Sequential reading goes by spans: fixed pieces of the file, several on the wire
// ahead of the reader, each in chunks of the memory budget (never more than half of it for all
// readers); without memory a read falls back to the first way, so nobody waits for memory.
//
//   span: WANTED --a worker, or the reader that needs it--> FETCHING --> READY | FAILED --used
//   up--> gone
//
// Entered by any thread; the fetch workers run spans. Lock rank READER; no lock is held over
// network or decryption.
#include "object/reader.h"
#include "common/log.h"
#include "object/volume_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SPAN_SIZE_TARGET (8u << 20)   // bytes: at 8 connections 64 MiB ahead
#define SEQUENTIAL_BYTES (192u << 10) // read in a row before spans begin
#define SEQUENTIAL_SLACK (16u << 20)  // how far concurrent reads of one sequence may be apart
#define AHEAD_FIRST      2            // spans ahead at first; doubles as they are used
#define SPANS_BEHIND     1            // kept behind the reader: requests arrive out of order

enum span_state { SPAN_WANTED, SPAN_FETCHING, SPAN_READY, SPAN_FAILED };

struct span {
    struct work work;
    struct reader *reader;
    uint64_t index; // covers [index * span_size, + size)
    uint64_t size;  // bytes of plaintext, less than span_size at the end
    enum span_state state;
    bool queued;    // a worker holds a reference
    unsigned users; // threads that copy from it or wait for it
    bool dropped;   // out of the table: freed by the last user
    struct err_saved failure;
    size_t count;
    struct budget_chunk *chunks;
    UT_hash_handle hh;
};

struct place { // where the object is: it may be moved on the server
    char key[STORE_KEY_MAX + 1];
    char etag[STORE_ETAG_MAX];
};

struct reader {
    // immutable
    struct volume *volume;
    char key[STORE_KEY_MAX + 1]; // as opened
    struct object_info info;     // as opened
    struct secret *data_key;     // NULL for plaintext objects
    uint64_t size;
    size_t span_size; // multiple of the chunk

    struct lock lock;
    pthread_cond_t changed;
    // guarded by lock
    struct place place;
    struct span *spans;
    unsigned queued;      // spans that workers hold
    uint64_t next_offset; // where a sequence would go on
    uint64_t in_a_row;    // bytes read in sequence
    unsigned ahead;       // spans to keep ahead; 0: not sequential
    uint64_t front;       // index of the span read last
};

// ---- one range, decrypted ----

// Writes plaintext [want, want + len) into pieces of memory, from a stream that starts a little
// earlier.
struct fetch {
    struct reader *reader;
    struct opener *opener; // NULL: plaintext object
    struct cipher_range range;
    uint64_t at; // plaintext offset of the next byte out of the opener
    uint64_t want, len;
    uint8_t *(*memory)(void *place, uint64_t offset, size_t *room); // where plaintext `offset` goes
    void *place;
    uint8_t *scratch; // out of the opener, when it does not fit where it belongs
};

#define SCRATCH_SIZE (64u << 10)

static void deliver(struct fetch *f, const uint8_t *bytes, size_t len)
{
    for (size_t done = 0; done < len;) {
        uint64_t offset = f->at + done;
        if (offset < f->want) {
            uint64_t skip = f->want - offset;
            done += skip < len - done ? (size_t)skip : len - done;
            continue;
        }
        if (offset >= f->want + f->len)
            break; // padding, or the rest of the last block
        size_t room = 0;
        uint8_t *to = f->memory(f->place, offset, &room);
        uint64_t rest = f->want + f->len - offset;
        size_t piece = len - done < room ? len - done : room;
        piece = piece < rest ? piece : (size_t)rest;
        memcpy(to, bytes + done, piece);
        done += piece;
    }
    f->at += len;
}

// Decrypts in to where it belongs, without a copy, as far as it fits there whole.
static int open_in_place(struct fetch *f, const uint8_t *in, size_t len, size_t *used)
{
    *used = 0;
    if (f->at < f->want || f->at >= f->want + f->len)
        return 0;
    size_t room = 0, got = 0;
    uint8_t *to = f->memory(f->place, f->at, &room);
    uint64_t rest = f->want + f->len - f->at;
    room = room < rest ? room : (size_t)rest;
    if (room < 2 * CIPHER_BLOCK_SIZE)
        return 0;
    size_t piece = room - CIPHER_BLOCK_SIZE < len ? room - CIPHER_BLOCK_SIZE : len;
    int rc = opener_update(f->opener, in, piece, to, &got);
    assert(rc < 0 || got <= room);
    f->at += got;
    *used = piece;
    return rc;
}

static int fetch_begin(void *context)
{
    struct fetch *f = context;
    f->at = f->range.plain_offset;
    return f->opener != NULL ? opener_restart(f->opener) : 0;
}

static int fetch_data(void *context, const void *bytes, size_t len)
{
    struct fetch *f = context;
    const uint8_t *in = bytes;
    if (f->opener == NULL) {
        deliver(f, in, len);
        return 0;
    }
    while (len > 0) {
        size_t used = 0, got = 0;
        int rc = open_in_place(f, in, len, &used);
        if (rc == 0 && used == 0) {
            used = len < SCRATCH_SIZE ? len : SCRATCH_SIZE;
            // Near an edge only a block or two go through the scratch memory.
            if (f->at >= f->want && used > 2 * CIPHER_BLOCK_SIZE)
                used = 2 * CIPHER_BLOCK_SIZE;
            rc = opener_update(f->opener, in, used, f->scratch, &got);
            if (rc == 0)
                deliver(f, f->scratch, got);
        }
        if (rc < 0)
            return rc;
        in += used;
        len -= used;
    }
    return 0;
}

static bool same_place(const struct place *a, const struct place *b)
{
    return strcmp(a->key, b->key) == 0 && strcmp(a->etag, b->etag) == 0;
}

static void place_now(struct reader *r, struct place *out)
{
    WITH_LOCK(&r->lock);
    *out = r->place;
}

// What was moved while a request was on its way to the old place is asked for at the new one.
static int get_where_it_is(struct fetch *f, const struct store_sink *sink)
{
    struct store *store = f->reader->volume->store;
    struct place place, next;
    place_now(f->reader, &next);
    int rc;
    do {
        place = next;
        rc = store->ops->get(store, place.key, place.etag, f->range.cipher_offset,
                             f->range.cipher_len, sink);
        if (rc == -ENOENT || rc == -ESTALE)
            place_now(f->reader, &next);
    } while (rc < 0 && !same_place(&place, &next));
    return rc;
}

// Gets f->range through f->opener; *pad_len as opener_finish gives it.
static int fetch_range(struct fetch *f, size_t *pad_len)
{
    struct reader *r = f->reader;
    struct store_sink sink = {.begin = fetch_begin, .data = fetch_data, .context = f};
    int rc = 0;
    if (r->data_key != NULL) {
        rc = opener_new(&f->opener, r->info.envelope.content, r->data_key, r->info.envelope.iv,
                        &f->range, r->info.object.size);
        f->scratch = malloc(SCRATCH_SIZE + 2 * CIPHER_BLOCK_SIZE);
        if (rc == 0 && f->scratch == NULL)
            rc = err_set(-ENOMEM, "out of memory");
    }
    if (rc == 0)
        rc = get_where_it_is(f, &sink);
    if (rc == 0 && f->opener != NULL)
        rc = opener_finish(f->opener, pad_len);
    if (f->scratch != NULL)
        secret_wipe(f->scratch, SCRATCH_SIZE + 2 * CIPHER_BLOCK_SIZE);
    free(f->scratch);
    opener_free(f->opener);
    return rc;
}

static int fetch_run(struct fetch *f)
{
    struct reader *r = f->reader;
    size_t pad_len = 0;
    if (r->data_key != NULL)
        f->range =
            content_range(r->info.envelope.content, f->want, f->len, r->size, r->info.object.size);
    else
        f->range = (struct cipher_range){f->want, f->len, f->want};
    int rc = fetch_range(f, &pad_len);
    // The padding must say what the size said at open.
    if (rc == 0 && pad_len > 0 && r->info.object.size - pad_len != r->size)
        rc = err_set(-EIO, "%s: its content is damaged", r->key);
    return rc;
}

struct flat {
    uint8_t *out;
    uint64_t offset, len;
};

static uint8_t *flat_memory(void *place, uint64_t offset, size_t *room)
{
    struct flat *flat = place;
    *room = (size_t)(flat->offset + flat->len - offset);
    return flat->out + (offset - flat->offset);
}

static int fetch_flat(struct reader *r, uint64_t offset, uint8_t *out, size_t len)
{
    struct flat flat = {out, offset, len};
    struct fetch f = {
        .reader = r, .want = offset, .len = len, .memory = flat_memory, .place = &flat};
    return fetch_run(&f);
}

// ---- spans ----

static uint8_t *span_memory(void *place, uint64_t offset, size_t *room)
{
    struct span *span = place;
    size_t chunk_size = span->reader->volume->chunk_size;
    uint64_t within = offset - span->index * span->reader->span_size;
    *room = chunk_size - (size_t)(within % chunk_size);
    return span->chunks[within / chunk_size].data + within % chunk_size;
}

static void span_free(struct span *span)
{
    for (size_t i = 0; i < span->count; i++)
        budget_give_from_reading(span->reader->volume->budget, &span->chunks[i]);
    free(span->chunks);
    free(span);
}

static void span_drop_locked(struct reader *r, struct span *span)
{
    HASH_DEL(r->spans, span);
    span->dropped = true;
    if (span->users == 0 && !span->queued)
        span_free(span);
}

static struct span *span_find_locked(struct reader *r, uint64_t index)
{
    struct span *span;
    HASH_FIND(hh, r->spans, &index, sizeof index, span);
    return span;
}

static struct span *span_new_locked(struct reader *r, uint64_t index)
{
    struct span *span = calloc(1, sizeof *span);
    if (span == NULL)
        return NULL;
    uint64_t begin = index * r->span_size;
    size_t chunk_size = r->volume->chunk_size;
    span->reader = r;
    span->index = index;
    span->size = r->size - begin < r->span_size ? r->size - begin : r->span_size;
    size_t need = (size_t)((span->size + chunk_size - 1) / chunk_size);
    span->chunks = calloc(need, sizeof *span->chunks);
    while (span->chunks != NULL && span->count < need &&
           budget_take_for_reading(r->volume->budget, &span->chunks[span->count]))
        span->count++;
    if (span->count < need) {
        span_free(span);
        return NULL;
    }
    HASH_ADD(hh, r->spans, index, sizeof span->index, span);
    return span;
}

// Turns a wanted span into a ready or failed one, in this thread.
static void span_fetch_locked(struct reader *r, struct span *span)
{
    assert(span->state == SPAN_WANTED);
    span->state = SPAN_FETCHING;
    span->users++;
    struct fetch f = {
        .reader = r,
        .want = span->index * r->span_size,
        .len = span->size,
        .memory = span_memory,
        .place = span,
    };
    lock_give(&r->lock);
    int rc = fetch_run(&f);
    struct err_saved failure;
    err_save(&failure, rc);
    lock_take(&r->lock);
    span->users--;
    span->failure = failure;
    span->state = rc == 0 ? SPAN_READY : SPAN_FAILED;
    pthread_cond_broadcast(&r->changed);
}

static void span_run(struct work *work)
{
    struct span *span = (struct span *)((char *)work - offsetof(struct span, work));
    struct reader *r = span->reader;
    lock_take(&r->lock);
    if (span->state == SPAN_WANTED && !span->dropped)
        span_fetch_locked(r, span);
    span->queued = false;
    if (span->dropped && span->users == 0)
        span_free(span);
    r->queued--;
    pthread_cond_broadcast(&r->changed);
    lock_give(&r->lock);
}

static void drop_old_spans_locked(struct reader *r)
{
    struct span *span, *next;
    HASH_ITER (hh, r->spans, span, next) {
        bool behind = span->index + SPANS_BEHIND < r->front;
        bool beyond = span->index > r->front + r->ahead + SPANS_BEHIND;
        if ((behind || beyond) && span->users == 0)
            span_drop_locked(r, span);
    }
}

static void read_ahead_locked(struct reader *r)
{
    uint64_t last = (r->size - 1) / r->span_size;
    for (uint64_t index = r->front; index <= r->front + r->ahead && index <= last; index++) {
        if (span_find_locked(r, index) != NULL)
            continue;
        struct span *span = span_new_locked(r, index);
        if (span == NULL)
            return; // no memory: read without
        span->queued = true;
        span->work.run = span_run;
        r->queued++;
        work_submit(r->volume->fetchers, &span->work);
    }
}

// Watches whether reads go on where the last ones ended, give or take what concurrency shuffles.
static void note_read_locked(struct reader *r, uint64_t offset, size_t len)
{
    uint64_t slack = r->in_a_row > 0 ? SEQUENTIAL_SLACK : 0;
    bool follows = offset <= r->next_offset + slack && offset + slack >= r->next_offset;
    if (!follows) {
        r->in_a_row = len;
        r->next_offset = offset + len;
        r->ahead = 0;
        return;
    }
    r->in_a_row += len;
    if (offset + len > r->next_offset)
        r->next_offset = offset + len;
    if (r->in_a_row < SEQUENTIAL_BYTES)
        return;
    uint64_t index = offset / r->span_size;
    unsigned most = r->volume->config.connections;
    if (r->ahead == 0) {
        r->ahead = AHEAD_FIRST < most ? AHEAD_FIRST : most;
        r->front = index;
    } else if (index > r->front) {
        r->ahead = r->ahead * 2 < most ? r->ahead * 2 : most;
        r->front = index;
    }
    drop_old_spans_locked(r);
    read_ahead_locked(r);
}

static void copy_from_span(struct span *span, uint64_t offset, uint8_t *out, size_t len)
{
    while (len > 0) {
        size_t room = 0;
        const uint8_t *from = span_memory(span, offset, &room);
        size_t piece = len < room ? len : room;
        memcpy(out, from, piece);
        offset += piece;
        out += piece;
        len -= piece;
    }
}

// Serves [offset, offset + len) within one span that exists.
static int read_span_locked(struct reader *r, struct span *span, uint64_t offset, uint8_t *out,
                            size_t len)
{
    span->users++;
    if (span->state == SPAN_WANTED)
        span_fetch_locked(r, span); // not started yet: no need to wait for a worker
    while (span->state == SPAN_FETCHING)
        cond_wait_ms(&r->changed, &r->lock, -1); // every request has a deadline
    int rc = 0;
    if (span->state == SPAN_FAILED) {
        rc = err_restore(&span->failure);
    } else {
        lock_give(&r->lock);
        copy_from_span(span, offset, out, len);
        lock_take(&r->lock);
    }
    span->users--;
    if (rc < 0 && !span->dropped)
        span_drop_locked(r, span); // another read may try again
    else if (span->dropped && span->users == 0 && !span->queued)
        span_free(span);
    return rc;
}

// ---- opening ----

static int check_policy(struct reader *r)
{
    const struct object_info *info = &r->info;
    const struct volume_config *config = &r->volume->config;
    if (info->kind == OBJECT_DAMAGED)
        return err_set(info->defect.code, "%s: %s", r->key, info->defect.text);
    if (info->kind == OBJECT_PLAINTEXT)
        return config->plaintext_read ? 0
                                      : err_set(-EACCES,
                                                "%s is not encrypted (it has no envelope): mount "
                                                "with --plaintext=read to read "
                                                "such objects as they are",
                                                r->key);
    int rc = format_set_check(config->read_formats, &info->envelope);
    return rc < 0 ? err_prefix(rc, "%s", r->key) : 0;
}

// The last block, for its padding: nothing of it is wanted.
static int find_exact_size(struct reader *r)
{
    size_t pad_len = 0;
    struct fetch f = {.reader = r, .want = UINT64_MAX};
    f.range = content_tail_range(r->info.envelope.content, r->info.object.size);
    int rc = fetch_range(&f, &pad_len);
    if (rc < 0)
        return err_prefix(rc, "%s", r->key);
    r->info.plain_size = r->info.object.size - pad_len;
    r->info.plain_size_exact = true;
    return 0;
}

static int open_object(struct reader *r)
{
    int rc = check_policy(r);
    if (rc < 0)
        return rc;
    if (r->info.kind == OBJECT_ENCRYPTED) {
        rc = volume_unwrap(r->volume, r->info.object.etag, &r->info.envelope, &r->data_key);
        if (rc < 0)
            return err_prefix(rc, "%s", r->key);
        if (!r->info.plain_size_exact)
            rc = find_exact_size(r);
    }
    r->size = r->info.plain_size;
    return rc;
}

static size_t span_size_for(const struct volume *v)
{
    uint64_t size = SPAN_SIZE_TARGET;
    while (size > v->config.memory_limit / 16 && size > v->chunk_size)
        size /= 2;
    return (size_t)(size / v->chunk_size * v->chunk_size);
}

int reader_open(struct volume *v, const char *key, const struct object_info *info,
                struct reader **out)
{
    CLEANUP(reader_freep) struct reader *r = calloc(1, sizeof *r);
    if (r == NULL)
        return err_set(-ENOMEM, "out of memory");
    lock_init(&r->lock, LOCK_RANK_READER);
    cond_init(&r->changed);
    r->volume = v;
    r->span_size = span_size_for(v);
    if (strlen(key) > STORE_KEY_MAX)
        return err_set(-ENAMETOOLONG, "the key is longer than %d bytes", STORE_KEY_MAX);
    memcpy(r->key, key, strlen(key) + 1);
    int rc = info != NULL ? object_info_copy(&r->info, info) : object_info_get(v, key, &r->info);
    if (rc < 0)
        return rc;
    memcpy(r->place.key, r->key, sizeof r->key);
    memcpy(r->place.etag, r->info.object.etag, sizeof r->place.etag);
    rc = open_object(r);
    if (rc < 0)
        return rc;
    *out = TAKE(r);
    return 0;
}

void reader_free(struct reader *r)
{
    if (r == NULL)
        return;
    lock_take(&r->lock);
    struct span *span, *next;
    HASH_ITER (hh, r->spans, span, next) {
        span_drop_locked(r, span);
    }
    while (r->queued > 0)
        cond_wait_ms(&r->changed, &r->lock, -1);
    lock_give(&r->lock);
    lock_destroy(&r->lock);
    pthread_cond_destroy(&r->changed);
    secret_release(r->data_key);
    object_info_clear(&r->info);
    free(r);
}

void reader_follow(struct reader *r, const char *from_etag, const char *key, const char *etag)
{
    assert(strlen(key) <= STORE_KEY_MAX && strlen(etag) < STORE_ETAG_MAX);
    WITH_LOCK(&r->lock);
    if (strcmp(r->place.etag, from_etag) != 0)
        return;
    memcpy(r->place.key, key, strlen(key) + 1);
    memcpy(r->place.etag, etag, strlen(etag) + 1);
}

uint64_t reader_size(const struct reader *r)
{
    return r->size;
}

const char *reader_etag(const struct reader *r)
{
    return r->info.object.etag;
}

const struct object_info *reader_info(const struct reader *r)
{
    return &r->info;
}

// ---- reading ----

static int read_piece(struct reader *r, uint64_t offset, uint8_t *out, size_t len, size_t *piece)
{
    uint64_t to_span_end = (offset / r->span_size + 1) * r->span_size - offset;
    lock_take(&r->lock);
    struct span *span = span_find_locked(r, offset / r->span_size);
    if (span != NULL) {
        *piece = len < to_span_end ? len : (size_t)to_span_end;
        int rc = read_span_locked(r, span, offset, out, *piece);
        lock_give(&r->lock);
        return rc;
    }
    lock_give(&r->lock);
    *piece = len;
    return fetch_flat(r, offset, out, len);
}

int reader_read(struct reader *r, uint64_t offset, void *out, size_t len, size_t *got)
{
    *got = 0;
    if (offset >= r->size)
        return 0;
    if (len > r->size - offset)
        len = (size_t)(r->size - offset);
    lock_take(&r->lock);
    note_read_locked(r, offset, len);
    lock_give(&r->lock);
    while (*got < len) {
        size_t piece = 0;
        int rc = read_piece(r, offset + *got, (uint8_t *)out + *got, len - *got, &piece);
        if (rc < 0) {
            memset(out, 0, len); // nothing of a failed read is handed out
            return rc;
        }
        *got += piece;
    }
    return 0;
}
