#include "cli/audit_look.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct store *store_of(const struct audit_look *look)
{
    return volume_store(look->volume);
}

// ---- objects that are not there ----

static int note_listed(void *context, const struct store_listed *listed)
{
    struct audit_entry *e = context;
    if (strcmp(listed->key, e->key) == 0)
        e->finding.state = AUDIT_UNKNOWN;
    return 0;
}

// A key that HEAD does not find may have been deleted meanwhile, or the server is wrong about it.
static void ask_whether_gone(const struct audit_look *look, struct audit_entry *e)
{
    e->finding.state = AUDIT_GONE;
    struct store *store = store_of(look);
    if (store->ops->list(store, e->key, '\0', 1, note_listed, e) < 0)
        e->finding.state = AUDIT_UNKNOWN;
    if (e->finding.state == AUDIT_UNKNOWN)
        e->finding.reason = e->failure.text;
}

// ---- instruction files ----

static int begin_body(void *context)
{
    buf_reset(context);
    return 0;
}

static int take_body(void *context, const void *bytes, size_t len)
{
    return buf_add(context, bytes, len);
}

// The file of that key, into body. -ENOENT: there is none, or something that cannot be one.
static int read_instruction(const struct audit_look *look, const char *key, struct buf *body)
{
    AUTO_STORE_OBJECT struct store_object object = {0};
    struct store *store = store_of(look);
    buf_init(body, ENVELOPE_INSTRUCTION_MAX);
    int rc = store->ops->head(store, key, &object);
    if (rc < 0)
        return rc;
    if (object.size == 0 || object.size > ENVELOPE_INSTRUCTION_MAX)
        return err_set(-ENOENT, "%" PRIu64 " bytes are no instruction file", object.size);
    const struct store_sink sink = {begin_body, take_body, body, NULL};
    return store->ops->get(store, key, object.etag, 0, object.size, &sink);
}

// Whether it is JSON with a wrapped key in it, be that usable or not.
static bool has_wrapped_key(const struct buf *body, bool *is_v3)
{
    AUTO_KV struct kv fields = {0};
    if (json_read_map(body->data, body->len, &fields) < 0)
        return false;
    *is_v3 = kv_get(&fields, "x-amz-3") != NULL;
    return *is_v3 || kv_get(&fields, "x-amz-key-v2") != NULL ||
           kv_get(&fields, "x-amz-key") != NULL;
}

// An object named KEY.instruction: another object's envelope, if that is what it holds.
static bool is_instruction(const struct audit_look *look, struct audit_entry *e)
{
    static const struct kv NONE = {0};
    AUTO_BUF struct buf body = {0};
    AUTO_ENVELOPE struct envelope unused = {0};
    size_t len = strlen(e->key), end = strlen(ENVELOPE_INSTRUCTION_SUFFIX);
    bool is_v3 = false;
    if (len <= end || strcmp(e->key + len - end, ENVELOPE_INSTRUCTION_SUFFIX) != 0 ||
        read_instruction(look, e->key, &body) < 0 || !has_wrapped_key(&body, &is_v3))
        return false;
    int rc = envelope_parse_instruction(&NONE, body.data, body.len, &unused);
    // V3 keeps a part of it with the object, so the rest alone is incomplete.
    if (rc < 0 && rc != -EACCES && !is_v3)
        return false;
    snprintf(e->whose, sizeof e->whose, "envelope of %.*s", (int)(len - end - look->skip),
             e->key + look->skip);
    return true;
}

// ---- judging ----

// KMS binds the context to the wrapped key; beside any other wrapping, and in V1, it is a remark.
static void describe(struct audit_finding *f, const struct envelope *e)
{
    const struct format *format = format_of(e);
    f->state = AUDIT_ENCRYPTED;
    f->format = format != NULL ? format->name : NULL;
    f->version = (unsigned)e->version;
    f->cipher = content_alg_name(e->content);
    f->wrapped = wrap_alg_name(e->wrap);
    if (e->wrap == WRAP_KMS || e->wrap == WRAP_KMS_CONTEXT)
        f->key = kv_get(&e->context, ENVELOPE_KMS_CMK_ID);
}

static void judge_unreadable(struct audit_finding *f, int code, const char *reason)
{
    f->state = code == -EACCES ? AUDIT_UNSUPPORTED : code == -EIO ? AUDIT_DAMAGED : AUDIT_UNKNOWN;
    f->reason = reason;
}

