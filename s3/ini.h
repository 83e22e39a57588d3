// The dialect of ~/.aws/config and ~/.aws/credentials. Pure.
//
//   # comment        ; comment          a comment may also follow a value after white space
//   [default]  [profile "a b"]  [services x]
//   name = value
//   s3 =                                 an empty value opens a group of indented names:
//     endpoint_url = https://...         given as "s3.endpoint_url"
#ifndef S3_INI_H
#define S3_INI_H

#include "common/cleanup.h"

#include <stddef.h>

// section: inside of the brackets, blanks trimmed and quotes dropped; name in lower case. The
// strings are valid during the call. Negative ends the parsing with that code.
typedef int (*ini_fn)(void *context, const char *section, const char *name, const char *value);

// 0, fn's code, or -EIO with a text that names the line (never its content: it may be a secret).
int ini_parse(const char *text, size_t len, ini_fn fn, void *context) MUST_CHECK;

#endif
