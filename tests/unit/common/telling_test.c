// What must hold of what the program tells: JSON that is always valid, metrics that add up, the
// table of mounts, and a small server that nobody can hold.
#include "common/audit.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/mountinfo.h"
#include "common/serve.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// ---- JSON

static void json_strings_are_valid_whatever_comes(void **state)
{
    (void)state;
    static const char *const PAIRS[][2] = {
        {"plain", "plain"},
        {"a\"b\\c", "a\\\"b\\\\c"},
        {"a\nb\t\x01\x7f", "a\\u000ab\\u0009\\u0001\\u007f"},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\xff", "\\ufffd"},
        {"\xc3", "\\ufffd"},                                  // cut off
        {"\xc0\x80", "\\ufffd\\ufffd"},                       // overlong
        {"\xe0\x9f\xbf", "\\ufffd\\ufffd\\ufffd"},            // overlong
        {"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},            // a surrogate
        {"\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"}, // beyond Unicode
        {"x\xe2\x82", "x\\ufffd\\ufffd"},
        {"\xc2\x9b"
         "31m\xc2\xa0",
         "\\u009b31m\xc2\xa0"}, // C1: a terminal takes it for ESC [
    };
    for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++) {
        char out[128];
        assert_int_equal(json_escape(out, sizeof out, PAIRS[i][0]), strlen(PAIRS[i][1]));
        assert_string_equal(out, PAIRS[i][1]);
    }
}

static void json_strings_are_cut_between_characters(void **state)
{
    (void)state;
    for (size_t size = 1; size < 24; size++) {
        char out[24];
        size_t len = json_escape(out, size, "\"\xe2\x82\xac\x01\xff");
        assert_int_equal(out[len], '\0');
        assert_true(len < size);
        assert_true(len == 0 || len == 2 || len == 5 || len == 11 || len == 17);
    }
}

static void json_lines_remember_that_they_did_not_fit(void **state)
{
    (void)state;
    AUTO_BUF struct buf b;
    struct json_line l;
    AUTO_KV struct kv names = {0};
    assert_ok(kv_set(&names, "a\"", "secret"));
    assert_ok(kv_set(&names, "b", "secret"));
    buf_init(&b, 200);
    json_line_begin(&l, &b);
    json_line_text(&l, "t", "x");
    json_line_text(&l, "none", NULL);
    json_line_number(&l, "n", -5);
    json_line_bool(&l, "y", true);
    json_line_seconds(&l, "s", 1005);
    json_line_names(&l, "names", &names);
    assert_ok(json_line_end(&l));
    assert_string_equal(buf_str(&b), "{\"t\":\"x\",\"n\":-5,\"y\":true,\"s\":1.005,"
                                     "\"names\":[\"a\\\"\",\"b\"]}\n");
    AUTO_BUF struct buf small;
    buf_init(&small, 10);
    json_line_begin(&l, &small);
    json_line_text(&l, "t", "far too long for it");
    json_line_number(&l, "n", 1);
    assert_true(json_line_end(&l) < 0);
}

// ---- the log

// What stderr had while a line was logged.
static void logged(const char *text, char *out, size_t size)
{
    int ends[2], kept = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    log_warn("%s", text);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    close(ends[1]);
    ssize_t len = read(ends[0], out, size - 1);
    close(ends[0]);
    out[len > 0 ? len : 0] = '\0';
}

static void a_line_of_the_log_can_neither_be_forged_nor_steer_a_terminal(void **state)
{
    (void)state;
    char line[512];
    logged("a\nb\x1b[2J\xc2\x9b"
           "31m\xe2\x80\xae\xff \xc3\xa9",
           line, sizeof line);
    assert_non_null(strstr(line, "rdsbak warn: a\\x0ab\\x1b[2J\\xc2\\x9b31m\\xe2\\x80\\xae\\xff "
                                 "\xc3\xa9\n"));
}

// ---- metrics

