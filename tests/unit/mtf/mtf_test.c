// Building stones and readings of mtf/. The constants are those of real files of SQL Server 2005 to
// 2022 that are public, of Microsoft's Tape Format Specification 1.00a and of [MS-XCA].
#include "mtf/block.h"
#include "mtf/packed.h"
#include "mtf/xpress.h"
#include "tests/unit/mtf/files.h"

static struct mtf_bytes view(const void *data, size_t len)
{
    return (struct mtf_bytes){data, len, 0};
}

// ---- building stones ----

static void put_header(uint8_t *block, const char *type, uint32_t attributes, uint16_t first_event,
                       uint8_t fla, uint8_t string_type)
{
    memset(block, 0, MTF_BLOCK_HEADER);
    memcpy(block, type, 4);
    memcpy(block + 4, &attributes, 4);
    memcpy(block + 8, &first_event, 2);
    block[10] = 14;
    block[11] = 1;
    block[20] = block[36] = fla; // these stand next to one another: as many blocks as grid steps
    block[48] = string_type;
}

static void headers_have_the_checksums_of_real_files(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        uint32_t attributes;
        uint16_t first_event;
        uint8_t fla, string_type;
        uint16_t checksum;
    } REAL[] = {
        {"TAPE", 0x00030000, 140, 0, 2, 0x0587},
        {"TAPE", 0x00030000, 156, 0, 2, 0x0597},
        {"SFMB", 0x80000000, 4096, 0, 0, 0x9510},
        {"SFMB", 0x80000000, 512, 0, 0, 0x8710},
        {"MSCI", 0, 56, 2, 2, 0x1B3A},
        {"ESET", 0, 88, 0, 0, 0x0656},
    };
    for (size_t i = 0; i < sizeof REAL / sizeof *REAL; i++) {
        uint8_t raw[MTF_BLOCK_HEADER];
        struct mtf_block block;
        struct mtf_bytes b = view(raw, sizeof raw);
        put_header(raw, REAL[i].type, REAL[i].attributes, REAL[i].first_event, REAL[i].fla,
                   REAL[i].string_type);
        raw[50] = REAL[i].checksum & 0xFF;
        raw[51] = (uint8_t)(REAL[i].checksum >> 8);
        assert_int_equal(mtf_block_parse(&b, 0, &block), MTF_GOT);
        assert_string_equal(block.type, REAL[i].type);
        assert_int_equal(block.first_event, REAL[i].first_event);
        raw[51] ^= 1;
        assert_int_equal(mtf_block_parse(&b, 0, &block), MTF_BAD);
        assert_int_equal(mtf_block_parse(&b, 1, &block), MTF_SHORT);
    }
}

static void a_header_of_zeros_is_none_though_its_checksum_fits(void **state)
{
    (void)state;
    static const uint8_t zeros[MTF_BLOCK_HEADER];
    struct mtf_bytes b = view(zeros, sizeof zeros);
    struct mtf_block block;
    struct mtf_stream stream;
    assert_int_equal(mtf_block_parse(&b, 0, &block), MTF_BAD);
    assert_int_equal(mtf_stream_parse(&b, 0, &stream), MTF_BAD);
}

static void a_stream_header_is_found_at_the_next_multiple_of_4(void **state)
{
    (void)state;
    uint8_t raw[26] = {0, 0, 'S', 'P', 'A', 'D'};
    raw[10] = 0x26; // 806 bytes of zeros
    raw[11] = 0x03;
    raw[22] = 0x34;
    raw[23] = 0x17;
    struct mtf_bytes b = {raw, sizeof raw, 2};
    struct mtf_stream stream;
    assert_int_equal(mtf_stream_parse(&b, 1, &stream), MTF_GOT);
    assert_true(mtf_stream_is(&stream, "SPAD") && stream.len == 806 && stream.data == 24);
    assert_int_equal(mtf_stream_end(&stream), 830);
    b.offset = 1; // then it stands elsewhere
    assert_int_equal(mtf_stream_parse(&b, 1, &stream), MTF_BAD);
}

