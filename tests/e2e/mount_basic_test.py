#!/usr/bin/python3
"""What programs do with files on a mount, on a real S3 server: contents, sizes, attributes."""

import base64
import errno
import json
import mmap
import os
import stat
import unittest

import e2e
from e2e import KIB, MIB, content, read, write

FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE = 1, 2


class Copying(e2e.MountTest):
    def test_cp_stores_what_it_copied(self):
        data = content(3 * MIB + 11)
        self.tool("cp", self.source("cp", data), self.at("cp.bak"))
        self.same(read(self.at("cp.bak")), data)
        self.check_object("cp.bak", data)

    def test_cp_p_keeps_the_mtime(self):
        data = content(100)
        path = self.source("cp-p", data)
        os.utime(path, (1600000000, 1600000000))
        self.tool("cp", "-p", path, self.at("cp-p.bak"))
        self.assertEqual(os.stat(self.at("cp-p.bak")).st_mtime, 1600000000)
        self.check_object("cp-p.bak", data)

    def test_cp_of_a_sparse_file_keeps_its_zeros(self):
        path = self.source("sparse", b"begin")
        with open(path, "r+b") as file:
            file.seek(2 * MIB)
            file.write(content(5000))
            file.truncate(4 * MIB + 3)
        self.tool("cp", "--sparse=always", path, self.at("sparse.bak"))
        self.same(read(self.at("sparse.bak")), read(path))
        self.check_object("sparse.bak", read(path))

    def test_dd_with_direct_io_of_an_odd_size(self):
        data = content(5 * MIB + 4099)
        path = self.source("dd", data)
        self.tool("dd", f"if={path}", f"of={self.at('dd.bak')}", "bs=1M", "oflag=direct",
                  "conv=fsync", "status=none")
        self.assertEqual(os.stat(self.at("dd.bak")).st_size, len(data))
        back = self.tool("dd", f"if={self.at('dd.bak')}", "bs=1M", "iflag=direct", "status=none")
        self.same(back, data)
        self.check_object("dd.bak", data)

    def test_dd_of_many_parts(self):
        data = content(70 * MIB + 1)
        self.tool("dd", f"if={self.source('big', data)}", f"of={self.at('big.bak')}", "bs=1M",
                  "oflag=direct", "status=none")
        self.same(read(self.at("big.bak")), data)
        self.check_object("big.bak", data)
        self.assertRegex(self.bed.head("big.bak").headers["etag"], r"-\d+\"?$")
        os.unlink(self.at("big.bak"))

    def test_rsync_finds_nothing_to_do_the_second_time(self):
        folder = self.bed.path("rsync")
        os.mkdir(folder, 0o700)  # the modes that a mount has
        for name, size in (("rs-a", 100 * KIB + 1), ("rs-b", 10 * MIB + 7)):
            path = os.path.join(folder, name)
            write(path, content(size))
            os.chmod(path, 0o600)
            os.utime(path, (1600000000, 1600000000))
        rsync = ["rsync", "-a", "-i", folder + "/", self.at("rs")]
        self.assertIn(b"rs-b", self.tool(*rsync))
        self.assertEqual(self.tool(*rsync), b"")
        for name in ("rs-a", "rs-b"):
            self.check_object("rs/" + name, read(os.path.join(folder, name)))
        # To others the size of rs-b is provisional, up to 15 bytes short, until it is opened;
        # times of directories are kept nowhere.
        rsync[-1] = os.path.join(self.mount(), "rs")
        self.assertEqual(self.tool(*rsync, "-O", "--exclude=rs-b"), b"")
        self.assertEqual(sorted(self.bed.list("rs/")), ["rs/rs-a", "rs/rs-b"])

    def test_tar_makes_and_unpacks(self):
        self.source("t-1", content(300 * KIB))
        self.tool("tar", "-C", self.bed.path("source"), "-cf", self.at("t.tar"), "t-1")
        os.mkdir(self.at("tar"))
        self.tool("tar", "-C", self.at("tar"), "-xf", self.at("t.tar"))
        self.same(read(self.at("tar", "t-1")), content(300 * KIB))


