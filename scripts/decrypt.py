#!/usr/bin/python3
"""Decrypts an object of Amazon's S3 client-side encryption, independently of rdsbak.

    decrypt.py [OPTIONS] s3://bucket/key                     > PLAIN   (or -o PLAIN)
    decrypt.py [OPTIONS] --metadata META.json CIPHERTEXT     > PLAIN   (or -o PLAIN)

Written from the description of the formats alone (docs/FORMATS.md), so that the tests have a second
opinion and so that a backup can be read where rdsbak is not to be had. It needs Python's standard
library and the package `cryptography` (Debian: python3-cryptography). Objects of any size are
streamed in bounded memory. Every envelope is read: V1, V2 and V3, in metadata or in an instruction
file; data keys wrapped by KMS, AES or RSA; content in CBC, GCM and GCM with key commitment.

The first form fetches the object; the second is given a saved one and its metadata (a JSON object
of names and values, or the output of `aws s3api head-object`). The data key comes from

    --key-hex HEX     the plaintext data key itself, or
    --key-file FILE   the wrapping key: AES (32 bytes, or 64 hex digits) or RSA (PEM, private), or
    KMS               asked to unwrap it.

Credentials for S3 and KMS: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.

Exit status 0 only if everything that can be checked was right: the envelope, the commitment, the
padding or the tag, the claimed length. With -o the file appears under its name only then. On
standard output bytes go out before the end is seen: those of a failed run are not to be trusted.
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
import tempfile
import urllib.error
import urllib.parse
import urllib.request

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap
from cryptography.hazmat.primitives.serialization import load_pem_private_key

BLOCK = 16
KEY_SIZE = 32
CHUNK = 1 << 20
INSTRUCTION_MAX = 1 << 16
TIMEOUT_S = 60


class Refused(Exception):
    """The object, its envelope or a server says no; the text says why."""


# ---- the envelope ----

META_PREFIX = "x-amz-meta-"
LENGTH = "x-amz-unencrypted-content-length"
KEYS = ("x-amz-key", "x-amz-key-v2", "x-amz-3")
V2_ONLY = ("x-amz-iv", "x-amz-cek-alg", "x-amz-wrap-alg", "x-amz-matdesc", "x-amz-tag-len", LENGTH)
V3_ONLY = ("x-amz-c", "x-amz-w", "x-amz-d", "x-amz-i", "x-amz-t", "x-amz-m")

# In the object's own metadata even when the wrapped key is in an instruction file.
V3_CONTENT = ("x-amz-c", "x-amz-d", "x-amz-i")

CBC = "AES/CBC/PKCS5Padding"
GCM = "AES/GCM/NoPadding"
COMMIT = "115"
CEK_NAMES = {CBC: CBC, "AES/CBC/PKCS7Padding": CBC, GCM: GCM}
IV_SIZE = {CBC: 16, GCM: 12}
CONTEXT_ALG = "aws:x-amz-cek-alg"
KMS_CMK_ID = "kms_cmk_id"

# How data keys are wrapped. V1 does not say, see v1_wrap; V3 has numbers for three of V2's names.
KMS, KMS_CONTEXT, AES_GCM, AES_WRAP = "kms", "kms+context", "AES/GCM", "AESWrap"
RSA_SHA1, RSA_SHA256 = "RSA-OAEP-SHA1", "RSA/ECB/OAEPWithSHA-256AndMGF1Padding"
V1_KMS, V1_AES, V1_RSA = "V1, KMS", "V1, AES/ECB", "V1, RSA/PKCS1"
V3_WRAPS = {"12": KMS_CONTEXT, "02": AES_GCM, "22": RSA_SHA1}
BY_KMS = (KMS, KMS_CONTEXT, V1_KMS)
# The wraps of V2, and the content that some client writes under each.
V2_CONTENTS = {
    KMS: (CBC, GCM),
    KMS_CONTEXT: (CBC, GCM),
    AES_GCM: (GCM,),
    AES_WRAP: (GCM,),
    RSA_SHA1: (GCM,),
    RSA_SHA256: (GCM,),
}
WRAPPED_SIZE = {AES_GCM: 60, AES_WRAP: 40}
RSA_SIZES = (128, 256, 384, 512)

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


def wrapped_key(fields, name, wrap):
    return decode(fields, name, WRAPPED_SIZE.get(wrap))


def v1_wrap(wrapped):
    """V1 names no algorithm; the wrapped key's size gives it away."""
    if len(wrapped) == KEY_SIZE + BLOCK:
        return V1_AES
    return V1_RSA if len(wrapped) in RSA_SIZES else V1_KMS


