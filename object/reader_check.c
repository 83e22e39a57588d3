// Proving what is read. Content with a tag (GCM) is fetched and opened in ranges, of which the tag
// says nothing; but a program that copies a file reads all of it, nearly in sequence. Its spans are
// fed to a checker in order as they come, and the read that completes the whole hears whether the
// tag fits. Who jumps about reads unproved, as with any cipher that can be opened in the middle;
// --verify-before-read proves smaller files at open.
//
//   RUNNING --a read far ahead of all before--> NONE --a read of the beginning--> RUNNING
//           --all is read, to the end---------> PASSED | FAILED, after which every read fails
//
// Entered by the threads that read and by the fetch workers; one of them at a time feeds.
#include "object/reader_internal.h"
#include "common/log.h"

#include <assert.h>

#define MISSED_PIECE   (256u << 10) // fetched at once, of what no span held when its turn came
#define PROVE_REST_MAX (16u << 20)  // fetched in such pieces rather than the whole at once
// Further behind the reader its spans would take the memory of those ahead of it.
#define CHECK_LAG_SPANS 1
#define CHECK_SLACK     (16u << 20) // how far reads of one sequence may be ahead of each other

int check_begin(struct reader *r)
{
    if (r->data_key == NULL || !content_authenticated(r->info.envelope.content))
        return 0;
    int rc = checker_new(&r->checker, r->info.envelope.content, r->data_key, r->info.envelope.iv);
    if (rc == 0)
        r->check = CHECK_RUNNING;
    return rc;
}

bool check_wants_locked(const struct reader *r, uint64_t begin, uint64_t size)
{
    return r->check == CHECK_RUNNING && begin + size > r->checked;
}

// Takes the turn at the checker. False: the check is over, or (without wait) another thread has it.
static bool take_turn_locked(struct reader *r, bool wait)
{
    while (wait && r->check_busy)
        cond_wait_ms(&r->changed, &r->lock, -1); // it only computes, or fetches by deadline
    if (r->check != CHECK_RUNNING || r->check_busy)
        return false;
    r->check_busy = true;
    return true;
}

static void give_turn_locked(struct reader *r)
{
    r->check_busy = false;
    pthread_cond_broadcast(&r->changed);
}

static int feed_span(struct reader *r, struct span *span, uint64_t end)
{
    for (uint64_t at = r->checked; at < end;) {
        size_t len = 0;
        const uint8_t *bytes = span_bytes(span, at, &len);
        if (len > end - at)
            len = (size_t)(end - at);
        int rc = checker_update(r->checker, bytes, len);
        if (rc < 0)
            return rc;
        at += len;
    }
    return 0;
}

// The turn is the caller's. The span at the checker's place, if it is ready; *fed: it was.
static int feed_ready_locked(struct reader *r, bool *fed)
{
    struct span *span = r->checked < r->size ? spans_pin_ready_locked(r, r->checked) : NULL;
    *fed = span != NULL;
    if (span == NULL)
        return 0;
    uint64_t end = (r->checked / r->span_size + 1) * r->span_size;
    end = end < r->size ? end : r->size;
    lock_give(&r->lock);
    int rc = feed_span(r, span, end);
    lock_take(&r->lock);
    r->checked = end;
    spans_unpin_locked(r, span);
    return rc;
}

// Computing it failed: it cannot be told from a forgery any more.
static int broken_locked(struct reader *r, int rc)
{
    r->check = CHECK_FAILED;
    return err_prefix(rc, "%s: its authentication tag cannot be computed", r->key);
}

// What no span holds is fetched again, at most to the next span. The turn is the caller's.
static int feed_missed_locked(struct reader *r, uint8_t *piece)
{
    uint64_t at = r->checked, end = (at / r->span_size + 1) * r->span_size;
    end = end < r->size ? end : r->size;
    size_t len = end - at < MISSED_PIECE ? (size_t)(end - at) : MISSED_PIECE;
    lock_give(&r->lock);
    int rc = fetch_flat(r, at, piece, len);
    bool fetched = rc == 0;
    if (fetched)
        rc = checker_update(r->checker, piece, len);
    lock_take(&r->lock);
    if (rc == 0)
        r->checked = at + len;
    return rc < 0 && fetched ? broken_locked(r, rc) : rc;
}

// Whether the next piece was read without a span, and its place has been passed.
static bool is_missed_locked(struct reader *r)
{
    return r->checked < r->size && r->checked / r->span_size < r->front &&
           !spans_any_locked(r, r->checked);
}

// One step; *more: another may follow. A fetch that fails leaves all as it was.
static int advance_locked(struct reader *r, uint8_t **piece, bool *more)
{
    int rc = feed_ready_locked(r, more);
    if (rc < 0)
        return broken_locked(r, rc);
    if (*more || !is_missed_locked(r))
        return 0;
    if (*piece == NULL && (*piece = malloc(MISSED_PIECE)) == NULL)
        return err_set(-ENOMEM, "out of memory");
    *more = true;
    return feed_missed_locked(r, *piece);
}

// The turn is the caller's. Until the check is no more than `lag` behind `offset`, or has to wait.
static void advance_to_locked(struct reader *r, uint64_t offset, uint64_t lag)
{
    uint8_t *piece = NULL;
    bool more = true;
    int rc = 0;
    while (rc == 0 && more && r->check == CHECK_RUNNING && r->checked + lag < offset)
        rc = advance_locked(r, &piece, &more);
    if (rc < 0)
        log_debug("%s: checking waits: %s", r->key, err_text());
    if (piece != NULL)
        secret_wipe(piece, MISSED_PIECE);
    free(piece);
}

void check_advance_locked(struct reader *r)
{
    if (!take_turn_locked(r, false))
        return;
    advance_to_locked(r, r->size, 0);
    give_turn_locked(r);
}