class TheObject(e2e.MountTest):
    def test_envelope_is_the_one_that_rds_reads(self):
        data = content(1000)
        write(self.at("envelope.bak"), data)
        found = self.bed.metadata("envelope.bak")
        self.assertEqual(set(found) - {"x-amz-unencrypted-content-length", "mtime"}, {
            "x-amz-key-v2", "x-amz-iv", "x-amz-cek-alg", "x-amz-wrap-alg", "x-amz-matdesc"})
        self.assertEqual(found["x-amz-matdesc"], '{"kms_cmk_id":"%s"}' % self.bed.key_arn)
        self.assertEqual(found["x-amz-cek-alg"], "AES/CBC/PKCS5Padding")
        self.assertEqual(found["x-amz-wrap-alg"], "kms")
        self.assertEqual(len(base64.b64decode(found["x-amz-iv"], validate=True)), 16)
        self.assertEqual(found.get("x-amz-unencrypted-content-length", "1000"), "1000")
        status, answer = self.bed.kms.call(
            "Decrypt", CiphertextBlob=found["x-amz-key-v2"], KeyId=self.bed.key_arn,
            EncryptionContext=json.loads(found["x-amz-matdesc"]))
        self.assertEqual(status, 200, answer)
        self.assertEqual(len(base64.b64decode(answer["Plaintext"])), 32)
        self.check_object("envelope.bak", data)

    def test_envelope_of_a_multipart_object_is_the_same(self):
        data = content(20 * MIB + 3)
        write(self.at("parts.bak"), data)
        found = self.bed.metadata("parts.bak")
        self.assertEqual(found["x-amz-matdesc"], '{"kms_cmk_id":"%s"}' % self.bed.key_arn)
        self.assertEqual((found["x-amz-cek-alg"], found["x-amz-wrap-alg"]),
                         ("AES/CBC/PKCS5Padding", "kms"))
        self.check_object("parts.bak", data)

    def test_two_files_never_share_key_or_iv(self):
        for name in ("twin-1", "twin-2"):
            write(self.at(name), content(64))
        one, two = (self.bed.metadata(name) for name in ("twin-1", "twin-2"))
        self.assertNotEqual(one["x-amz-iv"], two["x-amz-iv"])
        self.assertNotEqual(one["x-amz-key-v2"], two["x-amz-key-v2"])
        self.assertNotEqual(self.bed.get("twin-1"), self.bed.get("twin-2"))

    def test_every_size_around_the_blocks_comes_back(self):
        for size in (0, 1, 15, 16, 17, 31, 32, 33, 4095, 4096, 4097):
            name = f"size-{size}"
            write(self.at(name), content(size))
            self.assertTrue(e2e.eventually(lambda n=name: self.bed.head(n).status == 200))
            self.check_object(name, content(size))
            self.assertEqual(os.stat(self.at(name)).st_size, size)
            self.same(read(self.at(name)), content(size))

    def test_one_line_in_the_log_for_each_object(self):
        mark = self.log_mark()
        write(self.at("line.bak"), content(9 * MIB))
        lines = e2e.eventually(lambda: self.log(r"line\.bak", mark))
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], rf"line\.bak: committed {9 * MIB} bytes in \d+ parts?, "
                         r"\d+\.\d s, \d+\.\d MB/s, version \S+, "
                         rf"written by \S+ \(pid {os.getpid()}, uid 0\)")

    def test_plaintext_and_keys_never_reach_the_log(self):
        data = b"TOPSECRET" * 1000
        write(self.at("quiet.bak"), data)
        self.assertEqual(self.log("TOPSECRET"), [])
        self.assertEqual(self.log(self.bed.env["AWS_SECRET_ACCESS_KEY"].split("/")[0]), [])


