#!/usr/bin/python3
"""When a file is committed and when it is not: each close, kill, fsync and size, by its rule."""

import errno
import os
import signal
import subprocess
import time
import unittest

import e2e
import testbed
from e2e import MIB, content, read, write

# What a led process does: it says that it is ready, then waits for a line.
LED = """
def step(word):
    print(word, flush=True)
    sys.stdin.readline()
def fill(fd, seed, size=int(sys.argv[2]) if len(sys.argv) > 2 else 0):
    import random
    data = memoryview(random.Random(f"{seed}/{size}").randbytes(size))
    while len(data):
        data = data[os.write(fd, data[:1 << 20]):]
path = sys.argv[1]
"""


class CommitTest(e2e.MountTest):
    """SIZE is what each of the writes writes. Held files see nothing of S3 before their commit."""

    SIZE = 100001

    def name(self):
        return f"{type(self).__name__}-{self._testMethodName}"

    def setUp(self):
        self.path = self.at(self.name())
        self.one, self.two = content(self.SIZE, 1), content(self.SIZE, 2)

    def lead(self, code, **options):
        process = self.python(LED + code, self.path, str(self.SIZE), **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def await_step(self, process, word):
        self.assertEqual(process.stdout.readline().strip(), word)

    def go_on(self, process):
        process.stdin.write("\n")
        process.stdin.flush()

    def open_new(self, flags=0):
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | flags, 0o600)

    def absent(self):
        self.assertEqual(self.bed.head(self.name()).status, 404)

    def holds(self, expected):
        self.assertTrue(e2e.eventually(lambda: self.bed.head(self.name()).status == 200))
        self.check_object(self.name(), expected)
        self.same(read(self.path), expected, "through the mount")

    def no_upload_left(self):
        left = e2e.eventually(lambda: not self.bed.list_uploads(self.name()))
        self.assertTrue(left, self.bed.list_uploads(self.name()))


class Closing(CommitTest):
    def test_dup_closed_before_the_data_publishes_nothing(self):
        fd = self.open_new()
        os.close(os.dup(fd))
        time.sleep(0.05)
        self.absent()
        e2e.write_all(fd, self.one)
        os.close(fd)
        self.holds(self.one)

    def test_dup_closed_between_the_data_loses_nothing(self):
        fd = self.open_new()
        e2e.write_all(fd, self.one)
        os.close(os.dup(fd))
        e2e.write_all(fd, self.two)
        os.close(fd)
        self.holds(self.one + self.two)

    def test_forked_child_that_closes_its_copy_publishes_nothing(self):
        fd = self.open_new()
        e2e.write_all(fd, self.one)
        for leave_open in (False, True):
            child = os.fork()
            if child == 0:
                if not leave_open:
                    os.close(fd)
                os._exit(0)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.absent()
        e2e.write_all(fd, self.two)
        os.close(fd)
        self.holds(self.one + self.two)

    def test_redirection_replaces_the_old_object_only_at_its_end(self):
        write(self.path, b"old")
        shell = subprocess.Popen(["sh", "-c", '{ read x; echo one; read x; echo two; } >"$0"',
                                  self.path], stdin=subprocess.PIPE)
        for _ in range(2):
            time.sleep(0.1)
            self.assertEqual(self.bed.decrypt(self.name()), b"old")
            shell.stdin.write(b"\n")
            shell.stdin.flush()
        shell.stdin.close()
        self.assertEqual(shell.wait(), 0)
        self.holds(b"one\ntwo\n")

    def test_two_commands_behind_one_redirection(self):
        one, two = self.source("one", self.one), self.source("two", self.two)
        self.tool("sh", "-c", '{ cat "$1"; cat "$2"; } >"$0"; exit $?', self.path, one, two)
        self.holds(self.one + self.two)

    def test_redirection_of_one_command(self):
        self.tool("sh", "-c", 'cat "$1" >"$0"', self.path, self.source("one", self.one))
        self.holds(self.one)

    def test_empty_redirection_makes_an_empty_object(self):
        self.tool("sh", "-c", ': >"$0"', self.path)
        self.holds(b"")

    def test_second_handle_fsynced_and_closed(self):
        fd = self.open_new()
        e2e.write_all(fd, self.one)
        second = os.open(self.path, os.O_RDWR)
        os.fsync(second)
        self.same(self.bed.decrypt(self.name()), self.one)
        os.close(second)
        e2e.write_all(fd, self.two)
        os.close(fd)
        self.holds(self.one + self.two)

    def test_orphaned_child_writes_on_after_its_parent_exits(self):
        parent = self.lead("fd = os.open(path, os.O_WRONLY | os.O_CREAT)\nfill(fd, 1)\n"
                           "if os.fork(): os._exit(0)\nstep('orphan')\nfill(fd, 2)\nos.close(fd)\n"
                           "step('closed')")
        self.await_step(parent, "orphan")
        self.assertEqual(parent.wait(), 0)
        self.go_on(parent)
        self.await_step(parent, "closed")
        self.same(self.bed.decrypt(self.name()), self.one + self.two)
        self.go_on(parent)
        self.holds(self.one + self.two)

    def test_exit_without_close_commits(self):
        for status in (0, 3):
            writer = self.lead("fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)\n"
                               f"fill(fd, {status})\nos._exit({status})")
            self.assertEqual(writer.wait(), status)
            self.same(self.bed.decrypt(self.name()), content(self.SIZE, status))

    def test_threads_may_close_what_another_opened(self):
        writer = self.lead("import threading\nfds = []\n"
                           "t = threading.Thread(target=lambda: fds.append(os.open(path, os.O_WRONLY"
                           " | os.O_CREAT)))\nt.start(); t.join()\nfill(fds[0], 1)\n"
                           "t = threading.Thread(target=lambda: os.close(fds[0]))\n"
                           "t.start(); t.join()\nstep('closed')")
        self.await_step(writer, "closed")
        self.same(self.bed.decrypt(self.name()), self.one)

    def test_opened_for_writing_and_closed_changes_nothing(self):
        write(self.path, self.one)
        before = self.bed.head(self.name()).headers
        os.close(os.open(self.path, os.O_RDWR))
        os.close(os.open(self.path, os.O_WRONLY | os.O_APPEND))
        time.sleep(0.1)
        after = self.bed.head(self.name()).headers
        self.assertEqual((after["etag"], after["last-modified"]),
                         (before["etag"], before["last-modified"]))


