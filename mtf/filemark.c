// See filemark.h. With n finished sets the last filemark lists 2n earlier ones, newest first: the
// end of the last set's data, the end of the set before, and so on. Its list holds 55 or 503, so
// with many sets it is full, and what stands in front of the filemark must tell.
#include "mtf/filemark.h"

// In the clear the second end-of-set block stands right before the last filemark, and says where
// the first one is: behind the filemark of the data (2008 and later), or in 2005 the set map's
// stream.
static bool set_end_before(const struct mtf_bytes *b, uint64_t at, struct mtf_end *end)
{
    uint64_t boundary = end->filemark_size > MTF_GRID ? end->filemark_size : MTF_GRID;
    struct mtf_block block;
    if (at < boundary || mtf_block_parse(b, at - boundary, &block) != MTF_GOT ||
        !mtf_block_is(&block, "ESET"))
        return false;
    struct mtf_set_end set_end = mtf_set_end_parse(b, at - boundary);
    uint64_t after = set_end.catalog - end->data_end;
    if (set_end.catalog < end->data_end || after < end->filemark_size || after >= b->offset + at)
        return false;
    if (set_end.number > end->sets)
        end->sets = set_end.number;
    return true;
}

// Whether a chunk index precedes the filemark of the data, as far as that one is in sight.
static bool index_before_data_end(const struct mtf_bytes *b, const struct mtf_end *end)
{
    struct mtf_filemark mark;
    return end->data_end >= b->offset &&
           mtf_filemark_parse(b, end->data_end - b->offset, end->filemark_size, &mark) == MTF_GOT &&
           mark.after_index;
}

// The filemark at the very end, of this size.
static bool end_of_size(const struct mtf_bytes *b, uint32_t size, enum mtf_kind kind,
                        bool *finished, struct mtf_end *out)
{
    struct mtf_filemark mark;
    if (b->len < size || (b->offset + b->len) % size != 0)
        return false;
    uint64_t at = b->len - size;
    if (mtf_filemark_parse(b, at, size, &mark) != MTF_GOT)
        return false;
    *out = (struct mtf_end){.filemark_size = size};
    *finished = false;
    if (mark.used == 0 || mark.newest >= b->offset + at || mark.newest % MTF_SECTOR != 0)
        return true;
    out->sets = mark.used / 2;
    out->data_end = mark.newest;
    out->is_packed = index_before_data_end(b, out);
    bool full = mark.used == mark.slots;
    bool closes_set = kind != MTF_PACKED && !out->is_packed ? set_end_before(b, at, out) : false;
    *finished = full ? closes_set || (kind == MTF_PACKED && !mark.after_index) : mark.used % 2 == 0;
    return true;
}

enum mtf_state mtf_end_find(const struct mtf_bytes *b, uint32_t filemark_size, enum mtf_kind kind,
                            struct mtf_end *out)
{
    bool finished = false, found = false;
    uint64_t step = filemark_size != 0 ? filemark_size : MTF_SECTOR;
    if ((b->offset + b->len) % step != 0) // no file of whole filemarks, whatever stands at its end
        return kind == MTF_UNDECIDED ? MTF_STATE_UNKNOWN : MTF_UNFINISHED;
    if (filemark_size != 0) {
        if (b->len < filemark_size && b->offset > 0)
            return MTF_STATE_UNKNOWN;
        found = end_of_size(b, filemark_size, kind, &finished, out);
    }
    for (uint32_t size = MTF_SECTOR; filemark_size == 0 && !found && size <= MTF_FILEMARK_MAX;
         size *= 2)
        found = end_of_size(b, size, kind, &finished, out);
    if (found && finished)
        return MTF_FINISHED;
    return kind == MTF_UNDECIDED && !found ? MTF_STATE_UNKNOWN : MTF_UNFINISHED;
}
