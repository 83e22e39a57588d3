// What verify found, for people and for programs. See verify.h.
#include "cli/backup_show.h"
#include "cli/object_show.h"
#include "cli/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PROOF_TEXT 200

static const char *const VERDICTS[] = {
    [VERIFY_OK] = "ok",
    [VERIFY_NOT_PROVED] = "not proved",
    [VERIFY_DAMAGED] = "DAMAGED",
    [VERIFY_UNREADABLE] = "COULD NOT BE READ",
};
static const char *const VERDICT_NAMES[] = {
    [VERIFY_OK] = "ok",
    [VERIFY_NOT_PROVED] = "not-proved",
    [VERIFY_DAMAGED] = "damaged",
    [VERIFY_UNREADABLE] = "unreadable",
};

static bool is_backup(const struct mtf_report *r)
{
    return r->kind == MTF_PLAIN || r->kind == MTF_PACKED;
}

// ---- what is proved, and what is not ----

// Takes one statement after another.
struct teller {
    const struct verify_job *job;
    void (*tell)(struct teller *t, bool proved, const char *text);
    bool wanted; // tell_line: of the two kinds
    struct json_t *proved, *unproved;
};

static void tell_cipher(struct teller *t)
{
    char text[PROOF_TEXT];
    const struct verify_job *job = t->job;
    if (job->is_plaintext) {
        t->tell(t, false, "that nobody changed it: the object is PLAINTEXT");
        return;
    }
    snprintf(text, sizeof text,
             job->authenticated ? "the content is what was encrypted: the tag of %s fits"
                                : "decrypted to the end, where the padding is sound (%s)",
             job->cipher);
    t->tell(t, true, text);
    if (!job->authenticated)
        t->tell(t, false, "that nobody changed it: AES-CBC does not authenticate content");
}

static void tell_sums(struct teller *t)
{
    char text[PROOF_TEXT + ERR_TEXT_MAX];
    const struct sums_report *s = &t->job->sums;
    switch (s->state) {
    case SUMS_MATCH:
        snprintf(text, sizeof text,
                 "the object is what was uploaded: %zu checksum%s of S3's (CRC32C) match%s",
                 s->checksums, s->checksums == 1 ? "" : "s", s->checksums == 1 ? "es" : "");
        t->tell(t, true, text);
        break;
    case SUMS_NONE:
        t->tell(t, false, "that the object is what was uploaded: S3 keeps no CRC32C of it");
        break;
    case SUMS_UNTOLD:
        snprintf(text, sizeof text,
                 "that the object is what was uploaded: S3 does not tell its checksums: %s",
                 s->why.text);
        t->tell(t, false, text);
        break;
    case SUMS_UNFINISHED:
    case SUMS_MISMATCH:
        break;
    }
}

static void tell_data(struct teller *t)
{
    char text[PROOF_TEXT];
    const struct mtf_report *r = &t->job->report;
    if (r->kind == MTF_PACKED && r->records > 0 && !r->encrypted) {
        snprintf(text, sizeof text,
                 "all content: %" PRIu64 " records match their checksums and unpack", r->records);
        t->tell(t, true, text);
    }
    if (r->sums > 0) {
        snprintf(text, sizeof text,
                 "%" PRIu64 " data checksums match, over %" PRIu64 " of %" PRIu64 " bytes", r->sums,
                 r->summed_bytes, r->data_bytes);
        t->tell(t, true, text);
    }
    if ((r->unproved & MTF_UNPROVED_DATA) != 0)
        t->tell(t, false, "page and log data: the backup was made without CHECKSUM");
    else if (r->kind == MTF_PLAIN)
        t->tell(t, false, "names, times and LSNs: no checksum of the format covers them");
}

