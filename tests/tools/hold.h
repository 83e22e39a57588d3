// The interactive mode of closers: one file command a line, one answer a line.
#ifndef TESTS_TOOLS_HOLD_H
#define TESTS_TOOLS_HOLD_H

// Runs commands from standard input until `quit` or the end of the input; files that are still open
// are closed by the exit. Gives the exit status.
int hold_run(void);

// The list of commands, for the usage.
void hold_print_commands(void);

#endif
