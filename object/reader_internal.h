// The inside of a reader, shared by the reader_*.c files only.
//
//   reader.c         the calls of reader.h: opening, reading
//   reader_fetch.c   one range, from the server to decrypted bytes in memory
//   reader_spans.c   reading ahead
#ifndef OBJECT_READER_INTERNAL_H
#define OBJECT_READER_INTERNAL_H

#include "object/reader.h"
#include "object/volume_internal.h"

struct span;

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

// ---- reader_spans.c ----

size_t span_size_for(const struct volume *v);
// Watches whether reads go on where the last ones ended, give or take what concurrency shuffles,
// and reads ahead if they do.
void spans_note_read_locked(struct reader *r, uint64_t offset, size_t len);
// Reads [offset, offset + *piece) if it is in a span; *piece 0: there is none.
int spans_read_locked(struct reader *r, uint64_t offset, uint8_t *out, size_t len,
                      size_t *piece) MUST_CHECK;
void spans_drop_all_locked(struct reader *r); // waits for those on the wire

#endif
