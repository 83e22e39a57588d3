#!/usr/bin/python3
"""Size games: what programs declare, reserve, outgrow, skip and trim, and what stat shows meanwhile.

Each test runs on a file that waits in memory, on one that is sent in small parts while it is written,
and on such a one whose sent parts are also kept in a spool. Random orders of the same calls: the
grammars `sizes*` of tests/tools/draw_traces.py.
"""

import atexit
import errno
import os
import shutil
import tempfile
import unittest

import e2e
from e2e import MIB, content, read, write

KEEP_SIZE = 1
TRUNCATE = "import os, sys; os.truncate(sys.argv[1], int(sys.argv[2]))"


class SizesTest(e2e.MountTest):
    """SIZE is no multiple of anything. `goes_back`: bytes may be cut off that were sent already."""

    BED = {"rgw_env": {"RGW_MIN_PART": str(64 << 10)}}
    MOUNT_ARGS = ()
    SIZE = 300001
    goes_back = True

    def name(self, suffix=""):
        return f"{type(self).__name__}-{self._testMethodName}{suffix}"

    def setUp(self):
        self.path = self.at(self.name())
        self.data = content(self.SIZE)

    def open_new(self, path=None):
        return os.open(path or self.path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)

    def shows(self, fd, size):
        """To the handle, to whoever asks by name, and to another process: the same at each step."""
        blocks = (size + 511) // 512
        for found in (os.fstat(fd), os.stat(self.path)):
            self.assertEqual((found.st_size, found.st_blocks, found.st_blksize),
                             (size, blocks, 4096))
        told = self.tool("stat", "-c", "%s %b %B", self.path).decode().split()
        self.assertEqual(told, [str(size), str(blocks), "512"])

    def put(self, fd, start, end):
        while start < end:
            start += os.pwrite(fd, self.data[start:min(end, start + 70000)], start)

    def holds(self, expected, name=None):
        key = name or self.name()
        self.check_object(key, expected)
        self.same(read(self.at(key)), expected, "through the mount")

    def absent(self):
        self.assertEqual(self.bed.head(self.name()).status, 404)

    def no_upload_left(self):
        left = e2e.eventually(lambda: not self.bed.list_uploads(self.name()))
        self.assertTrue(left, self.bed.list_uploads(self.name()))


