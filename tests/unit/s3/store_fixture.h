// A store and a KMS client of one scripted server, and the calls that the tests of both make.
#ifndef TESTS_UNIT_S3_STORE_FIXTURE_H
#define TESTS_UNIT_S3_STORE_FIXTURE_H

#include "common/codec.h"
#include "common/err.h"
#include "s3/kms.h"
#include "s3/store_s3.h"
#include "tests/unit/s3/scripted_server.h"
#include "tests/unit/test.h"

#define OK_ETAG "ETag: \"0123456789abcdef0123456789abcdef\"\r\n"
#define COMPLETED                                                                                  \
    "<CompleteMultipartUploadResult><ETag>\"e-1\"</ETag></CompleteMultipartUploadResult>"
#define S3_ERROR(code) "<Error><Code>" code "</Code><Message>why</Message></Error>"
#define REQUEST_ID     "x-amz-request-id: REQ1\r\n"

struct fixture { // one server and a store and KMS client of it
    struct scripted_server *server;
    struct credentials_source *credentials;
    struct endpoint_config config;
    struct store *store;
    struct kms *kms;
};

static inline void fixture_start(struct fixture *f, const struct scripted_answer *answers,
                                 size_t count)
{
    *f = (struct fixture){.server = scripted_server_start(answers, count)};
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret-example", 1);
    assert_ok(credentials_source_new(&f->credentials, NULL));
    endpoint_config_defaults(&f->config);
    f->config.region = "us-east-1";
    f->config.s3_url = f->config.kms_url = scripted_server_url(f->server);
    f->config.retry_total_ms = 60000;
    assert_ok(store_s3_new(&f->store, "bucket", &f->config, f->credentials));
    assert_ok(kms_new(&f->kms, "us-east-1", &f->config, f->credentials));
}
#define FIXTURE(f, ...)                                                                            \
    CLEANUP(fixture_stop) struct fixture f;                                                        \
    static const struct scripted_answer answers_[] = {__VA_ARGS__};                                \
    fixture_start(&f, answers_, sizeof answers_ / sizeof *answers_)

static inline void fixture_stop(struct fixture *f)
{
    store_free(f->store);
    kms_free(f->kms);
    credentials_source_free(f->credentials);
    scripted_server_stop(f->server);
}

static inline void assert_text_has(const char *part)
{
    if (strstr(err_text(), part) == NULL)
        fail_msg("'%s' is not in: %s", part, err_text());
    assert_null(strstr(err_text(), "secret-example"));
}

static inline void assert_request(struct fixture *f, size_t index, const char *part, bool there)
{
    if ((strstr(scripted_server_request(f->server, index), part) != NULL) != there)
        fail_msg("'%s' is %s in request %zu:\n%s", part, there ? "not" : "wrongly", index,
                 scripted_server_request(f->server, index));
}

static inline int put(struct fixture *f, struct store_result *result)
{
    static char text[] = "the body";
    static const struct iovec iov = {text, 8};
    struct store_body body = {
        .iov = &iov, .iov_count = 1, .size = 8, .crc32c = crc32c_extend(0, text, 8)};
    return f->store->ops->put(f->store, "a key", NULL, &body, result);
}

static inline int complete(struct fixture *f, struct store_result *result)
{
    const struct store_part parts[] = {{.number = 1, .etag = "p1"},
                                       {.number = 3, .etag = "p3", .has_crc32c = true}};
    return f->store->ops->upload_complete(f->store, "key", "id", parts, 2, false, result);
}

#endif
