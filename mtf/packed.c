// See packed.h. The layout was read in files of SQL Server 2019 and 2022.
#include "mtf/packed.h"
#include "mtf/xpress.h"

#include <assert.h>
#include <string.h>

#define PADDING_HEADER 24
#define INDEX_HEAD     16
#define INDEX_ENTRY    16

enum mtf_got mtf_packed_header_parse(const struct mtf_bytes *b, struct mtf_packed_header *out)
{
    if (!mtf_has(b, 0, MTF_PACKED_HEADER))
        return MTF_SHORT;
    if (memcmp(b->data, "MSSQLBAK", 8) != 0)
        return MTF_BAD;
    out->version = mtf_u32(b, 8);
    out->has_key = mtf_u32(b, 44) != 0;
    return MTF_GOT;
}

// ---- records ----

enum {
    KIND_DATA = 0x01,
    KIND_STORED = 0x02,
    KIND_PADDING = 0x04,
    KIND_INDEX = 0x08,
    KIND_ENCRYPTED = 0x10,
    KIND_RECORD = 0x20
};

static enum mtf_got data_record(const struct mtf_bytes *b, uint64_t at, struct mtf_record *out)
{
    if (!mtf_has(b, at, MTF_RECORD_HEADER))
        return MTF_SHORT;
    uint32_t cipher_len = mtf_u32(b, at + 20);
    out->is_encrypted = (out->kind & KIND_ENCRYPTED) != 0 || cipher_len != 0;
    out->checksum = mtf_u32(b, at + 24);
    out->data = at + MTF_RECORD_HEADER;
    out->end = out->data + (out->is_encrypted ? cipher_len : out->stored);
    bool good = out->unpacked > 0 && out->unpacked <= MTF_RECORD_MAX && out->stored > 0;
    return good ? MTF_GOT : MTF_BAD;
}

enum mtf_got mtf_record_parse(const struct mtf_bytes *b, uint64_t at, struct mtf_record *out)
{
    if (!mtf_has(b, at, PADDING_HEADER))
        return MTF_SHORT;
    uint8_t kind = mtf_u8(b, at);
    *out = (struct mtf_record){
        .kind = kind,
        .is_data = (kind & KIND_DATA) != 0,
        .is_padding = (kind & KIND_PADDING) != 0,
        .is_index = (kind & KIND_INDEX) != 0,
        .is_stored = (kind & KIND_STORED) != 0,
        .unpacked = (uint32_t)mtf_u8(b, at + 1) * MTF_SECTOR,
        .stored = mtf_u16(b, at + 2),
    };
    if ((kind & (KIND_RECORD | 0xC0)) != KIND_RECORD || out->is_data == out->is_padding)
        return MTF_BAD;
    if (out->is_data)
        return data_record(b, at, out);
    out->data = at + PADDING_HEADER;
    out->end = out->is_index ? 0 : out->data + out->stored;
    return MTF_GOT;
}

uint32_t mtf_record_sum(const uint8_t *data, size_t len)
{
    const struct mtf_bytes b = {data, len, 0};
    size_t whole = len - len % 4;
    uint32_t sum = 0;
    for (size_t i = 0; i < whole; i += 4) {
        uint32_t word = (uint32_t)data[i] | (uint32_t)data[i + 1] << 8 |
                        (uint32_t)data[i + 2] << 16 | (uint32_t)data[i + 3] << 24;
        sum = (sum << 1 | sum >> 31) ^ word;
    }
    if (whole < len)
        sum = (sum << 1 | sum >> 31) ^ (uint32_t)mtf_little(&b, whole, (unsigned)(len - whole));
    return sum;
}

enum mtf_got mtf_record_unpack(const struct mtf_bytes *b, uint64_t at, struct mtf_record *record,
                               uint8_t *out)
{
    enum mtf_got got = mtf_record_parse(b, at, record);
    if (got != MTF_GOT)
        return got;
    if (!record->is_data || record->is_encrypted)
        return MTF_BAD;
    if (!mtf_has(b, record->data, record->stored))
        return MTF_SHORT;
    const uint8_t *data = b->data + record->data;
    if (mtf_record_sum(data, record->stored) != record->checksum)
        return MTF_BAD;
    if (!record->is_stored)
        return mtf_xpress_unpack(data, record->stored, out, record->unpacked) ? MTF_GOT : MTF_BAD;
    if (record->stored != record->unpacked)
        return MTF_BAD;
    memcpy(out, data, record->stored);
    return MTF_GOT;
}

// ---- the index ----

enum mtf_got mtf_index_parse(const struct mtf_bytes *b, uint64_t end, struct mtf_index *out)
{
    if (end < INDEX_HEAD || !mtf_has(b, end - INDEX_HEAD, INDEX_HEAD))
        return MTF_SHORT;
    uint64_t foot = end - INDEX_HEAD;
    *out = (struct mtf_index){.count = mtf_u32(b, foot + 4), .len = mtf_u32(b, foot + 8)};
    if (mtf_u16(b, foot) != 1 || mtf_u16(b, foot + 2) != 1 || out->len < 2 * INDEX_HEAD ||
        out->count == 0 || out->count > (out->len - 2 * INDEX_HEAD) / INDEX_ENTRY)
        return MTF_BAD;
    if (out->len > end)
        return MTF_SHORT;
    uint64_t head = end - out->len;
    out->entries = head + INDEX_HEAD;
    bool good = memcmp(b->data + head, b->data + foot, INDEX_HEAD) == 0 &&
                mtf_record_sum(b->data + out->entries, (size_t)out->count * INDEX_ENTRY) ==
                    mtf_u32(b, foot + 12);
    return good ? MTF_GOT : MTF_BAD;
}

uint64_t mtf_index_record(const struct mtf_bytes *b, const struct mtf_index *index, uint32_t i)
{
    assert(i < index->count);
    return mtf_u64(b, index->entries + (uint64_t)i * INDEX_ENTRY + 8);
}
