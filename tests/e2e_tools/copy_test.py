#!/usr/bin/python3
"""cp, rsync, dd, tar, gzip: each checked by its own means, and by the independent reader."""

import os
import unittest

import tools
from tools import KIB, MIB, content, read

SIZE = 5 * MIB + 13
OTHER = content(SIZE, seed="other")


def sparse(path, pieces, size):
    """A plain file that is mostly holes: pieces are (offset, data)."""
    with open(path, "wb") as file:
        for offset, data in pieces:
            os.pwrite(file.fileno(), data, offset)
        os.truncate(file.fileno(), size)
    return path


class Cp(tools.ToolTest):
    def check_copy(self, source, *options):
        target = self.inside("copy")
        self.tool("cp", *options, source, target)
        self.tool("cmp", source, target)
        self.stored("copy", read(source))
        return target

    def test_cp(self):
        self.check_copy(self.make("f", content(SIZE)))

    def test_cp_p_sets_the_time_of_a_small_file(self):
        source = self.make("f", content(100))
        os.utime(source, (1e9, 1e9))
        target = self.check_copy(source, "-p")
        self.assertEqual(os.stat(target).st_mtime, 1e9)

    def test_cp_p_of_a_large_file(self):
        source = self.make("f", content(SIZE))
        os.utime(source, (1e9, 1e9))
        self.check_copy(source, "-p")

    def test_cp_over_a_longer_and_over_a_shorter_file(self):
        for size in (SIZE, 3 * MIB + 1, 4 * MIB + 5):
            self.check_copy(self.make(f"f{size}", content(size)))

    def test_cp_sparse_in_every_way(self):
        pieces = [(0, content(MIB)), (2 * MIB, content(300 * KIB, 2)), (4 * MIB, b"end")]
        for size in (4 * MIB + 3, 6 * MIB + 1):  # ends with data, ends with a hole
            source = sparse(self.outside("sparse"), pieces, size)
            for option in ("always", "auto", "never"):
                with self.subTest(size=size, sparse=option):
                    self.check_copy(source, "--sparse=" + option)

    def test_cp_sparse_of_nothing_but_a_hole(self):
        self.check_copy(sparse(self.outside("hole"), [], 3 * MIB + 7), "--sparse=always")

    def test_cp_from_the_mount_to_the_mount_and_back(self):
        source = self.make("f", content(SIZE))
        first = self.check_copy(source)
        self.tool("cp", first, self.inside("second"))
        self.stored("second", content(SIZE))
        self.tool("cp", self.inside("second"), self.outside("back"))
        self.tool("cmp", source, self.outside("back"))

    def test_cp_a_of_a_tree_copies_all_but_the_symbolic_link(self):
        tree = self.outside("tree")
        for name in ("a", "d/b", "d/e/c"):
            self.make("tree/" + name, content(300 * KIB, name))
        os.symlink("a", os.path.join(tree, "link"))
        said = self.tool("cp", "-a", tree + "/.", self.dir, status=1)
        self.assertIn(b"Operation not permitted", said)
        self.stored_tree(tree)

    def test_install_mv_tee_and_split(self):
        source = self.make("f", content(SIZE))
        self.tool("install", "-m", "600", source, self.inside("installed"))
        self.shell('tee "$2" < "$1" | cmp - "$1"', source, self.inside("teed"))
        self.tool("split", "-n", "3", source, self.inside("part-"))
        self.tool("cp", source, self.outside("moved"))
        self.tool("mv", self.outside("moved"), self.inside("moved"))
        for name in ("installed", "teed", "moved"):
            self.stored(name, content(SIZE))
        self.shell('cat "$2"part-?? | cmp - "$1"', source, self.inside(""))


