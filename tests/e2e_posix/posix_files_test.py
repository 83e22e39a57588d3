#!/usr/bin/python3
"""POSIX groups chmod, chown, open, ftruncate, truncate, posix_fallocate, utimensat; see compare.py."""

import os
import stat
import time

import compare
from compare import LONG, TOO_LONG_PATH, make, mode, open_and_close, read, size, try_

HUGE = 1 << 62


def bad_paths(function, at, *more):
    make(at("file"))
    return [try_(function, path, *more) for path in
            (at("missing"), at("missing", "x"), at("file", "x"), at(LONG), at(TOO_LONG_PATH), "")]


def with_open(path, flags, function):
    fd = os.open(path, flags, 0o644)
    try:
        return function(fd)
    finally:
        os.close(fd)


class Chmod(compare.PosixTest):
    def test_paths_that_lead_nowhere(self):
        self.both(lambda at: bad_paths(os.chmod, at, 0o644))

    def test_modes_within_the_mounts(self):
        def case(at):
            make(at("f"))
            os.mkdir(at("d"))
            done = []
            for value in (0o600, 0o444, 0o400, 0o644):
                done += [try_(os.chmod, at("f"), value), mode(at("f"))]
            for value in (0o700, 0o500, 0o755):
                done += [try_(os.chmod, at("d"), value), mode(at("d"))]
            return done
        self.both(case)

    def test_modes_beyond_the_mounts(self):
        # --file-mode and --dir-mode bound what anybody may get; no program runs from a mount.
        def case(at):
            make(at("f"))
            os.mkdir(at("d"))
            return [try_(os.chmod, at("f"), 0o777), mode(at("f")), try_(os.chmod, at("f"), 0o4755),
                    mode(at("f")), try_(os.chmod, at("d"), 0o1777), mode(at("d"))]
        self.differs(case, [0, "0o777", 0, "0o4755", 0, "0o1777"],
                     [0, "0o644", 0, "0o644", 0, "0o755"])

    def test_by_handle_and_of_the_file_not_its_content(self):
        def case(at):
            make(at("f"))
            with_open(at("f"), os.O_RDONLY, lambda fd: os.fchmod(fd, 0o400))
            return [mode(at("f")), read(at("f")), size(at("f"))]
        self.both(case)


class Chown(compare.PosixTest):
    def test_paths_that_lead_nowhere(self):
        self.both(lambda at: bad_paths(os.chown, at, -1, -1))

    def test_to_oneself_and_of_nothing(self):
        def case(at):
            make(at("f"))
            uid, gid = os.getuid(), os.getgid()
            return [try_(os.chown, at("f"), uid, gid), try_(os.chown, at("f"), -1, -1),
                    os.stat(at("f")).st_uid == uid, os.stat(at("f")).st_gid == gid]
        self.both(case)

    def test_to_others_is_accepted_from_root_and_changes_nothing(self):
        def case(at):
            make(at("f"))
            return [try_(os.chown, at("f"), 12, 13), os.stat(at("f")).st_uid]
        if self.UID == 0:
            self.differs(case, [0, 12], [0, 0])
        else:
            self.differs(case, ["EPERM", self.UID], ["EPERM", self.UID])


