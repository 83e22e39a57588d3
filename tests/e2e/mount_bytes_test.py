#!/usr/bin/python3
"""Every byte that a name may hold, on a mount over a real S3 server and over the scripted one."""

import os
import unittest

import e2e
from e2e import MIB, content, read, write


class EveryByte:
    """Each byte that UTF-8 and POSIX know in a name, also what XML has no way to write."""

    # Every first and every following byte of UTF-8's longer forms.
    LONGER = "".join(map(chr, [*range(0x80, 0xc0), *range(0xc0, 0x800, 0x40), 0x800,
                               *range(0x1000, 0x10000, 0x1000), 0x10000, 0x40000, 0x80000,
                               0xc0000, 0x10ffff]))

    def names(self):
        alone = [*map(chr, range(1, 0x21)), "\x7f", "+", "%", "&", "\"", "'", "\\", "?", "#"]
        ascii_left = bytes(range(1, 0x2f)).decode(), bytes(range(0x30, 0x80)).decode()
        longer = [self.LONGER[i:i + 60] for i in range(0, len(self.LONGER), 60)]
        return [*alone, *ascii_left, *longer, "\ufffe\uffff", "\ufdd0", "%01", "&#x1;", "%2F"]

    def test_files_with_every_byte(self):
        names = self.names()
        os.mkdir(self.at("bytes"))
        for name in names:
            write(self.at("bytes", name), name.encode())
        self.assertEqual(sorted(os.listdir(self.at("bytes"))), sorted(names))
        for name in names:
            self.assertEqual(read(self.at("bytes", name)), name.encode())
            self.assertEqual(os.stat(self.at("bytes", name)).st_size, len(name.encode()))
        self.assertEqual(sorted(self.bed.list("bytes/")), sorted("bytes/" + n for n in names))
        os.rename(self.at("bytes"), self.at("moved"))
        self.assertEqual(sorted(os.listdir(self.at("moved"))), sorted(names))
        self.tool("rm", "-r", self.at("moved"))
        self.assertEqual(self.bed.list("moved"), {})

    def test_directories_with_every_byte(self):
        for name in ("".join(chr(c) for c in range(1, 0x20)), "\x7f\ufffe", " \t\r\n ", "\x01"):
            top, other = self.at("bytedirs", name), "\x02" + name[:80]
            os.makedirs(os.path.join(top, name))
            write(os.path.join(top, name, name), b"x")
            self.assertEqual(os.listdir(top), [name])
            os.rename(os.path.join(top, name, name), os.path.join(top, other))
            self.assertEqual(sorted(os.listdir(top)), sorted([name, other]))

    def test_upload_by_parts_of_a_name_with_control_characters(self):
        data = content(9 * MIB)
        write(self.at("by\x01parts\x1f"), data)
        self.same(read(self.at("by\x01parts\x1f")), data)
        self.same(self.bed.decrypt("by\x01parts\x1f"), data)

    def test_pages_that_end_at_control_characters(self):
        names = [f"\x01\r\x7f+%{n:04}" for n in range(1010)]
        for name in names:
            self.bed.put("pages/" + name, b"")
        self.assertEqual(sorted(os.listdir(self.at("pages"))), names)


class EveryByteOnRgw(EveryByte, e2e.MountTest):
    pass


class EveryByteOnTheScriptedServer(EveryByte, e2e.MountTest):
    BED = {"store": "script"}


if __name__ == "__main__":
    unittest.main()
