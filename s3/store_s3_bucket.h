// Questions about a bucket itself: what its answer says of clock and region, and how it protects
// what is in it (versioning, object lock). One request each, for the mount's start and for
// diagnosis. Any thread; blocks.
#ifndef S3_STORE_S3_BUCKET_H
#define S3_STORE_S3_BUCKET_H

#include "s3/store.h"

struct bucket_answer { // of the last attempt, also of a refusal
    int status;        // 0: no answer came
    int64_t date_s;    // the server's Date, seconds since 1970; 0: it sends none
    int64_t here_s;    // this machine's clock when it came
    char region[40];   // that the server names; ""
};
// HEAD of the bucket: the store's errors, within 10 s. store is one of store_s3.h, here and below.
int store_s3_bucket_head(struct store *store, struct bucket_answer *out) MUST_CHECK;

enum bucket_versioning { VERSIONING_OFF, VERSIONING_SUSPENDED, VERSIONING_ENABLED };

struct bucket_lock {
    bool enabled;
    char mode[16]; // of the default retention, "GOVERNANCE" or "COMPLIANCE"; "": there is none
    uint64_t days; // of it; years are counted as 365 days
};

// The store's errors: -EACCES where s3:GetBucketVersioning, or
// s3:GetBucketObjectLockConfiguration, is not allowed; -EOPNOTSUPP: the server does not know it.
int store_s3_bucket_versioning(struct store *store, enum bucket_versioning *out) MUST_CHECK;
// No configuration is a result (enabled false), not an error.
int store_s3_bucket_lock(struct store *store, struct bucket_lock *out) MUST_CHECK;

#endif
