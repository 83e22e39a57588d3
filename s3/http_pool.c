#include "s3/http_pool.h"
#include "common/clock.h"
#include "common/err.h"
#include "s3/config.h"

#include <assert.h>

void http_pool_init(struct http_pool *p, unsigned bulk_max, unsigned short_max)
{
    assert(bulk_max > 0 && short_max > 0);
    *p = (struct http_pool){.bulk_max = bulk_max, .short_max = short_max, .bulk_allowed = bulk_max};
    lock_init(&p->lock, LOCK_RANK_STORE);
    cond_init(&p->changed);
}

void http_pool_destroy(struct http_pool *p)
{
    for (int lane = 0; lane < HTTP_LANES; lane++)
        assert(p->active[lane] == 0);
    assert(p->idle == NULL);
    pthread_cond_destroy(&p->changed);
    lock_destroy(&p->lock);
}

static bool may_start_locked(const struct http_pool *p, enum http_lane lane)
{
    assert(lock_is_mine(&p->lock));
    return p->active[lane] < (lane == HTTP_LANE_SHORT ? p->short_max : p->bulk_allowed);
}

static struct http_pool_entry *take_idle_locked(struct http_pool *p)
{
    assert(lock_is_mine(&p->lock));
    struct http_pool_entry *entry = p->idle;
    if (entry != NULL) {
        p->idle = entry->next;
        p->idle_count--;
    }
    return entry;
}

int http_pool_enter(struct http_pool *p, enum http_lane lane, const atomic_bool *cancel,
                    int64_t deadline_ms, struct http_pool_entry **out)
{
    WITH_LOCK(&p->lock);
    while (!may_start_locked(p, lane)) {
        if (cancel != NULL && atomic_load_explicit(cancel, memory_order_relaxed))
            return err_set(-ECANCELED, "given up by the caller while waiting for a connection");
        if (clock_ms() >= deadline_ms)
            return err_set(-ETIMEDOUT, "no connection became free");
        cond_wait_ms(&p->changed, &p->lock, HTTP_POLL_MS);
    }
    p->active[lane]++;
    *out = take_idle_locked(p);
    return 0;
}

struct http_pool_entry *http_pool_leave(struct http_pool *p, enum http_lane lane,
                                        struct http_pool_entry *entry)
{
    WITH_LOCK(&p->lock);
    assert(p->active[lane] > 0);
    p->active[lane]--;
    pthread_cond_broadcast(&p->changed); // all kinds wait here
    if (entry == NULL || p->idle_count >= 2 * p->bulk_max + HTTP_SHORT_IDLE_MAX)
        return entry;
    entry->next = p->idle;
    p->idle = entry;
    p->idle_count++;
    return NULL;
}

static struct http_pace change_locked(struct http_pool *p, unsigned allowed, int64_t now_ms)
{
    struct http_pace pace = {p->bulk_allowed, allowed, p->bulk_max};
    assert(lock_is_mine(&p->lock) && allowed >= 1 && allowed <= p->bulk_max);
    p->bulk_allowed = allowed;
    p->bulk_served = 0;
    p->bulk_changed_ms = now_ms;
    return pace;
}

static struct http_pace same_locked(const struct http_pool *p)
{
    return (struct http_pace){p->bulk_allowed, p->bulk_allowed, p->bulk_max};
}

struct http_pace http_pool_slow_down(struct http_pool *p, int64_t started_ms, int64_t now_ms)
{
    WITH_LOCK(&p->lock);
    if (p->bulk_changed_ms != 0 && started_ms <= p->bulk_changed_ms)
        return same_locked(p);
    return change_locked(p, p->bulk_allowed > 1 ? p->bulk_allowed / 2 : 1, now_ms);
}

struct http_pace http_pool_served(struct http_pool *p, int64_t now_ms)
{
    WITH_LOCK(&p->lock);
    if (p->bulk_allowed == p->bulk_max || ++p->bulk_served < p->bulk_allowed ||
        now_ms - p->bulk_changed_ms < HTTP_PACE_GROW_MS)
        return same_locked(p);
    pthread_cond_broadcast(&p->changed);
    return change_locked(p, p->bulk_allowed + 1, now_ms);
}

struct http_pool_entry *http_pool_take_idle(struct http_pool *p)
{
    WITH_LOCK(&p->lock);
    return take_idle_locked(p);
}
