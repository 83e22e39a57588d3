// An object store: the second of the program's two tables of functions. S3's implementation is
// s3/store_s3.c; tests have one in memory and one that fails on demand. A store holds one bucket;
// keys are whole (prefix included), UTF-8 or not, 1..1024 bytes.
//
// Every call blocks, may be made from any thread, retries inside (jittered, re-signed) and has the
// deadlines of docs/SEMANTICS.md. Errors, for every call: -ENOENT no such key, bucket or upload;
// -EACCES denied; -ESTALE If-Match failed; -EEXIST only what is new was to be made, and there is an
// object; -ENOSPC too large for S3; -ECANCELED the cancel flag was raised; -EBADMSG what the server
// has is not what was sent; -EIO else. The text names operation, key, HTTP status, S3's code,
// message and request id. A 200 that carries an error in its body is that error.
#ifndef S3_STORE_H
#define S3_STORE_H

#include "common/buf.h"
#include "common/kv.h"

#include <stdatomic.h>
#include <sys/uio.h>

#define STORE_KEY_MAX         1024
#define STORE_ETAG_MAX        128   // longest ETag kept, without quotes, with terminator
#define STORE_UPLOAD_ID_MAX   1024  // S3 documents no length; AWS's are about 130, RGW's about 40
#define STORE_VERSION_MAX     1025  // S3: at most 1,024 bytes
#define STORE_PART_NUMBER_MAX 10000 // S3 multipart limits
#define STORE_PART_SIZE_MIN   (5ull << 20) // all parts but the last
#define STORE_PART_SIZE_MAX   (5ull << 30)
#define STORE_COPY_SIZE_MAX   (5ull << 30) // CopyObject; larger objects are copied by parts

struct store_object {
    char etag[STORE_ETAG_MAX];          // without quotes
    char version_id[STORE_VERSION_MAX]; // "" if the bucket has no versions
    uint64_t size;                      // bytes of the object
    int64_t mtime_s;                    // Last-Modified, seconds since 1970
    char storage_class[32];             // "" for STANDARD
    char content_type[128];
    struct kv metadata; // user metadata, names lower-case without "x-amz-meta-"
};
void store_object_clear(struct store_object *o);
#define AUTO_STORE_OBJECT CLEANUP(store_object_clear)

// A body to send: the bytes stay the caller's and must not change until the call returns. In
// memory, or read piece by piece on the calling thread (again from the start for every attempt).
struct store_body {
    const struct iovec *iov; // NULL: `read` gives the bytes
    size_t iov_count;
    int (*read)(void *context, uint64_t offset, void *out, size_t len); // all of it, or -errno
    void *read_context;
    uint64_t size;             // in all
    uint32_t crc32c;           // over the whole body (common/codec.h)
    const atomic_bool *cancel; // may be NULL
    bool only_new;             // of a put, as upload_complete has it
};

// Where a download goes. `begin` is called at the start of every attempt (a retry starts over);
// then `data` in order. A negative return ends the call with that code. Both run on the calling
// thread.
struct store_sink {
    int (*begin)(void *context);
    int (*data)(void *context, const void *bytes, size_t len);
    void *context;
    const atomic_bool *cancel; // may be NULL
};

struct store_result { // of a write that made an object
    char etag[STORE_ETAG_MAX];
    char version_id[STORE_VERSION_MAX];
};

struct store_part {  // of a multipart upload
    unsigned number; // from 1
    char etag[STORE_ETAG_MAX];
    bool has_crc32c;
    uint32_t crc32c;
};

// The CRC32C that the server keeps of an object's bytes, as ranges that follow each other: the
// whole object, or its parts, whose checksums one after the other (4 bytes each, the highest first)
// have a checksum themselves.
struct store_part_checksum {
    unsigned number; // 0: the whole object
    uint32_t crc32c;
    uint64_t size; // bytes of the object
};
struct store_checksums {
    bool composite;
    uint32_t crc32c;                   // the object's
    struct store_part_checksum *parts; // owned
    size_t count;                      // 0: the server keeps none
};
void store_checksums_clear(struct store_checksums *c);
#define AUTO_STORE_CHECKSUMS CLEANUP(store_checksums_clear)

