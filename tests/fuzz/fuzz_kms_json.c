// KMS's answers: any bytes; what is accepted keeps its bounds.
#include "s3/kms_json.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_KMS_JSON struct json_t *json = NULL;
    AUTO_SECRET struct secret *secret = NULL;
    AUTO_BUF struct buf blob;
    buf_init(&blob, 100);
    assert(secret_init() == 0);
    if (kms_json_parse(&json, (const char *)data, size) < 0)
        return 0;
    if (kms_json_secret(json, "Plaintext", 32, &secret) == 0)
        assert(secret_size(secret) >= 1 && secret_size(secret) <= 32);
    if (kms_json_bytes(json, "CiphertextBlob", 100, &blob) == 0)
        assert(blob.len >= 1 && blob.len <= 100);
    (void)kms_json_text(json, "KeyMetadata", "Arn");
    (void)kms_json_true(json, "KeyMetadata", "Enabled");
    return 0;
}
