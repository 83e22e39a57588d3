// Every call of s3/store.h against a real S3 server. Not run by CTest alone: a script starts the
// server.
//   S3_ENDPOINT=http://127.0.0.1:PORT AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... test_s3_live
// S3_BUCKET (default: rdsbak-live) must exist, empty; S3_PART_MIN (default 5 MiB) is the server's
// smallest part. LIVE_PREFIX keeps runs apart.
#include "common/codec.h"
#include "common/err.h"
#include "common/log.h"
#include "common/secret.h"
#include "s3/store_s3.h"
#include "tests/unit/test.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#define AUTO_STORE CLEANUP(free_store) // of a local store

static struct endpoint_config config;
static struct credentials_source *credentials;
static struct store *store;
static uint64_t part_min;
static char prefix[64];

static void free_store(struct store **s)
{
    store_free(*s);
}

// ---- helpers

static const char *key_of(const char *name)
{
    static char keys[4][2048];
    static unsigned at;
    char *key = keys[at++ % 4];
    snprintf(key, sizeof keys[0], "%s%s", prefix, name);
    return key;
}

static uint8_t *make_bytes(size_t len, unsigned seed)
{
    uint8_t *bytes = malloc(len + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)((i * 2654435761u + seed * 40503u) >> 13);
    return bytes;
}

// A body in uneven pieces, so that the sending of iovec lists is met.
static struct store_body body_of(struct iovec iov[static 3], void *bytes, size_t len)
{
    uint8_t *p = bytes;
    size_t third = len / 3;
    iov[0] = (struct iovec){p, third};
    iov[1] = (struct iovec){p + third, 0};
    iov[2] = (struct iovec){p + third, len - third};
    return (struct store_body){
        .iov = iov, .iov_count = 3, .size = len, .crc32c = crc32c_extend(0, bytes, len)};
}

static int put_text(const char *key, const char *text, const struct kv *metadata,
                    struct store_result *result)
{
    struct iovec iov[3];
    AUTO_FREE char *copy = strdup(text);
    struct store_body body = body_of(iov, copy, strlen(text));
    return store->ops->put(store, key, metadata, &body, result);
}

struct got {
    struct buf bytes;
    unsigned begins;
    int refuse; // return this from data
};

static int got_begin(void *context)
{
    struct got *g = context;
    g->begins++;
    buf_reset(&g->bytes);
    return 0;
}

static int got_data(void *context, const void *bytes, size_t len)
{
    struct got *g = context;
    if (g->refuse < 0)
        return err_set(g->refuse, "refused by the test");
    return buf_add(&g->bytes, bytes, len);
}

static void got_clear(struct got *g)
{
    buf_clear(&g->bytes);
}

static int get_range(const char *key, const char *if_match, uint64_t offset, uint64_t len,
                     struct got *g)
{
    buf_init(&g->bytes, 64 << 20);
    const struct store_sink sink = {.begin = got_begin, .data = got_data, .context = g};
    return store->ops->get(store, key, if_match, offset, len, &sink);
}

static void assert_text_has(const char *part)
{
    if (strstr(err_text(), part) == NULL)
        fail_msg("'%s' is not in: %s", part, err_text());
}

// ---- single objects

static void an_object_comes_back_with_its_metadata(void **state)
{
    (void)state;
    AUTO_KV struct kv metadata = {0};
    assert_ok(kv_set(&metadata, "x-amz-matdesc", "{\"kms_cmk_id\":\"arn:aws:kms:a:1:key/b\"}"));
    assert_ok(kv_set(&metadata, "x-amz-iv", "AAAAAAAAAAAAAAAAAAAAAA=="));
    struct store_result result;
    assert_ok(put_text(key_of("one"), "hello, world", &metadata, &result));
    AUTO_STORE_OBJECT struct store_object object;
    assert_ok(store->ops->head(store, key_of("one"), &object));
    assert_int_equal(object.size, 12);
    assert_string_equal(object.etag, result.etag);
    assert_null(strchr(object.etag, '"'));
    assert_true(kv_equal(&object.metadata, &metadata));
    assert_string_equal(object.content_type, "application/octet-stream");
    assert_string_equal(object.storage_class, "");
    assert_true(object.mtime_s > 1700000000);
    CLEANUP(got_clear) struct got g = {0};
    assert_ok(get_range(key_of("one"), object.etag, 7, 5, &g));
    assert_string_equal(buf_str(&g.bytes), "world");
    assert_int_equal(g.begins, 1);
}

