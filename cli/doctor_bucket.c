// The endpoint, the clock, and the bucket's settings. See doctor.h.
#include "cli/doctor.h"

#include "s3/store_s3.h"
#include "s3/store_s3_bucket.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// S3 refuses signatures that are more than 15 minutes off, KMS those of more than 5. The Date of an
// answer is whole seconds, and the answer took its time. What the servers make of the offset, the
// permissions show.
#define CLOCK_WELL_S 60

// ---- clock, endpoint, region ----

static void look_at_clock(struct doctor *d, const struct bucket_answer *a)
{
    static const char WHAT[] = "clock";
    if (a->date_s == 0) {
        doctor_say(&d->report, DOCTOR_UNCHECKED, WHAT, NULL, "no answer of the server has a Date");
        return;
    }
    int64_t off = a->here_s - a->date_s, by = off < 0 ? -off : off;
    bool well = by <= CLOCK_WELL_S;
    doctor_say(&d->report, well ? DOCTOR_OK : DOCTOR_WARN, WHAT,
               well ? NULL : "set it: timedatectl set-ntp true, or install chrony",
               "%" PRId64 " s %s the server's", by, off < 0 ? "behind" : "ahead of");
}

static const char *s3_address(const struct doctor *d)
{
    return d->connection.s3_url != NULL ? d->connection.s3_url : "AWS's of the region";
}

static bool look_at_endpoint(struct doctor *d, const struct bucket_answer *a)
{
    static const char WHAT[] = "endpoint";
    const char *url = d->connection.s3_url;
    if (a->status == 0) {
        doctor_say(&d->report, DOCTOR_FAIL, WHAT,
                   "check --endpoint-url, --region, --ca-bundle, name resolution, proxy and "
                   "firewall",
                   "%s: %s", s3_address(d), err_text());
        return false;
    }
    if (url != NULL && strncmp(url, "http:", 5) == 0)
        doctor_say(&d->report, DOCTOR_OK, WHAT, NULL,
                   "%s answers; without TLS: names and sizes can be read on the way", url);
    else
        doctor_say(&d->report, DOCTOR_OK, WHAT, NULL, "%s answers; its certificate is trusted",
                   s3_address(d));
    return true;
}

// Calls go on to where the server sends them; a restore and a key are held against --region.
static void look_at_region(struct doctor *d, const struct bucket_answer *a)
{
    static const char WHAT[] = "region";
    char remedy[80];
    if (*a->region == '\0') {
        doctor_say(&d->report, DOCTOR_UNCHECKED, WHAT, NULL,
                   "%s is used; the server does not say where the bucket is", d->connection.region);
        return;
    }
    bool same = strcmp(a->region, d->connection.region) == 0;
    snprintf(remedy, sizeof remedy, "--region %s", a->region);
    doctor_say(&d->report, same ? DOCTOR_OK : DOCTOR_WARN, WHAT, same ? NULL : remedy,
               "the bucket is in %s%s%s", a->region, same ? "" : ", but used is ",
               same ? "" : d->connection.region);
}

static bool look_at_reach(struct doctor *d, int rc, const struct bucket_answer *a)
{
    static const char WHAT[] = "bucket";
    if (rc == 0)
        doctor_say(&d->report, DOCTOR_OK, WHAT, NULL, "s3://%s is there", d->source.bucket);
    else if (a->status == 404)
        doctor_say(&d->report, DOCTOR_FAIL, WHAT, "check the bucket's name; aws s3 mb makes one",
                   "there is no s3://%s", d->source.bucket);
    else if (a->status == 403) // who may not list may still write: the rights tell
        doctor_say(&d->report, DOCTOR_WARN, WHAT, "allow s3:ListBucket on the bucket",
                   "s3://%s may not be looked at (403)", d->source.bucket);
    else
        doctor_say_failed(d, WHAT, "see the text; the server answers, but not as it should");
    return rc == 0 || a->status == 403;
}

// ---- settings ----

// Not asked for: denied, or a server that has no such thing.
static void say_unknown(struct doctor *d, const char *what, const char *action, int rc)
{
    if (rc == -EACCES)
        doctor_say(&d->report, DOCTOR_UNCHECKED, what, NULL, "%s is not allowed", action);
    else
        doctor_say(&d->report, DOCTOR_UNCHECKED, what, NULL, "%s", err_text());
}

static void look_at_versioning(struct doctor *d)
{
    static const char WHAT[] = "versioning";
    enum bucket_versioning versioning;
    int rc = store_s3_bucket_versioning(d->connection.store, &versioning);
    d->versions_kept = rc < 0 || versioning != VERSIONING_OFF;
    if (rc < 0)
        say_unknown(d, WHAT, "s3:GetBucketVersioning", rc);
    else if (versioning == VERSIONING_ENABLED)
        doctor_say(&d->report, DOCTOR_OK, WHAT, NULL,
                   "enabled: what is overwritten or deleted stays as an older version, and is paid "
                   "for until a lifecycle rule expires it");
    else
        doctor_say(&d->report, DOCTOR_OK, WHAT, NULL, "%s: what is overwritten or deleted is gone",
                   versioning == VERSIONING_SUSPENDED ? "suspended" : "off");
}

static void say_lock(struct doctor *d, const char *what, const struct bucket_lock *lock)
{
    if (!lock->enabled)
        doctor_say(&d->report, DOCTOR_OK, what, NULL, "off");
    else if (*lock->mode == '\0')
        doctor_say(&d->report, DOCTOR_OK, what, NULL, "on, without a default retention");
    else
        doctor_say(&d->report, DOCTOR_OK, what, NULL,
                   "on: by default every version is kept for %" PRIu64
                   " days (%s), also of what is "
                   "renamed, overwritten or deleted",
                   lock->days, lock->mode);
}

static void look_at_lock(struct doctor *d)
{
    static const char WHAT[] = "object lock";
    struct bucket_lock lock;
    int rc = store_s3_bucket_lock(d->connection.store, &lock);
    if (rc == 0)
        say_lock(d, WHAT, &lock);
    else
        say_unknown(d, WHAT, "s3:GetBucketObjectLockConfiguration", rc);
}

static void look_at_lifecycle(struct doctor *d)
{
    static const char WHAT[] = "lifecycle rule";
    unsigned days = 0;
    int rc = store_s3_abort_rule(d->connection.store, d->source.key, &days);
    if (rc < 0)
        say_unknown(d, WHAT, "s3:GetLifecycleConfiguration", rc);
    else if (days > 0)
        doctor_say(&d->report, DOCTOR_OK, WHAT, NULL,
                   "unfinished uploads are aborted after %u day%s", days, days == 1 ? "" : "s");
    else
        doctor_say(&d->report, DOCTOR_WARN, WHAT,
                   "give the bucket a rule with AbortIncompleteMultipartUpload "
                   "(DaysAfterInitiation 7): aws s3api put-bucket-lifecycle-configuration",
                   "none aborts unfinished uploads: the parts of a host that died are paid for "
                   "until somebody removes them");
}

bool doctor_look_at_bucket(struct doctor *d)
{
    struct bucket_answer a;
    int rc = store_s3_bucket_head(d->connection.store, &a);
    if (!look_at_endpoint(d, &a))
        return false;
    struct err_saved why;
    err_save(&why, rc);
    look_at_clock(d, &a);
    look_at_region(d, &a);
    if (rc < 0)
        err_restore(&why);
    if (!look_at_reach(d, rc, &a))
        return false;
    look_at_versioning(d);
    look_at_lock(d);
    look_at_lifecycle(d);
    return true;
}
