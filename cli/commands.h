// The verbs: each takes the parsed options, does its work and returns 0 or a negative errno with
// its text set (-EINVAL: wrong usage). Called by main, once.
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/options.h"

int cmd_mount(const struct options *o) MUST_CHECK;
int cmd_put(const struct options *o) MUST_CHECK;
int cmd_get(const struct options *o) MUST_CHECK;
int cmd_cat(const struct options *o) MUST_CHECK;
int cmd_ls(const struct options *o) MUST_CHECK;
int cmd_audit(const struct options *o) MUST_CHECK;
int cmd_rewrap(const struct options *o) MUST_CHECK;
int cmd_copy(const struct options *o) MUST_CHECK;
int cmd_encrypt(const struct options *o) MUST_CHECK;
int cmd_sql(const struct options *o) MUST_CHECK;
int cmd_info(const struct options *o) MUST_CHECK;
int cmd_doctor(const struct options *o) MUST_CHECK;
int cmd_verify(const struct options *o) MUST_CHECK;

#endif