static void dates_lsns_and_guids_are_shown_as_sql_server_does(void **state)
{
    (void)state;
    static const uint8_t dates[] = {0x1F, 0xA3, 0x13, 0x2E, 0x8A, 0x1F, 0x33, 0x3F, 0x41, 0xDE};
    struct mtf_bytes b = view(dates, sizeof dates);
    char text[64];
    struct mtf_date date = mtf_date_parse(&b, 0);
    mtf_date_format(&date, text);
    assert_string_equal(text, "2024-12-09 18:58:10");
    date = mtf_date_parse(&b, 5);
    mtf_date_format(&date, text);
    assert_string_equal(text, "1996-12-31 20:07:30");
    date = mtf_date_parse(&b, 6); // past the end: nothing
    mtf_date_format(&date, text);
    struct mtf_lsn lsn = {968, 440, 37}, later = {968, 441, 0};
    mtf_lsn_format(&lsn, text);
    assert_string_equal(text, "968000000044000037");
    assert_true(mtf_lsn_compare(&lsn, &later) < 0 && mtf_lsn_compare(&later, &lsn) > 0);
    assert_int_equal(mtf_lsn_compare(&lsn, &lsn), 0);
    struct mtf_lsn largest = {UINT32_MAX, UINT32_MAX, UINT16_MAX};
    mtf_lsn_format(&largest, text);
    assert_string_equal(text, "4294967295429496729565535");
    struct mtf_guid guid = {{0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xAA}};
    mtf_guid_format(&guid, text);
    assert_string_equal(text, "00112233-4455-6677-8899-AA0000000000");
}

static void texts_become_utf8_that_a_terminal_does_not_act_on(void **state)
{
    (void)state;
    static const struct {
        const char *utf16;
        size_t len;
        const char *shown;
    } TEXTS[] = {
        {"S\0a\0l\0e\0s\0\0\0\0\0", 14, "Sales"},
        {"L\0\xF8\0n\0", 6, "L\xC3\xB8n"},
        {"\xAC\x20", 2, "\xE2\x82\xAC"},
        {"\x3D\xD8\x00\xDE", 4, "\xF0\x9F\x98\x80"},
        {"a\0\x1B\0[\0", 6, "a\\u001B["},
        {"\n\0\x9B\0\x2E\x20\x7F\0", 8, "\\u000A\\u009B\\u202E\\u007F"},
        {"\x3D\xD8"
         "a\0",
         4, "\\uD83Da"},
        {"\x00\xDE", 2, "\\uDE00"},
        {"a\0b", 3, "a"},
        {"", 0, ""},
    };
    char out[64];
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        struct mtf_bytes b = view(TEXTS[i].utf16, TEXTS[i].len);
        assert_int_equal(mtf_text(&b, out, sizeof out), strlen(TEXTS[i].shown));
        assert_string_equal(out, TEXTS[i].shown);
        for (size_t room = 1; room <= strlen(TEXTS[i].shown); room++) // cut between characters
            assert_true(mtf_text(&b, out, room) < room &&
                        strncmp(out, TEXTS[i].shown, strlen(out)) == 0);
    }
}

static void the_data_checksum_is_that_of_with_checksum(void **state)
{
    (void)state;
    uint8_t sectors[1024] = {0x01, 0, 0, 0x80};
    sectors[512] = 3;
    struct mtf_data_sum sum = {0};
    mtf_data_sum_add(&sum, sectors, 512);
    assert_int_equal(mtf_data_sum_value(&sum), 0x80000001);
    mtf_data_sum_add(&sum, sectors + 512, 7);
    mtf_data_sum_add(&sum, sectors + 519, 505);
    assert_int_equal(mtf_data_sum_value(&sum), 0);
}

