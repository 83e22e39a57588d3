// One source of credentials: what was got last, until when it is good, and who asks for more.
//
//   credentials_get ──fresh──▶ a copy
//        │ stale, expired, refused, none          │ advisory time
//        ▼                                        ▼
//   a fetch is started, unless one is under way; waits for it, bounded   (does not wait)
//
// Fetches run on a thread of their own, one at a time: whoever waits can give up while a server is
// slow, as must those who hold the kernel's locks. No lock is held meanwhile.
#include "s3/credentials.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/kv.h"
#include "common/lock.h"
#include "common/log.h"
#include "s3/config.h"
#include "s3/credentials_chain.h"
#include "s3/profile.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct credentials_source {
    bool profile_named; // by an argument: then the environment's keys are not asked
    char *profile_name; // owned, as the next two
    char *region;       // of STS; NULL: unknown
    char *ca_bundle;    // or NULL
    bool allow_http;
    atomic_bool stopping;

    struct lock lock;
    pthread_cond_t fetched;
    struct profile profile; // guarded by lock, as all below; for settings and for seeing changes
    unsigned profile_seen;  // profile.loads when the last fetch began

    struct credentials now; // empty: none
    char source[256];       // of them
    int64_t lifetime_s;     // that they had left when they came
    bool refused;           // by a server: not to be used any more
    bool stale;             // to be replaced, but good meanwhile

    pthread_t thread;
    bool has_thread, fetching;
    bool awaited;            // the one under way: requests wait for it though the old ones are good
    uint64_t fetches;        // that have ended
    int64_t fetched_ms;      // when the last one did
    unsigned refusals;       // of `now`, however often they were got again
    int64_t not_before_ms;   // the next one, on clock_ms()
    bool warned, bewailed;   // of a failure, since the last success
    struct err_saved failed; // the last one; code 0: it did not fail
};

// ---- values

void credentials_clear(struct credentials *c)
{
    secret_release(c->secret_key);
    secret_release(c->session_token);
    *c = (struct credentials){0};
}

int credentials_fill(struct credentials *out, const char *id, const char *key, const char *token,
                     const char *where)
{
    if (strlen(id) >= sizeof out->access_key_id || *id == '\0' || *key == '\0')
        return err_set(-EACCES, "%s: the access key id or the secret key is empty or too long",
                       where);
    snprintf(out->access_key_id, sizeof out->access_key_id, "%s", id);
    int rc = secret_from(&out->secret_key, key, strlen(key));
    if (rc == 0 && token != NULL && *token != '\0')
        rc = secret_from(&out->session_token, token, strlen(token));
    if (rc < 0)
        credentials_clear(out);
    return rc;
}

static void copy(struct credentials *out, const struct credentials *from)
{
    *out = *from;
    secret_acquire(out->secret_key);
    if (out->session_token != NULL)
        secret_acquire(out->session_token);
}

// ---- what is to be done, with the lock

static bool is_usable_locked(const struct credentials_source *s)
{
    return s->now.secret_key != NULL && !s->refused &&
           (s->now.expires_s == 0 || clock_wall_s() < s->now.expires_s);
}

static int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

// Whether less than the margin is left of what expires.
static bool is_within_locked(const struct credentials_source *s, int64_t margin_s)
{
    return s->now.expires_s != 0 && clock_wall_s() >= s->now.expires_s - margin_s;
}

static bool is_due_locked(const struct credentials_source *s)
{
    return s->stale || is_within_locked(s, at_most(CREDENTIALS_ADVISORY_S, s->lifetime_s / 4));
}

static bool is_urgent_locked(const struct credentials_source *s)
{
    return s->stale || is_within_locked(s, at_most(CREDENTIALS_MANDATORY_S, s->lifetime_s / 8));
}

// A file that changed is a reason to ask at once.
static void look_at_files_locked(struct credentials_source *s)
{
    if (profile_refresh(&s->profile, false) < 0)
        log_debug("%s", err_text()); // the fetch says it again
    if (s->profile.loads != s->profile_seen) {
        s->stale = true;
        s->not_before_ms = 0;
    }
}

