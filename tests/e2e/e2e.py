"""What the end-to-end tests share: one set of servers for a file, a mount for a class, helpers.

Every test uses names of its own, so that one mount serves them all.
"""

import concurrent.futures
import ctypes
import errno
import hashlib
import os
import random
import re
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "servers"))

# pylint: disable=wrong-import-position
import testbed  # noqa: E402

KIB, MIB = 1 << 10, 1 << 20
PYTHON = testbed.PYTHON

libc = ctypes.CDLL(None, use_errno=True)


def content(size, seed=1):
    """Bytes that no two places, seeds or compressions have in common."""
    return random.Random(f"{seed}/{size}").randbytes(size)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def read_rest(file, offset=None):
    """What an open, unbuffered file has from where it stands, or from an offset on."""
    if offset is not None:
        file.seek(offset)
    pieces = iter(lambda: file.read(MIB), b"")
    return b"".join(pieces)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def write(path, data, flags=os.O_WRONLY | os.O_CREAT | os.O_TRUNC):
    """One open, writes, and the close that must succeed: Python's own close() is not hidden."""
    fd = os.open(path, flags, 0o644)
    try:
        write_all(fd, data)
    except BaseException:
        try:
            os.close(fd)
        except OSError:
            pass
        raise
    os.close(fd)


def write_all(fd, data):
    view = memoryview(data)
    while len(view) > 0:
        view = view[os.write(fd, view[:MIB]):]


def fallocate(fd, mode, offset, length):
    if libc.fallocate(fd, mode, ctypes.c_int64(offset), ctypes.c_int64(length)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def eventually(predicate, timeout_s=120):
    """What a close that nobody waits for (RELEASE) does soon: the last value of the predicate.

    The time is for a machine that is busy with other things; who fails waits for it."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = predicate()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(0.02)


WAIT_S = 120  # for what should happen at once, on a machine that is busy with other things
BEDS = {}  # by their options; each ends itself with the process


def shared_bed(options):
    key = repr(sorted(options.items()))
    if key not in BEDS:
        BEDS[key] = testbed.Testbed(**options)
    return BEDS[key]


class BedTest(unittest.TestCase):
    """Servers and a bucket, those of all classes of the file that ask for the same."""

    BED = {}

    @classmethod
    def setUpClass(cls):
        cls.bed = shared_bed(cls.BED)

    def fails(self, number, function, *arguments, **keywords):
        """The call must fail with this errno; the OSError."""
        with self.assertRaises(OSError) as caught:
            function(*arguments, **keywords)
        self.assertEqual(errno.errorcode[caught.exception.errno], errno.errorcode[number])
        return caught.exception

    def tool(self, *command, status=0, **options):
        """Runs a program as a user would; what it printed."""
        options.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=600, check=False, **options)
        self.assertEqual(done.returncode, status, done.stdout.decode(errors="replace"))
        return done.stdout

    def source(self, name, data):
        """A file outside of the mount."""
        folder = self.bed.path("source")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def same(self, found, expected, what=""):
        """Of large contents only where they differ is of interest."""
        if found == expected:
            return
        at = next((i for i, (a, b) in enumerate(zip(found, expected)) if a != b),
                  min(len(found), len(expected)))
        self.fail(f"{what}: {len(found)} bytes where {len(expected)} were expected, "
                  f"different from byte {at} on")

    def has_tag(self, key):
        """Whether an object of ours is in a format that authenticates: gcm or commit."""
        metadata = self.bed.metadata(key)
        return "x-amz-3" in metadata or metadata.get("x-amz-cek-alg") == "AES/GCM/NoPadding"

    def uploads_of(self, key):
        return [k for k, _ in self.bed.list_uploads() if k == key]

    def check_object(self, key, expected):
        """The object is whole, encrypted, and nothing of an upload is left."""
        self.same(self.bed.decrypt(key), expected, f"object {key}")
        stored = self.bed.get(key)
        tail = 16 if self.has_tag(key) else 16 - len(expected) % 16
        self.assertEqual(len(stored), len(expected) + tail)
        if len(expected) >= 16:
            self.assertNotIn(expected[:16], stored)
        # What was given up is aborted behind the caller's back.
        eventually(lambda: not self.uploads_of(key))
        self.assertEqual(self.uploads_of(key), [])

    def python(self, code, *arguments, **options):
        """Another process, running Python code that finds its arguments in sys.argv[1:].

        Whoever has stdin=PIPE can lead it step by step: the code waits with input()."""
        return subprocess.Popen([PYTHON, "-c", "import os, sys\n" + code, *arguments],
                                **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE,
                                   "text": True, **options})


class MountTest(BedTest):
    """And a mount for the class, that must end clean."""

    MOUNT_ARGS = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mnt = cls.bed.mount(["--log-level", "info", *cls.MOUNT_ARGS])

    @classmethod
    def tearDownClass(cls):
        status = cls.bed.umount(cls.mnt)
        if status != 0:
            raise AssertionError(f"{cls.mnt}: exit status {status} after umount")

    def at(self, *names):
        return os.path.join(self.mnt, *names)

    def log(self, pattern, since=0):
        """Lines of the mount's log that match."""
        lines = self.bed.mount_log(self.mnt)[since:].splitlines()
        return [line for line in lines if re.search(pattern, line)]

    def log_mark(self):
        return len(self.bed.mount_log(self.mnt))

    def in_thread(self, function, *arguments):
        """Its future: what a thread of its own makes of a call that waits."""
        pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)
        return pool.submit(function, *arguments)

    def mount(self, *arguments, **options):
        """One more mount, of this test only."""
        path = self.bed.mount(list(arguments), **options)
        mount = self.bed.find_mount(path)
        self.addCleanup(lambda: mount in self.bed.mounts and self.bed.drop_mount(mount))
        return path
