// Texts of a backup file (UTF-16LE, from whoever made the file) as UTF-8 that is safe to print.
#ifndef MTF_TEXT_H
#define MTF_TEXT_H

#include "mtf/bytes.h"

// With the terminator. SQL Server's names have at most 128 UTF-16 units (384 bytes of UTF-8);
// longer texts are cut between characters.
#define MTF_TEXT_MAX 512

// All of b. Control characters, and what is not well-formed (a surrogate without its partner, an
// odd byte), are shown as \uXXXX, a backslash as itself; trailing NUL characters are dropped.
// Always terminated; out_size >= 1. Returns the length.
size_t mtf_text(const struct mtf_bytes *b, char *out, size_t out_size);

// The text at a pair (u16 size, u16 offset) that stands at `pair` and counts from the start of b;
// "" if it is absent or not within b.
size_t mtf_text_at(const struct mtf_bytes *b, uint64_t pair, char *out, size_t out_size);

#endif
