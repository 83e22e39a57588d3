// The pieces of the chain that need no server: answers, times, commands, hosts, profiles.
#include "common/clock.h"
#include "common/err.h"
#include "s3/clock_offset.h"
#include "s3/credentials_answer.h"
#include "s3/credentials_process.h"
#include "s3/metadata.h"
#include "tests/unit/test.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];
static char config_path[128];

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
    static const char *const NAMES[] = {"AWS_ACCESS_KEY_ID",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",
                                        "AWS_PROFILE",
                                        "AWS_ROLE_ARN",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        unsetenv(NAMES[i]);
    snprintf(config_path, sizeof config_path, "%s/config", dir);
    unlink(config_path);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials", 1);
    setenv("AWS_CONFIG_FILE", config_path, 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    return 0;
}

// ---- answers

static void timestamps(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t s; // -1: refused
    } CASES[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-29T20:15:00Z", 1795983300},
        {"2026-11-29T20:15:00.123456Z", 1795983300},
        {"2026-11-29T21:15:00+01:00", 1795983300},
        {"2026-11-29T14:45:00-05:30", 1795983300},
        {"2024-02-29T00:00:00Z", 1709164800},
        {"2026-02-30T00:00:00Z", -1},
        {"2026-11-29T20:15:00", -1},
        {"2026-11-29 20:15:00Z", -1},
        {"2026-11-29T20:15:00Zz", -1},
        {"2026-11-29T20:15:00.Z", -1},
        {"2026-11-29T24:15:00Z", -1},
        {"2026-1-29T20:15:00Z", -1},
        {"+026-11-29T20:15:00Z", -1},
        {"2026-11-29T20:15:00+25:00", -1},
        {"", -1},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        int64_t s = -1;
        int rc = timestamp_parse(CASES[i].text, &s);
        assert_int_equal(rc, CASES[i].s < 0 ? -EIO : 0);
        if (rc == 0)
            assert_int_equal(s, CASES[i].s);
    }
}

static int parse(enum credentials_form form, const char *text, struct credentials *c)
{
    return credentials_parse_json(c, form, text, strlen(text));
}

static void assert_secret(const struct secret *s, const char *text)
{
    assert_non_null(s);
    assert_int_equal(secret_size(s), strlen(text));
    assert_memory_equal(secret_bytes(s), text, strlen(text));
}

static void answers_in_json_are_taken_whole_or_not(void **state)
{
    (void)state;
    AUTO_CREDENTIALS struct credentials c = {0};
    assert_ok(parse(CREDENTIALS_OF_PROCESS,
                    "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"k/+=\","
                    "\"SessionToken\":\"t\",\"Expiration\":\"2026-11-29T20:15:00Z\",\"X\":[]}",
                    &c));
    assert_string_equal(c.access_key_id, "A");
    assert_secret(c.secret_key, "k/+=");
    assert_secret(c.session_token, "t");
    assert_int_equal(c.expires_s, 1795983300);
    credentials_clear(&c);
    assert_ok(parse(CREDENTIALS_OF_PROCESS,
                    "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"k\"}", &c));
    assert_null(c.session_token);
    assert_int_equal(c.expires_s, 0);
    credentials_clear(&c);
    assert_ok(parse(CREDENTIALS_OF_METADATA,
                    "{\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"k\","
                    "\"Token\":\"t\",\"Expiration\":\"2026-11-29T20:15:00Z\"}",
                    &c));
    assert_secret(c.session_token, "t");
}

