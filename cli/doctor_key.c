// The KMS key: what it is, and what the credentials may do with it. A data key is made and
// unwrapped again, as every file's is; nobody gets it. See doctor.h.
#include "cli/doctor.h"

#include "s3/kms.h"

#include <stdio.h>
#include <string.h>

static const char *const WHATS[] = {"kms key", "kms:GenerateDataKey", "kms:Decrypt"};

static void say_unasked(struct doctor *d, size_t first, const char *why)
{
    for (size_t i = first; i < sizeof WHATS / sizeof *WHATS; i++)
        doctor_say(&d->report, DOCTOR_UNCHECKED, WHATS[i], NULL, "%s", why);
}

static const char *remedy_of_state(const char *state)
{
    if (strcmp(state, "Disabled") == 0)
        return "aws kms enable-key";
    if (strcmp(state, "PendingDeletion") == 0)
        return "aws kms cancel-key-deletion, then enable-key, before it is too late: what was "
               "encrypted under a deleted key is lost";
    if (strcmp(state, "PendingImport") == 0)
        return "import the key's material";
    return "bring the key into the state Enabled";
}

static bool is_usable(const struct kms_key_info *key)
{
    return key->enabled && strcmp(key->usage, "ENCRYPT_DECRYPT") == 0 &&
           strcmp(key->spec, "SYMMETRIC_DEFAULT") == 0;
}

// false: KMS does not answer, and asking on would only take time.
static bool look_at_state(struct doctor *d, struct kms *kms, const char *arn)
{
    struct kms_key_info key;
    int rc = kms_describe_key(kms, arn, &key);
    if (rc == -EACCES && strstr(err_text(), "AccessDenied") != NULL) {
        doctor_say(&d->report, DOCTOR_WARN, WHATS[0], "allow kms:DescribeKey on the key",
                   "its state may not be looked at: %s", err_text());
        return true;
    }
    if (rc < 0) {
        doctor_say_failed(d, WHATS[0], "check --kms-key-id, --kms-endpoint-url and the region");
        return rc != -EIO;
    }
    const char *remedy = is_usable(&key) ? NULL
                         : !key.enabled  ? remedy_of_state(key.state)
                                        : "take a symmetric key for encryption: RDS knows no other";
    doctor_say(&d->report, remedy == NULL ? DOCTOR_OK : DOCTOR_FAIL, WHATS[0], remedy, "%s, %s, %s",
               key.state, key.usage, key.spec);
    return true;
}

static void say_use(struct doctor *d, const char *what, int rc)
{
    char remedy[120];
    snprintf(remedy, sizeof remedy, "allow %s in the key's policy and the role's", what);
    if (rc == 0)
        doctor_say(&d->report, DOCTOR_OK, what, NULL, "allowed");
    else
        doctor_say(&d->report, DOCTOR_FAIL, what, rc == -EACCES ? remedy : NULL, "%s", err_text());
}

static void try_unwrap(struct doctor *d, struct kms *kms, const char *arn, const struct kv *context,
                       const struct buf *blob)
{
    AUTO_SECRET struct secret *key = NULL;
    bool wrong_key = false;
    int rc = kms_decrypt(kms, arn, context, blob->data, blob->len, &key, &wrong_key);
    say_use(d, WHATS[2], rc);
}

static void try_uses(struct doctor *d, struct kms *kms, const char *arn)
{
    AUTO_SECRET struct secret *key = NULL;
    AUTO_BUF struct buf blob;
    AUTO_KV struct kv context = {0};
    buf_init(&blob, KMS_BLOB_MAX);
    int rc = kv_set(&context, "kms_cmk_id", arn); // as in the envelope of new objects
    if (rc == 0)
        rc = kms_generate_data_key(kms, arn, &context, &key, &blob);
    say_use(d, WHATS[1], rc);
    if (rc == 0)
        try_unwrap(d, kms, arn, &context, &blob);
    else
        doctor_say(&d->report, DOCTOR_UNCHECKED, WHATS[2], NULL, "there is no data key to unwrap");
}

void doctor_look_at_key(struct doctor *d)
{
    const char *arn = d->options->kms_key_id;
    CLEANUP(kms_freep) struct kms *kms = NULL;
    struct kms_arn parts;
    if (arn == NULL) {
        say_unasked(d, 0, "--kms-key-id is not given");
        return;
    }
    int rc = kms_arn_parse(arn, &parts);
    if (rc == 0)
        rc = kms_new(&kms, parts.region, &d->connection.endpoint,
                     connection_kms_credentials(&d->connection));
    if (rc < 0) {
        doctor_say_failed(d, WHATS[0], NULL);
        return;
    }
    if (!look_at_state(d, kms, arn))
        say_unasked(d, 1, "KMS does not answer");
    else if (d->options->read_only)
        say_unasked(d, 1, "--read-only makes no data key, and has none to unwrap");
    else
        try_uses(d, kms, arn);
}
