#include "cli/connect.h"

#include "cli/key_file.h"
#include "cli/probe_once.h"
#include "cli/settings.h"
#include "cli/upkeep.h"
#include "common/audit.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/harden.h"
#include "crypto/keyring_raw.h"
#include "object/keyring_ahead.h"
#include "object/keyring_kms.h"
#include "s3/journal.h"
#include "s3/kms.h"
#include "s3/store_s3.h"

#include <stdio.h>
#include <string.h>

#define PROBE_NAME ".rdsbak-probe-" // a listing of unfinished uploads shows who made it

// ---- what must be given ----

static bool any_key(const struct options *o)
{
    return o->kms_key_id != NULL || o->decrypt_keys.count > 0;
}

static bool use_writes(enum connection_use use)
{
    return use == CONNECTION_WRITE || use == CONNECTION_PUT;
}

static int check_keys_given(const struct options *o, enum connection_use use)
{
    if (use_writes(use) && o->kms_key_id == NULL)
        return err_set(-EINVAL, "--kms-key-id: missing, so nothing could be encrypted; give the "
                                "key's ARN (or --read-only with --decrypt-key for a mount)");
    if (use == CONNECTION_READ && !any_key(o) && o->key_files.count == 0 && !o->plaintext_read)
        return err_set(-EINVAL, "--kms-key-id: missing, so nothing could be decrypted; give the "
                                "key's ARN, or --decrypt-key");
    return 0;
}

static int check_key_arn(const char *option, const char *arn)
{
    struct kms_arn parts;
    int rc = kms_arn_parse(arn, &parts);
    return rc < 0 ? err_prefix(rc, "%s", option) : 0;
}

static int check_key_arns(const struct options *o)
{
    int rc = o->kms_key_id != NULL ? check_key_arn("--kms-key-id", o->kms_key_id) : 0;
    for (size_t i = 0; i < o->decrypt_keys.count && rc == 0; i++)
        rc = check_key_arn("--decrypt-key", o->decrypt_keys.items[i]);
    return rc;
}

// ---- region and endpoints ----

// The key that objects shall be under; NULL: none was given.
static const char *key_of(const struct connection *c, const struct options *o)
{
    return c->use == CONNECTION_REWRAP ? o->to_key : o->kms_key_id;
}

static int key_region(const char *key, char **out)
{
    struct kms_arn parts;
    *out = NULL;
    if (key == NULL)
        return 0;
    int rc = kms_arn_parse(key, &parts);
    if (rc == 0 && (*out = strdup(parts.region)) == NULL)
        rc = err_set(-ENOMEM, "out of memory");
    return rc;
}

// A restore in RDS needs bucket, key and instance in one region; a mismatch is nearly always a
// mistake, and one that shows only at the restore.
static int check_key_region(const struct connection *c, const struct options *o)
{
    AUTO_FREE char *region = NULL;
    int rc = key_region(key_of(c, o), &region);
    if (rc < 0 || region == NULL || o->allow_cross_region_key || strcmp(region, c->region) == 0)
        return rc;
    return err_set(-EINVAL,
                   "--%s: the key is in %s but the bucket's region is %s: RDS restores only "
                   "within one region; correct --region or the key, or add "
                   "--allow-cross-region-key",
                   c->use == CONNECTION_REWRAP ? "to-key" : "kms-key-id", region, c->region);
}

static int resolve_region(struct connection *c, const struct options *o)
{
    int rc = settings_region(o, c->credentials, &c->region);
    if (rc == 0 && c->region == NULL)
        rc = key_region(key_of(c, o), &c->region);
    if (rc < 0)
        return rc;
    if (c->region == NULL)
        return err_set(-EINVAL, "region: neither --region nor AWS_REGION, the profile or a key's "
                                "ARN tell it; give --region");
    return check_key_region(c, o);
}

