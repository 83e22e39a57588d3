// Copies on the server: CopyObject and UploadPartCopy. See store_s3_internal.h.
#include "common/clock.h"
#include "common/codec.h"
#include "common/err.h"
#include "common/log.h"
#include "s3/store_s3_internal.h"
#include "s3/xml.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct copy_result {
    char etag[STORE_ETAG_MAX];
    char crc32c[16];
};

static int on_copy_xml(void *context, enum xml_event event, const char *path, const char *text)
{
    struct copy_result *out = context;
    const char *name = strrchr(path, '/') + 1;
    if (event != XML_CLOSE)
        return 0;
    if (strcmp(name, "ETag") == 0)
        return s3_etag_take(out->etag, text);
    if (strcmp(name, "ChecksumCRC32C") == 0)
        snprintf(out->crc32c, sizeof out->crc32c, "%s", text);
    return 0;
}

// Copies may take minutes; they trickle white space, and tell the result in the body.
static void set_copy(struct s3_call *c, const char *root)
{
    c->result_in_body = true;
    c->result_root = root;
    c->call.http.timeout_ms = c->call.http.stall_timeout_ms = CALL_LONG_TIMEOUT_MS;
    c->call.retry.total_ms = c->store->config->retry_total_ms;
}

// The store that a copy's source is in.
static struct store_s3 *source_of(struct store *store, struct store *from)
{
    assert(from == NULL || from->ops == store->ops);
    return store_s3_of(from != NULL ? from : store);
}

static int set_source(struct s3_call *c, const struct store_s3 *from, const char *from_key,
                      const char *if_match)
{
    AUTO_BUF struct buf source;
    buf_init(&source, 3 * STORE_KEY_MAX + 80);
    int rc = buf_addf(&source, "/%s/", from->bucket);
    if (rc == 0)
        rc = uri_escape(&source, from_key, true);
    if (rc == 0)
        rc = call_header(&c->call, "x-amz-copy-source", "%s", buf_str(&source));
    return rc == 0 ? s3_call_set_if_match(c, "x-amz-copy-source-if-match", if_match) : rc;
}

// CopyObject puts the copy into STANDARD unless told; REPLACE forgets these headers (not the tags:
// they have a directive of their own, which is COPY).
static int carry_headers(struct s3_call *copy, const struct s3_call *head, bool replace)
{
    static const char *const WITH_METADATA[] = {"content-type", "cache-control",
                                                "content-disposition", "content-encoding",
                                                "content-language"};
    const char *class = s3_call_header(head, "x-amz-storage-class");
    int rc = s3_call_set_defaults(copy, true);
    bool given = kv_get(&copy->call.headers, "x-amz-storage-class") != NULL;
    if (rc == 0 && !given && *class != '\0' && strcmp(class, "STANDARD") != 0)
        rc = call_header(&copy->call, "x-amz-storage-class", "%s", class);
    for (size_t i = 0; replace && i < sizeof WITH_METADATA / sizeof *WITH_METADATA && rc == 0;
         i++) {
        const char *value = s3_call_header(head, WITH_METADATA[i]);
        if (*value != '\0')
            rc = call_header(&copy->call, WITH_METADATA[i], "%s", value);
    }
    return rc;
}

// Asks for the source's headers; a source that is not the version wanted is found here already
// (some servers ignore x-amz-copy-source-if-match).
static int head_source(struct s3_call *head, struct store_s3 *s, const char *key,
                       const char *if_match)
{
    char etag[STORE_ETAG_MAX];
    int rc = s3_call_init(head, s, "HEAD", "HeadObject", key, ANSWER_SMALL_MAX);
    head->call.retry.deadline_ms = clock_ms() + CALL_HEAD_TOTAL_MS;
    if (rc == 0)
        rc = s3_call_perform(head);
    if (rc == 0)
        rc = s3_etag_take(etag, s3_call_header(head, "etag"));
    if (rc == 0 && if_match != NULL && strcmp(etag, if_match) != 0)
        return err_set(-ESTALE, "%s: the object was replaced meanwhile", head->what);
    return rc;
}

