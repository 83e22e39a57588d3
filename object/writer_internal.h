// The inside of a writer, shared by the writer_*.c files only (and the volume, which walks the
// list).
//
//   writer.c          the calls of writer.h: writes, truncation, status
//   writer_read.c     reading what is being written
//   writer_window.c   chunks of plaintext ahead of the sealed mark, and waiting for memory
//   writer_spill.c    chunks of the window that go to the spool for a while
//   writer_overlay.c  what was there before: filling holes with it, going back over what is sealed
//   writer_seal.c     encrypting chunks in order and gathering them into parts
//   writer_send.c     parts on the wire, failure and abort
//   writer_commit.c   the commit
//   writer_audit.c    lines of the audit file
//   writer_reopen.c   going on after a commit, and with an object that exists
//
// Offsets: plaintext and ciphertext offsets are the same number below the end of the file (CBC and
// GCM keep length), so `sealed` serves both. A generation is one upload under one envelope.
//
// What a generation's file holds, at an offset, is the first of these that has it:
//
//     the window             what was written and is not sealed
//     the stream             what is sealed (readable again only if there is a spool)
//     earlier                what an upload had sealed that this generation replaces
//     [0, before_end)        the committed object
//     zeros
#ifndef OBJECT_WRITER_INTERNAL_H
#define OBJECT_WRITER_INTERNAL_H

#include "object/extents.h"
#include "object/parts.h"
#include "object/reader.h"
#include "object/spool.h"
#include "common/audit.h"
#include "crypto/page.h"
#include "object/volume_internal.h"
#include "object/writer.h"

#define WRITER_MEMORY_POLL_MS                                                                      \
    100 // how long one wait for memory lasts before everything is looked at anew
#define WRITER_GAP_PATIENCE_MS                                                                     \
    2000 // nothing moves anywhere for this long: the gap in front is taken for zeros

#define WRITER_GAP_PATIENCE_AGAIN_MS                                                               \
    250 // the same in a file that is changed here and there, once it was so

#define WRITER_RESERVE_WAIT_MS                                                                     \
    5000 // how long opening waits for memory: the kernel may hold the directory meanwhile

// Plaintext of [index * chunk_size, + chunk_size), being filled.
struct window_chunk {
    uint64_t index;
    uint32_t begin;   // first byte that this generation writes itself (after a reopen in mid-chunk)
    unsigned pins;    // it stays, and is not sealed meanwhile
    unsigned copying; // writes in progress without the lock; each has a pin too
    bool moving;      // between memory and the spool: everybody waits
    bool spilled;     // in the spool, without memory
    struct page_seal seal; // of what is in the spool
    struct extents written;
    struct budget_chunk memory;
    UT_hash_handle hh;
};

// Sealed bytes on their way, or a server-side copy of the old object's bytes.
struct writer_part {
    struct work work;
    struct writer *writer;
    unsigned number;
    bool is_copy;
    bool spooled;    // its bytes are in the generation's spool, at `offset`, not in memory
    uint64_t offset; // of the file; for a copy: of the old object
    uint64_t size;   // ciphertext bytes
    uint32_t crc32c;
    struct budget_chunk *chunks; // count of them
    struct iovec *iov;           // count + 1: the last one for the finish bytes
    size_t count, room;
    uint8_t finish[CIPHER_FINISH_MAX]; // tail block, padding, tag
    size_t finish_len;
};

// One upload under one envelope.
struct writer_generation {
    bool has_key;       // envelope and data_key are set
    bool keep_envelope; // continues the committed object: its envelope may be used again
    struct envelope envelope;
    struct secret *data_key;
    struct sealer *sealer;
    uint64_t base;                 // [0, base) is copied from the committed object by the server
    uint64_t sealed;               // everything below is encrypted, or copied
    uint64_t closed_until;         // gaps below this are final: nobody waits for them any more
    uint64_t part_begin;           // where the part being gathered starts
    struct writer_part *gathering; // NULL: none
    unsigned next_number;
    char upload_id[STORE_UPLOAD_ID_MAX]; // "" : no upload
    bool creating_upload;
    struct store_part *parts; // results by number - 1; number 0: not there yet
    size_t parts_room;
    unsigned in_flight;
    bool single;     // a single PUT: gather all, send nothing
    bool completing; // Complete is on the wire: no abort now
    bool completed;  // the server has said that the object is there
    // An overlay: what is not written is as it was before.
    uint64_t before_end;         // of the committed object [0, before_end) shows through
    struct spool_stream earlier; // before that, what an upload that was given up had sealed
    uint64_t cuts;               // counts truncations: what was read before may not show any more
    uint64_t first_changed;      // the lowest offset that was written; UINT64_MAX: none
    bool gaps_closed;            // nobody came for such a gap
    bool deferred;               // nothing is sealed before the commit: it went back before
    struct spool_stream stream;  // what is sealed; empty without a spool
    // Chunks of the window that are not in memory.
    struct spool *pages;
    struct page_cipher *page_cipher;
};

