// Open files: opening, writing, reading, sizes, commits.
#include "tests/unit/fs/world.h"

#include <fcntl.h>
#include <linux/falloc.h>

static struct open_file *pick_file(struct world *w, bool (*fits)(const struct open_file *))
{
    struct open_file *fitting[WORLD_HANDLES];
    unsigned count = 0;
    for (int i = 0; i < WORLD_HANDLES; i++) {
        if (w->files[i].ino != 0 && fits(&w->files[i]))
            fitting[count++] = &w->files[i];
    }
    return count > 0 ? fitting[pick(w, count)] : NULL;
}

static bool any(const struct open_file *f)
{
    (void)f;
    return true;
}

static bool writes(const struct open_file *f)
{
    return f->writes;
}

static bool reads(const struct open_file *f)
{
    return f->reads;
}

static struct open_file *free_file(struct world *w)
{
    for (int i = 0; i < WORLD_HANDLES; i++) {
        if (w->files[i].ino == 0)
            return &w->files[i];
    }
    return NULL;
}

static const char *file_path(struct world *w, const struct open_file *f)
{
    struct name *n = name_of_inode(w, f->ino);
    return n != NULL ? path_of(w, n) : "(gone)";
}

// ---- what the writer does ----

static void fill(struct live *live, uint64_t begin, uint64_t end)
{
    memset(live->filled + begin, 1, end - begin);
    while (live->prefix < WORLD_FILE_MAX && live->filled[live->prefix])
        live->prefix++;
}

static void unfill(struct live *live, uint64_t from)
{
    memset(live->filled + from, 0, WORLD_FILE_MAX - from);
    if (live->prefix > from)
        live->prefix = from;
}

// A new generation on [0, cut) of what is committed. If it goes on from there, that is sealed in
// order as if it were written now (or is copied by the server); else it waits to be changed.
static void generation_begin(struct world *w, struct live *live, uint64_t cut, bool continues)
{
    bool copied = continues && cut / 16 * 16 >= 32 * KIB;
    unfill(live, 0);
    if (continues)
        fill(live, 0, cut);
    live->open = true;
    live->may_be_sealed = w->rules.tight || copied;
}

static void note_growth(struct world *w, struct live *live)
{
    if (live_size(live) > w->rules.hold_size || w->rules.tight)
        live->may_be_sealed = true;
}

// Whether any of what is at [begin, end) may be encrypted already, and out of reach.
static bool sealed_within(const struct world *w, const struct live *live, uint64_t begin,
                          uint64_t end)
{
    if (!live->open || !live->may_be_sealed || w->rules.spool)
        return false;
    if (w->rules.tight) // gaps and what lies below may have been sealed, too
        return begin < live->hwm;
    for (uint64_t at = begin; at < end; at++) {
        if (live->filled[at])
            return true;
    }
    return false;
}

static void fails(struct live *live, int code)
{
    if (live->failure == 0)
        live->failure = code;
}

static void live_committed(struct world *w, struct live *live, uint64_t size)
{
    live->open = false;
    live->has_committed = true;
    live->may_be_sealed = false;
    live->hwm = size;
    if (live->declared < size)
        live->declared = size;
    content_set(&live->left, content_new(live->bytes, size));
    content_set(&live->name->content, content_ref(live->left));
    live->name->exact = true;
    check_bucket(w, live->name);
}

static bool is_dirty(const struct live *live)
{
    return live->open || live->declared > live->hwm;
}

// The foretold result of a commit, and what it does.
static int commit(struct world *w, struct live *live, bool closing)
{
    if (live->failure != 0)
        return live->failure;
    uint64_t tail = live->declared > live->hwm ? live->declared - live->hwm : 0;
    if (closing && tail > w->rules.zero_tail_max && !live->tail_is_content)
        fails(live, -EIO);
    else if (live->open || (closing && tail > 0))
        live_committed(w, live, live->hwm + (closing ? tail : 0));
    return live->failure;
}

