// The journal of uploads: its text, torn and damaged at every byte; its files, with processes that
// live, die and are killed at any moment, and with disks that fill.
#include "common/clock.h"
#include "common/codec.h"
#include "common/err.h"
#include "common/log.h"
#include "s3/config.h"
#include "s3/journal.h"
#include "s3/state_dir.h"
#include "s3/upload_sweep.h"
#include "tests/unit/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static const struct journal_place PLACE = {"bucket-a", "http://127.0.0.1:9000", "eu-central-1"};
static const struct journal_place ELSEWHERE = {"bucket-b", "http://127.0.0.1:9000", "eu-central-1"};

// ---- a directory for each test

struct fixture {
    char dir[64];
};

static int make_dir(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->dir, "/tmp/rdsbak-journal-XXXXXX");
    *state = f;
    return mkdtemp(f->dir) != NULL ? 0 : -1;
}

static unsigned files_in(const char *dir)
{
    unsigned count = 0;
    DIR *entries = opendir(dir);
    for (const struct dirent *e; (e = readdir(entries)) != NULL;)
        count += e->d_name[0] != '.';
    closedir(entries);
    return count;
}

static int remove_dir(void **state)
{
    struct fixture *f = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", f->dir);
    int rc = system(command);
    free(f);
    return rc;
}

static struct journal *open_journal(const char *dir)
{
    struct journal *j = NULL;
    assert_ok(journal_new(&j, dir, &PLACE));
    return j;
}

// What journals of dead processes (or of living ones) name.
static size_t count_uploads(const char *dir, const struct journal_place *place, bool dead)
{
    AUTO_JOURNALS struct journals journals;
    size_t count = 0;
    assert_ok(journals_read(&journals, dir, place));
    for (size_t i = 0; i < journals.count; i++)
        count += journals.items[i].dead == dead ? journals.items[i].text.count : 0;
    return count;
}