static void records_are_summed_and_unpacked_as_published(void **state)
{
    (void)state;
    assert_int_equal(mtf_record_sum((const uint8_t *)"SQLSERVER", 9), 0xC79DE195);
    uint8_t packed[256 + 9] = {0}, out[512], want[512] = {'A', 'B'};
    memset(packed, 0x99, 128); // bytes 9 bits, symbol 271 (a run) 1 bit
    packed[135] = 0x10;
    memcpy(packed + 256, "\xD0\xA0\x00\xA0\x00\x00\xFF\xFA\x01", 9);
    assert_true(mtf_xpress_unpack(packed, sizeof packed, out, sizeof out));
    assert_memory_equal(out, want, sizeof out);
    assert_false(mtf_xpress_unpack(packed, sizeof packed, out, 511)); // the run is longer
    packed[135] = 0; // the codes do not fill their space
    assert_false(mtf_xpress_unpack(packed, sizeof packed, out, sizeof out));
    assert_false(mtf_xpress_unpack(packed, 255, out, sizeof out));
}

// What a real encoder makes, with matches at a distance ([MS-XCA] 3.2: "abc" repeated 100 times).
static void matches_at_a_distance_are_unpacked(void **state)
{
    (void)state;
    uint8_t packed[256 + 8] = {0}, out[300];
    packed[0x30] = 0x30; // 'a' 3 bits
    packed[0x31] = 0x23; // 'b' 3, 'c' 2
    packed[0x80] = 0x02; // end, 2 bits
    packed[0x8F] = 0x20; // distance 2 to 3, long length: 2 bits
    memcpy(packed + 256, "\xA8\xDC\x00\x00\xFF\x26\x01", 7);
    assert_true(mtf_xpress_unpack(packed, 256 + 7, out, sizeof out));
    for (size_t i = 0; i < sizeof out; i++)
        assert_int_equal(out[i], "abc"[i % 3]);
}

// ---- recognition ----

static void the_first_bytes_tell_what_a_file_is(void **state)
{
    (void)state;
    CLEANUP(buf_clear) struct buf file;
    file_make(&file, "--size 1M");
    const uint8_t *data = bytes_of(&file);
    assert_int_equal(mtf_recognise(data, file.len), MTF_PLAIN);
    for (size_t len = 0; len < MTF_RECOGNISE_BYTES; len++)
        assert_int_equal(mtf_recognise(data, len), MTF_UNDECIDED);
    assert_int_equal(mtf_recognise(data, MTF_RECOGNISE_BYTES), MTF_PLAIN);
    assert_int_equal(mtf_recognise((const uint8_t *)"MSSQLBAK", 8), MTF_PACKED);
    assert_int_equal(mtf_recognise((const uint8_t *)"MSSQLBA", 7), MTF_UNDECIDED);
    assert_int_equal(mtf_recognise((const uint8_t *)"MSSQLBAR", 8), MTF_NOT_A_BACKUP);
    assert_int_equal(mtf_recognise((const uint8_t *)"TAPF", 4), MTF_NOT_A_BACKUP);
    file.data[86] ^= 1; // another program's; no checksum covers it
    assert_int_equal(mtf_recognise(data, file.len), MTF_OTHER);
    file.data[9] ^= 1;
    assert_int_equal(mtf_recognise(data, file.len), MTF_NOT_A_BACKUP);
}

// ---- both ends ----

static struct mtf_info *info_new(void)
{
    struct mtf_info *info = malloc(sizeof *info);
    assert_non_null(info);
    return info;
}

static void assert_lsn(const struct mtf_lsn *lsn, uint32_t sequence, uint32_t block, uint16_t slot)
{
    assert_int_equal(lsn->sequence, sequence);
    assert_int_equal(lsn->block, block);
    assert_int_equal(lsn->slot, slot);
}

static void assert_dates(const struct mtf_set *set, const char *started, const char *finished)
{
    char text[MTF_DATE_TEXT];
    mtf_date_format(&set->started, text);
    assert_string_equal(text, started);
    mtf_date_format(&set->finished, text);
    assert_string_equal(text, finished);
}

