// What the files of a call share. Nobody else includes it.
//   call.c        making, signing, sending, trying again
//   call_judge.c  what an answer means for that
//   call_trace.c  what is counted and remembered
#ifndef S3_CALL_INTERNAL_H
#define S3_CALL_INTERNAL_H

#include "s3/call.h"

// 0: accepted; else the error, and how to go on.
int call_judge_answer(struct caller *caller, struct call *c, const struct http_response *r,
                      enum retry_kind *kind) MUST_CHECK;
// Of this thread (call_last): a call begins; an attempt of it has ended.
void call_trace_begin(void);
void call_trace_add(const struct caller *caller, const struct call *c,
                    const struct http_response *r, int64_t micros);

#endif
