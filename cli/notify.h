// Telling a service manager (systemd's protocol, sd_notify(3)): datagrams of NAME=VALUE lines to
// the socket that NOTIFY_SOCKET names, a path or, with '@' in front, an abstract one. Without that
// variable everything here does nothing.
#ifndef CLI_NOTIFY_H
#define CLI_NOTIFY_H

#include "common/cleanup.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
    // immutable once notify_watch has begun
    int fd; // -1: nobody is told
    struct sockaddr_un to;
    socklen_t to_len;
    bool (*answers)(void *context);
    void *context;
    int64_t period_ms;
    bool watching;
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ending; // guarded by lock
};
#define NOTIFY_NONE                                                                                \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

// Takes NOTIFY_SOCKET out of the environment, so that no program started from here speaks for us.
// A socket that cannot be used is warned of: the manager will say that it heard nothing.
void notify_open(struct notify *n);
// Ends the thread too. notify_open need not have been called after NOTIFY_NONE.
void notify_close(struct notify *n);
// One datagram. Any thread; never blocks.
void notify_send(const struct notify *n, const char *format, ...) PRINTF_LIKE(2, 3);

// If the manager wants to hear that we live (WATCHDOG_USEC, and WATCHDOG_PID is ours or nobody's):
// from now on tells it three times in that period, from a thread, as long as answers(context) says
// true. That it does not return at all is an answer as well.
void notify_watch(struct notify *n, bool (*answers)(void *context), void *context);

#endif
