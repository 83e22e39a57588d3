// bench_sink [--port PORT] [--delay-ms N]: as much of S3 as a mount uses, as fast as loopback goes,
// so that the client is what a benchmark measures. Path style; objects in RAM; user metadata comes
// back; no signatures, no MD5 (ETags are numbers), no checksums, listings in one page. Requests to
// the bucket "raw" neither store nor find: a body is dropped in the kernel, a GET gives zeros.
// Each request waits N ms first, as over a distance. Control and counters: control.h.
#include "control.h"
#include "sink_objects.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEADER_MAX 16384
#define ZEROS_SIZE (1u << 20)

static unsigned delay_ms;
static const char *zeros;
static atomic_uint_fast64_t requests, bytes_in, bytes_out;

struct client { // one connection, one thread
    int fd;
    char text[HEADER_MAX + 1]; // header of the request, and what came with it
    size_t have;
    size_t header_len;
    // of the request
    char method[8];
    char bucket[256], key[SINK_KEY_MAX];
    char *query;
    uint64_t body_len;
};

// ---- requests

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c - 'a' + 10;
}

static void unescape(char *out, size_t room, const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len && n + 1 < room; i++) {
        bool escape = text[i] == '%' && i + 2 < len;
        out[n++] = escape ? (char)(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])) : text[i];
        i += escape ? 2 : 0;
    }
    out[n] = '\0';
}

static bool receive_more(struct client *c)
{
    ssize_t got = recv(c->fd, c->text + c->have, HEADER_MAX - c->have, 0);
    if (got <= 0)
        return false;
    c->have += (size_t)got;
    c->text[c->have] = '\0';
    bytes_in += (uint64_t)got;
    return true;
}

static const char *header_value(const struct client *c, const char *name)
{
    size_t len = strlen(name);
    const char *line = strstr(c->text, "\r\n");
    while (line != NULL && line + 2 < c->text + c->header_len - 2) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':')
            return line + len + 1 + strspn(line + len + 1, " ");
        line = strstr(line, "\r\n");
    }
    return NULL;
}

static bool read_header(struct client *c)
{
    char *end;
    c->text[c->have] = '\0';
    while ((end = strstr(c->text, "\r\n\r\n")) == NULL) {
        if (c->have == HEADER_MAX || !receive_more(c))
            return false;
    }
    c->header_len = (size_t)(end - c->text) + 4;
    char target[4096];
    if (sscanf(c->text, "%7s /%4095s", c->method, target) != 2)
        return false;
    c->query = strchr(c->text, '?');
    if (c->query != NULL && c->query > strstr(c->text, " HTTP/1."))
        c->query = NULL;
    target[strcspn(target, "?")] = '\0';
    size_t bucket_len = strcspn(target, "/");
    unescape(c->bucket, sizeof c->bucket, target, bucket_len);
    const char *key = target[bucket_len] == '/' ? target + bucket_len + 1 : "";
    unescape(c->key, sizeof c->key, key, strlen(key));
    const char *len = header_value(c, "content-length");
    c->body_len = len != NULL ? strtoull(len, NULL, 10) : 0;
    return true;
}

// The value of a query's parameter, or false if it is not there.
static bool query_value(const struct client *c, const char *name, char *out, size_t room)
{
    size_t name_len = strlen(name);
    const char *at = c->query;
    while (at != NULL && *at != ' ') {
        at++; // '?' or '&'
        size_t len = strcspn(at, "& ");
        if (len >= name_len && strncmp(at, name, name_len) == 0 &&
            (len == name_len || at[name_len] == '=')) {
            if (out != NULL)
                unescape(out, room, at + name_len + (len > name_len),
                         len - name_len - (len > name_len));
            return true;
        }
        at += len;
    }
    return false;
}

static uint64_t query_number(const struct client *c, const char *name)
{
    char text[32];
    return query_value(c, name, text, sizeof text) ? strtoull(text, NULL, 10) : 0;
}

// ---- bodies

