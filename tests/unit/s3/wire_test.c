// How the store bears what becomes of requests on their way: servers that ask for fewer requests,
// that send elsewhere, that got other bytes than were sent. Against a scripted server.
#include "common/clock.h"
#include "common/log.h"
#include "s3/call.h"
#include "s3/config.h"
#include "s3/http_pool.h"
#include "s3/store_s3_internal.h"
#include "tests/unit/s3/store_fixture.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

// ---- how many at once

static void half_as_many_bodies_when_asked_and_one_more_after_each_round(void **state)
{
    (void)state;
    struct http_pool p;
    http_pool_init(&p, 8, 4);
    // One storm: of those under way together the first one counts.
    assert_int_equal(http_pool_slow_down(&p, 1000, 1001).now, 4);
    for (int i = 0; i < 7; i++)
        assert_int_equal(http_pool_slow_down(&p, 1000, 1002).now, 4);
    assert_int_equal(http_pool_slow_down(&p, 1003, 1004).now, 2);
    assert_int_equal(http_pool_slow_down(&p, 1005, 1006).now, 1);
    struct http_pace pace = http_pool_slow_down(&p, 1007, 1008);
    assert_int_equal(pace.before, 1);
    assert_int_equal(pace.now, 1); // never none
    // Not before its time, however many are served; then one for each round.
    int64_t now = 1008 + HTTP_PACE_GROW_MS;
    for (int i = 0; i < 50; i++)
        assert_int_equal(http_pool_served(&p, now - 1).now, 1);
    for (unsigned allowed = 1; allowed < 8; allowed++, now += HTTP_PACE_GROW_MS) {
        // The first one was served 50 times above.
        for (unsigned i = 1; allowed > 1 && i < allowed; i++)
            assert_int_equal(http_pool_served(&p, now).now, allowed);
        assert_int_equal(http_pool_served(&p, now).now, allowed + 1);
    }
    pace = http_pool_served(&p, now + 1000000);
    assert_int_equal(pace.before, 8);
    assert_int_equal(pace.now, 8); // never more
    http_pool_destroy(&p);
}

static void *enter_bulk(void *context)
{
    struct http_pool_entry *entry = NULL;
    assert_ok(http_pool_enter(context, HTTP_LANE_UP, NULL, clock_ms() + 600000, &entry));
    return NULL;
}

static void short_calls_and_who_waits_are_let_in_as_before(void **state)
{
    (void)state;
    struct http_pool p;
    struct http_pool_entry *entry = NULL;
    pthread_t waiting;
    http_pool_init(&p, 4, 2);
    for (int i = 0; i < 2; i++) // 4 to 2 to 1
        http_pool_slow_down(&p, 10 + i, 10 + i);
    assert_ok(http_pool_enter(&p, HTTP_LANE_UP, NULL, clock_ms() + 600000, &entry));
    assert_int_equal(http_pool_enter(&p, HTTP_LANE_UP, NULL, clock_ms() - 1, &entry), -ETIMEDOUT);
    for (int i = 0; i < 2; i++)
        assert_ok(http_pool_enter(&p, HTTP_LANE_SHORT, NULL, clock_ms() - 1, &entry));
    // The other way is a lane of its own, as wide.
    assert_ok(http_pool_enter(&p, HTTP_LANE_DOWN, NULL, clock_ms() - 1, &entry));
    assert_int_equal(http_pool_enter(&p, HTTP_LANE_DOWN, NULL, clock_ms() - 1, &entry), -ETIMEDOUT);
    assert_null(http_pool_leave(&p, HTTP_LANE_DOWN, NULL));
    // Who waits is let in when one more is allowed, though none has left.
    pthread_create(&waiting, NULL, enter_bulk, &p);
    assert_int_equal(http_pool_served(&p, clock_ms()).now, 2);
    pthread_join(waiting, NULL);
    for (int i = 0; i < 2; i++) {
        assert_null(http_pool_leave(&p, HTTP_LANE_UP, NULL));
        assert_null(http_pool_leave(&p, HTTP_LANE_SHORT, NULL));
    }
    http_pool_destroy(&p);
}

// "X-Amz-Date: 20240501T120000Z" in seconds.
static time_t signed_at(struct fixture *f, size_t index)
{
    struct tm utc = {0};
    const char *request = scripted_server_request(f->server, index);
    const char *date = strcasestr(request, "x-amz-date: ");
    assert_non_null(date);
    assert_non_null(strptime(date + 12, "%Y%m%dT%H%M%SZ", &utc));
    return timegm(&utc);
}

static void *put_one(void *context)
{
    struct store_result result;
    return (void *)(intptr_t)put(context, &result);
}

