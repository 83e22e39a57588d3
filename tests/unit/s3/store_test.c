// How the store and KMS deal with what servers answer, against a scripted server: errors inside a
// 200, lost answers, refused checksums, stalls, listings that do not move on, KMS's errors.
#include "common/clock.h"
#include "common/log.h"
#include "tests/unit/s3/store_fixture.h"

#include <pthread.h>
#include <unistd.h>

static void a_body_is_sent_again_whole_after_5xx_and_lost_connections(void **state)
{
    (void)state;
    struct store_result result;
    FIXTURE(f, {.status = "503 Slow Down", .body = S3_ERROR("SlowDown")}, {.status = NULL},
            {.status = "500 Internal", .body = S3_ERROR("InternalError")},
            {.status = "200 OK", .headers = OK_ETAG});
    assert_ok(put(&f, &result));
    assert_string_equal(result.etag, "0123456789abcdef0123456789abcdef");
    size_t requests = scripted_server_requests(f.server);
    assert_in_range(requests, 4, 5);
    for (size_t i = 0; i < 4; i++) {
        assert_request(&f, i, "\r\n\r\nthe body", true);
        assert_request(&f, i, "x-amz-checksum-crc32c: ", true);
        assert_request(&f, i, "authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/", true);
        assert_request(&f, i, "Expect:", false);
        // Over plain HTTP the body is signed.
        assert_request(&f, i, "x-amz-content-sha256: UNSIGNED", false);
    }
    struct store_s3_counters counters;
    store_s3_counters(f.store, &counters);
    // libcurl itself repeats a request on a kept connection that is closed without an answer.
    assert_in_range(counters.requests, 3, 4);
    assert_int_equal(counters.retries, counters.requests - 1);
}

static void a_final_error_tells_operation_key_status_code_message_and_request_id(void **state)
{
    (void)state;
    struct store_result result;
    FIXTURE(f,
            {.status = "403 Forbidden", .headers = REQUEST_ID, .body = S3_ERROR("AccessDenied")});
    assert_int_equal(put(&f, &result), -EACCES);
    static const char *const PARTS[] = {"PutObject", "a key", "403",   "AccessDenied",
                                        "why",       "REQ1",  "policy"};
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
        assert_text_has(PARTS[i]);
    assert_int_equal(scripted_server_requests(f.server), 1);
}

static void server_errors_end_after_a_bounded_number(void **state)
{
    (void)state;
    struct store_result result;
    static struct scripted_answer answers[20];
    for (size_t i = 0; i < 20; i++)
        answers[i] = (struct scripted_answer){.status = "500 X", .body = S3_ERROR("InternalError")};
    CLEANUP(fixture_stop) struct fixture f;
    fixture_start(&f, answers, 20);
    assert_int_equal(put(&f, &result), -EIO);
    assert_text_has("InternalError");
    assert_text_has("attempts");
    assert_in_range(scripted_server_requests(f.server), 3, 8);
}

static void refused_checksums_are_left_out_from_then_on(void **state)
{
    (void)state;
    struct store_result result;
    FIXTURE(f, {.status = "501 Not Implemented", .body = S3_ERROR("NotImplemented")},
            {.status = "200 OK", .headers = OK_ETAG}, {.status = "200 OK", .headers = OK_ETAG});
    assert_ok(put(&f, &result));
    assert_ok(put(&f, &result));
    assert_request(&f, 0, "checksum", true);
    assert_request(&f, 1, "checksum", false);
    assert_request(&f, 2, "checksum", false);
}

static void expired_credentials_are_looked_for_once_more(void **state)
{
    (void)state;
    struct store_result result;
    FIXTURE(f, {.status = "400 Bad", .body = S3_ERROR("ExpiredToken")},
            {.status = "200 OK", .headers = OK_ETAG},
            {.status = "400 Bad", .body = S3_ERROR("ExpiredToken")},
            {.status = "400 Bad", .body = S3_ERROR("ExpiredToken")});
    assert_ok(put(&f, &result));
    assert_int_equal(put(&f, &result), -EACCES);
    assert_text_has("expired");
    assert_int_equal(scripted_server_requests(f.server), 4);
}

