// AWS credentials. A provider is asked for every request and answers from its cache; today:
// environment, then the shared files
// (~/.aws/credentials and config, AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE) by profile. Further
// members of the SDKs' chain are further providers. Safe for any number of threads.
#ifndef S3_CREDENTIALS_H
#define S3_CREDENTIALS_H

#include "common/secret.h"

#include <stdbool.h>

struct credentials {
    char access_key_id[129];
    struct secret *secret_key;    // text, without terminator
    struct secret *session_token; // or NULL
    int64_t expires_s;            // seconds since 1970; 0 never
};
void credentials_clear(struct credentials *c);
#define AUTO_CREDENTIALS CLEANUP(credentials_clear)

struct credentials_source;

// profile NULL: AWS_PROFILE, else "default"; a named profile (argument) wins over the keys in the
// environment. -EACCES with a text that lists where it looked, when nothing was found; -EIO for a
// malformed file (file and line named).
int credentials_source_new(struct credentials_source **out, const char *profile) MUST_CHECK;
// A copy that the caller clears. Re-reads the file when it changed.
int credentials_get(struct credentials_source *s, struct credentials *out) MUST_CHECK;
// The server said that these are expired or unknown: the next get looks afresh.
void credentials_invalidate(struct credentials_source *s);
void credentials_source_free(struct credentials_source *s);

// A setting of the profile ("region", "endpoint_url", "ca_bundle"; "services" sections'
// "s3.endpoint_url", "kms.endpoint_url"), copied to a new string in *value, or NULL there when it
// is not set.
int credentials_setting(struct credentials_source *s, const char *name, char **value) MUST_CHECK;

#endif
