// Requests in orders that a kernel makes rarely, or would need luck for: answers that nobody waits
// for, interrupts, closes among writes, several threads on one file. And what the model
// (model_test.c) has found, each as small as it goes.
#include "tests/unit/fs/rig.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/syscall.h>

#define FILE_SIZE (640 * KIB)
#define ROOT      FUSE_ROOT_ID

#ifdef RDSBAK_SANITIZED
// libfuse keeps an INTERRUPT whose request it does not know until the next one, also to the end.
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfuse3";
}
#endif

struct file {
    uint64_t ino, fh, lookups;
};

static void start(struct vfs *v, uint64_t hold_size)
{
    struct volume_config config;
    rig_config(&config);
    config.hold_size = hold_size;
    config.failures_told = true;
    vfs_start(v, &config);
}

// Any pattern at any time.
static void start_with_spool(struct vfs *v)
{
    struct volume_config config;
    const char *dir = getenv("TMPDIR");
    rig_config(&config);
    config.spool_dir = dir != NULL ? dir : "/tmp";
    vfs_start(v, &config);
    store_memory_delay(v->rig.store, 300);
}

static pid_t me(void)
{
    return (pid_t)syscall(SYS_gettid);
}

static void create(struct vfs *v, const char *name, int flags, struct file *f)
{
    struct fuse_entry_out entry;
    struct fuse_open_out open;
    assert_int_equal(wire_create(v->wire, me(), ROOT, name, flags, &entry, &open), 0);
    *f = (struct file){entry.nodeid, open.fh, 1};
}

static int open_file(struct vfs *v, uint64_t ino, pid_t pid, int flags, uint64_t *fh)
{
    struct fuse_open_out open = {0};
    int rc = wire_open(v->wire, pid, ino, flags, &open);
    *fh = open.fh;
    return rc;
}

static int look(struct vfs *v, const char *name, struct file *f, uint64_t *size)
{
    struct fuse_entry_out entry = {0};
    int rc = wire_lookup(v->wire, me(), ROOT, name, &entry);
    *size = entry.attr.size;
    if (rc < 0)
        return rc;
    if (f->ino != entry.nodeid)
        *f = (struct file){.ino = entry.nodeid, .fh = f->fh};
    f->lookups++;
    return 0;
}

static void put(struct vfs *v, const struct file *f, uint64_t offset, size_t len)
{
    uint8_t *data = make_bytes(offset, len, 1);
    assert_int_equal(wire_write(v->wire, me(), f->ino, f->fh, offset, data, len), 0);
    free(data);
}

static void put_all(struct vfs *v, const struct file *f, uint64_t begin, uint64_t end)
{
    for (uint64_t at = begin; at < end; at += 32 * KIB)
        put(v, f, at, end - at < 32 * KIB ? end - at : 32 * KIB);
}

static void close_as(struct vfs *v, pid_t pid, uint64_t ino, uint64_t fh, int expected)
{
    assert_int_equal(wire_flush(v->wire, pid, ino, fh), expected);
    assert_int_equal(wire_release(v->wire, ino, fh), 0);
}

static void close_file(struct vfs *v, const struct file *f)
{
    close_as(v, me(), f->ino, f->fh, 0);
}

static void forget(struct vfs *v, struct file *f)
{
    wire_forget(v->wire, f->ino, f->lookups);
    *f = (struct file){0};
}

static void assert_pattern(struct vfs *v, const char *name, uint64_t size)
{
    char key[64];
    uint8_t *expected = make_bytes(0, size, 1);
    snprintf(key, sizeof key, PREFIX "%s", name);
    assert_stored(&v->rig, key, expected, size);
    free(expected);
}

// A file in several parts: its object does not tell the exact size. Looked up as by a kernel that
// has never seen it.
static void make_file_of_guessed_size(struct vfs *v, const char *name, uint64_t size,
                                      struct file *f)
{
    uint64_t guess;
    create(v, name, O_WRONLY, f);
    put_all(v, f, 0, size);
    close_file(v, f);
    forget(v, f);
    assert_int_equal(look(v, name, f, &guess), 0);
    assert_int_equal(guess, size / 16 * 16);
}

