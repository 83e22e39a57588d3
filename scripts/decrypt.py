#!/usr/bin/python3
"""Decrypts an object of Amazon's S3 client-side encryption, independently of rdsbak.

    decrypt.py --metadata META.json --key-hex HEX CIPHERTEXT > PLAIN
    decrypt.py [--region R] [--endpoint-url URL] [--kms-endpoint-url URL] s3://bucket/key > PLAIN

Written from the description of the formats alone, so that the tests have a second opinion and so
that a backup can be read where rdsbak is not to be had. It needs Python's standard library and
the package `cryptography` (Debian: python3-cryptography). Objects of any size are streamed.

The first form is given the object's metadata (a JSON object of names and values, or the output of
`aws s3api head-object`) and the plaintext data key. The second form fetches the object and has
KMS unwrap the key; credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
AWS_SESSION_TOKEN.

Exit status 0 only if everything that can be checked was right: the envelope, the padding or the
tag, the claimed length. Bytes that went out before an error was found are not to be trusted.
"""

import argparse
import base64
import binascii
import collections
import datetime
import hashlib
import hmac
import http.client
import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

BLOCK = 16
CHUNK = 1 << 20
TIMEOUT_S = 60


class Refused(Exception):
    """The object, its envelope or a server says no; the text says why."""


# ---- the envelope ----

META_PREFIX = "x-amz-meta-"
LENGTH = "x-amz-unencrypted-content-length"
KEYS = ("x-amz-key", "x-amz-key-v2", "x-amz-3")
V2_ONLY = ("x-amz-iv", "x-amz-cek-alg", "x-amz-wrap-alg", "x-amz-matdesc", "x-amz-tag-len", LENGTH)
V3_ONLY = ("x-amz-c", "x-amz-w", "x-amz-d", "x-amz-i", "x-amz-t", "x-amz-m")

CBC = "AES/CBC/PKCS5Padding"
GCM = "AES/GCM/NoPadding"
COMMIT = "115"
CEK_NAMES = {CBC: CBC, "AES/CBC/PKCS7Padding": CBC, GCM: GCM}
IV_SIZE = {CBC: 16, GCM: 12}
# Wrappings, and whether KMS undoes them; for the others the data key must be given.
WRAPS = {
    "kms": True,
    "kms+context": True,
    "AES/GCM": False,
    "AESWrap": False,
    "RSA-OAEP-SHA1": False,
    "RSA/ECB/OAEPWithSHA-256AndMGF1Padding": False,
}
V3_WRAPS = {"12": "kms+context", "02": "AES/GCM", "22": "RSA-OAEP-SHA1"}
CONTEXT_ALG = "aws:x-amz-cek-alg"

Envelope = collections.namedtuple(
    "Envelope", "version content wrap wrapped context iv message_id commitment plain_length"
)


def normalise(metadata):
    """Names in lower case without the header prefix; empty values do not count."""
    fields = {}
    for name, value in metadata.items():
        name = name.lower()
        if name.startswith(META_PREFIX):
            name = name[len(META_PREFIX) :]
        if not isinstance(value, str):
            raise Refused(f"the metadata's {name} is not text")
        if value == "":
            continue
        if name in fields:
            raise Refused(f"{name} stands there twice")
        fields[name] = value
    return fields


def need(fields, name):
    if name not in fields:
        raise Refused(f"incomplete envelope: {name} is missing")
    return fields[name]


