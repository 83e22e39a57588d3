// The XML reader: any bytes; paths and depth must balance.
#include "s3/config.h"
#include "s3/xml.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int check(void *context, enum xml_event event, const char *path, const char *text)
{
    int *depth = context;
    *depth += event == XML_OPEN ? 1 : 0;
    int slashes = 0;
    for (const char *c = path; *c != '\0'; c++)
        slashes += *c == '/';
    assert(slashes == *depth && *depth <= XML_DEPTH_MAX);
    assert((text == NULL) == (event == XML_OPEN));
    assert(text == NULL || strlen(text) <= XML_TEXT_MAX);
    *depth -= event == XML_CLOSE ? 1 : 0;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int depth = 0;
    int rc = xml_parse((const char *)data, size, check, &depth);
    assert(rc <= 0 && (rc < 0 || depth == 0));
    return 0;
}
