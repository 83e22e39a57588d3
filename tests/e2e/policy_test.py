#!/usr/bin/python3
"""What `rdsbak policy` prints is enough for each role's whole work, and for nothing beyond it.

Ceph RGW enforces the S3 statements, given to a fresh user as a bucket policy (the same statements,
with a principal); the KMS emulator enforces the key policy's. Neither user has anything else.
"""

import errno
import json
import os
import subprocess
import unittest
import uuid

import e2e
import sigv4
import testbed
from e2e import MIB, content, read, write

LARGE = 11 * MIB + 5
UNKNOWN_TO_RGW = {"s3:GetObjectAttributes"} # 16.2 refuses the whole policy for it
SMALL = ["--part-size", "5MiB", "--hold-size", "0"]


class PolicyTest(e2e.BedTest):
    ROLE = None
    OPTIONS = ()
    PREFIX = "backups"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        bed = cls.bed
        # A bucket and a key of the class, made by their owner.
        cls.bucket = f"{bed.bucket}-{cls.__name__.lower()}"
        bed.s3.must("PUT", cls.bucket, headers={"x-amz-bucket-object-lock-enabled": "true"}
                    if "--object-lock" in cls.OPTIONS else {})
        cls.key = bed.create_key()
        cls.user = cls.make_user()
        cls.apply(cls.policy(cls.ROLE, *cls.OPTIONS))

    @classmethod
    def make_user(cls):
        """Unknown to both servers until now."""
        name = f"{cls.__name__.lower()}-{uuid.uuid4().hex[:8]}"
        user = sigv4.Credentials(f"AKIA{uuid.uuid4().hex[:16].upper()}", uuid.uuid4().hex, None)
        conf = os.path.join(cls.bed.servers[0].directory, "ceph.conf")
        subprocess.run(["radosgw-admin", "-c", conf, "user", "create", f"--uid={name}",
                        "--display-name=role", f"--access-key={user.access_key}",
                        f"--secret-key={user.secret_key}"], check=True, timeout=300,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.bed.kms.control(credentials={"access_key": user.access_key,
                                         "secret_key": user.secret_key})
        cls.name = name
        return user

    @classmethod
    def policy(cls, role, *options, prefix=None):
        place = f"s3://{cls.bucket}/{cls.PREFIX if prefix is None else prefix}"
        done = cls.bed.run(["policy", role, place, "--kms-key-id", cls.key,
                            "--principal", f"arn:aws:iam::111122223333:user/{cls.user.access_key}",
                            *options])
        if done.returncode:
            raise AssertionError(done.stderr.decode())
        return json.loads(done.stdout)

    @classmethod
    def apply(cls, printed, denied=()):
        """The S3 statements to the bucket, the key's to the key. Of both the owner keeps all: what
        a user of RGW puts into another's bucket is that user's, like an account's on AWS."""
        role = {"AWS": [f"arn:aws:iam:::user/{cls.name}"]}
        everything = [f"arn:aws:s3:::{cls.bucket}", f"arn:aws:s3:::{cls.bucket}/*"]
        statements = [{**one, "Principal": role,
                       "Action": [a for a in one["Action"] if a not in UNKNOWN_TO_RGW]}
                      for one in printed["iam_policy"]["Statement"]
                      if one["Action"][0].startswith("s3:")]
        statements.append({"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam:::user/test"]},
                           "Action": ["s3:*"], "Resource": everything})
        if denied:
            statements.append({"Effect": "Deny", "Principal": role, "Action": list(denied),
                               "Resource": everything})
        cls.bed.s3.must("PUT", cls.bucket, query=[("policy", "")], body=json.dumps(
            {"Version": printed["iam_policy"]["Version"], "Statement": statements}).encode())
        owner = {"Sid": "Owner", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
                 "Principal": {"AWS": f"arn:aws:iam::111122223333:user/{sigv4.DEFAULT.access_key}"}}
        policy = {"Version": "2012-10-17", "Statement": [owner, *printed["key_policy_statements"]]}
        status, answer = cls.bed.kms.call("PutKeyPolicy", KeyId=cls.key, PolicyName="default",
                                          Policy=json.dumps(policy))
        if status != 200:
            raise AssertionError(answer)

    # -- as whom

    def env(self):
        return {"AWS_ACCESS_KEY_ID": self.user.access_key,
                "AWS_SECRET_ACCESS_KEY": self.user.secret_key}

    def arguments(self):
        bed = self.bed
        return ["--kms-key-id", self.key, "--region", bed.region, "--endpoint-url", bed.s3_url,
                "--kms-endpoint-url", bed.kms_url]

    def url(self, name="", prefix=PREFIX):
        return f"s3://{self.bucket}/{prefix}/{name}"

    def run_as(self, env, *arguments, status=0):
        done = self.bed.run([*arguments], env=env)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        return done

    def role(self, *arguments, status=0):
        """The program as the role; what it printed."""
        done = self.run_as(self.env(), *arguments, status=status)
        return done.stdout.decode(errors="replace") + done.stderr.decode()

    def owner_puts(self, name, data, prefix=PREFIX, options=()):
        file = self.source(f"{type(self).__name__}-{name.replace('/', '-')}", data)
        self.run_as({}, "put", file, self.url(name, prefix), *self.arguments(), *options)

    def mount(self, *options):
        bed = self.bed
        kept, bed.bucket = bed.bucket, self.bucket
        try:
            path = bed.mount([*self.arguments(), "--log-level", "info", *options],
                             prefix=self.PREFIX, env=self.env(), arguments=())
        finally:
            bed.bucket = kept
        self.addCleanup(lambda: self.assertEqual(bed.umount(path), 0))
        return path

    def stored(self, name):
        """The plaintext, as the owner's independent reader finds it; the envelope is under the key."""
        bed = self.bed
        kept, bed.bucket = bed.bucket, self.bucket
        try:
            return bed.decrypt(f"{self.PREFIX}/{name}")
        finally:
            bed.bucket = kept

    def request(self, method, name, query=(), body=b"", headers=None, prefix=PREFIX):
        """Straight at S3, as the role."""
        client = testbed.S3Client(self.bed.s3_url, credentials=self.user, region=self.bed.region)
        key = f"{prefix}/{name}" if name else ""
        return client.request(method, self.bucket, key, query, headers, body).status

    def ask_kms(self, action, **request):
        client = testbed.KmsClient(self.bed.kms_url, credentials=self.user,
                                   region=self.bed.region)
        return client.call(action, KeyId=self.key, **request)[0]


