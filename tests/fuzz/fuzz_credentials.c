// What the sources of credentials answer: the first byte chooses which, the rest is the answer.
// What is accepted is whole, bounded and fit for a header; what is refused leaves nothing.
#include "s3/credentials_answer.h"
#include "s3/credentials_process.h"
#include "s3/metadata.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_word(const void *bytes, size_t size)
{
    const unsigned char *c = bytes;
    assert(size > 0);
    for (size_t i = 0; i < size; i++)
        assert(c[i] > ' ' && c[i] <= '~');
}

static void check(int rc, const struct credentials *c, int needs_token)
{
    if (rc < 0) {
        assert(c->secret_key == NULL && c->session_token == NULL && *c->access_key_id == '\0');
        return;
    }
    check_word(c->access_key_id, strlen(c->access_key_id));
    check_word(secret_bytes(c->secret_key), secret_size(c->secret_key));
    assert(!needs_token || (c->session_token != NULL && c->expires_s != 0));
    if (c->session_token != NULL)
        check_word(secret_bytes(c->session_token), secret_size(c->session_token));
}

static void take_text(uint8_t kind, const char *text)
{
    AUTO_COMMAND struct command command = {0};
    struct endpoint server;
    const char *path;
    int64_t when;
    if (kind == 3 && command_split(&command, text) == 0)
        assert(command.count > 0 && command.words[command.count] == NULL);
    if (kind == 4 && metadata_container_url(text, &server, &path) == 0)
        assert(path[0] == '/' && *server.host != '\0');
    if (kind == 5 && timestamp_parse(text, &when) == 0)
        assert(when >= -86400);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_CREDENTIALS struct credentials c = {0};
    struct sts_error e;
    assert(secret_init() == 0);
    if (size == 0)
        return 0;
    const uint8_t kind = *data % 6;
    const char *text = (const char *)data + 1;
    size--;
    if (kind == 0) {
        check(credentials_parse_json(&c, CREDENTIALS_OF_PROCESS, text, size), &c, 0);
    } else if (kind == 1) {
        check(credentials_parse_json(&c, CREDENTIALS_OF_METADATA, text, size), &c, 1);
    } else if (kind == 2) {
        check(credentials_parse_sts(&c, text, size), &c, 1);
        sts_error_parse(&e, text, size);
    } else {
        AUTO_FREE char *copy = strndup(text, size);
        take_text(kind, copy);
    }
    return 0;
}
