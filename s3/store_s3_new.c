// What an object gets when it is made: storage class, encryption by the server, tags and a
// retention (the store's defaults), and the condition that it is new. See store_s3.h and
// store_s3_internal.h.
//
// Sources: Amazon S3 API Reference, PutObject, CreateMultipartUpload, CopyObject; User Guide, "How
// to prevent object overwrites with conditional writes". AWS takes a retention only with a checksum
// of the body, which every put sends; of an upload it is Create that has the retention.
#include "common/clock.h"
#include "common/codec.h"
#include "common/err.h"
#include "common/log.h"
#include "s3/store_s3_internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define DAY_S     86400
#define CONDITION "if-none-match"

void store_s3_set_defaults(struct store *store, const struct store_s3_defaults *defaults)
{
    assert((defaults->lock_mode == NULL) == (defaults->lock_days == 0));
    store_s3_of(store)->defaults = *defaults;
}

static int set_text(struct s3_call *c, const char *header, const char *value)
{
    return value != NULL ? call_header(&c->call, header, "%s", value) : 0;
}

static int set_encryption(struct s3_call *c, const struct store_s3_defaults *d)
{
    int rc = set_text(c, "x-amz-server-side-encryption", d->sse);
    return rc == 0 ? set_text(c, "x-amz-server-side-encryption-aws-kms-key-id", d->sse_key_id) : rc;
}

