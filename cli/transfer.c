#include "cli/transfer.h"

#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "common/codec.h"
#include "object/mtime.h"
#include "object/write_once.h"
#include "object/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BLOCK_SIZE (4u << 20) // few calls; reader and writer keep the network busy themselves

// Where the bytes of a reader go: into a digest, and into a writer unless it is NULL.
struct stream {
    struct reader *from;
    struct writer *to;
    struct digest *digest;
    struct progress progress;
};

static int take_block(struct stream *t, uint64_t offset, void *block, size_t len)
{
    int rc = digest_add(t->digest, block, len);
    if (rc == 0 && t->to != NULL)
        rc = writer_write(t->to, offset, block, len, interrupt_flag());
    return rc;
}

// The read that finds the end is made too: of empty content it is the one that checks the tag.
static int stream_blocks(struct stream *t, void *block)
{
    for (uint64_t offset = 0;;) {
        size_t got = 0;
        int rc = interrupt_check();
        if (rc == 0)
            rc = reader_read(t->from, offset, block, BLOCK_SIZE, &got);
        if (rc == 0)
            rc = take_block(t, offset, block, got);
        if (rc < 0 || got == 0)
            return rc;
        offset += got;
        progress_move(&t->progress, got);
    }
}

// The digest of all that went by.
static int stream_run(struct stream *t, const char *what, uint8_t digest[static DIGEST_SIZE])
{
    AUTO_FREE void *block = malloc(BLOCK_SIZE);
    if (block == NULL)
        return err_set(-ENOMEM, "out of memory");
    int rc = digest_new(&t->digest);
    progress_start(&t->progress, what, reader_size(t->from));
    if (rc == 0)
        rc = stream_blocks(t, block);
    if (rc == 0)
        rc = digest_finish(t->digest, digest);
    progress_clear(&t->progress);
    secret_wipe(block, BLOCK_SIZE);
    digest_free(TAKE(t->digest));
    return rc;
}

// ---- there ----

static int give_up(const struct sides *s, struct writer *w, int code)
{
    struct err_saved cause;
    err_save(&cause, code);
    writer_abort(w, code, cause.text);
    err_restore(&cause);
    return err_prefix(code, "%s: the upload was aborted", s->to.shown);
}

static void note_result(struct writer *w, struct outcome *out)
{
    struct writer_status status;
    writer_status(w, &status);
    out->committed = true;
    out->bytes = status.bytes;
    out->parts = status.parts;
    memcpy(out->etag, status.etag, sizeof out->etag);
    memcpy(out->version_id, status.version_id, sizeof out->version_id);
}

int transfer_check_source(struct sides *s, const char *etag)
{
    AUTO_STORE_OBJECT struct store_object now = {0};
    struct store *store = s->from.connection.store;
    int rc = store->ops->head(store, s->from.place.key, &now);
    if (rc == 0 && strcmp(now.etag, etag) != 0)
        return err_set(-ESTALE, "%s: was replaced by somebody else meanwhile", s->from.shown);
    return rc;
}

static int fill(struct sides *s, struct reader *source, struct writer *w, struct outcome *out)
{
    struct stream t = {.from = source, .to = w};
    uint64_t size = reader_size(source);
    const struct store_object *object = &reader_info(source)->object;
    writer_set_mtime(w, object_mtime_s(object));
    int rc = writer_set_metadata(w, &object->metadata);
    if (rc == 0 && size > 0)
        rc = writer_allocate(w, size, true); // decides how large parts must be
    if (rc == 0)
        rc = stream_run(&t, s->from.shown, out->digest);
    // What is about to be replaced must be what was read.
    if (rc == 0 && sides_are_one_object(s))
        rc = transfer_check_source(s, reader_etag(source));
    return rc;
}

int transfer_stream(struct sides *s, struct reader *source, struct outcome *out)
{
    CLEANUP(writer_freep) struct writer *w = NULL;
    struct connection *to = &s->to.connection;
    int rc = to->config.no_overwrite ? write_once_check(to->volume, s->to.place.key) : 0;
    if (rc == 0)
        rc = writer_create(to->volume, s->to.place.key, &w);
    if (rc < 0)
        return err_prefix(rc, "DST");
    rc = fill(s, source, w, out);
    if (rc == 0)
        rc = writer_commit(w, WRITER_CLOSE, interrupt_flag());
    if (rc < 0)
        return give_up(s, w, rc);
    note_result(w, out);
    return 0;
}

// ---- and back ----

// What the server copied has the source's size; that of its content is known exactly only now.
static int check_size(const struct reader *r, struct outcome *out)
{
    uint64_t found = out->server_side ? reader_info(r)->object.size : reader_size(r);
    uint64_t expected = out->server_side ? out->stored_bytes : out->bytes;
    if (found != expected)
        return err_set(-EIO, "it has %" PRIu64 " bytes instead of %" PRIu64, found, expected);
    out->bytes = reader_size(r);
    return 0;
}

static int check_identity(const struct reader *r, struct outcome *out)
{
    const struct object_info *info = reader_info(r);
    if (out->etag[0] != '\0' && strcmp(reader_etag(r), out->etag) != 0)
        return err_set(-ESTALE, "somebody else wrote this key meanwhile");
    if (info->kind != OBJECT_ENCRYPTED || !format_is(out->format, &info->envelope))
        return err_set(-EIO, "it is not there in format %s", out->format->name);
    return check_size(r, out);
}

