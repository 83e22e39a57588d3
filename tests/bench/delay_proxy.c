// bench_proxy --to PORT [--port PORT] [--delay-ms N]: a TCP proxy that makes each HTTP request take
// N ms longer and counts requests and bytes.
//
// Bytes pass through unread (splice). On a connection without pipelining a request begins with the
// first byte from the client after an answer; that byte, and what follows it, waits N ms once.
// Other connections go on meanwhile, so throughput is limited by concurrency only, as by distance.
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIPE_BYTES (1 << 20)

static uint16_t target_port;
static unsigned delay_ms;
static atomic_uint_fast64_t requests, bytes_up, bytes_down;

struct session { // of one connection, one thread
    int client, server;
    int pipe[2];
    bool answered; // the last bytes came from the server, or none came yet
};

// Moves what is there from one socket to the other: bytes, 0 at the end, -1 on failure.
static ssize_t move(const struct session *s, int from, int to)
{
    ssize_t got = splice(from, NULL, s->pipe[1], NULL, PIPE_BYTES, SPLICE_F_MOVE);
    for (ssize_t left = got; left > 0;) {
        ssize_t put = splice(s->pipe[0], NULL, to, NULL, (size_t)left, SPLICE_F_MOVE);
        if (put <= 0)
            return -1;
        left -= put;
    }
    return got;
}

static bool pass_up(struct session *s)
{
    if (s->answered) {
        s->answered = false;
        requests++;
        control_sleep_ms(delay_ms);
    }
    ssize_t len = move(s, s->client, s->server);
    if (len == 0)
        shutdown(s->server, SHUT_WR);
    bytes_up += len > 0 ? (uint64_t)len : 0;
    return len > 0;
}

static bool pass_down(struct session *s)
{
    ssize_t len = move(s, s->server, s->client);
    s->answered = true;
    bytes_down += len > 0 ? (uint64_t)len : 0;
    return len > 0;
}

static bool client_left(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void pass_all(struct session *s)
{
    for (;;) {
        struct pollfd fds[2] = {{s->client, POLLIN, 0}, {s->server, POLLIN, 0}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return;
        // The answer first: it ends the request that is under way.
        if (fds[1].revents != 0 && !pass_down(s))
            return;
        if (fds[0].revents != 0 && (client_left(s->client) || !pass_up(s)))
            return;
    }
}

static void *serve(void *arg)
{
    struct session s = {.client = (int)(intptr_t)arg, .pipe = {-1, -1}, .answered = true};
    s.server = control_connect(target_port);
    if (s.server >= 0 && pipe2(s.pipe, O_CLOEXEC) == 0) {
        fcntl(s.pipe[0], F_SETPIPE_SZ, PIPE_BYTES);
        pass_all(&s);
        close(s.pipe[0]);
        close(s.pipe[1]);
    }
    if (s.server >= 0)
        close(s.server);
    close(s.client);
    return NULL;
}

static void report(void)
{
    printf("{\"requests\": %" PRIu64 ", \"bytes_in\": %" PRIu64 ", \"bytes_out\": %" PRIu64 "}",
           atomic_load(&requests), atomic_load(&bytes_up), atomic_load(&bytes_down));
}

int main(int argc, char **argv)
{
    uint16_t port = (uint16_t)control_option(argc, argv, "--port", 0);
    target_port = (uint16_t)control_option(argc, argv, "--to", 0);
    delay_ms = (unsigned)control_option(argc, argv, "--delay-ms", 0);
    int listener = control_listen(&port);
    control_accept(listener, serve);
    control_run(port, report);
}
