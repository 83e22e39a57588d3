#!/usr/bin/python3
"""rdsbak doctor: what is well is called so, every defect has its line, its remedy and its status,
and nothing is left behind."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import e2e
from e2e import MIB, content

NOBODY = 65534
RULE = """<LifecycleConfiguration><Rule><ID>uploads</ID><Prefix>{}</Prefix><Status>{}</Status>
<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation>
</AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>"""


class DoctorTest(e2e.BedTest):
    def doctor(self, *words, status=0, url=None, arguments=None, **options):
        """{what: (verdict, detail, remedy)}"""
        command = ["doctor", url or self.bed.url(), "--json",
                   *(self.bed.server_args() if arguments is None else arguments), *words]
        done = self.bed.run(command, **options)
        if status is not None:
            self.assertEqual(done.returncode, status,
                             done.stdout.decode() + done.stderr.decode(errors="replace"))
        document = json.loads(done.stdout)
        found = {line["what"]: (line["verdict"], line["detail"], line["remedy"])
                 for line in document["checks"]}
        verdicts = [verdict for verdict, _, _ in found.values()]
        self.assertEqual(document["failed"], verdicts.count("FAIL"))
        self.assertEqual(document["warned"], verdicts.count("warn"))
        return found

    def fails(self, what, text, remedy, *words, **options):
        found = self.doctor(*words, status=1, **options)
        verdict, detail, told = found[what]
        self.assertEqual(verdict, "FAIL", found[what])
        self.assertIn(text, detail)
        self.assertIn(remedy, told or "")
        return found

    def leaves_nothing(self, before):
        self.assertEqual(self.bed.list(), before)
        self.assertEqual(self.bed.list_uploads(), [])

    def new_bucket(self):
        """A bed's bucket of this test only, so that what is done to it hurts nobody."""
        name = self.bed.bucket + "-" + self._testMethodName.replace("_", "-")[5:25].strip("-")
        self.bed.s3.must("PUT", name)
        return name

    def set_rule(self, bucket, prefix="", status="Enabled"):
        body = RULE.format(prefix, status).encode()
        digest = base64.b64encode(hashlib.md5(body).digest()).decode()
        self.bed.s3.must("PUT", bucket, query=[("lifecycle", "")], body=body,
                         headers={"Content-MD5": digest})


class Healthy:
    """What both servers must be called."""

    WELL = ("/dev/fuse", "fusermount3", "user_allow_other", "state directory",
            "limit: open files", "core dumps",
            "credentials", "endpoint", "clock", "bucket", "versioning", "s3:ListBucket",
            "s3:GetObject", "s3:ListBucketMultipartUploads", "s3:PutObject", "throughput up",
            "s3:AbortMultipartUpload", "s3:DeleteObject", "throughput down", "kms key",
            "kms:GenerateDataKey", "kms:Decrypt")

    def test_healthy_has_no_failure_and_leaves_nothing(self):
        self.bed.put("healthy/a.bak", content(2 * MIB))
        before = self.bed.list()
        found = self.doctor("--spool-dir", self.bed.path("home"))
        for what in (*self.WELL, "spool directory"):
            self.assertEqual(found[what][0], "ok", (what, found[what]))
            self.assertIsNone(found[what][2])
        self.assertIn("MB/s", found["throughput up"][1])
        self.leaves_nothing(before)

    def test_lifecycle_rule_is_looked_for(self):
        bucket = self.new_bucket()
        url = f"s3://{bucket}/backups"
        found = self.doctor(url=url)
        self.assertEqual(found["lifecycle rule"][0], "warn")
        self.assertIn("AbortIncompleteMultipartUpload", found["lifecycle rule"][2])
        for prefix, status, verdict in (("", "Enabled", "ok"), ("backups/", "Enabled", "ok"),
                                        ("other/", "Enabled", "warn"), ("", "Disabled", "warn")):
            self.set_rule(bucket, prefix, status)
            found = self.doctor(url=url)
            self.assertEqual(found["lifecycle rule"][0], verdict, (prefix, status))

    def test_versions_are_told_and_get_no_marker(self):
        bucket = self.new_bucket()
        body = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        self.bed.s3.must("PUT", bucket, query=[("versioning", "")], body=body)
        found = self.doctor(url=f"s3://{bucket}")
        self.assertIn("enabled", found["versioning"][1])
        self.assertEqual(found["s3:DeleteObject"][0], "not checked")
        left = self.bed.s3.must("GET", bucket, query=[("versions", "")]).body
        self.assertNotIn(b"<Version>", left)
        self.assertNotIn(b"<DeleteMarker>", left)

    def test_text_has_a_line_for_each_and_a_summary(self):
        done = self.bed.run(["doctor", self.bed.url(), *self.bed.server_args()])
        lines = done.stdout.decode().splitlines()
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertRegex(lines[-1], r"^\d+ ok, \d+ to look at, 0 failed, \d+ not checked$")
        self.assertTrue(any(line.startswith("ok           kms:Decrypt") for line in lines))


