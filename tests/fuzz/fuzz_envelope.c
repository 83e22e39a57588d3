// Feeds the envelope parser metadata of any kind: what it accepts must be sound, and must come back
// the same when it is written and read again.
//
// Input: entries "selector name? NUL value NUL". A selector below NAMES_COUNT picks a known name
// (bit 7 spells it in capitals), another one reads the name from the input. The first byte says
// whether a valid envelope stands there before.
#include "common/err.h"
#include "crypto/envelope.h"

#include <assert.h>
#include <string.h>

static const char *const NAMES[] = {
    "x-amz-key-v2",  "x-amz-iv",
    "x-amz-cek-alg", "x-amz-wrap-alg",
    "x-amz-matdesc", "x-amz-unencrypted-content-length",
    "x-amz-tag-len", "x-amz-key",
    "x-amz-3",       "x-amz-c",
    "x-amz-w",       "x-amz-d",
    "x-amz-i",       "x-amz-t",
    "x-amz-m",       "x-amz-unencrypted-content-md5",
};
#define NAMES_COUNT (sizeof NAMES / sizeof *NAMES)

static const char *const VALID[][2] = {
    {"x-amz-key-v2", "d3JhcHBlZCBrZXk="},
    {"x-amz-iv", "AAECAwQFBgcICQoLDA0ODw=="},
    {"x-amz-cek-alg", "AES/CBC/PKCS5Padding"},
    {"x-amz-wrap-alg", "kms"},
    {"x-amz-matdesc", "{\"kms_cmk_id\":\"arn:aws:kms:eu-west-1:1:key/2\"}"},
};

struct input {
    const uint8_t *data;
    size_t len;
};

// The next text of the input, terminated: free().
static char *take_text(struct input *in)
{
    size_t len = strnlen((const char *)in->data, in->len);
    char *text = strndup((const char *)in->data, len);
    size_t used = len < in->len ? len + 1 : len;
    in->data += used;
    in->len -= used;
    assert(text != NULL);
    return text;
}

static char *take_name(struct input *in)
{
    uint8_t selector = *in->data++;
    in->len--;
    if ((selector & 0x7f) >= NAMES_COUNT)
        return take_text(in);
    char *name = strdup(NAMES[selector & 0x7f]);
    assert(name != NULL);
    for (char *p = name; (selector & 0x80) != 0 && *p != '\0'; p++)
        *p = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
    return name;
}

static void must(int rc)
{
    assert(rc == 0);
}

static void metadata_make(struct input *in, struct kv *m)
{
    if (in->len > 0 && (*in->data & 1) != 0) {
        for (size_t i = 0; i < sizeof VALID / sizeof *VALID; i++)
            must(kv_set(m, VALID[i][0], VALID[i][1]));
    }
    if (in->len > 0) {
        in->data++;
        in->len--;
    }
    while (in->len > 0 && m->count < 64) {
        AUTO_FREE char *name = take_name(in);
        AUTO_FREE char *value = take_text(in);
        must(kv_set(m, name, value));
    }
}

static void must_be_sound(const struct envelope *e, struct kv *m)
{
    assert(e->version == ENVELOPE_V2 && e->wrap == WRAP_KMS && e->content == CONTENT_CBC);
    assert(e->wrapped_len > 0 && e->wrapped_len <= ENVELOPE_WRAPPED_MAX);
    assert(!e->has_plain_size || e->plain_size <= content_plain_size_max(e->content));
    // \uXXXX may make a long description longer: that may be refused, and leaves all as it was.
    int rc = envelope_write(e, m);
    assert(rc == 0 || rc == -EIO);
    if (rc < 0)
        return;
    AUTO_ENVELOPE struct envelope again = {0};
    enum envelope_found found = ENVELOPE_NONE;
    must(envelope_parse(m, &again, &found));
    assert(found == ENVELOPE_PRESENT && kv_equal(&again.context, &e->context));
    assert(again.wrapped_len == e->wrapped_len && again.plain_size == e->plain_size);
    assert(memcmp(again.wrapped, e->wrapped, e->wrapped_len) == 0);
    assert(memcmp(again.iv, e->iv, sizeof e->iv) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    AUTO_KV struct kv m = {0};
    metadata_make(&in, &m);
    AUTO_ENVELOPE struct envelope e = {0};
    enum envelope_found found = ENVELOPE_NONE;
    int rc = envelope_parse(&m, &e, &found);
    assert(rc == 0 || rc == -EIO || rc == -EACCES);
    assert(rc == 0 || (e.context.pairs == NULL && err_text()[0] != '\0'));
    if (rc == 0 && found == ENVELOPE_PRESENT)
        must_be_sound(&e, &m);
    envelope_strip(&m);
    must(envelope_parse(&m, &e, &found));
    assert(found == ENVELOPE_NONE);
    return 0;
}
