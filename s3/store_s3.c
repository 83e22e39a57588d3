// The S3 store: life, addressing, and the calls on single objects. Any thread; all shared state is
// immutable but for atomics.
#include "s3/store_s3.h"
#include "common/audit.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/err.h"
#include "common/log.h"
#include "s3/sigv4.h"
#include "s3/store_s3_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void store_object_clear(struct store_object *o)
{
    kv_clear(&o->metadata);
    *o = (struct store_object){0};
}

// ---- small parts

int s3_path(const struct store_s3 *s, const char *key, struct buf *out)
{
    int rc = buf_add_str(out, "/");
    if (rc == 0 && s->path_style)
        rc = buf_addf(out, "%s%s", s->bucket, key != NULL ? "/" : "");
    return rc == 0 && key != NULL ? uri_escape(out, key, true) : rc;
}

int s3_etag_take(char out[static STORE_ETAG_MAX], const char *text)
{
    size_t len = strlen(text);
    if (len >= 2 && *text == '"' && text[len - 1] == '"') {
        text++;
        len -= 2;
    }
    if (len == 0 || len >= STORE_ETAG_MAX)
        return err_set(-EIO, "an ETag is missing or longer than %d bytes", STORE_ETAG_MAX - 1);
    memcpy(out, text, len);
    out[len] = '\0';
    return 0;
}

int64_t s3_time_parse(const char *text)
{
    struct tm utc = {0};
    if (strptime(text, "%Y-%m-%dT%H:%M:%S", &utc) == NULL)
        return 0;
    time_t when = timegm(&utc);
    return when < 0 ? 0 : (int64_t)when;
}

int s3_crc32c_format(char out[static 9], uint32_t crc32c)
{
    const uint8_t bytes[4] = {(uint8_t)(crc32c >> 24), (uint8_t)(crc32c >> 16),
                              (uint8_t)(crc32c >> 8), (uint8_t)crc32c};
    AUTO_BUF struct buf text;
    buf_init(&text, 8);
    int rc = base64_encode(&text, bytes, sizeof bytes);
    if (rc == 0)
        memcpy(out, buf_str(&text), text.len + 1);
    return rc;
}