// While there are none, the patience that old ones allowed has ended.
static bool may_ask_locked(const struct credentials_source *s)
{
    int64_t now_ms = clock_ms();
    return now_ms >= s->not_before_ms ||
           (!is_usable_locked(s) && now_ms >= s->fetched_ms + CREDENTIALS_PAUSE_MS);
}

// ---- the fetch

// Half to all of it, so that many mounts do not ask at once.
static int64_t jittered(int64_t ms)
{
    uint32_t random;
    secret_random_bytes(&random, sizeof random);
    return ms / 2 + (int64_t)(random % (uint32_t)(ms / 2 + 1));
}

static int64_t pause_ms_locked(const struct credentials_source *s)
{
    if (!is_usable_locked(s))
        return CREDENTIALS_PAUSE_MS;
    int64_t left_ms = s->now.expires_s != 0 ? (s->now.expires_s - clock_wall_s()) * 1000 / 8
                                            : CREDENTIALS_PAUSE_MAX_MS;
    int64_t ms = at_most(left_ms, CREDENTIALS_PAUSE_MAX_MS);
    return jittered(ms > CREDENTIALS_PAUSE_MS ? ms : CREDENTIALS_PAUSE_MS);
}

// Once while the old ones serve, once when they do no more.
static void tell_failure_locked(struct credentials_source *s)
{
    if (s->now.secret_key == NULL)
        return;
    if (is_usable_locked(s) && !s->warned)
        log_warn("credentials: no new ones, the old ones of %s are used on: %s", s->source,
                 s->failed.text);
    if (!is_usable_locked(s) && !s->bewailed)
        log_error("no usable credentials: those of %s have expired or were refused, and new ones "
                  "are not to be had: %s; requests wait a while for what mends that",
                  s->source, s->failed.text);
    s->warned = true;
    s->bewailed = !is_usable_locked(s);
}

static void keep_failure_locked(struct credentials_source *s, int rc)
{
    err_save(&s->failed, rc);
    tell_failure_locked(s);
    s->not_before_ms = clock_ms() + pause_ms_locked(s);
}

static void keep_new_locked(struct credentials_source *s, struct credentials *new,
                            const char *source)
{
    bool same =
        strcmp(s->now.access_key_id, new->access_key_id) == 0 && s->now.expires_s == new->expires_s;
    if (s->now.secret_key != NULL && !same)
        log_info("credentials: new ones of %s (%s)", source, new->access_key_id);
    credentials_clear(&s->now);
    s->now = *new;
    *new = (struct credentials){0};
    snprintf(s->source, sizeof s->source, "%s", source);
    s->lifetime_s = s->now.expires_s != 0 ? s->now.expires_s - clock_wall_s() : 0;
    s->refused = false;
    s->warned = s->bewailed = false;
    s->failed.code = 0;
    // Who gives the same again is not asked with every request.
    s->not_before_ms = same ? clock_ms() + pause_ms_locked(s) : 0;
    s->refusals = same ? s->refusals : 0;
}

static int fetch(struct credentials_source *s, struct credentials *new, char source[static 256])
{
    struct credentials_fetch f = {.region = s->region,
                                  .ca_bundle = s->ca_bundle,
                                  .allow_http = s->allow_http,
                                  .deadline_ms = clock_ms() + FETCH_TOTAL_MS,
                                  .cancel = &s->stopping};
    int rc = credentials_chain(&f, s->profile_name, s->profile_named, new);
    memcpy(source, f.source, sizeof f.source);
    if (rc == 0 && new->expires_s != 0 && new->expires_s <= clock_wall_s()) {
        rc = err_set(-EIO,
                     "%s gives credentials that expired %" PRId64 " s ago; renew them there, or "
                     "set this machine's clock",
                     source, clock_wall_s() - new->expires_s);
        credentials_clear(new);
    }
    return rc;
}

