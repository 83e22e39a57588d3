// Going on with an object that is committed: append, changes in the middle, truncation down.
//
// By copy: a new upload whose first parts are the server's own copies of [0, floor16(cut)); the
// last partial block is fetched, decrypted and sealed again under the same key and previous block;
// same envelope, without any plaintext length. By overlay: below the smallest part that a copy may
// have, under another key, or for a change in the middle: what stays is fetched when it is sealed
// (writer_overlay.c). The old object stays readable until the commit.
#include "object/writer_internal.h"
#include "common/log.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define BLOCK ((uint64_t)CIPHER_BLOCK_SIZE)

int writer_ensure_reader_locked(struct writer *w)
{
    assert(w->busy); // nobody else opens one, or commits, meanwhile
    if (w->reader != NULL)
        return 0;
    struct reader *reader = NULL;
    lock_give(&w->lock);
    int rc = reader_open_with_key(w->volume, w->key, &w->committed, w->committed_key, &reader);
    lock_take(&w->lock);
    w->reader = reader;
    return rc;
}

int writer_committed_key(struct writer *w, struct secret **key)
{
    if (w->committed_key == NULL)
        return volume_unwrap(w->volume, w->committed.object.etag, &w->committed.envelope, key);
    *key = secret_acquire(w->committed_key);
    return 0;
}

// Whether an append may go on in the committed object's own stream.
static bool can_continue_locked(const struct writer *w)
{
    struct keyring *keyring = w->volume->keyring;
    const struct envelope *e = &w->committed.envelope;
    return content_resumable(e->content) && format_is(w->volume->config.format, e) &&
           keyring->ops->is_current(keyring, e);
}

// ---- overlay ----

// [0, cut) shows through until it is written.
static int overlay_locked(struct writer *w, uint64_t cut)
{
    int rc = writer_ensure_reader_locked(w);
    if (rc < 0)
        return rc;
    generation_start_locked(w, 0);
    w->hwm = w->gen.before_end = cut;
    w->cost.rewrite = cut > w->volume->config.hold_size;
    // If nothing before its end changes, it may go on under the same key.
    w->gen.keep_envelope = can_continue_locked(w);
    return 0;
}

// ---- copying ----

struct edge {
    uint8_t previous[CIPHER_BLOCK_SIZE]; // ciphertext before the cut: the chaining value
    uint8_t partial[CIPHER_BLOCK_SIZE];  // plaintext of the block that the cut is in
};

struct collect {
    uint8_t *bytes;
    size_t len, max;
};

static int collect_begin(void *context)
{
    ((struct collect *)context)->len = 0;
    return 0;
}

static int collect_data(void *context, const void *bytes, size_t len)
{
    struct collect *c = context;
    if (len > c->max - c->len)
        return err_set(-EIO, "the server sends more than was asked for");
    memcpy(c->bytes + c->len, bytes, len);
    c->len += len;
    return 0;
}

static int open_partial_block(struct writer *w, const struct secret *key, uint64_t at,
                              const uint8_t *blocks, struct edge *edge)
{
    CLEANUP(opener_freep) struct opener *opener = NULL;
    struct cipher_range range = {
        .cipher_offset = at - BLOCK, .cipher_len = 2 * BLOCK, .plain_offset = at};
    uint8_t plain[3 * CIPHER_BLOCK_SIZE];
    size_t len = 0;
    // The opener is not finished: if this is the last block, its padding is of no interest here.
    int rc = opener_new(&opener, w->committed.envelope.content, key, w->committed.envelope.iv,
                        &range, w->committed.object.size);
    if (rc == 0)
        rc = opener_update(opener, blocks, 2 * BLOCK, plain, &len);
    if (rc == 0) {
        assert(len == BLOCK);
        memcpy(edge->partial, plain, BLOCK);
    }
    secret_wipe(plain, sizeof plain);
    return rc;
}

// No lock held. `at` is a multiple of the block, not 0.
static int fetch_edge(struct writer *w, const struct secret *key, uint64_t at, bool partial,
                      struct edge *edge)
{
    uint8_t blocks[2 * CIPHER_BLOCK_SIZE];
    struct collect collect = {.bytes = blocks, .max = sizeof blocks};
    struct store_sink sink = {
        .begin = collect_begin, .data = collect_data, .context = &collect, .cancel = &w->cancel};
    struct store *store = w->volume->store;
    int rc = store->ops->get(store, w->key, w->committed.object.etag, at - BLOCK,
                             partial ? 2 * BLOCK : BLOCK, &sink);
    if (rc < 0)
        return rc;
    memcpy(edge->previous, blocks, BLOCK);
    return partial ? open_partial_block(w, key, at, blocks, edge) : 0;
}

