// The memory budget: reservations, the shared rest, the readers' half, and what is handed out
// against a plain count.
#include "common/err.h"
#include "object/budget.h"
#include "tests/unit/test.h"

#define CHUNK    4096u
#define LIMIT    40 // chunks
#define ACCOUNTS 5
#define HELD_MAX LIMIT

struct held {
    struct budget_chunk chunk;
    int owner; // account; -1: shared, -2: for reading
    uint8_t mark;
};

struct model {
    struct budget *budget;
    struct budget_account accounts[ACCOUNTS];
    bool open[ACCOUNTS];
    size_t slots[ACCOUNTS], in_slots[ACCOUNTS];
    struct held held[HELD_MAX];
    size_t count, shared, reading, reserved, peak;
};

static size_t free_shared(const struct model *m)
{
    return LIMIT - m->reserved - m->shared;
}

static void hold(struct model *m, struct budget_chunk chunk, int owner)
{
    uint8_t mark = (uint8_t)rand();
    memset(chunk.data, mark, CHUNK);
    m->held[m->count++] = (struct held){chunk, owner, mark};
    m->peak = m->count > m->peak ? m->count : m->peak;
}

static void take(struct model *m)
{
    struct budget_chunk chunk = {0};
    int i = rand() % ACCOUNTS;
    bool slot = m->open[i] && m->in_slots[i] < m->slots[i];
    bool expected = slot || free_shared(m) > 0;
    bool ok = budget_take(m->budget, m->open[i] ? &m->accounts[i] : NULL, &chunk);
    assert_int_equal(ok, expected);
    if (!ok)
        return;
    m->in_slots[i] += slot;
    m->shared += !slot;
    hold(m, chunk, slot ? i : -1);
}

static void take_for_reading(struct model *m)
{
    struct budget_chunk chunk = {0};
    bool expected = free_shared(m) > 0 && m->reading < LIMIT / 2;
    bool ok = budget_take_for_reading(m->budget, &chunk);
    assert_int_equal(ok, expected);
    if (!ok)
        return;
    m->shared++;
    m->reading++;
    hold(m, chunk, -2);
}

static void give(struct model *m)
{
    if (m->count == 0)
        return;
    size_t i = (size_t)rand() % m->count;
    struct held h = m->held[i];
    m->held[i] = m->held[--m->count];
    for (size_t at = 0; at < CHUNK; at++)
        assert_int_equal(h.chunk.data[at], h.mark); // nobody else has it
    uint64_t seen = budget_given(m->budget);
    if (h.owner == -2)
        budget_give_from_reading(m->budget, &h.chunk);
    else
        budget_give(m->budget, &h.chunk);
    assert_null(h.chunk.data);
    assert_true(budget_wait_given(m->budget, seen, 0));
    m->reading -= h.owner == -2;
    if (h.owner >= 0)
        m->in_slots[h.owner]--;
    else
        m->shared--;
}

static void open_or_close(struct model *m)
{
    int i = rand() % ACCOUNTS;
    if (m->open[i] && m->in_slots[i] == 0) {
        budget_unreserve(m->budget, &m->accounts[i]);
        m->open[i] = false;
        m->reserved -= m->slots[i];
    } else if (!m->open[i]) {
        size_t slots = 1 + (size_t)rand() % 12;
        int rc = budget_reserve(m->budget, &m->accounts[i], slots, 0);
        assert_int_equal(rc, slots <= free_shared(m) ? 0 : -ENOMEM);
        m->open[i] = rc == 0;
        m->slots[i] = slots;
        m->reserved += rc == 0 ? slots : 0;
    }
}

static void random_use_agrees_with_a_plain_count(void **state)
{
    (void)state;
    struct model m = {0};
    srand(11);
    assert_ok(budget_new(&m.budget, (uint64_t)LIMIT * CHUNK + 100, CHUNK));
    for (int step = 0; step < 20000; step++) {
        switch (rand() % 8) {
        case 0:
            open_or_close(&m);
            break;
        case 1:
        case 2:
        case 3:
            take(&m);
            break;
        case 4:
            take_for_reading(&m);
            break;
        default:
            give(&m);
        }
        struct budget_usage usage;
        budget_usage(m.budget, &usage);
        assert_int_equal(usage.limit, LIMIT * CHUNK);
        assert_int_equal(usage.used, m.count * CHUNK);
        assert_int_equal(usage.peak, m.peak * CHUNK);
    }
    while (m.count > 0)
        give(&m);
    for (int i = 0; i < ACCOUNTS; i++) {
        if (m.open[i])
            budget_unreserve(m.budget, &m.accounts[i]);
    }
    budget_free(m.budget);
}

static void a_refused_reservation_names_the_limit_that_would_do(void **state)
{
    (void)state;
    struct budget *b = NULL;
    struct budget_account one = {0}, two = {0};
    assert_ok(budget_new(&b, 8 << 20, 1 << 20));
    assert_ok(budget_reserve(b, &one, 5, 0));
    assert_int_equal(budget_reserve(b, &two, 5, 1000000), -ENOMEM);
    assert_non_null(strstr(err_text(), "--memory-limit 10MiB"));
    budget_unreserve(b, &one);
    assert_ok(budget_reserve(b, &two, 5, 0));
    budget_unreserve(b, &two);
    budget_free(b);
}

static void a_wait_for_memory_ends(void **state)
{
    (void)state;
    struct budget *b = NULL;
    assert_ok(budget_new(&b, 8 * CHUNK, CHUNK));
    assert_false(budget_wait_given(b, budget_given(b), 10));
    budget_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_use_agrees_with_a_plain_count),
        cmocka_unit_test(a_refused_reservation_names_the_limit_that_would_do),
        cmocka_unit_test(a_wait_for_memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
