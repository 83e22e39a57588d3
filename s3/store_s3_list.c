// Listings: ListObjectsV2 and ListMultipartUploads, page by page. A page is read whole, sorted (S3
// keeps keys and common prefixes in two lists) and given out; a listing that does not move on is an
// error, never a loop.
#include "common/codec.h"
#include "common/err.h"
#include "s3/store_s3_internal.h"
#include "s3/xml.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define TOKEN_MAX 4096 // S3's continuation tokens are opaque, about 100 bytes

struct entry {
    char *key;       // owned
    char *id;        // of an upload; owned
    char *initiator; // of an upload, or NULL; owned
    bool is_prefix;
    uint64_t size;
    int64_t time_s;
    char etag[STORE_ETAG_MAX];
};

struct page {
    const char *root;      // the document must be this
    struct entry *entries; // owned
    size_t count, capacity;
    bool escaped; // <EncodingType>url
    bool truncated;
    char *next, *next_id; // where the next page begins; owned
    struct entry current;
};

static void entry_clear(struct entry *e)
{
    free(e->key);
    free(e->id);
    free(e->initiator);
    *e = (struct entry){0};
}

static void page_clear(struct page *p)
{
    for (size_t i = 0; i < p->count; i++)
        entry_clear(&p->entries[i]);
    entry_clear(&p->current);
    free(p->entries);
    free(p->next);
    free(p->next_id);
    *p = (struct page){0};
}

static int set_text(char **out, const char *text)
{
    free(*out);
    *out = strdup(text);
    return *out != NULL ? 0 : err_set(-ENOMEM, "out of memory");
}

// encoding-type=url is the form encoding: '+' is a space.
static int unescape(char **text)
{
    AUTO_BUF struct buf plain;
    buf_init(&plain, XML_TEXT_MAX);
    for (char *c = *text; *c != '\0'; c++) {
        if (*c == '+')
            *c = ' ';
    }
    int rc = uri_unescape(&plain, *text, strlen(*text));
    return rc == 0 ? set_text(text, buf_str(&plain)) : rc;
}

static int add_entry(struct page *p)
{
    if (p->current.key == NULL)
        return err_set(-EIO, "a listed object without a key");
    if (p->count == p->capacity) {
        size_t capacity = p->capacity == 0 ? 64 : 2 * p->capacity;
        struct entry *entries = reallocarray(p->entries, capacity, sizeof *entries);
        if (entries == NULL)
            return err_set(-ENOMEM, "out of memory for a listing");
        p->entries = entries;
        p->capacity = capacity;
    }
    p->entries[p->count++] = p->current;
    p->current = (struct entry){0};
    return 0;
}

static int set_field(struct entry *e, const char *name, const char *text)
{
    if (strcmp(name, "Key") == 0)
        return set_text(&e->key, text);
    if (strcmp(name, "UploadId") == 0)
        return set_text(&e->id, text);
    if (strcmp(name, "Initiator/ID") == 0) // of AWS an ARN; the name beside it is not always there
        return set_text(&e->initiator, text);
    if (strcmp(name, "Size") == 0 && decimal_parse(text, INT64_MAX, &e->size) < 0)
        return err_set(-EIO, "a listed size is no number");
    if (strcmp(name, "ETag") == 0 && *text != '\0')
        return s3_etag_take(e->etag, text);
    if (strcmp(name, "LastModified") == 0 || strcmp(name, "Initiated") == 0)
        e->time_s = s3_time_parse(text);
    return 0;
}

static int set_page_field(struct page *p, const char *name, const char *text)
{
    if (strcmp(name, "IsTruncated") == 0)
        p->truncated = strcmp(text, "true") == 0;
    else if (strcmp(name, "EncodingType") == 0)
        p->escaped = strcmp(text, "url") == 0;
    else if (strcmp(name, "NextContinuationToken") == 0 || strcmp(name, "NextKeyMarker") == 0)
        return set_text(&p->next, text);
    else if (strcmp(name, "NextUploadIdMarker") == 0)
        return set_text(&p->next_id, text);
    return 0;
}

