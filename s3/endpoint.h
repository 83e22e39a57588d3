// Where requests go and as whom: settings shared by S3 and KMS. Filled by the command line, the
// environment and the profile.
#ifndef S3_ENDPOINT_H
#define S3_ENDPOINT_H

#include "common/cleanup.h"

#include <stdbool.h>
#include <stdint.h>

// Everything borrowed for the life of the http / store / kms made from it.
struct endpoint_config {
    const char *region; // "eu-central-1"; needed
    const char
        *s3_url; // --endpoint-url, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL; NULL: AWS's of the region
    const char *kms_url; // --kms-endpoint-url, AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL; NULL: AWS's
                         // of the key's region
    const char *ca_bundle;      // --ca-bundle, AWS_CA_BUNDLE; NULL: the system's
    bool allow_http;            // plain HTTP to other than loopback
    unsigned connections_max;   // simultaneous requests; one connection each
    int64_t stall_timeout_ms;   // a body without progress (30 s)
    int64_t connect_timeout_ms; // 10 s
    int64_t turn_timeout_ms;    // a body that waits for its turn is signed anew this often (1 min)
    int64_t retry_total_ms; // a part or range keeps being tried this long since its first failure
                            // (5 min)
};

// Defaults in all numeric fields.
void endpoint_config_defaults(struct endpoint_config *c);

// One server, taken from a URL.
struct endpoint {
    bool tls;
    bool loopback;       // never through a proxy; plain HTTP is fine
    char host[256];      // name or address, without brackets
    char authority[272]; // host[:port] as the Host header and the signature want it
};
// scheme://host[:port][/]. -EINVAL with a text for anything else, and for plain HTTP to other than
// loopback unless allow_http.
int endpoint_parse(const char *url, bool allow_http, struct endpoint *out) MUST_CHECK;
// AWS's own of a service ("s3", "kms") in a region; -EINVAL for a region that cannot be one.
int endpoint_aws(const char *service, const char *region, struct endpoint *out) MUST_CHECK;

#endif
