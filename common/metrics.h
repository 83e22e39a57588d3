// What the process counts of itself, for Prometheus. One table, common/metrics.c, has the name,
// type and help of each; the rest of the program adds to it. The counting functions take no lock,
// allocate nothing and may be called from any thread at any time; a scrape reads while others
// count, so numbers of one answer may be a moment apart.
//
// Nothing here tells names of files, buckets or keys: who may read the endpoint learns sizes, rates
// and times.
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include "common/buf.h"

enum metric {
    // Counters: they only grow.
    METRIC_WRITTEN_BYTES, // plaintext that programs wrote, and read
    METRIC_READ_BYTES,
    METRIC_COMMITS_OK,
    METRIC_COMMITS_FAILED,
    METRIC_FILES_FAILED, // given up, also between commits
    METRIC_FILES_LOST,   // of those: nobody was there to hear it
    METRIC_KMS_FAILED,   // calls that failed for good, retries and all
    METRIC_AUDIT_LINES,
    METRIC_AUDIT_FAILED, // lines that could not be written or made durable
    METRIC_LOG_LOST,     // lines that the log's sink did not take
    // Gauges.
    METRIC_UPLOADS,       // multipart uploads that exist and are neither completed nor gone
    METRIC_PARTS,         // parts on the wire or queued for it
    METRIC_FILES_WRITTEN, // files open for writing
    METRIC_MEMORY_LIMIT,  // of the budget, bytes
    METRIC_MEMORY_USED,
    METRIC_MEMORY_PEAK,
    METRIC_CREDENTIALS_EXPIRE_S, // seconds since 1970; 0: they do not expire
    METRIC_START_TIME_S,
    METRICS_COUNT
};

void metric_add(enum metric metric, uint64_t amount);
void metric_set(enum metric metric, int64_t value); // gauges
void metric_move(enum metric metric, int64_t by);   // gauges; up or down
int64_t metric_value(enum metric metric);

// One attempt of a request: "s3" or "kms", the operation as AWS names it, the answer's status (0:
// there was none), how long it took, what went over the wire, and whether it is a repetition.
struct metrics_request {
    const char *service;
    const char *operation; // up to its end or a space
    int status;
    int64_t micros;
    uint64_t sent_bytes, received_bytes;
    bool is_retry;
};
void metrics_count_request(const struct metrics_request *r);
// A program was answered with this errno (positive).
void metrics_count_told(int number);
// A line of the log, by its level's number.
void metrics_count_log(unsigned level);

// Called before each scrape (and by metrics_collect), to set gauges that are only read then. Any
// number of threads may scrape; the function and its context live until they are replaced by NULL,
// which waits for a scrape under way.
void metrics_collect_with(void (*collect)(void *context), void *context);
void metrics_collect(void); // calls it, for who reads single values

// All of them in the text exposition format 0.0.4, appended. version goes to rdsbak_build_info.
int metrics_format(struct buf *out, const char *version) MUST_CHECK;

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_TEXT_MAX     (256 * 1024) // several times what there is

#endif