static void assert_full_of_salesdb(const struct mtf_info *info, bool checksums)
{
    const struct mtf_set *sets[] = {&info->first, &info->last};
    assert_null(info->damage.why);
    assert_false(info->encrypted || info->old_packed || info->head_short || info->tail_short);
    for (size_t i = 0; i < 2; i++) {
        assert_true(sets[i]->has_header && sets[i]->has_details);
        assert_int_equal(sets[i]->type, 'D');
        assert_int_equal(sets[i]->is_final, i == 1);
        assert_int_equal(sets[i]->checksums, checksums);
        assert_int_equal(sets[i]->number, 1);
        assert_string_equal(sets[i]->database, "SalesDb");
        assert_string_equal(sets[i]->server, "DB01\\PROD");
        assert_string_equal(sets[i]->machine, "DB01");
        assert_string_equal(sets[i]->user, "CORP\\svc_sql");
        assert_string_equal(sets[i]->name, "SalesDb-Full Database Backup");
        assert_int_equal(sets[i]->database_version, 957);
        assert_int_equal(sets[i]->software_major, 16);
        assert_lsn(&sets[i]->first_lsn, 1100, 8, 1);
        assert_lsn(&sets[i]->last_lsn, 1190, 8, 1);
        assert_lsn(&sets[i]->checkpoint_lsn, 1100, 8, 37);
        assert_lsn(&sets[i]->database_backup_lsn, 0, 0, 0);
    }
    assert_dates(&info->first, "2024-12-09 18:58:10", "");
    assert_dates(&info->last, "2024-12-09 18:58:10", "2024-12-09 19:03:10");
}

static void an_uncompressed_backup_is_described_from_its_ends(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        uint32_t filemark;
        uint16_t stripe, stripes;
        bool checksums, packed;
    } FILES[] = {
        {"--size 1M", 4096, 1, 1, false, false},
        {"--size 1048064 --filemark 512 --checksum", 512, 1, 1, true, false},
        {"--size 2M --stripe 3/4 --checksum", 4096, 3, 4, true, false},
        {"--size 1M --compress", 4096, 1, 1, false, true},
        {"--size 1048064 --filemark 512 --compress --checksum", 512, 1, 1, true, true},
        {"--size 1M --compress --stripe 2/2", 4096, 2, 2, false, true},
    };
    AUTO_FREE struct mtf_info *info = info_new();
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        CLEANUP(buf_clear) struct buf file;
        file_make(&file, FILES[i].options);
        file_read(&file, info);
        assert_int_equal(info->kind, FILES[i].packed ? MTF_PACKED : MTF_PLAIN);
        assert_int_equal(info->packed, FILES[i].packed);
        assert_true(info->media.known);
        assert_string_equal(info->media.software, "Microsoft SQL Server");
        assert_int_equal(info->media.filemark_size, FILES[i].filemark);
        assert_int_equal(info->media.block_size, 1024);
        assert_int_equal(info->media.stripe, FILES[i].stripe);
        assert_int_equal(info->media.stripes, FILES[i].stripes);
        assert_int_equal(info->state, MTF_FINISHED);
        assert_int_equal(info->sets, 1);
        assert_full_of_salesdb(info, FILES[i].checksums);
    }
}

static void the_last_of_many_sets_is_described(void **state)
{
    (void)state;
    static const char *const OPTIONS[] = {"", "--compress"};
    AUTO_FREE struct mtf_info *info = info_new();
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(buf_clear) struct buf file;
        char options[128];
        snprintf(options, sizeof options, "--size 1M,256K,512K --type full,log,diff %s",
                 OPTIONS[i]);
        file_make(&file, options);
        file_read(&file, info);
        assert_null(info->damage.why);
        assert_int_equal(info->sets, 3);
        assert_int_equal(info->first.type, 'D');
        assert_int_equal(info->last.type, 'I');
        assert_int_equal(info->last.number, 3);
        assert_lsn(&info->last.differential_base_lsn, 1100, 8, 37);
        assert_memory_equal(&info->last.differential_base_guid, &info->first.guid,
                            sizeof info->first.guid);
        assert_memory_equal(file.data + info->last.address, i == 0 ? "SSET" : "\x21",
                            i == 0 ? 4 : 1);
        assert_dates(&info->last, "2024-12-09 20:58:10", "2024-12-09 21:03:10");
    }
}

