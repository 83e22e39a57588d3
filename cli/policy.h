// The least that a role needs to do its work with rdsbak, as IAM and KMS policies. Pure.
//
// writer    a mount (or put, copy, encrypt to here) that writes, and replaces and removes unless
//           no_overwrite: it sees ciphertext, and cannot decrypt any
// reader    a read-only mount, get, cat, verify
// operator  audit, rewrap, gc, doctor: it cannot decrypt either
#ifndef CLI_POLICY_H
#define CLI_POLICY_H

#include "cli/json.h"
#include "cli/source.h"

enum policy_role { POLICY_WRITER, POLICY_READER, POLICY_OPERATOR };

struct policy_request { // all borrowed
    enum policy_role role;
    const struct source *place; // its key: what the objects' keys begin with, "" or "x/y/"
    const char *partition;      // "aws"
    const char *key_arn;
    const char *const *more_keys; // that are read, or rewrapped from
    size_t more_keys_count;
    const char *to_key;       // operator: rewrap to; NULL: key_arn
    const char *principal;    // of the key policy's statements
    const struct kv *context; // entries that every call for a data key has; may be empty
    bool no_overwrite, object_lock, tags; // writer
};

// -EINVAL for a word that is no role.
int policy_role_parse(const char *word, enum policy_role *out) MUST_CHECK;
// {"role", "iam_policy", "key_policy_statements"}; NULL or incomplete: out of memory, which
// json_print tells.
struct json_t *policy_make(const struct policy_request *r);

#endif
