// See bucket_ask.h. The answers' documents are small; everything in them is bounded by its field.
#include "s3/bucket_ask.h"
#include "common/clock.h"
#include "common/err.h"
#include "s3/store_s3_internal.h"
#include "s3/xml.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define ASK_TOTAL_MS 10000 // with retries: somebody waits at a terminal

void bucket_answer_clear(struct bucket_answer *a)
{
    buf_clear(&a->body);
    *a = (struct bucket_answer){0};
}

// ---- asking ----

static void note_region(struct bucket_answer *a, const struct http_response *r)
{
    const char *region = kv_get(&r->headers, "x-amz-bucket-region");
    if (region != NULL)
        snprintf(a->region, sizeof a->region, "%s", region);
}

// Judges as every call of the store does, and notes what a refusal tells as well.
static int judge(struct call *c, const struct http_response *r, struct call_failure *f)
{
    struct bucket_answer *a = c->http.sink_context;
    a->status = r->status;
    a->date_s = r->date_s;
    a->here_s = clock_wall_s();
    note_region(a, r);
    return s3_judge(c, r, f);
}

static int ask(struct s3_call *c, const char *subresource, struct bucket_answer *out)
{
    c->call.judge = judge;
    c->call.http.sink_context = out;
    c->call.retry.deadline_ms = clock_ms() + ASK_TOTAL_MS;
    int rc = subresource != NULL ? call_query(&c->call, subresource, "%s", "") : 0;
    return rc == 0 ? s3_call_perform(c) : rc;
}

int bucket_ask(struct store *store, const char *subresource, struct bucket_answer *out)
{
    assert(store != NULL && out != NULL);
    AUTO_S3_CALL struct s3_call c;
    char operation[64] = "HeadBucket";
    *out = (struct bucket_answer){0};
    buf_init(&out->body, ANSWER_SMALL_MAX);
    if (subresource != NULL)
        snprintf(operation, sizeof operation, "GET ?%s", subresource);
    int rc = s3_call_init(&c, store_s3_of(store), subresource != NULL ? "GET" : "HEAD", operation,
                          NULL, ANSWER_SMALL_MAX);
    if (rc == 0)
        rc = ask(&c, subresource, out);
    if (rc == 0)
        rc = buf_add(&out->body, c.call.answer.data, c.call.answer.len);
    return rc;
}

// ---- reading the answers ----

static void take(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
}

static int on_versioning(void *context, enum xml_event event, const char *path, const char *text)
{
    char *status = context;
    if (event == XML_CLOSE && strcmp(path, "/VersioningConfiguration/Status") == 0)
        take(status, 16, text);
    return 0;
}

int bucket_versioning_parse(const char *xml, size_t len, char status[static 16])
{
    *status = '\0';
    return xml_parse(xml, len, on_versioning, status);
}

static int on_lock(void *context, enum xml_event event, const char *path, const char *text)
{
    struct bucket_lock *lock = context;
    const char *name = strrchr(path, '/') + 1;
    if (event != XML_CLOSE)
        return 0;
    if (strcmp(name, "ObjectLockEnabled") == 0)
        lock->enabled = strcmp(text, "Enabled") == 0;
    else if (strcmp(name, "Mode") == 0)
        take(lock->mode, sizeof lock->mode, text);
    else if (strcmp(name, "Days") == 0)
        snprintf(lock->period, sizeof lock->period, "%.8s days", text);
    else if (strcmp(name, "Years") == 0)
        snprintf(lock->period, sizeof lock->period, "%.8s years", text);
    return 0;
}

int bucket_lock_parse(const char *xml, size_t len, struct bucket_lock *out)
{
    *out = (struct bucket_lock){0};
    return xml_parse(xml, len, on_lock, out);
}
