// A keyring over another one that asks ahead while many files are created at once: the kernel holds
// the directory during each create, so 64 of them would wait for KMS one after the other, and
// whoever looks at the directory with them.
//
// A single create always asks the keyring itself: that the key may be used is found out then, and
// there is no key in memory that no file has. Only from the fourth create within a second on, keys
// are asked for before they are needed: at most as many as there were creates in that second, never
// more than 16, and none is used or kept for longer than 10 s.
#ifndef OBJECT_KEYRING_AHEAD_H
#define OBJECT_KEYRING_AHEAD_H

#include "common/err.h"
#include "crypto/keyring.h"

// inner is borrowed and must outlive it.
int keyring_ahead_new(struct keyring **out, struct keyring *inner) MUST_CHECK;

#endif
