// The lines about a writer's object in the audit file: one for each version that it committed, one
// if it was given up.
#include "object/writer_internal.h"
#include "common/clock.h"
#include "s3/sigv4.h"

#include <inttypes.h>

// The same for a line about a use of the key (s3/kms.c), so that they find together.
static void add_data_key(struct audit_line *l, const struct envelope *e)
{
    char hash[65];
    const struct iovec wrapped = {(void *)(uintptr_t)e->wrapped, e->wrapped_len};
    if (e->wrapped_len > 0 && sigv4_sha256(&wrapped, 1, hash) == 0)
        json_line_text(&l->json, "data_key", hash);
}

static void add_text(struct audit_line *l, const char *name, const char *text)
{
    json_line_text(&l->json, name, text != NULL && text[0] != '\0' ? text : NULL);
}

static void add_how(struct audit_line *l, const struct writer *w)
{
    const struct envelope *e = &w->gen.envelope;
    add_text(l, "format", w->volume->config.format->name);
    add_text(l, "kms_key", w->volume->config.kms_key_id);
    if (w->gen.has_key) {
        add_text(l, "kms_request_id", e->key_request_id);
        add_data_key(l, e);
        json_line_names(&l->json, "context", &e->context);
    }
    json_line_number(&l->json, "retries", w->retries);
    if (w->first_write_ms > 0)
        json_line_seconds(&l->json, "seconds", clock_ms() - w->first_write_ms);
}

void writer_audit_commit(struct writer *w, const struct object_info *info, uint64_t size,
                         unsigned parts)
{
    struct audit_line l;
    if (!audit_is_open())
        return;
    AUDIT_SCOPE(by, audit_by(&w->actor));
    AUDIT_SCOPE(about, audit_about(w->volume->config.bucket, w->key));
    audit_begin(&l, "write");
    json_line_number(&l.json, "bytes", (int64_t)size);
    json_line_number(&l.json, "object_bytes", (int64_t)info->object.size);
    add_text(&l, "etag", info->object.etag);
    add_text(&l, "version_id", info->object.version_id);
    add_text(&l, "replaces", w->has_committed ? w->committed.object.etag : NULL);
    add_how(&l, w);
    json_line_number(&l.json, "parts", parts);
    add_text(&l, "s3_request_id", w->s3_request_id);
    audit_end(&l, 0, true);
}

void writer_audit_failure(struct writer *w)
{
    struct audit_line l;
    if (!audit_is_open() || w->failure.code == 0 || w->unwanted)
        return;
    AUDIT_SCOPE(by, audit_by(&w->actor));
    AUDIT_SCOPE(about, audit_about(w->volume->config.bucket, w->key));
    audit_begin(&l, "write");
    json_line_number(&l.json, "bytes", (int64_t)w->hwm);
    add_text(&l, "stays", w->has_committed ? w->committed.object.etag : NULL);
    add_how(&l, w);
    audit_end(&l, err_restore(&w->failure), true);
}
