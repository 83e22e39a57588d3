#include "cli/daemon.h"

#include "common/err.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/wait.h>

// The whole verdict is one write that a pipe never splits.
_Static_assert(sizeof(struct err_saved) <= PIPE_BUF, "a verdict must be atomic");

static int describe_death(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(status))
        return err_set(-EIO,
                       "the daemon died of signal %d (%s) while starting; its log or "
                       "--foreground may say more",
                       WTERMSIG(status), strsignal(WTERMSIG(status)));
    return err_set(-EIO, "the daemon ended while starting; try --foreground to see why");
}

static int await_verdict(int fd, pid_t child)
{
    struct err_saved verdict;
    ssize_t got;
    do {
        got = read(fd, &verdict, sizeof verdict);
    } while (got < 0 && errno == EINTR);
    if (got != sizeof verdict)
        return describe_death(child);
    return verdict.code == 0 ? 0 : err_restore(&verdict);
}

int daemon_fork(struct daemon *d, bool *is_child)
{
    int fds[2];
    d->verdict_fd = -1;
    *is_child = false;
    if (pipe2(fds, O_CLOEXEC) != 0)
        return err_set(-errno, "cannot make a pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child < 0) {
        int code = -errno;
        close(fds[0]);
        close(fds[1]);
        return err_set(code, "cannot fork: %s", strerror(-code));
    }
    if (child == 0) {
        close(fds[0]);
        d->verdict_fd = fds[1];
        *is_child = true;
        return 0;
    }
    close(fds[1]);
    int rc = await_verdict(fds[0], child);
    close(fds[0]);
    return rc;
}

static void tell(struct daemon *d, int code)
{
    struct err_saved verdict = {0};
    if (d->verdict_fd < 0)
        return;
    err_save(&verdict, code);
    ssize_t written = write(d->verdict_fd, &verdict, sizeof verdict);
    (void)written; // a parent that was killed meanwhile needs no answer
    close(d->verdict_fd);
    d->verdict_fd = -1;
}

void daemon_failed(struct daemon *d, int code)
{
    tell(d, code);
}

// Only now, so that Ctrl-C during a slow start still reaches the child, and relative paths worked.
void daemon_ready(struct daemon *d, bool keep_stderr)
{
    if (d->verdict_fd < 0)
        return;
    setsid();
    int ignored = chdir("/"); // "/" is always there; staying would only keep a directory busy
    (void)ignored;
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd >= 0) {
        dup2(null_fd, STDIN_FILENO);
        dup2(null_fd, STDOUT_FILENO);
        if (!keep_stderr)
            dup2(null_fd, STDERR_FILENO);
        if (null_fd > STDERR_FILENO)
            close(null_fd);
    }
    tell(d, 0);
}