// In a process of its own, which is then killed: its journal stays.
static void in_killed_child(const char *dir, void (*work)(struct journal *))
{
    pid_t child = fork();
    if (child == 0) {
        work(open_journal(dir));
        raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

// ---- text

static void add_open(struct buf *b, const char *key, const char *id, int64_t opened_s,
                     int64_t completing_s)
{
    AUTO_FREE char *own_key = strdup(key), *own_id = strdup(id);
    const struct journal_upload upload = {own_key, own_id, opened_s, completing_s};
    assert_ok(journal_add_open(b, &upload));
}

static void make_text(struct buf *b)
{
    char bucket[] = "bucket-a", endpoint[] = "", region[] = "eu-central-1", host[] = "a host";
    char boot[] = "b00t";
    const struct journal_head head = {bucket, endpoint, region, host, boot, 7, 9, 11};
    buf_init(b, 65536);
    assert_ok(journal_add_head(b, &head));
    add_open(b, "a b/c%\n\xc3\xa4.bak", "id one", 100, 0);
    add_open(b, "second", "2~two", 200, 250); // two lines
    assert_ok(journal_add_done(b, 300, "id one"));
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    AUTO_BUF struct buf b;
    AUTO_JOURNAL_TEXT struct journal_text t;
    make_text(&b);
    assert_ok(journal_text_parse(&t, b.data, b.len));
    assert_true(t.has_head && !t.newer);
    assert_string_equal(t.head.bucket, "bucket-a");
    assert_string_equal(t.head.endpoint, "");
    assert_string_equal(t.head.host, "a host");
    assert_int_equal(t.head.pid, 7);
    assert_int_equal(t.head.start, 9);
    assert_int_equal(t.count, 1);
    assert_string_equal(t.uploads[0].key, "second");
    assert_string_equal(t.uploads[0].upload_id, "2~two");
    assert_int_equal(t.uploads[0].opened_s, 200);
    assert_int_equal(t.uploads[0].completing_s, 250);
    assert_int_equal(t.damaged, 0);
}

static void keys_of_any_bytes_come_back(void **state)
{
    (void)state;
    char key[1025], id[1024];
    for (int i = 0; i < 1024; i++)
        key[i] = (char)(i % 255 + 1);
    key[1024] = '\0';
    memset(id, '\xff', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    AUTO_BUF struct buf b;
    AUTO_JOURNAL_TEXT struct journal_text t;
    buf_init(&b, JOURNAL_LINE_MAX);
    add_open(&b, key, id, 1, 0);
    assert_ok(journal_text_parse(&t, b.data, b.len));
    assert_int_equal(t.count, 1);
    assert_string_equal(t.uploads[0].key, key);
    assert_string_equal(t.uploads[0].upload_id, id);
}

static void a_text_torn_at_any_byte_says_what_its_whole_lines_say(void **state)
{
    (void)state;
    static const unsigned COUNTS[] = {0, 0, 1, 2, 2, 1}; // uploads after so many lines
    AUTO_BUF struct buf b;
    make_text(&b);
    for (size_t len = 0; len <= b.len; len++) {
        AUTO_JOURNAL_TEXT struct journal_text t;
        unsigned lines = 0;
        for (size_t i = 0; i < len; i++)
            lines += b.data[i] == '\n';
        assert_ok(journal_text_parse(&t, b.data, len));
        assert_int_equal(t.has_head, lines >= 1);
        assert_int_equal(t.count, COUNTS[lines]);
        assert_true(lines < 4 || t.uploads[t.count - 1].completing_s == 250);
        assert_int_equal(t.damaged, len > 0 && b.data[len - 1] != '\n');
    }
}

static void a_damaged_byte_costs_its_own_line_only(void **state)
{
    (void)state;
    AUTO_BUF struct buf b;
    make_text(&b);
    for (size_t at = 0; at < b.len; at++) {
        for (int bit = 0; bit < 8; bit++) {
            AUTO_JOURNAL_TEXT struct journal_text t;
            b.data[at] = (char)(b.data[at] ^ 1 << bit);
            assert_ok(journal_text_parse(&t, b.data, b.len));
            // A line end that is lost takes two lines with it, one that is gained splits one.
            assert_true(t.damaged >= 1 && t.damaged <= 2);
            assert_true(t.count <= 2);
            for (size_t i = 0; i < t.count; i++)
                assert_true(strcmp(t.uploads[i].upload_id, "2~two") == 0 ||
                            strcmp(t.uploads[i].upload_id, "id one") == 0);
            b.data[at] = (char)(b.data[at] ^ 1 << bit);
        }
    }
}

static void a_line_after_a_torn_one_is_read(void **state)
{
    (void)state;
    AUTO_BUF struct buf whole, b;
    make_text(&whole);
    for (size_t cut = 0; cut < whole.len; cut++) {
        AUTO_JOURNAL_TEXT struct journal_text t;
        buf_init(&b, 65536);
        assert_ok(buf_add(&b, whole.data, cut));
        assert_ok(buf_add_str(&b, "\n"));
        add_open(&b, "late", "late-id", 1, 0);
        assert_ok(journal_text_parse(&t, b.data, b.len));
        assert_true(journal_find(&t, "late-id") >= 0);
        buf_clear(&b);
    }
}

// ---- files of processes

static void begin_two_end_one(struct journal *j)
{
    journal_begin(j, "dir/first.bak", "id-1");
    journal_begin(j, "dir/second.bak", "id-2");
    journal_end(j, "id-1");
}

static void begin_three(struct journal *j)
{
    begin_two_end_one(j);
    journal_begin(j, "dir/third.bak", "id-3");
    journal_begin(j, "dir/fourth.bak", "an-id-of-another-length-that-is-longer");
}

static void a_killed_process_leaves_what_it_had_not_ended(void **state)
{
    const struct fixture *f = *state;
    in_killed_child(f->dir, begin_two_end_one);
    AUTO_JOURNALS struct journals journals;
    assert_ok(journals_read(&journals, f->dir, &PLACE));
    assert_int_equal(journals.count, 1);
    assert_true(journals.items[0].dead);
    assert_int_equal(journals.items[0].text.count, 1);
    assert_string_equal(journals.items[0].text.uploads[0].key, "dir/second.bak");
    assert_string_equal(journals.items[0].text.uploads[0].upload_id, "id-2");
    // Who reads it holds it: nobody else takes it for dead meanwhile.
    assert_int_equal(count_uploads(f->dir, &PLACE, true), 0);
    assert_int_equal(count_uploads(f->dir, &PLACE, false), 1);
    journals_forget(&journals.items[0], "id-2");
    journals_close(&journals);
    assert_int_equal(files_in(f->dir), 0);
}

// As the sweep does it: with the text that the list itself has.
static void what_was_ended_is_forgotten_by_the_lists_own_text(void **state)
{
    const struct fixture *f = *state;
    in_killed_child(f->dir, begin_three);
    AUTO_JOURNALS struct journals journals;
    assert_ok(journals_read(&journals, f->dir, &PLACE));
    struct journal_found *found = &journals.items[0];
    journals_forget(found, found->text.uploads[found->text.count - 1].upload_id);
    journals_forget(found, found->text.uploads[found->text.count - 1].upload_id);
    assert_int_equal(found->text.count, 1);
    journals_close(&journals);
    assert_int_equal(count_uploads(f->dir, &PLACE, true), 1);
}

static void write_journal(const char *dir, const char *boot, const char *host, int64_t opened_s)
{
    char place[3][32] = {"bucket-a", "http://127.0.0.1:9000", "eu-central-1"}, path[128];
    AUTO_FREE char *own_boot = strdup(boot), *own_host = strdup(host);
    const struct journal_head head = {place[0], place[1], place[2], own_host, own_boot, 7, 9, 11};
    AUTO_BUF struct buf b;
    buf_init(&b, 65536);
    assert_ok(journal_add_head(&b, &head));
    add_open(&b, "key", "id", opened_s, 0);
    snprintf(path, sizeof path, "%s/" JOURNAL_NAME_PREFIX "copied", dir);
    FILE *file = fopen(path, "w");
    fwrite(b.data, 1, b.len, file);
    fclose(file);
}

// A machine that was started from a copy of another's disk finds journals of processes that live
// there. Of a restart, or another name of the same kernel, the lock tells the truth.
static void what_a_copied_disk_names_may_be_at_work_for_a_day(void **state)
{
    const struct fixture *f = *state;
    char boot[64], host[256];
    int64_t now_s = clock_wall_s();
    journal_machine(boot, host);
    const struct {
        const char *boot, *host;
        int64_t age_s;
        bool may_be;
    } cases[] = {{"another-start", "another-host", 60, true},
                 {"another-start", "another-host", JOURNAL_ELSEWHERE_S + 60, false},
                 {"another-start", host, 60, false},
                 {boot, "another-host", 60, false},
                 {boot, host, 60, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_journal(f->dir, cases[i].boot, cases[i].host, now_s - cases[i].age_s);
        AUTO_JOURNALS struct journals journals;
        assert_ok(journals_read(&journals, f->dir, &PLACE));
        assert_int_equal(journals.count, 1);
        const struct journal_found *found = &journals.items[0];
        assert_true(found->dead);
        assert_int_equal(sweep_may_be_elsewhere(found, &found->text.uploads[0], now_s),
                         cases[i].may_be);
    }
}

static void a_journal_of_another_place_is_not_touched(void **state)
{
    const struct fixture *f = *state;
    in_killed_child(f->dir, begin_two_end_one);
    assert_int_equal(count_uploads(f->dir, &ELSEWHERE, true), 0);
    assert_int_equal(count_uploads(f->dir, &PLACE, true), 1);
}

static void a_living_process_is_alive_and_leaves_nothing_at_its_end(void **state)
{
    const struct fixture *f = *state;
    struct journal *j = open_journal(f->dir);
    assert_int_equal(files_in(f->dir), 0); // nothing to record yet
    begin_two_end_one(j);
    assert_int_equal(count_uploads(f->dir, &PLACE, true), 0);
    assert_int_equal(count_uploads(f->dir, &PLACE, false), 1);
    journal_end(j, "id-2");
    journal_end(j, "id-2");
    journal_end(j, "never begun");
    journal_free(j);
    assert_int_equal(files_in(f->dir), 0);
}

static void what_is_open_at_the_end_stays_in_the_journal(void **state)
{
    const struct fixture *f = *state;
    struct journal *j = open_journal(f->dir);
    begin_two_end_one(j);
    journal_completing(j, "id-2");
    journal_free(j);
    AUTO_JOURNALS struct journals journals;
    assert_ok(journals_read(&journals, f->dir, &PLACE));
    assert_int_equal(journals.count, 1);
    const struct journal_upload *u = &journals.items[0].text.uploads[0];
    assert_true(journals.items[0].dead);
    assert_true(sweep_must_wait(u, clock_wall_s()));
    assert_true(sweep_must_wait(u, clock_wall_s() + JOURNAL_COMPLETE_GRACE_S - 60));
    assert_false(sweep_must_wait(u, clock_wall_s() + JOURNAL_COMPLETE_GRACE_S + 60));
    assert_false(sweep_must_wait(u, clock_wall_s() - 10 * JOURNAL_COMPLETE_GRACE_S));
}

// A name that a process of the same number left, before a restart of the machine or without it.
static void a_used_process_number_is_no_mistake(void **state)
{
    const struct fixture *f = *state;
    struct journal *first = open_journal(f->dir), *second = open_journal(f->dir);
    journal_begin(first, "a", "id-a");
    journal_begin(second, "b", "id-b"); // the same process, boot and start
    assert_int_equal(files_in(f->dir), 2);
    assert_int_equal(count_uploads(f->dir, &PLACE, false), 2);
    journal_free(first); // "dies" while a process of its very number lives
    assert_int_equal(count_uploads(f->dir, &PLACE, true), 1);
    assert_int_equal(count_uploads(f->dir, &PLACE, false), 1);
    journal_end(second, "id-b");
    journal_free(second);
}

static void a_journal_of_a_later_version_is_left_alone(void **state)
{
    const struct fixture *f = *state;
    char path[128];
    AUTO_BUF struct buf b;
    buf_init(&b, 1024);
    assert_ok(buf_add_str(&b, "rdsbak-uploads 2 bucket-a and more"));
    assert_ok(buf_addf(&b, " %08x\n", crc32c_extend(0, b.data, b.len)));
    snprintf(path, sizeof path, "%s/" JOURNAL_NAME_PREFIX "of-tomorrow", f->dir);
    FILE *file = fopen(path, "w");
    fwrite(b.data, 1, b.len, file);
    fclose(file);
    assert_int_equal(count_uploads(f->dir, &PLACE, true), 0);
    assert_int_equal(access(path, F_OK), 0);
}

static void what_is_no_journal_does_no_harm(void **state)
{
    const struct fixture *f = *state;
    char path[128];
    static const char *const NAMES[] = {JOURNAL_NAME_PREFIX "pipe", JOURNAL_NAME_PREFIX "link",
                                        JOURNAL_NAME_PREFIX "dir"};
    snprintf(path, sizeof path, "%s/%s", f->dir, NAMES[0]);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(path, sizeof path, "%s/%s", f->dir, NAMES[1]);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    snprintf(path, sizeof path, "%s/%s", f->dir, NAMES[2]);
    assert_int_equal(mkdir(path, 0700), 0);
    in_killed_child(f->dir, begin_two_end_one);
    assert_int_equal(count_uploads(f->dir, &PLACE, true), 1);
    assert_int_equal(files_in(f->dir), 4);
}

// ---- long lives: files begin anew

static void begin_many(struct journal *j)
{
    char key[1025], id[16];
    memset(key, '%', 1024); // escaped threefold
    key[1024] = '\0';
    journal_begin(j, "stays", "stays");
    journal_completing(j, "stays");
    for (int i = 0; i < 300; i++) {
        snprintf(id, sizeof id, "id-%d", i);
        journal_begin(j, key, id);
        journal_end(j, id);
    }
}

static void a_long_lived_journal_stays_small_and_forgets_nothing(void **state)
{
    const struct fixture *f = *state;
    struct stat st;
    char path[160];
    in_killed_child(f->dir, begin_many);
    assert_int_equal(files_in(f->dir), 1);
    AUTO_JOURNALS struct journals journals;
    assert_ok(journals_read(&journals, f->dir, &PLACE));
    assert_int_equal(journals.items[0].text.count, 1);
    assert_string_equal(journals.items[0].text.uploads[0].upload_id, "stays");
    assert_true(journals.items[0].text.uploads[0].completing_s > 0);
    snprintf(path, sizeof path, "%s/%s", f->dir, journals.items[0].name);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size < 2 * JOURNAL_RENEW_BYTES);
}

// ---- two at one file at the same moment

// Once, just before a lock is asked for: the moment at which another process may come in between.
static void (*before_lock)(void);

int flock(int fd, int operation)
{
    void (*hook)(void) = before_lock;
    before_lock = NULL;
    if (hook != NULL)
        hook();
    return (int)syscall(SYS_flock, fd, operation);
}

static const struct fixture *here; // of the test that runs
static struct journal *alive;
static size_t dead_seen;

static void let_a_sweep_by(void)
{
    dead_seen += count_uploads(here->dir, &PLACE, true);
}

static void a_new_file_that_a_sweep_takes_for_rubbish_is_made_again(void **state)
{
    here = *state;
    dead_seen = 0;
    before_lock = let_a_sweep_by; // between the file's making and its lock
    struct journal *j = open_journal(here->dir);
    journal_begin(j, "key", "id");
    assert_null(before_lock);
    assert_int_equal(dead_seen, 0);
    assert_int_equal(count_uploads(here->dir, &PLACE, false), 1);
    journal_end(j, "id");
    journal_free(j);
}

static void begin_anew(void)
{
    char id[32], key[1025];
    memset(key, '%', 1024);
    key[1024] = '\0';
    for (int i = 0; i < 120; i++) {
        snprintf(id, sizeof id, "more-%d", i);
        journal_begin(alive, key, id);
        journal_end(alive, id);
    }
}

// The sweep has the old file open, and then gets its lock: nobody holds that one any more.
static void a_file_that_is_left_for_another_is_nobodys(void **state)
{
    here = *state;
    alive = open_journal(here->dir);
    journal_begin(alive, "key", "id");
    before_lock = begin_anew;
    assert_int_equal(count_uploads(here->dir, &PLACE, true), 0);
    assert_null(before_lock);
    assert_int_equal(count_uploads(here->dir, &PLACE, false), 1);
    journal_free(alive);
    assert_int_equal(count_uploads(here->dir, &PLACE, true), 1);
}

// ---- many at once

struct told {
    unsigned word; // 'b': begin has returned; 'e': end is about to be called (no padding)
    unsigned id;
};

static void live_until_killed(const char *dir, int pipe_fd)
{
    struct journal *j = open_journal(dir);
    char key[900];
    memset(key, '%', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    for (unsigned i = 0;; i++) {
        char id[32];
        snprintf(id, sizeof id, "%d-%u", getpid(), i);
        journal_begin(j, key, id);
        if (write(pipe_fd, &(struct told){'b', i}, sizeof(struct told)) < 0)
            _exit(1);
        if (i >= 3) { // three stay open
            snprintf(id, sizeof id, "%d-%u", getpid(), i - 3);
            if (write(pipe_fd, &(struct told){'e', i - 3}, sizeof(struct told)) < 0)
                _exit(1);
            journal_end(j, id);
        }
    }
}

// Every upload that a killed process had begun, and had not begun to end, is in its journal.
static void check_the_dead(const char *dir, pid_t child, int pipe_fd)
{
    struct told told;
    unsigned begun = 0, ended = 0;
    while (read(pipe_fd, &told, sizeof told) == (ssize_t)sizeof told) {
        if (told.word == 'b')
            begun = told.id + 1;
        else
            ended = told.id + 1;
    }
    AUTO_JOURNALS struct journals journals;
    assert_ok(journals_read(&journals, dir, &PLACE));
    for (unsigned i = ended; i < begun; i++) {
        char id[32];
        bool found = false;
        snprintf(id, sizeof id, "%d-%u", child, i);
        for (size_t k = 0; k < journals.count; k++)
            found |= journals.items[k].dead && journal_find(&journals.items[k].text, id) >= 0;
        if (!found)
            fail_msg("%s was begun, not ended, and is in no journal", id);
    }
}

// No journal of a living process may be taken for a dead one's, whatever it does at that moment.
static void check_the_living(const char *dir, const pid_t *living, int count)
{
    AUTO_JOURNALS struct journals journals;
    assert_ok(journals_read(&journals, dir, &PLACE));
    for (size_t i = 0; i < journals.count; i++) {
        for (int n = 0; n < count; n++) {
            if (journals.items[i].dead && journals.items[i].text.head.pid == (uint64_t)living[n])
                fail_msg("process %d lives, its journal says it is dead", living[n]);
        }
    }
}

#define PROCESSES 4

static void processes_that_are_killed_at_any_moment_leave_all_they_began(void **state)
{
    const struct fixture *f = *state;
    pid_t children[PROCESSES];
    int pipes[PROCESSES][2];
    for (int i = 0; i < PROCESSES; i++) {
        assert_int_equal(pipe(pipes[i]), 0);
        fcntl(pipes[i][1], F_SETPIPE_SZ, 1 << 20);
        children[i] = fork();
        if (children[i] == 0)
            live_until_killed(f->dir, pipes[i][1]);
        close(pipes[i][1]);
    }
    for (int i = 0; i < PROCESSES; i++) {
        for (int round = 0; round < 60; round++)
            check_the_living(f->dir, children + i, PROCESSES - i);
        kill(children[i], SIGKILL);
        waitpid(children[i], NULL, 0);
        check_the_dead(f->dir, children[i], pipes[i][0]);
        close(pipes[i][0]);
    }
}

static void *begin_and_end(void *arg)
{
    struct journal *j = arg;
    char id[48];
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "%lx-%d", (unsigned long)pthread_self(), i);
        journal_begin(j, id, id);
        if (i < 99)
            journal_end(j, id);
    }
    return NULL;
}

static void threads_share_a_journal(void **state)
{
    const struct fixture *f = *state;
    struct journal *j = open_journal(f->dir);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, begin_and_end, j), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(count_uploads(f->dir, &PLACE, false), 4);
    journal_free(j);
    assert_int_equal(count_uploads(f->dir, &PLACE, true), 4);
}

// ---- disks that fill

static char *long_key(char key[801])
{
    memset(key, 'k', 800);
    key[800] = '\0';
    return key;
}

// A limit on the file's size makes write(2) take a part and then none, at whatever byte we want.
static void a_write_cut_short_at_any_byte_harms_no_line_before_or_after(void **state)
{
    const struct fixture *f = *state;
    struct rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 0; room < 120; room++) {
        struct journal *j = open_journal(f->dir);
        struct stat st;
        char path[160];
        journal_begin(j, "before", "id-before");
        AUTO_JOURNALS struct journals journals;
        assert_ok(journals_read(&journals, f->dir, &PLACE));
        assert_int_equal(journals.count, 1);
        snprintf(path, sizeof path, "%s/%s", f->dir, journals.items[0].name);
        journals_close(&journals);
        assert_int_equal(stat(path, &st), 0);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){(rlim_t)st.st_size + room, before.rlim_max});
        journal_begin(j,
                      "with/no/room/for/it/as/its/name/is/long/enough/to/never/fit/into/what/is/"
                      "left/of/the/disk/or/file.bak",
                      "id-cut");
        journal_end(j, "id-cut");
        setrlimit(RLIMIT_FSIZE, &before);
        journal_begin(j, "after", "id-after");
        assert_int_equal(count_uploads(f->dir, &PLACE, false), 2);
        journal_end(j, "id-before");
        journal_end(j, "id-after");
        journal_free(j);
        assert_int_equal(files_in(f->dir), 0);
    }
}

