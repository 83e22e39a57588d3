// The only user of libcurl.
//
// Each connection is one curl easy handle in its own multi handle, so that the loop below - not
// curl - decides how long to wait: cancel flags, stalls and deadlines are looked at every
// HTTP_POLL_MS. A connection belongs to one thread while it is out of the pool.
#include "s3/http.h"
#include "common/clock.h"
#include "common/err.h"
#include "s3/config.h"
#include "s3/http_pool.h"

#include <assert.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct connection {
    struct http_pool_entry entry; // first: the pool's
    CURL *easy;
    CURLM *multi;
    char error[CURL_ERROR_SIZE];
};

struct http {
    const struct endpoint_config *config; // borrowed
    bool small;
    struct http_pool pool;
};

struct transfer { // one request under way; of one thread
    const struct http_request *request;
    struct http_response *response;
    size_t piece;         // index of the iovec being sent ...
    size_t piece_offset;  // ... and how much of it is
    uint64_t body_offset; // the same for a body that is read
    unsigned heads;       // status lines that came
    bool sink_begun;
    int local_rc;           // why a callback ended the transfer; its text is saved beside
    struct err_saved local; // curl may run other code before we get back to it
};

int64_t http_date_parse(const char *text)
{
    time_t when = curl_getdate(text, NULL);
    return when < 0 ? 0 : (int64_t)when;
}

// ---- callbacks

static size_t fail_locally(struct transfer *t, int rc)
{
    t->local_rc = rc;
    err_save(&t->local, rc);
    return 0;
}

static size_t read_body(struct transfer *t, char *out, size_t room)
{
    const struct http_request *r = t->request;
    uint64_t left = r->size - t->body_offset;
    size_t len = left < room ? (size_t)left : room;
    int rc = len > 0 ? r->body_read(r->body_context, t->body_offset, out, len) : 0;
    if (rc < 0) {
        fail_locally(t, rc);
        return CURL_READFUNC_ABORT;
    }
    t->body_offset += len;
    return len;
}

static size_t on_read(char *out, size_t size, size_t count, void *user)
{
    struct transfer *t = user;
    const struct http_request *r = t->request;
    size_t room = size * count, done = 0;
    if (r->body_read != NULL)
        return read_body(t, out, room);
    while (done < room && t->piece < r->iov_count) {
        const struct iovec *iov = &r->iov[t->piece];
        size_t len = iov->iov_len - t->piece_offset;
        if (len > room - done)
            len = room - done;
        memcpy(out + done, (const char *)iov->iov_base + t->piece_offset, len);
        done += len;
        t->piece_offset += len;
        if (t->piece_offset == iov->iov_len) {
            t->piece++;
            t->piece_offset = 0;
        }
    }
    return done;
}

// curl rewinds when a kept connection turns out to be dead; it only ever asks for the start.
static int on_seek(void *user, curl_off_t offset, int origin)
{
    struct transfer *t = user;
    if (origin != SEEK_SET || offset != 0)
        return CURL_SEEKFUNC_CANTSEEK;
    t->piece = t->piece_offset = 0;
    t->body_offset = 0;
    return CURL_SEEKFUNC_OK;
}

static size_t on_header(char *line, size_t size, size_t count, void *user)
{
    struct transfer *t = user;
    size_t len = size * count;
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) { // a new answer (after 100 Continue)
        kv_clear(&t->response->headers);
        t->response->headers_bytes = 0;
        if (++t->heads <= HTTP_HEADS_MAX)
            return len;
        return fail_locally(
            t, err_set(-EIO, "more than %d status lines before the answer", HTTP_HEADS_MAX));
    }
    int rc = http_response_take_header(t->response, line, len);
    return rc < 0 ? fail_locally(t, rc) : len;
}

