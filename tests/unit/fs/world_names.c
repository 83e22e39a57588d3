// Names and directories: lookups, renames, removals, listings, what the kernel forgets.
#include "tests/unit/fs/world.h"

static void name_moves(struct world *w, struct name *from, struct name *to)
{
    inode_touch(w, from->ino);
    for (int i = 0; i < WORLD_HANDLES; i++) { // those who read it read on
        struct open_file *f = &w->files[i];
        if (f->ino != 0 && f->ino == from->ino && f->content != NULL && f->content == from->content)
            f->opened = to;
    }
    to->ino = from->ino;
    from->ino = 0;
    to->lost = false;
}

static int foretell_rename(const struct name *from, const struct name *to, int real)
{
    const struct live *live = from->live;
    if (to->live != NULL)
        return -EBUSY;
    if (live == NULL)
        return 0;
    if (from->content != NULL) // what it overwrites, or has committed
        return -EBUSY;
    if (live->failure != 0)
        return live->failure;
    bool either = live->may_be_sealed && real == -EBUSY;
    return live->has_committed || either ? -EBUSY : 0;
}

void rename_some(struct world *w)
{
    struct name *from = &w->names[pick(w, WORLD_NAMES)], *to = &w->names[pick(w, WORLD_NAMES)];
    uint64_t to_dir = look_dir(w, to->dir);
    if (from == to || to_dir == 0 || is_closing(from) || is_closing(to) ||
        !look_or_remember(w, from))
        return;
    if (pick(w, 2) == 0)
        look(w, to);
    char old[64];
    snprintf(old, sizeof old, "%s", path_of(w, from));
    note(w, "rename %s to %s", old, path_of(w, to));
    int rc =
        wire_rename(w->wire, pick_pid(w), look_dir(w, from->dir), from->base, to_dir, to->base);
    expect_result(w, rc, foretell_rename(from, to, rc));
    if (rc < 0)
        return;
    name_moves(w, from, to);
    if (from->live != NULL) {
        to->live = from->live;
        to->live->name = to;
        from->live = NULL;
        to->exact = false; // what it is going to replace was known to the inode that is gone
    } else {
        content_set(&to->content, content_ref(from->content));
        to->exact = from->exact;
    }
    content_set(&from->content, NULL);
    check_bucket(w, from);
    check_bucket(w, to);
}

static void name_gone(struct name *n)
{
    struct live *live = n->live;
    if (live != NULL) {
        live->unlinked = true;
        live->name = NULL;
        live->failure = live->failure != 0 ? live->failure : -ESTALE;
        live_unref(live);
    }
    n->live = NULL;
    n->ino = 0;
    n->lost = false;
    content_set(&n->content, NULL);
}

static void unlink_name(struct world *w, struct name *n)
{
    if (is_closing(n) || !look_or_remember(w, n))
        return;
    note(w, "unlink %s", path_of(w, n));
    expect_result(w, wire_unlink(w->wire, pick_pid(w), look_dir(w, n->dir), n->base), 0);
    name_gone(n);
    check_bucket(w, n);
}

void unlink_some(struct world *w)
{
    unlink_name(w, &w->names[pick(w, WORLD_NAMES)]);
}

void look_at_some(struct world *w)
{
    struct name *n = &w->names[pick(w, WORLD_NAMES)];
    struct fuse_attr attr;
    uint64_t size;
    if (n->ino == 0 || pick(w, 2) == 0) {
        note(w, "lookup %s", path_of(w, n));
        look(w, n);
        return;
    }
    note(w, "stat %s", path_of(w, n));
    int rc = wire_getattr(w->wire, pick_pid(w), n->ino, &attr);
    expect_result(w, rc, visible(n, &size) || n->live != NULL ? 0 : -ENOENT);
    if (rc < 0)
        return;
    inode_tell(w, n->ino, attr.size);
    check_size(w, n, attr.size);
}

// ---- listings ----

struct seen_names {
    struct world *w;
    unsigned dir;
    bool files[WORLD_NAMES], dirs[WORLD_DIRS];
};

static void see(void *context, const char *name)
{
    struct seen_names *seen = context;
    struct world *w = seen->w;
    char mine[16];
    bool known = false;
    for (unsigned i = 0; i < WORLD_NAMES; i++) {
        if (w->names[i].dir == seen->dir && strcmp(w->names[i].base, name) == 0)
            known = seen->files[i] = true;
    }
    for (unsigned i = 1; i < WORLD_DIRS && seen->dir == 0; i++) {
        if (strcmp(w->dirs[i].base, name) == 0)
            known = seen->dirs[i] = true;
    }
    int len = snprintf(mine, sizeof mine, "w%u", w->number);
    bool is_mine = strncmp(name, mine, (size_t)len) == 0 && !(name[len] >= '0' && name[len] <= '9');
    expect(w, known || !is_mine, "%s is listed", name);
}