class Declared(SizesTest):
    def test_presized_exactly(self):
        fd = self.open_new()
        os.ftruncate(fd, self.SIZE)
        self.shows(fd, self.SIZE)
        self.put(fd, 0, self.SIZE)
        self.shows(fd, self.SIZE)
        os.fsync(fd)
        os.close(fd)
        self.holds(self.data)

    def test_presized_and_outgrown_again_and_again(self):
        fd, end = self.open_new(), 0
        for part in (10, 5, 3, 2, 1):
            os.ftruncate(fd, max(end, self.SIZE // part // 2))
            self.shows(fd, max(end, self.SIZE // part // 2))
            self.put(fd, end, self.SIZE // part)
            end = self.SIZE // part
            self.shows(fd, end)
        os.close(fd)
        self.holds(self.data)

    def test_presized_and_trimmed_in_steps(self):
        fd = self.open_new()
        os.ftruncate(fd, 5 * self.SIZE)
        self.put(fd, 0, self.SIZE)
        for size in (3 * self.SIZE, 2 * self.SIZE, self.SIZE + 1, self.SIZE, self.SIZE):
            os.ftruncate(fd, size)
            self.shows(fd, size)
        os.fsync(fd)
        os.close(fd)
        self.holds(self.data)

    def test_trimmed_after_the_fsync_and_grown_and_trimmed_again(self):
        fd = self.open_new()
        os.ftruncate(fd, 2 * self.SIZE)
        self.put(fd, 0, self.SIZE)
        os.fsync(fd)
        self.same(self.bed.decrypt(self.name()), self.data)
        for size in (self.SIZE, 4 * self.SIZE, self.SIZE + 16, self.SIZE):
            os.ftruncate(fd, size)
            self.shows(fd, size)
            os.fsync(fd)
            self.same(self.bed.decrypt(self.name()), self.data)
        os.close(fd)
        self.holds(self.data)

    def test_declared_after_the_data_is_content(self):
        for extra in (1, 15, 511, 70000):
            fd = self.open_new()
            self.put(fd, 0, self.SIZE)
            os.ftruncate(fd, self.SIZE + extra)
            self.shows(fd, self.SIZE + extra)
            os.close(fd)
            self.holds(self.data + bytes(extra))

    def test_only_declared_by_path(self):
        self.tool("truncate", "-s", str(self.SIZE), self.path)
        self.assertEqual(os.stat(self.path).st_size, self.SIZE)
        self.holds(bytes(self.SIZE))


class NeverTrimmed(SizesTest):
    """A backup that was given up: its size was declared, its end never came."""

    def limited(self):
        """A mount that allows 1 MiB of such zeros, and this test's file there."""
        return os.path.join(self.mount("--zero-tail-max", "1MiB", *self.MOUNT_ARGS), self.name())

    def leave(self, path, size, sync=False):
        fd = self.open_new(path)
        os.ftruncate(fd, size)
        self.put(fd, 0, self.SIZE)
        if sync:
            os.fsync(fd)
        self.assertEqual(os.fstat(fd).st_size, size)
        return fd

    def test_presized_and_never_trimmed_ends_with_zeros(self):
        os.close(self.leave(self.path, 2 * self.SIZE))
        self.assertEqual(os.stat(self.path).st_size, 2 * self.SIZE)
        self.holds(self.data + bytes(self.SIZE))

    def test_never_trimmed_beyond_the_limit_is_an_error_and_publishes_nothing(self):
        fd = self.leave(self.limited(), self.SIZE + MIB + 1)
        self.fails(errno.EIO, os.close, fd)
        self.no_upload_left()
        self.absent()

    def test_never_trimmed_beyond_the_limit_leaves_the_old_object(self):
        path = self.limited()
        write(path, b"the older backup")
        fd = self.leave(path, self.SIZE + 2 * MIB)
        self.fails(errno.EIO, os.close, fd)
        self.no_upload_left()
        self.holds(b"the older backup")

    def test_never_trimmed_beyond_the_limit_keeps_what_was_synced(self):
        fd = self.leave(self.limited(), self.SIZE + 2 * MIB, sync=True)
        self.fails(errno.EIO, os.close, fd)
        self.no_upload_left()
        self.holds(self.data)

    def test_never_trimmed_up_to_the_limit_is_content(self):
        os.close(self.leave(self.limited(), self.SIZE + MIB))
        self.holds(self.data + bytes(MIB))


class Reserved(SizesTest):
    def test_posix_fallocate_writes_nothing_and_declares_the_size(self):
        fd = self.open_new()
        os.posix_fallocate(fd, 0, 2 * self.SIZE)
        self.shows(fd, 2 * self.SIZE)
        self.absent()
        self.assertEqual(self.bed.list_uploads(self.name()), [])
        self.put(fd, 0, self.SIZE)
        os.posix_fallocate(fd, self.SIZE // 2, self.SIZE // 4)  # within: changes nothing
        self.shows(fd, 2 * self.SIZE)
        os.ftruncate(fd, self.SIZE)
        self.shows(fd, self.SIZE)
        os.close(fd)
        self.holds(self.data)

    def test_posix_fallocate_outgrown(self):
        fd = self.open_new()
        os.posix_fallocate(fd, 0, self.SIZE // 3)
        self.put(fd, 0, self.SIZE)
        self.shows(fd, self.SIZE)
        os.posix_fallocate(fd, self.SIZE, 100)  # and on behind the data
        self.shows(fd, self.SIZE + 100)
        os.close(fd)
        self.holds(self.data + bytes(100))

    def test_fallocate_keep_size_is_a_hint_only(self):
        fd = self.open_new()
        e2e.fallocate(fd, KEEP_SIZE, 0, 10 * self.SIZE)
        self.shows(fd, 0)
        self.put(fd, 0, self.SIZE)
        e2e.fallocate(fd, KEEP_SIZE, self.SIZE, self.SIZE)
        self.shows(fd, self.SIZE)
        os.close(fd)
        self.holds(self.data)

    def test_the_fallocate_program(self):
        self.tool("fallocate", "-l", str(self.SIZE), self.path)
        self.holds(bytes(self.SIZE))
        self.tool("fallocate", "-n", "-l", str(3 * self.SIZE), self.path)
        self.holds(bytes(self.SIZE))

    def test_every_other_mode_is_refused_and_the_file_goes_on(self):
        fd = self.open_new()
        self.put(fd, 0, self.SIZE // 2)
        for mode in (2 | KEEP_SIZE, 8, 16, 16 | KEEP_SIZE, 32, 64):  # punch, collapse, zero, ...
            self.fails(errno.EOPNOTSUPP, e2e.fallocate, fd, mode, 0, 4096)
        self.shows(fd, self.SIZE // 2)
        self.put(fd, self.SIZE // 2, self.SIZE)
        os.close(fd)
        self.holds(self.data)


class CannotBeHeld(SizesTest):
    """SQL Server takes ENOSPC for its first declaration, and grows the file instead."""

    def test_a_size_that_cannot_be_held_is_enospc_and_the_file_goes_on(self):
        fd = self.open_new()
        for size in (1 << 50, 1 << 62):
            self.fails(errno.ENOSPC, os.ftruncate, fd, size)
            self.fails(errno.ENOSPC, os.posix_fallocate, fd, 0, size)
            self.fails(errno.ENOSPC, e2e.fallocate, fd, KEEP_SIZE, 0, size)
            self.shows(fd, 0)
        self.put(fd, 0, self.SIZE // 2)
        self.fails(errno.ENOSPC, os.ftruncate, fd, 1 << 50)
        self.fails(errno.ENOSPC, os.truncate, self.path, 1 << 50)
        self.shows(fd, self.SIZE // 2)
        self.put(fd, self.SIZE // 2, self.SIZE)
        os.fsync(fd)
        self.same(self.bed.decrypt(self.name()), self.data)
        self.fails(errno.ENOSPC, os.ftruncate, fd, 1 << 50)
        os.close(fd)
        self.holds(self.data)

    def test_a_write_that_cannot_be_held_is_enospc_for_good(self):
        write(self.path, b"old")
        fd = self.open_new()
        self.put(fd, 0, self.SIZE)
        self.fails(errno.ENOSPC, os.pwrite, fd, b"far out", 1 << 50)
        self.fails(errno.ENOSPC, os.fsync, fd)
        self.fails(errno.ENOSPC, os.close, fd)
        self.no_upload_left()
        self.holds(b"old")

    def test_a_closed_file_stays_when_a_longer_size_cannot_be_held(self):
        write(self.path, self.data)
        self.fails(errno.ENOSPC, os.truncate, self.path, 1 << 50)
        self.assertEqual(os.stat(self.path).st_size, self.SIZE)
        self.holds(self.data)
        self.no_upload_left()


class Holes(SizesTest):
    def test_gaps_of_every_size_are_zeros(self):
        fd, expected = self.open_new(), bytearray()
        for number, gap in enumerate((1, 15, 16, 17, 511, 4095, 65535, 65536, 65537, 200000)):
            piece = content(999, number)
            os.pwrite(fd, piece, len(expected) + gap)
            expected += bytes(gap) + piece
            self.shows(fd, len(expected))
        os.close(fd)
        self.holds(bytes(expected))

    def test_gaps_filled_later_backwards(self):
        fd = self.open_new()
        for start in range(self.SIZE // 10000 * 10000, -1, -10000):
            self.put(fd, start, min(start + 10000, self.SIZE))
            self.shows(fd, self.SIZE)
        os.close(fd)
        self.holds(self.data)

    def test_a_hole_up_to_the_end(self):
        fd = self.open_new()
        os.pwrite(fd, b"x", self.SIZE - 1)
        self.shows(fd, self.SIZE)
        os.close(fd)
        self.holds(bytes(self.SIZE - 1) + b"x")

    def sparse_source(self):
        """A source with real holes, the last one at its end."""
        source = self.source(self.name("-source"), b"")
        with open(source, "r+b") as file:
            for offset in (0, 3 * 65536, 10 * 65536):
                file.seek(offset)
                file.write(self.data[:65536])
            file.truncate(16 * 65536 + 5)
        self.assertLess(os.stat(source).st_blocks * 512, os.stat(source).st_size)
        return source

    def test_cp_of_a_sparse_file_in_every_way(self):
        source = self.sparse_source()
        expected = read(source)
        for way in ("always", "auto", "never"):
            self.tool("cp", f"--sparse={way}", source, self.path)
            found = os.stat(self.path)
            self.assertEqual((found.st_size, found.st_blocks),
                             (len(expected), (len(expected) + 511) // 512))
            self.holds(expected)

    def test_dd_sparse_and_seek(self):
        source = self.sparse_source()
        expected = read(source)
        self.tool("dd", f"if={source}", f"of={self.path}", "bs=64K", "conv=sparse", "status=none")
        self.holds(expected)
        self.tool("dd", f"of={self.path}", "bs=1000", "seek=777", "count=0", "status=none")
        self.holds(expected[:777000])
        self.tool("dd", f"if={source}", f"of={self.path}", "bs=1000", "seek=1000", "count=2",
                  "status=none")
        self.holds(expected[:777000] + bytes(223000) + expected[:2000])

    def test_rsync_sparse_and_preallocate(self):
        source = self.sparse_source()
        for option in ("--sparse", "--preallocate"):
            self.tool("rsync", option, source, self.path)
            self.holds(read(source))
            os.unlink(self.path)


class ByPath(SizesTest):
    """truncate(2) of a file that another process has open and writes."""

    def truncate(self, size):
        """By a process of its own, that has no handle of the file: open(2) would be EBUSY."""
        self.tool(e2e.PYTHON, "-c", TRUNCATE, self.path, str(size))

    def test_declared_by_another_process_while_open(self):
        fd = self.open_new()
        self.truncate(2 * self.SIZE)
        self.shows(fd, 2 * self.SIZE)
        self.put(fd, 0, self.SIZE)
        self.shows(fd, 2 * self.SIZE)
        self.absent()  # the other process's calls publish nothing
        self.truncate(self.SIZE)
        self.shows(fd, self.SIZE)
        self.absent()
        os.close(fd)
        self.holds(self.data)

    def test_trimmed_by_another_process_after_the_fsync(self):
        fd = self.open_new()
        os.ftruncate(fd, 3 * self.SIZE)
        self.put(fd, 0, self.SIZE)
        os.fsync(fd)
        self.truncate(self.SIZE)
        self.shows(fd, self.SIZE)
        self.same(self.bed.decrypt(self.name()), self.data)
        os.close(fd)
        self.holds(self.data)

    def test_emptied_by_another_process_while_open(self):
        write(self.path, b"old")
        fd = os.open(self.path, os.O_RDWR)
        self.truncate(0)
        self.shows(fd, 0)
        self.same(self.bed.decrypt(self.name()), b"old")
        self.put(fd, 0, self.SIZE)
        self.truncate(0)
        self.shows(fd, 0)
        self.same(self.bed.decrypt(self.name()), b"old")
        os.pwrite(fd, b"new", 5)
        os.close(fd)
        self.holds(bytes(5) + b"new")

    def test_cut_by_another_process_below_what_was_synced(self):
        fd = self.open_new()
        self.put(fd, 0, self.SIZE)
        os.fsync(fd)
        cut = self.SIZE * 2 // 3
        self.truncate(cut)
        self.shows(fd, cut)
        os.fsync(fd)
        self.same(self.bed.decrypt(self.name()), self.data[:cut])
        os.ftruncate(fd, self.SIZE)
        self.shows(fd, self.SIZE)
        os.close(fd)
        self.holds(self.data[:cut] + bytes(self.SIZE - cut))

    def test_cut_by_another_process_below_what_was_written(self):
        fd = self.open_new()
        self.put(fd, 0, self.SIZE)
        cut = self.SIZE // 3
        if not self.goes_back:
            told = self.tool(e2e.PYTHON, "-c", TRUNCATE, self.path, str(cut), status=1)
            self.assertIn(b"Operation not supported", told)
            self.fails(errno.EOPNOTSUPP, os.fsync, fd)
            self.fails(errno.EOPNOTSUPP, os.close, fd)
            self.no_upload_left()
            self.absent()
            return
        self.truncate(cut)
        self.shows(fd, cut)
        os.pwrite(fd, b"end", cut + 1000)
        self.shows(fd, cut + 1003)
        os.close(fd)
        self.holds(self.data[:cut] + bytes(1000) + b"end")

    def test_truncated_by_path_when_nobody_has_it_open(self):
        write(self.path, self.data)
        for size in (self.SIZE - 1, self.SIZE // 2, self.SIZE, 17, 16, 0, 100000):
            before = read(self.path)
            self.truncate(size)
            found = os.stat(self.path)
            self.assertEqual((found.st_size, found.st_blocks), (size, (size + 511) // 512))
            self.holds(before[:size] + bytes(max(size - len(before), 0)))
        self.no_upload_left()


def streamed(test, more=(), **values):
    """The same where nothing waits: parts of 64 KiB go out while the file is written."""
    kind = "Spooled" if more else "Streamed"
    return type(kind + test.__name__, (test,), {
        "MOUNT_ARGS": ("--part-min", "64KiB", "--part-size", "64KiB", "--hold-size", "0", *more),
        "__doc__": streamed.__doc__, **values})


StreamedDeclared, StreamedNeverTrimmed = streamed(Declared), streamed(NeverTrimmed)
StreamedReserved, StreamedCannotBeHeld = streamed(Reserved), streamed(CannotBeHeld)
StreamedHoles, StreamedByPath = streamed(Holes), streamed(ByPath, goes_back=False)
SPOOL = tempfile.mkdtemp(prefix="rdsbak-spool-")
atexit.register(shutil.rmtree, SPOOL, ignore_errors=True)
SpooledByPath = streamed(ByPath, ("--spool-dir", SPOOL))
SpooledHoles = streamed(Holes, ("--spool-dir", SPOOL))

if __name__ == "__main__":
    unittest.main()