// The foretold result of a truncation, given the real one where it may be either.
static int cut(struct world *w, struct live *live, uint64_t size, int real)
{
    if (live->failure != 0)
        return live->failure;
    if (size > live_size(live)) {
        live->tail_is_content = true;
    } else if (size < live->hwm) {
        if (size > 0 && sealed_within(w, live, size, live->hwm) && real == -EOPNOTSUPP)
            fails(live, real);
        if (live->failure != 0)
            return live->failure;
        if (!live->open)
            generation_begin(w, live, size, true);
        unfill(live, size);
        memset(live->bytes + size, 0, WORLD_FILE_MAX - size);
        live->hwm = size;
    }
    live->declared = size;
    note_growth(w, live);
    return 0;
}

// ---- open ----

static struct live *live_new(struct world *w, struct name *n, unsigned proc, bool create)
{
    struct live *live = calloc(1, sizeof *live);
    live->bytes = calloc(1, WORLD_FILE_MAX);
    live->filled = calloc(1, WORLD_FILE_MAX);
    live->name = n;
    live->proc = proc;
    live->refs = 1; // the name's
    live->serial = ++w->last_serial;
    if (create) {
        generation_begin(w, live, 0, false);
    } else {
        live->hwm = n->content->size;
        memcpy(live->bytes, n->content->bytes, live->hwm);
        live->has_committed = true;
        live->left = content_ref(n->content);
    }
    return live;
}

static struct open_file *file_opened(struct world *w, struct name *n, unsigned proc,
                                     const struct fuse_open_out *out)
{
    struct open_file *f = free_file(w);
    *f = (struct open_file){
        .fh = out->fh,
        .ino = n->ino,
        .proc = proc,
        .opened = n,
        .cached = (out->open_flags & FOPEN_DIRECT_IO) == 0,
        .touched = inode_of(w, n->ino)->touched,
    };
    return f;
}

static int foretell_open(struct world *w, struct name *n, unsigned proc)
{
    (void)w;
    if (n->lost) {
        n->lost = false;
        return -EIO;
    }
    if (n->live == NULL)
        return 0;
    return n->live->proc == proc ? n->live->failure : -EBUSY;
}

static int send_open(struct world *w, struct name *n, unsigned proc, bool there, int flags,
                     struct fuse_open_out *out)
{
    struct fuse_entry_out entry;
    pid_t pid = w->procs[proc];
    if (there)
        return wire_open(w->wire, pid, n->ino, flags, out);
    int rc = wire_create(w->wire, pid, look_dir(w, n->dir), n->base, flags, &entry, out);
    if (rc < 0)
        return rc;
    inode_note(w, entry.nodeid, entry.attr.size);
    n->ino = entry.nodeid;
    return 0;
}

// An append to a file whose size the kernel does not know: it looks again and repeats.
static int open_repeated(struct world *w, struct name *n, unsigned proc, int flags, int rc,
                         struct fuse_open_out *out)
{
    if (rc != -ESTALE || (flags & O_APPEND) == 0)
        return rc;
    uint64_t size = n->live != NULL ? live_size(n->live) : n->content->size;
    const struct inode *inode = inode_of(w, n->ino);
    expect(w, inode->overtold || inode->told != size, "ESTALE though the size is known");
    n->exact = true;
    look(w, n);
    return send_open(w, n, proc, true, flags, out);
}

void open_to_write(struct world *w)
{
    struct name *n = &w->names[pick(w, WORLD_NAMES)];
    unsigned proc = (unsigned)pick(w, WORLD_PROCS);
    struct fuse_open_out out;
    if (n->live != NULL && pick(w, 3) != 0)
        proc = n->live->proc;
    if (free_file(w) == NULL || look_dir(w, n->dir) == 0 || is_closing(n))
        return;
    bool there = look_or_remember(w, n);
    int flags = (pick(w, 2) == 0 ? O_RDWR : O_WRONLY) | (pick(w, 4) == 0 ? O_TRUNC : 0) |
                (pick(w, 5) == 0 ? O_APPEND : 0);
    bool create = !there || (flags & O_TRUNC) != 0;
    note(w, "open %s%s%s%s by %u", path_of(w, n), there ? "" : " O_CREAT",
         (flags & O_TRUNC) != 0 ? " O_TRUNC" : "", (flags & O_APPEND) != 0 ? " O_APPEND" : "",
         proc);
    int wanted = foretell_open(w, n, proc);
    int rc = send_open(w, n, proc, there, flags, &out);
    rc = open_repeated(w, n, proc, flags, rc, &out);
    expect_result(w, rc, wanted);
    if (rc < 0)
        return;
    n->exact = n->exact || (n->live == NULL && !create);
    if ((flags & O_TRUNC) != 0)
        inode_tell(w, n->ino, 0);
    if (n->live == NULL)
        n->live = live_new(w, n, proc, create);
    else if (create)
        expect_result(w, 0, cut(w, n->live, 0, 0));
    struct open_file *f = file_opened(w, n, proc, &out);
    f->writes = true;
    f->reads = (flags & O_ACCMODE) == O_RDWR;
    f->live = n->live;
    n->live->refs++;
    n->live->handles++;
    n->live->unclosed++;
    inode_touch(w, n->ino);
    expect(w, create || (flags & O_APPEND) == 0 || inode_of(w, n->ino)->told == live_size(n->live),
           "an append would go to %llu", (unsigned long long)inode_of(w, n->ino)->told);
    expect(w, !f->cached, "a writing handle goes through the page cache");
}

