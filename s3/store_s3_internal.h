// What the files of the S3 store share. Nobody else includes it.
//   store_s3.c          life, addressing, single objects
//   store_s3_upload.c   multipart
//   store_s3_copy.c     copies on the server
//   store_s3_list.c     listings
//   store_s3_checksums.c  the checksums that S3 keeps
//   store_s3_new.c      what new objects get, and that they are new
//   store_s3_bucket.c   what the bucket protects (store_s3_bucket.h)
//   store_s3_lifecycle.c  the rule that ends unfinished uploads
//   store_s3_error.c    what an answer means
#ifndef S3_STORE_S3_INTERNAL_H
#define S3_STORE_S3_INTERNAL_H

#include "s3/call.h"
#include "s3/config.h"
#include "s3/store_s3.h"

// What the server makes of If-None-Match on what writes.
enum s3_condition { CONDITION_UNKNOWN, CONDITION_HEEDED, CONDITION_REFUSED };
enum s3_writing { WRITING_PUT, WRITING_COMPLETE, WRITINGS };

struct store_s3 {
    struct store store;                   // first: a store_s3 is a store
    const struct endpoint_config *config; // borrowed
    char bucket[64];
    bool path_style;
    struct caller caller;
    struct store_s3_defaults defaults;
    atomic_bool checksums_refused; // the server knows no x-amz-checksum-*: send none any more
    // Of each way by itself, enum s3_condition: REFUSED is sent no more. Whoever has HEEDED it once
    // is relied on, so that it is never left out again.
    atomic_int conditions[WRITINGS];
    atomic_bool forgets_told;  // a warning was given that it forgets what uploads shall have
    struct journal *journal;   // of its uploads; borrowed, or NULL
    const atomic_bool *cancel; // ends all calls; borrowed, or NULL
};

static inline struct store_s3 *store_s3_of(struct store *s)
{
    return (struct store_s3 *)s;
}

// One S3 call in the making: owns what the call borrows.
struct s3_call {
    struct call call;
    struct store_s3 *store;
    char what[CALL_KEY_SHOWN_MAX + 160];
    struct buf path;
    struct http_response response; // the accepted one
    bool result_in_body; // a 200 may carry an error (Complete, copies): the root element decides
    const char *result_root; // ... and must be this
    bool had_checksum;       // this call sends one: a refusal of it is not the end
    uint32_t crc32c;         // of a body: an answer must not name another one
    bool only_new;           // this call sends If-None-Match: *
};

// key NULL: a call on the bucket. operation as S3 names it, for texts.
int s3_call_init(struct s3_call *c, struct store_s3 *s, const char *method, const char *operation,
                 const char *key, size_t answer_max) MUST_CHECK;
void s3_call_clear(struct s3_call *c);
#define AUTO_S3_CALL CLEANUP(s3_call_clear)
int s3_call_perform(struct s3_call *c) MUST_CHECK;
void s3_call_drop_checksum(struct s3_call *c); // its headers, when the server refuses them

// A body with large data: bulk, patient with its size, retried as long as parts are.
void s3_call_set_body(struct s3_call *c, const struct store_body *body);
void s3_call_set_bulk(struct s3_call *c, uint64_t size, const atomic_bool *cancel);
// The body's CRC32C goes along, and the answer's is held against it: -EBADMSG in the end.
int s3_call_set_crc32c(struct s3_call *c, uint32_t crc32c) MUST_CHECK;
int s3_call_set_metadata(struct s3_call *c, const struct kv *metadata) MUST_CHECK;
// Headers of what makes an object; a copy's class and tags may be its source's to say.
int s3_call_set_defaults(struct s3_call *c, bool is_copy) MUST_CHECK;
int s3_call_set_only_new(struct s3_call *c) MUST_CHECK;
// The server refuses it: left out from now on. False: it must not be, for the server heeds it.
bool s3_call_drop_only_new(struct s3_call *c);
void s3_call_heeded_only_new(struct s3_call *c); // there was an object, and the server said so
int s3_call_set_if_match(struct s3_call *c, const char *header, const char *etag) MUST_CHECK;
// The answer's header, or "".
const char *s3_call_header(const struct s3_call *c, const char *name);
// ETag (which must be there) and version id of what was written.
int s3_call_result(const struct s3_call *c, struct store_result *out) MUST_CHECK;

// Path of key in the store's addressing, escaped, appended to out. key NULL: the bucket.
int s3_path(const struct store_s3 *s, const char *key, struct buf *out) MUST_CHECK;
// Copies text without surrounding quotes; -EIO if it does not fit or is empty.
int s3_etag_take(char out[static STORE_ETAG_MAX], const char *text) MUST_CHECK;
// "2024-05-01T12:00:00.000Z" to seconds since 1970; 0 if it is none.
int64_t s3_time_parse(const char *text);
int s3_crc32c_format(char out[static 9], uint32_t crc32c) MUST_CHECK;
bool s3_crc32c_parse(const char *text, uint32_t *crc32c);

// "AAAAAA==" or, of *parts > 0 parts, "AAAAAA==-N".
bool s3_checksum_parse(const char *text, uint32_t *crc32c, unsigned *parts);

// An answer from there says that the bucket is in that region. True: the next attempt goes there
// (on AWS to that region's host; to a host of the user's own, signed for that region), once in a
// store's life.
bool s3_move_to_region(struct store_s3 *s, const struct call_place *from, const char *region);

// The judge of every S3 call (call.h); context is the s3_call.
int s3_judge(struct call *c, const struct http_response *r, struct call_failure *f);

int store_s3_checksums(struct store *, const char *key, const char *etag,
                       struct store_checksums *out);
int store_s3_list(struct store *, const char *prefix, char delimiter, unsigned limit, store_list_fn,
                  void *context);
int store_s3_upload_list(struct store *, const char *prefix, store_uploads_fn, void *context);
int store_s3_copy(struct store *, struct store *from, const char *from_key, const char *if_match,
                  const char *to_key, const struct kv *metadata, struct store_result *out);
int store_s3_upload_create(struct store *, const char *key, const struct kv *metadata,
                           char *upload_id);
int store_s3_upload_create_like(struct store *, const char *key, struct store *from,
                                const char *from_key, const char *if_match,
                                const struct kv *metadata, char *upload_id);
// The call of the two above, with what headers it has by now; upload_id has room for
// STORE_UPLOAD_ID_MAX bytes. The upload is in the journal when this returns.
int s3_upload_create_perform(struct s3_call *c, const char *key, const struct kv *metadata,
                             char *upload_id) MUST_CHECK;
int store_s3_upload_part(struct store *, const char *key, const char *upload_id, unsigned number,
                         const struct store_body *body, struct store_part *out);
int store_s3_upload_part_copy(struct store *, const char *key, const char *upload_id,
                              unsigned number, struct store *from, const char *from_key,
                              const char *if_match, uint64_t offset, uint64_t len,
                              struct store_part *out);
int store_s3_upload_complete(struct store *, const char *key, const char *upload_id,
                             const struct store_part *parts, size_t parts_count, bool only_new,
                             struct store_result *out);
int store_s3_assure(struct store *, const char *key, const char *version_id);
int store_s3_upload_abort(struct store *, const char *key, const char *upload_id);

#endif
