// The options of every verb: one table (options.c) that long options, `-o name=value`, --help and
// error texts are all made from. Values only: what they mean together is checked by those who use
// them. Used by the main thread before any other starts; immutable afterwards.
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/verb.h"
#include "common/cleanup.h"
#include "common/log.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define OPTIONS_LIST_MAX      64    // --decrypt-key: each is one more KMS call per unknown object
#define OPTIONS_ARGUMENTS_MAX 10000 // objects named at once
#define OPTION_UNSET          UINT64_MAX // of a size, count or time: the default of its user

struct option_list {
    char *items[OPTIONS_LIST_MAX]; // owned
    size_t count;
};

enum log_where { LOG_WHERE_DEFAULT, LOG_WHERE_STDERR, LOG_WHERE_SYSLOG, LOG_WHERE_JOURNALD };

struct options {
    // Key and format. Texts are owned; NULL: not given.
    char *kms_key_id;
    struct option_list decrypt_keys;
    char *format;
    char *read_formats;
    struct option_list encryption_context; // NAME=VALUE
    struct option_list key_files;          // absolute paths
    uint64_t verify_before_read;           // bytes
    bool plaintext_read;
    bool allow_cross_region_key;
    bool require_mlock;
    // Where and as whom.
    char *region;
    char *profile;
    char *kms_profile;
    char *endpoint_url;
    char *kms_endpoint_url;
    char *ca_bundle;
    bool allow_http;
    uint64_t connections;
    // Writing. Bytes.
    uint64_t part_size;
    uint64_t part_min;
    uint64_t hold_size;
    uint64_t window;
    uint64_t memory_limit;
    uint64_t zero_tail_max;
    uint64_t file_size_max;
    uint64_t copy_object_max;
    uint64_t rename_copy_max;
    char *spool_dir;
    // New objects: texts that were parsed already (cli/object_options.h).
    bool no_overwrite;
    char *object_lock;
    char *storage_class;
    char *sse;
    char *tags;
    char *state_dir;
    // The mount.
    bool read_only;
    bool foreground;
    bool allow_other;
    uint64_t stop_timeout_s;
    uid_t uid;
    gid_t gid;
    mode_t file_mode;
    mode_t dir_mode;
    // Single verbs.
    bool long_listing;
    uint64_t offset; // cat; bytes
    uint64_t length;
    bool json;                     // one document on stdout, for programs
    struct option_list allow_keys; // audit
    bool ask_kms;                  // audit: has KMS prove the keys
    bool dry_run;                  // rewrap, gc: changes nothing
    bool force;                    // gc: others' uploads too
    uint64_t older_than_s;         // gc
    char *to_key;                  // rewrap, copy; texts as above
    char *to_region;               // copy, encrypt: of DST, as the next three
    char *dst_profile;
    char *dst_endpoint_url;
    char *dst_kms_endpoint_url;
    bool server_side;   // copy
    bool no_verify;     // copy
    bool delete_source; // encrypt
    char *database;     // sql; texts as above
    char *sql_type;
    char *mountpoint;
    char *instance_region;
    uint64_t number_of_files;
    bool norecovery;
    bool offline;
    char *chain;     // verify; a text as above: a prefix
    char *principal; // policy; the same
    // The program itself.
    char *config;  // settings file; a text as above
    int log_level; // enum log_level; -1: the verb's default
    enum log_where log_where;
    enum log_format log_format;
    char *metrics;    // address to listen at; a text as above
    char *audit_file; // absolute path; a text as above
    // status
    uint64_t wait_s;
    bool acknowledge;
    int set_log_level; // enum log_level; -1: none
    bool help;
    bool version;

    // Of mount(8)'s helper protocol.
    bool is_helper;   // called as mount.rdsbak: its short options have mount(8)'s meaning
    bool sloppy;      // -s: unknown -o options are no error
    bool fake;        // -f: only check the options
    char *fuse_extra; // owned; -o options that are libfuse's, comma-separated, or NULL

    const char **arguments; // owned; the texts are argv's
    size_t argument_count;
};

// Everything unset or at its default (uid and gid: the caller's).
void options_init(struct options *o);
void options_clear(struct options *o);
#define AUTO_OPTIONS CLEANUP(options_clear)

// Parses what follows the verb. 0, or -EINVAL with a text that says what is wrong and what to do.
// With --help or --version anywhere the arguments are not checked.
int options_parse(struct options *o, const struct verb *verb, int argc,
                  char *const *argv) MUST_CHECK;

struct option_row {
    const char *name;     // without dashes
    const char *argument; // what --help calls the value; NULL: a flag
    // Sets the field from text (NULL for a flag). The text of its error needs no option name.
    int (*parse)(const char *value, void *field);
    size_t offset;  // of the field in struct options
    unsigned verbs; // bits of the verbs it is for
    const char *help;
};

// The table, for --help. Rows in the order of the help.
const struct option_row *option_table(size_t *count);
// The row of a name in which '_' stands for '-' as well (name_len bytes), or NULL.
const struct option_row *option_find(const char *name, size_t name_len);
// The known name nearest to a mistyped one among the options of these verbs, or NULL if none is
// near.
const char *option_nearest(const char *name, size_t name_len, unsigned verbs);
// Sets one option from its value. value NULL: none was given. -EINVAL with a text that begins with
// shown ("--name" or "-o name").
int option_set(struct options *o, const struct option_row *row, const struct verb *verb,
               const char *value, const char *shown) MUST_CHECK;

#endif
