#include "common/serve.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/err.h"

#include <arpa/inet.h>
#include <assert.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG       8
#define SERVE_LOOK_MS 100 // how often to see whether others wait

struct serve {
    struct serve_config config;
    int listen_fd;
    int stop_fd; // readable once it is to end
    uint16_t port;
    dev_t device; // of the unix socket, so that only our own is removed
    ino_t inode;
    pthread_t thread;
};

struct serve_connection {
    int fd, stop_fd, listen_fd;
    int64_t since_ms, until_ms;
    uid_t peer;
};

// ---- addresses

static bool take_prefix(const char **text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (strncmp(*text, prefix, len) != 0)
        return false;
    *text += len;
    return true;
}

int serve_address_parse(const char *text, struct serve_address *out)
{
    *out = (struct serve_address){0};
    const char *rest = text;
    if (take_prefix(&rest, "unix:")) {
        if (*rest != '/' || strlen(rest) >= sizeof out->path)
            return err_set(-EINVAL, "'%.200s': give unix: and an absolute path of at most %d bytes",
                           text, SERVE_PATH_MAX - 1);
        memcpy(out->path, rest, strlen(rest) + 1);
        return 0;
    }
    uint64_t port;
    out->v6 = take_prefix(&rest, "[::1]:");
    if (!out->v6 && !take_prefix(&rest, "127.0.0.1:"))
        return err_set(-EINVAL,
                       "'%.200s' is refused: only unix:/PATH, 127.0.0.1:PORT or [::1]:PORT, for "
                       "whoever reaches it is answered, unencrypted; a proxy of yours may carry it "
                       "on",
                       text);
    int rc = decimal_parse(rest, 65535, &port);
    out->port = rc == 0 ? (uint16_t)port : 0;
    return rc < 0 ? err_prefix(rc, "'%.200s': the port", text) : 0;
}

// ---- a connection

// Waits for the connection. False: too late, or it is to end.
static bool await(struct serve_connection *c, short events)
{
    struct pollfd fds[] = {{c->fd, events, 0}, {c->stop_fd, POLLIN, 0}};
    for (;;) {
        int64_t left = c->until_ms - clock_ms();
        if (left <= 0)
            return false;
        int ready = poll(fds, 2, (int)left);
        if (ready < 0 && errno == EINTR)
            continue;
        return ready > 0 && fds[1].revents == 0;
    }
}

static bool must_make_way(const struct serve_connection *c, int64_t now_ms)
{
    struct pollfd behind = {c->listen_fd, POLLIN, 0};
    return now_ms - c->since_ms >= SERVE_HURRY_MS && poll(&behind, 1, 0) > 0;
}

// Waits for more of a request.
static bool await_request(struct serve_connection *c)
{
    int64_t now_ms, until_ms = c->until_ms;
    bool ready = false, told_to_end = false;
    while (!ready && !told_to_end && (now_ms = clock_ms()) < until_ms &&
           !must_make_way(c, now_ms)) {
        c->until_ms = now_ms + SERVE_LOOK_MS < until_ms ? now_ms + SERVE_LOOK_MS : until_ms;
        ready = await(c, POLLIN);
        told_to_end = !ready && clock_ms() < c->until_ms;
    }
    c->until_ms = until_ms;
    return ready;
}

bool serve_read(struct serve_connection *c, struct buf *out, const char *end)
{
    char piece[1024];
    while (out->len < out->max) {
        size_t room = out->max - out->len;
        if (!await_request(c))
            return false;
        ssize_t got = read(c->fd, piece, room < sizeof piece ? room : sizeof piece);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got <= 0 || buf_add(out, piece, (size_t)got) < 0)
            return false;
        if (strstr(buf_str(out), end) != NULL)
            return true;
    }
    return true;
}

bool serve_write(struct serve_connection *c, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        if (!await(c, POLLOUT))
            return false;
        ssize_t sent = send(c->fd, at, len, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (sent <= 0)
            return false;
        at += sent;
        len -= (size_t)sent;
    }
    return true;
}

uid_t serve_peer(const struct serve_connection *c)
{
    return c->peer;
}

// ---- the thread

static bool is_welcome(const struct serve *s, int fd, uid_t *peer)
{
    struct ucred who = {0};
    socklen_t len = sizeof who;
    *peer = (uid_t)-1;
    if (s->config.address.path[0] == '\0')
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
        return false;
    *peer = who.uid;
    return !s->config.same_user_only || who.uid == 0 || who.uid == geteuid();
}

// Closing with bytes unread would reset the connection, and take the answer with it.
static void finish(const struct serve_connection *c)
{
    char rest[1024];
    shutdown(c->fd, SHUT_WR);
    while (recv(c->fd, rest, sizeof rest, MSG_DONTWAIT) > 0 && clock_ms() < c->until_ms)
        ;
}

static void serve_one(struct serve *s, int fd)
{
    int64_t now_ms = clock_ms();
    struct serve_connection c = {.fd = fd,
                                 .stop_fd = s->stop_fd,
                                 .listen_fd = s->listen_fd,
                                 .since_ms = now_ms,
                                 .until_ms = now_ms + SERVE_DEADLINE_MS};
    if (!is_welcome(s, fd, &c.peer))
        return;
    s->config.serve(s->config.context, &c);
    finish(&c);
}

