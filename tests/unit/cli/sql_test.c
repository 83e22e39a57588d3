// The T-SQL that is printed: names escaped, paths and ARNs made, RDS's rules held, the policy.
#include "cli/sql_check.h"
#include "cli/sql_policy.h"
#include "common/err.h"
#include "tests/unit/test.h"

#include <errno.h>

#define KEY "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

static void parse(struct source *out, const char *url)
{
    assert_ok(source_parse(url, out));
}

// ---- escaping ----

static void assert_written(int (*add)(struct buf *, const char *), const char *text,
                           const char *wanted)
{
    AUTO_BUF struct buf b;
    buf_init(&b, 4096);
    assert_ok(add(&b, text));
    assert_string_equal(buf_str(&b), wanted);
}

static void quotes_in_literals_are_doubled(void **state)
{
    (void)state;
    assert_written(sql_add_literal, "Sales", "N'Sales'");
    assert_written(sql_add_literal, "O'Brien''s", "N'O''Brien''''s'");
    assert_written(sql_add_literal, "'; DROP DATABASE x --", "N'''; DROP DATABASE x --'");
    assert_written(sql_add_literal, "a]b\\c\"", "N'a]b\\c\"'");
    assert_written(sql_add_literal, "", "N''");
}

static void brackets_in_identifiers_are_doubled(void **state)
{
    (void)state;
    assert_written(sql_add_identifier, "Sales", "[Sales]");
    assert_written(sql_add_identifier, "a]b[c", "[a]]b[c]");
    assert_written(sql_add_identifier, "]; DROP DATABASE x --", "[]]; DROP DATABASE x --]");
    assert_written(sql_add_identifier, "it's", "[it's]");
}

static void what_no_escape_helps_is_refused(void **state)
{
    (void)state;
    assert_ok(sql_check_text("object", "a\\b Umsätze.bak"));
    assert_int_equal(sql_check_text("object", "a\nGO\n.bak"), -EINVAL);
    assert_non_null(strstr(err_text(), "a\\x0aGO"));
    assert_int_equal(sql_check_text("object", "a\xff"), -EINVAL);
    assert_int_equal(sql_check_text("object", "a\xe2\x80\xae"), -EINVAL); // turns the direction
    assert_int_equal(sql_check_text("object", "a\xc2\x85"), -EINVAL);     // NEL ends a line
}

static void database_names_have_at_most_128_characters(void **state)
{
    (void)state;
    char name[128 * 2 + 2];
    for (size_t i = 0; i < 128; i++)
        memcpy(name + 2 * i, "\xc3\xa4", 3); // two bytes, one character
    assert_ok(sql_check_database(name));
    memcpy(name + 256, "x", 2);
    assert_int_equal(sql_check_database(name), -EINVAL);
}

// ---- paths ----

static void assert_path(const char *mountpoint, const char *first, const char *object,
                        const char *wanted)
{
    AUTO_SQL_MOUNT struct sql_mount m = {0};
    AUTO_BUF struct buf b;
    struct source first_source, object_source;
    buf_init(&b, 4096);
    parse(&first_source, first);
    parse(&object_source, object);
    assert_ok(sql_mount_parse(mountpoint, &first_source, &m));
    int rc = sql_add_path(&b, &m, &object_source);
    if (wanted == NULL)
        assert_int_equal(rc, -EINVAL);
    else
        assert_string_equal(buf_str(&b), wanted);
}

static void objects_are_found_under_the_mount(void **state)
{
    (void)state;
    assert_path("/mnt/b", "s3://buck/x.bak", "s3://buck/x.bak", "/mnt/b/x.bak");
    assert_path("/mnt/b/", "s3://buck/p/q/x.bak", "s3://buck/p/q/y.bak", "/mnt/b/y.bak");
    assert_path("s3://buck/p=/mnt/b", "s3://buck/p/q/x", "s3://buck/p/q/x", "/mnt/b/q/x");
    assert_path("s3://buck=/mnt/b", "s3://buck/p/q/x", "s3://buck/p/q/x", "/mnt/b/p/q/x");
    assert_path("/", "s3://buck/p/x", "s3://buck/p/x", "/x");
    assert_path("/mnt/b", "s3://buck/p/x", "s3://buck/q/x", NULL);
    assert_path("/mnt/b", "s3://buck/p/x", "s3://other/p/x", NULL);
}

