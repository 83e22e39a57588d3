#include "s3/credentials_answer.h"
#include "common/buf.h"
#include "common/err.h"
#include "s3/config.h"
#include "s3/kms_json.h"
#include "s3/xml.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

// ---- time

static int bad_time(void)
{
    return err_set(-EIO, "the time of expiry is not as in 2026-01-31T12:00:00Z");
}

// Exactly `digits` digits, then the mark ('\0': none), as a number; -1 if it is not so.
static int take_number(const char **at, int digits, char mark)
{
    int value = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return -1;
        value = value * 10 + (**at - '0');
    }
    if (mark == '\0')
        return value;
    return *(*at)++ == mark ? value : -1;
}

// "Z" or "+HH:MM", after a fraction if there is one; to be subtracted.
static int take_zone(const char *at, int *zone_s)
{
    *zone_s = 0;
    if (*at == '.') {
        size_t digits = strspn(++at, "0123456789");
        if (digits == 0 || digits > 9)
            return bad_time();
        at += digits;
    }
    if (strcmp(at, "Z") == 0)
        return 0;
    int sign = *at == '-' ? -1 : 1;
    if (*at != '+' && *at != '-')
        return bad_time();
    at++;
    int hours = take_number(&at, 2, ':');
    int minutes = hours < 0 ? -1 : take_number(&at, 2, '\0');
    if (minutes < 0 || *at != '\0' || hours > 14 || minutes > 59)
        return bad_time();
    *zone_s = sign * (hours * 3600 + minutes * 60);
    return 0;
}

int timestamp_parse(const char *text, int64_t *out_s)
{
    static const struct {
        int digits;
        char mark;
        int min, max;
    } PARTS[] = {{4, '-', 1970, 9999}, {2, '-', 1, 12}, {2, 'T', 1, 31},
                 {2, ':', 0, 23},      {2, ':', 0, 59}, {2, '\0', 0, 60}};
    int parts[6], zone_s;
    const char *at = text;
    for (size_t i = 0; i < 6; i++) {
        parts[i] = take_number(&at, PARTS[i].digits, PARTS[i].mark);
        if (parts[i] < PARTS[i].min || parts[i] > PARTS[i].max)
            return bad_time();
    }
    int rc = take_zone(at, &zone_s);
    struct tm tm = {.tm_year = parts[0] - 1900,
                    .tm_mon = parts[1] - 1,
                    .tm_mday = parts[2],
                    .tm_hour = parts[3],
                    .tm_min = parts[4],
                    .tm_sec = parts[5]};
    if (rc < 0)
        return rc;
    *out_s = (int64_t)timegm(&tm) - zone_s;
    return tm.tm_mday == parts[2] ? 0 : bad_time(); // no 30th of February
}

// ---- all forms

// What goes into a header must not have more in it than one line.
static bool is_one_word(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text > '~')
            return false;
    }
    return true;
}

static int check_word(const char *name, const char *text)
{
    if (text == NULL || *text == '\0' || !is_one_word(text))
        return err_set(-EIO, "the answer's %s is missing or malformed", name);
    return 0;
}

// token NULL: none; expires NULL: never.
static int accept(struct credentials *out, const char *id, const char *key, const char *token,
                  const char *expires)
{
    int64_t expires_s = 0;
    int rc = check_word("AccessKeyId", id);
    if (rc == 0)
        rc = check_word("SecretAccessKey", key);
    if (rc == 0 && token != NULL)
        rc = check_word("session token", token);
    if (rc == 0 && expires != NULL)
        rc = timestamp_parse(expires, &expires_s);
    if (rc == 0)
        rc = credentials_fill(out, id, key, token, "the answer");
    out->expires_s = rc == 0 ? expires_s : 0;
    return rc == -EACCES ? -EIO : rc;
}

// ---- JSON

static int refused(const char *code, const char *message)
{
    return err_set(-EACCES, "refused: %.60s%s%.200s", code, message != NULL ? ": " : "",
                   message != NULL ? message : "");
}

// A member that must be a text if it is there; NULL if it is not, or is null or empty.
static int optional_text(const struct json_t *json, const char *name, const char **out)
{
    *out = kms_json_text(json, NULL, name);
    if (*out == NULL && kms_json_has(json, name))
        return err_set(-EIO, "the answer's %s is no text", name);
    if (*out != NULL && **out == '\0')
        *out = NULL;
    return 0;
}

static int take_process(struct credentials *out, const struct json_t *json)
{
    const char *token, *expires;
    if (!kms_json_is_number(json, "Version", 1))
        return err_set(-EIO, "the answer's Version is not 1");
    int rc = optional_text(json, "SessionToken", &token);
    if (rc == 0)
        rc = optional_text(json, "Expiration", &expires);
    return rc < 0 ? rc
                  : accept(out, kms_json_text(json, NULL, "AccessKeyId"),
                           kms_json_text(json, NULL, "SecretAccessKey"), token, expires);
}

