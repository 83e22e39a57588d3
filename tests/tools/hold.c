// The interactive mode of closers: a file driver for scripts. A script writes a command, reads the
// answer, looks at the bucket, writes the next one. Handles are numbers from 0 (h=N, default 1).
//
// One thread, except that `thread COMMAND` runs one command in a thread of its own and waits for
// it, and `child COMMAND` one in a forked child, which inherits the handles.
#include "tests/tools/hold.h"
#include "tests/tools/toolkit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define HANDLES_MAX 64
#define WORDS_MAX   8
#define LINE_ROOM   8192
#define PIECE       (1u << 20) // of one read or write call

struct call {
    int handle;
    const char *flags, *mode; // NULL: not given
    uint64_t generation;      // of the content
    const char *words[WORDS_MAX];
    int count;
};

struct command {
    const char *name;
    int arguments; // at least
    bool on_handle;
    void (*run)(const struct call *call);
    const char *usage;
};

static int handles[HANDLES_MAX];

// ---- answers ----

static void PRINTF_LIKE(1, 2) answer(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

// "ok" for a result of 0 or more, else the error's name.
static void answer_result(int64_t result)
{
    if (result < 0)
        answer("errno %s", errno_name((int)-result));
    else
        answer("ok");
}

static void answer_call(int result)
{
    answer_result(result ? -errno : 0);
}

static uint64_t number(const struct call *call, int index)
{
    return size_or_die(call->words[0], call->words[index]);
}

static int fd_of(const struct call *call)
{
    return handles[call->handle];
}

// ---- commands on a handle ----

static void run_open(const struct call *call)
{
    int flags = 0;
    if (!parse_open_flags(call->flags ? call->flags : "RDWR|CREAT", &flags)) {
        answer("usage: unknown flags %s", call->flags);
        return;
    }
    if (handles[call->handle] >= 0) {
        answer("usage: handle %d is open", call->handle);
        return;
    }
    mode_t mode = call->mode ? (mode_t)strtoul(call->mode, NULL, 8) : 0644;
    int fd = open(call->words[1], flags, mode);
    int error = errno;
    handles[call->handle] = fd;
    answer_result(fd < 0 ? -error : 0);
}

// One piece read or written; O_DIRECT is switched off for what it cannot take, as dd does.
static ssize_t transfer(int fd, bool write, void *buffer, size_t len, uint64_t offset)
{
    bool direct = fcntl(fd, F_GETFL) & O_DIRECT;
    bool odd = direct && (offset % DIRECT_UNIT || len % DIRECT_UNIT);
    if (odd && !set_direct(fd, false))
        return -errno;
    ssize_t n = write ? write_all(fd, buffer, len, offset) : read_all(fd, buffer, len, offset);
    if (odd && !set_direct(fd, true))
        return -errno;
    return n;
}

static void run_write(const struct call *call)
{
    uint64_t offset = number(call, 1), len = number(call, 2), seed = number(call, 3);
    AUTO_FREE unsigned char *buffer = aligned_buffer(PIECE);
    for (uint64_t done = 0; done < len;) {
        size_t piece = len - done < PIECE ? len - done : PIECE;
        content_fill(buffer, piece, offset + done, seed, call->generation);
        ssize_t n = transfer(fd_of(call), true, buffer, piece, offset + done);
        if (n < 0) {
            answer_result(n);
            return;
        }
        done += piece;
    }
    answer("ok");
}

// write(2) at the handle's own position, which is the end if it was opened with APPEND.
static void run_append(const struct call *call)
{
    uint64_t len = number(call, 1), seed = number(call, 2);
    struct stat status;
    if (fstat(fd_of(call), &status)) {
        answer_result(-errno);
        return;
    }
    AUTO_FREE unsigned char *buffer = aligned_buffer(len);
    content_fill(buffer, len, (uint64_t)status.st_size, seed, call->generation);
    for (uint64_t done = 0; done < len;) {
        ssize_t n = write(fd_of(call), buffer + done, len - done);
        if (n <= 0) {
            answer_result(n ? -errno : -EIO);
            return;
        }
        done += (uint64_t)n;
    }
    answer("ok");
}

static void answer_hash(EVP_MD_CTX *digest, uint64_t bytes)
{
    unsigned char hash[32];
    char hex[65];
    if (!EVP_DigestFinal_ex(digest, hash, NULL))
        die("SHA-256 failed");
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    answer("ok %" PRIu64 " sha256 %s", bytes, hex);
}

static EVP_MD_CTX *new_digest(void)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    if (!digest || !EVP_DigestInit_ex(digest, EVP_sha256(), NULL))
        die("SHA-256 failed");
    return digest;
}

