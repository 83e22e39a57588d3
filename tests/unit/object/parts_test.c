// Ten thousand parts hold the file: the arithmetic of part sizes.
#include "common/err.h"
#include "object/parts.h"
#include "s3/store.h"
#include "tests/unit/test.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define TIB (1ull << 40)

static void parts_double_every_thousand_up_to_the_cap(void **state)
{
    (void)state;
    struct parts_plan plan = {.first = 8 * MIB, .chunk = MIB, .cap = 100 * MIB};
    assert_int_equal(parts_target(&plan, 1), 8 * MIB);
    assert_int_equal(parts_target(&plan, 1000), 8 * MIB);
    assert_int_equal(parts_target(&plan, 1001), 16 * MIB);
    assert_int_equal(parts_target(&plan, 3001), 64 * MIB);
    assert_int_equal(parts_target(&plan, 4001), 100 * MIB);
    assert_int_equal(parts_target(&plan, 10000), 100 * MIB);
}

static void capacity_is_the_sum_of_the_targets(void **state)
{
    (void)state;
    const struct parts_plan plans[] = {
        {.first = 8 * MIB, .chunk = MIB, .cap = 170 * MIB},
        {.first = 5 * MIB, .chunk = MIB, .cap = 5 * MIB},
        {.first = 64 * 1024, .chunk = 16384, .cap = 8 * MIB, .hint = 3 * GIB},
    };
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        static const unsigned FROM[] = {1, 2, 1000, 1001, 5500, 9999, 10000};
        for (size_t j = 0; j < sizeof FROM / sizeof *FROM; j++) {
            uint64_t sum = 0;
            for (unsigned n = FROM[j]; n <= STORE_PART_NUMBER_MAX; n++)
                sum += parts_target(&plans[i], n);
            assert_int_equal(parts_capacity(&plans[i], FROM[j]), sum);
        }
    }
}

static void a_hint_is_held_by_its_parts(void **state)
{
    (void)state;
    for (uint64_t hint = MIB; hint <= 5 * TIB; hint = hint * 3 + 12345) {
        struct parts_plan plan = {.first = 8 * MIB, .chunk = MIB, .cap = 4 * GIB, .hint = hint};
        assert_true(parts_capacity(&plan, 1) >= hint);
        assert_true(parts_target(&plan, 1) * 9000 >= hint);
        assert_int_equal(parts_target(&plan, 1) % MIB, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_double_every_thousand_up_to_the_cap),
        cmocka_unit_test(capacity_is_the_sum_of_the_targets),
        cmocka_unit_test(a_hint_is_held_by_its_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
