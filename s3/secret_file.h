// A small file with secrets in it (credentials, a token), read whole.
#ifndef S3_SECRET_FILE_H
#define S3_SECRET_FILE_H

#include "common/buf.h"

// Appends what the file holds to out, a secret buffer whose maximum bounds it. Only regular files:
// opening a pipe would wait for whoever writes to it. -ENOENT without a text: there is none;
// -EACCES, -EIO, -ENOMEM with one that names the file.
int secret_file_read(const char *path, struct buf *out) MUST_CHECK;

#endif