// The object has no envelope itself, or only what clients leave with it: then there must be one
// beside it.
static void look_beside(const struct audit_look *look, struct audit_entry *e, bool must_be)
{
    struct audit_finding *f = &e->finding;
    AUTO_BUF struct buf body = {0};
    char key[STORE_KEY_MAX + sizeof ENVELOPE_INSTRUCTION_SUFFIX];
    bool is_v3 = false;
    f->state = AUDIT_PLAINTEXT;
    int rc = snprintf(key, sizeof key, "%s" ENVELOPE_INSTRUCTION_SUFFIX, e->key) <= STORE_KEY_MAX
                 ? read_instruction(look, key, &body)
                 : -ENOENT;
    if (!must_be && (rc < 0 || !has_wrapped_key(&body, &is_v3)))
        return; // nothing there, something else of that name, or not for us to read
    bool unasked = rc < 0 && rc != -ENOENT;
    if (rc == -ENOENT)
        rc = err_set(-EIO, "incomplete envelope: its instruction file is missing");
    else if (rc == 0)
        rc = envelope_parse_instruction(&e->info.object.metadata, body.data, body.len, &e->aside);
    if (rc == 0 && !content_cipher_size_valid(e->aside.content, f->size))
        rc = err_set(-EIO, "its size is not that of a whole encrypted object");
    f->aside = true;
    err_save(&e->failure, rc);
    if (rc == 0)
        describe(f, &e->aside);
    else
        judge_unreadable(f, rc, e->failure.text);
    if (unasked) // that says nothing of the envelope
        f->state = AUDIT_UNKNOWN;
}

static bool is_left_behind(const struct object_info *info)
{
    AUTO_ENVELOPE struct envelope unused = {0};
    enum envelope_found found = ENVELOPE_NONE;
    return envelope_parse(&info->object.metadata, &unused, &found) == 0 &&
           found == ENVELOPE_ELSEWHERE;
}

static void judge(const struct audit_look *look, struct audit_entry *e)
{
    struct audit_finding *f = &e->finding;
    const struct object_info *info = &e->info;
    f->size = info->object.size;
    f->mtime_s = info->object.mtime_s;
    f->storage_class = info->object.storage_class;
    if (info->kind == OBJECT_ENCRYPTED) {
        describe(f, &info->envelope);
    } else if (info->kind == OBJECT_DAMAGED && is_left_behind(info)) {
        look_beside(look, e, true);
    } else if (info->kind == OBJECT_DAMAGED) {
        judge_unreadable(f, info->defect.code, info->defect.text);
    } else if (f->size == 0 && e->key[strlen(e->key) - 1] == '/') {
        f->state = AUDIT_FOLDER;
    } else if (is_instruction(look, e)) {
        f->state = AUDIT_INSTRUCTION;
        f->reason = e->whose;
    } else {
        look_beside(look, e, false);
    }
}

// ---- proving ----

static bool names_another(const struct audit_look *look, const struct envelope *e)
{
    const char *named = envelope_key_named(e);
    for (size_t i = 0; i < look->allowed->count && named != NULL; i++) {
        if (strcmp(look->allowed->items[i], named) == 0)
            return false;
    }
    return named != NULL;
}

// What an envelope says of its key is whoever's word who wrote the bucket. One that names a key
// that is not allowed does not pass anyway.
static void prove(const struct audit_look *look, struct audit_entry *e)
{
    struct audit_finding *f = &e->finding;
    const struct envelope *envelope = f->aside ? &e->aside : &e->info.envelope;
    const char *key = NULL;
    if (f->state != AUDIT_ENCRYPTED || !wrap_alg_is_kms(envelope->wrap) ||
        names_another(look, envelope))
        return;
    switch (ask_kms(look->ask, envelope, &key, &e->failure)) {
    case ASK_PROVED:
        f->proof = AUDIT_PROVED;
        f->key = key;
        break;
    case ASK_OTHER:
        f->proof = AUDIT_DISPROVED;
        f->reason = f->key != NULL ? "KMS says that its data key is not under the key it names"
                                   : "KMS says that its data key is under none of the allowed keys";
        break;
    case ASK_FAILED:
        f->proof = AUDIT_UNPROVED;
        f->reason = e->failure.text;
        break;
    }
}

void audit_look(const struct audit_look *look, struct audit_entry *e)
{
    err_save(&e->failure, object_info_get(look->volume, e->key, &e->info));
    e->has_info = e->failure.code == 0;
    if (e->has_info) {
        judge(look, e);
        if (look->ask != NULL)
            prove(look, e);
    } else if (e->failure.code == -ENOENT) {
        ask_whether_gone(look, e);
    } else {
        e->finding.state = AUDIT_UNKNOWN;
        e->finding.reason = e->failure.text;
    }
}

void audit_entry_clear(struct audit_entry *e)
{
    if (e->has_info)
        object_info_clear(&e->info);
    envelope_clear(&e->aside);
}
