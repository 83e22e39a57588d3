// Where credentials come from: environment, files, profiles; and that changed files are read again.
#include "common/err.h"
#include "s3/credentials.h"
#include "tests/unit/test.h"

#include <sys/stat.h>
#include <unistd.h>

static char dir[64];
static char credentials_path[128], config_path[128];

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static int clean(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN", "AWS_PROFILE"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        unsetenv(NAMES[i]);
    snprintf(credentials_path, sizeof credentials_path, "%s/credentials", dir);
    snprintf(config_path, sizeof config_path, "%s/config", dir);
    unlink(credentials_path);
    unlink(config_path);
    setenv("AWS_SHARED_CREDENTIALS_FILE", credentials_path, 1);
    setenv("AWS_CONFIG_FILE", config_path, 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1); // nobody but loopback is asked
    return 0;
}

static void assert_credentials(struct credentials_source *s, const char *id, const char *key,
                               const char *token)
{
    AUTO_CREDENTIALS struct credentials c = {0};
    assert_ok(credentials_get(s, &c));
    assert_string_equal(c.access_key_id, id);
    assert_int_equal(secret_size(c.secret_key), strlen(key));
    assert_memory_equal(secret_bytes(c.secret_key), key, strlen(key));
    if (token == NULL) {
        assert_null(c.session_token);
        return;
    }
    assert_int_equal(secret_size(c.session_token), strlen(token));
    assert_memory_equal(secret_bytes(c.session_token), token, strlen(token));
}

static void the_environment_comes_first(void **state)
{
    (void)state;
    struct credentials_source *s = NULL;
    write_file(credentials_path, "[default]\naws_access_key_id=FILE\naws_secret_access_key=f\n");
    setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "e", 1);
    setenv("AWS_SESSION_TOKEN", "token", 1);
    assert_ok(credentials_source_new(&s, NULL));
    assert_credentials(s, "ENV", "e", "token");
    credentials_source_free(s);
    // A profile named by an argument is what the user wants now.
    assert_ok(credentials_source_new(&s, "default"));
    assert_credentials(s, "FILE", "f", NULL);
    credentials_source_free(s);
}

static void half_of_the_environment_is_an_error(void **state)
{
    (void)state;
    struct credentials_source *s = NULL;
    setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    assert_int_equal(credentials_source_new(&s, NULL), -EACCES);
    assert_non_null(strstr(err_text(), "AWS_SECRET_ACCESS_KEY"));
    assert_null(s);
}

static void profiles_are_found_in_both_files(void **state)
{
    (void)state;
    struct credentials_source *s = NULL;
    char *value = NULL;
    write_file(credentials_path, "[work]\naws_access_key_id = W\naws_secret_access_key = w/+=\n"
                                 "aws_session_token = t\n");
    write_file(config_path, "[profile work]\nregion = eu-west-1\nservices = local\n"
                            "aws_access_key_id = OLD\n[services local]\ns3 =\n"
                            "  endpoint_url = http://127.0.0.1:1\n"
                            "[profile other]\naws_access_key_id = O\naws_secret_access_key = o\n");
    assert_ok(credentials_source_new(&s, "work"));
    assert_credentials(s, "W", "w/+=", "t");
    assert_ok(credentials_setting(s, "region", &value));
    assert_string_equal(value, "eu-west-1");
    free(value);
    assert_ok(credentials_setting(s, "s3.endpoint_url", &value));
    assert_string_equal(value, "http://127.0.0.1:1");
    free(value);
    assert_ok(credentials_setting(s, "kms.endpoint_url", &value));
    assert_null(value);
    credentials_source_free(s);
    setenv("AWS_PROFILE", "other", 1);
    assert_ok(credentials_source_new(&s, NULL));
    assert_credentials(s, "O", "o", NULL);
    credentials_source_free(s);
}

static void a_changed_file_is_read_again(void **state)
{
    (void)state;
    struct credentials_source *s = NULL;
    write_file(credentials_path, "[default]\naws_access_key_id=A\naws_secret_access_key=1\n");
    assert_ok(credentials_source_new(&s, NULL));
    assert_credentials(s, "A", "1", NULL);
    // Replaced by rename, as tools do it: another inode.
    char next[160];
    snprintf(next, sizeof next, "%s.new", credentials_path);
    write_file(next, "[default]\naws_access_key_id=B\naws_secret_access_key=2\n");
    assert_int_equal(rename(next, credentials_path), 0);
    assert_credentials(s, "B", "2", NULL);
    assert_true(credentials_refused(s, "B", true));
    assert_credentials(s, "B", "2", NULL);
    // Broken meanwhile: the old ones are good for as long as nobody refuses them.
    write_file(credentials_path, "[default]\nSECRETSECRET\n");
    assert_credentials(s, "B", "2", NULL);
    credentials_refused(s, "A", true); // not those of now
    assert_credentials(s, "B", "2", NULL);
    credentials_refused(s, "B", false); // by one server, for another they may be good
    assert_credentials(s, "B", "2", NULL);
    credentials_refused(s, "B", true);
    AUTO_CREDENTIALS struct credentials c = {0};
    assert_int_equal(credentials_get(s, &c), -EIO);
    assert_non_null(strstr(err_text(), "line 2"));
    assert_non_null(strstr(err_text(), credentials_path));
    assert_null(strstr(err_text(), "SECRET"));
    struct credentials_description d;
    credentials_describe(s, &d);
    assert_false(d.usable);
    assert_non_null(strstr(d.trouble, "line 2"));
    write_file(credentials_path, "[default]\naws_access_key_id=C\naws_secret_access_key=3\n");
    assert_credentials(s, "C", "3", NULL);
    credentials_describe(s, &d);
    assert_true(d.usable);
    assert_string_equal(d.source, "profile 'default'");
    assert_string_equal(d.access_key_id, "C");
    assert_string_equal(d.trouble, "");
    credentials_source_free(s);
}

static void nothing_found_says_where_it_looked(void **state)
{
    (void)state;
    struct credentials_source *s = NULL;
    assert_int_equal(credentials_source_new(&s, NULL), -EACCES);
    assert_non_null(strstr(err_text(), "AWS_ACCESS_KEY_ID"));
    assert_non_null(strstr(err_text(), credentials_path));
    assert_non_null(strstr(err_text(), config_path));
    write_file(config_path, "[profile sso]\nsso_session = x\n");
    assert_int_equal(credentials_source_new(&s, "sso"), -EACCES);
    assert_non_null(strstr(err_text(), "sso_session"));
}

int main(void)
{
    snprintf(dir, sizeof dir, "/tmp/rdsbak-credentials-XXXXXX");
    if (secret_init() < 0 || mkdtemp(dir) == NULL)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_environment_comes_first, clean),
        cmocka_unit_test_setup(half_of_the_environment_is_an_error, clean),
        cmocka_unit_test_setup(profiles_are_found_in_both_files, clean),
        cmocka_unit_test_setup(a_changed_file_is_read_again, clean),
        cmocka_unit_test_setup(nothing_found_says_where_it_looked, clean),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    clean(NULL);
    rmdir(dir);
    return failed;
}
