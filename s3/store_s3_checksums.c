// The CRC32C that S3 keeps of an object: HeadObject tells the object's, GetObjectAttributes those
// of its parts. See store.h.
//
// Sources: Amazon S3 API Reference, HeadObject and GetObjectAttributes; User Guide, "Checking
// object integrity": of a composite checksum "-N" tells the number of parts.
#include "common/clock.h"
#include "common/codec.h"
#include "common/err.h"
#include "s3/store_s3_internal.h"
#include "s3/xml.h"

#include <stdio.h>
#include <string.h>

#define CRC32C_TEXT  8 // four bytes as base64
#define PARTS_A_PAGE 1000

void store_checksums_clear(struct store_checksums *c)
{
    free(c->parts);
    *c = (struct store_checksums){0};
}

static int same_version(const char *etag, const char *answered)
{
    char taken[STORE_ETAG_MAX];
    int rc = s3_etag_take(taken, answered);
    if (rc == 0 && strcmp(taken, etag) != 0)
        return err_set(-ESTALE, "the object was replaced meanwhile");
    return rc;
}

// ---- the object's

// "AAAAAA==" of the whole object, "AAAAAA==-N" of N parts' checksums.
bool s3_checksum_parse(const char *text, uint32_t *crc32c, unsigned *parts)
{
    char value[CRC32C_TEXT + 1];
    uint64_t number = 0;
    size_t len = strcspn(text, "-");
    if (len != CRC32C_TEXT)
        return false;
    snprintf(value, sizeof value, "%.*s", CRC32C_TEXT, text);
    if (text[len] == '-' &&
        (decimal_parse(text + len + 1, STORE_PART_NUMBER_MAX, &number) < 0 || number == 0))
        return false;
    *parts = (unsigned)number;
    return s3_crc32c_parse(value, crc32c);
}

// *parts is 0 for a checksum of the whole. out->count stays 0 if the server keeps none.
static int take_whole(const struct s3_call *c, struct store_checksums *out, uint64_t *size,
                      unsigned *parts)
{
    const char *text = s3_call_header(c, "x-amz-checksum-crc32c");
    const char *type = s3_call_header(c, "x-amz-checksum-type");
    if (*text == '\0')
        return 0;
    bool known = s3_checksum_parse(text, &out->crc32c, parts);
    if (!known || (*type != '\0' && strcmp(type, *parts > 0 ? "COMPOSITE" : "FULL_OBJECT") != 0))
        return err_set(-EIO, "a CRC32C that is none: '%.40s' (%.20s)", text, type);
    if (decimal_parse(s3_call_header(c, "content-length"), INT64_MAX, size) < 0)
        return err_set(-EIO, "the answer has no Content-Length");
    out->count = *parts > 0 ? *parts : 1;
    out->composite = *parts > 0;
    out->parts = calloc(out->count, sizeof *out->parts);
    if (out->parts == NULL)
        return err_set(-ENOMEM, "out of memory");
    if (*parts == 0)
        out->parts[0] = (struct store_part_checksum){.size = *size, .crc32c = out->crc32c};
    return 0;
}

static int ask_whole(struct store_s3 *s, const char *key, const char *etag,
                     struct store_checksums *out, uint64_t *size, unsigned *parts)
{
    AUTO_S3_CALL struct s3_call c;
    int rc = s3_call_init(&c, s, "HEAD", "HeadObject", key, ANSWER_SMALL_MAX);
    c.call.retry.deadline_ms = clock_ms() + CALL_HEAD_TOTAL_MS;
    if (rc == 0)
        rc = call_header(&c.call, "x-amz-checksum-mode", "ENABLED");
    if (rc == 0)
        rc = s3_call_set_if_match(&c, "if-match", etag);
    if (rc == 0)
        rc = s3_call_perform(&c);
    if (rc < 0)
        return rc;
    rc = same_version(etag, s3_call_header(&c, "etag"));
    if (rc == 0)
        rc = take_whole(&c, out, size, parts);
    return rc < 0 ? err_prefix(rc, "%s", c.what) : 0;
}

// ---- its parts'

struct part_pages {
    struct store_checksums *out;
    size_t count;   // parts taken
    unsigned last;  // number of the last one
    uint64_t bytes; // of all
    struct {        // the part that is being read
        uint64_t number, size;
        bool has_size, has_crc32c;
        uint32_t crc32c;
    } now;
    char etag[STORE_ETAG_MAX]; // as the page tells it
};

