// The session: mounting, the kernel's loop, signals and the end. Threads: libfuse's workers run the
// operations; one thread waits for signals; mount_run's caller waits for both.
#include "fs/control.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/mountinfo.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

// A request waits in the memory of the thread that has it, outside of the budget: with 64 writers
// that wait, 1 MiB each (the kernel's largest) would be as much again as a small limit. Fewer bytes
// cost more requests: some 3 % of the CPU time of a read, nothing that can be measured of a write.
#define WRITE_SIZE_MAX (192u << 10)
// What the kernel does not wait for: reading ahead, and asynchronous direct I/O of both kinds. So
// many of these it has outstanding for the whole mount, each with a thread and its bytes in memory;
// a reader's next one waits while writes that wait for memory are all of them. Twice as many came
// to 63-70 MiB beside the memory limit (load_test.py).
#define BACKGROUND_MAX 32
#define THREADS_BESIDE                                                                             \
    64 // beyond one per possible writer: for lookups and reads behind writes that wait
#define THREADS_MAX    1024
#define IDLE_THREADS   16
#define READ_AHEAD_KIB 4096
#define STOP_POLL_MS   100
#define STOP_GRACE_S   15 // after giving up: how long requests under way may take to end

// ---- replies ----

// What a program may ask and be refused every day: no line for each.
static bool is_ordinary(int code)
{
    return code == -ENOENT || code == -EEXIST || code == -ENOTEMPTY || code == -EINTR ||
           code == -ENOTDIR || code == -EISDIR || code == -EROFS;
}

void reply_error(fuse_req_t req, int code, const char *what, const char *path)
{
    const char *name = path != NULL ? path : "";
    const char *gap = *name != '\0' ? " " : ""; // calls on a handle come without a path
    if (is_ordinary(code))
        log_debug("%s%s%s: %s", what, gap, name, err_text());
    else
        log_warn("%s%s%s: %s", what, gap, name, err_text());
    metrics_count_told(err_for_mount(code));
    fuse_reply_err(req, err_for_mount(code));
}

void reply_node_error(fuse_req_t req, int code, const char *what, struct node *node)
{
    struct mount *m = mount_of(req);
    AUTO_FREE char *path = NULL;
    lock_take(&m->lock);
    if (node != NULL && node->path != NULL)
        path = strdup(node->path);
    lock_give(&m->lock);
    reply_error(req, code, what, path);
}

static void refuse_symlink(fuse_req_t req, const char *link, fuse_ino_t parent, const char *name)
{
    (void)link, (void)parent, (void)name;
    fuse_reply_err(req, EPERM);
}

static void refuse_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t new_parent, const char *new_name)
{
    (void)ino, (void)new_parent, (void)new_name;
    fuse_reply_err(req, EPERM);
}

static void refuse_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                         dev_t rdev)
{
    (void)parent, (void)name, (void)mode, (void)rdev;
    fuse_reply_err(req, EPERM);
}

static void no_xattrs(fuse_req_t req, fuse_ino_t ino, size_t size)
{
    (void)ino;
    if (size == 0)
        fuse_reply_xattr(req, 0);
    else
        fuse_reply_buf(req, NULL, 0);
}

// ---- who watches over it ----

static void tell(struct mount *m, enum mount_event event)
{
    unsigned bit = 1u << event;
    bool told = (atomic_fetch_or(&m->events, bit) & bit) != 0;
    if (!told && m->config.on_event != NULL)
        m->config.on_event(m->config.event_context, event);
}

bool mount_answers(struct mount *m)
{
    struct volume_memory memory;
    lock_take(&m->lock);
    lock_give(&m->lock);
    volume_memory(m->volume, &memory);
    return memory.used <= memory.limit;
}

// ---- operations ----

