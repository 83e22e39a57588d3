// Names out of a bucket, made fit for a terminal or a line of a log: nothing that they hold can
// move the cursor, change colours, end the line, or turn the direction of what follows.
#ifndef CLI_SHOWN_H
#define CLI_SHOWN_H

#include <stddef.h>
#include <stdio.h>

// Writes name: printable UTF-8 as it is, but "\\" for a backslash and "\xNN" for each byte of
// control characters, of the invisible ones that turn the direction of text, and of what is not
// UTF-8.
void shown_print(FILE *out, const char *name);
// Writes name as one word of a POSIX shell's command line, bare where it can be; else in the form
// $'...', which bash, ksh, zsh and POSIX of 2024 know, with what would be harmful escaped as above.
void shown_print_shell(FILE *out, const char *name);
// As shown_print into memory; free(). NULL: out of memory.
char *shown_name(const char *name);

#endif
