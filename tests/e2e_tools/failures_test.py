#!/usr/bin/python3
"""What tools make of an S3 that fails: who exits with an error, and what the bucket then holds.

Two kinds of failure: a part is refused in the middle, so that a write fails; and the end of the
upload is refused, so that only close (or fsync) can tell. The table in docs/SEMANTICS.md says what
was measured here. Whatever the tool says, the bucket never holds half a file.
"""

import os
import subprocess
import unittest

import databases
import tools
from tools import MIB, content, e2e

TOLD, SILENT = True, False

# tool: (script with $1 the source, $2 the target and $DB the database; told of a write that failed;
# told of a close that failed)
TOOLS = {
    "cp": ('cp "$1" "$2"', TOLD, TOLD),
    "cp -p": ('cp -p "$1" "$2"', TOLD, TOLD),
    "cp --sparse=always": ('cp --sparse=always "$1" "$2"', TOLD, TOLD),
    "install": ('install "$1" "$2"', TOLD, TOLD),
    "mv": ('cp "$1" "$1-moved" && mv "$1-moved" "$2"', TOLD, TOLD),
    "rsync": ('rsync "$1" "$2"', TOLD, TOLD),
    "rsync --inplace": ('rsync --inplace "$1" "$2"', TOLD, TOLD),
    "rsync --fsync": ('rsync --fsync "$1" "$2"', TOLD, TOLD),
    "dd": ('dd if="$1" of="$2" bs=64k', TOLD, TOLD),
    "dd conv=fsync": ('dd if="$1" of="$2" bs=64k conv=fsync', TOLD, TOLD),
    "dd oflag=direct": ('dd if="$1" of="$2" bs=64k oflag=direct', TOLD, TOLD),
    "tar -cf": ('tar -cf "$2" -P "$1"', TOLD, TOLD),
    "tar -czf": ('tar -czf "$2" -P "$1"', TOLD, SILENT),
    "tar -x": ('tar -cC "${1%/*}" "${1##*/}" | tar -xC "${2%/*}" --transform "s,.*,${2##*/},"',
               TOLD, TOLD),
    "tee": ('tee "$2" < "$1" > /dev/null', TOLD, TOLD),
    "split": ('split -b 100M "$1" "$2-"', TOLD, TOLD),
    "cat >": ('cat "$1" > "$2"', TOLD, TOLD),
    "gzip >": ('gzip -c "$1" > "$2"', TOLD, TOLD),
    "tar >": ('tar -cP "$1" > "$2"', TOLD, TOLD),
    "python": ('/usr/bin/python3 -c "import sys, shutil; shutil.copyfile(*sys.argv[1:])" "$1" "$2"',
               TOLD, TOLD),
    "sqlite3 .backup": ('sqlite3 "$1.db" ".backup $2"', TOLD, TOLD),
    "sqlite3 VACUUM INTO": ('sqlite3 "$1.db" "VACUUM INTO \'$2\'"', TOLD, TOLD),
    "sqlite3 .dump >": ('sqlite3 "$1.db" .dump > "$2"', SILENT, SILENT),
    "pg_dump -Fp -f": ('$PG/pg_dump -Fp -f "$2" $DB', TOLD, TOLD),
    "pg_dump -Fc -f": ('$PG/pg_dump -Fc -Z0 -f "$2" $DB', TOLD, TOLD),
    "pg_dump -Ft -f": ('$PG/pg_dump -Ft -f "$2" $DB', TOLD, TOLD),
    "pg_dump -Fd -f": ('$PG/pg_dump -Fd -Z0 -f "$2" $DB', TOLD, TOLD),
    "pg_dump -Fp >": ('$PG/pg_dump $DB > "$2"', TOLD, SILENT),
    "pg_dump -Fc >": ('$PG/pg_dump -Fc -Z0 $DB > "$2"', TOLD, TOLD),
    "pg_basebackup -Ft": ('$PG/pg_basebackup -Ft -X none -c fast -D "$2"', TOLD, TOLD),
    "mariadb-dump >": ('mariadb-dump $MARIADB $DB > "$2"', TOLD, SILENT),
    "mariadb-dump -r": ('mariadb-dump $MARIADB -r "$2" $DB', TOLD, SILENT),
}

