// mount: everything is checked and answered for before the daemon lets its caller go.
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/daemon.h"
#include "cli/notify.h"
#include "cli/metrics_http.h"
#include "cli/option_values.h"
#include "cli/upkeep.h"
#include "cli/runtime_dir.h"
#include "common/codec.h"
#include "fs/mount.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define RENAME_COPY_DEFAULT    (100ull << 30)
#define STOP_TIMEOUT_DEFAULT_S 300 // as long as a file may go without progress
#define STOP_BESIDE_S          60  // giving up what is left, and unmounting

// What one mount is made of, so that the steps below can hand it on.
struct mounting {
    const struct options *options;
    struct source source;
    char *mountpoint;  // absolute; owned
    char *control_dir; // owned; NULL: there is no place for a socket
    struct daemon daemon;
    struct connection connection;
    struct notify notify; // the service manager, if there is one
    struct metrics_http *metrics;
    struct mount *mount;
    bool lacks_rule; // of the bucket: see cli/upkeep.h
};

static void mounting_clear(struct mounting *m)
{
    notify_close(&m->notify); // its thread asks the mount
    if (m->mount != NULL)
        mount_free(m->mount);
    metrics_http_stop(m->metrics);
    metrics_http_collect(NULL);
    connection_close(&m->connection);
    free(m->mountpoint);
    free(m->control_dir);
}

// Before any network: the commonest fault of a fresh machine or a container. A denial is left to
// fusermount3, which may open the device when we may not.
static int check_fuse_device(void)
{
    AUTO_CLOSE int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fd >= 0 || errno == EACCES)
        return 0;
    if (errno == ENOENT)
        return err_set(-EIO, "/dev/fuse: missing; load the module (modprobe fuse), or give the "
                             "container the device (--device /dev/fuse --cap-add SYS_ADMIN)");
    if (errno == ENODEV || errno == ENXIO)
        return err_set(-EIO, "/dev/fuse: the kernel has no fuse; load the module (modprobe fuse)");
    return err_set(-EIO, "/dev/fuse: %s; a container needs --device /dev/fuse", strerror(errno));
}

static void say_limits(const struct mounting *m)
{
    const struct volume_config *config = volume_config(m->connection.volume);
    char file_max[32], memory[32], part[32], window[32];
    size_format(file_max, volume_file_size_max(m->connection.volume));
    size_format(memory, config->memory_limit);
    size_format(part, config->part_size);
    size_format(window, config->window);
    log_info("s3://%s/%s on %s%s: files up to %s (memory limit %s, parts from %s, window %s), "
             "format %s, region %s",
             m->source.bucket, m->source.key, m->mountpoint, config->read_only ? ", read-only" : "",
             file_max, memory, part, window, config->format->name, m->connection.region);
}

static uint64_t stop_timeout_s(const struct mounting *m)
{
    uint64_t given = m->options->stop_timeout_s;
    return given != OPTION_UNSET ? given : STOP_TIMEOUT_DEFAULT_S;
}

// The manager is told how long stopping may take, since its own limit knows nothing of ours.
static void on_event(void *context, enum mount_event event)
{
    const struct mounting *m = context;
    switch (event) {
    case MOUNT_SERVES:
        notify_send(&m->notify, "READY=1\nMAINPID=%d\nSTATUS=s3://%s/%.200s on %.200s",
                    (int)getpid(), m->source.bucket, m->source.key, m->mountpoint);
        break;
    case MOUNT_STOPS:
        notify_send(&m->notify,
                    "STOPPING=1\nSTATUS=waiting for files that are open for writing\n"
                    "EXTEND_TIMEOUT_USEC=%" PRIu64,
                    (stop_timeout_s(m) + STOP_BESIDE_S) * 1000000);
        break;
    }
}

static bool answers(void *context)
{
    return mount_answers(context);
}