// What a rewrite costs, in bytes, from the first change to the commit.
struct writer_cost {
    uint64_t fetched;   // of the committed object
    uint64_t read_back; // from the spool
    uint64_t sent;
    uint64_t given_up; // sent in vain
    bool rewrite;
};

struct writer {
    // immutable
    struct volume *volume;
    struct audit_actor actor; // who opened it
    struct writer *next;      // guarded by the volume's writers_lock

    struct lock lock;
    pthread_cond_t changed;    // anything below
    atomic_bool cancel;        // ends requests on the wire, and sealing
    atomic_bool relief_wanted; // memory is short
    atomic_bool seal_queued;
    atomic_uint tasks; // queued and running work items; they keep the writer alive
    struct work seal_work;
    struct work abort_work;

    // guarded by lock
    char key[STORE_KEY_MAX + 1];
    struct err_saved failure; // sticky; code 0: none
    char s3_request_id[128];  // of the request that made the object
    unsigned retries;         // of parts and commits, since the last commit
    bool unwanted;            // it was removed: what fails from here on is no loss
    bool busy;                // a commit or a reopen runs: changes wait
    bool committing;          // busy with a commit: what will be sealed is final
    uint64_t epoch;           // counts the times it became busy: what was seen before may be gone
    unsigned pins;            // of all chunks, and reads of what was there before
    bool sealing;
    bool aborting;
    bool open;            // a generation with changes exists; else everything is committed
    bool hold_given_up;   // stream, though the file is small
    uint64_t hwm;         // end of the data
    uint64_t declared;    // size by truncate or fallocate, 0 or >= hwm when it matters
    uint64_t hint;        // largest size ever declared: for the part sizes
    bool tail_is_content; // the last change of size was up and nothing was written since
    struct window_chunk *window;
    uint64_t window_bytes; // of chunks in the window
    size_t far;            // of them so far ahead that they take no slot, as the budget was told
    struct writer_generation gen;
    struct writer_cost cost;
    struct budget_account account; // its slots are changed only with this lock held, too
    bool has_committed;
    struct object_info committed;
    // Of what is committed: who has written or opened a file goes on with it whatever becomes of
    // the KMS key meanwhile. NULL: it is asked for (not encrypted; or not our envelope any more).
    struct secret *committed_key;
    struct reader *reader; // of the committed object, opened when needed
    int64_t mtime_s;       // -1: none
    struct kv metadata;    // the caller's, beside the envelope
    int64_t first_write_ms, last_commit_ms;
    unsigned committed_parts;
    struct mtf_summary content; // what was sealed looks like; for the log only
};

// ---- writer.c: helpers for all ----
// Waits until no commit or reopen runs. 0, -EINTR, or the sticky error.
int writer_wait_turn_locked(struct writer *w, const atomic_bool *interrupted) MUST_CHECK;
uint64_t writer_size_locked(const struct writer *w);
bool writer_interrupted(const atomic_bool *interrupted);
// The file ends at size, where nothing above is sealed.
void writer_cut_locked(struct writer *w, uint64_t size);
// Takes the exclusive right (busy), once the copies in progress have ended / gives it back and
// wakes everyone.
void writer_begin_busy_locked(struct writer *w);
void writer_end_busy_locked(struct writer *w);

// ---- writer_audit.c ----
// The line about a version that was committed; no lock held, busy is the caller's.
void writer_audit_commit(struct writer *w, const struct object_info *info, uint64_t size,
                         unsigned parts);
// The line about a file that was given up; nobody else has the writer any more.
void writer_audit_failure(struct writer *w);

// ---- writer_window.c ----
struct window_chunk *window_find_locked(struct writer *w, uint64_t index);
// The chunk, in memory, new if need be; waits for memory. -EAGAIN: it waited, and the file was
// committed or reopened meanwhile, or the place was sealed: the caller starts over.
int window_obtain_locked(struct writer *w, uint64_t index, const atomic_bool *interrupted,
                         struct window_chunk **out) MUST_CHECK;
// One step of waiting for memory, with the lock released: everybody is asked to send what can be
// sent. 0: look again; else the sticky error, -EINTR, or what is sticky now, after too long.
struct memory_wait { // zeroed before the first step
    int64_t began_ms, moved_ms;
};
int window_wait_locked(struct writer *w, struct memory_wait *wait,
                       const atomic_bool *interrupted) MUST_CHECK;
