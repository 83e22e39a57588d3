#!/usr/bin/python3
"""The life of a key: disabled, scheduled for deletion, cancelled, enabled again, access revoked and
granted again, KMS out of reach and throttled, at every moment of writing and reading.

Each test has a key and a mount of its own. docs/SEMANTICS.md ("The life of a key") is what holds.
"""

import errno
import functools
import json
import os
import re
import sys
import time
import unittest

import e2e
from e2e import MIB, content, read, write

ACCOUNT = "arn:aws:iam::111122223333:root"
SMALL, LARGE = 1000, 12 * MIB  # held and put at once; several parts of 5 MiB
KEY_LIFE_S = 300


def policy(*denied):
    allow = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Resource": "*",
            "Action": [f"kms:{action}" for action in denied]}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow] + [deny] * bool(denied)})


class Key:
    """A key and what may befall it."""

    def __init__(self, bed):
        self.kms, self.arn = bed.kms, bed.create_key()

    def call(self, action, **request):
        status, answer = self.kms.call(action, KeyId=self.arn, **request)
        if status != 200:
            raise AssertionError(f"{action}: {answer}")

    def disable(self):
        self.call("DisableKey")

    def enable(self):
        self.call("EnableKey")

    def schedule_deletion(self):
        self.call("ScheduleKeyDeletion", PendingWindowInDays=7)

    def cancel_and_enable(self):
        self.call("CancelKeyDeletion")
        self.enable()

    def revoke(self):
        self.call("PutKeyPolicy", Policy=policy("GenerateDataKey", "Decrypt"))

    def revoke_writing(self):
        self.call("PutKeyPolicy", Policy=policy("GenerateDataKey"))

    def grant(self):
        self.call("PutKeyPolicy", Policy=policy())


# What befalls a key, what mends it, what the log says of state and remedy.
STATES = {
    "disabled": (Key.disable, Key.enable, ["DisabledException", "is disabled", "enable-key"]),
    "pending deletion": (Key.schedule_deletion, Key.cancel_and_enable,
                         ["KMSInvalidStateException", "pending deletion", "cancel-key-deletion",
                          "enable-key"]),
    "access revoked": (Key.revoke, Key.grant,
                       ["AccessDeniedException", "not authorized", "the IAM policy and the key "
                        "policy"]),
}


class KeyTest(e2e.BedTest):
    BED = {"store": "script"}
    OPTIONS = ()

    def setUp(self):
        self.addCleanup(self.bed.kms.control, reset=True)
        self.other = 0

    def new_mount(self, *options):
        """A key of its own, a mount, a name below it."""
        self.other += 1
        self.key = Key(self.bed)
        self.name = f"{self._testMethodName}-{self.other}"
        self.mnt = self.mount_again(*options)
        self.path = os.path.join(self.mnt, self.name)

    def mount_again(self, *options):
        mnt = self.bed.mount(["--log-level", "info", "--kms-key-id", self.key.arn, *self.OPTIONS,
                              *options])
        mount = self.bed.find_mount(mnt)
        self.addCleanup(lambda: mount in self.bed.mounts and self.bed.drop_mount(mount))
        return mnt

    def each_state(self, *options):
        """A key and a mount for each state: how it comes about, how it ends, what the log says."""
        for befall, mend, words in STATES.values():
            self.new_mount(*options)
            yield functools.partial(befall, self.key), functools.partial(mend, self.key), words

    def ends_well(self):
        self.assertEqual(self.bed.umount(self.mnt), 0)

    def log_mark(self, mnt=None):
        return len(self.bed.mount_log(mnt or self.mnt))

    def told(self, action, words, mark=0, mnt=None):
        """One line of the log names the file, the key, the action, the state and the remedy."""
        lines = [line for line in self.bed.mount_log(mnt or self.mnt)[mark:].splitlines()
                 if "kms:" in line and not re.search(r"attempt \d+ failed", line)]
        self.assertEqual(len(lines), 1, lines)
        for word in [self.name, self.key.arn, f"kms:{action}", *words]:
            self.assertIn(word, lines[0])

    def open_refused(self, number, flags, path=None):
        """In time."""
        begun = time.monotonic()
        self.fails(number, os.open, path or self.path, flags, 0o644)
        self.assertLess(time.monotonic() - begun, 11)

    def check(self, data, key=None):
        self.check_object(key or self.name, data)

    def no_upload_left(self):
        e2e.eventually(lambda: not self.bed.list_uploads(self.name))
        self.assertEqual(self.bed.list_uploads(self.name), [])


