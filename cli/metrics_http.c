#include "cli/metrics_http.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"
#include "common/metrics.h"

#include <stdio.h>
#include <string.h>

#define REQUEST_MAX 8192 // line and headers: a scraper's are some hundred bytes

struct metrics_http {
    struct serve *serve;
};

static void collect(void *context)
{
    struct connection *c = context;
    struct volume_memory memory;
    struct credentials_description credentials;
    volume_memory(c->volume, &memory);
    credentials_describe(c->credentials, &credentials); // does not wait
    metric_set(METRIC_CREDENTIALS_EXPIRE_S, credentials.expires_s);
    metric_set(METRIC_MEMORY_LIMIT, (int64_t)memory.limit);
    metric_set(METRIC_MEMORY_USED, (int64_t)memory.used);
    metric_set(METRIC_MEMORY_PEAK, (int64_t)memory.peak);
}

void metrics_http_collect(struct connection *c)
{
    metrics_collect_with(c != NULL ? collect : NULL, c);
}

static void answer(struct serve_connection *c, const char *status, const char *type,
                   const char *body, size_t len, bool with_body)
{
    char head[256];
    int head_len = snprintf(head, sizeof head,
                            "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                            "Connection: close\r\n\r\n",
                            status, type, len);
    if (serve_write(c, head, (size_t)head_len) && with_body)
        serve_write(c, body, len);
}

static void refuse(struct serve_connection *c, const char *status, const char *why)
{
    answer(c, status, "text/plain; charset=utf-8", why, strlen(why), true);
}

static void answer_metrics(struct serve_connection *c, bool with_body)
{
    AUTO_BUF struct buf text;
    buf_init(&text, METRICS_TEXT_MAX);
    if (metrics_format(&text, RDSBAK_VERSION) < 0)
        refuse(c, "500 Internal Server Error", "no memory\n");
    else
        answer(c, "200 OK", METRICS_CONTENT_TYPE, text.data, text.len, with_body);
}

// Whether the request line asks for /metrics, with or without a query.
static bool is_for(const char *line, const char *method)
{
    size_t len = strlen(method);
    if (strncmp(line, method, len) != 0 || strncmp(line + len, " /metrics", 9) != 0)
        return false;
    return line[len + 9] == ' ' || line[len + 9] == '?';
}

static void serve(void *context, struct serve_connection *c)
{
    (void)context;
    AUTO_BUF struct buf request;
    buf_init(&request, REQUEST_MAX);
    if (!serve_read(c, &request, "\r\n\r\n"))
        return; // too slow, or gone
    const char *line = buf_str(&request);
    if (strstr(line, "\r\n\r\n") == NULL)
        refuse(c, "431 Request Header Fields Too Large", "the request is too long\n");
    else if (is_for(line, "GET"))
        answer_metrics(c, true);
    else if (is_for(line, "HEAD"))
        answer_metrics(c, false);
    else if (strncmp(line, "GET ", 4) == 0 || strncmp(line, "HEAD ", 5) == 0)
        refuse(c, "404 Not Found", "only /metrics is here\n");
    else
        refuse(c, "405 Method Not Allowed", "only GET\n");
}

int metrics_http_start(struct metrics_http **out, const char *address)
{
    struct serve_config config = {.what = "--metrics", .serve = serve};
    int rc = serve_address_parse(address, &config.address);
    if (rc < 0)
        return err_prefix(rc, "--metrics");
    AUTO_FREE struct metrics_http *h = calloc(1, sizeof *h);
    if (h == NULL)
        return err_set(-ENOMEM, "out of memory");
    metric_set(METRIC_START_TIME_S, clock_wall_s());
    rc = serve_start(&h->serve, &config);
    if (rc < 0)
        return rc;
    if (config.address.path[0] == '\0')
        log_info("metrics: http://%s:%u/metrics", config.address.v6 ? "[::1]" : "127.0.0.1",
                 serve_port(h->serve));
    *out = TAKE(h);
    return 0;
}

void metrics_http_stop(struct metrics_http *h)
{
    if (h == NULL)
        return;
    serve_stop(h->serve);
    free(h);
}
