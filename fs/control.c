// The control socket: who may (root, and the user who mounted) asks it what is in S3 and what is
// not yet. One request, one answer, both lines of JSON; the version is in both. On common/serve.h's
// thread.
//
//     {"rdsbak":1,"ask":"status"}
//     -> {"rdsbak":1,"mount":...,totals}  {"file":...} ...  {"end":1,"files":N,"more":N}
//     {"rdsbak":1,"ask":"acknowledge"}          the same, and then forgets the failures shown
//     {"rdsbak":1,"ask":"log-level","level":"debug"}  -> {"rdsbak":1,"log_level":"debug"}
//
// Numbers stand for truth values, so that a reader needs to know texts and numbers only.
#include "fs/control.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/mountinfo.h"
#include "common/serve.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define REQUEST_MAX 256
#define ANSWER_MAX  (32u << 20)
// A line is a name of up to 1,024 bytes, escaped, and a reason: 32 MiB hold them all.
#define FILES_MAX 4096

// ---- one file

enum file_state { FILE_OPEN, FILE_COMMITTING, FILE_COMMITTED, FILE_FAILED, FILE_STATES };
static const char *const STATE_NAMES[FILE_STATES] = {"open", "committing", "committed", "failed"};

static enum file_state state_of(const struct writer_status *s)
{
    if (s->failure.code != 0)
        return FILE_FAILED;
    if (s->committing)
        return FILE_COMMITTING;
    return s->dirty ? FILE_OPEN : FILE_COMMITTED;
}

// An answer in the making.
struct telling {
    struct buf *out;
    unsigned states[FILE_STATES]; // of files, those not shown too
    uint64_t written, in_s3;      // bytes of open files
    unsigned files, more;         // shown; left out
};

static void add_time(struct json_line *l, const char *name, int64_t wall_ms)
{
    char text[JSON_TIME_SIZE];
    json_time(text, wall_ms);
    if (wall_ms > 0)
        json_line_text(l, name, text);
}

static void add_writer(struct json_line *l, const struct process *writer, uid_t uid)
{
    if (writer->tgid != 0) {
        json_line_number(l, "pid", writer->tgid);
        json_line_text(l, "command", writer->name);
    }
    json_line_number(l, "uid", uid);
}

static void add_failure(struct json_line *l, int code, const char *reason)
{
    json_line_number(l, "errno", err_for_mount(code));
    json_line_text(l, "reason", reason);
}

// False: the answer is full; what is left is only counted.
static bool file_begin(struct telling *t, struct json_line *l, enum file_state state,
                       const char *path)
{
    t->states[state]++;
    if (t->files >= FILES_MAX) {
        t->more++;
        return false;
    }
    t->files++;
    json_line_begin(l, t->out);
    json_line_text(l, "file", path);
    json_line_text(l, "state", STATE_NAMES[state]);
    return true;
}

static int tell_open_locked(struct telling *t, const struct node *node,
                            const struct writing *writing)
{
    struct writer_status s;
    struct json_line l;
    writer_status(writing->writer, &s);
    enum file_state state = state_of(&s);
    uint64_t in_s3 = s.has_committed ? s.bytes : 0;
    t->written += s.written;
    t->in_s3 += in_s3;
    if (!file_begin(t, &l, state, node->path))
        return 0;
    json_line_number(&l, "written", (int64_t)s.written);
    json_line_number(&l, "in_s3", (int64_t)in_s3);
    json_line_number(&l, "sent", (int64_t)s.sent);
    add_time(&l, "opened", writing->opened_ms);
    add_writer(&l, &writing->opener, writing->uid);
    if (state == FILE_FAILED)
        add_failure(&l, s.failure.code, s.failure.text);
    return json_line_end(&l);
}

static int tell_outcome(struct telling *t, const struct outcome *o)
{
    struct json_line l;
    if (!file_begin(t, &l, o->code != 0 ? FILE_FAILED : FILE_COMMITTED, o->path))
        return 0;
    json_line_number(&l, "written", (int64_t)o->bytes);
    json_line_number(&l, "in_s3", (int64_t)o->in_s3);
    add_time(&l, "opened", o->opened_ms);
    add_time(&l, "closed", o->closed_ms);
    add_writer(&l, &o->writer, o->uid);
    if (o->code != 0) {
        add_failure(&l, o->code, o->reason);
        json_line_number(&l, "heard", o->heard);
    }
    return json_line_end(&l);
}

// ---- all of them

// A file that is being written again is told of as that.
static bool is_written_again_locked(struct mount *m, const char *path)
{
    const struct node *node = node_find_path_locked(m, path);
    return node != NULL && node->writing != NULL;
}

static int tell_outcomes_locked(struct mount *m, struct telling *t, const struct outcomes *o)
{
    int rc = 0;
    for (unsigned i = o->count; i-- > 0 && rc == 0;) {
        if (o->items[i].code != 0 || !is_written_again_locked(m, o->items[i].path))
            rc = tell_outcome(t, &o->items[i]);
    }
    return rc;
}

static int tell_files_locked(struct mount *m, struct telling *t)
{
    struct node *node, *next;
    int rc = 0;
    HASH_ITER (by_ino, m->nodes_by_ino, node, next) {
        if (rc == 0 && node->writing != NULL && node->path != NULL && !node->writing->unlinked)
            rc = tell_open_locked(t, node, node->writing);
    }
    if (rc == 0)
        rc = tell_outcomes_locked(m, t, &m->failed);
    return rc == 0 ? tell_outcomes_locked(m, t, &m->committed) : rc;
}