static void a_skewed_clock_is_told_with_its_seconds(void **state)
{
    (void)state;
    struct store_result result;
    FIXTURE(f, {.status = "403 Forbidden",
                .headers = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
                .body = S3_ERROR("RequestTimeTooSkewed")});
    assert_int_equal(put(&f, &result), -EACCES);
    assert_text_has("ahead of the server's");
    assert_text_has("clock");
}

// As AWS does with a denied request: the answer comes while the body is being sent.
static void an_early_refusal_is_heard_over_the_body(void **state)
{
    (void)state;
    size_t size = 8 << 20;
    AUTO_FREE char *bytes = calloc(1, size);
    const struct iovec iov = {bytes, size};
    struct store_body body = {.iov = &iov, .iov_count = 1, .size = size};
    struct store_result result;
    FIXTURE(f, {.status = "403 Forbidden",
                .headers = "Connection: close\r\n",
                .body = S3_ERROR("AccessDenied"),
                .early = 1});
    assert_int_equal(f.store->ops->put(f.store, "large", NULL, &body, &result), -EACCES);
    assert_text_has("AccessDenied");
}

// ---- Complete

static void an_error_inside_a_200_is_that_error(void **state)
{
    (void)state;
    struct store_result result;
    FIXTURE(f, {.status = "200 OK", .body = S3_ERROR("InternalError")},
            {.status = "200 OK", .delay_ms = 300, .trickle = 1, .body = COMPLETED},
            {.status = "200 OK", .body = S3_ERROR("AccessDenied")});
    assert_ok(complete(&f, &result));
    assert_string_equal(result.etag, "e-1");
    assert_request(&f, 0, "<Part><PartNumber>1</PartNumber><ETag>\"p1\"</ETag></Part>", true);
    assert_request(&f, 0, "<ChecksumCRC32C>AAAAAA==</ChecksumCRC32C>", true);
    assert_int_equal(complete(&f, &result), -EACCES);
}

static void a_200_without_a_result_is_not_believed(void **state)
{
    (void)state;
    struct store_result result;
    FIXTURE(f, {.status = "200 OK"}, {.status = "200 OK", .body = "<CompleteMultipartUploadRes"},
            {.status = "200 OK", .body = COMPLETED});
    assert_ok(complete(&f, &result));
    assert_int_equal(scripted_server_requests(f.server), 3);
}

static void a_missing_upload_after_a_lost_answer_is_left_to_a_head(void **state)
{
    (void)state;
    struct store_result result;
    FIXTURE(f, {.status = NULL}, {.status = "404 Not Found", .body = S3_ERROR("NoSuchUpload")},
            {.status = "404 Not Found", .body = S3_ERROR("NoSuchUpload")});
    assert_int_equal(complete(&f, &result), -EIO);
    assert_text_has("HEAD");
    assert_int_equal(complete(&f, &result), -ENOENT); // nothing was lost before
}

static void copies_check_the_source_and_the_body(void **state)
{
    (void)state;
    struct store_result result;
    struct store_part part;
    FIXTURE(f, {.status = "200 OK", .headers = OK_ETAG "x-amz-storage-class: STANDARD_IA\r\n"},
            {.status = "200 OK", .body = S3_ERROR("SlowDown")},
            {.status = "200 OK", .body = "<CopyObjectResult><ETag>\"c\"</ETag></CopyObjectResult>"},
            {.status = "200 OK",
             .body = "<CopyPartResult><ETag>\"d\"</ETag>"
                     "<ChecksumCRC32C>4waSgw==</ChecksumCRC32C></CopyPartResult>"},
            {.status = "412 Precondition Failed", .body = S3_ERROR("PreconditionFailed")});
    assert_ok(f.store->ops->copy(f.store, NULL, "from +1", "0123456789abcdef0123456789abcdef", "to",
                                 NULL, &result));
    assert_string_equal(result.etag, "c");
    assert_request(&f, 1, "x-amz-copy-source: /bucket/from%20%2B1\r\n", true);
    assert_request(&f, 1, "x-amz-storage-class: STANDARD_IA\r\n", true);
    assert_request(&f, 1, "x-amz-metadata-directive: COPY\r\n", true);
    assert_ok(
        f.store->ops->upload_part_copy(f.store, "to", "id", 4, NULL, "from", "e", 16, 100, &part));
    assert_true(part.has_crc32c);
    assert_int_equal(part.crc32c, 0xe3069283);
    assert_request(&f, 3, "x-amz-copy-source-range: bytes=16-115\r\n", true);
    assert_int_equal(
        f.store->ops->upload_part_copy(f.store, "to", "id", 4, NULL, "from", "e", 16, 100, &part),
        -ESTALE);
}

