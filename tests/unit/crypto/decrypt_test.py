#!/usr/bin/python3
"""What must hold of scripts/decrypt.py: it reads every format of the vectors, refuses what is
damaged, and signs as Amazon's own library does."""
import base64
import datetime
import hashlib
import http.server
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.padding import PKCS7

try:
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials
except ImportError:
    botocore = None

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts" / "decrypt.py"
spec = importlib.util.spec_from_file_location("decrypt", SCRIPT)
sys.dont_write_bytecode = True
decrypt = importlib.util.module_from_spec(spec)
spec.loader.exec_module(decrypt)


def load(name):
    return json.loads((ROOT / "tests" / "data" / name).read_text())["cases"]


OWN = [case for case in load("s3ec-vectors.json") if "instruction" not in case]
PUBLISHED = load("s3ec-published.json")


def by_name(name):
    return next(case for case in OWN if case["name"] == name)


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
    if "x-amz-3" in metadata:
        mid = base64.b64decode(metadata["x-amz-i"])
        prk = decrypt.hmac.new(mid, key, "sha512").digest()
        cek = decrypt.hmac.new(prk, b"\0\x73DERIVEKEY\1", "sha512").digest()[:32]
        data = AESGCM(cek).encrypt(b"\1" * 12, plain, b"\0\x73")
    elif "GCM" in metadata.get("x-amz-cek-alg", ""):
        data = AESGCM(key).encrypt(base64.b64decode(metadata["x-amz-iv"]), plain, None)
    else:
        data = cbc(key, base64.b64decode(metadata["x-amz-iv"]), plain)
    assert hashlib.sha256(data).hexdigest() == case["ciphertext_sha256"], case["name"]
    return data


def cbc(key, iv, plain):
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    padded = padder.update(plain) + padder.finalize()
    return encryptor.update(padded) + encryptor.finalize()


def opened(metadata, key_hex, data, piece=1000):
    envelope = decrypt.parse_envelope(metadata)
    pieces = [data[i : i + piece] for i in range(0, len(data), piece)]
    return b"".join(decrypt.decrypt(envelope, bytes.fromhex(key_hex), pieces))


class Vectors(unittest.TestCase):
    def test_every_vector_is_decrypted(self):
        self.assertEqual(len(OWN), 64)
        for case in OWN + PUBLISHED:
            for piece in (1, 15, 17, 4096) if len(plaintext(case)) < 2000 else (65536,):
                with self.subTest(case["name"], piece=piece):
                    data = ciphertext(case)
                    plain = opened(case["metadata"], case["data_key_hex"], data, piece)
                    self.assertEqual(plain, plaintext(case))

    def test_names_in_any_case_with_prefix_and_empty_extras_are_read(self):
        case = by_name("v2-kms-cbc-17")
        metadata = {"X-Amz-Meta-" + k.title(): v for k, v in case["metadata"].items()}
        metadata.update({"x-amz-m": "", "x-amz-t": "", "x-amz-3": ""})
        self.assertEqual(opened(metadata, case["data_key_hex"], ciphertext(case)), plaintext(case))