static int tell_totals(struct mount *m, const struct telling *t, struct buf *out)
{
    struct json_line l;
    struct volume_memory memory;
    volume_memory(m->volume, &memory);
    metrics_collect(); // the credentials' expiry
    json_line_begin(&l, out);
    json_line_number(&l, "rdsbak", CONTROL_VERSION);
    json_line_text(&l, "mount", m->config.mountpoint);
    json_line_text(&l, "source", m->config.source);
    json_line_number(&l, "pid", getpid());
    add_time(&l, "started", (int64_t)m->started_s * 1000);
    for (int i = 0; i < FILE_STATES; i++)
        json_line_number(&l, STATE_NAMES[i], t->states[i]);
    json_line_number(&l, "written", (int64_t)t->written);
    json_line_number(&l, "in_s3", (int64_t)t->in_s3);
    json_line_number(&l, "uploads", metric_value(METRIC_UPLOADS));
    json_line_number(&l, "parts", metric_value(METRIC_PARTS));
    json_line_number(&l, "memory_limit", (int64_t)memory.limit);
    json_line_number(&l, "memory_used", (int64_t)memory.used);
    json_line_number(&l, "memory_peak", (int64_t)memory.peak);
    add_time(&l, "credentials_expire", metric_value(METRIC_CREDENTIALS_EXPIRE_S) * 1000);
    return json_line_end(&l);
}

static int tell_end(const struct telling *t, struct buf *out)
{
    struct json_line l;
    json_line_begin(&l, out);
    json_line_number(&l, "end", 1);
    json_line_number(&l, "files", t->files);
    json_line_number(&l, "more", t->more);
    return json_line_end(&l);
}

int control_tell_status(struct mount *m, bool acknowledge, struct buf *head, struct buf *files)
{
    struct telling t = {.out = files};
    lock_take(&m->lock);
    int rc = tell_files_locked(m, &t);
    if (rc == 0 && acknowledge)
        outcomes_clear(&m->failed);
    lock_give(&m->lock);
    if (rc == 0)
        rc = tell_totals(m, &t, head);
    return rc == 0 ? tell_end(&t, files) : rc;
}

// ---- requests

static void answer_status(struct mount *m, struct serve_connection *c, bool acknowledge)
{
    AUTO_BUF struct buf head, files;
    buf_init(&head, 64 * 1024);
    buf_init(&files, ANSWER_MAX);
    int rc = control_tell_status(m, acknowledge, &head, &files);
    if (rc < 0) // the asker finds no end
        log_warn("status: %s", err_text());
    else if (serve_write(c, head.data, head.len))
        serve_write(c, files.data, files.len);
}

static void answer_level(struct serve_connection *c, enum log_level level)
{
    char line[64];
    int len = snprintf(line, sizeof line, "{\"rdsbak\":%d,\"log_level\":\"%s\"}\n", CONTROL_VERSION,
                       log_level_name(level));
    log_set_level(level);
    log_line(level < LOG_LEVEL_INFO ? level : LOG_LEVEL_INFO,
             "the log's level is %s from now on: uid %u asked for it", log_level_name(level),
             (unsigned)serve_peer(c));
    serve_write(c, line, (size_t)len);
}

static bool is_request(const char *line, const char *ask)
{
    char known[REQUEST_MAX];
    snprintf(known, sizeof known, "{\"rdsbak\":%d,\"ask\":%s}\n", CONTROL_VERSION, ask);
    return strcmp(line, known) == 0;
}

static bool is_level_request(const char *line, enum log_level *level)
{
    char ask[64];
    for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
        *level = (enum log_level)i;
        snprintf(ask, sizeof ask, "\"log-level\",\"level\":\"%s\"", log_level_name(*level));
        if (is_request(line, ask))
            return true;
    }
    return false;
}

static void serve(void *context, struct serve_connection *c)
{
    static const char UNKNOWN[] = "{\"rdsbak\":1,\"error\":\"unknown request\"}\n";
    struct mount *m = context;
    AUTO_BUF struct buf request;
    enum log_level level;
    buf_init(&request, REQUEST_MAX);
    if (!serve_read(c, &request, "\n"))
        return;
    const char *line = buf_str(&request);
    if (is_request(line, "\"status\""))
        answer_status(m, c, false);
    else if (is_request(line, "\"acknowledge\""))
        answer_status(m, c, true);
    else if (is_level_request(line, &level))
        answer_level(c, level);
    else
        serve_write(c, UNKNOWN, sizeof UNKNOWN - 1);
}

// ---- life

// Others must not be able to put a socket of theirs where ours is looked for.
static int check_dir(const char *dir)
{
    struct stat st;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return err_set(-EIO, "%s: %s", dir, strerror(errno));
    if (lstat(dir, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
        (st.st_mode & 022) != 0)
        return err_set(-EACCES, "%s: is not a directory of ours that others cannot write", dir);
    return 0;
}

static int start(struct mount *m)
{
    struct mountinfo here;
    struct serve_config config = {
        .what = "control socket", .same_user_only = true, .serve = serve, .context = m};
    if (!mountinfo_find(m->real_mountpoint, &here))
        return err_set(-EIO, "%s: not in /proc/self/mountinfo", m->real_mountpoint);
    int len = control_path(config.address.path, sizeof config.address.path, m->config.control_dir,
                           here.major, here.minor);
    if (len < 0)
        return err_set(-EIO, "%s: too long for a socket's name", m->config.control_dir);
    int rc = check_dir(m->config.control_dir);
    return rc == 0 ? serve_start(&m->control, &config) : rc;
}

// Files are written and committed without it, too.
void control_start(struct mount *m)
{
    if (m->config.control_dir != NULL && start(m) < 0)
        log_warn("rdsbak status will not work for %s: %s", m->config.mountpoint, err_text());
}

void control_stop(struct mount *m)
{
    serve_stop(TAKE(m->control));
}