// A filemark of 512 bytes lists at most 55 earlier ones: with 28 sets and more its list is full.
static void more_sets_than_a_filemark_lists_are_still_finished(void **state)
{
    (void)state;
    AUTO_FREE struct mtf_info *info = info_new();
    for (unsigned sets = 27; sets <= 30; sets++) {
        CLEANUP(buf_clear) struct buf file;
        char options[256] = "--filemark 512 --round --type log --size 128K";
        for (unsigned i = 1; i < sets; i++)
            strcat(options, ",96K");
        file_make(&file, options);
        file_read(&file, info);
        assert_null(info->damage.why);
        assert_int_equal(info->state, MTF_FINISHED);
        assert_int_equal(info->sets, sets);
        assert_int_equal(info->last.number, sets);
        assert_int_equal(info->last.type, 'L');
        // Cut behind the filemark that closes the data: the list is full there, too.
        size_t cut = (size_t)info->data_end + 512;
        assert_true(cut < file.len);
        file.len = cut;
        file_read(&file, info);
        assert_int_equal(info->state, MTF_UNFINISHED);
    }
}

// The map of all sets stands behind the last one's data: with 266 and more, the usual tail is too
// short for it, and says so.
static void the_end_of_hundreds_of_sets_takes_a_longer_tail(void **state)
{
    (void)state;
    AUTO_FREE struct mtf_info *info = info_new();
    CLEANUP(buf_clear) struct buf file;
    AUTO_BUF struct buf options;
    struct mtf_summary s = {0};
    char text[MTF_SUMMARY_TEXT];
    buf_init(&options, 8192);
    assert_ok(buf_add_str(&options, "--type full,log --size 256K"));
    for (unsigned i = 0; i < 288; i++)
        assert_ok(buf_add_str(&options, ",192K"));
    file_make(&file, buf_str(&options));
    file_read(&file, info);
    assert_null(info->damage.why);
    assert_int_equal(info->state, MTF_FINISHED);
    assert_int_equal(info->sets, 289);
    assert_true(info->tail_short && info->data_end > 0 && !info->last.has_details);
    size_t at = (size_t)info->data_end - MTF_TAIL_BYTES;
    mtf_read_tail(info, bytes_of(&file) + at, file.len - at, at);
    assert_null(info->damage.why);
    assert_int_equal(info->sets, 289);
    assert_true(!info->tail_short && info->last.type == 'L' && info->last.number == 289);
    mtf_summary_tail(&s, bytes_of(&file) + at, file.len - at, at);
    mtf_summary_format(&s, text);
    assert_string_equal(text, "SQL Server backup (log, 289 sets), finished");
}

static void the_end_alone_tells_of_a_finished_backup(void **state)
{
    (void)state;
    static const char *const OPTIONS[] = {"--size 1M,256K --type full,log",
                                          "--size 1M,256K --type full,log --compress",
                                          "--size 1M,256K --round --filemark 512 --type full,log"};
    AUTO_FREE struct mtf_info *info = info_new();
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(buf_clear) struct buf file;
        file_make(&file, OPTIONS[i]);
        *info = (struct mtf_info){0};
        size_t at = file.len - MTF_TAIL_BYTES;
        mtf_read_tail(info, bytes_of(&file) + at, MTF_TAIL_BYTES, at);
        assert_int_equal(info->state, MTF_FINISHED);
        assert_int_equal(info->sets, 2);
        assert_int_equal(info->last.type, 'L');
        assert_null(info->damage.why);
    }
}

