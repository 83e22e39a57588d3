// The inside of a walk, shared by the walk_*.c files only.
//
//   walk.c         the calls of walk.h; recognition, the end, the verdict
//   walk_stream.c  the stream: blocks, streams of blocks, data; whoever holds the bytes feeds it
//   walk_set.c     what the blocks say, held against what was met: numbers, addresses, maps
//   walk_marks.c   filemarks
//   walk_packed.c  the frame of compressed files: records, padding, index; feeds the stream
//
// In an uncompressed file the stream is the file. In a compressed one the stream's positions are
// those of the file that would be uncompressed, and `place` is where in the file its bytes come
// from: the record.
#ifndef MTF_WALK_INTERNAL_H
#define MTF_WALK_INTERNAL_H

#include "mtf/block.h"
#include "mtf/describe.h"
#include "mtf/packed.h"
#include "mtf/walk.h"

// A block with the streams that describe (a set map, file lists) is kept whole up to this; beyond,
// what is known of them stands in front.
#define KEEP_MAX      ((size_t)1 << 20)
#define MARKS_MAX     ((MTF_FILEMARK_MAX - 60) / 8) // that a filemark can list
#define SETS_MAX      8192 // whose addresses are remembered; a log backup every 5 minutes: 28 days
#define DATA_ENDS_MAX 64   // of one set; two or three are seen

// Bytes that are gathered before they are looked at.
struct gather {
    uint8_t *data; // owned, wiped
    size_t len, cap;
    size_t high; // the most that len has been: what is to be wiped
};

struct marks { // filemarks met, a ring
    uint64_t place[MARKS_MAX];
    uint64_t count;
};

enum stream_step {
    STEP_BLOCK,      // a block's header begins
    STEP_FIELDS,     // the rest of the block up to its first event
    STEP_FILEMARK,   // the rest of a filemark
    STEP_ALIGN,      // zeros in front of a stream's header
    STEP_HEADER,     // a stream's header
    STEP_DATA,       // a stream's data, kept, or held against zero, or neither
    STEP_SUM,        // the value of a CSUM
    STEP_DATA_START, // the two bytes in front of pages or log
    STEP_PAGES,
    STEP_LOG,
};

struct page_check {
    uint8_t head[38]; // of the current page
    uint32_t fill;    // bytes of it that were seen
    bool any;         // a page came before: its
    uint32_t number;
    uint16_t file;
};

// The stream of blocks.
struct stream_walk {
    uint64_t position; // of the next byte
    uint64_t base;     // end of the latest filemark: a part begins there
    uint64_t base_place;
    uint64_t place; // compressed: of the record that is being fed; else unused
    bool is_broken; // nothing that follows can be read

    enum stream_step step;
    uint64_t left;                  // bytes of the step
    bool zeros;                     // they must be zero
    uint8_t head[MTF_BLOCK_HEADER]; // of a block or stream, or a CSUM
    size_t head_len;

    struct mtf_block block;
    uint64_t block_at; // position of its header
    bool keeps;        // the block's bytes go to `kept`
    struct mtf_stream stream;
    uint64_t stream_at;
    bool sum_wanted; // a CSUM must be next
    bool data_ended; // page or log data ended with the last byte
    struct mtf_data_sum sum;
    uint64_t sum_bytes; // that it covers
    struct page_check page;
    struct gather kept;
};

struct set_walk {                  // what belongs together
    bool is_open;                  // between SSET and the filemark that closes it
    bool data_closed;              // the filemark behind its data was met
    unsigned ends;                 // ESET met
    uint64_t end_place, map_place; // of the first ESET, and of its TSMP
    uint32_t control;
    uint64_t start; // stream position of its SSET
    uint64_t addresses[SETS_MAX];
    uint32_t count; // SSET met
    struct mtf_set set;
};

enum frame_step {
    FRAME_FILE,     // the file's header
    FRAME_NEXT,     // the start of a record, or of a filemark
    FRAME_RECORD,   // the rest of a data record's header
    FRAME_DATA,     // its data
    FRAME_SKIP,     // ciphertext
    FRAME_PADDING,  // zeros
    FRAME_INDEX,    // an index' head
    FRAME_ENTRIES,  // and the rest of it
    FRAME_FILEMARK, // the rest of one
};