// ---- reading

static int take_nothing(void *context, const void *bytes, size_t len)
{
    (void)bytes;
    *(size_t *)context += len;
    return 0;
}

static int begin_again(void *context)
{
    *(size_t *)context = 0;
    return 0;
}

static void a_broken_off_or_wrong_range_is_not_accepted(void **state)
{
    (void)state;
    size_t got = 0;
    const struct store_sink sink = {.begin = begin_again, .data = take_nothing, .context = &got};
    FIXTURE(f,
            {.status = "206 Partial Content",
             .headers = "Content-Range: bytes 2-5/9\r\n" OK_ETAG,
             .body = "23",
             .claim = 4},
            {.status = "206 Partial Content",
             .headers = "Content-Range: bytes 2-5/9\r\n" OK_ETAG,
             .body = "2345"},
            {.status = "206 Partial Content",
             .headers = "Content-Range: bytes 0-3/9\r\n" OK_ETAG,
             .body = "0123"},
            {.status = "200 OK", .headers = OK_ETAG, .body = "012345678"},
            {.status = "206 Partial Content",
             .headers = "Content-Range: bytes 2-5/9\r\n" OK_ETAG,
             .body = "2345"});
    assert_ok(f.store->ops->get(f.store, "k", NULL, 2, 4, &sink)); // broken off, then whole
    assert_int_equal(got, 4);
    assert_int_equal(f.store->ops->get(f.store, "k", NULL, 2, 4, &sink), -EIO);
    assert_int_equal(f.store->ops->get(f.store, "k", NULL, 2, 4, &sink), -EIO);
    // The server ignored If-Match.
    assert_int_equal(f.store->ops->get(f.store, "k", "other", 2, 4, &sink), -ESTALE);
}

static void a_stalled_answer_is_given_up_in_time_and_tried_again(void **state)
{
    (void)state;
    size_t got = 0;
    const struct store_sink sink = {.begin = begin_again, .data = take_nothing, .context = &got};
    FIXTURE(f, {.silent = 1},
            {.status = "206 Partial Content",
             .headers = "Content-Range: bytes 0-3/9\r\n",
             .body = "0123"});
    f.config.stall_timeout_ms = 1500;
    int64_t start = clock_ms();
    assert_ok(f.store->ops->get(f.store, "k", NULL, 0, 4, &sink));
    assert_true(clock_ms() - start >= 1500);
    assert_int_equal(scripted_server_requests(f.server), 2);
}

static atomic_bool cancel_flag;

static void *raise_when_asked(void *server)
{
    while (scripted_server_requests(server) == 0)
        usleep(1000);
    atomic_store(&cancel_flag, true);
    return NULL;
}

static void a_raised_flag_ends_a_waiting_call(void **state)
{
    (void)state;
    size_t got = 0;
    const struct store_sink sink = {.data = take_nothing, .context = &got, .cancel = &cancel_flag};
    pthread_t thread;
    FIXTURE(f, {.silent = 1});
    pthread_create(&thread, NULL, raise_when_asked, f.server);
    assert_int_equal(f.store->ops->get(f.store, "k", NULL, 0, 4, &sink), -ECANCELED);
    pthread_join(thread, NULL);
}

