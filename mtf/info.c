// What a file's two ends tell. The front is walked block by block up to the first set's
// description; the end is read backwards from the last filemark. In compressed files the same
// blocks are read out of unpacked records.
#include "mtf/describe.h"
#include "mtf/filemark.h"
#include "mtf/packed.h"
#include "common/secret.h"

#include <string.h>

#define HEAD_BLOCKS_MAX 64 // up to the description; SQL Server writes five
#define TAIL_STEP       512

// What was unpacked is plaintext.
static void space_freep(uint8_t **space)
{
    if (*space != NULL)
        secret_wipe(*space, MTF_RECORD_MAX);
    free(*space);
}

static void note_damage(struct mtf_info *info, uint64_t offset, const char *why)
{
    if (info->damage.why == NULL)
        info->damage = (struct mtf_damage){why, offset};
}

// ---- recognition ----

static bool begins_like(const uint8_t *data, size_t len, const char *magic, size_t magic_len)
{
    return memcmp(data, magic, len < magic_len ? len : magic_len) == 0;
}

enum mtf_kind mtf_recognise(const uint8_t *data, size_t len)
{
    const struct mtf_bytes b = {data, len, 0};
    struct mtf_block block;
    if (len == 0)
        return MTF_UNDECIDED;
    if (begins_like(data, len, "MSSQLBAK", 8))
        return len < 8 ? MTF_UNDECIDED : MTF_PACKED;
    if (!begins_like(data, len, "TAPE", 4))
        return MTF_NOT_A_BACKUP;
    if (len < MTF_RECOGNISE_BYTES)
        return MTF_UNDECIDED;
    if (mtf_block_parse(&b, 0, &block) != MTF_GOT)
        return MTF_NOT_A_BACKUP;
    return mtf_u16(&b, 86) == MTF_VENDOR_SQL_SERVER ? MTF_PLAIN : MTF_OTHER;
}

// ---- the front ----

// A block with what it tells. True: go on behind it.
static bool head_block(struct mtf_info *info, const struct mtf_bytes *b, uint64_t at,
                       const struct mtf_block *block)
{
    uint64_t offset = 0;
    if (mtf_block_is(block, "TAPE")) {
        if (at == 0 && !info->media.known)
            return mtf_media_parse(b, at, block, &info->media, &info->damage);
        note_damage(info, b->offset + at, "a second media header");
        return false;
    }
    if (mtf_block_is(block, "SSET"))
        mtf_set_header_parse(b, at, &info->first);
    else if (mtf_block_is(block, "VOLB"))
        mtf_volume_parse(b, at, &info->first);
    else if (mtf_block_is(block, "MSCI")) {
        enum mtf_got got = mtf_details_parse(b, at, block, false, &info->first, &offset);
        if (got == MTF_BAD)
            note_damage(info, offset, "no valid description in the set's first block");
        info->head_short = got == MTF_SHORT;
        return false;
    }
    // What belongs behind the description begins.
    return !mtf_block_is(block, "MSDA") && !mtf_block_is(block, "MSTL") &&
           !mtf_block_is(block, "ESET");
}

// The block at *at; moves it behind. False: that is all.
static bool head_step(struct mtf_info *info, const struct mtf_bytes *b, uint64_t *at)
{
    struct mtf_block block;
    struct mtf_stream pad;
    uint64_t end = 0;
    enum mtf_got got = mtf_block_parse(b, *at, &block);
    if (got == MTF_GOT && mtf_block_is(&block, "SFMB")) {
        *at += info->media.filemark_size;
        return info->media.filemark_size > 0;
    }
    if (got == MTF_GOT && mtf_has(b, *at, block.first_event)) {
        if (!head_block(info, b, *at, &block))
            return false;
        uint64_t start = *at;
        got = mtf_block_stream(b, start, &block, NULL, &pad, at);
        if (got == MTF_BAD)
            note_damage(info, b->offset + *at, "no valid stream header");
        end = *at;
    } else if (got == MTF_GOT) {
        got = MTF_SHORT;
    } else if (got == MTF_BAD) {
        note_damage(info, b->offset + *at, "no valid block header");
    }
    if (got == MTF_GOT && end > b->len)
        got = MTF_SHORT;
    info->head_short = got == MTF_SHORT;
    return got == MTF_GOT;
}

static void head_walk(struct mtf_info *info, const struct mtf_bytes *b)
{
    uint64_t at = 0;
    for (unsigned i = 0; i < HEAD_BLOCKS_MAX; i++) {
        if (!head_step(info, b, &at))
            return;
    }
}

