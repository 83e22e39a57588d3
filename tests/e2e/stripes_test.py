#!/usr/bin/python3
"""64 stripes of one backup at once through a mount, against a real server.

    stripes_test.py           the short ones
    stripes_test.py --long    a backup of 3 GiB, and sizes of 100 GB each

All finish, or are refused before their first byte; the daemon stays within its memory limit; other
people's calls on the same mount go on meanwhile (how long they took is printed).
"""

import errno
import json
import os
import subprocess
import sys
import threading
import time
import unittest

import e2e
from e2e import MIB, content, read

TOOLS = os.environ.get("RDSBAK_TOOLS") or os.path.join(
    e2e.HERE, "..", "..", "build-debug", "tests", "tools")
STRIPES = 64
HANGS_S = 120
# Beside the chunks: curl's buffers, a stack and a buffer for each FUSE thread at work, libraries.
OVERHEAD_MIB = 250


class Bystander(threading.Thread):
    """What others do on the mount meanwhile; the longest time of each kind of call."""

    def __init__(self, mnt, known, data):
        super().__init__(daemon=True)
        self.mnt, self.known, self.data = mnt, known, data
        self.over = threading.Event()
        self.worst, self.calls, self.errors = {}, 0, []

    def timed(self, what, function):
        began = time.monotonic()
        value = function()
        self.worst[what] = max(self.worst.get(what, 0), time.monotonic() - began)
        self.calls += 1
        return value

    def create(self, path):
        e2e.write(path, b"small")
        os.unlink(path)

    def round(self, number):
        path = os.path.join(self.mnt, self.known)
        folder = os.path.join(self.mnt, "elsewhere")
        self.timed("ls", lambda: os.listdir(self.mnt))
        self.timed("ls of another folder", lambda: os.listdir(folder))
        size = self.timed("stat", lambda: os.stat(path)).st_size
        found = self.timed("read", lambda: read(path))
        self.timed("create, unlink", lambda: self.create(os.path.join(folder, f"n{number}")))
        if size != len(self.data) or found != self.data:
            self.errors.append("another content")

    def run(self):
        number = 0
        while not self.over.is_set():
            try:
                self.round(number)
            except OSError as error:
                # All memory is reserved by the stripes: no further file can be written to.
                if error.errno != errno.ENOMEM:
                    self.errors.append(str(error))
            number += 1

    def report(self):
        worst = ", ".join(f"{what} {seconds:.2f} s" for what, seconds in self.worst.items())
        return f"{self.calls} calls of others, the slowest: {worst}"


class StripesTest(e2e.BedTest):
    def setUp(self):
        self.known = "elsewhere/known.bak"
        self.data = content(3 * MIB + 5)

    def mount(self, limit):
        self.limit = limit
        mnt = self.bed.mount(["--log-level", "info", "--memory-limit", f"{limit}MiB"])
        os.makedirs(os.path.join(mnt, "elsewhere"), exist_ok=True)
        e2e.write(os.path.join(mnt, self.known), self.data)
        return mnt

    def names(self, mnt):
        return [os.path.join(mnt, f"{self._testMethodName}-{i:02}.bak") for i in range(STRIPES)]

    def backup(self, mnt, size_mib, *options):
        """Exit status, what sqlwrite printed, and the bystander."""
        others = Bystander(mnt, self.known, self.data)
        others.start()
        try:
            done = subprocess.run(
                [os.path.join(TOOLS, "sqlwrite"), "--size", str(size_mib * MIB + 512), *options,
                 *self.names(mnt)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                timeout=900, check=False)
        finally:
            others.over.set()
            others.join(HANGS_S)
        self.assertFalse(others.is_alive(), "a call of somebody else hangs")
        self.assertEqual(others.errors, [])
        return done.returncode, done.stdout.decode(), done.stderr.decode(), others

    def peak_mib(self, mnt):
        with open(f"/proc/{self.bed.find_mount(mnt).process.pid}/status", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        return int(fields["VmHWM"].split()[0]) >> 10

    def report(self, mnt, out, others):
        done = json.loads(out)
        print(f"{self._testMethodName}: {done['files']} files, {done['bytes'] / MIB:.0f} MiB, "
              f"{done['seconds']:.1f} s, {done['mb_per_second']:.0f} MB/s; "
              f"daemon's peak {self.peak_mib(mnt)} MiB of {self.limit} + {OVERHEAD_MIB}\n"
              f"  {others.report()}", flush=True)

    def all_finish(self, limit, size_mib, *options):
        mnt = self.mount(limit)
        status, out, errors, others = self.backup(mnt, size_mib, *options)
        self.assertEqual(status, 0, errors)
        self.report(mnt, out, others)
        self.assertLess(self.peak_mib(mnt), limit + OVERHEAD_MIB)
        # Stripe i has the seed 1 + i.
        self.tool(os.path.join(TOOLS, "sqlread"), "--seed", "1", *self.names(mnt))
        for path in self.names(mnt)[::21]:
            self.same(self.bed.decrypt(os.path.basename(path)), read(path), path)
        self.leave(mnt)

    def leave(self, mnt):
        self.assertEqual(self.bed.list_uploads(), [])
        self.assertEqual(self.bed.umount(mnt), 0)
        for key in self.bed.list():
            self.bed.delete(key)

    def none_is_left(self, mnt):
        self.assertEqual([name for name in os.listdir(mnt) if name != "elsewhere"], [])
        self.leave(mnt)


class Short(StripesTest):
    def test_sixty_four_stripes_in_512_mib(self):
        self.all_finish(512, 9, "--presize", str(4 * 10**9))

    def test_sizes_that_cannot_be_held_are_refused_at_once(self):
        mnt = self.mount(512)
        status, out, errors, _ = self.backup(mnt, 1, "--presize", str(100 * 10**9))
        self.assertEqual(status, 1, out)
        self.assertIn("ftruncate to 100000000000: ENOSPC", errors)
        self.assertIn("raise --memory-limit", self.bed.mount_log(mnt))
        self.none_is_left(mnt)

    def test_stripes_that_do_not_fit_are_refused_at_open(self):
        mnt = self.mount(256)
        status, out, errors, _ = self.backup(mnt, 1)
        self.assertEqual(status, 1, out)
        self.assertIn("open: ENOMEM", errors)
        self.assertRegex(self.bed.mount_log(mnt), r"one more needs --memory-limit \d+MiB")
        self.none_is_left(mnt)


class Long(StripesTest):
    def test_sixty_four_stripes_of_4_gb_in_512_mib(self):
        self.all_finish(512, 48, "--presize", str(4 * 10**9), "--depth", "7")

    def test_sixty_four_stripes_of_100_gb_in_3_gib(self):
        self.all_finish(3072, 48, "--presize", str(100 * 10**9), "--depth", "7", "--transfer",
                        "4M")


if __name__ == "__main__":
    if not os.path.exists(os.path.join(TOOLS, "sqlwrite")):
        raise SystemExit(f"{TOOLS}: sqlwrite is not built")
    unittest.main(argv=sys.argv[:1], defaultTest=["Long" if "--long" in sys.argv else "Short"])
