// The objects and uploads of bench_sink: in RAM, by key, behind one lock that is never held over
// the network. Bodies are whole pieces that are shared by reference, never copied.
#ifndef BENCH_SINK_OBJECTS_H
#define BENCH_SINK_OBJECTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SINK_KEY_MAX   1100
#define SINK_META_MAX  8192
#define SINK_PARTS_MAX 10000

struct piece { // one body as it came
    atomic_uint references;
    size_t size, room;
    char *bytes;
    struct piece *next; // in the pool
};

struct object {
    atomic_uint references;
    char key[SINK_KEY_MAX];
    char meta[SINK_META_MAX]; // header lines as they are sent back
    char etag[64];
    uint64_t size;
    size_t count;
    struct piece *pieces[SINK_PARTS_MAX];
    struct object *next; // sorted by key
};

// Memory for a body of that size, from what was given back if it fits: pages are then there
// already. Exits when there is none.
struct piece *piece_new(size_t size);
void piece_release(struct piece *piece);

// Takes the piece over. The ETag of the new object goes to etag.
void object_put(const char *key, const char *meta, struct piece *piece, char etag[static 64]);
struct object *object_find(const char *key); // to be released; NULL if there is none
void object_release(struct object *object);
void object_remove(const char *key);
// ListObjectsV2's elements: keys that begin with prefix, grouped at delimiter ('\0': not).
void objects_list(FILE *out, const char *prefix, char delimiter);

// An upload is named by a number.
uint64_t upload_create(const char *key, const char *meta);
bool upload_part(uint64_t id, unsigned number, struct piece *piece, char etag[static 64]);
// The parts 1..n that were sent become the object, as one list of pieces.
bool upload_complete(uint64_t id, char etag[static 64]);
bool upload_abort(uint64_t id);

#endif
