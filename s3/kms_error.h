// What KMS's errors mean: one table.
#ifndef S3_KMS_ERROR_H
#define S3_KMS_ERROR_H

#include "s3/call.h"

struct kms_outcome {      // what a KMS call's judge leaves behind
    bool wrong_key;       // IncorrectKeyException
    bool denied;          // AccessDeniedException: a permission is missing
    bool would_have_done; // DryRunOperationException: but for DryRun, it would have been done
};

// The judge of every KMS call (call.h); context is a struct kms_outcome.
int kms_judge(struct call *c, const struct http_response *r, struct call_failure *f);

#endif