static void shares_have_backslashes(void **state)
{
    (void)state;
    assert_path("\\\\fs\\share\\", "s3://buck/p/x.bak", "s3://buck/p/x.bak",
                "\\\\fs\\share\\x.bak");
    assert_path("s3://buck=\\\\fs\\share", "s3://buck/p/x", "s3://buck/p/x", "\\\\fs\\share\\p\\x");
    assert_path("Z:\\", "s3://buck/x", "s3://buck/x", "Z:\\x");
    assert_path("\\\\fs\\share", "s3://buck/a:b", "s3://buck/a:b", NULL);
    assert_path("\\\\fs\\share", "s3://buck/a\\b", "s3://buck/a\\b", NULL);
    assert_path("\\\\fs\\share", "s3://buck/a.", "s3://buck/a.", NULL);
}

static void a_relative_mountpoint_is_refused(void **state)
{
    (void)state;
    AUTO_SQL_MOUNT struct sql_mount m = {0};
    struct source s;
    parse(&s, "s3://buck/x");
    assert_int_equal(sql_mount_parse("mnt", &s, &m), -EINVAL);
    assert_int_equal(sql_mount_parse("s3://buck/p", &s, &m), -EINVAL);
}

// ---- scripts ----

struct plan { // and what it points into
    struct sql_plan plan;
    struct source objects[70];
    struct sql_mount mount;
};

static void make(struct plan *p, bool restore, const char *const *urls, size_t count)
{
    *p = (struct plan){.plan = {.restore = restore,
                                .database = "Sales",
                                .count = count,
                                .key_arn = KEY,
                                .partition = "aws",
                                .files = (unsigned)count}};
    for (size_t i = 0; i < count; i++)
        parse(&p->objects[i], urls[i]);
    assert_ok(sql_mount_parse("/mnt/b", &p->objects[0], &p->mount));
    p->plan.objects = p->objects;
    p->plan.mount = &p->mount;
}

static void plan_clear(struct plan *p)
{
    sql_mount_clear(&p->mount);
}
#define AUTO_PLAN CLEANUP(plan_clear)

static const char *const ONE[] = {"s3://buck/p/O'Brien.bak"};
static const char *const STRIPES[] = {"s3://buck/p/S1-of-3.bak", "s3://buck/p/S2-of-3.bak",
                                      "s3://buck/p/S3-of-3.bak"};

static void assert_script(int (*add)(struct buf *, const struct sql_plan *), const struct plan *p,
                          const char *wanted)
{
    AUTO_BUF struct buf b;
    buf_init(&b, SQL_SCRIPT_MAX);
    assert_ok(add(&b, &p->plan));
    assert_string_equal(buf_str(&b), wanted);
}

static void a_striped_backup_names_every_disk(void **state)
{
    (void)state;
    AUTO_PLAN struct plan p;
    make(&p, false, STRIPES, 3);
    p.plan.database = "a]b";
    assert_script(sql_add_server_script, &p,
                  "-- On SQL Server, where s3://buck/p/ is mounted as /mnt/b\n"
                  "BACKUP DATABASE [a]]b]\n"
                  "    TO DISK = N'/mnt/b/S1-of-3.bak',\n"
                  "       DISK = N'/mnt/b/S2-of-3.bak',\n"
                  "       DISK = N'/mnt/b/S3-of-3.bak'\n"
                  "    WITH COMPRESSION, CHECKSUM, FORMAT, STATS = 5;\n");
    assert_script(sql_add_rds_script, &p,
                  "-- On RDS\n"
                  "exec msdb.dbo.rds_backup_database\n"
                  "     @source_db_name = N'a]b',\n"
                  "     @s3_arn_to_backup_to = N'arn:aws:s3:::buck/p/S*.bak',\n"
                  "     @kms_master_key_arn = N'" KEY "',\n"
                  "     @overwrite_s3_backup_file = 0,\n"
                  "     @type = N'FULL',\n"
                  "     @number_of_files = 3;\n"
                  "-- (it writes p/S1-of-3.bak and so on)\n"
                  "-- How far it is; ask again until lifecycle is SUCCESS or ERROR:\n"
                  "exec msdb.dbo.rds_task_status @db_name = N'a]b';\n");
}