// ---- the front of a compressed file ----

// Unpacks the record at `at` and gives its stream; empty if that was not possible.
static struct mtf_bytes unpack(struct mtf_info *info, const struct mtf_bytes *b, uint64_t at,
                               uint8_t *space, bool *is_short)
{
    struct mtf_record record;
    enum mtf_got got = mtf_record_unpack(b, at, &record, space);
    *is_short = got == MTF_SHORT;
    if (got == MTF_BAD)
        note_damage(info, b->offset + at, "no valid compressed record");
    if (got != MTF_GOT)
        return (struct mtf_bytes){0};
    info->packed = info->packed || !record.is_stored;
    return (struct mtf_bytes){space, record.unpacked, 0};
}

// Damage inside a record is told at the record: the stream's offsets mean nothing to a reader.
static void damage_moved(struct mtf_info *info, bool had, uint64_t offset)
{
    if (!had && info->damage.why != NULL)
        info->damage.offset = offset;
}

static void packed_walk(struct mtf_info *info, const struct mtf_bytes *b, uint64_t at,
                        uint8_t *space, bool media)
{
    uint64_t stream_at = 0;
    bool had = info->damage.why != NULL;
    struct mtf_bytes stream = unpack(info, b, at, space, &info->head_short);
    if (stream.len == 0)
        return;
    if (media)
        (void)head_step(info, &stream, &stream_at);
    else
        head_walk(info, &stream);
    damage_moved(info, had, b->offset + at);
}

// The first filemark: its place; 0: none. Nothing else tells its size when all is encrypted.
static uint64_t first_filemark(struct mtf_info *info, const struct mtf_bytes *b)
{
    struct mtf_filemark mark;
    for (uint64_t at = MTF_GRID; mtf_has(b, at, MTF_BLOCK_HEADER); at += MTF_SECTOR) {
        if (mtf_filemark_parse(b, at, 0, &mark) == MTF_BAD)
            continue;
        uint32_t size = mtf_u16(b, at + 8);
        if (info->media.filemark_size == 0)
            info->media.filemark_size = size;
        return at;
    }
    return 0;
}

static void head_packed(struct mtf_info *info, const struct mtf_bytes *b)
{
    struct mtf_packed_header header;
    struct mtf_record record;
    if (mtf_packed_header_parse(b, &header) != MTF_GOT) {
        info->head_short = true;
        return;
    }
    info->encrypted = header.has_key;
    info->old_packed = header.version < 2;
    if (!info->old_packed && mtf_record_parse(b, MTF_PACKED_HEADER, &record) == MTF_GOT)
        info->encrypted = info->encrypted || record.is_encrypted;
    CLEANUP(space_freep) uint8_t *space = NULL;
    if (!info->encrypted && !info->old_packed) {
        space = malloc(MTF_RECORD_MAX);
        if (space != NULL)
            packed_walk(info, b, MTF_PACKED_HEADER, space, true);
    }
    uint64_t mark = first_filemark(info, b);
    info->head_short = info->head_short || mark == 0;
    if (space == NULL || mark == 0)
        return;
    packed_walk(info, b, mark + info->media.filemark_size, space, false);
}

void mtf_read_head(struct mtf_info *info, const uint8_t *data, size_t len)
{
    const struct mtf_bytes b = {data, len, 0};
    memset(info, 0, sizeof *info);
    info->kind = mtf_recognise(data, len);
    info->head_short = info->kind == MTF_UNDECIDED;
    if (info->kind == MTF_PLAIN)
        head_walk(info, &b);
    else if (info->kind == MTF_PACKED)
        head_packed(info, &b);
    else if (info->kind == MTF_NOT_A_BACKUP && len >= 4 && memcmp(data, "TAPE", 4) == 0)
        note_damage(info, 0, "the media header's checksum does not fit");
}

void mtf_read_start(struct mtf_info *info, const uint8_t *data, size_t len, uint64_t offset)
{
    const struct mtf_bytes b = {data, len, offset};
    info->first = (struct mtf_set){0};
    info->head_short = false;
    if (info->kind == MTF_PLAIN) {
        head_walk(info, &b);
    } else if (info->kind == MTF_PACKED && !info->encrypted && !info->old_packed) {
        CLEANUP(space_freep) uint8_t *space = malloc(MTF_RECORD_MAX);
        if (space != NULL)
            packed_walk(info, &b, 0, space, false);
    }
}