class Writing(e2e.MountTest):
    def append(self, name, size):
        first, second = content(size), content(3000, 2)
        write(self.at(name), first)
        self.tool("sh", "-c", 'cat "$1" >>"$0"', self.at(name), self.source("more", second))
        self.assertEqual(os.stat(self.at(name)).st_size, size + 3000)
        self.same(read(self.at(name)), first + second)
        self.check_object(name, first + second)

    def test_append_to_a_small_file(self):
        self.append("append-small", 1001)

    def test_append_to_an_empty_file(self):
        self.append("append-empty", 0)

    def test_append_above_the_copy_minimum(self):
        self.append("append-6m", 6 * MIB + 5)
        self.append("append-30m", 30 * MIB)

    def test_truncate_down_and_up(self):
        data = content(12 * MIB + 9)
        for size in (11 * MIB + 1, 6 * MIB, 6 * MIB - 16, 70001, 17, 16, 1, 0):
            name = f"cut-{size}"
            write(self.at(name), data)
            os.truncate(self.at(name), size)
            self.assertEqual(os.stat(self.at(name)).st_size, size)
            self.check_object(name, data[:size])
            os.truncate(self.at(name), size + 5000)
            self.same(read(self.at(name)), data[:size] + bytes(5000))
            self.check_object(name, data[:size] + bytes(5000))
            os.unlink(self.at(name))

    def test_truncate_between_writes(self):
        with open(self.at("cut-open"), "wb", buffering=0) as file:
            file.write(content(10000))
            file.truncate(4000)
            file.seek(6000)
            file.write(b"end")
        self.same(read(self.at("cut-open")), content(10000)[:4000] + bytes(2000) + b"end")

    def test_o_trunc_replaces_only_at_the_close(self):
        old, new = content(2 * MIB), content(40 * KIB, 2)
        write(self.at("trunc.bak"), old)
        fd = os.open(self.at("trunc.bak"), os.O_WRONLY | os.O_TRUNC)
        self.same(self.bed.decrypt("trunc.bak"), old)
        os.write(fd, new)
        self.same(self.bed.decrypt("trunc.bak"), old)
        os.close(fd)
        self.check_object("trunc.bak", new)
        self.same(read(self.at("trunc.bak")), new)

    def test_writes_out_of_order_and_over_each_other(self):
        expected = bytearray()
        with open(self.at("order.bak"), "wb", buffering=0) as file:
            for number, offset in enumerate((200 * KIB, 0, 150 * KIB, 50 * KIB, 201 * KIB, 3)):
                piece = content(70 * KIB - number, number)
                os.pwrite(file.fileno(), piece, offset)
                expected.extend(bytes(max(0, offset + len(piece) - len(expected))))
                expected[offset:offset + len(piece)] = piece
        self.check_object("order.bak", bytes(expected))

    def test_reading_through_the_writing_handle(self):
        fd = os.open(self.at("rw.bak"), os.O_RDWR | os.O_CREAT)
        os.write(fd, content(10000))
        self.assertEqual(os.pread(fd, 100, 50), content(10000)[50:150])
        os.pwrite(fd, b"changed", 40)
        self.assertEqual(os.pread(fd, 7, 40), b"changed")
        os.close(fd)

    def test_file_in_progress_shows_here_with_its_size_and_nowhere_else(self):
        other = self.mount()
        fd = os.open(self.at("progress.bak"), os.O_WRONLY | os.O_CREAT)
        os.write(fd, content(123457))
        self.assertIn("progress.bak", os.listdir(self.mnt))
        self.assertEqual(os.stat(self.at("progress.bak")).st_size, 123457)
        self.assertEqual(os.fstat(fd).st_size, 123457)
        self.assertNotIn("progress.bak", os.listdir(other))
        self.assertEqual(self.bed.head("progress.bak").status, 404)
        os.close(fd)
        self.assertIn("progress.bak", os.listdir(other))
        self.same(read(os.path.join(other, "progress.bak")), content(123457))

    def test_second_writer_in_another_process_is_busy(self):
        fd = os.open(self.at("busy.bak"), os.O_WRONLY | os.O_CREAT)
        os.write(fd, b"first")
        other = self.python("try:\n os.open(sys.argv[1], os.O_WRONLY)\nexcept OSError as e:\n"
                            " print(e.errno)", self.at("busy.bak"))
        self.assertEqual(other.communicate()[0], f"{errno.EBUSY}\n")
        os.close(fd)
        self.check_object("busy.bak", b"first")

    def test_writers_one_after_the_other_are_not_busy(self):
        for number in range(10):
            self.tool("sh", "-c", 'echo "$1" >"$0"', self.at("turns.bak"), str(number))
        self.check_object("turns.bak", b"9\n")

    def test_unlink_of_an_open_file_leaves_nothing(self):
        fd = os.open(self.at("gone.bak"), os.O_WRONLY | os.O_CREAT)
        e2e.write_all(fd, content(20 * MIB))
        os.unlink(self.at("gone.bak"))
        os.close(fd)
        self.assertFalse(os.path.exists(self.at("gone.bak")))
        self.assertEqual(self.bed.head("gone.bak").status, 404)
        self.assertTrue(e2e.eventually(lambda: not self.bed.list_uploads("gone")))

    def test_fallocate_declares_a_size_and_reserves_nothing(self):
        data = content(1000)
        with open(self.at("fallocate.bak"), "wb", buffering=0) as file:
            e2e.fallocate(file.fileno(), 0, 0, MIB)
            self.assertEqual(os.fstat(file.fileno()).st_size, MIB)
            self.assertEqual(self.bed.list_uploads("fallocate"), [])
            file.write(data)
        self.check_object("fallocate.bak", data + bytes(MIB - 1000))

    def test_fallocate_keep_size_changes_no_size(self):
        with open(self.at("keep.bak"), "wb", buffering=0) as file:
            e2e.fallocate(file.fileno(), FALLOC_FL_KEEP_SIZE, 0, MIB)
            self.assertEqual(os.fstat(file.fileno()).st_size, 0)
            file.write(b"x" * 1000)
        self.check_object("keep.bak", b"x" * 1000)

    def test_fallocate_cannot_punch_holes(self):
        with open(self.at("punch.bak"), "wb", buffering=0) as file:
            file.write(b"x" * 10000)
            self.fails(errno.EOPNOTSUPP, e2e.fallocate, file.fileno(),
                       FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 4096)
        self.check_object("punch.bak", b"x" * 10000)

    def test_impossible_size_is_refused_at_once(self):
        with open(self.at("huge.bak"), "wb", buffering=0) as file:
            self.fails(errno.ENOSPC, os.truncate, file.fileno(), 1 << 50)
            self.fails(errno.ENOSPC, e2e.fallocate, file.fileno(), 0, 0, 1 << 50)
            file.write(b"fits")
        self.check_object("huge.bak", b"fits")


