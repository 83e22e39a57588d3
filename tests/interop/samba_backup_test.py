"""Backups by SQL Server on Windows over SMB: the same requests, in the same order (smb2_client.py).

The bytes are compared three times: as the share reads them, as the mount reads them, and as
scripts/decrypt.py takes them from the bucket.
"""

import os
import re
import signal
import subprocess
import time
import unittest

import smbd
from common import MIB, SKIPPED, BedTest, make_bytes, need_programs, read_file
from smb2_client import (ACCESS_DENIED, COLLISION, CREATE, DELETE, GENERIC_READ_WRITE,
                         IO_DEVICE_ERROR, NON_DIRECTORY, NOT_FOUND, OPEN, OPEN_IF, OVERWRITE_IF,
                         SEQUENTIAL, SHARE_ALL, SHARE_NONE, SHARING_VIOLATION, Client, Refused)

DEPTH = 8


class ShareTest(BedTest):
    """A mount, smbd, and what a backup does step by step."""

    MOUNT_ARGS = ("--part-size", "5MiB", "--hold-size", "1MiB", "--log-level", "info")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mount, cls.smbd = smbd.share_mount(cls.bed, *cls.MOUNT_ARGS)
        cls.addClassCleanup(cls.smbd.stop)

    def setUp(self):
        self.name = re.sub("^test_", "", self._testMethodName) + ".bak"
        self.client = self.connect()

    def connect(self):
        client = Client(self.smbd.address, self.smbd.port, smbd.USER, smbd.PASSWORD, smbd.SHARE)
        self.addCleanup(client.bye)
        return client

    def refused(self, status, function, *arguments):
        with self.assertRaises(Refused) as caught:
            function(*arguments)
        self.assertEqual(hex(caught.exception.status), hex(status), caught.exception)

    def start(self, name, presize):
        """Opened, made, given its size: as far as BACKUP goes before the first byte."""
        file, created = self.client.open_or_create(name)
        self.assertTrue(created, f"{name} was there")
        self.assertEqual(file.sector_sizes()[0], 512)
        if presize is not None:
            file.set_end(presize)
            self.assertEqual(file.size(), presize)
        return file

    def write_head(self, file, data):
        """The small ones at the beginning; where they end."""
        at = 0
        for size in (4096, 4096, 1024, 1024, 4096, 2048):
            file.write_many(data[at:at + size], 1, at)
            at += size
        return at

    def backup(self, name, data, presize=None, trim_first=True):
        file = self.start(name, presize)
        head = self.write_head(file, data)
        file.write_many(data[head:], DEPTH, head)
        for step in ("trim", "flush") if trim_first else ("flush", "trim"):
            if step == "flush":
                file.flush()
            elif presize is not None:
                file.set_end(len(data))
        self.assertEqual(file.close(), len(data))

    def assert_same(self, found, expected, how):
        self.assertTrue(found == expected, f"{how}: {len(found)} bytes, {len(expected)} expected"
                        if len(found) != len(expected) else f"{how}: content differs")

    def assert_everywhere(self, name, data):
        file = self.client.open(name, OPEN)
        self.assertEqual(file.size(), len(data))
        # RESTORE reads on behind the end.
        self.assert_same(file.read_many(len(data) + 3 * MIB + 100, DEPTH), data, "share")
        file.close()
        self.assert_same(read_file(os.path.join(self.mount, name)), data, "mount")
        self.assert_same(self.bed.decrypt(name), data, "bucket")
        self.no_upload_left(name)

    def is_there(self):
        try:
            self.client.open(self.name, OPEN, SHARE_ALL).close()
            return True
        except Refused as refused:
            if refused.status == NOT_FOUND:
                return False
            # The smbd of a broken connection is still about to close it.
            self.assertIn(refused.status, (SHARING_VIOLATION, ACCESS_DENIED), refused)
            return True

    def is_deleted(self):
        try:
            self.client.delete(self.name)
        except Refused as refused:
            self.assertEqual(hex(refused.status), hex(SHARING_VIOLATION))
        return not self.is_there()

    def no_upload_left(self, name):
        self.eventually(lambda: name not in [key for key, _ in self.bed.list_uploads()])

    def eventually(self, predicate):
        """What the server does after a client is gone."""
        deadline = time.monotonic() + 120
        while not predicate():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)


