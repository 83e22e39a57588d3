// Stripes that were verified together: what is missing, given twice, or of another backup.
#include "cli/verify.h"
#include "common/err.h"
#include "tests/unit/test.h"

static struct told_set told(uint8_t guid, uint32_t last)
{
    return (struct told_set){.number = 1,
                             .guid = {{guid}},
                             .first_lsn = {1, 0, 0},
                             .last_lsn = {last, 0, 0},
                             .type = 'D'};
}

static struct verify_job stripe(uint8_t media_set, uint16_t number, uint16_t of,
                                struct told_set *set)
{
    struct verify_job job = {.was_opened = true, .sets = set, .count = 1};
    job.report.media =
        (struct mtf_media){.known = true, .set_id = {{media_set}}, .stripe = number, .stripes = of};
    return job;
}

static void assert_problem(const struct verify_job *jobs, size_t count, const char *problem)
{
    AUTO_FREE struct stripe_set *sets = NULL;
    size_t found = 0;
    assert_ok(verify_stripes(jobs, count, &sets, &found));
    assert_int_equal(found, 1);
    assert_int_equal(sets[0].given, count);
    assert_string_equal(sets[0].problem, problem);
}

static void all_stripes_once_are_no_problem_in_any_order(void **state)
{
    (void)state;
    struct told_set set = told(7, 100);
    struct verify_job jobs[] = {stripe(1, 3, 3, &set), stripe(1, 1, 3, &set),
                                stripe(1, 2, 3, &set)};
    assert_problem(jobs, 3, "");
}

static void missing_and_repeated_stripes_are_named(void **state)
{
    (void)state;
    struct told_set set = told(7, 100);
    struct verify_job jobs[] = {stripe(1, 1, 4, &set), stripe(1, 3, 4, &set),
                                stripe(1, 3, 4, &set)};
    assert_problem(jobs, 3,
                   "stripe 2 is missing; stripe 3 was given more than once; stripe 4 is missing");
}

static void stripes_of_many_more_than_a_line_holds_are_cut(void **state)
{
    (void)state;
    struct told_set set = told(7, 100);
    struct verify_job jobs[] = {stripe(1, 1, 65535, &set)};
    AUTO_FREE struct stripe_set *sets = NULL;
    size_t found = 0;
    assert_ok(verify_stripes(jobs, 1, &sets, &found));
    assert_int_equal(strlen(sets[0].problem), STRIPES_TEXT - 1);
}

static void stripes_of_another_backup_are_named(void **state)
{
    (void)state;
    struct told_set set = told(7, 100), other = told(8, 100), later = told(7, 200);
    struct verify_job jobs[] = {stripe(1, 1, 2, &set), stripe(1, 2, 2, &other)};
    assert_problem(jobs, 2, "stripe 2 holds other backup sets than the others");
    jobs[1].sets = &later;
    assert_problem(jobs, 2, "stripe 2 holds other backup sets than the others");
    jobs[1].sets = &set;
    jobs[1].count = 0;
    assert_problem(jobs, 2, "stripe 2 holds other backup sets than the others");
}

// Of a damaged one not all sets are known: that it is damaged is said elsewhere.
static void a_damaged_stripe_is_not_held_against_the_others(void **state)
{
    (void)state;
    struct told_set set = told(7, 100);
    struct verify_job jobs[] = {stripe(1, 1, 3, &set), stripe(1, 2, 3, &set),
                                stripe(1, 3, 3, &set)};
    jobs[0].verdict = VERIFY_DAMAGED;
    jobs[0].count = 0;
    assert_problem(jobs, 3, "");
}

static void media_sets_are_told_apart_and_single_files_are_none(void **state)
{
    (void)state;
    struct told_set set = told(7, 100);
    struct verify_job jobs[] = {stripe(1, 1, 2, &set), stripe(2, 2, 2, &set), stripe(3, 1, 1, &set),
                                stripe(1, 2, 2, &set)};
    AUTO_FREE struct stripe_set *sets = NULL;
    size_t found = 0;
    assert_ok(verify_stripes(jobs, 4, &sets, &found));
    assert_int_equal(found, 2);
    assert_string_equal(sets[0].problem, "");
    assert_string_equal(sets[1].problem, "stripe 1 is missing");
    free(sets);
    assert_ok(verify_stripes(jobs, 0, &sets, &found));
    assert_int_equal(found, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_stripes_once_are_no_problem_in_any_order),
        cmocka_unit_test(missing_and_repeated_stripes_are_named),
        cmocka_unit_test(stripes_of_many_more_than_a_line_holds_are_cut),
        cmocka_unit_test(stripes_of_another_backup_are_named),
        cmocka_unit_test(a_damaged_stripe_is_not_held_against_the_others),
        cmocka_unit_test(media_sets_are_told_apart_and_single_files_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
