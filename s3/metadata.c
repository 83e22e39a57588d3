#include "s3/metadata.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"
#include "s3/config.h"
#include "s3/credentials_answer.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ECS_SERVER    "http://169.254.170.2"
#define INSTANCE_PATH "/latest/meta-data/iam/security-credentials/"
#define TOKEN_LIFE_S  "300" // it is used at once
#define LENT_S        600
#define ROLE_NAME_MAX 128

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? value : NULL;
}

// ---- containers

static bool is_known_address(const char *host)
{
    struct in6_addr eks, given;
    if (strcmp(host, "169.254.170.2") == 0 || strcmp(host, "169.254.170.23") == 0)
        return true;
    return inet_pton(AF_INET6, "fd00:ec2::23", &eks) == 1 &&
           inet_pton(AF_INET6, host, &given) == 1 && memcmp(&eks, &given, sizeof eks) == 0;
}

int metadata_container_url(const char *text, struct endpoint *server, const char **path)
{
    const char *host = strstr(text, "://");
    size_t len = host != NULL ? (size_t)(host + 3 - text) : 0;
    len += host != NULL ? strcspn(host + 3, "/?#") : 0;
    AUTO_FREE char *base = strndup(text, len);
    if (base == NULL)
        return err_set(-ENOMEM, "out of memory");
    *path = text[len] == '/' ? text + len : "/";
    int rc = text[len] == '/' || text[len] == '\0' ? endpoint_parse(base, true, server)
                                                   : err_set(-EINVAL, "no path before '?' or '#'");
    for (const char *c = *path; rc == 0 && *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~')
            rc = err_set(-EINVAL, "a character that no URL has");
    }
    if (rc == 0 && !server->tls && !server->loopback && !is_known_address(server->host))
        rc = err_set(-EINVAL,
                     "%s is neither loopback nor an address of ECS or EKS: only https:// is "
                     "trusted elsewhere",
                     server->host);
    return rc == 0 || rc == -ENOMEM ? rc
                                    : err_prefix(-EACCES, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

// The token file is read each time: it is replaced while we run.
static int add_authorization(struct kv *headers)
{
    const char *file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    AUTO_BUF struct buf text;
    buf_init_secret(&text, TOKEN_FILE_MAX);
    if (file != NULL) {
        int rc = fetch_token_file(file, &text);
        if (rc < 0)
            return rc;
        token = buf_str(&text);
    }
    if (token != NULL && strpbrk(token, "\r\n") != NULL)
        return err_set(-EACCES, "AWS_CONTAINER_AUTHORIZATION_TOKEN has several lines");
    return token != NULL ? kv_set(headers, "authorization", token) : 0;
}

static void headers_clear(struct kv *headers)
{
    KV_EACH (headers, pair)
        secret_wipe(pair->value, strlen(pair->value));
    kv_clear(headers);
}

static int take_answer(const struct credentials_fetch *f, const struct http_response *r,
                       const struct buf *answer, struct credentials *out)
{
    if (r->status != 200)
        return err_set(r->status == 401 || r->status == 403 ? -EACCES : -EIO,
                       "%s: the answer is status %d", f->source, r->status);
    int rc = credentials_parse_json(out, CREDENTIALS_OF_METADATA, buf_str(answer), answer->len);
    if (rc < 0)
        return err_prefix(rc, "%s", f->source);
    fetch_adjust_expiry(out, r->date_s);
    return 0;
}

int metadata_container(struct credentials_fetch *f, struct credentials *out)
{
    const char *relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"), *path = relative;
    struct endpoint server;
    if (relative == NULL && full == NULL)
        return err_set(-ENOENT, "no container's endpoint is named");
    int rc = relative != NULL ? endpoint_parse(ECS_SERVER, true, &server)
                              : metadata_container_url(full, &server, &path);
    if (rc == 0 && (path[0] != '/' || path[strcspn(path, " \t\r\n")] != '\0'))
        rc = err_set(-EACCES, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path");
    if (rc < 0)
        return rc;
    AUTO_HTTP_RESPONSE struct http_response response = {0};
    CLEANUP(headers_clear) struct kv headers = {0};
    AUTO_BUF struct buf answer;
    buf_init_secret(&answer, FETCH_ANSWER_MAX);
    snprintf(f->source, sizeof f->source, "container endpoint %.200s", server.authority);
    const struct fetch_request r = {.what = "credentials of the container",
                                    .method = "GET",
                                    .server = &server,
                                    .path = path,
                                    .headers = &headers,
                                    .no_proxy = !server.tls,
                                    .timeout_ms = FETCH_NEAR_TIMEOUT_MS,
                                    .connect_timeout_ms = FETCH_NEAR_CONNECT_MS};
    rc = add_authorization(&headers);
    if (rc == 0)
        rc = kv_set(&headers, "accept", "application/json");
    if (rc == 0)
        rc = fetch_send(f, &r, &answer, &response);
    return rc == 0 ? take_answer(f, &response, &answer, out) : rc;
}

// ---- instances

static const char *setting(const struct profile *profile, const char *environment,
                           const char *in_profile)
{
    const char *value = variable(environment);
    return value != NULL || profile == NULL ? value : profile_get(profile, in_profile);
}

static int instance_server(const struct profile *profile, struct endpoint *server)
{
    const char *url =
        setting(profile, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
    const char *mode = setting(profile, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                               "ec2_metadata_service_endpoint_mode");
    if (url == NULL && mode != NULL && strcasecmp(mode, "IPv6") == 0)
        url = "http://[fd00:ec2::254]";
    else if (url == NULL && mode != NULL && strcasecmp(mode, "IPv4") != 0)
        return err_set(-EACCES, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is IPv4 or IPv6");
    else if (url == NULL)
        url = "http://169.254.169.254";
    int rc = endpoint_parse(url, true, server);
    return rc < 0 ? err_prefix(-EACCES, "AWS_EC2_METADATA_SERVICE_ENDPOINT") : 0;
}

struct instance {
    struct credentials_fetch *fetch;
    struct endpoint server;
    struct kv headers; // with the token
};

static int ask(struct instance *i, const char *what, const char *method, const char *path,
               struct buf *answer, struct http_response *out)
{
    struct buf nothing = {0};
    const bool is_put = strcmp(method, "PUT") == 0;
    const struct fetch_request r = {.what = what,
                                    .method = method,
                                    .server = &i->server,
                                    .path = path,
                                    .headers = &i->headers,
                                    .body = is_put ? &nothing : NULL,
                                    .no_proxy = true,
                                    .timeout_ms = FETCH_NEAR_TIMEOUT_MS,
                                    .connect_timeout_ms = FETCH_NEAR_CONNECT_MS};
    return fetch_send(i->fetch, &r, answer, out);
}

// -ENOENT where nobody answers: most machines are no instances.
static int take_token(struct instance *i)
{
    AUTO_HTTP_RESPONSE struct http_response response = {0};
    AUTO_BUF struct buf answer;
    buf_init_secret(&answer, FETCH_ANSWER_MAX);
    int rc = kv_set(&i->headers, "x-aws-ec2-metadata-token-ttl-seconds", TOKEN_LIFE_S);
    if (rc == 0)
        rc = ask(i, "the token of instance metadata", "PUT", "/latest/api/token", &answer,
                 &response);
    if (rc == -ENOMEM || rc == -ECANCELED)
        return rc;
    if (rc < 0)
        return err_prefix(-ENOENT,
                          "no instance metadata (in a container: its hop limit must be 2)");
    if (response.status != 200 || answer.len == 0 || strpbrk(answer.data, "\r\n") != NULL)
        return err_set(-ENOENT, "instance metadata gives no token (status %d); IMDSv2 is needed",
                       response.status);
    kv_clear(&i->headers);
    return kv_set(&i->headers, "x-aws-ec2-metadata-token", answer.data);
}

static int take_role(struct instance *i, char role[static ROLE_NAME_MAX + 1])
{
    static const char GOOD[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "_+=,.@-";
    AUTO_HTTP_RESPONSE struct http_response response = {0};
    AUTO_BUF struct buf answer;
    buf_init_secret(&answer, FETCH_ANSWER_MAX);
    int rc = ask(i, "the instance's role", "GET", INSTANCE_PATH, &answer, &response);
    if (rc < 0)
        return rc;
    if (response.status == 404)
        return err_set(-ENOENT, "the instance has no role: attach an instance profile to it");
    size_t len = answer.len > 0 ? strcspn(answer.data, "\r\n") : 0;
    if (response.status != 200 || len == 0 || len > ROLE_NAME_MAX ||
        strspn(answer.data, GOOD) != len)
        return err_set(-EIO, "the instance's role: status %d, or not a name", response.status);
    memcpy(role, answer.data, len);
    role[len] = '\0';
    return 0;
}

// When AWS cannot renew them, instance metadata goes on to give what has expired, and the services
// go on to take it.
static void lend_time(struct credentials *c)
{
    int64_t now_s = clock_wall_s();
    if (c->expires_s > now_s)
        return;
    log_warn("instance metadata gives credentials that expired %" PRId64 " s ago: tried all the "
             "same",
             now_s - c->expires_s);
    c->expires_s = now_s + LENT_S;
}

static int take_credentials(struct instance *i, const char *role, struct credentials *out)
{
    AUTO_HTTP_RESPONSE struct http_response response = {0};
    AUTO_BUF struct buf answer;
    char path[sizeof INSTANCE_PATH + ROLE_NAME_MAX];
    buf_init_secret(&answer, FETCH_ANSWER_MAX);
    snprintf(i->fetch->source, sizeof i->fetch->source, "instance role %s", role);
    snprintf(path, sizeof path, INSTANCE_PATH "%s", role);
    int rc = ask(i, "credentials of the instance's role", "GET", path, &answer, &response);
    if (rc == 0)
        rc = take_answer(i->fetch, &response, &answer, out);
    if (rc == 0)
        lend_time(out);
    return rc;
}

int metadata_instance(struct credentials_fetch *f, const struct profile *profile,
                      struct credentials *out)
{
    const char *disabled = variable("AWS_EC2_METADATA_DISABLED");
    char role[ROLE_NAME_MAX + 1];
    struct instance i = {.fetch = f};
    if (disabled != NULL && strcasecmp(disabled, "true") == 0)
        return err_set(-ENOENT, "AWS_EC2_METADATA_DISABLED forbids to ask instance metadata");
    int rc = instance_server(profile, &i.server);
    if (rc == 0)
        rc = take_token(&i);
    if (rc == 0)
        rc = take_role(&i, role);
    if (rc == 0)
        rc = take_credentials(&i, role, out);
    headers_clear(&i.headers);
    return rc;
}