void open_to_read(struct world *w)
{
    struct name *n = &w->names[pick(w, WORLD_NAMES)];
    unsigned proc = (unsigned)pick(w, WORLD_PROCS);
    struct fuse_open_out out;
    if (free_file(w) == NULL || is_closing(n) || !look_or_remember(w, n))
        return;
    note(w, "open %s to read", path_of(w, n));
    int rc = wire_open(w->wire, w->procs[proc], n->ino, O_RDONLY, &out);
    expect_result(w, rc, n->lost ? -EIO : 0);
    n->lost = false;
    if (rc < 0)
        return;
    struct open_file *f = file_opened(w, n, proc, &out);
    f->reads = true;
    if (n->live != NULL && n->live->failure == 0) {
        f->live = n->live;
        f->live->refs++;
    } else {
        f->content = content_ref(n->content);
        n->exact = true;
    }
}

// ---- write ----

// The foretold result, given the real one where it may be either.
static int foretell_write(struct world *w, struct live *live, uint64_t offset, size_t len, int real)
{
    if (live->failure != 0)
        return live->failure;
    return sealed_within(w, live, offset, offset + len) && real == -EOPNOTSUPP ? real : 0;
}

static void live_written(struct world *w, struct live *live, uint64_t offset, const uint8_t *data,
                         size_t len)
{
    if (!live->open)
        generation_begin(w, live, live->hwm, offset >= live->hwm);
    memcpy(live->bytes + offset, data, len);
    fill(live, offset, offset + len);
    if (live->hwm < offset + len)
        live->hwm = offset + len;
    live->tail_is_content = false;
    note_growth(w, live);
}

// The kernel counts what it has written itself. What the mount believes that it was told beyond
// that, for a write that failed, stays.
static void inode_grow(struct world *w, uint64_t ino, uint64_t end)
{
    struct inode *inode = inode_of(w, ino);
    if (inode->told < end)
        inode->told = end;
}

static void write_at(struct world *w, struct open_file *f, uint64_t offset, size_t len)
{
    struct live *live = f->live;
    unsigned proc = pick(w, 10) == 0 ? (unsigned)pick(w, WORLD_PROCS) : f->proc;
    if (offset + len > WORLD_FILE_MAX)
        return;
    note(w, "write %s %llu +%zu by %u", file_path(w, f), (unsigned long long)offset, len, proc);
    if (f->flushed) {
        f->flushed = false;
        live->unclosed++;
    }
    live->wrote[proc] = true;
    inode_touch(w, f->ino);
    uint8_t *data = make_bytes(offset, len, (unsigned)pick(w, 1000000));
    int rc = wire_write(w->wire, w->procs[proc], f->ino, f->fh, offset, data, len);
    expect_result(w, rc, foretell_write(w, live, offset, len, rc));
    if (rc == 0) {
        live_written(w, live, offset, data, len);
        inode_grow(w, f->ino, offset + len);
    } else {
        fails(live, rc);
        live->heard = true;
        inode_of(w, f->ino)->overtold = true;
    }
    free(data);
}

