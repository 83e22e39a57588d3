// bench_baseline [--bytes N]: what one core does in this run of the passes that every byte needs:
// AES-256-CBC both ways, CRC-32C (the program's own), SHA-256. Over 64 MiB in pieces of 1 MiB, so
// the caches help as little as in the daemon. CPU seconds a GiB, as JSON.
#include "common/codec.h"
#include "control.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AREA_BYTES  (64u << 20)
#define PIECE_BYTES (1u << 20)

struct pass {
    const char *name;
    void (*run)(uint8_t *piece, size_t len);
};

static EVP_CIPHER_CTX *encrypting, *decrypting;
static EVP_MD_CTX *hashing;
static uint32_t crc;
static uint8_t *opened;

static void encrypt(uint8_t *piece, size_t len)
{
    int out_len = 0;
    if (EVP_EncryptUpdate(encrypting, piece, &out_len, piece, (int)len) != 1)
        control_die("EVP_EncryptUpdate");
}

static void decrypt(uint8_t *piece, size_t len)
{
    int out_len = 0;
    if (EVP_DecryptUpdate(decrypting, opened, &out_len, piece, (int)len) != 1)
        control_die("EVP_DecryptUpdate");
}

static void checksum(uint8_t *piece, size_t len)
{
    crc = crc32c_extend(crc, piece, len);
}

static void hash(uint8_t *piece, size_t len)
{
    if (EVP_DigestUpdate(hashing, piece, len) != 1)
        control_die("EVP_DigestUpdate");
}

static const struct pass PASSES[] = {
    {"cbc_encrypt", encrypt},
    {"cbc_decrypt", decrypt},
    {"crc32c", checksum},
    {"sha256", hash},
};

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_s_per_gib(const struct pass *pass, uint8_t *area, uint64_t bytes)
{
    double begin = cpu_s();
    for (uint64_t done = 0; done < bytes; done += PIECE_BYTES)
        pass->run(area + done % AREA_BYTES, PIECE_BYTES);
    return (cpu_s() - begin) * (double)(1u << 30) / (double)bytes;
}

static void start_passes(void)
{
    static const uint8_t KEY[32] = {1}, IV[16] = {2}; // nothing secret is encrypted here
    encrypting = EVP_CIPHER_CTX_new();
    decrypting = EVP_CIPHER_CTX_new();
    hashing = EVP_MD_CTX_new();
    opened = malloc(PIECE_BYTES + 32);
    if (opened == NULL || EVP_EncryptInit_ex(encrypting, EVP_aes_256_cbc(), NULL, KEY, IV) != 1 ||
        EVP_DecryptInit_ex(decrypting, EVP_aes_256_cbc(), NULL, KEY, IV) != 1 ||
        EVP_DigestInit_ex(hashing, EVP_sha256(), NULL) != 1)
        control_die("OpenSSL");
    memset(opened, 0, PIECE_BYTES + 32);
}

int main(int argc, char **argv)
{
    uint64_t bytes = control_option(argc, argv, "--bytes", 1ull << 30);
    uint8_t *area = malloc(AREA_BYTES);
    if (area == NULL)
        control_die("memory");
    memset(area, 7, AREA_BYTES);
    start_passes();
    putchar('{');
    for (size_t i = 0; i < sizeof PASSES / sizeof *PASSES; i++)
        printf("%s\"%s\": %.4f", i == 0 ? "" : ", ", PASSES[i].name,
               cpu_s_per_gib(&PASSES[i], area, bytes));
    puts("}");
    return 0;
}