int store_s3_copy(struct store *store, struct store *from, const char *from_key,
                  const char *if_match, const char *to_key, const struct kv *metadata,
                  struct store_result *out)
{
    AUTO_S3_CALL struct s3_call head;
    AUTO_S3_CALL struct s3_call c;
    struct copy_result result = {0};
    int rc = s3_call_init(&c, store_s3_of(store), "PUT", "CopyObject to", to_key, ANSWER_SMALL_MAX);
    int rc_head = head_source(&head, source_of(store, from), from_key, if_match);
    set_copy(&c, "CopyObjectResult");
    c.call.http.has_body = true; // of no bytes
    if (rc == 0)
        rc = rc_head;
    if (rc == 0)
        rc = set_source(&c, source_of(store, from), from_key, if_match);
    if (rc == 0)
        rc = call_header(&c.call, "x-amz-metadata-directive", "%s",
                         metadata != NULL ? "REPLACE" : "COPY");
    if (rc == 0)
        rc = carry_headers(&c, &head, metadata != NULL);
    if (rc == 0 && kv_get(&c.call.headers, "x-amz-tagging") != NULL)
        rc = call_header(&c.call, "x-amz-tagging-directive", "REPLACE");
    if (rc == 0 && metadata != NULL)
        rc = s3_call_set_metadata(&c, metadata);
    if (rc == 0)
        rc = s3_call_perform(&c);
    if (rc == 0)
        rc = xml_parse(c.call.answer.data, c.call.answer.len, on_copy_xml, &result);
    if (rc < 0)
        return rc;
    *out = (struct store_result){0};
    memcpy(out->etag, result.etag, sizeof out->etag);
    snprintf(out->version_id, sizeof out->version_id, "%s", s3_call_header(&c, "x-amz-version-id"));
    return 0;
}

// ---- by parts

// A copy by parts carries no tags by itself: "k=v&k2=v2", escaped, is what makes them.
struct tags {
    struct buf text;
    char *key; // of the tag being read; owned
};

static void tags_clear(struct tags *t)
{
    buf_clear(&t->text);
    free(t->key);
}

static int add_tag(struct tags *t, const char *value)
{
    int rc = t->key != NULL ? 0 : err_set(-EIO, "a tag without a key");
    if (rc == 0 && t->text.len > 0)
        rc = buf_add_str(&t->text, "&");
    if (rc == 0)
        rc = uri_escape(&t->text, t->key, false);
    if (rc == 0)
        rc = buf_add_str(&t->text, "=");
    return rc == 0 ? uri_escape(&t->text, value, false) : rc;
}

static int on_tags_xml(void *context, enum xml_event event, const char *path, const char *text)
{
    struct tags *t = context;
    const char *name = strrchr(path, '/') + 1;
    if (name == path + 1 && strcmp(name, "Tagging") != 0)
        return err_set(-EIO, "the answer is no Tagging but a %.40s", name);
    if (event != XML_CLOSE)
        return 0;
    if (strcmp(name, "Key") == 0) {
        free(t->key);
        t->key = strdup(text);
        return t->key != NULL ? 0 : err_set(-ENOMEM, "out of memory");
    }
    return strcmp(name, "Value") == 0 ? add_tag(t, text) : 0;
}

static int get_tags(struct store_s3 *s, const char *key, struct tags *out)
{
    AUTO_S3_CALL struct s3_call c;
    int rc = s3_call_init(&c, s, "GET", "GetObjectTagging", key, ANSWER_SMALL_MAX);
    if (rc == 0)
        rc = call_query(&c.call, "tagging", "%s", "");
    if (rc == 0)
        rc = s3_call_perform(&c);
    return rc == 0 ? xml_parse(c.call.answer.data, c.call.answer.len, on_tags_xml, out) : rc;
}

