#!/usr/bin/python3 -B
"""What must hold when opens, closes, renames, kills and the end of the mount meet.

Each test has a mount of its own. Standard library only.
"""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "servers"))
from testbed import Testbed  # noqa: E402  (its folder is only known now)

MIB = 1 << 20
WAIT_S = 120  # for what should happen at once
# To who reads what was replaced: the page cache has one error for all that a read-ahead can meet.
STALE = (errno.ESTALE, errno.EIO)


def write_file(path, data, flags=os.O_WRONLY | os.O_CREAT | os.O_TRUNC):
    fd = os.open(path, flags, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view[:MIB]):]
    finally:
        os.close(fd)


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


def in_child(function):
    """Runs it in a forked child; the child's pid. Its exit status: an errno, 0, or 255."""
    pid = os.fork()
    if pid:
        return pid
    status = 255
    try:
        function()
        status = 0
    except OSError as error:
        status = error.errno
    finally:
        os._exit(status)


def status_of(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def held_open(path, then=lambda fd: None, data=b"x" * 1000):
    """A child that has the file open for writing with data in it, until it is killed or told."""
    ready_r, ready_w = os.pipe()
    go_r, go_w = os.pipe()

    def work():
        os.close(ready_r)
        os.close(go_w)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(fd, data)
        os.write(ready_w, b".")
        os.read(go_r, 1)
        then(fd)
        os.close(fd)

    pid = in_child(work)
    os.close(ready_w)
    os.close(go_r)
    assert os.read(ready_r, 1) == b".", "the child could not write"
    os.close(ready_r)
    return pid, go_w


def eventually(predicate):
    """The last value of a predicate that should soon be true, on a machine that may be busy."""
    deadline = time.monotonic() + WAIT_S
    while not (value := predicate()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return value


class Lifecycle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bed = Testbed()
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        cls.bed.close()

    def setUp(self):
        type(self).count += 1
        self.prefix = f"t{self.count}/"
        self.dir = self.bed.mount([], prefix=self.prefix)
        self.mount = self.bed.find_mount(self.dir)

    def tearDown(self):
        if self.mount in self.bed.mounts:
            self.bed.drop_mount(self.mount)

    def path(self, name):
        return os.path.join(self.dir, name)

    def raises(self, code, function, *arguments):
        with self.assertRaises(OSError) as caught:
            function(*arguments)
        self.assertEqual(errno.errorcode[caught.exception.errno], errno.errorcode[code])

    def ends(self, timeout_s=WAIT_S):
        """The daemon's exit status, once it has ended by itself."""
        try:
            status = self.mount.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.fail("the daemon does not end:\n" + self.bed.mount_log(self.dir)[-3000:])
        self.bed.mounts.remove(self.mount)
        return status

    def ends_well(self):
        mount = self.mount
        status = self.ends()
        if status != 0:
            with open(mount.log_path, encoding="utf-8", errors="replace") as log:
                self.fail(f"the daemon ended with {status}:\n{log.read()[-3000:]}")

    def terminate(self):
        """SIGTERM, taken notice of: a second one is then a second one."""
        self.mount.process.terminate()
        self.assertTrue(eventually(
            lambda: "still open for writing" in self.bed.mount_log(self.dir)))

    # -- what the kernel may keep

    def test_a_cached_file_that_is_overwritten_here_is_read_anew(self):
        write_file(self.path("f"), b"a" * 100000)
        self.assertEqual(read_file(self.path("f")), b"a" * 100000)
        self.assertEqual(read_file(self.path("f")), b"a" * 100000)
        write_file(self.path("f"), b"b" * 100000, os.O_RDWR)
        self.assertEqual(read_file(self.path("f")), b"b" * 100000)

    def test_a_cached_file_that_is_replaced_elsewhere_is_read_anew(self):
        """Also if size and modification time, by which the kernel would know, are the same."""
        other = self.bed.mount([], prefix=self.prefix)
        for content in (b"a", b"b"):
            write_file(os.path.join(other, content.decode()), content * 100000)
        objects = [(self.bed.get(self.prefix + name), self.bed.metadata(self.prefix + name))
                   for name in "ab"]
        for metadata in (pair[1] for pair in objects):
            metadata["mtime"] = "1600000000"
        self.bed.put(self.prefix + "f", objects[0][0], objects[0][1])
        self.assertEqual(read_file(self.path("f")), b"a" * 100000)
        self.bed.put(self.prefix + "f", objects[1][0], objects[1][1])
        time.sleep(1.1)
        os.stat(self.path("f"))
        self.assertEqual(read_file(self.path("f")), b"b" * 100000)

    def test_a_reader_of_the_old_version_gets_no_mixture(self):
        write_file(self.path("f"), b"a" * (6 * MIB))
        with open(self.path("f"), "rb") as old:
            self.assertEqual(old.read(4096), b"a" * 4096)
            write_file(self.path("f"), b"b" * (7 * MIB))
            with open(self.path("f"), "rb") as new:
                self.assertEqual(new.read(4096), b"b" * 4096)
                try:
                    self.assertEqual(set(old.read()) - {ord("a")}, set())
                except OSError as error:
                    self.assertIn(error.errno, STALE)
                self.assertEqual(new.read(), b"b" * (7 * MIB - 4096))

    def test_an_append_goes_to_the_end_that_the_object_has(self):
        """The kernel's idea of the end is a guess for an object of unrecorded odd size."""
        write_file(self.path("src"), b"0123456789" * 7 + b"abc")
        body, metadata = self.bed.get(self.prefix + "src"), self.bed.metadata(self.prefix + "src")
        metadata.pop("x-amz-unencrypted-content-length")
        self.bed.put(self.prefix + "f", body, metadata)
        write_file(self.path("f"), b"DEF", os.O_WRONLY | os.O_APPEND)
        self.assertEqual(self.bed.decrypt(self.prefix + "f"), b"0123456789" * 7 + b"abcDEF")

    # -- who may open

    def test_a_closed_file_can_be_opened_by_another_process_at_once(self):
        """close() returns before the kernel tells of the last close."""
        for i in range(30):
            write_file(self.path(f"f{i}"), b"x" * (i % 3))
            pid = in_child(lambda: write_file(self.path(f"f{i}"), b"y", os.O_WRONLY))
            self.assertEqual(status_of(pid), 0, f"round {i}")

    def test_a_second_process_is_refused_while_the_first_writes(self):
        pid, go = held_open(self.path("f"))
        self.raises(errno.EBUSY, os.open, self.path("f"), os.O_WRONLY)
        os.close(go)
        self.assertEqual(status_of(pid), 0)
        self.assertEqual(read_file(self.path("f")), b"x" * 1000)

    def test_a_file_that_failed_can_be_opened_anew_by_the_same_process(self):
        fd = os.open(self.path("f"), os.O_RDWR | os.O_CREAT, 0o600)
        data = os.urandom(MIB)
        for i in range(80):
            os.pwrite(fd, data, i * MIB)
        with self.assertRaises(OSError):  # the beginning is sealed in a moment
            while True:
                os.pwrite(fd, b"go back", 0)
                time.sleep(0.01)
        with self.assertRaises(OSError):  # still the failed one
            os.open(self.path("f"), os.O_WRONLY | os.O_TRUNC)
        with self.assertRaises(OSError):
            os.close(fd)
        write_file(self.path("f"), b"again")
        self.assertEqual(read_file(self.path("f")), b"again")

    # -- names

    def test_a_removed_file_does_not_come_back_by_a_commit(self):
        for i in range(20):
            fd = os.open(self.path("f"), os.O_WRONLY | os.O_CREAT, 0o600)
            os.write(fd, b"x" * 1000)

            def close():
                try:
                    os.close(fd)
                except OSError:
                    pass

            thread = threading.Thread(target=close)
            thread.start()
            time.sleep(0.001 * i)
            os.unlink(self.path("f"))
            thread.join()
            time.sleep(0.05)
            self.assertEqual(self.bed.head(self.prefix + "f").status, 404, f"round {i}")

    def test_a_rename_and_an_open_for_writing_do_not_split_a_file(self):
        """Whoever is first: what was written is at the name where the file then is."""
        for i in range(12):
            write_file(self.path("a"), b"old")
            written = []

            def write():
                try:
                    write_file(self.path("a"), b"new", os.O_WRONLY)
                    written.append(True)
                except OSError:
                    pass

            thread = threading.Thread(target=write)
            thread.start()
            time.sleep(0.002 * i)
            try:
                os.rename(self.path("a"), self.path("b"))
            except OSError as error:
                self.assertEqual(error.errno, errno.EBUSY)
                thread.join()
                os.rename(self.path("a"), self.path("b"))
            thread.join()
            time.sleep(0.05)
            self.assertEqual(list(self.bed.list(self.prefix)), [self.prefix + "b"], f"round {i}")
            self.assertEqual(self.bed.decrypt(self.prefix + "b"), b"new" if written else b"old")
            os.unlink(self.path("b"))

    def test_a_file_made_in_a_directory_being_renamed_is_where_it_is_shown(self):
        os.mkdir(self.path("d"))
        for i in range(30):
            write_file(self.path(f"d/{i}"), b"x")
        made = []

        def make():
            fd = os.open(self.path("d"), os.O_RDONLY | os.O_DIRECTORY)
            for i in range(100):
                try:
                    new = os.open(f"new{i}", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=fd)
                    os.write(new, b"y")
                    os.close(new)
                    made.append(i)
                except OSError:
                    pass
            os.close(fd)

        thread = threading.Thread(target=make)
        thread.start()
        time.sleep(0.1)
        try:
            os.rename(self.path("d"), self.path("e"))
            name = "e"
        except OSError as error:
            self.assertEqual(error.errno, errno.EBUSY)
            name = "d"
        thread.join()
        time.sleep(0.2)
        keys = set(self.bed.list(self.prefix))
        self.assertEqual(keys, {f"{self.prefix}{name}/{i}" for i in range(30)} |
                         {f"{self.prefix}{name}/new{i}" for i in made})

    # -- the end of a writer

    def test_a_killed_writer_publishes_nothing(self):
        for number in (signal.SIGKILL, signal.SIGTERM):
            write_file(self.path("f"), b"old")
            pid, go = held_open(self.path("f"), data=b"new!")
            os.kill(pid, number)
            self.assertEqual(status_of(pid), -number)
            os.close(go)
            time.sleep(0.2)
            self.assertEqual(self.bed.decrypt(self.prefix + "f"), b"old")

    def test_a_writer_that_exits_without_closing_publishes(self):
        pid = in_child(lambda: os.write(os.open(self.path("f"), os.O_WRONLY | os.O_CREAT), b"data"))
        self.assertEqual(status_of(pid), 0)
        self.assertEqual(self.bed.decrypt(self.prefix + "f"), b"data")

    # -- the end of the mount

    def test_unmounting_right_after_a_close_loses_nothing(self):
        for i in range(10):
            write_file(self.path(f"empty{i}"), b"")
            write_file(self.path(f"full{i}"), b"x" * 100)
        self.assertTrue(eventually(lambda: subprocess.run(
            ["umount", self.dir], stderr=subprocess.DEVNULL, check=False).returncode == 0))
        self.ends_well()
        self.assertEqual(len(self.bed.list(self.prefix)), 20)

    def test_a_lazy_unmount_waits_for_the_last_close(self):
        pid, go = held_open(self.path("f"))
        subprocess.run(["umount", "-l", self.dir], check=True)
        self.assertIsNone(self.mount.process.poll())
        os.close(go)
        self.assertEqual(status_of(pid), 0)
        self.ends_well()
        self.assertEqual(self.bed.decrypt(self.prefix + "f"), b"x" * 1000)

    def test_a_termination_after_a_lazy_unmount_ends_the_daemon(self):
        pid, go = held_open(self.path("f"), then=lambda fd: time.sleep(600))
        subprocess.run(["umount", "-l", self.dir], check=True)
        self.terminate()
        self.mount.process.terminate()
        self.assertNotEqual(self.ends(), 0)
        os.kill(pid, signal.SIGKILL)
        status_of(pid)
        os.close(go)
        self.assertEqual(self.bed.head(self.prefix + "f").status, 404)

    def test_a_termination_waits_for_writers_and_refuses_new_ones(self):
        pid, go = held_open(self.path("f"))
        self.terminate()
        self.raises(errno.EBUSY, os.open, self.path("g"), os.O_WRONLY | os.O_CREAT)
        os.close(go)
        self.assertEqual(status_of(pid), 0)
        self.ends_well()
        self.assertEqual(self.bed.decrypt(self.prefix + "f"), b"x" * 1000)

    def test_a_second_termination_gives_up_the_open_files(self):
        os.close(os.open(self.path("declared"), os.O_WRONLY | os.O_CREAT, 0o600))
        pid, go = held_open(self.path("f"))
        committed = os.open(self.path("declared"), os.O_WRONLY)
        os.ftruncate(committed, 4096)  # changed, but nothing of it was begun
        self.terminate()
        self.assertIsNone(self.mount.process.poll())
        self.mount.process.terminate()
        self.assertNotEqual(self.ends(), 0)
        os.close(go)
        self.assertEqual(status_of(pid), errno.ENOTCONN)
        with self.assertRaises(OSError):
            os.close(committed)
        self.assertEqual(self.bed.head(self.prefix + "f").status, 404)
        with open(self.mount.log_path, encoding="utf-8") as log:
            self.assertIn("could not be committed", log.read())


class DeadServer(unittest.TestCase):
    """The store takes requests and never answers."""

    def test_a_termination_does_not_wait_longer_for_a_file_that_is_just_being_closed(self):
        for size in (1000, 20 * MIB):  # a single PUT, and an upload in parts
            with self.subTest(size=size), Testbed(store="script") as bed:
                path = os.path.join(bed.mount(["--stop-timeout", "1"]), "f")
                mount = bed.find_mount()
                bed.s3.control(rules=[{"action": "stall", "op": "PutObject|CompleteMultipartUpload",
                                       "times": None, "seconds": 600}])
                pid = in_child(lambda: write_file(path, b"x" * size))
                bed.s3.await_held(action="stall")
                mount.process.terminate()
                self.assertNotEqual(mount.process.wait(WAIT_S), 0)
                self.assertNotEqual(status_of(pid), 0)
                self.assertFalse(os.path.ismount(os.path.dirname(path)))
                bed.mounts.remove(mount)


class SlowAnswers(unittest.TestCase):
    """Against the scripted server, whose answers come when the test wants them."""

    def test_a_reader_gets_no_zeros_of_a_longer_file_that_was_given_up(self):
        with Testbed(store="script") as bed:
            path = os.path.join(bed.mount(), "x")
            data = os.urandom(113076)
            write_file(path, data)
            for _ in range(3):
                self.read_while_a_writer_dies(bed, path, data)

    def read_while_a_writer_dies(self, bed, path, data):
        self.assertEqual(read_file(path), data)  # the kernel knows its size
        fd = os.open(path, os.O_RDONLY)
        child, _go = held_open(path, data=b"y" * 131072)  # in the kernel, the file is that long now
        bed.s3.control(rules=[{"action": "hold", "op": "GetObject", "key": "^x$"}])
        found, errors = bytearray(), []

        def read():
            try:
                while piece := os.read(fd, 200000):
                    found.extend(piece)
            except OSError as error:
                errors.append(errno.errorcode[error.errno])

        reader = threading.Thread(target=read)
        reader.start()
        bed.s3.await_held()
        size = os.stat(path).st_size  # told again, while the read waits for its answer
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        bed.s3.control(reset=True)
        reader.join()
        os.close(fd)
        self.assertEqual(size, 131072)
        self.assertEqual(bytes(found), data[:len(found)])  # not one byte beyond the old file
        self.assertIn(errors, ([], *([errno.errorcode[code]] for code in STALE)))
        self.assertTrue(errors or len(found) == len(data))


if __name__ == "__main__":
    unittest.main(verbosity=2)
