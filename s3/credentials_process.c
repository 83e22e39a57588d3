#include "s3/credentials_process.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/secret.h"
#include "s3/config.h"

#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

#define POLL_MS 50

// ---- words

static int take_word(struct command *c, const struct buf *word)
{
    if (c->count == COMMAND_WORDS_MAX)
        return err_set(-EACCES, "it has more than %d words", COMMAND_WORDS_MAX);
    c->words[c->count] = strdup(buf_str(word));
    return c->words[c->count++] != NULL ? 0 : err_set(-ENOMEM, "out of memory");
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

// Adds one character, or what is quoted, to the word, and moves on.
static int take_piece(const char **at, char *quote, struct buf *word)
{
    char c = *(*at)++;
    if (c == *quote) {
        *quote = '\0';
        return 0;
    }
    if (*quote == '\0' && (c == '\'' || c == '"')) {
        *quote = c;
        return 0;
    }
    bool escapes = *quote == '\0' || (*quote == '"' && (**at == '"' || **at == '\\'));
    if (c == '\\' && escapes) {
        if (**at == '\0')
            return err_set(-EACCES, "it ends with a backslash");
        c = *(*at)++;
    }
    return buf_add(word, &c, 1);
}

int command_split(struct command *out, const char *text)
{
    AUTO_BUF struct buf word;
    char quote = '\0';
    bool in_word = false;
    int rc = 0;
    buf_init(&word, INI_LINE_MAX);
    *out = (struct command){0};
    for (const char *at = text; *at != '\0' && rc == 0;) {
        if (quote != '\0' || !is_blank(*at)) {
            in_word = true;
            rc = take_piece(&at, &quote, &word);
            if (*at != '\0')
                continue;
        } else {
            at++;
        }
        if (rc == 0 && in_word && quote == '\0') {
            rc = take_word(out, &word);
            buf_reset(&word);
            in_word = false;
        }
    }
    if (rc == 0 && quote != '\0')
        rc = err_set(-EACCES, "a quotation mark (%c) is not closed", quote);
    if (rc == 0 && out->count == 0)
        rc = err_set(-EACCES, "it is empty");
    if (rc < 0)
        command_clear(out);
    return rc;
}

void command_clear(struct command *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->words[i]);
    *c = (struct command){0};
}

// ---- running

// Spawned, not forked: other threads hold locks, and our memory is locked and full of secrets.
static int prepare(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int out_fd)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int failed = posix_spawn_file_actions_adddup2(actions, out_fd, STDOUT_FILENO);
    if (failed == 0)
        failed = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (failed == 0)
        failed = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (failed == 0)
        failed = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
    if (failed == 0)
        failed = posix_spawnattr_setsigmask(attributes, &none);
    if (failed == 0)
        failed = posix_spawnattr_setsigdefault(attributes, &all);
    if (failed == 0)
        failed = posix_spawnattr_setpgroup(attributes, 0);
    if (failed == 0)
        failed = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    return failed;
}

static int spawn(const struct command *c, int out_fd, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return err_set(-ENOMEM, "out of memory");
    int failed = posix_spawnattr_init(&attributes);
    if (failed == 0) {
        failed = prepare(&actions, &attributes, out_fd);
        if (failed == 0)
            failed = posix_spawnp(pid, c->words[0], &actions, &attributes, c->words, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0)
        return err_set(-EACCES, "%.200s cannot be run: %s", c->words[0], strerror(failed));
    return 0;
}

static int out_of_patience(int64_t deadline_ms, const atomic_bool *cancel)
{
    if (cancel != NULL && atomic_load(cancel))
        return err_set(-ECANCELED, "given up");
    if (clock_ms() >= deadline_ms)
        return err_set(-EIO, "it did not end in time and was killed");
    return 0;
}

// Until it closes its stdout.
static int read_all(int fd, int64_t deadline_ms, const atomic_bool *cancel, struct buf *out)
{
    char piece[4096];
    int rc = 0;
    bool open = true;
    while (rc == 0 && open && (rc = out_of_patience(deadline_ms, cancel)) == 0) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, POLL_MS) <= 0)
            continue;
        ssize_t len = read(fd, piece, sizeof piece);
        if (len < 0 && errno != EINTR && errno != EAGAIN)
            rc = err_set(-EIO, "its output cannot be read: %s", strerror(errno));
        open = len != 0;
        if (len > 0 && buf_add(out, piece, (size_t)len) < 0)
            rc = err_set(-EIO, "it wrote more than %zu bytes and was killed", out->max);
    }
    secret_wipe(piece, sizeof piece);
    return rc;
}

static int judge_status(int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFSIGNALED(status))
        return err_set(-EIO, "it was ended by signal %d", WTERMSIG(status));
    return err_set(-EIO, "it ended with status %d: run it by hand to see what it says",
                   WEXITSTATUS(status));
}

static void kill_and_reap(pid_t pid)
{
    kill(-pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static int reap(pid_t pid, int64_t deadline_ms, const atomic_bool *cancel)
{
    int status = 0;
    pid_t got;
    while ((got = waitpid(pid, &status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
        int rc = out_of_patience(deadline_ms, cancel);
        if (rc < 0) {
            kill_and_reap(pid);
            return rc;
        }
        clock_sleep_ms(POLL_MS / 5);
    }
    // Where SIGCHLD is ignored the kernel reaps; the output tells then.
    return got < 0 ? 0 : judge_status(status);
}

int command_run(const struct command *c, int64_t deadline_ms, const atomic_bool *cancel,
                struct buf *out)
{
    assert(c->count > 0 && out->secret);
    int fds[2];
    pid_t pid = -1;
    if (pipe2(fds, O_CLOEXEC) != 0)
        return err_set(-EIO, "no pipe for %.200s: %s", c->words[0], strerror(errno));
    AUTO_CLOSE int from = fds[0];
    int rc = spawn(c, fds[1], &pid);
    close(fds[1]);
    if (rc < 0)
        return rc;
    rc = read_all(from, deadline_ms, cancel, out);
    if (rc < 0)
        kill_and_reap(pid);
    else
        rc = reap(pid, deadline_ms, cancel);
    return rc < 0 ? err_prefix(rc, "%.200s", c->words[0]) : 0;
}