// ---- a hook that holds back one operation of the store ----

struct gate {
    enum memory_op op;
    atomic_bool open;
    atomic_uint waiting;
};

static void wait_at_gate(void *context, enum memory_op op, uint64_t at)
{
    (void)at;
    struct gate *gate = context;
    if (op != gate->op || atomic_load(&gate->open))
        return;
    atomic_fetch_add(&gate->waiting, 1);
    while (!atomic_load(&gate->open))
        usleep(1000);
}

static void wait_until_waiting(struct gate *gate)
{
    while (atomic_load(&gate->waiting) == 0)
        usleep(1000);
}

// ---- what the model has found ----

static void an_append_goes_to_the_end_after_an_open_for_reading(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    uint64_t reading, size;
    start(&v, 0);
    make_file_of_guessed_size(&v, "a", 100007, &f);
    assert_int_equal(open_file(&v, f.ino, me(), O_RDONLY, &reading), 0);
    // The mount knows the size now, the kernel does not: it is told to look again.
    assert_int_equal(open_file(&v, f.ino, me(), O_WRONLY | O_APPEND, &f.fh), -ESTALE);
    assert_int_equal(look(&v, "a", &f, &size), 0);
    assert_int_equal(size, 100007);
    assert_int_equal(open_file(&v, f.ino, me(), O_WRONLY | O_APPEND, &f.fh), 0);
    put(&v, &f, size, 1000);
    close_file(&v, &f);
    close_as(&v, me(), f.ino, reading, 0);
    assert_pattern(&v, "a", 101007);
    forget(&v, &f);
    vfs_stop(&v);
}

static void an_append_goes_to_the_end_beside_a_handle_that_writes(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    uint64_t first, size;
    start(&v, 0);
    make_file_of_guessed_size(&v, "a", 100007, &f);
    assert_int_equal(open_file(&v, f.ino, me(), O_RDWR, &first), 0);
    assert_int_equal(open_file(&v, f.ino, me(), O_WRONLY | O_APPEND, &f.fh), -ESTALE);
    assert_int_equal(look(&v, "a", &f, &size), 0);
    assert_int_equal(size, 100007);
    assert_int_equal(open_file(&v, f.ino, me(), O_WRONLY | O_APPEND, &f.fh), 0);
    put(&v, &f, size, 1000);
    close_as(&v, me(), f.ino, first, 0);
    close_file(&v, &f);
    assert_pattern(&v, "a", 101007);
    forget(&v, &f);
    vfs_stop(&v);
}

// The kernel counts what it has written, also when that was given up.
static void an_append_after_a_killed_writer_goes_to_the_end(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    uint64_t fh, size;
    pid_t other = process_start();
    uint8_t *data = make_bytes(1000, 500, 1);
    start(&v, 1024 * KIB);
    create(&v, "a", O_WRONLY, &f);
    put(&v, &f, 0, 1000);
    close_file(&v, &f);
    assert_int_equal(open_file(&v, f.ino, other, O_WRONLY, &fh), 0);
    assert_int_equal(wire_write(v.wire, other, f.ino, fh, 1000, data, 500), 0);
    process_kill(other);
    close_as(&v, other, f.ino, fh, -EINTR);
    process_reap(other);
    assert_int_equal(open_file(&v, f.ino, me(), O_RDWR, &fh), 0);
    assert_int_equal(open_file(&v, f.ino, me(), O_WRONLY | O_APPEND, &f.fh), -ESTALE);
    assert_int_equal(look(&v, "a", &f, &size), 0);
    assert_int_equal(size, 1000);
    assert_int_equal(open_file(&v, f.ino, me(), O_WRONLY | O_APPEND, &f.fh), 0);
    close_file(&v, &f);
    close_as(&v, me(), f.ino, fh, 0);
    forget(&v, &f);
    vfs_stop(&v);
    free(data);
}

