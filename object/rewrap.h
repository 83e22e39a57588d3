// Puts an object's data key under another KMS key. KMS does it (ReEncrypt), so no data key in clear
// ever comes to this host; then the server copies the object onto itself with the new envelope, so
// no content passes through here either. The copy is whole or does not happen: until then the old
// envelope stands, and doing it again later does what is left.
//
//   HEAD ── envelope_rewrap ── KMS ReEncrypt ── copy onto itself, of that version alone ── HEAD
//
// What it does not do: change the data key. Whoever kept that can still decrypt; and in a bucket
// with versions the version before stays, under the old key.
#ifndef OBJECT_REWRAP_H
#define OBJECT_REWRAP_H

#include "object/volume.h"
#include "s3/kms.h"

struct rewrap_config {  // all borrowed
    struct kms *kms;    // of to_key's region
    const char *to_key; // its ARN
    // Keys that objects may be under now. None: whichever of to_key's account an object names, and
    // objects of formats that name none are refused: a stranger's wrapped key is not to be put
    // under ours.
    const char *const *from_keys;
    size_t from_count;
    const struct format *format; // to convert to, with the CBC cipher; NULL: each stays as it is
    bool dry_run;                // everything is checked, by KMS too, and nothing changed
    const atomic_bool *cancel;   // may be NULL
};

enum rewrap_outcome {
    REWRAP_FAILED,
    REWRAP_DONE,
    REWRAP_WOULD,   // dry run: it would be tried, and KMS allows it
    REWRAP_NOTHING, // it is under that key, in that form, already
};

struct rewrap_result {
    enum rewrap_outcome outcome;
    const char *from_format, *to_format; // rows' names; NULL: not found out
    char from_key[KMS_KEY_ID_MAX + 1];   // "": not found out
    bool unproved; // NOTHING as the envelope says; KMS did not let itself be asked
    uint64_t size; // bytes of the object
    // The version that stays, under the old key (dry run: would stay); "": none does.
    char old_version[STORE_VERSION_MAX];
    char new_version[STORE_VERSION_MAX]; // "": not done, or the bucket has no versions
};

// 0, and *out says what was done. -ENOENT; -EACCES: it cannot be rewrapped, or KMS or S3 deny; -EIO
// damaged, or unreachable; -ESTALE: somebody else rewrote it meanwhile; -EINTR cancelled. On an
// error *out has what was found out before, and the object is as it was unless the text says that
// this is not known. Any thread; blocks.
int rewrap_object(struct volume *v, const struct rewrap_config *config, const char *key,
                  struct rewrap_result *out) MUST_CHECK;

// Inside: which key e is under, and its data key under config's. moved has the envelope_rewrap of
// e, and its wrapped key is replaced unless it is a dry run. *already: nothing is to be done.
int rewrap_key(const struct rewrap_config *config, const struct envelope *e, struct envelope *moved,
               struct rewrap_result *out, bool *already) MUST_CHECK;

#endif
