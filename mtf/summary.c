// The short form, for log lines. See mtf.h: no text out of the file may get in here.
#include "mtf/filemark.h"
#include "common/secret.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// Names out of the file are plaintext of it.
static void info_freep(struct mtf_info **info)
{
    if (*info != NULL)
        secret_wipe(*info, sizeof **info);
    free(*info);
}

static void take_set(struct mtf_summary *s, const struct mtf_set *set)
{
    if (!set->has_details)
        return;
    s->type = set->type;
    s->checksums = set->checksums;
    s->type_is_last = set->is_final;
}

void mtf_summary_head(struct mtf_summary *s, const uint8_t *data, size_t len)
{
    *s = (struct mtf_summary){.kind = mtf_recognise(data, len)};
    if (s->kind != MTF_PLAIN && s->kind != MTF_PACKED)
        return;
    CLEANUP(info_freep) struct mtf_info *info = malloc(sizeof *info);
    if (info == NULL)
        return;
    mtf_read_head(info, data, len < MTF_HEAD_BYTES ? len : MTF_HEAD_BYTES);
    s->packed = info->packed;
    s->encrypted = info->encrypted;
    s->stripe = info->media.stripe;
    s->stripes = info->media.stripes;
    s->filemark_size = info->media.filemark_size;
    take_set(s, &info->first);
}

void mtf_summary_forget_tail(struct mtf_summary *s)
{
    s->state = MTF_STATE_UNKNOWN;
    s->sets = 0;
}

// The file's end is a filemark: now the rest of its last bytes is worth a look.
static void take_tail(struct mtf_summary *s, const uint8_t *data, size_t len, uint64_t offset)
{
    CLEANUP(info_freep) struct mtf_info *info = calloc(1, sizeof *info);
    if (info == NULL)
        return;
    info->kind = s->kind;
    info->encrypted = s->encrypted;
    info->media.filemark_size = s->filemark_size;
    mtf_read_tail(info, data, len, offset); // all that is there: the map of 266 sets fills 64 KiB
    s->sets = info->sets;
    s->packed = s->packed || info->packed;
    take_set(s, &info->last);
}

void mtf_summary_tail(struct mtf_summary *s, const uint8_t *data, size_t len, uint64_t offset)
{
    struct mtf_end end;
    const struct mtf_bytes b = {data, len, offset};
    if (s->kind == MTF_NOT_A_BACKUP || s->kind == MTF_OTHER || len == 0)
        return;
    mtf_summary_forget_tail(s);
    s->type_is_last = false;
    s->state = mtf_end_find(&b, s->filemark_size, s->kind, &end);
    if (s->state == MTF_FINISHED)
        take_tail(s, data, len, offset);
}

// ---- words ----

struct words {
    char *out;
    size_t used, size;
};

static void add(struct words *w, const char *text)
{
    int len = snprintf(w->out + w->used, w->size - w->used, "%s", text);
    if (len > 0)
        w->used += (size_t)len < w->size - w->used ? (size_t)len : w->size - w->used - 1;
}

static void add_property(struct words *w, bool *any, const char *text)
{
    add(w, *any ? ", " : " (");
    add(w, text);
    *any = true;
}

static void add_properties(struct words *w, const struct mtf_summary *s)
{
    char stripe[32], type[40];
    bool any = false;
    if (s->type != 0) {
        bool first_only = s->sets > 1 && !s->type_is_last;
        snprintf(type, sizeof type, "%s%s", mtf_type_name(s->type), first_only ? " first" : "");
        add_property(w, &any, type);
    }
    if (s->encrypted)
        add_property(w, &any, "encrypted by SQL Server");
    if (s->packed)
        add_property(w, &any, "compressed");
    if (s->checksums)
        add_property(w, &any, "checksums");
    if (s->stripes > 1) {
        snprintf(stripe, sizeof stripe, "stripe %u of %u", (unsigned)s->stripe,
                 (unsigned)s->stripes);
        add_property(w, &any, stripe);
    }
    if (s->sets > 1) {
        snprintf(stripe, sizeof stripe, "%" PRIu32 " sets", s->sets);
        add_property(w, &any, stripe);
    }
    if (any)
        add(w, ")");
}

void mtf_summary_format(const struct mtf_summary *s, char out[MTF_SUMMARY_TEXT])
{
    struct words w = {out, 0, MTF_SUMMARY_TEXT};
    out[0] = '\0';
    bool known = s->kind == MTF_PLAIN || s->kind == MTF_PACKED;
    if (!known && !(s->kind == MTF_UNDECIDED && s->state == MTF_FINISHED))
        return;
    add(&w, "SQL Server backup");
    add_properties(&w, s);
    if (s->state == MTF_FINISHED)
        add(&w, ", finished");
    else if (s->state == MTF_UNFINISHED)
        add(&w, ", unfinished");
}

bool mtf_summary_is_unfinished(const struct mtf_summary *s)
{
    return (s->kind == MTF_PLAIN || s->kind == MTF_PACKED) && s->state == MTF_UNFINISHED;
}
