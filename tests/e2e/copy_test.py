#!/usr/bin/python3
"""copy and encrypt: what comes out is what went in, under the other side's key alone, or nothing
has changed."""

import base64
import json
import os
import re
import subprocess
import unittest

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import e2e
import sigv4
import testbed
from e2e import MIB, content

DONE, FAILED, USAGE = 0, 1, 2
FORMATS = ("rds", "rds-v1", "gcm", "commit")
OTHER = sigv4.Credentials("AKIAOTHEROTHEROTHER0", "otherUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEYx", None)
FAR = {"store": "script", "credentials": OTHER, "region": "eu-central-1"}
HOSTILE = "a b\x1b[31m'\"&%2F+ü\u202e\\;$(x).bak"


def put_kms_gcm(bed, key, data):
    """As Amazon's clients wrote it before "kms+context": nothing binds the cipher to the key."""
    context = {"kms_cmk_id": bed.key_arn}
    status, made = bed.kms.call("GenerateDataKey", KeyId=bed.key_arn, KeySpec="AES_256",
                                EncryptionContext=context)
    assert status == 200, made
    iv = content(12, key)
    body = AESGCM(base64.b64decode(made["Plaintext"])).encrypt(iv, data, b"")
    bed.put(key, body, {"x-amz-key-v2": made["CiphertextBlob"], "x-amz-wrap-alg": "kms",
                        "x-amz-iv": base64.b64encode(iv).decode(), "x-amz-tag-len": "128",
                        "x-amz-cek-alg": "AES/GCM/NoPadding",
                        "x-amz-matdesc": json.dumps(context)})


def read_terminal(master):
    """All that comes, until nobody has the other end any more, which Linux calls EIO."""
    text = b""
    while True:
        try:
            piece = master.read(4096)
        except OSError:
            piece = b""
        if not piece:
            return text.decode(errors="replace")
        text += piece


class Base(e2e.BedTest):
    BED = {"store": "script"}

    def setUp(self):
        self.prefix = self._testMethodName + "/"
        self.addCleanup(self.reset, self.bed)

    def reset(self, bed):
        bed.kms.control(reset=True)
        if bed.s3_is_scripted:
            bed.s3.control(reset=True)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bed.s3_is_scripted = cls.BED["store"] == "script"

    def key(self, name):
        return self.prefix + name

    def run_verb(self, *arguments, status=DONE):
        """(stdout, stderr)."""
        done = self.bed.run([*arguments, *self.bed.server_args()])
        out, error = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(done.returncode, status, out + error)
        return out, error

    def store(self, name, data, *more):
        """An encrypted object of the source's bucket."""
        path = self.source("data", data)
        self.run_verb("put", path, self.bed.url(self.key(name)), *more)

    def uploads(self, bed):
        return [key for key, _ in bed.list_uploads(self.prefix)]


