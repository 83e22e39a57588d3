#include "common/kv.h"
#include "common/err.h"

#include <string.h>

static struct kv_pair *find(const struct kv *kv, const char *name)
{
    for (size_t i = 0; i < kv->count; i++) {
        if (strcmp(kv->pairs[i].name, name) == 0)
            return &kv->pairs[i];
    }
    return NULL;
}

int kv_set(struct kv *kv, const char *name, const char *value)
{
    AUTO_FREE char *value_copy = strdup(value);
    if (value_copy == NULL)
        return err_set(-ENOMEM, "out of memory");
    struct kv_pair *pair = find(kv, name);
    if (pair != NULL) {
        free(pair->value);
        pair->value = TAKE(value_copy);
        return 0;
    }
    AUTO_FREE char *name_copy = strdup(name);
    if (name_copy == NULL)
        return err_set(-ENOMEM, "out of memory");
    struct kv_pair *pairs = reallocarray(kv->pairs, kv->count + 1, sizeof *pairs);
    if (pairs == NULL)
        return err_set(-ENOMEM, "out of memory");
    kv->pairs = pairs;
    pairs[kv->count].name = TAKE(name_copy);
    pairs[kv->count].value = TAKE(value_copy);
    kv->count++;
    return 0;
}

const char *kv_get(const struct kv *kv, const char *name)
{
    const struct kv_pair *pair = find(kv, name);
    return pair != NULL ? pair->value : NULL;
}

void kv_remove(struct kv *kv, const char *name)
{
    struct kv_pair *pair = find(kv, name);
    if (pair == NULL)
        return;
    free(pair->name);
    free(pair->value);
    size_t index = (size_t)(pair - kv->pairs);
    memmove(pair, pair + 1, (kv->count - index - 1) * sizeof *pair);
    kv->count--;
}

int kv_copy(struct kv *to, const struct kv *from)
{
    kv_clear(to);
    KV_EACH (from, pair) {
        int rc = kv_set(to, pair->name, pair->value);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct kv_pair *)a)->name, ((const struct kv_pair *)b)->name);
}

void kv_sort(struct kv *kv)
{
    if (kv->count > 1)
        qsort(kv->pairs, kv->count, sizeof *kv->pairs, by_name);
}

bool kv_equal(const struct kv *a, const struct kv *b)
{
    if (a->count != b->count)
        return false;
    KV_EACH (a, pair) {
        const char *value = kv_get(b, pair->name);
        if (value == NULL || strcmp(value, pair->value) != 0)
            return false;
    }
    return true;
}

void kv_clear(struct kv *kv)
{
    for (size_t i = 0; i < kv->count; i++) {
        free(kv->pairs[i].name);
        free(kv->pairs[i].value);
    }
    free(kv->pairs);
    *kv = (struct kv){0};
}
