#include "cli/audit.h"

#include "cli/shown.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define AUDIT_WORDS_MAX 16 // words that audit_word knows, and some

static bool has_content(const struct audit_finding *f)
{
    return f->state != AUDIT_INSTRUCTION && f->state != AUDIT_FOLDER && f->state != AUDIT_GONE;
}

static bool is_allowed(const char *key, const struct option_list *allowed)
{
    for (size_t i = 0; i < allowed->count && key != NULL; i++) {
        if (strcmp(allowed->items[i], key) == 0)
            return true;
    }
    return allowed->count == 0;
}

static const char *key_word(const struct audit_finding *f, const struct option_list *allowed)
{
    switch (f->proof) {
    case AUDIT_PROVED:
        return "encrypted";
    case AUDIT_DISPROVED:
        return "OTHER-KEY";
    case AUDIT_UNPROVED:
        return "KEY-UNKNOWN";
    case AUDIT_UNASKED:
        break;
    }
    if (is_allowed(f->key, allowed))
        return "encrypted";
    return f->key != NULL ? "OTHER-KEY" : "KEY-UNKNOWN";
}

const char *audit_word(const struct audit_finding *f, const struct option_list *allowed)
{
    switch (f->state) {
    case AUDIT_ENCRYPTED:
        return key_word(f, allowed);
    case AUDIT_UNSUPPORTED:
        return allowed->count == 0 ? "encrypted" : "KEY-UNKNOWN";
    case AUDIT_PLAINTEXT:
        return "PLAINTEXT";
    case AUDIT_DAMAGED:
        return "DAMAGED";
    case AUDIT_INSTRUCTION:
        return "instruction";
    case AUDIT_FOLDER:
        return "folder";
    case AUDIT_GONE:
        return "gone";
    case AUDIT_UNKNOWN:
        break;
    }
    return "UNKNOWN";
}

bool audit_passes(const struct audit_finding *f, const struct option_list *allowed)
{
    return !has_content(f) || strcmp(audit_word(f, allowed), "encrypted") == 0;
}

// ---- one line ----

void audit_age(char out[static 24], int64_t since_s, int64_t now_s)
{
    int64_t age_s = now_s > since_s ? now_s - since_s : 0;
    if (age_s < 2 * 3600)
        snprintf(out, 24, "%" PRId64 "m", age_s / 60);
    else if (age_s < 2 * 86400)
        snprintf(out, 24, "%" PRId64 "h", age_s / 3600);
    else
        snprintf(out, 24, "%" PRId64 "d", age_s / 86400);
}

void audit_stamp(char out[static 32], int64_t time_s)
{
    struct tm utc;
    time_t at = (time_t)time_s;
    if (gmtime_r(&at, &utc) == NULL || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        snprintf(out, 32, "-");
}

// "rds, V2, kms, AES/CBC/PKCS5Padding", as much of it as is known, harmless; "-": nothing is.
static void print_kind(FILE *out, const struct audit_finding *f)
{
    char version[16] = "";
    const char *between = "";
    if (f->version != 0)
        snprintf(version, sizeof version, "V%u", f->version);
    const char *parts[] = {f->format, version[0] != '\0' ? version : NULL, f->wrapped, f->cipher,
                           f->aside ? "instruction file" : NULL};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i] == NULL)
            continue;
        fputs(between, out);
        shown_print(out, parts[i]);
        between = ", ";
    }
    if (between[0] == '\0')
        fputs("-", out);
}

static void print_key(FILE *out, const struct audit_finding *f)
{
    if (f->key != NULL)
        shown_print(out, f->key);
    else
        fputs(f->state == AUDIT_ENCRYPTED ? "key not named" : "-", out);
}

void audit_print(FILE *out, const struct audit_finding *f, const struct option_list *allowed,
                 int64_t now_s)
{
    char stamp[32], age[24];
    audit_stamp(stamp, f->mtime_s);
    audit_age(age, f->mtime_s, now_s);
    fprintf(out, "%-11s  %15" PRIu64 "  %20s  %6s  %-12s  ", audit_word(f, allowed), f->size, stamp,
            age,
            f->storage_class != NULL && f->storage_class[0] != '\0' ? f->storage_class
                                                                    : "STANDARD");
    print_kind(out, f);
    fputs("  ", out);
    print_key(out, f);
    fputs("  ", out);
    shown_print(out, f->name);
    if (f->reason != NULL) {
        fputs(": ", out);
        shown_print(out, f->reason);
    }
    fputc('\n', out);
}