class Writer(PolicyTest):
    ROLE = "writer"

    def test_the_whole_work_of_a_mount_that_writes(self):
        path = self.mount(*SMALL)
        for name, size in (("small", 100), ("large", LARGE)):
            at = os.path.join(path, name)
            write(at, content(size, 1))
            write(at, content(size, 2)) # replaced
            self.assertEqual(self.stored(name), content(size, 2))
            self.assertEqual(os.stat(at).st_size, size)
            os.rename(at, at + "-2")
            self.assertEqual(self.stored(name + "-2"), content(size, 2))
            os.unlink(at + "-2")
        os.mkdir(os.path.join(path, "folder"))
        write(os.path.join(path, "folder", "file"), b"in a folder")
        self.assertEqual(set(os.listdir(path)) & {"small", "large", "small-2", "folder"},
                         {"folder"})
        self.assertFalse([line for line in self.bed.mount_log(path).splitlines()
                          if " warn: " in line and "mlock" not in line])

    def test_put_works_too(self):
        file = self.source("writer-put", content(LARGE))
        self.role("put", file, self.url("put"), *self.arguments())
        self.assertEqual(self.stored("put"), content(LARGE))

    def test_content_cannot_be_read_or_changed(self):
        self.owner_puts("secret", content(LARGE))
        self.assertIn("kms:Decrypt", self.role("cat", self.url("secret"), *self.arguments(),
                                               status=1))
        at = os.path.join(self.mount(), "secret")
        self.fails(errno.EACCES, os.open, at, os.O_RDONLY)
        self.fails(errno.EACCES, os.open, at, os.O_WRONLY | os.O_APPEND)
        self.assertEqual(self.ask_kms("Encrypt", Plaintext="AAAA"), 400)
        self.assertEqual(self.ask_kms("DisableKey"), 400)
        self.assertEqual(self.stored("secret"), content(LARGE))

    def test_data_keys_are_for_the_format_alone(self):
        file = self.source("writer-gcm", b"x")
        self.assertIn("kms:GenerateDataKey", self.role(
            "put", file, self.url("gcm"), *self.arguments(), "--format", "gcm", status=1))
        self.assertEqual(self.ask_kms("GenerateDataKey", KeySpec="AES_256"), 400)

    def test_nothing_outside_the_prefix(self):
        self.owner_puts("theirs", b"not ours", prefix="other")
        file = self.source("writer-other", b"x")
        self.assertIn("AccessDenied", self.role(
            "put", file, self.url("theirs", "other"), *self.arguments(), status=1))
        self.assertEqual(self.request("DELETE", "theirs", prefix="other"), 403)
        self.assertEqual(self.request("GET", "theirs", prefix="other"), 403)

    def test_nothing_of_the_bucket_itself(self):
        self.assertEqual(self.request("PUT", "", [("policy", "")], b"{}"), 403)
        self.assertEqual(self.request("GET", "", [("policy", "")]), 403)
        self.assertEqual(self.request("PUT", "", [("versioning", "")], b"<VersioningConfiguration>"
                                      b"<Status>Suspended</Status></VersioningConfiguration>"), 403)
        self.assertEqual(self.request("GET", "", [("uploads", "")]), 403)
        self.assertEqual(self.request("DELETE", ""), 403)


