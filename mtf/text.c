// UTF-16LE to printable UTF-8. Every input gives a text; nothing is refused.
#include "mtf/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define UNITS_MAX 65536 // no text of the format is longer: its size is a u16

static bool is_high(uint32_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(uint32_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

// What a terminal may act on, or what changes how the rest of a line is read: C0, DEL, C1, the line
// and paragraph separators, and marks of writing direction.
static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF;
}

// One character, shown: its length (at most 6 bytes).
static size_t show(uint32_t c, char *out)
{
    if (is_control(c) || is_high(c) || is_low(c))
        return (size_t)snprintf(out, 7, "\\u%04X", (unsigned)(c & 0xFFFF));
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned LEAD[] = {0, 0xC0, 0xE0, 0xF0};
    for (size_t i = more; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(LEAD[more] | c);
    return more + 1;
}

size_t mtf_text(const struct mtf_bytes *b, char *out, size_t out_size)
{
    assert(out_size >= 1);
    size_t units = b->len / 2 < UNITS_MAX ? b->len / 2 : UNITS_MAX;
    size_t used = 0;
    while (units > 0 && mtf_u16(b, 2 * (units - 1)) == 0)
        units--;
    for (size_t i = 0; i < units; i++) {
        char piece[8];
        uint32_t c = mtf_u16(b, 2 * i);
        uint32_t next = i + 1 < units ? mtf_u16(b, 2 * i + 2) : 0;
        if (is_high(c) && is_low(next)) {
            c = 0x10000 + ((c - 0xD800) << 10) + (next - 0xDC00);
            i++;
        }
        size_t len = show(c, piece);
        if (len >= out_size - used)
            break;
        memcpy(out + used, piece, len);
        used += len;
    }
    out[used] = '\0';
    return used;
}

size_t mtf_text_at(const struct mtf_bytes *b, uint64_t pair, char *out, size_t out_size)
{
    uint16_t size = mtf_u16(b, pair);
    uint16_t offset = mtf_u16(b, pair + 2);
    struct mtf_bytes text = {0};
    if (mtf_has(b, offset, size))
        text = mtf_part(b, offset, size);
    return mtf_text(&text, out, out_size);
}
