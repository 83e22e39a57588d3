"""Debian's smbd over a mount, with packaging/samba/smb.conf.example as shipped.

Only the path and the users are replaced. It has its own state directory, password database and
address; nothing of the system's Samba is touched. Files belong to OWNER, whom smbd acts as.
"""

import os
import re
import socket
import subprocess
import time

from common import ROOT, testbed, write_file

SMBD, SMBPASSWD, TESTPARM = "/usr/sbin/smbd", "/usr/bin/smbpasswd", "/usr/bin/testparm"
EXAMPLE = os.path.join(ROOT, "packaging", "samba", "smb.conf.example")
PORTS = range(24000, 24100)
# Not nobody: that is the guest, whom smbd knows by another identity than the owner of the files.
OWNER, GROUP = "backup", "backup"
USER, PASSWORD = "root", "only-for-this-test"
SHARE = "rdsbak"
# What a test has to replace in the example.
REPLACED = {"valid users": USER, "force user": OWNER}

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


def own_address(number):
    """A loopback address for this process: Samba's Python bindings know no port but 445."""
    pid = os.getpid()
    return f"127.{24 + number}.{pid >> 8 & 255}.{pid & 255 or 255}"


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


def example_settings():
    """{name: value} of the example, as it is shipped."""
    with open(EXAMPLE, encoding="utf-8") as file:
        return dict(re.findall(r"(?m)^   ([a-z][a-z ]*) = (.*)$", file.read()))


class Smbd:
    """smbd in the foreground with a directory of its own; children end with it."""

    started = 0

    def __init__(self, directory, share_path):
        self.directory, self.address = directory, own_address(Smbd.started)
        Smbd.started += 1
        self.port = free_port(self.address)
        self.conf = os.path.join(directory, "smb.conf")
        self.log_path = os.path.join(directory, "smbd.out")
        os.makedirs(os.path.join(directory, "ncalrpc"))
        write_file(self.conf, self.settings(share_path).encode())
        subprocess.run([SMBPASSWD, "-c", self.conf, "-s", "-a", USER], check=True,
                       input=f"{PASSWORD}\n{PASSWORD}\n".encode(), stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        # When it ends, smbd ends its process group: it gets one of its own, with a session.
        with open(self.log_path, "wb") as log:
            self.process = testbed.start_process(
                [SMBD, "-s", self.conf, "-F", "--no-process-group", "-l", directory],
                stdout=log, stderr=log, start_new_session=True)
        self.wait()

    def settings(self, share_path):
        with open(EXAMPLE, encoding="utf-8") as file:
            share = file.read()
        for name, value in {"path": share_path, **REPLACED}.items():
            share, count = re.subn(f"(?m)^   {name} = .*$", f"   {name} = {value}", share)
            assert count == 1, name
        return GLOBAL.format(port=self.port, address=self.address, dir=self.directory) + share

    def wait(self):
        deadline = time.monotonic() + 120
        while True:
            try:
                socket.create_connection((self.address, self.port), 10).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise testbed.TestbedError(
                        f"smbd did not start:\n{testbed.tail(self.log_path)}\n"
                        f"{testbed.tail(os.path.join(self.directory, 'log.smbd'))}") from None
                time.sleep(0.1)

    def children(self):
        """Process ids; each connection has one."""
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(path, encoding="ascii") as file:
            return set(map(int, file.read().split()))

    def stop(self):
        testbed.end_process(self.process)


def share_mount(bed, *arguments):
    """A mount that smbd may use, and smbd: (path, Smbd). The bed ends the one, stop() the other."""
    path = bed.mount(["--allow-other", "--uid", OWNER, "--gid", GROUP, *arguments])
    os.chmod(bed.directory, 0o711)  # the share's user has to get through
    os.makedirs(bed.path("samba"), mode=0o755)
    return path, Smbd(bed.path("samba"), path)
