// systemd-journald's native protocol: one datagram a message, "NAME=value" lines, to the socket
// that every journald has. https://systemd.io/JOURNAL_NATIVE_PROTOCOL
#ifndef COMMON_JOURNALD_H
#define COMMON_JOURNALD_H

#include "common/cleanup.h"

#include <stdbool.h>

#define JOURNALD_SOCKET "/run/systemd/journal/socket"
// Far below what a datagram of a unix socket may have (wmem_default, 208 KiB): no memfd is needed.
#define JOURNALD_MESSAGE_MAX 8192

// 0 if a journald is there; else -EIO with a text. Opens the socket; before threads start.
int journald_open(void) MUST_CHECK;
// One message; priority as syslog(3) counts. message and mount (NULL: none) must be single lines,
// together no longer than that.
// False: it was not taken within a second. Any thread.
bool journald_send(int priority, const char *message, const char *mount);

#endif
