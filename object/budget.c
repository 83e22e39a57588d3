#include "object/budget.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/lock.h"

#include <assert.h>
#include <inttypes.h>
#include <sys/mman.h>

#define POOL_IDLE_MAX 16 // free chunks kept when nothing is in use any more

struct free_chunk {
    struct free_chunk *next;
};

struct budget {
    // immutable
    uint64_t limit_chunks;
    size_t chunk_size;

    struct lock lock;
    pthread_cond_t given_changed;
    // guarded by lock
    uint64_t reserved;     // chunks: sum of all slots
    uint64_t wanted;       // chunks: slots that are waited for
    uint64_t shared_used;  // chunks
    uint64_t reading_used; // chunks, part of shared_used
    uint64_t used;         // chunks handed out
    uint64_t peak;
    uint64_t given;
    struct free_chunk *pool; // mapped and free; LIFO, the warmest first
    uint64_t pool_count;
};

int budget_new(struct budget **out, uint64_t limit, size_t chunk_size)
{
    assert(chunk_size >= 4096 && limit >= chunk_size);
    struct budget *b = calloc(1, sizeof *b);
    if (b == NULL)
        return err_set(-ENOMEM, "out of memory");
    b->limit_chunks = limit / chunk_size;
    b->chunk_size = chunk_size;
    lock_init(&b->lock, LOCK_RANK_BUDGET);
    cond_init(&b->given_changed);
    *out = b;
    return 0;
}

static void pool_trim_locked(struct budget *b, uint64_t keep)
{
    assert(lock_is_mine(&b->lock));
    while (b->pool_count > keep) {
        struct free_chunk *chunk = b->pool;
        b->pool = chunk->next;
        b->pool_count--;
        munmap(chunk, b->chunk_size); // the kernel clears the pages before anyone else gets them
    }
}

void budget_free(struct budget *b)
{
    if (b == NULL)
        return;
    lock_take(&b->lock);
    assert(b->used == 0 && b->reserved == 0);
    pool_trim_locked(b, 0);
    lock_give(&b->lock);
    lock_destroy(&b->lock);
    pthread_cond_destroy(&b->given_changed);
    free(b);
}

size_t budget_chunk_size(const struct budget *b)
{
    return b->chunk_size;
}

static int refuse_locked(const struct budget *b, size_t slots)
{
    uint64_t need = (b->reserved + b->shared_used + slots) * b->chunk_size;
    return err_set(-ENOMEM,
                   "the memory limit of %" PRIu64
                   " MiB is taken by the files that are open; one more needs "
                   "--memory-limit %" PRIu64 "MiB",
                   (b->limit_chunks * b->chunk_size) >> 20, (need + (1 << 20) - 1) >> 20);
}

int budget_reserve(struct budget *b, struct budget_account *account, size_t slots, int64_t wait_ms)
{
    WITH_LOCK(&b->lock);
    if (b->reserved + b->wanted + slots > b->limit_chunks)
        return refuse_locked(b, slots);
    int64_t end = clock_ms() + wait_ms, left = wait_ms;
    b->wanted += slots;
    while (b->reserved + b->shared_used + slots > b->limit_chunks && left > 0) {
        cond_wait_ms(&b->given_changed, &b->lock, left);
        left = end - clock_ms();
    }
    b->wanted -= slots;
    pthread_cond_broadcast(&b->given_changed); // others may take again
    if (b->reserved + b->shared_used + slots > b->limit_chunks)
        return refuse_locked(b, slots);
    b->reserved += slots;
    *account = (struct budget_account){.slots = slots};
    return 0;
}

void budget_unreserve(struct budget *b, struct budget_account *account)
{
    WITH_LOCK(&b->lock);
    assert(account->slots_used == 0 && b->reserved >= account->slots);
    b->reserved -= account->slots;
    account->slots = 0;
    b->given++;
    pthread_cond_broadcast(&b->given_changed);
}

