// Our signatures against AWS's published suite, and what S3 needs beside it.
#include "common/codec.h"
#include "common/err.h"
#include "s3/sigv4.h"
#include "tests/unit/s3/sigv4_cases.h"
#include "tests/unit/test.h"

// "a:b\1c:d" into pairs.
static void take_pairs(struct kv *out, const char *text, char between)
{
    AUTO_FREE char *copy = strdup(text);
    char *rest = copy, *item;
    while ((item = strsep(&rest, "\1")) != NULL) {
        char *value = strchr(item, between);
        if (value == NULL)
            continue;
        *value++ = '\0';
        assert_ok(kv_set(out, item, value));
    }
}

static void check_case(const struct sigv4_case *c)
{
    AUTO_KV struct kv headers = {0};
    AUTO_KV struct kv arguments = {0};
    AUTO_BUF struct buf path, query;
    AUTO_CREDENTIALS struct credentials credentials = {.access_key_id = "AKIDEXAMPLE"};
    static const char KEY[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    char hash[65], *body = strdup(c->body);
    const struct iovec iov = {body, strlen(body)};
    struct sigv4_trace trace;
    buf_init(&path, 1000);
    buf_init(&query, 1000);
    take_pairs(&headers, c->headers, ':');
    take_pairs(&arguments, c->query, '=');
    assert_ok(uri_escape(&path, c->path, true));
    assert_ok(sigv4_query(&query, &arguments));
    assert_ok(sigv4_sha256(&iov, 1, hash));
    free(body);
    assert_ok(secret_from(&credentials.secret_key, KEY, strlen(KEY)));
    if (*c->token != '\0')
        assert_ok(secret_from(&credentials.session_token, c->token, strlen(c->token)));
    const struct sigv4_request request = {c->method, buf_str(&path), buf_str(&query), &headers,
                                          hash,      "us-east-1",    "service",       1440938160};
    assert_ok(sigv4_sign(&request, &credentials, &trace));
    if (strcmp(trace.canonical_sha256, c->canonical_sha256) != 0)
        fail_msg("%s: canonical request", c->name);
    if (strcmp(trace.signature, c->signature) != 0)
        fail_msg("%s: signature", c->name);
    assert_non_null(strstr(kv_get(&headers, "authorization"), c->signature));
    assert_string_equal(kv_get(&headers, "x-amz-date"), "20150830T123600Z");
}

static void signatures_are_those_of_the_published_suite(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof SIGV4_CASES / sizeof *SIGV4_CASES; i++)
        check_case(&SIGV4_CASES[i]);
}

static void a_body_in_pieces_hashes_as_one(void **state)
{
    (void)state;
    char text[] = "Param1=value1", whole[65], pieces[65], empty[65];
    const struct iovec one = {text, 13}, three[] = {{text, 5}, {text, 0}, {text + 5, 8}};
    assert_ok(sigv4_sha256(&one, 1, whole));
    assert_ok(sigv4_sha256(three, 3, pieces));
    assert_string_equal(whole, pieces);
    assert_ok(sigv4_sha256(NULL, 0, empty));
    assert_string_equal(empty, SIGV4_EMPTY_SHA256);
}

static void query_arguments_are_sorted_by_their_escaped_names(void **state)
{
    (void)state;
    AUTO_KV struct kv query = {0};
    AUTO_BUF struct buf out;
    buf_init(&out, 1000);
    assert_ok(kv_set(&query, "uploads", ""));
    assert_ok(kv_set(&query, "prefix", "a/b c+d~"));
    assert_ok(kv_set(&query, "part.x", "1"));
    assert_ok(kv_set(&query, "part x", "2")); // %20 before '.'
    assert_ok(sigv4_query(&out, &query));
    assert_string_equal(buf_str(&out), "part%20x=2&part.x=1&prefix=a%2Fb%20c%2Bd~&uploads=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_those_of_the_published_suite),
        cmocka_unit_test(a_body_in_pieces_hashes_as_one),
        cmocka_unit_test(query_arguments_are_sorted_by_their_escaped_names),
    };
    return secret_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