// ---- threads

static void *put_often(void *context)
{
    struct fixture *f = context;
    struct store_result result;
    for (int i = 0; i < 8; i++) {
        if (put(f, &result) < 0)
            return (void *)(intptr_t)1;
    }
    return NULL;
}

static void threads_share_a_store_over_few_connections(void **state)
{
    (void)state;
    static struct scripted_answer answers[32];
    for (size_t i = 0; i < 32; i++)
        answers[i] = (struct scripted_answer){.status = "200 OK", .headers = OK_ETAG};
    CLEANUP(fixture_stop) struct fixture f;
    pthread_t threads[4];
    fixture_start(&f, answers, 32);
    store_free(f.store); // its pool was made for more connections
    f.config.connections_max = 2;
    assert_ok(store_s3_new(&f.store, "bucket", &f.config, f.credentials));
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_often, &f), 0);
    for (int i = 0; i < 4; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(scripted_server_requests(f.server), 32);
    assert_in_range(scripted_server_connections(f.server), 1, 2);
}

// ---- listings

static int count_entry(void *context, const struct store_listed *entry)
{
    (void)entry;
    ++*(unsigned *)context;
    return 0;
}

#define PAGE(keys, more)                                                                           \
    "<ListBucketResult><EncodingType>url</EncodingType>" keys "<IsTruncated>" more "</"            \
    "IsTruncated>"
#define KEY(k)   "<Contents><Key>" k "</Key><Size>1</Size></Contents>"
#define TOKEN(t) "<NextContinuationToken>" t "</NextContinuationToken></ListBucketResult>"
#define END      "</ListBucketResult>"

// ---- kept checksums

#define WHOLE_IS(value, type)                                                                      \
    {                                                                                              \
        .status = "200 OK", .claim = 7,                                                            \
        .headers = "ETag: \"e-1\"\r\nx-amz-checksum-crc32c: " value "\r\n" type                    \
    }
#define IN_PARTS      "x-amz-checksum-type: COMPOSITE\r\n"
#define PART(n, size) "<Part><PartNumber>" n "</PartNumber><Size>" size "</Size>" CRC "</Part>"
#define CRC           "<ChecksumCRC32C>AAAAAQ==</ChecksumCRC32C>"
#define ATTRIBUTES(etag, parts)                                                                    \
    {                                                                                              \
        .status = "200 OK", .body = "<GetObjectAttributesResponse><ETag>" etag                     \
                                    "</ETag><ObjectParts>" parts                                   \
                                    "</ObjectParts></GetObjectAttributesResponse>"                 \
    }

static int kept(struct fixture *f, struct store_checksums *out)
{
    return f->store->ops->checksums(f->store, "key", "e-1", out);
}

static void kept_checksums_are_of_the_whole_or_of_parts(void **state)
{
    (void)state;
    AUTO_STORE_CHECKSUMS struct store_checksums none, whole, parts;
    FIXTURE(f, {.status = "200 OK", .headers = "ETag: \"e-1\"\r\n", .claim = 7},
            WHOLE_IS("AAAAAQ==", "x-amz-checksum-type: FULL_OBJECT\r\n"),
            WHOLE_IS("AQIDBA==-2", ""), ATTRIBUTES("e-1", PART("3", "5")),
            ATTRIBUTES("\"e-1\"", PART("10000", "2")));
    assert_ok(kept(&f, &none));
    assert_int_equal(none.count, 0);
    assert_request(&f, 0, "x-amz-checksum-mode: ENABLED", true);
    assert_request(&f, 0, "if-match: \"e-1\"", true);
    assert_ok(kept(&f, &whole));
    assert_false(whole.composite);
    assert_int_equal(whole.count, 1);
    assert_int_equal(whole.parts[0].size, 7);
    assert_int_equal(whole.parts[0].crc32c, 1);
    assert_ok(kept(&f, &parts));
    assert_true(parts.composite);
    assert_int_equal(parts.crc32c, 0x01020304);
    assert_int_equal(parts.count, 2);
    assert_int_equal(parts.parts[0].size + 10 * parts.parts[1].size, 25);
    assert_int_equal(parts.parts[1].number, 10000);
    assert_request(&f, 3, "x-amz-part-number-marker", false);
    assert_request(&f, 4, "x-amz-part-number-marker: 3", true);
}