static int put_partial_block_locked(struct writer *w, const struct edge *edge, uint64_t at,
                                    size_t len)
{
    struct window_chunk *chunk = NULL;
    int rc;
    do {
        rc = window_obtain_locked(w, at / w->volume->chunk_size, NULL, &chunk);
    } while (rc == -EAGAIN);
    if (rc < 0)
        return rc;
    uint32_t begin = (uint32_t)(at % w->volume->chunk_size);
    memcpy(chunk->memory.data + begin, edge->partial, len);
    return extents_add(&chunk->written, begin, begin + (uint32_t)len);
}

static int copy_locked(struct writer *w, uint64_t cut)
{
    uint64_t at = cut / BLOCK * BLOCK;
    struct edge edge = {0};
    struct secret *key = NULL;
    struct envelope envelope = {0};
    // Of the last, partial block a read may want what was there before, beside a gap behind it.
    int rc = writer_ensure_reader_locked(w);
    if (rc < 0)
        return rc;
    lock_give(&w->lock);
    rc = writer_committed_key(w, &key);
    if (rc == 0)
        rc = fetch_edge(w, key, at, cut > at, &edge);
    if (rc == 0)
        rc = envelope_copy(&envelope, &w->committed.envelope);
    lock_take(&w->lock);
    generation_start_locked(w, at);
    w->hwm = w->gen.before_end = cut;
    w->gen.envelope = envelope;
    w->gen.data_key = key;
    w->gen.has_key = rc == 0;
    if (rc == 0)
        rc = sealer_resume(&w->gen.sealer, envelope.content, key, edge.previous);
    if (rc == 0 && cut > at)
        rc = put_partial_block_locked(w, &edge, at, (size_t)(cut - at));
    memcpy(w->gen.stream.iv, edge.previous, sizeof edge.previous);
    if (rc == 0)
        rc = send_copies_locked(w, at);
    secret_wipe(&edge, sizeof edge);
    return rc;
}

// ---- which way ----

static bool can_copy_locked(const struct writer *w, uint64_t cut)
{
    return cut / BLOCK * BLOCK >= w->volume->config.part_min && can_continue_locked(w);
}

// The key is the committed object's: a damaged or unencrypted one cannot be continued.
static int check_committed_locked(const struct writer *w)
{
    if (w->committed.kind == OBJECT_DAMAGED)
        return err_set(w->committed.defect.code, "%s: %s", w->key, w->committed.defect.text);
    if (w->committed.kind == OBJECT_PLAINTEXT)
        return err_set(-EACCES, "%s is not encrypted: it can be replaced as a whole, not changed",
                       w->key);
    return 0;
}

// The exact size is known: at most everything up to `cut` is to be kept.
static int reopen_locked(struct writer *w, uint64_t cut)
{
    if (cut == 0) {
        generation_start_locked(w, 0);
        w->hwm = 0;
        return 0;
    }
    int rc = check_committed_locked(w);
    if (rc < 0)
        return rc;
    if (can_copy_locked(w, cut))
        return copy_locked(w, cut);
    rc = overlay_locked(w, cut);
    // What stays is known, and can be on its way before the rest comes.
    if (rc == 0)
        w->gen.closed_until = cut;
    return rc;
}

int writer_exclusively_locked(struct writer *w, int (*step)(struct writer *, uint64_t),
                              uint64_t argument)
{
    bool own = !w->busy;
    if (own)
        writer_begin_busy_locked(w);
    int rc = step(w, argument);
    if (rc < 0)
        writer_fail_locked(w, rc);
    if (own)
        writer_end_busy_locked(w);
    if (rc < 0)
        return err_restore(&w->failure);
    writer_kick(w);
    return 0;
}

static int change_locked(struct writer *w, uint64_t cut)
{
    int rc = check_committed_locked(w);
    return rc < 0 ? rc : overlay_locked(w, cut);
}

int reopen_for_write_locked(struct writer *w, uint64_t offset)
{
    assert(!w->open && w->has_committed);
    return writer_exclusively_locked(w, offset >= w->hwm ? reopen_locked : change_locked, w->hwm);
}

// A file under way starts over from what is committed.
static int start_over_locked(struct writer *w, uint64_t cut)
{
    send_abandon_locked(w);
    if (w->failure.code != 0)
        return err_restore(&w->failure);
    window_clear_locked(w);
    generation_clear(w);
    w->open = false;
    return reopen_locked(w, cut);
}

int reopen_at_locked(struct writer *w, uint64_t cut)
{
    if (!w->open)
        return writer_exclusively_locked(w, reopen_locked, cut);
    if (cut == 0 || (w->has_committed && cut <= w->gen.base))
        return writer_exclusively_locked(w, start_over_locked, cut);
    int rc = writer_exclusively_locked(w, overlay_go_back_locked, cut);
    if (rc == 0)
        writer_cut_locked(w, cut);
    return rc;
}
