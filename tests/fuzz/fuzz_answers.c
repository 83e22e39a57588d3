// Whole answers of servers: any bytes, sent over loopback to whatever call they are chosen for. The
// call must end, in bounded memory, with a result that can be used or an error with a text.
//
// The first byte chooses the call. The server hangs up after its one answer, so nothing waits; what
// would be tried again is not (s3/retry.c is left out by the linker: --wrap).
#include "common/err.h"
#include "common/log.h"
#include "s3/kms.h"
#include "s3/retry.h"
#include "s3/store_s3.h"

#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ARN "arn:aws:kms:us-east-1:123456789012:key/abc"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_retry_failed(struct retry *r, int code, enum retry_kind kind);

int __wrap_retry_failed(struct retry *r, int code, enum retry_kind kind)
{
    (void)r, (void)kind;
    assert(code < 0);
    return code;
}

static struct { // one answer at a time
    int listener;
    char url[64];
    pthread_mutex_t lock;
    const uint8_t *data;
    size_t size;
    struct endpoint_config config;
    struct credentials_source *credentials;
    struct store *store;
    struct kms *kms;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void take_request(int fd)
{
    char text[64 * 1024];
    size_t len = 0;
    while (len + 1 < sizeof text) {
        ssize_t got = recv(fd, text + len, sizeof text - 1 - len, 0);
        if (got <= 0)
            return;
        len += (size_t)got;
        text[len] = '\0';
        const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "content-length:");
        size_t body = length != NULL ? strtoull(length + 15, NULL, 10) : 0;
        if (end != NULL && len >= (size_t)(end + 4 - text) + body)
            return;
    }
}

static void *serve(void *unused)
{
    (void)unused;
    for (int fd; (fd = accept(server.listener, NULL, NULL)) >= 0; close(fd)) {
        take_request(fd);
        pthread_mutex_lock(&server.lock);
        for (size_t at = 0; at < server.size;) {
            ssize_t sent = send(fd, server.data + at, server.size - at, MSG_NOSIGNAL);
            if (sent <= 0)
                break;
            at += (size_t)sent;
        }
        pthread_mutex_unlock(&server.lock);
        shutdown(fd, SHUT_RDWR);
    }
    return NULL;
}

static void start(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    pthread_t thread;
    log_init(LOG_LEVEL_ERROR, LOG_SINK_STDERR);
    assert(secret_init() == 0);
    server.listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server.listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(server.listener, 16) != 0 ||
        getsockname(server.listener, (struct sockaddr *)&at, &len) != 0 ||
        pthread_create(&thread, NULL, serve, NULL) != 0)
        abort();
    snprintf(server.url, sizeof server.url, "http://127.0.0.1:%u", ntohs(at.sin_port));
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret-example", 1);
    endpoint_config_defaults(&server.config);
    server.config.region = "us-east-1";
    server.config.s3_url = server.config.kms_url = server.url;
    int rc = credentials_source_new(&server.credentials, NULL);
    if (rc == 0)
        rc = kms_new(&server.kms, "us-east-1", &server.config, server.credentials);
    assert(rc == 0);
}

// ---- the calls

static int take(void *context, const void *bytes, size_t len)
{
    *(size_t *)context += len;
    assert(bytes != NULL || len == 0);
    return 0;
}

static int get(struct store *s)
{
    size_t got = 0;
    const struct store_sink sink = {.data = take, .context = &got};
    int rc = s->ops->get(s, "key", "e", 0, 100, &sink);
    assert(rc < 0 || got == 100);
    return rc;
}

static int head(struct store *s)
{
    AUTO_STORE_OBJECT struct store_object object = {0};
    int rc = s->ops->head(s, "key", &object);
    assert(rc < 0 || (object.size <= INT64_MAX && *object.etag != '\0'));
    return rc;
}

static int seen(void *context, const struct store_listed *e)
{
    (void)context;
    assert(strncmp(e->key, "p/", 2) == 0 && e->size <= INT64_MAX && strlen(e->etag) < 128);
    return 0;
}

static int seen_upload(void *context, const struct store_upload_listed *u)
{
    (void)context;
    assert(strncmp(u->key, "p/", 2) == 0 && u->upload_id != NULL && u->initiator != NULL);
    return 0;
}

static int checksums(struct store *s)
{
    AUTO_STORE_CHECKSUMS struct store_checksums out = {0};
    int rc = s->ops->checksums(s, "key", "e", &out);
    assert(rc < 0 || (out.count == 0) == (out.parts == NULL));
    return rc;
}