static void kept_checksums_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct scripted_answer whole, parts; // no status: it is not asked for
        int code;
        const char *text;
    } CASES[] = {
        {WHOLE_IS("AAAA", ""), {0}, -EIO, "that is none"},
        {WHOLE_IS("AAAAAQ=!", ""), {0}, -EIO, "that is none"},
        {WHOLE_IS("AAAAAQ==AAAA", ""), {0}, -EIO, "that is none"},
        {WHOLE_IS("AAAAAQ==-", ""), {0}, -EIO, "that is none"},
        {WHOLE_IS("AAAAAQ==-0", ""), {0}, -EIO, "that is none"},
        {WHOLE_IS("AAAAAQ==-10001", ""), {0}, -EIO, "that is none"},
        {WHOLE_IS("AAAAAQ==", IN_PARTS), {0}, -EIO, "that is none"},
        {{.status = "412 Precondition Failed"}, {0}, -ESTALE, "replaced"},
        {{.status = "200 OK", .headers = "ETag: \"e-2\"\r\n"}, {0}, -ESTALE, "replaced"},
        {WHOLE_IS("AAAAAQ==-2", ""), ATTRIBUTES("e-2", PART("1", "7")), -ESTALE, "replaced"},
        {WHOLE_IS("AAAAAQ==-2", ""), ATTRIBUTES("e-1", ""), -EIO, "0 of 2 parts"},
        {WHOLE_IS("AAAAAQ==-1", ""), ATTRIBUTES("e-1", PART("1", "6")), -EIO, "as long as"},
        {WHOLE_IS("AAAAAQ==-1", ""), ATTRIBUTES("e-1", PART("0", "7")), -EIO, "in order"},
        {WHOLE_IS("AAAAAQ==-1", ""), ATTRIBUTES("e-1", PART("10001", "7")), -EIO, "a part"},
        {WHOLE_IS("AAAAAQ==-1", ""), ATTRIBUTES("e-1", PART("1", "-7")), -EIO, "a part"},
        {WHOLE_IS("AAAAAQ==-1", ""), ATTRIBUTES("e-1", "<Part>" CRC "</Part>"), -EIO, "size or"},
        {WHOLE_IS("AAAAAQ==-1", ""), ATTRIBUTES("e-1", PART("1", "5") PART("2", "2")), -EIO,
         "more than the 1 parts"},
        {WHOLE_IS("AAAAAQ==-2", ""), ATTRIBUTES("e-1", PART("2", "5") PART("2", "2")), -EIO,
         "in order"},
        {WHOLE_IS("AAAAAQ==-2", ""),
         ATTRIBUTES("e-1", PART("1", "9223372036854775807") PART("2", "1")), -EIO, "too large"},
        {WHOLE_IS("AAAAAQ==-1", ""), {.status = "200 OK", .body = "no XML"}, -EIO, "key"},
        {WHOLE_IS("AAAAAQ==-1", ""),
         {.status = "403 Forbidden", .body = S3_ERROR("AccessDenied")},
         -EACCES,
         "GetObjectAttributes"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const struct scripted_answer answers[] = {CASES[i].whole, CASES[i].parts};
        CLEANUP(fixture_stop) struct fixture f;
        fixture_start(&f, answers, CASES[i].parts.status != NULL ? 2 : 1);
        struct store_checksums out;
        assert_int_equal(kept(&f, &out), CASES[i].code);
        assert_text_has(CASES[i].text);
        assert_null(out.parts);
    }
}

