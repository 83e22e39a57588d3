// The table, the counters and their text. Each value is one atomic; relaxed, because nobody
// concludes from one number to another.
#include "common/metrics.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct row {
    const char *name;
    const char *labels; // as they stand in the text, or ""
    const char *type;
    const char *help; // "": as the row before, of the same name
};

static const struct row ROWS[METRICS_COUNT] = {
    [METRIC_WRITTEN_BYTES] = {"rdsbak_written_bytes_total", "", "counter",
                              "Plaintext that programs have written."},
    [METRIC_READ_BYTES] = {"rdsbak_read_bytes_total", "", "counter",
                           "Plaintext that programs have read."},
    [METRIC_COMMITS_OK] = {"rdsbak_commits_total", "{result=\"ok\"}", "counter",
                           "Commits: after an ok one the file is in S3."},
    [METRIC_COMMITS_FAILED] = {"rdsbak_commits_total", "{result=\"failed\"}", "counter", ""},
    [METRIC_FILES_FAILED] = {"rdsbak_files_failed_total", "", "counter",
                             "Files whose upload was given up; their writers were told, or see "
                             "rdsbak_files_lost_total."},
    [METRIC_FILES_LOST] = {"rdsbak_files_lost_total", "", "counter",
                           "Files that were given up with nobody there to hear of it."},
    [METRIC_KMS_FAILED] = {"rdsbak_kms_calls_failed_total", "", "counter",
                           "Calls to KMS that failed for good, after their retries."},
    [METRIC_AUDIT_LINES] = {"rdsbak_audit_lines_total", "", "counter",
                            "Lines written to the audit file."},
    [METRIC_AUDIT_FAILED] = {"rdsbak_audit_failures_total", "", "counter",
                             "Lines that the audit file did not take."},
    [METRIC_LOG_LOST] = {"rdsbak_log_lost_total", "", "counter",
                         "Log lines that the journal did not take."},
    [METRIC_UPLOADS] = {"rdsbak_uploads_in_flight", "", "gauge",
                        "Multipart uploads begun, and neither completed nor aborted."},
    [METRIC_PARTS] = {"rdsbak_parts_in_flight", "", "gauge",
                      "Parts on the wire, or waiting for a connection."},
    [METRIC_FILES_WRITTEN] = {"rdsbak_files_open_for_writing", "", "gauge",
                              "Files that are open for writing, or being closed."},
    [METRIC_MEMORY_LIMIT] = {"rdsbak_memory_limit_bytes", "", "gauge",
                             "--memory-limit: for the data of all files together."},
    [METRIC_MEMORY_USED] = {"rdsbak_memory_used_bytes", "", "gauge", "Of that, in use now."},
    [METRIC_MEMORY_PEAK] = {"rdsbak_memory_peak_bytes", "", "gauge",
                            "Of that, the most that was ever in use."},
    [METRIC_CREDENTIALS_EXPIRE_S] = {"rdsbak_credentials_expire_timestamp_seconds", "", "gauge",
                                     "When the AWS credentials expire; 0 if they do not."},
    [METRIC_START_TIME_S] = {"rdsbak_start_time_seconds", "", "gauge",
                             "When the mount was started."},
};

static atomic_int_fast64_t values[METRICS_COUNT];

// ---- requests

// What is counted by operation. An operation that stands not here is counted as "other".
static const struct {
    const char *service, *operation;
} OPERATIONS[] = {
    {"s3", "HeadObject"},
    {"s3", "GetObject"},
    {"s3", "PutObject"},
    {"s3", "DeleteObject"},
    {"s3", "CopyObject"},
    {"s3", "ListObjectsV2"},
    {"s3", "CreateMultipartUpload"},
    {"s3", "UploadPart"},
    {"s3", "UploadPartCopy"},
    {"s3", "CompleteMultipartUpload"},
    {"s3", "AbortMultipartUpload"},
    {"s3", "ListMultipartUploads"},
    {"s3", "GetObjectAttributes"},
    {"s3", "other"},
    {"kms", "GenerateDataKey"},
    {"kms", "Decrypt"},
    {"kms", "Encrypt"},
    {"kms", "ReEncrypt"},
    {"kms", "DescribeKey"},
    {"kms", "other"},
    {"other", "other"}, // of further services
};
#define OPERATIONS_COUNT COUNT(OPERATIONS)