static uint8_t *map_chunk(size_t size)
{
    void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
        return NULL;
    madvise(data, size, MADV_DONTDUMP); // it will hold plaintext
    return data;
}

static bool pool_take_locked(struct budget *b, struct budget_chunk *out)
{
    assert(lock_is_mine(&b->lock));
    if (b->pool != NULL) {
        out->data = (uint8_t *)b->pool;
        b->pool = b->pool->next;
        b->pool_count--;
    } else {
        out->data = map_chunk(b->chunk_size);
    }
    if (out->data == NULL)
        return false;
    b->used++;
    if (b->used > b->peak)
        b->peak = b->used;
    return true;
}

static bool shared_has_room_locked(const struct budget *b)
{
    assert(b->reserved + b->shared_used <= b->limit_chunks);
    return b->reserved + b->wanted + b->shared_used < b->limit_chunks;
}

bool budget_take(struct budget *b, struct budget_account *account, struct budget_chunk *out)
{
    WITH_LOCK(&b->lock);
    bool from_slot = account != NULL && account->slots_used < account->slots;
    if ((!from_slot && !shared_has_room_locked(b)) || !pool_take_locked(b, out))
        return false;
    out->account = from_slot ? account : NULL;
    if (from_slot)
        account->slots_used++;
    else
        b->shared_used++;
    return true;
}

bool budget_leave_slot(struct budget *b, struct budget_chunk *chunk)
{
    WITH_LOCK(&b->lock);
    if (chunk->account == NULL)
        return true;
    if (!shared_has_room_locked(b))
        return false;
    chunk->account->slots_used--;
    chunk->account = NULL;
    b->shared_used++;
    return true;
}

bool budget_take_for_reading(struct budget *b, struct budget_chunk *out)
{
    WITH_LOCK(&b->lock);
    if (b->reading_used >= b->limit_chunks / 2 || !shared_has_room_locked(b) ||
        !pool_take_locked(b, out))
        return false;
    out->account = NULL;
    b->shared_used++;
    b->reading_used++;
    return true;
}

static void give_locked(struct budget *b, struct budget_chunk *chunk)
{
    assert(lock_is_mine(&b->lock) && chunk->data != NULL && b->used > 0);
    struct free_chunk *spare = (struct free_chunk *)(void *)chunk->data;
    spare->next = b->pool;
    b->pool = spare;
    b->pool_count++;
    if (chunk->account != NULL) {
        assert(chunk->account->slots_used > 0);
        chunk->account->slots_used--;
    } else {
        assert(b->shared_used > 0);
        b->shared_used--;
    }
    b->used--;
    b->given++;
    *chunk = (struct budget_chunk){0};
    if (b->used == 0)
        pool_trim_locked(b, POOL_IDLE_MAX);
    pthread_cond_broadcast(&b->given_changed);
}

void budget_give(struct budget *b, struct budget_chunk *chunk)
{
    WITH_LOCK(&b->lock);
    give_locked(b, chunk);
}

void budget_give_from_reading(struct budget *b, struct budget_chunk *chunk)
{
    WITH_LOCK(&b->lock);
    assert(b->reading_used > 0);
    b->reading_used--;
    give_locked(b, chunk);
}

uint64_t budget_given(const struct budget *b)
{
    struct budget *mutable = (struct budget *)(uintptr_t)b;
    WITH_LOCK(&mutable->lock);
    return b->given;
}

bool budget_wait_given(struct budget *b, uint64_t seen, int64_t ms)
{
    WITH_LOCK(&b->lock);
    if (b->given == seen)
        cond_wait_ms(&b->given_changed, &b->lock, ms);
    return b->given != seen;
}

void budget_usage(const struct budget *b, struct budget_usage *out)
{
    struct budget *mutable = (struct budget *)(uintptr_t)b;
    WITH_LOCK(&mutable->lock);
    out->limit = b->limit_chunks * b->chunk_size;
    out->used = b->used * b->chunk_size;
    out->peak = b->peak * b->chunk_size;
}