class Reading(e2e.MountTest):
    def test_provisional_size_is_exact_after_the_open(self):
        data = content(20 * MIB + 13)
        write(self.at("odd.bak"), data)
        other = self.mount()
        path = os.path.join(other, "odd.bak")
        self.assertIn(os.stat(path).st_size, range(len(data) - 15, len(data) + 1))
        with open(path, "rb", buffering=0) as file:
            self.assertEqual(os.fstat(file.fileno()).st_size, len(data))
            self.same(file.read(), data)
        self.assertEqual(os.stat(path).st_size, len(data))
        self.assertEqual(self.tool("tail", "-c", "5", path), data[-5:])

    def test_replaced_while_being_read_is_stale_and_never_a_mixture(self):
        old, new = content(40 * MIB), content(40 * MIB, 2)
        write(self.at("stale.bak"), old)
        other = self.mount()
        with open(os.path.join(other, "stale.bak"), "rb", buffering=0) as file:
            self.assertEqual(file.read(64 * KIB), old[:64 * KIB])
            write(self.at("stale.bak"), new)
            stale = False
            for offset in range(0, len(old), MIB):
                try:
                    found = os.pread(file.fileno(), MIB, offset)  # short before what is lost
                    self.same(found, old[offset:offset + len(found)])
                except OSError as error:
                    # The page cache has one error for all that a read-ahead can meet.
                    self.assertIn(error.errno, (errno.ESTALE, errno.EIO))
                    stale = True
            self.assertTrue(stale)
        self.same(read(os.path.join(other, "stale.bak")), new)

    def test_direct_read_of_what_was_replaced_is_stale(self):
        old, new = content(40 * MIB), content(40 * MIB, 2)
        write(self.at("stale-direct.bak"), old)
        other = self.mount()
        fd = os.open(os.path.join(other, "stale-direct.bak"), os.O_RDONLY | os.O_DIRECT)
        buffer = mmap.mmap(-1, MIB)
        self.assertEqual(os.preadv(fd, [buffer], 0), MIB)
        write(self.at("stale-direct.bak"), new)
        self.fails(errno.ESTALE, os.preadv, fd, [buffer], 39 * MIB)
        os.close(fd)

    def test_removed_while_being_read_is_stale(self):
        write(self.at("removed.bak"), content(40 * MIB))
        fd = os.open(self.at("removed.bak"), os.O_RDONLY | os.O_DIRECT)
        buffer = mmap.mmap(-1, MIB)
        os.preadv(fd, [buffer], 0)
        os.unlink(self.at("removed.bak"))
        self.fails(errno.ESTALE, os.preadv, fd, [buffer], 39 * MIB)
        os.close(fd)

    def test_random_reads_and_reads_past_the_end(self):
        data = content(9 * MIB + 5)
        write(self.at("random.bak"), data)
        with open(self.at("random.bak"), "rb", buffering=0) as file:
            for offset in (8 * MIB - 7, 5, 4 * MIB + 1, len(data) - 3, len(data), len(data) + 99):
                self.same(os.pread(file.fileno(), 5000, offset), data[offset:offset + 5000])

    def test_mmap_shared_and_private(self):
        data = content(3 * MIB + 77)
        write(self.at("mmap.bak"), data)
        for flags in (mmap.MAP_SHARED, mmap.MAP_PRIVATE):
            with open(self.at("mmap.bak"), "rb") as file, mmap.mmap(
                    file.fileno(), 0, flags=flags, prot=mmap.PROT_READ) as view:
                self.same(bytes(view), data)

    def test_second_mount_sees_everything_after_the_first_is_gone(self):
        first = self.mount(prefix="later")
        files = {"a": content(100), "d/b": content(6 * MIB + 1, 2), "d/e/c": b""}
        for name, data in files.items():
            os.makedirs(os.path.dirname(os.path.join(first, name)), exist_ok=True)
            write(os.path.join(first, name), data)
        self.assertEqual(self.bed.umount(first), 0)
        second = self.mount(prefix="later")
        for name, data in files.items():
            self.same(read(os.path.join(second, name)), data)
        self.assertEqual(self.bed.umount(second), 0)


