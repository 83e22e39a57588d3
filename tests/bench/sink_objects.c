// See sink_objects.h.
#include "sink_objects.h"
#include "control.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct upload {
    uint64_t id;
    struct object *object; // not in the list yet; pieces[number - 1]
    struct upload *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
// guarded by lock
static struct object *objects;
static struct upload *uploads;
static struct piece *pool;
static uint64_t serial;

// ---- pieces

static struct piece *take_from_pool(size_t size)
{
    pthread_mutex_lock(&lock);
    struct piece **at = &pool;
    while (*at != NULL && ((*at)->room < size || (*at)->room > size + size / 8 + 65536))
        at = &(*at)->next;
    struct piece *piece = *at;
    if (piece != NULL)
        *at = piece->next;
    pthread_mutex_unlock(&lock);
    return piece;
}

struct piece *piece_new(size_t size)
{
    struct piece *piece = take_from_pool(size);
    if (piece == NULL) {
        piece = calloc(1, sizeof *piece);
        if (piece == NULL)
            control_die("memory");
        piece->room = size > 0 ? size : 1;
        piece->bytes = mmap(NULL, piece->room, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (piece->bytes == MAP_FAILED)
            control_die("memory");
    }
    piece->size = size;
    atomic_store(&piece->references, 1);
    return piece;
}

void piece_release(struct piece *piece)
{
    if (piece == NULL || atomic_fetch_sub(&piece->references, 1) > 1)
        return;
    pthread_mutex_lock(&lock);
    piece->next = pool;
    pool = piece;
    pthread_mutex_unlock(&lock);
}

// ---- objects

static struct object *object_new(const char *key, const char *meta)
{
    struct object *object = calloc(1, sizeof *object);
    if (object == NULL)
        control_die("memory");
    snprintf(object->key, sizeof object->key, "%s", key);
    snprintf(object->meta, sizeof object->meta, "%s", meta);
    atomic_init(&object->references, 1);
    return object;
}

void object_release(struct object *object)
{
    if (object == NULL || atomic_fetch_sub(&object->references, 1) > 1)
        return;
    for (size_t i = 0; i < object->count; i++)
        piece_release(object->pieces[i]);
    free(object);
}

static struct object **place_of(const char *key)
{
    struct object **at = &objects;
    while (*at != NULL && strcmp((*at)->key, key) < 0)
        at = &(*at)->next;
    return at;
}

static bool is_at(struct object *const *at, const char *key)
{
    return *at != NULL && strcmp((*at)->key, key) == 0;
}

static void store(struct object *object)
{
    struct object *old = NULL;
    pthread_mutex_lock(&lock);
    struct object **at = place_of(object->key);
    if (is_at(at, object->key)) {
        old = *at;
        *at = old->next;
    }
    object->next = *at;
    *at = object;
    pthread_mutex_unlock(&lock);
    object_release(old);
}

static void name_etag(char etag[static 64], size_t parts)
{
    pthread_mutex_lock(&lock);
    uint64_t number = ++serial;
    pthread_mutex_unlock(&lock);
    int len = snprintf(etag, 64, "%032" PRIx64, number);
    if (parts > 0)
        snprintf(etag + len, 64 - (size_t)len, "-%zu", parts);
}

void object_put(const char *key, const char *meta, struct piece *piece, char etag[static 64])
{
    struct object *object = object_new(key, meta);
    name_etag(object->etag, 0);
    memcpy(etag, object->etag, sizeof object->etag);
    object->size = piece->size;
    object->pieces[0] = piece;
    object->count = 1;
    store(object);
}

struct object *object_find(const char *key)
{
    pthread_mutex_lock(&lock);
    struct object **at = place_of(key);
    struct object *object = is_at(at, key) ? *at : NULL;
    if (object != NULL)
        atomic_fetch_add(&object->references, 1);
    pthread_mutex_unlock(&lock);
    return object;
}

void object_remove(const char *key)
{
    struct object *object = NULL;
    pthread_mutex_lock(&lock);
    struct object **at = place_of(key);
    if (is_at(at, key)) {
        object = *at;
        *at = object->next;
    }
    pthread_mutex_unlock(&lock);
    object_release(object);
}

static void print_escaped(FILE *out, const char *text, size_t len)
{
    static const char PLAIN[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\0' && strchr(PLAIN, text[i]) != NULL)
            fputc(text[i], out);
        else
            fprintf(out, "%%%02X", (unsigned char)text[i]);
    }
}

static void print_object(FILE *out, const struct object *object)
{
    fputs("<Contents><Key>", out);
    print_escaped(out, object->key, strlen(object->key));
    fprintf(out,
            "</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified><ETag>&quot;%s&quot;"
            "</ETag><Size>%" PRIu64 "</Size></Contents>",
            object->etag, object->size);
}

void objects_list(FILE *out, const char *prefix, char delimiter)
{
    size_t prefix_len = strlen(prefix), group_len = 0;
    const char *group = NULL; // the common prefix printed last
    pthread_mutex_lock(&lock);
    for (struct object *o = objects; o != NULL; o = o->next) {
        if (strncmp(o->key, prefix, prefix_len) != 0 ||
            (group != NULL && strncmp(o->key, group, group_len) == 0))
            continue;
        const char *end = delimiter != '\0' ? strchr(o->key + prefix_len, delimiter) : NULL;
        if (end == NULL) {
            print_object(out, o);
            continue;
        }
        group = o->key;
        group_len = (size_t)(end - o->key) + 1;
        fputs("<CommonPrefixes><Prefix>", out);
        print_escaped(out, group, group_len);
        fputs("</Prefix></CommonPrefixes>", out);
    }
    pthread_mutex_unlock(&lock);
}

// ---- uploads

uint64_t upload_create(const char *key, const char *meta)
{
    struct upload *upload = calloc(1, sizeof *upload);
    if (upload == NULL)
        control_die("memory");
    upload->object = object_new(key, meta);
    pthread_mutex_lock(&lock);
    upload->id = ++serial;
    upload->next = uploads;
    uploads = upload;
    pthread_mutex_unlock(&lock);
    return upload->id;
}

static struct upload **place_of_upload(uint64_t id)
{
    struct upload **at = &uploads;
    while (*at != NULL && (*at)->id != id)
        at = &(*at)->next;
    return at;
}

bool upload_part(uint64_t id, unsigned number, struct piece *piece, char etag[static 64])
{
    struct piece *old = piece; // given back if there is no such upload
    name_etag(etag, 0);
    pthread_mutex_lock(&lock);
    struct upload *upload = *place_of_upload(id);
    if (upload != NULL) {
        struct object *object = upload->object;
        old = object->pieces[number - 1];
        object->pieces[number - 1] = piece;
        if (number > object->count)
            object->count = number;
    }
    pthread_mutex_unlock(&lock);
    piece_release(old);
    return upload != NULL;
}

static struct object *take_upload(uint64_t id)
{
    pthread_mutex_lock(&lock);
    struct upload **at = place_of_upload(id);
    struct upload *upload = *at;
    struct object *object = NULL;
    if (upload != NULL) {
        *at = upload->next;
        object = upload->object;
        free(upload);
    }
    pthread_mutex_unlock(&lock);
    return object;
}

bool upload_complete(uint64_t id, char etag[static 64])
{
    struct object *object = take_upload(id);
    if (object == NULL)
        return false;
    size_t count = 0;
    for (size_t i = 0; i < object->count; i++) {
        if (object->pieces[i] == NULL)
            continue; // a number that was not used
        object->size += object->pieces[i]->size;
        object->pieces[count++] = object->pieces[i];
    }
    object->count = count;
    name_etag(object->etag, count);
    memcpy(etag, object->etag, sizeof object->etag);
    store(object);
    return true;
}

bool upload_abort(uint64_t id)
{
    struct object *object = take_upload(id);
    object_release(object);
    return object != NULL;
}