struct store_listed {
    const char *key; // whole key, or common prefix with its last '/'; valid during the callback
    bool is_prefix;
    uint64_t size;
    int64_t mtime_s;
    const char *etag; // without quotes
};
// Return negative to stop the listing with that code.
typedef int (*store_list_fn)(void *context, const struct store_listed *entry);

struct store_upload_listed {
    const char *key;
    const char *upload_id;
    int64_t initiated_s;   // 0: not told
    const char *initiator; // who began it, as the server names users; "" if it does not
};
typedef int (*store_uploads_fn)(void *context, const struct store_upload_listed *upload);

struct store;

struct store_ops {
    // Within 10 s, retries included (the kernel may hold a directory meanwhile). *out is the
    // caller's to clear on success.
    int (*head)(struct store *, const char *key, struct store_object *out);
    // Of the version with that ETag. *out is the caller's to clear on success; no checksum is one.
    // -EACCES: of an object in parts, s3:GetObjectAttributes may be what lacks.
    int (*checksums)(struct store *, const char *key, const char *etag,
                     struct store_checksums *out);
    // Bytes [offset, offset + len) of the version with that ETag (if_match may be NULL). Exactly
    // len bytes or an error.
    int (*get)(struct store *, const char *key, const char *if_match, uint64_t offset, uint64_t len,
               const struct store_sink *sink);
    int (*put)(struct store *, const char *key, const struct kv *metadata,
               const struct store_body *body, struct store_result *out);
    int (*remove)(struct store *, const char *key); // a missing key is success, as S3 has it
    // Server-side copy up to STORE_COPY_SIZE_MAX; metadata NULL keeps the source's (class, content
    // type and tags are carried), else replaces it. if_match is the source's ETag or NULL.
    //
    // Of every copy: `from` is the store of the source's bucket, of the same kind and of the same
    // credentials, since one request reads there and writes here; NULL: this store.
    int (*copy)(struct store *, struct store *from, const char *from_key, const char *if_match,
                const char *to_key, const struct kv *metadata, struct store_result *out);
    // Keys under prefix in order; delimiter '/' groups deeper ones as prefixes, '\0' does not.
    // limit 0: all.
    int (*list)(struct store *, const char *prefix, char delimiter, unsigned limit, store_list_fn,
                void *context);

    // upload_id has room for STORE_UPLOAD_ID_MAX bytes.
    int (*upload_create)(struct store *, const char *key, const struct kv *metadata,
                         char *upload_id);
    // The same for a copy of from_key by parts: content type, class, other headers and tags are the
    // source's. if_match is the source's ETag or NULL.
    int (*upload_create_like)(struct store *, const char *key, struct store *from,
                              const char *from_key, const char *if_match, const struct kv *metadata,
                              char *upload_id);
    int (*upload_part)(struct store *, const char *key, const char *upload_id, unsigned number,
                       const struct store_body *body, struct store_part *out);
    // Part `number` := bytes [offset, offset + len) of from_key.
    int (*upload_part_copy)(struct store *, const char *key, const char *upload_id, unsigned number,
                            struct store *from, const char *from_key, const char *if_match,
                            uint64_t offset, uint64_t len, struct store_part *out);
    // parts ascending by number. A lost answer is resolved by asking again; -EIO then leaves it to
    // the caller to HEAD. only_new: -EEXIST if there is an object of that key, which may be the one
    // of an attempt whose answer was lost: again HEAD tells. Not every server heeds it.
    int (*upload_complete)(struct store *, const char *key, const char *upload_id,
                           const struct store_part *parts, size_t parts_count, bool only_new,
                           struct store_result *out);
    // After a Complete or a copy: what every object of this store is to have, and this one lacks
    // because the server has forgotten it on that way, is given to it. version_id: as the result
    // has it.
    int (*assure)(struct store *, const char *key, const char *version_id);
    int (*upload_abort)(struct store *, const char *key,
                        const char *upload_id); // a missing upload is success
    int (*upload_list)(struct store *, const char *prefix, store_uploads_fn, void *context);
    void (*free)(struct store *);
};

struct store {
    const struct store_ops *ops;
};

static inline void store_free(struct store *s)
{
    if (s != NULL)
        s->ops->free(s);
}

#endif
