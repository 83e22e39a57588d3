// The table of inodes, and the directories that S3 does not know. See fs_internal.h for the rules.
#include "fs/fs_internal.h"
#include "common/codec.h"
#include "common/err.h"
#include "common/log.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

// ---- life ----

static struct node *node_new(struct mount *m, const char *path, bool is_dir)
{
    struct node *node = calloc(1, sizeof *node);
    if (node == NULL || (node->path = strdup(path)) == NULL) {
        free(node);
        return NULL;
    }
    node->ino = m->next_ino++;
    node->is_dir = is_dir;
    HASH_ADD(by_ino, m->nodes_by_ino, ino, sizeof node->ino, node);
    HASH_ADD_KEYPTR(by_path, m->nodes_by_path, node->path, strlen(node->path), node);
    return node;
}

int node_table_init(struct mount *m)
{
    WITH_LOCK(&m->lock);
    m->next_ino = FUSE_ROOT_ID;
    struct node *root = node_new(m, "", true);
    if (root == NULL)
        return err_set(-ENOMEM, "out of memory");
    root->lookups = 1;
    return 0;
}

static void node_free_locked(struct mount *m, struct node *node)
{
    assert(node->writing == NULL);
    HASH_DELETE(by_ino, m->nodes_by_ino, node);
    if (node->path != NULL)
        HASH_DELETE(by_path, m->nodes_by_path, node);
    free(node->path);
    free(node);
}

static void free_if_unused_locked(struct mount *m, struct node *node)
{
    if (node->lookups == 0 && node->pins == 0)
        node_free_locked(m, node);
}

void node_table_free(struct mount *m)
{
    lock_take(&m->lock);
    struct node *node, *next;
    HASH_ITER (by_ino, m->nodes_by_ino, node, next) {
        node_free_locked(m, node);
    }
    struct known_dir *dir, *next_dir;
    HASH_ITER (hh, m->dirs, dir, next_dir) {
        HASH_DEL(m->dirs, dir);
        free(dir->path);
        free(dir);
    }
    HASH_ITER (hh, m->told, dir, next_dir) {
        HASH_DEL(m->told, dir);
        free(dir->path);
        free(dir);
    }
    struct lost_file *lost, *next_lost;
    HASH_ITER (hh, m->lost, lost, next_lost) {
        HASH_DEL(m->lost, lost);
        free(lost->path);
        free(lost);
    }
    lock_give(&m->lock);
}

struct node *node_pin(struct mount *m, fuse_ino_t ino)
{
    WITH_LOCK(&m->lock);
    struct node *node;
    HASH_FIND(by_ino, m->nodes_by_ino, &ino, sizeof ino, node);
    if (node != NULL)
        node->pins++;
    return node;
}

void node_unpin(struct mount *m, struct node *node)
{
    if (node == NULL)
        return;
    WITH_LOCK(&m->lock);
    node_unpin_locked(m, node);
}

void node_unpin_locked(struct mount *m, struct node *node)
{
    assert(lock_is_mine(&m->lock) && node->pins > 0);
    node->pins--;
    free_if_unused_locked(m, node);
}

struct node *node_find_path_locked(struct mount *m, const char *path)
{
    assert(lock_is_mine(&m->lock));
    struct node *node;
    HASH_FIND(by_path, m->nodes_by_path, path, strlen(path), node);
    return node;
}

int node_obtain_locked(struct mount *m, const char *path, bool is_dir, struct node **out)
{
    struct node *node = node_find_path_locked(m, path);
    if (node != NULL && node->is_dir != is_dir) {
        node_detach_locked(m, node); // somebody else made the one the other
        free_if_unused_locked(m, node);
        node = NULL;
    }
    if (node == NULL)
        node = node_new(m, path, is_dir);
    if (node == NULL)
        return err_set(-ENOMEM, "out of memory");
    node->pins++;
    *out = node;
    return 0;
}

void node_remember_locked(struct node *node)
{
    node->lookups++;
}

void node_forget(struct mount *m, fuse_ino_t ino, uint64_t lookups)
{
    WITH_LOCK(&m->lock);
    struct node *node;
    HASH_FIND(by_ino, m->nodes_by_ino, &ino, sizeof ino, node);
    if (node == NULL || ino == FUSE_ROOT_ID)
        return;
    node->lookups -= lookups < node->lookups ? lookups : node->lookups;
    free_if_unused_locked(m, node);
}

// ---- names ----

void node_detach_locked(struct mount *m, struct node *node)
{
    if (node->path == NULL)
        return;
    HASH_DELETE(by_path, m->nodes_by_path, node);
    free(TAKE(node->path));
}

int node_rename_locked(struct mount *m, struct node *node, const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return err_set(-ENOMEM, "out of memory");
    struct node *there = node_find_path_locked(m, path);
    if (there != NULL && there != node)
        node_detach_locked(m, there);
    node_detach_locked(m, node);
    node->path = copy;
    HASH_ADD_KEYPTR(by_path, m->nodes_by_path, node->path, strlen(node->path), node);
    return 0;
}

