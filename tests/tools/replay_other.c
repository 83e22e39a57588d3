// replay: another process, started before any file is open, that does operations on the mount by
// path. The main thread leads it.
#include "tests/tools/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int to_other = -1, from_other = -1;
static pid_t other_pid;

static _Noreturn void serve(int requests, int answers)
{
    size_t index;
    while (read(requests, &index, sizeof index) == (ssize_t)sizeof index) {
        struct trace_op op = trace.ops[index];
        op.other = false;
        int64_t result = side_perform(MOUNT, &op, NULL);
        if (write(answers, &result, sizeof result) != (ssize_t)sizeof result)
            break;
    }
    _exit(0);
}

void other_start(void)
{
    int requests[2], answers[2];
    bool wanted = false;
    for (size_t i = 0; i < trace.count; i++)
        wanted = wanted || trace.ops[i].other;
    if (!wanted)
        return;
    if (pipe2(requests, O_CLOEXEC) || pipe2(answers, O_CLOEXEC))
        die("no pipes: %s", strerror(errno));
    other_pid = fork();
    if (other_pid < 0)
        die("no process: %s", strerror(errno));
    if (other_pid == 0) {
        close(requests[1]); // else its end would not be seen
        serve(requests[0], answers[1]);
    }
    close(requests[0]);
    close(answers[1]);
    to_other = requests[1];
    from_other = answers[0];
}

int64_t other_perform(const struct trace_op *op)
{
    int64_t result;
    size_t index = (size_t)op->index;
    if (write(to_other, &index, sizeof index) != (ssize_t)sizeof index ||
        read(from_other, &result, sizeof result) != (ssize_t)sizeof result)
        die("line %d: the other process is gone", op->line);
    return result;
}

void other_stop(void)
{
    if (!other_pid)
        return;
    close(to_other);
    close(from_other);
    waitpid(other_pid, NULL, 0);
}

int64_t fork_and_end(void)
{
    pid_t child = fork();
    if (child < 0)
        return -errno;
    if (child == 0)
        _exit(0); // which closes its copies of all handles
    int status;
    return waitpid(child, &status, 0) == child && status == 0 ? 0 : -ECHILD;
}
