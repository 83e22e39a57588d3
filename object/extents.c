#include "object/extents.h"
#include "common/err.h"

#include <assert.h>
#include <string.h>

void extents_clear(struct extents *e)
{
    free(e->list);
    *e = (struct extents){0};
}

static int make_room(struct extents *e)
{
    if (e->count < e->room)
        return 0;
    size_t room = e->room == 0 ? 4 : e->room * 2;
    struct extent *list = reallocarray(e->list, room, sizeof *list);
    if (list == NULL)
        return err_set(-ENOMEM, "out of memory");
    e->list = list;
    e->room = room;
    return 0;
}

bool extents_is_long(const struct extents *e)
{
    return e->count > EXTENTS_MAX;
}

struct extent extents_close_smallest(struct extents *e)
{
    assert(e->count > 1);
    size_t best = 0;
    struct extent hole = {0, UINT32_MAX};
    for (size_t i = 0; i + 1 < e->count; i++) {
        uint32_t begin = e->list[i].end, end = e->list[i + 1].begin;
        if (end - begin < hole.end - hole.begin) {
            hole = (struct extent){begin, end};
            best = i;
        }
    }
    e->list[best].end = e->list[best + 1].end;
    memmove(&e->list[best + 1], &e->list[best + 2], (e->count - best - 2) * sizeof *e->list);
    e->count--;
    return hole;
}

int extents_add(struct extents *e, uint32_t begin, uint32_t end)
{
    assert(begin <= end);
    if (begin == end)
        return 0;
    int rc = make_room(e);
    if (rc < 0)
        return rc;
    // The extents that touch [begin, end] are [first, last).
    size_t first = 0;
    while (first < e->count && e->list[first].end < begin)
        first++;
    size_t last = first;
    while (last < e->count && e->list[last].begin <= end)
        last++;
    if (last > first) {
        if (e->list[first].begin < begin)
            begin = e->list[first].begin;
        if (e->list[last - 1].end > end)
            end = e->list[last - 1].end;
    }
    memmove(&e->list[first + 1], &e->list[last], (e->count - last) * sizeof *e->list);
    e->count = e->count - (last - first) + 1;
    e->list[first] = (struct extent){begin, end};
    return 0;
}

void extents_cut(struct extents *e, uint32_t end)
{
    while (e->count > 0 && e->list[e->count - 1].begin >= end)
        e->count--;
    if (e->count > 0 && e->list[e->count - 1].end > end)
        e->list[e->count - 1].end = end;
}

bool extents_cover(const struct extents *e, uint32_t begin, uint32_t end)
{
    for (size_t i = 0; i < e->count; i++) {
        if (e->list[i].begin <= begin && e->list[i].end >= end)
            return true;
    }
    return begin >= end;
}

void extents_each_hole(const struct extents *e, uint32_t begin, uint32_t end,
                       void (*fn)(void *context, uint32_t begin, uint32_t end), void *context)
{
    for (size_t i = 0; i < e->count && begin < end; i++) {
        if (e->list[i].begin > begin) {
            uint32_t stop = e->list[i].begin < end ? e->list[i].begin : end;
            fn(context, begin, stop);
        }
        if (e->list[i].end > begin)
            begin = e->list[i].end;
    }
    if (begin < end)
        fn(context, begin, end);
}

static void keep_first(void *context, uint32_t begin, uint32_t end)
{
    struct extent *first = context;
    if (first->end == 0)
        *first = (struct extent){begin, end};
}

bool extents_first_hole(const struct extents *e, uint32_t begin, uint32_t end, struct extent *hole)
{
    *hole = (struct extent){0};
    extents_each_hole(e, begin, end, keep_first, hole);
    return hole->end > 0;
}

void extents_each_written(const struct extents *e, uint32_t begin, uint32_t end,
                          void (*fn)(void *context, uint32_t begin, uint32_t end), void *context)
{
    for (size_t i = 0; i < e->count; i++) {
        uint32_t from = e->list[i].begin > begin ? e->list[i].begin : begin;
        uint32_t to = e->list[i].end < end ? e->list[i].end : end;
        if (from < to)
            fn(context, from, to);
    }
}
