"""The test bed: it brings up what it promises, tells failures, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import helpers
import testbed

# Stands in for rdsbak: says what it was told and ends, or goes on without ever mounting.
FAKE = """#!/bin/sh
echo "arguments: $*"
echo "key: $AWS_ACCESS_KEY_ID $AWS_REGION proxy:$http_proxy profile:$AWS_PROFILE"
case $* in *--hang*) exec sleep 600 ;; esac
exit 7
"""


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rsplit(")", 1)[1].split()[0] != "Z"


class TestbedTest(unittest.TestCase):
    def bed(self, **options):
        bed = testbed.Testbed(**options)
        self.addCleanup(bed.close)
        return bed

    def fake(self):
        with tempfile.NamedTemporaryFile("w", prefix="rdsbak-fake-", delete=False) as file:
            file.write(FAKE)
        os.chmod(file.name, 0o755)
        self.addCleanup(os.unlink, file.name)
        return file.name

    def check_helpers(self, bed):
        self.assertEqual(bed.head("no").status, 404)
        names = ["b/x y", "b/1+1", "b/é", "a"]
        for name in names:
            bed.put(name, name.encode(), {"x-amz-iv": "AAAA"})
        self.assertEqual(bed.list("b/"), {n: len(n.encode()) for n in names if n[0] == "b"})
        self.assertEqual(bed.get("b/x y"), b"b/x y")
        self.assertEqual(bed.get("b/x y", (2, 3)), b"x ")
        self.assertEqual(bed.metadata("a"), {"x-amz-iv": "AAAA"})
        bed.delete("a")
        self.assertNotIn("a", bed.list())
        with self.assertRaisesRegex(testbed.TestbedError, "NoSuchKey"):
            bed.get("a")
        bed.s3.must("POST", bed.bucket, "up", [("uploads", "")])
        self.assertEqual([key for key, _ in bed.list_uploads()], ["up"])
        status, made = bed.kms.call("GenerateDataKey", KeyId=bed.key_arn, KeySpec="AES_256")
        self.assertEqual((status, made["KeyId"]), (200, bed.key_arn))

    def test_helpers_work_on_a_real_server(self):
        self.check_helpers(self.bed())

    def test_helpers_work_on_the_scripted_server(self):
        bed = self.bed(store="script")
        self.check_helpers(bed)
        self.assertEqual(len(bed.s3.report()["uploads"]), 1)

    def test_tls_to_both_servers(self):
        bed = self.bed(tls=True)
        self.assertTrue(bed.s3_url.startswith("https:") and bed.kms_url.startswith("https:"))
        self.check_helpers(bed)
        self.assertTrue(os.path.exists(bed.env["AWS_CA_BUNDLE"]))

    def test_two_beds_share_a_running_server(self):
        bed = self.bed()
        os.environ["RDSBAK_TEST_RGW"] = bed.path("rgw")
        self.addCleanup(os.environ.pop, "RDSBAK_TEST_RGW")
        other = self.bed()
        self.assertEqual(other.s3_url, bed.s3_url)
        self.assertNotEqual(other.bucket, bed.bucket)
        other.close()
        bed.put("still", b"there")

    def test_mount_that_ends_fails_with_its_log(self):
        bed = self.bed(store="script", binary=self.fake())
        os.environ["AWS_PROFILE"] = "developer"
        self.addCleanup(os.environ.pop, "AWS_PROFILE")
        bed.env = bed.child_env()
        with self.assertRaisesRegex(testbed.TestbedError, "ended with status 7") as caught:
            bed.mount(["--part-size", "5MiB"], prefix="p")
        text = str(caught.exception)
        self.assertIn(f"mount s3://{bed.bucket}/p ", text)
        self.assertIn("--part-size 5MiB", text)
        self.assertIn("key: AKIATESTTESTTESTTEST us-east-1 proxy: profile:\n", text)

    def test_mount_that_never_comes_is_ended(self):
        bed = self.bed(store="script", binary=self.fake())
        with self.assertRaisesRegex(testbed.TestbedError, "did not answer"):
            bed.mount(["--hang"], timeout_s=0.5)
        self.assertEqual(bed.mounts, [])

    def test_close_ends_every_process_and_removes_the_directory(self):
        bed = self.bed(store="script", binary=self.fake())
        pids = [server.process.pid for server in bed.servers]
        bed.close()
        bed.close()
        self.assertFalse(any(alive(pid) for pid in pids))
        self.assertFalse(os.path.exists(bed.directory))

    def test_killed_test_leaves_no_server(self):
        code = ("import sys, time; sys.path.insert(0, sys.argv[1]); import testbed\n"
                "bed = testbed.Testbed(store='script')\n"
                "print(*[s.process.pid for s in bed.servers], bed.directory, flush=True)\n"
                "time.sleep(600)")
        with subprocess.Popen([sys.executable, "-c", code, helpers.SERVERS],
                              stdout=subprocess.PIPE) as test:
            *pids, directory = test.stdout.readline().decode().split()
            test.send_signal(signal.SIGKILL)
        self.addCleanup(subprocess.run, ["rm", "-rf", directory], check=True)
        deadline = time.monotonic() + 60
        while any(alive(int(pid)) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual([pid for pid in pids if alive(int(pid))], [])


if __name__ == "__main__":
    unittest.main()
