// What the blocks of a set say, held against what was met: order, numbers, addresses, the set map.
// A number that does not fit is damage, but the walk goes on: what follows can be read.
#include "mtf/walk_internal.h"

#include <string.h>

static struct mtf_bytes kept_bytes(const struct mtf_walk *w)
{
    const struct stream_walk *s = &w->stream;
    return (struct mtf_bytes){s->kept.data, s->kept.len, s->block_at};
}

static void tell(struct mtf_walk *w, bool finished)
{
    struct set_walk *t = &w->sets;
    if (t->is_open && w->set != NULL)
        w->set(w->context, &t->set, finished);
    t->is_open = false;
}

void set_abandon(struct mtf_walk *w)
{
    tell(w, false);
}

// ---- blocks: their fields ----

static bool media_begins(struct mtf_walk *w)
{
    if (w->stream.block_at == 0)
        return true;
    stream_damage(w, w->stream.block_at, "a second media header");
    return false;
}

static bool set_begins(struct mtf_walk *w)
{
    struct set_walk *t = &w->sets;
    const struct stream_walk *s = &w->stream;
    const struct mtf_bytes b = kept_bytes(w);
    if (t->is_open || s->block_at != s->base || s->block_at == 0) {
        stream_damage(w, s->block_at, "a set begins where none can");
        return false;
    }
    t->set = (struct mtf_set){0};
    mtf_set_header_parse(&b, 0, &t->set);
    if (t->count < SETS_MAX)
        t->addresses[t->count] = s->base_place;
    t->count++;
    t->is_open = true;
    t->data_closed = false;
    t->ends = 0;
    t->control = 0;
    t->start = s->block_at;
    if (t->set.number != t->count || t->set.address != s->base_place)
        stream_damage(w, s->block_at, "a set's header has another number or place than it says");
    return true;
}

static bool set_ends(struct mtf_walk *w)
{
    struct set_walk *t = &w->sets;
    const struct mtf_bytes b = kept_bytes(w);
    uint64_t at = w->stream.block_at;
    struct mtf_set_end end = mtf_set_end_parse(&b, 0);
    if (!t->is_open || !t->data_closed || t->ends >= 2) {
        stream_damage(w, at, "the end of a set where none can be");
        return false;
    }
    // SQL Server 2005 gives the place of the set map instead.
    bool fits = t->ends == 0 ? end.catalog == 0
                             : end.catalog == t->end_place || end.catalog == t->map_place;
    if (!fits || end.number != t->count)
        stream_damage(w, at, "the end of a set names another set or place");
    if (t->ends++ == 0)
        t->end_place = t->map_place = stream_place(w, at);
    return true;
}

static bool set_continues(struct mtf_walk *w)
{
    struct set_walk *t = &w->sets;
    const struct stream_walk *s = &w->stream;
    if (!t->is_open || t->data_closed) {
        stream_damage(w, s->block_at, "a block outside of a set");
        return false;
    }
    if (s->block.fla != (s->block_at - t->start) / MTF_GRID ||
        (s->block_at - t->start) % MTF_GRID != 0)
        stream_damage(w, s->block_at, "a block's address is not where it stands");
    else if (s->block.control != t->control)
        stream_damage(w, s->block_at, "a block's number does not follow the last one's");
    t->control = s->block.control + 1;
    return true;
}

bool set_block(struct mtf_walk *w)
{
    const struct mtf_block *block = &w->stream.block;
    if (mtf_block_is(block, "TAPE"))
        return media_begins(w);
    if (mtf_block_is(block, "ESET"))
        return set_ends(w);
    if (mtf_block_is(block, "SSET") && !set_begins(w))
        return false;
    return set_continues(w);
}

// ---- whole blocks ----

static void media_end(struct mtf_walk *w)
{
    struct mtf_report *r = &w->report;
    struct mtf_damage damage = {0};
    const struct mtf_bytes b = kept_bytes(w);
    if (mtf_media_parse(&b, 0, &w->stream.block, &r->media, &damage))
        return;
    stream_damage(w, w->stream.block_at, damage.why);
    w->stream.is_broken = true;
}

static void details_end(struct mtf_walk *w, bool final)
{
    struct mtf_set *set = &w->sets.set;
    const struct mtf_bytes b = kept_bytes(w);
    uint64_t offset = 0;
    if (mtf_details_parse(&b, 0, &w->stream.block, final, set, &offset) != MTF_GOT)
        stream_damage(w, offset, "no valid description of the set");
    else if (final && set->finished.year == 0)
        stream_damage(w, w->stream.block_at, "the set's final description has no finish time");
}

// Whether the map's sets are those that were met.
static bool map_fits(struct mtf_walk *w, struct mtf_map *map)
{
    struct set_walk *t = &w->sets;
    struct mtf_set set;
    uint32_t i = 0;
    for (; mtf_map_next(map, &set); i++) {
        if (i < t->count && i < SETS_MAX && set.address != t->addresses[i])
            return false;
        t->set.size_bytes = set.size_bytes;
    }
    return map->left == 0 && i == t->count;
}

static void map_end(struct mtf_walk *w)
{
    struct mtf_stream stream;
    struct mtf_map map;
    uint64_t end = 0;
    const struct mtf_bytes b = kept_bytes(w);
    enum mtf_got got = mtf_block_stream(&b, 0, &w->stream.block, "TSMP", &stream, &end);
    bool whole = got == MTF_GOT && mtf_has(&b, stream.data, stream.len);
    if (w->sets.count > SETS_MAX || (!whole && b.len == KEEP_MAX)) {
        w->report.unproved |= MTF_UNPROVED_MAP;
        return;
    }
    if (!whole || !mtf_map_start(&map, mtf_part(&b, stream.data, stream.len)) || !map_fits(w, &map))
        stream_damage(w, w->stream.block_at, "the set map does not list the sets of the file");
}

void set_block_end(struct mtf_walk *w)
{
    const struct mtf_block *block = &w->stream.block;
    const struct mtf_bytes b = kept_bytes(w);
    if (mtf_block_is(block, "TAPE"))
        media_end(w);
    else if (mtf_block_is(block, "VOLB"))
        mtf_volume_parse(&b, 0, &w->sets.set);
    else if (mtf_block_is(block, "MSCI"))
        details_end(w, false);
    else if (mtf_block_is(block, "MSLS"))
        details_end(w, true);
    else if (mtf_block_is(block, "ESET") && w->sets.ends == 1)
        map_end(w);
}

// ---- filemarks ----

void set_filemark(struct mtf_walk *w, uint64_t at, uint64_t end)
{
    struct set_walk *t = &w->sets;
    if (!t->is_open) {
        if (w->marks.count != 1)
            walk_damage(w, "SFMB", at, "a filemark where no set is open");
    } else if (!t->data_closed) {
        t->data_closed = true;
        if (!t->set.is_final)
            walk_damage(w, "SFMB", at, "the set's data end without the final description");
    } else if (t->ends != 2) {
        walk_damage(w, "SFMB", at, "a filemark before the end of the set");
        set_abandon(w);
    } else {
        walk_set_closed(w, w->report.sets + 1, end);
        tell(w, true);
    }
}
