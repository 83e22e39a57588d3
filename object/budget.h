// The memory budget: one limit for the chunks of all files, and the pool they come from.
//
// A chunk is chunk_size bytes of mapped memory, kept out of core dumps. Every writer reserves the
// slots that it needs to send one smallest part, so that it can always go on; what is beyond comes
// from the shared rest and may have to be waited for:
//
//     shared_used + sum of reservations <= limit        (asserted at every change)
//
// The last chunks of the shared rest are one writer's at a time (the pass). Many files written out
// of order would else take all of it with what lies ahead of their fronts, and each would wait for
// the others: the write that is missing in front stands behind the one that waits. The pass is its
// holder's until nothing of it lies far ahead any more.
//
// Any thread. Lock rank BUDGET.
#ifndef OBJECT_BUDGET_H
#define OBJECT_BUDGET_H

#include "common/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct budget;

// A writer's reservation. Embedded in its owner; all fields are the budget's.
struct budget_account {
    size_t slots; // reserved chunks
    size_t held;  // chunks: in slots, beyond that shared
    size_t far;   // of them so far ahead of the front that they take no slot
};

struct budget_chunk {
    uint8_t *data;                  // chunk_size bytes; NULL: no memory
    struct budget_account *account; // whose it is; NULL: nobody's, shared
};

int budget_new(struct budget **out, uint64_t limit, size_t chunk_size) MUST_CHECK;
void budget_free(struct budget *b); // every chunk must be back
size_t budget_chunk_size(const struct budget *b);

// Reserves slots; waits at most wait_ms for shared chunks to come back, and nobody takes new ones
// meanwhile. -ENOMEM (at once if the reservations alone fill the limit) with a text that names the
// limit that would do.
int budget_reserve(struct budget *b, struct budget_account *account, size_t slots,
                   int64_t wait_ms) MUST_CHECK;
// Raises a reservation to so many slots. -ENOMEM with such a text if the reservations alone would
// fill the limit; -EAGAIN without a text if only shared chunks are in the way now.
int budget_grow(struct budget *b, struct budget_account *account, size_t slots) MUST_CHECK;
// Every chunk of the account must be back.
void budget_unreserve(struct budget *b, struct budget_account *account);

// A chunk from the account's free slots, else (or with account NULL) from the shared rest. False:
// none now. The memory is not cleared.
bool budget_take(struct budget *b, struct budget_account *account, struct budget_chunk *out);
// One far ahead of the account's front; `far`: how many of those it holds then. Never in a slot.
bool budget_take_far(struct budget *b, struct budget_account *account, size_t far,
                     struct budget_chunk *out);
// So many of the account's chunks are far ahead now. Fewer: others may take its slots. More (it
// starts over at the front): false, and nothing changes, if there is no room for them outside.
bool budget_set_far(struct budget *b, struct budget_account *account, size_t far);
// budget_take for a reader: shared only, and readers together never over half of the limit.
bool budget_take_for_reading(struct budget *b, struct budget_chunk *out);
void budget_give(struct budget *b, struct budget_chunk *chunk);
void budget_give_from_reading(struct budget *b, struct budget_chunk *chunk);

// Counts every chunk given back: a waiter remembers it and waits until it changes, at most ms. True
// if it changed.
uint64_t budget_given(const struct budget *b);
bool budget_wait_given(struct budget *b, uint64_t seen, int64_t ms);

struct budget_usage {
    uint64_t limit, used, peak; // bytes
};
void budget_usage(const struct budget *b, struct budget_usage *out);

#endif
