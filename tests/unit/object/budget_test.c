// The memory budget: reservations, the shared rest, the readers' half, and what is handed out
// against a plain count.
#include "common/err.h"
#include "object/budget.h"
#include "tests/unit/test.h"

#define CHUNK    4096u
#define LIMIT    40 // chunks
#define ACCOUNTS 5
#define HELD_MAX LIMIT
#define PASS     (LIMIT / 16)

struct held {
    struct budget_chunk chunk;
    int owner; // account; -1: shared, -2: for reading
    uint8_t mark;
};

struct model {
    struct budget *budget;
    struct budget_account accounts[ACCOUNTS];
    bool open[ACCOUNTS];
    size_t slots[ACCOUNTS], own[ACCOUNTS], far[ACCOUNTS];
    struct held held[HELD_MAX];
    size_t count, without_owner, reading, reserved, peak;
    int pass_holder; // -1: none
};

static size_t shared_with(const struct model *m, int i, size_t own, size_t far)
{
    size_t near = own > far ? own - far : 0;
    return own - (near < m->slots[i] ? near : m->slots[i]);
}

static size_t free_shared(const struct model *m)
{
    size_t used = m->without_owner;
    for (int i = 0; i < ACCOUNTS; i++)
        used += m->open[i] ? shared_with(m, i, m->own[i], m->far[i]) : 0;
    assert_true(m->reserved + used <= LIMIT);
    return LIMIT - m->reserved - used;
}

static void hold(struct model *m, struct budget_chunk chunk, int owner)
{
    uint8_t mark = (uint8_t)rand();
    memset(chunk.data, mark, CHUNK);
    m->held[m->count++] = (struct held){chunk, owner, mark};
    m->peak = m->count > m->peak ? m->count : m->peak;
}

static void take_without_owner(struct model *m)
{
    struct budget_chunk chunk = {0};
    bool expected = free_shared(m) > PASS;
    assert_int_equal(budget_take(m->budget, NULL, &chunk), expected);
    if (!expected)
        return;
    m->without_owner++;
    hold(m, chunk, -1);
}

static void take(struct model *m)
{
    struct budget_chunk chunk = {0};
    int i = rand() % ACCOUNTS;
    if (!m->open[i]) {
        take_without_owner(m);
        return;
    }
    size_t far = m->far[i] + (size_t)(rand() % 3 == 0);
    size_t more = shared_with(m, i, m->own[i] + 1, far) - shared_with(m, i, m->own[i], m->far[i]);
    bool for_all = free_shared(m) >= more + PASS;
    bool may_pass = m->pass_holder == i || (m->pass_holder < 0 && far > m->far[i]);
    bool expected = more == 0 || for_all || (may_pass && free_shared(m) >= more);
    bool ok = far > m->far[i] ? budget_take_far(m->budget, &m->accounts[i], far, &chunk)
                              : budget_take(m->budget, &m->accounts[i], &chunk);
    assert_int_equal(ok, expected);
    if (!ok)
        return;
    if (more > 0 && !for_all)
        m->pass_holder = i;
    m->own[i]++;
    m->far[i] = far;
    hold(m, chunk, i);
}

// The pass goes when nothing is far ahead any more.
static void set_far(struct model *m, int i, size_t far)
{
    m->far[i] = far;
    if (far == 0 && m->pass_holder == i)
        m->pass_holder = -1;
}

static void move_front(struct model *m)
{
    int i = rand() % ACCOUNTS;
    if (!m->open[i] || m->far[i] == 0)
        return;
    size_t far = (size_t)rand() % m->far[i];
    budget_set_far(m->budget, &m->accounts[i], far);
    set_far(m, i, far);
}

static void take_for_reading(struct model *m)
{
    struct budget_chunk chunk = {0};
    bool expected = free_shared(m) > PASS && m->reading < LIMIT / 2;
    bool ok = budget_take_for_reading(m->budget, &chunk);
    assert_int_equal(ok, expected);
    if (!ok)
        return;
    m->without_owner++;
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
    if (h.owner < 0) {
        m->without_owner--;
        return;
    }
    size_t own = --m->own[h.owner];
    set_far(m, h.owner, m->far[h.owner] < own ? m->far[h.owner] : own);
}

