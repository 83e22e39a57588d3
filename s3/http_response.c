// The headers of an answer, bounded. Pure.
#include "common/err.h"
#include "s3/config.h"
#include "s3/http.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void http_response_clear(struct http_response *r)
{
    kv_clear(&r->headers);
}

// A header that comes twice is the comma-separated list of both (RFC 9110 section 5.3).
static int add_header(struct http_response *r, const char *name, const char *value)
{
    const char *old = kv_get(&r->headers, name);
    if (old == NULL)
        return kv_set(&r->headers, name, value);
    AUTO_FREE char *joined = NULL;
    if (asprintf(&joined, "%s,%s", old, value) < 0) {
        joined = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    return kv_set(&r->headers, name, joined);
}

int http_response_take_header(struct http_response *r, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    r->headers_bytes += len;
    if (r->headers.count >= HTTP_HEADERS_MAX || r->headers_bytes > HTTP_HEADERS_BYTES_MAX)
        return err_set(-EIO, "the answer has more than %d headers or %d bytes of them",
                       HTTP_HEADERS_MAX, HTTP_HEADERS_BYTES_MAX);
    if (colon == NULL)
        return 0;
    const char *start = colon + 1, *end = line + len;
    while (start < end && isspace((unsigned char)*start))
        start++;
    while (end > start && isspace((unsigned char)end[-1]))
        end--;
    AUTO_FREE char *name = strndup(line, (size_t)(colon - line));
    AUTO_FREE char *value = strndup(start, (size_t)(end - start));
    if (name == NULL || value == NULL)
        return err_set(-ENOMEM, "out of memory");
    for (char *c = name; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    return add_header(r, name, value);
}
