#include "cli/config_file.h"

#include "cli/option_values.h"
#include "common/buf.h"
#include "common/err.h"

#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// ---- the syntax ----

struct parsing {
    config_fn fn;
    void *context;
    unsigned number;
    char section[CONFIG_LINE_MAX];
};

static int malformed(const struct parsing *p, const char *what)
{
    return err_set(-EINVAL, "line %u: %s", p->number, what);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
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

static int take_section(struct parsing *p, char *line)
{
    size_t len = strlen(line);
    if (line[len - 1] != ']')
        return malformed(p, "a section without its ']'");
    line[len - 1] = '\0';
    const char *name = trim(line + 1);
    if (strncmp(name, "s3://", 5) != 0 && *name != '/')
        return malformed(p, "a section is [s3://BUCKET[/PREFIX]] or [/MOUNT/POINT]");
    memcpy(p->section, name, strlen(name) + 1);
    return 0;
}

static int take_line(struct parsing *p, char *line)
{
    line = trim(line);
    if (*line == '\0' || *line == '#')
        return 0;
    if (*line == '[')
        return take_section(p, line);
    char *equals = strchr(line, '=');
    if (equals != NULL)
        *equals = '\0';
    const struct config_line found = {.number = p->number,
                                      .section = p->section,
                                      .name = trim(line),
                                      .value = equals != NULL ? trim(equals + 1) : NULL};
    if (*found.name == '\0')
        return malformed(p, "no name before the '='");
    return p->fn(p->context, &found);
}

int config_parse(const char *text, size_t len, config_fn fn, void *context)
{
    assert(fn != NULL);
    struct parsing p = {.fn = fn, .context = context};
    while (len > 0) {
        char line[CONFIG_LINE_MAX];
        const char *end = memchr(text, '\n', len);
        size_t size = end != NULL ? (size_t)(end - text) : len;
        p.number++;
        if (size >= sizeof line)
            return malformed(&p, "longer than any option can be");
        if (memchr(text, '\0', size) != NULL)
            return malformed(&p, "a zero byte: this is no text");
        memcpy(line, text, size);
        line[size] = '\0';
        int rc = take_line(&p, line);
        if (rc < 0)
            return rc;
        text += size + (end != NULL);
        len -= size + (end != NULL);
    }
    return 0;
}

// ---- what it means ----

struct applying {
    struct options *options;
    const struct verb *verb;
    const char *file;
    const char *source; // of the command line; NULL: none
    char *mountpoint;   // absolute, owned; NULL: none
};

// At or below: "s3://b/a" fits "s3://b/a" and "s3://b/a/x", not "s3://b/ab".
static bool covers(const char *place, const char *path)
{
    size_t len = strlen(place);
    while (len > 0 && place[len - 1] == '/')
        len--;
    return strncmp(place, path, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static bool is_same_path(const char *a, const char *b)
{
    return covers(a, b) && covers(b, a);
}

static bool section_fits(const struct applying *a, const char *section)
{
    if (*section == '\0')
        return true;
    if (*section == '/')
        return a->mountpoint != NULL && is_same_path(section, a->mountpoint);
    return a->source != NULL && covers(section, a->source);
}

// A name that cannot be meant: better told apart from a typing error.
static bool is_credential(const char *name)
{
    return strcasestr(name, "secret") != NULL || strcasestr(name, "token") != NULL ||
           strcasestr(name, "access_key") != NULL || strcasestr(name, "access-key") != NULL ||
           strcasestr(name, "password") != NULL;
}

static int unknown(const struct config_line *line)
{
    size_t len = strlen(line->name);
    if (is_credential(line->name))
        return err_set(-EINVAL, "%s: credentials do not belong here; name a profile", line->name);
    const char *nearest = option_nearest(line->name, len, VERB_MOUNT);
    if (nearest != NULL)
        return err_set(-EINVAL, "%s: unknown option; did you mean %s?", line->name, nearest);
    return err_set(-EINVAL, "%s: unknown option; see rdsbak mount --help", line->name);
}

// What would say what to do rather than how.
static bool is_for_a_file(const struct option_row *row)
{
    static const char *const NEVER[] = {"help", "version", "config"};
    for (size_t i = 0; i < sizeof NEVER / sizeof *NEVER; i++) {
        if (strcmp(row->name, NEVER[i]) == 0)
            return false;
    }
    return (row->verbs & VERB_MOUNT) != 0;
}

static int set_flag(bool *field, const char *value)
{
    bool no = value != NULL && strcmp(value, "no") == 0;
    if (value != NULL && !no && strcmp(value, "yes") != 0)
        return err_set(-EINVAL, "'%s' is neither yes nor no", value);
    *field = !no;
    return 0;
}

static int set(struct options *o, const struct option_row *row, const char *value)
{
    void *field = (char *)o + row->offset;
    if (row->argument == NULL)
        return set_flag(field, value);
    if (value == NULL || *value == '\0')
        return err_set(-EINVAL, "needs a value (%s)", row->argument);
    return row->parse(value, field);
}

// A wrong value is told wherever it stands, before the mount that it is for fails with it.
static int check(const struct option_row *row, const char *value)
{
    AUTO_OPTIONS struct options scratch;
    options_init(&scratch);
    return set(&scratch, row, value);
}

static int apply(const struct applying *a, const struct config_line *line)
{
    const struct option_row *row = option_find(line->name, strlen(line->name));
    if (row == NULL || !is_for_a_file(row))
        return unknown(line);
    bool wanted = (row->verbs & a->verb->bit) != 0 && section_fits(a, line->section);
    int rc = wanted ? set(a->options, row, line->value) : check(row, line->value);
    return rc < 0 ? err_prefix(rc, "%s", row->name) : 0;
}

static int on_line(void *context, const struct config_line *line)
{
    const struct applying *a = context;
    int rc = apply(a, line);
    return rc < 0 ? err_prefix(rc, "line %u", line->number) : 0;
}

static const char *first_source(const struct options *given)
{
    for (size_t i = 0; i < given->argument_count; i++) {
        if (strncmp(given->arguments[i], "s3://", 5) == 0)
            return given->arguments[i];
    }
    return NULL;
}

int config_apply(struct options *o, const struct verb *verb, const struct options *given,
                 const char *file, const char *text, size_t len)
{
    AUTO_FREE char *mountpoint = NULL;
    int rc = 0;
    if (verb->bit == VERB_MOUNT && given->argument_count == 2)
        rc = option_path(given->arguments[1], &mountpoint);
    if (rc < 0)
        return rc;
    struct applying a = {.options = o,
                         .verb = verb,
                         .file = file,
                         .source = first_source(given),
                         .mountpoint = mountpoint};
    rc = config_parse(text, len, on_line, &a);
    return rc < 0 ? err_prefix(rc, "%s", file) : 0;
}

// ---- the file ----

// Whoever writes it chooses keys and servers of root's mounts.
static int check_owner(int fd, const char *file)
{
    struct stat seen;
    if (fstat(fd, &seen) != 0)
        return err_set(-EIO, "%s: %s", file, strerror(errno));
    if (!S_ISREG(seen.st_mode))
        return err_set(-EINVAL, "%s: not a file", file);
    if (seen.st_uid != 0 && seen.st_uid != geteuid())
        return err_set(-EINVAL, "%s: belongs to another user: chown it to root", file);
    if ((seen.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return err_set(-EINVAL, "%s: others may write to it: chmod go-w", file);
    return 0;
}

static int read_all(int fd, const char *file, struct buf *text)
{
    char piece[4096];
    ssize_t got = 0;
    while ((got = read(fd, piece, sizeof piece)) > 0) {
        if (buf_add(text, piece, (size_t)got) < 0)
            return err_set(-EINVAL, "%s: larger than %d bytes", file, CONFIG_SIZE_MAX);
    }
    return got < 0 ? err_set(-EIO, "%s: %s", file, strerror(errno)) : 0;
}

int config_load(struct options *o, const struct verb *verb, const struct options *given)
{
    const char *file = given->config != NULL ? given->config : CONFIG_DEFAULT;
    AUTO_BUF struct buf text;
    buf_init(&text, CONFIG_SIZE_MAX);
    if (strcmp(file, CONFIG_NONE) == 0)
        return 0;
    AUTO_CLOSE int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT && given->config == NULL)
        return 0;
    if (fd < 0)
        return err_set(-EINVAL, "%s: %s (--config " CONFIG_NONE " does without)", file,
                       strerror(errno));
    int rc = check_owner(fd, file);
    if (rc == 0)
        rc = read_all(fd, file, &text);
    return rc < 0 ? rc : config_apply(o, verb, given, file, buf_str(&text), text.len);
}