class WriteOnceWriter(PolicyTest):
    ROLE = "writer"
    OPTIONS = ("--no-overwrite", "--object-lock", "GOVERNANCE:1", "--tags", "team=db")

    def test_the_whole_work_of_a_write_once_mount(self):
        path = self.mount(*SMALL, *self.OPTIONS)
        for name, size in (("small", 100), ("large", LARGE)):
            at = os.path.join(path, name)
            write(at, content(size))
            self.assertEqual(self.stored(name), content(size))
            found = self.bed.s3.must("HEAD", self.bucket, f"{self.PREFIX}/{name}").headers
            self.assertEqual(found["x-amz-object-lock-mode"], "GOVERNANCE")
            self.assertEqual(found["x-amz-tagging-count"], "1")
            self.fails(errno.EACCES, os.unlink, at)
            self.fails(errno.EACCES, os.open, at, os.O_WRONLY)
            self.assertEqual(self.request("DELETE", name), 403)
        self.assertNotIn("could not be deleted", self.bed.mount_log(path))

    def test_nothing_can_be_deleted(self):
        self.owner_puts("kept", content(100), options=self.OPTIONS)
        version = self.bed.s3.must("HEAD", self.bucket, f"{self.PREFIX}/kept").headers[
            "x-amz-version-id"]
        self.assertEqual(self.request("DELETE", "kept"), 403)
        self.assertEqual(self.request("DELETE", "kept", [("versionId", version)]), 403)
        self.assertEqual(self.request("DELETE", "kept", [("versionId", version)], headers={
            "x-amz-bypass-governance-retention": "true"}), 403)
        self.assertEqual(self.stored("kept"), content(100))

    def test_retention_that_cannot_be_given_is_an_error(self):
        """The server forgets what an upload in parts was begun with, and the role may not add it."""
        self.apply(self.policy(self.ROLE, *self.OPTIONS), ["s3:PutObjectRetention"])
        self.addCleanup(self.apply, self.policy(self.ROLE, *self.OPTIONS))
        file = self.source("once-lacks", content(LARGE))
        text = self.role("put", file, self.url("lacks"), *self.arguments(), *self.OPTIONS,
                         "--part-size", "5MiB", status=1)
        self.assertIn("it is in S3, but without its retention", text)