static const char *const SERVICES[] = {"s3", "kms", "other"};
#define SERVICES_COUNT COUNT(SERVICES)

enum { CLASS_NONE, CLASS_2XX, CLASS_3XX, CLASS_4XX, CLASS_5XX, CLASSES };
static const char *const CLASS_NAMES[CLASSES] = {"none", "2xx", "3xx", "4xx", "5xx"};

// From a cache on the same rack to an upload that trickles; the last one is beyond all.
static const struct {
    int64_t micros;
    const char *text;
} BUCKETS[] = {
    {5000, "0.005"},  {10000, "0.01"},  {25000, "0.025"}, {50000, "0.05"},    {100000, "0.1"},
    {250000, "0.25"}, {500000, "0.5"},  {1000000, "1"},   {2500000, "2.5"},   {5000000, "5"},
    {10000000, "10"}, {30000000, "30"}, {60000000, "60"}, {300000000, "300"}, {INT64_MAX, "+Inf"},
};
#define BUCKETS_COUNT COUNT(BUCKETS)

struct counts {
    atomic_uint_fast64_t by_class[CLASSES];
    atomic_uint_fast64_t buckets[BUCKETS_COUNT]; // not cumulative yet
    atomic_uint_fast64_t micros;
};
static struct counts requests[OPERATIONS_COUNT];
static struct wire {
    atomic_uint_fast64_t sent, received, retries;
} wire[SERVICES_COUNT];

// ---- errors told, lines logged

static const struct {
    int number;
    const char *name;
} TOLD[] = {
    {ENOENT, "ENOENT"}, {EACCES, "EACCES"},         {EIO, "EIO"},
    {ENOSPC, "ENOSPC"}, {EBUSY, "EBUSY"},           {ESTALE, "ESTALE"},
    {EROFS, "EROFS"},   {EEXIST, "EEXIST"},         {EXDEV, "EXDEV"},
    {ENOMEM, "ENOMEM"}, {EOPNOTSUPP, "EOPNOTSUPP"}, {ENAMETOOLONG, "ENAMETOOLONG"},
    {EINTR, "EINTR"},   {EPERM, "EPERM"},           {ENOTDIR, "ENOTDIR"},
    {EISDIR, "EISDIR"}, {ENOTEMPTY, "ENOTEMPTY"},   {0, "other"},
};
static atomic_uint_fast64_t told[COUNT(TOLD)];

static const char *const LEVELS[] = {"error", "warn", "info", "debug"};
static atomic_uint_fast64_t logged[COUNT(LEVELS)];

// ---- counting

static void count(atomic_uint_fast64_t *value, uint64_t amount)
{
    atomic_fetch_add_explicit(value, amount, memory_order_relaxed);
}

void metric_move(enum metric metric, int64_t by)
{
    assert(metric < METRICS_COUNT);
    atomic_fetch_add_explicit(&values[metric], by, memory_order_relaxed);
}

void metric_add(enum metric metric, uint64_t amount)
{
    metric_move(metric, (int64_t)amount);
}

void metric_set(enum metric metric, int64_t value)
{
    assert(metric < METRICS_COUNT);
    atomic_store_explicit(&values[metric], value, memory_order_relaxed);
}

int64_t metric_value(enum metric metric)
{
    assert(metric < METRICS_COUNT);
    return atomic_load_explicit(&values[metric], memory_order_relaxed);
}

static size_t service_of(const char *service)
{
    size_t i = 0;
    while (i < SERVICES_COUNT - 1 && strcmp(SERVICES[i], service) != 0)
        i++;
    return i;
}

