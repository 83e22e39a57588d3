// The store of s3/store.h over HTTP to S3 or a server that speaks it.
// AWS: virtual-hosted addressing; a custom endpoint: path-style. Bodies are signed over plain HTTP,
// UNSIGNED-PAYLOAD over TLS; CRC32C goes along where the server takes it.
#ifndef S3_STORE_S3_H
#define S3_STORE_S3_H

#include "s3/credentials.h"
#include "s3/endpoint.h"
#include "s3/store.h"

// config and credentials are borrowed and must outlive the store.
int store_s3_new(struct store **out, const char *bucket, const struct endpoint_config *config,
                 struct credentials_source *credentials) MUST_CHECK;

// What every object that is made through a store gets. Texts are borrowed for the store's life;
// NULL: not asked for.
struct store_s3_defaults {
    const char *storage_class; // "STANDARD_IA"
    const char *sse;           // "AES256", "aws:kms", "aws:kms:dsse"
    const char *sse_key_id;    // of KMS; NULL: the bucket's or AWS's own
    const char *tags;          // "k=v&k2=v2", each escaped
    const char *lock_mode;     // "GOVERNANCE", "COMPLIANCE"
    unsigned lock_days;        // from the request that makes the object, or begins its upload
    // Copies have the class and tags above instead of their source's.
    bool over_carried;
};
// While nobody else makes calls.
void store_s3_set_defaults(struct store *s, const struct store_s3_defaults *defaults);
// Every upload from now on is recorded there; and what ends all calls, of those that are not given
// a flag of their own. Before the first call; borrowed.
struct journal;
void store_s3_set_journal(struct store *s, struct journal *journal);
void store_s3_set_cancel(struct store *s, const atomic_bool *cancel);

// Requests made and bytes moved since the start, bodies only and on the wire with headers (for
// reports and benchmarks).
struct store_s3_counters {
    uint64_t requests;
    uint64_t retries;
    uint64_t sent_bytes;
    uint64_t received_bytes;
};
void store_s3_counters(struct store *s, struct store_s3_counters *out);

// After how many days the bucket's own lifecycle rules end unfinished uploads under prefix;
// *days 0: no enabled rule covers it. -EACCES: the credentials may not ask
// (s3:GetLifecycleConfiguration); -EIO: also of servers that know no such rules. Blocks for 5 s at
// most.
int store_s3_abort_rule(struct store *s, const char *prefix, unsigned *days) MUST_CHECK;

#endif
