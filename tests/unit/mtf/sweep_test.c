// Hostile bytes: every truncation and every changed byte of both ends of a backup, read right
// before memory that is not mapped. Nothing may be read further, and what is told must be sound.
#include "mtf/block.h"
#include "mtf/walk.h"
#include "tests/unit/mtf/files.h"

#include <sys/mman.h>

// Room whose end is a wall.
struct wall {
    uint8_t *start, *end;
    size_t mapped;
};

static struct wall wall_new(size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (len + page - 1) / page * page;
    struct wall w = {.mapped = room + page};
    w.start = mmap(NULL, w.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(w.start != MAP_FAILED);
    assert_int_equal(mprotect(w.start + room, page, PROT_NONE), 0);
    w.end = w.start + room;
    return w;
}

static uint8_t *wall_put(const struct wall *w, const uint8_t *data, size_t len)
{
    memcpy(w->end - len, data, len);
    return w->end - len;
}

static void must_be_text(const char *text, size_t size)
{
    assert_true(strnlen(text, size) < size);
    for (const char *p = text; *p != '\0'; p++)
        assert_true((unsigned char)*p >= 0x20 && *p != 0x7F);
}

static void must_be_sound(const struct mtf_info *info, uint64_t size)
{
    const struct mtf_set *sets[] = {&info->first, &info->last};
    for (size_t i = 0; i < 2; i++) {
        must_be_text(sets[i]->name, sizeof sets[i]->name);
        must_be_text(sets[i]->user, sizeof sets[i]->user);
        must_be_text(sets[i]->machine, sizeof sets[i]->machine);
        must_be_text(sets[i]->database, sizeof sets[i]->database);
        must_be_text(sets[i]->server, sizeof sets[i]->server);
        assert_true(sets[i]->type == 0 || (sets[i]->type >= 'A' && sets[i]->type <= 'Z'));
    }
    must_be_text(info->media.software, sizeof info->media.software);
    assert_true(info->media.filemark_size <= MTF_FILEMARK_MAX);
    assert_true(info->media.stripe <= info->media.stripes);
    assert_true(info->damage.why == NULL || info->damage.offset <= size + MTF_FILEMARK_MAX);
    assert_true(info->state == MTF_FINISHED || info->data_end == 0);
    assert_true(info->data_end < size);
}

struct ends {
    struct buf file;
    struct wall wall;
    struct mtf_info *info, *whole; // of this reading; of the file as it is
    size_t head, tail;
};

static void read_head(struct ends *e, const uint8_t *data, size_t len)
{
    mtf_read_head(e->info, wall_put(&e->wall, data, len), len);
    must_be_sound(e->info, e->file.len);
}

static void read_tail(struct ends *e, const uint8_t *data, size_t len)
{
    *e->info = *e->whole; // as after a reading of its head
    mtf_read_tail(e->info, wall_put(&e->wall, data, len), len, e->file.len - len);
    must_be_sound(e->info, e->file.len);
}

static void ends_init(struct ends *e, const char *options)
{
    file_make(&e->file, options);
    e->wall = wall_new(MTF_TAIL_BYTES);
    e->info = malloc(sizeof *e->info);
    e->whole = malloc(sizeof *e->whole);
    assert_true(e->info != NULL && e->whole != NULL);
    file_read(&e->file, e->whole);
    assert_int_equal(e->whole->state, MTF_FINISHED);
    assert_true(e->whole->first.has_details && e->whole->last.has_details);
    e->head = 5000; // the whole front, and what matters of the tail
    e->tail = e->file.len - (size_t)e->whole->data_end + 8192;
    if (e->whole->media.filemark_size > 512)
        e->head = MTF_HEAD_BYTES;
    assert_true(e->tail <= MTF_TAIL_BYTES);
}

static void ends_clear(struct ends *e)
{
    munmap(e->wall.start, e->wall.mapped);
    free(e->info);
    free(e->whole);
    buf_clear(&e->file);
}

static void every_truncation(struct ends *e)
{
    const uint8_t *data = bytes_of(&e->file);
    for (size_t len = 0; len <= e->head; len++) {
        read_head(e, data, len);
        assert_null(e->info->damage.why); // short, but not damaged
        // What the bytes do not hold is not told.
        assert_true(e->info->first.has_details || e->info->head_short || len == 0);
    }
    for (size_t len = 0; len <= e->tail; len++) {
        read_tail(e, data + e->file.len - len, len);
        assert_true(e->info->damage.why == NULL);
        assert_true(e->info->state != MTF_UNFINISHED); // as far as it can be seen
    }
}

// One byte of [from, to), which holds what is parsed, changed.
static void every_change(struct ends *e, size_t from, size_t to, bool tail)
{
    static const uint8_t CHANGES[] = {0x01, 0x80, 0xFF};
    uint8_t *data = (uint8_t *)e->file.data;
    for (size_t at = from; at < to; at++) {
        for (size_t i = 0; i < sizeof CHANGES; i++) {
            data[at] ^= CHANGES[i];
            if (tail)
                read_tail(e, data + e->file.len - e->tail, e->tail);
            else
                read_head(e, data, e->head);
            data[at] ^= CHANGES[i];
        }
    }
}

// Where nothing but zeros is for long, a change is like the one next to it.
static void every_change_where_something_is(struct ends *e, size_t from, size_t to, bool tail)
{
    const uint8_t *data = bytes_of(&e->file);
    static const uint8_t ZEROS[64];
    for (size_t at = from; at < to; at += sizeof ZEROS) {
        size_t len = to - at < sizeof ZEROS ? to - at : sizeof ZEROS;
        bool empty = memcmp(data + at, ZEROS, len) == 0;
        every_change(e, at, empty ? at + 1 : at + len, tail);
    }
}

static void sweep(const char *options)
{
    struct ends e = {0};
    ends_init(&e, options);
    every_truncation(&e);
    every_change_where_something_is(&e, 0, e.head, false);
    every_change_where_something_is(&e, e.file.len - e.tail, e.file.len, true);
    ends_clear(&e);
}

static void an_uncompressed_file_may_be_damaged_anywhere(void **state)
{
    (void)state;
    sweep("--size 1048064 --filemark 512 --checksum");
}

static void a_file_of_4096_byte_filemarks_may_be_damaged_anywhere(void **state)
{
    (void)state;
    sweep("--size 1M,256K --type full,diff");
}

static void a_compressed_file_may_be_damaged_anywhere(void **state)
{
    (void)state;
    sweep("--size 1048064 --filemark 512 --compress");
}

// A header with a changed byte is never taken for the one it was.
static void no_changed_header_is_accepted(void **state)
{
    (void)state;
    CLEANUP(buf_clear) struct buf file;
    file_make(&file, "--size 1M");
    uint8_t *data = (uint8_t *)file.data;
    struct mtf_bytes b = {data, file.len, 0};
    struct mtf_block block;
    struct mtf_stream stream;
    static const size_t BLOCKS[] = {0, 0x1000, 0x2000, 0x2400, 0x2800};
    for (size_t i = 0; i < sizeof BLOCKS / sizeof *BLOCKS; i++) {
        for (size_t at = 0; at < MTF_BLOCK_HEADER * 8; at++) {
            uint8_t bit = (uint8_t)(1 << at % 8);
            data[BLOCKS[i] + at / 8] ^= bit;
            assert_int_equal(mtf_block_parse(&b, BLOCKS[i], &block), MTF_BAD);
            data[BLOCKS[i] + at / 8] ^= bit;
        }
    }
    for (size_t at = 0; at < MTF_STREAM_HEADER * 8; at++) {
        data[0x2838 + at / 8] ^= (uint8_t)(1 << at % 8);
        assert_int_equal(mtf_stream_parse(&b, 0x2838, &stream), MTF_BAD);
        data[0x2838 + at / 8] ^= (uint8_t)(1 << at % 8);
    }
}

// ---- the walk ----

static void set_must_be_sound(void *context, const struct mtf_set *set, bool finished)
{
    uint32_t *told = context;
    *told += finished;
    must_be_text(set->name, sizeof set->name);
    must_be_text(set->database, sizeof set->database);
    assert_true(set->type == 0 || (set->type >= 'A' && set->type <= 'Z'));
}

// In two pieces that meet at `cut`; each stands right before memory that is not mapped.
static enum mtf_verdict walk_at_the_wall(const struct wall *wall, const uint8_t *data, size_t len,
                                         size_t cut)
{
    uint32_t told = 0;
    CLEANUP(mtf_walk_freep) struct mtf_walk *w = mtf_walk_new(set_must_be_sound, &told);
    assert_non_null(w);
    mtf_walk_feed(w, wall_put(wall, data, cut), cut);
    mtf_walk_feed(w, wall_put(wall, data + cut, len - cut), len - cut);
    mtf_walk_end(w);
    const struct mtf_report *r = mtf_walk_report(w);
    assert_int_equal(r->size, len);
    assert_true(r->damage.offset <= len && r->closed_end <= len && r->trailing <= len);
    assert_true(r->sound_end <= r->closed_end && r->sound_sets <= r->sets);
    assert_true(r->summed_bytes <= r->data_bytes && told <= r->sets);
    assert_true((r->damages > 0) == (r->damage.why != NULL));
    return mtf_walk_verdict(w);
}

// A bit of every byte, where something is, and of every 64th elsewhere; data in the middle need
// fewer.
static void sweep_walk(const char *options, bool all_is_covered)
{
    CLEANUP(buf_clear) struct buf file;
    file_make(&file, options);
    uint8_t *data = (uint8_t *)file.data;
    struct wall wall = wall_new(file.len);
    size_t step = 1;
    assert_int_equal(walk_at_the_wall(&wall, data, file.len, file.len / 2), MTF_VERDICT_OK);
    for (size_t at = 0; at < file.len; at += step) {
        bool end = at < 8192 || at + 8192 > file.len;
        step = end ? (data[at] != 0 ? 1 : 61) : 4093;
        data[at] ^= (uint8_t)(1 << at % 8);
        enum mtf_verdict verdict = walk_at_the_wall(&wall, data, file.len, at);
        data[at] ^= (uint8_t)(1 << at % 8);
        if (all_is_covered && at >= 0x600 && !end)
            assert_int_equal(verdict, MTF_VERDICT_DAMAGED);
    }
    for (size_t len = 0; len < file.len; len += len < 2048 ? 1 : 1021)
        assert_true(walk_at_the_wall(&wall, data, len, len / 3) < MTF_VERDICT_NOT_PROVED);
    munmap(wall.start, wall.mapped);
}

static void a_walk_may_meet_damage_anywhere(void **state)
{
    (void)state;
    sweep_walk("--size 128K --round --type log --filemark 512 --checksum", true);
}

static void a_walk_of_a_compressed_file_may_meet_damage_anywhere(void **state)
{
    (void)state;
    sweep_walk("--size 128K --round --type log --filemark 512 --compress", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_uncompressed_file_may_be_damaged_anywhere),
        cmocka_unit_test(a_file_of_4096_byte_filemarks_may_be_damaged_anywhere),
        cmocka_unit_test(a_compressed_file_may_be_damaged_anywhere),
        cmocka_unit_test(no_changed_header_is_accepted),
        cmocka_unit_test(a_walk_may_meet_damage_anywhere),
        cmocka_unit_test(a_walk_of_a_compressed_file_may_meet_damage_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
