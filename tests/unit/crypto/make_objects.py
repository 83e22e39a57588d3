#!/usr/bin/python3
"""Writes tests/data/s3ec-more.json: objects in the forms that s3ec-vectors.json does not have.

    tests/unit/crypto/make_objects.py > tests/data/s3ec-more.json

That is: data keys wrapped for an RSA key, KMS contexts with entries of the user's own, V1 with a
KMS blob, kms+context over CBC, instruction files of V1 and V2. Every secret comes from a label, as
in s3ec-vectors.json (SHA-256 of "bakfs-s3ec/<label>/<counter>"), so that the output never changes.

RSA padding is written out here from RFC 8017, with Python's integers, and content and other wraps
use AES from the package `cryptography`; scripts/decrypt.py undoes RSA with OpenSSL. So reader and
writer of each RSA wrap share no code.
"""
import base64
import hashlib
import hmac
import json
import pathlib
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import load_pem_private_key

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
ARN = "arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-444444444444"
LENGTHS = (0, 17, 1000)
CBC, GCM, COMMIT = "AES/CBC/PKCS5Padding", "AES/GCM/NoPadding", "115"
SUITE = b"\x00\x73"
USER_ENTRIES = {"department": "backup", "server": "SQL 1"}


def label_bytes(label, size):
    blocks = (hashlib.sha256(f"bakfs-s3ec/{label}/{counter}".encode()).digest()
              for counter in range(-(-size // 32)))
    return b"".join(blocks)[:size]


def text(value):
    return base64.b64encode(value).decode()


def compact(value):
    return json.dumps(value, separators=(",", ":"))


# ---- RSA (RFC 8017), with the seed given ----


class PublicKey:
    def __init__(self, path):
        numbers = load_pem_private_key(path.read_bytes(), None).public_key().public_numbers()
        self.n, self.e, self.size = numbers.n, numbers.e, (numbers.n.bit_length() + 7) // 8

    def raw(self, block):
        return pow(int.from_bytes(block, "big"), self.e, self.n).to_bytes(self.size, "big")


def mgf1(seed, size, digest):
    out = b""
    for counter in range(-(-size // hashlib.new(digest).digest_size)):
        out += hashlib.new(digest, seed + counter.to_bytes(4, "big")).digest()
    return out[:size]


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def oaep(public, message, label, digest, mgf_digest):
    """RSAES-OAEP (7.1.1) with an empty label; the seed is made of `label`."""
    hash_size = hashlib.new(digest).digest_size
    seed = label_bytes(f"seed-{label}", hash_size)
    block = hashlib.new(digest).digest()
    block += bytes(public.size - len(message) - 2 * hash_size - 2) + b"\x01" + message
    masked = xor(block, mgf1(seed, len(block), mgf_digest))
    return public.raw(b"\x00" + xor(seed, mgf1(masked, hash_size, mgf_digest)) + masked)


def pkcs1(public, message, label):
    """RSAES-PKCS1-v1_5 (7.2.1): the filling has no zero byte."""
    filling = label_bytes(f"filling-{label}", public.size - len(message) - 3)
    return public.raw(b"\x00\x02" + bytes(b or 1 for b in filling) + b"\x00" + message)


# ---- content ----


def seal_cbc(key, iv, plain):
    pad = 16 - len(plain) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()


def expand(prk, name, size):
    return hmac.new(prk, SUITE + name + b"\x01", "sha512").digest()[:size]


class Maker:
    """Collects the cases; one method per envelope version."""

    def __init__(self):
        self.rsa = PublicKey(DATA / "test-rsa-2048.pem")
        own = json.loads((DATA / "s3ec-vectors.json").read_text())
        self.aes = bytes.fromhex(own["aes_wrapping_key_hex"])
        self.cases = []

    def add(self, family, size, metadata, key, cipher, context=None, instruction=None):
        plain = label_bytes(f"pt{size}", size)
        case = {
            "name": f"{family}-{size}",
            "plaintext_label": f"pt{size}",
            "plaintext_len": size,
            "plaintext_sha256": hashlib.sha256(plain).hexdigest(),
            "data_key_hex": key.hex(),
            "metadata": metadata,
            "ciphertext_sha256": hashlib.sha256(cipher).hexdigest(),
            "ciphertext_len": len(cipher),
        }
        if context is not None:
            case["kms_encryption_context"] = context
        if instruction is not None:
            case["instruction"] = compact(instruction)
        case["ciphertext_hex"] = cipher.hex()
        self.cases.append(case)

    def v1(self, family, size, wrap, context=None, instruction=False):
        name = f"{family}{size}"
        key, iv = label_bytes(f"dk-{name}", 32), label_bytes(f"iv-{name}", 16)
        cipher = seal_cbc(key, iv, label_bytes(f"pt{size}", size))
        fields = {"x-amz-key": text(wrap(key, name)), "x-amz-iv": text(iv), "x-amz-matdesc": "{}"}
        metadata, apart = ({}, fields) if instruction else (fields, None)
        self.add(family, size, metadata, key, cipher, context, apart)

    def v2(self, family, size, wrap_name, wrap, content=GCM, context=None, instruction=False):
        name = f"{family}{size}"
        key = label_bytes(f"dk-{name}", 32)
        iv = label_bytes(f"iv-{name}", 16 if content == CBC else 12)
        plain = label_bytes(f"pt{size}", size)
        fields = {
            "x-amz-key-v2": text(wrap(key, name)),
            "x-amz-iv": text(iv),
            "x-amz-cek-alg": content,
            "x-amz-wrap-alg": wrap_name,
            "x-amz-matdesc": compact(context or {}),
        }
        if content == GCM:
            fields["x-amz-tag-len"] = "128"
            cipher = AESGCM(key).encrypt(iv, plain, None)
        else:
            cipher = seal_cbc(key, iv, plain)
        length = {"x-amz-unencrypted-content-length": str(size)}
        metadata, apart = (length, fields) if instruction else ({**fields, **length}, None)
        self.add(family, size, metadata, key, cipher, context, apart)

    def v3(self, family, size, wrap_name, wrap, context=None, instruction=False):
        name = f"{family}{size}"
        key, message_id = label_bytes(f"dk-{name}", 32), label_bytes(f"mid-{name}", 28)
        prk = hmac.new(message_id, key, "sha512").digest()
        cipher = AESGCM(expand(prk, b"DERIVEKEY", 32)).encrypt(
            b"\x01" * 12, label_bytes(f"pt{size}", size), SUITE
        )
        wrapping = {"x-amz-3": text(wrap(key, name)), "x-amz-w": wrap_name}
        wrapping["x-amz-t" if wrap_name == "12" else "x-amz-m"] = compact(context or {})
        content = {
            "x-amz-c": COMMIT,
            "x-amz-d": text(expand(prk, b"COMMITKEY", 28)),
            "x-amz-i": text(message_id),
        }
        metadata, apart = (content, wrapping) if instruction else ({**content, **wrapping}, None)
        self.add(family, size, metadata, key, cipher, context, apart)

    # -- wraps: (data key, name of the case) to the wrapped key

    @staticmethod
    def by_kms(_key, name):
        """What only the KMS of the test can open: bytes that stand for the data key."""
        return label_bytes(f"edk-{name}", 184)

    def by_rsa(self, algorithm):
        """RSA-OAEP-SHA1 and V3's 22: length, key and content algorithm are wrapped together."""
        return lambda key, name: oaep(
            self.rsa, bytes([len(key)]) + key + algorithm.encode(), name, "sha1", "sha1"
        )

    def by_rsa_sha256(self, key, name):
        """Java's name for OAEP with SHA-256 leaves MGF1 at SHA-1; the bare key is wrapped."""
        return oaep(self.rsa, key, name, "sha256", "sha1")

    def by_rsa_pkcs1(self, key, name):
        return pkcs1(self.rsa, key, name)

    def by_aes_gcm(self, algorithm):
        def wrap(key, name):
            iv = label_bytes(f"kiv-{name}", 12)
            return iv + AESGCM(self.aes).encrypt(iv, key, algorithm.encode())

        return wrap

    def by_rfc3394(self, key, _name):
        return aes_key_wrap(self.aes, key)

    def by_aes_ecb(self, key, _name):
        encryptor = Cipher(algorithms.AES(self.aes), modes.ECB()).encryptor()
        return encryptor.update(key + bytes([16]) * 16) + encryptor.finalize()

    # -- all forms of one size

    @staticmethod
    def contexts():
        """(what `kms` stores, {content: what kms+context stores})."""
        bound = {algorithm: {"aws:x-amz-cek-alg": algorithm} for algorithm in (CBC, GCM, COMMIT)}
        return {"kms_cmk_id": ARN}, bound

    def make_further(self, size):
        """The families that s3ec-vectors.json does not have."""
        named, bound = self.contexts()
        self.v1("v1-kms-cbc", size, self.by_kms, {})
        self.v1("v1-rsa-cbc", size, self.by_rsa_pkcs1)
        self.v1("v1-aes-cbc-instr", size, self.by_aes_ecb, instruction=True)
        self.v2("v2-kms-cbc-instr", size, "kms", self.by_kms, CBC, named, True)
        self.v2("v2-kmsctx-cbc", size, "kms+context", self.by_kms, CBC, bound[CBC])
        self.v2("v2-kmsctx-gcm-user", size, "kms+context", self.by_kms,
                context={**USER_ENTRIES, **bound[GCM]})
        self.v2("v2-kmsctx-gcm-instr", size, "kms+context", self.by_kms, context=bound[GCM],
                instruction=True)
        self.v2("v2-aesgcm-gcm-instr", size, "AES/GCM", self.by_aes_gcm(GCM), instruction=True)
        self.v2("v2-rsaoaep-gcm", size, "RSA-OAEP-SHA1", self.by_rsa(GCM))
        self.v2("v2-rsaoaep256-gcm", size, "RSA/ECB/OAEPWithSHA-256AndMGF1Padding",
                self.by_rsa_sha256)
        self.v3("v3-kmsctx-kc-user", size, "12", self.by_kms,
                context={**USER_ENTRIES, **bound[COMMIT]})
        self.v3("v3-rsa-kc", size, "22", self.by_rsa(COMMIT))
        self.v3("v3-rsa-kc-instr", size, "22", self.by_rsa(COMMIT), instruction=True)
        self.v3("v3-aesgcm-kc-instr", size, "02", self.by_aes_gcm(COMMIT), instruction=True)

    def make_known(self, size):
        """The families that it has, for tests that want them in other sizes."""
        named, bound = self.contexts()
        self.v1("v1-aes-cbc", size, self.by_aes_ecb)
        self.v2("v2-kms-cbc", size, "kms", self.by_kms, CBC, named)
        self.v2("v2-kms-gcm", size, "kms", self.by_kms, context=named)
        self.v2("v2-kmsctx-gcm", size, "kms+context", self.by_kms, context=bound[GCM])
        self.v2("v2-aesgcm-gcm", size, "AES/GCM", self.by_aes_gcm(GCM))
        self.v2("v2-aeswrap-gcm", size, "AESWrap", self.by_rfc3394)
        self.v3("v3-kmsctx-kc", size, "12", self.by_kms, context=bound[COMMIT])
        self.v3("v3-kmsctx-kc-instr", size, "12", self.by_kms, context=bound[COMMIT],
                instruction=True)
        self.v3("v3-aesgcm-kc", size, "02", self.by_aes_gcm(COMMIT))


def main():
    maker = Maker()
    for size in LENGTHS:
        maker.make_further(size)
    rows = ",\n".join(json.dumps(case) for case in maker.cases)
    source = "Made by tests/unit/crypto/make_objects.py, which says how. Do not edit."
    sys.stdout.write(f'{{\n"source": {json.dumps(source)},\n"kms_arn": {json.dumps(ARN)},\n'
                     f'"aes_wrapping_key_hex": {json.dumps(maker.aes.hex())},\n'
                     f'"rsa_key_file": "test-rsa-2048.pem",\n"cases": [\n{rows}\n]\n}}\n')


if __name__ == "__main__":
    main()
