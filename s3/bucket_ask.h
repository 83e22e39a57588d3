// Questions about a bucket itself that are asked once in a while, by whoever examines it: what its
// answer says of clock and region, and the bucket's settings. Blocks at most 10 s; any thread.
#ifndef S3_BUCKET_ASK_H
#define S3_BUCKET_ASK_H

#include "common/buf.h"
#include "s3/store.h"

struct bucket_answer { // of the last attempt, also of a refusal
    int status;        // 0: no answer came
    int64_t date_s;    // the server's Date, seconds since 1970; 0: it sends none
    int64_t here_s;    // this machine's clock when it came
    char region[40];   // that the server names; ""
    struct buf body;   // owned
};
void bucket_answer_clear(struct bucket_answer *a);
#define AUTO_BUCKET_ANSWER CLEANUP(bucket_answer_clear)

// HEAD of the bucket (subresource NULL) or GET of one of its subresources ("versioning",
// "object-lock", ...). store is one of store_s3_new's. The store's errors; -ENOENT also for a
// subresource that is not set. *out is the caller's to clear either way.
int bucket_ask(struct store *store, const char *subresource, struct bucket_answer *out) MUST_CHECK;

struct bucket_lock { // Object Lock
    bool enabled;
    char mode[16]; // of the default retention: "GOVERNANCE", "COMPLIANCE"; "" none
    char period[16];
};
// Pure: the documents of the answers. -EIO for what is not well-formed.
// status: "Enabled", "Suspended" or "".
int bucket_versioning_parse(const char *xml, size_t len, char status[static 16]) MUST_CHECK;
int bucket_lock_parse(const char *xml, size_t len, struct bucket_lock *out) MUST_CHECK;

#endif
