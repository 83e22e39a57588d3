// Which backups of one database lead how far: full, differential and log backups joined by their
// LSNs as RESTORE joins them.
//
//   a differential applies to the full backup whose set it names
//   a log backup applies to what reaches LSN x if first_lsn <= x, and then reaches its last_lsn
//
// Values only; no memory is taken. Source: Microsoft's documentation of RESTORE and of
// backupset.
#ifndef MTF_CHAIN_H
#define MTF_CHAIN_H

#include "mtf/mtf.h"

struct mtf_link { // one whole backup set: all of its stripes are there
    char type;    // as in struct mtf_set; others than D, I and L are left aside
    struct mtf_lsn first_lsn, last_lsn, checkpoint_lsn;
    struct mtf_lsn base_lsn; // type I: checkpoint of its full backup
    struct mtf_guid guid, base_guid;
    struct mtf_date finished;
    size_t tag; // the caller's

    // what mtf_chain_join found
    bool in_path; // of the way that leads furthest
    bool no_base; // type I: its full backup is not here
    bool too_old; // type L: ends before any full backup does
    bool gap;     // type L: log is missing in front of it, from gap_from to its first_lsn
    struct mtf_lsn gap_from;
};
// What is told of a set; the tag and guid are left to the caller where the set has none.
void mtf_link_from_set(struct mtf_link *link, const struct mtf_set *set, size_t tag);

struct mtf_chain {
    size_t fulls, differentials, logs, others;
    size_t gaps; // of the log
    size_t lost; // differentials without their full backup
    bool restorable;
    size_t end; // index of the link that the way ends with, when restorable
};

// Sorts links in the order of a restore (by last LSN; fulls, differentials, logs) and fills what
// was found, in them and in *out.
void mtf_chain_join(struct mtf_link *links, size_t count, struct mtf_chain *out);

#endif
