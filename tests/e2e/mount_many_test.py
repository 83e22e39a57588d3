#!/usr/bin/python3
"""Directories of many files. RDSBAK_MANY in the environment says how many (default 1,100)."""

import collections
import os
import threading
import unittest

import e2e
from e2e import KIB, MIB, read, write

import sigv4  # of tests/servers

MANY = int(os.environ.get("RDSBAK_MANY", "1100"))
SEEDERS = 4


class ManyTest(e2e.MountTest):
    def seed(self, folder, count, recorded=False):
        """Encrypted objects as large as one that the mount made; with or without its length."""
        write(self.at("model-" + folder), b"m" * 100)
        meta = self.bed.metadata("model-" + folder)
        if not recorded:
            meta.pop("x-amz-unencrypted-content-length")
        body = self.bed.get("model-" + folder)
        names = [f"{n:05}.bak" for n in range(count)]
        threads = [threading.Thread(target=self.put_all,
                                    args=(folder, names[i::SEEDERS], meta, body))
                   for i in range(SEEDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(self.bed.list(folder + "/")), count)
        return names

    def put_all(self, folder, names, meta, body):
        """On one connection: thousands of objects."""
        s3 = self.bed.s3
        connection = s3.connect()
        for name in names:
            target = f"/{self.bed.bucket}/{folder}/{name}"
            headers = {"Host": s3.url.netloc, **{f"x-amz-meta-{k}": v for k, v in meta.items()}}
            headers = sigv4.sign("PUT", target, headers, s3.credentials, s3.region, "s3", body=body)
            connection.request("PUT", target, body=body, headers=headers)
            connection.getresponse().read()
        connection.close()

    def peak_memory(self):
        """Bytes that the mount's process had resident at most."""
        pid = self.bed.find_mount(self.mnt).process.pid
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            line = next(line for line in file if line.startswith("VmHWM:"))
        return int(line.split()[1]) * KIB


class Thousands(ManyTest):
    def test_ls_find_and_rm(self):
        before = self.peak_memory()
        names = self.seed("tools", MANY)
        self.assertEqual(self.tool("ls", self.at("tools")).decode().split(), names)
        lines = self.tool("ls", "-l", self.at("tools")).decode().splitlines()[1:]
        self.assertEqual([line.split()[-1] for line in lines], names)
        self.assertEqual({line.split()[4] for line in lines}, {"96"})  # provisional, as documented
        found = self.tool("find", self.at("tools"), "-name", "*7.bak", "-size", "+0").decode()
        self.assertEqual(len(found.split()), len([n for n in names if n.endswith("7.bak")]))
        self.assertEqual(read(self.at("tools", names[-1])), b"m" * 100)
        self.assertEqual(os.stat(self.at("tools", names[-1])).st_size, 100)
        self.tool("rm", "-r", self.at("tools"))
        self.assertEqual(self.bed.list("tools/"), {})
        self.assertLess(self.peak_memory() - before, 64 * MIB)

    def test_removing_while_listing_skips_nothing(self):
        names = self.seed("scan", 1050)
        seen = []
        with os.scandir(self.at("scan")) as entries:
            for entry in entries:
                seen.append(entry.name)
                os.unlink(entry.path)
        self.assertEqual(seen, names)
        self.assertEqual(os.listdir(self.at("scan")), [])
        self.assertEqual(self.bed.list("scan/"), {})

    def test_a_listing_under_way_is_one_state(self):
        names = self.seed("state", 1050)
        with os.scandir(self.at("state")) as entries:
            first = [next(entries).name for _ in range(10)]
            os.rename(self.at("state", names[-1]), self.at("state", "00000-new"))
            os.unlink(self.at("state", names[500]))
            write(self.at("state", "zzz"), b"")
            self.assertEqual(first + [e.name for e in entries], names)
        expected = {*names, "00000-new", "zzz"} - {names[-1], names[500]}
        self.assertEqual(set(os.listdir(self.at("state"))), expected)
        self.assertFalse(os.path.exists(self.at("state", names[500])))

    def test_rename_of_a_directory_of_a_thousand_files_and_of_one_more(self):
        names = self.seed("thousand", 1000)
        os.rename(self.at("thousand"), self.at("thousand-2"))
        self.assertEqual(sorted(os.listdir(self.at("thousand-2"))), names)
        self.bed.put("thousand-2/one-more", b"")
        with self.assertRaises(OSError) as caught:
            os.rename(self.at("thousand-2"), self.at("thousand-3"))
        self.assertEqual(caught.exception.errno, e2e.errno.EXDEV)
        self.assertEqual(len(self.bed.list("thousand-")), 1001)


class WhatAListingAsks(ManyTest):
    BED = {"store": "script"}
    COUNT = 300

    def asked(self, action):
        self.bed.s3.control(clear_log=True)
        action()
        return collections.Counter(entry["op"] for entry in self.bed.s3.report()["log"])

    def test_ls_asks_for_pages_and_ls_l_for_every_file_once(self):
        self.seed("ask", self.COUNT)
        asked = self.asked(lambda: self.tool("ls", self.at("ask")))
        self.assertLessEqual(asked["HeadObject"], 40, asked)
        e2e.time.sleep(1.1)
        asked = self.asked(lambda: self.tool("ls", "-l", self.at("ask")))
        # The kernel asks for a few of them on its own, before and after; and again for those that
        # ls comes to after a second only.
        self.assertLess(asked["HeadObject"], 2 * self.COUNT - 60, asked)
        self.assertLess(asked["ListObjectsV2"], self.COUNT - 60, asked)

    def test_attributes_with_names_are_those_that_stat_gives(self):
        names = self.seed("same", 40, recorded=True)
        self.bed.put("same/plain", b"12345")
        self.bed.put("same/sub/x", b"12345")
        self.bed.put("same/damaged", b"1", {"x-amz-key-v2": "?"})
        fd = os.open(self.at("same/being-written"), os.O_WRONLY | os.O_CREAT)
        os.write(fd, b"1234567")
        with os.scandir(self.at("same")) as entries:
            found = {e.name: (e.is_dir(), e.stat().st_size) for e in entries}
        os.close(fd)
        expected = {name: (False, 100) for name in names}
        expected.update({"plain": (False, 5), "being-written": (False, 7), "damaged": (False, 1)})
        self.assertTrue(found.pop("sub")[0])
        self.assertEqual(found, expected)


if __name__ == "__main__":
    unittest.main()
