// Ctrl-C and its like during put, get and cat: a flag that stops the work at the next block, so
// that an upload is aborted and a half-written file removed. A second one ends the process at once.
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include "common/cleanup.h"

#include <stdatomic.h>

// SIGINT, SIGTERM and SIGHUP raise the flag from now on. Once, before threads start.
void interrupt_catch(void);
const atomic_bool *interrupt_flag(void);
// 0, or -EINTR with a text when the flag is up.
int interrupt_check(void) MUST_CHECK;

#endif
