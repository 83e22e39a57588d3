#!/usr/bin/python3
"""rewrap: another KMS key for the data keys of objects, of every format, without moving content."""

import json
import signal
import subprocess
import threading
import unittest

import e2e
from e2e import KIB, content

DONE, FAILED, USAGE = 0, 1, 2
FORMATS = ("rds", "rds-v1", "gcm", "commit")
NAMED = ("rds",)  # whose envelope says which key it is under
MIN_PART = 64 * KIB
# The path of objects above 5 GiB, taken by much smaller ones.
BY_PARTS = ("--copy-object-max", "64KiB", "--part-min", "64KiB")
REGION = e2e.testbed.REGION


class RewrapTest(e2e.BedTest):
    def setUp(self):
        self.prefix = self._testMethodName + "/"
        self.new_key = self.bed.create_key()
        self.addCleanup(self.bed.kms.control, reset=True)

    def key(self, name):
        return self.prefix + name

    def put(self, name, format_name="rds", size=1000, key=None, more=()):
        """An object as rdsbak writes it; its content."""
        data = content(size, name)
        path = self.source("put", data)
        arguments = ["put", path, self.bed.url(self.key(name)), "--kms-key-id",
                     key or self.bed.key_arn, "--region", REGION, "--format", format_name, *more]
        done = self.bed.run(arguments)
        self.assertEqual(done.returncode, DONE, done.stderr)
        return data

    def run_rewrap(self, names, *more, to_key=None, status=DONE):
        urls = [self.bed.url(self.key(name)) for name in names]
        done = self.bed.run(["rewrap", *urls, "--to-key", to_key or self.new_key, "--region",
                             REGION, *more])
        text = done.stdout.decode()
        self.assertEqual(done.returncode, status, text + done.stderr.decode())
        return text, done.stderr.decode()

    def rewrap(self, *names, more=(), to_key=None, status=DONE):
        """{name: what the JSON says of it}, the whole."""
        text, _ = self.run_rewrap(names, *more, "--json", to_key=to_key, status=status)
        whole = json.loads(text)
        self.assertEqual([item["key"] for item in whole["objects"]],
                         [self.key(name) for name in names])
        return {item["key"][len(self.prefix):]: item for item in whole["objects"]}, whole

    def refused(self, name, *more, to_key=None):
        """The object is refused and stays as it is; the reason."""
        before = self.state(name)
        found, _ = self.rewrap(name, more=more, to_key=to_key, status=FAILED)
        self.assertEqual(found[name]["outcome"], "failed")
        self.assertEqual(self.state(name), before)
        return found[name]["error"]

    def state(self, name):
        headers = dict(self.bed.head(self.key(name)).headers)
        return {n: v for n, v in headers.items()
                if n in ("etag", "last-modified", "content-length", "x-amz-version-id")
                or n.startswith("x-amz-meta-")}

    def from_keys(self, format_name):
        """What must be said of objects whose envelope does not name its key."""
        return () if format_name in NAMED else ("--decrypt-key", self.bed.key_arn)

    def set_key(self, arn, enabled):
        status, answer = self.bed.kms.call("EnableKey" if enabled else "DisableKey", KeyId=arn)
        self.assertEqual(status, 200, answer)

    def read(self, name, key):
        """The content, read by rdsbak under that one key."""
        done = self.bed.run(["get", self.bed.url(self.key(name)), "-", "--kms-key-id", key,
                             "--region", REGION, "--read-formats", "all"])
        self.assertEqual(done.returncode, DONE, done.stderr)
        return done.stdout

    def check(self, name, data, key=None):
        """Readable, by rdsbak and by the independent reader, while the old key is disabled."""
        self.set_key(self.bed.key_arn, False)
        try:
            self.same(self.read(name, key or self.new_key), data, name)
            self.same(self.bed.decrypt(self.key(name)), data, name)
        finally:
            self.set_key(self.bed.key_arn, True)


