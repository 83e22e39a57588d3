// How large each part of a multipart upload is, so that 10,000 of them hold the file. Pure
// arithmetic.
//
// Sizes are plaintext bytes, multiples of the chunk. Without a hint the size starts at `first` and
// doubles every 1,000 parts; a hint (a declared size) raises the first size to hint / 9,000. `cap`
// bounds it: what memory allows.
#ifndef OBJECT_PARTS_H
#define OBJECT_PARTS_H

#include <stdint.h>

struct parts_plan {
    uint64_t first; // --part-size
    uint64_t chunk; // sizes are multiples of it
    uint64_t cap;   // largest part, multiple of chunk, >= one chunk
    uint64_t hint;  // declared size of the file, 0 if none
};

// Smallest part that holds a file of `size` and leaves a tenth of the numbers for short parts.
uint64_t parts_for(uint64_t size, uint64_t chunk);
// Size at which part `number` (from 1) is full.
uint64_t parts_target(const struct parts_plan *plan, unsigned number);
// What parts number..10,000 hold together.
uint64_t parts_capacity(const struct parts_plan *plan, unsigned number);

#endif
