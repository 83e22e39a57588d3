// The directory where a process leaves what the next one must know: the journals of unfinished
// uploads. Only its owner may write there: who could would choose what the next mount ends.
#ifndef S3_STATE_DIR_H
#define S3_STATE_DIR_H

#include "common/cleanup.h"

// The default, made from the environment: the first of $STATE_DIRECTORY (systemd's); of root
// /var/lib/rdsbak; else $XDG_STATE_HOME/rdsbak or ~/.local/state/rdsbak. free(). -EINVAL if the
// environment tells none; -ENOMEM.
int state_dir_default(char **out) MUST_CHECK;

// Opens it as a descriptor, made with mode 0700 (and what leads there) if it is missing.
// -EACCES: it belongs to somebody else, others may write there, or it cannot be made;
// -EOPNOTSUPP: it is on a network file system, whose locks do not tell whether a process lives; or
// on FUSE, which may be the mount itself. -EIO. The text says what to do.
int state_dir_open(const char *path, int *fd) MUST_CHECK;

#endif
