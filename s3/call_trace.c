// What is counted and remembered of an attempt.
#include "s3/call_internal.h"
#include "common/metrics.h"

#include <stdio.h>
#include <string.h>

static _Thread_local struct call_trace last_call;

void call_trace_begin(void)
{
    last_call = (struct call_trace){0};
}

const struct call_trace *call_last(void)
{
    return &last_call;
}

static void note_request_id(const struct http_response *r)
{
    const char *id = kv_get(&r->headers, "x-amz-request-id"); // S3's; KMS's is another
    if (id == NULL)
        id = kv_get(&r->headers, "x-amzn-requestid");
    if (id != NULL)
        snprintf(last_call.request_id, sizeof last_call.request_id, "%s", id);
}

void call_trace_add(const struct caller *caller, const struct call *c,
                    const struct http_response *r, int64_t micros)
{
    const char *colon = strchr(c->what, ':'), *space = strchr(c->what, ' ');
    bool has_service = colon != NULL && space != NULL && colon < space; // "kms:Decrypt with ..."
    const struct metrics_request counted = {
        .service = caller->service,
        .operation = has_service ? colon + 1 : c->what,
        .status = r->status,
        .micros = micros,
        .sent_bytes = r->sent_bytes,
        .received_bytes = r->received_bytes,
        .is_retry = last_call.attempts > 0,
    };
    metrics_count_request(&counted);
    last_call.attempts++;
    note_request_id(r);
}
