#include "cli/suggest.h"

#include <stdint.h>

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t low = a < b ? a : b;
    return low < c ? low : c;
}

// Optimal string alignment: three rows of the edit table are all it looks back on.
size_t suggest_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][SUGGEST_NAME_MAX + 1];
    if (a_len > SUGGEST_NAME_MAX || b_len > SUGGEST_NAME_MAX)
        return SIZE_MAX;
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t replaced = last[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = min3(last[j] + 1, now[j - 1] + 1, replaced);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[b_len];
}

bool suggest_is_near(size_t distance, size_t name_len)
{
    size_t allowed = name_len < 4 ? 1 : name_len < 10 ? 2 : 3;
    return distance <= allowed;
}
