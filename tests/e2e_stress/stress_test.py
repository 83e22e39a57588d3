#!/usr/bin/python3 -B
"""Many processes on one mount, each with its own plan, and what they find checked byte for byte.

    stress_test.py [--seconds N] [--processes N] [--seed N] [--stripes N] [--stripe-mib N]

First: processes create, overwrite, append, truncate, rename, unlink, list and read files of their
own and of others, some are killed on the way. What a file holds tells who wrote it and how long it
is, so a reader of anybody's file can tell a mixture. Then: as many parallel writers as a striped
backup has, with the default memory limit, while others look around. Standard library only.
"""

import argparse
import errno
import hashlib
import os
import random
import signal
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "servers"))
from testbed import Testbed  # noqa: E402  (its folder is only known now)

MIB = 1 << 20
# What may be answered to who meets another process at a file.
EXPECTED = {errno.EBUSY, errno.ENOENT, errno.ESTALE, errno.EXDEV}
BLOCK = 64


def content(tag, length):
    """Blocks that say whose they are, where, and of how many."""
    blocks = b"".join(b"%s %012d %012d" % (tag, i, length) + b"." * (BLOCK - len(tag) - 26)
                      for i in range((length + BLOCK - 1) // BLOCK))
    return blocks[:length]


def new_tag(rng):
    return b"%016x" % rng.getrandbits(64)


def check_whole(data, name):
    """A file of the stress is one content(): of one writer, whole or as far as it is written."""
    if not data:
        return
    tag = data[:16]
    length = int(data[30:42]) if len(data) >= 42 else None
    expected = content(tag, length if length is not None else len(data))
    if length is not None and data != expected[:len(data)]:
        raise AssertionError(f"{name}: {len(data)} bytes, not the {length} of {tag.decode()}")


class Worker:
    def __init__(self, folder, number, seed):
        self.rng = random.Random(seed * 1000 + number)
        self.folder, self.number = folder, number
        self.mine = {}  # name: content
        self.counts = {}

    def path(self, name):
        return os.path.join(self.folder, name)

    def length(self):
        return self.rng.choice((0, 1, 63, 4096, 100000, MIB + 7, 9 * MIB + 5))

    def write(self, name, data, flags):
        fd = os.open(self.path(name), flags, 0o600)
        try:
            step = self.rng.choice((4096, 65536, MIB))
            step = max(step, len(data) // 64)
            for at in range(0, len(data), step):
                os.write(fd, data[at:at + step])
            if self.rng.random() < 0.2:
                os.fsync(fd)
        finally:
            os.close(fd)

    def do_write(self):
        name = f"w{self.number}-{self.rng.randrange(6)}"
        length = self.length()
        data = content(new_tag(self.rng), max(length, 42) if length else 0)
        self.mine.pop(name, None)
        self.write(name, data, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        self.mine[name] = data
        self.do_check(name)

    def do_shared(self):
        data = content(new_tag(self.rng), 42 + self.rng.randrange(300000))
        self.write(f"shared{self.rng.randrange(4)}", data, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def pick(self):
        return self.rng.choice(sorted(self.mine)) if self.mine else None

    def do_check(self, name=None):
        name = name or self.pick()
        if name is None:
            return
        with open(self.path(name), "rb") as file:
            data = file.read()
        if data != self.mine[name]:
            raise AssertionError(f"{name}: {len(data)} bytes, sha {hashlib.sha1(data).hexdigest()}"
                                 f" instead of {len(self.mine[name])}")
        size = os.stat(self.path(name)).st_size
        if size != len(data):
            raise AssertionError(f"{name}: stat says {size}, it has {len(data)}")

    def do_rename(self):
        name = self.pick()
        if name is None:
            return
        to = f"w{self.number}-r{self.rng.randrange(4)}"
        data = self.mine.pop(name)
        self.mine.pop(to, None)
        try:
            os.rename(self.path(name), self.path(to))
        except OSError:
            self.mine[name] = data
            raise
        self.mine[to] = data
        self.do_check(to)

    def do_rename_shared(self):
        os.rename(self.path(f"shared{self.rng.randrange(4)}"),
                  self.path(f"shared{self.rng.randrange(4)}"))

    def do_unlink(self):
        name = self.pick()
        if name is None:
            return
        os.unlink(self.path(name))
        del self.mine[name]
        if os.path.exists(self.path(name)):
            raise AssertionError(f"{name} is there after it was removed")

    def do_unlink_shared(self):
        os.unlink(self.path(f"shared{self.rng.randrange(4)}"))

    def do_append(self):
        name = self.pick()
        if name is None:
            return
        data = self.mine.pop(name) + b"appended" * self.rng.randrange(1, 2000)
        self.append(name, data)
        self.do_check(name)

    def append(self, name, data):
        size = os.stat(self.path(name)).st_size
        fd = os.open(self.path(name), os.O_WRONLY | os.O_APPEND)
        try:
            os.write(fd, data[size:])
        finally:
            os.close(fd)
        self.mine[name] = data

    def do_truncate(self):
        name = self.pick()
        if name is None:
            return
        data = self.mine.pop(name)
        length = self.rng.randrange(len(data) + 1)
        os.truncate(self.path(name), length)
        self.mine[name] = data[:length]
        self.do_check(name)

    def do_look(self):
        names = set(os.listdir(self.folder))
        missing = set(self.mine) - names
        if missing:
            raise AssertionError(f"readdir does not show {missing}")
        for name in names:
            if name.startswith("shared"):
                check_whole(self.read_shared(name), name)

    def read_shared(self, name):
        """The page cache has one error, EIO, for what a read-ahead meets that was overtaken by a
        replacement; whoever reads anew then has the new file."""
        for _ in range(30):
            try:
                with open(self.path(name), "rb") as file:
                    return file.read()
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
        raise AssertionError(f"{name} cannot be read")

    def do_killed(self):
        """A child is killed while it writes over one of ours: the old content stays."""
        name = self.pick()
        if name is None:
            return
        pid = os.fork()
        if pid == 0:
            try:
                fd = os.open(self.path(name), os.O_WRONLY | os.O_TRUNC)
                while True:
                    os.write(fd, b"killed" * 1000)
                    time.sleep(0.001)
            finally:
                os._exit(1)
        time.sleep(self.rng.random() * 0.1)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self.do_check(name)

    def run(self, until):
        actions = [self.do_write] * 4 + [self.do_shared] * 3 + [
            self.do_check, self.do_rename, self.do_rename_shared, self.do_unlink,
            self.do_unlink_shared, self.do_append, self.do_truncate, self.do_look, self.do_killed]
        while time.monotonic() < until:
            action = self.rng.choice(actions)
            try:
                action()
                outcome = "done"
            except OSError as error:
                if error.errno not in EXPECTED or (
                        error.errno != errno.EXDEV and not ("shared" in action.__name__
                                                            or action == self.do_look)):
                    raise AssertionError(f"{action.__name__}: {error}") from error
                outcome = errno.errorcode[error.errno]
            key = f"{action.__name__[3:]} {outcome}"
            self.counts[key] = self.counts.get(key, 0) + 1


def run_workers(folder, count, seconds, seed):
    pids = {}
    until = time.monotonic() + seconds
    for number in range(count):
        pid = os.fork()
        if pid == 0:
            status = 1
            worker = Worker(folder, number, seed)
            try:
                worker.run(until)
                status = 0
                print(f"worker {number}: {dict(sorted(worker.counts.items()))}", flush=True)
            except BaseException as error:
                print(f"worker {number} FAILED: {type(error).__name__}: {error}", flush=True)
            finally:
                os._exit(status)
        pids[pid] = number
    failed = [pids[pid] for pid in pids if os.waitpid(pid, 0)[1] != 0]
    if failed:
        raise AssertionError(f"workers {failed} failed (seed {seed})")


def run_stripes(mount, folder, count, each):
    """Parallel writers; meanwhile whoever looks is answered: a stat always, a listing of the very
    directory when the kernel lets it in between the creates."""
    data = os.urandom(MIB)
    errors, slowest, answered = [], {"stat": 0.0, "listdir": 0.0}, {"stat": 0, "listdir": 0}
    over = threading.Event()

    def write(number):
        try:
            with open(os.path.join(folder, f"stripe{number}"), "wb", buffering=0) as file:
                for _ in range(each // MIB):
                    file.write(data)
        except OSError as error:
            errors.append(error)

    def look(name, call, path):
        while not over.is_set():
            began = time.monotonic()
            call(path)
            slowest[name] = max(slowest[name], time.monotonic() - began)
            answered[name] += 1
            time.sleep(0.05)

    other = open(os.path.join(folder, "open"), "wb")
    threads = [threading.Thread(target=write, args=(i,)) for i in range(count)]
    lookers = [threading.Thread(target=look, args=("stat", os.stat, os.path.join(folder, "open"))),
               threading.Thread(target=look, args=("listdir", os.listdir, folder))]
    began = time.monotonic()
    for thread in [*lookers, *threads]:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, in_time = time.monotonic() - began, answered["stat"]
    over.set()
    for thread in lookers:
        thread.join()
    other.close()
    with open(f"/proc/{mount.process.pid}/status", encoding="utf-8") as file:
        peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) // 1024
    print(f"{count} writers of {each // MIB} MiB: {seconds:.1f} s, slowest stat {slowest['stat']:.2f} s, "
          f"listdir {slowest['listdir']:.2f} s, "
          f"peak RSS {peak} MiB", flush=True)
    if errors:
        raise AssertionError(f"{len(errors)} writers failed: {errors[0]}")
    if in_time < 3 or answered["listdir"] < 1:
        raise AssertionError(f"whoever looks waits for the writers: {in_time} stats meanwhile")
    for number in range(0, count, 7):
        with open(os.path.join(folder, f"stripe{number}"), "rb", buffering=0) as file:
            for _ in range(each // MIB):
                assert file.read(MIB) == data, f"stripe{number} differs"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--stripes", type=int, default=64)
    parser.add_argument("--stripe-mib", type=int, default=24)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with Testbed() as bed:
        path = bed.mount([])
        mount = bed.find_mount(path)
        try:
            if options.seconds:
                run_workers(path, options.processes, options.seconds, options.seed)
            if options.stripes:
                run_stripes(mount, path, options.stripes, options.stripe_mib * MIB)
            status = bed.umount(path)
            assert status == 0, f"the mount ended with {status}"
            assert bed.list_uploads() == [], "uploads were left behind"
        except BaseException:
            with open(mount.log_path, encoding="utf-8", errors="replace") as log:
                print("".join([line for line in log if " info: " not in line][-60:]))
            raise


if __name__ == "__main__":
    main()