class Opening(KeyTest):
    def test_a_new_file_is_refused_and_the_log_says_what_to_do(self):
        for befall, mend, words in self.each_state():
            befall()
            self.open_refused(errno.EACCES, os.O_WRONLY | os.O_CREAT)
            self.told("GenerateDataKey", words)
            self.assertFalse(os.path.exists(self.path))
            self.assertEqual(self.bed.list(self.name), {})
            mend()
            write(self.path, content(SMALL))
            self.check(content(SMALL))
            self.ends_well()

    def test_a_file_that_is_to_be_replaced_stays(self):
        for befall, mend, words in self.each_state():
            write(self.path, content(SMALL))
            befall()
            self.open_refused(errno.EACCES, os.O_WRONLY | os.O_TRUNC)
            self.told("GenerateDataKey", words)
            self.fails(errno.EACCES, os.truncate, self.path, 0)
            mend()
            self.check(content(SMALL))
            write(self.path, b"new")
            self.check(b"new")
            self.ends_well()

    def test_a_file_that_is_to_be_changed_stays(self):
        for befall, mend, words in self.each_state():
            write(self.path, content(SMALL))
            fresh = self.mount_again()
            path = os.path.join(fresh, self.name)
            befall()
            self.open_refused(errno.EACCES, os.O_RDWR, path)
            self.told("Decrypt", words, mnt=fresh)
            self.open_refused(errno.EACCES, os.O_WRONLY | os.O_APPEND, path)
            self.fails(errno.EACCES, os.truncate, path, 5)
            mend()
            write(path, b"more", os.O_WRONLY | os.O_APPEND)
            self.check(content(SMALL) + b"more")
            self.assertEqual(self.bed.umount(fresh), 0)

    def test_other_keys_and_other_files_go_on(self):
        for befall, mend, _ in self.each_state():
            before = os.open(self.path + "-before", os.O_WRONLY | os.O_CREAT)
            e2e.write_all(before, content(LARGE))
            write(self.path + "-closed", content(SMALL))
            elsewhere = self.mount_again("--kms-key-id", self.bed.key_arn)
            befall()
            self.open_refused(errno.EACCES, os.O_WRONLY | os.O_CREAT)
            # What does not take a key works on.
            e2e.write_all(before, content(SMALL, 2))
            os.close(before)
            self.assertEqual(os.stat(self.path + "-closed").st_size, SMALL)
            os.rename(self.path + "-closed", self.path + "-moved")
            self.assertEqual(sorted(n for n in os.listdir(self.mnt) if n.startswith(self.name)),
                             [self.name + "-before", self.name + "-moved"])
            os.unlink(self.path + "-moved")
            write(os.path.join(elsewhere, self.name), content(SMALL))
            mend()
            self.check(content(LARGE) + content(SMALL, 2), self.name + "-before")
            self.check(content(SMALL))
            self.ends_well()

    def test_a_key_whose_deletion_was_cancelled_is_still_disabled(self):
        self.new_mount()
        self.key.schedule_deletion()
        self.key.call("CancelKeyDeletion")
        self.open_refused(errno.EACCES, os.O_WRONLY | os.O_CREAT)
        self.told("GenerateDataKey", STATES["disabled"][2])
        self.key.enable()
        write(self.path, content(SMALL))
        self.check(content(SMALL))

    def test_a_key_that_is_gone_is_named(self):
        self.new_mount()
        self.bed.kms.control(delete_key=self.key.arn)
        self.open_refused(errno.EACCES, os.O_WRONLY | os.O_CREAT)
        self.told("GenerateDataKey", ["NotFoundException", "deleted"])

    def test_a_mount_under_a_key_that_cannot_be_used_is_refused(self):
        for befall, _, words in self.each_state():
            befall()
            with self.assertRaises(e2e.testbed.TestbedError) as caught:
                self.mount_again()
            for word in [self.key.arn, words[-1].split("-")[0]]:
                self.assertIn(word, str(caught.exception))


