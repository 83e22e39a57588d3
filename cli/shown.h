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
// The same into memory; free(). NULL: out of memory.
char *shown_name(const char *name);

#endif
