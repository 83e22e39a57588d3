// The stream of blocks, one step after another:
//
//   BLOCK ─▶ FIELDS ─▶ ALIGN ─▶ HEADER ─▶ DATA | SUM | DATA_START ─▶ PAGES | LOG ─┐
//     ▲ └──▶ FILEMARK   ▲                                                          │
//     └───── SPAD ──────┴────────────────── any other stream ◀───────────────────┘
#include "mtf/walk_internal.h"

#include <string.h>

#define PAGE_SIZE 8192

static const char *const KEPT_BLOCKS[] = {"TAPE", "SSET", "VOLB", "MSCI", "MSLS", "ESET"};

uint64_t stream_place(const struct mtf_walk *w, uint64_t at)
{
    const struct stream_walk *s = &w->stream;
    if (w->report.kind != MTF_PACKED)
        return at;
    return at == s->base ? s->base_place : s->place;
}

void stream_damage(struct mtf_walk *w, uint64_t at, const char *why)
{
    walk_damage(w, w->stream.block.type, stream_place(w, at), why);
}

static void broken(struct mtf_walk *w, uint64_t at, const char *why)
{
    stream_damage(w, at, why);
    w->stream.is_broken = true;
}

bool stream_is_between_blocks(const struct stream_walk *s)
{
    return s->step == STEP_BLOCK && s->left == MTF_BLOCK_HEADER;
}

static void step_begin(struct stream_walk *s, enum stream_step step, uint64_t left)
{
    s->step = step;
    s->left = left;
    s->zeros = false;
    s->head_len = 0;
}

static void block_begin(struct stream_walk *s)
{
    step_begin(s, STEP_BLOCK, MTF_BLOCK_HEADER);
    s->block_at = s->position;
    s->kept.len = 0;
    s->keeps = true;
    s->sum_wanted = false;
}

static void stream_begin(struct stream_walk *s)
{
    step_begin(s, STEP_ALIGN, (4 - s->position % 4) % 4);
    s->zeros = true;
}

// ---- blocks ----

static bool is_kept(const struct mtf_block *block)
{
    for (size_t i = 0; i < sizeof KEPT_BLOCKS / sizeof *KEPT_BLOCKS; i++) {
        if (mtf_block_is(block, KEPT_BLOCKS[i]))
            return true;
    }
    return false;
}

static void no_block(struct mtf_walk *w)
{
    struct stream_walk *s = &w->stream;
    bool behind = w->report.sets > 0 && !w->sets.is_open && s->block_at == s->base;
    s->is_broken = true;
    if (behind && w->report.kind == MTF_PLAIN)
        walk_trailing(w, s->head, s->head_len);
    else
        walk_damage(w, "", stream_place(w, s->block_at), "no valid block header");
}

static void filemark_begin(struct mtf_walk *w)
{
    struct stream_walk *s = &w->stream;
    uint32_t size = w->report.media.filemark_size;
    if (w->report.kind == MTF_PACKED || size < MTF_BLOCK_HEADER)
        broken(w, s->block_at, "a filemark where none can be");
    else
        step_begin(s, STEP_FILEMARK, size - MTF_BLOCK_HEADER);
}

static void block_header_end(struct mtf_walk *w)
{
    struct stream_walk *s = &w->stream;
    const struct mtf_bytes b = {s->head, s->head_len, s->block_at};
    struct mtf_block block;
    if (mtf_block_parse(&b, 0, &block) != MTF_GOT ||
        (s->block_at == 0 && !mtf_block_is(&block, "TAPE"))) {
        no_block(w);
        return;
    }
    s->block = block;
    w->report.blocks++;
    if (mtf_block_is(&block, "SFMB")) {
        filemark_begin(w);
        return;
    }
    step_begin(s, STEP_FIELDS, block.first_event - MTF_BLOCK_HEADER);
}

static void fields_end(struct mtf_walk *w)
{
    struct stream_walk *s = &w->stream;
    if (!set_block(w)) {
        s->is_broken = true;
        return;
    }
    s->keeps = is_kept(&s->block);
    stream_begin(s);
}

