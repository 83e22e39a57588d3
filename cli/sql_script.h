// The T-SQL of one backup or restore, for SQL Server over a mount and for RDS. Pure; the scripts
// hold only texts that sql_check_text has passed.
#ifndef CLI_SQL_SCRIPT_H
#define CLI_SQL_SCRIPT_H

#include "cli/sql_text.h"

#define SQL_SCRIPT_MAX (1u << 20) // 65 objects, each named a few times, and room

enum sql_type { SQL_FULL, SQL_DIFFERENTIAL, SQL_LOG };
// "full", "differential", "log" (NULL: full). -EINVAL.
int sql_type_parse(const char *text, enum sql_type *out) MUST_CHECK;

// All borrowed.
struct sql_plan {
    bool restore; // else backup
    enum sql_type type;
    const char *database;
    const struct source *objects; // stripes of one backup; of SQL_LOG restores: one log each
    size_t count;                 // at least 1
    const struct sql_mount *mount;
    const char *key_arn;   // NULL: without client-side encryption
    const char *partition; // "aws"
    unsigned files;        // rds_backup_database's @number_of_files
    bool norecovery;
};

// Each appends a script. -EINVAL with a text (an object is not under the mount), -ENOMEM, -EIO.
int sql_add_server_script(struct buf *b, const struct sql_plan *p) MUST_CHECK;
int sql_add_rds_script(struct buf *b, const struct sql_plan *p) MUST_CHECK;

// Appends the key of the ARN that RDS is given for the whole set: the object's, or what all begin
// with and an asterisk (of a backup: and what their names end with).
int sql_add_rds_key(struct buf *b, const struct sql_plan *p) MUST_CHECK;

#endif