// close() has returned when the flush is answered: the release may come much later.
static void a_file_made_empty_is_empty_when_it_is_closed(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    struct fuse_attr attr;
    start(&v, 1024 * KIB);
    create(&v, "a", O_RDWR, &f);
    put(&v, &f, 0, 1000);
    assert_int_equal(wire_fsync(v.wire, me(), f.ino, f.fh), 0);
    assert_int_equal(wire_truncate(v.wire, me(), f.ino, 0, &attr), 0);
    assert_pattern(&v, "a", 1000);
    assert_int_equal(wire_flush(v.wire, me(), f.ino, f.fh), 0);
    assert_pattern(&v, "a", 0);
    assert_int_equal(wire_release(v.wire, f.ino, f.fh), 0);
    assert_pattern(&v, "a", 0);
    forget(&v, &f);
    vfs_stop(&v);
}

static void a_truncation_to_the_same_size_tells_the_exact_size(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    struct fuse_attr attr;
    start(&v, 0);
    make_file_of_guessed_size(&v, "a", 100007, &f);
    assert_int_equal(wire_truncate(v.wire, me(), f.ino, 100007, &attr), 0);
    assert_int_equal(attr.size, 100007);
    assert_pattern(&v, "a", 100007);
    forget(&v, &f);
    vfs_stop(&v);
}

// ---- what the kernel keeps of a file with a tag ----

static bool keeps_pages(struct vfs *v, struct file *f)
{
    struct fuse_open_out open = {0};
    assert_int_equal(wire_open(v->wire, me(), f->ino, O_RDONLY, &open), 0);
    f->fh = open.fh;
    return (open.open_flags & FOPEN_KEEP_CACHE) != 0;
}

static void read_until(struct vfs *v, const struct file *f, uint64_t end, int at_end)
{
    uint8_t *out = malloc(64 * KIB);
    size_t got = 1;
    int rc = 0;
    for (uint64_t at = 0; at < end && rc == 0; at += got)
        rc = wire_read(v->wire, me(), f->ino, f->fh, at, out, 64 * KIB, &got);
    assert_int_equal(rc, at_end);
    free(out);
}

static void start_with_tags(struct vfs *v, struct file *f)
{
    struct volume_config config;
    uint64_t size;
    rig_config(&config);
    assert_ok(format_find("gcm", &config.format));
    config.read_formats = format_set_default(config.format, false);
    vfs_start(v, &config);
    create(v, "a", O_WRONLY, f);
    put_all(v, f, 0, FILE_SIZE);
    close_file(v, f);
    assert_int_equal(look(v, "a", f, &size), 0);
    assert_int_equal(size, FILE_SIZE);
}

static void pages_of_a_file_with_a_tag_are_kept_once_it_is_proved(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    start_with_tags(&v, &f);
    static const struct {
        uint64_t read;
        bool kept;
    } OPENS[] = {{FILE_SIZE / 2, false}, {FILE_SIZE, false}, {0, true}, {0, true}};
    for (size_t i = 0; i < sizeof OPENS / sizeof *OPENS; i++) {
        assert_int_equal(keeps_pages(&v, &f), OPENS[i].kept);
        read_until(&v, &f, OPENS[i].read, 0);
        close_file(&v, &f);
    }
    forget(&v, &f);
    vfs_stop(&v);
}

// With pages of the first try the second would read the end alone, and succeed.
static void a_copy_that_failed_fails_again(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    uint64_t size = 0;
    const struct kv *stored = NULL;
    AUTO_KV struct kv metadata = {0};
    start_with_tags(&v, &f);
    const uint8_t *object = store_memory_object(v.rig.store, PREFIX "a", &size, &stored);
    uint8_t *changed = malloc(size);
    memcpy(changed, object, size);
    changed[FILE_SIZE / 2] ^= 1;
    assert_ok(kv_copy(&metadata, stored));
    store_memory_plant(v.rig.store, PREFIX "a", changed, size, &metadata);
    free(changed);
    for (int i = 0; i < 3; i++) {
        assert_false(keeps_pages(&v, &f));
        read_until(&v, &f, FILE_SIZE, -EIO);
        close_file(&v, &f);
    }
    forget(&v, &f);
    vfs_stop(&v);
}

