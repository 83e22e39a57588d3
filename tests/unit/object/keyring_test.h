// A keyring without KMS: the wrapped key is the data key under a fixed mask, so a test can open any
// object by itself.
#ifndef TESTS_UNIT_OBJECT_KEYRING_TEST_H
#define TESTS_UNIT_OBJECT_KEYRING_TEST_H

#include "crypto/keyring.h"

struct keyring *keyring_test_new(void);
void keyring_test_break(struct keyring *k, int code); // every call fails with code; 0: works again
void keyring_test_fail(struct keyring *k, unsigned n, int code); // the n-th call from now fails
void keyring_test_make_foreign(struct keyring *k); // from now on no object is under this key
unsigned keyring_test_generated(struct keyring *k);
unsigned keyring_test_calls(struct keyring *k);
// Called on the thread of every call; set it while nothing runs.
void keyring_test_hook(struct keyring *k, void (*fn)(void *context), void *context);

// Decrypts a whole object by the format description alone (one EVP call), independent of crypto/.
// Returns the plaintext size, or -1 if it is not a sound object; *plain is malloc'ed.
int64_t keyring_test_decrypt(const uint8_t *cipher, uint64_t size, const struct kv *metadata,
                             uint8_t **plain);

#endif
