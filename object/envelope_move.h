// The data key of an object wrapped anew, under another KMS key and perhaps for another format of
// the same cipher: kms:ReEncrypt, so the data key never leaves KMS and the content stays as it is.
#ifndef OBJECT_ENVELOPE_MOVE_H
#define OBJECT_ENVELOPE_MOVE_H

#include "crypto/envelope.h"
#include "s3/kms.h"

struct envelope_move {
    struct kms *kms;              // of the one region that both keys are in
    const char *const *from_arns; // keys that the object may be under
    size_t from_count;
    const char *to_arn;
    const struct format *to;  // envelope_move_format, or another of the same cipher
    const struct kv *context; // the caller's encryption context, read and written; may be NULL
};

// The format that such an envelope is given if nothing else is said: its own, else the one that is
// written with its cipher.
const struct format *envelope_move_format(const struct envelope *from);
// 0, or -EINVAL with a text: the format has another cipher.
int envelope_move_check(const struct envelope *from, const struct format *to) MUST_CHECK;

// *out is the caller's to clear. -EACCES: KMS denies (ReEncryptFrom of the one key, ReEncryptTo of
// the other), the object is under none of the keys, its context is another one, or it is not KMS's;
// -EIO.
int envelope_move(const struct envelope_move *m, const struct envelope *from,
                  struct envelope *out) MUST_CHECK;

#endif
