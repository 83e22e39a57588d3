// Stripes: files of one media set. Each is a whole backup file by itself; together they are a
// backup only if every family is there once and all tell of the same sets. See verify.h.
#include "cli/verify.h"

#include <stdio.h>
#include <string.h>

static bool is_stripe(const struct verify_job *job)
{
    const struct mtf_media *media = &job->report.media;
    return job->was_opened && media->known && media->stripes > 1;
}

static bool is_of(const struct stripe_set *set, const struct verify_job *job)
{
    return is_stripe(job) &&
           memcmp(&set->media_set, &job->report.media.set_id, sizeof set->media_set) == 0;
}

static bool is_known(const struct stripe_set *sets, size_t count, const struct verify_job *job)
{
    for (size_t i = 0; i < count; i++) {
        if (is_of(&sets[i], job))
            return true;
    }
    return false;
}

// How often family `number` is among the jobs.
static size_t times_given(const struct stripe_set *set, const struct verify_job *jobs, size_t count,
                          uint16_t number)
{
    size_t times = 0;
    for (size_t i = 0; i < count; i++)
        times += is_of(set, &jobs[i]) && jobs[i].report.media.stripe == number;
    return times;
}

static void add_problem(struct stripe_set *set, const char *text, unsigned number)
{
    size_t used = strlen(set->problem);
    const char *between = used > 0 ? "; " : "";
    snprintf(set->problem + used, sizeof set->problem - used, "%sstripe %u %s", between, number,
             text);
}

// Of a damaged file not all sets are known.
static bool sets_agree(const struct verify_job *a, const struct verify_job *b)
{
    if (a->verdict >= VERIFY_DAMAGED || b->verdict >= VERIFY_DAMAGED)
        return true;
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct told_set *x = &a->sets[i], *y = &b->sets[i];
        if (memcmp(&x->guid, &y->guid, sizeof x->guid) != 0 || x->type != y->type ||
            mtf_lsn_compare(&x->first_lsn, &y->first_lsn) != 0 ||
            mtf_lsn_compare(&x->last_lsn, &y->last_lsn) != 0)
            return false;
    }
    return true;
}

static void check_set(struct stripe_set *set, const struct verify_job *jobs, size_t count)
{
    const struct verify_job *first = NULL;
    // The number of stripes is the file's word: no longer than there is something to say.
    for (unsigned number = 1;
         number <= set->stripes && strlen(set->problem) < sizeof set->problem - 1; number++) {
        size_t times = times_given(set, jobs, count, (uint16_t)number);
        if (times != 1)
            add_problem(set, times == 0 ? "is missing" : "was given more than once", number);
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_of(set, &jobs[i]))
            continue;
        set->given++;
        const struct mtf_media *media = &jobs[i].report.media;
        if (first == NULL || first->verdict >= VERIFY_DAMAGED)
            first = &jobs[i];
        else if (media->stripes != set->stripes || !sets_agree(first, &jobs[i]))
            add_problem(set, "holds other backup sets than the others", media->stripe);
    }
}

int verify_stripes(const struct verify_job *jobs, size_t count, struct stripe_set **out,
                   size_t *out_count)
{
    AUTO_FREE struct stripe_set *sets = calloc(count > 0 ? count : 1, sizeof *sets);
    size_t found = 0;
    if (sets == NULL)
        return err_set(-ENOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        if (!is_stripe(&jobs[i]) || is_known(sets, found, &jobs[i]))
            continue;
        struct stripe_set *set = &sets[found++];
        set->media_set = jobs[i].report.media.set_id;
        set->stripes = jobs[i].report.media.stripes;
        check_set(set, jobs, count);
    }
    *out = TAKE(sets);
    *out_count = found;
    return 0;
}
