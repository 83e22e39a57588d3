// What a user may type, and what a mistyped option is answered with.
#include "cli/help.h"
#include "cli/mount_options.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/suggest.h"
#include "common/err.h"
#include "tests/unit/test.h"

#define ARN "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

static const struct verb MOUNT = {.name = "mount",
                                  .bit = VERB_MOUNT,
                                  .synopsis = "SOURCE MOUNTPOINT",
                                  .summary = "mount it",
                                  .arguments_min = 2,
                                  .arguments_max = 2};
static const struct verb CAT = {
    .name = "cat", .bit = VERB_CAT, .synopsis = "X", .arguments_min = 1, .arguments_max = 1};

static const struct verb GC = {
    .name = "gc", .bit = VERB_GC, .synopsis = "X", .arguments_min = 1, .arguments_max = 1};

// options_parse takes argv as main does; literals are copied into that type.
static int parse(struct options *o, const struct verb *verb, size_t count, const char **words)
{
    char *argv[32];
    assert_true(count <= 32);
    memcpy(argv, words, count * sizeof *words);
    return options_parse(o, verb, (int)count, argv);
}

#define PARSE(o, verb, ...)                                                                        \
    parse((o), (verb), sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                     \
          (const char *[]){__VA_ARGS__})

static void assert_text(const char *wanted)
{
    if (strstr(err_text(), wanted) == NULL)
        fail_msg("'%s' is not in '%s'", wanted, err_text());
}

static void long_options_take_values_in_both_forms(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    options_init(&o);
    assert_ok(PARSE(&o, &MOUNT, "s3://b/p", "--kms-key-id", ARN, "/mnt", "--part-size=16MiB",
                    "--hold-size", "0", "--foreground", "--uid", "1000", "--file-mode=0640",
                    "--log-level", "debug", "--log=stderr", "--plaintext", "read"));
    assert_int_equal(o.argument_count, 2);
    assert_string_equal(o.arguments[0], "s3://b/p");
    assert_string_equal(o.arguments[1], "/mnt");
    assert_string_equal(o.kms_key_id, ARN);
    assert_int_equal(o.part_size, 16 << 20);
    assert_int_equal(o.hold_size, 0);
    assert_true(o.foreground);
    assert_true(o.plaintext_read);
    assert_int_equal(o.uid, 1000);
    assert_int_equal(o.file_mode, 0640);
    assert_int_equal(o.log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(o.log_where, LOG_WHERE_STDERR);
    assert_true(o.window == OPTION_UNSET);
    assert_int_equal(o.dir_mode, 0700);
}

// Scripts outside the project rely on these names, both as --name and as -o name.
static void every_contract_name_is_known(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"kms-key-id",
                                        "format",
                                        "region",
                                        "profile",
                                        "endpoint-url",
                                        "kms-endpoint-url",
                                        "part-size",
                                        "hold-size",
                                        "window",
                                        "memory-limit",
                                        "spool-dir",
                                        "read-formats",
                                        "decrypt-key",
                                        "read-only",
                                        "plaintext",
                                        "foreground",
                                        "log-level",
                                        "uid",
                                        "gid",
                                        "file-mode",
                                        "dir-mode",
                                        "allow-other",
                                        "part-min",
                                        "allow-http",
                                        "allow-cross-region-key",
                                        "ca-bundle",
                                        "require-mlock",
                                        "connections",
                                        "zero-tail-max",
                                        "stop-timeout",
                                        "log",
                                        "version",
                                        "help"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        const struct option_row *row = option_find(NAMES[i], strlen(NAMES[i]));
        if (row == NULL || (row->verbs & VERB_MOUNT) == 0)
            fail_msg("--%s is not an option of mount", NAMES[i]);
    }
}