def parse_v1(fields):
    wrapped = decode(fields, "x-amz-key")
    description(fields.get("x-amz-matdesc", "{}"))
    return Envelope(
        version=1,
        content=CBC,
        wrap=v1_wrap(wrapped),
        wrapped=wrapped,
        context={},  # whoever made the blob called Encrypt without one
        iv=decode(fields, "x-amz-iv", 16),
        message_id=None,
        commitment=None,
        plain_length=plain_length(fields),
    )


def v2_algorithms(fields):
    """(name of the content algorithm as it stands there, wrap), a pair that is allowed."""
    name = need(fields, "x-amz-cek-alg")
    wrap = need(fields, "x-amz-wrap-alg")
    if name not in CEK_NAMES:
        raise Refused(f"unknown x-amz-cek-alg '{name}'")
    if wrap not in V2_CONTENTS:
        raise Refused(f"unknown x-amz-wrap-alg '{wrap}'")
    if CEK_NAMES[name] not in V2_CONTENTS[wrap]:
        raise Refused(f"{name} under {wrap}: no client writes that")
    return name, wrap


def parse_v2(fields):
    name, wrap = v2_algorithms(fields)
    content = CEK_NAMES[name]
    tag_len = fields.get("x-amz-tag-len")
    if tag_len != "128" if content == GCM else tag_len not in (None, "0"):
        raise Refused(f"x-amz-tag-len '{tag_len}' with {name}")
    context = description(need(fields, "x-amz-matdesc"))
    if wrap == KMS_CONTEXT:
        bound(context, name)
    return Envelope(
        version=2,
        content=content,
        wrap=wrap,
        wrapped=wrapped_key(fields, "x-amz-key-v2", wrap),
        context=context,
        iv=decode(fields, "x-amz-iv", IV_SIZE[content]),
        message_id=None,
        commitment=None,
        plain_length=plain_length(fields),
    )


def parse_v3(fields):
    if need(fields, "x-amz-c") != COMMIT:
        raise Refused(f"unknown x-amz-c '{fields['x-amz-c']}'")
    number = need(fields, "x-amz-w")
    if number not in V3_WRAPS:
        raise Refused(f"unknown x-amz-w '{number}'")
    wrap = V3_WRAPS[number]
    stored = description(fields.get("x-amz-t", "{}"))
    description(fields.get("x-amz-m", "{}"))
    if wrap == KMS_CONTEXT:
        bound(stored, COMMIT)
    return Envelope(
        version=3,
        content=COMMIT,
        wrap=wrap,
        wrapped=wrapped_key(fields, "x-amz-3", wrap),
        context=stored,
        iv=None,
        message_id=decode(fields, "x-amz-i", 28),
        commitment=decode(fields, "x-amz-d", 28),
        plain_length=None,
    )


# The key that is there says the version; these fields must then be absent.
V1_NOT = ("x-amz-cek-alg", "x-amz-wrap-alg", "x-amz-tag-len")
VERSIONS = {
    "x-amz-key": (parse_v1, V1_NOT + V3_ONLY),
    "x-amz-key-v2": (parse_v2, V3_ONLY),
    "x-amz-3": (parse_v3, V2_ONLY),
}


def edk_names(fields):
    """The names under which a wrapped key stands there, of whatever version."""
    return [name for name in fields if name in KEYS or name.startswith("x-amz-key-")]


def parse_envelope(metadata, instruction=None):
    """The envelope in an object's metadata, or in that and the bytes of its instruction file."""
    fields = normalise(metadata)
    if instruction is not None:
        fields = with_instruction(fields, instruction)
    found = edk_names(fields)
    if not found:
        raise Refused("the object has no envelope with a key: not encrypted, or its key is in an "
                      "instruction file (--instruction-file, --instruction-suffix)")
    if len(found) > 1:
        raise Refused(f"damaged envelope: both {found[0]} and {found[1]} stand there")
    if found[0] not in VERSIONS:
        raise Refused(f"unknown envelope version: {found[0]}")
    parse, others = VERSIONS[found[0]]
    mixed = [name for name in others if name in fields]
    if mixed:
        raise Refused(f"damaged envelope: {mixed[0]} stands beside {found[0]}")
    return parse(fields)


# ---- instruction files ----


