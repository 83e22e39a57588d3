#!/usr/bin/python3
"""64 writers and 64 readers at once on a server that is fast, 20 ms away, slow, or stands still.

    load_test.py           small files and a small memory limit, in which the same rules hold
    load_test.py --long    the real smallest part, 32 MiB for each writer, 16 MiB for each reader
    load_test.py --lists   listings of 10^5 objects instead of 10^4

The daemon's memory stays within --memory-limit and 64 MiB, its descriptors and threads within what
follows from the options; everybody gets on, and what was written is there, byte for byte.
RDSBAK_TOOLS: the directory of bench_sink, which is quick enough to be no limit itself.
"""

import os
import random
import subprocess
import sys
import threading
import time
import unittest

import e2e
from e2e import KIB, MIB

sys.path.insert(0, os.path.join(e2e.HERE, "..", "bench"))
# pylint: disable=wrong-import-position
from line import Line  # noqa: E402
import machine  # noqa: E402

TOOLS = os.environ.get("RDSBAK_BENCH_TOOLS") or os.path.join(
    e2e.HERE, "..", "..", "build-test", "tests", "bench")
COUNT = 64
OVERHEAD_MIB = 64
CONNECTIONS = 8
# Of the daemon beside connections and requests: log, /dev/fuse for each thread, libraries.
FDS_BESIDE = 40
POOLS = 2 * CONNECTIONS + 4 + 4 + 8  # senders, fetchers, sealers, keys, and the process's own


class Sizes:
    """What a run is made of; the memory limit is below what all write together."""

    def __init__(self, limit, part_min, write_size, read_size, block):
        self.limit, self.part_min = limit, part_min
        self.write_size, self.read_size, self.block = write_size, read_size, block

    def options(self):
        return ["--memory-limit", str(self.limit), "--part-min", str(self.part_min),
                "--part-size", str(self.part_min), "--hold-size", "0", "--connections",
                str(CONNECTIONS), "--log-level", "info"]

    def threads(self):
        # fs/mount.c: one for each possible writer, and 64; a commit has one of its own.
        return self.limit // self.part_min + 64 + COUNT + POOLS


SHORT = Sizes(64 * MIB, 256 * KIB, 4 * MIB, 2 * MIB, 256 * KIB)
LONG = Sizes(512 * MIB, 5 * MIB, 32 * MIB, 16 * MIB, MIB)
PATTERN = random.Random(1).randbytes(2 * MIB)


def block_of(number, index, size):
    """What file `number` has at block `index`: no two alike."""
    at = (number * 7919 + index * 104729) % MIB
    return PATTERN[at:at + size]