// It would leave the object that it was going to replace under the old name.
static void a_file_being_overwritten_keeps_its_name_until_it_is_closed(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    start(&v, 1024 * KIB);
    create(&v, "a", O_WRONLY, &f);
    put(&v, &f, 0, 1000);
    close_file(&v, &f);
    assert_int_equal(open_file(&v, f.ino, me(), O_WRONLY | O_TRUNC, &f.fh), 0);
    put(&v, &f, 0, 500);
    assert_int_equal(wire_rename(v.wire, me(), ROOT, "a", ROOT, "b"), -EBUSY);
    close_file(&v, &f);
    assert_int_equal(wire_rename(v.wire, me(), ROOT, "a", ROOT, "b"), 0);
    assert_null(store_memory_object(v.rig.store, PREFIX "a", &(uint64_t){0}, NULL));
    assert_pattern(&v, "b", 500);
    forget(&v, &f);
    vfs_stop(&v);
}

static void a_commit_before_a_declared_tail_is_known_by_its_size(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    uint64_t size;
    struct fuse_attr attr;
    start(&v, 0);
    create(&v, "a", O_WRONLY, &f);
    assert_int_equal(wire_truncate(v.wire, me(), f.ino, 4096 * KIB, &attr), 0);
    put_all(&v, &f, 0, 100007);
    assert_int_equal(wire_fsync(v.wire, me(), f.ino, f.fh), 0);
    close_as(&v, me(), f.ino, f.fh, -EIO); // never trimmed: given up, what was synced stays
    assert_int_equal(look(&v, "a", &f, &size), 0);
    assert_int_equal(size, 100007);
    assert_pattern(&v, "a", 100007);
    forget(&v, &f);
    vfs_stop(&v);
}

// ---- answers that nobody waits for ----

static void an_open_that_was_given_up_leaves_no_handle(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    uint64_t fh;
    pid_t other = process_start();
    start(&v, 1024 * KIB);
    create(&v, "a", O_WRONLY, &f);
    put(&v, &f, 0, 1000);
    close_file(&v, &f);
    wire_refuse_next(v.wire);
    assert_int_equal(open_file(&v, f.ino, me(), O_RDWR, &fh), -EINTR);
    wire_refuse_next(v.wire);
    assert_int_equal(open_file(&v, f.ino, me(), O_RDONLY, &fh), -EINTR);
    int rc;
    while ((rc = open_file(&v, f.ino, other, O_RDWR, &fh)) == -EBUSY)
        usleep(1000); // until the mount has heard that nobody waits
    assert_int_equal(rc, 0);
    close_as(&v, other, f.ino, fh, 0);
    assert_pattern(&v, "a", 1000);
    forget(&v, &f);
    process_end(other);
    vfs_stop(&v);
}

static void a_create_that_was_given_up_leaves_an_empty_file(void **state)
{
    (void)state;
    struct vfs v;
    struct file f = {0};
    uint64_t size;
    struct fuse_entry_out entry;
    struct fuse_open_out open;
    start(&v, 0);
    wire_refuse_next(v.wire);
    assert_int_equal(wire_create(v.wire, me(), ROOT, "a", O_WRONLY, &entry, &open), -EINTR);
    while (look(&v, "a", &f, &size) < 0 || // as it is after a create and a close
           store_memory_object(v.rig.store, PREFIX "a", &size, NULL) == NULL)
        usleep(1000);
    assert_pattern(&v, "a", 0);
    forget(&v, &f);
    vfs_stop(&v);
}

static void names_whose_answer_was_given_up_are_not_remembered(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    struct fuse_entry_out entry;
    start(&v, 0);
    create(&v, "a", O_WRONLY, &f);
    close_file(&v, &f);
    forget(&v, &f);
    wire_refuse_next(v.wire);
    assert_int_equal(wire_lookup(v.wire, me(), ROOT, "a", &entry), -EINTR);
    wire_refuse_next(v.wire);
    assert_int_equal(wire_mkdir(v.wire, me(), ROOT, "d", &entry), -EINTR);
    vfs_stop(&v); // no inode is left
}

