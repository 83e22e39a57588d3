// One object, read once from its first byte to its last: decrypted (the reader checks padding or
// tag at the end), walked as a backup, and held against S3's checksums. See verify.h.
#include "cli/verify.h"

#include "cli/interrupt.h"
#include "common/secret.h"

#include <string.h>

#define BLOCK_SIZE    ((size_t)1 << 20)
#define SETS_TOLD_MAX 8192 // as many as a walk remembers

// ---- sets ----

static void remember(struct verify_job *job, const struct mtf_set *set)
{
    if (job->count == SETS_TOLD_MAX) {
        job->sets_left_out = true;
        return;
    }
    struct told_set *grown = realloc(job->sets, (job->count + 1) * sizeof *grown);
    if (grown == NULL) {
        job->sets_left_out = true;
        return;
    }
    job->sets = grown;
    job->sets[job->count++] = (struct told_set){
        .number = set->number,
        .guid = set->guid,
        .first_lsn = set->first_lsn,
        .last_lsn = set->last_lsn,
        .type = set->type,
    };
}

static void take_set(void *context, const struct mtf_set *set, bool finished)
{
    struct verify_job *job = context;
    if (finished)
        remember(job, set);
    if (job->last == NULL)
        job->last = malloc(sizeof *job->last);
    if (job->last != NULL)
        *job->last = *set;
}

// ---- reading ----

static int read_block(struct reader *r, uint64_t at, uint8_t *block, size_t *got)
{
    int rc = interrupt_check();
    return rc < 0 ? rc : reader_read(r, at, block, BLOCK_SIZE, got);
}

// The last read, which may be of nothing, is told whether the tag fits.
static int walk_blocks(struct reader *r, struct mtf_walk *w, struct sums *s, uint8_t *block,
                       verify_moved_fn moved, void *context)
{
    uint64_t size = reader_size(r), at = 0;
    do {
        size_t got = 0;
        int rc = read_block(r, at, block, &got);
        if (rc < 0)
            return rc;
        mtf_walk_feed(w, block, got);
        at += got;
        rc = s != NULL ? sums_feed(s, block, got) : 0; // the block is ciphertext now
        if (rc == 0)
            rc = moved(context, got);
        if (rc < 0)
            return rc;
    } while (at < size);
    return s != NULL ? sums_end(s) : 0;
}

static enum verify_verdict verdict_of(const struct verify_job *job, enum mtf_verdict walked)
{
    switch (walked) {
    case MTF_VERDICT_DAMAGED:
        return VERIFY_DAMAGED;
    case MTF_VERDICT_OK:
        return VERIFY_OK;
    case MTF_VERDICT_NOT_PROVED:
    case MTF_VERDICT_UNKNOWN:
        break;
    }
    return job->authenticated ? VERIFY_OK : VERIFY_NOT_PROVED;
}

static int walk_content(struct reader *r, struct verify_job *job, struct sums *s,
                        verify_moved_fn moved, void *context)
{
    CLEANUP(mtf_walk_freep) struct mtf_walk *w = mtf_walk_new(take_set, job);
    uint8_t *block = malloc(BLOCK_SIZE);
    if (w == NULL || block == NULL) {
        free(block);
        return err_set(-ENOMEM, "out of memory");
    }
    int rc = walk_blocks(r, w, s, block, moved, context);
    secret_wipe(block, BLOCK_SIZE);
    free(block);
    if (rc == 0) {
        mtf_walk_end(w);
        job->verdict = verdict_of(job, mtf_walk_verdict(w));
    }
    job->report = *mtf_walk_report(w);
    return rc;
}

static int open_and_walk(struct volume *v, struct verify_job *job, verify_moved_fn moved,
                         void *context)
{
    CLEANUP(reader_freep) struct reader *r = NULL;
    AUTO_OBJECT_INFO struct object_info info = {0};
    int rc = object_info_get(v, job->source.key, &info);
    if (rc < 0)
        return rc;
    if (info.kind == OBJECT_DAMAGED)
        job->verdict = info.defect.code == -EIO ? VERIFY_DAMAGED : VERIFY_UNREADABLE;
    rc = reader_open(v, job->source.key, &info, &r);
    if (rc < 0)
        return rc;
    job->was_opened = true;
    job->is_plaintext = info.kind == OBJECT_PLAINTEXT;
    if (!job->is_plaintext) {
        job->cipher = content_alg_name(info.envelope.content);
        job->authenticated = content_authenticated(info.envelope.content);
    }
    CLEANUP(sums_freep) struct sums *s = NULL;
    rc = sums_new(&s, v, job->source.key, r, &job->sums);
    return rc < 0 ? rc : walk_content(r, job, s, moved, context);
}

int verify_object(struct volume *v, struct verify_job *job, verify_moved_fn moved, void *context)
{
    job->verdict = VERIFY_UNREADABLE;
    int rc = open_and_walk(v, job, moved, context);
    err_save(&job->failure, rc);
    // What was read before the tag, or the padding, was held against it may have shown it already.
    bool bad = strstr(job->failure.text, CONTENT_BAD_TEXT) != NULL || job->report.damages > 0;
    if ((rc == -EIO && bad) || job->sums.state == SUMS_MISMATCH)
        job->verdict = VERIFY_DAMAGED;
    return rc == -EINTR || rc == -ENOMEM ? rc : 0;
}

void verify_job_clear(struct verify_job *job)
{
    if (job->last != NULL)
        secret_wipe(job->last, sizeof *job->last);
    free(job->last);
    free(job->sets);
    *job = (struct verify_job){0};
}