class Rgw(Healthy, DoctorTest):
    def deny(self, bucket, action, on_objects):
        resources = [f"arn:aws:s3:::{bucket}/*" if on_objects else f"arn:aws:s3:::{bucket}"]
        policy = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Principal": {"AWS": ["*"]}, "Action": [action],
             "Resource": resources}]}
        self.bed.s3.must("PUT", bucket, query=[("policy", "")], body=json.dumps(policy).encode())

    def test_each_right_that_is_denied_is_told(self):
        bucket = self.new_bucket()
        for action, on_objects in (("s3:ListBucket", False), ("s3:PutObject", True),
                                   ("s3:AbortMultipartUpload", True), ("s3:DeleteObject", True),
                                   ("s3:ListBucketMultipartUploads", False)):
            with self.subTest(action=action):
                self.deny(bucket, action, on_objects)
                found = self.fails(action, "denied", f"allow {action} on arn:aws:s3:::{bucket}",
                                   url=f"s3://{bucket}")
                others = [what for what, line in found.items()
                          if line[0] == "FAIL" and what != action]
                self.assertEqual(others, [])
                self.bed.s3.must("DELETE", bucket, query=[("policy", "")])

    def test_read_of_an_object_that_is_denied(self):
        bucket = self.new_bucket()
        self.bed.s3.must("PUT", bucket, "a.bak", body=b"x" * 100)
        self.deny(bucket, "s3:GetObject", True)
        self.fails("s3:GetObject", "denied", "allow s3:GetObject", url=f"s3://{bucket}")

    def test_object_lock_and_its_default_are_told(self):
        bucket = self.new_bucket() + "-l"
        self.bed.s3.must("PUT", bucket, headers={"x-amz-bucket-object-lock-enabled": "true"})
        url = f"s3://{bucket}"
        self.assertIn("without a default", self.doctor(url=url)["object lock"][1])
        self.bed.s3.must("PUT", bucket, query=[("object-lock", "")], body=b"""
            <ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>
            <DefaultRetention><Mode>COMPLIANCE</Mode><Days>30</Days></DefaultRetention></Rule>
            </ObjectLockConfiguration>""".strip())
        self.assertIn("30 days (COMPLIANCE)", self.doctor(url=url)["object lock"][1])
        self.assertEqual(self.doctor(url=self.bed.url())["object lock"][1], "off")


