// Servers that mean harm, or are broken beyond recognition: whatever they answer, a call ends, in
// bounded time and memory, with an error that says what was wrong. Against a scripted server.
#include "common/clock.h"
#include "common/log.h"
#include "s3/config.h"
#include "tests/unit/s3/store_fixture.h"

#include <sys/resource.h>

#define HEAD_OF(status) "HTTP/1.1 " status "\r\n"
#define K1                                                                                         \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxx"                                                                                         \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define K8  K64 K64 K64 K64 K64 K64 K64 K64
#define K64 K1 K1 K1 K1 K1 K1 K1 K1
#define BOMB                                                                                       \
    "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b "                    \
    "\"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d "             \
    "\"&c;&c;&c;&c;&c;&c;&c;&c;\">]>"
#define ARN "arn:aws:kms:us-east-1:123456789012:key/abc"

// Far more than a bounded answer takes, far less than is sent without end in the time that a call
// has. AddressSanitizer keeps what is freed, unless it is told not to, and pads what is not.
#ifdef __SANITIZE_ADDRESS__
#define MEMORY_KIB ((size_t)512 * 1024)
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=8:thread_local_quarantine_size_kb=64";
}
#else
#define MEMORY_KIB ((size_t)64 * 1024)
#endif

static size_t peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss;
}

static int take_nothing(void *context, const void *bytes, size_t len)
{
    (void)context, (void)bytes, (void)len;
    return 0;
}

static int get(struct fixture *f)
{
    const struct store_sink sink = {.data = take_nothing};
    return f->store->ops->get(f->store, "key", NULL, 0, 100, &sink);
}

static int head(struct fixture *f)
{
    AUTO_STORE_OBJECT struct store_object object = {0};
    return f->store->ops->head(f->store, "key", &object);
}

static int count_entry(void *context, const struct store_listed *entry)
{
    (void)entry;
    ++*(unsigned *)context;
    return 0;
}

static int list(struct fixture *f)
{
    unsigned count = 0;
    return f->store->ops->list(f->store, "p/", '/', 0, count_entry, &count);
}

static int create(struct fixture *f)
{
    char id[STORE_UPLOAD_ID_MAX];
    return f->store->ops->upload_create(f->store, "key", NULL, id);
}

static int finish(struct fixture *f)
{
    struct store_result result;
    return complete(f, &result);
}

static int put_one(struct fixture *f)
{
    struct store_result result;
    return put(f, &result);
}

static int copy(struct fixture *f)
{
    struct store_result result;
    return f->store->ops->copy(f->store, NULL, "from", NULL, "to", NULL, &result);
}

static int remove_one(struct fixture *f)
{
    return f->store->ops->remove(f->store, "key");
}

static int generate(struct fixture *f)
{
    AUTO_SECRET struct secret *key = NULL;
    AUTO_BUF struct buf blob;
    buf_init(&blob, KMS_BLOB_MAX);
    int rc = kms_generate_data_key(f->kms, ARN, NULL, &key, &blob);
    assert_true((rc == 0) == (key != NULL));
    return rc;
}

struct hostile_case {
    int (*call)(struct fixture *);
    const char *raw, *repeat;
    int code;
    const char *text; // part of the error's
};

// The same answer, as often as it is asked for.
static void hold_against(const struct hostile_case *c, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        static struct scripted_answer answers[100];
        for (size_t k = 0; k < 100; k++)
            answers[k] = (struct scripted_answer){.raw = c[i].raw, .repeat = c[i].repeat};
        CLEANUP(fixture_stop) struct fixture f;
        fixture_start(&f, answers, 100);
        f.config.retry_total_ms = 500;
        size_t before = peak_kib();
        int rc = c[i].call(&f);
        if (rc != c[i].code)
            fail_msg("case %zu: %d instead of %d: %s", i, rc, c[i].code, err_text());
        assert_text_has(c[i].text);
        assert_true(strlen(err_text()) < ERR_TEXT_MAX);
        assert_true(peak_kib() - before < MEMORY_KIB);
        assert_in_range(scripted_server_requests(f.server), 1, 99);
    }
}

