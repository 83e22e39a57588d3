// See store_s3_bucket.h. Sources: Amazon S3 API Reference, GetBucketVersioning and
// GetObjectLockConfiguration.
#include "s3/store_s3_bucket.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/err.h"
#include "s3/store_s3_internal.h"
#include "s3/xml.h"

#include <stdio.h>
#include <string.h>

#define LOCK_DAYS_MAX 36500 // AWS's longest retention: 100 years
#define HEAD_TOTAL_MS 10000 // with retries: somebody waits at a terminal

// ---- the bucket's own answer

// Judges as every call of the store does, and notes what a refusal tells as well.
static int judge_and_note(struct call *c, const struct http_response *r, struct call_failure *f)
{
    struct bucket_answer *out = c->http.sink_context;
    const char *region = kv_get(&r->headers, "x-amz-bucket-region");
    out->status = r->status;
    out->date_s = r->date_s;
    out->here_s = clock_wall_s();
    if (region != NULL)
        snprintf(out->region, sizeof out->region, "%s", region);
    return s3_judge(c, r, f);
}

int store_s3_bucket_head(struct store *store, struct bucket_answer *out)
{
    AUTO_S3_CALL struct s3_call c;
    *out = (struct bucket_answer){0};
    int rc = s3_call_init(&c, store_s3_of(store), "HEAD", "HeadBucket", NULL, ANSWER_SMALL_MAX);
    c.call.judge = judge_and_note;
    c.call.http.sink_context = out;
    c.call.retry.deadline_ms = clock_ms() + HEAD_TOTAL_MS;
    return rc == 0 ? s3_call_perform(&c) : rc;
}

// ---- its settings

// GET of a subresource of the bucket, read into context.
static int ask(struct store *store, const char *operation, const char *subresource, xml_fn read,
               void *context)
{
    AUTO_S3_CALL struct s3_call c;
    int rc = s3_call_init(&c, store_s3_of(store), "GET", operation, NULL, ANSWER_SMALL_MAX);
    if (rc == 0)
        rc = call_query(&c.call, subresource, "%s", "");
    if (rc == 0)
        rc = s3_call_perform(&c);
    if (rc == -ENOENT && strstr(buf_str(&c.call.answer), "ObjectLockConfigurationNotFound") != NULL)
        return 0;
    if (rc < 0 && strstr(buf_str(&c.call.answer), "NotImplemented") != NULL)
        return err_prefix(-EOPNOTSUPP, "the server does not know this");
    if (rc == 0)
        rc = xml_parse(c.call.answer.data, c.call.answer.len, read, context);
    return rc < 0 ? err_prefix(rc, "%s", c.what) : 0;
}

static int on_versioning_xml(void *context, enum xml_event event, const char *path,
                             const char *text)
{
    enum bucket_versioning *out = context;
    if (event != XML_CLOSE || strcmp(path, "/VersioningConfiguration/Status") != 0)
        return 0;
    *out = strcmp(text, "Enabled") == 0     ? VERSIONING_ENABLED
           : strcmp(text, "Suspended") == 0 ? VERSIONING_SUSPENDED
                                            : VERSIONING_OFF;
    return 0;
}

int store_s3_bucket_versioning(struct store *store, enum bucket_versioning *out)
{
    *out = VERSIONING_OFF;
    return ask(store, "GetBucketVersioning", "versioning", on_versioning_xml, out);
}

static int on_lock_xml(void *context, enum xml_event event, const char *path, const char *text)
{
    struct bucket_lock *out = context;
    const char *name = strrchr(path, '/') + 1;
    uint64_t number = 0;
    if (event != XML_CLOSE)
        return 0;
    if (strcmp(name, "ObjectLockEnabled") == 0)
        out->enabled = strcmp(text, "Enabled") == 0;
    else if (strcmp(name, "Mode") == 0)
        snprintf(out->mode, sizeof out->mode, "%s", text);
    else if ((strcmp(name, "Days") == 0 || strcmp(name, "Years") == 0) &&
             decimal_parse(text, LOCK_DAYS_MAX, &number) == 0 && number > 0)
        out->days = *name == 'D' ? number : number * 365; // RGW names both, one of them 0
    return 0;
}

int store_s3_bucket_lock(struct store *store, struct bucket_lock *out)
{
    *out = (struct bucket_lock){0};
    return ask(store, "GetObjectLockConfiguration", "object-lock", on_lock_xml, out);
}
