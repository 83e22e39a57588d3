#include "tests/unit/fs/world.h"

#include <assert.h>
#include <stdarg.h>

// ---- chance and telling ----

uint64_t pick(struct world *w, uint64_t below)
{
    uint64_t x = w->random += 0x9E3779B97F4A7C15ull; // splitmix64
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    x ^= x >> 31;
    return below == 0 ? 0 : x % below;
}

pid_t pick_pid(struct world *w)
{
    return w->procs[pick(w, WORLD_PROCS)];
}

void note(struct world *w, const char *format, ...)
{
    char *line = w->trace[w->traced++ % WORLD_TRACE];
    va_list arguments;
    int len = snprintf(line, sizeof w->trace[0], "%u: ", w->operations);
    va_start(arguments, format);
    vsnprintf(line + len, sizeof w->trace[0] - (size_t)len, format, arguments);
    va_end(arguments);
}

void differs(struct world *w, const char *format, ...)
{
    static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
    va_list arguments;
    pthread_mutex_lock(&one); // never given back: the first one ends the program
    for (unsigned i = w->traced < WORLD_TRACE ? 0 : w->traced - WORLD_TRACE; i < w->traced; i++)
        fprintf(stderr, "    %s\n", w->trace[i % WORLD_TRACE]);
    fprintf(stderr, "world %u, MODEL_SEED=%llu, operation %u: ", w->number,
            (unsigned long long)w->seed, w->operations);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    abort();
}

void expect_result(struct world *w, int got, int wanted)
{
    expect(w, got == wanted, "the result is %d (%s), expected %d (%s)", got, strerror(-got), wanted,
           strerror(-wanted));
}

// ---- contents ----

struct content *content_new(const uint8_t *bytes, uint64_t size)
{
    struct content *c = malloc(sizeof *c + size);
    c->refs = 1;
    c->size = size;
    memcpy(c->bytes, bytes, size);
    return c;
}

struct content *content_ref(struct content *c)
{
    if (c != NULL)
        c->refs++;
    return c;
}

void content_unref(struct content *c)
{
    if (c != NULL && --c->refs == 0)
        free(c);
}

void content_set(struct content **at, struct content *c)
{
    content_unref(*at);
    *at = c;
}

void live_unref(struct live *live)
{
    if (live == NULL || --live->refs > 0)
        return;
    content_unref(live->left);
    free(live->bytes);
    free(live->filled);
    free(live);
}

uint64_t live_size(const struct live *live)
{
    return live->declared > live->hwm ? live->declared : live->hwm;
}

// ---- names and inodes ----

const char *path_of(struct world *w, const struct name *n)
{
    static _Thread_local char path[64];
    const struct dir *dir = &w->dirs[n->dir];
    snprintf(path, sizeof path, "%s%s%s", dir->base, dir->base[0] != '\0' ? "/" : "", n->base);
    return path;
}

bool visible(const struct name *n, uint64_t *size)
{
    bool live = n->live != NULL && n->live->failure == 0;
    *size = live ? live_size(n->live) : n->content != NULL ? n->content->size : 0;
    return live || n->content != NULL;
}

struct inode *inode_of(struct world *w, uint64_t ino)
{
    for (int i = 0; i < WORLD_INODES; i++) {
        if (w->inodes[i].ino == ino)
            return &w->inodes[i];
    }
    return NULL;
}

void inode_tell(struct world *w, uint64_t ino, uint64_t size)
{
    struct inode *inode = inode_of(w, ino);
    if (inode == NULL)
        return;
    inode->told = size;
    inode->overtold = false;
}

void inode_note(struct world *w, uint64_t ino, uint64_t size)
{
    struct inode *inode = inode_of(w, ino);
    if (inode == NULL)
        inode = inode_of(w, 0);
    expect(w, inode != NULL, "the test knows too many inodes");
    inode->ino = ino;
    inode->lookups++;
    inode_tell(w, ino, size);
}

void inode_forget(struct world *w, uint64_t ino)
{
    struct inode *inode = inode_of(w, ino);
    if (inode == NULL)
        return;
    wire_forget(w->wire, ino, inode->lookups);
    *inode = (struct inode){0};
}

void inode_touch(struct world *w, uint64_t ino)
{
    struct inode *inode = inode_of(w, ino);
    if (inode != NULL)
        inode->touched++;
}

struct name *name_of_inode(struct world *w, uint64_t ino)
{
    for (int i = 0; i < WORLD_NAMES; i++) {
        if (w->names[i].ino == ino)
            return &w->names[i];
    }
    return NULL;
}

bool is_open(const struct world *w, uint64_t ino)
{
    for (int i = 0; i < WORLD_HANDLES; i++) {
        if (w->files[i].ino == ino)
            return true;
    }
    return false;
}

bool is_closing(const struct name *n)
{
    return n->live != NULL && n->live->unclosed == 0;
}

void check_size(struct world *w, const struct name *n, uint64_t size)
{
    uint64_t wanted;
    if (!visible(n, &wanted))
        return;
    bool guess = !n->exact && (n->live == NULL || n->live->failure != 0);
    expect(w, size == wanted || (guess && size == wanted / 16 * 16), "%s has size %llu, not %llu",
           path_of(w, n), (unsigned long long)size, (unsigned long long)wanted);
}

