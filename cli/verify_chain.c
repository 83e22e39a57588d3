// See verify_chain.h. verify_chain_show.c tells what was found.
#include "cli/verify_chain.h"

#include "cli/backup_read.h"
#include "cli/interrupt.h"
#include "common/clock.h"
#include "common/lock.h"
#include "common/secret.h"
#include "object/parallel.h"

#include <stdio.h>
#include <string.h>

#define THREADS_MAX   16
#define SHOW_EVERY_MS 250

struct reading {
    struct volume *volume;
    struct chain_report *report;
    struct lock lock; // rank STORE, a leaf: guards report->sets and what follows
    bool terminal;
    size_t done; // objects
    int64_t shown_ms;
};

// ---- listing ----

static int add_file(void *context, const struct store_listed *entry)
{
    struct chain_report *r = context;
    size_t len = strlen(entry->key);
    if (entry->is_prefix || len == 0 || entry->key[len - 1] == '/') // a directory's own object
        return interrupt_check();
    if (r->files_count == CHAIN_OBJECTS_MAX)
        return err_set(-EIO, "s3://%s/%s: more than %d objects; give a longer prefix",
                       r->source.bucket, r->source.key, CHAIN_OBJECTS_MAX);
    if (r->files_count % 1024 == 0) {
        struct chain_file **grown = realloc(r->files, (r->files_count + 1024) * sizeof *r->files);
        if (grown == NULL)
            return err_set(-ENOMEM, "out of memory");
        r->files = grown;
    }
    struct chain_file *file = calloc(1, sizeof *file);
    if (file == NULL || (file->key = strdup(entry->key)) == NULL) {
        free(file);
        return err_set(-ENOMEM, "out of memory");
    }
    r->files[r->files_count++] = file;
    return interrupt_check();
}

// ---- reading ----

static int add_set(struct reading *reading, size_t file, const struct backup *b,
                   const struct mtf_set *set)
{
    struct chain_report *r = reading->report;
    WITH_LOCK(&reading->lock);
    if (r->sets_count % 1024 == 0) {
        struct chain_set *grown = realloc(r->sets, (r->sets_count + 1024) * sizeof *r->sets);
        if (grown == NULL)
            return err_set(-ENOMEM, "out of memory");
        r->sets = grown;
    }
    struct mtf_set *copy = malloc(sizeof *copy);
    if (copy == NULL)
        return err_set(-ENOMEM, "out of memory");
    *copy = *set;
    r->sets[r->sets_count++] = (struct chain_set){
        .file = file,
        .number = set->number,
        .stripe = b->info.media.stripe,
        .stripes = b->info.media.stripes,
        .media = b->info.media.set_id,
        .family = set->family,
        .set = copy,
    };
    return 0;
}

// Why the sets of a file cannot be placed, or not all of them; NULL: they can.
static const char *trouble_of(const struct backup *b)
{
    const struct mtf_info *info = &b->info;
    if (info->old_packed)
        return "compressed by SQL Server 2008 to 2012: its sets cannot be read";
    if (info->encrypted)
        return "encrypted by SQL Server: its sets cannot be read";
    if (info->state != MTF_FINISHED)
        return "not finished: it has no final filemark";
    if (info->damage.why != NULL)
        return info->damage.why;
    if (b->left_out > 0)
        return "it holds older sets that were not read";
    return NULL;
}

static int take_backup(struct reading *reading, size_t index, const struct backup *b)
{
    struct chain_file *file = reading->report->files[index];
    int rc = 0;
    file->is_backup = b->info.kind == MTF_PLAIN || b->info.kind == MTF_PACKED;
    if (!file->is_backup)
        return 0;
    file->trouble = trouble_of(b);
    for (size_t i = 0; i < b->count && rc == 0; i++) {
        if (b->sets[i].has_details && b->sets[i].is_final)
            rc = add_set(reading, index, b, &b->sets[i]);
        else if (file->trouble == NULL)
            file->trouble = "a set in it has no final description";
    }
    return rc;
}

static void show_progress(struct reading *reading)
{
    WITH_LOCK(&reading->lock);
    int64_t now_ms = clock_ms();
    reading->done++;
    if (!reading->terminal || now_ms - reading->shown_ms < SHOW_EVERY_MS)
        return;
    fprintf(stderr, "\r\033[Kverify --chain: %zu of %zu objects", reading->done,
            reading->report->files_count);
    reading->shown_ms = now_ms;
}

static int read_file(void *context, size_t index)
{
    struct reading *reading = context;
    struct chain_file *file = reading->report->files[index];
    CLEANUP(reader_freep) struct reader *r = NULL;
    AUTO_BACKUP struct backup b = {0};
    int rc = interrupt_check();
    if (rc < 0)
        return rc;
    rc = reader_open(reading->volume, file->key, NULL, &r);
    if (rc == 0)
        rc = backup_read(r, &b);
    err_save(&file->failure, rc);
    if (rc == 0)
        rc = take_backup(reading, index, &b);
    show_progress(reading);
    return rc == -ENOMEM ? rc : 0;
}

// ---- joining ----

