#!/usr/bin/python3
"""Names on a mount: directories, rename, unlink, prefixes, and what a name may hold."""

import errno
import os
import unittest

import e2e
from e2e import MIB, content, read, write


class Directories(e2e.MountTest):
    def test_empty_directory_is_no_object(self):
        os.mkdir(self.at("empty"))
        self.assertEqual(os.listdir(self.at("empty")), [])
        self.assertIn("empty", os.listdir(self.mnt))
        self.assertEqual(self.bed.list("empty"), {})
        self.fails(errno.EEXIST, os.mkdir, self.at("empty"))
        os.rmdir(self.at("empty"))
        self.assertNotIn("empty", os.listdir(self.mnt))
        self.fails(errno.ENOENT, os.rmdir, self.at("empty"))

    def test_nested_directories(self):
        os.makedirs(self.at("n/e/s/t"))
        write(self.at("n/e/s/t/f"), b"deep")
        self.assertEqual(list(self.bed.list("n/")), ["n/e/s/t/f"])
        self.fails(errno.ENOTEMPTY, os.rmdir, self.at("n/e"))
        self.assertEqual([r[len(self.mnt):] for r, _, _ in os.walk(self.at("n"))],
                         ["/n", "/n/e", "/n/e/s", "/n/e/s/t"])
        self.tool("rm", "-r", self.at("n"))
        self.assertFalse(os.path.exists(self.at("n")))
        self.assertEqual(self.bed.list("n/"), {})

    def test_directory_stays_when_its_last_file_goes(self):
        os.mkdir(self.at("stays"))
        write(self.at("stays/f"), b"x")
        os.unlink(self.at("stays/f"))
        self.assertEqual(os.listdir(self.at("stays")), [])

    def test_file_where_a_directory_is_wanted(self):
        write(self.at("is-file"), b"x")
        os.mkdir(self.at("is-dir"))
        self.fails(errno.ENOTDIR, os.listdir, self.at("is-file"))
        self.fails(errno.ENOTDIR, os.mkdir, self.at("is-file/sub"))
        self.fails(errno.ENOTDIR, os.rmdir, self.at("is-file"))
        self.fails(errno.EISDIR, os.open, self.at("is-dir"), os.O_WRONLY)
        self.fails(errno.EISDIR, os.unlink, self.at("is-dir"))
        self.fails(errno.ENOENT, os.open, self.at("missing/file"), os.O_WRONLY | os.O_CREAT)

    def test_create_exclusively_only_what_is_not_there(self):
        write(self.at("excl"), b"x")
        self.fails(errno.EEXIST, os.open, self.at("excl"),
                   os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        self.bed.put("excl-others", b"somebody else's")
        self.fails(errno.EEXIST, os.open, self.at("excl-others"),
                   os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        self.fails(errno.ENOENT, os.open, self.at("not-there"), os.O_WRONLY)

    def test_marker_objects_of_others_are_directories(self):
        self.bed.put("marker/", b"")
        self.bed.put("marked/sub/", b"")
        self.assertEqual(os.listdir(self.at("marker")), [])
        self.assertEqual(os.listdir(self.at("marked")), ["sub"])
        write(self.at("marker/f"), b"in it")
        self.assertEqual(os.listdir(self.at("marker")), ["f"])
        os.unlink(self.at("marker/f"))
        os.rmdir(self.at("marker"))
        self.assertFalse(os.path.exists(self.at("marker")))
        self.assertEqual(self.bed.list("marker"), {})

    def test_directory_wins_over_an_object_of_its_name(self):
        mark = self.log_mark()
        self.bed.put("both", b"object")
        self.bed.put("both/inside", b"object")
        self.assertEqual(os.listdir(self.mnt).count("both"), 1)
        self.assertEqual(os.listdir(self.at("both")), ["inside"])
        self.assertTrue(self.log(r"both\b", mark), "nothing tells that an object is hidden")
        self.assertEqual(self.bed.get("both"), b"object")

    def test_names_that_no_file_can_have_are_left_out(self):
        for key in ("odd//double", "odd/ok", "odd/./dot", "odd/../dots"):
            self.bed.put(key, b"x")
        self.assertEqual(os.listdir(self.at("odd")), ["ok"])

    def test_directory_of_more_than_a_page(self):
        names = [f"{n:04}" for n in range(1100)]
        for name in names:
            self.bed.put("many/" + name, b"")
        self.assertEqual(sorted(os.listdir(self.at("many"))), names)


class Renaming(e2e.MountTest):
    def test_mv_keeps_content_and_envelope(self):
        data = content(9 * MIB + 1)
        write(self.at("mv-1"), data)
        before = self.bed.metadata("mv-1")
        self.tool("mv", self.at("mv-1"), self.at("mv-2"))
        self.assertFalse(os.path.exists(self.at("mv-1")))
        self.assertEqual(os.stat(self.at("mv-2")).st_size, len(data))
        self.assertEqual(self.bed.metadata("mv-2"), before)
        self.assertEqual(self.bed.head("mv-1").status, 404)
        self.check_object("mv-2", data)
        self.same(read(self.at("mv-2")), data)

    def test_rename_over_an_existing_file(self):
        write(self.at("over-1"), b"new")
        write(self.at("over-2"), content(5000))
        os.rename(self.at("over-1"), self.at("over-2"))
        self.assertEqual(read(self.at("over-2")), b"new")
        self.assertEqual(sorted(self.bed.list("over-")), ["over-2"])

    def test_rename_into_another_directory(self):
        os.makedirs(self.at("from"))
        os.makedirs(self.at("to/sub"))
        write(self.at("from/f"), b"moved")
        os.rename(self.at("from/f"), self.at("to/sub/g"))
        self.assertEqual(read(self.at("to/sub/g")), b"moved")
        self.assertEqual(os.listdir(self.at("from")), [])

    def test_rename_of_a_directory(self):
        os.makedirs(self.at("dir-1/sub"))
        os.makedirs(self.at("dir-1/empty"))
        files = {"a": b"1", "sub/b": content(7 * MIB)}
        for name, data in files.items():
            write(self.at("dir-1", name), data)
        os.rename(self.at("dir-1"), self.at("dir-2"))
        self.assertFalse(os.path.exists(self.at("dir-1")))
        self.assertEqual(sorted(os.listdir(self.at("dir-2"))), ["a", "empty", "sub"])
        for name, data in files.items():
            self.check_object("dir-2/" + name, data)
        self.assertEqual(self.bed.list("dir-1"), {})

    def test_rename_of_a_directory_over_one_that_is_not_empty(self):
        for name in ("full-1", "full-2"):
            os.makedirs(self.at(name))
            write(self.at(name, "f"), name.encode())
        self.fails(errno.ENOTEMPTY, os.rename, self.at("full-1"), self.at("full-2"))
        self.assertEqual(read(self.at("full-1/f")), b"full-1")

    def test_rename_of_what_is_not_there(self):
        self.fails(errno.ENOENT, os.rename, self.at("nowhere"), self.at("somewhere"))

    def test_rename_of_a_file_that_is_being_written(self):
        fd = os.open(self.at("new.tmp"), os.O_WRONLY | os.O_CREAT)
        os.write(fd, b"held")
        os.rename(self.at("new.tmp"), self.at("new.bak"))
        os.write(fd, b" and moved")
        os.close(fd)
        self.check_object("new.bak", b"held and moved")
        self.assertEqual(self.bed.head("new.tmp").status, 404)

    def test_rename_of_a_file_that_is_being_sent_is_busy(self):
        path = self.mount("--hold-size", "0")
        data = content(20 * MIB)
        fd = os.open(os.path.join(path, "sent.tmp"), os.O_WRONLY | os.O_CREAT)
        e2e.write_all(fd, data)
        e2e.eventually(lambda: self.bed.list_uploads("sent.tmp"))
        self.fails(errno.EBUSY, os.rename, os.path.join(path, "sent.tmp"),
                   os.path.join(path, "sent.bak"))
        os.close(fd)
        self.check_object("sent.tmp", data)

    def test_rename_over_a_file_that_is_being_written_is_busy(self):
        write(self.at("busy-1"), b"1")
        fd = os.open(self.at("busy-2"), os.O_WRONLY | os.O_CREAT)
        os.write(fd, b"2")
        self.fails(errno.EBUSY, os.rename, self.at("busy-1"), self.at("busy-2"))
        os.close(fd)
        self.check_object("busy-2", b"2")

    def test_unlink(self):
        write(self.at("unlinked"), b"x")
        os.unlink(self.at("unlinked"))
        self.fails(errno.ENOENT, os.unlink, self.at("unlinked"))
        self.fails(errno.ENOENT, os.stat, self.at("unlinked"))
        self.assertEqual(self.bed.head("unlinked").status, 404)


class WhatANameMayHold(e2e.MountTest):
    NAMES = ["space in it", " leading and trailing ", "quote'\"`", "per%20cent%", "plus+and&amp;",
             "new\nline", "tab\tand\rreturn", "back\\slash", "ünïcødé-文字-🎉", "e\u0301-decomposed",
             "*?[x]{y}<z>|!#$;:@=,^~", "-dash", ".hidden", "...", "a..b", "\x7f"]

    def test_names_with_every_character_of_xml(self):
        # UTF-8 of one, two, three and four bytes; for the rest see NamesThatXmlCannotHold.
        every = ["\t\n\r" + bytes(range(0x20, 0x2f)).decode(), bytes(range(0x30, 0x80)).decode(),
                 "".join(chr(c) for c in range(0x80, 0x100))[:120],
                 "".join(chr(c) for c in (0x7ff, 0x800, 0xd7ff, 0xe000, 0xfffd, 0x10000, 0x10ffff))]
        os.mkdir(self.at("names"))
        for name in self.NAMES + every:
            data = name.encode()
            write(self.at("names", name), data)
            self.assertEqual(read(self.at("names", name)), data)
            self.assertEqual(self.bed.decrypt("names/" + name), data)
        self.assertEqual(sorted(os.listdir(self.at("names"))), sorted(self.NAMES + every))
        for name in self.NAMES:
            os.rename(self.at("names", name), self.at("names", "x" + name))
            self.assertEqual(read(self.at("names", "x" + name)), name.encode())
            os.unlink(self.at("names", "x" + name))

    def test_directories_with_odd_names(self):
        for name in self.NAMES:
            os.makedirs(self.at("dirs", name))
            write(self.at("dirs", name, name), b"x")
            self.assertEqual(os.listdir(self.at("dirs", name)), [name])
        self.assertEqual(sorted(os.listdir(self.at("dirs"))), sorted(self.NAMES))

    def test_names_of_255_bytes_and_more(self):
        for name in ("n" * 255, "ü" * 127):
            write(self.at(name), b"long")
            self.assertEqual(read(self.at(name)), b"long")
        self.fails(errno.ENAMETOOLONG, os.open, self.at("n" * 256), os.O_CREAT | os.O_WRONLY)
        self.fails(errno.ENAMETOOLONG, os.mkdir, self.at("ü" * 128))

    def test_keys_beyond_1024_bytes(self):
        path = self.mnt
        for _ in range(4):
            path = os.path.join(path, "d" * 250)
            os.mkdir(path)
        write(os.path.join(path, "f" * 18), b"1022 bytes")  # one is left for a directory's '/'
        self.assertEqual(len(max(self.bed.list("dddd"))), 1022)
        self.fails(errno.ENAMETOOLONG, os.open, os.path.join(path, "f" * 21),
                   os.O_CREAT | os.O_WRONLY)
        self.fails(errno.ENAMETOOLONG, os.mkdir, os.path.join(path, "f" * 21))


class NamesThatXmlCannotHold(e2e.MountTest):
    """RGW 16.2 repeats the prefix of a listing as it is, in what then is no XML; S3 encodes it."""

    BED = {"store": "script"}

    def test_names_with_control_characters(self):
        names = [chr(c) for c in range(1, 0x20)] + [bytes(range(1, 0x2f)).decode()]
        for name in names:
            write(self.at(name), name.encode())
            self.assertEqual(read(self.at(name)), name.encode())
        self.assertEqual(sorted(os.listdir(self.mnt)), sorted(names))


class Prefixes(e2e.BedTest):
    def test_mount_of_a_prefix_neither_shows_nor_touches_what_is_outside(self):
        outside = {"p/other/x": b"1", "p/q": b"2", "p/q-more/y": b"3", "p/qx": b"4", "z": b"5"}
        for key, body in outside.items():
            self.bed.put(key, body)
        before = set(self.bed.list())
        self.bed.put("p/q/mine/f", b"6")
        path = self.bed.mount(prefix="p/q")
        self.assertEqual(os.listdir(path), ["mine"])
        write(os.path.join(path, "x"), b"new")
        os.rename(os.path.join(path, "x"), os.path.join(path, "other"))
        self.assertEqual(set(self.bed.list()) - before, {"p/q/mine/f", "p/q/other"})
        self.tool("find", path, "-mindepth", "1", "-delete")
        self.assertEqual(self.bed.umount(path), 0)
        self.assertEqual(set(self.bed.list()), before)
        for key, body in outside.items():
            self.assertEqual(self.bed.get(key), body)

    def test_prefix_with_and_without_a_last_slash_is_the_same(self):
        for prefix in ("slash/sub", "slash/sub/"):
            path = self.bed.mount(prefix=prefix)
            write(os.path.join(path, str(len(prefix))), b"x")
            self.assertEqual(self.bed.umount(path), 0)
        self.assertEqual(sorted(self.bed.list("slash")), ["slash/sub/10", "slash/sub/9"])

    def test_no_temporary_objects_are_ever_made(self):
        path = self.bed.mount(prefix="tmp-check")
        write(os.path.join(path, "f"), content(9 * MIB))
        os.rename(os.path.join(path, "f"), os.path.join(path, "g"))
        self.assertEqual(self.bed.umount(path), 0)
        self.assertEqual(list(self.bed.list("tmp-check")), ["tmp-check/g"])
        self.assertEqual(self.bed.list_uploads(), [])


if __name__ == "__main__":
    unittest.main()