class Formats:
    """What must hold on every server."""

    def move(self, format_name, size, more=(), put=()):
        name = f"{format_name}.bak"
        data = self.put(name, format_name, size, more=put)
        cipher, before = self.bed.get(self.key(name)), self.bed.metadata(self.key(name))
        found, _ = self.rewrap(name, more=(*self.from_keys(format_name), *more))
        item = found[name]
        self.assertEqual(item["outcome"], "rewrapped", item)
        self.assertEqual((item["from_format"], item["to_format"]), (format_name, format_name))
        self.assertEqual((item["from_key"], item["to_key"]), (self.bed.key_arn, self.new_key))
        self.same(self.bed.get(self.key(name)), cipher, "the ciphertext")
        after = self.bed.metadata(self.key(name))
        changed = {n for n in before.keys() | after.keys() if before.get(n) != after.get(n)}
        self.assertLessEqual(changed, {"x-amz-key", "x-amz-key-v2", "x-amz-3", "x-amz-matdesc"})
        self.check(name, data)
        found, whole = self.rewrap(name, more=(*self.from_keys(format_name), *more))
        self.assertEqual(found[name]["outcome"], "nothing to do")
        self.assertFalse(found[name]["unproved"])
        self.assertEqual(whole["nothing_to_do"], 1)

    def test_each_format_goes_to_another_key(self):
        for format_name in FORMATS:
            with self.subTest(format_name):
                self.move(format_name, 1000)

    def test_each_format_that_was_uploaded_in_parts(self):
        for format_name in FORMATS:
            with self.subTest(format_name):
                self.move(format_name, 300 * KIB + 5,
                          put=("--part-size", "64KiB", "--part-min", "64KiB", "--hold-size", "0"))
                etag = self.bed.head(self.key(f"{format_name}.bak")).headers["etag"]
                self.assertNotIn("-", etag.strip('"')[:32])

    def test_each_format_copied_by_parts(self):
        for format_name in FORMATS:
            with self.subTest(format_name):
                self.move(format_name, 300 * KIB + 5, more=BY_PARTS)
                etag = self.bed.head(self.key(f"{format_name}.bak")).headers["etag"]
                self.assertIn("-", etag)
                self.assertEqual(self.bed.list_uploads(), [])

    def test_rds_and_rds_v1_become_one_another(self):
        data = self.put("a.bak", "rds", 5000)
        found, _ = self.rewrap("a.bak", more=("--format", "rds-v1"))
        self.assertEqual((found["a.bak"]["from_format"], found["a.bak"]["to_format"]),
                         ("rds", "rds-v1"))
        fields = self.bed.metadata(self.key("a.bak"))
        self.assertIn("x-amz-key", fields)
        self.assertNotIn("x-amz-key-v2", fields)
        self.check("a.bak", data)
        found, _ = self.rewrap("a.bak", more=("--format", "rds", "--decrypt-key", self.new_key))
        self.assertEqual(found["a.bak"]["outcome"], "rewrapped")  # under the key that it has
        self.assertEqual(json.loads(self.bed.metadata(self.key("a.bak"))["x-amz-matdesc"]),
                         {"kms_cmk_id": self.new_key})
        self.check("a.bak", data)
        found, _ = self.rewrap("a.bak", more=("--format", "rds"))
        self.assertEqual(found["a.bak"]["outcome"], "nothing to do")


class OnRgw(Formats, RewrapTest):
    BED = {"rgw_env": {"RGW_MIN_PART": str(MIN_PART)}}


class OnScript(Formats, RewrapTest):
    BED = {"store": "script", "script_args": ("--min-part", str(MIN_PART))}