static int compare_guids(const struct mtf_guid *a, const struct mtf_guid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

// The same database: of one family (whatever server it was backed up on) and name.
static int compare_databases(const struct chain_set *a, const struct chain_set *b)
{
    static const struct mtf_guid UNKNOWN;
    int diff = strcmp(a->set->database, b->set->database);
    if (diff == 0)
        diff = compare_guids(&a->family, &b->family);
    if (diff == 0 && compare_guids(&a->family, &UNKNOWN) == 0)
        diff = strcmp(a->set->server, b->set->server);
    return diff;
}

static int compare_sets(const void *x, const void *y)
{
    const struct chain_set *a = x, *b = y;
    int diff = compare_databases(a, b);
    if (diff == 0)
        diff = compare_guids(&a->set->guid, &b->set->guid);
    if (diff == 0)
        diff = compare_guids(&a->media, &b->media); // a mirror, or a copy after a new FORMAT
    if (diff == 0)
        diff = a->stripe - b->stripe;
    return diff != 0 ? diff : (a->file > b->file) - (a->file < b->file);
}

static bool same_set(const struct chain_set *a, const struct chain_set *b)
{
    return compare_databases(a, b) == 0 && compare_guids(&a->set->guid, &b->set->guid) == 0 &&
           compare_guids(&a->media, &b->media) == 0;
}

// From entry i on: the entries of one set; whether all stripes are among them.
static size_t set_entries(const struct chain_report *r, size_t i, bool *whole)
{
    size_t end = i;
    unsigned wanted = 1;
    for (; end < r->sets_count && same_set(&r->sets[i], &r->sets[end]); end++)
        wanted += r->sets[end].stripe == wanted;
    *whole = r->sets[i].stripes == 0 || wanted > r->sets[i].stripes;
    return end - i;
}

static void close_database(struct chain_report *r, struct chain_database *database)
{
    database->count = r->links_count - database->first;
    mtf_chain_join(r->links + database->first, database->count, &database->chain);
}

static void join_sets(struct chain_report *r)
{
    struct chain_database *database = NULL;
    for (size_t i = 0, entries; i < r->sets_count; i += entries) {
        bool whole = false;
        entries = set_entries(r, i, &whole);
        if (i == 0 || compare_databases(&r->sets[i - 1], &r->sets[i]) != 0) {
            if (database != NULL)
                close_database(r, database);
            database = &r->databases[r->databases_count++];
            database->first = r->links_count;
        }
        if (whole) {
            mtf_link_from_set(&r->links[r->links_count++], r->sets[i].set, i);
        } else {
            r->missing[i] = true;
            r->incomplete++;
        }
    }
    if (database != NULL)
        close_database(r, database);
}

static int join(struct chain_report *r)
{
    size_t room = r->sets_count > 0 ? r->sets_count : 1;
    r->links = calloc(room, sizeof *r->links);
    r->databases = calloc(room, sizeof *r->databases);
    r->missing = calloc(room, sizeof *r->missing);
    if (r->links == NULL || r->databases == NULL || r->missing == NULL)
        return err_set(-ENOMEM, "out of memory");
    if (r->sets_count > 0)
        qsort(r->sets, r->sets_count, sizeof *r->sets, compare_sets);
    join_sets(r);
    return 0;
}

// ---- all together ----

CLEANUP_POINTER(chain_report, chain_report_free)

static int list_and_read(struct volume *v, struct chain_report *r, unsigned threads)
{
    struct store *store = volume_store(v);
    struct reading reading = {.volume = v, .report = r, .terminal = isatty(STDERR_FILENO)};
    int rc = store->ops->list(store, r->source.key, '\0', 0, add_file, r);
    if (rc == 0 && r->files_count == 0)
        return err_set(-ENOENT, "s3://%s/%s: nothing is there", r->source.bucket, r->source.key);
    if (rc < 0)
        return rc;
    lock_init(&reading.lock, LOCK_RANK_STORE);
    rc = parallel_run(threads < THREADS_MAX ? threads : THREADS_MAX, r->files_count, read_file,
                      &reading);
    lock_destroy(&reading.lock);
    if (reading.shown_ms != 0)
        fputs("\r\033[K", stderr);
    return rc;
}

int chain_read(struct volume *v, const struct source *prefix, unsigned threads,
               struct chain_report **out)
{
    CLEANUP(chain_report_freep) struct chain_report *r = calloc(1, sizeof *r);
    if (r == NULL)
        return err_set(-ENOMEM, "out of memory");
    r->source = *prefix;
    int rc = list_and_read(v, r, threads);
    if (rc == 0)
        rc = join(r);
    if (rc == 0)
        *out = TAKE(r);
    return rc;
}

void chain_report_free(struct chain_report *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->files_count; i++) {
        free(r->files[i]->key);
        free(r->files[i]);
    }
    for (size_t i = 0; i < r->sets_count; i++) {
        secret_wipe(r->sets[i].set, sizeof *r->sets[i].set);
        free(r->sets[i].set);
    }
    free(r->files);
    free(r->sets);
    free(r->missing);
    free(r->links);
    free(r->databases);
    free(r);
}
