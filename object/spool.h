// Files without a name in --spool-dir: ciphertext that must outlive its place in memory. They are
// gone when they are closed, also after a crash. Nothing but ciphertext is ever written to one.
//
// Any thread; concurrent reads and writes of different places are fine.
#ifndef OBJECT_SPOOL_H
#define OBJECT_SPOOL_H

#include "common/secret.h"
#include "crypto/cipher.h"

struct spool;

// -EACCES, -ENOENT, -ENOSPC, -EIO with a text that names the directory and --spool-dir.
int spool_new(const char *dir, struct spool **out) MUST_CHECK;
void spool_free(struct spool *s);
CLEANUP_POINTER(spool, spool_free)

// All of it, or an error: -ENOSPC when the disk is full.
int spool_write(struct spool *s, uint64_t offset, const void *data, size_t len) MUST_CHECK;
int spool_read(struct spool *s, uint64_t offset, void *out, size_t len) MUST_CHECK;

// What a generation of an object sealed, kept so that it can be read again: ciphertext at the
// offset of its plaintext. Zeroed: nothing.
struct spool_stream {
    struct spool *spool; // owned; NULL: none
    struct secret *key;  // a reference
    enum content_alg content;
    uint8_t iv[CIPHER_IV_MAX]; // of the stream as it begins here
    uint64_t begin, end;       // plaintext [begin, end) is there; multiples of CIPHER_BLOCK_SIZE
};
void spool_stream_clear(struct spool_stream *s);
// Plaintext of [offset, offset + len), which lies within [begin, end).
int spool_stream_read(const struct spool_stream *s, uint64_t offset, uint8_t *out,
                      size_t len) MUST_CHECK;

#endif