// Tags that the source is known to have are not lost. Whether it has any may be hidden from this
// role, or unknown to this server: then the copy goes without.
static int carry_tags(struct s3_call *create, const struct s3_call *head, const char *from_key)
{
    CLEANUP(tags_clear) struct tags tags = {0};
    if (kv_get(&create->call.headers, "x-amz-tagging") != NULL)
        return 0;
    const char *known = s3_call_header(head, "x-amz-tagging-count");
    buf_init(&tags.text, TAGS_MAX);
    int rc = get_tags(head->store, from_key, &tags);
    if (rc < 0 && *known != '\0' && strcmp(known, "0") != 0)
        return rc;
    if (rc < 0) {
        log_debug("%s: copied without looking for tags: %s", from_key, err_text());
        return 0;
    }
    return tags.text.len > 0
               ? call_header(&create->call, "x-amz-tagging", "%s", buf_str(&tags.text))
               : 0;
}

int store_s3_upload_create_like(struct store *store, const char *key, struct store *from,
                                const char *from_key, const char *if_match,
                                const struct kv *metadata, char *upload_id)
{
    AUTO_S3_CALL struct s3_call head;
    AUTO_S3_CALL struct s3_call c;
    int rc = s3_call_init(&c, store_s3_of(store), "POST", "CreateMultipartUpload", key,
                          ANSWER_SMALL_MAX);
    int rc_head = head_source(&head, source_of(store, from), from_key, if_match);
    if (rc == 0)
        rc = rc_head;
    if (rc == 0)
        rc = carry_headers(&c, &head, true);
    if (rc == 0)
        rc = carry_tags(&c, &head, from_key);
    return rc == 0 ? s3_upload_create_perform(&c, key, metadata, upload_id) : rc;
}

static int set_part(struct s3_call *c, const char *upload_id, unsigned number, uint64_t offset,
                    uint64_t len)
{
    int rc = call_query(&c->call, "partNumber", "%u", number);
    if (rc == 0)
        rc = call_query(&c->call, "uploadId", "%s", upload_id);
    return rc == 0 ? call_header(&c->call, "x-amz-copy-source-range", "bytes=%" PRIu64 "-%" PRIu64,
                                 offset, offset + len - 1)
                   : rc;
}

int store_s3_upload_part_copy(struct store *store, const char *key, const char *upload_id,
                              unsigned number, struct store *from, const char *from_key,
                              const char *if_match, uint64_t offset, uint64_t len,
                              struct store_part *out)
{
    assert(len > 0 && offset + len > offset);
    AUTO_S3_CALL struct s3_call c;
    char operation[40];
    struct copy_result result = {0};
    snprintf(operation, sizeof operation, "UploadPartCopy %u of", number);
    int rc = s3_call_init(&c, store_s3_of(store), "PUT", operation, key, ANSWER_SMALL_MAX);
    set_copy(&c, "CopyPartResult");
    c.call.http.has_body = true; // of no bytes
    if (rc == 0 && (number < 1 || number > STORE_PART_NUMBER_MAX))
        rc = err_set(-ENOSPC, "%s: S3 has parts 1 to %d", c.what, STORE_PART_NUMBER_MAX);
    if (rc == 0)
        rc = set_part(&c, upload_id, number, offset, len);
    if (rc == 0)
        rc = set_source(&c, source_of(store, from), from_key, if_match);
    if (rc == 0)
        rc = s3_call_perform(&c);
    if (rc == 0)
        rc = xml_parse(c.call.answer.data, c.call.answer.len, on_copy_xml, &result);
    if (rc < 0)
        return rc;
    *out = (struct store_part){.number = number};
    memcpy(out->etag, result.etag, sizeof out->etag);
    out->has_crc32c = s3_crc32c_parse(result.crc32c, &out->crc32c);
    return 0;
}
