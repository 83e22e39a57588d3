// Walks a whole backup file while its bytes go by, once and in order, and tells what that proves
// about it without SQL Server. The bytes come in pieces of any size; memory is bounded (about
// 2 MiB) whatever the file holds; hostile bytes give a damage, never a crash.
//
// Checked in every file: each header's checksum, the order of blocks, addresses and numbers,
// filemarks with their lists, the set map, fill bytes, the final filemark at the very end. Page and
// log data are proved by the checksums of BACKUP ... WITH CHECKSUM, and in compressed backups by
// those of the records, whose content is unpacked and walked too. Of an encrypted one only the
// chain of records and the filemarks can be seen.
//
// What no checksum covers in an uncompressed backup: names, dates, LSNs, and log headers. CHECKSUM
// does not notice pieces exchanged at a distance of a multiple of 16 KiB; page numbers do, and are
// looked at. Source: see block.h, packed.h.
//
// A walk belongs to one thread at a time. Nothing blocks, logs or sets an error text.
#ifndef MTF_WALK_H
#define MTF_WALK_H

#include "mtf/mtf.h"
#include "common/cleanup.h"

enum mtf_verdict {
    MTF_VERDICT_UNKNOWN,    // not a SQL Server backup, or one whose layout is not known
    MTF_VERDICT_DAMAGED,    // or cut, or unfinished: see damage
    MTF_VERDICT_NOT_PROVED, // whole as far as it can be seen; what cannot be is in `unproved`
    MTF_VERDICT_OK,         // whole, and all data matched a checksum
};

// Why content is not proved; bits.
enum mtf_unproved {
    MTF_UNPROVED_DATA = 1,      // data without checksums: not WITH CHECKSUM, not compressed
    MTF_UNPROVED_ENCRYPTED = 2, // WITH ENCRYPTION: only records and filemarks were seen
    MTF_UNPROVED_LAYOUT = 4,    // compressed by 2008 to 2012; or encrypted, and its records do not
                                // follow one another as in those that are known
    MTF_UNPROVED_ORDER = 8,     // page numbers do not rise: pieces may be exchanged (`order`)
    MTF_UNPROVED_MAP = 16,      // more sets than are remembered: the set map was not compared
};

struct mtf_report {
    enum mtf_kind kind;
    bool encrypted, packed, old_packed; // as in struct mtf_info
    struct mtf_media media;
    uint64_t size; // bytes that were fed
    bool is_ended; // mtf_walk_end was called
    uint32_t sets; // finished ones
    uint64_t filemarks;
    uint64_t closed_end; // end of the filemark that closes the last finished set; 0: none
    uint64_t trailing;   // bytes behind it that are no further set; they are damage
    uint32_t sound_sets; // finished before the first damage
    uint64_t sound_end;  // end of the last of them; 0: none
    bool trailing_zeros;
    uint64_t blocks, records;          // whose headers fitted; records: whose checksums did
    uint64_t data_bytes, summed_bytes; // page and log data; what of it matched a checksum
    uint64_t sums;                     // checksums of data streams that matched
    uint64_t pages;
    unsigned unproved; // enum mtf_unproved, when nothing is damaged
    // The first damage, and how many were met. Behind most the walk cannot go on.
    struct mtf_damage damage;
    char damage_block[5]; // the kind of block it is in; "": between blocks
    uint64_t damages;
    struct mtf_damage order; // the first page out of order
    uint64_t disorders;
};

struct mtf_walk;

// NULL: no memory. set, if not NULL, is told every set: when it is finished, or, with is_final
// false or without details, when the file broke before that. The set is the walk's.
struct mtf_walk *mtf_walk_new(void (*set)(void *context, const struct mtf_set *set, bool finished),
                              void *context);
void mtf_walk_free(struct mtf_walk *w); // wipes what it held of the file
CLEANUP_POINTER(mtf_walk, mtf_walk_free)

// The next bytes.
void mtf_walk_feed(struct mtf_walk *w, const uint8_t *data, size_t len);
// The file ends here. Nothing may be fed afterwards.
void mtf_walk_end(struct mtf_walk *w);

// So far, or after the end; the walk's.
const struct mtf_report *mtf_walk_report(const struct mtf_walk *w);
// After the end.
enum mtf_verdict mtf_walk_verdict(const struct mtf_walk *w);

#endif
