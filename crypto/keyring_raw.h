// A keyring for objects whose data key is wrapped under a key that the caller holds itself, AES-256
// or RSA, instead of KMS: for reading what others wrote. It stands in front of another keyring,
// which has all that is KMS's and every new object.
//
// Wrappings (as Amazon's S3 encryption clients have them): "AES/GCM" = iv(12) || ciphertext(32) ||
// tag(16), additional data the content cipher's name; "AESWrap" = RFC 3394; of V1 AES-ECB with
// PKCS#7; "RSA-OAEP-SHA1" = OAEP over length(1) || key || content cipher's name; "RSA/ECB/
// OAEPWithSHA-256AndMGF1Padding" = OAEP with SHA-256 but MGF1 with SHA-1 (Java's default), the key
// alone.
#ifndef CRYPTO_KEYRING_RAW_H
#define CRYPTO_KEYRING_RAW_H

#include "crypto/keyring.h"

#define KEYRING_RAW_KEYS_MAX 16
#define KEYRING_RAW_FILE_MAX 16384 // an RSA key of 16,384 bits in PEM has 13 KB

// next is borrowed and must outlive it.
int keyring_raw_new(struct keyring **out, struct keyring *next) MUST_CHECK;
// Before it is shared: the content of a key file: an AES key as 32 bytes or 64 hexadecimal digits,
// or an RSA private key in PEM without a password. name is for texts (the file's). -EINVAL: it is
// none of these.
int keyring_raw_add(struct keyring *k, const struct secret *content, const char *name) MUST_CHECK;

#endif