uint64_t look_dir(struct world *w, unsigned number)
{
    struct dir *dir = &w->dirs[number];
    struct fuse_entry_out entry;
    if (number == 0)
        return FUSE_ROOT_ID;
    if (dir->ino != 0)
        return dir->ino;
    int rc = wire_lookup(w->wire, pick_pid(w), FUSE_ROOT_ID, dir->base, &entry);
    expect(w, rc == (dir->exists ? 0 : -ENOENT), "lookup of directory %s: %d", dir->base, rc);
    if (rc == 0) {
        expect(w, S_ISDIR(entry.attr.mode), "%s is no directory", dir->base);
        inode_note(w, entry.nodeid, entry.attr.size);
        dir->ino = entry.nodeid;
    }
    return dir->ino;
}

bool look(struct world *w, struct name *n)
{
    struct fuse_entry_out entry;
    uint64_t size;
    uint64_t dir = look_dir(w, n->dir);
    if (dir == 0)
        return false;
    int rc = wire_lookup(w->wire, pick_pid(w), dir, n->base, &entry);
    bool there = visible(n, &size);
    expect(w, rc == (there ? 0 : -ENOENT), "lookup of %s: %d", path_of(w, n), rc);
    if (!there)
        return false;
    expect(w, S_ISREG(entry.attr.mode), "%s is no file", path_of(w, n));
    expect(w, n->ino == 0 || n->ino == entry.nodeid, "%s has changed its inode", path_of(w, n));
    inode_note(w, entry.nodeid, entry.attr.size);
    n->ino = entry.nodeid;
    check_size(w, n, entry.attr.size);
    return true;
}

bool look_or_remember(struct world *w, struct name *n)
{
    uint64_t size;
    if (n->ino != 0 && visible(n, &size) && pick(w, 2) == 0)
        return true;
    return look(w, n);
}

// ---- the bucket ----

void check_bucket(struct world *w, const struct name *n)
{
    char key[80];
    uint64_t cipher_size = 0;
    const struct kv *metadata = NULL;
    uint8_t *plain = NULL;
    snprintf(key, sizeof key, PREFIX "%s", path_of(w, n));
    const uint8_t *cipher = store_memory_object(w->vfs->rig.store, key, &cipher_size, &metadata);
    expect(w, (cipher != NULL) == (n->content != NULL), "%s is %s the bucket", key,
           cipher != NULL ? "in" : "not in");
    if (cipher == NULL)
        return;
    int64_t size = keyring_test_decrypt(cipher, cipher_size, metadata, &plain);
    expect(w, size == (int64_t)n->content->size, "%s has %lld bytes in the bucket, not %llu", key,
           (long long)size, (unsigned long long)n->content->size);
    for (int64_t i = 0; i < size; i++)
        expect(w, plain[i] == n->content->bytes[i], "%s differs in the bucket at %lld", key,
               (long long)i);
    free(plain);
}

static void check_all(struct world *w)
{
    for (int i = 0; i < WORLD_NAMES; i++)
        check_bucket(w, &w->names[i]);
}

// ---- life ----

void world_start(struct world *w, struct vfs *vfs, const struct world_rules *rules, unsigned number,
                 uint64_t seed)
{
    *w = (struct world){.vfs = vfs,
                        .wire = vfs->wire,
                        .rules = *rules,
                        .number = number,
                        .seed = seed,
                        .random = seed * 1000 + number};
    for (int i = 0; i < WORLD_PROCS; i++)
        w->procs[i] = process_start();
    for (unsigned i = 0; i < WORLD_NAMES; i++) {
        w->names[i].dir = i % WORLD_DIRS;
        snprintf(w->names[i].base, sizeof w->names[i].base, "w%u-%u", number, i);
    }
    w->dirs[0].exists = w->dirs[1].exists = true;
    strcpy(w->dirs[1].base, "shared");
    for (unsigned i = 2; i < WORLD_DIRS; i++)
        snprintf(w->dirs[i].base, sizeof w->dirs[i].base, "w%ud%u.0", number, i);
}

static void step(struct world *w)
{
    static const struct {
        unsigned weight;
        void (*run)(struct world *w);
    } OPERATIONS[] = {
        {10, open_to_write},  {5, open_to_read},       {30, write_somewhere},   {6, write_swapped},
        {15, read_somewhere}, {5, truncate_somewhere}, {2, allocate_somewhere}, {5, sync_some},
        {4, flush_some},      {8, close_some},         {1, kill_some},          {4, rename_some},
        {2, unlink_some},     {6, look_at_some},       {1, list_some},          {3, forget_some},
        {2, change_dirs},     {1, check_all},
    };
    unsigned all = 0;
    for (size_t i = 0; i < sizeof OPERATIONS / sizeof OPERATIONS[0]; i++)
        all += OPERATIONS[i].weight;
    uint64_t at = pick(w, all);
    size_t i = 0;
    while (at >= OPERATIONS[i].weight)
        at -= OPERATIONS[i++].weight;
    OPERATIONS[i].run(w);
}

void world_run(struct world *w, unsigned operations)
{
    unsigned end = w->operations + operations;
    for (; w->operations < end; w->operations++)
        step(w);
}

void world_end(struct world *w)
{
    note(w, "the end");
    close_all(w);
    check_all(w);
    remove_all(w);
    for (int i = 0; i < WORLD_INODES; i++)
        inode_forget(w, w->inodes[i].ino);
    for (int i = 0; i < WORLD_PROCS; i++)
        process_end(w->procs[i]);
}