static void a_striped_restore_gives_rds_the_prefix(void **state)
{
    (void)state;
    AUTO_PLAN struct plan p;
    make(&p, true, STRIPES, 3);
    p.plan.type = SQL_DIFFERENTIAL;
    p.plan.norecovery = true;
    assert_script(sql_add_rds_script, &p,
                  "-- On RDS\n"
                  "-- (not on a Multi-AZ instance: it restores full backups only, with recovery)\n"
                  "exec msdb.dbo.rds_restore_database\n"
                  "     @restore_db_name = N'Sales',\n"
                  "     @s3_arn_to_restore_from = N'arn:aws:s3:::buck/p/S*',\n"
                  "     @kms_master_key_arn = N'" KEY "',\n"
                  "     @type = N'DIFFERENTIAL',\n"
                  "     @with_norecovery = 1;\n"
                  "-- How far it is; ask again until lifecycle is SUCCESS or ERROR:\n"
                  "exec msdb.dbo.rds_task_status @db_name = N'Sales';\n"
                  "-- After the last restore: exec msdb.dbo.rds_finish_restore @db_name = "
                  "N'Sales';\n");
}

static void logs_are_restored_one_by_one_and_the_last_recovers(void **state)
{
    (void)state;
    static const char *const LOGS[] = {"s3://buck/p/1.trn", "s3://buck/p/2.trn"};
    AUTO_PLAN struct plan p;
    AUTO_BUF struct buf b;
    make(&p, true, LOGS, 2);
    p.plan.type = SQL_LOG;
    buf_init(&b, SQL_SCRIPT_MAX);
    assert_ok(sql_add_rds_script(&b, &p.plan));
    const char *first = strstr(buf_str(&b), "buck/p/1.trn',");
    const char *second = strstr(buf_str(&b), "buck/p/2.trn',");
    assert_true(first != NULL && second != NULL && first < second);
    assert_non_null(strstr(first, "@with_norecovery = 1;\nexec msdb.dbo.rds_restore_log\n"));
    assert_non_null(strstr(second, "@with_norecovery = 0;\n"));
    assert_null(strchr(buf_str(&b), '*'));
    buf_reset(&b);
    assert_ok(sql_add_server_script(&b, &p.plan));
    assert_non_null(strstr(buf_str(&b), "RESTORE LOG [Sales]\n    FROM DISK = N'/mnt/b/1.trn'\n"
                                        "    WITH NORECOVERY"));
    assert_non_null(strstr(buf_str(&b), "FROM DISK = N'/mnt/b/2.trn'\n    WITH RECOVERY"));
}

static void one_object_in_several_files_gets_an_asterisk(void **state)
{
    (void)state;
    AUTO_PLAN struct plan p;
    AUTO_BUF struct buf b;
    make(&p, false, ONE, 1);
    p.plan.files = 4;
    buf_init(&b, SQL_SCRIPT_MAX);
    assert_ok(sql_add_rds_script(&b, &p.plan));
    assert_non_null(strstr(buf_str(&b), "N'arn:aws:s3:::buck/p/O''Brien*.bak'"));
    p.plan.partition = "aws-cn";
    p.plan.files = 1;
    buf_reset(&b);
    assert_ok(sql_add_rds_script(&b, &p.plan));
    assert_non_null(strstr(buf_str(&b), "N'arn:aws-cn:s3:::buck/p/O''Brien.bak'"));
    assert_null(strstr(buf_str(&b), "number_of_files"));
}

static void prefixes_end_between_characters(void **state)
{
    (void)state;
    struct source s[2];
    parse(&s[0], "s3://buck/a\xc3\xa4.bak");
    parse(&s[1], "s3://buck/a\xc3\xb6.bak"); // the first byte of both is the same
    assert_int_equal(sql_common_prefix(s, 2), 1);
    parse(&s[1], "s3://buck/a\xc3\xa4.bak2");
    assert_int_equal(sql_common_prefix(s, 2), strlen(s[0].key));
    parse(&s[1], "s3://buck/b");
    assert_int_equal(sql_common_prefix(s, 2), 0);
}

// ---- rules ----

// Whether a finding of that level holds the words; NULL: there is no error at all.
static void assert_found(const struct plan *p, const struct sql_facts *facts, bool is_error,
                         const char *words)
{
    AUTO_SQL_FINDINGS struct sql_findings f = {0};
    bool found = false;
    assert_ok(sql_check(&p->plan, facts, &f));
    for (size_t i = 0; i < f.count; i++) {
        bool this_one = words != NULL && f.items[i].is_error == is_error &&
                        strstr(f.items[i].text, words) != NULL;
        if (words == NULL && f.items[i].is_error)
            fail_msg("%s", f.items[i].text);
        found = found || this_one;
    }
    if (words != NULL && !found)
        fail_msg("not found: %s (of %zu)", words, f.count);
}

