#!/usr/bin/python3
"""Every format on real mounts: lengths and ways of writing, limits, tampering, what may be read.

What is written is opened by the independent reader, and read back through a mount that knows
nothing of it.
"""

import base64
import collections
import errno
import hashlib
import json
import os
import unittest

import e2e
from e2e import KIB, MIB, content, read, write

FORMATS = ("rds", "rds-v1", "gcm", "commit")
WITH_TAG = ("gcm", "commit")
PART, HOLD = 128 * KIB, 300 * KIB
SMALL_PARTS = ("--part-min", "64KiB", "--part-size", str(PART), "--hold-size", str(HOLD))
GCM_MAX = (1 << 36) - 32  # bytes that one key and IV may encrypt


class FormatTest(e2e.BedTest):
    """Servers that take parts of 64 KiB; mounts of a test's own."""

    BED = {"store": "script", "script_args": ("--min-part", str(64 * KIB))}

    def setUp(self):
        self.addCleanup(self.bed.kms.control, reset=True)

    def mount(self, *options):
        path = self.bed.mount(["--log-level", "info", *SMALL_PARTS, *options])
        mount = self.bed.find_mount(path)
        self.addCleanup(lambda: mount in self.bed.mounts and self.bed.drop_mount(mount))
        return path

    def name(self, suffix=""):
        return f"{type(self).__name__}-{self._testMethodName}{suffix}"

    def told(self, mnt, words, mark=0):
        """The last line of the log that names the file has all words."""
        lines = [line for line in self.bed.mount_log(mnt)[mark:].splitlines()
                 if self.name() in line]
        self.assertTrue(lines)
        for word in words:
            self.assertIn(word, lines[-1])

    def decrypt_calls(self):
        return sum(call["action"] == "Decrypt" for call in self.bed.kms.report()["log"])

    def verb(self, *arguments, status=0):
        done = self.bed.run([*arguments, *self.bed.server_args()])
        self.assertEqual(done.returncode, status, done.stderr)
        return done


# ---- content ----