bool path_is_below(const char *path, const char *dir)
{
    size_t len = strlen(dir);
    return strncmp(path, dir, len) == 0 && path[len] == '/';
}

int node_rename_tree_locked(struct mount *m, const char *from, const char *to)
{
    struct node *node, *next;
    HASH_ITER (by_ino, m->nodes_by_ino, node, next) {
        if (node->path == NULL ||
            (strcmp(node->path, from) != 0 && !path_is_below(node->path, from)))
            continue;
        AUTO_FREE char *path = NULL;
        if (asprintf(&path, "%s%s", to, node->path + strlen(from)) < 0) {
            path = NULL;
            return err_set(-ENOMEM, "out of memory");
        }
        int rc = node_rename_locked(m, node, path);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int node_path(struct mount *m, struct node *node, char **out)
{
    WITH_LOCK(&m->lock);
    if (node->path == NULL)
        return err_set(-ESTALE, "the file was removed");
    *out = strdup(node->path);
    return *out != NULL ? 0 : err_set(-ENOMEM, "out of memory");
}

// ---- paths ----

int path_join(struct mount *m, const char *parent, const char *name, char **out)
{
    if (strlen(name) > FS_NAME_MAX)
        return err_set(-ENAMETOOLONG, "'%s' is longer than %d bytes", name, FS_NAME_MAX);
    if (!utf8_valid(name))
        return err_set(-EOPNOTSUPP, "this name is not UTF-8, as S3's names are");
    int len = asprintf(out, "%s%s%s", parent, *parent != '\0' ? "/" : "", name);
    if (len < 0) {
        *out = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    if (strlen(m->config.prefix) + (size_t)len > STORE_KEY_MAX) {
        free(TAKE(*out));
        return err_set(-ENAMETOOLONG, "the key would be longer than S3's %d bytes", STORE_KEY_MAX);
    }
    return 0;
}

bool path_can_be_dir(struct mount *m, const char *path)
{
    return strlen(m->config.prefix) + strlen(path) + 1 <= STORE_KEY_MAX;
}

int path_key(struct mount *m, const char *path, char **out)
{
    if (asprintf(out, "%s%s", m->config.prefix, path) < 0) {
        *out = NULL;
        return err_set(-ENOMEM, "out of memory");
    }
    return 0;
}

char *path_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? strndup(path, (size_t)(slash - path)) : strdup("");
}

int path_of_child_locked(struct mount *m, fuse_ino_t parent, const char *name, char **out)
{
    struct node *node;
    HASH_FIND(by_ino, m->nodes_by_ino, &parent, sizeof parent, node);
    if (node == NULL || node->path == NULL)
        return err_set(-ESTALE, "the directory is gone");
    return path_join(m, node->path, name, out);
}

int path_of_child(struct mount *m, fuse_ino_t parent, const char *name, char **out)
{
    WITH_LOCK(&m->lock);
    return path_of_child_locked(m, parent, name, out);
}

// ---- directories in memory ----

static struct known_dir *find_dir_locked(struct mount *m, const char *path)
{
    struct known_dir *dir;
    HASH_FIND_STR(m->dirs, path, dir);
    return dir;
}

bool dir_known_locked(struct mount *m, const char *path)
{
    return *path == '\0' || find_dir_locked(m, path) != NULL;
}

int dir_know_locked(struct mount *m, const char *path)
{
    if (dir_known_locked(m, path))
        return 0;
    struct known_dir *dir = calloc(1, sizeof *dir);
    if (dir == NULL || (dir->path = strdup(path)) == NULL) {
        free(dir);
        return err_set(-ENOMEM, "out of memory");
    }
    HASH_ADD_KEYPTR(hh, m->dirs, dir->path, strlen(dir->path), dir);
    return 0;
}

void dir_unknow_locked(struct mount *m, const char *path)
{
    struct known_dir *dir = find_dir_locked(m, path);
    if (dir == NULL)
        return;
    HASH_DEL(m->dirs, dir);
    free(dir->path);
    free(dir);
}

void tell_both(struct mount *m, const char *dir, const char *name)
{
    AUTO_FREE char *path = NULL;
    if (asprintf(&path, "%s%s%s", dir, *dir != '\0' ? "/" : "", name) < 0) {
        path = NULL;
        return;
    }
    if (tell_once(m, path))
        log_warn("%s%s: there is an object and a directory of this name; the directory is shown",
                 m->config.prefix, path);
}

bool tell_once(struct mount *m, const char *text)
{
    WITH_LOCK(&m->lock);
    struct known_dir *known;
    HASH_FIND_STR(m->told, text, known);
    if (known != NULL || HASH_COUNT(m->told) >= FS_TOLD_MAX)
        return false;
    known = calloc(1, sizeof *known);
    if (known == NULL || (known->path = strdup(text)) == NULL) {
        free(known);
        return false;
    }
    HASH_ADD_KEYPTR(hh, m->told, known->path, strlen(known->path), known);
    return true;
}
