#include "common/secret.h"
#include "common/err.h"
#include "common/log.h"

#include <assert.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

struct secret {
    atomic_uint references;
    size_t size;
    uint8_t *bytes; // sodium_malloc: guarded, locked if the system lets us
};

int secret_init(void)
{
    if (sodium_init() < 0)
        return err_set(-EIO, "libsodium could not start: the system gives no randomness");
    return 0;
}

int secret_new(struct secret **out, size_t size)
{
    assert(size > 0);
    struct secret *s = calloc(1, sizeof *s);
    if (s == NULL)
        return err_set(-ENOMEM, "out of memory for a key");
    s->bytes = sodium_malloc(
        size); // locks too; a refusal of the lock is found at start (process hardening)
    if (s->bytes == NULL) {
        free(s);
        return err_set(-ENOMEM, "no guarded memory for a key of %zu bytes", size);
    }
    memset(s->bytes, 0, size);
    s->size = size;
    atomic_init(&s->references, 1);
    *out = s;
    return 0;
}

int secret_from(struct secret **out, const void *data, size_t size)
{
    int rc = secret_new(out, size);
    if (rc == 0)
        memcpy((*out)->bytes, data, size);
    return rc;
}

int secret_random(struct secret **out, size_t size)
{
    int rc = secret_new(out, size);
    if (rc == 0)
        randombytes_buf((*out)->bytes, size);
    return rc;
}

struct secret *secret_acquire(struct secret *s)
{
    unsigned before = atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
    assert(before > 0);
    return s;
}

void secret_release(struct secret *s)
{
    if (s == NULL)
        return;
    // Release orders our last use before the decrement, acquire the wipe after everybody's.
    unsigned before = atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before > 1)
        return;
    sodium_free(s->bytes); // wipes
    free(s);
}

const uint8_t *secret_bytes(const struct secret *s)
{
    return s->bytes;
}

uint8_t *secret_fill(struct secret *s)
{
    return s->bytes;
}

size_t secret_size(const struct secret *s)
{
    return s->size;
}

void secret_wipe(void *memory, size_t size)
{
    sodium_memzero(memory, size);
}

int secret_equal(const void *a, const void *b, size_t size)
{
    return sodium_memcmp(a, b, size) == 0;
}

void secret_random_bytes(void *out, size_t size)
{
    randombytes_buf(out, size);
}
