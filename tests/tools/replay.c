// replay: runs a trace in a directory of a mount and in a plain directory at the same time, and
// compares every result, every byte read, every size, and at the end every file.
//
// The content of a write depends on the seed, its place and its number in the trace, so every write
// is told from every other. Operations that are outstanding together go to the mount really at
// once, in an order that the seed shuffles. This file is the command line.
#include "tests/tools/replay.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct replay_options replay_options = {.seed = 1, .corrupt_index = -1, .shuffle = true};
struct trace trace;

// ---- command line ----

static void choose_corruption(void)
{
    enum trace_kind kind = replay_options.corruption == CORRUPT_WRITE ? TRACE_WRITE : TRACE_READ;
    for (size_t i = 0; i < trace.count; i++) {
        // A read past the end has no byte to spoil: the header reads come first, take those.
        if (trace.ops[i].kind == kind && (kind == TRACE_WRITE || replay_options.corrupt_index < 0))
            replay_options.corrupt_index = (int)i;
    }
}

static void add_allowed(const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals || replay_options.allowed_count == ALLOWED_MAX)
        die("--allow-error takes OPERATION=ERRNO");
    for (int kind = 0; kind < TRACE_KINDS; kind++) {
        const char *name = trace_kind_name((enum trace_kind)kind);
        if (strlen(name) != (size_t)(equals - text) || strncmp(name, text, strlen(name)) != 0)
            continue;
        int number = errno_of_name(equals + 1);
        if (!number)
            die("--allow-error: no error is called %s", equals + 1);
        replay_options.allowed[replay_options.allowed_count++] =
            (struct allowed){.kind = (enum trace_kind)kind, .number = number};
        return;
    }
    die("--allow-error: no operation in '%s'", text);
}

static int word_index(const char *option, const char *word, const char *const *words)
{
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], word) == 0)
            return i;
    }
    die("%s: unknown value '%s'", option, word);
}

static _Noreturn void usage(int status)
{
    fprintf(
        status ? stderr : stdout,
        "usage: replay --mount DIR --plain DIR [option...] TRACE\n"
        "  --seed N                  content and order (1)\n"
        "  --deliver threads|aio|serial  how a group reaches the mount (threads)\n"
        "  --no-shuffle              groups in the order of the trace\n"
        "  --allow-error OP=ERRNO    the mount may refuse this; if it concerns data, no later "
        "fsync\n"
        "                            or close of the file may succeed, and after the last close\n"
        "                            it must be what was promised before, or absent\n"
        "  --expect-refused          fail unless the mount refused a file\n"
        "  --judge COMMAND           asked after each fsync and close that succeeds; it reads "
        "lines\n"
        "                            'NAME tab PLAIN FILE tab BYTES' and answers 'ok' or else\n"
        "  --after-command COMMAND   run between the trace and the comparison (remount, ...)\n"
        "  --direct-optional         go on without O_DIRECT where open refuses it\n"
        "  --keep                    leave the files\n"
        "exit status: 0 all agrees, 1 differences, 2 wrong use or a broken plain directory\n");
    exit(status);
}

static const struct option LONG_OPTIONS[] = {
    {"mount", required_argument, NULL, 'm'},
    {"plain", required_argument, NULL, 'p'},
    {"seed", required_argument, NULL, 's'},
    {"deliver", required_argument, NULL, 'd'},
    {"no-shuffle", no_argument, NULL, 'n'},
    {"allow-error", required_argument, NULL, 'a'},
    {"expect-refused", no_argument, NULL, 'e'},
    {"judge", required_argument, NULL, 'j'},
    {"after-command", required_argument, NULL, 'c'},
    {"direct-optional", no_argument, NULL, 'o'},
    {"keep", no_argument, NULL, 'k'},
    {"corrupt", required_argument, NULL, 'x'}, // not in the usage: proves that faults are noticed
    {"help", no_argument, NULL, 'h'},
    {0},
};

static void take_option(int letter)
{
    static const char *const DELIVERIES[] = {"threads", "aio", "serial", NULL};
    static const char *const CORRUPTIONS[] = {"nothing", "write", "read", "unlink", "size", NULL};
    switch (letter) {
    case 'm':
        replay_options.root[MOUNT] = optarg;
        break;
    case 'p':
        replay_options.root[PLAIN] = optarg;
        break;
    case 's':
        replay_options.seed = size_or_die("--seed", optarg);
        break;
    case 'd':
        replay_options.delivery = (enum delivery)word_index("--deliver", optarg, DELIVERIES);
        break;
    case 'n':
        replay_options.shuffle = false;
        break;
    case 'a':
        add_allowed(optarg);
        break;
    case 'e':
        replay_options.expect_refused = true;
        break;
    case 'j':
        replay_options.judge_command = optarg;
        break;
    case 'c':
        replay_options.after_command = optarg;
        break;
    case 'o':
        replay_options.direct_optional = true;
        break;
    case 'k':
        replay_options.keep = true;
        break;
    case 'x':
        replay_options.corruption = (enum corruption)word_index("--corrupt", optarg, CORRUPTIONS);
        break;
    default:
        usage(letter == 'h' ? 0 : 2);
    }
}

int main(int argc, char **argv)
{
    int letter;
    while ((letter = getopt_long(argc, argv, "h", LONG_OPTIONS, NULL)) != -1)
        take_option(letter);
    if (optind != argc - 1 || !replay_options.root[MOUNT] || !replay_options.root[PLAIN])
        usage(2);
    umask(022);
    for (int i = 0; i < TRACE_HANDLES_MAX; i++)
        handles[i] = (struct handle){.fd = {-1, -1}, .file = -1};
    trace_load(&trace, argv[optind]);
    if (!trace.count)
        die("%s: no operations", argv[optind]);
    choose_corruption();
    bool names = directory_is_empty(replay_options.root[MOUNT]) &&
                 directory_is_empty(replay_options.root[PLAIN]);
    other_start();
    judge_start();
    double start = seconds_now();
    replay_run();
    judge_stop();
    other_stop();
    double replayed = seconds_now();
    if (replay_options.after_command && system(replay_options.after_command) != 0)
        die("the command after the trace failed");
    replay_compare(names);
    int refused = refused_count();
    if (replay_options.expect_refused && !refused)
        differ(&trace.ops[trace.count - 1], "nothing was refused");
    int count = atomic_load(&differences);
    if (!replay_options.keep && !count)
        replay_clean();
    printf("%s: %zu operations, %d differences, %d allowed errors, %d files refused, "
           "%.2f s + %.2f s to compare\n",
           argv[optind], trace.count, count, atomic_load(&allowed_seen), refused, replayed - start,
           seconds_now() - replayed);
    trace_clear(&trace);
    return count ? 1 : 0;
}
