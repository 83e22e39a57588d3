// S3's checksums against what is read. See verify_sums.h.
#include "cli/verify_sums.h"

#include "common/codec.h"
#include "crypto/cipher.h"

#include <assert.h>
#include <string.h>

struct sums {
    struct sums_report *report; // borrowed
    struct store_checksums kept;
    struct sealer *sealer;           // owned; NULL: the content is the object
    size_t part;                     // that is being summed
    uint64_t offset, done;           // where it begins; its bytes so far
    uint32_t crc32c;                 // of them
    uint32_t all_crc32c;             // of the parts' checksums so far
    uint8_t tail[CIPHER_BLOCK_SIZE]; // of the content: what fills no block
    size_t tail_len;
};

void sums_free(struct sums *s)
{
    if (s == NULL)
        return;
    store_checksums_clear(&s->kept);
    sealer_free(s->sealer);
    secret_wipe(s->tail, sizeof s->tail);
    free(s);
}

static void note_mismatch(struct sums *s, unsigned part, uint64_t offset, uint64_t end)
{
    struct sums_report *r = s->report;
    if (r->mismatches++ > 0)
        return;
    r->state = SUMS_MISMATCH;
    r->part = part;
    r->offset = offset;
    r->end = end;
}

static void end_part(struct sums *s)
{
    const struct store_part_checksum *kept = &s->kept.parts[s->part++];
    const uint8_t bytes[4] = {(uint8_t)(s->crc32c >> 24), (uint8_t)(s->crc32c >> 16),
                              (uint8_t)(s->crc32c >> 8), (uint8_t)s->crc32c};
    if (s->crc32c != kept->crc32c || s->done != kept->size)
        note_mismatch(s, kept->number, s->offset, s->offset + kept->size);
    s->all_crc32c = crc32c_extend(s->all_crc32c, bytes, sizeof bytes);
    s->offset += kept->size;
    s->done = 0;
    s->crc32c = 0;
}

// Bytes of the object, in order.
static void sum_bytes(struct sums *s, const uint8_t *bytes, size_t len)
{
    while (len > 0 && s->part < s->kept.count) {
        uint64_t left = s->kept.parts[s->part].size - s->done;
        size_t now = len < left ? len : (size_t)left;
        s->crc32c = crc32c_extend(s->crc32c, bytes, now);
        s->done += now;
        bytes += now;
        len -= now;
        if (now == left)
            end_part(s);
    }
    assert(len == 0); // sums_new has held the parts' sizes against the object's
}

int sums_feed(struct sums *s, uint8_t *content, size_t len)
{
    if (s->sealer == NULL) {
        sum_bytes(s, content, len);
        return 0;
    }
    assert(s->tail_len == 0);
    size_t whole = len - len % CIPHER_BLOCK_SIZE;
    int rc = sealer_update(s->sealer, content, whole);
    if (rc < 0)
        return rc;
    sum_bytes(s, content, whole);
    s->tail_len = len - whole;
    memcpy(s->tail, content + whole, s->tail_len);
    return 0;
}

int sums_end(struct sums *s)
{
    uint8_t last[CIPHER_FINISH_MAX];
    size_t len = 0;
    int rc = s->sealer != NULL ? sealer_finish(s->sealer, s->tail, s->tail_len, last, &len) : 0;
    if (rc < 0)
        return rc;
    sum_bytes(s, last, len);
    while (s->part < s->kept.count) // those of nothing
        end_part(s);
    struct sums_report *r = s->report;
    if (r->mismatches == 0 && s->kept.composite && s->all_crc32c != s->kept.crc32c)
        note_mismatch(s, 0, 0, s->offset);
    if (r->mismatches == 0)
        r->state = SUMS_MATCH;
    return 0;
}

// ---- asking ----

// 0 also when the report says why not; then there are no parts.
static int ask(struct sums *s, struct volume *v, const char *key, const struct store_object *object)
{
    struct store *store = volume_store(v);
    uint64_t bytes = 0;
    int rc = store->ops->checksums(store, key, object->etag, &s->kept);
    for (size_t i = 0; rc == 0 && i < s->kept.count; i++)
        bytes += s->kept.parts[i].size;
    if (rc == 0 && s->kept.count > 0 && bytes != object->size)
        rc = err_set(-EIO, "what S3 keeps checksums of is not as long as the object");
    s->report->state = SUMS_UNFINISHED;
    if (rc == 0 && s->kept.count == 0)
        s->report->state = SUMS_NONE;
    if (rc < 0) {
        store_checksums_clear(&s->kept);
        s->report->state = SUMS_UNTOLD;
        err_save(&s->report->why, rc);
    }
    s->report->checksums = s->kept.count;
    return rc == -ENOMEM ? rc : 0;
}

int sums_new(struct sums **out, struct volume *v, const char *key, const struct reader *r,
             struct sums_report *report)
{
    CLEANUP(sums_freep) struct sums *s = calloc(1, sizeof *s);
    const struct object_info *info = reader_info(r);
    const struct secret *data_key = reader_data_key(r);
    *out = NULL;
    if (s == NULL)
        return err_set(-ENOMEM, "out of memory");
    s->report = report;
    int rc = ask(s, v, key, &info->object);
    if (rc == 0 && data_key != NULL && s->kept.count > 0)
        rc = sealer_new(&s->sealer, info->envelope.content, data_key, info->envelope.iv);
    if (rc == 0 && s->kept.count > 0)
        *out = TAKE(s);
    return rc;
}
