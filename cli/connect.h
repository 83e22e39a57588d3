// What every verb needs to begin: a hardened process, credentials, region, endpoints, the bucket's
// store, the keyring and a volume over both, all made from the options, the environment and the
// profile. Main thread (in a daemon: the child's).
#ifndef CLI_CONNECT_H
#define CLI_CONNECT_H

#include "cli/object_options.h"
#include "cli/options.h"
#include "cli/source.h"
#include "object/volume.h"
#include "s3/credentials.h"
#include "s3/endpoint.h"

enum connection_use {
    CONNECTION_LIST,   // names and envelopes; no key is needed
    CONNECTION_READ,   // contents
    CONNECTION_WRITE,  // contents, and new objects: a mount
    CONNECTION_PUT,    // one new object; the verb tells its failure
    CONNECTION_REWRAP, // envelopes, under --to-key instead of --kms-key-id
};

struct connection {
    enum connection_use use;
    struct volume_config config;
    struct volume *volume;         // owned, as all below
    struct keyring *keyring;       // KMS
    struct keyring *ahead;         // over it, for a mount that writes; else NULL
    struct keyring *raw;           // over these, with --key-file; else NULL
    struct object_options objects; // what the store gives to new ones
    struct store *store;
    struct journal *journal; // of its uploads (cli/upkeep.h); NULL: none is kept
    struct sweeper *sweeper; // NULL: nothing is being swept
    char *state_dir;         // the sweeper's
    struct credentials_source *credentials;
    struct credentials_source *kms_credentials; // with --kms-profile; else NULL
    struct endpoint_config endpoint;            // its texts are the four that follow
    char *region;
    char *s3_url;
    char *kms_url;
    char *ca_bundle;
};

// Makes everything; asks no server. o is borrowed for the connection's life. -EINVAL: an option is
// missing or wrong; -EACCES: no credentials; -EIO, -ENOMEM. On error c is empty.
int connection_open(struct connection *c, const struct options *o, const struct source *source,
                    enum connection_use use) MUST_CHECK;
// Asks them all: the bucket (one key listed; for CONNECTION_WRITE also an upload created under
// prefix and aborted) and KMS. Blocks.
int connection_probe(struct connection *c, const struct source *source,
                     const struct options *o) MUST_CHECK;
// A key under the prefix that nobody has, for trials: random, so that two programs at once do not
// abort each other's. It says whose it is in a listing of unfinished uploads.
void connection_probe_key(const struct source *source, char out[static SOURCE_KEY_MAX + 1]);
void connection_close(struct connection *c);
// Whoever asks KMS: --kms-profile's, else the others.
struct credentials_source *connection_kms_credentials(const struct connection *c);
// The entries of --encryption-context, added to context. -EINVAL: one is given twice; -ENOMEM.
int connection_context(const struct options *o, struct kv *context) MUST_CHECK;
#define AUTO_CONNECTION CLEANUP(connection_close)

#endif
