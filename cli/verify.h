// What verify finds about one object, and about objects that are stripes of one backup.
//
// verify_object.c reads and walks; verify_sums.c compares with S3's checksums; verify_stripes.c
// joins; verify_show.c tells.
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include "cli/json.h"
#include "cli/source.h"
#include "cli/verify_sums.h"
#include "mtf/walk.h"
#include "object/reader.h"

enum verify_verdict {
    VERIFY_OK,
    VERIFY_NOT_PROVED, // nothing is wrong, but not all of it is proved
    VERIFY_DAMAGED,
    VERIFY_UNREADABLE, // could not be read to its end: `failure` says why
};

struct told_set { // of a backup file, as far as stripes must agree
    uint16_t number;
    struct mtf_guid guid;
    struct mtf_lsn first_lsn, last_lsn;
    char type;
};

struct verify_job {
    struct source source;
    enum verify_verdict verdict;
    struct err_saved failure;
    bool was_opened;    // what follows is filled
    bool is_plaintext;  // the object
    bool authenticated; // the cipher proves that content is what was encrypted
    const char *cipher; // its name, a constant
    struct mtf_report report;
    struct sums_report sums;
    struct mtf_set *last;  // owned: of the last set that was told; NULL: none
    struct told_set *sets; // owned: the whole ones
    size_t count;
    bool sets_left_out; // more than are remembered
};

// Tells, during reading, of bytes that went by; from the thread that reads. Not 0: stop.
typedef int (*verify_moved_fn)(void *context, size_t bytes);

// Reads the object whole and fills the job. 0 whatever is found; -EINTR, -ENOMEM. Blocks; any
// thread, one per job.
int verify_object(struct volume *v, struct verify_job *job, verify_moved_fn moved,
                  void *context) MUST_CHECK;
void verify_job_clear(struct verify_job *job); // wipes: names of the file are its content

// ---- stripes ----

#define STRIPES_TEXT 320

struct stripe_set { // a media set of several files of which some were given
    struct mtf_guid media_set;
    uint16_t stripes;
    size_t given;               // jobs that are of it
    char problem[STRIPES_TEXT]; // "": all are there and agree
};

// Finds the striped sets among the jobs: *out is the caller's to free. -ENOMEM.
int verify_stripes(const struct verify_job *jobs, size_t count, struct stripe_set **out,
                   size_t *out_count) MUST_CHECK;

// ---- telling ----

void show_job(const struct verify_job *job);
void show_stripe_set(const struct stripe_set *set);
struct json_t *json_job(const struct verify_job *job);
struct json_t *json_stripe_set(const struct stripe_set *set);

#endif
