// copy: an object to another bucket, region or account, under that side's own key. Streamed through
// this host unless --server-side: then S3 copies the ciphertext and KMS wraps the data key anew,
// both asked by DST's credentials.
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/transfer.h"
#include "object/envelope_move.h"
#include "object/object_copy.h"

#include <stdio.h>
#include <string.h>

struct copy {
    struct sides sides;
    struct outcome outcome;
};

static void copy_clear(struct copy *c)
{
    sides_close(&c->sides);
}

static int refuse_same(const struct copy *c)
{
    return sides_are_one_object(&c->sides)
               ? err_set(-EINVAL, "%s: SRC and DST are the same object; copy writes another one",
                         c->sides.to.shown)
               : 0;
}

static int check_kind(const struct copy *c, const struct object_info *info)
{
    const char *shown = c->sides.from.shown;
    if (info->kind == OBJECT_PLAINTEXT)
        return err_set(-EACCES, "%s: is not encrypted: rdsbak encrypt makes an encrypted object",
                       shown);
    if (info->kind == OBJECT_DAMAGED) {
        int rc = err_restore(&info->defect);
        return err_prefix(rc, "%s", shown);
    }
    return 0;
}

// DST, in the format chosen. A context that SRC is read with goes along where the format has one.
static int open_target(struct copy *c)
{
    if (c->outcome.format->wrap != WRAP_KMS_CONTEXT)
        c->sides.to.options.encryption_context.count = 0;
    int rc = sides_open_target(&c->sides, c->outcome.format);
    return rc == 0 ? refuse_same(c) : rc;
}

// ---- streamed ----

static int open_reader(struct copy *c, struct reader **out)
{
    AUTO_OBJECT_INFO struct object_info info = {0};
    struct volume *v = c->sides.from.connection.volume;
    int rc = object_info_get(v, c->sides.from.place.key, &info);
    if (rc == 0)
        rc = check_kind(c, &info);
    if (rc == 0)
        rc = reader_open(v, c->sides.from.place.key, &info, out);
    if (rc == 0 && c->outcome.format == NULL)
        c->outcome.format = envelope_move_format(&info.envelope);
    return rc < 0 ? err_prefix(rc, "SRC") : 0;
}

static int stream(struct copy *c)
{
    CLEANUP(reader_freep) struct reader *source = NULL;
    int rc = sides_open_source(&c->sides, CONNECTION_READ);
    if (rc < 0)
        return rc;
    interrupt_catch();
    rc = open_reader(c, &source);
    if (rc == 0)
        rc = open_target(c);
    return rc == 0 ? transfer_stream(&c->sides, source, &c->outcome) : rc;
}

// ---- on the server ----

static size_t given_keys(const struct options *o, const char *out[static OPTIONS_LIST_MAX + 1])
{
    size_t count = 0;
    if (o->kms_key_id != NULL)
        out[count++] = o->kms_key_id;
    for (size_t i = 0; i < o->decrypt_keys.count; i++)
        out[count++] = o->decrypt_keys.items[i];
    return count;
}

// KMS wraps anew only within one region.
static int check_keys(const struct options *o)
{
    const char *keys[OPTIONS_LIST_MAX + 1];
    size_t count = given_keys(o, keys);
    struct kms_arn from, to;
    int rc = count > 0 ? kms_arn_parse(o->to_key, &to)
                       : err_set(-EINVAL, "--kms-key-id: missing; give the ARN of SRC's key");
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = kms_arn_parse(keys[i], &from);
        if (rc == 0 && strcmp(from.region, to.region) != 0)
            rc = err_set(-EINVAL,
                         "--server-side: key %s is in %s and --to-key in %s, and KMS wraps anew "
                         "only within one region: leave --server-side out",
                         keys[i], from.region, to.region);
    }
    return rc;
}

static int check_one_server(const struct copy *c)
{
    const char *a = c->sides.from.connection.s3_url, *b = c->sides.to.connection.s3_url;
    if (a == b || (a != NULL && b != NULL && strcmp(a, b) == 0))
        return 0;
    return err_set(-EINVAL,
                   "--server-side: SRC and DST are on different servers (%s, %s): leave "
                   "--server-side out",
                   a != NULL ? a : "AWS", b != NULL ? b : "AWS");
}