def instruction_fields(body):
    """A JSON object of strings; Go also writes these two as numbers."""
    if len(body) > INSTRUCTION_MAX:
        raise Refused(f"the instruction file is larger than {INSTRUCTION_MAX} bytes")
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise Refused(f"the instruction file is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Refused("the instruction file is not a JSON object")
    for name in ("x-amz-tag-len", LENGTH):
        if isinstance(value.get(name), int) and not isinstance(value[name], bool):
            value[name] = str(value[name])
    return normalise(value)


def with_instruction(fields, body):
    """The fields of both. V3 leaves what protects the content (c, d, i) on the object, and whoever
    could write the file alone must not be able to replace it; V1 and V2 have all in the file."""
    apart = instruction_fields(body)
    if edk_names(fields):
        raise Refused(f"{edk_names(fields)[0]} stands in the object's metadata: "
                      "there should be no instruction file")
    tampered = [name for name in V3_CONTENT if name in apart]
    if tampered:
        raise Refused(f"{tampered[0]} stands in the instruction file: it was tampered with")
    allowed = V3_CONTENT if "x-amz-3" in apart else (LENGTH,)
    for name in (*V2_ONLY, *V3_ONLY):
        if name in fields and name not in allowed:
            raise Refused(f"damaged envelope: {name} stands beside an instruction file")
    if fields.get(LENGTH, apart.get(LENGTH)) != apart.get(LENGTH, fields.get(LENGTH)):
        raise Refused(f"the object and its instruction file differ in {LENGTH}")
    return {**fields, **apart}


# ---- wrapped data keys ----


def read_pem(path, data):
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Refused(f"{path}: {error}") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Refused(f"{path}: not an RSA private key")
    return key


def read_key_file(path):
    """An RSA private key in PEM, or 32 bytes for AES, as they are or as hex digits."""
    with open(path, "rb") as file:
        data = file.read(INSTRUCTION_MAX)
    if b"-----BEGIN " in data:
        return read_pem(path, data)
    if re.fullmatch(rb"[0-9a-fA-F]{64}\s*", data):
        return bytes.fromhex(data.decode())
    if len(data) != KEY_SIZE:
        raise Refused(f"{path}: neither {KEY_SIZE} bytes, nor 64 hex digits, nor PEM")
    return data


def unwrap_aes_gcm(key, envelope):
    """IV, key, tag; the content algorithm is authenticated along."""
    wrapped = envelope.wrapped
    return AESGCM(key).decrypt(wrapped[:12], wrapped[12:], envelope.content.encode())


def unwrap_rfc3394(key, envelope):
    return aes_key_unwrap(key, envelope.wrapped)


def unwrap_aes_ecb(key, envelope):
    """PKCS#7 of a whole number of blocks is one more block."""
    decryptor = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    plain = decryptor.update(envelope.wrapped) + decryptor.finalize()
    if plain[-BLOCK:] != bytes([BLOCK]) * BLOCK:
        raise ValueError("padding")
    return plain[:-BLOCK]


def unwrap_rsa_sha1(key, envelope):
    """Length, key and the name of the content algorithm, all of which must be right."""
    oaep = padding.OAEP(mgf=padding.MGF1(SHA1()), algorithm=SHA1(), label=None)
    plain = key.decrypt(envelope.wrapped, oaep)
    size, name = plain[0], envelope.content.encode()
    if size != KEY_SIZE or plain[1 + size:] != name:
        raise ValueError("not for this content")
    return plain[1 : 1 + size]


def unwrap_rsa_sha256(key, envelope):
    """Java leaves MGF1 at SHA-1."""
    oaep = padding.OAEP(mgf=padding.MGF1(SHA1()), algorithm=SHA256(), label=None)
    return key.decrypt(envelope.wrapped, oaep)


def unwrap_rsa_pkcs1(key, envelope):
    return key.decrypt(envelope.wrapped, padding.PKCS1v15())


UNWRAP = {
    AES_GCM: (bytes, unwrap_aes_gcm),
    AES_WRAP: (bytes, unwrap_rfc3394),
    V1_AES: (bytes, unwrap_aes_ecb),
    RSA_SHA1: (rsa.RSAPrivateKey, unwrap_rsa_sha1),
    RSA_SHA256: (rsa.RSAPrivateKey, unwrap_rsa_sha256),
    V1_RSA: (rsa.RSAPrivateKey, unwrap_rsa_pkcs1),
}


def unwrap_with(wrapping_key, envelope):
    """The data key of a wrap that needs no KMS. One error, whatever is wrong inside it."""
    if envelope.wrap not in UNWRAP:
        raise Refused(f"the data key is wrapped by KMS ({envelope.wrap}), not for a key file")
    kind, undo = UNWRAP[envelope.wrap]
    if not isinstance(wrapping_key, kind):
        other = "an AES" if kind is bytes else "an RSA"
        raise Refused(f"the data key is wrapped with {envelope.wrap}: {other} key is needed")
    try:
        return undo(wrapping_key, envelope)
    except (InvalidTag, InvalidUnwrap, ValueError, IndexError):
        raise Refused("the wrapped data key does not open with this key") from None


def check_context(envelope, wanted):
    """--encryption-context: the stored context, less what clients add, is what the user expects."""
    if wanted is None:
        return
    if envelope.wrap != KMS_CONTEXT:
        raise Refused(f"--encryption-context: the data key is wrapped with {envelope.wrap}")
    stored = dict(envelope.context)
    for name in (CONTEXT_ALG, KMS_CMK_ID):
        stored.pop(name, None)
    if stored != wanted:
        raise Refused("the object's encryption context is not the one of --encryption-context")


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


SUITE = b"\x00\x73"  # 115


def derive(key, message_id):
    """V3: (content key, commitment) by HKDF-SHA512, the message id being the salt."""
    prk = hmac.new(message_id, key, "sha512").digest()

    def expand(label, size):
        return HKDFExpand(SHA512(), size, SUITE + label).derive(prk)

    return expand(b"DERIVEKEY", KEY_SIZE), expand(b"COMMITKEY", 28)


def open_commit(key, envelope):
    """The commitment is checked before anything is decrypted."""
    content_key, commitment = derive(key, envelope.message_id)
    if not hmac.compare_digest(commitment, envelope.commitment):
        raise Refused("the data key is not the one that the object is committed to")
    return GcmOpener(content_key, b"\x01" * 12, SUITE)


OPENERS = {CBC: open_cbc, GCM: open_gcm, COMMIT: open_commit}


def decrypt(envelope, key, chunks):
    """Yields the plaintext of the object's chunks; raises at the end if it was not whole."""
    if len(key) != KEY_SIZE:
        raise Refused(f"the data key has {len(key)} bytes instead of {KEY_SIZE}")
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


def credentials_of(options):
    """Those given (to decrypt_s3, by another program), else those of the environment."""
    return getattr(options, "credentials", None) or credentials_of_environment()


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


def kms_region(envelope, options):
    """Of the key whose ARN is known, which may be another than the bucket's."""
    for name in (options.kms_key_id, envelope.context.get(KMS_CMK_ID)):
        arn = re.match(r"arn:[^:]+:kms:([a-z0-9-]+):", name or "")
        if arn:
            return arn[1]
    return options.region


def unwrap_by_kms(envelope, options):
    """KMS Decrypt under the envelope's encryption context."""
    if envelope.wrap not in BY_KMS:
        raise Refused(f"the data key is wrapped with {envelope.wrap}, not by KMS: use --key-file")
    ask = {"CiphertextBlob": base64.b64encode(envelope.wrapped).decode()}
    if envelope.context:
        ask["EncryptionContext"] = envelope.context
    if options.kms_key_id:
        ask["KeyId"] = options.kms_key_id
    body = json.dumps(ask).encode()
    region = kms_region(envelope, options)
    url = options.kms_endpoint_url or f"https://kms.{region}.amazonaws.com"
    request = urllib.request.Request(url.rstrip("/") + "/", data=body, method="POST")
    request.add_header("Content-Type", "application/x-amz-json-1.1")
    request.add_header("X-Amz-Target", "TrentService.Decrypt")
    with send(request, body, "kms", region, credentials_of(options)) as response:
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


def get_object(bucket, key, options):
    url = object_url(bucket, key, options.region, options.endpoint_url)
    request = urllib.request.Request(url, method="GET")
    return send(request, b"", "s3", options.region, credentials_of(options))


def user_metadata(headers):
    metadata = {}
    for name, value in headers.items():
        if not name.lower().startswith(META_PREFIX):
            continue
        if name.lower() in metadata:
            raise Refused(f"{name} stands there twice")
        metadata[name.lower()] = value
    return metadata


def fetch_instruction(bucket, key, options):
    """The instruction file beside an object, if the user allows one."""
    if options.instruction_suffix is None:
        return None
    with get_object(bucket, key + options.instruction_suffix, options) as response:
        return response.read(INSTRUCTION_MAX + 1)


def decrypt_s3(options, credentials=None):
    options.credentials = credentials
    match = re.fullmatch(r"s3://([^/]+)/(.+)", options.object, re.DOTALL)
    if not match:
        raise Refused(f"'{options.object}' is not s3://bucket/key")
    with get_object(match[1], match[2], options) as response:
        instruction = fetch_instruction(match[1], match[2], options)
        envelope = parse_envelope(user_metadata(response.headers), instruction)
        yield from decrypt(envelope, data_key(envelope, options), counted(response))


# ---- the command line ----


def data_key(envelope, options):
    check_context(envelope, options.encryption_context)
    if options.key_hex is not None:
        try:
            return bytes.fromhex(options.key_hex)
        except ValueError:
            raise Refused("--key-hex is not hex") from None
    if options.key_file is not None:
        return unwrap_with(read_key_file(options.key_file), envelope)
    return unwrap_by_kms(envelope, options)


def read_metadata(path):
    with open(path, encoding="utf-8") as file:
        metadata = json.load(file)
    if isinstance(metadata, dict):
        metadata = metadata.get("Metadata", metadata)
    if not isinstance(metadata, dict):
        raise Refused(f"{path} is not a JSON object of names and values")
    return metadata


def read_instruction(options):
    if options.instruction_file is None:
        return None
    with open(options.instruction_file, "rb") as file:
        return file.read(INSTRUCTION_MAX + 1)


def decrypt_file(options):
    envelope = parse_envelope(read_metadata(options.metadata), read_instruction(options))
    with open(options.object, "rb") as file:
        yield from decrypt(envelope, data_key(envelope, options), read_chunks(file))


def context_entry(text):
    name, equals, value = text.partition("=")
    if not name or not equals or name == CONTEXT_ALG:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, value


def parse_options(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("object", help="a file with the ciphertext, or s3://bucket/key")
    parser.add_argument("-o", "--output", metavar="PLAIN", help="instead of standard output")
    parser.add_argument("--metadata", help="JSON file with the metadata of a saved object")
    parser.add_argument("--key-hex", metavar="HEX", help="the plaintext data key")
    parser.add_argument("--key-file", metavar="FILE", help="the key that wraps the data key")
    parser.add_argument("--instruction-file", metavar="FILE", help="saved beside the object")
    parser.add_argument("--instruction-suffix", metavar="SUFFIX",
                        help="fetch OBJECT + SUFFIX too (the clients' default: .instruction)")
    parser.add_argument("--encryption-context", metavar="NAME=VALUE", type=context_entry,
                        action="append", help="refuse any other context; may be repeated")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    parser.add_argument("--region", default=region or "us-east-1")
    parser.add_argument("--endpoint-url", help="of S3; addressed by path")
    parser.add_argument("--kms-endpoint-url")
    parser.add_argument("--kms-key-id", help="refuse any other key")
    options = parser.parse_args(arguments)
    if options.encryption_context is not None:
        options.encryption_context = dict(options.encryption_context)
    if options.key_hex is not None and options.key_file is not None:
        parser.error("give --key-hex or --key-file, not both")
    if options.metadata is None and not options.object.startswith("s3://"):
        parser.error("give s3://bucket/key, or --metadata with a file")
    unfit = options.instruction_file if options.metadata is None else options.instruction_suffix
    if unfit is not None:
        parser.error("--instruction-file goes with --metadata, --instruction-suffix with s3://")
    return options


def write_file(path, pieces):
    """Under a name of its own beside `path` until all is known to be right."""
    path = os.path.realpath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        raise Refused(f"{path} is not a file that could be replaced: use standard output")
    folder = os.path.dirname(path)
    handle, scratch = tempfile.mkstemp(prefix=os.path.basename(path) + ".", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise


def write_stdout(pieces):
    sys.stdout.buffer.writelines(pieces)
    sys.stdout.buffer.flush()


def main(arguments=None):
    options = parse_options(arguments)
    pieces = decrypt_s3(options) if options.metadata is None else decrypt_file(options)
    try:
        if options.output is None:
            write_stdout(pieces)
        else:
            write_file(options.output, pieces)
    except (Refused, OSError, ValueError, http.client.HTTPException) as error:
        print(f"decrypt.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
