// The control socket of a mount, which rdsbak status asks. What it says stands in control.c.
#ifndef FS_CONTROL_H
#define FS_CONTROL_H

#include "fs/fs_internal.h"

// Starts it, if the configuration has a directory for it; a failure is a warning in the log.
void control_start(struct mount *m);
void control_stop(struct mount *m);
// The two pieces of the answer to "status": totals, files. acknowledge: closed files that failed
// are forgotten then. -ENOMEM, -EIO.
int control_tell_status(struct mount *m, bool acknowledge, struct buf *head,
                        struct buf *files) MUST_CHECK;

#endif
