// The endpoint of --metrics: HTTP/1.1, GET /metrics and nothing else, one request a connection.
#ifndef CLI_METRICS_HTTP_H
#define CLI_METRICS_HTTP_H

#include "common/serve.h"
#include "object/volume.h"

struct metrics_http;

// Listens at the address (as serve_address_parse takes it) and answers from now on. The volume is
// borrowed: its memory is asked for at each scrape. -EINVAL and serve_start's errors.
int metrics_http_start(struct metrics_http **out, const char *address, struct volume *v) MUST_CHECK;
void metrics_http_stop(struct metrics_http *h); // NULL is fine

#endif
