// A mount without the kernel: the real session and fs/ over the memory store, its client (wire.h),
// and a few processes, asleep, to make requests in the name of.
#ifndef TESTS_UNIT_FS_RIG_H
#define TESTS_UNIT_FS_RIG_H

#include "tests/unit/fs/wire.h"
#include "tests/unit/object/harness.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PREFIX "p/"

struct vfs {
    struct rig rig;
    struct mount *mount;
    struct wire *wire;
    pthread_t server;
    int server_result;
};

static inline void *vfs_serve(void *arg)
{
    struct vfs *v = arg;
    v->server_result = mount_run(v->mount);
    return NULL;
}

static inline void vfs_start(struct vfs *v, const struct volume_config *config)
{
    struct mount_config mount = {
        .source = "s3://b/" PREFIX,
        .prefix = PREFIX,
        .mountpoint = "",
        .file_mode = 0600,
        .dir_mode = 0700,
        .stop_timeout_ms = 1000,
        .rename_copy_max = 1ull << 40,
    };
    int fds[2];
    rig_start_config(&v->rig, config);
    assert_ok(wire_socket(fds));
    assert_ok(mount_new_on(&v->mount, v->rig.volume, &mount, &WIRE_IO, fds[0]));
    assert_int_equal(pthread_create(&v->server, NULL, vfs_serve, v), 0);
    v->wire = wire_start(fds[1]);
}

static inline unsigned vfs_inodes(struct vfs *v)
{
    WITH_LOCK(&v->mount->lock);
    return HASH_CNT(by_ino, v->mount->nodes_by_ino);
}

// The client has closed and forgotten everything: nothing may be left of it.
static inline void vfs_stop(struct vfs *v)
{
    // FORGET has no answer, and the last ones may be on their way. One inode is the root's.
    for (int i = 0; i < 60000 && vfs_inodes(v) > 1; i++)
        usleep(1000);
    assert_int_equal(vfs_inodes(v), 1);
    wire_stop(v->wire);
    pthread_join(v->server, NULL);
    assert_null(v->mount->handles);
    assert_int_equal(v->mount->writings, 0);
    mount_free(v->mount);
    rig_stop(&v->rig);
}

// A process that sleeps until process_end.
static inline pid_t process_start(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    return pid;
}

// Killed, and not yet reaped: as the kernel shows it while it closes what the process had open.
static inline void process_kill(pid_t pid)
{
    siginfo_t info;
    kill(pid, SIGKILL);
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
}

static inline void process_reap(pid_t pid)
{
    waitpid(pid, NULL, 0);
}

static inline void process_end(pid_t pid)
{
    process_kill(pid);
    process_reap(pid);
}

#endif
