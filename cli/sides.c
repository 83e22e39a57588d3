#include "cli/sides.h"

#include "cli/probe_once.h"
#include "cli/shown.h"
#include "common/err.h"
#include "s3/kms.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_MIN (64ull << 20) // a reader and a writer at S3's smallest part, and some to spare
#define PART_SHARE 6             // a third of the half; see volume_config_check

static int show(struct side *side)
{
    AUTO_FREE char *key = shown_name(side->place.key);
    if (key == NULL || asprintf(&side->shown, "s3://%s/%s", side->place.bucket, key) < 0) {
        side->shown = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    return 0;
}

static int take_place(struct side *side, const char *address, bool new_object)
{
    int rc = source_parse(address, &side->place);
    if (rc == 0)
        rc = source_need_key(&side->place, new_object);
    return rc == 0 ? show(side) : rc;
}

static uint64_t or_default(uint64_t given, uint64_t fallback)
{
    return given != OPTION_UNSET ? given : fallback;
}

static int share_memory(struct sides *s)
{
    struct volume_config defaults;
    volume_config_defaults(&defaults);
    uint64_t limit = or_default(s->given->memory_limit, defaults.memory_limit);
    if (limit < MEMORY_MIN)
        return err_set(-EINVAL, "--memory-limit: at least %" PRIu64 "MiB, half of it for each side",
                       (uint64_t)MEMORY_MIN >> 20);
    if (or_default(s->given->part_size, defaults.part_size) > limit / PART_SHARE)
        return err_set(-EINVAL, "--part-size must not be over a sixth of --memory-limit, half of "
                                "which is for each side: lower one or raise the other");
    s->from.options.memory_limit = s->to.options.memory_limit = limit / 2;
    return 0;
}

// What concerns writing is not the source's, so that no mistake in it is told twice.
static void make_source_options(struct sides *s)
{
    struct options *o = &s->from.options;
    *o = *s->given;
    o->format = NULL;
    o->part_size = o->part_min = o->hold_size = o->file_size_max = OPTION_UNSET;
}

static void override(char **field, char *value)
{
    if (value != NULL)
        *field = value;
}

// What concerns reading is not the target's: it reads back what was just written, under its key.
static void make_target_options(struct sides *s, char *to_key)
{
    const struct options *given = s->given;
    struct options *o = &s->to.options;
    *o = *given;
    o->kms_key_id = to_key;
    o->decrypt_keys.count = o->key_files.count = 0;
    o->read_formats = NULL;
    override(&o->profile, given->dst_profile);
    if (given->dst_profile != NULL) // it is for DST's key too
        o->kms_profile = NULL;
    override(&o->region, given->to_region);
    override(&o->endpoint_url, given->dst_endpoint_url);
    override(&o->kms_endpoint_url, given->dst_kms_endpoint_url);
}

// With a key of its own, DST's region is that key's unless it is given.
static int choose_region(struct sides *s, const char *option, const char *to_key)
{
    struct kms_arn key;
    int rc = kms_arn_parse(to_key, &key);
    if (rc < 0)
        return err_prefix(rc, "%s", option);
    if (s->given->to_region != NULL && strcmp(s->given->to_region, key.region) != 0 &&
        !s->given->allow_cross_region_key)
        return err_set(-EINVAL,
                       "%s: the key is in %s but --to-region is %s: RDS restores only within one "
                       "region; correct one, or add --allow-cross-region-key",
                       option, key.region, s->given->to_region);
    if (s->given->to_region == NULL && s->given->to_key != NULL) {
        snprintf(s->to.region, sizeof s->to.region, "%s", key.region);
        s->to.options.region = s->to.region;
    }
    return 0;
}

int sides_init(struct sides *s, const struct options *o, const char *to_key_option, char *to_key)
{
    *s = (struct sides){.given = o};
    int rc = take_place(&s->from, o->arguments[0], false);
    if (rc == 0)
        rc = take_place(&s->to, o->arguments[1], true);
    if (rc == 0 && to_key == NULL)
        rc = err_set(-EINVAL, "%s: missing, so nothing could be encrypted; give the key's ARN",
                     to_key_option);
    if (rc < 0)
        return rc;
    make_source_options(s);
    make_target_options(s, to_key);
    rc = choose_region(s, to_key_option, to_key);
    return rc == 0 ? share_memory(s) : rc;
}

int sides_open_source(struct sides *s, enum connection_use use)
{
    return connection_open(&s->from.connection, &s->from.options, &s->from.place, use);
}

int sides_open_target(struct sides *s, const struct format *format)
{
    snprintf(s->to.format, sizeof s->to.format, "%s", format->name);
    s->to.options.format = s->to.format;
    int rc = connection_open(&s->to.connection, &s->to.options, &s->to.place, CONNECTION_PUT);
    if (rc == 0)
        rc = probe_object_lock(&s->to.connection, &s->to.place);
    return rc < 0 ? err_prefix(rc, "DST") : 0;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

// AWS's bucket names are unique in all regions.
bool sides_are_one_object(const struct sides *s)
{
    return strcmp(s->from.place.bucket, s->to.place.bucket) == 0 &&
           strcmp(s->from.place.key, s->to.place.key) == 0 &&
           same_text(s->from.connection.s3_url, s->to.connection.s3_url);
}

void sides_close(struct sides *s)
{
    connection_close(&s->from.connection);
    connection_close(&s->to.connection);
    free(s->from.shown);
    free(s->to.shown);
    *s = (struct sides){0};
}
