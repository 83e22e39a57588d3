#!/usr/bin/python3
"""Commits when servers fail and mounts end: close() and fsync() tell the truth all the same."""

import errno
import os
import re
import signal
import subprocess
import unittest

import e2e
import testbed
from e2e import MIB, content, read, write

SIZE = 11 * MIB + 5
OLD = b"the old object"


class FaultTest(e2e.MountTest):
    """The scripted server; every file is sent in parts while it is written."""

    BED = {"store": "script"}
    MOUNT_ARGS = ("--hold-size", "0", "--part-size", "5MiB")

    def setUp(self):
        self.name = f"{type(self).__name__}-{self._testMethodName}"
        self.path = self.at(self.name)
        self.addCleanup(self.bed.s3.control, reset=True)
        self.addCleanup(self.bed.kms.control, reset=True)

    def rule(self, action, op, **more):
        self.bed.s3.control(rules=[{"action": action, "op": op, "key": self.name, **more}])

    def mount_own(self, *arguments):
        return self.mount(*self.MOUNT_ARGS, *arguments)

    def no_upload_left(self):
        gone = e2e.eventually(lambda: not self.bed.list_uploads(self.name))
        self.assertTrue(gone, self.bed.list_uploads(self.name))


class FailedUploads(FaultTest):
    def test_failed_part_is_told_by_every_call_and_logged_once(self):
        """A file failed in the middle: the writer, fsync and close all hear it, the log once."""
        write(self.path, OLD)
        mark = self.log_mark()
        self.rule("error", "UploadPart", times=None, status=400, code="InvalidRequest",
                  message="never this one")
        fd = os.open(self.path, os.O_WRONLY | os.O_TRUNC)
        with self.assertRaises(OSError) as caught:
            # However long the first answer takes: the memory for what is not sent is bounded.
            while True:
                os.write(fd, bytes(MIB))
        self.assertEqual(caught.exception.errno, errno.EIO)
        self.fails(errno.EIO, os.write, fd, b"more")
        self.fails(errno.EIO, os.fsync, fd)
        self.fails(errno.EIO, os.fsync, fd)
        self.fails(errno.EIO, os.close, fd)
        self.no_upload_left()
        self.assertEqual(self.bed.decrypt(self.name), OLD)
        self.assertEqual(read(self.path), OLD)
        reasons = self.log("never this one", mark)
        self.assertEqual(len(reasons), 1, reasons)
        self.assertIn(self.name, reasons[0])
        os.unlink(self.path)
        self.assertEqual(self.bed.head(self.name).status, 404)

    def test_failed_new_file_is_not_there_before_and_after_an_unlink(self):
        self.rule("error", "UploadPart", times=None, status=400, code="InvalidRequest",
                  message="never")
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT)
        self.fails(errno.EIO, lambda: (e2e.write_all(fd, content(SIZE)), os.fsync(fd)))
        self.assertNotIn(self.name, os.listdir(self.mnt))
        try:
            os.unlink(self.path)
            os.close(fd)  # of what nobody wants any more
        except FileNotFoundError:  # the kernel remembers the name for a second only
            self.fails(errno.EIO, os.close, fd)
        self.assertEqual(self.bed.head(self.name).status, 404)
        self.no_upload_left()

    def test_refused_single_put_fails_the_close(self):
        write(self.path, OLD)
        self.rule("access-denied", "PutObject", times=None)
        fd = os.open(self.path, os.O_WRONLY | os.O_TRUNC)
        os.write(fd, b"small")
        self.fails(errno.EACCES, os.close, fd)
        self.assertEqual(self.bed.decrypt(self.name), OLD)

    def test_part_that_fails_and_is_taken_the_next_time(self):
        for action in ("internal-error", "reset-request", "slow-down", "bad-digest"):
            self.rule(action, "UploadPart")
        write(self.path, content(SIZE))
        self.check_object(self.name, content(SIZE))

    def test_complete_that_says_200_and_means_error_fails_the_close(self):
        """Complete answering 200-with-error: close() != 0, old object untouched, nothing left
        behind."""
        write(self.path, OLD)
        etag = self.bed.head(self.name).headers["etag"]
        self.rule("trickle-error", "CompleteMultipartUpload", times=None, code="InvalidPart",
                  message="Part 1 is gone.")
        fd = os.open(self.path, os.O_WRONLY | os.O_TRUNC)
        e2e.write_all(fd, content(SIZE))
        self.fails(errno.EIO, os.close, fd)
        self.assertEqual(self.bed.decrypt(self.name), OLD)
        self.no_upload_left()
        self.assertEqual(self.bed.head(self.name).headers["etag"], etag)
        self.assertEqual(list(self.bed.list(self.name)), [self.name])
        self.assertEqual(read(self.path), OLD)
        lines = self.log(rf"{self.name}.*Part 1 is gone")
        self.assertEqual(len(lines), 1, lines)

    def test_another_checksum_than_was_sent_is_an_error_though_the_object_looks_whole(self):
        for op, size in (("PutObject", 1000), ("UploadPart", SIZE)):
            self.rule("wrong-checksum", op)  # once: sent again
            write(f"{self.path}-{op}", content(size))
            self.check_object(f"{self.name}-{op}", content(size))
            self.rule("wrong-checksum", op, times=None)
            fd = os.open(f"{self.path}-{op}", os.O_WRONLY | os.O_TRUNC)
            try:
                e2e.write_all(fd, content(size, 2))
            except OSError as error:
                self.assertEqual(error.errno, errno.EIO)
            self.fails(errno.EIO, os.close, fd)
            self.assertTrue(self.log(rf"{self.name}-{op}.*another CRC32C"))
            self.bed.s3.control(reset=True)
        self.no_upload_left()
        self.same(self.bed.decrypt(f"{self.name}-UploadPart"), content(SIZE))

    def test_complete_that_says_200_and_means_try_again(self):
        self.rule("error-in-200", "CompleteMultipartUpload")
        write(self.path, content(SIZE))
        self.check_object(self.name, content(SIZE))

    def test_complete_that_trickles_for_seconds(self):
        self.rule("trickle", "CompleteMultipartUpload", seconds=0.3)
        write(self.path, content(SIZE))
        self.check_object(self.name, content(SIZE))

    def test_lost_answer_to_complete_is_a_success(self):
        write(self.path, OLD)
        self.rule("lost-answer", "CompleteMultipartUpload")
        write(self.path, content(SIZE))
        self.check_object(self.name, content(SIZE))

    def test_lost_answer_to_a_single_put_is_a_success(self):
        self.rule("lost-answer", "PutObject")
        write(self.path, b"small")
        self.check_object(self.name, b"small")

    def test_object_of_somebody_else_after_complete_is_an_error(self):
        self.rule("wrong-etag", "CompleteMultipartUpload", times=None)
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT)
        e2e.write_all(fd, content(SIZE))
        self.fails(errno.EIO, os.close, fd)

    def test_close_that_nobody_hears_is_told_to_the_next_open(self):
        # An empty file is made by the release, after close() has returned.
        self.rule("access-denied", "PutObject", times=None)
        os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT))
        self.assertTrue(e2e.eventually(lambda: self.log(rf"{self.name}: LOST")))
        self.fails(errno.EIO, os.open, self.path, os.O_WRONLY | os.O_CREAT)
        self.bed.s3.control(reset=True)
        write(self.path, b"then it works")
        self.check_object(self.name, b"then it works")

    @classmethod
    def tearDownClass(cls):
        # Something was lost here, and the exit status must say so.
        if cls.bed.umount(cls.mnt) == 0:
            raise AssertionError("exit status 0 though a file was lost")