void check_offer(struct reader *r, uint64_t offset, const uint8_t *bytes, size_t len)
{
    WITH_LOCK(&r->lock);
    if (r->checked < offset || r->checked >= offset + len || !take_turn_locked(r, false))
        return;
    uint64_t at = r->checked;
    lock_give(&r->lock);
    int rc = checker_update(r->checker, bytes + (at - offset), (size_t)(offset + len - at));
    lock_take(&r->lock);
    r->checked = offset + len;
    if (rc < 0 && broken_locked(r, rc) < 0)
        log_debug("%s", err_text());
    give_turn_locked(r);
}

void check_keep_up_locked(struct reader *r, uint64_t offset)
{
    uint64_t lag = CHECK_LAG_SPANS * r->span_size;
    if (r->check != CHECK_RUNNING || r->checked + lag >= offset || !take_turn_locked(r, true))
        return;
    advance_to_locked(r, offset, lag);
    give_turn_locked(r);
}

// ---- the end ----

static int feed_rest_locked(struct reader *r)
{
    uint8_t *piece = malloc(MISSED_PIECE);
    int rc = piece != NULL ? 0 : err_set(-ENOMEM, "out of memory");
    while (rc == 0 && r->checked < r->size) {
        bool fed = false;
        rc = feed_ready_locked(r, &fed);
        if (rc < 0)
            rc = broken_locked(r, rc);
        else if (!fed)
            rc = feed_missed_locked(r, piece);
    }
    if (piece != NULL)
        secret_wipe(piece, MISSED_PIECE);
    free(piece);
    return rc;
}

// The end may have been read by a handle that had it from memory: its tag is asked for then.
static int ensure_tag_locked(struct reader *r)
{
    uint8_t end[CIPHER_BLOCK_SIZE];
    if (r->has_tag)
        return 0;
    uint64_t at = r->size > 0 ? (r->size - 1) / CIPHER_BLOCK_SIZE * CIPHER_BLOCK_SIZE : 0;
    lock_give(&r->lock);
    int rc = fetch_flat(r, at, end, (size_t)(r->size - at));
    lock_take(&r->lock);
    secret_wipe(end, sizeof end);
    return rc < 0 || r->has_tag ? rc : err_set(-EIO, "%s: its tag did not come", r->key);
}

static int failed(const struct reader *r)
{
    return err_set(-EIO,
                   "%s: " CONTENT_BAD_TEXT " to what was sealed: its authentication tag does not "
                   "fit. What was read of it before cannot be trusted",
                   r->key);
}

static int settle_locked(struct reader *r)
{
    int rc = feed_rest_locked(r);
    if (rc == 0)
        rc = ensure_tag_locked(r);
    if (rc < 0)
        return rc;
    if (checker_finish(r->checker, r->tag) == 0) {
        r->check = CHECK_PASSED;
        return 0;
    }
    r->check = CHECK_FAILED;
    return failed(r);
}

int check_finish(struct reader *r)
{
    WITH_LOCK(&r->lock);
    int rc = 0;
    if (take_turn_locked(r, true)) {
        rc = settle_locked(r);
        give_turn_locked(r);
    }
    return rc == 0 && r->check == CHECK_FAILED ? failed(r) : rc;
}

// Who looked at the end first, and now reads all of it, wants it proved all the same.
static void begin_again_locked(struct reader *r)
{
    struct checker *fresh = NULL;
    const struct envelope *e = &r->info.envelope;
    if (checker_new(&fresh, e->content, r->data_key, e->iv) < 0)
        return;
    checker_free(r->checker);
    r->checker = fresh;
    r->checked = r->read_end = r->read_total = 0;
    r->check = CHECK_RUNNING;
}

bool check_is_due_locked(struct reader *r, uint64_t offset, size_t len)
{
    if (r->check == CHECK_NONE && r->checker != NULL && offset == 0 && !r->check_busy)
        begin_again_locked(r);
    if (r->check != CHECK_RUNNING)
        return r->check == CHECK_FAILED;
    if (offset > r->read_end && offset - r->read_end > CHECK_SLACK) {
        r->check = CHECK_NONE;
        return false;
    }
    if (offset + len > r->read_end)
        r->read_end = offset + len;
    r->read_total += len;
    return r->read_end >= r->size && r->read_total >= r->size;
}

void check_note_fetched(struct reader *r, const struct opener *opener, bool whole)
{
    WITH_LOCK(&r->lock);
    r->has_tag = opener_tag(opener, r->tag) || r->has_tag;
    if (whole && r->check == CHECK_RUNNING && !r->check_busy)
        r->check = CHECK_PASSED; // the opener has compared
}

int check_whole(struct reader *r)
{
    size_t pad_len = 0;
    struct fetch f = {.reader = r, .want = UINT64_MAX}; // nothing of it is wanted
    f.range = (struct cipher_range){.cipher_len = r->info.object.size};
    return fetch_range(&f, &pad_len);
}

// Whether the running check is so near the end that finishing it fetches less, and waits less, than
// the whole in one request.
static bool is_nearly_done(struct reader *r)
{
    WITH_LOCK(&r->lock);
    return r->check == CHECK_FAILED ||
           (r->check == CHECK_RUNNING && r->size - r->checked <= PROVE_REST_MAX);
}

int reader_prove(struct reader *r)
{
    if (reader_is_proved(r))
        return 0;
    if (is_nearly_done(r))
        return check_finish(r);
    int rc = check_whole(r);
    if (rc < 0)
        return rc;
    WITH_LOCK(&r->lock);
    if (r->check == CHECK_NONE)
        r->check = CHECK_PASSED;
    return 0;
}