static void dashes_and_underscores_are_equal(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    options_init(&o);
    assert_ok(PARSE(&o, &MOUNT, "s3://b/p", "/mnt", "-o",
                    "kms_key_id=" ARN ",part-size=6MiB,hold_size=1MiB,allow_other,read-only"));
    assert_string_equal(o.kms_key_id, ARN);
    assert_int_equal(o.part_size, 6 << 20);
    assert_int_equal(o.hold_size, 1 << 20);
    assert_true(o.allow_other);
    assert_true(o.read_only);
}

static void o_may_stand_first_and_be_repeated(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    options_init(&o);
    assert_ok(PARSE(&o, &MOUNT, "-oregion=eu-west-1", "s3://b/p", "-o", "gid=5,,uid=6", "/mnt"));
    assert_string_equal(o.region, "eu-west-1");
    assert_int_equal(o.gid, 5);
    assert_int_equal(o.uid, 6);
    assert_string_equal(o.arguments[1], "/mnt");
}

static void the_last_value_wins_and_lists_grow(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    options_init(&o);
    assert_ok(PARSE(&o, &MOUNT, "s3://b", "/m", "--region=a", "--region=b", "--decrypt-key", "x",
                    "-o", "decrypt_key=y"));
    assert_string_equal(o.region, "b");
    assert_int_equal(o.decrypt_keys.count, 2);
    assert_string_equal(o.decrypt_keys.items[1], "y");
}

static void commas_can_be_escaped(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    options_init(&o);
    assert_ok(mount_options_parse(&o, &MOUNT, "read-formats=rds\\,rds-v1,spool-dir=/a\\\\b"));
    assert_string_equal(o.read_formats, "rds,rds-v1");
    assert_string_equal(o.spool_dir, "/a\\b");
}

static void what_mount_and_fstab_pass_is_understood(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    options_init(&o);
    assert_ok(mount_options_parse(
        &o, &MOUNT,
        "rw,dev,nodev,suid,nosuid,exec,noexec,auto,noauto,user,user=me,nofail,_netdev,defaults,"
        "x-systemd.automount,x-systemd.requires=a.service,X-mount.mkdir,comment=z,noatime"));
    assert_false(o.read_only);
    assert_null(o.fuse_extra);
    assert_ok(mount_options_parse(&o, &MOUNT, "ro"));
    assert_true(o.read_only);
    assert_ok(mount_options_parse(&o, &MOUNT, "rw"));
    assert_false(o.read_only);
    assert_ok(
        mount_options_parse(&o, &MOUNT, "default_permissions,context=\"a:b\\,c\",max_read=9"));
    assert_string_equal(o.fuse_extra, "default_permissions,context=\"a:b\\,c\",max_read=9");
    assert_int_equal(mount_options_parse(&o, &MOUNT, "remount,ro"), -EINVAL);
    assert_text("umount");
}

static void an_unknown_option_names_the_nearest(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    options_init(&o);
    assert_int_equal(PARSE(&o, &MOUNT, "s3://b", "/m", "--kms-keyid", "x"), -EINVAL);
    assert_string_equal(err_text(), "--kms-keyid: unknown option; did you mean --kms-key-id?");
    assert_int_equal(mount_options_parse(&o, &MOUNT, "partsize=8MiB"), -EINVAL);
    assert_string_equal(err_text(), "-o partsize: unknown option; did you mean part-size?");
    assert_int_equal(PARSE(&o, &MOUNT, "--bananas"), -EINVAL);
    assert_text("see rdsbak mount --help");
    assert_int_equal(PARSE(&o, &CAT, "--file-mode=1"), -EINVAL);
    assert_text("not an option of cat");
    // A guess must be useful: nothing of another verb.
    assert_int_equal(PARSE(&o, &CAT, "--hold-siz=1"), -EINVAL);
    assert_null(strstr(err_text(), "hold-size"));
}

