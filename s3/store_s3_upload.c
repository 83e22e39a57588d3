// Multipart uploads. See store_s3_internal.h.
#include "common/codec.h"
#include "common/err.h"
#include "common/log.h"
#include "s3/journal.h"
#include "s3/store_s3_internal.h"
#include "s3/xml.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int check_number(const struct s3_call *c, unsigned number)
{
    if (number >= 1 && number <= STORE_PART_NUMBER_MAX)
        return 0;
    return err_set(-ENOSPC, "%s: part number %u: S3 has 1 to %d", c->what, number,
                   STORE_PART_NUMBER_MAX);
}

// ---- create

static int on_create_xml(void *context, enum xml_event event, const char *path, const char *text)
{
    char *upload_id = context;
    if (event != XML_CLOSE || strcmp(path, "/InitiateMultipartUploadResult/UploadId") != 0)
        return 0;
    if (*text == '\0' || strlen(text) >= STORE_UPLOAD_ID_MAX)
        return err_set(-EIO, "an UploadId that is empty or over %d bytes", STORE_UPLOAD_ID_MAX - 1);
    snprintf(upload_id, STORE_UPLOAD_ID_MAX, "%s", text);
    return 0;
}

static int perform_create(struct s3_call *c, const struct kv *metadata, char *upload_id)
{
    struct iovec body;
    upload_id[0] = '\0';
    call_body(&c->call, &body, NULL, 0);
    c->call.retry.total_ms = c->store->config->retry_total_ms;
    int rc = call_query(&c->call, "uploads", "%s", "");
    if (rc == 0)
        rc = call_header(&c->call, "x-amz-checksum-algorithm", "CRC32C");
    if (rc == 0 && metadata != NULL)
        rc = s3_call_set_metadata(c, metadata);
    if (rc == 0)
        rc = s3_call_perform(c);
    if (rc < 0)
        return rc;
    rc = xml_parse(c->call.answer.data, c->call.answer.len, on_create_xml, upload_id);
    if (rc == 0 && *upload_id == '\0')
        rc = err_set(-EIO, "the answer has no UploadId");
    return rc < 0 ? err_prefix(rc, "%s", c->what) : 0;
}

int s3_upload_create_perform(struct s3_call *c, const char *key, const struct kv *metadata,
                             char *upload_id)
{
    int rc = perform_create(c, metadata, upload_id);
    if (rc == 0 && c->store->journal != NULL)
        journal_begin(c->store->journal, key, upload_id);
    return rc;
}

static void note_end(struct store *store, const char *upload_id)
{
    struct journal *journal = store_s3_of(store)->journal;
    if (journal != NULL)
        journal_end(journal, upload_id);
}

int store_s3_upload_create(struct store *store, const char *key, const struct kv *metadata,
                           char *upload_id)
{
    AUTO_S3_CALL struct s3_call c;
    int rc = s3_call_init(&c, store_s3_of(store), "POST", "CreateMultipartUpload", key,
                          ANSWER_SMALL_MAX);
    if (rc == 0)
        rc = call_header(&c.call, "content-type", "application/octet-stream");
    if (rc == 0)
        rc = s3_call_set_defaults(&c, false);
    return rc == 0 ? s3_upload_create_perform(&c, key, metadata, upload_id) : rc;
}

// ---- parts

static int set_part_query(struct s3_call *c, const char *upload_id, unsigned number)
{
    int rc = call_query(&c->call, "partNumber", "%u", number);
    return rc == 0 ? call_query(&c->call, "uploadId", "%s", upload_id) : rc;
}

int store_s3_upload_part(struct store *store, const char *key, const char *upload_id,
                         unsigned number, const struct store_body *body, struct store_part *out)
{
    AUTO_S3_CALL struct s3_call c;
    char operation[32];
    snprintf(operation, sizeof operation, "UploadPart %u of", number);
    int rc = s3_call_init(&c, store_s3_of(store), "PUT", operation, key, ANSWER_SMALL_MAX);
    s3_call_set_body(&c, body);
    if (rc == 0)
        rc = check_number(&c, number);
    if (rc == 0)
        rc = set_part_query(&c, upload_id, number);
    if (rc == 0)
        rc = s3_call_set_crc32c(&c, body->crc32c);
    if (rc == 0)
        rc = s3_call_perform(&c);
    if (rc < 0)
        return rc;
    *out = (struct store_part){.number = number};
    rc = s3_etag_take(out->etag, s3_call_header(&c, "etag"));
    // It counts for Complete only if the server says that it took it.
    out->has_crc32c = s3_crc32c_parse(s3_call_header(&c, "x-amz-checksum-crc32c"), &out->crc32c);
    return rc < 0 ? err_prefix(rc, "%s", c.what) : 0;
}