static void rds_takes_ten_files(void **state)
{
    (void)state;
    static char urls[11][32];
    const char *list[11];
    AUTO_PLAN struct plan ten, eleven;
    for (int i = 0; i < 11; i++) {
        snprintf(urls[i], sizeof urls[i], "s3://buck/p/S%d", i);
        list[i] = urls[i];
    }
    make(&ten, true, list, 10);
    make(&eleven, true, list, 11);
    assert_found(&ten, &(struct sql_facts){0}, true, NULL);
    assert_found(&eleven, &(struct sql_facts){0}, true, "at most 10");
    eleven.plan.type = SQL_LOG; // a chain of logs is no set
    assert_found(&eleven, &(struct sql_facts){0}, true, NULL);
}

static void sets_are_of_one_bucket_and_one_prefix(void **state)
{
    (void)state;
    static const char *const OTHER[] = {"s3://buck/p/S1", "s3://buck2/p/S2"};
    static const char *const APART[] = {"s3://buck/a", "s3://buck/b"};
    static const char *const TWICE[] = {"s3://buck/a1", "s3://buck/a1"};
    static const char *const FOLDERS[] = {"s3://buck/p/a/1", "s3://buck/p/b/1"};
    static const char *const STAR[] = {"s3://buck/p/a*"};
    AUTO_PLAN struct plan p, q, r, s, t, u;
    make(&p, true, OTHER, 2);
    assert_found(&p, &(struct sql_facts){0}, true, "another bucket");
    make(&q, true, APART, 2);
    assert_found(&q, &(struct sql_facts){0}, true, "no beginning in common");
    make(&r, true, TWICE, 2);
    assert_found(&r, &(struct sql_facts){0}, true, "named twice");
    make(&s, true, FOLDERS, 2);
    assert_found(&s, &(struct sql_facts){0}, false, "different folders");
    make(&t, true, STAR, 1);
    assert_found(&t, &(struct sql_facts){0}, true, "asterisk");
    make(&u, true, STRIPES, 3);
    assert_found(&u, &(struct sql_facts){.intruder = "p/S.txt"}, true, "p/S.txt: begins like");
}

static void regions_and_keys_must_suit(void **state)
{
    (void)state;
    AUTO_PLAN struct plan p;
    make(&p, true, ONE, 1);
    assert_found(&p, &(struct sql_facts){.key_region = "a", .bucket_region = "b"}, true,
                 "the key is in a and the bucket in b");
    assert_found(&p, &(struct sql_facts){.instance_region = "a", .bucket_region = "b"}, true,
                 "the bucket is in b and the instance in a");
    assert_found(&p, &(struct sql_facts){.instance_region = "a", .key_region = "b"}, true,
                 "the key is in b and the instance in a");
    assert_found(&p, &(struct sql_facts){.key_spec = "RSA_2048"}, true, "symmetric");
    assert_found(&p, &(struct sql_facts){.key_state = "PendingDeletion"}, true, "PendingDeletion");
    assert_found(&p, &(struct sql_facts){.key_failure = "denied"}, false, "denied");
    assert_found(&p,
                 &(struct sql_facts){.key_spec = "SYMMETRIC_DEFAULT",
                                     .key_state = "Enabled",
                                     .key_region = "a",
                                     .bucket_region = "a",
                                     .instance_region = "a"},
                 true, NULL);
}

static void assert_object(struct plan *p, struct sql_object_facts o, bool is_error,
                          const char *words)
{
    struct sql_facts facts = {.objects = &o};
    assert_found(p, &facts, is_error, words);
}

static void objects_must_be_what_rds_reads(void **state)
{
    (void)state;
    AUTO_PLAN struct plan p;
    make(&p, true, ONE, 1);
    struct sql_object_facts good = {.state = SQL_OBJECT_ENCRYPTED, .format = "rds", .key = KEY};
    struct sql_object_facts o = good;
    assert_object(&p, good, true, NULL);
    o.size = SQL_RDS_SIZE_MAX;
    assert_object(&p, o, true, NULL);
    o.size++;
    assert_object(&p, o, true, "5 TB");
    o = good, o.key = "arn:other";
    assert_object(&p, o, true, "under arn:other");
    o = good, o.format = "rds-v1", o.key = NULL;
    assert_object(&p, o, true, NULL);
    assert_object(&p, o, false, "walk-through");
    o = good, o.format = "gcm";
    assert_object(&p, o, true, "format gcm");
    o = good, o.format = NULL;
    assert_object(&p, o, true, "in a kind");
    o = good, o.storage_class = "DEEP_ARCHIVE";
    assert_object(&p, o, true, "archived");
    assert_object(&p, (struct sql_object_facts){.state = SQL_OBJECT_MISSING}, true, "no such");
    assert_object(&p, (struct sql_object_facts){.state = SQL_OBJECT_PLAINTEXT}, true, "PLAINTEXT");
    o = (struct sql_object_facts){.state = SQL_OBJECT_UNREADABLE, .reason = "why\x1b"};
    assert_object(&p, o, true, "why\\x1b");
    p.plan.key_arn = NULL;
    assert_object(&p, (struct sql_object_facts){.state = SQL_OBJECT_PLAINTEXT}, true, NULL);
    assert_object(&p, (struct sql_object_facts){.state = SQL_OBJECT_PLAINTEXT}, false, "PLAINTEXT");
    assert_object(&p, good, true, "no key's ARN");
    good.key = NULL;
    assert_object(&p, good, true, "names no key");
}