class Outages(FaultTest):
    def test_kms_that_is_down_fails_an_open_in_time_and_nothing_else(self):
        """KMS down at open for write: that open fails within 10 s, nothing half-started, other
        files go on."""
        write(self.path + "-old", OLD)
        self.assertEqual(read(self.path + "-old"), OLD)  # now its key is known
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT)
        e2e.write_all(fd, content(6 * MIB))
        self.bed.kms.control(outage=True)
        uploads = self.bed.list_uploads(self.name)
        mark = self.log_mark()
        self.fails(errno.EIO, os.open, self.path + "-new", os.O_WRONLY | os.O_CREAT)
        self.fails(errno.EIO, os.open, self.path + "-old", os.O_WRONLY | os.O_TRUNC)
        lines = self.log("GenerateDataKey", mark)
        self.assertEqual(len([line for line in lines if "attempts" in line]), 2, lines)
        for line in lines:
            for seconds in re.findall(r"attempts over (\d+) s", line):
                self.assertLessEqual(int(seconds), 10, line)
        # Nothing half-started: no object, no upload, no name.
        self.assertEqual(self.bed.head(self.name + "-new").status, 404)
        self.assertFalse(os.path.exists(self.path + "-new"))
        self.assertEqual([u for u in self.bed.list_uploads(self.name) if u not in uploads
                          and u[0] != self.name], [])
        # Others go on: one that is written, one that is read.
        e2e.write_all(fd, content(6 * MIB, 2))
        os.close(fd)
        self.assertEqual(read(self.path + "-old"), OLD)
        self.bed.kms.control(outage=False)
        self.check_object(self.name, content(6 * MIB) + content(6 * MIB, 2))
        self.check_object(self.name + "-old", OLD)
        write(self.path + "-new", OLD)
        self.check_object(self.name + "-new", OLD)

    def test_kms_that_hangs_fails_an_open_in_time(self):
        # KMS would answer in the end, and the open succeed.
        self.bed.kms.control(delay={"delay": 150, "times": None})
        self.fails(errno.EIO, os.open, self.path, os.O_WRONLY | os.O_CREAT)

    def test_a_part_that_stalls_and_one_whose_answer_is_cut_are_sent_again(self):
        # The client gives a body up that has not moved for half a minute; another one is answered
        # meanwhile by half of what it should be.
        self.rule("stall", "UploadPart", nth=1)
        self.rule("close", "UploadPart", nth=2)
        self.rule("reset", "UploadPart", nth=3)
        write(self.path, content(SIZE))
        self.check_object(self.name, content(SIZE))

    def test_reads_over_cut_reset_stalled_and_wrong_answers_are_whole(self):
        write(self.path, content(SIZE))
        fresh = self.mount_own()
        for nth, action in enumerate(("truncated", "reset-answer", "wrong-range", "wrong-length",
                                      "close", "slow-down", "stall-answer")):
            self.rule(action, "GetObject", nth=nth + 1)
        try:
            found = read(os.path.join(fresh, self.name))
        except OSError as error:  # a wrong range is not tried again: no answer of a sound server
            self.assertEqual(error.errno, errno.EIO)
            found = read(os.path.join(fresh, self.name))
        self.same(found, content(SIZE))

    def test_disabled_key_is_denied_and_named(self):
        self.bed.kms.control(deny={"action": "GenerateDataKey"})
        mark = self.log_mark()
        self.fails(errno.EACCES, os.open, self.path, os.O_WRONLY | os.O_CREAT)
        lines = self.log("GenerateDataKey", mark)
        self.assertEqual(len(lines), 1, lines)
        self.assertIn(self.bed.key_arn, lines[0])

    def test_stat_goes_on_while_a_writer_waits(self):
        # More than fits in memory, and a server that holds every part: a look that waited behind
        # the writes would wait until they are released.
        path = self.mount_own("--memory-limit", "32MiB", "--connections", "4")
        self.rule("hold", "UploadPart", times=None)
        writer = self.in_thread(write, os.path.join(path, self.name), content(50 * MIB))
        self.bed.s3.await_held(4)
        looker = self.in_thread(self.look_around, path)
        try:
            looker.result(e2e.WAIT_S)
            self.assertFalse(writer.done(), "nothing was slow: the test sees nothing")
        finally:
            self.bed.s3.control(release=True)
        writer.result()
        self.check_object(self.name, content(50 * MIB))

    def test_a_read_goes_on_while_a_backup_waits_for_its_line(self):
        path = self.mount_own("--memory-limit", "32MiB", "--connections", "2")
        write(os.path.join(path, "restored"), content(3 * MIB))
        self.rule("hold", "UploadPart", times=None)
        writer = self.in_thread(write, os.path.join(path, self.name), content(50 * MIB))
        self.bed.s3.await_held(2)  # all connections that go up
        reader = self.in_thread(e2e.read, os.path.join(path, "restored"))
        try:
            self.assertEqual(reader.result(e2e.WAIT_S), content(3 * MIB))
            parts = [entry for entry in self.bed.s3.report()["log"]
                     if entry["op"] == "UploadPart" and self.name in entry["key"]]
            self.assertEqual(len(parts), 2, "the read waited until the parts were given up")
        finally:
            self.bed.s3.control(release=True)
        writer.result()

    def look_around(self, path):
        for number in range(20):
            os.stat(os.path.join(path, self.name))
            os.path.exists(os.path.join(path, f"no-such-name-{number}"))


