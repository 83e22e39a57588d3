// The frame of a compressed file. What its records unpack to is fed to the stream; where that is
// not possible (encrypted, or damaged further in front) the frame is walked alone: "blind".
//
//   FILE ─▶ NEXT ─▶ RECORD ─▶ DATA | SKIP ─▶ NEXT
//            ├────▶ PADDING | INDEX ─▶ ENTRIES ─▶ NEXT (a filemark is due)
//            └────▶ FILEMARK ─▶ NEXT (a part begins)
#include "mtf/walk_internal.h"
#include "mtf/xpress.h"

#include <string.h>

#define NEXT_BYTES    24 // of a record's header, or a filemark's
#define INDEX_HEAD    16
#define RECORDS_KNOWN 8 // that followed one another: then their layout is what we think

static void step_begin(struct frame_walk *f, enum frame_step step, uint64_t left)
{
    f->step = step;
    f->left = left;
    f->keeps = step != FRAME_SKIP && step != FRAME_PADDING;
    f->zeros = step == FRAME_PADDING;
}

static void next_begin(struct frame_walk *f)
{
    f->kept.len = 0;
    f->record_at = f->position;
    step_begin(f, FRAME_NEXT, NEXT_BYTES);
}

bool frame_is_between_parts(const struct frame_walk *f)
{
    return f->step == FRAME_NEXT && f->left == NEXT_BYTES && f->position == f->part &&
           !f->filemark_due;
}

static void broken(struct mtf_walk *w, uint64_t at, const char *why)
{
    walk_damage(w, "", at, why);
    w->frame.is_broken = true;
}

// What encrypted files look like inside is known less well: where the first records or the first
// index are not as expected, that says more of the expectation than of the file.
static void broken_or_lost(struct mtf_walk *w, const char *why, bool layout_is_known)
{
    struct frame_walk *f = &w->frame;
    if (!w->report.encrypted || layout_is_known) {
        broken(w, f->record_at, why);
        return;
    }
    f->is_broken = f->is_lost = true;
    w->stream.kept.len = 0;
}

static struct mtf_bytes kept_bytes(const struct frame_walk *f)
{
    return (struct mtf_bytes){f->kept.data, f->kept.len, f->record_at};
}

static void file_header_end(struct mtf_walk *w)
{
    struct frame_walk *f = &w->frame;
    struct mtf_packed_header header = {0};
    const struct mtf_bytes b = kept_bytes(f);
    if (mtf_packed_header_parse(&b, &header) != MTF_GOT || header.version < 1)
        broken(w, 0, "no valid header of a compressed file");
    w->report.old_packed = header.version == 1;
    w->report.encrypted = f->blind = header.has_key;
    f->is_broken = f->is_broken || w->report.old_packed;
    next_begin(f);
}

// ---- data ----

static void unpack(struct mtf_walk *w)
{
    struct frame_walk *f = &w->frame;
    const struct mtf_record *r = &f->record;
    const uint8_t *data = f->kept.data + MTF_RECORD_HEADER;
    bool good = r->is_stored ? r->stored == r->unpacked
                             : mtf_xpress_unpack(data, r->stored, f->space, r->unpacked);
    if (!good) {
        walk_damage(w, w->stream.block.type, f->record_at, "a record does not unpack");
        f->blind = true;
        return;
    }
    if (r->is_stored)
        memcpy(f->space, data, r->stored);
    w->report.packed = w->report.packed || !r->is_stored;
    w->stream.place = f->record_at;
    stream_feed(w, f->space, r->unpacked);
    f->blind = w->stream.is_broken;
}

static void data_end(struct mtf_walk *w)
{
    struct frame_walk *f = &w->frame;
    const uint8_t *data = f->kept.data + MTF_RECORD_HEADER;
    if (mtf_record_sum(data, f->record.stored) != f->record.checksum) {
        walk_damage(w, f->blind ? "" : w->stream.block.type, f->record_at,
                    "a record's checksum does not fit");
        f->blind = true; // what it holds is not to be believed, so what follows has no place
    } else {
        w->report.records++;
    }
    if (!f->blind)
        unpack(w);
    next_begin(f);
}

