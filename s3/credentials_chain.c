#include "s3/credentials_chain.h"
#include "common/codec.h"
#include "common/err.h"
#include "s3/config.h"
#include "s3/credentials_answer.h"
#include "s3/credentials_process.h"
#include "s3/metadata.h"
#include "s3/sts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CHAIN_DEPTH_MAX 8 // of source_profile; two are common

struct chain {
    struct credentials_fetch *fetch;
    const char *visited[CHAIN_DEPTH_MAX]; // names, to find loops
    size_t depth;
};

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? value : NULL;
}

PRINTF_LIKE(2, 3)
static void set_source(struct chain *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->fetch->source, sizeof c->fetch->source, format, args);
    va_end(args);
}

// ---- 1. keys in the environment

static int from_environment(struct chain *c, struct credentials *out)
{
    const char *id = variable("AWS_ACCESS_KEY_ID"), *key = variable("AWS_SECRET_ACCESS_KEY");
    if (id == NULL)
        return err_set(-ENOENT, "AWS_ACCESS_KEY_ID is not set");
    if (key == NULL)
        return err_set(-EACCES, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
    set_source(c, "%s", CHAIN_ENVIRONMENT);
    return credentials_fill(out, id, key, variable("AWS_SESSION_TOKEN"), CHAIN_ENVIRONMENT);
}

// ---- roles

static const char *endpoint_of_sts(const struct profile *p)
{
    const char *ignore = variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    const char *url = variable("AWS_ENDPOINT_URL_STS");
    if (ignore != NULL && strcasecmp(ignore, "true") == 0)
        return NULL;
    if (url == NULL)
        url = variable("AWS_ENDPOINT_URL");
    static const char *const NAMES[] = {"services:sts.endpoint_url", "sts.endpoint_url",
                                        "endpoint_url"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES && url == NULL && p != NULL; i++)
        url = profile_get(p, NAMES[i]);
    return url;
}

static int from_token_of_environment(struct chain *c, const struct profile *p,
                                     struct credentials *out)
{
    const struct sts_role role = {.arn = variable("AWS_ROLE_ARN"),
                                  .session_name = variable("AWS_ROLE_SESSION_NAME"),
                                  .token_file = variable("AWS_WEB_IDENTITY_TOKEN_FILE")};
    if (role.token_file == NULL)
        return err_set(-ENOENT, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    if (role.arn == NULL)
        return err_set(-EACCES, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
    set_source(c, "role %.160s by AWS_WEB_IDENTITY_TOKEN_FILE", role.arn);
    return sts_assume_by_token(c->fetch, endpoint_of_sts(p), &role, out);
}

static int take_role(const struct profile *p, struct sts_role *role)
{
    const char *duration = profile_get(p, "duration_seconds");
    *role = (struct sts_role){.arn = profile_get(p, "role_arn"),
                              .session_name = profile_get(p, "role_session_name"),
                              .external_id = profile_get(p, "external_id"),
                              .token_file = profile_get(p, "web_identity_token_file")};
    if (duration != NULL && decimal_parse(duration, 43200, &role->duration_s) < 0)
        return err_set(-EACCES, "duration_seconds: a number of up to 43200 is wanted");
    return 0;
}

static int from_named_source(struct chain *c, const char *name, const struct profile *p,
                             struct credentials *out)
{
    if (strcmp(name, "Environment") == 0)
        return from_environment(c, out);
    if (strcmp(name, "EcsContainer") == 0)
        return metadata_container(c->fetch, out);
    if (strcmp(name, "Ec2InstanceMetadata") == 0)
        return metadata_instance(c->fetch, p, out);
    return err_set(-EACCES,
                   "credential_source: Environment, Ec2InstanceMetadata or EcsContainer, "
                   "not '%.60s'",
                   name);
}

static int from_profile(struct chain *c, const struct profile *p, struct credentials *out);
static int from_keys(struct chain *c, const struct profile *p, struct credentials *out);

static int from_source_profile(struct chain *c, const char *name, const struct profile *p,
                               struct credentials *out)
{
    if (strcmp(name, p->name) == 0) // allowed where it has keys, too
        return from_keys(c, p, out);
    for (size_t i = 0; i < c->depth; i++) {
        if (strcmp(c->visited[i], name) == 0)
            return err_set(-EACCES, "source_profile: '%.80s' leads back to itself", name);
    }
    if (c->depth == CHAIN_DEPTH_MAX)
        return err_set(-EACCES, "source_profile: more than %d in a row", CHAIN_DEPTH_MAX);
    CLEANUP(profile_clear) struct profile source;
    int rc = profile_init(&source, name);
    if (rc == 0)
        rc = profile_refresh(&source, true);
    if (rc == 0 && !source.found)
        rc = err_set(-EACCES, "source_profile: there is no profile '%.80s'", name);
    if (rc == 0)
        rc = from_profile(c, &source, out);
    return rc;
}

// Whoever assumes the role.
static int from_source(struct chain *c, const struct profile *p, struct credentials *out)
{
    const char *source = profile_get(p, "source_profile");
    const char *named = profile_get(p, "credential_source");
    if ((source != NULL) == (named != NULL))
        return err_set(-EACCES, "role_arn needs one of source_profile and credential_source");
    int rc = source != NULL ? from_source_profile(c, source, p, out)
                            : from_named_source(c, named, p, out);
    return rc == -ENOENT ? err_prefix(-EACCES, "%s %.80s",
                                      source != NULL ? "source_profile" : "credential_source",
                                      source != NULL ? source : named)
                         : rc;
}

static int from_role(struct chain *c, const struct profile *p, struct credentials *out)
{
    struct sts_role role;
    AUTO_CREDENTIALS struct credentials as = {0};
    if (profile_get(p, "mfa_serial") != NULL)
        return err_set(-EACCES, "mfa_serial: nobody is there to type a code: use a role without "
                                "MFA, or put keys into the environment (aws configure "
                                "export-credentials --format env)");
    int rc = take_role(p, &role);
    if (rc < 0)
        return rc;
    if (role.token_file != NULL) {
        rc = sts_assume_by_token(c->fetch, endpoint_of_sts(p), &role, out);
    } else {
        rc = from_source(c, p, &as);
        if (rc == 0)
            rc = sts_assume(c->fetch, endpoint_of_sts(p), &role, &as, out);
    }
    set_source(c, "profile '%.60s' as role %.160s", p->name, role.arn);
    return rc;
}

// ---- the rest of a profile

static int from_keys(struct chain *c, const struct profile *p, struct credentials *out)
{
    const char *id = profile_get(p, "aws_access_key_id");
    const char *key = profile_get(p, "aws_secret_access_key");
    char where[128];
    if (id == NULL && key == NULL)
        return err_set(-ENOENT, "profile '%.80s' has no keys", p->name);
    snprintf(where, sizeof where, "profile '%.80s'", p->name);
    if (id == NULL || key == NULL)
        return err_set(-EACCES, "it has only one of aws_access_key_id and aws_secret_access_key");
    set_source(c, "%s", where);
    return credentials_fill(out, id, key, profile_get(p, "aws_session_token"), where);
}

static int from_process(struct chain *c, const struct profile *p, struct credentials *out)
{
    const char *text = profile_get(p, "credential_process");
    AUTO_COMMAND struct command command = {0};
    AUTO_BUF struct buf answer;
    buf_init_secret(&answer, FETCH_ANSWER_MAX);
    if (text == NULL)
        return -ENOENT;
    set_source(c, "profile '%.60s' by credential_process", p->name);
    int rc = command_split(&command, text);
    if (rc == 0)
        rc = command_run(&command, c->fetch->deadline_ms, c->fetch->cancel, &answer);
    if (rc == 0)
        rc = credentials_parse_json(out, CREDENTIALS_OF_PROCESS, buf_str(&answer), answer.len);
    if (rc == 0)
        fetch_adjust_expiry(out, 0);
    return rc < 0 ? err_prefix(rc, "credential_process") : 0;
}

static int refuse_sso(const struct profile *p)
{
    static const char *const NAMES[] = {"sso_session", "sso_start_url"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (profile_get(p, NAMES[i]) != NULL)
            return err_set(-EACCES,
                           "its credentials come by %s, which is not supported: put keys into the "
                           "environment (aws configure export-credentials --format env), or let "
                           "credential_process = aws configure export-credentials --profile %.60s",
                           NAMES[i], p->name);
    }
    return err_set(-ENOENT, "profile '%.80s' has neither keys nor a role", p->name);
}

// -ENOENT: it says nothing about credentials.
static int from_profile(struct chain *c, const struct profile *p, struct credentials *out)
{
    c->visited[c->depth++] = p->name;
    int rc = profile_get(p, "role_arn") != NULL ? from_role(c, p, out) : from_keys(c, p, out);
    if (rc == -ENOENT)
        rc = from_process(c, p, out);
    if (rc == -ENOENT)
        rc = refuse_sso(p);
    c->depth--;
    return rc < 0 && rc != -ENOENT ? err_prefix(rc, "profile '%.80s'", p->name) : rc;
}

// ---- the order

static int nothing_found(const struct profile *p, bool profile_named, const char *last)
{
    return err_set(-EACCES,
                   "no AWS credentials: looked in %s, and %s profile '%.80s' in %.200s and %.200s; "
                   "%.300s",
                   profile_named ? "no environment variables (a profile was named)"
                                 : "AWS_ACCESS_KEY_ID and AWS_WEB_IDENTITY_TOKEN_FILE",
                   p->found ? "at the keyless" : "for", p->name,
                   p->credentials_path != NULL ? p->credentials_path : "~/.aws/credentials",
                   p->config_path != NULL ? p->config_path : "~/.aws/config", last);
}

static int from_where_we_run(struct chain *c, const struct profile *p, bool profile_named,
                             struct credentials *out)
{
    // A name that is in no file is a mistake, not a wish for the machine's own role.
    if (!p->found && (profile_named || strcmp(p->name, "default") != 0))
        return nothing_found(p, profile_named, "check the profile's name");
    int rc = metadata_container(c->fetch, out);
    if (rc == -ENOENT)
        rc = metadata_instance(c->fetch, p, out);
    if (rc != -ENOENT)
        return rc;
    struct err_saved last;
    err_save(&last, rc);
    return nothing_found(p, profile_named, last.text);
}

int credentials_chain(struct credentials_fetch *f, const char *profile, bool profile_named,
                      struct credentials *out)
{
    struct chain c = {.fetch = f};
    CLEANUP(profile_clear) struct profile p;
    *out = (struct credentials){0};
    int rc = profile_init(&p, profile);
    if (rc == 0 && !profile_named) {
        rc = from_environment(&c, out);
        if (rc != -ENOENT)
            return rc;
        rc = 0;
    }
    if (rc == 0)
        rc = profile_refresh(&p, true);
    if (rc == 0)
        rc = profile_named ? -ENOENT : from_token_of_environment(&c, &p, out);
    if (rc == -ENOENT)
        rc = from_profile(&c, &p, out);
    if (rc == -ENOENT)
        rc = from_where_we_run(&c, &p, profile_named, out);
    return rc;
}
