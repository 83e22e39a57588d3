#!/usr/bin/python3
"""Statements that have to hold before a backup is trusted to a mount, each a test of its name.

The others of the same list: docs/RELIABILITY.md names them all.
"""

import errno
import os
import random
import re
import subprocess
import sys
import tempfile
import unittest

import e2e
from e2e import KIB, MIB, content, write

PARTS_MAX = 10000
PART = 4 * KIB


class ManyParts(e2e.BedTest):
    BED = {"store": "script"}
    # The smallest memory that there is; a part is at most a third of it.
    LIMIT = 24 * KIB
    HOLDS = PARTS_MAX * 2 * PART

    def setUp(self):
        self.bed.s3.control(settings={"min_part": PART})
        self.mnt = self.bed.mount(["--part-min", str(PART), "--part-size", str(PART), "--hold-size",
                                   "0", "--memory-limit", str(self.LIMIT)])
        self.addCleanup(lambda: self.assertEqual(self.bed.umount(self.mnt), 0))

    def parts_sent(self, key):
        return {int(entry["query"]["partNumber"]) for entry in self.bed.s3.report()["log"]
                if entry["op"] == "UploadPart" and entry["key"] == key}

    def test_exactly_10000_parts_works_and_a_10001st_is_never_needed(self):
        """Exactly 10,000 parts works and a 10,001st is never needed."""
        path, block = os.path.join(self.mnt, "full"), content(MIB)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        # What one more byte would need is refused at once, and harms nothing.
        self.fails(errno.ENOSPC, os.ftruncate, fd, self.HOLDS + 1)
        os.ftruncate(fd, self.HOLDS)
        done = 0
        while done < self.HOLDS:
            done += os.write(fd, memoryview(block)[:min(MIB, self.HOLDS - done)])
        os.close(fd)
        self.assertEqual(self.parts_sent("full"), set(range(1, PARTS_MAX + 1)))
        found = self.bed.decrypt("full")
        self.assertEqual(len(found), self.HOLDS)
        for at in range(0, self.HOLDS, MIB):
            expected = block[:min(MIB, self.HOLDS - at)]
            self.same(found[at:at + len(expected)], expected, f"from {at} on")
        self.assertEqual(self.bed.list_uploads(), [])


class Acceptance(e2e.MountTest):
    BED = {"store": "script"}
    MOUNT_ARGS = ("--part-min", "64KiB", "--part-size", "64KiB", "--hold-size", "0", "--window",
                  "2MiB", "--memory-limit", "64MiB")
    SIZE = 5 * MIB + 12345

    @classmethod
    def setUpClass(cls):
        e2e.shared_bed(cls.BED).s3.control(settings={"min_part": 64 * KIB})
        super().setUpClass()

    def setUp(self):
        self.name = self._testMethodName
        self.path, self.data = self.at(self.name), content(self.SIZE)

    def open_new(self):
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)

    def put(self, fd, at, size):
        while size > 0:
            done = os.pwrite(fd, self.data[at:at + size], at)
            at, size = at + done, size - done

    def test_writes_swapped_within_the_window_succeed(self):
        """Writes swapped within the window succeed."""
        fd, step = self.open_new(), 64 * KIB
        order, rng = list(range(0, self.SIZE, step)), random.Random(5)
        for at in range(0, len(order), 24):  # 1.5 MiB, of 2 MiB that may wait
            group = order[at:at + 24]
            rng.shuffle(group)
            order[at:at + 24] = group
        self.assertNotEqual(order, sorted(order))
        for at in order:
            self.put(fd, at, min(step, self.SIZE - at))
        os.close(fd)
        self.check_object(self.name, self.data)

    def test_pre_size_write_trim_succeeds_before_and_after_fsync(self):
        """Pre-size, write, trim succeeds before and after fsync."""
        for trims_first in (True, False):
            with self.subTest(trims_first=trims_first):
                fd = self.open_new()
                os.ftruncate(fd, 3 * self.SIZE)
                self.put(fd, 0, self.SIZE)
                if trims_first:
                    os.ftruncate(fd, self.SIZE)
                os.fsync(fd)
                self.same(self.bed.decrypt(self.name), self.data, "after fsync")
                os.ftruncate(fd, self.SIZE)
                os.close(fd)
                self.check_object(self.name, self.data)
                os.unlink(self.path)

    def test_dup_fork_and_close_by_another_process_do_not_end_a_file_early(self):
        """dup, fork and close by another process do not end a file early."""
        fd, half = self.open_new(), self.SIZE // 2
        os.close(os.dup(fd))
        self.put(fd, 0, half)
        # A child with copies that closes them, one that leaves that to its end, and a program that
        # knows nothing of them.
        for code in (f"os.close({fd})", "pass"):
            self.tool(e2e.PYTHON, "-c", f"import os; {code}", pass_fds=(fd,))
        child = os.fork()
        if child == 0:
            os.close(fd)
            os._exit(0)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertEqual(self.bed.head(self.name).status, 404)
        self.assertEqual(self.log(f"{self.name}: committed"), [])
        self.put(fd, half, self.SIZE - half)
        os.close(fd)
        self.check_object(self.name, self.data)
        self.assertEqual(len(self.log(f"{self.name}: committed")), 1)


