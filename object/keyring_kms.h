// The keyring of the mount: AWS KMS under one key for writing and a list of keys that reading may
// use. Joins crypto/ and s3/.
#ifndef OBJECT_KEYRING_KMS_H
#define OBJECT_KEYRING_KMS_H

#include "crypto/keyring.h"
#include "s3/credentials.h"
#include "s3/endpoint.h"

// The caller's entries of the encryption context (--encryption-context), or NULL: new objects of
// formats that have one get them, and such objects are read only if theirs are the same. key_arn:
// for writing and reading; decrypt_arns: more keys for reading (--decrypt-key), each called in its
// own region. All is copied but config and credentials, which are borrowed. -EINVAL for a bad ARN
// or a reserved name in the context.
int keyring_kms_new(struct keyring **out, const char *key_arn, const char *const *decrypt_arns,
                    size_t decrypt_count, const struct kv *context,
                    const struct endpoint_config *config,
                    struct credentials_source *credentials) MUST_CHECK;
// DescribeKey, and with a format to write a data key of it that is thrown away: the key is there,
// enabled, symmetric, and we may use it. format NULL: DescribeKey only, and a denial of that is no
// error.
int keyring_kms_probe(struct keyring *k, const struct format *format) MUST_CHECK;

#endif
