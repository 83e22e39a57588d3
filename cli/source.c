#include "cli/source.h"

#include "common/err.h"

#include <stdbool.h>
#include <string.h>

#define SCHEME     "s3://"
#define NAME_MAX_S 255 // longest file name, bytes

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool ends_with(const char *text, const char *end)
{
    size_t text_len = strlen(text), end_len = strlen(end);
    return text_len >= end_len && strcmp(text + text_len - end_len, end) == 0;
}

// Four groups of digits: S3 refuses them because they would be taken for a host's address.
static bool looks_like_ipv4(const char *name)
{
    unsigned dots = 0;
    for (; *name != '\0'; name++) {
        if (*name == '.')
            dots++;
        else if (*name < '0' || *name > '9')
            return false;
    }
    return dots == 3;
}

static const char *bad_character(const char *name)
{
    for (const char *p = name; *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'Z')
            return "has upper-case letters";
        if (*p == '_')
            return "has an underscore";
        if (!is_lower_or_digit(*p) && *p != '-' && *p != '.')
            return "has other characters than a-z, 0-9, '-' and '.'";
    }
    return NULL;
}

// The rule of S3's "general purpose bucket naming rules" that a name breaks, or NULL.
static const char *bucket_defect(const char *name)
{
    size_t len = strlen(name);
    if (len < 3 || len > SOURCE_BUCKET_MAX)
        return "is not 3 to 63 characters long";
    if (bad_character(name) != NULL)
        return bad_character(name);
    if (!is_lower_or_digit(name[0]) || !is_lower_or_digit(name[len - 1]))
        return "does not begin and end with a letter or digit";
    if (strstr(name, "..") != NULL)
        return "has two dots in a row";
    if (looks_like_ipv4(name))
        return "looks like an IP address";
    if (strncmp(name, "xn--", 4) == 0 || strncmp(name, "sthree-", 7) == 0)
        return "begins with what S3 reserves (xn--, sthree-)";
    if (ends_with(name, "--x-s3"))
        return "is a directory bucket, which has other rules than S3's and cannot be used";
    if (ends_with(name, "-s3alias") || ends_with(name, "--ol-s3") || ends_with(name, ".mrap"))
        return "is an access point's alias, not a bucket";
    return NULL;
}

static int copy_bucket(const char *url, const char *name, size_t len, struct source *out)
{
    if (len == 0)
        return err_set(-EINVAL, "%s: no bucket; write s3://BUCKET[/PREFIX]", url);
    if (strncmp(name, "arn:", 4) == 0)
        return err_set(-EINVAL,
                       "%s: an ARN where a bucket's name belongs; write "
                       "s3://BUCKET[/PREFIX]",
                       url);
    if (len > SOURCE_BUCKET_MAX)
        return err_set(-EINVAL, "%s: the bucket's name is not 3 to 63 characters long", url);
    memcpy(out->bucket, name, len);
    out->bucket[len] = '\0';
    const char *defect = bucket_defect(out->bucket);
    if (defect != NULL)
        return err_set(-EINVAL, "%s: the bucket's name %s; check its spelling", url, defect);
    return 0;
}

int source_parse(const char *url, struct source *out)
{
    if (strncmp(url, SCHEME, strlen(SCHEME)) != 0)
        return err_set(-EINVAL, "%s: not an S3 address; write s3://BUCKET[/PREFIX]", url);
    const char *name = url + strlen(SCHEME);
    size_t name_len = strcspn(name, "/");
    const char *key = name[name_len] == '/' ? name + name_len + 1 : name + name_len;
    int rc = copy_bucket(url, name, name_len, out);
    if (rc < 0)
        return rc;
    if (strlen(key) > SOURCE_KEY_MAX)
        return err_set(-EINVAL, "s3://%s/...: the key is longer than S3's %d bytes", out->bucket,
                       SOURCE_KEY_MAX);
    memcpy(out->key, key, strlen(key) + 1);
    return 0;
}

static const char *segment_defect(const char *segment, size_t len)
{
    if (len == 0)
        return "has an empty segment ('//' or a leading '/')";
    if (len <= 2 && strncmp(segment, "..", len) == 0)
        return "has a segment '.' or '..'";
    if (len > NAME_MAX_S)
        return "has a segment longer than 255 bytes";
    return NULL;
}

// Every segment must be a name that a path can hold. A last '/' is fine.
static int check_path(const struct source *s)
{
    const char *at = s->key;
    while (*at != '\0') {
        size_t len = strcspn(at, "/");
        const char *defect = segment_defect(at, len);
        if (defect != NULL)
            return err_set(-EINVAL, "s3://%s/%s: the path %s, which no mount could show; remove it",
                           s->bucket, s->key, defect);
        at += at[len] == '/' ? len + 1 : len;
    }
    return 0;
}

int source_need_prefix(struct source *s)
{
    int rc = check_path(s);
    size_t len = strlen(s->key);
    if (rc < 0)
        return rc;
    if (len + 1 > SOURCE_PREFIX_MAX)
        return err_set(-EINVAL,
                       "s3://%s/...: the prefix is longer than %d bytes, so names of 255 "
                       "bytes would not fit S3's 1024; mount a shorter one",
                       s->bucket, SOURCE_PREFIX_MAX - 1);
    if (len > 0 && s->key[len - 1] != '/')
        memcpy(s->key + len, "/", 2);
    return 0;
}

int source_need_key(const struct source *s, bool new_object)
{
    if (s->key[0] == '\0')
        return err_set(-EINVAL, "s3://%s: no object; write s3://BUCKET/KEY", s->bucket);
    if (!new_object)
        return 0;
    if (ends_with(s->key, "/"))
        return err_set(-EINVAL, "s3://%s/%s: ends in '/'; write the object's whole key", s->bucket,
                       s->key);
    return check_path(s);
}
