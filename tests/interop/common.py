"""Shared by the interoperability tests: the path to the test bed, bytes, one bed a class."""

import os
import random
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "servers"))

# pylint: disable=wrong-import-position
import testbed  # noqa: E402

MIB = 1 << 20
SKIPPED = 77  # what CTest takes for "not run" (SKIP_RETURN_CODE)


def make_bytes(size, seed=0):
    """Bytes that no compressor, no zero fill and no repeated part explains."""
    return random.Random(f"{seed}/{size}").randbytes(size)


def need_programs(*paths):
    """End as "skipped" if a program of another package is not installed."""
    missing = [path for path in paths if not os.path.exists(path)]
    if missing:
        print(f"skipped: {' '.join(missing)} is not installed", file=sys.stderr)
        sys.exit(SKIPPED)


def write_file(path, data):
    with open(path, "wb") as file:
        file.write(data)


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


class BedTest(unittest.TestCase):
    """A test bed for the class; BED is what Testbed() is given."""

    BED = {}

    @classmethod
    def setUpClass(cls):
        cls.bed = testbed.Testbed(**cls.BED)
        cls.addClassCleanup(cls.bed.close)

    def must_run(self, arguments, **options):
        """Run the program; it must succeed."""
        done = self.bed.run([*arguments, *self.bed.server_args()], **options)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        return done
