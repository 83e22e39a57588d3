// What gc decides of an unfinished upload, and what it says.
#include "cli/gc.h"
#include "tests/unit/test.h"

static struct gc_upload upload_of(enum gc_owner owner, int64_t age_s)
{
    return (struct gc_upload){.key = "a\nb",
                              .upload_id = "id",
                              .initiator = "",
                              .initiated_s = 1000000,
                              .age_s = age_s,
                              .owner = owner};
}

static enum gc_action decided(enum gc_owner owner, int64_t age_s, bool force, bool dry_run)
{
    const struct gc_rules rules = {.force = force, .dry_run = dry_run, .older_than_s = 3600};
    struct gc_upload upload = upload_of(owner, age_s);
    gc_decide(&upload, &rules);
    assert_true((upload.reason != NULL) == (upload.action == GC_KEPT));
    return upload.action;
}

static void the_dead_are_ended_whatever_their_age(void **state)
{
    (void)state;
    assert_int_equal(decided(GC_DEAD, 0, false, false), GC_ENDED);
    assert_int_equal(decided(GC_DEAD, -5, false, false), GC_ENDED);
    assert_int_equal(decided(GC_DEAD, 0, false, true), GC_WOULD_END);
}

static void what_may_be_at_work_is_kept_with_every_option(void **state)
{
    (void)state;
    for (int options = 0; options < 4; options++) {
        assert_int_equal(decided(GC_ALIVE, 1 << 30, options & 1, options & 2), GC_KEPT);
        assert_int_equal(decided(GC_WORKING, 1 << 30, options & 1, options & 2), GC_KEPT);
    }
}

static void others_need_force_and_age(void **state)
{
    (void)state;
    assert_int_equal(decided(GC_OTHER, 1 << 30, false, false), GC_KEPT);
    assert_int_equal(decided(GC_OTHER, 3599, true, false), GC_KEPT);
    assert_int_equal(decided(GC_OTHER, -1, true, false), GC_KEPT);
    assert_int_equal(decided(GC_OTHER, 3600, true, false), GC_ENDED);
    assert_int_equal(decided(GC_OTHER, 3600, true, true), GC_WOULD_END);
    struct gc_upload of_no_age = upload_of(GC_OTHER, 1 << 30);
    of_no_age.initiated_s = 0; // the server did not tell: its age is nonsense
    gc_decide(&of_no_age, &(struct gc_rules){.force = true});
    assert_int_equal(of_no_age.action, GC_KEPT);
}

static void a_line_cannot_be_broken_by_a_name(void **state)
{
    (void)state;
    AUTO_FREE char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    struct gc_upload upload = upload_of(GC_DEAD, 7200);
    struct gc_tally tally = {0};
    upload.action = GC_FAILED;
    upload.reason = "no\nway";
    gc_count(&tally, &upload);
    gc_print(out, &upload, "bucket");
    gc_print_summary(out, &tally);
    fclose(out);
    assert_string_equal(text, "FAILED     died            2h  -  s3://bucket/a\\x0ab  id  "
                              "(no\\x0away)\n"
                              "1 unfinished upload: 0 ended, 0 kept, 1 failed\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_dead_are_ended_whatever_their_age),
        cmocka_unit_test(what_may_be_at_work_is_kept_with_every_option),
        cmocka_unit_test(others_need_force_and_age),
        cmocka_unit_test(a_line_cannot_be_broken_by_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