static uint64_t value_in(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    if (at == NULL)
        fail_msg("no %s in the text", name);
    return strtoull(at + strlen(name), NULL, 10);
}

static void count_one(const char *service, const char *operation, int status, int64_t micros)
{
    const struct metrics_request r = {.service = service,
                                      .operation = operation,
                                      .status = status,
                                      .micros = micros,
                                      .sent_bytes = 10,
                                      .received_bytes = 3,
                                      .is_retry = status >= 500};
    metrics_count_request(&r);
}

static void histograms_are_cumulative_and_add_up(void **state)
{
    (void)state;
    AUTO_BUF struct buf b;
    buf_init(&b, METRICS_TEXT_MAX);
    count_one("s3", "UploadPart 3 of 'x'", 200, 5000);       // the edge belongs to the bucket
    count_one("s3", "UploadPart 4 of 'x'", 200, 5001);       // just beyond
    count_one("s3", "UploadPart 4 of 'x'", 503, 9999999999); // beyond all but the last
    assert_ok(metrics_format(&b, "1.2.3"));
    const char *text = buf_str(&b);
#define PART(rest) "{service=\"s3\",operation=\"UploadPart\"," rest
#define BUCKET(le) "rdsbak_request_duration_seconds_bucket" PART("le=\"" le "\"} ")
    assert_int_equal(value_in(text, BUCKET("0.005")), 1);
    assert_int_equal(value_in(text, BUCKET("0.01")), 2);
    assert_int_equal(value_in(text, BUCKET("300")), 2);
    assert_int_equal(value_in(text, BUCKET("+Inf")), 3);
    assert_non_null(strstr(text, "rdsbak_request_duration_seconds_sum{service=\"s3\","
                                 "operation=\"UploadPart\"} 10000.010000\n"));
    assert_int_equal(value_in(text, "rdsbak_request_duration_seconds_count{service=\"s3\","
                                    "operation=\"UploadPart\"} "),
                     3);
    assert_int_equal(value_in(text, "rdsbak_requests_total" PART("status=\"2xx\"} ")), 2);
    assert_int_equal(value_in(text, "rdsbak_requests_total" PART("status=\"5xx\"} ")), 1);
    assert_int_equal(value_in(text, "rdsbak_sent_bytes_total{service=\"s3\"} "), 30);
    assert_int_equal(value_in(text, "rdsbak_received_bytes_total{service=\"s3\"} "), 9);
    assert_int_equal(value_in(text, "rdsbak_retries_total{service=\"s3\"} "), 1);
    assert_non_null(strstr(text, "rdsbak_build_info{version=\"1.2.3\"} 1\n"));
}

static void what_the_table_does_not_know_is_other(void **state)
{
    (void)state;
    AUTO_BUF struct buf b;
    buf_init(&b, METRICS_TEXT_MAX);
    count_one("s3", "GetBucketWhatever of 'x'", 0, 1);
    count_one("s3", "Upload 1", 0, 1); // no prefix of a known name is that name
    count_one("sts", "AssumeRole", 200, 1);
    metrics_count_told(EIO);
    metrics_count_told(12345);
    assert_ok(metrics_format(&b, "1"));
    const char *text = buf_str(&b);
    assert_int_equal(value_in(text, "rdsbak_requests_total{service=\"s3\",operation=\"other\","
                                    "status=\"none\"} "),
                     2);
    assert_int_equal(value_in(text, "rdsbak_requests_total{service=\"other\",operation=\"other\","
                                    "status=\"2xx\"} "),
                     1);
    assert_int_equal(value_in(text, "rdsbak_errors_total{errno=\"EIO\"} "), 1);
    assert_int_equal(value_in(text, "rdsbak_errors_total{errno=\"other\"} "), 1);
}

#define COUNTING_THREADS 8
#define COUNTS_EACH      20000

