"""The rgw script: clusters start, stand side by side, stop, and fail without leftovers."""

import concurrent.futures
import glob
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import helpers
import testbed


def processes_of(folder):
    """Pids of all processes with that folder's name in their command line."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                if folder.encode() in file.read():
                    found.append(int(path.split("/")[2]))
        except OSError:
            pass
    return [pid for pid in found if pid != os.getpid()]


class RgwTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rdsbak-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def rgw(self, *arguments, **environment):
        with open(os.path.join(self.folder, "output"), "wb+") as file:
            done = subprocess.run(["/bin/bash", testbed.Rgw.SCRIPT, *arguments], stdout=file,
                                  stderr=file, stdin=subprocess.DEVNULL, check=False,
                                  env={**os.environ, **environment})
            file.seek(0)
            return done.returncode, file.read().decode()

    def start(self, name="one", **environment):
        directory = os.path.join(self.folder, name)
        server = testbed.Rgw(directory, **environment)
        self.addCleanup(server.stop)
        return server

    def assert_none_left(self, directory):
        """Soon: whoever follows an owner looks twice a second."""
        deadline = time.monotonic() + 120
        while processes_of(directory) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(processes_of(directory), [])

    def test_two_started_at_once_are_apart_and_stop_alone(self):
        folders = [os.path.join(self.folder, f"d{number}", "rgw") for number in range(2)]
        for folder in folders:
            os.makedirs(os.path.dirname(folder))
        with concurrent.futures.ThreadPoolExecutor() as pool:
            servers = list(pool.map(testbed.Rgw, folders))
        for server in servers:
            self.addCleanup(server.stop)
        clients = [testbed.S3Client(server.env["S3_ENDPOINT"]) for server in servers]
        clients[0].must("PUT", "only-in-first")
        self.assertEqual(clients[1].request("HEAD", "only-in-first").status, 404)
        servers[0].stop()
        self.assert_none_left(folders[0])
        self.assertEqual(self.rgw("status", folders[0])[0], 1)
        self.assertEqual(clients[1].must("PUT", "still-there").status, 200)
        self.assertEqual(self.rgw("status", folders[1])[0], 0)

    def test_second_start_in_the_same_place_is_refused(self):
        server = self.start()
        status, text = self.rgw("start", server.directory)
        self.assertEqual(status, 1)
        self.assertIn("already running", text)
        self.assertEqual(self.rgw("status", server.directory)[0], 0)

    def test_busy_port_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            status, text = self.rgw("start", os.path.join(self.folder, "x"), port)
        self.assertEqual(status, 1)
        self.assertIn(f"port {port} of 127.0.0.1 is in use", text)

    def test_failed_start_says_why_and_leaves_no_process(self):
        directory = os.path.join(self.folder, "bad")
        tools = os.path.join(self.folder, "tools")
        os.makedirs(tools)
        # By then monitor and OSD are up.
        with open(os.path.join(tools, "radosgw"), "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho no luck today >&2\nexit 1\n")
        os.chmod(file.name, 0o755)
        status, text = self.rgw("start", directory, PATH=f"{tools}:{os.environ['PATH']}")
        self.assertEqual(status, 1)
        self.assert_none_left(directory)
        self.assertIn("client.rgw died while starting", text)
        self.assertIn("no luck today", text)

    def test_missing_program_is_named_with_the_packages(self):
        status, text = self.rgw("start", os.path.join(self.folder, "x"), PATH="/bin/nowhere",
                                BASH_ENV="")
        self.assertNotEqual(status, 0)
        self.assertIn("radosgw ceph-mon ceph-osd", text)

    def test_directory_of_others_is_left_alone(self):
        path = os.path.join(self.folder, "mine")
        os.makedirs(path)
        with open(os.path.join(path, "precious"), "w", encoding="utf-8"):
            pass
        status, text = self.rgw("start", path)
        self.assertEqual(status, 1)
        self.assertIn("is not empty", text)
        self.assertEqual(os.listdir(path), ["precious"])

    def test_parts_can_be_small_when_asked(self):
        server = self.start(RGW_MIN_PART="65536")
        client = helpers.boto("s3", server.env["S3_ENDPOINT"])
        self.addCleanup(client.close)
        client.create_bucket(Bucket="small-parts")
        for size, fits in ((65536, True), (65535, False)):
            upload = client.create_multipart_upload(Bucket="small-parts", Key="k")["UploadId"]
            parts = [{"PartNumber": n, "ETag": client.upload_part(
                Bucket="small-parts", Key="k", UploadId=upload, PartNumber=n,
                Body=b"x" * size)["ETag"]} for n in (1, 2)]
            complete = {"Bucket": "small-parts", "Key": "k", "UploadId": upload,
                        "MultipartUpload": {"Parts": parts}}
            if fits:
                client.complete_multipart_upload(**complete)
            else:
                with self.assertRaisesRegex(Exception, "EntityTooSmall"):
                    client.complete_multipart_upload(**complete)

    def test_tls_is_trusted_with_its_own_authority_only(self):
        server = self.start(RGW_TLS="1")
        trusted = testbed.S3Client(server.env["S3_TLS_ENDPOINT"], ca_file=server.env["S3_TLS_CA"])
        self.assertEqual(trusted.must("PUT", "over-tls").status, 200)
        with self.assertRaisesRegex(OSError, "CERTIFICATE_VERIFY_FAILED"):
            testbed.S3Client(server.env["S3_TLS_ENDPOINT"]).must("PUT", "over-tls")

    def test_cluster_follows_its_owner_out(self):
        directory = os.path.join(self.folder, "followed")
        with subprocess.Popen(["sleep", "600"]) as owner:
            self.assertEqual(self.rgw("start", directory, RGW_FOLLOW_PID=str(owner.pid))[0], 0)
            os.kill(owner.pid, signal.SIGKILL)
        self.assert_none_left(directory)


if __name__ == "__main__":
    unittest.main()
