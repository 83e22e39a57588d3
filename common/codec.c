#include "common/codec.h"
#include "common/err.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

int base64_encode(struct buf *out, const void *data, size_t len)
{
    size_t size = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc(size);
    if (text == NULL)
        return err_set(-ENOMEM, "out of memory");
    sodium_bin2base64(text, size, data, len, sodium_base64_VARIANT_ORIGINAL);
    int rc = buf_add(out, text, size - 1);
    sodium_memzero(text, size); // it may be a key's
    free(text);
    return rc;
}

int base64_decode(const char *text, size_t text_len, void *out, size_t max, size_t *len)
{
    const char *end = NULL;
    for (size_t i = 0; i < text_len; i++) {
        // libsodium's comparison takes 0xAB for '+' and 0xAF for '/' where char is signed.
        if ((unsigned char)text[i] >= 0x80)
            return err_set(-EIO, "not base64");
    }
    if (sodium_base642bin(out, max, text, text_len, NULL, len, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        end != text + text_len)
        return err_set(-EIO, "not base64, or more than %zu bytes of it", max);
    return 0;
}

void hex_encode(char *out, const void *data, size_t len)
{
    sodium_bin2hex(out, 2 * len + 1, data, len);
}

int decimal_parse(const char *text, uint64_t max, uint64_t *value)
{
    uint64_t v = 0;
    if (*text == '\0')
        return err_set(-EINVAL, "a number is missing");
    for (const char *p = text; *p != '\0'; p++) {
        if (*p < '0' || *p > '9')
            return err_set(-EINVAL, "'%s' is not a number", text);
        uint64_t digit = (uint64_t)(*p - '0');
        if (v > (max - digit) / 10 || digit > max)
            return err_set(-EINVAL, "'%s' is more than %" PRIu64, text, max);
        v = v * 10 + digit;
    }
    *value = v;
    return 0;
}

static const struct {
    const char *name;
    unsigned shift;
} SIZE_UNITS[] = {{"", 0},   {"K", 10},   {"KiB", 10}, {"M", 20},  {"MiB", 20},
                  {"G", 30}, {"GiB", 30}, {"T", 40},   {"TiB", 40}};

int size_parse(const char *text, uint64_t *bytes)
{
    size_t digits = strspn(text, "0123456789");
    char number[24];
    if (digits == 0 || digits >= sizeof number)
        return err_set(-EINVAL, "'%s' is not a size: write for example 64MiB", text);
    memcpy(number, text, digits);
    number[digits] = '\0';
    for (size_t i = 0; i < sizeof SIZE_UNITS / sizeof *SIZE_UNITS; i++) {
        if (strcmp(text + digits, SIZE_UNITS[i].name) != 0)
            continue;
        uint64_t value = 0;
        if (decimal_parse(number, UINT64_MAX >> (SIZE_UNITS[i].shift + 1), &value) < 0)
            return err_set(-EINVAL, "'%s' is too large a size", text);
        *bytes = value << SIZE_UNITS[i].shift;
        return 0;
    }
    return err_set(-EINVAL, "'%s' has an unknown unit: use KiB, MiB, GiB or TiB", text);
}

void size_format(char out[static 32], uint64_t bytes)
{
    static const char *const UNITS[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024 && unit + 1 < sizeof UNITS / sizeof *UNITS) {
        value /= 1024;
        unit++;
    }
    snprintf(out, 32, unit == 0 ? "%.0f %s" : "%.1f %s", value, UNITS[unit]);
}

static bool is_unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

int uri_escape(struct buf *out, const char *text, bool keep_slash)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        int rc;
        if (is_unreserved(c) || (c == '/' && keep_slash))
            rc = buf_add(out, text, 1);
        else
            rc = buf_addf(out, "%%%02X", c);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int uri_unescape(struct buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            int high = len - i > 2 ? hex_digit(text[i + 1]) : -1;
            int low = len - i > 2 ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0))
                return err_set(-EIO, "a broken percent escape");
            c = (char)(high * 16 + low);
            i += 2;
        }
        int rc = buf_add(out, &c, 1);
        if (rc < 0)
            return rc;
    }
    return 0;
}

// ---- UTF-8 ----

// Bytes that follow the first one of a sequence, and what the second one may be at least and at
// most (RFC 3629, section 4); -1 for what begins none.
static int utf8_following(unsigned char first, unsigned char *low, unsigned char *high)
{
    *low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    *high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (first < 0x80)
        return 0;
    if (first >= 0xc2 && first <= 0xdf)
        return 1;
    if (first >= 0xe0 && first <= 0xef)
        return 2;
    return first >= 0xf0 && first <= 0xf4 ? 3 : -1;
}

bool utf8_valid(const char *text)
{
    while (*text != '\0') {
        unsigned char low, high;
        int following = utf8_following((unsigned char)*text++, &low, &high);
        if (following < 0)
            return false;
        for (; following > 0; following--, low = 0x80, high = 0xbf) {
            unsigned char c = (unsigned char)*text;
            if (c < low || c > high) // also at the end of the text
                return false;
            text++;
        }
    }
    return true;
}

// ---- CRC-32C ----

// Reflected polynomial 0x82F63B78.
static uint32_t crc32c_portable(uint32_t crc, const uint8_t *data, size_t len)
{
    // Four bits at a time: small, fast enough for machines without the instruction.
    static const uint32_t NIBBLE[16] = {0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1,
                                        0x417B1DBC, 0x5125DAD3, 0x61C69362, 0x7198540D,
                                        0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9,
                                        0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75};
    while (len-- > 0) {
        crc ^= *data++;
        crc = (crc >> 4) ^ NIBBLE[crc & 15];
        crc = (crc >> 4) ^ NIBBLE[crc & 15];
    }
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const uint8_t *data,
                                                               size_t len)
{
    uint64_t wide = crc;
    for (; len >= 8; data += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, data, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    for (; len > 0; data++, len--)
        crc = __builtin_ia32_crc32qi(crc, *data);
    return crc;
}
#endif

uint32_t crc32c_extend(uint32_t crc, const void *data, size_t len)
{
    crc = ~crc;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc32c_sse42(crc, data, len);
#endif
    return ~crc32c_portable(crc, data, len);
}