struct data_end {
    uint64_t unpacked, place; // in the set's stream; of the record that begins there
};

struct frame_walk {
    uint64_t position; // in the file
    bool is_broken;
    bool is_lost;      // broken where nobody knows how it must be: not called damage
    bool index_known;  // an index was met that is laid out as expected
    bool blind;        // the stream inside is not walked
    bool filemark_due; // padding or an index ended
    bool index_met;    // in this part
    uint32_t filemark_size;
    uint64_t part; // where the part begins, in the file
    enum frame_step step;
    uint64_t left;
    bool keeps, zeros;
    uint64_t record_at;
    struct mtf_record record;
    struct gather kept;
    uint8_t *space; // MTF_RECORD_MAX, owned, wiped
    struct data_end ends[DATA_ENDS_MAX];
    uint32_t ends_count;
};

struct mtf_walk {
    void (*set)(void *context, const struct mtf_set *set, bool finished);
    void *context;
    struct mtf_report report;
    uint8_t head[MTF_RECOGNISE_BYTES];
    size_t head_len;
    bool decided;
    bool trails; // what follows the last filemark is no further set
    struct stream_walk stream;
    struct set_walk sets;
    struct frame_walk frame;
    struct marks marks;
};

// ---- walk.c ----

// Notes damage at an offset in the file, in a block ("": between blocks).
void walk_damage(struct mtf_walk *w, const char *block, uint64_t offset, const char *why);
void gather_add(struct gather *g, const uint8_t *data, size_t len); // what there is room for
bool all_zero(const uint8_t *data, size_t len);
size_t zeros_before(const uint8_t *data, size_t len); // the first byte that is none
// The last bytes of what cannot be walked are kept, in stream.kept.
void walk_keep_tail(struct mtf_walk *w, const uint8_t *data, size_t len);
// What stands behind the last finished set is no set: `begin` are its first bytes.
void walk_trailing(struct mtf_walk *w, const uint8_t *begin, size_t len);
// A set is finished, with the filemark that ends at `end`: the file has so many now.
void walk_set_closed(struct mtf_walk *w, uint32_t sets, uint64_t end);
// A filemark was met in a file whose sets cannot be seen: two of them make one.
void walk_count_filemark(struct mtf_walk *w, uint64_t end);

// ---- walk_stream.c ----

void stream_feed(struct mtf_walk *w, const uint8_t *data, size_t len);
// Compressed: a filemark of `size` bytes ended at `place` in the file. The stream must stand
// between blocks.
void stream_pass_filemark(struct mtf_walk *w, uint32_t size, uint64_t place);
bool stream_is_between_blocks(const struct stream_walk *s);
// Where in the file the stream's position `at` is, as far as it can be told.
uint64_t stream_place(const struct mtf_walk *w, uint64_t at);
// Damage in the current block.
void stream_damage(struct mtf_walk *w, uint64_t at, const char *why);

// ---- walk_set.c ----

// The block's fields are kept: checks of its numbers. False: damaged (noted).
bool set_block(struct mtf_walk *w);
// A kept block is whole, with its streams: what it tells.
void set_block_end(struct mtf_walk *w);
// A filemark stands at `at`, and was found sound.
void set_filemark(struct mtf_walk *w, uint64_t at, uint64_t end);
// The file broke or ended: the set that is open is told as it is.
void set_abandon(struct mtf_walk *w);

// ---- walk_marks.c ----

// The filemark in b at `at`, which stands at `place` in the file: its own fields, its place, and
// its list against those met. Adds it. NULL, or what is wrong.
const char *marks_add(struct marks *marks, const struct mtf_bytes *b, uint32_t size, uint64_t place,
                      bool *after_index);

// ---- walk_packed.c ----

void frame_feed(struct mtf_walk *w, const uint8_t *data, size_t len);
bool frame_is_between_parts(const struct frame_walk *f);

#endif