class Open(compare.PosixTest):
    def test_paths_that_lead_nowhere(self):
        for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR | os.O_TRUNC):
            self.both(lambda at, flags=flags: bad_paths(open_and_close, at, flags))

    def test_creating_and_excluding(self):
        def case(at):
            os.mkdir(at("d"))
            create = os.O_CREAT | os.O_WRONLY
            done = [try_(open_and_close, at(name), create | more) for name, more in
                    (("f", 0), ("f", 0), ("f", os.O_EXCL), ("g", os.O_EXCL), ("d", 0),
                     ("d", os.O_EXCL), ("f/", 0), ("h/", 0), ("d/x/", 0), ("missing/f", 0))]
            return done + [sorted(os.listdir(at())), size(at("f"))]
        self.both(case)

    def test_directories(self):
        def case(at):
            os.mkdir(at("d"))
            make(at("f"))
            return [try_(open_and_close, at(name), flags) for name, flags in
                    (("d", os.O_RDONLY), ("d", os.O_WRONLY), ("d", os.O_RDWR), ("d", os.O_TRUNC),
                     ("d", os.O_RDONLY | os.O_DIRECTORY), ("f", os.O_RDONLY | os.O_DIRECTORY))]
        self.both(case)

    def test_truncating(self):
        def case(at):
            done = []
            for flags in (os.O_WRONLY, os.O_RDWR):
                make(at("f"))
                done += [try_(open_and_close, at("f"), flags | os.O_TRUNC), size(at("f")),
                         read(at("f"))]
            return done
        self.both(case)

    def test_handles_do_what_they_were_opened_for(self):
        def case(at):
            make(at("f"))
            return [with_open(at("f"), os.O_RDONLY, lambda fd: try_(os.write, fd, b"x")),
                    with_open(at("f"), os.O_WRONLY, lambda fd: try_(os.read, fd, 1)),
                    with_open(at(), os.O_RDONLY, lambda fd: try_(os.read, fd, 1)), read(at("f"))]
        self.both(case)

    def test_appending(self):
        def case(at):
            make(at("f"), b"one")

            def append(fd):
                os.write(fd, b"two")
                os.lseek(fd, 0, os.SEEK_SET)
                os.write(fd, b"three")
                return os.lseek(fd, 0, os.SEEK_CUR)
            return [with_open(at("f"), os.O_WRONLY | os.O_APPEND, append), read(at("f"))]
        self.both(case)

    def test_seeking_beyond_the_end(self):
        def case(at):
            def write(fd):
                os.lseek(fd, 10000, os.SEEK_SET)
                os.write(fd, b"end")
            with_open(at("f"), os.O_WRONLY | os.O_CREAT, write)
            return [read(at("f")), with_open(at("f"), os.O_RDONLY, lambda fd: [
                os.lseek(fd, -3, os.SEEK_END), os.read(fd, 10), os.read(fd, 10),
                os.pread(fd, 10, 1 << 40), try_(os.lseek, fd, -1, os.SEEK_SET)])]
        self.both(case)

    def test_a_handle_outlives_a_change_of_the_mode(self):
        def case(at):
            def write(fd):
                os.chmod(at("f"), 0o400)
                return os.write(fd, b"still")
            return [with_open(at("f"), os.O_WRONLY | os.O_CREAT, write), read(at("f"))]
        self.both(case)

    def test_mode_of_a_new_file(self):
        def case(at):
            open_and_close(at("f"), os.O_WRONLY | os.O_CREAT, 0o600)
            open_and_close(at("g"), os.O_WRONLY | os.O_CREAT, 0o666)
            return [mode(at("f")), mode(at("g"))]
        self.both(case)

    def test_files_without_a_name(self):
        def case(at):
            return [try_(open_and_close, at(), os.O_TMPFILE | os.O_RDWR)]
        self.differs(case, [0], ["EOPNOTSUPP"])

    def test_second_handle_of_a_process_shares_the_file(self):
        def case(at):
            def second(first):
                os.write(first, b"one")
                return with_open(at("f"), os.O_RDWR, lambda fd: [
                    os.pread(fd, 10, 0), os.pwrite(fd, b"two", 3), os.pread(first, 10, 0)])
            return [with_open(at("f"), os.O_RDWR | os.O_CREAT, second), read(at("f"))]
        self.both(case)


class Truncate(compare.PosixTest):
    """Groups truncate and ftruncate."""

    def test_paths_that_lead_nowhere(self):
        self.both(lambda at: bad_paths(os.truncate, at, 1))

    def test_down_up_and_to_nothing(self):
        def case(at):
            make(at("f"), b"0123456789" * 1000)
            done = []
            for length in (10000, 9999, 17, 16, 15, 8192, 0, 5):
                done += [try_(os.truncate, at("f"), length), size(at("f")), read(at("f"))]
            return done
        self.both(case)

    def test_by_handle(self):
        def case(at):
            def cut(fd):
                os.write(fd, b"0123456789" * 1000)
                done = []
                for length in (10000, 9999, 12000, 33, 0, 7):
                    os.ftruncate(fd, length)
                    done += [os.fstat(fd).st_size, os.pread(fd, 20000, 0)]
                return done + [os.lseek(fd, 0, os.SEEK_CUR)]
            return [with_open(at("f"), os.O_RDWR | os.O_CREAT, cut), read(at("f"))]
        self.both(case)

    def test_of_what_cannot_be(self):
        def case(at):
            make(at("f"))
            os.mkdir(at("d"))
            return [try_(os.truncate, at("d"), 0), try_(os.truncate, at("f"), -1),
                    with_open(at("f"), os.O_RDWR, lambda fd: try_(os.ftruncate, fd, -1)),
                    with_open(at("f"), os.O_RDONLY, lambda fd: try_(os.ftruncate, fd, 0)),
                    with_open(at("d"), os.O_RDONLY, lambda fd: try_(os.ftruncate, fd, 0)),
                    read(at("f"))]
        self.both(case)

    def test_sizes_beyond_what_an_object_can_have(self):
        def case(at):
            make(at("f"))
            return [try_(os.truncate, at("f"), HUGE), read(at("f"))]
        self.differs(case, ["EFBIG", b"data"], ["ENOSPC", b"data"])

    def test_sets_the_time(self):
        def case(at):
            make(at("f"))
            os.utime(at("f"), (1, 1))
            os.truncate(at("f"), 2)
            return [os.stat(at("f")).st_mtime > 1e9]
        self.both(case)


