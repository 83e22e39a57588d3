// The only user of expat.
#include "s3/xml.h"
#include "common/buf.h"
#include "common/err.h"
#include "s3/config.h"
#include "s3/xml_repair.h"

#include <assert.h>
#include <expat.h>
#include <limits.h>
#include <malloc.h>
#include <string.h>

struct xml_state {
    XML_Parser parser;
    xml_fn fn;
    void *context;
    char path[XML_DEPTH_MAX * (XML_NAME_MAX + 1) + 1];
    size_t path_len;
    unsigned depth;
    struct buf text; // of the innermost element that is open
    bool repaired;   // texts have stand-ins for control characters
    int rc;          // what ended it; the text is saved beside
    struct err_saved saved;
};

static void stop(struct xml_state *s, int rc)
{
    if (s->rc < 0)
        return;
    s->rc = rc;
    err_save(&s->saved, rc);
    XML_StopParser(s->parser, XML_FALSE);
}

static void on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    (void)attributes;
    struct xml_state *s = user;
    if (s->rc < 0)
        return;
    const char *colon = strrchr(name, ':');
    const char *local = colon != NULL ? colon + 1 : name;
    size_t len = strlen(local);
    if (s->depth == XML_DEPTH_MAX || len > XML_NAME_MAX) {
        stop(s, err_set(-EIO, "the XML is nested deeper than %d or has names over %d bytes",
                        XML_DEPTH_MAX, XML_NAME_MAX));
        return;
    }
    s->depth++;
    s->path[s->path_len] = '/';
    memcpy(s->path + s->path_len + 1, local, len + 1);
    s->path_len += 1 + len;
    buf_reset(&s->text);
    int rc = s->fn(s->context, XML_OPEN, s->path, NULL);
    if (rc < 0)
        stop(s, rc);
}

static void on_end(void *user, const XML_Char *name)
{
    (void)name;
    struct xml_state *s = user;
    if (s->rc < 0)
        return;
    if (s->repaired && s->text.data != NULL)
        xml_restore(s->text.data);
    int rc = s->fn(s->context, XML_CLOSE, s->path, buf_str(&s->text));
    buf_reset(&s->text);
    assert(s->depth > 0);
    s->depth--;
    char *slash = strrchr(s->path, '/');
    *slash = '\0';
    s->path_len = (size_t)(slash - s->path);
    if (rc < 0)
        stop(s, rc);
}

static void on_text(void *user, const XML_Char *text, int len)
{
    struct xml_state *s = user;
    if (s->rc < 0)
        return;
    int rc = buf_add(&s->text, text, (size_t)len);
    if (rc < 0)
        stop(s, err_prefix(rc, "the XML has a text"));
}

// No document of S3 has one, and all tricks with entities start there.
static void on_doctype(void *user, const XML_Char *name, const XML_Char *system,
                       const XML_Char *public, int internal)
{
    (void)name, (void)system, (void)public, (void)internal;
    stop(user, err_set(-EIO, "the XML has a DTD"));
}

// An answer of STS is a secret, so expat's memory is wiped when it goes.
static void wiping_free(void *memory)
{
    if (memory != NULL)
        explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

static void *wiping_realloc(void *memory, size_t size)
{
    size_t had = memory != NULL ? malloc_usable_size(memory) : 0;
    void *moved = malloc(size);
    if (moved == NULL || memory == NULL)
        return moved;
    memcpy(moved, memory, had < size ? had : size);
    wiping_free(memory);
    return moved;
}

static const XML_Memory_Handling_Suite WIPING = {malloc, wiping_realloc, wiping_free};

static int parse(struct xml_state *s, const char *text, size_t len)
{
    XML_SetUserData(s->parser, s);
    XML_SetElementHandler(s->parser, on_start, on_end);
    XML_SetCharacterDataHandler(s->parser, on_text);
    XML_SetStartDoctypeDeclHandler(s->parser, on_doctype);
    if (XML_Parse(s->parser, text, (int)len, 1) == XML_STATUS_OK)
        return 0;
    if (s->rc < 0)
        return err_restore(&s->saved);
    return err_set(-EIO, "the XML is malformed: %s", XML_ErrorString(XML_GetErrorCode(s->parser)));
}

int xml_parse(const char *text, size_t len, xml_fn fn, void *context)
{
    assert(fn != NULL);
    while (len > 0 && strchr(" \t\r\n", *text) != NULL && *text != '\0') {
        text++;
        len--;
    }
    if (len > INT_MAX / 3)
        return err_set(-EIO, "the XML is too large");
    AUTO_BUF struct buf sound;
    struct xml_state s = {.fn = fn, .context = context};
    buf_init_secret(&sound, 3 * len + 1);
    int rc = xml_repair(text, len, &sound, &s.repaired);
    if (rc < 0)
        return rc;
    buf_init_secret(&s.text, XML_TEXT_MAX);
    s.parser = XML_ParserCreate_MM(NULL, &WIPING, NULL);
    if (s.parser == NULL)
        return err_set(-ENOMEM, "out of memory for XML");
    rc = s.repaired ? parse(&s, sound.data, sound.len) : parse(&s, text, len);
    XML_ParserFree(s.parser);
    buf_clear(&s.text);
    return rc;
}
