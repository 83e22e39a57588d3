// The envelope: how an object says under which wrapped key and cipher it is encrypted, as Amazon's
// S3 encryption clients write it into user metadata. envelope.c tells the versions apart; writer
// and parser of one version stand together in envelope_vN.c; nothing else parses it.
//
// Names below are metadata map keys; on the wire each has the header prefix "x-amz-meta-". Strict
// both ways: an object with keys of two versions, an unknown algorithm, a wrong length or bad
// base64 is refused with the value named.
//
// V2 (source: Amazon S3 encryption clients, "format V2"):
//   x-amz-key-v2   base64 of the wrapped key        x-amz-iv        base64
//   x-amz-cek-alg  the content cipher's name        x-amz-wrap-alg  the wrapping's name
//   x-amz-matdesc  JSON object of strings           x-amz-tag-len   "128", for GCM only
//   x-amz-unencrypted-content-length  decimal, optional
// x-amz-tag-len on CBC: never written; absent or "0" when read (the C++ client writes 0 there),
// anything else contradicts the cipher and is refused.
#ifndef CRYPTO_ENVELOPE_H
#define CRYPTO_ENVELOPE_H

#include "common/kv.h"
#include "common/secret.h"
#include "crypto/cipher.h"

// Bytes of a wrapped key: KMS blobs are about 184, S3 holds 2 KB of metadata in all.
#define ENVELOPE_WRAPPED_MAX 1024
// The entry of the context that names the key, wrap "kms".
#define ENVELOPE_KMS_CMK_ID   "kms_cmk_id"
#define ENVELOPE_PLAIN_LENGTH "x-amz-unencrypted-content-length"

enum envelope_version { ENVELOPE_V2 = 2 };
enum wrap_alg { WRAP_KMS }; // "kms": KMS Decrypt under the matdesc as encryption context

struct envelope {
    enum envelope_version version;
    enum wrap_alg wrap;
    enum content_alg content;
    uint8_t iv[CIPHER_IV_MAX]; // content_iv_size bytes
    uint8_t wrapped[ENVELOPE_WRAPPED_MAX];
    size_t wrapped_len;
    struct kv context; // matdesc: the KMS encryption context, verbatim; owned
    bool has_plain_size;
    uint64_t plain_size; // as the object claims; the caller holds it against the object's size
};

// One row per --format: what a new object gets, and which kinds a mount of that format reads by
// default.
struct format {
    const char *name; // "rds"
    enum envelope_version version;
    enum wrap_alg wrap;
    enum content_alg content;
};

// The row, or -EINVAL with the names there are.
int format_find(const char *name, const struct format **out) MUST_CHECK;
// The row of an envelope's kind; NULL: a combination that no client writes.
const struct format *format_of(const struct envelope *e);

// A set of rows that may be read: --read-formats LIST|all. A bit per (version, wrap, content) row.
typedef unsigned format_set;
int format_set_parse(const char *list, format_set *out)
    MUST_CHECK; // "rds,..." or "all"; -EINVAL names the unknown one
format_set format_set_default(const struct format *writing);
// 0 if the envelope's kind is in the set, else -EACCES with a text that says how to allow it.
int format_set_check(format_set set, const struct envelope *e) MUST_CHECK;

// The context for a new data key of a format ({"kms_cmk_id": key_id} for rds).
int envelope_context(const struct format *f, const char *key_id, struct kv *context) MUST_CHECK;

enum envelope_found { ENVELOPE_NONE, ENVELOPE_PRESENT };

// Reads the envelope from user metadata (names in any case, without "x-amz-meta-"; empty values
// count as absent). *found says ENVELOPE_NONE for an object that carries no key of any envelope:
// plaintext. 0; -EACCES for an envelope of a kind that this version does not read (V1, V3, GCM,
// another wrapping: the text names it); -EIO for a damaged one, with the defect named; -ENOMEM.
// On 0 and PRESENT the caller owns e and clears it; otherwise e is untouched.
int envelope_parse(const struct kv *metadata, struct envelope *e,
                   enum envelope_found *found) MUST_CHECK;

// Writes the envelope into metadata: envelope keys that stand there, of any version and in any
// case, go; all else stays. Without plain size unless has_plain_size. On failure (-ENOMEM, -EIO for
// a context that cannot be written) metadata is unchanged.
int envelope_write(const struct envelope *e, struct kv *metadata) MUST_CHECK;

// Removes every envelope key of any version from metadata.
void envelope_strip(struct kv *metadata);

int envelope_copy(struct envelope *to, const struct envelope *from) MUST_CHECK;
void envelope_clear(struct envelope *e);
#define AUTO_ENVELOPE CLEANUP(envelope_clear)

#endif
