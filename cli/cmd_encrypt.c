// encrypt: an object that lies unencrypted in S3 becomes an encrypted one, at another key or in its
// own place. The plaintext is deleted only when told to, and only after the encrypted object was
// read back and compared.
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/transfer.h"

#include <string.h>

struct encrypt {
    struct sides sides;
    struct outcome outcome;
    char read_formats[sizeof "all"];
    bool in_place; // SRC and DST are one object
    char source_etag[STORE_ETAG_MAX];
    char source_version[STORE_VERSION_MAX];
};

static void encrypt_clear(struct encrypt *e)
{
    sides_close(&e->sides);
}

static int check_plaintext(const struct encrypt *e, const struct object_info *info)
{
    const char *shown = e->sides.from.shown;
    if (info->kind == OBJECT_PLAINTEXT)
        return 0;
    if (info->kind == OBJECT_DAMAGED)
        return err_set(-EIO,
                       "%s: has an envelope, though none that can be read (%s): it is not "
                       "encrypted once more",
                       shown, info->defect.text);
    return err_set(-EEXIST, "%s: is encrypted already: rdsbak copy gives it another key or format",
                   shown);
}

static int open_reader(struct encrypt *e, struct reader **out)
{
    AUTO_OBJECT_INFO struct object_info info = {0};
    struct volume *v = e->sides.from.connection.volume;
    int rc = object_info_get(v, e->sides.from.place.key, &info);
    if (rc == 0)
        rc = check_plaintext(e, &info);
    if (rc == 0)
        rc = reader_open(v, e->sides.from.place.key, &info, out);
    if (rc < 0)
        return rc;
    memcpy(e->source_etag, info.object.etag, sizeof e->source_etag);
    memcpy(e->source_version, info.object.version_id, sizeof e->source_version);
    return 0;
}

// Whatever has an envelope of any kind must be seen as encrypted, also by an instruction file.
static int open_sides(struct encrypt *e)
{
    struct options *from = &e->sides.from.options;
    from->plaintext_read = true;
    from->read_formats = e->read_formats;
    from->allow_cross_region_key = true; // the key is not for what is read
    from->encryption_context.count = 0;
    int rc = sides_open_source(&e->sides, CONNECTION_READ);
    if (rc == 0)
        rc = sides_open_target(&e->sides, e->outcome.format);
    if (rc < 0)
        return rc;
    e->in_place = sides_are_one_object(&e->sides);
    if (e->in_place && e->sides.given->no_overwrite)
        return err_set(-EINVAL, "--no-overwrite: SRC and DST are one object, which the encrypted "
                                "one would replace");
    if (e->in_place && e->sides.given->delete_source)
        return err_set(-EINVAL, "--delete-source: SRC and DST are one object, which the encrypted "
                                "one replaces; leave it out");
    return 0;
}

static void plaintext_is_gone(struct encrypt *e)
{
    e->outcome.plaintext_gone = true;
    memcpy(e->outcome.plaintext_version, e->source_version, sizeof e->source_version);
}

static int delete_source(struct encrypt *e)
{
    struct store *store = e->sides.from.connection.store;
    int rc = transfer_check_source(&e->sides, e->source_etag);
    if (rc == 0)
        rc = store->ops->remove(store, e->sides.from.place.key);
    if (rc < 0)
        return err_prefix(rc, "--delete-source: the encrypted object is there and verified, but "
                              "the source was not deleted");
    e->outcome.source_deleted = true;
    plaintext_is_gone(e);
    return 0;
}

static int stream(struct encrypt *e)
{
    CLEANUP(reader_freep) struct reader *source = NULL;
    int rc = open_reader(e, &source);
    if (rc == 0)
        rc = transfer_stream(&e->sides, source, &e->outcome);
    if (rc == 0 && e->in_place)
        plaintext_is_gone(e);
    return rc;
}

static int run(struct encrypt *e)
{
    const struct options *o = e->sides.given;
    int rc = format_find(o->format != NULL ? o->format : "rds", &e->outcome.format);
    if (rc < 0)
        return err_prefix(rc, "--format");
    rc = open_sides(e);
    if (rc < 0)
        return rc;
    interrupt_catch();
    rc = stream(e);
    if (rc == 0)
        rc = transfer_verify(&e->sides, PROOF_CONTENT, &e->outcome);
    return rc == 0 && o->delete_source ? delete_source(e) : rc;
}

int cmd_encrypt(const struct options *o)
{
    CLEANUP(encrypt_clear) struct encrypt e = {.read_formats = "all"};
    int rc = sides_init(&e.sides, o, "--kms-key-id", o->kms_key_id);
    return rc < 0 ? rc : transfer_report(&e.sides, &e.outcome, run(&e));
}
