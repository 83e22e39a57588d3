// See control.h.
#include "control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES (256 * 1024) // a connection's thread: many of them

void control_die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int control_listen(uint16_t *port)
{
    struct sockaddr_in address = loopback(*port);
    socklen_t len = sizeof address;
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 128) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        control_die("listen");
    *port = ntohs(address.sin_port);
    return fd;
}

int control_connect(uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

int control_send(int fd, const void *bytes, size_t len, int flags)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t sent = send(fd, at, len, flags | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return -1;
        at += sent;
        len -= (size_t)sent;
    }
    return 0;
}

struct acceptor {
    int listener;
    void *(*serve)(void *fd);
};

static void *accept_all(void *arg)
{
    struct acceptor *acceptor = arg;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    for (;;) {
        pthread_t thread;
        int on = 1;
        int fd = accept4(acceptor->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (pthread_create(&thread, &attributes, acceptor->serve, (void *)(intptr_t)fd) != 0)
            close(fd);
    }
    return NULL;
}

void control_accept(int listener, void *(*serve)(void *fd))
{
    static struct acceptor acceptor; // one a process
    pthread_t thread;
    acceptor = (struct acceptor){listener, serve};
    if (pthread_create(&thread, NULL, accept_all, &acceptor) != 0)
        control_die("thread");
}

void control_run(uint16_t port, void (*report)(void))
{
    char line[64];
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("ready %u\n", port);
    while (fgets(line, sizeof line, stdin) != NULL) {
        report();
        putchar('\n');
    }
    exit(0);
}

void control_sleep_ms(unsigned ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    while (ms > 0 && nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}

const char *control_option_text(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    }
    return otherwise;
}

uint64_t control_option(int argc, char **argv, const char *name, uint64_t otherwise)
{
    const char *text = control_option_text(argc, argv, name, NULL);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}
