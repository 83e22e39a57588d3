#!/usr/bin/python3
"""POSIX permissions (EACCES and EPERM of every group): the kernel holds them, on the mount's modes."""

import os
import stat

import compare
from compare import OTHER_USER, USER, as_user, make, open_and_close, read, try_

CREATE = os.O_WRONLY | os.O_CREAT


def every_change(at):
    """What each call that changes something says to whoever runs it; and what reads say."""
    f, d, new = at("f"), at("d"), at("new")
    calls = ((os.listdir, at()), (os.stat, f), (open_and_close, f, os.O_RDONLY),
             (open_and_close, f, os.O_WRONLY), (open_and_close, f, os.O_RDWR),
             (open_and_close, f, os.O_RDONLY | os.O_TRUNC), (open_and_close, new, CREATE),
             (os.truncate, f, 1), (os.chmod, f, 0o600), (os.chown, f, -1, OTHER_USER),
             (os.utime, f, (1, 1)), (os.utime, f), (os.mkdir, new), (os.rmdir, d),
             (os.rename, f, new), (os.rename, at("d/f"), f), (os.unlink, f), (os.unlink, at("d/f")),
             (os.access, f, os.R_OK), (os.access, f, os.W_OK), (os.access, f, os.X_OK))
    return [outcome if isinstance(outcome := try_(*call), (str, bool)) else "did"
            for call in calls]


class UsersTest(compare.PosixTest):
    """The same tree on both sides, made by its owner; then another user tries everything."""

    OWNER = 0
    FILE_MODE, DIR_MODE = 0o644, 0o755
    TRIES = USER

    @classmethod
    def setUpClass(cls):
        compare.PosixTest.UID = 0
        cls.MOUNT_ARGS = ("--allow-other", "--uid", str(cls.OWNER), "--gid", str(cls.OWNER),
                          "--file-mode", oct(cls.FILE_MODE)[2:], "--dir-mode",
                          oct(cls.DIR_MODE)[2:])
        super().setUpClass()
        os.chown(cls.plain_root, cls.OWNER, cls.OWNER)
        os.chmod(cls.plain_root, cls.DIR_MODE)

    def tree(self, root):
        top = os.path.join(root, f"{type(self).__name__}-{self._testMethodName}")

        def build():
            os.umask(0)
            for name in ("", "d"):
                os.mkdir(os.path.join(top, name), self.DIR_MODE)
            for name in ("f", "d/f"):
                make(os.path.join(top, name))
                os.chmod(os.path.join(top, name), self.FILE_MODE)
        as_user(self.OWNER, build)
        os.umask(0o022)
        return lambda *names: os.path.join(top, *names)

    def same_as_plain(self, *changes):
        outcomes = []
        for root in (self.plain_root, self.mnt):
            at = self.tree(root)
            for change in changes:
                as_user(self.OWNER, change, at)
            outcomes.append(as_user(self.TRIES, every_change, at))
        self.assertEqual(outcomes[1], outcomes[0], "(the mount, a plain directory)")
        return outcomes[1]


class Others(UsersTest):
    def test_who_may_read_and_not_write(self):
        found = self.same_as_plain()
        self.assertEqual(found[:6], ["did", "did", "did", "EACCES", "EACCES", "EACCES"])
        self.assertIn("EPERM", found)

    def test_files_made_unreadable(self):
        self.same_as_plain(lambda at: os.chmod(at("f"), 0o600))

    def test_directories_that_may_not_be_searched(self):
        self.same_as_plain(lambda at: os.chmod(at(), 0o744))
        self.assertEqual(try_(as_user, self.TRIES, try_, os.stat, self.at(
            f"{type(self).__name__}-{self._testMethodName}", "f")), "EACCES")

    def test_directories_that_may_not_be_listed(self):
        self.same_as_plain(lambda at: os.chmod(at(), 0o711))


class Private(UsersTest):
    """As without options, but for --allow-other."""

    FILE_MODE, DIR_MODE = 0o600, 0o700

    def test_others_may_nothing(self):
        self.assertEqual(set(self.same_as_plain()), {"EACCES", False})


class Owner(UsersTest):
    """Somebody who is not root owns all."""

    OWNER = TRIES = USER

    def test_the_owner_may_everything(self):
        found = self.same_as_plain()
        self.assertNotIn("EACCES", found)

    def test_the_owner_too_is_bound_by_modes(self):
        self.same_as_plain(lambda at: os.chmod(at("f"), 0o400), lambda at: os.chmod(at(), 0o500))

    def test_the_owner_of_nothing(self):
        self.same_as_plain(lambda at: os.chmod(at("f"), 0), lambda at: os.chmod(at("d"), 0))


class Group(UsersTest):
    """Nobody's files, that another user may change by the modes for others."""

    OWNER, TRIES = USER, OTHER_USER
    FILE_MODE, DIR_MODE = 0o666, 0o777

    def test_everybody_may_write_but_not_change_modes(self):
        found = self.same_as_plain()
        self.assertNotIn("EACCES", found)
        self.assertIn("EPERM", found)


class WithoutAllowOther(compare.PosixTest):
    def test_nobody_else_sees_anything_whatever_the_modes(self):
        make(self.at("f"))
        self.assertEqual(stat.S_IMODE(os.stat(self.at("f")).st_mode), 0o644)
        for path in (self.mnt, self.at("f")):
            self.assertEqual(as_user(USER, try_, os.stat, path), "EACCES")
        self.assertEqual(read(self.at("f")), b"data")


if __name__ == "__main__":
    compare.main()
