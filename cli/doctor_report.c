#include "cli/doctor_report.h"

#include "cli/shown.h"
#include "common/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *doctor_word(enum doctor_verdict verdict)
{
    static const char *const WORDS[] = {"ok", "warn", "FAIL", "not checked"};
    return WORDS[verdict];
}

void doctor_report_clear(struct doctor_report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->lines[i].detail);
        free(r->lines[i].remedy);
    }
    r->count = 0;
}

static void print_line(FILE *out, const struct doctor_line *line)
{
    fprintf(out, "%-11s  %-24s ", doctor_word(line->verdict), line->what);
    shown_print(out, line->detail != NULL ? line->detail : "");
    putc('\n', out);
    if (line->remedy != NULL) {
        fprintf(out, "%-13s-> ", "");
        shown_print(out, line->remedy);
        putc('\n', out);
    }
    fflush(out);
}

void doctor_say(struct doctor_report *r, enum doctor_verdict verdict, const char *what,
                const char *remedy, const char *format, ...)
{
    char detail[DOCTOR_DETAIL_MAX];
    va_list args;
    assert(r->count < DOCTOR_LINES_MAX);
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    struct doctor_line *line = &r->lines[r->count++];
    *line = (struct doctor_line){.verdict = verdict, .what = what, .detail = strdup(detail)};
    if (remedy != NULL)
        line->remedy = strdup(remedy);
    if (r->out != NULL)
        print_line(r->out, line);
}

size_t doctor_count(const struct doctor_report *r, enum doctor_verdict verdict)
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++)
        count += r->lines[i].verdict == verdict;
    return count;
}

void doctor_print_summary(FILE *out, const struct doctor_report *r)
{
    fprintf(out, "%zu ok, %zu to look at, %zu failed, %zu not checked\n",
            doctor_count(r, DOCTOR_OK), doctor_count(r, DOCTOR_WARN), doctor_count(r, DOCTOR_FAIL),
            doctor_count(r, DOCTOR_UNCHECKED));
}

struct json_t *doctor_json(const struct doctor_report *r)
{
    struct json_t *json = json_new(), *checks = json_list();
    for (size_t i = 0; i < r->count; i++) {
        struct json_t *item = json_new();
        json_add_text(item, "what", r->lines[i].what);
        json_add_text(item, "verdict", doctor_word(r->lines[i].verdict));
        json_add_text(item, "detail", r->lines[i].detail);
        json_add_text(item, "remedy", r->lines[i].remedy);
        json_append(checks, item);
    }
    json_add(json, "checks", checks);
    json_add_number(json, "ok", doctor_count(r, DOCTOR_OK));
    json_add_number(json, "warned", doctor_count(r, DOCTOR_WARN));
    json_add_number(json, "failed", doctor_count(r, DOCTOR_FAIL));
    json_add_number(json, "not_checked", doctor_count(r, DOCTOR_UNCHECKED));
    return json;
}
