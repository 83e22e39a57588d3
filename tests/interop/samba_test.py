"""The mount as a share of Debian's smbd (smbd.py), as people and scripts use one.

smbclient is the client for whole files; Samba's Python bindings write as a Windows program does:
through, out of order, at the end of what is there. SQL Server's way is in samba_backup_test.py.
"""

import os
import subprocess
import unittest

import smbd
from common import MIB, SKIPPED, BedTest, make_bytes, need_programs, read_file, write_file
from smbd import SMBD, SMBPASSWD, TESTPARM

SMBCLIENT = "/usr/bin/smbclient"

# MS-SMB2 2.2.13
ACCESS, OPEN_EXISTING, OVERWRITE_IF = 0x12019F, 1, 5


class SambaTest(BedTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mount, cls.smbd = smbd.share_mount(cls.bed, "--part-size", "5MiB", "--hold-size",
                                               "1MiB")
        cls.addClassCleanup(cls.smbd.stop)
        cls.authfile = cls.bed.path("auth")
        write_file(cls.authfile,
                   f"username = {smbd.USER}\npassword = {smbd.PASSWORD}\n".encode())

    def client(self, commands, status=0):
        """Commands of smbclient, parted by semicolons; what it printed."""
        done = subprocess.run(
            [SMBCLIENT, f"//{self.smbd.address}/rdsbak", "-p", str(self.smbd.port), "-A",
             self.authfile, "-s", self.smbd.conf, "-m", "SMB3", "-c", commands],
            cwd=self.bed.directory,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False)
        text = done.stdout.decode(errors="replace")
        if status is not None:
            self.assertEqual(done.returncode, status, text)
        return text

    def connection(self):
        """A connection of Samba's Python bindings, which speak SMB call by call."""
        from samba import credentials
        from samba.samba3 import libsmb_samba_internal as libsmb
        from samba.samba3 import param
        settings = param.get_context()
        settings.load(self.smbd.conf)
        who = credentials.Credentials()
        who.guess(settings)
        who.set_username(smbd.USER)
        who.set_password(smbd.PASSWORD)
        return libsmb.Conn(self.smbd.address, "rdsbak", lp=settings, creds=who)

    def assert_stored(self, key, data):
        self.assertTrue(self.bed.decrypt(key) == data, f"{key}: content differs")

    def assert_mode(self, name, mode):
        self.assertEqual(oct(os.stat(os.path.join(self.mount, name)).st_mode & 0o777), oct(mode))

    def test_the_example_is_understood_by_samba(self):
        done = subprocess.run([TESTPARM, "-s", self.smbd.conf], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        text = done.stderr.decode()
        self.assertEqual(done.returncode, 0, text)
        self.assertNotRegex(text, "(?i)unknown|ignoring|deprecated|invalid")

    def test_a_backup_goes_there_and_back(self):
        data = make_bytes(64 * MIB, "samba")
        write_file(self.bed.path("in"), data)
        self.client("put in big.bak; get big.bak out")
        self.assertTrue(read_file(self.bed.path("out")) == data, "what came back differs")
        self.assert_stored("big.bak", data)
        self.assertFalse(data[:4096] in self.bed.get("big.bak", (0, 1 * MIB)))
        self.assert_mode("big.bak", 0o600)
        self.assertRegex(self.client("ls"), rf"big\.bak +\S+ +{64 * MIB} ")

    def test_sizes_around_blocks_and_empty_files(self):
        for size in (0, 1, 511, 512, 65537, 5 * MIB, 5 * MIB + 1):
            with self.subTest(size=size):
                data = make_bytes(size, "small")
                write_file(self.bed.path("in"), data)
                self.client(f"put in s-{size}; get s-{size} out")
                self.assertTrue(read_file(self.bed.path("out")) == data)
                self.assert_stored(f"s-{size}", data)

    def test_files_and_folders_are_renamed_and_removed(self):
        write_file(self.bed.path("in"), b"moved")
        self.client("mkdir d; put in d\\a.bak; rename d\\a.bak d\\b.bak; del d\\c.bak", None)
        self.assertEqual(sorted(self.bed.list("d/")), ["d/b.bak"])
        self.assert_stored("d/b.bak", b"moved")
        listing = self.client("ls d\\*")
        self.assertIn("b.bak", listing)
        self.assertNotIn("a.bak", listing)
        self.client("del d\\b.bak; rmdir d")
        self.assertEqual(self.bed.list("d/"), {})
        self.assertIn("NO_SUCH_FILE", self.client("ls d", None))

    def test_a_file_is_appended_to(self):
        data = make_bytes(7 * MIB, "append")
        write_file(self.bed.path("in"), data[:6 * MIB + 5])
        self.client("put in append.bak")
        share = self.connection()
        file = share.create("append.bak", DesiredAccess=ACCESS, CreateDisposition=OPEN_EXISTING)
        share.write(file, buffer=data[6 * MIB + 5:], offset=6 * MIB + 5)
        share.close(file)
        self.assert_stored("append.bak", data)

    def test_an_existing_file_is_replaced(self):
        for seed, size in (("old", 3 * MIB), ("new", 100)):
            write_file(self.bed.path("in"), make_bytes(size, seed))
            self.client("put in replaced.bak")
        self.assert_stored("replaced.bak", make_bytes(100, "new"))

    def test_several_clients_write_at_once(self):
        data = {f"stripe-{i}.bak": make_bytes(12 * MIB, i) for i in range(3)}
        jobs = []
        for name, bytes_ in data.items():
            write_file(self.bed.path(name), bytes_)
            jobs.append(subprocess.Popen(
                [SMBCLIENT, f"//{self.smbd.address}/rdsbak", "-p", str(self.smbd.port), "-A",
                 self.authfile, "-s", self.smbd.conf, "-c", f"put {name}"],
                cwd=self.bed.directory, stdout=subprocess.DEVNULL))
        self.assertEqual([job.wait(600) for job in jobs], [0, 0, 0])
        for name, bytes_ in data.items():
            self.assert_stored(name, bytes_)

    def test_a_write_through_is_in_the_bucket_when_it_is_answered(self):
        """SMB2_WRITEFLAG_WRITE_THROUGH makes smbd fsync, which commits what is written so far."""
        data, share = make_bytes(2 * MIB + 512, "through"), self.connection()
        file = share.create("through.bak", DesiredAccess=ACCESS, CreateDisposition=OVERWRITE_IF)
        share.write(file, buffer=data[:MIB], offset=0)
        self.assertEqual(self.bed.head("through.bak").status, 404)
        share.write(file, buffer=data[MIB:2 * MIB], offset=MIB, mode=1)
        self.assert_stored("through.bak", data[:2 * MIB])
        share.write(file, buffer=data[2 * MIB:], offset=2 * MIB)
        share.close(file)
        self.assert_stored("through.bak", data)

    def test_writes_that_come_in_another_order_are_put_right(self):
        data, share = make_bytes(6 * MIB + 512, "order"), self.connection()
        file = share.create("order.bak", DesiredAccess=ACCESS, CreateDisposition=OVERWRITE_IF)
        for index in (2, 0, 1, 5, 4, 6, 3):
            share.write(file, buffer=data[index * MIB:(index + 1) * MIB], offset=index * MIB)
        share.close(file)
        self.assert_stored("order.bak", data)

    def test_a_failed_upload_reaches_the_client(self):
        """A key that is gone fails the next file; the client hears it, the share goes on."""
        key_id = self.bed.key_arn.split("/")[-1]
        write_file(self.bed.path("in"), b"x")
        self.assertEqual(self.bed.kms.call("DisableKey", KeyId=key_id)[0], 200)
        try:
            self.assertIn("NT_STATUS_ACCESS_DENIED", self.client("put in denied.bak", None))
        finally:
            self.bed.kms.call("EnableKey", KeyId=key_id)
        self.assertEqual(self.bed.head("denied.bak").status, 404)
        self.client("put in allowed.bak")
        self.assert_stored("allowed.bak", b"x")


if __name__ == "__main__":
    need_programs(SMBD, SMBCLIENT, SMBPASSWD, TESTPARM, "/dev/fuse")
    if os.geteuid() != 0:
        print("skipped: smbd needs root to act as another user")
        raise SystemExit(SKIPPED)
    unittest.main()
