// The parser of ~/.aws files: any bytes; what it gives out must keep its own promises.
#include "s3/config.h"
#include "s3/ini.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int check(void *context, const char *section, const char *name, const char *value)
{
    size_t *given = context;
    assert(*section != '\0' && strlen(section) <= INI_NAME_MAX);
    assert(*name != '\0' && strlen(name) <= INI_NAME_MAX + 1);
    assert(strpbrk(value, "\n") == NULL && strlen(value) <= INI_LINE_MAX);
    *given += strlen(value);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t given = 0;
    int rc = ini_parse((const char *)data, size, check, &given);
    assert(rc <= 0 && given <= size);
    return 0;
}
