// Which bytes were written: the list of extents against a bitmap.
#include "common/err.h"
#include "object/extents.h"
#include "tests/unit/test.h"

#define SIZE 600

struct bitmap {
    bool set[SIZE];
};

static void check(const struct extents *e, const struct bitmap *map)
{
    uint32_t end = 0;
    size_t covered = 0;
    for (size_t i = 0; i < e->count; i++) {
        assert_true(e->list[i].begin < e->list[i].end);
        assert_true(i == 0 || e->list[i].begin > end); // sorted, and not touching
        end = e->list[i].end;
        covered += end - e->list[i].begin;
        for (uint32_t at = e->list[i].begin; at < end; at++)
            assert_true(map->set[at]);
    }
    size_t expected = 0;
    for (size_t i = 0; i < SIZE; i++)
        expected += map->set[i];
    assert_int_equal(covered, expected);
}

static void collect_hole(void *context, uint32_t begin, uint32_t end)
{
    struct bitmap *holes = context;
    assert_true(begin < end);
    for (uint32_t at = begin; at < end; at++) {
        assert_false(holes->set[at]);
        holes->set[at] = true;
    }
}

static void check_holes(const struct extents *e, const struct bitmap *map, uint32_t begin,
                        uint32_t end)
{
    struct bitmap holes = {0};
    extents_each_hole(e, begin, end, collect_hole, &holes);
    bool whole = true;
    for (uint32_t at = 0; at < SIZE; at++) {
        bool within = at >= begin && at < end;
        assert_int_equal(holes.set[at], within && !map->set[at]);
        whole = whole && (!within || map->set[at]);
    }
    assert_int_equal(extents_cover(e, begin, end), whole);
}

static void random_writes_and_cuts_agree_with_a_bitmap(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 60; round++) {
        struct extents e = {0};
        struct bitmap map = {0};
        for (int step = 0; step < 150; step++) {
            uint32_t a = (uint32_t)rand() % (SIZE + 1), b = a + (uint32_t)rand() % 30;
            b = b < SIZE ? b : SIZE;
            if (rand() % 20 == 0) {
                extents_cut(&e, a);
                memset(map.set + a, 0, SIZE - a);
            } else {
                assert_ok(extents_add(&e, a, b));
                memset(map.set + a, 1, b - a);
            }
            check(&e, &map);
            check_holes(&e, &map, a, b);
            check_holes(&e, &map, 0, SIZE);
        }
        extents_clear(&e);
    }
}

static void the_list_is_bounded_by_closing_the_smallest_hole(void **state)
{
    (void)state;
    struct extents e = {0};
    struct extent hole = {0};
    assert_false(extents_is_long(&e));
    for (uint32_t i = 0; i <= EXTENTS_MAX; i++)
        assert_ok(extents_add(&e, i * 100, i * 100 + (i == 300 ? 70 : 10)));
    assert_true(extents_is_long(&e));
    hole = extents_close_smallest(&e);
    assert_int_equal(hole.begin, 30070);
    assert_int_equal(hole.end, 30100);
    assert_false(extents_is_long(&e));
    assert_true(extents_cover(&e, 30000, 30110));
    assert_false(extents_cover(&e, 30000, 30111));
    extents_clear(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_writes_and_cuts_agree_with_a_bitmap),
        cmocka_unit_test(the_list_is_bounded_by_closing_the_smallest_hole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
