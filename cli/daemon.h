// Becoming a daemon without lying about it: the parent stays until the child has said whether it
// could start, and passes code and text on. Call before any thread exists; what needs threads or
// sockets is made in the child.
#ifndef CLI_DAEMON_H
#define CLI_DAEMON_H

#include "common/cleanup.h"

#include <stdbool.h>

struct daemon {
    int verdict_fd; // in the child: where the verdict goes; -1 once it went, or in the foreground
};

// Forks. In the child 0 at once, *is_child true. In the parent: blocks until the verdict, and
// returns it with the child's text; -EIO when the child ended without one.
int daemon_fork(struct daemon *d, bool *is_child) MUST_CHECK;

// Child: all is well. Lets the parent go, leaves its session and directory; stdin and stdout (and
// stderr, unless kept) become /dev/null.
void daemon_ready(struct daemon *d, bool keep_stderr);

// Child: code (negative) and this thread's error text are the parent's to report.
void daemon_failed(struct daemon *d, int code);

#endif
