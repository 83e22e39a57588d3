#!/usr/bin/python3
"""The ways to start: daemon, -o options, mount.rdsbak, mount(8); and the verbs without a mount."""

import os
import signal
import subprocess
import unittest

import e2e
import testbed
from e2e import KIB, MIB, content, read, write


def processes_of(path):
    """The pids whose command line names the path."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                words = read(f"/proc/{name}/cmdline").split(b"\0")
            except OSError:
                continue  # it ended meanwhile
            if path.encode() in words and int(name) != os.getpid():
                found.append(int(name))
    return found


class Daemon(e2e.BedTest):
    def mountpoint(self):
        path = self.bed.path("daemon-" + self._testMethodName)
        os.mkdir(path)
        self.addCleanup(lambda: testbed.is_mounted(path) and self.tool("umount", "-l", path))
        return path

    def run_daemon(self, path, *words, program=None):
        env = {**self.bed.env, "PATH": os.path.dirname(self.bed.binary) + ":" + os.environ["PATH"]}
        return subprocess.run([program or self.bed.binary, *words], env=env, timeout=e2e.WAIT_S,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)

    def works(self, path):
        """Mounted, writes, reads; umount ends its daemon."""
        self.assertTrue(testbed.is_mounted(path))
        name = self._testMethodName
        write(os.path.join(path, name), b"through the daemon")
        self.assertEqual(read(os.path.join(path, name)), b"through the daemon")
        self.check_object(name, b"through the daemon")
        pids = processes_of(path)
        self.assertEqual(len(pids), 1)
        self.tool("umount", path)
        self.assertTrue(e2e.eventually(lambda: not processes_of(path)), "the daemon goes on")

    def options(self):
        return (f"kms_key_id={self.bed.key_arn},region=us-east-1,"
                f"endpoint-url={self.bed.s3_url},kms-endpoint-url={self.bed.kms_url}")

    def test_without_foreground_it_returns_once_it_is_mounted(self):
        path = self.mountpoint()
        done = self.run_daemon(path, "mount", self.bed.url(), path, *self.bed.server_args())
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        self.works(path)

    def test_form_without_a_verb(self):
        path = self.mountpoint()
        done = self.run_daemon(path, self.bed.url(), path, "-o", "rw,dev,suid," + self.options())
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        self.works(path)

    def test_mount_rdsbak(self):
        path = self.mountpoint()
        helper = os.path.join(os.path.dirname(self.bed.binary), "mount.rdsbak")
        done = self.run_daemon(path, self.bed.url(), path, "-o", self.options(), program=helper)
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        self.works(path)

    def test_what_mount_8_runs_for_type_fuse_rdsbak(self):
        helper = "/sbin/mount.fuse3"  # mount(8) itself looks in the system's folders only
        if not os.path.exists(helper):
            self.skipTest(f"no {helper} (package fuse3) here")
        path = self.mountpoint()
        done = self.run_daemon(path, self.bed.url(), path, "-t", "fuse.rdsbak", "-o",
                               "rw,_netdev," + self.options(), program=helper)
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        self.works(path)

    def test_failure_is_told_before_it_lets_go(self):
        path = self.mountpoint()
        done = self.run_daemon(path, "mount", "s3://no-such-bucket-of-mine", path,
                               *self.bed.server_args())
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"no-such-bucket-of-mine", done.stdout)
        self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)
        self.assertFalse(testbed.is_mounted(path))
        self.assertTrue(e2e.eventually(lambda: not processes_of(path)))

    def test_probe_of_the_bucket_leaves_nothing(self):
        path = self.mountpoint()
        self.run_daemon(path, "mount", self.bed.url("probed"), path, *self.bed.server_args())
        self.assertEqual(self.bed.list("probed"), {})
        self.assertEqual(self.bed.list_uploads("probed"), [])
        self.assertEqual(os.listdir(path), [])

    def test_sigterm_unmounts(self):
        path = self.mountpoint()
        self.run_daemon(path, "mount", self.bed.url(), path, *self.bed.server_args())
        os.kill(processes_of(path)[0], signal.SIGTERM)
        self.assertTrue(e2e.eventually(lambda: not processes_of(path)))
        self.assertFalse(testbed.is_mounted(path))

    def test_no_core_holds_its_secrets(self):
        path = self.mountpoint()
        self.run_daemon(path, "mount", self.bed.url(), path, *self.bed.server_args())
        pid = processes_of(path)[0]
        limits = read(f"/proc/{pid}/limits").decode()
        core = next(line for line in limits.splitlines() if line.startswith("Max core"))
        self.assertEqual(core.split()[4:6], ["0", "0"])


class Verbs(e2e.BedTest):
    def verb(self, *words, status=0, **options):
        done = self.bed.run([*words, *self.bed.server_args()], **options)
        self.assertEqual(done.returncode, status, done.stderr.decode(errors="replace"))
        return done.stdout

    def test_put_and_get_of_every_kind_of_size(self):
        for size in (0, 1, 15, 16, 17, 100 * KIB, 20 * MIB + 5):
            key, data = f"verbs/{size}", content(size)
            back = self.bed.path(f"back-{size}")
            self.verb("put", self.source("put", data), self.bed.url(key))
            self.check_object(key, data)
            self.verb("get", self.bed.url(key), back)
            self.same(read(back), data)
            self.assertEqual(os.stat(back).st_mode & 0o777, 0o600)
            self.same(self.verb("cat", self.bed.url(key)), data)

    def test_put_from_and_get_to_a_pipe(self):
        for size in (0, 70001, 20 * MIB + 1):
            data = content(size)
            key = f"pipe/{size}"
            self.verb("put", "-", self.bed.url(key), input=data)
            self.check_object(key, data)
            self.same(self.verb("get", self.bed.url(key), "-"), data)

    def test_cat_of_a_range(self):
        data = content(9 * MIB + 3)
        self.verb("put", self.source("range", data), self.bed.url("range"))
        for offset, length in ((0, 1), (17, 31), (8 * MIB - 5, 10), (9 * MIB, 100)):
            found = self.verb("cat", self.bed.url("range"), "--offset", str(offset), "--length",
                              str(length))
            self.same(found, data[offset:offset + length])
        self.same(self.verb("cat", self.bed.url("range"), "--offset", "9MiB"), data[-3:])

    def test_ls_shows_objects_prefixes_and_the_size_of_the_content(self):
        self.verb("put", self.source("ls", content(1000)), self.bed.url("ls/one.bak"))
        self.verb("put", self.source("ls", b""), self.bed.url("ls/sub/two.bak"))
        self.bed.put("ls/plain", b"x")
        done = self.bed.run(["ls", self.bed.url("ls/"), "--region", "us-east-1", "--endpoint-url",
                             self.bed.s3_url])
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = {line.split()[-1]: line.split() for line in done.stdout.decode().splitlines()}
        self.assertEqual(set(lines), {"one.bak", "sub/", "plain"})
        self.assertEqual(lines["one.bak"][1], "1008")
        self.assertEqual(lines["sub/"][0], "dir")
        done = self.bed.run(["ls", self.bed.url("ls/"), "--long", "--region", "us-east-1",
                             "--endpoint-url", self.bed.s3_url])
        lines = {line.split()[-1]: line.split() for line in done.stdout.decode().splitlines()}
        self.assertIn("1000", lines["one.bak"])
        self.assertIn("plaintext", lines["plain"])

    def test_verbs_and_mount_read_each_other(self):
        data = content(300 * KIB + 7)
        path = self.bed.mount(prefix="each")
        self.verb("put", self.source("each", data), self.bed.url("each/put.bak"))
        self.same(read(os.path.join(path, "put.bak")), data)
        write(os.path.join(path, "mount.bak"), data)
        self.same(self.verb("get", self.bed.url("each/mount.bak"), "-"), data)
        self.assertEqual(self.bed.umount(path), 0)

    def test_get_of_what_is_not_there_leaves_the_old_file(self):
        back = self.bed.path("kept")
        write(back, b"old")
        self.verb("get", self.bed.url("no-such-key"), back, status=1)
        self.assertEqual(read(back), b"old")
        self.assertEqual([n for n in os.listdir(self.bed.directory) if n.startswith("kept")],
                         ["kept"])

    def test_interrupted_put_leaves_nothing(self):
        process = subprocess.Popen(
            [self.bed.binary, "put", "-", self.bed.url("interrupted"), "--hold-size", "0",
             *self.bed.server_args()], env=self.bed.env, stdin=subprocess.PIPE,
            stderr=subprocess.PIPE)
        process.stdin.write(content(20 * MIB))
        process.stdin.flush()
        self.assertTrue(e2e.eventually(lambda: self.bed.list_uploads("interrupted")))
        process.send_signal(signal.SIGINT)
        self.assertNotEqual(process.wait(e2e.WAIT_S), 0)
        process.stdin.close()
        process.stderr.close()
        self.assertEqual(self.bed.list_uploads("interrupted"), [])
        self.assertEqual(self.bed.head("interrupted").status, 404)


if __name__ == "__main__":
    unittest.main()
