// A verb of the command line. The table of them is main.c's; help and option parsing take a row.
#ifndef CLI_VERB_H
#define CLI_VERB_H

#include <stddef.h>

struct options;

// Which verbs an option is for.
enum verb_bit {
    VERB_MOUNT = 1,
    VERB_PUT = 2,
    VERB_GET = 4,
    VERB_CAT = 8,
    VERB_LS = 16,
    VERB_INFO = 32,
    VERB_AUDIT = 64,
    VERB_VERIFY = 128,
    VERB_REWRAP = 256,
    VERB_COPY = 512,
    VERB_ENCRYPT = 1024,
    VERB_SQL = 2048,
    VERB_GC = 4096,
    VERB_STATUS = 8192,
    VERB_DOCTOR = 16384,
    VERB_POLICY = 32768,
};
#define VERB_ALL 65535

struct verb {
    const char *name;
    enum verb_bit bit;
    const char *synopsis; // the arguments, as --help shows them
    const char *summary;  // one line
    size_t arguments_min; // how many there must be
    size_t arguments_max; // and may be
    // 0, or a negative errno with its text set; -EINVAL is a usage error. Positive: the exit
    // status, with nothing more to print.
    int (*run)(const struct options *o);
};

#endif
