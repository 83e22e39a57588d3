// AWS credentials: the SDKs' chain (credentials_chain.h says in which order), asked before every
// request, answered from memory. Safe for any number of threads.
//
// What expires is asked for again by a thread of its own well before: a quarter of its life, at
// most 15 minutes. Meanwhile the old ones are used; in the last eighth (at most 5 minutes) a
// request waits for the new ones, though not for long. A failure keeps the old ones until they
// expire. The shared files are looked at before every request and read again when they changed.
#ifndef S3_CREDENTIALS_H
#define S3_CREDENTIALS_H

#include "common/secret.h"

#include <stdbool.h>
#include <stdint.h>

struct credentials {
    char access_key_id[129];
    struct secret *secret_key;    // text, without terminator
    struct secret *session_token; // or NULL
    int64_t expires_s;            // seconds since 1970 by this machine's clock; 0 never
};
void credentials_clear(struct credentials *c);
#define AUTO_CREDENTIALS CLEANUP(credentials_clear)
// Fills an empty *out; token may be NULL or "". where begins the error's text. -EACCES: an empty or
// too long id, or an empty key; -ENOMEM.
int credentials_fill(struct credentials *out, const char *id, const char *key, const char *token,
                     const char *where) MUST_CHECK;

struct credentials_source;

struct credentials_options { // borrowed during the making only; NULL: not given
    const char *profile;     // NULL: AWS_PROFILE, else "default". One named here wins over the keys
                             // in the environment
    const char *region;      // of STS; NULL: AWS_REGION, AWS_DEFAULT_REGION, the profile's, ...
    const char *region_last; // ... this
    const char *ca_bundle;   // NULL: AWS_CA_BUNDLE, the profile's
    bool allow_http;         // plain HTTP to an STS that is not on loopback
};

// Asks once, so that what is wrong is said now: blocks. -EACCES with a text that lists where it
// looked when nothing was found, and for what is refused; -EIO for a malformed file (file and line
// named) and whoever does not answer.
int credentials_source_open(struct credentials_source **out,
                            const struct credentials_options *options) MUST_CHECK;
int credentials_source_new(struct credentials_source **out, const char *profile) MUST_CHECK;
// A copy that the caller clears. May wait for new ones, a few seconds; -EIO: there are none at the
// moment, asking again may help; -ENOMEM.
int credentials_get(struct credentials_source *s, struct credentials *out) MUST_CHECK;
// The server does not take the ones with this id: the next get looks afresh, unless that was done
// already since they were given. Not used any more if they have expired for sure; else (unknown to
// one server, perhaps good for another) used on while nothing else is to be had. False: there will
// never be others, for these are the environment's.
bool credentials_refused(struct credentials_source *s, const char *access_key_id, bool expired);
void credentials_source_free(struct credentials_source *s);
CLEANUP_POINTER(credentials_source, credentials_source_free)

struct credentials_description {
    char source[256];        // "environment", "profile 'x', by credential_process ...": no secret
    char access_key_id[129]; // not a secret; "" when there are none
    int64_t expires_s;       // as above
    bool usable;             // not expired, not refused by a server
    char trouble[256];       // why the last look for new ones failed; "" it did not
};
// Of what credentials_get would give now. Does not wait.
void credentials_describe(struct credentials_source *s, struct credentials_description *out);

// A setting of the profile ("region", "endpoint_url", "ca_bundle"; "services" sections'
// "s3.endpoint_url", "kms.endpoint_url"), copied to a new string in *value, or NULL there when it
// is not set.
int credentials_setting(struct credentials_source *s, const char *name, char **value) MUST_CHECK;

#endif
