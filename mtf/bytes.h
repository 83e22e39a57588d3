// A view of bytes out of a backup file, and reading little-endian values from it. Reading past the
// view gives zeros instead of undefined behaviour: whoever must know asks mtf_has first. Values
// without state.
#ifndef MTF_BYTES_H
#define MTF_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Borrowed; never written through.
struct mtf_bytes {
    const uint8_t *data;
    size_t len;
    uint64_t offset; // of data[0]: in the file, or in the stream that was unpacked from it
};

static inline bool mtf_has(const struct mtf_bytes *b, uint64_t at, uint64_t len)
{
    return at <= b->len && len <= b->len - at;
}

// [at, at + len) of b, shortened to what b has.
static inline struct mtf_bytes mtf_part(const struct mtf_bytes *b, uint64_t at, uint64_t len)
{
    if (at > b->len)
        at = b->len;
    if (len > b->len - at)
        len = b->len - at;
    // An empty view has no address of its own (b->data may be NULL).
    return (struct mtf_bytes){len > 0 ? b->data + at : b->data, (size_t)len, b->offset + at};
}

static inline uint64_t mtf_little(const struct mtf_bytes *b, uint64_t at, unsigned size)
{
    uint64_t value = 0;
    if (!mtf_has(b, at, size))
        return 0;
    for (unsigned i = size; i-- > 0;)
        value = value << 8 | b->data[at + i];
    return value;
}

static inline uint8_t mtf_u8(const struct mtf_bytes *b, uint64_t at)
{
    return (uint8_t)mtf_little(b, at, 1);
}

static inline uint16_t mtf_u16(const struct mtf_bytes *b, uint64_t at)
{
    return (uint16_t)mtf_little(b, at, 2);
}

static inline uint32_t mtf_u32(const struct mtf_bytes *b, uint64_t at)
{
    return (uint32_t)mtf_little(b, at, 4);
}

static inline uint64_t mtf_u64(const struct mtf_bytes *b, uint64_t at)
{
    return mtf_little(b, at, 8);
}

#endif
