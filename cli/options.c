// The table of options and the parser of the command line. See options.h.
#include "cli/options.h"

#include "cli/mount_options.h"
#include "cli/object_options.h"
#include "cli/option_values.h"
#include "cli/suggest.h"
#include "common/err.h"

#include <stdio.h>
#include <string.h>

#define TO_DST  (VERB_COPY | VERB_ENCRYPT) // what has two sides
#define READS   (VERB_MOUNT | VERB_GET | VERB_CAT | VERB_INFO | VERB_VERIFY)
#define OPENS   (READS | VERB_COPY) // what decrypts what others encrypted
#define WRITES  (VERB_MOUNT | VERB_PUT)
#define MAKES   (WRITES | TO_DST) // new objects
#define KEYED   (READS | MAKES)
#define MOVES   (READS | MAKES)                           // what moves content through memory
#define ASKS_S3 (VERB_ALL & ~(VERB_STATUS | VERB_POLICY)) // talks to S3
#define AUDITED                                                                                    \
    (VERB_MOUNT | VERB_PUT | VERB_GET | VERB_CAT | VERB_COPY | VERB_ENCRYPT | VERB_REWRAP)
#define REPORTS                                                                                    \
    (VERB_INFO | VERB_AUDIT | VERB_VERIFY | VERB_REWRAP | VERB_COPY | VERB_ENCRYPT | VERB_SQL |    \
     VERB_DOCTOR | VERB_GC)

#define ROW(name, argument, parse, field, verbs, help)                                             \
    {                                                                                              \
        name, argument, parse, offsetof(struct options, field), verbs, help                        \
    }

