#include "s3/upload_sweep.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/lock.h"
#include "common/log.h"
#include "s3/config.h"
#include "s3/store_s3.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

// ---- one upload ----

struct sighting {
    const struct journal_upload *upload;
    bool seen;
};

static int look(void *context, const struct store_upload_listed *listed)
{
    struct sighting *s = context;
    s->seen |= strcmp(listed->upload_id, s->upload->upload_id) == 0;
    return 0;
}

// Who may not list is told by the abort alone.
static int is_there(struct store *store, const struct journal_upload *upload, bool *there)
{
    struct sighting sighting = {upload, false};
    int rc = store->ops->upload_list(store, upload->key, look, &sighting);
    if (rc == -EACCES)
        rc = 0;
    *there = sighting.seen;
    return rc;
}

bool sweep_must_wait(const struct journal_upload *upload, int64_t now_s)
{
    int64_t since_s = now_s - upload->completing_s;
    return upload->completing_s != 0 && since_s < JOURNAL_COMPLETE_GRACE_S &&
           since_s > -JOURNAL_COMPLETE_GRACE_S; // a clock that was set back
}

bool sweep_may_be_elsewhere(const struct journal_found *found, const struct journal_upload *upload,
                            int64_t now_s)
{
    return found->elsewhere && now_s - upload->opened_s < JOURNAL_ELSEWHERE_S;
}

static bool must_wait(const struct journal_found *found, const struct journal_upload *upload)
{
    int64_t now_s = clock_wall_s();
    return sweep_must_wait(upload, now_s) || sweep_may_be_elsewhere(found, upload, now_s);
}

enum sweep_outcome sweep_upload(struct store *store, const struct journal_upload *upload)
{
    bool there = true;
    for (int i = 0; i < SWEEP_ABORTS_MAX && there; i++) {
        if (store->ops->upload_abort(store, upload->key, upload->upload_id) < 0 ||
            is_there(store, upload, &there) < 0)
            return SWEEP_FAILED;
    }
    if (!there)
        return SWEEP_ENDED;
    err_set(-EIO, "the server takes the abort, but still lists the upload");
    return SWEEP_FAILED;
}

// ---- all of them ----

struct sweeper {
    struct sweeper_config config;
    struct store *store; // its own, so that it can be canceled
    atomic_bool cancel;
    struct lock lock;
    pthread_cond_t changed;
    bool ended;
    pthread_t thread;
};

struct tally {
    unsigned ended, waiting, failed;
    char first[JOURNAL_LINE_MAX]; // of the failures; the others have the same cause, mostly
};

static void count(struct tally *t, const struct journal_upload *upload, enum sweep_outcome outcome)
{
    t->ended += outcome == SWEEP_ENDED;
    t->waiting += outcome == SWEEP_WAITING;
    if (outcome != SWEEP_FAILED)
        return;
    if (t->failed++ == 0)
        snprintf(t->first, sizeof t->first, "%s: %s", upload->key, err_text());
    log_debug("unfinished upload %s of %s: not ended: %s", upload->upload_id, upload->key,
              err_text());
}

// The last ones first: forgetting moves those behind.
static void sweep_journal(struct sweeper *s, struct journal_found *found, struct tally *t)
{
    for (size_t i = found->text.count; i > 0 && !atomic_load(&s->cancel); i--) {
        const struct journal_upload *upload = &found->text.uploads[i - 1];
        enum sweep_outcome outcome = SWEEP_WAITING;
        bool there = true;
        if (!must_wait(found, upload))
            outcome = sweep_upload(s->store, upload);
        else if (is_there(s->store, upload, &there) == 0 && !there)
            outcome = SWEEP_ENDED; // it was completed, or ended elsewhere
        count(t, upload, outcome);
        if (outcome != SWEEP_ENDED)
            continue;
        log_info("%s: the unfinished upload of process %llu, which has died, was ended",
                 upload->key, (unsigned long long)found->text.head.pid);
        journals_forget(found, upload->upload_id);
    }
}

// True: nothing is left to be done.
static bool sweep_once(struct sweeper *s, bool told)
{
    AUTO_JOURNALS struct journals journals = {.dir_fd = -1};
    struct tally t = {0};
    if (journals_read(&journals, s->config.dir, &s->config.place) < 0) {
        log_warn("unfinished uploads of processes that died: %s", err_text());
        return true;
    }
    for (size_t i = 0; i < journals.count; i++) {
        if (journals.items[i].dead)
            sweep_journal(s, &journals.items[i], &t);
    }
    if (t.failed > 0 && !told && !atomic_load(&s->cancel))
        log_warn("s3://%s: %u unfinished uploads of processes that died could not be ended and "
                 "cost storage until they are; trying again later (%s)",
                 s->config.place.bucket, t.failed, t.first);
    return t.failed == 0 && t.waiting == 0;
}

static void *sweep_thread(void *arg)
{
    struct sweeper *s = arg;
    for (bool told = false; !atomic_load(&s->cancel); told = true) {
        bool done = sweep_once(s, told);
        WITH_LOCK(&s->lock);
        if (done || atomic_load(&s->cancel))
            break;
        s->ended = true; // as far as somebody who waits for it is concerned
        pthread_cond_broadcast(&s->changed);
        cond_wait_ms(&s->changed, &s->lock, SWEEP_AGAIN_MS);
    }
    WITH_LOCK(&s->lock);
    s->ended = true;
    pthread_cond_broadcast(&s->changed);
    return NULL;
}

static int any_dead(const struct sweeper_config *config, bool *found)
{
    AUTO_JOURNALS struct journals journals = {.dir_fd = -1};
    *found = false;
    int rc = journals_read(&journals, config->dir, &config->place);
    for (size_t i = 0; i < journals.count && rc == 0; i++)
        *found |= journals.items[i].dead && journals.items[i].text.count > 0;
    return rc;
}

static void sweeper_free(struct sweeper *s)
{
    store_free(s->store);
    pthread_cond_destroy(&s->changed);
    lock_destroy(&s->lock);
    free(s);
}

// Signals are the main thread's.
static int begin_thread(struct sweeper *s)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&s->thread, NULL, sweep_thread, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0 ? 0 : err_set(-ENOMEM, "cannot start a thread: %s", strerror(rc));
}

int sweeper_start(struct sweeper **out, const struct sweeper_config *config)
{
    bool found = false;
    *out = NULL;
    int rc = any_dead(config, &found);
    if (rc < 0 || !found)
        return rc;
    struct sweeper *s = calloc(1, sizeof *s);
    if (s == NULL)
        return err_set(-ENOMEM, "out of memory");
    s->config = *config;
    lock_init(&s->lock, LOCK_RANK_STORE);
    cond_init(&s->changed);
    rc = store_s3_new(&s->store, config->place.bucket, config->endpoint, config->credentials);
    if (rc == 0) {
        store_s3_set_cancel(s->store, &s->cancel);
        rc = begin_thread(s);
    }
    if (rc < 0) {
        sweeper_free(s);
        return rc;
    }
    *out = s;
    return 0;
}

void sweeper_stop(struct sweeper *s, int64_t patience_ms)
{
    if (s == NULL)
        return;
    int64_t until = clock_ms() + patience_ms;
    lock_take(&s->lock);
    while (!s->ended && clock_ms() < until)
        cond_wait_ms(&s->changed, &s->lock, until - clock_ms());
    atomic_store(&s->cancel, true);
    pthread_cond_broadcast(&s->changed);
    lock_give(&s->lock);
    pthread_join(s->thread, NULL);
    sweeper_free(s);
}
