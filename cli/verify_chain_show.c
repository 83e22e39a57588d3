// What is known of the chains of backups under a prefix, for people and for programs. See
// verify_chain.h.
#include "cli/backup_show.h"
#include "cli/object_show.h"
#include "cli/verify_chain.h"

#include <stdio.h>
#include <string.h>

static const struct chain_set *set_of(const struct chain_report *r, const struct mtf_link *link)
{
    return &r->sets[link->tag];
}

// ---- lines ----

static void show_file(const struct chain_report *r, size_t file)
{
    show_address(stdout, r->source.bucket, r->files[file]->key);
}

static void show_link(const struct chain_report *r, const char *label, const struct mtf_link *link)
{
    const struct chain_set *set = set_of(r, link);
    char finished[MTF_DATE_TEXT], last[MTF_LSN_TEXT];
    mtf_date_format(&link->finished, finished);
    mtf_lsn_format(&link->last_lsn, last);
    show_label(label);
    printf("%s, to LSN %s, %s, ", mtf_type_name(link->type), last, finished);
    show_file(r, set->file);
    printf(" set %u", (unsigned)set->number);
    if (set->stripes > 1)
        printf(" and its %u other stripes", (unsigned)set->stripes - 1);
    putchar('\n');
}

// Of a long row of logs the first and the last are enough for a reader.
static void show_way(const struct chain_report *r, const struct chain_database *d)
{
    const struct mtf_link *links = r->links + d->first, *last_log = NULL;
    size_t logs = 0;
    for (size_t i = 0; i < d->count; i++) {
        if (!links[i].in_path)
            continue;
        bool log = links[i].type == 'L';
        if (!log || logs == 0)
            show_link(r, "restore", &links[i]);
        logs += log;
        last_log = log ? &links[i] : last_log;
    }
    if (logs > 2) {
        show_label("");
        printf("and %zu logs between\n", logs - 2);
    }
    if (logs > 1)
        show_link(r, "to", last_log);
}

static void show_gap(const struct chain_report *r, const struct mtf_link *link)
{
    char from[MTF_LSN_TEXT], to[MTF_LSN_TEXT];
    mtf_lsn_format(&link->gap_from, from);
    mtf_lsn_format(&link->first_lsn, to);
    show_label("GAP");
    printf("log from LSN %s to %s is missing, in front of ", from, to);
    show_file(r, set_of(r, link)->file);
    putchar('\n');
}

static void show_faults(const struct chain_report *r, const struct chain_database *d)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct mtf_link *link = &r->links[d->first + i];
        if (link->gap)
            show_gap(r, link);
        if (link->no_base)
            show_link(r, "LOST", link);
    }
}

static void show_database(const struct chain_report *r, const struct chain_database *d)
{
    const struct mtf_link *links = r->links + d->first;
    if (d->count == 0)
        return;
    const struct mtf_set *set = set_of(r, &links[0])->set;
    printf("%s on %s: %zu full, %zu differential, %zu log backups", set->database, set->server,
           d->chain.fulls, d->chain.differentials, d->chain.logs);
    if (d->chain.others > 0)
        printf(", %zu of other kinds that are not looked at", d->chain.others);
    putchar('\n');
    show_label("restorable");
    if (!d->chain.restorable) {
        puts("NOT AT ALL: there is no whole full backup");
    } else {
        char finished[MTF_DATE_TEXT], lsn[MTF_LSN_TEXT];
        mtf_date_format(&links[d->chain.end].finished, finished);
        mtf_lsn_format(&links[d->chain.end].last_lsn, lsn);
        printf("to %s, LSN %s\n", finished, lsn);
        show_way(r, d);
    }
    show_faults(r, d);
}

static void show_missing_stripes(const struct chain_report *r, size_t i)
{
    const struct chain_set *set = &r->sets[i];
    show_file(r, set->file);
    printf(" set %u, %s of %s: stripes are missing of %u\n", (unsigned)set->number,
           mtf_type_name(set->set->type), set->set->database, (unsigned)set->stripes);
}

void chain_show(const struct chain_report *r)
{
    for (size_t i = 0; i < r->databases_count; i++)
        show_database(r, &r->databases[i]);
    for (size_t i = 0; i < r->sets_count; i++) {
        if (r->missing[i])
            show_missing_stripes(r, i);
    }
    for (size_t i = 0; i < r->files_count; i++) {
        const struct chain_file *file = r->files[i];
        if (file->failure.code == 0 && file->trouble == NULL)
            continue;
        show_file(r, i);
        fputs(": ", stdout);
        shown_print(stdout, file->trouble != NULL ? file->trouble : file->failure.text);
        putchar('\n');
    }
}

// ---- JSON ----

