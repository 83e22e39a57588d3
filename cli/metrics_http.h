// The endpoint of --metrics: HTTP/1.1, GET /metrics and nothing else, one request a connection.
#ifndef CLI_METRICS_HTTP_H
#define CLI_METRICS_HTTP_H

#include "cli/connect.h"
#include "common/serve.h"

struct metrics_http;

// From now on memory and credentials are looked at when metrics are read; NULL: no more. Borrowed.
void metrics_http_collect(struct connection *c);
// Listens at the address (as serve_address_parse takes it) and answers from now on. -EINVAL and
// serve_start's errors.
int metrics_http_start(struct metrics_http **out, const char *address) MUST_CHECK;
void metrics_http_stop(struct metrics_http *h); // NULL is fine

#endif
