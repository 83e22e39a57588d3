// Who is calling: processes as /proc tells of them. FUSE names the calling thread only, by its
// number. Sources: proc(5), fields of /proc/PID/stat; measured: a process that is being killed
// delivers FLUSH while PF_EXITING is set and exit_code holds the signal.
#ifndef FS_PROCESS_H
#define FS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
    pid_t tgid;          // 0: unknown (a foreign pid namespace)
    uint64_t start_time; // in clock ticks since boot: with tgid it names a process for good
    int dying_signal;    // the signal that is ending it, 0 if none
    char name[17];       // its command name, for the log
};

// The process that thread tid belongs to. Never fails: what cannot be found out is zero.
void process_of_thread(pid_t tid, struct process *out);
// Whether the process recorded before has ended.
bool process_has_ended(const struct process *p);
static inline bool process_same(const struct process *a, const struct process *b)
{
    return a->tgid != 0 && a->tgid == b->tgid && a->start_time == b->start_time;
}

#endif
