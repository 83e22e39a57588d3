// Names in T-SQL and in ARNs, and where an object is on a mount. Pure.
//
// T-SQL knows one escape each: ' is doubled in a literal, ] in a bracketed identifier. What no
// escape helps (control characters, what turns the direction of text, broken UTF-8) is refused:
// the script is read by people on terminals before it is run.
#ifndef CLI_SQL_TEXT_H
#define CLI_SQL_TEXT_H

#include "cli/source.h"
#include "common/buf.h"

#define SQL_NAME_MAX 128 // sysname: UTF-16 units of an identifier

// Each appends. -ENOMEM, -EIO: the buffer is full.
int sql_add_literal(struct buf *b, const char *text) MUST_CHECK;    // N'it''s'
int sql_add_identifier(struct buf *b, const char *name) MUST_CHECK; // [a]]b]

// 0, or -EINVAL with a text: what is a name of (the text begins with it) has something that no
// script may hold.
int sql_check_text(const char *what, const char *text) MUST_CHECK;
// The same, and what SQL Server demands of a database's name.
int sql_check_database(const char *name) MUST_CHECK;

// Where objects are mounted: --mountpoint [s3://BUCKET/PREFIX=]DIR. Without the first part it is
// the folder of the first object.
struct sql_mount {
    struct source source; // key is "" or ends in '/'
    char *directory;      // owned; without a last separator
    bool is_windows;      // a UNC path or a drive: separators are backslashes
};
int sql_mount_parse(const char *value, const struct source *object,
                    struct sql_mount *out) MUST_CHECK;
void sql_mount_clear(struct sql_mount *m);
#define AUTO_SQL_MOUNT CLEANUP(sql_mount_clear)

// Appends the object's path there. -EINVAL with a text if it is not under the mount or has a name
// that Windows does not allow.
int sql_add_path(struct buf *b, const struct sql_mount *m, const struct source *object) MUST_CHECK;

// Appends arn:PARTITION:s3:::BUCKET/KEY.
int sql_add_arn(struct buf *b, const char *partition, const char *bucket,
                const char *key) MUST_CHECK;
// "aws", "aws-cn", "aws-us-gov", "aws-eusc": of a region (NULL: "aws").
const char *sql_partition_of(const char *region);

// Bytes that all keys begin with, whole characters only. count is at least 1.
size_t sql_common_prefix(const struct source *objects, size_t count);

#endif
