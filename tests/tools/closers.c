// closers: programs that close, fork, dup, sync and die in all the ways that must not be mistaken
// for the end of a file, or that must. Each case writes the content of `--seed` from the start of
// the file (sqlread --seed checks it) and prints one line a step; `hold` runs commands from
// standard input instead (hold.c).
#include "tests/tools/hold.h"
#include "tests/tools/toolkit.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PIECE 65536u

static struct {
    const char *path;
    const char *result; // orphan-child writes its steps here
    uint64_t size, seed;
    int signal;
} options = {.size = 1u << 20, .seed = 1, .signal = SIGKILL};

static int status; // of the exit: 1 after a step that failed

// Prints the step's outcome; result is 0 or more, or a negative errno.
static int64_t step(const char *name, int64_t result)
{
    printf("%s: %s\n", name, result < 0 ? errno_name((int)-result) : "ok");
    fflush(stdout);
    if (result < 0)
        status = 1;
    return result;
}

static int64_t step_call(const char *name, int result)
{
    return step(name, result ? -errno : 0);
}

static int open_or_exit(int flags)
{
    int fd = open(options.path, flags | O_CLOEXEC, 0644);
    if (step("open", fd < 0 ? -errno : 0) < 0)
        exit(1);
    return fd;
}

static int open_new(void)
{
    return open_or_exit(O_RDWR | O_CREAT | O_TRUNC);
}

// Writes the bytes [from, to) of the content.
static int64_t write_range(int fd, uint64_t from, uint64_t to)
{
    static unsigned char buffer[PIECE];
    for (uint64_t at = from; at < to; at += PIECE) {
        size_t len = to - at < PIECE ? to - at : PIECE;
        content_fill(buffer, len, at, options.seed, 0);
        ssize_t n = write_all(fd, buffer, len, at);
        if (n < 0)
            return step("write", n);
    }
    return step("write", 0);
}

static uint64_t half(void)
{
    return options.size / 2;
}

static void wait_for(pid_t child)
{
    int how = 0;
    if (child < 0 || waitpid(child, &how, 0) != child)
        step("wait", -errno);
    else if (WIFSIGNALED(how))
        printf("child: killed %d\n", WTERMSIG(how));
    else if (WEXITSTATUS(how))
        status = 1;
}

static pid_t fork_quietly(void)
{
    fflush(stdout);
    return fork();
}

static void die_of_signal(void)
{
    struct rlimit none = {0};
    setrlimit(RLIMIT_CORE, &none);
    raise(options.signal);
}

// ---- the cases ----

static void run_plain(void)
{
    int fd = open_new();
    write_range(fd, 0, options.size);
    step_call("close", close(fd));
}

static void run_dup(void)
{
    int fd = open_new();
    int copy = dup(fd);
    write_range(fd, 0, half());
    step_call("close of the copy", close(copy));
    write_range(fd, half(), options.size);
    step_call("close", close(fd));
}

static void run_fork_child_closes(void)
{
    int fd = open_new();
    write_range(fd, 0, half());
    pid_t child = fork_quietly();
    if (child == 0) {
        step_call("close in the child", close(fd));
        _exit(status);
    }
    wait_for(child);
    write_range(fd, half(), options.size);
    step_call("close", close(fd));
}

static void run_redirect(void)
{
    int fd = open_new();
    int target = dup2(fd, 100);
    step_call("close before data", close(fd));
    write_range(target, 0, options.size);
    step_call("close", close(target));
}

static void run_second_handle(void)
{
    uint64_t last = options.size > 4096 ? options.size - 4096 : 0;
    int fd = open_new();
    write_range(fd, 0, last);
    int second = open_or_exit(O_RDWR);
    step_call("fsync of the second", fsync(second));
    step_call("close of the second", close(second));
    write_range(fd, last, options.size);
    step_call("close", close(fd));
}

static void run_orphan_child(void)
{
    int fd = open_new();
    write_range(fd, 0, half());
    pid_t parent = getpid();
    pid_t child = fork_quietly();
    if (child < 0)
        step("fork", -errno);
    if (child)
        return; // the exit closes the opener's handle
    while (getppid() == parent)
        usleep(1000);
    if (!options.result || !freopen(options.result, "w", stdout))
        die("orphan-child needs --result FILE");
    usleep(100000); // the opener's process has to be gone, not only dying
    write_range(fd, half(), options.size);
    step_call("close", close(fd));
    printf("end\n");
}

static void run_kill_self(void)
{
    int fd = open_new();
    write_range(fd, 0, options.size);
    die_of_signal();
}

static void run_child_killed(void)
{
    int fd = open_new();
    pid_t child = fork_quietly();
    if (child == 0) {
        write_range(fd, 0, options.size);
        die_of_signal();
        _exit(1);
    }
    wait_for(child);
    step_call("close", close(fd));
}

