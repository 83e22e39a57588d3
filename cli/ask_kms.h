// Whether a data key is under one of the allowed KMS keys, as KMS says: an envelope alone only
// claims it. KMS is asked to decrypt, but only as a trial (DryRun): it gives no key, so none comes
// to this host; kms:Decrypt is needed all the same. Any thread.
#ifndef CLI_ASK_KMS_H
#define CLI_ASK_KMS_H

#include "cli/options.h"
#include "common/err.h"
#include "crypto/envelope.h"
#include "s3/credentials.h"
#include "s3/endpoint.h"

enum ask_answer {
    ASK_PROVED,
    ASK_OTHER,  // it is under none of the keys that could be it
    ASK_FAILED, // KMS denies, cannot be reached, or cannot make anything of it
};

struct ask_kms;

// keys: ARNs; they, config and credentials are borrowed. -EINVAL for a bad ARN; -ENOMEM, -EIO.
int ask_kms_new(struct ask_kms **out, const struct option_list *keys,
                const struct endpoint_config *config,
                struct credentials_source *credentials) MUST_CHECK;
void ask_kms_free(struct ask_kms *a);

// e is of a KMS wrapping. An envelope that names its key is held to that one, else all are tried.
// PROVED: *key is the key's ARN, of the list. FAILED: *why says it. The last few thousand answers
// are remembered, for copies of objects. Blocks.
enum ask_answer ask_kms(struct ask_kms *a, const struct envelope *e, const char **key,
                        struct err_saved *why);

#endif
