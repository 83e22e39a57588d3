#include "fs/listing.h"
#include "common/codec.h"
#include "common/err.h"
#include "common/log.h"

#include <stdio.h>
#include <string.h>

void listing_free(struct listing *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->count; i++)
        free(l->entries[i].name);
    free(l->entries);
    free(l->hidden_first);
    free(l);
}

static int listing_add(struct listing *l, const char *name, size_t len, bool is_dir)
{
    if (l->count == FS_LISTING_MAX)
        return err_set(-ENOMEM, "the directory has more than %d entries", FS_LISTING_MAX);
    if (l->count == l->room) {
        size_t room = l->room == 0 ? 64 : l->room * 2;
        struct listing_entry *entries = reallocarray(l->entries, room, sizeof *entries);
        if (entries == NULL)
            return err_set(-ENOMEM, "out of memory for a directory of more than %zu entries",
                           l->count);
        l->entries = entries;
        l->room = room;
    }
    char *copy = strndup(name, len);
    if (copy == NULL)
        return err_set(-ENOMEM, "out of memory");
    l->entries[l->count++] = (struct listing_entry){.name = copy, .is_dir = is_dir};
    return 0;
}

static bool is_usable_name(const char *name, size_t len)
{
    bool dots = (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
    return len > 0 && len <= FS_NAME_MAX && !dots && utf8_valid(name);
}

static int add_listed(void *context, const struct store_listed *listed)
{
    struct listing *l = context;
    const char *name = listed->key + l->prefix_len;
    size_t len = strlen(name);
    if (listed->is_prefix && len > 0)
        len--; // the '/'
    if (*name == '\0')
        return 0; // a marker object of the directory itself
    if (!is_usable_name(name, len)) {
        if (l->hidden++ == 0)
            l->hidden_first = strdup(listed->key); // NULL: the log does without
        return 0;
    }
    return listing_add(l, name, len, listed->is_prefix);
}

// Adds path if it is directly in dir ("" the root).
static int add_child(struct listing *l, const char *dir, const char *path, bool is_dir)
{
    size_t len = strlen(dir);
    if (*path == '\0' || strncmp(path, dir, len) != 0)
        return 0;
    const char *name = path + len;
    if (len > 0 && *name++ != '/')
        return 0;
    const char *slash = strchr(name, '/');
    // A directory that is known deeper shows as its first part.
    return slash == NULL ? listing_add(l, name, strlen(name), is_dir)
                         : listing_add(l, name, (size_t)(slash - name), true);
}

static bool is_visible_locked(struct node *node)
{
    struct writer_status status;
    return node->path != NULL && live_writing_locked(node, &status);
}

static int add_ours(struct mount *m, struct listing *l, const char *dir)
{
    WITH_LOCK(&m->lock);
    int rc = 0;
    struct known_dir *known, *next_known;
    HASH_ITER (hh, m->dirs, known, next_known) {
        if (rc == 0)
            rc = add_child(l, dir, known->path, true);
    }
    struct node *node, *next;
    HASH_ITER (by_ino, m->nodes_by_ino, node, next) {
        if (rc == 0 && is_visible_locked(node))
            rc = add_child(l, dir, node->path, false);
    }
    return rc;
}

// By name, the directory first where both exist.
static int compare_entries(const void *a, const void *b)
{
    const struct listing_entry *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : (int)y->is_dir - (int)x->is_dir;
}

static void sort_and_merge(struct mount *m, struct listing *l, const char *dir)
{
    if (l->count == 0)
        return;
    qsort(l->entries, l->count, sizeof *l->entries, compare_entries);
    size_t kept = 1;
    for (size_t i = 1; i < l->count; i++) {
        struct listing_entry *last = &l->entries[kept - 1], *next = &l->entries[i];
        if (strcmp(next->name, last->name) != 0) {
            l->entries[kept++] = *next;
            continue;
        }
        if (last->is_dir && !next->is_dir)
            tell_both(m, dir, last->name);
        free(next->name);
    }
    l->count = kept;
}

// "a//b", "./a", "../a", names that are too long: S3 has them, a file system cannot.
static void tell_hidden(struct mount *m, const struct listing *l, const char *prefix)
{
    if (l->hidden > 0 && l->hidden_first != NULL && tell_once(m, l->hidden_first))
        log_warn(
            "%s: %zu that S3 has here are not shown, because no file can have such a name: %s%s",
            prefix, l->hidden, l->hidden_first, l->hidden > 1 ? " ..." : "");
}

int listing_new(struct mount *m, const char *path, struct listing **out)
{
    CLEANUP(listing_freep) struct listing *l = calloc(1, sizeof *l);
    AUTO_FREE char *prefix = NULL;
    if (l == NULL ||
        asprintf(&prefix, "%s%s%s", m->config.prefix, path, *path != '\0' ? "/" : "") < 0) {
        prefix = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    l->prefix_len = strlen(prefix);
    struct store *store = volume_store(m->volume);
    int rc = listing_add(l, ".", 1, true);
    if (rc == 0)
        rc = listing_add(l, "..", 2, true);
    if (rc == 0)
        rc = store->ops->list(store, prefix, '/', 0, add_listed, l);
    if (rc == 0)
        rc = add_ours(m, l, path);
    if (rc < 0)
        return rc;
    sort_and_merge(m, l, path);
    tell_hidden(m, l, prefix);
    *out = TAKE(l);
    return 0;
}
