// Which bytes of a chunk were written: a short sorted list of [begin, end) pairs. Its owner keeps
// it short: a list that is long has its smallest hole closed, once the owner's memory there is
// zeros. That is safe: a hole reads as zeros either way, and may still be overwritten until it is
// sealed; it only stops being waited for.
#ifndef OBJECT_EXTENTS_H
#define OBJECT_EXTENTS_H

#include "common/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXTENTS_MAX 512 // per chunk: a hole every 2 KiB of a MiB

struct extent {
    uint32_t begin, end;
};

struct extents {
    struct extent *list; // sorted, disjoint, not touching
    size_t count, room;
};

void extents_clear(struct extents *e);
// -ENOMEM leaves it as it was.
int extents_add(struct extents *e, uint32_t begin, uint32_t end) MUST_CHECK;
// Over EXTENTS_MAX.
bool extents_is_long(const struct extents *e);
// Makes the smallest hole count as written, and gives it: the caller fills it with zeros.
struct extent extents_close_smallest(struct extents *e);
void extents_cut(struct extents *e, uint32_t end); // forgets everything at or after end
bool extents_cover(const struct extents *e, uint32_t begin, uint32_t end);
// The first hole in [begin, end). False: there is none.
bool extents_first_hole(const struct extents *e, uint32_t begin, uint32_t end, struct extent *hole);
// Calls fn for every hole in [begin, end).
void extents_each_hole(const struct extents *e, uint32_t begin, uint32_t end,
                       void (*fn)(void *context, uint32_t begin, uint32_t end), void *context);
// Calls fn for everything written in [begin, end).
void extents_each_written(const struct extents *e, uint32_t begin, uint32_t end,
                          void (*fn)(void *context, uint32_t begin, uint32_t end), void *context);

#endif