class Attributes(e2e.MountTest):
    def test_modes_are_private_by_default(self):
        os.umask(0o022)
        os.mkdir(self.at("mode-dir"))
        write(self.at("mode-file"), b"x")
        self.assertEqual(stat.S_IMODE(os.stat(self.at("mode-file")).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.at("mode-dir")).st_mode), 0o700)
        os.chmod(self.at("mode-file"), 0o777)
        self.assertEqual(stat.S_IMODE(os.stat(self.at("mode-file")).st_mode), 0o600)
        os.chmod(self.at("mode-file"), 0o400)
        self.assertEqual(stat.S_IMODE(os.stat(self.at("mode-file")).st_mode), 0o400)

    def test_chown_and_utimens_succeed(self):
        write(self.at("owned"), b"x")
        os.chown(self.at("owned"), 1234, 1234)
        self.assertEqual(os.stat(self.at("owned")).st_uid, os.getuid())
        os.utime(self.at("owned"), (1500000000, 1500000000))
        self.assertEqual(os.stat(self.at("owned")).st_mtime, 1500000000)
        os.utime(self.at("owned"))

    def test_owner_and_modes_are_the_options(self):
        path = self.mount("--uid", "1234", "--gid", "2345", "--file-mode", "0640",
                          "--dir-mode", "0750")
        write(os.path.join(path, "opt-file"), b"x")
        os.makedirs(os.path.join(path, "opt-dir"))
        file, folder = (os.stat(os.path.join(path, n)) for n in ("opt-file", "opt-dir"))
        self.assertEqual((file.st_uid, file.st_gid), (1234, 2345))
        self.assertEqual((folder.st_uid, folder.st_gid), (1234, 2345))
        # chmod and umask take away from what the mount allows.
        self.assertEqual(stat.S_IMODE(file.st_mode), 0o640)
        self.assertEqual(stat.S_IMODE(folder.st_mode), 0o750)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o750)

    def test_blocks_and_block_size(self):
        write(self.at("blocks"), content(1025))
        found = os.stat(self.at("blocks"))
        self.assertEqual((found.st_blocks, found.st_blksize, found.st_nlink), (3, 4096, 1))

    def test_statfs_has_room_for_any_backup(self):
        found = os.statvfs(self.mnt)
        self.assertEqual((found.f_bsize, found.f_namemax), (4096, 255))
        self.assertGreater(found.f_bavail * found.f_frsize, 100 << 40)

    def test_xattrs_are_not_supported(self):
        write(self.at("xattr"), b"x")
        self.fails(errno.ENOTSUP, os.setxattr, self.at("xattr"), "user.a", b"b")
        self.fails(errno.ENOTSUP, os.getxattr, self.at("xattr"), "user.a")
        self.assertEqual(os.listxattr(self.at("xattr")), [])

    def test_links_and_devices_are_refused(self):
        write(self.at("linked"), b"x")
        self.fails(errno.EPERM, os.symlink, "linked", self.at("symlink"))
        self.fails(errno.EPERM, os.link, self.at("linked"), self.at("link"))
        self.fails(errno.EPERM, os.mkfifo, self.at("fifo"))

    def test_nothing_is_executed_from_a_mount(self):
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            line = next(line for line in file if line.split()[4] == self.mnt)
        for option in ("nosuid", "nodev", "noexec"):
            self.assertIn(option, line.split()[5].split(","))
        self.assertIn(f"fuse.rdsbak {self.bed.url()} ", line)

    def test_locks_are_the_kernels(self):
        self.tool("flock", self.at("locked"), "true")

    def test_read_only_mount_changes_nothing(self):
        write(self.at("ro.bak"), b"kept")
        path = self.mount("--read-only")
        file = os.path.join(path, "ro.bak")
        self.assertEqual(read(file), b"kept")
        self.fails(errno.EROFS, os.open, file, os.O_WRONLY)
        self.fails(errno.EROFS, os.open, file + "2", os.O_WRONLY | os.O_CREAT)
        self.fails(errno.EROFS, os.unlink, file)
        self.fails(errno.EROFS, os.mkdir, os.path.join(path, "ro-dir"))
        self.fails(errno.EROFS, os.rename, file, file + "2")
        self.fails(errno.EROFS, os.truncate, file, 0)

    def test_plaintext_is_refused_unless_asked_for(self):
        self.bed.put("plain.txt", b"not encrypted")
        self.assertEqual(os.stat(self.at("plain.txt")).st_size, 13)
        self.fails(errno.EACCES, open, self.at("plain.txt"), "rb")
        self.assertEqual(len(self.log(r"plain\.txt.*--plaintext=read")), 1)
        path = self.mount("--plaintext", "read")
        self.assertEqual(read(os.path.join(path, "plain.txt")), b"not encrypted")

    def test_fio_verifies_what_it_wrote(self):
        self.tool("fio", "--name=j", f"--filename={self.at('fio.bak')}", "--rw=write", "--bs=64k",
                  "--size=24m", "--direct=1", "--ioengine=libaio", "--iodepth=8", "--verify=crc32c",
                  "--end_fsync=1", "--fallocate=none", cwd=self.bed.directory)
        self.assertEqual(os.stat(self.at("fio.bak")).st_size, 24 * MIB)


if __name__ == "__main__":
    unittest.main()
