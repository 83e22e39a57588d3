#include "common/log.h"
#include "common/err.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#define LOG_LINE_MAX 2048

static enum log_level log_level_max = LOG_LEVEL_WARN;
static enum log_sink log_sink_now = LOG_SINK_STDERR;
static const char *const LOG_NAMES[] = {"error", "warn", "info", "debug"};

void log_init(enum log_level level, enum log_sink sink)
{
    log_level_max = level;
    log_sink_now = sink;
    if (sink == LOG_SINK_SYSLOG)
        openlog("rdsbak", LOG_PID, LOG_DAEMON);
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

int log_enabled(enum log_level level)
{
    return level <= log_level_max;
}

// Control characters would let a server or an object name forge a second line.
static void show_controls(char *out, size_t size, const char *in)
{
    size_t at = 0;
    for (; *in != '\0' && at + 5 < size; in++) {
        unsigned char c = (unsigned char)*in;
        if (c < 0x20 || c == 0x7f)
            at += (size_t)snprintf(out + at, size - at, "\\x%02x", c);
        else
            out[at++] = (char)c;
    }
    out[at] = '\0';
}

static void to_stderr(enum log_level level, const char *line)
{
    struct timespec now;
    struct tm utc;
    char stamp[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    char whole[LOG_LINE_MAX + 64];
    int len = snprintf(whole, sizeof whole, "%s.%03ldZ rdsbak %s: %s\n", stamp,
                       now.tv_nsec / 1000000, LOG_NAMES[level], line);
    if (len > 0) {
        // One write, so that lines of several threads never mix.
        ssize_t written = write(STDERR_FILENO, whole,
                                (size_t)len < sizeof whole ? (size_t)len : sizeof whole - 1);
        (void)written; // nowhere to tell it
    }
}

void log_line(enum log_level level, const char *format, ...)
{
    static const int PRIORITIES[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
    if (!log_enabled(level))
        return;
    int saved_errno = errno;
    char raw[LOG_LINE_MAX];
    char line[LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    show_controls(line, sizeof line, raw);
    if (log_sink_now == LOG_SINK_SYSLOG)
        syslog(PRIORITIES[level], "%s", line);
    else
        to_stderr(level, line);
    errno = saved_errno;
}