static void answers_in_json_that_must_be_refused_are(void **state)
{
    (void)state;
    static const struct {
        enum credentials_form form;
        int rc;
        const char *text;
    } CASES[] = {
        {CREDENTIALS_OF_PROCESS, -EIO, ""},
        {CREDENTIALS_OF_PROCESS, -EIO, "hunter2"},
        {CREDENTIALS_OF_PROCESS, -EIO, "[]"},
        {CREDENTIALS_OF_PROCESS, -EIO, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\"}"},
        {CREDENTIALS_OF_PROCESS, -EIO,
         "{\"Version\":2,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\"}"},
        {CREDENTIALS_OF_PROCESS, -EIO,
         "{\"Version\":\"1\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\"}"},
        {CREDENTIALS_OF_PROCESS, -EIO, "{\"Version\":1,\"SecretAccessKey\":\"hunter2\"}"},
        {CREDENTIALS_OF_PROCESS, -EIO, "{\"Version\":1,\"AccessKeyId\":\"A\"}"},
        {CREDENTIALS_OF_PROCESS, -EIO,
         "{\"Version\":1,\"AccessKeyId\":\"A\\r\\nX: y\",\"SecretAccessKey\":\"hunter2\"}"},
        {CREDENTIALS_OF_PROCESS, -EIO,
         "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\","
         "\"SessionToken\":\"a\\nb\"}"},
        {CREDENTIALS_OF_PROCESS, -EIO,
         "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\","
         "\"Expiration\":1795983300}"},
        {CREDENTIALS_OF_PROCESS, -EIO,
         "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\","
         "\"Expiration\":\"tomorrow\"}"},
        {CREDENTIALS_OF_PROCESS, -EIO,
         "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\"} {}"},
        {CREDENTIALS_OF_PROCESS, -EIO,
         "{\"Version\":1,\"AccessKeyId\":\"A\",\"AccessKeyId\":\"B\","
         "\"SecretAccessKey\":\"hunter2\"}"},
        {CREDENTIALS_OF_METADATA, -EACCES,
         "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"EC2 cannot assume it\"}"},
        {CREDENTIALS_OF_METADATA, -EIO,
         "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\",\"Token\":\"t\"}"},
        {CREDENTIALS_OF_METADATA, -EIO,
         "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\","
         "\"Expiration\":\"2026-11-29T20:15:00Z\"}"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct credentials c;
        assert_int_equal(parse(CASES[i].form, CASES[i].text, &c), CASES[i].rc);
        assert_null(c.secret_key);
        assert_null(strstr(err_text(), "hunter2"));
    }
}

#define STS_ANSWER(key, more)                                                                      \
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>"   \
    "<AssumedRoleUser><Arn>a</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIA</"              \
    "AccessKeyId>" key                                                                             \
    "<SessionToken>t==</SessionToken><Expiration>2026-11-29T20:15:00Z</Expiration>" more           \
    "</Credentials></AssumeRoleResult></AssumeRoleResponse>"

static void answers_of_sts(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",
        "<a/>",
        STS_ANSWER("", ""),
        STS_ANSWER("<SecretAccessKey></SecretAccessKey>", ""),
        STS_ANSWER("<SecretAccessKey>hunter2</SecretAccessKey>", "<AccessKeyId>B</AccessKeyId>"),
        "<!DOCTYPE a [<!ENTITY x \"hunter2\">]>" STS_ANSWER(
            "<SecretAccessKey>&x;</SecretAccessKey>", ""),
    };
    const char *good = STS_ANSWER("<SecretAccessKey>k</SecretAccessKey>", "");
    AUTO_CREDENTIALS struct credentials c = {0};
    assert_ok(credentials_parse_sts(&c, good, strlen(good)));
    assert_string_equal(c.access_key_id, "ASIA");
    assert_secret(c.secret_key, "k");
    assert_secret(c.session_token, "t==");
    assert_int_equal(c.expires_s, 1795983300);
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct credentials none;
        assert_int_equal(credentials_parse_sts(&none, BAD[i], strlen(BAD[i])), -EIO);
        assert_null(none.secret_key);
        assert_null(strstr(err_text(), "hunter2"));
    }
    const char *refusal = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
                          "<Message>not authorized</Message></Error></ErrorResponse>";
    struct sts_error e;
    sts_error_parse(&e, refusal, strlen(refusal));
    assert_string_equal(e.code, "AccessDenied");
    assert_string_equal(e.message, "not authorized");
}

// ---- credential_process

