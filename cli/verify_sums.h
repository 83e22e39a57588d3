// S3's own checksums of an object, held against what is read: each range of it that S3 keeps a
// CRC32C of. The ciphertext is not read again: the plaintext sealed once more under the object's
// key and IV is the same ciphertext, of a changed object too (what a mode of AES decrypts, it
// encrypts back). One thread at a time.
#ifndef CLI_VERIFY_SUMS_H
#define CLI_VERIFY_SUMS_H

#include "object/reader.h"

enum sums_state {
    SUMS_UNFINISHED, // the object was not read to its end
    SUMS_NONE,       // S3 keeps no CRC32C of it
    SUMS_UNTOLD,     // S3 did not tell: `why`
    SUMS_MATCH,
    SUMS_MISMATCH,
};

struct sums_report {
    enum sums_state state;
    struct err_saved why;
    size_t checksums;     // that S3 keeps of ranges: one, or one a part
    size_t mismatches;    // of them and of the object's
    unsigned part;        // the first that does not match; 0: the object's own
    uint64_t offset, end; // bytes of the object that it is of
};

struct sums;

// Asks S3; what it does not tell is a result. *out NULL: there is nothing to compare. The reader
// and the report are borrowed. -ENOMEM, -EIO.
int sums_new(struct sums **out, struct volume *v, const char *key, const struct reader *r,
             struct sums_report *report) MUST_CHECK;
// The next bytes of content, which are sealed in place. Whole blocks of the cipher, but at the end.
int sums_feed(struct sums *s, uint8_t *content, size_t len) MUST_CHECK;
// All was fed: the report is whole.
int sums_end(struct sums *s) MUST_CHECK;
void sums_free(struct sums *s);
CLEANUP_POINTER(sums, sums_free)

#endif