// ---- interrupts ----

static void an_interrupted_fsync_goes_on_and_can_be_repeated(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    struct gate gate = {.op = MEMORY_PUT};
    start(&v, 1024 * KIB);
    store_memory_hook(v.rig.store, wait_at_gate, &gate);
    create(&v, "a", O_WRONLY, &f);
    put(&v, &f, 0, 1000);
    struct fuse_fsync_in in = {.fh = f.fh};
    struct wire_call call = {
        .opcode = FUSE_FSYNC,
        .pid = me(),
        .node = f.ino,
        .in = {{&in, sizeof in}},
        .in_count = 1,
    };
    wire_begin(v.wire, &call);
    wait_until_waiting(&gate);
    wire_interrupt(v.wire, &call);
    assert_int_equal(wire_end(v.wire, &call), -EINTR);
    wire_interrupt(v.wire, &call); // too late: nothing
    atomic_store(&gate.open, true);
    assert_int_equal(wire_fsync(v.wire, me(), f.ino, f.fh), 0);
    assert_pattern(&v, "a", 1000);
    assert_int_equal(store_memory_calls_of(v.rig.store, MEMORY_PUT), 1);
    close_file(&v, &f);
    forget(&v, &f);
    vfs_stop(&v);
}

// Fills the memory from `at` on: the last write waits. Returns where it begins.
static uint64_t write_until_one_waits(struct vfs *v, const struct file *f, uint64_t at,
                                      struct wire_call *call, struct fuse_write_in *in,
                                      struct fuse_write_out *out, uint8_t *data)
{
    for (;; at += 32 * KIB) {
        *in = (struct fuse_write_in){.fh = f->fh, .offset = at, .size = 32 * KIB};
        *call = (struct wire_call){
            .opcode = FUSE_WRITE,
            .pid = me(),
            .node = f->ino,
            .in = {{in, sizeof *in}, {data + at, 32 * KIB}},
            .in_count = 2,
            .out = out,
            .out_size = sizeof *out,
        };
        wire_begin(v->wire, call);
        for (int i = 0; i < 300 && !wire_is_done(v->wire, call); i++)
            usleep(1000);
        if (!wire_is_done(v->wire, call))
            return at;
        assert_int_equal(wire_end(v->wire, call), 0);
    }
}

static void an_interrupted_write_may_be_repeated(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    struct gate gate = {.op = MEMORY_PART};
    struct wire_call call;
    struct fuse_write_in in;
    struct fuse_write_out out = {0};
    uint8_t *data = make_bytes(0, 16384 * KIB, 1);
    start(&v, 0);
    store_memory_hook(v.rig.store, wait_at_gate, &gate);
    create(&v, "a", O_WRONLY, &f);
    uint64_t at = 0;
    int rc;
    do { // one that was only slow is taken whole
        at = write_until_one_waits(&v, &f, at, &call, &in, &out, data);
        wire_interrupt(v.wire, &call);
        rc = wire_end(v.wire, &call);
        at += 32 * KIB;
    } while (rc == 0 && out.size == in.size);
    at -= 32 * KIB;
    assert_true(rc == -EINTR || rc == 0); // nothing, or some of it
    atomic_store(&gate.open, true);
    uint64_t size;
    assert_int_equal(look(&v, "a", &f, &size), 0);
    assert_in_range(size, at, at + 32 * KIB);
    put_all(&v, &f, size, at + 64 * KIB); // from what was taken on: behind it all is sealed
    close_file(&v, &f);
    assert_pattern(&v, "a", at + 64 * KIB);
    forget(&v, &f);
    vfs_stop(&v);
    free(data);
}