class Dying(CommitTest):
    def killed(self, number, code):
        """A writer with an old object behind it is killed: nothing of it may show."""
        write(self.path, b"old")
        mark = self.log_mark()
        writer = self.lead(code)
        self.await_step(writer, "written")
        writer.send_signal(number)
        self.assertEqual(writer.wait(), -number)
        self.no_upload_left()
        self.assertTrue(e2e.eventually(lambda: self.log(rf"killed by signal {int(number)}", mark)))
        self.holds(b"old")
        self.assertNotEqual(self.log(self.name(), mark), [])
        write(self.path, b"and anew")
        self.holds(b"and anew")

    def test_writer_that_is_killed_publishes_nothing(self):
        self.killed(signal.SIGKILL, "fd = os.open(path, os.O_WRONLY | os.O_TRUNC)\nfill(fd, 1)\n"
                    "step('written')")

    def test_writer_that_is_terminated_publishes_nothing(self):
        self.killed(signal.SIGTERM, "fd = os.open(path, os.O_WRONLY | os.O_TRUNC)\nfill(fd, 1)\n"
                    "step('written')")

    def test_killed_new_file_is_not_there(self):
        writer = self.lead("fd = os.open(path, os.O_WRONLY | os.O_CREAT)\nfill(fd, 1)\n"
                           "step('written')")
        self.await_step(writer, "written")
        writer.kill()
        writer.wait()
        self.no_upload_left()
        self.absent()
        self.assertTrue(e2e.eventually(lambda: not os.path.exists(self.path)))

    def test_killed_while_threads_write(self):
        self.killed(signal.SIGKILL, "import threading\nfd = os.open(path, os.O_WRONLY | os.O_TRUNC)"
                    "\ndef on(n):\n for i in range(64):\n  os.pwrite(fd, bytes(65536), (i*4+n)*65536)"
                    "\nthreads = [threading.Thread(target=on, args=(n,)) for n in range(4)]\n"
                    "[t.start() for t in threads]\n[t.join() for t in threads]\nstep('written')")

    def test_child_that_wrote_and_is_killed_spoils_the_file(self):
        write(self.path, b"old")
        fd = os.open(self.path, os.O_WRONLY | os.O_TRUNC)
        e2e.write_all(fd, self.one)
        child = self.lead(f"fill({fd}, 2)\nstep('written')", pass_fds=[fd])
        self.await_step(child, "written")
        child.kill()
        child.wait()
        self.fails(errno.EIO, os.close, fd)
        self.no_upload_left()
        self.holds(b"old")

    def test_killed_child_that_never_wrote_spoils_nothing(self):
        fd = self.open_new()
        e2e.write_all(fd, self.one)
        child = self.lead("step('there')", pass_fds=[fd])
        self.await_step(child, "there")
        child.kill()
        child.wait()
        e2e.write_all(fd, self.two)
        os.close(fd)
        self.holds(self.one + self.two)

    def test_killed_after_fsync_keeps_what_was_synced(self):
        writer = self.lead("fd = os.open(path, os.O_WRONLY | os.O_CREAT)\nfill(fd, 1)\n"
                           "os.fsync(fd)\nfill(fd, 2)\nstep('written')")
        self.await_step(writer, "written")
        writer.kill()
        writer.wait()
        self.no_upload_left()
        self.holds(self.one)