static struct json_t *json_link(const struct chain_report *r, const struct mtf_link *link)
{
    const struct chain_set *set = set_of(r, link);
    struct json_t *json = json_new(), *keys = json_list();
    for (size_t i = link->tag; i < r->sets_count; i++) {
        if (memcmp(&r->sets[i].set->guid, &set->set->guid, sizeof set->set->guid) != 0 ||
            memcmp(&r->sets[i].media, &set->media, sizeof set->media) != 0)
            break;
        json_append_text(keys, r->files[r->sets[i].file]->key);
    }
    json_add_text(json, "type", mtf_type_name(link->type));
    json_add(json, "keys", keys);
    json_add_number(json, "set", set->number);
    json_add_lsn(json, "first_lsn", &link->first_lsn);
    json_add_lsn(json, "last_lsn", &link->last_lsn);
    json_add_date(json, "finished", &link->finished);
    return json;
}

static struct json_t *json_gap(const struct chain_report *r, const struct mtf_link *link)
{
    struct json_t *json = json_new();
    json_add_lsn(json, "from_lsn", &link->gap_from);
    json_add_lsn(json, "to_lsn", &link->first_lsn);
    json_add(json, "before", json_link(r, link));
    return json;
}

static void add_links(struct json_t *json, const struct chain_report *r,
                      const struct chain_database *d)
{
    struct json_t *way = json_list(), *gaps = json_list(), *lost = json_list();
    for (size_t i = 0; i < d->count; i++) {
        const struct mtf_link *link = &r->links[d->first + i];
        if (link->in_path)
            json_append(way, json_link(r, link));
        if (link->gap)
            json_append(gaps, json_gap(r, link));
        if (link->no_base)
            json_append(lost, json_link(r, link));
    }
    json_add(json, "restore", way);
    json_add(json, "gaps", gaps);
    json_add(json, "differentials_without_full", lost);
}

static struct json_t *json_database(const struct chain_report *r, const struct chain_database *d)
{
    const struct mtf_link *links = r->links + d->first;
    const struct mtf_set *set = set_of(r, &links[0])->set;
    struct json_t *json = json_new();
    json_add_text(json, "database", set->database);
    json_add_text(json, "server", set->server);
    json_add_number(json, "fulls", d->chain.fulls);
    json_add_number(json, "differentials", d->chain.differentials);
    json_add_number(json, "logs", d->chain.logs);
    json_add_number(json, "others", d->chain.others);
    json_add_bool(json, "restorable", d->chain.restorable);
    if (d->chain.restorable) {
        json_add_lsn(json, "restorable_to_lsn", &links[d->chain.end].last_lsn);
        json_add_date(json, "restorable_to", &links[d->chain.end].finished);
    }
    add_links(json, r, d);
    return json;
}

static struct json_t *json_problem(const char *key, const char *text)
{
    struct json_t *json = json_new();
    json_add_text(json, "key", key);
    json_add_text(json, "problem", text);
    return json;
}

static struct json_t *json_problems(const struct chain_report *r)
{
    struct json_t *list = json_list();
    for (size_t i = 0; i < r->sets_count; i++) {
        if (r->missing[i])
            json_append(list, json_problem(r->files[r->sets[i].file]->key, "stripes are missing"));
    }
    for (size_t i = 0; i < r->files_count; i++) {
        const struct chain_file *file = r->files[i];
        if (file->failure.code < 0 || file->trouble != NULL)
            json_append(list, json_problem(file->key, file->trouble != NULL ? file->trouble
                                                                            : file->failure.text));
    }
    return list;
}

struct json_t *json_chain(const struct chain_report *r)
{
    struct json_t *json = json_new(), *databases = json_list();
    size_t backups = 0;
    for (size_t i = 0; i < r->files_count; i++)
        backups += r->files[i]->is_backup;
    for (size_t i = 0; i < r->databases_count; i++) {
        if (r->databases[i].count > 0)
            json_append(databases, json_database(r, &r->databases[i]));
    }
    json_add_number(json, "objects", r->files_count);
    json_add_number(json, "backups", backups);
    json_add(json, "databases", databases);
    json_add(json, "problems", json_problems(r));
    return json;
}

// ---- the result ----

int chain_result(const struct chain_report *r)
{
    size_t gaps = 0, lost = 0, hopeless = 0, troubles = 0;
    for (size_t i = 0; i < r->databases_count; i++) {
        gaps += r->databases[i].chain.gaps;
        lost += r->databases[i].chain.lost;
        hopeless += !r->databases[i].chain.restorable;
    }
    for (size_t i = 0; i < r->files_count; i++)
        troubles += r->files[i]->failure.code < 0 || r->files[i]->trouble != NULL;
    if (gaps + lost + hopeless + troubles + r->incomplete == 0)
        return 0;
    return err_set(-EIO,
                   "the chains are not whole; gaps in the log: %zu, differentials without their "
                   "full backup: %zu, databases without one: %zu, sets with missing stripes: %zu, "
                   "objects that are unfinished, damaged or could not be read: %zu",
                   gaps, lost, hopeless, r->incomplete, troubles);
}
