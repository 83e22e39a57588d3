// ls: what lies under a prefix, one line an object. Without --long one LIST says it all: the size
// is S3's, of the ciphertext. With it every object is asked (HEADs in parallel, a batch at a time)
// for its envelope, and the size of its content is shown beside; "~" marks one that is exact only
// once the object is opened.
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/shown.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BATCH_MAX   1000 // a page of LIST
#define THREADS_MAX 16

struct entry {
    char key[STORE_KEY_MAX + 1];
    bool is_prefix;
    uint64_t size;
    int64_t mtime_s;
    // From the HEAD.
    struct object_info info;
    struct err_saved failure; // code 0: info is filled
};

struct listing {
    struct connection *connection;
    size_t skip; // bytes of the key that every line would repeat
    bool is_long;
    uint64_t shown;
    struct entry *batch; // owned; BATCH_MAX entries, with --long only
    size_t batch_count;
    atomic_size_t next; // of the batch, to be asked
};

static void print_start(const struct entry *e)
{
    struct tm utc;
    char stamp[32];
    time_t at = (time_t)e->mtime_s;
    gmtime_r(&at, &utc);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &utc);
    if (e->is_prefix)
        printf("%20s %15s", "", "dir");
    else
        printf("%20s %15" PRIu64, stamp, e->size);
}

static void print_name(const char *name)
{
    fputs("  ", stdout);
    shown_print(stdout, name);
    putchar('\n');
}

static const char *kind_name(const struct object_info *info)
{
    switch (info->kind) {
    case OBJECT_PLAINTEXT:
        return "plaintext";
    case OBJECT_ENCRYPTED:
        return format_of(&info->envelope) != NULL ? format_of(&info->envelope)->name : "unknown";
    case OBJECT_DAMAGED:
        break;
    }
    return "damaged";
}

static void print_long(const struct entry *e)
{
    if (e->is_prefix)
        printf(" %16s %-20s", "", "");
    else if (e->failure.code < 0)
        printf(" %16s %-20s", "?", "unknown");
    else if (e->info.kind == OBJECT_DAMAGED)
        printf(" %16s %-20s", "?", "damaged");
    else
        printf(" %c%15" PRIu64 " %-20s", e->info.plain_size_exact ? ' ' : '~', e->info.plain_size,
               kind_name(&e->info));
}

static void print_defect(const struct listing *l, const struct entry *e)
{
    const struct err_saved *defect = NULL;
    if (e->failure.code < 0)
        defect = &e->failure;
    else if (!e->is_prefix && e->info.kind == OBJECT_DAMAGED)
        defect = &e->info.defect;
    if (defect != NULL)
        log_warn("%s: %s", e->key + l->skip, defect->text);
}

// One thread of several: takes entries until the batch is through.
static void *ask(void *argument)
{
    struct listing *l = argument;
    for (;;) {
        size_t index = atomic_fetch_add(&l->next, 1);
        if (index >= l->batch_count)
            return NULL;
        struct entry *e = &l->batch[index];
        if (!e->is_prefix)
            err_save(&e->failure, object_info_get(l->connection->volume, e->key, &e->info));
    }
}

static void ask_batch(struct listing *l)
{
    pthread_t threads[THREADS_MAX];
    size_t started = 0;
    unsigned wanted = l->connection->endpoint.connections_max;
    atomic_store(&l->next, 0);
    while (started < THREADS_MAX && started + 1 < wanted && started + 1 < l->batch_count &&
           pthread_create(&threads[started], NULL, ask, l) == 0)
        started++;
    ask(l); // this thread too, and alone if none could be started
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

static void flush_batch(struct listing *l)
{
    if (l->batch_count > 0)
        ask_batch(l);
    for (size_t i = 0; i < l->batch_count; i++) {
        struct entry *e = &l->batch[i];
        print_start(e);
        print_long(e);
        print_name(e->key + l->skip);
        print_defect(l, e);
        if (!e->is_prefix && e->failure.code == 0)
            object_info_clear(&e->info);
    }
    l->batch_count = 0;
}

static void fill_entry(struct entry *e, const struct store_listed *listed)
{
    memset(e, 0, sizeof *e);
    snprintf(e->key, sizeof e->key, "%s", listed->key);
    e->is_prefix = listed->is_prefix;
    e->size = listed->size;
    e->mtime_s = listed->mtime_s;
}

static int show(void *context, const struct store_listed *listed)
{
    struct listing *l = context;
    l->shown++;
    if (l->is_long) {
        fill_entry(&l->batch[l->batch_count++], listed);
        if (l->batch_count == BATCH_MAX)
            flush_batch(l);
    } else {
        struct entry e;
        fill_entry(&e, listed);
        print_start(&e);
        print_name(e.key + l->skip);
    }
    return ferror(stdout) ? err_set(-EPIPE, "stdout: cannot be written") : 0;
}

// "dir/file" under "dir/fi" is shown as "file".
static size_t repeated_length(const char *prefix)
{
    const char *slash = strrchr(prefix, '/');
    return slash != NULL ? (size_t)(slash - prefix) + 1 : 0;
}

static int list(struct connection *c, const struct options *o, const struct source *source)
{
    struct listing l = {
        .connection = c, .is_long = o->long_listing, .skip = repeated_length(source->key)};
    AUTO_FREE struct entry *batch = NULL;
    if (l.is_long && (batch = calloc(BATCH_MAX, sizeof *batch)) == NULL)
        return err_set(-ENOMEM, "out of memory");
    l.batch = batch;
    int rc = c->store->ops->list(c->store, source->key, '/', 0, show, &l);
    flush_batch(&l);
    if (rc == 0 && l.shown == 0 && source->key[0] != '\0')
        return err_set(-ENOENT, "s3://%s/%s: nothing is there", source->bucket, source->key);
    return rc;
}

int cmd_ls(const struct options *o)
{
    AUTO_CONNECTION struct connection c = {0};
    struct source source;
    int rc = source_parse(o->arguments[0], &source);
    if (rc == 0)
        rc = connection_open(&c, o, &source, CONNECTION_LIST);
    if (rc == 0)
        rc = list(&c, o, &source);
    if (rc == 0 && fflush(stdout) != 0)
        rc = err_set(-EIO, "stdout: cannot be written: %s", strerror(errno));
    return rc;
}
