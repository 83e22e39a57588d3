// The log: one line a message, to stderr, syslog or systemd-journald. Any thread; a line is written
// whole.
//
// Never logged at any level: keys, tokens, signatures, plaintext. Names that come from outside
// (object keys, server messages) go through as they are but control characters are shown as \xNN.
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "common/cleanup.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_sink { LOG_SINK_STDERR, LOG_SINK_SYSLOG, LOG_SINK_JOURNALD };
// JSON: {"time", "level", "pid", "mount", "message"}, one object a line; time is UTC. The journal
// has fields of its own and gets the text either way.
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

// Call before threads start (and again after daemonising to change the sink). Default: WARN to
// stderr, as text. A line that the journal does not take goes to syslog.
//
// stderr that is systemd's own (JOURNAL_STREAM names it) gets "<PRIORITY>" before each line instead
// of the time and the level, as sd-daemon(3) has it.
void log_init(enum log_level level, enum log_sink sink);
void log_set_format(enum log_format format);
// Named in each line of JSON and of the journal; copied (what is too long is cut). NULL: none.
void log_set_mount(const char *mountpoint);
// Whether the sink can be had: 0, or -EIO with a text. Before it is used.
int log_sink_check(enum log_sink sink) MUST_CHECK;

// Another level, at any time, from any thread.
void log_set_level(enum log_level level);

// Name ("error", "warn", "info", "debug") to level: 0, or -EINVAL with a text.
int log_level_parse(const char *name, enum log_level *level) MUST_CHECK;
const char *log_level_name(enum log_level level);

int log_enabled(enum log_level level);
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)                                                                             \
    do {                                                                                           \
        if (log_enabled(LOG_LEVEL_DEBUG))                                                          \
            log_line(LOG_LEVEL_DEBUG, __VA_ARGS__);                                                \
    } while (0)

#endif
