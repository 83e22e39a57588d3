// The SDKs' chain: who is asked for credentials, and in which order.
//
//   1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
//   2. AWS_ROLE_ARN with AWS_WEB_IDENTITY_TOKEN_FILE           (neither, if a profile was named)
//   3. the profile: role_arn with source_profile, credential_source or web_identity_token_file;
//      keys; credential_process
//   4. AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI
//   5. instance metadata (IMDSv2)
//
// The first that there is decides: if it fails, no later one is asked, for those would be somebody
// else.
#ifndef S3_CREDENTIALS_CHAIN_H
#define S3_CREDENTIALS_CHAIN_H

#include "s3/credentials_fetch.h"

#define CHAIN_ENVIRONMENT "environment" // f->source of the first

// Asks; blocks until f->deadline_ms at most. profile_named: by an argument; then, and when
// AWS_PROFILE is set, a profile that is in no file is an error. f->source is set. -EACCES, -EIO,
// -ENOMEM, -ECANCELED.
int credentials_chain(struct credentials_fetch *f, const char *profile, bool profile_named,
                      struct credentials *out) MUST_CHECK;

#endif
