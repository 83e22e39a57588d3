#include "cli/status_ask.h"

#include "cli/json.h"
#include "cli/runtime_dir.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/mountinfo.h"
#include "fs/mount.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define ANSWER_MAX (40u << 20) // somewhat more than a mount sends
#define FILES_MAX  100000

// ---- which mount

// What stat() would say, from a process of its own: where a server hangs, whoever asks it may hang
// with it, and cannot even be killed.
static bool device_of(const char *path, unsigned *major, unsigned *minor)
{
    unsigned answer[2];
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return false;
    pid_t child = fork();
    if (child == 0) {
        struct statx st;
        // What the kernel knows already is enough: no question to the mount's server.
        if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE, &st) != 0)
            _exit(1);
        answer[0] = st.stx_dev_major;
        answer[1] = st.stx_dev_minor;
        ssize_t written = write(fds[1], answer, sizeof answer);
        _exit(written == sizeof answer ? 0 : 1);
    }
    close(fds[1]);
    struct pollfd answered = {fds[0], POLLIN, 0};
    bool known = child > 0 && poll(&answered, 1, STATUS_DEADLINE_MS) == 1 &&
                 read(fds[0], answer, sizeof answer) == sizeof answer;
    close(fds[0]);
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, WNOHANG); // one that hangs is init's
    }
    *major = known ? answer[0] : 0;
    *minor = known ? answer[1] : 0;
    return known;
}

// Absolute, without slashes at the end: as the kernel's table has most of them.
static char *tidy(const char *path)
{
    char here[PATH_MAX], *out = NULL;
    if (path[0] == '/')
        out = strdup(path);
    else if (getcwd(here, sizeof here) == NULL || asprintf(&out, "%s/%s", here, path) < 0)
        return NULL;
    for (size_t len = out != NULL ? strlen(out) : 0; len > 1 && out[len - 1] == '/'; len--)
        out[len - 1] = '\0';
    return out;
}

static bool find_mount(const char *path, struct mountinfo *here)
{
    unsigned major, minor;
    return mountinfo_find(path, here) ||
           (device_of(path, &major, &minor) && mountinfo_find_device(major, minor, here));
}

int status_find(const char *path, struct status_place *out)
{
    struct mountinfo here;
    AUTO_FREE char *tidied = tidy(path);
    *out = (struct status_place){0};
    if (tidied == NULL)
        return err_set(-ENOMEM, "out of memory");
    if (!find_mount(tidied, &here))
        return err_set(-ENOENT,
                       "%s: nothing is mounted there that could be asked; mount(8) lists "
                       "what is",
                       path);
    if (strcmp(here.type, "fuse.rdsbak") != 0)
        return err_set(-ENOENT, "%s: is on %s, which is %s and not a mount of rdsbak", path,
                       here.point, here.type);
    *out = (struct status_place){
        .point = strdup(here.point), .major = here.major, .minor = here.minor, .user = here.user};
    return out->point != NULL ? 0 : err_set(-ENOMEM, "out of memory");
}

void status_place_clear(struct status_place *p)
{
    free(p->point);
    p->point = NULL;
}

// ---- the connection

static bool is_trusted(int fd, const struct status_place *place)
{
    struct ucred who = {0};
    socklen_t len = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
           (who.uid == 0 || who.uid == geteuid() || who.uid == place->user);
}

// A descriptor, or a negative errno without a text.
static int connect_in(const struct status_place *place, const char *dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (control_path(address.sun_path, sizeof address.sun_path, dir, place->major, place->minor) <
        0)
        return -ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int code = 0;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        code = -errno;
    else if (!is_trusted(fd, place))
        code = -EACCES;
    if (code == 0)
        return fd;
    close(fd);
    return code;
}

static int connect_to(const struct status_place *place)
{
    int worst = -ENOENT;
    char *dir;
    for (unsigned i = 0; (dir = runtime_dir_of(place->user, i)) != NULL || i < 4; i++) {
        AUTO_FREE char *owned = dir;
        int fd = dir != NULL ? connect_in(place, dir) : -ENOENT;
        if (fd >= 0)
            return fd;
        if (fd != -ENOENT)
            worst = fd;
    }
    if (worst == -EACCES)
        return err_set(-EACCES, "%s: only root and the user who mounted (uid %u) may ask",
                       place->point, (unsigned)place->user);
    return err_set(-EIO,
                   "%s: its daemon cannot be asked (%s): it has ended, then fusermount3 -uz takes "
                   "the mount away; or it could not make its socket, then its log says so; or it "
                   "runs where its runtime directory is another",
                   place->point, strerror(-worst));
}

static bool await(int fd, short events, int64_t until_ms)
{
    struct pollfd p = {fd, events, 0};
    int64_t left = until_ms - clock_ms();
    return left > 0 && poll(&p, 1, (int)left) == 1;
}