static void assert_split(const char *text, size_t count, const char *const *words)
{
    AUTO_COMMAND struct command c = {0};
    assert_ok(command_split(&c, text));
    assert_int_equal(c.count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(c.words[i], words[i]);
    assert_null(c.words[count]);
}

static void commands_are_split_as_a_shell_splits_them(void **state)
{
    (void)state;
    assert_split("  /bin/a  b\tc ", 3, (const char *const[]){"/bin/a", "b", "c"});
    assert_split("\"/opt/my tools/a\" 'b c' d\\ e", 3,
                 (const char *const[]){"/opt/my tools/a", "b c", "d e"});
    assert_split("a \"q\\\"q\\\\ \\n\" '\\' ''", 4,
                 (const char *const[]){"a", "q\"q\\ \\n", "\\", ""});
    assert_split("a x'y'\"z\" $HOME `id` ;|>*", 5,
                 (const char *const[]){"a", "xyz", "$HOME", "`id`", ";|>*"});
    static const char *const BAD[] = {"", "   ", "a 'b", "a \"b", "a \\"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        AUTO_COMMAND struct command c = {0};
        assert_int_equal(command_split(&c, BAD[i]), -EACCES);
    }
}

static int run_text(const char *text, size_t max, int64_t ms, struct buf *out)
{
    AUTO_COMMAND struct command c = {0};
    buf_init_secret(out, max);
    assert_ok(command_split(&c, text));
    return command_run(&c, clock_ms() + ms, NULL, out);
}

#define LONG_MS 300000

static void what_a_process_says_is_bounded_and_its_end_is_judged(void **state)
{
    (void)state;
    AUTO_BUF struct buf out;
    assert_ok(run_text("printf '%s\\n' 'a b'", 100, LONG_MS, &out));
    assert_string_equal(buf_str(&out), "a b\n");
    buf_clear(&out);
    assert_int_equal(run_text("sh -c 'echo hunter2; exit 3'", 100, LONG_MS, &out), -EIO);
    assert_non_null(strstr(err_text(), "status 3"));
    assert_null(strstr(err_text(), "hunter2"));
    buf_clear(&out);
    assert_int_equal(run_text("sh -c 'kill -9 $$'", 100, LONG_MS, &out), -EIO);
    assert_non_null(strstr(err_text(), "signal 9"));
    buf_clear(&out);
    assert_int_equal(run_text("yes", 5000, LONG_MS, &out), -EIO);
    assert_non_null(strstr(err_text(), "5000 bytes"));
    buf_clear(&out);
    int rc = run_text("/nowhere/program", 100, LONG_MS, &out);
    assert_true(rc == -EACCES || rc == -EIO); // valgrind's posix_spawn knows only status 127
    assert_non_null(strstr(err_text(), "/nowhere/program"));
}

static void a_process_that_hangs_is_killed_with_its_children(void **state)
{
    (void)state;
    AUTO_BUF struct buf out;
    char command[512], pid_path[128];
    snprintf(pid_path, sizeof pid_path, "%s/pid", dir);
    // The child holds stdout when its parent has ended.
    snprintf(command, sizeof command, "sh -c 'sleep 100000 & echo $! >%s; mv %s %s.all'", pid_path,
             pid_path, pid_path);
    assert_int_equal(run_text(command, 100, 2000, &out), -EIO);
    assert_non_null(strstr(err_text(), "in time"));
    snprintf(command, sizeof command, "%s.all", pid_path);
    FILE *f = fopen(command, "r");
    int pid = 0;
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%d", &pid), 1); // check: allow - a test's own file
    fclose(f);
    // Gone, or a zombie that its new parent has not reaped yet.
    for (bool gone = false; !gone; usleep(10000)) {
        char path[64], state_of = 'Z';
        snprintf(path, sizeof path, "/proc/%d/stat", pid);
        FILE *stat = fopen(path, "r");
        gone = stat == NULL || (fscanf(stat, "%*d %*s %c", &state_of) == 1 && state_of == 'Z');
        if (stat != NULL)
            fclose(stat);
    }
}

// No descriptor, no ignored signal of ours.
static void a_process_inherits_nothing(void **state)
{
    (void)state;
    AUTO_BUF struct buf out;
    int fd = dup(STDERR_FILENO); // without close-on-exec
    signal(SIGPIPE, SIG_IGN);
    assert_ok(run_text("ls -x /proc/self/fd", 1000, LONG_MS, &out));
    assert_string_equal(buf_str(&out), "0  1  2  3\n"); // the last is the folder that it reads
    buf_clear(&out);
    assert_ok(run_text("grep SigIgn /proc/self/status", 1000, LONG_MS, &out));
    signal(SIGPIPE, SIG_DFL);
    close(fd);
    // glibc ignores its own two, 32 and 33, in whatever it spawns.
    const char *ignored = strstr(buf_str(&out), "SigIgn:\t");
    assert_non_null(ignored);
    assert_int_equal(strtoull(ignored + 8, NULL, 16) & 0x7fffffff, 0);
}

// ---- hosts

static void only_trusted_hosts_are_asked_for_a_containers_credentials(void **state)
{
    (void)state;
    static const struct {
        const char *url, *path; // NULL: refused
    } CASES[] = {
        {"http://169.254.170.2/v2/x", "/v2/x"},
        {"http://169.254.170.23/v1/credentials", "/v1/credentials"},
        {"http://[fd00:ec2::23]/v1/credentials", "/v1/credentials"},
        {"http://[fd00:0ec2::0023]:80/", "/"},
        {"http://127.0.0.1:1234/a?b=c", "/a?b=c"},
        {"http://localhost/a", "/a"},
        {"http://[::1]/a", "/a"},
        {"https://example.org/a", "/a"},
        {"https://example.org", "/"},
        {"http://example.org/a", NULL},
        {"http://169.254.169.254/a", NULL},
        {"http://169.254.170.2.example.org/a", NULL},
        {"http://127.0.0.1@example.org/a", NULL},
        {"http://example.org#@127.0.0.1/", NULL},
        {"http://localhost.example.org/", NULL},
        {"ftp://127.0.0.1/", NULL},
        {"127.0.0.1/a", NULL},
        {"http://127.0.0.1/a b", NULL},
        {"http://127.0.0.1/a\r\nX: y", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct endpoint server;
        const char *path = NULL;
        int rc = metadata_container_url(CASES[i].url, &server, &path);
        assert_int_equal(rc, CASES[i].path != NULL ? 0 : -EACCES);
        if (rc == 0)
            assert_string_equal(path, CASES[i].path);
    }
}

// ---- profiles

static void assert_refused(const char *profile, const char *why)
{
    struct credentials_source *s = NULL;
    assert_int_equal(credentials_source_new(&s, profile), -EACCES);
    assert_null(s);
    if (strstr(err_text(), why) == NULL)
        fail_msg("'%s' is not in: %s", why, err_text());
}

static void a_profile_runs_its_credential_process(void **state)
{
    (void)state;
    char text[512];
    struct credentials_source *s = NULL;
    AUTO_CREDENTIALS struct credentials c = {0};
    struct credentials_description d;
    snprintf(text, sizeof text,
             "[profile p]\ncredential_process = cat \"%s/answer\"\n"
             "[profile bad]\ncredential_process = cat /nowhere\n",
             dir);
    write_file(config_path, text);
    snprintf(text, sizeof text, "%s/answer", dir);
    write_file(text, "{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"p\","
                     "\"Expiration\":\"2199-01-01T00:00:00Z\"}");
    assert_ok(credentials_source_new(&s, "p"));
    assert_ok(credentials_get(s, &c));
    assert_string_equal(c.access_key_id, "P");
    credentials_describe(s, &d);
    assert_string_equal(d.source, "profile 'p' by credential_process");
    assert_true(d.expires_s > clock_wall_s());
    // Asked again only when it is refused or due.
    credentials_clear(&c);
    write_file(text, "{\"Version\":1,\"AccessKeyId\":\"Q\",\"SecretAccessKey\":\"q\"}");
    assert_ok(credentials_get(s, &c));
    assert_string_equal(c.access_key_id, "P");
    credentials_clear(&c);
    credentials_refused(s, "P", true);
    assert_ok(credentials_get(s, &c));
    assert_string_equal(c.access_key_id, "Q");
    credentials_source_free(s);
    assert_int_equal(credentials_source_new(&s, "bad"), -EIO);
    assert_non_null(strstr(err_text(), "status 1"));
}

#define THREADS 8
#define ROUNDS  20

static void *get_and_refuse(void *source)
{
    for (int i = 0; i < ROUNDS; i++) {
        AUTO_CREDENTIALS struct credentials c = {0};
        struct credentials_description d;
        // What somebody has just had refused may be all that there is at the moment.
        if (credentials_get(source, &c) == 0)
            credentials_refused(source, c.access_key_id, true);
        credentials_describe(source, &d);
    }
    return NULL;
}

// Each run of the process has an id of its own, and leaves word if another one runs.
static void threads_share_what_one_of_them_asks_for(void **state)
{
    (void)state;
    char text[1024], script[128];
    pthread_t threads[THREADS];
    struct credentials_source *s = NULL;
    snprintf(script, sizeof script, "%s/script", dir);
    snprintf(text, sizeof text,
             "cd %s; mkdir lock || touch overlap; echo >>runs\n"
             "echo \"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"K$$\\\","
             "\\\"SecretAccessKey\\\":\\\"k\\\"}\"; rmdir lock\n",
             dir);
    write_file(script, text);
    snprintf(text, sizeof text, "[profile p]\ncredential_process = sh %s\n", script);
    write_file(config_path, text);
    assert_ok(credentials_source_new(&s, "p"));
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, get_and_refuse, s), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    credentials_source_free(s);
    struct stat st;
    snprintf(text, sizeof text, "%s/runs", dir);
    assert_int_equal(stat(text, &st), 0);
    assert_in_range(st.st_size, 2, THREADS * ROUNDS + 1); // a byte for each run
    snprintf(text, sizeof text, "%s/overlap", dir);
    assert_int_equal(stat(text, &st), -1);
}

static void expired_credentials_are_not_taken(void **state)
{
    (void)state;
    char text[512];
    struct credentials_source *s = NULL;
    snprintf(text, sizeof text, "[profile p]\ncredential_process = cat %s/answer\n", dir);
    write_file(config_path, text);
    snprintf(text, sizeof text, "%s/answer", dir);
    write_file(text, "{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"p\","
                     "\"Expiration\":\"2020-01-01T00:00:00Z\"}");
    assert_int_equal(credentials_source_new(&s, "p"), -EIO);
    assert_non_null(strstr(err_text(), "expired"));
}

static void profiles_that_cannot_work_are_refused_with_a_remedy(void **state)
{
    (void)state;
    write_file(config_path,
               "[profile a]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = b\n"
               "[profile b]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = c\n"
               "[profile c]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = a\n"
               "[profile none]\nrole_arn = arn:aws:iam::1:role/x\n"
               "[profile both]\nrole_arn = r\nsource_profile = a\ncredential_source = Environment\n"
               "[profile odd]\nrole_arn = r\ncredential_source = Elsewhere\n"
               "[profile env]\nrole_arn = r\ncredential_source = Environment\n"
               "[profile lost]\nrole_arn = r\nsource_profile = nobody\n"
               "[profile mfa]\nrole_arn = r\nsource_profile = a\nmfa_serial = m\n"
               "[profile self]\nrole_arn = r\nsource_profile = self\n"
               "[profile long]\nrole_arn = r\nsource_profile = self\nduration_seconds = 1h\n"
               "[profile sso]\nsso_session = x\n"
               "[profile quote]\ncredential_process = a 'b\n");
    assert_refused("a", "leads back");
    assert_refused("none", "source_profile and credential_source");
    assert_refused("both", "source_profile and credential_source");
    assert_refused("odd", "credential_source");
    assert_refused("env", "AWS_ACCESS_KEY_ID is not set");
    assert_refused("lost", "no profile 'nobody'");
    assert_refused("mfa", "mfa_serial");
    assert_refused("self", "no keys");
    assert_refused("long", "duration_seconds");
    assert_refused("sso", "sso_session");
    assert_refused("quote", "not closed");
    assert_refused("unknown", "check the profile's name");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token", 1);
    assert_refused(NULL, "AWS_ROLE_ARN");
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/x", 1);
    setenv("AWS_REGION", "eu-central-1", 1);
    assert_refused(NULL, "/nowhere/token");
    unsetenv("AWS_REGION");
}

// Opening one would wait for whoever writes to it, for ever.
static void a_pipe_is_no_file_of_credentials(void **state)
{
    (void)state;
    char pipe[128];
    snprintf(pipe, sizeof pipe, "%s/pipe", dir);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    alarm(60); // instead of hanging
    setenv("AWS_SHARED_CREDENTIALS_FILE", pipe, 1);
    assert_refused(NULL, "no regular file");
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials", 1);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", pipe, 1);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/x", 1);
    setenv("AWS_REGION", "eu-central-1", 1);
    assert_refused(NULL, "no regular file");
    alarm(0);
    unsetenv("AWS_REGION");
    unlink(pipe);
}