static void an_empty_object_is_an_object(void **state)
{
    (void)state;
    struct store_result result;
    AUTO_STORE_OBJECT struct store_object object;
    CLEANUP(got_clear) struct got g = {0};
    assert_ok(put_text(key_of("empty"), "", NULL, &result));
    assert_ok(store->ops->head(store, key_of("empty"), &object));
    assert_int_equal(object.size, 0);
    assert_ok(get_range(key_of("empty"), NULL, 0, 0, &g));
    assert_int_equal(g.bytes.len, 0);
}

static void if_match_of_another_version_is_stale(void **state)
{
    (void)state;
    struct store_result first, second;
    CLEANUP(got_clear) struct got g = {0};
    assert_ok(put_text(key_of("versions"), "first", NULL, &first));
    assert_ok(put_text(key_of("versions"), "second", NULL, &second));
    assert_int_equal(get_range(key_of("versions"), first.etag, 0, 5, &g), -ESTALE);
    assert_text_has("versions");
    assert_ok(get_range(key_of("versions"), second.etag, 0, 6, &g));
    assert_string_equal(buf_str(&g.bytes), "second");
}

static void missing_things_are_enoent_and_name_the_key(void **state)
{
    (void)state;
    AUTO_STORE_OBJECT struct store_object object;
    CLEANUP(got_clear) struct got g = {0};
    assert_int_equal(store->ops->head(store, key_of("missing"), &object), -ENOENT);
    assert_text_has("HeadObject");
    assert_text_has("missing");
    assert_text_has("404");
    assert_int_equal(get_range(key_of("missing"), NULL, 0, 4, &g), -ENOENT);
    assert_text_has("NoSuchKey");
    assert_ok(store->ops->remove(store, key_of("missing")));
}

static void a_range_beyond_the_end_is_an_error(void **state)
{
    (void)state;
    struct store_result result;
    CLEANUP(got_clear) struct got g = {0};
    assert_ok(put_text(key_of("short"), "12345", NULL, &result));
    assert_int_equal(get_range(key_of("short"), NULL, 3, 10, &g), -EIO);
    assert_int_equal(get_range(key_of("short"), NULL, 5, 1, &g), -EIO);
    assert_text_has("416");
}

static void a_sink_that_refuses_ends_the_call_with_its_code(void **state)
{
    (void)state;
    struct store_result result;
    CLEANUP(got_clear) struct got g = {.refuse = -EBUSY};
    assert_ok(put_text(key_of("refused"), "12345", NULL, &result));
    assert_int_equal(get_range(key_of("refused"), NULL, 0, 5, &g), -EBUSY);
    assert_int_equal(g.begins, 1);
    assert_text_has("refused by the test");
}

static const char *const ODD_KEYS[] = {
    "a b",       "a+b",         "a%20b",        "100%",       "h\xc3\xa4 \xe1\x88\xb4",
    "quo'te\"s", "<x>&amp;&",   "//double//",   "dots/../up", "./dot",
    "a=b?c#d",   "back\\slash", "semi;colon,~", "trail/",     "{brace}|^`[]",
    "tab\there", "*star!($)@:", "end..",        "..",         "\xf0\x9f\x92\xbe.bak",
};
#define ODD_COUNT (sizeof ODD_KEYS / sizeof *ODD_KEYS)

struct seen {
    unsigned count;
    bool odd[ODD_COUNT];
    char last[2048];
    unsigned prefixes;
    bool disordered;
    unsigned stop_after;
};

