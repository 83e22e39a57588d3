// See harmless.h. Unicode's own lists are followed: general category Cc (controls), Zl and Zp (line
// and paragraph separators), and the explicit directional formatting characters of UAX #9.
#include "common/harmless.h"

#include "common/codec.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// Bytes of the character at `at`; 0: not UTF-8.
static size_t character(const unsigned char *at, uint32_t *code)
{
    size_t len = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    char one[5] = {0};
    for (size_t i = 0; i < len; i++) {
        if (at[i] == '\0')
            return 0;
        one[i] = (char)at[i];
    }
    if (!utf8_valid(one))
        return 0;
    *code = len == 1 ? at[0] : at[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        *code = *code << 6 | (at[i] & 0x3f);
    return len;
}

static bool is_harmful(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c || code == 0x200e ||
           code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

size_t harmless_len(const char *text)
{
    assert(*text != '\0');
    uint32_t code = 0;
    size_t len = character((const unsigned char *)text, &code);
    return len > 0 && !is_harmful(code) ? len : 0;
}

void harmless_copy(char *out, size_t size, const char *text)
{
    size_t at = 0;
    assert(size > 0);
    while (*text != '\0') {
        size_t len = harmless_len(text), room = len > 0 ? len : 4;
        if (at + room >= size)
            break;
        if (len > 0)
            memcpy(out + at, text, len);
        else
            snprintf(out + at, size - at, "\\x%02x", (unsigned char)*text);
        at += room;
        text += len > 0 ? len : 1;
    }
    out[at] = '\0';
}