static void *fetch_thread(void *argument)
{
    struct credentials_source *s = argument;
    struct credentials new = {0};
    char source[256] = "";
    int rc = fetch(s, &new, source);
    {
        WITH_LOCK(&s->lock);
        if (rc < 0)
            keep_failure_locked(s, rc);
        else
            keep_new_locked(s, &new, source);
        s->fetching = false;
        s->fetches++;
        s->fetched_ms = clock_ms();
        pthread_cond_broadcast(&s->fetched);
    }
    credentials_clear(&new);
    return NULL;
}

static int start_fetch_locked(struct credentials_source *s)
{
    assert(lock_is_mine(&s->lock));
    if (s->fetching)
        return 0;
    if (s->has_thread) // it has ended, but for its return
        pthread_join(s->thread, NULL);
    s->has_thread = false;
    s->awaited = is_urgent_locked(s);
    s->profile_seen = s->profile.loads;
    s->stale = false;
    int failed = pthread_create(&s->thread, NULL, fetch_thread, s);
    if (failed != 0)
        return err_set(-ENOMEM, "no thread to ask for credentials: %s", strerror(failed));
    s->has_thread = s->fetching = true;
    return 0;
}

static void wait_for_fetch_locked(struct credentials_source *s, int64_t wait_ms)
{
    const uint64_t before = s->fetches;
    const int64_t until = clock_ms() + wait_ms;
    while (s->fetching && s->fetches == before && clock_ms() < until)
        cond_wait_ms(&s->fetched, &s->lock, until - clock_ms());
}

static int none_locked(const struct credentials_source *s)
{
    if (s->fetching)
        return err_set(-EIO, "no usable credentials: new ones are still being asked for");
    if (s->failed.code < 0)
        return err_prefix(err_restore(&s->failed), "no usable credentials");
    return err_set(-EIO, "no usable credentials: those of %s are refused or have expired",
                   s->source);
}

static int get(struct credentials_source *s, struct credentials *out, int64_t wait_ms)
{
    WITH_LOCK(&s->lock);
    look_at_files_locked(s);
    bool usable = is_usable_locked(s);
    int rc = 0;
    if ((!usable || is_due_locked(s)) && may_ask_locked(s))
        rc = start_fetch_locked(s);
    if (s->fetching && (!usable || s->awaited || is_urgent_locked(s)))
        wait_for_fetch_locked(s, wait_ms);
    if (is_usable_locked(s)) {
        copy(out, &s->now);
        return 0;
    }
    return rc < 0 ? rc : none_locked(s);
}

int credentials_get(struct credentials_source *s, struct credentials *out)
{
    assert(s != NULL);
    *out = (struct credentials){0};
    int rc = get(s, out, CREDENTIALS_WAIT_MS);
    return rc == 0 || rc == -ENOMEM ? rc : -EIO;
}

bool credentials_refused(struct credentials_source *s, const char *access_key_id, bool expired)
{
    WITH_LOCK(&s->lock);
    bool are_these = strcmp(s->now.access_key_id, access_key_id) == 0;
    if (are_these && s->fetching) { // what is under way replaces them already
        s->refused |= expired;
        s->awaited = true;
    } else if (are_these && !s->refused) {
        s->refused = expired;
        s->stale = true;
        // The first time at once; whoever gives the same again has a while to think.
        s->not_before_ms = s->refusals++ == 0 ? 0 : s->fetched_ms + CREDENTIALS_PAUSE_MS;
    }
    return strcmp(s->source, CHAIN_ENVIRONMENT) != 0;
}

void credentials_describe(struct credentials_source *s, struct credentials_description *out)
{
    WITH_LOCK(&s->lock);
    *out = (struct credentials_description){.expires_s = s->now.expires_s,
                                            .usable = is_usable_locked(s)};
    memcpy(out->source, s->source, sizeof out->source);
    memcpy(out->access_key_id, s->now.access_key_id, sizeof out->access_key_id);
    if (s->failed.code < 0)
        snprintf(out->trouble, sizeof out->trouble, "%.255s", s->failed.text);
}