class Writing(KeyTest):
    def test_a_file_under_way_goes_on_and_is_committed(self):
        for befall, mend, _ in self.each_state():
            fd = os.open(self.path, os.O_WRONLY | os.O_CREAT)
            e2e.write_all(fd, content(LARGE))
            befall()
            e2e.write_all(fd, content(LARGE, 2))
            os.close(fd)
            mend()
            self.check(content(LARGE) + content(LARGE, 2))
            self.ends_well()

    def test_a_file_that_was_synced_goes_on_too(self):
        for befall, mend, _ in self.each_state():
            fd = os.open(self.path, os.O_WRONLY | os.O_CREAT)
            e2e.write_all(fd, content(LARGE))
            os.fsync(fd)
            befall()
            e2e.write_all(fd, content(SMALL, 2))
            os.fsync(fd)
            e2e.write_all(fd, content(SMALL, 3))
            os.close(fd)
            mend()
            self.check(content(LARGE) + content(SMALL, 2) + content(SMALL, 3))
            self.ends_well()

    def test_a_small_file_that_was_synced_goes_on_too(self):
        self.new_mount()
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT)
        e2e.write_all(fd, content(SMALL))
        os.fsync(fd)
        self.key.disable()
        self.same(os.pread(fd, SMALL, 0), content(SMALL))
        e2e.write_all(fd, content(SMALL, 2))
        os.close(fd)
        self.key.enable()
        self.check(content(SMALL) + content(SMALL, 2))
        self.ends_well()

    def test_an_append_that_was_opened_before_goes_on(self):
        for size in (SMALL, LARGE):
            with self.subTest(size=size):
                self.new_mount()
                write(self.path, content(size))
                fd = os.open(self.path, os.O_WRONLY | os.O_APPEND)
                self.key.disable()
                for number in (2, 3):
                    e2e.write_all(fd, content(SMALL, number))
                    os.fsync(fd)
                os.close(fd)
                self.key.enable()
                self.check(content(size) + content(SMALL, 2) + content(SMALL, 3))
                self.ends_well()

    def test_a_rewrite_fails_when_it_needs_a_new_key_and_the_old_object_stays(self):
        for befall, mend, words in self.each_state():
            write(self.path, content(LARGE))
            fd = os.open(self.path, os.O_RDWR)
            befall()
            os.pwrite(fd, b"changed", 100)
            self.assertEqual(os.pread(fd, 7, 100), b"changed")
            self.fails(errno.EACCES, os.fsync, fd)
            self.told("GenerateDataKey", words)
            # For good: it may be enabled again, these bytes are lost.
            mend()
            self.fails(errno.EACCES, os.pwrite, fd, b"again", 100)
            self.fails(errno.EACCES, os.fsync, fd)
            self.fails(errno.EACCES, os.close, fd)
            self.check(content(LARGE))
            self.no_upload_left()
            # The very next open works.
            fd = os.open(self.path, os.O_RDWR)
            os.pwrite(fd, b"changed", 100)
            os.close(fd)
            self.check(content(LARGE)[:100] + b"changed" + content(LARGE)[107:])
            self.ends_well()

    def test_a_rewrite_that_streams_fails_where_it_is(self):
        self.new_mount("--hold-size", "0")
        write(self.path, content(LARGE))
        fd = os.open(self.path, os.O_RDWR)
        self.key.disable()
        with self.assertRaises(OSError) as caught:
            for offset in range(0, LARGE, MIB):
                os.pwrite(fd, bytes(MIB), offset)
            os.fsync(fd)
        self.assertEqual(caught.exception.errno, errno.EACCES)
        self.told("GenerateDataKey", STATES["disabled"][2])
        self.fails(errno.EACCES, os.close, fd)
        self.key.enable()
        self.check(content(LARGE))
        self.no_upload_left()

    def test_a_known_file_can_still_be_opened_and_fails_at_the_change(self):
        self.new_mount()
        write(self.path, content(LARGE))
        read(self.path)  # the mount knows its key for five minutes
        self.key.disable()
        fd = os.open(self.path, os.O_RDWR)
        os.pwrite(fd, b"changed", 100)
        self.fails(errno.EACCES, os.close, fd)
        self.key.enable()
        self.check(content(LARGE))
        self.ends_well()

    def test_appending_takes_no_right_to_make_keys(self):
        self.new_mount()
        write(self.path, content(LARGE))
        self.key.revoke_writing()
        write(self.path, b"more", os.O_WRONLY | os.O_APPEND)
        self.key.grant()
        self.check(content(LARGE) + b"more")
        self.ends_well()

    def test_unmounting_with_a_key_that_is_disabled_commits_what_was_closed(self):
        for befall, mend, _ in self.each_state():
            fd = os.open(self.path, os.O_WRONLY | os.O_CREAT)
            e2e.write_all(fd, content(LARGE))
            befall()
            os.close(fd)
            self.ends_well()
            mend()
            self.check(content(LARGE))