class Reader(PolicyTest):
    ROLE = "reader"

    def test_the_whole_work_of_a_reader(self):
        self.owner_puts("small", content(100))
        self.owner_puts("large", content(LARGE), options=["--part-size", "5MiB"])
        self.assertIn("large", self.role("ls", self.url(), "--endpoint-url", self.bed.s3_url))
        path = self.mount("--read-only")
        self.assertLessEqual({"large", "small"}, set(os.listdir(path)))
        self.assertEqual(read(os.path.join(path, "large")), content(LARGE))
        to = self.bed.path("reader-got")
        self.role("get", self.url("large"), to, *self.arguments())
        self.assertEqual(read(to), content(LARGE))
        # It is no backup, but all of it could be read.
        self.role("verify", self.url("small"), *self.arguments())

    def test_nothing_is_changed(self):
        self.owner_puts("kept", content(100))
        file = self.source("reader-put", b"x")
        self.assertIn("kms:GenerateDataKey",
                      self.role("put", file, self.url("kept"), *self.arguments(), status=1))
        self.assertEqual(self.request("PUT", "kept", body=b"x"), 403)
        self.assertEqual(self.request("DELETE", "kept"), 403)
        self.assertEqual(self.request("POST", "new", [("uploads", "")]), 403)
        self.assertEqual(self.ask_kms("GenerateDataKey", KeySpec="AES_256"), 400)
        self.assertEqual(self.stored("kept"), content(100))


class Operator(PolicyTest):
    ROLE = "operator"

    def test_the_whole_work_of_an_operator(self):
        bed = self.bed
        self.owner_puts("work/one", content(100))
        self.owner_puts("work/large", content(LARGE), options=["--part-size", "5MiB"])
        new = bed.create_key()
        printed = self.policy(self.ROLE, "--to-key", new)
        self.apply(printed)
        self.addCleanup(self.apply, self.policy(self.ROLE))
        status, answer = bed.kms.call("PutKeyPolicy", KeyId=new, PolicyName="default",
                                      Policy=json.dumps({
                                          "Version": "2012-10-17",
                                          "Statement": printed["key_policy_statements"] + [
                                              {"Sid": "Owner", "Effect": "Allow",
                                               "Action": "kms:*", "Resource": "*",
                                               "Principal": {"AWS": sigv4.DEFAULT.access_key}}]}))
        self.assertEqual(status, 200, answer)
        ends = ["--region", bed.region, "--endpoint-url", bed.s3_url]
        self.role("audit", self.url("work/"), *ends, "--allow-key", self.key)
        self.role("rewrap", self.url("work/one"), self.url("work/large"), "--to-key", new,
                  "--decrypt-key", self.key, *ends, "--kms-endpoint-url", bed.kms_url)
        self.role("audit", self.url("work/"), *ends, "--allow-key", new)
        self.assertEqual(self.stored("work/large"), content(LARGE))
        for query in ("uploads", "versioning"):
            self.assertEqual(self.request("GET", "", [(query, "")]), 200, query)
        for query in ("lifecycle", "object-lock"): # there is none
            self.assertEqual(self.request("GET", "", [(query, "")]), 404, query)
        # What a killed mount has left is given up.
        upload = testbed.parse_document(bed.s3.must(
            "POST", self.bucket, f"{self.PREFIX}/left", [("uploads", "")]).body)
        self.assertEqual(self.request("DELETE", "left",
                                      [("uploadId", upload.findtext("UploadId"))]), 204)

    def test_content_cannot_be_read_and_nothing_is_deleted(self):
        self.owner_puts("kept", content(100))
        self.assertIn("kms:Decrypt",
                      self.role("cat", self.url("kept"), *self.arguments(), status=1))
        self.assertEqual(self.request("DELETE", "kept"), 403)
        self.assertEqual(self.request("PUT", "", [("lifecycle", "")], b"<x/>"), 403)
        self.assertEqual(self.ask_kms("GenerateDataKey", KeySpec="AES_256"), 400)
        self.assertEqual(self.stored("kept"), content(100))


