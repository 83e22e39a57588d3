// What RDS demands of a backup or restore, held against a plan and what the servers said. Pure.
// Source of the rules: Amazon RDS User Guide, "Importing and exporting SQL Server databases using
// native backup and restore", its limitations; docs/RDS.md says more.
#ifndef CLI_SQL_CHECK_H
#define CLI_SQL_CHECK_H

#include "cli/sql_script.h"

#define SQL_RDS_FILES_MAX 10           // of one backup or restore
#define SQL_RDS_SIZE_MAX  (5ull << 40) // bytes of one file
#define SQL_FINDINGS_MAX  256

enum sql_object_state {
    SQL_OBJECT_UNASKED,
    SQL_OBJECT_MISSING,
    SQL_OBJECT_PLAINTEXT,
    SQL_OBJECT_ENCRYPTED,
    SQL_OBJECT_UNREADABLE, // its envelope; reason says why
    SQL_OBJECT_FAILED,     // it could not be asked; reason says why
};

// All borrowed, from strangers: printed harmless.
struct sql_object_facts {
    enum sql_object_state state;
    uint64_t size;
    const char *format;        // its row's name (crypto/envelope.h), or NULL
    const char *key;           // as the envelope names it, or NULL
    const char *storage_class; // "" or NULL for STANDARD
    const char *reason;
};

struct sql_facts {
    const struct sql_object_facts *objects; // one for each of the plan's; NULL: offline
    const char *intruder;                   // another object under the set's prefix, or NULL
    const char *bucket_region;              // each NULL: not known
    const char *key_region;
    const char *instance_region;
    const char *key_spec; // DescribeKey's; NULL: not asked
    const char *key_state;
    const char *key_failure; // why it could not be asked
};

struct sql_finding {
    bool is_error; // RDS would refuse; else it is to be thought of
    char *text;    // owned
};
struct sql_findings {
    struct sql_finding items[SQL_FINDINGS_MAX];
    size_t count, errors;
};
void sql_findings_clear(struct sql_findings *f);
#define AUTO_SQL_FINDINGS CLEANUP(sql_findings_clear)

// -ENOMEM. More findings than fit are counted, not kept.
int sql_check(const struct sql_plan *p, const struct sql_facts *facts,
              struct sql_findings *out) MUST_CHECK;

#endif