// When a retention that begins now ends, by the clock that requests are signed by: a machine whose
// date is wrong must not shorten it.
static int lock_until(struct store_s3 *s, char until[static 32])
{
    struct tm utc;
    const struct store_s3_defaults *d = &s->defaults;
    int64_t now_s = clock_wall_s() + atomic_load(&s->caller.clock_offset_s);
    time_t when = (time_t)(now_s + (int64_t)d->lock_days * DAY_S);
    if (gmtime_r(&when, &utc) == NULL || strftime(until, 32, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        return err_set(-EIO, "a retention of %u days has no date", d->lock_days);
    return 0;
}

static int set_lock(struct s3_call *c, const struct store_s3_defaults *d)
{
    char until[32];
    if (d->lock_mode == NULL)
        return 0;
    int rc = lock_until(c->store, until);
    if (rc == 0)
        rc = set_text(c, "x-amz-object-lock-mode", d->lock_mode);
    return rc == 0 ? set_text(c, "x-amz-object-lock-retain-until-date", until) : rc;
}

int s3_call_set_defaults(struct s3_call *c, bool is_copy)
{
    const struct store_s3_defaults *d = &c->store->defaults;
    int rc = set_encryption(c, d);
    if (rc == 0)
        rc = set_lock(c, d);
    if (rc < 0 || (is_copy && !d->over_carried))
        return rc;
    rc = set_text(c, "x-amz-storage-class", d->storage_class);
    return rc == 0 ? set_text(c, "x-amz-tagging", d->tags) : rc;
}

static atomic_int *condition_of(const struct s3_call *c)
{
    bool is_put = strcmp(c->call.http.method, "PUT") == 0;
    return &c->store->conditions[is_put ? WRITING_PUT : WRITING_COMPLETE];
}

int s3_call_set_only_new(struct s3_call *c)
{
    c->only_new = atomic_load(condition_of(c)) != CONDITION_REFUSED;
    return c->only_new ? call_header(&c->call, CONDITION, "*") : 0;
}

bool s3_call_drop_only_new(struct s3_call *c)
{
    int before = CONDITION_UNKNOWN;
    bool is_first = atomic_compare_exchange_strong(condition_of(c), &before, CONDITION_REFUSED);
    if (before == CONDITION_HEEDED)
        return false;
    if (is_first)
        log_warn("%s: the server takes no If-None-Match with %s: going on without",
                 caller_place(&c->store->caller)->server.authority,
                 strcmp(c->call.http.method, "PUT") == 0 ? "PutObject" : "CompleteMultipartUpload");
    kv_remove(&c->call.headers, CONDITION);
    c->only_new = false;
    return true;
}

void s3_call_heeded_only_new(struct s3_call *c)
{
    atomic_store(condition_of(c), CONDITION_HEEDED);
}

// ---- what a server forgets ----
//
// Ceph RGW 16.2 takes retention and tags with CreateMultipartUpload, and the object has neither.

static int send_body(struct store_s3 *s, const char *key, const char *version_id,
                     const char *operation, const char *subresource, struct buf *text)
{
    AUTO_S3_CALL struct s3_call c;
    struct iovec body;
    int rc = s3_call_init(&c, s, "PUT", operation, key, ANSWER_SMALL_MAX);
    call_body(&c.call, &body, text->data, text->len);
    if (rc == 0)
        rc = call_query(&c.call, subresource, "%s", "");
    if (rc == 0 && *version_id != '\0')
        rc = call_query(&c.call, "versionId", "%s", version_id);
    if (rc == 0)
        rc = call_header(&c.call, "content-type", "application/xml");
    if (rc == 0)
        rc = s3_call_set_crc32c(&c, crc32c_extend(0, text->data, text->len));
    return rc == 0 ? s3_call_perform(&c) : rc;
}

static int put_lock(struct store_s3 *s, const char *key, const char *version_id)
{
    AUTO_BUF struct buf text;
    char until[32];
    buf_init(&text, 1024);
    int rc = lock_until(s, until);
    if (rc == 0)
        rc = buf_addf(&text,
                      "<Retention xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Mode>%s</Mode>"
                      "<RetainUntilDate>%s</RetainUntilDate></Retention>",
                      s->defaults.lock_mode, until);
    if (rc == 0)
        rc = send_body(s, key, version_id, "PutObjectRetention of", "retention", &text);
    return rc < 0 ? err_prefix(rc, "it is in S3, but without its retention") : 0;
}

// "k=v&k2=v2", escaped, as the elements of a TagSet.
static int add_tags(struct buf *out, const char *tags)
{
    int rc = 0;
    while (*tags != '\0' && rc == 0) {
        AUTO_BUF struct buf key, value;
        size_t key_len = strcspn(tags, "="), len = strcspn(tags, "&");
        buf_init(&key, TAGS_MAX);
        buf_init(&value, TAGS_MAX);
        assert(key_len < len);
        rc = uri_unescape(&key, tags, key_len);
        if (rc == 0)
            rc = uri_unescape(&value, tags + key_len + 1, len - key_len - 1);
        if (rc == 0) // none of S3's characters for tags means anything in XML
            rc = buf_addf(out, "<Tag><Key>%s</Key><Value>%s</Value></Tag>", buf_str(&key),
                          buf_str(&value));
        tags += len + (tags[len] == '&' ? 1 : 0);
    }
    return rc;
}

static int put_tags(struct store_s3 *s, const char *key, const char *version_id)
{
    AUTO_BUF struct buf text;
    buf_init(&text, TAGS_MAX);
    int rc = buf_add_str(&text, "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                                "<TagSet>");
    if (rc == 0)
        rc = add_tags(&text, s->defaults.tags);
    if (rc == 0)
        rc = buf_add_str(&text, "</TagSet></Tagging>");
    if (rc == 0)
        rc = send_body(s, key, version_id, "PutObjectTagging of", "tagging", &text);
    return rc < 0 ? err_prefix(rc, "it is in S3, but without its tags") : 0;
}

static void tell_once(struct store_s3 *s)
{
    if (!atomic_exchange(&s->forgets_told, true))
        log_warn("%s: the server does not show the retention or the tags that an upload in parts "
                 "was begun with: they are given to each object after it, which until then lacks "
                 "them",
                 caller_place(&s->caller)->server.authority);
}

// Shown is what the object has; a role that may not see it gives it once more, which changes
// nothing.
static int find_lacks(struct store_s3 *s, const char *key, const char *version_id, bool *lacks_lock,
                      bool *lacks_tags)
{
    AUTO_S3_CALL struct s3_call c;
    int rc = s3_call_init(&c, s, "HEAD", "HeadObject", key, ANSWER_SMALL_MAX);
    c.call.retry.deadline_ms = clock_ms() + CALL_HEAD_TOTAL_MS;
    if (rc == 0 && *version_id != '\0')
        rc = call_query(&c.call, "versionId", "%s", version_id);
    if (rc == 0)
        rc = s3_call_perform(&c);
    if (rc < 0 && rc != -EACCES)
        return rc;
    const char *tags = s3_call_header(&c, "x-amz-tagging-count");
    *lacks_lock =
        s->defaults.lock_mode != NULL && *s3_call_header(&c, "x-amz-object-lock-mode") == '\0';
    *lacks_tags = s->defaults.tags != NULL && (*tags == '\0' || strcmp(tags, "0") == 0);
    return 0;
}

int store_s3_assure(struct store *store, const char *key, const char *version_id)
{
    struct store_s3 *s = store_s3_of(store);
    bool lacks_lock = false, lacks_tags = false;
    if (s->defaults.lock_mode == NULL && s->defaults.tags == NULL)
        return 0;
    int rc = find_lacks(s, key, version_id, &lacks_lock, &lacks_tags);
    if (rc == 0 && (lacks_lock || lacks_tags))
        tell_once(s);
    if (rc == 0 && lacks_tags)
        rc = put_tags(s, key, version_id);
    return rc == 0 && lacks_lock ? put_lock(s, key, version_id) : rc;
}
