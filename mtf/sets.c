// The blocks that tell of the medium and of a backup set, and the set map at the end. See block.h.
#include "mtf/block.h"

#include <string.h>

#define VOLUMES_MAX 1024 // entries of one set in the set map; SQL Server writes one

static bool damaged(struct mtf_damage *damage, uint64_t offset, const char *why)
{
    if (damage->why == NULL)
        *damage = (struct mtf_damage){why, offset};
    return false;
}

// ---- TAPE ----

// Which stripe of how many: SQL Server's own stream after the media header.
static void raid_parse(const struct mtf_bytes *b, uint64_t at, const struct mtf_block *block,
                       struct mtf_media *out)
{
    struct mtf_stream raid;
    uint64_t end;
    if (mtf_block_stream(b, at, block, "RAID", &raid, &end) != MTF_GOT || raid.len < 26 ||
        !mtf_has(b, raid.data, 26))
        return;
    uint16_t stripes = mtf_u16(b, raid.data + 20);
    uint16_t stripe = mtf_u16(b, raid.data + 24);
    mtf_guid_parse(b, raid.data, &out->set_id);
    out->mirrors = mtf_u16(b, raid.data + 22);
    if (stripe >= 1 && stripe <= stripes) { // no checksum covers these
        out->stripe = stripe;
        out->stripes = stripes;
    }
}

bool mtf_media_parse(const struct mtf_bytes *b, uint64_t at, const struct mtf_block *block,
                     struct mtf_media *out, struct mtf_damage *damage)
{
    struct mtf_bytes whole = mtf_part(b, at, block->first_event);
    uint64_t offset = b->offset + at;
    if (block->first_event < 94)
        return damaged(damage, offset, "the media header is too short");
    *out = (struct mtf_media){
        .known = true,
        .family_id = mtf_u32(&whole, 52),
        .filemark_size = (uint32_t)mtf_u16(&whole, 64) * MTF_SECTOR,
        .block_size = mtf_u16(&whole, 84),
        .vendor = mtf_u16(&whole, 86),
        .has_password = mtf_u16(&whole, 62) != 0,
        .formatted = mtf_date_parse(&whole, 88),
    };
    mtf_text_at(&whole, 80, out->software, sizeof out->software);
    raid_parse(b, at, block, out);
    if ((mtf_u32(&whole, 56) & 1) == 0 || !mtf_filemark_size_is_valid(out->filemark_size)) {
        out->filemark_size = 0;
        return damaged(damage, offset, "the media header tells no size of filemarks");
    }
    return true;
}

// ---- SSET, VOLB, ESET ----

void mtf_set_header_parse(const struct mtf_bytes *b, uint64_t at, struct mtf_set *out)
{
    struct mtf_bytes whole = mtf_part(b, at, mtf_u16(b, at + 8));
    out->has_header = true;
    out->number = mtf_u16(&whole, 62);
    out->address = mtf_u64(&whole, 80);
    out->written = mtf_date_parse(&whole, 88);
    out->software_major = mtf_u8(&whole, 93);
    out->software_minor = mtf_u8(&whole, 94);
    out->time_zone = (int8_t)mtf_u8(&whole, 95);
    mtf_text_at(&whole, 64, out->name, sizeof out->name);
    mtf_text_at(&whole, 76, out->user, sizeof out->user);
    if (mtf_u16(&whole, 44) >= sizeof out->guid.bytes)
        mtf_guid_parse(&whole, mtf_u16(&whole, 46), &out->guid);
}

void mtf_volume_parse(const struct mtf_bytes *b, uint64_t at, struct mtf_set *out)
{
    struct mtf_bytes whole = mtf_part(b, at, mtf_u16(b, at + 8));
    mtf_text_at(&whole, 64, out->machine, sizeof out->machine);
}

struct mtf_set_end mtf_set_end_parse(const struct mtf_bytes *b, uint64_t at)
{
    return (struct mtf_set_end){mtf_u64(b, at + 60), mtf_u16(b, at + 78)};
}

// ---- the set map ----

#define MAP_HEADER 8
#define MAP_ENTRY  92 // without its strings
#define MAP_VOLUME 62

bool mtf_map_start(struct mtf_map *map, struct mtf_bytes data)
{
    *map = (struct mtf_map){.data = data, .at = MAP_HEADER};
    if (!mtf_has(&data, 0, MAP_HEADER))
        return false;
    map->family = mtf_u32(&data, 0);
    map->count = map->left = mtf_u16(&data, 4);
    return true;
}

// The next entry of at least `least` bytes; empty where the map is damaged.
static struct mtf_bytes map_entry(struct mtf_map *map, uint16_t least)
{
    uint16_t len = mtf_u16(&map->data, map->at);
    if (len < least || !mtf_has(&map->data, map->at, len))
        return (struct mtf_bytes){0};
    struct mtf_bytes entry = mtf_part(&map->data, map->at, len);
    map->at += len;
    return entry;
}

bool mtf_map_next(struct mtf_map *map, struct mtf_set *out)
{
    struct mtf_bytes entry = map->left > 0 ? map_entry(map, MAP_ENTRY) : (struct mtf_bytes){0};
    if (entry.len == 0)
        return false;
    *out = (struct mtf_set){
        .has_header = true,
        .number = mtf_u16(&entry, 30),
        .address = mtf_u64(&entry, 12),
        .written = mtf_date_parse(&entry, 80),
        .size_bytes = mtf_u64(&entry, 52),
        .time_zone = (int8_t)mtf_u8(&entry, 85),
    };
    mtf_text_at(&entry, 64, out->name, sizeof out->name);
    mtf_text_at(&entry, 76, out->user, sizeof out->user);
    uint16_t volumes = mtf_u16(&entry, 60);
    for (unsigned i = 0; i < volumes; i++) {
        struct mtf_bytes volume = map_entry(map, MAP_VOLUME);
        if (volume.len == 0 || i >= VOLUMES_MAX)
            return false;
        if (i == 0)
            mtf_text_at(&volume, 48, out->machine, sizeof out->machine);
    }
    map->left--;
    return true;
}