static int see(void *context, const struct store_listed *entry)
{
    struct seen *s = context;
    s->disordered |= s->count > 0 && strcmp(s->last, entry->key) >= 0;
    snprintf(s->last, sizeof s->last, "%s", entry->key);
    s->count++;
    s->prefixes += entry->is_prefix;
    for (size_t i = 0; i < ODD_COUNT; i++) {
        char key[2048];
        snprintf(key, sizeof key, "%sodd/%s", prefix, ODD_KEYS[i]);
        s->odd[i] |= strcmp(key, entry->key) == 0;
    }
    return s->stop_after != 0 && s->count == s->stop_after ? -EINTR : 0;
}

static void odd_keys_are_written_read_listed_copied_and_removed(void **state)
{
    (void)state;
    struct store_result result;
    struct seen seen = {0};
    for (size_t i = 0; i < ODD_COUNT; i++) {
        char key[2048], copy[2048];
        CLEANUP(got_clear) struct got g = {0};
        snprintf(key, sizeof key, "%sodd/%s", prefix, ODD_KEYS[i]);
        snprintf(copy, sizeof copy, "%scopy/%s", prefix, ODD_KEYS[i]);
        assert_ok(put_text(key, ODD_KEYS[i], NULL, &result));
        assert_ok(get_range(key, result.etag, 0, strlen(ODD_KEYS[i]), &g));
        assert_string_equal(buf_str(&g.bytes), ODD_KEYS[i]);
        assert_ok(store->ops->copy(store, NULL, key, result.etag, copy, NULL, &result));
        assert_ok(store->ops->remove(store, copy));
    }
    assert_ok(store->ops->list(store, key_of("odd/"), '\0', 0, see, &seen));
    for (size_t i = 0; i < ODD_COUNT; i++) {
        if (!seen.odd[i])
            fail_msg("'%s' is not listed", ODD_KEYS[i]);
    }
    assert_false(seen.disordered);
    for (size_t i = 0; i < ODD_COUNT; i++) {
        char key[2048];
        snprintf(key, sizeof key, "%sodd/%s", prefix, ODD_KEYS[i]);
        assert_ok(store->ops->remove(store, key));
    }
}

static void keys_have_1_to_1024_bytes(void **state)
{
    (void)state;
    struct store_result result;
    char key[1026];
    memset(key, 'k', sizeof key);
    memcpy(key, prefix, strlen(prefix));
    key[1024] = '\0';
    assert_ok(put_text(key, "x", NULL, &result));
    assert_ok(store->ops->remove(store, key));
    key[1024] = 'k';
    key[1025] = '\0';
    assert_int_equal(put_text(key, "x", NULL, &result), -ENAMETOOLONG);
    assert_int_equal(put_text("", "x", NULL, &result), -ENAMETOOLONG);
}

// ---- listings

static void a_listing_goes_over_pages_in_order(void **state)
{
    (void)state;
    struct store_result result;
    for (unsigned i = 0; i < 1030; i++) {
        char name[64];
        snprintf(name, sizeof name, "many/d%u/f %04u", i % 3, i);
        assert_ok(put_text(key_of(name), "x", NULL, &result));
    }
    assert_ok(put_text(key_of("many/d0"), "a file beside a directory", NULL, &result));
    struct seen all = {0}, grouped = {0}, some = {0}, stopped = {.stop_after = 3};
    assert_ok(store->ops->list(store, key_of("many/"), '\0', 0, see, &all));
    assert_int_equal(all.count, 1031);
    assert_false(all.disordered);
    assert_ok(store->ops->list(store, key_of("many/"), '/', 0, see, &grouped));
    assert_int_equal(grouped.count, 4);
    assert_int_equal(grouped.prefixes, 3);
    assert_false(grouped.disordered);
    assert_ok(store->ops->list(store, key_of("many/d1/"), '\0', 7, see, &some));
    assert_int_equal(some.count, 7);
    assert_int_equal(store->ops->list(store, key_of("many/"), '\0', 0, see, &stopped), -EINTR);
    assert_int_equal(stopped.count, 3);
    struct seen none = {0};
    assert_ok(store->ops->list(store, key_of("nothing/here/"), '/', 0, see, &none));
    assert_int_equal(none.count, 0);
}

// ---- copies

