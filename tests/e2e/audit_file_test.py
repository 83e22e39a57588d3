#!/usr/bin/python3
"""The audit file: every object changed and every key used, and that it costs no backup."""

import errno
import json
import os
import stat
import unittest

import e2e
import sigv4
from e2e import MIB, content, read, write

SIZE = 12 * MIB + 3


class AuditFileTest(e2e.BedTest):
    BED = {"store": "script"}
    count = 0

    def setUp(self):
        AuditFileTest.count += 1
        self.name = f"file-{self.count}"
        self.folder = self.bed.path(f"audit-{self.count}")
        os.makedirs(self.folder)
        self.path = os.path.join(self.folder, "audit.json")
        self.addCleanup(self.bed.s3.control, reset=True)
        self.addCleanup(self.bed.kms.control, reset=True)
        self.bed.s3.control(clear_log=True)
        self.bed.kms.control(clear_log=True)

    def mount(self, *arguments):
        self.mnt = self.bed.mount(["--hold-size", "0", "--part-size", "5MiB", "--log-level",
                                   "info", "--audit-file", self.path, *arguments])
        mount = self.bed.find_mount(self.mnt)
        self.addCleanup(lambda: mount in self.bed.mounts and self.bed.drop_mount(mount))

    def at(self, name=None):
        return os.path.join(self.mnt, name or self.name)

    def lines(self, path=None, **members):
        """Those that have these members."""
        with open(path or self.path, encoding="utf-8") as file:
            text = file.read()
        self.assertTrue(text == "" or text.endswith("\n"))
        found = [json.loads(line) for line in text.splitlines()]
        return [line for line in found if members.items() <= line.items()]

    def one(self, **members):
        found = self.lines(**members)
        self.assertEqual(len(found), 1, f"{members}: {self.lines()}")
        return found[0]

    def s3_request(self, line):
        """What the server knows of the line's request."""
        found = [e for e in self.bed.s3.report()["log"] if e["request_id"] == line["s3_request_id"]]
        self.assertEqual(len(found), 1, line)
        return found[0]

    def kms_calls(self):
        return {e["request_id"]: e for e in self.bed.kms.report()["log"]
                if e["action"] != "DescribeKey"}

    def check_keys(self, lines):
        """Lines about keys and KMS's own log are one to one."""
        calls = self.kms_calls()
        self.assertEqual(sorted(line["kms_request_id"] for line in lines), sorted(calls))
        for line in lines:
            call = calls[line["kms_request_id"]]
            self.assertEqual(line["operation"], call["action"])
            self.assertEqual(line["result"] == "ok", call["status"] == 200, line)
            if line["operation"] != "ReEncrypt":
                self.assertEqual(sorted(line.get("context", [])), sorted(call["context"]))


