// Which backups of a database lead how far, by their LSNs.
#include "mtf/chain.h"
#include "tests/unit/test.h"

static struct mtf_link backup(char type, uint32_t first, uint32_t last, uint8_t guid, uint8_t base)
{
    return (struct mtf_link){
        .type = type,
        .first_lsn = {first, 8, 1},
        .last_lsn = {last, 8, 1},
        .checkpoint_lsn = {first, 8, 37},
        .guid = {{guid}},
        .base_guid = {{base}},
        .tag = guid,
    };
}

#define FULL(first, last, guid)       backup('D', first, last, guid, 0)
#define DIFF(first, last, guid, base) backup('I', first, last, guid, base)
#define LOG(first, last, guid)        backup('L', first, last, guid, 0)

// Joins, and says which are in the way: their guids in order.
static const char *way(struct mtf_link *links, size_t count, struct mtf_chain *chain)
{
    static char text[64];
    size_t used = 0;
    mtf_chain_join(links, count, chain);
    for (size_t i = 0; i < count; i++) {
        if (links[i].in_path)
            text[used++] = (char)('0' + links[i].guid.bytes[0]);
    }
    text[used] = '\0';
    return text;
}

static void logs_lead_on_from_a_full_backup(void **state)
{
    (void)state;
    struct mtf_link links[] = {LOG(150, 200, 3), LOG(90, 150, 2), FULL(100, 110, 1),
                               LOG(200, 250, 4)};
    struct mtf_chain chain;
    assert_string_equal(way(links, 4, &chain), "1234");
    assert_true(chain.restorable);
    assert_int_equal(links[chain.end].tag, 4);
    assert_int_equal(chain.gaps, 0);
    assert_int_equal(chain.fulls, 1);
    assert_int_equal(chain.logs, 3);
}

static void a_missing_log_is_a_gap_and_ends_the_way(void **state)
{
    (void)state;
    struct mtf_link links[] = {FULL(100, 110, 1), LOG(90, 150, 2), LOG(200, 250, 4)};
    struct mtf_chain chain;
    assert_string_equal(way(links, 3, &chain), "12");
    assert_int_equal(chain.gaps, 1);
    assert_true(links[2].gap);
    assert_int_equal(links[2].gap_from.sequence, 150);
    assert_int_equal(links[chain.end].last_lsn.sequence, 150);
}

static void a_later_full_backup_leads_over_a_gap_that_stays_one(void **state)
{
    (void)state;
    struct mtf_link links[] = {FULL(100, 110, 1), LOG(90, 150, 2), LOG(200, 250, 3),
                               FULL(220, 230, 4), LOG(250, 300, 5)};
    struct mtf_chain chain;
    assert_string_equal(way(links, 5, &chain), "435");
    assert_int_equal(chain.gaps, 1);
    assert_int_equal(links[chain.end].tag, 5);
}

static void a_differential_saves_logs_and_needs_its_own_full(void **state)
{
    (void)state;
    struct mtf_link links[] = {FULL(100, 110, 1), LOG(90, 150, 2), DIFF(160, 170, 3, 1),
                               LOG(150, 200, 4), DIFF(180, 190, 5, 9)};
    struct mtf_chain chain;
    assert_string_equal(way(links, 5, &chain), "134");
    assert_int_equal(chain.lost, 1);
    assert_int_equal(chain.gaps, 0);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(links[i].no_base, links[i].tag == 5);
}

static void a_differential_leads_over_missing_logs(void **state)
{
    (void)state;
    struct mtf_link links[] = {FULL(100, 110, 1), DIFF(160, 170, 2, 1), LOG(165, 200, 3)};
    struct mtf_chain chain;
    assert_string_equal(way(links, 3, &chain), "123");
    assert_int_equal(chain.gaps, 1); // between the full and the differential
    assert_int_equal(links[2].gap_from.sequence, 110);
}

static void without_guids_a_differential_names_its_base_by_checkpoint(void **state)
{
    (void)state;
    struct mtf_link links[] = {FULL(100, 110, 0), DIFF(160, 170, 2, 0)};
    struct mtf_chain chain;
    links[1].base_lsn = links[0].checkpoint_lsn;
    assert_string_equal(way(links, 2, &chain), "02");
    assert_int_equal(chain.lost, 0);
}

static void logs_older_than_any_full_backup_are_no_gap(void **state)
{
    (void)state;
    struct mtf_link links[] = {LOG(10, 20, 1), LOG(30, 120, 2), FULL(100, 110, 3)};
    struct mtf_chain chain;
    assert_string_equal(way(links, 3, &chain), "32");
    assert_int_equal(chain.gaps, 0);
    assert_true(links[0].too_old);
}

static void nothing_leads_anywhere_without_a_full_backup(void **state)
{
    (void)state;
    struct mtf_link links[] = {LOG(10, 20, 1), DIFF(10, 30, 2, 7)};
    struct mtf_chain chain;
    assert_string_equal(way(links, 2, &chain), "");
    assert_false(chain.restorable);
    assert_int_equal(chain.lost, 1);
    assert_string_equal(way(links, 0, &chain), "");
    assert_false(chain.restorable);
}

static void other_kinds_are_left_aside(void **state)
{
    (void)state;
    struct mtf_link links[] = {backup('F', 10, 500, 1, 0), FULL(100, 110, 2),
                               backup(0, 1, 2, 3, 0)};
    struct mtf_chain chain;
    assert_string_equal(way(links, 3, &chain), "2");
    assert_int_equal(chain.others, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_lead_on_from_a_full_backup),
        cmocka_unit_test(a_missing_log_is_a_gap_and_ends_the_way),
        cmocka_unit_test(a_later_full_backup_leads_over_a_gap_that_stays_one),
        cmocka_unit_test(a_differential_saves_logs_and_needs_its_own_full),
        cmocka_unit_test(a_differential_leads_over_missing_logs),
        cmocka_unit_test(without_guids_a_differential_names_its_base_by_checkpoint),
        cmocka_unit_test(logs_older_than_any_full_backup_are_no_gap),
        cmocka_unit_test(nothing_leads_anywhere_without_a_full_backup),
        cmocka_unit_test(other_kinds_are_left_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
