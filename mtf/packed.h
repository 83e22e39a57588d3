// The frame of compressed and encrypted SQL Server backups ("MSSQLBAK", 2014 and later): a header
// of 480 bytes, then records one after another, each with a checksum and a packed piece of the very
// stream that an uncompressed file would hold. Soft filemarks stand between them in the clear.
#ifndef MTF_PACKED_H
#define MTF_PACKED_H

#include "mtf/block.h"

#define MTF_PACKED_HEADER 480
#define MTF_RECORD_HEADER 28
#define MTF_RECORD_MAX    65536 // bytes that a record unpacks to

struct mtf_packed_header {
    uint32_t version; // 2; 1 is 2008 to 2012, whose records are laid out otherwise
    bool has_key;     // a wrapped key stands in it: encrypted
};
enum mtf_got mtf_packed_header_parse(const struct mtf_bytes *b, struct mtf_packed_header *out);

struct mtf_record {
    uint8_t kind;
    bool is_data, is_padding, is_index, is_encrypted, is_stored;
    uint32_t unpacked; // bytes
    uint32_t stored;   // bytes that follow the header of a data record, or a padding's
    uint32_t checksum; // of a data record
    uint64_t data;     // where they stand, in the bytes given
    uint64_t end;      // where the next record or filemark is; an index: not known from here (0)
};
// The record at `at`; its data need not be there.
enum mtf_got mtf_record_parse(const struct mtf_bytes *b, uint64_t at, struct mtf_record *out);

// Checksum of a record's stored bytes, and of the entries of an index.
uint32_t mtf_record_sum(const uint8_t *data, size_t len);

// Checks and unpacks the data record at `at` into out (MTF_RECORD_MAX bytes). MTF_SHORT: not all of
// it is there.
enum mtf_got mtf_record_unpack(const struct mtf_bytes *b, uint64_t at, struct mtf_record *record,
                               uint8_t *out);

struct mtf_index { // of a set; ends at the filemark that follows
    uint32_t count, len;
    uint64_t entries; // where they stand, in the bytes given: u64 unpacked, u64 file offset
};
// The index that ends at `end`. Checked: its two heads, and its checksum.
enum mtf_got mtf_index_parse(const struct mtf_bytes *b, uint64_t end, struct mtf_index *out);
// File offset of the record that entry i tells of; i < count.
uint64_t mtf_index_record(const struct mtf_bytes *b, const struct mtf_index *index, uint32_t i);

#endif
