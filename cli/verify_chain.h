// How far the databases whose backups lie under a prefix can be restored: the two ends of every
// object are read, and what they tell is joined by LSN, database by database (mtf/chain.h).
#ifndef CLI_VERIFY_CHAIN_H
#define CLI_VERIFY_CHAIN_H

#include "cli/json.h"
#include "cli/source.h"
#include "mtf/chain.h"
#include "object/volume.h"

#define CHAIN_OBJECTS_MAX 100000 // each takes a few requests, and memory for its sets

struct chain_file { // an object under the prefix
    char *key;      // owned
    bool is_backup;
    const char *trouble;      // a constant: why its sets are not whole or not known; NULL
    struct err_saved failure; // why it could not be read; code 0: it could
};

struct chain_set { // one backup set as one file tells it
    size_t file;   // index
    uint16_t number;
    uint16_t stripe, stripes;
    struct mtf_guid media, family;
    struct mtf_set *set; // owned
};

struct chain_database {
    size_t first, count; // of the links
    struct mtf_chain chain;
};

struct chain_report {
    struct source source;
    struct chain_file **files; // owned
    size_t files_count;
    struct chain_set *sets; // owned; sorted: by database, then by set, then by stripe
    size_t sets_count;
    size_t incomplete;      // sets of which a stripe is missing; bit in `missing`
    bool *missing;          // owned: of each set (of its first stripe's entry)
    struct mtf_link *links; // owned: whole sets; tag: index of the set's first entry
    size_t links_count;
    struct chain_database *databases; // owned
    size_t databases_count;
};

// Lists and reads, `threads` objects at once. What is found is a result; -EINTR, -ENOMEM, and the
// store's errors for the listing. Blocks.
int chain_read(struct volume *v, const struct source *prefix, unsigned threads,
               struct chain_report **out) MUST_CHECK;
void chain_report_free(struct chain_report *r); // wipes

void chain_show(const struct chain_report *r);
struct json_t *json_chain(const struct chain_report *r);
// 0, or -EIO with a text: something is damaged, missing, or could not be read.
int chain_result(const struct chain_report *r) MUST_CHECK;

#endif