static const struct option_row TABLE[] = {
    ROW("kms-key-id", "ARN", option_text, kms_key_id, KEYED | VERB_SQL | VERB_DOCTOR | VERB_POLICY,
        "key for new objects, and for reading; its whole ARN, not an alias"),
    ROW("to-key", "ARN", option_text, to_key, VERB_REWRAP | VERB_COPY | VERB_POLICY,
        "key that the objects' data keys, or the copy, shall be under"),
    ROW("decrypt-key", "ARN", option_text_list, decrypt_keys, OPENS | VERB_REWRAP | VERB_POLICY,
        "another key that objects may be under; may be repeated"),
    ROW("format", "NAME", option_text, format, MAKES | VERB_REWRAP | VERB_POLICY,
        "of new objects: rds (default; copy: as SRC), rds-v1, gcm, commit"),
    ROW("read-formats", "LIST", option_text, read_formats, OPENS,
        "kinds of objects that may be read: names with commas, or all"),
    ROW("encryption-context", "NAME=VALUE", option_pair_list, encryption_context,
        KEYED | VERB_POLICY, "entry of the encryption context (gcm, commit); may be repeated"),
    ROW("key-file", "FILE", option_path_list, key_files, OPENS,
        "AES or RSA key for objects that are not under KMS; may be repeated"),
    ROW("verify-before-read", "SIZE", option_size, verify_before_read, READS,
        "prove objects with a tag up to this size at open (default 0)"),
    ROW("plaintext", "refuse|read", option_plaintext, plaintext_read, READS,
        "what to do with objects that are not encrypted (default refuse)"),
    ROW("allow-cross-region-key", NULL, option_flag, allow_cross_region_key,
        KEYED | VERB_REWRAP | VERB_DOCTOR, "let the key be in another region than the bucket"),
    ROW("require-mlock", NULL, option_flag, require_mlock, KEYED | VERB_DOCTOR,
        "refuse to start when memory cannot be locked"),

    ROW("region", "NAME", option_text, region, ASKS_S3,
        "region of the bucket (default: AWS_REGION, the profile, the key's)"),
    ROW("profile", "NAME", option_text, profile, ASKS_S3,
        "profile of ~/.aws/config and credentials (default: AWS_PROFILE)"),
    ROW("kms-profile", "NAME", option_text, kms_profile,
        KEYED | VERB_SQL | VERB_AUDIT | VERB_REWRAP | VERB_DOCTOR,
        "profile with the credentials for KMS (default: those for S3)"),
    ROW("endpoint-url", "URL", option_url, endpoint_url, ASKS_S3, "another S3 than AWS's"),
    ROW("kms-endpoint-url", "URL", option_url, kms_endpoint_url,
        KEYED | VERB_SQL | VERB_AUDIT | VERB_REWRAP | VERB_DOCTOR, "another KMS than AWS's"),
    ROW("ca-bundle", "FILE", option_path, ca_bundle, ASKS_S3,
        "certificates to trust instead of the system's"),
    ROW("allow-http", NULL, option_flag, allow_http, ASKS_S3,
        "allow plain HTTP to other machines than this one"),
    ROW("connections", "COUNT", option_connections, connections, ASKS_S3,
        "requests at once, each way"),

    ROW("part-size", "SIZE", option_size, part_size, MAKES,
        "size of an upload's first parts (default 8MiB)"),
    ROW("part-min", "SIZE", option_size, part_min, MAKES | VERB_REWRAP,
        "smallest part that the server takes (default 5MiB, S3's)"),
    ROW("hold-size", "SIZE", option_size, hold_size, MAKES,
        "files up to this wait in memory until close (default 64MiB)"),
    ROW("window", "SIZE", option_size, window, WRITES,
        "how far writes may run ahead of a gap (default 256MiB)"),
    ROW("memory-limit", "SIZE", option_size, memory_limit, MOVES,
        "memory for the data of all files together (default 512MiB)"),
    ROW("file-size-max", "SIZE", option_size, file_size_max, MAKES,
        "refuse larger files (default: what the format holds)"),
    ROW("zero-tail-max", "SIZE", option_size, zero_tail_max, WRITES,
        "zeros that a never-trimmed file may end with (default 1GiB)"),
    ROW("spool-dir", "DIR", option_path, spool_dir, MAKES | VERB_DOCTOR,
        "directory for encrypted spool files; lets files be rewritten"),
    ROW("no-overwrite", NULL, option_flag, no_overwrite, MAKES | VERB_POLICY,
        "never replace, remove or rename an object that is there"),
    ROW("object-lock", "MODE:DAYS", option_object_lock, object_lock, MAKES | VERB_POLICY,
        "retention of new objects: GOVERNANCE or COMPLIANCE, and days"),
    ROW("storage-class", "CLASS", option_storage_class, storage_class, MAKES,
        "storage class of new objects (default: the bucket's)"),
    ROW("sse", "ALGORITHM[:KEYID]", option_sse, sse, MAKES,
        "encryption by S3 beside ours: AES256, aws:kms or aws:kms:dsse"),
    ROW("tags", "KEY=VALUE&...", option_tags, tags, MAKES | VERB_POLICY,
        "tags of new objects, up to 10"),
    ROW("state-dir", "DIR", option_path, state_dir, MAKES | VERB_REWRAP | VERB_GC | VERB_DOCTOR,
        "directory for the journal of unfinished uploads"),

    ROW("read-only", NULL, option_flag, read_only, VERB_MOUNT | VERB_DOCTOR,
        "refuse every change (doctor: try nothing that writes)"),
    ROW("foreground", NULL, option_flag, foreground, VERB_MOUNT, "(-f) do not become a daemon"),
    ROW("allow-other", NULL, option_flag, allow_other, VERB_MOUNT | VERB_DOCTOR,
        "let other users in, as the modes below permit"),
    ROW("uid", "USER", option_uid, uid, VERB_MOUNT, "owner of all files (default: the caller)"),
    ROW("gid", "GROUP", option_gid, gid, VERB_MOUNT, "group of all files (default: the caller's)"),
    ROW("file-mode", "OCTAL", option_mode, file_mode, VERB_MOUNT,
        "permissions of files (default 0600)"),
    ROW("dir-mode", "OCTAL", option_mode, dir_mode, VERB_MOUNT,
        "permissions of directories (default 0700)"),
    ROW("rename-copy-max", "SIZE", option_size, rename_copy_max, VERB_MOUNT,
        "largest object that a rename lets the server copy (default 100GiB)"),
    ROW("copy-object-max", "SIZE", option_size, copy_object_max,
        VERB_MOUNT | VERB_COPY | VERB_REWRAP,
        "what the server copies in one request, more by parts (default 5GiB, S3's)"),
    ROW("stop-timeout", "SECONDS", option_seconds, stop_timeout_s, VERB_MOUNT,
        "how long writers may finish after SIGTERM"),

    ROW("metrics", "unix:/PATH|127.0.0.1:PORT", option_serve_address, metrics, VERB_MOUNT,
        "answer GET /metrics there, for Prometheus (loopback only)"),
    ROW("audit-file", "FILE", option_path, audit_file, AUDITED,
        "append one JSON line for each object changed and each key used"),

    ROW("offset", "SIZE", option_size, offset, VERB_CAT, "begin at this byte"),
    ROW("length", "SIZE", option_size, length, VERB_CAT, "end after this many bytes"),
    ROW("long", NULL, option_flag, long_listing, VERB_LS,
        "(-l) ask every object for its cipher and its content's size"),

    ROW("allow-key", "ARN", option_text_list, allow_keys, VERB_AUDIT,
        "key that objects may be encrypted under (default: any); may be repeated"),
    ROW("ask-kms", NULL, option_flag, ask_kms, VERB_AUDIT,
        "have KMS prove that data keys are under the allowed keys"),
    ROW("dry-run", NULL, option_flag, dry_run, VERB_REWRAP | VERB_GC,
        "check everything (rewrap: with KMS too), and change nothing"),
    ROW("force", NULL, option_flag, force, VERB_GC,
        "end uploads of others too, if they are older than --older-than"),
    ROW("older-than", "TIME", option_duration, older_than_s, VERB_GC,
        "age from which --force ends uploads of others: 90m, 24h, 7d (default 24h)"),
    ROW("to-region", "NAME", option_text, to_region, TO_DST,
        "region of DST's bucket (default: of --to-key; encrypt: as SRC's)"),
    ROW("dst-profile", "NAME", option_text, dst_profile, TO_DST,
        "profile with the credentials for DST and its key (default: as SRC's)"),
    ROW("dst-endpoint-url", "URL", option_url, dst_endpoint_url, TO_DST,
        "S3 server of DST (default: as SRC's)"),
    ROW("dst-kms-endpoint-url", "URL", option_url, dst_kms_endpoint_url, TO_DST,
        "KMS server of DST's key (default: as SRC's)"),
    ROW("server-side", NULL, option_flag, server_side, VERB_COPY,
        "let S3 copy the ciphertext and KMS wrap the data key anew"),
    ROW("no-verify", NULL, option_flag, no_verify, VERB_COPY, "do not read the copy back"),
    ROW("delete-source", NULL, option_flag, delete_source, VERB_ENCRYPT,
        "delete the plaintext once the encrypted object is verified"),
    ROW("database", "NAME", option_text, database, VERB_SQL, "the database's name"),
    ROW("type", "full|differential|log", option_text, sql_type, VERB_SQL,
        "kind of backup (default full)"),
    ROW("mountpoint", "[s3://BUCKET/PREFIX=]DIR", option_text, mountpoint, VERB_SQL,
        "where the objects' folder (or that prefix) is mounted, or its UNC share"),
    ROW("number-of-files", "COUNT", option_file_count, number_of_files, VERB_SQL,
        "files that RDS shall write one backup to, 1 to 10"),
    ROW("norecovery", NULL, option_flag, norecovery, VERB_SQL,
        "leave the database ready for further restores"),
    ROW("instance-region", "NAME", option_text, instance_region, VERB_SQL,
        "region of the RDS instance, to be held against bucket and key"),
    ROW("offline", NULL, option_flag, offline, VERB_SQL,
        "ask neither S3 nor KMS; check what can be checked without"),
    ROW("chain", "s3://BUCKET/PREFIX", option_text, chain, VERB_VERIFY,
        "read the headers of all backups there: how far can they be restored?"),
    ROW("principal", "ARN", option_text, principal, VERB_POLICY,
        "role or user of the key policy's statements (default: the account)"),

    ROW("wait", "SECONDS", option_seconds, wait_s, VERB_STATUS,
        "wait so long until nothing is on its way any more"),
    ROW("acknowledge", NULL, option_flag, acknowledge, VERB_STATUS,
        "forget the failures of files that are closed, after showing them"),
    ROW("set-log-level", "LEVEL", option_log_level, set_log_level, VERB_STATUS,
        "have the running mount log at this level from now on"),

    ROW("json", NULL, option_flag, json, REPORTS | VERB_STATUS, "one JSON document on stdout"),

    ROW("config", "FILE", option_text, config, VERB_ALL,
        "settings file (default /etc/rdsbak.conf; none: read none)"),
    ROW("log-level", "LEVEL", option_log_level, log_level, VERB_ALL, "error, warn, info or debug"),
    ROW("log", "stderr|syslog|journald", option_log_where, log_where, VERB_ALL,
        "where the log goes (a daemon's default: syslog)"),
    ROW("log-format", "text|json", option_log_format, log_format, VERB_ALL,
        "lines of text, or one JSON object a line (not for journald)"),
    ROW("help", NULL, option_flag, help, VERB_ALL, "show this help"),
    ROW("version", NULL, option_flag, version, VERB_ALL, "show the version"),
};
#define TABLE_COUNT (sizeof TABLE / sizeof *TABLE)