class Interrupted(FaultTest):
    def test_interrupted_fsync_may_be_repeated(self):
        self.rule("hold", "CompleteMultipartUpload", times=None)
        code = ("import signal\nclass Stop(Exception): pass\n"
                "def stop(*_): raise Stop\nsignal.signal(signal.SIGALRM, stop)\n"
                "fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)\n"
                "[os.write(fd, bytes(1 << 20)) for _ in range(7)]\n"
                "try:\n os.fsync(fd)\n print('not interrupted', flush=True)\n"
                "except Stop:\n print('interrupted', flush=True)\n"
                "os.fsync(fd)\nos.write(fd, b'end')\nos.close(fd)\n")
        process = self.python(code, self.path)
        self.bed.s3.await_held()
        process.send_signal(signal.SIGALRM)
        self.assertEqual(process.stdout.readline(), "interrupted\n")
        self.bed.s3.control(release=True)
        process.communicate()
        self.assertEqual(process.returncode, 0)
        self.check_object(self.name, bytes(7 * MIB) + b"end")

    def test_writer_killed_in_fsync_may_have_committed_but_leaves_no_half(self):
        self.rule("hold", "CompleteMultipartUpload")
        process = self.python("fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)\n"
                              "[os.write(fd, bytes(1 << 20)) for _ in range(7)]\n"
                              "print('written', flush=True)\nos.fsync(fd)\n", self.path)
        self.bed.s3.await_held()
        process.kill()
        self.bed.s3.control(release=True)
        process.communicate()
        self.no_upload_left()
        if self.bed.head(self.name).status == 200:
            self.check_object(self.name, bytes(7 * MIB))