// The row, else the service's "other", else the last one.
static size_t operation_of(const char *service, const char *operation)
{
    size_t len = strcspn(operation, " "), other = OPERATIONS_COUNT - 1;
    for (size_t i = 0; i < OPERATIONS_COUNT; i++) {
        const char *known = OPERATIONS[i].operation;
        if (strcmp(OPERATIONS[i].service, service) != 0)
            continue;
        if (strncmp(known, operation, len) == 0 && known[len] == '\0')
            return i;
        other = i; // the service's last row
    }
    return other;
}

static size_t class_of(int status)
{
    return status >= 200 && status < 600 ? (size_t)(status / 100 - 1) : CLASS_NONE;
}

void metrics_count_request(const struct metrics_request *r)
{
    struct counts *c = &requests[operation_of(r->service, r->operation)];
    size_t service = service_of(r->service), bucket = 0;
    while (r->micros > BUCKETS[bucket].micros)
        bucket++;
    count(&c->by_class[class_of(r->status)], 1);
    count(&c->buckets[bucket], 1);
    count(&c->micros, r->micros > 0 ? (uint64_t)r->micros : 0);
    count(&wire[service].sent, r->sent_bytes);
    count(&wire[service].received, r->received_bytes);
    count(&wire[service].retries, r->is_retry ? 1 : 0);
}

void metrics_count_told(int number)
{
    size_t i = 0;
    while (i < COUNT(TOLD) - 1 && TOLD[i].number != number)
        i++;
    count(&told[i], 1);
}

void metrics_count_log(unsigned level)
{
    assert(level < COUNT(LEVELS));
    count(&logged[level], 1);
}

// ---- the text

static pthread_mutex_t collect_lock = PTHREAD_MUTEX_INITIALIZER;
static void (*collect_now)(void *context);
static void *collect_context;

void metrics_collect_with(void (*collect)(void *context), void *context)
{
    pthread_mutex_lock(&collect_lock);
    collect_now = collect;
    collect_context = context;
    pthread_mutex_unlock(&collect_lock);
}

