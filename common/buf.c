#include "common/buf.h"
#include "common/err.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void buf_init(struct buf *b, size_t max)
{
    assert(max > 0);
    *b = (struct buf){.max = max};
}

void buf_init_secret(struct buf *b, size_t max)
{
    buf_init(b, max);
    b->secret = true;
}

void buf_clear(struct buf *b)
{
    if (b->secret && b->data != NULL)
        explicit_bzero(b->data, b->cap);
    free(b->data);
    b->data = NULL;
    b->len = b->cap = 0;
}

void buf_reset(struct buf *b)
{
    if (b->secret && b->data != NULL)
        explicit_bzero(b->data, b->len);
    b->len = 0;
    if (b->data != NULL)
        b->data[0] = '\0';
}

static int grow(struct buf *b, size_t need)
{
    size_t cap = b->cap < 128 ? 256 : b->cap * 2;
    while (cap < need)
        cap *= 2;
    char *data = malloc(cap);
    if (data == NULL)
        return err_set(-ENOMEM, "out of memory for a buffer of %zu bytes", cap);
    if (b->data != NULL) {
        memcpy(data, b->data, b->len + 1);
        if (b->secret)
            explicit_bzero(b->data, b->cap);
        free(b->data);
    }
    b->data = data;
    b->cap = cap;
    return 0;
}

int buf_add(struct buf *b, const void *data, size_t len)
{
    assert(b->max > 0);
    if (len > b->max - b->len)
        return err_set(-EIO, "more than %zu bytes where no more are allowed", b->max);
    if (b->len + len + 1 > b->cap) {
        int rc = grow(b, b->len + len + 1);
        if (rc < 0)
            return rc;
    }
    if (len > 0)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
    return 0;
}

int buf_add_str(struct buf *b, const char *text)
{
    return buf_add(b, text, strlen(text));
}

int buf_addf(struct buf *b, const char *format, ...)
{
    AUTO_FREE char *text = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0) {
        text = NULL;
        return err_set(-ENOMEM, "out of memory for a text");
    }
    return buf_add(b, text, (size_t)len);
}

const char *buf_str(const struct buf *b)
{
    return b->data != NULL ? b->data : "";
}