static void *run(void *arg)
{
    struct serve *s = arg;
    struct pollfd fds[] = {{s->listen_fd, POLLIN, 0}, {s->stop_fd, POLLIN, 0}};
    for (;;) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (fds[1].revents != 0)
            return NULL;
        AUTO_CLOSE int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0)
            serve_one(s, fd);
        else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            clock_sleep_ms(100); // out of descriptors: not a loop that eats a processor
    }
}

// ---- life

static int cannot(const struct serve *s, const char *what)
{
    int code = errno == EADDRINUSE ? -EBUSY : errno == EACCES || errno == EPERM ? -EACCES : -EIO;
    const struct serve_address *a = &s->config.address;
    if (a->path[0] != '\0')
        return err_set(code, "%s: cannot %s %s: %s", s->config.what, what, a->path,
                       strerror(errno));
    return err_set(code, "%s: cannot %s port %u: %s", s->config.what, what, a->port,
                   strerror(errno));
}

static struct sockaddr_un unix_address(const struct serve *s)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, s->config.address.path, sizeof address.sun_path);
    return address;
}

// A socket that nobody listens at any more refuses; whatever else is there stays.
static bool is_stale(const struct serve *s)
{
    struct sockaddr_un address = unix_address(s);
    struct stat st;
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || lstat(address.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return false;
    return connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno == ECONNREFUSED;
}

static int bind_unix(struct serve *s)
{
    struct sockaddr_un address = unix_address(s);
    struct stat st;
    // Before it has a name, so that at no time others may connect (unix(7): Linux honours it).
    if (fchmod(s->listen_fd, 0600) != 0)
        return cannot(s, "protect");
    int rc = bind(s->listen_fd, (struct sockaddr *)&address, sizeof address);
    if (rc != 0 && errno == EADDRINUSE && is_stale(s)) {
        unlink(address.sun_path);
        rc = bind(s->listen_fd, (struct sockaddr *)&address, sizeof address);
    }
    if (rc != 0 || lstat(address.sun_path, &st) != 0)
        return cannot(s, "listen at");
    s->device = st.st_dev;
    s->inode = st.st_ino;
    return 0;
}

static int bind_port(struct serve *s)
{
    const int yes = 1;
    const struct serve_address *a = &s->config.address;
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_port = htons(a->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(a->port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr *address = a->v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
    socklen_t len = a->v6 ? sizeof v6 : sizeof v4;
    setsockopt(s->listen_fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(s->listen_fd, address, len) != 0 || getsockname(s->listen_fd, address, &len) != 0)
        return cannot(s, "listen at");
    s->port = ntohs(a->v6 ? v6.sin6_port : v4.sin_port);
    return 0;
}

static int listen_at(struct serve *s)
{
    bool is_unix = s->config.address.path[0] != '\0';
    int family = is_unix ? AF_UNIX : s->config.address.v6 ? AF_INET6 : AF_INET;
    s->stop_fd = eventfd(0, EFD_CLOEXEC);
    s->listen_fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->stop_fd < 0 || s->listen_fd < 0)
        return cannot(s, "listen at");
    int rc = is_unix ? bind_unix(s) : bind_port(s);
    if (rc == 0 && listen(s->listen_fd, BACKLOG) != 0)
        rc = cannot(s, "listen at");
    return rc;
}

static int start_thread(struct serve *s)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&s->thread, NULL, run, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0 ? 0 : err_set(-ENOMEM, "cannot start a thread: %s", strerror(rc));
}

// Another process may have made one of its own in its place.
static void remove_socket(const struct serve *s)
{
    struct stat st;
    if (s->inode != 0 && lstat(s->config.address.path, &st) == 0 && st.st_dev == s->device &&
        st.st_ino == s->inode)
        unlink(s->config.address.path);
}

static void release(struct serve *s)
{
    remove_socket(s);
    cleanup_fd(&s->listen_fd);
    cleanup_fd(&s->stop_fd);
    free(s);
}

int serve_start(struct serve **out, const struct serve_config *config)
{
    assert(config->serve != NULL && config->what != NULL);
    struct serve *s = calloc(1, sizeof *s);
    if (s == NULL)
        return err_set(-ENOMEM, "out of memory");
    s->config = *config;
    s->listen_fd = s->stop_fd = -1;
    int rc = listen_at(s);
    if (rc == 0)
        rc = start_thread(s);
    if (rc < 0) {
        release(s);
        return rc;
    }
    *out = s;
    return 0;
}

void serve_stop(struct serve *s)
{
    if (s == NULL)
        return;
    const uint64_t one = 1;
    ssize_t written = write(s->stop_fd, &one, sizeof one);
    (void)written; // an eventfd takes it
    pthread_join(s->thread, NULL);
    release(s);
}

uint16_t serve_port(const struct serve *s)
{
    return s->port;
}