class Stripes(e2e.BedTest):
    BED = {"store": "script"}
    COUNT = 10
    LIMIT_MIB = 96

    def test_rss_holds_with_10_stripes(self):
        """RSS holds with 10 stripes: the limit and 64 MiB, while 200 MiB wait to be taken."""
        mnt = self.bed.mount(["--memory-limit", f"{self.LIMIT_MIB}MiB"])
        pid = self.bed.find_mount(mnt).process.pid
        code = ("fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)\n"
                "print('open', flush=True); sys.stdin.readline()\n"
                "block = memoryview(os.urandom(1 << 20))\nfor _ in range(int(sys.argv[2])):\n"
                "    left = block\n    while left: left = left[os.write(fd, left):]\n"
                "os.fsync(fd); os.close(fd)")
        writers = [self.python(code, os.path.join(mnt, f"s{i}"), "20") for i in range(self.COUNT)]
        self.assertEqual([w.stdout.readline() for w in writers], ["open\n"] * self.COUNT)
        self.bed.s3.control(rules=[{"action": "hold", "op": "UploadPart", "times": None}])
        for writer in writers:
            writer.stdin.close()
        self.bed.s3.await_held(8)  # all connections wait
        filled = None
        while filled != (filled := self.peak_kib(pid)) or filled < 50 * KIB:
            e2e.time.sleep(0.5)
        self.bed.s3.control(release=True)
        self.assertEqual([writer.wait(600) for writer in writers], [0] * self.COUNT)
        for writer in writers:
            writer.stdout.close()
        self.bed.s3.control(rules=[])
        peak = self.peak_kib(pid) / KIB
        print(f"10 stripes: peak RSS {peak:.0f} MiB of {self.LIMIT_MIB} + 64", flush=True)
        self.assertLessEqual(peak, self.LIMIT_MIB + 64)
        self.assertEqual(sorted(self.bed.list("s")), sorted(f"s{i}" for i in range(self.COUNT)))
        self.assertEqual(self.bed.umount(mnt), 0)

    @staticmethod
    def peak_kib(pid):
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1))


@unittest.skipIf(os.geteuid() != 0, "only root can mount a small disk")
class FullSpool(e2e.BedTest):
    BED = {"store": "script"}

    def test_a_full_spool_disk_fails_that_file_cleanly(self):
        """A full spool disk -> that file fails cleanly."""
        self.bed.s3.control(settings={"min_part": 64 * KIB})
        spool = tempfile.mkdtemp(prefix="spool-", dir=self.bed.directory)
        self.tool("mount", "-t", "tmpfs", "-o", "size=2M", "tmpfs", spool)
        self.addCleanup(subprocess.run, ["umount", "-l", spool], check=False)
        mnt = self.bed.mount(["--part-min", "64KiB", "--part-size", "64KiB", "--hold-size", "0",
                              "--memory-limit", "4MiB", "--spool-dir", spool])
        before = content(300000, "old")
        big, other = os.path.join(mnt, "big"), os.path.join(mnt, "other")
        write(big, before)
        # Another file is under way when the disk fills up.
        going = os.open(other, os.O_WRONLY | os.O_CREAT, 0o600)
        data = content(200000, "other")
        e2e.write_all(going, data[:100000])
        fd = os.open(big, os.O_WRONLY | os.O_TRUNC)
        with self.assertRaises(OSError) as caught:
            for _ in range(64):
                e2e.write_all(fd, content(MIB, "new"))
        self.assertEqual(caught.exception.errno, errno.ENOSPC)
        self.fails(errno.ENOSPC, os.write, fd, b"more")
        self.fails(errno.ENOSPC, os.fsync, fd)
        self.fails(errno.ENOSPC, os.close, fd)
        # What was given up is off the disk, and other files go on.
        self.assertTrue(e2e.eventually(lambda: self.free_kib(spool) > 1000))
        e2e.write_all(going, data[100000:])
        os.close(going)
        self.check_object("other", data)
        self.check_object("big", before)  # and nothing of its upload is left
        lines = [line for line in self.bed.mount_log(mnt).splitlines() if "No space left" in line]
        self.assertEqual(len([line for line in lines if "big" in line and " error:" in line]), 1,
                         lines)
        # The same file goes through when it is small enough.
        write(big, data)
        self.check_object("big", data)
        self.assertEqual(self.bed.umount(mnt), 0)

    @staticmethod
    def free_kib(folder):
        found = os.statvfs(folder)
        return found.f_bavail * found.f_frsize // KIB


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
