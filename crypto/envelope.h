// The envelope: how an object says under which wrapped key and cipher it is encrypted, as Amazon's
// S3 encryption clients write it into user metadata. envelope.c tells the versions apart; writer
// and parser of one version stand together in envelope_vN.c; nothing else parses it.
//
// Names below are metadata map keys; on the wire each has the header prefix "x-amz-meta-". Strict
// both ways: an object with keys of two versions, an unknown algorithm, a wrong length or bad
// base64 is refused with the value named.
//
// V1:
//   x-amz-key      base64 of the wrapped key        x-amz-iv        base64, 16 bytes
//   x-amz-matdesc  JSON object of strings, optional
//   x-amz-unencrypted-content-length  decimal, optional
// The content is AES-CBC. Nothing names the wrapping: 48 bytes are AES-ECB with padding, the sizes
// of RSA moduli RSA, all else a KMS blob without context (the .NET form that a published
// walk-through restored into RDS; no client of today reads it).
//
// V2 (source: Amazon S3 encryption clients, "format V2"):
//   x-amz-key-v2   base64 of the wrapped key        x-amz-iv        base64
//   x-amz-cek-alg  the content cipher's name        x-amz-wrap-alg  the wrapping's name
//   x-amz-matdesc  JSON object of strings           x-amz-tag-len   "128", for GCM only
//   x-amz-unencrypted-content-length  decimal, optional
// x-amz-tag-len on CBC: never written; absent or "0" when read (the C++ client writes 0 there),
// anything else contradicts the cipher and is refused. On GCM it must be there (Ruby and Java
// insist, other clients do not look at it).
//
// V3 (key commitment; the clients of December 2025 and later):
//   x-amz-c  "115", the content cipher              x-amz-3  base64 of the wrapped key
//   x-amz-w  "12" kms+context, "02" AES/GCM, "22" RSA-OAEP-SHA1
//   x-amz-d  base64 of the key commitment           x-amz-i  base64 of the message id, 28 bytes
//   each x-amz-t  with 12: JSON, the encryption context  x-amz-m  with 02, 22: JSON, a description
// and nothing of V1 or V2 beside it.
//
// Instruction files (read, never written): the object KEY.instruction holds the envelope as one
// JSON object instead; of V3 only what wraps the key, x-amz-c, -d and -i stay with the object.
#ifndef CRYPTO_ENVELOPE_H
#define CRYPTO_ENVELOPE_H

#include "common/kv.h"
#include "common/secret.h"
#include "crypto/cipher.h"

// Bytes of a wrapped key: KMS blobs are about 184, S3 holds 2 KB of metadata in all.
#define ENVELOPE_WRAPPED_MAX 1024
// The entry of the context that names the key, wrap "kms".
#define ENVELOPE_KMS_CMK_ID "kms_cmk_id"
// The entry of the context that binds the content cipher, wrap "kms+context". Nobody else's to set.
#define ENVELOPE_CEK_ALG      "aws:x-amz-cek-alg"
#define ENVELOPE_PLAIN_LENGTH "x-amz-unencrypted-content-length"

#define ENVELOPE_INSTRUCTION_SUFFIX ".instruction"
#define ENVELOPE_INSTRUCTION_MAX    8192 // bytes of such a file: an envelope is at most 2 KB

enum envelope_version { ENVELOPE_V1 = 1, ENVELOPE_V2 = 2, ENVELOPE_V3 = 3 };
enum wrap_alg {
    WRAP_KMS,             // "kms": KMS Decrypt under the matdesc as encryption context
    WRAP_KMS_BLOB,        // V1: KMS Decrypt without context
    WRAP_KMS_CONTEXT,     // "kms+context", "12": the context also binds the content cipher
    WRAP_AES_GCM,         // "AES/GCM", "02": under a raw AES-256 key
    WRAP_AES_KW,          // "AESWrap": RFC 3394, the same
    WRAP_AES_ECB,         // V1: the same
    WRAP_RSA_OAEP_SHA1,   // "RSA-OAEP-SHA1", "22": for an RSA key
    WRAP_RSA_OAEP_SHA256, // "RSA/ECB/OAEPWithSHA-256AndMGF1Padding": the same
};
#define WRAP_COUNT 8
// As the envelope names it, or in words where it does not: for people.
const char *wrap_alg_name(enum wrap_alg wrap);
bool wrap_alg_is_kms(enum wrap_alg wrap);

struct envelope {
    enum envelope_version version;
    enum wrap_alg wrap;
    enum content_alg content;
    uint8_t iv[CIPHER_IV_MAX];                  // content_iv_size bytes; V3: the message id
    uint8_t commitment[CIPHER_COMMITMENT_SIZE]; // V3
    uint8_t wrapped[ENVELOPE_WRAPPED_MAX];
    size_t wrapped_len;
    // matdesc, x-amz-t or x-amz-m, verbatim: with kms and kms+context the encryption context.
    // Owned.
    struct kv context;
    // Not of the object: KMS's request id, where the data key was asked for in this process.
    char key_request_id[128];
    bool has_plain_size;
    uint64_t plain_size; // as the object claims; the caller holds it against the object's size
};

