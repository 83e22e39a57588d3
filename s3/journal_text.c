#include "s3/journal_text.h"

#include "common/codec.h"
#include "common/err.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define VERSION    1
#define FIELDS_MAX 12
#define CRC_TEXT   8

static const char HEAD_WORD[] = "rdsbak-uploads";

// ---- the list ----

static void upload_clear(struct journal_upload *u)
{
    free(u->key);
    free(u->upload_id);
    *u = (struct journal_upload){0};
}

static void head_clear(struct journal_head *h)
{
    free(h->bucket);
    free(h->endpoint);
    free(h->region);
    free(h->host);
    free(h->boot);
    *h = (struct journal_head){0};
}

void journal_text_clear(struct journal_text *t)
{
    head_clear(&t->head);
    for (size_t i = 0; i < t->count; i++)
        upload_clear(&t->uploads[i]);
    free(t->uploads);
    *t = (struct journal_text){0};
}

long journal_find(const struct journal_text *t, const char *upload_id)
{
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(t->uploads[i].upload_id, upload_id) == 0)
            return (long)i;
    }
    return -1;
}

static int grow(struct journal_text *t)
{
    if (t->count < t->capacity)
        return 0;
    if (t->count >= JOURNAL_UPLOADS_MAX)
        return err_set(-EIO, "more than %d unfinished uploads in one journal", JOURNAL_UPLOADS_MAX);
    size_t capacity = t->capacity == 0 ? 16 : 2 * t->capacity;
    struct journal_upload *uploads = reallocarray(t->uploads, capacity, sizeof *uploads);
    if (uploads == NULL)
        return err_set(-ENOMEM, "out of memory");
    t->uploads = uploads;
    t->capacity = capacity;
    return 0;
}

int journal_take_open(struct journal_text *t, const char *key, const char *upload_id,
                      int64_t time_s)
{
    if (journal_find(t, upload_id) >= 0) // of a file that went on in another
        return 0;
    int rc = grow(t);
    if (rc < 0)
        return rc;
    struct journal_upload upload = {strdup(key), strdup(upload_id), time_s, 0};
    if (upload.key == NULL || upload.upload_id == NULL) {
        upload_clear(&upload);
        return err_set(-ENOMEM, "out of memory");
    }
    t->uploads[t->count++] = upload;
    return 0;
}

void journal_take_done(struct journal_text *t, const char *upload_id)
{
    long at = journal_find(t, upload_id);
    if (at < 0)
        return;
    upload_clear(&t->uploads[at]);
    t->uploads[at] = t->uploads[--t->count];
}

// ---- writing ----

static int add_field(struct buf *b, const char *text)
{
    int rc = buf_add(b, " ", 1);
    return rc == 0 ? uri_escape(b, text, true) : rc;
}

static int add_number(struct buf *b, int64_t number)
{
    return buf_addf(b, " %" PRId64, number > 0 ? number : 0);
}

// The line's own checksum, and its end.
static int end_line(struct buf *b, size_t start)
{
    uint32_t crc = crc32c_extend(0, b->data + start, b->len - start);
    return buf_addf(b, " %08" PRIx32 "\n", crc);
}

int journal_add_head(struct buf *b, const struct journal_head *head)
{
    const char *const texts[] = {head->bucket, head->endpoint, head->region, head->host};
    size_t start = b->len;
    int rc = buf_addf(b, "%s %d", HEAD_WORD, VERSION);
    for (size_t i = 0; i < sizeof texts / sizeof *texts && rc == 0; i++)
        rc = add_field(b, texts[i]);
    if (rc == 0)
        rc = buf_addf(b, " %" PRIu64 " %" PRIu64, head->pid, head->start);
    if (rc == 0)
        rc = add_field(b, head->boot);
    if (rc == 0)
        rc = add_number(b, head->time_s);
    return rc == 0 ? end_line(b, start) : rc;
}

static int add_record(struct buf *b, const char *word, int64_t time_s, const char *key,
                      const char *upload_id)
{
    size_t start = b->len;
    int rc = buf_add_str(b, word);
    if (rc == 0)
        rc = add_number(b, time_s);
    if (rc == 0 && key != NULL)
        rc = add_field(b, key);
    if (rc == 0)
        rc = add_field(b, upload_id);
    return rc == 0 ? end_line(b, start) : rc;
}

int journal_add_open(struct buf *b, const struct journal_upload *u)
{
    int rc = add_record(b, "open", u->opened_s, u->key, u->upload_id);
    return rc == 0 && u->completing_s != 0 ? journal_add_complete(b, u->completing_s, u->upload_id)
                                           : rc;
}

int journal_add_complete(struct buf *b, int64_t time_s, const char *upload_id)
{
    return add_record(b, "complete", time_s, NULL, upload_id);
}