static void open_or_close(struct model *m)
{
    int i = rand() % ACCOUNTS;
    if (m->open[i] && m->own[i] == 0) {
        budget_unreserve(m->budget, &m->accounts[i]);
        m->open[i] = false;
        m->reserved -= m->slots[i];
    } else if (!m->open[i]) {
        size_t slots = 1 + (size_t)rand() % 12;
        int rc = budget_reserve(m->budget, &m->accounts[i], slots, 0);
        bool fits = slots <= free_shared(m) && m->reserved + slots + PASS <= LIMIT;
        assert_int_equal(rc, fits ? 0 : -ENOMEM);
        m->open[i] = rc == 0;
        m->slots[i] = slots;
        m->reserved += rc == 0 ? slots : 0;
    }
}

static void grow(struct model *m)
{
    int i = rand() % ACCOUNTS;
    if (!m->open[i])
        return;
    size_t old = m->slots[i], slots = old + (size_t)rand() % 4, more = slots - old;
    size_t free_before = free_shared(m);
    size_t moved = shared_with(m, i, m->own[i], m->far[i]);
    m->slots[i] = slots;
    moved -= shared_with(m, i, m->own[i], m->far[i]);
    int expected = more == 0                           ? 0
                   : m->reserved + more + PASS > LIMIT ? -ENOMEM
                   : free_before + moved < more        ? -EAGAIN
                                                       : 0;
    assert_int_equal(budget_grow(m->budget, &m->accounts[i], slots), expected);
    if (expected < 0)
        m->slots[i] = old;
    else
        m->reserved += more;
}

static void random_use_agrees_with_a_plain_count(void **state)
{
    (void)state;
    struct model m = {.pass_holder = -1};
    srand(11);
    assert_ok(budget_new(&m.budget, (uint64_t)LIMIT * CHUNK + 100, CHUNK));
    for (int step = 0; step < 20000; step++) {
        switch (rand() % 10) {
        case 0:
            open_or_close(&m);
            break;
        case 8:
            move_front(&m);
            break;
        case 9:
            grow(&m);
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

// What every file holds ahead of its front must not be all there is.
static void the_last_chunks_are_one_files_at_a_time(void **state)
{
    (void)state;
    struct budget *b = NULL;
    struct budget_account one = {0}, two = {0};
    struct budget_chunk ones[24], twos[24], none;
    size_t n = 0, m = 0;
    assert_ok(budget_new(&b, 32 * CHUNK, CHUNK)); // 2 of them are the pass
    assert_ok(budget_reserve(b, &one, 5, 0));
    assert_ok(budget_reserve(b, &two, 5, 0));
    for (; n < 10; n++)
        assert_true(budget_take_far(b, &one, n + 1, &ones[n]));
    for (; m < 10; m++)
        assert_true(budget_take_far(b, &two, m + 1, &twos[m]));
    assert_false(budget_take(b, NULL, &none));
    assert_true(budget_take_far(b, &one, n + 1, &ones[n]));
    n++;
    assert_false(budget_take_far(b, &two, m + 1, &none));
    assert_true(budget_take_far(b, &one, n + 1, &ones[n]));
    n++;
    assert_false(budget_take_far(b, &one, n + 1, &none));
    // Its front has come: five go into the slots, and the other's turn has come.
    uint64_t seen = budget_given(b);
    budget_set_far(b, &one, 0);
    assert_true(budget_wait_given(b, seen, 0));
    for (int i = 0; i < 5; i++, m++)
        assert_true(budget_take_far(b, &two, m + 1, &twos[m]));
    assert_false(budget_take_far(b, &two, m + 1, &none));
    while (n > 0)
        budget_give(b, &ones[--n]);
    while (m > 0)
        budget_give(b, &twos[--m]);
    budget_unreserve(b, &one);
    budget_unreserve(b, &two);
    budget_free(b);
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
        cmocka_unit_test(the_last_chunks_are_one_files_at_a_time),
        cmocka_unit_test(a_refused_reservation_names_the_limit_that_would_do),
        cmocka_unit_test(a_wait_for_memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