void list_some(struct world *w)
{
    struct seen_names seen = {.w = w, .dir = (unsigned)pick(w, WORLD_DIRS)};
    uint64_t ino = look_dir(w, seen.dir), size;
    if (ino == 0)
        return;
    note(w, "list %s", w->dirs[seen.dir].base);
    expect_result(w, wire_list(w->wire, pick_pid(w), ino, see, &seen), 0);
    for (unsigned i = 0; i < WORLD_NAMES; i++) {
        const struct name *n = &w->names[i];
        expect(w, n->dir != seen.dir || seen.files[i] == visible(n, &size), "%s is%s listed",
               path_of(w, n), seen.files[i] ? "" : " not");
    }
    for (unsigned i = 1; i < WORLD_DIRS && seen.dir == 0; i++)
        expect(w, seen.dirs[i] == w->dirs[i].exists, "%s is%s listed", w->dirs[i].base,
               seen.dirs[i] ? "" : " not");
}

// ---- what the kernel forgets ----

void forget_some(struct world *w)
{
    struct name *n = &w->names[pick(w, WORLD_NAMES)];
    if (n->ino != 0 && !is_open(w, n->ino)) {
        note(w, "forget %s", path_of(w, n));
        inode_forget(w, n->ino);
        n->ino = 0;
        n->exact = false;
    }
    // Those whose names are gone.
    for (int i = 0; i < WORLD_INODES; i++) {
        uint64_t ino = w->inodes[i].ino;
        bool is_dir = false;
        for (int d = 0; d < WORLD_DIRS; d++)
            is_dir = is_dir || w->dirs[d].ino == ino;
        if (ino != 0 && !is_dir && name_of_inode(w, ino) == NULL && !is_open(w, ino))
            inode_forget(w, ino);
    }
}

// ---- directories ----

static bool has_visible(const struct world *w, unsigned dir)
{
    uint64_t size;
    for (int i = 0; i < WORLD_NAMES; i++) {
        if (w->names[i].dir == dir && visible(&w->names[i], &size))
            return true;
    }
    return false;
}

static bool is_written_below(const struct world *w, unsigned dir)
{
    for (int i = 0; i < WORLD_NAMES; i++) {
        if (w->names[i].dir == dir && w->names[i].live != NULL)
            return true;
    }
    return false;
}

static void make_dir(struct world *w, struct dir *dir)
{
    struct fuse_entry_out entry;
    note(w, "mkdir %s", dir->base);
    int rc = wire_mkdir(w->wire, pick_pid(w), FUSE_ROOT_ID, dir->base, &entry);
    expect_result(w, rc, dir->exists ? -EEXIST : 0);
    if (rc < 0)
        return;
    inode_note(w, entry.nodeid, entry.attr.size);
    dir->ino = entry.nodeid;
    dir->exists = true;
}

static void remove_dir(struct world *w, unsigned number)
{
    struct dir *dir = &w->dirs[number];
    bool full = has_visible(w, number);
    if (!full && is_written_below(w, number))
        return;
    note(w, "rmdir %s", dir->base);
    expect_result(w, wire_rmdir(w->wire, pick_pid(w), FUSE_ROOT_ID, dir->base),
                  full ? -ENOTEMPTY : 0);
    if (full)
        return;
    dir->exists = false;
    dir->ino = 0;
}

static void contents_move(struct world *w, unsigned dir)
{
    for (int i = 0; i < WORLD_NAMES; i++) {
        struct name *n = &w->names[i];
        if (n->dir != dir)
            continue;
        n->lost = false; // it stays with the old path
        inode_touch(w, n->ino);
        check_bucket(w, n);
    }
}

static void move_dir(struct world *w, unsigned number)
{
    struct dir *dir = &w->dirs[number];
    char to[32];
    snprintf(to, sizeof to, "w%ud%u.%u", w->number, number, dir->generation + 1);
    note(w, "rename %s to %s", dir->base, to);
    int rc = wire_rename(w->wire, pick_pid(w), FUSE_ROOT_ID, dir->base, FUSE_ROOT_ID, to);
    expect_result(w, rc, is_written_below(w, number) ? -EBUSY : 0);
    if (rc < 0)
        return;
    dir->generation++;
    snprintf(dir->base, sizeof dir->base, "%.23s", to);
    contents_move(w, number);
}

void change_dirs(struct world *w)
{
    unsigned number = 2 + (unsigned)pick(w, WORLD_DIRS - 2);
    struct dir *dir = &w->dirs[number];
    if (!dir->exists || pick(w, 4) == 0)
        make_dir(w, dir);
    else if (pick(w, 2) == 0)
        move_dir(w, number);
    else
        remove_dir(w, number);
}

void remove_all(struct world *w)
{
    for (int i = 0; i < WORLD_NAMES; i++)
        unlink_name(w, &w->names[i]);
    for (int i = 0; i < WORLD_NAMES; i++)
        content_set(&w->names[i].content, NULL);
    for (unsigned i = 2; i < WORLD_DIRS; i++) {
        if (w->dirs[i].exists)
            remove_dir(w, i);
    }
}