static size_t pick_len(struct world *w)
{
    switch (pick(w, 6)) {
    case 0:
        return 1 + pick(w, 40);
    case 1:
        return 512 * (1 + pick(w, 40));
    case 2:
        return 1 + pick(w, 90000);
    default:
        return 1 + pick(w, 20000);
    }
}

void write_somewhere(struct world *w)
{
    struct open_file *f = pick_file(w, writes);
    if (f == NULL)
        return;
    struct live *live = f->live;
    uint64_t offset = live->hwm;
    bool anywhere = w->rules.spool || !live->open || !live->may_be_sealed;
    unsigned kind = (unsigned)pick(w, 20);
    if (kind < 3)
        offset += pick(w, 30000); // a gap
    else if (kind < (anywhere ? 12 : 4))
        offset = pick(w, live_size(live) + 1);
    write_at(w, f, offset, pick_len(w));
}

// Two pieces of an append, the later one first.
void write_swapped(struct world *w)
{
    struct open_file *f = pick_file(w, writes);
    if (f == NULL)
        return;
    uint64_t begin = f->live->hwm;
    size_t first = 1 + pick(w, 30000), second = 1 + pick(w, 30000);
    if (begin + first + second > WORLD_FILE_MAX)
        return;
    write_at(w, f, begin + first, second);
    write_at(w, f, begin, first);
}

// ---- read ----

static void compare(struct world *w, const struct open_file *f, const uint8_t *bytes, uint64_t size,
                    uint64_t offset, size_t len, const uint8_t *out, size_t got)
{
    size_t wanted = offset >= size ? 0 : size - offset < len ? size - offset : len;
    expect(w, got == wanted, "read of %s at %llu: %zu bytes, not %zu", file_path(w, f),
           (unsigned long long)offset, got, wanted);
    for (size_t i = 0; i < got; i++)
        expect(w, out[i] == bytes[offset + i], "read of %s differs at %llu", file_path(w, f),
               (unsigned long long)(offset + i));
}

static void check_live_read(struct world *w, struct open_file *f, int rc, uint64_t offset,
                            size_t len, const uint8_t *out, size_t got)
{
    struct live *live = f->live;
    if (live->failure != 0) {
        expect_result(w, rc, live->failure);
        return;
    }
    uint64_t end = offset + len < live->hwm ? offset + len : live->hwm;
    if (rc == -EBUSY && sealed_within(w, live, offset, end))
        return;
    expect_result(w, rc, 0);
    compare(w, f, live->bytes, live_size(live), offset, len, out, got);
}

static void check_object_read(struct world *w, struct open_file *f, int rc, uint64_t offset,
                              size_t len, const uint8_t *out, size_t got)
{
    bool current = f->content == f->opened->content;
    bool at_end = offset + len > f->content->size;
    bool outgrown = f->cached && at_end && inode_of(w, f->ino)->touched != f->touched;
    if (rc == -ESTALE && (!current || outgrown))
        return;
    expect_result(w, rc, 0);
    compare(w, f, f->content->bytes, f->content->size, offset, len, out, got);
}

// What was written when it was opened has been released: it is read on, if it is still there.
// False: it is not, and must be told so.
static bool settle_followed(struct world *w, struct open_file *f)
{
    struct name *n = name_of_inode(w, f->ino);
    if (n == NULL || n->live != NULL || n->content == NULL || n->content != f->live->left)
        return false;
    if (inode_of(w, f->ino)->released != f->live->serial)
        return false; // another writer was there meanwhile, though it may have changed nothing
    f->opened = n;
    f->content = content_ref(n->content);
    return true;
}

void read_somewhere(struct world *w)
{
    struct open_file *f = pick_file(w, reads);
    if (f == NULL)
        return;
    bool followed = f->content == NULL;
    uint64_t size = followed ? live_size(f->live) : f->content->size;
    uint64_t offset = pick(w, 4) == 0 ? 0 : pick(w, size + 1000);
    size_t len = pick_len(w), got = 0;
    uint8_t *out = malloc(len);
    note(w, "read %s %llu +%zu", file_path(w, f), (unsigned long long)offset, len);
    int rc = wire_read(w->wire, pick_pid(w), f->ino, f->fh, offset, out, len, &got);
    if (followed && f->live->handles > 0)
        check_live_read(w, f, rc, offset, len, out, got);
    else if (followed && !settle_followed(w, f))
        expect_result(w, rc, -ESTALE);
    else
        check_object_read(w, f, rc, offset, len, out, got);
    free(out);
}

