// info: what an object is. Envelope and S3's facts come from one HEAD; the backup's own header from
// two ranged reads, if a key is given. Without one, or when reading fails, the facts are printed
// all the same, with the reason.
#include "cli/backup_show.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/object_show.h"

#include <stdio.h>
#include <string.h>

struct findings {
    struct object_info object;
    struct backup backup;
    bool has_backup;         // it was read
    struct err_saved unread; // why not; code 0: no reading was wanted
};

static void findings_clear(struct findings *f)
{
    object_info_clear(&f->object);
    backup_clear(&f->backup);
}

// The exact size is known once the object is open.
static int read_content(struct connection *c, const struct source *source, struct findings *f)
{
    CLEANUP(reader_freep) struct reader *r = NULL;
    int rc = reader_open(c->volume, source->key, &f->object, &r);
    if (rc < 0)
        return rc;
    f->object.plain_size = reader_size(r);
    f->object.plain_size_exact = true;
    rc = backup_read(r, &f->backup);
    f->has_backup = rc == 0;
    return rc;
}

static bool wants_reading(const struct findings *f, const struct options *o)
{
    bool any_key = o->kms_key_id != NULL || o->decrypt_keys.count > 0 || o->key_files.count > 0;
    switch (f->object.kind) {
    case OBJECT_PLAINTEXT:
        return o->plaintext_read;
    case OBJECT_ENCRYPTED:
        return any_key;
    case OBJECT_DAMAGED:
        break;
    }
    return false;
}

static const char *unread_reason(const struct findings *f)
{
    if (f->has_backup)
        return NULL;
    if (f->unread.code < 0)
        return f->unread.text;
    switch (f->object.kind) {
    case OBJECT_PLAINTEXT:
        return "the object is not encrypted; --plaintext=read reads it as it is";
    case OBJECT_ENCRYPTED:
        return "no key was given; --kms-key-id or --decrypt-key reads it";
    case OBJECT_DAMAGED:
        break;
    }
    return f->object.defect.text;
}

static void print_text(const struct source *source, const struct findings *f)
{
    show_object(source->bucket, source->key, &f->object);
    if (f->has_backup) {
        show_backup(&f->backup);
        return;
    }
    show_label("backup");
    fputs("not read: ", stdout);
    shown_print(stdout, unread_reason(f));
    putchar('\n');
}

static int print_json(const struct source *source, const struct findings *f)
{
    AUTO_JSON struct json_t *json = json_object_info(source->bucket, source->key, &f->object);
    if (f->has_backup)
        json_add(json, "backup", json_backup(&f->backup));
    else
        json_add_null(json, "backup");
    json_add_text(json, "backup_unread", unread_reason(f));
    return json_print(json);
}

// An object that cannot be what its envelope says is something bad found.
static int result_of(const struct findings *f)
{
    if (f->object.kind == OBJECT_DAMAGED)
        return err_restore(&f->object.defect);
    return f->unread.code < 0 ? err_restore(&f->unread) : 0;
}

static int inform(struct connection *c, const struct options *o, const struct source *source)
{
    CLEANUP(findings_clear) struct findings f = {0};
    int rc = object_info_get(c->volume, source->key, &f.object);
    if (rc < 0)
        return rc;
    if (wants_reading(&f, o))
        err_save(&f.unread, read_content(c, source, &f));
    if (o->json)
        rc = print_json(source, &f);
    else
        print_text(source, &f);
    if (rc == 0 && fflush(stdout) != 0)
        rc = err_set(-EIO, "stdout: cannot be written: %s", strerror(errno));
    return rc < 0 ? rc : result_of(&f);
}

int cmd_info(const struct options *o)
{
    AUTO_CONNECTION struct connection c = {0};
    struct source source;
    int rc = source_parse(o->arguments[0], &source);
    if (rc == 0)
        rc = source_need_key(&source, false);
    if (rc == 0)
        rc = connection_open(&c, o, &source, CONNECTION_LIST);
    return rc < 0 ? rc : inform(&c, o, &source);
}
