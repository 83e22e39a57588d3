// Who is calling: this process, its children and its threads, alive and dead.
#include "fs/process.h"
#include "tests/unit/test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *look_from_thread(void *arg)
{
    process_of_thread((pid_t)syscall(SYS_gettid), arg);
    return NULL;
}

static void a_thread_belongs_to_its_process(void **state)
{
    (void)state;
    struct process mine, thread;
    pthread_t id;
    process_of_thread(getpid(), &mine);
    assert_int_equal(pthread_create(&id, NULL, look_from_thread, &thread), 0);
    pthread_join(id, NULL);
    assert_int_equal(mine.tgid, getpid());
    assert_true(process_same(&mine, &thread));
    assert_int_equal(mine.dying_signal, 0);
    assert_false(process_has_ended(&mine));
}

static void an_unknown_caller_is_nobody(void **state)
{
    (void)state;
    struct process nobody, other;
    process_of_thread(0, &nobody);
    process_of_thread(INT32_MAX, &other);
    assert_int_equal(nobody.tgid, 0);
    assert_int_equal(other.tgid, 0);
    assert_false(process_same(&nobody, &other)); // two unknown ones are not the same one
    assert_false(process_has_ended(&nobody));
}

static void a_name_with_parentheses_and_spaces_does_not_confuse(void **state)
{
    (void)state;
    struct process before, after;
    process_of_thread(getpid(), &before);
    prctl(PR_SET_NAME, "a) Z 1 (b\n");
    process_of_thread(getpid(), &after);
    prctl(PR_SET_NAME, before.name);
    assert_string_equal(after.name, "a) Z 1 (b\n");
    assert_true(process_same(&before, &after));
    assert_false(process_has_ended(&after));
}

static pid_t waiting_child(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    return pid;
}

static void a_child_has_ended_from_its_death_on(void **state)
{
    (void)state;
    struct process child;
    siginfo_t info;
    pid_t pid = waiting_child();
    process_of_thread(pid, &child);
    assert_int_equal(child.tgid, pid);
    assert_false(process_has_ended(&child));
    kill(pid, SIGKILL);
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    assert_true(process_has_ended(&child)); // a zombie
    waitpid(pid, NULL, 0);
    assert_true(process_has_ended(&child));
}

static void the_signal_that_ends_a_process_is_told(void **state)
{
    (void)state;
    struct process child;
    siginfo_t info;
    for (int number = SIGKILL; number != 0; number = number == SIGKILL ? SIGTERM : 0) {
        pid_t pid = waiting_child();
        kill(pid, number);
        waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
        process_of_thread(pid, &child);
        waitpid(pid, NULL, 0);
        assert_int_equal(child.dying_signal, number);
    }
}

static void a_normal_exit_is_no_signal(void **state)
{
    (void)state;
    struct process child;
    siginfo_t info;
    pid_t pid = fork();
    if (pid == 0)
        _exit(9); // the number of SIGKILL
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    process_of_thread(pid, &child);
    waitpid(pid, NULL, 0);
    assert_int_equal(child.tgid, pid);
    assert_int_equal(child.dying_signal, 0);
}

#ifndef RDSBAK_SANITIZED
static void *outlive(void *arg)
{
    int *fds = arg;
    char byte;
    ssize_t got = read(fds[0], &byte, 1);
    (void)got;
    _exit(0);
}

static void a_process_lives_while_any_thread_does(void **state)
{
    (void)state;
    struct process child;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        close(fds[1]);
        pthread_create(&thread, NULL, outlive, fds);
        pthread_exit(NULL); // the first thread is a zombie from now on
    }
    close(fds[0]);
    usleep(100000);
    process_of_thread(pid, &child);
    assert_int_equal(child.tgid, pid);
    assert_false(process_has_ended(&child));
    close(fds[1]);
    waitpid(pid, NULL, 0);
    assert_true(process_has_ended(&child));
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_belongs_to_its_process),
        cmocka_unit_test(an_unknown_caller_is_nobody),
        cmocka_unit_test(a_name_with_parentheses_and_spaces_does_not_confuse),
        cmocka_unit_test(a_child_has_ended_from_its_death_on),
        cmocka_unit_test(the_signal_that_ends_a_process_is_told),
        cmocka_unit_test(a_normal_exit_is_no_signal),
#ifndef RDSBAK_SANITIZED // the sanitizers' runtime may end a process whose first thread has left
        cmocka_unit_test(a_process_lives_while_any_thread_does),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