class Backups(ShareTest):
    def test_every_setting_of_the_example_is_in_force(self):
        for name, value in smbd.example_settings().items():
            if name in ("path", *smbd.REPLACED):
                continue
            done = subprocess.run(
                [smbd.TESTPARM, "-s", "--section-name", smbd.SHARE, "--parameter-name", name,
                 self.smbd.conf], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True, check=False)
            found = done.stdout.strip().lower()
            self.assertEqual(found, value.lower(), name)

    def test_full_backup_presized_and_trimmed(self):
        data = make_bytes(23 * MIB + 4096 + 512, "full")
        self.backup(self.name, data, 25 * MIB)
        self.assert_everywhere(self.name, data)

    def test_full_backup_flushed_before_it_is_trimmed(self):
        data = make_bytes(12 * MIB + 512, "flushed first")
        self.backup(self.name, data, 40 * MIB, trim_first=False)
        self.assert_everywhere(self.name, data)

    def test_compressed_backup_outgrows_its_size(self):
        data = make_bytes(18 * MIB + 1024, "outgrown")
        self.backup(self.name, data, 6 * MIB)
        self.assert_everywhere(self.name, data)

    def test_backup_without_a_size_before_the_data(self):
        data = make_bytes(11 * MIB + 4096, "grown")
        self.backup(self.name, data)
        self.assert_everywhere(self.name, data)

    def test_size_set_as_an_allocation(self):
        data = make_bytes(7 * MIB, "allocation")
        file = self.start(self.name, None)
        file.set_allocation(9 * MIB)
        self.assertEqual(file.size(), 0)
        file.write_many(data, DEPTH)
        file.set_end(len(data))
        file.flush()
        self.assertEqual(file.close(), len(data))
        self.assert_everywhere(self.name, data)

    def test_transfers_of_four_mebibytes_are_cut_by_the_client(self):
        """Windows sends a 4 MiB buffer as four requests; six buffers are 24 at once."""
        data = make_bytes(32 * MIB, "deep")
        file = self.start(self.name, len(data) + 2 * MIB)
        file.write_many(data, 24)
        file.set_end(len(data))
        file.flush()
        file.close()
        self.assert_everywhere(self.name, data)

    def test_striped_over_four_files(self):
        stripes = {f"stripe-{i}.bak": make_bytes(9 * MIB + i * 512, i) for i in range(4)}
        files = {name: self.start(name, 10 * MIB) for name in stripes}
        waiting = []
        for at in range(0, 10 * MIB, MIB):
            for name, data in stripes.items():
                if at < len(data):
                    waiting.append((files[name], files[name].send_write(at, data[at:at + MIB])))
            while len(waiting) > 4 * 4:
                file, piece = waiting.pop(0)
                file.wait_write(piece)
        for file, piece in waiting:
            file.wait_write(piece)
        for name, file in files.items():
            file.set_end(len(stripes[name]))
        flushes = [(file, file.send_flush()) for file in files.values()]
        for file, message in flushes:
            self.client.wait(message, f"{file.name}: FLUSH")
        for name, file in files.items():
            self.assertEqual(file.close(), len(stripes[name]))
        for name, data in stripes.items():
            self.assert_everywhere(name, data)

    def test_noinit_appends_a_second_backup(self):
        data = make_bytes(14 * MIB + 1024, "noinit")
        old = 8 * MIB + 512
        self.backup(self.name, data[:old], 10 * MIB)
        file, created = self.client.open_or_create(self.name)
        self.assertFalse(created)
        for offset in (0, 4096, old - 4096, 8192):
            self.assert_same(file.read(offset, 4096), data[offset:offset + 4096], f"at {offset}")
        file.set_end(len(data) + MIB)
        file.write_many(data[old:], DEPTH, old)
        file.set_end(len(data))
        file.flush()
        self.assertEqual(file.close(), len(data))
        self.assert_everywhere(self.name, data)

    def test_restore_asks_for_other_sizes_than_were_written(self):
        data = make_bytes(6 * MIB + 512, "restore")
        self.backup(self.name, data)
        file = self.client.open(self.name, OPEN)
        for transfer in (65536, 512 << 10, 4 * MIB):
            self.assert_same(file.read_many(len(data) + MIB, 7, transfer), data, str(transfer))
        self.assertEqual(file.read(len(data) - 512, 4096), data[-512:])
        self.assertEqual(file.read(len(data), 512), b"")
        file.close()

    def test_copy_by_explorer_never_flushes(self):
        data = make_bytes(13 * MIB + 3, "explorer")
        file = self.client.open(self.name, OVERWRITE_IF, SHARE_ALL, NON_DIRECTORY | SEQUENTIAL)
        file.set_end(len(data))
        file.write_many(data, 4)
        self.assertEqual(file.close(), len(data))
        self.assert_everywhere(self.name, data)


