#include "cli/sql_check.h"

#include "cli/shown.h"
#include "common/codec.h"
#include "common/err.h"

#include <stdio.h>
#include <string.h>

#define KEY_SPEC_WANTED "SYMMETRIC_DEFAULT"

struct check {
    const struct sql_plan *plan;
    const struct sql_facts *facts;
    struct sql_findings *out;
    bool no_memory;
};

void sql_findings_clear(struct sql_findings *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->items[i].text);
    *f = (struct sql_findings){0};
}

static void PRINTF_LIKE(3, 4) find(struct check *c, bool is_error, const char *format, ...)
{
    struct sql_findings *out = c->out;
    va_list arguments;
    AUTO_FREE char *text = NULL;
    if (is_error)
        out->errors++;
    if (out->count == SQL_FINDINGS_MAX)
        return;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    char *shown = text != NULL ? shown_name(text) : NULL;
    if (shown == NULL)
        c->no_memory = true;
    else
        out->items[out->count++] = (struct sql_finding){is_error, shown};
}

static bool is_sequence(const struct sql_plan *p)
{
    return p->restore && p->type == SQL_LOG;
}

// ---- the set ----

static void check_count(struct check *c)
{
    const struct sql_plan *p = c->plan;
    if (p->count > SQL_RDS_FILES_MAX && !is_sequence(p))
        find(c, true, "%zu files: RDS takes at most %d of one backup; use fewer, larger stripes",
             p->count, SQL_RDS_FILES_MAX);
    if (!p->restore && p->count > 1 && p->files != p->count)
        find(c, true, "--number-of-files %u: %zu objects are named; name one, or as many", p->files,
             p->count);
}

static void check_duplicates(struct check *c)
{
    const struct sql_plan *p = c->plan;
    for (size_t i = 0; i < p->count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(p->objects[i].key, p->objects[k].key) == 0)
                find(c, true, "%s: named twice; every stripe is an object of its own",
                     p->objects[i].key);
        }
        if (strcmp(p->objects[i].bucket, p->objects[0].bucket) != 0)
            find(c, true, "s3://%s: another bucket than s3://%s; RDS takes one set from one bucket",
                 p->objects[i].bucket, p->objects[0].bucket);
    }
}

static void check_names(struct check *c)
{
    const struct sql_plan *p = c->plan;
    for (size_t i = 0; i < p->count; i++) {
        const char *key = p->objects[i].key;
        if (p->restore && strchr(key, '*') != NULL)
            find(c, true, "%s: RDS takes an asterisk for \"all that begin so\"; rename the object",
                 key);
        if (strstr(key, "$(") != NULL)
            find(c, false, "%s: sqlcmd would replace $(...) in the script; run it with sqlcmd -x",
                 key);
    }
    if (strstr(p->database, "$(") != NULL)
        find(c, false, "%s: sqlcmd would replace $(...) in the script; run it with sqlcmd -x",
             p->database);
}

static void check_prefix(struct check *c)
{
    const struct sql_plan *p = c->plan;
    bool is_set = (p->count > 1 && !is_sequence(p)) || (!p->restore && p->files > 1);
    if (!is_set)
        return;
    size_t len = p->count > 1 ? sql_common_prefix(p->objects, p->count) : 1;
    if (len == 0)
        find(c, true,
             "the objects' names have no beginning in common, and RDS finds the files of "
             "a set by it; rename them (NAME1-of-4.bak, ...)");
    for (size_t i = 1; i < p->count && len > 0; i++) {
        if (strchr(p->objects[i].key + len, '/') != NULL ||
            strchr(p->objects[0].key + len, '/') != NULL) {
            find(c, false,
                 "the objects lie in different folders: RDS's manual speaks of one "
                 "prefix of file names; move them together");
            break;
        }
    }
    if (c->facts->intruder != NULL)
        find(c, true,
             "%s: begins like the files of the set but is none of them; RDS would take it for one; "
             "move it or the set",
             c->facts->intruder);
}

// ---- the key ----

static void check_regions(struct check *c)
{
    const struct sql_facts *f = c->facts;
    if (f->key_region != NULL && f->bucket_region != NULL &&
        strcmp(f->key_region, f->bucket_region) != 0)
        find(c, true,
             "the key is in %s and the bucket in %s: RDS needs both in the instance's "
             "region; rdsbak copy can bring the backup to another region and key",
             f->key_region, f->bucket_region);
    if (f->instance_region == NULL)
        return;
    if (f->bucket_region != NULL && strcmp(f->instance_region, f->bucket_region) != 0)
        find(c, true,
             "the bucket is in %s and the instance in %s: RDS reads only from its own "
             "region; replicate or copy the objects",
             f->bucket_region, f->instance_region);
    if (f->key_region != NULL && strcmp(f->instance_region, f->key_region) != 0)
        find(c, true, "the key is in %s and the instance in %s: RDS uses keys of its own region",
             f->key_region, f->instance_region);
}