def decode(fields, name, size=None):
    """The base64 value of a field, of exactly `size` bytes if given."""
    try:
        value = base64.b64decode(need(fields, name), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(f"damaged envelope: {name} is not base64") from None
    if base64.b64encode(value).decode() != fields[name] or not value:
        raise Refused(f"damaged envelope: {name} is not base64")
    if size is not None and len(value) != size:
        raise Refused(f"damaged envelope: {name} has {len(value)} bytes instead of {size}")
    return value


def unique(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("an entry twice")
    return dict(pairs)


def description(text):
    """A JSON object of strings."""
    try:
        value = json.loads(text, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise Refused(f"damaged envelope: the description is not JSON: {error}") from None
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise Refused("damaged envelope: the description is not a JSON object of strings")
    return value


def plain_length(fields):
    text = fields.get(LENGTH)
    if text is not None and not re.fullmatch(r"[0-9]{1,19}", text):
        raise Refused(f"damaged envelope: {LENGTH} '{text}' is not a size")
    return None if text is None else int(text)


def bound(context, algorithm):
    """kms+context: the context must name the very algorithm that the object claims."""
    if context.get(CONTEXT_ALG) != algorithm:
        raise Refused(f"the key was made for {context.get(CONTEXT_ALG)}, not for {algorithm}")


def parse_v1(fields):
    return Envelope(
        version=1,
        content=CBC,
        wrap="kms",
        wrapped=decode(fields, "x-amz-key"),
        context=description(fields.get("x-amz-matdesc", "{}")),
        iv=decode(fields, "x-amz-iv", 16),
        message_id=None,
        commitment=None,
        plain_length=plain_length(fields),
    )


def parse_v2(fields):
    name = need(fields, "x-amz-cek-alg")
    wrap = need(fields, "x-amz-wrap-alg")
    if name not in CEK_NAMES:
        raise Refused(f"unknown x-amz-cek-alg '{name}'")
    if wrap not in WRAPS:
        raise Refused(f"unknown x-amz-wrap-alg '{wrap}'")
    content = CEK_NAMES[name]
    tag_len = fields.get("x-amz-tag-len")
    if tag_len != "128" if content == GCM else tag_len not in (None, "0"):
        raise Refused(f"x-amz-tag-len '{tag_len}' with {name}")
    context = description(need(fields, "x-amz-matdesc"))
    if wrap == "kms+context":
        bound(context, name)
    return Envelope(
        version=2,
        content=content,
        wrap=wrap,
        wrapped=decode(fields, "x-amz-key-v2"),
        context=context,
        iv=decode(fields, "x-amz-iv", IV_SIZE[content]),
        message_id=None,
        commitment=None,
        plain_length=plain_length(fields),
    )


def parse_v3(fields):
    if need(fields, "x-amz-c") != COMMIT:
        raise Refused(f"unknown x-amz-c '{fields['x-amz-c']}'")
    wrap = need(fields, "x-amz-w")
    if wrap not in V3_WRAPS:
        raise Refused(f"unknown x-amz-w '{wrap}'")
    context = description(fields.get("x-amz-t", "{}") if wrap == "12" else "{}")
    description(fields.get("x-amz-m", "{}"))
    if wrap == "12":
        bound(context, COMMIT)
    return Envelope(
        version=3,
        content=COMMIT,
        wrap=V3_WRAPS[wrap],
        wrapped=decode(fields, "x-amz-3"),
        context=context,
        iv=None,
        message_id=decode(fields, "x-amz-i", 28),
        commitment=decode(fields, "x-amz-d", 28),
        plain_length=None,
    )


# The key that is there says the version; these fields must then be absent.
VERSIONS = {
    "x-amz-key": (parse_v1, V3_ONLY),
    "x-amz-key-v2": (parse_v2, V3_ONLY),
    "x-amz-3": (parse_v3, V2_ONLY),
}


def parse_envelope(metadata):
    fields = normalise(metadata)
    found = [k for k in fields if k in KEYS or k.startswith("x-amz-key-")]
    if not found:
        raise Refused("the object has no envelope with a key (not encrypted, or instruction file)")
    if len(found) > 1:
        raise Refused(f"damaged envelope: both {found[0]} and {found[1]} stand there")
    if found[0] not in VERSIONS:
        raise Refused(f"unknown envelope version: {found[0]}")
    parse, others = VERSIONS[found[0]]
    mixed = [name for name in others if name in fields]
    if mixed:
        raise Refused(f"damaged envelope: {mixed[0]} stands beside {found[0]}")
    return parse(fields)


# ---- the content ----


class CbcOpener:
    """AES-256-CBC with PKCS#7 padding; the last block is held back until the end is known."""

    def __init__(self, key, envelope):
        self.decryptor = Cipher(algorithms.AES(key), modes.CBC(envelope.iv)).decryptor()
        self.held = b""
        self.taken = 0

    def update(self, chunk):
        self.taken += len(chunk)
        plain = self.held + self.decryptor.update(chunk)
        self.held = plain[-BLOCK:]
        return plain[:-BLOCK]

    def finish(self):
        if self.taken == 0 or self.taken % BLOCK != 0:
            raise Refused(f"the object's size {self.taken} is not a multiple of {BLOCK} above 0")
        pad = self.held[-1]
        if not 1 <= pad <= BLOCK or self.held[-pad:] != bytes([pad]) * pad:
            raise Refused("the content does not decrypt: damaged, or not under this key")
        return self.held[:-pad]


class GcmOpener:
    """AES-256-GCM; the last 16 bytes of the object are the tag."""

    def __init__(self, key, iv, aad):
        self.decryptor = Cipher(algorithms.AES(key), modes.GCM(iv)).decryptor()
        self.decryptor.authenticate_additional_data(aad)
        self.held = b""

    def update(self, chunk):
        data = self.held + chunk
        self.held = data[-BLOCK:]
        return self.decryptor.update(data[:-BLOCK])

    def finish(self):
        if len(self.held) < BLOCK:
            raise Refused("the object is shorter than its tag")
        try:
            return self.decryptor.finalize_with_tag(self.held)
        except InvalidTag:
            raise Refused("the content does not authenticate: damaged, or not this key") from None


def open_cbc(key, envelope):
    return CbcOpener(key, envelope)


def open_gcm(key, envelope):
    return GcmOpener(key, envelope.iv, b"")


def open_commit(key, envelope):
    """HKDF-SHA512 under the message id; the commitment is checked before anything is decrypted."""
    suite = b"\x00\x73"
    prk = hmac.new(envelope.message_id, key, "sha512").digest()

    def expand(label, size):
        return HKDFExpand(SHA512(), size, suite + label).derive(prk)

    if not hmac.compare_digest(expand(b"COMMITKEY", 28), envelope.commitment):
        raise Refused("the data key is not the one that the object is committed to")
    return GcmOpener(expand(b"DERIVEKEY", 32), b"\x01" * 12, suite)


OPENERS = {CBC: open_cbc, GCM: open_gcm, COMMIT: open_commit}


def decrypt(envelope, key, chunks):
    """Yields the plaintext of the object's chunks; raises at the end if it was not whole."""
    if len(key) != 32:
        raise Refused(f"the data key has {len(key)} bytes instead of 32")
    opener = OPENERS[envelope.content](key, envelope)
    total = 0
    for chunk in chunks:
        plain = opener.update(chunk)
        total += len(plain)
        yield plain
    plain = opener.finish()
    total += len(plain)
    yield plain
    if envelope.plain_length not in (None, total):
        raise Refused(f"the plaintext has {total} bytes, {LENGTH} says {envelope.plain_length}")


def read_chunks(stream):
    while True:
        chunk = stream.read(CHUNK)
        if not chunk:
            return
        yield chunk


# ---- AWS: Signature Version 4, GetObject, Decrypt ----

Credentials = collections.namedtuple("Credentials", "access_key secret_key token")


def credentials_of_environment():
    try:
        access, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    except KeyError as missing:
        raise Refused(f"set {missing.args[0]}") from None
    return Credentials(access, secret, os.environ.get("AWS_SESSION_TOKEN"))


def sign(request, body, service, region, credentials, now):
    """Adds the headers of Signature Version 4 to a urllib request (without a query string)."""
    parts = urllib.parse.urlsplit(request.full_url)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    headers = {name.lower(): value for name, value in request.header_items()}
    headers.update({"host": parts.netloc, "x-amz-date": stamp})
    if service == "s3":
        headers["x-amz-content-sha256"] = digest
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        [request.get_method(), parts.path or "/", parts.query]
        + [f"{name}:{headers[name].strip()}" for name in sorted(headers)]
        + ["", names, digest]
    )
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    to_sign = "\n".join(
        ["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()]
    )
    key = ("AWS4" + credentials.secret_key).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    signature = hmac.new(key, to_sign.encode(), "sha256").hexdigest()
    for name, value in headers.items():
        request.add_header(name, value)
    request.add_header(
        "Authorization",
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}",
    )


def send(request, body, service, region, credentials):
    sign(request, body, service, region, credentials, datetime.datetime.now(datetime.timezone.utc))
    host = urllib.parse.urlsplit(request.full_url).hostname
    loopback = host in ("localhost", "::1") or host.startswith("127.")
    handlers = [urllib.request.ProxyHandler({})] if loopback else []
    try:
        return urllib.request.build_opener(*handlers).open(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        detail = error.read(2000).decode(errors="replace")
        raise Refused(f"{service}: HTTP {error.code} {error.reason}: {detail}") from None
    except (OSError, http.client.HTTPException) as error:
        raise Refused(f"{service} at {host}: {error}") from None


def object_url(bucket, key, region, endpoint):
    path = urllib.parse.quote(key, safe="/-._~")
    if endpoint:
        return f"{endpoint.rstrip('/')}/{bucket}/{path}"
    if "." in bucket:  # no certificate covers it as a host name
        return f"https://s3.{region}.amazonaws.com/{bucket}/{path}"
    return f"https://{bucket}.s3.{region}.amazonaws.com/{path}"


def unwrap(envelope, options, credentials):
    """KMS Decrypt under the envelope's encryption context."""
    if not WRAPS[envelope.wrap]:
        raise Refused(f"the key is wrapped with {envelope.wrap}, not by KMS: use --key-hex")
    ask = {"CiphertextBlob": base64.b64encode(envelope.wrapped).decode()}
    if envelope.context:
        ask["EncryptionContext"] = envelope.context
    if options.kms_key_id:
        ask["KeyId"] = options.kms_key_id
    body = json.dumps(ask).encode()
    url = options.kms_endpoint_url or f"https://kms.{options.region}.amazonaws.com"
    request = urllib.request.Request(url.rstrip("/") + "/", data=body, method="POST")
    request.add_header("Content-Type", "application/x-amz-json-1.1")
    request.add_header("X-Amz-Target", "TrentService.Decrypt")
    with send(request, body, "kms", options.region, credentials) as response:
        answer = json.loads(response.read(1 << 20))
    if "Plaintext" not in answer:
        raise Refused("kms: the answer has no Plaintext")
    return base64.b64decode(answer["Plaintext"], validate=True)


def counted(response):
    """The body's chunks; a connection that ends early is an error."""
    left = int(response.headers.get("Content-Length", "-1"))
    if left < 0:
        raise Refused("the store does not tell the object's length")
    for chunk in read_chunks(response):
        left -= len(chunk)
        yield chunk
    if left != 0:
        raise Refused(f"the connection ended {left} bytes before the object")


def decrypt_s3(options, credentials=None):
    match = re.fullmatch(r"s3://([^/]+)/(.+)", options.object, re.DOTALL)
    if not match:
        raise Refused(f"'{options.object}' is not s3://bucket/key")
    credentials = credentials or credentials_of_environment()
    url = object_url(match[1], match[2], options.region, options.endpoint_url)
    request = urllib.request.Request(url, method="GET")
    with send(request, b"", "s3", options.region, credentials) as response:
        metadata = {}
        for name, value in response.headers.items():
            if not name.lower().startswith(META_PREFIX):
                continue
            if name.lower() in metadata:
                raise Refused(f"{name} stands there twice")
            metadata[name.lower()] = value
        envelope = parse_envelope(metadata)
        key = unwrap(envelope, options, credentials)
        yield from decrypt(envelope, key, counted(response))


# ---- the command line ----


def decrypt_file(options):
    with open(options.metadata, encoding="utf-8") as file:
        metadata = json.load(file)
    metadata = metadata.get("Metadata", metadata)
    try:
        key = bytes.fromhex(options.key_hex)
    except ValueError:
        raise Refused("--key-hex is not hex") from None
    with open(options.object, "rb") as file:
        yield from decrypt(parse_envelope(metadata), key, read_chunks(file))


def parse_options(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("object", help="a file with the ciphertext, or s3://bucket/key")
    parser.add_argument("--metadata", help="JSON file with the object's metadata")
    parser.add_argument("--key-hex", help="the plaintext data key")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    parser.add_argument("--region", default=region or "us-east-1")
    parser.add_argument("--endpoint-url", help="of S3; addressed by path")
    parser.add_argument("--kms-endpoint-url")
    parser.add_argument("--kms-key-id", help="refuse any other key")
    options = parser.parse_args(arguments)
    if (options.metadata is None) != (options.key_hex is None):
        parser.error("--metadata and --key-hex belong together")
    if options.metadata is None and not options.object.startswith("s3://"):
        parser.error("give s3://bucket/key, or --metadata and --key-hex with a file")
    return options


def main(arguments=None):
    options = parse_options(arguments)
    source = decrypt_s3(options) if options.metadata is None else decrypt_file(options)
    try:
        for plain in source:
            sys.stdout.buffer.write(plain)
        sys.stdout.buffer.flush()
    except (Refused, OSError, ValueError, http.client.HTTPException) as error:
        print(f"decrypt.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
