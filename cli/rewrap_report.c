#include "cli/rewrap_report.h"

#include "cli/shown.h"

#include <inttypes.h>
#include <string.h>

static const char NOTE_DATA_KEY[] =
    "The data keys are what they were. Whoever kept one, or keeps an old copy of an object and the "
    "use of the old key, can still decrypt; rdsbak copy makes objects under new data keys.";
static const char NOTE_VERSIONS[] =
    "Versions from before stay in the bucket, under the old key, until they are deleted.";
static const char NOTE_UNPROVED[] =
    "Where it says unproved, the envelope names the key already, and KMS does not let it be tried "
    "(kms:ReEncryptFrom and kms:ReEncryptTo on that key).";

void rewrap_count(struct rewrap_tally *t, const struct rewrap_item *item)
{
    const struct rewrap_result *r = &item->result;
    if (item->failure.code < 0) {
        t->failed++;
        return;
    }
    t->done += r->outcome == REWRAP_DONE;
    t->would += r->outcome == REWRAP_WOULD;
    t->nothing += r->outcome == REWRAP_NOTHING;
    t->unproved += r->outcome == REWRAP_NOTHING && r->unproved;
    t->old_versions += r->old_version[0] != '\0';
}

static const char *outcome_word(const struct rewrap_item *item)
{
    if (item->failure.code < 0)
        return "failed";
    switch (item->result.outcome) {
    case REWRAP_DONE:
        return "rewrapped";
    case REWRAP_WOULD:
        return "would rewrap";
    case REWRAP_NOTHING:
        return "nothing to do";
    case REWRAP_FAILED:
        break;
    }
    return "failed";
}

// ---- text ----

static void print_name(FILE *out, const struct rewrap_item *item)
{
    fprintf(out, "s3://%s/", item->bucket);
    shown_print(out, item->key);
}

static void print_delete(FILE *out, const struct rewrap_item *item)
{
    fprintf(out, "aws s3api delete-object --bucket %s --key ", item->bucket);
    shown_print_shell(out, item->key);
    fputs(" --version-id ", out);
    shown_print_shell(out, item->result.old_version);
}

static void print_change(FILE *out, const struct rewrap_result *r, const char *to_key)
{
    fprintf(out, "%s under ", r->from_format);
    shown_print(out, r->from_key);
    if (r->outcome == REWRAP_NOTHING)
        fputs(r->unproved ? ", unproved" : "", out);
    else
        fprintf(out, " -> %s under %s", r->to_format, to_key);
}

void rewrap_print(FILE *out, const struct rewrap_item *item, const char *to_key)
{
    bool failed = item->failure.code < 0;
    fprintf(out, "%-13s  ", failed ? "FAILED" : outcome_word(item));
    print_name(out, item);
    fputs(": ", out);
    if (failed)
        shown_print(out, item->failure.text);
    else
        print_change(out, &item->result, to_key);
    fputc('\n', out);
    if (failed || item->result.old_version[0] == '\0')
        return;
    fprintf(out, "%-13s  ", item->result.outcome == REWRAP_WOULD ? "  would stay" : "  stays");
    fputs("the version before, under the old key; to delete it: ", out);
    print_delete(out, item);
    fputc('\n', out);
}

void rewrap_print_summary(FILE *out, const struct rewrap_tally *t)
{
    fprintf(out, "total: %" PRIu64 " rewrapped", t->done);
    if (t->would > 0)
        fprintf(out, ", %" PRIu64 " would be", t->would);
    fprintf(out, ", %" PRIu64 " with nothing to do, %" PRIu64 " failed\n", t->nothing, t->failed);
    if (t->done + t->would > 0)
        fprintf(out, "%s\n", NOTE_DATA_KEY);
    if (t->old_versions > 0)
        fprintf(out, "%s\n", NOTE_VERSIONS);
    if (t->unproved > 0)
        fprintf(out, "%s\n", NOTE_UNPROVED);
}

// ---- JSON ----

static const char *none_if_empty(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static void add_delete(struct json_t *json, const struct rewrap_item *item)
{
    char *text = NULL;
    size_t len = 0;
    FILE *memory = item->result.old_version[0] != '\0' ? open_memstream(&text, &len) : NULL;
    if (memory != NULL) {
        print_delete(memory, item);
        fclose(memory);
    }
    json_add_text(json, "delete_old_version", text);
    free(text);
}

struct json_t *rewrap_json(const struct rewrap_item *item, const char *to_key)
{
    const struct rewrap_result *r = &item->result;
    bool failed = item->failure.code < 0;
    struct json_t *json = json_new();
    json_add_text(json, "bucket", item->bucket);
    json_add_text(json, "key", item->key);
    json_add_text(json, "outcome", outcome_word(item));
    json_add_text(json, "error", failed ? item->failure.text : NULL);
    json_add_text(json, "from_format", r->from_format);
    json_add_text(json, "to_format", r->to_format);
    json_add_text(json, "from_key", none_if_empty(r->from_key));
    json_add_text(json, "to_key", to_key);
    json_add_bool(json, "unproved", r->unproved);
    json_add_number(json, "size", r->size);
    json_add_text(json, "new_version", none_if_empty(r->new_version));
    json_add_text(json, "old_version", none_if_empty(r->old_version));
    add_delete(json, item);
    return json;
}

static struct json_t *notes_json(const struct rewrap_tally *t)
{
    struct json_t *notes = json_list();
    if (t->done + t->would > 0)
        json_append_text(notes, NOTE_DATA_KEY);
    if (t->old_versions > 0)
        json_append_text(notes, NOTE_VERSIONS);
    if (t->unproved > 0)
        json_append_text(notes, NOTE_UNPROVED);
    return notes;
}

struct json_t *rewrap_summary_json(const struct rewrap_tally *t, struct json_t *objects,
                                   const char *to_key, bool dry_run)
{
    struct json_t *json = json_new();
    json_add_bool(json, "dry_run", dry_run);
    json_add_text(json, "to_key", to_key);
    json_add(json, "objects", objects);
    json_add_number(json, "rewrapped", t->done);
    json_add_number(json, "would_rewrap", t->would);
    json_add_number(json, "nothing_to_do", t->nothing);
    json_add_number(json, "failed", t->failed);
    json_add_bool(json, "data_keys_unchanged", true);
    json_add_number(json, "old_versions", t->old_versions);
    json_add(json, "notes", notes_json(t));
    return json;
}
