"""Amazon's official clients and rdsbak read what the other wrote.

Writers: the mount, `put`, a file that was appended to, one that was cut, and both generations of
Amazon's Ruby client. Readers: the mount, `get`, the independent reader of scripts/decrypt.py, both
generations, and the second with legacy formats forbidden. What must not work is asserted too. The
table of who reads whom is printed at the end.
"""

import errno
import os
import unittest

from clients import GEMS, RUBY, Refused, start_ruby
from common import MIB, BedTest, make_bytes, need_programs, read_file, write_file

# Around a block, a page, the smallest part; the last is a multipart upload.
SIZES = (0, 1, 15, 16, 17, 4096, 65537, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 20 * MIB)
CHANGED = (17, 65537, 20 * MIB)
UPLOAD = ("--part-size", "5MiB", "--hold-size", "1MiB")

READERS = ("mount", "get", "decrypt.py", "Ruby V1", "Ruby V2", "Ruby V2 strict")
RUBY_NAMES = {"Ruby V1": "v1", "Ruby V2": "v2", "Ruby V2 strict": "v2-strict"}
TABLE = {}


class RubyTest(BedTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mount = cls.bed.mount(UPLOAD)
        cls.ruby = start_ruby(cls.bed)
        cls.addClassCleanup(cls.ruby.close)

    # -- readers: key to bytes, or Refused

    def read_mount(self, key):
        try:
            data = read_file(os.path.join(self.mount, key))
        except OSError as error:
            raise Refused(errno.errorcode[error.errno]) from None
        self.assertEqual(os.stat(os.path.join(self.mount, key)).st_size, len(data), key)
        return data

    def read_get(self, key):
        done = self.bed.run(["get", self.bed.url(key), "-", *self.bed.server_args()])
        if done.returncode != 0:
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            raise Refused(done.stderr.decode())
        return done.stdout

    def read(self, reader, key):
        if reader in RUBY_NAMES:
            return self.ruby.get(RUBY_NAMES[reader], key)
        return {"mount": self.read_mount, "get": self.read_get,
                "decrypt.py": self.bed.decrypt}[reader](key)

    def check(self, writer, objects, refusals=None):
        """Every reader reads every object ({key: bytes}) or refuses with the text given."""
        refusals = {"Ruby V2 strict": "LegacyDecryptionError", **(refusals or {})}
        row = TABLE.setdefault(writer, {})
        for reader in READERS:
            text, done = refusals.get(reader), 0
            for key, data in objects.items():
                with self.subTest(reader=reader, key=key):
                    self.check_one(reader, key, data, text)
                    done += 1
            row[reader] = "FAILED" if done < len(objects) else "refuses" if text else "reads"

    def check_one(self, reader, key, data, refusal):
        if refusal:
            with self.assertRaisesRegex(Refused, refusal):
                self.read(reader, key)
        else:
            # Not assertEqual: it would print megabytes.
            self.assertTrue(self.read(reader, key) == data, "content differs")

    # -- tests

    def test_written_through_the_mount(self):
        objects = {f"mount-{size}": make_bytes(size, "mount") for size in SIZES}
        for key, data in objects.items():
            write_file(os.path.join(self.mount, key), data)
        self.assertRegex(self.bed.head(f"mount-{20 * MIB}").headers["etag"], "-[45]\"$")
        self.check("rdsbak mount", objects)

    def test_put(self):
        objects = {f"put-{size}": make_bytes(size, "put") for size in SIZES}
        for key, data in objects.items():
            path = self.bed.path("in")
            write_file(path, data)
            self.must_run(["put", path, self.bed.url(key), *UPLOAD])
        self.check("rdsbak put", objects)

    def test_appended(self):
        objects = {}
        for size in CHANGED:
            key, data = f"append-{size}", make_bytes(size, "append")
            write_file(os.path.join(self.mount, key), data[:size // 2])
            with open(os.path.join(self.mount, key), "ab") as file:
                file.write(data[size // 2:])
            objects[key] = data
        self.check("rdsbak, appended", objects)

    def test_truncated(self):
        objects = {}
        for size in CHANGED:
            key, data = f"cut-{size}", make_bytes(size, "cut")
            write_file(os.path.join(self.mount, key), data)
            os.truncate(os.path.join(self.mount, key), size - size // 3)
            objects[key] = data[:size - size // 3]
        self.check("rdsbak, truncated", objects)

    def test_written_by_ruby_v1(self):
        objects = {f"v1-{size}": make_bytes(size, "v1") for size in SIZES}
        for key, data in objects.items():
            self.ruby.put("v1", key, data)
        metadata = self.bed.metadata("v1-1")
        self.assertEqual((metadata["x-amz-wrap-alg"], metadata["x-amz-cek-alg"]),
                         ("kms", "AES/CBC/PKCS5Padding"))
        self.check("Ruby V1", objects)

    def test_written_by_ruby_v2(self):
        objects = {f"v2-{size}": make_bytes(size, "v2") for size in SIZES}
        for key, data in objects.items():
            self.ruby.put("v2", key, data)
        self.assertEqual(self.bed.metadata("v2-17")["x-amz-wrap-alg"], "kms+context")
        self.check("Ruby V2", objects, {"Ruby V2 strict": None})

    def test_ruby_object_is_appended_to_and_still_read_by_ruby(self):
        data = make_bytes(70000, "v1-append")
        self.ruby.put("v1", "v1-append", data[:65537])
        with open(os.path.join(self.mount, "v1-append"), "ab") as file:
            file.write(data[65537:])
        self.check("Ruby V1, appended", {"v1-append": data})


def print_table():
    print("\nwriter \\ reader    " + "".join(f"{name:>16}" for name in READERS))
    for writer, row in TABLE.items():
        print(f"{writer:<19}" + "".join(f"{row.get(name, '-'):>16}" for name in READERS))


if __name__ == "__main__":
    need_programs(RUBY, *GEMS)
    program = unittest.main(exit=False)
    print_table()
    raise SystemExit(not program.result.wasSuccessful())