static int resolve_endpoints(struct connection *c, const struct options *o)
{
    int rc = settings_s3_url(o, c->credentials, &c->s3_url);
    if (rc == 0)
        rc = settings_kms_url(o, c->credentials, &c->kms_url);
    if (rc == 0)
        rc = settings_ca_bundle(o, c->credentials, &c->ca_bundle);
    if (rc < 0)
        return rc;
    endpoint_config_defaults(&c->endpoint);
    c->endpoint.region = c->region;
    c->endpoint.s3_url = c->s3_url;
    c->endpoint.kms_url = c->kms_url;
    c->endpoint.ca_bundle = c->ca_bundle;
    c->endpoint.allow_http = o->allow_http;
    if (o->connections != OPTION_UNSET)
        c->endpoint.connections_max = (unsigned)o->connections;
    return 0;
}

// ---- the volume ----

static void set_given(uint64_t *field, uint64_t value)
{
    if (value != OPTION_UNSET)
        *field = value;
}

// An entry that no new object would carry is a mistake that would show only at the restore.
static int check_context_fits(const struct connection *c, const struct options *o)
{
    if (o->encryption_context.count == 0 || !use_writes(c->use) ||
        c->config.format->wrap == WRAP_KMS_CONTEXT)
        return 0;
    return err_set(-EINVAL,
                   "--encryption-context: objects of format %s have none of the caller's; use "
                   "--format gcm or commit, or leave it out",
                   c->config.format->name);
}

static int fill_formats(const struct options *o, struct volume_config *config)
{
    int rc = format_find(o->format != NULL ? o->format : "rds", &config->format);
    if (rc < 0)
        return err_prefix(rc, "--format");
    if (o->read_formats == NULL) {
        config->read_formats = format_set_default(config->format, o->key_files.count > 0);
        return 0;
    }
    rc = format_set_parse(o->read_formats, &config->read_formats);
    return rc < 0 ? err_prefix(rc, "--read-formats") : 0;
}

static int configure_volume(struct connection *c, const struct options *o)
{
    struct volume_config *config = &c->config;
    volume_config_defaults(config);
    config->plaintext_read = o->plaintext_read;
    config->read_only = !use_writes(c->use);
    config->no_overwrite = o->no_overwrite;
    config->failures_told = c->use == CONNECTION_PUT;
    set_given(&config->part_size, o->part_size);
    set_given(&config->part_min, o->part_min);
    set_given(&config->hold_size, o->hold_size);
    set_given(&config->window, o->window);
    set_given(&config->memory_limit, o->memory_limit);
    set_given(&config->zero_tail_max, o->zero_tail_max);
    set_given(&config->copy_object_max, o->copy_object_max);
    if (o->connections != OPTION_UNSET)
        config->connections = (unsigned)o->connections;
    set_given(&config->file_size_max, o->file_size_max);
    set_given(&config->verify_before_read, o->verify_before_read);
    config->spool_dir = o->spool_dir;
    int rc = fill_formats(o, config);
    if (rc == 0)
        rc = check_context_fits(c, o);
    return rc < 0 ? rc : volume_config_check(config);
}

// ---- all together ----

