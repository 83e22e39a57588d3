// What became of files that are closed, for whoever asks later (rdsbak status): the last ones that
// are in S3, and the last ones that are not. What became good later is no failure any more.
#include "fs/fs_internal.h"
#include "common/clock.h"

#include <assert.h>
#include <string.h>

static void drop_at(struct outcomes *o, unsigned index)
{
    free(o->items[index].path);
    free(o->items[index].reason);
    memmove(&o->items[index], &o->items[index + 1], (o->count - index - 1) * sizeof *o->items);
    o->count--;
}

static void drop_path(struct outcomes *o, const char *path)
{
    for (unsigned i = o->count; i-- > 0;) {
        if (strcmp(o->items[i].path, path) == 0)
            drop_at(o, i);
    }
}

void outcome_forget_locked(struct mount *m, const char *path)
{
    drop_path(&m->failed, path);
    drop_path(&m->committed, path);
}

static void move(struct outcomes *o, const char *from, const char *to)
{
    for (unsigned i = 0; i < o->count; i++) {
        char *path = strcmp(o->items[i].path, from) == 0 ? strdup(to) : NULL;
        if (path == NULL)
            continue;
        free(o->items[i].path);
        o->items[i].path = path;
    }
}

void outcome_rename_locked(struct mount *m, const char *from, const char *to)
{
    outcome_forget_locked(m, to);
    move(&m->failed, from, to);
    move(&m->committed, from, to);
}

void outcomes_clear(struct outcomes *o)
{
    while (o->count > 0)
        drop_at(o, o->count - 1);
}

static void add(struct outcomes *o, const struct outcome *made)
{
    struct outcome item = *made;
    item.path = strdup(made->path);
    item.reason = strdup(made->reason != NULL ? made->reason : "");
    if (item.path == NULL || item.reason == NULL) {
        free(item.path);
        free(item.reason);
        return; // the log has it
    }
    drop_path(o, item.path);
    if (o->count == FS_OUTCOMES_MAX)
        drop_at(o, 0);
    o->items[o->count++] = item;
}

void outcome_note_locked(struct mount *m, const struct node *node, const struct writing *writing,
                         struct writer_status *s)
{
    assert(lock_is_mine(&m->lock));
    bool failed = s->failure.code != 0;
    if (node->path == NULL || writing->unlinked || (!failed && s->parts == 0))
        return;
    const struct outcome made = {
        .path = node->path,
        .code = s->failure.code,
        .reason = failed ? s->failure.text : NULL,
        .heard = writing->heard,
        .bytes = failed ? s->written : s->bytes,
        .in_s3 = s->bytes,
        .closed_ms = clock_wall_ms(),
        .opened_ms = writing->opened_ms,
        .uid = writing->uid,
        .writer = writing->opener,
    };
    outcome_forget_locked(m, node->path); // one line a name: the last that became of it
    add(failed ? &m->failed : &m->committed, &made);
}