class Sharing(ShareTest):
    def test_second_open_of_a_backup_is_a_sharing_violation(self):
        other = self.connect()
        file = self.start(self.name, 2 * MIB)
        for share in (SHARE_NONE, SHARE_ALL):
            self.refused(SHARING_VIOLATION, self.client.open, self.name, OPEN, share)
        for client in (self.client, other):
            self.refused(COLLISION, client.open, self.name, CREATE)
            self.refused(SHARING_VIOLATION, client.delete, self.name)
        # From another connection smbd opens the file before it looks at the share modes, and knows
        # no better word for EBUSY.
        self.refused(ACCESS_DENIED, other.open, self.name, OPEN)
        data = make_bytes(MIB, "shared")
        file.write_many(data)
        file.set_end(MIB)
        file.flush()
        file.close()
        again = other.open(self.name, OPEN)
        self.assert_same(again.read_many(MIB), data, "by the other one")
        again.close()

    def test_no_open_outlives_its_connection(self):
        """A durable open would be closed and opened again by smbd: half a file with the name."""
        file = self.client.open_durably(self.name)
        self.assertFalse(file.durable)
        file.close()

    def test_connection_that_breaks_looks_like_a_close(self):
        """What had come is published under the name; the gaps between are zeros."""
        data = make_bytes(16 * MIB, "broken")
        file = self.start(self.name, 20 * MIB)
        file.write_many(data[:12 * MIB], DEPTH)
        for at in range(12 * MIB, 16 * MIB, MIB):
            file.send_write(at, data[at:at + MIB])
        self.client.drop()
        self.client = self.connect()
        self.eventually(lambda: self.bed.head(self.name).status == 200)
        self.no_upload_left(self.name)
        found = self.bed.decrypt(self.name)
        self.assertEqual(len(found), 20 * MIB)
        self.assert_same(found[:12 * MIB], data[:12 * MIB], "what was answered")
        for at in range(12 * MIB, 20 * MIB, 4096):
            page, written = found[at:at + 4096], data[at:at + 4096]
            # smbd's thread may end in the middle of a write.
            size = len(os.path.commonprefix([page, written]))
            self.assertFalse(page[size:].strip(b"\0"), f"page at {at}: neither data nor zeros")
        self.eventually(self.is_deleted)
        self.backup(self.name, data, 20 * MIB)
        self.assert_everywhere(self.name, data)

    def test_smbd_that_is_killed_publishes_nothing(self):
        data = make_bytes(8 * MIB, "killed")
        before = self.smbd.children()
        other, self.client = self.client, self.connect()
        (child,) = self.smbd.children() - before
        self.start(self.name, 9 * MIB).write_many(data, DEPTH)
        os.kill(child, signal.SIGKILL)
        self.eventually(lambda: not os.path.exists(os.path.join(self.mount, self.name)))
        self.assertEqual(self.bed.head(self.name).status, 404)
        self.no_upload_left(self.name)
        self.client = other
        self.backup(self.name, data, 9 * MIB)
        self.assert_everywhere(self.name, data)

    def test_failed_backup_is_deleted(self):
        for name, delete in (("closed", lambda file: (file.close(), self.client.delete("closed"))),
                             ("marked", lambda file: (file.set_delete(), file.close(False)))):
            file = self.client.open(name, OPEN_IF, access=GENERIC_READ_WRITE | DELETE)
            file.set_end(20 * MIB)
            file.write_many(make_bytes(7 * MIB, name), DEPTH)
            delete(file)
            self.refused(NOT_FOUND, self.client.open, name, OPEN)
            self.assertEqual(self.bed.head(name).status, 404)
            self.no_upload_left(name)

    def test_rename_of_a_finished_backup(self):
        data = make_bytes(6 * MIB, "renamed")
        self.backup(self.name, data)
        file = self.client.open(self.name, OPEN, SHARE_ALL, NON_DIRECTORY, DELETE)
        file.rename("renamed.bak")
        file.close()
        self.refused(NOT_FOUND, self.client.open, self.name, OPEN)
        self.assert_everywhere("renamed.bak", data)


