// The bucket's lifecycle rules, as far as they end unfinished uploads. See store_s3.h.
//
// Source: Amazon S3 API Reference, GetBucketLifecycleConfiguration and AbortIncompleteMultipart-
// Upload (such a rule cannot have a tag in its filter; a rule's prefix is in Filter/Prefix, in
// Filter/And/Prefix, or, in old ones, in Prefix itself; none is all of the bucket).
#include "common/clock.h"
#include "common/codec.h"
#include "common/err.h"
#include "s3/store_s3_internal.h"
#include "s3/xml.h"

#include <stdio.h>
#include <string.h>

#define DAYS_MAX 36500 // what no rule means seriously

struct rules {
    const char *prefix; // that a rule must cover
    uint64_t days;      // of the soonest rule that does; 0: none
    struct {            // the rule that is being read
        bool enabled, elsewhere;
        uint64_t days;
    } now;
};

static int take_field(struct rules *r, const char *field, const char *text)
{
    static const char *const PREFIXES[] = {"Prefix", "Filter/Prefix", "Filter/And/Prefix"};
    for (size_t i = 0; i < sizeof PREFIXES / sizeof *PREFIXES; i++) {
        if (strcmp(field, PREFIXES[i]) == 0)
            r->now.elsewhere |= strncmp(r->prefix, text, strlen(text)) != 0;
    }
    if (strcmp(field, "Status") == 0)
        r->now.enabled = strcmp(text, "Enabled") == 0;
    if (strcmp(field, "AbortIncompleteMultipartUpload/DaysAfterInitiation") == 0)
        return decimal_parse(text, DAYS_MAX, &r->now.days);
    return 0;
}

static void end_rule(struct rules *r)
{
    bool covers = r->now.enabled && !r->now.elsewhere && r->now.days > 0;
    if (covers && (r->days == 0 || r->now.days < r->days))
        r->days = r->now.days;
    memset(&r->now, 0, sizeof r->now);
}

static int on_rules_xml(void *context, enum xml_event event, const char *path, const char *text)
{
    static const char RULE[] = "/LifecycleConfiguration/Rule";
    struct rules *r = context;
    if (event != XML_CLOSE || strncmp(path, RULE, sizeof RULE - 1) != 0)
        return 0;
    const char *field = path + sizeof RULE - 1;
    if (*field == '/')
        return take_field(r, field + 1, text) < 0
                   ? err_prefix(-EIO, "a lifecycle rule's DaysAfterInitiation")
                   : 0;
    if (*field == '\0')
        end_rule(r);
    return 0;
}

int store_s3_abort_rule(struct store *store, const char *prefix, unsigned *days)
{
    AUTO_S3_CALL struct s3_call c;
    struct rules rules = {.prefix = prefix};
    *days = 0;
    int rc = s3_call_init(&c, store_s3_of(store), "GET", "GetBucketLifecycleConfiguration", NULL,
                          ANSWER_LIST_MAX);
    c.call.retry.deadline_ms = clock_ms() + CALL_LIFECYCLE_TOTAL_MS;
    if (rc == 0)
        rc = call_query(&c.call, "lifecycle", "%s", "");
    if (rc == 0)
        rc = s3_call_perform(&c);
    if (rc == -ENOENT && strstr(buf_str(&c.call.answer), "NoSuchLifecycle") != NULL)
        return 0;
    if (rc < 0)
        return rc;
    rc = xml_parse(c.call.answer.data, c.call.answer.len, on_rules_xml, &rules);
    *days = (unsigned)rules.days;
    return rc < 0 ? err_prefix(rc, "%s", c.what) : 0;
}