// An interrupt that overtakes its request, and many for requests that never wait.
static void interrupts_at_any_time_do_no_harm(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    struct fuse_attr_out out;
    struct fuse_getattr_in in = {0};
    start(&v, 0);
    create(&v, "a", O_WRONLY, &f);
    for (int i = 0; i < 200; i++) {
        struct wire_call call = {
            .opcode = FUSE_GETATTR,
            .pid = me(),
            .node = f.ino,
            .in = {{&in, sizeof in}},
            .in_count = 1,
            .out = &out,
            .out_size = sizeof out,
        };
        if (i % 2 == 0)
            wire_interrupt(v.wire, &(struct wire_call){.unique = 100000});
        wire_begin(v.wire, &call);
        wire_interrupt(v.wire, &call);
        assert_int_equal(wire_end(v.wire, &call), 0);
    }
    put(&v, &f, 0, 100);
    close_file(&v, &f);
    assert_pattern(&v, "a", 100);
    forget(&v, &f);
    vfs_stop(&v);
}

// ---- forgetting ----

static void a_forgotten_file_is_written_on(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    uint64_t size;
    start(&v, 0);
    create(&v, "a", O_WRONLY, &f);
    put_all(&v, &f, 0, 100000);
    wire_forget_many(v.wire, &(struct fuse_forget_one){f.ino, f.lookups}, 1);
    f.lookups = 0;
    put_all(&v, &f, 100000, 200000);
    uint64_t ino = f.ino;
    assert_int_equal(look(&v, "a", &f, &size), 0);
    assert_int_equal(f.ino, ino); // the same while it is open
    assert_int_equal(size, 200000);
    forget(&v, &(struct file){f.ino, f.fh, f.lookups});
    close_file(&v, &f);
    assert_pattern(&v, "a", 200000);
    vfs_stop(&v);
}

static void more_is_forgotten_than_was_known(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    start(&v, 0);
    create(&v, "a", O_WRONLY, &f);
    wire_forget(v.wire, f.ino, 100);
    wire_forget(v.wire, 123456, 1);
    put(&v, &f, 0, 1000);
    close_file(&v, &f);
    assert_pattern(&v, "a", 1000);
    vfs_stop(&v);
}

// ---- what comes between a close and its release ----

struct waiting_open {
    struct wire_call call;
    struct fuse_open_in in;
    struct fuse_open_out out;
};

static void begin_open(struct vfs *v, struct waiting_open *o, uint64_t ino, pid_t pid, int flags)
{
    o->in = (struct fuse_open_in){.flags = (uint32_t)flags};
    o->call = (struct wire_call){
        .opcode = FUSE_OPEN,
        .pid = pid,
        .node = ino,
        .in = {{&o->in, sizeof o->in}},
        .in_count = 1,
        .out = &o->out,
        .out_size = sizeof o->out,
    };
    wire_begin(v->wire, &o->call);
}

static void a_closed_file_is_waited_for_until_its_release(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    struct waiting_open open;
    pid_t other = process_start();
    start(&v, 1024 * KIB);
    create(&v, "a", O_WRONLY, &f);
    put(&v, &f, 0, 1000);
    assert_int_equal(wire_flush(v.wire, me(), f.ino, f.fh), 0);
    begin_open(&v, &open, f.ino, other, O_RDWR);
    usleep(20000);
    assert_false(wire_is_done(v.wire, &open.call));
    assert_int_equal(wire_release(v.wire, f.ino, f.fh), 0);
    assert_int_equal(wire_end(v.wire, &open.call), 0);
    close_as(&v, other, f.ino, open.out.fh, 0);
    assert_pattern(&v, "a", 1000);
    forget(&v, &f);
    process_end(other);
    vfs_stop(&v);
}

static void a_file_written_on_while_another_waits_is_busy(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    uint64_t fh;
    pid_t other = process_start();
    start(&v, 1024 * KIB);
    create(&v, "a", O_WRONLY, &f);
    put(&v, &f, 0, 1000);
    assert_int_equal(wire_flush(v.wire, me(), f.ino, f.fh), 0); // a dup is closed
    put(&v, &f, 1000, 1000);
    assert_int_equal(open_file(&v, f.ino, other, O_RDWR, &fh), -EBUSY);
    close_file(&v, &f);
    assert_pattern(&v, "a", 2000);
    forget(&v, &f);
    process_end(other);
    vfs_stop(&v);
}