static int copy(struct store *s)
{
    struct store_result result;
    return s->ops->copy(s, NULL, "from", NULL, "to", NULL, &result);
}

static int copy_part(struct store *s)
{
    struct store_part part;
    int rc = s->ops->upload_part_copy(s, "to", "id", 1, NULL, "from", "e", 0, 100, &part);
    assert(rc < 0 || *part.etag != '\0');
    return rc;
}

static int create(struct store *s)
{
    char id[STORE_UPLOAD_ID_MAX];
    int rc = s->ops->upload_create(s, "key", NULL, id);
    assert(rc < 0 || (*id != '\0' && memchr(id, '\0', sizeof id) != NULL));
    return rc;
}

static int complete(struct store *s)
{
    const struct store_part parts[] = {{.number = 1, .etag = "p"}};
    struct store_result result;
    int rc = s->ops->upload_complete(s, "key", "id", parts, 1, false, &result);
    assert(rc < 0 || *result.etag != '\0');
    return rc;
}

static char BYTES[] = "123456789";
static const struct iovec BODY = {BYTES, 9};

static int put(struct store *s)
{
    const struct store_body body = {.iov = &BODY, .iov_count = 1, .size = 9, .crc32c = 0xe3069283};
    struct store_result result;
    int rc = s->ops->put(s, "key", NULL, &body, &result);
    assert(rc < 0 || *result.etag != '\0');
    return rc;
}

static int part(struct store *s)
{
    const struct store_body body = {.iov = &BODY, .iov_count = 1, .size = 9, .crc32c = 0xe3069283};
    struct store_part out;
    int rc = s->ops->upload_part(s, "key", "id", 1, &body, &out);
    assert(rc < 0 || (*out.etag != '\0' && (!out.has_crc32c || out.crc32c == body.crc32c)));
    return rc;
}

static int abort_rule(struct store *s)
{
    unsigned days = 0;
    int rc = store_s3_abort_rule(s, "p/", &days);
    assert(days <= 36500);
    return rc;
}

static int generate(void)
{
    AUTO_SECRET struct secret *key = NULL;
    AUTO_BUF struct buf blob;
    buf_init(&blob, KMS_BLOB_MAX);
    int rc = kms_generate_data_key(server.kms, ARN, NULL, &key, &blob);
    assert(rc < 0 || (secret_size(key) == 32 && blob.len > 0));
    return rc;
}

static int decrypt(void)
{
    AUTO_SECRET struct secret *key = NULL;
    bool wrong_key = false;
    int rc = kms_decrypt(server.kms, ARN, NULL, "blob", 4, &key, &wrong_key);
    assert((rc == 0) == (key != NULL));
    return rc;
}

static int describe(void)
{
    struct kms_key_info info;
    int rc = kms_describe_key(server.kms, ARN, &info);
    assert(rc < 0 || *info.arn != '\0');
    return rc;
}

static int call(unsigned which, struct store *s)
{
    switch (which % 16) {
    case 0:
        return head(s);
    case 1:
        return get(s);
    case 2:
        return s->ops->list(s, "p/", '/', 0, seen, NULL);
    case 3:
        return s->ops->upload_list(s, "p/", seen_upload, NULL);
    case 4:
        return checksums(s);
    case 5:
        return copy(s);
    case 6:
        return copy_part(s);
    case 7:
        return create(s);
    case 8:
        return complete(s);
    case 9:
        return put(s);
    case 10:
        return part(s);
    case 11:
        return s->ops->remove(s, "key");
    case 12:
        return generate();
    case 13:
        return decrypt();
    case 14:
        return abort_rule(s);
    default:
        return describe();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (server.kms == NULL)
        start();
    pthread_mutex_lock(&server.lock);
    server.data = data + 1;
    server.size = size - 1;
    pthread_mutex_unlock(&server.lock);
    struct store *store = NULL; // a new one each time: what one answer teaches is not for the next
    if (store_s3_new(&store, "bucket", &server.config, server.credentials) < 0)
        abort();
    int rc = call(data[0], store);
    assert(rc <= 0 && (rc == 0 || *err_text() != '\0'));
    store_free(store);
    pthread_mutex_lock(&server.lock);
    server.size = 0;
    pthread_mutex_unlock(&server.lock);
    return 0;
}