// ---- settings

// "s3.endpoint_url" stands in the services section that the profile names, or nested in the profile
// itself.
int credentials_setting(struct credentials_source *s, const char *name, char **value)
{
    char in_services[128];
    *value = NULL;
    WITH_LOCK(&s->lock);
    int rc = profile_refresh(&s->profile, false);
    if (rc < 0)
        return rc;
    snprintf(in_services, sizeof in_services, "services:%.100s", name);
    const char *found = profile_get(&s->profile, in_services);
    if (found == NULL)
        found = profile_get(&s->profile, name);
    if (found == NULL || *found == '\0')
        return 0;
    *value = strdup(found);
    return *value != NULL ? 0 : err_set(-ENOMEM, "out of memory");
}

// The first of: what was given, the environment, the profile, the last resort.
static int settle(char **out, struct credentials_source *s, const char *given,
                  const char *const environment[static 2], const char *in_profile, const char *last)
{
    for (size_t i = 0; i < 2 && given == NULL; i++) {
        given = environment[i] != NULL ? getenv(environment[i]) : NULL;
        given = given != NULL && *given != '\0' ? given : NULL;
    }
    if (given == NULL)
        given = profile_get(&s->profile, in_profile);
    if (given == NULL)
        given = last;
    *out = given != NULL ? strdup(given) : NULL;
    return given == NULL || *out != NULL ? 0 : err_set(-ENOMEM, "out of memory");
}

static int settle_all(struct credentials_source *s, const struct credentials_options *o)
{
    static const char *const REGION[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
    static const char *const BUNDLE[] = {"AWS_CA_BUNDLE", NULL};
    const char *profile = o->profile != NULL ? o->profile : getenv("AWS_PROFILE");
    if (profile == NULL || *profile == '\0')
        profile = "default";
    s->profile_named = o->profile != NULL;
    s->allow_http = o->allow_http;
    s->profile_name = strdup(profile);
    int rc = s->profile_name != NULL ? 0 : err_set(-ENOMEM, "out of memory");
    if (rc == 0)
        rc = profile_init(&s->profile, profile);
    if (rc == 0)
        rc = profile_refresh(&s->profile, true);
    if (rc == 0)
        rc = settle(&s->region, s, o->region, REGION, "region", o->region_last);
    return rc == 0 ? settle(&s->ca_bundle, s, o->ca_bundle, BUNDLE, "ca_bundle", NULL) : rc;
}

// ---- life

int credentials_source_open(struct credentials_source **out, const struct credentials_options *o)
{
    *out = NULL;
    CLEANUP(credentials_source_freep) struct credentials_source *s = calloc(1, sizeof *s);
    if (s == NULL)
        return err_set(-ENOMEM, "out of memory");
    lock_init(&s->lock, LOCK_RANK_STORE);
    cond_init(&s->fetched);
    int rc = settle_all(s, o);
    if (rc < 0)
        return rc;
    // Said now rather than with the first request.
    AUTO_CREDENTIALS struct credentials probe = {0};
    rc = get(s, &probe, FETCH_TOTAL_MS + CREDENTIALS_WAIT_MS);
    if (rc < 0 && s->failed.code < 0)
        rc = err_restore(&s->failed); // without "no usable credentials"
    if (rc == 0)
        *out = TAKE(s);
    return rc;
}

int credentials_source_new(struct credentials_source **out, const char *profile)
{
    const struct credentials_options options = {.profile = profile};
    return credentials_source_open(out, &options);
}

void credentials_source_free(struct credentials_source *s)
{
    if (s == NULL)
        return;
    atomic_store(&s->stopping, true);
    if (s->has_thread)
        pthread_join(s->thread, NULL);
    credentials_clear(&s->now);
    profile_clear(&s->profile);
    pthread_cond_destroy(&s->fetched);
    lock_destroy(&s->lock);
    free(s->profile_name);
    free(s->region);
    free(s->ca_bundle);
    free(s);
}
