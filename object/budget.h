// The memory budget: one limit for the chunks of all files, and the pool they come from.
//
// A chunk is chunk_size bytes of mapped memory, kept out of core dumps. Every writer reserves the
// slots that it needs to send one smallest part, so that it can always go on; what is beyond comes
// from the shared rest and may have to be waited for:
//
//     shared_used + sum of reservations <= limit        (asserted at every change)
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
    size_t slots;      // reserved chunks
    size_t slots_used; // of them in use
};

struct budget_chunk {
    uint8_t *data;                  // chunk_size bytes; NULL: no memory
    struct budget_account *account; // whose slot it takes; NULL: shared
};

int budget_new(struct budget **out, uint64_t limit, size_t chunk_size) MUST_CHECK;
void budget_free(struct budget *b); // every chunk must be back
size_t budget_chunk_size(const struct budget *b);

// Reserves slots; waits at most wait_ms for shared chunks to come back, and nobody takes new ones
// meanwhile. -ENOMEM (at once if the reservations alone fill the limit) with a text that names the
// limit that would do.
int budget_reserve(struct budget *b, struct budget_account *account, size_t slots,
                   int64_t wait_ms) MUST_CHECK;
// Every chunk of the account must be back.
void budget_unreserve(struct budget *b, struct budget_account *account);

// A chunk from the account's free slots, else (or with account NULL) from the shared rest. False:
// none now. The memory is not cleared.
bool budget_take(struct budget *b, struct budget_account *account, struct budget_chunk *out);
// Makes a chunk in a slot a shared one, if there is room: the slot is free again.
bool budget_leave_slot(struct budget *b, struct budget_chunk *chunk);
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
