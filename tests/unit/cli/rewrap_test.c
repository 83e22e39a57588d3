// What rewrap says of objects, for people and for programs.
#include "cli/rewrap_report.h"
#include "common/err.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

static struct rewrap_item item_of(enum rewrap_outcome outcome, int code)
{
    struct rewrap_item item = {.bucket = "bucket",
                               .key = "a\nb",
                               .result = {.outcome = outcome,
                                          .from_format = "rds",
                                          .to_format = "rds-v1",
                                          .from_key = "arn:\x1bold",
                                          .size = 16},
                               .failure = {.code = code}};
    snprintf(item.failure.text, sizeof item.failure.text, "%s", code < 0 ? "no\nway" : "");
    return item;
}

static void assert_printed(const struct rewrap_item *item, const char *wanted)
{
    AUTO_FREE char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    rewrap_print(out, item, "arn:new");
    fclose(out);
    assert_string_equal(text, wanted);
}

static void each_outcome_has_its_line(void **state)
{
    (void)state;
    struct rewrap_item item = item_of(REWRAP_DONE, 0);
    assert_printed(&item, "rewrapped      s3://bucket/a\\x0ab: rds under arn:\\x1bold -> rds-v1 "
                          "under arn:new\n");
    item = item_of(REWRAP_WOULD, 0);
    assert_printed(&item, "would rewrap   s3://bucket/a\\x0ab: rds under arn:\\x1bold -> rds-v1 "
                          "under arn:new\n");
    item = item_of(REWRAP_NOTHING, 0);
    assert_printed(&item, "nothing to do  s3://bucket/a\\x0ab: rds under arn:\\x1bold\n");
    item.result.unproved = true;
    assert_printed(&item, "nothing to do  s3://bucket/a\\x0ab: rds under arn:\\x1bold, unproved\n");
    item = item_of(REWRAP_FAILED, -EIO);
    assert_printed(&item, "FAILED         s3://bucket/a\\x0ab: no\\x0away\n");
}

static void a_version_that_stays_comes_with_the_command_that_deletes_it(void **state)
{
    (void)state;
    struct rewrap_item item = item_of(REWRAP_DONE, 0);
    snprintf(item.result.old_version, sizeof item.result.old_version, "v1");
    assert_printed(&item,
                   "rewrapped      s3://bucket/a\\x0ab: rds under arn:\\x1bold -> rds-v1 under "
                   "arn:new\n"
                   "  stays        the version before, under the old key; to delete it: aws s3api "
                   "delete-object --bucket bucket --key $'a\\x0ab' --version-id v1\n");
}

static void outcomes_are_counted(void **state)
{
    (void)state;
    struct rewrap_tally t = {0};
    const struct rewrap_item items[] = {
        item_of(REWRAP_DONE, 0),         item_of(REWRAP_WOULD, 0),   item_of(REWRAP_NOTHING, 0),
        item_of(REWRAP_FAILED, -EACCES), item_of(REWRAP_DONE, -EIO), // a failure is one whatever
                                                                     // else is known
    };
    for (size_t i = 0; i < sizeof items / sizeof *items; i++)
        rewrap_count(&t, &items[i]);
    assert_true(t.done == 1 && t.would == 1 && t.nothing == 1 && t.failed == 2);
    assert_true(t.old_versions == 0 && t.unproved == 0);
}

static bool json_has(const struct json_t *json, const char *text)
{
    AUTO_FREE char *document = json_text(json);
    return document != NULL && strstr(document, text) != NULL;
}

static void programs_are_told_the_same(void **state)
{
    (void)state;
    struct rewrap_tally t = {0};
    struct rewrap_item item = item_of(REWRAP_DONE, 0);
    snprintf(item.result.old_version, sizeof item.result.old_version, "v1");
    rewrap_count(&t, &item);
    struct json_t *list = json_list();
    json_append(list, rewrap_json(&item, "arn:new"));
    AUTO_JSON struct json_t *whole = rewrap_summary_json(&t, list, "arn:new", false);
    assert_true(json_has(whole, "\"outcome\": \"rewrapped\""));
    assert_true(json_has(whole, "\"old_version\": \"v1\""));
    assert_true(json_has(whole, "\"key\": \"a\\nb\""));
    assert_true(json_has(whole, "\"data_keys_unchanged\": true"));
    assert_true(json_has(whole, "Versions from before stay"));
    assert_true(json_has(whole, "data keys are what they were"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_outcome_has_its_line),
        cmocka_unit_test(a_version_that_stays_comes_with_the_command_that_deletes_it),
        cmocka_unit_test(outcomes_are_counted),
        cmocka_unit_test(programs_are_told_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
