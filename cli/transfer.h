// The work of copy and encrypt: an object streamed from one side to the other, encrypted anew on
// the way, then read back and compared; and what the verbs tell at their end. Main thread.
#ifndef CLI_TRANSFER_H
#define CLI_TRANSFER_H

#include "cli/sides.h"
#include "crypto/digest.h"
#include "object/reader.h"

enum proof {
    PROOF_NONE,
    PROOF_OPENED,  // DST's key opens it, and its size and end are right
    PROOF_CONTENT, // every byte read back is the one that was read from the source
};

// What came of it: filled in as far as it came, so that a failure can tell where.
struct outcome {
    const struct format *format; // of the new object
    bool server_side;
    bool committed; // the new object is there
    enum proof proof;
    uint64_t bytes;        // of the content
    uint64_t stored_bytes; // of the ciphertext; with server_side
    unsigned parts;        // 0: the server copied
    char etag[STORE_ETAG_MAX];
    char version_id[STORE_VERSION_MAX];
    uint8_t digest[DIGEST_SIZE];               // SHA-256 of the content; with PROOF_CONTENT
    bool source_deleted;                       // encrypt
    bool plaintext_gone;                       // encrypt: replaced or deleted, as its key shows it
    char plaintext_version[STORE_VERSION_MAX]; // encrypt: the version that remains, or ""
};

// Streams the source into a new object; both sides are open. The source is of one version, or
// -ESTALE. Nothing of the new object is visible before all of the source was read, and its tag or
// padding was found right; on every error before that the old one stays.
int transfer_stream(struct sides *s, struct reader *source, struct outcome *out) MUST_CHECK;
// Reads the new object back through DST's own key: wholly for PROOF_CONTENT, else its end. -EIO: it
// is not what was written; -EACCES: DST's credentials may not decrypt; -ESTALE: somebody else wrote
// the key meanwhile.
int transfer_verify(struct sides *s, enum proof wanted, struct outcome *out) MUST_CHECK;
// -ESTALE unless the source is still the version of that ETag.
int transfer_check_source(struct sides *s, const char *etag) MUST_CHECK;

// The last line, or with --json the document, also of a failure rc; the code to end with.
int transfer_report(const struct sides *s, const struct outcome *out, int rc) MUST_CHECK;

#endif