static void headers_without_end_or_measure_are_given_up(void **state)
{
    (void)state;
    static const struct hostile_case CASES[] = {
        {head, HEAD_OF("200 OK"), "x-amz-meta-a: " K64 "\r\n", -EIO, "headers"},
        {head, HEAD_OF("200 OK"), "a: b\r\n", -EIO, "headers"},
        {head, HEAD_OF("200 OK"), "no header at all " K64 "\r\n", -EIO, "HeadObject 'key'"},
        {head, HEAD_OF("200 OK") "x: ", K64, -EIO, "HeadObject 'key'"},
        {put_one, HEAD_OF("100 Continue") "\r\n", HEAD_OF("100 Continue") "\r\n", -EIO,
         "status lines"},
        {get, HEAD_OF("103 Early Hints") "a: b\r\n\r\n", HEAD_OF("102 Processing") "\r\n", -EIO,
         "status lines"},
        {get, HEAD_OF("200 OK") "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n",
         "trailer: " K64 "\r\n", -EIO, "headers"},
        {generate, HEAD_OF("200 OK"), "x: " K64 "\r\n", -EIO, "headers"},
    };
    hold_against(CASES, sizeof CASES / sizeof *CASES);
}

static void bodies_without_end_or_measure_are_given_up(void **state)
{
    (void)state;
    static const char CHUNKED[] = HEAD_OF("200 OK") "Transfer-Encoding: chunked\r\n\r\n";
    static const char UNTIL_CLOSED[] = HEAD_OF("200 OK") "\r\n";
    static const char FAILED[] = HEAD_OF("500 Oops") "\r\n<Error><Message>";
    static const struct hostile_case CASES[] = {
        {get, CHUNKED, "400\r\n" K64 K64 "\r\n", -EIO, "GetObject 'key'"},
        {get, UNTIL_CLOSED, K64, -EIO, "more bytes than the 100"},
        {get, FAILED, K64, -EIO, "GetObject 'key'"},
        {put_one, UNTIL_CLOSED, K64, -EIO, "PutObject 'a key'"},
        {list, UNTIL_CLOSED, K64, -EIO, "ListObjectsV2"},
        {create, UNTIL_CLOSED, K64, -EIO, "CreateMultipartUpload 'key'"},
        {finish, UNTIL_CLOSED, K64, -EIO, "CompleteMultipartUpload 'key'"},
        {remove_one, UNTIL_CLOSED, K64, -EIO, "DeleteObject 'key'"},
        {generate, HEAD_OF("200 OK") "\r\n{\"Plaintext\":\"", K64, -EIO, "GenerateDataKey"},
        {generate, HEAD_OF("400 Bad Request") "\r\n{\"message\":\"", K64, -EIO, "GenerateDataKey"},
    };
    hold_against(CASES, sizeof CASES / sizeof *CASES);
}

static void lengths_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct hostile_case CASES[] = {
        {head, HEAD_OF("200 OK") OK_ETAG "Content-Length: 9223372036854775808\r\n\r\n", NULL, -EIO,
         "HeadObject"},
        {put_one, HEAD_OF("200 OK") OK_ETAG "Content-Length: -1\r\n\r\n", NULL, -EIO, "PutObject"},
        {get, HEAD_OF("200 OK") OK_ETAG "Content-Length: 18446744073709551616\r\n\r\n", NULL, -EIO,
         "GetObject"},
        {get, HEAD_OF("200 OK") OK_ETAG "Content-Length: 0x10\r\n\r\n", NULL, -EIO, "GetObject"},
        {head, HEAD_OF("200 OK") OK_ETAG "\r\n", NULL, -EIO, "no Content-Length"},
        {head, HEAD_OF("200 OK") "Content-Length: 5\r\nContent-Length: 7\r\n" OK_ETAG "\r\n", NULL,
         -EIO, "HeadObject"},
        {head, HEAD_OF("200 OK") "Content-Length: 5\r\nETag: \"" K64 "\"\r\n\r\n", NULL, -EIO,
         "ETag"},
        {head, HEAD_OF("200 OK") "Content-Length: 5\r\n\r\n", NULL, -EIO, "ETag"},
        {put_one, HEAD_OF("200 OK") "Content-Length: 0\r\nETag: \"" K64 "\"\r\n\r\n", NULL, -EIO,
         "ETag"},
        {get,
         HEAD_OF("206 Partial Content") "Content-Range: bytes 0-99/100\r\nContent-Length: "
                                        "99\r\n\r\nabc",
         NULL, -EIO, "GetObject"},
        {get, HEAD_OF("206 Partial Content") "Content-Length: 100\r\n\r\nabc", NULL, -EIO,
         "asked for"},
        {get,
         HEAD_OF("206 Partial Content") "Content-Encoding: gzip\r\nContent-Range: bytes "
                                        "0-99/100\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08",
         NULL, -EIO, "3 bytes instead of 100"},
        {get, "no HTTP at all", NULL, -EIO, "GetObject"},
        {get, "<html>HTTP/0.9 had no head</html>", K64, -EIO, "GetObject"},
        {put_one, "HTTP/1.1 99999 OK\r\n\r\n", NULL, -EIO, "PutObject"},
        {put_one, "HTTP/3.0 200 OK\r\n\r\n", NULL, -EIO, "PutObject"},
        {put_one, "SSH-2.0-OpenSSH_9.2\r\n", NULL, -EIO, "PutObject"},
    };
    hold_against(CASES, sizeof CASES / sizeof *CASES);
}