static void init(void *userdata, struct fuse_conn_info *conn)
{
    // The page cache must not collect writes, nor pipes carry data that is to be encrypted anyway.
    conn->want &=
        ~(unsigned)(FUSE_CAP_WRITEBACK_CACHE | FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE |
                    FUSE_CAP_SPLICE_MOVE | FUSE_CAP_POSIX_LOCKS | FUSE_CAP_FLOCK_LOCKS);
    // Attributes with the names, where somebody looks at them.
    conn->want |= conn->capable & (unsigned)(FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO);
    conn->max_write = WRITE_SIZE_MAX;
    conn->max_background = BACKGROUND_MAX;
    conn->congestion_threshold = BACKGROUND_MAX * 3 / 4;
    tell(userdata, MOUNT_SERVES);
}

// Left out on purpose: getxattr (the kernel would ask before every write), setxattr (ENOSYS makes
// it ENOTSUP for good), locks (the kernel's own do), access (permissions are the kernel's).
static const struct fuse_lowlevel_ops OPERATIONS = {
    .init = init,
    .lookup = fs_lookup,
    .forget = fs_forget,
    .forget_multi = fs_forget_multi,
    .getattr = fs_getattr,
    .setattr = fs_setattr,
    .mkdir = fs_mkdir,
    .rmdir = fs_rmdir,
    .unlink = fs_unlink,
    .rename = fs_rename,
    .symlink = refuse_symlink,
    .link = refuse_link,
    .mknod = refuse_mknod,
    .create = fs_create,
    .open = fs_open,
    .read = fs_read,
    .write = fs_write,
    .flush = fs_flush,
    .release = fs_release,
    .fsync = fs_fsync,
    .fallocate = fs_fallocate,
    .opendir = fs_opendir,
    .readdir = fs_readdir,
    .readdirplus = fs_readdirplus,
    .releasedir = fs_releasedir,
    .fsyncdir = fs_fsyncdir,
    .statfs = fs_statfs,
    .listxattr = no_xattrs,
};

// ---- mounting ----

static void signals_of_interest(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGUSR2); // ours: the loop has ended
}