static void a_listing_that_does_not_move_on_is_an_error(void **state)
{
    (void)state;
    unsigned count = 0;
    FIXTURE(f, {.status = "200 OK", .body = PAGE(KEY("p/a%20b") KEY("p/c+d"), "true") TOKEN("t1")},
            {.status = "200 OK", .body = PAGE(KEY("p/x"), "true") TOKEN("t1")},
            {.status = "200 OK", .body = PAGE(KEY("p/b"), "true") TOKEN("t1")},
            {.status = "200 OK", .body = PAGE(KEY("p/a"), "true") TOKEN("t2")},
            {.status = "200 OK", .body = PAGE(KEY("p/a"), "true") END},
            {.status = "200 OK", .body = PAGE(KEY("q/a"), "false") END},
            {.status = "200 OK", .body = PAGE("<Contents><Size>1</Size></Contents>", "false") END});
    assert_int_equal(f.store->ops->list(f.store, "p/", '\0', 0, count_entry, &count), -EIO);
    assert_int_equal(count, 3);
    assert_text_has("repeats its token");
    assert_request(&f, 1, "continuation-token=t1", true);
    assert_int_equal(f.store->ops->list(f.store, "p/", '\0', 0, count_entry, &count), -EIO);
    assert_text_has("does not move on");
    assert_int_equal(f.store->ops->list(f.store, "p/", '\0', 0, count_entry, &count), -EIO);
    assert_text_has("does not say where");
    assert_int_equal(f.store->ops->list(f.store, "p/", '\0', 0, count_entry, &count), -EIO);
    assert_text_has("not under the prefix");
    assert_int_equal(f.store->ops->list(f.store, "p/", '\0', 0, count_entry, &count), -EIO);
}

// ---- KMS

#define ARN         "arn:aws:kms:us-east-1:123456789012:key/abc"
#define KMS_ID      "x-amzn-RequestId: KREQ\r\n"
#define KMS_OOPS(t) "{\"__type\":\"" t "\",\"message\":\"why\"}"

static void a_data_key_comes_with_its_blob(void **state)
{
    (void)state;
    AUTO_SECRET struct secret *key = NULL;
    AUTO_KV struct kv context = {0};
    AUTO_BUF struct buf blob;
    buf_init(&blob, KMS_BLOB_MAX);
    FIXTURE(f, {.status = "200 OK",
                .body = "{\"Plaintext\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\","
                        "\"CiphertextBlob\":\"AAEC\",\"KeyId\":\"" ARN "\"}"});
    assert_ok(kv_set(&context, "kms_cmk_id", ARN));
    assert_ok(kms_generate_data_key(f.kms, ARN, &context, &key, &blob));
    assert_int_equal(secret_size(key), 32);
    assert_memory_equal(secret_bytes(key), "01234567890123456789012345678901", 32);
    assert_int_equal(blob.len, 3);
    assert_request(&f, 0, "x-amz-target: TrentService.GenerateDataKey\r\n", true);
    assert_request(&f, 0,
                   "{\"KeyId\":\"" ARN "\",\"KeySpec\":\"AES_256\","
                   "\"EncryptionContext\":{\"kms_cmk_id\":\"" ARN "\"}}",
                   true);
}

static void kms_errors_are_mapped_and_explained(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        int rc;
        const char *remedy;
        bool wrong_key;
    } CASES[] = {
        {"AccessDeniedException", -EACCES, "policy", false},
        {"DisabledException", -EACCES, "enable", false},
        {"KMSInvalidStateException", -EACCES, "pending deletion", false},
        {"NotFoundException", -EACCES, "ARN", false},
        {"com.amazonaws.kms#IncorrectKeyException", -EACCES, "--decrypt-key", true},
        {"InvalidCiphertextException", -EIO, "damaged", false},
        {"SignatureDoesNotMatch", -EACCES, "secret key", false},
        {"SomethingNewException", -EIO, "SomethingNew", false},
    };
    static struct scripted_answer answers[8];
    static char bodies[8][128];
    for (size_t i = 0; i < 8; i++) {
        snprintf(bodies[i], sizeof bodies[i], KMS_OOPS("%s"), CASES[i].type);
        answers[i] = (struct scripted_answer){
            .status = "400 Bad Request", .headers = KMS_ID, .body = bodies[i]};
    }
    CLEANUP(fixture_stop) struct fixture f;
    fixture_start(&f, answers, 8);
    for (size_t i = 0; i < 8; i++) {
        struct secret *key = NULL;
        bool wrong_key = true;
        assert_int_equal(kms_decrypt(f.kms, ARN, NULL, "blob", 4, &key, &wrong_key), CASES[i].rc);
        assert_int_equal(wrong_key, CASES[i].wrong_key);
        assert_text_has(CASES[i].remedy);
        assert_text_has("KREQ");
        assert_text_has("kms:Decrypt");
        assert_null(key);
    }
}

