// See chain.h.
#include "mtf/chain.h"

#include <stdlib.h>
#include <string.h>

void mtf_link_from_set(struct mtf_link *link, const struct mtf_set *set, size_t tag)
{
    *link = (struct mtf_link){
        .type = set->type,
        .first_lsn = set->first_lsn,
        .last_lsn = set->last_lsn,
        .checkpoint_lsn = set->checkpoint_lsn,
        .base_lsn = set->differential_base_lsn,
        .guid = set->guid,
        .base_guid = set->differential_base_guid,
        .finished = set->finished,
        .tag = tag,
    };
}

static bool below(const struct mtf_lsn *a, const struct mtf_lsn *b)
{
    return mtf_lsn_compare(a, b) < 0;
}

static int by_lsn(const void *a, const void *b)
{
    const struct mtf_link *x = a, *y = b;
    static const char ORDER[] = "DIL";
    int diff = mtf_lsn_compare(&x->last_lsn, &y->last_lsn);
    if (diff == 0)
        diff = mtf_lsn_compare(&x->first_lsn, &y->first_lsn);
    if (diff == 0 && x->type != y->type) {
        const char *p = strchr(ORDER, x->type), *q = strchr(ORDER, y->type);
        diff = p == NULL || (q != NULL && p > q) ? 1 : -1;
    }
    return diff != 0 ? diff : (x->tag > y->tag) - (x->tag < y->tag);
}

static bool guid_is_zero(const struct mtf_guid *guid)
{
    static const struct mtf_guid ZERO;
    return memcmp(guid, &ZERO, sizeof ZERO) == 0;
}

static bool is_base_of(const struct mtf_link *full, const struct mtf_link *diff)
{
    if (full->type != 'D' || diff->type != 'I')
        return false;
    if (!guid_is_zero(&full->guid) && !guid_is_zero(&diff->base_guid))
        return memcmp(&full->guid, &diff->base_guid, sizeof full->guid) == 0;
    return mtf_lsn_compare(&full->checkpoint_lsn, &diff->base_lsn) == 0;
}

// ---- how far ----

struct way {
    size_t full, diff; // indices; diff == full: without one
    struct mtf_lsn end;
    size_t end_link;
};

// Goes on from where a full or differential backup leads, through the logs.
static void follow_logs(struct mtf_link *links, size_t count, struct way *way, bool mark)
{
    for (size_t i = 0; i < count; i++) {
        if (links[i].type != 'L' || below(&way->end, &links[i].first_lsn) ||
            !below(&way->end, &links[i].last_lsn))
            continue;
        way->end = links[i].last_lsn;
        way->end_link = i;
        links[i].in_path = links[i].in_path || mark;
    }
}

static struct way way_from(struct mtf_link *links, size_t count, size_t full, size_t diff)
{
    struct way way = {full, diff, links[diff].last_lsn, diff};
    follow_logs(links, count, &way, false);
    return way;
}

// The latest differential of a full backup; the full itself if there is none.
static size_t latest_diff(const struct mtf_link *links, size_t count, size_t full)
{
    size_t found = full;
    for (size_t i = 0; i < count; i++) {
        if (is_base_of(&links[full], &links[i]))
            found = i;
    }
    return found;
}

// Of ways that lead equally far the one with the latest start is the shortest.
static void take_better(struct way *best, const struct way *way, bool *any)
{
    if (*any && below(&way->end, &best->end))
        return;
    *best = *way;
    *any = true;
}

static void find_way(struct mtf_link *links, size_t count, struct mtf_chain *out)
{
    struct way best = {0};
    for (size_t i = 0; i < count; i++) {
        if (links[i].type != 'D')
            continue;
        struct way way = way_from(links, count, i, i);
        take_better(&best, &way, &out->restorable);
        size_t diff = latest_diff(links, count, i);
        if (diff == i)
            continue;
        way = way_from(links, count, i, diff);
        take_better(&best, &way, &out->restorable);
    }
    if (!out->restorable)
        return;
    out->end = best.end_link;
    links[best.full].in_path = links[best.diff].in_path = true;
    best.end = links[best.diff].last_lsn;
    follow_logs(links, count, &best, true);
}

// ---- what is missing ----

static void find_lost(struct mtf_link *links, size_t count, struct mtf_chain *out)
{
    for (size_t i = 0; i < count; i++) {
        if (links[i].type != 'I')
            continue;
        links[i].no_base = true;
        for (size_t j = 0; j < count && links[i].no_base; j++)
            links[i].no_base = !is_base_of(&links[j], &links[i]);
        out->lost += links[i].no_base;
    }
}

// The highest LSN below `limit` that a full or differential backup leads to.
static bool base_below(const struct mtf_link *links, size_t count, const struct mtf_lsn *limit,
                       struct mtf_lsn *out)
{
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        bool base = links[i].type == 'D' || (links[i].type == 'I' && !links[i].no_base);
        if (!base || !below(&links[i].last_lsn, limit) || (any && below(&links[i].last_lsn, out)))
            continue;
        *out = links[i].last_lsn;
        any = true;
    }
    return any;
}

// Log is missing between what the logs before reach and where this one begins, if anything could be
// restored to a point before: else nobody needs it.
static void find_gap(struct mtf_link *links, size_t count, struct mtf_link *log, bool any,
                     const struct mtf_lsn *reached)
{
    struct mtf_lsn base;
    if ((any && !below(reached, &log->first_lsn)) ||
        !base_below(links, count, &log->first_lsn, &base))
        return;
    log->gap = true;
    log->gap_from = any && below(&base, reached) ? *reached : base;
}

static void find_gaps(struct mtf_link *links, size_t count, struct mtf_chain *out)
{
    struct mtf_lsn reached = {0};
    const struct mtf_link *oldest = NULL;
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        if (links[i].type == 'D' && oldest == NULL)
            oldest = &links[i];
        if (links[i].type != 'L')
            continue;
        links[i].too_old = oldest == NULL;
        find_gap(links, count, &links[i], any, &reached);
        out->gaps += links[i].gap;
        reached = links[i].last_lsn;
        any = true;
    }
}

void mtf_chain_join(struct mtf_link *links, size_t count, struct mtf_chain *out)
{
    *out = (struct mtf_chain){0};
    if (count > 0)
        qsort(links, count, sizeof *links, by_lsn);
    for (size_t i = 0; i < count; i++) {
        out->fulls += links[i].type == 'D';
        out->differentials += links[i].type == 'I';
        out->logs += links[i].type == 'L';
    }
    out->others = count - out->fulls - out->differentials - out->logs;
    find_lost(links, count, out);
    find_gaps(links, count, out);
    find_way(links, count, out);
}