static int status_now(CURL *easy)
{
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

static int sink_begin(struct transfer *t)
{
    if (t->sink_begun || t->request->sink_begin == NULL)
        return 0;
    t->sink_begun = true;
    return t->request->sink_begin(t->request->sink_context, t->response);
}

static bool goes_to_sink(const struct transfer *t)
{
    return t->request->sink != NULL && t->response->status >= 200 && t->response->status <= 206;
}

struct write_context { // what on_write needs beyond the transfer
    struct transfer *transfer;
    CURL *easy;
};

static size_t on_write(char *bytes, size_t size, size_t count, void *user)
{
    struct write_context *w = user;
    struct transfer *t = w->transfer;
    size_t len = size * count;
    int rc = 0;
    t->response->status = status_now(w->easy);
    if (goes_to_sink(t)) {
        rc = sink_begin(t);
        if (rc == 0)
            rc = t->request->sink(t->request->sink_context, bytes, len);
    } else if (t->request->answer != NULL) {
        rc = buf_add(t->request->answer, bytes, len);
    }
    return rc < 0 ? fail_locally(t, rc) : len;
}

// ---- connections

static void connection_free(struct connection *c)
{
    if (c == NULL)
        return;
    if (c->easy != NULL)
        curl_easy_cleanup(c->easy);
    if (c->multi != NULL)
        curl_multi_cleanup(c->multi);
    free(c);
}
CLEANUP_POINTER(connection, connection_free)

static int connection_new(struct connection **out)
{
    CLEANUP(connection_freep) struct connection *c = calloc(1, sizeof *c);
    if (c == NULL)
        return err_set(-ENOMEM, "out of memory for a connection");
    c->easy = curl_easy_init();
    c->multi = curl_multi_init();
    if (c->easy == NULL || c->multi == NULL)
        return err_set(-ENOMEM, "libcurl could not make a connection handle");
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, 1L);
    *out = TAKE(c);
    return 0;
}

static bool is_canceled(const struct http_request *r)
{
    return r->cancel != NULL && atomic_load_explicit(r->cancel, memory_order_relaxed);
}

static struct connection *connection_of(struct http_pool_entry *entry)
{
    return (struct connection *)entry;
}

// ---- setting up a request

// The list holds copies of the authorization and the session token: wiped before they go.
static void headers_free(struct curl_slist **list)
{
    for (struct curl_slist *node = *list; node != NULL; node = node->next)
        explicit_bzero(node->data, strlen(node->data));
    curl_slist_free_all(*list);
}

static int headers_append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL)
        return err_set(-ENOMEM, "out of memory");
    *list = longer;
    return 0;
}

static int headers_make(struct curl_slist **list, const struct http_request *r)
{
    // No "Expect: 100-continue": it costs a round trip a part.
    int rc = headers_append(list, "Expect:");
    if (rc == 0)
        rc = headers_append(list, "Accept:");
    KV_EACH (r->headers, pair) {
        AUTO_BUF struct buf line;
        buf_init_secret(&line, 128 * 1024);
        if (rc == 0 && strpbrk(pair->value, "\r\n") != NULL)
            rc = err_set(-EIO, "a line break in the request header %s", pair->name);
        if (rc == 0) // curl wants a semicolon for a header without a value
            rc =
                buf_addf(&line, *pair->value != '\0' ? "%s: %s" : "%s;%s", pair->name, pair->value);
        if (rc == 0)
            rc = headers_append(list, buf_str(&line));
    }
    return rc;
}

static void set_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static void set_connection(const struct http *h, struct connection *c, const struct http_request *r)
{
    long size = h->small ? HTTP_BUFFER_SMALL_BYTES : HTTP_BUFFER_BYTES;
    CURL *easy = c->easy;
    curl_easy_reset(easy); // keeps the live connection
    set_protocols(easy);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, c->error);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, size);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, size);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)h->config->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "rdsbak");
    if (h->config->ca_bundle != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, h->config->ca_bundle);
    if (r->loopback)
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    if (r->fresh_connection)
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
}

static void set_request(CURL *easy, const struct http_request *r, struct transfer *t,
                        struct write_context *w, struct curl_slist *headers)
{
    curl_easy_setopt(easy, CURLOPT_URL, r->url);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L); // keys may hold "..": they are no paths
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, w);
    if (r->has_body) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->size);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(easy, CURLOPT_READDATA, t);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, t);
    }
    if (strcmp(r->method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r->method);
}

// ---- running it

static uint64_t bytes_so_far(CURL *easy)
{
    curl_off_t up = 0, down = 0;
    long head = 0;
    curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    curl_easy_getinfo(easy, CURLINFO_HEADER_SIZE, &head);
    return (uint64_t)up + (uint64_t)down + (uint64_t)head;
}

struct patience { // of one transfer
    int64_t deadline_ms;
    int64_t progress_ms; // when the last byte moved
    uint64_t bytes;
};