static bool fail_next_sync;

int fdatasync(int fd)
{
    if (!fail_next_sync)
        return (int)syscall(SYS_fdatasync, fd);
    fail_next_sync = false;
    errno = EIO;
    return -1;
}

// Path and size of the only journal that there is.
static off_t journal_size(const char *dir)
{
    AUTO_JOURNALS struct journals journals;
    char path[160];
    struct stat st;
    assert_ok(journals_read(&journals, dir, &PLACE));
    assert_int_equal(journals.count, 1);
    snprintf(path, sizeof path, "%s/%s", dir, journals.items[0].name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void fill_until_it_begins_anew_next(struct journal *j, const char *dir)
{
    char key[801], id[16];
    for (int i = 0; journal_size(dir) <= JOURNAL_RENEW_BYTES; i++) {
        snprintf(id, sizeof id, "id-%d", i);
        journal_begin(j, long_key(key), id);
        journal_end(j, id);
    }
}

// The disk fails just when the file begins anew, and is full after that.
static void a_file_that_could_not_begin_anew_is_as_good_as_before(void **state)
{
    const struct fixture *f = *state;
    struct rlimit before;
    struct journal *j = open_journal(f->dir);
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    journal_begin(j, "stays", "id-stays");
    journal_begin(j, "early", "id-early");
    fill_until_it_begins_anew_next(j, f->dir);
    off_t size = journal_size(f->dir);
    fail_next_sync = true;
    journal_begin(j, "lost", "id-lost");
    assert_false(fail_next_sync);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){(rlim_t)size + 10, before.rlim_max});
    journal_end(j, "id-early"); // cut short, and taken back
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(journal_size(f->dir), size);
    journal_free(j);
}

