// verify: reads objects whole and says what that proves; joins stripes; and, with --chain, reads
// the headers of all backups under a prefix and says how far they can be restored.
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/verify.h"
#include "cli/verify_chain.h"
#include "common/lock.h"
#include "object/parallel.h"

#include <stdio.h>
#include <string.h>

// Decrypting and checking keep a processor busy each; memory is 3 MiB each beside the reader's.
#define OBJECTS_AT_ONCE_MAX 8

struct verification {
    struct connection *connection;
    struct verify_job *jobs; // owned
    size_t count;
    struct stripe_set *stripes; // owned
    size_t stripes_count;
    struct chain_report *chain; // owned; NULL: not wanted

    struct lock lock;         // rank STORE: a leaf
    struct progress progress; // guarded by lock
};

static void verification_clear(struct verification *v)
{
    for (size_t i = 0; v->jobs != NULL && i < v->count; i++)
        verify_job_clear(&v->jobs[i]);
    free(v->jobs);
    free(v->stripes);
    chain_report_free(v->chain);
    lock_destroy(&v->lock);
}

// ---- reading ----

static int moved(void *context, size_t bytes)
{
    struct verification *v = context;
    WITH_LOCK(&v->lock);
    progress_move(&v->progress, bytes);
    return 0;
}

static int verify_one(void *context, size_t index)
{
    struct verification *v = context;
    return verify_object(v->connection->volume, &v->jobs[index], moved, v);
}

static unsigned threads_for(const struct connection *c)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned wanted = processors > 1 ? (unsigned)processors : 2;
    if (wanted > OBJECTS_AT_ONCE_MAX)
        wanted = OBJECTS_AT_ONCE_MAX;
    return wanted < c->endpoint.connections_max ? wanted : c->endpoint.connections_max;
}

static int verify_all(struct verification *v)
{
    if (v->count == 0)
        return 0;
    progress_start(&v->progress, "verify", PROGRESS_TOTAL_UNKNOWN);
    int rc = parallel_run(threads_for(v->connection), v->count, verify_one, v);
    progress_clear(&v->progress);
    return rc < 0 ? rc : verify_stripes(v->jobs, v->count, &v->stripes, &v->stripes_count);
}

// ---- telling ----

static size_t count_failed(const struct verification *v)
{
    size_t failed = 0;
    for (size_t i = 0; i < v->count; i++)
        failed += v->jobs[i].verdict == VERIFY_DAMAGED || v->jobs[i].verdict == VERIFY_UNREADABLE;
    return failed;
}

static size_t count_broken_stripes(const struct verification *v)
{
    size_t broken = 0;
    for (size_t i = 0; i < v->stripes_count; i++)
        broken += v->stripes[i].problem[0] != '\0';
    return broken;
}

static void print_text(const struct verification *v)
{
    for (size_t i = 0; i < v->count; i++)
        show_job(&v->jobs[i]);
    for (size_t i = 0; i < v->stripes_count; i++)
        show_stripe_set(&v->stripes[i]);
    if (v->chain != NULL)
        chain_show(v->chain);
}

static int print_json(const struct verification *v)
{
    AUTO_JSON struct json_t *json = json_new();
    struct json_t *objects = json_list(), *stripes = json_list();
    for (size_t i = 0; i < v->count; i++)
        json_append(objects, json_job(&v->jobs[i]));
    for (size_t i = 0; i < v->stripes_count; i++)
        json_append(stripes, json_stripe_set(&v->stripes[i]));
    json_add(json, "objects", objects);
    json_add(json, "striped_sets", stripes);
    if (v->chain != NULL)
        json_add(json, "chain", json_chain(v->chain));
    return json_print(json);
}

static int result_of(const struct verification *v)
{
    size_t failed = count_failed(v), broken = count_broken_stripes(v);
    if (failed > 0)
        return err_set(-EIO, "%zu of %zu objects are damaged or could not be read", failed,
                       v->count);
    if (broken > 0)
        return err_set(-EIO, "%zu striped backup%s not whole", broken,
                       broken == 1 ? " is" : "s are");
    return v->chain != NULL ? chain_result(v->chain) : 0;
}

static int tell(const struct verification *v, bool json)
{
    int rc = 0;
    if (json)
        rc = print_json(v);
    else
        print_text(v);
    if (rc == 0 && fflush(stdout) != 0)
        rc = err_set(-EIO, "stdout: cannot be written: %s", strerror(errno));
    return rc < 0 ? rc : result_of(v);
}

// ---- arguments ----

static int one_bucket(const struct source *a, const struct source *b)
{
    if (strcmp(a->bucket, b->bucket) == 0)
        return 0;
    return err_set(-EINVAL, "s3://%s/...: verify takes objects of one bucket at a time (s3://%s)",
                   b->bucket, a->bucket);
}

static int take_arguments(struct verification *v, const struct options *o, struct source *chain)
{
    v->jobs = calloc(o->argument_count + 1, sizeof *v->jobs);
    if (v->jobs == NULL)
        return err_set(-ENOMEM, "out of memory");
    for (size_t i = 0; i < o->argument_count; i++) {
        struct source *source = &v->jobs[i].source;
        int rc = source_parse(o->arguments[i], source);
        if (rc == 0)
            rc = source_need_key(source, false);
        if (rc == 0)
            rc = one_bucket(&v->jobs[0].source, source);
        if (rc < 0)
            return rc;
        v->count = i + 1;
    }
    if (o->chain == NULL)
        return v->count > 0 ? 0
                            : err_set(-EINVAL, "verify: name an object, or a prefix with --chain; "
                                               "see rdsbak verify --help");
    int rc = source_parse(o->chain, chain);
    if (rc < 0)
        return err_prefix(rc, "--chain");
    return v->count > 0 ? one_bucket(&v->jobs[0].source, chain) : 0;
}

int cmd_verify(const struct options *o)
{
    CLEANUP(verification_clear) struct verification v = {0};
    AUTO_CONNECTION struct connection c = {0};
    struct source chain = {0};
    lock_init(&v.lock, LOCK_RANK_STORE);
    v.connection = &c;
    int rc = take_arguments(&v, o, &chain);
    if (rc == 0)
        rc = connection_open(&c, o, v.count > 0 ? &v.jobs[0].source : &chain, CONNECTION_READ);
    if (rc < 0)
        return rc;
    interrupt_catch();
    rc = verify_all(&v);
    if (rc == 0 && o->chain != NULL)
        rc = chain_read(c.volume, &chain, c.endpoint.connections_max, &v.chain);
    return rc < 0 ? rc : tell(&v, o->json);
}