static void run_read(const struct call *call)
{
    uint64_t offset = number(call, 1), len = number(call, 2), done = 0;
    AUTO_FREE unsigned char *buffer = aligned_buffer(PIECE);
    EVP_MD_CTX *digest = new_digest();
    ssize_t n = 1;
    while (done < len && n > 0) {
        size_t piece = len - done < PIECE ? len - done : PIECE;
        n = transfer(fd_of(call), false, buffer, piece, offset + done);
        if (n > 0 && !EVP_DigestUpdate(digest, buffer, (size_t)n))
            die("SHA-256 failed");
        done += n > 0 ? (uint64_t)n : 0;
    }
    if (n < 0)
        answer_result(n);
    else
        answer_hash(digest, done);
    EVP_MD_CTX_free(digest);
}

static void run_check(const struct call *call)
{
    uint64_t offset = number(call, 1), len = number(call, 2), seed = number(call, 3);
    AUTO_FREE unsigned char *buffer = aligned_buffer(PIECE);
    AUTO_FREE unsigned char *wanted = aligned_buffer(PIECE);
    for (uint64_t done = 0; done < len; done += PIECE) {
        size_t piece = len - done < PIECE ? len - done : PIECE;
        ssize_t n = transfer(fd_of(call), false, buffer, piece, offset + done);
        if (n < 0) {
            answer_result(n);
            return;
        }
        content_fill(wanted, piece, offset + done, seed, call->generation);
        size_t at = first_difference(buffer, wanted, (size_t)n);
        if (at < (size_t)n) {
            answer("differ %" PRIu64, offset + done + at);
            return;
        }
        if ((size_t)n < piece) {
            answer("short %" PRIu64, done + (uint64_t)n);
            return;
        }
    }
    answer("ok");
}

static void run_mmap(const struct call *call)
{
    uint64_t offset = number(call, 1), len = number(call, 2);
    void *map = mmap(NULL, len, PROT_READ, MAP_SHARED, fd_of(call), (off_t)offset);
    if (map == MAP_FAILED) {
        answer_result(-errno);
        return;
    }
    EVP_MD_CTX *digest = new_digest();
    if (!EVP_DigestUpdate(digest, map, len))
        die("SHA-256 failed");
    answer_hash(digest, len);
    EVP_MD_CTX_free(digest);
    munmap(map, len);
}

static void run_fsync(const struct call *call)
{
    answer_call(fsync(fd_of(call)));
}

static void run_fdatasync(const struct call *call)
{
    answer_call(fdatasync(fd_of(call)));
}

static void run_ftruncate(const struct call *call)
{
    answer_call(ftruncate(fd_of(call), (off_t)number(call, 1)));
}

static void run_fallocate(const struct call *call)
{
    answer_call(fallocate(fd_of(call), (int)number(call, 1), (off_t)number(call, 2),
                          (off_t)number(call, 3)));
}

static void run_close(const struct call *call)
{
    int fd = fd_of(call);
    handles[call->handle] = -1;
    answer_call(close(fd));
}

static void run_dupclose(const struct call *call)
{
    int copy = dup(fd_of(call));
    answer_call(copy < 0 ? -1 : close(copy));
}

static void run_dup(const struct call *call)
{
    uint64_t target = number(call, 1);
    if (target >= HANDLES_MAX || handles[target] >= 0) {
        answer("usage: handle %" PRIu64 " is open or too high", target);
        return;
    }
    handles[target] = dup(fd_of(call));
    answer_result(handles[target] < 0 ? -errno : 0);
}

static void run_flock(const struct call *call)
{
    answer_call(flock(fd_of(call), LOCK_EX | LOCK_NB));
}