class MountAudit(AuditFileTest):
    def test_each_line_matches_a_request_of_kms_or_s3(self):
        self.mount()
        child = self.python("print(os.getpid(), flush=True)\n"
                            "with open(sys.argv[1], 'wb') as f: f.write(sys.stdin.buffer.read())",
                            self.at(), text=False)
        child.stdin.write(content(SIZE))
        child.stdin.close()
        pid = int(child.stdout.readline())
        self.assertEqual(child.wait(), 0)
        child.stdout.close()
        made = self.one(event="write")  # at once: the close was answered
        self.assertEqual((made["bucket"], made["key"]), (self.bed.bucket, self.name))
        self.assertEqual((made["pid"], made["uid"]), (pid, os.getuid()))
        self.assertEqual(made["command"], "python3")
        self.assertEqual((made["bytes"], made["object_bytes"], made["parts"], made["retries"]),
                         (SIZE, SIZE // 16 * 16 + 16, 3, 0))
        self.assertEqual((made["format"], made["kms_key"], made["result"]),
                         ("rds", self.bed.key_arn, "ok"))
        head = self.bed.head(self.name).headers
        self.assertEqual(made["etag"], head["etag"].strip('"'))
        self.assertEqual(made.get("version_id"), head.get("x-amz-version-id"))
        request = self.s3_request(made)
        self.assertEqual((request["op"], request["key"]), ("CompleteMultipartUpload", self.name))
        key = self.one(event="key", kms_request_id=made["kms_request_id"])
        self.assertEqual((key["operation"], key["key"]), ("GenerateDataKey", self.name))
        self.assertEqual((key["kms_key"], key["data_key"], key["pid"]),
                         (self.bed.key_arn, made["data_key"], pid))
        self.assertRegex(key["data_key"], r"\A[0-9a-f]{64}\Z")

        self.assertEqual(len(read(self.at())), SIZE)
        opened = self.one(event="key", operation="Decrypt")
        self.assertEqual((opened["key"], opened["pid"], opened["data_key"]),
                         (self.name, os.getpid(), made["data_key"]))

        os.rename(self.at(), self.at(self.name + ".new"))
        copied = self.one(event="copy")
        self.assertEqual((copied["from"], copied["key"], copied["from_etag"], copied["pid"]),
                         (self.name, self.name + ".new", made["etag"], os.getpid()))
        self.assertEqual(self.s3_request(copied)["op"], "CopyObject")
        os.unlink(self.at(self.name + ".new"))
        removed = self.lines(event="remove")
        self.assertEqual([r["key"] for r in removed], [self.name, self.name + ".new"])
        for line in removed:
            self.assertEqual(self.s3_request(line)["op"], "DeleteObject")
        self.check_keys(self.lines(event="key"))
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)

    def test_each_version_has_a_line_with_what_it_replaces(self):
        self.mount()
        fd = os.open(self.at(), os.O_WRONLY | os.O_CREAT)
        os.write(fd, b"one")
        os.fsync(fd)
        self.assertEqual(len(self.lines(event="write")), 1)
        os.write(fd, b"two")
        os.close(fd)
        first, second = self.lines(event="write")
        self.assertNotIn("replaces", first)
        self.assertEqual((second["replaces"], second["bytes"]), (first["etag"], 6))

    def test_failures_and_retries_have_their_reasons(self):
        self.mount()
        rules = [{"action": "slow-down", "op": "UploadPart", "times": 2, "key": self.name},
                 {"action": "error", "op": "CompleteMultipartUpload", "times": None,
                  "status": 400, "code": "InvalidRequest", "message": "never", "key": self.name}]
        self.bed.s3.control(rules=rules)
        fd = os.open(self.at(), os.O_WRONLY | os.O_CREAT)
        e2e.write_all(fd, content(SIZE))
        self.fails(errno.EIO, os.close, fd)
        self.assertTrue(e2e.eventually(lambda: self.lines(event="write")))
        failed = self.one(event="write")
        self.assertEqual((failed["result"], failed["retries"], failed["key"], failed["pid"]),
                         ("failed", 2, self.name, os.getpid()))
        self.assertIn("never", failed["error"])
        self.bed.kms.control(deny={"action": "GenerateDataKey"})
        self.fails(errno.EACCES, os.open, self.at(self.name + ".denied"), os.O_WRONLY | os.O_CREAT)
        denied = self.one(event="key", result="failed")
        self.assertEqual(denied["key"], self.name + ".denied")
        self.assertIn("AccessDenied", denied["error"])
        self.assertIn(denied["kms_request_id"], self.kms_calls())

    def test_file_that_was_removed_while_it_was_written_has_no_failure(self):
        self.mount()
        fd = os.open(self.at(), os.O_WRONLY | os.O_CREAT)
        os.write(fd, content(6 * MIB))
        os.unlink(self.at())
        os.close(fd)
        self.assertEqual(self.bed.umount(self.mnt), 0)
        self.assertEqual(self.lines(event="write"), [])

    def test_new_file_is_begun_when_the_old_one_was_moved_away(self):
        self.mount()
        write(self.at("a-" + self.name), b"x")
        os.rename(self.path, self.path + ".1")
        write(self.at("b-" + self.name), b"x")
        self.assertEqual([line["key"] for line in self.lines(event="write")], ["b-" + self.name])
        self.assertEqual([line["key"] for line in self.lines(self.path + ".1", event="write")],
                         ["a-" + self.name])
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        os.unlink(self.path)
        write(self.at("c-" + self.name), b"x")
        self.assertEqual([line["key"] for line in self.lines(event="write")], ["c-" + self.name])

    def test_link_that_was_put_in_its_place_is_not_followed(self):
        self.mount()
        write(self.at("a-" + self.name), b"x")
        victim = self.path + ".victim"
        os.rename(self.path, victim)
        before = read(victim)
        os.symlink(victim, self.path)
        write(self.at("b-" + self.name), b"x")
        self.assertEqual(read(victim), before)
        self.assertIn("a symbolic link", self.bed.mount_log(self.mnt))
        os.unlink(self.path)
        write(self.at("c-" + self.name), b"x")
        self.assertEqual([line["key"] for line in self.lines(event="write")], ["c-" + self.name])

    @unittest.skipUnless(os.geteuid() == 0, "only root can mount a small tmpfs")
    def test_full_audit_disk_costs_no_backup(self):
        disk = os.path.join(self.folder, "disk")
        os.makedirs(disk)
        self.tool("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk)
        self.addCleanup(self.tool, "umount", "-l", disk)
        self.path = os.path.join(disk, "audit.json")
        self.mount()
        write(self.at(self.name + ".0"), b"x")
        filler = os.path.join(disk, "filler")
        with open(filler, "wb", buffering=0) as file:
            with self.assertRaises(OSError):
                while True:
                    file.write(bytes(512))
        for number in range(1, 40):  # the last page of the file still takes some
            write(self.at(f"{self.name}.{number}"), b"x")
            self.assertEqual(self.bed.decrypt(f"{self.name}.{number}"), b"x")
        log = self.bed.mount_log(self.mnt)
        self.assertEqual(log.count("the audit is not complete from now on; backups go on"), 1)
        self.assertIn("No space left on device", log)
        os.unlink(filler)
        write(self.at(self.name + ".last"), b"x")
        self.assertIn("the audit goes on", self.bed.mount_log(self.mnt))
        with open(self.path, encoding="utf-8") as file:
            texts = file.read().splitlines()
        torn = [text for text in texts if not text.endswith("}")]
        self.assertLessEqual(len(torn), 1)  # what the full disk cut off
        whole = [json.loads(text) for text in texts if text not in torn]
        keys = [line["key"] for line in whole if line["event"] == "write"]
        self.assertIn(self.name + ".0", keys)
        self.assertEqual(keys[-1], self.name + ".last")
        self.assertNotIn(self.name + ".39", keys)

    def test_audit_file_that_cannot_be_opened_is_refused(self):
        made = {name: os.path.join(self.folder, name)
                for name in ("target", "link", "fifo", "open", "foreign")}
        os.symlink(made["target"], made["link"])
        os.mkfifo(made["fifo"])
        for name, mode in (("open", 0o666), ("foreign", 0o600)):
            with open(made[name], "wb") as file:
                os.fchmod(file.fileno(), mode)
        refused = [self.folder, "/proc/nowhere/audit", "/dev/null", made["link"], made["fifo"],
                   made["open"]]
        if os.geteuid() == 0:
            os.chown(made["foreign"], 65534, 65534)
            refused.append(made["foreign"])
        for path in refused:
            done = self.bed.run(["cat", self.bed.url("x"), "--audit-file", path,
                                 *self.bed.server_args()])
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"--audit-file " + path.encode(), done.stderr)
        self.assertFalse(os.path.exists(made["target"]))


class VerbAudit(AuditFileTest):
    def run_ok(self, *arguments, **options):
        done = self.bed.run([*arguments, "--audit-file", self.path, *self.bed.server_args()],
                            **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_put_get_and_cat_are_in_it(self):
        source = self.source(self.name, content(SIZE))
        self.run_ok("put", source, self.bed.url(self.name), "--part-size", "5MiB")
        made = self.one(event="write")
        self.assertEqual((made["key"], made["bytes"], made["command"]),
                         (self.name, SIZE, os.path.basename(self.bed.binary)[:15]))
        self.assertEqual(self.s3_request(made)["op"], "CompleteMultipartUpload")
        self.run_ok("get", self.bed.url(self.name), os.path.join(self.folder, "out"))
        self.run_ok("cat", self.bed.url(self.name), "--length", "5")
        self.assertEqual(len(self.lines(event="key", operation="Decrypt", key=self.name)), 2)
        self.check_keys(self.lines(event="key"))
        self.no_secret(read(source)[:64])

    def test_copy_rewrap_and_encrypt_are_in_it(self):
        other = self.bed.create_key()
        write_args = ["--to-key", other]
        self.bed.put(self.name + ".plain", b"plaintext of somebody else")
        self.run_ok("encrypt", self.bed.url(self.name + ".plain"), self.bed.url(self.name),
                    "--delete-source")
        self.assertEqual(self.one(event="remove")["key"], self.name + ".plain")
        self.assertEqual(self.one(event="write")["key"], self.name)
        self.run_ok("copy", self.bed.url(self.name), self.bed.url(self.name + ".2"), *write_args)
        self.assertEqual(self.lines(event="write")[-1]["kms_key"], other)
        done = self.bed.run(["rewrap", self.bed.url(self.name), *write_args, "--decrypt-key",
                             self.bed.key_arn, "--audit-file", self.path,
                             *self.bed.server_args()[2:]])
        self.assertEqual(done.returncode, 0, done.stderr)
        moved = self.one(event="key", operation="ReEncrypt")
        self.assertEqual((moved["kms_key"], moved["to_kms_key"]), (self.bed.key_arn, other))
        self.assertEqual(self.one(event="copy")["from"], self.name)
        keys = self.lines(event="key")
        audited = {line["kms_request_id"] for line in keys}
        done = {i for i, call in self.kms_calls().items() if call["status"] == 200}
        self.assertEqual(audited & done, done)  # trials (DryRun) are answered with an error
        self.no_secret(b"plaintext of somebody else")

    def no_secret(self, plaintext):
        audit = read(self.path)
        self.assertNotIn(plaintext, audit)
        self.assertNotIn(sigv4.DEFAULT.secret_key.encode(), audit)
        self.assertNotIn(b"Signature", audit)


if __name__ == "__main__":
    unittest.main()
