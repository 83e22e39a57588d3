#!/usr/bin/python3
"""The Debian package on a fresh Debian: built, installed, started by a real systemd and by fstab,
killed, removed."""

import glob
import os
import subprocess
import sys
import unittest

import roots

sys.path.insert(0, os.path.join(roots.TOP, "tests", "servers"))
import testbed  # noqa: E402  pylint: disable=wrong-import-position

BOOT_S = 900

# Runs in the booted system; each line of /result is a step that went well. All waiting is for a
# condition; systemd's own limits end what hangs.
CHECK = """#!/bin/bash
exec >>/console.log 2>&1
set -x
trap 'systemctl poweroff --no-block' EXIT
set -e
did() { echo "$1" >>/result; }
until_true() { for i in $(seq 600); do "$@" && return; sleep 0.2; done; return 1; }
unit=rdsbak@mnt-rdsbak

systemctl start $unit
grep -q ' /mnt/rdsbak fuse.rdsbak ' /proc/self/mounts
did started
echo one >/mnt/rdsbak/one
[ "$(cat /mnt/rdsbak/one)" = one ]
did works

pid=$(systemctl show -p MainPID --value $unit)
grep -E '^Max (locked|core)' /proc/$pid/limits
[ "$(systemctl show -p StatusText --value $unit | cut -c1-5)" = s3:// ]
kill -9 "$pid"
again() {
    now=$(systemctl show -p MainPID --value $unit)
    [ "$now" != 0 ] && [ "$now" != "$pid" ] && systemctl -q is-active $unit
}
until_true again
[ "$(cat /mnt/rdsbak/one)" = one ]
echo two >/mnt/rdsbak/two
did restarted_after_kill_9

pid=$(systemctl show -p MainPID --value $unit)
kill -STOP "$pid"
until_true again
[ "$(cat /mnt/rdsbak/two)" = two ]
did restarted_by_the_watchdog

systemctl stop $unit
! grep -q ' /mnt/rdsbak ' /proc/self/mounts
[ "$(systemctl is-active $unit || true)" = inactive ]
did stopped

until_true grep -q ' /mnt/fstab fuse.rdsbak ' /proc/self/mounts
did fstab_at_boot
umount /mnt/fstab
mount -a
grep -q ' /mnt/fstab fuse.rdsbak ' /proc/self/mounts
echo three >/mnt/fstab/three
umount /mnt/fstab
! grep -q ' /mnt/fstab ' /proc/self/mounts
did fstab
mount -t rdsbak -o "config=/etc/rdsbak.conf" "$(sed 's/RDSBAK_SOURCE=//' /etc/rdsbak/source)" /mnt/fstab
[ "$(cat /mnt/fstab/three)" = three ]
umount /mnt/fstab
did mount_type_rdsbak
systemctl start mnt-fstab.mount
[ "$(cat /mnt/fstab/three)" = three ]
systemctl stop mnt-fstab.mount
did systemd_mount_unit
"""
STEPS = ["started", "works", "restarted_after_kill_9", "restarted_by_the_watchdog", "stopped",
         "fstab_at_boot", "fstab", "mount_type_rdsbak", "systemd_mount_unit"]


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        roots.run(os.path.join(roots.TOP, "scripts", "package"), cwd=roots.TOP)
        made = glob.glob(os.path.join(roots.TOP, "build", "rdsbak_*.deb"))
        cls.package = max(made, key=os.path.getmtime)
        cls.root = roots.Root("bookworm", ["systemd", "systemd-sysv", "dbus", "lintian"])
        cls.addClassCleanup(cls.root.remove)

    def test_1_lintian_finds_nothing(self):
        os.link(self.package, self.root.at("rdsbak.deb"))
        found = self.root.chroot("lintian", "--allow-root", "--fail-on", "none", "/rdsbak.deb")
        self.assertEqual([line for line in found.splitlines() if line[:2] in ("E:", "W:")], [])

    def test_2_installs_with_what_it_needs(self):
        self.root.install("/rdsbak.deb")
        self.assertIn("rdsbak ", self.root.chroot("rdsbak", "--version"))
        self.assertTrue(os.path.islink(self.root.at("usr/sbin/mount.rdsbak")))
        self.assertIn("systemd", self.root.chroot("cat", "/usr/lib/systemd/system/rdsbak@.service")
                      or "")
        self.root.chroot("systemd-analyze", "--man=no", "verify", "rdsbak@mnt-rdsbak.service")

    def test_3_systemd_and_fstab(self):
        with testbed.Testbed(store="script") as bed:
            self.set_up(bed)
            try:
                console = self.root.boot(BOOT_S)
            except (roots.Failed, subprocess.TimeoutExpired) as error:
                console = str(error)
            with open(self.root.at("result"), encoding="ascii") as file:
                done = file.read().split()
            with open(self.root.at("console.log"), errors="replace") as file:
                log = file.read()
            self.assertEqual(done, STEPS, log[-4000:] + console[-2000:])
            for name, text in (("one", b"one\n"), ("two", b"two\n"), ("three", b"three\n")):
                self.assertEqual(bed.decrypt(name), text)
            self.assertEqual(bed.list_uploads(), [])

    def set_up(self, bed):
        root, source = self.root, bed.url()
        environment = "".join(f"{name}={value}\n" for name, value in bed.env.items()
                              if name.startswith("AWS_"))
        # The secrets of a test: where they stand is what the administrator chooses.
        root.write("etc/rdsbak/mnt-rdsbak.env", f"RDSBAK_SOURCE={source}\n" + environment, 0o600)
        root.write("etc/rdsbak/source", source + "\n")
        root.write("root/.aws/credentials", "[default]\n" + "".join(
            f"{name} = {bed.env[name.upper()]}\n"
            for name in ("aws_access_key_id", "aws_secret_access_key")), 0o600)
        root.write("etc/rdsbak.conf", f"kms-key-id = {bed.key_arn}\nregion = {bed.region}\n"
                   f"endpoint-url = {bed.s3_url}\nkms-endpoint-url = {bed.kms_url}\n"
                   "[/mnt/rdsbak]\nrequire-mlock\n")
        root.write("etc/fstab", f"{source} /mnt/fstab fuse.rdsbak _netdev,nofail,"
                   "x-systemd.mount-timeout=2min,x-systemd.requires=network-online.target 0 0\n")
        root.write("usr/local/bin/check", CHECK, 0o755)
        # Shorter than the unit's own, so that the watchdog need not be waited for.
        root.write("etc/systemd/system/rdsbak@.service.d/test.conf",
                   "[Service]\nWatchdogSec=10\nRestartSec=1\n")
        root.write("etc/systemd/system/check.service", "[Unit]\nAfter=multi-user.target\n[Service]\n"
                   "Type=oneshot\nEnvironment=HOME=/root\nExecStart=/usr/local/bin/check\n"
                   "TimeoutStartSec=800\n[Install]\nWantedBy=default.target\n")
        root.write("result", "")
        for folder in ("mnt/rdsbak", "mnt/fstab"):
            os.makedirs(root.at(folder), exist_ok=True)
        root.chroot("systemctl", "enable", "check.service")

    def test_4_is_removed_without_a_trace(self):
        self.root.chroot("apt-get", "-qq", "-y", "purge", "rdsbak")
        for name in ("usr/bin/rdsbak", "usr/sbin/mount.rdsbak", "usr/share/doc/rdsbak",
                     "usr/lib/systemd/system/rdsbak@.service"):
            self.assertFalse(os.path.lexists(self.root.at(name)), name)


if __name__ == "__main__":
    unittest.main()
