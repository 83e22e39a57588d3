// The settings file: any bytes; what the parser gives out must keep its own promises, and applying
// it must end in options or in a text.
#include "cli/config_file.h"
#include "common/err.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int check(void *context, const struct config_line *line)
{
    size_t *given = context;
    assert(line->number > 0 && *line->name != '\0' && strpbrk(line->name, "\n=") == NULL);
    assert(*line->section == '\0' || *line->section == '/' ||
           strncmp(line->section, "s3://", 5) == 0);
    assert(line->value == NULL || strlen(line->value) < CONFIG_LINE_MAX);
    *given += strlen(line->name);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct verb MOUNT = {"mount", VERB_MOUNT, "", "", 2, 2, NULL};
    char source[] = "s3://bucket/a", mountpoint[] = "/mnt";
    char *const args[] = {source, mountpoint};
    AUTO_OPTIONS struct options o, given;
    size_t used = 0;
    int rc = config_parse((const char *)data, size, check, &used);
    assert(rc <= 0 && used <= size);
    options_init(&o);
    options_init(&given);
    if (options_parse(&given, &MOUNT, 2, args) < 0)
        return 0;
    rc = config_apply(&o, &MOUNT, &given, "file", (const char *)data, size);
    assert(rc == 0 || strncmp(err_text(), "file: line ", 11) == 0);
    return 0;
}
