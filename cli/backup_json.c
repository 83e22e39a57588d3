// See backup_show.h: the members for programs. Times are the server's local time; the set's
// time_zone says how far from UTC that is.
#include "cli/backup_show.h"

#include <stdio.h>

void json_add_lsn(struct json_t *object, const char *name, const struct mtf_lsn *lsn)
{
    char text[MTF_LSN_TEXT];
    mtf_lsn_format(lsn, text); // more digits than a number of JSON carries
    json_add_text(object, name, text);
}

void json_add_date(struct json_t *object, const char *name, const struct mtf_date *date)
{
    char text[MTF_DATE_TEXT];
    mtf_date_format(date, text);
    json_add_text(object, name, text[0] != '\0' ? text : NULL);
}

static void add_guid(struct json_t *object, const char *name, const struct mtf_guid *guid)
{
    char text[MTF_GUID_TEXT];
    mtf_guid_format(guid, text);
    json_add_text(object, name, text);
}

static void add_name(struct json_t *object, const char *name, const char *text)
{
    json_add_text(object, name, text[0] != '\0' ? text : NULL);
}

struct json_t *json_media(const struct mtf_media *media)
{
    struct json_t *json = json_new();
    add_guid(json, "media_set", &media->set_id);
    json_add_number(json, "family", media->family_id);
    json_add_number(json, "stripe", media->stripe);
    json_add_number(json, "stripes", media->stripes);
    json_add_number(json, "filemark_bytes", media->filemark_size);
    json_add_date(json, "formatted", &media->formatted);
    add_name(json, "software", media->software);
    json_add_bool(json, "password", media->has_password);
    return json;
}

static void add_details(struct json_t *json, const struct mtf_set *set)
{
    char version[32];
    snprintf(version, sizeof version, "%u.%u.%u", (unsigned)set->software_major,
             (unsigned)set->software_minor, (unsigned)set->software_build);
    json_add_text(json, "type", mtf_type_name(set->type));
    add_name(json, "database", set->database);
    add_name(json, "server", set->server);
    json_add_text(json, "server_version", version);
    json_add_number(json, "database_version", set->database_version);
    json_add_number(json, "compatibility", set->compatibility);
    json_add_text(json, "recovery_model", recovery_name(set->recovery));
    json_add_bool(json, "checksums", set->checksums);
    json_add_date(json, "started", &set->started);
    json_add_date(json, "finished", &set->finished);
    json_add_lsn(json, "first_lsn", &set->first_lsn);
    json_add_lsn(json, "last_lsn", &set->last_lsn);
    json_add_lsn(json, "checkpoint_lsn", &set->checkpoint_lsn);
    json_add_lsn(json, "database_backup_lsn", &set->database_backup_lsn);
    if (set->type == 'I') {
        json_add_lsn(json, "differential_base_lsn", &set->differential_base_lsn);
        add_guid(json, "differential_base", &set->differential_base_guid);
    }
    json_add_number(json, "backup_bytes", set->backup_size);
    json_add_number(json, "compressed_bytes", set->packed_size);
}

struct json_t *json_set(const struct mtf_set *set)
{
    struct json_t *json = json_new();
    json_add_number(json, "number", set->number);
    add_guid(json, "set", &set->guid);
    json_add_bool(json, "final", set->is_final);
    add_name(json, "name", set->name);
    add_name(json, "user", set->user);
    add_name(json, "machine", set->machine);
    json_add_number(json, "offset", set->address);
    char zone[16];
    zone_format(set->time_zone, zone);
    json_add_text(json, "time_zone", zone[0] != '\0' ? zone : NULL);
    if (set->has_details)
        add_details(json, set);
    return json;
}

struct json_t *json_backup(const struct backup *b)
{
    const struct mtf_info *info = &b->info;
    struct json_t *json = json_new();
    json_add_text(json, "kind", backup_kind_name(info));
    if (info->kind == MTF_PLAIN || info->kind == MTF_PACKED) {
        struct json_t *sets = json_list();
        json_add_bool(json, "finished", info->state == MTF_FINISHED);
        json_add_bool(json, "compressed", info->packed);
        json_add_bool(json, "encrypted_by_sql_server", info->encrypted);
        json_add_bool(json, "old_layout", info->old_packed);
        if (info->media.known)
            json_add(json, "media", json_media(&info->media));
        json_add_number(json, "sets_left_out", b->left_out);
        for (size_t i = 0; i < b->count; i++)
            json_append(sets, json_set(&b->sets[i]));
        json_add(json, "sets", sets);
    }
    if (info->damage.why != NULL) {
        struct json_t *damage = json_new();
        json_add_text(damage, "what", info->damage.why);
        json_add_number(damage, "offset", info->damage.offset);
        json_add(json, "damage", damage);
    }
    return json;
}
