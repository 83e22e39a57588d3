#!/usr/bin/python3
"""pg_dump in every format onto a mount, and back into a new database of a real PostgreSQL."""

import os
import re
import subprocess
import unittest

import databases
import tools
from tools import read

# About 30 MB: incompressible bytes, text that compresses, many rows, many tables, large objects.
TABLES = r"""
SELECT setseed(0.5);
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE row_types (id bigserial PRIMARY KEY, at timestamptz, amount numeric(20,6),
    note text, tags text[], doc jsonb, feeling mood, place point, empty text);
INSERT INTO row_types (at, amount, note, tags, doc, feeling, place)
    SELECT timestamptz '2001-01-01 UTC' + n * interval '7 min', random() * 1e9,
        repeat(chr(9) || '\' || chr(228) || chr(10) || n, n % 5), ARRAY[n::text, NULL, '{,}'],
        jsonb_build_object('n', n, 'list', jsonb_build_array(n, NULL, random())),
        (ARRAY['sad','ok','happy']::mood[])[1 + n % 3], point(n, random())
    FROM generate_series(1, 30000) n;
CREATE INDEX ON row_types (at);
CREATE TABLE bytes (id int PRIMARY KEY, body bytea);
ALTER TABLE bytes ALTER body SET STORAGE EXTERNAL;
INSERT INTO bytes SELECT n, (SELECT decode(string_agg(md5(random()::text || n || m), ''), 'hex')
    FROM generate_series(1, 20000) m) FROM generate_series(1, 30) n;
CREATE TABLE parent (id int PRIMARY KEY, name text UNIQUE);
CREATE TABLE child (id int, parent int REFERENCES parent, CHECK (id > 0)) PARTITION BY RANGE (id);
INSERT INTO parent SELECT n, md5(n::text) FROM generate_series(1, 5000) n;
SELECT format('CREATE TABLE child_%s PARTITION OF child FOR VALUES FROM (%s) TO (%s)',
    n, n * 1000, n * 1000 + 1000) FROM generate_series(0, 19) n \gexec
INSERT INTO child SELECT n, 1 + n % 5000 FROM generate_series(1, 19999) n;
CREATE VIEW both_of_them AS SELECT c.id, p.name FROM child c JOIN parent p ON p.id = c.parent;
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';
CREATE MATERIALIZED VIEW counted AS SELECT parent, count(*) FROM child GROUP BY 1;
SELECT lo_from_bytea(10000 + id, substring(body, 1, 100000)) FROM bytes WHERE id <= 5;
"""


server = None
original_text = None


def setUpModule():
    global server, original_text
    server = databases.Postgres()
    script = server.path("tables.sql")
    with open(script, "w", encoding="utf-8") as file:
        file.write(TABLES)
    os.chmod(script, 0o644)
    server.prepare(server.program("createdb"), "-h", server.dir, "-U", "postgres", "original")
    server.prepare(server.program("psql"), "-q", "-h", server.dir, "-U", "postgres", "-d",
                   "original", "-v", "ON_ERROR_STOP=1", "-f", script)
    original_text = text("original")


