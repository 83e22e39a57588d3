// Block headers, streams, soft filemarks and values. See block.h.
#include "mtf/block.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STREAMS_MAX 4096 // of one block, looked through in one call; real ones have at most 5

uint16_t mtf_xor_words(const struct mtf_bytes *b, uint64_t at, size_t len)
{
    uint16_t sum = 0;
    for (size_t i = 0; i + 1 < len; i += 2)
        sum = (uint16_t)(sum ^ mtf_u16(b, at + i));
    return sum;
}

static void copy_name(const struct mtf_bytes *b, uint64_t at, char out[5])
{
    memcpy(out, b->data + at, 4);
    out[4] = '\0';
}

static bool is_letter(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_name(const struct mtf_bytes *b, uint64_t at, bool digits)
{
    for (uint64_t i = at; i < at + 4; i++) {
        uint8_t c = mtf_u8(b, i);
        if (!is_letter(c) && !(digits && c >= '0' && c <= '9'))
            return false;
    }
    return true;
}

// ---- blocks ----

enum mtf_got mtf_block_parse(const struct mtf_bytes *b, uint64_t at, struct mtf_block *out)
{
    if (!mtf_has(b, at, MTF_BLOCK_HEADER))
        return MTF_SHORT;
    *out = (struct mtf_block){
        .attributes = mtf_u32(b, at + 4),
        .first_event = mtf_u16(b, at + 8),
        .fla = mtf_u64(b, at + 20),
        .control = mtf_u32(b, at + 36),
        .string_type = mtf_u8(b, at + 48),
    };
    copy_name(b, at, out->type);
    bool good = is_name(b, at, false) && out->first_event >= MTF_BLOCK_HEADER &&
                mtf_xor_words(b, at, 50) == mtf_u16(b, at + 50);
    return good ? MTF_GOT : MTF_BAD;
}

bool mtf_block_is(const struct mtf_block *block, const char *type)
{
    return memcmp(block->type, type, 5) == 0;
}

// ---- streams ----

enum mtf_got mtf_stream_parse(const struct mtf_bytes *b, uint64_t at, struct mtf_stream *out)
{
    if (at > b->len)
        return MTF_SHORT;
    at += (4 - (b->offset + at) % 4) % 4;
    if (!mtf_has(b, at, MTF_STREAM_HEADER))
        return MTF_SHORT;
    *out = (struct mtf_stream){
        .media = mtf_u16(b, at + 6),
        .len = mtf_u64(b, at + 8),
        .data = at + MTF_STREAM_HEADER,
    };
    copy_name(b, at, out->id);
    bool good = is_name(b, at, true) && mtf_xor_words(b, at, 20) == mtf_u16(b, at + 20);
    return good ? MTF_GOT : MTF_BAD;
}

bool mtf_stream_is(const struct mtf_stream *stream, const char *id)
{
    return memcmp(stream->id, id, 5) == 0;
}

uint64_t mtf_stream_end(const struct mtf_stream *stream)
{
    return stream->len > UINT64_MAX / 2 ? UINT64_MAX : stream->data + stream->len;
}

enum mtf_got mtf_block_stream(const struct mtf_bytes *b, uint64_t at, const struct mtf_block *block,
                              const char *wanted, struct mtf_stream *out, uint64_t *end)
{
    uint64_t next = at + block->first_event;
    for (unsigned i = 0; i < STREAMS_MAX; i++) {
        enum mtf_got got = mtf_stream_parse(b, next, out);
        *end = next;
        if (got != MTF_GOT)
            return got;
        bool last = mtf_stream_is(out, "SPAD");
        *end = mtf_stream_end(out);
        if (mtf_stream_is(out, wanted != NULL ? wanted : "SPAD"))
            return MTF_GOT;
        if (last) {
            *end = 0;
            return MTF_BAD;
        }
        next = *end;
    }
    return MTF_BAD;
}

// ---- soft filemarks ----

bool mtf_filemark_size_is_valid(uint32_t size)
{
    return size >= MTF_SECTOR && size <= MTF_FILEMARK_MAX && size % MTF_SECTOR == 0;
}

// SQL Server 2005's has its list 12 bytes earlier, and no field that says so.
static void filemark_fields(const struct mtf_bytes *b, uint64_t at, const struct mtf_block *block,
                            struct mtf_filemark *out)
{
    bool old = (block->attributes & 0x80000000) == 0;
    *out = (struct mtf_filemark){
        .slots = mtf_u32(b, at + 52),
        .used = mtf_u32(b, at + 56),
        .list = old ? 60 : mtf_u32(b, at + 60),
        .after_index = (block->attributes & 0x00040000) != 0,
    };
}

enum mtf_got mtf_filemark_parse(const struct mtf_bytes *b, uint64_t at, uint32_t size,
                                struct mtf_filemark *out)
{
    struct mtf_block block;
    enum mtf_got got = mtf_block_parse(b, at, &block);
    if (got != MTF_GOT)
        return got;
    if (!mtf_block_is(&block, "SFMB"))
        return MTF_BAD;
    if (size == 0)
        size = block.first_event;
    if (!mtf_filemark_size_is_valid(size))
        return MTF_BAD;
    if (!mtf_has(b, at, size))
        return MTF_SHORT;
    filemark_fields(b, at, &block, out);
    if (out->list < 60 || out->list > size || out->slots > (size - out->list) / 8 ||
        out->used > out->slots)
        return MTF_BAD;
    if (out->used > 0)
        out->newest = mtf_filemark_slot(b, at, out, 0);
    return MTF_GOT;
}

uint64_t mtf_filemark_slot(const struct mtf_bytes *b, uint64_t at, const struct mtf_filemark *mark,
                           uint32_t i)
{
    assert(i < mark->used);
    return mtf_u64(b, at + mark->list + 8 * (uint64_t)i);
}

// ---- values ----

// 40 bits, most significant first: year 14, month 4, day 5, hour 5, minute 6, second 6.
struct mtf_date mtf_date_parse(const struct mtf_bytes *b, uint64_t at)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 5; i++)
        v = v << 8 | mtf_u8(b, at + i);
    return (struct mtf_date){
        .year = (uint16_t)(v >> 26),
        .month = (v >> 22) & 0xF,
        .day = (v >> 17) & 0x1F,
        .hour = (v >> 12) & 0x1F,
        .minute = (v >> 6) & 0x3F,
        .second = v & 0x3F,
    };
}

