#include "cli/upkeep.h"

#include "s3/state_dir.h"
#include "s3/store_s3.h"
#include "s3/upload_sweep.h"

#include <string.h>

// A command that is done waits this long for the sweep of another's uploads; a mount that stops,
// not at all: the next start goes on.
#define SWEEP_PATIENCE_MS 10000

int upkeep_place(const struct connection *c, const struct options *o, const struct source *source,
                 struct journal_place *place, char **dir)
{
    *place = (struct journal_place){.bucket = source->bucket,
                                    .endpoint = c->s3_url != NULL ? c->s3_url : "",
                                    .region = c->region};
    *dir = NULL;
    if (o->state_dir == NULL)
        return state_dir_default(dir);
    *dir = strdup(o->state_dir);
    return *dir != NULL ? 0 : err_set(-ENOMEM, "out of memory");
}

void upkeep_keep_journal(struct connection *c, const struct options *o, const struct source *source)
{
    AUTO_FREE char *dir = NULL;
    struct journal_place place;
    int rc = upkeep_place(c, o, source, &place, &dir);
    if (rc == 0)
        rc = journal_new(&c->journal, dir, &place);
    if (rc == 0)
        store_s3_set_journal(c->store, c->journal);
    else
        log_warn("no journal of unfinished uploads can be kept: %s. Going on without: should this "
                 "process be killed, only a lifecycle rule or rdsbak gc --force ends what it "
                 "leaves in the bucket",
                 err_text());
}

void upkeep_sweep(struct connection *c, const struct options *o, const struct source *source)
{
    struct sweeper_config config = {.endpoint = &c->endpoint, .credentials = c->credentials};
    if (c->journal == NULL) // said already
        return;
    int rc = upkeep_place(c, o, source, &config.place, &c->state_dir);
    config.dir = c->state_dir;
    if (rc == 0)
        rc = sweeper_start(&c->sweeper, &config);
    if (rc < 0)
        log_warn("unfinished uploads of processes that died are not looked for: %s", err_text());
}

bool upkeep_lacks_rule(const struct connection *c, const struct source *source)
{
    unsigned days = 0;
    int rc = store_s3_abort_rule(c->store, source->key, &days);
    if (rc < 0)
        log_debug("the bucket's lifecycle rules: %s", err_text());
    else if (days > 0)
        log_debug("unfinished uploads are ended by the bucket's own rule after %u days", days);
    return rc == 0 && days == 0;
}

void upkeep_warn_rule(const struct source *source)
{
    log_warn("s3://%s has no lifecycle rule that ends unfinished uploads under '%s': should this "
             "machine be lost, they would cost storage for ever. Remedy: aws s3api "
             "put-bucket-lifecycle-configuration --bucket %s --lifecycle-configuration "
             "'{\"Rules\":[{\"ID\":\"unfinished-uploads\",\"Status\":\"Enabled\",\"Filter\":"
             "{\"Prefix\":\"\"},\"AbortIncompleteMultipartUpload\":{\"DaysAfterInitiation\":7}}]}' "
             "(it replaces the rules that there are: add them)",
             source->bucket, source->key, source->bucket);
}

void upkeep_stop(struct connection *c)
{
    sweeper_stop(c->sweeper, c->use == CONNECTION_PUT ? SWEEP_PATIENCE_MS : 0);
    free(c->state_dir);
    c->sweeper = NULL;
    c->state_dir = NULL;
}
