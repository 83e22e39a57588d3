#include "cli/progress.h"

#include "common/clock.h"
#include "common/codec.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define SHOW_EVERY_MS  250
#define NAME_SHOWN_MAX 60 // the line must fit a terminal
#define CLEAR_LINE     "\r\033[K"

static double mb_per_second(uint64_t bytes, int64_t elapsed_ms)
{
    return elapsed_ms > 0 ? (double)bytes / 1e3 / (double)elapsed_ms : 0;
}

void progress_line(char out[static PROGRESS_LINE_MAX], const char *what, uint64_t done,
                   uint64_t total, int64_t elapsed_ms)
{
    char done_text[32], total_text[32];
    double rate = mb_per_second(done, elapsed_ms);
    size_format(done_text, done);
    if (total == PROGRESS_TOTAL_UNKNOWN || total == 0) {
        snprintf(out, PROGRESS_LINE_MAX, "%.*s: %s, %.0f MB/s", NAME_SHOWN_MAX, what, done_text,
                 rate);
        return;
    }
    uint64_t left = total > done ? total - done : 0;
    size_format(total_text, total);
    int len = snprintf(out, PROGRESS_LINE_MAX, "%.*s: %s of %s, %.0f %%, %.0f MB/s", NAME_SHOWN_MAX,
                       what, done_text, total_text, 100.0 * (double)done / (double)total, rate);
    if (rate > 0 && len > 0 && len < PROGRESS_LINE_MAX)
        snprintf(out + len, (size_t)(PROGRESS_LINE_MAX - len), ", %.0f s left",
                 (double)left / 1e6 / rate);
}

void progress_start(struct progress *p, const char *what, uint64_t total)
{
    *p = (struct progress){
        .what = what, .total = total, .start_ms = clock_ms(), .terminal = isatty(STDERR_FILENO)};
}

void progress_move(struct progress *p, uint64_t bytes)
{
    int64_t now_ms = clock_ms();
    p->done += bytes;
    if (!p->terminal || now_ms - p->shown_ms < SHOW_EVERY_MS)
        return;
    char line[PROGRESS_LINE_MAX];
    progress_line(line, p->what, p->done, p->total, now_ms - p->start_ms);
    fprintf(stderr, CLEAR_LINE "%s", line);
    p->shown_ms = now_ms;
}

void progress_clear(struct progress *p)
{
    if (p->terminal && p->shown_ms != 0)
        fputs(CLEAR_LINE, stderr);
    p->shown_ms = 0;
}

void progress_finish(struct progress *p, const char *note)
{
    char size[32];
    int64_t elapsed_ms = clock_ms() - p->start_ms;
    progress_clear(p);
    size_format(size, p->done);
    fprintf(stderr, "%s: %s (%" PRIu64 " bytes) in %.1f s, %.0f MB/s%s%s\n", p->what, size, p->done,
            (double)elapsed_ms / 1000, mb_per_second(p->done, elapsed_ms),
            *note != '\0' ? ", " : "", note);
}
