// A line on the terminal while bytes move, and one when they have. One thread.
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_LINE_MAX      160
#define PROGRESS_TOTAL_UNKNOWN UINT64_MAX

struct progress {
    const char *what; // "put FILE"; borrowed
    uint64_t total;   // bytes, or PROGRESS_TOTAL_UNKNOWN
    uint64_t done;    // bytes
    int64_t start_ms, shown_ms;
    bool terminal; // stderr is one: the moving line is shown
};

void progress_start(struct progress *p, const char *what, uint64_t total);
// Cheap to call for every block: the line moves a few times a second.
void progress_move(struct progress *p, uint64_t bytes);
// Takes the moving line away, so that the next line of stderr stands alone.
void progress_clear(struct progress *p);
// The last line: what, bytes, seconds, MB/s, and note (may be "").
void progress_finish(struct progress *p, const char *note);

// The moving line, without terminal control: "put a.bak: 1.5 GiB of 3.0 GiB, 50 %, 480 MB/s, 3 s".
// MB/s are millions of bytes.
void progress_line(char out[static PROGRESS_LINE_MAX], const char *what, uint64_t done,
                   uint64_t total, int64_t elapsed_ms);

#endif
