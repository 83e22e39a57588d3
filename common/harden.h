// Process hardening: what the process holds shall not reach a disk. No core dumps, no attaching by
// other processes of the same user, memory locked against swapping.
#ifndef COMMON_HARDEN_H
#define COMMON_HARDEN_H

#include "common/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

// Once, before threads and keys, and after daemonising: a fork's child does not inherit memory
// locks. Locks all memory, what is there and what is to come, where the system allows it without a
// limit; otherwise warns what stays unlocked and how to allow it, or with require_mlock fails with
// -EPERM and that text. -EIO if core dumps cannot be turned off.
//
// From then on /proc/<pid> belongs to root (the price of PR_SET_DUMPABLE 0): a process of an
// ordinary user cannot open its own /proc/self/fd, environ or maps any more, nor can gdb, strace or
// perf of that user attach; /proc/self/status and stat stay readable. exec resets it, so programs
// such as fusermount3 are not touched.
int harden_process(bool require_mlock) MUST_CHECK;

// Whether harden_process would lock all memory; raises the limit as far as this user may.
bool harden_can_lock_all(void);

// Keeps a buffer out of core dumps (for dumps that root takes all the same). Works on the pages
// that the buffer touches. Best effort.
void harden_dontdump(const void *buffer, size_t size);

#endif
