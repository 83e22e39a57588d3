// gc: the unfinished uploads under a prefix, whose they are, and an end to those whose process is
// dead; others' only with --force. The whole listing is taken first: what is aborted while a
// listing goes on could move its pages.
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/gc.h"
#include "cli/interrupt.h"
#include "cli/upkeep.h"
#include "common/clock.h"
#include "s3/clock_offset.h"
#include "s3/upload_sweep.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OLDER_THAN_DEFAULT_S 86400  // the longest backup that anybody would wait for
#define LISTED_MAX           100000 // held in memory at once; the next run takes the rest

struct listed {
    char *key, *upload_id, *initiator; // owned
    int64_t initiated_s;
};

struct gc {
    const struct options *options;
    struct connection *connection;
    const struct source *source;
    struct journals journals;
    struct gc_rules rules;
    struct listed *listed; // owned
    size_t count, capacity;
    int64_t now_s;
    int64_t server_now_s; // ages are by the clock that wrote down when uploads began
    struct gc_tally tally;
};

static void gc_clear(struct gc *g)
{
    for (size_t i = 0; i < g->count; i++) {
        free(g->listed[i].key);
        free(g->listed[i].upload_id);
        free(g->listed[i].initiator);
    }
    free(g->listed);
    journals_close(&g->journals);
}

// ---- what there is ----

static int grow(struct gc *g)
{
    if (g->count < g->capacity)
        return 0;
    size_t capacity = g->capacity == 0 ? 64 : 2 * g->capacity;
    struct listed *listed = reallocarray(g->listed, capacity, sizeof *listed);
    if (listed == NULL)
        return err_set(-ENOMEM, "out of memory");
    g->listed = listed;
    g->capacity = capacity;
    return 0;
}

static int take_listed(void *context, const struct store_upload_listed *upload)
{
    struct gc *g = context;
    if (g->count == LISTED_MAX)
        return 0;
    int rc = grow(g);
    if (rc < 0)
        return rc;
    struct listed *l = &g->listed[g->count++];
    *l = (struct listed){strdup(upload->key), strdup(upload->upload_id), strdup(upload->initiator),
                         upload->initiated_s};
    return l->key != NULL && l->upload_id != NULL && l->initiator != NULL
               ? interrupt_check()
               : err_set(-ENOMEM, "out of memory");
}

// The journal that names it, and its line there; NULL: none does.
static struct journal_found *find_journal(struct gc *g, const struct listed *l,
                                          const struct journal_upload **line)
{
    for (size_t i = 0; i < g->journals.count; i++) {
        struct journal_found *found = &g->journals.items[i];
        long at = journal_find(&found->text, l->upload_id);
        if (at < 0 || strcmp(found->text.uploads[at].key, l->key) != 0)
            continue;
        *line = &found->text.uploads[at];
        return found;
    }
    return NULL;
}

static enum gc_owner owner_of(const struct gc *g, const struct journal_found *found,
                              const struct journal_upload *line)
{
    if (found == NULL)
        return GC_OTHER;
    if (!found->dead)
        return GC_ALIVE;
    if (sweep_may_be_elsewhere(found, line, g->now_s))
        return GC_OTHER;
    return sweep_must_wait(line, g->now_s) ? GC_WORKING : GC_DEAD;
}

// ---- what is done ----

static void end_upload(struct gc *g, struct gc_upload *u, struct journal_found *found)
{
    AUTO_FREE char *key = strdup(u->key), *id = strdup(u->upload_id);
    const struct journal_upload upload = {.key = key, .upload_id = id};
    bool has_memory = key != NULL && id != NULL;
    if (!has_memory || sweep_upload(g->connection->store, &upload) == SWEEP_FAILED) {
        u->action = GC_FAILED;
        u->reason = has_memory ? err_text() : "out of memory";
        return;
    }
    if (found != NULL)
        journals_forget(found, u->upload_id);
}

static int tell(struct gc *g, const struct gc_upload *u, bool first)
{
    gc_count(&g->tally, u);
    if (!g->options->json) {
        gc_print(stdout, u, g->source->bucket);
        return 0;
    }
    AUTO_JSON struct json_t *item = gc_json(u);
    fputs(first ? "\n    " : ",\n    ", stdout);
    return json_print_item(stdout, item);
}