class BetweenAccounts(Base):
    """Two S3 servers, two KMS, two regions; neither server knows the other side's credentials."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.far = e2e.shared_bed(FAR)
        cls.far.s3_is_scripted = True
        folder = cls.bed.path("home", ".aws")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "credentials"), "w", encoding="ascii") as file:
            file.write(f"[far]\naws_access_key_id = {OTHER.access_key}\n"
                       f"aws_secret_access_key = {OTHER.secret_key}\n")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.reset, self.far)
        for bed in (self.bed, self.far):
            bed.s3.control(clear_log=True)
            bed.kms.control(clear_log=True)

    def arguments(self, source, target):
        return ["copy", self.bed.url(self.key(source)), self.far.url(self.key(target)),
                "--to-key", self.far.key_arn, "--dst-profile", "far",
                "--dst-endpoint-url", self.far.s3_url, "--dst-kms-endpoint-url", self.far.kms_url]

    def copy(self, source, target, *more, status=DONE):
        return self.run_verb(*self.arguments(source, target), *more, status=status)

    def copy_json(self, source, target, *more, status=DONE):
        out, _ = self.copy(source, target, "--json", *more, status=status)
        return json.loads(out)

    def holds(self, target, expected):
        self.same(self.far.decrypt(self.key(target)), expected, target)
        self.assertEqual(self.uploads(self.far), [])

    def untouched(self, target, expected):
        """What stood there before stands there still, and nothing of an upload is left."""
        if expected is None:
            self.assertEqual(self.far.head(self.key(target)).status, 404)
        else:
            self.same(self.far.get(self.key(target)), expected, target)
        self.assertEqual(self.uploads(self.far), [])

    def test_sizes(self):
        for size in (0, 1, 15, 16, 17, 4 * MIB, 20 * MIB + 5):
            data = content(size)
            self.store(f"{size}", data, "--hold-size", "1MiB")
            found = self.copy_json(f"{size}", f"to-{size}", "--hold-size", "1MiB")
            self.holds(f"to-{size}", data)
            self.assertEqual((found["bytes"], found["verified"], found["committed"]),
                             (size, "content", True))
            self.assertEqual(found["sha256"], e2e.sha256(data))
        self.assertGreater(found["parts"], 1)

    def test_each_side_uses_its_own_credentials_and_key_only(self):
        self.store("a", content(100000))
        self.copy("a", "b")
        for bed, actions in ((self.bed, {"GenerateDataKey", "Decrypt"}),
                             (self.far, {"GenerateDataKey", "Decrypt"})):
            calls = bed.kms.report()["log"]
            self.assertEqual({call["action"] for call in calls}, actions)
            self.assertEqual({call["key_id"].split("/")[-1] for call in calls},
                             {bed.key_arn.split("/")[-1]})
            self.assertEqual({call["access_key"] for call in calls + bed.s3.report()["log"]},
                             {bed.credentials.access_key})
            self.assertEqual({call["result"] for call in calls}, {"ok"})
        # put asked for the source's key; the copy itself only unwrapped it
        generated = [c for c in self.bed.kms.report()["log"] if c["action"] == "GenerateDataKey"]
        self.assertEqual(len(generated), 1)
        self.assertEqual(json.loads(self.far.metadata(self.key("b"))["x-amz-matdesc"]),
                         {"kms_cmk_id": self.far.key_arn})

    def test_the_other_sides_credentials_would_be_denied(self):
        """The test above proves something only if the servers are as strict as it believes."""
        self.store("a", content(1000))
        arguments = self.arguments("a", "b")
        at = arguments.index("--dst-profile")
        _, error = self.run_verb(*arguments[:at], *arguments[at + 2:], status=FAILED)
        self.assertIn("DST", error)
        self.untouched("b", None)

    def test_a_new_data_key_and_iv(self):
        self.store("a", content(1000))
        self.copy("a", "b")
        before, after = self.bed.metadata(self.key("a")), self.far.metadata(self.key("b"))
        for name in ("x-amz-iv", "x-amz-key-v2"):
            self.assertNotEqual(before[name], after[name])
        self.assertNotEqual(self.bed.get(self.key("a")), self.far.get(self.key("b")))

    def test_every_format_to_every_format(self):
        data = content(1000 + 17)
        for source in FORMATS:
            self.store(source, data, "--format", source)
            reading = ("--read-formats", "rds-v1") if source == "rds-v1" else ()
            found = self.copy_json(source, source + "-as-it-is", *reading)
            self.assertEqual(found["format"], source)
            for target in FORMATS:
                found = self.copy_json(source, f"{source}-{target}", "--format", target, *reading)
                self.assertEqual((found["format"], found["verified"]), (target, "content"))
                self.holds(f"{source}-{target}", data)

    def test_a_context_goes_along_where_the_format_has_one(self):
        data, context = content(50), ("--encryption-context", "department=x")
        self.store("gcm", data, "--format", "gcm", *context)
        _, error = self.copy("gcm", "without", status=FAILED)
        self.assertIn("--encryption-context", error)
        self.copy("gcm", "with", *context)
        described = json.loads(self.far.metadata(self.key("with"))["x-amz-matdesc"])
        self.assertEqual(described["department"], "x")
        self.copy("gcm", "rds", "--format", "rds", *context)
        self.holds("rds", data)

    def test_a_format_that_is_not_written_becomes_the_one_of_its_cipher(self):
        """Not rds: what had a tag shall not lose it unasked."""
        data = content(40)
        put_kms_gcm(self.bed, self.key("a"), data)
        self.assertEqual(self.copy_json("a", "b")["format"], "gcm")
        self.holds("b", data)

    def test_time_and_metadata_are_carried_but_nothing_of_the_old_envelope(self):
        for size in (10, 6 * MIB):
            self.store("a", content(size), "--format", "commit")
            self.bed.put(self.key("a"), self.bed.get(self.key("a")),
                         {**self.bed.metadata(self.key("a")), "mtime": "1234567890",
                          "rds-tde-pwd": "x"})
            self.copy("a", "b", "--format", "rds", "--hold-size", "1MiB")
            found = self.far.metadata(self.key("b"))
            self.assertEqual((found["mtime"], found["rds-tde-pwd"]), ("1234567890", "x"))
            old = {"x-amz-c", "x-amz-3", "x-amz-w", "x-amz-d", "x-amz-i", "x-amz-t"}
            self.assertEqual(old & set(found), set())
            self.holds("b", content(size))

    def test_hostile_names(self):
        data = content(300)
        self.store(HOSTILE, data)
        out, error = self.copy(HOSTILE, HOSTILE)
        self.holds(HOSTILE, data)
        self.assertIsNone(re.search("[\x00-\x09\x0b-\x1f\u202e]", out + error), out + error)
        found = self.copy_json(HOSTILE, HOSTILE + "2")
        self.assertIn("\\x1b[31m", found["destination"])

    def test_a_fault_in_the_middle_leaves_the_destination_as_it_was(self):
        self.store("a", content(20 * MIB))
        for old, action, op, nth in ((None, "access-denied", "UploadPart", 2),
                                     (b"old", "access-denied", "UploadPart", 2),
                                     (b"old", "access-denied", "CreateMultipartUpload", 1),
                                     (b"old", "access-denied", "CompleteMultipartUpload", 1)):
            with self.subTest(old=old, op=op):
                if old is not None:
                    self.far.put(self.key("b"), old)
                self.far.s3.control(rules=[{"action": action, "op": op, "nth": nth}])
                found = self.copy_json("a", "b", "--hold-size", "1MiB", "--part-size", "5MiB",
                                       status=FAILED)
                self.far.s3.control(reset=True)
                self.assertEqual((found["committed"], found["verified"]), (False, None))
                self.assertIn("aborted", found["error"])
                self.untouched("b", old)

    def test_a_source_that_cannot_be_read_on_leaves_the_destination_as_it_was(self):
        self.store("a", content(20 * MIB))
        self.far.put(self.key("b"), b"old")
        self.bed.s3.control(rules=[{"action": "access-denied", "op": "GetObject", "nth": 2,
                                    "times": None}])
        self.copy("a", "b", "--hold-size", "1MiB", status=FAILED)
        self.untouched("b", b"old")

    def test_a_source_that_is_replaced_meanwhile_is_not_copied(self):
        self.store("a", content(20 * MIB, "first"))
        self.store("other", content(20 * MIB, "second"))
        self.far.put(self.key("b"), b"old")
        # Nothing is handed out until the object was replaced.
        self.bed.s3.control(clear_log=True, rules=[{"action": "slow-down", "op": "GetObject",
                                                    "key": "/a$", "times": None}])
        command = [self.bed.binary, *self.arguments("a", "b"), *self.bed.server_args()]
        with subprocess.Popen(command, env=self.bed.env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            self.assertTrue(e2e.eventually(lambda: any(
                entry["op"] == "GetObject" and entry["status"] == 503
                for entry in self.bed.s3.report()["log"]), 60))
            self.bed.put(self.key("a"), self.bed.get(self.key("other")),
                         self.bed.metadata(self.key("other")))
            self.bed.s3.control(reset=True)
            _, error = process.communicate(timeout=120)
        self.assertEqual(process.returncode, FAILED, error)
        self.assertIn(b"replaced", error)
        self.untouched("b", b"old")

    def test_a_damaged_source_is_not_copied(self):
        for name, size, formats in (("tag", 3 * MIB, ("gcm", "commit")),
                                    ("empty", 0, ("gcm", "commit"))):
            for form in formats:
                key = self.key(f"{name}-{form}")
                self.store(f"{name}-{form}", content(size), "--format", form)
                body = bytearray(self.bed.get(key))
                body[len(body) // 2] ^= 1
                self.bed.put(key, bytes(body), self.bed.metadata(key))
                self.far.put(self.key("b"), b"old")
                _, error = self.copy(f"{name}-{form}", "b", status=FAILED)
                self.assertRegex(error, "tag does not fit|damaged")
                self.untouched("b", b"old")

    def test_a_destination_that_lies_is_found_out(self):
        self.store("a", content(5000))
        lie = {"action": "corrupt", "op": "GetObject", "key": "/b$", "times": None}
        for form in ("rds", "gcm"):
            self.far.s3.control(rules=[lie])
            found = self.copy_json("a", "b", "--format", form, status=FAILED)
            self.assertEqual((found["committed"], found["verified"], found["sha256"]),
                             (True, None, None))
            self.assertIn("not verified", found["error"])
            if form == "rds":  # CBC itself notices nothing
                self.assertIn("reads back as other content", found["error"])
            _, error = self.copy("a", "b", "--format", form, "--no-verify")
            self.assertIn("not read back", error)
            self.far.s3.control(reset=True)

    def test_who_may_write_but_not_decrypt_is_told_so(self):
        self.store("a", content(5000))
        self.far.kms.control(deny={"action": "Decrypt"})
        found = self.copy_json("a", "b", status=FAILED)
        self.assertTrue(found["committed"])
        self.assertIn("was written, but is not verified", found["error"])
        self.copy("a", "b", "--no-verify")
        self.far.kms.control(reset=True)
        self.holds("b", content(5000))

    def test_without_the_sources_key_nothing_is_written(self):
        self.store("a", content(5000))
        self.bed.kms.control(deny={"action": "Decrypt"})
        _, error = self.copy("a", "b", status=FAILED)
        self.assertIn("SRC", error)
        self.untouched("b", None)

    def test_an_object_that_is_not_encrypted_is_left_to_encrypt(self):
        self.bed.put(self.key("a"), b"plain")
        _, error = self.copy("a", "b", status=FAILED)
        self.assertIn("rdsbak encrypt", error)
        self.untouched("b", None)

    def test_memory_is_bounded(self):
        """Far less than the object, in a copy as large as the limit allows."""
        self.store("a", content(150 * MIB))
        peaks = self.bed.path("peaks")
        command = ["/usr/bin/python3", "-c",
                   "import resource, subprocess, sys\n"
                   "status = subprocess.call(sys.argv[2:])\n"
                   "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss\n"
                   "open(sys.argv[1], 'w').write(str(peak))\n"
                   "sys.exit(status)", peaks, self.bed.binary, *self.arguments("a", "b"),
                   *self.bed.server_args(), "--memory-limit", "64MiB", "--connections", "2"]
        self.tool(*command, env=self.bed.env)
        self.assertLess(int(e2e.read(peaks)) << 10, 120 * MIB)

    def test_a_terminal_sees_progress(self):
        self.store("a", content(9 * MIB))
        master, terminal = os.openpty()
        command = [self.bed.binary, *self.arguments("a", "b"), *self.bed.server_args()]
        with os.fdopen(master, "rb", buffering=0) as shown:
            with subprocess.Popen(command, env=self.bed.env, stderr=terminal) as process:
                os.close(terminal)
                text = read_terminal(shown)
            self.assertEqual(process.returncode, DONE, text)
        self.assertRegex(text, r"s3://\S+/a: [0-9.]+ MiB of 9\.0 MiB")
        self.assertRegex(text, r"verifying s3://\S+")

    def test_server_side_needs_one_server_and_one_region(self):
        self.store("a", content(50))
        out, error = self.copy("a", "b", "--server-side", status=USAGE)
        self.assertIn("leave --server-side out", error)
        self.assertEqual(out, "")
        near = self.far.create_key(Region=testbed.REGION)
        arguments = self.arguments("a", "b")
        arguments[arguments.index("--to-key") + 1] = near
        _, error = self.run_verb(*arguments, "--server-side", status=FAILED)
        self.assertIn("DST's credentials must be able to read SRC", error)


class WithinOneServer(Base):
    """Two buckets and two keys under one endpoint."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_key = cls.bed.create_key()
        cls.other_bucket = cls.bed.bucket + "-2"
        cls.bed.s3.must("PUT", cls.other_bucket)

    def target(self, name):
        return f"s3://{self.other_bucket}/{self.key(name)}"

    def copy_json(self, source, target, *more, status=DONE):
        out, _ = self.run_verb("copy", self.bed.url(self.key(source)), self.target(target),
                               "--to-key", self.other_key, "--json", *more, status=status)
        return json.loads(out)

    def stored(self, name):
        answer = self.bed.s3.must("GET", self.other_bucket, self.key(name))
        return answer.body, {k[len("x-amz-meta-"):]: v for k, v in answer.headers.items()
                             if k.startswith("x-amz-meta-")}

    def content_of(self, name, *more):
        """By our own reader, with the other key alone."""
        arguments = self.bed.server_args()
        arguments[1] = self.other_key
        done = self.bed.run(["cat", self.target(name), *arguments, *more])
        self.assertEqual(done.returncode, DONE, done.stderr)
        return done.stdout

    def test_streamed(self):
        for size in (0, 17, 20 * MIB):
            data = content(size)
            self.store(f"{size}", data)
            self.copy_json(f"{size}", f"{size}")
            self.same(self.content_of(f"{size}"), data)

    def test_the_server_copies_the_ciphertext_and_the_key_is_wrapped_anew(self):
        for form in FORMATS:
            data = content(70000)
            reading = ("--read-formats", form)
            self.store(form, data, "--format", form)
            self.bed.kms.control(clear_log=True)
            found = self.copy_json(form, form, "--server-side", *reading)
            self.assertEqual((found["server_side"], found["verified"], found["bytes"],
                              found["format"]), (True, "opened", len(data), form))
            actions = [call["action"] for call in self.bed.kms.report()["log"]]
            self.assertEqual(actions, ["ReEncrypt", "Decrypt"])
            body, metadata = self.stored(form)
            self.same(body, self.bed.get(self.key(form)))
            self.assertNotEqual(metadata, self.bed.metadata(self.key(form)))
            self.same(self.content_of(form, *reading), data)

    def test_server_side_by_parts(self):
        data = content(21 * MIB)
        self.store("a", data)
        self.copy_json("a", "b", "--server-side", "--copy-object-max", "5MiB")
        self.same(self.content_of("b"), data)

    def test_server_side_between_the_two_of_one_cipher(self):
        data = content(33)
        self.store("a", data)
        self.copy_json("a", "b", "--server-side", "--format", "rds-v1")
        self.same(self.content_of("b", "--read-formats", "rds-v1"), data)
        _, error = self.run_verb("copy", self.bed.url(self.key("a")), self.target("c"), "--to-key",
                                 self.other_key, "--server-side", "--format", "gcm", status=USAGE)
        self.assertIn("leave --server-side out", error)

    def test_server_side_binds_the_cipher_to_the_key(self):
        """Of an object whose envelope does not: the content stays, the format becomes gcm."""
        data = content(40)
        put_kms_gcm(self.bed, self.key("a"), data)
        self.assertEqual(self.copy_json("a", "b", "--server-side")["format"], "gcm")
        body, metadata = self.stored("b")
        self.same(body, self.bed.get(self.key("a")))
        self.assertEqual(json.loads(metadata["x-amz-matdesc"]),
                         {"aws:x-amz-cek-alg": "AES/GCM/NoPadding"})
        self.same(self.content_of("b"), data)

    def test_server_side_carries_metadata_and_time(self):
        self.store("a", content(33))
        more = {**self.bed.metadata(self.key("a")), "mtime": "5", "owner": "x"}
        self.bed.put(self.key("a"), self.bed.get(self.key("a")), more,
                     headers={"content-type": "text/x-backup"})
        self.copy_json("a", "b", "--server-side")
        _, metadata = self.stored("b")
        self.assertEqual((metadata["mtime"], metadata["owner"]), ("5", "x"))
        head = self.bed.s3.must("HEAD", self.other_bucket, self.key("b"))
        self.assertEqual(head.headers["content-type"], "text/x-backup")

    def test_server_side_denied_by_kms(self):
        self.store("a", content(33))
        self.bed.kms.control(deny={"action": "ReEncrypt*"})
        found = self.copy_json("a", "b", "--server-side", status=FAILED)
        self.assertIn("kms:ReEncryptFrom", found["error"])
        answer = self.bed.s3.request("HEAD", self.other_bucket, self.key("b"))
        self.assertEqual(answer.status, 404)

    def test_server_side_under_a_key_that_was_not_given(self):
        self.store("a", content(33))
        arguments = self.bed.server_args()
        arguments[1] = self.other_key
        done = self.bed.run(["copy", self.bed.url(self.key("a")), self.target("b"), "--to-key",
                             self.other_key, "--server-side", *arguments])
        self.assertEqual(done.returncode, FAILED)
        self.assertIn(b"--decrypt-key " + self.bed.key_arn.encode(), done.stderr)

    def test_the_same_object_is_refused(self):
        self.store("a", content(33))
        before = self.bed.get(self.key("a"))
        for more in ((), ("--server-side",)):
            _, error = self.run_verb("copy", self.bed.url(self.key("a")),
                                     self.bed.url(self.key("a")), "--to-key", self.other_key,
                                     *more, status=USAGE)
            self.assertIn("same object", error)
        self.assertEqual(self.bed.get(self.key("a")), before)


