// Where the control sockets of mounts are, so that mount and status mean the same.
#ifndef CLI_RUNTIME_DIR_H
#define CLI_RUNTIME_DIR_H

#include "common/cleanup.h"

#include <sys/types.h>

// Of this process: $RUNTIME_DIRECTORY (systemd's RuntimeDirectory=), else /run/rdsbak for root,
// else $XDG_RUNTIME_DIR/rdsbak, else $XDG_STATE_HOME/rdsbak, else ~/.local/state/rdsbak. Owned by
// the caller; NULL: there is none, or no memory.
char *runtime_dir_own(void);

// Where the socket of a mount of that user may be: the number'th place to look, from 0. Owned by
// the caller; NULL: there are no more.
char *runtime_dir_of(uid_t user, unsigned number);

#endif
