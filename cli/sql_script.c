#include "cli/sql_script.h"

#include "common/err.h"

#include <assert.h>
#include <string.h>

int sql_type_parse(const char *text, enum sql_type *out)
{
    static const char *const NAMES[] = {"full", "differential", "log"};
    *out = SQL_FULL;
    for (size_t i = 0; i < 3 && text != NULL; i++) {
        if (strcmp(text, NAMES[i]) == 0) {
            *out = (enum sql_type)i;
            return 0;
        }
    }
    return text == NULL
               ? 0
               : err_set(-EINVAL, "--type: '%s' is unknown: use full, differential or log", text);
}

// A log is restored by a statement of its own; everything else is one set.
static bool is_sequence(const struct sql_plan *p)
{
    return p->restore && p->type == SQL_LOG;
}

// ---- SQL Server ----

// "<before> DISK = N'...',\n         DISK = N'...'" of objects [first, first + count).
static int add_disks(struct buf *b, const struct sql_plan *p, const char *before, size_t first,
                     size_t count)
{
    AUTO_BUF struct buf path;
    buf_init(&path, 8192);
    int rc = 0;
    for (size_t i = first; i < first + count && rc == 0; i++) {
        buf_reset(&path);
        rc = sql_add_path(&path, p->mount, &p->objects[i]);
        if (rc == 0)
            rc = buf_addf(b, "%s    %*s DISK = ", i > first ? ",\n" : "", (int)strlen(before),
                          i > first ? "" : before);
        if (rc == 0)
            rc = sql_add_literal(b, buf_str(&path));
    }
    return rc;
}

static int add_named(struct buf *b, const char *verb, const char *database)
{
    int rc = buf_addf(b, "%s ", verb);
    if (rc == 0)
        rc = sql_add_identifier(b, database);
    return rc == 0 ? buf_add_str(b, "\n") : rc;
}

static int add_server_backup(struct buf *b, const struct sql_plan *p)
{
    int rc = add_named(b, p->type == SQL_LOG ? "BACKUP LOG" : "BACKUP DATABASE", p->database);
    if (rc == 0)
        rc = add_disks(b, p, "TO", 0, p->count);
    return rc == 0 ? buf_addf(b, "\n    WITH %sCOMPRESSION, CHECKSUM, FORMAT, STATS = 5;\n",
                              p->type == SQL_DIFFERENTIAL ? "DIFFERENTIAL, " : "")
                   : rc;
}

static int add_look(struct buf *b, const struct sql_plan *p, const char *what, size_t first,
                    size_t count)
{
    int rc = buf_addf(b, "RESTORE %s\n", what);
    if (rc == 0)
        rc = add_disks(b, p, "FROM", first, count);
    return rc == 0 ? buf_add_str(b, ";\n") : rc;
}

static int add_server_restore(struct buf *b, const struct sql_plan *p, size_t first, size_t count)
{
    static const char *const LOOKS[] = {"VERIFYONLY", "HEADERONLY", "FILELISTONLY"};
    bool recovers = !p->norecovery && first + count == p->count;
    int rc = 0;
    for (size_t i = 0; i < 3 && rc == 0; i++)
        rc = add_look(b, p, LOOKS[i], first, count);
    if (rc == 0)
        rc = add_named(b, p->type == SQL_LOG ? "RESTORE LOG" : "RESTORE DATABASE", p->database);
    if (rc == 0)
        rc = add_disks(b, p, "FROM", first, count);
    return rc == 0
               ? buf_addf(b, "\n    WITH %s, STATS = 5;\n", recovers ? "RECOVERY" : "NORECOVERY")
               : rc;
}

static int add_server_finish(struct buf *b, const struct sql_plan *p)
{
    int rc = buf_add_str(b, "-- After the last restore: ");
    if (rc == 0)
        rc = buf_add_str(b, "RESTORE DATABASE ");
    if (rc == 0)
        rc = sql_add_identifier(b, p->database);
    return rc == 0 ? buf_add_str(b, " WITH RECOVERY;\n") : rc;
}

int sql_add_server_script(struct buf *b, const struct sql_plan *p)
{
    assert(p->count > 0);
    size_t step = is_sequence(p) ? 1 : p->count;
    int rc = buf_addf(b, "-- On SQL Server, where s3://%s/%s is mounted as %s\n",
                      p->mount->source.bucket, p->mount->source.key, p->mount->directory);
    if (rc == 0 && !p->restore)
        return add_server_backup(b, p);
    for (size_t i = 0; i < p->count && rc == 0; i += step)
        rc = add_server_restore(b, p, i, step);
    return rc == 0 && p->norecovery ? add_server_finish(b, p) : rc;
}

// ---- RDS ----

// "file.bak" as "file*.bak".
static int add_with_asterisk(struct buf *b, const char *key)
{
    const char *slash = strrchr(key, '/'), *dot = strrchr(key, '.');
    const char *name = slash != NULL ? slash + 1 : key;
    size_t head = dot != NULL && dot >= name ? (size_t)(dot - key) : strlen(key);
    if (strchr(name, '*') != NULL) // the user's own place for it
        return buf_add_str(b, key);
    return buf_addf(b, "%.*s*%s", (int)head, key, key + head);
}

// The extension that all names have; "": they have none in common.
static const char *common_extension(const struct sql_plan *p)
{
    const char *dot = strrchr(p->objects[0].key, '.');
    if (dot == NULL || strchr(dot, '/') != NULL)
        return "";
    for (size_t i = 1; i < p->count; i++) {
        const char *other = strrchr(p->objects[i].key, '.');
        if (other == NULL || strcmp(other, dot) != 0)
            return "";
    }
    return dot;
}

