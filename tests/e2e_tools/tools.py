"""What the tests with real tools share: mounts on which small files already cross many parts.

Nothing is held back and the parts are 128 KiB at first (the server was told to take parts of
64 KiB), so that whatever a tool does happens to a stream that is under way. Tools that go back over
what they wrote get a mount with a spool besides, and with so small a window and memory that gaps
close early and most of what is rewritten goes through the spool.
"""

import os
import shutil
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

# pylint: disable=wrong-import-position
import e2e  # noqa: E402
from e2e import KIB, MIB, content, read, testbed  # noqa: E402,F401

MIN_PART = 64 * KIB
STREAMING = ("--part-min", "64KiB", "--part-size", "128KiB", "--hold-size", "0")


def need(*programs):
    """Skips the tests of a file (with status 77, see CMakeLists.txt) where a program is missing."""
    missing = [name for name in programs if shutil.which(name, path=PATH) is None]
    if missing:
        print("skipped: not installed:", ", ".join(missing))
        sys.exit(77)


PATH = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"


class ToolTest(e2e.MountTest):
    """A mount that streams; `outside()` for the plain files that tools copy from and to."""

    BED = {"rgw_env": {"RGW_MIN_PART": str(MIN_PART)}}
    MOUNT_ARGS = STREAMING

    def setUp(self):
        # Every test in a directory of its own: what is left behind is then somebody's.
        self.name = f"{type(self).__name__}-{self._testMethodName}"
        self.dir = self.at(self.name)
        os.mkdir(self.dir)
        self.out = self.bed.path("outside", self.name)
        os.makedirs(self.out)
        self.addCleanup(shutil.rmtree, self.out, ignore_errors=True)

    def inside(self, *names):
        return os.path.join(self.dir, *names)

    def outside(self, *names):
        return os.path.join(self.out, *names)

    def make(self, name, data):
        """A plain file with this content."""
        path = self.outside(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def shell(self, script, *arguments, status=0, **options):
        """A script for bash, with what it needs as $1, $2, ..."""
        return self.tool("bash", "-c", "set -o pipefail\n" + script, "bash", *arguments,
                         status=status, **options)

    def key(self, *names):
        return "/".join((self.name, *names))

    def stored(self, name, expected):
        """In the bucket as it should be: whole, by the independent reader, and nothing besides."""
        self.check_object(self.key(name), expected)

    def stored_tree(self, plain):
        """Every regular file below a plain directory is in the bucket, and nothing else."""
        files = {}
        for folder, _, names in os.walk(plain):
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    files[os.path.relpath(path, plain)] = path
        found = self.bed.list(self.name + "/")
        self.assertEqual(sorted(found), sorted(self.key(name) for name in files))
        for name, path in files.items():
            self.stored(name, read(path))

    def decrypted(self, name):
        """A plain file with what the independent reader makes of an object."""
        path = self.outside("decrypted-" + os.path.basename(name))
        with open(path, "wb") as file:
            file.write(self.bed.decrypt(self.key(name)))
        return path

    def tearDown(self):
        self.assertEqual(self.bed.list_uploads(self.name), [], "uploads are left")


class SpoolTest(ToolTest):
    """The same with a spool: for tools that go back over what has been sent, or rewrite files."""

    @classmethod
    def setUpClass(cls):
        spool = e2e.shared_bed(cls.BED).path("spool")
        os.makedirs(spool, exist_ok=True)
        cls.spool = spool
        cls.MOUNT_ARGS = (*cls.MOUNT_ARGS, "--window", "1MiB", "--memory-limit", "16MiB",
                          "--spool-dir", spool)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        left = os.listdir(cls.spool)
        if left:
            raise AssertionError(f"left in the spool directory: {left}")


def main():
    unittest.main()
