#include "cli/interrupt.h"

#include "common/err.h"

#include <signal.h>
#include <stdbool.h>

static atomic_bool interrupted;

static void raise_flag(int signal_number)
{
    (void)signal_number;
    atomic_store(&interrupted, true);
}

void interrupt_catch(void)
{
    // No SA_RESTART: a read from a terminal or pipe must end. SA_RESETHAND: the second one kills.
    struct sigaction action = {.sa_handler = raise_flag, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

const atomic_bool *interrupt_flag(void)
{
    return &interrupted;
}

int interrupt_check(void)
{
    return atomic_load(&interrupted) ? err_set(-EINTR, "interrupted") : 0;
}
