// The walk of whole files: what sound ones prove, in pieces of any size, and what it says of
// damaged ones. The damages are those that a table of the format's description lists: cut, not
// trimmed, flipped, exchanged, a piece missing.
#include "mtf/packed.h"
#include "mtf/walk.h"
#include "tests/unit/mtf/files.h"

#define PLAIN   "--size 512K --type full,log --size 512K,256K"
#define CHECKED "--size 512512,262144 --type full,log --filemark 512 --checksum --round"
#define PACKED  "--size 512K,256K --type full,diff --compress"
#define STRIPE  "--size 512K --stripe 2/3 --checksum"

struct met { // what the walk told of sets
    uint32_t finished, unfinished;
    struct mtf_set last;
};

static void meet(void *context, const struct mtf_set *set, bool finished)
{
    struct met *met = context;
    met->finished += finished;
    met->unfinished += !finished;
    met->last = *set;
}

static struct mtf_walk *walk(const uint8_t *data, size_t len, size_t piece, struct met *met)
{
    memset(met, 0, sizeof *met);
    struct mtf_walk *w = mtf_walk_new(meet, met);
    assert_non_null(w);
    for (size_t at = 0; at < len; at += piece)
        mtf_walk_feed(w, data + at, len - at < piece ? len - at : piece);
    mtf_walk_end(w);
    return w;
}

static struct mtf_report report_of(const uint8_t *data, size_t len, size_t piece,
                                   enum mtf_verdict *verdict)
{
    struct met met;
    CLEANUP(mtf_walk_freep) struct mtf_walk *w = walk(data, len, piece, &met);
    *verdict = mtf_walk_verdict(w);
    if (!mtf_walk_report(w)->encrypted && mtf_walk_report(w)->damages == 0)
        assert_int_equal(met.finished, mtf_walk_report(w)->sets);
    return *mtf_walk_report(w);
}

static void expect_damage(const uint8_t *data, size_t len, const char *why, uint64_t offset)
{
    enum mtf_verdict verdict;
    struct met met;
    CLEANUP(mtf_walk_freep) struct mtf_walk *w = walk(data, len, 65536, &met);
    struct mtf_report r = *mtf_walk_report(w);
    verdict = mtf_walk_verdict(w);
    if (r.damage.why == NULL || strstr(r.damage.why, why) == NULL ||
        (offset != UINT64_MAX && r.damage.offset != offset))
        fail_msg("'%s' at %llu, not '%s' at %llu", r.damage.why ? r.damage.why : "(none)",
                 (unsigned long long)r.damage.offset, why, (unsigned long long)offset);
    assert_int_equal(verdict, MTF_VERDICT_DAMAGED);
}

// ---- sound files ----

static void sound_files_are_walked_to_their_last_filemark(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        enum mtf_verdict verdict;
        unsigned unproved;
        uint32_t sets;
        uint64_t sums;
        char type;
    } FILES[] = {
        {PLAIN, MTF_VERDICT_NOT_PROVED, MTF_UNPROVED_DATA, 2, 0, 'L'},
        {CHECKED, MTF_VERDICT_OK, 0, 2, 3, 'L'},
        {PACKED, MTF_VERDICT_OK, 0, 2, 0, 'I'},
        {PACKED " --checksum --filemark 512 --round", MTF_VERDICT_OK, 0, 2, 4, 'I'},
        {STRIPE, MTF_VERDICT_OK, 0, 1, 2, 'D'},
        {"--size 1M --filemark 2048", MTF_VERDICT_NOT_PROVED, MTF_UNPROVED_DATA, 1, 0, 'D'},
    };
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        CLEANUP(buf_clear) struct buf file;
        struct met met;
        file_make(&file, FILES[i].options);
        CLEANUP(mtf_walk_freep) struct mtf_walk *w = walk(bytes_of(&file), file.len, 1 << 20, &met);
        const struct mtf_report *r = mtf_walk_report(w);
        if (r->damage.why != NULL)
            fail_msg("%s: %s at %llu in %s", FILES[i].options, r->damage.why,
                     (unsigned long long)r->damage.offset, r->damage_block);
        assert_int_equal(mtf_walk_verdict(w), FILES[i].verdict);
        assert_int_equal(r->unproved, FILES[i].unproved);
        assert_int_equal(r->sets, FILES[i].sets);
        assert_int_equal(r->filemarks, 2 * FILES[i].sets + 1);
        assert_int_equal(r->sums, FILES[i].sums);
        assert_int_equal(r->sound_end, file.len);
        assert_int_equal(r->size, file.len);
        assert_int_equal(r->disorders, 0);
        assert_int_equal(met.finished, FILES[i].sets);
        assert_int_equal(met.unfinished, 0);
        assert_int_equal(met.last.type, FILES[i].type);
        assert_true(met.last.is_final && met.last.has_header);
        assert_string_equal(met.last.database, "SalesDb");
        assert_string_equal(met.last.user, "CORP\\svc_sql");
        assert_string_equal(met.last.machine, "DB01");
        assert_true(met.last.size_bytes > 0);
    }
}

