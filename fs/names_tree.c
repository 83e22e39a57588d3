// Rename of a directory: every object below it is copied by the server, then every source goes. The
// kernel holds both directories meanwhile, so it is for directories of a bounded number of objects.
#include "fs/fs_internal.h"
#include "common/err.h"
#include "common/log.h"
#include "object/parallel.h"

#include <stdio.h>
#include <string.h>

#define TREE_THREADS 16 // requests at once

struct tree_entry {
    char *name;         // below the directory, with what follows its '/'; owned
    struct moved moved; // to_etag "": no copy was made
};

struct tree {
    const struct renaming *renaming;
    struct tree_entry *entries; // owned
    size_t count;
    size_t prefix_len;
};

static void tree_clear(struct tree *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->entries[i].name);
    free(t->entries);
}

static int tree_add(void *context, const struct store_listed *entry)
{
    struct tree *t = context;
    if (write_once(t->renaming->mount))
        return write_once_refuse(entry->key);
    if (t->count == FS_DIR_RENAME_MAX) {
        log_info("%s: one of more than %d objects of a directory: rename answers EXDEV, so mv "
                 "copies",
                 entry->key, FS_DIR_RENAME_MAX);
        return err_set(-EXDEV, "the directory holds more than %d objects", FS_DIR_RENAME_MAX);
    }
    if (entry->size > t->renaming->mount->config.rename_copy_max)
        return rename_refuse_large(t->renaming->mount, entry->key, entry->size);
    struct tree_entry *e = &t->entries[t->count];
    *e = (struct tree_entry){.name = strdup(entry->key + t->prefix_len)};
    if (e->name == NULL)
        return err_set(-ENOMEM, "out of memory");
    t->count++;
    return 0;
}