static void a_copy_keeps_or_replaces_the_metadata(void **state)
{
    (void)state;
    AUTO_KV struct kv metadata = {0};
    AUTO_KV struct kv other = {0};
    assert_ok(kv_set(&metadata, "was", "here"));
    assert_ok(kv_set(&other, "is", "new"));
    struct store_result result, copied;
    AUTO_STORE_OBJECT struct store_object kept = {0};
    AUTO_STORE_OBJECT struct store_object replaced = {0};
    assert_ok(put_text(key_of("from"), "content", &metadata, &result));
    assert_ok(store->ops->copy(store, NULL, key_of("from"), NULL, key_of("to 1"), NULL, &copied));
    assert_ok(store->ops->head(store, key_of("to 1"), &kept));
    assert_string_equal(copied.etag, kept.etag);
    assert_true(kv_equal(&kept.metadata, &metadata));
    assert_ok(store->ops->copy(store, NULL, key_of("from"), result.etag, key_of("to+2"), &other,
                               &copied));
    assert_ok(store->ops->head(store, key_of("to+2"), &replaced));
    assert_true(kv_equal(&replaced.metadata, &other));
    assert_string_equal(replaced.content_type, "application/octet-stream");
    assert_int_equal(
        store->ops->copy(store, NULL, key_of("from"), "0123456789", key_of("to 3"), NULL, &copied),
        -ESTALE);
    assert_int_equal(
        store->ops->copy(store, NULL, key_of("missing"), NULL, key_of("to 3"), NULL, &copied),
        -ENOENT);
}

// ---- multipart

static void send_part(const char *key, const char *upload_id, unsigned number, uint8_t *bytes,
                      size_t len, struct store_part *part)
{
    struct iovec iov[3];
    struct store_body body = body_of(iov, bytes, len);
    assert_ok(store->ops->upload_part(store, key, upload_id, number, &body, part));
    assert_int_equal(part->number, number);
}

static void an_upload_of_parts_and_part_copies_is_one_object(void **state)
{
    (void)state;
    AUTO_KV struct kv metadata = {0};
    assert_ok(kv_set(&metadata, "kind", "multi part"));
    const char *key = key_of("multi part+1");
    size_t len = (size_t)part_min;
    AUTO_FREE uint8_t *a = make_bytes(len, 1);
    AUTO_FREE uint8_t *b = make_bytes(len + 333, 2);
    char id[STORE_UPLOAD_ID_MAX];
    struct store_part parts[3];
    struct store_result result;
    assert_ok(store->ops->upload_create(store, key, &metadata, id));
    send_part(key, id, 2, b, len + 333, &parts[1]); // out of order
    send_part(key, id, 1, a, len, &parts[0]);
    send_part(key, id, 7, a, 100, &parts[2]);
    assert_ok(store->ops->upload_complete(store, key, id, parts, 3, false, &result));
    AUTO_STORE_OBJECT struct store_object object;
    assert_ok(store->ops->head(store, key, &object));
    assert_int_equal(object.size, 2 * len + 433);
    assert_string_equal(object.etag, result.etag);
    assert_string_equal(kv_get(&object.metadata, "kind"), "multi part");
    CLEANUP(got_clear) struct got g = {0};
    assert_ok(get_range(key, result.etag, len, len + 433, &g));
    assert_memory_equal(g.bytes.data, b, len + 333);
    assert_memory_equal(g.bytes.data + len + 333, a, 100);

    // A second upload begins with a copy over the seam of the first's parts.
    const char *second = key_of("second");
    assert_ok(store->ops->upload_create(store, second, NULL, id));
    assert_ok(store->ops->upload_part_copy(store, second, id, 1, NULL, key, result.etag, 16, len,
                                           &parts[0]));
    send_part(second, id, 2, b, 10, &parts[1]);
    assert_ok(store->ops->upload_complete(store, second, id, parts, 2, false, &result));
    CLEANUP(got_clear) struct got h = {0};
    assert_ok(get_range(second, NULL, 0, len + 10, &h));
    assert_memory_equal(h.bytes.data, a + 16, len - 16);
    assert_memory_equal(h.bytes.data + len - 16, b, 16);
    assert_memory_equal(h.bytes.data + len, b, 10);
}

struct uploads {
    unsigned count;
    char id[STORE_UPLOAD_ID_MAX];
    char key[2048];
};

