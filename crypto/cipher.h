// Content encryption: one cipher stream per object, sealed in order, opened at any place.
//
// A format of content is one row of a table (cipher.c) with a handful of functions: CBC, GCM, and
// GCM with key commitment. OpenSSL's EVP appears in the cipher files only; its contexts are wiped
// on free.
//
// Sizes: plain_ counts plaintext bytes, cipher_ the bytes of the S3 object.
// Sources: PKCS#7 padding RFC 5652 section 6.3; AES-CBC NIST SP 800-38A; GCM SP 800-38D; HKDF RFC
// 5869; names, key derivation and commitment as Amazon's S3 encryption clients have them.
#ifndef CRYPTO_CIPHER_H
#define CRYPTO_CIPHER_H

#include "common/secret.h"

#include <stdbool.h>

#define CIPHER_BLOCK_SIZE 16 // AES
#define CIPHER_KEY_SIZE   32 // data keys are always AES-256
#define CIPHER_IV_MAX     28
#define CIPHER_TAG_SIZE   16
// Of GCM with key commitment: the message id takes the place of the IV.
#define CIPHER_MESSAGE_ID_SIZE 28
#define CIPHER_COMMITMENT_SIZE 28
// sealer_finish appends at most the tail (< one block) and a tag of one block.
#define CIPHER_FINISH_MAX (2 * CIPHER_BLOCK_SIZE)

enum content_alg {
    CONTENT_CBC,           // "AES/CBC/PKCS5Padding", no authentication
    CONTENT_GCM,           // "AES/GCM/NoPadding"
    CONTENT_GCM_COMMITTED, // "115": GCM under a derived key, with a commitment to it
};

// What the text of every error begins with that says: the content is not what was sealed. The code
// is -EIO, as of a network that fails; only who reports on content needs to tell them apart.
#define CONTENT_BAD_TEXT "the content does not decrypt"
// -EIO with the one text that is told whatever the cause: a reader that tells a wrong padding from
// one of another length decrypts for an attacker (CVE-2020-8911).
int cipher_content_error(void);

const char *content_alg_name(enum content_alg alg); // as in x-amz-cek-alg (V3: x-amz-c)
size_t content_iv_size(enum content_alg alg);
uint64_t content_plain_size_max(enum content_alg alg);
// The object's size for a plaintext of that size.
// UINT64_MAX (never a valid one) above content_plain_size_max.
uint64_t content_cipher_size(enum content_alg alg, uint64_t plain_size);
// Whether an object of cipher_size can be whole at all (CBC: positive multiple of 16).
bool content_cipher_size_valid(enum content_alg alg, uint64_t cipher_size);
// The plaintext size as far as the ciphertext size tells: exact when *exact (GCM), else the largest
// possible minus one block's doubt (CBC: cipher_size - 16, up to 15 less than the truth).
// cipher_size must be valid.
uint64_t content_plain_size(enum content_alg alg, uint64_t cipher_size, bool *exact);
// Whether a sealed prefix can be continued under the same key (CBC yes; GCM never).
bool content_resumable(enum content_alg alg);
// Whether a tag proves that the content is what was sealed, once all of it was opened.
bool content_authenticated(enum content_alg alg);
// The commitment to a data key that is held against the envelope's, in constant time, before
// anything is opened under it. CONTENT_GCM_COMMITTED only. message_id: CIPHER_MESSAGE_ID_SIZE
// bytes.
int content_commitment(const struct secret *key, const uint8_t *message_id,
                       uint8_t out[static CIPHER_COMMITMENT_SIZE]) MUST_CHECK;

// ---- sealing: one thread at a time, in order ----

struct sealer;

// iv has content_iv_size bytes. The key is used during the call only. 0, -ENOMEM, -EIO.
int sealer_new(struct sealer **out, enum content_alg alg, const struct secret *key,
               const uint8_t *iv) MUST_CHECK;
// Goes on after a sealed prefix that is a multiple of the block: prev_block is its last ciphertext
// block (for an empty prefix: use sealer_new). Only when content_resumable.
int sealer_resume(struct sealer **out, enum content_alg alg, const struct secret *key,
                  const uint8_t prev_block[static CIPHER_BLOCK_SIZE]) MUST_CHECK;
