#!/usr/bin/python3
"""sqlite3's .backup, VACUUM INTO and .dump of a database of some 25 MB onto a mount."""

import os
import sqlite3
import unittest

import tools
from tools import read

TABLES = """
CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB, name TEXT);
CREATE INDEX rows_by_name ON rows (name);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
    INSERT INTO rows SELECT i, randomblob(3800 + i % 900), hex(randomblob(20)) FROM n;
CREATE TABLE more (id INTEGER PRIMARY KEY, n REAL, t TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    INSERT INTO more SELECT i, i / 7.0, printf('%d rows', i) FROM n;
DELETE FROM rows WHERE id % 10 = 0;
"""


class SqliteTest(tools.ToolTest):
    def setUp(self):
        super().setUp()
        self.database = self.bed.path("original.db")
        if not os.path.exists(self.database):
            self.sqlite(self.database, TABLES)

    def sqlite(self, *arguments, **options):
        return self.tool("sqlite3", "-batch", "-bail", *arguments, **options)

    def check_backup(self, name):
        """Whole by SQLite's own check, of the mount's file and of the decrypted one; the same."""
        decrypted = self.decrypted(name)
        self.tool("cmp", decrypted, self.inside(name))
        for path in (decrypted, self.inside(name)):
            # Opened for writing, its reads would pass by the cache, a request for each page.
            self.assertEqual(self.sqlite("-readonly", path, "PRAGMA integrity_check"), b"ok\n")
        self.assertEqual(self.sqlite(decrypted, ".sha3sum"), self.sqlite(self.database, ".sha3sum"))
        self.stored(name, read(decrypted))
        self.assertEqual(sorted(os.listdir(self.dir)), [name], "journals are left")


class Sending(SqliteTest):
    def test_dump_by_redirection(self):
        self.shell('sqlite3 "$1" .dump > "$2"', self.database, self.inside("f.sql"))
        self.shell('sqlite3 -bail "$1" < "$2"', self.outside("again.db"), self.decrypted("f.sql"))
        self.assertEqual(self.sqlite(self.outside("again.db"), ".sha3sum"),
                         self.sqlite(self.database, ".sha3sum"))


class WithinTheWindow(SqliteTest):
    MOUNT_ARGS = (*tools.STREAMING, "--hold-size", "64KiB")

    def test_backup_needs_no_spool(self):
        self.sqlite(self.database, ".backup " + self.inside("f.db"))
        self.check_backup("f.db")


class WithoutSpool(SqliteTest):
    """Journals are small and held; the database is not, and its first page comes last."""

    MOUNT_ARGS = (*tools.STREAMING, "--hold-size", "64KiB", "--window", "1MiB")

    def test_backup_is_refused_and_publishes_no_page(self):
        said = self.sqlite(self.database, ".backup " + self.inside("f.db"), status=1)
        self.assertIn(b"disk I/O error", said)
        self.assertTrue(self.log(r"f\.db: given up"))
        if self.bed.head(self.key("f.db")).status == 200:
            self.assertEqual(self.bed.decrypt(self.key("f.db")), b"")


class Rewriting(tools.SpoolTest, SqliteTest):
    """The pages of a backup are written in SQLite's own order, the first one last."""

    def test_backup(self):
        self.sqlite(self.database, ".backup " + self.inside("f.db"))
        self.check_backup("f.db")

    def test_backup_over_an_older_one(self):
        self.tool("sqlite3", self.outside("old.db"), "CREATE TABLE t (b); WITH RECURSIVE n(i) AS "
                  "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 800) "
                  "INSERT INTO t SELECT randomblob(10000) FROM n")
        self.tool("cp", self.outside("old.db"), self.inside("f.db"))
        self.sqlite(self.database, ".backup " + self.inside("f.db"))
        self.check_backup("f.db")

    def test_vacuum_into(self):
        self.sqlite(self.database, f"VACUUM INTO '{self.inside('f.db')}'")
        self.check_backup("f.db")

    def test_backup_of_a_database_that_changes_meanwhile(self):
        # It starts again and writes over what it wrote.
        self.tool("cp", self.database, self.outside("live.db"))
        self.database = self.outside("live.db")
        writer = sqlite3.connect(self.database)
        changed = []

        def change(_status, remaining, _total):
            if remaining < 3000 and len(changed) < 3:
                changed.append(remaining)
                writer.execute("UPDATE rows SET body = randomblob(5000) WHERE id = 1")
                writer.commit()

        source, target = sqlite3.connect(self.database), sqlite3.connect(self.inside("f.db"))
        source.backup(target, pages=500, progress=change, sleep=0)
        for connection in (source, target, writer):
            connection.close()
        self.assertEqual(len(changed), 3)
        self.check_backup("f.db")

    def test_a_change_in_a_database_on_the_mount(self):
        self.tool("cp", self.database, self.inside("f.db"))
        self.sqlite(self.inside("f.db"), "UPDATE more SET n = 0 WHERE id % 5000 = 1")
        self.tool("cp", self.database, self.outside("same.db"))
        self.database = self.outside("same.db")
        self.sqlite(self.database, "UPDATE more SET n = 0 WHERE id % 5000 = 1")
        self.check_backup("f.db")


if __name__ == "__main__":
    tools.need("sqlite3")
    unittest.main()