class Rsync(tools.ToolTest):
    def rsync(self, *options):
        # What it sends is checked against what rsync finds to do when it compares everything.
        self.tool("rsync", *options)
        again = self.tool("rsync", "--checksum", "--dry-run", "--itemize-changes",
                          *[o for o in options if not o.startswith("--append")])
        changes = [line for line in again.splitlines() if not line.startswith((b".", b"cd"))]
        self.assertEqual(changes, [])

    def test_default_with_a_temporary_file_and_a_rename(self):
        source = self.make("f", content(SIZE))
        self.rsync("--times", source, self.dir)
        self.stored("f", content(SIZE))
        self.assertEqual(self.tool("rsync", "--times", "--itemize-changes", source, self.dir), b"")

    def test_a_tree_and_its_deletions(self):
        tree = self.outside("tree")
        for name in ("a", "d/b", "d/e/c"):
            self.make("tree/" + name, content(300 * KIB, name))
        self.rsync("-rt", "--delete", tree + "/", self.dir)
        self.stored_tree(tree)
        os.unlink(os.path.join(tree, "d/b"))
        self.make("tree/d/e/c", content(200 * KIB))
        self.rsync("-rt", "--delete", tree + "/", self.dir)
        self.stored_tree(tree)

    def test_inplace_into_a_new_file(self):
        self.rsync("--inplace", self.make("f", content(SIZE)), self.dir)
        self.stored("f", content(SIZE))

    def test_sparse(self):
        for size in (4 * MIB + 3, 6 * MIB + 1):
            source = sparse(self.outside("f"), [(MIB, content(MIB)), (4 * MIB, b"end")], size)
            self.rsync("--sparse", source, self.dir)
            self.stored("f", read(source))

    def test_append_and_append_verify(self):
        for option in ("--append", "--append-verify"):
            data = content(SIZE, option)
            for size in (100 * KIB + 3, 3 * MIB + 11, 3 * MIB + 12, SIZE):
                self.make("f", data[:size])
                self.rsync(option, self.outside("f"), self.inside(option[2:]))
                self.stored(option[2:], data[:size])

    def test_preallocate(self):
        self.rsync("--preallocate", self.make("f", content(SIZE)), self.dir)
        self.stored("f", content(SIZE))

    def test_restore_from_the_mount(self):
        source = self.make("f", content(SIZE))
        self.tool("cp", source, self.dir)
        self.tool("rsync", self.inside("f"), self.outside("back"))
        self.tool("cmp", source, self.outside("back"))


class RsyncRewriting(tools.SpoolTest):
    """--inplace over what is there."""

    def inplace(self, *options):
        old = bytearray(content(SIZE))
        self.make("f", old)
        self.tool("cp", self.outside("f"), self.dir)
        new = old[:MIB] + OTHER[:70000] + old[MIB + 70000:4 * MIB] + b"x" + old[4 * MIB:-9]
        self.make("f", new)
        self.tool("rsync", "--inplace", *options, self.outside("f"), self.dir)
        self.stored("f", bytes(new))
        self.tool("cmp", self.outside("f"), self.inside("f"))

    def test_inplace_over_a_committed_file(self):
        self.inplace("--whole-file")

    def test_inplace_of_the_differences_only(self):
        self.inplace("--no-whole-file")

    def test_append_verify_notices_a_different_beginning(self):
        self.make("f", content(MIB, 1))
        self.tool("rsync", self.outside("f"), self.dir)
        self.make("f", content(2 * MIB, 2))
        self.tool("rsync", "--append-verify", self.outside("f"), self.dir)
        self.stored("f", content(2 * MIB, 2))

    def test_inplace_and_sparse(self):
        source = sparse(self.outside("f"), [(MIB, content(MIB)), (4 * MIB, b"end")], 6 * MIB + 1)
        self.tool("cp", self.make("g", content(SIZE)), self.inside("f"))
        self.tool("rsync", "--inplace", "--sparse", source, self.dir)
        self.stored("f", read(source))