static void bad_values_are_refused_with_the_option_named(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        const char *text;
    } BAD[] = {
        {"--part-size=8MB", "--part-size: '8MB'"},
        {"--hold-size=", "--hold-size: ''"},
        {"--file-mode=0888", "--file-mode: '0888'"},
        {"--file-mode=01777", "--file-mode"},
        {"--dir-mode=rwx", "--dir-mode: 'rwx'"},
        {"--uid=no-such-user-here", "--uid: 'no-such-user-here'"},
        {"--gid=-1", "--gid: '-1'"},
        {"--uid=4294967295", "--uid"},
        {"--plaintext=maybe", "refuse or read"},
        {"--log-level=loud", "--log-level"},
        {"--log=file", "stderr, syslog or journald"},
        {"--connections=0", "--connections: '0'"},
        {"--connections=257", "from 1 to 256"},
        {"--endpoint-url=localhost:80", "https://HOST"},
        {"--endpoint-url=http://", "https://HOST"},
        {"--region=", "--region: needs a value"},
        {"--foreground=yes", "--foreground: takes no value"},
        {"--kms-key-id", "--kms-key-id: needs a value (ARN)"},
        {"-o", "-o: needs a value"},
        {"-x", "-x: unknown option"},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        AUTO_OPTIONS struct options o;
        options_init(&o);
        assert_int_equal(PARSE(&o, &MOUNT, "s3://b", "/m", BAD[i].word), -EINVAL);
        assert_text(BAD[i].text);
    }
}

static void times_have_units(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        uint64_t seconds;
    } GOOD[] = {{"--older-than=0", 0},
                {"--older-than=90", 90},
                {"--older-than=90s", 90},
                {"--older-than=5m", 300},
                {"--older-than=24h", 86400},
                {"--older-than=7d", 604800},
                {"--older-than=3650d", 315360000}};
    static const char *const BAD[] = {"",   "h",   "-1h",   "1.5h", "1 h",
                                      "1w", "1hh", "3651d", "1h5m", "99999999999999999999d"};
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        AUTO_OPTIONS struct options o;
        options_init(&o);
        assert_ok(PARSE(&o, &GC, "s3://b", GOOD[i].word));
        assert_int_equal(o.older_than_s, GOOD[i].seconds);
    }
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        AUTO_OPTIONS struct options o;
        options_init(&o);
        assert_int_equal(PARSE(&o, &GC, "s3://b", "--older-than", BAD[i]), -EINVAL);
        assert_text("is no time");
    }
}

static void arguments_are_counted(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    options_init(&o);
    assert_int_equal(PARSE(&o, &MOUNT, "s3://b"), -EINVAL);
    assert_text("too few arguments; usage: rdsbak mount SOURCE MOUNTPOINT");
    assert_int_equal(PARSE(&o, &MOUNT, "/m", "more"), -EINVAL);
    assert_text("'more': too many arguments");
    AUTO_OPTIONS struct options dashes;
    options_init(&dashes);
    assert_ok(PARSE(&dashes, &MOUNT, "-", "--", "--foreground"));
    assert_string_equal(dashes.arguments[1], "--foreground");
    AUTO_OPTIONS struct options help;
    options_init(&help);
    assert_ok(PARSE(&help, &MOUNT, "--help"));
    assert_true(help.help);
}

// mount(8) gives its helpers -s -f -n -v -t with meanings of its own.
static void the_mount_helper_speaks_mounts_protocol(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    options_init(&o);
    o.is_helper = true;
    assert_ok(PARSE(&o, &MOUNT, "s3://b", "/m", "-s", "-f", "-n", "-v", "-t", "rdsbak", "-o",
                    "rw,never_heard_of=1"));
    assert_true(o.fake);
    assert_false(o.foreground);
    assert_int_equal(PARSE(&o, &MOUNT, "-N", "1"), -EINVAL);
}