// With few requests at once a body may wait for longer than a signature is good for.
static void who_waits_for_a_turn_is_signed_when_it_comes(void **state)
{
    (void)state;
    struct store_s3_counters counters;
    FIXTURE(f, {.status = "200 OK", .headers = OK_ETAG, .delay_ms = 4000, .body = "   "},
            {.status = "200 OK", .headers = OK_ETAG});
    struct store *one_at_a_time;
    pthread_t threads[2];
    f.config.connections_max = 1;
    f.config.turn_timeout_ms = 50;
    assert_ok(store_s3_new(&one_at_a_time, "bucket", &f.config, f.credentials));
    store_free(f.store);
    f.store = one_at_a_time;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_one, &f), 0);
    for (int i = 0; i < 2; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_true(signed_at(&f, 1) - signed_at(&f, 0) >= 3);
    store_s3_counters(f.store, &counters);
    assert_int_equal(counters.requests, 2); // a wait is no attempt
    assert_int_equal(counters.retries, 0);
}

#define WRITERS 8
#define ROUNDS  5

static void *put_some(void *context)
{
    struct fixture *f = context;
    struct store_result result;
    for (int i = 0; i < ROUNDS; i++) {
        if (put(f, &result) < 0)
            return (void *)(intptr_t)1;
    }
    return NULL;
}

// The first eight are refused once they are all there; the next one for its own sake, and so on:
// what follows comes in small numbers, and the storm is survived.
static void a_storm_of_slow_down_is_survived_with_fewer_requests_at_once(void **state)
{
    (void)state;
    enum { STORM = WRITERS + 6, ALL = STORM + WRITERS * ROUNDS };
    static struct scripted_answer answers[ALL];
    for (size_t i = 0; i < ALL; i++)
        answers[i] =
            i < STORM
                ? (struct scripted_answer){.status = i % 2 ? "503 Slow Down" : "429 Too Many",
                                           .body = S3_ERROR("SlowDown"),
                                           .gather = i < WRITERS ? WRITERS : 0}
                : (struct scripted_answer){.status = "200 OK", .headers = OK_ETAG, .delay_ms = 60};
    CLEANUP(fixture_stop) struct fixture f;
    pthread_t threads[WRITERS];
    fixture_start(&f, answers, ALL);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_some, &f), 0);
    while (scripted_server_requests(f.server) < STORM)
        usleep(1000);
    size_t before = scripted_server_at_once(f.server);
    scripted_server_at_once_reset(f.server);
    int64_t start = clock_ms();
    for (int i = 0; i < WRITERS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    // Halved by the eight, by the four at most that were next, and by the two after these; one more
    // than that, should two things have happened in one millisecond; then one more a second at
    // most.
    size_t allowed = 2 + (size_t)((clock_ms() - start) / HTTP_PACE_GROW_MS) + 1;
    assert_int_equal(before, WRITERS);
    assert_in_range(scripted_server_at_once(f.server), 1, allowed < WRITERS ? allowed : WRITERS);
    assert_int_equal(scripted_server_requests(f.server), ALL);
}

static void the_pause_that_the_server_asks_for_is_kept(void **state)
{
    (void)state;
    struct store_result result;
    FIXTURE(f,
            {.status = "429 Too Many Requests",
             .headers = "Retry-After: 2\r\n",
             .body = S3_ERROR("TooManyRequests")},
            {.status = "200 OK", .headers = OK_ETAG});
    int64_t start = clock_ms();
    assert_ok(put(&f, &result));
    assert_true(clock_ms() - start >= 2000);
}

// ---- elsewhere

#define MOVED_TO(region)                                                                           \
    "<Error><Code>PermanentRedirect</Code><Endpoint>169.254.169.254</Endpoint><Bucket>bucket</"    \
    "Bucket><Region>" region "</Region></Error>"
#define MALFORMED(region)                                                                          \
    "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'us-east-1' is wrong; "   \
    "expecting '" region "'</Message><Region>" region "</Region></Error>"