class Watch(threading.Thread):
    """The daemon's descriptors and threads, looked at again and again: the most of each."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.over = pid, threading.Event()
        self.fds = self.threads = 0

    def look(self):
        fds = len(os.listdir(f"/proc/{self.pid}/fd"))
        threads = len(os.listdir(f"/proc/{self.pid}/task"))
        self.fds, self.threads = max(self.fds, fds), max(self.threads, threads)
        return fds, threads

    def run(self):
        while not self.over.wait(0.05) and os.path.exists(f"/proc/{self.pid}/task"):
            self.look()

    def stop(self):
        self.over.set()
        self.join()


def status_kib(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        fields = dict(line.split(":", 1) for line in file)
    return int(fields.get(field, "0 kB").split()[0])  # a zombie has none


class Crowd:
    """64 writers and 64 readers, a thread each; what everyone has done is counted in blocks."""

    def __init__(self, mnt, sizes):
        self.mnt, self.sizes = mnt, sizes
        self.done = [0] * (2 * COUNT)
        self.late = None  # what everyone had done when three quarters of all were done
        self.errors = []
        self.opened = threading.Barrier(2 * COUNT)  # creates in a directory go one by one
        self.blocks = ([sizes.write_size // sizes.block] * COUNT
                       + [sizes.read_size // sizes.block] * COUNT)
        self.threads = [threading.Thread(target=self.guarded, args=(self.write if i < COUNT
                                                                    else self.read, i), daemon=True)
                        for i in range(2 * COUNT)]

    def guarded(self, function, index):
        try:
            function(index)
        except (OSError, AssertionError, threading.BrokenBarrierError) as error:
            self.errors.append((index, error))
            self.opened.abort()

    def tick(self, index):
        self.done[index] += 1
        if self.late is None and sum(self.done) * 4 >= sum(self.blocks) * 3:
            self.late = list(self.done)

    def path(self, index):
        return os.path.join(self.mnt, f"w/{index:03}" if index < COUNT else f"r/{index:03}")

    def write(self, index):
        fd = os.open(self.path(index), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            self.opened.wait()
            for i in range(self.blocks[index]):
                e2e.write_all(fd, block_of(index, i, self.sizes.block))
                self.tick(index)
            os.fsync(fd)
        finally:
            os.close(fd)

    def read(self, index):
        with open(self.path(index), "rb", buffering=0) as file:
            if self.threads[index].is_alive():
                self.opened.wait()
            for i in range(self.blocks[index]):
                expected, found = block_of(index, i, self.sizes.block), b""
                while len(found) < self.sizes.block:
                    piece = file.read(self.sizes.block - len(found))
                    assert piece, f"{self.path(index)} ends at block {i}"
                    found += piece
                assert found == expected, f"{self.path(index)} differs in block {i}"
                self.tick(index)
            assert file.read(1) == b"", f"{self.path(index)} is too long"

    def start(self):
        for thread in self.threads:
            thread.start()

    def join(self, timeout_s):
        deadline = time.monotonic() + timeout_s
        for thread in self.threads:
            thread.join(max(0, deadline - time.monotonic()))
        return [i for i, thread in enumerate(self.threads) if thread.is_alive()]


class LoadTest(e2e.BedTest):
    BED = {"store": "script"}
    SIZES = SHORT
    HANG_S = 300

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sink = machine.Helper(TOOLS, "bench_sink")
        cls.addClassCleanup(cls.sink.stop)
        mnt = cls.mount_at(cls.sink.url)
        os.mkdir(os.path.join(mnt, "r"))
        for index in range(COUNT, 2 * COUNT):
            data = b"".join(block_of(index, i, cls.SIZES.block)
                            for i in range(cls.SIZES.read_size // cls.SIZES.block))
            e2e.write(os.path.join(mnt, "r", f"{index:03}"), data)
        assert cls.bed.umount(mnt) == 0

    @classmethod
    def mount_at(cls, url, *more):
        arguments = ["--kms-key-id", cls.bed.key_arn, "--region", cls.bed.region,
                     "--endpoint-url", url, "--kms-endpoint-url", cls.bed.kms_url]
        return cls.bed.mount([*cls.SIZES.options(), *more], arguments=arguments)

    def begin(self, url):
        self.mnt = self.mount_at(url)
        self.pid = self.bed.find_mount(self.mnt).process.pid
        # Creating holds the directory: who reads is in another one.
        os.makedirs(os.path.join(self.mnt, "w"), exist_ok=True)
        self.watch = Watch(self.pid)
        self.idle = self.watch.look()
        self.watch.start()
        self.crowd = Crowd(self.mnt, self.SIZES)
        self.began = time.monotonic()
        self.crowd.start()

    def finish(self):
        """All have ended well; how much it took."""
        hanging = self.crowd.join(self.HANG_S)
        self.watch.stop()
        self.assertEqual(hanging, [], "these never come back")
        self.assertEqual(self.crowd.errors, [])
        seconds = time.monotonic() - self.began
        peak = status_kib(self.pid, "VmHWM") / 1024
        limit = self.SIZES.limit / MIB
        moved = sum(self.crowd.blocks) * self.SIZES.block / MIB
        print(f"{self._testMethodName}: {moved:.0f} MiB in {seconds:.1f} s; peak RSS {peak:.0f} "
              f"MiB = limit {limit:.0f} {peak - limit:+.0f}; {self.watch.fds} descriptors, "
              f"{self.watch.threads} threads", flush=True)
        self.assertLessEqual(peak, limit + OVERHEAD_MIB)
        self.assertLessEqual(self.watch.fds, self.most_fds())
        self.assertLessEqual(self.watch.threads, self.SIZES.threads())
        behind = [i for i, done in enumerate(self.crowd.late) if done == 0]
        self.assertEqual(behind, [], "three quarters are done, and these have not begun")
        self.check_and_leave()

    def most_fds(self):
        # A connection to S3 for each request at once each way and for each call of the kernel that
        # asks itself; a descriptor of /dev/fuse for each of libfuse's threads.
        return FDS_BESIDE + 2 * CONNECTIONS + 2 * self.watch.threads

    def check_and_leave(self):
        # Nobody keeps a descriptor of what is over.
        self.assertEqual(self.bed.umount(self.mnt), 0)
        mnt = self.mount_at(self.sink.url)
        reader = Crowd(mnt, self.SIZES)
        for index in range(0, COUNT, 9):
            reader.read(index)
        for index in range(COUNT):
            os.unlink(reader.path(index))
        self.assertEqual(self.bed.umount(mnt), 0)


class Load(LoadTest):
    def test_64_writers_and_64_readers_on_a_fast_server(self):
        self.begin(self.sink.url)
        self.finish()

    def test_64_writers_and_64_readers_on_a_server_20_ms_away(self):
        proxy = machine.Helper(TOOLS, "bench_proxy", to=self.sink.port, delay_ms=20)
        self.addCleanup(proxy.stop)
        self.begin(proxy.url)
        self.finish()

    def test_64_writers_and_64_readers_on_a_slow_line(self):
        line = Line(self.sink.port, rate=self.SIZES.write_size * COUNT // 8)
        self.addCleanup(line.close)
        self.begin(line.url)
        self.finish()

    def test_64_writers_and_64_readers_when_the_server_stands_still_for_a_while(self):
        line = Line(self.sink.port)
        self.addCleanup(line.close)
        self.begin(line.url)
        # Everyone has opened a file: a create holds its directory, and lets nobody else in.
        self.assertTrue(e2e.eventually(lambda: all(self.crowd.done) or self.crowd.errors))
        line.stall()
        self.assertTrue(e2e.eventually(lambda: line.held > 0))
        before = None
        while before != sum(self.crowd.done):  # everything that can wait waits
            before = sum(self.crowd.done)
            time.sleep(1)
        self.assertLess(before, sum(self.crowd.blocks))
        self.assertLessEqual(status_kib(self.pid, "VmHWM") / 1024,
                             self.SIZES.limit / MIB + OVERHEAD_MIB)
        os.statvfs(self.mnt)  # who needs no server is answered
        line.go_on()
        self.finish()


class Long(Load):
    SIZES = LONG
    HANG_S = 3600


class Lists(e2e.BedTest):
    """A listing takes some 50 bytes for a name on a mount, and a page at a time by `ls`."""

    BED = {"store": "script"}
    COUNT = 10_000
    GROWTH_MIB = 24
    LS_MIB = 48

    def setUp(self):
        for first in range(0, self.COUNT, 10_000):
            keys = [f"many/{number:06}-{'x' * 40}" for number in range(first, first + 10_000)]
            self.bed.s3.control(fill={"bucket": self.bed.bucket, "keys": keys})

    def test_a_long_directory_is_listed_in_bounded_memory(self):
        mnt = self.bed.mount([])
        pid = self.bed.find_mount(mnt).process.pid
        os.listdir(mnt)
        before = status_kib(pid, "VmHWM") / 1024
        names = []
        for _ in range(3):  # and nothing of it stays
            names = [entry.name for entry in os.scandir(os.path.join(mnt, "many"))]
        self.assertEqual(len(names), self.COUNT)
        self.assertEqual(names[-1][:6], f"{self.COUNT - 1:06}")
        after = status_kib(pid, "VmHWM") / 1024
        print(f"{self.COUNT} names in a mount: peak RSS {before:.0f} -> {after:.0f} MiB", flush=True)
        self.assertLess(after - before, self.GROWTH_MIB * max(1, self.COUNT // 50_000))
        self.assertEqual(self.bed.umount(mnt), 0)

    def test_ls_prints_them_in_bounded_memory(self):
        command = [self.bed.binary, "ls", self.bed.url("many/"), "--region", self.bed.region,
                   "--endpoint-url", self.bed.s3_url]
        with subprocess.Popen(command, env=self.bed.env, stdout=subprocess.PIPE) as ls:
            count = peak = 0
            for _ in ls.stdout:
                count += 1
                if count % 500 == 0 and ls.poll() is None:  # not the rusage: that begins with a fork's
                    peak = max(peak, status_kib(ls.pid, "VmRSS") / 1024)
            status = ls.wait()
        self.assertEqual((status, count), (0, self.COUNT))
        print(f"{self.COUNT} names by ls: peak RSS {peak:.0f} MiB", flush=True)
        self.assertGreater(peak, 0)
        self.assertLess(peak, self.LS_MIB)


class LongLists(Lists):
    COUNT = 100_000


if __name__ == "__main__":
    parts = {"--long": ["Long"], "--lists": ["LongLists"]}
    chosen = next((parts[word] for word in sys.argv if word in parts), ["Load", "Lists"])
    unittest.main(argv=sys.argv[:1] + chosen)
