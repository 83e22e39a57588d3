// The text of a journal of uploads (s3/journal.h): lines of fields, each field escaped as in a URI,
// one blank between, and as the last field the CRC32C of what stands before it.
//
//   rdsbak-uploads 1 BUCKET ENDPOINT REGION HOST PID START BOOT TIME CRC    the first line
//   open TIME KEY UPLOAD-ID CRC          S3 knows the upload from now on
//   complete TIME UPLOAD-ID CRC          its Complete is being sent
//   done TIME UPLOAD-ID CRC              it was completed or aborted
//
// TIME is in seconds since 1970, START the process's start as /proc/PID/stat has it. A line that is
// torn, damaged or of a word not known says nothing and harms no other. Pure; one thread.
#ifndef S3_JOURNAL_TEXT_H
#define S3_JOURNAL_TEXT_H

#include "common/buf.h"

#define JOURNAL_LINE_MAX    8192    // key and id of 1 KiB each, escaped threefold, and the rest
#define JOURNAL_UPLOADS_MAX 10000   // unfinished at once; a mount has a few hundred at most
#define JOURNAL_FILE_MAX    4194304 // what is read of one file; ours begin anew far below that

struct journal_head {
    char *bucket, *endpoint, *region, *host, *boot; // owned
    uint64_t pid, start;
    int64_t time_s;
};

struct journal_upload {
    char *key, *upload_id; // owned
    int64_t opened_s;
    int64_t completing_s; // when its Complete was sent; 0: it was not
};

struct journal_text {
    bool has_head;
    bool newer; // of a version that this program does not know: nothing else is filled
    struct journal_head head;
    struct journal_upload *uploads; // owned; those that are not done
    size_t count, capacity;
    unsigned damaged; // lines
};

void journal_text_clear(struct journal_text *t);
#define AUTO_JOURNAL_TEXT CLEANUP(journal_text_clear)

// Reads all lines into *t, which is zeroed. -ENOMEM; -EIO beyond JOURNAL_UPLOADS_MAX.
int journal_text_parse(struct journal_text *t, const char *text, size_t len) MUST_CHECK;

// Append a line. -ENOMEM; -EIO beyond the buffer's maximum.
int journal_add_head(struct buf *b, const struct journal_head *head) MUST_CHECK;
int journal_add_open(struct buf *b, const struct journal_upload *upload) MUST_CHECK;
int journal_add_complete(struct buf *b, int64_t time_s, const char *upload_id) MUST_CHECK;
int journal_add_done(struct buf *b, int64_t time_s, const char *upload_id) MUST_CHECK;

// What the lines do to the list. The index of an upload, or -1.
long journal_find(const struct journal_text *t, const char *upload_id);
int journal_take_open(struct journal_text *t, const char *key, const char *upload_id,
                      int64_t time_s) MUST_CHECK;
void journal_take_done(struct journal_text *t, const char *upload_id); // one not known is none

#endif
