// A small local server: one thread, one connection at a time, each within a deadline, on a unix
// socket or a loopback port. What a connection says is its owner's (a callback); this file sees to
// it that nobody can hold the thread, and that it ends when told to.
#ifndef COMMON_SERVE_H
#define COMMON_SERVE_H

#include "common/buf.h"

#include <stdint.h>

#define SERVE_DEADLINE_MS 5000 // one connection, from accept to close
#define SERVE_HURRY_MS    1000 // to say all of a request, while others wait to be served
#define SERVE_PATH_MAX    108  // of sockaddr_un, with terminator

struct serve_address {
    char path[SERVE_PATH_MAX]; // a unix socket; "" a port
    bool v6;                   // [::1] instead of 127.0.0.1
    uint16_t port;             // 0: one of the kernel's choice
};
// "unix:/PATH", "127.0.0.1:PORT" or "[::1]:PORT". -EINVAL with a text; other addresses than
// loopback's are refused, for nothing here asks who is calling or encrypts.
int serve_address_parse(const char *text, struct serve_address *out) MUST_CHECK;

// One connection. Both calls return false when the deadline has passed or the server is to end.
struct serve_connection;
// Reads until `end` has come or max bytes are there; what came is in out (which the caller made).
bool serve_read(struct serve_connection *c, struct buf *out, const char *end);
bool serve_write(struct serve_connection *c, const void *data, size_t len);
// The other end of a unix socket.
uid_t serve_peer(const struct serve_connection *c);

struct serve_config {
    const char *what; // for error texts: "--metrics"
    struct serve_address address;
    bool same_user_only; // unix: only root and the user of this process are answered
    void (*serve)(void *context, struct serve_connection *c);
    void *context;
};
struct serve;
// Listens and starts the thread, with all signals blocked in it. A unix socket is made with mode
// 0600; one that a dead process left is replaced, one that answers is not. -EACCES, -EBUSY (in
// use), -EIO, -ENOMEM with a text.
int serve_start(struct serve **out, const struct serve_config *config) MUST_CHECK;
// Ends a connection under way, joins the thread and removes the socket. NULL is fine.
void serve_stop(struct serve *s);
uint16_t serve_port(const struct serve *s);

#endif