const struct option_row *option_table(size_t *count)
{
    *count = TABLE_COUNT;
    return TABLE;
}

void options_init(struct options *o)
{
    *o = (struct options){
        .connections = OPTION_UNSET,
        .part_size = OPTION_UNSET,
        .part_min = OPTION_UNSET,
        .hold_size = OPTION_UNSET,
        .window = OPTION_UNSET,
        .memory_limit = OPTION_UNSET,
        .zero_tail_max = OPTION_UNSET,
        .file_size_max = OPTION_UNSET,
        .verify_before_read = OPTION_UNSET,
        .copy_object_max = OPTION_UNSET,
        .rename_copy_max = OPTION_UNSET,
        .stop_timeout_s = OPTION_UNSET,
        .older_than_s = OPTION_UNSET,
        .length = OPTION_UNSET,
        .number_of_files = OPTION_UNSET,
        .uid = getuid(),
        .gid = getgid(),
        .file_mode = 0600,
        .dir_mode = 0700,
        .log_level = -1,
        .set_log_level = -1,
        .wait_s = OPTION_UNSET,
    };
}

static void clear_list(struct option_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
}

static bool is_text(int (*parse)(const char *, void *))
{
    return parse == option_text || parse == option_path || parse == option_url ||
           parse == option_storage_class || parse == option_sse || parse == option_tags ||
           parse == option_object_lock || parse == option_serve_address;
}

