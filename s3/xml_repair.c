#include "s3/xml_repair.h"

#include <stdlib.h>
#include <string.h>

#define REFERENCE_MAX 12 // bytes of "&#x10FFFF;" and some zeros

// Stand-ins are EF B7 90..AF, one for each value below 0x20. The values that XML can hold stand for
// U+FFFE and U+FFFF, which it cannot either.
#define STAND_IN_FFFE 0x00
#define STAND_IN_FFFF 0x09

struct repair {
    struct buf *out;
    bool repaired;
    bool in_use; // the document has one of the stand-ins already
};

// The stand-in's number for a code point, or -1 for what XML can hold.
static int stand_in_of(unsigned long code)
{
    if (code == 0xfffe)
        return STAND_IN_FFFE;
    if (code == 0xffff)
        return STAND_IN_FFFF;
    bool white = code == '\t' || code == '\n' || code == '\r';
    return code > 0 && code < 0x20 && !white ? (int)code : -1;
}

static bool is_stand_in(const char *at, size_t left)
{
    return left >= 3 && memcmp(at, "\xef\xb7", 2) == 0 && (unsigned char)at[2] >= 0x90 &&
           (unsigned char)at[2] <= 0xaf;
}

// Length of the reference "&#...;" at the text, 0 if there is none.
static size_t reference_at(const char *at, size_t left, unsigned long *code)
{
    char digits[REFERENCE_MAX + 1] = "";
    size_t max = left < REFERENCE_MAX ? left : REFERENCE_MAX;
    if (max < 4 || at[0] != '&' || at[1] != '#')
        return 0;
    const char *semicolon = memchr(at, ';', max);
    if (semicolon == NULL)
        return 0;
    bool hex = at[2] == 'x';
    const char *first = at + (hex ? 3 : 2);
    size_t len = (size_t)(semicolon - first);
    memcpy(digits, first, len);
    if (len == 0 || strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != len)
        return 0;
    *code = strtoul(digits, NULL, hex ? 16 : 10);
    return (size_t)(semicolon - at) + 1;
}

// How many bytes at the text are one thing, and which code point that is; plain bytes are 0.
static size_t look_at(struct repair *r, const char *at, size_t left, unsigned long *code)
{
    *code = 0;
    size_t len = reference_at(at, left, code);
    r->in_use |= is_stand_in(at, left) || (len > 0 && *code >= 0xfdd0 && *code <= 0xfdef);
    if (len > 0)
        return len;
    if (left >= 3 && memcmp(at, "\xef\xbf", 2) == 0 && (unsigned char)at[2] >= 0xbe) {
        *code = 0xfffe + ((unsigned char)at[2] - 0xbeu);
        return 3;
    }
    *code = (unsigned char)at[0] < 0x20 ? (unsigned char)at[0] : 0;
    return 1;
}

static int add_next(struct repair *r, const char *at, size_t left, size_t *used)
{
    unsigned long code;
    *used = look_at(r, at, left, &code);
    int number = stand_in_of(code);
    if (number < 0)
        return buf_add(r->out, at, *used);
    const char stand_in[3] = {(char)0xef, (char)0xb7, (char)(0x90 + number)};
    r->repaired = true;
    return buf_add(r->out, stand_in, sizeof stand_in);
}

// Quick for what needs nothing: nearly every document.
static bool may_need_repair(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool reference = c == '&' && i + 1 < len && text[i + 1] == '#';
        if ((c < 0x20 && stand_in_of(c) >= 0) || c == 0xef || reference)
            return true;
    }
    return false;
}

int xml_repair(const char *text, size_t len, struct buf *out, bool *repaired)
{
    struct repair r = {.out = out};
    *repaired = false;
    if (!may_need_repair(text, len))
        return 0;
    for (size_t at = 0, used; at < len; at += used) {
        int rc = add_next(&r, text + at, len - at, &used);
        if (rc < 0)
            return rc;
    }
    *repaired = r.repaired && !r.in_use;
    return 0;
}

void xml_restore(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        if (!is_stand_in(from, strnlen(from, 3))) {
            *to++ = *from++;
            continue;
        }
        int number = (unsigned char)from[2] - 0x90;
        from += 3;
        if (number == STAND_IN_FFFE || number == STAND_IN_FFFF) {
            memcpy(to, number == STAND_IN_FFFE ? "\xef\xbf\xbe" : "\xef\xbf\xbf", 3);
            to += 3;
        } else {
            *to++ = (char)number;
        }
    }
    *to = '\0';
}