class Syncing(CommitTest):
    def test_fsync_is_in_the_bucket_before_the_close(self):
        fd = self.open_new()
        e2e.write_all(fd, self.one)
        self.absent()
        os.fsync(fd)
        self.same(self.bed.decrypt(self.name()), self.one)
        os.fdatasync(fd)  # nothing new: free
        os.close(fd)
        self.holds(self.one)
        self.assertEqual(len(self.log(rf"{self.name()}: committed")), 1)

    def test_write_after_fsync(self):
        fd = self.open_new()
        expected = b""
        for seed in range(3):
            piece = content(self.SIZE, seed)
            e2e.write_all(fd, piece)
            expected += piece
            os.fsync(fd)
            self.same(self.bed.decrypt(self.name()), expected)
        e2e.write_all(fd, b"end")
        os.close(fd)
        self.holds(expected + b"end")

    def test_o_sync_writer(self):
        for flags in (os.O_SYNC, os.O_DSYNC):
            fd = self.open_new(flags | os.O_TRUNC)
            for start in range(0, 5000, 1000):
                os.pwrite(fd, self.one[start:start + 1000], start)
            os.close(fd)
            self.holds(self.one[:5000])

    def test_sync_of_another_process(self):
        fd = self.open_new()
        e2e.write_all(fd, self.one)
        child = self.lead(f"os.fsync({fd})\nstep('synced')", pass_fds=[fd])
        self.await_step(child, "synced")
        self.same(self.bed.decrypt(self.name()), self.one)
        self.go_on(child)
        os.close(fd)

    def test_rename_right_after_the_close(self):
        for number in range(5):
            write(self.path, content(1000, number))
            os.rename(self.path, self.path + ".bak")
            self.same(read(self.path + ".bak"), content(1000, number))


class Sizes(CommitTest):
    """Orders in which backups declare and trim the size."""

    def run_order(self, *steps, expected):
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        for step in steps:
            if step == "sync":
                os.fsync(fd)
            elif step == "write":
                e2e.write_all(fd, self.one)
            elif step == "reserve":
                e2e.fallocate(fd, 0, 0, 3 * self.SIZE)
            else:
                os.ftruncate(fd, step)
                self.assertEqual(os.fstat(fd).st_size, step)
        os.close(fd)
        self.holds(expected)

    def test_declared_written_trimmed_synced(self):
        self.run_order(3 * self.SIZE, "write", self.SIZE, "sync", expected=self.one)

    def test_declared_written_synced_trimmed(self):
        self.run_order(3 * self.SIZE, "write", "sync", self.SIZE, expected=self.one)

    def test_reserved_written_trimmed(self):
        self.run_order("reserve", "write", self.SIZE, expected=self.one)

    def test_declared_and_outgrown(self):
        self.run_order(1000, "write", "sync", expected=self.one)

    def test_extended_after_the_data(self):
        self.run_order("write", 2 * self.SIZE, expected=self.one + bytes(self.SIZE))

    def test_extended_after_the_sync(self):
        self.run_order("write", "sync", 2 * self.SIZE, expected=self.one + bytes(self.SIZE))

    def test_only_declared(self):
        self.run_order(self.SIZE, expected=bytes(self.SIZE))

    def test_fsync_never_sends_the_declared_tail(self):
        fd = self.open_new()
        os.ftruncate(fd, 50 * self.SIZE)
        e2e.write_all(fd, self.one)
        os.fsync(fd)
        self.same(self.bed.decrypt(self.name()), self.one)
        os.ftruncate(fd, self.SIZE)
        os.close(fd)
        self.holds(self.one)

    def test_never_trimmed_is_an_unfinished_backup(self):
        path = os.path.join(self.mount("--zero-tail-max", "1MiB"), self.name())
        for size, number in ((self.SIZE + MIB, 0), (self.SIZE + MIB + 1, errno.EIO)):
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.ftruncate(fd, size)
            e2e.write_all(fd, self.one)
            if number:
                self.fails(number, os.close, fd)
            else:
                os.close(fd)
        # The second one left the first.
        self.holds(self.one + bytes(MIB))
        self.no_upload_left()


def streamed(test):
    """The same rules for a file that is sent in parts while it is written."""
    return type(f"Streamed{test.__name__}", (test,), {
        "SIZE": 11 * MIB + 5, "MOUNT_ARGS": ("--hold-size", "0", "--part-size", "5MiB"),
        "__doc__": streamed.__doc__})


StreamedClosing, StreamedDying = streamed(Closing), streamed(Dying)
StreamedSyncing, StreamedSizes = streamed(Syncing), streamed(Sizes)

if __name__ == "__main__":
    unittest.main()
