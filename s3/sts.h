// AWS STS: credentials of a role for those of somebody, or for a token of an identity provider.
// Blocks.
#ifndef S3_STS_H
#define S3_STS_H

#include "s3/credentials_fetch.h"

struct sts_role {
    const char *arn;
    const char *session_name; // NULL: one of ours
    const char *external_id;  // or NULL
    uint64_t duration_s;      // 0: STS's default
    const char *token_file;   // AssumeRoleWithWebIdentity: read each time
};

// url: of an STS that is not AWS's own in f->region; or NULL. -EACCES: refused (the text has STS's
// own words, and what to do); -EIO: no answer, or a bad one.
int sts_assume(const struct credentials_fetch *f, const char *url, const struct sts_role *role,
               const struct credentials *as, struct credentials *out) MUST_CHECK;
int sts_assume_by_token(const struct credentials_fetch *f, const char *url,
                        const struct sts_role *role, struct credentials *out) MUST_CHECK;

#endif
