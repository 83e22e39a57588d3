// rdsbak: finds the verb, parses its options, runs it, and turns its answer into one line and an
// exit status.
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/help.h"
#include "cli/suggest.h"
#include "common/err.h"
#include "common/harmless.h"

#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

#define MMAP_THRESHOLD_BYTES (128 << 10) // larger pieces go back to the system when they are freed

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const struct verb VERBS[] = {
    {"mount", VERB_MOUNT, "s3://BUCKET[/PREFIX] MOUNTPOINT",
     "mount a bucket: what is written there is encrypted and streamed to S3", 2, 2, cmd_mount},
    {"put", VERB_PUT, "FILE|- s3://BUCKET/KEY", "encrypt a file into an object", 2, 2, cmd_put},
    {"get", VERB_GET, "s3://BUCKET/KEY FILE|-", "decrypt an object into a file", 2, 2, cmd_get},
    {"cat", VERB_CAT, "s3://BUCKET/KEY", "decrypt an object, or a range of it, to stdout", 1, 1,
     cmd_cat},
    {"ls", VERB_LS, "s3://BUCKET[/PREFIX]", "list objects", 1, 1, cmd_ls},
    {"audit", VERB_AUDIT, "s3://BUCKET[/PREFIX]",
     "tell of every object whether it is encrypted, and under which key", 1, 1, cmd_audit},
    {"rewrap", VERB_REWRAP, "s3://BUCKET/KEY... --to-key ARN",
     "put the data keys of objects under another KMS key, without moving content", 1,
     OPTIONS_ARGUMENTS_MAX, cmd_rewrap},
    {"copy", VERB_COPY, "s3://BUCKET/KEY s3://BUCKET/KEY",
     "copy an object to another bucket, region or account, under a key there", 2, 2, cmd_copy},
    {"encrypt", VERB_ENCRYPT, "s3://BUCKET/KEY s3://BUCKET/KEY",
     "make an encrypted object of one that is not", 2, 2, cmd_encrypt},
    {"sql", VERB_SQL, "backup|restore s3://BUCKET/KEY...",
     "print the T-SQL of a backup or restore, after checking what RDS demands", 2, 65, cmd_sql},
    {"gc", VERB_GC, "s3://BUCKET[/PREFIX]",
     "end unfinished uploads whose process is dead, and show the others", 1, 1, cmd_gc},
    {"info", VERB_INFO, "s3://BUCKET/KEY", "show an object's envelope and its backup's header", 1,
     1, cmd_info},
    {"status", VERB_STATUS, "MOUNTPOINT",
     "ask a running mount what is in S3 and what is on its way", 1, 1, cmd_status},
    {"verify", VERB_VERIFY, "s3://BUCKET/KEY...", "read backups whole and say what that proves", 0,
     OPTIONS_ARGUMENTS_MAX, cmd_verify},
    {"doctor", VERB_DOCTOR, "s3://BUCKET[/PREFIX]",
     "examine machine, credentials, bucket and key: what is wrong, and what to do", 1, 1,
     cmd_doctor},
    {"policy", VERB_POLICY, "writer|reader|operator s3://BUCKET[/PREFIX]",
     "print the least IAM and KMS policies that a role needs", 2, 2, cmd_policy},
};
#define VERBS_COUNT (sizeof VERBS / sizeof *VERBS)

static const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; i < VERBS_COUNT; i++) {
        if (strcmp(VERBS[i].name, name) == 0)
            return &VERBS[i];
    }
    return NULL;
}

static int report(int rc)
{
    if (rc >= 0)
        return rc; // 0, or what the verb has to say
    char line[4 * ERR_TEXT_MAX];
    harmless_copy(line, sizeof line, err_text()); // it may quote a server, or an object's key
    fprintf(stderr, "rdsbak: %s\n", line);
    return rc == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

static int unknown_verb(const char *name)
{
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < VERBS_COUNT; i++) {
        size_t distance =
            suggest_distance(name, strlen(name), VERBS[i].name, strlen(VERBS[i].name));
        if (distance < least) {
            least = distance;
            nearest = VERBS[i].name;
        }
    }
    if (suggest_is_near(least, strlen(name)))
        return err_set(-EINVAL, "%s: unknown command; did you mean %s?", name, nearest);
    return err_set(-EINVAL,
                   "%s: neither a command nor an address s3://BUCKET[/PREFIX]; see rdsbak "
                   "--help",
                   name);
}