// Takes what came with the header; the text keeps what belongs to the next request.
static size_t take_early(struct client *c, char *to, size_t room)
{
    size_t early = c->have - c->header_len;
    early = early < room ? early : room;
    if (to != NULL)
        memcpy(to, c->text + c->header_len, early);
    memmove(c->text + c->header_len, c->text + c->header_len + early,
            c->have - c->header_len - early);
    c->have -= early;
    return early;
}

static bool receive_body(struct client *c, char *to)
{
    size_t done = take_early(c, to, c->body_len);
    while (done < c->body_len) {
        size_t want = c->body_len - done < ZEROS_SIZE ? c->body_len - done : ZEROS_SIZE;
        // Without a place it is dropped where it lies.
        ssize_t got = recv(c->fd, to != NULL ? to + done : NULL, want, to != NULL ? 0 : MSG_TRUNC);
        if (got <= 0)
            return false;
        done += (size_t)got;
        bytes_in += (uint64_t)got;
    }
    return true;
}

static struct piece *receive_piece(struct client *c)
{
    struct piece *piece = piece_new(c->body_len);
    if (receive_body(c, piece->bytes))
        return piece;
    piece_release(piece);
    return NULL;
}

static void collect_meta(const struct client *c, char meta[static SINK_META_MAX])
{
    static const char PREFIX[] = "x-amz-meta-";
    size_t len = 0;
    meta[0] = '\0';
    for (const char *line = strstr(c->text, "\r\n"); line < c->text + c->header_len - 4;
         line = strstr(line + 2, "\r\n")) {
        size_t line_len = strcspn(line + 2, "\r") + 2; // with the first of the next line's
        if (strncasecmp(line + 2, PREFIX, sizeof PREFIX - 1) == 0 &&
            len + line_len < SINK_META_MAX - 1)
            len += (size_t)snprintf(meta + len, SINK_META_MAX - len, "%.*s\r\n", (int)line_len - 2,
                                    line + 2);
    }
}

// ---- answers

static bool send_counted(struct client *c, const char *bytes, size_t len, bool more)
{
    bytes_out += len;
    return control_send(c->fd, bytes, len, more ? MSG_MORE : 0) == 0;
}

static bool answer(struct client *c, const char *status, const char *headers, const char *body)
{
    char text[SINK_META_MAX + 1024];
    char date[64];
    struct tm utc;
    time_t now = time(NULL);
    strftime(date, sizeof date, "%a, %d %b %Y %T GMT", gmtime_r(&now, &utc));
    int len = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nDate: %s\r\n%s", status, date, headers);
    // HEAD and ranges say their length themselves.
    if (body != NULL)
        len += snprintf(text + len, sizeof text - (size_t)len, "Content-Length: %zu\r\n",
                        strlen(body));
    len += snprintf(text + len, sizeof text - (size_t)len, "\r\n");
    bool has_body = body == NULL || (*body != '\0' && strcmp(c->method, "HEAD") != 0);
    return send_counted(c, text, (size_t)len, has_body && strcmp(c->method, "HEAD") != 0) &&
           (body == NULL || !has_body || send_counted(c, body, strlen(body), false));
}

static bool answer_error(struct client *c, const char *status, const char *code)
{
    char body[256];
    snprintf(body, sizeof body, "<Error><Code>%s</Code><Message>%s</Message></Error>", code,
             status + 4);
    return answer(c, status, "Content-Type: application/xml\r\n", body);
}

static bool answer_etag(struct client *c, const char *etag)
{
    char header[128];
    snprintf(header, sizeof header, "ETag: \"%s\"\r\n", etag);
    return answer(c, "200 OK", header, "");
}

// ---- operations

static bool put(struct client *c)
{
    char etag[64], meta[SINK_META_MAX];
    unsigned number = (unsigned)query_number(c, "partNumber");
    uint64_t upload = query_number(c, "uploadId");
    if (*c->key == '\0')
        return receive_body(c, NULL) && answer(c, "200 OK", "", "");
    collect_meta(c, meta);
    if (strcmp(c->bucket, "raw") == 0)
        return receive_body(c, NULL) && answer_etag(c, "raw");
    struct piece *piece = receive_piece(c);
    if (piece == NULL)
        return false;
    if (number == 0) {
        object_put(c->key, meta, piece, etag);
        return answer_etag(c, etag);
    }
    if (number > SINK_PARTS_MAX || !upload_part(upload, number, piece, etag))
        return answer_error(c, "404 Not Found", "NoSuchUpload");
    return answer_etag(c, etag);
}