// The index tells where the data streams of a set ended.
static void note_data_end(struct mtf_walk *w)
{
    struct frame_walk *f = &w->frame;
    const struct stream_walk *s = &w->stream;
    if (!s->data_ended || f->blind)
        return;
    if (f->ends_count < DATA_ENDS_MAX)
        f->ends[f->ends_count] = (struct data_end){s->position - s->base, f->record_at};
    f->ends_count++;
}

static void record_end(struct mtf_walk *w)
{
    struct frame_walk *f = &w->frame;
    const struct mtf_bytes b = kept_bytes(f);
    if (mtf_record_parse(&b, 0, &f->record) != MTF_GOT) {
        broken_or_lost(w, "no valid record", w->report.records >= RECORDS_KNOWN);
        return;
    }
    note_data_end(w);
    if (!f->record.is_encrypted) {
        step_begin(f, FRAME_DATA, f->record.stored);
        return;
    }
    if (w->report.records > 0 && !w->report.encrypted) {
        broken(w, f->record_at, "no valid record");
        return;
    }
    w->report.encrypted = f->blind = true;
    w->report.records++;
    step_begin(f, FRAME_SKIP, f->record.end - MTF_RECORD_HEADER);
}

// ---- padding and index ----

static bool is_known_end(const struct frame_walk *f, uint64_t unpacked, uint64_t place)
{
    for (uint32_t i = 0; i < f->ends_count && i < DATA_ENDS_MAX; i++) {
        if (f->ends[i].unpacked == unpacked && f->ends[i].place == place)
            return true;
    }
    return false;
}

static bool entries_fit(const struct mtf_walk *w, const struct mtf_bytes *b,
                        const struct mtf_index *index)
{
    const struct frame_walk *f = &w->frame;
    for (uint32_t i = 0; i < index->count; i++) {
        uint64_t unpacked = mtf_u64(b, index->entries + 16 * (uint64_t)i);
        uint64_t place = mtf_index_record(b, index, i);
        if (place < f->part || place >= f->record_at)
            return false;
        if (!f->blind && f->ends_count <= DATA_ENDS_MAX && !is_known_end(f, unpacked, place))
            return false;
    }
    return true;
}

static void entries_end(struct mtf_walk *w)
{
    struct frame_walk *f = &w->frame;
    struct mtf_index index;
    const struct mtf_bytes whole = kept_bytes(f);
    const struct mtf_bytes b = mtf_part(&whole, NEXT_BYTES, whole.len);
    bool good = mtf_index_parse(&b, b.len, &index) == MTF_GOT && index.len == b.len;
    if (good) {
        uint64_t used = index.entries + (uint64_t)index.count * 16;
        good = all_zero(b.data + used, b.len - INDEX_HEAD - used);
    }
    f->index_known = f->index_known || good;
    if (!good)
        broken_or_lost(w, "no valid index of the set's records", f->index_known);
    else if (!entries_fit(w, &b, &index))
        walk_damage(w, "", f->record_at, "the index names a record where none is");
    f->filemark_due = f->index_met = true;
    next_begin(f);
}

static void index_head_end(struct mtf_walk *w)
{
    struct frame_walk *f = &w->frame;
    const struct mtf_bytes b = kept_bytes(f);
    uint32_t len = mtf_u32(&b, NEXT_BYTES + 8);
    if (len < 2 * INDEX_HEAD || len > KEEP_MAX - NEXT_BYTES)
        broken_or_lost(w, "no valid index of the set's records", f->index_known);
    else
        step_begin(f, FRAME_ENTRIES, len - INDEX_HEAD);
}

// ---- filemarks ----

static void filemark_begin(struct mtf_walk *w)
{
    struct frame_walk *f = &w->frame;
    const struct mtf_bytes b = kept_bytes(f);
    uint32_t size = f->filemark_size;
    if (size == 0)
        size = w->report.media.filemark_size != 0 ? w->report.media.filemark_size : mtf_u16(&b, 8);
    if (!mtf_filemark_size_is_valid(size)) {
        broken(w, f->record_at, "a filemark of an impossible size");
        return;
    }
    f->filemark_size = size;
    if (!f->filemark_due && !w->report.encrypted)
        walk_damage(w, "", f->record_at, "a filemark where a record is due");
    step_begin(f, FRAME_FILEMARK, size - NEXT_BYTES);
}