bool s3_crc32c_parse(const char *text, uint32_t *crc32c)
{
    uint8_t bytes[4];
    size_t len = 0;
    if (base64_decode(text, strlen(text), bytes, sizeof bytes, &len) < 0 || len != 4)
        return false;
    *crc32c =
        (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    return true;
}

// ---- a call

static void describe(struct s3_call *c, const char *operation, const char *key)
{
    size_t len = key != NULL ? strlen(key) : 0;
    const char *shown = key != NULL ? key : c->store->bucket;
    bool cut = len > CALL_KEY_SHOWN_MAX;
    snprintf(c->what, sizeof c->what, "%s %s'%s%s'", operation, key != NULL ? "" : "of bucket ",
             cut ? "..." : "", shown + (cut ? len - CALL_KEY_SHOWN_MAX : 0));
}

int s3_call_init(struct s3_call *c, struct store_s3 *s, const char *method, const char *operation,
                 const char *key, size_t answer_max)
{
    *c = (struct s3_call){.store = s};
    describe(c, operation, key);
    buf_init(&c->path, 3 * STORE_KEY_MAX + sizeof s->bucket + 2);
    call_init(&c->call, c->what, method, "/", answer_max);
    c->call.judge = s3_judge;
    c->call.judge_context = c;
    c->call.retry.cancel = s->cancel;
    if (key != NULL && (*key == '\0' || strlen(key) > STORE_KEY_MAX))
        return err_set(-ENAMETOOLONG, "%s: S3 keys have 1 to %d bytes", c->what, STORE_KEY_MAX);
    int rc = s3_path(s, key, &c->path);
    c->call.path = buf_str(&c->path);
    return rc;
}

void s3_call_clear(struct s3_call *c)
{
    call_clear(&c->call);
    buf_clear(&c->path);
    http_response_clear(&c->response);
}

void s3_call_drop_checksum(struct s3_call *c)
{
    kv_remove(&c->call.headers, "x-amz-checksum-crc32c");
    kv_remove(&c->call.headers, "x-amz-sdk-checksum-algorithm");
    kv_remove(&c->call.headers, "x-amz-checksum-algorithm");
    c->had_checksum = false;
}

int s3_call_perform(struct s3_call *c)
{
    c->had_checksum = kv_get(&c->call.headers, "x-amz-checksum-crc32c") != NULL ||
                      kv_get(&c->call.headers, "x-amz-checksum-algorithm") != NULL;
    if (atomic_load(&c->store->checksums_refused))
        s3_call_drop_checksum(c);
    return call_perform(&c->store->caller, &c->call, &c->response);
}

void s3_call_set_bulk(struct s3_call *c, uint64_t size, const atomic_bool *cancel)
{
    const struct endpoint_config *config = c->store->config;
    c->call.http.bulk = true;
    c->call.http.stall_timeout_ms = config->stall_timeout_ms;
    c->call.http.timeout_ms = CALL_BODY_TIMEOUT_MS + (int64_t)(size / CALL_BODY_BYTES_PER_MS);
    c->call.retry.total_ms = config->retry_total_ms;
    c->call.retry.cancel = cancel;
}

void s3_call_set_body(struct s3_call *c, const struct store_body *body)
{
    s3_call_set_bulk(c, body->size, body->cancel);
    c->call.http.has_body = true;
    c->call.http.iov = body->iov;
    c->call.http.iov_count = body->iov_count;
    c->call.http.body_read = body->read;
    c->call.http.body_context = body->read_context;
    c->call.http.size = body->size;
}

// A server that computed another checksum than was sent has another body: it is sent again.
static int checksum_judge(struct call *call, const struct http_response *r, struct call_failure *f)
{
    struct s3_call *c = call->judge_context;
    const char *answered = kv_get(&r->headers, "x-amz-checksum-crc32c");
    uint32_t crc32c = 0;
    int rc = s3_judge(call, r, f);
    if (rc < 0 || answered == NULL || *answered == '\0' ||
        (s3_crc32c_parse(answered, &crc32c) && crc32c == c->crc32c))
        return rc;
    f->kind = RETRY_SERVER;
    return err_set(-EBADMSG, "%s: the server computed another CRC32C (%.40s) than was sent",
                   c->what, answered);
}

int s3_call_set_crc32c(struct s3_call *c, uint32_t crc32c)
{
    char text[9];
    int rc = s3_crc32c_format(text, crc32c);
    c->crc32c = crc32c;
    c->call.judge = checksum_judge;
    if (rc == 0)
        rc = call_header(&c->call, "x-amz-checksum-crc32c", "%s", text);
    return rc == 0 ? call_header(&c->call, "x-amz-sdk-checksum-algorithm", "CRC32C") : rc;
}

int s3_call_set_metadata(struct s3_call *c, const struct kv *metadata)
{
    int rc = 0;
    KV_EACH (metadata, pair) {
        char name[256];
        if (rc < 0)
            return rc;
        if (strlen(pair->name) > sizeof name - 16)
            return err_set(-EIO, "%s: the metadata name '%.40s...' is too long", c->what,
                           pair->name);
        snprintf(name, sizeof name, "x-amz-meta-%s", pair->name);
        rc = call_header(&c->call, name, "%s", pair->value);
    }
    return rc;
}

int s3_call_set_if_match(struct s3_call *c, const char *header, const char *etag)
{
    return etag != NULL ? call_header(&c->call, header, "\"%s\"", etag) : 0;
}

const char *s3_call_header(const struct s3_call *c, const char *name)
{
    const char *value = kv_get(&c->response.headers, name);
    return value != NULL ? value : "";
}

int s3_call_result(const struct s3_call *c, struct store_result *out)
{
    int rc = s3_etag_take(out->etag, s3_call_header(c, "etag"));
    snprintf(out->version_id, sizeof out->version_id, "%s", s3_call_header(c, "x-amz-version-id"));
    return rc < 0 ? err_prefix(rc, "%s", c->what) : 0;
}

// ---- single objects

static int take_metadata(struct kv *out, const struct kv *headers)
{
    static const char PREFIX[] = "x-amz-meta-";
    KV_EACH (headers, pair) {
        if (strncmp(pair->name, PREFIX, sizeof PREFIX - 1) != 0)
            continue;
        int rc = kv_set(out, pair->name + sizeof PREFIX - 1, pair->value);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int take_object(const struct s3_call *c, struct store_object *out)
{
    const char *class = s3_call_header(c, "x-amz-storage-class");
    if (decimal_parse(s3_call_header(c, "content-length"), INT64_MAX, &out->size) < 0)
        return err_set(-EIO, "%s: the answer has no Content-Length", c->what);
    int rc = s3_etag_take(out->etag, s3_call_header(c, "etag"));
    if (rc < 0)
        return err_prefix(rc, "%s", c->what);
    out->mtime_s = http_date_parse(s3_call_header(c, "last-modified"));
    snprintf(out->version_id, sizeof out->version_id, "%s", s3_call_header(c, "x-amz-version-id"));
    snprintf(out->storage_class, sizeof out->storage_class, "%s",
             strcmp(class, "STANDARD") == 0 ? "" : class);
    snprintf(out->content_type, sizeof out->content_type, "%s", s3_call_header(c, "content-type"));
    rc = take_metadata(&out->metadata, &c->response.headers);
    if (rc < 0)
        store_object_clear(out);
    return rc;
}

static int store_s3_head(struct store *store, const char *key, struct store_object *out)
{
    AUTO_S3_CALL struct s3_call c;
    int rc = s3_call_init(&c, store_s3_of(store), "HEAD", "HeadObject", key, ANSWER_SMALL_MAX);
    *out = (struct store_object){0};
    c.call.retry.deadline_ms = clock_ms() + CALL_HEAD_TOTAL_MS;
    if (rc == 0)
        rc = s3_call_perform(&c);
    return rc < 0 ? rc : take_object(&c, out);
}

struct get_context { // of one ranged get
    const struct store_sink *sink;
    const char *if_match;
    uint64_t offset, len;
    uint64_t got; // of this attempt
};

// The answer must be the very range of the very version: some servers ignore Range or If-Match.
static int get_begin(void *context, const struct http_response *r)
{
    struct get_context *g = context;
    char expected[64], etag[STORE_ETAG_MAX];
    const char *range = kv_get(&r->headers, "content-range");
    const char *tag = kv_get(&r->headers, "etag");
    g->got = 0;
    int len = snprintf(expected, sizeof expected, "bytes %" PRIu64 "-%" PRIu64 "/", g->offset,
                       g->offset + g->len - 1);
    if (r->status == 206 && (range == NULL || strncmp(range, expected, (size_t)len) != 0))
        return err_set(-EIO, "asked for %s* but got '%.60s'", expected, range != NULL ? range : "");
    if (r->status != 206 && g->offset != 0)
        return err_set(-EIO, "the server ignored the range asked for");
    if (g->if_match != NULL &&
        (tag == NULL || s3_etag_take(etag, tag) < 0 || strcmp(etag, g->if_match) != 0))
        return err_set(-ESTALE, "the object was replaced meanwhile");
    return g->sink->begin != NULL ? g->sink->begin(g->sink->context) : 0;
}

static int get_data(void *context, const void *bytes, size_t len)
{
    struct get_context *g = context;
    if (len > g->len - g->got)
        return err_set(-EIO, "more bytes than the %" PRIu64 " asked for", g->len);
    g->got += len;
    return g->sink->data(g->sink->context, bytes, len);
}

// A short answer that curl takes for whole (no Content-Length) is a lost one.
static int get_judge(struct call *c, const struct http_response *r, struct call_failure *f)
{
    struct get_context *g = c->http.sink_context;
    int rc = s3_judge(c, r, f);
    if (rc < 0 || g->got == g->len)
        return rc;
    f->kind = RETRY_SERVER;
    return err_set(-EIO, "%s: %" PRIu64 " bytes instead of %" PRIu64, c->what, g->got, g->len);
}

static int store_s3_get(struct store *store, const char *key, const char *if_match, uint64_t offset,
                        uint64_t len, const struct store_sink *sink)
{
    assert(sink != NULL && sink->data != NULL && offset + len >= offset);
    if (len == 0)
        return sink->begin != NULL ? sink->begin(sink->context) : 0;
    AUTO_S3_CALL struct s3_call c;
    struct get_context g = {sink, if_match, offset, len, 0};
    int rc = s3_call_init(&c, store_s3_of(store), "GET", "GetObject", key, ANSWER_SMALL_MAX);
    if (rc == 0)
        rc = call_header(&c.call, "range", "bytes=%" PRIu64 "-%" PRIu64, offset, offset + len - 1);
    if (rc == 0)
        rc = s3_call_set_if_match(&c, "if-match", if_match);
    s3_call_set_bulk(&c, len, sink->cancel);
    c.call.judge = get_judge;
    c.call.http.sink_begin = get_begin;
    c.call.http.sink = get_data;
    c.call.http.sink_context = &g;
    return rc < 0 ? rc : s3_call_perform(&c);
}

static int store_s3_put(struct store *store, const char *key, const struct kv *metadata,
                        const struct store_body *body, struct store_result *out)
{
    AUTO_S3_CALL struct s3_call c;
    int rc = s3_call_init(&c, store_s3_of(store), "PUT", "PutObject", key, ANSWER_SMALL_MAX);
    s3_call_set_body(&c, body);
    if (rc == 0)
        rc = call_header(&c.call, "content-type", "application/octet-stream");
    if (rc == 0 && metadata != NULL)
        rc = s3_call_set_metadata(&c, metadata);
    if (rc == 0)
        rc = s3_call_set_defaults(&c, false);
    if (rc == 0 && body->only_new)
        rc = s3_call_set_only_new(&c);
    if (rc == 0)
        rc = s3_call_set_crc32c(&c, body->crc32c);
    if (rc == 0)
        rc = s3_call_perform(&c);
    return rc < 0 ? rc : s3_call_result(&c, out);
}

// version_id: of the marker that hides the object in a bucket with versions.
static void audit_removal(const struct s3_call *c, const char *key, int rc)
{
    struct audit_line l;
    AUDIT_SCOPE(about, audit_about(c->store->bucket, key));
    const char *version = s3_call_header(c, "x-amz-version-id");
    audit_begin(&l, "remove");
    json_line_text(&l.json, "version_id", *version != '\0' ? version : NULL);
    json_line_text(&l.json, "s3_request_id", call_last()->request_id);
    audit_end(&l, rc, true);
}

static int store_s3_remove(struct store *store, const char *key)
{
    AUTO_S3_CALL struct s3_call c;
    int rc = s3_call_init(&c, store_s3_of(store), "DELETE", "DeleteObject", key, ANSWER_SMALL_MAX);
    if (rc == 0)
        rc = s3_call_perform(&c);
    // A missing bucket is told apart by its text only in the answer.
    if (rc == -ENOENT && strstr(buf_str(&c.call.answer), "NoSuchBucket") == NULL)
        rc = 0;
    audit_removal(&c, key, rc);
    return rc;
}

// ---- life

static void store_s3_free(struct store *store)
{
    struct store_s3 *s = store_s3_of(store);
    http_free(s->caller.http);
    free(s);
}

static const struct store_ops STORE_S3_OPS = {
    .head = store_s3_head,
    .checksums = store_s3_checksums,
    .get = store_s3_get,
    .put = store_s3_put,
    .remove = store_s3_remove,
    .copy = store_s3_copy,
    .list = store_s3_list,
    .upload_create = store_s3_upload_create,
    .upload_create_like = store_s3_upload_create_like,
    .upload_part = store_s3_upload_part,
    .upload_part_copy = store_s3_upload_part_copy,
    .upload_complete = store_s3_upload_complete,
    .assure = store_s3_assure,
    .upload_abort = store_s3_upload_abort,
    .upload_list = store_s3_upload_list,
    .free = store_s3_free,
};

static int check_bucket(const char *bucket)
{
    size_t len = strlen(bucket);
    if (len < 3 || len > 63 ||
        strspn(bucket, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") !=
            len ||
        *bucket == '.' || strstr(bucket, "..") != NULL)
        return err_set(-EINVAL, "'%.80s' is no bucket name (3 to 63 of a-z, 0-9, '.', '-')",
                       bucket);
    return 0;
}

// AWS's own of a region, with the bucket in its name unless that would not match its certificate.
static int aws_address(const struct store_s3 *s, const char *region, struct endpoint *server)
{
    int rc = endpoint_aws("s3", region, server);
    if (rc < 0 || s->path_style)
        return rc;
    struct endpoint regional = *server;
    snprintf(server->host, sizeof server->host, "%s.%.180s", s->bucket, regional.host);
    snprintf(server->authority, sizeof server->authority, "%s", server->host);
    return 0;
}

// AWS: virtual-hosted, but path-style when there are dots in the bucket's name.
static int set_address(struct store_s3 *s)
{
    const struct endpoint_config *config = s->config;
    struct endpoint *server = &s->caller.first.server;
    s->path_style = config->s3_url != NULL || strchr(s->bucket, '.') != NULL;
    if (config->s3_url != NULL)
        return endpoint_parse(config->s3_url, config->allow_http, server);
    return aws_address(s, config->region, server);
}

// ".com" or ".com.cn": credentials of one are not for the other.
static const char *top_of(const struct endpoint *server)
{
    return strstr(server->host, ".amazonaws.");
}

bool s3_move_to_region(struct store_s3 *s, const struct call_place *from, const char *region)
{
    struct call_place to = *from;
    struct endpoint named;
    // Checks the name, too. Only a region is believed: a host out of an answer gets no request.
    if (strcmp(region, from->region) == 0 || endpoint_aws("s3", region, &named) < 0)
        return false;
    snprintf(to.region, sizeof to.region, "%s", region);
    if (s->config->s3_url == NULL && (strcmp(top_of(&named), top_of(&from->server)) != 0 ||
                                      aws_address(s, region, &to.server) < 0))
        return false;
    if (!caller_move(&s->caller, &to))
        return strcmp(region, caller_place(&s->caller)->region) == 0; // another thread's move
    log_warn("bucket %s is in the region %s, not in %s: going on there. Give --region %s (RDS "
             "restores only where the bucket, the key and the instance are in one region)",
             s->bucket, region, s->caller.first.region, region);
    return true;
}

int store_s3_new(struct store **out, const char *bucket, const struct endpoint_config *config,
                 struct credentials_source *credentials)
{
    assert(bucket != NULL && config != NULL && credentials != NULL);
    int rc = check_bucket(bucket);
    if (rc < 0)
        return rc;
    AUTO_FREE struct store_s3 *s = calloc(1, sizeof *s);
    if (s == NULL)
        return err_set(-ENOMEM, "out of memory");
    s->store.ops = &STORE_S3_OPS;
    s->config = config;
    snprintf(s->bucket, sizeof s->bucket, "%s", bucket);
    s->caller.credentials = credentials;
    s->caller.service = "s3";
    s->caller.content_sha256 = true;
    snprintf(s->caller.first.region, sizeof s->caller.first.region, "%s",
             config->region != NULL ? config->region : "us-east-1");
    rc = set_address(s);
    if (rc == 0)
        rc = http_new(&s->caller.http, config, false);
    if (rc < 0)
        return rc;
    *out = &TAKE(s)->store;
    return 0;
}

void store_s3_set_journal(struct store *store, struct journal *journal)
{
    assert(store->ops == &STORE_S3_OPS);
    store_s3_of(store)->journal = journal;
}

void store_s3_set_cancel(struct store *store, const atomic_bool *cancel)
{
    assert(store->ops == &STORE_S3_OPS);
    store_s3_of(store)->cancel = cancel;
}

void store_s3_counters(struct store *store, struct store_s3_counters *out)
{
    struct caller *c = &store_s3_of(store)->caller;
    assert(store->ops == &STORE_S3_OPS);
    out->requests = atomic_load(&c->requests);
    out->retries = atomic_load(&c->retries);
    out->sent_bytes = atomic_load(&c->sent_bytes);
    out->received_bytes = atomic_load(&c->received_bytes);
}
