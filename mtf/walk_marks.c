// Filemarks, held against those that were met before.
#include "mtf/walk_internal.h"

static uint64_t mark_back(const struct marks *marks, uint64_t i) // 0: the newest
{
    return marks->place[(marks->count - 1 - i) % MARKS_MAX];
}

static const char *list_check(const struct marks *marks, const struct mtf_bytes *b,
                              const struct mtf_filemark *mark)
{
    uint64_t listed = marks->count < mark->slots ? marks->count : mark->slots;
    if (mark->used != listed)
        return "a filemark lists another number of earlier ones than there are";
    for (uint32_t i = 0; i < mark->used; i++) {
        if (mtf_filemark_slot(b, 0, mark, i) != mark_back(marks, i))
            return "a filemark lists an earlier one where there is none";
    }
    return NULL;
}

const char *marks_add(struct marks *marks, const struct mtf_bytes *b, uint32_t size, uint64_t place,
                      bool *after_index)
{
    struct mtf_filemark mark = {0};
    const char *why = NULL;
    if (mtf_filemark_parse(b, 0, size, &mark) != MTF_GOT)
        why = "no valid filemark";
    else if (place % size != 0)
        why = "a filemark that is not at a multiple of its size";
    else
        why = list_check(marks, b, &mark);
    *after_index = mark.after_index;
    marks->place[marks->count++ % MARKS_MAX] = place;
    return why;
}
