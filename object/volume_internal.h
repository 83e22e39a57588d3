// What readers and writers see of their volume. Not for other folders.
#ifndef OBJECT_VOLUME_INTERNAL_H
#define OBJECT_VOLUME_INTERNAL_H

#include "common/lock.h"
#include "object/budget.h"
#include "object/volume.h"
#include "object/work.h"
#include "object/write_once.h"

#include <uthash.h>

// What a writer reserves beside one part: the chunk being filled, and one behind it.
#define WRITER_SPARE_CHUNKS 2

struct writer;
struct key_cache_entry;

struct volume {
    // immutable
    struct store *store;
    struct keyring *keyring;
    struct volume_config config;
    struct write_once_heeded heeded; // set before the volume is shared
    size_t chunk_size;
    size_t writer_slots; // chunks that each writer reserves at open
    struct budget *budget;
    struct work_pool *sealers;  // encrypt, in order within a file
    struct work_pool *senders;  // one request each
    struct work_pool *fetchers; // read ahead

    struct lock writers_lock; // rank BUDGET: taken alone, to walk the list
    struct writer *writers;   // guarded by writers_lock: all that live, linked by writer->next
    unsigned writers_count;   // guarded by writers_lock

    atomic_uint sending; // requests on the wire, or queued for it, that hold memory

    struct lock keys_lock;        // rank STORE
    struct key_cache_entry *keys; // guarded by keys_lock
};

// The data key of an object, unwrapped now or remembered for its ETag and this very envelope (but
// for IV and commitment, which is checked each time). Same errors as the keyring's unwrap.
int volume_unwrap(struct volume *v, const char *etag, const struct envelope *e,
                  struct secret **key) MUST_CHECK;

// Adds and removes a writer; the list gives each its share of the memory.
void volume_add_writer(struct volume *v, struct writer *w);
void volume_remove_writer(struct volume *v, struct writer *w);
// Largest part that one writer may build now: a third of its share of the limit, at least part_min.
uint64_t volume_part_cap(struct volume *v);
// What a part may have with the spool's help: volume_part_cap without one.
uint64_t volume_part_max(struct volume *v);
// Memory is short: every writer gives up its hold and sends what it can. No writer lock may be
// held.
void volume_relieve(struct volume *v);

#endif
