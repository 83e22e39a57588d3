#include "object/parts.h"
#include "s3/store.h"

#include <assert.h>

#define PARTS_PER_DOUBLING 1000
// The other thousand is for growth beyond the hint and for short parts.
#define PARTS_FOR_HINT 9000

static uint64_t round_up(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

uint64_t parts_for(uint64_t size, uint64_t chunk)
{
    return round_up((size + PARTS_FOR_HINT - 1) / PARTS_FOR_HINT, chunk);
}

static uint64_t first_size(const struct parts_plan *plan)
{
    uint64_t size = round_up(plan->first, plan->chunk);
    uint64_t for_hint = parts_for(plan->hint, plan->chunk);
    return for_hint > size ? for_hint : size;
}

uint64_t parts_target(const struct parts_plan *plan, unsigned number)
{
    assert(number >= 1 && number <= STORE_PART_NUMBER_MAX && plan->cap >= plan->chunk);
    uint64_t size = first_size(plan);
    for (unsigned i = 0; i < (number - 1) / PARTS_PER_DOUBLING && size < plan->cap; i++)
        size *= 2;
    return size < plan->cap ? size : plan->cap;
}

uint64_t parts_capacity(const struct parts_plan *plan, unsigned number)
{
    uint64_t total = 0;
    for (unsigned n = number; n <= STORE_PART_NUMBER_MAX; n += 1) {
        // All parts of one thousand are alike: count them at once.
        unsigned last = ((n - 1) / PARTS_PER_DOUBLING + 1) * PARTS_PER_DOUBLING;
        total += parts_target(plan, n) * (last - n + 1);
        n = last;
    }
    return total;
}