static int still_patient(CURL *easy, const struct http_request *r, struct patience *p)
{
    int64_t now = clock_ms();
    uint64_t bytes = bytes_so_far(easy);
    if (bytes != p->bytes) {
        p->bytes = bytes;
        p->progress_ms = now;
    }
    if (is_canceled(r))
        return err_set(-ECANCELED, "given up by the caller");
    if (now >= p->deadline_ms)
        return err_set(-ETIMEDOUT, "no answer within %" PRId64 " s", r->timeout_ms / 1000);
    if (now - p->progress_ms >= r->stall_timeout_ms)
        return err_set(-ETIMEDOUT, "no byte moved for %" PRId64 " s (%" PRIu64 " had)",
                       r->stall_timeout_ms / 1000, bytes);
    return 0;
}

// 0 when curl is done with the transfer, its result in *result.
static int run(struct connection *c, const struct http_request *r, struct patience *p,
               CURLcode *result)
{
    int running = 1;
    while (running != 0) {
        CURLMcode code = curl_multi_perform(c->multi, &running);
        if (code == CURLM_OK && running != 0) {
            int rc = still_patient(c->easy, r, p);
            if (rc < 0)
                return rc;
            code = curl_multi_poll(c->multi, NULL, 0, HTTP_POLL_MS, NULL);
        }
        if (code != CURLM_OK)
            return err_set(-EIO, "libcurl: %s", curl_multi_strerror(code));
    }
    int left = 0;
    const CURLMsg *message = curl_multi_info_read(c->multi, &left);
    *result = message != NULL ? message->data.result : CURLE_RECV_ERROR;
    return 0;
}

static enum http_failure failure_kind(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return HTTP_OK;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
        return HTTP_FAILED_CONNECT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
        return HTTP_FAILED_TLS;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return HTTP_FAILED_LOCAL;
    default:
        return HTTP_FAILED_LOST;
    }
}

// A handshake that breaks off may be anything; one that finds no common version stays so.
static bool is_tls_failure(CURLcode code, const char *error)
{
    return failure_kind(code) == HTTP_FAILED_TLS ||
           (code == CURLE_SSL_CONNECT_ERROR && strstr(error, "protocol") != NULL);
}

static int conclude(struct connection *c, struct transfer *t, CURLcode code)
{
    struct http_response *out = t->response;
    out->status = status_now(c->easy);
    out->failure = is_tls_failure(code, c->error) ? HTTP_FAILED_TLS : failure_kind(code);
    if (t->local_rc < 0) {
        out->failure = HTTP_FAILED_LOCAL;
        return err_restore(&t->local);
    }
    // A connection that timed out has sent nothing.
    curl_off_t connected = 0;
    curl_easy_getinfo(c->easy, CURLINFO_CONNECT_TIME_T, &connected);
    if (code == CURLE_OPERATION_TIMEDOUT && connected == 0)
        out->failure = HTTP_FAILED_CONNECT;
    const char *what = c->error[0] != '\0' ? c->error : curl_easy_strerror(code);
    if (code == CURLE_OUT_OF_MEMORY)
        // also what it makes of a header line that is longer than it takes
        return err_set(-EIO, "libcurl: no memory, or a header line of over 100 KB");
    if (out->failure == HTTP_FAILED_TLS)
        return err_set(-EIO,
                       "TLS: %s (at least 1.2 is spoken; a server with a certificate of your own: "
                       "--ca-bundle)",
                       what);
    if (code != CURLE_OK)
        return err_set(code == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT : -EIO, "%s", what);
    const char *date = kv_get(&out->headers, "date");
    out->date_s = date != NULL ? http_date_parse(date) : 0;
    return 0;
}

static void count_bytes(CURL *easy, struct http_response *out)
{
    curl_off_t up = 0, down = 0;
    long request = 0, head = 0;
    curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request);
    curl_easy_getinfo(easy, CURLINFO_HEADER_SIZE, &head);
    out->sent_bytes = (uint64_t)up + (uint64_t)request;
    out->received_bytes = (uint64_t)down + (uint64_t)head;
}

