// Runs the profile's credential_process. No shell: the command is split into words as a shell would
// split it ('...', "...", \), nothing else of it means anything.
#ifndef S3_CREDENTIALS_PROCESS_H
#define S3_CREDENTIALS_PROCESS_H

#include "common/buf.h"

#include <stdatomic.h>

#define COMMAND_WORDS_MAX 128

struct command {
    char *words[COMMAND_WORDS_MAX + 1]; // NULL-terminated; owned
    size_t count;
};
// -EACCES: a quote that is not closed, no word, or too many.
int command_split(struct command *out, const char *text) MUST_CHECK;
void command_clear(struct command *c);
#define AUTO_COMMAND CLEANUP(command_clear)

// Runs it (found by PATH if the name has no slash) in a process group of its own, with our
// environment, stdin and stderr at /dev/null and no other descriptor of ours; *out, a secret
// buffer, has what it wrote. Reaped in any case; killed with its group at the deadline (on
// clock_ms()), when *cancel is raised, and when it writes more than out->max. -EACCES: it cannot be
// run; -EIO: it failed, said too much or took too long. Never quotes its output or its arguments.
int command_run(const struct command *c, int64_t deadline_ms, const atomic_bool *cancel,
                struct buf *out) MUST_CHECK;

#endif
