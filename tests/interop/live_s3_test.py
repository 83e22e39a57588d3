"""The S3 and KMS calls against servers that others wrote, and the rules of the connection.

The C programs test_s3_live and test_kms_live (tests/unit/s3) run against Ceph's RGW, the KMS
emulator and the strict scripted server, which verifies checksums and enforces source conditions.
Then the program itself over TLS and plain HTTP: what it trusts, what it refuses, what it signs.
"""

import os
import subprocess
import unittest

from common import BedTest, make_bytes, read_file, testbed, write_file

PROGRAMS = os.environ.get("RDSBAK_TEST_PROGRAMS") or os.path.join(
    os.path.dirname(testbed.find_binary() or "build/rdsbak"), "tests", "unit", "s3")
PART_MIN = 65536


class LiveTest(BedTest):
    def run_live(self, name, **environment):
        """A C program; each of its tests is one line of its output."""
        done = subprocess.run(
            [os.path.join(PROGRAMS, name)], env={**self.bed.env, **environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False)
        text = done.stdout.decode(errors="replace")
        self.assertEqual(done.returncode, 0, text)
        self.assertRegex(text, r"PASSED *\] \d+ test")

    def run_s3(self):
        self.run_live("test_s3_live", S3_ENDPOINT=self.bed.s3_url, S3_BUCKET=self.bed.bucket,
                      S3_PART_MIN=str(PART_MIN))


class RgwTest(LiveTest):
    BED = {"rgw_env": {"RGW_MIN_PART": str(PART_MIN)}}

    def test_every_s3_call(self):
        self.run_s3()

    def test_every_kms_call(self):
        self.run_live("test_kms_live", KMS_ENDPOINT=self.bed.kms_url, KMS_KEY=self.bed.key_arn,
                      KMS_OTHER_KEY=self.bed.create_key())


class ScriptTest(LiveTest):
    BED = {"store": "script", "script_args": ("--min-part", str(PART_MIN))}

    def test_every_s3_call(self):
        self.bed.s3.control(settings={"checksums": "verify"})
        self.run_s3()
        # Nothing reached it that was not signed as it should be.
        signatures = {e["signature"] for e in self.bed.s3.report()["log"] if e["op"] == "PutObject"}
        self.assertEqual(signatures, {"ok"})

    def test_plain_http_bodies_are_signed(self):
        path = self.bed.path("in")
        write_file(path, make_bytes(100))
        self.must_run(["put", path, self.bed.url("signed")])
        entry = [e for e in self.bed.s3.report()["log"] if e["key"] == "signed"][0]
        self.assertRegex(entry["payload"], "^[0-9a-f]{64}$")


class TlsTest(BedTest):
    BED = {"tls": True}

    def setUp(self):
        self.bare = {k: v for k, v in self.bed.env.items() if k != "AWS_CA_BUNDLE"}

    def call(self, verb, *names, args=(), env=None):
        return subprocess.run(
            [self.bed.binary, verb, *names, *self.bed.server_args(), *args], timeout=300,
            env=env or self.bare, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def put(self, key, data, **options):
        path = self.bed.path("in")
        write_file(path, data)
        return self.call("put", path, self.bed.url(key), **options)

    def test_with_the_ca_bundle_an_object_goes_there_and_back(self):
        data, trust = make_bytes(7 << 20, "tls"), ("--ca-bundle", self.bed.ca_file)
        done = self.put("there", data, args=(*trust, "--hold-size", "1MiB", "--part-size", "5MiB"))
        self.assertEqual(done.returncode, 0, done.stderr)
        got = self.call("get", self.bed.url("there"), "-", args=trust)
        self.assertEqual((got.returncode, got.stdout == data), (0, True), got.stderr)

    def test_the_environment_names_the_ca_bundle_too(self):
        done = self.put("env", b"x", env=self.bed.env)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_mount_over_tls(self):
        path = self.bed.mount(["--ca-bundle", self.bed.ca_file], env={"AWS_CA_BUNDLE": ""})
        data = make_bytes(100001, "mount")
        write_file(os.path.join(path, "m"), data)
        self.assertTrue(read_file(os.path.join(path, "m")) == data)
        self.assertEqual(self.bed.umount(), 0)

    def assert_certificate_refused(self, done):
        text = done.stderr.decode()
        self.assertEqual(done.returncode, 1, text)
        self.assertRegex(text, "(?i)certificate")
        self.assertIn("--ca-bundle", text)

    def test_without_the_ca_it_is_refused_clearly(self):
        self.assert_certificate_refused(self.put("untrusted", b"secret"))
        self.assertEqual(self.bed.head("untrusted").status, 404)
        self.assert_certificate_refused(subprocess.run(
            [self.bed.binary, "ls", self.bed.url(), "--endpoint-url", self.bed.s3_url], timeout=300,
            env=self.bare, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False))
        mount = self.bed.path("refused")
        os.makedirs(mount)
        self.assert_certificate_refused(
            self.call("mount", self.bed.url(), mount, args=("--foreground",)))
        self.assertFalse(testbed.is_mounted(mount))

    def test_bodies_are_not_signed_over_tls(self):
        """TLS protects them already: no second pass over the data."""
        folder = os.path.dirname(self.bed.ca_file)
        server = testbed.Emulator(
            "s3script.py", self.bed.path("script.log"), "--bucket", self.bed.bucket, "--tls",
            os.path.join(folder, "server.crt"), os.path.join(folder, "server.key"))
        self.addCleanup(server.stop)
        done = self.put("unsigned", b"x" * 1000, args=(
            "--endpoint-url", server.url, "--ca-bundle", self.bed.ca_file))
        self.assertEqual(done.returncode, 0, done.stderr)
        log = testbed.S3Client(server.url, ca_file=self.bed.ca_file).report()["log"]
        entry = [e for e in log if e["key"] == "unsigned"][0]
        self.assertEqual((entry["payload"], entry["signature"]), ("UNSIGNED-PAYLOAD", "ok"))


class PlainHttpTest(BedTest):
    BED = {"store": "script"}

    def test_plain_http_to_another_machine_needs_allow_http(self):
        # 192.0.2.0/24 is for documentation: nothing may be sent there, and nothing is.
        for option in ("--endpoint-url", "--kms-endpoint-url"):
            with self.subTest(option=option):
                done = self.bed.run(["put", "/dev/null", self.bed.url("k"),
                                     *self.bed.server_args(), option, "http://192.0.2.1:8000"],
                                    timeout_s=120)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertRegex(done.stderr.decode(), "192.0.2.1.*--allow-http")


if __name__ == "__main__":
    unittest.main()