static void a_file_that_does_not_end_with_its_filemark_is_unfinished(void **state)
{
    (void)state;
    static const char *const OPTIONS[] = {"--size 1M", "--size 1M --compress"};
    AUTO_FREE struct mtf_info *info = info_new();
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(buf_clear) struct buf file;
        file_make(&file, OPTIONS[i]);
        file_read(&file, info);
        size_t whole = file.len;
        size_t cuts[] = {whole - 4096, whole - 1, (size_t)info->data_end + 4096, 65536, 4096, 8192};
        for (size_t k = 0; k < sizeof cuts / sizeof *cuts; k++) {
            file.len = cuts[k];
            file_read(&file, info);
            assert_int_equal(info->state, MTF_UNFINISHED);
            assert_null(info->damage.why);
            assert_int_equal(info->first.type, k < 4 ? 'D' : 0);
            assert_false(info->last.has_details);
        }
        file.len = whole;
        assert_ok(buf_add(&file, "\0", 1)); // not trimmed
        file_read(&file, info);
        assert_int_equal(info->state, MTF_UNFINISHED);
    }
}

static void a_password_of_the_medium_moves_the_names(void **state)
{
    (void)state;
    CLEANUP(buf_clear) struct buf file;
    file_make(&file, "--size 1M");
    struct mtf_block block;
    struct mtf_media media;
    struct mtf_damage damage = {0};
    uint8_t *data = (uint8_t *)file.data;
    memmove(data + 110, data + 94, 44);
    data[8] = 156;
    data[62] = 5;
    data[76] = 16, data[78] = 94;
    data[82] = 110;
    data[50] = 0x97;
    struct mtf_bytes b = view(data, 1024);
    assert_int_equal(mtf_block_parse(&b, 0, &block), MTF_GOT);
    assert_true(mtf_media_parse(&b, 0, &block, &media, &damage));
    assert_true(media.has_password);
    assert_string_equal(media.software, "Microsoft SQL Server");
}

static void an_encrypted_backup_tells_only_that_and_whether_it_is_finished(void **state)
{
    (void)state;
    AUTO_FREE struct mtf_info *info = info_new();
    CLEANUP(buf_clear) struct buf file;
    file_make(&file, "--size 1M --compress");
    file.data[45] = 1; // the length of the wrapped key
    file_read(&file, info);
    assert_true(info->encrypted && info->kind == MTF_PACKED && !info->media.known);
    assert_int_equal(info->state, MTF_FINISHED);
    assert_int_equal(info->sets, 1);
    assert_false(info->first.has_details || info->last.has_details);
    assert_null(info->damage.why);
    file.data[45] = 0;
    file.data[MTF_PACKED_HEADER] = 0x33;
    file_read(&file, info);
    assert_true(info->encrypted);
}

static void the_old_compressed_layout_is_named_and_not_read(void **state)
{
    (void)state;
    AUTO_FREE struct mtf_info *info = info_new();
    CLEANUP(buf_clear) struct buf file;
    file_make(&file, "--size 1M --compress");
    file.data[8] = 1;
    file_read(&file, info);
    assert_true(info->old_packed && !info->packed);
    assert_int_equal(info->state, MTF_FINISHED);
    assert_null(info->damage.why);
}

static void damage_says_where(void **state)
{
    (void)state;
    AUTO_FREE struct mtf_info *info = info_new();
    CLEANUP(buf_clear) struct buf file;
    file_make(&file, "--size 1M");
    static const struct {
        size_t flip, offset;
    } PLAIN[] = {{0x9, 0}, {0x2000 + 9, 0x2000}, {0x2400 + 50, 0x2400}, {0x2838 + 8, 0x2838}};
    for (size_t i = 0; i < sizeof PLAIN / sizeof *PLAIN; i++) {
        file.data[PLAIN[i].flip] ^= 0x10;
        file_read(&file, info);
        assert_non_null(info->damage.why);
        assert_int_equal(info->damage.offset, PLAIN[i].offset);
        file.data[PLAIN[i].flip] ^= 0x10;
    }
    CLEANUP(buf_clear) struct buf packed;
    file_make(&packed, "--size 1M --compress");
    packed.data[0x2000 + 400] ^= 0x10;
    file_read(&packed, info);
    assert_non_null(info->damage.why);
    assert_int_equal(info->damage.offset, 0x2000);
}

// ---- the line for the log ----