static void filemark_end(struct mtf_walk *w)
{
    struct stream_walk *s = &w->stream;
    bool after_index = false;
    const struct mtf_bytes b = {s->kept.data, s->kept.len, s->block_at};
    const char *why =
        marks_add(&w->marks, &b, w->report.media.filemark_size, s->block_at, &after_index);
    if (why != NULL)
        stream_damage(w, s->block_at, why);
    s->base = s->base_place = s->position;
    set_filemark(w, s->block_at, s->position);
    block_begin(s);
}

void stream_pass_filemark(struct mtf_walk *w, uint32_t size, uint64_t place)
{
    struct stream_walk *s = &w->stream;
    if (!stream_is_between_blocks(s)) {
        walk_damage(w, s->block.type, place - size, "a filemark inside a block");
        s->is_broken = true;
        return;
    }
    s->position += size;
    s->base = s->position;
    s->base_place = place;
    set_filemark(w, place - size, place);
    block_begin(s);
}

// ---- streams ----

// Page or log data, without the two bytes in front.
static void data_begin(struct mtf_walk *w)
{
    struct stream_walk *s = &w->stream;
    bool pages = mtf_stream_is(&s->stream, "MQDA");
    step_begin(s, pages ? STEP_PAGES : STEP_LOG, s->stream.len - 2);
    s->sum = (struct mtf_data_sum){0};
    s->sum_bytes = s->stream.len - 2;
    s->page = (struct page_check){0};
}

static void stream_data_begin(struct mtf_walk *w)
{
    struct stream_walk *s = &w->stream;
    const struct mtf_stream *stream = &s->stream;
    bool data = mtf_stream_is(stream, "MQDA") || mtf_stream_is(stream, "MQTL");
    bool last = mtf_stream_is(stream, "SPAD");
    if (data && stream->len >= 2) {
        step_begin(s, STEP_DATA_START, 2);
        s->zeros = true;
        return;
    }
    step_begin(s, mtf_stream_is(stream, "CSUM") ? STEP_SUM : STEP_DATA, stream->len);
    s->zeros = last || mtf_stream_is(stream, "APAD") || mtf_stream_is(stream, "OTCP");
    s->keeps = s->keeps && !last;
}

static void stream_header_end(struct mtf_walk *w)
{
    struct stream_walk *s = &w->stream;
    const struct mtf_bytes b = {s->head, s->head_len, s->stream_at};
    if (mtf_stream_parse(&b, 0, &s->stream) != MTF_GOT) {
        broken(w, s->stream_at, "no valid stream header");
        return;
    }
    if (mtf_stream_end(&s->stream) == UINT64_MAX) {
        broken(w, s->stream_at, "a stream that is longer than any file");
        return;
    }
    if (s->sum_wanted && !mtf_stream_is(&s->stream, "CSUM"))
        stream_damage(w, s->stream_at, "the checksum that was announced is missing");
    if (mtf_stream_is(&s->stream, "TSMP"))
        w->sets.map_place = stream_place(w, s->stream_at);
    stream_data_begin(w);
}

static void data_end(struct mtf_walk *w)
{
    struct stream_walk *s = &w->stream;
    w->report.data_bytes += s->sum_bytes;
    s->sum_wanted = (s->stream.media & MTF_STREAM_CHECKSUM) != 0;
    s->data_ended = true;
}

static void sum_end(struct mtf_walk *w)
{
    struct stream_walk *s = &w->stream;
    const struct mtf_bytes b = {s->head, s->head_len, 0};
    bool fits = s->stream.len == 4 && mtf_u32(&b, 0) == mtf_data_sum_value(&s->sum);
    if (!s->sum_wanted) // not announced: of something else
        return;
    s->sum_wanted = false;
    if (!fits) {
        stream_damage(w, s->stream_at, "the data in front do not match their checksum");
        return;
    }
    w->report.sums++;
    w->report.summed_bytes += s->sum_bytes;
}

static void stream_end(struct mtf_walk *w)
{
    struct stream_walk *s = &w->stream;
    if (!mtf_stream_is(&s->stream, "SPAD")) {
        stream_begin(s);
        return;
    }
    if (is_kept(&s->block))
        set_block_end(w);
    if (!s->is_broken)
        block_begin(s);
}

