// What this machine is like: nobody is asked. See doctor.h.
#include "cli/doctor.h"

#include "common/codec.h"
#include "common/harden.h"
#include "s3/state_dir.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

// Requests at once each way, short calls, and one each for what else a mount holds open: below the
// first it cannot work, below the second many files at once are tight.
#define FILES_LEAST 256
#define FILES_WELL  1024

// ---- FUSE ----

static void look_at_fuse(struct doctor *d)
{
    AUTO_CLOSE int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fd >= 0)
        doctor_say(&d->report, DOCTOR_OK, "/dev/fuse", NULL, "there, and may be opened");
    else if (errno == EACCES)
        doctor_say(&d->report, DOCTOR_OK, "/dev/fuse", NULL,
                   "there; only root may open it, and fusermount3 does so");
    else
        doctor_say(&d->report, DOCTOR_FAIL, "/dev/fuse",
                   "modprobe fuse; a container needs --device /dev/fuse --cap-add SYS_ADMIN", "%s",
                   strerror(errno));
}

// As execvp would find it. false: nowhere.
static bool find_program(const char *name, char *path, size_t size)
{
    const char *at = getenv("PATH");
    while (at != NULL && *at != '\0') {
        size_t len = strcspn(at, ":");
        snprintf(path, size, "%.*s/%s", (int)len, at, name);
        if (access(path, X_OK) == 0)
            return true;
        at += len + (at[len] == ':');
    }
    return false;
}

static void look_at_fusermount(struct doctor *d)
{
    static const char WHAT[] = "fusermount3";
    char path[4096];
    struct stat seen;
    bool is_root = geteuid() == 0, found = find_program(WHAT, path, sizeof path);
    if (is_root)
        doctor_say(&d->report, DOCTOR_OK, WHAT, NULL, "%s; root mounts without it",
                   found ? path : "not in PATH");
    else if (!found)
        doctor_say(&d->report, DOCTOR_FAIL, WHAT, "apt-get install fuse3, or mount as root",
                   "not in PATH, and without it only root can mount");
    else if (stat(path, &seen) != 0 || seen.st_uid != 0 || (seen.st_mode & S_ISUID) == 0)
        doctor_say(&d->report, DOCTOR_FAIL, WHAT, "apt-get install --reinstall fuse3",
                   "%s does not belong to root with the set-user-id bit", path);
    else
        doctor_say(&d->report, DOCTOR_OK, WHAT, NULL, "%s", path);
}

static bool fuse_conf_allows_other(void)
{
    char line[256], word[32];
    bool allows = false;
    FILE *conf = fopen("/etc/fuse.conf", "re");
    if (conf == NULL)
        return false;
    while (fgets(line, sizeof line, conf) != NULL)
        allows |= sscanf(line, " %31s", word) == 1 && strcmp(word, "user_allow_other") == 0;
    fclose(conf);
    return allows;
}

static void look_at_fuse_conf(struct doctor *d)
{
    static const char WHAT[] = "user_allow_other";
    bool wanted = d->options->allow_other;
    if (geteuid() == 0)
        doctor_say(&d->report, DOCTOR_OK, WHAT, NULL, "root needs no leave for --allow-other");
    else if (fuse_conf_allows_other())
        doctor_say(&d->report, DOCTOR_OK, WHAT, NULL, "is in /etc/fuse.conf");
    else
        doctor_say(&d->report, wanted ? DOCTOR_FAIL : DOCTOR_OK, WHAT,
                   wanted ? "add the line user_allow_other to /etc/fuse.conf" : NULL,
                   "not in /etc/fuse.conf: only root may use --allow-other");
}

// ---- who else reads ----

// Whether /etc/updatedb.conf keeps updatedb (plocate, mlocate) out. -1: there is none.
static int updatedb_stays_out(void)
{
    char line[8192];
    int stays_out = 0;
    FILE *conf = fopen("/etc/updatedb.conf", "re");
    if (conf == NULL)
        return -1;
    while (fgets(line, sizeof line, conf) != NULL) {
        const char *list = strstr(line, "PRUNEFS");
        if (list == line)
            stays_out = strcasestr(list, "fuse.rdsbak") != NULL;
    }
    fclose(conf);
    return stays_out;
}

static void look_at_updatedb(struct doctor *d)
{
    static const char WHAT[] = "updatedb";
    int stays_out = updatedb_stays_out();
    if (stays_out == 0)
        doctor_say(&d->report, DOCTOR_WARN, WHAT,
                   "sed -i 's/^PRUNEFS=\"/&fuse.rdsbak /' /etc/updatedb.conf",
                   "lists all of a mount every night, which costs requests");
    else
        doctor_say(&d->report, DOCTOR_OK, WHAT, NULL, "%s",
                   stays_out < 0 ? "not installed" : "stays out of mounts (PRUNEFS)");
}

