// SHA-256 (FIPS 180-4) of content as it goes by: to tell whether what is read is what was written,
// without keeping either. One thread.
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "common/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE     32
#define DIGEST_HEX_SIZE (2 * DIGEST_SIZE + 1) // with terminator

struct digest;

// -ENOMEM, -EIO.
int digest_new(struct digest **out) MUST_CHECK;
int digest_add(struct digest *d, const void *data, size_t len) MUST_CHECK;
// Ends it: nothing may be added any more.
int digest_finish(struct digest *d, uint8_t out[static DIGEST_SIZE]) MUST_CHECK;
void digest_free(struct digest *d); // its state is wiped
CLEANUP_POINTER(digest, digest_free)

#endif