static int add_head(struct buf *out, const char *name, const char *type, const char *help)
{
    return buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static uint64_t now(const atomic_uint_fast64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

static int add_rows(struct buf *out)
{
    int rc = 0;
    for (size_t i = 0; i < METRICS_COUNT && rc == 0; i++) {
        const struct row *row = &ROWS[i];
        if (row->help[0] != '\0')
            rc = add_head(out, row->name, row->type, row->help);
        if (rc == 0)
            rc = buf_addf(out, "%s%s %" PRId64 "\n", row->name, row->labels,
                          metric_value((enum metric)i));
    }
    return rc;
}

static int add_wire_family(struct buf *out, const char *name, const char *help, size_t offset)
{
    int rc = add_head(out, name, "counter", help);
    for (size_t i = 0; i < SERVICES_COUNT && rc == 0; i++)
        rc = buf_addf(out, "%s{service=\"%s\"} %" PRIu64 "\n", name, SERVICES[i],
                      now((const atomic_uint_fast64_t *)((const char *)&wire[i] + offset)));
    return rc;
}

static int add_wire(struct buf *out)
{
    int rc = add_wire_family(out, "rdsbak_sent_bytes_total",
                             "Bytes sent in requests: headers and bodies, without TLS.",
                             offsetof(struct wire, sent));
    if (rc == 0)
        rc = add_wire_family(out, "rdsbak_received_bytes_total",
                             "Bytes received in answers: headers and bodies, without TLS.",
                             offsetof(struct wire, received));
    if (rc == 0)
        rc = add_wire_family(out, "rdsbak_retries_total",
                             "Attempts that repeat a request that had failed.",
                             offsetof(struct wire, retries));
    return rc;
}

static int add_requests(struct buf *out)
{
    int rc = add_head(out, "rdsbak_requests_total", "counter",
                      "Attempts, by the class of the answer's status; none: no answer came.");
    for (size_t i = 0; i < OPERATIONS_COUNT; i++) {
        for (size_t class = 0; class < CLASSES && rc == 0; class ++) {
            uint64_t n = now(&requests[i].by_class[class]);
            // All classes at once would be a hundred lines of zeros.
            if (n > 0 || class == CLASS_2XX)
                rc =
                    buf_addf(out,
                             "rdsbak_requests_total{service=\"%s\",operation=\"%s\",status=\"%s\"}"
                             " %" PRIu64 "\n",
                             OPERATIONS[i].service, OPERATIONS[i].operation, CLASS_NAMES[class], n);
        }
    }
    return rc;
}

static int add_histogram(struct buf *out, size_t i)
{
    const char *service = OPERATIONS[i].service, *operation = OPERATIONS[i].operation;
    uint64_t sum_us = now(&requests[i].micros), total = 0;
    int rc = 0;
    for (size_t b = 0; b < BUCKETS_COUNT && rc == 0; b++) {
        total += now(&requests[i].buckets[b]);
        rc = buf_addf(out,
                      "rdsbak_request_duration_seconds_bucket{service=\"%s\",operation=\"%s\","
                      "le=\"%s\"} %" PRIu64 "\n",
                      service, operation, BUCKETS[b].text, total);
    }
    if (rc == 0)
        rc = buf_addf(out,
                      "rdsbak_request_duration_seconds_sum{service=\"%s\",operation=\"%s\"} "
                      "%" PRIu64 ".%06" PRIu64 "\n"
                      "rdsbak_request_duration_seconds_count{service=\"%s\",operation=\"%s\"} "
                      "%" PRIu64 "\n",
                      service, operation, sum_us / 1000000, sum_us % 1000000, service, operation,
                      total);
    return rc;
}

static int add_durations(struct buf *out)
{
    int rc = add_head(out, "rdsbak_request_duration_seconds", "histogram",
                      "How long an attempt took, from its first byte to the last of its answer.");
    for (size_t i = 0; i < OPERATIONS_COUNT && rc == 0; i++)
        rc = add_histogram(out, i);
    return rc;
}

static int add_told(struct buf *out)
{
    int rc = add_head(out, "rdsbak_errors_total", "counter",
                      "Errors that programs were answered with, by errno.");
    for (size_t i = 0; i < COUNT(TOLD) && rc == 0; i++)
        rc = buf_addf(out, "rdsbak_errors_total{errno=\"%s\"} %" PRIu64 "\n", TOLD[i].name,
                      now(&told[i]));
    return rc;
}

static int add_logged(struct buf *out)
{
    int rc = add_head(out, "rdsbak_log_lines_total", "counter", "Lines of the log, by level.");
    for (size_t i = 0; i < COUNT(LEVELS) && rc == 0; i++)
        rc = buf_addf(out, "rdsbak_log_lines_total{level=\"%s\"} %" PRIu64 "\n", LEVELS[i],
                      now(&logged[i]));
    return rc;
}

void metrics_collect(void)
{
    pthread_mutex_lock(&collect_lock);
    if (collect_now != NULL)
        collect_now(collect_context);
    pthread_mutex_unlock(&collect_lock);
}

int metrics_format(struct buf *out, const char *version)
{
    metrics_collect();
    int rc = add_head(out, "rdsbak_build_info", "gauge", "1, with the version.");
    if (rc == 0)
        rc = buf_addf(out, "rdsbak_build_info{version=\"%s\"} 1\n", version);
    if (rc == 0)
        rc = add_rows(out);
    if (rc == 0)
        rc = add_wire(out);
    if (rc == 0)
        rc = add_requests(out);
    if (rc == 0)
        rc = add_durations(out);
    if (rc == 0)
        rc = add_told(out);
    return rc == 0 ? add_logged(out) : rc;
}