static void run_size(const struct call *call)
{
    struct stat status;
    if (fstat(fd_of(call), &status))
        answer_result(-errno);
    else
        answer("ok %" PRIi64, (int64_t)status.st_size);
}

// ---- commands on a path ----

static void run_stat(const struct call *call)
{
    struct stat status;
    if (lstat(call->words[1], &status))
        answer_result(-errno);
    else
        answer("ok %" PRIi64 " mode %o mtime %" PRIi64 " blocks %" PRIi64 " blksize %ld",
               (int64_t)status.st_size, status.st_mode, (int64_t)status.st_mtime,
               (int64_t)status.st_blocks, (long)status.st_blksize);
}

static void run_unlink(const struct call *call)
{
    answer_call(unlink(call->words[1]));
}

static void run_rename(const struct call *call)
{
    answer_call(rename(call->words[1], call->words[2]));
}

static void run_mkdir(const struct call *call)
{
    answer_call(mkdir(call->words[1], 0755));
}

static void run_rmdir(const struct call *call)
{
    answer_call(rmdir(call->words[1]));
}

static void run_truncate(const struct call *call)
{
    answer_call(truncate(call->words[1], (off_t)number(call, 2)));
}

static void run_chmod(const struct call *call)
{
    answer_call(chmod(call->words[1], (mode_t)strtoul(call->words[2], NULL, 8)));
}

static void run_utimens(const struct call *call)
{
    struct timespec times[2] = {{.tv_sec = (time_t)number(call, 2)},
                                {.tv_sec = (time_t)number(call, 2)}};
    answer_call(utimensat(AT_FDCWD, call->words[1], times, 0));
}

static void run_fsyncdir(const struct call *call)
{
    answer_result(sync_directory(call->words[1]));
}

static void run_ls(const struct call *call)
{
    struct dirent **names = NULL;
    int count = scandir(call->words[1], &names, NULL, alphasort);
    if (count < 0) {
        answer_result(-errno);
        return;
    }
    printf("ok");
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i]->d_name, ".") != 0 && strcmp(names[i]->d_name, "..") != 0)
            printf(" %s", names[i]->d_name);
        free(names[i]);
    }
    free(names);
    answer("%s", "");
}

// ---- the process ----

static void run_kill(const struct call *call)
{
    raise((int)number(call, 1));
    answer("ok");
}

static void run_exit(const struct call *call)
{
    exit(call->count > 1 ? (int)number(call, 1) : 0);
}

static void run_pid(const struct call *call)
{
    (void)call;
    answer("ok %ld", (long)getpid());
}

static void run_sleep(const struct call *call)
{
    usleep((useconds_t)(number(call, 1) * 1000));
    answer("ok");
}

static const struct command COMMANDS[] = {
    {"open", 1, false, run_open, "open PATH [flags=RDWR|CREAT] [mode=0644]"},
    {"write", 3, true, run_write, "write OFFSET LEN SEED [gen=N]"},
    {"append", 2, true, run_append, "append LEN SEED [gen=N]   (write(2) at the position)"},
    {"read", 2, true, run_read, "read OFFSET LEN            ok BYTES sha256 HEX"},
    {"check", 3, true, run_check, "check OFFSET LEN SEED [gen=N]   ok, differ OFFSET, short BYTES"},
    {"mmap", 2, true, run_mmap, "mmap OFFSET LEN            ok BYTES sha256 HEX"},
    {"fsync", 0, true, run_fsync, "fsync"},
    {"fdatasync", 0, true, run_fdatasync, "fdatasync"},
    {"ftruncate", 1, true, run_ftruncate, "ftruncate SIZE"},
    {"fallocate", 3, true, run_fallocate, "fallocate MODE OFFSET LEN"},
    {"close", 0, true, run_close, "close"},
    {"dupclose", 0, true, run_dupclose, "dupclose                   dup, and close of the copy"},
    {"dup", 1, true, run_dup, "dup NEW                    handle NEW is a copy"},
    {"flock", 0, true, run_flock, "flock"},
    {"size", 0, true, run_size, "size                       ok SIZE (fstat)"},
    {"stat", 1, false, run_stat, "stat PATH   ok SIZE mode M mtime T blocks B blksize K"},
    {"unlink", 1, false, run_unlink, "unlink PATH"},
    {"rename", 2, false, run_rename, "rename OLD NEW"},
    {"mkdir", 1, false, run_mkdir, "mkdir PATH"},
    {"rmdir", 1, false, run_rmdir, "rmdir PATH"},
    {"truncate", 2, false, run_truncate, "truncate PATH SIZE"},
    {"chmod", 2, false, run_chmod, "chmod PATH MODE"},
    {"utimens", 2, false, run_utimens, "utimens PATH SECONDS"},
    {"fsyncdir", 1, false, run_fsyncdir, "fsyncdir PATH"},
    {"ls", 1, false, run_ls, "ls PATH                    ok NAME..."},
    {"sleep", 1, false, run_sleep, "sleep MILLISECONDS"},
    {"pid", 0, false, run_pid, "pid"},
    {"kill", 1, false, run_kill, "kill SIGNAL_NUMBER         of itself"},
    {"exit", 0, false, run_exit, "exit [STATUS]              without closing anything"},
};