static void tell_walk(struct teller *t)
{
    char text[PROOF_TEXT];
    const struct mtf_report *r = &t->job->report;
    snprintf(text, sizeof text,
             "structure to the final filemark: %" PRIu32 " set%s, %" PRIu64 " filemarks", r->sets,
             r->sets == 1 ? "" : "s", r->filemarks);
    t->tell(t, true,
            (r->unproved & MTF_UNPROVED_LAYOUT) != 0 ? "it ends with a final filemark" : text);
    tell_data(t);
    if ((r->unproved & MTF_UNPROVED_ENCRYPTED) != 0)
        t->tell(t, false,
                "content: encrypted by SQL Server, only the chain of records and the filemarks "
                "can be seen");
    if ((r->unproved & MTF_UNPROVED_LAYOUT) != 0)
        t->tell(t, false,
                "the chain of records: it is not laid out as in the encrypted backups that are "
                "known");
    if ((r->unproved & MTF_UNPROVED_MAP) != 0)
        t->tell(t, false, "the set map: more sets than are remembered");
    if ((r->unproved & MTF_UNPROVED_ORDER) != 0) {
        snprintf(text, sizeof text,
                 "the order of pages: %" PRIu64 " numbers do not rise, the first at byte %" PRIu64,
                 r->disorders, r->order.offset);
        t->tell(t, false, text);
    }
}

static void tell_all(struct teller *t)
{
    const struct verify_job *job = t->job;
    const struct mtf_report *r = &job->report;
    if (!job->was_opened || job->failure.code < 0)
        return;
    tell_cipher(t);
    tell_sums(t);
    if (job->verdict == VERIFY_DAMAGED)
        return;
    if (r->old_packed)
        t->tell(t, false,
                "the backup: compressed by SQL Server 2008 to 2012, whose layout is not "
                "read");
    else if (is_backup(r))
        tell_walk(t);
    else
        t->tell(t, false,
                r->size == 0 ? "anything: the content is empty"
                             : "anything of the content: it is no SQL Server backup");
}

// ---- lines ----

static void tell_line(struct teller *t, bool proved, const char *text)
{
    if (proved != t->wanted)
        return;
    show_label(proved ? "proved" : "not proved");
    shown_print(stdout, text);
    putchar('\n');
}

static void show_last_set(const struct verify_job *job)
{
    const struct mtf_set *set = job->last;
    char finished[MTF_DATE_TEXT];
    if (set == NULL || !set->has_details)
        return;
    mtf_date_format(&set->finished, finished);
    show_label("backup");
    printf("%s of %s on %s", mtf_type_name(set->type), set->database, set->server);
    if (finished[0] != '\0')
        printf(", finished %s", finished);
    if (job->report.media.stripes > 1)
        printf(", stripe %u of %u", (unsigned)job->report.media.stripe,
               (unsigned)job->report.media.stripes);
    putchar('\n');
}

static void show_damage(const struct mtf_report *r)
{
    if (r->damage.why == NULL)
        return;
    show_label("breaks at");
    printf("byte %" PRIu64, r->damage.offset);
    if (r->damage_block[0] != '\0')
        printf(" (block %s)", r->damage_block);
    printf(": %s\n", r->damage.why);
    show_label("sound up to");
    printf("byte %" PRIu64 " of %" PRIu64 ": %" PRIu32 " whole set%s\n", r->sound_end, r->size,
           r->sound_sets, r->sound_sets == 1 ? "" : "s");
    if (r->trailing > 0) {
        show_label("behind it");
        printf("%" PRIu64 " bytes, %s\n", r->trailing,
               r->trailing_zeros ? "all of them zero" : "not all of them zero");
    }
}

static void show_sums(const struct sums_report *s)
{
    if (s->state != SUMS_MISMATCH)
        return;
    show_label("changed");
    if (s->part > 0)
        printf("part %u, ", s->part);
    printf("bytes %" PRIu64 " to %" PRIu64 " of the object: they do not match S3's CRC32C\n",
           s->offset, s->end);
    if (s->mismatches > 1) {
        show_label("");
        printf("and %zu more of %zu parts\n", s->mismatches - 1, s->checksums);
    }
}

