#include "common/json_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

// ---- strings

static bool is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

// Bytes of the well-formed character that text begins with (RFC 3629, section 4); 0: there is none.
static size_t utf8_len(const unsigned char *t)
{
    if (t[0] < 0x80)
        return 1;
    if (t[0] >= 0xc2 && t[0] <= 0xdf)
        return is_tail(t[1]) ? 2 : 0;
    if (t[0] >= 0xe0 && t[0] <= 0xef) {
        bool overlong = t[0] == 0xe0 && t[1] < 0xa0, surrogate = t[0] == 0xed && t[1] > 0x9f;
        return !overlong && !surrogate && is_tail(t[1]) && is_tail(t[2]) ? 3 : 0;
    }
    if (t[0] >= 0xf0 && t[0] <= 0xf4) {
        bool overlong = t[0] == 0xf0 && t[1] < 0x90, beyond = t[0] == 0xf4 && t[1] > 0x8f;
        return !overlong && !beyond && is_tail(t[1]) && is_tail(t[2]) && is_tail(t[3]) ? 4 : 0;
    }
    return 0;
}

// The escaped form of the character that text begins with, and how long both are.
static size_t escape_one(const char *text, char out[static 8], size_t *taken)
{
    unsigned char c = (unsigned char)*text;
    size_t len = utf8_len((const unsigned char *)text);
    *taken = len > 0 ? len : 1;
    if (c == '"' || c == '\\')
        return (size_t)snprintf(out, 8, "\\%c", c);
    if (c < 0x20 || c == 0x7f)
        return (size_t)snprintf(out, 8, "\\u%04x", c);
    if (c == 0xc2 && len == 2 && (unsigned char)text[1] < 0xa0) // terminals take them for controls
        return (size_t)snprintf(out, 8, "\\u%04x", (unsigned char)text[1]);
    if (len == 0)
        return (size_t)snprintf(out, 8, "\\ufffd");
    memcpy(out, text, len);
    return len;
}

size_t json_escape(char *out, size_t size, const char *text)
{
    size_t at = 0;
    while (*text != '\0') {
        char one[8];
        size_t taken, len = escape_one(text, one, &taken);
        if (at + len >= size)
            break;
        memcpy(out + at, one, len);
        at += len;
        text += taken;
    }
    if (size > 0)
        out[at] = '\0';
    return at;
}

static int add_escaped(struct buf *out, const char *text)
{
    int rc = 0;
    while (*text != '\0' && rc == 0) {
        char one[8];
        size_t taken, len = escape_one(text, one, &taken);
        rc = buf_add(out, one, len);
        text += taken;
    }
    return rc;
}

// ---- a line

void json_line_begin(struct json_line *l, struct buf *out)
{
    *l = (struct json_line){.out = out};
    l->rc = buf_add_str(out, "{");
}

static void add_name(struct json_line *l, const char *name)
{
    if (l->rc == 0)
        l->rc = buf_addf(l->out, "%s\"%s\":", l->any ? "," : "", name);
    l->any = true;
}

static void add_text(struct json_line *l, const char *text)
{
    if (l->rc == 0)
        l->rc = buf_add_str(l->out, "\"");
    if (l->rc == 0)
        l->rc = add_escaped(l->out, text);
    if (l->rc == 0)
        l->rc = buf_add_str(l->out, "\"");
}

void json_line_text(struct json_line *l, const char *name, const char *text)
{
    if (text == NULL)
        return;
    add_name(l, name);
    add_text(l, text);
}

void json_line_names(struct json_line *l, const char *name, const struct kv *kv)
{
    if (kv == NULL || kv->count == 0)
        return;
    add_name(l, name);
    for (size_t i = 0; i < kv->count; i++) {
        if (l->rc == 0)
            l->rc = buf_add_str(l->out, i == 0 ? "[" : ",");
        add_text(l, kv->pairs[i].name);
    }
    if (l->rc == 0)
        l->rc = buf_add_str(l->out, "]");
}

void json_line_number(struct json_line *l, const char *name, int64_t number)
{
    add_name(l, name);
    if (l->rc == 0)
        l->rc = buf_addf(l->out, "%" PRId64, number);
}

void json_line_bool(struct json_line *l, const char *name, bool value)
{
    add_name(l, name);
    if (l->rc == 0)
        l->rc = buf_add_str(l->out, value ? "true" : "false");
}

void json_line_seconds(struct json_line *l, const char *name, int64_t ms)
{
    if (ms < 0)
        ms = 0;
    add_name(l, name);
    if (l->rc == 0)
        l->rc = buf_addf(l->out, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
}

int json_line_end(struct json_line *l)
{
    return l->rc == 0 ? buf_add_str(l->out, "}\n") : l->rc;
}

void json_time(char out[static JSON_TIME_SIZE], int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    char stamp[24];
    gmtime_r(&seconds, &utc);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out, JSON_TIME_SIZE, "%s.%03dZ", stamp, (int)(wall_ms % 1000));
}
