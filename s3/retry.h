// Which failures are tried again, how long, with what pauses; and the one text that is left of them
// all: last cause, first cause, count. Belongs to one call on one thread.
#ifndef S3_RETRY_H
#define S3_RETRY_H

#include "common/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum retry_kind {
    RETRY_NEVER,     // asking again gives the same
    RETRY_TRANSIENT, // connection lost, timeouts: mended by time
    RETRY_SERVER,    // 5xx: often mended by time, sometimes never
    RETRY_THROTTLED, // 503 SlowDown, 429: mended by fewer requests
    RETRY_AT_ONCE,   // something was changed for the next attempt (credentials read anew ...)
};

struct retry {
    int64_t total_ms;           // keep trying this long since the first failure
    int64_t deadline_ms;        // on clock_ms(): no attempt starts later; 0 none
    unsigned server_errors_max; // RETRY_SERVER failures
    const atomic_bool *cancel;  // may be NULL
    int64_t delay_min_ms;       // of the next pause: what the server asked for

    // From here on retry_failed's.
    unsigned failures;
    unsigned server_errors;
    unsigned at_once;
    int64_t first_failed_ms;
    struct err_saved first;
};

// Takes a failed attempt (code and this thread's error text). 0: the pause is over, try again. Else
// the final code, the text set.
int retry_failed(struct retry *r, int code, enum retry_kind kind) MUST_CHECK;

// Milliseconds to wait before attempt number `failures` + 1, jittered between half and all of an
// exponential (exposed for its test).
int64_t retry_delay_ms(unsigned failures, enum retry_kind kind, uint32_t random);

// What an HTTP status alone says.
enum retry_kind retry_kind_of_status(int status);

#endif
