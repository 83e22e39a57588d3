// Parsers of single option values: text to field. One small function per kind of value; each takes
// the text (never NULL except option_flag's) and the field, and answers 0, -ENOMEM, or -EINVAL with
// a text that says what is allowed.
#ifndef CLI_OPTION_VALUES_H
#define CLI_OPTION_VALUES_H

#include "common/cleanup.h"

int option_flag(const char *value, void *field) MUST_CHECK;          // bool
int option_text(const char *value, void *field) MUST_CHECK;          // char *
int option_path(const char *value, void *field) MUST_CHECK;          // char *, made absolute
int option_url(const char *value, void *field) MUST_CHECK;           // char *
int option_text_list(const char *value, void *field) MUST_CHECK;     // struct option_list
int option_pair_list(const char *value, void *field) MUST_CHECK;     // the same, of NAME=VALUE
int option_path_list(const char *value, void *field) MUST_CHECK;     // the same, of absolute paths
int option_size(const char *value, void *field) MUST_CHECK;          // uint64_t, bytes
int option_connections(const char *value, void *field) MUST_CHECK;   // uint64_t
int option_file_count(const char *value, void *field) MUST_CHECK;    // uint64_t
int option_seconds(const char *value, void *field) MUST_CHECK;       // uint64_t
int option_uid(const char *value, void *field) MUST_CHECK;           // uid_t
int option_gid(const char *value, void *field) MUST_CHECK;           // gid_t
int option_mode(const char *value, void *field) MUST_CHECK;          // mode_t
int option_plaintext(const char *value, void *field) MUST_CHECK;     // bool
int option_log_level(const char *value, void *field) MUST_CHECK;     // int
int option_log_where(const char *value, void *field) MUST_CHECK;     // enum log_where
int option_log_format(const char *value, void *field) MUST_CHECK;    // enum log_format
int option_serve_address(const char *value, void *field) MUST_CHECK; // char *
int option_duration(const char *value, void *field) MUST_CHECK;      // uint64_t, seconds

#endif
