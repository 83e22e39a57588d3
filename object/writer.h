// Writing one object: bytes come in any order within a window, are sealed in order and sent in
// parallel parts; nothing is visible before a commit, and a commit that returned 0 is in S3. See
// docs/SEMANTICS.md for the rules.
//
//   upload:  OPEN --commit--> COMMITTING --> COMMITTED --write--> (reopen) OPEN      any
//   --failure--> FAILED --> ABORTED chunk:   FILLING --> SEALED --> SENT, never back (but a file
//   still held whole may be unsealed before anything was sent)
//
// A writer may be used by any number of threads; writes wait for memory, never for an earlier
// write.
#ifndef OBJECT_WRITER_H
#define OBJECT_WRITER_H

#include "object/volume.h"
#include "mtf/mtf.h"

struct writer;

// A new object at key, or a new generation over an old one (which stays until the commit). Asks KMS
// for the data key now (<= 10 s) and reserves memory: -ENOMEM names the limit needed.
//
// With no_overwrite nothing is asked of S3 here: if there is an object, the commit says -EEXIST
// (write_once_check tells it earlier). What this writer has committed itself it may go on with.
int writer_create(struct volume *v, const char *key, struct writer **out) MUST_CHECK;
// An existing object, to be read, appended to, truncated or replaced: downloads nothing but what
// makes its size exact. -EEXIST with no_overwrite.
int writer_open(struct volume *v, const char *key, const struct object_info *info,
                struct writer **out) MUST_CHECK;

// The last reference: an uncommitted upload is aborted.
void writer_free(struct writer *w);
CLEANUP_POINTER(writer, writer_free)

// interrupted (may be NULL) ends a wait with -EINTR.
// 0 or: -ENOSPC beyond format, parts or memory; -EOPNOTSUPP a rewrite that is refused (sticky);
// -EINTR; or the sticky error.
int writer_write(struct writer *w, uint64_t offset, const void *data, size_t len,
                 const atomic_bool *interrupted) MUST_CHECK;
// The same; an interruption after some bytes were taken is a success with *taken < len.
int writer_write_some(struct writer *w, uint64_t offset, const void *data, size_t len,
                      const atomic_bool *interrupted, size_t *taken) MUST_CHECK;
// From window, held data or the committed object; -EBUSY what is neither.
int writer_read(struct writer *w, uint64_t offset, void *out, size_t len, size_t *got) MUST_CHECK;
// Up: a declared size (a hint, nothing is sent). Down: see docs/SEMANTICS.md.
int writer_truncate(struct writer *w, uint64_t size) MUST_CHECK;
// fallocate: a hint; declares the size unless keep_size.
int writer_allocate(struct writer *w, uint64_t size, bool keep_size) MUST_CHECK;

enum writer_commit_kind {
    WRITER_FSYNC, // at the high-water mark; writing may go on
    WRITER_CLOSE, // the closing commit: a declared tail becomes zeros or an error
};
// Everything written so far is in S3 when this returns 0. Free when nothing is new.
int writer_commit(struct writer *w, enum writer_commit_kind kind,
                  const atomic_bool *interrupted) MUST_CHECK;
// Sends what is full without completing, and returns the sticky error.
int writer_drain(struct writer *w) MUST_CHECK;
// Gives up: aborts the upload; everything after returns code with this text (sticky). The old
// object stays.
void writer_abort(struct writer *w, int code, const char *why);
// Before the object is removed: once this returned 0, nothing of this writer appears any more, and
// everything after returns -ESTALE. -EBUSY: the last request of a commit is on its way and did not
// end within wait_ms.
int writer_discard(struct writer *w, int64_t wait_ms) MUST_CHECK;

struct writer_status {
    uint64_t size;             // what stat shows: max(high-water mark, declared size)
    bool dirty;                // something is not committed
    bool sent_anything;        // an upload exists (the key is fixed)
    bool has_committed;        // a version of this writer is in S3 ...
    char etag[STORE_ETAG_MAX]; // ... this one
    char version_id[STORE_VERSION_MAX];
    struct err_saved failure; // code 0 if none
    bool committing;          // a commit is under way
    uint64_t written;         // high-water mark of what was written
    uint64_t sent;            // of what is not committed: ciphertext bytes that the server has
    uint64_t bytes;           // plaintext bytes of the committed object
    unsigned parts;           // of the last upload; 1 for a single PUT
    double seconds;           // from the first write to the end of the last commit
    // What was sealed looks like, for the log only. After a reopening that keeps the front of an
    // object that somebody else wrote, only its end is known.
    struct mtf_summary content;
};
void writer_status(struct writer *w, struct writer_status *out);

// A modification time to keep with the object: goes along when that is free (a single PUT, or an
// upload not yet begun).
void writer_set_mtime(struct writer *w, int64_t mtime_s);
// User metadata to keep with the object beside its envelope; what is an envelope's in it, of any
// version, is left out. Before the first write. Copied; -ENOMEM.
int writer_set_metadata(struct writer *w, const struct kv *metadata) MUST_CHECK;

// Another key, while nothing was sent: 0, else -EBUSY.
int writer_rekey(struct writer *w, const char *key) MUST_CHECK;

#endif
