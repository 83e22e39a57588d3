#include "cli/settings.h"

#include "cli/option_values.h"
#include "common/err.h"

#include <string.h>
#include <strings.h>

#define REGION_MAX 31 // longer than any of AWS's; a host name's label holds 63

// The places of one setting, first to last. A NULL ends a list.
struct places {
    const char *option_name;
    const char *option; // its value, or NULL
    const char *environment[3];
    const char *profile[3];
    int (*check)(const char *value, void *field); // copies a good value to the field
};

static int accept(const struct places *p, const char *kind, const char *place, const char *value,
                  char **out)
{
    int rc = p->check(value, out);
    return rc < 0 ? err_prefix(rc, "%s%s", kind, place) : 0;
}

static int from_environment(const struct places *p, char **out)
{
    for (size_t i = 0; p->environment[i] != NULL && *out == NULL; i++) {
        const char *value = getenv(p->environment[i]);
        if (value == NULL || *value == '\0')
            continue;
        int rc = accept(p, "", p->environment[i], value, out);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int from_profile(const struct places *p, struct credentials_source *s, char **out)
{
    for (size_t i = 0; p->profile[i] != NULL && *out == NULL; i++) {
        AUTO_FREE char *value = NULL;
        int rc = credentials_setting(s, p->profile[i], &value);
        if (rc == 0 && value != NULL && *value != '\0')
            rc = accept(p, "the profile's ", p->profile[i], value, out);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int look_up(const struct places *p, struct credentials_source *s, char **out)
{
    *out = NULL;
    if (p->option != NULL)
        return accept(p, "--", p->option_name, p->option, out);
    int rc = from_environment(p, out);
    return rc < 0 || *out != NULL ? rc : from_profile(p, s, out);
}

// The region becomes part of a host name.
static int check_region(const char *value, void *field)
{
    size_t good = strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (value[good] != '\0' || good > REGION_MAX)
        return err_set(-EINVAL, "'%s' is not a region; write for example eu-central-1", value);
    return option_text(value, field);
}

int settings_region(const struct options *o, struct credentials_source *s, char **out)
{
    const struct places p = {.option_name = "region",
                             .option = o->region,
                             .environment = {"AWS_REGION", "AWS_DEFAULT_REGION"},
                             .profile = {"region"},
                             .check = check_region};
    return look_up(&p, s, out);
}

// AWS's own switch for "use the real AWS in this one shell".
static bool endpoints_ignored(void)
{
    const char *value = getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    return value != NULL && strcasecmp(value, "true") == 0;
}

static int endpoint(const struct places *p, struct credentials_source *s, char **out)
{
    *out = NULL;
    return p->option == NULL && endpoints_ignored() ? 0 : look_up(p, s, out);
}

int settings_s3_url(const struct options *o, struct credentials_source *s, char **out)
{
    const struct places p = {.option_name = "endpoint-url",
                             .option = o->endpoint_url,
                             .environment = {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"},
                             .profile = {"s3.endpoint_url", "endpoint_url"},
                             .check = option_url};
    return endpoint(&p, s, out);
}

int settings_kms_url(const struct options *o, struct credentials_source *s, char **out)
{
    const struct places p = {.option_name = "kms-endpoint-url",
                             .option = o->kms_endpoint_url,
                             .environment = {"AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL"},
                             .profile = {"kms.endpoint_url", "endpoint_url"},
                             .check = option_url};
    return endpoint(&p, s, out);
}

int settings_ca_bundle(const struct options *o, struct credentials_source *s, char **out)
{
    const struct places p = {.option_name = "ca-bundle",
                             .option = o->ca_bundle,
                             .environment = {"AWS_CA_BUNDLE"},
                             .profile = {"ca_bundle"},
                             .check = option_path};
    int rc = look_up(&p, s, out);
    if (rc == 0 && *out != NULL && access(*out, R_OK) != 0)
        return err_set(-EINVAL, "CA bundle %s: %s; give a readable file of certificates", *out,
                       strerror(errno));
    return rc;
}
