#include "s3/retry.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "s3/config.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

int64_t retry_delay_ms(unsigned failures, enum retry_kind kind, uint32_t random)
{
    int64_t delay = kind == RETRY_THROTTLED ? RETRY_DELAY_THROTTLED_MS : RETRY_DELAY_FIRST_MS;
    for (unsigned i = 1; i < failures && delay < RETRY_DELAY_MAX_MS; i++)
        delay *= 2;
    if (delay > RETRY_DELAY_MAX_MS)
        delay = RETRY_DELAY_MAX_MS;
    return delay / 2 + (int64_t)(random % (uint32_t)(delay / 2 + 1));
}

enum retry_kind retry_kind_of_status(int status)
{
    if (status == 429 || status == 503)
        return RETRY_THROTTLED;
    if (status == 408)
        return RETRY_TRANSIENT;
    // 501 says that the server cannot do this at all, 505 and 507 stay as they are.
    if (status == 500 || status == 502 || status == 504)
        return RETRY_SERVER;
    return RETRY_NEVER;
}

static bool is_canceled(const struct retry *r)
{
    return r->cancel != NULL && atomic_load_explicit(r->cancel, memory_order_relaxed);
}

// Each request has an id of its own; it stands at the end.
static bool is_same_cause(const char *last, const char *first)
{
    const char *id = strstr(last, " (request id ");
    return strncmp(last, first, id != NULL ? (size_t)(id - last) + 13 : strlen(last)) == 0;
}

// The whole story in one text: the last cause stands first, since it is what to mend.
static int give_up(const struct retry *r, int code)
{
    if (r->failures < 2)
        return code;
    char last[ERR_TEXT_MAX / 2];
    int64_t seconds = (clock_ms() - r->first_failed_ms + 500) / 1000;
    strncpy(last, err_text(), sizeof last - 1);
    last[sizeof last - 1] = '\0';
    if (is_same_cause(last, r->first.text))
        return err_set(code, "%s (the same in %u attempts over %" PRId64 " s)", last, r->failures,
                       seconds);
    return err_set(code,
                   "%s (gave up after %u attempts over %" PRId64 " s; the first failed with: "
                   "%.400s)",
                   last, r->failures, seconds, r->first.text);
}

static bool may_try_again(struct retry *r, enum retry_kind kind, int64_t delay)
{
    int64_t now = clock_ms();
    if (kind == RETRY_NEVER || is_canceled(r))
        return false;
    if (kind == RETRY_SERVER && ++r->server_errors >= r->server_errors_max)
        return false;
    if (kind == RETRY_AT_ONCE && ++r->at_once > RETRY_AT_ONCE_MAX)
        return false;
    if (r->deadline_ms != 0 && now + delay >= r->deadline_ms)
        return false;
    return now + delay - r->first_failed_ms <= r->total_ms;
}

// What goes on failing is told to whoever waits, by one call of those that fail alike.
static bool is_worth_a_warning(const struct retry *r)
{
    static atomic_int_fast64_t next_ms;
    int64_t now = clock_ms();
    int_fast64_t next = atomic_load(&next_ms);
    return now - r->first_failed_ms >= RETRY_TELL_AFTER_MS && now >= next &&
           atomic_compare_exchange_strong(&next_ms, &next, now + RETRY_TELL_EVERY_MS);
}

int retry_failed(struct retry *r, int code, enum retry_kind kind)
{
    assert(code < 0);
    uint32_t random = 0;
    secret_random_bytes(&random, sizeof random);
    if (r->failures++ == 0) {
        r->first_failed_ms = clock_ms();
        err_save(&r->first, code);
    }
    int64_t delay = kind == RETRY_AT_ONCE ? 0 : retry_delay_ms(r->failures, kind, random);
    if (delay < r->delay_min_ms && kind != RETRY_AT_ONCE)
        delay = r->delay_min_ms < RETRY_DELAY_MAX_MS ? r->delay_min_ms : RETRY_DELAY_MAX_MS;
    if (!may_try_again(r, kind, delay))
        return give_up(r, code);
    log_line(kind == RETRY_AT_ONCE   ? LOG_LEVEL_DEBUG
             : is_worth_a_warning(r) ? LOG_LEVEL_WARN
                                     : LOG_LEVEL_INFO,
             "attempt %u failed, next in %" PRId64 " ms: %s", r->failures, delay, err_text());
    for (int64_t until = clock_ms() + delay; delay > 0; delay = until - clock_ms()) {
        if (is_canceled(r))
            return err_prefix(-ECANCELED, "given up by the caller while waiting to try again");
        clock_sleep_ms(delay < HTTP_POLL_MS ? delay : HTTP_POLL_MS);
    }
    return 0;
}