static int do_one(struct gc *g, const struct listed *l, bool first)
{
    const struct journal_upload *line = NULL;
    struct journal_found *found = find_journal(g, l, &line);
    struct gc_upload upload = {
        .key = l->key,
        .upload_id = l->upload_id,
        .initiator = l->initiator,
        .initiated_s = l->initiated_s,
        .age_s = g->server_now_s - l->initiated_s,
        .owner = owner_of(g, found, line),
    };
    gc_decide(&upload, &g->rules);
    if (upload.action == GC_ENDED)
        end_upload(g, &upload, found);
    return tell(g, &upload, first);
}

// What journals of dead processes name and the bucket does not have any more. The listing was of a
// prefix: others stay.
static void forget_the_gone(struct gc *g)
{
    for (size_t i = 0; i < g->journals.count; i++) {
        struct journal_found *found = &g->journals.items[i];
        for (size_t k = found->dead ? found->text.count : 0; k > 0; k--) {
            const struct journal_upload *u = &found->text.uploads[k - 1];
            bool listed = strncmp(u->key, g->source->key, strlen(g->source->key)) != 0;
            for (size_t n = 0; n < g->count && !listed; n++)
                listed = strcmp(g->listed[n].upload_id, u->upload_id) == 0;
            if (!listed)
                journals_forget(found, u->upload_id);
        }
    }
}

static int do_all(struct gc *g)
{
    int rc = 0;
    if (g->options->json)
        fputs("{\n  \"uploads\": [", stdout);
    if (!g->rules.dry_run && g->count < LISTED_MAX)
        forget_the_gone(g);
    for (size_t i = 0; i < g->count && rc == 0; i++) {
        rc = interrupt_check();
        if (rc == 0)
            rc = do_one(g, &g->listed[i], i == 0);
    }
    return rc;
}

static int print_summary(struct gc *g, int rc)
{
    struct err_saved failure;
    err_save(&failure, rc);
    if (!g->options->json) {
        gc_print_summary(stdout, &g->tally);
        return err_restore(&failure);
    }
    AUTO_JSON struct json_t *summary = gc_summary_json(&g->tally);
    return json_print_summary(summary, rc, &failure);
}

static int verdict(const struct gc *g)
{
    if (g->tally.failed == 0)
        return 0;
    return err_set(-EIO, "s3://%s/%s: %" PRIu64 " unfinished uploads could not be ended",
                   g->source->bucket, g->source->key, g->tally.failed);
}

static int prepare(struct gc *g)
{
    const struct options *o = g->options;
    struct journal_place place;
    AUTO_FREE char *dir = NULL;
    int rc = connection_open(g->connection, o, g->source, CONNECTION_LIST);
    if (rc == 0)
        rc = upkeep_place(g->connection, o, g->source, &place, &dir);
    if (rc == 0)
        rc = journals_read(&g->journals, dir, &place);
    if (rc < 0)
        return rc;
    interrupt_catch();
    g->now_s = clock_wall_s();
    g->rules =
        (struct gc_rules){.force = o->force,
                          .dry_run = o->dry_run,
                          .older_than_s = o->older_than_s != OPTION_UNSET ? (int64_t)o->older_than_s
                                                                          : OLDER_THAN_DEFAULT_S};
    rc = g->connection->store->ops->upload_list(g->connection->store, g->source->key, take_listed,
                                                g);
    g->server_now_s = clock_wall_s() + clock_offset_s(); // as the listing's answers had it
    return rc;
}

int cmd_gc(const struct options *o)
{
    AUTO_CONNECTION struct connection c = {0};
    struct source source;
    CLEANUP(gc_clear)
    struct gc g = {.options = o, .connection = &c, .source = &source, .journals = {.dir_fd = -1}};
    if (o->older_than_s != OPTION_UNSET && !o->force)
        return err_set(-EINVAL, "--older-than: is about uploads of others, which are ended only "
                                "with --force");
    int rc = source_parse(o->arguments[0], &source);
    if (rc == 0)
        rc = prepare(&g);
    if (rc < 0)
        return rc;
    rc = print_summary(&g, do_all(&g));
    if (rc == 0 && fflush(stdout) != 0)
        rc = err_set(-EIO, "stdout: cannot be written: %s", strerror(errno));
    return rc == 0 ? verdict(&g) : rc;
}