// ---- lines ----

static bool take_word(struct call *call, char *word)
{
    if (strncmp(word, "h=", 2) == 0) {
        call->handle = atoi(word + 2);
        return call->handle >= 0 && call->handle < HANDLES_MAX;
    }
    if (strncmp(word, "gen=", 4) == 0)
        return parse_size(word + 4, &call->generation);
    if (strncmp(word, "flags=", 6) == 0)
        return (call->flags = word + 6) != NULL;
    if (strncmp(word, "mode=", 5) == 0)
        return (call->mode = word + 5) != NULL;
    if (call->count == WORDS_MAX)
        return false;
    call->words[call->count++] = word;
    return true;
}

// Numbers are checked before a command runs, so that a typing error is an answer, not an end.
static bool numbers_ok(const struct call *call, const struct command *command)
{
    for (int i = command->on_handle ? 1 : 2; i < call->count; i++) {
        uint64_t ignored;
        if (command->run != run_rename && !parse_size(call->words[i], &ignored))
            return false;
    }
    return true;
}

static void run_line(char *line);

static void run_in_child(char *line)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        run_line(line);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        answer_result(-errno);
    else if (WIFSIGNALED(status))
        answer("killed %d", WTERMSIG(status));
}

static void *thread_main(void *line)
{
    run_line(line);
    return NULL;
}

static void run_in_thread(char *line)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, thread_main, line);
    if (error)
        answer_result(-error);
    else
        pthread_join(thread, NULL);
}

static void run_call(const struct call *call)
{
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        const struct command *command = &COMMANDS[i];
        if (strcmp(command->name, call->words[0]) != 0)
            continue;
        if (call->count <= command->arguments || !numbers_ok(call, command))
            answer("usage: %s", command->usage);
        else if (command->on_handle && handles[call->handle] < 0)
            answer("errno EBADF");
        else
            command->run(call);
        return;
    }
    answer("usage: no command %s", call->words[0]);
}

static void run_line(char *line)
{
    struct call call = {.handle = 1};
    if (strncmp(line, "child ", 6) == 0) {
        run_in_child(line + 6);
        return;
    }
    if (strncmp(line, "thread ", 7) == 0) {
        run_in_thread(line + 7);
        return;
    }
    char *rest = NULL;
    for (char *word = strtok_r(line, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest)) {
        if (!take_word(&call, word)) {
            answer("usage: %s", word);
            return;
        }
    }
    if (call.count)
        run_call(&call);
}

int hold_run(void)
{
    static char line[LINE_ROOM];
    for (int i = 0; i < HANDLES_MAX; i++)
        handles[i] = -1;
    while (fgets(line, sizeof line, stdin)) {
        if (strcmp(line, "quit\n") == 0)
            break;
        run_line(line);
    }
    return 0;
}

void hold_print_commands(void)
{
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++)
        printf("    %s%s\n", COMMANDS[i].usage, COMMANDS[i].on_handle ? "   [h=N]" : "");
    printf(
        "    child COMMAND | thread COMMAND    in a forked child (\"killed SIGNAL\" if it was) or "
        "a new thread\n    quit\n");
}
