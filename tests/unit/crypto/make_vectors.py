#!/usr/bin/python3
"""Writes tests/unit/crypto/vectors.h from tests/data/*.json: every case as C tables.

Run it after the data changed:  tests/unit/crypto/make_vectors.py > tests/unit/crypto/vectors.h
vectors_read.h says what the members are.
"""
import base64
import json
import pathlib
import re

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
# Our own, those quoted from Amazon's clients, and what neither has.
FILES = ("s3ec-vectors.json", "s3ec-published.json", "s3ec-more.json")


def text(value):
    """A C string literal, broken into lines; NULL for None."""
    if value is None:
        return "NULL"
    pieces = [value[i : i + 78] for i in range(0, len(value), 78)] or [""]
    return "\n        ".join(json.dumps(piece) for piece in pieces)


def compact(value):
    return None if value is None else json.dumps(value, separators=(",", ":"))


def context_of(case, fields):
    """What KMS must be asked with: the case says so, or (the oldest file) its description does."""
    if "kms_encryption_context" in case:
        return case["kms_encryption_context"]
    by_kms = fields.get("x-amz-wrap-alg", "").startswith("kms") or fields.get("x-amz-w") == "12"
    return json.loads(fields.get("x-amz-matdesc") or fields["x-amz-t"]) if by_kms else None


def wrapping_of(case):
    found = re.match(r"v\d-(aes|rsa)", case["name"])
    return found[1] if found else "kms"


def hex_of(fields, name):
    return base64.b64decode(fields[name]).hex() if name in fields else None


def row(case):
    fields = {**case["metadata"], **json.loads(case.get("instruction", "{}"))}
    # Negative cases: bad base64 has no bytes to show.
    damaged = case.get("refused") == "envelope"
    pairs = [f"{{{text(n)},\n        {text(v)}}}" for n, v in case["metadata"].items()]
    members = [
        ("name", text(case["name"])),
        ("family", text(re.sub(r"-(\d+|go\d?)$", "", case["name"]))),
        ("refused", text(case.get("refused"))),
        ("plain_label", text(case.get("plaintext_label"))),
        ("plain_len", case.get("plaintext_len", len(case.get("plaintext_hex", "")) // 2)),
        ("plain_hex", text(case.get("plaintext_hex"))),
        ("cipher_hex", text(case.get("ciphertext_hex"))),
        ("cipher_sha256", text(case.get("ciphertext_sha256", ""))),
        ("key_hex", text(case["data_key_hex"])),
        ("wrapping", text(wrapping_of(case))),
        ("context", text(compact(context_of(case, fields)))),
        ("iv_hex", text(hex_of(fields, "x-amz-iv"))),
        ("message_id_hex", text(hex_of(fields, "x-amz-i"))),
        ("commitment_hex", text(None if damaged else hex_of(fields, "x-amz-d"))),
        ("instruction", text(case.get("instruction"))),
        ("metadata", "{%s}" % (",\n        ".join(pairs) or "{NULL, NULL}")),
    ]
    return brace(members)


def brace(members):
    return "    {%s}" % ",\n     ".join(f".{name} = {value}" for name, value in members)


def hex_row(case):
    return brace([(n, text(case[n])) for n in case if n == "name" or n.endswith("_hex")])


def table(kind, name, rows):
    return "static const struct %s %s[] = {\n%s,\n};" % (kind, name, ",\n".join(rows))


def main():
    files = [json.loads((DATA / name).read_text()) for name in FILES]
    cases = [case for data in files for case in data["cases"] + data.get("refused", [])]
    own, published, _more = files
    print("// Made by make_vectors.py from tests/data/s3ec-vectors.json and s3ec-more.json (our own)")
    print("// and s3ec-published.json (quoted, with their sources). Do not edit.")
    print("// clang-format off")
    print(f'#define VECTOR_AES_KEY_HEX \\\n    "{own["aes_wrapping_key_hex"]}"')
    print('#define VECTOR_RSA_KEY_FILE "tests/data/test-rsa-2048.pem" // seen from the source tree')
    print(table("vector", "VECTORS", map(row, cases)))
    print(table("kdf_vector", "KDF_VECTORS", map(hex_row, published["key_derivation"])))
    print(table("gcm_vector", "GCM_VECTORS", map(hex_row, published["gcm"])))


if __name__ == "__main__":
    main()