static bool mount_tiny(const char *dir)
{
    if (mount("tmpfs", dir, "tmpfs", 0, "size=16k,mode=700") == 0)
        return true;
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           mount("tmpfs", dir, "tmpfs", 0, "size=16k,mode=700") == 0;
}

// In a child, whose namespaces are its own. The exit status tells which step failed.
static int fill_a_disk(const char *dir)
{
    char key[801], id[16];
    struct journal *j = open_journal(dir);
    for (int i = 0; i < 40; i++) { // 32 KiB, twice what there is
        snprintf(id, sizeof id, "id-%d", i);
        journal_begin(j, long_key(key), id);
    }
    size_t kept = count_uploads(dir, &PLACE, false);
    if (kept < 5 || kept > 20)
        return 2;
    for (int i = 0; i < 40; i++) { // no room for a word: it is only tried again by a sweep
        snprintf(id, sizeof id, "id-%d", i);
        journal_end(j, id);
    }
    journal_free(j); // all is ended, so the file goes, and its room comes back
    if (files_in(dir) != 0)
        return 3;
    j = open_journal(dir);
    journal_begin(j, "again", "again");
    kept = count_uploads(dir, &PLACE, false);
    journal_free(j);
    return kept == 1 ? 0 : 4;
}

static void a_full_disk_stops_no_upload_and_is_used_again(void **state)
{
    const struct fixture *f = *state;
    int status;
    pid_t child = fork();
    if (child == 0) {
        if (!mount_tiny(f->dir))
            _exit(77);
        int failed = fill_a_disk(f->dir);
        umount2(f->dir, MNT_DETACH);
        _exit(failed);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip(); // neither root nor user namespaces; the test above cuts writes without either
    assert_int_equal(WEXITSTATUS(status), 0);
}

// ---- the directory

static void a_directory_that_is_missing_is_made_for_us_only(void **state)
{
    const struct fixture *f = *state;
    char path[128];
    struct stat st;
    snprintf(path, sizeof path, "%s/a/b/c", f->dir);
    assert_int_equal(count_uploads(path, &PLACE, true), 0); // reading makes none
    assert_int_not_equal(access(path, F_OK), 0);
    journal_free(open_journal(path));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
}

static void a_directory_that_others_may_write_is_refused(void **state)
{
    const struct fixture *f = *state;
    static const mode_t MODES[] = {0770, 0707, 0777, 01777};
    for (size_t i = 0; i < sizeof MODES / sizeof *MODES; i++) {
        int fd = -1;
        assert_int_equal(chmod(f->dir, MODES[i]), 0);
        assert_int_equal(state_dir_open(f->dir, &fd), -EACCES);
        assert_non_null(strstr(err_text(), "chmod go-w"));
        assert_int_equal(fd, -1);
    }
    if (geteuid() == 0) {
        int fd = -1;
        assert_int_equal(chmod(f->dir, 0700), 0);
        assert_int_equal(chown(f->dir, 12345, 12345), 0);
        assert_int_equal(state_dir_open(f->dir, &fd), -EACCES);
        assert_non_null(strstr(err_text(), "12345"));
    }
}

static void check_default(const char *expected)
{
    char *dir = NULL;
    assert_ok(state_dir_default(&dir));
    assert_string_equal(dir, expected);
    free(dir);
}

static void the_default_directory_follows_the_environment(void **state)
{
    (void)state;
    bool root = geteuid() == 0;
    char *dir = NULL;
    setenv("STATE_DIRECTORY", "/var/lib/one:/var/lib/two", 1);
    check_default("/var/lib/one");
    unsetenv("STATE_DIRECTORY");
    setenv("XDG_STATE_HOME", "/x/state", 1);
    setenv("HOME", "/home/dba", 1);
    check_default(root ? "/var/lib/rdsbak" : "/x/state/rdsbak");
    setenv("XDG_STATE_HOME", "not/absolute", 1);
    check_default(root ? "/var/lib/rdsbak" : "/home/dba/.local/state/rdsbak");
    unsetenv("XDG_STATE_HOME");
    unsetenv("HOME");
    if (!root)
        assert_int_equal(state_dir_default(&dir), -EINVAL);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(keys_of_any_bytes_come_back),
        cmocka_unit_test(a_text_torn_at_any_byte_says_what_its_whole_lines_say),
        cmocka_unit_test(a_damaged_byte_costs_its_own_line_only),
        cmocka_unit_test(a_line_after_a_torn_one_is_read),
        IN_DIR(a_killed_process_leaves_what_it_had_not_ended),
        IN_DIR(what_was_ended_is_forgotten_by_the_lists_own_text),
        IN_DIR(what_a_copied_disk_names_may_be_at_work_for_a_day),
        IN_DIR(a_journal_of_another_place_is_not_touched),
        IN_DIR(a_living_process_is_alive_and_leaves_nothing_at_its_end),
        IN_DIR(what_is_open_at_the_end_stays_in_the_journal),
        IN_DIR(a_used_process_number_is_no_mistake),
        IN_DIR(a_journal_of_a_later_version_is_left_alone),
        IN_DIR(what_is_no_journal_does_no_harm),
        IN_DIR(a_long_lived_journal_stays_small_and_forgets_nothing),
        IN_DIR(a_new_file_that_a_sweep_takes_for_rubbish_is_made_again),
        IN_DIR(a_file_that_is_left_for_another_is_nobodys),
        IN_DIR(processes_that_are_killed_at_any_moment_leave_all_they_began),
        IN_DIR(threads_share_a_journal),
        IN_DIR(a_write_cut_short_at_any_byte_harms_no_line_before_or_after),
        IN_DIR(a_file_that_could_not_begin_anew_is_as_good_as_before),
        IN_DIR(a_full_disk_stops_no_upload_and_is_used_again),
        IN_DIR(a_directory_that_is_missing_is_made_for_us_only),
        IN_DIR(a_directory_that_others_may_write_is_refused),
        cmocka_unit_test(the_default_directory_follows_the_environment),
    };
    log_init(LOG_LEVEL_ERROR,
             LOG_SINK_STDERR); // the warnings are as many as the bytes that are cut
    return cmocka_run_group_tests(tests, NULL, NULL);
}
