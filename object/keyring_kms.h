// The keyring of the mount: AWS KMS under one key for writing and a list of keys that reading may
// use. Joins crypto/ and s3/.
#ifndef OBJECT_KEYRING_KMS_H
#define OBJECT_KEYRING_KMS_H

#include "crypto/keyring.h"
#include "s3/credentials.h"
#include "s3/endpoint.h"

// key_arn: for writing and reading; decrypt_arns: more keys for reading (--decrypt-key), each
// called in its own region. Strings are copied; config and credentials are borrowed. -EINVAL for a
// bad ARN.
int keyring_kms_new(struct keyring **out, const char *key_arn, const char *const *decrypt_arns,
                    size_t decrypt_count, const struct endpoint_config *config,
                    struct credentials_source *credentials) MUST_CHECK;
// DescribeKey, and a GenerateDataKey whose result is thrown away: the key is there, enabled,
// symmetric, and we may use it. need_write false: DescribeKey only, and a denial of that is no
// error.
int keyring_kms_probe(struct keyring *k, bool need_write) MUST_CHECK;

#endif