// The chunk, in memory, new if need be; *out is NULL if there is no memory now, or the chunk is
// moving. The lock may be released for the spool.
int window_try_locked(struct writer *w, uint64_t index, struct window_chunk **out) MUST_CHECK;
// Tells the budget how many chunks are far ahead now that the front has moved. False: it moved
// back, and there is no room for them outside the slots.
bool window_tell_far_locked(struct writer *w);
// The chunk stays, is not sealed, and nobody gets the exclusive right.
void window_pin_locked(struct writer *w, struct window_chunk *chunk);
void window_unpin_locked(struct writer *w, struct window_chunk *chunk);
// The same for the writer as a whole: what was there before stays readable.
void writer_pin_locked(struct writer *w);
void writer_unpin_locked(struct writer *w);
// A write in progress without the lock, between pin and unpin.
void window_begin_copy_locked(struct window_chunk *chunk);
void window_end_copy_locked(struct writer *w, struct window_chunk *chunk);
// Takes the chunk's memory out and frees the rest.
struct budget_chunk window_detach_locked(struct writer *w, struct window_chunk *chunk);
void window_drop_locked(struct writer *w, struct window_chunk *chunk);
// More waits behind the gap in front than the window allows: it is closed. True if that was so.
bool window_keep_to_limit_locked(struct writer *w);
void window_cut_locked(struct writer *w, uint64_t size); // forgets plaintext at and above size
void window_clear_locked(struct writer *w);              // all that are not pinned

bool window_is_near_locked(const struct writer *w, uint64_t index);

// ---- writer_spill.c ----
// Moves one chunk to the spool, not the one at `keep`. -EAGAIN: there is none to move.
int spill_one_locked(struct writer *w, uint64_t keep) MUST_CHECK;
// Brings a chunk back into that memory, which it takes over.
int spill_load_locked(struct writer *w, struct window_chunk *chunk,
                      struct budget_chunk *memory) MUST_CHECK;
// Others need memory: half of the window goes to the spool.
void spill_for_relief_locked(struct writer *w);

// ---- writer_overlay.c ----
// Where what was there before ends, and zeros begin.
uint64_t overlay_end_locked(const struct writer *w);
// Reads what was there before, with the lock released. -EAGAIN: things changed meanwhile, what was
// read is void.
int overlay_read_locked(struct writer *w, uint64_t offset, uint8_t *out, size_t len) MUST_CHECK;
// Fills the holes of a chunk below `end` with what was there before; the lock is released. The
// chunk must stay: the caller has pinned it or seals.
int overlay_fill_locked(struct writer *w, struct window_chunk *chunk, uint32_t end) MUST_CHECK;
// Truncation: what was there at and above size shows no more.
void overlay_cut_locked(struct writer *w, uint64_t size);
// Busy is the caller's. The upload is given up and a new generation begins in which nothing is
// sealed; the file stays as it is. -EOPNOTSUPP: what was sealed is lost without a spool. offset is
// where the change is, for the text.
int overlay_go_back_locked(struct writer *w, uint64_t offset) MUST_CHECK;
// A piece of a write that lies below what is sealed. 0 with *same: nothing to do, the bytes are
// there already. -EAGAIN: the place is no longer sealed, start over.
int overlay_rewrite_locked(struct writer *w, uint64_t offset, const uint8_t *data, size_t len,
                           bool *same) MUST_CHECK;

// ---- writer_seal.c ----
bool writer_holding_locked(const struct writer *w);
// Part sizes for a file of so many bytes (0: not known), with the memory that there is now.
struct parts_plan writer_plan_locked(struct writer *w, uint64_t hint);
// Makes sure that a worker looks at the window. Lock not needed.
void writer_kick(struct writer *w);
void writer_relieve(struct writer *w);
// Seals what can be sealed, in this thread; the lock is released while encrypting.
void seal_ready_locked(struct writer *w);
// The last bytes: [sealed, end) within one chunk, then padding. Everything before is sealed.
int seal_finish_locked(struct writer *w, uint64_t end) MUST_CHECK;
void seal_run(struct work *work);
void part_free(struct writer *w, struct writer_part *part);
void generation_clear(struct writer *w); // no task may run
void generation_start_locked(struct writer *w, uint64_t base);

// ---- writer_send.c ----
void send_part_locked(struct writer *w, struct writer_part *part);
struct store_body send_body(struct writer_part *part); // from memory, or from the spool
int send_copies_locked(struct writer *w,
                       uint64_t len) MUST_CHECK; // [0, len) of the committed object
void writer_fail_locked(struct writer *w,
                        int code); // with this thread's text; the first cause stays
void abort_run(struct work *work);
int send_build_metadata_locked(struct writer *w, bool with_plain_size, uint64_t plain_size,
                               struct kv *out) MUST_CHECK;
// Waits for the parts on the wire and aborts the upload, keeping the writer usable.
void send_abandon_locked(struct writer *w);

// ---- writer_reopen.c ----
// Runs a step with the exclusive right; a failure is the file's.
int writer_exclusively_locked(struct writer *w, int (*step)(struct writer *, uint64_t),
                              uint64_t argument) MUST_CHECK;
// Before a write at offset to a file in which nothing is uncommitted.
int reopen_for_write_locked(struct writer *w, uint64_t offset) MUST_CHECK;
// Makes the file end at cut (below its size) when that part is sealed or committed.
int reopen_at_locked(struct writer *w, uint64_t cut) MUST_CHECK;
int writer_ensure_reader_locked(struct writer *w) MUST_CHECK; // busy is the caller's
// The data key of what is committed, for the caller to release. No lock held; busy or sealing.
int writer_committed_key(struct writer *w, struct secret **key) MUST_CHECK;

#endif
