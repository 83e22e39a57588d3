#!/usr/bin/python3
"""--no-overwrite, and what new objects get: retention, class, encryption by S3, tags."""

import concurrent.futures
import errno
import json
import os
import subprocess
import unittest

import e2e
import testbed
from e2e import MIB, content, read, write

TOOLS = os.environ.get("RDSBAK_TOOLS", "")
LARGE = 11 * MIB + 5
MADE = b"of somebody else"
CONDITION = ("if-none-match", "*")


class OnceTest(e2e.MountTest):
    """The scripted server, which heeds If-None-Match; large files go in parts as they come."""

    BED = {"store": "script"}
    MOUNT_ARGS = ("--no-overwrite", "--hold-size", "0", "--part-size", "5MiB")

    def setUp(self):
        self.name = f"{type(self).__name__}-{self._testMethodName}"
        self.path = self.at(self.name)
        self.addCleanup(self.bed.s3.control, reset=True)

    def rule(self, action, op, **more):
        self.bed.s3.control(rules=[{"action": action, "op": op, "key": self.name, **more}])

    def requests(self, *ops):
        """The requests for this test's name."""
        return [entry for entry in self.bed.s3.report()["log"]
                if entry["key"] == self.name and (not ops or entry["op"] in ops)]

    def changes(self):
        reading = ("HeadObject", "GetObject")
        return [entry["op"] for entry in self.requests() if entry["op"] not in reading]

    def create(self, size, seed=1):
        """A new file with so many bytes, open."""
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT)
        e2e.write_all(fd, content(size, seed))
        return fd

    def taken_while_written(self, size):
        fd = self.create(size)
        self.bed.put(self.name, MADE)
        error = self.fails(errno.EEXIST, os.close, fd)
        self.assertEqual(self.bed.get(self.name), MADE, error)
        self.assertTrue(e2e.eventually(lambda: not self.uploads_of(self.name)))