// ---- sizes ----

static uint64_t pick_size(struct world *w, uint64_t hwm, uint64_t size)
{
    uint64_t up = size + pick(w, 120000);
    switch (pick(w, 6)) {
    case 0:
        return 0;
    case 1:
        return hwm;
    case 2:
        return pick(w, hwm + 1);
    case 3:
        return hwm + pick(w, size - hwm + 1);
    default:
        return up < WORLD_FILE_MAX ? up : WORLD_FILE_MAX;
    }
}

// A file that nobody has open for writing.
static void cut_by_name(struct world *w, struct name *n, uint64_t size, int rc)
{
    expect_result(w, rc, n->lost ? -EIO : 0);
    n->lost = false;
    inode_of(w, n->ino)->released = ++w->last_serial;
    if (rc < 0 || (size > 0 && size == n->content->size))
        return;
    uint8_t *bytes = calloc(1, WORLD_FILE_MAX);
    memcpy(bytes, n->content->bytes, size < n->content->size ? size : n->content->size);
    content_set(&n->content, content_new(bytes, size));
    free(bytes);
    n->exact = true;
    check_bucket(w, n);
}

void truncate_somewhere(struct world *w)
{
    struct open_file *f = pick(w, 3) > 0 ? pick_file(w, writes) : NULL;
    struct name *n = f != NULL ? name_of_inode(w, f->ino) : &w->names[pick(w, WORLD_NAMES)];
    struct live *live = f != NULL ? f->live : n->live;
    struct fuse_attr attr;
    if (f == NULL && (!look_or_remember(w, n) || is_closing(n)))
        return;
    uint64_t ino = f != NULL ? f->ino : n->ino;
    uint64_t size = live != NULL ? pick_size(w, live->hwm, live_size(live))
                                 : pick_size(w, n->content->size, n->content->size);
    // Where it may be refused for good it is tried less often.
    if (live != NULL && size < live->hwm && size > 0 && sealed_within(w, live, size, live->hwm) &&
        pick(w, 4) != 0)
        return;
    note(w, "truncate %s to %llu%s", n != NULL ? path_of(w, n) : "(gone)", (unsigned long long)size,
         live != NULL ? "" : " by name");
    inode_touch(w, ino);
    int rc = wire_truncate(w->wire, pick_pid(w), ino, size, &attr);
    if (live != NULL)
        expect_result(w, rc, cut(w, live, size, rc));
    else
        cut_by_name(w, n, size, rc);
    expect(w, rc < 0 || attr.size == size, "a truncated file has size %llu",
           (unsigned long long)attr.size);
    if (rc == 0)
        inode_tell(w, ino, size);
}

void allocate_somewhere(struct world *w)
{
    struct open_file *f = pick_file(w, writes);
    if (f == NULL)
        return;
    struct live *live = f->live;
    uint64_t offset = pick(w, WORLD_FILE_MAX / 2), len = 1 + pick(w, WORLD_FILE_MAX / 2);
    bool keep = pick(w, 2) == 0, huge = pick(w, 8) == 0;
    if (huge)
        len = 1ull << 50;
    note(w, "fallocate %s %llu +%llu%s", file_path(w, f), (unsigned long long)offset,
         (unsigned long long)len, keep ? " KEEP_SIZE" : "");
    inode_touch(w, f->ino);
    int rc = wire_fallocate(w->wire, w->procs[f->proc], f->ino, f->fh,
                            keep ? FALLOC_FL_KEEP_SIZE : 0, offset, len);
    expect_result(w, rc, live->failure != 0 ? live->failure : huge ? -ENOSPC : 0);
    if (rc < 0 || keep || offset + len <= live_size(live))
        return;
    inode_grow(w, f->ino, offset + len);
    live->declared = offset + len;
    live->tail_is_content = true;
    note_growth(w, live);
}

// ---- commits ----

void sync_some(struct world *w)
{
    struct open_file *f = pick_file(w, writes);
    if (f == NULL)
        return;
    note(w, "fsync %s", file_path(w, f));
    int rc = wire_fsync(w->wire, pick_pid(w), f->ino, f->fh);
    expect_result(w, rc, commit(w, f->live, false));
    f->live->heard |= f->live->failure != 0;
}