static void *count_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < COUNTS_EACH; i++) {
        metric_add(METRIC_WRITTEN_BYTES, 3);
        metric_move(METRIC_UPLOADS, i % 2 == 0 ? 1 : -1);
        count_one("kms", "Decrypt", 200, i);
    }
    return NULL;
}

static void nothing_is_lost_when_many_threads_count(void **state)
{
    (void)state;
    pthread_t threads[COUNTING_THREADS];
    AUTO_BUF struct buf b;
    buf_init(&b, METRICS_TEXT_MAX);
    int64_t before = metric_value(METRIC_WRITTEN_BYTES);
    for (int i = 0; i < COUNTING_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, NULL), 0);
    for (int i = 0; i < COUNTING_THREADS; i++) {
        buf_reset(&b);
        assert_ok(metrics_format(&b, "1")); // scraped meanwhile
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(metric_value(METRIC_WRITTEN_BYTES) - before,
                     3 * COUNTING_THREADS * COUNTS_EACH);
    assert_int_equal(metric_value(METRIC_UPLOADS), 0);
    buf_reset(&b);
    assert_ok(metrics_format(&b, "1"));
    assert_int_equal(value_in(buf_str(&b), "rdsbak_request_duration_seconds_count{service=\"kms\","
                                           "operation=\"Decrypt\"} "),
                     COUNTING_THREADS * COUNTS_EACH);
}

// ---- the table of mounts

static void a_line_of_the_mount_table_is_read(void **state)
{
    (void)state;
    struct mountinfo m;
    assert_true(mountinfo_parse("36 25 0:57 / /mnt/a\\040b\\134 rw,nosuid shared:1 - fuse.rdsbak "
                                "s3://x rw,user_id=1000,group_id=0\n",
                                &m));
    assert_int_equal(m.major, 0);
    assert_int_equal(m.minor, 57);
    assert_string_equal(m.point, "/mnt/a b\\");
    assert_string_equal(m.type, "fuse.rdsbak");
    assert_int_equal(m.user, 1000);
    // A source may hold anything, a prefix user_id=7/ too.
    assert_true(mountinfo_parse("36 25 0:57 / /mnt rw - fuse.rdsbak s3://b/user_id=7,user_id=8/ "
                                "rw,user_id=1000,group_id=0\n",
                                &m));
    assert_int_equal(m.user, 1000);
    assert_true(mountinfo_parse("1 1 8:1 / / rw - ext4 /dev/sda1 rw", &m));
    assert_true(m.user == (uid_t)-1);
    assert_false(mountinfo_parse("", &m));
    assert_false(mountinfo_parse("36 25 0:57 / /mnt rw", &m));
    assert_false(mountinfo_parse("a b c d e f - g", &m));
    assert_true(mountinfo_find("/proc", &m));
    assert_string_equal(m.type, "proc");
    struct mountinfo same;
    assert_true(mountinfo_find_device(m.major, m.minor, &same));
    assert_false(mountinfo_find("/not/a/mount", &m));
}

// ---- the server

