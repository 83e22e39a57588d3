// Feeds the readers of backup files bytes of any kind: what they tell must be bounded and safe to
// print, and the same for the same bytes.
//
// Input: one byte of choices, then the bytes. Choices: bit 0 puts the checksums right that a header
// and a record must have, so that what is behind them is reached; bit 1 reads the end alone. The
// same bytes are then taken for every piece of the format that they could be.
#include "mtf/block.h"
#include "mtf/packed.h"
#include "mtf/xpress.h"
#include "common/cleanup.h"

#include <assert.h>
#include <string.h>

static void put_u16(uint8_t *at, uint16_t v)
{
    at[0] = v & 0xFF;
    at[1] = (uint8_t)(v >> 8);
}

static bool is_capital(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static bool begins_header(const uint8_t *at)
{
    return is_capital(at[0]) && is_capital(at[1]) && is_capital(at[2]) && is_capital(at[3]);
}

// Every block on a multiple of 512, every stream header on one of 4, and every packed record.
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

static void must_be_text(const char *text, size_t size)
{
    assert(strnlen(text, size) < size);
    for (const char *p = text; *p != '\0'; p++)
        assert((unsigned char)*p >= 0x20 && *p != 0x7F);
}

static void must_be_sound(const struct mtf_info *info, uint64_t size)
{
    const struct mtf_set *sets[] = {&info->first, &info->last};
    for (size_t i = 0; i < 2; i++) {
        must_be_text(sets[i]->name, sizeof sets[i]->name);
        must_be_text(sets[i]->user, sizeof sets[i]->user);
        must_be_text(sets[i]->machine, sizeof sets[i]->machine);
        must_be_text(sets[i]->database, sizeof sets[i]->database);
        must_be_text(sets[i]->server, sizeof sets[i]->server);
        char text[MTF_DATE_TEXT], guid[MTF_GUID_TEXT], lsn[MTF_LSN_TEXT];
        mtf_date_format(&sets[i]->started, text);
        mtf_guid_format(&sets[i]->guid, guid);
        mtf_lsn_format(&sets[i]->last_lsn, lsn);
    }
    must_be_text(info->media.software, sizeof info->media.software);
    assert(info->media.filemark_size <= MTF_FILEMARK_MAX);
    assert(info->media.stripe <= info->media.stripes);
    assert(info->state == MTF_FINISHED || info->data_end == 0);
    assert(info->data_end < size || size == 0);
}

static void read_ends(const uint8_t *data, size_t len, bool head, uint64_t before)
{
    AUTO_FREE struct mtf_info *info = calloc(1, sizeof *info);
    AUTO_FREE struct mtf_info *again = calloc(1, sizeof *again);
    assert(info != NULL && again != NULL);
    if (head) {
        mtf_read_head(info, data, len);
        mtf_read_head(again, data, len);
        assert(memcmp(info, again, sizeof *info) == 0);
    }
    mtf_read_tail(info, data, len, before);
    must_be_sound(info, before + len);
}

static void summarise(const uint8_t *data, size_t len, bool head, uint64_t before)
{
    struct mtf_summary s = {0};
    char text[MTF_SUMMARY_TEXT];
    if (head)
        mtf_summary_head(&s, data, len);
    mtf_summary_tail(&s, data, len, before);
    mtf_summary_format(&s, text);
    must_be_text(text, sizeof text);
}

static void read_map(const uint8_t *data, size_t len)
{
    struct mtf_map map;
    AUTO_FREE struct mtf_set *set = malloc(sizeof *set);
    assert(set != NULL);
    if (!mtf_map_start(&map, (struct mtf_bytes){data, len, 0}))
        return;
    while (mtf_map_next(&map, set))
        must_be_text(set->name, sizeof set->name);
    assert(map.left <= map.count);
}

static void unpack(const uint8_t *data, size_t len)
{
    AUTO_FREE uint8_t *out = malloc(MTF_XPRESS_BLOCK);
    assert(out != NULL);
    (void)!mtf_xpress_unpack(data, len, out, MTF_XPRESS_BLOCK);
    struct mtf_bytes b = {data, len, 0};
    struct mtf_index index;
    if (mtf_index_parse(&b, len, &index) == MTF_GOT)
        (void)mtf_index_record(&b, &index, index.count - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 1 << 18)
        return 0;
    uint8_t choices = *data++;
    size--;
    AUTO_FREE uint8_t *copy = malloc(size > 0 ? size : 1); // exactly as long: ASan sees every step
    assert(copy != NULL);
    memcpy(copy, data, size);
    if ((choices & 1) != 0)
        checksums_mend(copy, size);
    bool head = (choices & 2) == 0;
    uint64_t before = head ? 0 : (uint64_t)(choices >> 2) * MTF_FILEMARK_MAX;
    read_ends(copy, size, head, before);
    summarise(copy, size, head, before);
    read_map(copy, size);
    unpack(copy, size);
    return 0;
}