#define XML(text) HEAD_OF("200 OK") "\r\n" text
#define LISTED(fields)                                                                             \
    XML("<ListBucketResult><EncodingType>url</EncodingType><Contents>" fields                      \
        "</Contents><IsTruncated>false</IsTruncated></ListBucketResult>")

static void documents_that_attack_the_reader_are_refused(void **state)
{
    (void)state;
    static const struct hostile_case CASES[] = {
        {list, XML(BOMB "<ListBucketResult><Name>&d;</Name></ListBucketResult>"), NULL, -EIO,
         "DTD"},
        {create, XML(BOMB "<InitiateMultipartUploadResult/>"), NULL, -EIO, "DTD"},
        {finish, XML(BOMB "<CompleteMultipartUploadResult/>"), NULL, -EIO, "without a result"},
        {list, XML("<!DOCTYPE x SYSTEM \"http://169.254.169.254/latest\"><x/>"), NULL, -EIO, "DTD"},
        {list,
         XML("<ListBucketResult><b><c><d><e><f><g><h><i/></h></g></f></e></d></c></b>"
             "</ListBucketResult>"),
         NULL, -EIO, "deeper"},
        {list, XML("<" K1 "/>"), NULL, -EIO, "names"},
        {list, XML("<html><body>Welcome! Log in</body></html>"), NULL, -EIO, "no ListBucketResult"},
        {list, XML("<ListBucketResult"), NULL, -EIO, "malformed"},
        {list, XML(""), NULL, -EIO, "malformed"},
        {list, LISTED("<Key>p/a%00b</Key>"), NULL, -EIO, "percent"},
        {list, LISTED("<Key>p/a&#0;b</Key>"), NULL, -EIO, "malformed"},
        {list, LISTED("<Key>q</Key>"), NULL, -EIO, "prefix"},
        {list, LISTED("<Key>../p/q</Key>"), NULL, -EIO, "prefix"},
        {list, LISTED("<Key>p/a</Key><Size>-1</Size>"), NULL, -EIO, "size"},
        {list, LISTED("<Key>p/a</Key><Size>9223372036854775808</Size>"), NULL, -EIO, "size"},
        {list, LISTED("<Key>p/a</Key><ETag>" K64 "</ETag>"), NULL, -EIO, "ETag"},
        {create,
         XML("<InitiateMultipartUploadResult><UploadId>" K64 K64 K64
             "</UploadId></InitiateMultipartUploadResult>"),
         NULL, -EIO, "UploadId"},
        {create, XML("<InitiateMultipartUploadResult/>"), NULL, -EIO, "UploadId"},
        {create, XML("<Error><Code>InternalError</Code></Error>"), NULL, -EIO, "UploadId"},
    };
    hold_against(CASES, sizeof CASES / sizeof *CASES);
}

