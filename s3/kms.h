// AWS KMS (JSON protocol, TrentService.*): the calls rdsbak makes. Blocking, any thread, retried
// inside within 10 s each. Errors: -EACCES denied, key disabled, pending deletion, not found, or
// another key than asked (the text says which, and what to do); -EIO unreachable, throttled to the
// end, damaged blob or wrong context. The text carries KMS's code and request id.
#ifndef S3_KMS_H
#define S3_KMS_H

#include "common/buf.h"
#include "common/kv.h"
#include "common/secret.h"
#include "s3/credentials.h"
#include "s3/endpoint.h"

#define KMS_BLOB_MAX   6144 // CiphertextBlob's documented limit in bytes
#define KMS_KEY_ID_MAX 2048 // KeyId's documented limit in characters

struct kms;

// region: the key's, for the endpoint and the signature. config and credentials are borrowed.
int kms_new(struct kms **out, const char *region, const struct endpoint_config *config,
            struct credentials_source *credentials) MUST_CHECK;
void kms_free(struct kms *k);
CLEANUP_POINTER(kms, kms_free)

// A new 256-bit data key: *key for the caller to release, its wrapped form appended to blob.
int kms_generate_data_key(struct kms *k, const char *key_id, const struct kv *context,
                          struct secret **key, struct buf *blob) MUST_CHECK;
// key_id is always sent: KMS then refuses a blob of another key (IncorrectKeyException: *wrong_key
// true and -EACCES).
int kms_decrypt(struct kms *k, const char *key_id, const struct kv *context, const void *blob,
                size_t blob_len, struct secret **key, bool *wrong_key) MUST_CHECK;
int kms_encrypt(struct kms *k, const char *key_id, const struct kv *context,
                const struct secret *plain, struct buf *blob) MUST_CHECK;
// Whether kms_decrypt would be done: KMS checks everything and gives no key (DryRun). 0: it would;
// else the errors of kms_decrypt.
int kms_decrypt_try(struct kms *k, const char *key_id, const struct kv *context, const void *blob,
                    size_t blob_len, bool *wrong_key) MUST_CHECK;

// A wrapped key put under another key within KMS (ReEncrypt): its plaintext never comes here. Both
// keys are of k's region; both contexts may be NULL.
struct kms_move {
    const char *from_key_id; // always sent, as with kms_decrypt
    const struct kv *from_context;
    const void *blob;
    size_t blob_len;
    const char *to_key_id;
    const struct kv *to_context;
};
// out: the new wrapped key is appended; NULL: only tried (DryRun), with the same errors. A denial's
// text names both permissions that are needed.
int kms_reencrypt(struct kms *k, const struct kms_move *move, struct buf *out,
                  bool *wrong_key) MUST_CHECK;

struct kms_key_info {
    char arn[KMS_KEY_ID_MAX + 1];
    char state[32]; // "Enabled", "Disabled", "PendingDeletion", ...
    char usage[32]; // "ENCRYPT_DECRYPT"
    char spec[32];  // "SYMMETRIC_DEFAULT"
    bool enabled;
};
int kms_describe_key(struct kms *k, const char *key_id, struct kms_key_info *out) MUST_CHECK;

// Parts of arn:PARTITION:kms:REGION:ACCOUNT:key/ID. 0, or -EINVAL with a text (an alias ARN is
// refused with its own reason).
struct kms_arn {
    char partition[16];
    char region[32];
    char account[16];
    char id[129]; // after "key/"
};
int kms_arn_parse(const char *arn, struct kms_arn *out) MUST_CHECK;

#endif