void show_job(const struct verify_job *job)
{
    struct teller t = {.job = job, .tell = tell_line, .wanted = true};
    show_address(stdout, job->source.bucket, job->source.key);
    printf(": %s\n", VERDICTS[job->verdict]);
    if (job->failure.code < 0) {
        show_label("because");
        shown_print(stdout, job->failure.text);
        putchar('\n');
    }
    show_last_set(job);
    if (job->was_opened)
        show_damage(&job->report);
    show_sums(&job->sums);
    tell_all(&t);
    t.wanted = false;
    tell_all(&t);
}

void show_stripe_set(const struct stripe_set *set)
{
    char guid[MTF_GUID_TEXT];
    mtf_guid_format(&set->media_set, guid);
    printf("media set %s, %u stripes: %s\n", guid, (unsigned)set->stripes,
           set->problem[0] != '\0' ? set->problem : "all are there, with the same backup sets");
}

// ---- JSON ----

static void tell_json(struct teller *t, bool proved, const char *text)
{
    json_append_text(proved ? t->proved : t->unproved, text);
}

static struct json_t *json_damage(const struct mtf_report *r)
{
    struct json_t *json = json_new();
    json_add_text(json, "what", r->damage.why);
    json_add_number(json, "offset", r->damage.offset);
    json_add_text(json, "block", r->damage_block[0] != '\0' ? r->damage_block : NULL);
    return json;
}

static struct json_t *json_sums(const struct sums_report *s)
{
    static const char *const STATES[] = {
        [SUMS_UNFINISHED] = "unfinished", [SUMS_NONE] = "none",         [SUMS_UNTOLD] = "untold",
        [SUMS_MATCH] = "match",           [SUMS_MISMATCH] = "mismatch",
    };
    struct json_t *json = json_new();
    json_add_text(json, "state", STATES[s->state]);
    json_add_number(json, "checksums", s->checksums);
    json_add_number(json, "mismatches", s->mismatches);
    if (s->state == SUMS_MISMATCH) {
        json_add_number(json, "part", s->part);
        json_add_number(json, "offset", s->offset);
        json_add_number(json, "end", s->end);
    }
    return json;
}

static void add_report(struct json_t *json, const struct verify_job *job)
{
    const struct mtf_report *r = &job->report;
    json_add_text(json, "kind", is_backup(r) ? "sql-server" : "none");
    json_add_number(json, "content_bytes", r->size);
    json_add(json, "s3_checksums", json_sums(&job->sums));
    json_add_number(json, "sets", r->sets);
    json_add_number(json, "filemarks", r->filemarks);
    json_add_number(json, "sound_sets", r->sound_sets);
    json_add_number(json, "sound_bytes", r->sound_end);
    json_add_number(json, "trailing_bytes", r->trailing);
    if (r->damage.why != NULL)
        json_add(json, "damage", json_damage(r));
    else
        json_add_null(json, "damage");
    if (r->media.known)
        json_add(json, "media", json_media(&r->media));
    if (job->last != NULL)
        json_add(json, "last_set", json_set(job->last));
}

struct json_t *json_job(const struct verify_job *job)
{
    struct json_t *json = json_new();
    struct teller t = {
        .job = job, .tell = tell_json, .proved = json_list(), .unproved = json_list()};
    json_add_text(json, "bucket", job->source.bucket);
    json_add_text(json, "key", job->source.key);
    json_add_text(json, "verdict", VERDICT_NAMES[job->verdict]);
    json_add_text(json, "failure", job->failure.code < 0 ? job->failure.text : NULL);
    if (job->was_opened)
        add_report(json, job);
    tell_all(&t);
    json_add(json, "proved", t.proved);
    json_add(json, "not_proved", t.unproved);
    return json;
}

struct json_t *json_stripe_set(const struct stripe_set *set)
{
    char guid[MTF_GUID_TEXT];
    struct json_t *json = json_new();
    mtf_guid_format(&set->media_set, guid);
    json_add_text(json, "media_set", guid);
    json_add_number(json, "stripes", set->stripes);
    json_add_number(json, "given", set->given);
    json_add_text(json, "problem", set->problem[0] != '\0' ? set->problem : NULL);
    return json;
}