class EndOfTheMount(FaultTest):
    """Each with a mount of its own."""

    def own_path(self):
        self.own = self.mount_own()
        self.process = self.bed.find_mount(self.own).process
        return os.path.join(self.own, self.name)

    def ended(self):
        found = self.process.wait(e2e.WAIT_S)
        self.bed.mounts.remove(self.bed.find_mount(self.own))
        self.assertFalse(testbed.is_mounted(self.own))
        return found

    def own_log(self, pattern):
        log = testbed.tail(self.bed.find_mount(self.own).log_path, 10000)
        return [line for line in log.splitlines() if pattern in line]

    def test_sigterm_waits_for_the_open_file(self):
        fd = os.open(self.own_path(), os.O_WRONLY | os.O_CREAT)
        e2e.write_all(fd, content(SIZE))
        self.process.terminate()
        self.assertTrue(e2e.eventually(lambda: self.own_log("still open for writing")))
        # New files are refused meanwhile.
        self.fails(errno.EBUSY, os.open, os.path.join(self.own, "late"), os.O_WRONLY | os.O_CREAT)
        os.write(fd, b"end")
        os.close(fd)
        self.assertEqual(self.ended(), 0)
        self.check_object(self.name, content(SIZE) + b"end")

    def test_second_sigterm_gives_the_open_file_up(self):
        self.bed.put(self.name, OLD)
        fd = os.open(self.own_path(), os.O_WRONLY | os.O_TRUNC | os.O_CREAT)
        e2e.write_all(fd, content(SIZE))
        self.process.terminate()
        self.assertTrue(e2e.eventually(lambda: self.own_log("still open for writing")))
        self.process.terminate()
        self.assertTrue(e2e.eventually(lambda: self.own_log(f"{self.name}: given up")))
        with self.assertRaises(OSError):
            os.write(fd, bytes(MIB))
            os.close(fd)
        self.assertNotEqual(self.ended(), 0)
        self.assertEqual(self.bed.get(self.name), OLD)
        self.no_upload_left()

    def test_second_sigterm_ends_the_mount_though_s3_does_not_answer(self):
        """Neither a Complete that hangs nor the abort after it keep the process."""
        self.bed.put(self.name, OLD)
        self.rule("hold", "CompleteMultipartUpload|AbortMultipartUpload", times=None)
        path = self.own_path()
        process = self.python("fd = os.open(sys.argv[1], os.O_WRONLY | os.O_TRUNC)\n"
                              "[os.write(fd, bytes(1 << 20)) for _ in range(7)]\n"
                              "try:\n os.close(fd)\nexcept OSError:\n sys.exit(3)\n", path)
        self.bed.s3.await_held()
        self.process.terminate()
        self.assertTrue(e2e.eventually(lambda: self.own_log("still open for writing")))
        self.process.terminate()
        self.assertNotEqual(self.ended(), 0)  # before anything was released
        process.communicate()
        self.assertEqual(process.returncode, 3)
        self.bed.s3.control(release=True)
        # What a hanging server was asked for may come about when it wakes up: the old or the new.
        if self.bed.get(self.name) != OLD:
            self.same(self.bed.decrypt(self.name), bytes(7 * MIB))

    def test_stop_timeout_gives_the_open_file_up(self):
        self.own = self.mount_own("--stop-timeout", "1")
        self.process = self.bed.find_mount(self.own).process
        fd = os.open(os.path.join(self.own, self.name), os.O_WRONLY | os.O_CREAT)
        e2e.write_all(fd, content(SIZE))
        self.process.terminate()
        self.assertTrue(e2e.eventually(lambda: self.own_log(f"{self.name}: given up")))
        with self.assertRaises(OSError):
            os.write(fd, bytes(MIB))
            os.close(fd)
        self.assertNotEqual(self.ended(), 0)
        self.assertEqual(self.bed.head(self.name).status, 404)
        self.no_upload_left()

    def test_umount_right_after_the_close(self):
        for number in range(5):
            path = self.own_path()
            write(path, content(SIZE, number))
            self.assertEqual(self.bed.umount(self.own), 0)
            self.same(self.bed.decrypt(self.name), content(SIZE, number))

    def test_umount_right_after_the_close_of_an_empty_file(self):
        write(self.own_path(), b"")
        self.assertEqual(self.bed.umount(self.own), 0)
        self.check_object(self.name, b"")

    def test_umount_of_a_mount_in_use_is_busy(self):
        fd = os.open(self.own_path(), os.O_WRONLY | os.O_CREAT)
        os.write(fd, b"x")
        self.tool("umount", self.own, status=32)
        os.write(fd, b"y")
        os.close(fd)
        self.assertEqual(self.bed.umount(self.own), 0)
        self.check_object(self.name, b"xy")

    def test_killed_mount_leaves_nothing_half_and_can_be_mounted_again(self):
        write(self.own_path(), OLD)
        fd = os.open(os.path.join(self.own, self.name), os.O_WRONLY | os.O_TRUNC)
        e2e.write_all(fd, content(SIZE))
        self.process.kill()
        self.process.wait()
        self.fails(errno.ENOTCONN, os.write, fd, bytes(MIB))
        with self.assertRaises(OSError):
            os.close(fd)
        self.assertEqual(self.bed.decrypt(self.name), OLD)
        done = self.bed.run(["mount", self.bed.url(), self.own, "--foreground",
                             *self.bed.server_args()])
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"fusermount3 -uz " + self.own.encode(), done.stderr)
        self.tool("fusermount3", "-uz", self.own)
        again = subprocess.Popen([self.bed.binary, "mount", self.bed.url(), self.own,
                                  "--foreground", *self.bed.server_args()], env=self.bed.env,
                                 stderr=subprocess.DEVNULL)
        self.assertTrue(e2e.eventually(lambda: testbed.is_mounted(self.own)))
        self.assertEqual(read(os.path.join(self.own, self.name)), OLD)
        self.tool("umount", self.own)
        self.assertEqual(again.wait(e2e.WAIT_S), 0)


if __name__ == "__main__":
    unittest.main()