class NothingIsReplaced(OnceTest):
    def test_probe_is_told_and_leaves_nothing(self):
        self.assertTrue(self.log("heeds If-None-Match of PutObject, and heeds that of Complete"))
        self.assertFalse(self.log("warn: --no-overwrite"))
        self.assertEqual([k for k in self.bed.list() if "probe" in k], [])
        self.assertEqual([k for k, _ in self.bed.list_uploads() if "probe" in k], [])

    def test_what_is_in_s3_is_not_opened_for_writing(self):
        write(self.path, b"first")
        before = self.changes()
        for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC, os.O_WRONLY | os.O_APPEND,
                      os.O_WRONLY | os.O_CREAT | os.O_TRUNC):
            self.fails(errno.EACCES, os.open, self.path, flags)
        self.fails(errno.EEXIST, os.open, self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        self.fails(errno.EACCES, os.truncate, self.path, 0)
        self.fails(errno.EACCES, os.truncate, self.path, 3)
        self.assertEqual(read(self.path), b"first")
        self.assertEqual(self.changes(), before)
        self.assertTrue(self.log(f"{self.name} is in S3 already, and with --no-overwrite"))

    def test_unlink_and_rename_of_what_is_in_s3_are_refused(self):
        write(self.path, b"first")
        folder = self.path + "-dir"
        os.mkdir(folder)
        write(os.path.join(folder, "file"), b"second")
        before = self.changes()
        self.fails(errno.EACCES, os.unlink, self.path)
        self.fails(errno.EACCES, os.rename, self.path, self.path + "-2")
        self.fails(errno.EACCES, os.rename, folder, self.path + "-dir2")
        self.fails(errno.ENOTEMPTY, os.rmdir, folder)
        self.assertEqual(self.changes(), before)
        self.check_object(self.name, b"first")
        self.check_object(f"{self.name}-dir/file", b"second")

    def test_empty_directory_may_be_renamed_and_removed(self):
        os.mkdir(self.path)
        os.rename(self.path, self.path + "-2")
        os.rmdir(self.path + "-2")
        self.bed.put(f"{self.name}-marker/", b"")
        self.fails(errno.EACCES, os.rmdir, self.path + "-marker")
        self.assertIn(f"{self.name}-marker/", self.bed.list())

    def test_file_that_is_not_committed_may_be_removed_and_renamed(self):
        fd = self.create(100)
        os.rename(self.path, self.path + "-2")
        os.close(fd)
        self.check_object(f"{self.name}-2", content(100))
        fd = self.create(LARGE)
        os.unlink(self.path)
        os.close(fd)
        self.assertNotIn(self.name, self.bed.list())
        self.assertTrue(e2e.eventually(lambda: not self.uploads_of(self.name)))
        # Nobody else's object of that name could have been hit.
        self.assertNotIn("DeleteObject", self.changes())

    def test_rename_over_what_is_in_s3_is_refused(self):
        write(self.path + "-2", b"first")
        fd = self.create(100)
        self.fails(errno.EACCES, os.rename, self.path, self.path + "-2")
        os.close(fd)
        self.check_object(self.name, content(100))
        self.check_object(f"{self.name}-2", b"first")

    def close_while_asked_about(self, fd, key, nth, call):
        """call() is held at its nth look at key, until the file is closed, and in S3."""
        self.bed.s3.control(rules=[{"action": "hold", "op": "HeadObject", "key": f"^{key}$",
                                    "nth": nth, "times": 1}])
        called = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(called.shutdown)
        done = called.submit(call)
        self.bed.s3.await_held()
        os.close(fd)
        self.assertTrue(e2e.eventually(lambda: any(
            file["file"].strip("/") == self.name and file.get("closed") for file in self.files())))
        self.bed.s3.control(release=True)
        return done.exception(e2e.WAIT_S)

    def files(self):
        done = self.bed.run(["status", self.mnt, "--json"])
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["files"]

    def test_file_that_is_closed_while_it_is_renamed_stays(self):
        fd = self.create(100)
        other = self.name + "-2"
        error = self.close_while_asked_about(fd, other, 2, lambda: os.rename(self.path,
                                                                              self.at(other)))
        self.assertEqual(error.errno, errno.EACCES)
        self.check_object(self.name, content(100))
        self.assertNotIn(other, self.bed.list())
        self.assertNotIn("DeleteObject", self.changes())

    def sql_writes(self, *options, status=0):
        return self.tool(os.path.join(TOOLS, "sqlwrite"), "--size", str(6 * MIB + 512), *options,
                         self.path, status=status, stdin=subprocess.DEVNULL)

    def test_backup_to_a_new_file_is_whole_and_a_second_is_denied(self):
        self.sql_writes("--presize", "triple")
        first = self.bed.decrypt(self.name)
        self.assertEqual(len(first), 6 * MIB + 512)
        for options in ((), ("--format",), ("--append",)): # INIT, FORMAT, NOINIT
            said = self.sql_writes(*options, status=1)
            self.assertIn(b"open: EACCES", said) # operating system error 5
        self.assertEqual(self.bed.decrypt(self.name), first)

    def test_chmod_and_times_of_what_is_in_s3_change_nothing_there(self):
        write(self.path, b"first")
        before = self.changes()
        os.chmod(self.path, 0o400)
        os.utime(self.path, (1, 1))
        self.assertEqual(self.changes(), before)


class Commit(OnceTest):
    def test_put_and_complete_have_the_condition(self):
        write(self.path, b"small")
        put, = self.requests("PutObject")
        self.assertIn(CONDITION, put["headers"].items())
        os.close(self.create_at(self.path + "-large"))
        complete, = [entry for entry in self.bed.s3.report()["log"]
                     if entry["key"] == self.name + "-large"
                     and entry["op"] == "CompleteMultipartUpload"]
        self.assertIn(CONDITION, complete["headers"].items())

    @staticmethod
    def create_at(path):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        e2e.write_all(fd, content(LARGE))
        return fd

    def test_name_taken_while_a_small_file_was_written(self):
        self.taken_while_written(100)
        self.assertTrue(self.log(f"{self.name}: given up, nothing of it is visible: .*412"))

    def test_name_taken_while_a_large_file_was_written(self):
        self.taken_while_written(LARGE)

    def test_loser_hears_it_from_every_call(self):
        fd = self.create(100)
        self.bed.put(self.name, MADE)
        self.fails(errno.EEXIST, os.fsync, fd)
        self.fails(errno.EEXIST, os.write, fd, b"more")
        self.fails(errno.EEXIST, os.close, fd)
        self.fails(errno.EACCES, os.open, self.path, os.O_WRONLY)

    def test_lost_answer_to_a_conditional_put_is_a_success(self):
        self.rule("lost-answer", "PutObject")
        write(self.path, content(100))
        self.check_object(self.name, content(100))
        # Asked again, the server saw the object that the first request had made.
        self.assertEqual([entry["status"] for entry in self.requests("PutObject")][-1], 412)

    def test_lost_answer_to_a_conditional_complete_is_a_success(self):
        self.rule("lost-answer", "CompleteMultipartUpload")
        os.close(self.create(LARGE))
        self.check_object(self.name, content(LARGE))

    def test_lost_answer_does_not_make_the_object_of_another_ours(self):
        fd = self.create(100)
        self.bed.put(self.name, MADE)
        self.rule("reset-request", "PutObject")
        self.fails(errno.EEXIST, os.close, fd)
        self.assertEqual(self.bed.get(self.name), MADE)

    def test_conflict_with_another_writer_is_tried_again(self):
        for size, op in ((100, "PutObject"), (LARGE, "CompleteMultipartUpload")):
            self.rule("error", op, status=409, code="ConditionalRequestConflict", times=2,
                      message="a conflicting operation")
            path = f"{self.path}-{op}"
            with open(path, "wb") as file:
                file.write(content(size))
            self.check_object(f"{self.name}-{op}", content(size))

    def test_file_goes_on_after_its_own_fsync(self):
        fd = self.create(100)
        os.fsync(fd)
        os.write(fd, b"and more")
        os.close(fd)
        self.check_object(self.name, content(100) + b"and more")
        fd = os.open(self.path + "-large", os.O_WRONLY | os.O_CREAT)
        e2e.write_all(fd, content(LARGE))
        os.fsync(fd)
        os.write(fd, b"and more")
        os.ftruncate(fd, LARGE + 3)
        os.close(fd)
        self.check_object(self.name + "-large", content(LARGE) + b"and")
        self.fails(errno.EACCES, os.open, self.path, os.O_WRONLY)

    def test_file_that_another_has_replaced_after_its_fsync_is_left_alone(self):
        fd = self.create(100)
        os.fsync(fd)
        self.bed.put(self.name, MADE)
        os.write(fd, b"and more")
        self.fails(errno.ESTALE, os.close, fd)
        self.assertEqual(self.bed.get(self.name), MADE)

    def test_unlink_after_an_fsync_is_refused_and_the_file_goes_on(self):
        fd = self.create(100)
        os.fsync(fd)
        self.fails(errno.EACCES, os.unlink, self.path)
        os.write(fd, b"and more")
        os.close(fd)
        self.check_object(self.name, content(100) + b"and more")


class Races(OnceTest):
    WRITER = """
import errno
try:
    fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
    print('open', flush=True)
    input()
    data = bytes([int(sys.argv[2])]) * int(sys.argv[3])
    while data:
        data = data[os.write(fd, data[:1 << 20]):]
    os.close(fd)
    print('won')
except OSError as error:
    print(errno.errorcode[error.errno])
"""

    def race(self, size, op):
        """Eight writers of one new name, four on each of two mounts; what each ended with."""
        other = self.mount(*self.MOUNT_ARGS)
        paths = [self.path, os.path.join(other, self.name)]
        writers = [self.python(self.WRITER, paths[i % 2], str(i), str(size)) for i in range(8)]
        first = [writer.stdout.readline().strip() for writer in writers]
        # Of one mount only one has it open: the others hear so at once.
        self.assertEqual(first.count("open"), 2, first)
        self.assertEqual(first.count("EBUSY"), 6, first)
        self.rule("hold", op, times=None)
        for writer, word in zip(writers, first):
            if word == "open":
                writer.stdin.write("\n")
                writer.stdin.flush()
        self.bed.s3.await_held(2)
        self.bed.s3.control(release=True)
        last = [writer.communicate(timeout=600)[0].strip() if word == "open" else word
                for writer, word in zip(writers, first)]
        for writer, word in zip(writers, first):
            if word != "open":
                writer.communicate(timeout=600)
        self.assertEqual(sorted(last), ["EBUSY"] * 6 + ["EEXIST", "won"])
        self.check_object(self.name, bytes([last.index("won")]) * size)

    def test_eight_writers_of_a_small_file_on_two_mounts(self):
        self.race(1000, "PutObject")

    def test_eight_writers_of_a_large_file_on_two_mounts(self):
        self.race(LARGE, "CompleteMultipartUpload")

    def test_eight_puts_at_once(self):
        files = [self.source(f"{self.name}-{i}", bytes([i]) * 1000) for i in range(8)]
        self.rule("hold", "PutObject", times=None)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            runs = [pool.submit(self.bed.run, ["put", file, self.bed.url(self.name),
                                               "--no-overwrite", *self.bed.server_args()],
                                timeout_s=600) for file in files]
            self.bed.s3.await_held(8)
            self.bed.s3.control(release=True)
            done = [run.result() for run in runs]
        status = [one.returncode for one in done]
        self.assertEqual(sorted(status), [0] + [1] * 7, status)
        self.check_object(self.name, bytes([status.index(0)]) * 1000)
        for one in done:
            if one.returncode:
                self.assertIn(b"--no-overwrite replaces none", one.stderr)


class NotHeeded(OnceTest):
    """A server that takes the condition and does not look at it, or does not take it."""

    BED = {"store": "script", "tls": False} # a server of its own

    @classmethod
    def setUpClass(cls):
        e2e.BedTest.setUpClass.__func__(cls)
        cls.bed.s3.control(settings={"put_conditions": False, "complete_conditions": False})
        cls.mnt = cls.bed.mount(["--log-level", "info", *cls.MOUNT_ARGS])

    def test_race_that_is_left_is_told_at_the_start(self):
        self.assertTrue(self.log("ignores If-None-Match of PutObject, and ignores that of Comp"))
        self.assertTrue(self.log("warn: --no-overwrite: this server lets an object be replaced"))
        self.assertEqual([k for k in self.bed.list() if "probe" in k], [])

    def test_name_taken_while_a_small_file_was_written(self):
        self.taken_while_written(100)

    def test_name_taken_while_a_large_file_was_written(self):
        self.taken_while_written(LARGE)

    def test_name_is_looked_at_right_before(self):
        os.close(self.create(LARGE))
        ops = [entry["op"] for entry in self.requests()]
        at = ops.index("CompleteMultipartUpload")
        self.assertEqual(ops[at - 1:at + 2],
                         ["HeadObject", "CompleteMultipartUpload", "HeadObject"])

    def test_role_that_may_not_look_at_objects_lists_the_name(self):
        fd = self.create(100)
        self.bed.put(self.name, MADE)
        self.rule("access-denied", "HeadObject", times=None)
        self.fails(errno.EEXIST, os.close, fd)
        self.bed.s3.control(reset=True)
        self.assertEqual(self.bed.get(self.name), MADE)

    def test_server_that_heeds_it_for_put_only(self):
        self.bed.s3.control(settings={"put_conditions": True})
        self.addCleanup(self.bed.s3.control, settings={"put_conditions": False})
        mark = self.mount(*self.MOUNT_ARGS, "--log-level", "info")
        log = self.bed.mount_log(mark)
        self.assertIn("heeds If-None-Match of PutObject, and ignores that of Complete", log)
        self.assertIn("lets what is sent in parts be replaced in a race", log)

    def test_server_that_does_not_take_it(self):
        self.bed.s3.control(settings={"put_conditions": "refuse", "complete_conditions": "refuse"})
        self.addCleanup(self.bed.s3.control,
                        settings={"put_conditions": False, "complete_conditions": False})
        other = self.mount(*self.MOUNT_ARGS, "--log-level", "info")
        log = self.bed.mount_log(other)
        self.assertIn("the server takes no If-None-Match with PutObject", log)
        self.assertIn("this server lets an object be replaced in a race", log)
        for size in (100, LARGE):
            path = os.path.join(other, f"{self.name}-{size}")
            write(path, content(size))
            self.check_object(f"{self.name}-{size}", content(size))
            self.fails(errno.EACCES, os.open, path, os.O_WRONLY)


class Verbs(e2e.BedTest):
    BED = {"store": "script"}

    def run_verb(self, *arguments, status=0):
        done = self.bed.run([*arguments, *self.bed.server_args()])
        self.assertEqual(done.returncode, status, done.stderr.decode())
        return done.stderr.decode()

    def test_put_tells_before_anything_is_sent(self):
        self.bed.put("verb-put", MADE)
        file = self.source("verb-put", content(LARGE))
        text = self.run_verb("put", file, self.bed.url("verb-put"), "--no-overwrite", status=1)
        self.assertIn("--no-overwrite replaces none", text)
        self.assertEqual(self.bed.get("verb-put"), MADE)
        sent = [entry["op"] for entry in self.bed.s3.report()["log"] if entry["key"] == "verb-put"]
        self.assertEqual(sent.count("CreateMultipartUpload"), 0)

    def test_copy_and_encrypt_replace_nothing(self):
        key = self.bed.key_arn
        file = self.source("verb-copy", content(100))
        self.run_verb("put", file, self.bed.url("verb-copy"))
        self.bed.put("verb-plain", b"plain text")
        for target, more in (("verb-copy-a", []), ("verb-copy-b", ["--server-side"])):
            arguments = ["copy", self.bed.url("verb-copy"), self.bed.url(target), "--to-key", key,
                         "--no-overwrite", *more]
            self.run_verb(*arguments)
            self.check_object(target, content(100))
            self.assertIn("--no-overwrite replaces none", self.run_verb(*arguments, status=1))
            self.assertEqual(self.uploads_of(target), [])
        arguments = ["encrypt", self.bed.url("verb-plain"), self.bed.url("verb-encrypted"),
                     "--no-overwrite"]
        self.run_verb(*arguments)
        self.check_object("verb-encrypted", b"plain text")
        self.assertIn("--no-overwrite replaces none", self.run_verb(*arguments, status=1))
        self.assertIn("would replace", self.run_verb("encrypt", self.bed.url("verb-plain"),
                                                     self.bed.url("verb-plain"), "--no-overwrite",
                                                     status=2))

    def test_lost_answer_to_a_copy_on_the_server_is_a_success(self):
        file = self.source("verb-lost", content(100))
        self.run_verb("put", file, self.bed.url("verb-lost"))
        self.bed.s3.control(rules=[{"action": "lost-answer", "op": "CompleteMultipartUpload",
                                    "key": "verb-lost-copy"}])
        self.addCleanup(self.bed.s3.control, reset=True)
        self.run_verb("copy", self.bed.url("verb-lost"), self.bed.url("verb-lost-copy"),
                      "--to-key", self.bed.key_arn, "--no-overwrite", "--server-side")
        self.check_object("verb-lost-copy", content(100))

    def test_storage_class_and_tags_of_copies_are_those_asked_for(self):
        file = self.source("verb-class", content(100))
        self.run_verb("put", file, self.bed.url("verb-class"), "--storage-class", "STANDARD_IA",
                      "--tags", "team=db&kind=full backup")
        self.assertEqual(self.what("verb-class"),
                         ("STANDARD_IA", {"team": "db", "kind": "full backup"}))
        for target, more in (("verb-class-a", []), ("verb-class-b", ["--server-side"])):
            self.run_verb("copy", self.bed.url("verb-class"), self.bed.url(target), "--to-key",
                          self.bed.key_arn, "--storage-class", "GLACIER_IR", "--tags", "a=b",
                          *more)
            self.assertEqual(self.what(target), ("GLACIER_IR", {"a": "b"}), target)

    def what(self, key):
        """Class and tags."""
        tree = testbed.parse_document(
            self.bed.s3.must("GET", self.bed.bucket, key, [("tagging", "")]).body)
        tags = {tag.findtext("Key"): tag.findtext("Value") for tag in tree.iter("Tag")}
        return self.bed.head(key).headers.get("x-amz-storage-class"), tags

    def test_bad_values_are_refused_with_a_reason(self):
        for option, value, reason in (
                ("--object-lock", "GOVERNANCE", "is not GOVERNANCE:DAYS"),
                ("--object-lock", "COMPLIANCE:0", "is not GOVERNANCE:DAYS"),
                ("--object-lock", "governance:5", "is not GOVERNANCE:DAYS"),
                ("--storage-class", "standard", "is no storage class"),
                ("--sse", "AES128", "is unknown"),
                ("--sse", "AES256:key", "has no key of yours"),
                ("--sse", "aws:kms:", "ends before the key"),
                ("--tags", "novalue", "not of the form"),
                ("--tags", "a=1&a=2", "stands there twice"),
                ("--tags", "aws:x=1", "AWS's own"),
                ("--tags", "a=<b>", "does not take"),
                ("--tags", "&".join(f"k{i}=v" for i in range(11)), "more than the 10 tags"),
                ("--tags", "k" * 129 + "=v", "longer than S3's 128"),
                ("--tags", "k=" + "v" * 257, "longer than S3's 256")):
            text = self.run_verb("put", "/dev/null", self.bed.url("bad"), option, value, status=2)
            self.assertIn(reason, text)


class Rgw(e2e.BedTest):
    """A real server: lock, versions, tags and encryption by it are its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plain = cls.bed.bucket
        cls.locked = f"{cls.plain}-lock"
        cls.bed.s3.must("PUT", cls.locked, headers={"x-amz-bucket-object-lock-enabled": "true"})

    def setUp(self):
        self.name = self._testMethodName
        self.bed.bucket = self.locked
        self.addCleanup(setattr, self.bed, "bucket", self.plain)

    def put(self, data, *options, key=None, status=0):
        file = self.source(self.name, data)
        done = self.bed.run(["put", file, self.bed.url(key or self.name),
                             *self.bed.server_args(), *options])
        self.assertEqual(done.returncode, status, done.stderr.decode())
        return done.stderr.decode()

    def tags_of(self, key):
        tree = testbed.parse_document(
            self.bed.s3.must("GET", self.bed.bucket, key, [("tagging", "")]).body)
        return {tag.findtext("Key"): tag.findtext("Value") for tag in tree.iter("Tag")}

    def is_retained(self, key, mode):
        headers = self.bed.head(key).headers
        self.assertEqual(headers.get("x-amz-object-lock-mode"), mode)
        version = headers["x-amz-version-id"]
        refused = self.bed.s3.request("DELETE", self.bed.bucket, key, [("versionId", version)])
        self.assertEqual(refused.status, 403)
        self.assertIn(b"forbidden by object lock", refused.body)

    def test_retention_and_tags_of_a_small_object(self):
        self.put(content(100), "--object-lock", "GOVERNANCE:2", "--tags", "team=db&kind=a b")
        self.is_retained(self.name, "GOVERNANCE")
        self.assertEqual(self.tags_of(self.name), {"team": "db", "kind": "a b"})
        self.check_object(self.name, content(100))

    def test_retention_and_tags_of_what_is_sent_in_parts(self):
        text = self.put(content(LARGE), "--object-lock", "COMPLIANCE:1", "--tags", "team=db",
                        "--part-size", "5MiB")
        self.assertIn("they are given to each object after it", text)
        self.is_retained(self.name, "COMPLIANCE")
        self.assertEqual(self.tags_of(self.name), {"team": "db"})
        self.check_object(self.name, content(LARGE))

    def test_lock_is_refused_where_the_bucket_has_none(self):
        self.bed.bucket = self.plain
        text = self.put(content(100), "--object-lock", "GOVERNANCE:2", status=2)
        self.assertIn("has no object lock", text)
        with self.assertRaisesRegex(testbed.TestbedError, "has no object lock"):
            self.bed.mount(["--object-lock", "GOVERNANCE:2"])

    def test_encryption_by_the_server(self):
        for size in (100, LARGE):
            self.put(content(size), "--sse", "aws:kms:testkey-1", "--part-size", "5MiB")
            found = self.bed.head(self.name).headers
            self.assertEqual(found["x-amz-server-side-encryption"], "aws:kms")
            self.assertEqual(found["x-amz-server-side-encryption-aws-kms-key-id"], "testkey-1")
            self.check_object(self.name, content(size))

    def test_class_that_the_server_does_not_have(self):
        text = self.put(content(100), "--storage-class", "STANDARD_IA", status=1)
        self.assertIn("does this server know what --storage-class", text)
        with self.assertRaisesRegex(testbed.TestbedError, "does this server know"):
            self.bed.mount(["--storage-class", "STANDARD_IA"])
        self.put(content(100), "--storage-class", "STANDARD")
        self.check_object(self.name, content(100))

    def mount(self, *options):
        path = self.bed.mount(["--log-level", "info", *options])
        self.addCleanup(lambda: self.assertEqual(self.bed.umount(path), 0))
        return path

    def versions(self, key):
        tree = testbed.parse_document(self.bed.s3.must(
            "GET", self.bed.bucket, "", [("versions", ""), ("prefix", key)]).body)
        return [(node.tag, node.findtext("VersionId")) for node in tree
                if node.tag in ("Version", "DeleteMarker") and node.findtext("Key") == key]

    def test_what_is_retained_stays_behind_an_unlink_and_a_new_version(self):
        path = os.path.join(self.mount("--object-lock", "GOVERNANCE:1", "--tags", "a=b"), self.name)
        write(path, content(100, 1))
        write(path, content(LARGE, 2))
        with open(path, "ab") as file:
            file.write(b"appended")
        os.rename(path, path + "-2")
        self.is_retained(self.name + "-2", "GOVERNANCE")
        self.assertEqual(self.tags_of(self.name + "-2"), {"a": "b"})
        os.unlink(path + "-2")
        kinds = [kind for kind, _ in self.versions(self.name)]
        self.assertEqual((kinds.count("Version"), kinds.count("DeleteMarker")), (3, 1))
        self.assertEqual(len(self.versions(self.name + "-2")), 2)
        for key in (self.name, self.name + "-2"):
            for kind, version in self.versions(key):
                if kind == "Version":
                    refused = self.bed.s3.request("DELETE", self.bed.bucket, key,
                                                  [("versionId", version)])
                    self.assertEqual(refused.status, 403)

    def test_what_rgw_heeds_is_found_out(self):
        self.bed.bucket = self.plain
        log = self.bed.mount_log(self.mount("--no-overwrite"))
        self.assertIn("heeds If-None-Match of PutObject, and ignores that of Complete", log)
        self.bed.bucket = self.locked # with versions it looks at neither
        log = self.bed.mount_log(self.mount("--no-overwrite", "--object-lock", "GOVERNANCE:1"))
        self.assertIn("ignores If-None-Match of PutObject, and ignores that of Complete", log)
        left = [key for key in self.bed.list() if "probe" in key]
        self.assertEqual(left, [])

    def test_eight_puts_at_once(self):
        self.bed.bucket = self.plain
        files = [self.source(f"{self.name}-{i}", bytes([i]) * 1000) for i in range(8)]
        runs = [subprocess.Popen([self.bed.binary, "put", file, self.bed.url(self.name),
                                  "--no-overwrite", *self.bed.server_args()], env=self.bed.env,
                                 stderr=subprocess.PIPE) for file in files]
        texts = [run.communicate(timeout=600)[1] for run in runs]
        status = [run.returncode for run in runs]
        self.assertEqual(sorted(status), [0] + [1] * 7, texts)
        self.check_object(self.name, bytes([status.index(0)]) * 1000)

    def test_write_once_with_retention(self):
        path = os.path.join(self.mount("--no-overwrite", "--object-lock", "GOVERNANCE:1"),
                            self.name)
        write(path, content(LARGE))
        self.is_retained(self.name, "GOVERNANCE")
        self.fails(errno.EACCES, os.open, path, os.O_WRONLY)
        self.fails(errno.EACCES, os.unlink, path)
        self.assertEqual(len(self.versions(self.name)), 1)
        self.assertEqual(read(path), content(LARGE))


if __name__ == "__main__":
    if not os.path.exists(os.path.join(TOOLS, "sqlwrite")):
        raise SystemExit(f"RDSBAK_TOOLS={TOOLS}: sqlwrite is not built")
    unittest.main(verbosity=2)
