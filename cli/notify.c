#include "cli/notify.h"

#include "common/clock.h"
#include "common/codec.h"
#include "common/log.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_MAX     2048
#define USEC_MAX        86400000000ull // a day
#define PINGS_A_PERIOD  3              // one may be late
#define PERIOD_LEAST_MS 10

static int make_address(const char *name, struct sockaddr_un *to, socklen_t *len)
{
    size_t size = strlen(name);
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((*name != '/' && *name != '@') || size < 2 || size >= sizeof to->sun_path)
        return -EINVAL;
    memcpy(to->sun_path, name, size);
    if (*name == '@')
        to->sun_path[0] = '\0';
    // An abstract name has no terminator: its length counts.
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + (*name == '/'));
    return 0;
}

void notify_open(struct notify *n)
{
    const char *name = getenv("NOTIFY_SOCKET");
    *n = (struct notify)NOTIFY_NONE;
    if (name == NULL || *name == '\0')
        return;
    int rc = make_address(name, &n->to, &n->to_len);
    if (rc == 0 && (n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
        rc = -errno;
    if (rc < 0)
        log_warn("NOTIFY_SOCKET=%.200s: %s: the service manager hears nothing", name,
                 strerror(-rc));
    unsetenv("NOTIFY_SOCKET");
}

void notify_send(const struct notify *n, const char *format, ...)
{
    char message[MESSAGE_MAX];
    va_list args;
    if (n->fd < 0)
        return;
    va_start(args, format);
    int len = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (len < 0)
        return;
    size_t size = (size_t)len < sizeof message ? (size_t)len : sizeof message - 1;
    if (sendto(n->fd, message, size, MSG_NOSIGNAL, (const struct sockaddr *)&n->to, n->to_len) < 0)
        log_debug("the service manager cannot be told: %s", strerror(errno));
}

// ---- the watchdog ----

static void *watch(void *arg)
{
    struct notify *n = arg;
    pthread_mutex_lock(&n->lock);
    while (!n->ending) {
        pthread_mutex_unlock(&n->lock); // nothing is held while the question may hang
        if (n->answers(n->context))
            notify_send(n, "WATCHDOG=1");
        struct timespec until = clock_deadline(n->period_ms);
        pthread_mutex_lock(&n->lock);
        while (!n->ending && pthread_cond_timedwait(&n->changed, &n->lock, &until) == 0)
            ;
    }
    pthread_mutex_unlock(&n->lock);
    return NULL;
}

// How often to tell, or 0: nobody wants to know.
static int64_t period_wanted(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *whose = getenv("WATCHDOG_PID");
    uint64_t period = 0, pid = 0;
    if (usec == NULL || decimal_parse(usec, USEC_MAX, &period) < 0 || period == 0)
        return 0;
    if (whose != NULL && (decimal_parse(whose, INT32_MAX, &pid) < 0 || (pid_t)pid != getpid()))
        return 0;
    int64_t ms = (int64_t)(period / 1000 / PINGS_A_PERIOD);
    return ms < PERIOD_LEAST_MS ? PERIOD_LEAST_MS : ms;
}

static void start(struct notify *n)
{
    pthread_condattr_t monotonic;
    sigset_t all, before;
    pthread_mutex_init(&n->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&n->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sigfillset(&all); // signals belong to others
    pthread_sigmask(SIG_SETMASK, &all, &before);
    n->watching = pthread_create(&n->thread, NULL, watch, n) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!n->watching)
        log_warn("no thread for the service manager's watchdog: it will restart this mount");
}

void notify_watch(struct notify *n, bool (*answers)(void *context), void *context)
{
    n->answers = answers;
    n->context = context;
    n->period_ms = n->fd >= 0 ? period_wanted() : 0;
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    if (n->period_ms > 0)
        start(n);
}

void notify_close(struct notify *n)
{
    if (n->watching) {
        pthread_mutex_lock(&n->lock);
        n->ending = true;
        pthread_cond_broadcast(&n->changed);
        pthread_mutex_unlock(&n->lock);
        pthread_join(n->thread, NULL);
        pthread_mutex_destroy(&n->lock);
        pthread_cond_destroy(&n->changed);
    }
    if (n->fd >= 0)
        close(n->fd);
    *n = (struct notify)NOTIFY_NONE;
}