static int see_upload(void *context, const struct store_upload_listed *upload)
{
    struct uploads *u = context;
    u->count++;
    snprintf(u->id, sizeof u->id, "%s", upload->upload_id);
    snprintf(u->key, sizeof u->key, "%s", upload->key);
    assert_true(upload->initiated_s > 1700000000);
    return 0;
}

static void uploads_are_listed_and_aborted(void **state)
{
    (void)state;
    const char *key = key_of("up loads/+x");
    char id[STORE_UPLOAD_ID_MAX];
    struct uploads before = {0}, after = {0};
    assert_ok(store->ops->upload_create(store, key, NULL, id));
    assert_ok(store->ops->upload_list(store, key_of("up loads/"), see_upload, &before));
    assert_int_equal(before.count, 1);
    assert_string_equal(before.id, id);
    assert_string_equal(before.key, key);
    assert_ok(store->ops->upload_abort(store, key, id));
    assert_ok(store->ops->upload_abort(store, key, id)); // a missing one is success
    assert_ok(store->ops->upload_list(store, key_of("up loads/"), see_upload, &after));
    assert_int_equal(after.count, 0);
    struct iovec iov[3];
    struct store_body body = body_of(iov, id, 4);
    struct store_part part = {0};
    assert_int_equal(store->ops->upload_part(store, key, id, 1, &body, &part), -ENOENT);
    assert_text_has("NoSuchUpload");
    assert_text_has("UploadPart 1 of");
}

static void many_uploads_are_listed_over_pages(void **state)
{
    (void)state;
    static char ids[12][STORE_UPLOAD_ID_MAX];
    struct uploads seen = {0};
    for (unsigned i = 0; i < 12; i++) // several of one key too
        assert_ok(
            store->ops->upload_create(store, key_of(i % 2 ? "pages/a" : "pages/b"), NULL, ids[i]));
    assert_ok(store->ops->upload_list(store, key_of("pages/"), see_upload, &seen));
    assert_int_equal(seen.count, 12);
    for (unsigned i = 0; i < 12; i++)
        assert_ok(store->ops->upload_abort(store, key_of(i % 2 ? "pages/a" : "pages/b"), ids[i]));
}

static void a_canceled_call_ends_at_once(void **state)
{
    (void)state;
    atomic_bool cancel = true;
    struct iovec iov[3];
    char text[] = "x";
    struct store_body body = body_of(iov, text, 1);
    struct store_result result;
    body.cancel = &cancel;
    assert_int_equal(store->ops->put(store, key_of("canceled"), NULL, &body, &result), -ECANCELED);
    assert_int_equal(store->ops->head(store, key_of("canceled"), &(struct store_object){0}),
                     -ENOENT);
}

// ---- refusals

static struct store *other_store(const char *bucket, const char *id, const char *key,
                                 struct credentials_source **source)
{
    const char *old_id = getenv("AWS_ACCESS_KEY_ID"), *old_key = getenv("AWS_SECRET_ACCESS_KEY");
    AUTO_FREE char *id_copy = strdup(old_id);
    AUTO_FREE char *key_copy = strdup(old_key);
    struct store *other = NULL;
    // The environment is read with every request: it stays changed until the caller restores it.
    setenv("AWS_ACCESS_KEY_ID", id != NULL ? id : id_copy, 1);
    setenv("AWS_SECRET_ACCESS_KEY", key != NULL ? key : key_copy, 1);
    assert_ok(credentials_source_new(source, NULL));
    assert_ok(store_s3_new(&other, bucket, &config, *source));
    return other;
}

static void assert_refused(const char *bucket, const char *id, const char *key, int code,
                           const char *text)
{
    AUTO_FREE char *old_id = strdup(getenv("AWS_ACCESS_KEY_ID"));
    AUTO_FREE char *old_key = strdup(getenv("AWS_SECRET_ACCESS_KEY"));
    struct credentials_source *source = NULL;
    AUTO_STORE struct store *other = other_store(bucket, id, key, &source);
    struct seen seen = {0};
    int rc = other->ops->list(other, "", '/', 1, see, &seen);
    setenv("AWS_ACCESS_KEY_ID", old_id, 1);
    setenv("AWS_SECRET_ACCESS_KEY", old_key, 1);
    credentials_source_free(source);
    assert_int_equal(rc, code);
    assert_text_has(text);
    assert_text_has("request id");
}