void options_clear(struct options *o)
{
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        void *field = (char *)o + TABLE[i].offset;
        if (is_text(TABLE[i].parse))
            free(*(char **)field);
        else if (TABLE[i].parse == option_text_list || TABLE[i].parse == option_pair_list ||
                 TABLE[i].parse == option_path_list)
            clear_list(field);
    }
    free(o->fuse_extra);
    free(o->arguments);
    options_init(o);
}

// '_' and '-' are the same, so that `-o` options can look like mount's.
static bool names_equal(const char *known, const char *name, size_t name_len)
{
    for (size_t i = 0; i < name_len; i++) {
        char c = name[i] == '_' ? '-' : name[i];
        if (known[i] == '\0' || known[i] != c)
            return false;
    }
    return known[name_len] == '\0';
}

const struct option_row *option_find(const char *name, size_t name_len)
{
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (names_equal(TABLE[i].name, name, name_len))
            return &TABLE[i];
    }
    return NULL;
}

const char *option_nearest(const char *name, size_t name_len, unsigned verbs)
{
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        const char *known = TABLE[i].name;
        size_t distance = suggest_distance(name, name_len, known, strlen(known));
        if ((TABLE[i].verbs & verbs) != 0 && distance < least) {
            least = distance;
            nearest = known;
        }
    }
    return nearest != NULL && suggest_is_near(least, name_len) ? nearest : NULL;
}

int option_set(struct options *o, const struct option_row *row, const struct verb *verb,
               const char *value, const char *shown)
{
    if ((row->verbs & verb->bit) == 0)
        return err_set(-EINVAL, "%s: not an option of %s; see rdsbak %s --help", shown, verb->name,
                       verb->name);
    if (row->argument != NULL && value == NULL)
        return err_set(-EINVAL, "%s: needs a value (%s)", shown, row->argument);
    int rc = row->parse(value, (char *)o + row->offset);
    return rc < 0 ? err_prefix(rc, "%s", shown) : 0;
}

// ---- the command line ----

// What is being read; next() moves on.
struct cursor {
    struct options *options;
    const struct verb *verb;
    char *const *at;
    char *const *end;
};

static int unknown_long(const struct cursor *c, const char *name, size_t name_len)
{
    const char *nearest = option_nearest(name, name_len, c->verb->bit);
    if (nearest != NULL)
        return err_set(-EINVAL, "--%.*s: unknown option; did you mean --%s?", (int)name_len, name,
                       nearest);
    return err_set(-EINVAL, "--%.*s: unknown option; see rdsbak %s --help", (int)name_len, name,
                   c->verb->name);
}

