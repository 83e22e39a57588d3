#include "cli/sql_text.h"

#include "cli/shown.h"
#include "common/err.h"

#include <assert.h>
#include <string.h>

#define WINDOWS_FORBIDDEN "<>:\"|?*\\"

// text between open and close, the close character doubled.
static int add_doubled(struct buf *b, const char *open, const char *text, char close)
{
    int rc = buf_add_str(b, open);
    for (const char *at = text; *at != '\0' && rc == 0; at++) {
        rc = buf_add(b, at, 1);
        if (rc == 0 && *at == close)
            rc = buf_add(b, at, 1);
    }
    return rc == 0 ? buf_add(b, &close, 1) : rc;
}

int sql_add_literal(struct buf *b, const char *text)
{
    return add_doubled(b, "N'", text, '\'');
}

int sql_add_identifier(struct buf *b, const char *name)
{
    return add_doubled(b, "[", name, ']');
}

// Whether shown_name changes anything but backslashes.
static bool is_harmless(const char *text, const char *shown)
{
    for (; *text != '\0'; text++, shown++) {
        if (*text == '\\' && shown[0] == '\\' && shown[1] == '\\')
            shown++;
        else if (*text != *shown)
            return false;
    }
    return *shown == '\0';
}

int sql_check_text(const char *what, const char *text)
{
    AUTO_FREE char *shown = shown_name(text);
    if (shown == NULL)
        return err_set(-ENOMEM, "out of memory");
    if (is_harmless(text, shown))
        return 0;
    return err_set(-EINVAL,
                   "%s %.300s: has control characters or is not UTF-8, so no script can hold it; "
                   "rename it",
                   what, shown);
}

// Of UTF-8: characters above U+FFFF (four bytes) are two.
static size_t utf16_units(const char *text)
{
    size_t units = 0;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if ((c & 0xc0) != 0x80)
            units += c >= 0xf0 ? 2 : 1;
    }
    return units;
}

int sql_check_database(const char *name)
{
    int rc = sql_check_text("--database", name);
    if (rc == 0 && utf16_units(name) > SQL_NAME_MAX)
        rc = err_set(-EINVAL, "--database: longer than SQL Server's %d characters", SQL_NAME_MAX);
    return rc;
}

// ---- the mount ----

void sql_mount_clear(struct sql_mount *m)
{
    free(m->directory);
    *m = (struct sql_mount){0};
}

static bool is_windows_path(const char *path)
{
    bool drive = ((path[0] | 0x20) >= 'a' && (path[0] | 0x20) <= 'z') && path[1] == ':';
    return strncmp(path, "\\\\", 2) == 0 || drive;
}

static void keep_folder(struct source *s)
{
    char *slash = strrchr(s->key, '/');
    if (slash != NULL)
        slash[1] = '\0';
    else
        s->key[0] = '\0';
}

// "s3://BUCKET/PREFIX=DIR": the first '=' that a path may follow ends the address.
static int parse_address(const char *value, const char **directory, struct source *out)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL)
        return err_set(-EINVAL, "--mountpoint: '%s' has an address but no =DIR after it", value);
    AUTO_FREE char *address = strndup(value, (size_t)(equals - value));
    if (address == NULL)
        return err_set(-ENOMEM, "out of memory");
    *directory = equals + 1;
    int rc = source_parse(address, out);
    if (rc == 0)
        rc = source_need_prefix(out);
    return rc < 0 ? err_prefix(rc, "--mountpoint") : 0;
}

int sql_mount_parse(const char *value, const struct source *object, struct sql_mount *out)
{
    const char *directory = value;
    *out = (struct sql_mount){.source = *object};
    keep_folder(&out->source);
    int rc = strncmp(value, "s3://", 5) == 0 ? parse_address(value, &directory, &out->source) : 0;
    if (rc == 0)
        rc = sql_check_text("--mountpoint", directory);
    if (rc < 0)
        return rc;
    out->is_windows = is_windows_path(directory);
    if (!out->is_windows && directory[0] != '/')
        return err_set(-EINVAL,
                       "--mountpoint: '%s' is neither a whole path (/mnt/...) nor a share "
                       "(\\\\SERVER\\SHARE)",
                       directory);
    out->directory = strdup(directory);
    if (out->directory == NULL)
        return err_set(-ENOMEM, "out of memory");
    for (size_t len = strlen(out->directory); len > 0 && strchr("/\\", out->directory[len - 1]);)
        out->directory[--len] = '\0';
    return 0;
}

// Windows forbids some characters, and names that end in a dot or blank.
static int check_windows(const char *path)
{
    for (const char *at = path; *at != '\0';) {
        size_t len = strcspn(at, "/");
        if (strcspn(at, WINDOWS_FORBIDDEN) < len || len == 0 || strchr(". ", at[len - 1]) != NULL)
            return err_set(-EINVAL,
                           "'%s': Windows allows no file of this name (%s, or a dot or "
                           "blank at the end); rename it",
                           path, WINDOWS_FORBIDDEN);
        at += at[len] == '/' ? len + 1 : len;
    }
    return 0;
}

int sql_add_path(struct buf *b, const struct sql_mount *m, const struct source *object)
{
    size_t len = strlen(m->source.key);
    if (strcmp(m->source.bucket, object->bucket) != 0 ||
        strncmp(m->source.key, object->key, len) != 0)
        return err_set(-EINVAL,
                       "s3://%s/%s: is not under s3://%s/%s, which --mountpoint is said to hold; "
                       "give --mountpoint s3://BUCKET/PREFIX=DIR",
                       object->bucket, object->key, m->source.bucket, m->source.key);
    const char *rest = object->key + len;
    int rc = m->is_windows ? check_windows(rest) : 0;
    if (rc == 0)
        rc = buf_addf(b, "%s%c", m->directory, m->is_windows ? '\\' : '/');
    for (; *rest != '\0' && rc == 0; rest++)
        rc = buf_add(b, *rest == '/' && m->is_windows ? "\\" : rest, 1);
    return rc;
}

// ---- ARNs ----

int sql_add_arn(struct buf *b, const char *partition, const char *bucket, const char *key)
{
    return buf_addf(b, "arn:%s:s3:::%s/%s", partition, bucket, key);
}

const char *sql_partition_of(const char *region)
{
    static const struct {
        const char *begins, *partition;
    } OTHERS[] = {{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"eusc-", "aws-eusc"}};
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS && region != NULL; i++) {
        if (strncmp(region, OTHERS[i].begins, strlen(OTHERS[i].begins)) == 0)
            return OTHERS[i].partition;
    }
    return "aws";
}

size_t sql_common_prefix(const struct source *objects, size_t count)
{
    assert(count > 0);
    size_t len = strlen(objects[0].key);
    for (size_t i = 1; i < count; i++) {
        size_t same = 0;
        while (same < len && objects[i].key[same] == objects[0].key[same])
            same++;
        len = same;
    }
    // Not in the middle of a character.
    while (len > 0 && ((unsigned char)objects[0].key[len] & 0xc0) == 0x80)
        len--;
    return len;
}