static void pieces_of_any_size_give_the_same(void **state)
{
    (void)state;
    static const char *const FILES[] = {
        "--size 256K --round --type log --filemark 512 --checksum",
        "--size 256K --round --type log --compress",
    };
    static const size_t PIECES[] = {1,   2,   3,    4,    5,     7,     13,    21,   22,
                                    23,  24,  25,   27,   28,    29,    51,    52,   53,
                                    95,  96,  97,   479,  480,   481,   511,   512,  513,
                                    600, 997, 1024, 4096, 10007, 65535, 65536, 65537};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        CLEANUP(buf_clear) struct buf file;
        enum mtf_verdict verdict, expected;
        file_make(&file, FILES[i]);
        struct mtf_report whole = report_of(bytes_of(&file), file.len, file.len, &expected);
        assert_int_equal(expected, MTF_VERDICT_OK);
        for (size_t p = 0; p < sizeof PIECES / sizeof *PIECES; p++) {
            struct mtf_report r = report_of(bytes_of(&file), file.len, PIECES[p], &verdict);
            assert_int_equal(verdict, expected);
            assert_memory_equal(&r, &whole, sizeof r);
        }
    }
}

static void what_is_no_backup_is_said_to_be_none(void **state)
{
    (void)state;
    enum mtf_verdict verdict;
    uint8_t other[20000];
    for (size_t i = 0; i < sizeof other; i++)
        other[i] = (uint8_t)(i * 7 + i / 256);
    struct mtf_report r = report_of(other, sizeof other, 333, &verdict);
    assert_int_equal(r.kind, MTF_NOT_A_BACKUP);
    assert_int_equal(verdict, MTF_VERDICT_UNKNOWN);
    r = report_of(other, 0, 1, &verdict);
    assert_int_equal(r.kind, MTF_UNDECIDED);
    assert_int_equal(verdict, MTF_VERDICT_UNKNOWN);
    r = report_of((const uint8_t *)"TAPE", 4, 1, &verdict);
    assert_int_equal(verdict, MTF_VERDICT_UNKNOWN);
}

static void more_sets_than_a_filemark_lists_are_walked(void **state)
{
    (void)state;
    CLEANUP(buf_clear) struct buf file;
    char options[4096] = "--round --filemark 512 --type full,log --size 256K";
    for (unsigned i = 0; i < 59; i++)
        strcat(options, ",128K"); // check: allow - bounded by the loop
    enum mtf_verdict verdict;
    file_make(&file, options);
    struct mtf_report r = report_of(bytes_of(&file), file.len, 1 << 20, &verdict);
    assert_null(r.damage.why);
    assert_int_equal(r.sets, 60);
    assert_int_equal(verdict, MTF_VERDICT_NOT_PROVED);
}

// ---- damaged files ----

