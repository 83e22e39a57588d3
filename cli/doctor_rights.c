// What the credentials may do in the bucket, action by action, and how fast bytes go. Nothing is
// left behind: an upload is made, gets parts and is aborted; nothing is ever completed, and a
// DELETE is tried on a name that is not there and only where it leaves no marker. See doctor.h.
#include "cli/doctor.h"

#include "cli/interrupt.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/secret.h"
#include "object/parallel.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LISTED_MAX     100          // objects looked at to find one worth reading
#define UPLOADS_MAX    1000         // unfinished ones that are counted
#define PIECE_FIRST    (1ull << 20) // tells roughly how fast it goes ...
#define MEASURE_MS     2000         // ... and what follows shall take so long,
#define PIECE_MAX      (8ull << 20) // in pieces of at most this,
#define STREAMS_MAX    8            // so many at once
#define PROBE_KEY_SIZE (SOURCE_KEY_MAX + 1)

struct rights {
    struct doctor *doctor;
    struct store *store;
    char probe[PROBE_KEY_SIZE]; // a name that nobody has
    char upload_id[STORE_UPLOAD_ID_MAX];
    uint8_t *bytes;  // PIECE_MAX random ones; owned
    uint64_t piece;  // bytes of a piece
    bool has_upload; // one is there
};

// ---- a line for an action ----

static void say_right(struct rights *r, const char *action, int rc, const char *what_for)
{
    char remedy[200];
    const struct doctor *d = r->doctor;
    bool on_bucket = strncmp(action, "s3:List", 7) == 0;
    if (rc == 0) {
        doctor_say(&r->doctor->report, DOCTOR_OK, action, NULL, "allowed");
        return;
    }
    snprintf(remedy, sizeof remedy, "allow %s on arn:aws:s3:::%s%s%.60s%s", action,
             d->source.bucket, on_bucket ? "" : "/", on_bucket ? "" : d->source.key,
             on_bucket ? "" : "*");
    doctor_say(&r->doctor->report, DOCTOR_FAIL, action, rc == -EACCES ? remedy : NULL,
               "%s%s; needed %s", rc == -EACCES ? "denied: " : "", err_text(), what_for);
}

static void say_unasked(struct rights *r, const char *action, const char *why)
{
    doctor_say(&r->doctor->report, DOCTOR_UNCHECKED, action, NULL, "%s", why);
}

// ---- listing and reading ----

static int note_object(void *context, const struct store_listed *entry)
{
    struct doctor *d = context;
    bool fits = strlen(entry->key) < sizeof d->object;
    if (!entry->is_prefix && fits && entry->size > d->object_size) {
        d->object_size = entry->size;
        snprintf(d->object, sizeof d->object, "%s", entry->key);
    }
    return 0;
}

static void try_list(struct rights *r)
{
    int rc = r->store->ops->list(r->store, r->doctor->source.key, '\0', LISTED_MAX, note_object,
                                 r->doctor);
    say_right(r, "s3:ListBucket", rc, "to list directories and to tell what is missing");
}

static int drop(void *context, const void *bytes, size_t len)
{
    (void)context, (void)bytes, (void)len;
    return 0;
}

static int read_range(struct rights *r, const char *key, uint64_t offset, uint64_t len)
{
    const struct store_sink sink = {.data = drop, .cancel = interrupt_flag()};
    return r->store->ops->get(r->store, key, NULL, offset, len, &sink);
}

// Of a name that is not there: who may read (and list) hears 404, else 403.
static void try_get(struct rights *r)
{
    bool any = r->doctor->object_size > 0;
    int rc = read_range(r, any ? r->doctor->object : r->probe, 0, 1);
    say_right(r, "s3:GetObject", rc == -ENOENT && !any ? 0 : rc, "to read, and after every write");
}

struct uploads {
    unsigned count;
    int64_t oldest_s;
};

static int note_upload(void *context, const struct store_upload_listed *upload)
{
    struct uploads *u = context;
    if (u->count == 0 || upload->initiated_s < u->oldest_s)
        u->oldest_s = upload->initiated_s;
    return ++u->count < UPLOADS_MAX ? 0 : -ECANCELED;
}

static void try_list_uploads(struct rights *r)
{
    static const char ACTION[] = "s3:ListBucketMultipartUploads";
    struct uploads u = {0};
    int rc = r->store->ops->upload_list(r->store, r->doctor->source.key, note_upload, &u);
    if (rc < 0 && u.count < UPLOADS_MAX) {
        say_right(r, ACTION, rc, "to sweep up after a host that died");
        return;
    }
    int64_t days = u.count > 0 ? (clock_wall_s() - u.oldest_s) / 86400 : 0;
    doctor_say(&r->doctor->report, DOCTOR_OK, ACTION, NULL,
               "allowed; %s%u unfinished upload%s under the prefix%s", rc < 0 ? "at least " : "",
               u.count, u.count == 1 ? "" : "s", days > 1 ? ", the oldest some days old" : "");
}

// ---- speed ----

static int send_piece(void *context, size_t index)
{
    struct rights *r = context;
    struct iovec iov = {r->bytes, (size_t)r->piece};
    const struct store_body body = {.iov = &iov,
                                    .iov_count = 1,
                                    .size = r->piece,
                                    .crc32c = crc32c_extend(0, r->bytes, (size_t)r->piece),
                                    .cancel = interrupt_flag()};
    struct store_part part;
    return r->store->ops->upload_part(r->store, r->probe, r->upload_id, (unsigned)index + 1, &body,
                                      &part);
}

