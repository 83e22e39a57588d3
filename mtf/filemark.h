// The end of a file: whether its last block is the filemark that closes a set.
#ifndef MTF_FILEMARK_H
#define MTF_FILEMARK_H

#include "mtf/block.h"

#define MTF_VENDOR_SQL_SERVER 0x1200

struct mtf_end {
    uint32_t filemark_size;
    uint32_t sets;     // finished ones; at least so many if the filemark's list is full
    uint64_t data_end; // offset in the file of the filemark that closes the last set's data
    bool is_packed;    // the filemark that closes the data follows a chunk index
};

// b: the file's last bytes. filemark_size 0: not known, all are tried. Looks at a few hundred
// bytes; never MTF_STATE_UNKNOWN but when the bytes are too few, or (kind MTF_UNDECIDED) not a
// backup's.
enum mtf_state mtf_end_find(const struct mtf_bytes *b, uint32_t filemark_size, enum mtf_kind kind,
                            struct mtf_end *out);

#endif
