"""POSIX checks: each case does the same on a plain directory and on a mount.

`both(case)`: the outcomes are the same. `differs(case, plain, mount)`: they are these, for a reason
that docs/POSIX.md gives. A case is a function of `at`, which makes paths below a fresh directory;
it returns a list of what its steps did: try_(function, ...) is the errno's name or the result.

Run with an argument: "root", or "user": then the mount is root's with --allow-other and --uid, and
every case runs as that user.
"""

import errno
import os
import pickle
import shutil
import stat
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

# pylint: disable=wrong-import-position
import e2e  # noqa: E402

USER, OTHER_USER = 65534, 65533
LONG = "n" * 256  # NAME_MAX + 1
TOO_LONG_PATH = "d/" * 2100  # beyond PATH_MAX


def try_(function, *arguments, **keywords):
    """The errno's name, or the result; 0 where there is none."""
    try:
        value = function(*arguments, **keywords)
    except OSError as error:
        # The two have one number.
        return errno.errorcode[error.errno].replace("ENOTSUP", "EOPNOTSUPP")
    return 0 if value is None else value


def make(path, data=b"data"):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)


def open_and_close(path, flags, mode=0o666):
    os.close(os.open(path, flags, mode))


def mode(path):
    return oct(stat.S_IMODE(os.lstat(path).st_mode))


def size(path):
    return os.stat(path).st_size


def read(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, 1 << 20)
    finally:
        os.close(fd)


def as_user(uid, function, *arguments):
    """The function's result, from a child that is this user (0: from here)."""
    if uid == 0 or os.geteuid() != 0:
        return function(*arguments)
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            os.write(there, pickle.dumps(function(*arguments)))
            status = 0
        except BaseException as error:  # to be seen in the parent's failure
            os.write(there, pickle.dumps(f"{type(error).__name__}: {error}"))
        finally:
            os._exit(status)
    os.close(there)
    with os.fdopen(here, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(answer)


class PosixTest(e2e.MountTest):
    MOUNT_ARGS = ("--file-mode", "0644", "--dir-mode", "0755")
    UID = 0  # who runs the cases

    @classmethod
    def setUpClass(cls):
        if cls.UID:
            owner = ("--allow-other", "--uid", str(cls.UID), "--gid", str(cls.UID))
            cls.MOUNT_ARGS = (*PosixTest.MOUNT_ARGS, *owner)
        super().setUpClass()
        os.umask(0o022)
        os.chmod(cls.bed.directory, 0o755)
        cls.plain_root = cls.bed.path("plain-" + cls.__name__)
        os.makedirs(cls.plain_root, exist_ok=True)
        os.chown(cls.plain_root, cls.UID, cls.UID)

    def run_case(self, root, case):
        folder = os.path.join(
            root, f"{type(self).__name__}-{self._testMethodName}-{self.count}")
        as_user(self.UID, os.mkdir, folder)

        def at(*names):
            return os.path.join(folder, *names)

        return as_user(self.UID, case, at)

    count = 0

    def both(self, case):
        self.count += 1
        plain = self.run_case(self.plain_root, case)
        self.assertEqual(self.run_case(self.mnt, case), plain, "(the mount, a plain directory)")
        return plain

    def differs(self, case, plain, mount):
        self.count += 1
        self.assertEqual(self.run_case(self.plain_root, case), plain, "(a plain directory)")
        self.assertEqual(self.run_case(self.mnt, case), mount, "(the mount)")

    def tearDown(self):
        for entry in os.listdir(self.plain_root):
            shutil.rmtree(os.path.join(self.plain_root, entry), ignore_errors=True)


def main():
    who = sys.argv.pop(1) if len(sys.argv) > 1 and sys.argv[1] in ("root", "user") else "root"
    if os.geteuid() != 0:
        print("skipped: only root can compare users")
        sys.exit(77)
    PosixTest.UID = {"root": 0, "user": USER}[who]
    unittest.main()
