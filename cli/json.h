// Building the documents that --json prints, over jansson. The only files of cli/ that know it are
// json.c and this header's forward declaration. One thread.
//
// A failure (no memory) while a document is built is remembered in it, and json_print tells it:
// the calls that add need not be checked one by one.
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "common/kv.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json_t;
struct err_saved;

// An empty object, an empty array; NULL without memory, which every call below takes.
struct json_t *json_new(void);
struct json_t *json_list(void);
void json_free(struct json_t *json);
CLEANUP_POINTER(json_t, json_free)
#define AUTO_JSON CLEANUP(json_freep)

// Sets a member. text NULL: the member is null. Text that is not UTF-8 is given as shown_name
// writes it.
void json_add_text(struct json_t *object, const char *name, const char *text);
// 64 bits, exact below 2^63.
void json_add_number(struct json_t *object, const char *name, uint64_t number);
void json_add_bool(struct json_t *object, const char *name, bool value);
void json_add_null(struct json_t *object, const char *name);
// Takes child over (NULL: nothing is added, and json_print says so).
void json_add(struct json_t *object, const char *name, struct json_t *child);
// Appends to a list; takes child over.
void json_append(struct json_t *list, struct json_t *child);
void json_append_text(struct json_t *list, const char *text);

// One document and a newline on stdout. -ENOMEM, -EIO.
int json_print(const struct json_t *json) MUST_CHECK;
// The same on one line of out, without a newline: an item of a list that is too long to be held in
// memory. -ENOMEM, -EIO.
int json_print_item(FILE *out, const struct json_t *json) MUST_CHECK;
// Ends, on stdout, a document that is a list of such items: a member "summary", with "complete" and
// "error" added by what became of the list (rc, and its text). rc if that is an error, its text set
// again; else -ENOMEM, -EIO.
int json_print_summary(struct json_t *summary, int rc, const struct err_saved *failure) MUST_CHECK;
// The document as text, as json_print has it; free(). NULL: out of memory, or a document that lacks
// something.
char *json_text(const struct json_t *json);

// Reading: an object whose members are texts or whole numbers, into a map. -EIO for anything else,
// also for a member that stands there twice, and for hundreds of members; -ENOMEM.
int json_read_map(const char *text, size_t len, struct kv *out) MUST_CHECK;

#endif
