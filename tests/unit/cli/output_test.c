// What verbs print: names from a bucket made harmless, and documents in JSON.
#include "cli/json.h"
#include "cli/shown.h"
#include "common/buf.h"
#include "common/err.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void assert_shown(const char *name, const char *wanted)
{
    AUTO_FREE char *shown = shown_name(name);
    assert_non_null(shown);
    assert_string_equal(shown, wanted);
}

static void printable_names_are_shown_as_they_are(void **state)
{
    (void)state;
    assert_shown("", "");
    assert_shown("Sales/2026 full.bak", "Sales/2026 full.bak");
    assert_shown("Umsätze/売上.bak", "Umsätze/売上.bak");
    assert_shown("\xf0\x9f\x92\xbe", "\xf0\x9f\x92\xbe");
}

static void what_could_reach_a_terminal_is_escaped(void **state)
{
    (void)state;
    assert_shown("a\x1b[2Jb", "a\\x1b[2Jb");
    assert_shown("a\nb\r\tc\x7f", "a\\x0ab\\x0d\\x09c\\x7f");
    assert_shown("a\\x1b", "a\\\\x1b"); // cannot be mistaken for an escape
    assert_shown("\xc2\x9b"
                 "31m",
                 "\\xc2\\x9b31m");                                   // C1: CSI
    assert_shown("x\xe2\x80\xaekab.exe", "x\\xe2\\x80\\xaekab.exe"); // right-to-left override
    assert_shown("a\xe2\x80\xa8"
                 "b",
                 "a\\xe2\\x80\\xa8b"); // line separator
}

static void bytes_that_are_no_text_are_escaped(void **state)
{
    (void)state;
    assert_shown("\xff\xfe", "\\xff\\xfe");
    assert_shown("a\xc3", "a\\xc3");
    assert_shown("\xe2\x82"
                 "b",
                 "\\xe2\\x82"
                 "b");
    assert_shown("\xc0\xaf", "\\xc0\\xaf");          // overlong
    assert_shown("\xed\xa0\x80", "\\xed\\xa0\\x80"); // a surrogate
}

// json_print's output, by a pipe in place of stdout.
static int printed(const struct json_t *json, char *out, size_t size)
{
    int ends[2], kept = dup(STDOUT_FILENO);
    fflush(stdout);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDOUT_FILENO);
    int rc = json_print(json);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    close(ends[1]);
    ssize_t n = read(ends[0], out, size - 1);
    close(ends[0]);
    out[n > 0 ? n : 0] = '\0';
    return rc;
}

static void a_document_holds_what_was_added(void **state)
{
    (void)state;
    char text[512];
    AUTO_JSON struct json_t *json = json_new();
    struct json_t *list = json_list();
    json_append_text(list, "a\"b");
    json_append_text(list, "\xff");
    json_add_text(json, "none", NULL);
    json_add_number(json, "size", UINT64_C(5497558138880));
    json_add_bool(json, "whole", true);
    json_add(json, "names", list);
    assert_ok(printed(json, text, sizeof text));
    assert_string_equal(text, "{\n  \"none\": null,\n  \"size\": 5497558138880,\n"
                              "  \"whole\": true,\n  \"names\": [\n    \"a\\\"b\",\n"
                              "    \"\\\\xff\"\n  ]\n}\n");
}

static void a_document_that_lacks_something_is_not_printed(void **state)
{
    (void)state;
    char text[64];
    AUTO_JSON struct json_t *json = json_new();
    struct json_t *list = json_list();
    json_append(list, NULL); // as without memory
    json_add(json, "list", list);
    assert_int_equal(printed(json, text, sizeof text), -ENOMEM);
    assert_string_equal(text, "");
    assert_int_equal(printed(NULL, text, sizeof text), -ENOMEM);
}

static void assert_word(const char *name, const char *wanted)
{
    AUTO_FREE char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    shown_print_shell(out, name);
    fclose(out);
    assert_string_equal(text, wanted);
}

static void a_name_is_one_word_for_a_shell(void **state)
{
    (void)state;
    assert_word("nightly/Sales_1.bak", "nightly/Sales_1.bak");
    assert_word("", "$''");
    assert_word("-rf", "$'-rf'");
    assert_word("a b", "$'a b'");
    assert_word("it's $(x) `y` \"z\" ~ *", "$'it\\'s $(x) `y` \"z\" ~ *'");
    assert_word("a\\b\nc\x1b", "$'a\\\\b\\x0ac\\x1b'");
    assert_word("Umsätze", "$'Umsätze'");
}

static void a_map_of_json_is_bounded(void **state)
{
    (void)state;
    AUTO_KV struct kv map = {0};
    AUTO_BUF struct buf text;
    buf_init(&text, 1 << 20);
    assert_ok(buf_add_str(&text, "{\"a\":1"));
    for (int i = 0; i < 1000; i++)
        assert_ok(buf_addf(&text, ",\"%d\":%d", i, i));
    assert_ok(buf_add_str(&text, "}"));
    assert_int_equal(json_read_map(text.data, text.len, &map), -EIO);
    assert_ok(json_read_map("{\"a\":1}", 7, &map));
    assert_string_equal(kv_get(&map, "a"), "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_of_json_is_bounded),
        cmocka_unit_test(printable_names_are_shown_as_they_are),
        cmocka_unit_test(a_name_is_one_word_for_a_shell),
        cmocka_unit_test(what_could_reach_a_terminal_is_escaped),
        cmocka_unit_test(bytes_that_are_no_text_are_escaped),
        cmocka_unit_test(a_document_holds_what_was_added),
        cmocka_unit_test(a_document_that_lacks_something_is_not_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
