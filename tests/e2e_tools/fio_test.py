#!/usr/bin/python3
"""fio, which verifies by checksums of its own what it wrote: sync and libaio, several jobs."""

import json
import os
import unittest

import tools
from tools import MIB, read


class FioTest(tools.ToolTest):
    def fio(self, *options, path=None, **parameters):
        """One run over files in this test's directory; fio says how often it verified."""
        named = [f"--{name}={value}" for name, value in parameters.items()]
        done = self.tool("fio", "--name=job", "--directory=" + (path or self.dir),
                         "--thread=0", "--verify=crc32c", "--verify_fatal=1", "--randseed=1",
                         "--output-format=json", "--filename_format=f$jobnum", *named, *options,
                         cwd=self.out)  # it leaves files about its state
        return json.loads(done[done.index(b"{"):])

    def check(self, jobs=1, size=4 * MIB, **parameters):
        """Writes, verifies through the mount, and verifies what the independent reader finds."""
        report = self.fio("--do_verify=1", numjobs=jobs, size=size, **parameters)
        self.assertEqual([job["error"] for job in report["jobs"]], [0] * jobs)
        for number in range(jobs):
            name = f"f{number}"
            self.stored(name, read(self.inside(name)))
            self.assertEqual(len(read(self.inside(name))), size)
            os.rename(self.decrypted(name), self.outside(name))
        self.fio("--verify_only", path=self.out, numjobs=jobs, size=size,
                 **{**parameters, "direct": 0, "ioengine": "sync"})


class InOrder(FioTest):
    def test_sync(self):
        self.check(ioengine="sync", rw="write", bs="128k", size=12 * MIB)

    def test_sync_with_fsyncs(self):
        self.check(ioengine="sync", rw="write", bs="100k", fsync=13, end_fsync=1, size=4000 * 1024)

    def test_direct(self):
        self.check(ioengine="sync", rw="write", bs="64k", direct=1)

    def test_libaio_direct_many_outstanding(self):
        # As SQL Server does it: blocks arrive in any order.
        self.check(ioengine="libaio", rw="write", bs="64k", direct=1, iodepth=16, size=12 * MIB)

    def test_libaio_of_blocks_of_many_sizes(self):
        self.check(ioengine="libaio", rw="write", bsrange="4k-256k", direct=1, iodepth=8)

    def test_several_jobs(self):
        self.check(jobs=4, ioengine="libaio", rw="write", bs="64k", direct=1, iodepth=8,
                   size=3 * MIB)

    def test_written_twice(self):
        # Over the committed file, that fio does not truncate.
        for _ in range(2):
            self.check(ioengine="sync", rw="write", bs="128k", unlink=0)


class Held(FioTest):
    """Random writes in files that nothing is sealed of before the commit."""

    MOUNT_ARGS = (*tools.STREAMING, "--hold-size", "16MiB")

    def test_random_writes(self):
        self.check(ioengine="sync", rw="randwrite", bs="4k")

    def test_random_writes_libaio_direct_several_jobs(self):
        self.check(jobs=3, ioengine="libaio", rw="randwrite", bs="16k", direct=1, iodepth=8)

    def test_random_writes_with_fsyncs(self):
        self.check(ioengine="sync", rw="randwrite", bs="32k", fsync=20)


class Spooled(tools.SpoolTest, FioTest):
    """Random writes in files of which most is sent already."""

    def test_random_writes(self):
        self.check(ioengine="sync", rw="randwrite", bs="16k", size=16 * MIB)

    def test_random_writes_over_and_over(self):
        self.check(ioengine="sync", rw="randwrite", bs="16k", size=2 * MIB, norandommap=1,
                   io_size=8 * MIB)

    def test_random_writes_libaio_direct_several_jobs(self):
        self.check(jobs=2, ioengine="libaio", rw="randwrite", bs="64k", direct=1, iodepth=8,
                   size=8 * MIB)

    def test_random_writes_into_a_committed_file(self):
        self.check(ioengine="sync", rw="write", bs="128k", size=8 * MIB)
        self.check(ioengine="sync", rw="randwrite", bs="32k", size=8 * MIB)

    def test_random_writes_with_fsyncs(self):
        self.check(ioengine="sync", rw="randwrite", bs="64k", fsync=20, size=4 * MIB)

    def test_reads_and_writes_mixed(self):
        self.check(ioengine="sync", rw="write", bs="64k")
        self.fio("--do_verify=1", ioengine="sync", rw="randrw", bs="16k", size=4 * MIB)
        self.stored("f0", read(self.inside("f0")))


if __name__ == "__main__":
    tools.need("fio")
    unittest.main()
