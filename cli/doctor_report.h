// What doctor found: lines, each with what was looked at, a verdict, what was seen and, where
// something is to be done, what. Pure but for printing. One thread.
#ifndef CLI_DOCTOR_REPORT_H
#define CLI_DOCTOR_REPORT_H

#include "cli/json.h"

#define DOCTOR_LINES_MAX  64 // about 30 are made
#define DOCTOR_DETAIL_MAX 1200

enum doctor_verdict { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL, DOCTOR_UNCHECKED };

struct doctor_line {
    enum doctor_verdict verdict;
    const char *what; // a literal
    char *detail;     // owned, as the next
    char *remedy;     // NULL: nothing is to be done
};

struct doctor_report {
    FILE *out; // lines are printed here as they come; NULL: they are only kept
    struct doctor_line lines[DOCTOR_LINES_MAX];
    size_t count;
};
void doctor_report_clear(struct doctor_report *r);

// Adds a line. what: a literal; remedy NULL: none. Texts that come from servers are printed
// harmless.
void doctor_say(struct doctor_report *r, enum doctor_verdict verdict, const char *what,
                const char *remedy, const char *format, ...) PRINTF_LIKE(5, 6);
size_t doctor_count(const struct doctor_report *r, enum doctor_verdict verdict);
// "ok", "warn", "FAIL", "not checked".
const char *doctor_word(enum doctor_verdict verdict);

void doctor_print_summary(FILE *out, const struct doctor_report *r);
struct json_t *doctor_json(const struct doctor_report *r);

#endif