class Dd(tools.ToolTest):
    def dd(self, source, name, *operands):
        self.tool("dd", "status=none", "if=" + source, "of=" + self.inside(name), *operands)

    def test_plain_with_blocks_of_every_kind(self):
        source = self.make("f", content(SIZE))
        for size in ("4k", "100000", "1M"):
            self.dd(source, "f" + size, "bs=" + size)
            self.stored("f" + size, content(SIZE))

    def test_oflag_direct(self):
        source = self.make("f", content(4 * MIB))
        self.dd(source, "f", "bs=256k", "oflag=direct")
        self.stored("f", content(4 * MIB))

    def test_conv_fsync_and_fdatasync_and_oflag_sync(self):
        source = self.make("f", content(SIZE))
        for operand in ("conv=fsync", "conv=fdatasync", "oflag=sync", "oflag=dsync"):
            self.dd(source, operand, "bs=1M", operand)
            self.stored(operand, content(SIZE))

    def test_conv_sparse(self):
        pieces = [(0, content(MIB)), (3 * MIB, b"data"), (5 * MIB, content(100))]
        for size in (5 * MIB + 100, 7 * MIB + 1):
            source = sparse(self.outside("f"), pieces, size)
            self.dd(source, "f", "bs=64k", "conv=sparse")
            self.stored("f", read(source))

    def test_seek_beyond_the_beginning(self):
        source = self.make("f", content(MIB))
        self.dd(source, "f", "bs=1M", "seek=3")
        self.stored("f", bytes(3 * MIB) + content(MIB))

    def test_nothing_but_a_size(self):
        self.dd("/dev/null", "f", "bs=1", "count=0", f"seek={3 * MIB + 5}")
        self.stored("f", bytes(3 * MIB + 5))

    def test_oflag_append(self):
        first, second = self.make("1", content(SIZE, 1)), self.make("2", content(MIB + 3, 2))
        self.dd(first, "f", "bs=1M")
        self.dd(second, "f", "bs=64k", "oflag=append", "conv=notrunc")
        self.stored("f", content(SIZE, 1) + content(MIB + 3, 2))

    def test_seek_cuts_what_follows(self):
        self.dd(self.make("1", content(SIZE, 1)), "f", "bs=1M")
        self.dd(self.make("2", content(MIB + 3, 2)), "f", "bs=64k", "seek=20")
        self.stored("f", content(SIZE, 1)[:20 * 64 * KIB] + content(MIB + 3, 2))

    def test_iflag_skip_and_direct_when_reading(self):
        data = content(SIZE)
        self.dd(self.make("f", data), "f", "bs=1M")
        self.tool("dd", "status=none", "if=" + self.inside("f"), "of=" + self.outside("g"),
                  "bs=64k", "skip=7", "iflag=direct")
        self.same(read(self.outside("g")), data[7 * 64 * KIB:])


class DdRewriting(tools.SpoolTest):
    """conv=notrunc: into what is committed."""

    def check_notrunc(self, offset, size, base):
        old, new = content(base, 1), content(size, 2)
        self.tool("cp", self.make("1", old), self.inside("f"))
        self.tool("dd", "status=none", "if=" + self.make("2", new), "of=" + self.inside("f"),
                  "bs=64k", "conv=notrunc", "oflag=seek_bytes", f"seek={offset}")
        self.stored("f", old[:offset] + new + old[offset + size:])

    def test_notrunc_at_the_beginning_in_the_middle_and_at_the_end(self):
        base = 2 * MIB + 13
        for offset, size in ((0, 1), (0, 512), (MIB + 5, 200 * KIB), (base - 100, 50),
                             (base - 100, 5000), (base, 77), (0, base), (0, base + 5)):
            with self.subTest(offset=offset, size=size):
                self.check_notrunc(offset, size, base)

    def test_notrunc_of_a_whole_disk_that_changed_in_places(self):
        data = bytearray(content(SIZE))
        source = self.make("f", data)
        self.tool("cp", source, self.dir)
        data[3 * MIB:3 * MIB + 3] = b"new"
        self.make("f", data)
        self.tool("dd", "status=none", "if=" + source, "of=" + self.inside("f"), "bs=128k",
                  "conv=notrunc,fsync")
        self.stored("f", bytes(data))


