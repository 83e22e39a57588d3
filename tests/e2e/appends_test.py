#!/usr/bin/python3
"""Many log backups appended to one file (BACKUP LOG ... WITH NOINIT): what each one costs.

  appends_test.py [--appends N] [--min-part BYTES] [--store script|rgw]

Each append goes as SQL Server makes it: the file is opened, its head and its end are read, its size
is set ahead, the set is written behind the end, the size is trimmed; fsync, close. The scripted
server counts requests and bytes. Below the server's smallest part everything is sent again, above it
the server copies what is there and only the new set is sent.
"""
import argparse
import collections
import os
import subprocess
import sys
import unittest

import e2e
import testbed
from e2e import HERE, KIB, MIB, read

MKBAK = os.path.join(HERE, "..", "tools", "mkbak.py")
SENDING = ("PutObject", "UploadPart")
COPIED = {"CreateMultipartUpload": 1, "UploadPartCopy": 1, "UploadPart": 1,
          "CompleteMultipartUpload": 1}
OPTIONS = argparse.Namespace(appends=30, min_part=MIB, store="script")


def log_set_size(index):
    """64 KiB of log with all around it; the map of all sets, at the end of each, grows."""
    return 100 * KIB + 4 * KIB * (1 + 246 * (index + 1) // (4 * KIB))


class Appends(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        size = OPTIONS.min_part
        more = {"script_args": ("--min-part", str(size))} if OPTIONS.store == "script" else {}
        cls.bed = testbed.Testbed(store=OPTIONS.store, **more)
        cls.addClassCleanup(cls.bed.close)
        cls.mnt = cls.bed.mount(["--log-level", "info", "--part-min", str(size)])
        sizes = [256 * KIB] + [log_set_size(i) for i in range(1, OPTIONS.appends + 1)]
        cls.ends = [sum(sizes[:i + 1]) for i in range(len(sizes))]
        cls.data = subprocess.run(
            [sys.executable, "-B", MKBAK, "--type", "full,log", "--size",
             ",".join(map(str, sizes)), "-"], check=True, stdout=subprocess.PIPE).stdout
        assert len(cls.data) == cls.ends[-1]

    def append(self, path, begin, end):
        fd = os.open(path, os.O_RDWR | os.O_DIRECT)
        try:
            for offset in (0, 4096, begin - 4096, 8192):
                self.assertEqual(os.pread(fd, 4096, offset), self.data[offset:offset + 4096])
            os.ftruncate(fd, end + 128 * KIB)
            for at in range(begin, end, 64 * KIB):
                piece = self.data[at:min(end, at + 64 * KIB)]
                self.assertEqual(os.pwrite(fd, piece, at), len(piece))
            os.ftruncate(fd, end)
            os.fsync(fd)
        finally:
            os.close(fd)

    def cost(self):
        """Requests by operation, bytes sent as content, bytes read as content; since the last."""
        if OPTIONS.store != "script":
            return collections.Counter(), 0, 0
        log = self.bed.s3.report()["log"]
        self.bed.s3.control(clear_log=True)
        return (collections.Counter(entry["op"] for entry in log),
                sum(entry["body_bytes"] for entry in log if entry["op"] in SENDING),
                # What is being read ahead has no answer yet.
                sum(entry.get("answer_bytes", 0) for entry in log if entry["op"] == "GetObject"))

    def check_cost(self, index, begin, end, requests, sent, got):
        what = f"append {index} at {begin}: {dict(requests)}, {sent} bytes sent, {got} read"
        writes = {op: n for op, n in requests.items() if op not in ("HeadObject", "GetObject",
                                                                    "ListObjectsV2")}
        stored = end // 16 * 16 + 16
        if begin < OPTIONS.min_part:
            self.assertEqual(writes, {"PutObject": 1}, what)
            self.assertEqual(sent, stored, what)
            self.assertLessEqual(got, begin + 20 * KIB, what)  # all of it, and the four reads
        else:
            self.assertEqual(writes, COPIED, what)
            self.assertEqual(sent, stored - begin // 16 * 16, what)
            self.assertLessEqual(got, 20 * KIB, what)
        self.assertLessEqual(requests["GetObject"], 6, what)
        # However often stat asks again.
        self.assertLessEqual(sum(requests.values()) - requests["HeadObject"], 13, what)

    def test_each_append_sends_only_its_set_once_the_file_is_large_enough(self):
        path = os.path.join(self.mnt, "log.trn")
        e2e.write(path, self.data[:self.ends[0]])
        self.cost()
        sides = {False: [], True: []}
        for index in range(1, OPTIONS.appends + 1):
            begin, end = self.ends[index - 1:index + 1]
            self.append(path, begin, end)
            requests, sent, got = self.cost()
            if OPTIONS.store == "script":
                self.check_cost(index, begin, end, requests, sent, got)
            sides[begin >= OPTIONS.min_part].append((end - begin, sent, got, requests))
        self.assertEqual(read(path), self.data)
        self.assertEqual(self.bed.decrypt("log.trn"), self.data)
        self.assertEqual(self.bed.list_uploads("log.trn"), [])
        self.assertIn(f"SQL Server backup (log, {OPTIONS.appends + 1} sets), finished",
                      self.bed.mount_log(self.mnt))
        self.assertTrue(all(sides.values()), "the appends pass the smallest part")
        if OPTIONS.store == "script":
            self.report(sides)

    def report(self, sides):
        print(f"\n{OPTIONS.appends} appends of 64 KiB of log to one file of {self.ends[-1]} bytes at "
              f"last, smallest part {OPTIONS.min_part}, {OPTIONS.store}; on average per append:")
        print(f"{'file before it':>22} {'appends':>8} {'set':>8} {'sent':>9} {'read':>9} "
              f"{'requests':>8}  of them")
        for above, rows in sides.items():
            count = len(rows)
            requests = sum((row[3] for row in rows), collections.Counter())
            print(f"{'smallest part or more' if above else 'below smallest part':>22} {count:8} " +
                  " ".join(f"{sum(row[i] for row in rows) // count:{width}}"
                           for i, width in ((0, 8), (1, 9), (2, 9))) +
                  f" {sum(requests.values()) / count:8.1f}  " +
                  ", ".join(f"{op} {n / count:.1f}" for op, n in sorted(requests.items())))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name, default in vars(OPTIONS).items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(default), default=default)
    parser.parse_args(namespace=OPTIONS)
    unittest.main(argv=sys.argv[:1])