static void filemark_end(struct mtf_walk *w)
{
    struct frame_walk *f = &w->frame;
    bool after_index = false;
    const struct mtf_bytes b = kept_bytes(f);
    const char *why = marks_add(&w->marks, &b, f->filemark_size, f->record_at, &after_index);
    if (why == NULL && after_index != f->index_met && !w->report.encrypted)
        why = "a filemark and the index in front of it do not agree";
    if (why != NULL)
        walk_damage(w, "SFMB", f->record_at, why);
    f->part = f->position;
    f->filemark_due = f->index_met = false;
    f->ends_count = 0;
    w->report.media.filemark_size = f->filemark_size;
    if (!f->blind)
        stream_pass_filemark(w, f->filemark_size, f->position);
    else
        walk_count_filemark(w, f->position);
    f->blind = f->blind || w->stream.is_broken;
    next_begin(f);
}

// ---- steps ----

static void no_record(struct mtf_walk *w)
{
    struct frame_walk *f = &w->frame;
    if (w->report.closed_end == 0 || w->report.closed_end != f->record_at) {
        broken_or_lost(w, f->filemark_due ? "no filemark where one is due" : "no valid record",
                       w->report.records >= RECORDS_KNOWN);
        return;
    }
    f->is_broken = true;
    walk_trailing(w, f->kept.data, f->kept.len);
}

static void next_end(struct mtf_walk *w)
{
    struct frame_walk *f = &w->frame;
    const struct mtf_bytes b = kept_bytes(f);
    if (memcmp(f->kept.data, "SFMB", 4) == 0) {
        filemark_begin(w);
        return;
    }
    enum mtf_got got = f->filemark_due ? MTF_BAD : mtf_record_parse(&b, 0, &f->record);
    if (got == MTF_SHORT)
        step_begin(f, FRAME_RECORD, MTF_RECORD_HEADER - NEXT_BYTES);
    else if (got == MTF_BAD)
        no_record(w);
    else if (f->record.is_index) {
        note_data_end(w);
        step_begin(f, FRAME_INDEX, INDEX_HEAD);
    } else
        step_begin(f, FRAME_PADDING, f->record.stored);
}

static void step_end(struct mtf_walk *w)
{
    struct frame_walk *f = &w->frame;
    switch (f->step) {
    case FRAME_FILE:
        file_header_end(w);
        return;
    case FRAME_NEXT:
        next_end(w);
        return;
    case FRAME_RECORD:
        record_end(w);
        return;
    case FRAME_DATA:
        data_end(w);
        return;
    case FRAME_SKIP:
        next_begin(f);
        return;
    case FRAME_PADDING:
        f->filemark_due = true;
        next_begin(f);
        return;
    case FRAME_INDEX:
        index_head_end(w);
        return;
    case FRAME_ENTRIES:
        entries_end(w);
        return;
    case FRAME_FILEMARK:
        filemark_end(w);
        return;
    }
}

static void consume(struct mtf_walk *w, const uint8_t *data, size_t len)
{
    struct frame_walk *f = &w->frame;
    if (f->keeps)
        gather_add(&f->kept, data, len);
    if (f->zeros && !all_zero(data, len)) {
        walk_damage(w, "", f->position + zeros_before(data, len),
                    "bytes that must be zero are not");
        f->zeros = false;
    }
    f->position += len;
    f->left -= len;
}

void frame_feed(struct mtf_walk *w, const uint8_t *data, size_t len)
{
    struct frame_walk *f = &w->frame;
    while (len > 0 && !f->is_broken) {
        size_t take = len < f->left ? len : (size_t)f->left;
        consume(w, data, take);
        data += take;
        len -= take;
        while (f->left == 0 && !f->is_broken)
            step_end(w);
    }
    if (f->is_lost && len > 0)
        walk_keep_tail(w, data, len);
    if (w->trails)
        w->report.trailing_zeros = w->report.trailing_zeros && all_zero(data, len);
}