static void too_much_is_refused(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    options_init(&o);
    for (int i = 0; i < OPTIONS_LIST_MAX; i++)
        assert_ok(mount_options_parse(&o, &MOUNT, "decrypt-key=k"));
    assert_int_equal(mount_options_parse(&o, &MOUNT, "decrypt-key=k"), -EINVAL);
    assert_text("more than 64");
    static char huge[5000];
    memset(huge, 'a', sizeof huge - 1);
    assert_int_equal(mount_options_parse(&o, &MOUNT, huge), -EINVAL);
    memcpy(huge, "context=", 8);
    huge[1500] = '\0';
    assert_ok(mount_options_parse(&o, &MOUNT, huge));
    assert_int_equal(mount_options_parse(&o, &MOUNT, huge), -EINVAL);
}

static void relative_paths_become_absolute(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    options_init(&o);
    assert_ok(mount_options_parse(&o, &MOUNT, "spool-dir=some/dir"));
    assert_int_equal(o.spool_dir[0], '/');
    assert_non_null(strstr(o.spool_dir, "/some/dir"));
}

static void help_shows_every_option_of_the_verb_and_no_other(void **state)
{
    (void)state;
    char *text = NULL;
    size_t text_len = 0, count = 0;
    FILE *out = open_memstream(&text, &text_len);
    help_verb(out, &CAT);
    fclose(out);
    const struct option_row *rows = option_table(&count);
    for (size_t i = 0; i < count; i++) {
        char shown[64];
        snprintf(shown, sizeof shown, "  --%s%s", rows[i].name,
                 rows[i].argument != NULL ? " " : "");
        if (rows[i].argument != NULL &&
            (strstr(text, shown) != NULL) != ((rows[i].verbs & VERB_CAT) != 0))
            fail_msg("help of cat and %s", shown);
        assert_true(strlen(rows[i].help) < 90);
    }
    free(text);
}

static void distances_count_edits(void **state)
{
    (void)state;
    assert_int_equal(suggest_distance("abc", 3, "abc", 3), 0);
    assert_int_equal(suggest_distance("abc", 3, "acb", 3), 1); // a swap
    assert_int_equal(suggest_distance("abc", 3, "ab", 2), 1);
    assert_int_equal(suggest_distance("", 0, "abc", 3), 3);
    assert_int_equal(suggest_distance("kitten", 6, "sitting", 7), 3);
    static const char LONG[SUGGEST_NAME_MAX + 2];
    assert_true(suggest_distance(LONG, SUGGEST_NAME_MAX + 1, "a", 1) == SIZE_MAX);
}

static void progress_says_how_much_and_how_long(void **state)
{
    (void)state;
    char line[PROGRESS_LINE_MAX];
    progress_line(line, "a.bak", 512ull << 20, 2048ull << 20, 1000);
    assert_string_equal(line, "a.bak: 512.0 MiB of 2.0 GiB, 25 %, 537 MB/s, 3 s left");
    progress_line(line, "stdin", 1000, PROGRESS_TOTAL_UNKNOWN, 0);
    assert_string_equal(line, "stdin: 1000 bytes, 0 MB/s");
    progress_line(line, "empty", 0, 0, 5);
    assert_string_equal(line, "empty: 0 bytes, 0 MB/s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_options_take_values_in_both_forms),
        cmocka_unit_test(every_contract_name_is_known),
        cmocka_unit_test(dashes_and_underscores_are_equal),
        cmocka_unit_test(o_may_stand_first_and_be_repeated),
        cmocka_unit_test(the_last_value_wins_and_lists_grow),
        cmocka_unit_test(commas_can_be_escaped),
        cmocka_unit_test(what_mount_and_fstab_pass_is_understood),
        cmocka_unit_test(an_unknown_option_names_the_nearest),
        cmocka_unit_test(bad_values_are_refused_with_the_option_named),
        cmocka_unit_test(times_have_units),
        cmocka_unit_test(arguments_are_counted),
        cmocka_unit_test(the_mount_helper_speaks_mounts_protocol),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(relative_paths_become_absolute),
        cmocka_unit_test(help_shows_every_option_of_the_verb_and_no_other),
        cmocka_unit_test(distances_count_edits),
        cmocka_unit_test(progress_says_how_much_and_how_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
