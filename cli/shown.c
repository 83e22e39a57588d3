// See shown.h. Unicode's own lists are followed: general category Cc (controls), Zl and Zp (line
// and paragraph separators), and the explicit directional formatting characters of UAX #9.
#include "cli/shown.h"

#include "common/cleanup.h"
#include "common/codec.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
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

void shown_print(FILE *out, const char *name)
{
    const unsigned char *at = (const unsigned char *)name;
    while (*at != '\0') {
        uint32_t code = 0;
        size_t len = character(at, &code);
        bool as_it_is = len > 0 && !is_harmful(code);
        if (len == 1 && code == '\\')
            fputs("\\\\", out);
        else if (as_it_is)
            fwrite(at, 1, len, out);
        for (size_t i = 0; !as_it_is && i < (len > 0 ? len : 1); i++)
            fprintf(out, "\\x%02x", at[i]);
        at += len > 0 ? len : 1;
    }
}

#define SHELL_PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+:@%-"

void shown_print_shell(FILE *out, const char *name)
{
    AUTO_FREE char *shown = NULL;
    if (name[0] != '\0' && name[0] != '-' && name[strspn(name, SHELL_PLAIN)] == '\0') {
        fputs(name, out);
        return;
    }
    shown = shown_name(name);
    fputs("$'", out);
    for (const char *at = shown != NULL ? shown : ""; *at != '\0'; at++) {
        if (*at == '\'')
            fputc('\\', out);
        fputc(*at, out);
    }
    fputs("'", out);
}

char *shown_name(const char *name)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return NULL;
    shown_print(out, name);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