class ScriptedTest(ShareTest):
    """S3 is the scripted server, which does wrong what it is told to."""

    BED = {"store": "script"}
    MOUNT_ARGS = (*ShareTest.MOUNT_ARGS, "--memory-limit", "32MiB", "--window", "12MiB")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.bed.s3.control, reset=True)

    def rule(self, action, op, **more):
        self.bed.s3.control(rules=[{"action": action, "op": op, "key": self.name, **more}])


class Slow(ScriptedTest):
    """Where the time goes when S3 is slow: it holds requests until the test has seen enough."""

    def hold(self, op):
        self.rule("hold", op, times=None)
        self.addCleanup(self.bed.s3.control, release=True)

    def release(self):
        self.bed.s3.control(release=True)

    def changes(self):
        """Requests that changed something in the bucket, so far."""
        return [entry["op"] for entry in self.bed.s3.report()["log"]
                if entry["op"] not in ("HeadObject", "GetObject", "ListObjectsV2", "HeadBucket",
                                       "ListMultipartUploads")]

    def echo_comes_before(self, message, what):
        """The session answers while that request is at work."""
        self.assertTrue(self.client.wait_async(message), f"{what} was not slow")
        echo = self.client.send_echo()
        self.client.wait(echo, "ECHO")
        self.assertFalse(self.client.answered(message), f"ECHO waited for {what}")

    def test_echo_is_answered_while_a_flush_waits_for_s3(self):
        data = make_bytes(12 * MIB, "slow flush")
        self.hold("CompleteMultipartUpload")
        file = self.start(self.name, 13 * MIB)
        file.write_many(data, DEPTH)
        file.set_end(len(data))
        flush = file.send_flush()
        self.echo_comes_before(flush, "FLUSH")
        self.release()
        self.client.wait(flush, "FLUSH")
        self.assertEqual(self.changes()[-1], "CompleteMultipartUpload")
        # All is done: neither the trim nor the close has anything left to send.
        done = self.changes()
        file.set_end(len(data))
        self.assertEqual(file.close(), len(data))
        self.assertEqual(self.changes(), done)
        self.assert_everywhere(self.name, data)

    def test_echo_is_answered_while_writes_wait_for_memory(self):
        data = make_bytes(60 * MIB, "slow parts")
        self.hold("UploadPart")
        file = self.start(self.name, len(data))
        file.write_many(data[:20 * MIB], DEPTH)
        pieces = [file.send_write(at, data[at:at + MIB])
                  for at in range(20 * MIB, 60 * MIB, MIB)]
        self.echo_comes_before(pieces[-1].message, "WRITE")
        self.release()
        for piece in pieces:
            file.wait_write(piece)
        file.flush()
        file.close()
        self.assert_everywhere(self.name, data)

    def test_other_files_go_on_while_one_is_flushed(self):
        data = make_bytes(6 * MIB, "aside")
        self.hold("PutObject|CompleteMultipartUpload")
        slow = self.start(self.name, None)
        slow.write_many(data, DEPTH)
        flush = slow.send_flush()
        self.assertTrue(self.client.wait_async(flush))
        self.backup("aside.bak", data[:MIB])
        self.assertFalse(self.client.answered(flush))
        self.release()
        self.client.wait(flush, "FLUSH")
        slow.close()
        self.assert_everywhere("aside.bak", data[:MIB])
        self.assert_everywhere(self.name, data)