static void cut_files_are_not_whole(void **state)
{
    (void)state;
    static const char *const FILES[] = {CHECKED, PACKED};
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(buf_clear) struct buf file;
        struct mtf_info info;
        file_make(&file, FILES[i]);
        file_read(&file, &info);
        size_t mark = info.media.filemark_size;
        size_t first = (size_t)info.last.address; // the first set's end: a whole file
        enum mtf_verdict verdict;
        (void)report_of(bytes_of(&file), first, 4096, &verdict);
        assert_int_equal(verdict, MTF_VERDICT_OK);
        for (size_t len = MTF_RECOGNISE_BYTES; len < file.len; len += 8111) {
            if (len > first && len - first < 60)
                continue;
            expect_damage(bytes_of(&file), len, "unfinished, or cut short", len);
        }
        expect_damage(bytes_of(&file), file.len - 1, "cut short", file.len - 1);
        expect_damage(bytes_of(&file), file.len - mark, "cut short", UINT64_MAX);
        expect_damage(bytes_of(&file), (size_t)info.data_end + mark, "cut short", UINT64_MAX);
        expect_damage(bytes_of(&file), first + 1, "what follows the last filemark is", first);
    }
}

static void bytes_behind_the_end_are_counted(void **state)
{
    (void)state;
    static const char *const FILES[] = {CHECKED, PACKED};
    static const size_t MORE[] = {1, 20, 60, 4096, 70000};
    for (size_t i = 0; i < 10; i++) {
        CLEANUP(buf_clear) struct buf file;
        enum mtf_verdict verdict;
        file_make(&file, FILES[i % 2]);
        size_t size = file.len;
        for (size_t n = 0; n < MORE[i / 2]; n++)
            assert_ok(buf_add(&file, "", 1));
        expect_damage(bytes_of(&file), file.len, "zeros follow the last filemark", size);
        struct mtf_report r = report_of(bytes_of(&file), file.len, 1009, &verdict);
        assert_int_equal(r.trailing, MORE[i / 2]);
        assert_true(r.trailing_zeros);
        assert_int_equal(r.sets, 2);
        assert_int_equal(r.sound_end, size);
        file.data[file.len - 1] = 'x';
        r = report_of(bytes_of(&file), file.len, 1009, &verdict);
        assert_int_equal(r.trailing, MORE[i / 2]);
        assert_false(r.trailing_zeros);
        assert_int_equal(verdict, MTF_VERDICT_DAMAGED);
    }
}

static void flipped(struct buf *file, size_t at, const char *why, uint64_t offset)
{
    file->data[at] ^= 0x10;
    expect_damage(bytes_of(file), file->len, why, offset);
    file->data[at] ^= 0x10;
}

// Offsets are those of a file of 512-byte filemarks: media header, SSET 0x600, VOLB 0xA00, MSCI
// 0xE00, MSDA 0x1A00, its pages' header 0x1DE8.
static void a_flipped_bit_in_what_a_checksum_covers_is_found(void **state)
{
    (void)state;
    CLEANUP(buf_clear) struct buf file;
    file_make(&file, CHECKED);
    flipped(&file, 9, "no valid block header", 0);
    flipped(&file, 0x400, "no valid block header", 0x400);
    flipped(&file, 0x400 + 57, "no valid filemark", 0x400);
    flipped(&file, 0x600 + 20, "no valid block header", 0x600);
    flipped(&file, 0x600 + 62, "another number or place", 0x600);
    flipped(&file, 0x600 + 81, "another number or place", 0x600);
    flipped(&file, 0xE00 + 40, "no valid block header", 0xE00);
    flipped(&file, 0xE38, "no valid stream header", 0xE38);
    flipped(&file, 0x1A00 + 70, "no valid stream header", 0x1A3C);
    flipped(&file, 0x1C00, "bytes that must be zero", UINT64_MAX); // APAD
    flipped(&file, 0x1DE8 + 8, "no valid stream header", 0x1DE8);
    flipped(&file, 0x20000, "do not match their checksum", UINT64_MAX);
    flipped(&file, file.len - 512, "no valid block header", file.len - 512);
}

