// The verbs: each takes the parsed options, does its work and returns 0 or a negative errno with
// its text set (-EINVAL: wrong usage). Called by main, once.
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/options.h"

// The log as --log, --log-format and --log-level say, or these. -EIO: there is no such sink.
int log_from_options(const struct options *o, enum log_level level, enum log_sink sink) MUST_CHECK;

int cmd_mount(const struct options *o) MUST_CHECK;
int cmd_put(const struct options *o) MUST_CHECK;
int cmd_get(const struct options *o) MUST_CHECK;
int cmd_cat(const struct options *o) MUST_CHECK;
int cmd_ls(const struct options *o) MUST_CHECK;
int cmd_gc(const struct options *o) MUST_CHECK;
int cmd_audit(const struct options *o) MUST_CHECK;
int cmd_rewrap(const struct options *o) MUST_CHECK;
int cmd_copy(const struct options *o) MUST_CHECK;
int cmd_encrypt(const struct options *o) MUST_CHECK;
int cmd_sql(const struct options *o) MUST_CHECK;
int cmd_info(const struct options *o) MUST_CHECK;
int cmd_doctor(const struct options *o) MUST_CHECK;
int cmd_status(const struct options *o) MUST_CHECK;
int cmd_verify(const struct options *o) MUST_CHECK;
int cmd_policy(const struct options *o) MUST_CHECK;

#endif
