// The settings file: its syntax, for whom a line is, and who wins.
#include "cli/config_file.h"
#include "common/err.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <sys/stat.h>

static const struct verb MOUNT = {"mount", VERB_MOUNT, "", "", 2, 2, NULL};
static const struct verb LS = {"ls", VERB_LS, "", "", 1, 1, NULL};

// The options of a command line under a file's text; the test's to clear.
static int run(struct options *o, const struct verb *verb, const char *text, int argc,
               const char *const *argv)
{
    AUTO_OPTIONS struct options given;
    char *words[8];
    assert_true(argc <= 8);
    memcpy(words, argv, (size_t)argc * sizeof *argv); // options_parse takes argv as main does
    options_init(o);
    options_init(&given);
    assert_int_equal(options_parse(&given, verb, argc, words), 0);
    int rc = config_apply(o, verb, &given, "the-file", text, strlen(text));
    return rc < 0 ? rc : options_parse(o, verb, argc, words);
}

static const char *const ARGS[] = {"s3://bucket/sql", "/mnt/sql"};

static void assert_refused(const char *text, const char *reason)
{
    AUTO_OPTIONS struct options o;
    assert_int_equal(run(&o, &MOUNT, text, 2, ARGS), -EINVAL);
    assert_non_null(strstr(err_text(), "the-file: line "));
    if (strstr(err_text(), reason) == NULL)
        fail_msg("%s: not in: %s", reason, err_text());
}

static void lines_before_a_section_are_for_all(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    const char *text = "# a comment\n\n region = eu-central-1 \r\n"
                       "memory_limit=1GiB\nrequire-mlock\nallow-other = yes\nread-only = no\n"
                       "decrypt-key = a#b\ndecrypt-key = c";
    assert_int_equal(run(&o, &MOUNT, text, 2, ARGS), 0);
    assert_string_equal(o.region, "eu-central-1");
    assert_int_equal(o.memory_limit, 1u << 30);
    assert_true(o.require_mlock && o.allow_other && !o.read_only);
    assert_int_equal(o.decrypt_keys.count, 2);
    assert_string_equal(o.decrypt_keys.items[0], "a#b");
}

static void the_command_line_wins_over_the_file(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    const char *const args[] = {"s3://bucket", "/mnt", "--region", "here", "-o", "rw,window=1MiB"};
    assert_int_equal(
        run(&o, &MOUNT, "region = there\nread-only\nwindow = 2MiB\nprofile = p\n", 6, args), 0);
    assert_string_equal(o.region, "here");
    assert_string_equal(o.profile, "p");
    assert_int_equal(o.window, 1u << 20);
    assert_false(o.read_only);
}

static void sections_are_for_a_bucket_a_prefix_or_a_mount_point(void **state)
{
    (void)state;
    static const struct {
        const char *section;
        bool fits;
    } CASES[] = {
        {"s3://bucket", true},        {"s3://bucket/", true}, {"s3://bucket/sql", true},
        {"s3://bucket/sql/", true},   {"s3://buck", false},   {"s3://bucket/sq", false},
        {"s3://bucket/sql/x", false}, {"s3://other", false},  {"/mnt/sql", true},
        {"/mnt/sql/", true},          {"/mnt", false},        {"/mnt/sql/x", false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char text[200];
        AUTO_OPTIONS struct options o;
        snprintf(text, sizeof text, "region = all\n[%s]\nregion = section\n", CASES[i].section);
        assert_int_equal(run(&o, &MOUNT, text, 2, ARGS), 0);
        assert_string_equal(o.region, CASES[i].fits ? "section" : "all");
    }
}

static void what_comes_later_wins(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    assert_int_equal(
        run(&o, &MOUNT, "[/mnt/sql]\nregion = a\n[s3://bucket]\nregion = b\n", 2, ARGS), 0);
    assert_string_equal(o.region, "b");
}

static void commands_pass_over_options_they_do_not_have(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    const char *const args[] = {"s3://bucket/"};
    assert_int_equal(
        run(&o, &LS, "region = r\nwindow = 1MiB\nallow-other\n[/mnt]\nuid = 1\n", 1, args), 0);
    assert_string_equal(o.region, "r");
    assert_int_equal(o.window, OPTION_UNSET);
}

static void errors_name_file_line_and_reason(void **state)
{
    (void)state;
    assert_refused("\nregoin = x\n", "line 2: regoin: unknown option; did you mean region?");
    assert_refused("window = lots\n", "line 1: window: ");
    assert_refused("[s3://other]\nwindow = lots\n", "line 2: window: ");
    assert_refused("region\n", "needs a value");
    assert_refused("region =\n", "needs a value");
    assert_refused("require-mlock = maybe\n", "neither yes nor no");
    assert_refused("= x\n", "no name");
    assert_refused("[s3://x\n", "without its ']'");
    assert_refused("[global]\n", "a section is [s3://");
    assert_refused("help\n", "unknown");
    assert_refused("config = /etc/other\n", "unknown");
    assert_refused("to-key = x\n", "unknown"); // what one command shall do
}

static void credentials_are_refused_by_name(void **state)
{
    (void)state;
    assert_refused("aws_secret_access_key = x\n", "do not belong here");
    assert_refused("session-token = x\n", "do not belong here");
}

// ---- files ----

static int load(const char *path, mode_t mode, const char *text)
{
    AUTO_OPTIONS struct options o, given;
    char word[200];
    snprintf(word, sizeof word, "--config=%s", path);
    char *const argv[] = {(char[]){"s3://b"}, (char[]){"/mnt"}, word};
    options_init(&o);
    options_init(&given);
    assert_int_equal(options_parse(&given, &MOUNT, 3, argv), 0);
    if (text != NULL) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(text, file);
        fclose(file);
        assert_int_equal(chmod(path, mode), 0);
    }
    int rc = config_load(&o, &MOUNT, &given);
    if (text != NULL)
        unlink(path);
    return rc;
}

static void files_that_others_may_write_are_refused(void **state)
{
    (void)state;
    char path[] = "/tmp/rdsbak-conf-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(load(path, 0644, "region = x\n"), 0);
    assert_int_equal(load(path, 0600, "region = x\n"), 0);
    assert_int_equal(load(path, 0664, "region = x\n"), -EINVAL);
    assert_non_null(strstr(err_text(), "chmod go-w"));
    assert_int_equal(load(path, 0646, "region = x\n"), -EINVAL);
}

static void a_named_file_must_be_there_and_none_reads_nothing(void **state)
{
    (void)state;
    assert_int_equal(load("/nonexistent/rdsbak.conf", 0, NULL), -EINVAL);
    assert_non_null(strstr(err_text(), "/nonexistent/rdsbak.conf"));
    assert_int_equal(load("/tmp", 0, NULL), -EINVAL);
    assert_int_equal(load("none", 0, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_before_a_section_are_for_all),
        cmocka_unit_test(the_command_line_wins_over_the_file),
        cmocka_unit_test(sections_are_for_a_bucket_a_prefix_or_a_mount_point),
        cmocka_unit_test(what_comes_later_wins),
        cmocka_unit_test(commands_pass_over_options_they_do_not_have),
        cmocka_unit_test(errors_name_file_line_and_reason),
        cmocka_unit_test(credentials_are_refused_by_name),
        cmocka_unit_test(files_that_others_may_write_are_refused),
        cmocka_unit_test(a_named_file_must_be_there_and_none_reads_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