static int no_answer(const struct status_place *place)
{
    return err_set(-EIO, "%s: its daemon does not answer within %d s", place->point,
                   STATUS_DEADLINE_MS / 1000);
}

// All that it says until it closes.
static int converse(const struct status_place *place, const char *request, struct buf *answer)
{
    char piece[16384];
    int64_t until_ms = clock_ms() + STATUS_DEADLINE_MS;
    AUTO_CLOSE int fd = connect_to(place);
    if (fd < 0)
        return fd;
    size_t len = strlen(request);
    if (!await(fd, POLLOUT, until_ms) || send(fd, request, len, MSG_NOSIGNAL) != (ssize_t)len)
        return no_answer(place);
    for (;;) {
        if (!await(fd, POLLIN, until_ms))
            return no_answer(place);
        ssize_t got = read(fd, piece, sizeof piece);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got <= 0)
            break;
        int rc = buf_add(answer, piece, (size_t)got);
        if (rc < 0)
            return err_set(rc, "%s: the answer is too long", place->point);
    }
    return answer->len > 0 ? 0 : no_answer(place);
}

// ---- the answer

void status_clear(struct status *s)
{
    kv_clear(&s->totals);
    for (size_t i = 0; i < s->count; i++)
        kv_clear(&s->files[i]);
    free(s->files);
    *s = (struct status){0};
}

static int add_file(struct status *s, struct kv *line)
{
    if (s->count >= FILES_MAX)
        return err_set(-EIO, "more files than a mount tells of");
    if ((s->count & (s->count + 1)) == 0) { // 0, 1, 3, 7 ...: room for twice as many
        struct kv *grown = reallocarray(s->files, 2 * s->count + 2, sizeof *grown);
        if (grown == NULL)
            return err_set(-ENOMEM, "out of memory");
        s->files = grown;
    }
    s->files[s->count++] = *line;
    *line = (struct kv){0};
    return 0;
}

static int take_line(struct status *s, const char *text, size_t len, bool *ended)
{
    AUTO_KV struct kv line = {0};
    int rc = json_read_map(text, len, &line);
    if (rc < 0)
        return rc;
    if (kv_get(&line, "error") != NULL)
        return err_set(-EIO, "it says: %.200s", kv_get(&line, "error"));
    if (kv_get(&line, "end") != NULL) {
        *ended = true;
        const char *more = kv_get(&line, "more");
        return more != NULL ? kv_set(&s->totals, "more", more) : 0;
    }
    if (kv_get(&line, "file") != NULL)
        return add_file(s, &line);
    return kv_copy(&s->totals, &line);
}

static int parse(const struct status_place *place, const struct buf *answer, struct status *out)
{
    bool ended = false;
    int rc = 0;
    const char *at = buf_str(answer), *end;
    for (; rc == 0 && !ended && (end = strchr(at, '\n')) != NULL; at = end + 1)
        rc = take_line(out, at, (size_t)(end - at), &ended);
    const char *version = kv_get(&out->totals, "rdsbak");
    if (rc == 0 && (version == NULL || strcmp(version, "1") != 0))
        rc = err_set(-EIO, "it is another version of rdsbak");
    if (rc == 0 && !ended)
        rc = err_set(-EIO, "the answer ends too early");
    return rc < 0 ? err_prefix(rc, "%s", place->point) : 0;
}

int status_ask(const struct status_place *place, bool acknowledge, struct status *out)
{
    AUTO_BUF struct buf answer;
    buf_init(&answer, ANSWER_MAX);
    *out = (struct status){0};
    int rc = converse(place,
                      acknowledge ? "{\"rdsbak\":1,\"ask\":\"acknowledge\"}\n"
                                  : "{\"rdsbak\":1,\"ask\":\"status\"}\n",
                      &answer);
    if (rc == 0)
        rc = parse(place, &answer, out);
    if (rc < 0)
        status_clear(out);
    return rc;
}

int status_set_log_level(const struct status_place *place, enum log_level level)
{
    AUTO_BUF struct buf answer;
    char request[128], wanted[128];
    buf_init(&answer, 4096);
    snprintf(request, sizeof request, "{\"rdsbak\":1,\"ask\":\"log-level\",\"level\":\"%s\"}\n",
             log_level_name(level));
    snprintf(wanted, sizeof wanted, "{\"rdsbak\":1,\"log_level\":\"%s\"}\n", log_level_name(level));
    int rc = converse(place, request, &answer);
    if (rc == 0 && strcmp(buf_str(&answer), wanted) != 0)
        rc = err_set(-EIO, "%s: it did not take the level: %.200s", place->point, buf_str(&answer));
    return rc;
}
