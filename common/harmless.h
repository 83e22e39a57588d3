// What of a text from elsewhere (a server's answer, an object's key, a program's name) may go to a
// terminal, or into a line of a log, as it is. Controls could rewrite the screen or forge a second
// line; separators and directional formatting characters make a text look like another.
#ifndef COMMON_HARMLESS_H
#define COMMON_HARMLESS_H

#include <stddef.h>

// Bytes of the character that text, which is not empty, begins with; 0: it is harmful, or not of
// well-formed UTF-8, and its first byte is to be shown as an escape.
size_t harmless_len(const char *text);

// Copies text with a \xNN for each byte that is not harmless. out gets a terminator; a text that
// does not fit is cut between characters.
void harmless_copy(char *out, size_t size, const char *text);

#endif
