"""The mount as a share of Debian's smbd, as SQL Servers on Windows use it.

smbd runs with packaging/samba/smb.conf.example as shipped (path and users replaced), its own state
directory, password database and port; nothing of the system's Samba is touched. The files belong
to "backup", whom smbd acts as. smbclient is the client for whole files; Samba's Python bindings
write as a Windows program does: through, out of order, at the end of what is there.
"""

import os
import re
import socket
import subprocess
import time
import unittest

from common import MIB, ROOT, SKIPPED, BedTest, make_bytes, need_programs, read_file, testbed
from common import write_file

PROGRAMS = ("/usr/sbin/smbd", "/usr/bin/smbclient", "/usr/bin/smbpasswd", "/usr/bin/testparm")
EXAMPLE = os.path.join(ROOT, "packaging", "samba", "smb.conf.example")
PORTS = range(24000, 24100)
# Not nobody: that is the guest, whom smbd knows by another identity than the owner of the files.
OWNER, GROUP, PASSWORD = "backup", "backup", "only-for-this-test"

# MS-SMB2 2.2.13
ACCESS, OPEN_EXISTING, OVERWRITE_IF = 0x12019F, 1, 5

GLOBAL = """[global]
   server role = standalone server
   workgroup = RDSBAKTEST
   netbios name = RDSBAKTEST
   smb ports = {port} 445
   interfaces = {address}/8
   bind interfaces only = yes
   disable netbios = yes
   load printers = no
   printing = bsd
   printcap name = /dev/null
   disable spoolss = yes
   passdb backend = tdbsam:{dir}/passdb.tdb
   private dir = {dir}
   lock directory = {dir}
   state directory = {dir}
   cache directory = {dir}
   pid directory = {dir}
   ncalrpc dir = {dir}/ncalrpc
   log file = {dir}/log.smbd
   log level = 1
   smb encrypt = off

"""


def own_address():
    """A loopback address for this process: the bindings know no port but 445."""
    pid = os.getpid()
    return f"127.24.{pid >> 8 & 255}.{pid & 255 or 255}"


def free_port(address):
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
                return port
            except OSError:
                continue
    raise testbed.TestbedError(f"no free port in {PORTS}")


class Smbd:
    """smbd in the foreground with a directory of its own; children end with it."""

    def __init__(self, directory, share_path):
        self.directory, self.address = directory, own_address()
        self.port = free_port(self.address)
        self.conf = os.path.join(directory, "smb.conf")
        self.log_path = os.path.join(directory, "smbd.out")
        os.makedirs(os.path.join(directory, "ncalrpc"))
        write_file(self.conf, self.settings(share_path).encode())
        subprocess.run([PROGRAMS[2], "-c", self.conf, "-s", "-a", "root"], check=True,
                       input=f"{PASSWORD}\n{PASSWORD}\n".encode(), stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        # When it ends, smbd ends its process group: it gets one of its own, with a session.
        with open(self.log_path, "wb") as log:
            self.process = testbed.start_process(
                [PROGRAMS[0], "-s", self.conf, "-F", "--no-process-group", "-l", directory],
                stdout=log, stderr=log, start_new_session=True)
        self.wait()

    def settings(self, share_path):
        with open(EXAMPLE, encoding="utf-8") as file:
            share = file.read()
        for name, value in (("path", share_path), ("valid users", "root"), ("force user", OWNER)):
            share, count = re.subn(f"(?m)^   {name} = .*$", f"   {name} = {value}", share)
            assert count == 1, name
        return GLOBAL.format(port=self.port, address=self.address, dir=self.directory) + share

    def wait(self):
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection((self.address, self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise testbed.TestbedError(
                        f"smbd did not start:\n{testbed.tail(self.log_path)}\n"
                        f"{testbed.tail(os.path.join(self.directory, 'log.smbd'))}") from None
                time.sleep(0.1)

    def stop(self):
        testbed.end_process(self.process)


class SambaTest(BedTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mount = cls.bed.mount([
            "--allow-other", "--uid", OWNER, "--gid", GROUP, "--part-size", "5MiB",
            "--hold-size", "1MiB"])
        os.chmod(cls.bed.directory, 0o711)  # the share's user has to get through
        os.makedirs(cls.bed.path("samba"), mode=0o755)
        cls.smbd = Smbd(cls.bed.path("samba"), cls.mount)
        cls.addClassCleanup(cls.smbd.stop)
        cls.authfile = cls.bed.path("auth")
        write_file(cls.authfile, f"username = root\npassword = {PASSWORD}\n".encode())

    def client(self, commands, status=0):
        """Commands of smbclient, parted by semicolons; what it printed."""
        done = subprocess.run(
            [PROGRAMS[1], f"//{self.smbd.address}/rdsbak", "-p", str(self.smbd.port), "-A",
             self.authfile, "-s", self.smbd.conf, "-m", "SMB3", "-c", commands],
            cwd=self.bed.directory,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
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
        who.set_username("root")
        who.set_password(PASSWORD)
        return libsmb.Conn(self.smbd.address, "rdsbak", lp=settings, creds=who)

    def assert_stored(self, key, data):
        self.assertTrue(self.bed.decrypt(key) == data, f"{key}: content differs")

    def assert_mode(self, name, mode):
        self.assertEqual(oct(os.stat(os.path.join(self.mount, name)).st_mode & 0o777), oct(mode))

    def test_the_example_is_understood_by_samba(self):
        done = subprocess.run([PROGRAMS[3], "-s", self.smbd.conf], stdin=subprocess.DEVNULL,
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
                [PROGRAMS[1], f"//{self.smbd.address}/rdsbak", "-p", str(self.smbd.port), "-A",
                 self.authfile, "-s", self.smbd.conf, "-c", f"put {name}"],
                cwd=self.bed.directory, stdout=subprocess.DEVNULL))
        self.assertEqual([job.wait(120) for job in jobs], [0, 0, 0])
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
    need_programs(*PROGRAMS, "/dev/fuse")
    if os.geteuid() != 0:
        print("skipped: smbd needs root to act as another user")
        raise SystemExit(SKIPPED)
    unittest.main()