int connection_context(const struct options *o, struct kv *context)
{
    for (size_t i = 0; i < o->encryption_context.count; i++) {
        const char *pair = o->encryption_context.items[i], *equals = strchr(pair, '=');
        AUTO_FREE char *name = strndup(pair, (size_t)(equals - pair));
        if (name == NULL)
            return err_set(-ENOMEM, "out of memory");
        if (kv_get(context, name) != NULL)
            return err_set(-EINVAL, "--encryption-context: '%s' is given twice", name);
        int rc = kv_set(context, name, equals + 1);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int open_kms_keyring(struct connection *c, const struct options *o)
{
    AUTO_KV struct kv context = {0};
    int rc = connection_context(o, &context);
    if (rc == 0)
        rc = keyring_kms_new(&c->keyring, o->kms_key_id, (const char *const *)o->decrypt_keys.items,
                             o->decrypt_keys.count, &context, &c->endpoint,
                             connection_kms_credentials(c));
    return rc == 0 && c->use == CONNECTION_WRITE ? keyring_ahead_new(&c->ahead, c->keyring) : rc;
}

static struct keyring *top_keyring(const struct connection *c)
{
    return c->raw != NULL ? c->raw : c->ahead != NULL ? c->ahead : c->keyring;
}

static int open_keyring(struct connection *c, const struct options *o)
{
    int rc = open_kms_keyring(c, o);
    if (rc < 0 || o->key_files.count == 0)
        return rc;
    rc = keyring_raw_new(&c->raw, top_keyring(c));
    for (size_t i = 0; i < o->key_files.count && rc == 0; i++)
        rc = key_file_add(c->raw, o->key_files.items[i]);
    return rc;
}

// Of a process, not of a connection: a verb may have two, and the first one's threads run already.
static int harden_once(bool require_mlock)
{
    static bool done;
    int rc = done ? 0 : harden_process(require_mlock);
    done = rc == 0;
    return rc;
}

static int open_credentials(struct connection *c, const struct options *o)
{
    AUTO_FREE char *region = NULL;
    int rc = key_region(key_of(c, o), &region);
    struct credentials_options options = {.profile = o->profile,
                                          .region = o->region,
                                          .region_last = region,
                                          .ca_bundle = o->ca_bundle,
                                          .allow_http = o->allow_http};
    if (rc == 0)
        rc = credentials_source_open(&c->credentials, &options);
    if (rc < 0 || o->kms_profile == NULL)
        return rc;
    options.profile = o->kms_profile;
    rc = credentials_source_open(&c->kms_credentials, &options);
    return rc < 0 ? err_prefix(rc, "--kms-profile") : 0;
}

struct credentials_source *connection_kms_credentials(const struct connection *c)
{
    return c->kms_credentials != NULL ? c->kms_credentials : c->credentials;
}

// A mount's copies are renames, which keep what an object has.
static int set_object_options(struct connection *c, const struct options *o)
{
    int rc = object_options_make(&c->objects, o);
    c->objects.defaults.over_carried = c->use == CONNECTION_PUT;
    if (rc == 0)
        store_s3_set_defaults(c->store, &c->objects.defaults);
    return rc;
}

static int open_all(struct connection *c, const struct options *o, const struct source *source)
{
    int rc = check_keys_given(o, c->use);
    if (rc == 0)
        rc = check_key_arns(o);
    if (rc == 0)
        rc = secret_init();
    if (rc == 0)
        rc = open_credentials(c, o);
    if (rc == 0)
        rc = resolve_region(c, o);
    if (rc == 0)
        rc = resolve_endpoints(c, o);
    if (rc == 0)
        rc = configure_volume(c, o);
    c->config.bucket = source->bucket;
    c->config.kms_key_id = o->kms_key_id;
    if (rc == 0 && o->audit_file != NULL)
        rc = audit_open(o->audit_file);
    // After all that can be wrong with the options, so that its warnings do not hide that; the
    // credentials are in guarded memory already. Before threads and data.
    if (rc == 0)
        rc = harden_once(o->require_mlock);
    if (rc == 0)
        rc = store_s3_new(&c->store, source->bucket, &c->endpoint, c->credentials);
    if (rc == 0 && (use_writes(c->use) || c->use == CONNECTION_REWRAP))
        upkeep_keep_journal(c, o, source);
    if (rc == 0)
        rc = set_object_options(c, o);
    if (rc == 0)
        rc = open_keyring(c, o);
    if (rc == 0)
        rc = volume_new(&c->volume, c->store, top_keyring(c), &c->config);
    return rc;
}

int connection_open(struct connection *c, const struct options *o, const struct source *source,
                    enum connection_use use)
{
    *c = (struct connection){.use = use};
    int rc = open_all(c, o, source);
    if (rc < 0)
        connection_close(c);
    return rc;
}

void connection_close(struct connection *c)
{
    upkeep_stop(c);
    volume_free(c->volume);
    keyring_free(c->raw);
    keyring_free(c->ahead);
    keyring_free(c->keyring);
    store_free(c->store);
    object_options_clear(&c->objects);
    journal_free(c->journal);
    credentials_source_free(c->kms_credentials);
    credentials_source_free(c->credentials);
    free(c->region);
    free(c->s3_url);
    free(c->kms_url);
    free(c->ca_bundle);
    *c = (struct connection){0};
}

// ---- asking the servers ----

// A server that is there refuses within this; giving up takes several tries, 3 to 10 s in all.
#define PROBE_UNREACHABLE_MS 1000

void connection_probe_key(const struct source *source, char out[static SOURCE_KEY_MAX + 1])
{
    char random_hex[17];
    uint8_t random[8];
    secret_random_bytes(random, sizeof random);
    hex_encode(random_hex, random, sizeof random);
    snprintf(out, SOURCE_KEY_MAX + 1, "%.*s" PROBE_NAME "%s", SOURCE_PREFIX_MAX, source->key,
             random_hex);
}

// HEAD gives up soonest where nobody answers, but cannot say why it is refused (its answers have no
// body): any refusal is left to the listing that follows.
static int probe_reachable(struct connection *c, const struct source *source)
{
    struct store_object object;
    char key[SOURCE_KEY_MAX + 1];
    connection_probe_key(source, key);
    int64_t start_ms = clock_ms();
    int rc = c->store->ops->head(c->store, key, &object);
    if (rc == 0)
        store_object_clear(&object);
    bool gave_up = rc == -EIO && clock_ms() - start_ms >= PROBE_UNREACHABLE_MS;
    return gave_up ? err_prefix(rc, "cannot reach s3://%s; check endpoint, region and network",
                                source->bucket)
                   : 0;
}

static int ignore_entry(void *context, const struct store_listed *entry)
{
    (void)context;
    (void)entry;
    return 0;
}

static int probe_listing(struct connection *c, const struct source *source)
{
    int rc = c->store->ops->list(c->store, source->key, '/', 1, ignore_entry, NULL);
    return rc < 0 ? err_prefix(rc, "cannot list s3://%s", source->bucket) : 0;
}

static int probe_writing(struct connection *c, const struct source *source)
{
    char upload_id[STORE_UPLOAD_ID_MAX];
    char key[SOURCE_KEY_MAX + 1];
    connection_probe_key(source, key);
    const struct kv no_metadata = {0};
    int rc = c->store->ops->upload_create(c->store, key, &no_metadata, upload_id);
    if (rc == 0)
        rc = c->store->ops->upload_abort(c->store, key, upload_id);
    return rc < 0 ? err_prefix(rc, "cannot write to s3://%s (try --read-only?)", source->bucket)
                  : 0;
}

static int probe_kms(struct connection *c, bool writes)
{
    int64_t start_ms = clock_ms();
    int rc = keyring_kms_probe(c->keyring, writes ? c->config.format : NULL);
    bool gave_up = rc == -EIO && clock_ms() - start_ms >= PROBE_UNREACHABLE_MS;
    return gave_up ? err_prefix(rc, "cannot reach KMS; check endpoint, region and network") : rc;
}

int connection_probe(struct connection *c, const struct source *source, const struct options *o)
{
    char key[SOURCE_KEY_MAX + 1];
    connection_probe_key(source, key);
    bool writes = use_writes(c->use);
    int rc = probe_reachable(c, source);
    if (rc == 0)
        rc = probe_listing(c, source);
    if (rc == 0 && writes)
        rc = probe_object_lock(c, source);
    if (rc == 0 && writes)
        rc = probe_writing(c, source);
    if (rc == 0 && writes && o->no_overwrite)
        rc = probe_write_once(c, source, key);
    if (rc == 0 && any_key(o))
        rc = probe_kms(c, writes);
    return rc;
}
