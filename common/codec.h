// Text forms of bytes and numbers: base64 and hex (strict), sizes with units, URI escapes.
#ifndef COMMON_CODEC_H
#define COMMON_CODEC_H

#include "common/buf.h"

// Standard base64 with padding, one line (RFC 4648 section 4). Appends to out.
int base64_encode(struct buf *out, const void *data, size_t len) MUST_CHECK;
// Strict: no white space, canonical padding. out has room for max bytes; *len gets the length. -EIO
// if malformed or too long (the text names neither the input nor the output: both may be secret).
int base64_decode(const char *text, size_t text_len, void *out, size_t max, size_t *len) MUST_CHECK;

// Lower-case hex with terminator: out has room for 2 * len + 1.
void hex_encode(char *out, const void *data, size_t len);

// "8MiB", "512KiB", "3GiB", "1TiB", "1048576" to bytes. KiB/K, MiB/M, GiB/G, TiB/T are powers of
// 1024. -EINVAL with a text that names the input.
int size_parse(const char *text, uint64_t *bytes) MUST_CHECK;
// "1.5 GiB"; out needs 32 bytes.
void size_format(char out[static 32], uint64_t bytes);

// Decimal without sign or spaces, at most max. -EINVAL.
int decimal_parse(const char *text, uint64_t max, uint64_t *value) MUST_CHECK;

// Percent-escapes everything but A-Z a-z 0-9 - . _ ~ (and '/' if keep_slash), as SigV4 wants it.
// Appends to out.
int uri_escape(struct buf *out, const char *text, bool keep_slash) MUST_CHECK;
// %XX back to bytes ('+' stays as it is). -EIO on a broken escape or an escaped NUL.
int uri_unescape(struct buf *out, const char *text, size_t len) MUST_CHECK;

// Well-formed UTF-8 as RFC 3629 has it: nothing overlong, no surrogates, nothing above U+10FFFF.
bool utf8_valid(const char *text);

// CRC-32C (Castagnoli, RFC 3720 appendix B.4), as S3's x-amz-checksum-crc32c: crc starts at 0 and
// may be extended.
uint32_t crc32c_extend(uint32_t crc, const void *data, size_t len);

#endif