// ---- the policy ----

static void policies_escape_what_iam_would_read(void **state)
{
    (void)state;
    AUTO_BUF struct buf b;
    buf_init(&b, 4096);
    assert_ok(sql_add_policy_arn(&b, "aws", "buck", "a*b?${x}", 8, false));
    assert_string_equal(buf_str(&b), "arn:aws:s3:::buck/a${*}b${?}${$}{x}");
    buf_reset(&b);
    assert_ok(sql_add_policy_arn(&b, "aws", "buck", "S1-of", 1, true));
    assert_string_equal(buf_str(&b), "arn:aws:s3:::buck/S*");
}

static void policies_ask_for_what_is_needed(void **state)
{
    (void)state;
    AUTO_PLAN struct plan p;
    make(&p, true, STRIPES, 3);
    AUTO_JSON struct json_t *restore = sql_policy(&p.plan);
    AUTO_FREE char *restore_text = json_text(restore);
    assert_non_null(restore_text);
    static const char *const WORDS[] = {
        "\"s3:ListBucket\"",          "\"s3:GetBucketLocation\"", "\"s3:GetObject\"",
        "\"s3:GetObjectAttributes\"", "\"arn:aws:s3:::buck\"",    "\"arn:aws:s3:::buck/p/S*\"",
        "\"kms:DescribeKey\"",        "\"kms:Decrypt\"",          "\"" KEY "\""};
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        assert_non_null(strstr(restore_text, WORDS[i]));
    assert_null(strstr(restore_text, "PutObject"));
    p.plan.restore = false;
    AUTO_JSON struct json_t *backup = sql_policy(&p.plan);
    AUTO_FREE char *backup_text = json_text(backup);
    assert_non_null(strstr(backup_text, "\"s3:PutObject\""));
    p.plan.restore = true;
    p.plan.key_arn = NULL;
    AUTO_JSON struct json_t *plain = sql_policy(&p.plan);
    AUTO_FREE char *plain_text = json_text(plain);
    assert_null(strstr(plain_text, "kms:"));
}

static void partitions_follow_the_region(void **state)
{
    (void)state;
    assert_string_equal(sql_partition_of("eu-central-1"), "aws");
    assert_string_equal(sql_partition_of("cn-north-1"), "aws-cn");
    assert_string_equal(sql_partition_of("us-gov-west-1"), "aws-us-gov");
    assert_string_equal(sql_partition_of(NULL), "aws");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_in_literals_are_doubled),
        cmocka_unit_test(brackets_in_identifiers_are_doubled),
        cmocka_unit_test(what_no_escape_helps_is_refused),
        cmocka_unit_test(database_names_have_at_most_128_characters),
        cmocka_unit_test(objects_are_found_under_the_mount),
        cmocka_unit_test(shares_have_backslashes),
        cmocka_unit_test(a_relative_mountpoint_is_refused),
        cmocka_unit_test(a_striped_backup_names_every_disk),
        cmocka_unit_test(a_striped_restore_gives_rds_the_prefix),
        cmocka_unit_test(logs_are_restored_one_by_one_and_the_last_recovers),
        cmocka_unit_test(one_object_in_several_files_gets_an_asterisk),
        cmocka_unit_test(prefixes_end_between_characters),
        cmocka_unit_test(rds_takes_ten_files),
        cmocka_unit_test(sets_are_of_one_bucket_and_one_prefix),
        cmocka_unit_test(regions_and_keys_must_suit),
        cmocka_unit_test(objects_must_be_what_rds_reads),
        cmocka_unit_test(policies_escape_what_iam_would_read),
        cmocka_unit_test(policies_ask_for_what_is_needed),
        cmocka_unit_test(partitions_follow_the_region),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
