// How far apart two names are, to answer a mistyped one with the one that was meant.
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

#define SUGGEST_NAME_MAX 48 // longer names are near to nothing

// Edits (insert, delete, replace, swap of neighbours) that turn a into b; SIZE_MAX beyond
// SUGGEST_NAME_MAX.
size_t suggest_distance(const char *a, size_t a_len, const char *b, size_t b_len);
// Whether a distance is small enough for a guess at a name of that length.
bool suggest_is_near(size_t distance, size_t name_len);

#endif
