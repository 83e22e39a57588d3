// The audit file (--audit-file): one JSON object a line for each object that is written, copied or
// removed, and for each use of a KMS key, with the request ids that S3's and KMS's own records
// (CloudTrail) have. One per process, as the log; without it all of this does nothing.
//
// In every line: "time" (UTC), "event", "bucket" and "key" where it is about an object, "uid",
// "pid" and "command" of whose request it was (the program's own process, where nobody asked),
// "result"
// ("ok" or "failed") and then "error". What else there is: docs/man/rdsbak-mount.1.scd. Never in
// it: keys, tokens, content; but names of objects are.
//
// A line is one write(2) at the end of the file. Lines about objects are on the disk (fdatasync)
// before the close or fsync that they belong to is answered; the others go with the next of those.
// When the file has another inode than the one that is open (logrotate), it is opened anew. A line
// that cannot be written is lost: a backup is worth more. The log then has a warning, once until it
// goes well again, and METRIC_AUDIT_FAILED counts.
#ifndef COMMON_AUDIT_H
#define COMMON_AUDIT_H

#include "common/json_text.h"
#include "common/kv.h"

#include <sys/types.h>

// Opens or makes the file (0600), for appending. Before threads start. -EACCES, -EIO with a text.
int audit_open(const char *path) MUST_CHECK;
bool audit_is_open(void);

// Whose request it is.
struct audit_actor {
    uid_t uid;
    pid_t pid;        // of the process
    char command[17]; // "" unknown
};
// This thread's: the caller's, whose thread is tid, from /proc; or as it is now.
void audit_actor_of_thread(uid_t uid, pid_t tid, struct audit_actor *out);
void audit_actor_now(struct audit_actor *out);

// What the lines that this thread writes are about, until the end of the scope:
//
//     AUDIT_SCOPE(by, audit_by(&w->actor));
//     AUDIT_SCOPE(about, audit_about(bucket, key));
struct audit_context {
    struct audit_actor actor;
    bool has_actor;
    const char *bucket, *key; // borrowed; NULL: nothing
};
struct audit_context audit_by(const struct audit_actor *actor); // both return what was before
struct audit_context audit_by_caller(uid_t uid, pid_t tid);
struct audit_context audit_about(const char *bucket, const char *key);
void audit_restore(struct audit_context *before);
#define AUDIT_SCOPE(name, enter) CLEANUP(audit_restore) struct audit_context name = (enter)

// A line. Members are added to json between; NULL texts are left out.
struct audit_line {
    struct buf text;
    struct json_line json;
};
void audit_begin(struct audit_line *l, const char *event);
// rc: 0, or the failure, whose text this thread has (it is kept). durable: on the disk when this
// returns. Releases the line.
void audit_end(struct audit_line *l, int rc, bool durable);

#endif
