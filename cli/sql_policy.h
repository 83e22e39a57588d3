// The permissions policy of the IAM role that RDS uses for native backup and restore. Pure.
// Source: Amazon RDS User Guide, "Setting up for native backup and restore": its list of actions,
// here for the objects of one plan instead of the whole bucket.
#ifndef CLI_SQL_POLICY_H
#define CLI_SQL_POLICY_H

#include "cli/json.h"
#include "cli/sql_script.h"

// NULL: out of memory.
struct json_t *sql_policy(const struct sql_plan *p);

// Appends an object's ARN as a policy has it: what IAM would take for a wildcard or a variable
// (* ? $) is written ${*} ${?} ${$}. any: whatever begins so (an asterisk follows).
int sql_add_policy_arn(struct buf *b, const char *partition, const char *bucket, const char *key,
                       size_t key_len, bool any) MUST_CHECK;

#endif