static void run_exit_without_close(void)
{
    int fd = open_new();
    write_range(fd, 0, options.size);
}

static void run_write_after_fsync(void)
{
    int fd = open_new();
    write_range(fd, 0, half());
    step_call("fsync", fsync(fd));
    write_range(fd, half(), options.size);
    step_call("close", close(fd));
}

static void run_append(void)
{
    struct stat found;
    int fd = open_or_exit(O_WRONLY | O_APPEND | O_CREAT);
    if (step_call("fstat", fstat(fd, &found)) < 0)
        return;
    uint64_t old = (uint64_t)found.st_size;
    write_range(fd, old, old + options.size); // with O_APPEND the kernel ignores the offset
    step_call("close", close(fd));
}

static void run_trunc_down(void)
{
    int fd = open_new();
    write_range(fd, 0, options.size);
    step_call("ftruncate", ftruncate(fd, (off_t)half()));
    step_call("close", close(fd));
}

static void *open_in_thread(void *fd)
{
    *(int *)fd = open_new();
    return NULL;
}

static void *close_in_thread(void *fd)
{
    step_call("close", close(*(int *)fd));
    return NULL;
}

static void in_thread(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, function, argument))
        die("cannot start a thread");
    pthread_join(thread, NULL);
}

static void run_other_threads(void)
{
    int fd = -1;
    in_thread(open_in_thread, &fd);
    write_range(fd, 0, options.size);
    in_thread(close_in_thread, &fd);
}

static const struct {
    const char *name;
    void (*run)(void);
    const char *what;
} CASES[] = {
    {"plain", run_plain, "open, write, close"},
    {"dup", run_dup, "write half, close a copy, write the rest, close"},
    {"fork-child-closes", run_fork_child_closes, "a child closes its handle half way"},
    {"redirect", run_redirect, "dup2 and close before any data, as shells and dd do"},
    {"second-handle", run_second_handle,
     "a second handle is synced and closed before the last 4096"},
    {"orphan-child", run_orphan_child, "the opener exits half way, its child goes on (--result)"},
    {"kill-self", run_kill_self, "write, then die of --signal"},
    {"child-killed", run_child_killed, "a child writes and dies of --signal, the opener closes"},
    {"exit-without-close", run_exit_without_close, "write, then exit"},
    {"write-after-fsync", run_write_after_fsync, "write half, fsync, write the rest, close"},
    {"append", run_append, "O_APPEND to what is there"},
    {"trunc-down", run_trunc_down, "write, ftruncate to half, close"},
    {"other-threads", run_other_threads, "three threads open, write and close"},
};

#define CASES_COUNT (sizeof CASES / sizeof CASES[0])

static _Noreturn void usage(int code)
{
    printf("usage: closers CASE PATH [--size N] [--seed N] [--signal NUMBER] [--result FILE]\n"
           "       closers hold          commands from standard input, one answer a line:\n"
           "                             ok ..., errno NAME, usage: ...\n"
           "exit status: 0 every step succeeded, 1 one did not, 2 wrong use\ncases:\n");
    for (size_t i = 0; i < CASES_COUNT; i++)
        printf("    %-20s %s\n", CASES[i].name, CASES[i].what);
    printf("commands of hold:\n");
    hold_print_commands();
    exit(code);
}

static const struct option LONG_OPTIONS[] = {
    {"size", required_argument, NULL, 's'},   {"seed", required_argument, NULL, 'S'},
    {"signal", required_argument, NULL, 'g'}, {"result", required_argument, NULL, 'r'},
    {"help", no_argument, NULL, 'h'},         {0},
};

static void take_option(int letter)
{
    switch (letter) {
    case 's':
        options.size = size_or_die("--size", optarg);
        break;
    case 'S':
        options.seed = size_or_die("--seed", optarg);
        break;
    case 'g':
        options.signal = (int)size_or_die("--signal", optarg);
        break;
    case 'r':
        options.result = optarg;
        break;
    default:
        usage(letter == 'h' ? 0 : 2);
    }
}

int main(int argc, char **argv)
{
    int letter;
    while ((letter = getopt_long(argc, argv, "h", LONG_OPTIONS, NULL)) != -1)
        take_option(letter);
    if (argc - optind == 1 && strcmp(argv[optind], "hold") == 0)
        return hold_run();
    if (argc - optind != 2)
        usage(2);
    options.path = argv[optind + 1];
    for (size_t i = 0; i < CASES_COUNT; i++) {
        if (strcmp(CASES[i].name, argv[optind]) == 0) {
            CASES[i].run();
            return status;
        }
    }
    usage(2);
}