// path is /ROOT/FIELD, /ROOT/ITEM or /ROOT/ITEM/FIELD.
static int on_list_xml(void *context, enum xml_event event, const char *path, const char *text)
{
    struct page *p = context;
    const char *item = strchr(path + 1, '/');
    // A page of HTML, as proxies and portals answer it, is no empty listing.
    if (item == NULL && strcmp(path + 1, p->root) != 0)
        return err_set(-EIO, "the answer is no %s but a %.40s: is this an S3 server?", p->root,
                       path + 1);
    if (event != XML_CLOSE || item == NULL)
        return 0;
    const char *field = strchr(++item, '/');
    if (field == NULL) {
        if (strcmp(item, "Contents") == 0 || strcmp(item, "Upload") == 0)
            return add_entry(p);
        return set_page_field(p, item, text);
    }
    field++;
    if (strncmp(item, "Contents/", 9) == 0 || strncmp(item, "Upload/", 7) == 0)
        return set_field(&p->current, field, text);
    if (strcmp(item, "CommonPrefixes/Prefix") == 0) {
        p->current.is_prefix = true;
        int rc = set_text(&p->current.key, text);
        return rc == 0 ? add_entry(p) : rc;
    }
    return 0;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

static int page_parse(struct page *p, const struct buf *answer, bool token_is_key)
{
    int rc = xml_parse(answer->data, answer->len, on_list_xml, p);
    for (size_t i = 0; p->escaped && i < p->count && rc == 0; i++)
        rc = unescape(&p->entries[i].key);
    if (rc == 0 && p->escaped && token_is_key && p->next != NULL)
        rc = unescape(&p->next);
    if (rc == 0 && p->count > 1)
        qsort(p->entries, p->count, sizeof *p->entries, by_key);
    return rc;
}

struct listing { // over its pages
    struct store_s3 *store;
    const char *prefix;
    char delimiter;
    bool uploads;
    unsigned left;        // entries still wanted; 0: no limit
    char *token;          // of the next page; owned
    char *token_id;       // uploads; owned
    char *last;           // greatest key given out; owned
    unsigned empty_pages; // in a row
    void *context;
    store_list_fn list_fn;
    store_uploads_fn uploads_fn;
};

static void listing_clear(struct listing *l)
{
    free(l->token);
    free(l->token_id);
    free(l->last);
}

static int set_query(struct s3_call *c, const struct listing *l)
{
    const char *token_name = l->uploads ? "key-marker" : "continuation-token";
    unsigned page = l->left > 0 && l->left < LIST_PAGE_KEYS ? l->left : LIST_PAGE_KEYS;
    int rc = l->uploads ? call_query(&c->call, "uploads", "%s", "")
                        : call_query(&c->call, "list-type", "2");
    if (rc == 0)
        rc = call_query(&c->call, "prefix", "%s", l->prefix);
    // Not for uploads: Ceph RGW 16.2 then escapes the keys, but neither says so nor escapes its
    // markers.
    if (rc == 0 && !l->uploads)
        rc = call_query(&c->call, "encoding-type", "url");
    if (rc == 0)
        rc = call_query(&c->call, l->uploads ? "max-uploads" : "max-keys", "%u", page);
    if (rc == 0 && l->delimiter != '\0')
        rc = call_query(&c->call, "delimiter", "%c", l->delimiter);
    if (rc == 0 && l->token != NULL)
        rc = call_query(&c->call, token_name, "%s", l->token);
    if (rc == 0 && l->token_id != NULL)
        rc = call_query(&c->call, "upload-id-marker", "%s", l->token_id);
    return rc;
}

static int give_entry(struct listing *l, const struct entry *e)
{
    if (l->uploads) {
        const struct store_upload_listed upload = {e->key, e->id, e->time_s,
                                                   e->initiator != NULL ? e->initiator : ""};
        return e->id != NULL ? l->uploads_fn(l->context, &upload)
                             : err_set(-EIO, "a listed upload without its id");
    }
    const struct store_listed listed = {e->key, e->is_prefix, e->size, e->time_s, e->etag};
    return l->list_fn(l->context, &listed);
}

// Keys must rise and lie under the prefix; else the server is broken, and trusting it could list
// for ever. (Several uploads may have one key.)
static int check_entry(const struct listing *l, const struct entry *e)
{
    int order = l->last != NULL ? strcmp(l->last, e->key) : -1;
    if (strncmp(e->key, l->prefix, strlen(l->prefix)) != 0)
        return err_set(-EIO, "a listed key is not under the prefix asked for");
    if (order > 0 || (order == 0 && !l->uploads))
        return err_set(-EIO, "the listing does not move on: '%.100s' comes after '%.100s'", e->key,
                       l->last);
    return 0;
}

static int give_page(struct listing *l, const struct page *p, bool *done)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct entry *e = &p->entries[i];
        int rc = check_entry(l, e);
        if (rc == 0)
            rc = give_entry(l, e);
        if (rc == 0)
            rc = set_text(&l->last, e->key);
        if (rc < 0)
            return rc;
        if (l->left > 0 && --l->left == 0) {
            *done = true;
            return 0;
        }
    }
    *done = !p->truncated;
    return 0;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static int move_on(struct listing *l, struct page *p)
{
    if (p->next == NULL || *p->next == '\0' || strlen(p->next) > TOKEN_MAX)
        return err_set(-EIO, "the listing goes on, but the server does not say where");
    if (same(p->next, l->token) && same(p->next_id, l->token_id))
        return err_set(-EIO, "the listing does not move on: the server repeats its token");
    l->empty_pages = p->count == 0 ? l->empty_pages + 1 : 0;
    if (l->empty_pages > LIST_EMPTY_PAGES_MAX)
        return err_set(-EIO, "the listing does not move on: %d empty pages", LIST_EMPTY_PAGES_MAX);
    free(l->token);
    free(l->token_id);
    l->token = TAKE(p->next);
    l->token_id = TAKE(p->next_id);
    return 0;
}