static bool post(struct client *c)
{
    char body[512], etag[64], meta[SINK_META_MAX];
    collect_meta(c, meta);
    bool creates = query_value(c, "uploads", NULL, 0);
    uint64_t upload = query_number(c, "uploadId");
    if (!receive_body(c, NULL)) // the list of parts is taken for what was sent
        return false;
    if (creates) {
        snprintf(body, sizeof body,
                 "<InitiateMultipartUploadResult><UploadId>%" PRIu64
                 "</UploadId></InitiateMultipartUploadResult>",
                 upload_create(c->key, meta));
        return answer(c, "200 OK", "Content-Type: application/xml\r\n", body);
    }
    if (!upload_complete(upload, etag))
        return answer_error(c, "404 Not Found", "NoSuchUpload");
    snprintf(body, sizeof body,
             "<CompleteMultipartUploadResult><ETag>&quot;%s&quot;</ETag>"
             "</CompleteMultipartUploadResult>",
             etag);
    return answer(c, "200 OK", "Content-Type: application/xml\r\n", body);
}

static bool list(struct client *c)
{
    char prefix[SINK_KEY_MAX] = "", delimiter[8] = "";
    char *body = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&body, &len);
    if (out == NULL)
        control_die("memory");
    query_value(c, "prefix", prefix, sizeof prefix);
    query_value(c, "delimiter", delimiter, sizeof delimiter);
    bool uploads = query_value(c, "uploads", NULL, 0);
    fprintf(out, "<%s><IsTruncated>false</IsTruncated>",
            uploads ? "ListMultipartUploadsResult" : "ListBucketResult");
    if (!uploads)
        objects_list(out, prefix, delimiter[0]);
    fprintf(out, "</%s>", uploads ? "ListMultipartUploadsResult" : "ListBucketResult");
    fclose(out);
    bool ok = answer(c, "200 OK", "Content-Type: application/xml\r\n", body);
    free(body);
    return ok;
}

static bool send_zeros(struct client *c, uint64_t len)
{
    while (len > 0) {
        size_t some = len < ZEROS_SIZE ? (size_t)len : ZEROS_SIZE;
        if (!send_counted(c, zeros, some, false))
            return false;
        len -= some;
    }
    return true;
}

static bool send_range(struct client *c, const struct object *object, uint64_t first, uint64_t len)
{
    uint64_t begin = 0; // of the piece
    for (size_t i = 0; i < object->count && len > 0; i++) {
        const struct piece *piece = object->pieces[i];
        if (first < begin + piece->size) {
            size_t within = (size_t)(first - begin);
            size_t some = piece->size - within < len ? piece->size - within : (size_t)len;
            if (!send_counted(c, piece->bytes + within, some, len > some))
                return false;
            first += some;
            len -= some;
        }
        begin += piece->size;
    }
    return true;
}

// "bytes=A-B", "bytes=A-", "bytes=-N"; false if it is not satisfiable.
static bool parse_range(const char *text, uint64_t size, uint64_t *first, uint64_t *len)
{
    uint64_t last = size - 1;
    *first = 0;
    if (text != NULL && strncmp(text, "bytes=-", 7) == 0) {
        uint64_t tail = strtoull(text + 7, NULL, 10);
        *first = tail < size ? size - tail : 0;
    } else if (text != NULL && strncmp(text, "bytes=", 6) == 0) {
        char *end;
        *first = strtoull(text + 6, &end, 10);
        if (end[0] == '-' && end[1] >= '0' && end[1] <= '9')
            last = strtoull(end + 1, NULL, 10);
    }
    if (*first >= size)
        return size == 0 && text == NULL;
    *len = (last < size ? last + 1 : size) - *first;
    return true;
}

