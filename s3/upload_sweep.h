// Ends the unfinished uploads of processes that died: those that a journal of a dead process names,
// by key and id, and no others. See s3/journal.h.
#ifndef S3_UPLOAD_SWEEP_H
#define S3_UPLOAD_SWEEP_H

#include "s3/endpoint.h"
#include "s3/credentials.h"
#include "s3/journal.h"
#include "s3/store.h"

enum sweep_outcome {
    SWEEP_ENDED,   // aborted, and gone by the server's word
    SWEEP_WAITING, // its Complete, or its process elsewhere, may still be at work: not touched
    SWEEP_FAILED,  // the text says why; the journal keeps it
};

// Of a journal's upload whether a Complete may still be at work: aborting it now would race with
// what may be about to become an object.
bool sweep_must_wait(const struct journal_upload *upload, int64_t now_s);
// Whether its process may live, on the machine that this one's disk was copied from (an image, a
// snapshot, a clone): there it holds its lock, which says nothing here.
bool sweep_may_be_elsewhere(const struct journal_found *found, const struct journal_upload *upload,
                            int64_t now_s);
// Aborts one upload and looks whether it is gone; again, if not. Blocks.
enum sweep_outcome sweep_upload(struct store *store, const struct journal_upload *upload);

// ---- in the background

struct sweeper;

struct sweeper_config { // texts borrowed until it has stopped
    const char *dir;    // the state directory
    struct journal_place place;
    const struct endpoint_config *endpoint;
    struct credentials_source *credentials;
};

// Looks into the state directory. Only if there is something to end a thread begins, with
// connections of its own; what it cannot end it tries again every ten minutes. *out is NULL if
// there is nothing to do. -ENOMEM, or journals_read's.
int sweeper_start(struct sweeper **out, const struct sweeper_config *config) MUST_CHECK;
// Waits up to so long for it to finish, then cancels what it is doing. NULL is none.
void sweeper_stop(struct sweeper *s, int64_t patience_ms);

#endif