class Rewrap(RewrapTest):
    BED = {"store": "script", "script_args": ("--min-part", str(MIN_PART))}

    def setUp(self):
        super().setUp()
        self.addCleanup(self.bed.s3.control, reset=True)

    # -- what is carried and what is said

    def test_everything_else_of_the_object_stays(self):
        data = self.put("a", size=200 * KIB)
        body, fields = self.bed.get(self.key("a")), self.bed.metadata(self.key("a"))
        headers = {"content-type": "application/x-backup", "content-language": "de",
                   "x-amz-storage-class": "STANDARD_IA", "x-amz-tagging": "team=db&tier=1%2F2"}
        for way in ((), BY_PARTS):
            with self.subTest(way=way):
                self.bed.put(self.key("a"), body, metadata={**fields, "owner": "dba",
                                                            "mtime": "1700000000.5"},
                             headers=headers)
                self.rewrap("a", more=way)
                found = self.bed.head(self.key("a")).headers
                for name in ("content-type", "content-language", "x-amz-storage-class"):
                    self.assertEqual(found[name], headers[name])
                after = self.bed.metadata(self.key("a"))
                self.assertEqual((after["owner"], after["mtime"]), ("dba", "1700000000.5"))
                tags = self.bed.s3.must("GET", self.bed.bucket, self.key("a"), [("tagging", "")])
                self.assertIn(b"<Key>tier</Key><Value>1/2</Value>", tags.body)
        self.check("a", data)

    def test_the_callers_context_is_kept_verbatim(self):
        context = ("--encryption-context", "db=Umsätze", "--encryption-context", "b=\"x\\")
        for format_name, field in (("gcm", "x-amz-matdesc"), ("commit", "x-amz-t")):
            self.put(format_name, format_name, more=context)
            before = self.bed.metadata(self.key(format_name))[field]
            self.rewrap(format_name, more=self.from_keys(format_name))
            self.assertEqual(self.bed.metadata(self.key(format_name))[field], before)
            self.assertIn("db", json.loads(before))

    def test_no_content_is_read_and_no_data_key_asked_for(self):
        self.put("a", size=200 * KIB)
        self.bed.kms.control(clear_log=None)
        mark = len(self.bed.s3.report()["log"])
        for way in ((), BY_PARTS):
            self.rewrap("a", more=way, to_key=self.bed.create_key())
        ops = {entry["op"] for entry in self.bed.s3.report()["log"][mark:]}
        self.assertFalse(ops & {"GetObject", "PutObject", "UploadPart"}, ops)
        actions = {entry["action"] for entry in self.bed.kms.report()["log"]}
        self.assertEqual(actions, {"ReEncrypt"})
        self.assertTrue(all(entry["SourceKeyId"] for entry in self.bed.kms.report()["log"]))

    def test_it_says_that_the_data_key_stays(self):
        self.put("a")
        text, _ = self.run_rewrap(["a"], "--dry-run")
        self.assertIn("would rewrap", text)
        self.assertIn("The data keys are what they were", text)
        text, _ = self.run_rewrap(["a"])
        self.assertIn("The data keys are what they were", text)
        self.assertNotIn("Versions from before", text)
        _, whole = self.rewrap("a")
        self.assertTrue(whole["data_keys_unchanged"])

    def test_versions_from_before_are_told_with_the_way_to_delete_them(self):
        bucket = self.bed.bucket + "-v"
        self.bed.s3.must("PUT", bucket)
        self.bed.s3.must("PUT", bucket, query=[("versioning", "")], body=(
            b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"))
        name = "it's a\n$(file).bak"
        self.put("a")
        body, fields = self.bed.get(self.key("a")), self.bed.metadata(self.key("a"))
        old_bucket, self.bed.bucket = self.bed.bucket, bucket
        self.addCleanup(setattr, self.bed, "bucket", old_bucket)
        self.bed.put(self.key(name), body, metadata=fields)
        version = self.bed.head(self.key(name)).headers["x-amz-version-id"]
        found, whole = self.rewrap(name, more=("--dry-run",))
        self.assertEqual(found[name]["old_version"], version)
        text, _ = self.run_rewrap([name])
        self.assertIn("Versions from before stay in the bucket", text)
        command = [line for line in text.splitlines() if "aws s3api delete-object" in line][0]
        command = command[command.index("aws s3api"):]
        words = subprocess.run(["bash", "-c", 'aws() { printf "%s\\0" "$@"; }; ' + command],
                               stdout=subprocess.PIPE, check=True).stdout.decode().split("\0")
        self.assertEqual(words[:-1], ["s3api", "delete-object", "--bucket", bucket, "--key",
                                      self.key(name), "--version-id", version])
        self.assertNotEqual(self.bed.head(self.key(name)).headers["x-amz-version-id"], version)
        found, whole = self.rewrap(name)
        self.assertEqual((found[name]["old_version"], whole["old_versions"]), (None, 0))

    def test_hostile_names_stay_on_their_line(self):
        name = "evil\n\x1b[2JFAILED s3"
        self.put(name)
        text, _ = self.run_rewrap([name])
        self.assertNotIn("\x1b", text)
        self.assertIn("evil\\x0a\\x1b[2JFAILED", text)
        self.assertEqual(sum(line.startswith("FAILED") for line in text.splitlines()), 0)

    def test_hostile_keys_in_envelopes_stay_on_their_line(self):
        self.put("a")
        fields = self.bed.metadata(self.key("a"))
        fields["x-amz-matdesc"] = json.dumps({"kms_cmk_id": "arn\x1b[31m\nrewrapped"})
        self.bed.put(self.key("a"), self.bed.get(self.key("a")), metadata=fields)
        text, _ = self.run_rewrap(["a"], status=FAILED)
        self.assertNotIn("\x1b", text)
        self.assertEqual(sum(line.startswith("rewrapped") for line in text.splitlines()), 0)

    # -- dry runs

    def test_a_dry_run_changes_nothing_and_asks_kms(self):
        for format_name in FORMATS:
            self.put(format_name, format_name)
        before = {name: self.state(name) for name in FORMATS}
        found, whole = self.rewrap(*FORMATS, more=("--dry-run", "--decrypt-key", self.bed.key_arn))
        self.assertEqual({item["outcome"] for item in found.values()}, {"would rewrap"})
        self.assertEqual((whole["would_rewrap"], whole["rewrapped"], whole["dry_run"]), (4, 0, True))
        self.assertEqual({name: self.state(name) for name in FORMATS}, before)
        self.bed.kms.control(deny={"action": "ReEncryptTo", "key": self.new_key})
        self.assertIn("kms:ReEncryptTo", self.refused("rds", "--dry-run"))

    # -- what is refused

    def test_denials_name_the_permissions(self):
        self.put("a")
        for action, key in (("ReEncryptFrom", self.bed.key_arn), ("ReEncryptTo", self.new_key)):
            self.bed.kms.control(deny={"action": action, "key": key})
            error = self.refused("a")
            self.assertIn(f"kms:ReEncryptFrom on key {self.bed.key_arn}", error)
            self.assertIn(f"kms:ReEncryptTo on key {self.new_key}", error)
            self.assertIn(f"not authorized to perform: kms:{action}", error)
            self.bed.kms.control(reset=True)
        self.rewrap("a")

    def test_a_disabled_key_is_told(self):
        self.put("a")
        self.set_key(self.bed.key_arn, False)
        try:
            self.assertIn("enable it", self.refused("a"))
        finally:
            self.set_key(self.bed.key_arn, True)

    def test_what_cannot_be_rewrapped_is_refused_with_the_remedy(self):
        self.put("rds")
        body, fields = self.bed.get(self.key("rds")), self.bed.metadata(self.key("rds"))

        def plant(name, **changed):
            made = {**fields, **{n.replace("_", "-"): v for n, v in changed.items()}}
            self.bed.put(self.key(name), body, metadata={n: v for n, v in made.items() if v})

        self.bed.put(self.key("plain"), b"x" * 32)
        self.bed.put(self.key("aside"), body)
        self.bed.put(self.key("aside.instruction"), json.dumps(fields).encode())
        plant("no-iv", x_amz_iv=None)
        plant("raw", x_amz_wrap_alg="AESWrap", x_amz_cek_alg="AES/GCM/NoPadding",
              x_amz_tag_len="128", x_amz_iv="AAAAAAAAAAAAAAAA")
        plant("mixed", x_amz_3="AAAA")
        self.put("gcm", "gcm")
        self.assertIn("rdsbak encrypt", self.refused("plain"))
        self.assertIn("instruction file", self.refused("aside"))
        self.assertIn("x-amz-iv is missing", self.refused("no-iv"))
        self.assertIn("--key-file", self.refused("raw"))
        self.assertIn("damaged envelope", self.refused("mixed"))
        error = self.refused("gcm", "--format", "rds", "--decrypt-key", self.bed.key_arn)
        self.assertIn("encrypt it anew with rdsbak copy", error)

    def test_envelopes_that_name_no_key_need_to_be_told_it(self):
        for format_name in ("rds-v1", "gcm", "commit"):
            self.put(format_name, format_name)
            self.assertIn("--decrypt-key", self.refused(format_name))
            other = self.bed.create_key()
            error = self.refused(format_name, "--decrypt-key", other)
            self.assertIn("under none of the 2 keys", error)
            self.rewrap(format_name, more=("--decrypt-key", other, "--decrypt-key",
                                           self.bed.key_arn))

    def test_a_key_that_is_not_among_those_given_is_refused(self):
        """Who can write the bucket could plant an object under a key of his own."""
        self.put("a")
        error = self.refused("a", "--decrypt-key", self.bed.create_key())
        self.assertIn("not among those given", error)

    def test_a_key_of_another_account_must_be_given(self):
        self.put("a")
        body, fields = self.bed.get(self.key("a")), self.bed.metadata(self.key("a"))
        for named in (self.bed.key_arn.replace(":111122223333:", ":444455556666:"),
                      "arn:aws:kms:us-east-1:444455556666:alias/theirs"):
            fields["x-amz-matdesc"] = json.dumps({"kms_cmk_id": named})
            self.bed.put(self.key("a"), body, metadata=fields)
            self.assertIn("of another account", self.refused("a"))
        self.assertEqual([e for e in self.bed.kms.report()["log"]
                          if e.get("SourceKeyId", "").find("444455556666") >= 0], [])

    def test_from_the_key_of_another_account_to_ours(self):
        policy = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "kms:*", "Resource": "*",
             "Principal": {"AWS": ["arn:aws:iam::444455556666:root",
                                   "arn:aws:iam::111122223333:root"]}}]}
        theirs = self.bed.create_key(Account="444455556666", Policy=json.dumps(policy))
        data = self.put("a", key=theirs)
        self.assertIn("of another account", self.refused("a"))
        self.rewrap("a", more=("--decrypt-key", theirs))
        self.bed.kms.control(delete_key=theirs)
        self.check("a", data)

    def test_a_false_claim_of_the_new_key_is_found_out(self):
        self.put("a")
        fields = self.bed.metadata(self.key("a"))
        fields["x-amz-matdesc"] = json.dumps({"kms_cmk_id": self.new_key})
        self.bed.put(self.key("a"), self.bed.get(self.key("a")), metadata=fields)
        self.assertIn("not under that one", self.refused("a"))

    def test_nothing_to_do_is_unproved_where_kms_may_not_be_asked(self):
        self.put("a", key=self.new_key)
        self.bed.kms.control(deny={"action": "ReEncryptFrom", "key": self.new_key})
        found, _ = self.rewrap("a")
        self.assertEqual((found["a"]["outcome"], found["a"]["unproved"]), ("nothing to do", True))
        text, _ = self.run_rewrap(["a"])
        self.assertIn("unproved", text)

    def test_keys_of_two_regions_are_refused(self):
        self.put("a")
        there = self.bed.create_key(Region="eu-west-3")
        error = self.refused("a", "--allow-cross-region-key", to_key=there)
        self.assertIn("rdsbak copy", error)
        self.assertIn("eu-west-3", error)
        _, error = self.run_rewrap(["a"], to_key=there, status=USAGE)
        self.assertIn("--to-key: the key is in eu-west-3", error)
        _, error = self.run_rewrap(["a"], "--decrypt-key", there, status=USAGE)
        self.assertIn("only within one region", error)

    def test_wrong_usage_is_told(self):
        url = self.bed.url(self.key("a"))
        for arguments, text in (
                ([url], "--to-key: missing"),
                ([url, "--to-key", "alias/x"], "--to-key"),
                ([url, "--to-key", self.new_key, "--format", "gcm"], "only rds and rds-v1"),
                ([url, url, "--to-key", self.new_key], "named twice"),
                ([url, "s3://other/b", "--to-key", self.new_key], "another bucket"),
                (["s3://bucket", "--to-key", self.new_key], "no object")):
            done = self.bed.run(["rewrap", *arguments])
            self.assertEqual(done.returncode, USAGE, done.stderr)
            self.assertIn(text, done.stderr.decode())

    # -- failures and interruptions

    def test_one_that_fails_keeps_no_other_from_being_done(self):
        names = [f"{number:02}" for number in range(20)]
        for name in names:
            self.put(name)
        self.bed.delete(self.key("07"))
        self.bed.put(self.key("12"), b"plain")
        found, whole = self.rewrap(*names, status=FAILED)
        self.assertEqual([n for n in names if found[n]["outcome"] != "rewrapped"], ["07", "12"])
        self.assertEqual((whole["rewrapped"], whole["failed"]), (18, 2))
        self.put("07")
        self.put("12")
        found, whole = self.rewrap(*names)
        self.assertEqual((whole["rewrapped"], whole["nothing_to_do"]), (2, 18))

    def test_a_copy_that_fails_leaves_the_object_as_it_was(self):
        data = self.put("a", size=300 * KIB)
        for way, op in (((), "CopyObject"), (BY_PARTS, "UploadPartCopy"),
                        (BY_PARTS, "CompleteMultipartUpload")):
            with self.subTest(op=op):
                self.bed.s3.control(rules=[{"action": "access-denied", "op": op, "times": None}])
                error = self.refused("a", *way)
                self.assertIn("the object is as it was", error)
                self.assertEqual(self.bed.list_uploads(), [])
                self.bed.s3.control(reset=True)
                self.assertEqual(self.read("a", self.bed.key_arn), data)
        self.rewrap("a")
        self.check("a", data)

    def test_a_lost_answer_is_no_failure(self):
        for way, op in (((), "CopyObject"), (BY_PARTS, "CompleteMultipartUpload")):
            with self.subTest(op=op):
                name = op
                data = self.put(name, size=300 * KIB)
                self.bed.s3.control(rules=[{"action": "lost-answer", "op": op, "key": name}])
                found, _ = self.rewrap(name, more=way)
                self.assertEqual(found[name]["outcome"], "rewrapped")
                self.bed.s3.control(reset=True)
                self.check(name, data)

    def test_an_object_that_is_rewritten_meanwhile_stays_as_that(self):
        """KMS is busy, and until it is not another object takes the place."""
        for way in ((), BY_PARTS):
            with self.subTest(way=way):
                self.put("a", size=200 * KIB)
                other = self.put("b", size=201 * KIB)
                body, fields = self.bed.get(self.key("b")), self.bed.metadata(self.key("b"))
                self.bed.kms.control(clear_log=None)
                self.bed.kms.control(throttle={"times": None, "action": "ReEncrypt"})
                found = {}

                def run():
                    found.update(self.rewrap("a", more=way, status=FAILED)[0])

                thread = threading.Thread(target=run)
                thread.start()
                self.assertTrue(e2e.eventually(lambda: self.bed.kms.report()["log"]))
                self.bed.put(self.key("a"), body, metadata=fields)
                self.bed.kms.control(reset=True)
                thread.join()
                self.assertIn("replaced", found["a"]["error"])
                self.assertEqual(self.bed.metadata(self.key("a")), fields)
                self.assertEqual(self.read("a", self.bed.key_arn), other)

    def test_an_interrupt_leaves_whole_objects_and_a_rerun_finishes(self):
        names = [f"{number:02}" for number in range(12)]
        data = {name: self.put(name) for name in names}
        self.bed.kms.control(clear_log=None)
        self.bed.s3.control(rules=[{"action": "delay", "op": "CopyObject", "key": "/00$",
                                    "seconds": 5}])  # the second batch waits for it
        process = subprocess.Popen(
            [self.bed.binary, "rewrap", *(self.bed.url(self.key(n)) for n in names), "--to-key",
             self.new_key, "--region", REGION, "--json"], env=self.bed.env, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self.assertTrue(e2e.eventually(lambda: self.bed.kms.report()["log"]))
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, FAILED, error)
        whole = json.loads(out)
        self.assertGreater(whole["failed"], 0)
        for name in names:
            key = json.loads(self.bed.metadata(self.key(name))["x-amz-matdesc"])["kms_cmk_id"]
            self.assertEqual(self.read(name, key), data[name])
        _, again = self.rewrap(*names)
        self.assertEqual(again["rewrapped"] + again["nothing_to_do"], 12)
        self.assertEqual(again["nothing_to_do"], whole["rewrapped"])
        for name in names:
            self.check(name, data[name])

    def test_output_that_cannot_be_written_is_an_error(self):
        self.put("a")
        for more in ((), ("--json",)):
            with open("/dev/full", "wb") as full:
                done = subprocess.run(
                    [self.bed.binary, "rewrap", self.bed.url(self.key("a")), "--to-key",
                     self.new_key, "--dry-run", *more], env=self.bed.env, stdout=full,
                    stderr=subprocess.PIPE, timeout=60, check=False)
            self.assertEqual(done.returncode, FAILED, done.stderr)


if __name__ == "__main__":
    unittest.main()
