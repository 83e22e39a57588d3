#!/usr/bin/python3
"""Renames on a mount: large objects by parts, what open files see, programs that replace files."""

import ctypes
import errno
import os
import unittest

import e2e
from e2e import MIB, content, read, write

AT_FDCWD = -100
RENAME_NOREPLACE, RENAME_EXCHANGE = 1, 2


def rename2(source, target, flags):
    if e2e.libc.renameat2(AT_FDCWD, source.encode(), AT_FDCWD, target.encode(), flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class LargeObjects(e2e.MountTest):
    """Above what the server copies in one request (lowered here from 5 GiB)."""

    MOUNT_ARGS = ("--copy-object-max", "6MiB", "--rename-copy-max", "40MiB", "--hold-size", "0")
    DATA = content(27 * MIB + 5)

    def parts_of(self, key):
        etag = self.bed.head(key).headers["etag"].strip('"')
        return int(etag.split("-")[1]) if "-" in etag else 0

    def test_rename_of_a_large_object_keeps_content_and_metadata(self):
        write(self.at("big-1"), self.DATA)
        os.utime(self.at("big-1"), (1_600_000_000, 1_600_000_000))
        before = self.bed.metadata("big-1")
        os.rename(self.at("big-1"), self.at("big-2"))
        self.assertEqual(self.parts_of("big-2"), 6)
        self.assertEqual(self.bed.metadata("big-2"), {**before, "mtime": "1600000000"})
        self.assertEqual(os.stat(self.at("big-2")).st_mtime, 1_600_000_000)
        self.assertEqual(os.stat(self.at("big-2")).st_size, len(self.DATA))
        self.assertEqual(self.bed.head("big-1").status, 404)
        self.check_object("big-2", self.DATA)
        self.same(read(self.at("big-2")), self.DATA)

    def test_content_type_and_headers_of_others_are_kept(self):
        self.bed.put("typed-1", content(7 * MIB), {"who": "else"},
                     {"Content-Type": "text/x-typed", "Cache-Control": "no-store"})
        os.rename(self.at("typed-1"), self.at("typed-2"))
        headers = self.bed.head("typed-2").headers
        self.assertEqual(headers["content-type"], "text/x-typed")
        self.assertEqual(headers["cache-control"], "no-store")
        self.assertEqual(self.bed.metadata("typed-2"), {"who": "else"})
        self.assertEqual(self.bed.get("typed-2"), content(7 * MIB))

    def test_rename_of_a_large_object_over_another(self):
        write(self.at("over-1"), self.DATA)
        write(self.at("over-2"), content(9 * MIB, 2))
        os.rename(self.at("over-1"), self.at("over-2"))
        self.check_object("over-2", self.DATA)
        self.same(read(self.at("over-2")), self.DATA)

    def test_an_object_copied_by_parts_can_be_appended_to(self):
        write(self.at("app-1"), self.DATA)
        os.rename(self.at("app-1"), self.at("app-2"))
        write(self.at("app-2"), b"and more", os.O_WRONLY | os.O_APPEND)
        self.check_object("app-2", self.DATA + b"and more")

    def test_beyond_rename_copy_max_mv_copies(self):
        mark = self.log_mark()
        data = content(41 * MIB)
        write(self.at("huge-1"), data)
        self.fails(errno.EXDEV, os.rename, self.at("huge-1"), self.at("huge-2"))
        self.assertTrue(self.log("huge-1: .*--rename-copy-max", mark))
        self.tool("mv", self.at("huge-1"), self.at("huge-2"))
        self.assertEqual(sorted(self.bed.list("huge-")), ["huge-2"])
        self.check_object("huge-2", data)

    def test_rename_of_a_directory_with_large_objects(self):
        os.makedirs(self.at("tree-1/sub"))
        files = {"small": b"x", "sub/large": self.DATA, "zz": content(7 * MIB)}
        for name, data in files.items():
            write(self.at("tree-1", name), data)
        os.rename(self.at("tree-1"), self.at("tree-2"))
        self.assertEqual(sorted(self.bed.list("tree-")),
                         ["tree-2/small", "tree-2/sub/large", "tree-2/zz"])
        for name, data in files.items():
            self.check_object("tree-2/" + name, data)


class FaultsOfCopies(e2e.MountTest):
    """A server that enforces its limit, and fails."""

    BED = {"store": "script"}
    MOUNT_ARGS = ("--copy-object-max", "6MiB", "--hold-size", "0")
    DATA = content(20 * MIB)

    def setUp(self):
        self.bed.s3.control(settings={"max_copy": 6 * MIB, "source_conditions": True})

    def tearDown(self):
        self.bed.s3.control(reset=True)

    def refuse(self, operation, key):
        self.bed.s3.control(rules=[{"action": "error", "op": operation, "key": key,
                                    "times": None, "code": "AccessDenied", "status": 403,
                                    "message": "no"}])

    def test_no_request_asks_for_more_than_the_server_copies(self):
        write(self.at("strict-1"), self.DATA)
        os.rename(self.at("strict-1"), self.at("strict-2"))
        self.check_object("strict-2", self.DATA)

    def test_tags_are_carried(self):
        write(self.at("tagged-1"), self.DATA)
        tags = (b"<Tagging><TagSet><Tag><Key>a key</Key><Value>1 &amp; 2</Value></Tag>"
                b"<Tag><Key>b/=</Key><Value></Value></Tag></TagSet></Tagging>")
        self.bed.s3.must("PUT", self.bed.bucket, "tagged-1", [("tagging", "")], body=tags)
        os.rename(self.at("tagged-1"), self.at("tagged-2"))
        found = self.bed.s3.must("GET", self.bed.bucket, "tagged-2", [("tagging", "")]).body
        self.assertIn(b"<Key>a key</Key><Value>1 &amp; 2</Value>", found)
        self.assertIn(b"<Key>b/=</Key>", found)

    def test_refused_part_leaves_the_source_and_no_upload(self):
        write(self.at("part-1"), self.DATA)
        write(self.at("part-2"), b"old")
        self.refuse("UploadPartCopy", "part-2")
        self.fails(errno.EACCES, os.rename, self.at("part-1"), self.at("part-2"))
        self.assertEqual(read(self.at("part-2")), b"old")
        self.check_object("part-1", self.DATA)
        self.assertEqual(self.bed.list_uploads(), [])

    def test_refused_tags_do_not_hinder_a_rename_unless_there_are_some(self):
        write(self.at("tags-1"), self.DATA)
        self.refuse("GetObjectTagging", "tags-")
        os.rename(self.at("tags-1"), self.at("tags-2"))
        self.check_object("tags-2", self.DATA)
        tags = b"<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"
        self.bed.s3.must("PUT", self.bed.bucket, "tags-2", [("tagging", "")], body=tags)
        self.fails(errno.EACCES, os.rename, self.at("tags-2"), self.at("tags-3"))
        self.assertEqual(sorted(self.bed.list("tags-")), ["tags-2"])

    def test_refused_copy_in_a_directory_takes_the_others_back(self):
        os.mkdir(self.at("back-1"))
        for name in ("a", "b", "c"):
            write(self.at("back-1", name), name.encode())
        self.refuse("CopyObject", "back-2/c")
        self.fails(errno.EACCES, os.rename, self.at("back-1"), self.at("back-2"))
        self.assertEqual(sorted(self.bed.list("back-")), ["back-1/a", "back-1/b", "back-1/c"])
        self.assertEqual(read(self.at("back-1/c")), b"c")


class WhileFilesAreOpen(e2e.MountTest):
    DATA = content(21 * MIB + 3)

    def test_a_reader_of_the_source_reads_on(self):
        write(self.at("src-1"), self.DATA)
        with open(self.at("src-1"), "rb", buffering=0) as file:
            head = file.read(1000)
            os.rename(self.at("src-1"), self.at("src-2"))
            os.rename(self.at("src-2"), self.at("src-3"))
            self.same(head + e2e.read_rest(file), self.DATA)
            self.assertEqual(os.fstat(file.fileno()).st_size, len(self.DATA))
        self.assertEqual(sorted(self.bed.list("src-")), ["src-3"])

    def test_a_reader_in_a_renamed_directory_reads_on(self):
        os.makedirs(self.at("rd-1/sub"))
        write(self.at("rd-1/sub/f"), self.DATA)
        with open(self.at("rd-1/sub/f"), "rb", buffering=0) as file:
            head = file.read(1000)
            os.rename(self.at("rd-1"), self.at("rd-2"))
            self.same(head + e2e.read_rest(file), self.DATA)
        self.same(read(self.at("rd-2/sub/f")), self.DATA)

    def test_a_reader_of_the_replaced_target_gets_no_mixture(self):
        write(self.at("tgt"), self.DATA)
        write(self.at("tgt.new"), content(len(self.DATA), 2))
        with open(self.at("tgt"), "rb", buffering=0) as file:
            self.same(file.read(1000), self.DATA[:1000])
            os.rename(self.at("tgt.new"), self.at("tgt"))
            with self.assertRaises(OSError) as caught:
                e2e.read_rest(file, 20 * MIB)
            # The page cache has one error for all that a read-ahead can meet.
            self.assertIn(caught.exception.errno, (errno.ESTALE, errno.EIO))
        self.same(read(self.at("tgt")), content(len(self.DATA), 2))

    def test_the_source_can_be_renamed_again_and_again_while_it_is_read(self):
        write(self.at("again-0"), self.DATA)
        reader = self.python(
            "import hashlib\nfor _ in range(6):\n"
            " with open(sys.argv[1], 'rb', buffering=0) as f:\n"
            "  print('open', flush=True); input(); f.seek(0); d = b''\n"
            "  while True:\n   b = f.read(300000)\n   d += b\n   if not b: break\n"
            "  print(len(d), hashlib.sha256(d).hexdigest(), flush=True)\n"
            "  sys.argv[1] = input()\n", self.at("again-0"))
        expected = f"{len(self.DATA)} {e2e.sha256(self.DATA)}\n"
        for n in range(6):
            self.assertEqual(reader.stdout.readline(), "open\n")
            reader.stdin.write("\n")
            reader.stdin.flush()
            os.rename(self.at(f"again-{n}"), self.at(f"again-{n + 1}"))
            self.assertEqual(reader.stdout.readline(), expected)
            reader.stdin.write(self.at(f"again-{n + 1}") + "\n")
            reader.stdin.flush()
        reader.communicate()
        self.assertEqual(reader.returncode, 0)


class ReplaceByRename(e2e.MountTest):
    def test_temporary_file_with_mode_and_times_then_rename(self):
        """What rsync does, and editors."""
        write(self.at("doc"), b"old" * 1000)
        fd = os.open(self.at(".doc.Xy12"), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(fd, b"new" * 2000)
        os.fchmod(fd, 0o640)
        os.close(fd)
        os.utime(self.at(".doc.Xy12"), (1_500_000_000, 1_500_000_000))
        os.chmod(self.at(".doc.Xy12"), 0o600)
        os.rename(self.at(".doc.Xy12"), self.at("doc"))
        self.assertEqual(sorted(self.bed.list("doc")), ["doc"])
        self.assertEqual(os.stat(self.at("doc")).st_mtime, 1_500_000_000)
        self.check_object("doc", b"new" * 2000)
        # ... and once more, over what was replaced by rename itself.
        write(self.at(".doc.Zw34"), b"third")
        os.rename(self.at(".doc.Zw34"), self.at("doc"))
        self.assertEqual(read(self.at("doc")), b"third")
        self.assertNotEqual(os.stat(self.at("doc")).st_mtime, 1_500_000_000)

    def test_rename_onto_itself(self):
        write(self.at("self"), b"same")
        os.rename(self.at("self"), self.at("self"))
        self.assertEqual(read(self.at("self")), b"same")
        os.mkdir(self.at("selfdir"))
        os.rename(self.at("selfdir"), self.at("selfdir"))
        self.fails(errno.EINVAL, os.rename, self.at("selfdir"), self.at("selfdir/in"))

    def test_noreplace_sees_what_others_have_just_made(self):
        write(self.at("nr-1"), b"1")
        write(self.at("nr-2"), b"2")
        self.fails(errno.EEXIST, rename2, self.at("nr-1"), self.at("nr-2"), RENAME_NOREPLACE)
        self.fails(errno.ENOENT, os.stat, self.at("nr-3"))
        self.bed.put("nr-3", b"somebody else's")
        self.fails(errno.EEXIST, rename2, self.at("nr-1"), self.at("nr-3"), RENAME_NOREPLACE)
        self.bed.put("nr-4/x", b"somebody else's")
        self.fails(errno.EEXIST, rename2, self.at("nr-1"), self.at("nr-4"), RENAME_NOREPLACE)
        self.assertEqual(self.bed.get("nr-3"), b"somebody else's")
        rename2(self.at("nr-1"), self.at("nr-5"), RENAME_NOREPLACE)
        self.assertEqual(read(self.at("nr-5")), b"1")
        self.fails(errno.EOPNOTSUPP, rename2, self.at("nr-5"), self.at("nr-2"), RENAME_EXCHANGE)


if __name__ == "__main__":
    unittest.main()