class Tar(tools.ToolTest):
    def setUp(self):
        super().setUp()
        for number, size in enumerate((0, 1, 700, 100 * KIB, MIB + 1, 3 * MIB)):
            self.make(f"tree/d{number % 2}/f{number}", content(size, number))

    def test_create_compare_and_extract(self):
        self.tool("tar", "-C", self.out, "-cf", self.inside("t.tar"), "tree")
        self.tool("tar", "-C", self.out, "-df", self.inside("t.tar"))
        self.tool("tar", "-C", self.outside("."), "--transform", "s/^tree/back/", "-xf",
                  self.inside("t.tar"))
        self.tool("diff", "-r", self.outside("tree"), self.outside("back"))
        self.tool("tar", "-tf", self.decrypted("t.tar"))

    def test_create_compressed_and_through_a_pipe(self):
        self.tool("tar", "-C", self.out, "-czf", self.inside("t.tgz"), "tree")
        self.shell('tar -C "$1" -c tree > "$2"', self.out, self.inside("t.tar"))
        self.tool("tar", "-C", self.out, "-dzf", self.decrypted("t.tgz"))
        self.tool("tar", "-C", self.out, "-df", self.decrypted("t.tar"))

    def test_create_with_verification(self):
        # tar writes through one handle, goes to the beginning and reads what it wrote.
        self.tool("tar", "-C", self.out, "-cWf", self.inside("t.tar"), "tree", status=0)

    def test_extract_into_the_mount(self):
        self.tool("tar", "-C", self.outside("tree"), "-cf", self.outside("t.tar"), ".")
        self.tool("tar", "-C", self.dir, "-xf", self.outside("t.tar"))
        self.stored_tree(self.outside("tree"))

    def test_multi_volume(self):
        volumes = [arg for n in range(3) for arg in ("-f", self.inside(f"v{n}"))]
        self.tool("tar", "-C", self.out, "-cML", "2000", *volumes, "tree")
        self.tool("tar", "-C", self.out, "-dM", *volumes)


class TarRewriting(tools.SpoolTest):
    """Over the two blocks of zeros that end an archive."""

    def test_append_update_and_delete(self):
        for name in "abc":
            self.make(name, content(MIB + 700, name))
        archive = self.inside("t.tar")
        self.tool("tar", "-C", self.out, "-cf", archive, "a")
        self.tool("tar", "-C", self.out, "-rf", archive, "b")
        self.tool("tar", "-C", self.out, "-uf", archive, "c")
        self.assertEqual(self.tool("tar", "-tf", self.decrypted("t.tar")).split(),
                         [b"a", b"b", b"c"])
        self.tool("tar", "-C", self.out, "-df", archive)
        self.tool("tar", "--delete", "-f", archive, "a")
        self.assertEqual(self.tool("tar", "-tf", self.decrypted("t.tar")).split(), [b"b", b"c"])
        self.tool("tar", "-C", self.out, "-df", self.decrypted("t.tar"))


class Gzip(tools.ToolTest):
    def test_redirected(self):
        source = self.make("f", content(SIZE))
        self.shell('gzip < "$1" > "$2"', source, self.inside("f.gz"))
        self.tool("gzip", "-t", self.inside("f.gz"))
        self.shell('gzip -dc "$2" | cmp - "$1"', source, self.decrypted("f.gz"))

    def test_in_the_mount_there_and_back(self):
        # It keeps time and mode with chmod, chown and utimens, and removes what it compressed.
        source = self.make("f", content(SIZE))
        self.tool("cp", source, self.dir)
        self.tool("gzip", self.inside("f"))
        self.assertEqual(os.listdir(self.dir), ["f.gz"])
        self.shell('gzip -dc "$2" | cmp - "$1"', source, self.decrypted("f.gz"))
        self.tool("gzip", "-d", self.inside("f.gz"))
        self.assertEqual(os.listdir(self.dir), ["f"])
        self.stored("f", content(SIZE))


if __name__ == "__main__":
    unittest.main()
