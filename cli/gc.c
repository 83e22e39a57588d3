#include "cli/gc.h"

#include "cli/audit.h"
#include "cli/shown.h"

#include <inttypes.h>

static const char *const OWNERS[] = {
    [GC_DEAD] = "died", [GC_WORKING] = "completing", [GC_ALIVE] = "alive", [GC_OTHER] = "other"};
static const char *const ACTIONS[] = {
    [GC_KEPT] = "kept", [GC_ENDED] = "ended", [GC_WOULD_END] = "would end", [GC_FAILED] = "FAILED"};

static const char *reason_to_keep(const struct gc_upload *u, const struct gc_rules *rules)
{
    switch (u->owner) {
    case GC_DEAD:
        return NULL;
    case GC_WORKING:
        return "its process died, but S3 may still be completing it: look again in 15 minutes";
    case GC_ALIVE:
        return "its process is at work";
    case GC_OTHER:
        break;
    }
    if (!rules->force)
        return "no journal of this machine names it: it may be somebody's at work (--force)";
    if (u->initiated_s <= 0)
        return "the server does not say how old it is";
    return u->age_s < rules->older_than_s ? "younger than --older-than" : NULL;
}

void gc_decide(struct gc_upload *u, const struct gc_rules *rules)
{
    u->reason = reason_to_keep(u, rules);
    u->action = u->reason != NULL ? GC_KEPT : rules->dry_run ? GC_WOULD_END : GC_ENDED;
}

void gc_count(struct gc_tally *t, const struct gc_upload *u)
{
    t->count++;
    t->kept += u->action == GC_KEPT;
    t->ended += u->action == GC_ENDED;
    t->would_end += u->action == GC_WOULD_END;
    t->failed += u->action == GC_FAILED;
}

void gc_print(FILE *out, const struct gc_upload *u, const char *bucket)
{
    char age[24];
    audit_age(age, u->initiated_s, u->initiated_s + u->age_s);
    fprintf(out, "%-9s  %-10s  %6s  ", ACTIONS[u->action], OWNERS[u->owner], age);
    shown_print(out, *u->initiator != '\0' ? u->initiator : "-");
    fprintf(out, "  s3://%s/", bucket);
    shown_print(out, u->key);
    fputs("  ", out);
    shown_print(out, u->upload_id);
    if (u->reason != NULL) {
        fputs("  (", out);
        shown_print(out, u->reason);
        fputs(")", out);
    }
    putc('\n', out);
}

struct json_t *gc_json(const struct gc_upload *u)
{
    char stamp[32];
    struct json_t *item = json_new();
    audit_stamp(stamp, u->initiated_s);
    json_add_text(item, "key", u->key);
    json_add_text(item, "upload_id", u->upload_id);
    json_add_text(item, "initiator", *u->initiator != '\0' ? u->initiator : NULL);
    json_add_text(item, "initiated", stamp);
    json_add_number(item, "age_s", u->age_s > 0 ? (uint64_t)u->age_s : 0);
    json_add_text(item, "owner", OWNERS[u->owner]);
    json_add_text(item, "action", ACTIONS[u->action]);
    json_add_text(item, "reason", u->reason);
    return item;
}

void gc_print_summary(FILE *out, const struct gc_tally *t)
{
    fprintf(out, "%" PRIu64 " unfinished upload%s: %" PRIu64 " ended, ", t->count,
            t->count == 1 ? "" : "s", t->ended);
    if (t->would_end > 0)
        fprintf(out, "%" PRIu64 " would be ended, ", t->would_end);
    fprintf(out, "%" PRIu64 " kept, %" PRIu64 " failed\n", t->kept, t->failed);
}

struct json_t *gc_summary_json(const struct gc_tally *t)
{
    struct json_t *summary = json_new();
    json_add_number(summary, "uploads", t->count);
    json_add_number(summary, "ended", t->ended);
    json_add_number(summary, "would_end", t->would_end);
    json_add_number(summary, "kept", t->kept);
    json_add_number(summary, "failed", t->failed);
    return summary;
}
