#include "s3/ini.h"
#include "common/buf.h"
#include "common/err.h"
#include "s3/config.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct ini_state {
    ini_fn fn;
    void *context;
    unsigned line;
    char section[INI_NAME_MAX + 1]; // "" before the first
    char group[INI_NAME_MAX + 1];   // name whose value was empty; "" none
    bool has_name;                  // a name stands above in this section
};

static int malformed(const struct ini_state *s, const char *what)
{
    return err_set(-EIO, "line %u: %s", s->line, what);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char *trim(char *text)
{
    while (is_blank(*text))
        text++;
    size_t len = strlen(text);
    while (len > 0 && is_blank(text[len - 1]))
        text[--len] = '\0';
    return text;
}

// A comment begins a line, or follows white space.
static void cut_comment(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        if ((*c == '#' || *c == ';') && (c == text || is_blank(c[-1]))) {
            *c = '\0';
            return;
        }
    }
}

static int take_section(struct ini_state *s, char *line)
{
    char *end = strchr(line, ']');
    if (end == NULL)
        return malformed(s, "a section without its ']'");
    *end = '\0';
    if (*trim(end + 1) != '\0')
        return malformed(s, "text behind the ']' of a section");
    size_t len = 0;
    bool blank = false;
    for (const char *c = trim(line + 1); *c != '\0'; c++) {
        if (*c == '"' || (blank && is_blank(*c)))
            continue;
        blank = is_blank(*c);
        if (len == INI_NAME_MAX)
            return malformed(s, "the section's name is too long");
        s->section[len++] = blank ? ' ' : *c;
    }
    s->section[len] = '\0';
    s->group[0] = '\0';
    s->has_name = false;
    return len > 0 ? 0 : malformed(s, "a section without a name");
}

static int take_setting(struct ini_state *s, char *line, bool indented)
{
    char *equals = strchr(line, '=');
    if (equals == NULL)
        return malformed(s, "neither a [section] nor NAME = VALUE");
    *equals = '\0';
    char *name = trim(line), *value = trim(equals + 1);
    if (*name == '\0' || strlen(name) > INI_NAME_MAX / 2)
        return malformed(s, "a missing or too long name before '='");
    if (*s->section == '\0')
        return malformed(s, "a setting before the first [section]");
    for (char *c = name; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    char full[INI_NAME_MAX + 2];
    bool nested = indented && *s->group != '\0';
    snprintf(full, sizeof full, "%s%s%s", nested ? s->group : "", nested ? "." : "", name);
    if (!nested)
        snprintf(s->group, sizeof s->group, "%s", *value == '\0' ? name : "");
    s->has_name = true;
    return s->fn(s->context, s->section, full, value);
}

static int take_line(struct ini_state *s, char *line)
{
    bool indented = is_blank(*line);
    cut_comment(line);
    line = trim(line);
    if (*line == '\0')
        return 0;
    if (*line == '[' && !indented)
        return take_section(s, line);
    // More of a value that goes over several lines: no setting that we use has such.
    if (indented && s->has_name && *s->group == '\0')
        return 0;
    return take_setting(s, line, indented);
}

int ini_parse(const char *text, size_t len, ini_fn fn, void *context)
{
    assert(fn != NULL);
    struct ini_state s = {.fn = fn, .context = context};
    AUTO_BUF struct buf line;
    buf_init_secret(&line, INI_LINE_MAX);
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { // a byte order mark of Windows editors
        text += 3;
        len -= 3;
    }
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t size = end != NULL ? (size_t)(end - text) : len;
        size_t used = size > 0 && text[size - 1] == '\r' ? size - 1 : size;
        s.line++;
        if (memchr(text, '\0', used) != NULL)
            return malformed(&s, "a zero byte");
        if (used > INI_LINE_MAX)
            return malformed(&s, "too long a line");
        buf_reset(&line);
        int rc = buf_add(&line, text, used);
        if (rc == 0)
            rc = take_line(&s, line.data);
        if (rc < 0)
            return rc;
        text += size + (end != NULL);
        len -= size + (end != NULL);
    }
    return 0;
}
