#!/usr/bin/python3
"""A mount under a service manager: what it tells (systemd's protocol), and what the unit does when
it dies. The manager here is this test: it holds the socket and runs the unit's own commands; the
unit under a real systemd is in tests/packaging."""

import os
import re
import select
import shlex
import signal
import socket
import subprocess
import time
import unittest

import e2e
import testbed
from e2e import eventually, read, write

UNIT = os.path.join(testbed.ROOT, "packaging", "systemd", "rdsbak@.service")


def unit_setting(name):
    with open(UNIT, encoding="utf-8") as unit:
        found = re.findall(rf"^{name}=(.*)$", unit.read(), re.MULTILINE)
    assert len(found) == 1, (name, found)
    return found[0]


class Manager:
    """The service manager's end of the socket."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self.name = name
        self.told = []

    def hear(self, timeout_s):
        """Another message within the time, as {name: value}; None: silence."""
        if not select.select([self.socket], [], [], timeout_s)[0]:
            return None
        text = self.socket.recv(65536).decode()
        self.told.append(dict(line.split("=", 1) for line in text.splitlines()))
        return self.told[-1]

    def hear_until(self, name, timeout_s=e2e.WAIT_S):
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            message = self.hear(deadline - time.monotonic())
            if message is not None and name in message:
                return message
        raise AssertionError(f"{name} was not told: {self.told}")

    def drain(self):
        while self.hear(0) is not None:
            pass


class Service(e2e.BedTest):
    BED = {"store": "script"}

    def manager(self, abstract=False):
        path = self.bed.path("run", self._testMethodName[-30:])
        manager = Manager("@" + path if abstract else path)
        self.addCleanup(manager.socket.close)
        return manager

    def start(self, manager, path, *words, **env):
        """ExecStart of the unit, its variables and specifiers filled in."""
        command = shlex.split(unit_setting("ExecStart"))
        self.assertEqual(command[0], "/usr/bin/rdsbak")
        options = [*self.bed.server_args(), *words]
        filled = []
        for word in command[1:]:
            filled += options if word == "$RDSBAK_OPTIONS" else [
                word.replace("${RDSBAK_SOURCE}", self.bed.url()).replace("%f", path)]
        process = testbed.start_process(
            [self.bed.binary, *filled], stderr=subprocess.DEVNULL,
            env={**self.bed.env, "NOTIFY_SOCKET": manager.name, **env})
        self.addCleanup(testbed.end_process, process)
        return process

    def mountpoint(self):
        path = self.bed.path("service-" + self._testMethodName)
        os.mkdir(path)
        self.addCleanup(lambda: testbed.is_mounted(path) and self.tool("umount", "-l", path))
        return path

    def stop_post(self, path):
        command = unit_setting("ExecStopPost")
        self.assertTrue(command.startswith("-"), "a failure of it must not count")
        words = [word.replace("%f", path) for word in shlex.split(command[1:])]
        return subprocess.run(words, check=False).returncode

    def test_ready_is_told_once_it_is_mounted(self):
        for abstract in (False, True):
            manager, path = self.manager(abstract), self.mountpoint()
            self.bed.s3.control(rules=[{"action": "hold", "op": "ListObjectsV2", "times": 1}])
            process = self.start(manager, path)
            self.bed.s3.await_held()
            self.assertEqual((manager.told, testbed.is_mounted(path)), ([], False))
            self.assertIsNone(manager.hear(0))
            self.bed.s3.control(release=True)
            message = manager.hear_until("READY")
            self.assertTrue(testbed.is_mounted(path))
            self.assertEqual(message["MAINPID"], str(process.pid))
            self.assertIn(path, message["STATUS"])
            write(os.path.join(path, "ready"), b"served")
            self.bed.s3.control(clear_log=True)
            process.terminate()
            self.assertEqual(process.wait(e2e.WAIT_S), 0)
            os.rmdir(path)

    def test_failed_start_is_never_ready(self):
        manager, path = self.manager(), self.mountpoint()
        process = self.start(manager, path, "--config", "/nonexistent.conf")
        self.assertEqual(process.wait(e2e.WAIT_S), 2)
        self.assertIsNone(manager.hear(0))

    def test_stopping_is_told_with_the_time_it_may_take(self):
        manager, path = self.manager(), self.mountpoint()
        process = self.start(manager, path, "--stop-timeout", "1000")
        manager.hear_until("READY")
        with open(os.path.join(path, "open"), "wb") as file:
            file.write(b"on its way")
            file.flush()
            process.terminate()
            message = manager.hear_until("STOPPING")
            self.assertGreater(int(message["EXTEND_TIMEOUT_USEC"]), 1000 * 1000000)
            self.assertIsNone(process.poll())
        self.assertEqual(process.wait(e2e.WAIT_S), 0)
        self.check_object("open", b"on its way")

    def test_watchdog_hears_of_it_until_it_stands_still(self):
        manager, path = self.manager(), self.mountpoint()
        process = self.start(manager, path, WATCHDOG_USEC="300000")
        manager.hear_until("READY")
        for _ in range(3):
            manager.hear_until("WATCHDOG")
        os.kill(process.pid, signal.SIGSTOP)
        self.assertTrue(eventually(lambda: self.state_of(process) == "T"))
        manager.drain()
        self.assertIsNone(manager.hear(2))
        os.kill(process.pid, signal.SIGCONT)
        manager.hear_until("WATCHDOG")
        process.terminate()
        self.assertEqual(process.wait(e2e.WAIT_S), 0)

    @staticmethod
    def state_of(process):
        return read(f"/proc/{process.pid}/stat").decode().rpartition(")")[2].split()[0]

    def test_watchdog_goes_on_while_writers_are_waited_for(self):
        manager, path = self.manager(), self.mountpoint()
        process = self.start(manager, path, WATCHDOG_USEC="300000")
        manager.hear_until("READY")
        with open(os.path.join(path, "slow"), "wb") as file:
            file.write(b"x")
            file.flush()
            process.terminate()
            manager.hear_until("STOPPING")
            for _ in range(3):
                manager.hear_until("WATCHDOG")
        self.assertEqual(process.wait(e2e.WAIT_S), 0)

    def test_no_watchdog_of_another_process(self):
        manager, path = self.manager(), self.mountpoint()
        process = self.start(manager, path, WATCHDOG_USEC="300000", WATCHDOG_PID="1")
        manager.hear_until("READY")
        self.assertIsNone(manager.hear(1))
        process.terminate()
        self.assertEqual(process.wait(e2e.WAIT_S), 0)

    def test_restart_after_kill_9_leaves_a_working_mount(self):
        manager, path = self.manager(), self.mountpoint()
        for number in range(2):
            process = self.start(manager, path)
            manager.hear_until("READY")
            name = os.path.join(path, f"round-{number}")
            write(name, b"written")
            self.assertEqual(read(name), b"written")
            process.kill()
            process.wait()
            self.assertTrue(testbed.is_mounted(path), "a dead mount is what this is about")
            self.assertEqual(self.stop_post(path), 0)
            self.assertFalse(testbed.is_mounted(path))
        self.assertNotEqual(self.stop_post(path), 0)  # and when there is nothing, no harm

    def test_unit_is_well_formed(self):
        # The program need not be installed here; all else counts.
        done = subprocess.run(["systemd-analyze", "--man=no", "verify", UNIT], capture_output=True, text=True,
                              check=False)
        wrong = [line for line in done.stderr.splitlines()
                 if "rdsbak@" in line and "/usr/bin/rdsbak is not executable" not in line]
        self.assertEqual(wrong, [])

    def test_unit_has_no_mount_namespace_and_waits_longer_than_the_mount(self):
        with open(UNIT, encoding="utf-8") as unit:
            names = set(re.findall(r"^([A-Za-z]+)=", unit.read(), re.MULTILINE))
        self.assertFalse(names & {"ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices",
                                  "ProtectKernelTunables", "ProtectControlGroups", "ReadOnlyPaths",
                                  "PrivateMounts", "InaccessiblePaths", "ReadWritePaths",
                                  "ProtectKernelModules", "ProtectKernelLogs", "ProtectProc"})
        self.assertGreater(int(unit_setting("TimeoutStopSec")), 300 + 60)


if __name__ == "__main__":
    unittest.main()