# pylint: disable=no-member  # of the test case that it is mixed into
class Bytes:
    """Mixed into one class for each format, so that each has a mount and a name."""

    FORMAT = None

    def setUp(self):
        super().setUp()
        self.mnt = self.mount("--format", self.FORMAT)
        self.written = {}

    def path(self, suffix=""):
        return os.path.join(self.mnt, self.name(suffix))

    def holds(self, suffix, data):
        # An empty file is made by the release, after close() has returned.
        e2e.eventually(lambda: data or self.bed.head(self.name(suffix)).status == 200)
        self.check_object(self.name(suffix), data)
        self.written[self.name(suffix)] = data

    def tearDown(self):
        """All that was written, through a mount that knows nothing of it."""
        self.assertEqual(self.bed.umount(self.mnt), 0)
        fresh = self.mount("--format", self.FORMAT, "--read-only")
        for name, data in self.written.items():
            path = os.path.join(fresh, name)
            shown = os.stat(path).st_size
            if self.FORMAT in WITH_TAG:
                self.assertEqual(shown, len(data), name)
            else:  # without the recorded length of a single PUT
                self.assertIn(shown, (len(data), len(data) // 16 * 16), name)
            self.same(read(path), data, name)
            self.assertEqual(os.stat(path).st_size, len(data))
        self.assertEqual(self.bed.umount(fresh), 0)

    def lengths(self):
        borders = [0, 16, 32, PART, 2 * PART, HOLD, HOLD // 16 * 16, 5 * PART]
        return sorted({n for border in borders for n in (border - 1, border, border + 1) if n >= 0})

    def test_lengths(self):
        for size in self.lengths():
            write(self.path(f"-{size}"), content(size))
            self.holds(f"-{size}", content(size))

    def test_lengths_that_are_synced_first(self):
        for size in self.lengths():
            fd = os.open(self.path(f"-{size}"), os.O_WRONLY | os.O_CREAT)
            e2e.write_all(fd, content(size)[:size // 2])
            os.fsync(fd)
            if size > 1:
                self.same(self.bed.decrypt(self.name(f"-{size}")), content(size)[:size // 2])
            e2e.write_all(fd, content(size)[size // 2:])
            os.close(fd)
            self.holds(f"-{size}", content(size))

    def test_appended(self):
        for size in (0, 1, 16, 17, 64 * KIB - 1, 64 * KIB, PART + 5, HOLD, 5 * PART + 3):
            data = content(size)
            write(self.path(f"-{size}"), data)
            for number, more in enumerate((1, 15, 16, 64 * KIB, PART + 1)):
                write(self.path(f"-{size}"), content(more, number), os.O_WRONLY | os.O_APPEND)
                data += content(more, number)
                self.check_object(self.name(f"-{size}"), data)
            self.holds(f"-{size}", data)

    def test_rewritten_in_the_middle(self):
        for size in (17, PART, HOLD + 1, 5 * PART + 3):
            data = bytearray(content(size))
            write(self.path(f"-{size}"), data)
            for number, at in enumerate((0, size // 2, size - 5)):
                fd = os.open(self.path(f"-{size}"), os.O_RDWR)
                os.pwrite(fd, content(5, number), at)
                data[at:at + 5] = content(5, number)
                os.close(fd)
                self.check_object(self.name(f"-{size}"), data)
            self.holds(f"-{size}", bytes(data))

    def test_truncated_down_and_up(self):
        for size in (33, PART + 1, 5 * PART + 3):
            for cut in (0, 1, 16, size - 1, size + 1, size + PART):
                suffix = f"-{size}-{cut}"
                write(self.path(suffix), content(size))
                os.truncate(self.path(suffix), cut)
                self.holds(suffix, content(size)[:cut] + bytes(max(0, cut - size)))
            fd = os.open(self.path(f"-{size}"), os.O_RDWR | os.O_CREAT)
            e2e.write_all(fd, content(size))
            os.fsync(fd)  # without a spool, what is on its way cannot be cut
            os.ftruncate(fd, 20)
            os.ftruncate(fd, size)
            os.close(fd)
            self.holds(f"-{size}", content(size)[:20] + bytes(size - 20))

    def test_sparse(self):
        for size in (100, HOLD + 1, 5 * PART):
            fd = os.open(self.path(f"-{size}"), os.O_WRONLY | os.O_CREAT)
            os.pwrite(fd, b"begin", 0)
            os.pwrite(fd, b"end", size)
            os.close(fd)
            self.holds(f"-{size}", b"begin" + bytes(size - 5) + b"end")

    def test_renamed(self):
        for size in (0, 17, 5 * PART + 3):
            write(self.path(f"-{size}-before"), content(size))
            os.rename(self.path(f"-{size}-before"), self.path(f"-{size}"))
            self.holds(f"-{size}", content(size))
            self.assertEqual(self.bed.head(self.name(f"-{size}-before")).status, 404)

    def test_replaced_and_put(self):
        write(self.path(), content(5 * PART))
        write(self.path(), b"shorter")
        self.holds("", b"shorter")
        source = self.source("put", content(3 * MIB + 1))
        self.verb("put", source, self.bed.url(self.name("-put")), "--format", self.FORMAT)
        self.holds("-put", content(3 * MIB + 1))
        done = self.verb("cat", self.bed.url(self.name("-put")), "--read-formats", self.FORMAT)
        self.same(done.stdout, content(3 * MIB + 1))

    def test_looking_takes_no_key(self):
        sizes = {f"-{size}": size for size in (0, 1, 17, 5 * PART + 3)}
        for suffix, size in sizes.items():
            write(self.path(suffix), content(size))
        fresh = self.mount("--format", self.FORMAT)
        before = self.decrypt_calls()
        shown = self.tool("ls", "-l", fresh).decode()
        for suffix, size in sizes.items():
            # A single PUT records its length; by parts only the block is known.
            known = size if self.FORMAT in WITH_TAG or size <= PART else size // 16 * 16
            self.assertEqual(os.stat(os.path.join(fresh, self.name(suffix))).st_size, known)
            self.assertRegex(shown, rf" {known} .* {self.name(suffix)}\n")
        self.assertEqual(self.decrypt_calls(), before)
        self.assertEqual(self.bed.umount(fresh), 0)

    def test_beyond_file_size_max_is_enospc(self):
        limit = HOLD + 5
        mnt = self.mount("--format", self.FORMAT, "--file-size-max", str(limit))
        path = os.path.join(mnt, self.name())
        words = [f"format {self.FORMAT}", f"--file-size-max {limit}", "raise it", "several files"]
        write(path, content(limit))
        self.holds("", content(limit))
        fd = os.open(path, os.O_RDWR)
        for call in (os.ftruncate, lambda fd, size: os.posix_fallocate(fd, 0, size),
                     lambda fd, size: e2e.fallocate(fd, 1, 0, size)):  # KEEP_SIZE
            mark = len(self.bed.mount_log(mnt))
            self.fails(errno.ENOSPC, call, fd, limit + 1)
            self.told(mnt, [f"{limit + 1} bytes", *words], mark)
        os.pwrite(fd, b"it goes on", 0)
        os.close(fd)
        self.holds("", b"it goes on" + content(limit)[10:])
        fd = os.open(path, os.O_WRONLY)
        self.fails(errno.ENOSPC, os.pwrite, fd, b"xx", limit - 1)
        self.told(mnt, [f"{limit + 1} bytes", *words])
        self.fails(errno.ENOSPC, os.pwrite, fd, b"x", 0)  # for good
        self.fails(errno.ENOSPC, os.close, fd)
        self.holds("", b"it goes on" + content(limit)[10:])
        self.assertEqual(self.bed.umount(mnt), 0)

    def test_the_limit_of_the_format(self):
        mnt = self.mount("--format", self.FORMAT, "--memory-limit", "512MiB")
        fd = os.open(os.path.join(mnt, self.name()), os.O_RDWR | os.O_CREAT)
        os.ftruncate(fd, GCM_MAX)  # a hint: parts that large are possible
        self.assertEqual(os.fstat(fd).st_size, GCM_MAX)
        if self.FORMAT in WITH_TAG:
            for call in (os.ftruncate, lambda fd, size: os.posix_fallocate(fd, 0, size)):
                mark = len(self.bed.mount_log(mnt))
                self.fails(errno.ENOSPC, call, fd, GCM_MAX + 1)
                self.told(mnt, [f"format {self.FORMAT}", str(GCM_MAX), "several files",
                                "--format rds"], mark)
            self.assertEqual(os.fstat(fd).st_size, GCM_MAX)
        else:
            os.ftruncate(fd, GCM_MAX + 1)
        os.write(fd, b"data")
        os.ftruncate(fd, 4)
        os.close(fd)
        self.holds("", b"data")
        self.assertEqual(self.bed.umount(mnt), 0)


class Rds(Bytes, FormatTest):
    FORMAT = "rds"


class RdsV1(Bytes, FormatTest):
    FORMAT = "rds-v1"


class Gcm(Bytes, FormatTest):
    FORMAT = "gcm"


class Commit(Bytes, FormatTest):
    FORMAT = "commit"


# ---- tampering ----

REFUSED = "the content does not decrypt"

class Tampered(FormatTest):
    SIZES = (1000, 20 * MIB + 5)  # read at once, and by spans that are read ahead

    def spoilt(self, form, size, flip):
        """Writes an object and flips a bit of its ciphertext: its name."""
        name = self.name(f"-{form}-{size}-{flip}")
        mnt = self.mount("--format", form)
        write(os.path.join(mnt, name), content(size))
        self.assertEqual(self.bed.umount(mnt), 0)
        metadata, body = self.bed.metadata(name), bytearray(self.bed.get(name))
        body[flip] ^= 4
        self.bed.put(name, bytes(body), metadata)
        return name

    def each(self, formats):
        for form in formats:
            for size in self.SIZES:
                for flip in (0, size // 2, -1):
                    yield form, size, flip

    def test_a_copy_of_a_changed_object_fails(self):
        for form, size, flip in self.each(WITH_TAG):
            name = self.spoilt(form, size, flip)
            mnt = self.mount("--format", form)
            path = os.path.join(mnt, name)
            self.assertIn(b"Input/output error",
                          self.tool("cp", path, self.bed.path("copy"), status=1))
            self.told(mnt, [REFUSED if size < MIB else "authentication tag does not fit"])
            self.fails(errno.EIO, read, path)
            self.assertEqual(self.bed.umount(mnt), 0)

    def test_a_range_of_a_changed_object_is_read_unproved(self):
        for form in WITH_TAG:
            size = self.SIZES[1]
            name = self.spoilt(form, size, size // 2)
            mnt = self.mount("--format", form)
            fd = os.open(os.path.join(mnt, name), os.O_RDONLY)
            self.same(os.pread(fd, 1000, 4 * MIB), content(size)[4 * MIB:4 * MIB + 1000])
            changed = bytearray(content(size)[size // 2:size // 2 + 10])
            changed[0] ^= 4  # a stream cipher: the very bit
            self.assertEqual(os.pread(fd, 10, size // 2), bytes(changed))
            os.close(fd)
            self.assertEqual(self.bed.umount(mnt), 0)

    def test_what_others_have_read_does_not_hide_it(self):
        """Their pages are in the kernel, and a copy that took them would not be proved."""
        size = self.SIZES[1]
        for form in WITH_TAG:
            name = self.spoilt(form, size, size // 2)
            mnt = self.mount("--format", form)
            path = os.path.join(mnt, name)
            for keep_open in (False, True):
                fd = os.open(path, os.O_RDONLY)
                os.pread(fd, MIB, size // 2 - 1000)
                if not keep_open:
                    os.close(fd)
                self.fails(errno.EIO, read, path)
                self.tool("cp", path, self.bed.path("copy"), status=1)
            os.close(fd)
            self.assertEqual(self.bed.umount(mnt), 0)

    def test_what_is_proved_is_read_again_from_memory(self):
        name, size = self.name(), 3 * MIB + 5
        mnt = self.mount("--format", "gcm")
        write(os.path.join(mnt, name), content(size))
        self.same(read(os.path.join(mnt, name)), content(size))

        def gets():
            return sum(call["op"] == "GetObject" for call in self.bed.s3.report()["log"])

        # close() has returned before the mount hears of it.
        def comes_from_memory():
            before = gets()
            self.same(read(os.path.join(mnt, name)), content(size))
            return gets() == before
        self.assertTrue(e2e.eventually(comes_from_memory))
        self.assertEqual(self.bed.umount(mnt), 0)

    def test_get_of_a_changed_object_leaves_no_file(self):
        for form, size, flip in self.each(WITH_TAG):
            name = self.spoilt(form, size, flip)
            back = self.bed.path("back")
            done = self.verb("get", self.bed.url(name), back, status=1)
            why = REFUSED if size < MIB else "authentication tag does not fit"
            self.assertRegex(done.stderr.decode(), f"^rdsbak: {name}: [^\n]*{why}[^\n]*\n$")
            self.assertEqual([n for n in os.listdir(self.bed.directory) if "back" in n], [])

    def test_verified_before_reading_the_open_fails(self):
        for form, size, flip in self.each(WITH_TAG):
            name = self.spoilt(form, size, flip)
            mnt = self.mount("--format", form, "--verify-before-read", "64MiB")
            self.fails(errno.EIO, os.open, os.path.join(mnt, name), os.O_RDONLY)
            self.told(mnt, [REFUSED])
            self.fails(errno.EIO, os.open, os.path.join(mnt, name), os.O_RDWR)
            # Another is as it should be.
            write(os.path.join(mnt, name + "-good"), content(size))
            self.same(read(os.path.join(mnt, name + "-good")), content(size))
            self.assertEqual(self.bed.umount(mnt), 0)

    def test_larger_than_verify_before_read_is_proved_by_the_last_read(self):
        name = self.spoilt("gcm", self.SIZES[1], -1)
        mnt = self.mount("--format", "gcm", "--verify-before-read", "1MiB")
        with open(os.path.join(mnt, name), "rb") as file:
            self.assertEqual(len(file.read(1000)), 1000)
            self.fails(errno.EIO, file.read)
        self.assertEqual(self.bed.umount(mnt), 0)

    def test_an_object_cut_at_a_block_is_noticed(self):
        for form in WITH_TAG:
            name = self.spoilt(form, 1000, 0)
            body = self.bed.get(name)
            self.bed.put(name, body[:-16], self.bed.metadata(name))
            mnt = self.mount("--format", form)
            self.fails(errno.EIO, read, os.path.join(mnt, name))

    def test_another_commitment_is_refused_at_open(self):
        name = self.spoilt("commit", 1000, 0)
        metadata = self.bed.metadata(name)
        other = "A" if metadata["x-amz-d"][0] != "A" else "B"
        self.bed.put(name, self.bed.get(name),
                     {**metadata, "x-amz-d": other + metadata["x-amz-d"][1:]})
        mnt = self.mount("--format", "commit")
        self.fails(errno.EIO, os.open, os.path.join(mnt, name), os.O_RDONLY)
        self.told(mnt, ["commitment"])

    def test_cbc_does_not_notice_a_flipped_bit(self):
        """What SECURITY.md says of it: a block of noise, and the very bit in the next one."""
        for form in ("rds", "rds-v1"):
            size, flip = 1000, 320
            name = self.spoilt(form, size, flip)
            mnt = self.mount("--format", form, "--verify-before-read", "64MiB")
            found, expected = read(os.path.join(mnt, name)), bytearray(content(size))
            expected[flip + 16] ^= 4
            self.assertNotEqual(found[flip:flip + 16], expected[flip:flip + 16])
            expected[flip:flip + 16] = found[flip:flip + 16]
            self.same(found, bytes(expected))
            self.assertEqual(self.bed.umount(mnt), 0)


class Swapped(FormatTest):
    """Who can write the bucket puts together what does not belong together."""

    def made(self, form, letter, size=50 * KIB + 3):
        """Writes an object: its name and content."""
        name = self.name(f"-{form}-{letter}")
        data = content(size, f"{form}{letter}")
        mnt = self.mount("--format", form)
        write(os.path.join(mnt, name), data)
        self.assertEqual(self.bed.umount(mnt), 0)
        return name, data

    def put_together(self, name, body_of, envelope_of, changes=()):
        metadata = {k: v for k, v in {**self.bed.metadata(envelope_of), **dict(changes)}.items()
                    if v is not None}
        body = self.bed.get(body_of)
        self.bed.put(name, body, metadata)

    def refused(self, form, name, numbers=(errno.EIO,)):
        mnt = self.mount("--format", form, "--read-formats", "all")
        with self.assertRaises(OSError) as caught:
            read(os.path.join(mnt, name))
        self.assertIn(caught.exception.errno, numbers)
        done = self.bed.run(["get", self.bed.url(name), self.bed.path("got"), "--read-formats",
                             "all", *self.bed.server_args()])
        self.assertEqual(done.returncode, 1)
        self.assertFalse(os.path.exists(self.bed.path("got")))
        self.assertEqual(self.bed.umount(mnt), 0)

    def test_bytes_of_one_object_under_the_envelope_of_another_are_refused(self):
        """And the other way round, which is the same."""
        for form in WITH_TAG:
            (a, _), (b, _) = self.made(form, "a"), self.made(form, "b")
            self.put_together(self.name("-mixed"), a, b)
            self.refused(form, self.name("-mixed"))

    def test_cbc_under_the_envelope_of_another_object_is_neither_of_both(self):
        """What CBC cannot refuse is noise: the padding fits once in some 256 times."""
        for form in ("rds", "rds-v1"):
            (a, data_a), (b, data_b) = self.made(form, "a"), self.made(form, "b")
            self.put_together(self.name("-mixed"), a, b)
            mnt = self.mount("--format", form)
            try:
                found = read(os.path.join(mnt, self.name("-mixed")))
            except OSError as error:
                self.assertEqual(error.errno, errno.EIO)
                found = b""
            for data in (data_a, data_b):
                self.assertNotIn(data[:16], found)
                self.assertNotIn(data[4096:4112], found)

    def test_bytes_under_the_envelope_of_another_format_are_refused(self):
        made = {form: self.made(form, "x")[0] for form in FORMATS}
        for body in FORMATS:
            for envelope in WITH_TAG:
                if body != envelope:
                    self.put_together(self.name("-mixed"), made[body], made[envelope])
                    self.refused(envelope, self.name("-mixed"))

    def test_an_envelope_made_weaker_is_refused(self):
        """KMS binds the cipher's name to the key: content with a tag is not read as CBC, nor is
        the wrapping said to be another one."""
        name, _ = self.made("gcm", "x")
        denied = (errno.EIO, errno.EACCES)
        for changes in ({"x-amz-cek-alg": "AES/CBC/PKCS5Padding"}, {"x-amz-wrap-alg": "kms"},
                        {"x-amz-cek-alg": "AES/CBC/PKCS5Padding", "x-amz-wrap-alg": "kms"},
                        {"x-amz-tag-len": None}, {"x-amz-tag-len": "0"},
                        {"x-amz-tag-len": "32"}):
            self.put_together(self.name("-weaker"), name, name, changes)
            self.refused("gcm", self.name("-weaker"), denied)
        name, _ = self.made("commit", "y")
        for changes in ({"x-amz-c": "02"}, {"x-amz-d": None}, {"x-amz-i": None},
                        {"x-amz-t": "{}"}):
            self.put_together(self.name("-weaker"), name, name, changes)
            self.refused("commit", self.name("-weaker"), denied)

    def test_a_whole_object_in_the_place_of_another_is_read_as_what_it_is(self):
        """What no format can refuse, as SECURITY.md says: no envelope names its object."""
        for form in FORMATS:
            (a, data), (b, _) = self.made(form, "a"), self.made(form, "b")
            self.put_together(b, a, a)
            mnt = self.mount("--format", form)
            self.same(read(os.path.join(mnt, b)), data)

    def test_an_encryption_context_keeps_objects_of_other_contexts_out(self):
        """What narrows that: an object of another database is not read in this one's place."""
        for form in WITH_TAG:
            name = self.name(f"-{form}")
            mnt = self.mount("--format", form, "--encryption-context", "db=payroll")
            write(os.path.join(mnt, name), content(KIB))
            self.assertEqual(self.bed.umount(mnt), 0)
            mnt = self.mount("--format", form, "--encryption-context", "db=sales")
            with self.assertRaises(OSError) as caught:
                read(os.path.join(mnt, name))
            self.assertIn(caught.exception.errno, (errno.EIO, errno.EACCES))


# ---- what is read ----

# By a mount that writes the one, of what is not asked for by name.
READ = {"rds": {"rds", "gcm", "commit"}, "rds-v1": set(FORMATS), "gcm": {"gcm", "commit"},
        "commit": {"commit"}}


class Policy(FormatTest):
    def objects(self):
        for form in FORMATS:
            mnt = self.mount("--format", form)
            write(os.path.join(mnt, self.name(f"-{form}")), content(1000))
            self.assertEqual(self.bed.umount(mnt), 0)

    def test_a_mount_reads_what_is_no_weaker_than_what_it_writes(self):
        self.objects()
        for own, allowed in READ.items():
            mnt = self.mount("--format", own)
            for form in FORMATS:
                path = os.path.join(mnt, self.name(f"-{form}"))
                if form in allowed:
                    self.same(read(path), content(1000))
                    continue
                before = self.decrypt_calls()
                mark = len(self.bed.mount_log(mnt))
                self.fails(errno.EACCES, read, path)
                self.told(mnt, [f"format {form}", f"add {form} to --read-formats"], mark)
                self.fails(errno.EACCES, os.open, path, os.O_RDWR)
                self.assertEqual(self.decrypt_calls(), before)  # the key is not even asked for
                self.assertGreater(os.stat(path).st_size, 0)
            self.assertEqual(self.bed.umount(mnt), 0)

    def test_read_formats_says_all_that_is_read(self):
        self.objects()
        mnt = self.mount("--format", "gcm", "--read-formats", "gcm,rds")
        for form in FORMATS:
            path = os.path.join(mnt, self.name(f"-{form}"))
            if form in ("gcm", "rds"):
                self.same(read(path), content(1000))
            else:
                self.fails(errno.EACCES, read, path)
        os.unlink(os.path.join(mnt, self.name("-commit")))
        self.assertEqual(self.bed.umount(mnt), 0)
        done = self.bed.run(["cat", self.bed.url(self.name("-rds")), "--read-formats", "zip",
                             *self.bed.server_args()])
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"there is no format 'zip'", done.stderr)

    def test_an_object_of_another_format_becomes_one_of_the_mounts_when_it_is_changed(self):
        self.objects()
        mnt = self.mount("--format", "commit", "--read-formats", "all")
        for form in FORMATS:
            path = os.path.join(mnt, self.name(f"-{form}"))
            write(path, b"more", os.O_WRONLY | os.O_APPEND)
            self.check_object(self.name(f"-{form}"), content(1000) + b"more")
            self.assertIn("x-amz-3", self.bed.metadata(self.name(f"-{form}")))
        self.assertEqual(self.bed.umount(mnt), 0)

    def test_encryption_context(self):
        for form in WITH_TAG:
            name = self.name(f"-{form}")
            given = ("--encryption-context", "team=billing", "--encryption-context", "db=a b")
            mnt = self.mount("--format", form, *given)
            write(os.path.join(mnt, name), content(1000))
            self.same(read(os.path.join(mnt, name)), content(1000))
            self.assertEqual(self.bed.umount(mnt), 0)
            self.check_object(name, content(1000))
            kept = self.bed.metadata(name)["x-amz-t" if form == "commit" else "x-amz-matdesc"]
            self.assertEqual(json.loads(kept), {
                "team": "billing", "db": "a b", "aws:x-amz-cek-alg":
                "115" if form == "commit" else "AES/GCM/NoPadding"})
            for wrong in ((), given[:2], (*given[:2], "--encryption-context", "db=a"),
                          (*given, "--encryption-context", "more=x")):
                mnt = self.mount("--format", form, *wrong)
                self.fails(errno.EACCES, read, os.path.join(mnt, name))
                self.told(mnt, ["--encryption-context"])
                self.assertNotIn("billing", self.bed.mount_log(mnt))
                self.assertEqual(self.bed.umount(mnt), 0)
            mnt = self.mount("--format", form, *given)
            self.same(read(os.path.join(mnt, name)), content(1000))
            self.assertEqual(self.bed.umount(mnt), 0)

    def test_encryption_context_is_refused_where_objects_have_none(self):
        for form in ("rds", "rds-v1"):
            done = self.bed.run(["mount", self.bed.url(), self.bed.directory, "--foreground",
                                 "--format", form, "--encryption-context", "a=b",
                                 *self.bed.server_args()])
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(b"--encryption-context", done.stderr)
            self.assertIn(b"--format gcm", done.stderr)


# ---- objects of others ----

DATA = os.path.join(e2e.testbed.ROOT, "tests", "data")
KEY_ID = "00000000-1111-2222-3333-444444444444"
Vectors = collections.namedtuple("Vectors", "aes rsa arn cases")


def load_vectors():
    first, more = (json.loads(read(os.path.join(DATA, name)))
                   for name in ("s3ec-vectors.json", "s3ec-more.json"))
    return Vectors(bytes.fromhex(first["aes_wrapping_key_hex"]),
                   os.path.join(DATA, more["rsa_key_file"]), first["kms_arn"],
                   first["cases"] + more["cases"])


class Foreign(FormatTest):
    """The vectors, planted as their writers would have left them."""

    # A bed of its own: its key's id is the vectors'.
    BED = {**FormatTest.BED, "kms_args": ("--region", "us-east-1")}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vectors = load_vectors()
        if cls.bed.key_arn != cls.vectors.arn:
            cls.bed.key_arn = cls.bed.create_key(KeyId=KEY_ID)
        for case in cls.vectors.cases:
            cls.plant(case)

    @classmethod
    def plant(cls, case):
        if "ciphertext_hex" in case:
            cls.bed.put(case["name"], bytes.fromhex(case["ciphertext_hex"]), case["metadata"])
        if "instruction" in case:
            text = case["instruction"]
            text = text if isinstance(text, str) else json.dumps(text)
            cls.bed.put(case["name"] + ".instruction", text.encode(),
                        {"x-amz-crypto-instr-file": ""})
        fields = {**case["metadata"], **cls.instruction_of(case)}
        wrapped = next(fields[n] for n in ("x-amz-key-v2", "x-amz-key", "x-amz-3") if n in fields)
        if cls.is_kms(case):
            key = base64.b64encode(bytes.fromhex(case["data_key_hex"])).decode()
            cls.bed.kms.control(import_blob={
                "CiphertextBlob": wrapped, "Plaintext": key, "KeyId": KEY_ID,
                "EncryptionContext": cls.context_of(case, fields)})

    @staticmethod
    def instruction_of(case):
        text = case.get("instruction", {})
        return json.loads(text) if isinstance(text, str) else text

    @staticmethod
    def is_kms(case):
        return "-kms" in case["name"]

    @classmethod
    def is_raw(cls, case):
        return not cls.is_kms(case) and not cls.is_pkcs1(case)

    @staticmethod
    def is_pkcs1(case):
        """Never read: its padding errors would decrypt for an attacker."""
        return case["name"].startswith("v1-rsa")

    @staticmethod
    def context_of(case, fields):
        if "kms_encryption_context" in case:
            return case["kms_encryption_context"]
        return json.loads(fields.get("x-amz-matdesc") or fields.get("x-amz-t") or "{}")

    def cases(self, wanted):
        found = [case for case in self.vectors.cases if wanted(case) and "ciphertext_hex" in case]
        self.assertGreater(len(found), 5)
        return found

    def key_file(self):
        path = self.bed.path("aes.key")
        if not os.path.exists(path):
            with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(self.vectors.aes)
        return path

    def raw_keys(self):
        return ("--key-file", self.key_file(), "--key-file", self.vectors.rsa)

    def reads(self, mnt, case):
        found = read(os.path.join(mnt, case["name"]))
        self.assertEqual((case["name"], hashlib.sha256(found).hexdigest()),
                         (case["name"], case["plaintext_sha256"]))

    def user_context(self, case):
        return {name: value for name, value in case.get("kms_encryption_context", {}).items()
                if name not in ("aws:x-amz-cek-alg", "kms_cmk_id")}

    def test_every_vector_is_read_with_all_keys_and_formats(self):
        mnt = self.mount("--read-formats", "all", *self.raw_keys())
        for case in self.cases(lambda case: not self.user_context(case)):
            if self.is_pkcs1(case):
                self.fails(errno.EACCES, read, os.path.join(mnt, case["name"]))
            else:
                self.reads(mnt, case)
        self.assertIn("RSA PKCS#1 v1.5", self.bed.mount_log(mnt))
        self.assertEqual(self.bed.umount(mnt), 0)

    def test_vectors_with_a_context_are_read_with_that_context(self):
        cases = self.cases(self.user_context)
        given = [word for name, value in self.user_context(cases[0]).items()
                 for word in ("--encryption-context", f"{name}={value}")]
        mnt = self.mount("--format", "gcm", "--read-formats", "all", *given)
        without = self.mount("--read-formats", "all")
        for case in cases:
            self.reads(mnt, case)
            self.fails(errno.EACCES, read, os.path.join(without, case["name"]))
        for path in (mnt, without):
            self.assertEqual(self.bed.umount(path), 0)

    def test_raw_keys_are_not_tried_unless_given(self):
        mnt = self.mount("--read-formats", "all")
        mark = 0
        for case in self.cases(self.is_raw):
            self.fails(errno.EACCES, read, os.path.join(mnt, case["name"]))
            log = self.bed.mount_log(mnt)
            self.assertIn("--key-file", log[mark:])
            mark = len(log)
        self.assertEqual(self.bed.umount(mnt), 0)

    def test_one_raw_key_does_not_open_what_is_under_the_other(self):
        aes = self.mount("--read-formats", "all", "--key-file", self.key_file())
        rsa = self.mount("--read-formats", "all", "--key-file", self.vectors.rsa)
        for case in self.cases(self.is_raw):
            right, wrong = (rsa, aes) if "-rsa" in case["name"] else (aes, rsa)
            self.reads(right, case)
            self.fails(errno.EACCES, read, os.path.join(wrong, case["name"]))
        for path in (aes, rsa):
            self.assertEqual(self.bed.umount(path), 0)

    def test_instruction_files_are_not_looked_at_unless_asked_for(self):
        mnt = self.mount(*self.raw_keys())
        for case in self.cases(lambda case: "instruction" in case):
            self.fails(errno.EACCES, read, os.path.join(mnt, case["name"]))
        self.assertEqual(self.bed.umount(mnt), 0)

    def test_an_instruction_file_that_is_gone_is_told(self):
        case = self.cases(lambda case: case["name"].startswith("v3-kmsctx-kc-instr"))[1]
        name = self.name()
        self.bed.put(name, bytes.fromhex(case["ciphertext_hex"]), case["metadata"])
        mnt = self.mount("--read-formats", "all")
        self.fails(errno.EIO, read, os.path.join(mnt, name))
        self.told(mnt, ["instruction file is missing"])
        self.assertEqual(self.bed.umount(mnt), 0)


if __name__ == "__main__":
    unittest.main()
