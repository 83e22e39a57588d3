// What `gc` knows and says of one unfinished upload, and of all together. Pure; one thread.
#ifndef CLI_GC_H
#define CLI_GC_H

#include "cli/json.h"

enum gc_owner {
    GC_DEAD,    // a process of this machine that died, by its journal
    GC_WORKING, // the same, but its Complete was sent a moment ago
    GC_ALIVE,   // a process of this machine that lives
    GC_OTHER,   // no journal of this machine names it
};

enum gc_action {
    GC_KEPT,
    GC_ENDED,
    GC_WOULD_END, // with --dry-run
    GC_FAILED,
};

struct gc_upload {
    const char *key, *upload_id; // borrowed, as all
    const char *initiator;       // "" if the server does not tell
    int64_t initiated_s, age_s;
    enum gc_owner owner;
    enum gc_action action;
    const char *reason; // of GC_KEPT and GC_FAILED
};

struct gc_tally {
    uint64_t count, ended, would_end, kept, failed;
};

struct gc_rules {
    bool force, dry_run;
    int64_t older_than_s; // of others' uploads
};

// What is to be done with an upload: GC_ENDED, GC_WOULD_END, or GC_KEPT with its reason.
void gc_decide(struct gc_upload *u, const struct gc_rules *rules);
void gc_count(struct gc_tally *t, const struct gc_upload *u);
void gc_print(FILE *out, const struct gc_upload *u, const char *bucket);
struct json_t *gc_json(const struct gc_upload *u); // an item; the caller's to free
void gc_print_summary(FILE *out, const struct gc_tally *t);
struct json_t *gc_summary_json(const struct gc_tally *t);

#endif
