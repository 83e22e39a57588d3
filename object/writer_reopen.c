// Going on with an object that is committed: append, rewrite of a small file, truncation down.
//
// By copy: a new upload whose first parts are the server's own copies of [0, floor16(cut)); the
// last partial block is fetched, decrypted and sealed again under the same key and previous block;
// same envelope, without any plaintext length. By loading: below the smallest part that a copy may
// have, or for a rewrite of a file that may be held: fetched whole. The old object stays readable
// until the commit.
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
    int rc = reader_open(w->volume, w->key, &w->committed, &reader);
    lock_take(&w->lock);
    w->reader = reader;
    return rc;
}

// ---- loading ----

static int load_chunk_locked(struct writer *w, uint64_t index, uint64_t len)
{
    struct window_chunk *chunk = NULL;
    int rc;
    do {
        rc = window_obtain_locked(w, index, NULL, &chunk);
    } while (rc == -EAGAIN); // busy is ours
    if (rc < 0)
        return rc;
    size_t got = 0;
    window_pin_locked(w, chunk);
    lock_give(&w->lock);
    rc = reader_read(w->reader, index * w->volume->chunk_size, chunk->memory.data, len, &got);
    if (rc == 0 && got != len)
        rc = err_set(-EIO, "%s is shorter than it was", w->key);
    lock_take(&w->lock);
    window_unpin_locked(w, chunk);
    return rc < 0 ? rc : extents_add(&chunk->written, 0, (uint32_t)len);
}

// [0, cut) becomes plaintext in the window again.
static int load_locked(struct writer *w, uint64_t cut)
{
    uint64_t chunk_size = w->volume->chunk_size;
    int rc = cut > 0 ? writer_ensure_reader_locked(w) : 0;
    if (rc < 0)
        return rc;
    generation_start_locked(w, 0);
    w->hwm = cut;
    w->gen.keep_envelope =
        cut > 0 && content_resumable(w->committed.envelope.content) &&
        w->volume->keyring->ops->is_current(w->volume->keyring, &w->committed.envelope);
    for (uint64_t offset = 0; offset < cut && rc == 0; offset += chunk_size)
        rc = load_chunk_locked(w, offset / chunk_size,
                               cut - offset < chunk_size ? cut - offset : chunk_size);
    return rc;
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
    lock_give(&w->lock);
    int rc = volume_unwrap(w->volume, w->committed.object.etag, &w->committed.envelope, &key);
    if (rc == 0)
        rc = fetch_edge(w, key, at, cut > at, &edge);
    if (rc == 0)
        rc = envelope_copy(&envelope, &w->committed.envelope);
    lock_take(&w->lock);
    generation_start_locked(w, at);
    w->hwm = cut;
    w->gen.envelope = envelope;
    w->gen.data_key = key;
    w->gen.has_key = rc == 0;
    if (rc == 0)
        rc = sealer_resume(&w->gen.sealer, envelope.content, key, edge.previous);
    if (rc == 0 && cut > at)
        rc = put_partial_block_locked(w, &edge, at, (size_t)(cut - at));
    if (rc == 0)
        rc = send_copies_locked(w, at);
    secret_wipe(&edge, sizeof edge);
    return rc;
}

// ---- which way ----

static bool can_copy_locked(const struct writer *w, uint64_t cut)
{
    struct keyring *keyring = w->volume->keyring;
    return cut / BLOCK * BLOCK >= w->volume->config.part_min &&
           content_resumable(w->committed.envelope.content) &&
           keyring->ops->is_current(keyring, &w->committed.envelope);
}

static int refuse_rewrite_locked(struct writer *w, uint64_t offset)
{
    return err_set(-EOPNOTSUPP,
                   "a write at %" PRIu64 " into the committed file of %" PRIu64
                   " bytes: only files up to --hold-size can be changed in place; write to a new "
                   "file, or raise --hold-size",
                   offset, w->committed.plain_size);
}

static int refuse_foreign(void)
{
    return err_set(-EOPNOTSUPP, "it is under another key than this mount's, and larger than "
                                "--hold-size: it cannot be continued; "
                                "write to a new file, or raise --hold-size");
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
    if (cut <= w->volume->config.hold_size || cut < w->volume->config.part_min)
        return load_locked(w, cut);
    return refuse_foreign();
}

// Runs a step with the exclusive right; a failure is the file's.
static int exclusively_locked(struct writer *w, int (*step)(struct writer *, uint64_t),
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

static int rewrite_locked(struct writer *w, uint64_t offset)
{
    if (w->committed.plain_size > w->volume->config.hold_size)
        return refuse_rewrite_locked(w, offset);
    int rc = check_committed_locked(w);
    if (rc == 0)
        rc = load_locked(w, w->committed.plain_size);
    w->gen.keep_envelope = false;
    return rc;
}

int reopen_for_write_locked(struct writer *w, uint64_t offset)
{
    assert(!w->open && w->has_committed);
    if (offset >= w->hwm)
        return exclusively_locked(w, reopen_locked, w->hwm);
    return exclusively_locked(w, rewrite_locked, offset);
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
        return exclusively_locked(w, reopen_locked, cut);
    if (cut == 0 || (w->has_committed && cut <= w->gen.base))
        return exclusively_locked(w, start_over_locked, cut);
    int rc = err_set(-EOPNOTSUPP,
                     "truncation to %" PRIu64 " bytes, below the %" PRIu64
                     " that are encrypted and on their way: only files up to --hold-size can be "
                     "changed before they are closed",
                     cut, w->gen.sealed);
    writer_fail_locked(w, rc);
    return err_restore(&w->failure);
}
