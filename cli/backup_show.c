// See backup_show.h: the lines for people.
#include "cli/backup_show.h"

#include <inttypes.h>
#include <stdio.h>

void show_label(const char *label)
{
    printf("  %-*s", SHOW_COLUMN, label);
}

const char *backup_kind_name(const struct mtf_info *info)
{
    switch (info->kind) {
    case MTF_PLAIN:
    case MTF_PACKED:
        return "sql-server";
    case MTF_OTHER:
        return "other-tape-format";
    case MTF_UNDECIDED:
    case MTF_NOT_A_BACKUP:
        break;
    }
    return "none";
}

const char *recovery_name(enum mtf_recovery recovery)
{
    switch (recovery) {
    case MTF_RECOVERY_FULL:
        return "FULL";
    case MTF_RECOVERY_BULK:
        return "BULK_LOGGED";
    case MTF_RECOVERY_SIMPLE:
        return "SIMPLE";
    case MTF_RECOVERY_UNKNOWN:
        break;
    }
    return "unknown";
}

// ---- a set ----

static const char *or_none(const char *text)
{
    return text[0] != '\0' ? text : "(none)";
}

static void show_line(int indent, const char *label)
{
    printf("%*s%-*s", indent, "", SHOW_COLUMN, label);
}

void zone_format(int8_t quarters, char out[static ZONE_TEXT])
{
    int minutes = quarters * 15;
    int size = minutes < 0 ? -minutes : minutes;
    out[0] = '\0';
    if (quarters != 127)
        snprintf(out, ZONE_TEXT, "%c%02d:%02d", minutes < 0 ? '-' : '+', size / 60, size % 60);
}

static void show_times(const struct mtf_set *set, int indent)
{
    char started[MTF_DATE_TEXT], finished[MTF_DATE_TEXT], zone[ZONE_TEXT];
    mtf_date_format(&set->started, started);
    mtf_date_format(&set->finished, finished);
    show_line(indent, "time");
    printf("%s to %s", or_none(started), finished[0] != '\0' ? finished : "(not finished)");
    zone_format(set->time_zone, zone);
    printf(" %s\n", zone[0] != '\0' ? zone : "(local time)");
}

static void show_lsn(const char *name, const struct mtf_lsn *lsn)
{
    char text[MTF_LSN_TEXT];
    mtf_lsn_format(lsn, text);
    printf("%s %s", name, text);
}

static void show_lsns(const struct mtf_set *set, int indent)
{
    show_line(indent, "LSN");
    show_lsn("first", &set->first_lsn);
    show_lsn(", last", &set->last_lsn);
    show_lsn(", checkpoint", &set->checkpoint_lsn);
    show_lsn(", of the last full backup", &set->database_backup_lsn);
    putchar('\n');
    if (set->type != 'I')
        return;
    char guid[MTF_GUID_TEXT];
    mtf_guid_format(&set->differential_base_guid, guid);
    show_line(indent, "based on");
    printf("%s", guid);
    show_lsn(", checkpoint", &set->differential_base_lsn);
    putchar('\n');
}

static void show_sizes(const struct mtf_set *set, int indent)
{
    show_line(indent, "size");
    printf("%" PRIu64 " bytes", set->backup_size);
    if (set->packed_size != 0 && set->packed_size != set->backup_size)
        printf(", compressed %" PRIu64, set->packed_size);
    printf("%s\n", set->is_final ? "" : " (estimated)");
}

void show_set(const struct mtf_set *set, int indent)
{
    char guid[MTF_GUID_TEXT];
    mtf_guid_format(&set->guid, guid);
    show_line(indent, "name");
    printf("%s, by %s on %s\n", or_none(set->name), or_none(set->user), or_none(set->machine));
    if (set->has_details) {
        show_line(indent, "database");
        printf("%s on %s, recovery model %s, version %u, compatibility %u\n",
               or_none(set->database), or_none(set->server), recovery_name(set->recovery),
               (unsigned)set->database_version, (unsigned)set->compatibility);
        show_times(set, indent);
        show_lsns(set, indent);
        show_sizes(set, indent);
    }
    show_line(indent, "set id");
    printf("%s, SQL Server %u.%u.%u%s\n", guid, (unsigned)set->software_major,
           (unsigned)set->software_minor, (unsigned)set->software_build,
           set->checksums ? ", with checksums" : "");
}

// ---- a file ----

static void show_media(const struct mtf_media *media)
{
    char guid[MTF_GUID_TEXT], date[MTF_DATE_TEXT];
    if (!media->known)
        return;
    mtf_guid_format(&media->set_id, guid);
    mtf_date_format(&media->formatted, date);
    show_label("media set");
    printf("%s, family %08" PRIX32, guid, media->family_id);
    if (media->stripes > 0)
        printf(", stripe %u of %u", (unsigned)media->stripe, (unsigned)media->stripes);
    printf(", formatted %s%s\n", or_none(date), media->has_password ? ", with a password" : "");
    if (media->stripes > 1) {
        show_label("");
        puts("this file alone cannot be restored: all stripes are needed");
    }
}

static void show_state(const struct mtf_info *info)
{
    show_label("backup");
    printf("SQL Server, %s",
           info->state == MTF_FINISHED ? "finished" : "NOT FINISHED (no final filemark)");
    if (info->state == MTF_FINISHED)
        printf(", %" PRIu32 " set%s", info->sets, info->sets == 1 ? "" : "s");
    if (info->packed)
        fputs(", compressed", stdout);
    if (info->encrypted)
        fputs(", encrypted by SQL Server: names and times cannot be read without its key", stdout);
    if (info->old_packed)
        fputs(", compressed by SQL Server 2008 to 2012, whose layout is not read", stdout);
    putchar('\n');
}

static void show_no_backup(const struct backup *b)
{
    show_label("backup");
    if (b->info.kind == MTF_OTHER)
        puts("none of SQL Server's: tape format of another program");
    else
        puts("none: the content does not begin as a SQL Server backup does");
}

void show_backup(const struct backup *b)
{
    const struct mtf_info *info = &b->info;
    if (info->kind != MTF_PLAIN && info->kind != MTF_PACKED) {
        show_no_backup(b);
    } else {
        show_state(info);
        show_media(&info->media);
    }
    if (b->left_out > 0) {
        show_label("older sets");
        printf("%" PRIu32 " that are not described here\n", b->left_out);
    }
    for (size_t i = 0; i < b->count; i++) {
        const struct mtf_set *set = &b->sets[i];
        printf("  set %-*u%s%s\n", SHOW_COLUMN - 4, (unsigned)set->number,
               set->has_details ? mtf_type_name(set->type) : "backup",
               set->is_final ? "" : ", as it was at its start");
        show_set(set, 4);
    }
    if (info->damage.why != NULL) {
        show_label("DAMAGED");
        printf("%s, at byte %" PRIu64 "\n", info->damage.why, info->damage.offset);
    }
}