// The server answers with something else each time, for ever.
static void a_listing_without_end_is_given_up(void **state)
{
    (void)state;
    enum { PAGES = LIST_EMPTY_PAGES_MAX + 3 };
    static struct scripted_answer answers[PAGES];
    static char pages[PAGES][160];
    for (size_t i = 0; i < PAGES; i++) {
        snprintf(pages[i], sizeof pages[i],
                 "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t%zu"
                 "</NextContinuationToken></ListBucketResult>",
                 i);
        answers[i] = (struct scripted_answer){.status = "200 OK", .body = pages[i]};
    }
    CLEANUP(fixture_stop) struct fixture f;
    fixture_start(&f, answers, PAGES);
    assert_int_equal(list(&f), -EIO);
    assert_text_has("does not move on");
    assert_int_equal(scripted_server_requests(f.server), LIST_EMPTY_PAGES_MAX + 1);
}

static void redirects_lead_to_no_other_host(void **state)
{
    (void)state;
#define TO_METADATA                                                                                \
    HEAD_OF("301 Moved Permanently")                                                               \
    "Location: http://169.254.169.254/latest/meta-data/\r\nContent-Length: 0\r\n\r\n"
    static const struct hostile_case CASES[] = {
        {head, TO_METADATA, NULL, -EIO, "--region"},    {get, TO_METADATA, NULL, -EIO, "--region"},
        {put_one, TO_METADATA, NULL, -EIO, "--region"}, {copy, TO_METADATA, NULL, -EIO, "--region"},
        {generate, TO_METADATA, NULL, -EIO, "301"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        static struct scripted_answer answers[1];
        answers[0] = (struct scripted_answer){.raw = CASES[i].raw};
        CLEANUP(fixture_stop) struct fixture f;
        fixture_start(&f, answers, 1);
        assert_int_equal(CASES[i].call(&f), CASES[i].code);
        assert_text_has(CASES[i].text);
        assert_int_equal(scripted_server_requests(f.server), 1);
    }
}

#define KMS_SAYS(json) HEAD_OF("200 OK") "\r\n" json
#define BLOB           "\"CiphertextBlob\":\"AAEC\","
#define KEY_32         "\"Plaintext\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\","

static void keys_that_are_none_are_refused(void **state)
{
    (void)state;
    static const struct hostile_case CASES[] = {
        {generate, KMS_SAYS("{" KEY_32 BLOB "\"KeyId\":\"" ARN "d\"}"), NULL, -EACCES,
         "another one"},
        {generate, KMS_SAYS("{\"Plaintext\":\"AAEC\"," BLOB "\"KeyId\":\"" ARN "\"}"), NULL, -EIO,
         "a data key of 3 bytes instead of 32"},
        {generate, KMS_SAYS("{\"Plaintext\":\"" K64 "\"," BLOB "\"KeyId\":\"" ARN "\"}"), NULL,
         -EIO, "over 32 bytes"},
        {generate, KMS_SAYS("{" KEY_32 "\"KeyId\":\"" ARN "\"}"), NULL, -EIO, "CiphertextBlob"},
        {generate,
         KMS_SAYS("{" KEY_32 "\"CiphertextBlob\":\"" K8 K8 K8 "\",\"KeyId\":\"" ARN "\"}"), NULL,
         -EIO, "CiphertextBlob"},
        {generate, KMS_SAYS("{" KEY_32 "\"CiphertextBlob\":7,\"KeyId\":\"" ARN "\"}"), NULL, -EIO,
         "CiphertextBlob"},
        {generate, KMS_SAYS("[[[[[[[["), NULL, -EIO, "malformed JSON"},
        {generate, KMS_SAYS(""), NULL, -EIO, "empty"},
    };
    hold_against(CASES, sizeof CASES / sizeof *CASES);
}

int main(void)
{
    log_init(LOG_LEVEL_ERROR, LOG_SINK_STDERR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_without_end_or_measure_are_given_up),
        cmocka_unit_test(bodies_without_end_or_measure_are_given_up),
        cmocka_unit_test(lengths_that_cannot_be_are_refused),
        cmocka_unit_test(documents_that_attack_the_reader_are_refused),
        cmocka_unit_test(a_listing_without_end_is_given_up),
        cmocka_unit_test(redirects_lead_to_no_other_host),
        cmocka_unit_test(keys_that_are_none_are_refused),
    };
    return secret_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
