// Reading one object.
//
// Two ways. A read that is not part of a sequence is one ranged GET, decrypted straight into the
// caller's memory (reader_fetch.c). Sequential reading goes by spans, read ahead (reader_spans.c);
// without memory a read falls back to the first way, so nobody waits for memory.
//
// Entered by any thread. Lock rank READER; no lock is held over network or decryption.
#include "object/reader_internal.h"
#include "common/audit.h"
#include "common/metrics.h"

#include <assert.h>
#include <string.h>

// ---- opening ----

static int check_policy(struct reader *r)
{
    const struct object_info *info = &r->info;
    const struct volume_config *config = &r->volume->config;
    if (info->kind == OBJECT_DAMAGED)
        return err_set(info->defect.code, "%s: %s", r->key, info->defect.text);
    if (info->kind == OBJECT_PLAINTEXT && !config->plaintext_read)
        return err_set(-EACCES,
                       "%s has no envelope: it is not encrypted (--plaintext=read reads such "
                       "objects as they are), or its envelope is in an instruction file (add "
                       "instruction to --read-formats)",
                       r->key);
    if (info->kind == OBJECT_PLAINTEXT)
        return 0;
    int rc = format_set_check(config->read_formats, &info->envelope);
    return rc < 0 ? err_prefix(rc, "%s", r->key) : 0;
}

// The last block, for its padding: nothing of it is wanted.
static int find_exact_size(struct reader *r)
{
    size_t pad_len = 0;
    struct fetch f = {.reader = r, .want = UINT64_MAX};
    f.range = content_tail_range(r->info.envelope.content, r->info.object.size);
    int rc = fetch_range(&f, &pad_len);
    if (rc < 0)
        return rc;
    r->info.plain_size = r->info.object.size - pad_len;
    r->info.plain_size_exact = true;
    return 0;
}

static int take_key(struct reader *r, struct secret *known)
{
    if (known != NULL) {
        r->data_key = secret_acquire(known);
        return 0;
    }
    AUDIT_SCOPE(about, audit_about(r->volume->config.bucket, r->key));
    int rc = volume_unwrap(r->volume, r->info.object.etag, &r->info.envelope, &r->data_key);
    return rc < 0 ? err_prefix(rc, "%s", r->key) : 0;
}

static int open_object(struct reader *r, struct secret *known)
{
    int rc = check_policy(r);
    if (rc < 0)
        return rc;
    if (r->info.kind == OBJECT_ENCRYPTED) {
        rc = take_key(r, known);
        if (rc == 0 && !r->info.plain_size_exact)
            rc = find_exact_size(r);
    }
    r->size = r->info.plain_size;
    if (rc == 0)
        rc = check_begin(r);
    uint64_t verify_max = r->volume->config.verify_before_read;
    if (rc == 0 && r->check == CHECK_RUNNING && verify_max > 0 && r->size <= verify_max)
        rc = check_whole(r);
    return rc;
}

int reader_open_with_key(struct volume *v, const char *key, const struct object_info *info,
                         struct secret *data_key, struct reader **out)
{
    CLEANUP(reader_freep) struct reader *r = calloc(1, sizeof *r);
    if (r == NULL)
        return err_set(-ENOMEM, "out of memory");
    lock_init(&r->lock, LOCK_RANK_READER);
    cond_init(&r->changed);
    r->volume = v;
    r->span_size = span_size_for(v);
    if (strlen(key) > STORE_KEY_MAX)
        return err_set(-ENAMETOOLONG, "the key is longer than %d bytes", STORE_KEY_MAX);
    memcpy(r->key, key, strlen(key) + 1);
    int rc = info != NULL ? object_info_copy(&r->info, info) : object_info_get(v, key, &r->info);
    if (rc < 0)
        return rc;
    memcpy(r->place.key, r->key, sizeof r->key);
    memcpy(r->place.etag, r->info.object.etag, sizeof r->place.etag);
    rc = open_object(r, data_key);
    if (rc < 0)
        return rc;
    *out = TAKE(r);
    return 0;
}

int reader_open(struct volume *v, const char *key, const struct object_info *info,
                struct reader **out)
{
    return reader_open_with_key(v, key, info, NULL, out);
}

void reader_free(struct reader *r)
{
    if (r == NULL)
        return;
    lock_take(&r->lock);
    r->check = CHECK_NONE; // nobody will hear of it: a worker fetches nothing for it any more
    spans_drop_all_locked(r);
    lock_give(&r->lock);
    lock_destroy(&r->lock);
    pthread_cond_destroy(&r->changed);
    checker_free(r->checker);
    secret_release(r->data_key);
    object_info_clear(&r->info);
    free(r);
}

void reader_follow(struct reader *r, const char *from_etag, const char *key, const char *etag)
{
    assert(strlen(key) <= STORE_KEY_MAX && strlen(etag) < STORE_ETAG_MAX);
    WITH_LOCK(&r->lock);
    if (strcmp(r->place.etag, from_etag) != 0)
        return;
    memcpy(r->place.key, key, strlen(key) + 1);
    memcpy(r->place.etag, etag, strlen(etag) + 1);
}

uint64_t reader_size(const struct reader *r)
{
    return r->size;
}

const char *reader_etag(const struct reader *r)
{
    return r->info.object.etag;
}

bool reader_is_proved(struct reader *r)
{
    WITH_LOCK(&r->lock);
    return r->check == CHECK_PASSED || r->data_key == NULL ||
           !content_authenticated(r->info.envelope.content);
}

const struct object_info *reader_info(const struct reader *r)
{
    return &r->info;
}

struct secret *reader_data_key(const struct reader *r)
{
    return r->data_key;
}

// ---- reading ----

static int read_piece(struct reader *r, uint64_t offset, uint8_t *out, size_t len, size_t *piece)
{
    lock_take(&r->lock);
    int rc = spans_read_locked(r, offset, out, len, piece);
    lock_give(&r->lock);
    if (rc < 0 || *piece > 0)
        return rc;
    *piece = len;
    rc = fetch_flat(r, offset, out, len);
    if (rc == 0)
        check_offer(r, offset, out, len);
    return rc;
}

static int read_pieces(struct reader *r, uint64_t offset, uint8_t *out, size_t len)
{
    for (size_t done = 0; done < len;) {
        size_t piece = 0;
        int rc = read_piece(r, offset + done, out + done, len - done, &piece);
        if (rc < 0)
            return rc;
        done += piece;
    }
    return 0;
}

int reader_read(struct reader *r, uint64_t offset, void *out, size_t len, size_t *got)
{
    *got = 0;
    if (offset >= r->size)
        return r->size == 0 ? check_finish(r) : 0;
    if (len > r->size - offset)
        len = (size_t)(r->size - offset);
    lock_take(&r->lock);
    spans_note_read_locked(r, offset, len);
    bool check = check_is_due_locked(r, offset, len);
    lock_give(&r->lock);
    int rc = read_pieces(r, offset, out, len);
    if (rc == 0 && check)
        rc = check_finish(r);
    if (rc < 0)
        memset(out, 0, len); // nothing of a failed read is handed out
    else
        *got = len;
    metric_add(METRIC_READ_BYTES, *got);
    return rc;
}
