// See shown.h.
#include "cli/shown.h"

#include "common/cleanup.h"
#include "common/harmless.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void shown_print(FILE *out, const char *name)
{
    while (*name != '\0') {
        size_t len = harmless_len(name);
        if (*name == '\\')
            fputs("\\\\", out);
        else if (len > 0)
            fwrite(name, 1, len, out);
        else
            fprintf(out, "\\x%02x", (unsigned char)*name);
        name += len > 0 ? len : 1;
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
