#include "tests/unit/s3/scripted_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUESTS_MAX 128
#define REQUEST_MAX  (256 * 1024)

struct scripted_server {
    int listener;
    pthread_t thread;
    char url[64];
    const struct scripted_answer *answers;
    size_t count;
    pthread_mutex_t lock; // guards all below
    pthread_cond_t changed;
    size_t waiting, at_once, gathered; // requests without an answer; the most of them
    int stopping;
    size_t served;
    size_t connections;
    char *requests[REQUESTS_MAX];
};

static int send_text(int fd, const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t sent = send(fd, text, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return -1;
        text += sent;
        len -= (size_t)sent;
    }
    return 0;
}

// Head and body into text; 0 when the peer is gone. With early, the body is left.
static int receive(int fd, char *text, int early)
{
    size_t len = 0;
    for (;;) {
        text[len] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *size = strcasestr(text, "\r\ncontent-length:");
        size_t body = size != NULL ? strtoull(size + 17, NULL, 10) : 0;
        if (end != NULL && (early || len >= (size_t)(end + 4 - text) + body))
            return 1;
        if (len + 1 >= REQUEST_MAX)
            return 0;
        ssize_t got = recv(fd, text + len, REQUEST_MAX - 1 - len, 0);
        if (got <= 0)
            return 0;
        len += (size_t)got;
    }
}

static void wait_for_end(int fd)
{
    char bytes[256];
    while (recv(fd, bytes, sizeof bytes, 0) > 0)
        ;
}

// Before the last byte goes out: the client may be quicker with its next request than we with the
// count.
static void end_waiting(struct scripted_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->waiting--;
    pthread_mutex_unlock(&s->lock);
}

static void answer(struct scripted_server *s, int fd, const struct scripted_answer *a, int is_head)
{
    char head[4096];
    const char *body = a->body != NULL ? a->body : "";
    unsigned trickles = a->trickle ? a->delay_ms / 50 : 0;
    size_t size = a->claim != 0 ? a->claim : strlen(body) + trickles;
    snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n", a->status, size,
             a->headers != NULL ? a->headers : "");
    if (!a->trickle)
        usleep(a->delay_ms * 1000);
    end_waiting(s);
    send_text(fd, head);
    for (unsigned i = 0; i < trickles; i++) {
        usleep(50000);
        send_text(fd, " ");
    }
    if (!is_head)
        send_text(fd, body);
}

static const struct scripted_answer *answer_locked(const struct scripted_server *s)
{
    static const struct scripted_answer END = {.status = "418 Script Ended"};
    return s->served < s->count ? &s->answers[s->served] : &END;
}

static int next_is_early(struct scripted_server *s)
{
    pthread_mutex_lock(&s->lock);
    int early = answer_locked(s)->early;
    pthread_mutex_unlock(&s->lock);
    return early;
}

// Keeps the request and takes the next answer.
static const struct scripted_answer *take_answer(struct scripted_server *s, const char *text)
{
    pthread_mutex_lock(&s->lock);
    const struct scripted_answer *a = answer_locked(s);
    if (s->served < REQUESTS_MAX)
        s->requests[s->served] = strdup(text);
    s->served++;
    s->waiting++;
    s->at_once = s->waiting > s->at_once ? s->waiting : s->at_once;
    pthread_cond_broadcast(&s->changed);
    while (s->waiting < a->gather && !s->stopping && s->gathered < a->gather)
        pthread_cond_wait(&s->changed, &s->lock);
    s->gathered = s->waiting > s->gathered ? s->waiting : s->gathered;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return a;
}

static void answer_raw(int fd, const struct scripted_answer *a)
{
    if (send_text(fd, a->raw) < 0 || a->repeat == NULL)
        return;
    while (send_text(fd, a->repeat) == 0)
        ;
}

static void serve(struct scripted_server *s, int fd)
{
    char *text = malloc(REQUEST_MAX);
    assert(text != NULL);
    while (receive(fd, text, next_is_early(s))) {
        const struct scripted_answer *a = take_answer(s, text);
        if (a->silent)
            wait_for_end(fd);
        if (a->raw != NULL || a->silent || a->status == NULL)
            end_waiting(s);
        if (a->raw != NULL)
            answer_raw(fd, a);
        if (a->raw != NULL || a->silent || a->status == NULL)
            break;
        answer(s, fd, a, strncmp(text, "HEAD ", 5) == 0);
        if (a->early || a->claim != 0)
            break;
    }
    free(text);
    shutdown(fd, SHUT_RDWR); // a duplicate of fd is still open
    close(fd);
}

struct connection {
    struct scripted_server *server;
    int fd;
};

static void *serve_thread(void *argument)
{
    struct connection c = *(struct connection *)argument;
    free(argument);
    serve(c.server, c.fd);
    return NULL;
}

static void *accept_thread(void *argument)
{
    struct scripted_server *s = argument;
    pthread_t threads[REQUESTS_MAX];
    size_t count = 0;
    int fds[REQUESTS_MAX], fd;
    while (count < REQUESTS_MAX && (fd = accept(s->listener, NULL, NULL)) >= 0) {
        struct connection *c = malloc(sizeof *c);
        assert(c != NULL);
        *c = (struct connection){s, fd};
        pthread_mutex_lock(&s->lock);
        s->connections++;
        pthread_mutex_unlock(&s->lock);
        fds[count] = dup(fd); // to end a connection that the client keeps open
        pthread_create(&threads[count++], NULL, serve_thread, c);
    }
    for (size_t i = 0; i < count; i++) {
        shutdown(fds[i], SHUT_RDWR);
        close(fds[i]);
        pthread_join(threads[i], NULL);
    }
    return NULL;
}

struct scripted_server *scripted_server_start(const struct scripted_answer *answers, size_t count)
{
    struct scripted_server *s = calloc(1, sizeof *s);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    assert(s != NULL);
    s->answers = answers;
    s->count = count;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(s->listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(s->listener, 16) != 0 ||
        getsockname(s->listener, (struct sockaddr *)&at, &len) != 0)
        abort();
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u", ntohs(at.sin_port));
    pthread_create(&s->thread, NULL, accept_thread, s);
    return s;
}

void scripted_server_stop(struct scripted_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->stopping = 1;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
    for (size_t i = 0; i < REQUESTS_MAX; i++)
        free(s->requests[i]);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const char *scripted_server_url(const struct scripted_server *s)
{
    return s->url;
}

size_t scripted_server_requests(struct scripted_server *s)
{
    pthread_mutex_lock(&s->lock);
    size_t served = s->served;
    pthread_mutex_unlock(&s->lock);
    return served;
}

size_t scripted_server_at_once(struct scripted_server *s)
{
    pthread_mutex_lock(&s->lock);
    size_t at_once = s->at_once;
    pthread_mutex_unlock(&s->lock);
    return at_once;
}

void scripted_server_at_once_reset(struct scripted_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->at_once = s->waiting;
    pthread_mutex_unlock(&s->lock);
}

size_t scripted_server_connections(struct scripted_server *s)
{
    pthread_mutex_lock(&s->lock);
    size_t connections = s->connections;
    pthread_mutex_unlock(&s->lock);
    return connections;
}

const char *scripted_server_request(struct scripted_server *s, size_t index)
{
    pthread_mutex_lock(&s->lock);
    const char *text = index < REQUESTS_MAX && s->requests[index] ? s->requests[index] : "";
    pthread_mutex_unlock(&s->lock);
    return text;
}