static int move_envelope(struct copy *c, const struct envelope *from, struct envelope *moved)
{
    CLEANUP(kms_freep) struct kms *kms = NULL;
    AUTO_KV struct kv context = {0};
    const struct options *o = c->sides.given;
    struct connection *to = &c->sides.to.connection;
    const char *keys[OPTIONS_LIST_MAX + 1];
    struct kms_arn arn;
    struct envelope_move move = {.from_arns = keys,
                                 .from_count = given_keys(o, keys),
                                 .to_arn = o->to_key,
                                 .to = c->outcome.format,
                                 .context = &context};
    int rc = kms_arn_parse(o->to_key, &arn);
    if (rc == 0)
        rc = connection_context(o, &context);
    if (rc == 0)
        rc = kms_new(&kms, arn.region, &to->endpoint, connection_kms_credentials(to));
    move.kms = kms;
    if (rc == 0)
        rc = envelope_move(&move, from, moved);
    return rc == -EACCES ? err_prefix(rc, "--server-side (DST's credentials need "
                                          "kms:ReEncryptFrom on SRC's key and kms:ReEncryptTo on "
                                          "DST's; without it each side keeps to its own key)")
                         : rc;
}

static int copy_object(struct copy *c, const struct object_info *info)
{
    AUTO_ENVELOPE struct envelope moved = {0};
    AUTO_KV struct kv metadata = {0};
    struct store_result result;
    int rc = move_envelope(c, &info->envelope, &moved);
    if (rc == 0)
        rc = kv_copy(&metadata, &info->object.metadata);
    if (rc == 0)
        rc = envelope_write(&moved, &metadata);
    const struct object_copy work = {.from_store = c->sides.from.connection.store,
                                     .from_key = c->sides.from.place.key,
                                     .to_key = c->sides.to.place.key,
                                     .source = &info->object,
                                     .metadata = &metadata,
                                     .cancel = interrupt_flag(),
                                     .only_new = c->sides.given->no_overwrite};
    if (rc == 0)
        rc = object_copy(c->sides.to.connection.volume, &work, &result);
    if (rc < 0)
        return rc;
    struct outcome *out = &c->outcome;
    out->committed = true;
    out->bytes = info->plain_size;
    out->stored_bytes = info->object.size;
    memcpy(out->etag, result.etag, sizeof out->etag);
    memcpy(out->version_id, result.version_id, sizeof out->version_id);
    return 0;
}

static int check_readable(struct copy *c, const struct object_info *info)
{
    int rc = check_kind(c, info);
    if (rc == 0)
        rc = format_set_check(c->sides.from.connection.config.read_formats, &info->envelope);
    if (rc == 0 && c->outcome.format == NULL)
        c->outcome.format = envelope_move_format(&info->envelope);
    return rc == 0 ? envelope_move_check(&info->envelope, c->outcome.format) : rc;
}

static int on_server(struct copy *c)
{
    AUTO_OBJECT_INFO struct object_info info = {0};
    struct sides *s = &c->sides;
    int rc = check_keys(s->given);
    c->outcome.server_side = true;
    s->from.options.profile = s->to.options.profile; // one request reads there and writes here
    if (rc == 0)
        rc = sides_open_source(s, CONNECTION_LIST);
    if (rc < 0)
        return rc;
    interrupt_catch();
    rc = object_info_get(s->from.connection.volume, s->from.place.key, &info);
    if (rc < 0)
        return err_prefix(rc, "--server-side (DST's credentials must be able to read SRC)");
    rc = check_readable(c, &info);
    if (rc == 0)
        rc = open_target(c);
    if (rc == 0)
        rc = check_one_server(c);
    return rc == 0 ? copy_object(c, &info) : rc;
}

// ---- the whole ----

static int run(struct copy *c)
{
    const struct options *o = c->sides.given;
    int rc = o->format != NULL ? format_find(o->format, &c->outcome.format) : 0;
    if (rc < 0)
        return err_prefix(rc, "--format");
    rc = o->server_side ? on_server(c) : stream(c);
    if (rc < 0 || o->no_verify)
        return rc;
    return transfer_verify(&c->sides, o->server_side ? PROOF_OPENED : PROOF_CONTENT, &c->outcome);
}

int cmd_copy(const struct options *o)
{
    CLEANUP(copy_clear) struct copy c = {0};
    int rc = sides_init(&c.sides, o, "--to-key", o->to_key);
    return rc < 0 ? rc : transfer_report(&c.sides, &c.outcome, run(&c));
}
