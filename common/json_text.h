// JSON as text, for lines that are written one at a time: log, audit, status. Documents that a verb
// prints are built in cli/json.h. Any thread.
#ifndef COMMON_JSON_TEXT_H
#define COMMON_JSON_TEXT_H

#include "common/buf.h"
#include "common/kv.h"

// What a JSON string has between its quotes (RFC 8259, section 7): quotes, backslashes and control
// characters escaped, and U+FFFD for each byte that is not of well-formed UTF-8, so that what comes
// out is always valid. out gets a terminator; a text that does not fit is cut between characters.
// Returns the length.
size_t json_escape(char *out, size_t size, const char *text);

// One object on one line, member by member:
//
//     struct json_line line;
//     json_line_begin(&line, &buf);
//     json_line_text(&line, "event", "commit");
//     rc = json_line_end(&line);
//
// A failure (no memory, the buffer's maximum) is remembered and told at the end.
struct json_line {
    struct buf *out; // the caller's; appended to
    bool any;        // a member is there
    int rc;
};
void json_line_begin(struct json_line *l, struct buf *out);
void json_line_text(struct json_line *l, const char *name, const char *text); // NULL: left out
void json_line_number(struct json_line *l, const char *name, int64_t number);
void json_line_bool(struct json_line *l, const char *name, bool value);
// Milliseconds as seconds with three digits.
void json_line_seconds(struct json_line *l, const char *name, int64_t ms);
// An array of the names; the values are left out. Empty: the member is, too.
void json_line_names(struct json_line *l, const char *name, const struct kv *kv);
// Closes the object, with a newline. -ENOMEM, -EIO.
int json_line_end(struct json_line *l) MUST_CHECK;

// "2026-01-31T12:00:00.123Z" of milliseconds since 1970.
#define JSON_TIME_SIZE 32
void json_time(char out[static JSON_TIME_SIZE], int64_t wall_ms);

#endif