static int list_tree(const char *path, struct tree *t)
{
    AUTO_FREE char *prefix = NULL;
    struct mount *m = t->renaming->mount;
    struct store *store = volume_store(m->volume);
    t->entries = calloc(FS_DIR_RENAME_MAX, sizeof *t->entries);
    if (t->entries == NULL || asprintf(&prefix, "%s%s/", m->config.prefix, path) < 0) {
        prefix = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    t->prefix_len = strlen(prefix);
    return store->ops->list(store, prefix, '\0', 0, tree_add, t);
}

static int check_nothing_written_below_locked(struct mount *m, const char *path)
{
    struct node *node, *next;
    HASH_ITER (by_ino, m->nodes_by_ino, node, next) {
        bool below = node->path != NULL && path_is_below(node->path, path);
        if (below && (node->writing != NULL || node->claimed))
            return err_set(-EBUSY, "%s is being written", node->path);
    }
    return 0;
}

static int begin_move(struct mount *m, struct moving *moving)
{
    WITH_LOCK(&m->lock);
    int rc = check_nothing_written_below_locked(m, moving->from);
    if (rc < 0)
        return rc;
    moving->next = m->moving;
    m->moving = moving;
    return 0;
}

static void end_move_locked(struct mount *m, struct moving *moving)
{
    struct moving **at = &m->moving;
    while (*at != moving)
        at = &(*at)->next;
    *at = moving->next;
    pthread_cond_broadcast(&m->changed);
}

static int tree_key(const struct tree *t, const char *dir, size_t index, char **out)
{
    const char *prefix = t->renaming->mount->config.prefix;
    if (asprintf(out, "%s%s/%s", prefix, dir, t->entries[index].name) < 0) {
        *out = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    return strlen(*out) > STORE_KEY_MAX
               ? err_set(-ENAMETOOLONG, "%s would be longer than S3's %d bytes", *out,
                         STORE_KEY_MAX)
               : 0;
}

static int copy_entry(void *context, size_t index)
{
    struct tree *t = context;
    AUTO_FREE char *source = NULL;
    AUTO_FREE char *target = NULL;
    int rc = tree_key(t, t->renaming->from, index, &source);
    if (rc == 0)
        rc = tree_key(t, t->renaming->to, index, &target);
    if (rc == 0)
        rc = rename_copy_object(t->renaming, source, target, NULL, &t->entries[index].moved);
    return rc;
}

static int remove_entry(void *context, size_t index)
{
    struct tree *t = context;
    struct mount *m = t->renaming->mount;
    struct store *store = volume_store(m->volume);
    size_t prefix_len = strlen(m->config.prefix);
    AUTO_FREE char *source = NULL;
    AUTO_FREE char *target = NULL;
    int rc = tree_key(t, t->renaming->from, index, &source);
    if (rc == 0)
        rc = tree_key(t, t->renaming->to, index, &target);
    if (rc == 0)
        rc = rename_carry(m, source + prefix_len, target + prefix_len, &t->entries[index].moved);
    return rc == 0 ? store->ops->remove(store, source) : rc;
}

// Takes a copy back, if it is still the one that was made.
static int remove_copy(void *context, size_t index)
{
    struct tree *t = context;
    struct store *store = volume_store(t->renaming->mount->volume);
    AUTO_FREE char *target = NULL;
    AUTO_STORE_OBJECT struct store_object object = {0};
    if (t->entries[index].moved.to_etag[0] == '\0')
        return 0;
    int rc = tree_key(t, t->renaming->to, index, &target);
    if (rc == 0)
        rc = store->ops->head(store, target, &object);
    if (rc == 0 && strcmp(object.etag, t->entries[index].moved.to_etag) == 0)
        rc = store->ops->remove(store, target);
    return rc == -ENOENT ? 0 : rc;
}

static int take_copies_back(struct tree *t, int rc)
{
    struct err_saved cause;
    err_save(&cause, rc);
    if (parallel_run(TREE_THREADS, t->count, remove_copy, t) < 0)
        log_warn("%s: the directory could not be renamed, and copies of its files are left in %s: "
                 "%s",
                 t->renaming->from, t->renaming->to, err_text());
    return err_restore(&cause);
}

// All copies first, then all removals: whatever fails, nothing is missing at the source.
static int move_tree(struct tree *t)
{
    int rc = parallel_run(TREE_THREADS, t->count, copy_entry, t);
    return rc < 0 ? take_copies_back(t, rc) : parallel_run(TREE_THREADS, t->count, remove_entry, t);
}

struct first_entry {
    const char *prefix;
    bool any;
};

static int note_first(void *context, const struct store_listed *entry)
{
    struct first_entry *first = context;
    first->any |= strcmp(entry->key, first->prefix) != 0; // a marker of the directory itself
    return 0;
}

static int check_target_dir(struct mount *m, const char *path)
{
    AUTO_FREE char *prefix = NULL;
    struct first_entry first = {0};
    struct store *store = volume_store(m->volume);
    if (asprintf(&prefix, "%s%s/", m->config.prefix, path) < 0) {
        prefix = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    first.prefix = prefix;
    int rc = store->ops->list(store, prefix, '\0', 2, note_first, &first);
    return rc == 0 && first.any ? err_set(-ENOTEMPTY, "the directory is not empty") : rc;
}

static int rename_known_dirs_locked(struct mount *m, const char *from, const char *to)
{
    size_t len = strlen(from);
    struct known_dir *dir, *next;
    HASH_ITER (hh, m->dirs, dir, next) {
        if (strncmp(dir->path, from, len) != 0 || (dir->path[len] != '/' && dir->path[len] != '\0'))
            continue;
        AUTO_FREE char *path = NULL;
        if (asprintf(&path, "%s%s", to, dir->path + len) < 0) {
            path = NULL;
            return err_set(-ENOMEM, "out of memory");
        }
        HASH_DEL(m->dirs, dir);
        free(dir->path);
        free(dir);
        int rc = dir_know_locked(m, path);
        if (rc < 0)
            return rc;
    }
    return dir_know_locked(m, to);
}

static int move_dir(const struct renaming *r)
{
    struct tree tree = {.renaming = r};
    int rc = check_target_dir(r->mount, r->to);
    if (rc == 0 && r->noreplace)
        rc = rename_check_nothing_there(r);
    if (rc == 0)
        rc = list_tree(r->from, &tree);
    if (rc == 0)
        rc = move_tree(&tree);
    tree_clear(&tree);
    return rc;
}

int rename_dir(const struct renaming *r)
{
    struct mount *m = r->mount;
    struct moving moving = {.from = r->from, .to = r->to};
    if (!path_can_be_dir(m, r->to))
        return err_set(-ENAMETOOLONG, "the key of a file in it would be longer than S3's %d bytes",
                       STORE_KEY_MAX);
    int rc = begin_move(m, &moving);
    if (rc < 0)
        return rc;
    rc = move_dir(r);
    WITH_LOCK(&m->lock);
    if (rc == 0)
        rc = node_rename_tree_locked(m, r->from, r->to);
    if (rc == 0)
        rc = rename_known_dirs_locked(m, r->from, r->to);
    if (rc == 0)
        rc = keep_parent_locked(m, r->from);
    end_move_locked(m, &moving);
    return rc;
}
