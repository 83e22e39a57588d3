// Parsing of endpoint URLs, and the names of AWS's own endpoints. Pure functions.
#include "s3/endpoint.h"
#include "common/codec.h"
#include "common/err.h"
#include "s3/config.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void endpoint_config_defaults(struct endpoint_config *c)
{
    assert(c != NULL);
    *c = (struct endpoint_config){
        .connections_max = 8,
        .stall_timeout_ms = CALL_STALL_TIMEOUT_MS,
        .connect_timeout_ms = CALL_CONNECT_TIMEOUT_MS,
        .turn_timeout_ms = CALL_TURN_TIMEOUT_MS,
        .retry_total_ms = CALL_RETRY_TOTAL_MS,
    };
}

static bool host_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    size_t len = strlen(host);
    if (inet_pton(AF_INET, host, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcasecmp(host, "localhost") == 0 ||
           (len > 10 && strcasecmp(host + len - 10, ".localhost") == 0);
}

static bool host_is_valid(const char *host, bool bracketed)
{
    struct in6_addr v6;
    if (bracketed)
        return inet_pton(AF_INET6, host, &v6) == 1;
    return *host != '\0' && host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789.-_")] == '\0';
}

// [host] or host, up to a colon or the end; *rest points behind it.
static int take_host(const char *url, const char *at, struct endpoint *out, const char **rest)
{
    bool bracketed = *at == '[';
    const char *start = at + bracketed;
    size_t len = strcspn(start, bracketed ? "]" : ":/");
    if (len >= sizeof out->host)
        return err_set(-EINVAL, "endpoint URL '%s': the host name is too long", url);
    memcpy(out->host, start, len);
    out->host[len] = '\0';
    *rest = start + len + (bracketed && start[len] == ']');
    if (!host_is_valid(out->host, bracketed) || (bracketed && start[len] != ']'))
        return err_set(-EINVAL, "endpoint URL '%s': '%s' is no host name", url, out->host);
    return 0;
}

static int take_port(const char *url, const char **at, uint64_t *port)
{
    if (**at != ':')
        return 0;
    size_t len = strcspn(*at + 1, "/");
    char text[8] = "";
    if (len == 0 || len >= sizeof text)
        return err_set(-EINVAL, "endpoint URL '%s': bad port", url);
    memcpy(text, *at + 1, len);
    if (decimal_parse(text, 65535, port) < 0 || *port == 0)
        return err_set(-EINVAL, "endpoint URL '%s': bad port", url);
    *at += 1 + len;
    return 0;
}

int endpoint_parse(const char *url, bool allow_http, struct endpoint *out)
{
    assert(url != NULL && out != NULL);
    *out = (struct endpoint){.tls = strncasecmp(url, "https://", 8) == 0};
    if (!out->tls && strncasecmp(url, "http://", 7) != 0)
        return err_set(-EINVAL, "endpoint URL '%s' must start with https:// or http://", url);
    const char *at = url + (out->tls ? 8 : 7);
    if (strchr(at, '@') != NULL)
        return err_set(-EINVAL, "an endpoint URL must not carry a user name or password");
    uint64_t port = out->tls ? 443 : 80;
    int rc = take_host(url, at, out, &at);
    if (rc == 0)
        rc = take_port(url, &at, &port);
    if (rc < 0)
        return rc;
    if (strcmp(at, "") != 0 && strcmp(at, "/") != 0)
        return err_set(-EINVAL,
                       "endpoint URL '%s' must end after the host and port: '%s' is too "
                       "much (the bucket is named in s3://BUCKET/PREFIX)",
                       url, at);
    out->loopback = host_is_loopback(out->host);
    if (!out->tls && !out->loopback && !allow_http)
        return err_set(-EINVAL,
                       "endpoint URL '%s' is not encrypted: use https://, or accept that "
                       "with --allow-http",
                       url);
    bool v6 = strchr(out->host, ':') != NULL;
    int len = snprintf(out->authority, sizeof out->authority, "%s%s%s", v6 ? "[" : "", out->host,
                       v6 ? "]" : "");
    if (port != (out->tls ? 443u : 80u))
        snprintf(out->authority + len, sizeof out->authority - (size_t)len, ":%u", (unsigned)port);
    return 0;
}

int endpoint_aws(const char *service, const char *region, struct endpoint *out)
{
    assert(service != NULL && out != NULL);
    if (region == NULL || *region == '\0')
        return err_set(-EINVAL, "no region: give --region or set AWS_REGION");
    size_t len = strlen(region);
    if (len > 32 || strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
        return err_set(-EINVAL, "'%s' is no AWS region (an example is eu-central-1)", region);
    const char *domain = strncmp(region, "cn-", 3) == 0 ? "amazonaws.com.cn" : "amazonaws.com";
    *out = (struct endpoint){.tls = true};
    snprintf(out->host, sizeof out->host, "%s.%s.%s", service, region, domain);
    snprintf(out->authority, sizeof out->authority, "%s", out->host);
    return 0;
}
