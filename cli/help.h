// --help, made from the tables of verbs and options.
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/verb.h"

#include <stdio.h>

void help_program(FILE *out, const struct verb *verbs, size_t count);
void help_verb(FILE *out, const struct verb *verb);

#endif
