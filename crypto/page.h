// Pieces of memory that go to a local disk for a while: encrypted and authenticated under a key
// that is made at random and never leaves memory, so that nobody can read them later and a changed
// one is noticed.
//
// AES-256-GCM (NIST SP 800-38D) with a 96-bit nonce that counts: no nonce is used twice under one
// key. Any thread.
#ifndef CRYPTO_PAGE_H
#define CRYPTO_PAGE_H

#include "common/cleanup.h"

#include <stddef.h>
#include <stdint.h>

#define PAGE_TAG_SIZE 16

struct page_cipher;

// What is needed to open one again; not secret, but it must stay in memory.
struct page_seal {
    uint64_t number; // the nonce
    uint8_t tag[PAGE_TAG_SIZE];
};

int page_cipher_new(struct page_cipher **out) MUST_CHECK;
void page_cipher_free(struct page_cipher *c);
CLEANUP_POINTER(page_cipher, page_cipher_free)

// Encrypts in place. After an error data is worthless. -EIO, -ENOMEM.
int page_seal(struct page_cipher *c, uint8_t *data, size_t len, struct page_seal *out) MUST_CHECK;
// Decrypts in place. -EIO: these are not the bytes that were sealed; data is wiped.
int page_open(struct page_cipher *c, uint8_t *data, size_t len,
              const struct page_seal *seal) MUST_CHECK;

#endif
