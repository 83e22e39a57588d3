#!/usr/bin/python3
"""POSIX groups link, mkdir, mkfifo, mknod, rename, rmdir, symlink, unlink; see compare.py."""

import ctypes
import os
import socket
import stat

import compare
from compare import LONG, TOO_LONG_PATH, make, mode, open_and_close, read, try_

AT_FDCWD, NOREPLACE, EXCHANGE = -100, 1, 2
libc = ctypes.CDLL(None, use_errno=True)


def renameat2(source, target, flags):
    if libc.renameat2(AT_FDCWD, source.encode(), AT_FDCWD, target.encode(), flags) != 0:
        raise OSError(ctypes.get_errno(), "renameat2")


def bad_paths(function, at, *more):
    """What every call with a path must say of paths that lead nowhere."""
    make(at("file"))
    return [try_(function, path, *more) for path in
            (at("missing", "x"), at("file", "x"), at(LONG), at(TOO_LONG_PATH), "")]


class Mkdir(compare.PosixTest):
    def test_makes_an_empty_directory_with_links_of_two(self):
        def case(at):
            os.mkdir(at("d"))
            return [os.listdir(at("d")), stat.S_ISDIR(os.stat(at("d")).st_mode), os.listdir(at())]
        self.both(case)

    def test_paths_that_lead_nowhere(self):
        self.both(lambda at: bad_paths(os.mkdir, at))

    def test_of_a_name_that_exists(self):
        def case(at):
            os.mkdir(at("d"))
            make(at("f"))
            return [try_(os.mkdir, at(name)) for name in ("d", "d/", "f", "f/", ".", "..", "d/.")]
        self.both(case)

    def test_names_of_255_bytes(self):
        self.both(lambda at: [try_(os.mkdir, at("n" * 255)), os.listdir(at())])

    def test_owner_is_who_made_it(self):
        self.both(lambda at: [os.mkdir(at("d")), os.stat(at("d")).st_uid, os.stat(at("d")).st_gid])

    def test_mode(self):
        def case(at):
            os.mkdir(at("a"), 0o755)
            os.mkdir(at("b"), 0o700)
            return [mode(at("a")), mode(at("b"))]
        self.both(case)


class Rmdir(compare.PosixTest):
    def test_paths_that_lead_nowhere(self):
        self.both(lambda at: bad_paths(os.rmdir, at))

    def test_of_all_kinds(self):
        def case(at):
            os.makedirs(at("full/sub"))
            os.mkdir(at("empty"))
            os.mkdir(at("slash"))
            make(at("f"))
            make(at("full/f"))
            return [try_(os.rmdir, at(name)) for name in
                    ("empty", "empty", "slash/", "full", "f", "f/", "full/.", "full/..",
                     "full/sub", "full")] + [sorted(os.listdir(at()))]
        self.both(case)

    def test_directory_that_somebody_is_in(self):
        def case(at):
            os.mkdir(at("d"))
            fd = os.open(at("d"), os.O_RDONLY)
            try:
                return [try_(os.rmdir, at("d")), try_(os.listdir, fd),
                        try_(os.open, "x", os.O_CREAT | os.O_WRONLY, dir_fd=fd)]
            finally:
                os.close(fd)
        self.both(case)

    def test_of_a_mount_point(self):
        self.assertEqual(try_(os.rmdir, self.mnt), "EBUSY")


