#include "common/journald.h"
#include "common/err.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static int journal_fd = -1;

int journald_open(void)
{
    if (access(JOURNALD_SOCKET, W_OK) != 0)
        return err_set(-EIO,
                       "the journal's socket " JOURNALD_SOCKET ": %s; use --log syslog or "
                       "stderr where there is no systemd-journald",
                       strerror(errno));
    if (journal_fd >= 0)
        return 0;
    journal_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (journal_fd < 0)
        return err_set(-errno, "cannot make a socket: %s", strerror(errno));
    // A journal that hangs must not take the files with it.
    const struct timeval patience = {.tv_sec = 1};
    setsockopt(journal_fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return 0;
}

// Not connected: a journald that was restarted has the socket's name, not its queue.
bool journald_send(int priority, const char *message, const char *mount)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = JOURNALD_SOCKET};
    char datagram[JOURNALD_MESSAGE_MAX];
    int len = snprintf(datagram, sizeof datagram,
                       "SYSLOG_IDENTIFIER=rdsbak\nSYSLOG_FACILITY=3\nSYSLOG_PID=%d\n"
                       "PRIORITY=%d\nMESSAGE=%s\n%s%s%s",
                       (int)getpid(), priority, message, mount != NULL ? "RDSBAK_MOUNT=" : "",
                       mount != NULL ? mount : "", mount != NULL ? "\n" : "");
    if (len < 0 || (size_t)len >= sizeof datagram)
        return false;
    ssize_t sent;
    do {
        sent = sendto(journal_fd, datagram, (size_t)len, MSG_NOSIGNAL, (struct sockaddr *)&address,
                      sizeof address);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0;
}
