// Where a setting comes from: the option, else the environment, else the profile.
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "cli/options.h"
#include "s3/credentials.h"

// Each makes a new text in *out that the caller frees, or NULL when the setting is nowhere. 0,
// -EINVAL with a text that names the place of a bad value, or the profile's errors.
int settings_region(const struct options *o, struct credentials_source *s, char **out) MUST_CHECK;
int settings_s3_url(const struct options *o, struct credentials_source *s, char **out) MUST_CHECK;
int settings_kms_url(const struct options *o, struct credentials_source *s, char **out) MUST_CHECK;
int settings_ca_bundle(const struct options *o, struct credentials_source *s,
                       char **out) MUST_CHECK;

#endif