def text(database):
    """All of a database as SQL."""
    dump = subprocess.run([server.program("pg_dump"), "-Fp", database], env=server.client_env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout
    return strip(dump)


def tearDownModule():
    server.stop()


def strip(dump):
    """A dump as text without what differs from dump to dump."""
    return re.sub(rb"^\\(un)?restrict .*$", b"", dump, flags=re.MULTILINE)


class PostgresTest(tools.ToolTest):
    def run_program(self, name, *arguments, **options):
        return self.tool(server.program(name), *arguments, env=server.client_env, **options)

    def restored(self, restore):
        """restore(database) fills a new one, which must be as the original."""
        self.run_program("createdb", "restored")
        try:
            restore("restored")
            self.same(text("restored"), original_text, "restored database")
        finally:
            self.run_program("dropdb", "restored")

    def pg_restore(self, path, *options):
        self.restored(lambda database: self.run_program("pg_restore", "--exit-on-error", "-d",
                                                        database, *options, path))


class Dumping(PostgresTest):
    """What pg_dump sends as it goes."""

    def test_plain_by_option_and_by_redirection(self):
        self.run_program("pg_dump", "-Fp", "-f", self.inside("f"), "original")
        self.shell('"$1" -Fp original > "$2"', server.program("pg_dump"), self.inside("g"),
                   env=server.client_env)
        for name in "fg":
            self.stored(name, read(self.inside(name)))
        self.restored(lambda database: self.run_program(
            "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-d", database, "-f",
            self.inside("f")))
        self.same(strip(self.bed.decrypt(self.key("g"))), original_text)

    def test_custom_by_redirection(self):
        # A pipe cannot seek, so the offsets of the table of contents are left out.
        self.shell('"$1" -Fc original | cat > "$2"', server.program("pg_dump"), self.inside("f"),
                   env=server.client_env)
        self.pg_restore(self.inside("f"))

    def test_directory_by_two_jobs(self):
        self.run_program("pg_dump", "-Fd", "-j", "2", "-f", self.inside("d"), "original")
        self.pg_restore(self.inside("d"), "-j", "2")
        self.assertGreater(len(os.listdir(self.inside("d"))), 20)
        for name in os.listdir(self.inside("d")):
            self.stored("d/" + name, read(self.inside("d", name)))

    def test_dumpall(self):
        self.run_program("pg_dumpall", "-f", self.inside("f"))
        self.stored("f", read(self.inside("f")))
        self.assertIn(b"\n-- PostgreSQL database cluster dump complete\n",
                      read(self.decrypted("f"))[-100:])

    def test_base_backup_as_tar(self):
        self.run_program("pg_basebackup", "-Ft", "-z", "-X", "fetch", "-c", "fast", "-D",
                         self.inside("b"))
        self.stored("b/base.tar.gz", read(self.inside("b/base.tar.gz")))
        os.mkdir(self.outside("data"))
        self.tool("tar", "-C", self.outside("data"), "-xzf", self.inside("b/base.tar.gz"))
        self.tool("cp", self.inside("b/backup_manifest"), self.outside("data"))
        self.run_program("pg_verifybackup", self.outside("data"))


class Rewriting(tools.SpoolTest, PostgresTest):
    """pg_dump goes back to the table of contents at the end."""

    def test_custom(self):
        for options in ((), ("-Z0",)):
            with self.subTest(options=options):
                self.run_program("pg_dump", "-Fc", *options, "-f", self.inside("f"), "original")
                self.stored("f", read(self.inside("f")))
                self.pg_restore(self.inside("f"), "-j", "2")

    def test_custom_over_an_older_dump(self):
        self.run_program("pg_dump", "-Fc", "-Z0", "-f", self.inside("f"), "original")
        self.run_program("pg_dump", "-Fc", "-t", "bytes", "-f", self.inside("f"), "original")
        self.stored("f", read(self.inside("f")))
        listed = self.run_program("pg_restore", "-l", self.decrypted("f"))
        self.assertIn(b"TABLE DATA public bytes", listed)

    def test_tar(self):
        self.run_program("pg_dump", "-Ft", "-f", self.inside("f"), "original")
        self.tool("tar", "-tf", self.decrypted("f"))
        self.pg_restore(self.inside("f"))


class ManyFiles(PostgresTest):
    """More than a thousand files, each synced and renamed: too long for ci."""

    def test_base_backup_as_files(self):
        self.run_program("pg_basebackup", "-Fp", "-X", "fetch", "-c", "fast", "-D",
                         self.inside("b"))
        self.run_program("pg_verifybackup", self.inside("b"))


if __name__ == "__main__":
    tools.need(os.path.join(databases.Postgres.BIN, "initdb"))
    unittest.main()
