#include "fs/process.h"
#include "common/cleanup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PF_EXITING 0x4 // include/linux/sched.h

static bool read_small_file(const char *path, char *out, size_t size)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t len = read(fd, out, size - 1);
    if (len <= 0)
        return false;
    out[len] = '\0';
    return true;
}

static pid_t tgid_of(pid_t tid)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/status", tid);
    if (!read_small_file(path, text, sizeof text))
        return 0;
    const char *line = strstr(text, "\nTgid:");
    return line != NULL ? (pid_t)strtol(line + 6, NULL, 10) : 0;
}

// /proc/PID/stat: "pid (name) state ppid ...": the name may hold anything, so fields count from the
// last ')'.
struct stat_fields {
    char state;
    unsigned long flags;
    uint64_t start_time;
    long threads;
    int exit_code;
    char name[17];
};

static bool read_stat(pid_t pid, struct stat_fields *out)
{
    char path[64], text[2048];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (!read_small_file(path, text, sizeof text))
        return false;
    char *open = strchr(text, '('), *close = strrchr(text, ')');
    if (open == NULL || close == NULL || close < open)
        return false;
    *close = '\0';
    snprintf(out->name, sizeof out->name, "%s", open + 1);
    char *save = NULL;
    int field = 3;
    for (char *word = strtok_r(close + 1, " ", &save); word != NULL;
         word = strtok_r(NULL, " ", &save), field++) {
        if (field == 3)
            out->state = *word;
        else if (field == 9)
            out->flags = strtoul(word, NULL, 10);
        else if (field == 20)
            out->threads = strtol(word, NULL, 10);
        else if (field == 22)
            out->start_time = strtoull(word, NULL, 10);
        else if (field == 52)
            out->exit_code = (int)strtol(word, NULL, 10);
    }
    return field > 52;
}

void process_of_thread(pid_t tid, struct process *out)
{
    struct stat_fields thread = {0}, leader = {0};
    *out = (struct process){0};
    if (tid == 0)
        return;
    out->tgid = tgid_of(tid);
    if (out->tgid == 0 || !read_stat(tid, &thread) || !read_stat(out->tgid, &leader)) {
        out->tgid = 0;
        return;
    }
    out->start_time = leader.start_time;
    memcpy(out->name, leader.name, sizeof out->name);
    if ((thread.flags & PF_EXITING) != 0)
        out->dying_signal = thread.exit_code & 0x7f;
}

bool process_has_ended(const struct process *p)
{
    struct stat_fields now = {0};
    if (p->tgid == 0)
        return false;
    if (!read_stat(p->tgid, &now) || now.start_time != p->start_time)
        return true;
    // A first thread that has ended alone is a zombie, too, while the others go on.
    return now.state == 'X' || (now.state == 'Z' && now.threads <= 1);
}
