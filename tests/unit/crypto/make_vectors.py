#!/usr/bin/python3
"""Writes tests/unit/crypto/vectors.h from tests/data/*.json: the CBC cases as C tables.

Run it after the data changed:  tests/unit/crypto/make_vectors.py > tests/unit/crypto/vectors.h
"""
import base64
import json
import pathlib

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
ENVELOPE = (
    "x-amz-key-v2",
    "x-amz-iv",
    "x-amz-cek-alg",
    "x-amz-wrap-alg",
    "x-amz-matdesc",
    "x-amz-unencrypted-content-length",
)


def text(value):
    """A C string literal, broken into lines."""
    pieces = [value[i : i + 78] for i in range(0, len(value), 78)] or [""]
    return "\n        ".join(json.dumps(piece) for piece in pieces)


def row(case):
    metadata = [(name, case["metadata"].get(name, "")) for name in ENVELOPE]
    pairs = [f"{{{text(name)},\n        {text(value)}}}" for name, value in metadata if value]
    iv = base64.b64decode(case["metadata"]["x-amz-iv"])
    fields = [
        ("name", text(case["name"])),
        ("plain_label", text(case["plaintext_label"]) if "plaintext_label" in case else "NULL"),
        ("plain_len", case.get("plaintext_len", len(case.get("plaintext_hex", "")) // 2)),
        ("plain_hex", text(case["plaintext_hex"]) if "plaintext_hex" in case else "NULL"),
        ("cipher_hex", text(case["ciphertext_hex"]) if "ciphertext_hex" in case else "NULL"),
        ("cipher_sha256", text(case.get("ciphertext_sha256", ""))),
        ("key_hex", text(case["data_key_hex"])),
        ("iv_hex", text(iv.hex())),
        ("metadata", "{%s}" % ",\n        ".join(pairs)),
    ]
    return "    {%s}" % ",\n     ".join(f".{name} = {value}" for name, value in fields)


def main():
    rows = []
    for name in ("s3ec-vectors.json", "s3ec-published.json"):
        data = json.loads((DATA / name).read_text())
        rows += [row(case) for case in data["cases"] if case["name"].startswith("v2-kms-cbc")]
    print("// Made by make_vectors.py from tests/data/s3ec-vectors.json (our own) and")
    print("// tests/data/s3ec-published.json (quoted, with their sources). Do not edit.")
    print("// clang-format off")
    print("static const struct vector VECTORS[] = {\n%s,\n};" % ",\n".join(rows))


if __name__ == "__main__":
    main()
