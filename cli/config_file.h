// The settings file, /etc/rdsbak.conf or --config FILE: options by their long names, for every
// mount or for some. docs/man/rdsbak.conf.5.scd is its manual. Main thread, before any other.
//
//   # comment                        whole lines only: a value may have a '#' in it
//   region = eu-central-1            what stands before the first section is for all
//   require-mlock                    a flag; "= yes" and "= no" as well
//   [s3://bucket/prefix]             for what is at or below it
//   [/mnt/point]                     for this mount
//
// What comes later wins; -o and the command line win over all of it. Names are those of mount's
// options; a command takes those that it has and passes over the others.
#ifndef CLI_CONFIG_FILE_H
#define CLI_CONFIG_FILE_H

#include "cli/options.h"

#define CONFIG_DEFAULT  "/etc/rdsbak.conf"
#define CONFIG_NONE     "none"      // --config none: read no file
#define CONFIG_SIZE_MAX (64 * 1024) // hundreds of mounts
#define CONFIG_LINE_MAX 4096        // as one option of -o

struct config_line {
    unsigned number;     // from 1
    const char *section; // inside of the brackets; "" before the first
    const char *name;
    const char *value; // NULL: a name alone
};
// Texts are valid during the call. Negative ends the parsing with that code.
typedef int (*config_fn)(void *context, const struct config_line *line);

// Pure. 0, fn's code, or -EINVAL with a text that names the line.
int config_parse(const char *text, size_t len, config_fn fn, void *context) MUST_CHECK;

// Sets in o what a file's text has for this verb and these arguments (of a command line that was
// parsed into given). file: for texts. -EINVAL with file and line, also for names that no mount
// has, in sections for others too.
int config_apply(struct options *o, const struct verb *verb, const struct options *given,
                 const char *file, const char *text, size_t len) MUST_CHECK;

// Reads the file that given asks for, or the default one if it is there, and applies it. -EINVAL
// also for a file that others than root and the caller may write to; -EIO.
int config_load(struct options *o, const struct verb *verb, const struct options *given) MUST_CHECK;

#endif
