// The record SCIN. Which fields exist depends on the version that wrote it: all that stand below
// the first string do. Offsets are those of SQL Server 2005 to 2022.
#include "mtf/describe.h"

#include <string.h>

#define SCIN_LEAST 344 // 2005's, without strings

// Fewer data file groups and the like follow in the same stream; only this record is looked for.
static struct mtf_bytes scin_find(const struct mtf_bytes *b, const struct mtf_stream *stream)
{
    uint32_t len = mtf_u32(b, stream->data + 4);
    if (!mtf_has(b, stream->data, 8) || memcmp(b->data + stream->data, "SCIN", 4) != 0 ||
        len < SCIN_LEAST || len > stream->len)
        return (struct mtf_bytes){0};
    return mtf_part(b, stream->data, len);
}

// Status bits of the database: 8 is SIMPLE, 4 alone BULK_LOGGED, neither FULL (inferred).
static enum mtf_recovery recovery_of(uint32_t status)
{
    if ((status & 8) != 0)
        return MTF_RECOVERY_SIMPLE;
    return (status & 4) != 0 ? MTF_RECOVERY_BULK : MTF_RECOVERY_FULL;
}

static void lsns_parse(const struct mtf_bytes *r, struct mtf_set *out)
{
    out->first_lsn = mtf_lsn_parse(r, 32);
    out->last_lsn = mtf_lsn_parse(r, 42);
    out->checkpoint_lsn = mtf_lsn_parse(r, 52);
    out->database_backup_lsn = mtf_lsn_parse(r, 62);
    if (out->type == 'I') {
        out->differential_base_lsn = mtf_lsn_parse(r, 260);
        mtf_guid_parse(r, 272, &out->differential_base_guid);
    }
}

static void fields_parse(const struct mtf_bytes *r, struct mtf_set *out)
{
    uint8_t type = mtf_u8(r, 87);
    out->flags = mtf_u32(r, 8);
    out->checksums = (out->flags & 0x10) != 0;
    out->software_build = mtf_u16(r, 24);
    out->software_minor = mtf_u8(r, 26);
    out->software_major = mtf_u8(r, 27);
    out->created = mtf_date_parse(r, 72);
    out->started = mtf_date_parse(r, 77);
    out->finished = mtf_date_parse(r, 82);
    out->type = type >= 'A' && type <= 'Z' ? (char)type : 0; // no checksum covers it
    out->compatibility = mtf_u8(r, 91);
    out->database_version = mtf_u16(r, 94);
    out->backup_size = mtf_u64(r, 96);
    out->recovery = recovery_of(mtf_u32(r, 244));
    mtf_guid_parse(r, 224, &out->family);
    lsns_parse(r, out);
    if (mtf_u16(r, 106) >= 352) // where the strings begin
        out->packed_size = mtf_u64(r, 344);
    mtf_text_at(r, 104, out->database, sizeof out->database);
    mtf_text_at(r, 108, out->server, sizeof out->server);
}

enum mtf_got mtf_details_parse(const struct mtf_bytes *b, uint64_t at,
                               const struct mtf_block *block, bool final, struct mtf_set *out,
                               uint64_t *offset)
{
    struct mtf_stream stream;
    uint64_t end;
    enum mtf_got got = mtf_block_stream(b, at, block, "MQCI", &stream, &end);
    *offset = b->offset + (end != 0 ? end : at);
    if (got != MTF_GOT)
        return got;
    if (!mtf_has(b, stream.data, 8))
        return MTF_SHORT;
    struct mtf_bytes record = scin_find(b, &stream);
    *offset = b->offset + stream.data;
    if (record.len == 0)
        return MTF_BAD;
    if (record.len < mtf_u32(&record, 4))
        return MTF_SHORT;
    fields_parse(&record, out);
    out->has_details = true;
    out->is_final = final;
    return MTF_GOT;
}

const char *mtf_type_name(char type)
{
    static const struct {
        char type;
        const char *name;
    } NAMES[] = {{'D', "full"},
                 {'I', "differential"},
                 {'L', "log"},
                 {'F', "file"},
                 {'G', "file differential"},
                 {'P', "partial"},
                 {'Q', "partial differential"}};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (NAMES[i].type == type)
            return NAMES[i].name;
    }
    return "of an unknown type";
}