// ---- steps ----

static void step_end(struct mtf_walk *w)
{
    struct stream_walk *s = &w->stream;
    switch (s->step) {
    case STEP_BLOCK:
        block_header_end(w);
        return;
    case STEP_FIELDS:
        fields_end(w);
        return;
    case STEP_FILEMARK:
        filemark_end(w);
        return;
    case STEP_ALIGN:
        step_begin(s, STEP_HEADER, MTF_STREAM_HEADER);
        s->stream_at = s->position;
        return;
    case STEP_HEADER:
        stream_header_end(w);
        return;
    case STEP_DATA_START:
        data_begin(w);
        return;
    case STEP_SUM:
        sum_end(w);
        stream_end(w);
        return;
    case STEP_PAGES:
    case STEP_LOG:
        data_end(w);
        stream_end(w);
        return;
    case STEP_DATA:
        stream_end(w);
        return;
    }
}

static void head_add(struct stream_walk *s, const uint8_t *data, size_t len)
{
    size_t room = sizeof s->head - s->head_len;
    if (len > room) // of a CSUM that is none
        len = room;
    memcpy(s->head + s->head_len, data, len);
    s->head_len += len;
}

// The number of a page must be above that of the page before if both are of one file of the
// database; empty pages count for nothing.
static void page_end(struct mtf_walk *w, uint64_t end)
{
    struct stream_walk *s = &w->stream;
    struct page_check *page = &s->page;
    const struct mtf_bytes b = {page->head, sizeof page->head, 0};
    uint32_t number = mtf_u32(&b, 32);
    uint16_t file = mtf_u16(&b, 36);
    page->fill = 0;
    w->report.pages++;
    if (number == 0 && page->head[0] == 0)
        return;
    if (page->any && file == page->file && number != 0 && number <= page->number) {
        if (w->report.disorders++ == 0)
            w->report.order = (struct mtf_damage){"a page whose number does not rise",
                                                  stream_place(w, end - PAGE_SIZE)};
    }
    page->any = true;
    page->number = number;
    page->file = file;
}

static void pages_add(struct mtf_walk *w, const uint8_t *data, size_t len)
{
    struct page_check *page = &w->stream.page;
    uint64_t at = w->stream.position;
    while (len > 0) {
        size_t take = PAGE_SIZE - page->fill < len ? PAGE_SIZE - page->fill : len;
        if (page->fill < sizeof page->head) {
            size_t head = sizeof page->head - page->fill;
            memcpy(page->head + page->fill, data, take < head ? take : head);
        }
        page->fill += (uint32_t)take;
        at += take;
        data += take;
        len -= take;
        if (page->fill == PAGE_SIZE)
            page_end(w, at);
    }
}

static void consume(struct mtf_walk *w, const uint8_t *data, size_t len)
{
    struct stream_walk *s = &w->stream;
    bool data_step = s->step == STEP_PAGES || s->step == STEP_LOG;
    s->data_ended = false;
    if (s->keeps)
        gather_add(&s->kept, data, len);
    if (s->step == STEP_BLOCK || s->step == STEP_HEADER || s->step == STEP_SUM)
        head_add(s, data, len);
    if (s->zeros && !all_zero(data, len)) {
        stream_damage(w, s->position + zeros_before(data, len), "bytes that must be zero are not");
        s->zeros = false; // told once
    }
    if (data_step && (s->stream.media & MTF_STREAM_CHECKSUM) != 0)
        mtf_data_sum_add(&s->sum, data, len);
    if (s->step == STEP_PAGES)
        pages_add(w, data, len);
    s->position += len;
    s->left -= len;
}

void stream_feed(struct mtf_walk *w, const uint8_t *data, size_t len)
{
    struct stream_walk *s = &w->stream;
    while (len > 0 && !s->is_broken) {
        size_t take = len < s->left ? len : (size_t)s->left;
        consume(w, data, take);
        data += take;
        len -= take;
        while (s->left == 0 && !s->is_broken)
            step_end(w);
    }
    if (w->trails && len > 0 && w->report.kind == MTF_PLAIN)
        w->report.trailing_zeros = w->report.trailing_zeros && all_zero(data, len);
}