static void a_flipped_media_header_is_damage_not_another_kind_of_file(void **state)
{
    (void)state;
    CLEANUP(buf_clear) struct buf file;
    file_make(&file, CHECKED);
    flipped(&file, 1, "does not begin as one", 0);
    file.data[0] = 0;
    expect_damage(bytes_of(&file), file.len, "does not begin as one", 0);
}

static void page_data_without_checksums_is_not_proved(void **state)
{
    (void)state;
    CLEANUP(buf_clear) struct buf file;
    enum mtf_verdict verdict;
    file_make(&file, PLAIN);
    file.data[0x20000] ^= 1;
    (void)report_of(bytes_of(&file), file.len, 65536, &verdict);
    assert_int_equal(verdict, MTF_VERDICT_NOT_PROVED);
}

// CHECKSUM does not notice this: pieces change places at a distance of a multiple of 16 KiB.
static void exchanged_extents_show_in_the_page_numbers(void **state)
{
    (void)state;
    CLEANUP(buf_clear) struct buf file;
    static uint8_t extent[65536];
    enum mtf_verdict verdict;
    file_make(&file, CHECKED);
    uint8_t *first = (uint8_t *)file.data + 0x1E00, *second = first + 2 * sizeof extent;
    memcpy(extent, first, sizeof extent);
    memcpy(first, second, sizeof extent);
    memcpy(second, extent, sizeof extent);
    struct mtf_report r = report_of(bytes_of(&file), file.len, 65536, &verdict);
    assert_null(r.damage.why);
    assert_int_equal(verdict, MTF_VERDICT_NOT_PROVED);
    assert_int_equal(r.unproved, MTF_UNPROVED_ORDER);
    assert_true(r.disorders > 0 && r.order.offset >= 0x1E00 && r.order.offset < 0x1E00 + 196608);
}

static void a_missing_piece_in_the_middle_is_found(void **state)
{
    (void)state;
    static const char *const FILES[] = {PLAIN, CHECKED, PACKED};
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(buf_clear) struct buf file;
        enum mtf_verdict verdict;
        file_make(&file, FILES[i]);
        memmove(file.data + 0x10000, file.data + 0x11000, file.len - 0x11000);
        (void)report_of(bytes_of(&file), file.len - 0x1000, 65536, &verdict);
        assert_int_equal(verdict, MTF_VERDICT_DAMAGED);
    }
}

// ---- compressed files ----

static size_t record_at(const struct buf *file, size_t place)
{
    struct mtf_record record;
    const struct mtf_bytes b = {bytes_of(file), file->len, 0};
    uint64_t at = MTF_PACKED_HEADER, next = at;
    while (next <= place) {
        at = next;
        assert_int_equal(mtf_record_parse(&b, at, &record), MTF_GOT);
        next = record.end;
        if (record.is_padding) // a filemark of 4096 follows
            next += 4096;
    }
    return (size_t)at;
}

static void damage_in_a_compressed_file_is_found_in_its_record(void **state)
{
    (void)state;
    CLEANUP(buf_clear) struct buf file;
    file_make(&file, PACKED);
    size_t record = record_at(&file, 0x20000);
    flipped(&file, 0, "does not begin as one", 0);
    flipped(&file, 0x20000, "a record's checksum does not fit", record);
    file.data[file.len / 5 * 4] ^= 1; // in the second set
    enum mtf_verdict verdict;
    struct mtf_report r = report_of(bytes_of(&file), file.len, 65536, &verdict);
    assert_int_equal(verdict, MTF_VERDICT_DAMAGED);
    assert_int_equal(r.sound_sets, 1);
    assert_true(r.sound_end > 0 && r.sound_end < r.damage.offset && r.closed_end == file.len);
    file.data[file.len / 5 * 4] ^= 1;
    flipped(&file, record, "no valid record", record);
    flipped(&file, record + 24, "a record's checksum does not fit", record);
    flipped(&file, 0x1000 + 3, "no filemark where one is due", 0x1000);
    flipped(&file, 0x1000 + 57, "no valid filemark", 0x1000);
    flipped(&file, 0x1000 - 8, "must be zero", UINT64_MAX);
}

