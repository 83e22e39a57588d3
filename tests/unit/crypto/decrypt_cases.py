"""Shared by the tests of scripts/decrypt.py: the script as a module, and the vectors."""

import base64
import hashlib
import importlib.util
import json
import pathlib
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.padding import PKCS7

ROOT = pathlib.Path(__file__).resolve().parents[3]
HERE = pathlib.Path(__file__).resolve().parent
SCRIPT = ROOT / "scripts" / "decrypt.py"
spec = importlib.util.spec_from_file_location("decrypt", SCRIPT)
sys.dont_write_bytecode = True
decrypt = importlib.util.module_from_spec(spec)
spec.loader.exec_module(decrypt)

DATA = ROOT / "tests" / "data"


def load(name):
    return json.loads((DATA / name).read_text())


OWN = load("s3ec-vectors.json")["cases"]
PUBLISHED = load("s3ec-published.json")
MORE = load("s3ec-more.json")
CASES = OWN + PUBLISHED["cases"] + MORE["cases"]
AES_KEY = bytes.fromhex(MORE["aes_wrapping_key_hex"])
RSA_FILE = DATA / MORE["rsa_key_file"]
WRAPPING = {"aes": AES_KEY, "rsa": decrypt.read_key_file(RSA_FILE)}


def by_name(name):
    return next(case for case in CASES if case["name"] == name)


def instruction(case):
    return case["instruction"].encode() if "instruction" in case else None


def envelope_of(case):
    return decrypt.parse_envelope(case["metadata"], instruction(case))


def label_bytes(label, size):
    out = b""
    while len(out) < size:
        counter = len(out) // 32
        out += hashlib.sha256(f"bakfs-s3ec/{label}/{counter}".encode()).digest()
    return out[:size]


def plaintext(case):
    if "plaintext_hex" in case:
        return bytes.fromhex(case["plaintext_hex"])
    return label_bytes(case["plaintext_label"], case["plaintext_len"])


def ciphertext(case):
    """As it stands there; the long ones are CBC or GCM made here and held against the digest."""
    if "ciphertext_hex" in case:
        return bytes.fromhex(case["ciphertext_hex"])
    key, metadata, plain = bytes.fromhex(case["data_key_hex"]), case["metadata"], plaintext(case)
    if "x-amz-c" in metadata:
        mid = base64.b64decode(metadata["x-amz-i"])
        prk = decrypt.hmac.new(mid, key, "sha512").digest()
        cek = decrypt.hmac.new(prk, b"\0\x73DERIVEKEY\1", "sha512").digest()[:32]
        data = AESGCM(cek).encrypt(b"\1" * 12, plain, b"\0\x73")
    elif "GCM" in metadata.get("x-amz-cek-alg", ""):
        data = AESGCM(key).encrypt(base64.b64decode(metadata["x-amz-iv"]), plain, None)
    else:
        data = seal_cbc(key, base64.b64decode(metadata["x-amz-iv"]), plain)
    assert hashlib.sha256(data).hexdigest() == case["ciphertext_sha256"], case["name"]
    return data


def seal_cbc(key, iv, plain):
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    padded = padder.update(plain) + padder.finalize()
    return encryptor.update(padded) + encryptor.finalize()


def run(envelope, key, data, piece=1000):
    pieces = [data[i : i + piece] for i in range(0, len(data), piece)]
    return b"".join(decrypt.decrypt(envelope, key, pieces))


def opened(metadata, key_hex, data, piece=1000):
    return run(decrypt.parse_envelope(metadata), bytes.fromhex(key_hex), data, piece)