static int transfer_on(const struct http *h, struct connection *c, const struct http_request *r,
                       int64_t deadline_ms, struct http_response *out)
{
    struct transfer t = {.request = r, .response = out};
    struct write_context w = {.transfer = &t, .easy = c->easy};
    CLEANUP(headers_free) struct curl_slist *headers = NULL;
    int rc = headers_make(&headers, r);
    if (rc < 0)
        return rc;
    set_connection(h, c, r);
    set_request(c->easy, r, &t, &w, headers);
    c->error[0] = '\0';
    if (curl_multi_add_handle(c->multi, c->easy) != CURLM_OK)
        return err_set(-EIO, "libcurl refuses a request");
    struct patience p = {.deadline_ms = deadline_ms, .progress_ms = clock_ms()};
    CURLcode code = CURLE_OK;
    rc = run(c, r, &p, &code);
    count_bytes(c->easy, out);
    if (rc == 0) {
        rc = conclude(c, &t, code);
    } else {
        out->status = status_now(c->easy);
        out->failure = rc == -ECANCELED ? HTTP_FAILED_LOCAL : HTTP_FAILED_LOST;
    }
    // An empty body never reached on_write.
    if (rc == 0 && goes_to_sink(&t) && (rc = sink_begin(&t)) < 0)
        out->failure = HTTP_FAILED_LOCAL;
    struct err_saved saved;
    err_save(&saved, rc);
    curl_multi_remove_handle(c->multi, c->easy); // closes the connection of an unfinished transfer
    return rc < 0 ? err_restore(&saved) : 0;
}

static enum http_lane lane_of(const struct http_request *r)
{
    return !r->bulk ? HTTP_LANE_SHORT : r->has_body ? HTTP_LANE_UP : HTTP_LANE_DOWN;
}

static int enter(struct http *h, const struct http_request *r, int64_t asked_ms,
                 struct http_pool_entry **entry, struct http_response *out)
{
    bool waits_less = r->bulk && h->config->turn_timeout_ms < r->timeout_ms;
    int64_t patience_ms = waits_less ? h->config->turn_timeout_ms : r->timeout_ms;
    int rc = http_pool_enter(&h->pool, lane_of(r), r->cancel, asked_ms + patience_ms, entry);
    out->waited_ms = clock_ms() - asked_ms;
    if (rc == -ETIMEDOUT && r->bulk)
        out->failure = HTTP_FAILED_TURN;
    if (rc == 0)
        out->started_ms = asked_ms + out->waited_ms;
    return rc;
}

int http_send(struct http *h, const struct http_request *r, struct http_response *out)
{
    assert(r->method != NULL && r->url != NULL && r->timeout_ms > 0 && r->stall_timeout_ms > 0);
    *out = (struct http_response){.failure = HTTP_FAILED_LOCAL};
    if (r->answer != NULL)
        buf_reset(r->answer);
    if (is_canceled(r))
        return err_set(-ECANCELED, "given up by the caller");
    int64_t asked_ms = clock_ms();
    int64_t deadline_ms = asked_ms + r->timeout_ms;
    struct http_pool_entry *entry = NULL;
    int rc = enter(h, r, asked_ms, &entry, out);
    if (rc < 0)
        return rc;
    if (r->bulk) // the bodies before it have deadlines of their own
        deadline_ms = out->started_ms + r->timeout_ms;
    struct connection *c = connection_of(entry);
    if (c == NULL)
        rc = connection_new(&c);
    if (rc == 0)
        rc = transfer_on(h, c, r, deadline_ms, out);
    entry = c != NULL ? &c->entry : NULL;
    connection_free(connection_of(http_pool_leave(&h->pool, lane_of(r), entry)));
    return rc;
}

struct http_pace http_slow_down(struct http *h, const struct http_response *r)
{
    return http_pool_slow_down(&h->pool, r->started_ms, clock_ms());
}

struct http_pace http_served(struct http *h)
{
    return http_pool_served(&h->pool, clock_ms());
}

// ---- life

static void curl_start(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

int http_new(struct http **out, const struct endpoint_config *config, bool small)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    assert(config->connections_max > 0 && config->connect_timeout_ms > 0);
    pthread_once(&once, curl_start);
    struct http *h = calloc(1, sizeof *h);
    if (h == NULL)
        return err_set(-ENOMEM, "out of memory");
    h->config = config;
    h->small = small;
    http_pool_init(&h->pool, config->connections_max, HTTP_SHORT_CALLS_MAX);
    *out = h;
    return 0;
}

void http_free(struct http *h)
{
    if (h == NULL)
        return;
    struct http_pool_entry *entry;
    while ((entry = http_pool_take_idle(&h->pool)) != NULL)
        connection_free(connection_of(entry));
    http_pool_destroy(&h->pool);
    free(h);
}
