// The options that say what new objects get in S3: --storage-class, --sse, --tags, --object-lock.
// Their parsers (as those of option_values.h), and what the store is told. Main thread.
#ifndef CLI_OBJECT_OPTIONS_H
#define CLI_OBJECT_OPTIONS_H

#include "cli/options.h"
#include "common/buf.h"
#include "s3/store_s3.h"

int option_storage_class(const char *value, void *field) MUST_CHECK; // char *
int option_sse(const char *value, void *field) MUST_CHECK;           // char *
int option_tags(const char *value, void *field) MUST_CHECK;          // char *
int option_object_lock(const char *value, void *field) MUST_CHECK;   // char *

// What a store is told, with the texts that are made for it.
struct object_options {
    struct store_s3_defaults defaults;
    char *sse;       // owned, as are the two that follow
    char *lock_mode; // "GOVERNANCE"
    struct buf tags; // escaped
};
// From options that were parsed. options' texts are borrowed for the result's life. -ENOMEM.
int object_options_make(struct object_options *out, const struct options *o) MUST_CHECK;
void object_options_clear(struct object_options *x);

#endif
