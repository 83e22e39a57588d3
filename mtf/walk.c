// The calls of walk.h: what the file is, whose turn the bytes are, how it ended. See
// walk_internal.h.
#include "mtf/filemark.h"
#include "mtf/walk_internal.h"
#include "common/secret.h"

#include <assert.h>
#include <string.h>

#define TAIL_KEPT MTF_FILEMARK_MAX // of what cannot be walked: does it end as a backup does?
_Static_assert(2 * TAIL_KEPT <= KEEP_MAX, "room for two tails");

bool all_zero(const uint8_t *data, size_t len)
{
    return len == 0 || (data[0] == 0 && memcmp(data, data + 1, len - 1) == 0);
}

size_t zeros_before(const uint8_t *data, size_t len)
{
    size_t i = 0;
    while (i < len && data[i] == 0)
        i++;
    return i;
}

// ---- memory ----

static bool gather_init(struct gather *g, size_t cap)
{
    g->data = malloc(cap);
    g->cap = g->data != NULL ? cap : 0;
    return g->data != NULL;
}

static void gather_clear(struct gather *g)
{
    if (g->data != NULL)
        secret_wipe(g->data, g->high);
    free(g->data);
}

void gather_add(struct gather *g, const uint8_t *data, size_t len)
{
    size_t room = g->cap - g->len;
    if (len > room)
        len = room;
    if (len > 0)
        memcpy(g->data + g->len, data, len);
    g->len += len;
    if (g->len > g->high)
        g->high = g->len;
}

struct mtf_walk *mtf_walk_new(void (*set)(void *context, const struct mtf_set *set, bool finished),
                              void *context)
{
    CLEANUP(mtf_walk_freep) struct mtf_walk *w = calloc(1, sizeof *w);
    if (w == NULL || !gather_init(&w->stream.kept, KEEP_MAX) ||
        !gather_init(&w->frame.kept, KEEP_MAX))
        return NULL;
    w->frame.space = malloc(MTF_RECORD_MAX);
    if (w->frame.space == NULL)
        return NULL;
    w->set = set;
    w->context = context;
    w->stream.left = MTF_BLOCK_HEADER;
    w->stream.keeps = true;
    w->frame.left = MTF_PACKED_HEADER;
    w->frame.keeps = true;
    return TAKE(w);
}

void mtf_walk_free(struct mtf_walk *w)
{
    if (w == NULL)
        return;
    gather_clear(&w->stream.kept);
    gather_clear(&w->frame.kept);
    if (w->frame.space != NULL)
        secret_wipe(w->frame.space, MTF_RECORD_MAX);
    free(w->frame.space);
    secret_wipe(w, sizeof *w);
    free(w);
}

// ---- what was found ----

void walk_damage(struct mtf_walk *w, const char *block, uint64_t offset, const char *why)
{
    struct mtf_report *r = &w->report;
    if (r->damages++ > 0)
        return;
    r->damage = (struct mtf_damage){why, offset};
    memcpy(r->damage_block, block, strnlen(block, 4) + 1);
}

void walk_trailing(struct mtf_walk *w, const uint8_t *begin, size_t len)
{
    bool zeros = all_zero(begin, len);
    w->trails = true;
    w->report.trailing_zeros = zeros;
    walk_damage(w, "", w->report.closed_end,
                zeros ? "zeros follow the last filemark: the file was not cut to its length"
                      : "what follows the last filemark is no backup set");
}

void walk_count_filemark(struct mtf_walk *w, uint64_t end)
{
    if (w->marks.count < 3 || w->marks.count % 2 == 0)
        return;
    walk_set_closed(w, (uint32_t)((w->marks.count - 1) / 2), end);
}

void walk_set_closed(struct mtf_walk *w, uint32_t sets, uint64_t end)
{
    struct mtf_report *r = &w->report;
    r->sets = sets;
    r->closed_end = end;
    if (r->damages > 0)
        return;
    r->sound_sets = sets;
    r->sound_end = end;
}

const struct mtf_report *mtf_walk_report(const struct mtf_walk *w)
{
    return &w->report;
}

// ---- feeding ----

// Moved down only when twice as much has gathered, so that small pieces cost little.
void walk_keep_tail(struct mtf_walk *w, const uint8_t *data, size_t len)
{
    struct gather *tail = &w->stream.kept;
    if (len > TAIL_KEPT) {
        data += len - TAIL_KEPT;
        len = TAIL_KEPT;
    }
    if (tail->len + len > 2 * TAIL_KEPT) {
        memmove(tail->data, tail->data + tail->len - TAIL_KEPT, TAIL_KEPT);
        tail->len = TAIL_KEPT;
    }
    gather_add(tail, data, len);
}

static void route(struct mtf_walk *w, const uint8_t *data, size_t len)
{
    if (w->trails) {
        w->report.trailing_zeros = w->report.trailing_zeros && all_zero(data, len);
        return;
    }
    if (w->report.kind == MTF_PLAIN)
        stream_feed(w, data, len);
    else if (w->report.kind == MTF_PACKED)
        frame_feed(w, data, len);
    else
        walk_keep_tail(w, data, len);
}