static int compare_content(struct sides *s, struct reader *r, struct outcome *out)
{
    AUTO_FREE char *what = NULL;
    struct stream t = {.from = r};
    uint8_t found[DIGEST_SIZE];
    if (asprintf(&what, "verifying %s", s->to.shown) < 0) {
        what = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    int rc = stream_run(&t, what, found);
    if (rc == 0 && !secret_equal(found, out->digest, DIGEST_SIZE))
        rc = err_set(-EIO, "it reads back as other content than was written: do not rely on it, "
                           "and keep the source");
    return rc;
}

static int read_end(struct reader *r)
{
    uint8_t last[CIPHER_BLOCK_SIZE];
    size_t got = 0, len = reader_size(r) < sizeof last ? (size_t)reader_size(r) : sizeof last;
    int rc = reader_read(r, reader_size(r) - len, last, sizeof last, &got);
    secret_wipe(last, sizeof last);
    return rc;
}

static int verify(struct sides *s, enum proof wanted, struct outcome *out)
{
    CLEANUP(reader_freep) struct reader *r = NULL;
    int rc = reader_open(s->to.connection.volume, s->to.place.key, NULL, &r);
    if (rc == 0)
        rc = check_identity(r, out);
    if (rc == 0)
        rc = wanted == PROOF_CONTENT ? compare_content(s, r, out) : read_end(r);
    if (rc == 0)
        out->proof = wanted;
    return rc;
}

int transfer_verify(struct sides *s, enum proof wanted, struct outcome *out)
{
    int rc = verify(s, wanted, out);
    return rc < 0 ? err_prefix(rc, "%s: was written, but is not verified", s->to.shown) : 0;
}

// ---- what is told ----

static const char *proof_name(enum proof proof)
{
    return proof == PROOF_CONTENT ? "content" : proof == PROOF_OPENED ? "opened" : NULL;
}

static const char *text_or_null(const char *text)
{
    return *text != '\0' ? text : NULL;
}

static void add_encrypt(struct json_t *json, const struct outcome *out)
{
    json_add_bool(json, "source_deleted", out->source_deleted);
    json_add_bool(json, "plaintext_gone", out->plaintext_gone);
    json_add_text(json, "plaintext_version", text_or_null(out->plaintext_version));
}

static int print_json(const struct sides *s, const struct outcome *out, const char *error)
{
    AUTO_JSON struct json_t *json = json_new();
    char digest[DIGEST_HEX_SIZE];
    hex_encode(digest, out->digest, sizeof out->digest);
    json_add_text(json, "source", s->from.shown);
    json_add_text(json, "destination", s->to.shown);
    json_add_text(json, "key", s->to.options.kms_key_id);
    json_add_text(json, "format", out->format != NULL ? out->format->name : NULL);
    json_add_bool(json, "server_side", out->server_side);
    json_add_bool(json, "committed", out->committed);
    json_add_text(json, "verified", proof_name(out->proof));
    json_add_number(json, "bytes", out->bytes);
    json_add_number(json, "parts", out->parts);
    json_add_text(json, "etag", text_or_null(out->etag));
    json_add_text(json, "version_id", text_or_null(out->version_id));
    json_add_text(json, "sha256", out->proof == PROOF_CONTENT ? digest : NULL);
    if (s->given->to_key == NULL)
        add_encrypt(json, out);
    json_add_text(json, "error", error);
    return json_print(json);
}

// "null" is the version of what was stored before a bucket kept versions, or while it does not.
static void print_plaintext(const struct sides *s, const struct outcome *out)
{
    const char *shown = s->from.shown, *version = out->plaintext_version;
    fprintf(stderr, "%s: %s\n", shown,
            out->source_deleted ? "the plaintext was deleted"
                                : "the encrypted object took the plaintext's place");
    if (version[0] != '\0')
        fprintf(stderr,
                "%s: the bucket keeps versions: the plaintext %s as version %s, and as whatever is "
                "older, until it is deleted by its version id\n",
                shown, strcmp(version, "null") == 0 ? "may remain" : "remains", version);
}

static void print_line(const struct sides *s, const struct outcome *out)
{
    char size[32];
    size_format(size, out->bytes);
    fprintf(stderr, "%s: %s (%" PRIu64 " bytes) in format %s under %s, %s%s%s\n", s->to.shown, size,
            out->bytes, out->format->name, s->to.options.kms_key_id,
            out->proof == PROOF_CONTENT  ? "read back and compared"
            : out->proof == PROOF_OPENED ? "copied by the server, opens with its key"
                                         : "not read back",
            out->version_id[0] != '\0' ? ", version " : "", out->version_id);
    if (out->plaintext_gone)
        print_plaintext(s, out);
}

int transfer_report(const struct sides *s, const struct outcome *out, int rc)
{
    struct err_saved failure;
    if (rc == -EINVAL)
        return rc; // wrong usage: nothing was tried
    err_save(&failure, rc);
    if (s->given->json) {
        int printed = print_json(s, out, rc < 0 ? failure.text : NULL);
        return rc < 0 ? err_restore(&failure) : printed;
    }
    if (rc == 0)
        print_line(s, out);
    return rc < 0 ? err_restore(&failure) : 0;
}