static bool send_object(struct client *c, const struct object *object)
{
    char headers[SINK_META_MAX + 512];
    const char *range = header_value(c, "range"), *match = header_value(c, "if-match");
    uint64_t first = 0, len = 0;
    if (match != NULL && strncmp(match + 1, object->etag, strlen(object->etag)) != 0)
        return answer_error(c, "412 Precondition Failed", "PreconditionFailed");
    if (!parse_range(range, object->size, &first, &len))
        return answer_error(c, "416 Range Not Satisfiable", "InvalidRange");
    int at = snprintf(headers, sizeof headers,
                      "ETag: \"%s\"\r\nContent-Length: %" PRIu64
                      "\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n%s",
                      object->etag, len, object->meta);
    if (range != NULL)
        snprintf(headers + at, sizeof headers - (size_t)at,
                 "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n", first,
                 first + len - 1, object->size);
    if (!answer(c, range != NULL ? "206 Partial Content" : "200 OK", headers, NULL))
        return false;
    return strcmp(c->method, "HEAD") == 0 || send_range(c, object, first, len);
}

static bool get_raw(struct client *c)
{
    uint64_t first = 0, len = 0;
    char header[64];
    if (!parse_range(header_value(c, "range"), UINT64_MAX, &first, &len))
        return false;
    snprintf(header, sizeof header, "Content-Length: %" PRIu64 "\r\n", len);
    return answer(c, "206 Partial Content", header, NULL) && send_zeros(c, len);
}

static bool get(struct client *c)
{
    if (*c->key == '\0')
        return strcmp(c->method, "HEAD") == 0 ? answer(c, "200 OK", "", "") : list(c);
    if (strcmp(c->bucket, "raw") == 0)
        return get_raw(c);
    struct object *object = object_find(c->key);
    if (object == NULL)
        return answer_error(c, "404 Not Found", "NoSuchKey");
    bool ok = send_object(c, object);
    object_release(object);
    return ok;
}

static bool remove_it(struct client *c)
{
    uint64_t upload = query_number(c, "uploadId");
    if (upload == 0)
        object_remove(c->key);
    else if (!upload_abort(upload))
        return answer_error(c, "404 Not Found", "NoSuchUpload");
    return answer(c, "204 No Content", "", "");
}

static bool serve_one(struct client *c)
{
    static const struct {
        const char *method;
        bool (*run)(struct client *);
    } OPERATIONS[] = {
        {"PUT", put}, {"POST", post}, {"GET", get}, {"HEAD", get}, {"DELETE", remove_it},
    };
    if (!read_header(c))
        return false;
    requests++;
    control_sleep_ms(delay_ms);
    for (size_t i = 0; i < sizeof OPERATIONS / sizeof *OPERATIONS; i++) {
        if (strcmp(OPERATIONS[i].method, c->method) != 0)
            continue;
        if (!OPERATIONS[i].run(c))
            return false;
        memmove(c->text, c->text + c->header_len, c->have - c->header_len);
        c->have -= c->header_len;
        return true;
    }
    return false;
}

static void *serve(void *arg)
{
    struct client *c = calloc(1, sizeof *c);
    if (c == NULL)
        control_die("memory");
    c->fd = (int)(intptr_t)arg;
    while (serve_one(c))
        ;
    close(c->fd);
    free(c);
    return NULL;
}

static void report(void)
{
    printf("{\"requests\": %" PRIu64 ", \"bytes_in\": %" PRIu64 ", \"bytes_out\": %" PRIu64 "}",
           atomic_load(&requests), atomic_load(&bytes_in), atomic_load(&bytes_out));
}

int main(int argc, char **argv)
{
    uint16_t port = (uint16_t)control_option(argc, argv, "--port", 0);
    delay_ms = (unsigned)control_option(argc, argv, "--delay-ms", 0);
    zeros = mmap(NULL, ZEROS_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (zeros == MAP_FAILED)
        control_die("memory");
    int listener = control_listen(&port);
    control_accept(listener, serve);
    control_run(port, report);
}