// ---- the clock

static void only_a_trustworthy_date_within_a_day_teaches_the_clock(void **state)
{
    (void)state;
    int64_t now = clock_wall_s(), offset = 0;
    assert_false(clock_offset_learn("s", false, now + 3600, &offset));
    assert_false(clock_offset_learn("s", true, 0, &offset));
    assert_false(clock_offset_learn("s", true, now + 10, &offset));
    assert_false(clock_offset_learn("s", true, now + 2 * 86400, &offset));
    assert_false(clock_offset_learn("s", true, now - 400 * 86400ll, &offset));
    assert_int_equal(offset, 0);
    assert_true(clock_offset_learn("s", true, now + 3600, &offset));
    assert_in_range(offset, 3500, 3600);
    // The same again is no news: whoever refuses that is not mended by it.
    assert_false(clock_offset_learn("s", true, now + 3600, &offset));
    clock_offset_note(now - 7200);
    assert_in_range(-clock_offset_s(), 7200, 7300);
    clock_offset_note(0);
    assert_in_range(-clock_offset_s(), 7200, 7300);
    clock_offset_note(now);
}

int main(void)
{
    snprintf(dir, sizeof dir, "/tmp/rdsbak-chain-XXXXXX");
    if (secret_init() < 0 || mkdtemp(dir) == NULL)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timestamps),
        cmocka_unit_test(answers_in_json_are_taken_whole_or_not),
        cmocka_unit_test(answers_in_json_that_must_be_refused_are),
        cmocka_unit_test(answers_of_sts),
        cmocka_unit_test(commands_are_split_as_a_shell_splits_them),
        cmocka_unit_test(what_a_process_says_is_bounded_and_its_end_is_judged),
        cmocka_unit_test(a_process_that_hangs_is_killed_with_its_children),
        cmocka_unit_test(a_process_inherits_nothing),
        cmocka_unit_test(only_trusted_hosts_are_asked_for_a_containers_credentials),
        cmocka_unit_test_setup(a_profile_runs_its_credential_process, clean),
        cmocka_unit_test_setup(threads_share_what_one_of_them_asks_for, clean),
        cmocka_unit_test_setup(expired_credentials_are_not_taken, clean),
        cmocka_unit_test_setup(profiles_that_cannot_work_are_refused_with_a_remedy, clean),
        cmocka_unit_test_setup(a_pipe_is_no_file_of_credentials, clean),
        cmocka_unit_test(only_a_trustworthy_date_within_a_day_teaches_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
