// Credentials from where a program runs: a container's endpoint (ECS, EKS Pod Identity), or an EC2
// instance's metadata (IMDSv2 only: with a token, which a program that is merely tricked into
// requests cannot get).
#ifndef S3_METADATA_H
#define S3_METADATA_H

#include "s3/credentials_fetch.h"

// -ENOENT: there is no such thing here (the text says why); else found, or an error.
int metadata_container(struct credentials_fetch *f, struct credentials *out) MUST_CHECK;
int metadata_instance(struct credentials_fetch *f, const struct profile *profile,
                      struct credentials *out) MUST_CHECK;

// The SDKs' rule for AWS_CONTAINER_CREDENTIALS_FULL_URI: loopback, one of the link-local addresses
// of ECS and EKS, or TLS. *path points into the text, at the '/' (or is "/"). -EACCES.
int metadata_container_url(const char *text, struct endpoint *server, const char **path) MUST_CHECK;

#endif
