// XPRESS with Huffman codes, the packing inside compressed SQL Server backups, published by
// Microsoft as [MS-XCA] "LZ77+Huffman". Unpacking only.
#ifndef MTF_XPRESS_H
#define MTF_XPRESS_H

#include "mtf/bytes.h"

#define MTF_XPRESS_BLOCK 65536 // bytes that one table of codes serves; more is not unpacked

// Unpacks into all of out (at most MTF_XPRESS_BLOCK bytes). False if the input is damaged; out's
// content is then without meaning. Input that ends early reads as zeros, as other decoders have it.
bool mtf_xpress_unpack(const uint8_t *data, size_t len, uint8_t *out, size_t out_len);

#endif