struct json_t *audit_json(const struct audit_finding *f, const struct option_list *allowed,
                          int64_t now_s)
{
    char stamp[32];
    struct json_t *json = json_new();
    audit_stamp(stamp, f->mtime_s);
    json_add_text(json, "name", f->name);
    json_add_text(json, "verdict", audit_word(f, allowed));
    json_add_bool(json, "passes", audit_passes(f, allowed));
    json_add_text(json, "format", f->format);
    if (f->version != 0)
        json_add_number(json, "version", f->version);
    else
        json_add_null(json, "version");
    json_add_text(json, "wrapped", f->wrapped);
    json_add_text(json, "cipher", f->cipher);
    json_add_text(json, "key", f->key);
    json_add_bool(json, "key_proved", f->proof == AUDIT_PROVED);
    json_add_bool(json, "instruction_file", f->aside);
    json_add_number(json, "size", f->size);
    json_add_text(json, "modified", stamp);
    json_add_number(json, "age_s", now_s > f->mtime_s ? (uint64_t)(now_s - f->mtime_s) : 0);
    json_add_text(json, "storage_class",
                  f->storage_class != NULL && f->storage_class[0] != '\0' ? f->storage_class
                                                                          : "STANDARD");
    json_add_text(json, "reason", f->reason);
    return json;
}

// ---- all of them ----

// What a print function writes, cut to size bytes.
static void text_of(char *out, size_t size, void (*print)(FILE *, const struct audit_finding *),
                    const struct audit_finding *f)
{
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    if (memory != NULL) {
        print(memory, f);
        fclose(memory);
    }
    snprintf(out, size, "%s", text != NULL ? text : "?");
    free(text);
}

static struct audit_group *group_find(struct audit_tally *t, const struct audit_group *like)
{
    for (size_t i = 0; i < t->group_count; i++) {
        struct audit_group *g = &t->groups[i];
        if (strcmp(g->word, like->word) == 0 && strcmp(g->kind, like->kind) == 0 &&
            strcmp(g->key, like->key) == 0)
            return g;
    }
    return NULL;
}

// The group of this kind. The last few places are for "others": once they are all that is left,
// what is new is told apart by its word only (keys are chosen by whoever wrote the objects).
static struct audit_group *group_of(struct audit_tally *t, struct audit_group *like)
{
    struct audit_group *g = group_find(t, like);
    if (g == NULL && t->group_count >= AUDIT_GROUPS_MAX - AUDIT_WORDS_MAX) {
        snprintf(like->kind, sizeof like->kind, "others");
        snprintf(like->key, sizeof like->key, "-");
        g = group_find(t, like);
    }
    if (g != NULL)
        return g;
    assert(t->group_count < AUDIT_GROUPS_MAX);
    t->groups[t->group_count] = *like;
    return &t->groups[t->group_count++];
}

void audit_count(struct audit_tally *t, const struct audit_finding *f,
                 const struct option_list *allowed)
{
    struct audit_group like = {0};
    snprintf(like.word, sizeof like.word, "%s", audit_word(f, allowed));
    text_of(like.kind, sizeof like.kind, print_kind, f);
    text_of(like.key, sizeof like.key, print_key, f);
    struct audit_group *g = group_of(t, &like);
    g->count++;
    g->bytes += f->size;
    if (!has_content(f))
        return;
    t->count++;
    t->bytes += f->size;
    if (!audit_passes(f, allowed))
        t->failed++;
}

void audit_count_upload(struct audit_tally *t, int64_t age_s)
{
    t->uploads++;
    if (age_s > 0 && (uint64_t)age_s > t->oldest_upload_age_s)
        t->oldest_upload_age_s = (uint64_t)age_s;
}

void audit_print_summary(FILE *out, const struct audit_tally *t, bool complete)
{
    char age[24];
    for (size_t i = 0; i < t->group_count; i++) {
        const struct audit_group *g = &t->groups[i];
        fprintf(out, "total: %-11s  %10" PRIu64 " objects  %15" PRIu64 " bytes  %s  %s\n", g->word,
                g->count, g->bytes, g->kind, g->key);
    }
    audit_age(age, 0, (int64_t)t->oldest_upload_age_s);
    if (t->uploads > 0)
        fprintf(out, "total: unfinished   %10" PRIu64 " uploads  oldest %s\n", t->uploads, age);
    fprintf(out, "total: %" PRIu64 " objects, %" PRIu64 " bytes, %" PRIu64 " not proved%s\n",
            t->count, t->bytes, t->failed, complete ? "" : "; INCOMPLETE, there are more");
}

struct json_t *audit_summary_json(const struct audit_tally *t)
{
    struct json_t *json = json_new();
    struct json_t *groups = json_list();
    for (size_t i = 0; i < t->group_count; i++) {
        const struct audit_group *g = &t->groups[i];
        struct json_t *group = json_new();
        json_add_text(group, "verdict", g->word);
        json_add_text(group, "kind", g->kind);
        json_add_text(group, "key", g->key);
        json_add_number(group, "objects", g->count);
        json_add_number(group, "bytes", g->bytes);
        json_append(groups, group);
    }
    json_add(json, "groups", groups);
    json_add_number(json, "objects", t->count);
    json_add_number(json, "bytes", t->bytes);
    json_add_number(json, "not_proved", t->failed);
    json_add_number(json, "unfinished_uploads", t->uploads);
    json_add_number(json, "oldest_upload_age_s", t->oldest_upload_age_s);
    return json;
}