static int check_mountpoint(const char *path)
{
    struct stat here, parent;
    AUTO_FREE char *above = NULL;
    if (stat(path, &here) < 0) {
        if (errno == ENOTCONN)
            return err_set(
                -EBUSY,
                "mount point %s: a dead mount is still there; fusermount3 -uz %s removes it", path,
                path);
        return err_set(-errno, "mount point %s: %s; make it with mkdir -p", path, strerror(errno));
    }
    if (!S_ISDIR(here.st_mode))
        return err_set(-ENOTDIR, "mount point %s: not a directory", path);
    if (asprintf(&above, "%s/..", path) < 0) {
        above = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    if (stat(above, &parent) == 0 && parent.st_dev != here.st_dev)
        return err_set(
            -EBUSY,
            "mount point %s: something is mounted there; umount it or take another directory",
            path);
    return 0;
}

static int add_option(struct fuse_args *args, const char *option)
{
    return fuse_opt_add_arg(args, "-o") == 0 && fuse_opt_add_arg(args, option) == 0
               ? 0
               : err_set(-ENOMEM, "out of memory");
}

// Commas and backslashes in the source would end the option.
static int add_source(struct fuse_args *args, const char *source)
{
    AUTO_BUF struct buf b;
    buf_init(&b, 8192);
    int rc = buf_add_str(&b, "fsname=");
    for (; *source != '\0' && rc == 0; source++) {
        if (*source == ',' || *source == '\\')
            rc = buf_add(&b, "\\", 1);
        if (rc == 0)
            rc = buf_add(&b, source, 1);
    }
    return rc < 0 ? rc : add_option(args, buf_str(&b));
}

static int build_args(const struct mount_config *c, struct fuse_args *args)
{
    int rc = fuse_opt_add_arg(args, "rdsbak") == 0 ? 0 : err_set(-ENOMEM, "out of memory");
    if (rc == 0)
        rc = add_source(args, c->source);
    if (rc == 0)
        rc = add_option(args, "subtype=rdsbak,nosuid,nodev,noexec");
    if (rc == 0 && c->read_only)
        rc = add_option(args, "ro");
    if (rc == 0 && c->allow_other)
        rc = add_option(args, "allow_other,default_permissions");
    if (rc == 0 && c->extra_options != NULL && c->extra_options[0] != '\0')
        rc = add_option(args, c->extra_options);
    return rc;
}

static int open_session(struct mount *m)
{
    struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
    sigset_t set;
    int rc = build_args(&m->config, &args);
    if (rc == 0) {
        m->session = fuse_session_new(&args, &OPERATIONS, sizeof OPERATIONS, m);
        if (m->session == NULL)
            rc = err_set(-EINVAL, "libfuse refuses the mount options (its reason is above)");
    }
    fuse_opt_free_args(&args);
    if (rc < 0)
        return rc;
    // From here on a signal must not leave a dead mount behind; workers inherit it.
    signals_of_interest(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return 0;
}

static int mount_session(struct mount *m)
{
    if (fuse_session_mount(m->session, m->config.mountpoint) != 0)
        return err_set(-EACCES,
                       "cannot mount on %s (libfuse's reason is above): is it yours, is /dev/fuse "
                       "there, and for "
                       "--allow-other, user_allow_other in /etc/fuse.conf?",
                       m->config.mountpoint);
    m->mounted = true;
    return 0;
}

// A mount with its session, which talks to nobody yet.
static int make_mount(struct mount **out, struct volume *v, const struct mount_config *config)
{
    struct mount *m = calloc(1, sizeof *m);
    if (m == NULL)
        return err_set(-ENOMEM, "out of memory");
    m->volume = v;
    m->config = *config;
    m->started_s = time(NULL);
    // Not to be asked once it is mounted: nobody answers before mount_run.
    m->real_mountpoint = realpath(config->mountpoint, NULL);
    if (m->real_mountpoint == NULL)
        m->real_mountpoint = strdup(config->mountpoint);
    pthread_sigmask(SIG_BLOCK, NULL, &m->mask_before);
    lock_init(&m->lock, LOCK_RANK_MOUNT);
    cond_init(&m->changed);
    int rc = node_table_init(m);
    if (rc == 0)
        rc = open_session(m);
    if (rc < 0) {
        mount_free(m);
        return rc;
    }
    *out = m;
    return 0;
}

int control_path(char *out, size_t size, const char *dir, unsigned major, unsigned minor)
{
    int len = snprintf(out, size, "%s/%u-%u.sock", dir, major, minor);
    return len >= 0 && (size_t)len < size ? len : -1;
}

int mount_new(struct mount **out, struct volume *v, const struct mount_config *config)
{
    struct mount *m = NULL;
    int rc = check_mountpoint(config->mountpoint);
    if (rc == 0)
        rc = make_mount(&m, v, config);
    if (rc == 0)
        rc = mount_session(m);
    if (rc < 0) {
        mount_free(m);
        return rc;
    }
    control_start(m); // whoever sees the mount may ask it
    *out = m;
    return 0;
}

#ifdef FS_MOUNT_ON
int mount_new_on(struct mount **out, struct volume *v, const struct mount_config *config,
                 const struct fuse_custom_io *io, int fd)
{
    struct mount *m = NULL;
    int rc = make_mount(&m, v, config);
    if (rc < 0)
        return rc;
    rc = fuse_session_custom_io(m->session, io, fd);
    if (rc != 0) {
        mount_free(m);
        return err_set(-EINVAL, "libfuse refuses the descriptor: %d", rc);
    }
    *out = m;
    return 0;
}
#endif

void mount_free(struct mount *m)
{
    if (m == NULL)
        return;
    control_stop(m);
    if (m->session != NULL) {
        if (m->mounted)
            fuse_session_unmount(m->session);
        fuse_session_destroy(m->session);
    }
    while (m->handles != NULL)
        handle_close(m, m->handles);
    node_table_free(m);
    outcomes_clear(&m->committed);
    outcomes_clear(&m->failed);
    free(m->real_mountpoint);
    pthread_sigmask(SIG_SETMASK, &m->mask_before, NULL);
    lock_destroy(&m->lock);
    pthread_cond_destroy(&m->changed);
    free(m);
}

// The kernel reads ahead 128 KiB by default, too little for a store over a network. Without the
// right to change it, nothing is lost but the kernel's part of reading ahead.
static void raise_read_ahead(const struct mount *m)
{
    struct mountinfo here;
    char path[64] = "";
    if (mountinfo_find(m->real_mountpoint, &here))
        snprintf(path, sizeof path, "/sys/class/bdi/%u:%u/read_ahead_kb", here.major, here.minor);
    AUTO_CLOSE int fd = path[0] != '\0' ? open(path, O_WRONLY | O_CLOEXEC) : -1;
    if (fd < 0 || dprintf(fd, "%d", READ_AHEAD_KIB) < 0)
        log_debug("%s: read-ahead stays the kernel's", m->config.mountpoint);
}

// ---- the end ----

// What its writer has not closed: when all is unmounted, a closed file only waits for its release.
// Pinned, or NULL.
static struct writing *find_to_abort(struct mount *m)
{
    WITH_LOCK(&m->lock);
    struct node *node, *next;
    HASH_ITER (by_ino, m->nodes_by_ino, node, next) {
        struct writing *writing = node->writing;
        struct writer_status status;
        if (writing == NULL || writing->given_up || (writing->unclosed == 0 && !m->gave_up) ||
            !live_writing_locked(node, &status) || !status.dirty)
            continue;
        writing->given_up = true;
        writing->refs++;
        m->lost_count++;
        return writing;
    }
    return NULL;
}

static void abort_writers(struct mount *m)
{
    struct writing *writing;
    while ((writing = find_to_abort(m)) != NULL) {
        writer_abort(writing->writer, -EIO, "the mount was stopped before it was closed");
        writing_unpin(m, writing);
    }
}

static void wait_for_writers(struct mount *m)
{
    int64_t until = clock_ms() + m->config.stop_timeout_ms;
    WITH_LOCK(&m->lock);
    m->stopping = true;
    if (m->writings > 0)
        log_info("stopping: %u file%s still open for writing; waiting up to %" PRId64 " s",
                 m->writings, m->writings == 1 ? "" : "s", m->config.stop_timeout_ms / 1000);
    while (m->writings > 0 && !m->aborting) {
        int64_t left = until - clock_ms();
        if (left <= 0)
            break;
        cond_wait_ms(&m->changed, &m->lock, left < STOP_POLL_MS ? left : STOP_POLL_MS);
    }
}

static void do_nothing(int number)
{
    (void)number;
}

// Whatever still waits for a server that does not answer: the files that were given up are
// reported, nothing of them is visible, and what is left of their uploads is for the next mount.
static void leave_now(int number)
{
    (void)number;
    _exit(EXIT_FAILURE);
}

// Ends the loop: the thread that runs it sleeps until a signal comes, which may also be too early.
// (A request would end it too, but no path leads here any more after umount -l.)
static void end_loop(struct mount *m)
{
    int64_t until = clock_ms() + STOP_GRACE_S * 1000;
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = leave_now}, NULL);
    alarm(2 * STOP_GRACE_S); // for what comes after the loop
    fuse_session_exit(m->session);
    while (!atomic_load(&m->loop_ended)) {
        pthread_kill(m->loop_thread, SIGUSR1);
        clock_sleep_ms(STOP_POLL_MS);
        if (clock_ms() < until)
            continue;
        log_error("requests to the server are still unanswered: leaving without their answers");
        fuse_session_unmount(m->session);
        _exit(EXIT_FAILURE);
    }
}

