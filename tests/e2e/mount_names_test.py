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

    def test_odd_names(self):
        os.mkdir(self.at("names"))
        for name in self.NAMES:
            data = name.encode()
            write(self.at("names", name), data)
            self.assertEqual(read(self.at("names", name)), data)
            self.assertEqual(self.bed.decrypt("names/" + name), data)
        self.assertEqual(sorted(os.listdir(self.at("names"))), sorted(self.NAMES))
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

    def deep(self):
        """A directory whose files' names have 20 bytes left."""
        path = self.mnt
        for _ in range(4):
            path = os.path.join(path, "d" * 250)
            if not os.path.isdir(path):
                os.mkdir(path)
        return path

    def test_keys_of_1024_bytes_and_more(self):
        path = self.deep()
        write(os.path.join(path, "f" * 20), b"1024 bytes")
        self.assertEqual(read(os.path.join(path, "f" * 20)), b"1024 bytes")
        self.assertEqual(len(max(self.bed.list("dddd"))), 1024)
        self.assertEqual(os.listdir(path), ["f" * 20])
        os.rename(os.path.join(path, "f" * 20), os.path.join(path, "g" * 20))
        os.unlink(os.path.join(path, "g" * 20))
        self.fails(errno.ENAMETOOLONG, os.open, os.path.join(path, "f" * 21),
                   os.O_CREAT | os.O_WRONLY)
        # A directory needs one more, for the '/' behind it.
        os.mkdir(os.path.join(path, "m" * 19))
        self.fails(errno.ENAMETOOLONG, os.mkdir, os.path.join(path, "m" * 20))
        self.fails(errno.ENAMETOOLONG, os.rename, os.path.join(path, "m" * 19),
                   os.path.join(path, "m" * 20))

    def test_rename_that_would_make_a_key_too_long_moves_nothing(self):
        path = self.deep()
        os.makedirs(self.at("short/sub"))
        write(self.at("short/sub/file"), b"x")
        self.fails(errno.ENAMETOOLONG, os.rename, self.at("short"),
                   os.path.join(path, "long-1234567890123"))
        self.assertEqual(read(self.at("short/sub/file")), b"x")
        self.assertEqual(list(self.bed.list("short")), ["short/sub/file"])

    def test_names_that_are_not_utf8_are_refused_clearly(self):
        mark = self.log_mark()
        for name in (b"\xff", b"latin-\xe9", b"cut-\xc3", b"over-\xc0\xaf", b"half-\xed\xa0\x80"):
            path = os.path.join(os.fsencode(self.mnt), name)
            self.fails(errno.ENOENT, os.stat, path)
            self.fails(errno.EOPNOTSUPP, os.open, path, os.O_CREAT | os.O_WRONLY)
            self.fails(errno.EOPNOTSUPP, os.mkdir, path)
            write(self.at("utf8"), b"x")
            self.fails(errno.EOPNOTSUPP, os.rename, os.fsencode(self.at("utf8")), path)
        self.assertEqual(read(self.at("utf8")), b"x")
        self.assertTrue(self.log("not UTF-8", mark))


class NamesOfOthers(e2e.MountTest):
    """What S3 has and a file system cannot show."""

    def test_hidden_keys_are_reported_once_and_never_touched(self):
        hidden = ["hid//double", "hid/./dot", "hid/../dots", "hid/" + "n" * 256,
                  "hid/" + "d" * 256 + "/deep", "hid/sub//x"]
        for key in hidden:
            self.bed.put(key, b"x")
        mark = self.log_mark()
        for _ in range(3):
            self.assertEqual(os.listdir(self.at("hid")), ["sub"])
            self.assertEqual(os.listdir(self.at("hid/sub")), [])
        self.assertEqual(len(self.log("hid/: 5 .*not shown", mark)), 1)
        self.assertEqual(len(self.log("hid/sub/: 1 .*not shown", mark)), 1)
        self.fails(errno.ENOTEMPTY, os.rmdir, self.at("hid/sub"))
        self.tool("rm", "-rf", self.at("hid"), status=1)
        self.assertEqual(sorted(self.bed.list("hid")), sorted(hidden))
        # They go along with their directory.
        os.rename(self.at("hid"), self.at("hid-2"))
        self.assertEqual(sorted(self.bed.list("hid")),
                         sorted("hid-2" + key[3:] for key in hidden))

    def test_keys_that_begin_with_a_slash(self):
        self.bed.put("/abs", b"x")
        self.bed.put("//abs", b"x")
        self.assertNotIn("", os.listdir(self.mnt))
        self.assertNotIn("abs", os.listdir(self.mnt))
        self.fails(errno.ENOENT, os.stat, self.at("abs"))

    def test_dots_in_keys_do_not_lead_out_of_the_prefix(self):
        self.bed.put("safe/in/x", b"in")
        self.bed.put("safe/in/../../secret", b"key with dots")
        self.bed.put("secret", b"outside")
        path = self.mount("--plaintext", "read")
        self.assertEqual(os.listdir(os.path.join(path, "safe/in")), ["x"])
        self.assertEqual(os.listdir(os.path.join(path, "safe")), ["in"])
        self.assertEqual(self.bed.get("secret"), b"outside")

    def test_rename_of_a_directory_with_markers(self):
        for key in ("nest/", "nest/sub/", "nest/sub/deeper/"):
            self.bed.put(key, b"")
        write(self.at("nest/sub/f"), b"x")
        os.rename(self.at("nest"), self.at("nest-2"))
        self.assertEqual(sorted(self.bed.list("nest")),
                         ["nest-2/", "nest-2/sub/", "nest-2/sub/deeper/", "nest-2/sub/f"])
        self.assertEqual(sorted(os.listdir(self.at("nest-2/sub"))), ["deeper", "f"])
        self.tool("rm", "-r", self.at("nest-2"))
        self.assertEqual(self.bed.list("nest"), {})

    def test_object_beside_a_directory_of_its_name_is_reported_once(self):
        self.bed.put("twice", b"object")
        self.bed.put("twice/inside", b"object")
        mark = self.log_mark()
        for _ in range(3):
            os.stat(self.at("twice"))
            os.listdir(self.mnt)
            e2e.time.sleep(1.1)
        self.assertEqual(len(self.log("twice: there is an object and a directory", mark)), 1)
        os.rename(self.at("twice"), self.at("once"))
        self.assertEqual(self.bed.get("twice"), b"object")
        self.assertEqual(self.bed.list("once"), {"once/inside": 6})


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
