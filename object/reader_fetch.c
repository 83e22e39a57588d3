// One range of an object: fetched with If-Match, decrypted on its way to where it belongs. Entered
// by any thread that reads, and by the fetch workers.
#include "common/harden.h"
#include "common/log.h"
#include "object/reader_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

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

static int refuse_content(const struct reader *r)
{
    return err_prefix(cipher_content_error(), "%s", r->key);
}

int fetch_range(struct fetch *f, size_t *pad_len)
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
        if (f->scratch != NULL)
            harden_dontdump(f->scratch, SCRATCH_SIZE + 2 * CIPHER_BLOCK_SIZE);
    }
    if (rc == 0)
        rc = get_where_it_is(f, &sink);
    if (rc == 0 && f->opener != NULL && opener_finish(f->opener, pad_len) < 0)
        rc = refuse_content(r);
    if (rc == 0 && f->opener != NULL)
        check_note_fetched(r, f->opener, f->range.cipher_len == r->info.object.size);
    if (f->scratch != NULL)
        secret_wipe(f->scratch, SCRATCH_SIZE + 2 * CIPHER_BLOCK_SIZE);
    free(f->scratch);
    opener_free(f->opener);
    return rc;
}

int fetch_run(struct fetch *f)
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
        rc = refuse_content(r);
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

int fetch_flat(struct reader *r, uint64_t offset, uint8_t *out, size_t len)
{
    struct flat flat = {out, offset, len};
    struct fetch f = {
        .reader = r, .want = offset, .len = len, .memory = flat_memory, .place = &flat};
    return fetch_run(&f);
}