// ---- at once ----

struct lookup_call {
    struct wire_call call;
    struct fuse_entry_out entry;
};

static void begin_lookup(struct vfs *v, struct lookup_call *l, const char *name)
{
    l->call = (struct wire_call){
        .opcode = FUSE_LOOKUP,
        .pid = me(),
        .node = ROOT,
        .in = {{(void *)(uintptr_t)name, strlen(name) + 1}},
        .in_count = 1,
        .out = &l->entry,
        .out_size = sizeof l->entry,
    };
    wire_begin(v->wire, &l->call);
}

static void lookups_during_a_create_see_one_inode_or_none(void **state)
{
    (void)state;
    struct vfs v;
    start(&v, 1024 * KIB);
    store_memory_delay(v.rig.store, 300);
    for (int i = 0; i < 100; i++) {
        struct lookup_call before = {0}, after = {0};
        struct file f;
        char name[16];
        snprintf(name, sizeof name, "f%d", i % 20);
        begin_lookup(&v, &before, name);
        create(&v, name, O_WRONLY, &f);
        begin_lookup(&v, &after, name);
        put(&v, &f, 0, 100);
        close_file(&v, &f);
        for (struct lookup_call *l = &before; l != NULL; l = l == &before ? &after : NULL) {
            int rc = wire_end(v.wire, &l->call);
            assert_true(rc == 0 || rc == -ENOENT);
            if (rc == 0)
                assert_int_equal(l->entry.nodeid, f.ino);
            f.lookups += rc == 0;
        }
        assert_pattern(&v, name, 100);
        forget(&v, &f);
        if (i % 3 == 0)
            assert_int_equal(wire_unlink(v.wire, me(), ROOT, name), 0);
    }
    vfs_stop(&v);
}

struct writes {
    struct wire_call calls[16];
    struct fuse_write_in in[16];
    struct fuse_write_out out[16];
};

static void begin_writes(struct vfs *v, struct writes *w, const struct file *f, uint64_t offset,
                         uint8_t *data)
{
    for (unsigned i = 0; i < 16; i++) {
        uint64_t at = offset + (i * 7 % 16) * 4096; // in no order
        w->in[i] = (struct fuse_write_in){.fh = f->fh, .offset = at, .size = 4096};
        w->calls[i] = (struct wire_call){
            .opcode = FUSE_WRITE,
            .pid = me(),
            .node = f->ino,
            .in = {{&w->in[i], sizeof w->in[i]}, {data + at, 4096}},
            .in_count = 2,
            .out = &w->out[i],
            .out_size = sizeof w->out[i],
        };
        wire_begin(v->wire, &w->calls[i]);
    }
}

static void closes_among_writes_lose_nothing(void **state)
{
    (void)state;
    struct vfs v;
    struct file f;
    struct writes writes;
    uint8_t *data = make_bytes(0, FILE_SIZE, 1);
    start_with_spool(&v);
    create(&v, "a", O_WRONLY, &f);
    for (uint64_t at = 0; at < FILE_SIZE; at += 64 * KIB) {
        begin_writes(&v, &writes, &f, at, data);
        assert_int_equal(wire_flush(v.wire, me(), f.ino, f.fh), 0);
        assert_int_equal(wire_fsync(v.wire, me(), f.ino, f.fh), 0);
        for (int i = 0; i < 16; i++)
            assert_int_equal(wire_end(v.wire, &writes.calls[i]), 0);
    }
    close_file(&v, &f);
    assert_pattern(&v, "a", FILE_SIZE);
    forget(&v, &f);
    vfs_stop(&v);
    free(data);
}

// Threads of one process, each with a handle of its own and every fourth block of the same file.
struct striper {
    struct vfs *v;
    pthread_t thread;
    uint64_t ino, fh, lane;
    bool syncs;
    int rc;
};

