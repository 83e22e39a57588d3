// A keyring makes and unwraps data keys. One of the two tables of functions of the program: KMS
// (object/keyring_kms.h), and a deterministic one in tests. Safe for any number of threads.
#ifndef CRYPTO_KEYRING_H
#define CRYPTO_KEYRING_H

#include "crypto/envelope.h"

struct keyring;

struct keyring_ops {
    // Fills e->wrapped, e->context and a fresh e->iv for a new object of the format (version, wrap,
    // content set too) and gives the data key. Returns within 10 s. -EACCES denied; -EIO
    // unreachable or broken; the text says what to do.
    int (*generate)(struct keyring *, const struct format *, struct envelope *e,
                    struct secret **key);
    // Unwraps e's data key. -EACCES denied, or the object is under a key this keyring does not hold
    // (the text names it); -EIO unreachable, or the blob is damaged.
    int (*unwrap)(struct keyring *, const struct envelope *e, struct secret **key);
    // Whether new objects of this keyring are under the very key that e is under (then an append
    // may keep the envelope).
    bool (*is_current)(struct keyring *, const struct envelope *e);
    void (*free)(struct keyring *);
};

struct keyring {
    const struct keyring_ops *ops;
};

static inline void keyring_free(struct keyring *k)
{
    if (k != NULL)
        k->ops->free(k);
}

#endif