# What is refused for good, and how much the tool writes: more than fits into memory, so that a
# write must meet the failure; or little, which is sent whole before the end fails.
WRITES = ("large", {"op": "UploadPart"})
CLOSES = ("small", {"op": "CompleteMultipartUpload|PutObject"})
REFUSED = {"action": "error", "times": None, "status": 400, "code": "InvalidRequest",
           "message": "not today"}
SIZES = {"small": MIB, "large": 24 * MIB}

postgres = mariadb = None


def setUpModule():
    global postgres, mariadb
    postgres, mariadb = databases.Postgres(), databases.Mariadb()


def tearDownModule():
    postgres.stop()
    mariadb.stop()


class Failures(tools.SpoolTest):
    BED = {"store": "script", "script_args": ["--min-part", str(tools.MIN_PART)]}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = {**postgres.client_env, "PG": postgres.BIN, "MARIADB": " ".join(mariadb.client)}
        cls.number = 0
        for name, size in SIZES.items():
            cls.fill(cls.bed.path(name), name, size)

    @classmethod
    def tearDownClass(cls):
        # Of what a silent program lost, the mount's end tells.
        if cls.bed.umount(cls.mnt) != 1:
            raise AssertionError("the mount does not say that files were lost")

    @classmethod
    def fill(cls, path, name, size):
        """A file, and databases of about this size."""
        with open(path, "wb") as file:
            file.write(content(size))
        script = """set -e
        sqlite3 "$1.db" "CREATE TABLE t (b BLOB); INSERT INTO t VALUES (readfile('$1'))"
        $PG/createdb "$2"
        $PG/psql -qc "CREATE TABLE t AS SELECT string_agg(md5(n::text), '') AS b
            FROM generate_series(1, $3 / 32) n GROUP BY n % 50" "$2"
        mariadb $MARIADB -e "CREATE DATABASE $2; USE $2; CREATE TABLE t
            SELECT REPEAT(MD5(seq), 128) AS b FROM seq_1_to_99999 LIMIT $(($3 / 4096))" """
        subprocess.run(["bash", "-c", script, "bash", path, name, str(size)], env=cls.env,
                       check=True)

    def run_tool(self, script, failure):
        """(exit status, what it said) of a tool whose upload fails; the name it had."""
        type(self).number += 1
        size, rule = failure
        name = f"target-{self.number:03}"
        self.bed.s3.control(rules=[{**REFUSED, **rule, "key": name}])
        done = subprocess.run(["bash", "-c", "set -o pipefail; " + script, "bash",
                               self.bed.path(size), self.inside(name)],
                              env={**self.env, "DB": size}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
                              check=False)
        self.bed.s3.control(reset=True)
        return name, done

    def nothing_half(self, name):
        """What is there is what was committed: an empty file, or small ones written before."""
        self.assertEqual(e2e.eventually(lambda: not self.bed.list_uploads(self.key(name))), True)
        for key in self.bed.list(self.key(name)):
            self.assertLess(len(self.bed.decrypt(key)), SIZES["small"], key)

    def check_tools(self, failure, index):
        wrong = []
        for tool, row in TOOLS.items():
            name, done = self.run_tool(row[0], failure)
            if (done.returncode != 0) is not row[index]:
                wrong.append((tool, done.returncode, done.stdout[-200:]))
            self.assertNotIn(b"not supported", done.stdout, tool)
            self.nothing_half(name)
        self.assertEqual(wrong, [])

    def test_a_write_that_fails(self):
        self.check_tools(WRITES, 1)

    def test_a_close_that_fails(self):
        self.check_tools(CLOSES, 2)

    def test_sync_and_the_next_open_tell_what_a_silent_tool_does_not(self):
        for tool, (script, _, told) in TOOLS.items():
            if told is not SILENT:
                continue
            with self.subTest(tool=tool):
                name, done = self.run_tool(script, CLOSES)
                self.assertEqual(done.returncode, 0)
                self.tool("cat", self.inside(name), status=1)
                name, done = self.run_tool(script + ' && sync "$2"', CLOSES)
                self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    tools.need("mariadbd", "mariadb-install-db", "mariadb-dump", "mariadb", "sqlite3", "rsync",
               os.path.join(databases.Postgres.BIN, "initdb"))
    os.environ["PATH"] = tools.PATH
    unittest.main()
