// Reading ahead: while access is sequential, fixed pieces of the file are on the wire ahead of the
// reader, each in chunks of the memory budget (never more than half of it for all readers).
//
//   span: WANTED --a worker, or the reader that needs it--> FETCHING --> READY | FAILED --used
//   up--> gone
//
// Entered by any thread that reads; the fetch workers run spans.
#include "object/reader_internal.h"

#include <assert.h>
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
    if (rc == 0) { // it stays meanwhile
        span->users++;
        check_advance_locked(r);
        span->users--;
    }
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
        bool wanted = check_wants_locked(r, span->index * r->span_size, span->size);
        if (behind && wanted && span->state != SPAN_FAILED)
            continue;
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

void spans_note_read_locked(struct reader *r, uint64_t offset, size_t len)
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
    check_keep_up_locked(r, offset);
    drop_old_spans_locked(r);
    read_ahead_locked(r);
}

bool spans_any_locked(struct reader *r, uint64_t offset)
{
    return span_find_locked(r, offset / r->span_size) != NULL;
}

struct span *spans_pin_ready_locked(struct reader *r, uint64_t offset)
{
    struct span *span = span_find_locked(r, offset / r->span_size);
    if (span == NULL || span->state != SPAN_READY)
        return NULL;
    span->users++;
    return span;
}

void spans_unpin_locked(struct reader *r, struct span *span)
{
    (void)r;
    span->users--;
    if (span->dropped && span->users == 0 && !span->queued)
        span_free(span);
}

const uint8_t *span_bytes(struct span *span, uint64_t at, size_t *len)
{
    size_t room = 0;
    const uint8_t *bytes = span_memory(span, at, &room);
    uint64_t rest = span->index * span->reader->span_size + span->size - at;
    *len = room < rest ? room : (size_t)rest;
    return bytes;
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

size_t span_size_for(const struct volume *v)
{
    uint64_t size = SPAN_SIZE_TARGET;
    while (size > v->config.memory_limit / 16 && size > v->chunk_size)
        size /= 2;
    return (size_t)(size / v->chunk_size * v->chunk_size);
}

int spans_read_locked(struct reader *r, uint64_t offset, uint8_t *out, size_t len, size_t *piece)
{
    uint64_t to_span_end = (offset / r->span_size + 1) * r->span_size - offset;
    struct span *span = span_find_locked(r, offset / r->span_size);
    *piece = 0;
    if (span == NULL)
        return 0;
    *piece = len < to_span_end ? len : (size_t)to_span_end;
    return read_span_locked(r, span, offset, out, *piece);
}

void spans_drop_all_locked(struct reader *r)
{
    struct span *span, *next;
    HASH_ITER (hh, r->spans, span, next) {
        span_drop_locked(r, span);
    }
    while (r->queued > 0)
        cond_wait_ms(&r->changed, &r->lock, -1);
}
