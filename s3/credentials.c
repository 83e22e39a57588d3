// The credentials chain: a list of providers, asked in order; the first that knows some answers.
// Adding one is a row in PROVIDERS. The lock guards the profile; nothing is sent while it is held.
#include "s3/credentials.h"
#include "common/err.h"
#include "common/kv.h"
#include "common/lock.h"
#include "s3/profile.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct credentials_source {
    bool profile_named; // by an argument: then the environment's keys are not asked
    struct lock lock;
    struct profile profile; // guarded by lock
    bool stale;             // guarded by lock: read the files again whatever their dates
};

void credentials_clear(struct credentials *c)
{
    secret_release(c->secret_key);
    secret_release(c->session_token);
    *c = (struct credentials){0};
}

static int fill(struct credentials *out, const char *id, const char *key, const char *token,
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

// ---- providers: 0 found, -ENOENT nothing there, else an error

static int from_environment(struct credentials_source *s, struct credentials *out)
{
    const char *id = getenv("AWS_ACCESS_KEY_ID"), *key = getenv("AWS_SECRET_ACCESS_KEY");
    const char *token = getenv("AWS_SESSION_TOKEN");
    if (s->profile_named || id == NULL || *id == '\0')
        return -ENOENT;
    if (key == NULL || *key == '\0')
        return err_set(-EACCES, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
    return fill(out, id, key, token, "environment");
}

static int from_profile(struct credentials_source *s, struct credentials *out)
{
    WITH_LOCK(&s->lock);
    int rc = profile_refresh(&s->profile, s->stale);
    s->stale = false;
    if (rc < 0)
        return rc;
    const char *id = profile_get(&s->profile, "aws_access_key_id");
    const char *key = profile_get(&s->profile, "aws_secret_access_key");
    if (id == NULL && key == NULL)
        return -ENOENT;
    char where[128];
    snprintf(where, sizeof where, "profile '%.80s'", s->profile.name);
    if (id == NULL || key == NULL)
        return err_set(-EACCES, "%s has only one of aws_access_key_id and aws_secret_access_key",
                       where);
    return fill(out, id, key, profile_get(&s->profile, "aws_session_token"), where);
}

static int (*const PROVIDERS[])(struct credentials_source *, struct credentials *) = {
    from_environment,
    from_profile,
};

// What the profile has instead, when it is of a kind that no provider here understands.
static const char *unsupported_setting(const struct profile *p)
{
    static const char *const NAMES[] = {"role_arn", "credential_process", "sso_session",
                                        "sso_start_url", "web_identity_token_file"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (profile_get(p, NAMES[i]) != NULL)
            return NAMES[i];
    }
    return NULL;
}

static int nothing_found(struct credentials_source *s)
{
    WITH_LOCK(&s->lock);
    const struct profile *p = &s->profile;
    const char *other = unsupported_setting(p);
    if (other != NULL)
        return err_set(-EACCES,
                       "profile '%.80s' gets its credentials by %s, which is not "
                       "supported: put keys into the environment (aws configure "
                       "export-credentials --format env)",
                       p->name, other);
    return err_set(-EACCES, "no AWS credentials: looked in %s, and %s profile '%.80s' in %s and %s",
                   s->profile_named ? "no environment variables (a profile was named)"
                                    : "AWS_ACCESS_KEY_ID",
                   p->found ? "at the keyless" : "for", p->name,
                   p->credentials_path != NULL ? p->credentials_path : "~/.aws/credentials",
                   p->config_path != NULL ? p->config_path : "~/.aws/config");
}

int credentials_get(struct credentials_source *s, struct credentials *out)
{
    assert(s != NULL);
    *out = (struct credentials){0};
    for (size_t i = 0; i < sizeof PROVIDERS / sizeof *PROVIDERS; i++) {
        int rc = PROVIDERS[i](s, out);
        if (rc != -ENOENT)
            return rc;
    }
    return nothing_found(s);
}

void credentials_invalidate(struct credentials_source *s)
{
    WITH_LOCK(&s->lock);
    s->stale = true;
}

int credentials_source_new(struct credentials_source **out, const char *profile)
{
    struct credentials_source *s = calloc(1, sizeof *s);
    if (s == NULL)
        return err_set(-ENOMEM, "out of memory");
    lock_init(&s->lock, LOCK_RANK_STORE);
    s->profile_named = profile != NULL;
    if (profile == NULL)
        profile = getenv("AWS_PROFILE");
    int rc = profile_init(&s->profile, profile != NULL && *profile != '\0' ? profile : "default");
    if (rc < 0) {
        credentials_source_free(s);
        return rc;
    }
    *out = s;
    // Said now rather than with the first request.
    struct credentials probe;
    rc = credentials_get(s, &probe);
    credentials_clear(&probe);
    if (rc < 0) {
        credentials_source_free(s);
        *out = NULL;
    }
    return rc;
}

void credentials_source_free(struct credentials_source *s)
{
    if (s == NULL)
        return;
    profile_clear(&s->profile);
    lock_destroy(&s->lock);
    free(s);
}

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