static int take_metadata(struct credentials *out, const struct json_t *json)
{
    const char *code = kms_json_text(json, NULL, "Code");
    const char *expires = kms_json_text(json, NULL, "Expiration");
    const char *token = kms_json_text(json, NULL, "Token");
    if (code != NULL && strcmp(code, "Success") != 0)
        return refused(code, kms_json_text(json, NULL, "Message"));
    if (expires == NULL || token == NULL)
        return err_set(-EIO, "the answer has no %s", token == NULL ? "Token" : "Expiration");
    return accept(out, kms_json_text(json, NULL, "AccessKeyId"),
                  kms_json_text(json, NULL, "SecretAccessKey"), token, expires);
}

int credentials_parse_json(struct credentials *out, enum credentials_form form, const char *text,
                           size_t len)
{
    assert(out != NULL);
    AUTO_KMS_JSON struct json_t *json = NULL;
    *out = (struct credentials){0};
    int rc = kms_json_parse(&json, text, len);
    if (rc == 0)
        rc = form == CREDENTIALS_OF_PROCESS ? take_process(out, json) : take_metadata(out, json);
    if (rc < 0)
        credentials_clear(out);
    return rc;
}

// ---- XML of STS

struct sts_answer {
    struct buf texts[4]; // secret
    int seen[4];         // how often each came
    struct sts_error error;
};

static const char *const STS_NAMES[] = {"AccessKeyId", "SecretAccessKey", "SessionToken",
                                        "Expiration"};

// "/AssumeRoleResponse/AssumeRoleResult/Credentials/NAME", likewise of the other actions.
static const char *name_in_credentials(const char *path)
{
    static const char *const ROOTS[] = {
        "/AssumeRoleResponse/AssumeRoleResult/Credentials/",
        "/AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/Credentials/"};
    for (size_t i = 0; i < sizeof ROOTS / sizeof *ROOTS; i++) {
        if (strncmp(path, ROOTS[i], strlen(ROOTS[i])) == 0)
            return path + strlen(ROOTS[i]);
    }
    return NULL;
}

static int on_sts(void *context, enum xml_event event, const char *path, const char *text)
{
    struct sts_answer *a = context;
    const char *name = name_in_credentials(path);
    if (event != XML_CLOSE)
        return 0;
    for (size_t i = 0; name != NULL && i < 4; i++) {
        if (strcmp(name, STS_NAMES[i]) != 0)
            continue;
        if (a->seen[i]++ > 0)
            return err_set(-EIO, "the answer has two %s", name);
        return buf_add_str(&a->texts[i], text);
    }
    // Ceph's gateway answers like S3: <Error> is the root.
    name = strrchr(path, '/') + 1;
    if (strstr(path, "Error/") == NULL)
        return 0;
    if (strcmp(name, "Code") == 0)
        snprintf(a->error.code, sizeof a->error.code, "%s", text);
    else if (strcmp(name, "Message") == 0)
        snprintf(a->error.message, sizeof a->error.message, "%s", text);
    return 0;
}

static int read_sts(struct sts_answer *a, const char *text, size_t len)
{
    *a = (struct sts_answer){0};
    for (size_t i = 0; i < 4; i++)
        buf_init_secret(&a->texts[i], XML_TEXT_MAX);
    return xml_parse(text, len, on_sts, a);
}

static void sts_answer_clear(struct sts_answer *a)
{
    for (size_t i = 0; i < 4; i++)
        buf_clear(&a->texts[i]);
}

int credentials_parse_sts(struct credentials *out, const char *text, size_t len)
{
    assert(out != NULL);
    CLEANUP(sts_answer_clear) struct sts_answer a;
    *out = (struct credentials){0};
    int rc = read_sts(&a, text, len);
    for (size_t i = 0; i < 4 && rc == 0; i++) {
        if (a.seen[i] == 0)
            rc = err_set(-EIO, "the answer has no %s", STS_NAMES[i]);
    }
    return rc < 0 ? rc
                  : accept(out, buf_str(&a.texts[0]), buf_str(&a.texts[1]), buf_str(&a.texts[2]),
                           buf_str(&a.texts[3]));
}

void sts_error_parse(struct sts_error *out, const char *text, size_t len)
{
    CLEANUP(sts_answer_clear) struct sts_answer a;
    int rc = read_sts(&a, text, len);
    *out = rc == 0 ? a.error : (struct sts_error){0};
}