static void *write_stripes(void *arg)
{
    struct striper *s = arg;
    uint8_t *data = make_bytes(0, FILE_SIZE, 1);
    for (uint64_t at = s->lane * 4096; at < FILE_SIZE && s->rc == 0; at += 4 * 4096ull) {
        s->rc = wire_write(s->v->wire, me(), s->ino, s->fh, at, data + at, 4096);
        if (s->rc == 0 && s->syncs && at / 4096 % 32 == s->lane)
            s->rc = wire_fsync(s->v->wire, me(), s->ino, s->fh);
    }
    free(data);
    return NULL;
}

static void write_in_stripes(struct vfs *v, const char *name, bool syncs)
{
    struct file f;
    struct striper stripers[4];
    create(v, name, O_RDWR, &f);
    for (uint64_t i = 0; i < 4; i++) {
        stripers[i] = (struct striper){.v = v, .ino = f.ino, .lane = i, .syncs = syncs};
        assert_int_equal(open_file(v, f.ino, me(), O_RDWR, &stripers[i].fh), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_create(&stripers[i].thread, NULL, write_stripes, &stripers[i]);
    for (int i = 0; i < 4; i++) {
        pthread_join(stripers[i].thread, NULL);
        assert_int_equal(stripers[i].rc, 0);
    }
    for (int i = 0; i < 4; i++)
        close_as(v, me(), f.ino, stripers[i].fh, 0);
    close_file(v, &f);
    assert_pattern(v, name, FILE_SIZE);
    forget(v, &f);
}

static void threads_write_one_file_in_stripes(void **state)
{
    (void)state;
    struct vfs v;
    start(&v, 0);
    store_memory_delay(v.rig.store, 300);
    write_in_stripes(&v, "a", false);
    vfs_stop(&v);
}

static void threads_write_and_sync_one_file(void **state)
{
    (void)state;
    struct vfs v;
    start_with_spool(&v);
    write_in_stripes(&v, "a", true);
    vfs_stop(&v);
}

int main(void)
{
    begin_tests();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_append_goes_to_the_end_after_an_open_for_reading),
        cmocka_unit_test(an_append_goes_to_the_end_beside_a_handle_that_writes),
        cmocka_unit_test(an_append_after_a_killed_writer_goes_to_the_end),
        cmocka_unit_test(a_file_made_empty_is_empty_when_it_is_closed),
        cmocka_unit_test(a_truncation_to_the_same_size_tells_the_exact_size),
        cmocka_unit_test(pages_of_a_file_with_a_tag_are_kept_once_it_is_proved),
        cmocka_unit_test(a_copy_that_failed_fails_again),
        cmocka_unit_test(a_file_being_overwritten_keeps_its_name_until_it_is_closed),
        cmocka_unit_test(a_commit_before_a_declared_tail_is_known_by_its_size),
        cmocka_unit_test(an_open_that_was_given_up_leaves_no_handle),
        cmocka_unit_test(a_create_that_was_given_up_leaves_an_empty_file),
        cmocka_unit_test(names_whose_answer_was_given_up_are_not_remembered),
        cmocka_unit_test(an_interrupted_fsync_goes_on_and_can_be_repeated),
        cmocka_unit_test(an_interrupted_write_may_be_repeated),
        cmocka_unit_test(interrupts_at_any_time_do_no_harm),
        cmocka_unit_test(a_forgotten_file_is_written_on),
        cmocka_unit_test(more_is_forgotten_than_was_known),
        cmocka_unit_test(a_closed_file_is_waited_for_until_its_release),
        cmocka_unit_test(a_file_written_on_while_another_waits_is_busy),
        cmocka_unit_test(lookups_during_a_create_see_one_inode_or_none),
        cmocka_unit_test(closes_among_writes_lose_nothing),
        cmocka_unit_test(threads_write_one_file_in_stripes),
        cmocka_unit_test(threads_write_and_sync_one_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
