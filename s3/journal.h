// The journal of a process's multipart uploads, in the state directory: what was begun and is
// neither completed nor aborted, so that after a kill -9 the next start can end it. One file for
// each store of each process, locked (flock) while the process lives: whoever gets the lock knows
// that its process is dead. The lines are s3/journal_text.h's.
//
// A journal never makes an upload fail: what cannot be recorded is warned of, once, and goes on.
#ifndef S3_JOURNAL_H
#define S3_JOURNAL_H

#include "s3/journal_text.h"

// ---- this process's own. Any thread.

struct journal;

// Whose journals these are: the start of the kernel and the machine's name; "" what is unknown.
void journal_machine(char boot[static 64], char host[static 256]);

// Where uploads go; every text borrowed for the call.
struct journal_place {
    const char *bucket;
    const char *endpoint; // "" for AWS's own
    const char *region;
};

// dir as state_dir_open wants it. No file is made before there is something to record. -EACCES and
// others of state_dir_open; -ENOMEM.
int journal_new(struct journal **out, const char *dir,
                const struct journal_place *place) MUST_CHECK;
// S3 has given the upload its id. On the disk (fsync) before this returns.
void journal_begin(struct journal *j, const char *key, const char *upload_id);
void journal_completing(struct journal *j, const char *upload_id); // Complete is about to be sent
void journal_end(struct journal *j, const char *upload_id);        // completed or aborted
// No call may be running. The file is removed unless it still names uploads. NULL is none.
void journal_free(struct journal *j);

// ---- all of a place. One thread.

struct journal_found {
    char name[96];
    int fd;         // with its lock, while dead
    bool dead;      // its process has ended; it is ours until journals_close
    bool mine;      // of this place, by a version of the program that is known here
    bool elsewhere; // made under another name of the machine and another start of its kernel
    struct journal_text text;
};

struct journals {
    int dir_fd;
    struct journal_found *items; // owned
    size_t count;
};

// Reads what journals of that place are in dir. A missing directory is none. -EACCES and others of
// state_dir_open; -EIO, -ENOMEM.
int journals_read(struct journals *out, const char *dir,
                  const struct journal_place *place) MUST_CHECK;
// The upload of a dead journal was ended: not to be tried again.
void journals_forget(struct journal_found *found, const char *upload_id);
// Removes the files of dead ones with nothing left; lets the others go.
void journals_close(struct journals *j);
#define AUTO_JOURNALS CLEANUP(journals_close)

#endif
