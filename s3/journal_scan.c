// The journals of other processes. See journal.h.
#include "s3/journal.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"
#include "s3/config.h"
#include "s3/state_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

static int read_all(int fd, struct buf *out)
{
    char block[16384];
    ssize_t got;
    while ((got = read(fd, block, sizeof block)) > 0) {
        int rc = buf_add(out, block, (size_t)got);
        if (rc < 0)
            return rc;
    }
    return got == 0 ? 0 : err_set(-EIO, "%s", strerror(errno));
}

static bool is_elsewhere(const struct journal_head *h)
{
    char boot[64], host[256];
    journal_machine(boot, host);
    return strcmp(h->boot, boot) != 0 && strcmp(h->host, host) != 0;
}

static void judge(struct journal_found *f, const struct journal_place *place)
{
    const struct journal_text *t = &f->text;
    f->mine = t->has_head && !t->newer && strcmp(t->head.bucket, place->bucket) == 0 &&
              strcmp(t->head.endpoint, place->endpoint) == 0;
    f->elsewhere = f->mine && is_elsewhere(&t->head);
    if (t->damaged > 0 && f->dead && f->mine)
        log_info("journal %s: %u lines are damaged and say nothing", f->name, t->damaged);
}

static void found_clear(struct journal_found *f)
{
    if (f->fd >= 0)
        close(f->fd); // and with it the lock
    journal_text_clear(&f->text);
}

// *f is filled, or empty (fd -1) if there is nothing to say of that file. O_NONBLOCK: were it a
// pipe, opening it would wait.
static int read_one(int dir_fd, const char *name, const struct journal_place *place,
                    struct journal_found *f)
{
    struct stat st;
    AUTO_BUF struct buf text;
    buf_init(&text, JOURNAL_FILE_MAX);
    *f = (struct journal_found){.fd = -1};
    snprintf(f->name, sizeof f->name, "%s", name);
    AUTO_CLOSE int fd =
        openat(dir_fd, name, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : err_set(-EIO, "%s", strerror(errno));
    f->dead = flock(fd, LOCK_EX | LOCK_NB) == 0;
    // Looked at with the lock: whoever moved on to another file, or removed it, did so before.
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink == 0)
        return 0;
    int rc = read_all(fd, &text);
    if (rc == 0)
        rc = journal_text_parse(&f->text, text.data, text.len);
    if (rc < 0)
        return rc;
    judge(f, place);
    f->fd = fd;
    fd = -1;
    return 0;
}

static int add_found(struct journals *j, size_t *capacity, struct journal_found *f)
{
    if (j->count == *capacity) {
        size_t larger = *capacity == 0 ? 8 : 2 * *capacity;
        struct journal_found *items = reallocarray(j->items, larger, sizeof *items);
        if (items == NULL) {
            found_clear(f);
            return err_set(-ENOMEM, "out of memory");
        }
        j->items = items;
        *capacity = larger;
    }
    j->items[j->count++] = *f;
    return 0;
}

// A file with nothing in it that lives belongs to a process that is just beginning it.
static bool is_rubbish(const struct journal_found *f)
{
    return f->dead && f->text.count == 0 && !f->text.newer;
}

// One that cannot be read keeps no other from being read.
static int take_name(struct journals *j, size_t *capacity, const char *name,
                     const struct journal_place *place)
{
    struct journal_found f;
    if (strncmp(name, JOURNAL_NAME_PREFIX, sizeof JOURNAL_NAME_PREFIX - 1) != 0 ||
        strlen(name) >= sizeof f.name)
        return 0;
    if (read_one(j->dir_fd, name, place, &f) < 0) {
        log_warn("journal %s: cannot be read (%s): what it names is left alone", name, err_text());
        found_clear(&f);
        return 0;
    }
    if (f.fd < 0)
        return 0;
    if (!f.mine) {
        if (is_rubbish(&f)) // whosever it was
            unlinkat(j->dir_fd, name, 0);
        found_clear(&f);
        return 0;
    }
    return add_found(j, capacity, &f);
}

int journals_read(struct journals *out, const char *dir, const struct journal_place *place)
{
    size_t capacity = 0;
    *out = (struct journals){.dir_fd = -1};
    if (access(dir, F_OK) != 0 && errno == ENOENT)
        return 0;
    int rc = state_dir_open(dir, &out->dir_fd);
    if (rc < 0)
        return rc;
    int listed = openat(out->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = listed >= 0 ? fdopendir(listed) : NULL;
    if (entries == NULL) {
        cleanup_fd(&listed);
        journals_close(out);
        return err_set(-EIO, "%s: cannot be listed: %s", dir, strerror(errno));
    }
    const struct dirent *entry;
    while (rc == 0 && out->count < JOURNAL_FILES_MAX && (entry = readdir(entries)) != NULL)
        rc = take_name(out, &capacity, entry->d_name, place);
    closedir(entries);
    if (rc < 0)
        journals_close(out);
    return rc;
}

void journals_forget(struct journal_found *f, const char *upload_id)
{
    AUTO_BUF struct buf text;
    buf_init(&text, JOURNAL_LINE_MAX);
    // After what may be half a line. Should it not be written, it is only tried again.
    int rc = buf_add_str(&text, "\n");
    if (rc == 0)
        rc = journal_add_done(&text, clock_wall_s(), upload_id);
    journal_take_done(&f->text, upload_id); // the id may be of the list itself
    if (rc < 0 || write(f->fd, text.data, text.len) != (ssize_t)text.len)
        log_debug("journal %s: cannot be written", f->name);
}

void journals_close(struct journals *j)
{
    for (size_t i = 0; i < j->count; i++) {
        if (is_rubbish(&j->items[i]))
            unlinkat(j->dir_fd, j->items[i].name, 0);
        found_clear(&j->items[i]);
    }
    free(j->items);
    if (j->dir_fd >= 0)
        close(j->dir_fd);
    *j = (struct journals){.dir_fd = -1};
}