// As a writer does that sees the file in pieces: the first, and each as the last so far.
static void summarise(struct mtf_summary *s, const struct buf *file, size_t piece)
{
    for (size_t at = 0; at < file->len; at += piece) {
        size_t len = file->len - at < piece ? file->len - at : piece;
        if (at == 0)
            mtf_summary_head(s, bytes_of(file), len);
        mtf_summary_tail(s, bytes_of(file) + at, len, at);
    }
}

static void the_summary_names_kind_and_state_and_nothing_of_the_user(void **state)
{
    (void)state;
    static const struct {
        const char *options, *text;
    } FILES[] = {
        {"--size 1M", "SQL Server backup (full), finished"},
        {"--size 1M --compress --checksum --stripe 2/4",
         "SQL Server backup (full, compressed, checksums, stripe 2 of 4), finished"},
        {"--size 1M,256K --type full,log", "SQL Server backup (log, 2 sets), finished"},
    };
    char text[MTF_SUMMARY_TEXT];
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        CLEANUP(buf_clear) struct buf file;
        struct mtf_summary s;
        file_make(&file, FILES[i].options);
        summarise(&s, &file, 1 << 20);
        mtf_summary_format(&s, text);
        assert_string_equal(text, FILES[i].text);
        assert_false(mtf_summary_is_unfinished(&s));
        for (size_t piece = 4096; piece <= file.len; piece *= 2) { // whatever is in one piece
            summarise(&s, &file, piece);
            assert_int_equal(s.state, MTF_FINISHED);
        }
        file.len -= 4096;
        summarise(&s, &file, 1 << 20);
        mtf_summary_format(&s, text);
        assert_non_null(strstr(text, ", unfinished"));
        assert_true(mtf_summary_is_unfinished(&s));
        mtf_summary_forget_tail(&s);
        mtf_summary_format(&s, text);
        assert_null(strstr(text, "finished"));
    }
}

static void other_files_have_no_summary(void **state)
{
    (void)state;
    uint8_t noise[70000];
    char text[MTF_SUMMARY_TEXT];
    struct mtf_summary s;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * 7 + i / 251);
    mtf_summary_head(&s, noise, sizeof noise);
    mtf_summary_tail(&s, noise, sizeof noise, 0);
    mtf_summary_format(&s, text);
    assert_string_equal(text, "");
    s = (struct mtf_summary){0};
    mtf_summary_tail(&s, noise, sizeof noise, 4096);
    mtf_summary_format(&s, text);
    assert_string_equal(text, "");
    assert_false(mtf_summary_is_unfinished(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_have_the_checksums_of_real_files),
        cmocka_unit_test(a_header_of_zeros_is_none_though_its_checksum_fits),
        cmocka_unit_test(a_stream_header_is_found_at_the_next_multiple_of_4),
        cmocka_unit_test(dates_lsns_and_guids_are_shown_as_sql_server_does),
        cmocka_unit_test(texts_become_utf8_that_a_terminal_does_not_act_on),
        cmocka_unit_test(the_data_checksum_is_that_of_with_checksum),
        cmocka_unit_test(records_are_summed_and_unpacked_as_published),
        cmocka_unit_test(matches_at_a_distance_are_unpacked),
        cmocka_unit_test(the_first_bytes_tell_what_a_file_is),
        cmocka_unit_test(an_uncompressed_backup_is_described_from_its_ends),
        cmocka_unit_test(the_last_of_many_sets_is_described),
        cmocka_unit_test(more_sets_than_a_filemark_lists_are_still_finished),
        cmocka_unit_test(the_end_of_hundreds_of_sets_takes_a_longer_tail),
        cmocka_unit_test(the_end_alone_tells_of_a_finished_backup),
        cmocka_unit_test(a_file_that_does_not_end_with_its_filemark_is_unfinished),
        cmocka_unit_test(a_password_of_the_medium_moves_the_names),
        cmocka_unit_test(an_encrypted_backup_tells_only_that_and_whether_it_is_finished),
        cmocka_unit_test(the_old_compressed_layout_is_named_and_not_read),
        cmocka_unit_test(damage_says_where),
        cmocka_unit_test(the_summary_names_kind_and_state_and_nothing_of_the_user),
        cmocka_unit_test(other_files_have_no_summary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
