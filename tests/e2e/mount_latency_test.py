#!/usr/bin/python3
"""Nobody waits long for others: lookups, listings, creates while many files are made and written.

The bounds of time are there to notice what hangs, not to measure: the machine may be slow.
"""

import os
import threading
import time
import unittest

import e2e
from e2e import MIB, content, read, write

BOUND_S = 120
FILES = 64


class Answer(threading.Thread):
    """One call on a thread of its own: how long it takes, or what it raises."""

    def __init__(self, name, function):
        super().__init__(daemon=True)
        self.name, self.function = name, function
        self.error, self.seconds = None, None
        self.start()

    def run(self):
        begin = time.monotonic()
        try:
            self.function()
        except OSError as error:
            self.error = error
        self.seconds = time.monotonic() - begin


class ManyCreates(e2e.MountTest):
    MOUNT_ARGS = ("--memory-limit", "1GiB", "--part-size", "5MiB", "--hold-size", "0")
    STRIPES = """
import threading
fds = []
def make(path):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    fds.append(fd)
    for _ in range(6):
        os.write(fd, b"s" * 1000000)
threads = [threading.Thread(target=make, args=(p,)) for p in sys.argv[1:]]
[t.start() for t in threads]
[t.join() for t in threads]
print(len(fds), flush=True)
input()
for fd in fds:
    os.close(fd)
"""

    def wait_for(self, answers):
        deadline = time.monotonic() + BOUND_S
        for answer in answers:
            answer.join(max(0, deadline - time.monotonic()))
            self.assertFalse(answer.is_alive(), f"{answer.name} hangs")
            self.assertIsNone(answer.error, answer.name)

    def test_others_are_answered_while_64_files_are_created_and_written(self):
        for name in ("stripes", "elsewhere"):
            os.mkdir(self.at(name))
            write(self.at(name, "old"), content(1000))
        paths = [self.at("stripes", f"{n:02}.bak") for n in range(FILES)]
        stripes = self.python(self.STRIPES, *paths)
        e2e.eventually(lambda: os.listdir(self.at("stripes")) != ["old"])
        answers = [Answer(*call) for call in (
            ("ls beside", lambda: os.listdir(self.at("stripes"))),
            ("stat beside", lambda: os.stat(self.at("stripes/old"))),
            ("ls elsewhere", lambda: os.listdir(self.at("elsewhere"))),
            ("stat elsewhere", lambda: os.stat(self.at("elsewhere/old"))),
            ("read elsewhere", lambda: read(self.at("elsewhere/old"))),
            ("create elsewhere", lambda: write(self.at("elsewhere/new"), b"n")),
            ("statfs", lambda: os.statvfs(self.mnt)))]
        self.wait_for(answers)
        self.assertEqual(stripes.stdout.readline(), f"{FILES}\n")
        self.assertEqual(len(os.listdir(self.at("stripes"))), FILES + 1)
        stripes.communicate("\n", timeout=120)
        self.assertEqual(stripes.returncode, 0)
        self.assertEqual(len(self.bed.list("stripes/")), FILES + 1)
        self.check_object("stripes/63.bak", b"s" * 6000000)


class RequestsOfCreates(e2e.MountTest):
    """What a create costs while the kernel holds the directory."""

    BED = {"store": "script"}

    def asked(self, name):
        """The requests for an object, and the listings of what would be below it, in order."""
        return [entry for entry in self.bed.s3.report()["log"]
                if entry["key"] == name or entry["query"].get("prefix") == name + "/"]

    def test_a_create_asks_for_its_name_once(self):
        fd = os.open(self.at("once"), os.O_WRONLY | os.O_CREAT)
        asked = [entry["op"] for entry in self.asked("once")]
        os.close(fd)
        self.assertEqual(sorted(asked), ["HeadObject", "ListObjectsV2"])

    def test_head_and_list_of_a_lookup_go_out_together(self):
        self.bed.put("together", b"")
        self.bed.s3.control(rules=[{"action": "hold", "op": op, "key": key} for op, key in
                                   (("HeadObject", "^together$"), ("ListObjectsV2", ""))])
        self.addCleanup(self.bed.s3.control, reset=True)
        looker = self.in_thread(os.stat, self.at("together"))
        try:
            self.bed.s3.await_held(2)  # neither waits for the other's answer
            self.assertEqual(sorted(entry["op"] for entry in self.asked("together")
                                    if entry["status"] is None), ["HeadObject", "ListObjectsV2"])
        finally:
            self.bed.s3.control(release=True)
        self.assertEqual(looker.result(BOUND_S).st_size, 0)


class KeysOfCreates(e2e.MountTest):
    """GenerateDataKey: one for each file, and in a burst a few ahead; never for a single create."""

    def generated(self):
        return len([c for c in self.bed.kms.report()["log"] if c["action"] == "GenerateDataKey"])

    def settled(self):
        counts = [-1]
        e2e.eventually(lambda: counts.append(self.generated()) or time.sleep(0.2)
                       or counts[-1] == counts[-2])
        return counts[-1]

    def test_few_creates_take_one_key_each(self):
        before = self.settled()
        for n in range(3):
            write(self.at(f"single-{n}"), b"x")
        self.assertEqual(self.settled() - before, 3)

    def test_many_creates_at_once_take_few_keys_more(self):
        time.sleep(1.1)
        before = self.settled()
        for n in range(40):
            os.close(os.open(self.at(f"burst-{n}"), os.O_WRONLY | os.O_CREAT))
        taken = self.settled() - before
        self.assertGreaterEqual(taken, 40)
        # 16 more, and again 16 if those become too old between two of the creates.
        self.assertLess(taken, 40 + 40)
        # The release makes an empty object, after close() has returned.
        for n in range(40):
            self.assertTrue(e2e.eventually(lambda n=n: self.bed.head(f"burst-{n}").status == 200))
        wrapped = {self.bed.metadata(f"burst-{n}")["x-amz-key-v2"] for n in range(40)}
        self.assertEqual(len(wrapped), 40)


if __name__ == "__main__":
    unittest.main()
