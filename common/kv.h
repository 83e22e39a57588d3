// An ordered map of strings: user metadata, encryption contexts, query arguments. Small (tens of
// entries), linear. Not shared between threads unless immutable.
#ifndef COMMON_KV_H
#define COMMON_KV_H

#include "common/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

struct kv_pair {
    char *name;  // owned
    char *value; // owned
};

struct kv {
    struct kv_pair *pairs;
    size_t count;
};

// Adds or replaces; copies both. 0 or -ENOMEM.
int kv_set(struct kv *kv, const char *name, const char *value) MUST_CHECK;
// The value, or NULL. Names are compared byte for byte.
const char *kv_get(const struct kv *kv, const char *name);
void kv_remove(struct kv *kv, const char *name);
int kv_copy(struct kv *to, const struct kv *from) MUST_CHECK; // to is cleared first
void kv_sort(struct kv *kv);                                  // by name, bytewise
bool kv_equal(const struct kv *a, const struct kv *b);        // same pairs in any order
void kv_clear(struct kv *kv);

#define AUTO_KV CLEANUP(kv_clear)
#define KV_EACH(kv, pair)                                                                          \
    for (const struct kv_pair *pair = (kv)->pairs;                                                 \
         pair != NULL && pair < (kv)->pairs + (kv)->count; pair++) // NULL + 0 is undefined in C

#endif
