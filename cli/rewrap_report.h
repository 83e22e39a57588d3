// What rewrap says of one object, and of all of them together. Pure: cmd_rewrap.c does the work.
// One thread.
#ifndef CLI_REWRAP_REPORT_H
#define CLI_REWRAP_REPORT_H

#include "cli/json.h"
#include "common/err.h"
#include "object/rewrap.h"

struct rewrap_item {
    const char *bucket, *key; // borrowed, from strangers
    struct rewrap_result result;
    struct err_saved failure; // code 0: none
};

struct rewrap_tally {
    uint64_t done, would, nothing, failed;
    uint64_t old_versions; // that stay, or would
    uint64_t unproved;     // of nothing
};

void rewrap_count(struct rewrap_tally *t, const struct rewrap_item *item);
// A line on out, and one more for a version that stays.
void rewrap_print(FILE *out, const struct rewrap_item *item, const char *to_key);
// Totals, and what rewrapping has not changed.
void rewrap_print_summary(FILE *out, const struct rewrap_tally *t);

// An item for a list; the whole around the list, which is taken over. NULL: out of memory.
struct json_t *rewrap_json(const struct rewrap_item *item, const char *to_key);
struct json_t *rewrap_summary_json(const struct rewrap_tally *t, struct json_t *objects,
                                   const char *to_key, bool dry_run);

#endif
