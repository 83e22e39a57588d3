#!/usr/bin/python3
"""What must hold of scripts/decrypt.py as a program: its options, its files, what it asks S3 and
KMS, and that it signs as Amazon's own library does."""

import base64
import datetime
import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from decrypt_cases import (AES_KEY, RSA_FILE, SCRIPT, by_name, ciphertext, decrypt, envelope_of,
                           instruction, plaintext, seal_cbc)

try:
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials
except ImportError:
    botocore = None


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
        apart = self.path == "/bucket/dir/a%20b.bak.instruction"
        data = instruction(self.case) or b"" if apart else ciphertext(self.case)
        self.send_response(200 if apart or self.path == "/bucket/dir/a%20b.bak" else 404)
        self.send_header("Content-Length", len(data))
        for name, value in ({} if apart else self.case["metadata"]).items():
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

    def saved(self, folder, case):
        """The arguments for a case saved in files."""
        paths = [pathlib.Path(folder, name) for name in ("meta", "data", "instr")]
        paths[0].write_text(json.dumps(case["metadata"]))
        paths[1].write_bytes(ciphertext(case))
        arguments = ["--metadata", str(paths[0]), str(paths[1])]
        if "instruction" in case:
            paths[2].write_text(case["instruction"])
            arguments += ["--instruction-file", str(paths[2])]
        return arguments

    def test_key_files_open_saved_objects(self):
        with tempfile.TemporaryDirectory() as folder:
            raw, digits = pathlib.Path(folder, "raw"), pathlib.Path(folder, "digits")
            raw.write_bytes(AES_KEY)
            digits.write_text(AES_KEY.hex().upper() + "\n")
            for name, key in (("v2-aesgcm-gcm-1000", raw), ("v1-aes-cbc-instr-1000", digits),
                              ("v3-rsa-kc-instr-1000", RSA_FILE), ("v1-rsa-cbc-17", RSA_FILE)):
                case = by_name(name)
                done = self.run_it(*self.saved(folder, case), "--key-file", str(key))
                self.assertEqual((done.returncode, done.stdout), (0, plaintext(case)), done.stderr)
            raw.write_bytes(AES_KEY[:31])
            done = self.run_it(*self.saved(folder, by_name("v2-aesgcm-gcm-17")),
                               "--key-file", str(raw))
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertIn(b"neither 32 bytes", done.stderr)

    def test_a_file_appears_only_when_all_of_it_was_right(self):
        case = by_name("v3-kmsctx-kc-65537")
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder, "plain")
            given = [*self.saved(folder, case), "--key-hex", case["data_key_hex"], "-o", str(out)]
            data = bytearray(ciphertext(case))
            data[-1] ^= 1
            pathlib.Path(folder, "data").write_bytes(data)
            self.assertEqual(self.run_it(*given).returncode, 1)
            self.assertEqual(sorted(os.listdir(folder)), ["data", "meta"])
            pathlib.Path(folder, "data").write_bytes(ciphertext(case))
            done = self.run_it(*given)
            self.assertEqual((done.returncode, done.stdout), (0, b""), done.stderr)
            self.assertEqual(out.read_bytes(), plaintext(case))
            self.assertEqual(sorted(os.listdir(folder)), ["data", "meta", "plain"])

    def test_only_a_file_is_replaced(self):
        case = by_name("v2-kms-cbc-17")
        with tempfile.TemporaryDirectory() as folder:
            given = [*self.saved(folder, case), "--key-hex", case["data_key_hex"], "-o"]
            pipe, link = pathlib.Path(folder, "pipe"), pathlib.Path(folder, "link")
            os.mkfifo(pipe)
            done = self.run_it(*given, str(pipe))
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"use standard output", done.stderr)
            self.assertTrue(pipe.is_fifo())
            link.symlink_to("target")
            self.assertEqual(self.run_it(*given, str(link)).returncode, 0)
            self.assertTrue(link.is_symlink())
            self.assertEqual(pathlib.Path(folder, "target").read_bytes(), plaintext(case))

    def peak_memory(self, folder, case, data):
        """Bytes that the program held at most while it opened `data`; its own account of it, since
        what wait4 tells includes what its parent held."""
        arguments = self.saved(folder, case)
        pathlib.Path(folder, "data").write_bytes(data)
        code = "\n".join((
            "import re, runpy, sys",
            "script = sys.argv.pop(1)",
            "try:",
            "    runpy.run_path(script, run_name='__main__')",
            "finally:",
            "    status = open('/proc/self/status').read()",
            "    print(re.search(r'VmHWM:\\s+(\\d+) kB', status)[1])"))
        done = subprocess.run([sys.executable, "-c", code, str(SCRIPT), *arguments, "--key-hex",
                               case["data_key_hex"], "-o", f"{folder}/plain"],
                              stdout=subprocess.PIPE, check=True)
        return int(done.stdout) * 1024

    def test_memory_does_not_grow_with_the_object(self):
        size = 64 << 20
        for name in ("v2-kms-cbc-17", "v2-kms-gcm-17"):
            small = by_name(name)
            key, iv = bytes.fromhex(small["data_key_hex"]), envelope_of(small).iv
            seal = seal_cbc if "cbc" in name else lambda k, i, p: AESGCM(k).encrypt(i, p, None)
            large = {**small, "metadata": {**small["metadata"], decrypt.LENGTH: str(size)}}
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                first = self.peak_memory(folder, small, ciphertext(small))
                peak = self.peak_memory(folder, large, seal(key, iv, bytes(size)))
                self.assertLess(peak - first, 16 << 20)

    def test_options_that_do_not_fit_are_a_usage_error(self):
        for arguments in (["file"], ["s3://b/k", "--instruction-file", "x"],
                          ["--metadata", "m", "f", "--instruction-suffix", ".x"],
                          ["s3://b/k", "--key-hex", "00", "--key-file", "x"],
                          ["s3://b/k", "--encryption-context", "noequals"],
                          ["s3://b/k", "--encryption-context", "aws:x-amz-cek-alg=115"]):
            with self.subTest(arguments):
                self.assertEqual(self.run_it(*arguments).returncode, 2)

    def test_kms_is_asked_in_the_region_of_the_key(self):
        options = decrypt.parse_options(["s3://b/k", "--region", "eu-west-1"])
        envelope = envelope_of(by_name("v2-kms-cbc-17"))
        self.assertEqual(decrypt.kms_region(envelope, options), "us-east-1")
        self.assertEqual(decrypt.kms_region(envelope._replace(context={}), options), "eu-west-1")

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
            case = Server.case = by_name("v3-kmsctx-kc-instr-1000")
            self.assertEqual(self.run_it(*where, "s3://bucket/dir/a b.bak").returncode, 1)
            done = self.run_it(*where, "s3://bucket/dir/a b.bak", "--instruction-suffix",
                               ".instruction")
            self.assertEqual((done.returncode, done.stdout), (0, plaintext(case)), done.stderr)
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
