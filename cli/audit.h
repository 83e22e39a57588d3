// What an audit says of one object, and of all of them together. Pure: cmd_audit.c finds the facts.
// One thread.
//
// An audit believes envelopes: it proves that an object says it is encrypted and under which key,
// not that the bytes are (reading them does that). Of the key KMS can be asked for a proof.
#ifndef CLI_AUDIT_H
#define CLI_AUDIT_H

#include "cli/json.h"
#include "cli/options.h"

#define AUDIT_GROUPS_MAX 256 // kinds of findings told apart in the summary; the rest is one group
#define AUDIT_TEXT_MAX   160 // bytes kept of a kind or key for the summary

enum audit_state {
    AUDIT_ENCRYPTED,
    AUDIT_UNSUPPORTED, // encrypted, in an envelope that this version cannot read
    AUDIT_PLAINTEXT,
    AUDIT_DAMAGED,     // the envelope is broken: nobody can decrypt it, and nothing is proved
    AUDIT_UNKNOWN,     // it could not be asked
    AUDIT_INSTRUCTION, // another object's envelope; no content
    AUDIT_FOLDER,      // an empty object that stands for a directory; no content
    AUDIT_GONE,        // listed, and deleted before it was asked
};

// What KMS says of the key of an encrypted object.
enum audit_proof {
    AUDIT_UNASKED, // the envelope's word counts
    AUDIT_PROVED,
    AUDIT_DISPROVED, // the data key is not under it, or under no allowed one
    AUDIT_UNPROVED,  // it did not say; reason has why
};

// Texts are borrowed, from strangers, and printed harmless; NULL: there is none.
struct audit_finding {
    const char *name;
    enum audit_state state;
    const char *format;  // its row's name (crypto/envelope.h)
    unsigned version;    // of the envelope; 0: not known
    const char *wrapped; // how the data key is
    const char *cipher;
    const char *key; // as the envelope names it, or as KMS proved it
    enum audit_proof proof;
    const char *reason; // of DAMAGED, UNSUPPORTED, UNKNOWN, proofs; of INSTRUCTION: whose it is
    bool aside;         // its envelope stands in an instruction file
    uint64_t size;      // bytes, as S3 has them
    int64_t mtime_s;
    const char *storage_class; // "" for STANDARD
};

// Whether the object is proved to be encrypted under a key of the list (empty: under any).
bool audit_passes(const struct audit_finding *f, const struct option_list *allowed);
// One word for it, in capitals if it does not pass: "encrypted", "PLAINTEXT", "OTHER-KEY", ...
const char *audit_word(const struct audit_finding *f, const struct option_list *allowed);

// "5m", "7h", "31d": how long ago; out has room for 24 bytes.
void audit_age(char out[static 24], int64_t since_s, int64_t now_s);
// "2026-11-29T17:20:39Z"; out has room for 32.
void audit_stamp(char out[static 32], int64_t time_s);

// A line on out, or an item for a JSON list (NULL: out of memory).
void audit_print(FILE *out, const struct audit_finding *f, const struct option_list *allowed,
                 int64_t now_s);
struct json_t *audit_json(const struct audit_finding *f, const struct option_list *allowed,
                          int64_t now_s);

struct audit_group {
    char word[16], kind[AUDIT_TEXT_MAX], key[AUDIT_TEXT_MAX]; // harmless already
    uint64_t count, bytes;
};
struct audit_tally {
    struct audit_group groups[AUDIT_GROUPS_MAX];
    size_t group_count;
    uint64_t count, bytes, failed;         // objects, without instruction files, folders, gone ones
    uint64_t uploads, oldest_upload_age_s; // unfinished
};

void audit_count(struct audit_tally *t, const struct audit_finding *f,
                 const struct option_list *allowed);
void audit_count_upload(struct audit_tally *t, int64_t age_s);
// complete false: the audit ended early.
void audit_print_summary(FILE *out, const struct audit_tally *t, bool complete);
struct json_t *audit_summary_json(const struct audit_tally *t);

#endif