int journal_add_done(struct buf *b, int64_t time_s, const char *upload_id)
{
    return add_record(b, "done", time_s, NULL, upload_id);
}

// ---- reading ----

struct line {
    char text[JOURNAL_LINE_MAX + 1];
    char *fields[FIELDS_MAX]; // unescaped, in text
    size_t count;
};

static bool crc_fits(const char *text, size_t len)
{
    char made[CRC_TEXT + 1];
    if (len < CRC_TEXT + 1 || text[len - CRC_TEXT - 1] != ' ')
        return false;
    snprintf(made, sizeof made, "%08" PRIx32, crc32c_extend(0, text, len - CRC_TEXT - 1));
    return memcmp(made, text + len - CRC_TEXT, CRC_TEXT) == 0;
}

// In place: what is escaped is never shorter.
static int unescape_field(char *field)
{
    AUTO_BUF struct buf plain;
    buf_init(&plain, JOURNAL_LINE_MAX);
    int rc = uri_unescape(&plain, field, strlen(field));
    if (rc == 0)
        memcpy(field, buf_str(&plain), plain.len + 1);
    return rc;
}

// False: the line says nothing.
static bool split(struct line *line, const char *text, size_t len)
{
    line->count = 0;
    if (len > JOURNAL_LINE_MAX || memchr(text, '\0', len) != NULL || !crc_fits(text, len))
        return false;
    len -= CRC_TEXT + 1;
    memcpy(line->text, text, len);
    line->text[len] = '\0';
    char *rest = line->text, *field;
    while ((field = strsep(&rest, " ")) != NULL) {
        if (line->count == FIELDS_MAX)
            return false;
        line->fields[line->count++] = field;
    }
    for (size_t i = 0; i < line->count; i++) {
        if (unescape_field(line->fields[i]) < 0)
            return false;
    }
    return true;
}

static bool take_number(const char *text, uint64_t *out)
{
    return decimal_parse(text, INT64_MAX, out) == 0;
}

static int take_head(struct journal_text *t, char *const *fields)
{
    uint64_t time_s = 0;
    struct journal_head *h = &t->head;
    if (t->has_head || !take_number(fields[6], &h->pid) || !take_number(fields[7], &h->start) ||
        !take_number(fields[9], &time_s)) {
        t->damaged++;
        return 0;
    }
    h->time_s = (int64_t)time_s;
    h->bucket = strdup(fields[2]);
    h->endpoint = strdup(fields[3]);
    h->region = strdup(fields[4]);
    h->host = strdup(fields[5]);
    h->boot = strdup(fields[8]);
    t->has_head = true;
    return h->bucket == NULL || h->endpoint == NULL || h->region == NULL || h->host == NULL ||
                   h->boot == NULL
               ? err_set(-ENOMEM, "out of memory")
               : 0;
}

static void take_complete(struct journal_text *t, const char *upload_id, int64_t time_s)
{
    long at = journal_find(t, upload_id);
    if (at >= 0)
        t->uploads[at].completing_s = time_s;
}

static int take_line(struct journal_text *t, const struct line *line)
{
    char *const *f = line->fields;
    const char *word = f[0];
    uint64_t time_s = 0;
    if (strcmp(word, HEAD_WORD) == 0) {
        t->newer |= line->count > 1 && strcmp(f[1], "1") != 0;
        return line->count == 10 && !t->newer ? take_head(t, f) : 0;
    }
    if (line->count < 3 || !take_number(f[1], &time_s))
        return 0;
    if (strcmp(word, "open") == 0 && line->count == 4 && *f[2] != '\0' && *f[3] != '\0')
        return journal_take_open(t, f[2], f[3], (int64_t)time_s);
    if (strcmp(word, "complete") == 0 && line->count == 3)
        take_complete(t, f[2], (int64_t)time_s);
    else if (strcmp(word, "done") == 0 && line->count == 3)
        journal_take_done(t, f[2]);
    return 0;
}

int journal_text_parse(struct journal_text *t, const char *text, size_t len)
{
    AUTO_FREE struct line *line = malloc(sizeof *line);
    int rc = line != NULL ? 0 : err_set(-ENOMEM, "out of memory");
    *t = (struct journal_text){0};
    for (size_t at = 0; at < len && rc == 0;) {
        const char *begin = text + at, *stop = memchr(begin, '\n', len - at);
        size_t line_len = stop != NULL ? (size_t)(stop - begin) : len - at;
        if (stop == NULL || !split(line, begin, line_len)) // the last one may be being written
            t->damaged += line_len > 0;
        else
            rc = take_line(t, line);
        at += line_len + 1;
    }
    if (rc < 0)
        journal_text_clear(t);
    return rc;
}
