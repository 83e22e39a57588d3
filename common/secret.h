// Key material: in libsodium's guarded pages (locked in memory, kept out of cores, wiped on
// release, between guard pages). A secret is immutable once filled and reference-counted, so
// several readers and a writer of one object share it.
#ifndef COMMON_SECRET_H
#define COMMON_SECRET_H

#include "common/cleanup.h"

#include <stddef.h>
#include <stdint.h>

struct secret;

// Once, before any secret; -EIO if libsodium cannot start.
int secret_init(void) MUST_CHECK;

// A zeroed secret of size bytes to fill through secret_fill, one reference. 0 or -ENOMEM.
// Whether pages can be locked at all is checked once at start (common/harden.h).
int secret_new(struct secret **out, size_t size) MUST_CHECK;
int secret_from(struct secret **out, const void *data, size_t size) MUST_CHECK;
// Size bytes of the operating system's randomness.
int secret_random(struct secret **out, size_t size) MUST_CHECK;

struct secret *secret_acquire(struct secret *s);
void secret_release(struct secret *s); // NULL is fine; the last reference wipes
CLEANUP_POINTER(secret, secret_release)
#define AUTO_SECRET CLEANUP(secret_releasep)

const uint8_t *secret_bytes(const struct secret *s);
uint8_t *secret_fill(struct secret *s); // only by its maker, before it is shared
size_t secret_size(const struct secret *s);

// Wipes memory that held key material or plaintext (never optimised away).
void secret_wipe(void *memory, size_t size);
// Constant-time comparison: 1 equal, 0 not.
int secret_equal(const void *a, const void *b, size_t size);
// Random bytes that need no guarding (an IV, a jitter).
void secret_random_bytes(void *out, size_t size);

#endif