// One row per kind of envelope that can be read; of those that can be written it is a --format.
struct format {
    const char *name; // "rds"
    enum envelope_version version;
    enum wrap_alg wrap;
    enum content_alg content;
    bool is_written;
};

// The row of a --format, or -EINVAL with the names there are.
int format_find(const char *name, const struct format **out) MUST_CHECK;
// The row of an envelope's kind; NULL: a combination that no client writes.
const struct format *format_of(const struct envelope *e);

// A set of rows that may be read, and whether instruction files may: --read-formats LIST|all. A bit
// per row.
typedef unsigned format_set;
#define FORMAT_SET_INSTRUCTION 0x80000000u // "instruction"
int format_set_parse(const char *list, format_set *out)
    MUST_CHECK; // "rds,..." or "all"; -EINVAL names the unknown one
// What a mount that writes this format reads if nothing else is said: it and what is no weaker; of
// envelopes under raw keys only with raw_keys.
format_set format_set_default(const struct format *writing, bool raw_keys);
// 0 if the envelope's kind is in the set, else -EACCES with a text that says how to allow it.
int format_set_check(format_set set, const struct envelope *e) MUST_CHECK;

// The context for a new data key of a format: for rds {"kms_cmk_id": key_id}, for kms+context the
// caller's (may be NULL) and the content cipher's name. context is replaced.
int envelope_context(const struct format *f, const char *key_id, const struct kv *callers,
                     struct kv *context) MUST_CHECK;
// Whether the envelope's context is the caller's (may be NULL) beside what its format puts there;
// true where a format has no context of the caller's.
bool envelope_context_is(const struct envelope *e, const struct kv *callers);

// Whether new objects of the format have the envelope's version, wrapping and cipher.
static inline bool format_is(const struct format *f, const struct envelope *e)
{
    return f->version == e->version && f->wrap == e->wrap && f->content == e->content;
}

// Before the first byte under a new data key: fills in a fresh IV or message id and the commitment.
int envelope_set_key(struct envelope *e, const struct secret *key) MUST_CHECK;
// Before anything is opened under an unwrapped key: -EIO unless it is the one committed to.
int envelope_check_key(const struct envelope *e, const struct secret *key) MUST_CHECK;

enum envelope_found { ENVELOPE_NONE, ENVELOPE_PRESENT, ENVELOPE_ELSEWHERE };

// Reads the envelope from user metadata (names in any case, without "x-amz-meta-"; empty values
// count as absent). *found says ENVELOPE_NONE for an object that carries nothing of an envelope:
// plaintext, or all of it is in an instruction file; ENVELOPE_ELSEWHERE for one that carries what
// clients leave there beside such a file. 0; -EACCES for an envelope of a kind that is not read
// (RSA of V1, an unknown version: the text names it); -EIO for a damaged one, with the defect
// named; -ENOMEM. On 0 and PRESENT the caller owns e and clears it; otherwise e is untouched.
int envelope_parse(const struct kv *metadata, struct envelope *e,
                   enum envelope_found *found) MUST_CHECK;

// The same from an object's metadata and its instruction file of len bytes: PRESENT or an error.
int envelope_parse_instruction(const struct kv *metadata, const char *json, size_t len,
                               struct envelope *e) MUST_CHECK;

// Writes the envelope into metadata: envelope keys that stand there, of any version and in any
// case, go; all else stays. Without plain size unless has_plain_size. On failure (-ENOMEM, -EIO for
// a context that cannot be written) metadata is unchanged.
int envelope_write(const struct envelope *e, struct kv *metadata) MUST_CHECK;

// What e becomes when KMS puts its data key under to_key (an ARN): out, the caller's to clear, with
// the new context and in the format's version, still holding the old wrapped key. format NULL: e's
// own; else e and it must have the CBC cipher, for the content stays. IV, commitment and a recorded
// length stay; so does kms+context's context, verbatim. -EACCES: it cannot be, the text says why
// and what to do instead.
int envelope_rewrap(const struct envelope *e, const struct format *format, const char *to_key,
                    struct envelope *out) MUST_CHECK;

// The encryption context that KMS must be told for e, of a KMS wrapping; NULL: none. Borrowed.
const struct kv *envelope_kms_context(const struct envelope *e);
// The key that e says it is under, in words that KMS takes (an ARN, as a rule), or NULL. Borrowed.
const char *envelope_key_named(const struct envelope *e);
// Same data key in the same wrapping, cipher, IV and context; of the recorded length nothing is
// said.
bool envelope_equal(const struct envelope *a, const struct envelope *b);

// Removes every envelope key of any version from metadata.
void envelope_strip(struct kv *metadata);

int envelope_copy(struct envelope *to, const struct envelope *from) MUST_CHECK;
void envelope_clear(struct envelope *e);
#define AUTO_ENVELOPE CLEANUP(envelope_clear)

#endif