class OnRgw(WithinOneServer):
    """The same against a real server; what needs a scripted one is left out above."""

    BED = {"store": "rgw"}


class Encrypt(Base):
    def encrypt(self, source, target, *more, status=DONE):
        return self.run_verb("encrypt", self.bed.url(self.key(source)),
                             self.bed.url(self.key(target)), *more, status=status)

    def encrypt_json(self, *arguments, **options):
        return json.loads(self.encrypt(*arguments, "--json", **options)[0])

    def plaintext_stays(self, name, data):
        self.same(self.bed.get(self.key(name)), data, name)
        self.assertEqual(self.bed.metadata(self.key(name)), {})

    def test_metadata_are_carried(self):
        self.bed.put(self.key("a"), content(100), {"owner": "x"})
        self.encrypt("a", "b")
        self.assertEqual(self.bed.metadata(self.key("b"))["owner"], "x")
        self.assertGreater(int(self.bed.metadata(self.key("b"))["mtime"]), 0)

    def use_bucket(self, name, versions):
        """A bucket of this test alone."""
        self.addCleanup(setattr, self.bed, "bucket", self.bed.bucket)
        self.bed.bucket = name
        self.bed.s3.must("PUT", name)
        if versions:
            self.versions("Enabled")

    def versions(self, state):
        body = f"<VersioningConfiguration><Status>{state}</Status></VersioningConfiguration>"
        self.bed.s3.must("PUT", self.bed.bucket, query=[("versioning", "")], body=body.encode())

    def test_sizes_and_formats(self):
        for size in (0, 15, 16, 17, 20 * MIB):
            data = content(size)
            self.bed.put(self.key(f"{size}"), data)
            found = self.encrypt_json(f"{size}", f"to-{size}", "--hold-size", "1MiB")
            self.check_object(self.key(f"to-{size}"), data)
            self.plaintext_stays(f"{size}", data)
            self.assertEqual((found["bytes"], found["verified"], found["source_deleted"]),
                             (size, "content", False))
        for form in FORMATS:
            found = self.encrypt_json("17", form, "--format", form)
            self.assertEqual(found["format"], form)
            self.same(self.bed.decrypt(self.key(form)), content(17))

    def test_what_is_encrypted_already_is_refused(self):
        self.store("a", content(50))
        _, error = self.encrypt("a", "b", status=FAILED)
        self.assertIn("encrypted already", error)
        metadata = self.bed.metadata(self.key("a"))
        self.bed.put(self.key("damaged"), b"x" * 32, {"x-amz-iv": metadata["x-amz-iv"]})
        _, error = self.encrypt("damaged", "b", status=FAILED)
        self.assertIn("not encrypted once more", error)
        self.bed.put(self.key("beside"), self.bed.get(self.key("a")))
        self.bed.put(self.key("beside.instruction"), json.dumps(metadata).encode(),
                     {"x-amz-crypto-instr-file": ""})
        _, error = self.encrypt("beside", "b", status=FAILED)
        self.assertIn("encrypted already", error)
        self.assertEqual(self.bed.head(self.key("b")).status, 404)

    def test_the_source_is_deleted_after_verification(self):
        data = content(5000)
        self.bed.put(self.key("a"), data)
        self.bed.s3.control(clear_log=True)
        _, error = self.encrypt("a", "b", "--delete-source")
        self.assertIn("deleted", error)
        self.assertEqual(self.bed.head(self.key("a")).status, 404)
        self.check_object(self.key("b"), data)
        ops = [(e["op"], e["key"]) for e in self.bed.s3.report()["log"]]
        deleted = ops.index(("DeleteObject", self.key("a")))
        self.assertLess(ops.index(("GetObject", self.key("b"))), deleted)

    def test_the_source_stays_when_the_destination_lies(self):
        data = content(5000)
        self.bed.put(self.key("a"), data)
        self.bed.s3.control(rules=[{"action": "corrupt", "op": "GetObject", "key": "/b$",
                                    "times": None}])
        found = self.encrypt_json("a", "b", "--delete-source", status=FAILED)
        self.assertEqual((found["committed"], found["verified"], found["source_deleted"]),
                         (True, None, False))
        self.plaintext_stays("a", data)

    def test_a_source_that_changed_is_not_deleted(self):
        data = content(5000)
        self.bed.put(self.key("a"), data)
        # The first HEAD is what is copied, the second is asked before the deletion.
        self.bed.s3.control(rules=[{"action": "wrong-etag", "op": "HeadObject", "key": "/a$",
                                    "nth": 2}])
        found = self.encrypt_json("a", "b", "--delete-source", status=FAILED)
        self.assertEqual((found["verified"], found["source_deleted"]), ("content", False))
        self.assertIn("the source was not deleted", found["error"])
        self.plaintext_stays("a", data)
        self.check_object(self.key("b"), data)

    def test_a_deletion_that_is_denied_is_told(self):
        self.bed.put(self.key("a"), b"plain")
        self.bed.s3.control(rules=[{"action": "access-denied", "op": "DeleteObject",
                                    "times": None}])
        _, error = self.encrypt("a", "b", "--delete-source", status=FAILED)
        self.assertIn("the source was not deleted", error)

    def test_in_its_own_place(self):
        data = content(6 * MIB)
        self.bed.put(self.key("a"), data)
        _, error = self.encrypt("a", "a")
        self.assertIn("took the plaintext's place", error)
        self.assertNotIn("version", error)
        self.check_object(self.key("a"), data)
        _, error = self.encrypt("a", "a", status=FAILED)
        self.assertIn("encrypted already", error)

    def test_in_its_own_place_only_what_was_read_is_replaced(self):
        data = content(5000)
        self.bed.put(self.key("a"), data)
        self.bed.s3.control(rules=[{"action": "wrong-etag", "op": "HeadObject", "key": "/a$",
                                    "nth": 2}])
        _, error = self.encrypt("a", "a", status=FAILED)
        self.assertIn("replaced", error)
        self.plaintext_stays("a", data)

    def test_in_its_own_place_there_is_nothing_to_delete(self):
        self.bed.put(self.key("a"), b"plain")
        _, error = self.encrypt("a", "a", "--delete-source", status=USAGE)
        self.assertIn("one object", error)
        self.plaintext_stays("a", b"plain")

    def test_a_bucket_with_versions_keeps_the_plaintext_and_that_is_told(self):
        self.use_bucket(self.bed.bucket + "-v", True)
        for target, more in (("a", ()), ("b", ("--delete-source",))):
            data = content(1000, target)
            version = self.bed.put(self.key("a"), data).headers["x-amz-version-id"]
            found = self.encrypt_json("a", target, *more)
            self.assertEqual((found["plaintext_gone"], found["plaintext_version"]),
                             (True, version))
            kept = self.bed.s3.must("GET", self.bed.bucket, self.key("a"),
                                    query=[("versionId", version)])
            self.assertEqual(kept.body, data)
        self.bed.put(self.key("a"), b"plain")
        _, error = self.encrypt("a", "a")
        self.assertIn("the plaintext remains as version", error)

    def test_what_was_stored_before_a_bucket_kept_versions_may_remain(self):
        self.use_bucket(self.bed.bucket + "-w", False)
        self.bed.put(self.key("a"), b"plain")
        self.versions("Enabled")
        _, error = self.encrypt("a", "a")
        self.assertIn("the plaintext may remain as version null", error)

    def test_to_another_account(self):
        far = e2e.shared_bed(FAR)
        env = {"AWS_ACCESS_KEY_ID": OTHER.access_key, "AWS_SECRET_ACCESS_KEY": OTHER.secret_key}
        folder = self.bed.path("home", ".aws")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "credentials"), "w", encoding="ascii") as file:
            file.write("".join(f"[far]\n{name.lower()} = {value}\n" if number == 0 else
                               f"{name.lower()} = {value}\n"
                               for number, (name, value) in enumerate(env.items())))
        data = content(3000)
        self.bed.put(self.key("a"), data)
        done = self.bed.run([
            "encrypt", self.bed.url(self.key("a")), far.url(self.key("b")), "--kms-key-id",
            far.key_arn, "--region", self.bed.region, "--endpoint-url", self.bed.s3_url,
            "--to-region", far.region, "--dst-profile", "far", "--dst-endpoint-url", far.s3_url,
            "--dst-kms-endpoint-url", far.kms_url])
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.same(far.decrypt(self.key("b")), data)


class NoLeftovers(Base):
    """Of a command that is interrupted."""

    def test_an_interrupt_leaves_neither_object_nor_upload(self):
        other = self.bed.create_key()
        self.store("a", content(20 * MIB))
        self.bed.s3.control(clear_log=True, rules=[{"action": "slow-down", "op": "UploadPart",
                                                    "key": "/b$", "nth": 2, "times": None}])
        command = [self.bed.binary, "copy", self.bed.url(self.key("a")),
                   self.bed.url(self.key("b")), "--to-key", other, "--hold-size", "1MiB",
                   "--part-size", "5MiB", *self.bed.server_args()]
        with subprocess.Popen(command, env=self.bed.env, stderr=subprocess.PIPE) as process:
            self.assertTrue(e2e.eventually(lambda: any(
                entry["op"] == "UploadPart" and entry["status"] == 503
                for entry in self.bed.s3.report()["log"]), 60))
            process.terminate()
            _, error = process.communicate(timeout=120)
        self.assertEqual(process.returncode, FAILED, error)
        self.assertEqual(self.bed.head(self.key("b")).status, 404)
        self.assertEqual(self.uploads(self.bed), [])


if __name__ == "__main__":
    unittest.main()
