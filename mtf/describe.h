// SQL Server's own description of a backup set: the record SCIN, first in the stream MQCI of the
// blocks MSCI (at the start of a set: no finish time, estimated sizes) and MSLS (at its end:
// final).
#ifndef MTF_DESCRIBE_H
#define MTF_DESCRIBE_H

#include "mtf/block.h"

// The description in the block at `at` (MSCI or MSLS) into *out; final: it is MSLS's. MTF_SHORT:
// the bytes end inside the record. MTF_BAD: *offset says where it breaks (in the file).
enum mtf_got mtf_details_parse(const struct mtf_bytes *b, uint64_t at,
                               const struct mtf_block *block, bool final, struct mtf_set *out,
                               uint64_t *offset);

#endif