class Script(Healthy, DoctorTest):
    BED = {"store": "script"}

    def setUp(self):
        self.addCleanup(self.bed.kms.control, reset=True)
        self.addCleanup(self.bed.s3.control, clock_offset=0)

    def test_clock_that_is_off_is_told(self):
        for offset, way in ((-120, "ahead of"), (7200, "behind")):
            self.bed.s3.control(clock_offset=offset)
            found = self.doctor(status=None)
            self.assertEqual(found["clock"][0], "warn")
            self.assertIn(way, found["clock"][1])
            self.assertIn("timedatectl", found["clock"][2])

    def test_wrong_region_is_told_with_the_right_one(self):
        found = self.doctor("--region", "eu-west-1", "--allow-cross-region-key")
        verdict, detail, remedy = found["region"]
        self.assertEqual((verdict, remedy), ("warn", "--region us-east-1"))
        self.assertIn("the bucket is in us-east-1, but used is eu-west-1", detail)
        self.assertEqual(found["s3:PutObject"][0], "ok")

    def test_key_in_another_region_is_told(self):
        key = self.bed.create_key(Region="eu-west-1")
        self.fails("settings", "the key is in eu-west-1", "", "--kms-key-id", key)

    def test_states_of_the_key(self):
        for action, request, text, remedy in (
                ("DisableKey", {}, "Disabled", "enable-key"),
                ("ScheduleKeyDeletion", {"PendingWindowInDays": 7}, "PendingDeletion",
                 "cancel-key-deletion")):
            key = self.bed.create_key()
            self.assertEqual(self.bed.kms.call(action, KeyId=key, **request)[0], 200)
            found = self.fails("kms key", text, remedy, "--kms-key-id", key)
            self.assertEqual(found["kms:GenerateDataKey"][0], "FAIL")
            self.assertEqual(found["kms:Decrypt"][0], "not checked")

    def test_key_that_is_not_there_or_not_symmetric(self):
        self.fails("kms key", "NotFoundException", "check --kms-key-id", "--kms-key-id",
                   self.bed.key_arn.rpartition("/")[0] + "/00000000-0000-0000-0000-000000000000")
        status, made = self.bed.kms.call("CreateKey", KeySpec="RSA_2048",
                                         KeyUsage="ENCRYPT_DECRYPT")
        self.assertEqual(status, 200, made)
        self.fails("kms key", "RSA_2048", "symmetric", "--kms-key-id", made["KeyMetadata"]["Arn"])

    def test_uses_of_the_key_that_are_denied(self):
        for action in ("GenerateDataKey", "Decrypt"):
            self.bed.kms.control(deny={"action": action})
            self.fails(f"kms:{action}", "AccessDenied", f"allow kms:{action}")
            self.bed.kms.control(reset=True)
        self.bed.kms.control(deny={"action": "DescribeKey"})
        self.assertEqual(self.doctor()["kms key"][0], "warn")

    def test_kms_that_does_not_answer(self):
        self.bed.kms.control(outage=True)
        found = self.fails("kms key", "kms:DescribeKey", "--kms-endpoint-url")
        self.assertEqual(found["kms:Decrypt"][0], "not checked")

    def test_bucket_and_server_that_are_not_there(self):
        self.fails("bucket", "there is no", "name", url="s3://no-such-bucket-of-mine")
        found = self.fails("endpoint", "127.0.0.1:9", "--endpoint-url", "--endpoint-url",
                           "http://127.0.0.1:9")
        self.assertEqual(found["permissions"][0], "not checked")
        self.assertEqual(found["kms:Decrypt"][0], "ok")

    def test_read_only_writes_nothing(self):
        self.bed.s3.control(clear_log=True)
        found = self.doctor("--read-only")
        self.assertEqual(found["s3:PutObject"][0], "not checked")
        asked = [entry["op"] for entry in self.bed.s3.report()["log"]]
        # "Unknown" is the question for object lock, which this server does not know.
        writing = [op for op in asked if not op.startswith(("Get", "Head", "List", "Unknown"))]
        self.assertEqual(writing, [])
        self.assertIn("ListObjectsV2", asked)

    def test_credentials_that_are_missing(self):
        env = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
        found = self.fails("credentials", "", "--profile", env=env)
        self.assertEqual(found["bucket and key"][0], "not checked")
        self.assertEqual(found["/dev/fuse"][0], "ok")

    def test_spool_directory_that_takes_no_files(self):
        self.fails("spool directory", "No such file", "local filesystem", "--spool-dir",
                   "/nonexistent-spool")

    def test_state_directory_that_others_may_write_to(self):
        path = self.bed.path("open-to-all")
        os.mkdir(path)
        os.chmod(path, 0o777)
        found = self.doctor("--state-dir", path)["state directory"]
        self.assertEqual(found[0], "warn")
        self.assertIn(path, found[1])
        self.assertIn("--state-dir", found[2])

    # -- what depends on the user

    def as_nobody(self, *words, prefix=(), path=None):
        """The doctor as a user without rights; the program stands where that user can reach it."""
        folder = tempfile.mkdtemp(prefix="rdsbak-doctor-")
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        program = os.path.join(folder, "rdsbak")
        shutil.copyfile(self.bed.binary, program)
        os.chmod(program, 0o755)
        env = {**self.bed.env, "HOME": "/", "PATH": path or "/usr/bin:/bin"}
        command = ["/usr/bin/setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                   *prefix, program, "doctor", self.bed.url(), "--json",
                   *self.bed.server_args(), *words]
        done = subprocess.run(command, env=env, capture_output=True, timeout=e2e.WAIT_S,
                              check=False)
        lines = json.loads(done.stdout)["checks"]
        return done.returncode, {line["what"]: line for line in lines}

    def test_user_without_fusermount(self):
        status, found = self.as_nobody(path="/nonexistent")
        self.assertEqual((status, found["fusermount3"]["verdict"]), (1, "FAIL"))
        self.assertIn("apt-get install fuse3", found["fusermount3"]["remedy"])

    def test_limits_that_are_too_low(self):
        prefix = ["/usr/bin/prlimit", "--memlock=65536", "--nofile=200"]
        status, found = self.as_nobody(prefix=prefix)
        self.assertEqual(status, 1)
        self.assertEqual(found["limit: locked memory"]["verdict"], "warn")
        self.assertIn("LimitMEMLOCK", found["limit: locked memory"]["remedy"])
        self.assertEqual(found["limit: open files"]["verdict"], "FAIL")
        status, found = self.as_nobody("--require-mlock", prefix=prefix[:2])
        self.assertEqual(found["limit: locked memory"]["verdict"], "FAIL")

    def test_allow_other_needs_fuse_conf(self):
        with open("/etc/fuse.conf", encoding="utf-8") as conf:
            allowed = any(line.strip() == "user_allow_other" for line in conf)
        status, found = self.as_nobody("--allow-other")
        self.assertEqual(found["user_allow_other"]["verdict"], "ok" if allowed else "FAIL")
        self.assertEqual(status, 0 if allowed else 1)


if __name__ == "__main__":
    unittest.main()