// ---- complete

static int add_part(struct buf *out, const struct store_part *part)
{
    int rc = buf_addf(out, "<Part><PartNumber>%u</PartNumber><ETag>\"%s\"</ETag>", part->number,
                      part->etag);
    char text[9];
    if (rc == 0 && part->has_crc32c) {
        rc = s3_crc32c_format(text, part->crc32c);
        if (rc == 0)
            rc = buf_addf(out, "<ChecksumCRC32C>%s</ChecksumCRC32C>", text);
    }
    return rc == 0 ? buf_add_str(out, "</Part>") : rc;
}

static int make_complete_body(struct buf *out, const struct store_part *parts, size_t count)
{
    int rc = buf_add_str(out, "<CompleteMultipartUpload "
                              "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (size_t i = 0; i < count && rc == 0; i++) {
        assert(i == 0 || parts[i - 1].number < parts[i].number);
        assert(strpbrk(parts[i].etag, "<>&") == NULL);
        rc = add_part(out, &parts[i]);
    }
    return rc == 0 ? buf_add_str(out, "</CompleteMultipartUpload>") : rc;
}

// NoSuchUpload after an attempt whose answer was lost (or was a 5xx) may mean that the lost one
// went well: only a HEAD can tell.
static int complete_judge(struct call *c, const struct http_response *r, struct call_failure *f)
{
    bool was_lost = c->was_lost;
    int rc = s3_judge(c, r, f);
    if (rc == -ENOENT && was_lost && strstr(buf_str(&c->answer), "NoSuchUpload") != NULL)
        return err_set(-EIO,
                       "%s: the upload is gone after an attempt whose answer was lost: the "
                       "object may be there, a HEAD can tell",
                       c->what);
    return rc;
}

static int on_complete_xml(void *context, enum xml_event event, const char *path, const char *text)
{
    struct store_result *out = context;
    if (event == XML_CLOSE && strcmp(path, "/CompleteMultipartUploadResult/ETag") == 0)
        return s3_etag_take(out->etag, text);
    return 0;
}

int store_s3_upload_complete(struct store *store, const char *key, const char *upload_id,
                             const struct store_part *parts, size_t parts_count, bool only_new,
                             struct store_result *out)
{
    assert(parts_count > 0);
    AUTO_S3_CALL struct s3_call c;
    AUTO_BUF struct buf text;
    struct iovec body;
    buf_init(&text, COMPLETE_BODY_MAX);
    int rc = s3_call_init(&c, store_s3_of(store), "POST", "CompleteMultipartUpload", key,
                          ANSWER_SMALL_MAX);
    if (rc == 0)
        rc = call_query(&c.call, "uploadId", "%s", upload_id);
    if (rc == 0)
        rc = call_header(&c.call, "content-type", "application/xml");
    if (rc == 0 && only_new)
        rc = s3_call_set_only_new(&c);
    if (rc == 0)
        rc = make_complete_body(&text, parts, parts_count);
    if (rc < 0)
        return rc;
    call_body(&c.call, &body, text.data, text.len);
    c.result_in_body = true;
    c.result_root = "CompleteMultipartUploadResult";
    c.call.judge = complete_judge;
    c.call.http.fresh_connection = true;
    c.call.http.timeout_ms = c.call.http.stall_timeout_ms = CALL_LONG_TIMEOUT_MS;
    c.call.retry.total_ms = c.store->config->retry_total_ms;
    if (c.store->journal != NULL)
        journal_completing(c.store->journal, upload_id);
    rc = s3_call_perform(&c);
    if (rc == 0 || strstr(buf_str(&c.call.answer), "NoSuchUpload") != NULL)
        note_end(store, upload_id);
    if (rc < 0)
        return rc;
    *out = (struct store_result){0};
    snprintf(out->version_id, sizeof out->version_id, "%s", s3_call_header(&c, "x-amz-version-id"));
    return xml_parse(c.call.answer.data, c.call.answer.len, on_complete_xml, out);
}

// ---- abort

int store_s3_upload_abort(struct store *store, const char *key, const char *upload_id)
{
    AUTO_S3_CALL struct s3_call c;
    int rc = s3_call_init(&c, store_s3_of(store), "DELETE", "AbortMultipartUpload", key,
                          ANSWER_SMALL_MAX);
    if (rc == 0)
        rc = call_query(&c.call, "uploadId", "%s", upload_id);
    if (rc == 0)
        rc = s3_call_perform(&c);
    // NoSuchUpload, on RGW also NoSuchKey: it is gone, as wished.
    if (rc == -ENOENT && strstr(buf_str(&c.call.answer), "NoSuchBucket") == NULL)
        rc = 0;
    if (rc == 0)
        note_end(store, upload_id);
    return rc;
}
