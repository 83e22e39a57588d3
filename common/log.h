// The log: one line a message, to stderr or syslog. Any thread; a line is written whole.
//
// Never logged at any level: keys, tokens, signatures, plaintext. Names that come from outside
// (object keys, server messages) go through as they are but control characters are shown as \xNN.
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "common/cleanup.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_sink { LOG_SINK_STDERR, LOG_SINK_SYSLOG };

// Call before threads start (and again after daemonising to change the sink). Default: WARN to
// stderr.
void log_init(enum log_level level, enum log_sink sink);

// Name ("error", "warn", "info", "debug") to level: 0, or -EINVAL with a text.
int log_level_parse(const char *name, enum log_level *level) MUST_CHECK;

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