static void refusals_say_why(void **state)
{
    (void)state;
    const char *bucket = getenv("S3_BUCKET") ? getenv("S3_BUCKET") : "rdsbak-live";
    assert_refused(bucket, NULL, "wrong", -EACCES, "SignatureDoesNotMatch");
    assert_refused(bucket, "AKIAUNKNOWN", NULL, -EACCES, "InvalidAccessKeyId");
    assert_refused("no-such-bucket-here", NULL, NULL, -ENOENT, "NoSuchBucket");
}

static void a_server_that_is_not_there_is_eio_in_the_time_allowed(void **state)
{
    (void)state;
    struct endpoint_config dead = config;
    AUTO_STORE struct store *other = NULL;
    struct store_object object;
    dead.s3_url = "http://127.0.0.1:9";
    assert_ok(store_s3_new(&other, "bucket", &dead, credentials));
    time_t start = time(NULL);
    assert_int_equal(other->ops->head(other, "key", &object), -EIO);
    assert_in_range(time(NULL) - start, 1, 60); // HEAD's 10 s, on a busy machine
    assert_text_has("127.0.0.1:9");
    assert_text_has("attempts");
}

static void counters_count(void **state)
{
    (void)state;
    struct store_s3_counters before, after;
    struct store_result result;
    store_s3_counters(store, &before);
    assert_ok(put_text(key_of("counted"), "0123456789", NULL, &result));
    store_s3_counters(store, &after);
    assert_int_equal(after.requests, before.requests + 1);
    assert_int_equal(after.retries, before.retries);
    assert_in_range(after.sent_bytes - before.sent_bytes, 100, 2000);
    assert_in_range(after.received_bytes - before.received_bytes, 50, 2000);
}

int main(void)
{
    const char *bucket = getenv("S3_BUCKET"), *min = getenv("S3_PART_MIN");
    log_init(LOG_LEVEL_INFO, LOG_SINK_STDERR);
    endpoint_config_defaults(&config);
    config.s3_url = getenv("S3_ENDPOINT");
    config.region = "us-east-1";
    part_min = min != NULL ? strtoull(min, NULL, 10) : STORE_PART_SIZE_MIN;
    snprintf(prefix, sizeof prefix, "live-%d/", (int)getpid());
    if (config.s3_url == NULL || secret_init() < 0 ||
        credentials_source_new(&credentials, NULL) < 0 ||
        store_s3_new(&store, bucket != NULL ? bucket : "rdsbak-live", &config, credentials) < 0) {
        fprintf(stderr, "S3_ENDPOINT and AWS_* must be set: %s\n", err_text());
        return 2;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_comes_back_with_its_metadata),
        cmocka_unit_test(an_empty_object_is_an_object),
        cmocka_unit_test(if_match_of_another_version_is_stale),
        cmocka_unit_test(missing_things_are_enoent_and_name_the_key),
        cmocka_unit_test(a_range_beyond_the_end_is_an_error),
        cmocka_unit_test(a_sink_that_refuses_ends_the_call_with_its_code),
        cmocka_unit_test(odd_keys_are_written_read_listed_copied_and_removed),
        cmocka_unit_test(keys_have_1_to_1024_bytes),
        cmocka_unit_test(a_listing_goes_over_pages_in_order),
        cmocka_unit_test(a_copy_keeps_or_replaces_the_metadata),
        cmocka_unit_test(an_upload_of_parts_and_part_copies_is_one_object),
        cmocka_unit_test(uploads_are_listed_and_aborted),
        cmocka_unit_test(many_uploads_are_listed_over_pages),
        cmocka_unit_test(a_canceled_call_ends_at_once),
        cmocka_unit_test(refusals_say_why),
        cmocka_unit_test(a_server_that_is_not_there_is_eio_in_the_time_allowed),
        cmocka_unit_test(counters_count),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    store_free(store);
    credentials_source_free(credentials);
    return failed;
}