// The value of an option is the rest of its word, or the next word. NULL: there is none.
static const char *take_value(struct cursor *c, const char *rest)
{
    if (rest != NULL)
        return rest;
    return c->at < c->end ? *c->at++ : NULL;
}

static int parse_long(struct cursor *c, const char *word)
{
    const char *name = word + 2;
    size_t name_len = strcspn(name, "=");
    const char *rest = name[name_len] == '=' ? name + name_len + 1 : NULL;
    const struct option_row *row = option_find(name, name_len);
    char shown[SUGGEST_NAME_MAX + 3];
    if (row == NULL)
        return unknown_long(c, name, name_len);
    snprintf(shown, sizeof shown, "--%s", row->name);
    const char *value = row->argument != NULL ? take_value(c, rest) : rest;
    return option_set(c->options, row, c->verb, value, shown);
}

static int set_flag(struct cursor *c, const char *name)
{
    char shown[SUGGEST_NAME_MAX + 3];
    snprintf(shown, sizeof shown, "--%s", name);
    return option_set(c->options, option_find(name, strlen(name)), c->verb, NULL, shown);
}

// What mount(8) may give its helpers beside -o; see mount(8), "External helpers".
static int parse_helper_short(struct cursor *c, char letter, const char *rest)
{
    switch (letter) {
    case 'n': // no mtab: there is none
    case 'v':
        return 0;
    case 's':
        c->options->sloppy = true;
        return 0;
    case 'f':
        c->options->fake = true;
        return 0;
    case 't': // the type we were found by
        return take_value(c, rest) != NULL ? 0 : err_set(-EINVAL, "-t: needs a value");
    default:
        return err_set(-EINVAL, "-%c: mount.rdsbak does not know this option of mount(8)", letter);
    }
}

static int parse_short(struct cursor *c, const char *word)
{
    const char *rest = word[2] != '\0' ? word + 2 : NULL;
    if (word[1] == 'o') {
        const char *value = take_value(c, rest);
        if (value == NULL)
            return err_set(-EINVAL, "-o: needs a value (NAME=VALUE,...)");
        return mount_options_parse(c->options, c->verb, value);
    }
    if (c->options->is_helper)
        return parse_helper_short(c, word[1], rest);
    if (rest == NULL && word[1] == 'h')
        return set_flag(c, "help");
    if (rest == NULL && word[1] == 'V')
        return set_flag(c, "version");
    if (rest == NULL && word[1] == 'f')
        return set_flag(c, "foreground");
    if (rest == NULL && word[1] == 'l')
        return set_flag(c, "long");
    return err_set(-EINVAL, "%s: unknown option; see rdsbak %s --help", word, c->verb->name);
}

static int parse_argument(struct cursor *c, const char *word)
{
    struct options *o = c->options;
    if (o->argument_count >= c->verb->arguments_max)
        return err_set(-EINVAL, "'%s': too many arguments; usage: rdsbak %s %s", word,
                       c->verb->name, c->verb->synopsis);
    const char **grown = realloc(o->arguments, (o->argument_count + 1) * sizeof *o->arguments);
    if (grown == NULL)
        return err_set(-ENOMEM, "out of memory");
    o->arguments = grown;
    o->arguments[o->argument_count++] = word;
    return 0;
}

static int parse_word(struct cursor *c, const char *word, bool *only_arguments)
{
    if (*only_arguments || word[0] != '-' || word[1] == '\0') // "-" is stdin or stdout
        return parse_argument(c, word);
    if (word[1] != '-')
        return parse_short(c, word);
    if (word[2] != '\0')
        return parse_long(c, word);
    *only_arguments = true;
    return 0;
}

int options_parse(struct options *o, const struct verb *verb, int argc, char *const *argv)
{
    struct cursor c = {o, verb, argv, argv + argc};
    bool only_arguments = false;
    while (c.at < c.end) {
        int rc = parse_word(&c, *c.at++, &only_arguments);
        if (rc < 0)
            return rc;
    }
    if (o->help || o->version)
        return 0;
    if (o->argument_count < verb->arguments_min)
        return err_set(-EINVAL, "%s: too few arguments; usage: rdsbak %s %s", verb->name,
                       verb->name, verb->synopsis);
    return 0;
}