class Failing(ScriptedTest):
    """S3 refuses: which request tells, and what is left of it."""

    def never(self, op):
        self.rule("error", op, times=None, status=400, code="InvalidRequest", message="never")

    def assert_deleted_after_failure(self, file):
        """SQL Server closes and deletes, whatever these two answer."""
        self.refused(IO_DEVICE_ERROR, file.close)
        try:
            self.client.delete(self.name)
        except Refused as refused:
            self.assertEqual(hex(refused.status), hex(NOT_FOUND))
        self.refused(NOT_FOUND, self.client.open, self.name, OPEN)
        self.assertEqual(self.bed.head(self.name).status, 404)
        self.no_upload_left(self.name)

    def test_refused_part_is_told_by_write_flush_and_close(self):
        self.never("UploadPart")
        file = self.start(self.name, 300 * MIB)
        data = make_bytes(8 * MIB, "refused")

        def write_on():
            for at in range(0, 300 * MIB, len(data)):
                file.write_many(data, DEPTH, at)
        self.refused(IO_DEVICE_ERROR, write_on)
        self.refused(IO_DEVICE_ERROR, file.flush)
        self.assert_deleted_after_failure(file)

    def test_refused_complete_is_told_by_the_flush(self):
        self.never("CompleteMultipartUpload")
        file = self.start(self.name, 13 * MIB)
        file.write_many(make_bytes(12 * MIB, "complete"), DEPTH)
        file.set_end(12 * MIB)
        self.refused(IO_DEVICE_ERROR, file.flush)
        self.assert_deleted_after_failure(file)

    def test_refused_complete_without_a_flush_is_told_by_the_close(self):
        """To whom listens: Windows does not pass it on to the program."""
        self.never("CompleteMultipartUpload")
        file = self.start(self.name, None)
        file.write_many(make_bytes(12 * MIB, "close"), DEPTH)
        self.assert_deleted_after_failure(file)

    def test_marked_for_deletion_after_a_failure(self):
        self.never("CompleteMultipartUpload")
        file = self.client.open(self.name, CREATE, access=GENERIC_READ_WRITE | DELETE)
        file.write_many(make_bytes(12 * MIB, "mark"), DEPTH)
        self.refused(IO_DEVICE_ERROR, file.flush)
        file.set_delete()
        try:
            file.close()
        except Refused as refused:
            # Nothing has the name but the kernel's memory of a second.
            self.assertIn(refused.status, (IO_DEVICE_ERROR, NOT_FOUND), refused)
        self.assertFalse(self.is_there())
        self.assertEqual(self.bed.head(self.name).status, 404)
        self.no_upload_left(self.name)

    def test_failure_leaves_the_backup_before(self):
        old, data = make_bytes(6 * MIB, "old"), make_bytes(12 * MIB, "new")
        self.backup(self.name, old)
        self.never("UploadPart|UploadPartCopy|CompleteMultipartUpload")
        file = self.client.open(self.name, OPEN)
        try:
            file.write_many(data, DEPTH, len(old))
        except Refused as refused:
            self.assertEqual(hex(refused.status), hex(IO_DEVICE_ERROR))
        self.refused(IO_DEVICE_ERROR, file.flush)
        self.refused(IO_DEVICE_ERROR, file.close)
        self.bed.s3.control(reset=True)
        self.assert_everywhere(self.name, old)


class Unfinished(ScriptedTest):
    """With --zero-tail-max 0 a size that was set, written into and never trimmed is no file."""

    MOUNT_ARGS = (*ScriptedTest.MOUNT_ARGS, "--zero-tail-max", "0")

    def test_connection_that_breaks_before_the_trim_publishes_nothing(self):
        old, data = make_bytes(6 * MIB, "old"), make_bytes(12 * MIB, "broken")
        self.backup("appended.bak", old, 7 * MIB)
        file = self.start(self.name, 13 * MIB)
        file.write_many(data, DEPTH)
        appended = self.client.open("appended.bak", OPEN)
        appended.set_end(20 * MIB)
        appended.write_many(data, DEPTH, len(old))
        self.client.drop()
        self.client = self.connect()
        self.eventually(lambda: not self.is_there())
        self.no_upload_left(self.name)
        self.no_upload_left("appended.bak")
        self.assertEqual(self.bed.head(self.name).status, 404)
        self.assert_everywhere("appended.bak", old)
        self.backup(self.name, data, 13 * MIB)
        self.assert_everywhere(self.name, data)

    def test_copy_by_explorer_has_no_tail(self):
        data = make_bytes(7 * MIB + 3, "explorer")
        file = self.client.open(self.name, OVERWRITE_IF, SHARE_ALL, NON_DIRECTORY | SEQUENTIAL)
        file.set_end(len(data))
        file.write_many(data, 4)
        self.assertEqual(file.close(), len(data))
        self.assert_everywhere(self.name, data)


if __name__ == "__main__":
    need_programs(smbd.SMBD, smbd.SMBPASSWD, smbd.TESTPARM, "/dev/fuse",
                  "/usr/lib/python3/dist-packages/impacket/smb3.py")
    if os.geteuid() != 0:
        print("skipped: smbd needs root to act as another user")
        raise SystemExit(SKIPPED)
    unittest.main()
