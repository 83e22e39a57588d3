// Becoming a daemon, and being interrupted.
#include "cli/daemon.h"
#include "cli/interrupt.h"
#include "common/err.h"
#include "tests/unit/test.h"

#include <signal.h>
#include <sys/wait.h>

static void the_parent_returns_the_childs_error(void **state)
{
    (void)state;
    struct daemon d;
    bool is_child = false;
    int rc = daemon_fork(&d, &is_child);
    if (is_child) {
        daemon_failed(&d, err_set(-EACCES, "the key said no"));
        _exit(1);
    }
    assert_int_equal(rc, -EACCES);
    assert_string_equal(err_text(), "the key said no");
    wait(NULL);
}

static void the_parent_waits_for_a_ready_child_in_its_own_session(void **state)
{
    (void)state;
    struct daemon d;
    bool is_child = false;
    int fds[2];
    pid_t session = 0;
    assert_int_equal(pipe(fds), 0);
    int rc = daemon_fork(&d, &is_child);
    if (is_child) {
        daemon_ready(&d, true);
        session = getsid(0) == getpid() ? getsid(0) : -1;
        _exit(write(fds[1], &session, sizeof session) == sizeof session ? 0 : 1);
    }
    assert_ok(rc);
    assert_int_equal(read(fds[0], &session, sizeof session), sizeof session);
    assert_true(session > 0 && session != getsid(0));
    close(fds[0]);
    close(fds[1]);
    wait(NULL);
}

static void a_child_that_dies_is_reported(void **state)
{
    (void)state;
    struct daemon d;
    bool is_child = false;
    int rc = daemon_fork(&d, &is_child);
    if (is_child) {
        signal(SIGTERM, SIG_DFL);
        raise(SIGTERM);
        _exit(0);
    }
    assert_int_equal(rc, -EIO);
    assert_non_null(strstr(err_text(), "signal 15"));
    rc = daemon_fork(&d, &is_child);
    if (is_child)
        _exit(0);
    assert_int_equal(rc, -EIO);
    assert_non_null(strstr(err_text(), "--foreground"));
}

static void the_first_interrupt_is_a_flag_and_the_second_kills(void **state)
{
    (void)state;
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        interrupt_catch();
        if (interrupt_check() != 0)
            _exit(1);
        raise(SIGINT);
        if (interrupt_check() != -EINTR || !atomic_load(interrupt_flag()))
            _exit(2);
        raise(SIGINT);
        _exit(3);
    }
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parent_returns_the_childs_error),
        cmocka_unit_test(the_parent_waits_for_a_ready_child_in_its_own_session),
        cmocka_unit_test(a_child_that_dies_is_reported),
        cmocka_unit_test(the_first_interrupt_is_a_flag_and_the_second_kills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