// ---- the end ----

// The set map in the block ESET at `at`: the last set's line of it.
static void tail_map(struct mtf_info *info, const struct mtf_bytes *b, uint64_t at)
{
    struct mtf_block block;
    struct mtf_stream stream;
    struct mtf_map map;
    uint64_t end;
    enum mtf_got got = mtf_block_parse(b, at, &block);
    if (got == MTF_GOT && mtf_block_is(&block, "ESET"))
        got = mtf_block_stream(b, at, &block, "TSMP", &stream, &end);
    else if (got == MTF_GOT)
        got = MTF_BAD;
    if (got == MTF_GOT && !mtf_has(b, stream.data, stream.len))
        got = MTF_SHORT;
    if (got == MTF_SHORT)
        info->tail_short = true;
    if (got == MTF_GOT && mtf_map_start(&map, mtf_part(b, stream.data, stream.len))) {
        while (mtf_map_next(&map, &info->last))
            ;
        if (map.left != 0)
            got = MTF_BAD;
        info->sets = map.count;
    }
    if (got == MTF_BAD)
        note_damage(info, b->offset + at, "no valid set map");
}

// The final description below `end`.
static void tail_details(struct mtf_info *info, const struct mtf_bytes *b, uint64_t end)
{
    struct mtf_block block;
    for (uint64_t at = end; at >= TAIL_STEP;) {
        uint64_t offset = 0;
        at -= TAIL_STEP;
        if (mtf_block_parse(b, at, &block) != MTF_GOT || !mtf_block_is(&block, "MSLS"))
            continue;
        enum mtf_got got = mtf_details_parse(b, at, &block, true, &info->last, &offset);
        if (got == MTF_BAD)
            note_damage(info, offset, "no valid final description");
        info->tail_short = info->tail_short || got == MTF_SHORT;
        return;
    }
    info->tail_short = true; // a wide database's stands further ahead
}

// Through the index in front of the filemark at `mark` to the record with the description, and the
// record behind the filemark.
static void tail_packed(struct mtf_info *info, const struct mtf_bytes *b, uint64_t mark,
                        uint32_t size)
{
    struct mtf_index index;
    bool is_short = false, had = info->damage.why != NULL;
    CLEANUP(space_freep) uint8_t *space = malloc(MTF_RECORD_MAX);
    if (space == NULL)
        return;
    struct mtf_bytes stream = unpack(info, b, mark + size, space, &is_short);
    if (stream.len > 0)
        tail_map(info, &stream, 0);
    damage_moved(info, had, b->offset + mark + size);
    had = info->damage.why != NULL;
    enum mtf_got got = mtf_index_parse(b, mark, &index);
    if (got == MTF_BAD)
        note_damage(info, b->offset + mark, "no valid index before the filemark");
    uint64_t record = got == MTF_GOT ? mtf_index_record(b, &index, index.count - 1) : 0;
    if (got != MTF_GOT || record < b->offset || record >= b->offset + mark) {
        info->tail_short = info->tail_short || got == MTF_SHORT || record < b->offset;
        return;
    }
    stream = unpack(info, b, record - b->offset, space, &is_short);
    if (stream.len > 0)
        tail_details(info, &stream, stream.len);
    damage_moved(info, had, record);
}

void mtf_read_tail(struct mtf_info *info, const uint8_t *data, size_t len, uint64_t offset)
{
    const struct mtf_bytes b = {data, len, offset};
    struct mtf_end end;
    info->state = MTF_STATE_UNKNOWN;
    info->sets = 0;
    info->data_end = 0;
    info->tail_short = false;
    info->last = (struct mtf_set){0};
    if (info->kind == MTF_NOT_A_BACKUP || info->kind == MTF_OTHER)
        return;
    info->state = mtf_end_find(&b, info->media.filemark_size, info->kind, &end);
    if (info->state != MTF_FINISHED)
        return;
    info->sets = end.sets;
    info->data_end = end.data_end;
    bool packed = info->kind == MTF_PACKED || end.is_packed;
    if (info->encrypted || info->old_packed)
        return;
    if (end.data_end < offset) {
        info->tail_short = true;
        return;
    }
    uint64_t mark = end.data_end - offset;
    if (packed) {
        tail_packed(info, &b, mark, end.filemark_size);
        return;
    }
    tail_map(info, &b, mark + end.filemark_size);
    tail_details(info, &b, mark);
}
