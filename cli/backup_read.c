// See backup_read.h. The sets before the last: where the last set begins, a whole file of the sets
// before it ends, so the bytes in front of that place are read as that file's tail.
#include "cli/backup_read.h"

#include "common/secret.h"

#include <string.h>

#define HEAD_MORE ((size_t)256 << 10) // when 16 KiB end before the first set's description
#define TAIL_MORE ((size_t)1 << 20)   // and 64 KiB before the last one's

// A range of the content; wiped.
struct piece {
    uint8_t *data; // owned
    size_t len, size;
    uint64_t offset;
};

static void piece_clear(struct piece *p)
{
    if (p->data != NULL)
        secret_wipe(p->data, p->size);
    free(p->data);
    *p = (struct piece){0};
}

static int piece_read(struct reader *r, uint64_t offset, uint64_t len, struct piece *out)
{
    piece_clear(out);
    out->offset = offset;
    if (len == 0)
        return 0;
    out->data = malloc((size_t)len);
    if (out->data == NULL)
        return err_set(-ENOMEM, "out of memory");
    out->size = (size_t)len;
    return reader_read(r, offset, out->data, (size_t)len, &out->len);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static int read_head(struct reader *r, struct mtf_info *info)
{
    CLEANUP(piece_clear) struct piece p = {0};
    uint64_t size = reader_size(r);
    int rc = piece_read(r, 0, least(size, MTF_HEAD_BYTES), &p);
    if (rc < 0)
        return rc;
    mtf_read_head(info, p.data, p.len);
    if (!info->head_short || size <= MTF_HEAD_BYTES)
        return 0;
    rc = piece_read(r, 0, least(size, HEAD_MORE), &p);
    if (rc == 0)
        mtf_read_head(info, p.data, p.len);
    return rc;
}

// The end of the first `size` bytes of the content.
static int read_tail(struct reader *r, struct mtf_info *info, uint64_t size)
{
    CLEANUP(piece_clear) struct piece p = {0};
    uint64_t len = least(size, MTF_TAIL_BYTES);
    int rc = piece_read(r, size - len, len, &p);
    if (rc < 0)
        return rc;
    mtf_read_tail(info, p.data, p.len, p.offset);
    if (!info->tail_short || len == size)
        return 0;
    // Many sets: what is wanted stands before data_end. Many files: it stands far before.
    uint64_t behind = info->data_end != 0 ? size - info->data_end : 0;
    len = least(size, behind + TAIL_MORE);
    if (behind > 16 * TAIL_MORE) // no set map is so long
        return 0;
    rc = piece_read(r, size - len, len, &p);
    if (rc == 0)
        mtf_read_tail(info, p.data, p.len, p.offset);
    return rc;
}

// What only the set's own header tells.
static void take_start(struct mtf_set *set, const struct mtf_set *start)
{
    if (!start->has_header || start->number != set->number)
        return;
    set->guid = start->guid;
    set->software_major = start->software_major;
    set->software_minor = start->software_minor;
    set->time_zone = start->time_zone;
}

static int read_start(struct reader *r, const struct mtf_info *whole, struct mtf_set *set)
{
    CLEANUP(piece_clear) struct piece p = {0};
    if (set->number == 1) {
        take_start(set, &whole->first);
        return 0;
    }
    int rc = piece_read(r, set->address, least(reader_size(r) - set->address, MTF_HEAD_BYTES), &p);
    if (rc < 0)
        return rc;
    struct mtf_info *info = malloc(sizeof *info);
    if (info == NULL)
        return err_set(-ENOMEM, "out of memory");
    *info = *whole;
    mtf_read_start(info, p.data, p.len, p.offset);
    take_start(set, &info->first);
    secret_wipe(info, sizeof *info);
    free(info);
    return 0;
}

// From the last set back to the first. Stops where a set does not lead to one before it.
static int read_sets(struct reader *r, struct backup *b)
{
    struct mtf_info walk = b->info;
    uint64_t end = reader_size(r);
    int rc = 0;
    for (size_t i = b->count; i > 0 && rc == 0; i--) {
        struct mtf_set *set = &b->sets[i - 1];
        *set = walk.last;
        b->left_out--;
        if (set->address == 0 || set->address >= end || !set->has_header)
            break;
        rc = read_start(r, &b->info, set);
        end = set->address;
        if (i == 1 || rc < 0)
            break;
        rc = read_tail(r, &walk, end);
        if (walk.state != MTF_FINISHED || walk.last.number != set->number - 1)
            break;
    }
    secret_wipe(&walk, sizeof walk);
    return rc;
}

// Those that were read stand at the end of the array.
static void move_sets(struct backup *b, size_t wanted)
{
    size_t missing = b->left_out - (b->info.sets - wanted);
    memmove(b->sets, b->sets + missing, (wanted - missing) * sizeof *b->sets);
    b->count = wanted - missing;
}

static int read_finished(struct reader *r, struct backup *b)
{
    size_t wanted = b->info.sets < BACKUP_SETS_MAX ? b->info.sets : BACKUP_SETS_MAX;
    b->sets = calloc(wanted > 0 ? wanted : 1, sizeof *b->sets);
    if (b->sets == NULL)
        return err_set(-ENOMEM, "out of memory");
    b->count = wanted;
    b->left_out = b->info.sets;
    int rc = read_sets(r, b);
    move_sets(b, wanted);
    return rc;
}

// What an unfinished file was begun with.
static int take_first(struct backup *b)
{
    if (!b->info.first.has_header)
        return 0;
    b->sets = malloc(sizeof *b->sets);
    if (b->sets == NULL)
        return err_set(-ENOMEM, "out of memory");
    b->sets[0] = b->info.first;
    b->count = 1;
    return 0;
}

int backup_read(struct reader *r, struct backup *out)
{
    *out = (struct backup){0};
    int rc = read_head(r, &out->info);
    const struct mtf_info *info = &out->info;
    if (rc < 0 || (info->kind != MTF_PLAIN && info->kind != MTF_PACKED))
        return rc;
    rc = read_tail(r, &out->info, reader_size(r));
    if (rc < 0 || info->encrypted || info->old_packed)
        return rc;
    rc = info->state == MTF_FINISHED ? read_finished(r, out) : take_first(out);
    if (rc < 0)
        backup_clear(out);
    return rc;
}

void backup_clear(struct backup *b)
{
    if (b->sets != NULL)
        secret_wipe(b->sets, b->count * sizeof *b->sets);
    free(b->sets);
    secret_wipe(b, sizeof *b);
}
