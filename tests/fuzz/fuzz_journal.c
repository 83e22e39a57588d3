// The journal of uploads: any bytes, as they are and with each line's checksum made right, so that
// what stands behind it is reached. What was read must come back from what is written of it.
#include "common/codec.h"
#include "s3/journal_text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int rc)
{
    assert(rc == 0);
    (void)rc;
}

static void check_same(const struct journal_text *a, const struct journal_text *b)
{
    assert(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        long at = journal_find(b, a->uploads[i].upload_id);
        assert(at >= 0 && strcmp(b->uploads[at].key, a->uploads[i].key) == 0);
        assert(b->uploads[at].opened_s == a->uploads[i].opened_s);
        assert(b->uploads[at].completing_s == a->uploads[i].completing_s);
    }
}

static void parse(const char *text, size_t len)
{
    AUTO_JOURNAL_TEXT struct journal_text t;
    AUTO_JOURNAL_TEXT struct journal_text again = {0};
    AUTO_BUF struct buf written;
    buf_init(&written, 1 << 24);
    if (journal_text_parse(&t, text, len) < 0)
        return;
    if (t.has_head)
        must(journal_add_head(&written, &t.head));
    for (size_t i = 0; i < t.count; i++) {
        assert(*t.uploads[i].key != '\0' && *t.uploads[i].upload_id != '\0');
        must(journal_add_open(&written, &t.uploads[i]));
    }
    must(journal_text_parse(&again, written.data, written.len));
    assert(again.has_head == t.has_head && again.damaged == 0);
    check_same(&t, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    AUTO_BUF struct buf right;
    buf_init(&right, 1 << 24);
    parse(text, size);
    for (size_t at = 0; at < size;) {
        const char *stop = memchr(text + at, '\n', size - at);
        size_t len = stop != NULL ? (size_t)(stop - (text + at)) : size - at;
        must(buf_add(&right, text + at, len));
        must(buf_addf(&right, " %08x\n", crc32c_extend(0, text + at, len)));
        at += len + 1;
    }
    parse(right.data, right.len);
    return 0;
}