// An error of the callback is passed on as it is.
static int list_page(struct listing *l, bool *done)
{
    AUTO_S3_CALL struct s3_call c;
    CLEANUP(page_clear)
    struct page page = {.root = l->uploads ? "ListMultipartUploadsResult" : "ListBucketResult"};
    int rc =
        s3_call_init(&c, l->store, "GET", l->uploads ? "ListMultipartUploads" : "ListObjectsV2",
                     NULL, ANSWER_LIST_MAX);
    if (rc == 0)
        rc = set_query(&c, l);
    if (rc == 0)
        rc = s3_call_perform(&c);
    if (rc == 0 && (rc = page_parse(&page, &c.call.answer, l->uploads)) < 0)
        return err_prefix(rc, "%s", c.what);
    if (rc == 0)
        rc = give_page(l, &page, done);
    if (rc == 0 && !*done && (rc = move_on(l, &page)) < 0)
        return err_prefix(rc, "%s", c.what);
    return rc;
}

static int list_all(struct listing *l)
{
    bool done = false;
    int rc = 0;
    while (rc == 0 && !done)
        rc = list_page(l, &done);
    return rc;
}

int store_s3_list(struct store *store, const char *prefix, char delimiter, unsigned limit,
                  store_list_fn fn, void *context)
{
    assert(prefix != NULL && fn != NULL);
    CLEANUP(listing_clear)
    struct listing l = {
        .store = store_s3_of(store),
        .prefix = prefix,
        .delimiter = delimiter,
        .left = limit,
        .context = context,
        .list_fn = fn,
    };
    return list_all(&l);
}

int store_s3_upload_list(struct store *store, const char *prefix, store_uploads_fn fn,
                         void *context)
{
    assert(prefix != NULL && fn != NULL);
    CLEANUP(listing_clear)
    struct listing l = {
        .store = store_s3_of(store),
        .prefix = prefix,
        .uploads = true,
        .context = context,
        .uploads_fn = fn,
    };
    return list_all(&l);
}
