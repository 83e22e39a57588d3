// What the sources of credentials answer, strictly: nothing is taken from an answer that is not
// whole. Pure but for the wiping of what was read.
#ifndef S3_CREDENTIALS_ANSWER_H
#define S3_CREDENTIALS_ANSWER_H

#include "s3/credentials.h"

#include <stddef.h>

enum credentials_form {
    CREDENTIALS_OF_PROCESS,  // Version 1, SessionToken, Expiration optional
    CREDENTIALS_OF_METADATA, // Code "Success" or none, Token, Expiration
};

// expires_s is the answer's own, by its maker's clock. -EIO without the answer's content; -EACCES:
// it is a refusal.
int credentials_parse_json(struct credentials *out, enum credentials_form form, const char *text,
                           size_t len) MUST_CHECK;
// STS: an AssumeRole...Response.
int credentials_parse_sts(struct credentials *out, const char *text, size_t len) MUST_CHECK;

struct sts_error {
    char code[64];
    char message[256];
};
// An ErrorResponse of STS; empty texts where there is none.
void sts_error_parse(struct sts_error *out, const char *text, size_t len);

// "2026-11-29T20:15:00Z", with fractions or an offset (+01:00): seconds since 1970, or -EIO.
int timestamp_parse(const char *text, int64_t *out_s) MUST_CHECK;

#endif
