// The examinations of `rdsbak doctor`, one file each, and what they share. Every one of them says
// at least one line, also when it could not look. Main thread.
//
//   doctor_host.c    this machine: FUSE, limits, directories; nobody is asked
//   doctor_bucket.c  clock, endpoint, region, and the bucket's settings
//   doctor_rights.c  what the credentials may do in the bucket, and how fast it goes
//   doctor_key.c     the KMS key
//   cmd_doctor.c     settings and credentials, and the order of it all
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/connect.h"
#include "cli/doctor_report.h"

struct doctor {
    const struct options *options;
    struct source source; // its key is the prefix
    struct doctor_report report;
    struct connection connection;
    bool versions_kept; // or it is not known that they are not: a DELETE would leave a marker
    // The largest object seen under the prefix, to be read from; "" none.
    char object[SOURCE_KEY_MAX + 1];
    uint64_t object_size;
};

void doctor_look_at_host(struct doctor *d);
// false: the bucket cannot be reached, and nothing more can be asked of it.
bool doctor_look_at_bucket(struct doctor *d);
void doctor_look_at_rights(struct doctor *d);
void doctor_look_at_key(struct doctor *d);

// The line for a call that failed with the text of this thread: denied or else.
void doctor_say_failed(struct doctor *d, const char *what, const char *remedy);

#endif
