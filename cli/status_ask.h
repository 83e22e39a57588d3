// Asking a running mount through its control socket (fs/control.c has the words). Nothing here
// touches the mount itself for longer than a deadline: it may hang.
#ifndef CLI_STATUS_ASK_H
#define CLI_STATUS_ASK_H

#include "common/kv.h"
#include "common/log.h"

#define STATUS_DEADLINE_MS 10000 // for one answer

// The mount's answer.
struct status {
    struct kv totals;
    struct kv *files; // owned; texts and numbers by name
    size_t count;
};
void status_clear(struct status *s);
#define AUTO_STATUS CLEANUP(status_clear)

// Finds the socket of what is mounted at path (or somewhere below it). The path of the socket,
// owned by the caller, in *socket_path; *server: whose answer may be believed. -ENOENT: no rdsbak
// is mounted there; -EIO: the mount does not say in time what it is.
struct status_place {
    char *point;           // the mount point; owned
    unsigned major, minor; // its st_dev
    uid_t user;            // who mounted
};
void status_place_clear(struct status_place *p);
#define AUTO_STATUS_PLACE CLEANUP(status_place_clear)
int status_find(const char *path, struct status_place *out) MUST_CHECK;

// -EIO: it does not answer, or something else than it should; -EACCES: the socket is not for us.
int status_ask(const struct status_place *place, bool acknowledge, struct status *out) MUST_CHECK;
int status_set_log_level(const struct status_place *place, enum log_level level) MUST_CHECK;

#endif
