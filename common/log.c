#include "common/log.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/harmless.h"
#include "common/journald.h"
#include "common/json_text.h"
#include "common/metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#define LOG_LINE_MAX  2048
#define LOG_MOUNT_MAX 1024
// A byte of a line is at most six in JSON, and what stands around it.
#define LOG_JSON_MAX (LOG_LINE_MAX * 6 + LOG_MOUNT_MAX * 6 + 256)

static atomic_int log_level_max = LOG_LEVEL_WARN;
static enum log_sink log_sink_now = LOG_SINK_STDERR;
static enum log_format log_format_now = LOG_FORMAT_TEXT;
static bool log_has_prefixes; // stderr is systemd's
static char log_mount[LOG_MOUNT_MAX];
static const char *const LOG_NAMES[] = {"error", "warn", "info", "debug"};
static const int PRIORITIES[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};

// Whoever started this process may have given its own stderr to something else meanwhile: device
// and inode of the journal's stream are in the variable (systemd.exec(5)).
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    uintmax_t device, inode;
    struct stat st;
    return stream != NULL && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_init(enum log_level level, enum log_sink sink)
{
    atomic_store(&log_level_max, (int)level);
    log_sink_now = sink;
    log_has_prefixes = sink == LOG_SINK_STDERR && stderr_is_journal();
    if (sink == LOG_SINK_JOURNALD && journald_open() < 0)
        log_sink_now = LOG_SINK_SYSLOG;
    if (sink != LOG_SINK_STDERR)
        openlog("rdsbak", LOG_PID, LOG_DAEMON);
}

int log_sink_check(enum log_sink sink)
{
    return sink == LOG_SINK_JOURNALD ? journald_open() : 0;
}

void log_set_format(enum log_format format)
{
    log_format_now = format;
}

void log_set_mount(const char *mountpoint)
{
    harmless_copy(log_mount, sizeof log_mount, mountpoint != NULL ? mountpoint : "");
}

void log_set_level(enum log_level level)
{
    atomic_store(&log_level_max, (int)level);
}

int log_level_parse(const char *name, enum log_level *level)
{
    for (size_t i = 0; i < sizeof LOG_NAMES / sizeof *LOG_NAMES; i++) {
        if (strcmp(name, LOG_NAMES[i]) == 0) {
            *level = (enum log_level)i;
            return 0;
        }
    }
    return err_set(-EINVAL, "log level '%s' is unknown: use error, warn, info or debug", name);
}

const char *log_level_name(enum log_level level)
{
    return LOG_NAMES[level];
}

int log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&log_level_max, memory_order_relaxed);
}

// One write, so that lines of several threads never mix.
static void write_stderr(const char *whole, int len, size_t size)
{
    if (len <= 0)
        return;
    ssize_t written = write(STDERR_FILENO, whole, (size_t)len < size ? (size_t)len : size - 1);
    (void)written; // nowhere to tell it
}

static void to_stderr(enum log_level level, const char *line)
{
    char stamp[JSON_TIME_SIZE], whole[LOG_LINE_MAX + 64];
    if (log_has_prefixes) {
        int len = snprintf(whole, sizeof whole, "<%d>%s\n", PRIORITIES[level], line);
        write_stderr(whole, len, sizeof whole);
        return;
    }
    json_time(stamp, clock_wall_ms());
    int len = snprintf(whole, sizeof whole, "%s rdsbak %s: %s\n", stamp, LOG_NAMES[level], line);
    write_stderr(whole, len, sizeof whole);
}

// A line of JSON without its newline. No allocation: the log also tells of memory that ran out.
static int format_json(char *out, size_t size, enum log_level level, const char *line)
{
    char stamp[JSON_TIME_SIZE], message[LOG_LINE_MAX * 6], mount[LOG_MOUNT_MAX * 6];
    json_time(stamp, clock_wall_ms());
    json_escape(message, sizeof message, line);
    json_escape(mount, sizeof mount, log_mount);
    return snprintf(out, size,
                    "{\"time\":\"%s\",\"level\":\"%s\",\"pid\":%d,%s%s%s\"message\":\"%s\"}", stamp,
                    LOG_NAMES[level], (int)getpid(), *mount != '\0' ? "\"mount\":\"" : "", mount,
                    *mount != '\0' ? "\"," : "", message);
}

static void log_as_json(enum log_level level, const char *raw)
{
    char whole[LOG_JSON_MAX];
    int len = format_json(whole, sizeof whole - 1, level, raw);
    if (len <= 0 || (size_t)len >= sizeof whole - 1)
        return; // cannot be: LOG_JSON_MAX
    if (log_sink_now == LOG_SINK_SYSLOG) {
        syslog(PRIORITIES[level], "%s", whole);
        return;
    }
    whole[len] = '\n';
    write_stderr(whole, len + 1, sizeof whole + 1);
}

static void log_as_text(enum log_level level, const char *raw)
{
    char line[LOG_LINE_MAX];
    harmless_copy(line, sizeof line, raw);
    if (log_sink_now == LOG_SINK_STDERR) {
        to_stderr(level, line);
        return;
    }
    if (log_sink_now == LOG_SINK_JOURNALD) {
        if (journald_send(PRIORITIES[level], line, *log_mount != '\0' ? log_mount : NULL))
            return;
        metric_add(METRIC_LOG_LOST, 1);
    }
    syslog(PRIORITIES[level], "%s", line);
}

void log_line(enum log_level level, const char *format, ...)
{
    if (!log_enabled(level))
        return;
    int saved_errno = errno;
    char raw[LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    metrics_count_log(level);
    if (log_format_now == LOG_FORMAT_JSON && log_sink_now != LOG_SINK_JOURNALD)
        log_as_json(level, raw);
    else
        log_as_text(level, raw);
    errno = saved_errno;
}