class Damage(unittest.TestCase):
    def refuse(self, case, change, says):
        metadata = dict(case["metadata"])
        for name, value in change.items():
            metadata.pop(name, None)
            if value is not None:
                metadata[name] = value
        with self.subTest(change):
            with self.assertRaisesRegex(decrypt.Refused, says):
                decrypt.parse_envelope(metadata)

    def test_a_damaged_v2_envelope_is_refused(self):
        case = by_name("v2-kms-cbc-17")
        for change, says in [
            ({"x-amz-key": "AAAA"}, "both"),
            ({"x-amz-3": "AAAA"}, "both"),
            ({"x-amz-key-v9": "AAAA"}, "both"),
            ({"x-amz-key-v9": "AAAA", "x-amz-key-v2": None}, "unknown envelope version"),
            ({"X-AMZ-KEY-V2": "AAAA"}, "twice"),
            ({"x-amz-key-v2": None}, "no envelope"),
            ({"x-amz-c": "115"}, "beside"),
            ({"x-amz-t": "{}"}, "beside"),
            ({"x-amz-iv": "AAAA"}, "3 bytes instead of 16"),
            ({"x-amz-iv": "AAECAwQFBgcICQoLDA0ODw"}, "not base64"),
            ({"x-amz-iv": "AAECAwQFBgcICQoLDA0ODx=="}, "not base64"),
            ({"x-amz-iv": None}, "missing"),
            ({"x-amz-cek-alg": "AES/CTR/NoPadding"}, "AES/CTR"),
            ({"x-amz-cek-alg": decrypt.GCM}, "tag-len"),
            ({"x-amz-wrap-alg": "KMS"}, "'KMS'"),
            ({"x-amz-tag-len": "128"}, "tag-len"),
            ({"x-amz-matdesc": None}, "missing"),
            ({"x-amz-matdesc": "[]"}, "object of strings"),
            ({"x-amz-matdesc": '{"a":1}'}, "object of strings"),
            ({"x-amz-matdesc": '{"a":"b","a":"c"}'}, "twice"),
            ({decrypt.LENGTH: "-1"}, "not a size"),
            ({decrypt.LENGTH: "1\n"}, "not a size"),
        ]:
            self.refuse(case, change, says)

    def test_a_damaged_v3_envelope_is_refused(self):
        case = by_name("v3-kmsctx-kc-17")
        short = base64.b64encode(bytes(27)).decode()
        for change, says in [
            ({"x-amz-iv": "AAAA"}, "beside"),
            ({"x-amz-c": "114"}, "'114'"),
            ({"x-amz-w": "99"}, "'99'"),
            ({"x-amz-d": short}, "27 bytes"),
            ({"x-amz-i": short}, "27 bytes"),
            ({"x-amz-t": None}, "made for None"),
            ({"x-amz-t": '{"aws:x-amz-cek-alg":"114"}'}, "made for 114"),
        ]:
            self.refuse(case, change, says)

    def test_spoiled_content_is_refused(self):
        for name, says in [
            ("v2-kms-cbc-17", "does not decrypt|says 17"),
            ("v2-kms-gcm-17", "authenticate"),
            ("v3-kmsctx-kc-17", "authenticate"),
        ]:
            case = by_name(name)
            data = bytearray(ciphertext(case))
            data[-17] ^= 1
            with self.subTest(name), self.assertRaisesRegex(decrypt.Refused, says):
                opened(case["metadata"], case["data_key_hex"], bytes(data))

    def test_a_wrong_length_claim_or_size_is_refused(self):
        case = by_name("v2-kms-cbc-17")
        data, key = ciphertext(case), case["data_key_hex"]
        with self.assertRaisesRegex(decrypt.Refused, "says 18"):
            opened({**case["metadata"], decrypt.LENGTH: "18"}, key, data)
        for broken in (b"", data[:15], data[:17], data + b"x"):
            with self.assertRaisesRegex(decrypt.Refused, "size"):
                opened(case["metadata"], key, broken)

    def test_a_foreign_key_fails_the_commitment(self):
        case = by_name("v3-kmsctx-kc-17")
        with self.assertRaisesRegex(decrypt.Refused, "committed"):
            opened(case["metadata"], "00" * 32, ciphertext(case))


