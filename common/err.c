#include "common/err.h"

#include <stdio.h>
#include <string.h>

static _Thread_local char err_text_tls[ERR_TEXT_MAX];

int err_set(int code, const char *format, ...)
{
    // Formatted aside first: an argument may be err_text() itself.
    char text[ERR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memcpy(err_text_tls, text, sizeof text);
    return code;
}

int err_prefix(int code, const char *format, ...)
{
    char text[ERR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len >= 0 && (size_t)len + 3 < sizeof text) {
        // Cut rather than lost when both are long.
        memcpy(text + len, ": ", 2);
        size_t room = sizeof text - (size_t)len - 3;
        size_t size = strnlen(err_text_tls, room);
        memcpy(text + len + 2, err_text_tls, size);
        text[(size_t)len + 2 + size] = '\0';
    }
    memcpy(err_text_tls, text, sizeof text);
    return code;
}

const char *err_text(void)
{
    return err_text_tls;
}

void err_save(struct err_saved *saved, int code)
{
    saved->code = code;
    if (code == 0)
        saved->text[0] = '\0';
    else
        memcpy(saved->text, err_text_tls, sizeof saved->text);
}

int err_restore(const struct err_saved *saved)
{
    memcpy(err_text_tls, saved->text, sizeof saved->text);
    return saved->code;
}

int err_for_mount(int code)
{
    switch (-code) {
    case 0:
    case ENOENT:
    case EACCES:
    case EIO:
    case ENOSPC:
    case EBUSY:
    case ESTALE:
    case EROFS:
    case EEXIST:
    case EXDEV:
    case ENOMEM:
    case EOPNOTSUPP:
    case ENAMETOOLONG:
    case EINTR:
    case EPERM:
    case ENOTDIR:
    case EISDIR:
    case ENOTEMPTY:
        return -code;
    default:
        return EIO;
    }
}