static void a_redirect_is_followed_to_its_region_and_signed_for_it(void **state)
{
    (void)state;
    struct store_object object;
    struct store_result result;
    static const struct scripted_answer REDIRECTS[] = {
        {.status = "301 Moved Permanently",
         .headers = "x-amz-bucket-region: eu-west-9\r\nLocation: http://169.254.169.254/\r\n"},
        {.status = "301 Moved Permanently", .body = MOVED_TO("eu-west-9")},
        {.status = "307 Temporary Redirect", .headers = "x-amz-bucket-region: eu-west-9\r\n"},
        {.status = "400 Bad Request", .body = MALFORMED("eu-west-9")},
        {.status = "400 Bad Request", .headers = "x-amz-bucket-region: eu-west-9\r\n"},
    };
    for (size_t i = 0; i < sizeof REDIRECTS / sizeof *REDIRECTS; i++) {
        const struct scripted_answer answers[] = {REDIRECTS[i],
                                                  {.status = "200 OK", .headers = OK_ETAG},
                                                  {.status = "200 OK", .headers = OK_ETAG}};
        CLEANUP(fixture_stop) struct fixture f;
        fixture_start(&f, answers, 3);
        bool no_body = REDIRECTS[i].body == NULL;
        if (no_body)
            assert_ok(f.store->ops->head(f.store, "key", &object));
        else
            assert_ok(put(&f, &result));
        assert_request(&f, 0, "/us-east-1/s3/aws4_request", true);
        assert_request(&f, 1, "/eu-west-9/s3/aws4_request", true);
        assert_request(&f, 1, "the body", !no_body);
        assert_ok(put(&f, &result)); // and from now on
        assert_request(&f, 2, "/eu-west-9/s3/aws4_request", true);
        assert_int_equal(scripted_server_requests(f.server), 3);
    }
}

static void a_redirect_that_cannot_be_followed_says_what_to_do(void **state)
{
    (void)state;
    struct store_object object;
    FIXTURE(f, {.status = "301 Moved", .headers = "Location: http://169.254.169.254/\r\n"},
            {.status = "302 Found", .headers = "x-amz-bucket-region: us-east-1\r\n"},
            {.status = "301 Moved", .headers = "x-amz-bucket-region: evil.example/..\r\n"},
            {.status = "301 Moved", .headers = "x-amz-bucket-region: eu-west-9\r\n"},
            {.status = "301 Moved", .headers = "x-amz-bucket-region: eu-west-8\r\n"},
            {.status = "301 Moved", .headers = "x-amz-bucket-region: eu-west-9\r\n"});
    for (size_t i = 1; i <= 3; i++) {
        assert_int_equal(f.store->ops->head(f.store, "key", &object), -EIO);
        assert_text_has("--region");
        assert_int_equal(scripted_server_requests(f.server), i);
        assert_request(&f, i - 1, "/us-east-1/s3/", true);
    }
    // From region to region: one move is believed.
    assert_int_equal(f.store->ops->head(f.store, "key", &object), -EIO);
    assert_text_has("eu-west-8");
    assert_text_has("--region");
    assert_int_equal(scripted_server_requests(f.server), 5);
    assert_int_equal(f.store->ops->head(f.store, "key", &object), -EIO);
    assert_int_equal(scripted_server_requests(f.server), 6);
}

// An expired session, most likely: the region that the answer names is the one that was asked.
static void a_bare_400_from_the_right_region_is_no_redirect(void **state)
{
    (void)state;
    struct store_object object;
    FIXTURE(f, {.status = "400 Bad Request", .headers = "x-amz-bucket-region: us-east-1\r\n"},
            {.status = "400 Bad Request", .headers = "x-amz-bucket-region: us-east-1\r\n"});
    assert_int_equal(f.store->ops->head(f.store, "key", &object), -EIO);
    assert_text_has("expired credentials");
    assert_null(strstr(err_text(), "give --region"));
    assert_int_equal(scripted_server_requests(f.server), 2); // new credentials were looked for
}

// No server is asked: where the next request would go.
static void on_aws_the_region_leads_to_its_host_and_nowhere_else(void **state)
{
    (void)state;
    struct credentials_source *credentials = NULL;
    struct endpoint_config config;
    struct store *store = NULL;
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret-example", 1);
    assert_ok(credentials_source_new(&credentials, NULL));
    endpoint_config_defaults(&config);
    config.region = "us-east-1";
    assert_ok(store_s3_new(&store, "bucket", &config, credentials));
    struct store_s3 *s = store_s3_of(store);
    const struct call_place *first = caller_place(&s->caller);
    static const char *const REFUSED[] = {"",          "us-east-1", "cn-north-1",
                                          "a.example", "x/../y",    "eu-west-1:80@evil.example"};
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
        assert_false(s3_move_to_region(s, first, REFUSED[i]));
        assert_ptr_equal(caller_place(&s->caller), first);
    }
    assert_true(s3_move_to_region(s, first, "eu-west-1"));
    assert_string_equal(caller_place(&s->caller)->server.authority,
                        "bucket.s3.eu-west-1.amazonaws.com");
    assert_true(caller_place(&s->caller)->server.tls);
    // Another thread's request that was under way hears the same; others are not believed.
    assert_true(s3_move_to_region(s, first, "eu-west-1"));
    assert_false(s3_move_to_region(s, first, "eu-west-2"));
    assert_false(s3_move_to_region(s, caller_place(&s->caller), "eu-west-1"));
    store_free(store);
    credentials_source_free(credentials);
}