// Encrypts in place; len is a multiple of CIPHER_BLOCK_SIZE. After an error (-EIO, -ENOSPC beyond
// content_plain_size_max) data is worthless and the sealer is spent.
int sealer_update(struct sealer *s, uint8_t *data, size_t len) MUST_CHECK;
// Ends the stream: the last tail_len (< CIPHER_BLOCK_SIZE) plaintext bytes, padding and tag go to
// out. The sealer is spent.
int sealer_finish(struct sealer *s, const uint8_t *tail, size_t tail_len,
                  uint8_t out[static CIPHER_FINISH_MAX], size_t *out_len) MUST_CHECK;
void sealer_free(struct sealer *s);
CLEANUP_POINTER(sealer, sealer_free)

// ---- opening: any range, streamed; an opener belongs to one thread at a time ----

// The bytes of the object needed for plaintext [plain_offset, plain_offset + plain_len): whole
// blocks, for CBC one block earlier unless at the start. plain_end_exact is the exact plaintext
// size of the object and cipher_size its size: a range that reaches plain_end_exact takes the
// padding or tag along, so that opener_finish can check it. A claimed size is held against the
// object first: content_cipher_size(plain_end_exact) == cipher_size and plain_offset <=
// plain_end_exact, else it aborts. plain_len 0 before the end gives an empty range.
struct cipher_range {
    uint64_t cipher_offset;
    uint64_t cipher_len;
    uint64_t plain_offset; // of the first byte that the opener will give out (<= the one asked for,
                           // same block); CBC: above cipher_offset if a block is taken for its IV
};
struct cipher_range content_range(enum content_alg alg, uint64_t plain_offset, uint64_t plain_len,
                                  uint64_t plain_end_exact, uint64_t cipher_size);
// The range whose opening tells the exact plaintext size of an object of that (valid) size: its
// last block. After opener_finish the size is cipher_size - *pad_len.
struct cipher_range content_tail_range(enum content_alg alg, uint64_t cipher_size);

// -EIO with the one text for content that does not decrypt, whatever the cause: padding that is
// broken must not be told from padding that only does not fit the size.
int cipher_content_error(void);

struct opener;

// For a range of content_range or content_tail_range. The key is used during the call only.
// 0, -ENOMEM, -EIO.
int opener_new(struct opener **out, enum content_alg alg, const struct secret *key,
               const uint8_t *iv, const struct cipher_range *range,
               uint64_t cipher_size) MUST_CHECK;
// Starts the same range again (a retried request).
int opener_restart(struct opener *o) MUST_CHECK;
// Takes the next len bytes of the range, gives *out_len < len + CIPHER_BLOCK_SIZE bytes of
// plaintext (padding still on; a tag is taken off), and never more in sum than the range's own. in
// and out do not overlap. -EIO also when the range is already whole.
int opener_update(struct opener *o, const uint8_t *in, size_t len, uint8_t *out,
                  size_t *out_len) MUST_CHECK;
// After the last byte: if the range reached the object's end, checks the padding (constant time),
// or of a range that is the whole object the tag, with one error for every cause: -EIO. *pad_len is
// what the object is longer than its content then, else 0. -EIO too when bytes of the range are
// missing.
int opener_finish(struct opener *o, size_t *pad_len) MUST_CHECK;
// The object's tag, once a range that reaches its end was opened; else false.
bool opener_tag(const struct opener *o, uint8_t tag[static CIPHER_TAG_SIZE]);
void opener_free(struct opener *o);
CLEANUP_POINTER(opener, opener_free)

// ---- authenticating what was opened in ranges: content_authenticated only ----

// A range of GCM is opened without authentication. What was opened that way, all of it and in
// order, is proved by sealing it once more and comparing the tags.
struct checker;

int checker_new(struct checker **out, enum content_alg alg, const struct secret *key,
                const uint8_t *iv) MUST_CHECK;
int checker_update(struct checker *c, const uint8_t *plain, size_t len) MUST_CHECK;
// 0, or -EIO as opener_finish has it. The checker is spent.
int checker_finish(struct checker *c, const uint8_t tag[static CIPHER_TAG_SIZE]) MUST_CHECK;
void checker_free(struct checker *c);
CLEANUP_POINTER(checker, checker_free)

#endif