int sql_add_rds_key(struct buf *b, const struct sql_plan *p)
{
    if (p->count == 1)
        return p->restore || p->files <= 1 ? buf_add_str(b, p->objects[0].key)
                                           : add_with_asterisk(b, p->objects[0].key);
    size_t prefix = sql_common_prefix(p->objects, p->count);
    return buf_addf(b, "%.*s*%s", (int)prefix, p->objects[0].key,
                    p->restore ? "" : common_extension(p));
}

static int add_parameter(struct buf *b, const char *name, const char *text)
{
    int rc = buf_addf(b, "     @%s = ", name);
    return rc == 0 ? sql_add_literal(b, text) : rc;
}

// "exec PROCEDURE" and the parameters that all of them have; without the last comma.
static int add_call(struct buf *b, const struct sql_plan *p, const char *procedure,
                    const char *database_parameter, const char *arn_parameter, const char *key)
{
    AUTO_BUF struct buf arn;
    buf_init(&arn, 2048);
    int rc = sql_add_arn(&arn, p->partition, p->objects[0].bucket, key);
    if (rc == 0)
        rc = buf_addf(b, "exec msdb.dbo.%s\n", procedure);
    if (rc == 0)
        rc = add_parameter(b, database_parameter, p->database);
    if (rc == 0)
        rc = buf_add_str(b, ",\n");
    if (rc == 0)
        rc = add_parameter(b, arn_parameter, buf_str(&arn));
    if (rc == 0 && p->key_arn != NULL)
        rc = buf_add_str(b, ",\n");
    if (rc == 0 && p->key_arn != NULL)
        rc = add_parameter(b, "kms_master_key_arn", p->key_arn);
    return rc;
}

static int add_rds_backup(struct buf *b, const struct sql_plan *p, const char *key)
{
    if (p->type == SQL_LOG)
        return buf_add_str(b, "-- RDS makes no native backups of logs.\n");
    int rc = add_call(b, p, "rds_backup_database", "source_db_name", "s3_arn_to_backup_to", key);
    if (rc == 0)
        rc = buf_addf(b, ",\n     @overwrite_s3_backup_file = 0,\n     @type = N'%s'",
                      p->type == SQL_FULL ? "FULL" : "DIFFERENTIAL");
    if (rc < 0 || p->files <= 1)
        return rc < 0 ? rc : buf_add_str(b, ";\n");
    size_t head = strcspn(key, "*");
    rc = buf_addf(b, ",\n     @number_of_files = %u;\n", p->files);
    return rc == 0 ? buf_addf(b, "-- (it writes %.*s1-of-%u%s and so on)\n", (int)head, key,
                              p->files, key[head] == '*' ? key + head + 1 : "")
                   : rc;
}

static int add_rds_restore(struct buf *b, const struct sql_plan *p, const char *key)
{
    int rc =
        add_call(b, p, "rds_restore_database", "restore_db_name", "s3_arn_to_restore_from", key);
    return rc == 0 ? buf_addf(b, ",\n     @type = N'%s',\n     @with_norecovery = %d;\n",
                              p->type == SQL_FULL ? "FULL" : "DIFFERENTIAL", p->norecovery)
                   : rc;
}

static int add_rds_logs(struct buf *b, const struct sql_plan *p)
{
    int rc = 0;
    for (size_t i = 0; i < p->count && rc == 0; i++) {
        bool recovers = !p->norecovery && i + 1 == p->count;
        rc = add_call(b, p, "rds_restore_log", "restore_db_name", "s3_arn_to_restore_from",
                      p->objects[i].key);
        if (rc == 0)
            rc = buf_addf(b, ",\n     @with_norecovery = %d;\n", !recovers);
    }
    return rc;
}

static int add_rds_end(struct buf *b, const struct sql_plan *p)
{
    int rc = buf_add_str(b, "-- How far it is; ask again until lifecycle is SUCCESS or ERROR:\n"
                            "exec msdb.dbo.rds_task_status @db_name = ");
    if (rc == 0)
        rc = sql_add_literal(b, p->database);
    if (rc == 0)
        rc = buf_add_str(b, ";\n");
    if (rc < 0 || !p->restore || !p->norecovery)
        return rc;
    rc = buf_add_str(b, "-- After the last restore: exec msdb.dbo.rds_finish_restore @db_name = ");
    if (rc == 0)
        rc = sql_add_literal(b, p->database);
    return rc == 0 ? buf_add_str(b, ";\n") : rc;
}

int sql_add_rds_script(struct buf *b, const struct sql_plan *p)
{
    AUTO_BUF struct buf key;
    buf_init(&key, SOURCE_KEY_MAX + 2);
    int rc = sql_add_rds_key(&key, p);
    if (rc == 0)
        rc = buf_add_str(b, "-- On RDS\n");
    if (rc == 0 && (p->norecovery || p->type != SQL_FULL) && p->restore)
        rc = buf_add_str(b, "-- (not on a Multi-AZ instance: it restores full backups only, with "
                            "recovery)\n");
    if (rc == 0 && is_sequence(p))
        rc = add_rds_logs(b, p);
    else if (rc == 0)
        rc =
            p->restore ? add_rds_restore(b, p, buf_str(&key)) : add_rds_backup(b, p, buf_str(&key));
    return rc == 0 ? add_rds_end(b, p) : rc;
}
