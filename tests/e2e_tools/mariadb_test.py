#!/usr/bin/python3
"""mariadb-dump onto a mount, and back into a new database of a real MariaDB."""

import os
import subprocess
import unittest

import databases
import tools
from tools import read

# Some 20 MB as text: bytes of every value, text of four bytes a character, dates, many rows.
TABLES = r"""
CREATE TABLE rows_of_all (id INT PRIMARY KEY AUTO_INCREMENT, note TEXT, amount DECIMAL(20,6),
    at DATETIME(6), doc JSON, kind ENUM('a','b'), KEY (at)) CHARACTER SET utf8mb4;
INSERT INTO rows_of_all (note, amount, at, doc, kind)
    SELECT CONCAT(REPEAT(CONCAT('\'"\\', CHAR(10), UNHEX('F09F9880')), seq % 4), seq, MD5(seq)),
        seq / 7, '2001-01-01' + INTERVAL seq MINUTE, JSON_OBJECT('n', seq), 1 + seq % 2
    FROM seq_1_to_40000;
CREATE TABLE bytes (id INT PRIMARY KEY, body LONGBLOB);
INSERT INTO bytes SELECT seq, UNHEX(REPEAT(SHA2(seq, 512), 1500)) FROM seq_1_to_60;
CREATE TABLE parent (id INT PRIMARY KEY);
CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent (id));
INSERT INTO parent SELECT seq FROM seq_1_to_1000;
INSERT INTO child SELECT seq, seq FROM seq_1_to_1000;
CREATE VIEW both_of_them AS SELECT c.id FROM child c JOIN parent p ON p.id = c.p;
CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2;
CREATE TRIGGER before_child BEFORE INSERT ON child FOR EACH ROW SET NEW.p = NEW.id;
"""
NAMES = ("rows_of_all", "bytes", "parent", "child")
server = None


def setUpModule():
    global server
    server = databases.Mariadb()
    for script in ("CREATE DATABASE original", "USE original;" + TABLES):
        subprocess.run(["mariadb", *server.client, "--default-character-set=utf8mb4"], check=True,
                       input=script.encode())


def tearDownModule():
    server.stop()


class Dumping(tools.ToolTest):
    def sql(self, statement):
        return self.tool("mariadb", *server.client, "-BN", "-e", statement)

    def dump(self, *arguments):
        return self.tool("mariadb-dump", *server.client, "--hex-blob", "--routines", *arguments)

    def checksums(self, database):
        names = ", ".join(f"{database}.{name}" for name in NAMES)
        found = self.sql(f"CHECKSUM TABLE {names} EXTENDED").replace(database.encode(), b"")
        self.assertNotIn(b"NULL", found)
        return found

    def restored(self, path):
        """The database is the same after a restore from what the independent reader found."""
        self.sql("CREATE DATABASE restored")
        try:
            self.shell('mariadb "${@:2}" restored < "$1"', path, *server.client)
            self.assertEqual(self.checksums("restored"), self.checksums("original"))
            self.assertEqual(self.sql("SELECT restored.twice(COUNT(*)) FROM restored.both_of_them"),
                             b"2000\n")
        finally:
            self.sql("DROP DATABASE restored")

    def test_dump_by_redirection(self):
        self.shell('mariadb-dump "${@:2}" > "$1"', self.inside("f.sql"), *server.client,
                   "--single-transaction", "--hex-blob", "--routines", "original")
        self.restored(self.decrypted("f.sql"))

    def test_dump_into_a_result_file(self):
        self.dump("--result-file=" + self.inside("f.sql"), "original")
        self.restored(self.inside("f.sql"))
        self.stored("f.sql", read(self.inside("f.sql")))

    def test_compressed_dump(self):
        self.shell('mariadb-dump "${@:2}" | gzip > "$1"', self.inside("f.sql.gz"), *server.client,
                   "--hex-blob", "--routines", "original")
        self.tool("gzip", "-t", self.inside("f.sql.gz"))
        self.shell('gzip -dc "$1" > "$2"', self.decrypted("f.sql.gz"), self.outside("f.sql"))
        self.restored(self.outside("f.sql"))


if __name__ == "__main__":
    tools.need("mariadbd", "mariadb-install-db", "mariadb-dump", "mariadb")
    os.environ["PATH"] = tools.PATH
    unittest.main()