class Context(PolicyTest):
    """gcm with an encryption context: keys only for that, to write and to read."""

    ROLE = "writer"
    OPTIONS = ("--format", "gcm", "--encryption-context", "server=sql1")

    def test_keys_are_for_the_context_alone(self):
        file = self.source("context", content(100))
        put = ["put", file, self.url("context"), *self.arguments(), "--format", "gcm",
               "--encryption-context"]
        self.role(*put, "server=sql1")
        self.assertIn("kms:GenerateDataKey", self.role(*put, "server=sql2", status=1))
        self.owner_puts("theirs", content(100), options=["--format", "gcm", "--encryption-context",
                                                         "server=sql2"])
        self.apply(self.policy("reader", *self.OPTIONS))
        self.addCleanup(self.apply, self.policy(self.ROLE, *self.OPTIONS))
        cat = ["cat", *self.arguments(), "--read-formats", "all", "--encryption-context"]
        self.role(*cat, "server=sql1", self.url("context"))
        self.assertIn("kms:Decrypt", self.role(*cat, "server=sql2", self.url("theirs"), status=1))


class Printed(PolicyTest):
    ROLE = "reader"

    def test_the_same_options_give_the_same_document(self):
        words = ["policy", "operator", "s3://bucket/a*b", "--kms-key-id", self.key]
        once = self.bed.run(words).stdout
        self.assertEqual(self.bed.run(words).stdout, once)
        objects = json.loads(once)["iam_policy"]["Statement"][1]
        self.assertEqual(objects["Resource"], ["arn:aws:s3:::bucket/a${*}b/*"])

    def test_values_of_a_context_are_no_variables_of_iam(self):
        done = self.bed.run(["policy", "writer", "s3://bucket", "--kms-key-id", self.key,
                             "--format", "gcm", "--encryption-context", "u=${aws:username}$x"])
        document = json.loads(done.stdout)
        for keys in (document["iam_policy"]["Statement"], document["key_policy_statements"]):
            tests = keys[-1]["Condition"]["StringEquals"]
            self.assertEqual(tests["kms:EncryptionContext:u"], "${$}{aws:username}$x")

    def test_default_principal_is_the_keys_account(self):
        done = self.bed.run(["policy", "reader", "s3://bucket", "--kms-key-id",
                             "arn:aws-cn:kms:cn-north-1:444455556666:key/1"])
        document = json.loads(done.stdout)
        self.assertEqual({one["Principal"]["AWS"] for one in document["key_policy_statements"]},
                         {"arn:aws-cn:iam::444455556666:root"})
        self.assertEqual(document["iam_policy"]["Statement"][1]["Resource"],
                         ["arn:aws-cn:s3:::bucket/*"])

    def test_what_is_wrong_is_refused(self):
        for words, reason in ((["nobody", "s3://bucket"], "is no role"),
                              (["reader", "bucket"], "s3://"),
                              (["reader", "s3://bucket", "--principal", "me"], "is no ARN"),
                              (["reader", "s3://bucket", "--encryption-context", "a=b"],
                               "have none of the caller's")):
            done = self.bed.run(["policy", *words, "--kms-key-id", self.key])
            self.assertEqual(done.returncode, 2)
            self.assertIn(reason, done.stderr.decode())


if __name__ == "__main__":
    unittest.main(verbosity=2)