static void only_loopback_and_unix_sockets_are_addresses(void **state)
{
    (void)state;
    struct serve_address a;
    assert_ok(serve_address_parse("unix:/run/x.sock", &a));
    assert_string_equal(a.path, "/run/x.sock");
    assert_ok(serve_address_parse("127.0.0.1:9100", &a));
    assert_int_equal(a.port, 9100);
    assert_ok(serve_address_parse("[::1]:0", &a));
    assert_true(a.v6);
    static const char *const BAD[] = {"0.0.0.0:9100",  ":9100",
                                      "9100",          "localhost:9100",
                                      "[::]:9100",     "192.168.0.1:9100",
                                      "127.0.0.1:",    "127.0.0.1:65536",
                                      "127.0.0.1:-1",  "127.0.0.1:1x",
                                      "unix:relative", "unix:",
                                      "127.0.0.11:80", "",
                                      "[::1]:70000"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_int_equal(serve_address_parse(BAD[i], &a), -EINVAL);
    char longest[256] = "unix:/";
    memset(longest + 6, 'a', 120);
    assert_int_equal(serve_address_parse(longest, &a), -EINVAL);
}

static void echo(void *context, struct serve_connection *c)
{
    AUTO_BUF struct buf b;
    buf_init(&b, 64);
    if (serve_read(c, &b, "\n"))
        serve_write(c, b.data, b.len);
    else
        *(bool *)context = true; // did not say what it should
}

static char serve_dir[] = "/tmp/rdsbak-serve-XXXXXX";

static struct serve_config echo_at(char *path, bool *gave_up)
{
    if (strstr(serve_dir, "XXXXXX") != NULL)
        assert_non_null(mkdtemp(serve_dir));
    struct serve_config config = {.what = "echo", .serve = echo, .context = gave_up};
    snprintf(path, SERVE_PATH_MAX, "%s/s", serve_dir);
    memcpy(config.address.path, path, strlen(path) + 1);
    return config;
}

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void ask_echo(const char *path)
{
    char answer[16] = "";
    int fd = connect_unix(path);
    assert_int_equal(send(fd, "hallo\n", 6, 0), 6);
    assert_int_equal(recv(fd, answer, 6, MSG_WAITALL), 6);
    assert_string_equal(answer, "hallo\n");
    assert_int_equal(recv(fd, answer, 1, 0), 0); // closed
    close(fd);
}

static void a_socket_is_ours_alone_and_goes_with_the_server(void **state)
{
    (void)state;
    char path[SERVE_PATH_MAX];
    bool gave_up = false;
    struct serve *s = NULL, *second = NULL;
    struct stat st;
    struct serve_config config = echo_at(path, &gave_up);
    mode_t before = umask(0);
    assert_ok(serve_start(&s, &config));
    umask(before);
    assert_int_equal(lstat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    ask_echo(path);
    assert_int_equal(serve_start(&second, &config), -EBUSY); // in use: stays
    ask_echo(path);
    serve_stop(s);
    assert_int_equal(lstat(path, &st), -1);
}

static void a_stale_socket_is_replaced_and_a_file_is_not(void **state)
{
    (void)state;
    char path[SERVE_PATH_MAX];
    bool gave_up = false;
    struct serve *s = NULL;
    struct serve_config config = echo_at(path, &gave_up);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd); // as a process that was killed leaves it
    assert_ok(serve_start(&s, &config));
    ask_echo(path);
    serve_stop(s);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(serve_start(&s, &config), -EBUSY);
    assert_int_equal(unlink(path), 0); // still there
}

// A connection that says nothing ends when the server does, however long its deadline.
static void stopping_ends_a_connection_that_is_silent(void **state)
{
    (void)state;
    char path[SERVE_PATH_MAX], byte;
    bool gave_up = false;
    struct serve *s = NULL;
    struct serve_config config = echo_at(path, &gave_up);
    assert_ok(serve_start(&s, &config));
    int fd = connect_unix(path);
    assert_int_equal(send(fd, "h", 1, 0), 1);
    serve_stop(s);
    assert_true(recv(fd, &byte, 1, 0) <= 0);
    close(fd);
}

static void a_silent_connection_does_not_keep_others_out_for_ever(void **state)
{
    (void)state;
    char path[SERVE_PATH_MAX];
    bool gave_up = false;
    struct serve *s = NULL;
    struct serve_config config = echo_at(path, &gave_up);
    assert_ok(serve_start(&s, &config));
    int silent = connect_unix(path);
    ask_echo(path); // answered once the silent one's deadline is over
    serve_stop(s);
    assert_true(gave_up);
    close(silent);
}

// As many as there is room for in the queue do not take all of their deadlines, one after the
// other: who has not asked makes way for whoever stands behind.
static void silent_connections_make_way(void **state)
{
    (void)state;
    enum { SILENT = 6 };
    char path[SERVE_PATH_MAX], byte;
    int silent[SILENT];
    bool gave_up = false;
    struct serve *s = NULL;
    struct serve_config config = echo_at(path, &gave_up);
    assert_ok(serve_start(&s, &config));
    int64_t before_ms = clock_ms();
    for (int i = 0; i < SILENT; i++)
        silent[i] = connect_unix(path);
    ask_echo(path);
    assert_in_range(clock_ms() - before_ms, 0, (SILENT - 1) * SERVE_DEADLINE_MS);
    for (int i = 0; i < SILENT; i++) {
        assert_int_equal(recv(silent[i], &byte, 1, 0), 0);
        close(silent[i]);
    }
    silent[0] = connect_unix(path); // nobody behind: all of its time
    before_ms = clock_ms();
    assert_int_equal(recv(silent[0], &byte, 1, 0), 0);
    assert_true(clock_ms() - before_ms > 2 * SERVE_HURRY_MS);
    close(silent[0]);
    serve_stop(s);
}

static void a_port_of_loopback_is_served(void **state)
{
    (void)state;
    bool gave_up = false;
    struct serve *s = NULL;
    struct serve_config config = {.what = "echo", .serve = echo, .context = &gave_up};
    char answer[4];
    assert_ok(serve_address_parse("127.0.0.1:0", &config.address));
    assert_ok(serve_start(&s, &config));
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(serve_port(s)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(fd, "ab\n", 3, 0), 3);
    assert_int_equal(recv(fd, answer, 3, MSG_WAITALL), 3);
    close(fd);
    serve_stop(s);
}

// ---- the audit's context

static void the_audit_knows_whose_request_it_is_within_a_scope(void **state)
{
    (void)state;
    struct audit_actor now, other = {.uid = 5, .pid = 6, .command = "x"};
    {
        AUDIT_SCOPE(by, audit_by(&other));
        audit_actor_now(&now);
        assert_int_equal(now.pid, 6);
    }
    audit_actor_now(&now);
    assert_int_not_equal(now.pid, 6);
    audit_actor_of_thread(getuid(), getpid(), &now);
    assert_int_equal(now.pid, getpid());
    char command[64] = "";
    FILE *comm = fopen("/proc/self/comm", "re"); // another name under valgrind
    assert_non_null(comm);
    assert_non_null(fgets(command, sizeof command, comm));
    fclose(comm);
    command[strcspn(command, "\n")] = '\0';
    assert_string_equal(now.command, command);
    audit_actor_of_thread(7, 0, &now); // a foreign pid namespace
    assert_int_equal(now.uid, 7);
    assert_int_equal(now.pid, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_strings_are_valid_whatever_comes),
        cmocka_unit_test(json_strings_are_cut_between_characters),
        cmocka_unit_test(json_lines_remember_that_they_did_not_fit),
        cmocka_unit_test(a_line_of_the_log_can_neither_be_forged_nor_steer_a_terminal),
        cmocka_unit_test(histograms_are_cumulative_and_add_up),
        cmocka_unit_test(what_the_table_does_not_know_is_other),
        cmocka_unit_test(nothing_is_lost_when_many_threads_count),
        cmocka_unit_test(a_line_of_the_mount_table_is_read),
        cmocka_unit_test(only_loopback_and_unix_sockets_are_addresses),
        cmocka_unit_test(a_socket_is_ours_alone_and_goes_with_the_server),
        cmocka_unit_test(a_stale_socket_is_replaced_and_a_file_is_not),
        cmocka_unit_test(stopping_ends_a_connection_that_is_silent),
        cmocka_unit_test(a_silent_connection_does_not_keep_others_out_for_ever),
        cmocka_unit_test(silent_connections_make_way),
        cmocka_unit_test(a_port_of_loopback_is_served),
        cmocka_unit_test(the_audit_knows_whose_request_it_is_within_a_scope),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(serve_dir);
    return failed;
}