static void throttled_kms_is_asked_again_and_bad_answers_are_refused(void **state)
{
    (void)state;
    struct secret *key = NULL;
    bool wrong_key = false;
    FIXTURE(f, {.status = "400 Bad Request", .body = KMS_OOPS("ThrottlingException")},
            {.status = "200 OK", .body = "{\"KeyId\":\"" ARN "\",\"Plaintext\":\"AAEC\"}"},
            {.status = "200 OK", .body = "{\"KeyId\":\"" ARN "x\",\"Plaintext\":\"AAEC\"}"},
            {.status = "200 OK", .body = "{\"Plaintext\":\"AAEC\",\"Plaintext\":\"AAED\"}"},
            {.status = "200 OK", .body = "<html>"}, {.status = "200 OK", .body = "{}"});
    assert_ok(kms_decrypt(f.kms, ARN, NULL, "blob", 4, &key, &wrong_key));
    assert_int_equal(secret_size(key), 3);
    secret_release(key);
    key = NULL;
    assert_int_equal(kms_decrypt(f.kms, ARN, NULL, "blob", 4, &key, &wrong_key), -EACCES);
    assert_true(wrong_key);
    for (int i = 0; i < 3; i++)
        assert_int_equal(kms_decrypt(f.kms, ARN, NULL, "blob", 4, &key, &wrong_key), -EIO);
    assert_null(key);
    assert_int_equal(kms_decrypt(f.kms, ARN, NULL, "", 0, &key, &wrong_key), -EIO);
}

int main(void)
{
    log_init(LOG_LEVEL_ERROR, LOG_SINK_STDERR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_sent_again_whole_after_5xx_and_lost_connections),
        cmocka_unit_test(a_final_error_tells_operation_key_status_code_message_and_request_id),
        cmocka_unit_test(server_errors_end_after_a_bounded_number),
        cmocka_unit_test(refused_checksums_are_left_out_from_then_on),
        cmocka_unit_test(expired_credentials_are_looked_for_once_more),
        cmocka_unit_test(a_skewed_clock_is_told_with_its_seconds),
        cmocka_unit_test(an_early_refusal_is_heard_over_the_body),
        cmocka_unit_test(an_error_inside_a_200_is_that_error),
        cmocka_unit_test(a_200_without_a_result_is_not_believed),
        cmocka_unit_test(a_missing_upload_after_a_lost_answer_is_left_to_a_head),
        cmocka_unit_test(copies_check_the_source_and_the_body),
        cmocka_unit_test(a_broken_off_or_wrong_range_is_not_accepted),
        cmocka_unit_test(a_stalled_answer_is_given_up_in_time_and_tried_again),
        cmocka_unit_test(a_raised_flag_ends_a_waiting_call),
        cmocka_unit_test(threads_share_a_store_over_few_connections),
        cmocka_unit_test(kept_checksums_are_of_the_whole_or_of_parts),
        cmocka_unit_test(kept_checksums_that_cannot_be_are_refused),
        cmocka_unit_test(a_listing_that_does_not_move_on_is_an_error),
        cmocka_unit_test(a_data_key_comes_with_its_blob),
        cmocka_unit_test(kms_errors_are_mapped_and_explained),
        cmocka_unit_test(throttled_kms_is_asked_again_and_bad_answers_are_refused),
    };
    return secret_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
