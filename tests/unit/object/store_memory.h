// An object store in memory, strict as S3 is (part minimum, order, If-Match), which fails or
// misbehaves on demand.
#ifndef TESTS_UNIT_OBJECT_STORE_MEMORY_H
#define TESTS_UNIT_OBJECT_STORE_MEMORY_H

#include "s3/store.h"

enum memory_op {
    MEMORY_HEAD,
    MEMORY_GET,
    MEMORY_PUT,
    MEMORY_REMOVE,
    MEMORY_COPY,
    MEMORY_LIST,
    MEMORY_CREATE,
    MEMORY_PART,
    MEMORY_PART_COPY,
    MEMORY_COMPLETE,
    MEMORY_ABORT,
    MEMORY_UPLOAD_LIST,
    MEMORY_OPS
};

enum memory_fault {
    FAULT_BEFORE, // the call fails and had no effect
    FAULT_AFTER,  // it took effect, and the caller hears of a failure: a lost answer; a GET breaks
                  // off in the middle
};

struct store *store_memory_new(uint64_t part_min);

// The n-th call from now (1: the next; counted over all operations) fails with code. 0 switches
// off.
void store_memory_fail(struct store *s, unsigned n, enum memory_fault fault, int code);
// As of now every call of op fails with code (0: works again).
void store_memory_break(struct store *s, enum memory_op op, int code);
// Each call takes up to this long, at random: to shuffle what is concurrent.
void store_memory_delay(struct store *s, unsigned max_us);

// Called on the thread of every call before it has any effect, with no lock held: fn may wait, or
// use this side of the store. at: the offset of a GET, the number of a part.
typedef void (*store_memory_hook_fn)(void *context, enum memory_op op, uint64_t at);
void store_memory_hook(struct store *s, store_memory_hook_fn fn, void *context);
// UploadPartCopy ignores If-Match, as some servers do.
void store_memory_ignore_copy_conditions(struct store *s);
// Put and Complete replace what is there also when only what is new was to be made.
void store_memory_ignore_only_new(struct store *s);

// What the call was that store_memory_fail let fail; MEMORY_OPS: none yet.
enum memory_op store_memory_failed(struct store *s);
unsigned store_memory_calls(struct store *s); // since the start
unsigned store_memory_calls_of(struct store *s, enum memory_op op);
unsigned store_memory_uploads(struct store *s); // unfinished
uint64_t store_memory_sent(struct store *s);    // bytes of bodies
uint64_t store_memory_fetched(struct store *s); // bytes that GETs gave

// The stored object, NULL if there is none. Borrowed until the next change of the key.
const uint8_t *store_memory_object(struct store *s, const char *key, uint64_t *size,
                                   const struct kv **metadata);
// Puts raw bytes there, as somebody else would.
void store_memory_plant(struct store *s, const char *key, const void *data, uint64_t size,
                        const struct kv *metadata);
// The same bytes under other metadata: a copy onto itself, which keeps the ETag.
void store_memory_relabel(struct store *s, const char *key, const struct kv *metadata);

#endif
