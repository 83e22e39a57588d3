#!/usr/bin/python3
"""What the log says of SQL Server's backups: their kind and whether they are finished, and nothing
that stands in them."""

import os
import subprocess
import sys
import unittest

import e2e
from e2e import HERE, MIB, read, write

MKBAK = os.path.join(HERE, "..", "tools", "mkbak.py")
NAMES = ("PayrollDb", "SRV77", "CORP\\\\backupop", "Nightly of Payroll")
UNFINISHED = "looks like an unfinished SQL Server backup"


def backup(*options):
    return subprocess.run(
        [sys.executable, MKBAK, "--database", NAMES[0], "--server", f"{NAMES[1]}\\A", "--machine",
         NAMES[1], "--user", "CORP\\backupop", "--name", NAMES[3], *options, "-"],
        check=True, stdout=subprocess.PIPE, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}).stdout


class Held(e2e.MountTest):
    """A file that is sent at its end."""

    def committed(self, name, since=0):
        """What the log's line about the object says that it is."""
        lines = e2e.eventually(lambda: self.log(rf"{name}: committed", since))
        self.assertEqual(len(lines), 1, lines)
        return lines[0].partition("uid 0)")[2]

    def said_of(self, name, data):
        mark = self.log_mark()
        write(self.at(name), data)
        said = self.committed(name, mark)
        self.same(read(self.at(name)), data)
        return said

    def tearDown(self):
        for name in NAMES:
            self.assertEqual(self.log(name), [])

    def test_full_backup_with_checksums_is_named(self):
        self.assertEqual(self.said_of("full.bak", backup("--size", "3M", "--checksum")),
                         ": SQL Server backup (full, checksums), finished")
        self.assertEqual(self.log(rf"full\.bak: {UNFINISHED}"), [])

    def test_compressed_stripe_is_named(self):
        data = backup("--size", "3M", "--compress", "--type", "diff", "--stripe", "2/4")
        self.assertEqual(
            self.said_of("stripe.bak", data),
            ": SQL Server backup (differential, compressed, stripe 2 of 4), finished")

    def test_filemarks_of_512_bytes_and_an_end_on_a_chunk(self):
        for size in (str(2 * MIB - 512), str(MIB + 512)):
            data = backup("--size", size, "--filemark", "512")
            self.assertEqual(self.said_of(f"small-{size}.trn", data),
                             ": SQL Server backup (full), finished")

    def test_other_files_are_logged_as_before(self):
        self.assertEqual(self.said_of("other.bak", e2e.content(MIB + 7)), "")
        self.assertEqual(self.said_of("short.bak", b"TAPE"), "")

    def test_unfinished_backup_is_stored_and_warned_of_once(self):
        data = backup("--size", "2M")[:-4096]
        self.assertEqual(self.said_of("cut.bak", data), ": SQL Server backup (full), unfinished")
        self.assertEqual(len(self.log(rf"warn.*cut\.bak: {UNFINISHED}")), 1)

    def test_odd_end_is_unfinished(self):
        data = backup("--size", "2M")
        self.assertEqual(self.said_of("odd.bak", data + b"x"),
                         ": SQL Server backup (full), unfinished")

    def test_sync_in_the_middle_is_no_reason_to_warn(self):
        data = backup("--size", "2M")
        fd = os.open(self.at("synced.bak"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        e2e.write_all(fd, data[:MIB])
        os.fsync(fd)
        e2e.write_all(fd, data[MIB:])
        os.close(fd)
        lines = self.log(r"synced\.bak: committed")
        self.assertTrue(lines[0].endswith("SQL Server backup (full), unfinished"), lines)
        self.assertTrue(lines[-1].endswith("SQL Server backup (full), finished"), lines)
        self.assertEqual(self.log(rf"synced\.bak: {UNFINISHED}"), [])

    def test_appended_set_is_named_by_its_end(self):
        data = backup("--size", "2M,512K", "--type", "full,log")
        write(self.at("both.bak"), data[:2 * MIB])
        mark = self.log_mark()
        fd = os.open(self.at("both.bak"), os.O_WRONLY)
        os.pwrite(fd, data[2 * MIB:], 2 * MIB)
        os.close(fd)
        self.same(read(self.at("both.bak")), data)
        self.assertEqual(self.committed("both.bak", mark),
                         ": SQL Server backup (log, 2 sets), finished")

    def test_appended_set_that_is_cut_is_not_called_finished(self):
        data = backup("--size", "2M,512K", "--type", "full,log")
        fd = os.open(self.at("cut2.bak"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        e2e.write_all(fd, data[:2 * MIB])
        os.fsync(fd)
        e2e.write_all(fd, data[2 * MIB:-8192])
        os.close(fd)
        self.assertTrue(self.log(r"cut2\.bak: committed")[-1].endswith(", unfinished"))
        self.assertEqual(len(self.log(rf"cut2\.bak: {UNFINISHED}")), 1)


class Streamed(Held):
    """A file that is sent while it is written."""

    MOUNT_ARGS = ("--hold-size", "0")


if __name__ == "__main__":
    unittest.main()