class Signing(unittest.TestCase):
    CREDENTIALS = decrypt.Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG", "token+/=")
    NOW = datetime.datetime(2026, 1, 2, 3, 4, 5)

    @unittest.skipIf(botocore is None, "without python3-boto3")
    def test_it_signs_as_botocore_does(self):
        for service, url, method, body, headers in [
            ("s3", "http://127.0.0.1:8000/b/a%20b/%C3%BC%2B.bak", "GET", b"", {}),
            ("s3", "https://b.s3.eu-west-1.amazonaws.com/x//y/../z", "GET", b"", {}),
            ("kms", "http://127.0.0.1:9/", "POST", b"{}", {"X-Amz-Target": "TrentService.Decrypt"}),
        ]:
            with self.subTest(url):
                request = urllib.request.Request(url, method=method, data=body or None)
                for name, value in headers.items():
                    request.add_header(name, value)
                decrypt.sign(request, body, service, "eu-west-1", self.CREDENTIALS, self.NOW)
                self.assertEqual(
                    request.get_header("Authorization"),
                    self.expected(service, url, method, body, headers),
                )

    def expected(self, service, url, method, body, headers):
        credentials = botocore.credentials.Credentials(*self.CREDENTIALS)
        base = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
        request = botocore.awsrequest.AWSRequest(method, url, headers, body)
        request.headers["X-Amz-Date"] = self.NOW.strftime("%Y%m%dT%H%M%SZ")
        request.context["timestamp"] = self.NOW.strftime("%Y%m%dT%H%M%SZ")
        request.context["payload_signing_enabled"] = True
        request.headers["X-Amz-Security-Token"] = self.CREDENTIALS.token
        signer = base(credentials, service, "eu-west-1")
        if service == "s3":
            request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(body).hexdigest()
        canonical = signer.canonical_request(request)
        signature = signer.signature(signer.string_to_sign(request, canonical), request)
        return (
            f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, "
            f"SignedHeaders={signer.signed_headers(signer.headers_to_sign(request))}, "
            f"Signature={signature}"
        )


class Server(http.server.BaseHTTPRequestHandler):
    """S3 and KMS in one, for one object; keeps what KMS was asked."""

    case = None
    asked = None
    cut = 0

    def log_message(self, *_):
        pass

    def do_GET(self):
        data = ciphertext(self.case)
        self.send_response(200 if self.path == "/bucket/dir/a%20b.bak" else 404)
        self.send_header("Content-Length", len(data))
        for name, value in self.case["metadata"].items():
            self.send_header("x-amz-meta-" + name, value)
        self.end_headers()
        self.wfile.write(data[: len(data) - type(self).cut])

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).asked = body
        key = base64.b64encode(bytes.fromhex(self.case["data_key_hex"])).decode()
        answer = json.dumps({"Plaintext": key, "KeyId": "k"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", len(answer))
        self.end_headers()
        self.wfile.write(answer)


class Program(unittest.TestCase):
    def run_it(self, *arguments):
        environment = {**os.environ, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
        return subprocess.run(
            [sys.executable, str(SCRIPT), *arguments], capture_output=True, env=environment
        )

    def test_a_file_is_decrypted_with_the_key_given(self):
        case = by_name("v2-kms-cbc-65537")
        with tempfile.TemporaryDirectory() as folder:
            meta, data = pathlib.Path(folder, "meta"), pathlib.Path(folder, "data")
            meta.write_text(json.dumps({"Metadata": case["metadata"]}))
            data.write_bytes(ciphertext(case))
            given = ["--metadata", str(meta), "--key-hex", case["data_key_hex"], str(data)]
            done = self.run_it(*given)
            self.assertEqual((done.returncode, done.stdout), (0, plaintext(case)), done.stderr)
            given[3] = "00" * 32
            self.assertEqual(self.run_it(*given).returncode, 1)

    def test_an_object_is_fetched_and_its_key_unwrapped(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        where = ["--endpoint-url", url, "--kms-endpoint-url", url, "--region", "eu-west-1"]
        try:
            for name in ("v2-kms-cbc-65537", "v2-kmsctx-gcm-1000", "v3-kmsctx-kc-1000"):
                case = Server.case = by_name(name)
                done = self.run_it(*where, "s3://bucket/dir/a b.bak")
                self.assertEqual((done.returncode, done.stdout), (0, plaintext(case)), done.stderr)
                context = case["metadata"].get("x-amz-matdesc") or case["metadata"]["x-amz-t"]
                self.assertEqual(Server.asked["EncryptionContext"], json.loads(context))
            Server.cut = 16
            done = self.run_it(*where, "s3://bucket/dir/a b.bak")
            self.assertEqual(done.returncode, 1)
            self.assertEqual(self.run_it(*where, "s3://bucket/other").returncode, 1)
        finally:
            Server.cut = 0
            server.shutdown()
            server.server_close()


if __name__ == "__main__":
    unittest.main()
