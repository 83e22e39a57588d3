// Feeds the envelope parser metadata of any kind, and an instruction file: what it accepts must be
// sound, and must come back the same when it is written and read again.
//
// Input: entries "selector name? NUL value NUL". A selector below NAMES_COUNT picks a known name
// (bit 7 spells it in capitals), another one reads the name from the input. The first byte says
// which valid envelope stands there before (0: none), and its bit 7 that an instruction file
// follows it.
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

#define WRAPPED "d3JhcHBlZCBrZXk="
#define B28     "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ=="

#define VALID_FIELDS 6
static const char *const VALID[][VALID_FIELDS][2] = {
    {{NULL, NULL}},
    {{"x-amz-key-v2", WRAPPED},
     {"x-amz-iv", "AAECAwQFBgcICQoLDA0ODw=="},
     {"x-amz-cek-alg", "AES/CBC/PKCS5Padding"},
     {"x-amz-wrap-alg", "kms"},
     {"x-amz-matdesc", "{\"kms_cmk_id\":\"arn:aws:kms:eu-west-1:1:key/2\"}"}},
    {{"x-amz-key", WRAPPED}, {"x-amz-iv", "AAECAwQFBgcICQoLDA0ODw=="}, {"x-amz-matdesc", "{}"}},
    {{"x-amz-key-v2", WRAPPED},
     {"x-amz-iv", "AAECAwQFBgcICQoL"},
     {"x-amz-cek-alg", "AES/GCM/NoPadding"},
     {"x-amz-wrap-alg", "kms+context"},
     {"x-amz-tag-len", "128"},
     {"x-amz-matdesc", "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}"}},
    {{"x-amz-c", "115"},
     {"x-amz-3", WRAPPED},
     {"x-amz-w", "12"},
     {"x-amz-d", B28},
     {"x-amz-i", B28},
     {"x-amz-t", "{\"aws:x-amz-cek-alg\":\"115\"}"}},
    {{"x-amz-c", "115"}, {"x-amz-d", B28}, {"x-amz-i", B28}}, // with an instruction file
};
#define VALID_COUNT (sizeof VALID / sizeof *VALID)

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

static void add_valid(struct kv *m, size_t which)
{
    for (size_t i = 0; i < VALID_FIELDS && VALID[which][i][0] != NULL; i++)
        must(kv_set(m, VALID[which][i][0], VALID[which][i][1]));
}

// *instruction: what the input has as such a file, free(); NULL: none.
static void metadata_make(struct input *in, struct kv *m, char **instruction)
{
    *instruction = NULL;
    if (in->len > 0) {
        uint8_t first = *in->data++;
        in->len--;
        add_valid(m, (first & 0x7f) % VALID_COUNT);
        if ((first & 0x80) != 0)
            *instruction = take_text(in);
    }
    while (in->len > 0 && m->count < 64) {
        AUTO_FREE char *name = take_name(in);
        AUTO_FREE char *value = take_text(in);
        must(kv_set(m, name, value));
    }
}

static void must_be_sound(const struct envelope *e, struct kv *m)
{
    assert(e->version != ENVELOPE_V1 || e->content == CONTENT_CBC);
    assert((e->version == ENVELOPE_V3) == (e->content == CONTENT_GCM_COMMITTED));
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
    assert(memcmp(again.commitment, e->commitment, sizeof e->commitment) == 0);
    assert(again.version == e->version && again.wrap == e->wrap && again.content == e->content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    AUTO_KV struct kv m = {0};
    AUTO_FREE char *instruction = NULL;
    metadata_make(&in, &m, &instruction);
    AUTO_ENVELOPE struct envelope e = {0};
    enum envelope_found found = ENVELOPE_NONE;
    int rc = envelope_parse(&m, &e, &found);
    if (rc == 0 && found != ENVELOPE_PRESENT && instruction != NULL) {
        rc = envelope_parse_instruction(&m, instruction, strlen(instruction), &e);
        found = ENVELOPE_PRESENT;
    }
    assert(rc == 0 || rc == -EIO || rc == -EACCES);
    assert(rc == 0 || (e.context.pairs == NULL && err_text()[0] != '\0'));
    if (rc == 0 && found == ENVELOPE_PRESENT)
        must_be_sound(&e, &m);
    envelope_strip(&m);
    must(envelope_parse(&m, &e, &found));
    assert(found == ENVELOPE_NONE);
    return 0;
}