static void damaged_indexes_are_found(void **state)
{
    (void)state;
    CLEANUP(buf_clear) struct buf file;
    struct mtf_info info;
    struct mtf_index index;
    file_make(&file, PACKED);
    file_read(&file, &info);
    const struct mtf_bytes b = {bytes_of(&file), file.len, 0};
    assert_int_equal(mtf_index_parse(&b, info.data_end, &index), MTF_GOT);
    flipped(&file, (size_t)index.entries, "no valid index", UINT64_MAX);
    flipped(&file, (size_t)info.data_end - 1, "no valid index", UINT64_MAX);
    // A sound checksum over an entry that leads nowhere.
    uint8_t *entry = (uint8_t *)file.data + index.entries;
    entry[8] ^= 0x10;
    uint32_t sum = mtf_record_sum(entry, (size_t)index.count * 16);
    for (size_t i = 0; i < 4; i++) {
        entry[-4 + (int)i] = (uint8_t)(sum >> 8 * i);
        file.data[info.data_end - 4 + i] = (char)(sum >> 8 * i);
    }
    expect_damage(bytes_of(&file), file.len, "names a record where none is", UINT64_MAX);
}

// The frame of an encrypted backup: records cannot be read, filemarks stand in the clear.
static void encrypted_backups_are_walked_by_their_frame(void **state)
{
    (void)state;
    CLEANUP(buf_clear) struct buf file;
    enum mtf_verdict verdict;
    file_make(&file, PACKED);
    file.data[45] = 1; // the length of a wrapped key
    struct mtf_report r = report_of(bytes_of(&file), file.len, 4096, &verdict);
    assert_true(r.encrypted);
    assert_int_equal(r.sets, 2);
    assert_int_equal(verdict, MTF_VERDICT_NOT_PROVED);
    assert_true((r.unproved & MTF_UNPROVED_ENCRYPTED) != 0);
    expect_damage(bytes_of(&file), file.len - 4096, "cut short", UINT64_MAX);
    // Records of another layout than the one that is known: no damage, but a final filemark.
    memset(file.data + 480, 0x7F, 24);
    r = report_of(bytes_of(&file), file.len, 4096, &verdict);
    assert_int_equal(verdict, MTF_VERDICT_NOT_PROVED);
    assert_int_equal(r.unproved, MTF_UNPROVED_ENCRYPTED | MTF_UNPROVED_LAYOUT);
    expect_damage(bytes_of(&file), file.len - 4096, "no final filemark", UINT64_MAX);
    file.data[8] = 1; // the records of 2008 to 2012
    r = report_of(bytes_of(&file), file.len, 4096, &verdict);
    assert_true(r.old_packed);
    assert_int_equal(verdict, MTF_VERDICT_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_files_are_walked_to_their_last_filemark),
        cmocka_unit_test(pieces_of_any_size_give_the_same),
        cmocka_unit_test(what_is_no_backup_is_said_to_be_none),
        cmocka_unit_test(more_sets_than_a_filemark_lists_are_walked),
        cmocka_unit_test(cut_files_are_not_whole),
        cmocka_unit_test(bytes_behind_the_end_are_counted),
        cmocka_unit_test(a_flipped_bit_in_what_a_checksum_covers_is_found),
        cmocka_unit_test(a_flipped_media_header_is_damage_not_another_kind_of_file),
        cmocka_unit_test(page_data_without_checksums_is_not_proved),
        cmocka_unit_test(exchanged_extents_show_in_the_page_numbers),
        cmocka_unit_test(a_missing_piece_in_the_middle_is_found),
        cmocka_unit_test(damage_in_a_compressed_file_is_found_in_its_record),
        cmocka_unit_test(damaged_indexes_are_found),
        cmocka_unit_test(encrypted_backups_are_walked_by_their_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