static void print_version(void)
{
    puts("rdsbak " RDSBAK_VERSION);
}

// The command line is read twice: what it names decides which settings file, and what of it,
// counts; then it is laid over that.
static int read_options(struct options *o, const struct verb *verb, bool is_helper, int argc,
                        char *const *argv)
{
    AUTO_OPTIONS struct options given;
    options_init(&given);
    given.is_helper = o->is_helper = is_helper;
    int rc = options_parse(&given, verb, argc, argv);
    if (rc == 0 && !given.help && !given.version)
        rc = config_load(o, verb, &given);
    return rc < 0 ? rc : options_parse(o, verb, argc, argv);
}

int log_from_options(const struct options *o, enum log_level level, enum log_sink sink)
{
    static const enum log_sink SINKS[] = {[LOG_WHERE_STDERR] = LOG_SINK_STDERR,
                                          [LOG_WHERE_SYSLOG] = LOG_SINK_SYSLOG,
                                          [LOG_WHERE_JOURNALD] = LOG_SINK_JOURNALD};
    if (o->log_where != LOG_WHERE_DEFAULT)
        sink = SINKS[o->log_where];
    int rc = log_sink_check(sink);
    if (rc < 0)
        return err_prefix(rc, "--log");
    log_set_format(o->log_format);
    log_init(o->log_level >= 0 ? (enum log_level)o->log_level : level, sink);
    return 0;
}

static int run(const struct verb *verb, bool is_helper, int argc, char *const *argv)
{
    AUTO_OPTIONS struct options o;
    options_init(&o);
    int rc = read_options(&o, verb, is_helper, argc, argv);
    if (rc < 0)
        return rc;
    if (o.help)
        help_verb(stdout, verb);
    else if (o.version)
        print_version();
    if (o.help || o.version)
        return 0;
    rc = log_from_options(&o, LOG_LEVEL_WARN, LOG_SINK_STDERR);
    return rc == 0 ? verb->run(&o) : rc;
}

static bool is_any(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

// rdsbak help [VERB]
static int help(int argc, char *const *argv)
{
    const struct verb *verb = argc > 0 ? verb_find(argv[0]) : NULL;
    if (argc > 0 && verb == NULL)
        return unknown_verb(argv[0]);
    if (verb != NULL)
        help_verb(stdout, verb);
    else
        help_program(stdout, VERBS, VERBS_COUNT);
    return 0;
}

// Without a verb: the form of mount(8) for the type fuse.rdsbak, options before or after.
static int dispatch(int argc, char *const *argv)
{
    const char *first = argv[0];
    const struct verb *verb = verb_find(first);
    if (verb != NULL)
        return run(verb, false, argc - 1, argv + 1);
    if (is_any(first, "--help", "-h") || strcmp(first, "help") == 0)
        return help(argc - 1, argv + 1);
    if (argc == 1 && is_any(first, "--version", "-V")) {
        print_version();
        return 0;
    }
    if (first[0] != '-' && strncmp(first, "s3:", 3) != 0)
        return unknown_verb(first);
    return run(verb_find("mount"), false, argc, argv);
}

int main(int argc, char **argv)
{
    // Set, it stays: glibc would raise it with the first buffer that is freed, and keep the memory
    // of all later ones of that size for itself, in the arena of whatever thread had them.
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);
    signal(SIGPIPE, SIG_IGN); // a closed pipe or socket is an error code, never a death
    const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;
    name = name != NULL ? name + 1 : argc > 0 ? argv[0] : "rdsbak";
    if (strcmp(name, "mount.rdsbak") == 0)
        return report(run(verb_find("mount"), true, argc - 1, argv + 1));
    if (argc < 2) {
        help_program(stderr, VERBS, VERBS_COUNT);
        return EXIT_USAGE;
    }
    return report(dispatch(argc - 1, argv + 1));
}