// ---- limits ----

static void look_at_memory_lock(struct doctor *d)
{
    static const char WHAT[] = "limit: locked memory";
    struct rlimit limit = {0};
    char text[32] = "?";
    if (harden_can_lock_all()) {
        doctor_say(&d->report, DOCTOR_OK, WHAT, NULL, "all memory can be locked");
        return;
    }
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0)
        size_format(text, limit.rlim_max);
    doctor_say(&d->report, d->options->require_mlock ? DOCTOR_FAIL : DOCTOR_WARN, WHAT,
               "ulimit -l unlimited, LimitMEMLOCK=infinity in the systemd unit, or memlock in "
               "/etc/security/limits.conf",
               "%s: file data may be swapped to disk in the clear", text);
}

static void look_at_files(struct doctor *d)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    enum doctor_verdict verdict = limit.rlim_cur < FILES_LEAST  ? DOCTOR_FAIL
                                  : limit.rlim_cur < FILES_WELL ? DOCTOR_WARN
                                                                : DOCTOR_OK;
    doctor_say(&d->report, verdict, "limit: open files",
               verdict == DOCTOR_OK ? NULL
                                    : "ulimit -n 4096, or LimitNOFILE=4096 in the systemd unit",
               "%llu", (unsigned long long)limit.rlim_cur);
}

static void look_at_core(struct doctor *d)
{
    char pattern[256] = "";
    FILE *file = fopen("/proc/sys/kernel/core_pattern", "re");
    if (file != NULL) {
        if (fgets(pattern, sizeof pattern, file) == NULL)
            pattern[0] = '\0';
        fclose(file);
    }
    doctor_say(&d->report, DOCTOR_OK, "core dumps", NULL, "rdsbak turns them off for itself%s",
               pattern[0] == '|' ? ", also for the program that collects them here" : "");
}

// ---- directories ----

static void look_at_spool(struct doctor *d)
{
    static const char WHAT[] = "spool directory";
    const char *path = d->options->spool_dir;
    struct statvfs space;
    char free_text[32];
    if (path == NULL) {
        doctor_say(&d->report, DOCTOR_UNCHECKED, WHAT, NULL, "--spool-dir is not given");
        return;
    }
    // As the spool itself makes its files: nameless.
    AUTO_CLOSE int fd = open(path, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    if (fd < 0 || fstatvfs(fd, &space) != 0) {
        doctor_say(&d->report, DOCTOR_FAIL, WHAT,
                   "give a directory of a local filesystem that this user may write to (tmpfs, "
                   "ext4, xfs, btrfs)",
                   "%s: %s", path, strerror(errno));
        return;
    }
    size_format(free_text, (uint64_t)space.f_bavail * space.f_frsize);
    doctor_say(&d->report, DOCTOR_OK, WHAT, NULL, "%s: takes nameless files, %s free", path,
               free_text);
}

// As a mount takes it: made, if it is missing.
static void look_at_state(struct doctor *d)
{
    static const char WHAT[] = "state directory";
    AUTO_FREE char *path = NULL;
    AUTO_CLOSE int fd = -1;
    int rc = 0;
    if (d->options->read_only) {
        doctor_say(&d->report, DOCTOR_UNCHECKED, WHAT, NULL, "what is read-only keeps no journal");
        return;
    }
    if (d->options->state_dir == NULL)
        rc = state_dir_default(&path);
    else if ((path = strdup(d->options->state_dir)) == NULL)
        rc = err_set(-ENOMEM, "out of memory");
    if (rc == 0)
        rc = state_dir_open(path, &fd);
    if (rc < 0)
        doctor_say(&d->report, DOCTOR_WARN, WHAT,
                   "--state-dir with a directory of this user's own on a local disk",
                   "uploads of a process that is killed stay in the bucket: %s", err_text());
    else
        doctor_say(&d->report, DOCTOR_OK, WHAT, NULL,
                   "%s: keeps the journal by which uploads of a killed process are ended", path);
}

void doctor_look_at_host(struct doctor *d)
{
    look_at_fuse(d);
    look_at_fusermount(d);
    look_at_fuse_conf(d);
    look_at_updatedb(d);
    look_at_memory_lock(d);
    look_at_files(d);
    look_at_core(d);
    look_at_spool(d);
    look_at_state(d);
}
