// Backup files for the tests, made by tests/tools/mkbak.py.
#ifndef TESTS_UNIT_MTF_FILES_H
#define TESTS_UNIT_MTF_FILES_H

#include "common/buf.h"
#include "common/err.h"
#include "mtf/mtf.h"
#include "tests/unit/test.h"

// What mkbak.py makes with these options; buf_clear.
static inline void file_make(struct buf *out, const char *options)
{
    char command[8192];
    char piece[65536];
    buf_init(out, 64 << 20);
    snprintf(command, sizeof command,
             "PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/tools/mkbak.py %s -", options);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    for (size_t got; (got = fread(piece, 1, sizeof piece, pipe)) > 0;)
        assert_ok(buf_add(out, piece, got));
    assert_int_equal(pclose(pipe), 0);
    assert_true(out->len > 0);
}

static inline const uint8_t *bytes_of(const struct buf *file)
{
    return (const uint8_t *)file->data;
}

// Both ends, as somebody reads them who has two ranged requests.
static inline void file_read(const struct buf *file, struct mtf_info *info)
{
    size_t head = file->len < MTF_HEAD_BYTES ? file->len : MTF_HEAD_BYTES;
    size_t tail = file->len < MTF_TAIL_BYTES ? file->len : MTF_TAIL_BYTES;
    mtf_read_head(info, bytes_of(file), head);
    mtf_read_tail(info, bytes_of(file) + file->len - tail, tail, file->len - tail);
}

#endif