class Authenticated(KeyTest):
    """gcm and commit never go on under a key: one key, one content."""

    def test_a_write_after_a_sync_takes_a_new_key_and_the_synced_state_stays(self):
        for form in ("gcm", "commit"):
            with self.subTest(format=form):
                self.new_mount("--format", form)
                fd = os.open(self.path, os.O_RDWR | os.O_CREAT)
                e2e.write_all(fd, content(LARGE))
                self.key.disable()
                os.fsync(fd)
                os.write(fd, b"more")
                self.same(os.pread(fd, 9, LARGE - 5), content(LARGE)[-5:] + b"more")
                self.fails(errno.EACCES, os.fsync, fd)
                self.told("GenerateDataKey", STATES["disabled"][2])
                self.fails(errno.EACCES, os.close, fd)
                self.key.enable()
                self.check(content(LARGE))
                write(self.path, b"more", os.O_WRONLY | os.O_APPEND)
                self.check(content(LARGE) + b"more")


class Reading(KeyTest):
    def test_who_reads_reads_on(self):
        for befall, _, _ in self.each_state():
            write(self.path, content(LARGE))
            with open(self.path, "rb", buffering=0) as file:
                self.same(file.read(100), content(LARGE)[:100])
                befall()
                self.same(e2e.read_rest(file), content(LARGE)[100:])
                self.same(e2e.read_rest(file, 0), content(LARGE))
            self.ends_well()

    def test_a_new_reader_is_refused_and_the_log_says_what_to_do(self):
        for befall, mend, words in self.each_state():
            write(self.path, content(LARGE))
            befall()
            self.open_refused(errno.EACCES, os.O_RDONLY)
            self.told("Decrypt", words)
            self.assertEqual(os.stat(self.path).st_size, LARGE)
            mend()
            self.same(read(self.path), content(LARGE))
            self.ends_well()

    def test_a_new_reader_of_a_known_file_reads_on(self):
        for befall, mend, words in self.each_state():
            write(self.path, content(LARGE))
            read(self.path)
            befall()
            self.same(read(self.path), content(LARGE))
            fresh = self.mount_read_only(mend, befall)
            self.open_refused(errno.EACCES, os.O_RDONLY, os.path.join(fresh, self.name))
            self.told("Decrypt", words, mnt=fresh)
            self.ends_well()

    def mount_read_only(self, mend, befall):
        """A mount can only be made while the key can be used."""
        mend()
        fresh = self.mount_again("--read-only")
        befall()
        return fresh

    def test_a_version_that_is_new_is_asked_for_anew(self):
        self.new_mount()
        write(self.path, content(SMALL))
        read(self.path)
        write(self.path, content(SMALL, 2))
        self.key.disable()
        self.open_refused(errno.EACCES, os.O_RDONLY)
        self.key.enable()
        self.same(read(self.path), content(SMALL, 2))

    def test_who_follows_a_file_that_is_written_asks_when_it_is_closed(self):
        self.new_mount()
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT)
        os.write(fd, content(SMALL))
        with open(self.path, "rb", buffering=0) as follower:
            self.same(os.pread(follower.fileno(), SMALL, 0), content(SMALL))
            self.key.disable()
            self.same(os.pread(follower.fileno(), SMALL, 0), content(SMALL))
            os.close(fd)
            self.assertTrue(e2e.eventually(lambda: self.bed.list(self.name)))
            self.assertTrue(e2e.eventually(lambda: self.refused(follower.fileno())))
            self.key.enable()
            self.same(os.pread(follower.fileno(), SMALL, 0), content(SMALL))

    def refused(self, fd):
        try:
            os.pread(fd, SMALL, 0)
        except OSError as error:
            self.assertEqual(error.errno, errno.EACCES)
            return True
        return False


