// Reading one object: ranges fetched with If-Match, decrypted, read ahead while access is
// sequential. A reader may be used by any number of threads at once.
#ifndef OBJECT_READER_H
#define OBJECT_READER_H

#include "object/volume.h"

struct reader;

// Checks the envelope against the volume's policy, unwraps the data key (cached per ETag) and makes
// the size exact (for CBC without a recorded size: one small GET of the last two blocks). info is
// copied; NULL: it is asked for. -ENOENT; -EACCES: KMS or S3 denies, plaintext refused, or a format
// that is not read (the text says what to do); -EIO: damaged envelope, impossible size, broken
// padding.
int reader_open(struct volume *v, const char *key, const struct object_info *info,
                struct reader **out) MUST_CHECK;
// The same for who has the object's data key: KMS is not asked. NULL: not so. It is borrowed.
int reader_open_with_key(struct volume *v, const char *key, const struct object_info *info,
                         struct secret *data_key, struct reader **out) MUST_CHECK;
void reader_free(struct reader *r);
CLEANUP_POINTER(reader, reader_free)

uint64_t reader_size(const struct reader *r);    // exact plaintext size
const char *reader_etag(const struct reader *r); // as opened
// The version of that ETag is also under another key, as a copy of the same bytes, and will go from
// where it was: a reader of it reads on there. Others are left alone.
void reader_follow(struct reader *r, const char *from_etag, const char *key, const char *etag);
// Proves all of the version by its tag, fetching what was not read in sequence: 0, also for content
// without one; -EIO as reader_read has it, and the store's errors.
int reader_prove(struct reader *r) MUST_CHECK;
// Whether all of the version that is read was proved by its tag, or has none.
bool reader_is_proved(struct reader *r);
// Size, envelope and all of the version that is read; the reader's.
const struct object_info *reader_info(const struct reader *r);
struct secret *reader_data_key(const struct reader *r); // the reader's; NULL: not encrypted

// *got bytes (less than len only at the end). -ESTALE: the object was replaced meanwhile; -EIO;
// -ECANCELED. The read that reaches the end of the file also checks the padding: -EIO there if it
// is broken. Of content with a tag, who has read all of it, nearly in sequence, is told by the last
// of these reads whether it is what was sealed: -EIO if not, and ever after.
int reader_read(struct reader *r, uint64_t offset, void *out, size_t len, size_t *got) MUST_CHECK;

#endif