static int add_part(struct part_pages *p)
{
    if (!p->now.has_size || !p->now.has_crc32c)
        return err_set(-EIO, "a part without size or CRC32C");
    if (p->now.number <= p->last)
        return err_set(-EIO, "parts that are not in order");
    if (p->count == p->out->count)
        return err_set(-EIO, "more than the %zu parts of the object's checksum", p->count);
    if (p->now.size > (uint64_t)INT64_MAX - p->bytes)
        return err_set(-EIO, "parts that are too large");
    p->out->parts[p->count++] = (struct store_part_checksum){
        .number = (unsigned)p->now.number, .size = p->now.size, .crc32c = p->now.crc32c};
    p->last = (unsigned)p->now.number;
    p->bytes += p->now.size;
    memset(&p->now, 0, sizeof p->now);
    return 0;
}

static int take_part_field(struct part_pages *p, const char *name, const char *text)
{
    if (strcmp(name, "PartNumber") == 0)
        return decimal_parse(text, STORE_PART_NUMBER_MAX, &p->now.number);
    if (strcmp(name, "Size") == 0) {
        p->now.has_size = true;
        return decimal_parse(text, INT64_MAX, &p->now.size);
    }
    if (strcmp(name, "ChecksumCRC32C") == 0) {
        p->now.has_crc32c = s3_crc32c_parse(text, &p->now.crc32c);
        return p->now.has_crc32c ? 0 : err_set(-EIO, "a part's CRC32C that is none");
    }
    return 0;
}

// path is /ROOT/FIELD, /ROOT/ObjectParts/Part or /ROOT/ObjectParts/Part/FIELD.
static int on_parts_xml(void *context, enum xml_event event, const char *path, const char *text)
{
    static const char PART[] = "/ObjectParts/Part";
    struct part_pages *p = context;
    const char *item = strchr(path + 1, '/');
    if (event != XML_CLOSE || item == NULL)
        return 0;
    if (strcmp(item, "/ETag") == 0)
        return s3_etag_take(p->etag, text);
    if (strncmp(item, PART, sizeof PART - 1) != 0)
        return 0;
    const char *field = item + sizeof PART - 1;
    if (*field == '\0')
        return add_part(p);
    int rc = *field == '/' ? take_part_field(p, field + 1, text) : 0;
    return rc < 0 ? err_prefix(-EIO, "a part") : 0;
}

static int ask_page(struct store_s3 *s, const char *key, const char *etag, struct part_pages *p)
{
    AUTO_S3_CALL struct s3_call c;
    size_t before = p->count;
    p->etag[0] = '\0';
    int rc = s3_call_init(&c, s, "GET", "GetObjectAttributes", key, ANSWER_LIST_MAX);
    if (rc == 0)
        rc = call_query(&c.call, "attributes", "%s", "");
    if (rc == 0)
        rc = call_header(&c.call, "x-amz-object-attributes", "ETag,ObjectParts");
    if (rc == 0)
        rc = call_header(&c.call, "x-amz-max-parts", "%d", PARTS_A_PAGE);
    if (rc == 0 && p->last > 0)
        rc = call_header(&c.call, "x-amz-part-number-marker", "%u", p->last);
    if (rc == 0)
        rc = s3_call_perform(&c);
    if (rc < 0)
        return rc;
    rc = xml_parse(c.call.answer.data, c.call.answer.len, on_parts_xml, p);
    if (rc == 0)
        rc = same_version(etag, p->etag);
    if (rc == 0 && p->count == before)
        rc = err_set(-EIO, "the answer tells of %zu of %zu parts", p->count, p->out->count);
    return rc < 0 ? err_prefix(rc, "%s", c.what) : 0;
}

static int ask_parts(struct store_s3 *s, const char *key, const char *etag, uint64_t size,
                     struct store_checksums *out)
{
    struct part_pages p = {.out = out};
    while (p.count < out->count) {
        int rc = ask_page(s, key, etag, &p);
        if (rc < 0)
            return rc;
    }
    return p.bytes == size ? 0
                           : err_set(-EIO, "GetObjectAttributes: the parts are not as long as "
                                           "the object");
}

int store_s3_checksums(struct store *store, const char *key, const char *etag,
                       struct store_checksums *out)
{
    struct store_s3 *s = store_s3_of(store);
    uint64_t size = 0;
    unsigned parts = 0;
    *out = (struct store_checksums){0};
    int rc = ask_whole(s, key, etag, out, &size, &parts);
    if (rc == 0 && parts > 0)
        rc = ask_parts(s, key, etag, size, out);
    if (rc < 0)
        store_checksums_clear(out);
    return rc;
}