class Unlink(compare.PosixTest):
    def test_paths_that_lead_nowhere(self):
        self.both(lambda at: bad_paths(os.unlink, at))

    def test_of_all_kinds(self):
        def case(at):
            os.mkdir(at("d"))
            make(at("f"))
            return [try_(os.unlink, at(name)) for name in ("d", "d/", "f/", "f", "f", ".", "..")]
        self.both(case)

    def test_of_an_open_file_that_is_written(self):
        def case(at):
            fd = os.open(at("f"), os.O_RDWR | os.O_CREAT)
            done = [try_(os.unlink, at("f")), os.fstat(fd).st_nlink, try_(os.stat, at("f"))]
            os.close(fd)
            return done + [os.listdir(at())]
        self.both(case)

    def test_reader_of_a_removed_file(self):
        # Without versions in the bucket the content is gone.
        def case(at):
            make(at("f"))
            fd = os.open(at("f"), os.O_RDONLY)
            os.unlink(at("f"))
            done = [try_(os.read, fd, 10)]
            os.close(fd)
            return done
        self.differs(case, [b"data"], ["ESTALE"])

    def test_writer_of_a_removed_file(self):
        def case(at):
            fd = os.open(at("f"), os.O_RDWR | os.O_CREAT)
            os.write(fd, b"data")
            os.unlink(at("f"))
            done = [try_(os.write, fd, b"more")]
            os.close(fd)
            return done
        self.differs(case, [4], ["ESTALE"])

    def test_name_is_free_again_at_once(self):
        def case(at):
            make(at("f"), b"first")
            os.unlink(at("f"))
            os.mkdir(at("f"))
            os.rmdir(at("f"))
            make(at("f"), b"second")
            return [read(at("f")), os.listdir(at())]
        self.both(case)


class Rename(compare.PosixTest):
    def test_paths_that_lead_nowhere(self):
        self.both(lambda at: bad_paths(os.rename, at, at("to")))

    def test_targets_that_lead_nowhere(self):
        def case(at):
            make(at("f"))
            return bad_paths(lambda to: os.rename(at("f"), to), at) + [read(at("f"))]
        self.both(case)

    def test_file_to_new_name_over_a_file_and_onto_itself(self):
        def case(at):
            make(at("a"), b"a")
            make(at("b"), b"b")
            return [try_(os.rename, at("a"), at("c")), try_(os.rename, at("c"), at("b")),
                    try_(os.rename, at("b"), at("b")), read(at("b")), os.listdir(at())]
        self.both(case)

    def test_inode_of_the_file_stays(self):
        def case(at):
            make(at("a"))
            before = os.stat(at("a")).st_ino
            os.rename(at("a"), at("b"))
            return [os.stat(at("b")).st_ino == before]
        self.both(case)

    def test_between_files_and_directories(self):
        def case(at):
            for name in ("empty", "empty2", "full", "from"):
                os.mkdir(at(name))
            for name in ("f", "full/f", "from/f"):
                make(at(name), name.encode())
            return [try_(os.rename, at(a), at(b)) for a, b in
                    (("f", "empty"), ("from", "f"), ("from", "full"), ("empty2", "full"),
                     ("from", "empty"), ("empty/f", "full/g"))] + [
                         sorted(os.listdir(at())), sorted(os.listdir(at("full"))),
                         read(at("full/g"))]
        self.both(case)

    def test_directory_into_itself(self):
        def case(at):
            os.makedirs(at("d/sub"))
            return [try_(os.rename, at("d"), at(to)) for to in ("d/x", "d/sub", "d/sub/x", "d")] + [
                os.listdir(at("d"))]
        self.both(case)

    def test_dots_and_last_slashes(self):
        def case(at):
            os.mkdir(at("d"))
            make(at("f"))
            return [try_(os.rename, at(a), at(b)) for a, b in
                    (("d/.", "x"), ("d/..", "x"), ("f", "d/."), ("f", "d/.."), ("f/", "x"),
                     ("f", "x/"), ("d/", "e/"), ("e", "d/"))] + [sorted(os.listdir(at()))]
        self.both(case)

    def test_without_replacing(self):
        def case(at):
            make(at("a"), b"a")
            make(at("b"), b"b")
            os.mkdir(at("d"))
            return [try_(renameat2, at("a"), at(to), NOREPLACE) for to in ("b", "d", "c")] + [
                read(at("c")), read(at("b"))]
        self.both(case)

    def test_names_cannot_be_exchanged(self):
        def case(at):
            make(at("a"), b"a")
            make(at("b"), b"b")
            return [try_(renameat2, at("a"), at("b"), EXCHANGE), read(at("a"))]
        self.differs(case, [0, b"b"], ["EOPNOTSUPP", b"a"])

    def test_to_another_file_system(self):
        make(self.at("here"))
        self.assertEqual(try_(os.rename, self.at("here"), self.bed.path("there")), "EXDEV")

    def test_reader_of_a_file_that_is_renamed(self):
        def case(at):
            make(at("a"), b"content")
            fd = os.open(at("a"), os.O_RDONLY)
            os.rename(at("a"), at("b"))
            done = [try_(os.read, fd, 100), os.fstat(fd).st_size]
            os.close(fd)
            return done
        self.assertEqual(self.both(case), [b"content", 7])

    def test_reader_of_the_file_that_is_replaced(self):
        # The content that it had opened is gone, and it is told.
        def case(at):
            make(at("a"), b"new!")
            make(at("b"), b"old!")
            fd = os.open(at("b"), os.O_RDONLY)
            os.rename(at("a"), at("b"))
            done = [try_(os.read, fd, 100)]
            os.close(fd)
            return done + [read(at("b"))]
        self.differs(case, [b"old!", b"new!"], ["ESTALE", b"new!"])

    def test_directory_with_what_is_in_it(self):
        def case(at):
            os.makedirs(at("a/b/c"))
            make(at("a/b/f"), b"f")
            return [try_(os.rename, at("a"), at("z")), read(at("z/b/f")), os.listdir(at("z/b/c")),
                    try_(os.stat, at("a"))]
        self.both(case)


