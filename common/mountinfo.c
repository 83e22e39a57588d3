#include "common/mountinfo.h"

#include <stdio.h>
#include <string.h>

// Octal escapes stand for space, tab, newline and backslash.
static bool unescape(const char *in, size_t len, char *out, size_t size)
{
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        bool escaped = in[i] == '\\' && i + 3 < len && strspn(in + i + 1, "01234567") >= 3;
        if (at + 1 >= size)
            return false;
        out[at++] = escaped
                        ? (char)((in[i + 1] - '0') * 64 + (in[i + 2] - '0') * 8 + in[i + 3] - '0')
                        : in[i];
        i += escaped ? 3 : 0;
    }
    out[at] = '\0';
    return true;
}

// The word that begins n spaces on; NULL: there are fewer.
static const char *word(const char *line, unsigned n)
{
    for (; n > 0 && line != NULL; n--) {
        line = strchr(line, ' ');
        line += line != NULL;
    }
    return line;
}

// Of a FUSE mount's options, which are the second word after its type: the source before them may
// hold anything, also something that looks like one of them.
static void find_user(const char *type, uid_t *user)
{
    const char *options = word(type, 2);
    unsigned id;
    while (options != NULL && sscanf(options, "user_id=%u", &id) != 1) {
        options = strchr(options, ',');
        options += options != NULL;
    }
    if (options != NULL)
        *user = id;
}

bool mountinfo_parse(const char *line, struct mountinfo *out)
{
    const char *point = word(line, 4), *dash = strstr(line, " - ");
    *out = (struct mountinfo){.user = (uid_t)-1};
    if (point == NULL || dash == NULL ||
        sscanf(line, "%*d %*d %u:%u ", &out->major, &out->minor) != 2)
        return false;
    const char *type = dash + 3;
    size_t type_len = strcspn(type, " \n");
    find_user(type, &out->user);
    return type_len < sizeof out->type && unescape(type, type_len, out->type, sizeof out->type) &&
           unescape(point, strcspn(point, " "), out->point, sizeof out->point);
}

static bool find(bool (*matches)(const struct mountinfo *, const void *), const void *wanted,
                 struct mountinfo *out)
{
    AUTO_FREE char *line = NULL;
    size_t room = 0;
    bool found = false;
    FILE *table = fopen("/proc/self/mountinfo", "re");
    if (table == NULL)
        return false;
    while (getline(&line, &room, table) > 0) {
        struct mountinfo here;
        if (!mountinfo_parse(line, &here) || !matches(&here, wanted))
            continue;
        *out = here;
        found = true;
    }
    fclose(table);
    return found;
}

static bool is_at(const struct mountinfo *m, const void *point)
{
    return strcmp(m->point, point) == 0;
}

static bool is_device(const struct mountinfo *m, const void *wanted)
{
    const struct mountinfo *w = wanted;
    return m->major == w->major && m->minor == w->minor;
}

bool mountinfo_find(const char *point, struct mountinfo *out)
{
    return find(is_at, point, out);
}

bool mountinfo_find_device(unsigned major, unsigned minor, struct mountinfo *out)
{
    const struct mountinfo wanted = {.major = major, .minor = minor};
    return find(is_device, &wanted, out);
}
