// What is known of a backup, for people and for programs. Texts of the file are safe to print as
// mtf/mtf.h gives them. One thread.
#ifndef CLI_BACKUP_SHOW_H
#define CLI_BACKUP_SHOW_H

#include "cli/backup_read.h"
#include "cli/json.h"

#define SHOW_COLUMN 12 // where the values of a listing begin, behind two blanks

// Lines "  label       value".
void show_label(const char *label);
void show_backup(const struct backup *b);
// One set: what it is, of what, from where, when, LSNs. indent in blanks.
void show_set(const struct mtf_set *set, int indent);

// The same as members: {"kind": ..., "finished": ..., "sets": [...]}. NULL: no memory.
struct json_t *json_backup(const struct backup *b);
struct json_t *json_media(const struct mtf_media *media);
struct json_t *json_set(const struct mtf_set *set);
void json_add_lsn(struct json_t *object, const char *name, const struct mtf_lsn *lsn);
void json_add_date(struct json_t *object, const char *name, const struct mtf_date *date);

const char *backup_kind_name(const struct mtf_info *info);
#define ZONE_TEXT 16
// "+01:00"; "" if it is not known. quarters of an hour east of UTC, as struct mtf_set has it.
void zone_format(int8_t quarters, char out[static ZONE_TEXT]);
const char *recovery_name(enum mtf_recovery recovery);

#endif