static void *stop_thread(void *arg)
{
    struct mount *m = arg;
    wait_for_writers(m);
    lock_take(&m->lock);
    m->gave_up = !atomic_load(&m->loop_ended);
    lock_give(&m->lock);
    abort_writers(m);
    end_loop(m);
    return NULL;
}

// The first signal stops in order, the second one now.
static void *signal_thread(void *arg)
{
    struct mount *m = arg;
    sigset_t set;
    pthread_t stopper;
    bool stopping = false;
    int number = 0;
    signals_of_interest(&set);
    while (sigwait(&set, &number) == 0 && number != SIGUSR2) {
        log_info("signal %d: %s", number, stopping ? "giving up the open files now" : "stopping");
        if (!stopping) {
            tell(m, MOUNT_STOPS);
            stopping = pthread_create(&stopper, NULL, stop_thread, m) == 0;
            continue;
        }
        WITH_LOCK(&m->lock);
        m->aborting = true;
        pthread_cond_broadcast(&m->changed);
    }
    if (stopping) {
        lock_take(&m->lock);
        m->aborting = true; // the loop is over: nobody is left to wait for
        pthread_cond_broadcast(&m->changed);
        lock_give(&m->lock);
        pthread_join(stopper, NULL);
    }
    return NULL;
}

#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 12)
static unsigned threads_wanted(const struct mount *m)
{
    const struct volume_config *config = volume_config(m->volume);
    uint64_t writers = config->memory_limit / config->part_min;
    uint64_t threads = writers + THREADS_BESIDE;
    return threads < THREADS_MAX ? (unsigned)threads : THREADS_MAX;
}

