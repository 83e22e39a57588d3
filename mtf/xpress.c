// See xpress.h. A block begins with 256 bytes: the code lengths of 512 symbols, 4 bits each. Codes
// are canonical (shortest first, then by symbol). The bits come in 16-bit words, most significant
// bit first, with the bytes of long match lengths in between.
#include "mtf/xpress.h"

#include <assert.h>
#include <string.h>

#define SYMBOLS     512
#define TABLE_LEN   256
#define LENGTH_MAX  15
#define MATCH_LEAST 3
#define FAST_BITS   10 // codes up to this are looked up; longer ones are rare

struct codes {
    uint16_t count[LENGTH_MAX + 1]; // codes of each length
    uint16_t symbol[SYMBOLS];       // in the order of their codes
    // By the next FAST_BITS: symbol * 16 + length of its code; 0: the code is longer.
    uint16_t fast[1 << FAST_BITS];
};

struct input {
    struct mtf_bytes bytes;
    uint64_t at;
    uint32_t bits; // the next ones, from the top
    int spare;     // bits beyond the 16 that are always there
};

static unsigned length_of(const uint8_t *table, unsigned symbol)
{
    return symbol % 2 == 0 ? table[symbol / 2] & 0xF : table[symbol / 2] >> 4;
}

static void fast_build(struct codes *codes)
{
    size_t index = 0, at = 0;
    for (unsigned len = 1; len <= FAST_BITS; len++) {
        size_t width = (size_t)1 << (FAST_BITS - len);
        for (unsigned i = 0; i < codes->count[len]; i++, index++) {
            for (size_t j = 0; j < width; j++)
                codes->fast[at++] = (uint16_t)(codes->symbol[index] << 4 | len);
        }
    }
}

// False unless the codes fill the space of codes exactly.
static bool codes_build(const uint8_t *table, struct codes *codes)
{
    uint16_t next[LENGTH_MAX + 1];
    uint32_t space = 0, sum = 0;
    memset(codes, 0, sizeof *codes);
    for (unsigned i = 0; i < SYMBOLS; i++)
        codes->count[length_of(table, i)]++;
    for (unsigned len = 1; len <= LENGTH_MAX; len++) {
        next[len] = (uint16_t)sum;
        sum += codes->count[len];
        space += (uint32_t)codes->count[len] << (LENGTH_MAX - len);
    }
    for (unsigned i = 0; i < SYMBOLS; i++) {
        unsigned len = length_of(table, i);
        if (len > 0)
            codes->symbol[next[len]++] = (uint16_t)i;
    }
    if (space != 1U << LENGTH_MAX)
        return false;
    fast_build(codes);
    return true;
}

static void input_start(struct input *in)
{
    in->bits = (uint32_t)mtf_u16(&in->bytes, in->at) << 16 | mtf_u16(&in->bytes, in->at + 2);
    in->at += 4;
    in->spare = 16;
}

static uint32_t input_take(struct input *in, unsigned count)
{
    assert(count <= LENGTH_MAX);
    if (count == 0)
        return 0;
    uint32_t value = in->bits >> (32 - count);
    in->bits <<= count;
    in->spare -= (int)count;
    if (in->spare < 0) {
        in->bits |= (uint32_t)mtf_u16(&in->bytes, in->at) << -in->spare;
        in->at += 2;
        in->spare += 16;
    }
    return value;
}

static unsigned next_symbol(struct input *in, const struct codes *codes)
{
    unsigned fast = codes->fast[in->bits >> (32 - FAST_BITS)];
    if (fast != 0) {
        input_take(in, fast & 0xF);
        return fast >> 4;
    }
    uint32_t peek = in->bits >> (32 - LENGTH_MAX);
    uint32_t first = 0, index = 0; // code and place of the first symbol of this length
    for (unsigned len = 1; len <= LENGTH_MAX; len++) {
        uint32_t code = peek >> (LENGTH_MAX - len);
        if (code - first < codes->count[len]) {
            input_take(in, len);
            return codes->symbol[index + code - first];
        }
        index += codes->count[len];
        first = (first + codes->count[len]) << 1;
    }
    return SYMBOLS; // not reached: the codes fill the space
}

// Long lengths stand as bytes in between; 0: damaged.
static uint64_t match_length(struct input *in, unsigned nibble)
{
    uint64_t length = nibble;
    if (nibble == 15) {
        length = mtf_u8(&in->bytes, in->at++);
        if (length < 255)
            return length + 15 + MATCH_LEAST;
        length = mtf_u16(&in->bytes, in->at);
        in->at += 2;
        if (length == 0) {
            length = mtf_u32(&in->bytes, in->at);
            in->at += 4;
        }
        if (length < 15)
            return 0;
    }
    return length + MATCH_LEAST;
}

// One literal or match; returns the new count of bytes in out, 0 if damaged.
static size_t step(struct input *in, const struct codes *codes, uint8_t *out, size_t used,
                   size_t out_len)
{
    unsigned symbol = next_symbol(in, codes);
    if (symbol < 256) {
        out[used] = (uint8_t)symbol;
        return used + 1;
    }
    if (symbol >= SYMBOLS)
        return 0;
    uint64_t length = match_length(in, (symbol - 256) % 16);
    unsigned bits = (symbol - 256) / 16;
    size_t distance = ((size_t)1 << bits) + input_take(in, bits);
    if (length == 0 || distance > used || length > out_len - used)
        return 0;
    for (; length > 0; length--, used++) // one by one: source and target overlap
        out[used] = out[used - distance];
    return used;
}

bool mtf_xpress_unpack(const uint8_t *data, size_t len, uint8_t *out, size_t out_len)
{
    struct input in = {.bytes = {data, len, 0}, .at = TABLE_LEN};
    struct codes codes;
    if (len < TABLE_LEN || out_len > MTF_XPRESS_BLOCK || !codes_build(data, &codes))
        return false;
    input_start(&in);
    for (size_t used = 0; used < out_len;) {
        if (in.at > len + 16) // far beyond the end: endless zeros
            return false;
        used = step(&in, &codes, out, used, out_len);
        if (used == 0)
            return false;
    }
    return true;
}
