// What must hold of a hardened process, seen from outside: a child hardens itself and its parent
// reads what the kernel says about it.
#include "common/err.h"
#include "common/harden.h"
#include "tests/unit/test.h"

#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NOBODY 65534

struct child {
    pid_t pid;
    int report; // its exit code of harden_process and the text
    int resume; // closed to let it go
    int log;    // its stderr
};

struct wish {
    bool as_nobody;
    bool limited;
    bool require_mlock;
};

static void child_prepare(const struct wish *wish)
{
    if (wish->limited) {
        // Room for the process as it is, not for the 64 MiB that it wants later.
        struct rlimit limit;
        getrlimit(RLIMIT_MEMLOCK, &limit);
        limit.rlim_max = limit.rlim_max < (8 << 20) ? limit.rlim_max : 8 << 20;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0)
            _exit(90);
    }
    if (wish->as_nobody) {
        if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
            _exit(91);
        prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); // setuid cleared it; here it shall be our doing
    }
}

static void child_run(const struct wish *wish, int report, int resume)
{
    char text[ERR_TEXT_MAX + 32];
    child_prepare(wish);
    int rc = harden_process(wish->require_mlock);
    // The limit must not bite afterwards.
    void *memory = mmap(NULL, 64 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int len = snprintf(text, sizeof text, "%d %s %s", rc, memory == MAP_FAILED ? "starved" : "fed",
                       rc < 0 ? err_text() : "");
    if (write(report, text, (size_t)len + 1) != len + 1)
        _exit(92);
    close(report);
    char end;
    _exit(read(resume, &end, 1) == 0 ? 0 : 93);
}

static struct child child_start(struct wish wish, char report[static ERR_TEXT_MAX])
{
    int up[2], down[2], log[2];
    assert_int_equal(pipe(up) | pipe(down) | pipe(log), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(down[1]);
        dup2(log[1], STDERR_FILENO);
        close(log[1]);
        child_run(&wish, up[1], down[0]);
    }
    close(up[1]);
    close(down[0]);
    close(log[1]);
    memset(report, 0, ERR_TEXT_MAX);
    assert_true(read(up[0], report, ERR_TEXT_MAX - 1) > 0);
    close(up[0]);
    return (struct child){.pid = pid, .resume = down[1], .log = log[0]};
}

static void child_end(struct child *c, char log[static 2048])
{
    int status = -1;
    memset(log, 0, 2048);
    close(c->resume);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    assert_int_equal(status, 0);
    assert_true(read(c->log, log, 2047) >= 0);
    close(c->log);
}

// The line of /proc/<pid>/<file> that starts with name.
static void proc_line(pid_t pid, const char *file, const char *name, char out[static 256])
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    out[0] = '\0';
    while (fgets(out, 256, f) != NULL && strncmp(out, name, strlen(name)) != 0)
        out[0] = '\0';
    fclose(f);
    assert_int_not_equal(out[0], 0);
}

static unsigned long locked_kib(pid_t pid)
{
    char line[256];
    proc_line(pid, "status", "VmLck:", line);
    return strtoul(line + 6, NULL, 10);
}

static void a_hardened_process_dumps_no_core(void **state)
{
    (void)state;
    char report[ERR_TEXT_MAX], log[2048], line[256];
    struct child c = child_start((struct wish){0}, report);
    assert_string_equal(report, "0 fed ");
    proc_line(c.pid, "limits", "Max core file size", line);
    char soft[32], hard[32];
    assert_int_equal(sscanf(line + 18, "%31s %31s", soft, hard), 2);
    assert_string_equal(soft, "0");
    assert_string_equal(hard, "0");
    child_end(&c, log);
}

static void its_memory_is_locked_or_it_says_so(void **state)
{
    (void)state;
    char report[ERR_TEXT_MAX], log[2048];
    struct child c = child_start((struct wish){0}, report);
    assert_string_equal(report, "0 fed ");
    unsigned long locked = locked_kib(c.pid);
    child_end(&c, log);
    if (locked > 0)
        assert_string_equal(log, "");
    else
        assert_non_null(strstr(log, "LimitMEMLOCK=infinity"));
    print_message("locked here: %lu KiB\n", locked);
}

static void no_other_process_of_its_user_may_look_inside(void **state)
{
    (void)state;
#ifdef RDSBAK_SANITIZED
    skip(); // not done there
#endif
    if (getuid() != 0)
        skip(); // needs another user
    char report[ERR_TEXT_MAX], log[2048], path[64];
    struct stat st;
    struct child c = child_start((struct wish){.as_nobody = true}, report);
    snprintf(path, sizeof path, "/proc/%d/environ", (int)c.pid);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, 0); // not nobody's
    child_end(&c, log);
}

static void without_leave_to_lock_it_warns_and_goes_on(void **state)
{
    (void)state;
    if (getuid() != 0)
        skip();
    char report[ERR_TEXT_MAX], log[2048];
    struct child c = child_start((struct wish){.as_nobody = true, .limited = true}, report);
    assert_string_equal(report, "0 fed ");
    assert_int_equal(locked_kib(c.pid), 0);
    child_end(&c, log);
    assert_non_null(strstr(log, "file data may be swapped"));
    assert_non_null(strstr(log, "keys are locked"));
    assert_non_null(strstr(log, "ulimit -l"));
}

static void without_leave_to_lock_it_refuses_when_told_to(void **state)
{
    (void)state;
    if (getuid() != 0)
        skip();
    char report[ERR_TEXT_MAX], log[2048], expected[16];
    struct child c = child_start(
        (struct wish){.as_nobody = true, .limited = true, .require_mlock = true}, report);
    snprintf(expected, sizeof expected, "%d ", -EPERM);
    assert_int_equal(strncmp(report, expected, strlen(expected)), 0);
    assert_non_null(strstr(report, "LimitMEMLOCK=infinity"));
    child_end(&c, log);
}

static void buffers_are_left_out_of_dumps(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *b = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(b != MAP_FAILED);
    harden_dontdump(b + page + 10, page); // the second and third page
    char line[512], address[32];
    snprintf(address, sizeof address, "%lx-%lx ", (unsigned long)(b + page),
             (unsigned long)(b + 3 * page));
    FILE *f = fopen("/proc/self/smaps", "re");
    assert_non_null(f);
    bool mine = false, left_out = false;
    while (fgets(line, sizeof line, f) != NULL) {
        mine = mine || strncmp(line, address, strlen(address)) == 0;
        if (mine && strncmp(line, "VmFlags:", 8) == 0) {
            left_out = strstr(line, " dd") != NULL;
            break;
        }
    }
    fclose(f);
    assert_true(left_out);
    munmap(b, 4 * page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hardened_process_dumps_no_core),
        cmocka_unit_test(its_memory_is_locked_or_it_says_so),
        cmocka_unit_test(no_other_process_of_its_user_may_look_inside),
        cmocka_unit_test(without_leave_to_lock_it_warns_and_goes_on),
        cmocka_unit_test(without_leave_to_lock_it_refuses_when_told_to),
        cmocka_unit_test(buffers_are_left_out_of_dumps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
