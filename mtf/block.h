// The building stones of Microsoft Tape Format as SQL Server writes it: block headers, streams,
// soft filemarks, dates, and SQL Server's data checksum. Nothing here keeps state or knows where
// the bytes come from: a reader of a file's two ends and one that walks all of it use the same
// pieces. All of it takes hostile bytes.
//
// A file is a chain of blocks. A block has a header of 52 bytes, then fields, then streams, each
// with a header of 22 bytes; the stream SPAD fills up to the next block. A soft filemark (SFMB) has
// no streams and is S bytes long (S: from the media header). Source: Microsoft Tape Format
// Specification 1.00a; where SQL Server departs from it, real files of 2005 to 2022 are followed.
#ifndef MTF_BLOCK_H
#define MTF_BLOCK_H

#include "mtf/mtf.h"
#include "mtf/bytes.h"

#define MTF_BLOCK_HEADER  52
#define MTF_STREAM_HEADER 22
#define MTF_GRID          1024 // grid of block starts, from the end of the last filemark
#define MTF_SECTOR        512  // filemarks are a multiple of this long

enum mtf_got {
    MTF_GOT,
    MTF_SHORT, // the bytes end before it does
    MTF_BAD,   // not what must stand here
};

struct mtf_block {
    char type[5]; // four capital letters
    uint32_t attributes;
    uint16_t first_event; // from the block's start to its first stream, or to the next block
    uint64_t fla;         // format logical address: units of MTF_GRID from this set's SSET
    uint32_t control;     // counts the blocks of a set
    uint8_t string_type;  // 2: UTF-16LE
};

struct mtf_stream {
    char id[5];
    uint16_t media; // MTF_STREAM_*
    uint64_t len;   // of the data; untrusted
    uint64_t data;  // where it starts, in the bytes given
};
#define MTF_STREAM_CHECKSUM 0x100 // a CSUM stream follows (SQL Server's bit)

// XOR of the little-endian 16-bit words of [at, at + len).
uint16_t mtf_xor_words(const struct mtf_bytes *b, uint64_t at, size_t len);

// The header at `at`. Checked: its checksum, four letters, and that the first event is not inside
// the header (an all-zero header has a fitting checksum).
enum mtf_got mtf_block_parse(const struct mtf_bytes *b, uint64_t at, struct mtf_block *out);
bool mtf_block_is(const struct mtf_block *block, const char *type);

// The stream header at or, aligned to 4, after `at` (b->offset counts in the alignment). The data
// need not be there.
enum mtf_got mtf_stream_parse(const struct mtf_bytes *b, uint64_t at, struct mtf_stream *out);
bool mtf_stream_is(const struct mtf_stream *stream, const char *id);
// Where the next header is looked for; UINT64_MAX when the length is absurd.
uint64_t mtf_stream_end(const struct mtf_stream *stream);

// Looks through the streams of the block at `at` for one, up to the SPAD that ends the block.
// wanted NULL: for that SPAD; then *end is where the next block starts (it may be past the bytes).
// MTF_BAD: damaged, at *end; or there is no such stream, *end then 0. MTF_SHORT: the bytes end
// before it is found; it may be found and its data not all there.
enum mtf_got mtf_block_stream(const struct mtf_bytes *b, uint64_t at, const struct mtf_block *block,
                              const char *wanted, struct mtf_stream *out, uint64_t *end);

// ---- soft filemarks ----

struct mtf_filemark {
    uint32_t slots, used; // earlier filemarks that are listed, newest first
    uint32_t list;        // where the list stands in the filemark
    uint64_t newest;      // the first of them; valid if used > 0
    bool after_index;     // a chunk index stands before it (compressed backups)
};

// The filemark of `size` bytes at `at`. size 0: as long as it says itself. Checked: header, list.
enum mtf_got mtf_filemark_parse(const struct mtf_bytes *b, uint64_t at, uint32_t size,
                                struct mtf_filemark *out);
// Byte offset of the i-th filemark listed; i < used.
uint64_t mtf_filemark_slot(const struct mtf_bytes *b, uint64_t at, const struct mtf_filemark *mark,
                           uint32_t i);
bool mtf_filemark_size_is_valid(uint32_t size);

// ---- values ----

struct mtf_date mtf_date_parse(const struct mtf_bytes *b, uint64_t at);
struct mtf_lsn mtf_lsn_parse(const struct mtf_bytes *b, uint64_t at);
void mtf_guid_parse(const struct mtf_bytes *b, uint64_t at, struct mtf_guid *out);

// ---- blocks with fields that matter; the block's header is known to be good ----

// TAPE at `at`, and its RAID stream. False: damaged (why is set).
bool mtf_media_parse(const struct mtf_bytes *b, uint64_t at, const struct mtf_block *block,
                     struct mtf_media *out, struct mtf_damage *damage);
void mtf_set_header_parse(const struct mtf_bytes *b, uint64_t at, struct mtf_set *out); // SSET
void mtf_volume_parse(const struct mtf_bytes *b, uint64_t at, struct mtf_set *out);     // VOLB

struct mtf_set_end {
    uint64_t catalog; // 0 in the first ESET of a set, the first one's place in the second
    uint16_t number;
};
struct mtf_set_end mtf_set_end_parse(const struct mtf_bytes *b, uint64_t at); // ESET

// ---- the set map: data of a TSMP stream, lists all sets of the file ----

struct mtf_map {
    struct mtf_bytes data;
    uint64_t at;     // of the next entry
    uint32_t family; // media family id
    uint16_t count;  // of all sets
    uint16_t left;   // not read yet
};
bool mtf_map_start(struct mtf_map *map, struct mtf_bytes data);
// The next set: number, address, name, user, machine, start, backup size (`size_bytes`). False at
// the end or where the map is damaged (left is then not 0).
bool mtf_map_next(struct mtf_map *map, struct mtf_set *out);

// ---- the checksum of MQDA and MQTL data (WITH CHECKSUM), over the data without its first 2 bytes
// ----

// It does not notice pieces that are exchanged at a distance of a multiple of 16 KiB.
struct mtf_data_sum {
    uint32_t value; // of whole sectors
    uint32_t words; // XOR of the begun sector's words
    uint32_t fill;  // bytes of the begun sector
};
void mtf_data_sum_add(struct mtf_data_sum *sum, const uint8_t *data, size_t len);
uint32_t mtf_data_sum_value(const struct mtf_data_sum *sum);

#endif
