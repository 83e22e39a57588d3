// What an audit says of an object, and when the whole fails.
#include "cli/audit.h"
#include "common/err.h"
#include "tests/unit/test.h"

static char one[] = "arn:one", two[] = "arn:two";
static const struct option_list ANY = {0};
static const struct option_list TWO = {{one, two}, 2};

static void assert_word(struct audit_finding f, const struct option_list *allowed, const char *word,
                        bool passes)
{
    assert_string_equal(audit_word(&f, allowed), word);
    assert_int_equal(audit_passes(&f, allowed), passes);
}

static struct audit_finding of(enum audit_state state, const char *key)
{
    return (struct audit_finding){.name = "a", .state = state, .key = key, .size = 10};
}

static void only_what_is_proved_passes(void **state)
{
    (void)state;
    assert_word(of(AUDIT_ENCRYPTED, "arn:one"), &ANY, "encrypted", true);
    assert_word(of(AUDIT_ENCRYPTED, NULL), &ANY, "encrypted", true);
    assert_word(of(AUDIT_UNSUPPORTED, NULL), &ANY, "encrypted", true);
    assert_word(of(AUDIT_PLAINTEXT, NULL), &ANY, "PLAINTEXT", false);
    assert_word(of(AUDIT_DAMAGED, NULL), &ANY, "DAMAGED", false);
    assert_word(of(AUDIT_UNKNOWN, NULL), &ANY, "UNKNOWN", false);
    assert_word(of(AUDIT_INSTRUCTION, NULL), &ANY, "instruction", true);
    assert_word(of(AUDIT_FOLDER, NULL), &ANY, "folder", true);
    assert_word(of(AUDIT_GONE, NULL), &ANY, "gone", true);
}

static void a_list_of_keys_allows_those_alone(void **state)
{
    (void)state;
    assert_word(of(AUDIT_ENCRYPTED, "arn:two"), &TWO, "encrypted", true);
    assert_word(of(AUDIT_ENCRYPTED, "arn:two "), &TWO, "OTHER-KEY", false);
    assert_word(of(AUDIT_ENCRYPTED, "ARN:TWO"), &TWO, "OTHER-KEY", false);
    assert_word(of(AUDIT_ENCRYPTED, NULL), &TWO, "KEY-UNKNOWN", false);
    assert_word(of(AUDIT_UNSUPPORTED, NULL), &TWO, "KEY-UNKNOWN", false);
    assert_word(of(AUDIT_PLAINTEXT, "arn:two"), &TWO, "PLAINTEXT", false);
}

static void what_kms_says_of_a_key_counts(void **state)
{
    (void)state;
    struct audit_finding f = of(AUDIT_ENCRYPTED, "arn:two");
    f.proof = AUDIT_PROVED;
    assert_word(f, &TWO, "encrypted", true);
    f.proof = AUDIT_DISPROVED; // whatever the envelope says
    assert_word(f, &TWO, "OTHER-KEY", false);
    f.proof = AUDIT_UNPROVED;
    assert_word(f, &TWO, "KEY-UNKNOWN", false);
}

static void ages_are_short(void **state)
{
    (void)state;
    char age[24];
    const struct {
        int64_t since_s;
        const char *text;
    } CASES[] = {
        {1000, "0m"}, {2000, "0m"}, {400, "10m"}, {1000 - 7200, "2h"}, {1000 - 864000, "10d"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        audit_age(age, CASES[i].since_s, 1000);
        assert_string_equal(age, CASES[i].text);
    }
}

static void the_tally_counts_every_kind(void **state)
{
    (void)state;
    static struct audit_tally t;
    struct audit_finding found[] = {of(AUDIT_ENCRYPTED, "arn:one"), of(AUDIT_ENCRYPTED, "arn:one"),
                                    of(AUDIT_ENCRYPTED, "x"), of(AUDIT_PLAINTEXT, NULL),
                                    of(AUDIT_FOLDER, NULL)};
    for (size_t i = 0; i < 5; i++)
        audit_count(&t, &found[i], &TWO);
    assert_int_equal(t.count, 4);
    assert_int_equal(t.bytes, 40);
    assert_int_equal(t.failed, 2);
    assert_int_equal(t.group_count, 4);
    assert_int_equal(t.groups[0].count, 2);
    assert_string_equal(t.groups[0].key, "arn:one");
}

static void the_tally_has_an_end(void **state)
{
    (void)state;
    static struct audit_tally t;
    char key[16];
    for (unsigned i = 0; i < 5000; i++) {
        struct audit_finding f = of(i % 2 == 0 ? AUDIT_ENCRYPTED : AUDIT_PLAINTEXT, key);
        snprintf(key, sizeof key, "k%u\n", i);
        audit_count(&t, &f, &ANY);
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < t.group_count; i++) {
        sum += t.groups[i].count;
        assert_null(strchr(t.groups[i].key, '\n'));
    }
    assert_true(t.group_count <= AUDIT_GROUPS_MAX);
    assert_int_equal(sum, 5000);
    assert_int_equal(t.failed, 2500);
}

static void json_maps_hold_texts_and_numbers(void **state)
{
    (void)state;
    static const char *const BAD[] = {"",
                                      "[]",
                                      "{\"a\": null}",
                                      "{\"a\": {}}",
                                      "{\"a\": 1.5}",
                                      "{\"a\": \"1\", \"a\": \"2\"}",
                                      "{\"a\": \"x\\u0000y\"}",
                                      "{\"a\": 1",
                                      "{} x"};
    AUTO_KV struct kv map = {0};
    const char *good = "{\"a\": \"b\", \"n\": 128}";
    assert_ok(json_read_map(good, strlen(good), &map));
    assert_string_equal(kv_get(&map, "a"), "b");
    assert_string_equal(kv_get(&map, "n"), "128");
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_int_equal(json_read_map(BAD[i], strlen(BAD[i]), &map), -EIO);
    assert_int_equal(map.count, 2); // what was there stays
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_proved_passes),
        cmocka_unit_test(a_list_of_keys_allows_those_alone),
        cmocka_unit_test(what_kms_says_of_a_key_counts),
        cmocka_unit_test(ages_are_short),
        cmocka_unit_test(the_tally_counts_every_kind),
        cmocka_unit_test(the_tally_has_an_end),
        cmocka_unit_test(json_maps_hold_texts_and_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