void mtf_date_format(const struct mtf_date *date, char out[MTF_DATE_TEXT])
{
    out[0] = '\0';
    if (date->year != 0)
        snprintf(out, MTF_DATE_TEXT, "%04u-%02u-%02u %02u:%02u:%02u", date->year % 10000U,
                 date->month % 100U, date->day % 100U, date->hour % 100U, date->minute % 100U,
                 date->second % 100U);
}

struct mtf_lsn mtf_lsn_parse(const struct mtf_bytes *b, uint64_t at)
{
    return (struct mtf_lsn){mtf_u32(b, at), mtf_u32(b, at + 4), mtf_u16(b, at + 8)};
}

void mtf_lsn_format(const struct mtf_lsn *lsn, char out[MTF_LSN_TEXT])
{
    if (lsn->sequence == 0 && lsn->block == 0 && lsn->slot == 0)
        snprintf(out, MTF_LSN_TEXT, "0");
    else
        snprintf(out, MTF_LSN_TEXT, "%" PRIu32 "%010" PRIu32 "%05u", lsn->sequence, lsn->block,
                 (unsigned)lsn->slot);
}

int mtf_lsn_compare(const struct mtf_lsn *a, const struct mtf_lsn *b)
{
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence ? -1 : 1;
    if (a->block != b->block)
        return a->block < b->block ? -1 : 1;
    return (a->slot > b->slot) - (a->slot < b->slot);
}

void mtf_guid_parse(const struct mtf_bytes *b, uint64_t at, struct mtf_guid *out)
{
    memset(out, 0, sizeof *out);
    if (mtf_has(b, at, sizeof out->bytes))
        memcpy(out->bytes, b->data + at, sizeof out->bytes);
}

void mtf_guid_format(const struct mtf_guid *guid, char out[MTF_GUID_TEXT])
{
    const struct mtf_bytes b = {guid->bytes, sizeof guid->bytes, 0};
    const uint8_t *rest = guid->bytes + 8; // in the order they stand
    snprintf(out, MTF_GUID_TEXT, "%08" PRIX32 "-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X",
             mtf_u32(&b, 0), (unsigned)mtf_u16(&b, 4), (unsigned)mtf_u16(&b, 6), rest[0], rest[1],
             rest[2], rest[3], rest[4], rest[5], rest[6], rest[7]);
}

// ---- SQL Server's data checksum ----

static uint32_t rotate_left(uint32_t v)
{
    return v << 1 | v >> 31;
}

// Whole words are most of it: the compiler makes wide XORs of this loop.
static uint32_t xor_words32(const uint8_t *data, size_t len)
{
    uint32_t words = 0;
    for (size_t i = 0; i < len; i += 4)
        words ^= (uint32_t)data[i] | (uint32_t)data[i + 1] << 8 | (uint32_t)data[i + 2] << 16 |
                 (uint32_t)data[i + 3] << 24;
    return words;
}

void mtf_data_sum_add(struct mtf_data_sum *sum, const uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t room = MTF_SECTOR - sum->fill;
        size_t take = len < room ? len : room;
        if (sum->fill % 4 == 0 && take >= 4) {
            take -= take % 4;
            sum->words ^= xor_words32(data, take);
        } else {
            take = 1;
            sum->words ^= (uint32_t)*data << (sum->fill % 4 * 8);
        }
        data += take;
        len -= take;
        sum->fill += (uint32_t)take;
        if (sum->fill == MTF_SECTOR) {
            sum->value = rotate_left(sum->value) ^ sum->words;
            sum->words = sum->fill = 0;
        }
    }
}

uint32_t mtf_data_sum_value(const struct mtf_data_sum *sum)
{
    return sum->fill == 0 ? sum->value : rotate_left(sum->value) ^ sum->words;
}
