// The inside of a reader, shared by the reader_*.c files only.
//
//   reader.c         the calls of reader.h: opening, reading
//   reader_fetch.c   one range, from the server to decrypted bytes in memory
//   reader_spans.c   reading ahead
//   reader_check.c   proving what was read in sequence by the object's tag
#ifndef OBJECT_READER_INTERNAL_H
#define OBJECT_READER_INTERNAL_H

#include "object/reader.h"
#include "object/volume_internal.h"

struct span;

// Whether content that carries a tag is proved by it.
enum check_state {
    CHECK_NONE,    // it carries none, or was not read in sequence from its start
    CHECK_RUNNING, // what was read so far was, and is being proved
    CHECK_PASSED,
    CHECK_FAILED,
};

struct place { // where the object is: it may be moved on the server
    char key[STORE_KEY_MAX + 1];
    char etag[STORE_ETAG_MAX];
};

struct reader {
    // immutable
    struct volume *volume;
    char key[STORE_KEY_MAX + 1]; // as opened
    struct object_info info;     // as opened
    struct secret *data_key;     // NULL for plaintext objects
    uint64_t size;
    size_t span_size; // multiple of the chunk

    struct lock lock;
    pthread_cond_t changed;
    // guarded by lock
    struct place place;
    struct span *spans;
    unsigned queued;      // spans that workers hold
    uint64_t next_offset; // where a sequence would go on
    uint64_t in_a_row;    // bytes read in sequence
    unsigned ahead;       // spans to keep ahead; 0: not sequential
    uint64_t front;       // index of the span read last
    enum check_state check;
    struct checker *checker; // of a running check; its user's while check_busy
    uint64_t checked;        // plaintext bytes that it has seen
    bool check_busy;         // a thread feeds it, without the lock
    uint64_t read_end;       // end of the read that went furthest
    uint64_t read_total;     // bytes read in all
    bool has_tag;
    uint8_t tag[CIPHER_TAG_SIZE]; // the object's, as a fetch met it
};

// ---- reader_fetch.c: no lock is held ----

// Writes plaintext [want, want + len) into pieces of memory, from a stream that starts a little
// earlier.
struct fetch {
    struct reader *reader;
    struct opener *opener; // NULL: plaintext object
    struct cipher_range range;
    uint64_t at; // plaintext offset of the next byte out of the opener
    uint64_t want, len;
    uint8_t *(*memory)(void *place, uint64_t offset, size_t *room); // where plaintext `offset` goes
    void *place;
    uint8_t *scratch; // out of the opener, when it does not fit where it belongs
};

// Gets f->range through f->opener; *pad_len as opener_finish gives it.
int fetch_range(struct fetch *f, size_t *pad_len) MUST_CHECK;
// Gets [want, want + len) and checks the padding if it reaches the end.
int fetch_run(struct fetch *f) MUST_CHECK;
// The same into one piece of memory.
int fetch_flat(struct reader *r, uint64_t offset, uint8_t *out, size_t len) MUST_CHECK;

// ---- reader_check.c ----

// Begins a check, if the content can be proved at all.
int check_begin(struct reader *r) MUST_CHECK;
// Counts a read. True: once it is served, check_finish must be asked.
bool check_is_due_locked(struct reader *r, uint64_t offset, size_t len);
// What an opener has seen: the tag, and, if it opened the whole object, that it fits. No lock held.
void check_note_fetched(struct reader *r, const struct opener *opener, bool whole);
// Feeds what is ready, in order; the lock is released meanwhile.
void check_advance_locked(struct reader *r);
// What was read without a span: fed if it is its turn. No lock held.
void check_offer(struct reader *r, uint64_t offset, const uint8_t *bytes, size_t len);
// Lets a read at offset go on only when the check is not far behind it.
void check_keep_up_locked(struct reader *r, uint64_t offset);
// All of the file is read: 0 if it is what was sealed, or if that cannot be said; -EIO if it is
// not. Fetches what was missed.
int check_finish(struct reader *r) MUST_CHECK;
// Reads and proves the whole object, and keeps nothing of it.
int check_whole(struct reader *r) MUST_CHECK;
// Whether a span is still needed for the check.
bool check_wants_locked(const struct reader *r, uint64_t begin, uint64_t size);

// ---- reader_spans.c ----

// Whether there is a span at an offset, in any state.
bool spans_any_locked(struct reader *r, uint64_t offset);
// The span at an offset if its bytes are there, else NULL. It stays until spans_unpin_locked.
struct span *spans_pin_ready_locked(struct reader *r, uint64_t offset);
void spans_unpin_locked(struct reader *r, struct span *span);
// The bytes of a pinned span from `at` on, which lies in it. No lock needed.
const uint8_t *span_bytes(struct span *span, uint64_t at, size_t *len);

size_t span_size_for(const struct volume *v);
// Watches whether reads go on where the last ones ended, give or take what concurrency shuffles,
// and reads ahead if they do.
void spans_note_read_locked(struct reader *r, uint64_t offset, size_t len);
// Reads [offset, offset + *piece) if it is in a span; *piece 0: there is none.
int spans_read_locked(struct reader *r, uint64_t offset, uint8_t *out, size_t len,
                      size_t *piece) MUST_CHECK;
void spans_drop_all_locked(struct reader *r); // waits for those on the wire

#endif