static int foretell_flush(struct world *w, struct open_file *f, unsigned proc, bool dying)
{
    struct live *live = f->live;
    if (!f->flushed) {
        f->flushed = true;
        live->unclosed--;
    }
    if (live->unlinked)
        return 0;
    bool is_opener = live->proc == proc;
    if (dying && (is_opener || live->wrote[proc])) {
        if (is_dirty(live))
            fails(live, -EIO);
        live->heard |= live->failure != 0;
        return -EINTR;
    }
    int rc = live->failure;
    bool nothing_yet = live_size(live) == 0 && !live->has_committed;
    if (rc == 0 && is_opener && is_dirty(live) && !nothing_yet)
        rc = commit(w, live, live->unclosed == 0);
    live->heard |= live->failure != 0;
    return rc;
}

static void flush_file(struct world *w, struct open_file *f, unsigned proc, bool dying)
{
    int rc = wire_flush(w->wire, w->procs[proc], f->ino, f->fh);
    expect_result(w, rc, f->writes ? foretell_flush(w, f, proc, dying) : 0);
}

void flush_some(struct world *w)
{
    struct open_file *f = pick_file(w, any);
    if (f == NULL)
        return;
    unsigned proc = pick(w, 2) == 0 ? f->proc : (unsigned)pick(w, WORLD_PROCS);
    note(w, "flush %s by %u", file_path(w, f), proc);
    flush_file(w, f, proc, false);
}

static void settle_last_close(struct world *w, struct live *live)
{
    struct name *n = live->name;
    if (live->unlinked)
        return;
    bool failed_before = live->failure != 0;
    if (failed_before || is_dirty(live))
        commit(w, live, true);
    inode_of(w, n->ino)->released = live->serial;
    n->lost |= live->failure != 0 && !(failed_before && live->heard);
    live->name = NULL;
    n->live = NULL;
    live_unref(live);
}

static void release_file(struct world *w, struct open_file *f)
{
    expect_result(w, wire_release(w->wire, f->ino, f->fh), 0);
    if (f->writes && --f->live->handles == 0)
        settle_last_close(w, f->live);
    live_unref(f->live);
    content_unref(f->content);
    *f = (struct open_file){0};
}

void close_some(struct world *w)
{
    struct open_file *f = pick_file(w, any);
    if (f == NULL)
        return;
    unsigned proc = pick(w, 5) > 0 ? f->proc : (unsigned)pick(w, WORLD_PROCS);
    note(w, "close %s by %u", file_path(w, f), proc);
    flush_file(w, f, proc, false);
    release_file(w, f);
}

void close_all(struct world *w)
{
    for (int i = 0; i < WORLD_HANDLES; i++) {
        struct open_file *f = &w->files[i];
        if (f->ino == 0)
            continue;
        note(w, "close %s by %u", file_path(w, f), f->proc);
        flush_file(w, f, f->proc, false);
        release_file(w, f);
    }
}

// A process is killed: what it had open is closed in its name, and so is, perhaps, its copy of
// somebody else's descriptor.
void kill_some(struct world *w)
{
    unsigned proc = (unsigned)pick(w, WORLD_PROCS);
    struct open_file *copied = pick_file(w, writes);
    note(w, "kill %u", proc);
    process_kill(w->procs[proc]);
    if (copied != NULL && copied->proc != proc && pick(w, 2) == 0) {
        note(w, "flush %s by it", file_path(w, copied));
        flush_file(w, copied, proc, true);
    }
    for (int i = 0; i < WORLD_HANDLES; i++) {
        struct open_file *f = &w->files[i];
        if (f->ino == 0 || f->proc != proc)
            continue;
        note(w, "close %s by it", file_path(w, f));
        flush_file(w, f, proc, true);
        release_file(w, f);
    }
    for (int i = 0; i < WORLD_HANDLES; i++) {
        if (w->files[i].ino != 0 && w->files[i].writes)
            w->files[i].live->wrote[proc] = false;
    }
    process_reap(w->procs[proc]);
    w->procs[proc] = process_start();
}