static int loop(struct mount *m)
{
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    if (config == NULL)
        return -ENOMEM;
    fuse_loop_cfg_set_clone_fd(config, m->mounted);
    fuse_loop_cfg_set_max_threads(config, threads_wanted(m));
    fuse_loop_cfg_set_idle_threads(config, IDLE_THREADS);
    int rc = fuse_session_loop_mt(m->session, config);
    fuse_loop_cfg_destroy(config);
    return rc;
}
#else
// Before 3.12 libfuse starts a thread whenever all are at work, without a limit: what the kernel
// has outstanding is one.
static int loop(struct mount *m)
{
    struct fuse_loop_config config = {.clone_fd = m->mounted, .max_idle_threads = IDLE_THREADS};
    return fuse_session_loop_mt(m->session, &config);
}
#endif

static int run_loop(struct mount *m)
{
    int rc = loop(m);
    // The last close after umount -l ends the connection; a RELEASE that is being picked up at that
    // moment is answered like this. What was not committed by then is counted by itself.
    if (rc == -ECONNABORTED)
        return 0;
    return rc < 0 ? err_set(-EIO, "the connection to the kernel broke: %s", strerror(-rc)) : 0;
}

int mount_run(struct mount *m)
{
    pthread_t signals;
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = do_nothing}, NULL);
    m->loop_thread = pthread_self();
    if (pthread_create(&signals, NULL, signal_thread, m) != 0)
        return err_set(-ENOMEM, "cannot start a thread");
    if (m->mounted)
        raise_read_ahead(m);
    int rc = run_loop(m);
    atomic_store(&m->loop_ended, true);
    tell(m, MOUNT_STOPS);
    fuse_session_unmount(m->session);
    m->mounted = false;
    pthread_kill(signals, SIGUSR2);
    pthread_join(signals, NULL);
    abort_writers(m);
    while (m->handles != NULL) // of programs that had files open to the last, or just closed them
        handle_close(m, m->handles);
    if (rc == 0 && m->lost_count > 0)
        rc = err_set(-EIO, "%u file%s could not be committed and were lost: see the log",
                     m->lost_count, m->lost_count == 1 ? "" : "s");
    return rc;
}