class OutOfReach(KeyTest):
    """KMS is down, hangs or throttles: EIO, that is, and the same for all else."""

    def test_kms_that_is_down(self):
        self.new_mount()
        before = os.open(self.path + "-before", os.O_RDWR | os.O_CREAT)
        e2e.write_all(before, content(LARGE))
        write(self.path, content(LARGE))
        rewritten = os.open(self.path, os.O_RDWR)
        os.pwrite(rewritten, b"changed", 100)
        mark = self.log_mark()
        self.bed.kms.control(outage=True)
        os.fsync(before)
        self.open_refused(errno.EIO, os.O_WRONLY | os.O_CREAT, self.path + "-new")
        self.told("GenerateDataKey", ["-new", "attempts"], mark)
        mark = self.log_mark()
        self.fails(errno.EIO, os.fsync, rewritten)
        self.told("GenerateDataKey", ["attempts"], mark)
        self.fails(errno.EIO, os.close, rewritten)
        e2e.write_all(before, content(SMALL, 2))
        os.close(before)
        self.same(read(self.path), content(LARGE))  # its key is known
        self.bed.kms.control(outage=False)
        write(self.path + "-new", content(SMALL))
        self.check(content(SMALL), self.name + "-new")
        self.check(content(LARGE) + content(SMALL, 2), self.name + "-before")
        self.check(content(LARGE))
        self.ends_well()

    def test_kms_that_throttles_for_a_moment_is_not_noticed(self):
        self.new_mount()
        self.bed.kms.control(throttle=2)
        write(self.path, content(SMALL))
        fresh = self.mount_again()
        self.bed.kms.control(throttle=2)
        self.same(read(os.path.join(fresh, self.name)), content(SMALL))

    def test_kms_that_throttles_on_is_told(self):
        self.new_mount()
        write(self.path, content(SMALL))
        self.bed.kms.control(throttle={"times": None})
        self.open_refused(errno.EIO, os.O_WRONLY | os.O_CREAT, self.path + "-new")
        self.told("GenerateDataKey", ["ThrottlingException", "quota"])
        mark = self.log_mark()
        self.open_refused(errno.EIO, os.O_RDONLY)
        self.told("Decrypt", ["ThrottlingException", "quota"], mark)
        self.bed.kms.control(reset=True)
        write(self.path + "-new", content(SMALL))
        self.same(read(self.path), content(SMALL))


@unittest.skipUnless("--long" in sys.argv, "takes as long as a key is known")
class AfterFiveMinutes(KeyTest):
    def test_open_files_go_on_and_a_new_reader_is_refused(self):
        self.new_mount()
        write(self.path, content(LARGE))
        reader = os.open(self.path, os.O_RDONLY)
        write(self.path + "-appended", content(LARGE))
        appending = os.open(self.path + "-appended", os.O_WRONLY | os.O_APPEND)
        synced = os.open(self.path + "-synced", os.O_WRONLY | os.O_CREAT)
        e2e.write_all(synced, content(LARGE))
        os.fsync(synced)
        self.key.disable()
        self.same(read(self.path), content(LARGE))
        time.sleep(KEY_LIFE_S + 5)
        self.open_refused(errno.EACCES, os.O_RDONLY)
        with os.fdopen(reader, "rb", buffering=0) as file:
            self.same(e2e.read_rest(file), content(LARGE))
        for fd in (appending, synced):
            os.write(fd, b"more")
            os.close(fd)
        self.key.enable()
        self.same(read(self.path), content(LARGE))
        for name in ("-appended", "-synced"):
            self.check(content(LARGE) + b"more", self.name + name)
        self.ends_well()


if __name__ == "__main__":
    long = "--long" in sys.argv
    unittest.main(argv=sys.argv[:1] + [a for a in sys.argv[1:] if a != "--long"],
                  defaultTest="AfterFiveMinutes" if long else None)