class LinksAndSpecialFiles(compare.PosixTest):
    """Groups link, symlink, mkfifo, mknod: S3 has objects only."""

    def test_hard_links(self):
        def case(at):
            make(at("f"))
            return [try_(os.link, at("f"), at("g")), sorted(os.listdir(at()))]
        self.differs(case, [0, ["f", "g"]], ["EPERM", ["f"]])

    def test_symbolic_links(self):
        self.differs(lambda at: [try_(os.symlink, "f", at("s")), os.listdir(at())],
                     [0, ["s"]], ["EPERM", []])

    def test_fifos(self):
        self.differs(lambda at: [try_(os.mkfifo, at("p")), os.listdir(at())],
                     [0, ["p"]], ["EPERM", []])

    def test_sockets(self):
        def case(at):
            with socket.socket(socket.AF_UNIX) as endpoint:
                os.chdir(at())
                try:
                    return [try_(endpoint.bind, "s"), os.listdir(at())]
                finally:
                    os.chdir("/")
        self.differs(case, [0, ["s"]], ["EPERM", []])

    def test_regular_files_by_mknod(self):
        self.differs(lambda at: [try_(os.mknod, at("f"), stat.S_IFREG | 0o644)], [0], ["EPERM"])

    def test_devices(self):
        device = 0 if self.UID == 0 else "EPERM"
        self.differs(lambda at: [try_(os.mknod, at("d"), stat.S_IFCHR | 0o644, os.makedev(1, 3))],
                     [device], ["EPERM"])

    def test_of_names_that_exist_and_paths_that_lead_nowhere(self):
        def case(at):
            done = []
            for function in (os.mkfifo, lambda path: os.symlink("x", path),
                             lambda path: os.link(at("file"), path)):
                done += bad_paths(function, at) + [try_(function, at("file"))]
            return done
        self.both(case)

    def test_what_is_no_symbolic_link_cannot_be_read_as_one(self):
        def case(at):
            make(at("f"))
            return [try_(os.readlink, at("f")), try_(os.readlink, at()),
                    try_(open_and_close, at("f"), os.O_RDONLY | os.O_NOFOLLOW)]
        self.both(case)


if __name__ == "__main__":
    compare.main()
