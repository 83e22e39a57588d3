// `-o name=value,flag,...`: the options of the table beside those that mount(8), fstab and libfuse
// pass.
#ifndef CLI_MOUNT_OPTIONS_H
#define CLI_MOUNT_OPTIONS_H

#include "cli/options.h"

// text: comma-separated; "\," is a comma and "\\" a backslash inside a value; '_' and '-' are the
// same in names. 0, -ENOMEM, or -EINVAL with a text that begins with "-o name".
int mount_options_parse(struct options *o, const struct verb *verb, const char *text) MUST_CHECK;

#endif