// A media header of SQL Server's that does not fit its checksum is a damaged backup.
static bool is_damaged_media_header(const struct mtf_walk *w)
{
    const struct mtf_bytes b = {w->head, w->head_len, 0};
    return w->head_len == MTF_RECOGNISE_BYTES && memcmp(w->head, "TAPE", 4) == 0 &&
           mtf_u16(&b, 86) == MTF_VENDOR_SQL_SERVER;
}

static void decide(struct mtf_walk *w)
{
    w->decided = true;
    w->report.kind = mtf_recognise(w->head, w->head_len);
    if (w->report.kind == MTF_NOT_A_BACKUP && is_damaged_media_header(w))
        w->report.kind = MTF_PLAIN;
    route(w, w->head, w->head_len);
}

void mtf_walk_feed(struct mtf_walk *w, const uint8_t *data, size_t len)
{
    assert(!w->report.is_ended);
    w->report.size += len;
    if (!w->decided) {
        size_t take = MTF_RECOGNISE_BYTES - w->head_len;
        if (take > len)
            take = len;
        if (take > 0)
            memcpy(w->head + w->head_len, data, take);
        w->head_len += take;
        if (w->head_len < MTF_RECOGNISE_BYTES)
            return;
        decide(w);
        data += take;
        len -= take;
    }
    if (len > 0)
        route(w, data, len);
}

// ---- the end ----

static bool tail_is_finished(const struct mtf_walk *w, uint32_t filemark_size, enum mtf_kind kind)
{
    struct mtf_end end;
    const struct gather *tail = &w->stream.kept;
    size_t len = tail->len < TAIL_KEPT ? tail->len : TAIL_KEPT;
    const struct mtf_bytes b = {tail->data + tail->len - len, len, w->report.size - len};
    return mtf_end_find(&b, filemark_size, kind, &end) == MTF_FINISHED;
}

static void end_unknown(struct mtf_walk *w)
{
    if (w->report.kind != MTF_OTHER && tail_is_finished(w, 0, MTF_UNDECIDED))
        walk_damage(w, "", 0, "it ends as a SQL Server backup does, but does not begin as one");
}

// A few bytes behind the last set, fewer than a header has.
static void end_short_trail(struct mtf_walk *w, bool packed)
{
    const struct stream_walk *s = &w->stream;
    const struct frame_walk *f = &w->frame;
    uint64_t sound = w->report.closed_end;
    if (sound == 0 || sound == w->report.size)
        return;
    if (packed && f->step == FRAME_NEXT && f->record_at == sound)
        walk_trailing(w, f->kept.data, f->kept.len);
    else if (!packed && s->step == STEP_BLOCK && s->block_at == sound)
        walk_trailing(w, s->head, s->head_len);
}

static void end_place(struct mtf_walk *w)
{
    struct mtf_report *r = &w->report;
    bool packed = r->kind == MTF_PACKED;
    bool broken = packed ? w->frame.is_broken : w->stream.is_broken;
    bool inside =
        packed ? !frame_is_between_parts(&w->frame) : !stream_is_between_blocks(&w->stream);
    if (!broken)
        end_short_trail(w, packed);
    if (w->frame.is_lost && tail_is_finished(w, w->frame.filemark_size, MTF_PACKED))
        r->unproved |= MTF_UNPROVED_LAYOUT;
    else if (w->frame.is_lost)
        walk_damage(w, "", w->frame.record_at,
                    "its records cannot be followed, and it has no final filemark");
    else if (w->trails)
        r->trailing = r->size - r->closed_end;
    else if (!broken && r->closed_end != r->size)
        walk_damage(w, inside ? w->stream.block.type : "", r->size,
                    "it ends here without the final filemark: unfinished, or cut short");
}

static void end_backup(struct mtf_walk *w)
{
    struct mtf_report *r = &w->report;
    bool packed = r->kind == MTF_PACKED;
    end_place(w);
    set_abandon(w);
    if (!packed && r->data_bytes > r->summed_bytes)
        r->unproved |= MTF_UNPROVED_DATA;
    if (r->encrypted)
        r->unproved |= MTF_UNPROVED_ENCRYPTED;
    if (r->disorders > 0)
        r->unproved |= MTF_UNPROVED_ORDER;
}

void mtf_walk_end(struct mtf_walk *w)
{
    struct mtf_report *r = &w->report;
    assert(!r->is_ended);
    if (!w->decided)
        decide(w);
    r->is_ended = true;
    r->filemarks = w->marks.count;
    if (r->old_packed)
        r->unproved |= MTF_UNPROVED_LAYOUT;
    else if (r->kind == MTF_PLAIN || r->kind == MTF_PACKED)
        end_backup(w);
    else
        end_unknown(w);
}

enum mtf_verdict mtf_walk_verdict(const struct mtf_walk *w)
{
    const struct mtf_report *r = &w->report;
    assert(r->is_ended);
    if (r->damages > 0)
        return MTF_VERDICT_DAMAGED;
    if ((r->kind != MTF_PLAIN && r->kind != MTF_PACKED) || r->old_packed)
        return MTF_VERDICT_UNKNOWN;
    return r->unproved != 0 ? MTF_VERDICT_NOT_PROVED : MTF_VERDICT_OK;
}