static void check_key(struct check *c)
{
    const struct sql_facts *f = c->facts;
    if (f->key_failure != NULL)
        find(c, false, "the key could not be asked: %s", f->key_failure);
    if (f->key_spec != NULL && strcmp(f->key_spec, KEY_SPEC_WANTED) != 0)
        find(c, true, "%s: a key of kind %s: RDS needs a symmetric one (" KEY_SPEC_WANTED ")",
             c->plan->key_arn, f->key_spec);
    if (f->key_state != NULL && strcmp(f->key_state, "Enabled") != 0)
        find(c, true, "%s: the key is %s; nothing can be decrypted until it is enabled again",
             c->plan->key_arn, f->key_state);
}

// ---- the objects ----

// What stands behind a format with RDS; docs/RDS.md tells it at length.
static void check_format(struct check *c, const char *name, const char *format)
{
    if (format == NULL)
        find(c, true,
             "%s: encrypted in a kind that nothing says RDS could read; rewrite it in the "
             "format rds",
             name);
    else if (strcmp(format, "rds-v1") == 0)
        find(c, false,
             "%s: format rds-v1: a walk-through published in 2016 restored one; RDS's "
             "manual does not name it. Try one small backup first",
             name);
    else if (strcmp(format, "rds") != 0)
        find(c, true,
             "%s: format %s: nothing says that RDS can read it; put it again in the "
             "format rds",
             name, format);
}

static void check_encrypted(struct check *c, const char *name, const struct sql_object_facts *o)
{
    const char *key_arn = c->plan->key_arn;
    check_format(c, name, o->format);
    if (key_arn == NULL && o->key != NULL)
        find(c, true,
             "%s: its envelope names its key '%s', which is no key's ARN; give --kms-key-id", name,
             o->key);
    else if (key_arn == NULL)
        find(c, true,
             "%s: encrypted, and its envelope names no key; give --kms-key-id (without a "
             "key RDS says \"The media family is incorrectly formed\")",
             name);
    else if (o->key != NULL && strcmp(o->key, key_arn) != 0)
        find(c, true, "%s: encrypted under %s, not under %s; give that key, or rewrap the object",
             name, o->key, key_arn);
}

static void check_plaintext(struct check *c, const char *name)
{
    if (c->plan->key_arn != NULL)
        find(c, true,
             "%s: PLAINTEXT, but a key is given: RDS would say \"Object metadata "
             "(x-amz-key) is incomplete\"; encrypt the object, or restore without a key",
             name);
    else
        find(c, false, "%s: PLAINTEXT: everybody who may read the bucket may read the backup",
             name);
}

static void check_storage(struct check *c, const char *name, const struct sql_object_facts *o)
{
    char size[32];
    size_format(size, o->size);
    if (o->size > SQL_RDS_SIZE_MAX)
        find(c, true, "%s: %s: RDS takes at most 5 TB in a file; back up to several stripes", name,
             size);
    if (o->storage_class != NULL &&
        (strcmp(o->storage_class, "GLACIER") == 0 || strcmp(o->storage_class, "DEEP_ARCHIVE") == 0))
        find(c, true, "%s: archived (%s): restore it from the archive first", name,
             o->storage_class);
}

static void check_source(struct check *c, const char *name, const struct sql_object_facts *o)
{
    switch (o->state) {
    case SQL_OBJECT_UNASKED:
        return;
    case SQL_OBJECT_MISSING:
        find(c, true, "%s: there is no such object", name);
        return;
    case SQL_OBJECT_FAILED:
        find(c, true, "%s: could not be looked at: %s", name, o->reason);
        return;
    case SQL_OBJECT_UNREADABLE:
        find(c, true, "%s: %s", name, o->reason);
        break;
    case SQL_OBJECT_PLAINTEXT:
        check_plaintext(c, name);
        break;
    case SQL_OBJECT_ENCRYPTED:
        check_encrypted(c, name, o);
        break;
    }
    check_storage(c, name, o);
}

// A backup replaces what is there (FORMAT), and RDS refuses to.
static void check_target(struct check *c, const char *name, const struct sql_object_facts *o)
{
    if (o->state == SQL_OBJECT_FAILED)
        find(c, false, "%s: could not be looked at: %s", name, o->reason);
    else if (o->state != SQL_OBJECT_UNASKED && o->state != SQL_OBJECT_MISSING)
        find(c, false,
             "%s: is there already: BACKUP ... WITH FORMAT replaces it, and RDS refuses "
             "to unless @overwrite_s3_backup_file is 1",
             name);
}

int sql_check(const struct sql_plan *p, const struct sql_facts *facts, struct sql_findings *out)
{
    struct check c = {p, facts, out, false};
    check_count(&c);
    check_duplicates(&c);
    check_names(&c);
    check_prefix(&c);
    check_regions(&c);
    check_key(&c);
    for (size_t i = 0; i < p->count && facts->objects != NULL; i++) {
        if (p->restore)
            check_source(&c, p->objects[i].key, &facts->objects[i]);
        else
            check_target(&c, p->objects[i].key, &facts->objects[i]);
    }
    return c.no_memory ? err_set(-ENOMEM, "out of memory") : 0;
}
