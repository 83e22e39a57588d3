// A volume: one bucket seen through one keyring: what readers, writers, the mount and the verbs
// share. It owns the memory budget, the workers and the cache of unwrapped data keys. Safe for any
// number of threads.
#ifndef OBJECT_VOLUME_H
#define OBJECT_VOLUME_H

#include "common/err.h"
#include "crypto/keyring.h"
#include "s3/store.h"

struct volume_config {
    const struct format *format; // of new objects
    format_set read_formats;     // what may be read
    bool plaintext_read; // --plaintext=read: objects without an envelope are shown as they are
    bool read_only;
    bool no_overwrite;        // --no-overwrite: an object that is there is never replaced
    uint64_t part_size;       // --part-size: size of the first parts, bytes
    uint64_t part_min;        // --part-min: the server's smallest part but the last (5 MiB on S3)
    uint64_t hold_size;       // --hold-size: files up to this are not sealed before the commit
    uint64_t window;          // --window: plaintext that may wait behind a gap
    uint64_t memory_limit;    // --memory-limit: all chunks of all files
    uint64_t zero_tail_max;   // --zero-tail-max: a never-trimmed tail up to this is zeros at close,
                              // beyond an error
    uint64_t copy_range;      // UploadPartCopy piece, <= 5 GiB
    uint64_t copy_object_max; // --copy-object-max: the server copies up to this in one request
                              // (5 GiB on S3), more by parts
    unsigned connections;     // requests at once: uploads and fetches each
    int64_t progress_timeout_ms; // a file without any progress this long fails (5 min)
    const char *spool_dir;       // NULL: none
    uint64_t file_size_max; // --file-size-max: plaintext bytes; what the format holds bounds it too
    // --verify-before-read: authenticated objects up to this are read and proved at open; 0: none
    uint64_t verify_before_read;
    const char *bucket, *kms_key_id; // for the audit; NULL: not known
    bool failures_told; // every caller tells its failures itself: a writer that fails logs nothing
};
// The defaults of README.md.
void volume_config_defaults(struct volume_config *c);
// 0, or -EINVAL with a text that names the option, what is wrong and what to do.
int volume_config_check(const struct volume_config *c) MUST_CHECK;

struct volume;

// store and keyring are borrowed and must outlive the volume; config is copied (its strings are
// borrowed). Starts the workers.
int volume_new(struct volume **out, struct store *store, struct keyring *keyring,
               const struct volume_config *config) MUST_CHECK;
// All readers and writers must be gone. Stops the workers.
void volume_free(struct volume *v);
CLEANUP_POINTER(volume, volume_free)

struct store *volume_store(const struct volume *v);
struct keyring *volume_keyring(const struct volume *v);
const struct volume_config *volume_config(const struct volume *v);

// The largest file that the part schedule and the memory limit can carry with four parts in flight,
// in bytes.
uint64_t volume_file_size_max(const struct volume *v);

// The largest file that the format and --file-size-max allow.
uint64_t volume_plain_size_max(const struct volume *v);
// -ENOSPC for a file of that size or more, with the ways out.
int volume_refuse_size(const struct volume *v, const char *key, uint64_t size);

struct volume_memory {
    uint64_t limit, used, peak; // bytes
};
void volume_memory(const struct volume *v, struct volume_memory *out);

// What an object turns out to be, from one HEAD and without KMS.
enum object_kind { OBJECT_PLAINTEXT, OBJECT_ENCRYPTED, OBJECT_DAMAGED };
struct object_info {
    struct store_object object; // owned
    enum object_kind kind;
    struct envelope envelope; // when OBJECT_ENCRYPTED; owned
    uint64_t plain_size;      // of the content; provisional unless plain_size_exact
    bool plain_size_exact;
    struct err_saved defect; // when OBJECT_DAMAGED: why
};
// -ENOENT and the store's errors; a bad envelope is a result (OBJECT_DAMAGED), not an error. An
// instruction file is looked for if read_formats allows them and the object has no envelope.
int object_info_get(struct volume *v, const char *key, struct object_info *out) MUST_CHECK;
int object_info_copy(struct object_info *to, const struct object_info *from) MUST_CHECK;
void object_info_clear(struct object_info *info);
#define AUTO_OBJECT_INFO CLEANUP(object_info_clear)

#endif
