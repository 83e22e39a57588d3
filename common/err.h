// Errors: a negative errno and one text.
//
// Fallible functions return 0 or a negative errno and are MUST_CHECK. The text is set once, where
// the cause is known: `return err_set(-EIO, "part %u of %s: %s", ...)`. Callers pass the code up
// unchanged; only the top (a FUSE reply, a verb, a worker that finishes a task) logs it. The text
// belongs to the calling thread; a result that crosses threads takes it along in a struct
// err_saved.
//
// What the codes mean inside the program:
//   -ENOENT no such object, upload or bucket      -EACCES  S3 or KMS denies, or policy refuses
//   -EIO    anything that repeating did not mend  -ENOSPC  beyond a limit of format, parts or
//   memory -EBUSY  another writer, or not yet readable   -ESTALE  the object changed while it was
//   open -EROFS  read-only mount                       -EEXIST, -ENOTDIR, -EISDIR, -ENOTEMPTY as
//   POSIX -EXDEV  rename that must be a copy            -ENOMEM  the memory limit, or the system's
//   -EOPNOTSUPP a pattern that is refused         -ENAMETOOLONG key over 1024 or name over 255
//   bytes -EINTR  the caller was interrupted            -EINVAL  bad option or argument (command
//   line only) -ETIMEDOUT a deadline passed (becomes -EIO at the mount) -ECANCELED the caller gave
//   up (becomes -EIO at the mount)
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

#include "common/cleanup.h"

#include <errno.h>
#include <stdarg.h>

#define ERR_TEXT_MAX 1024 // bytes with the terminator; longer texts are cut

struct err_saved {
    int code; // 0: no error
    char text[ERR_TEXT_MAX];
};

// Sets this thread's text and returns code (a negative errno). Never put key material or plaintext
// in it.
int err_set(int code, const char *format, ...) PRINTF_LIKE(2, 3);

// Puts "context: " before this thread's text and returns code.
int err_prefix(int code, const char *format, ...) PRINTF_LIKE(2, 3);

// This thread's text; "" if none. Valid until the next err_ call of this thread.
const char *err_text(void);

// Copies code and this thread's text / makes them this thread's again and returns the code.
void err_save(struct err_saved *saved, int code);
int err_restore(const struct err_saved *saved);

// The errno (positive) that may leave the mount for a code from inside: only ENOENT EACCES EIO
// ENOSPC EBUSY ESTALE EROFS EEXIST EXDEV ENOMEM EOPNOTSUPP ENAMETOOLONG EINTR EPERM ENOTSUP and the
// directory errnos pass; all else is EIO (SQL Server knows EIO as 1117, and takes EINVAL for a
// sector size problem).
int err_for_mount(int code);

#endif