// ---- other bytes than were sent

#define CRC_OF(value) "x-amz-checksum-crc32c: " value "\r\n"

static void a_body_whose_checksum_is_another_one_is_sent_again(void **state)
{
    (void)state;
    struct store_result result;
    struct store_part part;
    static char text[] = "123456789";
    static const struct iovec iov = {text, 9};
    const struct store_body body = {.iov = &iov, .iov_count = 1, .size = 9, .crc32c = 0xe3069283};
    FIXTURE(f, {.status = "400 Bad Request", .body = S3_ERROR("BadDigest")},
            {.status = "400 Bad Request", .body = S3_ERROR("XAmzContentSHA256Mismatch")},
            {.status = "200 OK", .headers = OK_ETAG CRC_OF("AAAAAA==")},
            {.status = "200 OK", .headers = OK_ETAG CRC_OF("4waSgw==")},
            {.status = "200 OK", .headers = OK_ETAG CRC_OF("no checksum")},
            {.status = "200 OK", .headers = OK_ETAG CRC_OF("4waSgw==")},
            {.status = "200 OK", .headers = OK_ETAG});
    assert_ok(f.store->ops->upload_part(f.store, "k", "id", 1, &body, &part));
    assert_true(part.has_crc32c);
    assert_int_equal(scripted_server_requests(f.server), 4);
    assert_ok(f.store->ops->put(f.store, "k", NULL, &body, &result));
    assert_int_equal(scripted_server_requests(f.server), 6);
    assert_ok(f.store->ops->upload_part(f.store, "k", "id", 1, &body, &part));
    assert_false(part.has_crc32c);
}

static void a_server_that_always_has_another_checksum_is_not_believed(void **state)
{
    (void)state;
    struct store_result result;
    static struct scripted_answer answers[20];
    for (size_t i = 0; i < 20; i++)
        answers[i] =
            (struct scripted_answer){.status = "200 OK", .headers = OK_ETAG CRC_OF("AAAAAA==")};
    CLEANUP(fixture_stop) struct fixture f;
    fixture_start(&f, answers, 20);
    assert_int_equal(put(&f, &result), -EBADMSG);
    assert_text_has("another CRC32C");
    assert_in_range(scripted_server_requests(f.server), 2, RETRY_SERVER_ERRORS_MAX);
}

// ---- a server that does not even take connections

static int listen_without_accepting(char *url, size_t size, int fillers[], size_t count)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    snprintf(url, size, "http://127.0.0.1:%u", ntohs(at.sin_port));
    for (size_t i = 0; i < count; i++) { // the queue is full: the kernel does not answer any more
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&at, sizeof at);
    }
    return listener;
}

static void a_connection_that_is_not_taken_is_given_up_in_time(void **state)
{
    (void)state;
    char url[64];
    int fillers[8];
    struct store_result result;
    int listener = listen_without_accepting(url, sizeof url, fillers, 8);
    FIXTURE(f, {.status = "200 OK"});
    store_free(f.store);
    f.config.s3_url = url;
    f.config.connect_timeout_ms = 300;
    f.config.retry_total_ms = 1000;
    assert_ok(store_s3_new(&f.store, "bucket", &f.config, f.credentials));
    int64_t start = clock_ms();
    assert_int_equal(put(&f, &result), -EIO);
    assert_true(clock_ms() - start >= 300);
    assert_text_has("PutObject 'a key'");
    assert_text_has("attempts");
    close(listener);
    for (size_t i = 0; i < 8; i++)
        close(fillers[i]);
}

int main(void)
{
    log_init(LOG_LEVEL_ERROR, LOG_SINK_STDERR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_as_many_bodies_when_asked_and_one_more_after_each_round),
        cmocka_unit_test(short_calls_and_who_waits_are_let_in_as_before),
        cmocka_unit_test(who_waits_for_a_turn_is_signed_when_it_comes),
        cmocka_unit_test(a_storm_of_slow_down_is_survived_with_fewer_requests_at_once),
        cmocka_unit_test(the_pause_that_the_server_asks_for_is_kept),
        cmocka_unit_test(a_redirect_is_followed_to_its_region_and_signed_for_it),
        cmocka_unit_test(a_bare_400_from_the_right_region_is_no_redirect),
        cmocka_unit_test(a_redirect_that_cannot_be_followed_says_what_to_do),
        cmocka_unit_test(on_aws_the_region_leads_to_its_host_and_nowhere_else),
        cmocka_unit_test(a_body_whose_checksum_is_another_one_is_sent_again),
        cmocka_unit_test(a_connection_that_is_not_taken_is_given_up_in_time),
        cmocka_unit_test(a_server_that_always_has_another_checksum_is_not_believed),
    };
    return secret_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
