// What an answer means: for the next attempt (credentials, clock, pauses), and for all calls of its
// caller (how many at once).
#include "s3/call_internal.h"
#include "common/clock.h"
#include "common/log.h"
#include "s3/clock_offset.h"
#include "s3/config.h"

#include <stdlib.h>

#define CLOCK_NOTE_MAX_MS 5000 // an answer's Date may be from when it began

// ---- how many at once

static void tell_pace(const struct caller *caller, const struct http_pace *pace)
{
    const char *server = caller_place(caller)->server.authority;
    if (pace->before == pace->now)
        return;
    if (pace->before == pace->max)
        log_info("%s asks for fewer requests: %u large ones at once instead of %u, more again as "
                 "it serves them",
                 server, pace->now, pace->max);
    else if (pace->now == pace->max)
        log_info("%s serves all again: %u large requests at once", server, pace->now);
    else
        log_debug("%s: %u large requests at once instead of %u", server, pace->now, pace->before);
}

static void keep_pace(struct caller *caller, const struct call *c, const struct http_response *r,
                      enum retry_kind kind, bool served)
{
    struct http_pace pace = {0};
    if (kind == RETRY_THROTTLED)
        pace = http_slow_down(caller->http, r);
    else if (served && c->http.bulk)
        pace = http_served(caller->http);
    tell_pace(caller, &pace);
}

// Seconds only: the form with a date is not what throttled services send.
static int64_t retry_after_ms(const struct http_response *r)
{
    const char *text = kv_get(&r->headers, "retry-after");
    if (text == NULL || *text < '0' || *text > '9')
        return 0;
    unsigned long seconds = strtoul(text, NULL, 10);
    return seconds < RETRY_DELAY_MAX_MS / 1000 ? (int64_t)seconds * 1000 : RETRY_DELAY_MAX_MS;
}

// ---- what the answer means for the next attempt

static bool is_trustworthy(const struct endpoint *server)
{
    return server->tls || server->loopback;
}

// Signed anew by the server's clock. Others may have learnt the same meanwhile.
static bool learn_clock(struct caller *caller, struct call *c, const struct http_response *r)
{
    if (!clock_offset_learn(c->place->server.authority, is_trustworthy(&c->place->server),
                            r->date_s, &c->clock_offset_s))
        return false;
    atomic_store(&caller->clock_offset_s, c->clock_offset_s);
    return true;
}

// New ones are looked for once at once; after that with pauses, if these were good and expired, and
// others may come. Then it is no lasting refusal.
static int renew(struct caller *caller, struct call *c, bool expired, int rc, enum retry_kind *kind)
{
    bool may_change = credentials_refused(caller->credentials, c->access_key_id, expired);
    bool may_mend = expired && may_change && atomic_load(&caller->accepted);
    if (may_mend)
        *kind = RETRY_TRANSIENT;
    if (!c->renewed)
        *kind = RETRY_AT_ONCE;
    c->renewed = true;
    return may_mend ? -EIO : rc;
}

// Ceph's gateway says no more than 403 to a session that has expired.
static bool is_mute_expiry(const struct call *c, const struct http_response *r)
{
    return r->status == 403 && c->credentials_expire_s != 0 &&
           clock_wall_s() >= c->credentials_expire_s;
}

int call_judge_answer(struct caller *caller, struct call *c, const struct http_response *out,
                      enum retry_kind *kind)
{
    struct call_failure failure = {.kind = RETRY_NEVER};
    if (is_trustworthy(&c->place->server) && clock_ms() - c->sent_ms < CLOCK_NOTE_MAX_MS)
        clock_offset_note(out->date_s);
    int rc = c->judge(c, out, &failure);
    keep_pace(caller, c, out, failure.kind, rc == 0);
    if (rc == 0) {
        atomic_store(&caller->accepted, true);
        return 0;
    }
    *kind = failure.kind;
    c->retry.delay_min_ms = retry_after_ms(out);
    c->was_lost |= out->status >= 500 || out->status == 200;
    bool expired = failure.credentials_expired || is_mute_expiry(c, out);
    if (failure.credentials_refused || expired)
        rc = renew(caller, c, expired, rc, kind);
    if (failure.clock_skewed && learn_clock(caller, c, out))
        *kind = RETRY_AT_ONCE;
    return rc;
}