static int make_mount(struct mounting *m)
{
    const struct options *o = m->options;
    m->control_dir = runtime_dir_own();
    const struct mount_config config = {
        .source = o->arguments[0],
        .prefix = m->source.key,
        .mountpoint = m->mountpoint,
        .read_only = o->read_only,
        .allow_other = o->allow_other,
        .foreground = o->foreground,
        .uid = o->uid,
        .gid = o->gid,
        .file_mode = o->file_mode,
        .dir_mode = o->dir_mode,
        .stop_timeout_ms = (int64_t)stop_timeout_s(m) * 1000,
        .rename_copy_max =
            o->rename_copy_max != OPTION_UNSET ? o->rename_copy_max : RENAME_COPY_DEFAULT,
        .on_event = on_event,
        .event_context = m,
        .extra_options = o->fuse_extra,
        .control_dir = m->control_dir,
    };
    return mount_new(&m->mount, m->connection.volume, &config);
}

static int start(struct mounting *m)
{
    const struct options *o = m->options;
    enum connection_use use = o->read_only ? CONNECTION_READ : CONNECTION_WRITE;
    int rc = connection_open(&m->connection, o, &m->source, use);
    if (rc == 0)
        rc = connection_probe(&m->connection, &m->source, o);
    if (rc == 0 && use == CONNECTION_WRITE)
        m->lacks_rule = upkeep_lacks_rule(&m->connection, &m->source);
    if (rc == 0)
        metrics_http_collect(&m->connection);
    if (rc == 0 && o->metrics != NULL)
        rc = metrics_http_start(&m->metrics, o->metrics);
    if (rc == 0)
        rc = make_mount(m);
    return rc;
}

// The mount stands and the log is where it stays: what is no failure is not for the terminal.
static void settle_in(struct mounting *m)
{
    say_limits(m);
    if (m->lacks_rule)
        upkeep_warn_rule(&m->source);
    if (m->connection.use == CONNECTION_WRITE)
        upkeep_sweep(&m->connection, m->options, &m->source);
}

static int serve_foreground(struct mounting *m)
{
    int rc = log_from_options(m->options, LOG_LEVEL_INFO, LOG_SINK_STDERR);
    if (rc == 0)
        rc = start(m);
    if (rc < 0)
        return rc;
    settle_in(m);
    notify_watch(&m->notify, answers, m->mount);
    return mount_run(m->mount);
}

// In the daemon. Until it is ready its log goes to the caller's terminal.
static int serve_daemon(struct mounting *m)
{
    bool to_stderr = m->options->log_where == LOG_WHERE_STDERR;
    int rc = start(m);
    if (rc < 0) {
        daemon_failed(&m->daemon, rc);
        return rc;
    }
    daemon_ready(&m->daemon, to_stderr);
    if (log_from_options(m->options, LOG_LEVEL_INFO, LOG_SINK_SYSLOG) < 0)
        log_init(LOG_LEVEL_INFO, LOG_SINK_SYSLOG); // the journal went away meanwhile
    settle_in(m);
    notify_watch(&m->notify, answers, m->mount);
    rc = mount_run(m->mount);
    if (rc < 0)
        log_error("%s: ended with losses: %s", m->mountpoint, err_text());
    return rc;
}

// The child never returns to main: its error is the parent's to print.
static int serve_detached(struct mounting *m)
{
    bool is_child = false;
    int rc = daemon_fork(&m->daemon, &is_child);
    if (!is_child)
        return rc;
    rc = serve_daemon(m);
    mounting_clear(m);
    exit(rc < 0 ? 1 : 0);
}

static int check_arguments(struct mounting *m)
{
    int rc = source_parse(m->options->arguments[0], &m->source);
    if (rc == 0)
        rc = source_need_prefix(&m->source);
    if (rc == 0)
        rc = option_path(m->options->arguments[1], &m->mountpoint);
    return rc;
}

int cmd_mount(const struct options *o)
{
    CLEANUP(mounting_clear)
    struct mounting m = {.options = o, .daemon = {.verdict_fd = -1}, .notify = NOTIFY_NONE};
    int rc = check_arguments(&m);
    if (rc < 0 || o->fake)
        return rc;
    log_set_mount(m.mountpoint);
    rc = check_fuse_device();
    if (rc < 0)
        return rc;
    notify_open(&m.notify);
    return o->foreground ? serve_foreground(&m) : serve_detached(&m);
}
