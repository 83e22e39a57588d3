// What the benchmark's servers share: loopback sockets, and their standard input and output as the
// way to talk to them. "ready PORT" is printed once; each line of input is answered with one line
// of counters; the end of input ends the process, so none outlives the script that started it.
#ifndef BENCH_CONTROL_H
#define BENCH_CONTROL_H

#include <stdint.h>
#include <stddef.h>

// A listening socket on 127.0.0.1; *port 0 becomes the kernel's choice. Exits on failure.
int control_listen(uint16_t *port);
// A connected socket to 127.0.0.1:port without Nagle's delay, or -1.
int control_connect(uint16_t port);
// Sends all, or -1.
int control_send(int fd, const void *bytes, size_t len, int flags);
// One detached thread a connection, for ever; the thread owns its socket.
void control_accept(int listener, void *(*serve)(void *fd));
// Talks to the starter until it goes away. `report` prints one line without its end.
void control_run(uint16_t port, void (*report)(void));
void control_sleep_ms(unsigned ms);
// "--name VALUE" out of argv as a number, or the default.
uint64_t control_option(int argc, char **argv, const char *name, uint64_t otherwise);
const char *control_option_text(int argc, char **argv, const char *name, const char *otherwise);
_Noreturn void control_die(const char *what);

#endif
