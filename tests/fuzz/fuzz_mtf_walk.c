// Feeds the walk of a backup file bytes of any kind, in pieces of a size out of the input: it must
// end, stay within its memory, and tell the same whatever the pieces are.
//
// Input: one byte for the size of the pieces, then the file. Bit 7 puts the checksums right that
// block, stream and record headers must have, so that what is behind them is reached.
#include "mtf/block.h"
#include "mtf/packed.h"
#include "mtf/walk.h"

#include <assert.h>
#include <string.h>

static void put_u16(uint8_t *at, uint16_t v)
{
    at[0] = v & 0xFF;
    at[1] = (uint8_t)(v >> 8);
}

static bool begins_header(const uint8_t *at)
{
    for (size_t i = 0; i < 4; i++) {
        if (at[i] < 'A' || at[i] > 'Z')
            return false;
    }
    return true;
}

static void checksums_mend(uint8_t *data, size_t len)
{
    struct mtf_bytes b = {data, len, 0};
    struct mtf_record record;
    for (size_t at = 0; mtf_has(&b, at, MTF_STREAM_HEADER); at += 4) {
        if (begins_header(data + at) && at % MTF_SECTOR == 0 && mtf_has(&b, at, MTF_BLOCK_HEADER))
            put_u16(data + at + 50, mtf_xor_words(&b, at, 50));
        else if (begins_header(data + at))
            put_u16(data + at + 20, mtf_xor_words(&b, at, 20));
    }
    for (uint64_t at = MTF_PACKED_HEADER; mtf_record_parse(&b, at, &record) == MTF_GOT &&
                                          record.is_data && mtf_has(&b, record.data, record.stored);
         at = record.end) {
        uint32_t sum = mtf_record_sum(data + record.data, record.stored);
        put_u16(data + at + 24, (uint16_t)sum);
        put_u16(data + at + 26, (uint16_t)(sum >> 16));
        if (record.is_encrypted)
            break;
    }
}

static void count_set(void *context, const struct mtf_set *set, bool finished)
{
    uint32_t *told = context;
    assert(strnlen(set->database, sizeof set->database) < sizeof set->database);
    *told += finished;
}

static struct mtf_report walk(const uint8_t *data, size_t len, size_t piece)
{
    uint32_t told = 0;
    CLEANUP(mtf_walk_freep) struct mtf_walk *w = mtf_walk_new(count_set, &told);
    assert(w != NULL);
    for (size_t at = 0; at < len; at += piece)
        mtf_walk_feed(w, data + at, len - at < piece ? len - at : piece);
    mtf_walk_end(w);
    assert(mtf_walk_verdict(w) <= MTF_VERDICT_OK);
    assert(told <= mtf_walk_report(w)->sets);
    return *mtf_walk_report(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 1 << 19)
        return 0;
    size_t piece = (size_t)(data[0] & 0x7F) + 1;
    bool mend = (data[0] & 0x80) != 0;
    data++;
    size--;
    AUTO_FREE uint8_t *copy = malloc(size > 0 ? size : 1); // exactly as long: ASan sees every step
    assert(copy != NULL);
    memcpy(copy, data, size);
    if (mend)
        checksums_mend(copy, size);
    struct mtf_report whole = walk(copy, size, size > 0 ? size : 1);
    struct mtf_report pieces = walk(copy, size, piece);
    assert(whole.size == size && whole.closed_end <= size && whole.damage.offset <= size);
    assert(memcmp(&whole, &pieces, sizeof whole) == 0);
    return 0;
}