class PosixFallocate(compare.PosixTest):
    def test_extends_and_keeps_what_is_there(self):
        def case(at):
            make(at("f"), b"content")

            def reserve(fd):
                os.posix_fallocate(fd, 0, 3)
                done = [os.fstat(fd).st_size]
                os.posix_fallocate(fd, 5, 20000)
                return done + [os.fstat(fd).st_size, os.pread(fd, 30000, 0)]
            return [with_open(at("f"), os.O_RDWR, reserve), read(at("f"))]
        self.both(case)

    def test_arguments_that_cannot_be(self):
        def case(at):
            make(at("f"))
            os.mkdir(at("d"))
            return [with_open(at("f"), os.O_RDWR, lambda fd: [
                try_(os.posix_fallocate, fd, *pair) for pair in ((0, 0), (-1, 5), (5, -1))]),
                with_open(at("f"), os.O_RDONLY, lambda fd: try_(os.posix_fallocate, fd, 0, 10)),
                with_open(at("d"), os.O_RDONLY, lambda fd: try_(os.posix_fallocate, fd, 0, 10)),
                read(at("f"))]
        self.both(case)


class Utimensat(compare.PosixTest):
    def test_paths_that_lead_nowhere(self):
        self.both(lambda at: bad_paths(os.utime, at, (1, 1)))

    def test_modification_times_of_whole_seconds(self):
        def case(at):
            make(at("f"))
            os.mkdir(at("d"))
            done = []
            for seconds in (0, 1, 1e9, 2e9, 5e9):
                for name in "fd":
                    os.utime(at(name), (seconds, seconds))
                    done.append(os.stat(at(name)).st_mtime)
            return done
        self.both(case)

    def test_now_and_by_handle(self):
        def case(at):
            make(at("f"))
            os.utime(at("f"), (5, 5))
            with_open(at("f"), os.O_RDONLY, os.utime)
            return [abs(os.stat(at("f")).st_mtime - time.time()) < 60]
        self.both(case)

    def test_a_write_sets_the_time(self):
        def case(at):
            make(at("f"))
            os.utime(at("f"), (5, 5))
            with_open(at("f"), os.O_WRONLY | os.O_APPEND, lambda fd: os.write(fd, b"x"))
            return [abs(os.stat(at("f")).st_mtime - time.time()) < 60]
        self.both(case)

    def test_time_set_while_writing_is_the_files(self):
        # cp -p and tar do it so, before they close.
        def case(at):
            def write(fd):
                os.write(fd, b"content")
                os.utime(fd, (7, 7))
            with_open(at("f"), os.O_WRONLY | os.O_CREAT, write)
            return [os.stat(at("f")).st_mtime]
        self.both(case)

    def test_fractions_of_seconds_are_dropped(self):
        def case(at):
            make(at("f"))
            os.utime(at("f"), ns=(1500000000, 1500000000))
            return [os.stat(at("f")).st_mtime_ns]
        self.differs(case, [1500000000], [1000000000])

    def test_times_of_access_and_change_are_that_of_modification(self):
        def case(at):
            make(at("f"))
            os.utime(at("f"), (3, 5))
            found = os.stat(at("f"))
            return [found.st_atime, found.st_mtime, found.st_ctime > 1e9]
        self.differs(case, [3, 5, True], [5, 5, False])

    def test_directory_keeps_its_time_when_its_content_changes(self):
        def case(at):
            os.mkdir(at("d"))
            os.utime(at("d"), (5, 5))
            make(at("d/f"))
            return [os.stat(at("d")).st_mtime > 1e9]
        self.differs(case, [True], [False])


class ReadOnly(compare.PosixTest):
    """EROFS of every group."""

    def test_everything_that_changes_is_erofs(self):
        make(self.at("f"))
        os.mkdir(self.at("d"))
        make(self.at("d/f"))
        mounted = self.mount("--read-only", *self.MOUNT_ARGS)

        def case(at):
            f, d, new = at("f"), at("d"), at("new")
            return [try_(function, *arguments) for function, *arguments in (
                (os.chmod, f, 0o600), (os.chown, f, self.UID, self.UID), (os.truncate, f, 1),
                (os.mkdir, new), (os.rmdir, d), (os.unlink, f), (os.rename, f, new),
                (os.symlink, "f", new), (os.link, f, new), (os.mkfifo, new), (os.utime, f, (1, 1)),
                (os.mknod, new, stat.S_IFREG), (open_and_close, f, os.O_WRONLY),
                (open_and_close, new, os.O_WRONLY | os.O_CREAT))]
        outcomes = compare.as_user(self.UID, case, lambda name: os.path.join(mounted, name))
        self.assertEqual(outcomes, ["EROFS"] * 14)
        self.assertEqual(read(os.path.join(mounted, "f")), b"data")


if __name__ == "__main__":
    compare.main()