static int fetch_piece(void *context, size_t index)
{
    struct rights *r = context;
    uint64_t size = r->doctor->object_size, pieces = size / r->piece;
    return read_range(r, r->doctor->object, (index % pieces) * r->piece, r->piece);
}

static unsigned streams_of(const struct rights *r)
{
    unsigned connections = r->doctor->connection.config.connections;
    return connections < STREAMS_MAX ? connections : STREAMS_MAX;
}

// One piece to see how fast it goes, then as many bytes as take MEASURE_MS, several at once.
static int measure(struct rights *r, int (*step)(void *, size_t), uint64_t first,
                   uint64_t *bytes_per_s)
{
    unsigned streams = streams_of(r);
    r->piece = first;
    int64_t start_ms = clock_ms();
    int rc = step(r, 0);
    int64_t took_ms = clock_ms() - start_ms + 1;
    *bytes_per_s = first * 1000 / (uint64_t)took_ms;
    if (rc < 0 || took_ms > MEASURE_MS)
        return rc;
    uint64_t piece = *bytes_per_s * MEASURE_MS / 1000 / streams;
    r->piece = piece < first ? first : piece > PIECE_MAX ? PIECE_MAX : piece;
    if (step == fetch_piece && r->piece > r->doctor->object_size)
        r->piece = r->doctor->object_size;
    start_ms = clock_ms();
    rc = parallel_run(streams, streams, step, r);
    took_ms = clock_ms() - start_ms + 1;
    *bytes_per_s = r->piece * streams * 1000 / (uint64_t)took_ms;
    return rc;
}

static void say_speed(struct rights *r, const char *what, int rc, uint64_t bytes_per_s)
{
    if (rc < 0)
        doctor_say(&r->doctor->report, DOCTOR_UNCHECKED, what, NULL, "%s", err_text());
    else
        doctor_say(&r->doctor->report, DOCTOR_OK, what, NULL,
                   "%" PRIu64 ".%" PRIu64 " MB/s, %u at once", bytes_per_s / 1000000,
                   bytes_per_s / 100000 % 10, streams_of(r));
}

static void measure_up(struct rights *r)
{
    uint64_t speed = 0;
    int rc = measure(r, send_piece, PIECE_FIRST, &speed);
    say_speed(r, "throughput up", rc, speed);
}

static void measure_down(struct rights *r)
{
    static const char WHAT[] = "throughput down";
    uint64_t size = r->doctor->object_size, speed = 0;
    if (size < PIECE_FIRST) {
        say_unasked(r, WHAT, "no object of at least 1 MiB was seen under the prefix");
        return;
    }
    int rc = measure(r, fetch_piece, PIECE_FIRST, &speed);
    say_speed(r, WHAT, rc, speed);
}

// ---- writing ----

static void try_upload(struct rights *r)
{
    const struct kv no_metadata = {0};
    int rc = r->store->ops->upload_create(r->store, r->probe, &no_metadata, r->upload_id);
    r->has_upload = rc == 0;
    say_right(r, "s3:PutObject", rc, "to write");
}

static void try_abort(struct rights *r)
{
    static const char ACTION[] = "s3:AbortMultipartUpload";
    if (!r->has_upload) {
        say_unasked(r, ACTION, "no upload could be made");
        return;
    }
    int rc = r->store->ops->upload_abort(r->store, r->probe, r->upload_id);
    say_right(r, ACTION, rc, "to leave nothing of what fails; the upload made for this stays");
}

static void try_delete(struct rights *r)
{
    static const char ACTION[] = "s3:DeleteObject";
    if (r->doctor->versions_kept) {
        say_unasked(r, ACTION, "in a bucket that keeps versions a trial would leave a marker");
        return;
    }
    int rc = r->store->ops->remove(r->store, r->probe);
    say_right(r, ACTION, rc, "to remove and to rename");
}

static void try_writing(struct rights *r)
{
    static const char *const ACTIONS[] = {"s3:PutObject", "s3:AbortMultipartUpload",
                                          "s3:DeleteObject", "throughput up"};
    if (r->doctor->options->read_only) {
        for (size_t i = 0; i < sizeof ACTIONS / sizeof *ACTIONS; i++)
            say_unasked(r, ACTIONS[i], "--read-only: nothing is tried that writes");
        return;
    }
    try_upload(r);
    if (r->has_upload)
        measure_up(r);
    else
        say_unasked(r, "throughput up", "no upload could be made");
    try_abort(r);
    try_delete(r);
}

void doctor_look_at_rights(struct doctor *d)
{
    AUTO_FREE uint8_t *bytes = malloc(PIECE_MAX);
    struct rights r = {.doctor = d, .store = d->connection.store, .bytes = bytes};
    if (bytes == NULL) {
        doctor_say(&d->report, DOCTOR_UNCHECKED, "permissions", NULL, "out of memory");
        return;
    }
    secret_random_bytes(bytes, PIECE_MAX); // nothing on the way can make less of them
    connection_probe_key(&d->source, r.probe);
    try_list(&r);
    try_get(&r);
    try_list_uploads(&r);
    try_writing(&r);
    measure_down(&r);
}
